/*
 * Copyright (c) 2026 The claudesec authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <sys/socket.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"

/*
 * A channel's bytes, cut as the first byte says, with a descriptor before the
 * pieces that the second one says.  What comes out is what a plain reader of
 * headers finds in the same bytes, and no descriptor is left open.
 */

#include "must.h"

static void
send_piece(int s, const uint8_t *data, size_t len, int fd)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} cmsg;
	struct msghdr msg;
	struct iovec iov;

	memset(&msg, 0, sizeof(msg));
	memset(&cmsg, 0, sizeof(cmsg));
	iov.iov_base = (void *)(uintptr_t)data;
	iov.iov_len = len;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (fd != -1) {
		msg.msg_control = &cmsg;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		cmsg.hdr.cmsg_level = SOL_SOCKET;
		cmsg.hdr.cmsg_type = SCM_RIGHTS;
		cmsg.hdr.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&cmsg.hdr), &fd, sizeof(fd));
	}
	MUST(sendmsg(s, &msg, 0) == (ssize_t)len);
}

/* the message that starts here is one that may be read */
static int
plausible(const uint8_t *data, size_t len, struct imsg_hdr *hdr)
{
	if (len < sizeof(*hdr))
		return (0);
	memcpy(hdr, data, sizeof(*hdr));
	return (hdr->len >= sizeof(*hdr) && hdr->len <= IMSG_MAXSIZE &&
	    (hdr->flags & ~IMSG_HASFD) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int spare = STDIN_FILENO;
	struct imsgbuf b;
	struct imsg_hdr hdr;
	struct imsg imsg;
	size_t done, off, piece;
	int bad, lowest, n, probe, sv[2];
	uint8_t cut, fds;

	if (size < 2 || size > 60000)
		return (0);
	lowest = dup(spare);
	close(lowest);
	cut = data[0];
	fds = data[1];
	data += 2;
	size -= 2;
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == 0);
	MUST(imsgbuf_init(&b, sv[1]) == 0);
	imsgbuf_allow_fdpass(&b, 0, 1);
	bad = 0;
	for (off = done = 0; off < size && !bad; off += piece, fds /= 2) {
		piece = cut == 0 ? size : cut;
		if (piece > size - off)
			piece = size - off;
		send_piece(sv[0], data + off, piece, fds & 1 ? spare : -1);
		bad = imsgbuf_read(&b) != 1;
		while (!bad && (n = imsgbuf_get(&b, &imsg)) != 0) {
			if (n == -1) {
				bad = 1;
				break;
			}
			MUST(plausible(data + done, size - done, &hdr));
			MUST(memcmp(&hdr, &imsg.hdr, sizeof(hdr)) == 0);
			MUST(imsg.datalen == hdr.len - sizeof(hdr));
			MUST(done + hdr.len <= off + piece);
			MUST(memcmp(imsg.data, data + done + sizeof(hdr),
			    imsg.datalen) == 0);
			MUST((imsg.fd != -1) ==
			    ((hdr.flags & IMSG_HASFD) != 0));
			done += hdr.len;
			imsg_free(&imsg);
		}
	}
	/* what could have been read was, unless a descriptor was in the way */
	if (!bad && plausible(data + done, size - done, &hdr))
		MUST(hdr.len > size - done);
	imsgbuf_clear(&b);
	close(sv[0]);
	close(sv[1]);
	/* the lowest free descriptor is still the same: nothing has leaked */
	MUST((probe = dup(spare)) == lowest);
	close(probe);
	return (0);
}
