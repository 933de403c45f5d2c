// The tables of tests/unit/data/policy/bad: documents with the problems that must be told.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace ringwall::test {

struct BadCase {
    std::string table, story, document;
    std::vector<std::string> problems; // "line:column: sentence"
    bool schema_refuses = false;

    friend void PrintTo(const BadCase& bad, std::ostream* out) { *out << bad.story; }
};

std::vector<BadCase> bad_cases();
std::string file_text(const std::filesystem::path& file);

// Files below data/policy/<folder>, sorted.
std::vector<std::filesystem::path> fixtures(const char* folder);

} // namespace ringwall::test
