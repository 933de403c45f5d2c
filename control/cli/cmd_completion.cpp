#include "control/cli/output.h"
#include "control/cli/subcommands.h"

namespace ringwall::cli {
namespace {

// Thin on purpose: `ringwall __complete WORDS...` knows the answers.
constexpr const char* bash_script = R"sh(# bash completion for ringwall
_ringwall() {
    local line
    COMPREPLY=()
    while IFS=$'\t' read -r line _; do
        COMPREPLY+=("$(printf %q "$line")")
    done < <(ringwall __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    if [ ${#COMPREPLY[@]} -eq 0 ]; then
        compopt -o default
    fi
}
complete -F _ringwall ringwall
)sh";

constexpr const char* zsh_script = R"sh(#compdef ringwall
_ringwall() {
    local -a candidates
    local line
    while IFS= read -r line; do
        candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done < <(ringwall __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( ${#candidates} )); then
        _describe -t ringwall ringwall candidates
    else
        _files
    fi
}
if [ "$funcstack[1]" = _ringwall ]; then
    _ringwall "$@"
else
    compdef _ringwall ringwall
fi
)sh";

constexpr const char* fish_script = R"sh(# fish completion for ringwall
function __ringwall_complete
    set -l words (commandline -opc) (commandline -ct)
    ringwall __complete $words[2..-1] 2>/dev/null
end
complete -c ringwall -a '(__ringwall_complete)'
)sh";

Result<void> run(const Arguments& arguments) {
    const auto& shell = arguments.operand;
    const char* script = shell == "bash"   ? bash_script
                         : shell == "zsh"  ? zsh_script
                         : shell == "fish" ? fish_script
                                           : nullptr;
    if (!script)
        return std::unexpected(Error{Exit::usage, "completion takes bash, zsh or fish"});
    print(script);
    return {};
}

} // namespace

const Command completion_command{
    "completion",
    "Print the completion script of a shell",
    "  ringwall completion bash > /usr/share/bash-completion/completions/ringwall\n"
    "  ringwall completion zsh > /usr/share/zsh/vendor-completions/_ringwall\n"
    "  ringwall completion fish > /usr/share/fish/vendor_completions.d/ringwall.fish",
    "SHELL",
    {},
    run};

} // namespace ringwall::cli
