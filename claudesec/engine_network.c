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
 * Networks.  The sidecars of an engine share one, on which they do not reach
 * each other; podman cannot do that, so there each has one of its own, which
 * goes with its session.
 */

#include <sys/types.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "engine.h"

#define REMOVE_TIMEOUT	120

static json_t	*network_spec(const struct session *);
static void	 network_wake(void);
static void	 services_error(struct session *, struct docker_reply *);

static int	 making;		/* the one that all share */

static json_t *
network_spec(const struct session *s)
{
	json_t *spec;

	spec = s->spec.podman ? spec_podman_network(&s->spec) :
	    spec_network();
	if (spec == NULL)
		fatalx("spec_network");
	return (spec);
}

/* Its own has the session's name, which is sure when there is a volume. */
void
network_begin(struct session *s)
{
	if (s->spec.podman && (s->did & STEP_BIT(STEP_VOLUME)) == 0) {
		s->begun &= ~STEP_BIT(STEP_NETWORK);
	} else if (s->spec.podman) {
		(void)snprintf(s->spec.network, sizeof(s->spec.network),
		    "claude-%s-net", s->spec.object);
		session_call(s, STEP_NETWORK, "GET", NULL, API_TIMEOUT,
		    "/libpod/networks/%s/json", s->spec.network);
	} else {
		(void)strlcpy(s->spec.network, NETWORK_NAME,
		    sizeof(s->spec.network));
		session_call(s, STEP_NETWORK, "GET", NULL, API_TIMEOUT,
		    "/networks/" NETWORK_NAME);
	}
}

/* The one that all share was made, or could not be: who waits looks again. */
static void
network_wake(void)
{
	struct session *s;

	making = 0;
	for (s = session_first(); s != NULL; s = session_next(s))
		if (s->network == NOT_MADE)
			session_advance(s);
}

/*
 * Looks, makes it if it is not there, and looks again.  Another daemon may be
 * faster at that.  Of our sessions one makes it at a time: docker lets several
 * of one name be made at once, and then knows none of them by that.
 */
int
network_done(struct session *s, struct docker_reply *reply)
{
	char why[256];
	json_t *asked;
	int error;

	if (s->network == MAKING_IT) {
		s->network = MADE_IT;
		if (!s->spec.podman)
			network_wake();
		if (s->spec.podman && reply->error == NULL)
			s->has_network = 1;
		if (s->state == SESSION_REMOVING)
			return (0);
		if (reply->error == NULL || reply->status == 409)
			network_begin(s);
		else
			session_error(s, STEP_NETWORK, reply);
		return (0);
	}
	if (s->network == NOT_MADE && reply->status == 404) {
		if (s->state == SESSION_REMOVING)
			return (0);
		if (!s->spec.podman && making) {
			s->begun &= ~STEP_BIT(STEP_NETWORK);
			return (0);
		}
		making = !s->spec.podman;
		s->network = MAKING_IT;
		session_call(s, STEP_NETWORK, "POST", network_spec(s),
		    API_TIMEOUT, s->spec.podman ?
		    "/libpod/networks/create" : "/networks/create");
		return (0);
	}
	if (reply->error != NULL) {
		session_error(s, STEP_NETWORK, reply);
		return (0);
	}
	asked = network_spec(s);
	error = spec_verify_network(asked, reply->json, why, sizeof(why));
	json_decref(asked);
	if (error == -1)
		session_fail(s, EX_CONFIG, "the network %s is not as "
		    "claudesec makes it (%s): remove it", s->spec.network,
		    why);
	return (error == 0);
}

/*
 * Is there a network of services, and is it one that leads nowhere?  The first
 * time without an answer.
 */
int
network_services(struct session *s, struct docker_reply *reply)
{
	const char *name;

	/* it stays the same, whatever is configured meanwhile */
	name = s->spec.services;
	if (reply == NULL)
		(void)strlcpy(s->spec.services,
		    engine_config()->fixed.network, sizeof(s->spec.services));
	if (name[0] == '\0')
		return (1);
	if (s->spec.podman) {
		session_fail(s, EX_CONFIG, "network %s: podman cannot keep "
		    "this machine off a network of services", name);
	} else if (reply == NULL || s->services == MAKING_IT) {
		if (reply != NULL && reply->error != NULL &&
		    reply->status != 409) {
			services_error(s, reply);
			return (0);
		}
		s->services = reply == NULL ? NOT_MADE : MADE_IT;
		session_call(s, STEP_IMAGE, "GET", NULL, API_TIMEOUT,
		    "/networks/%s", name);
	} else if (reply->status == 404 && s->services == NOT_MADE) {
		s->services = MAKING_IT;
		session_call(s, STEP_IMAGE, "POST", spec_services(name),
		    API_TIMEOUT, "/networks/create");
	} else if (reply->error != NULL) {
		services_error(s, reply);
	} else if (!json_is_true(json_object_get(reply->json, "Internal"))) {
		session_fail(s, EX_CONFIG, "network %s: it is not internal, "
		    "the agent would reach all that it leads to", name);
	} else
		return (1);
	return (0);
}

static void
services_error(struct session *s, struct docker_reply *reply)
{
	if (reply->status == 0)
		session_fail(s, reply->code, "%s", reply->error);
	else
		session_fail(s, reply->code, "cannot use the network %s: %s",
		    s->spec.services, reply->error);
}

void
network_remove(struct session *s)
{
	s->has_network = 0;
	session_call(s, STEP_REMOVE_NETWORK, "DELETE", NULL, REMOVE_TIMEOUT,
	    "/libpod/networks/%s", s->spec.network);
}
