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


# What goes through a session's terminal, byte by byte, and what a terminal
# makes of that.  Sourced.

test_bytes_go_both_ways_unchanged()
{
	cp "$here/bytes.py" "$tmp/u1000/ws/"
	equal "bytes" "$(as 1000 python3 "$here/bytes.py" "$tmp/u1000/ws" \
	    "$claudesec" -f "$tmp/u1000/conf" shell -- \
	    python3 bytes.py - 2>&1)" "exit status 0"
}

# A terminal that draws: colours as they were asked for, characters as wide as
# they are; and what is pasted into it comes in one piece.
test_terminal_draws_and_pastes()
{
	cat >"$tmp/u1000/ws/draw" <<-'END'
		stty raw -echo
		printf '\033[38;5;208mone of 256\033[m\r\n'
		printf '\033[38;2;1;22;133;48;2;9;8;7mtrue\033[m\r\n'
		printf '\033[?2004h漢字 \360\237\230\200 here'
		head -c "$1" >pasted
		printf '\r\nall of it'
		exec sleep 100
	END
	{
		echo begin
		yes 'pasted 漢字 é, and a line of it that is a bit longer' |
		    head -c 102400
		echo end
	} >"$tmp/paste"
	_size=$(wc -c <"$tmp/paste")
	in_terminal shell -- sh draw $((_size + 12)) || return 1
	shown "漢字 😀 here" && is cursor_x 12 && is cursor_y 2 || return 1
	tm capture-pane -e -p -t $terminal >"$tmp/drawn"
	said "$tmp/drawn" "$(printf '\033[38;5;208mone of 256')" &&
	said "$tmp/drawn" \
	    "$(printf '\033[38;2;1;22;133m\033[48;2;9;8;7mtrue')" &&
	tm load-buffer "$tmp/paste" &&
	tm paste-buffer -p -r -t $terminal &&
	shown "all of it" || return 1
	{
		printf '\033[200~'
		cat "$tmp/paste"
		printf '\033[201~'
	} | cmp - "$tmp/u1000/ws/pasted" >>"$tmp/why" || return 1
	cs 1000 stop
	shown "exit status 143" && shown "here" && sane
	_status=$?
	no_terminals
	return $_status
}

# What a program leaves that has ended well, and what is typed then.
test_terminal_is_sane_after_the_session()
{
	cat >"$tmp/u1000/ws/leave" <<-'END'
		printf 'the end\033[?5h\033[?9h\033[=5u\033[2;4r\033)0\016'
		printf '\033[8;31m'
	END
	as 1000 script -qec "$claudesec -f $tmp/u1000/conf shell -- \
	    sh leave" /dev/null </dev/null >"$tmp/out" 2>&1
	cat -v "$tmp/out" | grep -q \
	    'the end.*\^\[\[0m.*\^\[(B^O.*\^\[)B.*\^\[\[?4;5l' ||
	    because "left as it is: $(cat -v "$tmp/out")" || return 1
	as 1000 script -qec "$claudesec -f $tmp/u1000/conf shell -- \
	    printf '\033[31mred\033[m the end'" /dev/null </dev/null \
	    >"$tmp/out" 2>&1
	# script(1) types a NUL where its input ends
	equal "nothing left" "$(cat -v "$tmp/out" | sed 's/\^@//g')" \
	    "^[[31mred^[[m the end"
}

# Which of the three are a terminal is looked at for each.
test_pipes_beside_a_terminal()
{
	in_terminal start -- -p hello "|" cat -v
	shown "answer to: hello" && sane || return 1
	hold 1000 held || return 1
	in_terminal shell held -- tty "|" cat -v &&
	shown "not a tty" && sane || return 1
	in_terminal shell held -- "sh -c 'tty; cat; echo out; echo err >&2'" \
	    "</dev/null 2>$tmp/u1000/err" &&
	shown "not a tty" && shown out && shown "exit status 0" && sane &&
	equal "standard error" "$(cat "$tmp/u1000/err")" err || return 1
	in_terminal shell held -- "sh -c 'tty; tty >&2'" "2>/dev/null" &&
	shown "/dev/pts/" && shown "exit status 0" && sane &&
	equal "escapes on a pipe" "$({ cs 1000 status; cs 1000 logs held
	    cs 1000 version; cs 1000 help; } 2>&1 |
	    grep -c "$(printf '\033')")" 0
	_status=$?
	no_terminals
	return $_status
}

# All that a day has: work, a window that changes and one that is closed, a
# page that is looked at from the host, and a host that is passed.
test_a_day_in_a_terminal()
{
	port=$(free_ports 1)
	serve "$here/registry.py" "$other_addr" 8443 "$tmp/server.crt" \
	    "$tmp/server.key" answer-to-all
	wait_for 60 curl -s --cacert "$tmp/ca.crt" -o /dev/null --resolve \
	    "www.example.org:8443:$other_addr" https://www.example.org:8443/ ||
	    because "no registry" || return 1
	in_terminal start -p "$port:8080" -- --dangerously-skip-permissions
	accepts &&
	say_it "RUN echo a page >page; echo made" &&
	shown "result: made" || return 1
	tm resize-window -t $terminal -x 140 -y 40
	wide 140 || return 1
	no_terminals
	wait_for 60 no_client || because "the client stays" || return 1
	a_terminal two 120 40 attach
	shown "result: made" && claude_is_there && wide 120 || return 1
	cs 1000 shell ws -- python3 -m http.server -b 127.0.0.1 8080 \
	    >"$tmp/server.out" 2>&1 </dev/null &
	wait_for 60 sees_the_page ||
	    because "no page: $(cat "$tmp/server.out")" ||
	    return 1
	# a title of Claude Code's own may follow ours
	tm pipe-pane -t $terminal "cat >$tmp/pane" || return 1
	cs 1000 shell ws -- sh -c 'mkdir /tmp/p; cd /tmp/p
	    until npm install --no-audit --no-fund --no-update-notifier \
	    --fetch-retries=0 --cafile=/etc/ssl/certs/ca-certificates.crt \
	    --registry=https://www.example.org:8443/ answer-to-all; do
	    sleep 1; done >/dev/null 2>&1
	    node -p "40 + require(\"answer-to-all\")"' >"$tmp/npm" 2>&1 \
	    </dev/null &
	_pid=$!
	wait_for 60 grep -q "blocked www.example.org:8443: claudesec pass \
www.example.org:8443" "$tmp/pane" || because "nothing is said" || return 1
	cs 1000 pass www.example.org:8443 &&
	wait $_pid &&
	equal "what was installed" "$(cat "$tmp/npm")" 82 &&
	cs 1000 stop &&
	shown "exit status 143" &&
	shown "refused www.example.org:8443" && sane
	_status=$?
	no_terminals
	return $_status
}

sees_the_page()
{
	[ "$(curl -s -m 5 "http://localhost:$port/page")" = "a page" ]
}
