#include "common/time.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace ringwall {
namespace {

// What nanoseconds since 1970 hold in 64 bits, whole years of it.
constexpr int first_year = 1678, last_year = 2261;

// Takes digits and single characters from the front of a text.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    int number(std::size_t digits) {
        int out = 0;
        const auto part = rest_.substr(0, digits);
        const auto* end = part.data() + part.size();
        good_ &= part.size() == digits && std::ranges::all_of(part, is_digit) &&
                 std::from_chars(part.data(), end, out).ec == std::errc();
        rest_.remove_prefix(part.size());
        return out;
    }
    char one_of(std::string_view accepted) {
        const char c = rest_.empty() ? '\0' : rest_.front();
        good_ &= c != '\0' && accepted.contains(c);
        rest_.remove_prefix(rest_.empty() ? 0 : 1);
        return c;
    }
    void skip_fraction() {
        if (!rest_.starts_with('.'))
            return;
        rest_.remove_prefix(1);
        const auto digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        good_ &= digits > 0;
        rest_.remove_prefix(digits);
    }
    bool finished() const { return good_ && rest_.empty(); }

  private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    std::string_view rest_;
    bool good_ = true;
};

} // namespace

std::int64_t wall_clock_ns() {
    return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string rfc3339(std::int64_t ns_since_1970) {
    using namespace std::chrono;
    const auto time = floor<milliseconds>(sys_time<nanoseconds>{nanoseconds(ns_since_1970)});
    const auto whole = floor<seconds>(time);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", whole, (time - whole).count());
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    Scanner scan(text);
    const int y = scan.number(4);
    scan.one_of("-");
    const int m = scan.number(2);
    scan.one_of("-");
    const int d = scan.number(2);
    scan.one_of("Tt");
    const int hour = scan.number(2);
    scan.one_of(":");
    const int minute = scan.number(2);
    scan.one_of(":");
    const int second = scan.number(2);
    scan.skip_fraction();
    const char zone = scan.one_of("Zz+-");
    std::int64_t offset = 0;
    if (zone == '+' || zone == '-') {
        offset = scan.number(2) * 3600;
        scan.one_of(":");
        offset += scan.number(2) * 60;
    }
    const year_month_day day{year(y), month(static_cast<unsigned>(m)),
                             std::chrono::day(static_cast<unsigned>(d))};
    if (!scan.finished() || !day.ok() || y < first_year || y > last_year || hour > 23 ||
        minute > 59 || second > 60)
        return std::nullopt;
    const auto local = sys_days(day).time_since_epoch().count() * std::int64_t{86400} +
                       hour * 3600 + minute * 60 + second;
    return zone == '-' ? local + offset : local - offset;
}

} // namespace ringwall
