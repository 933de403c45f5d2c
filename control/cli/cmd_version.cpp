#include <boost/json/object.hpp>

#include "control/cli/output.h"
#include "control/cli/subcommands.h"

namespace ringwall::cli {
namespace {

Result<void> run(const Arguments& arguments) {
    if (arguments.json())
        print_json(boost::json::object{{"version", RINGWALL_VERSION}, {"compiler", __VERSION__}});
    else
        print("ringwall " RINGWALL_VERSION "\n");
    return {};
}

} // namespace

const Command version_command{"version", "Version of this program", "", "", {}, run};

} // namespace ringwall::cli
