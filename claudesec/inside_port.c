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

/*
 * Carries one connection: between standard input and output, which the engine
 * connects to a client, and a port of this container's loopback.
 *
 * Standard input comes in pieces behind two bytes that hold their length, the
 * first the higher; an empty piece is the client's end of file.  The end of
 * standard input itself means that the client is gone, or has all that it
 * wants.  To standard output go the port's bytes as they are.  When the port
 * has sent its end of file, PORT_COUNT and their number, in eight bytes, go to
 * standard error, because the engine copies the two each at its own pace; and
 * PORT_SHUT when the client's has been handed on.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define BUFFER_SIZE	65536

struct way {
	int		 from, to;
	int		 ended;		/* nothing more comes */
	size_t		 off, len;
	unsigned char	 buf[BUFFER_SIZE];
};

static int	 port_connect(unsigned short);
static int	 port_try(const struct sockaddr *, socklen_t);
static void	 port_nonblock(int);
static void	 way_read(struct way *);
static void	 way_write(struct way *);
static void	 piece_read(struct way *);
static void	 port_say(char, uint64_t, size_t);

/* of standard input: what is left of a piece, and what is there of its head */
static size_t	 piece_left, piece_nhead;
static unsigned char piece_head[2];
static int	 piece_end;		/* there was an empty one */

void
carry_port(unsigned short port)
{
	static struct way in, out;
	struct pollfd pfd[3];
	uint64_t count;
	int s, shut, told;

	(void)signal(SIGPIPE, SIG_IGN);
	s = port_connect(port);
	port_nonblock(s);
	port_nonblock(STDIN_FILENO);
	port_nonblock(STDOUT_FILENO);
	in.from = STDIN_FILENO;
	in.to = out.from = s;
	out.to = STDOUT_FILENO;
	count = 0;
	for (shut = told = 0; ; ) {
		pfd[0].fd = in.from;
		pfd[0].events = in.len == 0 ? POLLIN : 0;
		pfd[1].fd = s;
		pfd[1].events = (short)((in.len > 0 ? POLLOUT : 0) |
		    (out.len == 0 && !out.ended ? POLLIN : 0));
		if (pfd[1].events == 0)
			pfd[1].fd = -1;
		pfd[2].fd = out.to;
		pfd[2].events = out.len > 0 ? POLLOUT : 0;
		if (poll(pfd, 3, -1) == -1)
			return;
		/* the client's end is seen at once, whatever waits */
		if (in.len > 0 && (pfd[0].revents & (POLLHUP | POLLERR)))
			return;
		if (in.len > 0 && (pfd[1].revents & ~POLLIN) != 0)
			way_write(&in);
		else if (in.len == 0 && pfd[0].revents != 0)
			piece_read(&in);
		if (out.len > 0 && pfd[2].revents != 0)
			way_write(&out);
		else if (out.len == 0 && !out.ended && pfd[1].revents != 0) {
			way_read(&out);
			count += out.len;
		}
		if (piece_end && in.len == 0 && !shut) {
			(void)shutdown(s, SHUT_WR);
			port_say(PORT_SHUT, 0, 0);
			shut = 1;
		}
		if (out.ended && out.len == 0 && !told) {
			port_say(PORT_COUNT, count, PORT_COUNTLEN);
			told = 1;
		}
		if (in.ended)
			return;
	}
}

/* Servers on "localhost" may have one of its addresses only. */
static int
port_connect(unsigned short port)
{
	struct sockaddr_in sin;
	struct sockaddr_in6 sin6;
	int s;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((s = port_try((struct sockaddr *)&sin, sizeof(sin))) != -1)
		return (s);
	memset(&sin6, 0, sizeof(sin6));
	sin6.sin6_family = AF_INET6;
	sin6.sin6_port = htons(port);
	sin6.sin6_addr = in6addr_loopback;
	if ((s = port_try((struct sockaddr *)&sin6, sizeof(sin6))) == -1)
		_exit(EX_UNAVAILABLE);
	return (s);
}

static int
port_try(const struct sockaddr *sa, socklen_t len)
{
	int on, s;

	if ((s = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return (-1);
	on = 1;
	if (connect(s, sa, len) == -1) {
		(void)close(s);
		return (-1);
	}
	(void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return (s);
}

static void
port_nonblock(int fd)
{
	int flags;

	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		_exit(EX_OSERR);
}

static void
way_read(struct way *w)
{
	ssize_t n;

	n = read(w->from, w->buf, sizeof(w->buf));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	/* a reset is no end of file: the count that is missing tells */
	if (n == -1)
		_exit(EX_UNAVAILABLE);
	w->off = 0;
	w->len = (size_t)n;
	w->ended = n == 0;
}

static void
way_write(struct way *w)
{
	ssize_t n;

	n = write(w->to, w->buf + w->off, w->len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1)
		_exit(EX_UNAVAILABLE);
	w->off += (size_t)n;
	w->len -= (size_t)n;
}

/* At most up to the end of a piece. */
static void
piece_read(struct way *w)
{
	ssize_t n;

	if (piece_left == 0)
		n = read(w->from, piece_head + piece_nhead,
		    sizeof(piece_head) - piece_nhead);
	else
		n = read(w->from, w->buf, piece_left);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || piece_end) {
		w->ended = 1;
		return;
	}
	if (piece_left > 0) {
		w->off = 0;
		w->len = (size_t)n;
		piece_left -= (size_t)n;
		return;
	}
	piece_nhead += (size_t)n;
	if (piece_nhead < sizeof(piece_head))
		return;
	piece_nhead = 0;
	piece_left = (size_t)piece_head[0] << 8 | piece_head[1];
	piece_end = piece_left == 0;
}

static void
port_say(char what, uint64_t count, size_t len)
{
	unsigned char buf[1 + PORT_COUNTLEN];
	size_t i;

	buf[0] = (unsigned char)what;
	for (i = len; i > 0; i--) {
		buf[i] = (unsigned char)count;
		count >>= 8;
	}
	if (write(STDERR_FILENO, buf, 1 + len) != (ssize_t)(1 + len))
		_exit(EX_UNAVAILABLE);
}
