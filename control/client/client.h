// The controller's REST API from the other side: bearer token, problems as errors, retries that
// cannot do a thing twice. Blocking; one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/json/value.hpp>

#include "control/client/connection.h"
#include "control/client/events.h"

namespace ringwall::client {

struct Settings {
    Endpoint endpoint;
    Trust trust;
    std::string token;                // bearer; empty: none is sent
    std::string program = "ringwall"; // User-Agent
    Milliseconds connect_within{10'000};
    // Until the head of the answer and between pieces of its body: longer than the controller
    // takes.
    Milliseconds answer_within{130'000};
    Milliseconds silence{90'000};  // between events; the controller says something sooner
    Milliseconds patience{10'000}; // the longest Retry-After that is waited for
    std::size_t largest_answer = 256u << 20;
};

struct Request {
    std::string method = "GET";
    std::string target; // of target()
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<boost::json::value> body;
    // Writes with a key may be sent again when the connection is lost: the controller does them
    // once. Reads need none.
    std::string idempotency_key;
};
Request get(std::string target);
// With a new key.
Request write(std::string method, std::string target, std::optional<boost::json::value> body = {});

struct Answer {
    unsigned status = 0;
    Headers headers;
    std::string body;
    Result<boost::json::value> json() const; // malformed
};

class Client {
  public:
    explicit Client(Settings settings);
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    // Any 2xx answer, and 304; others are Errc::problem.
    Result<Answer> send(const Request& request);
    Result<boost::json::value> json(const Request& request);

    // The body of a good answer in pieces, without a limit of its size. An error of the sink ends
    // it.
    Result<void> download(const std::string& target,
                          const std::function<Result<void>(std::string_view)>& sink);

    // Events until the sink gives false. A stream that ends is begun again where it ended, up to
    // five times in a row; `first` is called each time it begins.
    Result<void> follow(const std::string& target, const EventReader::Sink& sink,
                        const std::function<void()>& first = {});

    const Settings& settings() const { return settings_; }

  private:
    Result<Head> begin(const Request& request, Milliseconds within);
    Result<std::string> rest(std::size_t most);
    Result<Answer> once(const Request& request);
    std::optional<Milliseconds> pause_before_retry(const Request& request,
                                                   const Error& error) const;
    Result<bool> stream(const std::string& target, EventReader& reader,
                        const EventReader::Sink& sink, const std::function<void()>& first);

    Settings settings_;
    std::unique_ptr<Connection> connection_;
};

} // namespace ringwall::client
