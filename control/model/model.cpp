#include "control/model/model.h"

#include <algorithm>

namespace ringwall::model {
namespace {

template <typename T>
const T* by_name(const std::vector<T>& all, std::string_view name) {
    const auto found = std::ranges::find(all, name, &T::name);
    return found == all.end() ? nullptr : &*found;
}

} // namespace

bool ProcessSelector::empty() const {
    return path.empty() && name.empty() && unit.empty() && container.empty() && user.empty() &&
           group.empty() && sha256.empty();
}

const Workload* Policy::workload(std::string_view wanted) const {
    return by_name(workloads, wanted);
}
const Service* Policy::service(std::string_view wanted) const {
    return by_name(services, wanted);
}
const AddressList* Policy::list(std::string_view wanted) const {
    return by_name(lists, wanted);
}
const LabelGroup* Policy::group(std::string_view wanted) const {
    return by_name(groups, wanted);
}

const char* name(Mode mode) {
    switch (mode) {
    case Mode::idle:
        return "idle";
    case Mode::visibility:
        return "visibility";
    case Mode::selective:
        return "selective";
    case Mode::full:
        return "full";
    }
    return "?";
}

const char* name(Action action) {
    switch (action) {
    case Action::allow:
        return "allow";
    case Action::deny:
        return "deny";
    case Action::override_deny:
        return "override-deny";
    }
    return "?";
}

} // namespace ringwall::model
