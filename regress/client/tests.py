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


# tests.py [NAME ...]: the cases.
import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback

CLAUDESEC = os.environ["CLAUDESEC"]
TMP = os.environ["TMP"]
os.environ["TERM"] = "xterm-256color"
RESET = b"\033[?2004l"


# The numbers of the messages, from the header.
def types():
    text = open(os.environ["HEADER"]).read()
    body = re.search(r"enum imsg_type \{(.*?)\};", text, re.S).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    names = [x.split("=")[0].strip() for x in body.split(",")]
    first = names.index("IMSG_CTL_START")
    return {n[9:]: i + 10 for i, n in enumerate(names[first:])
            if n.startswith("IMSG_CTL_")}


T = types()
VERSION = int(re.search(r"IMSG_VERSION\s+(\d+)",
                        open(os.environ["HEADER"]).read()).group(1))
N = {v: k for k, v in T.items()}


def eq(a, b, what=""):
    if a != b:
        raise AssertionError("%s%.200r instead of %.200r" %
                             ("%s: " % (what,) if what else "", a, b))


def yes(x, what):
    if not x:
        raise AssertionError(what)


def wait(what, f, secs=60.0):
    end = time.time() + secs
    while time.time() < end:
        r = f()
        if r:
            return r
        time.sleep(0.02)
    raise AssertionError("no " + what)


# What a client is told with its stream.
def attached(tty, stays=0, again=0, login=0, modes=0, clipboard=0,
             suspends=0, keys=b"\35d", name=b"x", session=b""):
    return struct.pack("8I2s64s33sx", tty, stays, again, login, modes,
                       clipboard, suspends, len(keys), keys, name, session)


# One client's connection, seen from the daemon.
class Peer:
    def __init__(self, sock):
        self.sock = sock
        self.buf = b""
        self.fds = []

    def get(self):
        while len(self.buf) < 12 or \
                len(self.buf) < struct.unpack_from("H", self.buf, 8)[0]:
            try:
                data, fds, _, _ = socket.recv_fds(self.sock, 65536, 4)
            except OSError:
                return None, b"", -1
            self.fds += fds
            if not data:
                return None, b"", -1
            self.buf += data
        kind, self.id, n, flags = struct.unpack_from("IIHH", self.buf)
        data, self.buf = self.buf[12:n], self.buf[n:]
        return N.get(kind, kind), data, self.fds.pop(0) if flags else -1

    def put(self, kind, data=b"", fd=-1):
        msg = struct.pack("IIHH", T.get(kind, kind), 0, 12 + len(data),
                          fd != -1) + data
        try:
            if fd != -1:
                socket.send_fds(self.sock, [msg], [fd])
            else:
                self.sock.sendall(msg)
        except OSError:
            pass

    def error(self, code, text):
        self.put("ERROR", struct.pack("i1024s", code, text))

    def exit(self, status):
        self.put("EXIT", struct.pack("i", status))


# What a client asked for.
class Request:
    def __init__(self, peer):
        self.type, self.data, self.fd = peer.get()
        self.args = {}
        self.env = []
        if self.type != "START":
            return
        _, self.shell, self.tty, self.cols, self.rows, self.detach, \
            self.another, self.readonly, self.millicpus, self.memory = \
            struct.unpack_from("9I4xQ", self.data)
        self.name = self.data[48:112].split(b"\0")[0]
        self.path = self.data[112:].split(b"\0")[0]
        while True:
            kind, data, _ = peer.get()
            if kind == "ARG":
                self.args[peer.id] = self.args.get(peer.id, b"") + data
            elif kind == "ENV":
                self.env.append(data)
            else:
                break
        self.args = [self.args[i] for i in sorted(self.args)]


# Runs the command as a session would, and what else a test wants to see.
class Daemon:
    def __init__(self, serve=None, first=None, path=None):
        self.path = path or tempfile.mktemp(dir=TMP)
        self.serve = serve or self.session
        self.first = first          # called before, may hang up: True
        self.requests = []
        self.messages = []
        self.peers = []
        self.attached = {}          # what else of it is told
        self.early = False          # EXIT without waiting for DONE
        self.listen = socket.socket(socket.AF_UNIX)
        self.listen.bind(self.path)
        self.listen.listen(8)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.listen.accept()
            except OSError:
                return
            peer = Peer(sock)
            self.peers.append(peer)
            threading.Thread(target=self.client, args=(peer,),
                             daemon=True).start()

    def client(self, peer):
        if self.first and self.first(peer):
            peer.sock.close()
            return
        r = Request(peer)
        self.requests.append(r)
        self.serve(peer, r)
        while peer.get()[0]:
            pass

    def die(self):
        # a thread waits in accept(2)
        self.listen.shutdown(socket.SHUT_RDWR)
        self.listen.close()
        for p in self.peers:
            p.sock.shutdown(socket.SHUT_RDWR)

    def session(self, peer, r):
        ours, theirs = socket.socketpair()
        run = self.terminal if r.tty else self.frames
        self.pid, outputs = run(r, ours)
        peer.put("ATTACHED", attached(r.tty, **self.attached),
                 theirs.fileno())
        theirs.close()
        done = threading.Event()
        threading.Thread(target=self.listener, args=(peer, done, ours),
                         daemon=True).start()
        for t in outputs:
            t.start()
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        if self.early:
            peer.exit(status)
            return
        for t in outputs:
            t.join()
        try:
            ours.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        done.wait(60)
        peer.exit(status if status >= 0 else 128 - status)

    def listener(self, peer, done, ours):
        while True:
            kind, data, _ = peer.get()
            if kind is None:
                done.set()
                try:
                    os.kill(self.pid, signal.SIGKILL)
                except OSError:
                    pass
                self.messages.append((kind, data))
                return
            if kind == "RESIZE" and self.master is not None:
                cols, rows = struct.unpack("II", data)
                set_size(self.master, rows, cols)
            elif kind == "SIGNAL":
                try:
                    os.kill(self.pid, struct.unpack("i", data)[0])
                except OSError:
                    pass
            elif kind == "DONE":
                done.set()
            self.messages.append((kind, data))

    def terminal(self, r, ours):
        pid, self.master = pty.fork()
        if pid == 0:
            os.execvp(r.args[0], r.args)
        set_size(self.master, r.rows, r.cols)
        pump(ours.fileno(), self.master)
        return pid, [pump(self.master, ours.fileno(), start=False)]

    def frames(self, r, ours):
        self.master = None
        p = subprocess.Popen(r.args, stdin=-1, stdout=-1, stderr=-1)
        self.popen = p
        lock = threading.Lock()

        def put(stream):
            def write(data):
                with lock:
                    ours.sendall(struct.pack(">BxxxI", stream, len(data)) +
                                 data)
            return write
        pump(ours.fileno(), p.stdin.fileno(), end=p.stdin.close)
        return p.pid, [pump(p.stdout.fileno(), put(1), start=False),
                       pump(p.stderr.fileno(), put(2), start=False)]


def pump(src, dst, end=None, start=True):
    def write(data):
        while data:
            data = data[os.write(dst, data):]

    def run():
        try:
            while True:
                data = os.read(src, 65536)
                if not data:
                    break
                (write if isinstance(dst, int) else dst)(data)
        except OSError:
            pass
        if end:
            end()
    t = threading.Thread(target=run, daemon=True)
    if start:
        t.start()
    return t


def set_size(fd, rows, cols):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", rows, cols, 0, 0))


def defaults():
    for s in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGHUP):
        signal.signal(s, signal.SIG_DFL)


# The client without a terminal, to its end.
def client(d, *args, **kw):
    kw.setdefault("stdin", subprocess.DEVNULL)
    if "input" in kw:
        del kw["stdin"]
    return subprocess.run([CLAUDESEC, "-s", d.path, *args],
                          capture_output=True, timeout=120,
                          preexec_fn=defaults, **kw)


def start(d, *args, **kw):
    kw.setdefault("stdin", subprocess.DEVNULL)
    kw.setdefault("preexec_fn", defaults)
    return subprocess.Popen([CLAUDESEC, "-s", d.path, *args], stdout=-1,
                            stderr=-1, **kw)


def sh(d, script, *args, **kw):
    return client(d, "shell", "--", "sh", "-c", script, "sh", *args, **kw)


# The client in a terminal of its own, in a job below a session leader, as a
# shell would have it.
class Terminal:
    def __init__(self, d, *args, env=None, size=(40, 100)):
        self.d = d
        self.out = b""
        self.master, slave = pty.openpty()
        set_size(self.master, *size)
        self.before = termios.tcgetattr(self.master)
        r, w = os.pipe()
        self.leader = os.fork()
        if self.leader == 0:
            defaults()
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            for i in range(3):
                os.dup2(slave, i)
            os.dup2(w, 3)
            os.closerange(4, 4096)
            pid = os.fork()
            if pid == 0:
                os.close(3)
                os.setpgid(0, 0)
                os.tcsetpgrp(0, os.getpid())
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                os.execve(CLAUDESEC, ["claudesec", "-s", d.path, *args],
                          dict(os.environ, **(env or {})))
            os.write(3, struct.pack("i", pid))
            os.write(3, struct.pack("i", os.waitpid(pid, 0)[1]))
            time.sleep(60)
            os._exit(0)
        os.close(slave)
        os.close(w)
        self.status_fd = r
        self.pid = struct.unpack("i", os.read(r, 4))[0]

    # Reads until this was seen, or for this long.
    def read(self, what=None, secs=60.0):
        end = time.time() + secs
        while what is None or what not in self.out:
            r, _, _ = select.select([self.master], [], [],
                                    max(0, end - time.time()))
            if not r:
                if what is None:
                    return self.out
                raise AssertionError("no %r in %.300r" % (what, self.out))
            self.out += os.read(self.master, 65536)
        return self.out

    def type(self, data, what=None):
        self.out = b""
        os.write(self.master, data)
        return self.read(what) if what is not None else None

    def raw(self):
        return not termios.tcgetattr(self.master)[3] & termios.ICANON

    def signal(self, *sigs):
        for s in sigs:
            os.kill(self.pid, s)

    # Its exit status, a signal as the negative number; all is shown then.
    def end(self):
        if not select.select([self.status_fd], [], [], 60)[0]:
            raise AssertionError("it does not end, after %.300r" % self.out)
        status = struct.unpack("i", os.read(self.status_fd, 4))[0]
        self.read(secs=0.1)
        after = termios.tcgetattr(self.master)
        eq(after, self.before, "the terminal")
        self.close()
        return os.waitstatus_to_exitcode(status)

    def close(self):
        for f in (lambda: os.kill(self.pid, 9),
                  lambda: os.kill(self.leader, 9),
                  lambda: os.waitpid(self.leader, 0),
                  lambda: os.close(self.master),
                  lambda: os.close(self.status_fd)):
            try:
                f()
            except OSError:
                pass


def beside(f):
    """A case that does little but wait: the others go on meanwhile."""
    f.beside = True
    return f


# Without a terminal.

def test_streams_apart():
    r = sh(Daemon(), "echo out; echo err >&2; exit 7")
    eq((r.stdout, r.stderr, r.returncode), (b"out\n", b"err\n", 7))


def test_streams_of_megabytes():
    data = os.urandom(3000000)
    r = client(Daemon(), "shell", "--", "cat", input=data)
    yes(r.stdout == data and r.returncode == 0, "standard output differs")
    r = sh(Daemon(), "cat >&2", input=data)
    yes(r.stderr == data and r.stdout == b"", "standard error differs")


def test_input_ends():
    eq(sh(Daemon(), "cat; echo end", input=b"").stdout, b"end\n")
    eq(sh(Daemon(), "cat; echo end", input=b"x").stdout, b"xend\n")


def test_input_is_closed():
    p = subprocess.run(["sh", "-c", 'exec "$0" "$@" <&-', CLAUDESEC, "-s",
                        Daemon().path, "shell", "--", "cat"],
                       capture_output=True, timeout=60)
    eq((p.returncode, p.stdout, p.stderr), (0, b"", b""))


def test_input_that_nobody_wants():
    with open("/dev/zero") as f:
        r = sh(Daemon(), "exec 0<&-; sleep 0.3; echo fine", stdin=f)
    eq((r.stdout, r.returncode), (b"fine\n", 0))


def test_output_nobody_reads_any_more():
    d = Daemon()
    p = start(d, "shell", "--", "yes")
    eq(p.stdout.readline(), b"y\n")
    p.stdout.close()
    eq((p.wait(60), p.stderr.read()), (-signal.SIGPIPE, b""))
    wait("end of the session", lambda: (None, b"") in d.messages)


def test_output_to_a_full_device():
    with open("/dev/full", "w") as f:
        p = subprocess.run([CLAUDESEC, "-s", Daemon().path, "shell", "--",
                            "echo", "x"], stdin=subprocess.DEVNULL, stdout=f,
                           stderr=-1, timeout=60)
    eq((p.returncode, p.stderr),
       (74, b"claudesec: standard output: No space left on device\n"))


def test_arguments_odd():
    args = ["", "a b", "new\nline", "\u00fc\u20ac", "'\"$(x)`", "*", "--",
            "-n", "x" * 100000, "y" * 8192, ""]
    d = Daemon()
    eq(sh(d, 'printf "<%s>" "$@" | cksum', *args).stdout,
       subprocess.run(["sh", "-c", 'printf "<%s>" "$@" | cksum', "sh",
                       *args], capture_output=True).stdout)
    eq(d.requests[0].args[4:], [a.encode() for a in args])


def test_arguments_too_many():
    d = Daemon()
    r = client(d, "start", "--", *["x" * 100000] * 3)
    eq((r.returncode, d.requests), (64, []))


def test_environment_is_four_names():
    d = Daemon()
    sh(d, "true", env={"TERM": "vt100", "COLORTERM": "truecolor", "TZ": "UTC",
                       "LANG": "C.UTF-8", "ANTHROPIC_API_KEY": "secret",
                       "PATH": os.environ["PATH"]})
    eq(sorted(d.requests[0].env), [b"COLORTERM=truecolor", b"LANG=C.UTF-8",
                                   b"TERM=vt100", b"TZ=UTC"])


def test_workspace_is_sent():
    d = Daemon()
    path = TMP + "/o d\nd"
    os.mkdir(path)
    os.symlink(path, TMP + "/link")
    client(d, "start", "-n", "web", "-w", TMP + "/link", "--", "true")
    r = d.requests[0]
    eq((r.path, r.name, r.shell), (path.encode(), b"web", 0))
    eq(os.path.realpath("/proc/self/fd/%d" % r.fd), path)


def test_workspace_is_none():
    d = Daemon()
    for path, why in ((TMP + "/nowhere", b"No such file or directory"),
                      ("/dev/null", b"Not a directory")):
        r = client(d, "start", "-w", path)
        eq((r.returncode, r.stderr),
           (66, b"claudesec: " + path.encode() + b": " + why + b"\n"))
    eq(d.requests, [])


def test_command_line_wrong():
    d = Daemon()
    for args in (["frobnicate"], ["start", "-x"], ["start", "-n"],
                 ["start", "-n", "x" * 64], ["start", "-n", ""],
                 ["shell", "a", "b"], ["shell", "-x"], ["stop", "a", "b"],
                 ["stop", "-a", "b"], ["status", "x"], ["build", "x"],
                 ["reload", "x"], ["version", "x"], ["help", "x"]):
        r = client(d, *args)
        eq((r.returncode, r.stdout), (64, b""), " ".join(args))
        yes(r.stderr.startswith((b"claudesec: ", b"usage: ")), args)
    eq(d.requests, [])


def signalled(d, *sigs, script="trap 'echo got; kill $!; exit 42' "
              "INT TERM HUP QUIT; sleep 60 >/dev/null 2>&1 & echo up; wait; "
              "exit 3", **kw):
    p = start(d, "shell", "--", "sh", "-c", script, **kw)
    eq(p.stdout.readline(), b"up\n")
    for i, s in enumerate(sigs):
        # two that wait would be one
        wait("word of it", lambda: len([k for k, _ in d.messages if
                                        k == "SIGNAL"]) == i)
        p.send_signal(s)
    out = p.stdout.read()
    return p.wait(60), out


def test_signal_is_forwarded():
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        eq(signalled(Daemon(), s), (42, b"got\n"), s.name)


def test_signal_twice_ends_the_client():
    d = Daemon()
    eq(signalled(d, signal.SIGINT, signal.SIGINT,
                 script="trap '' INT; echo up; exec sleep 60"),
       (-signal.SIGINT, b""))
    wait("end of the session", lambda: (None, b"") in d.messages)


def test_signal_that_was_ignored_stays_so():
    def nohup():
        defaults()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    eq(signalled(Daemon(), signal.SIGHUP, preexec_fn=nohup,
                 script="echo up; sleep 0.5; exit 3"), (3, b""))


def test_exit_status():
    for n in (0, 1, 127, 255):
        eq(sh(Daemon(), "exit %d" % n).returncode, n)
    eq(sh(Daemon(), "kill -9 $$").returncode, 137)


def test_exit_before_the_stream_ends():
    d = Daemon()
    d.early = True
    t = time.time()
    r = sh(d, "sleep 50 & echo hi; exit 6")
    eq((r.stdout, r.returncode), (b"hi\n", 6))
    yes(time.time() - t < 30, "it took %d seconds" % (time.time() - t))


def frames(data):
    def serve(peer, r):
        ours, theirs = socket.socketpair()
        peer.put("ATTACHED", attached(0), theirs.fileno())
        theirs.close()
        ours.sendall(data)
        ours.close()
        peer.get()
        peer.exit(5)
    return client(Daemon(serve), "shell")


def test_frames_that_are_none():
    for head in (b"\0\0\0\0\0\0\0\1", b"\3\0\0\0\0\0\0\1",
                 b"\1\1\0\0\0\0\0\1", b"HTTP/1.1"):
        r = frames(b"\1\0\0\0\0\0\0\2ok" + head + b"x")
        eq((r.returncode, r.stderr), (76, b"claudesec: the engine's stream "
                                      b"is malformed\n"), head)


def test_frames_cut_off():
    for data in (b"", b"\1\0", b"\1\0\0\0\xff\xff\xff\xff"):
        r = frames(b"\1\0\0\0\0\0\0\2ok" + data)
        eq((r.returncode, r.stdout), (5, b"ok"), data)


# The daemon.

def test_hangs_up_once_and_is_asked_again():
    n = []
    d = Daemon(first=lambda p: n.append(1) or len(n) == 1)
    eq(sh(d, "echo fine").stdout, b"fine\n")
    n = []
    d = Daemon(first=lambda p: p.get() and (n.append(1) or len(n) == 1))
    d.first = lambda p: n.append(1) or (len(n) == 1 and p.get())
    eq(sh(d, "echo fine").stdout, b"fine\n")


def test_hangs_up_twice():
    n = []
    r = sh(Daemon(first=lambda p: n.append(1) or True), "echo fine")
    eq((r.returncode, r.stderr, len(n)),
       (69, b"claudesec: the daemon hung up\n", 2))


def test_refuses_early():
    def first(peer):
        peer.error(75, b"not now")
        return True
    for args in ([], ["x" * 100000, "y" * 100000]):
        r = sh(Daemon(first=first), "true", *args)
        eq((r.returncode, r.stderr), (75, b"claudesec: not now\n"))


def test_dies_and_the_stream_goes_on():
    d = Daemon()
    d.listener = lambda peer, done, ours: None
    p = start(d, "shell", "--", "sh", "-c", "echo up; while [ ! -e %s ]; do "
              "sleep 0.05; done; echo still; exit 3" % (d.path + ".on"))
    eq(p.stdout.readline(), b"up\n")
    d.die()
    open(d.path + ".on", "w").close()
    eq((p.stdout.read(), p.wait(60), p.stderr.read()),
       (b"still\n", 70, b"claudesec: the daemon is gone, the exit status is "
        b"unknown; the next command cleans up\n"))


# What of a session is told to the next daemon, and by it.
ID = b"0123456789abcdef" * 2


def resumed(script, answer, wait_for_done=True):
    d = set_attached(session=ID)
    d.listener = lambda peer, done, ours: None
    p = start(d, "shell", "--", "sh", "-c", script)
    eq(p.stdout.readline(), b"up\n")
    asked = []

    def serve(peer, r):
        asked.append((r.type, r.data))
        while wait_for_done and peer.get()[0] not in ("DONE", None):
            pass
        answer(peer)
    d.die()
    os.unlink(d.path)
    time.sleep(0.5)
    d = Daemon(serve=serve, path=d.path)
    out, err = p.communicate(timeout=60)
    eq(asked[0], ("RESUME", struct.pack("I33s3x", VERSION, ID)))
    return p.returncode, out, err, len(asked)


def test_resumes_with_the_next_daemon():
    eq(resumed("echo up; sleep 1; echo still; exit 3",
               lambda peer: peer.exit(9)), (9, b"still\n", b"", 1))


# It has ended before there is one.
def test_resumes_late():
    eq(resumed("echo up", lambda peer: peer.exit(9), False),
       (9, b"", b"", 1))


def test_resumes_and_is_refused():
    eq(resumed("echo up; sleep 1; echo still; exit 3",
               lambda peer: peer.error(77, b"not you"), False),
       (77, b"still\n", b"claudesec: not you\n", 1))


# One that hangs up as well is not the last.
def test_resumes_again():
    n = []

    def answer(peer):
        n.append(1)
        if len(n) == 3:
            peer.exit(9)
        else:
            peer.sock.shutdown(socket.SHUT_RDWR)
    eq(resumed("echo up; sleep 1", answer, False), (9, b"", b"", 3))


@beside
def test_resumes_with_nobody():
    d = set_attached(session=ID)
    d.listener = lambda peer, done, ours: None
    p = start(d, "shell", "--", "sh", "-c", "echo up; sleep 1")
    eq(p.stdout.readline(), b"up\n")
    d.die()
    eq((p.wait(60), p.stderr.read()),
       (70, b"claudesec: the daemon is gone, the exit status is "
        b"unknown; the next command cleans up\n"))


# Whoever looks for the next daemon does so no longer than its client.
def test_resumes_not_for_a_client_that_is_gone():
    d = set_attached(session=ID)
    d.listener = lambda peer, done, ours: None
    p = start(d, "shell", "--", "sh", "-c", "echo up; sleep 5")
    eq(p.stdout.readline(), b"up\n")
    helper = int(subprocess.check_output(["pgrep", "-P", str(p.pid)]))
    d.die()
    time.sleep(0.5)
    p.kill()
    p.wait()
    # which it would do for ten
    wait("end of its process", lambda: not alive(helper), 8)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_is_not_there():
    d = Daemon()
    d.die()
    r = client(d, "status")
    eq((r.returncode, r.stderr), (69, b"claudesec: " + d.path.encode() +
                                  b": Connection refused\n"))


def private(*args):
    run = tempfile.mkdtemp(dir=TMP)
    env = dict(os.environ, XDG_RUNTIME_DIR=run)
    return run + "/claudesec", lambda: subprocess.run(
        [CLAUDESEC, *args, "status"], env=env, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=120)


def test_private_directory_is_not_ours_alone():
    for make in (lambda p: os.mkdir(p, 0o750), lambda p: open(p, "w").close(),
                 lambda p: os.symlink(tempfile.mkdtemp(dir=TMP), p)):
        path, run = private()
        make(path)
        r = run()
        eq((r.returncode, r.stderr),
           (77, b"claudesec: " + path.encode() + b": not a directory of mode "
            b"0700 that is yours\n"))


def test_private_daemon_does_not_start():
    conf = TMP + "/bad.conf"
    with open(conf, "w") as f:
        f.write("no configuration\n")
    path, run = private("-f", conf)
    r = run()
    eq(r.returncode, 78, r.stderr)
    yes(r.stderr.startswith(conf.encode() + b":1: "), r.stderr)
    eq(sorted(os.listdir(path)), ["sock.lock"])


def answer(args, *messages):
    def serve(peer, r):
        for kind, data, fd in messages:
            peer.put(kind, data, fd)
        time.sleep(0.3)
        peer.sock.shutdown(socket.SHUT_RDWR)
    return client(Daemon(serve), *args)


STATUS = "I4x4q5Q64s16s256s4096s"
SESSION = struct.pack(STATUS, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, b"n", b"running",
                      b"i", b"/p")


def test_lies_in_an_answer():
    null = os.open("/dev/null", os.O_RDONLY)
    err = struct.pack("i1024s", 1, b"text")
    att = attached(0)
    exit0 = struct.pack("i", 0)
    for args, kind, data, fd in (
            (["status"], "EXIT", b"", -1),
            (["status"], "EXIT", exit0 + b"\0", -1),
            (["status"], "EXIT", struct.pack("i", 256), -1),
            (["status"], "EXIT", struct.pack("i", -1), -1),
            (["status"], "EXIT", exit0, null),
            (["status"], "ERROR", err[:-1], -1),
            (["status"], "ERROR", struct.pack("i1024s", 0, b"text"), -1),
            (["status"], "ERROR", struct.pack("i1024s", 1, b"x" * 1024), -1),
            (["status"], "ERROR", struct.pack("i1024s", 1, b""), -1),
            (["status"], "SESSION", SESSION[:-1], -1),
            (["status"], "SESSION", SESSION[:-4096] + b"x" * 4096, -1),
            (["status"], "SESSION", SESSION[:-4096] + b"\0" * 4096, -1),
            (["stop"], "SESSION", SESSION, -1),
            (["status"], "PROGRESS", b"", -1),
            (["status"], "PROGRESS", b"a\0b", -1),
            (["status"], "PROGRESS", b"x" * 1025, -1),
            (["status"], "ATTACHED", att, null),
            (["shell"], "ATTACHED", att, -1),
            (["shell"], "ATTACHED", att[:-1], null),
            (["shell"], "ATTACHED", attached(1), null),
            (["shell"], "ATTACHED", attached(0, stays=2), null),
            (["shell"], "ATTACHED", attached(0, again=2), null),
            (["shell"], "ATTACHED", attached(0, clipboard=2), null),
            (["shell"], "ATTACHED", attached(0, modes=0x80000000), null),
            (["shell"], "ATTACHED", attached(0, name=b""), null),
            (["shell"], "ATTACHED", attached(0, name=b"x" * 64), null),
            (["shell"], "ATTACHED", attached(0, suspends=2), null),
            (["shell"], "ATTACHED", attached(0, login=2), null),
            (["shell"], "ATTACHED", attached(0)[:28] + b"\3" +
             attached(0)[29:], null),
            (["shell"], "DETACHED", b"x", -1),
            (["start"], "DETACHED", b"x", -1),
            (["start", "-d"], "DETACHED", b"", -1),
            (["status"], "RUNS", b"x", -1),
            (["start"], "RUNS", b"x\0y", -1),
            (["shell"], "NEEDBASE", b"why", -1),
            (["status"], "START", b"", -1),
            (["status"], 0, b"", -1),
            (["status"], 0xffffffff, b"", -1)):
        r = answer(args, (kind, data, fd))
        # without recvmsg(2) a descriptor that is not expected is not taken
        yes(r.returncode == 76 or
            (fd == null and r.returncode in (69, 76)),
            "%s %.40r to %s: %d %r" % (kind, data, args, r.returncode,
                                       r.stderr))
        yes(r.stderr.startswith(b"claudesec: the daemon"), r.stderr)


def test_text_is_cleaned():
    text = b"a\033[31mb\302\233c\377d\n\303\274"
    for lang, want in (("C.UTF-8", b"a?[31mb??c?d?\303\274"),
                       ("C", b"a?[31mb??c?d???")):
        env = dict(os.environ, LC_ALL=lang)
        d = Daemon(lambda p, r: (p.put("PROGRESS", text),
                                 p.error(9, text)))
        r = client(d, "reload", env=env)
        eq((r.returncode, r.stderr),
           (9, want + b"\nclaudesec: " + want + b"\n"))


# Status.

def rows(*paths, cpu=61234, memory=3 << 20, since=86400):
    def serve(peer, r):
        for i, p in enumerate(paths):
            peer.put("SESSION", struct.pack(
                STATUS, 7, since, cpu, memory, 4 << 30, 2, 3, 1500, 10, 9,
                b"n%d" % i, b"running", b"image", p))
        peer.exit(0)
    return Daemon(serve)


ENV = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")


def test_status_in_a_pipe():
    r = client(rows(b"/a", b"/b\tc\n\033"), "status", env=ENV)
    rest = b"\t1970-01-02 00:00\trunning\timage\t61.234\t3145728\t2\t1500\t9\n"
    eq(r.stdout, b"n0\t/a" + rest + b"n1\t/b?c??" + rest)
    r = client(rows(b"/a", cpu=-1, memory=-1), "status", env=ENV)
    eq(r.stdout.split(b"\t")[5:7], [b"-", b"-"])
    eq(client(rows(), "status").stdout, b"")


def test_status_in_a_terminal():
    t = Terminal(rows("/\u00fc".encode(), b"/longer/one"), "status", env=ENV)
    eq(t.end(), 0)
    eq(t.out.decode().replace("\r", ""),
       "NAME  DIRECTORY    SINCE             STATE    IMAGE"
       "   CPU  MEMORY  TUNNELS   OUT  BLOCKED\n"
       "n0    /\u00fc           1970-01-02 00:00  running  image"
       "  1:01    3.0M        2  1.5K        9\n"
       "n1    /longer/one  1970-01-02 00:00  running  image"
       "  1:01    3.0M        2  1.5K        9\n")


# It is never wider than the terminal, and the end of a directory is there.
def test_status_in_a_narrow_terminal():
    for cols in range(40, 120, 7):
        t = Terminal(rows("/home/somebody/\u6f22\u5b57/a/long/one".encode()),
                     "status", env=ENV, size=(30, cols))
        eq(t.end(), 0)
        lines = t.out.decode().replace("\r", "").split("\n")
        wide = [sum(2 if c in "\u6f22\u5b57" else 1 for c in x) for x in lines]
        if cols > 60:
            yes(max(wide) <= cols, "%d of %d: %s" % (max(wide), cols, lines))
            yes("long/one" in lines[1], lines)
        yes("n0" in lines[1] and lines[1].endswith("9"), lines)


# On one of 80 columns it is all there but the image, as far as names go.
def test_status_in_eighty_columns():
    def one(since, path):
        t = Terminal(rows(path, since=since), "status", env=ENV,
                     size=(24, 80))
        eq(t.end(), 0)
        head, line, _ = t.out.decode().replace("\r", "").split("\n")
        eq((head.split(), len(line)),
           (["NAME", "DIRECTORY", "SINCE", "STATE", "CPU", "MEMORY",
             "TUNNELS", "OUT", "BLOCKED"], len(head)))
        return line
    now = int(time.time())
    line = one(now - 60, b"/home/somebody/src/work")
    yes(re.search(r"^n0    \.\.\.\S*src/work  \d\d:\d\d  running ", line), line)
    eq(len(line), 80)
    when = time.strftime("%b%d", time.gmtime(now - 9 * 86400))
    yes("  %s  " % when in one(now - 9 * 86400, b"/home/somebody/src/work"),
        when)
    yes("  1970   " in one(86400, b"/home/somebody/src/work"), "1970")


def test_status_as_json():
    r = client(rows("/\u00fc\n".encode(), b"/\377x"), "status", "-j", env=ENV)
    same = {"since": 86400, "state": "running", "image": "image", "uid": 7,
            "cpu": 61234, "memory": 3 << 20, "limit": 4 << 30, "tunnels": 2,
            "connections": 3, "out": 1500, "in": 10, "blocked": 9,
            "review": False}
    eq(json.loads(r.stdout), [dict(same, name="n0", directory="/\u00fc\n"),
                              dict(same, name="n1", directory="/?x")])
    eq(json.loads(client(rows(), "status", "-j").stdout), [])
    one, = json.loads(client(rows(b"/", cpu=-1, memory=-1), "status",
                             "-j").stdout)
    eq((one["cpu"], one["memory"]), (None, None))


# In a terminal.

def shell(d, *args):
    t = Terminal(d, "shell", "--",
                 *(args or ("sh", "-c", "PS1='$ ' exec sh -i")))
    if not args:
        t.read(b"$ ")
    return t


def test_terminal_size():
    d = Daemon()
    t = shell(d)
    yes(t.raw(), "it is not raw")
    t.type(b"stty size\r", b"40 100")
    set_size(t.master, 50, 132)
    wait("resize", lambda: ("RESIZE", struct.pack("II", 132, 50)) in
         d.messages)
    t.type(b"stty size\r", b"50 132")
    os.write(t.master, b"exit 9\r")
    eq(t.end(), 9)
    yes(RESET not in t.out, "the end was taken for a violent one")


def test_terminal_keys_reach_the_command():
    t = shell(Daemon())
    t.type(b"echo s''tart; sleep 100\r", b"start")
    time.sleep(0.2)
    t.type(b"\003", b"$ ")
    t.type(b"echo a''b\r", b"ab")
    os.write(t.master, b"\004")
    eq(t.end(), 0)


def test_terminal_after_a_signal():
    for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        d = Daemon()
        t = shell(d)
        t.signal(s)
        eq(t.end(), -s)
        yes(t.out.endswith(b"\n") and RESET in t.out, "it is not reset")
        wait("end of the session", lambda: (None, b"") in d.messages)


def test_terminal_after_a_kill_inside():
    t = shell(Daemon())
    os.write(t.master, b"kill -9 $$\r")
    eq(t.end(), 137)
    yes(RESET in t.out, "it is not reset")


def header(name):
    text = open(os.environ["HEADER"]).read()
    return int(re.search(r"#define\s+%s\s+(\d+)" % name, text).group(1))


# What a terminal that knows no sequences would show.
def test_terminal_that_is_dumb():
    host = struct.pack("4Q2I", 0, 0, 0, 1, 1, 443) + b"example.org".ljust(
        header("HOST_MAXLEN"), b"\0") + bytes(header("REASON_MAXLEN"))
    for term, escapes in (("dumb", False), ("", False), ("xterm", True)):
        d = Daemon()
        t = Terminal(d, "shell", "--", "sh", "-c",
                     "echo ready; read x; kill -9 $$", env={"TERM": term})
        t.read(b"ready")
        d.peers[0].put("BLOCKED", host + bytes(-len(host) % 8))
        if escapes:
            t.read(b"blocked example.org: claudesec pass example.org")
        os.write(t.master, b"\r")
        eq(t.end(), 137, term)
        eq(b"\033" in t.out, escapes, t.out)


def test_terminal_stopped_and_continued():
    d = Daemon()
    t = shell(d)
    for s in (signal.SIGTSTP, signal.SIGSTOP):
        t.signal(s)
        wait("stop", lambda: open("/proc/%d/stat" % t.pid).read()
             .split(") ")[1][0] == "T")
        yes(t.raw() == (s == signal.SIGSTOP), "mode while stopped")
        # as a shell has it
        termios.tcsetattr(t.master, termios.TCSANOW, t.before)
        set_size(t.master, 30, 70 + s)
        t.signal(signal.SIGCONT)
        wait("raw mode", t.raw)
        wait("resize", lambda: ("RESIZE", struct.pack("II", 70 + s, 30)) in
             d.messages)
        t.type(b"echo a''b\r", b"ab")
    os.write(t.master, b"exit\r")
    eq(t.end(), 0)


def set_attached(**kw):
    d = Daemon()
    d.attached = kw
    return d


def stopped(t):
    return open("/proc/%d/stat" % t.pid).read().split(") ")[1][0] == "T"


PRINTS = ("printf '\\033]52;c;eA==\\a\\033[21t\\033[38;2;1;2;3m"
          "\\303\\274\\346\\274\\242ok\\n'")
SHOWN = b"\033[38;2;1;2;3m\303\274\346\274\242ok\n"


# What the session prints reaches a terminal without what is not for the
# screen, and all else as it is.
def test_terminal_is_filtered():
    for clipboard, want in ((0, b""), (1, b"\033]52;c;eA==\a")):
        t = Terminal(set_attached(clipboard=clipboard), "shell", "--", "sh",
                     "-c", PRINTS, env={"LC_ALL": "C.UTF-8"})
        eq(t.end(), 0)
        yes(want + SHOWN in t.out.replace(b"\r\n", b"\n") and
            b"21t" not in t.out and (clipboard or b"52;" not in t.out), t.out)
    eq(sh(Daemon(), PRINTS).stdout,
       b"\033]52;c;eA==\a\033[21t" + SHOWN)


# Claude Code would stop itself; what is typed before goes in.
def test_terminal_suspended_by_key():
    for key in (b"\032", b"\033[122;5u"):
        d = set_attached(stays=1, suspends=1)
        t = shell(d, "sh", "-c", "printf '\\033[?1000h'; stty raw -echo; "
                  "echo up; dd bs=1 count=2 2>/dev/null; echo end; sleep 60")
        t.read(b"up")
        t.type(b"x" + key, b"\033[?1000l")
        wait("stop", lambda: stopped(t))
        yes(not t.raw(), "raw while stopped")
        t.out = b""
        t.signal(signal.SIGCONT)
        t.read(b"\033[?1000h")
        wait("raw mode", t.raw)
        wait("word of it", lambda: ("SIGNAL", struct.pack(
            "i", signal.SIGCONT)) in d.messages)
        # x may be there already
        os.write(t.master, b"y")
        t.read(b"xyend")
        t.signal(signal.SIGTERM)
        eq(t.end(), -signal.SIGTERM)


# In a shell it is the shell's.
def test_terminal_suspends_inside():
    t = shell(set_attached(stays=1))
    t.type(b"echo s''tart; sleep 1234\r", b"start")
    wait("job", lambda: subprocess.run(
        ["pgrep", "-f", "^sleep 1234$"], stdout=-3).returncode == 0)
    t.type(b"\032", b"$ ")
    t.type(b"kill -9 %1; echo do''ne\r", b"done")
    yes(not stopped(t), "the client is stopped")
    # the first may be told that there are stopped jobs
    os.write(t.master, b"exit\rexit\r")
    t.end()


def test_terminal_killed_while_stopped():
    t = shell(Daemon())
    t.signal(signal.SIGTSTP)
    # what comes before it stops would not continue it
    wait("stop", lambda: stopped(t))
    t.signal(signal.SIGTERM, signal.SIGCONT)
    eq(t.end(), -signal.SIGTERM)


def test_terminal_closed():
    d = Daemon()
    t = shell(d)
    os.close(t.master)
    wait("end of the session", lambda: (None, b"") in d.messages)
    yes(select.select([t.status_fd], [], [], 60)[0], "it does not end")
    t.close()


def test_terminal_that_nobody_reads():
    t = shell(Daemon(), "yes")
    time.sleep(0.5)
    t.signal(signal.SIGTERM)
    yes(select.select([t.status_fd], [], [], 60)[0], "it does not end")
    t.close()


def test_terminal_when_the_daemon_dies():
    d = Daemon()
    d.listener = lambda peer, done, ours: None
    t = shell(d)
    d.die()
    t.type(b"echo a''b\r", b"ab")
    os.write(t.master, b"exit\r")
    eq(t.end(), 70)
    yes(b"\nclaudesec: the daemon is gone" in t.out, t.out)


def test_terminal_when_the_session_fails():
    d = Daemon()
    t = shell(d)
    d.peers[0].error(69, b"the proxy is gone")
    eq(t.end(), 69)
    yes(t.out.endswith(b"\r\nclaudesec: the proxy is gone\r\n"), t.out)


def test_terminal_as_input_only():
    for args, want in ((["start", "--"], b"end\n"),
                       (["shell", "--"], b"typed\nend\n")):
        master, slave = pty.openpty()
        p = start(Daemon(), *args, "sh", "-c", "cat; echo end", stdin=slave)
        time.sleep(0.3)
        if args[0] == "shell":
            os.write(master, b"typed\r\004")
        eq((p.stdout.read(), p.wait(60)), (want, 0), args[0])
        os.close(master)
        os.close(slave)


# Confinement.

def test_confined_when_attached():
    t = shell(Daemon())
    status = open("/proc/%d/status" % t.pid).read()
    # a filter each time it pledged
    for line in ("Seccomp:\t2", "Seccomp_filters:\t2", "NoNewPrivs:\t1"):
        yes(line + "\n" in status, status)
    fds = [os.readlink("/proc/%d/fd/%s" % (t.pid, x))
           for x in os.listdir("/proc/%d/fd" % t.pid)]
    # 0 to 2 and the terminal opened anew for 1 and 2; the daemon, the
    # stream, the process for ports, and the pair that libevent has for signals
    eq((sum(x.startswith("/dev/pts/") for x in fds), len(fds)), (5, 10),
       " ".join(fds))
    os.write(t.master, b"exit\r")
    eq(t.end(), 0)


# The base image.

def build(script, want):
    with open(TMP + "/base.sh", "w") as f:
        f.write("#!/bin/sh\n" + script)
    os.chmod(TMP + "/base.sh", 0o755)
    if script == "":
        os.unlink(TMP + "/base.sh")
    got = {}

    def serve(peer, r):
        peer.put("NEEDBASE", b"a base is needed")
        kind, _, fd = peer.get()
        got["kind"] = kind
        n = 0
        while True:
            data = os.read(fd, 65536)
            if not data:
                break
            n += len(data)
        got["bytes"] = n
        # may what came be taken for all?
        try:
            got["gone"] = peer.sock.recv(1, socket.MSG_PEEK |
                                         socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            got["gone"] = False
        peer.exit(0)
    d = Daemon(serve)
    r = subprocess.run([TMP + "/build", d.path, "build"], timeout=120,
                       capture_output=True, stdin=subprocess.DEVNULL)
    wait("end of the image", lambda: "gone" in got)
    eq((got["kind"], got["gone"], r.returncode), want, r.stderr)
    return got, r.stderr.decode()


def test_base_is_made():
    got, text = build("grep Seccomp: /proc/self/status >&2; ls /proc/$$/fd "
                      "| wc -w >&2; head -c 200000 /dev/zero\n",
                      ("BASE", False, 0))
    eq(got["bytes"], 200000)
    yes("Seccomp:\t0" in text, "it is confined: " + text)


def test_base_fails():
    _, text = build("head -c 200000 /dev/zero; exit 3\n", ("BASE", True, 69))
    yes(text.endswith("/base.sh: exit status 3\n"), text)


def test_base_is_killed():
    build("kill -9 $$\n", ("BASE", True, 69))


def test_base_is_missing():
    _, text = build("", ("BASE", True, 69))
    yes("base.sh: No such file or directory\n" in text, text)


# Wrong uses and broken surroundings, by errors.table.

# An engine that gives one answer to all, or hangs up.
class Engine:
    def __init__(self, path, answer):
        self.answer = answer
        self.listen = socket.socket(socket.AF_UNIX)
        self.listen.bind(path)
        self.listen.listen(16)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.listen.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        try:
            while sock.recv(65536):
                if self.answer is None:
                    break
                sock.sendall(self.answer)
        except OSError:
            pass
        sock.close()


def http(status, body):
    return ("HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
            "Content-Length: %d\r\n\r\n%s" % (status, len(body),
                                              body)).encode()


ENGINES = {
    "hangs-up": None,
    "garbage": b"SSH-2.0-OpenSSH\r\n",
    "no-json": http("200 OK", "<html>"),
    "fails": http("500 Internal Server Error", '{"message":"out of luck"}'),
    "forbids": http("403 Forbidden", '{"message":"not you"}'),
}


# A place of its own: what the rows call $T.
def surroundings(kind):
    top = tempfile.mkdtemp(dir=TMP)
    os.chmod(top, 0o755)
    for d in ("ws", "run", "home"):
        os.mkdir("%s/%s" % (top, d))
    conf = 'engine "unix://%s/engine"\n' % top
    engine = None
    if kind in ENGINES:
        engine = Engine(top + "/engine", ENGINES[kind])
    elif kind == "engine-dead":
        s = socket.socket(socket.AF_UNIX)
        s.bind(top + "/engine")
        s.close()
    elif kind == "engine-file":
        open(top + "/engine", "w").close()
    elif kind == "conf-wrong":
        conf = "nonsense\n"
    elif kind == "conf-tcp":
        conf = 'engine "tcp://127.0.0.1:2375"\n'
    elif kind == "conf-tls":
        conf = 'engine "tcp://127.0.0.1:1" tls "%s"\n' % top
    elif kind == "conf-ssh":
        conf = 'engine "ssh://127.0.0.1:1"\n'
    elif kind == "conf-size":
        conf += "agent { memory 1X }\n"
    elif kind == "conf-env":
        conf += 'credentials environment from "%s/env"\n' % top
    elif kind == "conf-env-open":
        conf += 'credentials environment from "%s/env"\n' % top
        with open(top + "/env", "w") as f:
            f.write("ANTHROPIC_API_KEY=xxxxxxxxxxxxxxxx\n")
        os.chmod(top + "/env", 0o644)
    elif kind == "run-open":
        os.mkdir(top + "/run/claudesec")
        os.chmod(top + "/run/claudesec", 0o755)
    elif kind == "run-file":
        open(top + "/run/claudesec", "w").close()
    elif kind == "run-gone":
        os.rmdir(top + "/run")
    elif kind == "lock-link":
        os.mkdir(top + "/run/claudesec", 0o700)
        os.symlink(top + "/home", top + "/run/claudesec/sock.lock")
    elif kind == "ws-gone":
        pass
    elif kind not in ("-", "no-engine", "input-closed"):
        raise AssertionError("no surroundings " + kind)
    with open(top + "/conf", "w") as f:
        f.write(conf)
    return top, engine


# $U and a command: the usage of it.
def usage_line(line):
    if line == "$U":
        return "usage: claudesec [-dnv] [-a file] [-D macro=value] [-f file] [-s socket]"
    if not line.startswith("$U "):
        return None
    usage = subprocess.run([CLAUDESEC, "help"], capture_output=True).stdout
    for x in usage.decode().splitlines():
        if x[7:].split()[:2] == ["claudesec", line[3:]]:
            return "usage: " + x[7:]
    raise AssertionError("no usage of " + line[3:])


def table_row(kind, status, args, line):
    top, engine = surroundings(kind)
    env = {"PATH": os.environ["PATH"], "HOME": top + "/home",
           "XDG_RUNTIME_DIR": top + "/run", "LANG": "C.UTF-8"}

    def fill(s):
        return s.replace("$T", top).replace("$LONG", "x" * 200) \
            .replace("$P", CLAUDESEC)
    words = [fill(w) for w in
             shlex.split(args.replace("$MANY", "x " * 4097))]
    if kind == "ws-gone":
        words = ["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", CLAUDESEC,
                 *words]
    else:
        words = [CLAUDESEC, *words]
    r = subprocess.run(words, env=env, cwd=top + "/ws", capture_output=True,
                       stdin=subprocess.DEVNULL, timeout=120,
                       preexec_fn=defaults)
    if engine:
        engine.listen.shutdown(socket.SHUT_RDWR)
        engine.listen.close()
    lines = r.stderr.decode().splitlines() or [""]
    eq(lines[0], usage_line(line) or fill(line))
    eq((r.returncode, r.stdout), (int(status), b""))
    for more in lines[1:]:
        yes(more.startswith(("usage: ", "       ")), "also says " + more)


def table():
    with open("errors.table") as f:
        for n, row in enumerate(f, 1):
            if row.startswith("#") or not row.strip():
                continue
            kind, status, args, line = (x.strip()
                                        for x in row.rstrip().split(" | "))
            yield "errors.table:%d" % n, kind, status, args, line


def main():
    names = sys.argv[1:]
    failed = []

    def case(name, f, *args, more=""):
        try:
            f(*args)
            print("ok client %s%s\n" % (name, more), end="", flush=True)
        except Exception as e:
            failed.append(name)
            print("FAIL client %s: %s\n" % (
                name, str(e).replace("\n", " ")[:600]), end="", flush=True)
            if not isinstance(e, AssertionError):
                traceback.print_exc()

    def wanted(name):
        return not names or any(x in name for x in names)
    tests = [(n[5:], f) for n, f in list(globals().items())
             if n.startswith("test_") and wanted(n)]
    waiting = [threading.Thread(target=case, args=x) for x in tests
               if hasattr(x[1], "beside")]
    for t in waiting:
        t.start()
    for name, f in tests:
        if not hasattr(f, "beside"):
            case(name, f)
    for name, *row in table():
        if wanted(name):
            case(name, table_row, *row, more=" " + " ".join(row[:3]))
    for t in waiting:
        t.join()
    return len(failed) > 0


sys.exit(main())
