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


# what is logged

def fields(line):
    return dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))


def test_log_of_a_tunnel():
    plog.mark()
    s = tunnel("plain.example:7")
    me = "%s:%d" % s.getsockname()
    s.sendall(b"12345")
    s.recv(10)
    s.shutdown(socket.SHUT_WR)
    rest(s)
    line = wait("line", lambda: [x for x in plog.lines() if "tunnel " in x and
                                 me in x])[0]
    f = fields(line)
    eq((f["host"], f["port"], f["address"], f["out"], f["in"], f["client"],
        f["reason"]), ("plain.example", "7", "192.31.196.2:7", "5", "8", me,
                       "closed"))
    yes(0 <= int(f["ms"]) < 5000, line)


def test_log_of_a_refusal():
    plog.mark()
    get("logged.test", 403)
    ask(b"BAD\0\x1b[31m\r\n\r\n")
    f = fields(wait("line", lambda: [x for x in plog.lines()
                                     if "logged.test" in x])[0])
    eq((f["host"], f["port"]), ("logged.test", "443"))
    yes("reason" in f and "client" in f, f)
    yes("\x1b" not in plog.text(), "escape")


def test_log_json():
    def run():
        s = tunnel("plain.example:7")
        s.close()
        get("evil.test", 403)
        wait("line", lambda: '"tunnel"' in plog.text())
        seen = [json.loads(x) for x in plog.lines() if x.startswith("{")]
        eq({e["event"] for e in seen}, {"opened", "tunnel", "refused"})
        eq([e["host"] for e in seen if e["event"] == "refused"],
           ["evil.test"])
        eq([e["open"] for e in seen if "open" in e], [1, 0])
    with_proxy(CONF + "log json\n", run)


def json_lines():
    return [json.loads(x) for x in plog.lines() if x.startswith("{")]


# As JSON the rest is counted soon, and none is lost.
def test_log_json_counts_refusals():
    def run():
        def count():
            return sum(e.get("count", 1) for e in json_lines()
                       if e.get("host") == "often.test")
        for _ in range(12):
            get("often.test", 403)
        wait("count", lambda: count() == 12)
        eq(len([e for e in json_lines() if "count" in e]), 1)
        for _ in range(3):
            get("often.test", 403)
        wait("second count", lambda: count() == 15)
    with_proxy(CONF + "log json\n", run)


# What it had not told yet, and what is open, it tells at its end.
def test_log_json_is_complete_at_the_end():
    def run():
        s = tunnel("plain.example:7")
        s.sendall(b"x")
        eq(s.recv(1), b"x")
        for _ in range(9):
            get("often.test", 403)
        px.stop()
        seen = json_lines()
        eq(sum(e.get("count", 1) for e in seen if e["event"] == "refused"), 9)
        eq([(e["host"], e["out"], e["in"], e["open"], e["reason"])
            for e in seen if e["event"] == "tunnel"],
           [("plain.example", 1, 1, 0, "the proxy ends")])
        eq([i for i, e in enumerate(seen) if e["event"] == "ended"],
           [len(seen) - 1])
    with_proxy(CONF + "log json\n", run)


def parents(conf):
    """Those who were started with this configuration."""
    r = []
    for pid in os.listdir("/proc"):
        try:
            args = open("/proc/%s/cmdline" % pid).read().split("\0")
            if args[0] == PROXYD and conf in args:
                r.append(int(pid))
        except OSError:
            pass
    return r


def test_log_to_syslog():
    # in this mount namespace alone
    path = "/dev/log"
    made = not os.path.lexists(path)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    mine = path if made else TMP + "/log"
    s.bind(mine)
    os.chmod(mine, 0o666)
    s.settimeout(60)
    conf = TMP + "/syslog.conf"
    try:
        if not made:
            run(["mount", "--bind", mine, path])
        open(conf, "w").write("listen on 127.0.0.1 port 3333\n"
                              "resolver 127.0.0.1\npass to x.example\n")
        p = run(["ip", "netns", "exec", NS, PROXYD, "-f", conf])
        eq((p.stdout, p.stderr), (b"", b""))
        lines = []
        while not any("started," in x for x in lines):
            lines.append(s.recv(9000).decode())
        run(["ip", "netns", "exec", NS, "curl", "-s", "-x",
             "http://127.0.0.1:3333", "http://evil.test/"])
        while not any("refused host=evil.test port=80 " in x for x in lines):
            lines.append(s.recv(9000).decode())
        # what fails at the start is told where it was started
        p = run(["ip", "netns", "exec", NS, PROXYD, "-f", conf], code=None)
        yes(b"127.0.0.1" in p.stderr and b"in use" in p.stderr, p.stderr)
    finally:
        for pid in parents(conf):
            os.kill(pid, signal.SIGTERM)
        wait("end", lambda: not parents(conf))
        if not made:
            run(["umount", path])
        os.unlink(mine)


def test_totals():
    plog.mark()
    px.p.send_signal(signal.SIGUSR1)
    wait("totals", lambda: plog.text().count("totals ") == 3)
