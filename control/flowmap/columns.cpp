#include "control/flowmap/columns.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace ringwall::flowmap {
namespace {

// Format 1 had no failures. A column of zeros has no bytes.
constexpr char format = 2, without_failures = 1;
constexpr std::array plain{&Numbers::count,       &Numbers::bytes_out,  &Numbers::bytes_in,
                           &Numbers::packets_out, &Numbers::packets_in, &Numbers::retransmits,
                           &Numbers::rtt_us,      &Numbers::peers,      &Numbers::refused,
                           &Numbers::timed_out,   &Numbers::reset};
constexpr std::size_t times = 3; // columns before those: the edge, the first and the last time
constexpr std::size_t columns = times + plain.size(), columns_without_failures = columns - 3;

void put(std::string& out, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7)
        out += static_cast<char>(number | 0x80);
    out += static_cast<char>(number);
}

// Small whether it is a little more or a little less than zero.
std::uint64_t folded(std::int64_t number) {
    return static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
}

std::int64_t unfolded(std::uint64_t number) {
    return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

class Column {
  public:
    explicit Column(std::string_view bytes = {}) : bytes_(bytes) {}
    bool take(std::uint64_t& out) {
        out = 0;
        if (zeros_)
            return true;
        for (int shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes_.front());
            bytes_.remove_prefix(1);
            out |= std::uint64_t{byte & 0x7fU} << shift;
            if (byte < 0x80)
                return true;
        }
        return false;
    }
    bool cut(std::uint64_t length, Column& out) {
        if (length > bytes_.size())
            return false;
        out = Column(bytes_.substr(0, length));
        bytes_.remove_prefix(length);
        return true;
    }
    void be_zeros() { zeros_ = true; }
    bool empty() const { return bytes_.empty(); }

  private:
    std::string_view bytes_;
    bool zeros_ = false;
};

bool cut_columns(char written, Column& all, std::array<Column, columns>& in) {
    if (written != format && written != without_failures)
        return false;
    const auto there = written == format ? columns : columns_without_failures;
    std::array<std::uint64_t, columns> lengths{};
    for (std::size_t i = 0; i < there; ++i)
        if (!all.take(lengths[i]))
            return false;
    for (std::size_t i = 0; i < columns; ++i)
        if (i >= times && lengths[i] == 0)
            in[i].be_zeros();
        else if (!all.cut(lengths[i], in[i]))
            return false;
    return true;
}

bool read_row(std::array<Column, columns>& in, std::int64_t at_ns, std::uint64_t& edge,
              Numbers& out) {
    std::uint64_t step = 0, first = 0, length = 0;
    if (!in[0].take(step) || !in[1].take(first) || !in[2].take(length))
        return false;
    edge += step;
    out.first_ns = at_ns + unfolded(first);
    out.last_ns = out.first_ns + unfolded(length);
    for (std::size_t i = 0; i < plain.size(); ++i)
        if (!in[i + times].take(out.*plain[i]))
            return false;
    return edge <= UINT32_MAX;
}

} // namespace

std::string encode(const Totals& totals, std::int64_t at_ns) {
    std::vector<std::pair<EdgeId, const Numbers*>> rows;
    rows.reserve(totals.size());
    for (const auto& [edge, numbers] : totals)
        rows.emplace_back(edge, &numbers);
    std::ranges::sort(rows, {}, [](const auto& row) { return row.first; });
    std::array<std::string, columns> parts;
    EdgeId before = 0;
    for (const auto& [edge, numbers] : rows) {
        put(parts[0], edge - before);
        before = edge;
        put(parts[1], folded(numbers->first_ns - at_ns));
        put(parts[2], folded(numbers->last_ns - numbers->first_ns));
        for (std::size_t i = 0; i < plain.size(); ++i)
            put(parts[i + times], numbers->*plain[i]);
    }
    std::string out(1, format);
    put(out, rows.size());
    for (auto part = parts.begin() + times; part != parts.end(); ++part)
        if (std::ranges::all_of(*part, [](char byte) { return byte == 0; }))
            part->clear();
    for (const auto& part : parts)
        put(out, part.size());
    for (const auto& part : parts)
        out += part;
    return out;
}

bool decode(std::string_view bytes, std::int64_t at_ns,
            const std::function<void(EdgeId edge, const Numbers& numbers)>& each) {
    Column all(bytes.empty() ? bytes : bytes.substr(1));
    std::uint64_t rows = 0;
    std::array<Column, columns> in;
    if (bytes.empty() || !all.take(rows) || !cut_columns(bytes.front(), all, in))
        return false;
    std::uint64_t edge = 0;
    for (Numbers numbers; rows > 0; --rows) {
        if (!read_row(in, at_ns, edge, numbers))
            return false;
        each(static_cast<EdgeId>(edge), numbers);
    }
    return all.empty() && std::ranges::all_of(in, &Column::empty);
}

} // namespace ringwall::flowmap
