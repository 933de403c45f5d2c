#include "agent/local_server.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <set>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "agent/flow_text.h"
#include "agent/host.h"

namespace ringwall::agent {
namespace {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;
using boost::system::error_code;

constexpr std::size_t max_sessions = 32;
constexpr std::size_t max_waiting = 4096; // flows that wait for one reader
constexpr std::size_t batch_bytes = 64 * 1024;
constexpr auto write_patience = std::chrono::seconds(10);

class Server;

class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(Protocol::socket socket, Server& server);
    void read();
    void offer(const Flow& flow);
    void tell_loss(std::uint64_t kernel);
    bool follows() const { return following_; }
    void close();

  private:
    void on_line(std::size_t bytes);
    void respond(std::string line, std::function<void()> then);
    void stream(const FlowQuery& query);
    void pump();
    void write();
    void wait_for_hang_up();

    Protocol::socket socket_;
    asio::steady_timer patience_;
    Server& server_;
    std::string input_, output_;
    std::function<void()> then_;
    FlowFilter filter_;
    std::deque<Flow> waiting_;
    std::uint64_t lost_ = 0, kernel_lost_ = 0; // not yet told
    bool streaming_ = false, following_ = false, writing_ = false;
};

class Server : public LocalServer {
  public:
    Server(asio::io_context& context, std::string path, Backend given)
        : backend(std::move(given)), acceptor_(context), path_(std::move(path)) {}
    std::expected<void, ApiError> open(const std::string& group);

    bool has_followers() const override {
        return std::ranges::any_of(sessions_, [](const auto& each) { return each->follows(); });
    }
    void publish(const Flow& flow) override {
        for (const auto& session : sessions_)
            session->offer(flow);
    }
    void publish_loss(std::uint64_t kernel) override {
        for (const auto& session : sessions_)
            session->tell_loss(kernel);
    }
    std::uint64_t lost() const override { return lost_; }
    void stop() override;

    void count_loss() { ++lost_; }
    void remove(const std::shared_ptr<Session>& session) { sessions_.erase(session); }
    Backend backend;

  private:
    void accept();
    bool in_use() const;

    Protocol::acceptor acceptor_;
    std::string path_;
    std::set<std::shared_ptr<Session>> sessions_;
    std::uint64_t lost_ = 0;
};

Session::Session(Protocol::socket socket, Server& server)
    : socket_(std::move(socket)), patience_(socket_.get_executor()), server_(server) {}

void Session::read() {
    asio::async_read_until(
        socket_, asio::dynamic_buffer(input_, max_request_bytes), '\n',
        [self = shared_from_this()](error_code error, std::size_t bytes) {
            if (error == asio::error::not_found)
                self->respond(
                    error_json({ApiErrc::bad_request, "the request is longer than 65536 bytes"}),
                    [self] { self->close(); });
            else if (error)
                self->close();
            else
                self->on_line(bytes);
        });
}

void Session::on_line(std::size_t bytes) {
    const auto request = parse_request(std::string_view(input_).substr(0, bytes - 1));
    input_.erase(0, bytes);
    if (!request)
        return respond(error_json(request.error()), {});
    if (request->what == Request::Do::flows)
        return stream(request->flows);
    auto answer = server_.backend.answer(*request);
    respond(std::move(answer.line), std::move(answer.then));
}

void Session::respond(std::string line, std::function<void()> then) {
    output_ = std::move(line) + "\n";
    then_ = std::move(then);
    write();
}

void Session::stream(const FlowQuery& query) {
    filter_ = query.filter;
    streaming_ = true;
    following_ = query.follow;
    if (!query.follow || query.last) {
        auto recent = server_.backend.recent(query);
        waiting_.assign(recent.begin(), recent.end());
    }
    if (following_)
        wait_for_hang_up();
    pump();
}

void Session::offer(const Flow& flow) {
    if (!following_ || !filter_.matches(flow))
        return;
    if (waiting_.size() >= max_waiting) {
        ++lost_;
        server_.count_loss();
        return;
    }
    waiting_.push_back(flow);
    pump();
}

void Session::tell_loss(std::uint64_t kernel) {
    if (!following_)
        return;
    kernel_lost_ += kernel;
    pump();
}

void Session::pump() {
    if (writing_)
        return;
    output_.clear();
    if (lost_ || kernel_lost_) {
        output_ += lost_json(kernel_lost_, lost_) + "\n";
        lost_ = kernel_lost_ = 0;
    }
    while (!waiting_.empty() && output_.size() < batch_bytes) {
        output_ += "{\"flow\":";
        append_json(output_, waiting_.front());
        output_ += "}\n";
        waiting_.pop_front();
    }
    if (output_.empty() && following_)
        return;
    if (waiting_.empty() && !following_) {
        output_ += "{\"end\":true}\n";
        streaming_ = false;
    }
    write();
}

void Session::write() {
    writing_ = true;
    patience_.expires_after(write_patience);
    patience_.async_wait([self = shared_from_this()](error_code error) {
        if (!error && self->writing_)
            self->close();
    });
    asio::async_write(socket_, asio::buffer(output_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                          self->writing_ = false;
                          self->patience_.cancel();
                          if (error)
                              return self->close();
                          if (auto then = std::exchange(self->then_, {}))
                              then();
                          if (self->streaming_)
                              self->pump();
                          else
                              self->read();
                      });
}

// A follower sends nothing more: whatever becomes readable is its end.
void Session::wait_for_hang_up() {
    socket_.async_wait(Protocol::socket::wait_read,
                       [self = shared_from_this()](error_code) { self->close(); });
}

void Session::close() {
    error_code ignored;
    following_ = streaming_ = false;
    then_ = nullptr; // it may hold this session
    patience_.cancel();
    socket_.close(ignored);
    server_.remove(shared_from_this());
}

bool Server::in_use() const {
    asio::io_context context;
    Protocol::socket probe(context);
    error_code error;
    probe.connect(Protocol::endpoint(path_), error);
    return !error;
}

std::expected<void, ApiError> Server::open(const std::string& group) {
    const auto fail = [&](const std::string& why) {
        return std::unexpected(ApiError{ApiErrc::failed, path_ + ": " + why});
    };
    if (path_.size() >= sizeof(sockaddr_un::sun_path))
        return fail("the socket's path is too long; the kernel takes 107 bytes");
    if (in_use())
        return fail("another agent answers on this socket; give each its own --socket");
    unlink(path_.c_str());
    error_code error;
    acceptor_.open(Protocol(), error);
    const auto before = umask(0177);
    if (!error)
        acceptor_.bind(Protocol::endpoint(path_), error);
    umask(before);
    if (!error)
        acceptor_.listen(16, error);
    if (error)
        return fail("cannot listen: " + error.message());
    const auto owner = group.empty() ? std::optional<std::uint32_t>(0) : group_id(group);
    if (!owner)
        return fail("there is no group '" + group + "'; make it or leave --socket-group out");
    if (chmod(path_.c_str(), 0660) < 0 || (!group.empty() && chown(path_.c_str(), 0, *owner) < 0))
        return fail("cannot set owner and mode");
    accept();
    return {};
}

void Server::accept() {
    acceptor_.async_accept([this](error_code error, Protocol::socket socket) {
        if (error == asio::error::operation_aborted)
            return;
        if (!error && sessions_.size() < max_sessions) {
            auto session = std::make_shared<Session>(std::move(socket), *this);
            sessions_.insert(session);
            session->read();
        }
        accept();
    });
}

void Server::stop() {
    error_code ignored;
    acceptor_.close(ignored);
    unlink(path_.c_str());
    for (auto sessions = sessions_; const auto& session : sessions)
        session->close();
}

} // namespace

std::expected<std::unique_ptr<LocalServer>, ApiError> LocalServer::listen(asio::io_context& context,
                                                                          const std::string& path,
                                                                          const std::string& group,
                                                                          Backend backend) {
    auto server = std::make_unique<Server>(context, path, std::move(backend));
    if (auto opened = server->open(group); !opened)
        return std::unexpected(opened.error());
    return server;
}

} // namespace ringwall::agent
