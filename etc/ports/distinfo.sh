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

# distinfo.sh TARBALL: writes the three distinfo files for it.  They are not in
# the tarball, nor is anything else of etc/ports, so its sums can be in them.

set -eu
[ $# -eq 1 ] || {
	echo "usage: distinfo.sh tarball" >&2
	exit 64
}
dir=$(dirname "$0")
name=$(basename "$1")
size=$(wc -c <"$1" | tr -d ' ')

hex()
{
	openssl dgst "-$1" -r "$2" | cut -d ' ' -f 1
}

cat >"$dir/openbsd/distinfo" <<END
SHA256 ($name) = $(openssl dgst -sha256 -binary "$1" | openssl base64 -A)
SIZE ($name) = $size
END
# the tarball's files are of the Epoch's first second
cat >"$dir/freebsd/distinfo" <<END
TIMESTAMP = 0
SHA256 ($name) = $(hex sha256 "$1")
SIZE ($name) = $size
END
cat >"$dir/pkgsrc/distinfo" <<END
\$NetBSD\$

BLAKE2s ($name) = $(hex blake2s256 "$1")
SHA512 ($name) = $(hex sha512 "$1")
Size ($name) = $size bytes
END
