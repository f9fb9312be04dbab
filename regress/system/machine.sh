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


# The daemon as the machine starts it: by its rc script, with a log of the
# system's, or by its unit.  Sourced.

# machine: a name space with a log of the system's, the program where it is
# installed, and its options; what is mounted there nobody else sees.
machine()
{
	mkdir -p "$tmp/dev" "$tmp/bin" "$tmp/default" || return 1
	ln -sf "$claudesec" "$tmp/bin/claudesec"
	echo "flags='-a $tmp/audit -f $tmp/conf -s $tmp/sock'" \
	    >"$tmp/default/claudesec"
	cat >"$tmp/machine" <<-END
		mount -t tmpfs none "$tmp/dev"
		for f in null zero full random urandom tty; do
			: >"$tmp/dev/\$f"
			mount --bind /dev/\$f "$tmp/dev/\$f"
		done
		ln -s "$tmp/dev.log" "$tmp/dev/log"
		mount --move "$tmp/dev" /dev
		mount --bind "$tmp/bin" /usr/local/bin
		mount --bind "$tmp/default" /etc/default
		: >"$tmp/up"
		exec sleep 1000
	END
	rm -f "$tmp/up"
	unshare -m sh -e "$tmp/machine" 2>>"$tmp/why" &
	machine=$!
	wait_for 60 test -e "$tmp/up" && syslogd ||
	    because "no name space of its own"
}

on_machine()
{
	nsenter -m -t $machine -- "$@"
}

# syslogd: another one, if there is one
syslogd()
{
	[ -z "$syslogd" ] || kill $syslogd
	rm -f "$tmp/dev.log"
	: >"$tmp/syslog"
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(65536).decode(), flush=True)' "$tmp/dev.log" >"$tmp/syslog" &
	syslogd=$!
	wait_for 60 test -S "$tmp/dev.log" || because "no syslogd"
}

# rc WHAT: what it says is in $tmp/out
rc()
{
	on_machine sh "$top/etc/rc/claudesec.rc" "$1" </dev/null \
	    >"$tmp/out" 2>&1
}

machine_end()
{
	[ -n "$machine" ] || return 0
	rc stop
	[ -z "$syslogd" ] || kill $syslogd
	kill $machine
	wait $machine $syslogd 2>/dev/null
	machine=
	syslogd=
}

# with_machine FUNCTION: one that leaves no session
with_machine()
{
	machine && "$1"
	_r=$?
	[ $_r -eq 0 ] || {
		cp "$tmp/syslog" "$tmp/log"
		root stop -a
	}
	machine_end
	return $_r
}

# held_by_root NAME COMMAND ...: a session of root's in a terminal
held_by_root()
{
	mkdir -p "$tmp/root/$1" || return 1
	_name=$1
	shift
	(cd "$tmp/root/$_name" && TERM=dumb exec script -qec \
	    "$claudesec -s $tmp/sock shell -- $*" /dev/null) </dev/null \
	    >"$tmp/$_name.out" 2>&1 &
	held=$!
	wait_for 60 root_sees "$_name" ||
	    because "no session: $(cat "$tmp/$_name.out")"
}

# rules_of_one WHEN PASSED BLOCKED
rules_of_one()
{
	[ "$(asks $2.example.org)" != 403 ] ||
	    because "$1: $2 is not passed" || return 1
	equal "$1: $3" "$(asks $3.example.org)" 403
}

test_the_rc_script()
{
	with_machine the_rc_script
}

# It is restarted with a session, which has its policy all the time, and what
# is asked of the next daemon is answered.
the_rc_script()
{
	cat >"$tmp/conf" <<-END
		credentials none
		egress {
			pass to a.example.org
			$at_once
		}
		permit user $anna
	END
	rc status
	equal "status without one" "$? $(cat "$tmp/out")" \
	    "3 claudesec does not run" || return 1
	rc start || because "start: $(cat "$tmp/out")" || return 1
	rc start
	equal "a second start" "$? $(cat "$tmp/out")" \
	    "0 claudesec runs already" || return 1
	rc status
	equal "status" "$? $(cat "$tmp/out")" "0 claudesec runs" || return 1
	held_by_root one "sh -c 'trap \"exit 7\" USR1; while echo beats; do
	    sleep 0.1; done'" && rules_of_one "at first" a b || return 1
	_agent=$(inspect one '{{.Id}} {{.State.Pid}}')
	cp "$tmp/conf" "$tmp/good"
	echo 'nothing that it knows' >>"$tmp/conf"
	for _what in restart reload; do
		! rc $_what || because "$_what: with errors" || return 1
		grep -q 'conf:[0-9]*: ' "$tmp/out" ||
		    because "$_what: it says $(cat "$tmp/out")" || return 1
		rc status || because "$_what: it is gone" || return 1
	done
	cp "$tmp/good" "$tmp/conf"
	rc restart || because "restart: $(cat "$tmp/out")" || return 1
	wait_for 60 root_sees one || because "not adopted" || return 1
	equal "the agent" "$(inspect one '{{.Id}} {{.State.Pid}}')" \
	    "$_agent" && rules_of_one "restarted" a b || return 1
	# another permit and another policy, while it runs
	sed "s/a.example/b.example/; s/$anna/$bert/" "$tmp/good" >"$tmp/conf"
	rc reload || because "reload: $(cat "$tmp/out")" || return 1
	wait_for 60 grep -q 'configuration reloaded' "$tmp/syslog" ||
	    because "it does not reload" || return 1
	wait_for 60 rules_of_one reloaded b a || return 1
	refused 77 'you have no permit' $anna status && cs $bert status ||
	    because "bert: $(cat "$tmp/err")" || return 1
	rc stop || because "stop: $(cat "$tmp/out")" || return 1
	! rc status || because "it goes on" || return 1
	equal "stopped: the agent" "$(inspect one \
	    '{{.Id}} {{.State.Pid}}')" "$_agent" && rules_of_one stopped b a ||
	    return 1
	rc start && wait_for 60 root_sees one ||
	    because "started: $(cat "$tmp/out")" || return 1
	root shell one -- true || because "shell: $(cat "$tmp/err")" || return 1
	rules_of_one started b a || return 1
	root logs one && grep -q 'refused a.example.org' "$tmp/out" ||
	    because "logs: $(cat "$tmp/out" "$tmp/err")" || return 1
	(TERM=dumb exec timeout 120 script -qec \
	    "$claudesec -s $tmp/sock attach one" /dev/null) </dev/null \
	    >"$tmp/attached" 2>&1 &
	_attached=$!
	wait_for 60 grep -q beats "$tmp/attached" ||
	    because "attach: $(cat "$tmp/attached")" || return 1
	docker kill -s USR1 claude-one >/dev/null
	wait $_attached
	equal "status of attach" $? 7 || return 1
	wait $held
	wait_for 60 nothing_left || because "left: $(left)"
}

# said N TEXT: that many lines of the log's
said()
{
	equal "lines of $2" "$(grep -c "claudesec\[[0-9]*\]: engine: $2" \
	    "$tmp/syslog")" "$1"
}

test_syslog()
{
	with_machine syslog
}

# A line for each start, end and refusal.
syslog()
{
	cat >"$tmp/conf" <<-END
		credentials none
		egress { $at_once }
	END
	rc start || because "start: $(cat "$tmp/out")" || return 1
	mkdir -p "$tmp/root/one"
	(cd "$tmp/root/one" && timeout 60 "$claudesec" -s "$tmp/sock" shell -- \
	    sh -c 'curl -s https://a.example.org; exit 7') >"$tmp/out" 2>&1
	equal "status of $(cat "$tmp/out")" $? 7 || return 1
	refused 77 'you have no permit' $anna status || return 1
	wait_for 60 grep -q 'session one is gone' "$tmp/syslog"
	said 1 "session one of uid 0 runs in $tmp/root/one" &&
	said 1 'session one: proxy: refused a.example.org:443: ' &&
	said 1 'session one is gone: status 7, ' &&
	said 1 "uid $(id -u $anna) has no permit" || return 1
	grep -q "claudesec\[[0-9]*\]: parent: daemon takes clients" \
	    "$tmp/syslog" || because "none of the daemon" || return 1
	# whose syslogd is another by now goes on
	syslogd && root shell -- true || because "$(cat "$tmp/err")" ||
	    return 1
	rc status || because "it is gone" || return 1
	wait_for 60 nothing_left || because "left: $(left)"
}

# unit WORD: what is to be executed
unit()
{
	sed -n "s/^$1=//p" "$top/etc/rc/claudesec.service"
}

test_the_unit()
{
	with_machine the_unit
}

# As systemd(1) would, which is not there.
the_unit()
{
	[ ! -S /var/run/claudesec.sock ] ||
	    because "there is a daemon" || return 1
	# shellcheck disable=SC2046
	on_machine $(unit ExecStartPre) 2>"$tmp/err" ||
	    because "before: $(cat "$tmp/err")" || return 1
	# shellcheck disable=SC2046
	nsenter -m -t $machine -- $(unit ExecStart) 2>"$tmp/syslog" &
	daemon=$!
	wait_for 60 grep -q 'takes clients' "$tmp/syslog" ||
	    because "it does not start" || return 1
	"$claudesec" status >"$tmp/out" 2>&1 ||
	    because "status: $(cat "$tmp/out")" || return 1
	on_machine env MAINPID=$daemon sh -c "$(unit ExecReload)" &&
	    wait_for 60 grep -q 'configuration reloaded' "$tmp/syslog" ||
	    because "it does not reload" || return 1
	kill $daemon
	wait $daemon
	_got=$?
	daemon=
	equal "its status" $_got 0
}
