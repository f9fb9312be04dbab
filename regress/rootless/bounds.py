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


"""bounds.py LISTEN ENGINE [honest]: between claudesec and a container engine
that cannot bound anything here: says that it can, and that what it made has the
bounds that it was asked for.  So all else of such an engine can be seen, for
`inside' is not told to look for them; unless it is honest to that.
"""
import http.client
import json
import os
import re
import socket
import socketserver
import sys
import threading

listen, engine = sys.argv[1:3]
honest = len(sys.argv) > 3
VARIABLE = "CLAUDESEC_BOUNDS"
asked = {}


class Engine(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("engine")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(engine)


def bounds(body):
    """Those of a request, in the words of an answer."""
    host = body.get("HostConfig")
    if host is not None:
        return {k: host[k] for k in ("Memory", "MemorySwap", "PidsLimit",
                                     "NanoCpus") if k in host}
    limits = body.get("resource_limits", {})
    return {"Memory": limits["memory"]["limit"],
            "MemorySwap": limits["memory"]["swap"],
            "PidsLimit": limits["pids"]["limit"]}


def untold(body):
    """Takes the variable out of a request, and says what it was."""
    env = body.get("Env", body.get("env"))
    if isinstance(env, dict):
        return [VARIABLE + "=" + env.pop(VARIABLE)] if VARIABLE in env else []
    told = [v for v in env or [] if v.startswith(VARIABLE + "=")]
    for v in told:
        env.remove(v)
    return told


def better(path, reply):
    if path.endswith("/info"):
        if "host" in reply:
            reply["host"].update(cgroupVersion="v2", cgroupControllers=[
                "cpu", "memory", "pids"])
        else:
            reply.update(CgroupVersion="2", MemoryLimit=True, PidsLimit=True,
                         CpuCfsQuota=True)
    else:
        limits, env = asked.get(reply["Id"], ({}, []))
        reply["HostConfig"].update(limits)
        config = reply["Config"]
        config["Env"] = (config.get("Env") or []) + env


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        method, path = head.decode().split(" ")[:2]
        creates = "/containers/create" in path
        if creates or path.endswith("/info") or (method == "GET" and re.search(
                "/containers/[0-9a-f]{64}/json$", path)):
            self.change(method, path, head, creates)
        else:
            self.relay(head)

    def change(self, method, path, head, creates):
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        body = self.rfile.read(int(length.group(1))) if length else b""
        told = []
        if creates and not honest:
            spec = json.loads(body)
            told = untold(spec)
            body = json.dumps(spec).encode()
        connection = Engine()
        connection.request(method, path, body,
                           {"Content-Type": "application/json"})
        response = connection.getresponse()
        data = response.read()
        if response.status < 300:
            reply = json.loads(data)
            if creates:
                asked[reply["Id"]] = bounds(json.loads(body)), told
            else:
                better(path, reply)
            data = json.dumps(reply).encode()
        self.wfile.write(b"HTTP/1.1 %d -\r\nContent-Type: application/json\r\n"
                         b"Content-Length: %d\r\nConnection: close\r\n\r\n" %
                         (response.status, len(data)) + data)

    def relay(self, head):
        other = socket.socket(socket.AF_UNIX)
        other.connect(engine)
        other.sendall(head)
        back = threading.Thread(target=self.copy,
                                args=(other.recv, self.connection))
        back.start()
        self.copy(self.rfile.read1, other)
        back.join()

    @staticmethod
    def copy(read, to):
        try:
            while True:
                data = read(65536)
                if not data:
                    break
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


server = Server(listen, Handler)
os.chmod(listen, 0o666)
server.serve_forever()
