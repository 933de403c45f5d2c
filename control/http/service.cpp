#include "control/http/service.h"

#include <algorithm>
#include <vector>

#include "control/http/connection.h"

namespace ringwall::http {

Service::Service(const Limits& limits, Handler handler)
    : limits_(limits), handler_(std::move(handler)) {}
Service::~Service() = default;

boost::asio::awaitable<void> Service::serve(std::shared_ptr<Service> service,
                                            std::shared_ptr<Stream> stream, Client client) {
    if (service->stopping_ || !service->make_room(client)) {
        ++service->stats_.refused;
        co_return stream->abort();
    }
    Connection connection(*service, stream, std::move(client));
    co_await connection.run();
}

bool Service::make_room(const Client& client) {
    const auto same = of_network_.find(client.network);
    if (same != of_network_.end() && same->second >= limits_.of_one_network)
        return false;
    if (connections_.size() < limits_.connections)
        return true;
    const auto longest = std::ranges::min_element(connections_, {}, [](const Connection* it) {
        return it->waiting_since().value_or(Instant::max());
    });
    if (longest == connections_.end() || !(*longest)->waiting_since())
        return false;
    ++stats_.refused;
    (*longest)->give_way();
    return true;
}

void Service::stop() {
    stopping_ = true;
    for (auto* connection : connections_)
        connection->stop();
}

void Service::abort() {
    stopping_ = true;
    for (auto* connection : connections_)
        connection->give_way();
}

} // namespace ringwall::http
