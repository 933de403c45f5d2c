#include "tests/unit/policy_cases.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace ringwall::test {
namespace {

constexpr std::string_view story_mark = "=== ", problem_mark = "# expect ",
                           schema_mark = "# schema: ";

void read_table(const std::filesystem::path& file, std::vector<BadCase>& out) {
    std::ifstream in(file);
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(story_mark)) {
            out.push_back({file.stem(), line.substr(story_mark.size()), {}, {}, false});
            inside = true;
        } else if (line.starts_with(problem_mark)) {
            out.back().problems.push_back(line.substr(problem_mark.size()));
        } else if (line.starts_with(schema_mark)) {
            out.back().schema_refuses = line.ends_with("yes");
        } else if (inside) {
            out.back().document += line + "\n";
        }
    }
}

} // namespace

std::string file_text(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in)
        throw std::runtime_error("cannot read " + file.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> fixtures(const char* folder) {
    std::vector<std::filesystem::path> out;
    const auto directory = std::filesystem::path(RINGWALL_POLICY_FIXTURES) / folder;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        out.push_back(entry.path());
    std::ranges::sort(out);
    return out;
}

std::vector<BadCase> bad_cases() {
    std::vector<BadCase> out;
    for (const auto& table : fixtures("bad"))
        read_table(table, out);
    return out;
}

} // namespace ringwall::test
