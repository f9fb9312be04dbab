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
