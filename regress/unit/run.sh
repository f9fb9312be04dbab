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

# run.sh [program ...]: runs the unit tests, or without arguments builds and
# runs all of them.

cd "$(dirname "$0")" || exit 1
if [ $# -eq 0 ]; then
	[ -f ../../config.mk ] || (cd ../.. && ${MAKE:-make} config.mk) || exit 1
	${MAKE:-make} -k -j2 programs
	exec ${MAKE:-make} -k run
fi
status=0
for test; do
	"./$test" || {
		echo "FAIL $test: exit status $?"
		status=1
	}
done
exit $status
