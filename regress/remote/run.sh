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


# run.sh [case ...]: container engines on other machines, by TLS and by ssh.
# The engine is the suite's own dockerd, with an image of busybox, and so are
# the certificates, the sshd, and its keys, in a network of their own.

set -u
[ "${1-}" = -n ] || exec unshare -n -- sh "$0" -n "$@"
shift
ip link set lo up || exit 1
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/../.." && pwd) || exit 1
prefix=${CLAUDESEC_PREFIX-$(cd "$top/.." && pwd)/inst}
claudesec=$prefix/bin/claudesec
. "$top/regress/cases.sh"
tmp=$(mktemp -d /tmp/claudesec-remote.XXXXXX) || exit 1
chmod 755 "$tmp"
mkdir "$tmp/work" "$tmp/data" "$tmp/run" "$tmp/docker" || exit 1
chmod 700 "$tmp/run"
engine=
sshd=
fakes=
ran=0
status=0
unset DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_CERT_PATH \
    DOCKER_TLS_VERIFY SSH_AUTH_SOCK

finish()
{
	for _p in $fakes $sshd $engine; do
		kill "$_p" 2>/dev/null
		wait "$_p" 2>/dev/null
	done
	_c=$(cat "$tmp/exec/containerd/containerd.pid" 2>/dev/null)
	[ -z "$_c" ] || wait_for 20 ended "$_c"
	for _d in "$tmp/data" "$tmp"/exec/netns/*; do
		umount "$_d" 2>/dev/null
	done
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

ended()
{
	! kill -0 "$1"
}

# certificate NAME CA EXTENSIONS [DAYS]: and its key
certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj "/CN=$1" -keyout "$tmp/$1.key" -out "$tmp/$1.csr" &&
	    printf '%s\n' "$3" >"$tmp/$1.ext" &&
	    openssl x509 -req -in "$tmp/$1.csr" -CA "$tmp/$2.pem" \
	    -CAkey "$tmp/$2.key" -CAcreateserial -days "${4-2}" \
	    -extfile "$tmp/$1.ext" -out "$tmp/$1.pem"
} >/dev/null 2>&1

authority()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 2 -subj "/CN=$1" -keyout "$tmp/$1.key" -out "$tmp/$1.pem" \
	    >/dev/null 2>&1
}

# directory NAME CA CERTIFICATE: as Docker's client has it
directory()
{
	mkdir -p "$tmp/$1" && cp "$tmp/$2.pem" "$tmp/$1/ca.pem" &&
	    cp "$tmp/$3.pem" "$tmp/$1/cert.pem" &&
	    cp "$tmp/$3.key" "$tmp/$1/key.pem" && chmod 600 "$tmp/$1/key.pem"
}

certificates_up()
{
	_server="subjectAltName=IP:127.0.0.1,DNS:localhost"
	authority ca && authority other && certificate server ca "$_server" &&
	    certificate old ca "$_server" 0 &&
	    certificate wrong ca subjectAltName=DNS:engine.example.org &&
	    certificate client ca extendedKeyUsage=clientAuth &&
	    certificate stranger other extendedKeyUsage=clientAuth &&
	    directory certs ca client && directory strange ca stranger &&
	    directory distrust other client
}

engine_up()
{
	port=$((20000 + $$ % 10000))
	dockerd -H "unix://$tmp/docker.sock" -H "tcp://127.0.0.1:$port" \
	    --tlsverify --tlscacert "$tmp/ca.pem" --tlscert "$tmp/server.pem" \
	    --tlskey "$tmp/server.key" --data-root "$tmp/data" \
	    --exec-root "$tmp/exec" --pidfile "$tmp/docker.pid" \
	    --bridge none --iptables=false >"$tmp/docker.log" 2>&1 &
	engine=$!
	url=tcp://127.0.0.1:$port
	wait_for 60 docker -H "unix://$tmp/docker.sock" version &&
	    mkdir -p "$tmp/image/bin" &&
	    cp "$(command -v busybox)" "$tmp/image/bin/" &&
	    for _name in sh cat dd sleep wc; do
		ln -s busybox "$tmp/image/bin/$_name" || return 1
	    done &&
	    tar -C "$tmp/image" -c . |
	    docker -H "unix://$tmp/docker.sock" import - box >/dev/null
}

# Who logs in has Docker's client, and the suite's engine for its own.
sshd_up()
{
	sshport=$((port + 1))
	mkdir -p /run/sshd "$tmp/home/.ssh" && chmod 700 "$tmp/home/.ssh"
	for _k in host user stranger; do
		ssh-keygen -q -t ed25519 -N "" -f "$tmp/key.$_k" || return 1
	done
	cp "$tmp/key.user.pub" "$tmp/authorized"
	echo "Welcome to all who have read this" >"$tmp/banner"
	cat >"$tmp/sshd.conf" <<-END
		ListenAddress 127.0.0.1
		Port $sshport
		HostKey $tmp/key.host
		AuthorizedKeysFile $tmp/authorized
		PermitRootLogin prohibit-password
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		StrictModes no
		UsePAM no
		Banner $tmp/banner
		PidFile none
		SetEnv DOCKER_HOST=unix://$tmp/docker.sock
	END
	"$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$tmp/sshd.conf" \
	    -E "$tmp/sshd.log" &
	sshd=$!
	# ssh(1) has its files where the passwd entry says
	mkdir "$tmp/bin" && cat >"$tmp/bin/ssh" <<-END &&
		#!/bin/sh
		echo "\$*" >>"$tmp/ssh.args"
		exec $(command -v ssh) -F "$tmp/ssh.conf" "\$@"
	END
	    chmod 755 "$tmp/bin/ssh"
	ssh_conf "$tmp/key.user" "$tmp/key.host.pub"
	wait_for 60 grep -q listening "$tmp/sshd.log"
}

# ssh_conf KEY HOSTKEY: what the user's ssh has
ssh_conf()
{
	echo "[127.0.0.1]:$sshport $(cut -d ' ' -f 1,2 "$2")" >"$tmp/known"
	cat >"$tmp/ssh.conf" <<-END
		IdentityFile $1
		IdentitiesOnly yes
		UserKnownHostsFile $tmp/known
		GlobalKnownHostsFile /dev/null
	END
}

# fake MODE ...: its port is in fakeport
fake()
{
	: >"$tmp/port"
	python3 "$here/fake.py" "$@" >"$tmp/port" 2>/dev/null &
	fake=$!
	fakes="$fakes $fake"
	wait_for 60 grep -q . "$tmp/port" && fakeport=$(cat "$tmp/port")
}

# cs CONFIGURATION COMMAND ...: a private daemon of its own each time, which
# goes when it has nothing to do; nobody waits for that here
cs()
{
	ran=$((ran + 1))
	mkdir -m 700 "$tmp/run/$ran"
	echo "$1" >"$tmp/conf"
	shift
	(cd "$tmp/work" && PATH=$tmp/bin:$PATH XDG_RUNTIME_DIR=$tmp/run/$ran \
	    HOME=$tmp/home DOCKER_CONFIG=${DOCKER_CONFIG-$tmp/docker} \
	    timeout 60 "$claudesec" -f "$tmp/conf" "$@") \
	    </dev/null >"$tmp/out" 2>"$tmp/err"
	got=$?
}

no_daemons()
{
	! ls "$tmp"/run/*/claudesec/sock
}

# says STATUS MESSAGE CONFIGURATION [COMMAND ...]
says()
{
	_status=$1
	_message=$2
	_conf=$3
	shift 3
	[ $# -gt 0 ] || set -- status
	cs "$_conf" "$@" && equal status $got "$_status" &&
	    equal message "$(sed 's/^claudesec: //' "$tmp/err")" "$_message"
}

# cannot MESSAGE URL DIRECTORY
cannot()
{
	says 69 "cannot reach the container engine at $2: $1" \
	    "engine \"$2\" tls \"$3\""
}

stream()
{
	PATH=$tmp/bin:$PATH timeout 300 "$tmp/stream" "$claudesec" "$@"
}

# Those who are done with have no process any more.
streams_end()
{
	wait_for 60 no_streams || because "a process is left: $(pgrep -af \
	    'claudesec: stream')"
}

no_streams()
{
	! pgrep -f 'claudesec: stream' && ! pgrep -f "ssh -F $tmp"
}

#
# TLS
#

test_tls_engine()
{
	says 0 '' "engine \"$url\" tls \"$tmp/certs\"" &&
	    says 0 '' "engine \"tcp://localhost:$port/\" tls \"$tmp/certs\""
}

test_tls_of_the_environment()
{
	export DOCKER_HOST="$url"
	DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=$tmp/certs says 0 '' '' &&
	    DOCKER_TLS_VERIFY=1 DOCKER_CONFIG=$tmp/certs says 0 '' ''
	_rc=$?
	unset DOCKER_HOST
	return $_rc
}

test_tls_context()
{
	export DOCKER_CONFIG="$tmp/docker"
	docker context create far --docker "host=$url,ca=$tmp/certs/ca.pem,\
cert=$tmp/certs/cert.pem,key=$tmp/certs/key.pem" >/dev/null 2>&1 &&
	    docker context create open --docker "host=$url,\
skip-tls-verify=true,ca=$tmp/certs/ca.pem,cert=$tmp/certs/cert.pem,key=$tmp/certs/key.pem" \
	    >/dev/null 2>&1 || because "no context"
	DOCKER_CONTEXT=far says 0 '' '' &&
	    DOCKER_CONTEXT=open says 78 "docker context open $url: $naked" '' &&
	    docker context use far >/dev/null 2>&1 &&
	    says 69 "$elsewhere" '' start
	_rc=$?
	unset DOCKER_CONFIG
	return $_rc
}

naked="without TLS and certificates whoever reaches it is root there; name \
their directory by tls in claudesec.conf, or by DOCKER_TLS_VERIFY=1 and \
DOCKER_CERT_PATH"

# That of the loopback as well: it is all local users' then.
test_tls_is_wanted()
{
	DOCKER_HOST=$url says 78 "DOCKER_HOST $url: $naked" '' &&
	    DOCKER_HOST=$url DOCKER_TLS_VERIFY= DOCKER_CERT_PATH=$tmp/certs \
	    says 78 "DOCKER_HOST $url: $naked" '' &&
	    says 78 "$tmp/conf:1: engine: $naked: \"$url\"" "engine \"$url\""
}

test_tls_certificate_of_the_engine()
{
	cannot "its certificate does not verify by ca.pem: unable to get \
local issuer certificate" "$url" "$tmp/distrust" &&
	    fake engine "$tmp/old.pem" "$tmp/old.key" &&
	    cannot "its certificate has expired" \
	    "tcp://127.0.0.1:$fakeport" "$tmp/certs" &&
	    fake engine "$tmp/wrong.pem" "$tmp/wrong.key" &&
	    cannot "its certificate is not for 127.0.0.1, but for another name" \
	    "tcp://127.0.0.1:$fakeport" "$tmp/certs" &&
	    cannot "its certificate is not for localhost, but for another name" \
	    "tcp://localhost:$fakeport" "$tmp/certs"
}

test_tls_certificate_of_ours()
{
	says 77 "cannot reach the container engine at $url: it does not take \
cert.pem: sslv3 alert bad certificate" "engine \"$url\" tls \"$tmp/strange\""
}

# file MESSAGE COMMAND ...: of a directory that was right before that
file()
{
	rm -rf "$tmp/some" && cp -Rp "$tmp/certs" "$tmp/some" || return 1
	_message=$1
	shift
	(cd "$tmp/some" && "$@") >/dev/null 2>&1
	_code=78
	says $_code "cannot reach the container engine at $url: \
$tmp/some/$_message" "engine \"$url\" tls \"$tmp/some\""
}

test_tls_files()
{
	file "ca.pem: No such file or directory" rm ca.pem &&
	    file "cert.pem: No such file or directory" rm cert.pem &&
	    file "key.pem: No such file or directory" rm key.pem &&
	    file "key.pem: others have access to it, its mode must be 0600" \
	    chmod 640 key.pem &&
	    file "ca.pem: everybody can write to it" chmod 666 ca.pem &&
	    file "ca.pem: no certificate of an authority" \
	    cp key.pem ca.pem &&
	    file "cert.pem: no certificate" cp key.pem cert.pem &&
	    file "key.pem: no key" cp cert.pem key.pem &&
	    file "key.pem: not the key of cert.pem" \
	    cp "$tmp/stranger.key" key.pem &&
	    file "key.pem: has a passphrase, which nobody can be asked for" \
	    openssl pkey -aes128 -passout pass:abcd -in "$tmp/client.key" \
	    -out key.pem &&
	    file "key.pem: not a file of certificates or a key" \
	    truncate -s 0 key.pem
}

test_tls_servers_that_are_no_engine()
{
	fake close || return 1
	cannot "TLS: it hung up" "tcp://127.0.0.1:$fakeport" "$tmp/certs" &&
	    fake plain &&
	    cannot "TLS: it does not speak it" \
	    "tcp://127.0.0.1:$fakeport" "$tmp/certs" &&
	    fake garbage &&
	    cannot "TLS: it does not speak it" \
	    "tcp://127.0.0.1:$fakeport" "$tmp/certs" || return 1
	for _mode in other endless; do
		fake $_mode "$tmp/server.pem" "$tmp/server.key" &&
		    cannot "what answers there is no container engine" \
		    "tcp://127.0.0.1:$fakeport" "$tmp/certs" || return 1
	done
	kill $fake
	wait $fake 2>/dev/null
	cannot "Connection refused" "tcp://127.0.0.1:$fakeport" \
	    "$tmp/certs" &&
	    cannot "Temporary failure in name resolution" \
	    tcp://nonesuch.invalid \
	    "$tmp/certs"
}

# Both at a time, as each takes ten seconds.
test_tls_servers_that_stall()
{
	fake stall || return 1
	stream "tcp://127.0.0.1:$fakeport" "$tmp/certs" </dev/null \
	    2>"$tmp/stall" &
	_pid=$!
	fake silent "$tmp/server.pem" "$tmp/server.key" &&
	    stream "tcp://127.0.0.1:$fakeport" "$tmp/certs" </dev/null \
	    2>"$tmp/silent"
	equal status $? 69 && equal message "$(cat "$tmp/silent")" \
	    "stream: no answer" || return 1
	wait $_pid
	equal status $? 69 && equal message "$(cat "$tmp/stall")" \
	    "stream: TLS: no answer"
}

#
# What is of the same kind by both ways: the container's `sh' with a stream.
#

# box COMMAND: a container with it that is to be attached to
box()
{
	box=$(docker -H "unix://$tmp/docker.sock" create -i --network none \
	    box sh -c "$1")
}

# attach URL [DIRECTORY]: standard input to it, and its frames' text back
attach()
{
	{
		printf 'POST /v1.41/containers/%s/attach%s HTTP/1.1\r\n' \
		    "$box" '?stream=1&stdin=1&stdout=1'
		printf 'Host: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'
		# what comes with the request is lost on the engine
		wait_for 60 grep -aq UPGRADED "$tmp/raw"
		cat
	} | stream "$@" >"$tmp/raw"
}

# What follows the head, without the frames'.
text()
{
	python3 -c '
import sys
head, data = open(sys.argv[1], "rb").read().split(b"\r\n\r\n", 1)
while data:
    n = int.from_bytes(data[4:8], "big")
    sys.stdout.buffer.write(data[8:8 + n])
    data = data[8 + n:]' "$tmp/raw"
}

# begin: the container, when somebody is attached to it
begin()
{
	wait_for 60 grep -aq UPGRADED "$tmp/raw"
	docker -H "unix://$tmp/docker.sock" start "$box" >/dev/null
}

# Input ends, and what is counted then still comes back; and as much comes back
# though there is none.
carries()
{
	: >"$tmp/raw"
	box 'wc -c; echo done' || return 1
	begin &
	dd if=/dev/zero bs=1M count=20 2>/dev/null | attach "$@"
	equal "bytes" "$(text)" "$(printf '20971520\ndone')" || return 1
	: >"$tmp/raw"
	box 'dd if=/dev/zero bs=1M count=20 2>/dev/null' || return 1
	begin &
	attach "$@" </dev/null
	equal "bytes back" "$(text | wc -c)" 20971520 && streams_end
}

# Who does not read is waited for, with little in between.
holds()
{
	box 'dd if=/dev/zero bs=1M count=200 2>/dev/null' || return 1
	{
		printf 'POST /v1.41/containers/%s/attach%s HTTP/1.1\r\n' \
		    "$box" '?stream=1&stdout=1'
		printf 'Host: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'
	} >"$tmp/request"
	mkfifo "$tmp/fifo"
	stream "$@" <"$tmp/request" >"$tmp/fifo" &
	exec 7<"$tmp/fifo"
	dd bs=16 count=1 <&7 >/dev/null 2>&1
	docker -H "unix://$tmp/docker.sock" start "$box" >/dev/null
	wait_for 60 is_full || because "it is never full"
	_rss=$(for _p in $(pgrep -f 'claudesec: stream'); do
		sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$_p/status"
	done | sort -n | tail -n 1)
	exec 7<&-
	rm -f "$tmp/fifo"
	docker -H "unix://$tmp/docker.sock" rm -f "$box" >/dev/null 2>&1
	[ "${_rss:-100000}" -lt 20000 ] || because "memory: $_rss kB"
}

# What waits for the one that does not read is no more and no less.
is_full()
{
	_before=$_now
	_now=$(cat /proc/$(pgrep -f 'claudesec: stream')/io 2>/dev/null |
	    sed -n 's/^rchar: //p')
	[ "$_now" -gt 65536 ] && sleep 0.3 && [ "$_now" = "$_before" ]
}

# confined PIDS: the process for a stream has a filter
confined()
{
	[ -n "$*" ] || because "there is no process" || return 1
	for _p; do
		grep -q '^Seccomp:.*2$' "/proc/$_p/status" ||
		    because "a stream has no filter" || return 1
	done
}

test_tls_stream()
{
	_now=
	streams_end && carries "$url" "$tmp/certs" && holds "$url" "$tmp/certs"
}

# attached URL [DIRECTORY]: somebody is, to what says what it hears
attached()
{
	: >"$tmp/raw"
	rm -f "$tmp/fifo"
	streams_end && box cat && mkfifo "$tmp/fifo" || return 1
	docker -H "unix://$tmp/docker.sock" start "$box" >/dev/null
	attach "$@" <"$tmp/fifo" &
	_attach=$!
	exec 7>"$tmp/fifo"
	echo hello >&7
	wait_for 60 grep -aq hello "$tmp/raw" || because "nothing came"
	confined $(pgrep -f 'claudesec: stream')
}

# A hijacked stream ends, for its reader, with its connection.
is_cut()
{
	wait_for 60 no_reader || because "it goes on"
	exec 7>&-
	wait $_attach
	docker -H "unix://$tmp/docker.sock" rm -f "$box" >/dev/null 2>&1
	streams_end
}

test_tls_cut()
{
	fake relay "$port" &&
	    attached "tcp://127.0.0.1:$fakeport" "$tmp/certs" || return 1
	kill -9 $fake
	is_cut
}

no_reader()
{
	! pgrep -f "$tmp/stream"
}

#
# ssh
#

test_ssh_engine()
{
	: >"$tmp/ssh.args"
	export DOCKER_HOST="ssh://root@127.0.0.1:$sshport"
	says 0 '' '' &&
	    equal arguments "$(head -n 1 "$tmp/ssh.args")" "-Tax \
-oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15 \
-oClearAllForwardings=yes -oRemoteCommand=none -l root -p $sshport -- \
127.0.0.1 docker system dial-stdio"
	_rc=$?
	unset DOCKER_HOST
	return $_rc
}

# ssh_cannot MESSAGE
ssh_cannot()
{
	_far=ssh://root@127.0.0.1:$sshport
	says 69 "cannot reach the container engine at $_far: ssh: $1" \
	    "engine \"$_far\""
}

test_ssh_that_does_not_work()
{
	ssh_conf "$tmp/key.user" "$tmp/key.stranger.pub"
	ssh_cannot "Host key verification failed." || return 1
	ssh_conf "$tmp/key.stranger" "$tmp/key.host.pub"
	ssh_cannot "root@127.0.0.1: Permission denied (publickey)." || return 1
	ssh_conf "$tmp/key.user" "$tmp/key.host.pub"
	mv "$tmp/authorized" "$tmp/authorized.all"
	echo "command=\"echo no docker here >&2; exit 3\" \
$(cat "$tmp/key.user.pub")" >"$tmp/authorized"
	ssh_cannot "no docker here" || return 1
	echo "command=\"echo Welcome; cat\" $(cat "$tmp/key.user.pub")" \
	    >"$tmp/authorized"
	_far=ssh://root@127.0.0.1:$sshport
	says 69 "cannot reach the container engine at $_far: what answers \
there is no container engine" "engine \"$_far\"" || return 1
	mv "$tmp/authorized.all" "$tmp/authorized"
	says 69 "cannot reach the container engine at ssh://127.0.0.1:1: ssh: \
ssh: connect to host 127.0.0.1 port 1: Connection refused" \
	    'engine "ssh://127.0.0.1:1"' && streams_end
}

# A daemon of the system's has no user's keys.
test_ssh_of_the_system_daemon()
{
	echo 'engine "ssh://host"' >"$tmp/conf"
	timeout 60 "$claudesec" -d -f "$tmp/conf" -s "$tmp/sock" 2>"$tmp/err"
	equal status $? 78 && equal message "$(cat "$tmp/err")" "engine \
ssh://host: the system's daemon has no keys for ssh; name a tcp:// one"
}

test_ssh_stream()
{
	_now=
	streams_end && carries "ssh://root@127.0.0.1:$sshport" &&
	    holds "ssh://root@127.0.0.1:$sshport"
}

test_ssh_cut()
{
	attached "ssh://root@127.0.0.1:$sshport" || return 1
	kill -9 $(pgrep -f "ssh -F $tmp/ssh.conf")
	is_cut
}

#
# What a daemon does with one.
#

elsewhere()
{
	echo "the container engine at $1 is on another machine, which does \
not have this directory: name one of this machine, by DOCKER_HOST or engine \
in claudesec.conf"
}

test_start_is_refused()
{
	_tls="engine \"$url\" tls \"$tmp/certs\""
	says 69 "$(elsewhere "$url")" "$_tls" start -- -p hello &&
	    says 69 "$(elsewhere "$url")" "$_tls" start -r &&
	    says 69 "$(elsewhere "$url")" "$_tls" shell -- true &&
	    says 69 "no session runs here" "$_tls" logs &&
	    equal containers "$(docker -H "unix://$tmp/docker.sock" ps -aq \
	    --filter label=claudesec.session)" ''
}

# A daemon that runs has given up what it would need.
test_reload_to_another_machine()
{
	echo "engine \"unix://$tmp/docker.sock\"" >"$tmp/conf2"
	rm -f "$tmp/log"
	"$claudesec" -d -f "$tmp/conf2" -s "$tmp/sock" 2>"$tmp/log" &
	_pid=$!
	wait_for 60 grep -q 'takes clients' "$tmp/log" ||
	    because "no daemon: $(tail -n 1 "$tmp/log")"
	echo "engine \"$url\" tls \"$tmp/certs\"" >"$tmp/conf2"
	"$claudesec" -s "$tmp/sock" reload 2>"$tmp/err"
	equal status $? 78 && equal message "$(cat "$tmp/err")" "claudesec: \
engine $url: a daemon that runs keeps no right that its engine did not need; \
end it first"
	_rc=$?
	kill $_pid
	wait $_pid
	return $_rc
}

# Nothing but the names' files is needed, and nothing is seen of root's.
test_tls_of_the_system_daemon()
{
	echo "engine \"tcp://localhost:$port\" tls \"$tmp/certs\"" >"$tmp/conf2"
	rm -f "$tmp/log"
	"$claudesec" -d -f "$tmp/conf2" -s "$tmp/sock" 2>"$tmp/log" &
	_pid=$!
	wait_for 60 grep -q 'takes clients' "$tmp/log" ||
	    because "no daemon: $(tail -n 1 "$tmp/log")"
	"$claudesec" -s "$tmp/sock" status 2>"$tmp/err"
	equal status $? 0 && equal message "$(cat "$tmp/err")" '' &&
	    for _p in $(pgrep -P $_pid); do
		case $(tr '\0' ' ' <"/proc/$_p/cmdline") in
		*bridge*)
			equal uid "$(stat -c %U "/proc/$_p")" _claudesec ;;
		esac || return 1
	    done
	_rc=$?
	kill $_pid
	wait $_pid
	return $_rc
}

# Those of all the cases, which have nothing to do any more.
test_private_daemons_end()
{
	wait_for 60 no_daemons ||
	    because "they stay: $(ls "$tmp"/run/*/claudesec/sock)"
}

[ -x "$claudesec" ] || {
	echo "remote: $claudesec is not there: see regress/run" >&2
	exit 1
}
(cd "$here" && . ../flags.sh && cc_test -I../../claudesec -o "$tmp/stream" \
    stream.c ../../claudesec/imsg.c ../../claudesec/remote.c) || exit 1
certificates_up && engine_up && sshd_up || {
	echo "FAIL remote: no engine: $(tail -n 1 "$tmp/docker.log")"
	exit 1
}
elsewhere=$(elsewhere "$url")
[ $# -gt 0 ] || set -- $(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$0")
for this; do
	rm -f "$tmp/why"
	if $this && [ ! -e "$tmp/why" ]; then
		echo "ok $this"
	else
		echo "FAIL $this: $(head -n 1 "$tmp/why" 2>/dev/null)"
		cat "$tmp/err" >&2
		status=1
	fi
done
exit $status
