// File ids as the kernel computes them (bpf/process.h): keyed SipHash of inode, device and change
// time. Whoever has a file's id has its content, until a write changes the change time.
#pragma once

#include <cstdint>
#include <vector>

#include "loader/path_id.h"

namespace ringwall::loader {

struct FileKey {
    std::uint64_t inode = 0;
    std::uint32_t device = 0; // of the super block, kernel encoding: MAJOR<<20|MINOR
    std::uint64_t changed_ns = 0;
};

std::uint64_t file_id(const FileKey& file, const Secret& secret);

// As which the kernel may know an open regular file (O_PATH will do); empty for anything else. Two
// where stat's device is not the super block's (btrfs). On an overlay over several file systems
// the inode may be another one, then none of them is the kernel's.
std::vector<FileKey> file_keys(int file);

} // namespace ringwall::loader
