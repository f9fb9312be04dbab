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
 * The traffic of sessions: what their proxies tell of it is added up, kept
 * for who asks, and logged as far as it was refused.  Who follows it and does
 * not read loses lines, and nobody waits for him.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>
#include <string.h>
#include <time.h>

#include "engine.h"

#define QUEUE_MAX	65536	/* bytes for a client that does not read */
#define FOLLOW_DELAY	100000	/* microseconds until it is tried again */

static void	 traffic_log(struct session *, const struct ctl_event *);
static void	 traffic_tell(struct session *, const struct ctl_host *);
static void	 follow_run(struct client *);
static void	 follow_again(int, short, void *);

/*
 * A line of JSON from a sidecar.
 */
void
traffic_event(struct session *s, const char *line)
{
	const struct ctl_host *h;
	struct news e;

	switch (event_parse(&e, line)) {
	case -1:
		log_debug("session %s: proxy: malformed event", s->spec.name);
		return;
	case 0:
		return;
	case 2:
		/* the engine takes its time to say that it has exited */
		if ((s->did & STEP_BIT(STEP_WAIT)) != 0)
			session_did(s, STEP_WORDS);
		return;
	}
	h = traffic_add(&s->traffic, &e);
	if (e.ctl.kind == EVENT_OPENED)
		return;
	traffic_log(s, &e.ctl);
	traffic_keep(s, &e.ctl);
	if (h != NULL && h->blocked && e.ctl.kind == EVENT_REFUSED)
		traffic_tell(s, h);
}

/* A line more of the session's log. */
void
traffic_keep(struct session *s, struct ctl_event *e)
{
	struct client *c, *next;

	e->time = (int64_t)time(NULL);
	if (traffic_line(&s->traffic, e) == -1)
		fatal("calloc");
	for (c = client_first(); c != NULL; c = next) {
		next = client_next(c);
		if (c->watch == s && c->request == IMSG_CTL_LOGS && !c->ended)
			follow_run(c);
	}
}

static void
traffic_log(struct session *s, const struct ctl_event *c)
{
	char text[TEXT_MAXLEN];
	int n;

	if (c->kind != EVENT_REFUSED)
		return;
	n = snprintf(text, sizeof(text), "refused %s", c->host);
	if (c->port != 0)
		n += snprintf(text + n, sizeof(text) - n, ":%u", c->port);
	if (c->count > 1)
		n += snprintf(text + n, sizeof(text) - n, " %llu times",
		    (unsigned long long)c->count);
	if (c->text[0] != '\0')
		(void)snprintf(text + n, sizeof(text) - n, ": %s", c->text);
	sidecar_log(s, text);
}

/* Once a host, who is attached is told at once. */
static void
traffic_tell(struct session *s, const struct ctl_host *h)
{
	struct traffic *t;
	size_t i;

	t = &s->traffic;
	i = (size_t)(h - t->hosts);
	if (t->told[i] || s->client == NULL || s->client->object[0] == '\0' ||
	    s->client->ended)
		return;
	t->told[i] = 1;
	client_send(s->client, IMSG_CTL_BLOCKED, -1, h, sizeof(*h));
}

/* What nobody was attached to be told of. */
void
traffic_attached(struct session *s)
{
	const struct traffic *t;
	size_t i;

	t = &s->traffic;
	for (i = 0; i < t->nhosts; i++)
		if (t->hosts[i].blocked && t->hosts[i].refused > 0)
			traffic_tell(s, &t->hosts[i]);
}

/*
 * A client wants to see what there was, or to follow it.
 */
void
follow_start(struct client *c)
{
	const struct traffic *t;
	struct session *s;
	uint64_t n;

	if ((s = client_session(c)) == NULL)
		return;
	t = &s->traffic;
	c->watch = s;
	evtimer_set(&c->follow_timer, follow_again, c);
	c->next = t->nlines > TRAFFIC_LINES ? t->nlines - TRAFFIC_LINES : 0;
	if (c->lines != 0) {
		/* that many from the end, of those that it wants */
		for (n = t->nlines; n > c->next && c->lines > 0; n--)
			if (!c->refused || t->lines[(n - 1) %
			    TRAFFIC_LINES].kind == EVENT_REFUSED)
				c->lines--;
		c->next = n;
	}
	follow_run(c);
}

/* As much as the client takes. */
static void
follow_run(struct client *c)
{
	const struct timeval tv = { 0, FOLLOW_DELAY };
	const struct ctl_event *e;
	const struct traffic *t;
	uint64_t lost;

	t = &c->watch->traffic;
	while (c->next < t->nlines &&
	    imsgbuf_queuelen(&c->peer.ibuf) < QUEUE_MAX) {
		if (t->nlines - c->next > TRAFFIC_LINES) {
			lost = t->nlines - TRAFFIC_LINES - c->next;
			c->next += lost;
			client_send(c, IMSG_CTL_LOST, -1, &lost, sizeof(lost));
		}
		e = &t->lines[c->next++ % TRAFFIC_LINES];
		if (!c->refused || e->kind == EVENT_REFUSED)
			client_send(c, IMSG_CTL_EVENT, -1, e, sizeof(*e));
	}
	if (c->next < t->nlines)
		evtimer_add(&c->follow_timer, &tv);
	else if (!c->follow)
		client_exit(c, 0);
}

static void
follow_again(int fd, short event, void *arg)
{
	struct client *c = arg;

	(void)fd;
	(void)event;
	if (c->watch != NULL && !c->ended)
		follow_run(c);
}

/* The session is gone, and with it what was not taken. */
void
follow_end(struct client *c)
{
	const struct traffic *t;
	uint64_t lost;

	t = &c->watch->traffic;
	if (c->next < t->nlines) {
		lost = t->nlines - c->next;
		client_send(c, IMSG_CTL_LOST, -1, &lost, sizeof(lost));
	}
	client_exit(c, 0);
}

void
follow_free(struct client *c)
{
	if (c->request == IMSG_CTL_LOGS && c->watch != NULL)
		evtimer_del(&c->follow_timer);
	c->watch = NULL;
}
