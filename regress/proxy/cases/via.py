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


# a parent proxy

def via(conf, mute=True):
    def run():
        s = tunnel("good.example:443")
        gets_ok(s, hello("good.example"))
        eq(origin.events(event="parent")[0]["head"],
           "CONNECT good.example:443 HTTP/1.1\r\n"
           "Host: good.example:443\r\n\r\n")
        eq(origin.data(443), hello("good.example"))
        eq(origin.events(event="accept")[0]["local"], "10.9.9.9")
        origin.mark()
        refused_hello(hello("evil.test"), "another name")
        eq(questions("good.example"), [])
        s = tunnel("plain.example:22")
        eq(s.recv(100), b"SSH-2.0-test\r\n")
        eq(status(ask(head(GET, H))), 200)
        n = len(origin.events(event="parent"))
        get("evil.test", 403)
        get("good.example", 403, 22)
        eq(len(origin.events(event="parent")), n)
        t, r = get("refuse.w.example", 502)
        yes(b"parent proxy refuses with status 407" in r, r)
        get("odd.w.example", 502)
        get("hang.w.example", 502)
        if mute:
            t, r = get("mute.w.example", 504)
            yes(2 < t < 30, "%.1f s" % t)
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        s = tunnel("plain.example:22")
        s.recv(100)
        px.reload(conf.replace(" 13 22 }", " 13 }"))
        eq(rest(s), b"")
    with_proxy(conf, run)


def test_via_an_address():
    via(CONF + "via 10.9.9.9 port 3128\n")


def test_via_a_name():
    via(CONF + "via via.example port 3128\n", mute=False)


def test_via_nobody():
    def run():
        t, r = get("good.example", 502)
        yes(b"parent proxy" in r, r)
        px.reload(CONF + "via 192.31.196.2 port 9999\n")
        get("good.example", 502)
        px.reload(CONF)
        gets_ok(tunnel("good.example:443"), hello("good.example"))
    with_proxy(CONF + "via nx.example port 3128\n", run)


# What it says ends at its first empty line, is 4 KB at most, and is 2xx.
def test_via_hostile_answers():
    def run():
        def strange(n):
            r = ask(target(n + "-head.w.example:443"))
            yes(status(r) in (502, 504), "%s: %r" % (n, r[:80]))
            yes(b"proxyd: %s-head.w.example: " % n.encode() in r, r)
            yes(b"evil" not in r, r)
        at_once(strange, (
            "continue", "status-0200", "status-20", "status-2x0",
            "status-2000", "no-version", "long", "flood", "bare", "cut",
            "reset", "close"))
        eq(origin.data(443), b"")
        # 4 KB, in so many segments that they fill the socket; and what comes
        # with an answer's end is the server's
        px.reload(conf.replace("timeout dial 3", "timeout dial 60"))
        s = connect()
        s.sendall(target("full-head.w.example:443"))
        eq(status(until(s, b"\r\n\r\n")), 200)
        gets_ok(s, hello("full-head.w.example"))
        s = tunnel("plain.example:10")
        eq(rest(s), b"EARLY data")
        gets_ok(tunnel("good.example:443"), hello("good.example"))
    conf = CONF + "via 10.9.9.9 port 3128\n"
    with_proxy(conf, run)
