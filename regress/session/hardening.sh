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


# What holds a session beside its network: calls, sockets, files of the image.
# Sourced.

# calls_up: the program, in the workspace
calls_up()
{
	"${CC:-cc}" -static -std=c99 -D_GNU_SOURCE -Wall -Wextra \
	    -o "$tmp/u1000/ws/calls" "$here/calls.c" 2>"$tmp/why" ||
	    because "calls.c does not compile"
}

test_calls_are_refused()
{
	empty 1000 && calls_up && hold 1000 held || return 1
	inside ./calls >"$tmp/out" || because "calls ends badly" || return 1
	equal "what passes" "$(grep -v '^refused' "$tmp/out")" "" &&
	[ "$(wc -l <"$tmp/out")" -gt 60 ] || because "few are tried"
}

# Without a filter, and with all rights, the kernel says something else; but of
# modules and another kernel, which it may not have.
test_calls_each_one_counts()
{
	calls_up || return 1
	"$tmp/u1000/ws/calls" >"$tmp/out"
	equal "what is refused without a filter" "$(grep ^refused "$tmp/out" |
	    grep -v '_module$\|kexec_load$')" ""
}

test_image_has_no_setuid_file()
{
	empty 1000 && hold 1000 held || return 1
	equal "setuid and setgid files" "$(inside find / -xdev \
	    \( -perm -4000 -o -perm -2000 \) -type f 2>/dev/null)" ""
}

# hidden MaskedPaths|ReadonlyPaths: what the engine says of these; podman has
# them and says nothing
hidden()
{
	case $1:${ENGINE-docker} in
	MaskedPaths:podman)
		printf '%s\n' /proc/acpi /proc/kcore /proc/keys \
		    /proc/timer_list /sys/firmware ;;
	*:podman)
		printf '%s\n' /proc/bus /proc/fs /proc/irq /proc/sys ;;
	*)	docker inspect -f \
		    "{{range .HostConfig.$1}}{{println .}}{{end}}" \
		    claude-held | sed '/^$/d' ;;
	esac
}

# What the engine hides is empty, or not there.
test_kernel_files_are_hidden()
{
	empty 1000 && hold 1000 held || return 1
	hidden MaskedPaths >"$tmp/masked"
	[ -s "$tmp/masked" ] || because "none are" || return 1
	while read -r p; do
		equal "$p" "$(inside sh -c 'cat "$1" || ls -A "$1"' - "$p" \
		    2>/dev/null)" "" || return 1
	done <"$tmp/masked"
	for p in $(hidden ReadonlyPaths); do
		inside sh -c '[ ! -e "$1" ] || [ ! -w "$1" ]' - "$p" ||
		    because "$p is writable" || return 1
	done
}

# What remains: where the engine mounts from, which the kernel tells.
test_mounts_show_little_of_the_host()
{
	empty 1000 && hold 1000 held || return 1
	id=$(docker inspect -f '{{.Id}}' claude-held)
	# podman has another process for the first, and two files of ours
	! on_podman || id=$id/userdata
	equal "paths of the host" "$(inside cat /proc/self/mountinfo | awk '
	    $4 != "/" && !/ - (proc|sysfs|tmpfs|cgroup2?|mqueue|devpts) / {
	    print $4 }' | grep -Ev "/u1000/ws(/|\$)|/claude-held-run/_data\$|\
/$id/(resolv.conf|hostname|hosts)\$|/(docker-init|tini(-static)?|catatonit)\$|\
$prefix/share/claudesec/(resolv.conf|hosts)\$")" ""
}

test_environment_is_of_the_session_alone()
{
	empty 1000 || return 1
	out=$(SECRET=x SSH_AUTH_SOCK=/x as 1000 env SECRET=x SSH_AUTH_SOCK=/x \
	    "$claudesec" -f "$tmp/u1000/conf" shell -- env </dev/null |
	    sed 's/=.*//' | sort | tr '\n' ' ')
	for v in $out; do
		case $v in
		TERM|COLORTERM|LANG|TZ|PATH|HOME|HOSTNAME|SHELL)	;;
		CLAUDE*|ANTHROPIC_*|DISABLE_*|NODE_*)	;;
		ENABLE_TOOL_SEARCH)	;;
		HTTP_PROXY|HTTPS_PROXY|NO_PROXY|http_proxy|https_proxy)	;;
		no_proxy)	;;
		container)	on_podman || return 1 ;;
		*)	because "there is $v" || return 1 ;;
		esac
	done
	[ -n "$out" ] || because "there is none"
}

test_status_tells_what_is_confirmed()
{
	empty 1000 && hold 1000 held || return 1
	cs 1000 -v status >"$tmp/out"
	_filter=claudesec
	_log="json-file 8m x 2"
	! on_podman || { _filter=-; _log="json-file 8.389MB"; }
	tr '\t' : <"$tmp/out" >"$tmp/facts"
	for line in network:none capabilities:none "privileges:no new ones" \
	    seccomp:$_filter root:read-only user:1000:1000 \
	    "namespaces:pid ipc uts cgroup" devices:none writable:/workspace \
	    "memory:4294967296 no swap" processes:512 "log:$_log" \
	    runtime:runc; do
		grep -q "^held:$line\$" "$tmp/facts" ||
		    because "not \"$line\": $(cat "$tmp/out")" || return 1
	done
	grep -q "^held	cpus	[0-9]*\.[05]00\$" "$tmp/out" ||
	    because "cpus: $(grep cpus "$tmp/out")" || return 1
	cs 1000 -v status -j | FILTER=$_filter python3 -c 'import json, os, sys
one, = json.load(sys.stdin)
c = one["confirmed"]
f = os.environ["FILTER"]
assert c["seccomp"] == (None if f == "-" else f) and c["network"] == "none", c
assert len(c) == 19, c
assert isinstance(one["lacks"], list) or f == "-", one' \
	    2>"$tmp/err" || because "-j: $(tail -n 1 "$tmp/err")" || return 1
	# nothing of it without -v
	equal lines "$(cs 1000 status | wc -l)" 1 &&
	equal members "$(cs 1000 status -j | grep -c 'confirmed\|lacks')" 0 &&
	in_terminal status -v &&
	shown "held, as the container engine confirms" &&
	shown "  seccomp       $_filter"
	_status=$?
	no_terminals
	return $_status
}
