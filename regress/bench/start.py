#!/usr/bin/env python3
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


"""start.py claudesec directory [-r rounds]: see start."""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import time

IMAGE = "claudesec/claude"
COMMAND = ["echo", "x"]
CALL = re.compile(r"((?:GET|POST|DELETE) \S+): done, ([0-9]+) ms$")
IDS = re.compile(r"(?<=[/-])[0-9a-f]{32,64}")
DOCKER = ["docker", "run", "--rm", "--network", "none", IMAGE] + COMMAND


def run(command, cwd):
    """Milliseconds to the first byte and to the end."""
    start = time.monotonic()
    p = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE)
    byte = p.stdout.read(1)
    first = time.monotonic()
    p.stdout.read()
    if p.wait() != 0 or byte != b"x":
        sys.exit("start: failed: " + " ".join(command))
    return (first - start) * 1000, (time.monotonic() - start) * 1000


class Daemon:
    """A system daemon of our own."""

    def __init__(self, args):
        self.sock = os.path.join(args.directory, "sock")
        self.conf = os.path.join(args.directory, "conf")
        self.work = os.path.join(args.directory, "work")
        os.makedirs(self.work, exist_ok=True)
        with open(self.conf, "w") as f:
            f.write("credentials none\n")
        self.client = [args.claudesec, "-s", self.sock]
        self.up = [args.claudesec, "-f", self.conf, "-s", self.sock]
        self.log = os.path.join(args.directory, "log")

    def start(self):
        subprocess.run(self.up, check=True)

    def calls(self, rounds):
        """What the engine is asked for, and how long each takes, in ms."""
        times = {}
        with open(self.log, "w") as f:
            daemon = subprocess.Popen(self.up + ["-dvv"], stderr=f)
        while not os.path.exists(self.sock):
            time.sleep(0.01)
        try:
            self.session()
            for _ in range(rounds):
                self.spare()
                before = os.path.getsize(self.log)
                self.session()
                with open(self.log) as f:
                    f.seek(before)
                    for line in f:
                        found = CALL.search(line)
                        if found:
                            call = IDS.sub("ID", found.group(1))
                            times.setdefault(call, []).append(
                                int(found.group(2)))
        finally:
            daemon.terminate()
            daemon.wait()
        return times

    def session(self):
        return run(self.client + ["shell", "--"] + COMMAND, self.work)

    def cold(self):
        """With the start of the daemon, and nothing spare."""
        start = time.monotonic()
        self.start()
        before = (time.monotonic() - start) * 1000
        first, end = self.session()
        self.stop()
        return before + first, before + end

    def spare(self):
        """Until the proxy for the next session is ready."""
        for _ in range(200):
            out = subprocess.run(
                ["docker", "ps", "-q", "--filter",
                 "label=claudesec.path=/"], capture_output=True).stdout
            if out:
                break
            time.sleep(0.05)
        time.sleep(0.5)

    def pid(self):
        """The parent's: it is the one that listens."""
        want = "claudesec: parent".encode()
        for name in os.listdir("/proc"):
            try:
                with open("/proc/%s/cmdline" % name, "rb") as f:
                    line = f.read()
                with open("/proc/%s/environ" % name, "rb") as f:
                    pass
                if name.isdigit() and line.startswith(want) and \
                        self.listens(name):
                    return int(name)
            except OSError:
                continue
        return None

    def listens(self, pid):
        """The control process has the socket; its parent is ours."""
        inodes = set()
        with open("/proc/net/unix") as f:
            for line in f:
                if line.rstrip().endswith(" " + self.sock):
                    inodes.add("socket:[%s]" % line.split()[6])
        children = "/proc/%s/task/%s/children" % (pid, pid)
        with open(children) as f:
            for child in f.read().split():
                for fd in os.listdir("/proc/%s/fd" % child):
                    if os.readlink("/proc/%s/fd/%s" % (child, fd)) in inodes:
                        return True
        return False

    def stop(self):
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        while os.path.exists("/proc/%d" % pid):
            time.sleep(0.01)


def show(name, times, beside):
    first = statistics.median(t[0] for t in times)
    end = statistics.median(t[1] for t in times)
    ratios = [statistics.median(t[i] / b[i] for t, b in zip(times, beside))
              for i in (0, 1)]
    print("%-16s %6.0f ms %6.0f ms   %5.2f %5.2f" %
          (name, first, end, ratios[0], ratios[1]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("claudesec")
    parser.add_argument("directory")
    parser.add_argument("-r", type=int, default=15)
    args = parser.parse_args()
    daemon = Daemon(args)
    docker, warm, cold = [], [], []
    for _ in range(args.r):
        cold.append(daemon.cold())
    daemon.start()
    try:
        daemon.session()
        for _ in range(args.r):
            daemon.spare()
            docker.append(run(DOCKER, daemon.work))
            warm.append(daemon.session())
    finally:
        daemon.stop()
    print("%d rounds, medians   to first byte  to end   beside docker run" %
          args.r)
    show("docker run", docker, docker)
    show("claudesec, warm", warm, docker)
    show("claudesec, cold", cold, docker)
    print("the calls of a warm one, some at a time, until its end is told")
    for call, times in daemon.calls(args.r).items():
        print("%6.0f ms   %s" % (statistics.median(times), call))


if __name__ == "__main__":
    main()
