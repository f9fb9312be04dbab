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

# What an agent runs, in its container: each tool with the variables that
# name the proxy, and without any.  The servers are the test's own: a package
# registry, a repository of git and one of apt.

# What there is to fetch, and who serves it.
clients_up()
{
	www=$tmp/www
	mkdir -p "$www/package" "$www/tree/DEBIAN" "$www/debian" &&
	echo fetched >"$www/file" &&
	echo '{"name":"t","version":"1.0.0"}' >"$www/package/package.json" &&
	tar -C "$www" -czf "$www/t.tgz" package &&
	cat >"$www/t" <<-END &&
		{"name":"t","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":
		{"name":"t","version":"1.0.0","dist":{"integrity":"sha512-$(
		    openssl dgst -sha512 -binary "$www/t.tgz" | base64 -w 0)",
		"tarball":"https://other.example.org/t.tgz"}}}}
	END
	git init -q --bare "$www/repo.git" &&
	git init -q "$www/work" &&
	git -C "$www/work" -c user.name=t -c user.email=t@example.org \
	    commit -q --allow-empty -m first &&
	git -C "$www/work" push -q "$www/repo.git" HEAD:refs/heads/main &&
	git -C "$www/repo.git" symbolic-ref HEAD refs/heads/main &&
	git -C "$www/repo.git" update-server-info &&
	printf '%s\n' "Package: t" "Version: 1" "Architecture: all" \
	    "Maintainer: t <t@example.org>" "Description: t" \
	    >"$www/tree/DEBIAN/control" &&
	dpkg-deb --root-owner-group -b "$www/tree" "$www/debian/t_1_all.deb" \
	    >/dev/null &&
	{
		cat "$www/tree/DEBIAN/control"
		echo "Filename: ./t_1_all.deb"
		echo "Size: $(wc -c <"$www/debian/t_1_all.deb")"
		echo "SHA256: $(sha256sum <"$www/debian/t_1_all.deb" |
		    cut -c 1-64)"
	} >"$www/debian/Packages" &&
	printf '%s\n' "Date: Thu, 01 Jan 2026 00:00:00 UTC" "SHA256:" \
	    " $(sha256sum <"$www/debian/Packages" | cut -c 1-64) $(
	    wc -c <"$www/debian/Packages") Packages" >"$www/debian/Release" ||
	    return 1
	serve -m http.server 80 --bind "$other_addr" -d "$www" \
	    >/dev/null 2>>"$tmp/www.log" &&
	wait_for 60 in_net curl -s "http://$other_addr/file"
}

# A session that passes the servers.
clients_hold()
{
	[ -d "$tmp/www" ] || clients_up || because "no servers" || return 1
	_conf=$tmp/u1000/conf
	cp "$_conf" "$_conf.kept" &&
	sed -i "s/pass to api.*/&\n\t\t\tpass to other.example.org port { 80 443 }/" \
	    "$_conf" &&
	hold 1000 held
	_status=$?
	mv "$_conf.kept" "$_conf"
	return $_status
}

# both WHAT WANTED SCRIPT: in the session, in a new directory, with the
# proxy's variables and without
both()
{
	for _how in explicit transparent; do
		: >"$tmp/www.log" >"$tmp/api.log"
		_unset=
		[ $_how = explicit ] || _unset="-u HTTPS_PROXY -u HTTP_PROXY \
		    -u https_proxy -u http_proxy -u NO_PROXY -u no_proxy \
		    -u NODE_USE_ENV_PROXY"
		out=$(inside env $_unset \
		    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
		    sh -c 'cd "$(mktemp -d /tmp/XXXXXX)"; '"$3" 2>"$tmp/err")
		equal "$1, $_how" "$out" "$2" || {
			cat "$tmp/err" >>"$tmp/why"
			return 1
		}
		grep -q GET "$tmp/www.log" "$tmp/api.log" ||
		    because "$1, $_how: nothing came to the server" || return 1
	done
}

test_clients_curl()
{
	clients_hold &&
	both "curl" fetched "curl -sS https://other.example.org/file" &&
	both "curl, http" "fetched
fetched" "curl -sS http://other.example.org/file http://other.example.org/file"
}

test_clients_git()
{
	clients_hold &&
	both "git clone" first "git clone -q https://other.example.org/repo.git &&
	    git -C repo log --format=%s"
}

test_clients_npm()
{
	clients_hold &&
	both "npm install" 1.0.0 "npm_config_cache=\$PWD/cache npm install \
	    --registry https://other.example.org/ --no-audit --no-fund \
	    --no-update-notifier --fetch-retries 0 t >&2 &&
	    node -p 'require(\"./node_modules/t/package.json\").version'"
}

test_clients_node_fetch()
{
	clients_hold &&
	both "fetch" fetched "node -e 'fetch(\"https://other.example.org/file\")
	    .then((r) => r.text()).then((t) => process.stdout.write(t))'"
}

test_clients_openssl()
{
	clients_hold &&
	both "openssl s_client" fetched "printf '%s\r\n' \
	    'GET /file HTTP/1.0' 'Host: other.example.org' '' |
	    openssl s_client -quiet -verify_return_error \
	    -servername other.example.org \
	    \${HTTPS_PROXY:+-proxy \${HTTPS_PROXY#http://}} \
	    -connect other.example.org:443 | tail -n 1"
}

test_clients_apt()
{
	clients_hold &&
	both "apt" "t_1_all.deb" '
		mkdir -p lists/partial cache/archives/partial etc
		: >status
		echo "deb [trusted=yes] http://other.example.org/debian ./" \
		    >etc/sources.list
		cat >conf <<-E
			Dir::State "$PWD";
			Dir::State::status "$PWD/status";
			Dir::Cache "$PWD/cache";
			Dir::Etc "$PWD/etc";
			Acquire::Languages "none";
		E
		export APT_CONFIG=$PWD/conf
		apt-get -q update >&2 && apt-get -q download t >&2
		echo *.deb'
}

# A client that looks at no variable, as Go's and Java's do by default.
test_clients_plain_sockets()
{
	clients_hold &&
	both "sockets" fetched "python3 -c '
import socket, ssl
s = ssl.create_default_context().wrap_socket(
    socket.create_connection((\"other.example.org\", 443)),
    server_hostname=\"other.example.org\")
s.sendall(b\"GET /file HTTP/1.1\r\nHost: other.example.org\r\n\"
          b\"Connection: close\r\n\r\n\")
print(b\"\".join(iter(lambda: s.recv(999), b\"\")).split()[-1].decode())'"
}

# Claude Code itself, which is told of the proxy in all other cases.
test_clients_claude()
{
	clients_hold || return 1
	out=$(inside env -u HTTPS_PROXY -u HTTP_PROXY -u https_proxy \
	    -u http_proxy -u NODE_USE_ENV_PROXY \
	    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
	    claude -p "say it" 2>"$tmp/err")
	equal "answer" "$out" "answer to: say it" || {
		cat "$tmp/err" >>"$tmp/why"
		return 1
	}
}
