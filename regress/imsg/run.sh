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

# Every message of both programs, wrong in every way, to every process.

cd "$(dirname "$0")" || exit 1
set -e
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
. ../flags.sh
cc_test -I../../claudesec -o "$tmp/drive-claudesec" drive.c claudesec.c \
    ../../claudesec/messages.c ../../claudesec/imsg.c
cc_test -I../../claudesec -I../../proxyd -o "$tmp/drive-proxyd" drive.c proxyd.c \
    ../../proxyd/messages.c ../../claudesec/imsg.c
set +e
status=0
# side by side, as one waits for its process as often as the other
"$tmp/drive-proxyd" "$(pwd)/../../proxyd/proxyd" \
    parent frontend resolver relay keeper &
"$tmp/drive-claudesec" "$(pwd)/../../claudesec/claudesec" \
    parent conf control engine pin workspace bridge guard +client || status=1
wait $! || status=1
exit $status
