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

# run.sh: what the top Makefile does: GNU make and bmake, gcc and clang, from
# the tarball alone, without a warning, installed below DESTDIR and removed
# again.

set -u
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
tmp=$(mktemp -d /tmp/claudesec-build.XXXXXX) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
unset MAKEFLAGS MAKELEVEL MFLAGS
status=0

# result NAME WHY: what failed, if anything did
result()
{
	if [ -z "$2" ]; then
		echo "ok build $1"
	else
		echo "FAIL build $1: $2"
		cat "$tmp/log" >&2
		status=1
	fi
}

quietly()
{
	"$@" >"$tmp/log" 2>&1
}

# everything below a directory, with its mode
list()
{
	(cd "$1" && find . ! -type d -printf '%m %p\n' | sort)
}

test_dist_is_the_same_twice()
{
	why=
	cp -R "$top" "$tmp/one" && (umask 077 && cp -R "$top" "$tmp/two") ||
	    exit 1
	chmod -R go= "$tmp/two"
	(cd "$tmp/one" && quietly make dist) || why="make dist fails"
	(cd "$tmp/two" && touch claudesec/*.c && quietly bmake dist) ||
	    why="bmake dist fails"
	cmp -s "$tmp"/one/*.tar.gz "$tmp"/two/*.tar.gz || why="differs"
	mv "$tmp"/one/*.tar.gz "$tmp/dist.tar.gz"
	rm -rf "$tmp/one" "$tmp/two"
	result "dist is the same twice" "$why"
}

# test_from_the_tarball MAKE CC
test_from_the_tarball()
{
	why=
	rm -rf "$tmp/src" "$tmp/dest"
	mkdir "$tmp/src" "$tmp/dest" &&
	tar -C "$tmp/src" --strip-components 1 -xzf "$tmp/dist.tar.gz" ||
	    exit 1
	list "$tmp/src" >"$tmp/before"
	cd "$tmp/src" || exit 1
	quietly "$1" -j2 CC="$2" CPPFLAGS=-Werror PREFIX=/opt/cs ||
	    why="does not build"
	[ -n "$why" ] ||
	    quietly "$1" CC="$2" CPPFLAGS=-Werror PREFIX=/opt/cs \
	    DESTDIR="$tmp/dest" install || why="does not install"
	[ -n "$why" ] || list "$tmp/dest" >"$tmp/installed"
	for f in '755 ./opt/cs/bin/claudesec' '755 ./opt/cs/sbin/proxyd' \
	    '644 ./opt/cs/share/claudesec/proxyd.tar' \
	    '644 ./opt/cs/share/man/man8/claudesec.8' \
	    '644 ./opt/cs/share/examples/claudesec/proxyd.conf'; do
		[ -n "$why" ] || grep -qxF "$f" "$tmp/installed" ||
		    why="not installed: $f"
	done
	[ -n "$why" ] || ! grep -v '/opt/cs/' "$tmp/installed" >"$tmp/log" ||
	    why="installs outside of PREFIX"
	[ -n "$why" ] || "$tmp/dest/opt/cs/bin/claudesec" version \
	    >"$tmp/log" 2>&1 || why="does not run"
	[ -n "$why" ] || quietly "$1" PREFIX=/opt/cs DESTDIR="$tmp/dest" \
	    uninstall || why="does not uninstall"
	list "$tmp/dest" >"$tmp/log"
	[ -n "$why" ] || [ ! -s "$tmp/log" ] || why="uninstall leaves files"
	[ -n "$why" ] || quietly "$1" clean || why="does not clean"
	[ -n "$why" ] || list "$tmp/src" | diff "$tmp/before" - >"$tmp/log" ||
	    why="clean leaves files"
	result "$1 and $2 from the tarball" "$why"
}

test_manual_pages_are_silent()
{
	why=
	cd "$top" || exit 1
	quietly mandoc -T lint -W warning claudesec/*.[58] proxyd/*.[58]
	[ ! -s "$tmp/log" ] || why="mandoc has something to say"
	result "manual pages" "$why"
}

test_dist_is_the_same_twice
test_from_the_tarball make gcc
test_from_the_tarball bmake clang
test_manual_pages_are_silent
exit $status
