// What the kernels of the hosts saw of a staged draft, laid over the edges of the map. Pure.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "control/flowmap/edge.h"

namespace ringwall::history {

// What one agent told, with the labels of both ends as flowmap::text_of() writes them.
struct StagedRow {
    v1::ImpactRow row;
    std::string local, peer;
};

class StagedVerdicts {
  public:
    explicit StagedVerdicts(const std::vector<StagedRow>& rows);

    // What would be said of the edge with the draft in force: by an end that told that the draft
    // says something else, what the draft says; by any other what it reported.
    v1::FlowVerdict of(const flowmap::Edge& edge, const flowmap::Side& source,
                       const flowmap::Side& destination) const;

  private:
    // Inbound, own end, other end, service.
    using Key = std::tuple<bool, std::string, std::string, std::string, std::string, std::string,
                           flowmap::Kind, std::string, std::uint8_t, std::uint16_t>;
    static Key key(bool inbound, const flowmap::Side& own, const flowmap::Side& other,
                   std::uint8_t protocol, std::uint16_t port);
    v1::FlowVerdict at_end(const flowmap::Edge& edge, const flowmap::Side& own,
                           const flowmap::Side& other, bool inbound) const;

    std::map<Key, v1::FlowVerdict> told_;
};

} // namespace ringwall::history
