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

#include "../../claudesec/claudesec.h"

#include "../../claudesec/engine.h"

#include <sys/socket.h>

#include <err.h>
#include <event.h>
#include <poll.h>
#include <unistd.h>

#include "unit.h"

#define FDS_MAX		4
#define HEAD(s)		"HTTP/1.1 " s "\r\nConnection: Upgrade\r\n\r\n"

struct piece {
	const char	*text;
	int		 nfds;		/* that come with it */
};

static int	 called, status, stream;
static int	 ends[FDS_MAX], nends;	/* of pipes whose others are sent */

static void
done(void *arg, int code, int fd, const char *text, size_t len)
{
	(void)arg;
	(void)text;
	(void)len;
	called++;
	status = code;
	stream = fd;
}

static void
send_piece(int s, const struct piece *p)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct cmsghdr *cmsg;
	struct msghdr msg;
	struct iovec iov;
	int fds[FDS_MAX], i, pair[2];

	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	iov.iov_base = (void *)(uintptr_t)p->text;
	iov.iov_len = strlen(p->text);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	for (i = 0; i < p->nfds; i++) {
		if (pipe(pair) == -1)
			err(1, "pipe");
		ends[nends++] = pair[0];
		fds[i] = pair[1];
	}
	if (p->nfds > 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(i * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_len = CMSG_LEN(i * sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(cmsg), fds, i * sizeof(int));
	}
	if (sendmsg(s, &msg, MSG_NOSIGNAL) == -1)
		err(1, "sendmsg");
	while (i > 0)
		close(fds[--i]);
}

/* How many of the descriptors that were sent are open. */
static int
held(void)
{
	struct pollfd pfd;
	int i, n;

	for (i = n = 0; i < nends; i++) {
		pfd.fd = ends[i];
		pfd.events = POLLIN;
		if (poll(&pfd, 1, 0) == 0)
			n++;
	}
	return (n);
}

/* What comes is one status or a failure, and nothing else stays open. */
static void
test(const char *name, const struct piece *pieces, int want, int wantfd)
{
	static const char ask[] = "ask";
	struct hijack *h;
	int asked, n, open, s[2];
	char buf[16];

	called = nends = status = 0;
	stream = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1)
		err(1, "socketpair");
	h = hijack_start(s[0], strdup(ask), strlen(ask), 60, done, NULL);
	(void)event_loop(EVLOOP_ONCE);
	asked = recv(s[1], buf, sizeof(buf), 0) == (ssize_t)strlen(ask);
	for (; pieces->text != NULL && !called; pieces++) {
		send_piece(s[1], pieces);
		(void)event_loop(EVLOOP_ONCE);
	}
	if (want == -1)
		hijack_cancel(h);
	open = held();
	if (stream != -1)
		close(stream);
	CASE(asked && called == (want != -1) && (!called || status == want) &&
	    (stream != -1) == wantfd && open == wantfd && held() == 0, name,
	    "called %d times, status %d, stream %d, %d then %d are open",
	    called, status, stream, open, held());
	for (n = 0; n < nends; n++)
		close(ends[n]);
	close(s[1]);
}

int
main(void)
{
	static const struct piece one[] = { { HEAD("101 x"), 1 },
	    { NULL, 0 } }, two[] = { { HEAD("101 x"), 2 }, { NULL, 0 } },
	    four[] = { { HEAD("101 x"), 4 }, { NULL, 0 } },
	    later[] = { { "HTTP/1.1 1", 1 }, { "01 x\r\n", 1 },
	    { "\r\n", 0 }, { NULL, 0 } },
	    last[] = { { "HTTP/1.1 101 x\r\n", 0 }, { "\r\n", 1 },
	    { NULL, 0 } },
	    none[] = { { HEAD("101 x"), 0 }, { NULL, 0 } },
	    other[] = { { HEAD("200 x"), 1 }, { NULL, 0 } },
	    error[] = { { HEAD("404 x") "{}", 0 }, { NULL, 0 } },
	    garbage[] = { { "\r\n\r\n", 2 }, { NULL, 0 } },
	    half[] = { { "HTTP/1.1 101", 2 }, { NULL, 0 } };

	event_init();
	test("hijack, a stream", one, 101, 1);
	test("hijack, two of them", two, 101, 1);
	test("hijack, more than there is room for", four, 101, 1);
	test("hijack, another with what follows", later, 101, 1);
	test("hijack, with the end of the head", last, 101, 1);
	test("hijack, a stream without one", none, 0, 0);
	test("hijack, one with another status", other, 0, 0);
	test("hijack, an error", error, 404, 0);
	test("hijack, no HTTP", garbage, 0, 0);
	test("hijack, given up", half, -1, 0);
	return (unit_failed);
}
