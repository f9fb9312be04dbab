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


"""sessions.py claudesec directory [-n number] [-a at a time]: see sessions."""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time

from start import Daemon


def pss(pids):
    """Kilobytes."""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                total += sum(int(line.split()[1]) for line in f
                             if line.startswith("Pss:"))
        except OSError:
            pass
    return total


def descriptors(pids):
    return sum(len(os.listdir("/proc/%d/fd" % pid)) for pid in pids)


def family(pid):
    """A process and all below it."""
    found = [pid]
    for p in found:
        with open("/proc/%d/task/%d/children" % (p, p)) as f:
            found += [int(child) for child in f.read().split()]
    return found


def containers(daemon, suffix):
    out = subprocess.run(
        ["docker", "ps", "-q", "--filter",
         "label=claudesec.role=" + suffix], capture_output=True,
        check=True).stdout.decode().split()
    return out


def proxies(daemon):
    pids = []
    for container in containers(daemon, "proxy"):
        out = subprocess.run(["docker", "top", container, "-eo", "pid"],
                             capture_output=True).stdout.decode()
        pids.append([int(p) for p in out.split()[1:]])
    return pids


class Session:
    """One that says x and waits for its input to end."""

    def __init__(self, daemon, number):
        self.directory = os.path.join(daemon.work, "s%02d" % number)
        os.makedirs(self.directory, exist_ok=True)
        self.command = daemon.client + ["shell", "--", "sh", "-c",
                                        "echo x; read x"]

    def start(self):
        begin = time.monotonic()
        self.process = subprocess.Popen(
            self.command, cwd=self.directory, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        if self.process.stdout.read(1) != b"x":
            sys.exit("sessions: a session does not start")
        self.took = (time.monotonic() - begin) * 1000

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def each(function, sessions):
    threads = [threading.Thread(target=function, args=(s,)) for s in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("claudesec")
    parser.add_argument("directory")
    parser.add_argument("-n", type=int, default=64)
    parser.add_argument("-a", type=int, default=8)
    args = parser.parse_args()
    daemon = Daemon(args)
    daemon.start()
    pid = daemon.pid()
    try:
        daemon.session()
        daemon.spare()
        before = pss(family(pid)), descriptors(family(pid))
        sessions = [Session(daemon, i) for i in range(args.n)]
        for i in range(0, args.n, args.a):
            batch = sessions[i:i + args.a]
            each(Session.start, batch)
            print("%2d to %2d: %5.0f ms" %
                  (i + 1, i + len(batch),
                   statistics.median(s.took for s in batch)))
        during = pss(family(pid))
        each_proxy = [pss(p) for p in proxies(daemon)]
        for i in range(0, args.n, args.a):
            each(Session.end, sessions[i:i + args.a])
        subprocess.run(daemon.client + ["stop", "-a"], check=True)
        daemon.spare()
        after = pss(family(pid)), descriptors(family(pid))
        left = len(containers(daemon, "agent"))
    finally:
        daemon.stop()
    print("daemon: %d kB before, %d kB with %d sessions (%d kB each), "
          "%d kB after" % (before[0], during, args.n,
                           (during - before[0]) // args.n, after[0]))
    print("descriptors of the daemon: %d before, %d after" %
          (before[1], after[1]))
    print("proxy: %d kB each, median" % statistics.median(each_proxy))
    print("agents left: %d" % left)


if __name__ == "__main__":
    main()
