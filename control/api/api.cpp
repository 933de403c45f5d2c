#include "control/api/api.h"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "common/ip.h"
#include "control/api/endpoint.h"
#include "control/api/json_text.h"
#include "control/api/router.h"

namespace ringwall::api {
namespace {

bool is_probe(std::string_view target) {
    return target == "/healthz" || target == "/readyz";
}

std::unexpected<Problem> too_many(std::chrono::seconds wait, std::string_view what) {
    return std::unexpected(
        Problem{429,
                "too_many",
                fmt::format("too many {}; come again in {} s", what, wait.count()),
                {},
                {{"Retry-After", std::to_string(wait.count())}}});
}

// Who has one IPv6 address has the whole /64.
std::string network_of(const std::string& peer) {
    auto address = Address::parse(peer);
    if (!address || address->is_v4())
        return peer;
    std::fill(address->bytes.begin() + 8, address->bytes.end(), 0);
    return address->text();
}

Result<boost::json::value> read_body(const http::Request& request, std::size_t most) {
    const auto type = http::header(request, "content-type");
    if (type.substr(0, type.find(';')) != "application/json")
        return std::unexpected(Problem{415, "unsupported_media",
                                       "the body has to be JSON; send Content-Type: "
                                       "application/json"});
    if (request.body.size() > most)
        return std::unexpected(Problem{
            413, "too_large", fmt::format("the body has more than {} bytes; send less", most)});
    auto value = parse_json(request.body);
    if (!value)
        return malformed(fmt::format("the body cannot be read at byte {}: {}", value.error().offset,
                                     value.error().sentence));
    return std::move(*value);
}

Result<void> may(const Principal& who, Right right) {
    if (who.may(right))
        return {};
    return forbidden(fmt::format("{} has the role {}; this needs the role {}", who.actor,
                                 name(who.role), role_for(right)));
}

void finish(http::Response& response) {
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
}

} // namespace

class Api::Impl {
  public:
    Impl(core::Controller& controller, Options options)
        : options_(std::move(options)), credentials_(controller.store()), router_(endpoints()),
          context_{controller, credentials_, options_}, by_address_(options_.by_address),
          by_token_(options_.by_token), failures_(options_.failures) {}

    Answer answer(const http::Request& request, const http::Reply& reply) {
        if (!is_probe(request.target))
            if (const auto wait = by_address_.take(network_of(request.peer), options_.steady()))
                return too_many(*wait, "requests from this address");
        auto target = parse_target(request.target);
        if (!target)
            return std::unexpected(target.error());
        auto match = router_.find(request.method, target->path);
        if (!match)
            return std::unexpected(match.error());
        const Endpoint& endpoint = *match->endpoint;
        Call call{.request = request,
                  .captured = std::move(match->captured),
                  .params = Params(std::move(target->query)),
                  .kind = endpoint.kind,
                  .reply = reply};
        if (auto admitted = admit(endpoint, call); !admitted)
            return std::unexpected(admitted.error());
        if (endpoint.body != 0) {
            auto body = read_body(request, endpoint.body);
            if (!body)
                return std::unexpected(body.error());
            call.body = std::move(*body);
        }
        auto out = endpoint.function(context_, call);
        if (endpoint.credential == Credential::none && !out && out.error().status == 403)
            failures_.take(network_of(request.peer), options_.steady());
        return out;
    }

  private:
    Result<void> admit(const Endpoint& endpoint, Call& call) {
        const auto peer = network_of(call.request.peer);
        const auto now = options_.steady();
        if (is_probe(call.request.target))
            return {};
        if (const auto wait = failures_.wait(peer, now))
            return too_many(*wait, "failed attempts from this address");
        if (endpoint.credential == Credential::none)
            return {};
        auto who =
            credentials_.check(http::header(call.request, "authorization"), context_.now_ns());
        if (!who) {
            if (who.error().status == 401)
                failures_.take(peer, now);
            return std::unexpected(who.error());
        }
        call.who = std::move(*who);
        if (const auto wait = by_token_.take(call.who.token, now))
            return too_many(*wait, "requests with this token");
        return may(call.who, endpoint.right);
    }

    Options options_;
    Credentials credentials_;
    Router router_;
    Context context_;
    RateLimiter by_address_, by_token_, failures_;
};

Api::Api(core::Controller& controller, Options options)
    : impl_(std::make_unique<Impl>(controller, std::move(options))) {}

Api::~Api() = default;

void Api::handle(const http::Request& request, http::Reply reply) {
    const bool head = request.method == "HEAD";
    const http::Reply send = [reply = std::move(reply), head](http::Response response) {
        finish(response);
        if (head) {
            response.body.clear();
            response.stream = nullptr;
        }
        reply(std::move(response));
    };
    // The one boundary for what nobody expects, so that one request never ends the controller.
    try {
        auto answer = impl_->answer(request, send);
        if (!answer)
            send(response(answer.error()));
        else if (*answer)
            send(std::move(**answer));
    } catch (const std::exception& error) {
        send(response(Problem{500, "io", fmt::format("the controller failed: {}", error.what())}));
    }
}

} // namespace ringwall::api
