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
 * What guard knows to be ours, of all that the container engine has.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "guard.h"

#define CONTAINERS_MAX	4096	/* the oldest is forgotten */
#define EXECS_MAX	65536	/* likewise */

RB_HEAD(things, thing);
TAILQ_HEAD(thing_list, thing);

static int	 thing_compare(struct thing *, struct thing *);

RB_PROTOTYPE(things, thing, node, thing_compare)

static struct things	 things = RB_INITIALIZER(&things);
static struct thing_list containers = TAILQ_HEAD_INITIALIZER(containers);
static struct thing_list execs = TAILQ_HEAD_INITIALIZER(execs);
static unsigned int	 ncontainers, nexecs;

RB_GENERATE(things, thing, node, thing_compare)

static int
thing_compare(struct thing *a, struct thing *b)
{
	return (strcmp(a->id, b->id));
}

struct thing *
thing_find(const char *id)
{
	struct thing key;

	(void)strlcpy(key.id, id, sizeof(key.id));
	return (RB_FIND(things, &things, &key));
}

/* NULL: it is known. */
struct thing *
thing_add(const char *id, struct thing *container)
{
	struct thing *t;

	if (thing_find(id) != NULL)
		return (NULL);
	if (container == NULL && ncontainers == CONTAINERS_MAX)
		thing_forget(TAILQ_FIRST(&containers));
	else if (container != NULL && nexecs == EXECS_MAX)
		thing_forget(TAILQ_FIRST(&execs));
	if ((t = calloc(1, sizeof(*t))) == NULL)
		fatal("calloc");
	(void)strlcpy(t->id, id, sizeof(t->id));
	t->container = container;
	RB_INSERT(things, &things, t);
	if (container == NULL) {
		TAILQ_INSERT_TAIL(&containers, t, entry);
		ncontainers++;
	} else {
		TAILQ_INSERT_TAIL(&execs, t, entry);
		nexecs++;
	}
	return (t);
}

/* With the commands in it. */
void
thing_forget(struct thing *t)
{
	struct thing *e, *next;

	RB_REMOVE(things, &things, t);
	if (t->container != NULL) {
		TAILQ_REMOVE(&execs, t, entry);
		nexecs--;
		free(t);
		return;
	}
	for (e = TAILQ_FIRST(&execs); e != NULL; e = next) {
		next = TAILQ_NEXT(e, entry);
		if (e->container == t)
			thing_forget(e);
	}
	TAILQ_REMOVE(&containers, t, entry);
	ncontainers--;
	strings_free(&t->sources);
	free(t);
}
