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

# What of the user's own Claude Code a session may see.  Sourced.

share_all="share { settings commands agents skills instructions }"

# own_claude: the user 1000 has all of it, and what is nobody's business
own_claude()
{
	claude_dir=$tmp/u1000/home/.claude
	rm -rf "$claude_dir"
	mkdir -p "$claude_dir/commands" "$claude_dir/agents" \
	    "$claude_dir/skills/s" "$claude_dir/projects"
	echo '{"env": {"SHARED": "by-settings"}}' >"$claude_dir/settings.json"
	echo 'shout $ARGUMENTS' >"$claude_dir/commands/shout.md"
	printf '%s\n' --- "name: helper" "description: helps with tests" --- \
	    "You help." >"$claude_dir/agents/helper.md"
	printf '%s\n' --- "name: s" "description: a skill" --- "Do it." \
	    >"$claude_dir/skills/s/SKILL.md"
	echo "instructions of the user" >"$claude_dir/CLAUDE.md"
	for _f in .credentials.json .claude.json history.jsonl \
	    projects/secret.jsonl; do
		echo "$real_token" >"$claude_dir/$_f"
	done
	chown -R 1000:1000 "$claude_dir"
	chmod -R go= "$claude_dir"
}

# What an agent may try with it, each of which has to fail.
share_try()
{
	cat >"$tmp/u1000/ws/try.sh" <<-'END'
		cd "$CLAUDE_CONFIG_DIR"
		for f in settings.json CLAUDE.md commands agents skills; do
			[ -e "$f" ] || echo "no $f"
			rm -rf "$f" 2>/dev/null && echo "removed $f"
			mv "$f" other 2>/dev/null && echo "renamed $f"
			chmod 777 "$f" 2>/dev/null && echo "changed $f"
			touch new && mv new "$f" 2>/dev/null && [ ! -d "$f" ] &&
			    echo "replaced $f"
		done
		for f in settings.json CLAUDE.md commands/shout.md \
		    commands/new agents/helper.md agents/new skills/s/SKILL.md; do
			{ echo changed >>"$f"; } 2>/dev/null &&
			    echo "wrote $f"
		done
		grep -rs sk-ant-oat01-real . && echo "a secret"
		touch mine && echo end
	END
}

share_unchanged()
{
	equal "what is there afterwards" "$(cd "$claude_dir" &&
	    find . -type f -exec cat {} + | cksum)" "$1" &&
	equal "names there" "$(find "$claude_dir" | sort | cksum)" "$2"
}

test_share_gives_what_is_named_and_read_only()
{
	own_claude
	inject "ANTHROPIC_API_KEY=$real_key" "$share_all"
	share_try
	sum=$(cd "$claude_dir" && find . -type f -exec cat {} + | cksum)
	listed=$(find "$claude_dir" | sort | cksum)
	out=$(csi shell -- sh /workspace/try.sh </dev/null 2>&1)
	equal "what the agent did" "$out" end &&
	share_unchanged "$sum" "$listed"
}

test_share_is_only_what_is_named()
{
	own_claude
	inject "ANTHROPIC_API_KEY=$real_key" "share commands"
	out=$(csi shell -- sh -c 'ls "$CLAUDE_CONFIG_DIR"; touch \
	    "$CLAUDE_CONFIG_DIR/settings.json" && echo written' \
	    </dev/null 2>&1 | tr '\n' ' ')
	equal "what is there" "$out" "commands written " || return 1
	# nothing is shared unless it is said, and what is not there is not
	inject "ANTHROPIC_API_KEY=$real_key"
	next_daemon || return 1
	out=$(csi shell -- sh -c 'ls "$CLAUDE_CONFIG_DIR"' </dev/null 2>&1)
	equal "what is there without" "$out" "" || return 1
	inject "ANTHROPIC_API_KEY=$real_key" "$share_all"
	next_daemon || return 1
	rm -r "$claude_dir/commands" "$claude_dir/settings.json"
	out=$(csi shell -- sh -c 'ls "$CLAUDE_CONFIG_DIR"' </dev/null 2>&1 |
	    tr '\n' ' ')
	equal "what is there of the rest" "$out" "CLAUDE.md agents skills " ||
	    return 1
	rm -r "$claude_dir"
	out=$(csi shell -- sh -c 'ls "$CLAUDE_CONFIG_DIR"' </dev/null 2>&1)
	equal "what is there of nothing" "$out" ""
}

# The real Claude Code takes a setting, a command, an agent and instructions.
test_share_is_read_by_claude_code()
{
	own_claude
	inject "ANTHROPIC_API_KEY=$real_key" "$share_all"
	out=$(csi start -- -p "/shout hello" </dev/null 2>"$tmp/err")
	equal "a command" "$out" "answer to: shout hello" ||
	    { cat "$tmp/err" >>"$tmp/why"; return 1; }
	out=$(csi start -- --dangerously-skip-permissions \
	    -p 'RUN echo $SHARED' </dev/null 2>"$tmp/err")
	equal "a setting" "$out" "result: by-settings" || return 1
	out=$(csi start -- -p "HAS helps with| tests
HAS a ski|ll
HAS instructions of| the user" </dev/null 2>"$tmp/err")
	equal "an agent, a skill, instructions" "$out" "has: True True True" ||
	    return 1
	# which it does not have by itself
	rm -r "$claude_dir"
	out=$(csi start -- -p "HAS helps with| tests" </dev/null 2>"$tmp/err")
	equal "an agent that is not there" "$out" "has: False"
}

test_share_works_in_every_mode()
{
	own_claude
	for mode in environment browser own; do
		next_daemon || return 1
		case $mode in
		environment)
			inject "ANTHROPIC_API_KEY=$real_key" "$share_all"
			sed -i "s/^credentials inject/credentials environment/" \
			    "$tmp/u1000/inject"
			;;
		*)
			browser "credentials browser" "$share_all"
			own_claude
			cp "$tmp/u1000/browser" "$tmp/u1000/inject"
			;;
		esac
		[ $mode != own ] || sed -i \
		    's,^credentials.*,& directory "~/.claude",' \
		    "$tmp/u1000/inject"
		share_try
		[ $mode != own ] || sed -i /sk-ant-oat01/d \
		    "$tmp/u1000/ws/try.sh"
		rm -f "$claude_dir/mine"
		sum=$(cd "$claude_dir" && find . -type f -exec cat {} + | cksum)
		out=$(csi shell -- sh /workspace/try.sh </dev/null 2>&1)
		equal "what the agent did with $mode" "$out" end || return 1
		rm -f "$claude_dir/mine" "$claude_dir/new"
		equal "what is there with $mode" "$(cd "$claude_dir" &&
		    find . -type f -exec cat {} + | cksum)" "$sum" || return 1
	done
	rm -rf "$claude_dir"
}

# What is not plainly the user's own is not shared, and the start says so.
test_share_refuses_what_is_not_the_users()
{
	own_claude
	inject "ANTHROPIC_API_KEY=$real_key" "$share_all"
	while IFS='|' read -r do_it says; do
		own_claude
		(cd "$claude_dir" && eval "$do_it") || return 1
		out=$(csi shell -- true </dev/null 2>&1)
		equal "exit status after $do_it" $? 66 &&
		equal "after $do_it" "$out" "claudesec: share: ~/.claude/$says" ||
		    return 1
	done <<-'END'
		mv commands c; ln -s c commands|commands: a symbolic link
		rm settings.json; ln -s .credentials.json settings.json|settings.json: a symbolic link
		rm settings.json; ln .credentials.json settings.json|settings.json: has another name, too
		chown 1001 settings.json; chmod a+r settings.json|settings.json: not the user's own
		chown 0 agents; chmod a+rx agents|agents: not the user's own
		rm CLAUDE.md; mkdir CLAUDE.md; chown 1000 CLAUDE.md|CLAUDE.md: not a regular file
		rm CLAUDE.md; mkfifo CLAUDE.md; chown 1000 CLAUDE.md|CLAUDE.md: not a regular file
		rm -r agents; touch agents; chown 1000 agents|agents: not a directory
		chown 1001 .; chmod a+rx .|settings.json: not the user's own
		chmod 0 settings.json|settings.json: Permission denied
		mv ../.claude ../c; ln -s c ../.claude|settings.json: Not a directory
	END
	rm -rf "$claude_dir" "$tmp/u1000/home/c"
}

# Where a session may write to what it is mounted on, that is looked at, too.
test_share_in_a_login_needs_its_place()
{
	browser "credentials browser directory \"~/login\"" "$share_all"
	own_claude
	d=$tmp/u1000/home/login
	rm -rf "$d"
	install -d -m 700 -o 1000 -g 1000 "$d"
	out=$(csb shell -- true </dev/null 2>&1)
	equal "exit status" $? 66 &&
	equal "what it says" "$out" "claudesec: share: ~/.claude/settings.json: nothing in the directory of the login to mount it on; make it there" ||
	    return 1
	ln -s /workspace "$d/settings.json"
	out=$(csb shell -- true </dev/null 2>&1)
	equal "exit status with a link" $? 66 &&
	equal "what it says of a link" "$out" "claudesec: share: ~/.claude/settings.json: another kind of thing in the directory of the login"
	rm -rf "$claude_dir" "$d"
}

# swapping FILE FILE: they change places until $swapper ends
swapping()
{
	cat >"$tmp/swap.py" <<-'END'
		import ctypes, sys
		libc = ctypes.CDLL(None)
		while True:
		    libc.renameat2(-100, sys.argv[1].encode(), -100,
		        sys.argv[2].encode(), 2)
	END
	python3 "$tmp/swap.py" "$1" "$2" 9>&- &
	swapper=$!
}

# The engine goes by the path; what another session puts there meanwhile is
# not shared.
test_share_is_not_what_came_later()
{
	own_claude
	inject "ANTHROPIC_API_KEY=$real_key" "share commands"
	mkdir "$tmp/u1000/home/other"
	touch "$tmp/u1000/home/other/stolen"
	ln -s ../other "$claude_dir/link"
	swapping "$claude_dir/commands" "$claude_dir/link"
	n=0
	seen=
	while [ $n -lt 60 ] && [ -z "$seen" ]; do
		n=$((n + 1))
		out=$(csi shell -- sh -c 'ls "$CLAUDE_CONFIG_DIR/commands"' \
		    </dev/null 2>&1)
		case $out in
		shout.md|*"a symbolic link"|*"Too many"*)	;;
		*"not what was looked at"*)	seen=1 ;;
		*)	because "it says: $out"
			break ;;
		esac
	done
	kill $swapper
	wait $swapper 2>/dev/null
	rm -rf "$claude_dir" "$tmp/u1000/home/other"
	[ -n "$seen" ] || because "it was never swapped in time"
}
