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


# stall.py DIRECTORY UID: mounts there what a user would by fusermount3(1), with
# allow_other, and answers nothing more once that is there.

import ctypes
import os
import signal
import struct
import sys

INIT = 26

libc = ctypes.CDLL(None, use_errno=True)
fd = os.open("/dev/fuse", os.O_RDWR)
options = "fd=%d,rootmode=40000,user_id=%s,group_id=0,allow_other" % (fd,
    sys.argv[2])
if libc.mount(b"stall,user_id=0, ", sys.argv[1].encode(), b"fuse.stall",
        6, options.encode()) == -1:
    sys.exit("mount: " + os.strerror(ctypes.get_errno()))
_, opcode, unique = struct.unpack("=IIQ", os.read(fd, 65536)[:16])
if opcode != INIT:
    sys.exit("not asked to begin")
body = struct.pack("=4I2H2I2H8I", 7, 26, 0, 0, 1, 1, 4096, 1, *[0] * 10)
os.write(fd, struct.pack("=IiQ", 16 + len(body), 0, unique) + body)
print("there", flush=True)
signal.pause()
