// A set of identity numbers: CRoaring's bitmap as a value.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct roaring_bitmap_s;

namespace ringwall::compute {

// A moved-from Bitmap may only be destroyed or assigned to.
class Bitmap {
  public:
    Bitmap();
    Bitmap(const Bitmap&);
    Bitmap(Bitmap&&) noexcept = default;
    Bitmap& operator=(const Bitmap&);
    Bitmap& operator=(Bitmap&&) noexcept = default;
    ~Bitmap() = default;

    void add(std::uint32_t number);
    void remove(std::uint32_t number);
    bool contains(std::uint32_t number) const;
    bool empty() const;
    std::uint64_t size() const;
    std::vector<std::uint32_t> numbers() const; // rising

    Bitmap& operator|=(const Bitmap&);
    Bitmap& operator&=(const Bitmap&);
    Bitmap& operator-=(const Bitmap&);
    bool operator==(const Bitmap&) const;
    bool intersects(const Bitmap&) const;

  private:
    friend Bitmap union_of(std::span<const Bitmap* const>);
    struct Free {
        void operator()(roaring_bitmap_s*) const;
    };
    explicit Bitmap(roaring_bitmap_s* made);
    std::unique_ptr<roaring_bitmap_s, Free> bits_;
};

Bitmap union_of(std::span<const Bitmap* const> parts);
Bitmap intersection(Bitmap a, const Bitmap& b);
Bitmap difference(Bitmap a, const Bitmap& b);

} // namespace ringwall::compute
