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


"""A name server for tests, over UDP and TCP.

usage: dns.py address port log name=address[,address] ...

Each question becomes one JSON line in the log before it is answered.  Names
on the command line have A records (and AAAA, for addresses with a colon),
all others do not exist.  "name=" alone makes a name that is never answered.
"""

import json
import socket
import socketserver
import struct
import sys
import threading
import time

TYPES = {1: 'A', 5: 'CNAME', 15: 'MX', 16: 'TXT', 28: 'AAAA', 64: 'SVCB',
         65: 'HTTPS', 255: 'ANY'}
lock = threading.Lock()
zone = {}
log = None


def name_at(data, offset):
    """The name at an offset, which a question holds uncompressed."""
    labels = []
    while data[offset]:
        end = offset + 1 + data[offset]
        labels.append(data[offset + 1:end].decode('latin-1'))
        offset = end
    return '.'.join(labels), offset + 1


def records(name, qtype):
    family, size = {1: (socket.AF_INET, 4), 28: (socket.AF_INET6, 16)}.get(
        qtype, (None, 0))
    for address in zone[name]:
        if (':' in address) == (size == 16) and size:
            yield struct.pack('>HHHIH', 0xc00c, qtype, 1, 60, size) + \
                socket.inet_pton(family, address)


def answer(data, how, peer):
    """The answer to a message, or None."""
    try:
        ident, flags, count = struct.unpack('>HHH', data[:6])
        name, end = name_at(data, 12)
        qtype, qclass = struct.unpack('>HH', data[end:end + 4])
    except (IndexError, struct.error):
        return None
    with lock:
        print(json.dumps({
            'time': time.time(), 'from': peer, 'over': how, 'name': name,
            'type': TYPES.get(qtype, str(qtype))}), file=log, flush=True)
    key = name.lower()
    if count != 1 or flags & 0x8000 or zone.get(key) == []:
        return None
    found = list(records(key, qtype)) if key in zone else []
    code = 0 if key in zone else 3
    return struct.pack('>HHHHHH', ident, 0x8480 | flags & 0x100 | code, 1,
                       len(found), 0, 0) + data[12:end + 4] + b''.join(found)


class UDP(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        reply = answer(data, 'udp', self.client_address[0])
        if reply:
            sock.sendto(reply, self.client_address)


class TCP(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self):
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            data = self.rfile.read(struct.unpack('>H', head)[0])
            reply = answer(data, 'tcp', self.client_address[0])
            if reply:
                self.wfile.write(struct.pack('>H', len(reply)) + reply)


class TCPServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main():
    global log
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    where = (sys.argv[1], int(sys.argv[2]))
    log = open(sys.argv[3], 'a')
    for entry in sys.argv[4:]:
        name, addresses = entry.split('=')
        zone[name.lower()] = addresses.split(',') if addresses else []
    tcp = TCPServer(where, TCP)
    threading.Thread(target=tcp.serve_forever, daemon=True).start()
    socketserver.UDPServer(where, UDP).serve_forever()


main()
