# shellcheck shell=sh
# What the stories of this folder share: the wire, the agent on the whole host, and checks.
#
#   root namespace, the protected host            namespace "outside", cgroup /outside
#   10.99.0.1 fd99::1 ────────── veth ────────── 10.99.0.2 fd99::2   friend: the policy knows it
#   agent on the cgroup root                      10.99.0.3 fd99::3   stranger
#
# Working directory: the build tree. The story gives policy() and calls begin first.
set -eu

host4=10.99.0.1 friend4=10.99.0.2 stranger4=10.99.0.3
host6=fd99::1 friend6=fd99::2 stranger6=fd99::3
root=/sys/fs/cgroup
probe=$PWD/tests/vm/vm_probe
RINGWALL_SOCKET=/run/ringwall/agent.sock
export RINGWALL_SOCKET
dir='' agent='' checks='' wanted=0 units=''

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

begin() {
    # An agent on the cgroup root would judge everything that runs there.
    [ "$(cat /proc/sys/kernel/hostname)" = ringwall-vm ] || fail "run this with vmtests/run"
    dir=$(mktemp -d)
    trap finish EXIT
    trap 'exit 1' INT TERM HUP
    make_unit outside
    ip netns add outside
    ip link add rw-inside type veth peer name rw-outside netns outside
    add_addresses ip rw-inside "$host4/24" "$host6/64"
    add_addresses "ip -n outside" rw-outside "$friend4/24" "$stranger4/24" "$friend6/64" "$stranger6/64"
    outside sysctl -qw net.ipv4.ping_group_range='0 0'
    # Silence must be the policy's: no error is withheld because there were many.
    sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
    : >"$dir/agent.log"
    : >"$dir/flows.jsonl"
    : >"$dir/checks"
}

finish() {
    status=$?
    trap - EXIT
    set +e
    [ "$status" = 0 ] || tail -n 40 "$dir/agent.log" "$dir/flows.jsonl" >&2
    stop_agent
    for unit in $units; do
        end "$unit"
    done
    wait
    ip link delete rw-inside 2>/dev/null
    ip netns delete outside 2>/dev/null
    for unit in $units; do
        rmdir "$root/$unit"
    done
    rm -r "$dir"
    exit "$status"
}

add_addresses() {
    ip=$1 link=$2
    shift 2
    for address in "$@"; do
        case $address in
        *:*) $ip address add "$address" dev "$link" nodad ;;
        *) $ip address add "$address" dev "$link" ;;
        esac
    done
    $ip link set "$link" up
}

# make_unit CGROUP: below the root; removed at the end, with what runs in it.
make_unit() {
    mkdir -p "$root/$1"
    units="$1 $units"
}

# end CGROUP: its processes are killed.
end() {
    while read -r pid; do
        kill -9 "$pid"
    done <"$root/$1/cgroup.procs"
}

# as CGROUP COMMAND...: runs it there.
as() {
    unit=$root/$1
    shift
    # shellcheck disable=SC2016
    sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$unit" "$@"
}

# outside COMMAND...: runs it at the other end of the wire.
outside() {
    as outside nsenter --net=/run/netns/outside "$@"
}

start_agent() {
    policy "$@" >"$dir/policy.yaml"
    agent/ringwall-agent run --policy "$dir/policy.yaml" --as host --cgroup "$root" \
        --state-dir "$dir/state" --flow-log "$dir/flows.jsonl" >>"$dir/agent.log" 2>&1 &
    agent=$!
    control/cli/ringwall status --wait 120 >"$dir/status" || fail "the agent does not answer"
}

# Nothing of it is left in the kernel.
stop_agent() {
    [ -n "$agent" ] || return 0
    control/cli/ringwall detach >/dev/null || kill -9 "$agent"
    wait "$agent" || true
    agent=''
}

# change ARGUMENT...: what policy() now says is enforced when this returns.
change() {
    : >"$dir/agent.log"
    policy "$@" >"$dir/new"
    mv "$dir/new" "$dir/policy.yaml"
    await agent.log 'is enforced' >/dev/null
}

# await FILE TEXT...: prints the line of FILE that has all of TEXT, once it is there.
await() {
    file=$1
    shift
    "$probe" await "$dir/$file" 30 "$@" || fail "no line of $file has: $*"
}

# expect WORD COMMAND...: COMMAND prints WORD. Runs beside others until `settle`.
expect() {
    wanted=$((wanted + 1))
    (
        word=$1
        shift
        got=$("$@" 2>&1) || true
        [ "$got" = "$word" ] && echo right || echo "wrong: '$*' said '$got', not '$word'"
    ) >>"$dir/checks" &
    checks="$checks $!"
}

settle() {
    # shellcheck disable=SC2086
    wait $checks
    [ "$(grep -c '^right$' "$dir/checks")" = "$wanted" ] || fail "$1: $(grep -v '^right$' "$dir/checks")"
    echo "ok: $1 ($wanted)"
    checks='' wanted=0
    : >"$dir/checks"
}
