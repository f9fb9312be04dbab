#!/bin/sh
#
# run.sh [program ...]: runs the unit tests, or without arguments builds and
# runs all of them.

cd "$(dirname "$0")" || exit 1
if [ $# -eq 0 ]; then
	[ -f ../../config.mk ] || (cd ../.. && ${MAKE:-make} config.mk) || exit 1
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
