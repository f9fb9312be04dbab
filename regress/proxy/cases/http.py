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


# requests for plain http, and what is refused as none

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
        got = rest(s)
        eq((status(got), got.count(b"HTTP/1.1")), (400, 1), raw)
        e = wait("request", requests)[0]
        eq(e["whole"], False, raw)
        yes("evil" not in e["body"] and e["body"] in ("", "3\r\nabc\r\n"),
            e["body"])


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
        ("no name", head(GET, H, ": x")),
        ("a blank for a name", head(GET, H, " : x")),
        ("8 bits in a name", head(GET, H, "X\xe4: y")),
        ("NUL in a name", head(GET, H, "X\0: y")),
        ("a bracket in a name", head(GET, H, "X(y): z")),
        ("blank before Host's colon", head(GET, "Host : web.example")),
        ("blank before the coding's colon", head(
            GET, H, "Transfer-Encoding : chunked")),
        ("tab before the coding's colon", head(
            GET, H, "Transfer-Encoding\t: chunked")),
        ("vertical tab before a value", head(
            GET, H, "Content-Length:\x0b5")),
        ("form feed before a value", head(GET, H, "Content-Length:\x0c5")),
        ("a list of codings", head(GET, H, "Transfer-Encoding: chunked, "
                                   "identity")),
        ("chunked last", head(GET, H, "Transfer-Encoding: identity, "
                              "chunked")),
        ("nearly chunked", head(GET, H, "Transfer-Encoding: xchunked")),
        ("chunked and more", head(GET, H, "Transfer-Encoding: chunkedx")),
        ("chunked with a parameter", head(GET, H, "Transfer-Encoding: "
                                          "chunked;q=1")),
        ("chunked in quotes", head(GET, H,
                                   'Transfer-Encoding: "chunked"')),
        ("chunked and a comma", head(GET, H, "Transfer-Encoding: chunked,")),
        ("a comma and chunked", head(GET, H, "Transfer-Encoding: ,chunked")),
        ("an empty coding", head(GET, H, "Transfer-Encoding:")),
        ("identity", head(GET, H, "Transfer-Encoding: identity")),
        ("an empty coding, then chunked", head(
            GET, H, "Transfer-Encoding:", "Transfer-Encoding: chunked")),
        ("an empty length", head(GET, H, "Content-Length:")),
        ("a length with an exponent", head(GET, H, "Content-Length: 1e1")),
        ("a length with a blank", head(GET, H, "Content-Length: 1 1")),
        ("a length of 2^64 + 5", head(GET, H, "Content-Length: "
                                      "18446744073709551621")),
        ("a length in other digits", head(GET, H, "Content-Length: \xb2")),
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


# What a chunked body could end with is refused, not passed on.
def test_http_trailers_are_refused():
    for end in (b"0\r\nX: y\r\n\r\n", b"0\r\nHost: evil.test\r\n\r\n",
                b"0\r\n\r", b"0\r\nGET / HTTP/1.1\r\n\r\n", b"0;x\r\n\r\n",
                b"00\r\n \r\n", b"0 \r\n\r\n", b"0\n\n"):
        origin.mark()
        s = connect()
        s.sendall(http(method="POST", body=b"3\r\nabc\r\n" + end,
                       fields=CHUNKED))
        try:
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass            # reset already
        got = rest(s)
        # one of them is cut short, which is no mistake
        eq(status(got), 400 if end != b"0\r\n\r" else None, end)
        yes(got.count(b"HTTP/1.1") < 2, got)
        e = wait("request", requests)[0]
        yes(not e["whole"] and e["body"] in ("", "3\r\nabc\r\n"), e)


# There is no switching of protocols: the request goes on without it.
def test_http_upgrade_is_dropped():
    for more in (("Connection: Upgrade", "Upgrade: websocket",
                  "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="),
                 ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                  "HTTP2-Settings: AAMAAABk")):
        s = connect()
        s.sendall(http("/", fields=more) + b"\x81\x85abcd")
        r = Reader(s)
        eq(r.answer()[::2], (200, b"seen 0"))
        # what would be frames is no request
        eq(r.answer()[0], 400)
        eq(rest(s), b"")
    for e in requests():
        low = e["head"].lower()
        yes("upgrade" not in low and "http2-settings" not in low, low)
    eq(origin.events(event="more"), [])


# What is behind a refused or a last request is nobody's.
def test_http_nothing_behind_the_last_request():
    for first in (head("GET http://web.example/ HTTP/1.0"),
                  http(fields=("Connection: close",)),
                  http(fields=("Connection: Close, x",))):
        origin.mark()
        s = connect()
        s.sendall(first + http("/second"))
        eq(rest(s).count(b"HTTP/1.1"), 1)
        eq([e["head"].split()[1] for e in requests()], ["/"])
        eq(origin.events(event="more"), [])
