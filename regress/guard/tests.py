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


# tests.py DIRECTORY [case ...]: see run.sh.

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

USER = "nobody"
AS = ["setpriv", "--reuid", USER, "--regid", "nogroup", "--clear-groups"]
A, B, C = "a" * 64, "b" * 64, "c" * 64
tmp = sys.argv[1]
top = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
prefix = os.environ.get("CLAUDESEC_PREFIX",
    os.path.join(os.path.dirname(top), "inst"))
with open(os.path.join(prefix, "share/claudesec/seccomp.json")) as f:
    PROFILE = json.load(f)
workspace = os.path.join(tmp, "work", "space")
sock = os.path.join(tmp, "run", "sock")
daemon = "%d:%s" % (pwd.getpwnam(USER).pw_uid, sock)


class Witness(threading.Thread):
    """Notes each request, all of it, and answers what would be."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = []          # a connection each
        self.upgrade = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n" \
            b"Upgrade: tcp\r\n\r\n"
        self.containers = []
        self.after_create = None
        self.at_start = None
        path = os.path.join(tmp, "run", "engine")
        if os.path.exists(path):
            os.unlink(path)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(path)
        os.chmod(path, 0o666)
        self.listening.listen(128)

    def run(self):
        while True:
            try:
                conn, _ = self.listening.accept()
            except OSError:
                return
            note = bytearray()
            self.seen.append(note)
            threading.Thread(target=self.serve, args=(conn, note),
                daemon=True).start()

    def serve(self, conn, note):
        answered = False
        while True:
            try:
                data = conn.recv(65536)
            except OSError:
                return
            if not data:
                return
            note += data
            if not answered and complete(note):
                answered = True
                conn.sendall(self.answer(bytes(note)))

    def answer(self, request):
        line = request.split(b"\r\n")[0].decode()
        if "Upgrade: tcp" in request.decode(errors="replace"):
            return self.upgrade
        if "/containers/create" in line:
            body, status = {"Id": A, "Warnings": []}, "201 Created"
            if self.after_create is not None:
                self.after_create()
        elif line.endswith("/start HTTP/1.1") and self.at_start is not None:
            self.at_start()
            body, status = {}, "200 OK"
        elif line.endswith("/exec HTTP/1.1"):
            body, status = {"Id": B}, "201 Created"
        elif "/containers/json" in line:
            body, status = self.containers, "200 OK"
        elif line.startswith("DELETE"):
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        else:
            body, status = {}, "200 OK"
        text = json.dumps(body).encode()
        if len(text) > 1000:    # as dockerd does with what is long
            pieces = [text[i:i + 700] for i in range(0, len(text), 700)]
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + \
                b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + \
                b"0\r\n\r\n"
        return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (
            status.encode(), len(text), text)

    def all(self):
        return b"".join(bytes(n) for n in self.seen)


def complete(note):
    head, _, body = bytes(note).partition(b"\r\n\r\n")
    if not _:
        return False
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
        if line.lower() == b"transfer-encoding: chunked":
            return body.endswith(b"0\r\n\r\n")
    return True


class Failed(Exception):
    pass


def run(*commands, witness=None):
    """The daemon with this script; what it logged, and the witness."""
    witness = witness or Witness()
    witness.start()
    script = b"".join(c if isinstance(c, bytes) else c.encode() + b"\n"
        for c in commands)
    with open(os.path.join(tmp, "script"), "wb") as f:
        f.write(script)
    with open(os.path.join(tmp, "conf"), "w") as f:
        f.write('engine "unix://%s/run/engine"\nca "%s/script"\n'
            'credentials none\nnetwork "services"\n' % (tmp, tmp))
    log = os.path.join(tmp, "log")
    with open(log, "w") as f:
        p = subprocess.Popen(AS + [os.path.join(tmp, "puppet"), "-d",
            "-f", os.path.join(tmp, "conf"), "-s", sock], stderr=f)
    try:
        for _ in range(600):
            with open(log) as f:
                text = f.read()
            if "puppet: end" in text or p.poll() is not None:
                break
            time.sleep(0.05)
        if "puppet: end" not in text:
            raise Failed("no end: " + text)
    finally:
        p.send_signal(signal.SIGTERM)
        p.wait()
        witness.listening.close()
    return text, witness


def send(data):
    return b"send %d\n%s" % (len(data), data)


def request(method, path, body=None, more="", raw=None, version="/v1.41"):
    text = raw if raw is not None else \
        "" if body is None else json.dumps(body)
    lines = ["%s %s%s HTTP/1.1" % (method, version, path), "Host: engine",
        "Accept: */*", "Content-Type: application/json"]
    if method == "POST":
        lines.append("Content-Length: %d" % len(text.encode()))
    return send(("\r\n".join(lines) + "\r\n" + more + "\r\n" +
        text).encode())


UPGRADE = "Connection: Upgrade\r\nUpgrade: tcp\r\n"
ATTACH = "/attach?stream=1&stdin=1&stdout=1&stderr=1"
LABELS = {"claudesec.daemon": daemon, "claudesec.role": "agent"}
LOG = {"Type": "json-file", "Config": {"max-size": "8m", "max-file": "2"}}


def volume(agent):
    return {"Type": "volume", "Source": "claude-a-run", "Target":
        "/run/claudesec", "ReadOnly": agent, "VolumeOptions": {"NoCopy":
        agent}}


def sidecar():
    return {"Image": "sha256:" + C, "User": "13:13", "Hostname": "proxy",
        "Cmd": ["/proxyd", "-d", "-f", "-"], "Labels": LABELS,
        "AttachStdin": True, "AttachStdout": True, "AttachStderr": True,
        "OpenStdin": True, "StdinOnce": False, "Tty": False,
        "Healthcheck": {"Test": ["NONE"]}, "HostConfig": {
        "NetworkMode": "proxy-external", "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"], "Privileged": False,
        "ReadonlyRootfs": True, "IpcMode": "private", "CgroupnsMode":
        "private", "PidMode": "", "Memory": 1, "MemorySwap": 1,
        "PidsLimit": 16, "Ulimits": [], "LogConfig": LOG,
        "Mounts": [volume(False)]}}


def bind(source, target="/workspace"):
    return {"Type": "bind", "Source": source, "Target": target, "ReadOnly":
        False, "BindOptions": {"Propagation": "rprivate"}}


def agent(source=None):
    pw = pwd.getpwnam(USER)
    return {"Image": "sha256:" + C, "User": "%d:%d" % (pw.pw_uid, pw.pw_gid),
        "Hostname": "a", "WorkingDir": "/workspace", "Entrypoint":
        ["/run/claudesec/inside"], "Cmd": ["--", "true"], "Env": ["A=b"],
        "Labels": LABELS, "AttachStdin": True, "AttachStdout": True,
        "AttachStderr": True, "OpenStdin": True, "StdinOnce": True,
        "Tty": False, "StopSignal": "SIGTERM", "Healthcheck": {"Test":
        ["NONE"]}, "HostConfig": {"NetworkMode": "none", "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", "seccomp=" +
        json.dumps(PROFILE)], "Privileged": False, "ReadonlyRootfs": True,
        "IpcMode": "private", "CgroupnsMode": "private", "PidMode": "",
        "Init": True, "Memory": 1, "MemorySwap": 1, "PidsLimit": 1,
        "NanoCpus": 1, "ShmSize": 1, "Sysctls":
        {"net.ipv4.ip_unprivileged_port_start": "0"}, "Dns": ["127.0.0.1"],
        "DnsSearch": ["."], "Ulimits": [], "LogConfig": LOG, "Tmpfs": {},
        "Mounts": [bind(source or workspace), volume(True)]}}


def refused(text, witness, status=403, n=1):
    """Told so, each time, and the witness knows of nothing."""
    if text.count("puppet: answer: HTTP/1.1 %d " % status) != n:
        raise Failed("not refused: " + text)
    if witness.all() != b"":
        raise Failed("it was told: %r" % witness.all()[:200])


def passed(text, n=1):
    if text.count("puppet: answer: HTTP/1.1 20") != n:
        raise Failed("not passed: " + text)


def no(*asks, status=403):
    """Each of these, on a way of its own; with a workspace that there is."""
    script = ["workspace " + workspace]
    for ask in asks:
        script += ["connect", ask, "answer"]
    refused(*run(*script), status=status, n=len(asks))


def create(spec, name="claude-a"):
    return request("POST", "/containers/create?name=" + name, spec)


def changed(change):
    spec = agent()
    change(spec, spec["HostConfig"])
    return create(spec)


def host(key, value):
    return changed(lambda s, h: h.update({key: value}))


SIDECAR = ("connect", create(sidecar(), "claude-a-proxy"), "answer")


# What passes: or nothing here says anything.

def test_a_workspace_that_was_verified():
    text, witness = run("workspace " + workspace, "connect", create(agent()),
        "answer")
    passed(text)
    head, _, body = witness.all().partition(b"\r\n\r\n")
    if json.loads(body) != agent():
        raise Failed("it was told something else: %r" % body)
    if head.split(b"\r\n") != [
            b"POST /v1.41/containers/create?name=claude-a HTTP/1.1",
            b"Host: engine", b"Content-Type: application/json",
            b"Content-Length: %d" % len(body)]:
        raise Failed("its head is %r" % head)


def test_what_is_in_it_in_its_place():
    passed(run("workspace " + workspace, "connect", changed(lambda s, h:
        h["Mounts"].append(bind(workspace + "/.git", "/workspace/.git"))),
        "answer")[0])


def test_a_sidecar():
    passed(run(*SIDECAR)[0])


def start(witness=None):
    """What is in the workspace is mounted as well, and then it starts."""
    return run("workspace " + workspace, "connect", changed(lambda s, h:
        h["Mounts"].append(bind(workspace + "/a/b", "/workspace/a/b"))),
        "answer", "connect", request("POST", "/containers/%s/start" % A),
        "answer", witness=witness)


def clear():
    shutil.rmtree(workspace)
    os.makedirs(workspace + "/a/b")
    for path in workspace, workspace + "/a", workspace + "/a/b":
        os.chown(path, pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid)


def test_a_start():
    clear()
    text, witness = start()
    passed(text, 2)
    if b"/start" not in witness.all():
        raise Failed("%r" % witness.all())


# Files of the host.

def test_a_link_in_its_place():
    def link(path):
        shutil.rmtree(path)
        os.symlink("/etc", path)

    for change in (lambda: link(workspace + "/a/b"),
            lambda: link(workspace + "/a"), lambda: link(workspace),
            lambda: shutil.rmtree(workspace + "/a")):
        clear()
        witness = Witness()
        witness.after_create = change
        text, witness = start(witness)
        if os.path.islink(workspace):
            os.unlink(workspace)
            os.makedirs(workspace)
        if text.count("puppet: answer: HTTP/1.1 403") != 1 or \
                b"/start" in witness.all():
            raise Failed(text)
    clear()


def test_no_workspace_at_all():
    refused(*run("connect", create(agent()), "answer"))


def test_another_path():
    no(*[create(agent(path)) for path in ("/", "/etc", tmp,
        "/var/run/docker.sock", workspace + "/..", workspace + "/",
        workspace + "x", "/proc/self/root")])


def test_a_path_beside_it():
    no(*[changed(lambda s, h: h["Mounts"].append(bind(*m))) for m in (
        (workspace + "/../x", "/workspace/../x"),
        (workspace + "/a/../../x", "/workspace/a/../../x"),
        (workspace + "//x", "/workspace//x"),
        (workspace + "/a", "/workspace/b"), (workspace + "/a", "/etc"),
        ("/etc", "/workspace/etc"), ("/etc", "/etc"))])


def test_a_directory_that_is_refused():
    text, witness = run("workspace " + tmp, "connect", create(agent(tmp)),
        "answer")
    if "puppet: workspace: %s: holds " % tmp not in text:
        raise Failed("not judged: " + text)
    refused(text, witness)


def test_binds_in_other_ways():
    no(host("Binds", ["/:/host"]), host("binds", ["/:/host"]),
        request("POST", "/volumes/create", {"Name": "claude-x", "Driver":
        "local", "Labels": LABELS, "DriverOpts": {"type": "none", "o":
        "bind", "device": "/"}}),
        changed(lambda s, h: h["Mounts"][1]["VolumeOptions"].update(
        DriverConfig={"Name": "local", "Options": {"device": "/"}})),
        changed(lambda s, h: h["Mounts"][1].update(Source="/etc")))


def test_another_user():
    no(*[changed(lambda s, h: s.update(User=u)) for u in ("0:0", "0", "root",
        "", "1:1", "13:13")])


def test_archives():
    no(send(b"PUT /v1.41/containers/%s/archive?path=/ HTTP/1.1\r\n"
        b"Host: engine\r\nContent-Type: application/x-tar\r\n"
        b"Content-Length: 4\r\n\r\nabcd" % A.encode()),
        request("GET", "/containers/%s/archive?path=/" % A))


# Rights.

def test_rights():
    no(host("Privileged", True), host("CapAdd", ["SYS_ADMIN"]),
        host("CapDrop", []), host("Devices", [{"PathOnHost": "/dev/sda"}]),
        host("NetworkMode", "host"), host("NetworkMode", "container:" + B),
        host("NetworkMode", "bridge"), host("PidMode", "host"),
        host("IpcMode", "host"), host("UTSMode", "host"),
        host("UsernsMode", "host"), host("CgroupnsMode", "host"),
        host("VolumesFrom", [B]), host("SecurityOpt", ["seccomp=unconfined"]),
        host("SecurityOpt", ["no-new-privileges", "seccomp={}"]),
        host("Sysctls", {"kernel.core_pattern": "|/x"}),
        host("Runtime", "other"), host("CgroupParent", "/"),
        host("GroupAdd", ["0"]), host("ReadonlyRootfs", False))


def test_what_was_refused_is_logged():
    for ask, why in ((host("Tmpfs", {"/etc": ""}), "Tmpfs"),
            (create(agent("/etc\nx")), "/etc x"),
            (raw("{"), None)):
        text, witness = run("workspace " + workspace, "connect", ask,
            "answer")
        refused(text, witness)
        lines = [line for line in text.split("\n") if "refused: " in line]
        if len(lines) != 1 or not lines[0].endswith(
                ": not JSON" if why is None else
                ": what it asks for: " + why):
            raise Failed(text)


# Go takes a name in any letters, and the last of several.

def test_names_in_other_letters():
    no(host("privileged", True), host("PRIVILEGED", True),
        host("capadd", ["ALL"]), host("pidMode", "host"),
        host("mount\u017f", [bind("/")]), host("networ\u212aMode", "host"),
        changed(lambda s, h: s.update(hostconfig={"Privileged": True})),
        changed(lambda s, h: h["Mounts"][0].update(source="/")))


def raw(text):
    return request("POST", "/containers/create?name=claude-a", raw=text)


def test_names_twice():
    text = json.dumps(agent())
    no(*[raw(text.replace(old, new, 1)) for old, new in (
        ('"Privileged": false', '"Privileged": false, "Privileged": true'),
        ('"HostConfig": {', '"HostConfig": {"Privileged": true}, '
        '"HostConfig": {'), ('"Source": "', '"Source": "/", "Source": "'))])


def test_what_is_hardly_json():
    text = json.dumps(agent())
    no(*[raw(t) for t in (text + "{}", text[:-1], "[" + text + "]",
        "\x00" + text, "\ufeff" + text, text.replace("false", "False", 1),
        text.replace('"HostConfig"', '"Host\\u0000Config"'), "{" * 3000,
        "null", "1")])


# Others' containers, and commands.

def test_containers_of_others():
    no(*[request(method, "/containers/" + C + path) for method, path in (
        ("GET", "/json"), ("POST", "/start"), ("POST", "/stop?t=1"),
        ("POST", "/kill?signal=SIGKILL"), ("DELETE", "?force=1&v=1"))],
        request("POST", "/containers/" + C + ATTACH, more=UPGRADE),
        request("POST", "/containers/%s/exec" % C, {"Cmd": ["sh"]}),
        request("POST", "/exec/%s/start" % C, {"Detach": True, "Tty":
        False}), status=404)
    no(request("GET", "/containers/db/json"))


def test_containers_of_ours():
    text, _ = run(*SIDECAR, "connect",
        request("GET", "/containers/%s/json" % A), "answer", "connect",
        request("POST", "/containers/%s/exec" % A, {"Cmd": ["true"]}),
        "answer", "connect", request("POST", "/exec/%s/start" % B,
        {"Detach": True, "Tty": False}), "answer")
    passed(text, 4)
    # the id of one is not that of the other, and it is gone once removed
    text, witness = run(*SIDECAR, "connect",
        request("GET", "/exec/%s/json" % A), "answer", "connect",
        request("DELETE", "/containers/%s?force=1" % A), "answer", "connect",
        request("GET", "/containers/%s/json" % A), "answer")
    if text.count("answer: HTTP/1.1 404") != 2 or len([n for n in witness.seen
            if n]) != 2:
        raise Failed(text)


def test_containers_of_an_earlier_daemon():
    witness = Witness()
    other = dict(LABELS, **{"claudesec.daemon": "0:/other"})
    witness.containers = [{"Id": A, "Labels": LABELS}, {"Id": B, "Labels":
        other}, {"Id": C}, {"Id": "d" * 64, "Labels": {"x": "y" * 3000}}]
    filters = json.dumps({"label": ["claudesec.daemon=" + daemon]},
        separators=(",", ":"))
    filters = "".join(c if c.isalnum() or c in "-._~" else "%%%02X" % ord(c)
        for c in filters)
    # all of its answer is awaited
    asks = ["connect", request("GET", "/containers/json?all=1&filters=" +
        filters), "answer", "closed"]
    for i in A, B, C, "d" * 64:
        asks += ["connect", request("GET", "/containers/%s/json" % i),
            "answer"]
    # nobody knows what that one mounts
    asks += ["connect", request("POST", "/containers/%s/start" % A),
        "answer"]
    text, witness = run(*asks, witness=witness)
    passed(text, 2)
    if text.count("answer: HTTP/1.1 404") != 3 or \
            "answer: HTTP/1.1 403" not in text or b"/start" in witness.all():
        raise Failed(text)


def test_a_container_that_a_list_had_first():
    witness = Witness()
    witness.containers = [{"Id": A, "Labels": LABELS}]
    filters = json.dumps({"label": ["claudesec.daemon=" + daemon]},
        separators=(",", ":"))
    filters = "".join(c if c.isalnum() or c in "-._~" else "%%%02X" % ord(c)
        for c in filters)
    text, witness = run("workspace " + workspace, "connect", request("GET",
        "/containers/json?all=1&filters=" + filters), "answer",
        "connect", create(agent()), "answer",
        "connect", request("POST", "/containers/%s/start" % A), "answer",
        witness=witness)
    passed(text, 3)


def test_a_list_of_others():
    no(request("GET", "/containers/json?all=1"),
        request("GET", "/containers/json?all=1&filters=%7B%7D"))


def test_privileged_commands():
    asks = list(SIDECAR)
    for more in {"Privileged": True}, {"privileged": True}, {"User": "0"}, \
            {"WorkingDir": "/"}, {"Env": "a"}:
        asks += ["connect", request("POST", "/containers/%s/exec" % A,
            dict({"Cmd": ["sh"]}, **more)), "answer"]
    text, witness = run(*asks)
    if text.count("answer: HTTP/1.1 403") != 5 or b"/exec" in witness.all():
        raise Failed(text)


# Requests that are more than one.

def twice(text, witness, what):
    if what in witness.all():
        raise Failed("it was told: %r" % witness.all()[-300:])


SECOND = b"POST /v1.41/containers/create?name=x HTTP/1.1\r\nHost: x\r\n" \
    b"Content-Length: 2\r\n\r\n{}"
FIRST = b"GET /version HTTP/1.1\r\nHost: engine\r\nAccept: */*\r\n" \
    b"Content-Type: application/json\r\n\r\n"


def test_pipelined():
    text, witness = run("connect", send(FIRST + SECOND), "answer")
    refused(text, witness)
    text, witness = run("connect", send(FIRST), "answer", send(SECOND),
        "closed")
    passed(text)
    twice(text, witness, b"create")
    if "puppet: closed" not in text:
        raise Failed(text)


def test_after_a_body():
    body = json.dumps(sidecar()).encode()
    head = b"POST /v1.41/containers/create?name=claude-a HTTP/1.1\r\n" \
        b"Host: engine\r\nContent-Type: application/json\r\n" \
        b"Content-Length: %d\r\n\r\n" % len(body)
    refused(*run("connect", send(head + body + SECOND), "answer"))
    text, witness = run("connect", send(head), send(body), "answer",
        send(SECOND), "closed")
    passed(text)
    twice(text, witness, b"name=x")


def test_two_lengths():
    no(*[send(b"POST /v1.41/volumes/create HTTP/1.1\r\n"
        b"Host: engine\r\nContent-Type: application/json\r\n" + lines +
        b"\r\n\r\n{}" + SECOND) for lines in (
            b"Content-Length: 2\r\nTransfer-Encoding: chunked",
            b"Transfer-Encoding: chunked\r\nContent-Length: 2",
            b"Content-Length: 2\r\nContent-Length: 3",
            b"Content-Length: 2, 2", b"Content-Length: +2",
            b"Content-Length : 2", b"Content-Length:\t2",
            b"Content-Length: 2\r\n folded", b"Content-Length: 0x2",
            b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity",
            b"transfer-encoding: chunked", b"Content-Length: 00002",
            b"Content-Length: 2\nX: y", b"Content-Length: 2\rX: y",
            b"Content-Length: -1",
            b"Content-Length: 99999999999999999999")])


IMPORT = b"POST /v1.41/images/create?fromSrc=-&repo=claudesec/a HTTP/1.1\r\n" \
    b"Host: engine\r\nContent-Type: application/x-tar\r\n"


def test_archives_end_where_they_are_said_to():
    for first, text in ((b"Content-Length: 4\r\n\r\n", b"abcd"),
            (b"Transfer-Encoding: chunked\r\n\r\n",
            b"4\r\nabcd\r\n0\r\n\r\n")):
        got, witness = run("connect", send(IMPORT + first), send(text),
            "answer")
        passed(got)
        if not witness.all().endswith(text):
            raise Failed("%r" % witness.all())
        got, witness = run("connect", send(IMPORT + first), send(text +
            SECOND), "closed")
        twice(got, witness, b"name=x")
        got, witness = run("connect", send(IMPORT + first + text + SECOND),
            "closed")
        twice(got, witness, b"name=x")


def test_chunks_of_another_make():
    for chunks in (b"4;a=b\r\nabcd\r\n0\r\n\r\n", b"4\nabcd\n0\n\n",
            b" 4\r\nabcd\r\n0\r\n\r\n", b"-4\r\nabcd\r\n0\r\n\r\n",
            b"4\r\nabcdefgh\r\n0\r\n\r\n", b"0x4\r\nabcd\r\n0\r\n\r\n",
            b"0\r\nTrailer: x\r\n\r\n", b"fffffffffffffffff\r\n"):
        text, witness = run("connect", send(IMPORT +
            b"Transfer-Encoding: chunked\r\n\r\n"), send(chunks + SECOND),
            "answer", "closed")
        twice(text, witness, b"name=x")
        twice(text, witness, chunks)


# Streams.

def attach(witness, *commands):
    return run(*SIDECAR, "connect",
        request("POST", "/containers/" + A + ATTACH, more=UPGRADE),
        *commands, witness=witness)


def test_a_stream_is_handed_over():
    text, witness = attach(Witness(), "stream", send(b"hello"))
    if "puppet: stream: got" not in text:
        raise Failed(text)
    for _ in range(100):
        if witness.all().endswith(b"\r\n\r\nhello"):
            return
        time.sleep(0.05)
    raise Failed("%r" % witness.all())


def test_no_stream():
    body = b'{"message":"no"}'
    for status in (b"404 Not Found", b"200 OK", b"409 Conflict",
            b"500 Oops", b"201 Created", b"100 Continue", b"102 Processing",
            b"1010 Odd"):
        witness = Witness()
        witness.upgrade = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (
            status, len(body), body)
        text, witness = attach(witness, "stream", send(SECOND), "closed")
        if "puppet: stream: got" in text:
            raise Failed(text)
        twice(text, witness, b"name=x")


def test_before_the_stream():
    witness = Witness()
    witness.upgrade = b""
    text, witness = attach(witness, send(SECOND), "answer", "closed")
    twice(text, witness, b"name=x")
    if "puppet: closed" not in text and "HTTP/1.1 403" not in text:
        raise Failed(text)


def test_upgrades_of_what_is_none():
    no(request("GET", "/images/a/json", more=UPGRADE),
        request("POST", "/images/create?fromImage=a", more=UPGRADE),
        request("GET", "/images/a/json", more="Connection: Upgrade\r\n"
        "Upgrade: h2c\r\n"))
    text, witness = run(*SIDECAR, "connect",
        request("POST", "/containers/%s/exec" % A, {"Cmd": ["true"]}),
        "answer", "connect", request("POST", "/exec/%s/start" % B,
        {"Detach": True, "Tty": False}, more=UPGRADE), "answer")
    if "answer: HTTP/1.1 403" not in text or b"start" in witness.all():
        raise Failed(text)


# Other ways to say it.

def test_targets():
    no(*[send((line + "\r\nHost: engine\r\n\r\n").encode()) for line in (
        "GET http://engine/version HTTP/1.1",
        "GET /v1.41/images/../containers/json HTTP/1.1",
        "GET /v1.41/images/%2e%2e/json HTTP/1.1",
        "GET /v1.41//version HTTP/1.1", "GET /version?a HTTP/1.1",
        "GET /version# HTTP/1.1", "GET /info HTTP/1.1",
        "GET /v1.24/images/a/json HTTP/1.1",
        "CONNECT engine:80 HTTP/1.1", "GET /version HTTP/1.0",
        "GET /version", "GET /version HTTP/2.0", "PRI * HTTP/2.0",
        "GET\t/version\tHTTP/1.1", "POST /build?remote=a HTTP/1.1",
        "POST /v1.41/build?t=a&networkmode=host HTTP/1.1",
        "POST /v1.41/images/load HTTP/1.1",
        "POST /v1.41/plugins/pull?remote=a HTTP/1.1",
        "POST /v1.41/commit?container=a HTTP/1.1",
        "POST /v1.41/session HTTP/1.1", "POST /grpc HTTP/1.1",
        "POST /v1.41/containers/prune HTTP/1.1")])


def test_heads():
    no(*[send(("GET /version HTTP/1.1\r\nHost: engine\r\n" + more +
        "\r\n\r\n").encode()) for more in ("X: y", "Host: engine",
        "Expect: 100-continue", "Connection: close", " folded",
        "X-Registry-Config: a", ":", "\0")],
        send(b"GET /version HTTP/1.1\nHost: engine\n\n\r\n\r\n"))


def test_sizes():
    no(send(b"GET /version HTTP/1.1\r\nX: " + b"y" * 40000),
        send(b"POST /v1.41/volumes/create HTTP/1.1\r\nHost: engine\r\n"
        b"Content-Type: application/json\r\nContent-Length: 99999999\r\n"
        b"\r\n"))


def test_in_pieces():
    body = json.dumps(sidecar()).encode()
    text = b"POST /v1.41/containers/create?name=claude-a HTTP/1.1\r\n" \
        b"Host: engine\r\nContent-Type: application/json\r\n" \
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    got, witness = run("connect", *[send(text[i:i + 1]) for i in
        range(len(text))], "answer")
    passed(got)


def test_networks():
    no(*[request("POST", "/networks/create", body) for body in (
        {"Name": "a", "Driver": "bridge"}, {"Name": "host"},
        {"Name": "proxy-external", "Driver": "macvlan", "Options":
        {"parent": "eth0"}})])


# The system's daemon gives what is mounted names that only root can change.
# What it takes for a client's user is the one that its processes have.

def name(number, piece=None):
    return "/run/claudesec.pin/%s/%d%s" % (sock[1:].replace("/", "%"), number,
        "" if piece is None else ".%d" % piece)


def system(*commands, witness=None):
    """As root; in the workspace are a directory and a file."""
    global USER, AS
    was = USER, AS, dict(LABELS), sock
    USER, AS = "_claudesec", []
    LABELS["claudesec.daemon"] = "%d:%s" % (pwd.getpwnam(USER).pw_uid, sock)
    try:
        return run(*[c() if callable(c) else c for c in commands],
            witness=witness)
    finally:
        USER, AS = was[:2]
        LABELS.update(was[2])


def fill(path, text):
    """Its own, whoever runs it."""
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path + "/a/b")
    for f in path + "/a/b/which", path + "/a/f":
        with open(f, "w") as out:
            out.write(text)
    for top_, dirs, files in os.walk(path):
        for f in ["."] + files:
            os.chown(os.path.join(top_, f), pwd.getpwnam("_claudesec").pw_uid,
                -1)


def pieces(*mounts):
    """A container that mounts its workspace, and these by themselves."""
    return lambda: changed(lambda s, h: h.update(Mounts=[bind(name(1)),
        volume(True)] + [bind(*m) for m in mounts]))


PIECES = ((name(1, 1), "/workspace/a/b"), (name(1, 2), "/workspace/a/f"))
PIN = ("workspace " + workspace, "piece a/b", "piece a/f")
START = ("connect", request("POST", "/containers/%s/start" % A), "answer")


def found():
    """What a container engine would mount."""
    texts = []
    for path in name(1) + "/a/f", name(1, 1) + "/which", name(1, 2):
        try:
            with open(path) as f:
                texts.append(f.read())
        except OSError as e:
            texts.append(e.strerror)
    return texts


def test_what_is_in_it_is_swapped():
    other = os.path.join(tmp, "other")

    def link(to, path):
        os.rename(workspace + path, workspace + path + ".old")
        os.symlink(to, workspace + path)

    def swap(path):
        os.rename(workspace + path, workspace + path + ".old")
        shutil.copytree(other + path, workspace + path)

    for change in (lambda: link(other + "/a", "/a"),
            lambda: link(other + "/a/b", "/a/b"), lambda: swap("/a"),
            lambda: link(other + "/a/f", "/a/f"), lambda: swap("/a/b"),
            lambda: shutil.rmtree(workspace + "/a")):
        fill(workspace, "right")
        fill(other, "wrong")
        texts = []
        witness = Witness()
        witness.after_create = change
        witness.at_start = lambda: texts.append(found()[1:])
        text, _ = system(*PIN, "connect", pieces(*PIECES), "answer", *START,
            witness=witness)
        passed(text, 2)
        # a directory that is removed has nothing in it
        if texts not in ([["right", "right"]],
                [["No such file or directory", "right"]]):
            raise Failed("it mounts %r" % texts)
    shutil.rmtree(other)


def test_what_is_in_it_is_a_link():
    for path, to in (("a", "/etc"), ("a/b", "/etc"), ("a", "."),
            ("a/f", "/etc/passwd"), ("a/f", "b/which")):
        fill(workspace, "right")
        os.rename(workspace + "/" + path, workspace + "/old")
        os.symlink(to, workspace + "/" + path)
        asks = ["workspace " + workspace]
        if path != "a/f":
            asks += ["piece a/b"]
        if path != "a/b":
            asks += ["piece a/f"]
        refused(*system(*asks, "connect", pieces(*PIECES), "answer"))
        text, witness = system(*asks)
        if "piece: errno 0" in text or text.count("piece: errno ") != len(
                asks) - 1:
            raise Failed(text)


def test_what_is_in_it_by_its_path():
    fill(workspace, "right")
    for source, target in ((name(1) + "/a/b", "/workspace/a/b"),
            (workspace + "/a/b", "/workspace/a/b"),
            (name(1, 1), "/workspace/a"), (name(1, 1), "/workspace/a/f"),
            (name(1, 1), "/workspace/a/b/"), (name(1, 1), "/workspace"),
            (name(1, 1), "/etc"), (name(1, 3), "/workspace/a/b"),
            (name(1, 1) + "/..", "/workspace/a/b"),
            (name(1) + ".01", "/workspace/a/b"), (name(2), "/workspace/a/b")):
        refused(*system(*PIN, "connect", pieces((source, target)), "answer"))


def test_what_is_not_in_it():
    fill(workspace, "right")
    for path in "..", "a/../..", "/etc", "a//b", "./a", "a/b/which/", "":
        text, _ = run_down("workspace " + workspace, "piece " + path)
        if "sent us what it must not" not in text:
            raise Failed(path + ": " + text)


def run_down(*commands):
    """It is found out."""
    try:
        return system(*commands)
    except Failed as e:
        return str(e), None


def test_names_are_not_given_twice():
    """What was made for one that is gone mounts nothing."""
    fill(workspace, "right")
    texts = []
    witness = Witness()
    witness.at_start = lambda: texts.append(found())
    text, _ = system(*PIN, "connect", pieces(*PIECES), "answer", "unpin",
        *PIN, *START, "connect", pieces(), "answer", witness=witness)
    if texts != [["No such file or directory"] * 3] or \
            "answer: HTTP/1.1 403" not in text:
        raise Failed("it mounts %r: %s" % (texts, text))


def main():
    status = 0
    pw = pwd.getpwnam(USER)
    os.chmod(tmp, 0o755)
    os.makedirs(workspace)
    os.chmod(os.path.dirname(workspace), 0o755)
    os.chown(workspace, pw.pw_uid, pw.pw_gid)
    os.makedirs(os.path.dirname(sock))
    os.chown(os.path.dirname(sock), pw.pw_uid, pw.pw_gid)
    names = sys.argv[2:] or [n for n in globals() if n.startswith("test_")]
    for name in names:
        try:
            globals()[name]()
            print("ok", name, flush=True)
        except Failed as e:
            status = 1
            print("FAIL %s: %s" % (name, str(e).strip().split("\n")[-1]),
                flush=True)
            print(e, file=sys.stderr)
    return status


sys.exit(main())
