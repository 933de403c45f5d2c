#include "control/cli/label_table.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "common/ip.h"
#include "control/cli/csv.h"

namespace ringwall::cli {
namespace {

namespace json = boost::json;
using Problems = std::vector<model::Problem>;

enum class Column { name, address, mode, managed, label };

Column column_of(std::string_view title) {
    return title == "name"                              ? Column::name
           : title == "address" || title == "addresses" ? Column::address
           : title == "mode"                            ? Column::mode
           : title == "managed"                         ? Column::managed
                                                        : Column::label;
}

class Table {
  public:
    Table(std::string file, const Present& present) : file_(std::move(file)), present_(present) {}

    bool read_titles(const CsvRow& row) {
        std::set<std::string> seen;
        for (const auto& cell : row) {
            if (cell.text.empty())
                fail(cell, "a column without a title; write name, address or a label key");
            else if (!seen.insert(cell.text).second)
                fail(cell, fmt::format("a second column \"{}\"; keep one", cell.text));
        }
        if (!seen.contains("name"))
            fail(row.front(), "no column \"name\": the first line must name the columns, for "
                              "example name,address,role,app,env,loc");
        titles_ = row;
        return problems_.empty();
    }

    void read_row(const CsvRow& row) {
        if (row.size() > titles_.size())
            return fail(row[titles_.size()],
                        fmt::format("{} cells, but {} columns: is a comma not in quotes?",
                                    row.size(), titles_.size()));
        LabelRow out{.line = row.front().line};
        for (std::size_t i = 0; i < row.size(); ++i)
            if (column_of(titles_[i].text) == Column::name)
                set_name(out, row[i]);
        if (out.name.empty())
            return fail(row.front(), "no name in this line");
        begin(out);
        for (std::size_t i = 0; i < row.size(); ++i)
            if (!row[i].text.empty())
                set(out, titles_[i].text, row[i]);
        finish(out, row.front());
    }

    std::expected<std::vector<LabelRow>, Problems> result() {
        if (problems_.empty())
            return std::move(rows_);
        return std::unexpected(std::move(problems_));
    }

  private:
    void fail(const Cell& cell, std::string message) {
        problems_.push_back({{file_, cell.line, cell.column}, std::move(message)});
    }
    Place at(const Cell& cell) const { return {file_, cell.line, cell.column}; }

    void set_name(LabelRow& out, const Cell& cell) {
        const auto [first, added] = lines_.emplace(cell.text, cell.line);
        if (!added)
            return fail(cell, fmt::format("\"{}\" is already in line {}; keep one", cell.text,
                                          first->second));
        out.name = cell.text;
        out.places.emplace_back("/metadata/name", at(cell));
    }

    // What is there stays; its revision lets nobody's change in between get lost.
    void begin(LabelRow& out) {
        const auto* there = present_(out.name);
        json::object metadata{{"name", out.name}};
        json::object spec;
        if (there) {
            if (const auto* old = there->if_contains("metadata"); old && old->is_object())
                if (const auto* revision = old->get_object().if_contains("revision"))
                    metadata["revision"] = *revision;
            if (const auto* old = there->if_contains("spec"); old && old->is_object())
                spec = old->get_object();
        } else {
            metadata["revision"] = 0;
            spec["managed"] = false;
        }
        out.document = {{"apiVersion", "ringwall/v1"},
                        {"kind", "Workload"},
                        {"metadata", std::move(metadata)},
                        {"spec", std::move(spec)}};
    }

    void set(LabelRow& out, const std::string& title, const Cell& cell) {
        auto& spec = out.document["spec"].as_object();
        switch (column_of(title)) {
        case Column::name:
            return;
        case Column::address:
            return set_addresses(out, spec, cell);
        case Column::mode:
            spec["mode"] = cell.text;
            out.places.emplace_back("/spec/mode", at(cell));
            return;
        case Column::managed:
            if (cell.text != "true" && cell.text != "false")
                return fail(cell, "managed is true or false");
            spec["managed"] = cell.text == "true";
            out.places.emplace_back("/spec/managed", at(cell));
            return;
        case Column::label:
            set_label(out, spec, title, cell);
        }
    }

    void set_label(LabelRow& out, json::object& spec, const std::string& key, const Cell& cell) {
        auto& labels = spec["labels"];
        if (!labels.is_object())
            labels = json::object{};
        if (cell.text == "-")
            labels.as_object().erase(key);
        else
            labels.as_object()[key] = cell.text;
        out.places.emplace_back("/spec/labels/" + key, at(cell));
    }

    void set_addresses(LabelRow& out, json::object& spec, const Cell& cell) {
        json::array list;
        for (std::string_view rest = cell.text; !rest.empty();) {
            const auto one = rest.substr(0, rest.find_first_of("; "));
            rest.remove_prefix(std::min(one.size() + 1, rest.size()));
            if (one.empty())
                continue;
            if (!Address::parse(one))
                fail(cell, fmt::format("\"{}\" is no address; write 10.0.0.1 or 2001:db8::1", one));
            list.push_back(json::string(one));
        }
        spec["addresses"] = std::move(list);
        out.places.emplace_back("/spec/addresses", at(cell));
    }

    void finish(LabelRow& out, const Cell& first) {
        auto& spec = out.document["spec"].as_object();
        if (const auto* labels = spec.if_contains("labels");
            labels && labels->is_object() && labels->get_object().empty())
            spec.erase("labels");
        if (!spec.contains("addresses") && !spec.contains("cgroup"))
            return fail(
                first,
                fmt::format("\"{}\" is not there yet and has no address here; add one", out.name));
        rows_.push_back(std::move(out));
    }

    std::string file_;
    const Present& present_;
    CsvRow titles_;
    std::map<std::string, int> lines_; // of the names
    std::vector<LabelRow> rows_;
    Problems problems_;
};

} // namespace

Place LabelRow::place(std::string_view pointer) const {
    for (const auto& [known, where] : places)
        if (pointer == known || (pointer.starts_with(known) && pointer[known.size()] == '/'))
            return where;
    return places.empty() ? Place{} : places.front().second;
}

std::expected<std::vector<LabelRow>, Problems>
read_label_table(std::string_view csv, const std::string& file, const Present& present) {
    auto rows = parse_csv(csv, file);
    if (!rows)
        return std::unexpected(Problems{rows.error()});
    if (rows->empty())
        return std::unexpected(Problems{{{file, 0, 0}, "the table is empty"}});
    Table table(file, present);
    if (table.read_titles(rows->front()))
        for (std::size_t i = 1; i < rows->size(); ++i)
            table.read_row((*rows)[i]);
    return table.result();
}

std::vector<std::string> names_in(std::string_view csv) {
    const auto rows = parse_csv(csv, {});
    std::vector<std::string> out;
    if (!rows || rows->empty())
        return out;
    const auto& titles = rows->front();
    const auto at =
        static_cast<std::size_t>(std::ranges::find(titles, "name", &Cell::text) - titles.begin());
    for (std::size_t i = 1; i < rows->size(); ++i)
        if (at < (*rows)[i].size())
            out.push_back((*rows)[i][at].text);
    return out;
}

} // namespace ringwall::cli
