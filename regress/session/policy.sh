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


# The terminal, by tmux: what a person sees.  Sourced.

# What sessions reach and are refused, and what their users see of it and
# change.  Sourced.

# the session that they are about
in=held

# said FILE TEXT: does a line of the file hold it?
said()
{
	grep -qF -- "$2" "$1" || {
		because "$1 does not say: $2"
		cat "$1" >>"$tmp/why"
		return 1
	}
}

# json FILE EXPRESSION SHOULD: what python makes of it, r being the document
json()
{
	equal "$2" "$(python3 -c "import json, sys
r = json.load(open(sys.argv[1]))
print($2)" "$1" 2>&1)" "$3"
}

test_report_tells_hosts_and_refusals()
{
	cs 1000 start -j "$tmp/u1000/report" -- -p hello >"$tmp/out" \
	    2>"$tmp/err" </dev/null || because "exit status $?" || return 1
	equal "standard error of a good session" "$(cat "$tmp/err")" "" &&
	json "$tmp/u1000/report" "[(h['host'], h['port'], h['refused'], \
h['out'] > 1000, h['in'] > 100) for h in r['hosts']]" \
	    "[('api.anthropic.com', 443, 0, True, True)]" &&
	json "$tmp/u1000/report" "(r['status'], r['refused'], r['limits'], \
r['limit']['memory'], r['findings'], r['connections'] > 0)" \
	    "(0, 0, [], 4294967296, [], True)" || return 1
	cs 1000 shell -- sh -c 'for i in 1 2 3 4 5 6 7 8
		do curl -s https://www.example.org/; done
		curl -s https://other.example.org:8443/
		curl -s https://api.anthropic.com/ >/dev/null
		exit 3' >"$tmp/out" 2>"$tmp/err" </dev/null
	equal "exit status" $? 3 &&
	equal "standard output" "$(cat "$tmp/out")" "" &&
	said "$tmp/err" "reached api.anthropic.com:443, 1 times" &&
	said "$tmp/err" "refused www.example.org:443, 8 times" &&
	said "$tmp/err" "refused other.example.org:8443, 1 times" &&
	said "$tmp/err" "claudesec pass www.example.org" &&
	said "$tmp/err" "pass to www.example.org" &&
	said "$tmp/err" "claudesec pass other.example.org:8443" &&
	said "$tmp/err" "pass to other.example.org port 8443"
}

# fetch HOST: the first word of what a shell of the session sees of it
fetch()
{
	cs 1000 shell $in -- curl -s -m 60 -o /dev/null -w '%{http_code}' \
	    "https://$1/" 2>/dev/null </dev/null
}

fetches()
{
	equal "answer of $1" "$(fetch "$1")" "$2"
}

log_has()
{
	cs 1000 logs $in | grep -q "$1"
}

test_pass_and_block_change_a_running_session()
{
	hold 1000 held || return 1
	fetches www.example.org 000 &&
	cs 1000 pass www.example.org held &&
	fetches www.example.org 200 &&
	fetches other.example.org 000 &&
	cs 1000 block www.example.org held &&
	fetches www.example.org 000 &&
	cs 1000 pass '*.example.org' -t 10m held &&
	fetches other.example.org 404 || return 1
	# the block of more wins; what is said of the same takes it back
	cs 1000 pass www.example.org held &&
	fetches www.example.org 200 &&
	cs 1000 block '*.example.org' held &&
	fetches www.example.org 000 &&
	refused 77 "it was blocked, by: claudesec block" \
	    cs 1000 pass www.example.org held &&
	cs 1000 pass '*.example.org' held &&
	fetches www.example.org 200 &&
	cs 1000 block www.example.org held &&
	fetches www.example.org 000 || return 1
	cs 1000 logs held >"$tmp/out" || because "logs: exit status $?" ||
	    return 1
	said "$tmp/out" "refused www.example.org:443 1 times" &&
	said "$tmp/out" "rule    www.example.org: passed by uid 1000" &&
	said "$tmp/out" "rule    www.example.org: blocked by uid 1000" &&
	said "$tmp/out" \
	    "rule    *.example.org: passed by uid 1000, for 600 seconds" &&
	said "$tmp/out" "passed  www.example.org:443 " &&
	cs 1000 logs -b -n 1 held >"$tmp/out" &&
	equal "lines of -b -n 1" "$(wc -l <"$tmp/out")" 1 &&
	said "$tmp/out" "refused www.example.org:443"
}

# A program that holds a tunnel open until it is cut, as the agent has them.
cat_tunnel()
{
	cs 1000 shell $in -- python3 -c 'import socket, ssl, sys
s = socket.create_connection(("127.0.0.1", 3128))
s.sendall(b"CONNECT www.example.org:443 HTTP/1.1\r\n\r\n")
s.recv(4096)
s = ssl._create_unverified_context().wrap_socket(s,
    server_hostname="www.example.org")
print("open", flush=True)
try:
    s.recv(1)
except OSError:
    pass
print("cut", flush=True)' >"$tmp/tunnel" 2>&1 </dev/null &
	tunnel_pid=$!
	wait_for 60 tunnel_is_known
	grep -q open "$tmp/tunnel" ||
	    because "no tunnel: $(cat "$tmp/tunnel")"
}

tunnel_is_known()
{
	grep -q open "$tmp/tunnel" || ! kill -0 $tunnel_pid
}

# passed_for SECONDS ...: a tunnel that one of these times was enough to open
passed_for()
{
	for _seconds; do
		cs 1000 pass -t "$_seconds" www.example.org held || return 1
		cat_tunnel && return 0
	done
	return 1
}

cut_tunnel()
{
	wait_for 60 grep -q cut "$tmp/tunnel" || because "$1 cuts nothing"
	wait $tunnel_pid
}

# An open tunnel ends with what passed it.
test_block_cuts_what_is_open()
{
	hold 1000 held -a www.example.org || return 1
	cat_tunnel && cs 1000 block www.example.org held &&
	cut_tunnel block && fetches www.example.org 000 &&
	passed_for 2 8 40 && cut_tunnel "the end of time" &&
	fetches www.example.org 000 || return 1
	log_has "rule .*www.example.org: passed no more, its time is over" &&
	log_has "passed .*www.example.org:443 .*not allowed any more" ||
	    because "$(cs 1000 logs held)"
}

# What the configuration blocks stays blocked; what it passes can be blocked
# for a session, and a reload leaves that alone.
test_rules_of_a_session_and_of_the_configuration()
{
	hold 1000 held || return 1
	cp "$tmp/u1000/conf" "$tmp/u1000/conf.old"
	sed -i 's/^egress {/&\nblock to { www.example.org *.blocked.example }/' \
	    "$tmp/u1000/conf"
	cs 1000 pass other.example.org held &&
	cs 1000 reload &&
	fetches other.example.org 404 &&
	refused 77 "www.example.org: the configuration blocks it, by: block\
 to www.example.org" cs 1000 pass www.example.org held &&
	refused 77 "by: block to \*.blocked.example" \
	    cs 1000 pass a.blocked.example:8443 held &&
	cs 1000 pass blocked.example held &&
	refused 77 "the configuration blocks it" \
	    cs 1000 start -N -a www.example.org -n other -- -p x &&
	cs 1000 block api.anthropic.com held &&
	fetches api.anthropic.com 000 &&
	cp "$tmp/u1000/conf.old" "$tmp/u1000/conf" &&
	cs 1000 reload &&
	fetches api.anthropic.com 000 &&
	fetches other.example.org 404 &&
	fetches www.example.org 000 &&
	cs 1000 pass www.example.org held &&
	fetches www.example.org 200
}

test_start_passes_hosts_for_the_session()
{
	cs 1000 start -a www.example.org -a 'other.example.org:443' -- \
	    -p hello >"$tmp/out" 2>&1 </dev/null ||
	    because "exit status $?: $(cat "$tmp/out")" || return 1
	hold 1000 held -a www.example.org -a other.example.org:443 &&
	fetches www.example.org 200 &&
	fetches other.example.org 404
}

test_rules_that_are_none_are_refused()
{
	hold 1000 held || return 1
	for _host in '' 1.2.3.4 'a b' a..b '*' '*.*.b' -a.b a_b.c [::1] \
	    a.b:0 a.b:65536 a.b:-1 a.b: a.b:80:80 'a.b:443 ' 0x7f000001 \
	    "$(printf 'a\033[2Jb')"; do
		refused 64 '' cs 1000 pass -- "$_host" held &&
		refused 64 '' cs 1000 block -- "$_host" held &&
		refused 64 '' cs 1000 start -N -a "$_host" -- -p x ||
		    because "for \"$_host\"" || return 1
	done
	for _time in '' 0 -1 1x 1mm m 367d 9999999999 ' 1'; do
		refused 64 'not a time' cs 1000 pass -t "$_time" a.b held ||
		    because "for \"$_time\"" || return 1
	done
	for _n in 0 -1 x ''; do
		refused 64 'not a number of lines' cs 1000 logs -n "$_n" ||
		    return 1
	done
	refused 69 'no session nobody runs' cs 1000 pass a.b nobody &&
	refused 69 'no session nobody runs' cs 1000 logs nobody &&
	refused 69 'no session held runs' cs 1001 pass a.b held &&
	refused 69 'no session held runs' cs 1001 logs held
}

# It ends with the session, or when nobody reads.
test_logs_follow_a_session()
{
	hold 1000 held || return 1
	cs 1000 logs -f held >"$tmp/logs" 2>&1 &
	_pid=$!
	cs 1000 logs -bf held >"$tmp/refused" 2>&1 &
	_pid2=$!
	cs 1000 logs -f held 2>&1 | head -n 1 >/dev/null &
	_pid3=$!
	fetches www.example.org 000 && fetches api.anthropic.com 200 || return 1
	wait_for 60 grep -q "refused www.example.org:443" "$tmp/logs" &&
	wait_for 60 grep -q "refused www.example.org:443" "$tmp/refused" &&
	wait_for 60 grep -q "passed  api.anthropic.com:443 .*closed" \
	    "$tmp/logs" || because "not live: $(cat "$tmp/logs")" || return 1
	! grep -q "$(printf '\033')" "$tmp/logs" || because "colours" ||
	    return 1
	release
	hold_pid=
	wait $_pid || because "logs -f: exit status $?" || return 1
	wait $_pid2 || because "logs -bf: exit status $?" || return 1
	wait $_pid3
	equal "other lines of -b" "$(grep -v ' refused ' "$tmp/refused")" ""
}

# status_json EXPRESSION: of the session held
status_json()
{
	cs 1000 status -j | python3 -c "import json, sys
s = {x['name']: x for x in json.load(sys.stdin)}['$in']
print($1)"
}

# A machine that is busy may not say so in time.
engine_counts()
{
	[ "$(status_json "s['cpu'] > 0 and \
1 << 16 < s['memory'] < s['limit'] == 4 << 30 and s['state']")" = running ]
}

tunnels_are()
{
	[ "$(status_json "s['tunnels'], s['connections'], s['blocked']")" = \
	    "$1" ]
}

test_status_counts_what_a_session_does()
{
	# one without Claude Code, which has connections of its own
	cs 1000 shell -- sleep 300 >"$tmp/hold.out" 2>&1 </dev/null &
	hold_pid=$!
	wait_for 60 holds 1000 ws || because "no session" || return 1
	in=ws
	count_session
	_status=$?
	in=held
	return $_status
}

count_session()
{
	cs 1000 pass www.example.org ws &&
	wait_for 60 engine_counts || because "the engine counts" \
	    "$(status_json "s['cpu'], s['memory'], s['limit']")" || return 1
	for _i in 1 2 3 4 5 6 7 8; do
		fetches other.example.org 000 || return 1
	done
	cat_tunnel || return 1
	wait_for 60 tunnels_are "1 0 8" ||
	    because "not 1 0 8 but $(status_json \
	    "s['tunnels'], s['connections'], s['blocked']")" || return 1
	cs 1000 block www.example.org ws && cut_tunnel block &&
	wait_for 60 tunnels_are "0 1 8" ||
	    because "not 0 1 8 but $(status_json \
	    "s['tunnels'], s['connections'], s['blocked']")" || return 1
	# an engine that does not answer in time is not waited for
	docker pause claude-ws >/dev/null || return 1
	_t=$(date +%s%N)
	cs 1000 status >"$tmp/out"
	_t=$((($(date +%s%N) - _t) / 1000000))
	docker unpause claude-ws >/dev/null
	[ $_t -lt 10000 ] || because "status took $_t ms" || return 1
	said "$tmp/out" "ws	$tmp/u1000/ws	"
}

title_says()
{
	tm display-message -p -t $terminal '#{pane_title}' | grep -qF -- "$1"
}

# In the title at once, on a screen that is another's, and at the end for all.
test_blocked_host_is_told_in_a_terminal()
{
	in_terminal shell -- sh -c "'printf \"\\033[?1049h\\033[2J\\033[5;5Hdrawn\"; \
	    curl -s https://www.example.org:8443/; \
	    curl -s https://www.example.org:8443/; read -r x; \
	    printf \"\\033[?1049l\"'" || return 1
	shown drawn || return 1
	wait_for 60 title_says \
	    "blocked www.example.org:8443: claudesec pass www.example.org:8443" ||
	    because "title: $(tm display-message -p -t $terminal \
	    '#{pane_title}')" || return 1
	equal "screen" "$(tm capture-pane -p -t $terminal | tr -d ' \n')" drawn ||
	    return 1
	keys Enter
	shown "refused www.example.org:8443, 2 times" &&
	shown "pass to www.example.org port 8443" && sane
	_status=$?
	no_terminals
	return $_status
}

# Nobody was there when it was refused.
test_blocked_host_is_told_to_who_attaches()
{
	cs 1000 start -d -n held -- hold >"$tmp/out" 2>&1 </dev/null &&
	wait_for 60 holds 1000 held ||
	    because "no session: $(cat "$tmp/out")" || return 1
	fetches www.example.org 000 && log_has "www.example.org:443" &&
	in_terminal attach held || return 1
	wait_for 60 title_says \
	    "blocked www.example.org: claudesec pass www.example.org" ||
	    because "title: $(tm display-message -p -t $terminal \
	    '#{pane_title}')"
	_status=$?
	no_terminals
	cs 1000 stop -a 2>/dev/null
	return $_status
}

# On a terminal there are colours.
test_logs_are_coloured_on_a_terminal()
{
	hold 1000 held && fetches www.example.org 000 &&
	in_terminal logs -b held &&
	shown "refused www.example.org:443" || return 1
	tm capture-pane -e -p -t $terminal |
	    grep -q "$(printf '\033')\\[31mrefused" || because "no colour"
	_status=$?
	no_terminals
	return $_status
}

test_report_tells_of_memory_that_ran_out()
{
	cp "$tmp/u1000/conf" "$tmp/u1000/conf.old"
	printf 'agent {\n\tmemory 128M\n}\n' >>"$tmp/u1000/conf"
	cs 1000 shell -- python3 -c 'x = bytearray(1 << 30)' \
	    >"$tmp/out" 2>"$tmp/err" </dev/null
	_s=$?
	cp "$tmp/u1000/conf.old" "$tmp/u1000/conf"
	_what="out of memory: 128M were not enough"
	! on_podman || _what="killed, out of memory perhaps: it has 128M"
	equal "exit status" $_s 137 &&
	said "$tmp/err" "$_what; more with -m, or memory in"
}

# The kernel counts; it is looked at once a second.
test_report_tells_of_processes_that_ran_out()
{
	cp "$tmp/u1000/conf" "$tmp/u1000/conf.old"
	printf 'agent {\n\tprocesses 64\n}\n' >>"$tmp/u1000/conf"
	cs 1001 shell -- sh -c 'exec sleep 3' >"$tmp/none" 2>&1 </dev/null &
	_pid=$!
	cs 1000 shell -- sh -c '(while :; do sleep 9 & done) 2>/dev/null
	    exec sleep 4' >"$tmp/out" 2>"$tmp/err" </dev/null
	_s=$?
	wait $_pid
	cp "$tmp/u1000/conf.old" "$tmp/u1000/conf"
	equal "exit status" $_s 0 &&
	said "$tmp/err" "out of processes: 64 were not enough; more with" ||
	    return 1
	equal "what is said where they did not" "$(cat "$tmp/none")" ""
}
