#include "control/cli/target.h"

#include <unistd.h>

#include <vector>

#include <fmt/format.h>

#include "control/model/nearest.h"

namespace ringwall::cli {
namespace {

bool may_read(const std::string& path) {
    return access(path.c_str(), R_OK) == 0;
}

std::string first(std::initializer_list<std::string> values) {
    for (const auto& value : values)
        if (!value.empty())
            return value;
    return {};
}

// Null: no context is named, and none is current.
Result<const Context*> chosen(const std::string& named, const Config& config) {
    const auto& name = named.empty() ? config.current : named;
    const auto* context = name.empty() ? nullptr : config.find(name);
    if (context || name.empty())
        return context;
    std::vector<std::string> known;
    for (const auto& each : config.contexts)
        known.push_back(each.name);
    return std::unexpected(Error{
        Exit::not_found,
        fmt::format("there is no context \"{}\"; {}", name,
                    model::did_you_mean(name, known, "make it with 'ringwall context set'"))});
}

void fill(Target& target, const Context& context) {
    target.ca = first({target.ca, context.ca});
    if (target.token.empty() && target.token_file.empty()) {
        target.token = context.token;
        target.token_file = context.token_file;
    }
}

Result<Target> whole(Target target) {
    if (target.server.empty())
        return std::unexpected(
            Error{Exit::usage,
                  "no controller is known: 'ringwall context set NAME --server URL --ca FILE "
                  "--token-file FILE' names one, or give these options here"});
    if (target.ca.empty())
        return std::unexpected(
            Error{Exit::usage, fmt::format("{}: whom to trust there is not known; give --ca with "
                                           "the PEM file of its CA, or the CA's fingerprint",
                                           target.server)});
    if (target.token.empty() && target.token_file.empty())
        return std::unexpected(
            Error{Exit::usage, fmt::format("{}: no token; give --token-file, or set RINGWALL_TOKEN "
                                           "or RINGWALL_TOKEN_FILE",
                                           target.server)});
    return target;
}

} // namespace

Result<Target> choose_target(const Arguments& arguments, const Environment& environment,
                             const Config& config, const LocalController& local) {
    Target out;
    out.server = first({arguments.get("--server"), environment("RINGWALL_SERVER")});
    out.ca = first({arguments.get("--ca"), environment("RINGWALL_CA")});
    out.token_file = arguments.get("--token-file");
    if (out.token_file.empty())
        out.token = environment("RINGWALL_TOKEN");
    if (out.token.empty())
        out.token_file = first({out.token_file, environment("RINGWALL_TOKEN_FILE")});

    const auto context =
        chosen(first({arguments.get("--context"), environment("RINGWALL_CONTEXT")}), config);
    if (!context)
        return std::unexpected(context.error());
    if (*context && (out.server.empty() || out.server == (*context)->server)) {
        out.server = (*context)->server;
        fill(out, **context);
    }
    const bool nothing =
        out.server.empty() && out.ca.empty() && out.token.empty() && out.token_file.empty();
    if (nothing && may_read(local.ca) && may_read(local.token_file))
        return Target{local.server, local.ca, {}, local.token_file};
    return whole(std::move(out));
}

} // namespace ringwall::cli
