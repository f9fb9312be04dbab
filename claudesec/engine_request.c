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
 * What the engine's clients want, once a request is complete: what has no
 * file of its own.
 */

#include <sys/types.h>

#include <string.h>
#include <sysexits.h>

#include "engine.h"

static void	 client_run_start(struct client *);
static void	 client_run_shell(struct client *);
static int	 client_reviews(const struct client *);
static void	 client_start_session(struct client *);
static void	 client_attach_done(void *, struct docker_reply *);
static void	 client_run_stop(struct client *);
static void	 client_run_reload(struct client *);
static int	 client_has_gateways(const struct client *);
static void	 client_run_ports(struct client *);

/*
 * Once all of a request is here, and what an earlier daemon left is known.
 */
void
client_run(struct client *c)
{
	if (!c->complete || !c->allowed)
		return;
	/* all means all that there is, not what is known */
	if (c->request == IMSG_CTL_STOP && c->all && !c->looked) {
		c->looked = 1;
		recover_again();
	}
	if (!recovered())
		return;
	c->begun = 1;
	switch (c->request) {
	case IMSG_CTL_START:
		client_run_start(c);
		break;
	case IMSG_CTL_ATTACH:
		client_run_attach(c);
		break;
	case IMSG_CTL_STOP:
		client_run_stop(c);
		break;
	case IMSG_CTL_STATUS:
		status_start(c);
		break;
	case IMSG_CTL_RULE:
		live_request(c);
		break;
	case IMSG_CTL_LOGS:
		follow_start(c);
		break;
	case IMSG_CTL_RESUME:
		resume_client(c);
		break;
	case IMSG_CTL_RELOAD:
		client_run_reload(c);
		break;
	case IMSG_CTL_PORTS:
		client_run_ports(c);
		break;
	case IMSG_CTL_BUILD:
		if (!client_operates(c))
			client_error(c, EX_NOPERM, "permission denied");
		else
			build_start(c);
		break;
	}
}

static void
client_run_start(struct client *c)
{
	struct session *s;

	if (c->spec.shell) {
		client_run_shell(c);
		return;
	}
	for (s = session_first(); s != NULL; s = session_next(s))
		if (s->state == SESSION_RUNNING && client_means(c, s) &&
		    (!client_reviews(c) || s->spec.review[0] != '\0'))
			break;
	if (s == NULL || c->another || c->spec.name[0] != '\0')
		client_start_session(c);
	else if (!c->spec.tty || c->detach || !s->spec.tty)
		client_error(c, EX_CANTCREAT, "the session %s runs here: "
		    "%sstart -N starts another", s->spec.name, s->spec.tty ?
		    "attach to it, or " : "");
	else {
		c->peer.state = STATE_CLIENT_ASKED;
		client_send(c, IMSG_CTL_RUNS, -1, s->spec.name,
		    strlen(s->spec.name));
	}
}

static void
client_run_shell(struct client *c)
{
	struct session *s;

	if (client_find_session(c, &s) == -1)
		return;
	if (s != NULL) {
		audit_client(c, s, "shell");
		shell_start(c, s);
	} else if (c->spec.name[0] != '\0')
		client_error(c, EX_UNAVAILABLE, "no session %s runs",
		    c->spec.name);
	else
		client_start_session(c);
}

/* Its session is not to work on the workspace itself. */
static int
client_reviews(const struct client *c)
{
	return (c->reviews || engine_config()->fixed.review);
}

/* It is to come again with a copy of its workspace, if that is for review. */
static void
client_start_session(struct client *c)
{
	if (client_reviews(c) && c->spec.review[0] == '\0') {
		client_send(c, IMSG_CTL_NEEDREVIEW, -1, NULL, 0);
		client_end(c);
	} else
		session_start(c);
}

void
client_run_attach(struct client *c)
{
	struct session *s;

	if (client_find_session(c, &s) == -1)
		return;
	if (s == NULL && c->spec.name[0] != '\0')
		client_error(c, EX_UNAVAILABLE, "no session %s runs",
		    c->spec.name);
	else if (s == NULL)
		client_error(c, EX_UNAVAILABLE, "no session runs here");
	else if (!s->spec.tty)
		client_error(c, EX_UNAVAILABLE, "the session %s has no "
		    "terminal", s->spec.name);
	else {
		c->session = s;
		c->attach = docker_call("POST", NULL, API_TIMEOUT,
		    client_attach_done, c, "/containers/%s/attach?stream=1"
		    "&stdin=1&stdout=1&stderr=1&detachKeys=" DETACH_KEYS,
		    s->agent);
		docker_hijack(c->attach);
	}
}

static void
client_attach_done(void *arg, struct docker_reply *reply)
{
	struct client *c = arg;
	struct session *s;

	c->attach = NULL;
	/* it may have ended meanwhile, and the client been told */
	if ((s = c->session) == NULL)
		return;
	if (reply->error != NULL) {
		client_error(c, reply->code, "cannot attach to the session "
		    "%s: %s", s->spec.name, reply->error);
		return;
	}
	session_attached(s, c, reply->fd, 1);
	reply->fd = -1;
}

static void
client_run_stop(struct client *c)
{
	struct session *next, *s;
	int n;

	/* those of a directory are one user's, or root has it */
	n = 0;
	for (s = session_first(); s != NULL; s = session_next(s))
		if (c->spec.name[0] != '\0' && client_means(c, s))
			n++;
	if (n > 1) {
		client_several(c);
		return;
	}
	n = 0;
	for (s = session_first(); s != NULL; s = next) {
		next = session_next(s);
		if (!client_means(c, s))
			continue;
		n++;
		audit_client(c, s, "stop");
		session_stop(s, c->grace);
	}
	if (n > 0)
		client_stopped();
	else if (c->all)
		client_exit(c, 0);
	else if (c->spec.name[0] != '\0')
		client_error(c, EX_UNAVAILABLE, "no session %s runs",
		    c->spec.name);
	else
		client_error(c, EX_UNAVAILABLE, "no session runs here");
}

/*
 * The configuration, which credentials from a command do not come with: those
 * are the user's, for the user's own sessions.
 */
static void
client_run_reload(struct client *c)
{
	struct session *s;

	if (c->nkeys > 0) {
		for (s = session_first(); s != NULL; s = session_next(s))
			if (s->spec.owner == c->uid &&
			    s->spec.token[0] != '\0') {
				keys_copy(s, &c->keys);
				sidecar_policy(s);
			}
		client_exit(c, 0);
	} else if (client_operates(c)) {
		peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_RELOAD, c->id, -1,
		    NULL, 0);
	} else if (client_has_gateways(c))
		client_needs_key(c);
	else
		client_error(c, EX_NOPERM, "permission denied");
}

/* Has it sessions that want credentials of its command's? */
static int
client_has_gateways(const struct client *c)
{
	struct session *s;

	if (engine_config()->commandfile[0] == '\0')
		return (0);
	for (s = session_first(); s != NULL; s = session_next(s))
		if (s->spec.owner == c->uid && s->spec.token[0] != '\0')
			return (1);
	return (0);
}

/* Of a session that has its container. */
static void
client_run_ports(struct client *c)
{
	struct session *s;

	for (s = session_first(); s != NULL; s = session_next(s))
		if (client_means(c, s) && s->state < SESSION_STOPPING &&
		    s->agent[0] != '\0')
			break;
	if (s == NULL)
		client_error(c, EX_UNAVAILABLE, "no session %s runs",
		    c->spec.name);
	else
		port_start(c, s);
}

void
client_reloaded(uint32_t id, const struct ctl_error *ce)
{
	struct client *c;

	if ((c = client_find(id)) == NULL || c->request != IMSG_CTL_RELOAD ||
	    c->ended)
		return;
	if (ce->code != 0)
		client_error(c, ce->code, "%s", ce->text);
	else if (client_has_gateways(c))
		client_needs_key(c);
	else
		client_exit(c, 0);
}

/* It is to come again, with what the command says that this file names. */
void
client_needs_key(struct client *c)
{
	const char *file;

	file = engine_config()->commandfile;
	client_send(c, IMSG_CTL_NEEDKEY, -1, file, strlen(file));
	client_end(c);
}
