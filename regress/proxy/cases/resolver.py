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


# what DNS says, and what of that may be dialled

def test_dns_failures_are_told():
    get("nx.example", 502)
    get("servfail.example", 502)
    get("refused.example", 502)
    get("garbage.example", 502)
    get("empty.example", 502)
    get("loop.example", 502)
    eq(origin.reached(), [])


@beside
def test_dns_silence_is_told():
    r = get("silent.example", 504)[1]
    yes(b"no answer from the resolver" in r, r)
    eq(origin.events(port=443), [])


def test_dns_denied_names_are_not_asked():
    for n in ("evil.test", "exfil-secret.evil.test", "w.example",
              "blocked.w.example"):
        get(n, 403)
    ask(head("GET http://evil.test/ HTTP/1.1"))
    quiet()


def test_dns_truncated_answer_over_tcp():
    gets_ok(tunnel("trunc.example:443"), hello("trunc.example"))
    eq({q[0] for q in questions("trunc.example")}, {"udp", "tcp"})


def test_dns_spoofed_answers_do_not_count():
    gets_ok(tunnel("spoof.example:443"), hello("spoof.example"))
    eq(origin.events(event="accept")[0]["local"], "192.31.196.2")


def test_dns_case_and_ports_are_random():
    px.reload(CONF)
    for i in range(12):
        get("a%d.nx.ins.example" % i, 502)
    names = [line.split()[2] for line in dns.lines()]
    yes(len({"".join("1" if c.isupper() else "0" for c in n[-11:])
             for n in names}) > 5, names)


def test_dns_retry_when_lost():
    gets_ok(tunnel("late.example:443"), hello("late.example"))


def test_dns_without_edns():
    gets_ok(tunnel("noedns.example:443"), hello("noedns.example"))


def test_dns_cache():
    px.reload(CONF)
    for _ in range(5):
        gets_ok(tunnel("good.example:443"), hello("good.example"))
    eq(len(questions("good.example")), 2)
    for _ in range(3):
        get("nx.example", 502)
    eq(len(questions("nx.example")), 2)


def test_dns_cache_ends_with_the_ttl():
    gets_ok(tunnel("short.example:443"), hello("short.example"))
    gets_ok(tunnel("short.example:443"), hello("short.example"))
    n = len(questions("short.example"))
    time.sleep(1.2)
    gets_ok(tunnel("short.example:443"), hello("short.example"))
    yes(len(questions("short.example")) > n, "not asked again")
    gets_ok(tunnel("zero.example:443"), hello("zero.example"))
    n = len(questions("zero.example"))
    gets_ok(tunnel("zero.example:443"), hello("zero.example"))
    yes(len(questions("zero.example")) > n, "TTL 0 was remembered")


def test_dns_same_question_is_asked_once():
    px.reload(CONF)
    socks = [connect() for _ in range(40)]
    for s in socks:
        s.sendall(target("slow.example:443"))
    for s in socks:
        eq(status(until(s, b"\r\n\r\n")), 200)
        s.close()
    eq(len(questions("slow.example")), 2)
    wait("connections", lambda: accepts() == len(socks))


def test_dns_answers_that_are_wrong():
    def lie(n):
        r = get(n, 502)[1]
        yes(b"reached" not in r, r)
    at_once(lie, LIES.split())
    eq(origin.reached(), [])


# Each try has its time, however little comes however often.
@beside
def test_dns_answer_that_dribbles_over_tcp():
    get("tcp-dribble.example", 504)
    eq(origin.events(port=443), [])


def test_dns_answers_from_elsewhere_do_not_count():
    gets_ok(tunnel("elsewhere.example:443"), hello("elsewhere.example"))
    eq(origin.events(event="accept")[0]["local"], "192.31.196.2")


def test_dns_ttls_at_their_ends():
    # the longest is remembered, and what is above it is no time at all
    for n, asked in (("most", 2), ("above", 4), ("all", 4)):
        for _ in range(2):
            gets_ok(tunnel(n + ".example:443"), hello(n + ".example"))
        eq(len(questions(n + ".example")), asked, n)


def test_dns_alias_over_a_name_that_is_not_passed():
    # it is the name that was asked for that has to pass, and no other
    gets_ok(tunnel("detour.example:443"), hello("detour.example"))
    get("baddetour.example", 403)
    get("outside.test", 403)
    eq(questions("outside.test"), [])
    eq(inside.reached(), [])


def test_dns_limit_of_lookups():
    def run():
        socks = [connect() for _ in range(2)]
        for i, s in enumerate(socks):
            s.sendall(target("s%d.w.example:443" % i if i else
                             "silent.example:443"))
        eq(status(until(socks[1], b"\r\n\r\n")), 502)
        one = connect()
        one.sendall(target("slow.example:443"))
        wait("question", lambda: questions("slow.example"))
        t, r = get("good.example", 503)
        yes(b"too many names" in r, r)
        eq(questions("good.example"), [])
        # the same name waits with the other, and what is known is no lookup
        eq(status(ask(target("slow.example:443"))), 200)
        eq(status(until(one, b"\r\n\r\n")), 200)
        gets_ok(tunnel("good.example:443"), hello("good.example"))
    with_proxy(CONF + "limit lookups 2\n", run)


def test_dns_limit_of_the_cache():
    def run():
        for i in range(6):
            get("a%d.ins.example" % i, 502)
        dns.mark()
        get("a5.ins.example", 502)
        get("a3.ins.example", 502)
        eq(dns.lines(), [])
        get("a0.ins.example", 502)
        eq(len(questions("a0.ins.example")), 2)
        px.p.send_signal(signal.SIGUSR1)
        wait("totals", lambda: "names=3 " in plog.text())
    with_proxy(CONF + "limit cache 3\n", run)


def test_dns_cname_chain():
    gets_ok(tunnel("alias2.example:443"), hello("alias2.example"))
    get("badalias.example", 403)
    eq(inside.reached(), [])


def test_inside_addresses_are_refused():
    v4 = ("0.0.0.0 0.1.2.3 10.0.0.1 10.9.9.9 100.64.0.1 100.127.255.254 "
          "127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 172.31.255.255 "
          "192.0.0.8 192.0.2.1 192.168.1.1 198.18.0.1 198.19.255.1 "
          "198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.250 240.0.0.1 "
          "255.255.255.255 192.88.99.1").split()
    v6 = (":: ::1 fc00::1 fd00:ec2::254 fe80::1 ff02::1 ::ffff:127.0.0.1 "
          "::ffff:192.31.196.2 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::c01f:c402 "
          "64:ff9b:1::1 2002:7f00:1::1 2001::1 2001:db8::1 fec0::1 "
          "100::1").split()
    for a in v4:
        get("ip-%s.ip.example" % a.replace(".", "-"), 403)
    for a in v6:
        b = socket.inet_pton(socket.AF_INET6, a).hex()
        get("ip6-%s.ip.example" % b, 403)
    eq(origin.reached(), [])
    eq(inside.reached(), [])


def test_inside_one_bad_address_refuses_all():
    get("mixed.example", 403)
    get("mixed6.example", 403)
    get("meta.example", 403)
    get("self.example", 403)
    eq(origin.reached(), [])
    eq(inside.reached(), [])


def test_ipv6_origin():
    gets_ok(tunnel("six.example:443"), hello("six.example"))
    eq(origin.events(event="accept")[0]["local"], "2620:4f:8000::2")


def test_next_address_after_a_quarter():
    t = time.time()
    s = tunnel("eyes.example:443")
    took = time.time() - t
    # a dial is given up after 3 seconds
    yes(0.2 < took < 2.8, "%.2f s" % took)
    gets_ok(s, hello("eyes.example"))
    t = time.time()
    gets_ok(tunnel("gone.example:443"), hello("gone.example"))
    yes(time.time() - t < 2.8, "slow")


@beside
def test_dial_is_cut():
    t, r = get("hole.example", 504)
    yes(2.5 < t < 30, "%.1f s" % t)
    get("closed.example", 502, 9999)


def test_many_addresses():
    gets_ok(tunnel("many.example:443"), hello("many.example"))
