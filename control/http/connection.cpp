#include "control/http/connection.h"

#include <array>
#include <ctime>
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "control/http/response.h"

namespace ringwall::http {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t read_bytes = 8 * 1024;
constexpr std::size_t slice_bytes = 64 * 1024; // written under one deadline

std::chrono::seconds extra_time(std::size_t bytes, const Limits& limits) {
    return std::chrono::seconds(bytes / limits.bytes_per_second);
}

bool is_event_stream(const Response& response) {
    for (const auto& [name, value] : response.headers)
        if (value.starts_with("text/event-stream"))
            return true;
    return false;
}

} // namespace

Connection::Connection(Service& service, std::shared_ptr<Stream> stream, Client client)
    : service_(service), stream_(std::move(stream)), client_(std::move(client)) {
    service_.connections_.insert(this);
    ++service_.of_network_[client_.network];
    ++service_.stats_.connections;
    service_.stats_.open = service_.connections_.size();
}

Connection::~Connection() {
    return_body();
    service_.connections_.erase(this);
    service_.stats_.open = service_.connections_.size();
    if (--service_.of_network_[client_.network] == 0)
        service_.of_network_.erase(client_.network);
}

asio::awaitable<void> Connection::run() {
    bool stays = true;
    for (bool first = true; stays && !service_.stopping_; first = false) {
        auto incoming = co_await read(first);
        stays = incoming.has_value();
        if (stays)
            stays = co_await answer(std::move(*incoming));
    }
    co_await stream_->close();
}

void Connection::stop() {
    if (waiting_since_)
        stream_->expires_at(Clock::now());
    if (feed_)
        feed_->end();
}

void Connection::give_way() {
    waiting_since_.reset();
    stream_->abort();
    if (pending_)
        pending_->give_up();
    if (feed_)
        feed_->end();
}

asio::awaitable<std::optional<Connection::Incoming>> Connection::read(bool first) {
    const auto& limits = service_.limits_;
    reader_.emplace(limits.header_bytes, limits.body_bytes);
    bool began = first || !unread_.empty();
    waiting_since_ = Clock::now();
    stream_->expires_at(*waiting_since_ + (began ? limits.header_within : limits.idle));
    for (;;) {
        auto step = reader_->feed(unread_);
        if (!step)
            co_await refuse(std::move(step.error()));
        if (!step)
            co_return std::nullopt;
        if (*step == RequestReader::Step::whole)
            break;
        bool goes_on = true;
        if (*step == RequestReader::Step::body)
            goes_on = co_await read_body();
        else
            goes_on = co_await read_more(began);
        if (!goes_on)
            co_return std::nullopt;
        if (!std::exchange(began, true))
            stream_->expires_at(Clock::now() + limits.header_within);
    }
    waiting_since_.reset();
    Incoming out{complete(reader_->take()), reader_->form()};
    reader_.reset();
    co_return out;
}

// A part of the body, which begins when the header is through.
asio::awaitable<bool> Connection::read_body() {
    const auto& limits = service_.limits_;
    if (std::exchange(waiting_since_, std::nullopt)) {
        body_since_ = Clock::now();
        if (reader_->wants_continue())
            co_await write("HTTP/1.1 100 Continue\r\n\r\n"); // reading notices a failure
    }
    stream_->expires_at(body_since_ + limits.body_within + extra_time(body_bytes_, limits));
    const auto before = unread_.size();
    const bool got = co_await read_more(true);
    body_bytes_ += unread_.size() - before;
    service_.bodies_bytes_ += unread_.size() - before;
    if (!got || service_.bodies_bytes_ <= limits.bodies_bytes)
        co_return got;
    Problem busy{503, "busy", "too many requests with large bodies at once; try again later"};
    co_await refuse(std::move(busy));
    co_return false;
}

asio::awaitable<bool> Connection::read_more(bool began) {
    chunk_.resize(read_bytes);
    const auto got = co_await stream_->read_some(chunk_);
    if (got) {
        unread_.append(chunk_.data(), *got);
        co_return true;
    }
    if (service_.stopping_ || got.error() != asio::error::timed_out)
        co_return false;
    ++service_.stats_.timed_out;
    Problem late{408, "timed_out", "the request did not arrive in time"};
    if (began)
        co_await refuse(std::move(late));
    co_return false;
}

Request Connection::complete(Request request) const {
    request.peer = client_.peer;
    request.agent = client_.agent;
    return request;
}

asio::awaitable<void> Connection::refuse(Problem problem) {
    waiting_since_.reset();
    reader_.reset();
    return_body();
    ++service_.stats_.requests[problem.status];
    const auto answer = response(problem);
    const auto bytes = head(answer, Form{}, std::time(nullptr)) + answer.body;
    co_await write(bytes);
}

asio::awaitable<bool> Connection::answer(Incoming incoming) {
    stream_->expires_at(Instant::max());
    auto response = co_await ask(std::move(incoming.request));
    return_body();
    ++service_.stats_.requests[response.status];
    auto form = incoming.form;
    form.keep_alive = form.keep_alive && !response.stream && !service_.stopping_;
    if (response.stream && !form.head_only) {
        co_await stream(std::move(response), form);
        co_return false;
    }
    auto bytes = head(response, form, std::time(nullptr));
    const bool body = !form.head_only && has_body(response.status);
    const bool small = response.body.size() <= slice_bytes;
    if (body && small)
        bytes += response.body;
    bool sent = co_await write(bytes);
    if (sent && body && !small)
        sent = co_await write(response.body);
    co_return sent&& form.keep_alive;
}

asio::awaitable<Response> Connection::ask(Request request) {
    pending_ = std::make_shared<Pending>(stream_->executor());
    try {
        service_.handler_(std::move(request), Pending::reply(pending_));
    } catch (const std::exception&) {
        pending_->give_up();
    }
    co_await pending_->wait(service_.limits_.answer_within);
    auto answer = std::exchange(pending_, nullptr)->take();
    if (answer)
        co_return std::move(*answer);
    co_return response({500, "internal", "the controller found no answer to this request"});
}

asio::awaitable<bool> Connection::write(std::string_view bytes) {
    const auto& limits = service_.limits_;
    const auto since = Clock::now();
    for (std::size_t at = 0; at < bytes.size(); at += slice_bytes) {
        stream_->expires_at(since + limits.write_within + extra_time(at, limits));
        const auto failed = co_await stream_->write(bytes.substr(at, slice_bytes));
        if (failed == asio::error::timed_out)
            ++service_.stats_.timed_out;
        if (failed)
            co_return false;
    }
    stream_->expires_at(Instant::max());
    co_return true;
}

asio::awaitable<void> Connection::stream(Response response, Form form) {
    auto bytes = head(response, form, std::time(nullptr));
    if (!response.body.empty())
        bytes += form.http_1_1 ? chunk(response.body) : response.body;
    const bool began = co_await write(bytes);
    if (!began)
        co_return;
    feed_ = std::make_shared<Feed>(stream_, service_.limits_.channel_bytes);
    ++service_.stats_.streams;
    asio::co_spawn(stream_->executor(), watch(stream_, feed_), asio::detached);
    std::exchange(response.stream, {})(Feed::channel(feed_));
    co_await pour(form.http_1_1, is_event_stream(response));
    --service_.stats_.streams;
    service_.stats_.slow_readers += feed_->too_slow();
    feed_->hang_up();
    feed_.reset();
}

// What the handler sends goes out until one of both has enough.
asio::awaitable<void> Connection::pour(bool chunked, bool events) {
    const auto feed = feed_;
    for (bool goes_on = true; goes_on && !feed->gone();) {
        co_await feed->wait(service_.limits_.ping);
        auto text = feed->take();
        const bool last = text.empty() && feed->ended();
        if (text.empty() && !last && events)
            text = ":\n\n";
        if (feed->gone() || (text.empty() && !(last && chunked))) {
            goes_on = !last;
            continue;
        }
        if (chunked)
            text = chunk(text);
        const bool sent = co_await write(text);
        goes_on = sent && !last;
    }
}

// A client of a stream says nothing more: whatever comes is its end.
asio::awaitable<void> Connection::watch(std::shared_ptr<Stream> stream,
                                        std::shared_ptr<Feed> feed) {
    std::array<char, 64> ignored{};
    co_await stream->read_some(ignored);
    feed->hang_up();
}

void Connection::return_body() {
    service_.bodies_bytes_ -= std::exchange(body_bytes_, 0);
}

} // namespace ringwall::http
