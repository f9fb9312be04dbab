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


# Memory and descriptors: sessions of a daemon that is watched.  It is built
# without its sandbox, which the watchers would not survive, and is not used
# for anything else here.  Sourced.

# build_watched NAME OLD [VARIABLE ...]: from what is built here, but for what
# is too old for it
build_watched()
{
	watched=$tmp/$1
	_old=$2
	shift 2
	cp -pR "$top" "$watched" && (
		cd "$watched/claudesec" && rm -f claudesec $_old &&
		make -j2 OBJS_SANDBOX=sandbox_none.o PREFIX="$prefix" "$@" \
		    claudesec
	) >"$tmp/out" 2>&1 || {
		because "the build failed"
		tail -n 5 "$tmp/out" >>"$tmp/why"
		return 1
	}
}

# watched_up COMMAND ...: the daemon, by that command; its log in daemon.log
watched_up()
{
	rm -f "$tmp/u1000/run/watched"
	as_exec 1000 "$@" "$watched/claudesec/claudesec" -d -f "$tmp/u1000/conf" \
	    -s "$tmp/u1000/run/watched" >"$tmp/daemon.log" 2>&1 &
	watched_pid=$!
	wait_for 60 test -S "$tmp/u1000/run/watched" || {
		because "the daemon does not start"
		cat "$tmp/daemon.log" >>"$tmp/why"
		return 1
	}
}

watched_down()
{
	kill "$watched_pid"
	wait "$watched_pid"
}

watched()
{
	cs 1000 -s "$tmp/u1000/run/watched" "$@" </dev/null
}

# What a sanitizer finds is the end of the process, and on standard error.
# Leaks it cannot look for, since the processes cannot be traced.
test_session_is_clean_under_the_sanitizers()
{
	echo 'const char *__asan_default_options(void);
	    const char *__asan_default_options(void)
	    { return "detect_leaks=0"; }' >"$tmp/options.c"
	gcc -c -o "$tmp/options.o" "$tmp/options.c" || return 1
	_s="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
	build_watched sanitized '*.o' CFLAGS="-O0 -g1 $_s" \
	    LDFLAGS="$_s $tmp/options.o" &&
	watched_up || return 1
	equal answer "$(watched start -- -p "is it clean?")" \
	    "answer to: is it clean?" &&
	equal "output of a shell" "$(watched shell -- echo so)" so &&
	watched status >/dev/null && ! watched stop nobody 2>/dev/null
	_r=$?
	watched_down
	! grep -E 'Sanitizer|runtime error' "$tmp/daemon.log" >>"$tmp/why" ||
	    return 1
	return $_r
}

# count: the descriptors of each process of the daemon
count()
{
	for _p in $(pgrep -P "$watched_pid") "$watched_pid"; do
		ls "/proc/$_p/fd" | wc -l
	done | tr '\n' ' '
}

# not_grown BEFORE: what one descriptor a session would be.  Connections to the
# container engine are kept for a while, some more or fewer of them.
not_grown()
{
	echo "$1 / $(count)" | awk -F / '{
		n = split($1, a, " "); m = split($2, b, " ")
		for (i = 1; i <= n; i++)
			if (b[i] > a[i] + 6)
				exit 1
		exit n != m
	}'
}

test_daemon_leaks_nothing_in_20_sessions()
{
	build_watched grinded '' || return 1
	watched_up valgrind --trace-children=yes --leak-check=full \
	    --log-file="$tmp/u1000/grind.%p" || return 1
	n=0
	before=
	while [ $n -lt 20 ]; do
		[ $n -ne 2 ] || before=$(count)
		out=$(watched start -- --version 2>&1)
		case $out in
		*"Claude Code"*)	;;
		*)	because "session $n: $out"; break ;;
		esac
		n=$((n + 1))
	done
	wait_for 60 not_grown "$before"
	grown=$?
	after=$(count)
	watched_down
	equal sessions $n 20 || return 1
	[ $grown -eq 0 ] ||
	    because "descriptors: before $before, afterwards $after" || return 1
	set -- "$tmp"/u1000/grind.*
	# the workspace process, for each session, is a process of its own
	equal "processes watched" $# $((7 + n)) || return 1
	for log; do
		grep -qE 'definitely lost: 0 bytes|no leaks are possible' \
		    "$log" && grep -q 'ERROR SUMMARY: 0 errors' "$log" || {
			because "valgrind complains"
			cat "$log" >>"$tmp/why"
			return 1
		}
	done
}
