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


# what servers answer to plain http

def test_http_answers_refused():
    for path in ("/nothing", "/nonsense", "/http09", "/both", "/two-lengths",
                 "/same-lengths", "/length-list", "/codings", "/bare-lf",
                 "/folded", "/blank-colon", "/http10-chunked", "/204-body",
                 "/switch", "/many-continues", "/long-head", "/wide-chunk",
                 "/chunk-extension", "/continue-body", "/continue-flood",
                 "/204-chunked", "/status-99", "/status-600", "/status-4",
                 "/http2", "/length-signed", "/length-huge", "/no-name",
                 "/nul", "/many-fields", "/trailers"):
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


# Nothing that it says short of a whole head, and no upload that it does not
# take, holds a client for longer.
def test_http_server_that_does_not_answer():
    def ask_it(path):
        s = connect()
        t = time.time()
        s.sendall(http(path, method="POST", fields=LENGTH) +
                  b"0123456789" if path != "/deaf" else
                  http(path, method="POST",
                       fields=("Content-Length: 9000000",)))
        if path == "/deaf":
            s.setblocking(False)
            while time.time() - t < 0.5:
                try:
                    s.send(b"z" * 65536)
                except BlockingIOError:
                    time.sleep(0.02)
            s.setblocking(True)
            s.settimeout(60)
        st, f, body = Reader(s).answer()
        eq((st, f["connection"], body), (504, "close", b"proxyd: web."
           b"example: the server does not answer\n"), path)
        yes(1.5 < time.time() - t < 30, "%s: %.1f s" %
            (path, time.time() - t))
        eq(rest(s), b"")

    def run():
        at_once(ask_it, ("/mute", "/dribble", "/deaf"))
        # the server is let go as well
        eq(wait("end", lambda: origin.events(event="mute"))[0]["end"], "")
        yes("web.example" in plog.text() and
            "the server does not answer" in plog.text(), plog.text())
    with_proxy(CONF + "timeout answer 2\n", run)


# What takes its time, but less than that, goes on.
def test_http_server_that_answers_late():
    # each of these takes longer in all than a server may say nothing
    def late(path):
        s = connect()
        s.sendall(http(path))
        eq(Reader(s).answer()[0], 200, path)

    def upload(path):
        s = connect()
        s.sendall(http(path, method="POST", fields=LENGTH) + b"01234")
        time.sleep(3.5)
        s.sendall(b"56789")
        eq(Reader(s).answer()[::2], (200, b"seen 10"))
    with_proxy(CONF + "timeout answer 3\n", lambda: at_once(
        lambda x: x[0](x[1]), ((late, "/late"), (late, "/slow-body"),
                               (upload, "/"))))


# A body where there is none is not the next answer.
def test_http_answers_with_a_body_that_is_none():
    s = connect()
    r = Reader(s)
    for path, method in (("/head-body", "HEAD"), ("/304-body", "GET"),
                         ("/204-extra", "GET"), ("/304-chunks", "GET"),
                         ("/head-chunks", "HEAD"), ("/early-next", "GET")):
        s.sendall(http(path, method=method))
        st, f, body = r.answer(method)
        yes(st in (200, 204, 304) and body in (b"", b"abcde"), path)
        s.sendall(http())
        eq(r.answer()[::2], (200, b"seen 0"), path)
