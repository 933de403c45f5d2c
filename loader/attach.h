// Programs on a cgroup: attached by link and pinned; adopted links get new programs in place.
#pragma once

#include <string>
#include <vector>

#include "loader/datapath.h"
#include "loader/pins.h"

struct ringwall_bpf;

namespace ringwall::loader {

// Attaches every hook, attribution before enforcement, so that no packet is judged without what
// the earlier hooks would have known.
Result<void> attach_all(ringwall_bpf& object, const std::string& cgroup, const Pins& pins);
std::vector<Attachment> attachments(const Pins& pins, const std::string& cgroup);

} // namespace ringwall::loader
