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
mkdir "$tmp/work" "$tmp/data" "$tmp/src" || exit 1
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

# engine_up [OPTION ...]: one without any may be there already
engine_up()
{
	[ $# -gt 0 ] || [ -z "$engine" ] || return 0
	engine_kill TERM
	dockerd -H "$DOCKER_HOST" --data-root "$tmp/data" \
	    --exec-root "$tmp/exec" --pidfile "$tmp/docker.pid" \
	    --bridge none --iptables=false "$@" >>"$tmp/docker.log" 2>&1 &
	engine=$!
	wait_for 60 docker version ||
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

# What busybox calls by its name is all that there is, and a Claude Code that
# does nothing.
image_up()
{
	mkdir -p "$tmp/image/bin" "$tmp/image/etc" &&
	    cp "$(command -v busybox)" "$tmp/image/bin/" || return 1
	for _name in sh sleep true cat nc; do
		ln -sf busybox "$tmp/image/bin/$_name" || return 1
	done
	printf '#!/bin/sh\nexec sleep 300\n' >"$tmp/image/bin/claude" &&
	    chmod 755 "$tmp/image/bin/claude" || return 1
	tar -C "$tmp/image" -c . | docker import - claudesec/claude \
	    >/dev/null || because "no image"
}

# up [PROGRAM]
up()
{
	cat >"$tmp/conf" <<-END
		engine "$DOCKER_HOST"
		credentials none
		${_egress-}
	END
	rm -f "$tmp/log"
	# shellcheck disable=SC2086
	([ -z "${_files-}" ] || ulimit $_files
	exec "${1-$claudesec}" -d -vv -f "$tmp/conf" -s "$tmp/sock") \
	    2>"$tmp/log" &
	daemon=$!
	wait_for 60 grep -q 'takes clients' "$tmp/log" ||
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
	wait_for 60 runs || because "$1: status is $(cat "$tmp/out")" ||
	    return 1
	equal "$1: the agent" "$(agent)" "$_agent" || return 1
	cs shell -- true || because "$1: shell: $(cat "$tmp/err")" || return 1
	docker exec claude-work sh -c \
	    'printf "CONNECT a.example.org:443 HTTP/1.1\r\nHost: a.example.org:443\r\n\r\n" |
	    nc 127.0.0.1 3128' \
	    >"$tmp/out"
	grep -q ' 403 ' "$tmp/out" ||
	    because "$1: no proxy: $(cat "$tmp/out")" || return 1
	wait_for 60 logged || because "$1: logs: $(cat "$tmp/out" "$tmp/err")"
}

logged()
{
	cs logs && grep -q ' refused a.example.org' "$tmp/out"
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
	wait_for 60 nothing_left || because "something is left" || return 1
	down
	engine_kill TERM
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
	wait_for 60 gone || because "status is $(cat "$tmp/out")" || return 1
	wait_for 60 nothing_left || because "something is left" || return 1
	cs shell -- true || because "a new session: $(cat "$tmp/err")"
}

# The daemon answers for itself, and what it asked is answered later.
test_engine_that_hangs()
{
	engine_up && up && hold || return 1
	_agent=$(agent)
	kill -STOP $engine
	wait_for 60 runs || because "status: $(cat "$tmp/err")" || {
		kill -CONT $engine
		return 1
	}
	cs shell -- true &
	_shell=$!
	wait_for 60 grep -q '/exec' "$tmp/log" || because "it is not asked"
	kill -CONT $engine
	wait $_shell || because "shell: $(cat "$tmp/err")" || return 1
	usable "after it" || return 1
	cs stop -a || because "stop: $(cat "$tmp/err")"
}

test_no_room()
{
	engine_kill TERM
	mount -t tmpfs -o size=32m none "$tmp/data" || return 1
	engine_up && image_up && up && cs shell -- true ||
	    because "$(cat "$tmp/err")" || return 1
	dd if=/dev/zero of="$tmp/data/fill" bs=1M 2>/dev/null
	cs shell -- true
	_got=$?
	[ $_got -ne 0 ] || because "it works without room" || return 1
	equal "lines of what it says" "$(wc -l <"$tmp/err")" 1 || return 1
	rm -f "$tmp/data/fill"
	wait_for 60 nothing_left || because "something is left" || return 1
	cs shell -- true || because "with room again: $(cat "$tmp/err")" ||
	    return 1
	down
	engine_kill TERM
	umount "$tmp/data"
}

# begin COMMAND: in a session called work; its client is $held
begin()
{
	rm -f "$tmp/work/end"
	(cd "$tmp/work" && exec "$claudesec" "$@") </dev/null \
	    >"$tmp/held" 2>&1 &
	held=$!
}

# for a session's shell, until it is told to go on
wait_for_end='while [ ! -e end ]; do sleep 0.1; done'

go_on()
{
	: >"$tmp/work/end"
}

# ends STATUS TEXT: so does that client, having shown this, and if it took some
# time what a session was
ends()
{
	wait $held
	_got=$?
	equal "status, of a client that says $(cat "$tmp/held")" $_got "$1" &&
	    equal "output" "$(sed '/^claudesec: session work, /,$d' \
	    "$tmp/held")" "$2"
}

# process NAME: of the daemon
process()
{
	pgrep -f "^claudesec: $1" --parent "$daemon"
}

killed()
{
	kill -9 "$@"
	wait "$daemon"
	daemon=
}

# The next daemon is there before the session ends, or after.
test_client_outlives_the_daemon()
{
	engine_up || return 1
	for _name in parent conf control engine guard workspace; do
		up || return 1
		begin -s "$tmp/sock" shell -- sh -c "$wait_for_end; echo x
		    exit 7"
		wait_for 60 runs || because "no session" || return 1
		[ $_name = parent ] && killed $daemon ||
		    killed $(process $_name)
		[ $_name != workspace ] || { go_on && wait_for 60 is_over; } ||
		    because "$_name: it goes on" || return 1
		up && go_on && ends 7 x && wait_for 60 nothing_left ||
		    because "$_name: something is left" || return 1
		down
	done
}

# pids_of_proxy: as this machine has them
pids_of_proxy()
{
	docker top claude-work-proxy -eo pid | sed 1d
}

# complains: the proxy, again and again
complains()
{
	while :; do
		echo 'error: stdin:1: syntax error'
		sleep 0.1
	done >"/proc/$1/fd/1"
}

# The proxy is told by its stream that it is over, which takes no call; if that
# is of another version it says that it does not know the word.
test_the_end_of_a_proxy()
{
	engine_up && up && cs shell -- true || because "$(cat "$tmp/err")" ||
	    return 1
	wait_for 60 nothing_left || because "something is left" || return 1
	grep -q 'proxy: parent: ending; told to' "$tmp/log" ||
	    because "it was not told" || return 1
	! grep -q 'kill?signal' "$tmp/log" || because "it was killed" ||
	    return 1
	begin -s "$tmp/sock" shell -- sh -c \
	    'while [ ! -e end ]; do sleep 0.1; done; exit 7'
	wait_for 60 runs || because "$(cat "$tmp/held")" || return 1
	_stopped=$(pids_of_proxy)
	# shellcheck disable=SC2086
	kill -STOP $_stopped
	# shellcheck disable=SC2086
	complains $_stopped &
	_complains=$!
	: >"$tmp/work/end"
	wait_for 60 grep -q 'POST .*kill?signal=SIGTERM$' "$tmp/log" ||
	    because "the one that does not know is not killed"
	_told=$?
	kill $_complains
	# shellcheck disable=SC2086
	kill -CONT $_stopped
	rm -f "$tmp/work/end"
	ends 7 "" && return $_told
}

is_over()
{
	[ -z "$(docker ps -q --filter label=claudesec.role=agent)" ]
}

# Signals reach it, by the next daemon; and it ends with its client.
test_client_has_the_next_daemon()
{
	engine_up && up || return 1
	begin -s "$tmp/sock" shell -- sh -c \
	    'trap "exit 9" TERM; while sleep 0.1; do :; done'
	wait_for 60 runs && killed $daemon || because "no session" || return 1
	up && wait_for 60 grep -q 'has its client again' "$tmp/log" ||
	    because "it does not come back" || return 1
	kill $held
	ends 9 "" && wait_for 60 gone || return 1
	begin -s "$tmp/sock" shell -- sleep 300
	wait_for 60 runs && killed $daemon || because "no session" || return 1
	up && wait_for 60 grep -q 'has its client again' "$tmp/log" ||
	    because "it does not come back: $(cat "$tmp/log")" || return 1
	kill -9 $held
	wait $held
	wait_for 60 gone && wait_for 60 nothing_left ||
	    because "it goes on without its client"
}

# One daemon more is killed; it has taken the session over when it had ended.
test_client_outlives_more_than_one()
{
	engine_up && up || return 1
	begin -s "$tmp/sock" shell -- sh -c "$wait_for_end; exit 7"
	wait_for 60 runs || because "no session" || return 1
	for _i in 1 2 3; do
		killed $daemon
		[ $_i -lt 3 ] || { go_on && wait_for 60 is_over; } ||
		    because "it goes on" || return 1
		up && wait_for 60 grep -q 'has its client again' "$tmp/log" ||
		    because "time $_i: it does not come back" || return 1
	done
	ends 7 ""
}

# A private daemon is the client's to start; what it ends with is its own.
test_client_starts_its_daemon()
{
	engine_up || return 1
	wait_for 60 no_private || because "there is one already" || return 1
	mkdir -p "$tmp/run" && chmod 700 "$tmp/run" &&
	    echo 'credentials none' >"$tmp/conf" || return 1
	XDG_RUNTIME_DIR=$tmp/run
	export XDG_RUNTIME_DIR
	begin -f "$tmp/conf" shell -- sh -c "$wait_for_end; exit 7"
	wait_for 60 private_runs || because "$(cat "$tmp/held")" || return 1
	_first=$(private)
	kill -9 $_first
	wait_for 60 another_private || because "there is no other" || return 1
	go_on && ends 7 "" && wait_for 60 nothing_left ||
	    because "something is left" || return 1
	# it goes by itself, as there is nothing to do
	wait_for 60 no_private || because "it stays"
}

no_private()
{
	[ -z "$(private)" ]
}

another_private()
{
	_next=$(private)
	[ -n "$_next" ] && [ "$_next" != "$_first" ]
}

private()
{
	pgrep -u "$(id -u)" -f '^claudesec: parent \(private\)'
}

private_runs()
{
	(cd "$tmp/work" && "$claudesec" -f "$tmp/conf" status) |
	    grep -q '^work	.*running'
}

# passes HOST: does the proxy, whether there is such a host or not?
passes()
{
	docker exec claude-work sh -c "printf 'CONNECT $1:443 HTTP/1.1\r\n\
Host: $1:443\r\n\r\n' | nc 127.0.0.1 3128" >"$tmp/asked"
	[ -s "$tmp/asked" ] && ! grep -q '^HTTP/1.1 403 ' "$tmp/asked"
}

blocks()
{
	! passes "$1" && grep -q '^HTTP/1.1 403 ' "$tmp/asked"
}

# rules WHEN: they are what they were
rules()
{
	passes a.example.org || because "$1: -a" || return 1
	passes b.example.org || because "$1: pass" || return 1
	blocks c.example.org || because "$1: block" || return 1
	blocks d.example.org || because "$1: what nobody passed"
}

rules_kept()
{
	docker volume ls --format '{{.Label "claudesec.role"}}' | grep -c rules
}

# What the user passed and blocked is in force under the next daemon, a time
# that was set goes on, and a reload changes nothing of it.
test_rules_outlive_the_daemon()
{
	# nobody answers there, and that is known at once
	_egress='egress {
	pass to c.example.org
	resolver 127.0.0.1
	}'
	engine_up && up || return 1
	begin -s "$tmp/sock" start -a a.example.org
	wait_for 60 runs || because "$(cat "$tmp/held")" || return 1
	cs pass b.example.org && cs block c.example.org ||
	    because "$(cat "$tmp/err")" || return 1
	rules "at first" || return 1
	for _how in daemon engine; do
		equal "volumes" "$(rules_kept)" 1 || return 1
		[ $_how = daemon ] && killed $daemon ||
		    killed $(process engine)
		up && wait_for 60 runs && rules "after the kill of $_how" ||
		    return 1
		cs reload && rules "after the reload" || return 1
	done
	for _s in 10 60; do
		_from=$(date +%s)
		cs pass -t $_s e.example.org || because "$(cat "$tmp/err")" ||
		    return 1
		killed $daemon
		up && wait_for 60 runs || return 1
		passes e.example.org && break
		# unless this has taken as long
		[ $(($(date +%s) - _from)) -ge $_s ] ||
		    because "e is not passed" || return 1
	done
	wait_for 120 blocks e.example.org || because "e stays" || return 1
	_took=$(($(date +%s) - _from))
	# both clocks begin within a second
	[ $_took -ge $((_s - 1)) ] && [ $_took -le $((_s + 30)) ] ||
	    because "e ends after $_took seconds, not $_s" || return 1
	killed $daemon
	up && wait_for 60 runs && rules "after the last kill" || return 1
	blocks e.example.org || because "e comes back" || return 1
	cs block a.example.org && cs block b.example.org &&
	    killed $daemon
	up && wait_for 60 runs || return 1
	blocks a.example.org && blocks b.example.org ||
	    because "what was taken back comes back" || return 1
	cs stop -a && wait_for 60 nothing_left &&
	    equal "volumes at the end" "$(rules_kept)" 0
}

# link NAME FILE ...: the program with other sources in place of its objects
link()
{
	_name=$1
	shift
	# shellcheck disable=SC2046
	(cd "$here" && . ../flags.sh && LIBS_TEST="$(answer LIBS_ENGINE) $(answer LIBS_TLS)" &&
	    CFLAGS_TEST="-D_FORTIFY_SOURCE=0 \
	    -DDATADIR='\"$prefix/share/claudesec\"' \
	    -DSYSCONFDIR='\"/etc\"' -DJUMP_FILE='\"$tmp/jump\"'" &&
	    cc_test -I../../claudesec -o "$tmp/$_name" "$@" \
	    $(for _o in ../../claudesec/*.o; do
		_c=$(basename "$_o" .o).c
		case " $* " in
		*/"$_c "*)	;;
		*)		echo "$_o" ;;
		esac
	    done)) 2>>"$tmp/why"
}

# jump SECONDS: from now on the daemon's time is another
jump()
{
	python3 -c 'import struct, sys
sys.stdout.buffer.write(struct.pack("q", int(sys.argv[1])))' "$1" |
	    dd of="$tmp/jump" conv=notrunc 2>/dev/null
}

# What takes its time takes just that when somebody sets the clock by a day.
test_the_clock_is_set()
{
	_egress='egress {
	resolver 127.0.0.1
	}'
	jump 0 && link jumper jump.c && engine_up && up "$tmp/jumper" ||
	    return 1
	begin -s "$tmp/sock" start -j "$tmp/report"
	wait_for 60 runs || because "$(cat "$tmp/held")" || return 1
	_from=$(date +%s)
	cs pass -t 10 a.example.org || because "$(cat "$tmp/err")" || return 1
	for _s in 86400 -86400; do
		jump $_s
		passes a.example.org ||
		    because "$_s: it is not passed" || return 1
		cs shell -- true || because "$_s: $(cat "$tmp/err")" ||
		    return 1
	done
	wait_for 60 blocks a.example.org || because "it stays" || return 1
	_took=$(($(date +%s) - _from))
	[ $_took -ge 10 ] && [ $_took -le 60 ] ||
	    because "it ended after $_took seconds" || return 1
	jump 86400
	cs logs && [ "$(wc -l <"$tmp/out")" -ge 2 ] ||
	    because "logs: $(cat "$tmp/out")" || return 1
	cs stop && wait $held
	_took=$(sed -n 's/.*"seconds": \([0-9]*\).*/\1/p' "$tmp/report")
	[ "$_took" -ge 10 ] && [ "$_took" -le 300 ] ||
	    because "it took $_took seconds, by the report"
}

# What is connected is the engine of the configuration, although the parent,
# which does it, may be the last that has one.
test_the_parent_is_told_last()
{
	awk '/conf_send\(ROLE_PARENT, IMSG_RECONF_CONF/ {
		print "conf_compose_engine();"
		print "imsgbuf_flush(&proc_peer(ROLE_ENGINE)->ibuf);"
		print "sleep(2);"
		n++
	    }
	    /^\t\tconf_compose_engine/ { next }
	    { print }
	    END { exit n != 1 }' "$top/claudesec/conf.c" >"$tmp/src/conf.c" ||
	    because "no such line" || return 1
	link late "$tmp/src/conf.c" && engine_up && up || return 1
	hold && killed $daemon || return 1
	up "$tmp/late" || return 1
	! grep -q 'cannot reach the container engine' "$tmp/log" ||
	    because "another engine was looked for" || return 1
	wait_for 60 runs || because "it is not taken over"
}

# changed NAME WHAT OLD NEW: a build of which this definition is another
changed()
{
	mkdir -p "$tmp/src" && cp "$top"/claudesec/*.[ch] "$tmp/src/" &&
	    sed -i "s/^\\(#define $2\t*\\)$3\$/\\1$4/" \
	    "$tmp/src/claudesec.h" "$tmp/src/messages.h" || return 1
	grep -qs "^#define $2.*$4" "$tmp/src/claudesec.h" \
	    "$tmp/src/messages.h" ||
	    because "no $2 $3" || return 1
	# shellcheck disable=SC2046
	link "$1" $(grep -l "$2" "$tmp"/src/*.c)
}

# Another build over the running one; and back.
test_upgrade()
{
	_v=$("$claudesec" version)
	_v=${_v#* }
	changed next CLAUDESEC_VERSION "\"$_v\"" '"99.9"' &&
	    cp "$claudesec" "$tmp/before" && cp "$claudesec" "$tmp/program" &&
	    engine_up && up "$tmp/program" || return 1
	begin -s "$tmp/sock" shell -- sh -c "$wait_for_end; exit 7"
	wait_for 60 runs || because "$(cat "$tmp/held")" || return 1
	_agent=$(agent)
	_proxy=$(docker inspect -f '{{.Id}}' claude-work-proxy)
	for _to in next before; do
		cp "$tmp/$_to" "$tmp/new" && mv "$tmp/new" "$tmp/program" ||
		    return 1
		cs status ||
		    because "while it is replaced: $(cat "$tmp/err")" ||
		    return 1
		down
		up "$tmp/program" && usable "$_to" || return 1
		equal "$_to: its proxy" "$(docker inspect -f '{{.Id}}' \
		    claude-work-proxy)" "$_proxy" || return 1
	done
	go_on && ends 7 ""
}

# A client of another build than the daemon is told so, in one line.
test_another_version()
{
	_n=$(sed -n 's/^#define IMSG_VERSION\t*//p' "$top/claudesec/messages.h")
	changed other IMSG_VERSION "$_n" 9999 && engine_up && up || return 1
	for _c in status "start -d" "stop -a" "shell -- true" logs reload; do
		(cd "$tmp/work" && "$tmp/other" -s "$tmp/sock" $_c) \
		    >"$tmp/out" 2>&1
		equal "status of $_c" $? 76 || return 1
		equal "$_c" "$(cat "$tmp/out")" "other: the running daemon is \
of another version; end it and run the command again" || return 1
	done
	begin -s "$tmp/sock" shell -- sh -c "$wait_for_end; echo x; exit 7"
	wait_for 60 runs && killed $daemon || because "no session" || return 1
	up "$tmp/other" && go_on || return 1
	ends 76 "x
claudesec: the running daemon is of another version; end it and run the \
command again"
}

# What there is of all sessions, and of the daemon.
traces()
{
	docker ps -a --format 'container {{.Names}}'
	docker volume ls --format 'volume {{.Name}}'
	docker network ls --filter type=custom --format 'network {{.Name}}' |
	    grep -vx 'network proxy-external'
	grep -o "/run/claudesec.pin/$(echo "${tmp#/}/sock" | tr / %)[^ ]*" \
	    /proc/self/mountinfo
	ls -d "/run/claudesec.pin/$(echo "${tmp#/}/sock" | tr / %)" \
	    "$tmp/sock" "$tmp/work"/* "$tmp/work"/.[!.]* 2>/dev/null
	pgrep -a -f "$tmp/sock"
	return 0
}

no_traces()
{
	[ -z "$(traces)" ]
}

# moment WHAT WHO MILLISECONDS: one is killed, so long after that began
moment()
{
	up || return 1
	_other=
	case $1 in
	attach)	cs start -d && wait_for 60 runs || because "no session" ||
		    return 1
		(cd "$tmp/work" && TERM=dumb exec script -qec "$claudesec -s \
		    $tmp/sock attach" /dev/null) </dev/null >"$tmp/held" 2>&1 &
		held=$! ;;
	*)	begin -s "$tmp/sock" shell -- sleep 300 ;;
	esac
	if [ "$1" = stop ]; then
		wait_for 60 runs || because "no session" || return 1
		cs stop &
		_other=$!
	fi
	sleep "$(printf '0.%03d' "$3")"
	case $2 in
	client)	kill -9 $held 2>/dev/null ;;
	parent)	killed $daemon ;;
	*)	killed $(process "$2") ;;
	esac
	[ -n "$daemon" ] || up || return 1
	[ -z "$_other" ] || wait $_other
	cs stop -a || because "stop -a: $(cat "$tmp/err")" || return 1
	gone || because "status still is $(cat "$tmp/out")" || return 1
	wait $held
	# what is being removed already for the one before is tried again
	wait_for 60 nothing_left || because "left by the next one" || return 1
	down
	wait_for 60 no_traces || because "left: $(traces | tr '\n' ' ')"
}

# Whatever is killed whenever, the next daemon shows or removes all of it.  The
# moments are others each time; SEED repeats them.
test_nothing_is_left_behind()
{
	_seed=${SEED-$(date +%s)}
	engine_up || return 1
	for _moment in $(awk -v seed="$_seed" 'BEGIN {
		srand(seed)
		n = split("parent conf control engine workspace pin " \
		    "bridge guard client", who, " ")
		m = split("start start start stop attach", what, " ")
		for (i = 0; i < 20; i++)
			printf "%s:%s:%d\n", what[int(rand() * m) + 1],
			    who[int(rand() * n) + 1], int(rand() * 700)
	    }'); do
		# shellcheck disable=SC2046
		moment $(echo $_moment | tr : ' ') 2>/dev/null ||
		    because "SEED=$_seed: $_moment" || return 1
	done
}

# says N: lines of a proxy of the session's that was taken over
says()
{
	python3 -c 'import sys
for i in range(int(sys.argv[1])):
    sys.stdout.write("{\"event\":\"refused\",\"host\":\"h%d.example.org\","
        "\"port\":443,\"reason\":\"%s\"}\n" % (i, "x" * 100))' "$1" \
	    >"/proc/$(docker inspect -f '{{.State.Pid}}' \
	    claude-work-proxy)/fd/2"
}

# Who does not read what is followed loses lines, and is told how many; the
# daemon does not wait, nor grow.
test_logs_that_nobody_reads()
{
	engine_up && up && hold || return 1
	(cd "$tmp/work" && exec "$claudesec" -s "$tmp/sock" logs -f) \
	    </dev/null >"$tmp/followed" 2>&1 &
	_follows=$!
	says 10 && wait_for 60 grep -q '^.* refused h9' "$tmp/followed" ||
	    because "it does not follow: $(cat "$tmp/followed")" || return 1
	kill -STOP $_follows
	# the ring of lines is full after the first
	says 5000
	wait_for 60 seen 5010 || because "$(cat "$tmp/out")" || return 1
	_before=$(memory engine)
	says 20000
	wait_for 60 seen 25010 || because "status: $(cat "$tmp/out")" ||
	    return 1
	_after=$(memory engine)
	[ $((_after - _before)) -lt 1024 ] ||
	    because "engine grew from $_before to $_after KB" || return 1
	kill -CONT $_follows
	cs stop -a && wait $_follows || because "status $?" || return 1
	equal "lines, shown and lost" "$(awk '/lines lost$/ { n += $1; next }
	    / refused / { n++ } END { print n }' "$tmp/followed")" 25010 ||
	    return 1
	grep -q 'lines lost$' "$tmp/followed" || because "none was lost"
}

# seen N: refusals, by status, which answers at once
seen()
{
	cs status && [ "$(cut -f10 "$tmp/out")" = "$1" ]
}

# memory PROCESS: that the daemon's has for itself, in KB
memory()
{
	[ "$1" = parent ] && _pid=$daemon || _pid=$(process "$1")
	sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$_pid/status"
}

# batch N: so many sessions one after the other, eight at a time
batch()
{
	_jobs=
	for _i in 1 2 3 4 5 6 7 8; do
		mkdir -p "$tmp/w$_i"
		(cd "$tmp/w$_i" && for _j in $(seq $(($1 / 8))); do
			"$claudesec" -s "$tmp/sock" shell -- true || exit 1
		done) </dev/null >>"$tmp/batch" 2>&1 &
		_jobs="$_jobs $!"
	done
	for _j in $_jobs; do
		wait $_j || because "$(tail -n 1 "$tmp/batch")" || return 1
	done
	wait_for 60 gone
}

# all_run N: so many sessions
all_run()
{
	cs status && [ "$(grep -c '	running	' "$tmp/out")" -eq "$1" ]
}

# at_once N: so many sessions run, when engine has $_during, and then end
at_once()
{
	_jobs=
	for _i in $(seq "$1"); do
		mkdir -p "$tmp/w$_i"
		(cd "$tmp/w$_i" && exec "$claudesec" -s "$tmp/sock" shell -- \
		    sleep 300) </dev/null >>"$tmp/batch" 2>&1 &
		_jobs="$_jobs $!"
	done
	wait_for 120 all_run "$1" || because "$(cat "$tmp/batch" "$tmp/out")" ||
	    return 1
	_during=$(memory engine)
	cs stop -a || because "stop: $(cat "$tmp/err")" || return 1
	# shellcheck disable=SC2086
	wait $_jobs
	# whose clients may have been there when it gave back the last time
	cs shell -- true || because "$(cat "$tmp/err")" || return 1
	wait_for 60 gone
}

# What sessions take is given back when they have ended, however many there
# were at once or in turn.
test_memory_of_sessions_that_ended()
{
	_all="parent conf control engine guard workspace pin"
	engine_up && up && batch 8 || return 1
	for _p in $_all; do
		eval "_was_$_p=$(memory $_p)"
	done
	at_once 8 || return 1
	# shellcheck disable=SC2154
	_grew=$((_during - _was_engine))
	for _turn in once turn; do
		[ $_turn = once ] || batch 16 || return 1
		for _p in $_all; do
			_now=$(memory $_p)
			_was=$(eval echo "\$_was_$_p")
			echo "$_turn: $_p: $_was, then $_now KB of $_grew" \
			    >>"$tmp/sizes"
			_most=400
			[ $_p != engine ] || _most=$((_grew / 2))
			[ $((_now - _was)) -lt $_most ] ||
			    because "$_turn: $_p grew from $_was to $_now KB, \
engine by $_grew for the sessions" || return 1
		done
	done
}

test_clients_that_are_none()
{
	engine_up && up || return 1
	# each takes some seconds
	_jobs=
	for _kind in garbage half deaf; do
		python3 "$here/clients.py" "$tmp/sock" $_kind &
		_jobs="$_jobs $_kind=$!"
	done
	for _j in $_jobs; do
		wait ${_j#*=} || because "${_j%=*}"
	done
	[ ! -s "$tmp/why" ] || return 1
	cs status || because "status: $(cat "$tmp/err")" || return 1
	kill -0 $daemon || because "the daemon is gone"
}

# More clients than descriptors: the others wait, and the daemon goes on.
test_descriptors_run_out()
{
	_files='-n 32'
	engine_up && up || return 1
	python3 "$here/clients.py" "$tmp/sock" many &
	_many=$!
	wait_for 60 grep -q 'accept: Too many open files' "$tmp/log" ||
	    because "they did not run out"
	kill $_many
	wait $_many
	[ ! -s "$tmp/why" ] || return 1
	wait_for 60 cs status || because "status: $(cat "$tmp/err")" || return 1
	kill -0 $daemon || because "the daemon is gone"
}

# Those that have asked for something are engine's: what it has begun goes on.
test_descriptors_of_engine_run_out()
{
	engine_up || return 1
	_files='-S -n 64'
	up || return 1
	_may=$(awk '/^Max open files/ { print $4 }' "/proc/$daemon/limits")
	[ "$_may" -gt 64 ] || because "it takes no more than $_may" || return 1
	down
	_files='-n 64'
	up && hold || return 1
	_follow=
	for _i in $(seq 50); do
		(cd "$tmp/work" && exec "$claudesec" -s "$tmp/sock" logs -f) \
		    </dev/null >>"$tmp/followed" 2>&1 &
		_follow="$_follow $!"
	done
	wait_for 60 grep -q 'too few descriptors left' "$tmp/followed" ||
	    because "they did not run out" || return 1
	# shellcheck disable=SC2086
	kill $_follow 2>/dev/null
	# shellcheck disable=SC2086
	wait $_follow
	wait_for 60 runs && cs shell -- true ||
	    because "afterwards: $(cat "$tmp/out" "$tmp/err")" || return 1
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
[ $# -gt 0 ] || set -- $(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$0")
for this; do
	: >"$tmp/why"
	_egress=
	_files=
	if $this; then
		echo "ok $this"
		[ -z "$daemon" ] || cs stop -a
		down
	else
		echo "FAIL $this: $(head -n 1 "$tmp/why")"
		sed 's/^/    /' "$tmp/why" "$tmp/log" >&2
		status=1
		[ -z "$daemon" ] || cs stop -a
		down
		engine_kill TERM
		umount "$tmp/data" 2>/dev/null
	fi
	rm -f "$tmp/work/end"
done
exit $status
