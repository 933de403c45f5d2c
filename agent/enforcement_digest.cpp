// How an Enforcement gets to know the digests that sha256 selectors ask for.
#include <spdlog/spdlog.h>

#include "agent/enforcement.h"
#include "agent/host.h"

namespace ringwall::agent {

IsProgram Enforcement::is_program(const loader::Event& event) const {
    return
        [datapath = datapath_.get(), event](int file) { return datapath->is_program(file, event); };
}

std::optional<Enforcement::Program> Enforcement::program_of(const loader::Event& event) {
    if (!questions_.take(event.digest, monotonic_ns()))
        return std::nullopt;
    Program program{event, open_running(event.pid, is_program(event)), {}};
    if (program.file)
        return program;
    // The kernel asks only where the process's root is the subject's.
    const auto subjects = datapath_->live_subjects();
    const auto subject = subjects.find(event.subject);
    if (subject != subjects.end() && subject->second.root == own_root())
        program.path = datapath_->exe(event.exe).path;
    return program;
}

Enforcement::Digest Enforcement::hash(Program& program, const std::stop_token& stop) const {
    const auto is_it = is_program(program.event);
    if (!program.file && !program.path.empty())
        program.file = open_by_path(program.path, is_it);
    if (!program.file)
        return std::unexpected(
            DigestError{DigestErrc::gone, "its process ended, and no file is known to be its own"});
    return sha256(program.file, is_it, stop);
}

void Enforcement::learn(const Program& program, const Digest& digest) {
    const auto& event = program.event;
    if (!digest) {
        questions_.failed(event.digest, monotonic_ns());
        return spdlog::debug("no digest of the program of process {} {}: {}", event.pid,
                             program.path, digest.error().message);
    }
    questions_.answered(event.digest);
    ++digests_;
    if (auto done = datapath_->set_digest(event, digest_id(*digest).value_or(0)); !done)
        spdlog::warn("the digest of the program of process {} did not reach the kernel: {}",
                     event.pid, done.error().message);
}

void Enforcement::ask_again() {
    loader::Delta again;
    again.raise_epoch = true;
    again.policy_version = enforcer_->policy_version();
    if (auto done = datapath_->apply(again); !done)
        spdlog::warn("digests are not asked for again: {}", done.error().message);
}

} // namespace ringwall::agent
