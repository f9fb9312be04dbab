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


# origin.py LOG [ADDRESS]: what is behind the proxy.  Each port has a way of
# its own; what reached it is in LOG, a line of JSON an event.
import json
import select
import socket
import ssl
import struct
import sys
import threading
import time
import os

log = open(sys.argv[1], "ab", buffering=0)
only = sys.argv[2] if len(sys.argv) > 2 else None
lock = threading.Lock()


def note(**kw):
    with lock:
        log.write(json.dumps(kw).encode() + b"\n")


def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()


def drain(c, port, n, reply=None):
    total = b""
    while True:
        try:
            d = c.recv(65536)
        except OSError as e:
            note(port=port, conn=n, event="error", error=e.errno)
            return total
        if not d:
            note(port=port, conn=n, event="eof")
            return total
        note(port=port, conn=n, event="data", data=d[:20000].hex())
        total += d
        if reply:
            c.sendall(reply)
            reply = None


def tls(c, port, n):
    drain(c, port, n, b"OK")


def banner(c, port, n):
    c.sendall(b"SSH-2.0-test\r\n")
    drain(c, port, n, b"PONG")


def echo(c, port, n):
    while True:
        d = c.recv(65536)
        if not d:
            break
        c.sendall(d)
    note(port=port, conn=n, event="eof")
    c.sendall(b"BYE")


def resets(c, port, n):
    c.recv(65536)
    c.sendall(b"X")
    time.sleep(0.2)
    reset(c)


def closes_first(c, port, n):
    # sends, shuts its side, and goes on to read
    c.sendall(b"FIRST")
    c.shutdown(socket.SHUT_WR)
    d = drain(c, port, n)
    note(port=port, conn=n, event="total", total=len(d))


def closes_then_resets(c, port, n):
    c.shutdown(socket.SHUT_WR)
    c.recv(1)
    reset(c)


def outlasts(c, port, n):
    # goes on after the other side's end, silently, until it is reset
    drain(c, port, n)
    p = select.poll()
    p.register(c, 0)
    p.poll(60000)
    note(port=port, conn=n, event="reset",
         error=c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def big(c, port, n):
    # reads a number, sends as many bytes
    d = b""
    while not d.endswith(b"\n"):
        d += c.recv(100)
    left = int(d)
    chunk = bytes(range(256)) * 256
    while left > 0:
        c.sendall(chunk[:left])
        left -= min(left, len(chunk))


def raw(status, *fields):
    return ("\r\n".join(("HTTP/1.1 " + status,) + fields) +
            "\r\n\r\n").encode()


# by the path: what is answered, and how it ends
LEN5, CHUNKED = "Content-Length: 5", "Transfer-Encoding: chunked"
answers = {
    "/chunked": (raw("200 OK", CHUNKED) + b"3\r\nabc\r\n0002\r\nde\r\n"
                 b"0\r\n\r\n", "stays"),
    "/stays": (raw("200 OK", LEN5, "Connection: keep-alive") + b"abcde",
               "stays"),
    "/until-close": (raw("200 OK") + b"abcde", "closes"),
    "/http10": (b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nabcde", "closes"),
    "/http10-length": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
                       "closes"),
    "/until-reset": (raw("200 OK") + b"abcde", "resets"),
    "/length-reset": (raw("200 OK", LEN5) + b"abcde", "resets"),
    "/short": (raw("200 OK", LEN5) + b"abc", "closes"),
    "/short-chunks": (raw("200 OK", CHUNKED) + b"3\r\nabc\r\n", "closes"),
    "/extra": (raw("200 OK", LEN5) + b"abcde" +
               raw("200 OK", "Content-Length: 4") + b"evil", "stays"),
    "/extra-chunks": (raw("200 OK", CHUNKED) + b"5\r\nabcde\r\n0\r\n\r\n" +
                      raw("200 OK", "Content-Length: 4") + b"evil", "stays"),
    "/continue": (raw("100 Continue") + raw("103 Early Hints", "Link: x") +
                  raw("200 OK", LEN5) + b"abcde", "closes"),
    "/204": (raw("204 No Content"), "stays"),
    "/304": (raw("304 Not Modified", LEN5), "stays"),
    "/head": (raw("200 OK", LEN5), "stays"),
    "/fields": (raw("200 OK", LEN5, "Set-Cookie: a=b", "Connection: close, x",
                    "X: hop", "Keep-Alive: 5", "Proxy-Authenticate: Basic",
                    "Close: x", "ETag: t") + b"abcde", "closes"),
    "/continue-body": (raw("100 Continue", LEN5) + b"abcde" +
                       raw("200 OK", LEN5) + b"abcde", "stays"),
    "/continue-flood": (raw("103 Early Hints", "Link: x") * 20000, "stays"),
    "/204-chunked": (raw("204 No Content", CHUNKED) + b"0\r\n\r\n", "stays"),
    "/status-99": (raw("099 OK", LEN5) + b"abcde", "stays"),
    "/status-600": (raw("600 OK", LEN5) + b"abcde", "stays"),
    "/status-4": (raw("2000 OK", LEN5) + b"abcde", "stays"),
    "/http2": (b"HTTP/2.0 200 OK\r\n" + LEN5.encode() + b"\r\n\r\nabcde",
               "stays"),
    "/length-signed": (raw("200 OK", "Content-Length: +5") + b"abcde",
                       "stays"),
    "/length-huge": (raw("200 OK", "Content-Length: 18446744073709551621") +
                     b"abcde", "stays"),
    "/no-name": (raw("200 OK", ": x", LEN5) + b"abcde", "stays"),
    "/nul": (raw("200 OK", "X: a\0b", LEN5) + b"abcde", "stays"),
    "/many-fields": (raw("200 OK", LEN5, *["X: y"] * 101) + b"abcde",
                     "stays"),
    "/trailers": (raw("200 OK", CHUNKED) + b"0\r\nX: y\r\n\r\n", "stays"),
    "/head-body": (raw("200 OK", LEN5) + b"abcde", "stays"),
    "/head-chunks": (raw("200 OK", CHUNKED) + b"5\r\nabcde\r\n0\r\n\r\n",
                     "stays"),
    "/304-body": (raw("304 Not Modified", LEN5) + b"abcde", "stays"),
    "/304-chunks": (raw("304 Not Modified", CHUNKED) + b"5\r\nabcde\r\n"
                    b"0\r\n\r\n", "stays"),
    "/204-extra": (raw("204 No Content") + raw("200 OK", "Content-Length: 4") +
                   b"evil", "stays"),
    "/early-next": (raw("200 OK", LEN5) + b"abcde" + raw("400 No") * 3,
                    "stays"),
    "/nothing": (b"", "closes"),
    "/nonsense": (b"SSH-2.0-test\r\n", "stays"),
    "/http09": (b"<html>hello", "stays"),
    "/both": (raw("200 OK", LEN5, CHUNKED) + b"abcde", "stays"),
    "/two-lengths": (raw("200 OK", LEN5, "Content-Length: 3") + b"abcde",
                     "stays"),
    "/same-lengths": (raw("200 OK", LEN5, LEN5) + b"abcde", "stays"),
    "/length-list": (raw("200 OK", "Content-Length: 5, 5") + b"abcde",
                     "stays"),
    "/codings": (raw("200 OK", "Transfer-Encoding: gzip, chunked") + b"abcde",
                 "stays"),
    "/bare-lf": (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nabcde", "stays"),
    "/folded": (raw("200 OK", "X: a\r\n b", LEN5) + b"abcde", "stays"),
    "/blank-colon": (raw("200 OK", "Content-Length : 5") + b"abcde", "stays"),
    "/http10-chunked": (b"HTTP/1.0 200 OK\r\n" + CHUNKED.encode() +
                        b"\r\n\r\n0\r\n\r\n", "stays"),
    "/204-body": (raw("204 No Content", LEN5) + b"abcde", "stays"),
    "/switch": (raw("101 Switching Protocols", "Upgrade: x") + b"abcde",
                "stays"),
    "/many-continues": (raw("100 Continue") * 9 + raw("200 OK", LEN5) +
                        b"abcde", "stays"),
    "/long-head": (raw("200 OK", "X: " + "y" * 17000, LEN5) + b"abcde",
                   "stays"),
    "/wide-chunk": (raw("200 OK", CHUNKED) + b"fffffffffffffffff\r\nabc",
                    "stays"),
    "/chunk-extension": (raw("200 OK", CHUNKED) + b"3;x=y\r\nabc\r\n"
                         b"0\r\n\r\n", "stays"),
}


def body(head, got, c):
    """What is behind a head, as it comes; and whether all of it came."""
    fields = dict(line.lower().split(b":", 1)
                  for line in head.split(b"\r\n")[1:])
    left = int(fields.get(b"content-length", 0))
    while b"chunked" in fields.get(b"transfer-encoding", b"") and \
            not got.endswith(b"0\r\n\r\n") or len(got) < left:
        e = c.recv(65536)
        if not e:
            return got, False
        got += e
    return got, True


def http(c, port, n):
    d = b""
    while b"\r\n\r\n" not in d:
        e = c.recv(65536)
        if not e:
            return
        d += e
    head, _, rest = d.partition(b"\r\n\r\n")
    path = head.split()[1].decode("latin-1")
    if path == "/deaf":
        threading.Event().wait(60)
        return
    if path == "/early":
        c.sendall(raw("413 Too Large", LEN5) + b"abcde")
    rest, whole = body(head, rest, c)
    note(port=port, conn=n, event="request", head=head.decode("latin-1"),
         body=rest.decode("latin-1"), whole=whole)
    out, end = answers.get(path, (None, None))
    if path.startswith("/cut/"):
        way, many, end = path.split("/")[2:]
        out = answers["/" + way][0][:int(many)]
    if path == "/early":
        out, end = b"", "stays"
    elif out is None:
        out = b"seen %d" % len(rest)
        if b"host: big.example" in head.lower():
            out = b"z" * 3000000
        out = raw("200 OK", "Content-Length: %d" % len(out)) + out
        end = "stays"
    if path == "/mute":
        note(port=port, conn=n, event="mute",
             end=c.recv(1).decode("latin-1"))
        return
    if path == "/dribble":
        # a head without an end, for longer than that may take
        c.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(60):
            c.sendall(b"y")
            time.sleep(0.1)
        return
    if path == "/late":
        time.sleep(1)
        c.sendall(raw("100 Continue"))
        time.sleep(1)
    if path == "/slow-body":
        c.sendall(raw("200 OK", LEN5))
        time.sleep(3.5)
        c.sendall(b"abcde")
        return
    if path == "/single-bytes":
        for b in answers["/chunked"][0]:
            c.sendall(bytes([b]))
    else:
        c.sendall(out)
    if end == "closes":
        return
    if end == "resets":
        time.sleep(0.1)
        reset(c)
        return
    # goes on to listen: nothing may come but the end
    more = c.recv(65536)
    while more:
        note(port=port, conn=n, event="more", data=more.hex())
        more = c.recv(65536)
    note(port=port, conn=n, event="eof")


def fetch(c, port, n):
    """Files, to one request."""
    d = b""
    while b"\r\n\r\n" not in d:
        e = c.recv(65536)
        if not e:
            return
        d += e
    note(port=port, conn=n, event="request", head=d.decode("latin-1"))
    path = d.split()[1].decode("latin-1").split("?")[0]
    try:
        if path.endswith("/"):
            path += "index.html"
        with open(os.environ["TMP"] + "/www" + path, "rb") as f:
            out, code = f.read(), "200 OK"
    except OSError:
        out, code = b"", "404 Not Found"
    c.sendall(("HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n"
               "Content-Type: %s\r\n\r\n" % (
                   code, len(out), "text/html" if path.endswith(".html") else
                   "application/octet-stream")).encode() + out)


def real(c, port, n):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tmp = os.environ["TMP"]
    ctx.load_cert_chain(tmp + "/cert.pem", tmp + "/key.pem")
    try:
        s = ctx.wrap_socket(c, server_side=True)
        fetch(s, port, n)
        s.unwrap()
    except (OSError, ssl.SSLError) as e:
        note(port=port, conn=n, event="tls", error=str(e))


HEADS = {
    "continue": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "status-0200": b"HTTP/1.1 0200 OK\r\n\r\n",
    "status-20": b"HTTP/1.1 20\r\n\r\n",
    "status-2x0": b"HTTP/1.1 2x0 OK\r\n\r\n",
    "status-2000": b"HTTP/1.1 2000 OK\r\n\r\n",
    "no-version": b"HTTP 200 OK\r\n\r\n",
    "long": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 4090 + b"\r\n\r\n",
    "flood": b"evil" * 100000,
    "bare": b"HTTP/1.1 200 OK\n\n",
    "cut": b"HTTP/1.1 200 OK\r\nX: y\r\n\r",
    "reset": b"HTTP/1.1 200 OK\r\nX: y\r\n\r",
    "close": b"",
}


def strange(c, port, n, way):
    """A parent proxy with an odd head, or one that is just good enough."""
    if way == "full":
        head = b"HTTP/1.1 200 OK\r\nX: " + b"y" * (4096 - 24) + b"\r\n\r\n"
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for b in head:
            c.sendall(bytes([b]))
            time.sleep(0.0005)
        tls(c, 443, n)
        return
    if way not in HEADS:
        c.sendall(b"HTTP/1.1 200 OK\r\n\r\nEARLY data")
        return
    c.sendall(HEADS[way])
    if way == "reset":
        reset(c)
    elif way not in ("cut", "close"):
        c.recv(1)


def parent(c, port, n):
    """A parent proxy; the host's name says how it behaves."""
    d = b""
    while b"\r\n\r\n" not in d:
        e = c.recv(1)
        if not e:
            return
        d += e
    note(port=port, conn=n, event="parent", head=d.decode("latin-1"))
    if b"refuse" in d:
        c.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        c.recv(1)
    elif b"mute" in d:
        c.recv(1)
    elif b"odd" in d:
        c.sendall(b"SSH-2.0-x\r\n\r\n")
        c.recv(1)
    elif b"hang" in d:
        c.sendall(b"HTTP/1.1 20")
    elif b"-head.w" in d or b":10 " in d:
        strange(c, port, n, d.split()[1].split(b"-head")[0].decode())
    else:
        for b in b"HTTP/1.0 200 fine\r\nVia: x\r\n\r\n":
            c.sendall(bytes([b]))
            time.sleep(0.002)
        (http if b":80 " in d else banner if b":22 " in d else tls)(
            c, 443, n)


ports = {3128: parent, 443: tls, 22: banner, 7: echo, 9: resets, 10: closes_first,
         11: big, 12: closes_then_resets,
         13: outlasts, 80: http, 8443: real, 444: tls, 8080: http}
count = 0


def serve(l, port):
    global count
    while True:
        c, a = l.accept()
        with lock:
            count += 1
            n = count
        note(port=port, conn=n, event="accept", peer=a[0],
             local=c.getsockname()[0])

        def work(c=c, n=n):
            try:
                way = ports[port]
                if c.getsockname()[0] == "192.31.196.3":
                    way = {443: real, 80: fetch}.get(port, way)
                way(c, port, n)
            except OSError as e:
                note(port=port, conn=n, event="error", error=e.errno)
            finally:
                c.close()
        threading.Thread(target=work, daemon=True).start()


for port in ports:
    for family in (socket.AF_INET, socket.AF_INET6):
        if only and family == socket.AF_INET6:
            continue
        l = socket.socket(family, socket.SOCK_STREAM)
        l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            l.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        l.bind((only or "", port))
        l.listen(512)
        threading.Thread(target=serve, args=(l, port), daemon=True).start()
note(event="ready")
threading.Event().wait()
