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
 * Names of users and groups, by /etc/passwd and /etc/group as they are: conf
 * cannot ask a directory service, whose users and groups are known by number.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claudesec.h"

/* Is there a name, of a user or of a group, without a number? */
int
names_needed(const struct config *c, int group)
{
	const struct permit_entry *e;

	TAILQ_FOREACH(e, &c->permits, entry)
		if (!e->permit.known && (e->permit.group != 0) == group)
			return (1);
	return (0);
}

/* Lines of name:password:number:more; the first with a name counts. */
void
names_read(struct config *c, FILE *f, int group)
{
	struct permit_entry *e;
	const char *error, *id, *name;
	char *line, *p;
	size_t size;
	long long n;

	line = NULL;
	size = 0;
	while (getline(&line, &size, f) != -1) {
		p = line;
		name = strsep(&p, ":");
		(void)strsep(&p, ":");
		if ((id = strsep(&p, ":")) == NULL || p == NULL)
			continue;
		n = strtonum(id, 0, UINT32_MAX - 1LL, &error);
		if (error != NULL)
			continue;
		TAILQ_FOREACH(e, &c->permits, entry)
			if (!e->permit.known &&
			    (e->permit.group != 0) == group &&
			    strcmp(e->permit.name, name) == 0) {
				e->permit.known = 1;
				e->permit.id = (uint32_t)n;
			}
	}
	free(line);
}

/* A name that nobody has fits nobody. */
void
names_check(const struct config *c, void (*report)(const char *))
{
	const struct permit_entry *e;
	char line[TEXT_MAXLEN];

	TAILQ_FOREACH(e, &c->permits, entry) {
		if (e->permit.known)
			continue;
		(void)snprintf(line, sizeof(line), "%s: there is no %s %s",
		    e->permit.deny ? "deny" : "permit", e->permit.group ?
		    "group" : "user", e->permit.name);
		report(line);
	}
}
