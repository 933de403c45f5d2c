#include "control/compute/fleet_bitmap.h"

#include <new>

#include <roaring/roaring.h>

namespace ringwall::compute {

void Bitmap::Free::operator()(roaring_bitmap_s* bits) const {
    roaring_bitmap_free(bits);
}

Bitmap::Bitmap(roaring_bitmap_s* made) : bits_(made) {
    if (!bits_)
        throw std::bad_alloc();
}

const roaring_bitmap_s* Bitmap::bits() const {
    static const Bitmap empty(roaring_bitmap_create());
    return bits_ ? bits_.get() : empty.bits_.get();
}

roaring_bitmap_s* Bitmap::own() {
    if (!bits_)
        *this = Bitmap(roaring_bitmap_create());
    return bits_.get();
}

Bitmap::Bitmap(const Bitmap& other) {
    if (other.bits_)
        *this = Bitmap(roaring_bitmap_copy(other.bits_.get()));
}

Bitmap& Bitmap::operator=(const Bitmap& other) {
    if (this != &other)
        *this = Bitmap(other);
    return *this;
}

void Bitmap::add(std::uint32_t number) {
    roaring_bitmap_add(own(), number);
}

void Bitmap::remove(std::uint32_t number) {
    if (bits_)
        roaring_bitmap_remove(bits_.get(), number);
}

bool Bitmap::contains(std::uint32_t number) const {
    return bits_ && roaring_bitmap_contains(bits_.get(), number);
}

bool Bitmap::empty() const {
    return !bits_ || roaring_bitmap_is_empty(bits_.get());
}

std::uint64_t Bitmap::size() const {
    return bits_ ? roaring_bitmap_get_cardinality(bits_.get()) : 0;
}

std::vector<std::uint32_t> Bitmap::numbers() const {
    std::vector<std::uint32_t> out(size());
    roaring_bitmap_to_uint32_array(bits(), out.data());
    return out;
}

Bitmap& Bitmap::operator|=(const Bitmap& other) {
    if (other.bits_)
        roaring_bitmap_or_inplace(own(), other.bits_.get());
    return *this;
}

// CRoaring's in-place operations do not take one bitmap twice.
Bitmap& Bitmap::operator&=(const Bitmap& other) {
    if (this != &other && bits_)
        roaring_bitmap_and_inplace(bits_.get(), other.bits());
    return *this;
}

Bitmap& Bitmap::operator-=(const Bitmap& other) {
    if (this == &other)
        *this = Bitmap();
    else if (bits_ && other.bits_)
        roaring_bitmap_andnot_inplace(bits_.get(), other.bits_.get());
    return *this;
}

bool Bitmap::operator==(const Bitmap& other) const {
    return roaring_bitmap_equals(bits(), other.bits());
}

bool Bitmap::intersects(const Bitmap& other) const {
    return bits_ && other.bits_ && roaring_bitmap_intersect(bits_.get(), other.bits_.get());
}

Bitmap union_of(std::span<const Bitmap* const> parts) {
    std::vector<const roaring_bitmap_t*> bits;
    bits.reserve(parts.size());
    for (const Bitmap* part : parts)
        bits.push_back(part->bits());
    return Bitmap(roaring_bitmap_or_many(bits.size(), bits.data()));
}

Bitmap intersection(const Bitmap& a, const Bitmap& b) {
    return Bitmap(roaring_bitmap_and(a.bits(), b.bits()));
}

Bitmap difference(const Bitmap& a, const Bitmap& b) {
    return Bitmap(roaring_bitmap_andnot(a.bits(), b.bits()));
}

} // namespace ringwall::compute
