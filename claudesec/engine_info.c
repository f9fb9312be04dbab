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
 * What the container engine can do, which is asked each time that it is looked
 * at anew, beside all else; agents wait for the answer.  One that runs without
 * root has root's rights in its user's own, and nobody else's: its user is uid
 * 0 in a container of Docker's, and podman can let that be who it is.  It may
 * bound nothing, and says so, or not.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "engine.h"

static void	 info_done(void *, struct docker_reply *);
static void	 info_use(struct session *);
static void	 info_lacks(struct session *, const char *);
static void	 info_root(struct session *);

static struct docker_call *call;
static struct engine_info info;
static json_t	*answer;
static int	 known;

void
info_ask(void)
{
	if (call != NULL)
		docker_cancel(call);
	known = 0;
	call = docker_call("GET", NULL, API_TIMEOUT, info_done, NULL,
	    docker_is_podman() ? "/libpod/info" : "/info");
}

/* A session's step. */
void
info_begin(struct session *s)
{
	if (known)
		info_use(s);
	else if (call == NULL)
		info_ask();
}

static void
info_done(void *arg, struct docker_reply *reply)
{
	struct session *next, *s;

	(void)arg;
	call = NULL;
	known = reply->error == NULL;
	if (known) {
		spec_info(&info, reply->json, docker_is_podman());
		json_decref(answer);
		answer = json_incref((json_t *)(uintptr_t)reply->json);
	}
	for (s = session_first(); s != NULL; s = next) {
		next = session_next(s);
		if ((s->did & STEP_BIT(STEP_ENGINE)) != 0)
			continue;
		if (known)
			info_use(s);
		else if (s->state == SESSION_STARTING ||
		    s->state == SESSION_SPARE)
			session_error(s, STEP_ENGINE, reply);
	}
}

/* By default; without root it may not be bounded. */
uint32_t
info_millicpus(void)
{
	return (info.rootless ? 0 : confirm_millicpus(answer,
	    docker_is_podman()));
}

/* One that runs has what it needs. */
static void
info_use(struct session *s)
{
	if (info.rootless && (s->state == SESSION_STARTING ||
	    s->state == SESSION_SPARE)) {
		if (engine_owner() == 0) {
			session_fail(s, EX_CONFIG, "the container engine runs "
			    "without root, for a user of its own: run "
			    "claudesec as that user");
			return;
		}
		if (!info.memory || !info.processes) {
			info_lacks(s, !info.memory ? "memory" : "processes");
			return;
		}
	}
	s->spec.rootless = (uint32_t)info.rootless;
	s->spec.labels = confirm_labels(answer, docker_is_podman());
	session_did(s, STEP_ENGINE);
}

static void
info_lacks(struct session *s, const char *what)
{
	session_fail(s, EX_UNAVAILABLE, "the container engine cannot bound "
	    "%s: without root it needs %s", what, info.unified ?
	    "the controller delegated to you" :
	    "control groups of version 2");
}

/*
 * Before an agent is made, with what its user asked for.
 */
int
info_agent(struct session *s, uint32_t millicpus)
{
	if (!s->spec.rootless)
		return (0);
	if (millicpus != 0 && !info.cpu) {
		info_lacks(s, "processors");
		return (-1);
	}
	if (!s->spec.podman)
		info_root(s);
	return (0);
}

/* Claude Code wants to know that it does not matter there. */
static void
info_root(struct session *s)
{
	static const char env[] = "IS_SANDBOX=1";
	size_t i, len;

	s->spec.uid = s->spec.gid = 0;
	len = strcspn(env, "=") + 1;
	for (i = 0; i < s->spec.env.n; i++)
		if (strncmp(s->spec.env.v[i], env, len) == 0)
			return;
	if (strings_add(&s->spec.env, env, strlen(env)) == -1)
		fatal("malloc");
}
