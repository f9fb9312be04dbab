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

# registry.py ADDRESS PORT CERTIFICATE KEY NAME: a package registry of one
# package, NAME 1.0.0, which has an index.js.

import base64
import hashlib
import http.server
import io
import json
import ssl
import sys
import tarfile

address, port, cert, key, name = sys.argv[1:]


def tarball():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path, text in (("package.json", json.dumps(
                {"name": name, "version": "1.0.0"})),
                ("index.js", "module.exports = 42\n")):
            info = tarfile.TarInfo("package/" + path)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


TGZ = tarball()


class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/" + name:
            url = "https://%s/%s.tgz" % (self.headers["Host"], name)
            sum = base64.b64encode(hashlib.sha512(TGZ).digest()).decode()
            body = json.dumps({
                "name": name, "dist-tags": {"latest": "1.0.0"},
                "versions": {"1.0.0": {
                    "name": name, "version": "1.0.0",
                    "dist": {"tarball": url,
                             "integrity": "sha512-" + sum}}}}).encode()
        elif self.path == "/%s.tgz" % name:
            body = TGZ
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer((address, int(port)), Registry)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
