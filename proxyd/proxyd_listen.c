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
 * The sockets that the parent binds, or takes from a sandbox, and gives to the
 * frontend.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "inside.h"
#include "parent.h"
#include "proc.h"

#define LISTEN_BACKLOG	4096
#define HANDOVER_WAIT	5	/* seconds for a client to hand over */

static void	 open_listener(const struct netaddr *, uint16_t, uint32_t,
		    int);
static void	 send_listener(uint32_t, int);
static void	 handover_accept(int, short, void *);
static void	 handover_read(int, short, void *);
static int	 handover_receive(int, int [HANDOVER_MAX]);
static int	 handover_check(int, const struct handover_socket *);

static int		 handover_fd = -1;
static struct event	 handover_ev, client_ev;

void
open_listeners(const struct config *c)
{
	static const struct handover_socket kinds[] = HANDOVER_SOCKETS;
	const struct listen_addr *l;
	uint32_t kind;
	size_t i;

	for (i = 0; i < c->nlistens; i++) {
		l = &c->listens[i];
		if (l->port != 0) {
			open_listener(&l->addr, l->port, l->gateway ?
			    LISTEN_GATEWAY : LISTEN_PROXY, SOCK_STREAM);
			continue;
		}
		for (kind = LISTEN_DNS_UDP; kind <= LISTEN_HTTP; kind++)
			open_listener(&l->addr, (uint16_t)kinds[kind].port,
			    kind, kinds[kind].type);
	}
}

static void
open_listener(const struct netaddr *addr, uint16_t port, uint32_t kind,
    int type)
{
	struct sockaddr_storage ss;
	char text[ADDR_STRLEN];
	socklen_t len;
	int fd, on;

	len = addr_to_sockaddr(addr, port, &ss);
	on = 1;
	if ((fd = socket(addr->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) == -1)
		fatal("socket");
	if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR,
	    &on, sizeof(on)) == -1)
		fatal("setsockopt");
	if (addr->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof(on)) == -1)
		fatal("setsockopt");
	if (bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    (type == SOCK_STREAM && listen(fd, LISTEN_BACKLOG) == -1))
		fatal("listen on %s port %u", addr_print(addr, text), port);
	send_listener(kind, fd);
}

static void
send_listener(uint32_t kind, int fd)
{
	peer_send(proc_peer(ROLE_FRONTEND), IMSG_LISTEN, 0, fd, &kind,
	    sizeof(kind));
}

void
open_handover(const char *path)
{
	struct sockaddr_un sun;
	mode_t mask;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		fatalx("%s: too long", path);
	handover_fd = socket(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (handover_fd == -1)
		fatal("socket");
	if (unlink(path) == -1 && errno != ENOENT)
		fatal("%s", path);
	/* whoever is on its other side is another user */
	mask = umask(0111);
	if (bind(handover_fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(handover_fd, 1) == -1)
		fatal("%s", path);
	(void)umask(mask);
	event_set(&handover_ev, handover_fd, EV_READ, handover_accept, NULL);
	event_add(&handover_ev, NULL);
}

/* One at a time; the next is looked at when this one was not what we want. */
static void
handover_accept(int fd, short event, void *arg)
{
	const struct timeval tv = { HANDOVER_WAIT, 0 };
	int client;

	(void)event;
	(void)arg;
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client == -1) {
		event_add(&handover_ev, NULL);
		return;
	}
	event_set(&client_ev, client, EV_READ, handover_read, NULL);
	event_add(&client_ev, &tv);
}

static void
handover_read(int fd, short event, void *arg)
{
	static const struct handover_socket want[] = HANDOVER_SOCKETS;
	static const char yes = HANDOVER_OK;
	int fds[HANDOVER_MAX];
	uint32_t i;

	(void)arg;
	if (event != EV_READ || handover_receive(fd, fds) == -1) {
		log_warnx("that was no handover");
		goto again;
	}
	for (i = 0; i < HANDOVER_MAX; i++)
		if (handover_check(fds[i], &want[i]) == -1)
			break;
	if (i < HANDOVER_MAX) {
		log_warnx("socket %u of the handover is not what it should be",
		    i);
		for (i = 0; i < HANDOVER_MAX; i++)
			close(fds[i]);
		goto again;
	}
	for (i = 0; i < HANDOVER_MAX; i++)
		send_listener(i, fds[i]);
	(void)send(fd, &yes, sizeof(yes), MSG_NOSIGNAL);
	close(fd);
	handover_close();
	proc_run(started);
	return;
 again:
	close(fd);
	event_add(&handover_ev, NULL);
}

/* Exactly what is expected, or nothing: -1, and nothing stays open. */
static int
handover_receive(int fd, int fds[HANDOVER_MAX])
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE((HANDOVER_MAX + 1) *
				    sizeof(int))];
	} cmsg;
	struct msghdr msg;
	struct cmsghdr *c;
	struct iovec iov;
	uint32_t magic[2];
	size_t i, n, got;
	ssize_t len;
	int extra;

	memset(&msg, 0, sizeof(msg));
	iov.iov_base = magic;
	iov.iov_len = sizeof(magic);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &cmsg.buf;
	msg.msg_controllen = sizeof(cmsg.buf);
	if ((len = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC)) == -1)
		return (-1);
	got = 0;
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++, got++) {
			memcpy(&extra, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(extra));
			if (got < HANDOVER_MAX)
				fds[got] = extra;
			else
				close(extra);
		}
	}
	if (got == HANDOVER_MAX && len == sizeof(magic[0]) &&
	    magic[0] == HANDOVER_MAGIC && (msg.msg_flags & MSG_CTRUNC) == 0)
		return (0);
	for (i = 0; i < got && i < HANDOVER_MAX; i++)
		close(fds[i]);
	return (-1);
}

/* A socket of the kind wanted, on the loopback address and port wanted. */
static int
handover_check(int fd, const struct handover_socket *want)
{
	struct sockaddr_in sin;
	socklen_t len;
	int accepts, domain, flags, proto, type;

	len = sizeof(int);
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &proto, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &len) == -1)
		return (-1);
	if (domain != AF_INET || type != want->type ||
	    proto != (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP) ||
	    (accepts != 0) != (type == SOCK_STREAM))
		return (-1);
	len = sizeof(sin);
	if (getsockname(fd, (struct sockaddr *)&sin, &len) == -1 ||
	    len != sizeof(sin) || sin.sin_family != AF_INET ||
	    sin.sin_addr.s_addr != htonl(INADDR_LOOPBACK) ||
	    sin.sin_port != htons((uint16_t)want->port))
		return (-1);
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return (-1);
	return (0);
}

/* The handover's socket does not outlive its use. */
void
handover_close(void)
{
	if (handover_fd == -1)
		return;
	if (unlink(conf->handover) == -1)
		log_warn("%s", conf->handover);
	close(handover_fd);
	handover_fd = -1;
}
