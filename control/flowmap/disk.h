// Edges and their numbers by minute, hour and day in one SQLite file (WAL). One blob for each span
// of time, written whole: a span that is folded anew takes the place of what was there.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "control/flowmap/catalog.h"
#include "control/flowmap/minute.h"
#include "control/flows/row.h"

namespace ringwall::flowmap {

enum class Span : std::uint8_t { minute, hour, day };
inline constexpr std::array spans{Span::minute, Span::hour, Span::day};

constexpr std::int64_t length_of(Span span) { // ns
    return span == Span::minute ? minute_ns : span == Span::hour ? hour_ns : day_ns;
}
constexpr Span finer(Span span) {
    return span == Span::day ? Span::hour : Span::minute;
}
constexpr Span coarser(Span span) {
    return span == Span::minute ? Span::hour : Span::day;
}
// The beginning of the span that a time lies in.
constexpr std::int64_t floor_to(std::int64_t time_ns, Span span) {
    return time_ns - time_ns % length_of(span);
}

class Disk final {
  public:
    // Fills the (empty) catalog. Errors: in_use, newer, corrupt, full, io.
    static flows::Result<std::unique_ptr<Disk>> open(const std::string& path, Catalog& catalog);
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    Disk(Disk&&) = delete;
    Disk& operator=(Disk&&) = delete;
    ~Disk();

    // Beginnings of the spans that there are.
    const std::set<std::int64_t>& kept(Span span) const;
    // Adds the numbers of one span to what is there. corrupt, io.
    flows::Result<void> read(Span span, std::int64_t at_ns, Totals& into) const;

    // Several writes, one durable transaction: all of them, or none when `commit` did not return.
    class Change {
      public:
        Change() = default;
        Change(const Change&) = delete;
        Change& operator=(const Change&) = delete;
        Change(Change&&) = delete;
        Change& operator=(Change&&) = delete;
        virtual ~Change() = default;
        virtual const std::set<std::int64_t>& kept(Span span) const = 0; // after it
        virtual flows::Result<void> put(Span span, std::int64_t at_ns, const Totals& totals) = 0;
        virtual flows::Result<void> remove(Span span, std::int64_t at_ns) = 0;
        // Every flow row up to this number is in what was put.
        virtual flows::Result<void> commit(std::uint64_t folded_through) = 0;
    };
    flows::Result<std::unique_ptr<Change>> begin();
    std::uint64_t folded_through() const;

    std::uint64_t bytes() const; // in use

  private:
    class Impl;
    class Writing;
    explicit Disk(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ringwall::flowmap
