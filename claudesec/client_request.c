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
 * The client's request, and what comes back: from the daemon, and through it
 * from the engine and the agent.  So with the first answer the client gives up
 * everything but showing it.
 */

#include <sys/types.h>

#include <err.h>
#include <event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "client.h"

#define DETACHED_COLS	80	/* until there is a terminal */
#define DETACHED_ROWS	24

static void	 request_check_args(void);
static void	 request_connect(void);
static void	 request_send(void);
static void	 request_send_env(void);
static int	 env_given(const char *);
static void	 request_send_keys(void);
static void	 request_compose(uint32_t, int, const void *, size_t);
static int	 client_dispatch(struct peer *, struct imsg *);
static void	 client_gone(struct peer *, const char *);
static void	 client_confine(struct peer *);
static int	 client_handle_needkey(struct peer *, struct imsg *);
static int	 client_again(struct peer *);
static int	 client_handle_needreview(struct peer *);
static int	 client_handle_error(struct peer *, struct imsg *);
static int	 client_handle_progress(struct imsg *);
static int	 client_handle_needbase(struct peer *, struct imsg *);
static int	 client_handle_attached(struct peer *, struct imsg *);
static void	 client_resume(int);
static int	 client_handle_runs(struct imsg *);
static int	 client_handle_detached(struct imsg *);
static int	 client_handle_blocked(struct imsg *);
static int	 client_handle_exit(struct imsg *);

/* what of the user's environment reaches the sandbox */
static const char *const environment[] = { "TERM", "COLORTERM", "LANG", "TZ",
	    NULL };

struct asked	 asked = {
	.workspace = -1,
	.keys = TAILQ_HEAD_INITIALIZER(asked.keys)
};

static struct peer daemon_peer;
static struct ctl_resume resume;		/* once attached */
static int	 answered, attached, resumed, retried, hung_up;

__dead void
request_run(uint32_t what)
{
	asked.type = what;
	proc_self = ROLE_CLIENT;
	proc_state = STATE_RUNNING;
	asked.request.version = asked.start.version = IMSG_VERSION;
	asked.attach.version = asked.rule.version = IMSG_VERSION;
	asked.logs.version = IMSG_VERSION;
	if (asked.type == IMSG_CTL_START || asked.type == IMSG_CTL_ATTACH)
		review_prepare();
	if (asked.type == IMSG_CTL_START) {
		request_check_args();
		asked.start.tty = (uint32_t)term_init(asked.start.shell != 0) |
		    asked.start.detach;
	} else if (asked.type == IMSG_CTL_ATTACH) {
		if (!term_init(0))
			errx(EX_USAGE, "standard input and output are not a "
			    "terminal");
		asked.start.tty = 1;
	}
	request_connect();
	event_dispatch();
	errx(EX_SOFTWARE, "no events left");
}

static void
request_check_args(void)
{
	size_t i, len;

	for (i = len = 0; i < asked.nenvs; i++)
		len += strlen(asked.envs[i]) + 1;
	for (i = 0; asked.args[i] != NULL; i++)
		len += strlen(asked.args[i]) + 1;
	if (i > ARGS_MAX)
		errx(EX_USAGE, "more than %d arguments", ARGS_MAX);
	if (len > ARGS_MAXLEN)
		errx(EX_USAGE, "more than %d bytes of arguments", ARGS_MAXLEN);
}

/*
 * Of libevent's methods only poll(2) takes files and devices as well, which
 * standard input and output may be.
 */
static void
request_connect(void)
{
	static int initialized;
	int fd;

	fd = find_daemon(asked.socket, asked.type == IMSG_CTL_BUILD ||
	    asked.checks || (asked.type == IMSG_CTL_START &&
	    !asked.start.shell));
	if (!initialized) {
		if (setenv("EVENT_NOEPOLL", "1", 1) == -1)
			err(EX_OSERR, "setenv");
		event_init();
		(void)unsetenv("EVENT_NOEPOLL");
		initialized = 1;
	}
	peer_init(&daemon_peer, fd, ROLE_ENGINE, client_dispatch, client_gone,
	    NULL);
	request_send();
	if (asked.type == IMSG_CTL_START || asked.type == IMSG_CTL_ATTACH)
		resume_prepare();
}

static void
request_send(void)
{
	struct ctl_size size;
	uint32_t i;
	int fd;

	if (asked.type == IMSG_CTL_RULE) {
		request_compose(asked.type, -1, &asked.rule,
		    sizeof(asked.rule));
		return;
	}
	if (asked.type == IMSG_CTL_LOGS) {
		request_compose(asked.type, -1, &asked.logs,
		    sizeof(asked.logs));
		return;
	}
	if (asked.type != IMSG_CTL_START && asked.type != IMSG_CTL_ATTACH) {
		request_compose(asked.type, -1, &asked.request,
		    sizeof(asked.request));
		request_send_keys();
		return;
	}
	term_size(&size);
	asked.attach.cols = asked.start.cols = size.cols;
	asked.attach.rows = asked.start.rows = size.rows;
	if (asked.type == IMSG_CTL_ATTACH) {
		request_compose(asked.type, -1, &asked.attach,
		    sizeof(asked.attach));
		return;
	}
	if (asked.start.detach && size.cols == 0) {
		asked.start.cols = DETACHED_COLS;
		asked.start.rows = DETACHED_ROWS;
	}
	/* a second try needs it again */
	if ((fd = fcntl(asked.workspace, F_DUPFD_CLOEXEC, 0)) == -1)
		err(EX_OSERR, "fcntl");
	request_compose(IMSG_CTL_START, fd, &asked.start, sizeof(asked.start));
	for (i = 0; asked.args[i] != NULL; i++)
		if (client_compose_arg(&daemon_peer.ibuf, i,
		    asked.args[i]) == -1)
			err(EX_OSERR, NULL);
	for (i = 0; i < asked.npasses; i++)
		request_compose(IMSG_CTL_PASS, -1, &asked.passes[i],
		    sizeof(asked.passes[i]));
	request_send_env();
	for (i = 0; i < asked.nopens; i++)
		request_compose(IMSG_CTL_OPEN, -1, asked.opens[i],
		    strlen(asked.opens[i]));
	request_send_keys();
	if (asked.reviews)
		request_compose(IMSG_CTL_REVIEW, -1, asked.origin,
		    strlen(asked.origin));
	request_compose(IMSG_CTL_RUN, -1, NULL, 0);
}

/*
 * An argument may be longer than a message.  An empty one is a message too.
 */
int
client_compose_arg(struct imsgbuf *b, uint32_t id, const char *arg)
{
	size_t left, n;

	left = strlen(arg);
	do {
		n = left > ARG_PIECE ? ARG_PIECE : left;
		if (imsg_compose(b, IMSG_CTL_ARG, id, -1, arg, n) == -1)
			return (-1);
		arg += n;
		left -= n;
	} while (left > 0);
	return (0);
}

static void
request_send_env(void)
{
	char buf[ENV_MAXLEN];
	const char *value;
	size_t i;
	int n;

	for (i = 0; environment[i] != NULL; i++) {
		if (env_given(environment[i]) ||
		    (value = getenv(environment[i])) == NULL)
			continue;
		n = snprintf(buf, sizeof(buf), "%s=%s", environment[i], value);
		if (n > 0 && (size_t)n < sizeof(buf))
			request_compose(IMSG_CTL_ENV, -1, buf, (size_t)n);
	}
	for (i = 0; i < asked.nenvs; i++)
		request_compose(IMSG_CTL_ENV, -1, asked.envs[i],
		    strlen(asked.envs[i]));
}

/* By -e? */
static int
env_given(const char *name)
{
	size_t i, len;

	len = strlen(name);
	for (i = 0; i < asked.nenvs; i++)
		if (strncmp(asked.envs[i], name, len) == 0 &&
		    asked.envs[i][len] == '=')
			return (1);
	return (0);
}

/* Of a command, once; they are wiped when they are sent. */
static void
request_send_keys(void)
{
	struct env_entry *e;

	TAILQ_FOREACH(e, &asked.keys, entry)
		request_compose(IMSG_CTL_KEY, -1, e->value, strlen(e->value));
}

static void
request_compose(uint32_t what, int fd, const void *data, size_t len)
{
	if (peer_compose(&daemon_peer, what, 0, fd, data, len) == -1)
		err(EX_OSERR, "peer_compose");
}

static int
client_dispatch(struct peer *p, struct imsg *imsg)
{
	if (imsg_get_type(imsg) == IMSG_CTL_NEEDKEY)
		return (client_handle_needkey(p, imsg));
	if (imsg_get_type(imsg) == IMSG_CTL_NEEDREVIEW)
		return (client_handle_needreview(p));
	if (!answered)
		client_confine(p);
	switch (imsg_get_type(imsg)) {
	case IMSG_CTL_ERROR:
		return (client_handle_error(p, imsg));
	case IMSG_CTL_PROGRESS:
		return (client_handle_progress(imsg));
	case IMSG_CTL_LAYER:
		return (asked.type == IMSG_CTL_BUILD ?
		    progress_layer(imsg) : -1);
	case IMSG_CTL_NEEDBASE:
		return (client_handle_needbase(p, imsg));
	case IMSG_CTL_ATTACHED:
		return (client_handle_attached(p, imsg));
	case IMSG_CTL_RUNS:
		return (client_handle_runs(imsg));
	case IMSG_CTL_DETACHED:
		return (client_handle_detached(imsg));
	case IMSG_CTL_SESSION:
		return (asked.type == IMSG_CTL_STATUS ? status_add(imsg) : -1);
	case IMSG_CTL_FACT:
		return (asked.request.all ? status_fact(imsg) : -1);
	case IMSG_CTL_EXIT:
		return (client_handle_exit(imsg));
	case IMSG_CTL_EVENT:
		return (asked.type == IMSG_CTL_LOGS ? logs_add(imsg) : -1);
	case IMSG_CTL_LOST:
		return (asked.type == IMSG_CTL_LOGS ? logs_lost(imsg) : -1);
	case IMSG_CTL_BLOCKED:
		return (client_handle_blocked(imsg));
	case IMSG_CTL_REPORT:
	case IMSG_CTL_HOST:
	case IMSG_CTL_FINDING:
		if (!attached)
			return (-1);
		/* what a check runs into is what it is for */
		return (asked.checks ? 0 : report_add(imsg));
	case IMSG_CTL_NEWER:
		return (!attached ? -1 : asked.checks ? 0 : report_newer());
	default:
		return (-1);
	}
}

/*
 * A private daemon may end just when we connect, and is asked again, once.
 */
static void
client_gone(struct peer *p, const char *why)
{
	if (why != NULL) {
		term_restore();
		errx(EX_PROTOCOL, "the daemon: %s", why);
	}
	/* if it was a write that failed, the reason may be there to be read */
	if (!hung_up) {
		hung_up = 1;
		event_active(&p->rev, EV_READ, 1);
		return;
	}
	peer_close(p);
	if (attached) {
		term_lost(resume.session[0] != '\0' && resume_ask() == 0);
		return;
	}
	if (answered || retried)
		errx(EX_UNAVAILABLE, "the daemon hung up");
	retried = 1;
	hung_up = 0;
	request_connect();
}

/*
 * There is an answer, so nothing needs to be opened or started any more.  A
 * filter stays with what a process starts, hence not before.
 */
static void
client_confine(struct peer *p)
{
	const char *promises;

	answered = 1;
	credentials_free(&asked.keys);
	switch (asked.type) {
	case IMSG_CTL_START:
	case IMSG_CTL_ATTACH:
		if (asked.workspace != -1)
			close(asked.workspace);
		/* recvfd: the stream, a daemon; tty: raw mode and the size */
		promises = "stdio recvfd tty";
		imsgbuf_allow_fdpass(&p->ibuf, 0, 1);
		break;
	case IMSG_CTL_BUILD:
		/* sendfd: the pipe that a base image comes from */
		promises = "stdio sendfd";
		imsgbuf_allow_fdpass(&p->ibuf, 1, 0);
		break;
	default:
		promises = "stdio";
		imsgbuf_allow_fdpass(&p->ibuf, 0, 0);
	}
	if (pledge(promises, NULL) == -1)
		err(EX_OSERR, "pledge");
}

/*
 * The daemon has no credentials, and its configuration names a command that
 * does: asks again, with these.
 */
static int
client_handle_needkey(struct peer *p, struct imsg *imsg)
{
	char path[PATH_MAX];
	struct env_entry *e;

	if (answered || !TAILQ_EMPTY(&asked.keys) ||
	    (asked.type != IMSG_CTL_START && asked.type != IMSG_CTL_RELOAD) ||
	    imsg_get_string(imsg, path, sizeof(path)) == -1)
		return (-1);
	key_get(&asked.keys, path, p->ibuf.fd);
	TAILQ_FOREACH(e, &asked.keys, entry)
		asked.request.nkeys++;
	return (client_again(p));
}

static int
client_again(struct peer *p)
{
	peer_close(p);
	hung_up = 0;
	request_connect();
	return (0);
}

/*
 * This workspace may be one, but the session gets a copy of it: asks again,
 * with that.  What a check has is there for nothing else.
 */
static int
client_handle_needreview(struct peer *p)
{
	int fd;

	if (answered || asked.type != IMSG_CTL_START || asked.origin[0] != '\0')
		return (-1);
	asked.reviews = 1;
	(void)strlcpy(asked.origin, asked.start.path, sizeof(asked.origin));
	if (!asked.checks) {
		fd = review_begin(asked.start.path, asked.start.name,
		    asked.workspace);
		close(asked.workspace);
		asked.workspace = fd;
	}
	return (client_again(p));
}

static int
client_handle_error(struct peer *p, struct imsg *imsg)
{
	struct ctl_error ce;

	if (imsg_get_data(imsg, &ce, sizeof(ce)) == -1 ||
	    !imsg_is_string(ce.text, sizeof(ce.text)) || ce.code < 1 ||
	    ce.code > 255)
		return (-1);
	text_clean(ce.text);
	if (resumed) {
		/* what its terminal shows may go on */
		peer_close(p);
		term_failed(&ce);
		return (0);
	}
	term_restore();
	report_print();
	errx(ce.code, "%s", ce.text);
}

static int
client_handle_progress(struct imsg *imsg)
{
	char line[TEXT_MAXLEN + 1];

	if (attached || imsg_get_string(imsg, line, sizeof(line)) == -1)
		return (-1);
	text_clean(line);
	progress_line(line);
	return (0);
}

static int
client_handle_needbase(struct peer *p, struct imsg *imsg)
{
	if (asked.type != IMSG_CTL_BUILD || client_handle_progress(imsg) == -1)
		return (-1);
	return (base_start(p));
}

static int
client_handle_attached(struct peer *p, struct imsg *imsg)
{
	struct ctl_attached ca;
	int fd;

	if ((asked.type != IMSG_CTL_START && asked.type != IMSG_CTL_ATTACH) ||
	    attached || imsg_get_data(imsg, &ca, sizeof(ca)) == -1 ||
	    ca.stays > 1 ||
	    ca.tty != asked.start.tty || ca.again > 1 || ca.clipboard > 1 ||
	    ca.suspends > 1 || ca.login > 1 ||
	    (ca.modes & ~MODE_ALL) != 0 || ca.nkeys > KEYS_MAX ||
	    !imsg_is_string(ca.name, sizeof(ca.name)) ||
	    memchr(ca.session, '\0', sizeof(ca.session)) == NULL ||
	    (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	text_clean(ca.name);
	attached = 1;
	imsgbuf_allow_fdpass(&p->ibuf, 0, 0);
	resume.version = IMSG_VERSION;
	(void)strlcpy(resume.session, ca.session, sizeof(resume.session));
	/* recvfd stays, for the next daemon; a command beside has none */
	if (ca.session[0] != '\0')
		resume_start(client_resume);
	else {
		resume_end();
		if (pledge("stdio tty", NULL) == -1)
			err(EX_OSERR, "pledge");
	}
	port_session(found_daemon(), ca.name, ca.login);
	term_attach(fd, p, &ca);
	return (0);
}

/*
 * There is another daemon, which knows of the session, or will soon.
 */
static void
client_resume(int fd)
{
	resumed = 1;
	hung_up = 0;
	peer_init(&daemon_peer, fd, ROLE_ENGINE, client_dispatch, client_gone,
	    NULL);
	imsgbuf_allow_fdpass(&daemon_peer.ibuf, 0, 0);
	request_compose(IMSG_CTL_RESUME, -1, &resume, sizeof(resume));
	term_found(&daemon_peer);
}

/*
 * A session runs where one was to be started.  Its name is shown, and the user
 * asked what to do.
 */
static int
client_handle_runs(struct imsg *imsg)
{
	char name[NAME_MAXLEN];
	uint32_t choice;
	ssize_t n;
	char c, first;

	if (asked.type != IMSG_CTL_START || !asked.start.tty ||
	    asked.start.detach || attached ||
	    imsg_get_string(imsg, name, sizeof(name)) == -1)
		return (-1);
	text_clean(name);
	(void)fprintf(stderr, "The session %s runs here.  Attach to it? [Y/n] ",
	    name);
	for (first = '\n'; (n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n';)
		if (first == '\n' && c != ' ' && c != '\t')
			first = c;
	if (n != 1)
		(void)fprintf(stderr, "\n");
	if (n != 1 || (first != '\n' && first != 'y' && first != 'Y'))
		errx(EX_CANTCREAT, "not started; -N starts another");
	choice = 1;
	request_compose(IMSG_CTL_CHOICE, -1, &choice, sizeof(choice));
	return (0);
}

static int
client_handle_detached(struct imsg *imsg)
{
	char name[NAME_MAXLEN];

	if (imsg_get_string(imsg, name, sizeof(name)) == -1)
		return (-1);
	if (attached) {
		term_detached();
		return (0);
	}
	if (asked.type == IMSG_CTL_START && asked.start.detach) {
		port_session(found_daemon(), name, 0);
		text_clean(name);
		(void)printf("%s\n", name);
		finish(0);
	}
	return (-1);
}

/* What is no name would be no name in a title either. */
static int
client_handle_blocked(struct imsg *imsg)
{
	char host[HOST_MAXLEN];
	struct ctl_host h;

	if (!attached || imsg_get_data(imsg, &h, sizeof(h)) == -1 ||
	    !imsg_is_string(h.host, sizeof(h.host)) || h.port > UINT16_MAX)
		return (-1);
	if (rule_host(h.host, host) == NULL)
		term_blocked(host, h.port);
	return (0);
}

static int
client_handle_exit(struct imsg *imsg)
{
	int status;

	if (imsg_get_data(imsg, &status, sizeof(status)) == -1 || status < 0 ||
	    status > 255)
		return (-1);
	if (attached) {
		term_exit(status);
		return (0);
	}
	if (asked.type == IMSG_CTL_STATUS && asked.json)
		status_json(asked.verbose);
	else if (asked.type == IMSG_CTL_STATUS)
		status_print();
	finish(status);
}

/* What was not written is said, though it may have been long ago. */
void
client_flush(void)
{
	if (fflush(stdout) == EOF)
		err(EX_IOERR, "standard output");
	if (ferror(stdout))
		errx(EX_IOERR, "standard output: not all could be written");
}

__dead void
finish(int status)
{
	client_flush();
	exit(status);
}
