// Which endpoint a request means. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/api/endpoint.h"

namespace ringwall::api {

struct Match {
    const Endpoint* endpoint = nullptr;
    std::vector<std::string> captured; // what stands for the {names} of the pattern
};

class Router {
  public:
    explicit Router(const std::vector<Endpoint>& endpoints);

    // Fixed words win over {names}. Problems: 404; 405 with Allow. HEAD is GET.
    Result<Match> find(std::string_view method, const std::vector<std::string>& path) const;

  private:
    struct Route {
        std::vector<std::string> segments;
        const Endpoint* endpoint;
        std::size_t names; // how many segments are {names}
    };
    std::vector<Route> routes_; // those with fewer names first
};

} // namespace ringwall::api
