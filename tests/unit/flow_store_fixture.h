// A store of flows in a directory of its own, and flows to put into it.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/flows/store.h"
#include "tests/unit/scratch.h"

namespace ringwall::flows::testing {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t noon = 1'790'000'000 * second;

template <typename T>
T must(Result<T> result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

inline std::unique_ptr<Store> open_at(const std::string& path, Options options = {}) {
    options.path = path;
    return must(Store::open(std::move(options)));
}

inline std::string packed(std::initializer_list<std::uint8_t> bytes) {
    return {bytes.begin(), bytes.end()};
}

// curl on web-1 connects to app-1 on 8080; `number` tells it from the others.
inline v1::FlowSummary summary(std::uint64_t number, std::int64_t at = noon) {
    v1::FlowSummary out;
    out.set_first_ns(at - second);
    out.set_last_ns(at);
    out.set_count(number);
    out.set_verdict(v1::ALLOWED);
    out.set_reason("allow");
    out.add_rules("payments/web to app");
    out.set_direction(v1::OUTBOUND);
    out.set_protocol(6);
    out.set_port(8080);
    out.set_subject("web-1");
    out.set_local(packed({10, 0, 0, 1}));
    out.set_peer(packed({10, 0, 1, 7}));
    auto& process = *out.mutable_process();
    process.set_path("/usr/bin/curl");
    process.set_unit("/system.slice/shop.service");
    return out;
}

inline const Labels web_to_app{R"({"app":"Payments","role":"Web Server"})",
                               R"({"app":"Payments","env":"Production","role":"App"})"};

// Summaries first..last of an agent, one second after the other from noon on.
inline Arrival arrival(const std::string& agent, std::uint64_t first, std::uint64_t last,
                       std::uint64_t stream = 1) {
    Arrival out{.agent = agent, .stream = stream, .received_ns = noon + 3600 * second};
    out.batch.set_first(first);
    out.batch.set_last(last);
    for (auto n = first; n <= last; ++n)
        *out.batch.add_summaries() = summary(n, noon + static_cast<std::int64_t>(n) * second);
    out.labels.assign(static_cast<std::size_t>(out.batch.summaries_size()), web_to_app);
    return out;
}

inline Arrival of(v1::FlowSummary one, Labels labels = web_to_app, std::uint64_t number = 1) {
    Arrival out{.agent = "web-1", .stream = 1, .received_ns = noon + 3600 * second};
    out.batch.set_first(number);
    out.batch.set_last(number);
    *out.batch.add_summaries() = std::move(one);
    out.labels = {std::move(labels)};
    return out;
}

inline Result<std::vector<std::uint64_t>> append(Store& store, const Arrival& arrival) {
    return store.append({&arrival, 1});
}

// FlowSummary.count of all rows, page by page.
inline std::vector<std::uint64_t> numbers(const Store& store, const Filter& filter = {},
                                          std::size_t limit = 100) {
    std::vector<std::uint64_t> out;
    PageRequest request{.limit = limit};
    for (bool more = true; more;) {
        const auto page = must(store.query(filter, request));
        EXPECT_LE(page.rows.size(), limit);
        for (const auto& row : page.rows)
            out.push_back(row.summary.count());
        request.after = page.next;
        more = !request.after.empty();
    }
    return out;
}

template <typename T>
void expect_error(const Result<T>& result, Errc code, const std::string& words) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(static_cast<int>(result.error().code), static_cast<int>(code))
        << result.error().message;
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
}

} // namespace ringwall::flows::testing
