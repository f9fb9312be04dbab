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


# setup.sh: read with `.': a build in $prefix, a directory $work for what is
# made, and an engine with the image claudesec/claude.

set -u
progname=bench
dir=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$dir/../.." && pwd) || exit 1
. "$top/etc/setup.sh"

[ "$(id -u)" -eq 0 ] || die "must be root"
work=$(mktemp -d /tmp/claudesec-bench.XXXXXX) || exit 1
chmod 755 "$work"
trap 'engine_down; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
packages_build
packages python3
users
engine_up
prefix=${CLAUDESEC_PREFIX-}
if [ -z "$prefix" ]; then
	prefix=$work/inst
	cp -R "$top" "$work/tree" && cd "$work/tree" || exit 1
	make clean >/dev/null 2>&1
	quietly make -j2 PREFIX="$prefix" install || die "the build failed"
fi
has_image claudesec/claude || quietly "$prefix/bin/claudesec" build ||
    die "the image cannot be built"
