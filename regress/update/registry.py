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

"""registry.py PORT DIRECTORY: a registry of images, as far as pulls need it.

DIRECTORY has files of names, and blobs by their digests, all of them put
there by add.  While a file `slow' is in it, blobs are sent up to their half,
and while there is one `hang', nothing is said of a name.  Names that were asked
about are lines of `asked', and those that were told of lines of `told'.
"""
import hashlib
import http.server
import json
import os
import sys
import tarfile
import time

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"


def add(directory, name, archive):
    """Takes over what `docker save' wrote."""
    def blob(data, kind):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        with open(os.path.join(directory, digest), "wb") as f:
            f.write(data)
        return {"mediaType": kind, "size": len(data), "digest": digest}

    with tarfile.open(archive) as tar:
        def member(path):
            return tar.extractfile(path).read()
        saved = json.loads(member("manifest.json"))[0]
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": blob(member(saved["Config"]), CONFIG),
            "layers": [blob(member(p), LAYER) for p in saved["Layers"]]})
    digest = blob(manifest.encode(), MANIFEST)["digest"]
    path = os.path.join(directory, name.replace("/", "_"))
    with open(path + ".new", "w") as f:
        f.write(digest)
    os.rename(path + ".new", path)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        part = self.path.split("/")
        if self.path == "/v2/":
            return self.answer(b"{}", "application/json", "")
        name, digest = "_".join(part[2:-2]), part[-1]
        named = part[-2] == "manifests" and not digest.startswith("sha256:")
        if named:
            self.note("asked", name)
            while os.path.exists(os.path.join(self.directory, "hang")):
                time.sleep(0.05)
            try:
                with open(os.path.join(self.directory, name)) as f:
                    digest = f.read()
            except OSError:
                digest = "none"
        try:
            with open(os.path.join(self.directory, digest), "rb") as f:
                data = f.read()
        except OSError:
            self.send_error(404)
            return None
        self.answer(data, MANIFEST if part[-2] == "manifests" else
                    "application/octet-stream", digest)
        if named:
            self.note("told", name)
        return None

    def note(self, file, line):
        with open(os.path.join(self.directory, file), "a") as f:
            f.write(line + "\n")

    def answer(self, data, kind, digest):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if self.command == "HEAD":
            return
        slow = os.path.join(self.directory, "slow")
        if kind == "application/octet-stream" and os.path.exists(slow):
            self.wfile.write(data[:len(data) // 2])
            self.wfile.flush()
            while os.path.exists(slow):
                time.sleep(0.05)
            self.close_connection = True
            return
        self.wfile.write(data)

    def log_message(self, *args):
        pass


if sys.argv[1] == "add":
    add(*sys.argv[2:])
else:
    Handler.directory = sys.argv[2]
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])),
                                    Handler).serve_forever()
