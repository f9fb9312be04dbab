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


# clients that know of no proxy: DNS, 443 and 80

TDNS = ("192.175.48.1", 53)


def dns_query(name, qtype=1, tcp=False, raw=None, timeout=60):
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


def unanswered(raws):
    """Datagrams to which nothing is said."""
    socks = []
    for raw in raws:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.sendto(raw, TDNS)
        socks.append(s)
    for s, raw in zip(socks, raws):
        eq(select.select([s], [], [], 0.2 if s is socks[0] else 0)[0], [],
           raw)
        s.close()


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
    unanswered((b"", b"x", h, h + b"\x3fgood", h + b"\xc0\x0c\0\1\0\1",
                struct.pack(">HHHHHH", 1, 0x8100, 1, 0, 0, 0) +
                b"\4good\7example\0\0\1\0\1", h + b"\4good\7example\0\0\1",
                struct.pack(">HHHHHH", 1, 0x100, 2, 0, 0, 0) +
                b"\4good\7example\0\0\1\0\1" * 2,
                h + b"\4good\7example\0\0\1\0\1" + b"y" * 600))
    eq(dns_query("good.example")[:2], (0, 1))


def test_transparent_dns_is_rate_limited():
    px.reload(CONF + "limit questions 20\n")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    m = struct.pack(">HHHHHH", 4660, 0x100, 1, 0, 0, 0) + \
        b"\4good\7example\0\0\1\0\1"
    time.sleep(1)
    for _ in range(200):
        s.sendto(m, TDNS)
    s.settimeout(60)
    s.recv(1000)
    n = 1
    while select.select([s], [], [], 0.5)[0]:
        s.recv(1000)
        n += 1
    # a slow machine takes some seconds for this
    yes(10 <= n <= 100, "%d answers" % n)
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


def question(name, qtype=1, ident=4660, flags=0x100, qclass=1, more=b"",
             counts=(1, 0, 0, 0)):
    return struct.pack(">HHHHHH", ident, flags, *counts) + b"".join(
        vec(1, p.encode()) for p in name.split(".")) + b"\0" + \
        struct.pack(">HH", qtype, qclass) + more


OPT = b"\0" + struct.pack(">HHIH", 41, 4096, 0, 0)


def test_transparent_dns_with_edns():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(60)
    for name, code in (("GoOd.example", 0), ("evil.test", 5)):
        s.sendto(question(name, more=OPT, counts=(1, 0, 0, 1)), TDNS)
        d = s.recv(1000)
        # the question as it was asked, and an OPT record of our own
        yes(question(name)[12:] in d, d)
        eq((d[3] & 15, struct.unpack(">H", d[10:12])[0]), (code, 1))
        eq(d[-11:], b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0))
        yes(len(d) < 512, "long")
    unanswered([question("good.example", more=more, counts=(1, 0, 0, 1))
                for more in (OPT[:-1], OPT + b"x", OPT[:-2] + b"\0\5",
                             b"\1x" + OPT[1:],
                             b"\0" + struct.pack(">HHIH", 1, 1, 0, 0))])
    unanswered([question("good.example", more=OPT * 2, counts=counts)
                for counts in ((0, 0, 0, 0), (2, 0, 0, 0), (1, 1, 0, 0),
                               (1, 0, 1, 0), (1, 0, 0, 2),
                               (65535, 0, 0, 0))])
    # opcodes, classes
    unanswered([question("good.example", flags=flags)
                for flags in (0x0900, 0x1100, 0x2900, 0x8100, 0x0300)])
    unanswered([question("good.example", qclass=qclass)
                for qclass in (0, 3, 254, 255)])
    eq(dns_query("good.example")[:2], (0, 1))


def test_transparent_dns_over_tcp_in_a_row():
    # many at once, each answered; then one byte by byte on the same connection
    s = connect(TDNS)
    names = ["good.example", "evil.test", "x.w.example"] * 20
    s.sendall(b"".join(vec(2, question(n, ident=i))
                       for i, n in enumerate(names)))
    r = Reader(s)
    for i, n in enumerate(names):
        d = r.take(struct.unpack(">H", r.take(2))[0])
        eq((struct.unpack(">H", d[:2])[0], d[3] & 15),
           (i, 5 if n == "evil.test" else 0), n)
    for b in vec(2, question("good.example")):
        s.sendall(bytes([b]))
        time.sleep(0.01)
    d = r.take(struct.unpack(">H", r.take(2))[0])
    eq(d[3] & 15, 0)
    # too slow
    t = time.time()
    s.sendall(vec(2, question("good.example"))[:5])
    eq(rest(s), b"")
    yes(1.5 < time.time() - t < 30, "%.1f s" % (time.time() - t))
    for raw in (b"\0\0", b"\0\1x", b"\2\1" + b"x" * 513, b"\xff\xff",
                vec(2, question("good.example", flags=0x8100)),
                vec(2, question("good.example") + b"x")):
        s = connect(TDNS)
        s.sendall(raw)
        eq(rest(s), b"", raw)
    quiet()


def test_transparent_dns_over_tcp_is_rate_limited():
    px.reload(CONF + "limit questions 20\n")
    time.sleep(1.1)
    s = connect(TDNS)
    s.sendall(vec(2, question("good.example")) * 200)
    d = rest(s)
    n = len(d) // len(vec(2, question("good.example") + b"x" * 16))
    yes(10 <= n <= 100, "%d answers" % n)
    px.reload(CONF)
    time.sleep(1.1)
    eq(dns_query("good.example")[:2], (0, 1))


def test_transparent_silent_clients_do_not_starve_others():
    good = tunnel("plain.example:7")
    socks = []
    for i in range(1500):
        socks.append(connect(("192.175.48.1", (443, 80, 53)[i % 3]),
                             src="192.175.48.3"))
        if i % 500 == 499:
            good.sendall(b"still")
            eq(good.recv(10), b"still")
            t = time.time()
            gets_ok(connect(("192.175.48.1", 443)), hello("good.example"))
            eq(dns_query("good.example")[:2], (0, 1))
            yes(time.time() - t < 30, "%.1f s" % (time.time() - t))
            yes(px.fds()["frontend"] < 1100, "heads are kept")
    for s in socks:
        s.close()
    wait("recovery", lambda: px.fds()["frontend"] < 60)
