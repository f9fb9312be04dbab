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



# run.sh: what bash, zsh and fish complete.  The commands are those that the
# program has; of sessions there are two.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
tmp=$(mktemp -d /tmp/claudesec-completions.XXXXXX) || exit 1
status=0
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

mkdir "$tmp/bin" "$tmp/dir" "$tmp/home" && : >"$tmp/dir/file.conf" &&
    cd "$tmp/dir" || exit 1
cat >"$tmp/bin/claudesec" <<END
#!/bin/sh
case \$1 in
help)	exec $prefix/bin/claudesec help ;;
status)	printf 'blue\t/work\ngreen\t/work\n' ;;
esac
END
chmod 755 "$tmp/bin/claudesec"
PATH=$tmp/bin:$PATH
HOME=$tmp/home
export PATH HOME
commands=$("$prefix/bin/claudesec" help |
    sed -n 's/.* claudesec \([a-z]*\).*/\1/p' | sort | tr '\n' ' ')

# What is offered for a line that ends in the word to be completed.
of_bash()
{
	bash -c '
	compopt() { default=DEFAULT; }
	. "$1"
	shift
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_claudesec
	printf "%s\n" "${COMPREPLY[@]-$default}"' bash \
	    "$top/etc/completions/claudesec.bash" "$@"
}

of_zsh()
{
	zsh -f -c '
	compadd() { for x in $list; do
		[[ $x != ${words[CURRENT]}* ]] || print -r -- $x; done }
	_files() { print DEFAULT }
	file=$1
	shift
	words=("$@")
	CURRENT=$#
	complete_it() { . $file }
	complete_it' zsh "$top/etc/completions/claudesec.zsh" "$@"
}

of_fish()
{
	fish --no-config -c '
	source $argv[1]
	complete -C (string join " " -- $argv[2..-1])' \
	    "$top/etc/completions/claudesec.fish" "$@" |
	    sed 's/^file.conf$/DEFAULT/'
}

# offers NAME WANTED WORD ...: in each shell
offers()
{
	name=$1
	wanted=$(echo $2 | tr ' ' '\n' | sort)
	shift 2
	for shell in bash zsh fish; do
		got=$(of_$shell "$@" 2>&1 | sort | grep .)
		if [ "$got" = "$wanted" ]; then
			echo "ok $name in $shell"
		else
			echo "FAIL $name in $shell:" $got, not $wanted
			status=1
		fi
	done
}

offers "commands" "$(echo "$commands" | tr ' ' '\n' | grep ^sta)" claudesec sta
offers "options of the program" "$("$prefix/bin/claudesec" '-?' 2>&1 |
    sed -n 's/^usage: //p' | grep -o '\[-[^]]*' | sed 's/ .*//; s/^..//' |
    fold -w 1 | sed 's/^/-/')" claudesec -
for option in a D f s; do
	offers "commands after -$option" stop claudesec -$option status sto
done
offers "files to take over" DEFAULT claudesec apply f
offers "a file to verify" DEFAULT claudesec audit verify f
offers "a file for -f" DEFAULT claudesec -f ""
offers "sessions to stop" "green" claudesec stop g
offers "options of stop" "$("$prefix/bin/claudesec" help |
    sed -n 's/.*claudesec stop//p' | grep -o -e '-[a-zA-Z]')" claudesec stop -
offers "options of build" "--no-cache" claudesec build --
offers "a directory for start" DEFAULT claudesec start -w ""
offers "a path for -W" DEFAULT claudesec start -W ""
offers "no name for a new session" "" claudesec start -n ""
offers "files after --" DEFAULT claudesec shell blue -- ""
offers "sessions for a shell" "blue" claudesec shell b
exit $status
