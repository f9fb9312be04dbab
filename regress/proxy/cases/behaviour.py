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


# tunnels: their bytes and their ends

def test_half_close_by_the_client():
    s = tunnel("plain.example:7")
    s.sendall(b"abc")
    eq(s.recv(10), b"abc")
    s.shutdown(socket.SHUT_WR)
    eq(rest(s), b"BYE")
    wait("eof", lambda: origin.events(port=7, event="eof"))


def test_half_close_by_the_server():
    s = tunnel("plain.example:10")
    eq(rest(s), b"FIRST")
    s.sendall(b"z" * 100000)
    s.close()
    eq(wait("total", lambda: origin.events(event="total"))[0]["total"], 100000)


def test_reset_by_the_server():
    s = tunnel("plain.example:9")
    s.sendall(b"x")
    eq(s.recv(10), b"X")
    try:
        s.recv(10)
        fail("no reset")
    except ConnectionResetError:
        pass


def test_reset_by_the_client():
    s = tunnel("plain.example:7")
    s.sendall(b"abc")
    eq(s.recv(10), b"abc")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    wait("reset", lambda: origin.events(port=7, event="error", error=104))


def test_reset_of_a_half_closed_server():
    s = tunnel("plain.example:12")
    eq(s.recv(10), b"")
    p = select.poll()
    p.register(s, 0)
    eq(p.poll(100), [], "too early")
    s.sendall(b"x")
    # nobody writes any more
    yes(p.poll(60000), "no reset")
    yes(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "no error")


def test_reset_of_a_half_closed_client():
    s = tunnel("plain.example:13")
    s.shutdown(socket.SHUT_WR)
    wait("eof", lambda: origin.events(port=13, event="eof"))
    c, t = busy(), time.time()
    while time.time() - t < 0.5:
        time.sleep(0.1)
    yes(busy() - c < 0.2, "busy: %.2f s" % (busy() - c))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    e = wait("reset", lambda: origin.events(port=13, event="reset"))
    yes(e[0]["error"], "no error: %r" % e)


def test_many_bytes_both_ways():
    for n in (1, 16383, 16384, 16385, 65536, 5000000):
        s = tunnel("plain.example:11")
        s.sendall(b"%d\n" % n)
        d = rest(s)
        eq(len(d), n)
        eq(d, (bytes(range(256)) * (n // 256 + 1))[:n])
    s = tunnel("plain.example:7")
    data = os.urandom(3000000)
    got = []
    th = threading.Thread(target=lambda: got.append(rest(s)))
    th.start()
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    th.join(60)
    eq(got[0] == data + b"BYE", True, "echo")


def test_slow_reader():
    s = tunnel("plain.example:11")
    s.sendall(b"8000000\n")
    time.sleep(0.5)
    n = 0
    while n < 8000000:
        d = s.recv(300000)
        if not d:
            break
        n += len(d)
        time.sleep(0.005)
    eq(n, 8000000)


def test_slow_readers_without_pipes():
    # more stalled tunnels than there are pipes: the rest is held in memory
    def run():
        n = 3000000
        want = (bytes(range(256)) * (n // 256 + 1))[:n]
        socks = []
        for _ in range(8):
            s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            s.settimeout(60)
            s.connect(PROXY)
            s.sendall(target("plain.example:11"))
            eq(status(until(s, b"\r\n\r\n", 39)), 200)
            s.sendall(b"%d\n" % n)
            socks.append(s)
        time.sleep(0.5)
        got = [b""] * len(socks)
        while any(len(g) < n for g in got):
            for i, s in enumerate(socks):
                if len(got[i]) < n:
                    d = s.recv(200000)
                    yes(d, "cut after %d" % len(got[i]))
                    got[i] += d
        yes(all(g == want for g in got), "other bytes")
    with_proxy(CONF, run, prefix=["sh", "-c", "ulimit -n 64; exec \"$@\"",
                                  "sh"])
