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

# fake.py MODE [CERT KEY]: listens on a port of the loopback's, prints it, and
# is no good engine.  "relay PORT" passes on to another one, until it is killed.

import socket
import ssl
import sys
import threading


def listen():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(16)
    print(s.getsockname()[1], flush=True)
    return s


def pass_on(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(c, mode, files):
    if mode == "stall":
        threading.Event().wait()
    if mode == "garbage":
        c.sendall(bytes(range(256)) * 16)
    elif mode == "plain":
        c.recv(65536)
        c.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    elif mode == "close":
        c.recv(65536)
    elif mode == "relay":
        to = socket.create_connection(("127.0.0.1", int(files[0])))
        threading.Thread(target=pass_on, args=(to, c), daemon=True).start()
        pass_on(c, to)
        return
    else:
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(*files)
        try:
            c = ctx.wrap_socket(c, server_side=True)
            c.recv(65536)
        except OSError:
            c.close()
            return
        if mode == "silent":
            threading.Event().wait()
        if mode == "other":
            c.sendall(b"220 mail.example.org ESMTP\r\n")
        elif mode == "endless":
            c.sendall(b"HTTP/1.1 200 OK\r\n")
            try:
                while True:
                    c.sendall(b"X: y\r\n" * 100)
            except OSError:
                pass
        elif mode == "engine":
            c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    c.close()


sock = listen()
while True:
    conn = sock.accept()[0]
    threading.Thread(target=serve, args=(conn, sys.argv[1], sys.argv[2:]),
        daemon=True).start()
