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


# Claude Code does its work: questions, tools, status, files.  Sourced.

# values FILE KEY: the different values that a log has for a key
values()
{
	python3 -c 'import json, sys
print(" ".join(sorted({json.loads(l)[sys.argv[2]].lower() for l in
    open(sys.argv[1]) if sys.argv[2] in json.loads(l)})))' "$1" "$2"
}

test_claude_prints_the_answer_when_headless()
{
	out=$(cs 1000 start -- -p "what is it?" </dev/null 2>"$tmp/err")
	equal "exit status" $? 0 || { cat "$tmp/err" >>"$tmp/why"; return 1; }
	equal answer "$out" "answer to: what is it?" &&
	equal "standard error" "$(cat "$tmp/err")" "" &&
	equal "key at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "$test_key" &&
	equal "host at the API" "$(values "$tmp/api.log" host)" \
	    api.anthropic.com &&
	equal "names asked of DNS" "$(values "$tmp/dns.log" name)" \
	    api.anthropic.com
}

test_claude_reads_stdin_when_piped()
{
	out=$(echo "from a pipe" | cs 1000 start -- -p 2>"$tmp/err")
	equal answer "$out" "answer to: from a pipe"
}

test_claude_keeps_streams_and_status_apart()
{
	out=$(cs 1000 start -- --no-such-option </dev/null 2>"$tmp/err")
	equal "exit status" $? 1 &&
	equal "standard output" "$out" "" &&
	{ grep -q "unknown option" "$tmp/err" ||
	    because "standard error: $(cat "$tmp/err")"; }
}

test_shell_passes_status_and_bytes()
{
	cs 1000 shell -- sh -c 'exit 42' </dev/null >/dev/null 2>&1
	equal "exit status" $? 42 || return 1
	cs 1000 shell -- sh -c 'kill -9 $$' </dev/null >/dev/null 2>&1
	equal "exit status of a killed command" $? 137 || return 1
	head -c 3000000 /dev/urandom >"$tmp/bytes"
	cs 1000 shell -- cat <"$tmp/bytes" >"$tmp/bytes.out" 2>/dev/null
	equal "exit status of cat" $? 0 || return 1
	cmp -s "$tmp/bytes" "$tmp/bytes.out" || because "bytes are not the same"
}

test_claude_works_on_files_of_the_caller()
{
	for uid in 501 1000 1001; do
		echo "as $uid" >"$tmp/u$uid/ws/read"
		out=$(cs $uid start -- --dangerously-skip-permissions -p \
		    "RUN cat read; touch made; id -u" </dev/null 2>"$tmp/err")
		equal "result of the tool" "$out" "result: as $uid
$uid" || { cat "$tmp/err" >>"$tmp/why"; return 1; }
		equal "owner of a new file" \
		    "$(stat -c %u:%g "$tmp/u$uid/ws/made")" $uid:$uid ||
		    return 1
	done
}

test_root_is_not_root_inside()
{
	out=$(cs 0 shell -- id -u </dev/null 2>"$tmp/err")
	equal "uid" "$out" 1000 || { cat "$tmp/err" >>"$tmp/why"; return 1; }
}

test_two_starts_at_once_are_two_sessions()
{
	cs 1000 start -- -p "first" >"$tmp/one" 2>&1 </dev/null &
	one=$!
	cs 1000 start -- -p "second" >"$tmp/two" 2>&1 </dev/null &
	wait $one
	equal "exit status" $? 0 || { cat "$tmp/one" >>"$tmp/why"; return 1; }
	wait $!
	equal "exit status" $? 0 || { cat "$tmp/two" >>"$tmp/why"; return 1; }
	equal answer "$(cat "$tmp/one")" "answer to: first" &&
	equal answer "$(cat "$tmp/two")" "answer to: second"
}

test_stop_ends_a_session()
{
	hold_claude 1000 held || return 1
	cs 1000 stop held >/dev/null 2>"$tmp/err"
	equal "exit status of stop" $? 0 || return 1
	wait "$hold_pid"
	[ $? -ne 0 ] || because "the stopped start says that all went well"
}

test_status_is_json()
{
	hold_claude 1000 held || return 1
	out=$(cs 1000 status -j | python3 -c 'import json, sys
s = json.load(sys.stdin)
print(len(s), s[0]["name"], s[0]["state"], s[0]["directory"])')
	cs 1000 stop -a
	equal "status -j" "$out" "1 held running $tmp/u1000/ws"
}

test_daemon_ends_when_nothing_needs_it()
{
	cs 1000 start -- --version </dev/null >/dev/null 2>&1
	wait_for 60 no_daemons ||
	    because "still there: $(daemons | tr '\n' ' ')"
}
