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


"""secret.py SECRET PID ...: where in these processes it stands, a line each:
their memory, as far as there is any, their environment and arguments, and the
files that they have mapped.  Wants root."""

import os
import struct
import sys

PAGE = os.sysconf("SC_PAGE_SIZE")
secret = sys.argv[1].encode()
seen_files = []


def resident(pagemap, start, end):
    """The parts of a mapping that are in memory or swapped out."""
    first = None
    pagemap.seek(start // PAGE * 8)
    n = (end - start) // PAGE
    for i in range(0, n, 65536):
        data = pagemap.read(min(65536, n - i) * 8)
        if not any(data):
            entries = ()
        else:
            entries = struct.unpack("%dQ" % (len(data) // 8), data)
        for j in range(min(65536, n - i)):
            there = j < len(entries) and entries[j] >> 62
            at = start + (i + j) * PAGE
            if there and first is None:
                first = at
            elif not there and first is not None:
                yield first, at
                first = None
            if not entries:
                break
    if first is not None:
        yield first, end


def search(pid):
    base = "/proc/" + pid
    for name in ("environ", "cmdline"):
        with open(base + "/" + name, "rb") as f:
            if secret in f.read():
                yield name
    with open(base + "/maps") as maps, open(base + "/mem", "rb") as mem, \
            open(base + "/pagemap", "rb") as pagemap:
        for line in maps:
            words = line.split(None, 5)
            path = words[5].strip() if len(words) > 5 else ""
            if path.startswith("/") and words[3:5] not in seen_files:
                seen_files.append(words[3:5])
                try:
                    with open(base + "/root" + path, "rb") as f:
                        if secret in f.read():
                            yield path
                except OSError:
                    pass
            if "r" not in words[1] or path.startswith("[v"):
                continue
            start, end = (int(x, 16) for x in words[0].split("-"))
            for a, b in resident(pagemap, start, end):
                mem.seek(a)
                try:
                    if secret in mem.read(b - a):
                        yield "memory " + path
                except OSError:
                    pass


for pid in sys.argv[2:]:
    try:
        name = open("/proc/%s/cmdline" % pid).read()
        name = name.replace("\0", " ").replace("\n", " ")
        for where in search(pid):
            print(pid, name.strip(), where)
    except (FileNotFoundError, ProcessLookupError):
        pass
