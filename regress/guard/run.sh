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


# run.sh [case ...]: what an engine process that was taken over can reach.  Its
# container engine is a witness of tests.py's, which notes all that comes.

cd "$(dirname "$0")" || exit 1
tmp=$(mktemp -d /tmp/claudesec-guard.XXXXXX) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
. ../flags.sh
LIBS_TEST="$(answer LIBS_ENGINE) $(answer LIBS_TLS)"
CFLAGS_TEST="-Wno-unused-function -DDATADIR='\"/nonexistent\"' \
    -DTMP='\"$tmp\"' -DWORKSPACE='\"$tmp/work/space\"'"
# shellcheck disable=SC2046
cc_test -I../../claudesec -o "$tmp/puppet" puppet.c \
    $(ls ../../claudesec/*.o | grep -v '/engine\.o$') 2>"$tmp/err" || {
	echo "FAIL guard: no puppet"
	cat "$tmp/err" >&2
	exit 1
}
python3 tests.py "$tmp" "$@"
