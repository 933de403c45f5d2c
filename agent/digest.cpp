#include "agent/digest.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <ctime>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace ringwall::agent {
namespace {

using namespace std::chrono_literals;

constexpr off_t largest = off_t{1} << 30;
// A second write within the clock tick of a file's change time may leave that time as it is; the
// longest tick is 10 ms.
constexpr auto settled_after = 20ms;

Fd checked(Fd file, const IsProgram& is_program) {
    return file && is_program(file.get()) ? std::move(file) : Fd();
}

// Not the agent's own, which may have a /tmp of its own.
Fd host_root() {
    for (const char* root : {"/proc/1/root", "/"})
        if (Fd directory(open(root, O_PATH | O_DIRECTORY | O_CLOEXEC)); directory)
            return directory;
    return {};
}

void wait_until_settled(const struct stat& info) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const auto age = std::chrono::seconds(now.tv_sec - info.st_ctim.tv_sec) +
                     std::chrono::nanoseconds(now.tv_nsec - info.st_ctim.tv_nsec);
    if (age >= 0ns && age < settled_after)
        std::this_thread::sleep_for(settled_after - age);
}

class Sha256 {
  public:
    Sha256()
        : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free),
          usable_(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr)) {}
    bool add(const void* data, std::size_t size) {
        return usable_ = usable_ && EVP_DigestUpdate(context_.get(), data, size);
    }
    std::optional<std::string> hex() {
        std::array<unsigned char, 32> digest{};
        if (!usable_ || !EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr))
            return std::nullopt;
        std::string out;
        for (auto byte : digest)
            fmt::format_to(std::back_inserter(out), "{:02x}", byte);
        return out;
    }

  private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
    bool usable_;
};

std::expected<std::string, DigestError> hash_all(int file, const std::stop_token& stop) {
    Sha256 hash;
    const auto block = std::make_unique<std::array<char, 256 * 1024>>();
    off_t total = 0;
    while (!stop.stop_requested()) {
        const ssize_t size = read(file, block->data(), block->size());
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return fail(DigestErrc::io, std::strerror(errno));
        total += size;
        if (total > largest)
            return fail(DigestErrc::too_large, "grew over 1 GiB while it was read");
        if (size > 0 && hash.add(block->data(), static_cast<std::size_t>(size)))
            continue;
        if (auto hex = size == 0 ? hash.hex() : std::nullopt)
            return *hex;
        return fail(DigestErrc::io, "OpenSSL offers no SHA-256");
    }
    return fail(DigestErrc::stopped, "the agent stops");
}

} // namespace

Fd open_running(std::uint32_t pid, const IsProgram& is_program) {
    return checked(Fd(open(fmt::format("/proc/{}/exe", pid).c_str(), O_PATH | O_CLOEXEC)),
                   is_program);
}

Fd open_by_path(const std::string& path, const IsProgram& is_program) {
    const Fd root = host_root();
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS;
    if (!root || !path.starts_with('/'))
        return {};
    return checked(
        Fd(static_cast<int>(syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how))),
        is_program);
}

std::expected<std::string, DigestError> sha256(const Fd& program, const IsProgram& is_program,
                                               const std::stop_token& stop) {
    // Not waiting for whoever holds a lease on it.
    const Fd file(open(fmt::format("/proc/self/fd/{}", program.get()).c_str(),
                       O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat info{};
    if (!file || fstat(file.get(), &info) != 0)
        return fail(DigestErrc::io, std::strerror(errno));
    if (info.st_size > largest)
        return fail(DigestErrc::too_large, "it is larger than 1 GiB");
    wait_until_settled(info);
    auto hex = hash_all(file.get(), stop);
    if (hex && !is_program(file.get()))
        return fail(DigestErrc::changed, "it was changed meanwhile");
    return hex;
}

bool Questions::take(std::uint64_t file, std::uint64_t now_ns) {
    const auto known = files_.find(file);
    if (known != files_.end() && (known->second == in_work || now_ns < known->second))
        return false;
    if (file == 0 || waiting_ >= waiting_limit)
        return false;
    files_[file] = in_work;
    ++waiting_;
    return true;
}

void Questions::answered(std::uint64_t file) {
    waiting_ -= files_.erase(file);
}

void Questions::failed(std::uint64_t file, std::uint64_t now_ns) {
    answered(file);
    if (files_.size() >= failed_limit)
        std::erase_if(files_, [&](const auto& each) {
            return each.second != in_work && each.second <= now_ns;
        });
    if (files_.size() < failed_limit)
        files_[file] = now_ns + pause_ns;
}

} // namespace ringwall::agent
