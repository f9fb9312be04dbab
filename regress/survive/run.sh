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


# run.sh [case ...]: what becomes of sessions when their container engine is
# restarted, hangs, or has no room, and of the daemon when descriptors run out
# or clients are not what they should be.  The engine is the suite's own, with
# a small image of busybox, in a network of its own: it would take away the
# bridge of the machine's, and leave others.

set -u
[ "${1-}" = -n ] || exec unshare -n -- sh "$0" -n "$@"
shift
ip link set lo up || exit 1
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
tmp=$(mktemp -d /tmp/claudesec-survive.XXXXXX) || exit 1
chmod 755 "$tmp"
mkdir "$tmp/work" "$tmp/data" || exit 1
DOCKER_HOST=unix://$tmp/docker.sock
export DOCKER_HOST
engine=
daemon=
pids=
status=0

finish()
{
	down
	engine_kill TERM
	for _d in "$tmp/data" "$tmp"/exec/netns/*; do
		umount "$_d" 2>/dev/null
	done
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

engine_up()
{
	dockerd -H "$DOCKER_HOST" --data-root "$tmp/data" \
	    --exec-root "$tmp/exec" --pidfile "$tmp/docker.pid" \
	    --bridge none --iptables=false "$@" >>"$tmp/docker.log" 2>&1 &
	engine=$!
	wait_for 30 docker version ||
	    because "no engine: $(tail -n 1 "$tmp/docker.log")"
}

# engine_kill SIGNAL: and wait for its end, and for that of its containerd,
# which the next one would take for its own while it is still dying
engine_kill()
{
	[ -n "$engine" ] || return 0
	containerd=$(cat "$tmp/exec/containerd/containerd.pid" 2>/dev/null)
	kill -$1 $engine 2>/dev/null
	wait $engine 2>/dev/null
	[ -z "$containerd" ] || wait_for 20 ended "$containerd" ||
	    kill -KILL "$containerd"
	engine=
	rm -f "$tmp/docker.pid"
}

ended()
{
	! kill -0 "$1"
}

# What busybox calls by its name is all that there is.
image_up()
{
	mkdir -p "$tmp/image/bin" "$tmp/image/etc" &&
	    cp "$(command -v busybox)" "$tmp/image/bin/" || return 1
	for _name in sh sleep true cat nc; do
		ln -sf busybox "$tmp/image/bin/$_name" || return 1
	done
	tar -C "$tmp/image" -c . | docker import - claudesec/claude \
	    >/dev/null || because "no image"
}

up()
{
	cat >"$tmp/conf" <<-END
		engine "$DOCKER_HOST"
		credentials none
	END
	rm -f "$tmp/log"
	"$claudesec" -d -vv -f "$tmp/conf" -s "$tmp/sock" 2>"$tmp/log" &
	daemon=$!
	wait_for 10 grep -q 'takes clients' "$tmp/log" ||
	    because "no daemon: $(tail -n 1 "$tmp/log")"
}

down()
{
	[ -n "$daemon" ] || return 0
	kill "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	daemon=
}

cs()
{
	(cd "$tmp/work" && timeout 60 "$claudesec" -s "$tmp/sock" "$@") \
	    </dev/null >"$tmp/out" 2>"$tmp/err"
}

# hold: a session called work, which waits
hold()
{
	(cd "$tmp/work" && exec "$claudesec" -s "$tmp/sock" shell -- \
	    sleep 300) </dev/null >"$tmp/held" 2>&1 &
	held=$!
	wait_for 60 runs || because "no session: $(cat "$tmp/held")"
}

runs()
{
	cs status && grep -q '^work	.*running' "$tmp/out"
}

gone()
{
	cs status && [ ! -s "$tmp/out" ]
}

# The spare proxy may be there, which has no workspace.
nothing_left()
{
	[ -z "$({ docker ps -a --format '{{.Label "claudesec.path"}}'
	    docker volume ls --format '{{.Label "claudesec.path"}}'; } |
	    grep -v '^/\{0,1\}$')" ]
}

agent()
{
	docker inspect --format '{{.Id}} {{.State.Pid}}' claude-work
}

# usable WHEN: the session that went on is what it was
usable()
{
	wait_for 20 runs || because "$1: status is $(cat "$tmp/out")" ||
	    return 1
	equal "$1: the agent" "$(agent)" "$_agent" || return 1
	cs shell -- true || because "$1: shell: $(cat "$tmp/err")" || return 1
	docker exec claude-work sh -c \
	    'printf "CONNECT a.example.org:443 HTTP/1.1\r\nHost: a.example.org:443\r\n\r\n" |
	    nc 127.0.0.1 3128' \
	    >"$tmp/out"
	grep -q ' 403 ' "$tmp/out" ||
	    because "$1: no proxy: $(cat "$tmp/out")"
}

test_engine_restarted_with_live_restore()
{
	engine_up --live-restore && up && hold || return 1
	_agent=$(agent)
	for _sig in TERM KILL; do
		engine_kill $_sig
		engine_up --live-restore && usable "after SIG$_sig" || return 1
	done
	cs stop -a || because "stop: $(cat "$tmp/err")" || return 1
	wait_for 10 nothing_left || because "something is left"
}

test_engine_restarted_without()
{
	engine_up && up && hold || return 1
	engine_kill TERM
	wait $held
	[ $? -ne 0 ] || because "the client saw nothing" || return 1
	cs shell -- true
	equal "a session without an engine" $? 69 || return 1
	engine_up || return 1
	wait_for 20 gone || because "status is $(cat "$tmp/out")" || return 1
	wait_for 20 nothing_left || because "something is left" || return 1
	cs shell -- true || because "a new session: $(cat "$tmp/err")"
}

# The daemon answers for itself, and what it asked is answered later.
test_engine_that_hangs()
{
	engine_up && up && hold || return 1
	_agent=$(agent)
	kill -STOP $engine
	wait_for 2 runs || because "status: $(cat "$tmp/err")" || {
		kill -CONT $engine
		return 1
	}
	cs shell -- true &
	_shell=$!
	wait_for 5 grep -q '/exec' "$tmp/log"
	kill -CONT $engine
	wait $_shell || because "shell: $(cat "$tmp/err")" || return 1
	usable "after it" || return 1
	cs stop -a || because "stop: $(cat "$tmp/err")"
}

test_no_room()
{
	mount -t tmpfs -o size=32m none "$tmp/data" || return 1
	engine_up && image_up && up && cs shell -- true ||
	    because "$(cat "$tmp/err")" || return 1
	dd if=/dev/zero of="$tmp/data/fill" bs=1M 2>/dev/null
	cs shell -- true
	_got=$?
	[ $_got -ne 0 ] || because "it works without room" || return 1
	equal "lines of what it says" "$(wc -l <"$tmp/err")" 1 || return 1
	rm -f "$tmp/data/fill"
	wait_for 10 nothing_left || because "something is left" || return 1
	cs shell -- true || because "with room again: $(cat "$tmp/err")"
}

test_clients_that_are_none()
{
	engine_up && up || return 1
	python3 "$here/clients.py" "$tmp/sock" garbage ||
	    because "garbage" || return 1
	python3 "$here/clients.py" "$tmp/sock" half || because "half a request" ||
	    return 1
	python3 "$here/clients.py" "$tmp/sock" deaf || because "deaf" ||
	    return 1
	cs status || because "status: $(cat "$tmp/err")" || return 1
	kill -0 $daemon || because "the daemon is gone"
}

# More clients than descriptors: the others wait, and the daemon goes on.
test_descriptors_run_out()
{
	engine_up || return 1
	(ulimit -n 32; exec "$claudesec" -d -vv -f "$tmp/conf" \
	    -s "$tmp/sock") 2>"$tmp/log" &
	daemon=$!
	wait_for 10 grep -q 'takes clients' "$tmp/log" || return 1
	python3 "$here/clients.py" "$tmp/sock" many ||
	    because "many" || return 1
	grep -q 'accept: Too many open files' "$tmp/log" ||
	    because "they did not run out" || return 1
	wait_for 10 cs status || because "status: $(cat "$tmp/err")" || return 1
	kill -0 $daemon || because "the daemon is gone"
}

[ -x "$claudesec" ] || {
	echo "survive: $claudesec is not there: see regress/run" >&2
	exit 1
}
: >"$tmp/why"
engine_up && image_up || {
	cat "$tmp/why" "$tmp/docker.log" >&2
	exit 1
}
engine_kill TERM
[ $# -gt 0 ] || set -- $(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$0")
for this; do
	: >"$tmp/why"
	if $this; then
		echo "ok $this"
	else
		echo "FAIL $this: $(head -n 1 "$tmp/why")"
		sed 's/^/    /' "$tmp/why" "$tmp/log" >&2
		status=1
	fi
	[ -z "$daemon" ] || cs stop -a
	down
	engine_kill TERM
	umount "$tmp/data" 2>/dev/null
done
exit $status
