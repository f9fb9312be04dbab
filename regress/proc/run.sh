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

# The end of one process is the end of all: each process of both programs is
# killed in turn, and soon nothing may be left of the others, no zombie and no
# socket.  No session here: what becomes of one is in session.  Wants root, for
# a network of its own.

[ "${1-}" = -n ] || exec unshare -n -- sh "$0" -n
ip link set lo up || exit 1
cd "$(dirname "$0")" || exit 1
. ../cases.sh
claudesec=$(cd ../../claudesec && pwd)/claudesec
proxyd=$(cd ../../proxyd && pwd)/proxyd
tmp=$(mktemp -d)
port=20000
parent=
status=0

clean() {
	[ -z "$parent" ] || kill -9 "$parent" 2>/dev/null
	rm -rf "$tmp"
}
trap clean EXIT
trap 'exit 1' INT TERM

ok() {
	echo "ok proc $1"
}

fail() {
	echo "FAIL proc $1: $2"
	sed 's/^/    /' "$tmp/log" >&2
	status=1
}

# title PID: the name that a process gives itself
title() {
	tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | sed 's/.*: //; s/ *$//'
}

# children: "PID NAME" lines of the running program
children() {
	for pid in $(pgrep -P "$parent"); do
		echo "$pid $(title "$pid")"
	done
}

# alive PID: a zombie counts, unless it is init's, which takes its time
alive() {
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	case ${stat##*) } in
	"Z 1 "*)	return 1 ;;
	esac
}

# gone PID ...: all of them?
gone() {
	left=
	for pid in "$@"; do
		! alive "$pid" || left="$left $pid"
	done
	[ -z "$left" ]
}

start_claudesec() {
	rm -f "$tmp/log"
	"$claudesec" -d -s "$tmp/sock" >"$tmp/log" 2>&1 &
	parent=$!
	await 'takes clients'
}

# with a gateway, or there is no keeper
start_proxyd() {
	cat >"$tmp/proxyd.conf" <<-END
	listen on 127.0.0.1 port $port
	gateway on 127.0.0.1 port $((port + 1))
	gateway to api.example.org {
		plain
		key "no-key-at-all-of-any-account"
		token "no-token-that-anybody-would-give"
	}
	END
	rm -f "$tmp/log"
	"$proxyd" -d -f "$tmp/proxyd.conf" >"$tmp/log" 2>&1 &
	parent=$!
	await 'started'
}

await() {
	wait_for 60 grep -qs "$1" "$tmp/log"
}

# test_kill PROGRAM NAME: NAME is killed; parent means the parent
test_kill() {
	rm -f "$tmp/sock"
	if ! "start_$1"; then
		fail "$1 starts" "no word of it"
		kill -9 "$parent"
		return
	fi
	pids=$(children | cut -d' ' -f1)
	victim=$parent
	[ "$2" = parent ] ||
	    victim=$(children | sed -n "s/ $2\$//p")
	if [ -z "$victim" ]; then
		fail "$1 kill $2" "no such process"
		return
	fi
	kill -9 "$victim"
	# the shell must collect its own child for it not to be a zombie
	wait "$parent" 2>/dev/null
	got=$?
	# shellcheck disable=SC2086
	if ! wait_for 20 gone $pids; then
		fail "$1 kill $2" "still there:$left"
	elif [ "$2" != parent ] && [ "$got" -ne 1 ]; then
		fail "$1 kill $2" "the parent ended with status $got"
	elif [ "$2" != parent ] && [ -e "$tmp/sock" ]; then
		fail "$1 kill $2" "the socket is left"
	elif [ "$2" != parent ] &&
	    ! grep -q "$2 terminated; signal 9" "$tmp/log"; then
		fail "$1 kill $2" "nobody said which process ended"
	else
		ok "$1 kill $2"
	fi
	parent=
}

# a daemon that was killed leaves its socket; the next one takes it over
test_stale_socket() {
	rm -f "$tmp/sock"
	start_claudesec || fail "stale socket" "first start"
	kill -9 "$parent"
	wait "$parent" 2>/dev/null
	if start_claudesec; then
		ok "claudesec takes a stale socket over"
	else
		fail "claudesec takes a stale socket over" "does not start"
	fi
	# a second one must not
	"$claudesec" -d -s "$tmp/sock" >"$tmp/log2" 2>&1
	if [ $? -ne 0 ] && grep -q 'another daemon is there' "$tmp/log2"; then
		ok "claudesec leaves a live socket alone"
	else
		fail "claudesec leaves a live socket alone" "$(cat "$tmp/log2")"
	fi
	kill "$parent"
	wait "$parent" 2>/dev/null
	if [ ! -e "$tmp/sock" ]; then
		ok "claudesec removes its socket"
	else
		fail "claudesec removes its socket" "it is still there"
	fi
	parent=
}

# test_confined PROGRAM: what the kernel says of every process
test_confined() {
	rm -f "$tmp/sock"
	"start_$1" || fail "$1 starts" "no word of it"
	for pid in "$parent" $(pgrep -P "$parent"); do
		name=$(title "$pid")
		seccomp=$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$pid/status")
		nnp=$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "/proc/$pid/status")
		if [ "$seccomp/$nnp" = 2/1 ]; then
			ok "$1 $name has seccomp and no_new_privs"
		else
			fail "$1 $name has seccomp and no_new_privs" \
			    "$seccomp/$nnp"
		fi
		core=$(awk '/^Max core/ { print $5 }' "/proc/$pid/limits")
		if [ "$pid" = "$parent" ] || [ "$core" = 0 ]; then
			ok "$1 $name dumps no core"
		else
			fail "$1 $name dumps no core" "$core"
		fi
	done
	kill "$parent"
	wait "$parent" 2>/dev/null
	parent=
}

for name in parent conf control engine pin workspace bridge guard; do
	test_kill claudesec $name
done
for name in parent frontend resolver relay keeper; do
	test_kill proxyd $name
done
test_stale_socket
test_confined claudesec
test_confined proxyd
exit $status
