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
    px.reload(CONF.replace("resolver 192.31.196.53", "resolver 192.31.196.99"))
    get("a.w.example", 504)
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
    open(px.conf, "w").write(new)
    t = time.time()
    px.p.send_signal(signal.SIGHUP)
    eq(rest(cut), b"")
    yes(time.time() - t < 0.3, "%.2f s" % (time.time() - t))
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
    yes(time.time() - t < 1, "slow")
    px.reload(CONF)
