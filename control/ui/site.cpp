#include "control/ui/site.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <openssl/sha.h>
#include <zlib.h>

#include "control/ui/embedded.h"

namespace ringwall::ui {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view root = "/ui/";
constexpr std::size_t most_bytes = 32 * 1024 * 1024; // of a folder

// No inline script, nothing from elsewhere, no framing: labels and process names are the hosts'.
constexpr auto content_policy =
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, const char*>, 9> types{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".txt", "text/plain; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
}};

const char* type_of(std::string_view name) {
    for (const auto& [ending, type] : types)
        if (name.ends_with(ending))
            return type;
    return "application/octet-stream";
}

std::string etag_of(std::string_view content) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data());
    std::string out = "\"";
    for (std::size_t i = 0; i < 12; ++i)
        out += fmt::format("{:02x}", digest[i]);
    return out + '"';
}

// Our own build's gzip: it is whole, or the build was broken.
std::string inflate_all(std::string_view compressed) {
    z_stream stream{};
    inflateInit2(&stream, 15 + 16);
    stream.next_in = reinterpret_cast<const Bytef*>(compressed.data());
    stream.avail_in = static_cast<uInt>(compressed.size());
    std::string out;
    std::array<char, 16384> piece{};
    int state = Z_OK;
    while (state == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = piece.size();
        state = inflate(&stream, Z_NO_FLUSH);
        out.append(piece.data(), piece.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    return out;
}

http::Response plain(unsigned status, std::string text) {
    return {.status = status,
            .headers = {{"Content-Type", "text/plain; charset=utf-8"},
                        {"Cache-Control", "no-store"},
                        {"X-Content-Type-Options", "nosniff"}},
            .body = std::move(text),
            .stream = {}};
}

http::Response redirect() {
    auto out = plain(308, "the web UI is at /ui/\n");
    out.headers.emplace_back("Location", root);
    return out;
}

} // namespace

bool Site::owns(std::string_view target) {
    target = target.substr(0, target.find('?'));
    return target == "/" || target == "/ui" || target.starts_with(root);
}

Site Site::embedded() {
    Site out;
    for (const auto& file : embedded_files())
        out.add(std::string(file.name), inflate_all(file.compressed), std::string(file.compressed));
    return out;
}

std::expected<Site, std::string> Site::of_folder(const std::string& folder) {
    Site out;
    std::size_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        if (!entry->is_regular_file())
            continue;
        std::ifstream in(entry->path(), std::ios::binary);
        std::string content{std::istreambuf_iterator<char>(in), {}};
        bytes += content.size();
        if (!in || bytes > most_bytes)
            return std::unexpected(fmt::format("{}: cannot be read, or its folder has more than {} "
                                               "bytes; name the UI's dist folder",
                                               entry->path().string(), most_bytes));
        out.add(fs::relative(entry->path(), folder).generic_string(), std::move(content), {});
    }
    if (error)
        return std::unexpected(fmt::format("{}: {}; name the UI's dist folder with --ui-dir",
                                           folder, error.message()));
    if (!out.find("index.html"))
        return std::unexpected(folder + ": has no index.html; name the UI's dist folder");
    return out;
}

void Site::add(const std::string& name, std::string content, std::string compressed) {
    auto etag = etag_of(content);
    files_[name] = {std::move(content), std::move(compressed), std::move(etag)};
}

const Site::File* Site::find(std::string_view name) const {
    const auto found = files_.find(name);
    return found == files_.end() ? nullptr : &found->second;
}

http::Response Site::answer(const http::Request& request) const {
    auto path = std::string_view(request.target).substr(0, request.target.find('?'));
    if (request.method != "GET" && request.method != "HEAD") {
        auto out = plain(405, "the web UI takes GET and HEAD\n");
        out.headers.emplace_back("Allow", "GET, HEAD");
        return out;
    }
    if (!path.starts_with(root))
        return redirect();
    path.remove_prefix(root.size());
    const auto name = path.empty() ? std::string_view("index.html") : path;
    const File* file = find(name);
    if (!file)
        return plain(404, files_.empty() ? "this controller was built without the web UI\n"
                                         : "no such file; the web UI is at /ui/\n");
    const bool hashed = name.starts_with("assets/");
    http::Response out{
        .status = 200,
        .headers = {{"Content-Type", type_of(name)},
                    {"ETag", file->etag},
                    {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"},
                    {"Vary", "Accept-Encoding"},
                    {"Content-Security-Policy", content_policy},
                    {"Referrer-Policy", "no-referrer"},
                    {"X-Content-Type-Options", "nosniff"}},
        .body = {},
        .stream = {}};
    if (http::header(request, "if-none-match") == file->etag) {
        out.status = 304;
        return out;
    }
    if (request.method == "HEAD")
        return out;
    const bool gzip = !file->compressed.empty() &&
                      http::header(request, "accept-encoding").find("gzip") != std::string::npos;
    if (gzip)
        out.headers.emplace_back("Content-Encoding", "gzip");
    out.body = gzip ? file->compressed : file->content;
    return out;
}

} // namespace ringwall::ui
