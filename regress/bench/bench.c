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
 * Load for a proxy, and an origin for it to connect to.  One process, one
 * epoll(7) loop, no more work a connection than the proxy makes it do.
 *
 *	bench origin port
 *	bench dns port
 *	bench setup proxy-port host port at-once milliseconds
 *	bench echo proxy-port host port times
 *	bench stream proxy-port host port streams up|down milliseconds
 *	bench idle proxy-port host port number
 *
 * The proxy listens on 127.0.0.1; port 0 is no proxy at all.  A tunnel begins
 * with a ClientHello for the host, which the origin answers with a byte.  The
 * byte behind the hello says what the origin then does: `c' closes, `e' echoes,
 * `s' sends without end, `r' reads without end.  Every name's address is
 * 127.0.0.1.
 */

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNS_MAX	65536
#define SAMPLES_MAX	4000000
#define CHUNK		(256 * 1024)

enum state { FREE, CONNECTING, ASKED, GREETED, STREAMING, LISTENING };

struct conn {
	enum state	 state;
	char		 mode;
	double		 since;
};

static struct conn	 conns[CONNS_MAX];	/* by descriptor */
static int		 ep;
static unsigned char	 hello[1024];
static size_t		 hellolen;
static char		 head[512];
static struct sockaddr_in to;
static int		 direct;
static char		 chunk[CHUNK];
static float		*samples;
static size_t		 nsamples;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static unsigned char *
put(unsigned char *p, size_t n, unsigned int bytes)
{
	while (bytes-- > 0)
		*p++ = (unsigned char)(n >> 8 * bytes);
	return (p);
}

/* A ClientHello of 517 bytes, as they are, padded by an extension. */
static void
make_hello(const char *host, char mode)
{
	unsigned char *p;
	size_t len, pad;

	len = strlen(host);
	pad = 512 - 4 - 2 - 32 - 1 - 4 - 2 - 2 - (9 + len) - 4;
	p = hello;
	p = put(p, 0x160301, 3);
	p = put(p, 512, 2);
	p = put(p, 1, 1);
	p = put(p, 508, 3);
	p = put(p, 0x0303, 2);
	memset(p, 7, 32);
	p = put(p + 32, 0, 1);
	p = put(p, 2, 2);
	p = put(p, 0x1301, 2);
	p = put(p, 0x0100, 2);
	p = put(p, 9 + len + 4 + pad, 2);
	p = put(p, 0, 2);
	p = put(p, len + 5, 2);
	p = put(p, len + 3, 2);
	p = put(p, 0, 1);
	p = put(p, len, 2);
	memcpy(p, host, len);
	p = put(p + len, 21, 2);
	p = put(p, pad, 2);
	memset(p, 0, pad);
	p += pad;
	*p++ = (unsigned char)mode;
	hellolen = (size_t)(p - hello);
}

static void
watch(int fd, uint32_t events, int op)
{
	struct epoll_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.events = events;
	ev.data.fd = fd;
	if (epoll_ctl(ep, op, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
origin_event(int fd)
{
	struct conn *c;
	ssize_t n;
	int new, on;

	c = &conns[fd];
	on = 1;
	switch (c->state) {
	case LISTENING:
		while ((new = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) != -1) {
			(void)setsockopt(new, IPPROTO_TCP, TCP_NODELAY, &on,
			    sizeof(on));
			conns[new].state = GREETED;
			watch(new, EPOLLIN, EPOLL_CTL_ADD);
		}
		return;
	case GREETED:
		n = recv(fd, chunk, 518, 0);
		if (n != 518) {
			close(fd);
			return;
		}
		c->mode = chunk[517];
		if (send(fd, "!", 1, MSG_NOSIGNAL) != 1 || c->mode == 'c') {
			close(fd);
			return;
		}
		c->state = STREAMING;
		if (c->mode == 's')
			watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
		return;
	default:
		if (c->mode == 's')
			n = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
		else
			n = recv(fd, chunk, sizeof(chunk), 0);
		if (n > 0 && c->mode == 'e')
			n = send(fd, chunk, (size_t)n, MSG_NOSIGNAL);
		if (n == 0 || (n == -1 && errno != EAGAIN))
			close(fd);
	}
}

static void
origin(int port)
{
	struct sockaddr_in sin;
	struct epoll_event evs[64];
	int fd, i, n, on;

	on = 1;
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons((uint16_t)port);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 4096) == -1)
		err(1, "listen");
	conns[fd].state = LISTENING;
	watch(fd, EPOLLIN, EPOLL_CTL_ADD);
	for (;;) {
		n = epoll_wait(ep, evs, 64, -1);
		for (i = 0; i < n; i++)
			origin_event(evs[i].data.fd);
	}
}

static void
dns(int port)
{
	static const unsigned char rr[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60,
	    0, 4, 127, 0, 0, 1 };
	unsigned char msg[1024];
	struct sockaddr_in sin;
	socklen_t len;
	ssize_t n;
	size_t i;
	int fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons((uint16_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "bind");
	for (;;) {
		len = sizeof(sin);
		n = recvfrom(fd, msg, 512, 0, (struct sockaddr *)&sin, &len);
		for (i = 12; n > 0 && i < (size_t)n && msg[i] != 0; i++)
			i += msg[i];
		if (n < 17 || i + 5 > (size_t)n)
			continue;
		memset(msg + 6, 0, 6);
		msg[2] = 0x81;
		msg[3] = 0x80;
		i += 5;
		if (msg[i - 3] == 1) {
			msg[7] = 1;
			memcpy(msg + i, rr, sizeof(rr));
			i += sizeof(rr);
		}
		(void)sendto(fd, msg, i, 0, (struct sockaddr *)&sin, len);
	}
}

static int
start(void)
{
	struct linger linger = { 1, 0 };
	int fd, on;

	on = 1;
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1)
		err(1, "socket");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* no TIME_WAIT, or the ports run out */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1 &&
	    errno != EINPROGRESS)
		err(1, "connect");
	conns[fd].state = CONNECTING;
	conns[fd].since = now();
	watch(fd, EPOLLOUT, EPOLL_CTL_ADD);
	return (fd);
}

/* 1: the tunnel is up and its byte came; -1: it failed. */
static int
advance(int fd)
{
	struct conn *c;
	ssize_t n;

	c = &conns[fd];
	switch (c->state) {
	case CONNECTING:
		if (!direct) {
			if (send(fd, head, strlen(head), MSG_NOSIGNAL) == -1)
				return (-1);
			c->state = ASKED;
			watch(fd, EPOLLIN, EPOLL_CTL_MOD);
			return (0);
		}
		watch(fd, EPOLLIN, EPOLL_CTL_MOD);
		break;
	case ASKED:
		n = recv(fd, chunk, 1024, 0);
		if (n < 12 || memcmp(chunk + 8, " 200", 4) != 0)
			return (-1);
		break;
	default:
		return (recv(fd, chunk, 1, 0) == 1 ? 1 : -1);
	}
	if (send(fd, hello, hellolen, MSG_NOSIGNAL) != (ssize_t)hellolen)
		return (-1);
	c->state = GREETED;
	return (0);
}

static void
done(int fd)
{
	if (nsamples < SAMPLES_MAX)
		samples[nsamples++] = (float)(now() - conns[fd].since);
	close(fd);
}

static int
cmp(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x < y ? -1 : x > y);
}

static void
setup(int atonce, double secs)
{
	struct epoll_event evs[256];
	double begin, end;
	size_t failed;
	int i, n, open, r;

	failed = 0;
	begin = now();
	end = begin + secs;
	for (open = 0; open < atonce; open++)
		start();
	while (open > 0) {
		n = epoll_wait(ep, evs, 256, 5000);
		if (n == 0)
			errx(1, "%d tunnels hang", open);
		for (i = 0; i < n; i++) {
			if ((r = advance(evs[i].data.fd)) == 0)
				continue;
			if (r == 1)
				done(evs[i].data.fd);
			else {
				failed++;
				close(evs[i].data.fd);
			}
			if (now() < end)
				start();
			else
				open--;
		}
	}
	secs = now() - begin;
	qsort(samples, nsamples, sizeof(*samples), cmp);
	if (nsamples == 0)
		errx(1, "no tunnel came up");
	printf("%.0f %.3f %.3f %zu %zu\n", (double)nsamples / secs,
	    samples[nsamples / 2] * 1e3,
	    samples[(size_t)((double)nsamples * 0.99)] * 1e3, nsamples, failed);
}

/* One tunnel, waited for. */
static int
tunnel(void)
{
	struct pollfd pfd;
	int fd, r;

	fd = start();
	pfd.fd = fd;
	do {
		pfd.events = conns[fd].state == CONNECTING ? POLLOUT : POLLIN;
		if (poll(&pfd, 1, 5000) != 1)
			errx(1, "a tunnel hangs");
	} while ((r = advance(fd)) == 0);
	if (r == -1)
		errx(1, "a tunnel failed");
	conns[fd].state = STREAMING;
	return (fd);
}

static void
echo(int times)
{
	struct epoll_event ev;
	double t;
	int fd, i;

	fd = tunnel();
	for (i = 0; i < times; i++) {
		t = now();
		if (send(fd, "x", 1, 0) != 1)
			err(1, "send");
		while (recv(fd, chunk, 1, 0) != 1)
			if (epoll_wait(ep, &ev, 1, 5000) != 1)
				errx(1, "no echo");
		samples[nsamples++] = (float)(now() - t);
	}
	qsort(samples, nsamples, sizeof(*samples), cmp);
	printf("%.1f %.1f\n", samples[nsamples / 2] * 1e6,
	    samples[(size_t)((double)nsamples * 0.99)] * 1e6);
}

static void
stream(int streams, int up, double secs)
{
	struct epoll_event evs[64];
	double begin, bytes;
	ssize_t r;
	int i, n;

	for (i = 0; i < streams; i++)
		watch(tunnel(), up ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
	bytes = 0;
	begin = now();
	while (now() < begin + secs) {
		n = epoll_wait(ep, evs, 64, 5000);
		for (i = 0; i < n; i++) {
			r = up ? send(evs[i].data.fd, chunk, sizeof(chunk),
			    MSG_NOSIGNAL) :
			    recv(evs[i].data.fd, chunk, sizeof(chunk), 0);
			if (r == 0 || (r == -1 && errno != EAGAIN))
				errx(1, "a stream broke");
			if (r > 0)
				bytes += (double)r;
		}
	}
	printf("%.0f %.3f\n", bytes / 1e6 / (now() - begin), bytes / 1e9);
}

int
main(int argc, char *argv[])
{
	struct rlimit rl;
	const char *what;
	int i;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
	if ((ep = epoll_create1(0)) == -1)
		err(1, "epoll_create1");
	if ((samples = malloc(SAMPLES_MAX * sizeof(*samples))) == NULL)
		err(1, "malloc");
	what = argc > 1 ? argv[1] : "";
	if (strcmp(what, "origin") == 0 && argc == 3)
		origin(atoi(argv[2]));
	if (strcmp(what, "dns") == 0 && argc == 3)
		dns(atoi(argv[2]));
	if (argc < 6)
		errx(1, "see the source");
	direct = atoi(argv[2]) == 0;
	memset(&to, 0, sizeof(to));
	to.sin_family = AF_INET;
	to.sin_port = htons((uint16_t)atoi(direct ? argv[4] : argv[2]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)snprintf(head, sizeof(head), "CONNECT %s:%s HTTP/1.1\r\n"
	    "Host: %s:%s\r\nUser-Agent: bench\r\n\r\n", argv[3], argv[4],
	    argv[3], argv[4]);
	if (strcmp(what, "setup") == 0 && argc == 7) {
		make_hello(argv[3], 'c');
		setup(atoi(argv[5]), atof(argv[6]) / 1e3);
	} else if (strcmp(what, "echo") == 0) {
		make_hello(argv[3], 'e');
		echo(atoi(argv[5]));
	} else if (strcmp(what, "stream") == 0 && argc == 8) {
		make_hello(argv[3], strcmp(argv[6], "up") == 0 ? 'r' : 's');
		stream(atoi(argv[5]), strcmp(argv[6], "up") == 0,
		    atof(argv[7]) / 1e3);
	} else if (strcmp(what, "idle") == 0) {
		make_hello(argv[3], 'e');
		for (i = 0; i < atoi(argv[5]); i++)
			(void)tunnel();
		printf("%d\n", i);
		fflush(stdout);
		pause();
	} else
		errx(1, "see the source");
	return (0);
}
