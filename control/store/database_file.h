// The file a database lives in: who holds it, whether it is sound. Private to the store; throws
// Failure.
#pragma once

#include <string>

#include "control/store/connection.h"

namespace ringwall::store {

// Holds a database for one process, by flock on "PATH.lock", until the end of its life.
class FileLock {
  public:
    explicit FileLock(const std::string& database);
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    FileLock(FileLock&&) = delete;
    FileLock& operator=(FileLock&&) = delete;
    ~FileLock();

  private:
    int fd_;
};

// An empty file of mode 0600 where there is none.
void create_private(const std::string& file);
// What was written to the file, and its name in the directory, outlast a power cut.
void sync_file(const std::string& file);

enum class Depth { quick, full }; // quick: without comparing indexes with their tables
void check_integrity(Connection& connection, Depth depth);

} // namespace ringwall::store
