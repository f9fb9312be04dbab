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
 * What a session's proxyd tells of its traffic: events, one a line, as JSON,
 * and what they sum up to.  An agent that took proxyd over could write them:
 * all of it is bounded.  Pure: no function in here logs, exits, or knows a
 * global.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "inside.h"

#define NUMBER_MAX	(1LL << 53)	/* JSON's */
#define HOSTS_STEP	16

static struct ctl_host *traffic_host(struct traffic *,
		    const struct ctl_event *);
static int	 event_host(const json_t *, char *);
static int	 event_number(const json_t *, const char *, uint64_t *);
static int	 event_request(const json_t *, struct ctl_event *);
static void	 event_text(const json_t *, const char *, char *, size_t);
static uint64_t	 add(uint64_t, uint64_t);

static const char *const kinds[EVENT_RULE] = { "opened", "tunnel", "request",
	    "refused" };

/*
 * 1: an event; 2: there is no further one; 0: of something else;
 * -1: malformed.
 */
int
event_parse(struct news *e, const char *line)
{
	struct ctl_event *c;
	const char *name;
	uint64_t port;
	json_t *json;
	int error;

	memset(e, 0, sizeof(*e));
	c = &e->ctl;
	if ((json = spec_parse(line, strlen(line))) == NULL)
		return (-1);
	error = -1;
	if ((name = spec_string(json, "event", NULL)) == NULL)
		goto done;
	while (c->kind < EVENT_RULE && strcmp(kinds[c->kind], name) != 0)
		c->kind++;
	if (c->kind == EVENT_RULE) {
		error = strcmp(name, "ended") == 0 ? 2 : 0;
		goto done;
	}
	port = 0;
	e->open = UINT64_MAX;
	if (event_host(json_object_get(json, "host"), c->host) == -1 ||
	    event_number(json, "port", &port) == -1 || port > UINT16_MAX ||
	    event_number(json, "out", &c->out) == -1 ||
	    event_number(json, "in", &c->in) == -1 ||
	    event_number(json, "ms", &c->ms) == -1 ||
	    event_number(json, "count", &c->count) == -1 ||
	    event_number(json, "unlogged", &e->unlogged) == -1 ||
	    event_number(json, "open", &e->open) == -1 ||
	    (c->kind != EVENT_REFUSED && c->kind != EVENT_REQUEST &&
	    c->host[0] == '\0'))
		goto done;
	c->port = (uint32_t)port;
	event_text(json, "reason", c->text, sizeof(c->text));
	c->blocked = strcmp(c->text, REFUSED_BLOCKED) == 0;
	if (c->kind == EVENT_REQUEST && event_request(json, c) == -1)
		goto done;
	/* one that is not counted is a refusal itself, if it has a reason */
	if (c->kind == EVENT_REFUSED && c->count == 0 && c->text[0] != '\0')
		c->count = 1;
	error = 1;
 done:
	json_decref(json);
	return (error);
}

/* As proxyd writes names, whatever they were. */
static int
event_host(const json_t *json, char *host)
{
	const char *s;

	if (json == NULL)
		return (0);
	if ((s = json_string_value(json)) == NULL || strspn(s,
	    "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(s) ||
	    strlcpy(host, s, HOST_MAXLEN) >= HOST_MAXLEN)
		return (-1);
	return (0);
}

static int
event_number(const json_t *json, const char *key, uint64_t *value)
{
	json_int_t n;

	if ((json = json_object_get(json, key)) == NULL)
		return (0);
	n = json_integer_value(json);
	if (!json_is_integer(json) || n < 0 || n > NUMBER_MAX)
		return (-1);
	*value = (uint64_t)n;
	return (0);
}

static void
event_text(const json_t *json, const char *key, char *dst, size_t size)
{
	const char *s;

	dst[0] = '\0';
	if ((s = spec_string(json, key, NULL)) != NULL)
		spec_text(dst, size, s, strlen(s));
}

/* What was asked for, and what became of it, as far as it fits. */
static int
event_request(const json_t *json, struct ctl_event *c)
{
	char path[REASON_MAXLEN - 32], status[16], text[REASON_MAXLEN];
	uint64_t n;

	n = 0;
	if (event_number(json, "status", &n) == -1 || n > 999)
		return (-1);
	event_text(json, "method", text, 16);
	event_text(json, "path", path, sizeof(path));
	status[0] = '\0';
	if (n > 0)
		(void)snprintf(status, sizeof(status), " %u",
		    (unsigned int)n);
	(void)strlcat(text, " ", sizeof(text));
	(void)strlcat(text, path, sizeof(text));
	(void)strlcat(text, status, sizeof(text));
	if (c->text[0] != '\0')
		(void)strlcat(text, ": ", sizeof(text));
	(void)strlcat(text, c->text, sizeof(text));
	(void)strlcpy(c->text, text, sizeof(c->text));
	return (0);
}

/*
 * Adds it up.  The host that it is about, or NULL if it is not listed.
 */
struct ctl_host *
traffic_add(struct traffic *t, const struct news *e)
{
	const struct ctl_event *c;
	struct ctl_host *h;

	c = &e->ctl;
	if (e->open != UINT64_MAX)
		t->open = e->open;
	if (c->kind == EVENT_OPENED)
		return (NULL);
	t->refused = add(t->refused, e->unlogged);
	if (c->kind == EVENT_REFUSED)
		t->refused = add(t->refused, c->count);
	else {
		t->tunnels = add(t->tunnels, 1);
		t->out = add(t->out, c->out);
		t->in = add(t->in, c->in);
	}
	if (c->host[0] == '\0' || (h = traffic_host(t, c)) == NULL)
		return (NULL);
	if (c->kind == EVENT_REFUSED) {
		h->refused = add(h->refused, c->count);
		if (c->text[0] != '\0') {
			(void)strlcpy(h->reason, c->text, sizeof(h->reason));
			h->blocked = c->blocked;
		}
	} else {
		h->tunnels = add(h->tunnels, 1);
		h->out = add(h->out, c->out);
		h->in = add(h->in, c->in);
	}
	return (h);
}

/*
 * Its host and port.  A question of DNS bears port 53, and is about the host
 * and no port; how often something was refused further is about any.  Refused
 * ones leave room for others, as an agent can make them up.
 */
static struct ctl_host *
traffic_host(struct traffic *t, const struct ctl_event *c)
{
	struct ctl_host *h, *hosts;
	uint32_t port;
	size_t i, n;

	port = c->kind == EVENT_REFUSED && c->port == 53 ? 0 : c->port;
	for (i = 0; i < t->nhosts; i++) {
		h = &t->hosts[i];
		if (strcmp(h->host, c->host) != 0)
			continue;
		if (h->port == port)
			return (h);
		if (c->kind == EVENT_REFUSED && h->tunnels == 0 &&
		    (port == 0 || h->port == 0)) {
			h->port += port;
			return (h);
		}
	}
	if (t->nhosts == TRAFFIC_HOSTS || (c->kind == EVENT_REFUSED &&
	    t->nrefused == TRAFFIC_REFUSED)) {
		if (t->others < UINT32_MAX)
			t->others++;
		return (NULL);
	}
	if (t->nhosts % HOSTS_STEP == 0) {
		n = t->nhosts + HOSTS_STEP;
		hosts = recallocarray(t->hosts, t->nhosts, n, sizeof(*hosts));
		if (hosts == NULL)
			return (NULL);
		t->hosts = hosts;
	}
	h = &t->hosts[t->nhosts++];
	if (c->kind == EVENT_REFUSED)
		t->nrefused++;
	h->port = port;
	(void)strlcpy(h->host, c->host, sizeof(h->host));
	return (h);
}

/* The last TRAFFIC_LINES of them are kept. */
int
traffic_line(struct traffic *t, const struct ctl_event *c)
{
	if (t->lines == NULL && (t->lines = calloc(TRAFFIC_LINES,
	    sizeof(*t->lines))) == NULL)
		return (-1);
	t->lines[t->nlines++ % TRAFFIC_LINES] = *c;
	return (0);
}

/* The log, but not the sums. */
void
traffic_forget(struct traffic *t)
{
	free(t->lines);
	t->lines = NULL;
	t->nlines = 0;
}

void
traffic_free(struct traffic *t)
{
	free(t->hosts);
	free(t->lines);
	memset(t, 0, sizeof(*t));
}

static uint64_t
add(uint64_t a, uint64_t b)
{
	return (a > UINT64_MAX - b ? UINT64_MAX : a + b);
}
