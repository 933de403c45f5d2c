// Secrets on disk: whole or not there, and readable by their owner only.
#pragma once

#include <string>
#include <string_view>

#include "common/pki/error.h"
#include "common/pki/keys.h"

namespace ringwall::pki {

// Mode 0600 whatever the umask is; temporary file beside it, fsync, rename, fsync of the
// directory, which must exist. io.
Result<void> save_secret(const std::string& path, std::string_view content);

// Refused (untrusted_file) when the file is no regular file, may be touched by group or others, or
// belongs to someone who is neither root nor who we run as. io; too_big above 64 KiB.
Result<std::string> load_secret(const std::string& path);

Result<void> save_key(const std::string& path, const PrivateKey& key);
Result<PrivateKey> load_key(const std::string& path); // messages begin with the path

} // namespace ringwall::pki
