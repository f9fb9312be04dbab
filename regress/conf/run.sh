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

# The configurations of both programs: N.in must parse and be printed as N.ok,
# which must parse to the same again; N.bad must be refused with the errors in
# N.err.  A first line `# args: ...' gives further options.  Then what is made
# by size, the samples in etc/, and what the manual pages promise.

cd "$(dirname "$0")" || exit 1
top=$(cd ../.. && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
status=0

# result NAME WHY: an empty reason is a good one
result() {
	if [ -z "$2" ]; then
		echo "ok conf $1"
	else
		echo "FAIL conf $1: $2"
		status=1
	fi
}

# check PROGRAM ARG ...: run it, output and errors go to files
check() {
	program=$1
	shift
	"$top/$program/$program" "$@" >"$tmp/out" 2>"$tmp/err"
	code=$?
	[ "$code" -lt 126 ] || cat "$tmp/err" >&2
	return "$code"
}

# same FILE FILE: as far as messages name files by their last part
same() {
	sed 's|^[^:]*/||' "$1" >"$tmp/same.1"
	sed 's|^[^:]*/||' "$2" >"$tmp/same.2"
	diff -u "$tmp/same.1" "$tmp/same.2" >&2
}

# quiet: nothing but the good word on standard error
quiet() {
	[ "$(cat "$tmp/err")" = "configuration OK" ]
}

args_of() {
	sed -n '1s/^# args: //p' "$1"
}

# test_good PROGRAM FILE.in
test_good() {
	why=
	# shellcheck disable=SC2046
	if ! check "$1" -nv $(args_of "$2") -f "$2"; then
		why="refused: $(head -n 1 "$tmp/err")"
	elif ! quiet; then
		why="says $(head -n 1 "$tmp/err")"
	elif ! same "${2%.in}.ok" "$tmp/out"; then
		why="printed otherwise"
	elif ! check "$1" -nv -f "${2%.in}.ok"; then
		why="what was printed is refused: $(head -n 1 "$tmp/err")"
	elif ! same "${2%.in}.ok" "$tmp/out"; then
		why="what was printed reads as something else"
	fi
	result "$2" "$why"
}

# test_bad PROGRAM FILE.bad
test_bad() {
	why=
	# shellcheck disable=SC2046
	if check "$1" -nv $(args_of "$2") -f "$2"; then
		why="accepted"
	elif [ "$code" -ge 126 ] || { [ "$1" = claudesec ] &&
	    [ "$code" -ne 78 ]; }; then
		why="status $code"
	elif [ -s "$tmp/out" ]; then
		why="printed all the same"
	elif ! same "${2%.bad}.err" "$tmp/err"; then
		why="other errors"
	fi
	result "$2" "$why"
}

# refused NAME FILE LINE: for this reason alone
refused() {
	why=
	! check claudesec -n -f "$2" || why="accepted"
	! grep -qvF "$3" "$tmp/err" || why="says $(head -c 200 "$tmp/err")"
	grep -qF "$3" "$tmp/err" || why="does not say $3"
	result "$1" "$why"
}

# repeat N TEXT
repeat() {
	awk -v n="$1" -v s="$2" 'BEGIN { while (n-- > 0) printf "%s", s }'
}

test_refused_when_a_word_is_too_long() {
	{ printf 'image '; repeat 8193 a; echo; } >"$tmp/word"
	refused "word of 8193" "$tmp/word" ":1: word too long"
	{ printf 'image "'; repeat 8193 a; echo '"'; } >"$tmp/string"
	refused "string of 8193" "$tmp/string" ":1: string too long"
	{ printf 'image "'; repeat 900000 a; echo '"'; } >"$tmp/huge"
	refused "string of 900000" "$tmp/huge" ":1: string too long"
	{ printf 'image "'; repeat 8192 a; echo '"'; } >"$tmp/long"
	refused "string of 8192" "$tmp/long" ":1: image: name too long"
	{ repeat 8193 a; echo ' = x'; } >"$tmp/name"
	refused "macro's name of 8193" "$tmp/name" ":1: word too long"
	{ printf 'image $'; repeat 9000 a; echo; } >"$tmp/use"
	refused "use of a macro of 9000" "$tmp/use" ":1: macro \"aaaa"
}

test_refused_when_the_file_is_too_large() {
	repeat 600000 '#
' >"$tmp/large"
	refused "file of 1.2 MB" "$tmp/large" ": too large"
	{ printf 'a = "'; repeat 8000 ' '; echo '"'; repeat 500 '$a$a
'; } >"$tmp/expanded"
	refused "macros to 8 MB" "$tmp/expanded" ": too large"
	{ echo 'agent {'; repeat 100000 '}'; } >"$tmp/braces"
	refused "100000 braces" "$tmp/braces" ":2: syntax error at \"}\""
	{ printf 'a ='; repeat 100000 ' x'; echo; } >"$tmp/joined"
	check claudesec -n -f "$tmp/joined" && why= || why="refused"
	result "macro of 100000 words" "$why"
}

test_refused_when_there_are_too_many() {
	awk 'BEGIN { for (i = 0; i <= 1000; i++) print "a" i " = x" }' \
	    >"$tmp/macros"
	refused "1001 macros" "$tmp/macros" ":1001: too many macros"
	{ echo 'egress {'; printf 'pass to {'; repeat 2049 ' a.example'
	    printf '}\n}\n'; } >"$tmp/rules"
	refused "2049 rules" "$tmp/rules" ":2: more than 2048 rules"
	repeat 2000 'x
' >"$tmp/errors"
	check claudesec -n -f "$tmp/errors" && why="accepted" || why=
	[ "$(grep -c ': syntax error' "$tmp/err")" -eq 1000 ] ||
		why="$(wc -l <"$tmp/err") lines"
	[ "$(tail -n 1 "$tmp/err" | sed 's/.*: //')" = "too many errors" ] ||
		why="ends with $(tail -n 1 "$tmp/err")"
	result "2000 errors" "$why"
}

# The largest that is accepted is printed larger, and must still be read.
test_round_trip_when_it_is_the_largest() {
	label=$(repeat 60 a)
	awk -v l="$label" 'BEGIN {
		print "engine \"unix:///e\"\negress {\npass to {"
		for (i = 0; i < 2048; i++)
			printf "%s.%s.%s.%060d\n", l, l, l, i ""
		print "x" }' | sed '$d; s/\.\(0[0-9]*\)$/.a\1/' >"$tmp/most"
	echo '} port { 65535 65534 65533 65532 65531 65530 65529 65528 65527' \
	    '65526 65525 65524 65523 65522 65521 65520 } }' >>"$tmp/most"
	why=
	check claudesec -nv -f "$tmp/most" || why="$(head -n 1 "$tmp/err")"
	cp "$tmp/out" "$tmp/most.1"
	[ "$(grep -c 'pass to' "$tmp/most.1")" -eq 2048 ] || why="rules lost"
	check claudesec -nv -f "$tmp/most.1" || why="$(head -n 1 "$tmp/err")"
	cmp "$tmp/most.1" "$tmp/out" || why="reads as something else"
	result "2048 long rules" "$why"
}

test_refused_when_cut_anywhere() {
	cp "$top/etc/claudesec.conf" "$tmp/whole"
	size=$(wc -c <"$tmp/whole")
	why=
	n=0
	while [ "$n" -lt "$size" ]; do
		head -c "$n" "$tmp/whole" >"$tmp/cut"
		check claudesec -n -f "$tmp/cut"
		[ "$code" -eq 0 ] || [ "$code" -eq 78 ] ||
			why="status $code after $n bytes"
		n=$((n + 7))
	done
	result "sample cut" "$why"
}

test_refused_when_it_is_garbage() {
	why=
	for seed in 1 2 3 4 5 6 7 8 9 10; do
		awk -v seed="$seed" 'BEGIN { srand(seed)
			for (i = 0; i < 20000; i++)
				printf "%c", 1 + int(rand() * 255) }' |
		    LC_ALL=C tr -d '\0' >"$tmp/garbage"
		check claudesec -n -f "$tmp/garbage"
		[ "$code" -eq 78 ] || why="status $code for seed $seed"
		! LC_ALL=C grep -q '[^ -~]' "$tmp/err" ||
			why="unprintable errors for seed $seed"
	done
	result "garbage" "$why"
}

test_refused_when_it_is_no_file() {
	mkdir "$tmp/directory"
	mkfifo "$tmp/fifo"
	for f in "$tmp/directory" "$tmp/fifo" /dev/null "$tmp/absent"; do
		why=
		! check claudesec -n -f "$f" || why="accepted"
		[ "$(wc -l <"$tmp/err")" -eq 1 ] || why="not one line"
		result "no file: ${f##*/}" "$why"
	done
}

test_samples_when_read() {
	for p in claudesec proxyd; do
		why=
		check "$p" -n -f "$top/etc/$p.conf" && quiet ||
			why="$(head -n 1 "$tmp/err")"
		result "etc/$p.conf parses" "$why"
	done
	: >"$tmp/empty"
	check claudesec -nv -f "$tmp/empty"
	cp "$tmp/out" "$tmp/defaults"
	check claudesec -nv -f "$top/etc/claudesec.conf"
	why=
	same "$tmp/defaults" "$tmp/out" || why="says something else"
	result "etc/claudesec.conf is the default" "$why"
	# what is commented out would parse as well
	sed 's/^\([[:space:]]*\)#\([a-z]\)/\1\2/' "$top/etc/claudesec.conf" |
	    awk '!/^(engine|credentials) / || !seen[$1]++' >"$tmp/all"
	why=
	check claudesec -n -f "$tmp/all" || why="$(head -n 1 "$tmp/err")"
	result "etc/claudesec.conf without comment signs" "$why"
}

# Each display of EXAMPLES is a configuration.
test_examples_when_read() {
	echo blocked.example >"$tmp/proxyd.blocked"
	for p in claudesec proxyd; do
		rm -f "$tmp"/example.*
		awk -v out="$tmp/example." '
			/^\.Sh / { inside = $2 == "EXAMPLES" }
			/^\.Ed/ { show = 0 }
			show { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print >f }
			/^\.Bd -literal/ && inside { show = 1; f = out (++n) }
		' "$top/$p/$p.conf.5"
		n=0
		for f in "$tmp"/example.*; do
			why=
			sed "s|/etc/proxyd|$tmp/proxyd|" "$f" >"$tmp/read"
			check "$p" -n -f "$tmp/read" ||
				why="$(head -n 1 "$tmp/err")"
			n=$((n + 1))
			result "$p.conf(5), example $n" "$why"
		done
	done
}

# The rows of the table of processes are what the sources pledge.
test_pledges_when_the_manual_lists_them() {
	for p in claudesec proxyd; do
		awk -F ' Ta ' '
			/^\.Ss Processes/ { inside = 1 }
			/^\.El/ { inside = 0 }
			inside && $2 ~ /^stdio/ {
				sub(/^\.It /, "")
				print $1 ": " $2
			}' "$top/$p/$p.8" | sort -u >"$tmp/manual"
		awk -f pledges.awk "$top/$p"/*.c | sort -u >"$tmp/source"
		why=
		[ -s "$tmp/source" ] || why="no pledge found"
		same "$tmp/source" "$tmp/manual" || why="they differ"
		result "$p(8) lists the pledges" "$why"
	done
}

# section FILE NAME: a section as it is shown, without indentation
section() {
	mandoc -T ascii -O width=1000 "$1" | col -b | awk -v name="$2" '
		/^[A-Z]/ { inside = $0 == name; next }
		inside && NF { sub(/^[ \t]+/, ""); print }'
}

test_synopsis_when_usage_is_printed() {
	for p in claudesec proxyd; do
		"$top/$p/$p" '-?' 2>&1 | sed -n '/^usage: /,$p' >"$tmp/usage"
		sed 's/^usage: //; s/^ *//' "$tmp/usage" >"$tmp/usage.1"
		section "$top/$p/$p.8" SYNOPSIS >"$tmp/synopsis.$p"
		why=
		same "$tmp/synopsis.$p" "$tmp/usage.1" || why="they differ"
		result "usage of $p is its synopsis" "$why"
	done
	"$top/claudesec/claudesec" help | sed 's/^usage: //; s/^ *//' \
	    >"$tmp/help"
	sed '1,/ command /d' "$tmp/synopsis.claudesec" >"$tmp/commands"
	why=
	same "$tmp/commands" "$tmp/help" || why="they differ"
	result "help has the commands of the synopsis" "$why"
}

# What help says of a command is what its function takes, and what stands above
# its description.
test_commands_when_help_lists_them() {
	"$top/claudesec/claudesec" help | sed 's/^.* claudesec //' >"$tmp/help"
	# pass and block are one
	awk '{
		name = $1 == "block" || $1 == "pass" ? "rule" : $1
		while (match($0, /\[-[a-zA-Z]( [a-zA-Z])?/)) {
			print name, substr($0, RSTART + 2, 1) \
			    (RLENGTH > 3 ? ":" : "")
			$0 = substr($0, RSTART + RLENGTH)
		}
	}' "$tmp/help" | sort -u >"$tmp/said"
	awk '/^client_[a-z]*\(int argc/ { name = substr($0, 8)
		sub(/\(.*/, "", name) }
	/^}/ { name = "" }
	name != "" && match($0, /"\+:[a-zA-Z:]*"/) {
		s = substr($0, RSTART + 3, RLENGTH - 4)
		while (match(s, /^[a-zA-Z]:?/)) {
			print name, substr(s, 1, RLENGTH)
			s = substr(s, RLENGTH + 1)
		}
	}' "$top"/claudesec/client*.c | sort -u >"$tmp/taken"
	why=
	[ $(wc -l <"$tmp/taken") -gt 20 ] || why="too few are found"
	same "$tmp/said" "$tmp/taken" || why="they differ"
	result "help has the options that are taken" "$why"
	section "$top/claudesec/claudesec.8" DESCRIPTION >"$tmp/described"
	why=
	while read -r line; do
		awk -v line="$line" '$0 == line || index($0, line "\t") == 1 ||
		    index($0, line "  ") == 1 { found = 1 }
		    END { exit !found }' "$tmp/described" || why="$why; $line"
	done <"$tmp/help"
	result "claudesec(8) describes the commands as help has them" \
	    "${why:+without${why#;}}"
}

# Every word of the grammar is explained.
test_keywords_when_the_manual_lists_them() {
	sed -n '/^} keywords/,/^};/s/^	{ "\([a-z]*\)".*/\1/p' \
	    "$top/claudesec/parse.y" | sort -u >"$tmp/grammar"
	why=
	for word in $(cat "$tmp/grammar"); do
		grep -qE "^\..*\<Ic ([a-z]+ )*$word\>" \
		    "$top/claudesec/claudesec.conf.5" || why="$why $word"
	done
	result "claudesec.conf(5) has all words" "${why:+without$why}"
}

test_manuals_when_linted() {
	for f in "$top"/claudesec/*.[58] "$top"/proxyd/*.[58]; do
		mandoc -T lint -W warning "$f" >"$tmp/lint" 2>&1
		result "mandoc of ${f##*/}" "$(head -n 1 "$tmp/lint")"
	done
}

# full STATUS PROGRAM ARG ...: what cannot be written is said, and nothing else
full() {
	want=$1
	shift
	why=
	"$top/$1/$1" "$2" ${3:+"$3" "$4"} >/dev/full 2>"$tmp/err"
	code=$?
	[ "$code" -eq "$want" ] || why="status $code"
	[ "$(sed 's/^[^:]*: //' "$tmp/err")" = \
	    "standard output: No space left on device" ] ||
	    why="says $(head -n 1 "$tmp/err")"
	result "$* to a full device" "$why"
}

test_status_when_the_output_is_lost() {
	{ printf 'egress { pass to {'; seq -f 'h%g.example' 2000; echo '} }'
	} >"$tmp/long.conf"
	full 74 claudesec -nv -f "$top/etc/claudesec.conf"
	full 74 claudesec -nv -f "$tmp/long.conf"
	full 74 claudesec help
	full 74 claudesec version
	full 1 proxyd -nv -f "$top/etc/proxyd.conf"
}

for program in claudesec proxyd; do
	for f in "$program"/*.in; do
		test_good "$program" "$f"
	done
	for f in "$program"/*.bad; do
		test_bad "$program" "$f"
	done
done
test_refused_when_a_word_is_too_long
test_refused_when_the_file_is_too_large
test_refused_when_there_are_too_many
test_round_trip_when_it_is_the_largest
test_refused_when_cut_anywhere
test_refused_when_it_is_garbage
test_refused_when_it_is_no_file
test_samples_when_read
test_examples_when_read
test_pledges_when_the_manual_lists_them
test_synopsis_when_usage_is_printed
test_status_when_the_output_is_lost
test_commands_when_help_lists_them
test_keywords_when_the_manual_lists_them
test_manuals_when_linted
exit "$status"
