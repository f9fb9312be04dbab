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



"""terminal.py claudesec directory [-r rounds]: see terminal."""

import argparse
import fcntl
import os
import pty
import statistics
import struct
import subprocess
import sys
import termios
import time

IMAGE = "claudesec/claude"
SIZE = 10000000
SCRIPT = ("printf BEGIN; yes \"$(printf '\\033[38;2;1;2;3mdrawn \\342\\224\\200"
          " \\033[1;32mtext\\033[m and more of it')\" | head -c %d; "
          "printf '\\033[mTHE-END'" % SIZE)
COMMAND = ["sh", "-c", SCRIPT]


def run(command, cwd):
    """Milliseconds of the stream, and of all."""
    start = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))
    begin = end = None
    total = 0
    tail = b""
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        total += len(data)
        tail = (tail + data)[-200000:]
        if begin is None and b"BEGIN" in tail:
            begin = time.monotonic()
        if end is None and b"THE-END" in tail[-200:]:
            end = time.monotonic()
    os.close(fd)
    status = os.waitpid(pid, 0)[1]
    if status != 0 or begin is None or end is None or total < SIZE:
        sys.exit("terminal: failed (%d, %d bytes): %s" %
                 (status, total, command[0]))
    return (end - begin) * 1000, (time.monotonic() - start) * 1000


def main():
    p = argparse.ArgumentParser()
    p.add_argument("claudesec")
    p.add_argument("directory")
    p.add_argument("-r", dest="rounds", type=int, default=9)
    args = p.parse_args()
    sock = os.path.join(args.directory, "sock")
    conf = os.path.join(args.directory, "conf")
    work = os.path.join(args.directory, "work")
    os.makedirs(work, exist_ok=True)
    with open(conf, "w") as f:
        f.write("credentials none\n")
    daemon = subprocess.Popen([args.claudesec, "-d", "-f", conf, "-s", sock],
                              stderr=subprocess.DEVNULL)
    for _ in range(200):
        if subprocess.run([args.claudesec, "-s", sock, "status"],
                          stderr=subprocess.DEVNULL).returncode == 0:
            break
        time.sleep(0.05)
    ours = [args.claudesec, "-s", sock, "shell", "--"] + COMMAND
    docker = ["docker", "run", "-it", "--rm", "--network", "none",
              IMAGE] + COMMAND
    rows = []
    try:
        run(docker, work)
        run(ours, work)
        for _ in range(args.rounds):
            rows.append(run(ours, work) + run(docker, work))
            time.sleep(1)
    finally:
        daemon.terminate()
        daemon.wait()
    print("%-12s %10s %10s %7s" % ("", "claudesec", "docker", "ratio"))
    for name, i in (("stream", 0), ("all", 1)):
        print("%-12s %7.0f ms %7.0f ms %7.2f" % (
            name, statistics.median(r[i] for r in rows),
            statistics.median(r[i + 2] for r in rows),
            statistics.median(r[i] / r[i + 2] for r in rows)))


main()
