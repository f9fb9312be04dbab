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


# the processes and what they hold

def test_sandbox_of_each_process():
    for name, pid in list(px.pids().items()) + [("parent", px.p.pid)]:
        st = open("/proc/%d/status" % pid).read()
        yes("Seccomp:\t2" in st, name + ": no filter")
        yes("NoNewPrivs:\t1" in st, name)
        uid = re.search(r"Uid:\t(\d+)", st).group(1)
        if name != "parent":
            yes(uid != "0", name + " is root")
            yes("CapEff:\t0000000000000000" in st, name)
            eq(os.readlink("/proc/%d/root" % pid), "/var/empty", name)


def kinds(pid):
    r = {}
    for fd in os.listdir("/proc/%d/fd" % pid):
        k = os.readlink("/proc/%d/fd/%s" % (pid, fd))
        k = re.sub(r":?\[.*", "", k)
        r[k] = r.get(k, 0) + 1
    return r


def test_descriptors_of_each_process():
    def run():
        p = px.pids()
        for name in p:
            k = kinds(p[name])
            sockets = k.pop("socket", 0)
            # the parent, the two others, a log; libevent's own
            own = 3 + (5 if name == "frontend" else 0)
            yes(sockets <= own + 2, "%s: %s %d" % (name, k, sockets))
            for path in k:
                yes(path in ("/dev/null", "anon_inode", "pipe") or
                    "proxyd.log" in path, "%s: %s" % (name, path))
    with_proxy(CONF, run)


def test_each_death_ends_all():
    global px
    for name in ("frontend", "resolver", "relay", "parent"):
        p = px.pids()
        p["parent"] = px.p.pid
        os.kill(p[name], signal.SIGKILL)
        px.p.wait(60)
        for n, pid in p.items():
            wait(n + " gone after " + name, lambda: not os.path.exists(
                "/proc/%d" % pid))
        if name != "parent":
            yes("%s terminated; signal 9" % name in plog.text(), plog.text())
        px.stop()
        px = Proxy()


def test_nothing_leaks():
    before = px.fds()
    for _ in range(30):
        gets_ok(tunnel("good.example:443"), hello("good.example"))
        tunnel("plain.example:7").close()
        get("evil.test", 403)
        ask(head(GET, H))
    wait("descriptors", lambda: all(n <= before[r] for r, n in
                                    px.fds().items() if r != "relay") and
         px.fds()["relay"] <= before["relay"] + 4)
