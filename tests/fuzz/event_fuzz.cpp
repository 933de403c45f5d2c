// Arbitrary bytes as records of the kernel, and as the names it read: whatever they say, each
// becomes a flow whose line is JSON, or no event.
//
// Input: records, one after the other. Their first byte, modulo 4, says what follows: an event of
// the ring, a flow of udp_flows and its owner, a folded deny, the path of the programs from here
// on. What the last record lacks is zero.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include <boost/json/parse.hpp>

#include "agent/filter.h"
#include "agent/flow_text.h"
#include "agent/flows.h"
#include "loader/decode.h"
#include "loader/path_id.h"

namespace {

using namespace ringwall;

void must(bool holds) {
    if (!holds)
        std::abort();
}

class Input {
  public:
    explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    bool is_empty() const { return bytes_.empty(); }
    std::span<const std::uint8_t> take(std::size_t size) {
        const auto head = bytes_.first(std::min(size, bytes_.size()));
        bytes_ = bytes_.subspan(head.size());
        return head;
    }
    template <typename T>
    T take() {
        T value{};
        const auto bytes = take(sizeof value);
        if (!bytes.empty())
            std::memcpy(&value, bytes.data(), bytes.size());
        return value;
    }

  private:
    std::span<const std::uint8_t> bytes_;
};

// What the host would say: names that someone else chose.
class Host : public agent::Names {
  public:
    std::string path;

    agent::Party subject(std::uint32_t) const override { return {"app", {}, {}, {}, {}}; }
    agent::Party peer(std::uint32_t id, const Address&) const override {
        return id ? agent::Party{"", {{"app", path}}, {path}, {}, {}} : agent::Party{};
    }
    agent::Decision decision(const loader::Event& event) const override {
        return {loader::reason_name(event.reason), {}, {}};
    }
    agent::Program program(const loader::Event& event) const override {
        agent::Program program;
        program.path = path;
        program.unit = path;
        program.service = agent::unit_name(path);
        program.unresolved = loader::unresolved_reason(event.owner_flags);
        program.deleted = loader::was_replaced(event.owner_flags);
        return program;
    }
    std::string user(std::uint32_t uid) const override { return std::to_string(uid); }
};

void check(const loader::Event& event) {
    must(event.kind >= loader::EventKind::start && event.kind <= loader::EventKind::exe);
    must(event.verdict <= loader::Verdict::blocked);
    must(event.direction <= loader::Direction::inbound);
    must(*loader::name(event.verdict) && *loader::reason_name(event.reason));
}

class Reader {
  public:
    void read(Input& input) {
        switch (input.take<std::uint8_t>() % 4) {
        case 0: {
            const auto bytes = input.take(sizeof(rw_event));
            const auto event = loader::decode_event(bytes.data(), bytes.size());
            must(!event || bytes.size() == sizeof(rw_event));
            if (event)
                observe(*event);
            break;
        }
        case 1: {
            const auto flow = input.take<rw_socket>();
            observe(loader::decode_flow(flow, take_principal(flow.owner.principal, input),
                                        flow.owner.principal, loader::EventKind::update,
                                        flow.flow.last));
            break;
        }
        case 2: {
            const auto key = input.take<rw_fold_key>();
            const auto fold = input.take<rw_fold>();
            observe(loader::decode_fold(key, take_principal(key.principal, input), fold,
                                        static_cast<std::uint32_t>(fold.count)));
            break;
        }
        default:
            take_path(input.take<std::uint8_t>(), input);
        }
    }

  private:
    static std::optional<rw_principal> take_principal(std::uint64_t id, Input& input) {
        return id ? std::optional(input.take<rw_principal>()) : std::nullopt;
    }

    void take_path(std::size_t size, Input& input) {
        const auto bytes = input.take(size);
        const std::string text(bytes.begin(), bytes.end());
        host_.path = loader::root_first(text);
        must(loader::leaf_first(loader::root_first(loader::leaf_first(host_.path))) ==
             loader::leaf_first(host_.path));
        flows_.policy_changed(++version_); // names are asked for again
    }

    void observe(const loader::Event& event) {
        check(event);
        if (event.kind == loader::EventKind::exe)
            return;
        std::string line;
        const auto& flow = flows_.observe(event, host_, 1'700'000'000'000'000'000);
        agent::append_json(line, flow);
        boost::system::error_code error;
        const auto json = boost::json::parse(line, error);
        must(!error && json.is_object());
        must(flows_.find(flow.id) && flows_.size() <= flows_.capacity());
        (void)filter_.matches(flow);
    }

    Host host_;
    agent::FlowTable flows_{4}; // so that records are replaced
    agent::FlowFilter filter_{.labels = {{"app", "a"}}, .ports = {53}, .processes = {"x"}};
    std::uint64_t version_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input({data, size});
    Reader reader;
    while (!input.is_empty())
        reader.read(input);
    return 0;
}
