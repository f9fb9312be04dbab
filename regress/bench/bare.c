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
 * The least that a proxy can do: one process that reads a head without a look
 * at it, connects to the one origin that there is, says that it did, and
 * moves bytes.  No rules, no names, no times, no limits, no log.  What others
 * cost above this is what they do for it.
 *
 *	bare port origin-address origin-port
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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNS_MAX	65536		/* descriptors */
#define BUF_SIZE	16384
#define PIPE_SIZE	(256 * 1024)
#define PIPES_MAX	64

/* one direction, by the descriptor that it comes from */
struct flow {
	int		 to;		/* 0: none, -1: not connected yet */
	int		*pipe;
	size_t		 piped;		/* bytes in it */
	uint8_t		 connecting;	/* this is the origin's side */
	uint8_t		 fast;		/* worth a pipe */
	uint8_t		 eof;
};

static void	 watch(int, uint32_t);
static void	 accept_all(int);
static void	 head(int);
static void	 connected(int);
static void	 move(int, int);
static ssize_t	 move_copy(struct flow *, int);
static ssize_t	 move_splice(struct flow *, int);
static int	 move_out(struct flow *);
static void	 finish(struct flow *, int);
static void	 end(int);
static int	*pipe_get(void);

static struct flow	 flows[CONNS_MAX];
static int		*pipes[PIPES_MAX];	/* not in use */
static size_t		 npipes;
static struct sockaddr_in origin;
static int		 ep;
static char		 buf[BUF_SIZE];

int
main(int argc, char *argv[])
{
	struct epoll_event evs[64];
	struct sockaddr_in sin;
	uint32_t what;
	int fd, from, i, n;

	if (argc != 4)
		errx(1, "the source says how");
	signal(SIGPIPE, SIG_IGN);
	origin.sin_family = AF_INET;
	origin.sin_port = htons((uint16_t)atoi(argv[3]));
	if (inet_pton(AF_INET, argv[2], &origin.sin_addr) != 1)
		errx(1, "%s: no address", argv[2]);
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons((uint16_t)atoi(argv[1]));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 4096) == -1 || (ep = epoll_create1(0)) == -1)
		err(1, "listen");
	watch(fd, EPOLLIN);
	for (;;) {
		n = epoll_wait(ep, evs, 64, -1);
		for (i = 0; i < n; i++) {
			from = evs[i].data.fd;
			what = evs[i].events;
			if (from == fd)
				accept_all(fd);
			else if (flows[from].to == -1)
				head(from);
			else if (flows[from].connecting)
				connected(from);
			else {
				if ((what & EPOLLOUT) && flows[from].to > 0)
					move(flows[from].to, 0);
				if ((what & ~EPOLLOUT) && flows[from].to > 0)
					move(from, what & EPOLLRDHUP);
			}
		}
	}
}

/* By edges, so that this is all that epoll(7) has to be told. */
static void
watch(int fd, uint32_t events)
{
	struct epoll_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.events = events;
	ev.data.fd = fd;
	if (fd >= CONNS_MAX || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
accept_all(int fd)
{
	int new;

	while ((new = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) != -1) {
		watch(new, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
		flows[new].to = -1;
	}
}

static void
head(int client)
{
	ssize_t n;
	int server;

	n = recv(client, buf, sizeof(buf), 0);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n < 4 || memcmp(buf + n - 4, "\r\n\r\n", 4) != 0) {
		flows[client].to = 0;
		close(client);
		return;
	}
	server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (server == -1 || (connect(server, (struct sockaddr *)&origin,
	    sizeof(origin)) == -1 && errno != EINPROGRESS))
		err(1, "connect");
	watch(server, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	flows[client].to = server;
	flows[server].to = client;
	flows[server].connecting = 1;
}

static void
connected(int server)
{
	static const char yes[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	socklen_t len;
	int client, error, on;

	client = flows[server].to;
	flows[server].connecting = 0;
	on = 1;
	(void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	len = sizeof(error);
	if (getsockopt(server, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ||
	    error != 0 || send(client, yes, sizeof(yes) - 1,
	    MSG_NOSIGNAL) != sizeof(yes) - 1)
		end(server);
}

/*
 * Until there is no more to read, or it cannot be written.  A short read says
 * the former, unless the end may be behind it.
 */
static void
move(int from, int all)
{
	struct flow *f;
	ssize_t n;

	f = &flows[from];
	for (;;) {
		if (f->piped > 0) {
			if (move_out(f) == 0)
				continue;
			if (errno != EAGAIN)
				end(from);
			return;
		}
		if (f->eof)
			break;
		if (f->fast && f->pipe == NULL)
			f->pipe = pipe_get();
		n = f->pipe != NULL ? move_splice(f, from) :
		    move_copy(f, from);
		if (n == 0)
			f->eof = 1;
		else if (n == -1 && errno != EAGAIN) {
			end(from);
			return;
		} else if (n == -1 || (n < BUF_SIZE && !all && f->piped == 0))
			break;
	}
	finish(f, from);
}

static ssize_t
move_copy(struct flow *f, int from)
{
	ssize_t n, w;

	if ((n = recv(from, buf, sizeof(buf), 0)) <= 0)
		return (n);
	f->fast = n == sizeof(buf);
	w = send(f->to, buf, (size_t)n, MSG_NOSIGNAL);
	if (w == n)
		return (n);
	if (w == -1 && errno != EAGAIN)
		return (-1);
	if (w == -1)
		w = 0;
	/* the rest waits in a pipe, which has room for it */
	if ((f->pipe = pipe_get()) == NULL ||
	    write(f->pipe[1], buf + w, (size_t)(n - w)) != n - w)
		errx(1, "no pipe");
	f->piped = (size_t)(n - w);
	return (n);
}

static ssize_t
move_splice(struct flow *f, int from)
{
	ssize_t n;

	n = splice(from, NULL, f->pipe[1], NULL, PIPE_SIZE,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0)
		f->piped = (size_t)n;
	if (n >= 0)
		f->fast = n >= BUF_SIZE;
	return (n);
}

static int
move_out(struct flow *f)
{
	ssize_t n;

	n = splice(f->pipe[0], NULL, f->to, NULL, f->piped,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n == -1)
		return (-1);
	f->piped -= (size_t)n;
	return (0);
}

/* The pipe is empty now, and there may be nothing more to come. */
static void
finish(struct flow *f, int from)
{
	if (f->pipe != NULL && npipes < PIPES_MAX)
		pipes[npipes++] = f->pipe;
	else if (f->pipe != NULL)
		errx(1, "too many pipes");
	f->pipe = NULL;
	if (!f->eof)
		return;
	if (flows[f->to].eof || shutdown(f->to, SHUT_WR) == -1)
		end(from);
}

static void
end(int fd)
{
	int i, fds[2];

	fds[0] = fd;
	fds[1] = flows[fd].to;
	for (i = 0; i < 2; i++) {
		if (flows[fds[i]].pipe != NULL) {
			close(flows[fds[i]].pipe[0]);
			close(flows[fds[i]].pipe[1]);
			free(flows[fds[i]].pipe);
		}
		memset(&flows[fds[i]], 0, sizeof(flows[0]));
		close(fds[i]);
	}
}

static int *
pipe_get(void)
{
	int *p;

	if (npipes > 0)
		return (pipes[--npipes]);
	if ((p = calloc(2, sizeof(*p))) == NULL ||
	    pipe2(p, O_NONBLOCK) == -1) {
		free(p);
		return (NULL);
	}
	(void)fcntl(p[0], F_SETPIPE_SZ, PIPE_SIZE);
	return (p);
}
