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
#

"""fault.py LISTEN ENGINE [FAULT ...]: a container engine that goes wrong.

Hands each connection on to the real engine at ENGINE, but for the requests
that a FAULT is for: METHOD,PATH,KIND[,ARGUMENT], PATH being a regular
expression.  Of several that fit the first is taken.

    close           hangs up without a word
    half            hangs up in the middle of the head
    body            hangs up in the middle of the body
    stall           never says anything
    say,TEXT        answers with these bytes and hangs up
    status,NUMBER   answers with that status and JSON
    heads           answers with a head that does not end
    endless         answers with a body that does not end
    deep            answers with JSON of great depth
    slow            lets each byte of the answer wait
    later           hands on, and hangs up when the answer has begun
    set,KEY=JSON    hands on, and alters the answer: KEY is a path with dots
    drop,KEY        hands on, and takes KEY out of the answer
    run,COMMAND     runs this with the shell, and hands on
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time


def head_of(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(1)
        if not more:
            return None
        data += more
    return data


def body_of(sock, head):
    length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
    if length is not None:
        data = b""
        while len(data) < int(length.group(1)):
            more = sock.recv(65536)
            if not more:
                break
            data += more
        return data
    data = b""
    if re.search(rb"(?i)\ntransfer-encoding: *chunked", head):
        lines = sock.makefile("rb")
        while True:
            size = int(lines.readline().split(b";")[0], 16)
            data += lines.read(size)
            lines.readline()
            if size == 0:
                break
    return data


def pump(source, sink):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def hand_on(client, engine):
    back = threading.Thread(target=pump, args=(engine, client), daemon=True)
    back.start()
    pump(client, engine)
    back.join()


def reply(status, body):
    return (b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % (status, len(body))) + body


def altered(data, kind, argument):
    value = json.loads(data)
    key, _, new = argument.partition("=")
    keys = key.split(".")
    where = value
    for k in keys[:-1]:
        where = where[int(k)] if isinstance(where, list) else where[k]
    last = int(keys[-1]) if isinstance(where, list) else keys[-1]
    if kind == "drop":
        del where[last]
    else:
        where[last] = json.loads(new)
    return json.dumps(value).encode()


def alter(client, engine, kind, argument):
    head = head_of(engine)
    body = body_of(engine, head)
    status = int(head.split()[1])
    if status < 300:
        body = altered(body, kind, argument)
    client.sendall(reply(status, body))


def go_wrong(client, kind, argument):
    """What needs no engine; True if that was it."""
    if kind == "half":
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    elif kind == "body":
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    elif kind == "stall":
        while client.recv(65536):
            pass
    elif kind == "say":
        client.sendall(argument.encode().decode("unicode_escape").encode(
            "latin-1"))
    elif kind == "status":
        client.sendall(reply(int(argument), b'{"message":"no\\nluck \\u001b"}'))
    elif kind == "heads":
        client.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            client.sendall(b"X: y\r\n" * 10000)
    elif kind == "endless":
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n[")
        while True:
            client.sendall(b" " * 65536)
    elif kind == "deep":
        client.sendall(reply(200, b"[" * 100000 + b"]" * 100000))
    elif kind == "slow":
        for byte in reply(200, b'{"message":"at last"}'):
            client.sendall(bytes([byte]))
            time.sleep(0.01)
    elif kind != "close":
        return False
    return True


def serve(client, path, faults):
    try:
        head = head_of(client)
        if head is None:
            return
        method, target = head.decode("latin-1").split()[:2]
        kind = argument = ""
        for fault in faults:
            m, pattern, k, a = (fault.split(",", 3) + [""])[:4]
            if m == method and re.search(pattern, target):
                kind, argument = k, a
                break
        if kind in ("say", "status"):
            body_of(client, head)
        if kind and go_wrong(client, kind, argument):
            return
        if kind == "run":
            subprocess.run(argument, shell=True, check=True)
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(path)
        engine.sendall(head)
        if kind in ("set", "drop"):
            engine.sendall(body_of(client, head))
            alter(client, engine, kind, argument)
        elif kind == "later":
            engine.sendall(body_of(client, head))
            client.sendall(head_of(engine))
        else:
            hand_on(client, engine)
        engine.close()
    except OSError:
        pass
    finally:
        client.close()


def main():
    listen, path, faults = sys.argv[1], sys.argv[2], sys.argv[3:]
    if os.path.exists(listen):
        os.unlink(listen)
    server = socket.socket(socket.AF_UNIX)
    server.bind(listen)
    os.chmod(listen, 0o666)
    server.listen(64)
    print("listening", flush=True)
    while True:
        client, _ = server.accept()
        threading.Thread(target=serve, args=(client, path, faults),
                         daemon=True).start()


if __name__ == "__main__":
    main()
