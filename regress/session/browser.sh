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
	wait_for 30 no_daemons
	csb shell -- sh -c 'echo 1 >"$CLAUDE_CONFIG_DIR/kept"' </dev/null \
	    >"$tmp/out" 2>&1
	equal "what was kept of another mode" "$(ls "$login_dir" 2>/dev/null)" \
	    "" || return 1
	wait_for 30 no_daemons
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
	wait_for 30 no_daemons
	install -d -m 700 -o 1000 -g 1000 "$tmp/u1000/ws/login"
	csb shell -- true </dev/null >"$tmp/out" 2>&1
	equal "exit status beside the workspace" $? 66
	rmdir "$tmp/u1000/ws/login"
}
