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

# the host's own addresses, those that it gains while proxyd runs as well


def ip(*args):
    run(["ip", "-n", NS, *args])


def test_own_address_is_refused():
    get("own.example", 403)


def test_own_address_gained_is_refused():
    def gain(x):
        addr, link = x
        a = addr.split("/")[0]
        if ":" in a:
            name = "ip6-%s.ip.example" % socket.inet_pton(
                socket.AF_INET6, a).hex()
        else:
            name = "ip-%s.ip.example" % a.replace(".", "-")
        yes(status(ask(target(name + ":443"))) in (502, 504), name)
        ip("addr", "add", addr, "dev", link, *["nodad"] * (":" in a))
        try:
            wait("refusal of " + a,
                 lambda: status(ask(target(name + ":443"))) == 403)
            r = ask(target(name + ":443"))
            yes(b"not a public one" in r, r)
        finally:
            ip("addr", "del", addr, "dev", link)
        wait("end of " + a, lambda: status(ask(target(name + ":443"))) != 403)
    # public ones, on another link, beside another and of IPv6
    at_once(gain, (("192.26.92.7/32", "lo"), ("192.31.196.77/24", "too"),
                   ("2620:4f:8000::77/64", "too")))


def test_own_address_on_two_links_stays():
    name = "ip-192-26-92-7.ip.example"
    for link in ("lo", "too"):
        ip("addr", "add", "192.26.92.7/32", "dev", link)
    try:
        wait("refusal", lambda: status(ask(target(name + ":443"))) == 403)
        ip("addr", "del", "192.26.92.7/32", "dev", "lo")
        time.sleep(0.2)
        get(name, 403)
    finally:
        ip("addr", "del", "192.26.92.7/32", "dev", "too")


def test_own_address_gained_cuts_its_tunnels():
    name = "ip-192-31-196-53.ip.example"
    s, keep = tunnel(name + ":443"), tunnel("plain.example:7")
    s.sendall(hello(name))
    eq(s.recv(10), b"OK")
    plog.mark()
    ip("addr", "add", "192.31.196.53/32", "dev", "lo")
    try:
        eq(rest(s), b"")
        keep.sendall(b"still")
        eq(keep.recv(10), b"still")
        wait("line", lambda: "not allowed any more" in plog.text())
    finally:
        ip("addr", "del", "192.31.196.53/32", "dev", "lo")


def test_own_addresses_that_come_and_go_fast():
    n = "ip-192-26-93-%d.ip.example:443"
    batch = "".join("addr add 192.26.93.%d/32 dev lo\n" % i
                    for i in range(1, 201))
    run(["ip", "-n", NS, "-batch", "-"], input=batch.encode())
    try:
        wait("all of them", lambda: all(
            status(ask(target(n % i))) == 403 for i in (1, 77, 200)))
    finally:
        run(["ip", "-n", NS, "-batch", "-"],
            input=batch.replace(" add ", " del ").encode())
    wait("none of them", lambda: all(
        status(ask(target(n % i))) != 403 for i in (1, 77, 200)))
    gets_ok(tunnel("good.example:443"), hello("good.example"))
