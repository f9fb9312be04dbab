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


"""keys.py KEPT COMMAND ...: runs it in a terminal, raw, and says which bytes
do not come back at once.  Those in KEPT are expected not to, and are waited for
less long.  The command is to say "ready", and then each byte of its input as
<number>."""

import os
import pty
import select
import sys
import time


def read(fd, seconds, wanted):
    data = b""
    end = time.time() + seconds
    while wanted not in data and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            data += os.read(fd, 4096)
    return data


pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
if b"ready" not in read(fd, 60, b"ready\n"):
    sys.exit("not ready")
kept = [int(key) for key in sys.argv[1].split()]
late = []
for key in range(256):
    os.write(fd, bytes([key]))
    wanted = b"<%d>" % key
    if read(fd, 1 if key in kept else 30, wanted) != wanted:
        late.append(key)
        read(fd, 0.2, b"nothing")
print(" ".join(str(key) for key in late))
os.write(fd, b"\x10\x11e")
if read(fd, 30, b"<101>")[-13:] != b"<16><17><101>":
    print("^P^Q")
os.close(fd)
os.waitpid(pid, 0)
