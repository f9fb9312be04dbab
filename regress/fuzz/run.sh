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

# run.sh SECONDS target ...: runs each fuzzer for so long, from the corpus in
# the tree; with 0 it runs the corpus once.

cd "$(dirname "$0")" || exit 1
time=$1
shift
status=0
for target; do
	name=${target#fuzz_}
	mkdir -p "work/$name" || exit 1
	set -- -timeout=10 -print_final_stats=1 -artifact_prefix="work/"
	if [ "$time" -eq 0 ]; then
		set -- "$@" -runs=0 "corpus/$name"
	else
		[ ! -f "$name.dict" ] || set -- "$@" "-dict=$name.dict"
		set -- "$@" "-max_total_time=$time" "work/$name" \
		    "corpus/$name"
	fi
	if "./$target" "$@" 2>"work/$target.log"; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' \
		    "work/$target.log")
		echo "ok $target: $runs executions"
	else
		echo "FAIL $target: see regress/fuzz/work/$target.log"
		status=1
	fi
done
exit $status
