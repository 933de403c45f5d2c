#include "control/cli/kernel.h"

namespace ringwall::cli {

#ifdef RINGWALL_HAVE_LOADER

Result<std::vector<loader::Feature>> host_features() {
    return loader::probe_features();
}

Result<void> detach_pins(const std::string& pin_dir, const std::string& cgroup) {
    const auto fail = [](const loader::Error& error) {
        return std::unexpected(
            Error{error.code == loader::Errc::permission ? Exit::forbidden : Exit::failed,
                  error.message});
    };
    auto where = cgroup.empty() ? loader::cgroup2_mount() : loader::Result<std::string>(cgroup);
    if (!where)
        return fail(where.error());
    loader::Options options;
    options.cgroup = *where;
    options.pin_dir = pin_dir;
    auto datapath = loader::Datapath::open(std::move(options));
    if (!datapath)
        return fail(datapath.error());
    if (auto done = (*datapath)->detach(); !done)
        return fail(done.error());
    return {};
}

#else

namespace {
const Error without{Exit::failed, "this ringwall was built without the kernel part"};
}

Result<std::vector<loader::Feature>> host_features() {
    return std::unexpected(without);
}
Result<void> detach_pins(const std::string&, const std::string&) {
    return std::unexpected(without);
}

#endif

} // namespace ringwall::cli
