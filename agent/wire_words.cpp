#include "agent/wire_words.h"

namespace ringwall::agent {

v1::Direction direction_of(loader::Direction direction) {
    switch (direction) {
    case loader::Direction::outbound:
        return v1::OUTBOUND;
    case loader::Direction::inbound:
        return v1::INBOUND;
    case loader::Direction::none:
        break;
    }
    return v1::DIRECTION_UNSPECIFIED;
}

v1::Process process_of(const Program& program, const std::string& user) {
    v1::Process out;
    out.set_path(program.path);
    out.set_name(program.path.substr(program.path.rfind('/') + 1));
    out.set_unit(program.service.empty() ? program.unit : program.service);
    out.set_container(program.container);
    out.set_user(user);
    return out;
}

} // namespace ringwall::agent
