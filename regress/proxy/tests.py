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


# tests.py [NAME ...]: the cases of cases/, run in the client's namespace by
# run.sh.  Each looks at what the client got, what reached the origin, and what
# was asked of DNS.
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
    too-many.example huge.example always-truncated.example
    loop-of-two.example alias-cut.example tcp-none.example tcp-length.example
    tcp-zero.example tcp-head.example tcp-short.example tcp-long.example
    tcp-other.example tcp-again.example"""
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
    refused.example garbage.example nx.example detour.example
    baddetour.example most.example above.example all.example
    elsewhere.example tcp-dribble.example }
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


def wait(what, f, secs=60.0):
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
             self.p.poll() is not None and fail(plog.text()))

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
        self.p.wait(60)
        self.err.close()


def fail(why):
    raise AssertionError(why)


px = None


def connect(to=PROXY, timeout=60, src=None):
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


def ask(raw, **kw):
    """The whole answer to a request."""
    s = connect(**kw)
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
    wait("accept", lambda: accepts() > n)
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


def cpu(pid):
    f = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / 100


def busy():
    return sum(cpu(p) for p in px.pids().values())


def with_proxy(conf, f, **kw):
    global px
    px.stop()
    px = Proxy(conf, **kw)
    try:
        f()
    finally:
        px.stop()
        px = Proxy()


def run(args, env=None, code=0, **kw):
    p = subprocess.run(args, capture_output=True, timeout=120, env=env, **kw)
    if code is not None:
        eq(p.returncode, code, "%s: %s" % (args[0], p.stderr.decode()[-200:]))
    return p


def get(name, want, port=443):
    t = time.time()
    r = ask(target("%s:%d" % (name, port)))
    eq(status(r), want, name)
    return time.time() - t, r


def beside(f):
    """A case that waits, more than it looks at what others change or leave in
    the logs: all of these run at once, at the end."""
    f.beside = True
    return f


def at_once(f, items):
    """f of each of them, side by side; what fails first is told."""
    failed = []

    def one(x):
        try:
            f(x)
        except Exception as e:
            failed.append(e)
    th = [threading.Thread(target=one, args=(x,)) for x in items]
    for t in th:
        t.start()
    for t in th:
        t.join()
    if failed:
        raise failed[0]


# The cases, by their subject; they share what is above.
for subject in """policy names http answers tls resolver own via transparent
        clients behaviour limits reload log process channel""".split():
    with open("cases/%s.py" % subject) as f:
        exec(compile(f.read(), f.name, "exec"))


def main():
    global px
    names = sys.argv[1:]
    tests = [(n[5:], f) for n, f in globals().items() if
             n.startswith("test_") and
             (not names or any(x in n for x in names))]
    logs = (origin, dns, inside)
    for log in logs:
        wait("servers", lambda: "ready" in open(log.path).read() if
             os.path.exists(log.path) else False)
    px = Proxy()
    failed = []

    def case(name, f):
        global px
        try:
            f()
            if px.p.poll() is not None:
                fail("proxyd died")
            print("ok %s\n" % name, end="", flush=True)
        except Exception as e:
            failed.append(name)
            print("FAIL %s: %s\n" % (name, str(e).replace("\n", " ")[:400]),
                  end="", flush=True)
            if not isinstance(e, AssertionError):
                traceback.print_exc()

    def begin():
        global px
        if px.p.poll() is not None:
            px = Proxy()
        for log in logs:
            log.mark()
    for name, f in tests:
        if not hasattr(f, "beside"):
            begin()
            case(name, f)
    begin()
    at_once(lambda x: case(*x), [x for x in tests if
                                 hasattr(x[1], "beside")])
    px.stop()
    return len(failed) > 0


sys.exit(main())
