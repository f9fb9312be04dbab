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


# puppet.py [NAME ...]: the cases with a frontend that was taken over, which is
# puppet.c, run by run.sh after those of tests.py.  Whatever it does, the key
# reaches nobody but the API, and the API no other key.
import fcntl
import socket
import subprocess
import sys
import termios
import threading
import traceback

import tests
from tests import EVIL, KEY, TMP, eq, in_memory, wait, yes

GET, HEAD, POST = 0, 1, 2
NONE, LENGTH, CHUNKED = 0, 1, 2
PARENT, FRONTEND, RESOLVER, RELAY, KEEPER = range(5)
MORE = """
listen on 127.0.0.1 port 3128
gateway on 127.0.0.1
resolver 127.0.0.53 port 5353
timeout dial 3
pass to other.example port { 443 444 }
gateway to api.example {
	token "%s"
	key "%s"
	address 127.0.0.0/8
	ca file "%s/good.pem"
}
"""


def types():
    """The numbers of the messages, as the header has them."""
    r, n, on = {}, 0, False
    for line in open("../../proxyd/proxyd.h"):
        word = line.strip().split("/*")[0].strip()
        if word.startswith("enum imsg_type"):
            on = True
        elif on and word.startswith("}"):
            return r
        elif on and word.startswith("IMSG_"):
            name, _, value = word.rstrip(",").partition(" = ")
            n = int(value) if value else n
            r[name[5:]] = n
            n += 1


TYPES = types()


def hexed(x):
    return (x.encode() if isinstance(x, str) else x).hex()


class Puppet:
    def __init__(self):
        self.p = tests.Proxy(MORE % (tests.TOKEN, KEY, TMP))
        self.s = socket.create_connection(tests.PROXY, 60)
        self.d = b""
        self.seen = []
        self.conns = []

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.s.close()
        for c in self.conns:
            c.close()
        self.p.stop()

    def say(self, *lines):
        try:
            self.s.sendall("".join(x + "\n" for x in lines).encode())
        except OSError:
            pass

    def line(self):
        while b"\n" not in self.d:
            try:
                x = self.s.recv(65536)
            except ConnectionResetError:
                x = b""
            if not x:
                return None
            self.d += x
        x, self.d = self.d.split(b"\n", 1)
        self.seen.append(x)
        return x.decode()

    def until(self, *words):
        while True:
            x = self.line()
            if x is None or any(x.startswith(w) for w in words):
                return x

    def conn(self):
        """A connection of the agent's, and its number."""
        c = tests.Client(tests.PROXY)
        self.conns.append(c)
        return c, self.until("conn").split()[1]

    def alive(self):
        return self.p.p.poll() is None

    def ended(self):
        wait("end of a liar's proxy", lambda: not self.alive())

    def settled(self):
        """What was said was read by all: a request after it is refused, or
        all have ended."""
        self.say("raw %d %d 77 - " % (RESOLVER, TYPES["ASK_NAME"]) +
                 hexed("nobody.test\0"))
        x = self.until("got resolver %d 77" % TYPES["NAME"])
        if x is None:
            self.ended()
            return
        try:
            c, n = self.conn()
        except (AttributeError, OSError):
            self.ended()
            return
        self.say("request 78 %d 0 0 %s %s" % (POST, n, hexed("/no")))
        if self.until("got keeper %d 78" % TYPES["GATE_FAILED"]) is None:
            self.ended()


def request(path="/v1/messages", method=POST, framing=NONE, length=0, fd="-",
            ident=1):
    return "request %d %d %d %s %s %s" % (ident, method, framing, length, fd,
                                          hexed(path))


def nothing_came():
    eq(tests.api.requests, [])
    yes(EVIL not in repr(tests.api.errors), tests.api.errors)
    eq(tests.other.conns, 0, "connections to another host")


def key_is_safe(p):
    """It is not in what the puppet was told, nor in what it could tell."""
    for x in p.seen:
        yes(KEY.encode() not in x and hexed(KEY).encode() not in x, x)
    pid = p.p.pids().get("frontend")
    try:
        yes(pid is None or not in_memory(pid, KEY.encode()),
            "the key is in its memory")
    except (FileNotFoundError, ProcessLookupError):
        pass                    # it has just ended


# ---- what it may do

def test_puppet_can_ask_as_a_frontend_does():
    with Puppet() as p:
        c, n = p.conn()
        p.say(request(framing=LENGTH, length=5, fd=n),
              "header 1 " + hexed("x-app: puppet"), "go 1 pair",
              "write " + hexed("howdy"))
        eq(c.answer(), (200, b"hello"))
        eq(p.until("got"), "got keeper %d 1 01000000" % TYPES["GATE_DONE"])
        r = tests.api.requests[0]
        eq(r.line, "POST /v1/messages HTTP/1.1")
        eq(r.one("x-api-key"), KEY)
        eq(r.one("x-app"), "puppet")
        eq(r.body, b"howdy")
        key_is_safe(p)
        yes(in_memory(p.p.pids()["keeper"], KEY.encode()),
            "this looks at the wrong things")


# ---- lies to the keeper

def test_puppet_lies_about_a_request():
    bad = [request(path=x) for x in (
        "", "v1/messages", "http://evil.test/v1/messages",
        "//evil.test/v1/messages", "/v1/messages?a=b HTTP/1.1\r\n"
        "x-api-key: " + EVIL + "\r\n", "/v1/messages?@evil.test", "/v1/messages HTTP/1.1\r\nx-api-key: "
        + EVIL, "/v1/messages\r\n", "/v1/messages\nx: y", "/v1/../v1/files",
        "/v1/messages#@evil.test", "/v1/messages%0d%0a", "@evil.test/",
        "/v1/messages?a=" + "b" * 2000, "a" * 1024, "/\0/v1")]
    bad += [request(method=9), request(method=255), request(framing=3),
            request(framing=NONE, length=5),
            request(framing=CHUNKED, length=5)]
    for lie in bad:
        tests.api.clear()
        with Puppet() as p:
            c, n = p.conn()
            lie = lie.replace(" - ", " %s " % n)
            p.say(lie, "go 1 -")
            # which the keeper does not stand, but for a path that ends early
            if hexed("/\0") in lie:
                p.settled()
            else:
                p.ended()
            nothing_came()
            key_is_safe(p)


def test_puppet_asks_what_is_not_allowed():
    """The keeper judges methods and paths for itself."""
    with Puppet() as p:
        c, n = p.conn()
        for i, (method, path) in enumerate((
                (POST, "/v1/files"), (GET, "/v1/files"),
                (GET, "/v1/messages"), (POST, "/v1/models"), (POST, "/"),
                (GET, "/v1/models/a/b"), (POST, "/v1/messages/"),
                (POST, "/v1/messages/batches"), (5, "/v1/messages"))):
            p.say(request(path, method, fd=n, ident=i + 1),
                  "go %d -" % (i + 1))
            eq(p.until("got keeper").split()[2:4],
               [str(TYPES["GATE_FAILED"]), str(i + 1)], path)
        yes(p.alive(), "it ended")
        nothing_came()
        key_is_safe(p)


def test_puppet_lies_about_fields():
    for lie in ("host: evil.test", "Host: evil.test", "x-api-key: " + EVIL,
                "authorization: Bearer " + EVIL, "X-App: upper",
                "x-app: a\r\nx-api-key: " + EVIL, "x-app: a\nhost: b",
                "x-app: a\r\n\r\nPOST /v1/files HTTP/1.1", "x-app:a", "x-app",
                ": a", "content-length: 5", "transfer-encoding: chunked",
                "connection: x-api-key", "expect: 100-continue",
                "cookie: a", "upgrade: h2c", "anthropic-api-key: " + EVIL,
                "x_app: a", "x-app : a", " x-app: a", "x-app: \x01"):
        tests.api.clear()
        with Puppet() as p:
            c, n = p.conn()
            p.say(request(fd=n), "header 1 " + hexed(lie), "go 1 -")
            p.ended()
            nothing_came()
            key_is_safe(p)


def test_puppet_says_too_much():
    with Puppet() as p:
        c, n = p.conn()
        p.say(request(fd=n), *["header 1 " + hexed("x-app: " + "a" * 8000)
                               for i in range(9)], "go 1 -")
        p.settled()
        nothing_came()
    # and when it is too late
    for late in ("header 1 " + hexed("x-app: a"), "go 1 -", request()):
        tests.api.clear()
        over = threading.Event()
        tests.api.reply = lambda k, r: over.wait(60) and False
        with Puppet() as p:
            c, n = p.conn()
            p.say(request(fd=n), "go 1 -")
            wait("request", lambda: tests.api.requests)
            p.say(late.replace(" - ", " %s " % n))
            p.ended()
            over.set()
            eq(len(tests.api.requests), 1)
            yes(EVIL.encode() not in tests.api.requests[0].raw, "its key")


def test_puppet_lies_about_a_body():
    """What is behind it is no request of its own."""
    second = (b"POST /v1/files HTTP/1.1\r\nx-api-key: %s\r\n\r\n" %
              EVIL.encode())
    # more than it said
    with Puppet() as p:
        c, n = p.conn()
        p.say(request(framing=LENGTH, length=2, fd=n), "go 1 pair",
              "write " + hexed(b"{}" + second))
        eq(c.answer(), (200, b"hello"))
        eq(len(tests.api.requests), 1)
        eq(tests.api.requests[0].body, b"{}")
    # chunks within chunks are but bytes
    tests.api.clear()
    with Puppet() as p:
        c, n = p.conn()
        body = b"0\r\n\r\n" + second
        p.say(request(framing=CHUNKED, fd=n), "go 1 pair",
              "write " + hexed(body), "end 1 %d" % len(body))
        eq(c.answer(), (200, b"hello"))
        eq(len(tests.api.requests), 1)
        eq(tests.api.requests[0].body, body)
    # less than was there already, and more than there can be
    for end in ("end 1 3", "end 1 18446744073709551615"):
        got = []

        def reply(k, r):
            try:
                while b"x" * 10 not in b"".join(got):
                    got.append(k.recv(100) or b"x" * 10)
                got.append(k.recv(100))
            except OSError:
                pass
            return False
        tests.api.clear()
        tests.api.read_body = False
        tests.api.reply = reply
        with Puppet() as p:
            c, n = p.conn()
            p.say(request(framing=CHUNKED, fd=n), "go 1 pair",
                  "write " + hexed(b"x" * 10))
            wait("body", lambda: b"x" * 10 in b"".join(got))
            p.say(end)
            p.ended()
            yes(b"\r\n0\r\n" not in b"".join(got), got)
    # no body where there is one, and one where there is none
    for lie in ([request(framing=LENGTH, length=2), "go 1 -"],
                [request(), "go 1 pair"],
                [request(), "go 1 -", "end 1 5"],
                [request(framing=LENGTH, length=2), "go 1 pair", "end 1 2"]):
        tests.api.clear()
        with Puppet() as p:
            c, n = p.conn()
            p.say(*[x.replace(" - ", " %s " % n) if x[0] == "r" else x
                    for x in lie])
            p.ended()
            eq([r for r in tests.api.requests if r.body], [])


def test_puppet_gives_sockets_that_are_none():
    """Nothing but an answer goes to them, and nobody waits for them."""
    with Puppet() as p:
        p.say(request("/v1/models", GET, fd="listener"), "go 1 -")
        eq(p.until("got").split()[:2], ["got", "keeper"])
        c, n = p.conn()
        # one that reads nothing and cannot wait: others go on
        begun = []

        def large(k, r):
            begun.append(1)
            k.sendall(tests.answer(200, b"z" * (32 << 20)))
            return True
        tests.api.reply = large
        p.say(request("/v1/models", GET, fd=n, ident=2), "go 2 -")
        wait("request", lambda: begun)
        tests.api.reply = tests.ok
        same = last = i = 0
        while same < 5:         # until it is full, and then some
            i += 1
            d, m = p.conn()
            p.say(request("/v1/models", GET, fd=m, ident=2 + i),
                  "go %d -" % (2 + i))
            eq(d.answer(), (200, b"hello"))
            held = fcntl.ioctl(c.s, termios.FIONREAD, bytes(4))
            same = same + 1 if held == last else 0
            last = held
        key_is_safe(p)


def test_puppet_cannot_make_another_request_of_the_answer():
    """What the API echoes does not hold the key."""
    tests.api.reply = lambda k, r: k.sendall(tests.answer(
        200, r.body)) or True
    with Puppet() as p:
        c, n = p.conn()
        p.say(request(framing=LENGTH, length=5, fd=n), "go 1 pair",
              "write " + hexed("howdy"))
        eq(c.answer(), (200, b"howdy"))
        key_is_safe(p)


# ---- lies to the others

def test_puppet_asks_for_hosts():
    """The resolver has the rules; the API is nobody's but the keeper's."""
    with Puppet() as p:
        for i, (host, port, why) in enumerate((
                ("evil.test", 443, "BLOCKED"), ("api.example", 443, "GATEWAY"),
                ("api.example", 444, "GATEWAY"), ("api.example", 80,
                                                  "GATEWAY"),
                ("other.example", 22, "BLOCKED"),
                ("other.example", 443, "INSIDE"))):
            p.say("ask %d 0 %d %s" % (i + 1, port, hexed(host)))
            x = p.until("got resolver", "got relay")
            eq(x.split()[1:4], ["resolver", str(TYPES["REFUSED"]),
                                str(i + 1)], host)
        yes(p.alive(), "it ended")
        nothing_came()
        eq({n for n, _ in tests.dns.asked}, {"other.example"})
    for host in ("", "127.0.0.10", "API.example", "api.example.", "a b",
                 "api.example\r\n", "a" * 260):
        with Puppet() as p:
            p.say("ask 1 0 443 " + hexed(host))
            p.ended()
    with Puppet() as p:         # the keeper's own kind
        p.say("ask 1 2 443 " + hexed("api.example"))
        p.ended()
    nothing_came()


def test_puppet_says_everything_to_everybody():
    """Every message, empty, long and with a descriptor."""
    names = hexed("api.example\0")
    for name, number in sorted(TYPES.items()):
        for role in (RESOLVER, RELAY, KEEPER):
            with Puppet() as p:
                for d in ("", names, "00" * 4, "ff" * 4, "01" * 1032,
                          "00" * 500):
                    for fd in ("-", "pair"):
                        p.say("raw %d %d 1 %s %s" % (role, number, fd, d))
                p.settled()
                nothing_came()
                key_is_safe(p)


def test_puppet_cannot_configure():
    """Neither another host, nor another key, nor what is allowed."""
    host = b"other.example".ljust(254, b"\0") + (443).to_bytes(2, "little")
    for role in (RESOLVER, KEEPER):
        for name, d in (("GATE_CONF", host + bytes(1000)),
                        ("GATE_KEY", EVIL.encode() + b"\0"),
                        ("GATE_ALLOW", b"\2\0/v1/files".ljust(130, b"\0")),
                        ("RECONF_END", b""), ("DIAL", bytes(2)),
                        ("GATE_ASK", b"")):
            with Puppet() as p:
                p.say("raw %d %d 1 - %s" % (role, TYPES[name], hexed(d)))
                p.ended()
                nothing_came()


# ---- what the kernel is asked for

def test_puppet_can_do_nothing_else():
    for what in ("connect", "reconnect", "fastopen", "udp", "unix", "bind",
                 "mem", "file", "ptrace", "vmread", "getfd", "kill", "exec",
                 "fork"):
        with Puppet() as p:
            c, n = p.conn()
            pid = p.p.pids()["keeper"]
            p.say("try %s %d" % (what, pid))
            x = p.until("did", "failed")
            yes(x is None or x.startswith("failed"), "it could " + what)
            if x is None:
                p.ended()
            key_is_safe(p)
            nothing_came()
            eq(tests.api.conns, 0, what)


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tests.dns = tests.Dns()
    tests.api = tests.Api("127.0.0.10", 443, "api")
    tests.other = tests.Api("127.0.0.11", 443, "other")
    names = sys.argv[1:]
    failed = 0
    for name, f in list(globals().items()):
        if not name.startswith("test_") or \
                (names and not any(x in name for x in names)):
            continue
        tests.api.clear()
        tests.other.clear()
        tests.dns.asked.clear()
        try:
            f()
            print("ok", name[5:], flush=True)
        except Exception as e:
            failed = 1
            print("FAIL %s: %s" % (name[5:], str(e).replace("\n", " ")[:400]),
                  flush=True)
            traceback.print_exc()
    return failed


if __name__ == "__main__":
    sys.exit(main())
