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


"""clients.py socket kind: clients that are not what they should be."""

import os
import signal
import socket
import sys
import time


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(path)
    return s


def ends(s):
    """Is it hung up on?"""
    try:
        while s.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except socket.timeout:
        return False
    return True


def garbage(path):
    clients = []
    for n in (1, 12, 100, 5000, 70000):
        s = connect(path)
        try:
            s.sendall(os.urandom(n))
        except (BrokenPipeError, ConnectionResetError):
            pass
        clients.append(s)
    return all([ends(s) for s in clients])


def half(path):
    """What never becomes a request is hung up on after five seconds."""
    s = connect(path)
    s.sendall(b"\x0e\x00\x00\x00\x00")
    start = time.monotonic()
    return ends(s) and time.monotonic() - start < 50


def deaf(path):
    """Takes nothing of what it is told, and sends on and on."""
    s = connect(path)
    s.settimeout(2)
    try:
        for _ in range(1000):
            s.sendall(b"x" * 65536)
    except (OSError, socket.timeout):
        pass
    return True


def many(path):
    """Idle ones, more than the daemon has descriptors, until it is ended."""
    clients = []
    for _ in range(60):
        s = socket.socket(socket.AF_UNIX)
        s.setblocking(False)
        try:
            s.connect(path)
        except BlockingIOError:
            break
        clients.append(s)
    while True:
        signal.pause()


kinds = {"garbage": garbage, "half": half, "deaf": deaf, "many": many}
sys.exit(0 if kinds[sys.argv[2]](sys.argv[1]) else 1)
