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
 * The credentials of sessions.  They come from conf, which reads them whenever
 * we ask, or from the client, whose command has them; and they go to a
 * session's proxyd, or into its container's environment.  We have them in
 * between, and no longer.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "engine.h"

static void	 keys_had(struct session *);

static int	 asked;			/* conf, and it has not answered */
static struct env_list come = TAILQ_HEAD_INITIALIZER(come);
static unsigned int ncome;

/*
 * 1: the session has what it needs; 0: it is asked for, and the session is
 * told when it is here.
 */
int
keys_get(struct session *s)
{
	struct config conf;

	permit_config(&conf, &s->spec.identity);
	if ((conf.fixed.credentials != CREDENTIALS_INJECT &&
	    conf.fixed.credentials != CREDENTIALS_ENVIRONMENT) ||
	    !TAILQ_EMPTY(&s->keys))
		return (1);
	if (conf.commandfile[0] != '\0')
		return (0);		/* if its client comes again */
	s->waits_keys = 1;
	if (!asked)
		peer_send(proc_peer(ROLE_CONF), IMSG_ENGINE_KEYS, 0, -1, NULL,
		    0);
	asked = 1;
	return (0);
}

/* The configuration as it holds for a session, with its credentials. */
void
keys_config(struct config *view, struct session *s)
{
	permit_config(view, &s->spec.identity);
	TAILQ_FIRST(&view->env) = TAILQ_FIRST(&s->keys);
}

void
keys_copy(struct session *s, const struct env_list *list)
{
	const struct env_entry *e;

	credentials_free(&s->keys);
	TAILQ_FOREACH(e, list, entry)
		credentials_add(&s->keys, e->value);
}

int
keys_handle_env(struct imsg *imsg)
{
	char value[ENV_MAXLEN];
	int good;

	good = asked && ncome < CREDENTIALS_MAX &&
	    imsg_get_string(imsg, value, sizeof(value)) == 0 &&
	    credentials_valid(value);
	if (good) {
		credentials_add(&come, value);
		ncome++;
	}
	explicit_bzero(value, sizeof(value));
	return (good ? 0 : -1);
}

/* That was all, or they cannot be had; then who runs keeps what it has. */
int
keys_handle_end(struct imsg *imsg)
{
	struct ctl_error ce;
	struct session *s, *next;

	if (!asked || imsg_get_data(imsg, &ce, sizeof(ce)) == -1 ||
	    memchr(ce.text, '\0', sizeof(ce.text)) == NULL || ce.code < 0 ||
	    ce.code > 255)
		return (-1);
	asked = 0;
	for (s = session_first(); s != NULL; s = next) {
		next = session_next(s);
		if (!s->waits_keys)
			continue;
		s->waits_keys = 0;
		if (ce.code == 0) {
			keys_copy(s, &come);
			keys_had(s);
		} else if ((s->did & STEP_BIT(STEP_KEYS)) == 0)
			session_fail(s, ce.code, "%s", ce.text);
		else
			log_warnx("session %s: %s", s->spec.name, ce.text);
	}
	credentials_free(&come);
	ncome = 0;
	return (0);
}

static void
keys_had(struct session *s)
{
	if (s->state == SESSION_REMOVING)
		return;
	if ((s->did & STEP_BIT(STEP_KEYS)) == 0)
		session_keys(s);
	else
		sidecar_send(s, 0);
}
