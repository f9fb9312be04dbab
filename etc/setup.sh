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


# What etc/install.sh and regress/run have in common, to be sourced: packages,
# users, the engine, the image.

engine_socket=/var/run/docker.sock
bundle=/etc/ssl/certs/ca-certificates.crt
build_packages="byacc gcc libbsd-dev libc6-dev libevent-dev libjansson-dev
    libssl-dev make pkg-config"
run_packages="ca-certificates curl fakechroot fakeroot mmdebstrap uidmap"
test_packages="chromium-headless-shell bmake bsdextrautils busybox-static
    catatonit clang fish git iproute2 iptables libc6-dbg mandoc musl-tools
    netavark openssh-server openssl podman procps python3 python3-pip
    qemu-user rootlesskit runc slirp4netns tmux valgrind wget zsh"
case $(uname -m) in
x86_64)	test_packages="$test_packages gcc-aarch64-linux-gnu
	    libc6-dev-arm64-cross" ;;
*)	test_packages="$test_packages gcc-x86-64-linux-gnu
	    libc6-dev-amd64-cross" ;;
esac

say()
{
	echo "$progname: $*" >&2
}

die()
{
	say "$*"
	exit 1
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo -- "$@"
	fi
}

has_package()
{
	[ "$(dpkg-query -Wf '${db:Status-Status}' "$1" 2>/dev/null)" = \
	    installed ]
}

# quietly COMMAND ...: what it says is shown if it fails
quietly()
{
	_log=$(mktemp) || exit 1
	"$@" >"$_log" 2>&1 </dev/null
	_status=$?
	[ $_status -eq 0 ] || tail -n 30 "$_log" >&2
	rm -f "$_log"
	return $_status
}

_lists=			# of packages: they are fresh

# packages NAME ...: installs those that are missing.  No service is started
# by this, engine_up does that.
packages()
{
	_new=
	for _p; do
		has_package "$_p" || _new="$_new $_p"
	done
	[ -n "$_new" ] || return 0
	command -v apt-get >/dev/null ||
	    die "this is not Debian; what is needed is called there:$_new"
	say "installing$_new"
	[ -n "$_lists" ] || quietly as_root apt-get -qq update ||
	    die "the lists of packages cannot be had"
	_lists=1
	quietly as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
	    apt-get -qq install --no-install-recommends $_new ||
	    die "these packages cannot be installed:$_new"
}

# packages_build [NAME ...]: with these.  Some site's choice of libcurl may be
# there already, the two exclude another.
packages_build()
{
	_curl=libcurl4-openssl-dev
	! has_package libcurl4-gnutls-dev || _curl=
	packages $build_packages $run_packages $_curl "$@"
}

# Those that root's processes become, and the directory that they see.
users()
{
	[ -d /var/empty ] || as_root install -d -m 755 /var/empty ||
	    die "cannot make /var/empty"
	for _u in _claudesec _proxyd; do
		getent passwd $_u >/dev/null || as_root useradd --system \
		    --user-group --no-create-home --home-dir /var/empty \
		    --shell /usr/sbin/nologin $_u ||
		    die "cannot add the user $_u"
	done
}

# engine METHOD PATH: the status of an answer of the engine's
engine()
{
	as_root curl -s -o /dev/null -w '%{http_code}' --max-time 10 \
	    --unix-socket "$engine_socket" -X "$1" "http://localhost$2"
}

engine_answers()
{
	[ "$(engine GET /_ping)" = 200 ]
}

# Starts an engine if none runs; engine_started says who did it.
engine_up()
{
	engine_started=
	! engine_answers || return 0
	command -v dockerd >/dev/null || packages docker.io
	if [ -d /run/systemd/system ]; then
		say "starting the engine by systemd"
		as_root systemctl -q enable --now docker ||
		    die "systemd cannot start docker"
		engine_started=systemd
	else
		say "starting dockerd, its log is /var/log/dockerd.log"
		# it cannot do without, and nobody else mounts them here
		grep -q ' /sys/fs/cgroup' /proc/mounts ||
		    as_root mount -t cgroup2 cgroup2 /sys/fs/cgroup ||
		    die "control groups cannot be mounted"
		as_root sh -c 'setsid dockerd </dev/null \
		    >/var/log/dockerd.log 2>&1 &'
		engine_started=dockerd
	fi
	_n=60
	until engine_answers; do
		_n=$((_n - 1))
		[ $_n -gt 0 ] || die "the engine does not answer at" \
		    "$engine_socket: $(as_root tail -n 1 /var/log/dockerd.log)"
		sleep 0.5
	done
}

# Only one that engine_up started.
engine_down()
{
	case $engine_started in
	systemd)
		as_root systemctl -q stop docker docker.socket
		;;
	dockerd)
		as_root sh -c 'kill "$(cat /var/run/docker.pid)"'
		;;
	esac
	engine_started=
}

has_image()
{
	[ "$(engine GET "/images/$1/json")" = 200 ]
}

# Does the machine trust authorities that its distribution does not?  Then
# somebody here looks into TLS, and the image must trust them too.
site_ca()
{
	cat /usr/share/ca-certificates/*/*.crt 2>/dev/null |
	awk '/-BEGIN CERT/ { pem = "" } { pem = pem $0 "\n" }
	    /-END CERT/ && FILENAME == "-" { seen[pem] = 1 }
	    /-END CERT/ && FILENAME != "-" && !(pem in seen) { more = 1 }
	    END { exit !more }' - "$bundle"
}
