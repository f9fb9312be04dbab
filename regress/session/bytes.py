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


"""bytes.py WORKSPACE COMMAND ...: runs the command, which is to start this
file in a session, in a terminal, and holds what comes out at each side against
what went in at the other.  Says what differs.
bytes.py -: in the session, /workspace being WORKSPACE."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
import tty

LONG = 60
BEGIN = b"BEGIN\n"
END = b"\x00END"
SIZE = (43, 131)

WIDE = "漢字ｶﾅ한글 ─❯ é e\u0301 \U0001f600 \U0001f469\u200d\U0001f4bb".encode()

# Typed, sent by a terminal, and pasted.  First what comes in bits: each byte
# alone.  The key that lets go is for who types it twice, or something else
# behind it; the engine's own are no text.
BITS = (WIDE + b"\x1b[<0;12;7M\x1b[<0;12;7m\x1b[<65;131;43M"
        b"\x1b[M\x20\x85\xa9\x1b[200~\xc3\xa4\x1b[201~")
TYPED = (b"".join(bytes([c]) for c in range(256) if c not in (0x1d, 0xff)) +
         b"\x1b[A\x1bOP\x1b[1;5D\x1b[97;5u\x1b[27;5;97~\x1bb\x1b[I\x1b[O"
         b"\x1b[?62;22c\x1b[12;3R\x1b]11;rgb:0000/1111/2222\x1b\\"
         b"\x1bP>|term(1)\x1b\\\x1b[?2026;2$y\x1b[8;43;131t" + WIDE)
LINE = b"pasted \t" + WIDE + b" \x03\x04\x11\x13\x1a\x1c\x7f\x1b[31m\r\n"
PASTE = b"\x1b[200~" + LINE * (100 * 1024 // len(LINE) + 1) + b"\x1b[201~"
SENT = [(BITS, BITS), (TYPED, TYPED), (PASTE, PASTE),
        (b"\x1d\x1d", b"\x1d"), (b"\x1dx", b"\x1dx"), (END, END)]

# Printed, and what of it a terminal gets if that is not the same.
PRINTED = [
    ("256 colours", b"".join(b"\x1b[38;5;%dm\x1b[48;5;%dm#" % (n, 255 - n)
                             for n in range(256)) + b"\x1b[0m"),
    ("true colour", b"".join(b"\x1b[38;2;%d;%d;%dm\x1b[48;2;%d;%d;%dm#" %
                             (n, 255 - n, n // 2, 255 - n, n, 7)
                             for n in range(256)) + b"\x1b[m"),
    ("colour by colons", b"\x1b[38:2::1:2:3m\x1b[58:5:9m\x1b[4:3m~\x1b[0m"),
    ("wide characters", WIDE),
    ("lines", b"a\r\nb\nc\rd\te\bf\x07\x0b\x0c"),
    ("links", b"\x1b]8;id=1;https://example.org/?q=1;2\x1b\\link\x1b]8;;\x1b\\"
     b"\x1b]8;;http://example.org\x07link\x1b]8;;\x07"),
    ("link to a file", b"\x1b]8;;file:///etc/passwd\x07link\x1b]8;;\x07",
     b"link\x1b]8;;\x07"),
    ("alternate screen", b"\x1b[?1049h\x1b[2J\x1b[3;4Hx\x1b[?1049l"),
    ("cursor", b"".join(b"\x1b[%d q" % n for n in range(7)) +
     b"\x1b[?25l\x1b[?25h\x1b7\x1b[5;9H\x1b8\x1b[0 q"),
    ("margins", b"\x1b[3;9r\x1b[2S\x1b[T\x1bM\x1b[r"),
    ("mouse", b"\x1b[?1000;1002;1003;1006h\x1b[?1006;1003;1002;1000l"),
    ("paste and focus", b"\x1b[?2004h\x1b[?1004h\x1b[?1004l\x1b[?2004l"),
    ("keys", b"\x1b[>1u\x1b[?u\x1b[<u\x1b[>4;2m\x1b[>4m\x1b[?1h\x1b=\x1b>"
     b"\x1b[?1l"),
    ("updates at once", b"\x1b[?2026h#\x1b[?2026l"),
    ("title", "\x1b]0;✳ title\x07\x1b]2;other\x1b\\".encode()),
    ("progress", b"\x1b]9;4;1;50\x07\x1b]9;4;0\x07"),
    ("questions", b"\x1b[c\x1b[>c\x1b[6n\x1b[18t\x1b[?2026$p\x1b]11;?\x07"),
    ("clipboard", b"<\x1b]52;c;eA==\x07>", b"<>"),
    ("reports", b"<\x1b[21t\x1bP$qm\x1b\\\x1bP+q544e\x1b\\\x1b[1;1;1;1;1;1*y>",
     b"<>"),
    ("windows", b"<\x1b[3;0;0t\x1b[8;9;9t\x1b[?3h>", b"<>"),
    ("messages", b"<\x1b]9;hello\x07\x1b]777;notify;a;b\x1b\\>", b"<>"),
    ("files and images", b"<\x1b]1337;File=inline=0:eA==\x07\x1bPq#0~~\x1b\\"
     b"\x1b_Ga=q;AA\x1b\\>", b"<>"),
    ("printing", b"<\x1b[5i\x1b[?5i>", b"<>"),
    ("palette", b"<\x1b]4;1;rgb:0/0/0\x07\x1b]104\x07\x1b]10;red\x07>", b"<>"),
    ("strings", b"<\x1bXsos\x1b\\\x1b^pm\x1b\\\x1b_apc\x1b\\>", b"<>"),
    ("C1 controls", b"<\x9b31m\xc2\x9b31m>", b"<?31m?31m>"),
    ("no UTF-8", b"<\xff\xc3(\xed\xa0\x80>", b"<??(??>"),
    ("controls", b"<\x00\x01\x05\x1a\x1c\x7f>", b"<>"),
]


def far():
    tty.setraw(0)
    with open("/workspace/got", "wb", 0) as got:
        os.write(1, BEGIN)
        tail = b""
        while not tail.endswith(END):
            data = os.read(0, 65536)
            got.write(data)
            tail = (tail + data)[-len(END):]
    for piece in PRINTED:
        os.write(1, piece[1])
    # cut at each byte
    for piece in PRINTED:
        for byte in piece[1]:
            os.write(1, bytes([byte]))
    os.write(1, b"SIZE")
    end = time.time() + LONG
    while os.get_terminal_size(0) != SIZE[::-1] and time.time() < end:
        time.sleep(0.01)
    os.write(1, b"%dx%d" % os.get_terminal_size(0)[::-1])


class Near:
    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.size(24, 80)
        self.seen = b""

    def size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("4H", rows, columns, 0, 0))

    def read(self):
        """False at its end."""
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.seen += data
        return data != b""

    def until(self, text):
        end = time.time() + LONG
        while text not in self.seen:
            if not select.select([self.fd], [], [], end - time.time())[0] or \
                    not self.read():
                sys.exit("no %r but %r" % (text, self.seen[-200:]))

    def send(self, data):
        while data:
            can_read, can_write = select.select([self.fd], [self.fd], [],
                                                LONG)[:2]
            if can_read and not self.read():
                sys.exit("it has ended: %r" % self.seen[-200:])
            if can_write:
                data = data[os.write(self.fd, data[:4096]):]
            elif not can_read:
                sys.exit("it does not read")


def reaches(path, size):
    end = time.time() + LONG
    while os.stat(path).st_size < size:
        if time.time() > end:
            with open(path, "rb") as f:
                sys.exit("of %d bytes came %r" % (size, f.read()[-200:]))
        time.sleep(0.001)


def first_difference(is_, should):
    n = 0
    while is_[n:n + 1] == should[n:n + 1]:
        n += 1
    return "at %d: %r, not %r" % (n, is_[n:n + 40], should[n:n + 40])


def main():
    got = sys.argv[1] + "/got"
    near = Near(sys.argv[2:])
    near.until(BEGIN)
    near.seen = b""
    for n in range(len(BITS)):
        near.send(BITS[n:n + 1])
        reaches(got, n + 1)
    for sent, _ in SENT[1:]:
        near.send(sent)
    should = b"".join(s[1] for s in SENT)
    near.until(b"SIZE")
    with open(got, "rb") as f:
        is_ = f.read()
    if is_ != should:
        print("in", first_difference(is_, should))
    near.size(*SIZE)
    while near.read():
        pass
    is_ = near.seen
    for times in "", ", cut":
        for piece in PRINTED:
            should = piece[-1]
            if not is_.startswith(should):
                print("out, %s%s: %s" % (piece[0], times,
                                         first_difference(is_, should)))
                return
            is_ = is_[len(should):]
    if is_ != b"SIZE%dx%d" % SIZE:
        print("at the end: %r" % is_)
    print("exit status", os.waitstatus_to_exitcode(os.waitpid(near.pid, 0)[1]))


if sys.argv[1] == "-":
    far()
else:
    main()
