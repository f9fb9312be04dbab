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


# The processes of a running session, seen from the host; and each one killed.
# Sourced.

# title PID: what a process calls itself
title()
{
	tr '\0' ' ' <"/proc/$1/cmdline" | sed 's/^[a-z]*: //; s/[ (].*//'
}

# proxies NAME: the processes of a session's sidecar
proxies()
{
	for _p in $(in_container "claude-$1-proxy"); do
		! grep -q proxyd "/proc/$_p/cmdline" 2>/dev/null || echo "$_p"
	done
}

# confined PID UID: by the kernel's word
confined()
{
	_s=/proc/$1/status
	equal "$(title "$1"): Seccomp" "$(sed -n 's/^Seccomp:\t//p' $_s)" 2 &&
	equal "$(title "$1"): NoNewPrivs" \
	    "$(sed -n 's/^NoNewPrivs:\t//p' $_s)" 1 &&
	equal "$(title "$1"): Uid" \
	    "$(sed -n 's/^Uid:\t//p' $_s | tr '\t' ' ')" "$2 $2 $2 $2" &&
	equal "$(title "$1"): CapEff" "$(sed -n 's/^CapEff:\t//p' $_s)" \
	    0000000000000000 &&
	# what cannot be dumped belongs to root in /proc
	equal "$(title "$1"): owner in /proc" "$(stat -c %u "/proc/$1/mem")" 0
}

filtered()
{
	grep -qx "Seccomp:	2" "/proc/$1/status"
}

# descriptors PID: none on a file, a directory or a terminal; but the engine
# process has the image that it imports, to read, the parent its own notes, and
# a session's process the workspace
descriptors()
{
	for _fd in "/proc/$1/fd"/*; do
		_to=$(readlink "$_fd") || continue
		case $_to in
		/dev/null|socket:*|pipe:*|anon_inode:*)	;;
		"$prefix/share/claudesec/proxyd.tar")
			equal "who has $_to" "$(title "$1")" engine &&
			equal "flags of $_to" "$(sed -n 's/^flags:.*\(.\)$/\1/p' \
			    "/proc/$1/fdinfo/${_fd##*/}")" 0 || return 1
			;;
		/sys/fs/cgroup/*/pids.events)
			# whether the bound of a session was hit
			equal "who has $_to" "$(title "$1")" engine || return 1
			;;
		"$tmp"/u*/run/claudesec/sock.lock)
			# which engine it uses, for clients with another
			equal "who has $_to" "$(title "$1")" parent || return 1
			;;
		*/claudesec/looked)
			# when it was looked for a newer image
			equal "who has $_to" "$(title "$1")" parent || return 1
			;;
		"$tmp"/u1000/ws)
			equal "who has $_to" "$(title "$1")" session || return 1
			;;
		"$tmp"/u1000/ws/*)
			equal "who has $_to" "$(title "$1")" session &&
			equal "mode of $_to" "$(stat -c %a "$_to")" \
			    "1$(test -d "$_to" && echo 555 || echo 444)" ||
			    return 1
			;;
		*)	because "$(title "$1") has $_to" || return 1 ;;
		esac
	done
}

# sockets PID: the parent has one for each of the others, conf and workspace
# those of the parent and the engine process, bridge the parent's, a session's
# process that of the engine process, control the one that it listens on as
# well; the engine process and guard have others meanwhile
sockets()
{
	_sockets=$(readlink "/proc/$1/fd"/* | grep -c '^socket:')
	case $(title "$1") in
	bridge|session|resume)	_should=1 ;;
	conf|workspace)		_should=2 ;;
	control)		_should=3 ;;
	parent)			_should=6 ;;
	*)			return 0 ;;
	esac
	equal "sockets of $(title "$1")" "$_sockets" $_should
}

test_processes_are_confined()
{
	hold 1000 held || return 1
	n=0
	for pid in $(daemons); do
		case $(title "$pid") in
		parent|conf|control|engine|workspace|bridge|guard|session)
			confined "$pid" 1000 && descriptors "$pid" &&
			    sockets "$pid" || return 1
			n=$((n + 1))
			;;
		resume)	# it reads a byte, and may have to start a daemon
			descriptors "$pid" && sockets "$pid" || return 1
			;;
		*)	# the client, which is when it was answered
			wait_for 60 filtered "$pid"
			confined "$pid" 1000 || return 1
			;;
		esac
	done
	equal "processes of claudesec" $n 8 || return 1
	n=0
	for pid in $(proxies held); do
		confined "$pid" 13 && descriptors "$pid" || return 1
		n=$((n + 1))
	done
	[ $n -ge 4 ] || because "processes of proxyd: $n"
}

test_only_the_engine_process_has_the_engine()
{
	hold 1000 held || return 1
	ss -xnp | awk -v s="/${engine_socket##*/}" \
	    'index($5, s) { print $8 }' >"$tmp/peers"
	[ -s "$tmp/peers" ] || because "nobody talks to the engine" || return 1
	for pid in $(daemons); do
		case $(title "$pid") in
		parent|conf|control|workspace|bridge|session)	;;
		*)	continue ;;
		esac
		for fd in /proc/$pid/fd/*; do
			inode=$(readlink "$fd" | sed -n 's/^socket:\[\(.*\)\]/\1/p')
			[ -z "$inode" ] || ! grep -qx "$inode" "$tmp/peers" ||
			    because "$(title "$pid") has the engine's socket" ||
			    return 1
		done
	done
}

# pid_of TITLE: of the one daemon that runs
pid_of()
{
	for _p in $(daemons); do
		[ "$(title "$_p")" != "$1" ] || echo "$_p"
	done
}

# The agent may go on, but has no way to a name that is not passed; the next
# command finds it and leaves nothing.
safe_after()
{
	for _id in $(docker ps -q --filter label=claudesec.role=agent); do
		! docker exec "$_id" curl -fsk --max-time 5 -x \
		    http://127.0.0.1:3128 https://www.example.org/ \
		    >/dev/null 2>&1 ||
		    because "after $1: the agent gets out" || return 1
	done
	cs 1000 stop -a >/dev/null 2>&1
	nothing_left || because "after $1: $(left | tr '\n' ' ')"
}

# gone PID ...: all of them; a zombie is not, unless it is init's, which takes
# its time
gone()
{
	for _p; do
		case $(sed 's/.*) //' "/proc/$_p/stat" 2>/dev/null) in
		""|"Z 1 "*)	;;
		*)		return 1 ;;
		esac
	done
}

test_kill_of_each_process_ends_all()
{
	for name in parent conf control engine workspace bridge guard; do
		hold 1000 held || return 1
		all=$(for _n in parent conf control engine \
		    workspace bridge guard session; do
			pid_of $_n; done)
		kill -9 "$(pid_of $name)"
		wait_for 60 gone $all || {
			because "after $name: others go on"
			ps -o pid,ppid,stat,args -p "$(echo $all |
			    tr ' ' ,)" >>"$tmp/why"
			return 1
		}
		safe_after "$name" || return 1
		wait "$hold_pid"
		[ $? -ne 0 ] || because "after $name: start says all is well" ||
		    return 1
	done
}

test_kill_of_each_proxy_process_ends_the_session()
{
	hold 1000 held || return 1
	n=$(proxies held | wc -l)
	cs 1000 stop -a
	i=1
	while [ "$i" -le "$n" ]; do
		hold 1000 held || return 1
		kill -9 "$(proxies held | sed -n "${i}p")"
		wait_for 60 no_proxies held ||
		    because "other processes of proxyd go on" || return 1
		safe_after "proxyd's process $i" || return 1
		wait "$hold_pid"
		i=$((i + 1))
	done
}

no_proxies()
{
	[ -z "$(proxies "$1")" ]
}

# client_pid: of the start that is held
client_pid()
{
	for _p in $(daemons); do
		case $(tr '\0' ' ' <"/proc/$_p/cmdline") in
		*" start "*)	echo "$_p" ;;
		esac
	done
}

# Without a terminal a signal is the agent's, and Claude Code ends well by
# SIGINT.
test_client_that_ends_takes_its_session_along()
{
	for sig in INT TERM HUP KILL; do
		hold_claude 1000 held || return 1
		kill -$sig "$(client_pid)"
		wait "$hold_pid"
		[ $? -ne 0 ] || [ $sig = INT ] ||
		    because "SIG$sig: exit status 0" || return 1
		nothing_left ||
		    because "SIG$sig: $(left | tr '\n' ' ')" || return 1
	done
}
