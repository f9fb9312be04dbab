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
# Uses: here, the directory of this file.  Sets: tmp and the names below.

api_addr=192.31.196.10		# the test API, and other names
other_addr=192.31.196.20
dns_addr=192.175.48.53
test_image=claudesec/test
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

# wait_for SECONDS COMMAND ...: until the command succeeds
wait_for()
{
	_n=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		_n=$((_n - 1))
		[ $_n -gt 0 ] || return 1
		sleep 0.1
	done
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
	echo "subjectAltName=DNS:api.anthropic.com,DNS:*.example.org" \
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
	    "api.anthropic.com=$api_addr" "www.example.org=$other_addr" \
	    "other.example.org=$other_addr" "inside.example.org=10.0.0.1" \
	    "mixed.example.org=$other_addr,127.0.0.1" \
	    "silent.example.org="
	serve "$here/api.py" 0.0.0.0 443 "$tmp/server.crt" \
	    "$tmp/server.key" "$tmp/api.log"
	wait_for 10 curl -s --cacert "$tmp/ca.crt" -o /dev/null --resolve \
	    "www.example.org:443:$other_addr" https://www.example.org/ &&
	: >"$tmp/api.log"
}

# The agent's image and the test CA; nothing else trusts that.
image_up()
{
	mkdir "$tmp/image" && cp "$tmp/ca.crt" "$tmp/image/" &&
	cat >"$tmp/image/Dockerfile" <<-END &&
		FROM claudesec/claude
		USER root
		COPY ca.crt /usr/local/share/ca-certificates/claudesec-test.crt
		RUN update-ca-certificates
		USER 1000:1000
	END
	DOCKER_BUILDKIT=0 docker build -q --network none -t "$test_image" \
	    "$tmp/image" >"$tmp/image.log" 2>&1 || {
		cat "$tmp/image.log" >&2
		return 1
	}
}

env_down()
{
	trap '' HUP INT TERM
	[ -z "$pids" ] || kill $pids 2>/dev/null
	wait
	net_down
	docker rmi -f "$test_image" >/dev/null 2>&1
	rm -rf "$tmp"
}

# One test run at a time: the addresses are the machine's.
env_up()
{
	[ "$(id -u)" -eq 0 ] || die "must be root"
	for _tool in curl docker flock ip openssl python3; do
		command -v $_tool >/dev/null || die "$_tool is not installed"
	done
	exec 9>/run/lock/claudesec-test
	flock -w 600 9 || die "another test run does not end"
	pids=
	tmp=$(mktemp -d /tmp/claudesec-test.XXXXXX) || exit 1
	trap env_down EXIT
	trap 'exit 1' HUP INT TERM
	net_up || die "no test network"
	ca_up || die "no test CA"
	servers_up || die "the test servers do not answer"
	image_up || die "no test image"
}
