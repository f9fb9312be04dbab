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


# standard input and output, and the handover

def test_channel():
    global px
    px.stop()
    r, w = os.pipe()
    out = open(TMP + "/out", "wb+")
    q = Proxy(stdin=r, out=out, args=("-f", "-"))
    os.close(r)

    def said():
        return open(TMP + "/out").read().split("\n")[:-1]
    try:
        doc = CONF.split("pass to file")[0]
        os.write(w, doc.encode() + b".\n")
        wait("ok", lambda: said() == ["ok"])
        q.started()
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        os.write(w, b"pass to\n.\n")
        wait("error", lambda: len(said()) == 2)
        yes(said()[1].startswith("error: stdin:1: "), said())
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        os.write(w, b"pass to x.test\n")
        os.write(w, b".\npass to file \"/etc/passwd\"\n.\n")
        wait("both", lambda: len(said()) == 4)
        eq(said()[2], "ok")
        yes("stdin:1: /etc/passwd: Permission denied" in said()[3], said())
        get("good.example", 403)
        os.close(w)
        time.sleep(0.2)
        eq(q.p.poll(), None, "end of file")
        get("good.example", 403)
    finally:
        q.stop()
        px = Proxy()


def test_channel_end():
    global px
    px.stop()
    r, w = os.pipe()
    out = open(TMP + "/out", "wb+")
    q = Proxy(stdin=r, out=out, args=("-f", "-"))
    os.close(r)

    def said():
        return open(TMP + "/out").read().split("\n")[:-1]
    try:
        doc = CONF.split("pass to file")[0].encode()
        os.write(w, doc + b".\n")
        wait("ok", lambda: said() == ["ok"])
        q.started()
        # nothing but the word
        for n, text in enumerate((b"end end\n", b" end\n", b"#\nend\n",
                                  b"end\n\n")):
            os.write(w, text + b".\n")
            wait(text, lambda: len(said()) == n + 2)
            yes(said()[-1].startswith("error: stdin:"), said())
        # behind another one, which is answered
        os.write(w, doc + b".\nend\n.\nnonsense\n.\n")
        eq(q.p.wait(10), 0)
        eq(said()[5:], ["ok"])
    finally:
        q.stop()
        os.close(w)
        px = Proxy()


def test_channel_bad_at_first():
    p = subprocess.run([PROXYD, "-d", "-f", "-"], input=b"nonsense\n.\n",
                       capture_output=True, timeout=60)
    eq(p.returncode, 1)
    yes(p.stdout.startswith(b"error: stdin:1: "), p.stdout)


def send_fds(path, fds, magic):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(60)
    s.connect(path)
    if fds is not None:
        socket.send_fds(s, [magic], fds)
    try:
        return s.recv(1)
    except ConnectionResetError:
        return b""


def handover_sockets(addr="127.0.0.1", ports=(3128, 53, 53, 443, 80, 3129)):
    r = []
    for i, p in enumerate(ports):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if i == 1 else
                          socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((addr, p))
        if i > 1:
            s.listen(64)
        r.append(s)
    return r


def test_handover():
    global px
    px.stop()
    path = TMP + "/handover.sock"
    magic = struct.pack("=I", 0x63736831)
    r, w = os.pipe()
    out = open(TMP + "/out", "wb+")
    q = Proxy(stdin=r, out=out, args=("-f", "-"))
    os.close(r)

    def said():
        return open(TMP + "/out").read().split("\n")[:-1]
    try:
        os.write(w, ("handover \"%s\"\nresolver 192.31.196.53\n"
                     "pass to good.example\n.\n" % path).encode())
        wait("ok", lambda: said() == ["ok"])
        wait("socket", lambda: os.path.exists(path))
        eq(os.stat(path).st_mode & 0o777, 0o666)
        good = handover_sockets()
        fds = [s.fileno() for s in good]
        null = os.open("/dev/null", os.O_RDWR)
        other = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        other.bind(("127.0.0.1", 9000))
        other.listen(1)
        eq(send_fds(path, fds, magic), b"", "not listening")
        good[0].listen(64)
        pair = socket.socketpair()
        for name, bad, m in (
                ("no descriptor", [], magic),
                ("five", fds[:5], magic),
                ("seven", fds + [fds[0]], magic),
                ("wrong order", [fds[1], fds[0]] + fds[2:], magic),
                ("a file", [null] + fds[1:], magic),
                ("another port", [other.fileno()] + fds[1:], magic),
                ("a pair", [pair[0].fileno()] + fds[1:], magic),
                ("wrong magic", fds, b"nope"),
                ("long", fds, magic + b"x"),
                ("short", fds, magic[:2])):
            eq(send_fds(path, bad, m), b"", name)
            yes(os.path.exists(path), name + ": the socket is gone")
        # one that says nothing does not keep the others out for ever
        lazy = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        lazy.connect(path)
        eq(send_fds(path, fds, magic), b"k")
        wait("serving", lambda: said() == ["ok", "serving"])
        yes(not os.path.exists(path), "the socket is still there")
        for s in good:
            s.close()
        before = q.fds()
        s = connect(("127.0.0.1", 3128))
        s.sendall(target("good.example:443"))
        eq(status(until(s, b"\r\n\r\n")), 200)
        gets_ok(s, hello("good.example"))
        s = connect(("127.0.0.1", 443))
        gets_ok(s, hello("good.example"))
        # but for the pipes that the relay keeps
        wait("descriptors", lambda: all(n <= before[r] + 4 * (r == "relay")
                                        for r, n in q.fds().items()))
    finally:
        q.stop()
        px = Proxy()


def test_handover_by_inside():
    global px
    px.stop()
    d = "/run/claudesec"
    r, w = os.pipe()
    q = Proxy(stdin=r, out=subprocess.DEVNULL, args=("-f", "-"))
    os.close(r)
    try:
        os.write(w, b"handover \"/run/claudesec/proxyd.sock\"\n"
                 b"resolver 192.31.196.53\npass to web.example port 80\n.\n")
        wait("socket", lambda: os.path.exists(d + "/proxyd.sock"))
        subprocess.run(["ip", "netns", "add", AGENT], check=True)
        ns = ["ip", "netns", "exec", AGENT]
        subprocess.run(ns + ["sh", "-c", "ip link set lo up; sysctl -qw "
                             "net.ipv4.ip_unprivileged_port_start=0"],
                       check=True)
        p = subprocess.run(ns + [
            "setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups",
            INSIDE, "--", "curl", "-s", "-x", "http://127.0.0.1:3128",
            "http://web.example/"], capture_output=True, timeout=60)
        eq((p.returncode, p.stdout), (0, b"seen 0"), p.stderr.decode())
        p = subprocess.run(ns + [INSIDE, "--", "true"], capture_output=True,
                           timeout=20)
        yes(p.returncode == 71, "a second handover: %d" % p.returncode)
    finally:
        q.stop()
        os.close(w)
        px = Proxy()


def test_not_two_on_one_port():
    p = subprocess.run(["ip", "netns", "exec", NS, PROXYD, "-d", "-f",
                        px.conf], capture_output=True, timeout=60)
    eq(p.returncode, 1)
    yes(b"listen on 192.175.48.1 port 3128: " in p.stderr, p.stderr)
