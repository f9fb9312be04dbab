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


# run.sh [case ...]: a system daemon, and two users of this machine who have
# no other way to the engine.  They are made for this and removed after it.
# The image claudesec/claude must be there.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
. "$here/machine.sh"
tmp=$(mktemp -d /tmp/claudesec-system.XXXXXX) || exit 1
chmod 755 "$tmp"
mkdir "$tmp/root" || exit 1
anna=csanna$$
bert=csbert$$
both=csboth$$
daemon=
machine=
syslogd=
status=0
# nobody answers there, and that is known at once
at_once="resolver 127.0.0.1"

finish()
{
	machine_end
	down
	for _u in $anna $bert; do
		userdel $_u 2>/dev/null
		groupdel $_u 2>/dev/null
	done
	groupdel $both 2>/dev/null
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

users()
{
	groupadd $both || return 1
	for _u in $anna $bert; do
		useradd --no-create-home --user-group --groups $both \
		    --home-dir "$tmp/$_u" --shell /bin/sh $_u || return 1
		mkdir -p "$tmp/$_u/work" && chmod 755 "$tmp/$_u" &&
		    chown -R $_u:$_u "$tmp/$_u" || return 1
	done
}

# up: with the configuration of standard input
up()
{
	cat >"$tmp/conf"
	[ -z "$daemon" ] || down
	rm -f "$tmp/log"
	"$claudesec" -d -vv -a "${audit-$tmp/audit}" -f "$tmp/conf" \
	    -s "$tmp/sock" 2>"$tmp/log" &
	daemon=$!
	wait_for 60 grep -q 'takes clients' "$tmp/log" ||
	    because "no daemon: $(tail -n 1 "$tmp/log")"
}

down()
{
	[ -n "$daemon" ] || return 0
	kill "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	daemon=
}

# reload: the configuration of standard input
reload()
{
	cat >"$tmp/conf"
	root reload || because "no reload: $(cat "$tmp/err")"
}

# as USER COMMAND ...: in the user's directory, with the user's groups alone
as()
{
	_u=$1
	shift
	(cd "${dir-$tmp/$_u/work}" && exec setpriv --reuid $_u --regid $_u \
	    --init-groups -- env -i PATH="$PATH" HOME="$tmp/$_u" \
	    TERM=dumb timeout 60 "$@")
}

# cs USER COMMAND ...: output and errors go to files
cs()
{
	_cs=$1
	shift
	as $_cs "$claudesec" -s "$tmp/sock" "$@" </dev/null >"$tmp/out" \
	    2>"$tmp/err"
}

root()
{
	(cd "$tmp/root" && timeout 60 "$claudesec" -s "$tmp/sock" "$@") </dev/null \
	    >"$tmp/out" 2>"$tmp/err"
}

# refused STATUS TEXT USER COMMAND ...
refused()
{
	_status=$1
	_text=$2
	shift 2
	cs "$@"
	_got=$?
	equal "status of $*" $_got "$_status" || return 1
	grep -q "$_text" "$tmp/err" || because "$* says: $(cat "$tmp/err")"
}

# hold USER NAME: a session in a directory of this name, which waits
hold()
{
	mkdir -p "$tmp/$1/$2" && chown $1:$1 "$tmp/$1/$2" || return 1
	(dir=$tmp/$1/$2; as $1 "$claudesec" -s "$tmp/sock" shell -- sleep 300) \
	    </dev/null >"$tmp/$2.out" 2>&1 &
	wait_for 60 runs $1 "$2" || because "no session: $(cat "$tmp/$2.out")"
}

runs()
{
	cs $1 status && grep -q "^$2	.*running" "$tmp/out"
}

# inspect NAME FORMAT: of a container
inspect()
{
	docker inspect --format "$2" "claude-$1"
}

# What there is of this daemon's sessions; of the spare one as well.
left()
{
	all_left | sed -n "s| $tmp/.*||p"
	pins
}

all_left()
{
	_l='{{.Label "claudesec.path"}} {{.Label "claudesec.daemon"}}'
	{ docker ps -a --format "{{.Names}} $_l" &&
	    docker volume ls --format "{{.Name}} $_l"; } |
	    sed -n "s| [0-9]*:$tmp/sock\$||p"
}

none_left()
{
	[ -z "$(all_left)" ]
}

# The names that workspaces of this daemon have.
pins()
{
	grep -o "/run/claudesec.pin/$(echo "${tmp#/}/sock" | tr / %)/[0-9]*" \
	    /proc/self/mountinfo
	ls "/run/claudesec.pin/$(echo "${tmp#/}/sock" | tr / %)"
}

nothing_left()
{
	[ -z "$(left)" ]
}

nothing_pinned()
{
	[ -z "$(pins)" ]
}

permit_both()
{
	up <<-END
		credentials none
		permit group $both
	END
}

test_without_a_permit_only_root()
{
	up <<-END || return 1
		credentials none
	END
	for _c in "start -- --version" "shell -- true" status "stop -a" \
	    reload build; do
		refused 77 'you have no permit' $anna $_c || return 1
	done
	grep -q "uid $(id -u $anna) has no permit" "$tmp/log" ||
	    because "nothing is logged" || return 1
	root shell -- true || because "root: $(cat "$tmp/err")"
}

test_a_permit_of_a_user()
{
	up <<-END || return 1
		credentials none
		permit user $anna
	END
	cs $anna shell -- sh -c 'echo $(id -u) $(id -g) $(id -G); echo >made' ||
	    because "anna: $(cat "$tmp/err")" || return 1
	equal "uid, gid, groups" "$(cat "$tmp/out")" \
	    "$(id -u $anna) $(id -g $anna) $(id -g $anna)" || return 1
	equal "owner of what it made" "$(stat -c %U:%G "$tmp/$anna/work/made")" \
	    $anna:$anna || return 1
	refused 77 'you have no permit' $bert shell -- true
}

test_a_permit_by_number()
{
	up <<-END || return 1
		credentials none
		permit user $(id -u $anna)
		permit group $(id -g $bert)
	END
	cs $anna status && cs $bert status ||
	    because "$(cat "$tmp/err")"
}

test_the_last_one_that_fits()
{
	up <<-END || return 1
		credentials none
		permit group $both
		deny user $bert
	END
	cs $anna status || because "anna: $(cat "$tmp/err")" || return 1
	refused 77 'you have no permit' $bert status || return 1
	reload <<-END || return 1
		credentials none
		deny group $both
		permit user $bert
		deny user nobody-of-this-name
	END
	cs $bert status || because "bert: $(cat "$tmp/err")" || return 1
	refused 77 'you have no permit' $anna status || return 1
	grep -q 'there is no user nobody-of-this-name' "$tmp/log" ||
	    because "nothing is said of a name that nobody has"
}

# Not what a file says of a user, but what the kernel says of a process.
test_groups_are_the_kernels()
{
	permit_both || return 1
	(cd "$tmp/$anna/work" && setpriv --reuid $anna --regid $anna \
	    --clear-groups "$claudesec" -s "$tmp/sock" status) 2>"$tmp/err"
	equal "status without the group" $? 77 || return 1
	setpriv --reuid 65534 --regid $both --clear-groups \
	    "$claudesec" -s "$tmp/sock" status 2>"$tmp/err" ||
	    because "as its group: $(cat "$tmp/err")"
}

test_sessions_are_their_owners()
{
	permit_both || return 1
	hold $anna one && hold $bert two || return 1
	cs $bert status
	equal "sessions that bert sees" "$(cut -f1 "$tmp/out")" two || return 1
	refused 69 'no session one runs' $bert stop one &&
	refused 69 'no session one runs' $bert shell one -- true &&
	refused 69 'no session none runs' $bert stop none || return 1
	(dir=$tmp/$anna/one; refused 69 'no session runs here' $bert stop) ||
	    return 1
	for _c in "logs one" "block a.example.org one"; do
		refused 69 'no session one ' $bert $_c || return 1
	done
	cs $bert stop -a || because "stop -a: $(cat "$tmp/err")" || return 1
	runs $anna one || because "anna's is gone" || return 1
	root status
	equal "sessions that root sees" "$(cut -f1 "$tmp/out")" one || return 1
	root shell one -- true || because "root: $(cat "$tmp/err")" || return 1
	root stop one || because "root: $(cat "$tmp/err")"
}

test_bounds_of_a_permit()
{
	up <<-END || return 1
		credentials none
		egress {
			pass to { a.example.org b.example.org }
			$at_once
		}
		permit group $both
		permit user $anna {
			memory 256M
			processes 64
			cpus 0.5
			sessions 1
			egress {
				pass to c.example.org
			}
		}
	END
	refused 77 'more memory than' $bert start -m 5G -- --version &&
	refused 77 'more memory than' $anna start -m 257M -- --version &&
	refused 77 'more processors than' $anna start -c 1 -- --version &&
	refused 77 'more processors than' $bert start -c "$(nproc)" -- \
	    --version || return 1
	hold $anna one || return 1
	equal "memory, processes, cpus" "$(inspect one \
	    '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}}')" \
	    "268435456 64 500000000" || return 1
	dir=$tmp/$anna/one cs $anna shell -- curl -s -o /dev/null \
	    -w '%{http_connect}' https://a.example.org/
	equal "a host of the configuration's" "$(cat "$tmp/out")" 403 ||
	    return 1
	dir=$tmp/$anna/one cs $anna shell -- curl -s -o /dev/null \
	    -w '%{http_connect}' https://c.example.org/
	[ "$(cat "$tmp/out")" != 403 ] ||
	    because "the permit's host is not passed" || return 1
	refused 75 'too many sessions of yours' $anna shell -- true || return 1
	hold $bert two && hold $bert three || return 1
	equal "memory without a bound" \
	    "$(inspect two '{{.HostConfig.Memory}}')" 4294967296
}

test_an_image_of_a_permit()
{
	up <<-END || return 1
		credentials none
		permit user $anna { image "claudesec/none" }
	END
	refused 69 'no image claudesec/none' $anna shell -- true
}

# ask_together N USER ...: so many times each, by turns: is one refused?  Again
# if not, since who is slow may be within the bounds.
ask_together()
{
	_n=$1
	shift
	for _try in 1 2 3 4 5 6; do
		: >"$tmp/many"
		_jobs=
		for _i in $(seq $((_n * _try))); do
			for _who; do
				as $_who "$claudesec" -s "$tmp/sock" status \
				    2>>"$tmp/many" &
				_jobs="$_jobs $!"
			done
		done
		wait $_jobs
		! grep -q 'too many requests' "$tmp/many" || return 0
	done
	return 1
}

test_bounds_of_requests()
{
	up <<-END || return 1
		permit user $anna { rate 2 }
		permit user $bert
	END
	ask_together 9 $anna || because "all were answered" || return 1
	cs $bert status || because "bert: $(cat "$tmp/err")"
}

# Two users by turns; a count that is one user's would begin anew each time.
test_rates_are_counted_by_user()
{
	up <<-END || return 1
		permit user $anna { rate 3 }
		permit user $bert { rate 3 }
	END
	ask_together 8 $anna $bert || because "all were answered"
}

test_bounds_of_clients()
{
	up <<-END || return 1
		credentials none
		permit user $anna { clients 1 }
	END
	hold_quietly $anna one || return 1
	refused 75 'too many clients of yours' $anna status || return 1
	root stop -a
}

# The same without asking for the status as that user.
hold_quietly()
{
	mkdir -p "$tmp/$1/$2" && chown $1:$1 "$tmp/$1/$2" || return 1
	(dir=$tmp/$1/$2; as $1 "$claudesec" -s "$tmp/sock" shell -- sleep 300) \
	    </dev/null >"$tmp/$2.out" 2>&1 &
	wait_for 60 root_sees "$2" || because "$(cat "$tmp/$2.out")"
}

root_sees()
{
	root status && grep -q "^$1	.*running" "$tmp/out"
}

test_workspaces_that_are_refused()
{
	permit_both || return 1
	install -d -m 777 "$tmp/open" && install -d "$tmp/$anna/work/roots" &&
	install -d -o $anna -g $anna -m 500 "$tmp/$anna/closed" &&
	install -d -o $anna -g $anna "$tmp/$anna/home/.ssh/work" &&
	chown $anna: "$tmp/$anna/home" || return 1
	for _d in "$tmp/open" "$tmp/$bert/work" "$tmp/$anna/closed" \
	    "$tmp/$anna/work/roots" / /tmp /proc/self/task; do
		refused 66 'not a directory of yours' $anna start -w "$_d" ||
		    return 1
	done
	refused 66 'must not see' $anna start -w "$tmp/$anna/home" &&
	refused 66 'must not see' $anna start -w "$tmp/$anna/home/.ssh/work" ||
	    return 1
	mkdir -p /run/user && install -d -o $anna -g $anna "/run/user/$anna" ||
	    return 1
	refused 66 'users listen on' $anna start -w "/run/user/$anna"
	_r=$?
	rm -rf "/run/user/$anna"
	[ $_r -eq 0 ] || return 1
	nothing_pinned || because "a name is left: $(pins)"
}

# What a user mounts in a namespace of that user's.
test_a_mount_of_a_users_own()
{
	permit_both || return 1
	for _m in "-t tmpfs none" "--bind ."; do
		cat >"$tmp/mounted" <<-END
			mount $_m "$tmp/$anna/work" &&
			cd "$tmp/$anna/work" &&
			exec "$claudesec" -s "$tmp/sock" shell -- true
		END
		as $anna unshare -Urm sh "$tmp/mounted" >"$tmp/out" 2>"$tmp/err"
		_got=$?
		equal "$_m: status: $(cat "$tmp/err")" $_got 66 || return 1
		grep -q 'not where' "$tmp/err" ||
		    because "it says $(cat "$tmp/err")" || return 1
	done
	grep -q 'not where the daemon sees it' "$tmp/err" ||
	    because "it says $(cat "$tmp/err")"
}

# stall DIRECTORY: a file system of a user's, for all, that answers nothing
stall()
{
	rm -f "$tmp/stall.out"
	[ -c /dev/fuse ] || mknod /dev/fuse c 10 229 || return 1
	python3 "$here/stall.py" "$1" "$(id -u $anna)" >"$tmp/stall.out" 2>&1 &
	stall=$!
	wait_for 60 grep -q there "$tmp/stall.out" ||
	    because "no file system: $(cat "$tmp/stall.out")"
}

# asks_in DIRECTORY: a client that has it open, and waits with it
asks_in()
{
	rm -f "$tmp/go"
	rm -f "$tmp/lag.out"
	mkfifo "$tmp/go" || return 1
	(as $anna "$tmp/lag" "$tmp/sock" true "$1") <>"$tmp/go" \
	    >"$tmp/lag.out" 2>&1 &
	lag=$!
	wait_for 60 grep -q open "$tmp/lag.out" ||
	    because "not open: $(cat "$tmp/lag.out")"
}

# answered TEXT: that client is told so, and the daemon is there for others
answered()
{
	echo >"$tmp/go"
	wait $lag
	equal "status: $(cat "$tmp/lag.out")" $? 66 &&
	{ grep -q "$1" "$tmp/lag.out" ||
	    because "it says $(cat "$tmp/lag.out")"; } &&
	{ cs $bert status || because "status: $(cat "$tmp/err")"; }
}

# Who asks such a one anything waits for good, root as well.
test_a_file_system_that_never_answers()
{
	_d=$tmp/$anna/fuse
	_first=
	install -d -o $anna -g $anna "$_d" "$_d/w" &&
	build_lag && permit_both || return 1
	stall "$_d/w" && asks_in "$_d/w" && answered 'of a user.s own' &&
	asks_in "$_d" && stall_more "$_d" && answered 'not where it was'
	_got=$?
	unstall "$_d" "$_d/w"
	[ $_got -eq 0 ] || return 1
	install -d -o $anna -g $anna "$_d/.ssh" &&
	stall "$_d/.ssh" && asks_in "$_d" && answered 'must not see'
	_got=$?
	unstall "$_d/.ssh"
	return $_got
}

stall_more()
{
	_first=$stall
	stall "$1"
}

unstall()
{
	kill -9 $stall $_first 2>/dev/null
	wait $stall $_first 2>/dev/null
	_first=
	for _m; do
		umount -l "$_m" 2>/dev/null
	done
}

# state: what git and find see of the workspace on another file system
state()
{
	(dir=$tmp/$anna/fs
	as $anna find . ! -path './.git/index' -printf '%p %y %m %U %l\n' |
	    sort
	as $anna git status --porcelain --branch --ignored \
	    --untracked-files=all) 2>&1
}

# on_file_system TYPE OPTIONS: what is protected there cannot be changed, and
# all that was made for that is gone when the next daemon was there
on_file_system()
{
	mkdir -p "$tmp/$anna/fs" "$tmp/$anna/lower" "$tmp/$anna/upper" \
	    "$tmp/$anna/fswork" && chown $anna: "$tmp/$anna"/*/ &&
	(dir=$tmp/$anna/lower
	as $anna sh -ec 'git init -q .; mkdir .vscode; echo x >.vscode/x
	    git add -A; git -c user.name=x -c user.email=x commit -qm x') &&
	mount -t "$1" -o "$2" "$1" "$tmp/$anna/fs" || return 1
	[ "$1" != tmpfs ] || cp -a "$tmp/$anna/lower/." "$tmp/$anna/fs"
	permit_both && killed_on_it
	_r=$?
	down
	umount "$tmp/$anna/fs" || because "it is busy"
	rm -rf "$tmp/$anna/lower" "$tmp/$anna/upper" "$tmp/$anna/fswork" \
	    "$tmp/$anna/fs"
	return $_r
}

killed_on_it()
{
	state >"$tmp/before"
	hold $anna fs || return 1
	cs $anna shell fs -- sh -c 'for p in .envrc/x .vscode/x .git/config \
	    .git/hooks/x .git/commondir .git/info/exclude .mcp.json; do
		{ echo >>"$p"; } 2>/dev/null && echo "$p"; done
	    mv .git away && echo .git; rmdir .envrc && echo .envrc; echo done'
	equal "what the agent can do" "$(cat "$tmp/out")" "done" || return 1
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
	docker kill claude-fs >/dev/null
	permit_both && cs $anna status
	wait_for 60 nothing_left || because "left: $(left)" || return 1
	state >"$tmp/after"
	equal "what is left of it" "$(diff "$tmp/before" "$tmp/after")" ""
}

test_protected_files_on_tmpfs()
{
	on_file_system tmpfs size=64m,mode=755,uid=$(id -u $anna)
}

test_protected_files_on_overlayfs()
{
	on_file_system overlay "lowerdir=$tmp/$anna/lower,\
upperdir=$tmp/$anna/upper,workdir=$tmp/$anna/fswork"
}

# The workspace is under root's name while it is mounted, and then not.
test_a_workspace_is_pinned()
{
	permit_both || return 1
	hold $anna one || return 1
	case $(inspect one '{{range .Mounts}}{{if eq .Type "bind"}}{{.Source}}{{end}}{{end}}') in
	/run/claudesec.pin/*%sock/[0-9]*)	;;
	*)	because "the engine was told another path" || return 1 ;;
	esac
	wait_for 60 nothing_pinned || because "it is still there" || return 1
	equal "mode of /run/claudesec.pin" "$(stat -c %a:%u \
	    /run/claudesec.pin)" 700:0
}

# build_lag: a client that sends the rest of its request on a line
build_lag()
{
	[ -x "$tmp/lag" ] || (cd "$here" && . ../flags.sh && cc_test \
	    -I../../claudesec -o "$tmp/lag" lag.c ../../claudesec/imsg.c) \
	    2>>"$tmp/why"
}

# lag USER DIRECTORY COMMAND: as far as the directory; the rest with a line
# of the fifo
lag()
{
	rm -f "$tmp/go"
	mkfifo "$tmp/go" || return 1
	(dir=$2; as $1 "$tmp/lag" "$tmp/sock" "$3") <>"$tmp/go" \
	    >"$tmp/lag.out" 2>&1 &
	lag=$!
	wait_for 60 pinned || because "not pinned: $(cat "$tmp/lag.out")"
}

pinned()
{
	! nothing_pinned
}

# Between the check and the mount everything about the path is another's.
test_a_workspace_that_is_swapped()
{
	build_lag && permit_both || return 1
	for _how in rename symlink gone over; do
		rm -rf "$tmp/$anna/swap" "$tmp/$anna/old"
		install -d -o $anna -g $anna "$tmp/$anna/swap" || return 1
		echo right >"$tmp/$anna/swap/which"
		echo wrong >"$tmp/$bert/which"
		lag $anna "$tmp/$anna/swap" 'cat which' || return 1
		case $_how in
		rename)	mv "$tmp/$anna/swap" "$tmp/$anna/old"
			mkdir "$tmp/$anna/swap"
			echo wrong >"$tmp/$anna/swap/which" ;;
		symlink) mv "$tmp/$anna/swap" "$tmp/$anna/old"
			ln -s "$tmp/$bert" "$tmp/$anna/swap" ;;
		gone)	mv "$tmp/$anna/swap" "$tmp/$anna/old" ;;
		over)	mount --bind "$tmp/$bert" "$tmp/$anna/swap" ;;
		esac
		echo >"$tmp/go"
		wait $lag
		_got=$?
		[ $_how != over ] || umount "$tmp/$anna/swap"
		equal "$_how: status" $_got 0 &&
		equal "$_how: what it sees" "$(cat "$tmp/lag.out")" right ||
		    return 1
	done
}

# The system's daemon opens no files of a user's, and says so; root's own are
# another matter.
test_what_of_a_user_it_does_not_open()
{
	mkdir -p "$tmp/$anna/.claude/commands"
	chown -R $anna:$anna "$tmp/$anna/.claude"
	up <<-END || return 1
		credentials browser
		permit user $anna
	END
	refused 66 "browser: logins are kept by a user's own daemon only" \
	    $anna shell -- true || return 1
	up <<-END || return 1
		credentials none
		share commands
		permit user $anna
	END
	refused 66 "commands: a user's own daemon only can share it" \
	    $anna shell -- true &&
	{ root shell -- true || because "root: $(cat "$tmp/err")"; }
}

# A name that a daemon had no time to remove is removed by the next.
test_a_pin_after_a_kill()
{
	build_lag && permit_both || return 1
	lag $anna "$tmp/$anna/work" true || return 1
	kill -9 $daemon
	wait $daemon
	daemon=
	echo >"$tmp/go"
	wait $lag
	pinned || because "it is gone already" || return 1
	permit_both || return 1
	nothing_pinned || because "it is left: $(pins)"
}

# swapper FROM TO: the program when a user swaps the one for the other each time
# that it is looked for, and back each time that its name is
swapper()
{
	sed '/mount_find_in/s/path + 1/SWAPPED(path) + 1/' \
	    "$top/claudesec/parent_workspace.c" >"$tmp/swapper.c"
	equal "swaps" "$(grep -c 'SWAPPED(path)' "$tmp/swapper.c")" 1 ||
	    return 1
	_data="-DDATADIR='\"$prefix/share/claudesec\"'"
	_swap="-D'SWAPPED(p)=(strcmp(p, \"$1\") == 0 ? \"$2\" : (p))'"
	# shellcheck disable=SC2046
	(cd "$here" && . ../flags.sh &&
	    LIBS_TEST="$(answer LIBS_ENGINE) $(answer LIBS_TLS)" &&
	    CFLAGS_TEST="$_data $_swap -DSYSCONFDIR='\"/etc\"'" &&
	    cc_test -I../../claudesec -o "$tmp/swapper" "$tmp/swapper.c" \
	    $(ls ../../claudesec/*.o | grep -v "/parent_workspace\.o$")) \
	    2>>"$tmp/why"
}

# What an earlier daemon left in a workspace is not looked for elsewhere.
test_a_workspace_that_is_swapped_before_it_is_adopted()
{
	install -d -m 700 "$tmp/closed" && mkdir "$tmp/closed/dir" &&
	    swapper "$tmp/$anna/one" "$tmp/closed/dir" && permit_both &&
	    hold $anna one || return 1
	cp -a "$tmp/$anna/one/." "$tmp/closed/dir" &&
	    chown $anna: "$tmp/closed/dir"
	(cd "$tmp/closed/dir" && find . | sort) >"$tmp/before"
	[ "$(wc -l <"$tmp/before")" -gt 1 ] || because "nothing is made" ||
	    return 1
	kill -9 $daemon
	wait $daemon
	docker kill claude-one >/dev/null
	rm -f "$tmp/log"
	"$tmp/swapper" -d -vv -f "$tmp/conf" -s "$tmp/sock" 2>"$tmp/log" &
	daemon=$!
	wait_for 60 grep -q 'clean up in the workspace: Permission denied' \
	    "$tmp/log" || because "it is looked at"
	wait_for 60 none_left || because "left: $(left)" || return 1
	(cd "$tmp/closed/dir" && find . | sort) >"$tmp/after"
	equal "what is gone" "$(diff "$tmp/before" "$tmp/after")" "" &&
	    [ ! -s "$tmp/why" ]
}

# A client that goes away while it is being looked at leaves no name.
test_a_pin_of_a_client_that_goes()
{
	build_lag && permit_both || return 1
	lag $anna "$tmp/$anna/work" true || return 1
	pkill -9 -u $anna
	wait_for 60 nothing_pinned || because "it is left: $(pins)"
}

# One that goes away while what it asks for is refused ends nothing else.
test_a_refusal_of_a_client_that_goes()
{
	build_lag && permit_both || return 1
	kill -STOP $daemon
	(dir=/; as $anna "$tmp/lag" "$tmp/sock" true) </dev/null \
	    >"$tmp/lag.out" 2>&1
	wait_for 60 grep -q 'client 1: gone' "$tmp/log"
	_r=$?
	kill -CONT $daemon
	[ $_r -eq 0 ] || because "it is not seen to go" || return 1
	cs $anna status || because "the daemon is gone: $(cat "$tmp/err")"
}

has_started()
{
	[ "$(grep -c 'POST .*/exec/.*/start: done' "$tmp/log")" -ge 16 ]
}

# Streams that a client asks for and does not take are not kept for it.
test_streams_that_nobody_takes()
{
	(cd "$here" && . ../flags.sh && cc_test -I../../claudesec \
	    -o "$tmp/unread" unread.c ../../claudesec/imsg.c) 2>>"$tmp/why" &&
	    permit_both && hold $anna one || return 1
	rm -f "$tmp/go"
	mkfifo "$tmp/go" || return 1
	as $anna "$tmp/unread" "$tmp/sock" one <>"$tmp/go" \
	    >"$tmp/unread.out" 2>&1 &
	_unread=$!
	wait_for 60 has_started || because "no streams" || return 1
	echo >"$tmp/go"
	wait $_unread || because "$(cat "$tmp/unread.out")"
}

# The proxy that is kept ready.
spare()
{
	docker ps -q --no-trunc --filter "label=claudesec.path=/" \
	    --filter "label=claudesec.daemon=$(id -u _claudesec):$tmp/sock"
}

has_spare()
{
	[ -n "$(spare)" ]
}

no_spare()
{
	[ -z "$(all_left | grep ' /$')" ]
}

test_a_proxy_is_kept_ready()
{
	permit_both || return 1
	cs $anna shell -- true && wait_for 60 has_spare ||
	    because "none is made: $(cat "$tmp/err")" || return 1
	_id=$(spare)
	hold $bert one || return 1
	equal "the session's proxy" "$(inspect one-proxy '{{.Id}}')" "$_id" ||
	    return 1
	wait_for 60 has_spare || because "no other is made"
}

# The daemon is killed, or one of its processes; its sessions go on, with what
# they had and no more, and the next one has them and nothing else.
survives()
{
	permit_both || return 1
	hold $anna one && wait_for 60 has_spare || return 1
	_agent=$(inspect one '{{.Id}} {{.State.Pid}}')
	kill -9 $(eval echo "$1")
	wait $daemon
	daemon=
	equal "$2: the agent" "$(inspect one '{{.Id}} {{.State.Pid}}')" \
	    "$_agent" || return 1
	! docker exec claude-one curl -fsk --max-time 2 \
	    -x http://127.0.0.1:3128 https://www.example.org/ ||
	    because "$2: the agent gets out" || return 1
	permit_both || return 1
	runs $anna one || because "$2: it is not taken over" || return 1
	cs $bert status
	equal "$2: what bert sees" "$(cat "$tmp/out")" "" || return 1
	no_spare || because "$2: a spare proxy is left" || return 1
	equal "$2: the agent" "$(inspect one '{{.Id}} {{.State.Pid}}')" \
	    "$_agent" || return 1
	dir=$tmp/$anna/one cs $anna shell -- true ||
	    because "$2: shell: $(cat "$tmp/err")" || return 1
	cs $anna stop one || because "$2: stop: $(cat "$tmp/err")"
}

# process NAME: of the daemon
process()
{
	for _p in $(pgrep -P $daemon); do
		case $(tr '\0' ' ' <"/proc/$_p/cmdline") in
		*": $1"*)	echo $_p ;;
		esac
	done
}

# is PID UID GID ROOT RIGHTS: by the kernel's word; of groups just that one
is()
{
	equal "$_name: uid, gid" "$(awk '/^[UG]id:/ { print $2, $3, $4, $5 }' \
	    "/proc/$1/status" | xargs)" "$2 $2 $2 $2 $3 $3 $3 $3" &&
	equal "$_name: root" "$(readlink "/proc/$1/root")" "$4" &&
	equal "$_name: rights" \
	    "$(sed -n 's/^CapEff:[[:space:]]*0*//p' "/proc/$1/status")" "$5" &&
	case $(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$1/status" |
	    tr -d ' ') in
	""|"$3")	;;
	*)		because "$_name: it has groups" ;;
	esac
}

# Who reads what is not root's is not root.
test_who_its_processes_are()
{
	permit_both && hold $anna one || return 1
	for _name in conf control engine guard bridge; do
		is "$(process $_name)" "$(id -u _claudesec)" \
		    "$(id -g _claudesec)" /var/empty "" || return 1
	done
	_name=pin
	is "$(process pin)" 0 0 /run/claudesec.pin 200000 || return 1
	_name="a session's"
	is "$(pgrep -P "$(process workspace)")" "$(id -u $anna)" \
	    "$(id -g $anna)" / ""
}

# A user with a permit has sessions by it, and nothing else of the daemon's.
test_what_is_roots_to_do()
{
	permit_both || return 1
	for _c in reload build update; do
		refused 77 'permission denied' $anna $_c || return 1
	done
	root reload || because "root: $(cat "$tmp/err")"
}

test_sessions_outlive_the_daemon()
{
	# shellcheck disable=SC2016
	survives '$daemon' parent
}

test_sessions_outlive_each_process()
{
	for _name in conf control engine pin workspace bridge guard; do
		survives "\$(process $_name)" $_name || return 1
	done
}

# Names are a user's own, with the proxy that is kept ready or without: nobody
# is refused one, or given another, that somebody else has.
test_names_are_a_users_own()
{
	permit_both || return 1
	hold $anna one && wait_for 60 has_spare && hold $bert one &&
	    hold $bert two && wait_for 60 has_spare && hold $anna two ||
	    return 1
	for _u in $anna $bert; do
		cs $_u status
		equal "sessions of $_u" "$(cut -f1 "$tmp/out" | sort | xargs)" \
		    "one two" || return 1
	done
	_a=$(id -u $anna)
	_b=$(id -u $bert)
	root status
	equal "what root sees" "$(cut -f1,11 "$tmp/out" | sort | xargs)" \
	    "$(printf '%s\n' "one $_a" "one $_b" "two $_a" "two $_b" |
	    sort | xargs)" || return 1
	kill -9 $daemon
	wait $daemon
	daemon=
	permit_both && runs $anna two && runs $bert one || return 1
	for _c in "stop one" "shell one -- true" "logs one" \
	    "block a.example.org one"; do
		root $_c
		equal "status of $_c" $? 64 || return 1
		equal "$_c says" "$(cat "$tmp/err")" "claudesec: several \
users have a session one: name it by uid/name" || return 1
	done
	root shell $_b/one -- id -u
	equal "whose it is" "$(cat "$tmp/out")" $_b || return 1
	root stop $_b/one || because "stop: $(cat "$tmp/err")" || return 1
	runs $anna one || because "anna's is gone" || return 1
	! runs $bert one || because "bert's is there" || return 1
	# another user's number is of no use
	refused 69 "no session $_a/two runs" $bert stop $_a/two &&
	refused 64 'not a name' $anna shell $_b/two -- true
}

# Who has a session of an earlier daemon's has no more than the permit says.
test_bounds_after_a_restart()
{
	cat >"$tmp/bounds" <<-END
		credentials none
		permit group $both
		permit user $anna {
			memory 256M
			sessions 1
		}
	END
	up <"$tmp/bounds" && hold $anna one || return 1
	kill -9 $daemon
	wait $daemon
	daemon=
	up <"$tmp/bounds" && runs $anna one || return 1
	refused 75 'too many sessions of yours' $anna start -N -- --version ||
	    return 1
	equal "memory" "$(inspect one '{{.HostConfig.Memory}}')" 268435456 ||
	    return 1
	hold $bert two && cs $anna stop one || because "$(cat "$tmp/err")" ||
	    return 1
	refused 77 'more memory than' $anna start -m 257M -- --version &&
	    cs $anna start -- --version || because "$(cat "$tmp/err")"
}

# What is new in the configuration is in force for who runs already.
test_sessions_get_new_permits()
{
	up <<-END || return 1
		credentials none
		egress { $at_once }
		permit user $anna { egress { pass to a.example.org } }
	END
	hold $anna one || return 1
	_ask='curl -s -o /dev/null -w %{http_connect} https://a.example.org/'
	dir=$tmp/$anna/one cs $anna shell -- $_ask
	[ "$(cat "$tmp/out")" != 403 ] || because "not passed" || return 1
	reload <<-END || return 1
		credentials none
		egress { $at_once }
		permit user $anna { egress { pass to b.example.org } }
	END
	wait_for 60 blocked $anna one "$_ask" ||
	    because "still passed: $(cat "$tmp/out")" || return 1
	reload <<-END || return 1
		credentials none
		egress {
			pass to a.example.org
			$at_once
		}
		deny user $anna
	END
	refused 77 'you have no permit' $anna status || return 1
	root_sees one || because "the session is gone" || return 1
	docker exec claude-one $_ask >"$tmp/out"
	equal "without a permit" "$(cat "$tmp/out")" 403
}

without_proxy()
{
	root status && grep -q "^$1	.*no proxy" "$tmp/out"
}

# asks HOST [SECONDS]: what the proxy says to the agent of session one; 000:
# nothing
asks()
{
	docker exec claude-one curl -s -o /dev/null -w '%{http_connect}' \
	    --max-time "${2-60}" "https://$1/"
}

# It goes on, without a way out, until somebody comes for it; and then the
# rules are the same.
test_a_session_gets_another_proxy()
{
	up <<-END || return 1
		credentials none
		egress { $at_once }
		permit user $anna { egress { pass to a.example.org } }
	END
	hold $anna one || return 1
	_agent=$(inspect one '{{.Id}} {{.State.Pid}}')
	for _how in "docker kill" "docker rm -f" "restart"; do
		case $_how in
		restart)	docker kill claude-one-proxy >"$tmp/out"
				kill -9 $daemon
				wait $daemon
				daemon=
				rm -f "$tmp/log"
				up <"$tmp/conf.again" || return 1 ;;
		*)		cp "$tmp/conf" "$tmp/conf.again"
				$_how claude-one-proxy >"$tmp/out" ;;
		esac
		wait_for 60 without_proxy one ||
		    because "$_how: status is $(cat "$tmp/out")" || return 1
		[ "$(asks a.example.org 5)" = 000 ] ||
		    because "$_how: the agent gets out" || return 1
		dir=$tmp/$anna/one cs $anna shell -- true ||
		    because "$_how: shell: $(cat "$tmp/err")" || return 1
		wait_for 60 runs $anna one ||
		    because "$_how: no other one: $(cat "$tmp/out")" ||
		    return 1
		equal "$_how: what is not passed" "$(asks b.example.org)" \
		    403 || return 1
		[ "$(asks a.example.org)" != 403 ] ||
		    because "$_how: what is passed is blocked" || return 1
		equal "$_how: the agent" \
		    "$(inspect one '{{.Id}} {{.State.Pid}}')" "$_agent" ||
		    return 1
	done
}

# Within two seconds; again if this machine has no time for it.
test_a_proxy_that_is_gone_is_seen_soon()
{
	permit_both && hold $anna one || return 1
	for _try in 1 2 3 4 5; do
		docker kill claude-one-proxy >/dev/null
		_from=$(date +%s%3N)
		wait_for 60 without_proxy one ||
		    because "status is $(cat "$tmp/out")" || return 1
		_took=$(($(date +%s%3N) - _from))
		[ $_took -gt 2000 ] || return 0
		dir=$tmp/$anna/one cs $anna shell -- true &&
		    wait_for 60 runs $anna one ||
		    because "no other one: $(cat "$tmp/err")" || return 1
	done
	because "it is seen after $_took milliseconds"
}

test_sessions_end_with_the_daemon_if_so_configured()
{
	up <<-END || return 1
		credentials none
		exit stop
		permit user $anna
	END
	hold $anna one && wait_for 60 has_spare || return 1
	down
	none_left || because "left: $(all_left)" || return 1
	grep -q 'session one is gone' "$tmp/log" || because "not by it"
}

test_totals()
{
	permit_both || return 1
	hold $anna one || return 1
	kill -USR1 $daemon
	wait_for 60 grep -q 'totals: 1 sessions, .* 1 started' "$tmp/log" ||
	    because "none are told"
}

# verifies TEXT: what it says of the log as it was made
verifies()
{
	"$claudesec" audit verify "$tmp/try" >"$tmp/out" 2>&1
	_got=$?
	equal "$1: status" $_got 65 || return 1
	grep -q "$1" "$tmp/out" || because "it says: $(cat "$tmp/out")"
}

test_the_audit_log()
{
	rm -f "$tmp/audit"
	up <<-END || return 1
		credentials none
		permit user $anna { egress { pass to a.example.org } }
	END
	refused 77 'you have no permit' $bert status &&
	cs $anna shell -- sh -c 'exit 7'
	equal "status: $(cat "$tmp/err")" $? 7 || return 1
	root status
	down
	permit_both || return 1
	hold $anna one && root stop -a || return 1
	down
	"$claudesec" audit verify "$tmp/audit" >"$tmp/out" 2>&1 ||
	    because "as it is: $(cat "$tmp/out")" || return 1
	equal "lines" "$(sed 's/ .*//' "$tmp/out")" \
	    "$(wc -l <"$tmp/audit")" || return 1
	equal "ends" "$(grep -c '"what":"end"' "$tmp/audit")" \
	    "$(grep -c '"what":"start"' "$tmp/audit")" || return 1
	for _what in '"what":"refusal","uid":'"$(id -u $bert)" \
	    '"what":"start".*"uid":'"$(id -u $anna)"'.*"rules":\["pass a.example.org"\]' \
	    '"what":"end".*"status":7' '"what":"stop".*"uid":0'; do
		grep -q "$_what" "$tmp/audit" ||
		    because "no $_what in $(tr '\n' ' ' <"$tmp/audit")" ||
		    return 1
	done
	equal "its mode" "$(stat -c %a:%u "$tmp/audit")" 600:0 || return 1
	sed '2s/"what"/"that"/' "$tmp/audit" >"$tmp/try"
	verifies ':2: changed' || return 1
	sed 3d "$tmp/audit" >"$tmp/try"
	verifies ':3: does not follow' || return 1
	sed '2{h;d};3G' "$tmp/audit" >"$tmp/try"
	verifies ':2: does not follow' || return 1
	sed 1d "$tmp/audit" >"$tmp/try"
	verifies ':1: does not follow' || return 1
	sed '$s/"time":./"time":9/' "$tmp/audit" >"$tmp/try"
	verifies ': changed' || return 1
	# that the last one is missing is seen by what was printed before
	sed '$d' "$tmp/audit" >"$tmp/try"
	"$claudesec" audit verify "$tmp/audit" >"$tmp/before" &&
	    "$claudesec" audit verify "$tmp/try" >"$tmp/out" &&
	    ! cmp -s "$tmp/before" "$tmp/out" ||
	    because "without the last: $(cat "$tmp/out")" || return 1
	# what a crash cut off stays, is seen, and does not spoil what follows
	printf '{"seq":9' >>"$tmp/audit"
	_lines=$(wc -l <"$tmp/audit")
	up </dev/null && refused 77 'you have no permit' $bert status ||
	    return 1
	cp "$tmp/audit" "$tmp/try"
	verifies ":$((_lines + 1)): changed" || return 1
	equal "lines of it" "$(wc -l <"$tmp/out")" 1 || return 1
	rm -f "$tmp/audit"
}

# Whatever a directory is called, who is in it is told, and nothing ends.
test_the_audit_log_of_odd_names()
{
	rm -f "$tmp/audit"
	permit_both || return 1
	_c=$(printf '\177\001')
	_a=$_c$_c$_c$_c$_c$_c$_c$_c
	_a=$_a$_a$_a$_a$_a$_a$_a$_a
	_b=$_a/$_a/$_a/$_a
	for _name in "$_c" "$_b/$_b/$_b/$_b/$_b/$_b"; do
		mkdir -p "$tmp/$anna/$_name" &&
		    chown -R $anna: "$tmp/$anna/${_name%%/*}" || return 1
		dir=$tmp/$anna/$_name cs $anna shell -- true ||
		    because "shell: $(cat "$tmp/err")" || return 1
	done
	cs $anna status || because "the daemon is gone" || return 1
	equal "starts" "$(grep -c '"what":"start"' "$tmp/audit")" 2 ||
	    return 1
	"$claudesec" audit verify "$tmp/audit" >"$tmp/out" ||
	    because "$(cat "$tmp/out")" || return 1
	rm -rf "$tmp/audit" "$tmp/$anna/$_c" "$tmp/$anna/$_a"
}

# until_noted TEXT: refusals, until the log says this
until_noted()
{
	for _i in $(seq 60); do
		cs $bert status
		! grep -q "$1" "$tmp/log" || return 0
	done
	because "nothing is said: $1"
}

# A line is there as a whole or not at all, and the daemon goes on.
test_the_audit_log_has_no_room()
{
	mkdir "$tmp/room" &&
	    mount -t tmpfs -o size=64k none "$tmp/room" || return 1
	audit=$tmp/room/audit
	no_room
	_r=$?
	unset audit
	down
	umount "$tmp/room" && rmdir "$tmp/room" || because "it is busy"
	return $_r
}

no_room()
{
	up </dev/null || return 1
	cs $bert status
	dd if=/dev/zero of="$tmp/room/fill" bs=4k 2>/dev/null
	until_noted 'the audit log cannot be written: No space' || return 1
	[ -z "$(tail -c 1 "$audit")" ] || because "half a line is there" ||
	    return 1
	rm "$tmp/room/fill"
	until_noted 'the audit log can be written again' || return 1
	"$claudesec" audit verify "$audit" >"$tmp/out" 2>&1 ||
	    because "verify: $(cat "$tmp/out")"
}

# puppet NAME: the program with a process of this name that was taken over
puppet()
{
	_flags=
	[ $1 = control ] || _flags=-DENGINE_PUPPET
	# shellcheck disable=SC2046,SC2086
	(cd "$here" && . ../flags.sh && LIBS_TEST="$(answer LIBS_ENGINE) $(answer LIBS_TLS)" &&
	    CFLAGS_TEST="-Wno-unused-function $_flags -DDATADIR='\"/nonexistent\"' -DSYSCONFDIR='\"/etc\"'" &&
	    cc_test -I../../claudesec -o "$tmp/puppet-$1" puppet.c \
	    $(ls ../../claudesec/*.o | grep -v "/$1\.o$")) 2>>"$tmp/why"
}

# drive PROCESS NAME TEXT: what the log says when it does this
drive()
{
	rm -f "$tmp/log"
	"$tmp/puppet-$1" -d -f "$tmp/conf" -s "$tmp/sock" 2>"$tmp/log" &
	daemon=$!
	wait_for 60 grep -q 'takes clients' "$tmp/log" ||
	    because "no daemon: $(tail -n 1 "$tmp/log")" || return 1
	(cd "$tmp/root" && exec timeout 60 "$claudesec" -s "$tmp/sock" \
	    stop "$2") >"$tmp/out" 2>&1 &
	_asks=$!
	wait_for 60 grep -q "$3" "$tmp/log" ||
	    because "$1, $2: $(grep -v debug "$tmp/log" | tail -n 1)" ||
	    return 1
	down
	kill $_asks 2>/dev/null
	wait $_asks
	return 0
}

# A process ended, killed or because another was.
_ended='terminated; signal\|exited with status\|broke its pledge'

# silent WHAT: it did not live to tell
silent()
{
	! grep -q "puppet: $1" "$tmp/log" ||
	    because "$(grep "puppet: $1" "$tmp/log")"
}

# It has no file, no way to the engine, and is nobody but itself.
test_a_control_process_that_was_taken_over()
{
	printf 'credentials none\npermit group %s\n' $both >"$tmp/conf"
	puppet control || return 1
	for _try in open create exec kill socket; do
		drive control $_try ']: pledge "' || return 1
	done
	drive control ptrace "$_ended" && silent ptrace &&
	drive control connect 'puppet: connect: errno 2$' &&
	drive control own 'puppet: answer: 77 ' &&
	drive control lie 'control sent us what it must not'
}

# Nor has this one, and of directories only what a client's user may have.
test_an_engine_process_that_was_taken_over()
{
	printf 'credentials none\npermit group %s\n' $both >"$tmp/conf"
	puppet engine || return 1
	for _try in open create exec kill socket connect; do
		drive engine $_try ']: pledge "' || return 1
	done
	drive engine ptrace "$_ended" && silent ptrace &&
	drive engine own 'puppet: workspace: .*not a directory' &&
	drive engine directory 'puppet: directory: errno 13$' &&
	drive engine another 'puppet: directory: errno 13$' &&
	drive engine look 'puppet: directory: errno 1$' &&
	drive engine adopted 'puppet: adopted: refused$' &&
	drive engine file 'engine sent us what it must not' &&
	drive engine nobodys 'engine sent us what it must not' &&
	drive engine unpin 'engine sent us what it must not'
}

# blocked USER NAME COMMAND
blocked()
{
	dir=$tmp/$1/$2 cs $1 shell -- $3
	[ "$(cat "$tmp/out")" = 403 ]
}

[ -x "$claudesec" ] || {
	echo "system: $claudesec is not there: see regress/run" >&2
	exit 1
}
users || {
	echo "system: cannot make the users" >&2
	exit 1
}
[ $# -gt 0 ] || set -- $(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$0" \
    "$here/machine.sh")
for this; do
	: >"$tmp/why"
	if ! $this; then
		echo "FAIL $this: $(head -n 1 "$tmp/why")"
		sed 's/^/    /' "$tmp/why" "$tmp/log" >&2
		status=1
		[ -z "$daemon" ] || root stop -a
	elif [ -n "$daemon" ] && ! { root stop -a &&
	    wait_for 60 nothing_left; }; then
		echo "FAIL $this: left behind: $(left | tr '\n' ' ')"
		status=1
	elif down; [ -d "/run/claudesec.pin/$(echo "${tmp#/}/sock" |
	    tr / %)" ]; then
		echo "FAIL $this: the directory of its names is left"
		status=1
	elif ! none_left; then
		echo "FAIL $this: left by the daemon: $(all_left)"
		status=1
	else
		echo "ok $this"
	fi
	down
done
exit $status
