// The web UI as files: what /ui/ answers. The UI itself is in web/, and talks to the API only.
#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "control/http/message.h"

namespace ringwall::ui {

class Site final {
  public:
    // What this program was built with: dist/, compressed.
    static Site embedded();
    // All files below a folder, read once. Error: a sentence.
    static std::expected<Site, std::string> of_folder(const std::string& folder);

    // "/", "/ui" and what is below it; the rest is the API's.
    static bool owns(std::string_view target);
    // Files need no token: they hold no data.
    http::Response answer(const http::Request& request) const;

    std::size_t files() const { return files_.size(); }

  private:
    struct File {
        std::string content, compressed, etag; // compressed: gzip, or empty
    };
    void add(const std::string& name, std::string content, std::string compressed);
    const File* find(std::string_view name) const;

    std::map<std::string, File, std::less<>> files_; // by path below the folder
};

} // namespace ringwall::ui
