#include "control/client/client.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "common/pki/digest.h"

namespace ringwall::client {
namespace {

namespace json = boost::json;

constexpr int most_attempts = 3;
constexpr int most_reconnects = 5;
constexpr std::chrono::seconds stable{30}; // a stream of this age counts as a success
constexpr std::size_t largest_problem = 1u << 20;

bool is_good(unsigned status) {
    return (status >= 200 && status < 300) || status == 304;
}

bool may_repeat(const Request& request) {
    return request.method == "GET" || !request.idempotency_key.empty();
}

Outgoing outgoing(const Request& request, const Settings& settings) {
    Outgoing out{request.method, request.target, {}, request.headers};
    out.headers.emplace_back("User-Agent", settings.program);
    if (!settings.token.empty())
        out.headers.emplace_back("Authorization", "Bearer " + settings.token);
    if (!request.idempotency_key.empty())
        out.headers.emplace_back("Idempotency-Key", request.idempotency_key);
    if (request.body) {
        out.headers.emplace_back("Content-Type", "application/json");
        out.body = json::serialize(*request.body);
    }
    return out;
}

} // namespace

Request get(std::string target) {
    return {.target = std::move(target)};
}

Request write(std::string method, std::string target, std::optional<json::value> body) {
    return {.method = std::move(method),
            .target = std::move(target),
            .body = std::move(body),
            .idempotency_key = pki::hex(pki::random_bytes(16))};
}

Result<json::value> Answer::json() const {
    json::error_code error;
    auto value = json::parse(body, error);
    if (!error)
        return value;
    return std::unexpected(Error{
        Errc::malformed, fmt::format("the answer is not JSON ({}): is that a Ringwall controller "
                                     "of this version?",
                                     error.message())});
}

Client::Client(Settings settings) : settings_(std::move(settings)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

// A kept connection may have been closed by the other side meanwhile: that is no failure, where the
// request may be sent twice.
Result<Head> Client::begin(const Request& request, Milliseconds within) {
    const auto message = outgoing(request, settings_);
    if (connection_ && connection_->reusable() && may_repeat(request)) {
        auto head = connection_->ask(message, within);
        if (head || head.error().code != Errc::lost)
            return head;
    }
    connection_.reset();
    auto opened = Connection::open(settings_.endpoint, settings_.trust, settings_.connect_within);
    if (!opened)
        return std::unexpected(opened.error());
    connection_ = std::move(*opened);
    return connection_->ask(message, within);
}

Result<std::string> Client::rest(std::size_t most) {
    std::string out;
    for (;;) {
        auto piece = connection_->more(settings_.answer_within);
        if (!piece || piece->empty())
            return piece ? Result<std::string>(std::move(out)) : piece;
        if (out.size() + piece->size() > most)
            return std::unexpected(
                Error{Errc::too_big,
                      fmt::format("the answer is larger than {} MiB: ask for less", most >> 20)});
        out += *piece;
    }
}

Result<Answer> Client::once(const Request& request) {
    auto head = begin(request, settings_.answer_within);
    if (!head)
        return std::unexpected(head.error());
    auto body = rest(is_good(head->status) ? settings_.largest_answer : largest_problem);
    if (!body)
        return std::unexpected(body.error());
    if (!is_good(head->status))
        return std::unexpected(refused(problem_of(head->status, head->headers, *body)));
    return Answer{head->status, std::move(head->headers), std::move(*body)};
}

std::optional<Milliseconds> Client::pause_before_retry(const Request& request,
                                                       const Error& error) const {
    if (!may_repeat(request))
        return std::nullopt;
    if (error.code == Errc::lost)
        return Milliseconds(200);
    const bool busy =
        error.problem && (error.problem->status == 429 || error.problem->status == 503);
    if (!busy || !error.problem->retry_after)
        return std::nullopt;
    const Milliseconds asked = *error.problem->retry_after;
    return asked <= settings_.patience ? std::optional(asked) : std::nullopt;
}

Result<Answer> Client::send(const Request& request) {
    for (int attempt = 1;; ++attempt) {
        auto answer = once(request);
        if (answer)
            return answer;
        if (answer.error().code != Errc::problem)
            connection_.reset();
        const auto pause = pause_before_retry(request, answer.error());
        if (!pause || attempt == most_attempts)
            return answer;
        std::this_thread::sleep_for(*pause);
    }
}

Result<json::value> Client::json(const Request& request) {
    auto answer = send(request);
    if (!answer)
        return std::unexpected(answer.error());
    if (answer->body.empty())
        return json::object{}; // 204
    return answer->json();
}

Result<void> Client::download(const std::string& target,
                              const std::function<Result<void>(std::string_view)>& sink) {
    auto head = begin(get(target), settings_.answer_within);
    if (!head)
        return std::unexpected(head.error());
    if (!is_good(head->status)) {
        auto body = rest(largest_problem);
        return std::unexpected(
            refused(problem_of(head->status, head->headers, body ? *body : std::string())));
    }
    for (;;) {
        auto piece = connection_->more(settings_.answer_within);
        if (!piece)
            return std::unexpected(piece.error());
        if (piece->empty())
            return {};
        if (auto kept = sink(*piece); !kept)
            return kept;
    }
}

// True: the sink has had enough.
Result<bool> Client::stream(const std::string& target, EventReader& reader,
                            const EventReader::Sink& sink, const std::function<void()>& first) {
    auto request = get(target);
    request.headers.emplace_back("Accept", "text/event-stream");
    if (!reader.last_id().empty())
        request.headers.emplace_back("Last-Event-ID", reader.last_id());
    auto head = begin(request, settings_.answer_within);
    if (!head)
        return std::unexpected(head.error());
    if (!is_good(head->status)) {
        auto body = rest(largest_problem);
        return std::unexpected(
            refused(problem_of(head->status, head->headers, body ? *body : std::string())));
    }
    if (first)
        first();
    reader.restart();
    for (;;) {
        auto piece = connection_->more(settings_.silence);
        if (!piece)
            return std::unexpected(piece.error());
        if (piece->empty())
            return false;
        if (!reader.feed(*piece, sink))
            return reader.overflowed() ? Result<bool>(std::unexpected(Error{
                                             Errc::too_big, "an event is larger than 16 MiB"}))
                                       : true;
    }
}

Result<void> Client::follow(const std::string& target, const EventReader::Sink& sink,
                            const std::function<void()>& first) {
    using Clock = std::chrono::steady_clock;
    EventReader reader;
    for (int failures = 0;;) {
        const auto begun = Clock::now();
        auto done = stream(target, reader, sink, first);
        connection_.reset();
        if (done && *done)
            return {};
        if (Clock::now() - begun > stable)
            failures = 0;
        const bool again = done || done.error().code == Errc::lost ||
                           done.error().code == Errc::timeout ||
                           done.error().code == Errc::unreachable;
        if (!again || ++failures > most_reconnects)
            return done ? Result<void>(std::unexpected(Error{
                              Errc::lost, "the controller keeps ending the stream of events"}))
                        : std::unexpected(done.error());
        std::this_thread::sleep_for(Milliseconds(200 << std::min(failures, 5)));
    }
}

} // namespace ringwall::client
