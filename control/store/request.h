// Requests checked and put into the form in which they are compared and kept. Pure but for Failure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "control/store/values.h"

namespace ringwall::store {

// Refuses a kind that is in neither set.
void check_kind(const std::string& kind, const std::set<std::string>& immediate,
                const std::set<std::string>& provisioned);

// Names, actor, no object twice. Kinds are checked apart.
void check(const Change& change);
void check(const Author& by);

// The canonical body of each edit; nothing for a removal. Refuses what is no object.
std::vector<std::optional<std::string>> texts_of(const Change& change);

// Equal for equal requests, whoever asks and when.
std::string content_of(const Change& change, const std::vector<std::optional<std::string>>& texts);
std::string content_of(const Provision& request);
std::string content_of(const Rollback& request);

boost::json::value json_of(const Receipt& receipt);
Receipt receipt_of(const boost::json::value& json);

} // namespace ringwall::store
