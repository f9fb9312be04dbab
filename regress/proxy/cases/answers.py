# what servers answer to plain http

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
