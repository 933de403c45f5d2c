// One HTTPS request to the controller: pairing and renewal need no more.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>

#include "agent/credentials.h"
#include "common/error.h"

namespace boost::asio {
class io_context;
}

namespace ringwall::agent {

struct HttpsRequest {
    Endpoint endpoint;
    std::string path; // "/api/v1/pair"
    std::string body; // JSON
    pki::TlsSetup tls;
    std::chrono::seconds deadline{20}; // from the first packet to the last byte of the answer
};

struct HttpsAnswer {
    unsigned status = 0;
    std::string body;
    Address peer;
};

enum class HttpsErrc { unreachable, refused, protocol };
using HttpsError = BasicError<HttpsErrc>;
using HttpsResult = std::expected<HttpsAnswer, HttpsError>;

// POST; `done` is called once, from the loop. The answer has at most 1 MiB.
void post(boost::asio::io_context& loop, HttpsRequest request,
          std::function<void(HttpsResult)> done);

} // namespace ringwall::agent
