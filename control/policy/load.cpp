#include "control/policy/load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "control/model/validate.h"
#include "control/policy/node.h"
#include "control/policy/objects.h"

namespace ringwall::policy {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_file = 64u << 20;

// Collects objects and problems over several texts; one use.
class Loader {
  public:
    void add_text(std::string_view text, const std::string& filename) {
        Context context(filename, problems_);
        const std::size_t before = problems_.size();
        const auto documents = parse(text, filename, problems_);
        for (const Node& document : documents)
            add_document(context, document);
        if (documents.empty() && problems_.size() == before)
            context.error(Place{filename, 0, 0}, "the file has no documents; write at least one, "
                                                 "or remove the file");
    }

    void add_file(const fs::path& file) {
        std::error_code code;
        const auto size = fs::file_size(file, code);
        if (!code && size > largest_file) {
            fail(file, "the file is larger than 64 MiB; split it");
            return;
        }
        std::ifstream in(file, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        if (!in.is_open() || in.bad())
            fail(file, fmt::format("cannot be read ({}); make it readable or remove it",
                                   std::strerror(errno)));
        else
            add_text(text, file.string());
    }

    void fail(const fs::path& file, std::string message) {
        problems_.push_back({{file.string(), 0, 0}, std::move(message)});
    }

    std::expected<model::Policy, std::vector<Problem>> finish() {
        model::complete(policy_);
        for (Problem& problem : model::validate(policy_))
            problems_.push_back(std::move(problem));
        if (problems_.empty())
            return std::move(policy_);
        const auto order = [](const Problem& p) {
            return std::tie(p.place.file, p.place.line, p.place.column, p.message);
        };
        std::ranges::sort(problems_, {}, order);
        return std::unexpected(std::move(problems_));
    }

  private:
    void add_document(Context& context, const Node& document) {
        if (document.kind != Node::Kind::sequence)
            return read_document(context, document, policy_);
        for (const Node& item : document.items)
            read_document(context, item, policy_);
    }

    model::Policy policy_;
    std::vector<Problem> problems_;
};

bool is_policy_file(const fs::directory_entry& entry) {
    const auto name = entry.path().filename().string();
    const auto extension = entry.path().extension();
    return !name.starts_with('.') && !entry.is_directory() &&
           (extension == ".yaml" || extension == ".yml" || extension == ".json");
}

void add_directory(Loader& loader, const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code code;
    for (fs::directory_iterator it(directory, code), end; !code && it != end; it.increment(code))
        if (is_policy_file(*it))
            files.push_back(it->path());
    if (code)
        loader.fail(directory,
                    fmt::format("cannot be listed ({}); make it readable", code.message()));
    else if (files.empty())
        loader.fail(directory, "the directory has no *.yaml, *.yml or *.json; put a policy there");
    std::ranges::sort(files);
    for (const fs::path& file : files)
        loader.add_file(file);
}

} // namespace

std::expected<model::Policy, std::vector<Problem>> load(const fs::path& file_or_dir) {
    Loader loader;
    std::error_code code;
    const auto status = fs::status(file_or_dir, code);
    if (!fs::exists(status))
        loader.fail(file_or_dir, "no such file or directory; name a policy file or a directory of "
                                 "them");
    else if (fs::is_directory(status))
        add_directory(loader, file_or_dir);
    else
        loader.add_file(file_or_dir);
    return loader.finish();
}

std::expected<model::Policy, std::vector<Problem>> load_text(std::string_view text,
                                                             const std::string& filename) {
    Loader loader;
    loader.add_text(text, filename);
    return loader.finish();
}

std::string line(const Problem& problem) {
    const bool warning = problem.severity == model::Severity::warning;
    return problem.place.text() + (warning ? ": warning: " : ": ") + problem.message;
}

} // namespace ringwall::policy
