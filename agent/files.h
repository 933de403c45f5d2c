// Files that must be whole and trusted.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "common/error.h"

namespace ringwall::agent {

enum class FileErrc { io, untrusted };
using FileError = BasicError<FileErrc>;

std::expected<std::string, FileError> read_file(const std::string& path);
// Temporary file, fsync, rename, fsync of the directory: a reader sees the old or the new content.
// Makes missing parent directories (0755 above, 0700 for the last).
std::expected<void, FileError> write_file(const std::string& path, std::string_view content);

// A policy decides who may talk to whom: every file and directory of it must belong to root (or to
// whom the agent runs as) and be writable by nobody else.
std::expected<void, FileError> check_trust(const std::string& path);

} // namespace ringwall::agent
