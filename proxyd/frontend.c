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
 * The frontend accepts clients and reads what they ask for: heads of HTTP
 * requests, ClientHellos, questions of DNS; and the answers to requests that
 * it forwards.  It is the only process that parses these bytes, so it trusts
 * itself with nothing: it can neither connect nor resolve, it names a host to
 * the resolver, and what it then gives to the relay by number is a connection
 * that the resolver allowed.
 *
 * Heads and ClientHellos are looked at with MSG_PEEK and wait in the kernel
 * until they are complete; SO_RCVLOWAT says how much is worth a look.  A head
 * is then taken, to the byte; a ClientHello is left for the relay.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/tree.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "imsg.h"
#include "proc.h"
#include "proxyd.h"
#include "frontend.h"
#include "sandbox.h"

#define LISTENERS_MAX	(4 * LISTEN_ADDRS + LISTEN_MAX)
#define ACCEPT_MAX	64	/* in a row, of one socket */
#define ACCEPT_PAUSE	1	/* seconds, without descriptors */
#define DRAIN_TIME	2000	/* milliseconds, after a refusal */
#define TICK		250	/* milliseconds */

struct client {
	struct netaddr		 addr;
	uint32_t		 count;
	RB_ENTRY(client)	 entry;
};

struct conn {
	struct client		*client;	/* NULL: not in use */
	struct request		*req;
	uint32_t		 next;		/* in the list of free ones */
	uint16_t		 turn;		/* how often it was used */
	uint8_t			 pending;	/* an answer will come */
};

static int	 frontend_handle(struct peer *, struct imsg *);
static void	 frontend_started(void);
static void	 frontend_exit(void);
static int	 handle_conf(struct imsg *);
static int	 handle_end(void);
static int	 handle_listen(struct imsg *);
static int	 handle_refused(struct imsg *);
static int	 handle_reply(struct imsg *);
static int	 reply_status(const char *, size_t, uint32_t *);
static int	 handle_connected(struct imsg *);
static int	 handle_done(struct imsg *);
static int	 handle_gate(struct imsg *,
		    int (*)(struct request *, uint32_t));
static void	 handle_totals(void);
static void	 listener_accept(int, short, void *);
static void	 listeners_pause(void);
static void	 listeners_resume(int, short, void *);
static void	 client_new(struct listener *, int,
		    const struct sockaddr *);
static void	 client_turn_away(struct listener *, int);
static struct conn *conn_new(const struct netaddr *);
static struct conn *conn_find(uint32_t);
static void	 conn_release(struct conn *);
static void	 conn_ended(struct conn *, int);
static void	 request_free(struct request *);
static int	 request_evict(void);
static void	 request_event(int, short, void *);
static void	 request_head(struct request *);
static void	 request_init(struct request *);
static void	 request_hello(struct request *);
static void	 request_drain(struct request *);
static void	 request_connected(struct request *, int);
static void	 request_go(struct request *);
static void	 request_cancel(struct request *);
static void	 ticks_start(void);
static void	 tick(int, short, void *);
static int	 client_cmp(struct client *, struct client *);

RB_HEAD(clients, client);
RB_PROTOTYPE(clients, client, entry, client_cmp)
RB_GENERATE(clients, client, entry, client_cmp)

static const char established[] =
    "HTTP/1.1 200 Connection established\r\n\r\n";
/* fatal alert, access denied */
static const uint8_t alert[] = { 21, 3, 1, 0, 2, 2, 49 };

struct settings		 settings;
static struct clients	 clients = RB_INITIALIZER(&clients);
static struct listener	 listeners[LISTENERS_MAX];
static size_t		 nlisteners;

/*
 * By number: those below conns_high were in use, and those that no longer are
 * make a list.
 */
static struct conn	*conns;
static uint32_t		 nconns, conns_high, conns_free, conns_used;

/* those whose time runs, the oldest first */
struct requests		 heads = TAILQ_HEAD_INITIALIZER(heads);
static struct requests	 hellos = TAILQ_HEAD_INITIALIZER(hellos);
struct requests		 answers = TAILQ_HEAD_INITIALIZER(answers);
static struct requests	 kept = TAILQ_HEAD_INITIALIZER(kept);
static struct requests	 drains = TAILQ_HEAD_INITIALIZER(drains);
static struct requests	 spares = TAILQ_HEAD_INITIALIZER(spares);
static uint32_t		 nheads;

static struct event	 tick_ev, pause_ev;
static int		 ticking, paused;
static uint64_t		 total_accepted, total_refused;

/* what is looked at; nothing stays in it */
uint8_t			 peeked[HTTP_HEAD_MAX + 1];

#define NO_CONN		UINT32_MAX

void
frontend(void)
{
	/* a number needs a descriptor; what is not used is not there */
	nconns = (uint32_t)getdtablesize();
	if (nconns > CONN_MASK)
		nconns = CONN_MASK;
	if ((conns = calloc(nconns, sizeof(*conns))) == NULL)
		fatal("calloc");
	conns_free = NO_CONN;
	names_init();
	evtimer_set(&tick_ev, tick, NULL);
	evtimer_set(&pause_ev, listeners_resume, NULL);
	/* Wide: the sockets to listen on come from the parent. */
	if (sandbox_net("accept") == -1 ||
	    pledge("stdio inet recvfd sendfd", NULL) == -1)
		fatal("pledge");
	proc_onexit(frontend_exit);
	proc_loop(frontend_handle, frontend_started);
}

static void
frontend_exit(void)
{
	refusal_end(settings.json != 0, frontend_now());
}

/*
 * Narrow: inet to accept and to answer DNS, sendfd to give clients to the
 * relay.
 */
static void
frontend_started(void)
{
	size_t i;

	if (sandbox_net("accept") == -1 || pledge("stdio inet sendfd",
	    NULL) == -1)
		fatal("pledge");
	log_debug("%s", sandbox_describe());
	for (i = 0; i < nlisteners; i++)
		event_add(&listeners[i].ev, NULL);
}

static int
frontend_handle(struct peer *p, struct imsg *imsg)
{
	(void)p;
	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_CONF:
		return (handle_conf(imsg));
	case IMSG_GATE_ALLOW:
		return (gate_allow_add(imsg));
	case IMSG_GATE_TOKEN:
		return (gate_token_set(imsg));
	case IMSG_RECONF_END:
		return (handle_end());
	case IMSG_LISTEN:
		return (handle_listen(imsg));
	case IMSG_REFUSED:
	case IMSG_FAILED:
		return (handle_refused(imsg));
	case IMSG_REPLY:
		return (handle_reply(imsg));
	case IMSG_CONNECTED:
		return (handle_connected(imsg));
	case IMSG_DONE:
		return (handle_done(imsg));
	case IMSG_NAME:
		return (names_judged(imsg));
	case IMSG_GATE_FAILED:
		return (handle_gate(imsg, gate_failed));
	case IMSG_GATE_DONE:
		return (handle_gate(imsg, gate_done));
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
	if (settings_get(imsg, &settings) == -1)
		return (-1);
	gate_reset();
	if (settings.limits[LIMIT_CONNECTIONS] > nconns)
		settings.limits[LIMIT_CONNECTIONS] = nconns;
	return (0);
}

static int
handle_end(void)
{
	const uint32_t good = 1;

	gate_take();
	frontend_compose(ROLE_PARENT, IMSG_RECONF_DONE, 0, -1, &good,
	    sizeof(good));
	return (0);
}

/*
 * What accepted sockets inherit is set here.  Urgent data stays in the stream:
 * else what is looked at could differ from what is later read.
 */
static int
handle_listen(struct imsg *imsg)
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

/* The resolver refuses, or the relay cannot connect. */
static int
handle_refused(struct imsg *imsg)
{
	struct request *r;
	struct conn *c;
	uint32_t why;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    imsg_get_data(imsg, &why, sizeof(why)) == -1 ||
	    why == REFUSAL_NONE || why >= REFUSAL_MAX)
		return (-1);
	/* it may cross the end of one that a parent proxy refused */
	if ((r = c->req) == NULL || r->state == REQUEST_DRAIN) {
		conn_ended(c, 0);
		return (0);
	}
	if (r->state != REQUEST_ASKED)
		return (-1);
	c->pending = 0;
	request_refuse(r, refusals[why].status, refusals[why].text);
	return (0);
}

/* A parent proxy has answered the relay's CONNECT, or has begun to. */
static int
handle_reply(struct imsg *imsg)
{
	struct request *r;
	struct conn *c;
	uint32_t len;
	char why[64];
	int status;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    imsg_get_len(imsg) > sizeof(peeked) ||
	    imsg_get_data(imsg, peeked, imsg_get_len(imsg)) == -1)
		return (-1);
	if ((r = c->req) == NULL || r->state != REQUEST_ASKED)
		return (-1);
	status = reply_status((const char *)peeked, imsg_get_len(imsg), &len);
	if (status == 0 || status / 100 == 2) {
		frontend_compose(ROLE_RELAY, IMSG_REPLIED, r->id, -1, &len,
		    sizeof(len));
		return (0);
	}
	if (status == -1)
		(void)strlcpy(why, "the parent proxy speaks no HTTP",
		    sizeof(why));
	else
		(void)snprintf(why, sizeof(why),
		    "the parent proxy refuses with status %d", status);
	request_cancel(r);
	request_refuse(r, 502, why);
	return (0);
}

/* The status of a response and its head's length; 0: there is more to come. */
static int
reply_status(const char *head, size_t n, uint32_t *len)
{
	const char *end;
	int i, status;

	*len = 0;
	if ((end = memmem(head, n, "\r\n\r\n", 4)) == NULL)
		return (n < REPLY_MAX ? 0 : -1);
	if (n < 13 || memcmp(head, "HTTP/1.", 7) != 0 || head[8] != ' ')
		return (-1);
	for (status = 0, i = 9; i < 12; i++) {
		if (head[i] < '0' || head[i] > '9')
			return (-1);
		status = status * 10 + head[i] - '0';
	}
	*len = (uint32_t)(end + 4 - head);
	return (status < 100 ? -1 : status);
}

static int
handle_connected(struct imsg *imsg)
{
	struct request *r;
	struct conn *c;
	uint32_t plain;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    (r = c->req) == NULL || r->state != REQUEST_ASKED ||
	    imsg_get_data(imsg, &plain, sizeof(plain)) == -1 || plain > 1)
		return (-1);
	request_connected(r, plain != 0);
	return (0);
}

/*
 * The relay is done with a connection: the client's tunnel has ended, or was
 * cut or cancelled before it was one.  The value is 1 if no end was a reset.
 */
static int
handle_done(struct imsg *imsg)
{
	uint32_t clean;
	struct conn *c;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    (c->req != NULL && c->req->state == REQUEST_ASKED) ||
	    imsg_get_data(imsg, &clean, sizeof(clean)) == -1 || clean > 1)
		return (-1);
	conn_ended(c, clean != 0);
	return (0);
}

/* Of the keeper: f does what it says of a request that is still there. */
static int
handle_gate(struct imsg *imsg, int (*f)(struct request *, uint32_t))
{
	struct request *r;
	struct conn *c;
	uint32_t value;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    imsg_get_data(imsg, &value, sizeof(value)) == -1)
		return (-1);
	c->pending = 0;
	if ((r = c->req) == NULL) {
		conn_release(c);
		return (0);
	}
	if (r->state != REQUEST_BODY && r->state != REQUEST_ANSWER)
		return (-1);
	return (f(r, value));
}

static void
handle_totals(void)
{
	struct report rep;

	report_start(&rep, "totals", settings.json != 0);
	report_number(&rep, "accepted", total_accepted);
	report_number(&rep, "refused", total_refused);
	report_number(&rep, "questions", names_total());
	report_number(&rep, "connections", conns_used);
	report_number(&rep, "heads", nheads);
	report_end(&rep);
}

/*
 * Accepting.
 */

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
	size_t i;

	(void)fd;
	(void)event;
	(void)arg;
	paused = 0;
	for (i = 0; i < nlisteners; i++)
		event_add(&listeners[i].ev, NULL);
}

static void
client_new(struct listener *l, int fd, const struct sockaddr *sa)
{
	struct sockaddr_in6 sin6;
	struct request *r;
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
	if ((r = TAILQ_FIRST(&spares)) != NULL)
		TAILQ_REMOVE(&spares, r, entry);
	else if ((r = malloc(sizeof(*r))) == NULL)
		fatal("malloc");
	r->id = (uint32_t)(c - conns) | (uint32_t)c->turn << CONN_BITS;
	r->fd = fd;
	r->watched = 0;
	r->lowat = 1;
	r->seen = 0;
	r->list = NULL;
	r->listener = l;
	r->addr = addr;
	/* the port stands at the same place in both kinds of address */
	memcpy(&sin6, sa, sizeof(struct sockaddr_in));
	r->port = ntohs(sin6.sin6_port);
	r->head.host[0] = '\0';
	r->head.port = 0;
	r->out = NULL;
	r->outlen = 0;
	r->body = NULL;
	r->exchange = NULL;
	event_set(&r->ev, fd, EV_READ | EV_PERSIST, request_event, r);
	c->req = r;
	c->pending = 0;
	switch (l->kind) {
	case LISTEN_TLS:
		r->state = REQUEST_FIRST;
		r->head.port = 443;
		break;
	case LISTEN_DNS_TCP:
		r->state = REQUEST_QUESTION;
		break;
	default:
		r->state = REQUEST_HEAD;
		request_init(r);
	}
	request_list(r, &heads);
	/* what it asks for has often come along */
	request_run(r);
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
	c->turn = (c->turn + 1) & (UINT32_MAX >> CONN_BITS);
	return (c);
}

static struct conn *
conn_find(uint32_t id)
{
	struct conn *c;

	if ((id & CONN_MASK) >= conns_high)
		return (NULL);
	c = &conns[id & CONN_MASK];
	return (c->client != NULL && c->turn == id >> CONN_BITS ? c : NULL);
}

static void
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

/* There will be no more answers for it. */
static void
conn_ended(struct conn *c, int clean)
{
	struct request *r;

	c->pending = 0;
	if ((r = c->req) == NULL)
		conn_release(c);
	else if (r->state == REQUEST_HTTP)
		http_done(r, clean);
	else if (r->state == REQUEST_HELLO) {
		r->state = REQUEST_DRAIN;
		request_close(r);
	}
}

static int
client_cmp(struct client *a, struct client *b)
{
	return (memcmp(&a->addr, &b->addr, sizeof(a->addr)));
}

/*
 * Requests.
 */

/* Forgets the request; its descriptor was closed or given away. */
static void
request_free(struct request *r)
{
	struct conn *c;

	request_unwatch(r);
	request_list(r, NULL);
	body_free(r);
	free(r->out);
	c = &conns[r->id & CONN_MASK];
	c->req = NULL;
	if (!c->pending)
		conn_release(c);
	TAILQ_INSERT_HEAD(&spares, r, entry);
}

/* Closes whoever wants the least; 0 if all others want something. */
static int
request_evict(void)
{
	struct request *r;

	if ((r = TAILQ_FIRST(&drains)) == NULL &&
	    (r = TAILQ_FIRST(&kept)) == NULL &&
	    (r = TAILQ_FIRST(&heads)) == NULL)
		return (0);
	request_close(r);
	return (1);
}

void
request_close(struct request *r)
{
	if (r->state == REQUEST_HELLO)
		request_cancel(r);
	else if (r->state == REQUEST_BODY || r->state == REQUEST_ANSWER)
		frontend_compose(ROLE_KEEPER, IMSG_GATE_CANCEL, r->id, -1,
		    NULL, 0);
	request_unwatch(r);
	http_free(r);
	close(r->fd);
	request_free(r);
}

/* Lets another time, or none, run for the request. */
void
request_list(struct request *r, struct requests *list)
{
	if (r->list != NULL)
		TAILQ_REMOVE(r->list, r, entry);
	if (r->list == &heads)
		nheads--;
	r->list = list;
	if (list == NULL)
		return;
	if (list == &heads)
		nheads++;
	TAILQ_INSERT_TAIL(list, r, entry);
	r->since = frontend_now();
	ticks_start();
}

/* Waits until there are so many bytes to look at. */
void
request_watch(struct request *r, size_t need)
{
	int lowat;

	lowat = (int)need;
	if (lowat != r->lowat) {
		if (setsockopt(r->fd, SOL_SOCKET, SO_RCVLOWAT, &lowat,
		    sizeof(lowat)) == -1)
			log_warn("setsockopt");
		r->lowat = lowat;
	}
	if (!r->watched)
		event_add(&r->ev, NULL);
	r->watched = 1;
}

void
request_unwatch(struct request *r)
{
	if (r->watched)
		event_del(&r->ev);
	r->watched = 0;
}

static void
request_event(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	request_run(arg);
}

/* There may be something to do for it. */
void
request_run(struct request *r)
{
	switch (r->state) {
	case REQUEST_HEAD:
		request_head(r);
		break;
	case REQUEST_FIRST:
	case REQUEST_HELLO:
		request_hello(r);
		break;
	case REQUEST_QUESTION:
		names_stream(r);
		break;
	case REQUEST_HTTP:
		http_run(r);
		break;
	case REQUEST_BODY:
		gate_body(r);
		break;
	case REQUEST_ANSWER:
		gate_answer(r);
		break;
	case REQUEST_KEPT:
		r->state = REQUEST_HEAD;
		request_list(r, &heads);
		request_head(r);
		break;
	case REQUEST_DRAIN:
		request_drain(r);
		break;
	case REQUEST_NAME:
	case REQUEST_ASKED:
		fatalx("a client that is not watched");
	}
}

/*
 * Looks at what there is.  -1 if nothing can be done with it: there is
 * nothing yet, or, and then the request is gone, the client says no more.
 */
ssize_t
request_peek(struct request *r, size_t size)
{
	ssize_t n;

	n = recv(r->fd, peeked, size, MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		request_watch(r, (size_t)r->lowat);
		return (-1);
	}
	/* woken without more bytes than before: this is its end */
	if (n <= 0 || (size_t)n <= r->seen) {
		request_close(r);
		return (-1);
	}
	r->seen = (size_t)n;
	return (n);
}

/* Takes what was looked at into peeked. */
int
request_take(struct request *r, size_t len)
{
	ssize_t n;
	int lowat;

	n = recv(r->fd, peeked, len, 0);
	if (n == -1 || (size_t)n != len)
		return (-1);
	r->seen = 0;
	lowat = 1;
	if (r->lowat != lowat && setsockopt(r->fd, SOL_SOCKET, SO_RCVLOWAT,
	    &lowat, sizeof(lowat)) == -1)
		return (-1);
	r->lowat = lowat;
	return (0);
}

static void
request_head(struct request *r)
{
	struct http_head *h;
	ssize_t n;

	h = &r->head;
	if ((n = request_peek(r, HTTP_HEAD_MAX)) == -1)
		return;
	switch (http_parse(h, (char *)peeked, (size_t)n)) {
	case HTTP_MORE:
		request_watch(r, (size_t)n + 1);
		return;
	case HTTP_ERROR:
		h->host[0] = '\0';
		request_refuse(r, h->status, h->why);
		return;
	case HTTP_DONE:
		break;
	}
	if (request_take(r, h->len) == -1)
		request_close(r);
	else if (r->listener->kind == LISTEN_GATEWAY)
		gate_head(r);
	else if (h->connect)
		request_ask(r, ASK_TUNNEL);
	else
		http_forward(r);
}

/*
 * A ClientHello: of a tunnel its name must be the one asked for, else the
 * name is what is asked for.
 */
static void
request_hello(struct request *r)
{
	struct hello h;
	ssize_t n;

	if ((n = request_peek(r, HELLO_MAX)) == -1)
		return;
	switch (hello_parse(&h, peeked, (size_t)n)) {
	case HELLO_MORE:
		request_watch(r, h.need);
		return;
	case HELLO_BAD:
		request_refuse(r, 0, h.why);
		return;
	case HELLO_OK:
		break;
	}
	if (r->state == REQUEST_FIRST) {
		(void)strlcpy(r->head.host, h.name, sizeof(r->head.host));
		request_ask(r, ASK_TUNNEL);
	} else if (strcmp(r->head.host, h.name) != 0)
		request_refuse(r, 0, "the TLS server name is another one");
	else
		request_go(r);
}

void
request_ask(struct request *r, enum ask_kind kind)
{
	struct ask ask;

	request_unwatch(r);
	request_list(r, NULL);
	r->state = REQUEST_ASKED;
	conns[r->id & CONN_MASK].pending = 1;
	memset(&ask, 0, sizeof(ask));
	ask.kind = kind;
	ask.port = r->head.port;
	(void)strlcpy(ask.host, r->head.host, sizeof(ask.host));
	frontend_compose(ROLE_RESOLVER, IMSG_ASK, r->id, -1, &ask, sizeof(ask));
}

static void
request_connected(struct request *r, int plain)
{
	if (r->listener->kind == LISTEN_TLS) {
		request_go(r);
		return;
	}
	if (!r->head.connect) {
		http_connected(r);
		return;
	}
	r->state = REQUEST_HELLO;
	if (send(r->fd, established, sizeof(established) - 1,
	    MSG_NOSIGNAL) != (ssize_t)sizeof(established) - 1)
		request_close(r);
	else if (plain)
		request_go(r);
	else {
		request_list(r, &hellos);
		request_watch(r, 1);
	}
}

/* From here on the client is the relay's. */
static void
request_go(struct request *r)
{
	struct go go;
	int lowat;

	request_unwatch(r);
	lowat = 1;
	if (r->lowat != lowat && setsockopt(r->fd, SOL_SOCKET, SO_RCVLOWAT,
	    &lowat, sizeof(lowat)) == -1)
		log_warn("setsockopt");
	memset(&go, 0, sizeof(go));
	go.client = r->addr;
	go.port = r->port;
	frontend_compose(ROLE_RELAY, IMSG_GO, r->id, r->fd, &go, sizeof(go));
	request_free(r);
}

static void
request_cancel(struct request *r)
{
	frontend_compose(ROLE_RELAY, IMSG_CANCEL, r->id, -1, NULL, 0);
}

/*
 * Says no: to HTTP in its words, to TLS with an alert.  The client gets some
 * time to read that before the connection goes.
 */
void
request_refuse(struct request *r, int status, const char *why)
{
	char text[HOST_SIZE + 128];
	size_t len;

	total_refused++;
	request_note(r, r->head.host, r->head.port, why);
	request_unwatch(r);
	if (r->state == REQUEST_HELLO)
		request_cancel(r);
	if (status == 0 || r->listener->kind == LISTEN_TLS) {
		memcpy(peeked, alert, sizeof(alert));
		len = sizeof(alert);
	} else {
		(void)snprintf(text, sizeof(text), "%s%s%s", r->head.host,
		    r->head.host[0] != '\0' ? ": " : "", why);
		len = http_error((char *)peeked, sizeof(peeked), status, text);
	}
	http_free(r);
	r->state = REQUEST_DRAIN;
	if (send(r->fd, peeked, len, MSG_NOSIGNAL) == -1)
		request_close(r);
	else
		request_shut(r);
}

void
request_shut(struct request *r)
{
	request_unwatch(r);
	body_free(r);
	r->state = REQUEST_DRAIN;
	if (shutdown(r->fd, SHUT_WR) == -1) {
		request_close(r);
		return;
	}
	request_list(r, &drains);
	request_drain(r);
}

void
request_note(const struct request *r, const char *host, uint16_t port,
    const char *why)
{
	struct refused ref;

	memset(&ref, 0, sizeof(ref));
	ref.host = host;
	ref.port = port;
	if (r != NULL) {
		ref.client = r->addr;
		ref.client_port = r->port;
	}
	refusal_log(&ref, why, settings.json != 0, frontend_now());
	ticks_start();
}

static void
request_drain(struct request *r)
{
	ssize_t n;

	n = recv(r->fd, peeked, sizeof(peeked), 0);
	if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
		request_watch(r, 1);
	else
		request_close(r);
}

/* The keeper has it now, and will say how it ended. */
void
request_pending(struct request *r)
{
	conns[r->id & CONN_MASK].pending = 1;
	request_unwatch(r);
	request_list(r, NULL);
}

static void
request_init(struct request *r)
{
	switch (r->listener->kind) {
	case LISTEN_HTTP:
		http_init(&r->head, HTTP_TRANSPARENT);
		break;
	case LISTEN_GATEWAY:
		http_init(&r->head, HTTP_GATEWAY);
		break;
	default:
		http_init(&r->head, HTTP_PROXY);
	}
}

/*
 * Answered; there may be another one on the same connection.  Its number has
 * another turn, so that nothing meant for this one is taken for that.
 */
void
request_keep(struct request *r)
{
	struct conn *c;

	c = &conns[r->id & CONN_MASK];
	c->turn = (c->turn + 1) & (UINT32_MAX >> CONN_BITS);
	r->id = (r->id & CONN_MASK) | (uint32_t)c->turn << CONN_BITS;
	request_init(r);
	r->state = REQUEST_KEPT;
	request_list(r, &kept);
	request_watch(r, 1);
}

/*
 * Times.  Each list is in the order of its requests' time.
 */

static void
ticks_start(void)
{
	const struct timeval tv = { TICK / 1000, TICK % 1000 * 1000 };

	if (ticking)
		return;
	ticking = 1;
	evtimer_add(&tick_ev, &tv);
}

static void
tick(int fd, short event, void *arg)
{
	struct request *r;
	int64_t now;
	int more;

	(void)fd;
	(void)event;
	(void)arg;
	now = frontend_now();
	while ((r = TAILQ_FIRST(&heads)) != NULL && now - r->since >=
	    (int64_t)settings.timeouts[TIMEOUT_HEAD] * 1000) {
		if (r->state == REQUEST_HEAD && r->seen > 0) {
			r->head.host[0] = '\0';
			request_refuse(r, 408, "the request took too long");
		} else
			request_close(r);
	}
	while ((r = TAILQ_FIRST(&hellos)) != NULL && now - r->since >=
	    (int64_t)settings.timeouts[TIMEOUT_HELLO] * 1000)
		request_refuse(r, 0, "no ClientHello came in time");
	while ((r = TAILQ_FIRST(&answers)) != NULL && now - r->since >=
	    (int64_t)settings.timeouts[TIMEOUT_ANSWER] * 1000)
		http_late(r);
	while ((r = TAILQ_FIRST(&drains)) != NULL &&
	    now - r->since >= DRAIN_TIME)
		request_close(r);
	while ((r = TAILQ_FIRST(&kept)) != NULL && now - r->since >=
	    (int64_t)settings.timeouts[TIMEOUT_IDLE] * 1000)
		request_close(r);
	more = !TAILQ_EMPTY(&heads) || !TAILQ_EMPTY(&hellos) ||
	    !TAILQ_EMPTY(&answers) || !TAILQ_EMPTY(&drains) ||
	    !TAILQ_EMPTY(&kept);
	if (refusal_tick(settings.json != 0, now))
		more = 1;
	ticking = 0;
	if (more)
		ticks_start();
}

void
frontend_compose(unsigned int role, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	if (peer_compose(proc_peer(role), type, id, fd, data, len) == -1)
		fatal("peer_compose");
}

int64_t
frontend_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		fatal("clock_gettime");
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}
