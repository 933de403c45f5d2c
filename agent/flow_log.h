// Flows as JSON lines, appended to a file. What cannot be written is counted, never waited for.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "agent/fd.h"
#include "agent/files.h"
#include "agent/flows.h"

namespace ringwall::agent {

class FlowLog {
  public:
    static std::expected<FlowLog, FileError> open(std::string path);

    void add(const Flow& flow);
    void add_loss(std::uint64_t kernel_lost);
    void add_line(const std::string& json);
    void flush();
    // After the file was moved away (logrotate). The old one stays in use when this fails.
    std::expected<void, FileError> reopen();
    std::uint64_t lost() const { return lost_; }

  private:
    std::string path_, buffer_;
    Fd file_;
    std::uint64_t lines_ = 0; // in buffer_
    std::uint64_t lost_ = 0;
};

} // namespace ringwall::agent
