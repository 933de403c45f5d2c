// Reads the flows of what lives, by iterator programs: over the maps themselves, or, where a host's
// security policy lets nobody iterate over a map's elements, over the files of all tasks.
#pragma once

#include <cstddef>
#include <functional>

#include "loader/datapath.h"
#include "loader/handle.h"

struct ringwall_bpf;
struct bpf_program;

namespace ringwall::loader {

class Sweeper {
  public:
    // Between opening and loading the object: which of its programs this host can have.
    static void choose(ringwall_bpf& object);

    explicit Sweeper(ringwall_bpf& object);
    // Every event once. Over files it sees sockets of this pid namespace's tasks only: one that
    // waits to be accepted is seen when it is.
    std::size_t run(const std::function<void(const Event&)>& sink);

  private:
    static std::size_t read_all(Link& link, bpf_program* program, int map,
                                const std::function<void(const Event&)>& sink);

    ringwall_bpf& object_;
    bool over_files_;
    Link sockets_, young_, files_;
};

} // namespace ringwall::loader
