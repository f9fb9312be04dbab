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
 * The rules of the user's for one session are kept, so that the next daemon
 * has them: in the label of a volume that nothing else is in and nobody mounts.
 * A label stays as it was made, so with each change there is another volume,
 * and then the one before is removed.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "engine.h"

#define REMOVE_TIMEOUT	120

struct kept {
	TAILQ_ENTRY(kept) entry;
	char		 session[SESSION_LEN + 1];
	uint32_t	 n;
	struct kept_rule rules[PASS_MAX];
	size_t		 nrules;
};

static json_t	*kept_volume(const struct session *, uint32_t);
static void	 kept_made(void *, struct docker_reply *);
static void	 kept_remove(struct session *);
static void	 kept_removed(void *, struct docker_reply *);
static void	 kept_next(struct session *);

static TAILQ_HEAD(, kept) found = TAILQ_HEAD_INITIALIZER(found);

/* They have changed. */
void
kept_change(struct session *s)
{
	json_t *volume;

	if (s->kept.call != NULL) {
		s->kept.stale = 1;
		return;
	}
	s->kept.stale = 0;
	if (s->state == SESSION_REMOVING || (s->nlive == 0 &&
	    s->kept.n == 0))
		return;
	if (s->nlive == 0) {
		s->kept.old = s->kept.n;
		s->kept.n = 0;
		kept_remove(s);
		return;
	}
	if ((volume = kept_volume(s, s->kept.last + 1)) == NULL) {
		session_fail(s, EX_DATAERR, "the path of the workspace is not "
		    "UTF-8");
		return;
	}
	s->kept.last++;
	s->kept.call = docker_call("POST", volume, API_TIMEOUT, kept_made, s,
	    "/volumes/create");
}

/* No part of it is the workspace's or the user's to name. */
static json_t *
kept_volume(const struct session *s, uint32_t n)
{
	static struct spec spec;
	static struct kept_rule rules[PASS_MAX];
	json_t *labels, *volume;
	char *text;

	spec = s->spec;
	(void)strlcpy(spec.name, spec.session, sizeof(spec.name));
	(void)snprintf(spec.volume, sizeof(spec.volume), KEPT_VOLUME,
	    spec.session, n);
	text = rules_text(n, rules, live_kept(s, rules));
	volume = spec_volume(&spec);
	labels = json_object_get(volume, "Labels");
	if (text == NULL || labels == NULL || json_object_set_new(labels,
	    LABEL_ROLE, json_string(ROLE_RULES)) == -1 ||
	    json_object_set_new(labels, LABEL_RULES, json_string(text)) == -1) {
		json_decref(volume);
		volume = NULL;
	}
	free(text);
	return (volume);
}

static void
kept_made(void *arg, struct docker_reply *reply)
{
	struct session *s = arg;

	s->kept.call = NULL;
	if (reply->error != NULL) {
		log_warnx("session %s: its rules will not outlive the daemon: "
		    "%s", s->spec.name, reply->error);
		/* it may be there all the same */
		recover_again();
		kept_next(s);
		return;
	}
	s->kept.old = s->kept.n;
	s->kept.n = s->kept.last;
	if (s->kept.old != 0)
		kept_remove(s);
	else
		kept_next(s);
}

static void
kept_remove(struct session *s)
{
	s->kept.call = docker_call("DELETE", NULL, REMOVE_TIMEOUT,
	    kept_removed, s, "/volumes/" KEPT_VOLUME, s->spec.session,
	    s->kept.old);
}

static void
kept_removed(void *arg, struct docker_reply *reply)
{
	struct session *s = arg;

	s->kept.call = NULL;
	s->kept.old = 0;
	if (reply->error != NULL && reply->status != 404) {
		log_warnx("session %s: cannot remove rules: %s", s->spec.name,
		    reply->error);
		recover_again();
	}
	kept_next(s);
}

static void
kept_next(struct session *s)
{
	if (s->kept.stale)
		kept_change(s);
	if (s->kept.call != NULL)
		return;
	if (s->state == SESSION_REMOVING)
		session_remove(s);
	else {
		live_check(s, NULL);
		session_advance(s);
	}
}

/* The session is being removed.  1: nothing of this is there any more. */
int
kept_end(struct session *s)
{
	if (s->kept.call != NULL)
		return (0);
	if (s->kept.n == 0)
		return (1);
	s->kept.old = s->kept.n;
	s->kept.n = 0;
	kept_remove(s);
	return (0);
}

/*
 * From an earlier daemon: of those of one session the last ones.
 */

void
kept_find(const json_t *volumes)
{
	struct spec spec;
	struct kept *k, *other;
	const json_t *item;
	const char *role, *text;
	size_t i;
	int n;

	for (i = 0; i < json_array_size(volumes); i++) {
		item = json_array_get(volumes, i);
		memset(&spec, 0, sizeof(spec));
		text = spec_string(item, "Labels", LABEL_RULES);
		if (text == NULL || spec_adopt(&spec, item, &role) == -1 ||
		    strcmp(role, ROLE_RULES) != 0)
			continue;
		if ((k = calloc(1, sizeof(*k))) == NULL)
			fatal("calloc");
		(void)strlcpy(k->session, spec.session, sizeof(k->session));
		if ((n = rules_parse(text, &k->n, k->rules)) == -1) {
			log_warnx("malformed rules of session %s", k->session);
			free(k);
			continue;
		}
		k->nrules = (size_t)n;
		TAILQ_FOREACH(other, &found, entry)
			if (strcmp(other->session, k->session) == 0)
				break;
		if (other != NULL && other->n > k->n) {
			free(k);
			continue;
		}
		if (other != NULL) {
			TAILQ_REMOVE(&found, other, entry);
			free(other);
		}
		TAILQ_INSERT_TAIL(&found, k, entry);
	}
}

/* Before anything is said to its proxy. */
void
kept_adopt(struct session *s)
{
	struct kept *k;

	TAILQ_FOREACH(k, &found, entry)
		if (strcmp(k->session, s->spec.session) == 0)
			break;
	if (k == NULL)
		return;
	s->kept.n = s->kept.last = k->n;
	live_adopt(s, k->rules, k->nrules);
	log_info("session %s has %zu rules of its own", s->spec.name,
	    k->nrules);
}

void
kept_forget(void)
{
	struct kept *k;

	while ((k = TAILQ_FIRST(&found)) != NULL) {
		TAILQ_REMOVE(&found, k, entry);
		free(k);
	}
}

/* Is this volume one that another has come after, of a session that lives? */
int
kept_is_old(const struct session *s, const json_t *item)
{
	struct kept_rule rules[PASS_MAX];
	const char *text;
	uint32_t n;

	text = spec_string(item, "Labels", LABEL_RULES);
	return (text != NULL && rules_parse(text, &n, rules) != -1 &&
	    n < s->kept.n && n != s->kept.old);
}
