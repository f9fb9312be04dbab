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



# run.sh [case ...]: the check of the sandbox.  Everything holds; and where one
# defence is left out, as an engine may do that weak.py makes of the real one,
# the line that it is for says so.  The image claudesec/claude must be there.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
engine=${DOCKER_HOST-unix:///var/run/docker.sock}
tmp=$(mktemp -d /tmp/claudesec-check-test.XXXXXX) || exit 1
chmod 755 "$tmp"
TMPDIR=$tmp
export TMPDIR
daemon=
weak=
status=0

finish()
{
	down
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# up [KEY=JSON ...]: a daemon, and an engine that makes containers so
up()
{
	socket=$engine
	if [ $# -gt 0 ]; then
		rm -f "$tmp/engine" "$tmp/up"
		python3 "$here/weak.py" "$tmp/engine" "${engine#unix://}" \
		    "$@" >"$tmp/up" 2>"$tmp/weak.err" &
		weak=$!
		wait_for 60 grep -q listening "$tmp/up" || return 1
		socket=unix://$tmp/engine
	fi
	{
		echo "engine \"$socket\""
		cat "$tmp/more" 2>/dev/null
	} >"$tmp/conf"
	rm -f "$tmp/log"
	"$claudesec" -d -f "$tmp/conf" -s "$tmp/sock" 2>"$tmp/log" &
	daemon=$!
	wait_for 60 grep -q "takes clients" "$tmp/log"
}

down()
{
	for _p in $daemon $weak; do
		kill "$_p" 2>/dev/null
		wait "$_p" 2>/dev/null
	done
	daemon=
	weak=
}

check()
{
	timeout 60 "$claudesec" -s "$tmp/sock" check </dev/null \
	    >"$tmp/out" 2>"$tmp/err"
	got=$?
}

result()
{
	down
	if [ -z "$2" ]; then
		echo "ok check $1"
	else
		echo "FAIL check $1: $2"
		sed 's/^/    /' "$tmp/err" "$tmp/log" >&2
		status=1
	fi
}

test_everything_holds()
{
	up && check
	why=
	out=$(grep -v '^held	' "$tmp/out" | head -n 1)
	if [ $got -ne 0 ]; then
		why="status $got: $out"
	elif [ -n "$out" ]; then
		why="it says: $out"
	elif [ "$(wc -l <"$tmp/out")" -lt 100 ]; then
		why="only $(wc -l <"$tmp/out") attempts"
	elif [ "$(cut -f 3 "$tmp/out" | sort -u | wc -l)" -ne \
	    "$(wc -l <"$tmp/out")" ]; then
		why="two attempts have one name"
	elif [ "$(wc -l <"$tmp/err")" -ne 1 ]; then
		why="it also says: $(head -n 1 "$tmp/err")"
	elif [ -n "$(find "$tmp" -name 'claudesec-check.*')" ]; then
		why="something is left"
	fi
	result "everything holds" "$why"
}

# without NAME ATTEMPT KEY=JSON ...: it is that line that tells
without()
{
	name=$1
	attempt=$2
	shift 2
	up "$@" && check
	why=
	if ! grep -q "^escaped	[a-z]*	$attempt	" "$tmp/out"; then
		why="\"$attempt\" does not tell, but $(grep '^escaped' \
		    "$tmp/out" | cut -f 3 | tr '\n' ','); $(head -n 1 \
		    "$tmp/err")"
	elif [ $got -ne 1 ]; then
		why="status $got, not 1"
	fi
	result "tells of $name" "$why"
}

test_tells_of_a_network()
{
	without "a network" "the host's addresses, TCP" \
	    'HostConfig.NetworkMode="bridge"'
}

test_what_comes_to_the_host_is_seen_there()
{
	up 'HostConfig.NetworkMode="bridge"' && check
	why=
	grep -q "^escaped	network	the host's addresses, UDP	it came" \
	    "$tmp/out" || why=$(grep UDP "$tmp/out")
	result "what comes to the host is seen there" "$why"
}

test_tells_of_capabilities()
{
	without capabilities "a capability, now or later" 'HostConfig.CapDrop=[]'
}

test_tells_of_new_privileges()
{
	# with the filter, which is then there too early, it would not start
	without "new privileges" "privileges by execve" \
	    'HostConfig.SecurityOpt=["seccomp=unconfined"]'
}

test_tells_of_no_filter()
{
	without "no filter" "to call without a filter" \
	    'HostConfig.SecurityOpt=["no-new-privileges","seccomp=unconfined"]'
}

test_tells_of_a_writable_image()
{
	without "a writable image" "to write in the image" \
	    HostConfig.ReadonlyRootfs=false
}

test_tells_of_root()
{
	without root "to be root" 'User="0:0"' 'HostConfig.CapDrop=[]'
}

test_tells_of_groups()
{
	without groups "groups beside one's own" 'HostConfig.GroupAdd=["4"]'
}

test_tells_of_processes_of_the_host()
{
	without "processes of the host" "processes of others" \
	    'HostConfig.PidMode="host"'
}

test_tells_of_no_limit_of_processes()
{
	without "no limit of processes" "processes without end" \
	    HostConfig.PidsLimit=0
}

test_tells_of_no_limit_of_memory()
{
	without "no limit of memory" "memory without end" \
	    HostConfig.Memory=0 HostConfig.MemorySwap=0
}

test_tells_of_no_limits_of_files()
{
	without "no limits of files" "a file without end" HostConfig.Ulimits=[]
}

test_tells_of_a_mount()
{
	without "a mount" "mounts of the host" \
	    'HostConfig.Binds=["/usr:/mnt:ro"]'
}

# Podman mounts one of its own there, which is another.
test_tells_of_the_passwd_of_the_host()
{
	without "the host's passwd" "mounts of the host" \
	    'HostConfig.Binds=["/etc/passwd:/etc/passwd:ro"]'
}

test_tells_of_kernel_files()
{
	without "kernel files" "the kernel's variables" \
	    HostConfig.ReadonlyPaths=[]
}

test_tells_of_masked_files()
{
	without "masked files" "the kernel's memory" HostConfig.MaskedPaths=[]
}

test_tells_of_a_device()
{
	without "a device" "the host's devices" 'HostConfig.Devices=[{
	    "PathOnHost":"/dev/null","PathInContainer":"/dev/mem",
	    "CgroupPermissions":"rw"}]'
}

# A rule for what may not be reached is a defence left out, too.
test_tells_of_a_name_that_is_passed()
{
	echo 'egress { pass to "*.example.net" port { 443 80 } }' >"$tmp/more"
	up && check
	rm -f "$tmp/more"
	why=
	grep -q "^escaped	proxy	a tunnel to a name not passed	" "$tmp/out" ||
	    why=$(grep -v ^held "$tmp/out" | head -n 1)
	[ -n "$why" ] || [ $got -eq 1 ] || why="status $got, not 1"
	result "tells of a name that is passed" "$why"
}

# The host looks for itself at what the agent could write.
test_tells_of_a_file_that_is_not_protected()
{
	echo 'agent { unprotect { .mcp.json .git/hooks } }' >"$tmp/more"
	up && check
	rm -f "$tmp/more"
	why=
	[ "$(grep -v ^held "$tmp/out" | cut -f 3,4 | sort | tr '\t\n' ': ')" = \
	    "a hook of git's:the host has it so \
servers of .mcp.json:the host has it so " ] ||
	    why=$(grep -v ^held "$tmp/out" | tr '\n' ' ')
	[ -n "$why" ] || [ $got -eq 1 ] || why="status $got, not 1"
	result "tells of a file that is not protected" "$why"
}

test_ends_with_its_session()
{
	up
	why=
	timeout 60 "$claudesec" -s "$tmp/sock" check </dev/null \
	    >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	# the daemon ends in the middle, at the latest when it is over
	wait_for 60 grep -q 'session .* runs in' "$tmp/log"
	kill "$daemon"
	wait "$pid"
	got=$?
	[ $got -ne 0 ] || why="status 0"
	[ -z "$(find "$tmp" -name 'claudesec-check.*')" ] ||
	    why="something is left"
	up && "$claudesec" -s "$tmp/sock" stop -a >/dev/null 2>&1
	result "ends with its session" "$why"
}

[ $# -gt 0 ] || set -- $(sed -n 's/^\(test_[a-z_]*\)()$/\1/p' "$0")
for t; do
	$t
done
exit $status
