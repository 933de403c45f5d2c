#include "loader/kernel_maps.h"

#include "ringwall.skel.h"

namespace ringwall::loader {

#define RW_VIEW(name) name(bpf_map__fd(object.maps.name), #name)

KernelMaps::KernelMaps(const ringwall_bpf& object)
    : RW_VIEW(cgroups), RW_VIEW(subjects), RW_VIEW(rule_sets), RW_VIEW(attributes),
      RW_VIEW(classes), RW_VIEW(entries), RW_VIEW(segments), RW_VIEW(peers4), RW_VIEW(peers6),
      RW_VIEW(prefixes4), RW_VIEW(prefixes6), RW_VIEW(local4), RW_VIEW(local6),
      RW_VIEW(service_ranges4), RW_VIEW(service_ranges6), RW_VIEW(digests), RW_VIEW(exes),
      RW_VIEW(units), RW_VIEW(group_sets), RW_VIEW(principals), RW_VIEW(udp_flows), RW_VIEW(folds),
      RW_VIEW(impacts), sockets(bpf_map__fd(object.maps.sockets)),
      nursery(bpf_map__fd(object.maps.nursery)), events(bpf_map__fd(object.maps.events)),
      counters(bpf_map__fd(object.maps.counters)), control(bpf_map__fd(object.maps.control)) {}

} // namespace ringwall::loader
