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



# run.sh: what the ports and the scripts of etc say is what make installs, and
# what the program has.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
tmp=$(mktemp -d /tmp/claudesec-ports.XXXXXX) || exit 1
status=0
trap finish EXIT
trap 'exit 1' HUP INT TERM

finish()
{
	[ ! -e "$tmp/rc" ] || rc stop
	rm -rf "$tmp"
}

result()
{
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		echo "FAIL $1: $2"
		status=1
	fi
}

# installed PREFIX FLAG ...: the files that make install lays down there
installed()
{
	_prefix=$1
	shift
	rm -rf "$tmp/fake"
	make -C "$top" DESTDIR="$tmp/fake" PREFIX="$_prefix" "$@" install \
	    >"$tmp/log" 2>&1 </dev/null || return 1
	(cd "$tmp/fake$_prefix" && find . ! -type d) | sed 's,^\./,,' | sort
}

# listed PLIST: the files that it says make install lays down
listed()
{
	sed -e '/^@comment/d;/^@new/d;/^@sample/d;/^@rcscript/d' \
	    -e 's/^@bin //;s/^@man //' -e '/\/$/d;/pkg-readmes/d' \
	    -e '/^share\/man/s/\.gz$//' "$1" | sort
}

# same NAME PLIST PREFIX FLAG ...
same()
{
	_name=$1
	_plist=$2
	shift 2
	_why=
	if installed "$@" >"$tmp/installed"; then
		listed "$top/etc/ports/$_plist" >"$tmp/listed"
		_why=$(diff "$tmp/listed" "$tmp/installed" | sed -n \
		    's/^[<>]/&/p' | tr '\n' ' ')
	else
		_why="make install: $(tail -n 1 "$tmp/log")"
	fi
	result "$_name" "$_why"
}

test_plists_are_what_is_installed()
{
	same "plist of openbsd" openbsd/pkg/PLIST /usr/local \
	    MANDIR=/usr/local/man
	same "plist of freebsd" freebsd/pkg-plist /usr/local
	same "plist of pkgsrc" pkgsrc/PLIST /usr/pkg MANDIR=/usr/pkg/man
}

# directories of its own, which a package removes again
test_plist_of_openbsd_names_directories()
{
	sed -n 's,/$,,p' "$top/etc/ports/openbsd/pkg/PLIST" >"$tmp/dirs"
	why=
	while read -r d; do
		[ -d "$tmp/fake/usr/pkg/$d" ] || why="$why $d"
	done <"$tmp/dirs"
	result "directories of openbsd's plist" "$why"
}

test_uninstall_leaves_nothing()
{
	make -C "$top" DESTDIR="$tmp/fake" PREFIX=/usr/pkg \
	    MANDIR=/usr/pkg/man uninstall >/dev/null 2>&1 </dev/null
	result "uninstall leaves nothing" \
	    "$(cd "$tmp/fake" && find . ! -type d | tr '\n' ' ')"
}

# The tree may be ahead of the sums of the release; how they are made may not.
test_distinfo_is_of_the_tarball()
{
	cp -R "$top" "$tmp/tree" && cd "$tmp/tree" || return
	make distinfo >"$tmp/log" 2>&1 </dev/null ||
		result "make distinfo" "$(tail -n 1 "$tmp/log")"
	name=$(echo claudesec-*.tar.gz)
	size=$(($(wc -c <"$name")))
	why=
	[ "$(grep -c "^SHA256 ($name) = $(sha256sum "$name" |
	    cut -d ' ' -f 1)\$" etc/ports/freebsd/distinfo)" -eq 1 ] ||
	    why="$why freebsd"
	[ "$(sed -n "s/^SHA256 ($name) = //p" etc/ports/openbsd/distinfo |
	    base64 -d | od -An -tx1 | tr -d ' \n')" = \
	    "$(sha256sum "$name" | cut -d ' ' -f 1)" ] || why="$why openbsd"
	[ "$(grep -c "^SHA512 ($name) = $(sha512sum "$name" |
	    cut -d ' ' -f 1)\$" etc/ports/pkgsrc/distinfo)" -eq 1 ] ||
	    why="$why pkgsrc"
	[ "$(cat etc/ports/*/distinfo | grep -ci "^size ($name) = $size")" \
	    -eq 3 ] || why="$why size"
	for d in openbsd freebsd pkgsrc; do
		[ "$(sed 's/=.*//' etc/ports/$d/distinfo)" = \
		    "$(sed 's/=.*//' "$top/etc/ports/$d/distinfo")" ] ||
		    why="$why $d is for another tarball"
	done
	result "distinfo is of the tarball" "$why"
	why=
	! tar -tzf "$name" | grep -q etc/ports || why="they are in it"
	result "ports are not in the tarball" "$why"
	cd "$top" && rm -rf "$tmp/tree"
}

test_version_is_the_same_everywhere()
{
	version=$(sed -n 's/^VERSION=[[:space:]]*//p' "$top/Makefile")
	why=
	for f in openbsd/Makefile pkgsrc/Makefile; do
		grep -q "^DISTNAME *=[[:space:]]*claudesec-$version\$" \
		    "$top/etc/ports/$f" || why="$why $f"
	done
	grep -q "^DISTVERSION=[[:space:]]*$version\$" \
	    "$top/etc/ports/freebsd/Makefile" || why="$why freebsd/Makefile"
	grep -q "CLAUDESEC_VERSION.*\"$version\"" \
	    "$top/claudesec/claudesec.h" || why="$why claudesec.h"
	result "version is the same everywhere" "$why"
}

test_scripts_parse()
{
	for f in etc/rc/claudesec.rc etc/ports/distinfo.sh \
	    etc/ports/openbsd/pkg/claudesec.rc \
	    etc/ports/freebsd/files/claudesec.in \
	    etc/ports/pkgsrc/files/claudesec.sh; do
		result "$f parses" "$(sh -n "$top/$f" 2>&1 | head -n 1)"
	done
}

rc()
{
	sh "$tmp/rc" "$@" >"$tmp/out" 2>&1 </dev/null
}

# expect STATUS ARGUMENT
expect()
{
	rc "$2"
	_got=$?
	[ $_got -eq "$1" ] ||
	    why="$why $2: status $_got, not $1: $(tail -n 1 "$tmp/out");"
}

# The script for Linux runs a daemon; this one has its files elsewhere.
test_rc_script_starts_and_stops()
{
	prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
	mkdir "$tmp/run" && : >"$tmp/conf"
	echo "flags='-f $tmp/conf -s $tmp/run/sock'" >"$tmp/default"
	sed "s,/usr/local/bin/claudesec,$prefix/bin/claudesec,
	    s,/etc/default/claudesec,$tmp/default,g" \
	    "$top/etc/rc/claudesec.rc" >"$tmp/rc"
	why=
	expect 3 status
	expect 0 start
	[ -S "$tmp/run/sock" ] || why="$why no socket;"
	expect 0 status
	expect 0 start
	grep -q already "$tmp/out" || why="$why a second start says nothing;"
	expect 0 reload
	expect 0 restart
	echo "nonsense" >"$tmp/conf"
	expect 78 restart
	expect 0 status
	expect 0 stop
	expect 0 stop
	expect 3 status
	expect 64 nonsense
	result "rc script starts and stops" "$why"
}

test_plists_are_what_is_installed
test_plist_of_openbsd_names_directories
test_uninstall_leaves_nothing
test_distinfo_is_of_the_tarball
test_version_is_the_same_everywhere
test_scripts_parse
test_rc_script_starts_and_stops
exit $status
