// The Payments app server's snapshot, written out.
#pragma once

#include <string>

#include "common/ip.h"
#include "control/proto/policy.pb.h"

namespace ringwall::agent::testing {

inline std::string bytes(const char* text) {
    const auto address = Address::parse(text).value();
    const auto* data = reinterpret_cast<const char*>(address.bytes.data());
    return address.is_v4() ? std::string(data + 12, 4) : std::string(data, 16);
}

inline void add_identity(v1::Snapshot& snapshot, std::uint32_t id, const char* role,
                         const char* workload, const char* address) {
    auto& identity = *snapshot.mutable_inventory()->add_identities();
    identity.set_id(id);
    identity.set_managed(true);
    (*identity.mutable_labels())["role"] = role;
    (*identity.mutable_labels())["app"] = "Payments";
    (*identity.mutable_labels())["env"] = "Production";
    (*identity.mutable_labels())["loc"] = "UK";
    auto& owner = *snapshot.mutable_inventory()->add_addresses();
    owner.set_address(bytes(address));
    owner.add_identities(id);
    owner.add_workloads(workload);
}

// app-uk-1 (full): web servers may reach 8080/tcp as tomcat10.service.
inline v1::Snapshot payments() {
    v1::Snapshot snapshot;
    snapshot.set_format(1);
    snapshot.mutable_policy()->set_version(7);
    snapshot.mutable_inventory()->set_revision(3);
    add_identity(snapshot, 1, "App Server", "app-uk-1", "10.0.1.5");
    add_identity(snapshot, 2, "Web Server", "web-uk-1", "10.0.0.1");
    auto& subject = *snapshot.mutable_policy()->add_subjects();
    subject.set_workload("app-uk-1");
    subject.set_identity(1);
    subject.set_mode(v1::FULL);
    subject.add_addresses(bytes("10.0.1.5"));
    auto& rule = *subject.add_rules();
    rule.set_id("payments/web-to-app");
    rule.set_action(v1::ALLOW);
    rule.set_direction(v1::INBOUND);
    rule.mutable_peers()->add_identities(2);
    auto& service = *rule.add_services();
    service.set_protocol(6);
    auto& port = *service.add_ports();
    port.set_first(8080);
    port.set_last(8080);
    service.mutable_process()->set_unit("tomcat10.service");
    return snapshot;
}

} // namespace ringwall::agent::testing
