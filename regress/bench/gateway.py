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


# gateway.py [ROUNDS]: run by gateway.
import os
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import time

import tests
from tests import TMP, GATE, TOKEN

SIZE = 256 << 20
PIECE = b"x" * 65536


def reply(c, r):
    if "count_tokens" in r.line:
        c.sendall(tests.answer(200, b"y" * 200))
        return True
    c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    head = b"%x\r\n" % len(PIECE)
    for i in range(SIZE // len(PIECE)):
        c.sendall(head + PIECE + b"\r\n")
    c.sendall(b"0\r\n\r\n")
    return True


def serve():
    """The API, in a process of its own."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(r)
        tests.dns = tests.Dns()
        a = tests.Api("127.0.0.10", 443, "api")
        a.reply = reply
        os.write(w, b"k")
        while True:
            time.sleep(60)
            a.requests.clear()
    os.read(r, 1)
    return pid


def straight():
    x = ssl.create_default_context(cafile=TMP + "/good.pem")
    s = socket.create_connection(("127.0.0.10", 443))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return x.wrap_socket(s, server_hostname="api.example")


def gateway():
    s = socket.create_connection(GATE)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def latency(s, n=2000):
    """Milliseconds of each request, with a body of some size."""
    req = tests.req("POST /v1/messages/count_tokens", b"z" * 2000)
    r = []
    for i in range(n):
        t = time.perf_counter()
        s.sendall(req)
        got = 0
        while got < 200:        # the head is shorter than the body
            d = s.recv(65536)
            got += len(d) - (d.find(b"\r\n\r\n") + 4 if got == 0 else 0)
        r.append((time.perf_counter() - t) * 1000)
    return r


def stream(s):
    """Megabytes a second of a streamed answer."""
    buf = bytearray(1 << 20)
    s.sendall(tests.req())
    t = time.perf_counter()
    got = 0
    while got < SIZE:
        got += s.recv_into(buf)
    s.close()
    return SIZE / (time.perf_counter() - t) / 1e6


def body(s):
    """Megabytes a second of a request's body."""
    s.sendall(tests.req("POST /v1/messages/count_tokens", b"",
                        framing=b"Content-Length: %d" % SIZE))
    t = time.perf_counter()
    for i in range(SIZE // len(PIECE)):
        s.sendall(PIECE)
    s.recv(1000)
    s.close()
    return SIZE / (time.perf_counter() - t) / 1e6


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    api = serve()
    px = tests.Proxy(tests.conf())
    ways = (("straight", straight), ("gateway", gateway))
    ms = {n: [] for n, _ in ways}
    mb = {(n, f): [] for n, _ in ways for f in (stream, body)}
    try:
        for i in range(rounds):
            for n, connect in ways:
                s = connect()
                latency(s, 100)
                ms[n] += latency(s)
                s.close()
                for f in (stream, body):
                    mb[n, f].append(f(connect()))
    finally:
        px.stop()
        os.kill(api, signal.SIGKILL)
    print("%-10s %8s %8s %14s %14s" % ("", "p50 ms", "p99 ms",
                                       "answer MB/s", "body MB/s"))
    for n, _ in ways:
        v = sorted(ms[n])
        print("%-10s %8.3f %8.3f %14.0f %14.0f" % (
            n, v[len(v) // 2], v[len(v) * 99 // 100],
            statistics.median(mb[n, stream]), statistics.median(mb[n, body])))


main()
