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

# configure.sh: answers what the Makefiles ask of the system, in config.mk on
# standard output.  make runs it by itself.  Each answer can be given in the
# environment instead, and then stands as it is.

set -u
: "${CC:=cc}"
: "${PKG_CONFIG:=pkg-config}"
os=$(uname -s)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/configure.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT

# compiles TEXT FLAG ...: can this be compiled and linked?
compiles() {
	text=$1
	shift
	printf '%s\n' "$text" >"$tmp/t.c"
	$CC ${CFLAGS-} -o "$tmp/t" "$tmp/t.c" "$@" >/dev/null 2>&1
}

# pkg WHAT NAME ...: flags of a library, or the reason to stop
pkg() {
	what=$1
	shift
	"$PKG_CONFIG" "$what" "$@" 2>/dev/null && return
	echo "configure.sh: $* not found by $PKG_CONFIG" >&2
	exit 1
}

if [ "$os" = Linux ]; then
	: "${DEFS_SYS=-D_GNU_SOURCE -DPROC_SELF='\"/proc/self/exe\"'}"
	: "${CFLAGS_BSD=-DLIBBSD_OPENBSD_VIS $(pkg --cflags libbsd-overlay)}" || exit 1
	: "${LIBS_BSD=$(pkg --libs libbsd-overlay libbsd-ctor)}" || exit 1
	: "${LIBS_BSD_STATIC=-Wl,-u,libbsd_init_func -lbsd-ctor -lbsd -lmd}"
else
	: "${DEFS_SYS=-DPROC_SELF='\"\${BINDIR}/\${PROG}\"'}"
	: "${CFLAGS_BSD=}" "${LIBS_BSD=}" "${LIBS_BSD_STATIC=}"
fi

# OpenBSD has pledge(2) and libevent in base, without a .pc file
if compiles '#include <unistd.h>
int main(void) { return pledge("stdio", NULL) + unveil(NULL, NULL); }'; then
	: "${SANDBOX=base}"
elif compiles '#include <linux/seccomp.h>
#include <linux/landlock.h>
int main(void) { return 0; }'; then
	: "${SANDBOX=linux}"
else
	echo "configure.sh: no pledge(2), and no seccomp and Landlock" >&2
	exit 1
fi
case $SANDBOX in
base)	: "${OBJS_SANDBOX=}" ;;
linux)	: "${OBJS_SANDBOX=sandbox_linux.o landlock.o}" ;;
none)	: "${OBJS_SANDBOX=sandbox_none.o}" ;;
*)	echo "configure.sh: SANDBOX is base, linux or none" >&2; exit 1 ;;
esac
if [ "$os" = Linux ]; then
	: "${OBJS_MOUNT=mount_linux.o}"
	: "${OBJS_ADDRESS=address_linux.o}"
else
	: "${OBJS_MOUNT=mount_none.o}"
	: "${OBJS_ADDRESS=address_none.o}"
fi
if compiles '#include <stddef.h>
size_t malloc_usable_size(void *);
int main(int argc, char *argv[])
{ (void)argc; return malloc_usable_size(argv) == 1; }'; then
	: "${OBJS_WIPE=wipe.o}"
else
	: "${OBJS_WIPE=wipe_none.o}"
fi
if compiles '#include <malloc.h>
int main(void) { return malloc_trim(0); }'; then
	: "${OBJS_TRIM=trim.o}"
else
	: "${OBJS_TRIM=trim_none.o}"
fi
if "$PKG_CONFIG" --exists libevent_core 2>/dev/null; then
	: "${LIBS_EVENT=$(pkg --libs libevent_core)}"
else
	: "${LIBS_EVENT=-levent}"
fi
: "${LIBS_TLS=$(pkg --libs --static libssl)}" || exit 1
# libcrypto brings 20,000 relocations, which each process of proxyd reads: they
# are short in this form, if libc knows it as well as the linker
relr=-Wl,-z,pack-relative-relocs
if compiles 'int main(void) { return 0; }' -static-pie $relr && "$tmp/t"; then
	: "${LDFLAGS_STATIC=-static-pie $relr}"
elif compiles 'int main(void) { return 0; }' -static-pie; then
	: "${LDFLAGS_STATIC=-static-pie}"
else
	: "${LDFLAGS_STATIC=-static}"
fi
: "${CFLAGS_LIBS=$(pkg --cflags libcurl jansson)}" || exit 1
: "${LIBS_ENGINE=$(pkg --libs libcurl jansson)}" || exit 1
if command -v byacc >/dev/null 2>&1; then
	: "${YACC=byacc}"
elif command -v bison >/dev/null 2>&1; then
	: "${YACC=bison -y}"
else
	: "${YACC=yacc}"
fi

cat <<END
# made by etc/configure.sh
DEFS_SYS=	$DEFS_SYS
CFLAGS_BSD=	$CFLAGS_BSD
CFLAGS_LIBS=	$CFLAGS_LIBS
LIBS_BSD=	$LIBS_BSD
LIBS_BSD_STATIC=	$LIBS_BSD_STATIC
LIBS_EVENT=	$LIBS_EVENT
LIBS_ENGINE=	$LIBS_ENGINE
LIBS_TLS=	$LIBS_TLS
LDFLAGS_STATIC=	$LDFLAGS_STATIC
OBJS_SANDBOX=	$OBJS_SANDBOX
OBJS_MOUNT=	$OBJS_MOUNT
OBJS_ADDRESS=	$OBJS_ADDRESS
OBJS_WIPE=	$OBJS_WIPE
OBJS_TRIM=	$OBJS_TRIM
YACC=		$YACC
END
