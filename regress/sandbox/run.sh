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

# run.sh: pledge and unveil on this kernel, with each libc that we build for;
# the filter alone for the other architecture as well, by emulation, since no
# emulator of programs runs seccomp.  CC and CFLAGS are honoured.

set -u
cd "$(dirname "$0")" || exit 1
: "${CC:=cc}"
: "${CFLAGS:=-O2 -g -D_FORTIFY_SOURCE=2}"
SRC=../../claudesec
WARN="-Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow
    -Wpointer-arith -Wcast-qual -Wsign-compare -Werror"
case $(uname -m) in
x86_64)	other=aarch64 ;;
*)	other=x86_64 ;;
esac
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0

# build NAME CC FLAGS FILE ...
build() {
	name=$1 cc=$2 flags=$3
	shift 3
	if ! command -v "${cc%% *}" >/dev/null; then
		echo "FAIL ${name}_build: no ${cc%% *}: install it"
	elif ! $cc $CFLAGS $WARN -std=c99 -D_GNU_SOURCE $flags \
	    -o "$tmp/$name" "$@" >"$tmp/log" 2>&1; then
		echo "FAIL ${name}_build: $(grep -m 1 error "$tmp/log")"
	else
		echo "ok ${name}_build"
		return 0
	fi
	status=1
	return 1
}

# sandbox NAME CC FLAGS
sandbox() {
	build "$1" "$2" "$3" test.c pledge.c unveil.c \
	    $SRC/sandbox_linux.c $SRC/landlock.c &&
	    { "$tmp/$1" "$1" || status=1; }
	build "$1_filter" "$2" "$3" filter.c &&
	    { "$tmp/$1_filter" "$1_filter" || status=1; }
}

sandbox dynamic "$CC" ""
sandbox static "$CC" -static-pie
# musl has no kernel headers of its own
include=/usr/include/$($CC -print-multiarch)
sandbox musl musl-gcc "-idirafter /usr/include -idirafter $include"

if ! command -v qemu-$other >/dev/null; then
	echo "FAIL $other: no qemu-$other: install it"
	status=1
elif build $other $other-linux-gnu-gcc -static filter.c; then
	qemu-$other "$tmp/$other" $other || status=1
fi

build none "$CC" "" none.c $SRC/sandbox_none.c && { "$tmp/none" || status=1; }
exit $status
