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

# Make the base image from Debian's own signed packages, for sites where no
# image registry can be reached.  The image goes to standard output as a tar,
# progress to standard error.  Runs as root, or as a user where the system
# allows user namespaces (or has fakechroot).
#
# What the Dockerfile would otherwise have to fetch is in here already.
# libnss-unknown gives every uid a passwd entry; see the Dockerfile.

set -eu

packages=bash,ca-certificates,curl,git,libnss-unknown,nodejs,npm,openssh-client
packages=$packages,procps,ripgrep

usage()
{
	echo "usage: base.sh [suite [mirror]]" >&2
	exit 64
}

[ $# -le 2 ] || usage
case "${1-}" in
-*)	usage ;;
esac
command -v mmdebstrap >/dev/null || {
	echo "base.sh: mmdebstrap is not installed" >&2
	exit 69
}

umask 022
exec mmdebstrap --variant=apt --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    "${1-bookworm}" - ${2+"$2"}
