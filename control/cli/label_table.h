// A table of workloads and their labels (a CMDB's export) as documents. Pure.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "control/model/problem.h"

namespace ringwall::cli {

struct LabelRow {
    std::string name;
    boost::json::object document;
    int line = 0;
    std::vector<std::pair<std::string, Place>> places; // pointer -> cell
    // Of the cell that the pointer names; else of the row's name.
    Place place(std::string_view pointer) const;
};

// The document of a workload that is there; null: there is none.
using Present = std::function<const boost::json::object*(const std::string& name)>;

// Columns: name, address (several separated by spaces or semicolons), mode, managed (true, false);
// every other one is a label key. An empty cell leaves what is there, "-" removes a label.
// Workloads that are not there yet are made without agent (managed: false) unless the table says
// otherwise. All problems with line and column, or the rows.
std::expected<std::vector<LabelRow>, std::vector<model::Problem>>
read_label_table(std::string_view csv, const std::string& file, const Present& present);

// The names in the table, as far as they can be read.
std::vector<std::string> names_in(std::string_view csv);

} // namespace ringwall::cli
