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


# ClientHellos

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


def test_so_many_segments_that_they_fill_the_socket():
    def f():
        h = hello("good.example", b"\0\x15" + vec(2, b"\0" * 3000))
        s = tunnel("good.example:443")
        r = connect(timeout=60)
        head = b"GET http://web.example/ HTTP/1.1\r\n"
        head += b"X: " + b"x" * (len(h) - len(head) - 7) + b"\r\n\r\n"
        for c in (s, r):
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(h)):
            s.sendall(h[i:i + 1])
            r.sendall(head[i:i + 1])
            time.sleep(0.001)
        eq(status(until(r, b"\r\n\r\n")), 200)
        eq(s.recv(10), b"OK")
        eq(wait("data", lambda: origin.data(443), 60), h)
    with_proxy(CONF.replace("timeout hello 2", "timeout hello 60")
               .replace("timeout head 2", "timeout head 60"), f)


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
        ("two hellos in a record", record(m + handshake(hello_body(
            sni("evil.test"))))),
        ("two hellos over records", record(m[:40]) + record(
            m[40:] + handshake(hello_body(sni("evil.test"))))),
        ("an alert amid the hello", record(m[:40]) + record(b"\1\x5a", 21) +
         record(m[40:])),
        ("version 2", b"\x16\2\0" + hello("good.example")[3:]),
        ("version 4", b"\x16\4\0" + hello("good.example")[3:]),
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


@beside
def test_hello_too_late():
    t = time.time()
    s = tunnel("good.example:444")
    s.sendall(hello("good.example")[:20])
    rest(s)
    yes(1.5 < time.time() - t < 30, "%.1f s" % (time.time() - t))
    eq(origin.data(444), b"")


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
