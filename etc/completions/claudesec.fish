# fish completion for claudesec(8): what the program itself says of its
# commands and their options, and the names of sessions

# the usage of a command, or the names of all
function __claudesec_usage
	claudesec help 2>/dev/null </dev/null | awk -v command="$argv[1]" '
	{ sub(/^usage: /, "       ") }
	/^       claudesec / { now = $2; if (command == "") print now }
	command != "" && now == command { print }'
end

function __claudesec_sessions
	claudesec status 2>/dev/null </dev/null | cut -f 1
end

function __claudesec
	set -l tokens (commandline -opc)
	set -l cmd ""
	set -l skip 0
	for t in $tokens[2..-1]
		if test $skip -eq 1
			set skip 0
			continue
		end
		switch $t
		case --
			__fish_complete_path (commandline -ct)
			return
		case -a -D -f -s
			test -n "$cmd"; or set skip 1
		case '-*'
		case '*'
			test -n "$cmd"; or set cmd $t
		end
	end
	set -l usage "[-d] [-n] [-v] [-a file] [-D macro] [-f file] [-s file]"
	test -z "$cmd"; or set usage (__claudesec_usage $cmd)
	# what the option before takes, if anything
	set -l takes (printf '%s\n' $usage |
	    sed -n "s/.*\[$tokens[-1] \([a-z]*\).*/\1/p")
	switch "$takes"
	case ""
		printf '%s\n' $usage |
		    grep -oE -- '[[ ]--?[a-zA-Z][a-z-]*' | tr -d '[ '
		test -n "$cmd"; or __claudesec_usage ""
		if printf '%s\n' $usage | sed 's/\[-[^]|]*\]//g' |
		    grep -q name
			__claudesec_sessions
		end
		if printf '%s\n' $usage | sed 's/\[-[^]|]*\]//g' |
		    grep -qE 'path|file'
			__fish_complete_path (commandline -ct)
		end
	case name
		test "$cmd" = start; or __claudesec_sessions
	case directory file path
		__fish_complete_path (commandline -ct)
	end
end

complete -c claudesec -f -a "(__claudesec)"
