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


# run.sh [case ...]: sessions that work on a copy, what is shown of that, what
# is taken over, and what an agent does against it: a shell in a session of
# the real engine stands for one.

set -u
# mounts of our own: passwd; 8 is where the engine sees others
[ "${1-}" = -m ] || exec 8</proc/self/ns/mnt
[ "${1-}" = -m ] || exec unshare -m -- sh "$0" -m "$@"
shift
top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
here=$top/regress/session
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
. "$here/env.sh"

u=1000				# who reviews

finish()
{
	trap '' HUP INT TERM
	clean_up
	[ -z "$held" ] || wait "$held" 2>/dev/null
	rm -rf "$tmp"
}

[ -x "$claudesec" ] || die "$claudesec is not there: see regress/run"
exec 9>/run/lock/claudesec-test
flock -w 600 9 || die "another test run does not end"
held=
test_image=claudesec/claude
engine_gid=$(stat -Lc %g /var/run/docker.sock) || exit 1
tmp=$(mktemp -d /tmp/claudesec-review.XXXXXX) || exit 1
chmod 755 "$tmp"
trap finish EXIT
trap 'exit 1' HUP INT TERM
users_up $u || die "no test user"
state=$tmp/u$u/home/.local/state/claudesec/review
ws=$tmp/u$u/ws

# agent SCRIPT: a session of a review, in which that runs
agent()
{
	cs $u shell -- sh -c "$1" </dev/null >"$tmp/agent.out" \
	    2>"$tmp/agent.err" ||
	    because "the session: $? $(tail -n 2 "$tmp/agent.err")"
}

# agent_up SCRIPT: one that runs until agent_down, when the script has said
# so by making the file "up"
agent_up()
{
	cs $u shell -- sh -c "$1
	    : >up; sleep 300" </dev/null \
	    >"$tmp/agent.out" 2>"$tmp/agent.err" &
	held=$!
	wait_for 60 test -e "$state/ws/tree/up" ||
	    because "no session: $(tail -n 2 "$tmp/agent.err")"
}

agent_down()
{
	cs $u stop -a 2>/dev/null
	[ -z "$held" ] || wait "$held" 2>/dev/null
	held=
}

# review COMMAND ...: its output and status
review()
{
	as $u env LC_ALL="${locale-C}" timeout 60 "$claudesec" \
	    -f "$tmp/u$u/conf" "$@" </dev/null >"$tmp/out" 2>"$tmp/err"
	echo $? >"$tmp/status"
}

# exits STATUS
exits()
{
	equal "status" "$(cat "$tmp/status")" "$1" ||
	    because "$(head -n 2 "$tmp/err")"
}

# says LINE ..., and nothing else, in any order
says()
{
	for _l; do
		printf '%s\n' "$_l"
	done | sort >"$tmp/should"
	sort "$tmp/out" | diff "$tmp/should" - >"$tmp/diff" ||
	    because "says otherwise: $(tr '\n' '|' <"$tmp/diff")"
}

complains()
{
	grep -qF -- "$1" "$tmp/err" ||
	    because "does not say \"$1\": $(head -n 2 "$tmp/err")"
}

# what there is, but for times
tree()
{
	(cd "${1-$ws}" && find . -mindepth 1 -printf '%P %y %m %s %l\n' |
	    grep -v '^[^ ]* d ' | sort &&
	    find . -type f -size -64k -exec cksum {} + | sort)
}

fresh()
{
	[ -z "$held" ] || agent_down
	chmod -R u+rwx "$state" 2>/dev/null
	rm -rf "$state" "$ws" "$tmp/outside"
	printf 'image "%s"\ncredentials none\nworkspace review\n' \
	    "$test_image" >"$tmp/u$u/conf"
	mkdir "$tmp/outside"
	echo outside >"$tmp/outside/file"
	chown -R $u:$u "$tmp/outside"
	mkdir "$ws" && chown $u:$u "$ws"
	as $u sh -ec '
		umask 022
		printf "one\ntwo\n" >a
		echo del >del
		mkdir d e
		echo f >d/f
		echo e >e/e
		echo "#!/bin/sh" >x; chmod 755 x
		ln -s a link
		export GIT_CONFIG_GLOBAL=/dev/null
		git init -q -b main .
		git config user.name test; git config user.email t@example.org
		git add -A; git commit -qm one
	'
}

waits()
{
	review status
	grep -q "^ws	$ws (review)	.*	review	" "$tmp/out"
}

test_workspace_stays_when_agent_changes_all()
{
	tree >"$tmp/before"
	agent 'rm -rf * .gitignore; echo new >a; mkdir n; echo x >n/x; ls -A' ||
	    return 1
	tree | diff "$tmp/before" - >"$tmp/diff" ||
	    because "the workspace: $(head -n 3 "$tmp/diff")"
	grep -q 'changes, none of them in ' "$tmp/agent.err" ||
	    because "the end: $(cat "$tmp/agent.err")"
	wait_for 60 waits || because "status: $(cat "$tmp/out")"
	review status -j
	grep -q '"review": true' "$tmp/out" || because "$(cat "$tmp/out")"
}

test_workspace_stays_when_only_the_option_asks()
{
	sed -i /workspace/d "$tmp/u$u/conf"
	cs $u start -R -- --version </dev/null >"$tmp/out" 2>"$tmp/err" ||
	    because "start -R: $(cat "$tmp/err")"
	[ -d "$state/ws/tree/.git" ] || because "no copy"
	equal "says" "$(cat "$tmp/err")" \
	    "claudesec: review ws: nothing has changed"
}

test_diff_shows_what_changed()
{
	agent 'echo three >>a; rm del; rm -r d; mkdir n; echo hi >n/x
	    chmod 755 e/e; echo all: >Makefile; echo "#!/bin/sh" >run
	    chmod 755 run; ln -s /etc/passwd out; ln -sf x link; mkfifo p
	    rm e/../x; mkdir x' || return 1
	review diff -l
	exits 0 && says "changed  a" "deleted  del" "deleted  d" \
	    "deleted  d/f" "new      n: a directory" "new      n/x" \
	    "mode     e/e: mode 0644, now 0755, executable" \
	    "new      Makefile: the host may execute it" \
	    "new      run: executable" "changed  link -> x" \
	    "new      out -> /etc/passwd: leads out of the workspace" \
	    "new      p: no file, directory or link" \
	    "changed  x: a file before, now a directory"
	review diff a n
	exits 0 && says "changed  a" "@@ -1,2 +1,3 @@" " one" " two" "+three" \
	    "new      n: a directory" "new      n/x" "@@ -0,0 +1 @@" "+hi"
	review diff ws nosuch
	exits 1 && complains "nosuch: no change"
}

test_diff_shows_no_bytes_as_they_are()
{
	agent 'printf "\033]0;title\007\n\302\233m\342\200\256x\r\n" >>a
	    : >"$(printf "new\nline\033[31m")"; : >"$(printf "bad\377utf")"
	    ln -s "$(printf "to\033[2J")" l; printf "x\0y" >bin
	    truncate -s 2M long' || return 1
	review diff
	exits 0 && LC_ALL=C grep -q '[^[:print:]	]' "$tmp/out" &&
	    because "prints control characters"
	for _t in '\033]0;title\007' '\302\233m\342\200\256x\015' \
	    'new\012line\033[31m' 'bad\377utf' 'l -> to\033[2J' \
	    '(binary, 3 bytes)' '(too long to be shown, 2097152 bytes)'; do
		grep -qF -- "$_t" "$tmp/out" || because "does not show $_t"
	done
	locale=C.UTF-8
	review diff
	unset locale
	LC_ALL=C.UTF-8 grep -q '[^[:print:]	]' "$tmp/out" &&
	    because "prints control characters in UTF-8"
	grep -qF '\342\200\256x' "$tmp/out" ||
	    because "turns the direction of a line"
	# what a shell makes of "*" where an agent has been
	for _t in . /; do
		review diff -- "$_t$(printf "\033[31m")"
		grep -qF -- "$_t"'\033[31m: no' "$tmp/err" ||
		    because "it says: $(cat -v "$tmp/err")"
	done
	[ ! -s "$tmp/why" ]
}

test_apply_takes_over_all()
{
	agent 'echo three >>a; rm del; rm -r d; mkdir -p n/m; echo hi >n/m/x
	    chmod 600 e/e; echo "#!/bin/sh" >run; chmod 755 run; ln -sf x link
	    rm x; mkdir x; echo y >x/y; rm -r e; echo file >e; chmod 700 n
	    umask 0; echo open >open' || return 1
	review apply
	exits 0
	tree "$state/ws/tree" >"$tmp/should"
	tree | diff "$tmp/should" - >"$tmp/diff" ||
	    because "$(head -n 3 "$tmp/diff")"
	review diff -l
	exits 0 && says
	# so the next one has what there is now
	echo later >"$ws/later"
	agent 'cat later; echo four >>a' && equal "goes on" \
	    "$(cat "$tmp/agent.out")" later
}

test_apply_takes_over_paths()
{
	agent 'echo x >>a; mkdir -p n/m; echo x >n/m/x; echo x >n/y; rm del' ||
	    return 1
	review apply n/m/x
	exits 0 && equal "n" "$(cd "$ws" && find n | sort | tr '\n' ' ')" \
	    "n n/m n/m/x "
	review apply ws del/ ./a
	exits 0 && [ ! -e "$ws/del" ] && equal a "$(tail -n 1 "$ws/a")" x
	review diff -l
	says "new      n/y"
	review apply ws ../x
	exits 64
}

test_apply_refuses_when_the_user_changed_it_too()
{
	agent 'echo agent >>a; echo agent >>x; rm del; echo new >new
	    rm -r d; echo e >>e/e' || return 1
	echo user >>"$ws/a"
	echo user >>"$ws/del"
	echo user >"$ws/new"
	echo user >"$ws/d/user"
	mv "$ws/e" "$ws/was"; ln -s was "$ws/e"
	before=$(cat "$ws/a" "$ws/del" "$ws/new" "$ws/was/e")
	review diff -l
	says "changed  a: changed in the workspace as well" \
	    "changed  x: executable" \
	    "deleted  del: changed in the workspace as well" \
	    "new      new: changed in the workspace as well" \
	    "deleted  d" "deleted  d/f" \
	    "changed  e/e: changed in the workspace as well"
	review apply
	exits 1 && says "changed  x: executable" "deleted  d/f"
	complains "a: changed in the workspace as well"
	complains "d: Directory not empty"
	equal "the user's" "$before" \
	    "$(cat "$ws/a" "$ws/del" "$ws/new" "$ws/was/e")"
	review apply -f a del
	exits 0 && equal a "$(tail -n 1 "$ws/a")" agent && [ ! -e "$ws/del" ]
	# the same change on both sides is none
	echo new >"$ws/new"
	review diff -l
	says "deleted  d" "changed  e/e: changed in the workspace as well"
}

test_apply_refuses_what_is_protected_unless_named()
{
	agent 'mkdir -p sub/.vscode sub/.claude; echo {} >sub/.vscode/tasks.json
	    echo {} >sub/.claude/settings.json; echo >sub/.envrc
	    git init -q sub/repo; git init -q --bare sub/bare
	    echo x >sub/file; git commit -qam two --allow-empty' || return 1
	review apply
	exits 1
	for _p in .vscode .claude/settings.json .envrc repo/.git bare; do
		complains "sub/$_p: protected: name it to take it over"
		[ ! -e "$ws/sub/$_p" ] || [ "$_p" = repo/.git ] ||
		    because "sub/$_p"
	done
	[ ! -e "$ws/sub/repo/.git" ] || because "sub/repo/.git"
	[ -e "$ws/sub/file" ] || because "the rest is not taken over"
	equal "commits" "$(as $u git log --oneline | wc -l)" 2
	# what they are in does not name them
	review apply sub
	exits 1 && [ ! -e "$ws/sub/.envrc" ] || because "by its directory"
	review apply sub/.envrc sub/bare
	exits 0 && [ -e "$ws/sub/.envrc" ] && [ -e "$ws/sub/bare/HEAD" ] ||
	    because "not by its name"
}

test_apply_refuses_a_repository_in_parts()
{
	agent 'mkdir parts like; echo "ref: refs/heads/main" >parts/HEAD
	    echo "[core]" >parts/config; cp parts/HEAD like
	    echo ../parts >like/commondir' || return 1
	review apply
	exits 1 && complains "like: protected: name it to take it over" &&
	[ ! -e "$ws/like/commondir" ] && [ -e "$ws/parts/config" ] ||
	    because "one that has the rest elsewhere: $(ls "$ws"/*)" || return 1
	agent 'mkdir parts/objects parts/refs' || return 1
	review apply
	exits 1 && complains "parts: protected: name it to take it over" &&
	[ ! -e "$ws/parts/objects" ] || because "one that is complete now"
}

test_apply_leaves_alone_what_is_outside()
{
	agent 'mkdir n; echo agent >n/file; echo agent >d/f
	    ln -s /etc evil; echo x >>a' || return 1
	# where the workspace leads elsewhere meanwhile
	rm -r "$ws/d"; ln -s "$tmp/outside" "$ws/d"
	ln -s "$tmp/outside" "$ws/n"
	rm "$ws/a"; ln -s "$tmp/outside/file" "$ws/a"
	ln -s "$tmp/outside/file" "$ws/.claudesec-apply"
	review apply n/file
	exits 1
	review apply -f n/file
	exits 0
	[ ! -L "$ws/n" ] || because "wrote through a link"
	review apply -f d/f
	exits 1
	review apply -f a
	exits 0
	equal "outside" "$(cat "$tmp/outside/file")" outside
	equal "files" "$(ls "$tmp/outside")" file
	[ ! -L "$ws/a" ] || because "wrote through a link"
}

test_apply_holds_when_the_agent_swaps()
{
	agent_up "mkdir s; echo agent >s/file; cp -r s t
	    ln -s $tmp/outside l
	    (while :; do mv s u; mv l s; mv s l; mv u s
	    mv t v; mkfifo t; rm t; mv v t; done) &" || return 1
	for _i in 1 2 3 4 5 6 7 8 9 10; do
		review diff
		[ "$(cat "$tmp/status")" -le 1 ] || exits 0
		review apply
		[ "$(cat "$tmp/status")" -le 1 ] || exits 0
	done
	equal "outside" "$(cat "$tmp/outside/file")" outside
	equal "files" "$(ls "$tmp/outside")" file
	agent_down
	find "$ws" -type p | grep -q . && because "a pipe was taken over"
	[ ! -e "$ws/.claudesec-apply" ] || because "left behind"
}

test_diff_and_apply_hold_with_odd_files()
{
	long=$(printf '%0255d' 0)
	agent "mkdir shut; echo x >shut/x; chmod 0 shut d; echo x >dark
	    chmod 0 dark; chmod 444 e; : >$long; printf x \
	    >\"\$(printf '\\377 \\n')\"
	    mkdir deep; cd deep; for i in \$(seq 2000); do mkdir x; cd x; done
	    cd /workspace; truncate -s 6G sparse; echo end >>sparse
	    ln a hard; ln -s loop loop; touch .claudesec-apply; mkfifo p" ||
	    return 1
	review diff -l
	exits 1
	complains "shut: cannot be looked at, and is not taken over"
	complains "d: cannot be looked at, and is not taken over"
	complains "e: cannot be looked at, and is not taken over"
	grep -q '^deleted' "$tmp/out" && because "what is not seen is deleted"
	review apply
	exits 1
	complains "dark: Permission denied"
	complains ".claudesec-apply: a name that only apply uses"
	complains "p: no file, directory or link, and is not taken over"
	[ -f "$ws/d/f" ] || because "d/f"
	[ -f "$ws/$long" ] || because "the long name"
	equal "sparse" "$(stat -c %s "$ws/sparse")" 6442450948
	[ "$(stat -c %b "$ws/sparse")" -lt 1000 ] || because "not sparse"
	equal "links" "$(stat -c %h "$ws/hard")" 1
	review drop
	exits 0 && [ ! -e "$state/ws" ] && [ ! -e "$state/.old" ] ||
	    because "something is left: $(ls -A "$state")"
}

test_apply_takes_over_no_setuid()
{
	agent 'echo x >new; echo x >>x; mkdir n' || return 1
	# a session cannot do that, but somebody might
	chmod 6755 "$state/ws/tree/new" "$state/ws/tree/x" "$state/ws/tree/e/e"
	review diff -l
	exits 0 && says "new      n: a directory" \
	    "new      new: setuid or setgid, which is not taken over, \
executable" \
	    "changed  x: mode 0755, now 6755, setuid or setgid, which is not \
taken over, executable" \
	    "mode     e/e: mode 0644, now 6755, setuid or setgid, which is \
not taken over, executable"
	review apply
	exits 0 && equal "modes" "$(cd "$ws" && stat -c %a new x e/e |
	    tr '\n' ' ')" "755 755 755 "
}

test_apply_can_be_run_again_when_it_was_killed()
{
	agent 'mkdir many; for i in $(seq 300); do
	    echo "agent $i" >many/$i; done; for i in $(seq 50); do
	    head -c 100000 /dev/zero | tr "\0" y >>a; done; echo end >>a' ||
	    return 1
	for _ms in 1 3 6 10 15 20 30; do
		as $u timeout -s KILL 0.0$_ms "$claudesec" apply >/dev/null 2>&1
		case $(stat -c %s "$ws/a") in
		8|5000012) ;;
		*) because "a is neither: $(stat -c %s "$ws/a")" ;;
		esac
		for _f in "$ws"/many/*; do
			[ ! -e "$_f" ] || grep -qx "agent ${_f##*/}" "$_f" ||
			    because "$_f is half"
		done
	done
	review apply
	exits 0
	equal "files" "$(ls "$ws/many" | wc -l)" 300
	equal "a" "$(tail -c 4 "$ws/a")" end
	find "$ws" -name .claudesec-apply | grep -q . && because "left behind"
	review diff -l
	exits 0 && says
}

test_review_goes_on_when_all_are_killed()
{
	agent_up 'echo one >>a' || return 1
	# what the session has there for its own ends is no change
	review diff -l
	exits 0 && says "changed  a" "new      up"
	review drop
	exits 75 && complains "a session works on it"
	kill -9 $(daemons)
	wait "$held"
	held=
	review diff a
	exits 0
	grep -q '^+one' "$tmp/out" || because "$(cat "$tmp/out")"
	# the session has gone on, and is taken over
	agent 'tail -n 1 a; echo two >>a'
	equal "the copy" "$(cat "$tmp/agent.out")" one
	review drop
	exits 75
	agent_down
	agent 'tail -n 1 a'
	equal "the copy" "$(cat "$tmp/agent.out")" two
	grep -q 'review ws: goes on, with 2 changes' "$tmp/agent.err" ||
	    because "$(cat "$tmp/agent.err")"
	review apply a
	exits 0 && equal a "$(tail -n 1 "$ws/a")" two
	review drop
	exits 0 && complains "review ws: 1 changes that are not taken over are"
	review diff
	exits 69
	[ -z "$(ls -A "$state")" ] || because "left: $(ls -A "$state")"
}

test_sessions_share_the_review_when_there_are_two()
{
	agent_up 'echo one >>a' || return 1
	cs $u shell -- tail -n 1 a >"$tmp/out" </dev/null
	equal "the same" "$(cat "$tmp/out")" one
	equal "reviews" "$(ls "$state")" ws
	review apply a
	exits 0 && equal "while it runs" "$(tail -n 1 "$ws/a")" one
	cs $u shell -- sh -c 'echo two >>a' </dev/null
	review diff -l a
	says "changed  a"
}

test_copy_is_as_the_workspace()
{
	as $u sh -c 'chmod 640 a; touch -d 2001-01-01 a; chmod 4755 x
	    mkfifo pipe; mkdir shut half; chmod 0 shut; : >half/x
	    chmod 444 half; mkdir ro; echo r >ro/r
	    chmod 555 ro; : >"$(printf "new\nline\377")"; ln -s nowhere l
	    : >" leading blank"'
	agent 'stat -c "%a %Y" a; stat -c %a x; ls -d pipe shut; cat ro/r' ||
	    [ $? -eq 1 ]
	equal "copy" "$(tr '\n' ' ' <"$tmp/agent.out")" \
	    "640 978307200 755 r "
	: >"$tmp/why"
	grep -q 'without 3 files, which cannot be read' "$tmp/agent.err" ||
	    because "$(cat "$tmp/agent.err")"
	review diff -l
	exits 0 && says
	chmod 755 "$ws/shut" "$ws/half"
}

# start_refused DIRECTORY
start_refused()
{
	review start -R -w "$1"
	[ "$(cat "$tmp/status")" -eq 66 ] || because "$1: $(cat "$tmp/err")"
}

test_start_refuses_what_is_no_workspace()
{
	start_refused "$tmp/u$u/home"
	start_refused "$tmp/u$u/home/.local"
	agent true || return 1
	start_refused "$state"
	start_refused "$state/ws"
	start_refused "$state/ws/tree/d"
	start_refused "$tmp/u$u"
	[ "$(ls "$state")" = ws ] || because "made $(ls "$state")"
}

test_copy_is_not_left_when_it_cannot_be_made()
{
	as $u sh -c 'mkdir deep && cd deep && for i in $(seq 300); do
	    mkdir x && cd x; done'
	review shell -- true
	exits 73 && complains "cannot make a copy to work on: deep/x/x"
	[ -z "$(ls -A "$state")" ] || because "left: $(ls -A "$state")"
}

test_review_has_a_name()
{
	sed -i /workspace/d "$tmp/u$u/conf"
	mkdir "$ws/ours"
	chown $u:$u "$ws/ours"
	# who works in the workspace itself is somebody else
	cs $u shell -- sh -c ': >up; sleep 300' </dev/null >"$tmp/agent.out" \
	    2>"$tmp/agent.err" &
	held=$!
	wait_for 60 test -e "$ws/up" || because "no session"
	review start -R -- --version
	exits 0 && complains "review ws: nothing has changed"
	# nothing is left in that one
	review start -R -n ours -- --version
	exits 0 && complains "review ours: nothing has changed"
	agent_down
	as $u sh -c "echo x >>'$state/ours/tree/a'"
	review diff -l ours
	exits 64 && complains "ours: a review, and a path here: say ./ours"
	review diff -l ./ours a
	exits 1 && says "changed  a"
	as $u sh -c 'cd / && exec "$0" diff -l ours' "$claudesec" >"$tmp/out"
	says "changed  a"
	review drop
	exits 0 && [ ! -e "$state/ours" ] || because "not dropped"
}

test_drop_forgets_what_cannot_be_read()
{
	agent 'echo x >>a' || return 1
	echo nonsense >"$state/ws/manifest"
	review diff
	exits 65
	review drop
	exits 0 && [ -z "$(ls -A "$state")" ] || because "not dropped"
}

# outer COMMAND ...: where the engine and a system daemon see the same
outer()
{
	nsenter --mount=/proc/self/fd/8 -- "$@" 9>&-
}

test_system_daemon_has_reviews_too()
{
	printf 'image "%s"\ncredentials none\npermit user %s\n' \
	    "$test_image" $u >"$tmp/system.conf"
	mkdir "$tmp/state" && chown $u:$u "$tmp/state"
	nsenter --mount=/proc/self/fd/8 -- "$claudesec" -d \
	    -f "$tmp/system.conf" -s "$tmp/sock" 2>"$tmp/system.log" 9>&- &
	system=$!
	wait_for 60 grep -q 'takes clients' "$tmp/system.log" ||
	    because "no daemon: $(tail -n 1 "$tmp/system.log")"
	outer setpriv --reuid $u --regid $u --clear-groups env -i \
	    PATH="$PATH" XDG_STATE_HOME="$tmp/state" "$claudesec" \
	    -s "$tmp/sock" start -R -w "$ws" -- --version \
	    </dev/null >"$tmp/out" 2>"$tmp/err" ||
	    because "start -R: $(cat "$tmp/err")"
	complains "review ws: nothing has changed"
	equal "owner" "$(stat -c %u "$tmp/state/claudesec/review" \
	    "$tmp/state/claudesec/review/ws/tree/a" | uniq)" $u
	kill $system
	wait $system || because "the daemon: $?"
}

[ $# -gt 0 ] || set -- $(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' \
    "$top/regress/review/run.sh")
for this_case; do
	: >"$tmp/why"
	fresh || die "cannot begin"
	$this_case || [ -s "$tmp/why" ] || because "it failed"
	agent_down
	if [ -s "$tmp/why" ]; then
		fail "$this_case" "$(head -n 1 "$tmp/why")"
		sed 's/^/    /' "$tmp/why" >&2
	elif ! nothing_left; then
		fail "$this_case" "left behind: $(left | tr '\n' ' ')"
	else
		ok "$this_case"
	fi
	clean_up
done
[ $nfailed -eq 0 ]
