// What every endpoint is given, and the row by which it is found.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "control/api/access.h"
#include "control/api/api.h"
#include "control/api/problem.h"
#include "control/api/rights.h"
#include "control/api/target.h"
#include "control/core/controller.h"
#include "control/core/document.h"

namespace ringwall::api {

// What all requests share.
struct Context {
    core::Controller& controller;
    Credentials& credentials;
    const Options& options;
    std::shared_ptr<std::size_t> streams = std::make_shared<std::size_t>(0); // open now
    std::shared_ptr<bool> backing_up = std::make_shared<bool>(false);

    std::int64_t now_ns() const { return options.wall(); }
};

// One request on its way through one endpoint.
struct Call {
    const http::Request& request;
    std::vector<std::string> captured; // {name} of the pattern, decoded
    Params params;
    Principal who;           // of endpoints with a token
    boost::json::value body; // of endpoints with a body
    const core::KindInfo* kind = nullptr;
    http::Reply reply; // for answers that come later
};

// Nothing: the endpoint answers later, through Call::reply.
using Answer = Result<std::optional<http::Response>>;
using Function = Answer (*)(Context&, Call&);

enum class Credential { token, none };

struct Endpoint {
    std::string_view method;
    std::string pattern; // "/api/v1/rule-sets/{name}"
    Credential credential = Credential::token;
    Right right = Right::read;
    Function function = nullptr;
    std::size_t body = 0; // most bytes; 0: it has none
    const core::KindInfo* kind = nullptr;
};

inline constexpr std::size_t small_body = 64 * 1024, document_body = 1024 * 1024,
                             apply_body = 8 * 1024 * 1024;

// One function for each file of endpoints.
std::vector<Endpoint> object_endpoints();
std::vector<Endpoint> apply_endpoints();
std::vector<Endpoint> bulk_endpoints();
std::vector<Endpoint> cut_endpoints();
std::vector<Endpoint> version_endpoints();
std::vector<Endpoint> provision_endpoints();
std::vector<Endpoint> rollout_endpoints();
std::vector<Endpoint> staging_endpoints();
std::vector<Endpoint> impact_endpoints();
std::vector<Endpoint> token_endpoints();
std::vector<Endpoint> pairing_endpoints();
std::vector<Endpoint> agent_endpoints();
std::vector<Endpoint> authority_endpoints();
std::vector<Endpoint> why_endpoints();
std::vector<Endpoint> rule_endpoints();
std::vector<Endpoint> audit_endpoints();
std::vector<Endpoint> stream_endpoints();
std::vector<Endpoint> map_endpoints();
std::vector<Endpoint> activity_endpoints();
std::vector<Endpoint> recorded_endpoints();
std::vector<Endpoint> proposal_endpoints();
std::vector<Endpoint> finding_endpoints();
std::vector<Endpoint> exposure_endpoints();
std::vector<Endpoint> suggestion_endpoints();
std::vector<Endpoint> controller_endpoints();
const std::vector<Endpoint>& endpoints(); // all of them

// ---- Answers

http::Response ok(const boost::json::object& body);
http::Response with_status(unsigned status, const boost::json::object& body);

// ---- What many of them read

store::Author author(const Context& context, const Call& call, const std::string& note = {});
struct PageQuery {
    std::size_t limit = 100;
    std::string after;
};
PageQuery page_query(Params& params); // allow() "limit" and "after"
// {items, next, total} of a page.
boost::json::object page_json(boost::json::array items, const std::string& next,
                              std::optional<std::uint64_t> total);
// "active", "draft" or a number.
Result<std::uint64_t> version_of(const Context& context, Params& params, const std::string& name,
                                 const std::string& otherwise);
// "tcp" or 6.
std::optional<std::uint8_t> protocol_in(Fields& fields, std::string_view key);
Result<void> everywhere(const Principal& who, std::string_view what);

} // namespace ringwall::api
