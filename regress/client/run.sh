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

# run.sh: the client, with a daemon of ours to talk to that says what a good
# one would not, and runs the command itself where that one has containers.
# No engine.  CLAUDESEC names another binary.

set -u
cd "$(dirname "$0")" || exit 1
CLAUDESEC=$(realpath "${CLAUDESEC:-../../claudesec/claudesec}")
[ -x "$CLAUDESEC" ] || { echo "FAIL client: no $CLAUDESEC, run make"; exit 1; }
command -v python3 >/dev/null || { echo "FAIL client: no python3"; exit 1; }
TMP=$(mktemp -d "${TMPDIR:-/tmp}/client.XXXXXX") || exit 1
HEADER=$(realpath ../../claudesec/messages.h)
export CLAUDESEC HEADER TMP
trap 'rm -rf "$TMP"' EXIT
trap 'exit 1' INT TERM HUP

# the same client, with a base.sh of ours
CFLAGS_TEST="-DDATADIR='\"$TMP\"'"
LIBS_TEST=-ljansson
. ../flags.sh
src=../../claudesec
# shellcheck disable=SC2046
cc_test -o "$TMP/build" base.c $src/client_base.c \
    $(ls $src/client*.o $src/review*.o $src/workspace_*.o |
    grep -v /client_base.o) $src/filter.o $src/login.o $src/listen.o \
    $src/audit.o $src/clock.o $src/credentials.o $src/keys.o \
    $src/options.o $src/report.o $src/rule.o $src/term.o $src/proc.o \
    $src/messages.o $src/imsg.o $src/log.o \
    $(answer OBJS_SANDBOX | sed "s|[a-z_]*\.o|$src/&|g") || {
	echo "FAIL client: base.c does not compile"
	exit 1
}
python3 tests.py "$@"
