#compdef claudesec

# zsh completion for claudesec(8): what the program itself says of its
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
	local cmd i takes usage
	local -a list

	for ((i = 2; i < CURRENT; i++)); do
		case $words[i] in
		--)	_files
			return ;;
		-[aDfs])	[[ -n $cmd ]] || ((i++)) ;;
		-*)	;;
		*)	: ${cmd:=$words[i]} ;;
		esac
	done
	usage="[-d] [-n] [-v] [-a file] [-D macro] [-f file] [-s file]"
	[[ -z $cmd ]] || usage=$(_claudesec_usage $cmd)
	# what the option before takes, if anything
	takes=$(sed -n "s/.*\[$words[CURRENT-1] \([a-z]*\).*/\1/p" <<<$usage)
	case $takes in
	"")
		list=(${(f)"$(grep -oE -- '[[ ]--?[a-zA-Z][a-z-]*' <<<$usage |
		    tr -d '[ ')"})
		[[ -n $cmd ]] || list+=(${(f)"$(_claudesec_usage "")"})
		[[ ! $(sed 's/\[-[^]|]*\]//g' <<<$usage) =~ name ]] ||
		    list+=(${(f)"$(_claudesec_sessions)"})
		[[ ! $(sed 's/\[-[^]|]*\]//g' <<<$usage) =~ 'path|file' ]] ||
		    _files
		;;
	name)
		[[ $cmd = start ]] || list=(${(f)"$(_claudesec_sessions)"})
		;;
	directory|file|path)
		_files
		return
		;;
	esac
	compadd -a list
}

_claudesec "$@"
