// Stands in for kernel.cpp and traffic.cpp where the datapath is not built (sanitizer builds).
#include <stdexcept>

#include "tests/oracle/kernel.h"
#include "tests/oracle/traffic.h"

namespace ringwall::oracle {

namespace {
constexpr const char* sentence = "this build has no datapath; leave --kernel and --sockets out";
}

std::unique_ptr<Kernel> make_kernel() {
    throw std::runtime_error(sentence);
}
std::unique_ptr<Traffic> make_traffic(const std::string&) {
    throw std::runtime_error(sentence);
}

} // namespace ringwall::oracle
