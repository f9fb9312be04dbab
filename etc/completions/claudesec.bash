# bash completion for claudesec(8): what the program itself says of its
# commands and their options, and the names of sessions

# the usage of a command, or the names of all
_claudesec_usage()
{
	claudesec help 2>/dev/null </dev/null | awk -v command="$1" '
	{ sub(/^usage: /, "       ") }
	/^       claudesec / { now = $2; if (command == "") print now }
	command != "" && now == command { print }'
}

_claudesec_sessions()
{
	claudesec status 2>/dev/null </dev/null | cut -f 1
}

_claudesec()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local command= i takes usage words=

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--)	compopt -o default
			return ;;
		-[aDfs])	[ -n "$command" ] || ((i++)) ;;
		-*)	;;
		*)	: "${command:=${COMP_WORDS[i]}}" ;;
		esac
	done
	usage="[-d] [-n] [-v] [-a file] [-D macro] [-f file] [-s file]"
	[ -z "$command" ] || usage=$(_claudesec_usage "$command")
	# what the option before takes, if anything
	takes=$(sed -n "s/.*\[$prev \([a-z]*\).*/\1/p" <<<"$usage")
	case $takes in
	"")
		words=$(grep -oE -- '[[ ]--?[a-zA-Z][a-z-]*' <<<"$usage" |
		    tr -d '[ ')
		[ -n "$command" ] || words+=" $(_claudesec_usage "")"
		[[ ! $(sed 's/\[-[^]|]*\]//g' <<<"$usage") =~ name ]] ||
		    words+=" $(_claudesec_sessions)"
		[[ ! $(sed 's/\[-[^]|]*\]//g' <<<"$usage") =~ path|file ]] ||
		    compopt -o default
		;;
	name)
		[ "$command" = start ] || words=$(_claudesec_sessions)
		;;
	directory|file|path)
		compopt -o default
		;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

complete -F _claudesec claudesec
