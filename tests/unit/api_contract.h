// Does what goes in and out of the API stand in its OpenAPI document? Whatever is not written down
// there is an error: addresses, parameters, members, statuses, headers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/http/message.h"

namespace ringwall::api_test {

class Contract {
  public:
    Contract();
    Contract(const Contract&) = delete;
    Contract& operator=(const Contract&) = delete;
    Contract(Contract&&) = delete;
    Contract& operator=(Contract&&) = delete;
    ~Contract();

    // What contradicts it. A request is looked at where the answer is a success: a bad one may be
    // anything.
    std::vector<std::string> check(const http::Request& request, const http::Response& response);

    struct Operation {
        std::string method, path, role; // "GET", "/api/v1/tokens", "admin"; role empty: no token
        auto operator<=>(const Operation&) const = default;
    };
    std::vector<Operation> operations() const;
    // Does the value fit a schema of the document, by its JSON pointer?
    std::vector<std::string> fits(const std::string& pointer, const std::string& json);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace ringwall::api_test
