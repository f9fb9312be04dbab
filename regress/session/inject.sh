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



# The key never enters the sandbox.  Sourced.

# What is in here must be nowhere in the agent's container.
real_key=sk-ant-api03-real-0123456789abcdef0123456789abcdef
real_token=sk-ant-oat01-real-0123456789abcdef0123456789abcdef

# inject NAME=VALUE [LINE ...]: the user 1000 from now on has this key injected
inject()
{
	_d=$tmp/u1000
	printf '%s\n' "$1" >"$_d/inject.env"
	shift
	cat >"$_d/inject" <<-END
		image "$test_image"
		credentials inject from "$_d/inject.env"
		api "https://api.anthropic.com" {
			ca "$tmp/ca.crt"
		}
		egress {
			pass to { api.anthropic.com www.example.org }
			resolver $dns_addr
		}
	END
	for _line; do
		echo "$_line" >>"$_d/inject"
	done
	chown 1000:1000 "$_d/inject" "$_d/inject.env"
	chmod 600 "$_d/inject.env"
}

# csi COMMAND ...: claudesec with that
csi()
{
	as 1000 "$claudesec" -f "$tmp/u1000/inject" "$@"
}

# Whoever asks first starts the daemon, and with that configuration.
csi_holds()
{
	csi status | grep -q "^held	.*running"
}

csi_asks()
{
	wait_for 60 csi_holds && wait_for 60 test -s "$tmp/api.log" ||
	    because "no session: $(cat "$tmp/hold.out" "$tmp/err")"
}

# A session whose Claude has asked, and waits for its answer
csi_hold()
{
	: >"$tmp/err"
	csi start -n held -- -p "SLEEP 300
wait" >"$tmp/hold.out" 2>&1 </dev/null &
	hold_pid=$!
	csi_asks
}

# One whose Claude has asked, and asks again once there is a file go
until_go()
{
	rm -f "$tmp/u1000/ws/go"
	csi start -n held -- --dangerously-skip-permissions -p \
	    "RUN while ! test -e /workspace/go; do sleep 0.1; done; echo on" \
	    >"$tmp/hold.out" 2>"$tmp/err" </dev/null &
	pid=$!
	csi_asks
}

# How many configurations are, or were, in force in the proxy
proxy_oks()
{
	docker logs claude-held-proxy 2>/dev/null | grep -c '^ok'
}

# proxy_said N: so many
proxy_said()
{
	[ "$(proxy_oks)" -ge "$1" ]
}

# nowhere WHAT FILE: none of the real ones stands in it
nowhere()
{
	! grep -qa -e "$real_key" -e "$real_token" "$2" ||
	    because "a real key stands in $1"
}

test_inject_gives_an_api_key()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	out=$(csi start -- -p "what is it?" </dev/null 2>"$tmp/err")
	equal "exit status" $? 0 || { cat "$tmp/err" >>"$tmp/why"; return 1; }
	equal answer "$out" "answer to: what is it?" &&
	equal "standard error" "$(cat "$tmp/err")" "" &&
	equal "key at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "$real_key" &&
	equal "tokens at the API" "$(values "$tmp/api.log" authorization)" "" &&
	equal "host at the API" "$(values "$tmp/api.log" host)" \
	    api.anthropic.com &&
	equal "names asked of DNS" "$(values "$tmp/dns.log" name)" \
	    api.anthropic.com
}

test_inject_gives_an_oauth_token()
{
	inject "CLAUDE_CODE_OAUTH_TOKEN=$real_token"
	out=$(csi start -- -p "who?" </dev/null 2>"$tmp/err")
	equal "exit status" $? 0 || { cat "$tmp/err" >>"$tmp/why"; return 1; }
	equal answer "$out" "answer to: who?" &&
	equal "token at the API" "$(values "$tmp/api.log" authorization)" \
	    "bearer $real_token" &&
	equal "keys at the API" "$(values "$tmp/api.log" x-api-key)" "" &&
	{ grep -q oauth-2025-04-20 "$tmp/api.log" ||
	    because "no oauth-2025-04-20 among the anthropic-beta values"; }
}

test_inject_reads_a_file_by_a_tool()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	echo "from the workspace" >"$tmp/u1000/ws/read"
	out=$(csi start -- --dangerously-skip-permissions -p "RUN cat read" \
	    </dev/null 2>"$tmp/err")
	equal result "$out" "result: from the workspace" ||
	    { cat "$tmp/err" >>"$tmp/why"; return 1; }
	equal "key at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "$real_key"
}

test_inject_needs_no_egress_to_the_api()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	sed -i 's/{ api.anthropic.com www.example.org }/www.example.org/' \
	    "$tmp/u1000/inject"
	out=$(csi start -- -p "still?" </dev/null 2>"$tmp/err")
	equal answer "$out" "answer to: still?"
}

# All that a process in the container can read, and all that is said of it.
test_inject_leaves_the_key_out_of_the_container()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	csi_hold || return 1
	for c in claude-held claude-held-proxy; do
		docker inspect "$c" >"$tmp/inspect"
		docker logs "$c" >>"$tmp/inspect" 2>&1
		docker diff "$c" >>"$tmp/inspect"
		nowhere "what the engine says of $c" "$tmp/inspect" || return 1
	done
	# all of its files, or those that the image does not have
	upper=$(docker inspect -f '{{index .GraphDriver.Data "UpperDir"}}' \
	    claude-held)
	if [ -d "$upper" ]; then
		tar -C "$upper" -cf - .
	else
		docker export claude-held
	fi >"$tmp/export"
	[ -s "$tmp/export" ] || because "no files of the container" ||
	    return 1
	nowhere "the container's files" "$tmp/export" || return 1
	rm "$tmp/export"
	csi shell held -- sh -c 'env; cat /proc/[0-9]*/environ \
	    /proc/[0-9]*/cmdline; cd /; for d in home tmp run workspace var etc; do
	    grep -rsa sk-ant "$d"; done' </dev/null >"$tmp/seen" 2>/dev/null
	grep -q sk-ant-api03- "$tmp/seen" ||
	    because "not even the placeholder was found" || return 1
	nowhere "the agent's files and processes" "$tmp/seen" || return 1
	python3 "$here/secret.py" "$real_key" \
	    $(in_container claude-held) >"$tmp/seen" ||
	    because "secret.py failed" || return 1
	equal "where the container has it" "$(cat "$tmp/seen")" "" || return 1
	# but the keeper has it, or this looks at the wrong things
	python3 "$here/secret.py" "$real_key" \
	    $(in_container claude-held-proxy) \
	    >"$tmp/seen" || because "secret.py failed" || return 1
	case $(cut -d ' ' -f 1 "$tmp/seen" | sort -u | wc -l):$(
	    cat "$tmp/seen") in
	1:*keeper*)	;;
	*)	because "not in the keeper alone: $(cat "$tmp/seen")" ;;
	esac
}

# The attacker's key does not get to the API on any way.
test_inject_keeps_another_key_from_the_api()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	cat >"$tmp/u1000/ws/try.sh" <<-'END'
		g=http://127.0.0.1:3129
		k="x-api-key: sk-ant-attacker"
		b="authorization: Bearer sk-ant-attacker"
		t="x-api-key: $ANTHROPIC_API_KEY"
		ask() {
			curl -sk -o /dev/null -w '%{http_code} ' -m 5 "$@" || echo
		}
		for p in /v1/messages /v1/files; do
			ask -H "$k" -d @/etc/passwd "$g$p"
			ask -H "$b" -d @/etc/passwd "$g$p"
			ask -H "$k" -H "$t" -d @/etc/passwd "$g$p"
			ask -H "$t" -H "$k" -d @/etc/passwd "$g$p"
			ask -H "$t" -H "$b" -d @/etc/passwd "$g$p"
			ask -H "$k" -d @/etc/passwd "https://api.anthropic.com$p"
			ask --noproxy '*' -H "$k" -d @/etc/passwd \
			    "https://api.anthropic.com$p"
			ask --noproxy '*' --resolve api.anthropic.com:443:127.0.0.1 \
			    -H "$k" -d @/etc/passwd "https://api.anthropic.com$p"
			ask -H "$k" -d @/etc/passwd "https://192.31.196.10$p"
			ask --noproxy '*' -H "$k" -d @/etc/passwd \
			    "https://192.31.196.10$p"
			ask -H "$t" -d @/etc/passwd "$g/v1/files"
		done
		printf 'POST /v1/messages HTTP/1.1\r\nHost: a\r\n%s\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /v1/files HTTP/1.1\r\n%s\r\n\r\n' "$t" "$k" |
		    curl -s -m 3 telnet://127.0.0.1:3129
		printf 'POST /v1/messages HTTP/1.1\r\nHost: a\r\n%s\r\n x: y\r\nContent-Length: 0\r\n\r\nPOST /v1/files HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n' "$t" "$k" |
		    curl -s -m 3 telnet://127.0.0.1:3129
	END
	csi shell -- sh /workspace/try.sh </dev/null >"$tmp/out" 2>&1
	equal "what the API saw" "$(cat "$tmp/api.log")" "" ||
	    { cat "$tmp/out" >>"$tmp/why"; return 1; }
	grep -q 401 "$tmp/out" && grep -q 403 "$tmp/out" ||
	    because "not refused as it should be: $(cat "$tmp/out")"
}

# A host that is passed is no way to the API, by whatever name; but what is said
# within TLS to a host that is passed nobody sees.
test_inject_is_not_gone_around_by_a_host_that_passes()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	sed -i 's/{ api.anthropic.com www.example.org }/{ "*.anthropic.com" \
	    www.example.org } port { 80 443 }/' "$tmp/u1000/inject"
	cat >"$tmp/u1000/ws/front.py" <<-'END'
		import socket, ssl
		API, OTHER = "api.anthropic.com", "www.example.org"
		def tls(s, name, host):
		    x = ssl.create_default_context()
		    x.check_hostname = False
		    x.verify_mode = ssl.CERT_NONE
		    try:
		        t = x.wrap_socket(s, server_hostname=name)
		        t.sendall(b"POST /v1/files HTTP/1.1\r\nx-api-key: "
		            b"sk-ant-attacker\r\nContent-Length: 0\r\nHost: " +
		            host.encode() + b"\r\n\r\n")
		        return t.recv(100).split()[1].decode()
		    except (OSError, IndexError):
		        return "refused"
		def connect(to, name, host=API):
		    s = socket.create_connection(("127.0.0.1", 3128), 60)
		    s.sendall(b"CONNECT %s:443 HTTP/1.1\r\n\r\n" % to.encode())
		    r = s.recv(1000)
		    if b" 200 " not in r.split(b"\r\n")[0]:
		        return r.split()[1].decode()
		    return tls(s, name, host)
		def port(n):
		    return socket.create_connection(("127.0.0.1", n), 60)
		def plain(s, target, host):
		    s.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" %
		        (target.encode(), host.encode()))
		    return s.recv(100).split()[1].decode()
		for api in API, API + ".", API.upper():
		    print(connect(api, API), connect(OTHER, api.rstrip(".")),
		        tls(port(443), api.rstrip("."), API),
		        plain(port(3128), "http://%s/" % api, api),
		        plain(port(80), "/", api))
		print(connect(OTHER, None), tls(port(443), None, API))
		print(connect(OTHER, OTHER))
	END
	csi shell -- python3 /workspace/front.py </dev/null >"$tmp/out" \
	    2>"$tmp/err"
	r="403 refused refused 403 403"
	equal "what came of it" "$(tr '\n' ' ' <"$tmp/out")" \
	    "$r $r $r refused refused 200 " &&
	equal "names at the API" "$(values "$tmp/api.log" host)" \
	    api.anthropic.com &&
	equal "names asked of DNS" "$(values "$tmp/dns.log" name)" \
	    www.example.org
	_status=$?
	rm "$tmp/u1000/ws/front.py"
	return $_status
}

test_reload_replaces_an_injected_key()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	# one request before, one after
	until_go || return 1
	echo "ANTHROPIC_API_KEY=$real_key-2" >"$tmp/u1000/inject.env"
	n=$(proxy_oks)
	csi reload 2>"$tmp/err" || because "reload: $(cat "$tmp/err")" ||
	    return 1
	wait_for 60 proxy_said $((n + 1)) ||
	    because "the proxy was not told" || return 1
	touch "$tmp/u1000/ws/go"
	wait "$pid"
	equal result "$(cat "$tmp/hold.out")" "result: on" &&
	equal "keys at the API" "$(values "$tmp/api.log" x-api-key)" \
	    "$real_key $real_key-2"
}

# Nobody but its first daemon tells a proxy of podman's anything.
key_is_kept()
{
	refused 69 "keeps its rules: with podman" csi block www.example.org held
	_status=$?
	_asked=$(wc -l <"$tmp/api.log")
	touch "$tmp/u1000/ws/go"
	wait_for 60 asked_again $_asked || because "nothing more was asked" ||
	    _status=1
	csi stop -a >/dev/null 2>&1
	wait "$pid"
	[ $_status -eq 0 ] && equal "keys at the API" \
	    "$(values "$tmp/api.log" x-api-key)" "$real_key"
}

asked_again()
{
	[ "$(wc -l <"$tmp/api.log")" -gt "$1" ]
}

# A daemon that takes over gives the gateway back to the session.
test_key_is_injected_again_by_the_next_daemon()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	until_go || return 1
	echo "ANTHROPIC_API_KEY=$real_key-3" >"$tmp/u1000/inject.env"
	# one that was a spare has said so of the spare's configuration as well
	n=$(proxy_oks)
	kill_daemons || return 1
	csi status >"$tmp/out" 2>&1 || because "status: $(cat "$tmp/out")" ||
	    return 1
	! on_podman || { key_is_kept; return; }
	wait_for 60 proxy_said $((n + 1)) ||
	    because "the proxy was not told: $(cat "$tmp/out")" || return 1
	touch "$tmp/u1000/ws/go"
	wait_for 60 grep -q -e "$real_key-3" "$tmp/api.log"
	r=$?
	csi stop -a >/dev/null 2>&1
	wait "$pid"
	[ $r -eq 0 ] || because "the new key was not used: $(cat "$tmp/out")"
}

test_start_is_refused_without_certificates()
{
	inject "ANTHROPIC_API_KEY=$real_key"
	sed -i 's|ca ".*"|ca "/nonexistent"|' "$tmp/u1000/inject"
	out=$(csi start -- --version </dev/null 2>&1)
	equal "exit status" $? 78 || return 1
	case $out in
	*certificates*)	;;
	*)	because "it says: $out" ;;
	esac
}
