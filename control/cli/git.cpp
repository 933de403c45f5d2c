#include "control/cli/git.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "agent/fd.h"

namespace ringwall::cli {
namespace {

constexpr std::size_t longest_note = 1000; // what the API takes

// What a program says on stdout; nothing when it fails.
std::optional<std::string> output_of(std::vector<std::string> words) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) < 0)
        return std::nullopt;
    const agent::Fd from(ends[0]);
    agent::Fd to(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to.get(), STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t child = -1;
    const int failed = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    to = agent::Fd();
    if (failed)
        return std::nullopt;
    std::string out;
    std::array<char, 4096> block{};
    for (ssize_t got = 0; (got = read(from.get(), block.data(), block.size())) > 0;)
        out.append(block.data(), static_cast<std::size_t>(got));
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? std::optional(out) : std::nullopt;
}

} // namespace

Result<std::string> git_note(const std::string& folder) {
    auto commit = output_of({"git", "-C", folder, "log", "-1", "--format=%h %s"});
    if (!commit || commit->empty())
        return std::unexpected(Error{
            Exit::failed, fmt::format("--git: {} is in no Git work tree with a commit (or git "
                                      "is not installed); give the note with --message",
                                      folder)});
    commit->erase(commit->find('\n'));
    const auto changes = output_of({"git", "-C", folder, "status", "--porcelain", "--", "."});
    if (changes && !changes->empty())
        *commit += " (with uncommitted changes)";
    return std::move(*commit);
}

Result<std::string> note_of(const Arguments& arguments, const std::string& path) {
    auto note = arguments.get("--message");
    if (arguments.has("--git")) {
        std::error_code code;
        const std::filesystem::path where(path);
        const bool folder = std::filesystem::is_directory(where, code);
        const auto parent = folder ? where : where.parent_path();
        auto commit = git_note(parent.empty() ? "." : parent.string());
        if (!commit)
            return commit;
        note = note.empty() ? *commit : fmt::format("{} ({})", note, *commit);
    }
    if (note.size() > longest_note)
        return std::unexpected(
            Error{Exit::usage, fmt::format("the note is longer than {} bytes", longest_note)});
    return note;
}

} // namespace ringwall::cli
