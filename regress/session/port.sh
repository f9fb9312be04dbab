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



# Ports of the host that lead into a session.  Sourced.

# A server in the session that the user's page would come from: /big is 100 MB,
# anything else says how much it got.
port_server()
{
	cat >"$tmp/u1000/ws/server.js" <<-'END'
		const http = require('http'), net = require('net');
		const piece = Buffer.alloc(1 << 20, 'x');
		http.createServer((q, r) => {
			let n = 0, i = 0;
			const more = () => {
				while (i < 100)
					if (i++, !r.write(piece))
						return r.once('drain', more);
				r.end();
			};
			if (q.url === '/big')
				return more();
			if (q.url === '/forgotten')
				require('fs').writeFileSync('/workspace/late',
				    'forgotten');
			q.on('data', d => n += d.length);
			q.on('end', () => r.end(q.url + ' ' + n + '\n'));
		}).listen(8080, '127.0.0.1');
		// says when it has seen the end, and is heard after its own
		net.createServer({ allowHalfOpen: true }, s => {
			let t = '';
			s.on('data', d => t += d);
			s.on('end', () => s.end('got ' + t));
		}).listen(8081, '127.0.0.1');
		net.createServer({ allowHalfOpen: true }, s => {
			s.end('first');
			s.on('data', d => require('fs').appendFileSync(
			    '/workspace/late', d));
			s.on('error', () => {});
		}).listen(8082, '127.0.0.1');
		net.createServer(s => {
			s.on('error', () => {});
			s.write('hello');
		}).listen(8083, '127.0.0.1');
	END
	rm -f "$tmp/u1000/ws/late"
	inside node server.js </dev/null >"$tmp/server.out" 2>&1 &
	wait_for 60 port_serves || because "no server: $(cat "$tmp/server.out")"
}

port_serves()
{
	[ "$(curl -s -m 5 "http://127.0.0.1:$port/up")" = "/up 0" ]
}

# free_ports N: so many that nobody listens on, that no connection is given by
# the kernel, and that nobody was given here before
free_ports()
{
	python3 - "$1" "$tmp/ports" <<-'END'
		import random, socket, sys
		free = []
		with open(sys.argv[2], "a+") as f:
		    f.seek(0)
		    given = set(f.read().split())
		    for port in random.sample(range(20000, 32768), 1000):
		        with socket.socket(socket.AF_INET6) as s:
		            try:
		                s.bind(("::", port))
		            except OSError:
		                continue
		        if str(port) not in given:
		            free.append(port)
		        if len(free) == int(sys.argv[1]):
		            break
		    print(*free, file=f)
		print(*free)
	END
}

# hold_port [OPTION ...]: a session with a server whose port 8080 is $port here
hold_port()
{
	port=$(free_ports 1)
	hold 1000 held -p "$port:8080" "$@" && port_server
}

# listens PORT: does anybody, and only on the loopback
listens()
{
	ss -Hltn "sport = :$1" | grep -q .
}

# The process that does
listener()
{
	ss -Hltnp "sport = :$port" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' |
	    sort -u
}

deaf()
{
	! listens "$1"
}

# The processes of ours that carry something, in the container
carriers()
{
	docker top claude-held -o pid,args 2>/dev/null | grep -c 'inside -p'
}

carries()
{
	[ "$(carriers)" -eq "$1" ]
}

test_port_leads_into_the_session()
{
	set -- $(free_ports 2)
	hold_port -p "$1:8082" -p "$2" || return 1
	for host in 127.0.0.1 localhost '[::1]'; do
		equal "answer by $host" "$(curl -sS -m 60 \
		    "http://$host:$port/x" 2>&1)" "/x 0" || return 1
	done
	equal "where it listens" "$(ss -Hltn "sport = :$port" |
	    awk '{ print $4 }' | sort | tr '\n' ' ')" \
	    "127.0.0.1:$port [::1]:$port " &&
	equal "what the engine publishes" "$(docker port claude-held)" "" &&
	equal "what the first to say something says" "$(port_talk "$1" read)" first &&
	equal "what a port says where nobody listens" \
	    "$(port_talk "$2" read)" reset &&
	wait_for 60 carries 0 || because "$(carriers) carriers are left"
}

# port_talk PORT WHAT ...: says what it is told to a connection, and prints
# what it reads up to the end
port_talk()
{
	python3 - "$@" <<-'END' 2>&1
		import socket, struct, sys
		to = ("127.0.0.1", int(sys.argv[1]))
		s = socket.create_connection(to, 60)
		for w in sys.argv[2:]:
		    if w == "end":
		        s.shutdown(socket.SHUT_WR)
		    elif w == "reset":
		        s.recv(1)
		        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
		            struct.pack("ii", 1, 0))
		        s.close()
		    elif w == "read":
		        try:
		            t = b""
		            while True:
		                d = s.recv(65536)
		                if not d:
		                    break
		                t += d
		            print(t.decode())
		        except ConnectionResetError:
		            print("reset")
		    else:
		        s.sendall(w.encode())
	END
}

test_port_carries_much()
{
	hold_port || return 1
	head -c 104857600 /dev/zero | tr '\0' x | sha256sum >"$tmp/should"
	curl -sS -m 60 "http://127.0.0.1:$port/big" 2>"$tmp/err" | sha256sum \
	    >"$tmp/is"
	equal "100 MB" "$(cat "$tmp/is")" "$(cat "$tmp/should")" || {
		cat "$tmp/err" >>"$tmp/why"
		return 1
	}
	head -c 20000000 /dev/zero >"$tmp/up"
	equal "20 MB the other way" "$(curl -sS -m 60 --data-binary \
	    "@$tmp/up" "http://127.0.0.1:$port/up" 2>&1)" "/up 20000000"
	_status=$?
	rm -f "$tmp/up"
	return $_status
}

test_port_carries_twenty_at_once()
{
	hold_port || return 1
	pids_=
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		curl -sS -m 60 "http://localhost:$port/$i" >"$tmp/at.$i" 2>&1 &
		pids_="$pids_ $!"
	done
	wait $pids_
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		equal "answer to $i" "$(cat "$tmp/at.$i")" "/$i 0" || return 1
	done
	wait_for 60 carries 0 || because "$(carriers) carriers are left"
}

test_port_ends_half()
{
	set -- $(free_ports 2)
	hold_port -p "$1:8081" -p "$2:8082" || return 1
	equal "answer after our end" "$(port_talk "$1" one two end read)" \
	    "got onetwo" &&
	equal "what came before its end" "$(port_talk "$2" read late end)" \
	    first && { wait_for 60 test -s "$tmp/u1000/ws/late" ||
	    because "nothing was heard after its end"; } &&
	equal "what was heard after its end" "$(cat "$tmp/u1000/ws/late")" \
	    late && { wait_for 60 carries 0 ||
	    because "$(carriers) carriers are left"; }
}

# Who goes away without a word leaves nothing behind.
test_port_that_is_reset_leaves_nothing()
{
	set -- $(free_ports 1)
	hold_port -p "$1:8083" || return 1
	port_talk "$1" reset
	wait_for 60 carries 0 || because "$(carriers) carriers are left" ||
	    return 1
	# a page that is half read, which waits for us
	port_talk "$port" "GET /big HTTP/1.1

" reset
	wait_for 60 carries 0 || because "$(carriers) carriers are left"
}

test_port_in_use_is_said()
{
	port=$(free_ports 1)
	for address in 127.0.0.1 ::1; do
		python3 - $address "$port" <<-'END' &
			import socket, sys
			a = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]))[0]
			s = socket.socket(a[0])
			s.bind(a[4])
			s.listen()
			import time
			time.sleep(60)
		END
		pid_=$!
		wait_for 60 listens "$port" || because "nobody listens" ||
		    return 1
		out=$(cs 1000 start -p "$port" -- --version 2>&1 </dev/null)
		st_=$?
		kill $pid_
		wait $pid_ 2>/dev/null
		equal "exit status" $st_ 69 &&
		equal "what it says" "$out" \
		    "claudesec: port $port: Address already in use" || return 1
	done
	for wrong in 0 65536 80x 8080: :8080 1:2:3 "" 127.0.0.1:80 99999999999; do
		out=$(cs 1000 start -p "$wrong" -- --version 2>&1 </dev/null)
		equal "exit status of $wrong" $? 64 &&
		equal "what it says" "$out" "claudesec: \"$wrong\": not a port" ||
		    return 1
	done
}

# Everybody has the same loopback.
test_port_is_for_its_user_only()
{
	hold_port || return 1
	equal "answer to root" "$(curl -s -m 60 "http://127.0.0.1:$port/r")" \
	    "/r 0" &&
	equal "answer to its user" "$(as 1000 curl -s -m 60 \
	    "http://localhost:$port/u")" "/u 0" || return 1
	for host in 127.0.0.1 '[::1]'; do
		out=$(as 1001 curl -s -m 60 "http://$host:$port/o")
		case $?:$out in
		52:|56:)	;;
		*)	because "another user gets by $host: $out" || return 1 ;;
		esac
	done
	# with a request that is sent and forgotten
	wait_for 60 carries 0 || because "$(carriers) carriers are left" ||
	    return 1
	for i in 1 2 3 4 5; do
		as 1001 /usr/bin/python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"GET /forgotten HTTP/1.0\r\n\r\n")
s.close()' "$port" || because "no connection" || return 1
	done
	# whoever comes after them has his turn after theirs
	equal "answer afterwards" "$(curl -s -m 60 \
	    "http://127.0.0.1:$port/r")" "/r 0" &&
	{ [ ! -e "$tmp/u1000/ws/late" ] || because "it was carried"; } &&
	{ wait_for 60 carries 0 || because "$(carriers) carriers are left"; }
}

# The daemon's word on whose session it is, to root's own daemon that takes
# everybody's connections.
test_port_of_another_users_session_is_refused()
{
	mkdir -m 755 "$tmp/shared"
	cp "$tmp/u0/conf" "$tmp/shared/conf"
	echo "permit user test1001" >>"$tmp/shared/conf"
	"$claudesec" -d -f "$tmp/shared/conf" -s "$tmp/shared/sock" 9>&- \
	    2>"$tmp/daemon.log" &
	pid_=$!
	wait_for 60 test -S "$tmp/shared/sock" ||
	    because "no daemon: $(cat "$tmp/daemon.log")" || return 1
	chmod 666 "$tmp/shared/sock"
	(cd "$tmp/u0/ws" && exec "$claudesec" -s "$tmp/shared/sock" start \
	    -n theirs -- -p "SLEEP 300
wait" 9>&- >"$tmp/hold.out" 2>&1 </dev/null) &
	wait_for 60 sh -c "\"$claudesec\" -s '$tmp/shared/sock' status |
	    grep -q running" || because "no session: $(cat "$tmp/hold.out")" ||
	    return 1
	mine=$(port_ask 0 theirs)
	theirs=$(port_ask 1001 theirs)
	none=$(port_ask 0 nobodys)
	"$claudesec" -s "$tmp/shared/sock" stop -a
	kill $pid_
	wait $pid_
	rm -r "$tmp/shared"
	equal "answer to its user" "$mine" stream &&
	equal "answer for no session" "$none" \
	    "no session nobodys runs" &&
	equal "answer to another user" "$theirs" "no session theirs runs"
}

# port_ask UID NAME: what the daemon there answers
port_ask()
{
	[ -x "$tmp/ask" ] || {
		cat >"$tmp/ask.c" <<-'END'
			#include <stdio.h>
			#include "claudesec.h"
			int
			main(void)
			{
				printf("%d %d %d %d %zu %zu %zu %zu\n",
				    IMSG_CTL_PORTS, IMSG_CTL_CONNECT,
				    IMSG_CTL_STREAM, IMSG_VERSION,
				    sizeof(struct ctl_request),
				    offsetof(struct ctl_request, name),
				    offsetof(struct ctl_error, text),
				    sizeof(struct ctl_error));
				return (0);
			}
		END
		cc -D_GNU_SOURCE -I"$top/claudesec" -o "$tmp/ask" "$tmp/ask.c"
	}
	setpriv --reuid "$1" --regid "$1" --clear-groups /usr/bin/python3 - \
	    "$tmp/shared/sock" "$2" $("$tmp/ask") <<-'END'
		import socket, struct, sys
		ports, connect, stream, version, size, name, text, esize = map(
		    int, sys.argv[3:])
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(60)
		s.connect(sys.argv[1])
		d = bytearray(size)
		d[:4] = struct.pack("=I", version)
		d[name:name + len(sys.argv[2])] = sys.argv[2].encode()
		s.sendall(struct.pack("=IIHH", ports, 0, 12 + size, 0) + d)
		s.sendall(struct.pack("=IIHHI", connect, 7, 16, 0, 8080))
		h = struct.unpack("=IIHH", s.recv(12, socket.MSG_WAITALL))
		if h[0] == stream:
		    print("stream")
		else:
		    e = s.recv(h[2] - 12, socket.MSG_WAITALL)
		    print(e[text:].split(b"\0")[0].decode())
	END
}

# More than it takes at once wait for their turn.
test_port_takes_only_so_many()
{
	set -- $(free_ports 1)
	hold_port -p "$1:8083" || return 1
	python3 - "$1" >"$tmp/out" 2>&1 <<-'END'
		import select, socket, sys
		port = int(sys.argv[1])
		c = [socket.create_connection(("127.0.0.1", port))
		    for i in range(70)]
		def greeted(want, more):
		    n, left = 0, list(c)
		    while n < want:
		        r = select.select(left, [], [], 60)[0]
		        if not r:
		            break
		        for s in r:
		            s.recv(10)
		            left.remove(s)
		            n += 1
		    if select.select(left, [], [], more)[0]:
		        n += 1
		    return n, left
		n, left = greeted(64, 0.5)
		print(n)
		for s in c:
		    if s not in left:
		        s.close()
		c = left
		print(greeted(len(c), 0)[0])
	END
	equal "how many were greeted" "$(tr '\n' ' ' <"$tmp/out")" "64 6 "
}

# A session that is let go of keeps its ports, and who comes back brings others.
test_port_outlives_its_client()
{
	set -- $(free_ports 2)
	port=$1
	in_terminal start -d -n held -p "$1:8080" && shown "exit status 0" &&
	port_server || return 1
	in_terminal attach -p "$2:8080" held && shown "Claude Code" &&
	equal "answer of the first" "$(curl -sS -m 60 \
	    "http://127.0.0.1:$1/x" 2>&1)" "/x 0" &&
	equal "answer of the second" "$(curl -sS -m 60 \
	    "http://127.0.0.1:$2/y" 2>&1)" "/y 0"
	_status=$?
	cs 1000 stop -a
	no_terminals
	wait_for 60 deaf "$1" && wait_for 60 deaf "$2" ||
	    because "somebody still listens"
	return $_status
}

test_port_ends_with_the_session()
{
	set -- $(free_ports 1)
	hold_port -p "$1:8083" || return 1
	port_talk "$1" read >"$tmp/out" &
	pid_=$!
	wait_for 60 carries 1 || because "nothing is carried" || return 1
	listener=$(listener)
	cs 1000 stop held || because "it cannot be stopped" || return 1
	wait $pid_
	equal "how a connection ended" "$(cat "$tmp/out")" reset &&
	{ wait_for 60 deaf "$port" || because "somebody still listens"; } &&
	{ wait_for 60 test ! -d "/proc/$listener" ||
	    because "its process is left"; }
}

# The process that has them dies: the session goes on.
test_port_process_that_is_killed_takes_its_ports()
{
	set -- $(free_ports 1)
	hold_port -p "$1:8083" || return 1
	port_talk "$1" read >"$tmp/out" &
	pid_=$!
	wait_for 60 carries 1 || because "nothing is carried" || return 1
	kill -9 "$(listener)"
	wait $pid_
	{ wait_for 60 deaf "$port" || because "somebody still listens"; } &&
	{ wait_for 60 carries 0 || because "$(carriers) carriers are left"; } &&
	{ holds 1000 held || because "the session is gone"; }
}

test_port_process_is_confined()
{
	hold_port || return 1
	p=$(listener)
	confined "$p" 1000 || return 1
	# the daemon, the client that started it, its listeners, one event queue
	for fd in 0 1 2; do
		equal "descriptor $fd" "$(readlink "/proc/$p/fd/$fd")" \
		    /dev/null || return 1
	done
	equal "files" "$(readlink "/proc/$p/fd"/* | grep -v -e '^socket:' \
	    -e '^anon_inode:' -e '^pipe:' -e '^/dev/null' |
	    sed 's,/proc/[0-9]*/,/proc/,' | sort | tr '\n' ' ')" \
	    "/proc/net/tcp /proc/net/tcp6 "
}
