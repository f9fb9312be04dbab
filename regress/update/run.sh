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


# run.sh [case ...]: build and update on the real engine.  The images have
# busybox, and for what the Dockerfile installs programs that do nothing; a
# registry of the suite's own has newer ones.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
tmp=$(mktemp -d /tmp/claudesec-update.XXXXXX) || exit 1
status=0
settled=0
place=
registry=
port=
name=localhost/none

down()
{
	trap '' HUP INT TERM
	cs stop -a >/dev/null 2>&1
	wait_for 20 no_daemons
	[ -z "$registry" ] || kill "$registry"
	wait
	docker rmi -f $(docker images -qf label=claudesec.test; docker images \
	    -q claudesec/proxyd:older) "$name" claudesec/test-build \
	    claudesec/test-base >/dev/null 2>&1
	rm -rf "$tmp"
}

# cs COMMAND ...: a private daemon of the suite's
cs()
{
	(cd "$tmp/ws" && XDG_RUNTIME_DIR=$place XDG_DATA_HOME=$tmp/data \
	    exec timeout 100 "$claudesec" -f "$tmp/conf" "$@")
}

# run COMMAND ...: what it says is in out, and its status in got
run()
{
	cs "$@" >"$tmp/out" 2>&1 </dev/null
	got=$?
}

# fake NAME TEXT: a program of the images
fake()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$tmp/image/usr/bin/$1" &&
	chmod 755 "$tmp/image/usr/bin/$1"
}

root()
{
	mkdir -p "$tmp/image/bin" "$tmp/image/usr/bin" "$tmp/image/tmp" \
	    "$tmp/image/etc" "$tmp/image/usr/local/share" &&
	cp "$(command -v busybox)" "$tmp/image/bin/" &&
	for _p in awk cat chmod date find grep ln mkdir rm sed sh sleep; do
		ln -s busybox "$tmp/image/bin/$_p" || return 1
	done &&
	for _p in bash curl git ps rg ssh update-ca-certificates; do
		fake $_p : || return 1
	done &&
	echo 'passwd: files unknown' >"$tmp/image/etc/nsswitch.conf" &&
	: >"$tmp/image/etc/passwd" && : >"$tmp/image/etc/group" &&
	fake claude '[ "$1" = --version ] && exec cat /version; eval "$2"' &&
	fake npm '[ "$1" = root ] && exec echo /tmp
	    [ ! -e /slow ] || sleep 300
	    [ ! -e /broken ] || { echo "npm ERR! broken"; exit 3; }
	    echo "2.0.$(date +%s) (Claude Code)" >/version' &&
	tar -C "$tmp/image" -c . | docker import -c "LABEL claudesec.test=1" - \
	    claudesec/test-base >/dev/null
}

# publish VERSION: an image in the registry, which the engine does not keep
publish()
{
	printf 'FROM claudesec/test-base\nRUN echo "%s" >/version\n%s\n' "$1" \
	    "LABEL claudesec.claude=$1 claudesec.dockerfile=x more=${2-}" |
	    DOCKER_BUILDKIT=0 docker build -q --network none -t \
	    claudesec/test-new - >/dev/null 2>"$tmp/build.log" &&
	docker save claudesec/test-new >"$tmp/new.tar" &&
	docker rmi claudesec/test-new >/dev/null &&
	python3 "$here/registry.py" add "$tmp/registry" team/claude \
	    "$tmp/new.tar"
}

up()
{
	[ "$(id -u)" -eq 0 ] || exit 1
	mkdir -p "$tmp/ws" "$tmp/run" "$tmp/data/claudesec" "$tmp/registry" &&
	    chmod 755 "$tmp" || exit 1
	trap down EXIT
	trap 'exit 1' HUP INT TERM
	root || { echo "update: no image" >&2; exit 1; }
	port=$(python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	name=localhost:$port/team/claude
	python3 "$here/registry.py" "$port" "$tmp/registry" \
	    2>"$tmp/registry.log" &
	registry=$!
	wait_for 60 curl -s "http://localhost:$port/v2/" || exit 1
	conf_pull
}

conf_pull()
{
	printf 'image "%s"\ncredentials none\n' "$name" >"$tmp/conf"
	settled
}

pull()
{
	printf 'image "%s" pull %s\ncredentials none\n' "$name" "$1" \
	    >"$tmp/conf"
	settled
}

conf_build()
{
	printf 'image "claudesec/test-build"\nbase "claudesec/test-base"\n%s\n' \
	    'credentials none' >"$tmp/conf"
	settled
}

# settled: the next daemon is another, which has the configuration as it is now;
# the one before goes when it has nothing to do
settled()
{
	settled=$((settled + 1))
	place=$tmp/run/$settled
	mkdir -m 700 "$place"
}

no_daemons()
{
	! ls "$tmp"/run/*/claudesec/sock
}

version_in()
{
	docker inspect -f '{{index .Config.Labels "claudesec.claude"}}' "$1"
}

dangling()
{
	docker images -qf dangling=true -f label=claudesec.test
}

#
# The cases.
#

test_update_pulls()
{
	publish 1.0.0 && run update
	equal "status" $got 0 &&
	equal "it says" "$(tail -n 1 "$tmp/out")" \
	    "$name is new: Claude Code 1.0.0" && run update &&
	equal "then" "$(tail -n 1 "$tmp/out")" \
	    "$name is up to date: Claude Code 1.0.0" &&
	    publish 1.0.0 other && run update &&
	equal "other" "$(tail -n 1 "$tmp/out")" \
	    "$name is new: Claude Code 1.0.0, as before"
}

# A start does it as well, as the configuration says.
test_start_pulls()
{
	version()
	{
		cs start -- -p 'cat /version' >"$tmp/out" 2>"$tmp/err" \
		    </dev/null
		equal "with $1: status" $? "$2" &&
		equal "with $1: it says" "$(cat "$tmp/out"; [ "$2" -eq 0 ] ||
		    tail -n 1 "$tmp/err")" "$3"
	}
	publish 1.0.0 && docker rmi "$name" >/dev/null || return 1
	pull never &&
	version never 69 "claudesec: there is no image $name: run claudesec \
update" && conf_pull && version missing 0 1.0.0 && publish 1.0.0.1 &&
	version missing 0 1.0.0 && pull always && version always 0 1.0.0.1 &&
	publish 1.0.0 && version always 0 1.0.0
	_status=$?
	conf_pull
	run update
	return $_status
}

# lines FILE: how often the registry was asked about a name, or told of one
lines()
{
	cat "$tmp/registry/$1" 2>/dev/null | wc -l
}

more_than()
{
	[ "$(lines "$1")" -gt "$2" ]
}

# looked HOURS: registries were asked so long ago, whatever the image
looked()
{
	python3 -c 'import struct, sys, time
t = int(time.time()) - int(sys.argv[1]) * 3600
sys.stdout.buffer.write(struct.pack("=q", t) * 256)' "$1" \
	    >"$tmp/data/claudesec/looked"
}

# look FILE: a session that goes on until the registry was asked, or has told
look()
{
	looked 25
	rm -f "$tmp/ws/go"
	before=$(lines "$1")
	cs start -- -p 'until [ -e /workspace/go ]; do sleep 0.1; done' \
	    >"$tmp/out" 2>&1 </dev/null &
	_look=$!
	wait_for 60 more_than "$1" "$before"
	_done=$?
	# that it has told is known to the engine by now, and to claudesec
	[ "$1" = asked ] || curl -s --unix-socket /var/run/docker.sock \
	    "http://engine/v1.41/distribution/$name/json" >/dev/null
	touch "$tmp/ws/go"
	wait $_look
	equal "status" $? 0 || because "$(cat "$tmp/out")" || return 1
	[ $_done -eq 0 ] || because "it was not asked"
}

test_start_tells_of_a_newer_image()
{
	publish 1.0.0.1 && run update && look told &&
	equal "it says of the same" "$(cat "$tmp/out")" "" &&
	publish 1.0.0.2 && look told &&
	equal "it says" "$(cat "$tmp/out")" \
	    "claudesec: a newer image is there; run claudesec update" &&
	run update && look told && equal "then" "$(cat "$tmp/out")" ""
}

# Whatever came of it.
test_start_asks_once_a_day()
{
	publish 1.0.0.3 && look told || return 1
	before=$(lines asked)
	run start -- -p true
	equal "status" $got 0 && equal "it says" "$(cat "$tmp/out")" "" &&
	equal "it has asked" "$(lines asked)" "$before" || return 1
	looked 23
	run start -- -p true
	equal "after 23 hours it has asked" "$(lines asked)" "$before"
}

test_start_that_must_not_pull_does_not_ask()
{
	pull never
	looked 25
	before=$(lines asked)
	run start -- -p true
	conf_pull
	equal "status" $got 0 && equal "it has asked" "$(lines asked)" "$before"
}

# One that takes the question and is silent, and so again on the same day.
test_start_waits_for_no_registry()
{
	touch "$tmp/registry/hang"
	before=$(lines asked)
	look asked && equal "it says" "$(cat "$tmp/out")" "" &&
	run start -- -p true && equal "status" $got 0 &&
	equal "it has asked" "$(lines asked)" $((before + 1))
	_status=$?
	rm "$tmp/registry/hang"
	return $_status
}

# Without the file it would ask each time.
test_start_that_cannot_remember_does_not_ask()
{
	settled
	rm "$tmp/data/claudesec/looked"
	mkdir "$tmp/data/claudesec/looked"
	before=$(lines asked)
	run start -- -p true
	settled
	rmdir "$tmp/data/claudesec/looked"
	equal "status" $got 0 && equal "it has asked" "$(lines asked)" "$before"
}

# In plain lines on a pipe, one for each thing that has come.
test_update_replaces()
{
	docker tag "$name" claudesec/test-named
	publish 1.0.1 && run update
	docker inspect claudesec/test-named >/dev/null 2>&1 ||
	    because "it takes away what has another name" || return 1
	docker tag claudesec/test-base claudesec/proxyd:older
	docker rmi claudesec/test-named >/dev/null
	docker rmi "$name" >/dev/null
	docker pull -q "$name" >/dev/null
	old=$(docker inspect -f '{{.Id}}' "$name")
	publish 1.0.2 && run update
	equal "status" $got 0 &&
	equal "it says" "$(tail -n 1 "$tmp/out")" \
	    "$name is new: Claude Code 1.0.2, was 1.0.1" || return 1
	! grep -q '%' "$tmp/out" && [ "$(grep -c ': Pull complete$' \
	    "$tmp/out")" -eq 1 ] ||
		because "lines: $(cat "$tmp/out")" || return 1
	! docker inspect "$old" >/dev/null 2>&1 ||
	    because "what it replaced is there" || return 1
	! docker inspect claudesec/proxyd:older >/dev/null 2>&1 ||
	    because "an older proxy's image is there"
}

# It goes on with what it has, and a later update removes that.
test_update_leaves_a_session_alone()
{
	cs start -n held -- -p 'cat /version; sleep 300' >"$tmp/held" 2>&1 \
	    </dev/null &
	session=$!
	wait_for 60 grep -q 1.0.2 "$tmp/held" ||
	    because "no session: $(cat "$tmp/held")" || return 1
	old=$(docker inspect -f '{{.Id}}' "$name")
	publish 1.0.3 && run update
	equal "status" $got 0 &&
	equal "it says" "$(tail -n 1 "$tmp/out")" \
	    "$name is new: Claude Code 1.0.3, was 1.0.2" &&
	equal "the session's image" "$(docker inspect -f '{{.Image}}' \
	    claude-held)" "$old" || return 1
	kill -0 $session || because "the session has ended" || return 1
	cs stop held
	wait $session
	run update
	! docker inspect "$old" >/dev/null 2>&1 ||
	    because "what it replaced is there"
}

test_update_that_is_interrupted()
{
	publish 1.0.4 && touch "$tmp/registry/slow" || return 1
	(cd "$tmp/ws" && XDG_RUNTIME_DIR=$place exec env --default-signal \
	    "$claudesec" -f "$tmp/conf" update) >"$tmp/out" 2>&1 </dev/null &
	update=$!
	wait_for 60 grep -q 'Pulling fs layer' "$tmp/out" ||
	    because "it says: $(cat "$tmp/out")" || return 1
	kill -INT $update
	wait $update
	equal "status" $? 130 || return 1
	rm "$tmp/registry/slow"
	equal "version" "$(version_in "$name")" 1.0.3 && run update &&
	equal "then" "$(tail -n 1 "$tmp/out")" \
	    "$name is new: Claude Code 1.0.4, was 1.0.3"
}

# On a terminal a line is drawn again.
test_update_in_a_terminal()
{
	publish 1.0.5 || return 1
	(cd "$tmp/ws" && XDG_RUNTIME_DIR=$place TERM=xterm \
	    script -qec "stty cols 60 rows 20; $claudesec -f $tmp/conf update" \
	    /dev/null) >"$tmp/out" 2>&1 </dev/null
	equal "status" $? 0 || return 1
	grep -q "$(printf '\033\\[1A\r\033\\[K[0-9a-f]*: Pull complete')" \
	    "$tmp/out" || because "it says: $(cat -v "$tmp/out")"
}

test_update_without_a_registry()
{
	kill "$registry"
	wait "$registry" 2>/dev/null
	registry=
	run update
	equal "status" $got 69 &&
	equal "lines" "$(wc -l <"$tmp/out")" 1 || return 1
	grep -q '^claudesec: cannot pull the image: .*refused' "$tmp/out" ||
		because "it says: $(cat "$tmp/out")" || return 1
	equal "version" "$(version_in "$name")" 1.0.5 || return 1
	looked 25
	run start -- -p true
	equal "a start" "$got $(cat "$tmp/out")" "0 "
}

test_build_tells_the_version()
{
	docker rmi claudesec/test-build >/dev/null 2>&1
	conf_build
	run build
	equal "status" $got 0 || because "$(cat "$tmp/out")" || return 1
	one=$(version_in claudesec/test-build)
	equal "it says" "$(tail -n 1 "$tmp/out")" \
	    "claudesec/test-build is new: Claude Code $one" && run build &&
	equal "then" "$(tail -n 1 "$tmp/out")" \
	    "claudesec/test-build is up to date: Claude Code $one"
}

# There is no such base in a registry, so that which is there has to do.
test_build_update()
{
	conf_build
	run build
	left=$(dangling)
	one=$(version_in claudesec/test-build)
	run update
	two=$(version_in claudesec/test-build)
	[ "$one" != "$two" ] || because "no newer version" || return 1
	equal "it says" "$(tail -n 1 "$tmp/out")" \
	    "claudesec/test-build is new: Claude Code $two, was $one" &&
	equal "left" "$(dangling)" "$left" && run build &&
	equal "then" "$(tail -n 1 "$tmp/out")" \
	    "claudesec/test-build is up to date: Claude Code $two"
}

test_build_that_fails()
{
	conf_build
	run build
	one=$(version_in claudesec/test-build)
	printf 'FROM claudesec/test-base\nRUN : >/broken\n' |
	    DOCKER_BUILDKIT=0 docker build -q --network none -t \
	    claudesec/test-broken - >/dev/null 2>&1
	sed -i 's/test-base/test-broken/' "$tmp/conf"
	settled
	run build
	docker rmi claudesec/test-broken >/dev/null
	conf_build
	equal "status" $got 69 &&
	grep -q '^npm ERR! broken$' "$tmp/out" &&
	equal "it says" "$(tail -n 1 "$tmp/out")" "claudesec: cannot build \
the image: a command in it ended with status 3" &&
	equal "version" "$(version_in claudesec/test-build)" "$one"
}

# slow: a step of a build is under way
slow()
{
	docker ps --no-trunc --format '{{.Command}}' | grep -q 'npm install'
}

only_made()
{
	[ "$(docker ps -aq)" = "$made" ]
}

# daemon_process NAME: of the latest daemon
daemon_process()
{
	_parent=$(pgrep -nf '^claudesec: parent \(private\)')
	[ "$1" = parent ] && echo "$_parent" ||
	    pgrep -f "^claudesec: $1" --parent "$_parent"
}

# Whoever is killed, what was under way ends, and of what was made nothing stays
# when another build was made.
test_build_that_is_killed()
{
	conf_build
	run build
	made=$(docker ps -aq)
	left=$(dangling)
	printf 'FROM claudesec/test-base\nRUN : >/slow\n' |
	    DOCKER_BUILDKIT=0 docker build -q --network none -t \
	    claudesec/test-slow - >/dev/null 2>&1
	for who in client parent guard; do
		conf_build
		sed -i 's/test-base/test-slow/' "$tmp/conf"
		(cd "$tmp/ws" && XDG_RUNTIME_DIR=$place exec "$claudesec" -f \
		    "$tmp/conf" build) >"$tmp/out" 2>&1 </dev/null &
		build=$!
		wait_for 60 slow || because "$who: $(cat "$tmp/out")" || break
		[ $who = client ] && kill -9 $build ||
		    kill -9 "$(daemon_process $who)"
		wait $build && because "$who: it ends well"
		wait_for 60 only_made || because "$who: it goes on" || break
	done
	# one that was killed could not remove it
	rm -f "$tmp"/run/*/claudesec/sock
	docker rmi claudesec/test-slow >/dev/null
	conf_build
	run build
	equal "status" $got 0 && equal "images" "$(dangling)" "$left" &&
	[ ! -s "$tmp/why" ]
}

[ -x "$claudesec" ] || {
	echo "update: $claudesec is not there: see regress/run" >&2
	exit 1
}
up
[ $# -gt 0 ] ||
    set -- $(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$here/run.sh")
for this_case; do
	: >"$tmp/why"
	if $this_case; then
		echo "ok $this_case"
	else
		echo "FAIL $this_case: $(head -n 1 "$tmp/why")"
		sed 's/^/    /' "$tmp/why" >&2
		status=1
	fi
done
exit $status
