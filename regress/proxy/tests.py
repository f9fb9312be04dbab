# tests.py [NAME ...]: the cases, run in the client's namespace by run.sh.
# Each looks at what the client got, what reached the origin, and what was
# asked of DNS.
import hashlib
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
import zipfile

TMP = os.environ["TMP"]
PROXYD = os.environ["PROXYD"]
INSIDE = os.environ["INSIDE"]
NS, AGENT = os.environ["P"], os.environ["A"]
PROXY = ("192.175.48.1", 3128)

# names whose answers are wrong in some way; see dns.py
LIES = """pointer-loop.example pointer-ahead.example chain-30.example
    two-aliases.example alias-and-address.example stranger.example
    additional.example another-class.example short-address.example
    long-address.example more-behind.example fewer-than-said.example
    too-many.example huge.example always-truncated.example"""
CONF = """
listen on 192.175.48.1 port 3128
transparent on 192.175.48.1
resolver 192.31.196.53
timeout head 2
timeout hello 2
timeout dial 3
names = "{ good.example tls.example closed.example }"
pass to $names port { 443 444 8443 9999 }
pass to { six.example both.example eyes.example hole.example gone.example
    short.example own.example mixed.example mixed6.example late.example
    trunc.example spoof.example nosoa.example lame.example noedns.example
    slow.example cut.example long.example zero.example meta.example
    self.example many.example empty.example alias.example alias2.example
    badalias.example loop.example silent.example servfail.example
    refused.example garbage.example nx.example }
pass to real.example port { 80 443 }
pass to *.w.example
block to blocked.w.example
pass to plain.example port { 7 9 10 11 12 13 22 } plain
pass to { web.example good.example big.example } port 80
pass to corp.example address 10.9.0.0/16 port { 443 444 }
pass to { *.ins.example *.ip.example }
pass to { %s }
pass to file "%s/list"
""" % (LIES, TMP)
open(TMP + "/list", "w").write("# names\nlisted.example\n\n  *.listed.example"
                               "  # and below\n")


class Log:
    def __init__(self, path):
        self.path = path
        self.mark()

    def mark(self):
        self.off = os.path.getsize(self.path) if os.path.exists(self.path) \
            else 0

    def text(self):
        with open(self.path, errors="replace") as f:
            f.seek(self.off)
            return f.read()

    def lines(self):
        # the last one may be on its way
        return self.text().rpartition("\n")[0].splitlines()

    def events(self, **kw):
        r = []
        for line in self.lines():
            e = json.loads(line)
            if all(e.get(k) == v for k, v in kw.items()):
                r.append(e)
        return r

    def reached(self):
        return [x for x in self.lines() if '"eof"' not in x and
                '"error"' not in x]

    def data(self, port):
        return b"".join(bytes.fromhex(e["data"])
                        for e in self.events(port=port, event="data"))


origin, inside, dns = (Log(TMP + "/" + n + ".log")
                       for n in ("origin", "inside", "dns"))
plog = Log(TMP + "/proxyd.log")


def wait(what, f, secs=3.0):
    end = time.time() + secs
    while time.time() < end:
        r = f()
        if r:
            return r
        time.sleep(0.02)
    raise AssertionError("no " + what)


def eq(a, b, what=""):
    if a != b:
        raise AssertionError("%s%r instead of %r" %
                             (what + ": " if what else "", a, b))


def yes(x, what):
    if not x:
        raise AssertionError(what)


class Proxy:
    def __init__(self, conf=CONF, args=(), prefix=(), stdin=None, out=None):
        self.conf = TMP + "/proxyd.conf"
        open(self.conf, "w").write(conf)
        plog.mark()
        self.err = open(plog.path, "ab")
        self.p = subprocess.Popen(
            ["ip", "netns", "exec", NS, *prefix, PROXYD, "-d", *args] +
            ([] if stdin else ["-f", self.conf]),
            stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=self.err)
        if not stdin:
            self.started()

    def started(self):
        wait("start: " + plog.text(), lambda: "started," in plog.text() or
             self.p.poll() is not None and fail(plog.text()), 5)

    def pids(self):
        r = {}
        for pid in os.listdir("/proc"):
            try:
                if pid.isdigit() and int(open("/proc/%s/stat" % pid).read()
                                         .rsplit(")", 1)[1].split()[1]) == \
                        self.p.pid:
                    name = open("/proc/%s/cmdline" % pid).read()
                    r[name.split(": ")[1].strip("\0 ")] = int(pid)
            except (OSError, IndexError):
                pass
        return r

    def fds(self):
        return {n: len(os.listdir("/proc/%d/fd" % p))
                for n, p in self.pids().items()}

    def reload(self, conf, good=True):
        plog.mark()
        open(self.conf, "w").write(conf)
        self.p.send_signal(signal.SIGHUP)
        wait("reload", lambda: ("in force" if good else "stays as it was") in
             plog.text())

    def stop(self):
        if self.p.poll() is None:
            self.p.terminate()
        self.p.wait(10)
        self.err.close()


def fail(why):
    raise AssertionError(why)


px = None


def connect(to=PROXY, timeout=8, src=None):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(timeout)
    if src:
        s.bind((src, 0))
    s.connect(to)
    return s


def until(s, end, limit=65536):
    d = b""
    while end not in d and len(d) < limit:
        n = s.recv(4096)
        if not n:
            break
        d += n
    return d


def rest(s):
    d = b""
    while True:
        try:
            n = s.recv(65536)
        except ConnectionResetError:
            return d
        if not n:
            return d
        d += n


def status(resp):
    m = re.match(rb"HTTP/1\.1 (\d{3}) ", resp)
    return int(m.group(1)) if m else None


def ask(raw, timeout=8):
    """The whole answer to a request."""
    s = connect(timeout=timeout)
    s.sendall(raw)
    r = until(s, b"\r\n\r\n")
    if status(r) != 200:
        r += rest(s)
    s.close()
    return r


def target(t):
    if isinstance(t, str):
        t = t.encode("latin-1")
    return b"CONNECT " + t + b" HTTP/1.1\r\nHost: " + t + b"\r\n\r\n"


def accepts():
    return origin.text().count('"event": "accept"')


def tunnel(t, **kw):
    """A tunnel that was answered 200, and that the origin has noted."""
    n = accepts()
    s = connect(**kw)
    s.sendall(target(t))
    r = b""
    while not r.endswith(b"\r\n\r\n"):
        c = s.recv(1)       # what is behind it is the server's
        if not c:
            break
        r += c
    eq(status(r), 200, t)
    wait("accept", lambda: accepts() > n, 8)
    return s


def vec(n, b):
    return len(b).to_bytes(n, "big") + b


def sni(name, kind=0):
    if isinstance(name, str):
        name = name.encode()
    return b"\0\0" + vec(2, vec(2, bytes([kind]) + vec(2, name)))


def hello_body(*exts):
    return b"\x03\x03" + b"\7" * 32 + vec(1, b"") + vec(2, b"\x13\x01") + \
        b"\1\0" + vec(2, b"".join(exts))


def handshake(body):
    return b"\1" + vec(3, body)


def record(frag, kind=22):
    return bytes([kind]) + b"\3\1" + vec(2, frag)


def hello(name, *exts):
    return record(handshake(hello_body(sni(name), *exts)))


def gets_ok(s, h):
    s.sendall(h)
    eq(s.recv(100), b"OK")
    s.close()


def quiet():
    """Nothing reached the origin or DNS."""
    time.sleep(0.05)
    eq(origin.reached(), [], "origin")
    eq(inside.reached(), [], "inside")
    eq(dns.lines(), [], "dns")


def questions(name=None):
    r = [line.split() for line in dns.lines()]
    return [(q[0], int(q[1]), q[2].lower()) for q in r
            if name is None or q[2].lower() == name]


# ---- policy

def test_connect_when_passed():
    s = tunnel("good.example:443")
    gets_ok(s, hello("good.example"))
    eq(wait("data", lambda: origin.data(443)), hello("good.example"))
    eq(sorted(q[1] for q in questions("good.example")), [1, 28])


def test_wildcard_passes_names_below():
    for n in ("a.w.example", "b.a.w.example"):
        gets_ok(tunnel(n + ":443"), hello(n))


def test_wildcard_does_not_pass_itself():
    eq(status(ask(target("w.example:443"))), 403)
    quiet()


def test_wildcard_does_not_pass_longer_label():
    for n in ("aw.example", "x.aw.example", "w.example.evil.test"):
        eq(status(ask(target(n + ":443"))), 403)
    quiet()


def test_block_wins():
    eq(status(ask(target("blocked.w.example:443"))), 403)
    quiet()


def test_blocked_when_nothing_matches():
    r = ask(target("evil.test:443"))
    eq(status(r), 403)
    yes(b"evil.test" in r and b"not allowed" in r, "a reason: %r" % r)
    quiet()


def test_ports_only_those_listed():
    gets_ok(tunnel("good.example:444"), hello("good.example"))
    origin.mark(), dns.mark()
    for p in (1, 80, 442, 445, 22, 65535):
        eq(status(ask(target("good.example:%d" % p))),
           403 if p != 80 else 200, str(p))
    eq(origin.events(event="data"), [])


def test_names_from_a_file():
    for n in ("listed.example",):
        gets_ok(tunnel(n + ":443"), hello(n))
    eq(status(ask(target("x.listed.example:443"))), 502)


def test_address_lifts_inside_for_its_rule_only():
    gets_ok(tunnel("corp.example:443"), hello("corp.example"))
    eq(origin.events(event="accept")[0]["local"], "10.9.9.9")
    origin.mark()
    eq(status(ask(target("ip-10-9-9-9.ip.example:443"))), 403)
    eq(origin.reached(), [])


def test_name_spelling():
    ok = ("good.example:443", "GOOD.example:443", "good.example.:443",
          "gOOD.eXample.:443")
    for t in ok:
        gets_ok(tunnel(t), hello("good.example"))
    origin.mark(), dns.mark()
    bad = {
        400: ["good..example:443", ".good.example:443", ":443",
              "good.example..:443", "a" * 64 + ".example:443",
              ".".join(["abcdefg"] * 32) + ":443", "go_od.example:443",
              "good.example\0:443", "good.example\0.w.example:443",
              "good\texample:443", "good.example :443", " good.example:443",
              "good%2eexample:443", "good.example%00:443",
              "user@good.example:443", "good.example@evil.test:443",
              "user:pw@good.example:443", "g\xf6\xf6d.example:443",
              "good\xe3\x80\x82example:443", "good.example\xad:443",
              "good.example/:443", "good.example#:443", "good.example?:443",
              "good.example\\:443", "good.example;x:443",
              "-good.example:443", "good-.example:443", "good.example,a:443",
              "[good.example]:443", "[::1:443", "::1:443", "[]:443",
              "good.example:443/", "good.example:443?x", "good.example:443#x",
              "good.example:443 evil.test:443", "http://good.example:443",
              "/good.example:443", "*:443", "*.w.example:443"],
        403: ["127.0.0.1:443", "127.1:443", "2130706433:443",
              "0x7f000001:443", "0x7f.1:443", "0177.0.0.1:443", "0:443",
              "0x7f.0x0.0x0.0x1:443", "017700000001:443", "127.0.1:443",
              "192.31.196.2:443", "3223307266:443", "192.31.50178:443",
              "[::1]:443", "[::ffff:127.0.0.1]:443",
              "[::ffff:192.31.196.2]:443", "[2620:4f:8000::2]:443",
              "[64:ff9b::7f00:1]:443", "127.0.0.1.:443", "1.2.3.4.5:443",
              "evil.0x7f:443", "xn--good-example.test:443"],
    }
    for want, names in bad.items():
        for t in names:
            r = ask(target(t))
            yes(status(r) in (400, 403) if "[" in t or "%" in t else
                status(r) == want, "%r: %r" % (t, r[:60]))
            yes(b"proxyd: " in r, "no reason for %r" % t)
    for t in ("[fe80::1%eth0]:443", "[fe80::1%25eth0]:443"):
        yes(status(ask(target(t))) in (400, 403), t)
    quiet()


def test_line_ends_in_name():
    for t in ("good.example\r\nX: y:443", "good.example\n:443",
              "good.example\r:443"):
        yes(status(ask(target(t))) in (400, 505), t)
    quiet()


def test_port_spelling():
    for p in ("0", "65536", "-443", "", "443:443", "443x", "+443", "https",
              "0443", "443 ", " 443", "4294967739", "65979", "0x1bb", "443.",
              "443,80", "\xb2\xb2", "99999999999999999999"):
        r = ask(target("good.example:" + p))
        eq(status(r), 400, repr(p))
    eq(status(ask(target("good.example"))), 400)
    quiet()


# ---- requests

def head(line, *fields):
    return ("\r\n".join((line,) + fields) + "\r\n\r\n").encode("latin-1")


GET = "GET http://web.example/x HTTP/1.1"
H = "Host: web.example"


def requests():
    return origin.events(event="request")


def request():
    return wait("request", requests)[0]


def test_http_forwarded():
    r = ask(head("GET http://web.example/a?b=c HTTP/1.1", "Host: evil.test",
                 "Proxy-Authorization: Basic xxx", "Proxy-Connection: close",
                 "Connection: keep-alive, X-Hop", "X-Hop: 1", "Keep-Alive: 5",
                 "TE: trailers", "Upgrade: websocket", "Accept: */*",
                 "Authorization: Bearer y"))
    eq(status(r), 200)
    h = request()["head"]
    yes(h.startswith("GET /a?b=c HTTP/1.1\r\n"), h)
    low = h.lower()
    eq(re.findall(r"(?m)^host: *(\S+)", low), ["web.example"])
    for f in ("proxy-", "x-hop", "keep-alive", "te:", "upgrade", "evil"):
        yes(f not in low, f + " in " + h)
    yes("accept: */*" in low and "authorization: bearer y" in low, h)
    yes("connection: close" in low, h)


class Reader:
    """Answers, one after the other, on a connection that stays."""

    def __init__(self, s):
        self.s, self.d = s, b""

    def more(self):
        e = self.s.recv(65536)
        if not e:
            raise EOFError
        self.d += e

    def until(self, end):
        while end not in self.d:
            self.more()
        r, _, self.d = self.d.partition(end)
        return r

    def take(self, n):
        while len(self.d) < n:
            self.more()
        r, self.d = self.d[:n], self.d[n:]
        return r

    def answer(self, method="GET"):
        """Status, fields, body."""
        line, *lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        f = dict((k.lower(), v.strip())
                 for k, v in (x.split(":", 1) for x in lines))
        eq(len(f), len(lines), "fields given twice")
        st, body = int(line.split()[1]), b""
        if st == 100:
            return st, f, b""
        if method == "HEAD" or st in (204, 304):
            pass
        elif "transfer-encoding" in f:
            eq(f["transfer-encoding"], "chunked")
            yes("content-length" not in f, "both framings")
            n = 1
            while n:
                n = int(self.until(b"\r\n"), 16)
                body += self.take(n)
                eq(self.take(2), b"\r\n")
        elif "content-length" in f:
            body = self.take(int(f["content-length"]))
        else:
            eq(f.get("connection"), "close", "no framing")
            body = self.d + rest(self.s)
        return st, f, body


def http(path="/", host="web.example", method="GET", body=b"", fields=()):
    return head("%s http://%s%s HTTP/1.1" % (method, host, path),
                "Host: " + host, *fields) + body


LENGTH = ("Content-Length: 10",)
CHUNKED = ("Transfer-Encoding: chunked",)


def test_http_keeps_the_client():
    s = connect()
    r = Reader(s)
    for path, want in (("/", b"seen 0"), ("/chunked", b"abcde"),
                       ("/stays", b"abcde"), ("/single-bytes", b"abcde"),
                       ("/extra", b"abcde"), ("/extra-chunks", b"abcde"),
                       ("/continue", b"abcde"), ("/fields", b"abcde"),
                       ("/http10-length", b"abcde"), ("/204", b""),
                       ("/length-reset", b"abcde"), ("/304", b"")):
        s.sendall(http(path))
        st, f, body = r.answer()
        eq(body, want, path)
        yes("connection" not in f, "%s: %r" % (path, f))
    s.sendall(http("/head", method="HEAD"))
    eq(r.answer("HEAD")[1]["content-length"], "5")
    s.sendall(http("/", method="POST", body=b"0123456789", fields=LENGTH))
    eq(r.answer()[2], b"seen 10")
    # one connection each, and nothing else on it
    eq(len(origin.events(port=80, event="accept")), 14)
    eq(origin.events(event="more"), [])
    eq(r.d, b"")
    s.sendall(http("/", fields=("Connection: close",)))
    eq(r.answer()[1]["connection"], "close")
    eq(rest(s), b"")


def test_http_next_request_judged_again():
    s = connect()
    r = Reader(s)
    s.sendall(http())
    eq(r.answer()[0], 200)
    s.sendall(http(host="good.example"))
    eq(r.answer()[0], 200)
    dns.mark()
    s.sendall(http(host="evil.test"))
    st, f, body = r.answer()
    eq(st, 403)
    yes(body.startswith(b"proxyd: evil.test: not allowed"), body)
    eq(rest(s), b"")
    eq(dns.lines(), [])
    eq([re.findall("(?m)^Host: (\\S+)", e["head"]) for e in requests()],
       [["web.example"], ["good.example"]])
    # what is refused for its port, or makes a tunnel, is so later too
    for raw, want in ((http(host="tls.example"), 403),
                      (http(host="web.example:8080"), 403),
                      (target("evil.test:443"), 403),
                      (b"GET / HTTP/1.1\r\n\r\n", 400), (b"\r\n", 400)):
        s = connect()
        r = Reader(s)
        s.sendall(http() + raw)
        eq(r.answer()[0], 200)
        eq(r.answer()[0], want, raw)
    s = connect()
    s.sendall(http() + target("plain.example:7") + b"hello")
    r = Reader(s)
    eq(r.answer()[0], 200)
    eq(r.until(b"\r\n\r\n").split(b"\r\n")[0],
       b"HTTP/1.1 200 Connection established")
    eq(r.take(5), b"hello")


def test_http_next_request_after_a_reload():
    def run():
        s = connect()
        r = Reader(s)
        s.sendall(http())
        eq(r.answer()[0], 200)
        px.reload(CONF.replace("{ web.example good.example", "{ good.example"))
        s.sendall(http())
        eq(r.answer()[0], 403)
        px.reload(CONF)
    with_proxy(CONF, run)


def test_http_body_is_counted():
    body = b"0123456789" * 500
    s = connect()
    s.sendall(head("POST http://web.example/ HTTP/1.1", H,
                   "Content-Length: 5000") + body[:3000])
    # what comes behind the body must not reach the server
    s.sendall(body[3000:] + b"GET http://evil.test/ HTTP/1.1\r\n\r\n")
    r = Reader(s)
    eq(r.answer()[::2], (200, b"seen 5000"))
    eq(r.answer()[0], 403)
    eq([e["body"].encode() for e in requests()], [body])
    eq(origin.events(event="more"), [])


def test_http_pipelined_requests_are_not_smuggled():
    s = connect()
    s.sendall(http() * 20 + http(host="evil.test") + http())
    r = Reader(s)
    for _ in range(20):
        eq(r.answer()[::2], (200, b"seen 0"))
    eq(r.answer()[0], 403)
    rest(s)
    eq(origin.events(event="more"), [])
    eq([e["body"] for e in requests()], [""] * 20)


def test_http_chunked_body():
    s = connect()
    r = Reader(s)
    raw = b"3\r\nabc\r\n000a\r\n0123456789\r\nFF\r\n" + b"x" * 255 + \
        b"\r\n0\r\n\r\n"
    s.sendall(http("/a", method="POST", body=raw, fields=CHUNKED))
    eq(r.answer()[0], 200)
    s.sendall(http("/b", method="POST", fields=CHUNKED))
    for b in raw:
        s.sendall(bytes([b]))
    eq(r.answer()[0], 200)
    big = os.urandom(300000)
    s.sendall(http("/c", method="PUT", fields=CHUNKED) +
              b"%x\r\n" % len(big) + big + b"\r\n0\r\n\r\n" + http("/d"))
    eq(r.answer()[0], 200)
    eq(r.answer()[0], 200)
    got = requests()
    eq([e["head"].split()[1] for e in got], ["/a", "/b", "/c", "/d"])
    for e, want in zip(got, (b"abc0123456789" + b"x" * 255,) * 2 + (big,)):
        low = e["head"].lower()
        yes("transfer-encoding: chunked" in low and "content-length" not in
            low, low)
        eq(unchunk(e["body"].encode("latin-1")), want)
    eq(origin.events(event="more"), [])


def unchunk(d):
    r = b""
    while True:
        n, _, d = d.partition(b"\r\n")
        n = int(n, 16)
        r += d[:n]
        eq(d[n:n + 2], b"\r\n")
        d = d[n + 2:]
        if n == 0:
            eq(d, b"")
            return r


def test_http_chunked_body_refused():
    for raw in (b"3;x=y\r\nabc\r\n0\r\n\r\n", b"3\nabc\n0\n\n",
                b"-3\r\nabc\r\n", b"+3\r\nabc\r\n0\r\n\r\n",
                b"0x3\r\nabc\r\n0\r\n\r\n", b" 3\r\nabc\r\n0\r\n\r\n",
                b"3 \r\nabc\r\n0\r\n\r\n", b"\r\nabc",
                b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nab\r\n0\r\n\r\n",
                b"fffffffffffffffff\r\nabc", b"10000000000000003\r\nabc",
                b"3\r\nabc\r\n0\r\nHost: evil.test\r\n\r\n",
                b"3\r\nabc0\r\n\r\n", b"g\r\n"):
        origin.mark()
        s = connect()
        s.sendall(http(method="POST", body=raw + http(host="evil.test"),
                       fields=CHUNKED))
        eq(rest(s), b"", raw)
        e = wait("request", requests)[0]
        eq(e["whole"], False, raw)
        yes("evil" not in e["body"] and e["body"] in ("", "3\r\nabc\r\n"),
            e["body"])


def test_http_answers_refused():
    for path in ("/nothing", "/nonsense", "/both", "/two-lengths",
                 "/same-lengths", "/length-list", "/codings", "/bare-lf",
                 "/folded", "/blank-colon", "/http10-chunked", "/204-body",
                 "/switch", "/many-continues", "/long-head", "/wide-chunk",
                 "/chunk-extension"):
        s = connect()
        s.sendall(http(path) + http())
        r = Reader(s)
        st, f, body = r.answer()
        eq((st, f.get("connection")), (502, "close"), path)
        yes(b"web.example: the server" in body, body)
        eq(rest(s), b"")
    eq([e for e in requests() if e["head"].startswith("GET / ")], [])


def test_http_answer_broken_off():
    for path, want in (("/short", b"abc"), ("/short-chunks", b"abc"),
                       ("/until-reset", b"abcde")):
        s = connect()
        s.sendall(http(path))
        d = b""
        try:
            while True:
                e = s.recv(65536)
                yes(e, path + ": an end that is no reset")
                d += e
        except ConnectionResetError:
            pass
        yes(want in d and not d.endswith(b"0\r\n\r\n"), d)


def test_http_answer_until_its_end():
    for path in ("/until-close", "/http10"):
        s = connect()
        s.sendall(http(path) + http())
        eq(Reader(s).answer()[::2], (200, b"abcde"), path)
    eq(len(requests()), 2)


def test_http_client_of_old():
    for path in ("/chunked", "/until-close", "/stays"):
        s = connect()
        s.sendall(b"GET http://web.example%s HTTP/1.0\r\n"
                  b"Connection: keep-alive\r\n\r\n" % path.encode())
        d = rest(s)
        yes(d.startswith(b"HTTP/1.1 200 OK\r\n") and
            d.endswith(b"Connection: close\r\n\r\nabcde") and
            b"ransfer" not in d, d)


def test_http_fields_of_an_answer():
    s = connect()
    s.sendall(http("/fields"))
    f = Reader(s).answer()[1]
    eq(sorted(f), ["content-length", "etag", "set-cookie"])


def test_http_continue():
    s = connect()
    r = Reader(s)
    for fields in (LENGTH, CHUNKED):
        s.sendall(http(method="POST", fields=fields +
                       ("Expect: 100-continue",)))
        eq(r.answer()[0], 100)
        s.sendall(b"0123456789" if fields == LENGTH else
                  b"a\r\n0123456789\r\n0\r\n\r\n")
        eq(r.answer()[0], 200)
    for e in requests():
        yes("expect" not in e["head"].lower(), e["head"])
    s.sendall(http(method="POST", fields=LENGTH + ("Expect: tea",)))
    eq(r.answer()[0], 417)
    s = connect()
    s.sendall(http(method="POST", host="evil.test", fields=LENGTH +
                   ("Expect: 100-continue",)))
    eq(Reader(s).answer()[0], 403)


def test_http_early_answer():
    s = connect()
    s.sendall(http("/early", method="POST", fields=LENGTH) + b"01234")
    st, f, body = Reader(s).answer()
    eq((st, body, f["connection"]), (413, b"abcde", "close"))
    s.sendall(b"56789")
    eq(rest(s), b"")


def test_http_client_goes_away():
    s = connect()
    s.sendall(http("/nowhere", method="POST", fields=LENGTH) + b"01234")
    wait("accept", lambda: origin.events(event="accept"))
    s.close()
    wait("end", lambda: [e for e in requests() if not e["whole"]])
    s = connect()
    s.sendall(http(host="big.example"))
    yes(s.recv(1000), "an answer")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    wait("end", lambda: origin.events(event="error"))


def test_http_half_closed_client():
    for fields in (LENGTH, CHUNKED):
        s = connect()
        s.sendall(http(method="POST", fields=fields) +
                  (b"0123456789" if fields == LENGTH else
                   b"a\r\n0123456789\r\n0\r\n\r\n"))
        s.shutdown(socket.SHUT_WR)
        eq(status(rest(s)), 200)


def test_http_answer_is_whole_for_a_client_that_sends_on():
    s = connect()
    s.sendall(http(host="big.example") + b"GET http://web.exa")
    n = 0
    while n < 3000000:
        n += len(s.recv(65536))
        time.sleep(0.0005)
    s.sendall(b"mple/ HTTP/1.1\r\n\r\n")
    yes(b"seen 0" in until(s, b"seen 0"), "the next one")


def test_http_server_that_does_not_close():
    # the answer is over when it says so, and so is the connection
    s = connect()
    r = Reader(s)
    for _ in range(3):
        s.sendall(http("/stays"))
        eq(r.answer()[2], b"abcde")
    conns = {e["conn"] for e in requests()}
    eq(len(conns), 3)
    wait("ends", lambda: conns <= {e["conn"] for e in
                                   origin.events(port=80, event="eof")})


def test_http_only_on_port_80():
    for u in ("http://plain.example:22/", "http://good.example:443/",
              "http://good.example:8443/", "http://plain.example:7/"):
        eq(status(ask(head("GET " + u + " HTTP/1.1", H))), 403, u)
    quiet()


def test_http_where_80_is_not_passed():
    eq(status(ask(head("GET http://tls.example/ HTTP/1.1", H))), 403)
    quiet()


def test_requests_refused():
    good = "CONNECT good.example:443 HTTP/1.1"
    cases = [
        ("smuggled lengths", head(GET, H, "Content-Length: 5",
                                  "Transfer-Encoding: chunked")),
        ("two lengths", head(GET, H, "Content-Length: 5",
                             "Content-Length: 6")),
        ("same length twice", head(GET, H, "Content-Length: 5",
                                   "Content-Length: 5")),
        ("list of lengths", head(GET, H, "Content-Length: 5, 5")),
        ("negative length", head(GET, H, "Content-Length: -5")),
        ("signed length", head(GET, H, "Content-Length: +5")),
        ("hex length", head(GET, H, "Content-Length: 0x5")),
        ("huge length", head(GET, H, "Content-Length: " + "9" * 30)),
        ("chunked, then chunked", head(GET, H, "Transfer-Encoding: chunked, "
                                       "chunked")),
        ("chunked in HTTP/1.0", head("GET http://web.example/ HTTP/1.0", H,
                                     "Transfer-Encoding: chunked")),
        ("two codings", head(GET, H, "Transfer-Encoding: gzip",
                             "Transfer-Encoding: chunked")),
        ("folding", head(GET, H, "X: a\r\n b")),
        ("blank before colon", head(GET, H, "Content-Length : 5")),
        ("no colon", head(GET, H, "nonsense")),
        ("NUL in a field", head(GET, H, "X: a\0b")),
        ("bare CR", head(GET, H, "X: a\rb")),
        ("bare LF", b"GET http://web.example/ HTTP/1.1\nHost: a\n\n"),
        ("two hosts", head("GET http://web.example/ HTTP/1.1", H, H)),
        ("HTTP/0.9", b"GET http://web.example/\r\n\r\n"),
        ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("HTTP/1.2", head("GET http://web.example/ HTTP/1.2", H)),
        ("HTTP/2.0", head("GET http://web.example/ HTTP/2.0", H)),
        ("lower-case version", head("GET http://web.example/ http/1.1", H)),
        ("origin-form", head("GET / HTTP/1.1", H)),
        ("asterisk-form", head("OPTIONS * HTTP/1.1", H)),
        ("https in absolute-form", head("GET https://web.example/ HTTP/1.1",
                                        H)),
        ("ftp", head("GET ftp://web.example/ HTTP/1.1", H)),
        ("lower-case method", head("connect good.example:443 HTTP/1.1")),
        ("unknown method", head("BREW http://web.example/ HTTP/1.1", H)),
        ("TRACE", head("TRACE http://web.example/ HTTP/1.1", H)),
        ("two blanks", head("GET  http://web.example/ HTTP/1.1", H)),
        ("blank at the end", head(GET + " ", H)),
        ("userinfo", head("GET http://a@web.example/ HTTP/1.1", H)),
        ("fragment", head("GET http://web.example/#a HTTP/1.1", H)),
        ("body of a CONNECT", head(good, "Content-Length: 5")),
        ("empty lines", b"\r\n" * 100 + head(good)),
        ("TLS", hello("good.example")),
        ("SSH", b"SSH-2.0-x\r\n\r\n"),
        ("SOCKS5", b"\5\1\0"),
        ("SOCKS4", b"\4\1\1\xbb\1\2\3\4\0"),
        ("101 headers", head(good, *["X: y"] * 101)),
        ("a header of 17 KB", head(good, "X: " + "y" * 17000)),
        ("a long line", head("GET http://web.example/" + "y" * 9000 +
                             " HTTP/1.1", H)),
    ]
    for name, raw in cases:
        r = ask(raw)
        yes(status(r) is not None and 400 <= status(r) < 600 and
            status(r) not in (403, 502), "%s: %r" % (name, r[:80]))
    quiet()


def test_head_in_single_bytes():
    s = connect()
    for b in target("good.example:443"):
        s.sendall(bytes([b]))
        time.sleep(0.002)
    eq(status(until(s, b"\r\n\r\n")), 200)
    gets_ok(s, hello("good.example"))


def test_head_of_nearly_16k():
    raw = head("CONNECT good.example:443 HTTP/1.1", "Host: x",
               "X: " + "y" * 8000, "Y: " + "z" * 8000)
    s = connect()
    for i in range(0, len(raw), 1000):
        s.sendall(raw[i:i + 1000])
        time.sleep(0.005)
    eq(status(until(s, b"\r\n\r\n")), 200)
    gets_ok(s, hello("good.example"))


def test_data_behind_the_head_arrives():
    s = connect()
    s.sendall(target("good.example:443") + hello("good.example") + b"MORE")
    r = until(s, b"\r\n\r\n")
    r += s.recv(10) if not r.endswith(b"OK") else b""
    yes(r.endswith(b"OK"), r)
    eq(wait("data", lambda: origin.data(443) if
            origin.data(443).endswith(b"MORE") else None),
       hello("good.example") + b"MORE")
    s.close()


# ---- TLS

def refused_hello(raw, why, shut=False):
    s = tunnel("good.example:443")
    s.sendall(raw)
    if shut:
        s.shutdown(socket.SHUT_WR)
    rest(s)
    s.close()
    time.sleep(0.02)
    eq(origin.data(443), b"", why)


def test_hello_split_into_segments():
    h = hello("good.example")
    s = tunnel("good.example:443")
    for b in h:
        s.sendall(bytes([b]))
        time.sleep(0.001)
    eq(s.recv(10), b"OK")
    eq(wait("data", lambda: origin.data(443)), h)


def test_hello_split_into_records():
    m = handshake(hello_body(sni("good.example"), b"\0\x15" + vec(2, b"\0" *
                                                                 300)))
    for size in (1, 7, 100):
        origin.mark()
        h = b"".join(record(m[i:i + size]) for i in range(0, len(m), size))
        s = tunnel("good.example:443")
        s.sendall(h[:50])
        time.sleep(0.05)
        s.sendall(h[50:])
        eq(s.recv(10), b"OK")
        eq(wait("data", lambda: origin.data(443) if
                len(origin.data(443)) >= len(h) else None), h)


def test_hello_of_nearly_16k():
    def padded(n):
        return hello("good.example", b"\0\x15" + vec(2, b"\0" * n))
    n = 16384 - len(padded(0))
    origin.mark()
    s = tunnel("good.example:443")
    h = padded(n)
    s.sendall(h[:9000])
    time.sleep(0.05)
    s.sendall(h[9000:])
    eq(s.recv(10), b"OK")
    eq(wait("data", lambda: origin.data(443) if
            len(origin.data(443)) >= len(h) else None), h)
    origin.mark()
    refused_hello(padded(n + 1), "a byte more")


def test_hello_refused():
    nul = "good.example\0.evil.test"
    body = hello_body(sni("good.example"))
    m = handshake(body)
    cases = [
        ("another name", hello("evil.test")),
        ("another passed name", hello("tls.example")),
        ("no name", record(handshake(hello_body()))),
        ("no extensions", record(handshake(body[:41]))),
        ("empty name", hello("")),
        ("NUL in the name", hello(nul)),
        ("NUL behind the name", hello("good.example\0")),
        ("two names", record(handshake(hello_body(
            b"\0\0" + vec(2, vec(2, b"\0" + vec(2, b"good.example") + b"\0" +
                                 vec(2, b"evil.test"))))))),
        ("the extension twice", hello("good.example", sni("evil.test"))),
        ("the extension twice, the other first", hello(
            "evil.test", sni("good.example"))),
        ("a name of another kind", record(handshake(hello_body(
            sni("good.example", 1))))),
        ("an address", hello("192.31.196.2")),
        ("alert first", record(b"\2\x28", 21) + hello("good.example")),
        ("data first", record(b"x" * 20, 23) + hello("good.example")),
        ("change cipher first", record(b"\1", 20) + hello("good.example")),
        ("server hello", record(b"\2" + m[1:])),
        ("SSLv2", b"\x80\x2e\1\3\1\0\x15\0\0\0\x10" + b"\1" * 40),
        ("http", b"GET / HTTP/1.1\r\nHost: good.example\r\n\r\n"),
        ("ssh", b"SSH-2.0-x\r\n"),
        ("nonsense", b"\0" * 600),
        ("an empty record", record(b"") * 3 + hello("good.example")),
        ("extensions too long", record(handshake(
            body[:41] + b"\0\xff" + body[43:]))),
        ("name list too long", record(handshake(hello_body(
            b"\0\0\0\x11\0\xff\0\0\x0cgood.example")))),
        ("handshake shorter than said", record(m[:3] + b"\1" + m[4:])),
        ("longer than 16 KB", b"".join(record(f) for f in (
            [b"\1\0\xff\xff" + body] + [b"\0" * 16000] * 3))),
    ]
    for name, raw in cases:
        refused_hello(raw, name)
    refused_hello(hello("good.example")[:40], "cut short", shut=True)


def test_hello_refused_by_alert():
    s = tunnel("good.example:443")
    s.sendall(hello("evil.test"))
    eq(rest(s)[:1], b"\x15")
    eq(origin.data(443), b"")


def test_hello_name_may_differ_in_case():
    gets_ok(tunnel("good.example:443"), hello("Good.EXAMPLE"))


def test_hello_too_late():
    s = tunnel("good.example:443")
    t = time.time()
    s.sendall(hello("good.example")[:20])
    rest(s)
    yes(1.5 < time.time() - t < 4, "%.1f s" % (time.time() - t))
    eq(origin.data(443), b"")


def test_urgent_data_does_not_hide():
    # A byte that the look at the hello leaves out but the relay would not.
    h = hello("good.example")
    for at in (0, 20, 60, len(h) - 3):
        s = tunnel("good.example:443")
        try:
            s.sendall(h[:at])
            s.send(b"X", socket.MSG_OOB)
            s.sendall(h[at:])
            s.send(b"Y", socket.MSG_OOB)
            time.sleep(0.1)
            rest(s)
        except OSError:
            pass
        d = origin.data(443)
        yes(d == b"" or d.startswith(h), "%d: %r" % (at, d))
    eq(origin.data(443), b"")


def test_encrypted_hello_is_judged_by_the_outer_name():
    ech = b"\xfe\x0d" + vec(2, b"\0" * 100)
    gets_ok(tunnel("good.example:443"), hello("good.example", ech))
    origin.mark()
    refused_hello(hello("cloudflare-ech.com", ech), "outer name")


def test_plain_server_speaks_first():
    s = tunnel("plain.example:22")
    eq(s.recv(100), b"SSH-2.0-test\r\n")
    s.sendall(b"PING")
    eq(s.recv(100), b"PONG")


def test_plain_is_for_its_ports_only():
    s = tunnel("good.example:444")
    s.sendall(b"SSH-2.0-x\r\n")
    rest(s)
    eq(origin.data(444), b"")


# ---- resolver

def get(name, want, port=443):
    t = time.time()
    r = ask(target("%s:%d" % (name, port)))
    eq(status(r), want, name)
    return time.time() - t, r


def test_dns_failures_are_told():
    get("nx.example", 502)
    get("servfail.example", 502)
    get("refused.example", 502)
    get("garbage.example", 502)
    get("empty.example", 502)
    get("loop.example", 502)
    t, r = get("silent.example", 504)
    yes(t < 8, "%.1f s" % t)
    yes(b"no answer from the resolver" in r, r)
    eq(origin.reached(), [])


def test_dns_denied_names_are_not_asked():
    for n in ("evil.test", "exfil-secret.evil.test", "w.example",
              "blocked.w.example"):
        get(n, 403)
    ask(head("GET http://evil.test/ HTTP/1.1"))
    quiet()


def test_dns_truncated_answer_over_tcp():
    gets_ok(tunnel("trunc.example:443"), hello("trunc.example"))
    eq({q[0] for q in questions("trunc.example")}, {"udp", "tcp"})


def test_dns_spoofed_answers_do_not_count():
    gets_ok(tunnel("spoof.example:443"), hello("spoof.example"))
    eq(origin.events(event="accept")[0]["local"], "192.31.196.2")


def test_dns_case_and_ports_are_random():
    px.reload(CONF)
    for i in range(12):
        get("a%d.nx.ins.example" % i, 502)
    names = [line.split()[2] for line in dns.lines()]
    yes(len({"".join("1" if c.isupper() else "0" for c in n[-11:])
             for n in names}) > 5, names)


def test_dns_retry_when_lost():
    t = time.time()
    gets_ok(tunnel("late.example:443"), hello("late.example"))
    yes(time.time() - t < 6, "slow")


def test_dns_without_edns():
    gets_ok(tunnel("noedns.example:443"), hello("noedns.example"))


def test_dns_cache():
    px.reload(CONF)
    for _ in range(5):
        gets_ok(tunnel("good.example:443"), hello("good.example"))
    eq(len(questions("good.example")), 2)
    for _ in range(3):
        get("nx.example", 502)
    eq(len(questions("nx.example")), 2)


def test_dns_cache_ends_with_the_ttl():
    gets_ok(tunnel("short.example:443"), hello("short.example"))
    gets_ok(tunnel("short.example:443"), hello("short.example"))
    n = len(questions("short.example"))
    time.sleep(1.2)
    gets_ok(tunnel("short.example:443"), hello("short.example"))
    yes(len(questions("short.example")) > n, "not asked again")
    gets_ok(tunnel("zero.example:443"), hello("zero.example"))
    n = len(questions("zero.example"))
    gets_ok(tunnel("zero.example:443"), hello("zero.example"))
    yes(len(questions("zero.example")) > n, "TTL 0 was remembered")


def test_dns_same_question_is_asked_once():
    px.reload(CONF)
    socks = [connect() for _ in range(40)]
    for s in socks:
        s.sendall(target("slow.example:443"))
    for s in socks:
        eq(status(until(s, b"\r\n\r\n")), 200)
        s.close()
    eq(len(questions("slow.example")), 2)


def test_dns_answers_that_are_wrong():
    for n in LIES.split():
        t, r = get(n, 502)
        yes(t < 4, "%s: %.1f s" % (n, t))
        yes(b"reached" not in r, r)


def test_dns_limit_of_lookups():
    def run():
        socks = [connect() for _ in range(2)]
        for i, s in enumerate(socks):
            s.sendall(target("s%d.w.example:443" % i if i else
                             "silent.example:443"))
        eq(status(until(socks[1], b"\r\n\r\n")), 502)
        one = connect()
        one.sendall(target("slow.example:443"))
        wait("question", lambda: questions("slow.example"))
        t, r = get("good.example", 503)
        yes(b"too many names" in r, r)
        eq(questions("good.example"), [])
        # the same name waits with the other, and what is known is no lookup
        eq(status(ask(target("slow.example:443"))), 200)
        eq(status(until(one, b"\r\n\r\n")), 200)
        eq(status(until(socks[0], b"\r\n\r\n")), 504)
        gets_ok(tunnel("good.example:443"), hello("good.example"))
    with_proxy(CONF + "limit lookups 2\n", run)


def test_dns_limit_of_the_cache():
    def run():
        for i in range(6):
            get("a%d.ins.example" % i, 502)
        dns.mark()
        get("a5.ins.example", 502)
        get("a3.ins.example", 502)
        eq(dns.lines(), [])
        get("a0.ins.example", 502)
        eq(len(questions("a0.ins.example")), 2)
        px.p.send_signal(signal.SIGUSR1)
        wait("totals", lambda: "names=3 " in plog.text())
    with_proxy(CONF + "limit cache 3\n", run)


def test_dns_cname_chain():
    gets_ok(tunnel("alias2.example:443"), hello("alias2.example"))
    get("badalias.example", 403)
    eq(inside.reached(), [])


def test_inside_addresses_are_refused():
    v4 = ("0.0.0.0 0.1.2.3 10.0.0.1 10.9.9.9 100.64.0.1 100.127.255.254 "
          "127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 172.31.255.255 "
          "192.0.0.8 192.0.2.1 192.168.1.1 198.18.0.1 198.19.255.1 "
          "198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.250 240.0.0.1 "
          "255.255.255.255 192.88.99.1").split()
    v6 = (":: ::1 fc00::1 fd00:ec2::254 fe80::1 ff02::1 ::ffff:127.0.0.1 "
          "::ffff:192.31.196.2 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::c01f:c402 "
          "64:ff9b:1::1 2002:7f00:1::1 2001::1 2001:db8::1 fec0::1 "
          "100::1").split()
    for a in v4:
        t, r = get("ip-%s.ip.example" % a.replace(".", "-"), 403)
        yes(t < 1, a)
    for a in v6:
        b = socket.inet_pton(socket.AF_INET6, a).hex()
        get("ip6-%s.ip.example" % b, 403)
    eq(origin.reached(), [])
    eq(inside.reached(), [])


def test_inside_one_bad_address_refuses_all():
    get("mixed.example", 403)
    get("mixed6.example", 403)
    get("meta.example", 403)
    get("self.example", 403)
    eq(origin.reached(), [])
    eq(inside.reached(), [])


def test_own_address_is_refused():
    get("own.example", 403)


def test_ipv6_origin():
    gets_ok(tunnel("six.example:443"), hello("six.example"))
    eq(origin.events(event="accept")[0]["local"], "2620:4f:8000::2")


def test_next_address_after_a_quarter():
    t = time.time()
    s = tunnel("eyes.example:443")
    took = time.time() - t
    yes(0.2 < took < 1, "%.2f s" % took)
    gets_ok(s, hello("eyes.example"))
    t = time.time()
    gets_ok(tunnel("gone.example:443"), hello("gone.example"))
    yes(time.time() - t < 1, "slow")


def test_dial_is_cut():
    t, r = get("hole.example", 504)
    yes(2.5 < t < 5, "%.1f s" % t)
    t, r = get("closed.example", 502, 9999)
    yes(t < 1, "%.1f s" % t)


def test_many_addresses():
    gets_ok(tunnel("many.example:443"), hello("many.example"))


# ---- parent proxy

def via(conf):
    def run():
        s = tunnel("good.example:443")
        gets_ok(s, hello("good.example"))
        eq(origin.events(event="parent")[0]["head"],
           "CONNECT good.example:443 HTTP/1.1\r\n"
           "Host: good.example:443\r\n\r\n")
        eq(origin.data(443), hello("good.example"))
        eq(origin.events(event="accept")[0]["local"], "10.9.9.9")
        origin.mark()
        refused_hello(hello("evil.test"), "another name")
        eq(questions("good.example"), [])
        s = tunnel("plain.example:22")
        eq(s.recv(100), b"SSH-2.0-test\r\n")
        eq(status(ask(head(GET, H))), 200)
        n = len(origin.events(event="parent"))
        get("evil.test", 403)
        get("good.example", 403, 22)
        eq(len(origin.events(event="parent")), n)
        t, r = get("refuse.w.example", 502)
        yes(b"parent proxy refuses with status 407" in r, r)
        get("odd.w.example", 502)
        get("hang.w.example", 502)
        t, r = get("mute.w.example", 504)
        yes(2 < t < 5, "%.1f s" % t)
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        s = tunnel("plain.example:22")
        s.recv(100)
        px.reload(conf.replace(" 13 22 }", " 13 }"))
        eq(rest(s), b"")
    with_proxy(conf, run)


def test_via_an_address():
    via(CONF + "via 10.9.9.9 port 3128\n")


def test_via_a_name():
    via(CONF + "via via.example port 3128\n")


def test_via_nobody():
    def run():
        t, r = get("good.example", 502)
        yes(b"parent proxy" in r, r)
        px.reload(CONF + "via 192.31.196.2 port 9999\n")
        get("good.example", 502)
        px.reload(CONF)
        gets_ok(tunnel("good.example:443"), hello("good.example"))
    with_proxy(CONF + "via nx.example port 3128\n", run)


# ---- transparent

TDNS = ("192.175.48.1", 53)


def dns_query(name, qtype=1, tcp=False, raw=None, timeout=1.0):
    m = raw or struct.pack(">HHHHHH", 4660, 0x100, 1, 0, 0, 0) + \
        b"".join(vec(1, p.encode()) for p in name.split(".")) + b"\0" + \
        struct.pack(">HH", qtype, 1)
    if tcp:
        s = connect(TDNS)
        s.sendall(vec(2, m)[:1])
        time.sleep(0.02)
        s.sendall(vec(2, m)[1:])
        n = s.recv(2)
        d = s.recv(struct.unpack(">H", n)[0]) if len(n) == 2 else None
    else:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(timeout)
        s.sendto(m, TDNS)
        try:
            d = s.recv(1000)
        except socket.timeout:
            d = None
    s.close()
    if d is None:
        return None
    return d[3] & 15, struct.unpack(">H", d[6:8])[0], d[-4:]


def test_transparent_dns():
    me = socket.inet_aton("192.175.48.1")
    for tcp in (False, True):
        eq(dns_query("good.example", 1, tcp), (0, 1, me))
        eq(dns_query("GoOd.example", 1, tcp), (0, 1, me))
        eq(dns_query("x.w.example", 1, tcp), (0, 1, me))
        eq(dns_query("good.example", 28, tcp)[:2], (0, 0))
        for t in (15, 16, 64, 65, 255, 5, 2, 6, 33):
            eq(dns_query("good.example", t, tcp)[:2], (5, 0), str(t))
        for n in ("evil.test", "secret.exfil.evil.test", "w.example",
                  "blocked.w.example", "localhost"):
            eq(dns_query(n, 1, tcp)[:2], (5, 0), n)
            eq(dns_query(n, 28, tcp)[:2], (5, 0), n)
    quiet()


def test_transparent_dns_malformed_is_dropped():
    h = struct.pack(">HHHHHH", 1, 0x100, 1, 0, 0, 0)
    for raw in (b"", b"x", h, h + b"\x3fgood", h + b"\xc0\x0c\0\1\0\1",
                struct.pack(">HHHHHH", 1, 0x8100, 1, 0, 0, 0) +
                b"\4good\7example\0\0\1\0\1", h + b"\4good\7example\0\0\1",
                struct.pack(">HHHHHH", 1, 0x100, 2, 0, 0, 0) +
                b"\4good\7example\0\0\1\0\1" * 2,
                h + b"\4good\7example\0\0\1\0\1" + b"y" * 600):
        eq(dns_query("", raw=raw, timeout=0.15), None, repr(raw))
    eq(dns_query("good.example")[:2], (0, 1))


def test_transparent_dns_is_rate_limited():
    px.reload(CONF + "limit questions 20\n")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    m = struct.pack(">HHHHHH", 4660, 0x100, 1, 0, 0, 0) + \
        b"\4good\7example\0\0\1\0\1"
    time.sleep(1)
    for _ in range(200):
        s.sendto(m, TDNS)
    s.settimeout(0.3)
    n = 0
    try:
        while True:
            s.recv(1000)
            n += 1
    except socket.timeout:
        pass
    yes(10 <= n <= 40, "%d answers" % n)
    px.reload(CONF)
    time.sleep(1)


def test_transparent_tls():
    h = hello("good.example")
    s = connect(("192.175.48.1", 443))
    for i in range(0, len(h), 9):
        s.sendall(h[i:i + 9])
        time.sleep(0.002)
    eq(s.recv(10), b"OK")
    eq(origin.data(443), h)


def test_transparent_tls_refused():
    for raw in (hello("evil.test"), hello("w.example"),
                hello("127.0.0.1"), b"GET / HTTP/1.1\r\n\r\n" + b"x" * 100,
                record(handshake(hello_body()))):
        s = connect(("192.175.48.1", 443))
        s.sendall(raw)
        yes(rest(s)[:1] in (b"\x15", b""), "no alert")
    quiet()


def test_transparent_http():
    s = connect(("192.175.48.1", 80))
    r = Reader(s)
    s.sendall(head("GET /p?q HTTP/1.1", H))
    eq(r.answer()[0], 200)
    yes(request()["head"].startswith("GET /p?q HTTP/1.1\r\n"), "path")
    s.sendall(head("POST / HTTP/1.1", "Host: good.example", *CHUNKED) +
              b"1\r\nx\r\n0\r\n\r\n")
    eq(r.answer()[0], 200)
    yes("host: good.example" in requests()[1]["head"].lower(), "the second")
    s.sendall(head("GET / HTTP/1.1", "Host: evil.test"))
    eq(r.answer()[0], 403)


def test_transparent_http_refused():
    for raw, want in ((head("GET / HTTP/1.1", "Host: evil.test"), 403),
                      (head("GET / HTTP/1.1", "Host: 127.0.0.1"), 403),
                      (head("GET / HTTP/1.1"), 400),
                      (head("GET / HTTP/1.1", H, "Host: evil.test"), 400),
                      (head("CONNECT good.example:443 HTTP/1.1", H), 405)):
        s = connect(("192.175.48.1", 80))
        s.sendall(raw)
        st = status(rest(s))
        yes(st == want or want != 403 and 400 <= st < 500, "%r %s" % (raw, st))
    quiet()


def curl(*args):
    p = subprocess.run(["curl", "-s", "-m", "8", "--cacert", TMP +
                        "/cert.pem", *args], capture_output=True)
    return p.returncode, p.stdout


EXPLICIT = dict(os.environ, https_proxy="http://192.175.48.1:3128",
                http_proxy="http://192.175.48.1:3128")
TRANSPARENT = dict(os.environ)
CA = TMP + "/cert.pem"


def run(args, env=None, code=0, **kw):
    p = subprocess.run(args, capture_output=True, timeout=30, env=env, **kw)
    if code is not None:
        eq(p.returncode, code, "%s: %s" % (args[0], p.stderr.decode()[-200:]))
    return p


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
    p = run(["curl", "-sS", "-m", "5", "https://evil.test/"], TRANSPARENT,
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
    for how in ("explicit", "transparent"):
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
    for i, env in enumerate((EXPLICIT, TRANSPARENT)):
        d = "%s/pip%d" % (TMP, i)
        env = dict(env, PIP_CONFIG_FILE=os.devnull, REQUESTS_CA_BUNDLE=CA)
        run([sys.executable, "-m", "pip", "install", "-q", "--retries", "0",
             "--disable-pip-version-check", "--no-cache-dir", "--cert", CA,
             "--index-url", "https://real.example/simple", "-t", d, "t"], env)
        eq(open(d + "/t.py").read(), "fetched = 1\n")


# ---- behaviour

def test_half_close_by_the_client():
    s = tunnel("plain.example:7")
    s.sendall(b"abc")
    eq(s.recv(10), b"abc")
    s.shutdown(socket.SHUT_WR)
    eq(rest(s), b"BYE")
    wait("eof", lambda: origin.events(port=7, event="eof"))


def test_half_close_by_the_server():
    s = tunnel("plain.example:10")
    eq(rest(s), b"FIRST")
    s.sendall(b"z" * 100000)
    s.close()
    eq(wait("total", lambda: origin.events(event="total"))[0]["total"], 100000)


def test_reset_by_the_server():
    s = tunnel("plain.example:9")
    s.sendall(b"x")
    eq(s.recv(10), b"X")
    try:
        s.recv(10)
        fail("no reset")
    except ConnectionResetError:
        pass


def test_reset_by_the_client():
    s = tunnel("plain.example:7")
    s.sendall(b"abc")
    eq(s.recv(10), b"abc")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    wait("reset", lambda: origin.events(port=7, event="error", error=104))


def test_reset_of_a_half_closed_server():
    s = tunnel("plain.example:12")
    eq(s.recv(10), b"")
    p = select.poll()
    p.register(s, 0)
    eq(p.poll(100), [], "too early")
    s.sendall(b"x")
    # nobody writes any more
    yes(p.poll(3000), "no reset")
    yes(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "no error")


def test_reset_of_a_half_closed_client():
    s = tunnel("plain.example:13")
    s.shutdown(socket.SHUT_WR)
    wait("eof", lambda: origin.events(port=13, event="eof"))
    c, t = busy(), time.time()
    while time.time() - t < 0.5:
        time.sleep(0.1)
    yes(busy() - c < 0.2, "busy: %.2f s" % (busy() - c))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    e = wait("reset", lambda: origin.events(port=13, event="reset"), 8)
    yes(e[0]["error"], "no error: %r" % e)


def test_many_bytes_both_ways():
    for n in (1, 16383, 16384, 16385, 65536, 5000000):
        s = tunnel("plain.example:11")
        s.sendall(b"%d\n" % n)
        d = rest(s)
        eq(len(d), n)
        eq(d, (bytes(range(256)) * (n // 256 + 1))[:n])
    s = tunnel("plain.example:7")
    data = os.urandom(3000000)
    got = []
    th = threading.Thread(target=lambda: got.append(rest(s)))
    th.start()
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    th.join(10)
    eq(got[0] == data + b"BYE", True, "echo")


def test_slow_reader():
    s = tunnel("plain.example:11")
    s.sendall(b"8000000\n")
    time.sleep(0.5)
    n = 0
    while n < 8000000:
        d = s.recv(300000)
        if not d:
            break
        n += len(d)
        time.sleep(0.005)
    eq(n, 8000000)


def test_slow_readers_without_pipes():
    # more stalled tunnels than there are pipes: the rest is held in memory
    def run():
        n = 6000000
        want = (bytes(range(256)) * (n // 256 + 1))[:n]
        socks = []
        for _ in range(8):
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            s.settimeout(8)
            s.connect(PROXY)
            s.sendall(target("plain.example:11"))
            eq(status(until(s, b"\r\n\r\n", 39)), 200)
            s.sendall(b"%d\n" % n)
            socks.append(s)
        time.sleep(0.5)
        got = [b""] * len(socks)
        while any(len(g) < n for g in got):
            for i, s in enumerate(socks):
                if len(got[i]) < n:
                    d = s.recv(200000)
                    yes(d, "cut after %d" % len(got[i]))
                    got[i] += d
        yes(all(g == want for g in got), "other bytes")
    with_proxy(CONF, run, prefix=["sh", "-c", "ulimit -n 64; exec \"$@\"",
                                  "sh"])


def test_slow_head_is_cut():
    s = connect()
    t = time.time()
    s.sendall(b"CONNECT good.example:443 HTTP/1.1\r\nHost")
    r = rest(s)
    yes(1.5 < time.time() - t < 4, "%.1f s" % (time.time() - t))
    eq(status(r), 408)
    s = connect()
    eq(rest(s), b"")


def test_dribbled_head_is_cut():
    s = connect()
    t = time.time()
    s.sendall(b"CONNECT good.example:443 HTTP/1.1\r\nX: ")
    try:
        while time.time() - t < 8:
            s.sendall(b"y")
            time.sleep(0.1)
    except OSError:
        pass
    yes(time.time() - t < 6, "%.1f s" % (time.time() - t))


def test_refusal_reaches_a_client_that_still_sends():
    s = connect()
    s.sendall(head("POST http://evil.test/ HTTP/1.1", "Host: evil.test",
                   "Content-Length: 300000"))
    for _ in range(10):
        time.sleep(0.03)
        s.sendall(b"x" * 30000)
    eq(status(rest(s)), 403)


def test_head_cut_short():
    s = connect()
    s.sendall(b"CONNECT good.example:443 HTTP/1.1\r\n")
    s.shutdown(socket.SHUT_WR)
    t = time.time()
    rest(s)
    yes(time.time() - t < 1, "slow")


def test_half_open_clients_do_not_starve_others():
    good = tunnel("plain.example:7")
    socks = []
    for i in range(5000):
        try:
            socks.append(connect(src="192.175.48.3"))
        except OSError:
            break
        if i % 500 == 0:
            good.sendall(b"still")
            eq(good.recv(10), b"still")
            t = time.time()
            gets_ok(tunnel("good.example:443"), hello("good.example"))
            yes(time.time() - t < 1.5, "a new tunnel took %.1f s" %
                (time.time() - t))
            yes(px.fds()["frontend"] < 1100, "heads are kept")
    yes(len(socks) > 4000, "%d" % len(socks))
    for s in socks:
        s.close()
    wait("recovery", lambda: px.fds()["frontend"] < 60, 8)


def test_flood_of_denied_requests():
    good = tunnel("plain.example:7")

    def flood(n):
        for i in range(300):
            ask(target("evil%d-%d.test:443" % (n, i)))
    plog.mark()
    th = [threading.Thread(target=flood, args=(n,)) for n in range(4)]
    for t in th:
        t.start()
    for _ in range(10):
        t = time.time()
        good.sendall(b"x")
        eq(good.recv(1), b"x")
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        yes(time.time() - t < 1, "slow")
    for t in th:
        t.join()
    n = plog.text().count("refused ")
    yes(n < 200, "%d lines" % n)


def test_refusals_of_a_host_are_counted():
    def run():
        for _ in range(30):
            get("noisy.test", 403)
        eq(plog.text().count("noisy.test"), 5)
    with_proxy(CONF, run)


def cpu(pid):
    f = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / 100


def with_proxy(conf, f, **kw):
    global px
    px.stop()
    px = Proxy(conf, **kw)
    try:
        f()
    finally:
        px.stop()
        px = Proxy()


def test_descriptors_run_out():
    def run():
        good = tunnel("plain.example:7")
        before = px.fds()
        socks = []
        for _ in range(400):
            try:
                s = connect(timeout=3)
                s.sendall(target("plain.example:7"))
                socks.append(s)
            except OSError:
                break
        time.sleep(1)
        c0 = sum(cpu(p) for p in px.pids().values())
        time.sleep(1)
        c1 = sum(cpu(p) for p in px.pids().values())
        yes(c1 - c0 < 0.3, "busy: %.2f s" % (c1 - c0))
        good.sendall(b"still")
        eq(good.recv(10), b"still")
        for s in socks:
            s.close()
        wait("recovery", lambda: all(
            n <= before[r] + 12 for r, n in px.fds().items()), 8)
        gets_ok(tunnel("good.example:443"), hello("good.example"))
    with_proxy(CONF, run, prefix=FEW)


FEW = ["sh", "-c", "ulimit -n 128; exec \"$@\"", "sh"]


def busy():
    return sum(cpu(p) for p in px.pids().values())


class Few:
    """The frontend may have so many descriptors more than it has."""

    def __init__(self, n):
        self.set("%d:" % (px.fds()["frontend"] + n))

    def set(self, n):
        run(["setpriv", "--reuid", "_proxyd", "--regid", "_proxyd",
             "--clear-groups", "prlimit", "--pid", str(px.pids()["frontend"]),
             "--nofile=" + n])

    def over(self):
        hard = [x.split()[4] for x in open("/proc/%d/limits" % px.p.pid)
                if x.startswith("Max open files")][0]
        self.set(hard + ":")


def test_accepting_pauses_without_descriptors():
    good = tunnel("plain.example:7")
    few = Few(0)
    plog.mark()
    s = connect(timeout=20)
    s.sendall(target("plain.example:7"))
    wait("pause", lambda: "accept: Too many open files" in plog.text())
    c, t = busy(), time.time()
    while time.time() - t < 1.5:
        good.sendall(b"still")
        eq(good.recv(10), b"still")
        time.sleep(0.1)
    yes(busy() - c < 0.4, "busy: %.2f s" % (busy() - c))
    yes(plog.text().count("accept:") < 20, "many lines")
    few.over()
    # the one that waited is served
    eq(status(until(s, b"\r\n\r\n")), 200)


def test_silent_clients_make_room():
    good = tunnel("plain.example:7")
    few = Few(8)
    plog.mark()
    socks = []
    for i in range(100):
        socks.append(connect())
        if i % 20 == 19:
            t = time.time()
            gets_ok(tunnel("good.example:443"), hello("good.example"))
            yes(time.time() - t < 1, "%.1f s" % (time.time() - t))
    good.sendall(b"still")
    eq(good.recv(10), b"still")
    eq(plog.text().count("accept:"), 0)
    few.over()


def test_requests_leave_descriptors():
    # each takes two of the frontend's, but not the last ones
    socks = []
    few = Few(60)
    plog.mark()
    while True:
        s = connect()
        s.sendall(http("/nowhere", method="POST", fields=LENGTH))
        n = len(socks)
        wait("connection or answer", lambda: len(origin.events(
            event="accept")) > n or select.select([s], [], [], 0)[0])
        if select.select([s], [], [], 0)[0]:
            break
        socks.append(s)
        yes(n < 40, "no end")
    eq(Reader(s).answer()[0], 503)
    s.close()
    # as many at once as there are last ones find room
    more = []
    for _ in range(20):
        s = connect()
        s.sendall(target("slow.example:443"))
        more.append(s)
    for s in more:
        eq(status(until(s, b"\r\n\r\n")), 200)
        s.close()
    eq(plog.text().count("accept:"), 0)
    for s in socks:
        s.close()
    few.over()
    s = connect()
    s.sendall(http())
    eq(Reader(s).answer()[0], 200)


def test_limit_of_a_client():
    def run():
        socks = [tunnel("plain.example:7", src="192.175.48.3")
                 for _ in range(10)]
        s = connect(src="192.175.48.3")
        s.sendall(target("plain.example:7"))
        eq(until(s, b"\r\n\r\n")[:12] != b"HTTP/1.1 200", True, "the 11th")
        tunnel("plain.example:7").close()
        socks.pop().close()
        time.sleep(0.2)
        tunnel("plain.example:7", src="192.175.48.3").close()
    with_proxy(CONF + "limit client 10\n", run)


def test_limit_of_connections():
    def run():
        socks = [tunnel("plain.example:7") for _ in range(20)]
        s = connect()
        try:
            s.sendall(target("plain.example:7"))
            r = until(s, b"\r\n\r\n")
        except OSError:
            r = b""
        yes(status(r) != 200, "the 21st")
        for s in socks:
            s.sendall(b"a")
            eq(s.recv(1), b"a")
        for s in socks:
            s.close()
        time.sleep(0.3)
        tunnel("plain.example:7").close()
    with_proxy(CONF + "limit connections 20\n", run)


def test_idle_and_old_tunnels_are_cut():
    def run():
        idle, busy = tunnel("plain.example:7"), tunnel("plain.example:7")
        t = time.time()
        ended = {}
        while len(ended) < 2 and time.time() - t < 9:
            if "busy" not in ended:
                try:
                    busy.sendall(b"x")
                    busy.recv(10) or ended.setdefault("busy",
                                                      time.time() - t)
                except OSError:
                    ended["busy"] = time.time() - t
            if "idle" not in ended and select.select([idle], [], [], 0.1)[0]:
                ended["idle"] = time.time() - t
        yes(1.5 < ended["idle"] < 3.5, ended)
        yes(4 < ended["busy"] < 7, ended)
    with_proxy(CONF + "timeout idle 2\ntimeout life 5\n", run)


def test_reload_bad_file_keeps_the_old():
    px.reload("pass to evil.test\nnonsense here\nlisten on 1\n", good=False)
    yes("proxyd.conf:2: " in plog.text() and "proxyd.conf:3: " in plog.text(),
        plog.text())
    gets_ok(tunnel("good.example:443"), hello("good.example"))
    get("evil.test", 403)
    px.reload(CONF)


def test_reload_with_another_port_of_a_resolver():
    px.reload(CONF.replace("resolver 192.31.196.53",
                           "resolver 192.31.196.53 port 5353"), good=False)
    yes("the port of a resolver changes with a new start only" in
        plog.text(), plog.text())
    gets_ok(tunnel("good.example:443"), hello("good.example"))
    # another address is no matter
    px.reload(CONF.replace("resolver 192.31.196.53", "resolver 192.31.196.99"))
    get("a.w.example", 504)
    px.reload(CONF)


def test_reload_keeps_and_cuts():
    keep, cut = tunnel("plain.example:7"), tunnel("plain.example:22")
    cut.recv(100)
    corp = tunnel("corp.example:444")
    corp.sendall(hello("corp.example"))
    eq(corp.recv(10), b"OK")
    hello_waits = tunnel("tls.example:443")
    new = CONF.replace(" 13 22 }", " 13 }").replace(
        "address 10.9.0.0/16 ", "").replace("tls.example", "new.example")
    open(px.conf, "w").write(new)
    t = time.time()
    px.p.send_signal(signal.SIGHUP)
    eq(rest(cut), b"")
    yes(time.time() - t < 0.3, "%.2f s" % (time.time() - t))
    eq(rest(corp), b"")
    eq(rest(hello_waits), b"")
    keep.sendall(b"still")
    eq(keep.recv(10), b"still")
    get("plain.example", 403, 22)
    px.reload(CONF)
    yes("not allowed any more" in open(plog.path).read(), "reason")
    tunnel("plain.example:22").close()


def test_reload_many_tunnels_at_once():
    socks = [tunnel("plain.example:7") for _ in range(500)]
    px.reload(CONF.replace("port { 7 9", "port { 9"))
    t = time.time()
    for s in socks:
        rest(s)
    yes(time.time() - t < 1, "slow")
    px.reload(CONF)


def fields(line):
    return dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))


def test_log_of_a_tunnel():
    plog.mark()
    s = tunnel("plain.example:7")
    me = "%s:%d" % s.getsockname()
    s.sendall(b"12345")
    s.recv(10)
    s.shutdown(socket.SHUT_WR)
    rest(s)
    line = wait("line", lambda: [x for x in plog.lines() if "tunnel " in x and
                                 me in x])[0]
    f = fields(line)
    eq((f["host"], f["port"], f["address"], f["out"], f["in"], f["client"],
        f["reason"]), ("plain.example", "7", "192.31.196.2:7", "5", "8", me,
                       "closed"))
    yes(0 <= int(f["ms"]) < 5000, line)


def test_log_of_a_refusal():
    plog.mark()
    get("logged.test", 403)
    ask(b"BAD\0\x1b[31m\r\n\r\n")
    f = fields(wait("line", lambda: [x for x in plog.lines()
                                     if "logged.test" in x])[0])
    eq((f["host"], f["port"]), ("logged.test", "443"))
    yes("reason" in f and "client" in f, f)
    yes("\x1b" not in plog.text(), "escape")


def test_log_json():
    def run():
        s = tunnel("plain.example:7")
        s.close()
        get("evil.test", 403)
        wait("line", lambda: '"tunnel"' in plog.text())
        seen = [json.loads(x) for x in plog.lines() if x.startswith("{")]
        eq({e["event"] for e in seen}, {"opened", "tunnel", "refused"})
        eq([e["host"] for e in seen if e["event"] == "refused"],
           ["evil.test"])
        eq([e["open"] for e in seen if "open" in e], [1, 0])
    with_proxy(CONF + "log json\n", run)


def json_lines():
    return [json.loads(x) for x in plog.lines() if x.startswith("{")]


# As JSON the rest is counted soon, and none is lost.
def test_log_json_counts_refusals():
    def run():
        def count():
            return sum(e.get("count", 1) for e in json_lines()
                       if e.get("host") == "often.test")
        for _ in range(12):
            get("often.test", 403)
        wait("count", lambda: count() == 12)
        eq(len([e for e in json_lines() if "count" in e]), 1)
        for _ in range(3):
            get("often.test", 403)
        wait("second count", lambda: count() == 15)
    with_proxy(CONF + "log json\n", run)


# What it had not told yet, and what is open, it tells at its end.
def test_log_json_is_complete_at_the_end():
    def run():
        s = tunnel("plain.example:7")
        s.sendall(b"x")
        eq(s.recv(1), b"x")
        for _ in range(9):
            get("often.test", 403)
        px.stop()
        seen = json_lines()
        eq(sum(e.get("count", 1) for e in seen if e["event"] == "refused"), 9)
        eq([(e["host"], e["out"], e["in"], e["open"], e["reason"])
            for e in seen if e["event"] == "tunnel"],
           [("plain.example", 1, 1, 0, "the proxy ends")])
        eq([i for i, e in enumerate(seen) if e["event"] == "ended"],
           [len(seen) - 1])
    with_proxy(CONF + "log json\n", run)


def parents(conf):
    """Those who were started with this configuration."""
    r = []
    for pid in os.listdir("/proc"):
        try:
            args = open("/proc/%s/cmdline" % pid).read().split("\0")
            if args[0] == PROXYD and conf in args:
                r.append(int(pid))
        except OSError:
            pass
    return r


def test_log_to_syslog():
    # in this mount namespace alone
    path = "/dev/log"
    made = not os.path.lexists(path)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    mine = path if made else TMP + "/log"
    s.bind(mine)
    os.chmod(mine, 0o666)
    s.settimeout(8)
    conf = TMP + "/syslog.conf"
    try:
        if not made:
            run(["mount", "--bind", mine, path])
        open(conf, "w").write("listen on 127.0.0.1 port 3333\n"
                              "resolver 127.0.0.1\npass to x.example\n")
        p = run(["ip", "netns", "exec", NS, PROXYD, "-f", conf])
        eq((p.stdout, p.stderr), (b"", b""))
        lines = []
        while not any("started," in x for x in lines):
            lines.append(s.recv(9000).decode())
        run(["ip", "netns", "exec", NS, "curl", "-s", "-x",
             "http://127.0.0.1:3333", "http://evil.test/"])
        while not any("refused host=evil.test port=80 " in x for x in lines):
            lines.append(s.recv(9000).decode())
        # what fails at the start is told where it was started
        p = run(["ip", "netns", "exec", NS, PROXYD, "-f", conf], code=None)
        yes(b"127.0.0.1" in p.stderr and b"in use" in p.stderr, p.stderr)
    finally:
        for pid in parents(conf):
            os.kill(pid, signal.SIGTERM)
        wait("end", lambda: not parents(conf), 8)
        if not made:
            run(["umount", path])
        os.unlink(mine)


def test_totals():
    plog.mark()
    px.p.send_signal(signal.SIGUSR1)
    wait("totals", lambda: plog.text().count("totals ") == 3)


# ---- processes

def test_sandbox_of_each_process():
    for name, pid in list(px.pids().items()) + [("parent", px.p.pid)]:
        st = open("/proc/%d/status" % pid).read()
        yes("Seccomp:\t2" in st, name + ": no filter")
        yes("NoNewPrivs:\t1" in st, name)
        uid = re.search(r"Uid:\t(\d+)", st).group(1)
        if name != "parent":
            yes(uid != "0", name + " is root")
            yes("CapEff:\t0000000000000000" in st, name)
            eq(os.readlink("/proc/%d/root" % pid), "/var/empty", name)


def kinds(pid):
    r = {}
    for fd in os.listdir("/proc/%d/fd" % pid):
        k = os.readlink("/proc/%d/fd/%s" % (pid, fd))
        k = re.sub(r":?\[.*", "", k)
        r[k] = r.get(k, 0) + 1
    return r


def test_descriptors_of_each_process():
    def run():
        p = px.pids()
        for name in p:
            k = kinds(p[name])
            sockets = k.pop("socket", 0)
            # the parent, the two others, a log; libevent's own
            own = 3 + (5 if name == "frontend" else 0)
            yes(sockets <= own + 2, "%s: %s %d" % (name, k, sockets))
            for path in k:
                yes(path in ("/dev/null", "anon_inode", "pipe") or
                    "proxyd.log" in path, "%s: %s" % (name, path))
    with_proxy(CONF, run)


def test_each_death_ends_all():
    global px
    for name in ("frontend", "resolver", "relay", "parent"):
        p = px.pids()
        p["parent"] = px.p.pid
        os.kill(p[name], signal.SIGKILL)
        px.p.wait(3)
        for n, pid in p.items():
            wait(n + " gone after " + name, lambda: not os.path.exists(
                "/proc/%d" % pid), 2)
        if name != "parent":
            yes("%s terminated; signal 9" % name in plog.text(), plog.text())
        px.stop()
        px = Proxy()


def test_nothing_leaks():
    before = px.fds()
    for _ in range(30):
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        tunnel("plain.example:7").close()
        get("evil.test", 403)
        ask(head(GET, H))
    wait("descriptors", lambda: all(n <= before[r] for r, n in
                                    px.fds().items() if r != "relay") and
         px.fds()["relay"] <= before["relay"] + 4, 5)


# ---- the channel and the handover

def test_channel():
    global px
    px.stop()
    r, w = os.pipe()
    out = open(TMP + "/out", "wb+")
    q = Proxy(stdin=r, out=out, args=("-f", "-"))
    os.close(r)

    def said():
        return open(TMP + "/out").read().split("\n")[:-1]
    try:
        doc = CONF.split("pass to file")[0]
        os.write(w, doc.encode() + b".\n")
        wait("ok", lambda: said() == ["ok"])
        q.started()
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        os.write(w, b"pass to\n.\n")
        wait("error", lambda: len(said()) == 2)
        yes(said()[1].startswith("error: stdin:1: "), said())
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        t = time.time()
        os.write(w, b"pass to x.test\n")
        os.write(w, b".\npass to file \"/etc/passwd\"\n.\n")
        wait("both", lambda: len(said()) == 4)
        yes(time.time() - t < 0.5, "slow")
        eq(said()[2], "ok")
        yes("stdin:1: /etc/passwd: Permission denied" in said()[3], said())
        get("good.example", 403)
        os.close(w)
        time.sleep(0.2)
        eq(q.p.poll(), None, "end of file")
        get("good.example", 403)
    finally:
        q.stop()
        px = Proxy()


def test_channel_bad_at_first():
    p = subprocess.run([PROXYD, "-d", "-f", "-"], input=b"nonsense\n.\n",
                       capture_output=True, timeout=10)
    eq(p.returncode, 1)
    yes(p.stdout.startswith(b"error: stdin:1: "), p.stdout)


def send_fds(path, fds, magic):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(7)
    s.connect(path)
    if fds is not None:
        socket.send_fds(s, [magic], fds)
    try:
        return s.recv(1)
    except ConnectionResetError:
        return b""


def handover_sockets(addr="127.0.0.1", ports=(3128, 53, 53, 443, 80, 3129)):
    r = []
    for i, p in enumerate(ports):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if i == 1 else
                          socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((addr, p))
        if i > 1:
            s.listen(64)
        r.append(s)
    return r


def test_handover():
    global px
    px.stop()
    path = TMP + "/handover.sock"
    magic = struct.pack("=I", 0x63736831)
    r, w = os.pipe()
    out = open(TMP + "/out", "wb+")
    q = Proxy(stdin=r, out=out, args=("-f", "-"))
    os.close(r)

    def said():
        return open(TMP + "/out").read().split("\n")[:-1]
    try:
        os.write(w, ("handover \"%s\"\nresolver 192.31.196.53\n"
                     "pass to good.example\n.\n" % path).encode())
        wait("ok", lambda: said() == ["ok"])
        wait("socket", lambda: os.path.exists(path))
        eq(os.stat(path).st_mode & 0o777, 0o666)
        good = handover_sockets()
        fds = [s.fileno() for s in good]
        null = os.open("/dev/null", os.O_RDWR)
        other = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        other.bind(("127.0.0.1", 9000))
        other.listen(1)
        eq(send_fds(path, fds, magic), b"", "not listening")
        good[0].listen(64)
        pair = socket.socketpair()
        for name, bad, m in (
                ("no descriptor", [], magic),
                ("five", fds[:5], magic),
                ("seven", fds + [fds[0]], magic),
                ("wrong order", [fds[1], fds[0]] + fds[2:], magic),
                ("a file", [null] + fds[1:], magic),
                ("another port", [other.fileno()] + fds[1:], magic),
                ("a pair", [pair[0].fileno()] + fds[1:], magic),
                ("wrong magic", fds, b"nope"),
                ("long", fds, magic + b"x"),
                ("short", fds, magic[:2])):
            eq(send_fds(path, bad, m), b"", name)
            yes(os.path.exists(path), name + ": the socket is gone")
        # one that says nothing does not keep the others out for ever
        lazy = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        lazy.connect(path)
        eq(send_fds(path, fds, magic), b"k")
        wait("serving", lambda: said() == ["ok", "serving"])
        yes(not os.path.exists(path), "the socket is still there")
        for s in good:
            s.close()
        before = q.fds()
        s = connect(("127.0.0.1", 3128))
        s.sendall(target("good.example:443"))
        eq(status(until(s, b"\r\n\r\n")), 200)
        gets_ok(s, hello("good.example"))
        s = connect(("127.0.0.1", 443))
        gets_ok(s, hello("good.example"))
        # but for the pipes that the relay keeps
        wait("descriptors", lambda: all(n <= before[r] + 4 * (r == "relay")
                                        for r, n in q.fds().items()), 5)
    finally:
        q.stop()
        px = Proxy()


def test_handover_by_inside():
    global px
    px.stop()
    d = "/run/claudesec"
    r, w = os.pipe()
    q = Proxy(stdin=r, out=subprocess.DEVNULL, args=("-f", "-"))
    os.close(r)
    try:
        os.write(w, b"handover \"/run/claudesec/proxyd.sock\"\n"
                 b"resolver 192.31.196.53\npass to web.example port 80\n.\n")
        wait("socket", lambda: os.path.exists(d + "/proxyd.sock"))
        subprocess.run(["ip", "netns", "add", AGENT], check=True)
        ns = ["ip", "netns", "exec", AGENT]
        subprocess.run(ns + ["sh", "-c", "ip link set lo up; sysctl -qw "
                             "net.ipv4.ip_unprivileged_port_start=0"],
                       check=True)
        p = subprocess.run(ns + [
            "setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups",
            INSIDE, "--", "curl", "-s", "-x", "http://127.0.0.1:3128",
            "http://web.example/"], capture_output=True, timeout=20)
        eq((p.returncode, p.stdout), (0, b"seen 0"), p.stderr.decode())
        p = subprocess.run(ns + [INSIDE, "--", "true"], capture_output=True,
                           timeout=20)
        yes(p.returncode == 71, "a second handover: %d" % p.returncode)
    finally:
        q.stop()
        os.close(w)
        px = Proxy()


def test_not_two_on_one_port():
    p = subprocess.run(["ip", "netns", "exec", NS, PROXYD, "-d", "-f",
                        px.conf], capture_output=True, timeout=10)
    eq(p.returncode, 1)
    yes(b"listen on 192.175.48.1 port 3128: " in p.stderr, p.stderr)


def main():
    global px
    names = sys.argv[1:]
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and
             (not names or any(x in n for x in names))]
    for log in (origin, dns, inside):
        wait("servers", lambda: "ready" in open(log.path).read() if
             os.path.exists(log.path) else False, 10)
    px = Proxy()
    failed = 0
    for name, f in tests:
        for log in (origin, dns, inside):
            log.mark()
        try:
            f()
            if px.p.poll() is not None:
                px = Proxy()
                fail("proxyd died")
            print("ok", name[5:], flush=True)
        except Exception as e:
            failed = 1
            print("FAIL %s: %s" % (name[5:], str(e).replace("\n", " ")[:400]),
                  flush=True)
            if not isinstance(e, AssertionError):
                traceback.print_exc()
            if px.p.poll() is not None:
                px = Proxy()
    px.stop()
    return failed


sys.exit(main())
