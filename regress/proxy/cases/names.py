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

# every spelling of a name and a port, wherever a client can say one

# not passed, malformed, or an address: none may reach anything
WRONG_NAMES = """
    good..example .good.example good.example.. . .. go_od.example
    good%2eexample good.example%00 %67ood.example user@good.example
    good.example@evil.test good.example\\evil.test good.example;x
    -good.example good-.example good.example,a good.example#a *
    *.w.example w.example good.example.evil.test xgood.example evil.test
    g\xf6\xf6d.example b\xc3\xbccher.example good\xe3\x80\x82example
    \xef\xbd\x87ood.example good.example\xad xn--good-example.test
    127.0.0.1 127.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 0 0x7f.0x0.0x0.0x1
    017700000001 127.0.1 192.31.196.2 3223307266 192.31.50178 127.0.0.1.
    1.2.3.4.5 evil.0x7f 10.9.9.9 169.254.169.254 [::1] [::ffff:127.0.0.1]
    [::ffff:192.31.196.2] [2620:4f:8000::2] [64:ff9b::7f00:1] [fe80::1%eth0]
    [fe80::1%25eth0] [good.example] [::1 [] localhost
    """.split() + ["a" * 64 + ".example", ".".join(["abcdefg"] * 32),
                   "good.example\0", "good.example\0.w.example",
                   "good\texample", "good example", "good.example\x7f",
                   "good.example\x0b"]
RIGHT_NAMES = ("good.example", "GOOD.example", "gOOD.eXample")
WRONG_PORTS = ("0", "65536", "-80", "+80", "080", "80x", "x80", "http", "8 0",
               "80 80", "80,443", "65616", "4294967376", "18446744073709551696",
               "0x50", "80.", "80:80", "\xb2", "443", "22", "8080")
IDN = CONF + "pass to xn--bcher-kva.example port { 80 443 }\n"


def raw_head(line, *fields):
    return ("\r\n".join((line,) + fields) + "\r\n\r\n").encode("latin-1")


def refused(raw, what, to=PROXY):
    s = connect(to)
    s.sendall(raw)
    r = rest(s)
    s.close()
    yes(status(r) in (400, 403), "%r: %r" % (what, r[:70]))
    yes(b"proxyd: " in r, "no reason for %r" % what)


def test_names_in_absolute_form():
    for n in RIGHT_NAMES + ("good.example.",):
        for scheme in ("http", "HTTP", "hTTp"):
            eq(status(ask(raw_head("GET %s://%s/ HTTP/1.1" % (scheme, n),
                                   "Host: evil.test"))), 200, n)
    eq({re.findall("(?m)^Host: (\\S+)", e["head"])[0] for e in requests()},
       {"good.example"})
    origin.mark(), dns.mark()
    for n in WRONG_NAMES + [""]:
        for end in ("/", "", "/x", ":80/", "?x"):
            refused(raw_head("GET http://%s%s HTTP/1.1" % (n, end), H), n)
    for n in ("user@", "user:pw@", "@", "good.example@", "good.example:80@"):
        refused(raw_head("GET http://%sgood.example/ HTTP/1.1" % n, H), n)
        refused(raw_head("GET http://%sevil.test/ HTTP/1.1" % n, H), n)
    for p in WRONG_PORTS + ("",):
        refused(raw_head("GET http://good.example:%s/ HTTP/1.1" % p, H), p)
    for u in ("http:/good.example/", "http:good.example/", "http:///x",
              "http://\\good.example/", "//good.example/", "good.example",
              "good.example:80", "httpx://good.example/", "http ://x/"):
        refused(raw_head("GET %s HTTP/1.1" % u, H), u)
    quiet()


def test_names_in_the_host_field():
    to = ("192.175.48.1", 80)
    for n in RIGHT_NAMES + ("good.example.", "good.example:80",
                            " good.example\t"):
        s = connect(to)
        s.sendall(raw_head("GET /p HTTP/1.1", "Host: " + n,
                           "Connection: close"))
        eq(status(rest(s)), 200, n)
    eq({re.findall("(?m)^Host: (\\S+)", e["head"])[0] for e in requests()},
       {"good.example"})
    origin.mark(), dns.mark()
    for n in WRONG_NAMES + [""]:
        for end in ("", ":80"):
            refused(raw_head("GET / HTTP/1.1", "Host: " + n + end), n, to)
    for p in WRONG_PORTS + ("",):
        refused(raw_head("GET / HTTP/1.1", "Host: good.example:" + p), p, to)
    for fields in (["Host: good.example", "Host: good.example"],
                   ["Host: good.example", "host: evil.test"],
                   ["Host: good.example, evil.test"],
                   ["Host : good.example"], ["Host: good.example\r\n evil"],
                   ["X-Forwarded-Host: good.example"],
                   ["Host: http://good.example/"], ["Host: good.example/"]):
        refused(raw_head("GET / HTTP/1.1", *fields), fields, to)
    # here there is no other way to say one
    refused(raw_head("GET http://good.example/ HTTP/1.1",
                     "Host: good.example"), "absolute-form", to)
    quiet()


def test_names_in_a_hello():
    to = ("192.175.48.1", 443)
    for n in RIGHT_NAMES:
        s = connect(to)
        gets_ok(s, hello(n))
    wait("data", lambda: len(origin.data(443)) == 3 * len(hello("x" * 12)))
    origin.mark(), dns.mark()
    for n in WRONG_NAMES + ["", "good.example.", " good.example",
                            "good.example:443"]:
        s = connect(to)
        s.sendall(hello(n.encode("latin-1")))
        yes(rest(s)[:1] in (b"\x15", b""), "no alert for %r" % n)
        s.close()
    quiet()


def test_names_in_a_question():
    def question(labels, tcp=False, timeout=60):
        m = struct.pack(">HHHHHH", 4660, 0x100, 1, 0, 0, 0) + b"".join(
            vec(1, x) for x in labels) + b"\0\0\1\0\1"
        return dns_query("", raw=m, tcp=tcp, timeout=timeout)
    for n in RIGHT_NAMES:
        eq(question(n.encode().split(b"."))[:2], (0, 1), n)
    for n in WRONG_NAMES:
        labels = n.encode("latin-1").split(b".")
        if all(0 < len(x) < 64 for x in labels) and len(n) < 254:
            eq(question(labels)[:2], (5, 0), repr(n))
    # a dot that is none; the root; what is too long
    for labels in ([b"good.example"], [b"x.good", b"example"], []):
        eq(question(labels)[:2], (5, 0), labels)
    eq(question([b"a" * 64, b"example"], timeout=0.3), None)
    eq(question([b"abcdefg"] * 32, timeout=0.3), None)
    quiet()


# An international name is its ASCII form, or none.
def test_names_international():
    def case():
        name = "xn--bcher-kva.example"
        eq(status(ask(target(name + ":443"))), 502)
        eq(sorted(q[1] for q in questions(name)), [1, 28])
        eq(status(ask(target("XN--Bcher-KVA.example:443"))), 502)
        eq(dns_query(name)[:2], (0, 1))
        dns.mark()
        for n in ("b\xc3\xbccher.example", "b\xfccher.example",
                  "xn--bcher-kva", "xn--bcher-kvb.example", "xn--.example",
                  "xn--xn--bcher-kva-.example", "bxn--cher-kva.example"):
            refused(target(n + ":443"), n)
            refused(raw_head("GET http://%s/ HTTP/1.1" % n, H), n)
        quiet()
    with_proxy(IDN, case)


def test_ports_that_wrap_around():
    for n in (443 + (1 << 16), 443 + (1 << 32), 443 + (1 << 64),
              443 - (1 << 16)):
        eq(status(ask(target("good.example:%d" % n))), 400, n)
        refused(raw_head("GET http://good.example:%d/ HTTP/1.1" %
                         (n - 443 + 80), H), n)
    quiet()
