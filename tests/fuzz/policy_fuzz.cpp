// Arbitrary bytes as a policy file: refused with places, or a policy that check() can look at.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/policy/check.h"
#include "control/policy/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto policy = ringwall::policy::load_text(text, "input");
    if (policy) {
        ringwall::policy::check(*policy);
        return 0;
    }
    if (policy.error().empty())
        std::abort();
    for (const auto& problem : policy.error())
        if (problem.place.file != "input" || problem.message.empty())
            std::abort();
    return 0;
}
