// The files of dist/ as they lie in the program. Made by CMakeLists.txt.
#pragma once

#include <span>
#include <string_view>

namespace ringwall::ui {

struct Embedded {
    std::string_view name;       // "assets/index-Cx3.js"
    std::string_view compressed; // gzip
};

std::span<const Embedded> embedded_files();

} // namespace ringwall::ui
