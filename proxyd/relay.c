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
 * The relay connects to addresses that the resolver allowed for a connection
 * and moves bytes between there and a client that the frontend gives it.  It
 * parses nothing: what passes is the client's and the server's business.  It
 * trusts the resolver for where to connect, and the frontend for no more than
 * which client a connection is of.
 *
 * Small amounts go through one buffer that all connections share; as soon as
 * bytes flow they are spliced through a pipe from a pool.  A connection that
 * is idle holds neither.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "proc.h"
#include "proxyd.h"
#include "relay.h"
#include "sandbox.h"

#define NEXT_ADDRESS	250	/* milliseconds */
#define DIAL_TICK	50	/* milliseconds */
#define TICK		1	/* seconds */
#ifdef EV_ET
#define EV_RESET	(EV_READ | EV_ET)
#else
#define EV_RESET	0	/* the next write tells */
#endif

static int	 relay_handle(struct peer *, struct imsg *);
static void	 relay_started(void);
static void	 relay_exit(void);
static int	 handle_conf(struct imsg *);
static int	 handle_dial(struct imsg *);
static int	 handle_replied(struct imsg *);
static int	 handle_go(struct imsg *);
static int	 handle_cancel(struct imsg *);
static int	 handle_cut(struct imsg *);
static void	 handle_recheck(void);
static void	 handle_totals(void);
static struct tunnel *tunnel_find(uint32_t);
static struct tunnel *tunnel_new(uint32_t, const struct dial *);
static void	 tunnel_free(struct tunnel *);
static void	 tunnel_opened(const struct tunnel *);
static void	 tunnel_report(const struct tunnel *, const char *);
static void	 tunnel_lists(struct tunnel *, struct tunnels *,
		    struct tunnels *);
static void	 tunnel_touch(struct tunnel *);
static void	 tunnel_watch(struct tunnel *);
static void	 side_watch(struct side *, int, short);
static void	 dial_next(struct tunnel *);
static int	 dial_address(struct tunnel *, struct attempt *);
static void	 dial_event(int, short, void *);
static void	 dial_connected(struct tunnel *, struct attempt *);
static void	 dial_done(struct tunnel *);
static void	 dial_failed(struct tunnel *, enum refusal);
static void	 dial_free(struct dialing *);
static void	 via_start(struct tunnel *);
static void	 via_watch(struct tunnel *);
static void	 via_event(int, short, void *);
static void	 side_event(int, short, void *);
static void	 ticks_start(void);
static void	 dial_tick(int, short, void *);
static void	 tick(int, short, void *);
static void	 compose(unsigned int, uint32_t, uint32_t, const void *,
		    size_t);

static struct settings	 settings;

/* by the number in their ids */
static struct tunnel	**tunnels;
static uint32_t		 ntunnels, tunnels_used;

/* the oldest first */
static struct tunnels	 dialing = TAILQ_HEAD_INITIALIZER(dialing);
static struct tunnels	 attempting = TAILQ_HEAD_INITIALIZER(attempting);
static struct tunnels	 living = TAILQ_HEAD_INITIALIZER(living);
static struct tunnels	 idling = TAILQ_HEAD_INITIALIZER(idling);
static struct tunnels	 waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct tunnels	 halves = TAILQ_HEAD_INITIALIZER(halves);
static struct tunnels	 spares = TAILQ_HEAD_INITIALIZER(spares);
static SLIST_HEAD(, dialing) spare_dials = SLIST_HEAD_INITIALIZER(spare_dials);

static struct event	 dial_ev, tick_ev;
static int		 dial_ticking, ticking;

static uint64_t		 total_tunnels, total_failed, total_bytes[2];
static uint32_t		 tunnels_open;

void
relay(void)
{
	evtimer_set(&dial_ev, dial_tick, NULL);
	evtimer_set(&tick_ev, tick, NULL);
	/* as the frontend counts them, whatever the limit is */
	ntunnels = (uint32_t)getdtablesize();
	if (ntunnels > CONN_MASK)
		ntunnels = CONN_MASK;
	if ((tunnels = calloc(ntunnels, sizeof(*tunnels))) == NULL)
		fatal("calloc");
	flow_init();
	/* Wide: as narrow, and recvfd to get the channels to the others. */
	if (sandbox_net("connect") == -1 ||
	    pledge("stdio inet recvfd", NULL) == -1)
		fatal("pledge");
	proc_onexit(relay_exit);
	proc_loop(relay_handle, relay_started);
}

/* Narrow: inet to connect, recvfd for clients from the frontend. */
static void
relay_started(void)
{
	if (sandbox_net("connect") == -1 ||
	    pledge("stdio inet recvfd", NULL) == -1)
		fatal("pledge");
	log_debug("%s", sandbox_describe());
}

static int
relay_handle(struct peer *p, struct imsg *imsg)
{
	(void)p;
	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_CONF:
		return (handle_conf(imsg));
	case IMSG_DIAL:
		return (handle_dial(imsg));
	case IMSG_REPLIED:
		return (handle_replied(imsg));
	case IMSG_GO:
		return (handle_go(imsg));
	case IMSG_CANCEL:
		return (handle_cancel(imsg));
	case IMSG_CUT:
		return (handle_cut(imsg));
	case IMSG_RECHECK:
		handle_recheck();
		return (0);
	case IMSG_TOTALS:
		handle_totals();
		return (0);
	default:
		return (-1);
	}
}

static int
handle_conf(struct imsg *imsg)
{
	return (settings_get(imsg, &settings));
}

static int
handle_dial(struct imsg *imsg)
{
	struct dial dial;
	struct tunnel *t;
	unsigned int i;
	uint32_t id;

	id = imsg_get_id(imsg);
	if (imsg_get_data(imsg, &dial, sizeof(dial)) == -1 ||
	    !imsg_is_string(dial.host, sizeof(dial.host)) ||
	    dial.port == 0 || dial.plain > 1 || dial.naddrs == 0 ||
	    dial.naddrs > DIAL_ADDRS)
		return (-1);
	for (i = 0; i < dial.naddrs; i++)
		if (dial.addrs[i].family != AF_INET &&
		    dial.addrs[i].family != AF_INET6)
			return (-1);
	if ((id & CONN_MASK) >= ntunnels || tunnels[id & CONN_MASK] != NULL)
		return (-1);
	t = tunnel_new(id, &dial);
	tunnel_lists(t, &dialing, &attempting);
	dial_next(t);
	return (0);
}

/*
 * What the frontend says of a connection may cross its end, which it then
 * gets to know of.
 */
static int
handle_replied(struct imsg *imsg)
{
	struct tunnel *t;
	uint32_t len;

	if ((t = tunnel_find(imsg_get_id(imsg))) == NULL)
		return (0);
	if (t->state != TUNNEL_VIA ||
	    imsg_get_data(imsg, &len, sizeof(len)) == -1 ||
	    len > t->flows[SERVER].leftlen)
		return (-1);
	if (len == 0) {
		via_watch(t);
		return (0);
	}
	flow_drop(&t->flows[SERVER], len);
	dial_done(t);
	return (0);
}

static int
handle_go(struct imsg *imsg)
{
	struct tunnel *t;
	struct go go;
	socklen_t len;
	int fd, type;

	if ((t = tunnel_find(imsg_get_id(imsg))) == NULL)
		return (0);
	len = sizeof(type);
	if (t->state != TUNNEL_CONNECTED ||
	    imsg_get_data(imsg, &go, sizeof(go)) == -1 ||
	    (go.client.family != AF_INET && go.client.family != AF_INET6) ||
	    (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	t->sides[CLIENT].fd = fd;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    type != SOCK_STREAM)
		return (-1);
	t->client = go.client;
	t->client_port = go.port;
	t->state = TUNNEL_OPEN;
	total_tunnels++;
	tunnels_open++;
	tunnel_lists(t, &living, &idling);
	if (settings.json)
		tunnel_opened(t);
	/* the client's first bytes are there, or we could not be here */
	if (flow_run(t, CLIENT) == 0)
		tunnel_watch(t);
	return (0);
}

static int
handle_cancel(struct imsg *imsg)
{
	struct tunnel *t;

	if ((t = tunnel_find(imsg_get_id(imsg))) == NULL)
		return (0);
	if (t->state == TUNNEL_DIALING)
		return (-1);
	tunnel_end(t, RESET_NONE, "closed");
	return (0);
}

static int
handle_cut(struct imsg *imsg)
{
	struct tunnel *t;

	if ((t = tunnel_find(imsg_get_id(imsg))) == NULL)
		return (0);
	if (t->state == TUNNEL_DIALING || t->state == TUNNEL_VIA)
		dial_failed(t, REFUSAL_BLOCKED);
	else
		tunnel_end(t, RESET_BOTH, "not allowed any more");
	return (0);
}

/* There are new rules: ask about everything that the old ones allowed. */
static void
handle_recheck(void)
{
	struct tunnel *t;
	struct dial dial;
	uint32_t i;

	for (i = 0; i < ntunnels; i++) {
		if ((t = tunnels[i]) == NULL)
			continue;
		if (t->state == TUNNEL_DIALING)
			dial = t->dialing->dial;
		else {
			memset(&dial, 0, sizeof(dial));
			dial.port = t->port;
			dial.via = t->via;
			dial.plain = t->plain;
			dial.naddrs = 1;
			dial.addrs[0] = t->addr;
			(void)strlcpy(dial.host, t->host, sizeof(dial.host));
		}
		compose(ROLE_RESOLVER, IMSG_CHECK, t->id, &dial, sizeof(dial));
	}
}

static void
handle_totals(void)
{
	struct report rep;

	report_start(&rep, "totals", settings.json != 0);
	report_number(&rep, "tunnels", total_tunnels);
	report_number(&rep, "failed", total_failed);
	report_number(&rep, "open", tunnels_used);
	report_number(&rep, "out", total_bytes[CLIENT]);
	report_number(&rep, "in", total_bytes[SERVER]);
	report_end(&rep);
}

/* What is open is cut, and said to be. */
static void
relay_exit(void)
{
	uint32_t i;

	for (i = 0; i < ntunnels; i++) {
		if (tunnels[i] == NULL || tunnels[i]->state != TUNNEL_OPEN)
			continue;
		tunnels_open--;
		tunnel_report(tunnels[i], "the proxy ends");
	}
}

/*
 * Tunnels.
 */

static struct tunnel *
tunnel_find(uint32_t id)
{
	struct tunnel *t;

	if ((id & CONN_MASK) >= ntunnels)
		return (NULL);
	t = tunnels[id & CONN_MASK];
	return (t != NULL && t->id == id ? t : NULL);
}

static struct tunnel *
tunnel_new(uint32_t id, const struct dial *dial)
{
	struct dialing *d;
	struct tunnel *t;
	unsigned int i;

	if ((t = TAILQ_FIRST(&spares)) != NULL)
		TAILQ_REMOVE(&spares, t, last_entry);
	else if ((t = malloc(sizeof(*t))) == NULL)
		fatal("malloc");
	memset(t, 0, sizeof(*t));
	if ((d = SLIST_FIRST(&spare_dials)) != NULL)
		SLIST_REMOVE_HEAD(&spare_dials, entry);
	else if ((d = malloc(sizeof(*d))) == NULL)
		fatal("malloc");
	d->dial = *dial;
	d->next = 0;
	d->error = 0;
	for (i = 0; i < ATTEMPTS_MAX; i++)
		d->attempts[i].fd = -1;
	t->id = id;
	t->state = TUNNEL_DIALING;
	t->dialing = d;
	if ((t->host = strdup(dial->host)) == NULL)
		fatal("strdup");
	t->port = dial->port;
	t->via = dial->via;
	t->plain = dial->plain;
	for (i = 0; i < 2; i++) {
		t->sides[i].tunnel = t;
		t->sides[i].fd = -1;
	}
	tunnels[id & CONN_MASK] = t;
	tunnels_used++;
	return (t);
}

static void
tunnel_free(struct tunnel *t)
{
	int i;

	if (t->dialing != NULL)
		dial_free(t->dialing);
	for (i = 0; i < 2; i++) {
		if (t->sides[i].watched != 0)
			event_del(&t->sides[i].ev);
		if (t->sides[i].fd != -1)
			close(t->sides[i].fd);
		flow_release(&t->flows[i]);
		total_bytes[i] += t->flows[i].bytes;
	}
	free(t->host);
	if (t->half == HALF_NEW)
		TAILQ_REMOVE(&halves, t, half_entry);
	tunnel_lists(t, NULL, NULL);
	tunnels[t->id & CONN_MASK] = NULL;
	tunnels_used--;
	TAILQ_INSERT_HEAD(&spares, t, last_entry);
}

/* Lets other times, or none, run. */
static void
tunnel_lists(struct tunnel *t, struct tunnels *since, struct tunnels *last)
{
	if (t->by_since != NULL) {
		TAILQ_REMOVE(t->by_since, t, since_entry);
		TAILQ_REMOVE(t->by_last, t, last_entry);
	}
	t->by_since = since;
	t->by_last = last;
	if (since == NULL)
		return;
	t->since = t->last = now_ms();
	TAILQ_INSERT_TAIL(since, t, since_entry);
	TAILQ_INSERT_TAIL(last, t, last_entry);
	ticks_start();
}

static void
tunnel_touch(struct tunnel *t)
{
	t->last = now_ms();
	TAILQ_REMOVE(t->by_last, t, last_entry);
	TAILQ_INSERT_TAIL(t->by_last, t, last_entry);
}

/*
 * Waits for what each side is to do next: a flow that still has to write does
 * not read.  A side that has said its last and has nothing to get can still be
 * reset, which is an edge; most tunnels end before that is worth a watch.
 */
static void
tunnel_watch(struct tunnel *t)
{
	struct flow *from, *to;
	struct side *s;
	short want;
	int i;

	for (i = 0; i < 2; i++) {
		s = &t->sides[i];
		from = &t->flows[i];
		to = &t->flows[!i];
		want = 0;
		if (!from->eof && from->leftlen == 0 && from->piped == 0)
			want |= EV_READ;
		if (to->leftlen > 0 || to->piped > 0)
			want |= EV_WRITE;
		if (want == 0 && from->eof && t->half == HALF_WATCHED)
			want = EV_RESET;
		if (from->eof && t->half == HALF_NONE) {
			t->half = HALF_NEW;
			TAILQ_INSERT_TAIL(&halves, t, half_entry);
		}
		side_watch(s, s->fd, want);
	}
}

static void
side_watch(struct side *s, int fd, short want)
{
	if (want == s->watched)
		return;
	if (s->watched != 0)
		event_del(&s->ev);
	s->watched = want;
	if (want == 0)
		return;
	event_set(&s->ev, fd, want | EV_PERSIST, side_event, s);
	event_add(&s->ev, NULL);
}

/* For who wants to know how many there are now. */
static void
tunnel_opened(const struct tunnel *t)
{
	struct report rep;

	report_start(&rep, "opened", 1);
	report_string(&rep, "host", t->host);
	report_number(&rep, "port", t->port);
	report_number(&rep, "open", tunnels_open);
	report_end(&rep);
}

static void
tunnel_report(const struct tunnel *t, const char *why)
{
	struct report rep;

	report_start(&rep, "tunnel", settings.json != 0);
	report_string(&rep, "host", t->host);
	report_number(&rep, "port", t->port);
	report_address(&rep, "address", &t->addr,
	    t->via != 0 ? t->via : t->port);
	report_number(&rep, "out", t->flows[CLIENT].bytes);
	report_number(&rep, "in", t->flows[SERVER].bytes);
	report_number(&rep, "ms", (uint64_t)(now_ms() - t->since));
	report_address(&rep, "client", &t->client, t->client_port);
	if (settings.json)
		report_number(&rep, "open", tunnels_open);
	report_string(&rep, "reason", why);
	report_end(&rep);
}

/*
 * The end of a connection that the frontend knows to be one; a bit for each
 * side that is to see it as a reset.
 */
void
tunnel_end(struct tunnel *t, int reset, const char *why)
{
	const struct linger linger = { 1, 0 };
	uint32_t clean;
	int i;

	for (i = 0; i < 2; i++)
		if ((reset & 1 << i) && t->sides[i].fd != -1)
			(void)setsockopt(t->sides[i].fd, SOL_SOCKET,
			    SO_LINGER, &linger, sizeof(linger));
	if (t->state == TUNNEL_OPEN) {
		tunnels_open--;
		tunnel_report(t, why);
	}
	clean = reset == RESET_NONE;
	compose(ROLE_FRONTEND, IMSG_DONE, t->id, &clean, sizeof(clean));
	tunnel_free(t);
}

/* Ends another one, which waits for somebody to read; 0: there is none. */
int
tunnel_yield(const struct tunnel *t)
{
	struct tunnel *other;

	TAILQ_FOREACH(other, &idling, last_entry)
		if (other != t && (other->flows[CLIENT].leftlen > 0 ||
		    other->flows[SERVER].leftlen > 0)) {
			tunnel_end(other, RESET_BOTH, "no memory");
			return (1);
		}
	return (0);
}

/*
 * Dialling: the addresses one after the other, the next one when the last has
 * failed or has not answered for a while.
 */

static void
dial_next(struct tunnel *t)
{
	struct dialing *d;
	unsigned int i, busy;
	int done;

	d = t->dialing;
	for (i = busy = 0; i < ATTEMPTS_MAX; i++) {
		while (d->attempts[i].fd == -1 &&
		    d->next < d->dial.naddrs) {
			if ((done = dial_address(t, &d->attempts[i])) == -1)
				continue;
			if (done == 1)
				dial_connected(t, &d->attempts[i]);
			else
				tunnel_touch(t);
			return;
		}
		if (d->attempts[i].fd != -1)
			busy++;
	}
	if (busy == 0)
		dial_failed(t, d->error == ETIMEDOUT ? REFUSAL_TIMEOUT :
		    REFUSAL_CONNECT);
}

/* 1: connected, 0: under way, -1: failed. */
static int
dial_address(struct tunnel *t, struct attempt *a)
{
	struct sockaddr_storage ss;
	const struct netaddr *addr;
	struct dialing *d;
	socklen_t len;
	int on;

	d = t->dialing;
	a->n = d->next++;
	a->tunnel = t;
	addr = &d->dial.addrs[a->n];
	len = addr_to_sockaddr(addr, t->via != 0 ? t->via : t->port, &ss);
	on = 1;
	a->fd = socket(addr->family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, IPPROTO_TCP);
	if (a->fd == -1) {
		d->error = errno;
		log_debug("socket: %s", strerror(errno));
		return (-1);
	}
	if (setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)) == -1)
		log_warn("setsockopt");
	if (connect(a->fd, (struct sockaddr *)&ss, len) == 0)
		return (1);
	if (errno == EINPROGRESS) {
		event_set(&a->ev, a->fd, EV_READ | EV_WRITE | EV_PERSIST,
		    dial_event, a);
		event_add(&a->ev, NULL);
		return (0);
	}
	d->error = errno;
	close(a->fd);
	a->fd = -1;
	return (-1);
}

static void
dial_event(int fd, short event, void *arg)
{
	struct attempt *a = arg;
	struct tunnel *t;
	socklen_t len;
	int error;

	(void)event;
	t = a->tunnel;
	len = sizeof(error);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error == 0) {
		/* first, so that epoll(7) is told of the difference only */
		side_watch(&t->sides[SERVER], fd, EV_READ);
		event_del(&a->ev);
		dial_connected(t, a);
		return;
	}
	t->dialing->error = error;
	event_del(&a->ev);
	close(a->fd);
	a->fd = -1;
	dial_next(t);
}

static void
dial_connected(struct tunnel *t, struct attempt *a)
{
	t->addr = t->dialing->dial.addrs[a->n];
	t->sides[SERVER].fd = a->fd;
	a->fd = -1;
	dial_free(t->dialing);
	t->dialing = NULL;
	if (t->via != 0)
		via_start(t);
	else
		dial_done(t);
}

static void
dial_done(struct tunnel *t)
{
	uint32_t plain;

	t->state = TUNNEL_CONNECTED;
	tunnel_lists(t, NULL, NULL);
	plain = t->plain;
	compose(ROLE_FRONTEND, IMSG_CONNECTED, t->id, &plain, sizeof(plain));
}

static void
dial_failed(struct tunnel *t, enum refusal refusal)
{
	uint32_t why;

	why = refusal;
	total_failed++;
	compose(ROLE_FRONTEND, IMSG_FAILED, t->id, &why, sizeof(why));
	tunnel_free(t);
}

static void
dial_free(struct dialing *d)
{
	unsigned int i;

	for (i = 0; i < ATTEMPTS_MAX; i++) {
		if (d->attempts[i].fd == -1)
			continue;
		event_del(&d->attempts[i].ev);
		close(d->attempts[i].fd);
	}
	SLIST_INSERT_HEAD(&spare_dials, d, entry);
}

/*
 * A parent proxy is asked to connect.  What it answers is for the frontend to
 * read: it gets what has come, and says how much of that is the answer.
 */

static void
via_start(struct tunnel *t)
{
	char head[2 * HOST_SIZE + 64];
	int n;

	n = snprintf(head, sizeof(head), "CONNECT %s:%u HTTP/1.1\r\n"
	    "Host: %s:%u\r\n\r\n", t->host, t->port, t->host, t->port);
	t->state = TUNNEL_VIA;
	side_watch(&t->sides[SERVER], t->sides[SERVER].fd, 0);
	tunnel_lists(t, &dialing, &waiting);
	if (send(t->sides[SERVER].fd, head, (size_t)n, MSG_NOSIGNAL) != n)
		dial_failed(t, REFUSAL_CONNECT);
	else
		via_watch(t);
}

static void
via_watch(struct tunnel *t)
{
	struct side *s;

	s = &t->sides[SERVER];
	event_set(&s->ev, s->fd, EV_READ, via_event, s);
	event_add(&s->ev, NULL);
	s->watched = EV_READ;
}

/* What is behind the answer stays held for the client. */
static void
via_event(int fd, short event, void *arg)
{
	struct side *s = arg;
	struct tunnel *t;
	struct flow *f;
	ssize_t n;

	(void)event;
	t = s->tunnel;
	f = &t->flows[SERVER];
	s->watched = 0;
	n = recv(fd, relay_buf, REPLY_MAX - f->leftlen, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		via_watch(t);
	else if (n <= 0 || flow_hold(t, SERVER, relay_buf,
	    (size_t)n) == -1)
		dial_failed(t, REFUSAL_CONNECT);
	else
		compose(ROLE_FRONTEND, IMSG_REPLY, t->id, f->left, f->leftlen);
}

/*
 * Moving bytes.  The functions return -1 if they ended the tunnel.
 */

static void
side_event(int fd, short event, void *arg)
{
	struct side *s = arg;
	struct tunnel *t;
	int i;

	t = s->tunnel;
	if (t->state != TUNNEL_OPEN) {
		/* a server that speaks first; nobody can hear it yet */
		side_watch(s, fd, 0);
		return;
	}
	i = s == &t->sides[SERVER];
	if (t->flows[i].eof && flow_reset(t, i) == -1)
		return;
	tunnel_touch(t);
	if ((event & EV_WRITE) && flow_run(t, !i) == -1)
		return;
	if ((event & EV_READ) && flow_run(t, i) == -1)
		return;
	tunnel_watch(t);
}

/*
 * Times.
 */

static void
ticks_start(void)
{
	const struct timeval dial_tv = { 0, DIAL_TICK * 1000 };
	const struct timeval tv = { TICK, 0 };

	if (!dial_ticking && !TAILQ_EMPTY(&dialing)) {
		dial_ticking = 1;
		evtimer_add(&dial_ev, &dial_tv);
	}
	if (!ticking && !TAILQ_EMPTY(&living)) {
		ticking = 1;
		evtimer_add(&tick_ev, &tv);
	}
}

static void
dial_tick(int fd, short event, void *arg)
{
	struct tunnel *t;
	int64_t now;

	(void)fd;
	(void)event;
	(void)arg;
	now = now_ms();
	while ((t = TAILQ_FIRST(&dialing)) != NULL && now - t->since >=
	    (int64_t)settings.timeouts[TIMEOUT_DIAL] * 1000)
		dial_failed(t, REFUSAL_TIMEOUT);
	while ((t = TAILQ_FIRST(&attempting)) != NULL &&
	    now - t->last >= NEXT_ADDRESS) {
		tunnel_touch(t);
		dial_next(t);
	}
	dial_ticking = 0;
	ticks_start();
}

static void
tick(int fd, short event, void *arg)
{
	struct tunnel *t;
	int64_t now;

	(void)fd;
	(void)event;
	(void)arg;
	now = now_ms();
	while ((t = TAILQ_FIRST(&living)) != NULL && now - t->since >=
	    (int64_t)settings.timeouts[TIMEOUT_LIFE] * 1000)
		tunnel_end(t, RESET_BOTH, "too old");
	while ((t = TAILQ_FIRST(&idling)) != NULL && now - t->last >=
	    (int64_t)settings.timeouts[TIMEOUT_IDLE] * 1000)
		tunnel_end(t, RESET_BOTH, "idle");
	while ((t = TAILQ_FIRST(&halves)) != NULL) {
		TAILQ_REMOVE(&halves, t, half_entry);
		t->half = HALF_WATCHED;
		tunnel_watch(t);
	}
	ticking = 0;
	ticks_start();
}

static void
compose(unsigned int role, uint32_t type, uint32_t id, const void *data,
    size_t len)
{
	peer_send(proc_peer(role), type, id, -1, data, len);
}
