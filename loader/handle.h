// Owners of kernel and libbpf handles: wrapped where they are born, moved explicitly.
#pragma once

#include <unistd.h>

#include <bpf/libbpf.h>

#include <memory>
#include <utility>

namespace ringwall::loader {

class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0)
            close(fd_);
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

struct RingDeleter {
    void operator()(ring_buffer* r) const { ring_buffer__free(r); }
};
using Ring = std::unique_ptr<ring_buffer, RingDeleter>;

struct LinkDeleter {
    void operator()(bpf_link* l) const { bpf_link__destroy(l); }
};
using Link = std::unique_ptr<bpf_link, LinkDeleter>;

} // namespace ringwall::loader
