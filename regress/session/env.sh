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

# The surroundings of the session tests, to be sourced: a network namespace
# that stands for the Internet, with a name server and the test API in it; a
# test CA; an image that trusts it.  The addresses are public ones that no
# packet for leaves this machine with, since proxyd refuses private ones.
# All of it, and whatever the tests leave, is gone at exit.
#
# Uses: here, the directory of this file, and prefix, where claudesec is.
# Sets: tmp and the names below.

api_addr=192.31.196.10		# the test API, and other names
other_addr=192.31.196.20
dns_addr=192.175.48.53
test_image=claudesec/test
test_key=sk-ant-api03-test-0123456789abcdefghijklmnopqrstuvwxyz
netns=claudesec-test

npassed=0
nfailed=0

say()
{
	echo "$*" >&2
}

die()
{
	say "session: $*"
	exit 1
}

# A case is a function: its name, and why it failed if it did.
ok()
{
	npassed=$((npassed + 1))
	echo "ok $1"
}

fail()
{
	nfailed=$((nfailed + 1))
	echo "FAIL $1: $2"
}

in_net()
{
	ip netns exec "$netns" "$@"
}

net_down()
{
	ip netns del "$netns" 2>/dev/null
	ip link del cstest0 2>/dev/null
}

net_up()
{
	net_down
	ip netns add "$netns" &&
	ip link add cstest0 type veth peer name cstest1 netns "$netns" &&
	ip addr add 192.31.196.1/24 dev cstest0 &&
	ip addr add 192.175.48.1/24 dev cstest0 &&
	ip link set cstest0 up &&
	in_net ip addr add "$api_addr/24" dev cstest1 &&
	in_net ip addr add "$other_addr/24" dev cstest1 &&
	in_net ip addr add "$dns_addr/24" dev cstest1 &&
	in_net ip link set lo up &&
	in_net ip link set cstest1 up &&
	in_net ip route add default via 192.31.196.1
}

# The CA and one certificate for all names of the test, valid for a day.
ca_up()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 1 -subj "/CN=claudesec test CA" \
	    -addext "keyUsage=critical,keyCertSign" \
	    -keyout "$tmp/ca.key" -out "$tmp/ca.crt" 2>/dev/null &&
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	    -subj "/CN=api.anthropic.com" -keyout "$tmp/server.key" \
	    -out "$tmp/server.csr" 2>/dev/null &&
	echo "subjectAltName=DNS:api.anthropic.com,DNS:*.example.org,DNS:claude.ai,DNS:claude.com,DNS:platform.claude.com" \
	    >"$tmp/server.ext" &&
	openssl x509 -req -days 1 -in "$tmp/server.csr" -CA "$tmp/ca.crt" \
	    -CAkey "$tmp/ca.key" -CAcreateserial -extfile "$tmp/server.ext" \
	    -out "$tmp/server.crt" 2>/dev/null
}

# serve PROGRAM ...: in the background; not as a function, for its pid
serve()
{
	ip netns exec "$netns" python3 "$@" 9>&- &
	pids="$pids $!"
}

servers_up()
{
	: >"$tmp/dns.log"
	: >"$tmp/api.log"
	serve "$here/dns.py" "$dns_addr" 53 "$tmp/dns.log" \
	    "platform.claude.com=$api_addr" "claude.ai=$api_addr" \
	    "api.anthropic.com=$api_addr" "www.example.org=$other_addr" \
	    "other.example.org=$other_addr" "inside.example.org=10.0.0.1" \
	    "mixed.example.org=$other_addr,127.0.0.1" \
	    "silent.example.org="
	serve "$here/api.py" 0.0.0.0 443 "$tmp/server.crt" \
	    "$tmp/server.key" "$tmp/api.log" "$tmp/www"
	wait_for 60 curl -s --cacert "$tmp/ca.crt" -o /dev/null --resolve \
	    "www.example.org:443:$other_addr" https://www.example.org/ &&
	: >"$tmp/api.log"
}

# A case that says what podman cannot asks this.
on_podman()
{
	[ "${ENGINE-docker}" = podman ]
}

# With ENGINE=podman: podman's, as root, with Docker's image; what docker(1)
# asks for comes from it as well.
podman_up()
{
	# the first is not to be had on a file system that is one itself
	for _driver in overlay vfs; do
		_podman="podman --root $tmp/podman --runroot $tmp/podman.run
		    --runtime runc --cgroup-manager cgroupfs
		    --tmpdir $tmp/podman.tmp --storage-driver $_driver"
		! $_podman info >/dev/null 2>&1 || break
	done
	docker save claudesec/claude | $_podman load -q >/dev/null || return 1
	engine_socket=$tmp/podman.sock
	$_podman system service --time 0 "unix://$engine_socket" \
	    >"$tmp/podman.log" 2>&1 9>&- &
	pids="$pids $!"
	DOCKER_HOST=unix://$engine_socket
	export DOCKER_HOST
	wait_for 60 docker version && chgrp "$engine_gid" \
	    "$engine_socket" && chmod 660 "$engine_socket"
}

podman_down()
{
	$_podman rm -fa -t 0 >/dev/null 2>&1
	$_podman network prune -f >/dev/null 2>&1
}

# The agent's image and the test CA; nothing else trusts that.  In it Claude
# Code, told to "hold", is a process that only waits, for cases that are about
# what is around it: it takes a processor for itself for a second otherwise.
image_up()
{
	mkdir "$tmp/image" && cp "$tmp/ca.crt" "$tmp/image/" &&
	cat >"$tmp/image/claude" <<-'END' &&
		#!/bin/sh
		[ "${1-}" = hold ] || exec /usr/local/bin/claude "$@"
		exec sleep 600
	END
	chmod 755 "$tmp/image/claude" &&
	cat >"$tmp/image/Dockerfile" <<-END &&
		FROM claudesec/claude
		USER root
		COPY ca.crt /usr/local/share/ca-certificates/claudesec-test.crt
		COPY claude /usr/local/sbin/
		RUN update-ca-certificates
		USER 1000:1000
	END
	DOCKER_BUILDKIT=0 docker build -q --network none -t "$test_image" \
	    "$tmp/image" >"$tmp/image.log" 2>&1 || {
		cat "$tmp/image.log" >&2
		return 1
	}
}

# A user of its own number: directories, configuration, key.
user_up()
{
	_d=$tmp/u$1
	mkdir -p "$_d/home" "$_d/run" "$_d/ws" &&
	cat >"$_d/conf" <<-END &&
		image "$test_image"
		credentials environment from "$_d/env"
		egress {
			pass to api.anthropic.com
			resolver $dns_addr
		}
	END
	echo "ANTHROPIC_API_KEY=$test_key" >"$_d/env" &&
	{ ! on_podman || echo "engine \"unix://$engine_socket\"" \
	    >>"$_d/conf"; } &&
	chmod 600 "$_d/env" && chmod 700 "$_d/run" &&
	chown -R "$1:$1" "$_d"
}

# users_up UID ...: with passwd entries in place of those that there are
users_up()
{
	cp /etc/passwd "$tmp/passwd" || return 1
	for _u; do
		user_up "$_u" || return 1
		sed -i "/^[^:]*:[^:]*:$_u:/d" "$tmp/passwd"
		echo "test$_u:x:$_u:$_u::$tmp/u$_u/home:/bin/sh" \
		    >>"$tmp/passwd"
	done
	mount --bind "$tmp/passwd" /etc/passwd
}

# as UID COMMAND ...: in the user's workspace, with the engine's group.
# as_exec does not come back, and has the pid of its caller.
as_exec()
{
	_d=$tmp/u$1
	_u=$1
	shift
	cd "$_d/ws" && exec setpriv --reuid "$_u" --regid "$_u" \
	    --groups "$engine_gid" -- env -i --default-signal \
	    PATH="$PATH" HOME="$_d/home" XDG_RUNTIME_DIR="$_d/run" \
	    ${DOCKER_HOST:+"DOCKER_HOST=$DOCKER_HOST"} \
	    TERM=xterm-256color LANG=C.UTF-8 "$@" 9>&-
}

as()
{
	(as_exec "$@")
}

# cs UID COMMAND ...: claudesec as that user
cs()
{
	_uid=$1
	shift
	as "$_uid" "$claudesec" -f "$tmp/u$_uid/conf" "$@"
}

# hold UID NAME [OPTION ...]: a session that waits; hold_claude: Claude Code,
# for its answer
hold()
{
	hold_with hold '' "$@"
}

hold_claude()
{
	hold_with -p "SLEEP 300
wait" "$@"
}

# hold_with ARGUMENT ARGUMENT UID NAME [OPTION ...]: Claude's, the second one
# only if there is any
hold_with()
{
	_1=$1
	_2=$2
	_h=$3
	_name=$4
	shift 4
	cs "$_h" start -n "$_name" "$@" -- "$_1" ${_2:+"$_2"} \
	    >"$tmp/hold.out" 2>&1 </dev/null &
	hold_pid=$!
	wait_for 60 holds "$_h" "$_name" ||
	    because "no session: $(cat "$tmp/hold.out")"
}

# The end of what hold() began.
release()
{
	[ -n "$hold_pid" ] || return 0
	cs 1000 stop -a 2>/dev/null
	wait "$hold_pid"
	return 0
}

holds()
{
	cs "$1" status | grep -q "^$2	.*running"
}

# What sessions of the test have on the engine: "container NAME" lines and
# such.  The machine may have others.
all_left()
{
	docker ps -a --format 'container {{.Names}} {{.Label "claudesec.path"}}'
	docker volume ls \
	    --format 'volume {{.Name}} {{.Label "claudesec.path"}}'
	! on_podman || docker network ls \
	    --format 'network {{.Name}} {{.Label "claudesec.path"}}'
}

left()
{
	all_left | awk -v t="$tmp/" 'index($3, t) == 1 { print $1, $2 }'
}

nothing_left()
{
	wait_for 60 none_left
}

none_left()
{
	[ -z "$(left)" ]
}

# The processes of claudesec, of all users, but for those of the tests.
daemons()
{
	find /proc -mindepth 2 -maxdepth 2 -path '/proc/[0-9]*/exe' \
	    -lname "$claudesec" 2>/dev/null | sed 's,[^0-9],,g'
}

no_daemons()
{
	[ -z "$(daemons)" ]
}

# in_container NAME: the processes of a container, all of them
in_container()
{
	_first=$(docker inspect -f '{{.State.Pid}}' "$1") &&
	_ns=$(readlink "/proc/$_first/ns/pid" | sed 's/[][]/\\&/g') || return 1
	find /proc -mindepth 3 -maxdepth 3 -path '/proc/[0-9]*/ns/pid' \
	    -lname "$_ns" 2>/dev/null | sed 's,[^0-9],,g'
}

# None of them is left: the next command starts another.  All at once, or an
# engine process that sees a client die first ends the client's session.
kill_daemons()
{
	_pids=$(daemons)
	[ -z "$_pids" ] || { kill -STOP $_pids; kill -9 $_pids; } 2>/dev/null
	wait_for 60 no_daemons ||
	    because "daemons are left: $(daemons | tr '\n' ' ')"
}

# The next command finds another configuration, without a session that was
# begun with this one.
next_daemon()
{
	nothing_left || because "left: $(left | tr '\n' ' ')" || return 1
	kill_daemons
}

clean_up()
{
	tmux -S "$tmp/tmux" kill-server 2>/dev/null
	kill_daemons
	left | while read -r _what _name; do
		[ "$_what" = network ] || _name="-f $_name"
		docker "$_what" rm $_name >/dev/null 2>&1
	done
	: >"$tmp/dns.log"
	: >"$tmp/api.log"
}

env_down()
{
	trap '' HUP INT TERM
	clean_up
	! on_podman || podman_down
	[ -z "$pids" ] || kill $pids 2>/dev/null
	wait
	! on_podman || umount -l "$tmp/podman/overlay" 2>/dev/null
	net_down
	docker rmi -f "$test_image" claudesec/proxyd:"$(sha256sum \
	    "$prefix/share/claudesec/proxyd.tar" | cut -c 1-12)" >/dev/null 2>&1
	rm -rf "$tmp"
}

# One test run at a time: the addresses are the machine's.
env_up()
{
	[ "$(id -u)" -eq 0 ] || die "must be root"
	for _tool in chromium-headless-shell curl docker flock ip openssl python3 setpriv ss \
	    tmux valgrind; do
		command -v $_tool >/dev/null || die "$_tool is not installed"
	done
	exec 9>/run/lock/claudesec-test
	flock -w 600 9 || die "another test run does not end"
	pids=
	engine_socket=/var/run/docker.sock
	engine_gid=$(stat -Lc %g $engine_socket) || exit 1
	tmp=$(mktemp -d /tmp/claudesec-test.XXXXXX) || exit 1
	chmod 755 "$tmp"
	trap env_down EXIT
	trap 'exit 1' HUP INT TERM
	net_up || die "no test network"
	ca_up || die "no test CA"
	servers_up || die "the test servers do not answer"
	case ${ENGINE-docker} in
	docker)	;;
	podman)	podman_up || die "no podman" ;;
	*)	die "no engine $ENGINE" ;;
	esac
	image_up || die "no test image"
}
