#include "tests/oracle/vocabulary.h"

#include <algorithm>

namespace ringwall::oracle {

using namespace model;

const std::vector<Key>& label_keys() {
    static const std::vector<Key> keys{{"role", {"Web Server", "App Server", "Database"}},
                                       {"app", {"Payments", "Ordering"}},
                                       {"env", {"Production", "Development"}},
                                       {"loc", {"UK", "Germany"}},
                                       {"tier", {"1", "2"}}};
    return keys;
}

Labels random_labels(Dice& dice) {
    Labels out;
    for (const Key& key : label_keys())
        if (dice.percent(key.name == "tier" ? 40 : 85))
            out[key.name] = dice.pick(key.values);
    return out;
}

Mode random_mode(Dice& dice) {
    static const std::vector<Mode> modes{Mode::full, Mode::selective, Mode::visibility, Mode::idle};
    return modes[dice.weighted({50, 28, 16, 6})];
}

Address plus(Address address, std::uint64_t count) {
    for (int i = 15; i >= 0 && count; --i) {
        count += address.bytes[i];
        address.bytes[i] = static_cast<std::uint8_t>(count);
        count >>= 8;
    }
    return address;
}

std::size_t Dice::weighted(const std::vector<unsigned>& weights) {
    std::uint64_t sum = 0;
    for (const unsigned weight : weights)
        sum += weight;
    std::uint64_t point = below(sum);
    std::size_t index = 0;
    while (point >= weights[index])
        point -= weights[index++];
    return index;
}

const Programs& imaginary_programs() {
    static const Programs programs{
        .paths = {"/usr/sbin/named", "/opt/shop/bin/web", "/usr/bin/web", "/usr/bin/java",
                  "/usr/local/sbin/named"},
        .units = {"named.service", "web.service", "/system.slice/web.service",
                  "/user.slice/web.service", "/kubepods.slice/pod1"},
        .containers = {"shop", "cache"},
        .sha256 = {std::string(64, 'a'), std::string(64, 'b'), std::string(63, '0') + "1"},
        .unit_paths = {"/system.slice/named.service", "/system.slice/web.service",
                       "/user.slice/web.service", "/kubepods.slice/pod1", "/web.service"},
        .users = {"named", "alice", "1002", "0"},
        .groups = {"staff", "ops", "1002", "0"},
        .uids = {0, 53, 1000, 1002},
        .gids = {0, 50, 51, 1002},
        .node = {.users = {{"named", 53}, {"alice", 1000}},
                 .groups = {{"staff", 50}, {"ops", 51}}}};
    return programs;
}

} // namespace ringwall::oracle
