#include "control/app/restore.h"

#include <fmt/format.h>

#include "control/store/store.h"

namespace ringwall::app {

std::expected<void, std::string> restore(const std::string& backup, const std::string& data_dir) {
    const auto database = data_dir + "/policy.db";
    if (auto done = store::restore_sqlite(backup, database); !done)
        return std::unexpected(done.error().message);
    fmt::print("{} is in place; what was there before is {}.before-restore\n", database, database);
    return {};
}

} // namespace ringwall::app
