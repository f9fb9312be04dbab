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
 * A process of the bridge process', for one connection to a container engine
 * elsewhere.  It connects with its user's rights and gives these up before it
 * reads a byte from there, unless ssh(1) does that for it; then moves bytes
 * until either end is over.  It cannot log: why it failed it says to bridge.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "bridge.h"

#define LOCAL_FD	3
#define STATUS_FD	4
#define TLS_SECONDS	10	/* until the engine answered */
#define SSH_SECONDS	30	/* likewise; whoever logs in may be slow */
#define GONE_SECONDS	10	/* for what engine left when it ended */
#define KEEP_IDLE	30	/* seconds; a connection that was cut */
#define KEEP_INTERVAL	10
#define KEEP_COUNT	3
#define HEAD_MAX	8192

struct flow {
	char		 buf[65536];
	size_t		 off, len;
	int		 ended;		/* nothing more comes in */
	int		 shut;		/* and that was passed on */
};

static void	 stream_connect(struct stream *);
static int	 connect_to(struct stream *, const struct addrinfo *, int64_t);
static void	 keep_alive(int);
static void	 stream_greet(struct stream *);
static ssize_t	 remote_read(struct stream *, void *, size_t);
static ssize_t	 remote_write(struct stream *, const void *, size_t);
static int	 remote_shutdown(struct stream *);
static __dead void stream_pump(struct stream *);
static int	 pump_up(struct stream *, short *, short *);
static int	 pump_down(struct stream *, short *, short *);
static __dead void stream_end(struct stream *);
static int64_t	 now(void);

static struct flow up, down;
static int	 gone;		/* nobody reads what comes down */

void
stream_run(const struct remote *remote, SSL_CTX *ctx, int local, int status)
{
	static struct stream s;

	/* above the two, whatever they are */
	if ((local = fcntl(local, F_DUPFD, STATUS_FD + 1)) == -1 ||
	    (status = fcntl(status, F_DUPFD, STATUS_FD + 1)) == -1 ||
	    dup2(local, LOCAL_FD) == -1 || dup2(status, STATUS_FD) == -1)
		_exit(1);
	closefrom(STATUS_FD + 1);
	setproctitle("stream");
	(void)signal(SIGCHLD, SIG_DFL);
	s.remote = remote;
	s.local = LOCAL_FD;
	s.status = STATUS_FD;
	s.errfd = -1;
	stream_time(&s, remote->kind == REMOTE_SSH ? SSH_SECONDS :
	    TLS_SECONDS);
	if (remote->kind == REMOTE_SSH) {
		ssh_start(&s);
		/* proc: the end of ssh */
		if (pledge("stdio proc", NULL) == -1)
			stream_fail(&s, EX_OSERR, "pledge");
	} else {
		stream_connect(&s);
		if (pledge("stdio", NULL) == -1)
			stream_fail(&s, EX_OSERR, "pledge");
		tls_connect(&s, ctx);
	}
	stream_greet(&s);
	if (write(s.status, "", 1) != 1)
		stream_end(&s);
	stream_pump(&s);
}

void
stream_fail(struct stream *s, int code, const char *fmt, ...)
{
	char buf[256];
	va_list ap;

	buf[0] = (char)code;
	va_start(ap, fmt);
	(void)vsnprintf(buf + 1, sizeof(buf) - 1, fmt, ap);
	va_end(ap);
	(void)write(s->status, buf, 1 + strlen(buf + 1));
	stream_end(s);
}

static void
stream_end(struct stream *s)
{
	if (s->pid != 0)
		(void)kill(s->pid, SIGTERM);
	_exit(0);
}

static int64_t
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		_exit(1);
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

void
stream_time(struct stream *s, int seconds)
{
	s->deadline = now() + 1000 * seconds;
}

int
stream_wait(struct stream *s, int fd, short events)
{
	struct pollfd pfd;
	int64_t left;
	int n;

	pfd.fd = fd;
	pfd.events = events;
	do {
		left = s->deadline - now();
		n = left <= 0 ? 0 : poll(&pfd, 1, (int)left);
	} while (n == -1 && errno == EINTR);
	return (n > 0);
}

/*
 * The addresses of the name in their order; none gets more than its share of
 * the time.
 */
static void
stream_connect(struct stream *s)
{
	struct addrinfo hints, *ai, *list;
	char port[8];
	int64_t end;
	int error, n;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	(void)snprintf(port, sizeof(port), "%u", s->remote->port);
	if ((error = getaddrinfo(s->remote->host, port, &hints, &list)) != 0)
		stream_fail(s, EX_UNAVAILABLE, "%s", error == EAI_SYSTEM ?
		    strerror(errno) : gai_strerror(error));
	n = 0;
	for (ai = list; ai != NULL; ai = ai->ai_next)
		n++;
	end = s->deadline;
	s->fd = -1;
	for (ai = list; ai != NULL && s->fd == -1; ai = ai->ai_next)
		s->fd = connect_to(s, ai, now() + (end - now()) / n--);
	error = errno;
	s->deadline = end;
	freeaddrinfo(list);
	if (s->fd == -1)
		stream_fail(s, EX_UNAVAILABLE, "%s", strerror(error));
	keep_alive(s->fd);
}

static int
connect_to(struct stream *s, const struct addrinfo *ai, int64_t deadline)
{
	socklen_t len;
	int error, fd;

	if ((fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0)) == -1)
		return (-1);
	s->deadline = deadline;
	error = 0;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
		error = errno;
	if (error == EINPROGRESS) {
		len = sizeof(error);
		if (!stream_wait(s, fd, POLLOUT))
			error = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error,
		    &len) == -1)
			error = errno;
	}
	if (error == 0)
		return (fd);
	close(fd);
	errno = error;
	return (-1);
}

static void
keep_alive(int fd)
{
	int count, idle, interval, on;

	on = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
#ifdef TCP_KEEPIDLE
	idle = KEEP_IDLE;
	interval = KEEP_INTERVAL;
	count = KEEP_COUNT;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
	    sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
#else
	(void)count;
	(void)idle;
	(void)interval;
#endif
}

/*
 * A server of TLS 1.3 refuses a client after the handshake is over for that,
 * and ssh(1) says nothing when it is through: so the engine is asked whether
 * it is there, and all that comes before its answer is its absence.  The head
 * is taken to the byte; it has no body.
 */
static void
stream_greet(struct stream *s)
{
	static const char request[] =
	    "HEAD /_ping HTTP/1.1\r\nHost: engine\r\n\r\n";
	static const char start[] = "HTTP/1.1 ";
	char head[HEAD_MAX];
	size_t len;
	ssize_t n;

	/* of one that has ended nothing will be read either */
	for (len = 0; len < sizeof(request) - 1; len += (size_t)n) {
		while ((n = remote_write(s, request + len,
		    sizeof(request) - 1 - len)) == -1)
			if (!stream_wait(s, s->fd, s->want))
				stream_fail(s, EX_UNAVAILABLE,
				    "no answer");
		if (n == 0)
			break;
	}
	for (len = 0; len < sizeof(head); len += (size_t)n) {
		while ((n = remote_read(s, head + len, 1)) == -1)
			if (!stream_wait(s, s->fd, s->want))
				stream_fail(s, EX_UNAVAILABLE,
				    "no answer");
		if (n == 0 && s->pid != 0)
			ssh_failed(s);
		if (n == 0)
			stream_fail(s, EX_UNAVAILABLE, "it hung up");
		if (len < sizeof(start) - 1 && head[len] != start[len])
			break;
		if (len >= 3 && memcmp(head + len - 3, "\r\n\r\n", 4) == 0)
			return;
	}
	stream_fail(s, EX_UNAVAILABLE, "what answers there is no container "
	    "engine");
}

/*
 * n: so many bytes; 0: the end, or an error, which is one; -1: when what is
 * wanted can be done.
 */
static ssize_t
remote_read(struct stream *s, void *buf, size_t len)
{
	ssize_t n;

	if (s->ssl != NULL)
		return (tls_read(s, buf, len));
	n = read(s->fd, buf, len);
	if (n != -1)
		return (n);
	s->want = POLLIN;
	return (errno == EAGAIN || errno == EINTR ? -1 : 0);
}

static ssize_t
remote_write(struct stream *s, const void *buf, size_t len)
{
	ssize_t n;

	if (s->ssl != NULL)
		return (tls_write(s, buf, len));
	n = write(s->fd, buf, len);
	if (n != -1)
		return (n);
	s->want = POLLOUT;
	return (errno == EAGAIN || errno == EINTR ? -1 : 0);
}

static int
remote_shutdown(struct stream *s)
{
	if (s->ssl != NULL)
		return (tls_shutdown(s));
	(void)shutdown(s->fd, SHUT_WR);
	return (0);
}

/*
 * Each direction holds what one read gave until it is written.
 */
static void
stream_pump(struct stream *s)
{
	struct pollfd pfd[3];
	int moved, n;

	for (;;) {
		memset(pfd, 0, sizeof(pfd));
		moved = pump_up(s, &pfd[0].events, &pfd[1].events);
		moved |= pump_down(s, &pfd[0].events, &pfd[1].events);
		if ((down.ended && down.len == 0) || (gone && up.shut))
			stream_end(s);
		if (moved)
			continue;
		/* who is gone would be told so again and again */
		pfd[0].fd = gone && pfd[0].events == 0 ? -1 : s->local;
		pfd[1].fd = s->fd;
		pfd[2].fd = s->errfd;
		pfd[2].events = POLLIN;
		n = poll(pfd, 3, gone ? GONE_SECONDS * 1000 : -1);
		if (n == 0 || (n == -1 && errno != EINTR))
			stream_end(s);
		if (pfd[0].fd != -1 && (pfd[0].revents & (POLLHUP | POLLERR)))
			gone = 1;
		if (pfd[2].revents != 0)
			ssh_drain(s);
	}
}

static int
pump_up(struct stream *s, short *local, short *remote)
{
	ssize_t n;
	int moved;

	moved = 0;
	if (up.len == 0 && !up.ended) {
		n = read(s->local, up.buf, sizeof(up.buf));
		if (n > 0) {
			up.off = 0;
			up.len = (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			up.ended = 1;
		else
			*local |= POLLIN;
	}
	if (up.len > 0) {
		n = remote_write(s, up.buf + up.off, up.len);
		if (n == 0) {
			/* what it had to say may still come */
			up.len = 0;
			up.ended = up.shut = 1;
		} else if (n > 0) {
			up.off += (size_t)n;
			up.len -= (size_t)n;
			moved = 1;
		} else
			*remote |= s->want;
	} else if (up.ended && !up.shut) {
		if (remote_shutdown(s) == -1)
			*remote |= s->want;
		else
			up.shut = 1;
	}
	return (moved);
}

static int
pump_down(struct stream *s, short *local, short *remote)
{
	ssize_t n;
	int moved;

	moved = 0;
	if (down.len == 0 && !down.ended) {
		n = remote_read(s, down.buf, sizeof(down.buf));
		if (n > 0) {
			down.off = 0;
			down.len = (size_t)n;
		} else if (n == 0)
			down.ended = 1;
		else
			*remote |= s->want;
	}
	if (gone)
		down.len = 0;
	if (down.len > 0) {
		n = write(s->local, down.buf + down.off, down.len);
		if (n > 0) {
			down.off += (size_t)n;
			down.len -= (size_t)n;
			moved = 1;
		} else if (errno == EAGAIN || errno == EINTR)
			*local |= POLLOUT;
		else
			gone = 1;
	}
	return (moved);
}
