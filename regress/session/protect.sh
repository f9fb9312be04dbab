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


# Nothing comes out of the workspace that the host executes later.  Sourced.

# what is protected wherever it is, and what in a repository
names=".vscode .idea .devcontainer .claude/settings.json
.claude/settings.local.json .claude/hooks .claude/commands .claude/agents
.claude/skills .cursor .zed .mcp.json .envrc .npmrc .yarnrc.yml .gitmodules
.bashrc .bash_aliases .bash_login .bash_logout .bash_profile .profile .zshrc
.zshenv .zprofile .zlogin .zlogout"
git_names=".git/config .git/config.worktree .git/hooks .git/info .git/commondir
.git/modules/sub/config .git/modules/sub/config.worktree
.git/modules/sub/hooks .git/modules/sub/info .git/modules/sub/commondir
.git/modules/deep/er/config .git/modules/deep/er/hooks
.git/worktrees/other/commondir .git/worktrees/other/gitdir
.git/worktrees/other/config.worktree .git/worktrees/other/modules/sub/config
.git/worktrees/other/modules/sub/hooks .git/worktrees/other/modules/sub/info
.git/worktrees/old/commondir .git/worktrees/old/gitdir
.git/modules/sub/modules sub/.git tools/hooks shared.gitconfig"
# submodules to come, by what they would be in
module_dirs=".git/modules .git/worktrees/other/modules"
module_names=".git/modules/new .git/modules/deep/new
.git/worktrees/other/modules/new"

# repo UID: the user's workspace becomes a repository that has everything
repo()
{
	as "$1" sh -ec '
		export GIT_CONFIG_GLOBAL=/dev/null
		cd ..
		# what was swapped may be read-only; not all of it is theirs
		chmod -R u+w ws 2>/dev/null || :
		rm -rf ws other up; mkdir ws; cd ws
		git init -q -b main .
		git config user.name test; git config user.email test@example.org
		git config core.hooksPath tools/hooks
		git config include.path ../shared.gitconfig
		mkdir -p tools/hooks .claude/hooks .claude/kept src
		echo "[alias]" >shared.gitconfig
		echo "#!/bin/sh" >tools/hooks/post-commit
		chmod 755 tools/hooks/post-commit
		echo "exit 0" >.claude/hooks/x; echo kept >.claude/kept/x
		echo {} >.claude/settings.json
		echo one >file; echo two >src/file
		git add -A; git commit -qm one
		git clone -q . ../up; git remote add origin ../up
		git -c protocol.file.allow=always submodule --quiet add \
		    "$PWD/../up" sub
		git commit -qm sub
		git worktree add -q ../other
		mkdir -p .git/modules/deep .git/worktrees/other/modules
		cp -R .git/modules/sub .git/modules/deep/er
		cp -R .git/modules/sub .git/worktrees/other/modules
		# an earlier session may have removed or linked these
		rm .git/modules/deep/er/HEAD
		cp -R .git/worktrees/other .git/worktrees/old
		ln -sf refs/heads/other .git/worktrees/old/HEAD
	' >"$tmp/repo.log" 2>&1 || because "no repository: $(cat "$tmp/repo.log")"
}

# empty UID: the workspace is empty
empty()
{
	as "$1" sh -c 'cd .. && rm -rf ws other up && mkdir ws'
}

# what is there, with modes, times of files, and contents of small ones
tree()
{
	(cd "$tmp/u$1/ws" && find . -mindepth 1 ! -path './.git/index' \
	    -printf '%p %y %m %U %s %l\n' | sort &&
	    find . -type f -size -64k ! -path './.git/index' -exec cksum {} + |
	    sort)
}

# attack PATH ...: what the agent can do to it, in the running session
attack()
{
	inside bash -c '
	    cd /workspace
	    for p; do
		d=$(dirname "$p") b=$(basename "$p")
		was=0
		[ ! -e "$p" ] || was=1
		did() { echo "$p: $1"; }
		if [ -d "$p" ]; then
			: 2>/dev/null >"$p/x.new" && did "file made in it"
			for f in "$p"/*; do
				[ ! -f "$f" ] || { echo >>"$f"; } 2>/dev/null &&
				    [ -f "$f" ] && did "file in it written"
				break
			done
		else
			{ echo >>"$p"; } 2>/dev/null && did written
			truncate -s 0 "$p" 2>/dev/null && did truncated
		fi
		chmod 777 "$p" 2>/dev/null && did "mode changed"
		touch -d @1 "$p" 2>/dev/null && did "time changed"
		ln "$p" hard 2>/dev/null && did "hard link made"
		{ mv -T "$p" away || rmdir "$p" || rm -rf "$p"; } 2>/dev/null
		rm -rf away
		[ $was = 0 ] || [ -e "$p" ] || did removed
		mkdir -p "$p" 2>/dev/null && [ -w "$p" ] && did "made writable"
		ln -sfn /tmp "$p" 2>/dev/null && [ -L "$p" ] && did "a link"
		mv -T src/file "$p" 2>/dev/null && did replaced
		while [ "$d" != . ]; do
			if mv -T "$d" "$d.away" 2>/dev/null; then
				mv -T "$d.away" "$d"
				echo "$p: $d renamed"
			fi
			d=$(dirname "$d")
		done
		mount --bind /tmp "$p" 2>/dev/null && did "mounted on"
		umount "$p" 2>/dev/null && did unmounted
		mount -o remount,rw,bind "$p" 2>/dev/null && did remounted
	    done' - "$@" 2>/dev/null
}

test_protect_existing_files_stay_as_they_are()
{
	repo 1000 || return 1
	tree 1000 >"$tmp/before"
	hold 1000 held || return 1
	equal "what the agent can do" "$(attack $names $git_names \
	    $module_names)" "" || return 1
	release
	tree 1000 >"$tmp/after"
	equal "what is left of it" "$(diff "$tmp/before" "$tmp/after")" ""
}

test_protect_absent_files_stay_absent()
{
	empty 1000 || return 1
	hold 1000 held || return 1
	equal "what the agent can do" \
	    "$(attack $names .git .claude HEAD)" "" || return 1
	inside git init -q . 2>/dev/null && because "git init works"
	release
	equal "what is left" "$(tree 1000)" ""
}

# The attacks see it if a single one is not protected.
test_protect_every_one_of_them_counts()
{
	repo 1000 || return 1
	set --
	for p in $names $git_names $module_dirs; do
		set -- "$@" -W "$p"
	done
	hold 1000 held "$@" || return 1
	attack $names $git_names $module_names >"$tmp/out"
	for p in $names $git_names $module_names; do
		grep -q "^$p: " "$tmp/out" || because "nothing done to $p"
	done
	[ ! -s "$tmp/why" ]
}

test_protect_path_is_open_when_asked_for()
{
	repo 1000 || return 1
	hold 1000 held -W .envrc -W .git/config || return 1
	equal "what the agent can do" "$(attack .vscode .git/hooks)" "" &&
	inside sh -c 'echo x >.envrc && git config a.b c' ||
	    because "what is open cannot be written" || return 1
	release
	equal ".envrc" "$(cat "$tmp/u1000/ws/.envrc")" x &&
	equal "a.b" "$(as 1000 git config a.b)" c &&
	for bad in /etc/passwd ../x a//b ./a "" a/../b; do
		cs 1000 start -W "$bad" -- -p x </dev/null >"$tmp/out" 2>&1
		equal "exit status of -W \"$bad\"" $? 64 || return 1
	done
}

# git_host: the state of the repository as the host's git tells it
git_host()
{
	as 1000 sh -c 'export GIT_CONFIG_GLOBAL=/dev/null
	    git status --porcelain=v2 --branch --ignored --untracked-files=all
	    git diff; git ls-files -v; git stash list; git branch -a
	    git -C ../other status; git config -l; git submodule status' 2>&1
}

test_protect_git_sees_nothing_of_it()
{
	repo 1000 || return 1
	git_host >"$tmp/before"
	hold 1000 held || return 1
	git_host >"$tmp/during"
	inside git status --porcelain --untracked-files=all >"$tmp/inside" 2>&1
	inside git add -A -n >>"$tmp/inside" 2>&1
	release
	git_host >"$tmp/after"
	equal "state before and during" \
	    "$(diff "$tmp/before" "$tmp/during")" "" &&
	equal "state before and after" \
	    "$(diff "$tmp/before" "$tmp/after")" "" &&
	equal "untracked files inside" "$(cat "$tmp/inside")" ""
}

test_protect_git_works_inside()
{
	repo 1000 || return 1
	hold 1000 held || return 1
	inside bash -ec '
		export GIT_CONFIG_GLOBAL=/tmp/gc
		git config --global protocol.file.allow always
		git clone -q --bare . /tmp/origin
		echo 3 >>file; git add file; git commit -qm three
		git switch -q -c topic; echo 4 >>file; git commit -qam four
		git switch -q main; echo 5 >five; git add five
		git commit -qm five; git rebase -q main topic
		git switch -q main; git merge -q --no-edit topic
		echo 6 >>file; git stash -q; git stash pop -q
		git checkout -q -- file
		git fetch -q /tmp/origin main:refs/remotes/o/main
		git push -q /tmp/origin main
		git worktree add -q ../tmp/wt topic
		(cd /tmp/wt; echo 7 >>file; git commit -qam seven)
		git worktree remove ../tmp/wt
		git cherry-pick topic >/dev/null; git reset -q --hard HEAD^
		git tag one; git branch -q -D topic
		git repack -qad; git gc -q; git fsck 2>/dev/null
		git submodule status >/dev/null; git log --oneline
	' >"$tmp/out" 2>"$tmp/err" ||
	    because "git fails: $(cat "$tmp/out" "$tmp/err")" || return 1
	inside git push -q -u /tmp/origin main >/dev/null 2>"$tmp/err" &&
	    because "push -u changes .git/config"
	release
	{ grep -q "Device or resource busy" "$tmp/err" ||
	    because "git push -u says: $(cat "$tmp/err")"; } &&
	equal "last commit" "$(as 1000 git log -1 --format=%s)" four
}

# An agent that has all the time there is cannot slip in between.
test_protect_holds_while_the_host_works()
{
	repo 1000 || return 1
	hold 1000 held || return 1
	as 1000 sh -ec 'export GIT_CONFIG_GLOBAL=/dev/null
	    echo x >>file; git commit -qam host; git switch -q -c host
	    echo y >>src/file; git stash -q' >"$tmp/out" 2>&1 ||
	    because "git of the host: $(cat "$tmp/out")" || return 1
	equal "what the agent can do" "$(attack $names $git_names)" ""
}

test_protect_sessions_share_placeholders()
{
	empty 1000 || return 1
	hold 1000 first || return 1
	first=$hold_pid
	hold 1000 held || return 1
	cs 1000 stop first
	wait "$first"
	equal "what the agent can do" "$(attack $names .git)" "" || return 1
	release
	equal "what is left" "$(tree 1000)" ""
}

test_protect_nothing_is_left_after_a_crash()
{
	repo 1000 || return 1
	tree 1000 >"$tmp/before"
	hold 1000 held || return 1
	kill_daemons || return 1
	wait "$hold_pid"
	hold_pid=
	docker kill claude-held >/dev/null
	cs 1000 status >/dev/null
	wait_for 60 none_left || because "left: $(left)" || return 1
	tree 1000 >"$tmp/after"
	equal "what is left of it" "$(diff "$tmp/before" "$tmp/after")" ""
}

# The session goes on, and ends with a daemon that did not begin it.
test_protect_outlives_the_daemon()
{
	empty 1000 || return 1
	hold 1000 held || return 1
	kill_daemons || return 1
	wait "$hold_pid"
	hold_pid=
	equal "what the agent can do" "$(attack $names .git)" "" || return 1
	cs 1000 stop held
	equal "what is left" "$(tree 1000)" ""
}

# What was left when no daemon came back, the next session removes.
test_protect_next_session_cleans_up()
{
	empty 1000 || return 1
	hold 1000 held || return 1
	kill_daemons || return 1
	wait "$hold_pid"
	hold_pid=
	docker rm -f claude-held claude-held-proxy >/dev/null
	docker volume rm claude-held-run >/dev/null
	[ -d "$tmp/u1000/ws/.envrc" ] || because "nothing was left" || return 1
	cs 1000 shell -- true </dev/null 2>"$tmp/err"
	equal "what is left" "$(tree 1000)" ""
}

# not_started TEXT: a session does not start, and says why
not_started()
{
	cs 1000 shell -- true </dev/null >"$tmp/out" 2>&1
	equal "exit status" $? 66 &&
	{ grep -q "$1" "$tmp/out" || because "it says: $(cat "$tmp/out")"; }
}

test_protect_link_is_refused()
{
	empty 1000 || return 1
	for p in .envrc .claude .vscode .claude/hooks .git; do
		as 1000 sh -c 'rm -rf .[a-z]*
		    mkdir -p "$(dirname "$1")" && ln -s /tmp "$1"' - "$p"
		not_started "symbolic link" || return 1
		cs 1000 start -W "$p" -- --version </dev/null >"$tmp/out" 2>&1
		equal "exit status with -W $p" $? 0 || return 1
	done
	as 1000 sh -c 'rm -rf .[a-z]*'
	equal "what is left" "$(tree 1000)" ""
}

test_protect_repository_elsewhere()
{
	empty 1000 || return 1
	as 1000 git init -q --separate-git-dir ../up . &&
	out=$(cs 1000 shell -- sh -c 'git status || cat .git; echo >.git' \
	    </dev/null 2>&1)
	case $out in
	*"git will not work"*"not a git repository"*"Read-only file system"*) ;;
	*)	because "it says: $out" || return 1 ;;
	esac
	# the same, inside
	empty 1000 && as 1000 git init -q --separate-git-dir real . || return 1
	hold 1000 held || return 1
	inside git status >"$tmp/out" 2>&1 || because "$(cat "$tmp/out")"
	equal "what the agent can do" "$(attack .git real/config real/hooks \
	    real/commondir)" ""
}

# git_home TEXT: the user's own configuration of git; nothing: none
git_home()
{
	if [ $# -eq 0 ]; then
		rm -rf "$tmp/u1000/home/.gitconfig" "$tmp/u1000/home/.config" \
		    "$tmp/u1000/home/more"
	else
		as 1000 sh -c 'printf "$1" >"$HOME/.gitconfig"' - "$1"
	fi
}

# What it names by a relative path is in every tree.
test_protect_what_the_users_configuration_names()
{
	repo 1000 || return 1
	git_home '[core]\nhooksPath = .githooks\n[include]\npath = more\n
[includeIf "gitdir:/none"]\npath = ~/.config/git/if\n'
	as 1000 sh -c 'mkdir -p "$HOME/.config/git"
	    printf "[core]\nfsmonitor = tools/fsm\n[include]\npath=$PWD/inc" \
		>"$HOME/more"
	    printf "[core]\nhooksPath = $PWD/by/path/_" >"$HOME/.config/git/if"
	    printf "[core]\nhooksPath = ~/../ws/home" \
		>"$HOME/.config/git/config"
	    mkdir .githooks; echo "[core]fsmonitor=true
	    hooksPath = by-inc" >inc'
	hold 1000 held || { git_home; return 1; }
	attack .githooks sub/.githooks tools/fsm inc by/path home by-inc \
	    >"$tmp/out"
	inside mkdir free 2>/dev/null || because "all is protected"
	release
	git_home
	equal "what the agent can do" "$(cat "$tmp/out")" "" &&
	equal "what is left" "$(cd "$tmp/u1000/ws" && ls -d by* home sub/.g*s \
	    2>/dev/null)" ""
}

test_protect_configuration_of_the_user_names_too_much()
{
	repo 1000 || return 1
	git_home '[core]\nhooksPath = .\n'
	not_started "core.hooksPath of git is the workspace"
	_r=$?
	git_home "[core]\nhooksPath = $(printf 'x%.0s' $(seq 300))\n"
	[ $_r -ne 0 ] || not_started "more than can be protected"
	_r=$?
	git_home '[core]\nhooksPath = /none\nfsmonitor = true\n'
	[ $_r -ne 0 ] || cs 1000 shell -- true </dev/null >"$tmp/out" 2>&1 ||
	    because "it does not start: $(cat "$tmp/out")"
	_r=$?
	git_home
	return $_r
}

# The repository is elsewhere, the hooks that it names are here.
test_protect_hooks_of_a_repository_elsewhere()
{
	empty 1000 || return 1
	as 1000 sh -ec 'export GIT_CONFIG_GLOBAL=/dev/null
	    cd ..; rm -rf up ws; git init -q up; cd up
	    git -c user.name=x -c user.email=x commit -qm x --allow-empty
	    git config core.hooksPath .husky/_
	    git worktree add -q ../ws' >"$tmp/out" 2>&1 ||
	    because "$(cat "$tmp/out")" || return 1
	hold 1000 held || return 1
	equal "what the agent can do" "$(attack .git .husky)" "" || return 1
	release
	# and the workspace is a part of one
	empty 1000 && as 1000 sh -ec 'export GIT_CONFIG_GLOBAL=/dev/null
	    cd ..; git init -q .; git config core.hooksPath ws/tools/hooks'
	hold 1000 held || return 1
	attack tools/hooks .git >"$tmp/out"
	release
	as 1000 rm -rf ../.git
	equal "what the agent can do" "$(cat "$tmp/out")" "" &&
	equal "what is left" "$(tree 1000)" ""
}

test_protect_bare_repository()
{
	empty 1000 && as 1000 git init -q --bare . || return 1
	hold 1000 held || return 1
	equal "what the agent can do" "$(attack config hooks commondir info)" ""
}

test_protect_configuration_names_more()
{
	empty 1000 || return 1
	as 1000 mkdir -p .github/workflows
	cp "$tmp/u1000/conf" "$tmp/conf.kept"
	cat >>"$tmp/u1000/conf" <<-END
		agent {
			protect { .github/workflows, "Makefile" }
			unprotect .vscode
		}
	END
	hold 1000 held
	attack .github/workflows Makefile .idea >"$tmp/out"
	inside mkdir .vscode || because ".vscode is protected"
	release
	cp "$tmp/conf.kept" "$tmp/u1000/conf"
	equal "what the agent can do" "$(cat "$tmp/out")" "" &&
	equal "what is left" "$(cd "$tmp/u1000/ws" && find . | sort |
	    tr '\n' ' ')" ". ./.github ./.github/workflows ./.vscode "
}

# findings: what the report of the last session found, a line each
findings()
{
	python3 -c 'import json, sys
for f in json.load(open(sys.argv[1]))["findings"]:
    print(f["kind"], f["path"])' "$tmp/u1000/report" | sort
}

test_report_finds_what_the_host_may_execute()
{
	repo 1000 || return 1
	as 1000 sh -c 'echo x >script; chmod 755 script; echo y >plain
	    echo "{}" >package.json; ln -s file same
	    mkdir -p was/objects was/refs'
	rm -f "$tmp/u1000/report"
	hold 1000 held -j "$tmp/u1000/report" || return 1
	inside bash -ec '
		echo z >>script; echo z >>plain; echo z >>package.json
		echo "a:" >src/Makefile
		echo new >new; chmod 755 new; touch quiet
		cp new suid
		ln -s /etc/passwd out; ln -s ../../up up; ln -s ../file src/in
		mkdir nested; cd nested; git init -q .; cd ..
		mkdir bare; git init -q --bare bare/x
		mkdir -p .git/rebase-merge
		echo "exec true" >.git/rebase-merge/git-rebase-todo
		mkdir -p deep/objects; cp new deep/objects/x
		chmod +x file
		mkdir -p deep/.vscode deep/.github/workflows
		echo z >deep/.vscode/tasks.json
		echo z >deep/.github/workflows/x
		# what is done to hide one: marks of a placeholder, links in
		# place of files, directories that are shut
		mkdir mark; cd mark; git init -q .
		mv .git/config ../kept; ln -s ../../kept .git/config
		cd ..; chmod 1555 mark/.git
		printf x >nested/.git/commondir
		chmod 1444 nested/.git/commondir
		mkdir shut; mv suid shut/x; chmod 311 shut
		mkdir dim; mkdir dim/x; chmod 600 dim
		n="$(printf "a\\nb \\033[31m \\303\\251 ")"
		echo new >"$n"; chmod 755 "$n"; cp new suid
		# repositories without objects and refs of their own, with a
		# link, and of what was there
		mkdir like link; echo "ref: refs/heads/main" >like/HEAD
		echo ../bare/x >like/commondir
		ln -s refs/heads/main link/HEAD
		ln -s ../bare/x/objects ../bare/x/refs link
		cp like/HEAD was; echo "[core]" >was/config
	' >"$tmp/out" 2>&1 || because "$(cat "$tmp/out")" || return 1
	# the filter of system calls does not let the agent
	as 1000 chmod 4755 suid
	release
	findings | grep -v '/hooks/.*sample$' >"$tmp/found"
	cat >"$tmp/should" <<-'END'
		executable a\012b \033[31m \303\251\040
		executable deep/objects/x
		executable file
		executable new
		executed .git/rebase-merge/git-rebase-todo
		executed deep/.github/workflows/x
		executed deep/.vscode/tasks.json
		executed mark/.git/config
		executed nested/.git/commondir
		executed nested/.git/config
		executed package.json
		executed script
		executed src/Makefile
		repository bare/x
		repository like
		repository link
		repository mark/.git
		repository nested/.git
		repository was
		setuid suid
		symlink out
		symlink up
		unseen dim
		unseen shut
	END
	as 1000 chmod 755 shut dim mark/.git
	equal findings "$(diff "$tmp/should" "$tmp/found")" ""
}

# A name that is not protected would do for one that is.
test_protect_hard_link_is_refused()
{
	repo 1000 || return 1
	for p in .git/hooks/x .git/config .claude/hooks/x .envrc; do
		as 1000 sh -c '[ -e "$1" ] || echo x >"$1"; ln "$1" src/other' \
		    - "$p"
		not_started "src/other is another name" ||
		    because "of $p" || return 1
		as 1000 mv src/other ../up/other
		cs 1000 shell -- true </dev/null >"$tmp/out" 2>&1 ||
		    because "$p, and out of reach: $(cat "$tmp/out")" ||
		    return 1
		as 1000 rm ../up/other
	done
	# two names that are both protected
	as 1000 sh -c 'ln .envrc .vscode'
	cs 1000 shell -- true </dev/null >"$tmp/out" 2>&1 ||
	    because "both protected: $(cat "$tmp/out")"
}

test_report_tells_what_the_host_replaced()
{
	repo 1000 || return 1
	as 1000 sh -c 'echo x >.envrc'
	rm -f "$tmp/u1000/report"
	hold 1000 held -j "$tmp/u1000/report" || return 1
	as 1000 sh -ec 'git config a.b c; echo y >.new; mv .new .envrc
	    rmdir .npmrc; echo z >.npmrc; echo more >>.git/info/exclude'
	release
	equal findings "$(findings | grep replaced | tr '\n' ' ')" \
	    "replaced .envrc replaced .git/config replaced .npmrc " &&
	grep -q "was replaced on the host.*: .git/config" "$tmp/hold.out" ||
	    because "it says: $(cat "$tmp/hold.out")"
}

test_report_finds_nothing_in_what_was_there()
{
	repo 1000 || return 1
	rm -f "$tmp/u1000/report"
	hold 1000 held -j "$tmp/u1000/report" || return 1
	inside sh -c 'echo x >>file; git commit -qam x; mkdir -p a/b; : >a/b/c' \
	    2>/dev/null
	release
	equal findings "$(findings)" ""
}

# Many of one kind hide nothing: what matters most comes first, and of the
# others it says how many there are, and of what.
test_report_is_cut_by_kinds()
{
	repo 1000 || return 1
	rm -f "$tmp/u1000/report"
	hold 1000 held -j "$tmp/u1000/report" || return 1
	inside bash -ec '
		for i in $(seq 300); do
			mkdir a$i; : >a$i/Makefile; ln -s /x a$i/l; : >a$i/x
		done
		chmod 755 a*/x
		mkdir -p z/.vscode; : >z/.vscode/tasks.json
		git init -q --template= z/r
	' >"$tmp/out" 2>&1 || because "$(cat "$tmp/out")" || return 1
	release
	sed -n '1d; s,a[0-9]*/,N/,; s/^  //p' "$tmp/hold.out" | uniq -c |
	    sed 's/^ *//' >"$tmp/found"
	cat >"$tmp/should" <<-'END'
		1 a repository of its own is in z/r/.git
		1 the host may execute z/.vscode/tasks.json
		1 the host may execute z/r/.git/config
		6 the host may execute N/Makefile
		8 points out of the workspace: N/l
		8 is new and may be executed: N/x
		1 and 294 more that the host may execute
		1 and 292 more that point out of the workspace
		1 and 292 more that are new and may be executed
	END
	sort "$tmp/should" >"$tmp/should.sorted"
	equal "it says" "$(sort "$tmp/found" | diff "$tmp/should.sorted" -)" \
	    "" &&
	equal "it begins with" "$(head -n 1 "$tmp/found")" \
	    "1 a repository of its own is in z/r/.git" &&
	equal "it counts" "$(python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
print(r["found"], r["kinds"]["executed"], r["kinds"]["symlink"],
    r["kinds"]["repository"], len(r["findings"]))' "$tmp/u1000/report")" \
	    "903 302 300 1 193"
}

# A later "git submodule update --init" takes what there is for its own, and
# runs the hooks in there.
test_protect_submodule_that_is_to_come()
{
	repo 1000 || return 1
	as 1000 sh -ec 'cd ..; git clone -q ws new; rm -rf ws; mv new ws
	    cd ws; git config protocol.file.allow always
	    printf "[submodule \"other\"]\n\tpath = other\n\turl = %s\n" \
	        "$PWD/../up" >>.gitmodules
	    git update-index --add --cacheinfo 160000,"$(git -C ../up \
	        rev-parse HEAD)",other' 2>"$tmp/out" ||
	    because "no repository: $(cat "$tmp/out")" || return 1
	prepare='for m in sub other; do
		g=.git/modules/$m
		git init -q --bare "$g" || continue
		git -C "$g" config core.bare false
		git -C "$g" config core.worktree ../../../$m
		printf "#!/bin/sh\ntouch \$HOME/ran\n" >"$g/hooks/post-checkout"
		chmod 755 "$g/hooks/post-checkout"
	done; exit 0'
	rm -f "$tmp/u1000/home/ran"
	cs 1000 shell -- sh -c "$prepare" </dev/null >"$tmp/out" 2>&1
	as 1000 git -c protocol.file.allow=always submodule --quiet update \
	    --init sub >"$tmp/out" 2>&1 ||
	    because "the first: $(cat "$tmp/out")" || return 1
	# one is there now
	cs 1000 shell -- sh -c "$prepare"'
	    cd sub && git -c user.name=x -c user.email=x commit -q \
	        --allow-empty -m x' </dev/null >"$tmp/out" 2>&1 ||
	    because "no commit in one: $(cat "$tmp/out")" || return 1
	as 1000 git -c protocol.file.allow=always submodule --quiet update \
	    --init >"$tmp/out" 2>&1 ||
	    because "the other: $(cat "$tmp/out")" || return 1
	[ ! -e "$tmp/u1000/home/ran" ] || because "a hook ran on the host"
}
