// Keeps what is attached and pinned as it is: holds every link and map by descriptor, so that a
// deleted pin detaches nothing, and puts back what somebody took away.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "loader/attach.h"
#include "loader/datapath.h"
#include "loader/handle.h"
#include "loader/pins.h"

struct ringwall_bpf;

namespace ringwall::loader {

class Guard {
  public:
    // Call when everything is attached and pinned. `maps`: names of the pinned maps.
    Guard(ringwall_bpf& object, std::string cgroup, const Pins& pins,
          const std::vector<std::string>& maps);

    // What is not as it was, in the order of hooks and maps; each is put back at once. What cannot
    // be is tried again each time and told once.
    std::vector<Tampering> look();

  private:
    struct Held {
        std::string name, pin; // hook or map, and its place on bpffs
        Fd fd;
        std::uint32_t id = 0;
    };
    void hold_links();
    void look_at_links(std::vector<Tampering>& found);
    void tell_once(std::vector<Tampering>& found);
    void look_at_pin(const Held& held, Tampering::What what, std::vector<Tampering>& found) const;

    ringwall_bpf& object_;
    std::string cgroup_;
    const Pins& pins_;
    std::vector<Held> links_, maps_;
    std::set<std::pair<Tampering::What, std::string>> stuck_; // told, and still not put back
};

} // namespace ringwall::loader
