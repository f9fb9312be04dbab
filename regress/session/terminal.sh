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
	tmux -S "$tmp/tmux" -f /dev/null "$@"
}

# screen TEXT: is it there?
screen()
{
	tm capture-pane -p | grep -qF -- "$1"
}

shown()
{
	wait_for 20 screen "$1" || {
		because "the terminal does not show: $1"
		tm capture-pane -p >>"$tmp/why"
		return 1
	}
}

# in_terminal ARGUMENT ...: claudesec as 1000 in a terminal of 100 by 30, and
# the line settings before and after
in_terminal()
{
	_d=$tmp/u1000
	cat >"$tmp/terminal.sh" <<-END
		cd $_d/ws
		export PATH="$PATH" HOME=$_d/home XDG_RUNTIME_DIR=$_d/run
		stty -g >$tmp/stty.before
		setpriv --reuid 1000 --regid 1000 --groups $engine_gid -- \\
		    $claudesec -f $_d/conf $*
		echo "exit status \$?"
		stty -g >$tmp/stty.after
		echo at the end
		sleep 100
	END
	tm kill-server 2>/dev/null
	tm new-session -d -x 100 -y 30 "sh $tmp/terminal.sh 9>&-"
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
	shown "Claude Code" || return 1
	tm send-keys "what do you see?"
	shown "what do you see?" || return 1
	tm send-keys Enter
	shown "answer to: what do you see?" || return 1
	tm resize-window -x 140 -y 40
	wait_for 10 wide || {
		because "the screen does not follow the window"
		tm capture-pane -p >>"$tmp/why"
		return 1
	}
	tm send-keys C-c
	sleep 0.3
	tm send-keys C-c
	sane
	_status=$?
	tm kill-server
	return $_status
}

# A line drawn over the whole width
wide()
{
	tm capture-pane -p | awk 'length($0) >= 140 { found = 1 }
	    END { exit !found }'
}

test_shell_has_the_size_of_the_terminal()
{
	in_terminal shell || return 1
	shown '$' || return 1
	tm send-keys "stty size; tty" Enter
	shown "30 100" && shown "/dev/pts/" || return 1
	tm resize-window -x 90 -y 25
	sleep 0.5
	tm send-keys "clear; stty size" Enter
	shown "25 90" || return 1
	tm send-keys "exit 3" Enter
	shown "exit status 3" && sane
	_status=$?
	tm kill-server
	return $_status
}

test_terminal_is_sane_after_a_signal()
{
	for sig in TERM HUP; do
		in_terminal shell || return 1
		shown '$' || return 1
		for _p in $(daemons); do
			case $(tr '\0' ' ' <"/proc/$_p/cmdline") in
			*" shell "*)	kill -$sig "$_p" ;;
			esac
		done
		shown "exit status" && sane || return 1
		nothing_left || because "SIG$sig: $(left)" || return 1
		tm kill-server
	done
}

# keys SHOULD: the bytes that a terminal of 1000's keeps back
keys()
{
	equal "bytes kept back" "$(as 1000 python3 "$here/keys.py" \
	    "$claudesec" -f "$tmp/u1000/conf" shell -- \
	    sh -c 'stty raw -echo; echo ready; exec cat')" "$1"
}

# No key takes the terminal away.  255 is in no text, and where another
# command joins, 30 has to wait for what follows it.
test_terminal_passes_every_key()
{
	keys 255 &&
	wait_for 20 nothing_left &&
	hold 1000 held &&
	keys "30 31"
}
