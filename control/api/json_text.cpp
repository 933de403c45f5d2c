#include "control/api/json_text.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <fmt/format.h>

namespace ringwall::api {
namespace {

namespace json = boost::json;
using boost::system::error_code;

// Boost's parser says what comes next; this makes the value and remembers the keys of the objects
// that are open.
class Builder {
  public:
    static constexpr std::size_t max_object_size = json::object::max_size();
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();

    Builder() { stack_.reset(); }
    json::value release() { return stack_.release(); }
    const std::string& duplicate() const { return duplicate_; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        keys_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t members, error_code&) {
        keys_.pop_back();
        stack_.push_object(members);
        return true;
    }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t elements, error_code&) {
        stack_.push_array(elements);
        return true;
    }
    bool on_key_part(json::string_view text, std::size_t, error_code&) {
        key_.append(text.data(), text.size());
        stack_.push_chars(text);
        return true;
    }
    bool on_key(json::string_view text, std::size_t, error_code& error) {
        key_.append(text.data(), text.size());
        stack_.push_key(text);
        const bool fresh = keys_.back().insert(key_).second;
        if (!fresh) {
            duplicate_ = key_;
            error = json::make_error_code(json::error::syntax);
        }
        key_.clear();
        return fresh;
    }
    bool on_string_part(json::string_view text, std::size_t, error_code&) {
        stack_.push_chars(text);
        return true;
    }
    bool on_string(json::string_view text, std::size_t, error_code&) {
        stack_.push_string(text);
        return true;
    }
    bool on_number_part(json::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, error_code&) {
        stack_.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, json::string_view, error_code&) {
        stack_.push_uint64(number);
        return true;
    }
    bool on_double(double number, json::string_view, error_code&) {
        stack_.push_double(number);
        return true;
    }
    bool on_bool(bool value, error_code&) {
        stack_.push_bool(value);
        return true;
    }
    bool on_null(error_code&) {
        stack_.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

  private:
    json::value_stack stack_;
    std::vector<std::unordered_set<std::string>> keys_; // of the open objects
    std::string key_;                                   // read so far
    std::string duplicate_;
};

json::parse_options options() {
    json::parse_options out;
    out.max_depth = deepest_body;
    return out;
}

std::string sentence(const error_code& error, const Builder& builder) {
    if (!builder.duplicate().empty())
        return fmt::format("the key \"{}\" stands twice in one object; keep one of them",
                           builder.duplicate().substr(0, 60));
    if (error == json::error::too_deep)
        return fmt::format("nested deeper than {} levels", deepest_body);
    if (error == json::error::incomplete)
        return "the JSON text ends too early";
    if (error == json::error::extra_data)
        return "something follows after the end of the JSON value; send one value";
    return "this is no JSON in UTF-8 (" + error.message() + ")";
}

class Parser {
  public:
    // False: an error lies in this block, or the text was complete before it.
    bool feed(std::string_view block) {
        const auto used = parser_.write_some(true, block.data(), block.size(), error_);
        if (!error_ && used < block.size())
            error_ = json::make_error_code(json::error::extra_data);
        return !error_;
    }
    bool finish() {
        parser_.write_some(false, "", 0, error_);
        return !error_;
    }
    json::value release() { return parser_.handler().release(); }
    std::string sentence() { return api::sentence(error_, parser_.handler()); }

  private:
    json::basic_parser<Builder> parser_{options()};
    error_code error_;
};

constexpr std::size_t block_size = 4096;

// The parser does not tell where it stopped: the block that it did not like is given to another one
// byte by byte.
JsonError locate(std::string_view text, std::size_t block) {
    Parser parser;
    for (std::size_t at = 0; at < block; at += block_size)
        parser.feed(text.substr(at, block_size));
    for (auto at = block; at < text.size(); ++at)
        if (!parser.feed(text.substr(at, 1)))
            return {at, parser.sentence()};
    parser.finish();
    return {text.size(), parser.sentence()};
}

} // namespace

std::expected<json::value, JsonError> parse_json(std::string_view text) {
    Parser parser;
    for (std::size_t at = 0; at < text.size(); at += block_size)
        if (!parser.feed(text.substr(at, block_size)))
            return std::unexpected(locate(text, at));
    if (!parser.finish())
        return std::unexpected(JsonError{text.size(), parser.sentence()});
    return parser.release();
}

} // namespace ringwall::api
