#include "control/policy/node.h"

#include <spanstream>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "control/policy/encoding.h"

namespace ringwall::policy {
namespace {

// Ends the file.
struct Refused {
    YAML::Mark mark;
    std::string message;
};

// Builds trees from parser events; throws Refused.
class Builder : public YAML::EventHandler {
  public:
    Builder(const std::string& file, std::vector<Problem>& problems)
        : file_(file), problems_(problems) {}

    std::vector<Node> take() { return std::move(documents_); }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (!documents_.empty() && mark.pos == document_start_) {
            documents_.back().kind = Node::Kind::broken;
            throw Refused{mark, "no document can begin like this; correct it, or put it in quotes"};
        }
        document_start_ = mark.pos;
        open_.clear();
        documents_.emplace_back().kind = Node::Kind::broken;
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
        add(at(mark, Node::Kind::null));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        error(mark, "an alias (*name) stands here; policy files have none, write the value itself");
        add(at(mark, Node::Kind::broken));
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = at(mark, Node::Kind::text);
        node.text = value;
        node.plain = tag == "?";
        refuse_properties(mark, tag, anchor);
        add(std::move(node));
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        refuse_properties(mark, tag, anchor);
        open(at(mark, Node::Kind::sequence));
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        refuse_properties(mark, tag, anchor);
        open(at(mark, Node::Kind::mapping));
    }
    void OnMapEnd() override { close(); }

  private:
    struct Open {
        Node node;
        std::unordered_map<std::string, int> lines = {}; // of the keys seen
        bool skip_value = false;
        bool lost_keys = false;
    };

    static Node at(const YAML::Mark& mark, Node::Kind kind) {
        Node node;
        node.kind = kind;
        node.line = mark.line + 1;
        node.column = mark.column + 1;
        return node;
    }

    void error(const YAML::Mark& mark, std::string message) {
        problems_.push_back({{file_, mark.line + 1, mark.column + 1}, std::move(message)});
    }

    void refuse_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != 0)
            error(mark, "an anchor (&name) stands here; policy files have none, remove it");
        if (!tag.empty() && tag != "?" && tag != "!")
            error(mark, fmt::format("the tag {} stands here; policy files have none, remove it",
                                    tag.substr(0, 60)));
    }

    void open(Node node) {
        if (static_cast<int>(open_.size()) >= deepest_nesting)
            throw Refused{mark_of(node),
                          fmt::format("nested deeper than {} levels; no policy needs "
                                      "that, flatten it",
                                      deepest_nesting)};
        open_.push_back({std::move(node)});
    }

    void close() {
        Node node = std::move(open_.back().node);
        if (open_.back().lost_keys && node.keys.empty())
            node.kind = Node::Kind::broken;
        open_.pop_back();
        add(std::move(node));
    }

    void add(Node node) {
        if (open_.empty())
            documents_.back() = std::move(node);
        else if (Open& parent = open_.back(); parent.node.kind == Node::Kind::sequence)
            parent.node.items.push_back(std::move(node));
        else if (std::exchange(parent.skip_value, false))
            return;
        else if (parent.node.keys.size() == parent.node.items.size())
            add_key(parent, std::move(node));
        else
            add_value(parent.node, std::move(node));
    }

    // A missing value has the place of whatever comes next: its key's is of more use.
    static void add_value(Node& mapping, Node value) {
        if (value.kind == Node::Kind::null) {
            value.line = mapping.keys.back().line;
            value.column = mapping.keys.back().column;
        }
        mapping.items.push_back(std::move(value));
    }

    void add_key(Open& parent, Node key) {
        if (is_good_key(parent, key))
            parent.node.keys.push_back(std::move(key));
        else
            parent.skip_value = parent.lost_keys = true;
    }

    bool is_good_key(Open& parent, const Node& key) {
        const YAML::Mark mark = mark_of(key);
        if (key.kind != Node::Kind::text) {
            error(mark, "a key must be a word; write key: value");
            return false;
        }
        const auto [first, added] = parent.lines.emplace(key.text, key.line);
        if (!added)
            error(mark, fmt::format("\"{}\" is already given in line {}; keep one of them",
                                    key.text.substr(0, 60), first->second));
        return added;
    }

    static YAML::Mark mark_of(const Node& node) {
        YAML::Mark mark;
        mark.line = node.line - 1;
        mark.column = node.column - 1;
        return mark;
    }

    const std::string& file_;
    std::vector<Problem>& problems_;
    std::vector<Node> documents_;
    std::vector<Open> open_;
    int document_start_ = 0; // the parser offers a token that it cannot use for ever
};

// JSON may be indented with tabs, YAML may not; inside JSON strings a raw tab is not allowed.
std::string without_json_tabs(std::string_view text) {
    std::string out(text);
    const auto first = out.find_first_not_of(" \t\r\n");
    if (first != std::string::npos && (out[first] == '{' || out[first] == '['))
        for (char& c : out)
            c = c == '\t' ? ' ' : c;
    return out;
}

} // namespace

const Node* Node::find(std::string_view key) const {
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (keys[i].text == key)
            return &items[i];
    return nullptr;
}

std::vector<Node> parse(std::string_view text, const std::string& file,
                        std::vector<Problem>& problems) {
    if (auto problem = check_encoding(text, file)) {
        problems.push_back(std::move(*problem));
        return {};
    }
    Builder builder(file, problems);
    const std::string source = without_json_tabs(text);
    try {
        std::ispanstream in{std::span<const char>(source)};
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Refused& e) {
        problems.push_back({{file, e.mark.line + 1, e.mark.column + 1}, e.message});
    } catch (const YAML::Exception& e) {
        problems.push_back({{file, e.mark.line + 1, e.mark.column + 1},
                            "this is not YAML: " + e.msg + "; correct it here or just before"});
    }
    return builder.take();
}

} // namespace ringwall::policy
