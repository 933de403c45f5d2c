// Whether a policy map still holds what was written into it: an order-free sum over its rows, taken
// after each of our own writes and compared a part at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "loader/path_id.h"

namespace ringwall::loader {

struct SealedMap {
    int fd = -1;
    std::string name;
};

class Seals {
  public:
    // `secret` keys the hash of a row: who does not know it cannot write rows that add up.
    Seals(std::vector<SealedMap> maps, const Secret& secret);
    ~Seals();
    Seals(Seals&&) noexcept;
    Seals& operator=(Seals&&) noexcept;
    Seals(const Seals&) = delete;
    Seals& operator=(const Seals&) = delete;

    // What the maps hold now is what they should hold. Walks all rows.
    void renew();
    // Walks about `rows` rows further, round and round; names of maps that differ from their seal,
    // each once until renew().
    std::vector<std::string> compare(std::size_t rows);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace ringwall::loader
