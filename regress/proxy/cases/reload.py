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


# another configuration while it runs

def test_reload_bad_file_keeps_the_old():
    px.reload("pass to evil.test\nnonsense here\nlisten on 1\n", good=False)
    yes("proxyd.conf:2: " in plog.text() and "proxyd.conf:3: " in plog.text(),
        plog.text())
    gets_ok(tunnel("good.example:443"), hello("good.example"))
    get("evil.test", 403)
    px.reload(CONF)


def test_reload_with_another_port_of_a_resolver():
    px.reload(CONF.replace("resolver 192.31.196.53",
                           "resolver 192.31.196.53 port 5353"), good=False)
    yes("the port of a resolver changes with a new start only" in
        plog.text(), plog.text())
    gets_ok(tunnel("good.example:443"), hello("good.example"))
    # another address is no matter
    px.reload(CONF.replace("resolver 192.31.196.53", "resolver 127.0.0.1"))
    dns.mark()
    get("a.w.example", 502)
    eq(dns.lines(), [])
    px.reload(CONF)


def test_reload_keeps_and_cuts():
    keep, cut = tunnel("plain.example:7"), tunnel("plain.example:22")
    cut.recv(100)
    corp = tunnel("corp.example:444")
    corp.sendall(hello("corp.example"))
    eq(corp.recv(10), b"OK")
    hello_waits = tunnel("tls.example:443")
    new = CONF.replace(" 13 22 }", " 13 }").replace(
        "address 10.9.0.0/16 ", "").replace("tls.example", "new.example")
    px.reload(new)
    eq(rest(cut), b"")
    eq(rest(corp), b"")
    eq(rest(hello_waits), b"")
    keep.sendall(b"still")
    eq(keep.recv(10), b"still")
    get("plain.example", 403, 22)
    px.reload(CONF)
    yes("not allowed any more" in open(plog.path).read(), "reason")
    tunnel("plain.example:22").close()


def test_reload_many_tunnels_at_once():
    socks = [tunnel("plain.example:7") for _ in range(500)]
    px.reload(CONF.replace("port { 7 9", "port { 9"))
    t = time.time()
    for s in socks:
        rest(s)
    yes(time.time() - t < 10, "slow")
    px.reload(CONF)


def median_of(rounds, f, most, what):
    """Of several, since others may be at work; and that more than once.
    Where a refusal alone, which passes between two processes, takes longer
    than it does on any idle machine, so may this."""
    for _ in range(3):
        took, bare = [], []
        for i in range(rounds):
            bare.append(get("evil.test", 403)[0])
            took.append(f(i))
        took, bare = sorted(took)[rounds // 2], sorted(bare)[rounds // 2]
        if took < max(most, 10 * bare):
            return
    fail("%s takes %.3f s, and a refusal %.3f" % (what, took, bare))


# As soon as it is said to be in force nothing is judged by the one before.
def test_reload_is_in_force_when_it_says_so():
    global px
    px.stop()
    r, w = os.pipe()
    out = open(TMP + "/out", "wb+")
    q = Proxy(stdin=r, out=out, args=("-f", "-"))
    os.close(r)

    def said():
        return open(TMP + "/out").read().count("ok\n")
    doc = CONF.split("pass to file")[0]
    docs = (doc, doc.replace("{ good.example tls", "{ tls").replace(
        "{ web.example good.example", "{ web.example"))

    def turn(i):
        n, t = said(), time.monotonic()
        os.write(w, docs[i % 2].encode() + b".\n")
        while said() == n:
            yes(time.monotonic() - t < 60, "no answer")
        t = time.monotonic() - t
        want = 200 if i % 2 == 0 else 403
        eq(status(ask(target("good.example:443"))), want, i)
        eq(dns_query("good.example")[0], 0 if want == 200 else 5, i)
        eq(status(ask(head("GET http://good.example/ HTTP/1.1",
                           "Connection: close"))), want, i)
        return t
    try:
        os.write(w, docs[0].encode() + b".\n")
        wait("ok", lambda: said() == 1)
        q.started()
        median_of(21, turn, 0.1, "a reload")
    finally:
        q.stop()
        os.close(w)
        px = Proxy()


def test_reload_cuts_within_100_ms():
    without = CONF.replace(" 13 22 }", " 13 }")

    def turn(i):
        s = tunnel("plain.example:22")
        s.recv(100)
        open(px.conf, "w").write(without)
        t = time.monotonic()
        px.p.send_signal(signal.SIGHUP)
        eq(rest(s), b"")
        t = time.monotonic() - t
        get("plain.example", 403, 22)
        px.reload(CONF)
        return t
    median_of(9, turn, 0.1, "a cut")


# Many at once are as good as the last one, and nothing that goes on is lost.
def test_reload_again_and_again():
    good = tunnel("plain.example:7")
    wrong, stop = [], threading.Event()

    def clients():
        while not stop.is_set():
            try:
                gets_ok(tunnel("good.example:443"), hello("good.example"))
                eq(status(ask(target("evil.test:443"))), 403)
            except Exception as e:
                wrong.append(e)
    th = [threading.Thread(target=clients, daemon=True) for _ in range(3)]
    for t in th:
        t.start()
    try:
        for i in range(300):
            if i % 50 == 0:
                # whole, or not at all
                open(px.conf + ".new", "w").write(CONF if i % 100 else
                                                  "nonsense\n")
                os.replace(px.conf + ".new", px.conf)
            px.p.send_signal(signal.SIGHUP)
            if i % 10 == 0:
                good.sendall(b"still")
                eq(good.recv(10), b"still")
    finally:
        stop.set()
        for t in th:
            t.join()
    eq(wrong, [])
    px.reload(CONF.replace("{ good.example tls", "{ tls"))
    get("good.example", 403)
    good.sendall(b"still")
    eq(good.recv(10), b"still")
    px.reload(CONF)
