// The same questions put to the real kernel: rows written by the datapath into real maps, packets
// run through the product's programs by BPF_PROG_TEST_RUN for a socket whose owner is said.
//
// Works in a network namespace and cgroups of its own, all removed at the end.
#pragma once

#include <memory>

#include "tests/oracle/trial.h"

namespace ringwall::oracle {

// Throws std::runtime_error where this host cannot.
std::unique_ptr<Kernel> make_kernel();

} // namespace ringwall::oracle
