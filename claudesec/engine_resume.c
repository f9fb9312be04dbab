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
 * Clients whose session has outlived a daemon: they still have its stream, and
 * come to the next daemon to be told how it ends.  A session that was taken
 * over is remembered for them when it has ended, as one may come late.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "engine.h"

#define ENDED_MAX	64	/* that are remembered */

static struct session *resume_find(const struct client *);

static TAILQ_HEAD(, session) ended = TAILQ_HEAD_INITIALIZER(ended);
static unsigned int nended;

/* One that an earlier daemon began is gone, but for what is told of it. */
void
resume_keep(struct session *s)
{
	struct session *old;

	traffic_forget(&s->traffic);
	TAILQ_INSERT_TAIL(&ended, s, entry);
	if (nended < ENDED_MAX) {
		nended++;
		return;
	}
	old = TAILQ_FIRST(&ended);
	TAILQ_REMOVE(&ended, old, entry);
	report_free(old);
	free(old);
}

/* The one of this id, if it is the client's. */
static struct session *
resume_find(const struct client *c)
{
	struct session *s;

	s = session_find(c->spec.session);
	if (s == NULL)
		TAILQ_FOREACH(s, &ended, entry)
			if (strcmp(s->spec.session, c->spec.session) == 0)
				break;
	return (s == NULL || !client_owns(c, s) ? NULL : s);
}

/*
 * From now on it is as if the client had been there all the time.
 */
void
resume_client(struct client *c)
{
	struct session *s;

	if ((s = resume_find(c)) == NULL) {
		client_error(c, EX_SOFTWARE, "the session is gone, and its "
		    "exit status with it");
		return;
	}
	if (s->client != NULL) {
		client_detach(c, s->spec.name);
		return;
	}
	c->session = s;
	c->spec.tty = s->spec.tty;
	(void)snprintf(c->object, sizeof(c->object), "containers/%s",
	    s->agent);
	if (s->ended) {
		client_session_end(s);
		return;
	}
	s->client = c;
	traffic_attached(s);
	log_info("session %s has its client again", s->spec.name);
}
