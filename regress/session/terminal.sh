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

tm()
{
	tmux -S "$tmp/tmux" -f /dev/null "$@" 9>&-
}

# The terminals are sessions of tmux; this is the one that is looked at.
terminal=one

# screen TEXT: is it there?
screen()
{
	tm capture-pane -p -t $terminal | grep -qF -- "$1"
}

lacks()
{
	! screen "$1"
}

shown()
{
	wait_for 60 screen "$1" || {
		because "the terminal does not show: $1"
		tm capture-pane -p -t $terminal >>"$tmp/why"
		return 1
	}
}

# is FORMAT VALUE: of tmux's, about the terminal
is()
{
	wait_for 60 is_now "$1" "$2" || because "$1:" \
	    "$(tm display-message -p -t $terminal "#{$1}"), not $2"
}

is_now()
{
	[ "$(tm display-message -p -t $terminal "#{$1}")" = "$2" ]
}

# keys KEY ...: typed in it
keys()
{
	tm send-keys -t $terminal "$@"
}

# a_terminal NAME COLUMNS ROWS ARGUMENT ...: claudesec as 1000 in a terminal,
# and the line settings before and after; it is the one that is looked at
a_terminal()
{
	terminal=$1
	_size="-x $2 -y $3"
	shift 3
	_d=$tmp/u1000
	rm -f "$tmp/stty.after"
	cat >"$tmp/$terminal.sh" <<-END
		cd $_d/ws
		export PATH="$PATH" HOME=$_d/home XDG_RUNTIME_DIR=$_d/run
		export LANG=C.UTF-8
		# one ^C more than it takes is for the client alone
		trap : INT
		stty -g >$tmp/stty.before
		setpriv --reuid 1000 --regid 1000 --groups $engine_gid -- \\
		    $claudesec -f ${terminal_conf-$_d/conf} $*
		echo "exit status \$?"
		stty -g >$tmp/stty.after
		echo at the end
		sleep 100
	END
	tm new-session -d -s $terminal $_size "sh $tmp/$terminal.sh 9>&-"
}

# in_terminal ARGUMENT ...: alone in one of 100 by 30
in_terminal()
{
	no_terminals
	a_terminal one 100 30 "$@"
}

no_terminals()
{
	! tm kill-server 2>/dev/null || wait_for 60 no_tmux
}

no_tmux()
{
	! tm has-session 2>/dev/null
}

sane()
{
	shown "at the end" &&
	equal "line settings" "$(cat "$tmp/stty.after")" \
	    "$(cat "$tmp/stty.before")"
}

test_claude_draws_in_a_terminal()
{
	in_terminal start &&
	shown "Claude Code" && shown "❯" || return 1
	keys "what do you see?"
	shown "what do you see?" || return 1
	keys Enter
	shown "answer to: what do you see?" || return 1
	tm resize-window -t $terminal -x 140 -y 40
	wide 140 || return 1
	leave && sane
	_status=$?
	no_terminals
	return $_status
}

# wide COLUMNS: a line drawn over the whole width
wide()
{
	wait_for 60 wide_now "$1" || {
		because "the screen does not follow the window"
		tm capture-pane -p -t $terminal >>"$tmp/why"
		return 1
	}
}

wide_now()
{
	tm capture-pane -p -t $terminal | awk -v w="$1" \
	    '/^───/ && length($0) >= w { found = 1 } END { exit !found }'
}

test_shell_has_the_size_of_the_terminal()
{
	in_terminal shell || return 1
	shown '$' || return 1
	keys "stty size; tty" Enter
	shown "30 100" && shown "/dev/pts/" || return 1
	tm resize-window -t $terminal -x 90 -y 25
	keys "clear; until stty size | grep '25 [9]0'; do sleep 0.1; done" \
	    Enter
	shown "25 90" || return 1
	keys "exit 3" Enter
	shown "exit status 3" && sane
	_status=$?
	no_terminals
	return $_status
}

# client_of COMMAND: the client's process
client_of()
{
	for _p in $(daemons); do
		case $(tr '\0' ' ' <"/proc/$_p/cmdline") in
		*" $1 "*)	echo "$_p" ;;
		esac
	done
}

# runs NAME: the session does, and the daemon
runs()
{
	cs 1000 status | grep -q "^$1	.*running"
}

test_terminal_is_sane_after_a_signal()
{
	for sig in TERM HUP; do
		in_terminal shell || return 1
		shown '$' || return 1
		kill -$sig "$(client_of shell)"
		shown "exit status" && sane || return 1
		runs ws || because "SIG$sig ends the session" || return 1
		# a shell that is talked to does not end by SIGTERM
		cs 1000 stop -t 1 && nothing_left ||
		    because "SIG$sig: $(left)" || return 1
		no_terminals
	done
}

# By its own command; of two ^C the second could come too late, or a third.
leave()
{
	keys /exit
	shown "/exit" || return 1
	keys Enter
	shown "exit status 0"
}

# What Claude Code's screen has, complete, and the modes that it set.
claude_is_there()
{
	shown "Claude Code v" && shown "❯" &&
	is alternate_on 1 && is mouse_sgr_flag 1 && is mouse_any_flag 1 &&
	is cursor_flag 0 || return 1
	# a paste in brackets stays in one piece
	tm set-buffer "$(printf 'pasted\nlines')" &&
	tm paste-buffer -p -t $terminal &&
	shown "pasted" && shown "lines" || return 1
	keys C-u C-u C-u C-u
	wait_for 60 lacks "pasted" || because "the line is not empty"
}

# test_session_outlives_its_terminal: the window closed, the client killed or
# hung up; another terminal, of another size, shows the same.
test_session_outlives_its_terminal()
{
	in_terminal start || return 1
	shown "Claude Code v" && shown "❯" || return 1
	keys "what do you see?"
	shown "what do you see?" || return 1
	keys Enter
	shown "answer to: what do you see?" || return 1
	for how in window KILL HUP; do
		_id=$(docker ps -q --filter name=claude-ws$)
		case $how in
		window)	no_terminals ;;
		*)	kill -$how $(client_of attach) ;;
		esac
		wait_for 60 no_client || because "$how: it stays" || return 1
		runs ws || because "$how ends the session" || return 1
		no_terminals
		a_terminal two 120 40 attach &&
		shown "answer to: what do you see?" && claude_is_there &&
		wide 120 || return 1
	done
	equal "the container" "$(docker ps -q --filter name=claude-ws$)" \
	    "$_id" || return 1
	cs 1000 stop
	shown "exit status 143" && sane
	_status=$?
	no_terminals
	return $_status
}

no_client()
{
	[ -z "$(client_of start)$(client_of attach)" ]
}

test_detach_by_key()
{
	in_terminal start || return 1
	shown "Claude Code v" && shown "❯" || return 1
	keys C-] d
	shown 'detached from ws; "claudesec attach ws" comes back' &&
	shown "exit status 0" && sane &&
	is alternate_on 0 && is mouse_any_flag 0 && is cursor_flag 1 &&
	runs ws || return 1
	no_terminals
	a_terminal one 90 25 attach ws &&
	claude_is_there || return 1
	leave && sane
	_status=$?
	no_terminals
	return $_status
}

# Nobody has seen how it began, and its daemon is another by now.
test_start_detached_and_attach()
{
	equal "output" "$(cs 1000 start -d 2>&1 </dev/null)" ws || return 1
	runs ws || because "it does not run" || return 1
	kill_daemons || return 1
	no_terminals
	a_terminal one 100 30 attach
	claude_is_there || return 1
	keys C-] d
	shown "exit status 0" || return 1
	cs 1000 stop -t 5
	no_terminals
}

# ^Z stops the client, in a shell that continues it, and not Claude Code.
test_suspend()
{
	no_terminals
	_d=$tmp/u1000
	tm new-session -d -s two -x 100 -y 30 "cd $_d/ws; export PATH='$PATH' \
	    HOME=$_d/home XDG_RUNTIME_DIR=$_d/run LANG=C.UTF-8 PS1='% '; \
	    exec setpriv --reuid 1000 --regid 1000 --groups $engine_gid -- \
	    bash --norc -i 9>&-"
	terminal=two
	keys "$claudesec -f $_d/conf start" Enter
	shown "Claude Code v" && shown "❯" || return 1
	keys C-z
	shown "Stopped" && is alternate_on 0 && is mouse_any_flag 0 || return 1
	docker exec claude-ws sh -c \
	    'sed -n "s/^State:.*\\(stopped\\).*/\\1/p" /proc/[0-9]*/status' |
	    grep stopped >>"$tmp/why" && return 1
	keys "clear; fg" Enter
	claude_is_there || return 1
	keys C-] d
	shown "detached from ws" && cs 1000 stop -t 5
	_status=$?
	no_terminals
	return $_status
}

test_attach_takes_over()
{
	in_terminal start || return 1
	shown "❯" || return 1
	a_terminal two 80 24 attach
	claude_is_there || return 1
	terminal=one
	shown 'another client has ws; "claudesec attach ws" comes back' &&
	shown "exit status 0" && sane || return 1
	cs 1000 stop || return 1
	terminal=two
	shown "exit status 143"
	_status=$?
	no_terminals
	return $_status
}

test_start_where_one_runs()
{
	cs 1000 start -d >/dev/null 2>&1 </dev/null || return 1
	cs 1000 start -- --version >"$tmp/out" 2>&1 </dev/null
	equal "status" $? 73 &&
	equal "output" "$(cat "$tmp/out")" "claudesec: the session ws runs \
here: attach to it, or start -N starts another" || return 1
	equal "another" "$(cs 1000 start -N -- --version 2>&1 </dev/null |
	    grep -c 'Claude Code')" 1 || return 1
	in_terminal start
	shown "The session ws runs here.  Attach to it? [Y/n]" || return 1
	keys n Enter
	shown "not started; -N starts another" && shown "exit status 73" ||
	    return 1
	in_terminal start
	shown "Attach to it?" || return 1
	keys Enter
	claude_is_there || return 1
	keys C-] d
	shown "exit status 0" && cs 1000 stop
	_status=$?
	no_terminals
	return $_status
}

# kept_back SHOULD: the bytes that a terminal of 1000's keeps back
kept_back()
{
	equal "bytes kept back" "$(as 1000 python3 "$here/keys.py" "$1" \
	    "$claudesec" -f "$tmp/u1000/conf" shell -- \
	    sh -c 'stty raw -echo; echo ready; exec perl -e "
		syswrite(STDOUT, \"<\" . ord . \">\")
		    while sysread(STDIN, \$_, 1)"')" "$1"
}

# No key takes the terminal away, but for ours.  255 is in no text; 29 is our
# own and where another command joins, 30: they wait for what follows.
test_terminal_passes_every_key()
{
	kept_back "29 30 255" &&
	cs 1000 stop -t 1 &&
	hold 1000 held &&
	kept_back "30 31"
}

# What a start is given beside its name; not the workspace's owner is asked
# whether it may be written, but the mount.
test_start_options()
{
	hold 1000 held -r -m 256M -c 0.5 -e A=1 -e "B=x y" -e TERM=dumb ||
	    return 1
	equal "bounds" "$(docker inspect -f \
	    '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}' claude-held)" \
	    "268435456 500000000" &&
	equal "variables" "$(docker exec claude-held sh -c \
	    'echo "$A,$B,$TERM"')" "1,x y,dumb" &&
	equal "workspace" "$(cs 1000 shell held -- sh -c \
	    'touch /workspace/x 2>&1')" \
	    "touch: cannot touch '/workspace/x': Read-only file system" &&
	equal "a variable of the caller's" "$(as 1000 env TOLD=x "$claudesec" \
	    -f "$tmp/u1000/conf" start -N -e TOLD -- --version 2>&1 |
	    grep -c 'Claude Code')" 1
}
