#include "control/cli/map_layout.h"

#include <algorithm>

namespace ringwall::cli {
namespace {

constexpr int sweeps = 8; // of ordering; more change nothing that one sees

// Adds edges one by one and leaves out those that would close a circle.
class Acyclic {
  public:
    explicit Acyclic(std::size_t nodes) : next_(nodes), column_(nodes, 0) {}

    void add(std::size_t from, std::size_t to) {
        if (from == to || reaches(to, from))
            return;
        next_[from].push_back(to);
        push(from);
    }
    const std::vector<std::size_t>& columns() const { return column_; }

  private:
    bool reaches(std::size_t from, std::size_t to) const {
        std::vector<bool> seen(next_.size(), false);
        std::vector<std::size_t> open{from};
        while (!open.empty()) {
            const auto node = open.back();
            open.pop_back();
            if (node == to)
                return true;
            if (seen[node])
                continue;
            seen[node] = true;
            open.insert(open.end(), next_[node].begin(), next_[node].end());
        }
        return false;
    }
    // Whoever is behind stands at least one column further.
    void push(std::size_t first) {
        std::vector<std::size_t> open{first};
        while (!open.empty()) {
            const auto node = open.back();
            open.pop_back();
            for (const auto behind : next_[node])
                if (column_[behind] <= column_[node]) {
                    column_[behind] = column_[node] + 1;
                    open.push_back(behind);
                }
        }
    }

    std::vector<std::vector<std::size_t>> next_;
    std::vector<std::size_t> column_;
};

using Columns = std::vector<std::vector<std::size_t>>;

std::vector<double> heights(std::size_t nodes, const Columns& columns) {
    std::vector<double> out(nodes, 0);
    for (const auto& column : columns)
        for (std::size_t row = 0; row < column.size(); ++row)
            out[column[row]] = static_cast<double>(row) - static_cast<double>(column.size()) / 2;
    return out;
}

// Each node towards the middle of those it is connected with.
void settle(Columns& columns, const std::vector<std::vector<std::size_t>>& beside) {
    for (auto& column : columns) {
        const auto height = heights(beside.size(), columns);
        const auto middle = [&](std::size_t node) {
            if (beside[node].empty())
                return height[node];
            double sum = 0;
            for (const auto other : beside[node])
                sum += height[other];
            return sum / static_cast<double>(beside[node].size());
        };
        // Those with the same middle stay as they stood. (clang has no stable_sort without a
        // warning of libstdc++ 12.)
        std::vector<std::pair<std::pair<double, double>, std::size_t>> order;
        for (const auto node : column)
            order.emplace_back(std::pair{middle(node), height[node]}, node);
        std::ranges::sort(order);
        std::ranges::transform(order, column.begin(), [](const auto& each) { return each.second; });
    }
}

} // namespace

std::vector<Place> layered(std::size_t nodes, const std::vector<Arc>& arcs) {
    Acyclic graph(nodes);
    std::vector<std::vector<std::size_t>> beside(nodes);
    for (const auto& [from, to] : arcs) {
        graph.add(from, to);
        beside[from].push_back(to);
        beside[to].push_back(from);
    }
    Columns columns;
    for (std::size_t node = 0; node < nodes; ++node) {
        const auto column = graph.columns()[node];
        columns.resize(std::max(columns.size(), column + 1));
        columns[column].push_back(node);
    }
    for (int i = 0; i < sweeps; ++i)
        settle(columns, beside);
    std::vector<Place> out(nodes);
    for (std::size_t column = 0; column < columns.size(); ++column)
        for (std::size_t row = 0; row < columns[column].size(); ++row)
            out[columns[column][row]] = {column, row};
    return out;
}

} // namespace ringwall::cli
