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
 * Is there a newer image in the registry?  Asked beside a start, at most once
 * a day for each image, which the parent knows; nothing waits for the answer,
 * and nobody is told that there is none.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <sha2.h>
#include <string.h>

#include "engine.h"

#define NEWER_TIMEOUT	60	/* seconds */

static uint32_t	 newer_slot(const char *);
static void	 newer_done(void *, struct docker_reply *);

static uint32_t	 last_id;

/*
 * The image of a session is this one.  What was pulled just now, never is, or
 * has no digest of a registry's, is not asked about.
 */
void
newer_begin(struct session *s, const json_t *image)
{
	struct newer *n;
	json_t *digests;
	uint32_t slot;

	n = &s->newer;
	digests = json_object_get(image, "RepoDigests");
	if (!update_pulls(s->spec.image) ||
	    strchr(s->spec.image, '@') != NULL ||
	    engine_config()->fixed.pull == PULL_NEVER || s->pull != NOT_MADE ||
	    json_array_size(digests) == 0 || n->id != 0)
		return;
	if (++last_id == 0)
		last_id = 1;
	n->id = last_id;
	n->digests = json_incref(digests);
	slot = newer_slot(s->spec.image);
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_NEWER, n->id, -1, &slot,
	    sizeof(slot));
}

static uint32_t
newer_slot(const char *image)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const unsigned char *)image, strlen(image));
	SHA256Final(digest, &ctx);
	return ((digest[0] << 8 | digest[1]) % LOOKED_SLOTS);
}

/* The parent's answer.  The session may be gone. */
int
newer_answer(uint32_t id, int yes)
{
	struct session *s;

	if (id == 0 || id > last_id)
		return (-1);
	for (s = session_first(); s != NULL; s = session_next(s))
		if (s->newer.id == id)
			break;
	if (s == NULL || !yes)
		return (0);
	if (s->newer.call != NULL)
		return (-1);
	s->newer.call = docker_call("GET", NULL, NEWER_TIMEOUT, newer_done, s,
	    "/distribution/%s/json", s->spec.image);
	return (0);
}

static void
newer_done(void *arg, struct docker_reply *reply)
{
	struct session *s = arg;
	const char *digest, *have;
	size_t i;

	s->newer.call = NULL;
	digest = reply->error != NULL ? NULL : spec_string(reply->json,
	    "Descriptor", "digest");
	if (digest == NULL || digest[0] == '\0')
		return;
	for (i = 0; i < json_array_size(s->newer.digests); i++) {
		have = json_string_value(json_array_get(s->newer.digests, i));
		if (have != NULL && (have = strchr(have, '@')) != NULL &&
		    strcmp(have + 1, digest) == 0)
			return;
	}
	s->newer.found = 1;
}

void
newer_free(struct session *s)
{
	if (s->newer.call != NULL)
		docker_cancel(s->newer.call);
	json_decref(s->newer.digests);
	memset(&s->newer, 0, sizeof(s->newer));
}
