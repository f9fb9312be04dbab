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
 * A command in the container of a running session, beside the agent.  The
 * engine's API cannot wait for one, so its client says when the stream has
 * ended, and then its exit status is asked for.  Nor can it reach one with a
 * signal: another command does that, which knows the first by its mark.
 */

#include <sys/types.h>

#include <event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"

#define STATUS_DELAY	50000	/* microseconds until it is asked again */
#define STATUS_TRIES	100
#define KILLS_MAX	32		/* under way */

struct shell {
	struct client	*client;
	struct docker_call *call;
	struct event	 timer;
	char		 name[NAME_MAXLEN];	/* of the session */
	char		 agent[ID_LEN + 1];
	char		 mark[SESSION_LEN + 1];
	char		 id[ID_LEN + 1];
	int		 login;		/* there may be one by a browser */
	int		 attached;
	int		 done;
	int		 tries;
};

static void	 shell_created(void *, struct docker_reply *);
static void	 shell_started(void *, struct docker_reply *);
static void	 shell_ask(int, short, void *);
static void	 shell_status(void *, struct docker_reply *);
static void	 shell_end(struct shell *, struct docker_reply *,
		    const char *);
static void	 shell_kill(void *, struct docker_reply *);
static void	 shell_killed(void *, struct docker_reply *);

static unsigned int	 nkills;

void
shell_start(struct client *c, const struct session *s)
{
	struct shell *sh;
	json_t *exec;

	if ((sh = calloc(1, sizeof(*sh))) == NULL)
		fatal("calloc");
	engine_random_id(sh->mark);
	if ((exec = spec_exec(&c->spec, sh->mark)) == NULL) {
		free(sh);
		client_error(c, EX_DATAERR, "an argument is not UTF-8");
		return;
	}
	sh->client = c;
	c->shell = sh;
	evtimer_set(&sh->timer, shell_ask, sh);
	(void)strlcpy(sh->name, s->spec.name, sizeof(sh->name));
	(void)strlcpy(sh->agent, s->agent, sizeof(sh->agent));
	sh->login = s->spec.login[0] != '\0';
	sh->call = docker_call("POST", exec, API_TIMEOUT, shell_created, sh,
	    "/containers/%s/exec", s->agent);
}

void
shell_free(struct client *c)
{
	struct shell *sh;

	if ((sh = c->shell) == NULL)
		return;
	/* as the end of a terminal does */
	if (!c->ended)
		shell_signal(c, SIGHUP);
	c->shell = NULL;
	if (sh->call != NULL)
		docker_cancel(sh->call);
	evtimer_del(&sh->timer);
	free(sh);
}

static void
shell_created(void *arg, struct docker_reply *reply)
{
	struct shell *sh = arg;
	json_t *start;

	sh->call = NULL;
	if (reply->error != NULL) {
		shell_end(sh, reply, "run a command in");
		return;
	}
	if (spec_id(reply->json, sh->id) == -1) {
		client_error(sh->client, EX_PROTOCOL, "the command has no id");
		return;
	}
	start = json_pack("{s:b, s:b}", "Detach", 0, "Tty",
	    (int)sh->client->spec.tty);
	if (start == NULL)
		fatal("json_pack");
	sh->call = docker_call("POST", start, API_TIMEOUT, shell_started, sh,
	    "/exec/%s/start", sh->id);
	docker_hijack(sh->call);
}

static void
shell_started(void *arg, struct docker_reply *reply)
{
	struct ctl_attached ca;
	struct shell *sh = arg;
	char object[ID_LEN + 16];

	sh->call = NULL;
	if (reply->error != NULL) {
		shell_end(sh, reply, "run a command in");
		return;
	}
	sh->attached = 1;
	(void)snprintf(object, sizeof(object), "exec/%s", sh->id);
	memset(&ca, 0, sizeof(ca));
	ca.tty = sh->client->spec.tty;
	ca.login = (uint32_t)sh->login;
	ca.clipboard = engine_config()->fixed.clipboard;
	(void)strlcpy(ca.name, sh->name, sizeof(ca.name));
	client_attach(sh->client, object, &ca, reply->fd);
	reply->fd = -1;
}

/* The client has seen the end of the stream. */
void
shell_done(struct client *c)
{
	struct shell *sh;

	sh = c->shell;
	if (!sh->attached || sh->done)
		return;
	sh->done = 1;
	shell_ask(-1, EV_TIMEOUT, sh);
}

static void
shell_ask(int fd, short event, void *arg)
{
	struct shell *sh = arg;

	(void)fd;
	(void)event;
	sh->call = docker_call("GET", NULL, API_TIMEOUT, shell_status, sh,
	    "/exec/%s/json", sh->id);
}

/*
 * The stream may end a little before the command.
 */
static void
shell_status(void *arg, struct docker_reply *reply)
{
	struct timeval tv = { 0, STATUS_DELAY };
	struct shell *sh = arg;
	const json_t *running, *status;

	sh->call = NULL;
	if (reply->error != NULL) {
		shell_end(sh, reply, "ask for a command of");
		return;
	}
	running = json_object_get(reply->json, "Running");
	status = json_object_get(reply->json, "ExitCode");
	if (json_is_false(running) && json_is_integer(status))
		client_exit(sh->client,
		    (int)(json_integer_value(status) & 0xff));
	else if (++sh->tries < STATUS_TRIES)
		evtimer_add(&sh->timer, &tv);
	else
		client_error(sh->client, EX_UNAVAILABLE, "the command goes on "
		    "without us");
}

static void
shell_end(struct shell *sh, struct docker_reply *reply, const char *what)
{
	if (reply->status == 404 || reply->status == 409)
		client_error(sh->client, EX_UNAVAILABLE, "the session %s has "
		    "ended", sh->name);
	else if (reply->status == 0)
		client_error(sh->client, reply->code, "%s", reply->error);
	else
		client_error(sh->client, reply->code, "cannot %s the session "
		    "%s: %s", what, sh->name, reply->error);
}

/*
 * Signals the command and what it started.  Nobody waits for it.
 */
void
shell_signal(struct client *c, int sig)
{
	struct shell *sh;
	json_t *exec;

	sh = c->shell;
	if (!sh->attached || nkills == KILLS_MAX)
		return;
	if ((exec = spec_kill(sh->mark, sig)) == NULL)
		fatal("spec_kill");
	nkills++;
	(void)docker_call("POST", exec, API_TIMEOUT, shell_kill, NULL,
	    "/containers/%s/exec", sh->agent);
}

static void
shell_kill(void *arg, struct docker_reply *reply)
{
	char id[ID_LEN + 1];
	json_t *start;

	(void)arg;
	if (reply->error != NULL || spec_id(reply->json, id) == -1) {
		nkills--;
		return;
	}
	if ((start = json_pack("{s:b, s:b}", "Detach", 1, "Tty", 0)) == NULL)
		fatal("json_pack");
	(void)docker_call("POST", start, API_TIMEOUT, shell_killed, NULL,
	    "/exec/%s/start", id);
}

static void
shell_killed(void *arg, struct docker_reply *reply)
{
	(void)arg;
	(void)reply;
	nkills--;
}
