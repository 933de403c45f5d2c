#include "tests/unit/session_words.h"

#include <stdexcept>

#include "control/proto/delta.h"
#include "control/proto/frame.h"

namespace ringwall::session_test {
namespace {

template <typename T>
void shuffle_one(google::protobuf::RepeatedPtrField<T>& items, Dice& dice) {
    if (items.size() > 1)
        items.SwapElements(static_cast<int>(dice.below(items.size())),
                           static_cast<int>(dice.below(items.size())));
}

// An item that `make` changes or makes, or one less, or one in another place, or one twice.
template <typename T, typename Make>
void mutate_list(google::protobuf::RepeatedPtrField<T>& items, Dice& dice, Make make) {
    const auto any = [&] { return static_cast<int>(dice.below(items.size())); };
    switch (items.empty() ? 0 : dice.below(6)) {
    case 0:
    case 1:
        make(*items.Add());
        return shuffle_one(items, dice);
    case 2:
        return make(items[any()]);
    case 3:
        return items.DeleteSubrange(any(), 1);
    case 4:
        return shuffle_one(items, dice);
    default:
        const T copy = items[any()];
        if (items.size() < 12)
            *items.Add() = copy;
    }
}

std::string number(Dice& dice, std::uint64_t end) {
    return std::to_string(dice.below(end));
}

void make_rule(v1::Rule& rule, Dice& dice) {
    rule.set_id("set/rule-" + number(dice, 8));
    rule.set_action(dice.one_in(2) ? v1::ALLOW : v1::DENY);
    rule.set_direction(dice.one_in(2) ? v1::INBOUND : v1::OUTBOUND);
    rule.mutable_peers()->add_identities(static_cast<std::uint32_t>(dice.below(100)));
}

void make_subject(v1::Subject& subject, Dice& dice) {
    subject.set_workload("w" + number(dice, 4));
    subject.set_mode(dice.one_in(2) ? v1::FULL : v1::VISIBILITY);
    mutate_list(*subject.mutable_rules(), dice, [&](v1::Rule& rule) { make_rule(rule, dice); });
}

template <typename Message, typename Actions, typename Send>
std::vector<Message> sent(const Actions& actions) {
    std::vector<Message> out;
    for (const auto& it : all<Send>(actions)) {
        wire::FrameDecoder decoder;
        decoder.feed(it.bytes);
        out.emplace_back();
        if (!wire::parse_payload(decoder.next().value().value(), out.back()))
            throw std::logic_error("not a message");
    }
    return out;
}

} // namespace

v1::Policy policy(std::uint64_t version, const std::vector<std::string>& rules) {
    v1::Policy out;
    out.set_version(version);
    auto& subject = *out.add_subjects();
    subject.set_workload("app-uk-1");
    subject.set_mode(v1::FULL);
    for (const auto& id : rules) {
        auto& rule = *subject.add_rules();
        rule.set_id(id);
        rule.set_action(v1::ALLOW);
        rule.set_direction(v1::INBOUND);
        rule.mutable_peers()->set_any(true);
    }
    return out;
}

v1::Inventory inventory(std::uint64_t revision, std::uint32_t identities) {
    v1::Inventory out;
    out.set_revision(revision);
    for (std::uint32_t id = 1; id <= identities; ++id) {
        auto& identity = *out.add_identities();
        identity.set_id(id);
        (*identity.mutable_labels())["role"] = "Web Server";
        (*identity.mutable_labels())["app"] = "Payments";
    }
    return out;
}

void mutate(v1::Policy& policy, Dice& dice) {
    policy.set_version(policy.version() + 1);
    mutate_list(*policy.mutable_subjects(), dice,
                [&](v1::Subject& subject) { make_subject(subject, dice); });
    mutate_list(*policy.mutable_lists(), dice, [&](v1::AddressList& list) {
        list.set_name("list-" + number(dice, 5));
        list.add_prefixes("10." + number(dice, 256) + ".0.0/16");
    });
}

void mutate(v1::Inventory& inventory, Dice& dice) {
    inventory.set_revision(inventory.revision() + 1);
    mutate_list(*inventory.mutable_identities(), dice, [&](v1::Identity& identity) {
        identity.set_id(static_cast<std::uint32_t>(dice.below(8) + 1));
        for (const char* key : {"role", "app", "env", "loc"})
            (*identity.mutable_labels())[key] = number(dice, 3);
    });
    mutate_list(*inventory.mutable_addresses(), dice, [&](v1::AddressOwner& owner) {
        owner.set_address(std::string("\x0a\0\0", 3) + static_cast<char>(dice.below(6)));
        owner.add_identities(static_cast<std::uint32_t>(dice.below(8) + 1));
        owner.set_host(dice.one_in(4) ? "app-uk-1" : "");
    });
}

std::string signature_of(const std::string& payload) {
    return wire::content_hash("key-1" + payload);
}

bool pinned(const v1::SignedPolicy& signed_policy) {
    return signed_policy.key_id() == "key-1" &&
           signed_policy.signature() == signature_of(signed_policy.payload());
}

v1::SignedPolicy sign(const v1::Policy& policy) {
    v1::SignedPolicy out;
    out.set_key_id("key-1");
    out.set_payload(wire::canonical(policy));
    out.set_signature(signature_of(out.payload()));
    return out;
}

fleet::ReleaseRef release(const v1::Policy& policy) {
    const auto content = wire::canonical(policy);
    return std::make_shared<const fleet::Release>(fleet::Release{
        policy.version(), content, wire::content_hash(content), "key-1", signature_of(content)});
}

fleet::ReleaseRef release(const v1::Inventory& inventory) {
    const auto content = wire::canonical(inventory);
    return std::make_shared<const fleet::Release>(
        fleet::Release{inventory.revision(), content, wire::content_hash(content), "", ""});
}

v1::FlowBatch batch(std::uint64_t first_id, std::uint64_t summaries) {
    v1::FlowBatch out;
    for (std::uint64_t i = 0; i < summaries; ++i)
        out.add_summaries()->set_count(first_id + i);
    return out;
}

std::vector<v1::ToController> messages(const std::vector<agent::Action>& actions) {
    return sent<v1::ToController, std::vector<agent::Action>, agent::action::Send>(actions);
}

std::vector<v1::ToAgent> messages(const std::vector<fleet::Action>& actions) {
    return sent<v1::ToAgent, std::vector<fleet::Action>, fleet::action::Send>(actions);
}

std::string frame(const google::protobuf::MessageLite& message) {
    return wire::encode_frame(message).value();
}

} // namespace ringwall::session_test
