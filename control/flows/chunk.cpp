#include "control/flows/chunk.h"

#include <algorithm>
#include <array>

namespace ringwall::flows {

void ChunkWriter::begin_part(const std::string& agent, std::int64_t received_ns) {
    auto& part = *chunk_.add_parts();
    part.set_agent(agent);
    part.set_received_ns(received_ns);
}

std::uint32_t ChunkWriter::place_of(const std::string& labels) {
    const auto [known, fresh] =
        labels_.try_emplace(labels, static_cast<std::uint32_t>(labels_.size()));
    if (fresh)
        chunk_.add_labels(labels);
    return known->second;
}

void ChunkWriter::add(const v1::FlowSummary& summary, const Labels& labels) {
    auto& part = *chunk_.mutable_parts(chunk_.parts_size() - 1);
    part.set_rows(part.rows() + 1);
    auto& summaries = *chunk_.mutable_summaries();
    const auto before = summaries.size();
    summary.AppendToString(&summaries);
    chunk_.add_length(static_cast<std::uint32_t>(summaries.size() - before));
    chunk_.add_verdict(static_cast<std::uint32_t>(summary.verdict()));
    chunk_.add_protocol(summary.protocol());
    chunk_.add_port(summary.port());
    chunk_.add_source(place_of(labels.source));
    chunk_.add_destination(place_of(labels.destination));
    times_.push_back(time_of(summary, part.received_ns()));
    head_.oldest = head_.count == 0 ? times_.back() : std::min(head_.oldest, times_.back());
    head_.newest = head_.count == 0 ? times_.back() : std::max(head_.newest, times_.back());
    ++head_.count;
}

std::string ChunkWriter::finish() {
    for (const auto at : times_)
        chunk_.add_after_ns(static_cast<std::uint64_t>(at - head_.oldest));
    times_.clear();
    auto out = chunk_.SerializeAsString();
    chunk_.Clear();
    return out;
}

std::unique_ptr<ChunkReader> ChunkReader::read(const ChunkHead& head, std::string_view bytes) {
    auto out = std::make_unique<ChunkReader>();
    out->head_ = head;
    if (!out->chunk_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
        !out->is_whole())
        return nullptr;
    out->find_rows();
    return out;
}

bool ChunkReader::is_whole() const {
    const auto known = [&](std::uint32_t place) {
        return place < static_cast<std::uint32_t>(chunk_.labels_size());
    };
    std::uint64_t rows = 0, bytes = 0;
    for (const auto& part : chunk_.parts())
        rows += part.rows();
    for (const auto length : chunk_.length())
        bytes += length;
    return rows == head_.count && bytes == chunk_.summaries().size() &&
           std::ranges::all_of(std::array{chunk_.length_size(), chunk_.after_ns_size(),
                                          chunk_.verdict_size(), chunk_.protocol_size(),
                                          chunk_.port_size(), chunk_.source_size(),
                                          chunk_.destination_size()},
                               [&](int size) { return std::cmp_equal(size, rows); }) &&
           std::ranges::all_of(chunk_.source(), known) &&
           std::ranges::all_of(chunk_.destination(), known);
}

void ChunkReader::find_rows() {
    offsets_.reserve(head_.count);
    parts_.reserve(head_.count);
    std::size_t offset = 0;
    for (const auto length : chunk_.length()) {
        offsets_.push_back(offset);
        offset += length;
    }
    for (int part = 0; part < chunk_.parts_size(); ++part)
        parts_.insert(parts_.end(), chunk_.parts(part).rows(), static_cast<std::uint32_t>(part));
}

Outline ChunkReader::outline(std::size_t index) const {
    const auto at = static_cast<int>(index);
    return {part(index).agent(), static_cast<v1::FlowVerdict>(chunk_.verdict(at)),
            chunk_.protocol(at), chunk_.port(at)};
}

bool ChunkReader::row(std::size_t index, Row& out) const {
    const auto at = static_cast<int>(index);
    const auto labels = [&](std::uint32_t place) { return chunk_.labels(static_cast<int>(place)); };
    out.id = id(index);
    out.at_ns = at_ns(index);
    out.received_ns = part(index).received_ns();
    out.agent = part(index).agent();
    out.labels = {labels(chunk_.source(at)), labels(chunk_.destination(at))};
    return out.summary.ParseFromArray(chunk_.summaries().data() + offsets_[index],
                                      static_cast<int>(chunk_.length(at)));
}

} // namespace ringwall::flows
