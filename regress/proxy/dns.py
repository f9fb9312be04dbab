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


# dns.py LOG: the DNS server of the tests, over UDP and TCP.  A name says what
# it is answered; LOG has a line for each question: transport, type, name as
# it was asked.
import ipaddress
import socket
import struct
import sys
import threading
import time

log = open(sys.argv[1], "a", buffering=1)
A, CNAME, SOA, AAAA = 1, 5, 6, 28
O4, O4B, HOLE, O6 = "192.31.196.2", "192.31.196.3", "192.31.196.66", \
    "2620:4f:8000::2"
NOSUCH = "192.31.196.99"

zone = {
    "good.example": [O4], "tls.example": [O4], "blocked.w.example": [O4],
    "a.w.example": [O4], "b.a.w.example": [O4], "w.example": [O4],
    "plain.example": [O4], "web.example": [O4], "listed.example": [O4],
    "six.example": [O6], "both.example": [O4, O6],
    "eyes.example": [HOLE, O4], "hole.example": [HOLE],
    "gone.example": [NOSUCH, O4], "closed.example": [O4],
    "short.example": [O4], "own.example": ["192.31.196.1"],
    "mixed.example": [O4, "10.9.9.9"], "mixed6.example": [O4, "::1"],
    "corp.example": ["10.9.9.9"], "late.example": [O4],
    "trunc.example": [O4], "spoof.example": [O4], "nosoa.example": [O4],
    "lame.example": [O4], "noedns.example": [O4], "slow.example": [O4],
    "cut.example": [O4], "long.example": [O4], "zero.example": [O4],
    "meta.example": ["169.254.169.254"], "self.example": ["127.0.0.1"],
    "many.example": ["192.31.196.%d" % i for i in range(2, 42)],
    "empty.example": [], "real.example": [O4B], "big.example": [O4],
    "via.example": ["10.9.9.9"], "most.example": [O4], "above.example": [O4],
    "all.example": [O4], "elsewhere.example": [O4],
}
alias = {
    "alias.example": "good.example", "alias2.example": "alias.example",
    "badalias.example": "self.example", "loop.example": "loop.example",
    # over a name that no rule passes
    "detour.example": "outside.test", "outside.test": "good.example",
    "baddetour.example": "outside.evil", "outside.evil": "self.example",
}
asked = {}


def wire(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + \
        b"\0"


def rr(name, t, ttl, data):
    return wire(name) + struct.pack(">HHIH", t, 1, ttl, len(data)) + data


GOOD = ipaddress.ip_address(O4).packed


def chain(n):
    """n aliases, one after the other, and an address at the end."""
    def f(reply, name, qtype, tcp):
        names = [name] + ["c%d.example" % i for i in range(n)]
        return reply(0, [rr(a, CNAME, 60, wire(b)) for a, b in
                         zip(names, names[1:])] + [rr(names[-1], A, 60, GOOD)])
    return f


# answers to what the rules pass, each with something wrong
lies = {
    "pointer-loop.example": lambda reply, n, t, tcp:
        reply(0, [b"\xc0\x0c" + struct.pack(">HHIH", CNAME, 1, 60, 2) +
                  b"\xc0\x2c"]),
    "pointer-ahead.example": lambda reply, n, t, tcp:
        reply(0, [b"\xff\xff" + struct.pack(">HHIH", A, 1, 60, 4) + GOOD]),
    "chain-30.example": chain(30),
    "two-aliases.example": lambda reply, n, t, tcp:
        reply(0, [rr(n, CNAME, 60, wire("a.example")),
                  rr(n, CNAME, 60, wire("b.example")),
                  rr("a.example", A, 60, GOOD)]),
    "alias-and-address.example": lambda reply, n, t, tcp:
        reply(0, [rr(n, CNAME, 60, wire("a.example")), rr(n, A, 60, GOOD)]),
    "stranger.example": lambda reply, n, t, tcp:
        reply(0, [rr("good.example", A, 60, GOOD)]),
    "additional.example": lambda reply, n, t, tcp:
        reply(0, [], [rr(n, A, 60, GOOD)]),
    "another-class.example": lambda reply, n, t, tcp:
        reply(0, [wire(n) + struct.pack(">HHIH", A, 3, 60, 4) + GOOD]),
    "short-address.example": lambda reply, n, t, tcp:
        reply(0, [rr(n, A, 60, GOOD[:3])]),
    "long-address.example": lambda reply, n, t, tcp:
        reply(0, [rr(n, A, 60, GOOD + b"x")]),
    "more-behind.example": lambda reply, n, t, tcp:
        reply(0, [rr(n, A, 60, GOOD)]) + b"more",
    "fewer-than-said.example": lambda reply, n, t, tcp:
        reply(0, [rr(n, A, 60, GOOD)] * 2)[:-20],
    "too-many.example": lambda reply, n, t, tcp:
        reply(0, [rr(n, A, 60, GOOD)] * 65)[:60000 if tcp else 512]
        if tcp else reply(flags=0x8380),
    "huge.example": lambda reply, n, t, tcp:
        reply(0, [rr(n, A, 60, GOOD)] * 1900)
        if tcp else reply(flags=0x8380),
    "always-truncated.example": lambda reply, n, t, tcp: reply(flags=0x8380),
    "loop-of-two.example": lambda reply, n, t, tcp:
        reply(0, [rr(n, CNAME, 60, wire("b.example")),
                  rr("b.example", CNAME, 60, wire(n)),
                  rr("c.example", A, 60, GOOD)]),
    "alias-cut.example": lambda reply, n, t, tcp:
        reply(0, [wire(n) + struct.pack(">HHIH", CNAME, 1, 60, 2) + b"\5x"]),
}
# over TCP, where each has something to hide: what comes, piece by piece
streams = {
    "tcp-none.example": lambda m: [],
    "tcp-length.example": lambda m: [b"\0"],
    "tcp-zero.example": lambda m: [b"\0\0"],
    "tcp-head.example": lambda m: [b"\0\x0b" + m[2:13]],
    "tcp-short.example": lambda m: [b"\xff\xff" + m[2:]],
    "tcp-long.example": lambda m: [struct.pack(">H", len(m) - 7) + m[2:]],
    "tcp-other.example": lambda m: [m[:2] + b"xx" + m[4:]],
    "tcp-again.example": lambda m: [m[:4] + b"\x83\x80" + m[6:]],
    "tcp-dribble.example": lambda m: [m[i:i + 1] for i in range(20)],
}


def answer(q, tcp):
    i, labels = 12, []
    while q[i]:
        labels.append(q[i + 1:i + 1 + q[i]].decode("latin-1"))
        i += 1 + q[i]
    qtype = struct.unpack(">H", q[i + 1:i + 3])[0]
    asked_name = ".".join(labels)
    log.write("%s %d %s\n" % ("tcp" if tcp else "udp", qtype, asked_name))
    name = asked_name.lower()
    question = q[12:i + 5]
    edns = struct.unpack(">H", q[10:12])[0] > 0
    n = asked[name] = asked.get(name, 0) + 1

    def reply(rcode=0, rrs=(), auth=(), flags=0x8180, ident=q[:2],
              quest=question):
        return ident + struct.pack(">HHHHH", flags | rcode, 1, len(rrs),
                                   len(auth), 0) + quest + \
            b"".join(rrs) + b"".join(auth)

    soa = rr("example", SOA, 30, wire("ns.example") + wire("m.example") +
             struct.pack(">IIIII", 1, 2, 3, 4, 30))
    if name == "silent.example" or name == "late.example" and n < 3:
        return []
    if name == "servfail.example":
        return [reply(2)]
    if name == "refused.example":
        return [reply(5)]
    if name == "noedns.example" and edns:
        return [reply(1)]
    if (name == "trunc.example" or name in streams) and not tcp:
        return [reply(flags=0x8380)]
    if name == "slow.example":
        time.sleep(0.7)
    if name == "garbage.example":
        return [q[:2] + b"\x81\x80\0\1\0\5\0\0\0\0" + question + b"\xc0" * 40]
    if name in lies:
        return [lies[name](reply, name, qtype, tcp)]
    rrs, target = [], name
    for _ in range(3):
        if target in alias:
            rrs.append(rr(target, CNAME, 60, wire(alias[target])))
            target = alias[target]
    if target.startswith("ip-"):
        addrs = [target[3:].split(".")[0].replace("-", ".")]
    elif target.startswith("ip6-"):
        addrs = [str(ipaddress.ip_address(bytes.fromhex(
            target[4:].split(".")[0])))]
    else:
        addrs = zone.get(target)
    if addrs is None:
        return [reply(3, rrs, [soa])]
    if name in streams:
        addrs = [O4]
    ttl = {"short.example": 1, "zero.example": 0, "most.example": (1 << 31) - 1,
           "above.example": 1 << 31, "all.example": (1 << 32) - 1}.get(name, 60)
    found = False
    for a in addrs:
        a = ipaddress.ip_address(a)
        if qtype == (A if a.version == 4 else AAAA):
            rrs.append(rr(target, qtype, ttl, a.packed))
            found = True
    good = reply(0, rrs, [] if found or name == "nosoa.example" else [soa])
    if name == "spoof.example":
        bad = rr(name, A, 60, ipaddress.ip_address("10.9.9.9").packed)
        return [
            reply(0, [bad], ident=bytes([q[0] ^ 1, q[1]])),
            reply(0, [bad], quest=wire("other.example") + question[-4:]),
            reply(0, [bad], quest=bytes(
                c ^ 0x20 if 65 <= c & 0xdf <= 90 else c
                for c in question[:-4]) + question[-4:]),
            b"\0" * 5, good]
    return [good]


def udp(s):
    while True:
        q, a = s.recvfrom(4096)

        def work(q=q, a=a):
            r = answer(q, False)
            if b"elsewhere" in q.lower():
                # before the right one, from another port and another address
                bad = ipaddress.ip_address("10.9.9.9").packed
                for addr in ("192.31.196.53", "192.31.196.3"):
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as o:
                        o.bind((addr, 53 if addr.endswith(".3") else 0))
                        o.sendto(r[0].replace(GOOD, bad), a)
                time.sleep(0.1)
            for m in r:
                s.sendto(m, a)
        threading.Thread(target=work, daemon=True).start()


def tcp(l):
    while True:
        c, _ = l.accept()

        def work(c=c):
            try:
                n = struct.unpack(">H", c.recv(2, socket.MSG_WAITALL))[0]
                q = c.recv(n, socket.MSG_WAITALL)
                for r in answer(q, True):
                    m = struct.pack(">H", len(r)) + r
                    for name, f in streams.items():
                        if wire(name) in q.lower():
                            for piece in f(m):
                                c.sendall(piece)
                                time.sleep(0.5)
                            return
                    # in pieces, to be put together
                    c.sendall(m[:1])
                    time.sleep(0.05)
                    c.sendall(m[1:20])
                    time.sleep(0.05)
                    c.sendall(m[20:])
            except OSError:
                pass
            finally:
                c.close()
        threading.Thread(target=work, daemon=True).start()


u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("192.31.196.53", 53))
t = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
t.bind(("192.31.196.53", 53))
t.listen(64)
threading.Thread(target=udp, args=(u,), daemon=True).start()
threading.Thread(target=tcp, args=(t,), daemon=True).start()
log.write("ready\n")
threading.Event().wait()
