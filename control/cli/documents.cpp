#include "control/cli/documents.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "control/cli/kinds.h"
#include "control/policy/load.h"
#include "control/policy/objects.h"

namespace ringwall::cli {
namespace {

namespace fs = std::filesystem;
using policy::Node;
using Problems = std::vector<model::Problem>;

constexpr std::uintmax_t largest_file = 64u << 20;

const Node* member(const Node& node, std::string_view key) {
    return node.kind == Node::Kind::mapping ? node.find(key) : nullptr;
}

std::string word_at(const Node& node, std::string_view key) {
    const auto* found = member(node, key);
    return found && found->kind == Node::Kind::text ? found->text : std::string();
}

Node without(const Node& mapping, std::initializer_list<std::string_view> keys) {
    Node out = mapping;
    for (std::size_t i = out.keys.size(); i-- > 0;)
        if (std::ranges::find(keys, out.keys[i].text) != keys.end()) {
            out.keys.erase(out.keys.begin() + static_cast<std::ptrdiff_t>(i));
            out.items.erase(out.items.begin() + static_cast<std::ptrdiff_t>(i));
        }
    return out;
}

Node* mutable_member(Node& node, std::string_view key) {
    const auto found = std::ranges::find(node.keys, key, &Node::text);
    const auto at = static_cast<std::size_t>(found - node.keys.begin());
    return at < node.items.size() ? &node.items[at] : nullptr;
}

// What `get -o yaml` writes has times of the controller; they are not for sending back.
Node cleaned(Node document) {
    if (auto* metadata = mutable_member(document, "metadata");
        metadata && metadata->kind == Node::Kind::mapping)
        *metadata = without(*metadata, {"created", "changed"});
    return document;
}

// The form of policy documents is known here; that of profiles and users to the controller alone.
void check_form(policy::Context& context, Node document) {
    const auto* kind = kind_of_document(word_at(document, "kind"));
    if (kind && !kind->policy)
        return;
    if (auto* metadata = mutable_member(document, "metadata");
        metadata && metadata->kind == Node::Kind::mapping) {
        if (const auto* revision = member(*metadata, "revision");
            revision && !policy::decimal(revision->text))
            context.error(*revision, "the revision must be a number; remove it, or write the one "
                                     "that 'ringwall get' shows");
        *metadata = without(*metadata, {"revision"});
    }
    model::Policy form;
    read_document(context, document, form);
}

class DocumentReader {
  public:
    void add_text(std::string_view text, const std::string& filename) {
        policy::Context context(filename, problems_);
        const auto before = problems_.size();
        const auto trees = policy::parse(text, filename, problems_);
        for (const auto& tree : trees)
            add_tree(context, tree, filename);
        if (trees.empty() && problems_.size() == before)
            context.error(Place{filename, 0, 0}, "there are no documents in it");
    }
    void fail(const std::string& path, std::string message) {
        problems_.push_back({{path, 0, 0}, std::move(message)});
    }
    std::expected<std::vector<Document>, Problems> finish() {
        if (problems_.empty())
            return std::move(documents_);
        return std::unexpected(std::move(problems_));
    }

  private:
    void add_tree(policy::Context& context, const Node& tree, const std::string& filename) {
        const auto* items = word_at(tree, "kind").empty() ? member(tree, "items") : nullptr;
        const auto* list = items ? items : &tree;
        if (list->kind != Node::Kind::sequence)
            return add_document(context, tree, filename);
        for (const auto& item : list->items)
            add_document(context, item, filename);
    }

    void add_document(policy::Context& context, const Node& tree, const std::string& filename) {
        Document out{word_at(tree, "kind"), {}, {}, filename, cleaned(tree)};
        const auto before = problems_.size();
        check_form(context, out.node);
        if (const auto* metadata = member(tree, "metadata"))
            out.name = word_at(*metadata, "name");
        if (problems_.size() != before)
            return;
        if (out.name.empty())
            return context.error(tree, "the document has no name; write metadata: {name: web-1}");
        const auto [first, added] =
            seen_.emplace(std::pair(out.kind, out.name), context.place(tree));
        if (!added)
            return context.error(tree, fmt::format("{} \"{}\" is already given at {}; keep one",
                                                   out.kind, out.name, first->second.text()));
        out.json = json_of(out.node).as_object();
        documents_.push_back(std::move(out));
    }

    std::vector<Document> documents_;
    std::map<std::pair<std::string, std::string>, Place> seen_;
    Problems problems_;
};

void add_stream(DocumentReader& reader, std::istream& in, const std::string& name) {
    std::string text;
    std::array<char, 64 * 1024> block{};
    while (in.read(block.data(), block.size()) || in.gcount() > 0) {
        text.append(block.data(), static_cast<std::size_t>(in.gcount()));
        if (text.size() > largest_file)
            return reader.fail(name, "it is larger than 64 MiB; split it");
    }
    reader.add_text(text, name);
}

void add_file(DocumentReader& reader, const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (in.is_open())
        return add_stream(reader, in, file.string());
    reader.fail(file.string(), fmt::format("cannot be read ({})", std::strerror(errno)));
}

bool is_policy_file(const fs::directory_entry& entry) {
    const auto extension = entry.path().extension();
    return !entry.path().filename().string().starts_with('.') && !entry.is_directory() &&
           (extension == ".yaml" || extension == ".yml" || extension == ".json");
}

void add_directory(DocumentReader& reader, const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code code;
    for (fs::directory_iterator it(directory, code), end; !code && it != end; it.increment(code))
        if (is_policy_file(*it))
            files.push_back(it->path());
    if (code)
        reader.fail(directory.string(), fmt::format("cannot be listed ({})", code.message()));
    else if (files.empty())
        reader.fail(directory.string(), "it has no *.yaml, *.yml or *.json");
    std::ranges::sort(files);
    for (const auto& file : files)
        add_file(reader, file);
}

} // namespace

std::expected<std::vector<Document>, Problems> documents_of(std::string_view text,
                                                            const std::string& filename) {
    DocumentReader reader;
    reader.add_text(text, filename);
    return reader.finish();
}

Result<std::vector<Document>> read_documents(const std::vector<std::string>& paths) {
    DocumentReader reader;
    for (const auto& path : paths) {
        std::error_code code;
        if (path == "-")
            add_stream(reader, std::cin, "standard input");
        else if (fs::is_directory(path, code))
            add_directory(reader, path);
        else
            add_file(reader, path);
    }
    auto read = reader.finish();
    if (read)
        return std::move(*read);
    std::string all;
    for (const auto& problem : read.error())
        all += (all.empty() ? "" : "\n") + policy::line(problem);
    return std::unexpected(Error{Exit::invalid, std::move(all)});
}

const Document* find(const std::vector<Document>& documents, std::string_view kind,
                     std::string_view name) {
    const auto found = std::ranges::find_if(documents, [&](const Document& document) {
        return document.kind == kind && document.name == name;
    });
    return found == documents.end() ? nullptr : &*found;
}

} // namespace ringwall::cli
