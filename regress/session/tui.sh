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

# The real Claude Code in a terminal, with a key that it does not have.  Sourced.

# injected NAME=VALUE: Claude Code in a terminal with that, and what it asks
injected()
{
	no_terminals
	inject "$1"
	echo "one of the workspace" >"$tmp/u1000/ws/read.me"
	terminal_conf=$tmp/u1000/inject
	a_terminal one 100 30 start -n tui -- --dangerously-skip-permissions
	unset terminal_conf
	accepts
}

# What is asked before it does without questions
accepts()
{
	shown "❯ No, exit" || return 1
	keys Down
	shown "❯ Yes, I accept" || return 1
	keys Enter
	shown "bypass permissions on"
}

# say TEXT: typed, and sent once it is there
say_it()
{
	keys -l "$1"
	shown "$1" || return 1
	keys Enter
}

# An answer, a tool that reads a file, a long answer, and one that is broken off.
in_the_terminal()
{
	say_it "how are you?" &&
	shown "answer to: how are you?" &&
	say_it "RUN cat read.me" &&
	shown "result: one of the workspace" &&
	say_it "LONG 600" &&
	shown "word-600" || return 1
	printf 'SLEEP 100\nwait' >"$tmp/long"
	tm load-buffer "$tmp/long"
	tm paste-buffer -p -t $terminal
	shown "wait" || return 1
	keys Enter
	# the beginning of an answer is there
	wait_for 60 grep -q '"begun": "/v1/messages' "$tmp/api.log" ||
	    because "the API has not begun to answer" || return 1
	shown "… (" || return 1
	keys Escape
	shown "Interrupted" || return 1
	wait_for 60 grep -q '"cancelled": "/v1/messages' "$tmp/api.log" ||
	    because "the API does not see the end" || return 1
	say_it "and now?" &&
	shown "answer to: and now?"
}

tui_ends()
{
	docker logs claude-tui-proxy >"$tmp/proxy" 2>&1
	csi stop -a
	no_terminals
}

# What the gateway was asked for, and what it refused of that
asked()
{
	sed -n 's/.*"method":"\([A-Z]*\)","path":"\([^"]*\)".*/\1 \2/p' \
	    "$tmp/proxy" | sort -u | tr '\n' ' '
	grep '"event":"refused"' "$tmp/proxy" | grep -v '"host"'
}

test_tui_with_an_injected_key()
{
	injected "ANTHROPIC_API_KEY=$real_key" && in_the_terminal
	_status=$?
	tui_ends
	[ $_status -eq 0 ] || return 1
	equal "keys at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "$real_key" &&
	equal "tokens at the API" "$(values "$tmp/api.log" authorization)" ""
}

test_tui_with_an_injected_token()
{
	injected "CLAUDE_CODE_OAUTH_TOKEN=$real_token" && in_the_terminal
	_status=$?
	tui_ends
	[ $_status -eq 0 ] || return 1
	equal "tokens at the API" "$(values "$tmp/api.log" authorization)" \
	    "bearer $real_token" &&
	equal "keys at the API" "$(values "$tmp/api.log" x-api-key)" ""
}

# What it asks beyond the messages of a turn is told in proxyd.conf(5).  Nothing
# that is refused holds it up.
test_tui_asks_no_more_than_is_passed()
{
	injected "ANTHROPIC_API_KEY=$real_key" &&
	say_it "how are you?" &&
	shown "answer to: how are you?" &&
	say_it "/context" &&
	shown "Estimated usage by category" &&
	say_it "/compact" &&
	shown "Compacted" &&
	say_it "/status" &&
	shown "Esc to close"
	_status=$?
	tui_ends
	[ $_status -eq 0 ] || return 1
	equal "what the gateway was asked" "$(asked)" \
	    "POST /v1/messages POST /v1/messages/count_tokens "
}
