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
 * Which sessions a client means: its user's own, by name, or by the directory
 * that it is in; or root's, who has all.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "engine.h"

/* Its own sessions, or root. */
int
client_owns(const struct client *c, const struct session *s)
{
	return (c->uid == s->spec.owner || c->uid == 0);
}

/* Root may say whose session it means: uid/name. */
void
client_set_name(struct client *c, const char *name)
{
	const char *slash, *why;
	char number[16];
	size_t len;

	(void)strlcpy(c->spec.name, name, sizeof(c->spec.name));
	if (c->uid != 0 || (slash = strchr(name, '/')) == NULL)
		return;
	len = (size_t)(slash - name);
	(void)snprintf(number, sizeof(number), "%.*s", (int)len, name);
	c->of_uid = (uint32_t)strtonum(number, 0, UINT32_MAX, &why);
	if (why != NULL || len >= sizeof(number))
		return;
	c->of = 1;
	(void)strlcpy(c->spec.name, slash + 1, sizeof(c->spec.name));
}

/* Those that it names, or all in its directory. */
int
client_means(const struct client *c, const struct session *s)
{
	if (!client_owns(c, s) || (c->of && s->spec.owner != c->of_uid))
		return (0);
	if (c->all)
		return (1);
	if (c->spec.name[0] != '\0')
		return (strcmp(c->spec.name, s->spec.name) == 0);
	return (strcmp(c->spec.path, s->spec.path) == 0 ||
	    strcmp(c->spec.path, s->spec.review) == 0);
}

/* The one that it means, NULL for none; -1: several, and it was told. */
int
client_find_session(struct client *c, struct session **found)
{
	struct session *s;

	*found = NULL;
	for (s = session_first(); s != NULL; s = session_next(s)) {
		if (s->state != SESSION_RUNNING || !client_means(c, s))
			continue;
		if (*found != NULL) {
			client_several(c);
			return (-1);
		}
		*found = s;
	}
	if (*found != NULL)
		again_begin(*found);
	return (0);
}

/* The one that it means; NULL: there is none, and it was told. */
struct session *
client_session(struct client *c)
{
	struct session *s;

	if (client_find_session(c, &s) == -1)
		return (NULL);
	if (s == NULL && c->spec.name[0] != '\0')
		client_error(c, EX_UNAVAILABLE, "no session %s runs",
		    c->spec.name);
	else if (s == NULL)
		client_error(c, EX_UNAVAILABLE, "no session runs here");
	return (s);
}

/* Of them it can mean one. */
void
client_several(struct client *c)
{
	if (c->spec.name[0] == '\0')
		client_error(c, EX_USAGE, "several sessions run here: "
		    "name one");
	else
		client_error(c, EX_USAGE, "several users have a session %s: "
		    "name it by uid/name", c->spec.name);
}
