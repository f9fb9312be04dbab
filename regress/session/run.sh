#!/bin/sh
#
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


# run.sh [case ...]: whole sessions on the real engine, with the real Claude
# Code, through proxyd, to the test API.  The cases are the functions test_* of
# the files beside this one, in their order; with ENGINE=podman on podman.

set -u
# mounts of our own: passwd below
[ "${1-}" = -m ] || exec unshare -m -- sh "$0" -m "$@"
shift
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
. "$here/env.sh"
. "$here/claude.sh"
. "$here/inject.sh"
. "$here/credentials.sh"
. "$here/terminal.sh"
. "$here/tui.sh"
. "$here/bytes.sh"
. "$here/inside.sh"
. "$here/process.sh"
. "$here/port.sh"
. "$here/browser.sh"
. "$here/share.sh"
. "$here/error.sh"
. "$here/policy.sh"
. "$here/memory.sh"
. "$here/clients.sh"
. "$here/protect.sh"
. "$here/network.sh"
. "$here/hardening.sh"

[ -x "$claudesec" ] || die "$claudesec is not there: see regress/run"
env_up
users_up 0 501 1000 1001 || die "no test users"

[ $# -gt 0 ] || set -- $(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' \
    "$here/claude.sh" "$here/inject.sh" "$here/credentials.sh" \
    "$here/terminal.sh" "$here/tui.sh" "$here/bytes.sh" "$here/inside.sh" \
    "$here/process.sh" "$here/error.sh" "$here/policy.sh" \
    "$here/memory.sh" "$here/clients.sh" \
    "$here/port.sh" "$here/browser.sh" "$here/share.sh" "$here/protect.sh" \
    "$here/network.sh" "$here/hardening.sh")
for this_case; do
	: >"$tmp/why"
	hold_pid=
	if ! $this_case; then
		fail "$this_case" "$(head -n 1 "$tmp/why")"
		sed 's/^/    /' "$tmp/why" >&2
	elif ! release || ! nothing_left; then
		fail "$this_case" "left behind: $(left | tr '\n' ' ')"
	else
		ok "$this_case"
	fi
	clean_up
done
[ $nfailed -eq 0 ]
