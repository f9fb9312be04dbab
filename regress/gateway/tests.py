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


# tests.py [NAME ...]: the cases, run by run.sh.  The client is the agent; what
# reached the API is looked at byte by byte, each connection and request.
import json
import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import traceback

TMP = os.environ["TMP"]
PROXYD = os.environ["PROXYD"]
TOKEN = "sk-ant-placeholder-0123456789abcdef"
KEY = "sk-ant-the-real-key-of-the-user-42"
EVIL = "sk-ant-key-of-the-attacker-666"
GATE = ("127.0.0.1", 3129)
PROXY = ("127.0.0.1", 3128)
CONF = """
listen on 127.0.0.1 port 3128
transparent on 127.0.0.1
gateway on 127.0.0.1
resolver 127.0.0.53 port 5353
timeout head 2
timeout dial 3
pass to { api.example other.example } port { 443 444 }
pass to api.example port 80
gateway to api.example%s {
	token "%s"
	%s
	address 127.0.0.0/8
%s
}
"""


def conf(port="", token=TOKEN, key='key "%s"' % KEY, more="", tls=True):
    if tls:
        more += '\n\tca file "%s/good.pem"' % TMP
    return CONF % (port, token, key, more)


def wait(what, f, secs=60.0):
    end = time.time() + secs
    while time.time() < end:
        r = f()
        if r:
            return r
        time.sleep(0.01)
    raise AssertionError("no " + what)


def eq(a, b, what=""):
    if a != b:
        raise AssertionError("%s%r instead of %r" %
                             (what + ": " if what else "", a, b))


def yes(x, what):
    if not x:
        raise AssertionError(what)


# ---- DNS

class Dns:
    """Answers A for what ends in .example, and writes down the questions."""
    def __init__(self):
        self.asked = []
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.53", 5353))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            q, peer = self.s.recvfrom(2000)
            name, i = [], 12
            while q[i]:
                name.append(q[i + 1:i + 1 + q[i]])
                i += 1 + q[i]
            end = i + 5
            name = b".".join(name).decode().lower()
            kind = int.from_bytes(q[i + 1:i + 3], "big")
            self.asked.append((name, kind))
            addr = {"api.example": "127.0.0.10",
                    "other.example": "127.0.0.11"}.get(name)
            good = addr and kind == 1
            a = q[:2] + b"\x81\x80" + b"\0\1" + (b"\0\1" if good else b"\0\0")
            a += b"\0\0\0\0" + q[12:end]
            if good:
                a += b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4" + socket.inet_aton(addr)
            self.s.sendto(a, peer)


# ---- the API

class Request:
    def __init__(self, conn, head, body):
        self.conn = conn
        self.raw = head
        lines = head.split(b"\r\n")
        self.line = lines[0].decode()
        self.fields = [tuple(x.split(b": ", 1)) for x in lines[1:] if x]
        self.body = body

    def all(self, name):
        return [v.decode() for n, v in self.fields
                if n.lower() == name.encode()]

    def one(self, name):
        r = self.all(name)
        eq(len(r), 1, name)
        return r[0]


class Api:
    """One way to answer at a time; everything that came is kept."""
    def __init__(self, addr, port, cert=None):
        self.lock = threading.Lock()
        self.clear()
        self.context = None
        if cert:
            self.set_cert(cert)
        self.s = socket.socket()
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind((addr, port))
        self.s.listen(128)
        threading.Thread(target=self.run, daemon=True).start()

    def set_cert(self, cert):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain("%s/%s.pem" % (TMP, cert),
                                     "%s/%s.key" % (TMP, cert))
        self.context.set_alpn_protocols(["http/1.1"])

    def clear(self):
        self.reply = ok
        self.read_body = True
        with self.lock:
            # what an earlier case left open does not count when it ends
            self.case = object()
            self.most = self.conns = self.closed = self.heads = 0
            self.requests = []
            self.errors = []

    def run(self):
        while True:
            c, _ = self.s.accept()
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(c,),
                             daemon=True).start()

    def serve(self, c):
        case = None
        try:
            if self.context:
                c = self.context.wrap_socket(c, server_side=True)
            with self.lock:
                self.conns += 1
                n, case = self.conns, self.case
                self.most = max(self.most, n - self.closed)
            while self.request(c, n):
                pass
        except (OSError, ssl.SSLError, ValueError) as e:
            with self.lock:
                self.errors.append(repr(e))
        try:
            c.close()
        except OSError:
            pass
        with self.lock:
            self.closed += case is self.case

    def request(self, c, n):
        d = b""
        while b"\r\n\r\n" not in d:
            x = c.recv(65536)
            if not x:
                return False
            d += x
        head, d = d.split(b"\r\n\r\n", 1)
        r = Request(n, head, b"")
        with self.lock:
            self.heads += 1
        if self.read_body:
            r.body = body_of(c, r, d)
        with self.lock:
            self.requests.append(r)
        return self.reply(c, r)


def body_of(c, r, d):
    length = r.all("content-length")
    coding = r.all("transfer-encoding")
    if len(length) + len(coding) > 1:
        raise ValueError("framed twice")
    if length:
        parts = [d]
        got = len(d)
        while got < int(length[0]):
            x = c.recv(262144)
            if not x:
                raise ValueError("short body")
            parts.append(x)
            got += len(x)
        if got > int(length[0]):
            raise ValueError("long body")
        return b"".join(parts)
    if not coding:
        if d:
            raise ValueError("something behind the head: %r" % d)
        return b""
    body = b""
    while True:
        while b"\r\n" not in d:
            x = c.recv(65536)
            if not x:
                raise ValueError("short chunks")
            d += x
        size, d = d.split(b"\r\n", 1)
        size = int(size, 16)
        while len(d) < size + 2:
            x = c.recv(65536)
            if not x:
                raise ValueError("short chunks")
            d += x
        if d[size:size + 2] != b"\r\n":
            raise ValueError("malformed chunk")
        body += d[:size]
        d = d[size + 2:]
        if size == 0:
            if d:
                raise ValueError("something behind the chunks: %r" % d)
            return body


def answer(status=200, body=b"", **kw):
    h = b"HTTP/1.1 %d X\r\n" % status
    for k, v in kw.items():
        h += b"%s: %s\r\n" % (k.replace("_", "-").encode(), v.encode())
    return h + b"Content-Length: %d\r\n\r\n" % len(body) + body


def ok(c, r):
    head = r.line.startswith("HEAD")
    a = answer(200, b"hello", request_id="req_1", set_cookie="a=b")
    c.sendall(a[:-5] if head else a)
    return True


def raw(data, more=False):
    """An answer as it is; more: the connection stays open."""
    def reply(c, r):
        c.sendall(data)
        if not more:
            time.sleep(0.05)
        return more
    return reply


# ---- the proxy

class Proxy:
    def __init__(self, text, args=(), stdin=None, out=None, wait_for=True,
                 prefix=()):
        self.conf = TMP + "/proxyd.conf"
        self.path = TMP + "/proxyd.log"
        with open(self.conf, "w") as f:
            f.write(text)
        self.err = open(self.path, "wb")
        self.p = subprocess.Popen(
            [*prefix, PROXYD, "-d", *args] +
            ([] if stdin else ["-f", self.conf]),
            stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=self.err)
        if wait_for:
            wait("start", lambda: ("started," in self.log() and
                 "in force" in self.log()) or self.p.poll() is not None)
            yes(self.p.poll() is None, self.log())

    def log(self):
        with open(self.path, errors="replace") as f:
            return f.read()

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

    def reload(self, text, good=True):
        n = len(self.log())
        with open(self.conf, "w") as f:
            f.write(text)
        self.p.send_signal(signal.SIGHUP)
        wait("reload", lambda: ("in force" if good else "stays as it was") in
             self.log()[n:])

    def stop(self):
        if self.p.poll() is None:
            self.p.terminate()
        self.p.wait(60)
        self.err.close()


# ---- the client

class Client:
    def __init__(self, to=GATE, timeout=60):
        self.s = socket.create_connection(to, timeout)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.d = b""

    def send(self, data):
        self.s.sendall(data)
        return self

    def more(self):
        try:
            x = self.s.recv(262144)
        except ConnectionResetError:
            x = b""
        self.d += x
        return len(x)

    def head(self):
        while b"\r\n\r\n" not in self.d:
            if not self.more():
                return None
        h, self.d = self.d.split(b"\r\n\r\n", 1)
        lines = h.split(b"\r\n")
        self.status = int(lines[0].split(b" ")[1])
        self.fields = {}
        for x in lines[1:]:
            k, v = x.split(b": ", 1)
            k = k.decode().lower()
            yes(k not in self.fields, "twice: " + k)
            self.fields[k] = v.decode()
        return self.status

    def exactly(self, n):
        while len(self.d) < n:
            yes(self.more(), "the answer was cut at %d of %d" %
                (len(self.d), n))
        x, self.d = self.d[:n], self.d[n:]
        return x

    def line(self):
        while b"\r\n" not in self.d:
            yes(self.more(), "the answer was cut")
        x, self.d = self.d.split(b"\r\n", 1)
        return x

    def chunk(self):
        n = int(self.line(), 16)
        x = self.exactly(n)
        eq(self.line(), b"")
        return x

    def body(self):
        if "transfer-encoding" in self.fields:
            r = b""
            while True:
                x = self.chunk()
                if not x:
                    return r
                r += x
        return self.exactly(int(self.fields.get("content-length", 0)))

    def answer(self, head=False):
        yes(self.head() is not None, "no answer")
        return self.status, b"" if head else self.body()

    def eof(self):
        while self.more():
            pass
        return self.d

    def close(self):
        self.s.close()

    def reset(self):
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
        self.s.close()


def req(line="POST /v1/messages?beta=true", body=b"{}", auth=None, fields=(),
        framing=None):
    h = line.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1:3129\r\n"
    if auth is None:
        auth = "x-api-key: " + TOKEN
    if auth:
        h += auth.encode() + b"\r\n"
    for f in fields:
        h += (f.encode() if isinstance(f, str) else f) + b"\r\n"
    if framing is None and body is not None:
        h += b"Content-Length: %d\r\n" % len(body)
    elif framing:
        h += framing + b"\r\n"
    return h + b"\r\n" + (body or b"")


def ask(*a, **kw):
    c = Client()
    c.send(req(*a, **kw))
    r = c.answer()
    c.close()
    return r


def refused(status, raw_request, why=None):
    """Refused, and nothing of it reached the API."""
    n = len(api.requests)
    c = Client()
    c.send(raw_request)
    yes(c.head() is not None, "no answer")
    eq(c.status, status, c.eof().decode())
    if why:
        yes(why in c.eof().decode(), c.d)
    c.close()
    time.sleep(0.02)
    eq(len(api.requests), n, "requests at the API")


def sound(n=None):
    """What came to the API is well framed, with our key and no other."""
    eq(api.errors, [])
    if n is not None:
        eq(len(api.requests), n, "requests")
    for r in api.requests:
        yes(EVIL.encode() not in r.raw and TOKEN.encode() not in r.raw, r.raw)
        eq(r.raw.count(KEY.encode()), 1, "keys")
        eq(r.one("host"), "api.example")


# ---- what goes through

def test_key_is_put_in():
    eq(ask(), (200, b"hello"))
    r = api.requests[0]
    eq(r.line, "POST /v1/messages?beta=true HTTP/1.1")
    eq(r.one("x-api-key"), KEY)
    eq(r.all("authorization"), [])
    eq(r.body, b"{}")
    sound(1)


def test_token_as_bearer():
    eq(ask(auth="Authorization: Bearer " + TOKEN)[0], 200)
    eq(api.requests[0].one("x-api-key"), KEY)
    eq(api.requests[0].all("authorization"), [])
    sound(1)


def test_bearer_is_put_in():
    px.reload(conf(key='bearer "%s"' % KEY))
    eq(ask(auth="Authorization: Bearer " + TOKEN,
           fields=["anthropic-beta: oauth-2025-04-20,x"])[0], 200)
    r = api.requests[0]
    eq(r.one("authorization"), "Bearer " + KEY)
    eq(r.all("x-api-key"), [])
    eq(r.one("anthropic-beta"), "oauth-2025-04-20,x")
    sound(1)


CLAUDE = ["Accept: application/json", "Content-Type: application/json",
          "User-Agent: claude-cli/2.1.330 (external, sdk-cli)",
          "X-Claude-Code-Session-Id: 5b3b8d05-eaa7-4540",
          "X-Stainless-Arch: x64", "X-Stainless-Retry-Count: 0",
          "anthropic-beta: claude-code-20250219",
          "anthropic-dangerous-direct-browser-access: true",
          "anthropic-version: 2023-06-01", "x-app: cli",
          "Accept-Encoding: gzip, deflate, br, zstd"]


def test_fields_of_claude_code_arrive():
    eq(ask(fields=CLAUDE + ["Connection: keep-alive"])[0], 200)
    got = {n.decode(): v.decode() for n, v in api.requests[0].fields}
    for f in CLAUDE:
        n, v = f.split(": ", 1)
        eq(got.get(n.lower()), v, n)
    yes("connection" not in {k.lower() for k in got}, "Connection")
    sound(1)


def test_fields_that_do_not_arrive():
    drop = ["Cookie: a=" + EVIL, "Proxy-Authorization: Basic " + EVIL,
            "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1", "Via: 1.1 me",
            "X_API_Key: " + EVIL, "x-api_key: " + EVIL,
            "anthropic-api-key: " + EVIL, "anthropic-auth-token: " + EVIL,
            "X-Stainless-Secret: " + EVIL, "x-goog-api-key: " + EVIL,
            "anthropic-bearer: " + EVIL, "X-Claude-JWT: " + EVIL,
            "X-HTTP-Method-Override: DELETE", "X-Original-URL: /v1/files",
            "Upgrade: h2c", "Connection: x-app", "Keep-Alive: 5",
            "TE: trailers", "Trailer: x-api-key", "x-app: dropped",
            "anthropic_version: 1", "anthropic-beta_x: 1",
            "X-Stainless-A_b: 1", "Expect: 100-continue"]
    eq(ask(fields=drop, body=b"")[0], 200)
    names = {n.decode().lower() for n, _ in api.requests[0].fields}
    eq(names, {"host", "x-api-key", "content-length"})
    sound(1)


def test_paths_that_pass():
    for line in ("GET /v1/models", "GET /v1/models?limit=5",
                 "GET /v1/models/claude-x.1", "POST /v1/messages",
                 "POST /v1/messages/count_tokens?beta=true"):
        eq(ask(line, body=None if line[0] == "G" else b"x")[0], 200, line)
    sound(5)


def test_head():
    c = Client().send(req("HEAD /", body=None))
    eq(c.answer(head=True)[0], 200)
    eq(c.fields["content-length"], "5")
    c.send(req())
    eq(c.answer(), (200, b"hello"))
    eq(api.conns, 1, "connections")
    sound(2)


def test_error_of_the_api_is_passed_on():
    body = b'{"type":"error","error":{"type":"overloaded_error"}}'
    api.reply = raw(answer(529, body, retry_after="7",
                           content_type="application/json"), True)
    c = Client().send(req())
    eq(c.answer(), (529, body))
    eq(c.fields["retry-after"], "7")
    eq(c.fields["content-type"], "application/json")


def test_compressed_stays_compressed():
    body = bytes(range(256)) * 100
    api.reply = raw(answer(200, body, content_encoding="br"), True)
    c = Client().send(req(fields=["Accept-Encoding: br"]))
    eq(c.answer(), (200, body))
    eq(c.fields["content-encoding"], "br")
    eq(api.requests[0].one("accept-encoding"), "br")


def test_cookie_of_the_api_stays_out():
    c = Client().send(req())
    c.answer()
    yes("set-cookie" not in c.fields, "a cookie")
    eq(c.fields["request-id"], "req_1")


def test_no_content():
    api.reply = raw(b"HTTP/1.1 204 No Content\r\n\r\n", True)
    c = Client()
    for i in range(3):
        c.send(req())
        eq(c.answer(), (204, b""))
    eq(api.conns, 1, "connections")


# ---- bodies

def test_large_body():
    body = os.urandom(1 << 20) * 32
    eq(ask(body=body), (200, b"hello"))
    yes(api.requests[0].body == body, "another body")
    sound(1)


def chunks(body, size):
    r = b""
    for i in range(0, len(body), size):
        x = body[i:i + size]
        r += b"%x\r\n%s\r\n" % (len(x), x)
    return r + b"0\r\n\r\n"


def test_chunked_body():
    body = os.urandom(300000)
    for size in (1000, 70000, 300000):
        c = Client()
        c.send(req(body=chunks(body, size),
                   framing=b"Transfer-Encoding: chunked"))
        eq(c.answer(), (200, b"hello"))
        yes(api.requests[-1].body == body, "another body")
        c.send(req())
        eq(c.answer(), (200, b"hello"), "the next")
    sound(6)


def test_large_chunked_body():
    body = os.urandom(1 << 20) * 8
    eq(ask(body=chunks(body, 100000),
           framing=b"Transfer-Encoding: chunked"), (200, b"hello"))
    yes(api.requests[0].body == body, "another body")
    sound(1)


def test_body_byte_by_byte():
    c = Client()
    for b in req(body=chunks(b"abcdefgh", 3),
                 framing=b"Transfer-Encoding: chunked"):
        c.send(bytes([b]))
        time.sleep(0.0005)
    eq(c.answer(), (200, b"hello"))
    eq(api.requests[0].body, b"abcdefgh")
    sound(1)


def test_body_is_streamed():
    """The API sees the beginning before the client has sent the end."""
    api.read_body = False
    seen = []

    def reply(c, r):
        while b"first" not in b"".join(seen):
            seen.append(c.recv(1000))
        c.sendall(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        return False
    api.reply = reply
    c = Client().send(req(body=b"first", framing=b"Content-Length: 10"))
    eq(c.head(), 200)
    yes(b"first" in b"".join(seen), "it was held back")


def test_continue():
    c = Client()
    c.send(req(body=b"", framing=b"Content-Length: 4",
               fields=["Expect: 100-continue"]))
    while b"\r\n\r\n" not in c.d:
        yes(c.more(), "no answer")
    eq(c.d, b"HTTP/1.1 100 Continue\r\n\r\n")
    c.d = b""
    c.send(b"body")
    eq(c.answer(), (200, b"hello"))
    eq(api.requests[0].all("expect"), [])
    eq(api.requests[0].body, b"body")
    sound(1)


# ---- answers

def test_events_come_one_by_one():
    """Each is there before the next is sent."""
    step = threading.Semaphore(0)

    def reply(c, r):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n")
        for i in range(20):
            step.acquire()
            e = b"event: e%d\ndata: {}\n\n" % i
            c.sendall(b"%x\r\n%s\r\n" % (len(e), e))
        step.acquire()
        c.sendall(b"0\r\n\r\n")
        return True
    api.reply = reply
    c = Client().send(req())
    eq(c.head(), 200)
    for i in range(20):
        step.release()
        eq(c.chunk(), b"event: e%d\ndata: {}\n\n" % i)
    step.release()
    eq(c.chunk(), b"")
    api.reply = ok
    c.send(req())
    eq(c.answer(), (200, b"hello"))
    eq(api.conns, 1, "connections")


def test_large_answer():
    body = os.urandom(1 << 20) * 32
    api.reply = raw(answer(200, body), True)
    c = Client().send(req())
    s, got = c.answer()
    yes(got == body, "another body")


def test_large_chunked_answer():
    body = os.urandom(1 << 20) * 8
    for size in (1, 5000, 16384, 100000):
        part = body if size > 1 else body[:5000]
        api.reply = raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
                        b"\r\n\r\n" + chunks(part, size), True)
        c = Client().send(req())
        s, got = c.answer()
        yes(got == part, "another body with chunks of %d" % size)


def test_interim_answers_are_left_out():
    api.reply = raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints"
                    b"\r\nLink: x\r\n\r\n" + answer(200, b"end"), True)
    c = Client().send(req())
    eq(c.answer(), (200, b"end"))
    c.send(req())
    eq(c.answer(), (200, b"end"))
    eq(api.conns, 1, "connections")


def test_slow_reader_is_waited_for():
    """The API is held back, memory is not used up, and others go on."""
    sent = [0]

    def reply(c, r):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" %
                  (64 << 20))
        for i in range(1024):
            c.sendall(b"x" * 65536)
            sent[0] += 65536
        return True
    api.reply = reply
    c = Client()
    c.send(req())
    eq(c.head(), 200)
    wait("stall", lambda: sent[0] > 0)
    last = -1
    while last != sent[0]:
        last = sent[0]
        time.sleep(0.3)
    yes(last < 24 << 20, "%d bytes were taken" % last)
    rss = int(re.search(r"VmRSS:\s+(\d+)", open(
        "/proc/%d/status" % px.pids()["keeper"]).read()).group(1))
    yes(rss < 24000, "the keeper has %d KB" % rss)
    api.reply = ok
    eq(ask(), (200, b"hello"))
    eq(len(c.exactly(64 << 20)), 64 << 20)


def test_slow_api_holds_back_the_client():
    api.read_body = False
    go = threading.Event()

    def reply(c, r):
        go.wait(60)
        r.body = body_of(c, r, b"")
        return ok(c, r)
    api.reply = reply
    c = Client()
    c.s.settimeout(0.5)
    c.send(req(body=b"", framing=b"Content-Length: %d" % (64 << 20)))
    n = 0
    try:
        while n < 64 << 20:
            n += c.s.send(b"y" * 65536)
    except TimeoutError:
        pass
    yes(n < 24 << 20, "%d bytes were taken" % n)
    go.set()
    c.s.settimeout(60)
    while n < 64 << 20:
        n += c.s.send(b"y" * min(65536, (64 << 20) - n))
    eq(c.answer(), (200, b"hello"))


# ---- connections

def test_connection_is_used_again():
    c = Client()
    for i in range(50):
        c.send(req())
        eq(c.answer(), (200, b"hello"))
    for i in range(20):
        eq(ask(), (200, b"hello"))
    eq(api.conns, 1, "connections")
    sound(70)


def test_many_at_once():
    def one():
        try:
            for i in range(5):
                if ask(body=b"x" * 50000) == (200, b"hello"):
                    good.append(1)
        except AssertionError as e:
            bad.append(e)
    good, bad = [], []
    ts = [threading.Thread(target=one) for i in range(100)]
    for t in ts:
        t.start()
    for t in ts:
        t.join()
    eq(bad, [])
    eq(len(good), 500)
    yes(api.most <= 32, "%d connections" % api.most)
    sound(500)


def test_more_at_once_than_there_can_be():
    """Those have no answer to wait for; the others have theirs."""
    go = threading.Event()
    api.reply = lambda c, r: go.wait(60) and ok(c, r)
    cs = [Client().send(req("GET /v1/models", body=None))
          for i in range(280)]
    p = select.poll()
    for c in cs:
        p.register(c.s, select.POLLIN)
    wait("refusals", lambda: len(p.poll(0)) >= 24)
    none = [c for c in cs if c.s.fileno() in [x for x, _ in p.poll(0)]]
    eq(len(none), 24)
    for c in none:
        eq(c.answer()[0], 503)
    go.set()
    for c in cs:
        if c not in none:
            eq(c.answer(), (200, b"hello"))
        c.close()
    yes(api.most <= 32, "%d connections" % api.most)


def test_connection_that_was_closed_is_not_used():
    api.reply = lambda c, r: ok(c, r) and False
    for i in range(10):
        eq(ask(), (200, b"hello"))
        wait("end", lambda: api.closed == i + 1)
        time.sleep(0.02)
    sound(10)


def closing(n):
    """An API that answers, and then closes n times when it is asked more."""
    left = [n]

    def reply(c, r):
        if r.conn == 1 and len(api.requests) == 1:
            return ok(c, r)
        if left[0] > 0:
            left[0] -= 1
            return False
        return ok(c, r)
    return reply


def test_used_connection_that_closes_is_tried_again():
    """Where it is the same to do it twice; the client does not notice."""
    for line in ("GET /v1/models", "HEAD /"):
        api.clear()
        px.reload(conf())
        api.reply = closing(1)
        c = Client().send(req())
        eq(c.answer(), (200, b"hello"))
        c.send(req(line, body=None))
        eq(c.answer(head=line[0] == "H")[0], 200, line)
        c.send(req())
        eq(c.answer(), (200, b"hello"), "the next")
        eq([r.conn for r in api.requests], [1, 1, 2, 2], line)
        sound(4)


def test_nothing_is_done_twice():
    """A message that the API may have had is not sent again."""
    for body, framing in ((b"{}", None), (b"", None),
                          (b"0\r\n\r\n", b"Transfer-Encoding: chunked"),
                          (chunks(b"x" * 50000, 20000),
                           b"Transfer-Encoding: chunked")):
        api.clear()
        px.reload(conf())
        api.reply = closing(1)
        c = Client().send(req())
        eq(c.answer(), (200, b"hello"))
        c.send(req(body=body, framing=framing))
        s, text = c.answer()
        eq(s, 502)
        yes(b"hung up before it answered" in text, text)
        eq(len(api.requests), 2)
        eq(ask(), (200, b"hello"))
        sound(3)


def test_body_that_is_still_there_goes_with_a_second_try():
    """The API hung up on the head alone, so it cannot have done anything."""
    def reply(c, r):
        if len(api.requests) == 1:
            api.read_body = False
            return ok(c, r)
        if len(api.requests) == 2:
            api.read_body = True
            return False
        return ok(c, r)
    for framing, body in ((b"Content-Length: 5", b"howdy"),
                          (b"Transfer-Encoding: chunked",
                           b"5\r\nhowdy\r\n0\r\n\r\n")):
        api.clear()
        px.reload(conf())
        api.reply = reply
        c = Client().send(req())
        eq(c.answer(), (200, b"hello"))
        c.send(req(body=b"", framing=framing))
        # the first connection is one of these, and then the next
        wait("head", lambda: len(api.requests) == 2 and api.conns == 2)
        c.send(body)
        eq(c.answer(), (200, b"hello"))
        eq(api.requests[2].body, b"howdy")
        sound(3)


def test_tried_again_but_once():
    api.reply = closing(2)
    c = Client().send(req())
    eq(c.answer(), (200, b"hello"))
    c.send(req("GET /v1/models", body=None))
    eq(c.answer()[0], 502)
    eq(len(api.requests), 3)
    # nor is what fails on a connection of its own
    api.clear()
    px.reload(conf())
    api.reply = lambda c, r: False
    eq(ask("GET /v1/models", body=None)[0], 502)
    eq(len(api.requests), 1)
    # and what is no answer is none the second time either
    api.clear()
    px.reload(conf())
    api.reply = closing(0)
    c = Client().send(req())
    eq(c.answer(), (200, b"hello"))
    api.reply = raw(b"HTTP/1.1 200 OK\r\nA")
    c.send(req("GET /v1/models", body=None))
    eq(c.answer()[0], 502)
    eq(len(api.requests), 2)


def test_close_is_heeded():
    api.reply = raw(answer(200, b"x", connection="close"), True)
    for i in range(3):
        eq(ask(), (200, b"x"))
    eq(api.conns, 3, "connections")


def test_client_that_closes():
    c = Client().send(req(fields=["Connection: close"]))
    eq(c.answer(), (200, b"hello"))
    eq(c.fields.get("connection"), "close")
    eq(c.eof(), b"")


def test_cancel_reaches_the_api():
    for end in (Client.close, Client.reset):
        api.clear()
        cut = []

        def reply(c, r):
            c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"1\r\nx\r\n")
            try:
                cut.append(c.recv(100))
            except OSError:
                cut.append(b"")
            return False
        api.reply = reply
        c = Client().send(req())
        eq(c.head(), 200)
        eq(c.chunk(), b"x")
        yes(not cut, "cut before its time")
        end(c)
        wait("end", lambda: cut)
        eq(cut, [b""])


def test_cancel_before_the_answer():
    cut = []

    def reply(c, r):
        try:
            cut.append(c.recv(100))
        except OSError:
            cut.append(b"")
        return False
    api.reply = reply
    c = Client().send(req())
    wait("request", lambda: api.requests)
    c.close()
    wait("end", lambda: cut)


def test_cancel_within_the_body():
    """What is half sent is never ended as if it were whole."""
    for framing, part in ((b"Content-Length: 100", b"x" * 50),
                          (b"Transfer-Encoding: chunked", b"32\r\nabc")):
        api.clear()
        c = Client().send(req(body=part, framing=framing))
        wait("head", lambda: api.heads)
        c.close()
        wait("end", lambda: api.errors)
        eq(api.requests, [])
        yes("short" in api.errors[0], api.errors)


def test_api_that_hangs_up():
    api.reply = lambda c, r: False
    eq(ask()[0], 502)
    api.reply = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    c = Client().send(req())
    eq(c.head(), 200)
    eq(c.eof(), b"abc")
    api.reply = raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"3\r\nabc\r\n")
    c = Client().send(req())
    eq(c.head(), 200)
    eq(c.eof(), b"3\r\nabc\r\n")


def test_early_answer():
    """Of an API that does not want the body: it is passed on."""
    api.read_body = False
    api.reply = raw(answer(413, b"too large", connection="close"))
    c = Client()
    c.send(req(body=b"z" * 1000, framing=b"Content-Length: 100000000"))
    eq(c.answer(), (413, b"too large"))
    eq(c.eof(), b"")


def test_early_answer_of_an_api_that_hangs_up():
    """Though there is more to send, and that fails first."""
    def reply(c, r):
        time.sleep(0.1)     # until no more goes into the connection
        c.sendall(answer(413, b"too large", connection="close"))
        return False
    for _ in range(5):
        api.read_body = False
        api.reply = reply
        c = Client()

        def send():
            try:
                for _ in range(32):
                    c.send(b"z" * 1000000)
            except OSError:
                pass        # refused, as it is to be
        c.send(req(body=b"", framing=b"Content-Length: 32000000"))
        t = threading.Thread(target=send)
        t.start()
        eq(c.answer(), (413, b"too large"))
        c.close()
        t.join()


def test_first_request_has_its_certificates():
    global px
    for _ in range(10):
        px.stop()
        px = Proxy(conf(), wait_for=False)

        def first():
            try:
                return Client()
            except ConnectionRefusedError:
                return None
        c = wait("gateway", first, 60).send(req())
        eq(c.answer(), (200, b"hello"))
        c.close()
        wait("start", lambda: "in force" in px.log(), 60)


def test_connection_with_half_a_request_is_not_used_again():
    """The next one would be a part of its body."""
    api.read_body = False
    api.reply = raw(answer(413, b"too large"), True)
    for framing, body in ((b"Content-Length: 100000", b"z" * 1000),
                          (b"Transfer-Encoding: chunked",
                           b"3e8\r\n" + b"z" * 1000)):
        c = Client().send(req(body=body, framing=framing))
        eq(c.answer(), (413, b"too large"))
        eq(c.eof(), b"")
        n = api.conns
        eq(ask("GET /v1/models", body=None), (413, b"too large"))
        eq(api.conns, n + 1, "connections")
    eq(len(api.requests), 4)


# ---- an API that lies

def test_answers_that_are_none():
    for bad in (b"", b"\r\n", b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
                b"<html>hello", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n",
                b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
                b"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
                b"HTTP/1.1 200 OK\r\n\r\n",
                b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                b"Content-Length: 1\r\n\r\nx",
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
                b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
                b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx",
                b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx",
                b"HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n"
                b"Content-Length: 0\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 0\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 0\r\n\r\n",
                b"HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 0\r\n\r\n",
                b"HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\nhello",
                b"HTTP/1.1 200 OK\r\nA: " + b"b" * 20000 + b"\r\n"
                b"Content-Length: 0\r\n\r\n",
                b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 +
                b"Content-Length: 0\r\n\r\n",
                b"HTTP/1.1 100 X\r\n\r\n" * 20):
        api.clear()
        # whether it hangs up or not
        api.reply = raw(bad, more=bad != b"")
        eq(ask()[0], 502, repr(bad[:60]))
        eq(len(api.requests), 1)


def test_chunks_that_are_none():
    """The client sees that the answer is broken off."""
    for bad in (b"x\r\n", b"1\r\nab\r\n", b"1;ext\r\na\r\n0\r\n\r\n",
                b"1 \r\na\r\n0\r\n\r\n", b"\r\n", b"-1\r\n", b"0x1\r\na\r\n",
                b"1\na\n", b"fffffffffffffffff\r\n", b"0\r\nX: y\r\n\r\n",
                b"000000000000001\r\na\r\n"):
        api.clear()
        api.reply = raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
                        b"\r\n\r\n5\r\nhello\r\n" + bad)
        c = Client().send(req())
        s = c.head()
        if s == 502:
            continue
        eq(s, 200)
        yes(not c.eof().endswith(b"\r\n0\r\n\r\n"), repr(bad))


def test_extra_bytes_are_not_the_next_answer():
    api.reply = raw(answer(200, b"one") + answer(200, b"forged"), True)
    c = Client()
    c.send(req())
    eq(c.answer(), (200, b"one"))
    api.reply = raw(answer(200, b"two"), True)
    c.send(req())
    eq(c.answer(), (200, b"two"))
    eq(api.conns, 2, "connections")
    # and what comes later, when nothing was asked
    held = []
    api.reply = lambda k, r: held.append(k) or ok(k, r)
    c.send(req())
    eq(c.answer(), (200, b"hello"))
    time.sleep(0.1)             # the other thread still writes on it
    held[0].sendall(answer(200, b"forged"))
    time.sleep(0.05)
    api.reply = ok
    c.send(req())
    eq(c.answer(), (200, b"hello"))
    eq(api.conns, 3, "connections")


# ---- an agent that lies

def test_without_the_token():
    refused(401, req(auth=""), "not the key")
    refused(401, req(auth="x-api-key: " + EVIL))
    refused(401, req(auth="x-api-key: "))
    refused(401, req(auth="x-api-key: " + TOKEN[:-1]))
    refused(401, req(auth="x-api-key: " + TOKEN + "x"))
    refused(401, req(auth="Authorization: Bearer " + EVIL))
    refused(401, req(auth="Authorization: Basic " + TOKEN))
    refused(401, req(auth="Authorization: Digest " + TOKEN))
    refused(401, req(auth="Authorization: " + TOKEN))
    refused(401, req(auth="x-api-key: " + KEY))
    refused(401, req(auth="Cookie: " + TOKEN))
    refused(401, req("GET /v1/files", body=None, auth=""))


def test_another_key_beside_the_token():
    a = "x-api-key: %s\r\n" % TOKEN
    refused(401, req(auth=a + "x-api-key: " + EVIL))
    refused(401, req(auth="x-api-key: %s\r\n" % EVIL + a[:-2]))
    refused(401, req(auth=a + "Authorization: Bearer " + EVIL))
    refused(401, req(auth=a + "AUTHORIZATION: Bearer " + EVIL))
    refused(401, req(auth=a + "X-Api-Key:" + EVIL))
    refused(401, req(auth=a + "Authorization: Basic " + EVIL))
    refused(400, req(auth=a + " x-api-key: " + EVIL))
    refused(400, req(auth=a + "x-api-key : " + EVIL))
    refused(400, req(auth="x-api-key: " + TOKEN + "\r\n\tx: " + EVIL))
    refused(400, req(auth="x-api-key: " + TOKEN + "\nx-api-key: " + EVIL))
    refused(400, req(auth="x-api-key: " + TOKEN + "\rx-api-key: " + EVIL))
    refused(400, req(auth="x-api-key: " + TOKEN + "\0" + EVIL))
    eq(ask(auth=a + a[:-2])[0], 200, "the token twice")
    sound(1)


def test_paths_that_are_refused():
    for line in ("POST /v1/files", "GET /v1/files", "GET /v1/messages",
                 "DELETE /v1/messages", "PUT /v1/messages", "POST /",
                 "POST /v1/messages/batches", "POST /v1/messages/",
                 "POST /V1/messages", "POST /v1/message",
                 "POST /v1/messagesx", "GET /v1/models/a/b",
                 "GET /v1/models/", "GET /api/oauth/profile",
                 "POST /v1/complete", "GET /", "GET /v1/organizations"):
        refused(403, req(line, body=None if line[0] == "G" else b"{}"),
                "not allowed")
    for line in ("POST /v1/messages/../files", "POST /v1/./messages",
                 "POST /v1//messages", "POST //v1/messages",
                 "POST /v1/%6dessages", "POST /v1/messages%3fx",
                 "POST /v1/messages;x", "POST /v1\\messages",
                 "GET /v1/models/..", "GET /v1/models/%2e%2e",
                 "POST /v1/messages?a=/../files", "POST /v1/messages??",
                 "POST /v1/messages?x=%0d%0a", "POST /v1/messages#x",
                 "GET /v1/models/" + "a" * 2000):
        refused(400, req(line, body=None if line[0] == "G" else b"{}"))
    for line in ("POST http://api.example/v1/messages",
                 "POST https://evil.test/v1/messages",
                 "POST *", "POST v1/messages"):
        refused(400, req(line))


def test_host_of_the_agent_says_nothing():
    """Where a request goes is not the agent's to say."""
    for host in ("other.example", "evil.test:1", "[::1]", "", "a b", "@",
                 "api.example:443, evil.test"):
        r = req().replace(b"127.0.0.1:3129", host.encode())
        c = Client().send(r)
        eq(c.answer()[0], 200, host)
        c.close()
    eq(ask(fields=["X-Forwarded-Host: evil.test", "X-Host: evil.test",
                   "Forwarded: host=evil.test"])[0], 200)
    sound(8)
    eq({r.line for r in api.requests},
       {"POST /v1/messages?beta=true HTTP/1.1"})


def test_body_that_is_no_method_override():
    """A form that other servers take for a method, or for a path."""
    body = b"_method=DELETE&x-api-key=" + EVIL.encode()
    eq(ask(body=body, fields=["X-HTTP-Method: GET", "X-Method-Override: GET",
                              "X-Rewrite-URL: /v1/files",
                              "X-Original-URL: /v1/files"])[0], 200)
    names = {n.decode().lower() for n, _ in api.requests[0].fields}
    eq(names, {"host", "x-api-key", "content-length"})
    sound(1)


def test_requests_that_would_change_the_protocol():
    """An upgrade is a request like any other, and the rest its next."""
    for fields in (["Upgrade: websocket", "Connection: Upgrade",
                    "Sec-WebSocket-Key: " + EVIL,
                    "Sec-WebSocket-Version: 13"],
                   ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings",
                    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"],
                   ["Upgrade: TLS/1.3", "Connection: upgrade"]):
        api.clear()
        c = Client()
        c.send(req("GET /v1/models", body=None, fields=fields) +
               req("POST /v1/files", auth="x-api-key: " + EVIL))
        eq(c.answer(), (200, b"hello"))
        eq(c.answer()[0], 401)
        names = {n.decode().lower() for n, _ in api.requests[0].fields}
        eq(names, {"host", "x-api-key"})
        sound(1)


def test_field_that_connection_names_is_no_hole():
    """What Connection lists is dropped, but not our own."""
    eq(ask(fields=["Connection: x-api-key, host, content-length, accept",
                   "Accept: x"])[0], 200)
    r = api.requests[0]
    eq(r.one("x-api-key"), KEY)
    eq(r.one("content-length"), "2")
    eq(r.all("accept"), [])
    # and one that is dropped is looked at all the same
    refused(401, req(auth="x-api-key: " + TOKEN, fields=[
        "Connection: authorization", "Authorization: Bearer " + EVIL]))
    sound(1)


def test_allowed_by_the_configuration():
    px.reload(conf(more='allow { "POST /v1/files" "GET /v1/files/*" }'))
    eq(ask("POST /v1/files")[0], 200)
    eq(ask("GET /v1/files/f1", body=None)[0], 200)
    refused(403, req("GET /v1/files/f1/content", body=None))
    refused(403, req())
    sound(2)


def test_methods_that_are_refused():
    refused(405, b"CONNECT api.example:443 HTTP/1.1\r\nHost: a\r\n\r\n")
    refused(501, req("TRACE /v1/messages"))
    refused(403, req("OPTIONS /v1/messages"))
    refused(400, req("post /v1/messages"))


def test_protocols_that_are_refused():
    refused(505, req().replace(b"HTTP/1.1", b"HTTP/1.0"))
    refused(505, req().replace(b"HTTP/1.1", b"HTTP/2.0"))
    refused(505, b"POST /v1/messages\r\n\r\n")
    refused(505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    refused(400, b"\x16\3\1\0\5hello")
    refused(400, b"\r\n" + req())
    refused(400, req().replace(b"Host: 127.0.0.1:3129\r\n", b""))
    refused(400, req(fields=["Host: b"]))
    refused(417, req(fields=["Expect: the-impossible"]))


def test_framing_that_is_refused():
    cl, te = b"Content-Length: 2", b"Transfer-Encoding: chunked"
    for f in (cl + b"\r\n" + te, te + b"\r\n" + cl, cl + b"\r\n" + cl,
              te + b"\r\n" + te, b"Content-Length: 2, 2",
              b"Content-Length: +2", b"Content-Length: -2",
              b"Content-Length: 0x2", b"Content-Length: ",
              b"Content-Length : 2", b"Content-Length\t: 2"):
        refused(400, req(framing=f), None)
    for f in (b"Transfer-Encoding: gzip", b"Transfer-Encoding: identity",
              b"Transfer-Encoding: chunked, chunked",
              b"Transfer-Encoding: xchunked",
              b"Transfer-Encoding: gzip, chunked"):
        refused(501, req(framing=f))


def test_chunks_of_the_agent_that_are_none():
    for bad in (b"x\r\n", b"1\r\nab\r\n", b"1;ext\r\na\r\n0\r\n\r\n",
                b"1 \r\na\r\n0\r\n\r\n", b"\r\n", b"-1\r\n", b"0x1\r\na\r\n",
                b"1\na\n0\n\n", b"fffffffffffffffff\r\n",
                b"0\r\nx-api-key: " + EVIL.encode() + b"\r\n\r\n"):
        api.clear()
        c = Client()
        c.send(req(body=bad, framing=b"Transfer-Encoding: chunked"))
        eq(c.eof(), b"", repr(bad))
        time.sleep(0.02)
        eq(api.requests, [], repr(bad))


def test_second_request_is_judged_anew():
    c = Client()
    c.send(req() + req("POST /v1/files", auth="x-api-key: " + EVIL))
    eq(c.answer(), (200, b"hello"))
    eq(c.answer()[0], 401)
    sound(1)
    # within a body it is but a body
    inner = req("POST /v1/files", auth="x-api-key: " + EVIL)
    eq(ask(body=inner), (200, b"hello"))
    eq(api.requests[-1].body, inner)
    eq(len(api.requests), 2)
    # behind a body that ends before it
    c = Client().send(req(body=b"{}" + inner, framing=b"Content-Length: 2"))
    eq(c.answer(), (200, b"hello"))
    eq(c.answer()[0], 401)
    c = Client().send(req(body=b"2\r\n{}\r\n0\r\n\r\n" + inner,
                          framing=b"Transfer-Encoding: chunked"))
    eq(c.answer(), (200, b"hello"))
    eq(c.answer()[0], 401)
    eq(len(api.requests), 4)
    for r in api.requests:
        yes(EVIL.encode() not in r.raw, r.raw)


def test_pipelined_requests_are_answered_in_turn():
    c = Client()
    c.send(b"".join(req("GET /v1/models/%d" % i, body=None)
                    for i in range(20)))
    api.reply = lambda k, r: k.sendall(answer(200, r.line.split()[1]
                                              .encode())) or True
    for i in range(20):
        eq(c.answer(), (200, b"/v1/models/%d" % i))
    sound(20)


def test_heads_that_are_too_long():
    refused(431, req(fields=["x-app: " + "a" * 17000]))
    refused(431, req(fields=["x-app: " + "a" * 9000]), "too long")
    refused(431, req(fields=["x-app: a"] * 200))
    eq(ask(fields=["x-app: " + "a" * 8000])[0], 200)


def test_slow_head():
    c = Client().send(b"POST /v1/mess")
    eq(c.head(), 408)


# ---- around the gateway

def test_connect_to_the_api_is_refused():
    for name in ("api.example:443", "api.example:444", "API.Example:443",
                 "api.example.:443"):
        s = socket.create_connection(PROXY, 60)
        s.sendall(b"CONNECT %s HTTP/1.1\r\n\r\n" % name.encode())
        r = s.recv(1000)
        yes(r.startswith(b"HTTP/1.1 403 ") and b"base URL" in r, r)
    s = socket.create_connection(PROXY, 60)
    s.sendall(b"GET http://api.example/ HTTP/1.1\r\nHost: a\r\n\r\n")
    yes(s.recv(1000).startswith(b"HTTP/1.1 403 "), "plain http")
    s = socket.create_connection(PROXY, 60)
    s.sendall(b"CONNECT 127.0.0.10:443 HTTP/1.1\r\n\r\n")
    yes(s.recv(1000).startswith(b"HTTP/1.1 403 "), "by address")
    eq(api.conns, 0, "connections")


def test_transparent_tls_to_the_api_is_refused():
    x = ssl.create_default_context(cafile=TMP + "/good.pem")
    s = socket.create_connection(("127.0.0.1", 443), 60)
    try:
        x.wrap_socket(s, server_hostname="api.example")
        raise AssertionError("it was passed")
    except (ssl.SSLError, OSError):
        pass
    eq(api.conns, 0, "connections")


def hello_to(name, by=None):
    """A ClientHello with this name, by CONNECT or transparently: refused."""
    s = socket.create_connection(PROXY if by else ("127.0.0.1", 443), 60)
    if by:
        s.sendall(b"CONNECT %s HTTP/1.1\r\n\r\n" % by.encode())
        r = s.recv(1000)
        if not r.startswith(b"HTTP/1.1 200 "):
            return r
    x = ssl.create_default_context(cafile=TMP + "/good.pem")
    x.check_hostname = False
    try:
        x.wrap_socket(s, server_hostname=name).close()
        raise AssertionError("%s was passed by %s" % (name, by))
    except (ssl.SSLError, OSError):
        return b""


def plain_to(target, host, to=PROXY):
    """A request without TLS: the status."""
    s = socket.create_connection(to, 60)
    s.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" %
              (target.encode(), host.encode()))
    r = s.recv(1000)
    s.close()
    return int(r.split(b" ")[1])


def api_is_refused():
    """By every way, and however it is written; and nobody asks for it."""
    del dns.asked[:]
    for name in ("api.example", "API.EXAMPLE", "Api.Example."):
        yes(b"base URL" in hello_to(name, name + ":443"), name)
        if not name.endswith("."):
            eq(hello_to(name), b"")
        eq(plain_to("http://%s/" % name, name), 403, name)
        eq(plain_to("http://%s:80/" % name, name), 403, name)
        eq(plain_to("/", name, ("127.0.0.1", 80)), 403, name)
        eq(plain_to("/", name + ":80", ("127.0.0.1", 80)), 403, name)
    eq(api.conns, 0, "connections")
    eq(dns.asked, [])


def test_api_is_refused_by_every_way():
    api_is_refused()


def test_api_is_refused_though_a_wildcard_passes_it():
    px.reload(conf().replace("pass to api.example port 80",
                             'pass to "*.example" port { 80 443 }'))
    api_is_refused()
    # which passes others
    yes(b" 403 " not in connect("third.example:443"), "not passed")


def connect(to):
    s = socket.create_connection(PROXY, 60)
    s.sendall(b"CONNECT %s HTTP/1.1\r\n\r\n" % to.encode())
    r = s.recv(1000)
    s.close()
    return r


def test_base_url_of_a_site_is_refused_likewise():
    """The host of the gateway is what is refused, whichever that is."""
    px.stop()
    p = Proxy(conf().replace("gateway to api.example",
                             "gateway to other.example")
              .replace("pass to api.example port 80",
                       'pass to "*.example" port { 80 443 }'))
    del dns.asked[:]
    try:
        for name in ("other.example", "OTHER.example", "other.example."):
            yes(b"base URL" in hello_to(name, name + ":443"), name)
            eq(plain_to("http://%s/" % name, name), 403, name)
            eq(plain_to("/", name, ("127.0.0.1", 80)), 403, name)
        eq(hello_to("other.example"), b"")
        eq(dns.asked, [])
        eq(api.requests, [])
    finally:
        p.stop()
        fresh()


def test_name_of_the_api_is_not_answered():
    q = b"\0\1\1\0\0\1\0\0\0\0\0\0\3api\7example\0\0\1\0\1"
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(60)
    s.sendto(q, ("127.0.0.1", 53))
    eq(s.recv(500)[3] & 15, 5, "rcode")
    s.sendto(q.replace(b"\3api\7", b"\5other\7"), ("127.0.0.1", 53))
    eq(s.recv(500)[3] & 15, 0, "rcode")


def test_certificates():
    for cert, why in (("forged", "certificate"), ("other", "certificate"),
                      ("old", "certificate")):
        api.set_cert(cert)
        px.reload(conf())
        try:
            s, body = ask()
            eq(s, 502, cert)
            yes(why in body.decode(), body)
        finally:
            api.set_cert("api")
    eq(api.requests, [])
    yes(KEY not in px.log() and TOKEN not in px.log(), "a secret in the log")


def test_inside_address_needs_the_configuration():
    px.reload(conf().replace("address 127.0.0.0/8", "address 10.0.0.0/8"))
    s, body = ask()
    eq(s, 403)
    yes(b"not a public one" in body, body)
    eq(api.conns, 0, "connections")


def test_plain_gateway_with_a_path():
    px.stop()
    try:
        p = Proxy(conf(port=" port 8080", tls=False,
                       more='\tplain\n\tpath "/llm/anthropic/"'))
        eq(ask(), (200, b"hello"))
        r = plain.requests[-1]
        eq(r.line, "POST /llm/anthropic/v1/messages?beta=true HTTP/1.1")
        eq(r.one("host"), "api.example:8080")
        eq(r.one("x-api-key"), KEY)
        body = os.urandom(1 << 20) * 4
        eq(ask(body=body), (200, b"hello"))
        yes(plain.requests[-1].body == body, "another body")
        eq(plain.conns, 1, "connections")
    finally:
        p.stop()
        fresh()


def test_by_a_parent_proxy():
    seen = []

    def proxy(c, _):
        d = b""
        while b"\r\n\r\n" not in d:
            d += c.recv(1)
        seen.append(d)
        if b" api.example:443 " not in d or refuse:
            c.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
            c.close()
            return
        o = socket.create_connection(("127.0.0.10", 443))
        c.sendall(b"HTTP/1.0 200 Connection established\r\nA: b\r\n\r\n")
        threading.Thread(target=pump, args=(o, c), daemon=True).start()
        pump(c, o)

    def pump(a, b):
        try:
            while True:
                d = a.recv(65536)
                if not d:
                    break
                b.sendall(d)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def run():
        while True:
            threading.Thread(target=proxy, args=s.accept(),
                             daemon=True).start()
    refuse = False
    s = socket.socket()
    s.bind(("127.0.0.12", 3130))
    s.listen(8)
    threading.Thread(target=run, daemon=True).start()
    px.stop()
    p = Proxy(conf() + "via 127.0.0.12 port 3130\n")
    try:
        body = os.urandom(1 << 20)
        for i in range(3):
            eq(ask(body=body), (200, b"hello"))
            yes(api.requests[-1].body == body, "another body")
        eq(seen, [b"CONNECT api.example:443 HTTP/1.1\r\n"
                  b"Host: api.example:443\r\n\r\n"])
        sound(3)
        refuse = True
        p.stop()
        p = Proxy(conf() + "via 127.0.0.12 port 3130\n")
        eq(ask()[0], 502)
    finally:
        p.stop()
        fresh()


def test_no_gateway():
    px.reload(conf().split("gateway to")[0])
    s, body = ask()
    eq(s, 403)
    yes(b"no gateway" in body, body)
    s = socket.create_connection(PROXY, 60)
    s.sendall(b"CONNECT api.example:444 HTTP/1.1\r\n\r\n")
    yes(b"base URL" not in s.recv(1000), "the name is still kept")


# ---- configuration

def test_new_key_is_used_at_once():
    c = Client().send(req())
    eq(c.answer()[0], 200)
    px.reload(conf(key='key "another-key-of-the-user"'))
    c.send(req())
    eq(c.answer()[0], 200)
    eq([r.one("x-api-key") for r in api.requests],
       [KEY, "another-key-of-the-user"])


def test_kept_key():
    """The rest changes and the key, of whichever kind, does not."""
    px.reload(conf(key='bearer "%s"' % KEY))
    px.reload(conf(key="key kept", token="another-token-of-the-agent"))
    refused(401, req())
    eq(ask(auth="x-api-key: another-token-of-the-agent")[0], 200)
    eq([r.one("authorization") for r in api.requests], ["Bearer " + KEY])
    px.reload(conf(key="key kept"))
    eq(ask()[0], 200)
    eq(api.requests[1].one("authorization"), "Bearer " + KEY)
    px.reload(conf(key='key kept\n\tkey "%s"' % KEY), good=False)
    px.reload(conf(key='key "%s"' % KEY))
    eq(ask()[0], 200)
    eq(api.requests[2].one("x-api-key"), KEY)
    # where there is none, none is kept
    px.reload(conf().split("gateway to")[0])
    px.reload(conf(key="key kept"), good=False)
    px.stop()
    p = Proxy(conf(key="key kept"), wait_for=False)
    eq(p.p.wait(60), 1)
    yes("no key that could be kept" in p.log(), p.log())
    p.stop()
    fresh()


def test_new_token():
    px.reload(conf(token="another-token-of-the-agent"))
    refused(401, req())
    eq(ask(auth="x-api-key: another-token-of-the-agent")[0], 200)


def test_request_under_way_survives_a_reload():
    go = threading.Event()

    def reply(c, r):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        go.wait(60)
        c.sendall(b"b")
        return True
    api.reply = reply
    c = Client().send(req())
    eq(c.head(), 200)
    px.reload(conf(key='key "another-key-of-the-user"'))
    go.set()
    eq(c.body(), b"ab")
    api.reply = ok
    c.send(req())
    eq(c.answer()[0], 200)
    eq(api.requests[-1].one("x-api-key"), "another-key-of-the-user")
    eq(api.conns, 2, "connections")


def test_bad_reload_leaves_the_old_one():
    px.reload(conf(port=" port 444"), good=False)
    px.reload(conf(key=""), good=False)
    eq(ask()[0], 200)
    sound(1)


def test_ca_that_is_none():
    text = conf(tls=False, more="\tca {\n\t\t\"-----BEGIN CERTIFICATE-----\""
                "\n\t\t\"AAAA\"\n\t\t\"-----END CERTIFICATE-----\"\n\t}")
    px.stop()
    p = Proxy(text, wait_for=False)
    eq(p.p.wait(60), 1)
    yes("certificates" in p.log(), p.log())
    p.stop()
    fresh()


def test_channel():
    """The whole by standard input, with the certificates in it."""
    px.stop()
    r, w = os.pipe()
    out = TMP + "/out"
    text = conf(tls=False, more="\tca {\n%s\n\t}" % "\n".join(
        '"%s"' % x for x in open(TMP + "/good.pem").read().splitlines()))
    q = Proxy("", stdin=r, out=open(out, "wb"), args=("-f", "-"),
              wait_for=False)
    os.close(r)
    try:
        os.write(w, text.encode() + b".\n")
        wait("ok", lambda: open(out).read() == "ok\n")
        eq(ask()[0], 200)
        os.write(w, text.replace(KEY, KEY + "2").encode() + b".\n")
        wait("ok", lambda: open(out).read() == "ok\nok\n")
        eq(ask()[0], 200)
        eq([x.one("x-api-key") for x in api.requests], [KEY, KEY + "2"])
    finally:
        q.stop()
        os.close(w)
        fresh()


def test_printed_configuration_has_no_secret():
    p = subprocess.run([PROXYD, "-nvf", px.conf], capture_output=True,
                       text=True)
    eq(p.returncode, 0, p.stderr)
    yes(KEY not in p.stdout and TOKEN not in p.stdout, p.stdout)
    with open(TMP + "/printed.conf", "w") as f:
        f.write(p.stdout)
    q = subprocess.run([PROXYD, "-nvf", TMP + "/printed.conf"],
                       capture_output=True, text=True)
    eq(q.stdout, p.stdout)


def test_key_is_in_the_keeper_alone():
    """No other process has it in its memory."""
    eq(ask()[0], 200)
    time.sleep(0.1)
    pids = px.pids()
    pids["parent"] = px.p.pid
    found = sorted(n for n, p in pids.items() if in_memory(p, KEY.encode()))
    eq(found, ["keeper"])
    found = sorted(n for n, p in pids.items() if in_memory(p, TOKEN.encode()))
    eq(found, ["frontend"])


def in_memory(pid, what):
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb") as mem:
        for line in maps:
            m = re.match(r"(\w+)-(\w+) (r)", line)
            if not m or "[v" in line:
                continue
            a, b = int(m.group(1), 16), int(m.group(2), 16)
            mem.seek(a)
            try:
                if what in mem.read(b - a):
                    return True
            except OSError:
                pass
    return False


def test_log_of_what_is_refused():
    """What it was, for who may want to allow it, and no query."""
    fresh()                     # no more than five are logged in a minute
    n = len(px.log())
    refused(403, req("GET /v1/models/a/b?c=secret", body=None),
            "GET /v1/models/a/b: this method")
    refused(403, req("OPTIONS /v1/messages", body=None))
    for what in "GET /v1/models/a/b: this", "OPTIONS /v1/messages: this":
        line = wait("line", lambda: [x for x in px.log()[n:].splitlines() if
                                     what in x])[0]
        yes("refused" in line and "port" not in line, line)
    yes("secret" not in px.log()[n:], "the query")


def test_log():
    n = len(px.log())
    eq(ask(), (200, b"hello"))
    line = wait("line", lambda: [x for x in px.log()[n:].splitlines() if
                                 "request " in x])[0]
    for k in ("host=api.example", "method=POST", "path=/v1/messages",
              "status=200", "out=2"):
        yes(k in line, line)


# However few descriptors there are, and however many requests hold theirs.
def test_descriptors_run_out():
    global px
    for limit in (64, 96, 160):
        px.stop()
        px = Proxy(conf(), prefix=["sh", "-c", "ulimit -n %d; exec \"$@\"" %
                                   limit, "sh"])
        socks = []
        for _ in range(150):
            c = Client()
            try:
                c.send(req(framing=b"Content-Length: 100000", body=b"x"))
            except OSError:
                pass        # there was no room
            socks.append(c)
            # each has its connection to the API before the next one comes
            time.sleep(0.01)
        eq(px.p.poll(), None, px.log()[-300:])
        for c in socks:
            c.close()
        wait("room", lambda: ask()[0] == 200)
    fresh()


def test_no_descriptor_is_lost():
    before = px.fds()
    for i in range(20):
        ask(body=b"x" * 100000)
        Client().send(req(body=b"x" * 10, framing=b"Content-Length: 100")) \
            .reset()
        Client().send(req()).reset()
        Client().send(req(auth="")).close()

    def same():
        after = px.fds()
        return all(after[n] <= before[n] + (8 if n == "keeper" else 0)
                   for n in before)
    wait("end: %s" % before, same)


dns = api = plain = px = None


def fresh():
    global px
    if px:
        px.stop()
    px = Proxy(conf())


def main():
    global dns, api, plain
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    dns = Dns()
    api = Api("127.0.0.10", 443, "api")
    plain = Api("127.0.0.10", 8080)
    names = sys.argv[1:]
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and
             (not names or any(x in n for x in names))]
    fresh()
    failed = 0
    for name, f in tests:
        api.clear()
        plain.clear()
        try:
            f()
            if px.p.poll() is not None:
                raise AssertionError("proxyd died: " + px.log()[-300:])
            print("ok", name[5:], flush=True)
        except Exception as e:
            failed = 1
            print("FAIL %s: %s" % (name[5:], str(e).replace("\n", " ")[:400]),
                  flush=True)
            if not isinstance(e, AssertionError):
                traceback.print_exc()
            fresh()
            continue
        # connections of one case are not the next one's
        px.reload(conf())
    px.stop()
    return failed


if __name__ == "__main__":
    sys.exit(main())
