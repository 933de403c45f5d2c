// Parts of a policy rule in words. Pure.
#pragma once

#include <string>

#include "control/model/model.h"
#include "control/proto/policy.pb.h"

namespace ringwall::compute {

// Whom a selector means under a scope (may be null).
std::string in_full(const model::Selector& selector, const model::Scope* scope);  // "role=App"
std::string in_short(const model::Selector& selector, const model::Scope* scope); // "App of Shop"

// "/usr/bin/java", "tomcat10.service", "container web, user root"
std::string in_words(const model::ProcessSelector& process);
// One for each range of ports or type of ICMP; the process is left out.
std::vector<std::string> in_words(const v1::Service& service);

} // namespace ringwall::compute
