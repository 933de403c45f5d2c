// The controller itself: who am I there, its backup, lines for pairing.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "agent/fd.h"
#include "control/cli/controller.h"
#include "control/cli/subcommands.h"
#include "control/cli/tables.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;

Result<void> whoami(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto me = ask(*client, client::get(client::target({"whoami"})));
    if (!me)
        return std::unexpected(me.error());
    if (print_document(arguments, *me))
        return {};
    const auto* scope = at(*me, "scope");
    std::vector<Row> rows{{"Controller", client->settings().endpoint.text()},
                          {"Name", text_at(*me, "name")},
                          {"Token", text_at(*me, "token")},
                          {"User", text_at(*me, "user")},
                          {"Role", text_at(*me, "role")},
                          {"Scope", scope ? labels_text(scope) : "everything"},
                          {"Rights", list_text(at(*me, "rights"), true)},
                          {"Expires", text_at(*me, "expires")}};
    std::erase_if(rows, [](const Row& row) { return row[1].empty(); });
    print(columns(rows));
    return {};
}

std::unexpected<Error> file_error(const std::string& path) {
    return std::unexpected(Error{Exit::failed, fmt::format("{}: {}", path, std::strerror(errno))});
}

client::Result<void> write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = write(file, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR)
            return std::unexpected(
                client::Error{client::Errc::bad_request,
                              fmt::format("writing the backup: {}", std::strerror(errno))});
        bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return {};
}

// Under its name only when it is whole.
Result<std::uintmax_t> download(client::Client& client, const std::string& path) {
    const auto part = path + ".part";
    const agent::Fd file(
        open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file)
        return file_error(part);
    std::uintmax_t size = 0;
    auto done = checked(client.download(client::target({"backup"}), [&](std::string_view bytes) {
        size += bytes.size();
        return write_all(file.get(), bytes);
    }));
    const bool kept = done && fsync(file.get()) == 0 && rename(part.c_str(), path.c_str()) == 0;
    if (kept)
        return size;
    auto error = done ? file_error(path) : std::unexpected(done.error());
    unlink(part.c_str());
    return error;
}

Result<void> backup(const Arguments& arguments) {
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    const auto size = download(*client, arguments.operand);
    if (!size)
        return std::unexpected(size.error());
    fmt::print(stderr, "{}: {}\n", arguments.operand, bytes_text(*size));
    return {};
}

// "role=Web Server" -> labels; what has no key is told.
Result<json::object> labels_given(const Arguments& arguments) {
    json::object out;
    for (const auto& text : arguments.all("--label")) {
        const auto equal = text.find('=');
        if (equal == 0 || equal == std::string::npos)
            return std::unexpected(
                Error{Exit::usage,
                      fmt::format("--label {}: write KEY=VALUE, as in env=Production", text)});
        out[text.substr(0, equal)] = text.substr(equal + 1);
    }
    return out;
}

Result<json::object> profile_given(const Arguments& arguments) {
    auto labels = labels_given(arguments);
    if (!labels)
        return std::unexpected(labels.error());
    json::object spec;
    if (!labels->empty())
        spec["labels"] = std::move(*labels);
    for (const char* name : {"mode", "expires"})
        if (const auto flag = fmt::format("--{}", name); arguments.has(flag))
            spec[name] = arguments.get(flag);
    if (arguments.has("--uses")) {
        const auto text = arguments.get("--uses");
        std::uint32_t uses = 0;
        const auto* end = text.data() + text.size();
        if (std::from_chars(text.data(), end, uses).ptr != end || uses == 0)
            return std::unexpected(
                Error{Exit::usage, fmt::format("--uses {}: write how many hosts may pair", text)});
        spec["uses"] = uses;
    }
    if (arguments.has("--lock"))
        spec["locked"] =
            json::array(arguments.all("--lock").begin(), arguments.all("--lock").end());
    return spec;
}

Result<void> make_profile(client::Client& client, const Arguments& arguments) {
    auto spec = profile_given(arguments);
    if (!spec)
        return std::unexpected(spec.error());
    const auto name = arguments.get("--profile");
    json::object document{{"apiVersion", "ringwall/v1"},
                          {"kind", "PairingProfile"},
                          {"metadata", json::object{{"name", name}}},
                          {"spec", std::move(*spec)}};
    client::Request request =
        client::write("PUT", client::target({"pairing-profiles", name}), std::move(document));
    request.headers.emplace_back("If-None-Match", "*");
    if (auto made = ask(client, request); !made)
        return std::unexpected(made.error());
    return {};
}

Result<void> pair(const Arguments& arguments) {
    if (!arguments.has("--profile"))
        return std::unexpected(
            Error{Exit::usage, "pair needs --profile: 'ringwall get pairingprofiles' shows them"});
    auto client = open_controller(arguments);
    if (!client)
        return std::unexpected(client.error());
    if (arguments.has("--new"))
        if (auto made = make_profile(*client, arguments); !made)
            return made;
    json::object body;
    if (arguments.has("--host"))
        body["host"] = arguments.get("--host");
    auto line =
        ask(*client,
            {.method = "POST",
             .target = client::target({"pairing-profiles", arguments.get("--profile"), "line"}),
             .body = std::move(body)});
    if (!line)
        return std::unexpected(line.error());
    if (print_document(arguments, *line))
        return {};
    print(text_at(*line, "line") + "\n");
    fmt::print(stderr,
               "paste it on the host behind 'ringwall-agent pair'; it holds a secret and is "
               "not shown again\n");
    return {};
}

constexpr std::array pair_flags{
    Flag{"--profile", "NAME", "what the host gets: labels, mode, how many may use it"},
    Flag{"--new", "", "make the profile first, out of the options below"},
    Flag{"--label", "KEY=VALUE", "a label that its hosts get", true},
    Flag{"--mode", "MODE", "idle, visibility (default), selective or full"},
    Flag{"--lock", "KEY", "a label, or mode, that a host may not choose itself", true},
    Flag{"--uses", "N", "how many hosts may pair; default: any number"},
    Flag{"--expires", "TIME", "2026-12-31T00:00:00Z; default: never"},
    Flag{"--host", "ADDR", "address or DNS name by which the host reaches the controller"}};

} // namespace

const Command whoami_command{
    "whoami", "Who asks, with which role and rights", "", "", {}, whoami, Peer::controller};

const Command backup_command{
    "backup",
    "Copy the controller's database, consistent, while it runs",
    "The file appears under its name when it is whole (mode 0600). Keys of the CA are not in it.\n\n"
    "  ringwall backup /var/backups/ringwall-$(date +%F).db",
    "FILE",
    {},
    backup,
    Peer::controller};

const Command pair_command{"pair",
                           "Print the line that pairs a host with the controller",
                           "  ringwall pair --profile web-uk --new --label role=Web --uses 20\n"
                           "  ringwall pair --profile web-uk\n"
                           "  ringwall pair --profile web-uk --host controller.example",
                           "",
                           pair_flags,
                           pair,
                           Peer::controller};

} // namespace ringwall::cli
