// One request out of a byte stream. Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>

#include "control/http/message.h"
#include "control/http/problem.h"

namespace ringwall::http {

// How the answer to a request must be written.
struct Form {
    bool http_1_1 = true;
    bool keep_alive = false;
    bool head_only = false;
};

class RequestReader {
  public:
    RequestReader(std::size_t header_limit, std::size_t body_limit);
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;
    RequestReader(RequestReader&&) = delete;
    RequestReader& operator=(RequestReader&&) = delete;
    ~RequestReader();

    enum class Step { header, body, whole }; // what it waits for; whole: nothing
    // Takes from the front of `bytes` what belongs to this request. A problem ends the connection.
    std::expected<Step, Problem> feed(std::string& bytes);

    // Of the header, once it is there.
    Form form() const;
    bool wants_continue() const; // the client sends the body when it gets "100 Continue"
    // Once it is whole. A HEAD becomes a GET whose answer is sent without its body. `peer` and
    // `agent` stay empty.
    Request take();

  private:
    class Parser;
    std::unique_ptr<Parser> parser_;
    std::size_t header_limit_, body_limit_;
};

} // namespace ringwall::http
