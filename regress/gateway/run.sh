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

# run.sh: the gateway and the keeper, between a client and an API of the tests
# over TLS, in a network namespace of their own that has nothing but loopback.
# Wants root.  PROXYD names another binary, PROGRAM another program to run there.

set -u
cd "$(dirname "$0")" || exit 1
PROXYD=$(realpath "${PROXYD:-../../proxyd/proxyd}")
[ -x "$PROXYD" ] || { echo "FAIL gateway: no $PROXYD, run make"; exit 1; }
[ "$(id -u)" = 0 ] || { echo "FAIL gateway: run as root"; exit 1; }
for tool in cc ip openssl python3 unshare; do
	command -v $tool >/dev/null || { echo "FAIL gateway: no $tool"; exit 1; }
done
id -u _proxyd >/dev/null 2>&1 ||
    { echo "FAIL gateway: no user _proxyd"; exit 1; }

TMP=$(mktemp -d "${TMPDIR:-/tmp}/gateway.XXXXXX") || exit 1
trap 'rm -rf "$TMP"' EXIT
trap 'exit 1' INT TERM HUP
export PROXYD TMP
chmod 755 "$TMP"

# ca NAME: a certificate authority; cert NAME CA SUBJECT [EXTENSION]: what it
# signs, with the subject as its alternative name unless told otherwise
ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 2 -subj "/CN=$1" \
	    -addext keyUsage=critical,keyCertSign \
	    -keyout "$TMP/$1.key" -out "$TMP/$1.pem"
}
cert() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	    -subj "/CN=$3" -keyout "$TMP/$1.key" -out "$TMP/$1.csr" &&
	echo "${4:-subjectAltName=DNS:$3}" >"$TMP/$1.ext" &&
	openssl x509 -req -days 2 -in "$TMP/$1.csr" -CA "$TMP/$2.pem" \
	    -CAkey "$TMP/$2.key" -CAcreateserial -extfile "$TMP/$1.ext" \
	    -out "$TMP/$1.pem"
}
{ ca good && ca bad && cert api good api.example &&
    cert other good other.example && cert forged bad api.example &&
    cert old good api.example extendedKeyUsage=serverAuth
} >"$TMP/openssl.log" 2>&1 ||
    { echo "FAIL gateway: no certificates"; cat "$TMP/openssl.log"; exit 1; }

# The second program drives a proxyd whose frontend was taken over.
puppet() {
	eval "cc -std=c99 -O1 -g -Wall -Wextra $(answer DEFS_SYS) \
	    $(answer CFLAGS_BSD) -I../../claudesec -I../../proxyd -fPIE \
	    $(answer LDFLAGS_STATIC) -o '$TMP/puppet' puppet.c" \
	    $(ls ../../proxyd/*.o | grep -v -e '/frontend\.o$' -e '/frontend_accept\.o$') \
	    "$(answer LIBS_EVENT) $(answer LIBS_BSD_STATIC) -lc \
	    $(answer LIBS_TLS)"
}
if [ -n "${PROGRAM-}" ]; then
	unshare -n python3 "$PROGRAM" "$@"
	exit
fi
. ../flags.sh
puppet 2>"$TMP/cc.log" ||
    { echo "FAIL gateway: no puppet"; cat "$TMP/cc.log" >&2; exit 1; }
unshare -n python3 tests.py "$@"
status=$?
PROXYD=$TMP/puppet unshare -n python3 puppet.py "$@" && exit $status
