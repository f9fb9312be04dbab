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



# run.sh [case ...]: sessions on engines that run without root, podman's and
# Docker's, each started by the suite for a user of its own; that a start is
# refused where such an engine cannot bound what a session takes; and, where it
# cannot, all else with bounds.py in between, which says that it can.
#
# With DOCKER_HOST and without root: on the user's own engine, as it is.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
if [ -z "${CLAUDESEC_ROOTLESS-}" ] && [ -z "${DOCKER_HOST-}" ]; then
	# what it puts in the place of files of /etc is seen by nobody else
	exec env CLAUDESEC_ROOTLESS=1 unshare -m --propagation private \
	    sh "$here/run.sh" "$@"
fi
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
tmp=$(mktemp -d /tmp/claudesec-rootless.XXXXXX) || exit 1
uid=$(id -u)
service=
between=
engine=own
status=0

die()
{
	echo "rootless: $*" >&2
	exit 1
}

# as COMMAND ...: the user, with nothing of ours
as()
{
	if [ "$(id -u)" -ne 0 ]; then
		env XDG_RUNTIME_DIR="$tmp/run" "$@"
	else
		setpriv --reuid $uid --regid $uid --clear-groups \
		    --inh-caps=-all env -i PATH="$PATH" HOME="$tmp/home" \
		    XDG_RUNTIME_DIR="$tmp/run" USER=claudesec "$@"
	fi
}

# cs COMMAND ...: from the workspace
cs()
{
	(cd "$tmp/ws" && as "$claudesec" -f "$tmp/conf" "$@")
}

# other NAME COMMAND ...: likewise, of a daemon that has no other configuration
other()
{
	as mkdir -m 700 -p "$tmp/run/$1" &&
	(cd "$tmp/ws" && _run=$tmp/run/$1 && shift &&
	    as env XDG_RUNTIME_DIR="$_run" "$claudesec" -f "$tmp/conf" "$@")
}

daemons()
{
	for _p in /proc/[0-9]*; do
		[ "$(readlink "$_p/exe")" != "$claudesec" ] ||
		    [ "$(stat -c %u "$_p")" != $uid ] || echo "${_p#/proc/}"
	done 2>/dev/null
}

# processes: of the user, who has none but of this suite
processes()
{
	for _p in /proc/[0-9]*; do
		[ "$(stat -c %u "$_p")" != $uid ] || echo "${_p#/proc/}"
	done 2>/dev/null
}

none_run()
{
	[ -z "$(processes)" ]
}

stop_engine()
{
	[ -z "$between" ] || kill "$between" 2>/dev/null
	between=
	[ -n "$service" ] || return 0
	kill "$service" 2>/dev/null
	wait "$service" 2>/dev/null
	service=
	wait_for 5 none_run || processes | xargs -r kill -9 2>/dev/null
}

down()
{
	trap '' HUP INT TERM
	cs stop -a >/dev/null 2>&1
	stop_engine
	if [ "$(id -u)" -eq 0 ]; then
		umount /etc /dev/net/tun "$tmp/dev" 2>/dev/null
	fi
	rm -rf "$tmp"
}

image()
{
	mkdir -p "$tmp/image/bin" "$tmp/image/etc" "$tmp/image/home/agent" \
	    "$tmp/image/tmp" "$tmp/image/var/tmp" "$tmp/image/workspace" &&
	chmod 1777 "$tmp/image/tmp" "$tmp/image/var/tmp" &&
	cp "$(command -v busybox)" "$tmp/image/bin/" &&
	for _name in cat df echo env grep id ip ls nc nslookup sed sh sleep \
	    stat tr touch; do
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
	tar -C "$tmp/image" -cf "$tmp/image.tar" .
}

# The user and its range of others stand in a copy of /etc that only we see.
user()
{
	# all that runs as it is ended: another run has another
	uid=$((60000 + $$ % 5000))
	mkdir "$tmp/dev" "$tmp/home" && cp -a /etc "$tmp/etc" &&
	echo "claudesec:x:$uid:$uid::$tmp/home:/bin/sh" >>"$tmp/etc/passwd" &&
	echo "claudesec:x:$uid:" >>"$tmp/etc/group" &&
	echo "claudesec:1700000:65536" >"$tmp/etc/subuid" &&
	echo "claudesec:1700000:65536" >"$tmp/etc/subgid" &&
	# all of it: what replaces a file elsewhere would take a mount away
	mount --bind "$tmp/etc" /etc || return 1
	# where it is root's alone
	[ -e /dev/net/tun ] || { mkdir -p /dev/net &&
	    mknod -m 666 /dev/net/tun c 10 200; } || return 1
	mount -t tmpfs -o mode=755 tmpfs "$tmp/dev" &&
	mknod -m 666 "$tmp/dev/tun" c 10 200 &&
	mount --bind "$tmp/dev/tun" /dev/net/tun &&
	chown $uid:$uid "$tmp/home" "$tmp/ws" "$tmp/run"
}

up()
{
	[ -x "$claudesec" ] || die "$claudesec is not there: see regress/run"
	trap down EXIT
	trap 'exit 1' HUP INT TERM
	mkdir "$tmp/ws" "$tmp/run" && chmod 755 "$tmp" &&
	    mkdir -m 700 "$tmp/root" "$tmp/root/run" && image ||
	    die "no image"
	if [ "$(id -u)" -eq 0 ]; then
		for _tool in busybox dockerd newuidmap nsenter podman \
		    rootlesskit setpriv slirp4netns; do
			command -v $_tool >/dev/null ||
			    die "$_tool is not installed"
		done
		user || die "no user"
	fi
	chmod 700 "$tmp/run"
}

api()
{
	curl -s --unix-socket "$socket" "http://engine$1"
}

conf()
{
	cat >"$tmp/conf" <<-END
		engine "unix://$1"
		image "localhost/claudesec/rootless"
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

# start_engine: as the user, and the image in it
start_engine()
{
	socket=$tmp/run/$engine.sock
	case $engine in
	own)
		socket=${DOCKER_HOST#unix://}
		;;
	podman)
		as podman --runtime runc --storage-driver vfs system service \
		    --time 0 "unix://$socket" >"$tmp/$engine.log" 2>&1 &
		service=$!
		;;
	docker)
		as sh /usr/share/docker.io/contrib/dockerd-rootless.sh \
		    -H "unix://$socket" --storage-driver vfs \
		    >"$tmp/$engine.log" 2>&1 &
		service=$!
		;;
	esac
	wait_for 60 api /_ping || die "$engine does not answer:" \
	    "$(tail -n 3 "$tmp/$engine.log")"
	_query="fromSrc=-&repo=localhost/claudesec/rootless"
	curl -s --unix-socket "$socket" -X POST -H \
	    'Content-Type: application/x-tar' --data-binary "@$tmp/image.tar" \
	    "http://engine/v1.41/images/create?$_query" \
	    >"$tmp/import" || die "no image in $engine"
	name=$(api /v1.41/version)
	user_in=0
	case $name in
	*Podman*) user_in=$uid ;;
	esac
	conf "$socket"
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
	api '/v1.41/containers/json?all=1' | grep -o '"/claude-[^"]*"'
	api /v1.41/volumes | grep -o '"Name":"claude-[^"]*"'
	api /v1.41/networks | grep -o '"Name":"claude-[^"]*"'
}

none_left()
{
	[ -z "$(left)" ]
}

#
# The cases.
#

test_status_and_streams()
{
	echo input | cs start -- -p 'cat; echo error >&2; exit 7' \
	    >"$tmp/out" 2>"$tmp/err"
	equal "status" $? 7 && equal "standard error" "$(cat "$tmp/err")" \
	    error && equal "standard output" "$(cat "$tmp/out")" input
}

test_agent_is_confined()
{
	agent 'ls /sys/class/net; ip route; grep -E \
	    "^(Cap(Eff|Bnd|Prm)|NoNewPrivs|Seccomp|Uid):" /proc/self/status' ||
	    because "$(cat "$tmp/err")" || return 1
	equal "it has" "$(tr -s '\t\n' ' ' <"$tmp/out")" "lo Uid: $user_in \
$user_in $user_in $user_in CapPrm: 0000000000000000 CapEff: 0000000000000000 \
CapBnd: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 "
}

test_agent_has_our_filter()
{
	agent 'keyctl 2>&1' || because "$(cat "$tmp/err")" || return 1
	equal "it heard" "$(cat "$tmp/out")" \
	    "keyctl: Operation not permitted"
}

# By the kernel, where nothing stands between.
test_bounds_are_the_kernel_s()
{
	agent 'cd /sys/fs/cgroup; cat memory.max pids.max' ||
	    because "$(cat "$tmp/err")" || return 1
	equal "they are" "$(tr '\n' ' ' <"$tmp/out")" "268435456 64 "
}

# Claude Code is told where its user is called root.
test_agent_knows_that_it_is_in_a_sandbox()
{
	agent 'env | grep ^IS_SANDBOX=; :' || because "$(cat "$tmp/err")" ||
	    return 1
	_told=
	[ $user_in -ne 0 ] || _told=IS_SANDBOX=1
	equal "it is told" "$(cat "$tmp/out")" "$_told"
}

test_agent_has_its_own_namespaces()
{
	agent 'for n in cgroup ipc mnt net pid user uts; do
	    ls -l /proc/self/ns/$n; done' ||
	    because "$(cat "$tmp/err")" || return 1
	for ns in cgroup ipc mnt net pid user uts; do
		! grep -qF "$(readlink /proc/self/ns/$ns)" "$tmp/out" ||
		    because "$ns is the host's" || return 1
	done
}

# What it writes into the workspace is the user's own.
test_agent_writes_where_it_may()
{
	rm -f "$tmp/ws/a"
	agent 'touch ~/a /tmp/a /workspace/a || exit 1
	    for f in /a /etc/a /bin/a /run/claudesec/a /usr /sys/a; do
	    ! touch $f 2>/dev/null || echo $f; done
	    stat -c %u,%g /workspace; df -k ~ | grep -c 16384' ||
	    because "$(cat "$tmp/err" "$tmp/out")" || return 1
	equal "it" "$(tr '\n' ' ' <"$tmp/out")" "$user_in,$user_in 1 " &&
	equal "owner in the workspace" "$(stat -c %u,%g "$tmp/ws/a")" \
	    "$uid,$(id -g "$uid" 2>/dev/null || echo $uid)"
}

# No name but the one that is passed, and no address at all.
test_agent_gets_nowhere()
{
	agent 'for host in other.example.org 169.254.169.254 10.0.2.2; do
		printf "CONNECT $host:443 HTTP/1.1\r\nHost: $host\r\n\r\n" |
		    nc -w 60 127.0.0.1 3128 | sed "s/ Forb.*//;q"
		nc -w 60 $host 443 </dev/null 2>&1
	    done; :'
	equal "it heard" "$(tr -d '\r' <"$tmp/out")" "HTTP/1.1 403
nc: bad address 'other.example.org'
HTTP/1.1 403
nc: can't connect to remote host (169.254.169.254): Network is unreachable
HTTP/1.1 403
nc: can't connect to remote host (10.0.2.2): Network is unreachable"
}

# What looks at no proxy in the environment is led to ours.
test_names_lead_to_the_proxy()
{
	agent 'nslookup www.example.org' ||
	    because "$(cat "$tmp/err" "$tmp/out")" || return 1
	equal "it heard" "$(grep '^Address.*[0-9]$' "$tmp/out" |
	    tr -s ' \t\n' ' ')" "Address: 127.0.0.1:53 Address: 127.0.0.1 "
}

test_stopped_session()
{
	hold one || return 1
	cs stop one || because "it does not stop"
	wait $held
	equal "status" $? 143
}

test_killed_daemon_leaves_nothing()
{
	hold one || return 1
	daemons | xargs kill -9 2>/dev/null
	wait $held
	cs stop -a >/dev/null 2>&1
	wait_for 60 none_left || because "left: $(left)"
}

# of NAME FIELD: a number or an address that the engine has of a container
of()
{
	api "/v1.41/containers/$1/json" | grep -o "\"$2\":\"*[0-9.]\{2,\}" |
	    sed 's/.*[":]//;q'
}

# One listens where the other's sidecar is.
test_root_sees_sidecars_apart()
{
	hold one && hold two || return 1
	address=$(of claude-two-proxy IPAddress)
	one=$(of claude-one-proxy Pid)
	two=$(of claude-two-proxy Pid)
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

# Nothing less than what is asked for, nor what it says without the kernel.
test_refused_without_bounds()
{
	conf "$socket"
	other "unbound.$engine" start -- -p true >"$tmp/out" \
	    2>"$tmp/err" </dev/null
	_status=$?
	conf "$tmp/run/between.sock"
	equal "status" $_status 69 &&
	equal "it says" "$(cat "$tmp/err")" "claudesec: the container engine \
cannot bound memory: without root it needs $needs"
}

# The engine says that there are some, and has made none.
test_refused_without_the_kernel_s_bounds()
{
	as python3 "$here/bounds.py" "$tmp/run/honest.sock" "$socket" honest &
	_honest=$!
	wait_for 60 test -S "$tmp/run/honest.sock" || because "no bounds.py"
	conf "$tmp/run/honest.sock"
	other "honest.$engine" start -- -p 'echo it runs' >"$tmp/out" \
	    2>"$tmp/err" </dev/null
	_status=$?
	conf "$tmp/run/between.sock"
	# what is left of it goes the same way
	wait_for 60 none_left || because "left: $(left)"
	kill $_honest
	rm -f "$tmp/run/honest.sock"
	[ ! -s "$tmp/why" ] || return 1
	equal "status" $_status 71 || because "$(cat "$tmp/err")" || return 1
	equal "output" "$(cat "$tmp/out")" "" &&
	equal "it says" "$(grep inside: "$tmp/err")" "inside: memory.max is \
not bounded, whatever the container engine says: it needs control groups"
}

test_refused_to_root()
{
	mkdir -p "$tmp/root/ws"
	(cd "$tmp/root/ws" && exec env XDG_DATA_HOME="$tmp/root/data" \
	    XDG_RUNTIME_DIR="$tmp/root/run" "$claudesec" -f "$tmp/conf" start \
	    -- -p true) >"$tmp/out" 2>"$tmp/err" </dev/null
	equal "status" $? 78 &&
	equal "it says" "$(cat "$tmp/err")" "claudesec: the container engine \
runs without root, for a user of its own: run claudesec as that user"
}

# bounded: does the engine say that it bounds memory?
bounded()
{
	case $engine in
	docker)	api /v1.41/info | grep -q '"MemoryLimit":true' ;;
	*)	api /v4.0.0/libpod/info | grep -q \
		    '"cgroupControllers":\[[^]]*"memory"' ;;
	esac
}

run_cases()
{
	for this_case; do
		: >"$tmp/why"
		if ! $this_case; then
			echo "FAIL $engine $this_case: $(head -n 1 "$tmp/why")"
			sed 's/^/    /' "$tmp/why" >&2
			status=1
			cs stop -a >/dev/null 2>&1
		elif ! { cs stop -a >/dev/null 2>&1
		    wait_for 60 none_left; }; then
			echo "FAIL $engine $this_case: left behind:" \
			    "$(left | tr '\n' ' ')"
			status=1
		else
			echo "ok $engine $this_case"
		fi
	done
}

all=$(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$here/run.sh")
engines="podman docker"
[ "$(id -u)" -eq 0 ] || {
	engines=own
	all=$(echo "$all" | grep -v 'test_refused\|test_root')
}
up
[ $# -gt 0 ] || set -- $all
for engine in $engines; do
	start_engine
	if [ "$engine" = own ] || bounded; then
		cases=$(echo "$@" | tr ' ' '\n' | grep -v test_refused_without)
	else
		cases=$(echo "$@" | tr ' ' '\n' | grep -v test_bounds)
		needs="control groups of version 2"
		[ ! -e /sys/fs/cgroup/cgroup.controllers ] ||
		    needs="the controller delegated to you"
		as python3 "$here/bounds.py" "$tmp/run/between.sock" \
		    "$socket" 2>"$tmp/between.log" &
		between=$!
		wait_for 60 test -S "$tmp/run/between.sock" ||
		    die "bounds.py: $(tail -n 1 "$tmp/between.log")"
		conf "$tmp/run/between.sock"
	fi
	run_cases $cases
	stop_engine
	rm -f "$tmp/run/between.sock"
done
exit $status
