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
