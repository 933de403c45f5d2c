#include <algorithm>

#include <fmt/format.h>

#include "agent/applied.h"
#include "common/address_bytes.h"

namespace ringwall::agent {
namespace {

std::optional<loader::Mode> mode_of(v1::Mode mode) {
    switch (mode) {
    case v1::IDLE:
        return loader::Mode::idle;
    case v1::VISIBILITY:
        return loader::Mode::visibility;
    case v1::SELECTIVE:
        return loader::Mode::selective;
    case v1::FULL:
        return loader::Mode::full;
    default:
        return std::nullopt;
    }
}

void sort_unique(std::vector<Prefix>& prefixes) {
    std::ranges::sort(prefixes);
    prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
}

class Reader {
  public:
    Reader(const v1::Snapshot& snapshot, Interner& interner, const NodeContext& node)
        : snapshot_(snapshot), interner_(interner), node_(node) {}

    Result<Desired> read() {
        if (snapshot_.format() != 1)
            return fail(
                Errc::bad_snapshot,
                fmt::format("the snapshot has format {}; this agent reads format 1: upgrade "
                            "the agent or make the snapshot again",
                            snapshot_.format()));
        read_identities();
        for (const auto step :
             {&Reader::read_lists, &Reader::read_addresses, &Reader::read_subjects})
            if (auto done = (this->*step)(); !done)
                return std::unexpected(done.error());
        out_.version = snapshot_.policy().version();
        read_staged();
        return std::move(out_);
    }

  private:
    void read_identities() {
        for (const v1::Identity& wire : snapshot_.inventory().identities()) {
            Identity identity{
                {wire.labels().begin(), wire.labels().end()}, wire.managed(), wire.workload()};
            const std::uint32_t number = interner_.identity(identity);
            interned_.identities.emplace(wire.id(), number);
            out_.identities.push_back(number);
            out_.numbers.emplace_back(number, wire.id());
        }
        std::ranges::sort(out_.identities);
        std::ranges::sort(out_.numbers);
    }

    Result<void> read_prefixes(const v1::AddressList& list,
                               const google::protobuf::RepeatedPtrField<std::string>& texts,
                               std::vector<Prefix>& out) {
        for (const std::string& text : texts) {
            const auto prefix = Prefix::parse(text);
            if (!prefix)
                return fail(Errc::bad_snapshot,
                            fmt::format("list \"{}\": \"{}\" is not a prefix; write for example "
                                        "10.0.0.0/8",
                                        list.name(), text));
            out.push_back(*prefix);
        }
        sort_unique(out);
        return {};
    }

    Result<void> read_lists() {
        if (auto done = read_lists(snapshot_.policy(), interned_); !done)
            return done;
        for (const Failsafe& failsafe : node_.failsafe)
            interned_.failsafe.push_back(failsafe_list(failsafe));
        if (!snapshot_.policy().has_staged())
            return {};
        staged_.identities = interned_.identities;
        staged_.failsafe = interned_.failsafe;
        if (auto done = read_lists(snapshot_.policy().staged(), staged_); !done)
            staging_fails(done.error().message);
        return {};
    }

    Result<void> read_lists(const v1::Policy& policy, Interned& interned) {
        for (const v1::AddressList& list : policy.lists()) {
            ListContent content;
            if (auto done = read_prefixes(list, list.prefixes(), content.prefixes); !done)
                return done;
            if (auto done = read_prefixes(list, list.exclude(), content.exclude); !done)
                return done;
            const std::uint32_t number = interner_.list(content);
            interned.lists.emplace(list.name(), number);
            out_.list_names[number].insert(list.name());
        }
        return {};
    }

    // Judged for all subjects or for none; what is in force does not depend on it.
    void read_staged() {
        if (!snapshot_.policy().has_staged())
            return;
        out_.staging = snapshot_.policy().staged().version();
        for (const v1::Subject& wire : snapshot_.policy().staged().subjects()) {
            const auto subject =
                std::ranges::find(out_.subjects, wire.workload(), &Desired::Subject::workload);
            if (subject == out_.subjects.end() || !out_.staging_trouble.empty())
                continue;
            if (auto made = Definition::make(wire, staged_, node_))
                subject->staged = *made;
            else
                staging_fails(made.error().message);
        }
        if (!out_.staging_trouble.empty())
            for (auto& subject : out_.subjects)
                subject.staged = nullptr;
    }

    void staging_fails(const std::string& why) {
        out_.staging_trouble = "what is staged cannot be judged here: " + why;
    }

    std::uint32_t failsafe_list(const Failsafe& failsafe) {
        if (failsafe.peers.empty())
            return 0;
        ListContent content{failsafe.peers, {}};
        sort_unique(content.prefixes);
        const std::uint32_t number = interner_.list(content);
        out_.list_names[number].insert("failsafe");
        return number;
    }

    // Host-local addresses are peers on their own host only.
    bool means_something_here(const v1::AddressOwner& owner) const {
        const auto& subjects = snapshot_.policy().subjects();
        return owner.host().empty() ||
               (!subjects.empty() && owner.host() == subjects[0].workload());
    }

    Result<void> read_addresses() {
        std::vector<std::pair<Address, std::uint32_t>> owners;
        std::vector<std::pair<Address, std::string>> names;
        for (const v1::AddressOwner& wire : snapshot_.inventory().addresses()) {
            const auto address = address_from_bytes(wire.address());
            if (!address)
                return fail(Errc::bad_snapshot,
                            fmt::format("the inventory has an address of {} bytes; ask the "
                                        "controller for a full snapshot",
                                        wire.address().size()));
            if (!means_something_here(wire))
                continue;
            for (const std::uint32_t id : wire.identities()) {
                const auto known = interned_.identities.find(id);
                if (known == interned_.identities.end())
                    return fail(Errc::bad_snapshot,
                                fmt::format("the inventory gives {} to identity {}, which it does "
                                            "not have; ask the controller for a full snapshot",
                                            address->text(), id));
                owners.emplace_back(*address, known->second);
            }
            for (const std::string& workload : wire.workloads())
                names.emplace_back(*address, workload);
        }
        std::vector<std::uint32_t> lists;
        for (const auto& [list, list_names] : out_.list_names)
            lists.push_back(list);
        out_.table = address_table(owners, lists, interner_);
        out_.owners = std::make_shared<OwnerNames>(std::move(names));
        return {};
    }

    Result<void> read_subjects() {
        for (const v1::Subject& wire : snapshot_.policy().subjects()) {
            const auto definition = Definition::make(wire, interned_, node_);
            if (!definition)
                return std::unexpected(definition.error());
            const auto directory = node_.cgroup_directory(wire.cgroup());
            if (!directory) {
                out_.missing.push_back(wire.workload());
                continue;
            }
            auto subject = read_subject(wire, *directory);
            if (!subject)
                return std::unexpected(subject.error());
            subject->definition = *definition;
            out_.subjects.push_back(std::move(*subject));
        }
        return {};
    }

    Result<Desired::Subject> read_subject(const v1::Subject& wire, const std::string& directory) {
        const auto mode = mode_of(wire.mode());
        const auto identity = interned_.identities.find(wire.identity());
        if (!mode || identity == interned_.identities.end())
            return fail(Errc::bad_snapshot,
                        fmt::format("workload \"{}\" has a mode or identity that the snapshot does "
                                    "not explain; upgrade the agent or make the snapshot again",
                                    wire.workload()));
        Desired::Subject out;
        out.workload = wire.workload();
        out.identity = identity->second;
        out.row.cgroup = directory;
        out.row.mode = *mode;
        out.row.loopback_events = node_.loopback_events;
        out.row.root = node_.root(directory);
        for (const std::string& bytes : wire.addresses()) {
            const auto address = address_from_bytes(bytes);
            if (!address)
                return fail(Errc::bad_snapshot,
                            fmt::format("workload \"{}\" has an address of {} bytes; make the "
                                        "snapshot again",
                                        wire.workload(), bytes.size()));
            out.row.local.push_back(*address);
        }
        return out;
    }

    const v1::Snapshot& snapshot_;
    Interner& interner_;
    const NodeContext& node_;
    Interned interned_, staged_;
    Desired out_;
};

} // namespace

OwnerNames::OwnerNames(std::vector<std::pair<Address, std::string>> owners) {
    std::ranges::sort(owners);
    for (const auto& [address, name] : owners) {
        if (rows_.empty() || rows_.back().address != address)
            rows_.push_back({address, static_cast<std::uint32_t>(text_.size()), 0});
        text_ += name;
        text_ += '\0';
        rows_.back().length = static_cast<std::uint32_t>(text_.size()) - rows_.back().offset;
    }
    rows_.shrink_to_fit();
    text_.shrink_to_fit();
}

std::vector<std::string> OwnerNames::of(const Address& address) const {
    std::vector<std::string> out;
    const auto row = std::ranges::lower_bound(rows_, address, {}, &Row::address);
    if (row == rows_.end() || row->address != address)
        return out;
    std::string_view text = std::string_view(text_).substr(row->offset, row->length);
    for (; !text.empty(); text.remove_prefix(text.find('\0') + 1))
        out.emplace_back(text.substr(0, text.find('\0')));
    return out;
}

Result<Desired> read_snapshot(const v1::Snapshot& snapshot, Interner& interner,
                              const NodeContext& node) {
    return Reader(snapshot, interner, node).read();
}

} // namespace ringwall::agent
