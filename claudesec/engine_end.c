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
 * The steps when the agent has ended: how that was, and the last words of its
 * proxy, which ends now and tells of what it had not told yet.  Then all that
 * the session made is removed.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define END_TIMEOUT	5	/* for all of these steps */
#define STATUS_KILLED	137	/* by a signal that nobody catches */

static uint64_t	 look_number(const json_t *, const char *);

/* Whatever comes of it, the session ends. */
void
look_begin(struct session *s)
{
	/* podman may not see what its monitor has noted of memory */
	if (s->spec.podman && s->state == SESSION_RUNNING &&
	    s->status == STATUS_KILLED)
		s->limits |= LIMIT_KILLED;
	s->state = SESSION_STOPPING;
	session_set_timer(s, END_TIMEOUT);
	session_call(s, STEP_LOOK, "GET", NULL, API_TIMEOUT,
	    "/containers/%s/json", s->agent);
}

int
look_done(struct session *s, struct docker_reply *reply)
{
	if (reply->error != NULL)
		return (1);
	s->memory = look_number(reply->json, "Memory");
	s->processes = look_number(reply->json, "PidsLimit");
	if (json_is_true(json_object_get(json_object_get(reply->json,
	    "State"), "OOMKilled")))
		s->limits |= LIMIT_MEMORY;
	return (1);
}

static uint64_t
look_number(const json_t *json, const char *key)
{
	json_int_t n;

	n = json_integer_value(json_object_get(json_object_get(json,
	    "HostConfig"), key));
	return (n > 0 ? (uint64_t)n : 0);
}

/*
 * It is over when it says so, or when its stream ends.  A signal would go by
 * the container engine, which takes long for one.
 */
void
words_begin(struct session *s)
{
	if (s->proxy.bev == NULL)
		s->did |= STEP_BIT(STEP_WORDS);
	else if (sidecar_deaf(s))
		words_kill(s);
	else
		sidecar_end(s);
}

/* One that an earlier daemon began may be of a version that knows no end. */
void
words_kill(struct session *s)
{
	if (s->steps[STEP_WORDS].call == NULL)
		session_call(s, STEP_WORDS, "POST", NULL, API_TIMEOUT,
		    "/containers/%s/kill?signal=SIGTERM", s->sidecar);
}

int
words_done(struct session *s, struct docker_reply *reply)
{
	return (reply->error != NULL || s->proxy.bev == NULL);
}

void
end_begin(struct session *s)
{
	/* who waits need not wait for the rest */
	client_session_end(s);
	s->client = NULL;
	session_remove(s);
}
