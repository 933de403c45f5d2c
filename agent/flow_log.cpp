#include "agent/flow_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/flow_text.h"

namespace ringwall::agent {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;

std::expected<Fd, FileError> append_to(const std::string& path) {
    Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!file)
        return std::unexpected(FileError{
            FileErrc::io, "flow log " + path + ": cannot be written: " + std::strerror(errno)});
    return file;
}

} // namespace

std::expected<FlowLog, FileError> FlowLog::open(std::string path) {
    FlowLog log;
    log.path_ = std::move(path);
    if (auto opened = log.reopen(); !opened)
        return std::unexpected(opened.error());
    return log;
}

std::expected<void, FileError> FlowLog::reopen() {
    flush();
    auto file = append_to(path_);
    if (!file)
        return std::unexpected(file.error());
    file_ = std::move(*file);
    return {};
}

void FlowLog::add(const Flow& flow) {
    append_json(buffer_, flow);
    buffer_ += '\n';
    ++lines_;
    if (buffer_.size() >= buffer_bytes)
        flush();
}

void FlowLog::add_loss(std::uint64_t kernel_lost) {
    add_line(lost_json(kernel_lost, 0));
}

void FlowLog::add_line(const std::string& json) {
    buffer_ += json + "\n";
    ++lines_;
}

void FlowLog::flush() {
    std::string_view rest(buffer_);
    while (!rest.empty()) {
        const auto written = write(file_.get(), rest.data(), rest.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            lost_ += lines_;
            break;
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer_.clear();
    lines_ = 0;
}

} // namespace ringwall::agent
