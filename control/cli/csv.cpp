#include "control/cli/csv.h"

#include <algorithm>

namespace ringwall::cli {
namespace {

class CellReader {
  public:
    explicit CellReader(std::string_view text) : rest_(text) {
        if (rest_.starts_with("\xef\xbb\xbf")) // a byte order mark
            rest_.remove_prefix(3);
    }
    bool done() const { return rest_.empty(); }
    char peek() const { return rest_.empty() ? '\n' : rest_[0]; }
    Place place(const std::string& file) const { return {file, line_, column_}; }

    char take() {
        const char c = peek();
        rest_.remove_prefix(rest_.empty() ? 0 : 1);
        if (c == '\n') {
            ++line_;
            column_ = 1;
        } else {
            column_ += (c & 0xc0) != 0x80;
        }
        return c;
    }
    void skip_blanks() {
        while (!done() && (peek() == ' ' || peek() == '\t' || peek() == '\r'))
            take();
    }

    // Null: good.
    const char* cell(Cell& out) {
        skip_blanks();
        out.line = line_;
        out.column = column_;
        if (peek() == '"')
            return quoted(out);
        while (!done() && peek() != ',' && peek() != '\n')
            out.text += take();
        out.text.erase(out.text.find_last_not_of(" \t\r") + 1);
        return nullptr;
    }

  private:
    const char* quoted(Cell& out) {
        take();
        for (;;) {
            if (done())
                return "the quote that begins here is not closed; write \" at its end";
            if (const char c = take(); c != '"')
                out.text += c;
            else if (!done() && peek() == '"')
                out.text += take();
            else
                break;
        }
        skip_blanks();
        return done() || peek() == ',' || peek() == '\n'
                   ? nullptr
                   : "text stands behind a closing quote; double the quotes inside";
    }

    std::string_view rest_;
    int line_ = 1, column_ = 1;
};

} // namespace

std::expected<std::vector<CsvRow>, model::Problem> parse_csv(std::string_view text,
                                                             const std::string& file) {
    CellReader reader(text);
    std::vector<CsvRow> rows;
    CsvRow row;
    while (!reader.done()) {
        auto& cell = row.emplace_back();
        if (const char* wrong = reader.cell(cell))
            return std::unexpected(model::Problem{{file, cell.line, cell.column}, wrong});
        if (reader.take() == ',') {
            if (!reader.done())
                continue;
            row.emplace_back(); // behind the last comma of a file without a last line end
        }
        if (!std::ranges::all_of(row, [](const Cell& each) { return each.text.empty(); }))
            rows.push_back(std::move(row));
        row.clear();
    }
    return rows;
}

} // namespace ringwall::cli
