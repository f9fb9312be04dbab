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
 * What the audit log tells: who started what where, by which rules, what it
 * reached, and who else had to do with it; and who was refused.  No argument
 * of a command is in it, which may be a secret.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define AUDIT_LISTED	50	/* rules, and hosts */

static void	 audit_send(json_t *);
static char	*audit_dump(const json_t *);
static json_t	*audit_text(const char *);
static json_t	*audit_rules(const struct session *);
static json_t	*audit_hosts(const struct session *);
static int	 audit_add(json_t *, json_t *);

/*
 * Paths need not be UTF-8, JSON is; and what is of no use in a line could make
 * it six times as long.
 */
static json_t *
audit_text(const char *s)
{
	char text[PATH_MAX];
	json_t *json;
	char *p;

	(void)strlcpy(text, s, sizeof(text));
	for (p = text; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	if ((json = json_string(text)) != NULL)
		return (json);
	for (p = text; *p != '\0'; p++)
		if ((*p & 0x80) != 0)
			*p = '?';
	return (json_string(text));
}

/* There is room for all, but for a great many rules. */
static void
audit_send(json_t *event)
{
	char *text;

	text = audit_dump(event);
	if (strlen(text) > AUDIT_MAXLEN) {
		free(text);
		if (json_object_set_new(event, "rules", json_pack("[s]",
		    "...")) == -1)
			fatalx("json_object_set_new");
		text = audit_dump(event);
	}
	json_decref(event);
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_AUDIT, 0, -1, text,
	    strlen(text));
	free(text);
}

static char *
audit_dump(const json_t *event)
{
	char *text;

	if (event == NULL)
		fatalx("json_pack");
	text = json_dumps(event, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (text == NULL)
		fatalx("json_dumps");
	return (text);
}

void
audit_start(const struct session *s)
{
	audit_send(json_pack("{s:s, s:s, s:o, s:I, s:I, s:o, s:o, s:s, s:o}",
	    "what", "start", "session", s->spec.session,
	    "name", audit_text(s->spec.name),
	    "uid", (json_int_t)s->spec.owner,
	    "gid", (json_int_t)s->spec.gid,
	    "directory", audit_text(s->spec.path),
	    "image", audit_text(s->spec.image_id),
	    "command", s->spec.shell ? "shell" : "claude",
	    "rules", audit_rules(s)));
}

/* Those that are in force when it starts. */
static json_t *
audit_rules(const struct session *s)
{
	struct config conf;
	struct rule_entry *e;
	json_t *array;
	char text[HOST_MAXLEN + 64];
	uint32_t i;
	int n;

	if ((array = json_array()) == NULL)
		fatal("json_array");
	permit_config(&conf, &s->spec.identity);
	TAILQ_FOREACH(e, &conf.rules, entry) {
		n = snprintf(text, sizeof(text), "%s %s", e->rule.block ?
		    "block" : "pass", e->rule.host);
		for (i = 0; i < e->rule.nports && n > 0 &&
		    (size_t)n < sizeof(text); i++)
			n += snprintf(text + n, sizeof(text) - (size_t)n,
			    " %u", e->rule.ports[i]);
		if (audit_add(array, json_string(text)) == -1)
			break;
	}
	return (array);
}

/* -1: that was the last one that there is room for. */
static int
audit_add(json_t *array, json_t *item)
{
	if (json_array_size(array) == AUDIT_LISTED) {
		json_decref(item);
		item = json_string("...");
	}
	if (json_array_append_new(array, item) == -1)
		fatal("json_array_append_new");
	return (json_array_size(array) > AUDIT_LISTED ? -1 : 0);
}

void
audit_end(const struct session *s)
{
	audit_send(json_pack("{s:s, s:s, s:I, s:i, s:I, s:I, s:I, s:I, s:o}",
	    "what", "end", "session", s->spec.session,
	    "uid", (json_int_t)s->spec.owner, "status", s->status,
	    "tunnels", (json_int_t)s->traffic.tunnels,
	    "out", (json_int_t)s->traffic.out,
	    "in", (json_int_t)s->traffic.in,
	    "refused", (json_int_t)s->traffic.refused,
	    "reached", audit_hosts(s)));
}

static json_t *
audit_hosts(const struct session *s)
{
	const struct ctl_host *h;
	json_t *array;
	char text[HOST_MAXLEN + 16];
	size_t i;

	if ((array = json_array()) == NULL)
		fatal("json_array");
	for (i = 0; i < s->traffic.nhosts; i++) {
		h = &s->traffic.hosts[i];
		if (h->tunnels == 0)
			continue;
		(void)snprintf(text, sizeof(text), "%s:%u", h->host, h->port);
		if (audit_add(array, audit_text(text)) == -1)
			break;
	}
	return (array);
}

/* A client has to do with a session, which may be another user's. */
void
audit_client(const struct client *c, const struct session *s,
    const char *what)
{
	audit_send(json_pack("{s:s, s:s, s:I}", "what", what, "session",
	    s->spec.session, "uid", (json_int_t)c->uid));
}

void
audit_refusal(const struct client *c, const char *why)
{
	audit_send(json_pack("{s:s, s:I, s:s}", "what", "refusal", "uid",
	    (json_int_t)c->uid, "why", why));
}
