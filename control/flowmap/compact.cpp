#include "control/flowmap/compact.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "control/flowmap/span_row.h"
#include "control/store/connection.h"

namespace ringwall::flowmap {
namespace {

using store::Connection;

constexpr auto gone = std::numeric_limits<std::uint32_t>::max();
using Numbers32 = std::vector<std::uint32_t>; // by old number: the new one, or `gone`

std::size_t count(Connection& connection, const char* sql) {
    return static_cast<std::size_t>(connection.integer(sql));
}

template <typename Each>
void each_span(Connection& connection, const Each& each) {
    auto spans = connection.query("SELECT id, numbers FROM span ORDER BY id");
    while (spans.step())
        each(spans.integer(0), spans.text(1));
}

// Numbers what is marked in order; the others are gone.
std::size_t number(Numbers32& marks) {
    std::uint32_t next = 0;
    for (auto& mark : marks)
        mark = mark == gone ? gone : next++;
    return next;
}

Numbers32 used_edges(Connection& connection, std::size_t edges) {
    Numbers32 out(edges, gone);
    each_span(connection, [&](std::int64_t key, const std::string& bytes) {
        decode_span(bytes, time_of_key(key), [&](EdgeId edge, const Numbers&) {
            if (edge < out.size())
                out[edge] = 0;
        });
    });
    return out;
}

Numbers32 used_sides(Connection& connection, const Numbers32& edges) {
    Numbers32 out(count(connection, "SELECT count(*) FROM side"), gone);
    auto rows = connection.query("SELECT id, source, destination FROM edge");
    while (rows.step())
        if (rows.number(0) < edges.size() && edges[rows.number(0)] != gone)
            for (const auto side : {rows.number(1), rows.number(2)})
                if (side < out.size())
                    out[side] = 0;
    return out;
}

// New numbers are never above the old ones, so that in order nothing is in the way.
void renumber_rows(Connection& connection, const Numbers32& edges, const Numbers32& sides) {
    for (std::size_t old = 0; old < sides.size(); ++old)
        if (sides[old] == gone)
            connection.run("DELETE FROM side WHERE id = ?1", old);
        else if (sides[old] != old)
            connection.run("UPDATE side SET id = ?2 WHERE id = ?1", old, sides[old]);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ends(edges.size());
    {
        auto rows = connection.query("SELECT id, source, destination FROM edge");
        while (rows.step())
            if (rows.number(0) < ends.size())
                ends[rows.number(0)] = {rows.number(1), rows.number(2)};
    }
    for (std::size_t old = 0; old < edges.size(); ++old)
        if (edges[old] == gone)
            connection.run("DELETE FROM edge WHERE id = ?1", old);
        else if (ends[old].first >= sides.size() || ends[old].second >= sides.size())
            store::fail(store::Errc::corrupt, "an edge has an end that is not there");
        else
            connection.run("UPDATE edge SET id = ?2, source = ?3, destination = ?4 WHERE id = ?1",
                           old, edges[old], sides[ends[old].first], sides[ends[old].second]);
}

void renumber_spans(Connection& connection, const Numbers32& edges) {
    std::vector<std::int64_t> keys;
    {
        auto rows = connection.query("SELECT id FROM span");
        while (rows.step())
            keys.push_back(rows.integer(0));
    }
    for (const auto key : keys) {
        Totals totals;
        {
            auto row = connection.query("SELECT numbers FROM span WHERE id = ?1", key);
            if (!row.step())
                continue;
            decode_span(row.text(0), time_of_key(key), [&](EdgeId edge, const Numbers& numbers) {
                if (edge < edges.size())
                    totals.emplace(edges[edge], numbers);
            });
        }
        connection.run("UPDATE span SET numbers = ?2 WHERE id = ?1", key,
                       store::Blob{encode(totals, time_of_key(key))});
    }
}

} // namespace

std::size_t remove_unused_edges(Connection& connection, std::size_t worthwhile) {
    const auto known = count(connection, "SELECT count(*) FROM edge");
    if (known <= worthwhile)
        return 0;
    store::Transaction transaction(connection, store::Transaction::Kind::writing);
    auto edges = used_edges(connection, known);
    auto sides = used_sides(connection, edges);
    const auto kept = number(edges);
    number(sides);
    if (known - kept < known / 4)
        return 0;
    renumber_rows(connection, edges, sides);
    renumber_spans(connection, edges);
    transaction.commit();
    return known - kept;
}

} // namespace ringwall::flowmap
