#include "control/store/receipts.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace ringwall::store {
namespace {

constexpr std::int64_t day_ns = 24 * 3600 * std::int64_t{1'000'000'000};

} // namespace

std::optional<boost::json::value> Receipts::find(const Author& by, const std::string& request) {
    if (by.idempotency_key.empty())
        return std::nullopt;
    auto row = connection_.query("SELECT request, answer FROM receipt"
                                 " WHERE actor = ?1 AND key = ?2 AND time > ?3",
                                 by.actor, by.idempotency_key, by.time_ns - day_ns);
    if (!row.step())
        return std::nullopt;
    if (row.digest(0) != sha256(request))
        fail(Errc::reused_key,
             fmt::format("idempotency key '{}' was used before for another request; use a new key",
                         by.idempotency_key));
    return boost::json::parse(row.text(1));
}

void Receipts::keep(const Author& by, const std::string& request,
                    const boost::json::value& answer) {
    if (by.idempotency_key.empty())
        return;
    connection_.run("DELETE FROM receipt WHERE time <= ?1", by.time_ns - day_ns);
    connection_.run("INSERT INTO receipt (actor, key, request, answer, time)"
                    " VALUES (?1, ?2, ?3, ?4, ?5)",
                    by.actor, by.idempotency_key, sha256(request), boost::json::serialize(answer),
                    by.time_ns);
}

} // namespace ringwall::store
