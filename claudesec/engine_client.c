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
 * The engine's clients: their connections, requests and answers.  Who one is,
 * the kernel says, on the very connection that the request comes from.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"

#define CLIENT_TIMEOUT	30	/* seconds for its arguments, and its leave */

static int	 client_dispatch(struct peer *, struct imsg *);
static int	 client_handle_start(struct client *, struct imsg *);
static int	 client_handle_arg(struct client *, struct imsg *);
static int	 client_handle_env(struct client *, struct imsg *);
static int	 client_handle_review(struct client *, struct imsg *);
static int	 client_handle_attach(struct client *, struct imsg *);
static int	 client_handle_choice(struct client *, struct imsg *);
static int	 client_handle_modes(struct client *, struct imsg *);
static int	 client_handle_open(struct client *, struct imsg *);
static int	 client_handle_key(struct client *, struct imsg *);
static int	 client_handle_request(struct client *, struct imsg *);
static int	 client_handle_pass(struct client *, struct imsg *);
static int	 client_add_rule(struct client *, const struct egress_rule *);
static int	 client_handle_rule(struct client *, struct imsg *);
static int	 client_handle_logs(struct client *, struct imsg *);
static int	 client_handle_resume(struct client *, struct imsg *);
static void	 client_begin(struct client *, uint32_t, const char *,
		    const char *);
static int	 client_handle_base(struct client *, struct imsg *);
static void	 client_check_workspace(struct client *, const char *, int);
static void	 client_timeout(int, short, void *);
static void	 client_gone(struct peer *, const char *);
static void	 client_free(struct client *);

static TAILQ_HEAD(, client) clients = TAILQ_HEAD_INITIALIZER(clients);
static unsigned int nclients;

int
client_new(uint32_t id, int fd)
{
	struct timeval tv = { CLIENT_TIMEOUT, 0 };
	struct client *c;

	if (id == 0 || client_find(id) != NULL) {
		close(fd);
		return (-1);
	}
	if ((c = calloc(1, sizeof(*c))) == NULL)
		fatal("calloc");
	c->id = id;
	c->workspace = -1;
	TAILQ_INIT(&c->keys);
	TAILQ_INSERT_TAIL(&clients, c, entry);
	nclients++;
	c->stream = -1;
	peer_init(&c->peer, fd, ROLE_CLIENT, client_dispatch, client_gone, c);
	c->peer.state = STATE_CLIENT_NEW;
	evtimer_set(&c->timer, client_timeout, c);
	evtimer_add(&c->timer, &tv);
	if (identity_get(&c->identity, fd) == -1) {
		log_warn("who a client is");
		client_free(c);
		return (0);
	}
	c->uid = c->identity.uid;
	engine_busy();
	return (0);
}

struct client *
client_find(uint32_t id)
{
	struct client *c;

	TAILQ_FOREACH(c, &clients, entry)
		if (c->id == id)
			return (c);
	return (NULL);
}

struct client *
client_first(void)
{
	return (TAILQ_FIRST(&clients));
}

struct client *
client_next(struct client *c)
{
	return (TAILQ_NEXT(c, entry));
}

unsigned int
client_count(void)
{
	return (nclients);
}

unsigned int
client_count_of(uint32_t uid)
{
	struct client *c;
	unsigned int n;

	n = 0;
	TAILQ_FOREACH(c, &clients, entry)
		if (c->uid == uid)
			n++;
	return (n);
}

/* May it do what others feel too?  The user of the daemon, or root. */
int
client_operates(const struct client *c)
{
	return (c->uid == 0 || c->uid == engine_owner());
}

/*
 * What clients say.
 */

static int
client_dispatch(struct peer *p, struct imsg *imsg)
{
	struct client *c = p->arg;

	if (c->ended)
		return (0);
	if (c->request == 0 && permit_client(c) == -1) {
		/* what else it has sent already is no reason to hang up */
		c->peer.state = STATE_CLIENT_ARGS | STATE_CLIENT_WAIT;
		return (0);
	}
	switch (imsg_get_type(imsg)) {
	case IMSG_CTL_START:
		return (client_handle_start(c, imsg));
	case IMSG_CTL_ARG:
		return (client_handle_arg(c, imsg));
	case IMSG_CTL_ENV:
		return (client_handle_env(c, imsg));
	case IMSG_CTL_PASS:
		return (client_handle_pass(c, imsg));
	case IMSG_CTL_RULE:
		return (client_handle_rule(c, imsg));
	case IMSG_CTL_LOGS:
		return (client_handle_logs(c, imsg));
	case IMSG_CTL_RESUME:
		return (client_handle_resume(c, imsg));
	case IMSG_CTL_OPEN:
		return (client_handle_open(c, imsg));
	case IMSG_CTL_KEY:
		return (client_handle_key(c, imsg));
	case IMSG_CTL_REVIEW:
		return (client_handle_review(c, imsg));
	case IMSG_CTL_RUN:
		evtimer_del(&c->timer);
		c->peer.state = STATE_CLIENT_WAIT;
		c->complete = 1;
		client_run(c);
		return (0);
	case IMSG_CTL_ATTACH:
		return (client_handle_attach(c, imsg));
	case IMSG_CTL_STOP:
	case IMSG_CTL_STATUS:
	case IMSG_CTL_RELOAD:
	case IMSG_CTL_BUILD:
	case IMSG_CTL_PORTS:
		return (client_handle_request(c, imsg));
	case IMSG_CTL_CONNECT:
		return (port_connect(c, imsg));
	case IMSG_CTL_BASE:
		return (client_handle_base(c, imsg));
	case IMSG_CTL_RESIZE:
		return (client_handle_resize(c, imsg));
	case IMSG_CTL_SIGNAL:
		return (client_handle_signal(c, imsg));
	case IMSG_CTL_MODES:
		return (client_handle_modes(c, imsg));
	case IMSG_CTL_CHOICE:
		return (client_handle_choice(c, imsg));
	case IMSG_CTL_DONE:
		if (c->shell != NULL)
			shell_done(c);
		return (0);
	default:
		return (-1);
	}
}

static int
client_handle_start(struct client *c, struct imsg *imsg)
{
	struct ctl_start start;
	int fd;

	if (imsg_get_data(imsg, &start, sizeof(start)) == -1 ||
	    start.version != IMSG_VERSION || start.shell > 1 ||
	    start.tty > 1 || start.cols > SIZE_MAXIMUM ||
	    start.rows > SIZE_MAXIMUM || start.detach > 1 ||
	    start.another > 1 || (start.detach && !start.tty) ||
	    start.readonly > 1 || (start.memory != 0 &&
	    (start.memory < OPTION_MEMORY_MIN ||
	    start.memory > OPTION_SIZE_MAX)) ||
	    start.millicpus > OPTION_CPUS_MAX * 1000 ||
	    memchr(start.name, '\0', sizeof(start.name)) == NULL ||
	    !imsg_is_string(start.path, sizeof(start.path)))
		return (-1);
	/* the parent sees what it is, and whether to ask that at all */
	if ((fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	c->request = IMSG_CTL_START;
	c->peer.state = STATE_CLIENT_ARGS;
	client_set_name(c, start.name);
	if (start.name[0] != '\0' && (!spec_name_valid(c->spec.name) ||
	    (c->of && !start.shell))) {
		close(fd);
		client_error(c, EX_USAGE, "not a name for a session: use "
		    "lower case letters, digits, and _.- inside");
		return (0);
	}
	c->spec.shell = start.shell;
	c->spec.tty = start.tty;
	c->spec.cols = start.cols;
	c->spec.rows = start.rows;
	c->spec.readonly = start.readonly;
	c->spec.memory = start.memory;
	c->spec.millicpus = start.millicpus;
	c->detach = start.detach;
	c->another = start.another;
	client_check_workspace(c, start.path, fd);
	return (0);
}

/*
 * The parent sees for itself who asks, on a copy of the connection.
 */
static void
client_check_workspace(struct client *c, const char *path, int fd)
{
	struct peer *parent;
	int copy;

	parent = proc_peer(ROLE_PARENT);
	if ((copy = fcntl(c->peer.ibuf.fd, F_DUPFD_CLOEXEC, 0)) == -1 ||
	    (c->workspace = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		fatal("fcntl");
	peer_send(parent, IMSG_ENGINE_CLIENT, c->id, copy, NULL, 0);
	peer_send(parent, IMSG_ENGINE_WORKSPACE, c->id, fd, path, strlen(path));
}

int
client_workspace(uint32_t id, const struct workspace_answer *wa)
{
	static struct spec spec;
	struct client *c;

	/* it may have gone away meanwhile */
	if ((c = client_find(id)) == NULL || c->ended) {
		memset(&spec, 0, sizeof(spec));
		if (wa->error[0] == '\0' && strcmp(wa->path, wa->source) != 0)
			spec.pinned = id;
		engine_unpin(&spec);
		return (0);
	}
	if (c->request != IMSG_CTL_START || c->allowed)
		return (-1);
	if (wa->error[0] != '\0') {
		client_error(c, EX_NOINPUT, "%s", wa->error);
		return (0);
	}
	(void)strlcpy(c->spec.path, wa->path, sizeof(c->spec.path));
	(void)strlcpy(c->spec.source, wa->source, sizeof(c->spec.source));
	if (strcmp(wa->path, wa->source) != 0)
		c->spec.pinned = id;
	c->spec.owner = c->uid;
	c->spec.identity = c->identity;
	c->spec.dev = wa->dev;
	c->spec.ino = wa->ino;
	(void)strlcpy(c->spec.login, wa->login, sizeof(c->spec.login));
	c->spec.login_dev = wa->login_dev;
	c->spec.login_ino = wa->login_ino;
	c->spec.uid = wa->uid;
	c->spec.gid = wa->gid;
	c->allowed = 1;
	client_run(c);
	return (0);
}

/* Pieces of one argument bear the same number. */
static int
client_handle_arg(struct client *c, struct imsg *imsg)
{
	struct strings *args;
	uint32_t id;
	int error;

	args = &c->spec.args;
	id = imsg_get_id(imsg);
	if (memchr(imsg->data, '\0', imsg_get_len(imsg)) != NULL ||
	    args->size + c->spec.env.size + imsg_get_len(imsg) >= ARGS_MAXLEN)
		return (-1);
	if (id == args->n && args->n < ARGS_MAX)
		error = strings_add(args, imsg->data, imsg_get_len(imsg));
	else if (args->n > 0 && id == args->n - 1)
		error = strings_append(args, imsg->data, imsg_get_len(imsg));
	else
		return (-1);
	if (error == -1)
		fatal("malloc");
	return (0);
}

static int
client_handle_env(struct client *c, struct imsg *imsg)
{
	char value[ENV_MAXLEN];

	if (imsg_get_string(imsg, value, sizeof(value)) == -1 ||
	    !env_valid(value) || c->spec.args.size + c->spec.env.size +
	    strlen(value) >= ARGS_MAXLEN)
		return (-1);
	if (strings_add(&c->spec.env, value, strlen(value)) == -1)
		fatal("malloc");
	return (0);
}

/* Of the workspace, what this session's agent may change all the same. */
static int
client_handle_open(struct client *c, struct imsg *imsg)
{
	char path[PROTECT_MAXLEN + 1];

	if (imsg_get_string(imsg, path, sizeof(path)) == -1 ||
	    !protect_valid(path) || c->spec.open.n == PROTECTS_MAX)
		return (-1);
	if (strings_add(&c->spec.open, path, strlen(path)) == -1)
		fatal("malloc");
	return (0);
}

/* What the workspace is a copy of; that is its user's to know. */
static int
client_handle_review(struct client *c, struct imsg *imsg)
{
	if (c->reviews)
		return (-1);
	c->reviews = 1;
	if (imsg_get_len(imsg) == 0)
		return (0);
	return (imsg_get_string(imsg, c->spec.review,
	    sizeof(c->spec.review)) == -1 || c->spec.review[0] != '/' ? -1 :
	    0);
}

static int
client_handle_attach(struct client *c, struct imsg *imsg)
{
	struct ctl_attach ca;

	if (imsg_get_data(imsg, &ca, sizeof(ca)) == -1 ||
	    ca.version != IMSG_VERSION || ca.cols > SIZE_MAXIMUM ||
	    ca.rows > SIZE_MAXIMUM ||
	    memchr(ca.name, '\0', sizeof(ca.name)) == NULL ||
	    memchr(ca.path, '\0', sizeof(ca.path)) == NULL)
		return (-1);
	evtimer_del(&c->timer);
	c->request = IMSG_CTL_ATTACH;
	c->peer.state = STATE_CLIENT_WAIT;
	c->spec.cols = ca.cols;
	c->spec.rows = ca.rows;
	client_set_name(c, ca.name);
	(void)strlcpy(c->spec.path, ca.path, sizeof(c->spec.path));
	c->complete = c->allowed = 1;
	client_run(c);
	return (0);
}

/*
 * Its user was asked about a session that runs where it would start one.
 */
static int
client_handle_choice(struct client *c, struct imsg *imsg)
{
	uint32_t choice;

	if (imsg_get_data(imsg, &choice, sizeof(choice)) == -1 || choice != 1)
		return (-1);
	c->peer.state = STATE_CLIENT_WAIT;
	client_run_attach(c);
	return (0);
}

/* Opaque to us: it is for the client that comes next. */
static int
client_handle_modes(struct client *c, struct imsg *imsg)
{
	uint32_t modes;

	if (imsg_get_data(imsg, &modes, sizeof(modes)) == -1 ||
	    (modes & ~MODE_ALL) != 0)
		return (-1);
	if (c->session != NULL && c->session->client == c)
		c->session->modes = modes;
	return (0);
}

static int
client_handle_request(struct client *c, struct imsg *imsg)
{
	struct ctl_request r;

	if (imsg_get_data(imsg, &r, sizeof(r)) == -1 ||
	    r.version != IMSG_VERSION || r.all > 1 || r.nocache > 1 ||
	    r.update > 1 ||
	    r.grace > GRACE_MAX ||
	    r.nkeys > CREDENTIALS_MAX || (r.nkeys > 0 &&
	    imsg_get_type(imsg) != IMSG_CTL_RELOAD) ||
	    memchr(r.name, '\0', sizeof(r.name)) == NULL ||
	    memchr(r.path, '\0', sizeof(r.path)) == NULL)
		return (-1);
	c->all = r.all;
	c->nocache = r.nocache;
	c->update = r.update;
	c->grace = r.grace;
	c->waits_keys = r.nkeys;
	client_begin(c, imsg_get_type(imsg), r.name, r.path);
	return (0);
}

/* A host that a start passes. */
static int
client_handle_pass(struct client *c, struct imsg *imsg)
{
	struct egress_rule rule;

	if (imsg_get_data(imsg, &rule, sizeof(rule)) == -1 ||
	    !spec_rule_valid(&rule) || rule.block || rule.plain)
		return (-1);
	return (client_add_rule(c, &rule));
}

static int
client_add_rule(struct client *c, const struct egress_rule *rule)
{
	char host[HOST_MAXLEN];

	/* as the configuration's are */
	if (c->npass == PASS_MAX || rule->nports > 1 ||
	    rule_host(rule->host, host) != NULL ||
	    strcmp(rule->host, host) != 0)
		return (-1);
	if (c->pass == NULL &&
	    (c->pass = calloc(PASS_MAX, sizeof(*c->pass))) == NULL)
		fatal("calloc");
	c->pass[c->npass++] = *rule;
	return (0);
}

static int
client_handle_rule(struct client *c, struct imsg *imsg)
{
	struct ctl_rule r;

	if (imsg_get_data(imsg, &r, sizeof(r)) == -1 ||
	    r.version != IMSG_VERSION || r.seconds > RULE_SECONDS ||
	    !spec_rule_valid(&r.rule) || r.rule.plain ||
	    memchr(r.name, '\0', sizeof(r.name)) == NULL ||
	    memchr(r.path, '\0', sizeof(r.path)) == NULL ||
	    client_add_rule(c, &r.rule) == -1)
		return (-1);
	c->seconds = r.seconds;
	client_begin(c, imsg_get_type(imsg), r.name, r.path);
	return (0);
}

static int
client_handle_logs(struct client *c, struct imsg *imsg)
{
	struct ctl_logs l;

	if (imsg_get_data(imsg, &l, sizeof(l)) == -1 ||
	    l.version != IMSG_VERSION || l.follow > 1 || l.refused > 1 ||
	    memchr(l.name, '\0', sizeof(l.name)) == NULL ||
	    memchr(l.path, '\0', sizeof(l.path)) == NULL)
		return (-1);
	c->follow = l.follow;
	c->refused = l.refused;
	c->lines = l.lines;
	client_begin(c, imsg_get_type(imsg), l.name, l.path);
	return (0);
}

static int
client_handle_resume(struct client *c, struct imsg *imsg)
{
	struct ctl_resume r;

	if (imsg_get_data(imsg, &r, sizeof(r)) == -1 ||
	    r.version != IMSG_VERSION ||
	    !imsg_is_string(r.session, sizeof(r.session)))
		return (-1);
	(void)strlcpy(c->spec.session, r.session, sizeof(c->spec.session));
	client_begin(c, imsg_get_type(imsg), "", "");
	return (0);
}

/* A request that is complete, about the session that has this name or path. */
static void
client_begin(struct client *c, uint32_t request, const char *name,
    const char *path)
{
	c->request = request;
	c->peer.state = request == IMSG_CTL_PORTS ? STATE_CLIENT_PORTS :
	    c->waits_keys > 0 ? STATE_CLIENT_ARGS : STATE_CLIENT_WAIT;
	if (c->waits_keys == 0)
		evtimer_del(&c->timer);
	client_set_name(c, name);
	(void)strlcpy(c->spec.path, path, sizeof(c->spec.path));
	c->complete = c->waits_keys == 0;
	c->allowed = 1;
	client_run(c);
}

/* With a start, or of those of a reload the last. */
static int
client_handle_key(struct client *c, struct imsg *imsg)
{
	char value[ENV_MAXLEN];
	int good;

	good = c->nkeys < CREDENTIALS_MAX &&
	    imsg_get_string(imsg, value, sizeof(value)) == 0 &&
	    credentials_valid(value);
	if (good) {
		credentials_add(&c->keys, value);
		c->nkeys++;
	}
	explicit_bzero(value, sizeof(value));
	if (!good)
		return (-1);
	if (c->waits_keys == c->nkeys) {
		evtimer_del(&c->timer);
		c->peer.state = STATE_CLIENT_WAIT;
		c->complete = 1;
		client_run(c);
	}
	return (0);
}

static int
client_handle_base(struct client *c, struct imsg *imsg)
{
	struct stat sb;
	int fd, flags;

	if (c->build == NULL || (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	if (fstat(fd, &sb) == -1 ||
	    (!S_ISFIFO(sb.st_mode) && !S_ISSOCK(sb.st_mode)) ||
	    (flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		close(fd);
		return (-1);
	}
	c->peer.state = STATE_CLIENT_WAIT;
	build_base(c, fd);
	return (0);
}

void
client_run_all(void)
{
	struct client *c;

	TAILQ_FOREACH(c, &clients, entry)
		if (!c->begun && !c->ended)
			client_run(c);
}

void
client_fail_all(int code, const char *why)
{
	struct client *c;

	TAILQ_FOREACH(c, &clients, entry)
		if (c->complete && c->allowed && !c->begun && !c->ended)
			client_error(c, code, "%s", why);
}

/*
 * A session is gone: who wanted just that, and nothing else that is still
 * about to end?
 */
void
client_stopped(void)
{
	struct client *c;
	struct session *s;

	TAILQ_FOREACH(c, &clients, entry) {
		if (c->request != IMSG_CTL_STOP || !c->begun || c->ended)
			continue;
		for (s = session_first(); s != NULL; s = session_next(s))
			if (s->state >= SESSION_STOPPING && client_means(c, s))
				break;
		if (s == NULL)
			client_exit(c, 0);
	}
}

/*
 * What clients are told.
 */

void
client_send(struct client *c, uint32_t type, int fd, const void *data,
    size_t len)
{
	peer_send(&c->peer, type, 0, fd, data, len);
}

void
client_error(struct client *c, int code, const char *fmt, ...)
{
	struct ctl_error ce;
	char text[TEXT_MAXLEN];
	va_list ap;

	memset(&ce, 0, sizeof(ce));
	ce.code = code;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	spec_text(ce.text, sizeof(ce.text), text, strlen(text));
	log_debug("client %u: %s", c->id, ce.text);
	client_send(c, IMSG_CTL_ERROR, -1, &ce, sizeof(ce));
	client_end(c);
}

void
client_exit(struct client *c, int status)
{
	client_send(c, IMSG_CTL_EXIT, -1, &status, sizeof(status));
	client_end(c);
}

/*
 * The stream is the client's from now on.  The object is what its terminal
 * belongs to.  Where a session goes on without a client, one that does not let
 * go is cut off by our copy.
 */
void
client_attach(struct client *c, const char *object,
    const struct ctl_attached *ca, int fd)
{
	(void)strlcpy(c->object, object, sizeof(c->object));
	c->spec.tty = ca->tty;
	if (ca->stays &&
	    (c->stream = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		fatal("fcntl");
	client_send(c, IMSG_CTL_ATTACHED, fd, ca, sizeof(*ca));
	if (!ca->again || c->spec.cols == 0 || c->spec.rows == 0)
		return;
	c->size.cols = c->spec.cols;
	c->size.rows = c->spec.rows;
	c->redraw = 3;
	client_resize(c);
}

/* A session goes on without it: its own wish, or somebody else came. */
void
client_detach(struct client *c, const char *name)
{
	client_send(c, IMSG_CTL_DETACHED, -1, name, strlen(name));
	if (c->stream != -1)
		(void)shutdown(c->stream, SHUT_RDWR);
	client_end(c);
}

void
client_session_end(const struct session *s)
{
	struct client *c;

	TAILQ_FOREACH(c, &clients, entry) {
		if (c->watch == s && !c->ended) {
			if (c->request == IMSG_CTL_LOGS)
				follow_end(c);
			else
				client_error(c, EX_UNAVAILABLE, "the session "
				    "%s has ended", s->spec.name);
		}
		if (c->session != s || c->ended)
			continue;
		if (c->object[0] != '\0')
			report_send(s, c);
		if (s->error[0] != '\0')
			client_error(c, s->code, "%s", s->error);
		else
			client_exit(c, s->status);
	}
}

/* It hangs up when it has read that this was all. */
void
client_end(struct client *c)
{
	struct timeval tv = { CLIENT_TIMEOUT, 0 };

	c->ended = 1;
	c->session = NULL;
	follow_free(c);
	evtimer_add(&c->timer, &tv);
}

static void
client_timeout(int fd, short event, void *arg)
{
	struct client *c = arg;

	(void)fd;
	(void)event;
	if (c->request == IMSG_CTL_RULE && !c->ended) {
		client_error(c, EX_UNAVAILABLE, "the proxy does not answer");
		return;
	}
	log_debug("client %u took too long", c->id);
	client_free(c);
}

static void
client_gone(struct peer *p, const char *why)
{
	struct client *c = p->arg;

	log_debug("client %u: %s", c->id, why == NULL ? "gone" : why);
	client_free(c);
}

static void
client_free(struct client *c)
{
	struct session *s;

	s = c->session;
	TAILQ_REMOVE(&clients, c, entry);
	nclients--;
	evtimer_del(&c->timer);
	peer_close(&c->peer);
	if (c->resize != NULL)
		docker_cancel(c->resize);
	if (c->signal != NULL)
		docker_cancel(c->signal);
	if (c->attach != NULL)
		docker_cancel(c->attach);
	if (c->stream != -1)
		close(c->stream);
	shell_free(c);
	build_free(c);
	port_free(c);
	follow_free(c);
	status_free(c);
	free(c->pass);
	peer_send(proc_peer(ROLE_CONTROL), IMSG_ENGINE_GONE, c->id, -1, NULL,
	    0);
	engine_unpin(&c->spec);
	if (c->workspace != -1)
		close(c->workspace);
	strings_free(&c->spec.args);
	strings_free(&c->spec.env);
	strings_free(&c->spec.open);
	strings_free(&c->spec.shares);
	credentials_free(&c->keys);
	if (s != NULL)
		session_client_gone(s, c);
	free(c);
	engine_busy();
}
