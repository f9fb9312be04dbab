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

"""weak.py LISTEN ENGINE KEY=JSON ...: an engine that leaves a defence out.

The agent's container, the one without a network, is made with these keys of
the request altered; what is said of it is what would be said of the container
that was asked for, which is made for that and removed.
"""

import json
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "engine"))
from fault import altered, body_of, hand_on, head_of, reply  # noqa: E402

honest = {}     # what is said of a container, by its id


def ask(path, head, body=b""):
    """One request of our own: status and body of the answer."""
    engine = socket.socket(socket.AF_UNIX)
    engine.connect(path)
    engine.sendall(head.encode() + b"\r\nHost: x\r\nConnection: close\r\n"
                   b"Content-Type: application/json\r\n"
                   b"Content-Length: %d\r\n\r\n" % len(body) + body)
    answer = head_of(engine)
    data = body_of(engine, answer)
    engine.close()
    return int(answer.split()[1]), data


def create(path, target, body, keys):
    version = target.split("/")[1]
    request = f"POST {target} HTTP/1.1"
    status, data = ask(path, request, body)
    if json.loads(body)["HostConfig"].get("NetworkMode") != "none" or \
            status != 201:
        return status, data
    one = json.loads(data)["Id"]
    said = ask(path, f"GET /{version}/containers/{one}/json HTTP/1.1")[1]
    ask(path, f"DELETE /{version}/containers/{one}?force=1 HTTP/1.1")
    for key in keys:
        body = altered(body, "set", key)
    status, data = ask(path, request, body)
    if status == 201:
        other = json.loads(data)["Id"]
        honest[other] = said.replace(one.encode(), other.encode())
    return status, data


def serve(client, path, keys):
    try:
        head = head_of(client)
        if head is None:
            return
        method, target = head.decode("latin-1").split()[:2]
        looked = re.search("/containers/([0-9a-f]{64})/json$", target)
        if method == "POST" and "/containers/create" in target:
            client.sendall(reply(*create(path, target, body_of(client, head),
                                         keys)))
        elif looked is not None and looked.group(1) in honest:
            client.sendall(reply(200, honest[looked.group(1)]))
        else:
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(path)
            engine.sendall(head)
            hand_on(client, engine)
            engine.close()
    except OSError:
        pass
    finally:
        client.close()


def main():
    listen, path, keys = sys.argv[1], sys.argv[2], sys.argv[3:]
    server = socket.socket(socket.AF_UNIX)
    server.bind(listen)
    os.chmod(listen, 0o666)
    server.listen(64)
    print("listening", flush=True)
    while True:
        client = server.accept()[0]
        threading.Thread(target=serve, args=(client, path, keys),
                         daemon=True).start()


main()
