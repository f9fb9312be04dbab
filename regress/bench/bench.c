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
 * Load for a proxy, an origin for it to connect to and a DNS server for it to
 * ask.  One process, one epoll(7) loop, and as few calls as can be, so that
 * it is the proxy that is measured.
 *
 *	bench origin address port
 *	bench dns address answer
 *	bench [-d] [-p pid,...] address port host setup at-once milliseconds
 *	bench [-d] [-p pid,...] address port host stream up|down number
 *	    milliseconds
 *	bench [-d] address port host echo milliseconds
 *	bench [-d] address port host idle number
 *
 * The load goes to the proxy at address and port, which is asked for port 443
 * of the host; with -d it is the host itself that is there.  A tunnel is up
 * when the origin's first byte has come, which answers a ClientHello for the
 * host.  What the origin does then the client says in the hello's random.
 * The processor time is that of the processes named.
 */

#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef __dead
#define __dead		__attribute__((__noreturn__))
#endif

#define CONNS_MAX	65536		/* descriptors */
#define SAMPLES_MAX	1000000
#define CHUNK		(256 * 1024)
#define PIDS_MAX	16
#define WAIT		5000		/* milliseconds for anything */
#define WARMUP		0.05		/* seconds of a stream */
#define IDLE_ATONCE	64

#define HELLO_SIZE	517
#define HELLO_RANDOM	11
#define ANSWER_TTL	300

/* what the origin does behind its first byte */
#define MODE_WAIT	'w'
#define MODE_ECHO	'e'
#define MODE_SEND	's'
#define MODE_READ	'r'

enum state { ASKED, GREETED, UP };

struct conn {
	enum state	 state;
	char		 mode;
	size_t		 got;		/* of a hello */
	double		 since;
};

static __dead void usage(void);
static double	 now(void);
static void	 watch(int, int, uint32_t);
static void	 address(struct sockaddr_in *, const char *, const char *);
static __dead void dns(const char *, const char *);
static __dead void origin(const char *, const char *);
static void	 origin_accept(int);
static void	 origin_event(int);
static void	 make_hello(const char *, char);
static unsigned char *put(unsigned char *, size_t, unsigned int);
static int	 begin(void);
static int	 advance(int);
static void	 finish(int, double, int);
static void	 establish(unsigned int, unsigned int, double, int);
static double	 percentile(double);
static int	 cmp(const void *, const void *);
static double	 cpu(void);
static void	 parse_pids(char *);
static void	 setup(unsigned int, double);
static void	 stream(unsigned int, double);
static void	 echo(double);
static void	 idle(unsigned int);

static struct conn	 conns[CONNS_MAX];	/* by descriptor */
static int		 ep;
static struct sockaddr_in to;
static int		 direct;
static char		 head[512];
static unsigned char	 hello[HELLO_SIZE];
static char		 chunk[CHUNK];

static float		 samples[SAMPLES_MAX];	/* seconds */
static size_t		 nsamples, nfirst, ntimely, nfailed;
static double		 first;			/* when those were up */
static clockid_t	 clocks[PIDS_MAX];
static size_t		 nclocks;

static __dead void
usage(void)
{
	errx(1, "the source says how");
}

int
main(int argc, char *argv[])
{
	const char *what;
	int ch, up;

	signal(SIGPIPE, SIG_IGN);
	if ((ep = epoll_create1(0)) == -1)
		err(1, "epoll_create1");
	while ((ch = getopt(argc, argv, "dp:")) != -1)
		switch (ch) {
		case 'd':
			direct = 1;
			break;
		case 'p':
			parse_pids(optarg);
			break;
		default:
			usage();
		}
	argc -= optind;
	argv += optind;
	if (argc == 3 && strcmp(argv[0], "origin") == 0)
		origin(argv[1], argv[2]);
	if (argc == 3 && strcmp(argv[0], "dns") == 0)
		dns(argv[1], argv[2]);
	if (argc < 5)
		usage();
	address(&to, argv[0], argv[1]);
	(void)snprintf(head, sizeof(head), "CONNECT %s:443 HTTP/1.1\r\n"
	    "Host: %s:443\r\nUser-Agent: bench\r\n\r\n", argv[2], argv[2]);
	what = argv[3];
	if (argc == 6 && strcmp(what, "setup") == 0) {
		make_hello(argv[2], MODE_WAIT);
		setup((unsigned int)atoi(argv[4]), atof(argv[5]) / 1e3);
	} else if (argc == 7 && strcmp(what, "stream") == 0) {
		up = strcmp(argv[4], "up") == 0;
		make_hello(argv[2], up ? MODE_READ : MODE_SEND);
		stream((unsigned int)atoi(argv[5]), atof(argv[6]) / 1e3);
	} else if (argc == 5 && strcmp(what, "echo") == 0) {
		make_hello(argv[2], MODE_ECHO);
		echo(atof(argv[4]) / 1e3);
	} else if (argc == 5 && strcmp(what, "idle") == 0) {
		make_hello(argv[2], MODE_WAIT);
		idle((unsigned int)atoi(argv[4]));
	} else
		usage();
	return (0);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static void
watch(int fd, int op, uint32_t events)
{
	struct epoll_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.events = events;
	ev.data.fd = fd;
	if (epoll_ctl(ep, op, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
address(struct sockaddr_in *sin, const char *addr, const char *port)
{
	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_port = htons((uint16_t)atoi(port));
	if (inet_pton(AF_INET, addr, &sin->sin_addr) != 1)
		errx(1, "%s: no address", addr);
}

/*
 * The other side.
 */

/* Every name has one address and no other records. */
static __dead void
dns(const char *addr, const char *answer)
{
	static const unsigned char rr[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, ANSWER_TTL >> 8, ANSWER_TTL & 0xff,
		0, 4
	};
	struct sockaddr_in from, sin;
	unsigned char msg[600];
	socklen_t fromlen;
	ssize_t n;
	size_t end;
	int fd, room;

	address(&sin, addr, "53");
	/* one that is lost costs a proxy without a cache seconds */
	room = 1024 * 1024;
	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "bind");
	address(&sin, answer, "0");
	for (;;) {
		fromlen = sizeof(from);
		n = recvfrom(fd, msg, 512, 0, (struct sockaddr *)&from,
		    &fromlen);
		if (n < 17)
			continue;
		for (end = 12; end < (size_t)n && msg[end] != 0;
		    end += msg[end] + 1U)
			;
		end += 5;
		if (end > (size_t)n)
			continue;
		msg[2] = 0x81;
		msg[3] = 0x80;
		memset(msg + 6, 0, 6);
		if (msg[end - 3] == 1) {
			msg[7] = 1;
			memcpy(msg + end, rr, sizeof(rr));
			memcpy(msg + end + sizeof(rr), &sin.sin_addr, 4);
			end += sizeof(rr) + 4;
		}
		(void)sendto(fd, msg, end, 0, (struct sockaddr *)&from,
		    fromlen);
	}
}

static __dead void
origin(const char *addr, const char *port)
{
	struct epoll_event evs[256];
	struct sockaddr_in sin;
	int fd, i, n;

	address(&sin, addr, port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 4096) == -1)
		err(1, "listen");
	watch(fd, EPOLL_CTL_ADD, EPOLLIN);
	for (;;) {
		n = epoll_wait(ep, evs, 256, -1);
		for (i = 0; i < n; i++)
			if (evs[i].data.fd == fd)
				origin_accept(fd);
			else
				origin_event(evs[i].data.fd);
	}
}

static void
origin_accept(int fd)
{
	int new;

	while ((new = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) != -1) {
		if (new >= CONNS_MAX)
			errx(1, "too many connections");
		conns[new].state = ASKED;
		conns[new].got = 0;
		watch(new, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static void
origin_event(int fd)
{
	struct conn *c;
	ssize_t n;
	size_t seen;
	int on;

	c = &conns[fd];
	if (c->state == ASKED) {
		n = recv(fd, chunk, HELLO_SIZE - c->got, 0);
		if (n > 0) {
			seen = c->got;
			c->got += (size_t)n;
			if (seen <= HELLO_RANDOM && c->got > HELLO_RANDOM)
				c->mode = chunk[HELLO_RANDOM - seen];
			if (c->got < HELLO_SIZE)
				return;
			n = send(fd, "!", 1, MSG_NOSIGNAL);
		}
		c->state = UP;
		on = 1;
		if (c->mode == MODE_ECHO)
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
			    sizeof(on));
		if (n == 1 && c->mode == MODE_SEND)
			watch(fd, EPOLL_CTL_MOD, EPOLLOUT);
	} else if (c->mode == MODE_SEND)
		n = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
	else if (c->mode == MODE_READ)
		n = recv(fd, NULL, sizeof(chunk), MSG_TRUNC);
	else {
		n = recv(fd, chunk, sizeof(chunk), 0);
		if (n > 0 && c->mode == MODE_ECHO)
			n = send(fd, chunk, (size_t)n, MSG_NOSIGNAL);
	}
	if (n == 0 || (n == -1 && errno != EAGAIN))
		close(fd);
}

/*
 * Tunnels.
 */

/* As long as many a browser's, which an extension of zeros pads. */
static void
make_hello(const char *host, char mode)
{
	unsigned char *p;
	size_t len, rest;

	len = strlen(host);
	p = hello;
	p = put(p, 0x160301, 3);
	p = put(p, HELLO_SIZE - 5, 2);
	p = put(p, 1, 1);
	p = put(p, HELLO_SIZE - 9, 3);
	p = put(p, 0x0303, 2);
	memset(p, mode, 32);
	p = put(p + 32, 0, 1);
	p = put(p, 2, 2);
	p = put(p, 0x1301, 2);
	p = put(p, 0x0100, 2);
	rest = HELLO_SIZE - (size_t)(p + 2 - hello);
	p = put(p, rest, 2);
	p = put(p, 0, 2);
	p = put(p, len + 5, 2);
	p = put(p, len + 3, 2);
	p = put(p, 0, 1);
	p = put(p, len, 2);
	memcpy(p, host, len);
	p = put(p + len, 43, 2);
	p = put(p, 3, 2);
	p = put(p, 2, 1);
	p = put(p, 0x0304, 2);
	p = put(p, 21, 2);
	rest = HELLO_SIZE - (size_t)(p + 2 - hello);
	(void)put(p, rest, 2);
}

static unsigned char *
put(unsigned char *p, size_t n, unsigned int bytes)
{
	while (bytes-- > 0)
		*p++ = (unsigned char)(n >> 8 * bytes);
	return (p);
}

/*
 * Within a machine a connection is there when connect(2) returns, although
 * that does not say so.
 */
static int
begin(void)
{
	const void *data;
	size_t len;
	double t;
	int fd;

	t = now();
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd == -1 || fd >= CONNS_MAX)
		err(1, "socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1 &&
	    errno != EINPROGRESS)
		err(1, "connect");
	data = direct ? (const void *)hello : head;
	len = direct ? sizeof(hello) : strlen(head);
	if (send(fd, data, len, MSG_NOSIGNAL) != (ssize_t)len) {
		close(fd);
		return (-1);
	}
	conns[fd].state = direct ? GREETED : ASKED;
	conns[fd].since = t;
	watch(fd, EPOLL_CTL_ADD, EPOLLIN);
	return (fd);
}

/* 1: the tunnel is up; -1: it failed. */
static int
advance(int fd)
{
	struct conn *c;
	ssize_t n;

	c = &conns[fd];
	if (c->state == GREETED) {
		if (recv(fd, chunk, 1, 0) != 1)
			return (-1);
		c->state = UP;
		return (1);
	}
	n = recv(fd, chunk, 1024, 0);
	if (n < 12 || memcmp(chunk + 8, " 200", 4) != 0 ||
	    send(fd, hello, sizeof(hello), MSG_NOSIGNAL) != sizeof(hello))
		return (-1);
	c->state = GREETED;
	return (0);
}

static void
finish(int fd, double until, int keep)
{
	double t;

	t = now();
	if (nsamples < SAMPLES_MAX)
		samples[nsamples++] = (float)(t - conns[fd].since);
	if (nsamples == nfirst)
		first = t;
	if (t < until)
		ntimely = nsamples;
	if (keep)
		watch(fd, EPOLL_CTL_DEL, 0);
	else
		close(fd);
}

/* Up to a number of tunnels, so many at once, until some time. */
static void
establish(unsigned int number, unsigned int atonce, double until, int keep)
{
	struct epoll_event evs[256];
	unsigned int begun, open;
	int fd, i, n, r;

	begun = open = 0;
	do {
		while (open < atonce && begun < number && now() < until) {
			begun++;
			if (begin() == -1)
				nfailed++;
			else
				open++;
		}
		if (open == 0)
			break;
		if ((n = epoll_wait(ep, evs, 256, WAIT)) == 0)
			errx(1, "%u tunnels hang", open);
		for (i = 0; i < n; i++) {
			fd = evs[i].data.fd;
			if ((r = advance(fd)) == 0)
				continue;
			open--;
			if (r == 1)
				finish(fd, until, keep);
			else {
				nfailed++;
				close(fd);
			}
		}
	} while (nfailed <= 100);
	if (nsamples == 0 || nfailed > 100)
		errx(1, "%zu tunnels failed", nfailed);
}

/*
 * Measurements.
 */

static double
percentile(double part)
{
	qsort(samples, nsamples, sizeof(*samples), cmp);
	return ((double)samples[(size_t)((double)(nsamples - 1) * part)]);
}

static int
cmp(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x < *y ? -1 : *x > *y);
}

static double
cpu(void)
{
	struct timespec ts;
	double sum;
	size_t i;

	for (sum = 0, i = 0; i < nclocks; i++) {
		if (clock_gettime(clocks[i], &ts) == -1)
			err(1, "a process is gone");
		sum += (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
	}
	return (sum);
}

static void
parse_pids(char *list)
{
	char *pid;

	for (pid = strtok(list, ","); pid != NULL; pid = strtok(NULL, ",")) {
		if (nclocks == PIDS_MAX)
			errx(1, "too many processes");
		if (clock_getcpuclockid((pid_t)atoi(pid),
		    &clocks[nclocks++]) != 0)
			errx(1, "no process %s", pid);
	}
}

/*
 * Tunnels a second, p50 and p99 in us, CPU seconds for 1,000, failed ones.
 * The rate is that of those between the first ones and the end of time: a
 * single one that hangs shows in what they take.
 */
static void
setup(unsigned int atonce, double secs)
{
	double before, until;

	/* what a proxy does once */
	establish(1, 1, now() + 1, 0);
	nsamples = ntimely = 0;
	nfirst = atonce;
	before = cpu();
	until = now() + secs;
	establish(SAMPLES_MAX, atonce, until, 0);
	before = cpu() - before;
	if (ntimely <= nfirst)
		errx(1, "not enough tunnels");
	printf("%.1f %.1f %.1f %.5f %zu\n",
	    (double)(ntimely - nfirst) / (until - first),
	    percentile(0.5) * 1e6, percentile(0.99) * 1e6,
	    before / (double)nsamples * 1e3, nfailed);
}

/* MB/s, CPU seconds a GB */
static void
stream(unsigned int number, double secs)
{
	struct epoll_event evs[64];
	double before, bytes, end, t;
	uint32_t what;
	ssize_t r;
	int fd, i, n, up;

	up = hello[HELLO_RANDOM] == MODE_READ;
	what = up ? EPOLLOUT : EPOLLIN;
	establish(number, number, now() + 1, 1);
	if (nsamples < number)
		errx(1, "a tunnel failed");
	for (fd = 0; fd < CONNS_MAX; fd++)
		if (conns[fd].state == UP)
			watch(fd, EPOLL_CTL_ADD, what);
	before = bytes = 0;
	t = now() + WARMUP;
	for (end = 0; end == 0 || now() < end;) {
		if (end == 0 && now() >= t) {
			before = cpu();
			bytes = 0;
			t = now();
			end = t + secs;
		}
		if ((n = epoll_wait(ep, evs, 64, WAIT)) == 0)
			errx(1, "a stream hangs");
		for (i = 0; i < n; i++) {
			fd = evs[i].data.fd;
			r = up ? send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) :
			    recv(fd, NULL, sizeof(chunk), MSG_TRUNC);
			if (r == 0 || (r == -1 && errno != EAGAIN))
				errx(1, "a stream broke");
			if (r > 0)
				bytes += (double)r;
		}
	}
	t = now() - t;
	printf("%.1f %.5f\n", bytes / t / 1e6, (cpu() - before) / bytes * 1e9);
}

/* p50 and p99 of a byte's way there and back in us */
static void
echo(double secs)
{
	double begun, end;
	int fd, on;

	on = 1;
	establish(1, 1, now() + 1, 1);
	for (fd = 0; conns[fd].state != UP; fd++)
		;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fcntl(fd, F_SETFL, 0) == -1)
		err(1, "fcntl");
	nsamples = 0;
	end = now() + secs;
	do {
		begun = now();
		if (send(fd, chunk, 1, 0) != 1 || recv(fd, chunk, 1, 0) != 1)
			errx(1, "no echo");
		samples[nsamples++] = (float)(now() - begun);
	} while (now() < end && nsamples < SAMPLES_MAX);
	printf("%.1f %.1f\n", percentile(0.5) * 1e6, percentile(0.99) * 1e6);
}

/* Says when the tunnels are up, and keeps them until told to go. */
static void
idle(unsigned int number)
{
	establish(number, IDLE_ATONCE, now() + 60, 1);
	printf("%zu\n", nsamples);
	(void)fflush(stdout);
	pause();
}
