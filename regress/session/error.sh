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


# What goes wrong is one clear line and a status.  Sourced.

# refused STATUS PATTERN COMMAND ...: nothing on standard output, one line on
# standard error.  The status is a pattern of case's.
refused()
{
	_status=$1
	_pattern=$2
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	_s=$?
	case $_s in
	$_status)	;;
	*)		because "exit status $_s, not $_status" ;;
	esac &&
	equal "standard output" "$(cat "$tmp/out")" "" &&
	equal "lines of standard error" "$(wc -l <"$tmp/err")" 1 &&
	{ grep -q "$_pattern" "$tmp/err" ||
	    because "standard error is not about $_pattern"; } || {
		cat "$tmp/err" >>"$tmp/why"
		return 1
	}
}

# Another configuration of 1000's: lines, in place of those that begin alike.
conf()
{
	for _line; do
		sed -i "/^${_line%% *}/d" "$tmp/u1000/conf.new"
		echo "$_line" >>"$tmp/u1000/conf.new"
	done
}

# with_conf LINE ... -- STATUS PATTERN ARGUMENT ...
with_conf()
{
	cp "$tmp/u1000/conf" "$tmp/u1000/conf.new" || return 1
	while [ "$1" != -- ]; do
		conf "$1"
		shift
	done
	shift
	_st=$1
	_pat=$2
	shift 2
	refused "$_st" "$_pat" as 1000 "$claudesec" \
	    -f "$tmp/u1000/conf.new" "$@"
}

test_error_no_engine()
{
	with_conf 'engine "unix:///nonexistent/sock"' -- 69 \
	    "/nonexistent/sock: No such file" start -- --version
}

test_error_engine_refuses_permission()
{
	_gid=$engine_gid
	engine_gid=1000
	refused 77 "${engine_socket##*/}: Permission denied" \
	    cs 1000 start -- --version
	_r=$?
	engine_gid=$_gid
	return $_r
}

# An engine that ends each answer after so many bytes of it.
cut_engine()
{
	cat >"$tmp/cut.py" <<-'END'
		import os, socket, sys, threading
		path, count, engine = sys.argv[1], int(sys.argv[2]), sys.argv[3]
		new = path + ".new"
		s = socket.socket(socket.AF_UNIX); s.bind(new); s.listen(99)
		os.chmod(new, 0o666); os.rename(new, path)
		def serve(c):
		    e = socket.socket(socket.AF_UNIX)
		    e.connect(engine)
		    def copy(a, b, n):
		        while n > 0:
		            d = a.recv(min(n, 65536))
		            if not d: break
		            b.sendall(d); n -= len(d)
		        for x in (a, b):
		            try: x.shutdown(socket.SHUT_RDWR)
		            except OSError: pass
		    threading.Thread(target=copy, args=(c, e, 1 << 40)).start()
		    copy(e, c, count)
		while True:
		    c = s.accept()[0]
		    threading.Thread(target=serve, args=(c,), daemon=True).start()
	END
	rm -f "$tmp/cut.sock"
	python3 "$tmp/cut.py" "$tmp/cut.sock" "$1" "$engine_socket" \
	    2>/dev/null 9>&- &
	cut_pid=$!
	wait_for 60 test -S "$tmp/cut.sock"
}

test_error_engine_hangs_up()
{
	for bytes in 0 20 150 400; do
		cut_engine $bytes || return 1
		with_conf "engine \"unix://$tmp/cut.sock\"" -- '[67]?' \
		    "^claudesec: .*engine" \
		    start -- --version
		_r=$?
		kill $cut_pid
		wait $cut_pid 2>/dev/null
		[ $_r -eq 0 ] || because "after $bytes bytes" || return 1
		clean_up
	done
}

test_error_image_missing()
{
	with_conf 'image "claudesec/nonesuch"' -- 69 \
	    "no image claudesec/nonesuch: run" start -- --version
}

test_error_name_taken()
{
	hold 1000 held || return 1
	refused 73 "session held exists already" \
	    cs 1000 start -n held -- --version
}

# What one session's proxy is called is no reason to refuse another's name.
test_names_like_those_of_proxies()
{
	hold 1000 held && hold 1000 more-proxy || return 1
	for _n in held-proxy more; do
		cs 1000 start -n $_n -- --version ||
		    because "$_n: $(cat "$tmp/err")" || return 1
	done
}

test_error_name_is_another_container_s()
{
	docker create --name claude-foreign "$test_image" >/dev/null ||
	    return 1
	refused 73 "another container claude-foreign" \
	    cs 1000 start -n foreign -- --version
	_r=$?
	docker rm claude-foreign >/dev/null
	return $_r
}

test_error_workspace()
{
	_d=$tmp/u1000
	mkdir -m 700 "$tmp/shut" || return 1
	: >"$_d/file"
	refused 66 "/nonexistent: No such file" \
	    cs 1000 start -w /nonexistent -- --version &&
	refused 66 "file: Not a directory" \
	    cs 1000 start -w "$_d/file" -- --version &&
	refused 66 "shut: Permission denied" \
	    cs 1000 start -w "$tmp/shut" -- --version &&
	refused 66 "root directory" cs 1000 start -w / -- --version &&
	refused 66 "holds your home" \
	    cs 1000 start -w "$_d/home" -- --version &&
	refused 66 "root directory" cs 1000 start -w /tmp/.. -- --version
}

# What leads to the engine, to keys, or to more egress the next time, by
# whatever name.
test_error_workspace_holds_what_the_agent_must_not_have()
{
	_d=$tmp/u1000
	as 1000 mkdir -p -m 700 "$_d/home/.config" "$_d/home/.ssh/sub" \
	    "$_d/home/.claude" "$_d/own" "$_d/engine" || return 1
	as 1000 cp "$_d/conf" "$_d/own/conf" &&
	as 1000 ln -s "$_d/own/conf" "$_d/conf.link" &&
	as 1000 ln -s /var/run/docker.sock "$_d/sock.link" || return 1
	for _w in .config .ssh .ssh/sub .claude; do
		refused 66 "holds" \
		    cs 1000 start -w "$_d/home/$_w" -- --version || return 1
	done
	for _w in /run /var/run; do
		with_conf "engine \"unix://$_d/sock.link\"" -- 66 \
		    "the socket of the engine" start -w "$_w" -- --version ||
		    return 1
		clean_up
	done
	refused 66 "makes its sandboxes of" \
	    cs 1000 start -w "$prefix/share" -- --version || return 1
	for _w in /proc /proc/self/fd /sys /dev; do
		refused 66 "holds no files" \
		    cs 1000 start -w "$_w" -- --version || return 1
	done
	clean_up
	refused 66 "holds the configuration" as 1000 "$claudesec" \
	    -f "$_d/conf.link" start -w "$_d/own" -- --version
}

test_error_configuration()
{
	with_conf 'nonsense "x"' -- 78 "conf.new:[0-9]*: syntax error" \
	    start -- --version &&
	refused 66 "nonexistent: No such file" as 1000 "$claudesec" \
	    -f "$tmp/nonexistent" start -- --version
}

test_error_env_file()
{
	chmod 640 "$tmp/u1000/env"
	refused 78 "env: others" cs 1000 start -- --version
	_r=$?
	chmod 600 "$tmp/u1000/env"
	[ $_r -eq 0 ] || return 1
	mv "$tmp/u1000/env" "$tmp/u1000/env.away"
	refused 78 "env: No such file" cs 1000 start -- --version
	_r=$?
	mv "$tmp/u1000/env.away" "$tmp/u1000/env"
	return $_r
}

# The daemon's own view of the file that the sidecar's image is made of.
test_error_sidecar_dies_before_the_handover()
{
	mkdir -p "$tmp/bad/run/claudesec" &&
	cp "$top/claudesec/inside" "$tmp/bad/run/claudesec/" &&
	cat >"$tmp/bad.c" <<-'END' &&
		#include <unistd.h>
		int main(void) { return (write(2, "not today\n", 10) != 10 ? 2 : 3); }
	END
	gcc -static -o "$tmp/bad/proxyd" "$tmp/bad.c" &&
	tar -C "$tmp/bad" -cf "$tmp/bad.tar" proxyd run &&
	mount --bind "$tmp/bad.tar" "$prefix/share/claudesec/proxyd.tar" ||
	    return 1
	refused 69 "the proxy of the session ended" cs 1000 start -- --version
	_r=$?
	umount -l "$prefix/share/claudesec/proxyd.tar"
	docker images -q claudesec/proxyd:"$(sha256sum <"$tmp/bad.tar" |
	    cut -c 1-12)" | xargs -r docker rmi >/dev/null
	return $_r
}

# No command is executed where a port is not inside's to take.
test_error_loopback_port_taken()
{
	docker run --rm --network none -u 1000:1000 \
	    --sysctl net.ipv4.ip_unprivileged_port_start=0 \
	    -v "$top/claudesec/inside:/inside:ro" "$test_image" bash -c '
		python3 -m http.server -b 127.0.0.1 3128 >/dev/null 2>&1 &
		until (: </dev/tcp/127.0.0.1/3128) 2>/dev/null; do :; done
		/inside -- echo executed
		echo status $? >&2' >"$tmp/out" 2>&1
	equal "output" "$(cat "$tmp/out")" \
	    "inside: 127.0.0.1:3128: Address already in use
status 71"
}

# An agent that has the workspace's parent can put a link in its place between
# our look and the engine's mount.  No command is executed then; and a session
# is told which directory it must have.
test_error_workspace_is_another_directory()
{
	_which=$(stat -c '%D:%i' "$tmp/u1000/ws" | awk -F : '{
	    printf "%s:%x", $1, $2 }')
	for _ws in ws home; do
		docker run --rm --network none -u 1000:1000 \
		    -v "$top/claudesec/inside:/inside:ro" \
		    -v "$tmp/u1000/$_ws:/workspace" -e CLAUDESEC_MOUNTS= --entrypoint /inside \
		    "$test_image" -x -w "$_which" -- echo executed \
		    >"$tmp/$_ws.out" 2>&1
	done
	equal "the one" "$(cat "$tmp/ws.out")" executed &&
	equal "another" "$(cat "$tmp/home.out")" \
	    "inside: /workspace: not the directory that was asked for" &&
	hold 1000 held &&
	equal "what is checked" "$(docker inspect -f '{{json .Config.Cmd}}' \
	    claude-held | tr '",' '\n\n' | grep '^-w')" "-w$_which"
}

# An engine of its own, on a disk that has no room for the image; with a
# network of its own, since without a bridge it removes the one it finds.
test_error_disk_full()
{
	mkdir "$tmp/full" && mount -t tmpfs -o size=40m full "$tmp/full" ||
	    return 1
	on_a_full_disk
	_r=$?
	kill $engine_pid
	wait $engine_pid
	# what the engine started ends a little later
	wait_for 60 umount "$tmp/full" || because "the disk is in use"
	return $_r
}

on_a_full_disk()
{
	mkdir "$tmp/full/root" "$tmp/full/run"
	unshare -n dockerd -H "unix://$tmp/full/sock" --data-root "$tmp/full/root" \
	    --exec-root "$tmp/full/run" --pidfile "$tmp/full/pid" \
	    --bridge none --iptables=false >"$tmp/dockerd.log" 2>&1 9>&- &
	engine_pid=$!
	wait_for 60 curl -sf --unix-socket "$tmp/full/sock" \
	    http://localhost/_ping || {
		because "no engine: $(tail -n 1 "$tmp/dockerd.log")"
		return 1
	}
	chmod 666 "$tmp/full/sock"
	tar -C "$tmp" -cf - ca.crt |
	    docker -H "unix://$tmp/full/sock" import - "$test_image" \
	    >/dev/null
	dd if=/dev/zero of="$tmp/full/fill" bs=1k 2>/dev/null
	truncate -s -1M "$tmp/full/fill"
	with_conf "engine \"unix://$tmp/full/sock\"" -- 69 \
	    "no space left on device" start -- --version
}
