// One HTTP connection: request, answer, and again. Private to control/http.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/http/feed.h"
#include "control/http/pending.h"
#include "control/http/request_reader.h"
#include "control/http/service.h"
#include "control/http/stream.h"

namespace ringwall::http {

class Connection {
  public:
    Connection(Service& service, std::shared_ptr<Stream> stream, Client client);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    Connection(Connection&&) = delete;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    boost::asio::awaitable<void> run();
    void stop();
    void give_way(); // at once
    // Since when the next request's header is waited for; nullopt: it is not.
    std::optional<Instant> waiting_since() const { return waiting_since_; }

  private:
    struct Incoming {
        Request request;
        Form form;
    };
    boost::asio::awaitable<std::optional<Incoming>> read(bool first);
    boost::asio::awaitable<bool> read_body();
    boost::asio::awaitable<bool> read_more(bool began);
    Request complete(Request request) const;
    boost::asio::awaitable<bool> answer(Incoming incoming);
    boost::asio::awaitable<Response> ask(Request request);
    boost::asio::awaitable<void> refuse(Problem problem);
    boost::asio::awaitable<bool> write(std::string_view bytes);
    boost::asio::awaitable<void> stream(Response response, Form form);
    boost::asio::awaitable<void> pour(bool chunked, bool events);
    static boost::asio::awaitable<void> watch(std::shared_ptr<Stream> stream,
                                              std::shared_ptr<Feed> feed);
    void return_body();

    Service& service_;
    std::shared_ptr<Stream> stream_;
    Client client_;
    std::optional<RequestReader> reader_; // of the request that is coming
    std::string unread_;                  // bytes that it has not taken
    std::vector<char> chunk_;
    std::optional<Instant> waiting_since_;
    Instant body_since_;
    std::size_t body_bytes_ = 0; // its share of Service::bodies_bytes_
    std::shared_ptr<Pending> pending_;
    std::shared_ptr<Feed> feed_;
};

} // namespace ringwall::http
