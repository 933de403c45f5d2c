#include "control/flows/descent.h"

#include <algorithm>
#include <utility>

namespace ringwall::flows {
namespace {

// Where an older row stands than another one.
bool older(const Cursor& one, const Cursor& other) {
    return std::pair(one.at, one.id) < std::pair(other.at, other.id);
}

} // namespace

std::unique_ptr<ChunkReader> read_chunk(const store::Query& row) {
    const ChunkHead head{row.number(0), row.number(1), row.integer(2), row.integer(3)};
    auto out = ChunkReader::read(head, row.text(4));
    if (!out)
        store::fail(store::Errc::corrupt, "summaries cannot be read");
    return out;
}

Row row_of(const ChunkReader& chunk, std::size_t index) {
    Row out;
    if (!chunk.row(index, out))
        store::fail(store::Errc::corrupt, "a summary cannot be read");
    return out;
}

Descent::Descent(store::Connection& connection, std::int64_t since_ns, Cursor from)
    : since_(since_ns), from_(from),
      chunks_(connection.query("SELECT first, count, oldest, newest, body FROM chunk"
                               " WHERE newest >= ?1 AND oldest <= ?2 ORDER BY newest DESC",
                               since_ns, from.at)) {
    step();
}

Cursor Descent::Open::top() const {
    return {chunk->at_ns(left.back()), static_cast<std::int64_t>(chunk->id(left.back()))};
}

bool Descent::is_due() const {
    return more_ && (open_.empty() || chunks_.integer(3) >= open_.front()->top().at);
}

void Descent::open_next() {
    auto open = std::make_unique<Open>();
    open->chunk = read_chunk(chunks_);
    const auto& chunk = *open->chunk;
    const auto place = [&](std::uint32_t index) {
        return Cursor{chunk.at_ns(index), static_cast<std::int64_t>(chunk.id(index))};
    };
    for (std::uint32_t index = 0; index < chunk.size(); ++index)
        if (chunk.at_ns(index) >= since_ && older(place(index), from_))
            open->left.push_back(index);
    std::ranges::sort(open->left, [&](std::uint32_t one, std::uint32_t other) {
        return older(place(one), place(other));
    });
    step();
    if (open->left.empty())
        return;
    open_.push_back(std::move(open));
    std::ranges::push_heap(open_, older, [](const auto& each) { return each->top(); });
}

bool Descent::next() {
    constexpr auto top = [](const std::unique_ptr<Open>& each) { return each->top(); };
    while (is_due())
        open_next();
    if (open_.empty())
        return false;
    std::ranges::pop_heap(open_, older, top);
    Open& newest = *open_.back();
    chunk_ = newest.chunk.get();
    index_ = newest.left.back();
    newest.left.pop_back();
    if (!newest.left.empty()) {
        std::ranges::push_heap(open_, older, top);
        return true;
    }
    finished_ = std::move(newest.chunk);
    open_.pop_back();
    return true;
}

} // namespace ringwall::flows
