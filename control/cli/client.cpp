#include "control/cli/client.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace ringwall::cli {
namespace {

namespace json = boost::json;

std::string socket_path(const Arguments& arguments) {
    const char* variable = std::getenv("RINGWALL_SOCKET");
    return arguments.get("--socket", variable && *variable ? variable : "/run/ringwall/agent.sock");
}

std::unexpected<Error> unreachable(const std::string& path) {
    const bool denied = errno == EACCES || errno == EPERM;
    return std::unexpected(Error{
        denied ? Exit::forbidden : Exit::unreachable,
        denied ? fmt::format("{}: permission denied: run as root, or join the group that the agent "
                             "was given with socket-group",
                             path)
               : fmt::format("{}: no agent answers ({}): is it running ('systemctl status "
                             "ringwall-agent')? --socket names another one",
                             path, std::strerror(errno))});
}

Exit exit_for(std::string_view code) {
    return code == "not_found"     ? Exit::not_found
           : code == "bad_request" ? Exit::usage
                                   : Exit::failed;
}

Result<json::object> refused(json::object answer) {
    const auto* error = answer.if_contains("error");
    if (!error || !error->is_string())
        return answer;
    const auto* code = answer.if_contains("code");
    return std::unexpected(
        Error{exit_for(code && code->is_string() ? std::string_view(code->get_string()) : ""),
              std::string(error->get_string())});
}

} // namespace

namespace {

agent::Fd try_connect(const sockaddr_un& address) {
    agent::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (!socket || ::connect(socket.get(), generic, sizeof address) < 0)
        return agent::Fd();
    return socket;
}

// Downwards, so that no folder appears unseen between two steps: the agent may still have to make
// the socket's own.
void watch_down_to(int changes, const std::filesystem::path& folder) {
    std::filesystem::path part;
    for (const auto& name : std::filesystem::absolute(folder)) {
        part /= name;
        if (inotify_add_watch(changes, part.c_str(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0)
            return;
    }
}

// Tries again whenever something changes in the socket's folder, or above where that is missing.
agent::Fd wait_for_agent(const sockaddr_un& address, std::chrono::seconds patience) {
    using Clock = std::chrono::steady_clock;
    const agent::Fd changes(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    const auto folder = std::filesystem::path(address.sun_path).parent_path();
    const auto end = Clock::now() + patience;
    for (;;) {
        watch_down_to(changes.get(), folder);
        if (auto socket = try_connect(address))
            return socket;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd waiting{changes.get(), POLLIN, 0};
        if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) <= 0)
            return try_connect(address);
        char block[4096];
        while (read(changes.get(), block, sizeof block) > 0) {
        }
    }
}

Result<std::chrono::seconds> wait_of(const Arguments& arguments) {
    const auto text = arguments.get("--wait", "0");
    int seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > 3600)
        return std::unexpected(
            Error{Exit::usage, "--wait " + text + ": write seconds, for example --wait 30"});
    return std::chrono::seconds(seconds);
}

} // namespace

Result<Client> Client::connect(const Arguments& arguments) {
    const auto path = socket_path(arguments);
    const auto seconds = wait_of(arguments);
    if (!seconds)
        return std::unexpected(seconds.error());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return std::unexpected(Error{Exit::usage, path + ": the socket's path is too long"});
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    auto socket = wait_for_agent(address, *seconds);
    if (!socket)
        return unreachable(path);
    return Client(std::move(socket));
}

Result<void> Client::send(const json::object& request) {
    const auto line = json::serialize(request) + "\n";
    std::string_view rest(line);
    while (!rest.empty()) {
        const auto sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0)
            return std::unexpected(Error{Exit::unreachable, "the agent has closed the connection"});
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

Result<json::object> Client::receive() {
    std::size_t end = 0;
    while ((end = input_.find('\n')) == input_.npos) {
        char block[16 * 1024];
        const auto size = recv(socket_.get(), block, sizeof block, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return std::unexpected(Error{Exit::unreachable, "the agent has closed the connection"});
        input_.append(block, static_cast<std::size_t>(size));
    }
    json::error_code error;
    auto value = json::parse(json::string_view(input_.data(), end), error);
    input_.erase(0, end + 1);
    if (error || !value.is_object())
        return std::unexpected(Error{Exit::failed,
                                     "the agent's answer is not understood: are agent "
                                     "and command of the same version?"});
    return refused(std::move(value.get_object()));
}

Result<json::object> Client::ask(const json::object& request) {
    if (auto sent = send(request); !sent)
        return std::unexpected(sent.error());
    return receive();
}

Result<void> Client::stream(const json::object& request,
                            const std::function<bool(const json::object&)>& sink) {
    if (auto sent = send(request); !sent)
        return sent;
    for (;;) {
        auto item = receive();
        if (!item)
            return std::unexpected(item.error());
        if (item->contains("end") || !sink(*item))
            return {};
    }
}

} // namespace ringwall::cli
