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


# sh etc/install.sh: from a clean Debian to Claude Code in the sandbox, in the
# current directory.  Without a terminal, its version, and what tries to get out
# of the sandbox.  Whatever is there already is used as it is.

set -u
progname=install
dir=$(pwd)
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$top/etc/setup.sh"

[ $# -eq 0 ] || {
	echo "usage: install.sh" >&2
	exit 64
}
[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    die "must be root, or have sudo"

# The engine's group is as good as root; so is whoever may use sudo.  It holds
# at the next login, hence user(), which asks for it now.
join_group()
{
	group=$(stat -Lc %G "$engine_socket")
	[ "$(id -u)" -ne 0 ] && [ ! -w "$engine_socket" ] || return 0
	say "$(id -un) joins the group $group, to use the engine"
	as_root usermod -aG "$group" "$(id -un)" ||
	    die "cannot join the group $group"
}

user()
{
	if [ -w "$engine_socket" ]; then
		"$@"
	else
		sudo -u "$(id -un)" -- "$@"
	fi
}

build()
{
	cd "$top" || exit 1
	say "building"
	quietly make PREFIX=/usr/local || die "the build failed"
	quietly as_root make PREFIX=/usr/local install ||
	    die "the installation failed"
	cd "$dir" || exit 1
}

configure()
{
	[ ! -e /etc/claudesec.conf ] && site_ca || return 0
	say "this machine trusts authorities of its own, so will the sandbox:" \
	    "/etc/claudesec.conf"
	echo "ca \"$bundle\"" | as_root tee /etc/claudesec.conf >/dev/null
}

show()
{
	version=$(user claudesec start -- --version </dev/null) ||
	    die "Claude Code does not run in the sandbox"
	echo "claude --version, in the sandbox: $version"
	user claudesec check </dev/null || die "the sandbox does not hold"
}

packages_build
build
users
engine_up
join_group
configure
has_image claudesec/claude || user claudesec build ||
    die "the image cannot be built"
if [ -t 0 ] && [ -t 1 ]; then
	user claudesec start
else
	show
fi
