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

# Sourced.

services=claudesec-test-services

# network LINE: a configuration with that, and a session of it
network()
{
	cp "$tmp/u1000/conf" "$tmp/u1000/conf.old" &&
	echo "network \"$1\"" >>"$tmp/u1000/conf"
}

network_end()
{
	release
	hold_pid=
	mv "$tmp/u1000/conf.old" "$tmp/u1000/conf"
	docker rm -f claudesec-test-db >/dev/null 2>&1
	wait_for 60 docker network rm "$1" ||
	    because "the network is in use" || _status=1
	[ -z "$listener" ] || kill "$listener"
	listener=
}

# database NETWORK: what answers there, by the name of db
database()
{
	docker run -d --rm --name claudesec-test-db --network "$1" \
	    --network-alias db "$test_image" node -e \
	    'require("http").createServer((q, s) => s.end("rows")).listen(5432)' \
	    >/dev/null
}

rows()
{
	[ "$(inside curl -s --noproxy '*' --max-time 5 http://db:5432/)" = rows ]
}

# What the host has, on all of its addresses, at a port that nothing else uses
host_listens()
{
	host_port=$(free_ports 1)
	python3 -m http.server --bind :: "$host_port" >/dev/null 2>&1 9>&- &
	listener=$!
	wait_for 60 curl -so /dev/null "http://127.0.0.1:$host_port/" ||
	    because "the host does not listen"
}

# The database is reached, by its name, and nothing else.
network_reaches()
{
	hold 1000 held || return 1
	wait_for 60 rows || because "the database is not reached" || return 1
	for addr in $(ip -4 -o addr | awk '$2 != "lo" { sub("/.*", "", $4)
	    print $4 }') $(docker network inspect -f \
	    '{{range .IPAM.Config}}{{.Gateway}} {{end}}' $services bridge \
	    proxy-external) $other_addr 255.255.255.255; do
		no_way "$addr" "curl -s --noproxy '*' --max-time 2 \
		    http://$addr:$host_port/" || return 1
	done
	for addr in $(ip -6 -o addr show scope link | awk '{
	    sub("/.*", "", $4); print $4 }'); do
		no_way "$addr" "curl -gs --noproxy '*' --max-time 2 \
		    'http://[$addr%eth0]:$host_port/'" || return 1
	done
	no_way "a name that is not passed" "getent hosts leak.example.org" &&
	no_way "one asked of Docker" "node -e '
	    const r = new (require(\"dns\").Resolver)({ timeout: 2000, tries: 1 });
	    r.setServers([\"127.0.0.11\"]);
	    r.resolve4(\"leak.example.org\", (e) => process.exit(e ? 1 : 0))'" &&
	equal "leaks" "$(grep leak "$tmp/dns.log")" "" &&
	inside curl -s --max-time 60 -o /dev/null https://api.anthropic.com/ ||
	    because "what is passed is not reached" || return 1
	sidecar=$(docker inspect -f \
	    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \
	    claude-held-proxy)
	no_way "the proxy's network" "ping -c 1 -W 1 $sidecar || curl -s \
	    --noproxy '*' --max-time 2 http://$sidecar:$host_port/"
}

# Podman answers on a network of its own.
podman_refuses()
{
	network $services
	refused 78 "^claudesec: network $services: podman cannot keep " \
	    cs 1000 start -- --version
	_status=$?
	mv "$tmp/u1000/conf.old" "$tmp/u1000/conf"
	return $_status
}

test_network_of_services()
{
	! on_podman || { podman_refuses; return; }
	listener=
	network $services && host_listens || return 1
	# the first session makes it
	cs 1000 start -- --version >/dev/null 2>&1
	database $services && network_reaches
	_status=$?
	network_end $services
	return $_status
}

test_network_that_is_internal()
{
	! on_podman || { podman_refuses; return; }
	listener=
	docker network create --internal $services >/dev/null &&
	database $services &&
	network $services && hold 1000 held && wait_for 60 rows
	_status=$?
	network_end $services
	return $_status
}

test_network_that_leads_out_is_refused()
{
	! on_podman || { podman_refuses; return; }
	listener=
	docker network create $services >/dev/null &&
	network $services &&
	refused 78 "^claudesec: network $services: it is not internal, the \
agent would reach all that it leads to$" cs 1000 start -- --version
	_status=$?
	network_end $services
	return $_status
}
