// A set of identity numbers: CRoaring's bitmap as a value.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct roaring_bitmap_s; // NOLINT(readability-identifier-naming): not ours

namespace ringwall::compute {

// An empty one costs no memory; a moved-from one is empty.
class Bitmap {
  public:
    Bitmap() = default;
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
    friend Bitmap intersection(const Bitmap&, const Bitmap&);
    friend Bitmap difference(const Bitmap&, const Bitmap&);
    struct Free {
        void operator()(roaring_bitmap_s*) const;
    };
    explicit Bitmap(roaring_bitmap_s* made);
    const roaring_bitmap_s* bits() const;
    roaring_bitmap_s* own();
    std::unique_ptr<roaring_bitmap_s, Free> bits_; // null: empty
};

Bitmap union_of(std::span<const Bitmap* const> parts);
Bitmap intersection(const Bitmap& a, const Bitmap& b);
Bitmap difference(const Bitmap& a, const Bitmap& b);

} // namespace ringwall::compute
