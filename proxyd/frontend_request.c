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
 * Requests from their client's coming to its going: what they wait for, how
 * long they may, and how they are refused.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxyd.h"
#include "frontend.h"

#define DRAIN_TIME	2000	/* milliseconds, after a refusal */
#define TICK		250	/* milliseconds */
#define REST		100	/* milliseconds, of a client in tiny pieces */

static void	 request_event(int, short, void *);
static void	 request_rest(struct request *);
static void	 request_rested(int, short, void *);
static int	 request_ended(const struct request *);
static void	 request_init(struct request *);
static void	 request_drain(struct request *);
static void	 ticks_start(void);
static void	 tick(int, short, void *);
static struct request *expired(struct requests *, int64_t, int64_t);

/* fatal alert, access denied */
static const uint8_t alert[] = { 21, 3, 1, 0, 2, 2, 49 };

/* those whose time runs, the oldest first */
struct requests		 heads = TAILQ_HEAD_INITIALIZER(heads);
struct requests		 hellos = TAILQ_HEAD_INITIALIZER(hellos);
struct requests		 answers = TAILQ_HEAD_INITIALIZER(answers);
static struct requests	 kept = TAILQ_HEAD_INITIALIZER(kept);
static struct requests	 drains = TAILQ_HEAD_INITIALIZER(drains);
static struct requests	 spares = TAILQ_HEAD_INITIALIZER(spares);
uint32_t		 nheads;

static struct event	 tick_ev;
static int		 ticking;
uint64_t		 total_refused;

/* what is looked at; nothing stays in it */
uint8_t			 peeked[HTTP_HEAD_MAX + 1];

void
request_setup(void)
{
	evtimer_set(&tick_ev, tick, NULL);
}

/* Of a client that has just come. */
void
request_new(struct conn *c, struct listener *l, int fd,
    const struct netaddr *addr, uint16_t port)
{
	struct request *r;

	if ((r = TAILQ_FIRST(&spares)) != NULL)
		TAILQ_REMOVE(&spares, r, entry);
	else if ((r = malloc(sizeof(*r))) == NULL)
		fatal("malloc");
	r->id = conn_turn(c);
	r->fd = fd;
	r->watched = r->rests = 0;
	r->lowat = 1;
	r->seen = 0;
	r->list = NULL;
	r->listener = l;
	r->addr = *addr;
	r->port = port;
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

/* Forgets the request; its descriptor was closed or given away. */
void
request_free(struct request *r)
{
	struct conn *c;

	request_unwatch(r);
	request_list(r, NULL);
	body_free(r);
	free(r->out);
	c = conn_of(r);
	c->req = NULL;
	if (!c->pending)
		conn_release(c);
	TAILQ_INSERT_HEAD(&spares, r, entry);
}

/* Closes whoever wants the least; 0 if all others want something. */
int
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
	r->since = now_ms();
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
	if (r->rests)
		event_set(&r->ev, r->fd, EV_READ | EV_PERSIST, request_event,
		    r);
	r->watched = r->rests = 0;
}

static void
request_event(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	request_run(arg);
}

/* Looks again after a while, instead of whenever something can be read. */
static void
request_rest(struct request *r)
{
	const struct timeval tv = { 0, REST * 1000 };

	request_unwatch(r);
	evtimer_set(&r->ev, request_rested, r);
	event_add(&r->ev, &tv);
	r->watched = r->rests = 1;
}

static void
request_rested(int fd, short event, void *arg)
{
	struct request *r = arg;

	(void)fd;
	(void)event;
	request_unwatch(r);
	request_run(r);
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
	if (n <= 0 || ((size_t)n <= r->seen && request_ended(r))) {
		request_close(r);
		return (-1);
	}
	if ((size_t)n <= r->seen) {
		request_rest(r);
		return (-1);
	}
	r->seen = (size_t)n;
	return (n);
}

/*
 * Woken without more bytes than before, this is its end; but Linux wakes as
 * well when many small segments have used up a socket's memory, and goes on
 * to until it has put them together.
 */
static int
request_ended(const struct request *r)
{
#ifdef POLLRDHUP
	struct pollfd pfd;

	pfd.fd = r->fd;
	pfd.events = POLLRDHUP;
	return (poll(&pfd, 1, 0) != 0);
#else
	(void)r;
	return (1);
#endif
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
	request_note(r, r->head.host, r->listener->kind == LISTEN_GATEWAY ?
	    0 : r->head.port, why);
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
	refusal_log(&ref, why, settings.json != 0, now_ms());
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
	conn_of(r)->pending = 1;
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
	r->id = conn_turn(conn_of(r));
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
	const uint32_t *t = settings.timeouts;
	struct request *r;
	int64_t now;
	int more;

	(void)fd;
	(void)event;
	(void)arg;
	now = now_ms();
	while ((r = expired(&heads, now, (int64_t)t[TIMEOUT_HEAD] * 1000)) !=
	    NULL) {
		if (r->state == REQUEST_HEAD && r->seen > 0) {
			r->head.host[0] = '\0';
			request_refuse(r, 408, "the request took too long");
		} else
			request_close(r);
	}
	while ((r = expired(&hellos, now, (int64_t)t[TIMEOUT_HELLO] * 1000)) !=
	    NULL)
		request_refuse(r, 0, "no ClientHello came in time");
	while ((r = expired(&answers, now, (int64_t)t[TIMEOUT_ANSWER] *
	    1000)) != NULL)
		http_late(r);
	while ((r = expired(&drains, now, DRAIN_TIME)) != NULL)
		request_close(r);
	while ((r = expired(&kept, now, (int64_t)t[TIMEOUT_IDLE] * 1000)) !=
	    NULL)
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

/* The oldest of a list, if it has had its time. */
static struct request *
expired(struct requests *list, int64_t now, int64_t time)
{
	struct request *r;

	r = TAILQ_FIRST(list);
	return (r != NULL && now - r->since >= time ? r : NULL);
}
