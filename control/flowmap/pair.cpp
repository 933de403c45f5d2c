#include "control/flowmap/pair.h"

#include <algorithm>
#include <array>

namespace ringwall::flowmap {
namespace {

using Halves = std::vector<Half>;

constexpr std::array summed{&Numbers::count,       &Numbers::bytes_out,  &Numbers::bytes_in,
                            &Numbers::packets_out, &Numbers::packets_in, &Numbers::retransmits,
                            &Numbers::refused,     &Numbers::timed_out,  &Numbers::reset};

// The part of `numbers` that belongs to `some` of its connections.
Numbers share(const Numbers& numbers, std::uint64_t some) {
    Numbers out = numbers;
    for (const auto member : summed)
        out.*member = numbers.*member / numbers.count * some +
                      numbers.*member % numbers.count * some / numbers.count;
    return out;
}

void subtract(Numbers& from, const Numbers& part) {
    for (const auto member : summed)
        from.*member -= part.*member;
}

std::uint64_t count_of(const Halves& halves) {
    std::uint64_t out = 0;
    for (const Half& half : halves)
        out += half.numbers.count;
    return out;
}

Halves by_time(Halves halves) {
    std::ranges::sort(halves, {}, [](const Half& half) { return half.numbers.last_ns; });
    return halves;
}

Halves beside(const Pair* before, const Pair* after, Halves Pair::* end) {
    Halves out;
    for (const Pair* neighbour : {before, after})
        if (neighbour)
            out.insert(out.end(), (neighbour->*end).begin(), (neighbour->*end).end());
    return by_time(std::move(out));
}

// Gives the connections of the destination's halves away, in their order; who comes when all are
// gone shares the last one.
class Served {
  public:
    explicit Served(Halves halves) : halves_(std::move(halves)) { refill(); }

    bool nobody() const { return halves_.empty(); }
    SideId who() const { return halves_[at_].own; }
    std::uint64_t take(std::uint64_t wanted) {
        const auto out = is_last() ? wanted : std::min(wanted, left_);
        left_ -= std::min(out, left_);
        return out;
    }
    void next() {
        if (left_ == 0 && !is_last()) {
            ++at_;
            refill();
        }
    }

  private:
    bool is_last() const { return at_ + 1 == halves_.size(); }
    void refill() { left_ = halves_.empty() ? 0 : halves_[at_].numbers.count; }

    Halves halves_;
    std::size_t at_ = 0;
    std::uint64_t left_ = 0;
};

void match_source(const Half& source, Served& served, const Match& out) {
    if (source.stopped || served.nobody())
        return out(source.own, source.other, source.numbers);
    Numbers left = source.numbers;
    for (;;) {
        served.next();
        const auto some = served.take(left.count);
        if (some == left.count)
            return out(source.own, served.who(), left);
        if (some == 0)
            continue; // a half without new connections
        const Numbers part = share(left, some);
        out(source.own, served.who(), part);
        subtract(left, part);
    }
}

// The destination alone was heard of in this minute: what the source's end did not count beside it.
void match_destination(const Pair& pair, const Halves& sources, std::uint64_t heard,
                       const Match& out) {
    const auto counted = count_of(sources);
    auto left = heard > counted ? heard - counted : 0;
    for (const Half& half : by_time(pair.destination))
        if (const auto some = std::min(left, half.numbers.count)) {
            out(sources.back().own, half.own, share(half.numbers, some));
            left -= some;
        }
}

} // namespace

void match(const Pair& pair, const Pair* before, const Pair* after, const Match& out) {
    if (!pair.source.empty()) {
        Served served(pair.destination.empty() ? beside(before, after, &Pair::destination)
                                               : by_time(pair.destination));
        for (const Half& source : by_time(pair.source))
            match_source(source, served, out);
        return;
    }
    const Halves sources = beside(before, after, &Pair::source);
    if (!sources.empty())
        return match_destination(
            pair, sources,
            count_of(pair.destination) + count_of(beside(before, after, &Pair::destination)), out);
    for (const Half& half : pair.destination)
        out(half.other, half.own, half.numbers);
}

} // namespace ringwall::flowmap
