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


# Credentials from a command, and where they are.  Sourced.

# command COMMAND [HOW]: the user 1000 from now on has its key from that
command_key()
{
	inject "ANTHROPIC_API_KEY=unused-unused"
	rm "$tmp/u1000/inject.env"
	sed -i "s|^credentials.*|credentials ${2-inject} from command \"$1\"|" \
	    "$tmp/u1000/inject"
}

test_command_gives_the_key()
{
	command_key "echo $real_key"
	out=$(csi start -- -p "what is it?" </dev/null 2>"$tmp/err")
	equal "exit status" $? 0 || { cat "$tmp/err" >>"$tmp/why"; return 1; }
	equal answer "$out" "answer to: what is it?" &&
	equal "standard error" "$(cat "$tmp/err")" "" &&
	equal "key at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "$real_key"
}

test_command_gives_a_token()
{
	command_key "echo CLAUDE_CODE_OAUTH_TOKEN=$real_token"
	out=$(csi start -- -p "who?" </dev/null 2>"$tmp/err")
	equal answer "$out" "answer to: who?" ||
	    { cat "$tmp/err" >>"$tmp/why"; return 1; }
	equal "token at the API" "$(values "$tmp/api.log" authorization)" \
	    "bearer $real_token"
}

test_command_gives_the_environment_its_key()
{
	command_key "echo $test_key" environment
	out=$(csi start -- -p "who?" </dev/null 2>"$tmp/err")
	equal answer "$out" "answer to: who?" ||
	    { cat "$tmp/err" >>"$tmp/why"; return 1; }
	equal "key at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "$test_key"
}

# It is the user's, in no directory of the agent's, and what is piped to
# Claude Code is not for it; what it says on standard error is seen.
test_command_runs_as_the_user()
{
	cat >"$tmp/u1000/get" <<-END
		#!/bin/sh
		cat
		id -u >"$tmp/u1000/by"
		pwd >>"$tmp/u1000/by"
		ls /proc/self/fd | wc -l >>"$tmp/u1000/by"
		grep -c Seccomp:.0 /proc/self/status >>"$tmp/u1000/by"
		echo "a passphrase, please" >&2
		echo "$real_key"
	END
	chmod 755 "$tmp/u1000/get"
	command_key "$tmp/u1000/get"
	out=$(echo "piped" | csi start -- -p 2>"$tmp/err")
	equal answer "$out" "answer to: piped" ||
	    { cat "$tmp/err" >>"$tmp/why"; return 1; }
	equal "standard error" "$(cat "$tmp/err")" "a passphrase, please" &&
	equal "who, where, descriptors and filters" \
	    "$(tr '\n' ' ' <"$tmp/u1000/by")" "1000 / 4 1 "
}

test_command_asks_on_the_terminal()
{
	rm -f "$tmp/u1000/asked"
	command_key \
	    "touch $tmp/u1000/asked; read x </dev/tty; read y; echo \$x\$y"
	sh=$tmp/u1000/sh
	printf '%s\n' "cd $tmp/u1000/ws" \
	    "exec $claudesec -f $tmp/u1000/inject start -- -p asked" >"$sh"
	(as 1000 tmux -S "$tmp/u1000/tmux" -f /dev/null new-session -d -x 80 \
	    -y 24 "sh $sh >$tmp/u1000/screen 2>&1; sleep 1")
	wait_for 60 test -e "$tmp/u1000/asked" ||
	    because "the command was not run" || return 1
	as 1000 tmux -S "$tmp/u1000/tmux" send-keys "sk-ant-api03-typed" Enter \
	    "-by-hand" Enter
	wait_for 60 grep -q "answer to: asked" "$tmp/u1000/screen"
	r=$?
	as 1000 tmux -S "$tmp/u1000/tmux" kill-server 2>/dev/null
	[ $r -eq 0 ] || because "no answer: $(cat "$tmp/u1000/screen")" ||
	    return 1
	equal "key at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "sk-ant-api03-typed-by-hand"
}

# One line for each thing that goes wrong, and nothing is left.
test_command_that_fails_is_told()
{
	while IFS='|' read -r cmd says; do
		command_key "$cmd"
		out=$(csi start -- -p "x" </dev/null 2>&1)
		equal "exit status of $cmd" $? 69 &&
		equal "$cmd" "$out" "claudesec: no credentials: $says" ||
		    return 1
	done <<-'END'
		exit 5|the command failed with status 5
		true|the output of the command is empty
		echo key-number-1; echo key-number-2|the output of the command is more than one line
		echo two words|the output of the command has a character that no key has
		yes|the output of the command is too long
		echo ANTHROPIC_API_KEY=1234567|the output of the command:1: ANTHROPIC_API_KEY: too short or too long for a key
	END
	equal "what the API saw" "$(cat "$tmp/api.log")" ""
}

# A file that others can write to is not the user's word, whoever names it.
test_command_is_of_nobody_else()
{
	command_key "touch $tmp/u1000/ran; echo $real_key"
	cp "$tmp/u1000/inject" "$tmp/u1000/others"
	cat >"$tmp/u1000/liar.py" <<-'END'
		import os, socket, struct, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1] + ".new")
		s.listen(5)
		os.rename(sys.argv[1] + ".new", sys.argv[1])
		path = sys.argv[2].encode()
		while True:
		    c, _ = s.accept()
		    c.recv(65536)
		    c.sendall(struct.pack("IIHH", int(sys.argv[3]), 0,
		        12 + len(path), 0) + path)
		    try:
		        c.recv(65536)
		    except OSError:
		        pass
		    c.close()
	END
	n=$(number_of IMSG_CTL_NEEDKEY)
	# another user's daemon names a file of the user's own
	mkdir "$tmp/u1001/liar" && chmod 755 "$tmp/u1001/liar"
	chown 1001 "$tmp/u1001/liar"
	liar 1001 "$tmp/u1001/liar/sock" "$tmp/u1000/inject" "$n"
	says "$tmp/u1001/liar/sock" "another user's" || return 1
	# the user's own names one that is another's, or everybody's
	chown 1001 "$tmp/u1000/others"
	liar 1000 "$tmp/u1000/run/liar1" "$tmp/u1000/others" "$n"
	says "$tmp/u1000/run/liar1" "others can write to it" || return 1
	chown 1000 "$tmp/u1000/others"
	chmod 666 "$tmp/u1000/others"
	liar 1000 "$tmp/u1000/run/liar2" "$tmp/u1000/others" "$n"
	says "$tmp/u1000/run/liar2" "others can write to it" || return 1
	# root's names one that is not root's, or where others can put another
	chmod 600 "$tmp/u1000/others"
	liar 0 "$tmp/liar3" "$tmp/u1000/others" "$n"
	says "$tmp/liar3" "others can write to it" || return 1
	mkdir "$tmp/open" && chmod 777 "$tmp/open"
	cp "$tmp/u1000/inject" "$tmp/open/conf" && chmod 644 "$tmp/open/conf"
	liar 0 "$tmp/liar4" "$tmp/open/conf" "$n"
	says "$tmp/liar4" "others can put another one in its place" || return 1
	# but of root's own it is run
	[ ! -e "$tmp/u1000/ran" ] || because "it was run" || return 1
	mkdir "$tmp/closed" && cp "$tmp/open/conf" "$tmp/closed/conf"
	liar 0 "$tmp/liar5" "$tmp/closed/conf" "$n"
	says "$tmp/liar5" "" || return 1
	[ -e "$tmp/u1000/ran" ] || because "root's was not run"
}

# number_of MESSAGE: its type
number_of()
{
	awk -v want="$1" '/^enum imsg_type/ { on = 1; next }
	    on && /^}/ { exit }
	    on && $1 ~ /^IMSG_/ {
		name = $1
		sub(/,.*/, "", name)
		if ($2 == "=") n = $3 == "IMSG_FIRST," ? 10 : $3
		if (name == want) print n + 0
		n++
	    }' "$top/claudesec/messages.h"
}

liar()
{
	(as_exec "$1" python3 "$tmp/u1000/liar.py" "$2" "$3" "$4") \
	    </dev/null >"$tmp/liar.log" 2>&1 9>&- &
	liars="${liars-} $!"
	wait_for 60 test -S "$2" && chmod 666 "$2"
}

says()
{
	out=$(as 1000 "$claudesec" -s "$1" start -- -p x </dev/null 2>&1)
	kill $liars
	wait $liars 2>/dev/null
	liars=
	case $out in
	*"$2"*)	;;
	*)	because "it says: $out, not: $2" ;;
	esac
}

test_reload_runs_the_command_again()
{
	command_key "cat $tmp/u1000/secret"
	echo "$real_key" >"$tmp/u1000/secret"
	until_go || return 1
	echo "$real_key-2" >"$tmp/u1000/secret"
	n=$(proxy_oks)
	csi reload 2>"$tmp/err" || because "reload: $(cat "$tmp/err")" ||
	    return 1
	wait_for 60 proxy_said $((n + 1)) ||
	    because "the proxy was not told" || return 1
	touch "$tmp/u1000/ws/go"
	wait "$pid"
	equal result "$(cat "$tmp/hold.out")" "result: on" &&
	equal "keys at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "$real_key $real_key-2" || return 1
}

# Rules of a session can be changed without its key, which only its user has.
test_rules_change_and_the_key_is_kept()
{
	command_key "cat $tmp/u1000/secret"
	echo "$real_key" >"$tmp/u1000/secret"
	until_go || return 1
	rm "$tmp/u1000/secret"
	csi pass other.example.org held 2>"$tmp/err" ||
	    because "pass: $(cat "$tmp/err")" || return 1
	out=$(csi shell held -- curl -s -o /dev/null -w '%{http_code}' \
	    https://other.example.org/ </dev/null)
	touch "$tmp/u1000/ws/go"
	wait "$pid"
	# whatever the API says to that; 000 is what a proxy's refusal is
	case $out in
	[2-5]??)	;;
	*)	because "the rule does not hold: $out" || return 1 ;;
	esac
	equal result "$(cat "$tmp/hold.out")" "result: on" &&
	equal "keys at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "$real_key"
}

# Nothing but the keeper has it, once it is written: neither in memory, nor
# in the environment, arguments or files of any process.
test_key_of_a_file_is_with_the_keeper_alone()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	keeper_alone
}

test_key_of_a_command_is_with_the_keeper_alone()
{
	echo "$real_key" >"$tmp/u1000/secret"
	command_key "cat $tmp/u1000/secret"
	keeper_alone
}

keeper_alone()
{
	csi_hold || return 1
	where_is_it || return 1
	# and not after a reload either
	n=$(proxy_oks)
	csi reload || return 1
	wait_for 60 proxy_said $((n + 1)) ||
	    because "the proxy was not told" || return 1
	where_is_it
}

where_is_it()
{
	all="$(daemons) $(in_container claude-held) \
	    $(in_container claude-held-proxy)"
	for p in $all; do
		case $(tr '\0' ' ' <"/proc/$p/cmdline") in
		*claudesec*|*proxyd*)
			grep -q "^Max core file size *0 *0" \
			    "/proc/$p/limits" || because "a core of $p" ||
			    return 1 ;;
		esac
	done
	python3 "$here/secret.py" "$real_key" $all >"$tmp/seen" ||
	    because "secret.py failed" || return 1
	grep -q "proxyd: keeper memory" "$tmp/seen" ||
	    because "the keeper does not have it" || return 1
	equal "where else it is" "$(grep -v "proxyd: keeper memory" \
	    "$tmp/seen")" "" || return 1
	for c in claude-held claude-held-proxy; do
		{ docker inspect "$c"; docker logs "$c" 2>&1; } >"$tmp/seen"
		nowhere "what the engine says of $c" "$tmp/seen" || return 1
	done
	docker export claude-held-proxy >"$tmp/seen"
	nowhere "the proxy's files" "$tmp/seen" || return 1
	v=$(docker volume inspect -f '{{.Mountpoint}}' claude-held-run)
	! grep -qra "$real_key" "$v" || because "it is in the volume"
}

# Given in the environment it is the agent's, and the engine knows it, but no
# process of ours does any more.
test_key_of_the_environment_is_forgotten()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	sed -i 's/^credentials inject/credentials environment/' \
	    "$tmp/u1000/inject"
	environment_alone || return 1
	csi stop -a 2>/dev/null
	wait "$hold_pid"
	next_daemon || return 1
	# likewise of a command, in a terminal or not
	echo "$real_key" >"$tmp/u1000/secret"
	command_key "cat $tmp/u1000/secret" environment
	environment_alone
}

environment_alone()
{
	: >"$tmp/api.log"
	csi_hold || return 1
	all="$(daemons) $(in_container claude-held-proxy)"
	# a part of it, since what was freed may be overwritten in part
	part=${real_key#*0123}
	python3 "$here/secret.py" "$part" \
	    $(in_container claude-held) >"$tmp/seen" ||
	    because "secret.py failed" || return 1
	grep -q "claude -p.*memory" "$tmp/seen" ||
	    because "the agent does not have it: $(cat "$tmp/seen")" || return 1
	python3 "$here/secret.py" "$part" $all >"$tmp/seen" ||
	    because "secret.py failed" || return 1
	equal "where else it is" "$(cat "$tmp/seen")" ""
}
