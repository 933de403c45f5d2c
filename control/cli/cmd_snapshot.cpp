#include <array>

#include <google/protobuf/util/json_util.h>

#include "agent/files.h"
#include "agent/policy_source.h"
#include "control/cli/client.h"
#include "control/cli/policy_files.h"
#include "control/cli/subcommands.h"
#include "control/cli/text.h"

namespace ringwall::cli {
namespace {

Result<v1::Snapshot> from_file(const std::string& path) {
    auto bytes = agent::read_file(path);
    if (!bytes)
        return std::unexpected(Error{Exit::not_found, bytes.error().message});
    auto snapshot = agent::parse_snapshot(*bytes, path);
    if (!snapshot)
        return std::unexpected(Error{Exit::invalid, snapshot.error().message});
    return std::move(*snapshot);
}

std::string unhex(const std::string& hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}

Result<v1::Snapshot> from_agent(const Arguments& arguments) {
    auto client = Client::connect(arguments);
    if (!client)
        return std::unexpected(client.error());
    auto answer = client->ask({{"do", "snapshot"}});
    if (!answer)
        return std::unexpected(answer.error());
    auto snapshot =
        agent::parse_snapshot(unhex(text_at(*answer, "snapshot")), "the agent's answer");
    if (!snapshot)
        return std::unexpected(Error{Exit::failed, snapshot.error().message});
    return std::move(*snapshot);
}

Result<v1::Snapshot> from_policy(const Arguments& arguments) {
    if (!arguments.has("--as"))
        return std::unexpected(Error{Exit::usage, "--policy needs --as WORKLOAD"});
    auto policy = load_policy(arguments.get("--policy"));
    if (!policy)
        return std::unexpected(policy.error());
    return compile_for(*policy, arguments.get("--as"));
}

Result<void> run(const Arguments& arguments) {
    auto snapshot = !arguments.operand.empty()  ? from_file(arguments.operand)
                    : arguments.has("--policy") ? from_policy(arguments)
                                                : from_agent(arguments);
    if (!snapshot)
        return std::unexpected(snapshot.error());
    if (const auto out = arguments.get("--out"); !out.empty()) {
        if (auto written = agent::write_file(out, agent::frame_snapshot(*snapshot)); !written)
            return std::unexpected(Error{Exit::failed, written.error().message});
        return {};
    }
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = !arguments.json();
    options.preserve_proto_field_names = true;
    std::string json;
    if (!google::protobuf::util::MessageToJsonString(*snapshot, &json, options).ok())
        return std::unexpected(Error{Exit::failed, "the snapshot has no JSON form"});
    print(json + "\n");
    return {};
}

constexpr std::array flags{
    Flag{"--policy", "PATH", "compile these files"},
    Flag{"--as", "WORKLOAD", "for the agent of this workload"},
    Flag{"--out", "FILE", "write the snapshot for 'ringwall-agent run --snapshot'"}};

} // namespace

const Command snapshot_command{
    "snapshot",
    "Compile a policy into what an agent enforces, or show one as JSON",
    "Three sources: a FILE, a policy (--policy, --as), or the running agent. Without --out the\n"
    "snapshot is printed as JSON. A file carries its length and a checksum: a truncated one is\n"
    "refused.\n\n"
    "  ringwall snapshot --policy policy/ --as app-uk-1 --out app-uk-1.rw\n"
    "  ringwall snapshot app-uk-1.rw",
    "[FILE]",
    flags,
    run};

} // namespace ringwall::cli
