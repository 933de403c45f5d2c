#include "control/store/bodies.h"

namespace ringwall::store {

Body Bodies::keep(const std::string& text) {
    const auto digest = sha256(text);
    auto known = connection_.query("SELECT id FROM body WHERE digest = ?1", digest);
    if (known.step())
        return {known.integer(0), digest};
    auto added = connection_.query("INSERT INTO body (digest, text) VALUES (?1, ?2) RETURNING id",
                                   digest, text);
    added.step();
    const Body body{added.integer(0), digest};
    while (added.step()) {
    }
    return body;
}

Body Bodies::at(std::int64_t id) {
    auto row = connection_.query("SELECT digest FROM body WHERE id = ?1", id);
    if (!row.step())
        connection_.damaged("a body is missing");
    return {id, row.digest(0)};
}

std::string Bodies::text(std::int64_t id) {
    auto row = connection_.query("SELECT text, digest FROM body WHERE id = ?1", id);
    if (!row.step())
        connection_.damaged("a body is missing");
    return checked_text(connection_, row, 0, 1);
}

std::string checked_text(const Connection& connection, const Query& row, int text, int digest) {
    auto out = row.text(text);
    if (sha256(out) != row.digest(digest))
        connection.damaged("the text of an object is not the one that was written");
    return out;
}

} // namespace ringwall::store
