#!/bin/sh
#
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
"$tmp/drive-claudesec" "$(pwd)/../../claudesec/claudesec" \
    parent conf control engine pin workspace +client || status=1
"$tmp/drive-proxyd" "$(pwd)/../../proxyd/proxyd" \
    parent frontend resolver relay keeper || status=1
exit $status
