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
 * How clients come to the frontend: the sockets that it listens on, the
 * numbers that connections have, and how many there may be, in all and of one
 * client's address.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/tree.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "proxyd.h"
#include "frontend.h"

#define LISTENERS_MAX	(4 * LISTEN_ADDRS + LISTEN_MAX)
#define ACCEPT_MAX	64	/* in a row, of one socket */
#define ACCEPT_PAUSE	1	/* seconds, without descriptors */
#define NO_CONN		UINT32_MAX

struct client {
	struct netaddr		 addr;
	uint32_t		 count;
	RB_ENTRY(client)	 entry;
};

static void	 listener_accept(int, short, void *);
static void	 listeners_pause(void);
static void	 listeners_resume(int, short, void *);
static void	 client_new(struct listener *, int,
		    const struct sockaddr *);
static void	 client_turn_away(struct listener *, int);
static struct conn *conn_new(const struct netaddr *);
static int	 client_cmp(struct client *, struct client *);

RB_HEAD(clients, client);
RB_PROTOTYPE(clients, client, entry, client_cmp)
RB_GENERATE(clients, client, entry, client_cmp)

static struct clients	 clients = RB_INITIALIZER(&clients);
static struct listener	 listeners[LISTENERS_MAX];
static size_t		 nlisteners;
static struct event	 pause_ev;
static int		 paused;

/*
 * By number: those below conns_high were in use, and those that no longer are
 * make a list.
 */
static struct conn	*conns;
static uint32_t		 conns_high, conns_free;
uint32_t		 nconns, conns_used;
uint64_t		 total_accepted;

/* A number needs a descriptor; what is not used is not there. */
void
accept_init(void)
{
	nconns = (uint32_t)getdtablesize();
	if (nconns > CONN_MASK)
		nconns = CONN_MASK;
	if ((conns = calloc(nconns, sizeof(*conns))) == NULL)
		fatal("calloc");
	conns_free = NO_CONN;
	evtimer_set(&pause_ev, listeners_resume, NULL);
}

/*
 * What accepted sockets inherit is set here.  Urgent data stays in the stream:
 * else what is looked at could differ from what is later read.
 */
int
listener_add(struct imsg *imsg)
{
	struct sockaddr_storage ss;
	struct listener *l;
	struct netaddr addr;
	socklen_t len;
	int on;

	on = 1;
	if (nlisteners == LISTENERS_MAX)
		return (-1);
	l = &listeners[nlisteners];
	if (imsg_get_data(imsg, &l->kind, sizeof(l->kind)) == -1 ||
	    l->kind >= LISTEN_MAX || (l->fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	len = sizeof(ss);
	if (getsockname(l->fd, (struct sockaddr *)&ss, &len) == -1 ||
	    addr_from_sockaddr((struct sockaddr *)&ss, &addr) == -1)
		fatalx("a socket to listen on is none");
	memcpy(l->addr, addr.bytes, sizeof(l->addr));
	if (l->kind != LISTEN_DNS_UDP && (setsockopt(l->fd, SOL_SOCKET,
	    SO_OOBINLINE, &on, sizeof(on)) == -1 || setsockopt(l->fd,
	    SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == -1 ||
	    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)) == -1))
		fatal("setsockopt");
	event_set(&l->ev, l->fd, EV_READ | EV_PERSIST,
	    l->kind == LISTEN_DNS_UDP ? names_datagram : listener_accept,
	    l);
	nlisteners++;
	return (0);
}

void
listeners_start(void)
{
	size_t i;

	for (i = 0; i < nlisteners; i++)
		event_add(&listeners[i].ev, NULL);
}

static void
listener_accept(int fd, short event, void *arg)
{
	struct sockaddr_storage ss;
	struct listener *l = arg;
	socklen_t len;
	int client, i;

	(void)event;
	for (i = 0; i < ACCEPT_MAX; i++) {
		len = sizeof(ss);
		client = accept4(fd, (struct sockaddr *)&ss, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client != -1) {
			client_new(l, client, (struct sockaddr *)&ss);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EMFILE && request_evict())
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS) {
			log_warn("accept");
			listeners_pause();
		}
		return;
	}
}

/* Without descriptors there is no use in asking again at once. */
static void
listeners_pause(void)
{
	const struct timeval tv = { ACCEPT_PAUSE, 0 };
	size_t i;

	if (paused)
		return;
	paused = 1;
	for (i = 0; i < nlisteners; i++)
		event_del(&listeners[i].ev);
	evtimer_add(&pause_ev, &tv);
}

static void
listeners_resume(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	paused = 0;
	listeners_start();
}

static void
client_new(struct listener *l, int fd, const struct sockaddr *sa)
{
	struct sockaddr_in6 sin6;
	struct netaddr addr;
	struct conn *c;

	total_accepted++;
	if (addr_from_sockaddr(sa, &addr) == -1) {
		close(fd);
		return;
	}
	if ((c = conn_new(&addr)) == NULL) {
		client_turn_away(l, fd);
		return;
	}
	/* the port stands at the same place in both kinds of address */
	memcpy(&sin6, sa, sizeof(struct sockaddr_in));
	request_new(c, l, fd, &addr, ntohs(sin6.sin6_port));
}

/* Whether the client still reads that it had better come later or not. */
static void
client_turn_away(struct listener *l, int fd)
{
	static const char why[] = "too many connections";
	size_t len;

	total_refused++;
	request_note(NULL, "", 0, why);
	if (l->kind == LISTEN_PROXY || l->kind == LISTEN_HTTP ||
	    l->kind == LISTEN_GATEWAY) {
		len = http_error((char *)peeked, sizeof(peeked), 503, why);
		(void)send(fd, peeked, len, MSG_NOSIGNAL);
	}
	close(fd);
}

/*
 * A connection's number.  Where there is no room, those that were refused and
 * those that have not asked for anything yet make it, the oldest first.
 */
static struct conn *
conn_new(const struct netaddr *addr)
{
	struct client *cl, key;
	struct conn *c;

	if (nheads >= settings.limits[LIMIT_HEADS])
		request_close(TAILQ_FIRST(&heads));
	if (conns_used >= settings.limits[LIMIT_CONNECTIONS])
		(void)request_evict();
	if (conns_used >= settings.limits[LIMIT_CONNECTIONS])
		return (NULL);
	key.addr = *addr;
	if ((cl = RB_FIND(clients, &clients, &key)) == NULL) {
		if ((cl = calloc(1, sizeof(*cl))) == NULL)
			fatal("calloc");
		cl->addr = *addr;
		RB_INSERT(clients, &clients, cl);
	} else if (cl->count >= settings.limits[LIMIT_CLIENT])
		return (NULL);
	cl->count++;
	conns_used++;
	if (conns_free != NO_CONN) {
		c = &conns[conns_free];
		conns_free = c->next;
	} else
		c = &conns[conns_high++];
	c->client = cl;
	return (c);
}

/* A number that no message to the one before is taken to be meant for. */
uint32_t
conn_turn(struct conn *c)
{
	c->turn = (c->turn + 1) & (UINT32_MAX >> CONN_BITS);
	return ((uint32_t)(c - conns) | (uint32_t)c->turn << CONN_BITS);
}

struct conn *
conn_of(const struct request *r)
{
	return (&conns[r->id & CONN_MASK]);
}

struct conn *
conn_find(uint32_t id)
{
	struct conn *c;

	if ((id & CONN_MASK) >= conns_high)
		return (NULL);
	c = &conns[id & CONN_MASK];
	return (c->client != NULL && c->turn == id >> CONN_BITS ? c : NULL);
}

void
conn_release(struct conn *c)
{
	struct client *cl;

	cl = c->client;
	if (--cl->count == 0) {
		RB_REMOVE(clients, &clients, cl);
		free(cl);
	}
	c->client = NULL;
	c->next = conns_free;
	conns_free = (uint32_t)(c - conns);
	conns_used--;
}

static int
client_cmp(struct client *a, struct client *b)
{
	return (memcmp(&a->addr, &b->addr, sizeof(a->addr)));
}
