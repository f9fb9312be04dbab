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



# A login by the user's browser.  Sourced.

# browser [LINE ...]: the user 1000 from now on logs in
browser()
{
	_d=$tmp/u1000
	cat >"$_d/browser" <<-END
		image "$test_image"
		egress {
			resolver $dns_addr
		}
	END
	for _line; do
		echo "$_line" >>"$_d/browser"
	done
	chown 1000:1000 "$_d/browser"
	rm -rf "$_d/home/.local" "$_d/home/.claude"
	login_dir=$_d/home/.local/share/claudesec/claude
}

# csb COMMAND ...: claudesec with that
csb()
{
	as 1000 "$claudesec" -f "$tmp/u1000/browser" "$@"
}

test_browser_keeps_a_directory()
{
	browser "credentials browser"
	csb shell -- sh -c 'cd "$CLAUDE_CONFIG_DIR" && echo 1 >kept && cat \
	    .claude.json; echo "$BROWSER"' </dev/null >"$tmp/out" 2>&1
	equal "exit status" $? 0 || { cat "$tmp/out" >>"$tmp/why"; return 1; }
	grep -q hasCompletedOnboarding "$tmp/out" &&
	grep -q /run/claudesec/inside "$tmp/out" ||
	    because "not prepared: $(cat "$tmp/out")" || return 1
	equal "what was kept" "$(cat "$login_dir/kept" 2>&1)" 1 &&
	equal "owner and mode" "$(stat -c '%u %a' "$login_dir")" "1000 700" &&
	equal "mode of its parent" "$(stat -c %a "${login_dir%/*}")" 700 ||
	    return 1
	# the user's own stays
	echo '{"mine": 1}' >"$login_dir/.claude.json"
	csb shell -- sh -c 'cat "$CLAUDE_CONFIG_DIR/kept" \
	    "$CLAUDE_CONFIG_DIR/.claude.json"' </dev/null >"$tmp/out" 2>&1
	equal "what another session sees" "$(tr '\n' ' ' <"$tmp/out")" \
	    '1 {"mine": 1} '
}

test_browser_is_the_default_without_a_key()
{
	browser
	csb shell -- sh -c 'echo 1 >"$CLAUDE_CONFIG_DIR/kept"' </dev/null \
	    >"$tmp/out" 2>&1
	equal "what was kept" "$(cat "$login_dir/kept" 2>&1)" 1 || return 1
	# with a key there is none, nor where it cannot be
	echo "ANTHROPIC_API_KEY=$test_key" >"$tmp/u1000/browser.env"
	chmod 600 "$tmp/u1000/browser.env"
	chown 1000 "$tmp/u1000/browser.env"
	browser "credentials environment from \"$tmp/u1000/browser.env\""
	csb stop -a 2>/dev/null
	next_daemon || return 1
	csb shell -- sh -c 'echo 1 >"$CLAUDE_CONFIG_DIR/kept"' </dev/null \
	    >"$tmp/out" 2>&1
	equal "what was kept of another mode" "$(ls "$login_dir" 2>/dev/null)" \
	    "" || return 1
	next_daemon || return 1
	browser
	touch "$tmp/u1000/home/.local"
	csb shell -- sh -c 'echo "$BROWSER"' </dev/null >"$tmp/out" 2>&1
	equal "what is said where it cannot be" "$(cat "$tmp/out")" ""
	rm -f "$tmp/u1000/home/.local"
}

test_browser_takes_a_directory_of_the_user_only()
{
	browser "credentials browser directory \"~/.claude\""
	h=$tmp/u1000/home
	install -d -m 700 -o 1000 -g 1000 "$h/.claude"
	csb shell -- sh -c 'echo 2 >"$CLAUDE_CONFIG_DIR/kept"' </dev/null \
	    >"$tmp/out" 2>&1
	equal "what was kept" "$(cat "$h/.claude/kept" 2>&1)" 2 || return 1
	for what in "chown 0" "chmod 770" "chmod 702" link; do
		rm -rf "$h/.claude" "$h/elsewhere"
		install -d -m 700 -o 1000 -g 1000 "$h/.claude"
		if [ "$what" = link ]; then
			mv "$h/.claude" "$h/elsewhere"
			ln -s elsewhere "$h/.claude"
		else
			$what "$h/.claude"
		fi
		csb shell -- true </dev/null >"$tmp/out" 2>&1
		equal "exit status after $what" $? 66 &&
		case $(cat "$tmp/out") in
		"claudesec: credentials browser: "*/.claude*) ;;
		*)	because "it says: $(cat "$tmp/out")" ;;
		esac || return 1
	done
	rm -rf "$h/.claude" "$h/elsewhere"
	# nor what the workspace holds
	sed -i "s,~/.claude,$tmp/u1000/ws/login," "$tmp/u1000/browser"
	next_daemon || return 1
	install -d -m 700 -o 1000 -g 1000 "$tmp/u1000/ws/login"
	csb shell -- true </dev/null >"$tmp/out" 2>&1
	equal "exit status beside the workspace" $? 66
	rmdir "$tmp/u1000/ws/login"
}

# The engine goes by the path; what is there when it does is not taken for it.
test_browser_directory_is_not_what_came_later()
{
	browser "credentials browser directory \"~/login\""
	h=$tmp/u1000/home
	install -d -m 700 -o 1000 -g 1000 "$h/login" "$h/other"
	touch "$h/other/stolen"
	ln -s other "$h/link"
	swapping "$h/login" "$h/link"
	n=0
	seen=
	while [ $n -lt 60 ] && [ -z "$seen" ]; do
		n=$((n + 1))
		out=$(csb shell -- sh -c 'ls "$CLAUDE_CONFIG_DIR"' \
		    </dev/null 2>&1)
		case $out in
		*"not the directory that was asked for")	seen=1 ;;
		*stolen*)	because "another one was taken"
			break ;;
		esac
	done
	kill $swapper
	wait $swapper 2>/dev/null
	rm -rf "$h/login" "$h/link" "$h/other"
	[ -n "$seen" ] || because "it was never swapped in time: $out"
}

# The user's browser, without a window: what it was told to open, it opens once.
# As one with a window does, it loads a page again if an interface came or went
# meanwhile, which containers' do all the time.
browser_up()
{
	cat >"$tmp/browser.sh" <<-END
		#!/bin/sh
		echo "\$1" >>$tmp/opened
		own=$tmp/u1000/chromium.\$\$
		n=0
		while [ \$n -lt 20 ]; do
			HOME=$tmp/u1000/home timeout 60 \\
			    chromium-headless-shell --no-sandbox \\
			    --disable-gpu --disable-quic --no-first-run \\
			    --disable-background-networking \\
			    --disable-component-update --disable-sync \\
			    --ignore-certificate-errors \\
			    --user-data-dir=\$own --host-resolver-rules=" \\
			    MAP *.claude.com $api_addr, \\
			    MAP claude.com $api_addr, \\
			    MAP claude.ai $api_addr" \\
			    --dump-dom "\$1" >>$tmp/page 2>\$own.err
			cat \$own.err >>$tmp/page.err
			grep -q ERR_NETWORK_CHANGED \$own.err || break
			n=\$((n + 1))
		done
	END
	chmod 755 "$tmp/browser.sh"
	rm -rf "$tmp/u1000"/chromium.*
	rm -f "$tmp/opened" "$tmp/page" "$tmp/page.err"
	: >"$tmp/opened"
	: >"$tmp/page"
	: >"$tmp/page.err"
	chmod 666 "$tmp/opened" "$tmp/page" "$tmp/page.err"
}

# browser_terminal WINDOW BROWSER ARGUMENT ...: claudesec there, as in_terminal
browser_terminal()
{
	_d=$tmp/u1000
	_w=$1
	_b=$2
	terminal=one
	shift 2
	cat >"$tmp/terminal.$_w" <<-END
		cd $_d/ws
		export PATH="$PATH" HOME=$_d/home XDG_RUNTIME_DIR=$_d/run \\
		    BROWSER=$_b
		setpriv --reuid 1000 --regid 1000 --groups $engine_gid -- \\
		    $claudesec -f $_d/browser $*
		echo "exit status \$?"
		sleep 100
	END
	if tm has-session 2>/dev/null; then
		tm new-window -n "$_w" "sh $tmp/terminal.$_w 9>&-"
	else
		tm new-session -d -x 100 -y 40 -n "$_w" \
		    "sh $tmp/terminal.$_w 9>&-"
	fi
}

# The real Claude Code, its /login, a real browser: all but the server.
test_browser_brings_the_login_back()
{
	browser "credentials browser"
	browser_up
	no_terminals
	browser_terminal one "$tmp/browser.sh" start -n one
	shown "Claude Code" && shown "❯" && logs_in one || return 1
	wait_for 120 grep -q sk-ant-oat01- "$login_dir/.credentials.json" || {
		because "no login: $(cat "$tmp/opened" "$tmp/page")"
		tm capture-pane -p >>"$tmp/why"
		cat "$tmp/page.err" "$tmp/api.log" >>"$tmp/why"
	}
	_status=$?
	p=$(sed -n 's/.*localhost%3A\([0-9]*\)%2F.*/\1/p' "$tmp/opened")
	[ $_status -ne 0 ] || { wait_for 60 deaf "$p" ||
	    because "somebody still listens"; }
	_status=$?
	[ $_status -ne 0 ] || {
		grep -q '"grant": "code", "good": true' "$tmp/api.log" &&
		equal "how often a page was opened" \
		    "$(grep -c . "$tmp/opened")" 1 ||
		    because "no code was taken: $(cat "$tmp/api.log")"
		_status=$?
	}
	csb stop -a
	no_terminals
	return $_status
}

# Who lets go of a session, or never had it, logs in when it is attached.
test_browser_brings_the_login_back_to_who_attaches()
{
	browser "credentials browser"
	browser_up
	no_terminals
	browser_terminal one "$tmp/browser.sh" start -d -n one
	shown "exit status 0" || return 1
	no_terminals
	browser_terminal one "$tmp/browser.sh" attach one
	shown "Claude Code" && shown "❯" && logs_in one &&
	{ wait_for 120 grep -q sk-ant-oat01- "$login_dir/.credentials.json" ||
	    because "no login: $(cat "$tmp/opened" "$tmp/page" "$tmp/page.err")"
	}
	_status=$?
	csb stop -a
	no_terminals
	return $_status
}

# logs_in WINDOW: as far as the browser
logs_in()
{
	terminal=:$1
	say_it /login && shown "Select login method" && keys Enter
	_r=$?
	terminal=one
	return $_r
}

# Two real ones at once: each gets its own code, with the word that it gave.
test_browser_brings_two_logins_back()
{
	browser "credentials browser"
	browser_up
	no_terminals
	browser_terminal one "$tmp/browser.sh" start -n one
	shown "Claude Code" && shown "❯" || return 1
	browser_terminal two "$tmp/browser.sh" start -N -n two
	terminal=:two
	shown "Claude Code" && shown "❯"
	_status=$?
	terminal=one
	[ $_status -eq 0 ] && logs_in one && logs_in two &&
	{ wait_for 120 two_codes || because "not two: $(cat "$tmp/opened" \
	    "$tmp/api.log" "$tmp/page.err")"; } &&
	equal "pages that were opened" "$(sort -u "$tmp/opened" |
	    grep -c .)" 2 &&
	equal "codes that were refused" "$(grep -c '"good": false' \
	    "$tmp/api.log")" 0
	_status=$?
	csb stop -a
	no_terminals
	return $_status
}

two_codes()
{
	[ "$(grep -c '"grant": "code", "good": true' "$tmp/api.log")" -eq 2 ]
}

# Two logins at once, and what else comes to such a port.  The address is
# printed as Claude Code's is, by something that stands for it: its server says
# what it got.
test_browser_does_not_mix_logins()
{
	browser "credentials browser"
	cat >"$tmp/u1000/ws/login.py" <<-'END'
		import http.server, subprocess, sys
		got = []
		class H(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        got.append(self.path)
		        open("/workspace/got." + sys.argv[1], "a").write(
		            self.path + "\n")
		        self.send_response(200)
		        self.end_headers()
		        self.wfile.write(b"done")
		s = http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), H)
		subprocess.run(["/run/claudesec/inside",
		    sys.argv[4] + "?code=true&redirect_uri=http%3A%2F%2Flocalhost"
		    "%3A" + sys.argv[2] + "%2Fcallback&state=" + sys.argv[3]])
		print("listening " + sys.argv[1], flush=True)
		s.serve_forever()
	END
	a=https://claude.com/cai/oauth/authorize
	set -- $(free_ports 3)
	# the one of older versions, unless somebody has it
	ss -tanH | grep -q ':54545 ' || set -- 54545 "$2"
	rm -f "$tmp/u1000/ws"/got.*
	no_terminals
	: >"$tmp/opened"
	chmod 666 "$tmp/opened"
	printf '#!/bin/sh\necho "$1" >>%s/opened\n' "$tmp" >"$tmp/note.sh"
	chmod 755 "$tmp/note.sh"
	browser_terminal one "$tmp/note.sh" shell -- python3 login.py one "$1" \
	    state-of-one $a
	shown "listening one" || return 1
	browser_terminal two "$tmp/note.sh" start -N -n two || return 1
	wait_for 60 sh -c "docker exec claude-two true" ||
	    because "no second session" || return 1
	tm select-window -t two
	docker exec -d -t -u 1000 claude-two sh -c \
	    "exec python3 /workspace/login.py two $2 state-of-two $a \
	    >/dev/null 2>&1"
	wait_for 60 listens "$1" || because "nobody listens for the first" ||
	    return 1
	ask() {
		curl -s -o /dev/null -w '%{http_code}' -m 60 \
		    "http://localhost:$@"
	}
	equal "what the engine publishes" "$(docker port claude-two)" "" &&
	equal "another page" "$(ask "$1/favicon.ico")" 000 &&
	equal "another word" "$(ask "$1/callback?code=x&state=state-of-two")" \
	    000 &&
	equal "two words" "$(ask \
	    "$1/callback?state=state-of-one&state=state-of-two")" 000 &&
	equal "another method" "$(ask \
	    "$1/callback?code=x&state=state-of-one" -d x)" 000 &&
	equal "another user's" "$(as 1001 curl -s -o /dev/null -w \
	    '%{http_code}' -m 60 \
	    "http://localhost:$1/callback?code=x&state=state-of-one")" 000 &&
	equal "its own" "$(ask "$1/callback?code=x&state=state-of-one")" 200 &&
	{ wait_for 60 deaf "$1" || because "it listens still"; } &&
	equal "what the first got" "$(cat "$tmp/u1000/ws/got.one")" \
	    "/callback?code=x&state=state-of-one" &&
	equal "what was opened" "$(cat "$tmp/opened")" \
	    "$a?code=true&redirect_uri=http%3A%2F%2Flocalhost%3A$1%2Fcallback&state=state-of-one" &&
	equal "what the second got" "$(cat "$tmp/u1000/ws/got.two" 2>&1 |
	    grep -c callback)" 0
	_status=$?
	csb stop -a
	no_terminals
	rm -f "$tmp/u1000/ws"/got.* "$tmp/u1000/ws/login.py"
	return $_status
}

# Three sessions on one login that has run out: who is first gets a new one for
# all, since the token for that is good once.  It is Claude Code's own lock in
# the directory that they share.
test_browser_login_is_not_lost_by_a_race()
{
	browser "credentials browser"
	curl -s --cacert "$tmp/ca.crt" --resolve "claude.ai:443:$api_addr" \
	    https://claude.ai/tokens/first >/dev/null
	mkdir -p "$login_dir"
	echo '{"claudeAiOauth": {"accessToken": "sk-ant-oat01-old",
	    "refreshToken": "sk-ant-ort01-0", "expiresAt": 1000,
	    "scopes": ["user:inference", "user:profile"],
	    "subscriptionType": "max"}}' >"$login_dir/.credentials.json"
	chown -R 1000:1000 "$tmp/u1000/home/.local"
	chmod -R go= "$tmp/u1000/home/.local"
	: >"$tmp/api.log"
	racers=
	for i in 1 2 3; do
		csb start -N -n race$i -- -p "who?" </dev/null \
		    >"$tmp/race.$i" 2>&1 &
		racers="$racers $!"
	done
	wait $racers
	for i in 1 2 3; do
		equal "answer of $i" "$(cat "$tmp/race.$i")" "answer to: who?" || {
			grep grant "$tmp/api.log" >>"$tmp/why"
			return 1
		}
	done
	equal "how often a token was asked for" \
	    "$(grep -c '"grant": "refresh_token"' "$tmp/api.log")" 1 &&
	equal "and refused" "$(grep -c '"good": false' "$tmp/api.log")" 0
}
