#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "control/cli/output.h"
#include "control/cli/subcommands.h"

int main(int argc, char** argv) {
    using namespace ringwall::cli;
    std::signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && std::string_view(argv[1]) == "__complete") {
        print(complete(std::vector<std::string>(argv + 2, argv + argc)));
        return 0;
    }
    const auto parsed = parse(argc, argv);
    if (!parsed.command)
        return parsed.exit;
    const auto done = parsed.command->run(parsed.arguments);
    if (done)
        return 0;
    if (!done.error().message.empty())
        fmt::print(stderr, "ringwall: {}\n", done.error().message);
    return static_cast<int>(done.error().code);
}
