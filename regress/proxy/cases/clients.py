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


# programs that people use, explicit and transparent

def curl(*args):
    p = subprocess.run(["curl", "-s", "-m", "60", "--cacert", TMP +
                        "/cert.pem", *args], capture_output=True)
    return p.returncode, p.stdout


EXPLICIT = dict(os.environ, https_proxy="http://192.175.48.1:3128",
                http_proxy="http://192.175.48.1:3128")
TRANSPARENT = dict(os.environ)
CA = TMP + "/cert.pem"


def both_ways(args, want=b"fetched\n", **kw):
    for env in (EXPLICIT, TRANSPARENT):
        eq(run(args, env, **kw).stdout, want)
    eq(len(origin.events(event="request")), 2)


def test_client_curl():
    both_ways(["curl", "-s", "--cacert", CA, "https://real.example/file"])


def test_client_curl_http():
    both_ways(["curl", "-s", "http://real.example/file"])


def test_client_curl_refused():
    p = run(["curl", "-s", "http://evil.test/"], EXPLICIT)
    yes(b"evil.test: not allowed" in p.stdout, p.stdout)
    p = run(["curl", "-sS", "https://evil.test/"], EXPLICIT, code=None)
    yes(p.returncode != 0 and b"403" in p.stderr, p.stderr)
    p = run(["curl", "-sS", "-m", "60", "https://evil.test/"], TRANSPARENT,
            code=6)
    eq(origin.reached(), [])
    eq(questions("evil.test"), [])


def test_client_wget():
    both_ways(["wget", "-q", "-O", "-", "--ca-certificate", CA,
               "https://real.example/file"])


def test_client_wget_http():
    both_ways(["wget", "-q", "-O", "-", "http://real.example/file"])


def test_client_git():
    for i, env in enumerate((EXPLICIT, TRANSPARENT)):
        env = dict(env, GIT_SSL_CAINFO=CA, HOME=TMP, GIT_TERMINAL_PROMPT="0")
        run(["git", "clone", "-q", "https://real.example/repo.git",
             "%s/clone%d" % (TMP, i)], env)
        p = run(["git", "-C", "%s/clone%d" % (TMP, i), "log", "--format=%s"])
        eq(p.stdout, b"first\n")
        p = run(["git", "clone", "-q", "https://evil.test/repo.git",
                 TMP + "/none"], env, code=128)
        yes(b"403" in p.stderr or b"resolve host" in p.stderr, p.stderr)


def test_client_openssl():
    for args in (["-proxy", "192.175.48.1:3128", "-connect",
                  "real.example:443"], ["-connect", "192.175.48.1:443"]):
        p = run(["openssl", "s_client", "-servername", "real.example", "-quiet",
                 "-CAfile", CA, "-verify_return_error", *args], code=None,
                input=b"GET /file HTTP/1.0\r\n\r\n")
        yes(p.stdout.endswith(b"fetched\n"), p.stderr[-200:])


def test_client_python():
    both_ways([sys.executable, "-c", "import ssl, sys, urllib.request as u; "
               "sys.stdout.buffer.write(u.urlopen("
               "'https://real.example/file', context="
               "ssl.create_default_context(cafile=%r)).read())" % CA])


def test_client_that_ignores_the_environment():
    # as Go's and Java's do where nobody told them of a proxy
    p = run([sys.executable, "-c", "import http.client as h, ssl, sys\n"
             "for c in (h.HTTPConnection('real.example'), "
             "h.HTTPSConnection('real.example', context="
             "ssl.create_default_context(cafile=%r))):\n"
             "    for _ in range(2):\n"
             "        c.request('GET', '/file')\n"
             "        sys.stdout.buffer.write(c.getresponse().read())\n" % CA],
            dict(os.environ, https_proxy="http://192.31.196.66:1",
                 http_proxy="http://192.31.196.66:1"))
    eq(p.stdout, b"fetched\n" * 4)


def deb():
    """A package, and a repository with nothing else."""
    top = TMP + "/www/debian"
    if os.path.exists(top):
        return
    os.makedirs(TMP + "/deb/DEBIAN")
    os.makedirs(top)
    control = "Package: t\nVersion: 1\nArchitecture: all\n" \
        "Maintainer: t <t@t.example>\nDescription: t\n"
    open(TMP + "/deb/DEBIAN/control", "w").write(control)
    run(["dpkg-deb", "--root-owner-group", "-b", TMP + "/deb",
         top + "/t_1_all.deb"])

    def listed(name):
        d = open(top + "/" + name, "rb").read()
        return hashlib.sha256(d).hexdigest(), len(d)
    s, n = listed("t_1_all.deb")
    open(top + "/Packages", "w").write(
        control + "Filename: ./t_1_all.deb\nSize: %d\nSHA256: %s\n\n" % (n, s))
    s, n = listed("Packages")
    open(top + "/Release", "w").write(
        "Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n %s %d Packages\n" %
        (s, n))


def test_client_apt():
    deb()

    def fetch(how):
        d = TMP + "/apt-" + how
        for sub in ("lists/partial", "cache/archives/partial", "etc"):
            os.makedirs(d + "/" + sub)
        open(d + "/status", "w")
        open(d + "/etc/sources.list", "w").write(
            "deb [trusted=yes] http://real.example/debian ./\n")
        open(d + "/conf", "w").write(
            'Dir::State "%s";\nDir::State::status "%s/status";\n'
            'Dir::Cache "%s/cache";\nDir::Etc "%s/etc";\n'
            'APT::Sandbox::User "root";\nAcquire::Languages "none";\n%s' %
            (d, d, d, d, 'Acquire::http::Proxy "http://192.175.48.1:3128";\n'
             if how == "explicit" else ""))
        env = dict(os.environ, APT_CONFIG=d + "/conf")
        run(["apt-get", "-q", "update"], env)
        run(["apt-get", "-q", "download", "t"], env, cwd=d)
        eq(open(d + "/t_1_all.deb", "rb").read(),
           open(TMP + "/www/debian/t_1_all.deb", "rb").read())
        # refused, it says so
        open(d + "/etc/sources.list", "w").write(
            "deb [trusted=yes] http://evil.test/debian ./\n")
        p = run(["apt-get", "-q", "update"], env, code=None)
        yes(b"evil.test" in p.stderr and (b"403" in p.stderr or
            b"resolv" in p.stderr), p.stderr)
    at_once(fetch, ("explicit", "transparent"))


def wheel():
    """A package of Python's, and an index of it."""
    d = TMP + "/www/simple/t"
    if os.path.exists(d):
        return
    os.makedirs(d)
    info = "t-1.dist-info/"
    with zipfile.ZipFile(d + "/t-1-py3-none-any.whl", "w") as z:
        z.writestr("t.py", "fetched = 1\n")
        z.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: t\n"
                   "Version: 1\n")
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: t\n"
                   "Root-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(info + "RECORD", "t.py,,\n%sMETADATA,,\n%sWHEEL,,\n"
                   "%sRECORD,,\n" % (info, info, info))
    open(d + "/index.html", "w").write(
        '<a href="t-1-py3-none-any.whl">t-1-py3-none-any.whl</a>')


def test_client_pip():
    wheel()

    def fetch(x):
        i, env = x
        d = "%s/pip%d" % (TMP, i)
        env = dict(env, PIP_CONFIG_FILE=os.devnull, REQUESTS_CA_BUNDLE=CA)
        run([sys.executable, "-m", "pip", "install", "-q", "--retries", "0",
             "--disable-pip-version-check", "--no-cache-dir", "--cert", CA,
             "--index-url", "https://real.example/simple", "-t", d, "t"], env)
        eq(open(d + "/t.py").read(), "fetched = 1\n")
    at_once(fetch, enumerate((EXPLICIT, TRANSPARENT)))
