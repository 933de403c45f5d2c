// What a policy says of a connection between two kinds of ends, known by their labels as the map
// keeps them: each kind of labels is judged as one workload in full would be. Pure.
//
// What labels do not tell is not guessed: where a rule names single workloads, or the process of an
// end is not known and matters, the opinion is unsure.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/why.h"
#include "control/compute/fleet.h"
#include "control/flowmap/edge.h"
#include "control/model/model.h"

namespace ringwall::history {

// Somebody who stands at one end. Two sides with the same kind and who are the same party.
struct Party {
    flowmap::Kind kind = flowmap::Kind::internet;
    std::string who;      // as in flowmap::Side
    bool managed = false; // an agent judges there
    auto operator<=>(const Party&) const = default;
};

struct Opinion {
    bool judged = false;  // some end has an agent
    bool blocked = false; // by one of the ends
    bool unsure = false;
    bool inbound = false; // the end that decided: the destination's
    std::string rule, reason;
};

class LabelJudge {
  public:
    // `policy`: rules and all that they name, with the workloads of now. `parties`: whoever will be
    // asked about. Error: a sentence, when this policy does not compile.
    static std::expected<LabelJudge, std::string> make(const model::Policy& policy,
                                                       const std::vector<Party>& parties);

    struct End {
        const Party* party = nullptr; // one of `parties`
        agent::ProcessFacts process;
    };
    Opinion judge(const End& source, const End& destination, std::uint8_t protocol,
                  std::uint16_t port);

  private:
    struct Stand { // who is judged in the place of a party
        std::string workload;
        Address address;
        bool named = false; // rules name single workloads that have its labels
    };
    explicit LabelJudge(compute::Fleet fleet) : fleet_(std::move(fleet)) {}
    const v1::Snapshot* snapshot_of(const std::string& workload);
    void judge_end(const End& here, const End& there, bool inbound, std::uint8_t protocol,
                   std::uint16_t port, Opinion& out);

    compute::Fleet fleet_;
    std::map<Party, Stand> stands_;
    std::map<std::string, std::unique_ptr<v1::Snapshot>> snapshots_;
};

} // namespace ringwall::history
