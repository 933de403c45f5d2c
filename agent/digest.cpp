#include "agent/digest.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace ringwall::agent {
namespace {

bool is_same_process(std::uint32_t pid, std::uint64_t start_ns) {
    std::ifstream in(fmt::format("/proc/{}/stat", pid));
    const std::string stat((std::istreambuf_iterator<char>(in)), {});
    const auto tick_ns = 1'000'000'000ull / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
    const auto ticks = start_ticks(stat);
    return ticks != 0 && ticks == start_ns / tick_ns;
}

std::expected<std::string, DigestError> sha256(const std::string& path) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    std::ifstream in(path, std::ios::binary);
    if (!in || !context || !EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr))
        return std::unexpected(DigestError{DigestErrc::io, path + ": cannot be read"});
    std::array<char, 64 * 1024> block;
    while (in.read(block.data(), block.size()) || in.gcount() > 0)
        EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(in.gcount()));
    std::array<unsigned char, 32> digest;
    EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
    std::string hex;
    for (auto byte : digest)
        fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
    return hex;
}

} // namespace

std::uint64_t start_ticks(const std::string& stat) {
    // The second field is the program's name in parentheses and may contain anything.
    const auto close = stat.rfind(')');
    if (close == stat.npos)
        return 0;
    std::istringstream rest(stat.substr(close + 1));
    std::string field;
    for (int i = 3; i <= 21 && rest >> field; ++i) {
    }
    std::uint64_t ticks = 0;
    rest >> ticks;
    return ticks;
}

std::expected<std::string, DigestError> exe_sha256(std::uint32_t pid, std::uint64_t start_ns) {
    const DigestError gone{DigestErrc::gone, fmt::format("process {} is gone", pid)};
    if (!is_same_process(pid, start_ns))
        return std::unexpected(gone);
    auto digest = sha256(fmt::format("/proc/{}/exe", pid));
    if (digest && !is_same_process(pid, start_ns))
        return std::unexpected(gone);
    return digest;
}

} // namespace ringwall::agent
