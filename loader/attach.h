// Programs on a cgroup: attached by link and pinned; adopted links get new programs in place.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "loader/datapath.h"
#include "loader/pins.h"

struct ringwall_bpf;

namespace ringwall::loader {

// Attaches every hook, attribution before enforcement, so that no packet is judged without what
// the earlier hooks would have known.
Result<void> attach_all(ringwall_bpf& object, const std::string& cgroup, const Pins& pins);
// Program and hook of every link, in the order of attaching.
std::vector<std::pair<std::string, std::string>> attached_hooks();
std::vector<Attachment> attachments(const Pins& pins, const std::string& cgroup);

} // namespace ringwall::loader
