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


# rules: which names and ports pass

def test_connect_when_passed():
    s = tunnel("good.example:443")
    gets_ok(s, hello("good.example"))
    eq(wait("data", lambda: origin.data(443)), hello("good.example"))
    eq(sorted(q[1] for q in questions("good.example")), [1, 28])


def test_wildcard_passes_names_below():
    for n in ("a.w.example", "b.a.w.example"):
        gets_ok(tunnel(n + ":443"), hello(n))


def test_wildcard_does_not_pass_itself():
    eq(status(ask(target("w.example:443"))), 403)
    quiet()


def test_wildcard_does_not_pass_longer_label():
    for n in ("aw.example", "x.aw.example", "w.example.evil.test"):
        eq(status(ask(target(n + ":443"))), 403)
    quiet()


def test_block_wins():
    eq(status(ask(target("blocked.w.example:443"))), 403)
    quiet()


def test_blocked_when_nothing_matches():
    r = ask(target("evil.test:443"))
    eq(status(r), 403)
    yes(b"evil.test" in r and b"not allowed" in r, "a reason: %r" % r)
    quiet()


def test_ports_only_those_listed():
    gets_ok(tunnel("good.example:444"), hello("good.example"))
    origin.mark(), dns.mark()
    for p in (1, 80, 442, 445, 22, 65535):
        eq(status(ask(target("good.example:%d" % p))),
           403 if p != 80 else 200, str(p))
    eq(origin.events(event="data"), [])


def test_names_from_a_file():
    for n in ("listed.example",):
        gets_ok(tunnel(n + ":443"), hello(n))
    eq(status(ask(target("x.listed.example:443"))), 502)


def test_address_lifts_inside_for_its_rule_only():
    gets_ok(tunnel("corp.example:443"), hello("corp.example"))
    eq(origin.events(event="accept")[0]["local"], "10.9.9.9")
    origin.mark()
    eq(status(ask(target("ip-10-9-9-9.ip.example:443"))), 403)
    eq(origin.reached(), [])


def test_name_spelling():
    ok = ("good.example:443", "GOOD.example:443", "good.example.:443",
          "gOOD.eXample.:443")
    for t in ok:
        gets_ok(tunnel(t), hello("good.example"))
    origin.mark(), dns.mark()
    bad = {
        400: ["good..example:443", ".good.example:443", ":443",
              "good.example..:443", "a" * 64 + ".example:443",
              ".".join(["abcdefg"] * 32) + ":443", "go_od.example:443",
              "good.example\0:443", "good.example\0.w.example:443",
              "good\texample:443", "good.example :443", " good.example:443",
              "good%2eexample:443", "good.example%00:443",
              "user@good.example:443", "good.example@evil.test:443",
              "user:pw@good.example:443", "g\xf6\xf6d.example:443",
              "good\xe3\x80\x82example:443", "good.example\xad:443",
              "good.example/:443", "good.example#:443", "good.example?:443",
              "good.example\\:443", "good.example;x:443",
              "-good.example:443", "good-.example:443", "good.example,a:443",
              "[good.example]:443", "[::1:443", "::1:443", "[]:443",
              "good.example:443/", "good.example:443?x", "good.example:443#x",
              "good.example:443 evil.test:443", "http://good.example:443",
              "/good.example:443", "*:443", "*.w.example:443"],
        403: ["127.0.0.1:443", "127.1:443", "2130706433:443",
              "0x7f000001:443", "0x7f.1:443", "0177.0.0.1:443", "0:443",
              "0x7f.0x0.0x0.0x1:443", "017700000001:443", "127.0.1:443",
              "192.31.196.2:443", "3223307266:443", "192.31.50178:443",
              "[::1]:443", "[::ffff:127.0.0.1]:443",
              "[::ffff:192.31.196.2]:443", "[2620:4f:8000::2]:443",
              "[64:ff9b::7f00:1]:443", "127.0.0.1.:443", "1.2.3.4.5:443",
              "evil.0x7f:443", "xn--good-example.test:443"],
    }
    for want, names in bad.items():
        for t in names:
            r = ask(target(t))
            yes(status(r) in (400, 403) if "[" in t or "%" in t else
                status(r) == want, "%r: %r" % (t, r[:60]))
            yes(b"proxyd: " in r, "no reason for %r" % t)
    for t in ("[fe80::1%eth0]:443", "[fe80::1%25eth0]:443"):
        yes(status(ask(target(t))) in (400, 403), t)
    quiet()


def test_line_ends_in_name():
    for t in ("good.example\r\nX: y:443", "good.example\n:443",
              "good.example\r:443"):
        yes(status(ask(target(t))) in (400, 505), t)
    quiet()


def test_port_spelling():
    for p in ("0", "65536", "-443", "", "443:443", "443x", "+443", "https",
              "0443", "443 ", " 443", "4294967739", "65979", "0x1bb", "443.",
              "443,80", "\xb2\xb2", "99999999999999999999"):
        r = ask(target("good.example:" + p))
        eq(status(r), 400, repr(p))
    eq(status(ask(target("good.example"))), 400)
    quiet()
