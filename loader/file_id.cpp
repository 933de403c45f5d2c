#include "loader/file_id.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "loader/mounts.h"
#include "loader/proc.h"

namespace ringwall::loader {
namespace {

// Mount ids mean one mount on the whole host; process 1 sees what a sandboxed agent does not.
std::uint32_t device_of_mount(std::uint64_t id) {
    for (const char* table : {"/proc/self/mountinfo", "/proc/1/mountinfo"}) {
        const auto mounts = parse_mounts(read_text(AT_FDCWD, table));
        if (const auto found = mounts.find(id); found != mounts.end())
            return found->second.device;
    }
    return 0;
}

} // namespace

std::uint64_t file_id(const FileKey& file, const Secret& secret) {
    return words_id(std::array<std::uint64_t, 3>{file.inode, file.device, file.changed_ns}, 24,
                    secret);
}

std::vector<FileKey> file_keys(int file) {
    // What is cached locally is what the kernel hashed; a server that hangs is not waited for.
    constexpr int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
    constexpr unsigned wanted = STATX_TYPE | STATX_INO | STATX_CTIME;
    struct statx info{};
    if (statx(file, "", flags, wanted | STATX_MNT_ID, &info) != 0 ||
        (info.stx_mask & wanted) != wanted || !S_ISREG(info.stx_mode))
        return {};
    const FileKey key{info.stx_ino, info.stx_dev_major << 20 | info.stx_dev_minor,
                      static_cast<std::uint64_t>(info.stx_ctime.tv_sec) * 1'000'000'000 +
                          info.stx_ctime.tv_nsec};
    std::vector<FileKey> keys{key};
    const auto device = info.stx_mask & STATX_MNT_ID ? device_of_mount(info.stx_mnt_id) : 0;
    if (device && device != key.device)
        keys.push_back({key.inode, device, key.changed_ns});
    return keys;
}

} // namespace ringwall::loader
