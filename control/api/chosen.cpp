#include "control/api/chosen.h"

#include <algorithm>

#include <fmt/format.h>

#include "control/api/render.h"
#include "control/api/writing.h"

namespace ringwall::api {

namespace json = boost::json;

std::optional<std::vector<store::Selected>> objects_in(Fields& request, Faults& faults) {
    const json::array* objects = request.array("objects");
    if (!objects)
        return std::nullopt;
    std::vector<store::Selected> out;
    for (std::size_t i = 0; i < objects->size(); ++i) {
        Fields fields((*objects)[i], fmt::format("/objects/{}", i), faults,
                      {"kind", "name", "revision"});
        fields.require("kind");
        fields.require("name");
        const auto word = fields.text("kind");
        const auto name = fields.name("name");
        const auto revision = fields.number("revision", 0, store::draft);
        const auto* kind = word ? core::kind_of_document(*word) : nullptr;
        if (word && (!kind || !kind->provisioned))
            fields.fault("kind", "only Service, AddressList, LabelGroup and RuleSet are "
                                 "provisioned; the others act at once");
        else if (word && name)
            out.push_back({{std::string(kind->store), *name}, revision});
    }
    if (objects->empty())
        request.fault("objects", "name at least one object, or leave objects out for everything");
    return out;
}

Result<void> narrow(const Context& context, const Principal& who,
                    std::optional<std::vector<store::Selected>>& selection) {
    if (who.everywhere())
        return {};
    const auto newest = context.controller.store().newest();
    if (!newest)
        return std::unexpected(from(newest.error()));
    const auto pending = context.controller.store().changes(*newest, store::draft);
    if (!pending)
        return std::unexpected(from(pending.error()));
    std::vector<store::Selected> reachable;
    for (const auto& change : *pending)
        if (inside(who.scope, change))
            reachable.push_back({change.id, change.revision});
    if (!selection && reachable.empty())
        return std::unexpected(Problem{409, "nothing",
                                       fmt::format("nothing is pending inside {}, to which the "
                                                   "role of {} is narrowed",
                                                   text(who.scope), who.actor)});
    if (!selection) {
        selection = std::move(reachable);
        return {};
    }
    for (const auto& selected : *selection)
        if (std::ranges::find(reachable, selected.id, &store::Selected::id) == reachable.end())
            return forbidden(fmt::format("{} {} is not pending inside {}, to which the role of {} "
                                         "is narrowed",
                                         kind_word(selected.id.kind), selected.id.name,
                                         text(who.scope), who.actor));
    return {};
}

Result<void> all_inside(const Principal& who, const std::vector<store::ObjectChange>& changes) {
    for (const auto& change : changes)
        if (!inside(who.scope, change))
            return forbidden(fmt::format("{} {} would have to come with it and is outside {}, to "
                                         "which the role of {} is narrowed; ask somebody whose "
                                         "role is not",
                                         kind_word(change.id.kind), change.id.name, text(who.scope),
                                         who.actor));
    return {};
}

} // namespace ringwall::api
