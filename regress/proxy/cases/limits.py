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


# times, floods and what runs out

@beside
def test_slow_head_is_cut():
    t = time.time()
    s, silent = connect(), connect()
    s.sendall(b"CONNECT good.example:443 HTTP/1.1\r\nHost")
    r = rest(s)
    yes(1.5 < time.time() - t < 30, "%.1f s" % (time.time() - t))
    eq(status(r), 408)
    eq(rest(silent), b"")


@beside
def test_dribbled_head_is_cut():
    s = connect()
    t = time.time()
    s.sendall(b"CONNECT good.example:443 HTTP/1.1\r\nX: ")
    try:
        while time.time() - t < 60:
            s.sendall(b"y")
            time.sleep(0.1)
    except OSError:
        pass
    yes(time.time() - t < 30, "%.1f s" % (time.time() - t))


def test_refusal_reaches_a_client_that_still_sends():
    s = connect()
    s.sendall(head("POST http://evil.test/ HTTP/1.1", "Host: evil.test",
                   "Content-Length: 300000"))
    for _ in range(10):
        time.sleep(0.03)
        s.sendall(b"x" * 30000)
    eq(status(rest(s)), 403)


def test_head_cut_short():
    s = connect()
    s.sendall(b"CONNECT good.example:443 HTTP/1.1\r\n")
    s.shutdown(socket.SHUT_WR)
    t = time.time()
    rest(s)
    # before its time is over
    yes(time.time() - t < 1.9, "slow")


def test_half_open_clients_do_not_starve_others():
    good = tunnel("plain.example:7")
    socks = []
    for i in range(5000):
        try:
            socks.append(connect(src="192.175.48.3"))
        except OSError:
            break
        if i % 500 == 0:
            good.sendall(b"still")
            eq(good.recv(10), b"still")
            t = time.time()
            gets_ok(tunnel("good.example:443"), hello("good.example"))
            yes(time.time() - t < 30, "a new tunnel took %.1f s" %
                (time.time() - t))
            yes(px.fds()["frontend"] < 1100, "heads are kept")
    yes(len(socks) > 4000, "%d" % len(socks))
    for s in socks:
        s.close()
    wait("recovery", lambda: px.fds()["frontend"] < 60)


def test_flood_of_denied_requests():
    good = tunnel("plain.example:7")

    def flood(n):
        for i in range(300):
            ask(target("evil%d-%d.test:443" % (n, i)))
    plog.mark()
    th = [threading.Thread(target=flood, args=(n,)) for n in range(4)]
    for t in th:
        t.start()
    for _ in range(10):
        t = time.time()
        good.sendall(b"x")
        eq(good.recv(1), b"x")
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        yes(time.time() - t < 30, "slow")
    for t in th:
        t.join()
    n = plog.text().count("refused ")
    yes(n < 200, "%d lines" % n)


def test_refusals_of_a_host_are_counted():
    def run():
        for _ in range(30):
            get("noisy.test", 403)
        eq(plog.text().count("noisy.test"), 5)
    with_proxy(CONF, run)


def test_descriptors_run_out():
    def run():
        good = tunnel("plain.example:7")
        before = px.fds()
        socks = []
        for _ in range(400):
            try:
                s = connect(timeout=3)
                s.sendall(target("plain.example:7"))
                socks.append(s)
            except OSError:
                break
        time.sleep(1)
        c0 = sum(cpu(p) for p in px.pids().values())
        time.sleep(1)
        c1 = sum(cpu(p) for p in px.pids().values())
        yes(c1 - c0 < 0.3, "busy: %.2f s" % (c1 - c0))
        good.sendall(b"still")
        eq(good.recv(10), b"still")
        for s in socks:
            s.close()
        wait("recovery", lambda: all(
            n <= before[r] + 12 for r, n in px.fds().items()))
        gets_ok(tunnel("good.example:443"), hello("good.example"))
    with_proxy(CONF, run, prefix=FEW)


FEW = ["sh", "-c", "ulimit -n 128; exec \"$@\"", "sh"]


# More than may be held is not read by many; who does read goes on.
def test_slow_readers_make_room():
    def opened(n):
        s = socket.socket()
        s.settimeout(60)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(PROXY)
        s.sendall(target("plain.example:11"))
        eq(status(until(s, b"\r\n\r\n")), 200)
        s.sendall(b"%d\n" % n)
        return s

    def run():
        slow = [opened(20000000) for _ in range(98)]
        wait("a lack of memory", lambda: "no memory" in plog.text())
        eq(len(rest(opened(1000000))), 1000000)
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        for s in slow:
            s.close()
    with_proxy(CONF, run, prefix=["sh", "-c", "ulimit -n 256; exec \"$@\"",
                                  "sh"])


class Few:
    """The frontend may have so many descriptors more than it has."""

    def __init__(self, n):
        self.set("%d:" % (px.fds()["frontend"] + n))

    def set(self, n):
        run(["setpriv", "--reuid", "_proxyd", "--regid", "_proxyd",
             "--clear-groups", "prlimit", "--pid", str(px.pids()["frontend"]),
             "--nofile=" + n])

    def over(self):
        hard = [x.split()[4] for x in open("/proc/%d/limits" % px.p.pid)
                if x.startswith("Max open files")][0]
        self.set(hard + ":")


def test_accepting_pauses_without_descriptors():
    good = tunnel("plain.example:7")
    few = Few(0)
    plog.mark()
    s = connect()
    s.sendall(target("plain.example:7"))
    wait("pause", lambda: "accept: Too many open files" in plog.text())
    c, t = busy(), time.time()
    while time.time() - t < 1.5:
        good.sendall(b"still")
        eq(good.recv(10), b"still")
        time.sleep(0.1)
    yes(busy() - c < 0.4, "busy: %.2f s" % (busy() - c))
    yes(plog.text().count("accept:") < 20, "many lines")
    few.over()
    # the one that waited is served
    eq(status(until(s, b"\r\n\r\n")), 200)


def test_silent_clients_make_room():
    good = tunnel("plain.example:7")
    few = Few(8)
    plog.mark()
    socks = []
    for i in range(100):
        socks.append(connect())
        if i % 20 == 19:
            t = time.time()
            gets_ok(tunnel("good.example:443"), hello("good.example"))
            yes(time.time() - t < 30, "%.1f s" % (time.time() - t))
    good.sendall(b"still")
    eq(good.recv(10), b"still")
    eq(plog.text().count("accept:"), 0)
    few.over()


def test_requests_leave_descriptors():
    # each takes two of the frontend's, but not the last ones
    socks = []
    few = Few(60)
    plog.mark()
    while True:
        s = connect()
        s.sendall(http("/nowhere", method="POST", fields=LENGTH))
        n = len(socks)
        wait("connection or answer", lambda: len(origin.events(
            event="accept")) > n or select.select([s], [], [], 0)[0])
        if select.select([s], [], [], 0)[0]:
            break
        socks.append(s)
        yes(n < 40, "no end")
    eq(Reader(s).answer()[0], 503)
    s.close()
    # as many at once as there are last ones find room
    more = []
    for _ in range(20):
        s = connect()
        s.sendall(target("slow.example:443"))
        more.append(s)
    for s in more:
        eq(status(until(s, b"\r\n\r\n")), 200)
        s.close()
    eq(plog.text().count("accept:"), 0)
    for s in socks:
        s.close()
    few.over()
    s = connect()
    s.sendall(http())
    eq(Reader(s).answer()[0], 200)


def test_limit_of_a_client():
    def run():
        socks = [tunnel("plain.example:7", src="192.175.48.3")
                 for _ in range(10)]
        s = connect(src="192.175.48.3")
        s.sendall(target("plain.example:7"))
        eq(until(s, b"\r\n\r\n")[:12] != b"HTTP/1.1 200", True, "the 11th")
        tunnel("plain.example:7").close()
        socks.pop().close()
        wait("room", lambda: status(ask(target("plain.example:7"),
                                        src="192.175.48.3")) == 200)
    with_proxy(CONF + "limit client 10\n", run)


def test_limit_of_connections():
    def run():
        socks = [tunnel("plain.example:7") for _ in range(20)]
        s = connect()
        try:
            s.sendall(target("plain.example:7"))
            r = until(s, b"\r\n\r\n")
        except OSError:
            r = b""
        yes(status(r) != 200, "the 21st")
        for s in socks:
            s.sendall(b"a")
            eq(s.recv(1), b"a")
        for s in socks:
            s.close()
        wait("room", lambda: status(ask(target("plain.example:7"))) == 200)
    with_proxy(CONF + "limit connections 20\n", run)


def test_idle_and_old_tunnels_are_cut():
    def run():
        idle, busy = tunnel("plain.example:7"), tunnel("plain.example:7")
        t = time.time()
        ended = {}
        while len(ended) < 2 and time.time() - t < 60:
            if "busy" not in ended:
                try:
                    busy.sendall(b"x")
                    busy.recv(10) or ended.setdefault("busy",
                                                      time.time() - t)
                except OSError:
                    ended["busy"] = time.time() - t
            if "idle" not in ended and select.select([idle], [], [], 0.1)[0]:
                ended["idle"] = time.time() - t
        yes(0.8 < ended["idle"] < 30, ended)
        yes(2.8 < ended["busy"] < 30, ended)
    with_proxy(CONF + "timeout idle 1\ntimeout life 3\n", run)


# Tunnels, requests, dials and questions at once, whoever has the last one.
def test_descriptors_run_out_by_all_ways():
    def run():
        good = tunnel("plain.example:7")
        socks = []
        for i in range(120):
            raw = (target("plain.example:7"),
                   http("/nowhere", method="POST", fields=LENGTH),
                   target("eyes.example:443"),
                   target("q%d.w.example:443" % i),
                   target("hole.example:443"),
                   http(host="big.example"))[i % 6]
            try:
                s = connect(timeout=3)
                s.sendall(raw)
                socks.append(s)
            except OSError:
                pass            # there was no room
            time.sleep(0.005)
        good.sendall(b"still")
        eq(good.recv(10), b"still")
        for s in socks:
            s.close()
        wait("room", lambda: status(ask(target("plain.example:7"))) == 200)
        good.sendall(b"still")
        eq(good.recv(10), b"still")
    for n in (64, 100):
        with_proxy(CONF, run, prefix=["sh", "-c", "ulimit -n %d; exec "
                                      "\"$@\"" % n, "sh"])


def as_before(before):
    """No more descriptors than then, but for the relay's pipes."""
    wait("descriptors: %r after %r" % (px.fds(), before), lambda: all(
        n <= before[r] + 4 * (r == "relay") for r, n in px.fds().items()))


# Whatever a client was about to say, and whoever had it just then.
def test_clients_end_at_any_moment():
    with_proxy(CONF + "timeout idle 1\n", clients_end)


def clients_end():
    gets_ok(tunnel("good.example:443"), hello("good.example"))
    before = px.fds()
    post = http(method="POST", fields=CHUNKED) + b"5\r\nabcde\r\n0\r\n\r\n"
    for to, raw in ((PROXY, target("plain.example:7") + b"hello"),
                    (PROXY, target("good.example:443") +
                     hello("good.example") + b"x"),
                    (PROXY, target("gone.example:443")),
                    (PROXY, target("a.w.example:443")),
                    (PROXY, post + http("/stays") + target("evil.test:443")),
                    (PROXY, http(host="big.example") * 2),
                    (("192.175.48.1", 80), head("GET / HTTP/1.1", H) * 2),
                    (("192.175.48.1", 443), hello("good.example") + b"x"),
                    (TDNS, vec(2, question("good.example")) * 2)):
        for i in list(range(0, len(raw), 5)) + [len(raw)] * 20:
            for how in ("reset", "close", "shut"):
                s = connect(to)
                try:
                    s.sendall(raw[:i])
                    time.sleep((i * 7 % 5) / 2000)
                    if how == "shut":
                        s.shutdown(socket.SHUT_WR)
                        s.recv(1)
                    elif how == "reset":
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     struct.pack("ii", 1, 0))
                except OSError:
                    pass
                s.close()
    as_before(before)
    eq(px.p.poll(), None)
    gets_ok(tunnel("good.example:443"), hello("good.example"))


def test_servers_end_at_any_moment():
    before = px.fds()

    def ends(x):
        way, end = x
        for n in range(0, 110, 4):
            s = connect()
            s.sendall(http("/cut/%s/%d/%s" % (way, n, end)) +
                      http(fields=("Connection: close",)))
            d = rest(s)
            whole = d.endswith(b"seen 0")
            yes(whole or d == b"" or status(d) in (200, 502),
                "%s %d: %r" % (way, n, d))
            yes(d.count(b"seen 0") < 2 and b"evil" not in d, d)
            s.close()
    at_once(ends, [(way, end) for way in ("chunked", "stays", "until-close",
                                          "continue")
                   for end in ("closes", "resets")])
    as_before(before)
