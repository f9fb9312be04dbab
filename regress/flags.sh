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


# flags.sh: how test programs in C are built, from config.mk's answers.
# Read with `.' from a directory below regress/.

config=../../config.mk
if [ ! -f "$config" ]; then
	echo "run make first" >&2
	exit 1
fi
# answer NAME: what config.mk says, as the shell would have it from make
answer() {
	sed -n "s/^$1=[[:space:]]*//p" "$config"
}

# cc_test ARG ...: compile and link one test program
cc_test() {
	eval "${CC:-cc} -std=c99 -O1 -g -Wall -Wextra ${CFLAGS_TEST-} \
	    $(answer DEFS_SYS) $(answer CFLAGS_BSD) $(answer CFLAGS_LIBS)" \
	    '"$@"' "$(answer LIBS_EVENT) $(answer LIBS_BSD) ${LIBS_TEST-}"
}
