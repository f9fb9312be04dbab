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


# run.sh [case ...]: the launcher against an engine that goes wrong, which
# fault.py makes of the real one.  Whatever happens is one clear line and a
# status, the daemon lives on, and what was made is removed when the engine
# lets it be.  The image claudesec/claude must be there.

set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
engine=${DOCKER_HOST-unix:///var/run/docker.sock}
tmp=$(mktemp -d /tmp/claudesec-engine.XXXXXX) || exit 1
chmod 755 "$tmp"
work=$tmp/${CLAUDESEC_WORK-work}
mkdir "$work" || exit 1
daemon=
fault=
slow=
more=
asked=0
status=0

finish()
{
	down
	[ -z "$slow" ] || wait "$slow"
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# up FAULT ...: an engine with these, and a daemon for it
up()
{
	rm -f "$tmp/up"
	python3 "$here/fault.py" "$tmp/engine" "${engine#unix://}" "$@" \
	    >"$tmp/up" 2>"$tmp/fault.err" &
	fault=$!
	wait_for 60 grep -q listening "$tmp/up" || return 1
	{
		echo "engine \"unix://$tmp/engine\""
		echo "$more"
	} >"$tmp/conf"
	rm -f "$tmp/log"
	"$claudesec" -d -vv -f "$tmp/conf" -s "$tmp/sock" 2>"$tmp/log" &
	daemon=$!
	wait_for 60 grep -q "takes clients" "$tmp/log"
}

down()
{
	for _p in $daemon $fault; do
		kill "$_p" 2>/dev/null
		wait "$_p" 2>/dev/null
	done
	daemon=
	fault=
}

# what there is of this daemon's
left()
{
	curl -s -G --unix-socket "${engine#unix://}" \
	    "http://engine/v1.41/containers/json?all=1" --data-urlencode \
	    'filters={"label":["claudesec.session"]}' |
	    grep -o "\"claudesec.daemon\":\"[0-9]*:$tmp/sock\""
	curl -s -G --unix-socket "${engine#unix://}" \
	    "http://engine/v1.41/volumes" --data-urlencode \
	    'filters={"label":["claudesec.session"]}' |
	    grep -o "\"claudesec.daemon\":\"[0-9]*:$tmp/sock\""
}

nothing_left()
{
	[ -z "$(left)" ]
}

run()
{
	(cd "$work" && timeout 60 "$claudesec" -s "$tmp/sock" "$@") \
	    </dev/null >"$tmp/out" 2>"$tmp/err"
	got=$?
}

# A daemon without faults takes away what an earlier one had to leave.
clean()
{
	down
	up && run status && wait_for 60 nothing_left
	_clean=$?
	down
	return $_clean
}

why()
{
	echo "FAIL $this: $*"
	sed 's/^/    /' "$tmp/err" "$tmp/log" >&2
	return 1
}

# fails STATUS MESSAGE FAULT ...: a session ends with one line of this
fails()
{
	want=$1
	message=$2
	shift 2
	up "$@" || { why "it does not start"; return; }
	run shell -- true
	if [ $got -ne "$want" ]; then
		why "status $got, not $want"
	elif [ "$(wc -l <"$tmp/err")" -ne 1 ] ||
	    ! grep -q "^claudesec: .*$message" "$tmp/err"; then
		why "it says: $(head -n 1 "$tmp/err")"
	elif ! kill -0 "$daemon" || grep -qi 'terminated; signal' "$tmp/log"
	then
		why "the daemon is gone"
	else
		down
		clean || why "something is left"
	fi
}

hung_up='the container engine hung up'
malformed='the container engine.s answer is malformed'

test_hangs_up_at_once()
{
	fails 69 "$hung_up" 'GET,^/version,close'
}

test_hangs_up_in_head()
{
	fails 69 "$hung_up" 'GET,^/version,say,HTTP'
}

test_hangs_up_in_body()
{
	fails 69 "$hung_up" 'GET,^/version,body'
}

# chunks PATH TEXT: what is said is said in chunks, of which these are the first
chunks()
{
	fails 69 "$hung_up" "GET,$1,say,HTTP/1.1 200 OK\r\n\
Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n$2"
}

test_hangs_up_in_a_chunk()
{
	chunks ^/version '100\r\n{"ApiVersion":' &&
	chunks /containers/json '100\r\n[{"Id":'
}

test_hangs_up_after_a_chunk()
{
	chunks ^/version '4\r\n{   \r\n' &&
	chunks /containers/json '4\r\n[   \r\n'
}

test_chunks_that_are_none()
{
	chunks ^/version 'x\r\n{}\r\n0\r\n\r\n' &&
	chunks /containers/json 'ffffffffffffffffff\r\n[]\r\n0\r\n\r\n'
}

test_no_http()
{
	fails 69 "$hung_up" 'GET,^/version,say,220 hello\r\n'
}

test_no_version()
{
	fails 69 'no version' 'GET,^/version,drop,ApiVersion'
}

test_too_old()
{
	fails 69 'too old' 'GET,^/version,set,ApiVersion="1.40"'
}

test_too_new()
{
	fails 69 'too new' 'GET,^/version,set,MinAPIVersion="1.99"'
}

test_endless_answer()
{
	fails 76 'too large' 'GET,^/version,endless'
}

test_endless_head()
{
	fails 76 'too large' 'GET,^/version,heads'
}

test_deep_answer()
{
	fails 76 "$malformed" 'GET,/containers/json,deep'
}

test_slow_answer()
{
	fails 69 'no version' 'GET,^/version,slow'
}

test_error_is_one_line()
{
	fails 69 'no luck' 'GET,^/version,status,500'
}

test_list_hangs_up()
{
	fails 69 "$hung_up" 'GET,/containers/json,close'
}

test_volume_hangs_up()
{
	fails 69 "$hung_up" 'POST,/volumes/create,close'
}

test_volume_made_unseen()
{
	fails 69 "$hung_up" 'POST,/volumes/create,later'
}

test_network_internal()
{
	fails 78 'Internal is true' 'GET,/networks/,set,Internal=true'
}

test_network_not_ours()
{
	fails 78 'enable_icc is missing' 'GET,/networks/,set,Options={}'
}

test_image_missing()
{
	fails 69 'run claudesec build' \
	    'GET,/images/claudesec/claude,status,404'
}

test_image_without_id()
{
	fails 76 'no id' 'GET,/images/claudesec/claude,set,Id="../../x"'
}

test_import_fails()
{
	fails 69 'import the image of proxyd: no luck' \
	    'GET,/images/claudesec/proxyd,status,404' \
	    'POST,/images/create,status,500'
}

test_import_runs_full()
{
	fails 74 'no space' 'GET,/images/claudesec/proxyd,status,404' \
	    'POST,/images/create,say,HTTP/1.1 200 OK\r\n\r\n{"error":"no space"}'
}

test_container_id_is_a_path()
{
	fails 76 'no id' 'POST,/containers/create,set,Id="../images/prune"'
}

test_container_made_unseen()
{
	fails 69 "$hung_up" 'POST,/containers/create.*work$,later'
}

test_proxy_made_unseen()
{
	fails 69 "$hung_up" 'POST,/containers/create.*-proxy$,later'
}

test_name_taken()
{
	fails 73 'another container claude-work' \
	    'POST,/containers/create,status,409'
}

test_privileged()
{
	fails 76 'Privileged is true' \
	    'GET,/containers/.{64}/json,set,HostConfig.Privileged=true'
}

test_capabilities_kept()
{
	fails 76 'CapDrop is null' \
	    'GET,/containers/.{64}/json,set,HostConfig.CapDrop=null'
}

test_seccomp_dropped()
{
	fails 76 'SecurityOpt is' 'GET,/containers/.{64}/json,set,HostConfig.SecurityOpt=["no-new-privileges"]'
}

test_another_mount()
{
	fails 76 'Mounts is' 'GET,/containers/.{64}/json,set,Mounts.0={}'
}

test_runtime_missing()
{
	more='runtime "nonesuch"'
	fails 69 '[Rr]untime' GET,/none,close
	more=
}

test_another_runtime()
{
	more='runtime "io.containerd.runc.v2"'
	fails 76 'Runtime is "runc"' \
	    'GET,/containers/.{64}/json,set,HostConfig.Runtime="runc"'
	more=
}

test_another_user()
{
	fails 76 'User is' 'GET,/containers/.{64}/json,set,Config.User="0:0"'
}

# This machine may have neither: the engine says that it has.
test_apparmor_unconfined()
{
	set -- 'GET,/info$,set,SecurityOptions=["name=apparmor"]'
	fails 76 'AppArmorProfile is "unconfined"' "$@" \
	    'GET,/containers/.{64}/json,set,AppArmorProfile="unconfined"' &&
	fails 76 'AppArmorProfile is ""' "$@" \
	    'GET,/containers/.{64}/json,set,AppArmorProfile=""' &&
	fails 76 'SecurityOpt is' "$@" \
	    'GET,/containers/.{64}/json,set,HostConfig.SecurityOpt.1=null'
}

test_selinux_disabled()
{
	set -- 'GET,/info$,set,SecurityOptions=["name=selinux"]'
	fails 76 'ProcessLabel is ""' "$@" \
	    'GET,/containers/.{64}/json,set,ProcessLabel=""' &&
	fails 76 'ProcessLabel is "u:r:spc_t:s0"' "$@" \
	    'GET,/containers/.{64}/json,set,ProcessLabel="u:r:spc_t:s0"'
}

# runs FAULT ...: a session runs all the same; what is confirmed is in out
runs()
{
	up "$@" || { why "it does not start"; return; }
	run start -d
	[ $got -eq 0 ] || { why "status $got"; return; }
	run_verbose
	run stop -a
	down
	clean || why "something is left"
}

run_verbose()
{
	(cd "$work" && timeout 60 "$claudesec" -v -s "$tmp/sock" status) \
	    </dev/null >"$tmp/verbose" 2>"$tmp/err"
}

test_apparmor_is_asked_for()
{
	# an engine without it forgets of it when it starts the container
	runs 'GET,/info$,set,SecurityOptions=["name=apparmor"]' \
	    'GET,/containers/.{64}/json,set,AppArmorProfile="docker-default"' ||
	    return
	if ! grep -q '^work	label	docker-default$' "$tmp/verbose" ||
	    grep -q 'lacks	a label' "$tmp/verbose"; then
		why "confirmed: $(cat "$tmp/verbose")"
	fi
}

test_selinux_label_is_there()
{
	runs 'GET,/info$,set,SecurityOptions=["name=selinux"]' \
	    'GET,/containers/.{64}/json,set,ProcessLabel="u:r:container_t:s0"' ||
	    return
	grep -q '^work	label	.*u:r:container_t:s0$' "$tmp/verbose" ||
	    why "confirmed: $(cat "$tmp/verbose")"
}

test_status_shows_what_is_confirmed()
{
	runs 'GET,/info$,set,SwapLimit=false' || return
	grep -q '^work	seccomp	claudesec$' "$tmp/verbose" &&
	    grep -q '^work	capabilities	none$' "$tmp/verbose" &&
	    grep -q '^-	lacks	a bound of swap$' "$tmp/verbose" ||
	    why "confirmed: $(cat "$tmp/verbose")"
}

# And none of the engine is made up, when there is no session either.
test_status_without_a_word_of_the_engine()
{
	up 'GET,/info$,close' || { why "it does not start"; return; }
	run_verbose
	[ "$(cat "$tmp/verbose")" = "-	lacks	-" ] ||
	    { why "it says: $(cat "$tmp/verbose")"; return; }
	down
	up || return
	run_verbose
	grep -q '^-	lacks	.*user namespace' "$tmp/verbose" &&
	    ! grep -q 'a bound of memory' "$tmp/verbose" ||
	    why "it says: $(cat "$tmp/verbose")"
}

test_info_hangs_up()
{
	fails 69 "$hung_up" 'GET,/info$,close'
}

test_info_malformed()
{
	fails 76 "$malformed" 'GET,/info$,say,HTTP/1.1 200 OK\r\n\r\n{]'
}

test_inspect_fails()
{
	fails 69 'look at the .*no luck' 'GET,/containers/.{64}/json,status,500'
}

test_attach_hangs_up()
{
	fails 69 "$hung_up" 'POST,/attach,close'
}

test_attach_hangs_up_in_head()
{
	fails 69 "$hung_up" 'POST,/attach,half'
}

test_attach_refused()
{
	fails 69 'no luck' 'POST,/attach,status,500'
}

test_attach_head_without_end()
{
	fails 69 "$hung_up" 'POST,/attach,heads'
}

# These two are told of the proxy's stream alone, which has no detach keys: the
# client would see that its own is malformed, and might be first.
test_proxy_stream_malformed()
{
	fails 69 'the proxy of the session' \
	    'POST,/attach.*stderr=1$,say,HTTP/1.1 101 X\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxx'
}

test_proxy_stream_lies()
{
	fails 69 'the proxy of the session' \
	    'POST,/attach.*stderr=1$,say,HTTP/1.1 101 X\r\n\r\n\x01\x00\x00\x00\x00\x00\x00\x0bok\nserving\n'
}

test_start_fails()
{
	fails 69 'no luck' 'POST,/start$,status,500'
}

test_start_hangs_up()
{
	fails 69 "$hung_up" 'POST,/start$,close'
}

# Another session's agent puts something else in the place of what was looked
# at, once it is in the agent's container, before that mounts it.
test_what_was_looked_at_is_swapped()
{
	mkdir "$work/.idea" "$work/evil" || return 1
	up "POST,/attach.*detachKeys,run,cd $work && mv .idea was &&
	    mv evil .idea" || { why "it does not start"; return; }
	run shell -- echo started
	[ -d "$work/was" ]
	_swapped=$?
	rm -rf "$work/.idea" "$work/was" "$work/evil"
	if [ $_swapped -ne 0 ]; then
		why "nothing was swapped"
	elif [ $got -ne 71 ] || [ -s "$tmp/out" ]; then
		why "status $got, not 71: $(cat "$tmp/out")"
	elif ! grep -qx "inside: /workspace/.idea: not what was looked at" \
	    "$tmp/err"; then
		why "it says: $(head -n 1 "$tmp/err")"
	else
		down
		clean || why "something is left"
	fi
}

test_wait_hangs_up()
{
	fails 69 "$hung_up" 'POST,/wait$,close'
}

test_wait_without_status()
{
	fails 76 'no status' 'POST,/wait$,set,StatusCode="x"'
}

# What cannot be removed does not hold the client up, and goes later.
test_remove_fails()
{
	up 'DELETE,/containers/,status,500' || {
		why "it does not start"
		return
	}
	run shell -- sh -c 'exit 3'
	if [ $got -ne 3 ]; then
		why "status $got, not 3"
	elif nothing_left; then
		why "the fault did not work"
	elif ! clean; then
		why "something is left"
	fi
}

# next_own: a directory for the next private daemon: the one before stays for
# some seconds, and would be in the way
next_own()
{
	asked=$((asked + 1))
	own=$tmp/own.$asked
	mkdir "$own" && chown nobody "$own" && chmod 700 "$own"
}

no_daemons()
{
	! ls "$tmp"/*/claudesec/sock
}

# found STATUS MESSAGE CONFIGURATION [NAME=value ...]: what a private daemon of
# somebody's says who may not use the system's engine
found()
{
	want=$1
	message=$2
	echo "$3" >"$tmp/conf"
	shift 3
	(cd / && exec timeout 60 setpriv --reuid nobody --clear-groups \
	    env -i PATH="$PATH" XDG_RUNTIME_DIR="$own" "$@" \
	    "$claudesec" -f "$tmp/conf" status) </dev/null >"$tmp/out" \
	    2>"$tmp/err"
	got=$?
	next_own
	: >"$tmp/log"
	if [ $got -ne "$want" ]; then
		why "status $got, not $want"
	elif [ "$(sed 's/^claudesec: //' "$tmp/err")" != "$message" ]; then
		why "it says: $(head -n 1 "$tmp/err")"
	fi
}

# context NAME JSON: of Docker's client
file_of()
{
	echo "$tmp/docker/contexts/meta/$(printf %s "$1" | sha256sum |
	    cut -d ' ' -f 1)/meta.json"
}

context()
{
	mkdir -p "$(dirname "$(file_of "$1")")" &&
	    printf %s "$2" >"$(file_of "$1")"
}

host()
{
	printf '{"Name":"x","Endpoints":{"docker":{"Host":"%s"}}}' "$1"
}

no="cannot reach the container engine at"
not="No such file or directory"

test_engine_of_the_environment()
{
	context one "$(host unix:///none/one)"
	context two "$(host unix:///none/two)"
	echo '{"auths":{}, "currentContext":"one"}' >"$tmp/docker/config.json"
	set -- "DOCKER_CONFIG=$tmp/docker"
	found 69 "$no /none/conf: $not" 'engine "unix:///none/conf"' "$@" \
	    DOCKER_HOST=unix:///none/env &&
	found 69 "$no /none/env: $not" '' "$@" DOCKER_CONTEXT=two \
	    DOCKER_HOST=unix:///none/env &&
	found 69 "$no /none/two: $not" '' "$@" DOCKER_CONTEXT=two &&
	found 69 "$no /none/one: $not" '' "$@" DOCKER_HOST=
}

test_engine_of_the_environment_that_cannot_be()
{
	context bad '{"Endpoints":[]'
	context deep "$(printf '[%.0s' $(seq 10000))"
	context none '{"Endpoints":{"docker":{"Host":1}}}'
	echo '{}' >"$tmp/docker/config.json"
	far="tcp://h:2376: without TLS and certificates whoever reaches it is \
root there; name their directory by tls in claudesec.conf, or by \
DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"
	neither="neither unix:///path, nor tcp://host:port, nor ssh://user@host"
	while IFS='|' read -r env message; do
		found 78 "$message" '' "DOCKER_CONFIG=$tmp/docker" "$env" ||
		    return
	done <<-END || return
		DOCKER_HOST=tcp://h:2376|DOCKER_HOST $far
		DOCKER_HOST=npipe://x|DOCKER_HOST npipe://x: $neither
		DOCKER_CONTEXT=nil|docker context nil: there is none of the name
		DOCKER_CONTEXT=none|docker context none: it has no host
		DOCKER_CONTEXT=bad|$(file_of bad): not JSON
		DOCKER_CONTEXT=deep|$(file_of deep): not JSON
	END
	chmod 666 "$tmp/docker/config.json"
	found 78 "$tmp/docker/config.json: everybody can write to it" '' \
	    "DOCKER_CONFIG=$tmp/docker"
}

# What a user's own Docker or podman leaves there is found.
test_engine_is_found()
{
	found 77 "cannot reach a container engine where they usually are, \
first /var/run/docker.sock: Permission denied" '' || return
	for sock in docker.sock podman/podman.sock; do
		rm -f "$tmp/up"
		mkdir "$own/podman" && chmod 755 "$own/podman"
		python3 "$here/fault.py" "$own/$sock" "${engine#unix://}" \
		    >"$tmp/up" 2>"$tmp/fault.err" &
		fault=$!
		wait_for 60 grep -q listening "$tmp/up" &&
		    chmod 666 "$own/$sock" ||
		    { why "no engine for $sock"; return; }
		found 0 '' '' || return
		down
	done
}

# with ENGINE COMMAND ...: a client of one user whose environment names this one
with()
{
	_engine=$1
	shift
	(cd "$work" && XDG_RUNTIME_DIR=$tmp/mine DOCKER_HOST=$_engine \
	    timeout 120 "$claudesec" -f "$tmp/conf" "$@") </dev/null \
	    >"$tmp/out" 2>"$tmp/err"
	got=$?
}

# says STATUS LINE: of the one before
says()
{
	: >"$tmp/log"
	[ "$got" -eq "$1" ] && [ "$(cat "$tmp/err")" = "${2:+claudesec: $2}" ] ||
	    why "status $got: $(cat "$tmp/err")"
}

# A daemon in use stays with its engine, and others make way.
test_engine_of_another_environment()
{
	echo 'credentials none' >"$tmp/conf"
	mkdir -m 700 "$tmp/mine" || return
	with unix:///none/a build
	says 69 "$no /none/a: $not" || return
	with unix:///none/b build
	says 69 "$no /none/b: $not" || return
	with "$engine" start -d
	says 0 '' || return
	with unix:///none/d start -d
	says 69 "your daemon is in use, and found its container engine with \
DOCKER_HOST=$engine: do likewise, or end its sessions by claudesec stop -a"
	_said=$?
	with unix:///none/d stop -t 0 -a
	says 0 '' && [ $_said -eq 0 ] || return
	with unix:///none/d build
	says 69 "$no /none/d: $not"
}

# They have nothing to do.
test_private_daemons_end()
{
	wait_for 60 no_daemons || why "they stay"
}

# The system daemon has only its configuration.
test_engine_of_the_system_daemon()
{
	echo 'credentials none' >"$tmp/conf"
	rm -f "$tmp/log"
	DOCKER_HOST=unix:///none/env "$claudesec" -d -f "$tmp/conf" \
	    -s "$tmp/sock" 2>"$tmp/log" &
	daemon=$!
	wait_for 60 grep -q "takes clients" "$tmp/log"
	run status
	[ $got -eq 0 ] || why "it says: $(cat "$tmp/err")"
}

# It takes half a minute, beside the others if there are any.
test_no_answer()
{
	fails 69 'does not answer' 'GET,/images/claudesec/claude,stall'
}

[ -x "$claudesec" ] || {
	echo "engine: $claudesec is not there: see regress/run" >&2
	exit 1
}
next_own || exit 1
if [ $# -eq 0 ]; then
	CLAUDESEC_WORK=idle sh "$0" test_no_answer >"$tmp/slow" 2>&1 &
	slow=$!
	set -- $(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$0" |
	    grep -v test_no_answer)
fi
for this; do
	if $this; then
		echo "ok $this"
	else
		status=1
	fi
	down
done
if [ -n "$slow" ]; then
	wait "$slow" || status=1
	slow=
	cat "$tmp/slow"
fi
exit $status
