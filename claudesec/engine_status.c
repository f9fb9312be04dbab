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
 * What status tells: what is known of each session, with what the container
 * engine counts of it.  All are asked for at once, and those that have not
 * answered in time are told without.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define STATUS_MILLIS	900	/* for all answers */

struct status_item {
	struct ctl_session session;
	struct status	*status;
	struct docker_call *call;
	struct docker_call *look;
	struct ctl_fact	*facts;		/* FACT_LACKS; NULL: not told */
	TAILQ_ENTRY(status_item) entry;
};

struct status {
	struct client	*client;
	struct docker_call *call;	/* what the engine says of itself */
	json_t		*info;		/* NULL: nothing yet */
	struct event	 timer;
	unsigned int	 waiting;
	TAILQ_HEAD(, status_item) items;
};

static void	 status_ask(struct status *, struct session *);
static void	 status_reply(void *, struct docker_reply *);
static void	 status_looked(void *, struct docker_reply *);
static void	 status_keep(void *, enum fact, const char *);
static void	 status_informed(void *, struct docker_reply *);
static void	 status_lacks(void *, enum fact, const char *);
static int64_t	 status_number(const json_t *, const char *, const char *,
		    const char *);
static int64_t	 status_memory(const json_t *);
static void	 status_timeout(int, short, void *);
static void	 status_end(struct status *);

void
status_start(struct client *c)
{
	const struct timeval tv = { 0, STATUS_MILLIS * 1000 };
	struct session *s;
	struct status *st;

	if ((st = calloc(1, sizeof(*st))) == NULL)
		fatal("calloc");
	st->client = c;
	c->status = st;
	TAILQ_INIT(&st->items);
	evtimer_set(&st->timer, status_timeout, st);
	for (s = session_first(); s != NULL; s = session_next(s))
		if (client_owns(c, s) && (c->spec.name[0] == '\0' ||
		    strcmp(c->spec.name, s->spec.name) == 0))
			status_ask(st, s);
	if (c->all) {
		st->waiting++;
		st->call = docker_call("GET", NULL, API_TIMEOUT,
		    status_informed, st, docker_is_podman() ?
		    "/libpod/info" : "/info");
	}
	if (st->waiting == 0)
		status_end(st);
	else
		evtimer_add(&st->timer, &tv);
}

static void
status_ask(struct status *st, struct session *s)
{
	struct ctl_session *cs;
	struct status_item *i;

	if ((i = calloc(1, sizeof(*i))) == NULL)
		fatal("calloc");
	i->status = st;
	TAILQ_INSERT_TAIL(&st->items, i, entry);
	cs = &i->session;
	cs->uid = s->spec.owner;
	cs->since = (int64_t)s->since;
	cs->cpu = cs->memory = cs->limit = -1;
	cs->open = s->traffic.open;
	cs->tunnels = s->traffic.tunnels;
	cs->out = s->traffic.out;
	cs->in = s->traffic.in;
	cs->refused = s->traffic.refused;
	(void)strlcpy(cs->name, s->spec.name, sizeof(cs->name));
	(void)strlcpy(cs->state, session_state(s), sizeof(cs->state));
	(void)strlcpy(cs->image, s->spec.image, sizeof(cs->image));
	cs->review = s->spec.review[0] != '\0';
	(void)strlcpy(cs->path, cs->review ? s->spec.review : s->spec.path,
	    sizeof(cs->path));
	if (s->state != SESSION_RUNNING || s->agent[0] == '\0')
		return;
	st->waiting++;
	i->call = docker_call("GET", NULL, API_TIMEOUT, status_reply, i,
	    "/containers/%s/stats?stream=false&one-shot=true", s->agent);
	if (!st->client->all)
		return;
	st->waiting++;
	i->look = docker_call("GET", NULL, API_TIMEOUT, status_looked, i,
	    "%s/containers/%s/json", docker_is_podman() ? "/libpod" : "",
	    s->agent);
}

static void
status_reply(void *arg, struct docker_reply *reply)
{
	struct status_item *i = arg;
	struct ctl_session *cs;
	int64_t cpu;

	i->call = NULL;
	cs = &i->session;
	if (reply->error == NULL) {
		cpu = status_number(reply->json, "cpu_stats", "cpu_usage",
		    "total_usage");
		cs->cpu = cpu == -1 ? -1 : cpu / 1000000;
		cs->memory = status_memory(reply->json);
		cs->limit = status_number(reply->json, "memory_stats",
		    "limit", NULL);
	}
	if (--i->status->waiting == 0)
		status_end(i->status);
}

/* Nothing else of it is kept: it may hold a key. */
static void
status_looked(void *arg, struct docker_reply *reply)
{
	struct status_item *i = arg;

	i->look = NULL;
	if (reply->error == NULL) {
		if ((i->facts = calloc(FACT_LACKS, sizeof(*i->facts))) == NULL)
			fatal("calloc");
		confirm_container(reply->json, docker_is_podman(),
		    engine_seccomp(), status_keep, i->facts);
	}
	if (--i->status->waiting == 0)
		status_end(i->status);
}

static void
status_keep(void *arg, enum fact fact, const char *text)
{
	struct ctl_fact *f = arg;

	f[fact].fact = fact;
	(void)strlcpy(f[fact].text, text, sizeof(f[fact].text));
}

static void
status_informed(void *arg, struct docker_reply *reply)
{
	struct status *st = arg;

	st->call = NULL;
	if (reply->error == NULL)
		st->info = json_incref((json_t *)(uintptr_t)reply->json);
	if (--st->waiting == 0)
		status_end(st);
}

static void
status_lacks(void *arg, enum fact fact, const char *text)
{
	struct ctl_fact f;

	memset(&f, 0, sizeof(f));
	f.fact = fact;
	(void)strlcpy(f.text, text, sizeof(f.text));
	client_send(arg, IMSG_CTL_FACT, -1, &f, sizeof(f));
}

/* A number by two keys or three, one inside the other; -1: there is none. */
static int64_t
status_number(const json_t *json, const char *a, const char *b, const char *c)
{
	json = json_object_get(json_object_get(json, a), b);
	if (c != NULL)
		json = json_object_get(json, c);
	if (!json_is_integer(json) || json_integer_value(json) < 0)
		return (-1);
	return (json_integer_value(json));
}

/* Pages of files that could be given back do not count, as docker counts. */
static int64_t
status_memory(const json_t *json)
{
	int64_t cached, used;

	used = status_number(json, "memory_stats", "usage", NULL);
	cached = status_number(json, "memory_stats", "stats",
	    "total_inactive_file");
	if (cached == -1)
		cached = status_number(json, "memory_stats", "stats",
		    "inactive_file");
	return (cached > 0 && cached < used ? used - cached : used);
}

static void
status_timeout(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	status_end(arg);
}

static void
status_end(struct status *st)
{
	struct status_item *i;
	struct client *c;
	int n;

	c = st->client;
	TAILQ_FOREACH(i, &st->items, entry) {
		client_send(c, IMSG_CTL_SESSION, -1, &i->session,
		    sizeof(i->session));
		for (n = 0; i->facts != NULL && n < FACT_LACKS; n++)
			client_send(c, IMSG_CTL_FACT, -1, &i->facts[n],
			    sizeof(i->facts[n]));
	}
	if (st->info != NULL)
		confirm_lacks(st->info, docker_is_podman(), status_lacks, c);
	else if (c->all)
		status_lacks(c, FACT_LACKS, "");
	status_free(c);
	client_exit(c, 0);
}

void
status_free(struct client *c)
{
	struct status_item *i;
	struct status *st;

	if ((st = c->status) == NULL)
		return;
	c->status = NULL;
	evtimer_del(&st->timer);
	if (st->call != NULL)
		docker_cancel(st->call);
	json_decref(st->info);
	while ((i = TAILQ_FIRST(&st->items)) != NULL) {
		TAILQ_REMOVE(&st->items, i, entry);
		if (i->call != NULL)
			docker_cancel(i->call);
		if (i->look != NULL)
			docker_cancel(i->look);
		free(i->facts);
		free(i);
	}
	free(st);
}
