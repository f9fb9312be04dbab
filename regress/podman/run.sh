#!/bin/sh
#
# Copyright (c) 2026 The claudesec authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.


# run.sh [all | case ...]: whole sessions on podman, as root: that they run,
# what the agent and the sidecars do not reach, and that nothing stays.  The
# engine and the image are the suite's own: the image has busybox, and for
# Claude Code a program that executes its prompt.
#
# Before them cases of regress/session, with its engine and its image: those
# that are about what podman does otherwise, or with "all" every one, which
# takes half an hour.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
tmp=$(mktemp -d /tmp/claudesec-podman.XXXXXX) || exit 1
service=
nfailed=0

podman_()
{
	podman --root "$tmp/root" --runroot "$tmp/runroot" --runtime runc \
	    --cgroup-manager cgroupfs --tmpdir "$tmp/tmp" \
	    --storage-driver vfs "$@"
}

down()
{
	trap '' HUP INT TERM
	cs stop -a >/dev/null 2>&1
	daemons | xargs -r kill -9 2>/dev/null
	podman_ rm -fa -t 0 >/dev/null 2>&1
	podman_ network prune -f >/dev/null 2>&1
	[ -z "$service" ] || kill "$service"
	wait
	rm -rf "$tmp"
}

die()
{
	echo "podman: $*" >&2
	exit 1
}

daemons()
{
	for _p in /proc/[0-9]*; do
		[ "$(readlink "$_p/exe")" != "$claudesec" ] ||
		    echo "${_p#/proc/}"
	done 2>/dev/null
}

api()
{
	curl -s --unix-socket "$tmp/sock" "http://podman$1"
}

image()
{
	mkdir -p "$tmp/image/bin" "$tmp/image/etc" "$tmp/image/home/agent" \
	    "$tmp/image/tmp" "$tmp/image/workspace" &&
	chmod 1777 "$tmp/image/tmp" &&
	cp "$(command -v busybox)" "$tmp/image/bin/" &&
	for _name in cat df grep id ip ls nc nslookup sed sh sleep stat \
	    touch; do
		ln -s busybox "$tmp/image/bin/$_name" || return 1
	done &&
	cc -static -o "$tmp/image/bin/keyctl" -x c - <<-END &&
		#include <sys/syscall.h>
		#include <stdio.h>
		#include <unistd.h>
		int main(void) {
			syscall(SYS_keyctl, 0, -3, 0);
			perror("keyctl");
			return (0);
		}
	END
	printf '#!/bin/sh\nexec sh -c "$2"\n' >"$tmp/image/bin/claude" &&
	chmod 755 "$tmp/image/bin/claude" &&
	echo "agent:x:1000:1000::/home/agent:/bin/sh" \
	    >"$tmp/image/etc/passwd" &&
	tar -C "$tmp/image" -c . | podman_ import -q - claudesec/test \
	    >/dev/null
}

up()
{
	[ "$(id -u)" -eq 0 ] || die "must be root"
	for _tool in busybox curl nsenter podman runc; do
		command -v $_tool >/dev/null || die "$_tool is not installed"
	done
	mkdir -p "$tmp/ws" "$tmp/run" && chown 1000:1000 "$tmp/ws" &&
	    chmod 755 "$tmp" || exit 1
	trap down EXIT
	trap 'exit 1' HUP INT TERM
	image || die "no image"
	# not by the function, which would be a process between
	podman --root "$tmp/root" --runroot "$tmp/runroot" --runtime runc \
	    --cgroup-manager cgroupfs --tmpdir "$tmp/tmp" \
	    --storage-driver vfs system service --time 0 "unix://$tmp/sock" \
	    >"$tmp/service.log" 2>&1 &
	service=$!
	wait_for 60 api /_ping || die "podman does not answer"
	cat >"$tmp/conf" <<-END
		engine "unix://$tmp/sock"
		image "localhost/claudesec/test"
		credentials none
		agent {
			memory 256M
			home 16M
			processes 64
		}
		egress {
			pass to www.example.org
		}
	END
}

# cs COMMAND ...: from the workspace
cs()
{
	(cd "$tmp/ws" && XDG_RUNTIME_DIR=$tmp/run exec "$claudesec" \
	    -f "$tmp/conf" "$@")
}

# agent SCRIPT: its output is in $tmp/out, its status is ours
agent()
{
	cs start -- -p "$1" >"$tmp/out" 2>"$tmp/err" </dev/null
}

# hold NAME: a session that waits to be stopped
hold()
{
	cs start -n "$1" -- -p "sleep 300" >"$tmp/hold.$1" 2>&1 </dev/null &
	held=$!
	wait_for 60 runs "$1" ||
	    because "no session $1: $(cat "$tmp/hold.$1")"
}

runs()
{
	cs status | grep -q "^$1	.*running"
}

left()
{
	podman_ ps -a --format '{{.Names}}'
	podman_ volume ls --format '{{.Name}}'
	podman_ network ls --format '{{.Name}}' | grep -v '^podman$'
}

none_left()
{
	[ -z "$(left)" ]
}

# pid_of NAME: the first process of a container
pid_of()
{
	podman_ inspect -f '{{.State.Pid}}' "$1"
}

#
# The cases.
#

test_podman_status_and_streams()
{
	echo input | cs start -- -p 'cat; echo error >&2; exit 7' \
	    >"$tmp/out" 2>"$tmp/err"
	equal "status" $? 7 &&
	equal "standard output" "$(cat "$tmp/out")" input &&
	equal "standard error" "$(cat "$tmp/err")" error
}

test_podman_agent_is_confined()
{
	agent 'ls /sys/class/net; ip route; grep -E \
	    "^(Cap(Eff|Bnd|Prm)|NoNewPrivs|Seccomp|Uid):" /proc/self/status' ||
	    because "$(cat "$tmp/err")" || return 1
	equal "it has" "$(tr -s '\t\n' ' ' <"$tmp/out")" "lo Uid: 1000 1000 \
1000 1000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: \
0000000000000000 NoNewPrivs: 1 Seccomp: 2 "
}

# Podman's own profile lets this pass.
test_podman_agent_has_our_filter()
{
	agent 'keyctl 2>&1' || because "$(cat "$tmp/err")" || return 1
	equal "it heard" "$(cat "$tmp/out")" \
	    "keyctl: Operation not permitted"
}

test_podman_agent_has_its_own_namespaces()
{
	agent 'grep -v ":/$" /proc/self/cgroup; for n in cgroup ipc mnt net \
	    pid uts; do ls -l /proc/self/ns/$n; done' ||
	    because "$(cat "$tmp/err")" || return 1
	equal "control groups" "$(grep -c '^[0-9]' "$tmp/out")" 0 || return 1
	for ns in cgroup ipc mnt net pid uts; do
		! grep -qF "$(readlink /proc/self/ns/$ns)" "$tmp/out" ||
		    because "$ns is the host's" || return 1
	done
}

test_podman_agent_writes_where_it_may()
{
	agent 'touch ~/a /tmp/a /workspace/a || exit 1
	    for f in /a /etc/a /bin/a /run/claudesec/a /usr; do
	    ! touch $f 2>/dev/null || echo $f; done; stat -c %a,%u ~; umask
	    df -k ~ | grep -c 16384' || because "$(cat "$tmp/err")" || return 1
	equal "it" "$(tr '\n' ' ' <"$tmp/out")" "755,1000 0022 1 " &&
	equal "owner in the workspace" "$(stat -c %u "$tmp/ws/a")" 1000
}

# No name but the one that is passed, and no address at all.
test_podman_agent_gets_nowhere()
{
	agent 'for host in other.example.org 169.254.169.254 10.88.0.1; do
		printf "CONNECT $host:443 HTTP/1.1\r\nHost: $host\r\n\r\n" |
		    nc -w 60 127.0.0.1 3128 | sed "s/ Forb.*//;q"
		nc -w 60 $host 443 </dev/null 2>&1
	    done; :'
	equal "it heard" "$(tr -d '\r' <"$tmp/out")" "HTTP/1.1 403
nc: bad address 'other.example.org'
HTTP/1.1 403
nc: can't connect to remote host (169.254.169.254): Network is unreachable
HTTP/1.1 403
nc: can't connect to remote host (10.88.0.1): Network is unreachable"
}

# All that claudesec itself tries, seen from the host's side as well.
test_podman_check_holds()
{
	cs check >"$tmp/out" 2>"$tmp/err" </dev/null
	equal "status" $? 0 || because "$(cat "$tmp/err")"
	grep -v '^held	' "$tmp/out" >"$tmp/other"
	[ $(grep -c '^held	' "$tmp/out") -ge 100 ] ||
	    because "too few: $(grep -c '^held	' "$tmp/out")"
	! grep -q '^escaped' "$tmp/other" || because "$(cat "$tmp/other")"
}

# One listens where the other's sidecar is.
test_podman_sidecars_do_not_reach_each_other()
{
	hold one && hold two || return 1
	address=$(podman_ inspect -f \
	    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \
	    claude-two-proxy)
	one=$(pid_of claude-one-proxy)
	two=$(pid_of claude-two-proxy)
	nsenter -t "$two" -n busybox nc -ll -p 7777 -e busybox echo here &
	listener=$!
	wait_for 60 nsenter -t "$two" -n busybox nc -w 1 "$address" 7777
	reached=$?
	nsenter -t "$one" -n busybox nc -w 2 "$address" 7777 >/dev/null 2>&1
	other=$?
	kill $listener
	equal "the listener" $reached 0 || return 1
	[ $other -ne 0 ] || because "one sidecar reaches the other"
}

test_podman_network_of_another_kind_is_refused()
{
	podman_ network create claude-odd-net >/dev/null || return 1
	cs start -n odd -- -p true >"$tmp/out" 2>&1
	status=$?
	podman_ network rm claude-odd-net >/dev/null
	equal "status" $status 78 &&
	equal "it says" "$(cat "$tmp/out")" "claudesec: the network \
claude-odd-net is not as claudesec makes it (dns_enabled is true): remove it"
}

# Which has a status of its own for that.
test_podman_name_of_another_container_is_said()
{
	podman_ create --name claude-foreign localhost/claudesec/test true \
	    >/dev/null || return 1
	cs start -n foreign -- -p true >"$tmp/out" 2>&1
	status=$?
	podman_ rm claude-foreign >/dev/null
	equal "status" $status 73 &&
	equal "it says" "$(cat "$tmp/out")" "claudesec: there is another \
container claude-foreign: choose a name with -n"
}

test_podman_killed_daemon_leaves_nothing()
{
	hold one || return 1
	daemons | xargs kill -9 2>/dev/null
	wait $held
	cs stop -a >/dev/null 2>&1
	wait_for 60 none_left || because "left: $(left)"
}

# What it cannot take back any more ends with the session.
test_podman_next_daemon_changes_no_rules()
{
	cs start -d -n one -- -p "sleep 300" >"$tmp/out" 2>&1 </dev/null &&
	wait_for 60 runs one || because "no session: $(cat "$tmp/out")" ||
	    return 1
	cs pass -t 10 other.example.org one 2>"$tmp/err" ||
	    because "$(cat "$tmp/err")" || return 1
	daemons | xargs kill -9 2>/dev/null
	cs block www.example.org one >"$tmp/out" 2>&1
	equal "status" $? 69 &&
	equal "it says" "$(cat "$tmp/out")" "claudesec: the session one keeps \
its rules: with podman, only the daemon that began it can change them" ||
	    return 1
	wait_for 60 none_left || because "left: $(left)"
}

# What looks at no proxy in the environment is led to ours.
test_podman_names_lead_to_the_proxy()
{
	agent 'cat /etc/resolv.conf /etc/hosts; nslookup www.example.org' ||
	    because "$(cat "$tmp/err" "$tmp/out")" || return 1
	equal "it has" "$(grep -E '^nameserver|localhost|^Address.*[0-9]$' \
	    "$tmp/out" | tr -s ' \t\n' ' ')" "nameserver 127.0.0.1 127.0.0.1 \
localhost Address: 127.0.0.1:53 Address: 127.0.0.1 "
}

session_cases="test_claude_prints_the_answer_when_headless
    test_shell_passes_status_and_bytes test_claude_works_on_files_of_the_caller
    test_key_is_injected_again_by_the_next_daemon
    test_key_of_a_file_is_with_the_keeper_alone test_start_detached_and_attach
    test_inside_passed_host_answers test_inside_environment_is_the_sandbox_s
    test_processes_are_confined test_only_the_engine_process_has_the_engine
    test_error_engine_hangs_up test_report_tells_of_memory_that_ran_out
    test_report_tells_of_processes_that_ran_out
    test_blocked_host_is_told_in_a_terminal test_clients_curl test_clients_git
    test_port_leads_into_the_session test_share_is_only_what_is_named
    test_network_of_services test_kernel_files_are_hidden
    test_mounts_show_little_of_the_host test_status_tells_what_is_confirmed
    test_protect_every_one_of_them_counts"

# session CASE ...: those of regress/session, or all
session()
{
	ENGINE=podman sh "$top/regress/session/run.sh" "$@" >"$tmp/session"
	_status=$?
	sed 's/^[a-zA-Z]* /&session: /' "$tmp/session"
	return $_status
}

[ -x "$claudesec" ] || die "$claudesec is not there: see regress/run"
case ${1-} in
all)	session || nfailed=1
	set -- ;;
"")	session $session_cases || nfailed=1 ;;
esac
up
[ $# -gt 0 ] ||
    set -- $(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$here/run.sh")
for this_case; do
	: >"$tmp/why"
	if ! $this_case; then
		echo "FAIL $this_case: $(head -n 1 "$tmp/why")"
		sed 's/^/    /' "$tmp/why" >&2
		nfailed=$((nfailed + 1))
		cs stop -a >/dev/null 2>&1
	elif ! { cs stop -a >/dev/null 2>&1; wait_for 60 none_left; }; then
		echo "FAIL $this_case: left behind: $(left | tr '\n' ' ')"
		nfailed=$((nfailed + 1))
	else
		echo "ok $this_case"
	fi
done
[ $nfailed -eq 0 ]
