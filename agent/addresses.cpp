#include "agent/addresses.h"

#include <algorithm>
#include <bitset>

namespace ringwall::agent {
namespace {

enum class Kind : std::uint8_t { include, exclude, owner };

struct Node {
    Prefix prefix;
    std::uint32_t id = 0;
    Kind kind = Kind::include;
};

// What holds inside one prefix, as far as longer ones do not say otherwise.
struct Frame {
    Prefix prefix;
    std::vector<std::uint32_t> included, excluded; // lists
    std::uint32_t membership = 0;                  // of the nearest row
};

std::vector<Node> nodes_of(std::span<const std::pair<Address, std::uint32_t>> owners,
                           std::span<const std::uint32_t> lists, const Interner& interner) {
    std::vector<Node> out;
    out.reserve(owners.size());
    for (const auto& [address, identity] : owners)
        out.push_back({Prefix::host(address), identity, Kind::owner});
    for (const std::uint32_t list : lists) {
        for (const Prefix& prefix : interner.content_of(list).prefixes)
            out.push_back({prefix, list, Kind::include});
        for (const Prefix& prefix : interner.content_of(list).exclude)
            out.push_back({prefix, list, Kind::exclude});
    }
    std::ranges::sort(out, in_order, &Node::prefix);
    return out;
}

void sort_unique(std::vector<std::uint32_t>& ids) {
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

// The nodes of one prefix on top of what covers it.
std::pair<Frame, Membership> enter(const Frame* parent, std::span<const Node> nodes) {
    Frame frame = parent ? *parent : Frame{};
    frame.prefix = nodes.front().prefix;
    Membership membership;
    for (const Node& node : nodes)
        (node.kind == Kind::owner     ? membership.identities
         : node.kind == Kind::include ? frame.included
                                      : frame.excluded)
            .push_back(node.id);
    sort_unique(membership.identities);
    sort_unique(frame.included);
    sort_unique(frame.excluded);
    std::ranges::set_difference(frame.included, frame.excluded,
                                std::back_inserter(membership.lists));
    return {std::move(frame), std::move(membership)};
}

Address masked(Address address, int bits) {
    for (int i = 0; i < 16; ++i) {
        const int kept = std::clamp(bits - 8 * i, 0, 8);
        address.bytes[i] &= static_cast<std::uint8_t>(0xff00 >> kept);
    }
    return address;
}

// The rows around the present prefix of one table.
class Cover {
  public:
    explicit Cover(const AddressTable& table) : next_(table.begin()), end_(table.end()) {}

    bool done() const { return next_ == end_; }
    const Prefix& prefix() const { return next_->prefix; }
    // Moves to `prefix`, which must not be beyond prefix(). Returns its own row, if there is one.
    const AddressRow* enter(const Prefix& prefix) {
        while (!stack_.empty() && !stack_.back()->prefix.contains(prefix))
            stack_.pop_back();
        if (done() || next_->prefix != prefix)
            return nullptr;
        stack_.push_back(&*next_);
        return &*next_++;
    }
    std::uint32_t membership() const { return stack_.empty() ? 0 : stack_.back()->membership; }

  private:
    AddressTable::const_iterator next_, end_;
    std::vector<const AddressRow*> stack_;
};

} // namespace

bool in_order(const Prefix& a, const Prefix& b) {
    const bool a4 = a.address.is_v4();
    const bool b4 = b.address.is_v4();
    return a4 != b4 ? b4 : a < b;
}

AddressTable address_table(std::span<const std::pair<Address, std::uint32_t>> owners,
                           std::span<const std::uint32_t> lists, Interner& interner) {
    const std::vector<Node> nodes = nodes_of(owners, lists, interner);
    AddressTable out;
    std::vector<Frame> stack;
    for (auto from = nodes.begin(); from != nodes.end();) {
        const auto to = std::find_if(from, nodes.end(),
                                     [&](const Node& n) { return n.prefix != from->prefix; });
        while (!stack.empty() && !stack.back().prefix.contains(from->prefix))
            stack.pop_back();
        auto [frame, membership] = enter(stack.empty() ? nullptr : &stack.back(), {from, to});
        const std::uint32_t number = interner.membership(membership);
        if (number != frame.membership)
            out.push_back({frame.prefix, number, 0});
        frame.membership = number;
        if (!frame.prefix.is_host())
            stack.push_back(std::move(frame));
        from = to;
    }
    out.shrink_to_fit(); // kept as long as the policy
    return out;
}

const AddressRow* find(const AddressTable& table, const Address& address) {
    const int offset = address.is_v4() ? 96 : 0;
    for (int length = 128 - offset; length >= 0; --length) {
        const Prefix wanted{masked(address, offset + length), static_cast<std::uint8_t>(length)};
        const auto row = std::ranges::lower_bound(table, wanted, in_order, &AddressRow::prefix);
        if (row != table.end() && row->prefix == wanted)
            return &*row;
    }
    return nullptr;
}

void compare(const AddressTable& before, const AddressTable& after,
             const std::function<void(const AddressChange&)>& use) {
    Cover old(before), now(after);
    while (!old.done() || !now.done()) {
        const bool from_old = now.done() || (!old.done() && !in_order(now.prefix(), old.prefix()));
        AddressChange change;
        change.prefix = from_old ? old.prefix() : now.prefix();
        change.before = old.enter(change.prefix);
        change.after = now.enter(change.prefix);
        change.old_membership = old.membership();
        change.new_membership = now.membership();
        use(change);
    }
}

} // namespace ringwall::agent
