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

# run.sh: proxyd between a client, an origin and a DNS server, each in a
# network namespace of its own, with addresses that look public and that never
# leave this machine (AS112's).  Wants root.  PROXYD names another binary.

set -u
cd "$(dirname "$0")" || exit 1
PROXYD=$(realpath "${PROXYD:-../../proxyd/proxyd}")
INSIDE=$(realpath "${INSIDE:-../../claudesec/inside}")
export PROXYD INSIDE
[ -x "$PROXYD" ] || { echo "FAIL proxy: no $PROXYD, run make"; exit 1; }
[ "$(id -u)" = 0 ] || { echo "FAIL proxy: run as root"; exit 1; }
for tool in apt-get curl dpkg-deb git ip openssl prlimit python3 setpriv \
    wget; do
	command -v $tool >/dev/null || { echo "FAIL proxy: no $tool"; exit 1; }
done
python3 -m pip --version >/dev/null 2>&1 ||
    { echo "FAIL proxy: no pip"; exit 1; }
id -u _proxyd >/dev/null 2>&1 ||
    useradd -r -d /var/empty -s /usr/sbin/nologin _proxyd || exit 1
[ -d /var/empty ] || install -d -m 755 /var/empty || exit 1

TMP=$(mktemp -d "${TMPDIR:-/tmp}/proxy.XXXXXX") || exit 1
export TMP
chmod 755 "$TMP"
# of this run alone; a path of its own for what is elsewhere at one place
C=pxc$$ P=pxp$$ O=pxo$$ A=pxa$$
export P A
pids=

finish() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null
	done
	for ns in $C $P $O $A; do
		ip netns del $ns 2>/dev/null
	done
	rm -rf /etc/netns/$C
	[ -n "${KEEP:-}" ] || rm -rf "$TMP"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

for ns in $C $P $O; do
	ip netns add $ns || exit 1
	ip netns exec $ns sysctl -qw net.ipv6.conf.all.accept_dad=0 \
	    net.ipv6.conf.default.accept_dad=0 \
	    net.ipv4.ip_unprivileged_port_start=0
	ip -n $ns link set lo up
done
ip -n $P link add toc type veth peer name top netns $C
ip -n $P link add too type veth peer name top netns $O
ip -n $P addr add 192.175.48.1/24 dev toc
ip -n $P addr add 192.31.196.1/24 dev too
ip -n $P addr add 2620:4f:8000::1/64 dev too nodad
ip -n $C addr add 192.175.48.2/24 dev top
ip -n $C addr add 192.175.48.3/24 dev top
for a in 2 3 53 66; do
	ip -n $O addr add 192.31.196.$a/24 dev top
done
ip -n $O addr add 2620:4f:8000::2/64 dev top nodad
# inside: a private host, and where clouds keep their secrets
ip -n $O addr add 10.9.9.9/32 dev lo
ip -n $O addr add 169.254.169.254/32 dev lo
for l in toc too; do ip -n $P link set $l up; done
ip -n $C link set top up
ip -n $O link set top up
ip -n $P route add 10.9.9.9 via 192.31.196.2
ip -n $P route add 169.254.169.254 via 192.31.196.2
# a black hole: what is sent there gets no answer
ip -n $O rule add from 192.31.196.66 blackhole

# programs of the client's namespace ask proxyd
mkdir -p /etc/netns/$C
echo "nameserver 192.175.48.1" >/etc/netns/$C/resolv.conf

# what there is to fetch
mkdir -p "$TMP/www"
echo fetched >"$TMP/www/file"
git init -q --bare "$TMP/www/repo.git"
git init -q "$TMP/work"
(cd "$TMP/work" && git -c user.name=t -c user.email=t@t.example \
    commit -q --allow-empty -m first && git push -q "$TMP/www/repo.git" \
    HEAD:refs/heads/main && git -C "$TMP/www/repo.git" update-server-info &&
    git -C "$TMP/www/repo.git" symbolic-ref HEAD refs/heads/main) || exit 1

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tls.example \
    -addext subjectAltName=DNS:tls.example,DNS:good.example,DNS:real.example \
    -keyout "$TMP/key.pem" -out "$TMP/cert.pem" 2>/dev/null

ip netns exec $O python3 origin.py "$TMP/origin.log" &
pids="$pids $!"
ip netns exec $P python3 origin.py "$TMP/inside.log" 127.0.0.1 &
pids="$pids $!"
ip netns exec $O python3 dns.py "$TMP/dns.log" &
pids="$pids $!"

made=
[ -d /run/claudesec ] || { mkdir /run/claudesec && made=1; }
unshare -m sh -c 'mount -t tmpfs none /run/claudesec &&
    exec ip netns exec "$0" python3 tests.py "$@"' $C "$@"
status=$?
[ -z "$made" ] || rmdir /run/claudesec 2>/dev/null
exit $status
