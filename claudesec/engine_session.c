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
 * Sessions: an agent's container, its sidecar, the volume that both share, and
 * the way there and back.  What a session needs is made in steps, each as soon
 * as those that it depends on are done.  Whatever goes wrong leads to the same
 * end, which removes all that was made.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

#define API_TIMEOUT	30	/* seconds */
#define CREATE_TIMEOUT	120	/* also to start and to remove */
#define IMPORT_TIMEOUT	300
#define PROXY_TIMEOUT	20	/* for each of proxyd's answers */
#define STOP_GRACE	10	/* from SIGTERM to SIGKILL */

#define BIT(step)	(1U << (step))

struct step_rule {
	uint32_t	 needs;		/* bits of steps */
	int		 flags;
#define KEEPS	0x1			/* it must not be broken off half-way */
#define JUDGES	0x2			/* its function sees errors, too */
	const char	*what;		/* for messages: cannot ... */
	void		 (*begin)(struct session *);
	/* 1: it is done; 0: not yet, or it failed and was said */
	int		 (*done)(struct session *, struct docker_reply *);
};

static struct session *session_new(void);
static void	 session_advance(struct session *);
static void	 session_did(struct session *, enum step);
static void	 session_call(struct session *, enum step, const char *,
		    json_t *, int, const char *, ...)
		    __attribute__((__format__(__printf__, 6, 7)));
static void	 session_reply(void *, struct docker_reply *);
static void	 session_error(struct session *, enum step,
		    const struct docker_reply *);
static void	 session_fail(struct session *, int, const char *, ...)
		    __attribute__((__format__(__printf__, 3, 4)));
static void	 session_set_timer(struct session *, int);
static void	 session_timeout(int, short, void *);
static void	 session_remove(struct session *);
static void	 session_remove_now(struct session *);
static void	 session_remove_container(struct session *, enum step, char *);
static int	 session_removed(struct session *, struct docker_reply *);
static void	 session_end(int, short, void *);
static int	 session_name(struct session *);

static void	 volume_begin(struct session *);
static int	 volume_done(struct session *, struct docker_reply *);
static void	 network_begin(struct session *);
static int	 network_done(struct session *, struct docker_reply *);
static void	 proxyd_begin(struct session *);
static int	 proxyd_done(struct session *, struct docker_reply *);
static void	 proxyd_import(struct session *);
static int	 proxyd_line(void *, const json_t *);
static void	 image_begin(struct session *);
static int	 image_done(struct session *, struct docker_reply *);
static int	 container_done(struct session *, enum step,
		    struct docker_reply *, const char *, char *);
static int	 container_check(struct session *, json_t **,
		    struct docker_reply *, const char *);
static void	 sidecar_begin(struct session *);
static int	 sidecar_done(struct session *, struct docker_reply *);
static void	 sidecar_check_begin(struct session *);
static int	 sidecar_check_done(struct session *, struct docker_reply *);
static void	 sidecar_attach_begin(struct session *);
static int	 sidecar_attach_done(struct session *, struct docker_reply *);
static void	 sidecar_start_begin(struct session *);
static int	 sidecar_start_done(struct session *, struct docker_reply *);
static void	 agent_begin(struct session *);
static int	 agent_done(struct session *, struct docker_reply *);
static void	 agent_check_begin(struct session *);
static int	 agent_check_done(struct session *, struct docker_reply *);
static void	 agent_attach_begin(struct session *);
static int	 agent_attach_done(struct session *, struct docker_reply *);
static void	 agent_start_begin(struct session *);
static int	 agent_start_done(struct session *, struct docker_reply *);
static void	 wait_begin(struct session *);
static int	 wait_done(struct session *, struct docker_reply *);
static int	 stop_done(struct session *, struct docker_reply *);

/* clang-format off */
static const struct step_rule rules[STEP_MAX] = {
[STEP_VOLUME] = { 0, KEEPS, "create a volume", volume_begin, volume_done },
[STEP_NETWORK] = { 0, JUDGES, "use the network " NETWORK_NAME, network_begin,
    network_done },
[STEP_PROXYD] = { 0, JUDGES, "import the image of proxyd", proxyd_begin,
    proxyd_done },
[STEP_IMAGE] = { 0, JUDGES, "look at the image", image_begin, image_done },
[STEP_SIDECAR] = { BIT(STEP_VOLUME) | BIT(STEP_NETWORK) | BIT(STEP_PROXYD),
    KEEPS | JUDGES,     "create the proxy's container", sidecar_begin, sidecar_done },
[STEP_SIDECAR_CHECK] = { BIT(STEP_SIDECAR), 0, "look at the proxy's container",
    sidecar_check_begin, sidecar_check_done },
[STEP_SIDECAR_ATTACH] = { BIT(STEP_SIDECAR), 0, "attach to the proxy",
    sidecar_attach_begin, sidecar_attach_done },
[STEP_SIDECAR_START] = { BIT(STEP_SIDECAR_CHECK) | BIT(STEP_SIDECAR_ATTACH),
    KEEPS,     "start the proxy", sidecar_start_begin, sidecar_start_done },
[STEP_AGENT] = { BIT(STEP_VOLUME) | BIT(STEP_IMAGE), KEEPS | JUDGES,
    "create the container", agent_begin, agent_done },
[STEP_AGENT_CHECK] = { BIT(STEP_AGENT), 0, "look at the container",
    agent_check_begin, agent_check_done },
[STEP_AGENT_ATTACH] = { BIT(STEP_AGENT), 0, "attach to the container",
    agent_attach_begin, agent_attach_done },
[STEP_AGENT_START] = { BIT(STEP_POLICY) | BIT(STEP_AGENT_CHECK) |
    BIT(STEP_AGENT_ATTACH), KEEPS, "start the container", agent_start_begin,
    agent_start_done },
[STEP_WAIT] = { BIT(STEP_AGENT_START), 0, "wait for the container",
    wait_begin, wait_done },
/* these are begun by name, and the end of all */
[STEP_STOP] = { 0, JUDGES, "stop the container", NULL, stop_done },
[STEP_REMOVE_AGENT] = { 0, KEEPS | JUDGES, "remove the container", NULL, session_removed },
[STEP_REMOVE_SIDECAR] = { 0, KEEPS | JUDGES, "remove the proxy's container", NULL,
    session_removed },
[STEP_REMOVE_VOLUME] = { 0, KEEPS | JUDGES, "remove the volume", NULL, session_removed }
};
/* clang-format on */

static TAILQ_HEAD(, session) sessions = TAILQ_HEAD_INITIALIZER(sessions);
static unsigned int nsessions;

struct session *
session_first(void)
{
	return (TAILQ_FIRST(&sessions));
}

struct session *
session_next(struct session *s)
{
	return (TAILQ_NEXT(s, entry));
}

unsigned int
session_count(void)
{
	return (nsessions);
}

/* By the id on its label. */
struct session *
session_find(const char *id)
{
	struct session *s;

	TAILQ_FOREACH(s, &sessions, entry)
		if (strcmp(s->spec.session, id) == 0)
			return (s);
	return (NULL);
}

const char *
session_state(const struct session *s)
{
	switch (s->state) {
	case SESSION_STARTING:
		return ("starting");
	case SESSION_RUNNING:
		return ("running");
	default:
		return ("stopping");
	}
}

static struct session *
session_new(void)
{
	struct session *s;
	int i;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		fatal("calloc");
	for (i = 0; i < STEP_MAX; i++)
		s->steps[i].session = s;
	s->fd = s->proxy.fd = -1;
	evtimer_set(&s->timer, session_timeout, s);
	TAILQ_INSERT_TAIL(&sessions, s, entry);
	nsessions++;
	return (s);
}

void
session_start(struct client *c)
{
	unsigned char random[SESSION_LEN / 2];
	struct session *s;
	size_t i;

	if (nsessions >= SESSIONS_MAX) {
		client_error(c, EX_TEMPFAIL, "too many sessions");
		return;
	}
	if (engine_proxyd() == NULL || engine_seccomp() == NULL) {
		client_error(c, EX_UNAVAILABLE, "the installation is not "
		    "complete: %s is missing in %s", engine_proxyd() == NULL ?
		    "proxyd.tar" : "seccomp.json", DATADIR);
		return;
	}
	s = session_new();
	s->spec = c->spec;
	memset(&c->spec.args, 0, sizeof(c->spec.args));
	memset(&c->spec.env, 0, sizeof(c->spec.env));
	s->named = s->spec.name[0] != '\0';
	s->since = time(NULL);
	arc4random_buf(random, sizeof(random));
	for (i = 0; i < sizeof(random); i++)
		(void)snprintf(s->spec.session + 2 * i, 3, "%02x", random[i]);
	(void)strlcpy(s->spec.daemon, engine_daemon(),
	    sizeof(s->spec.daemon));
	(void)strlcpy(s->spec.image, engine_config()->fixed.image,
	    sizeof(s->spec.image));
	s->client = c;
	c->session = s;
	engine_busy();
	session_advance(s);
}

/*
 * One that a daemon before us started, and that runs.
 */
struct session *
session_adopt(const struct spec *spec, const char *agent, const char *sidecar,
    time_t since)
{
	struct session *s;

	s = session_new();
	s->spec = *spec;
	s->state = SESSION_RUNNING;
	s->since = since;
	s->has_volume = 1;
	(void)strlcpy(s->agent, agent, sizeof(s->agent));
	(void)strlcpy(s->sidecar, sidecar, sizeof(s->sidecar));
	s->did = s->begun = BIT(STEP_WAIT) - 1;
	s->begun &= ~BIT(STEP_SIDECAR_ATTACH);
	log_info("session %s is still running, taken over", s->spec.name);
	engine_busy();
	session_advance(s);
	return (s);
}

/*
 * Begins what can begin.
 */
static void
session_advance(struct session *s)
{
	int i;

	for (i = 0; i < STEP_MAX; i++) {
		if (s->state == SESSION_REMOVING)
			return;
		if (rules[i].begin == NULL || (s->begun & BIT(i)) != 0 ||
		    (s->did & rules[i].needs) != rules[i].needs)
			continue;
		s->begun |= BIT(i);
		rules[i].begin(s);
	}
}

static void
session_did(struct session *s, enum step step)
{
	const uint32_t up = BIT(STEP_AGENT_START) | BIT(STEP_SERVING);

	if (s->state == SESSION_REMOVING)
		return;
	s->did |= BIT(step);
	if (s->state == SESSION_STARTING && (s->did & up) == up) {
		s->state = SESSION_RUNNING;
		log_info("session %s of uid %u runs in %s", s->spec.name,
		    s->spec.owner, s->spec.path);
	}
	session_advance(s);
}

static void
session_call(struct session *s, enum step step, const char *method,
    json_t *body, int seconds, const char *fmt, ...)
{
	char path[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(path))
		fatalx("path too long");
	s->steps[step].call = docker_call(method, body, seconds,
	    session_reply, &s->steps[step], "%s", path);
}

static void
session_reply(void *arg, struct docker_reply *reply)
{
	struct step_call *sc = arg;
	struct session *s;
	enum step step;

	s = sc->session;
	step = (enum step)(sc - s->steps);
	sc->call = NULL;
	if (reply->error != NULL && (rules[step].flags & JUDGES) == 0)
		session_error(s, step, reply);
	else if (rules[step].done(s, reply))
		session_did(s, step);
	if (s->state == SESSION_REMOVING)
		session_remove_now(s);
}

static void
session_error(struct session *s, enum step step,
    const struct docker_reply *reply)
{
	if (reply->status == 0)
		session_fail(s, reply->code, "%s", reply->error);
	else
		session_fail(s, reply->code, "cannot %s: %s",
		    rules[step].what, reply->error);
}

/*
 * The first thing that went wrong is what the client is told.
 */
static void
session_fail(struct session *s, int code, const char *fmt, ...)
{
	va_list ap;

	if (s->state == SESSION_REMOVING)
		return;
	s->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(s->error, sizeof(s->error), fmt, ap);
	va_end(ap);
	log_info("session %s: %s", s->spec.name, s->error);
	session_remove(s);
}

static void
session_set_timer(struct session *s, int seconds)
{
	struct timeval tv;

	tv.tv_sec = seconds;
	tv.tv_usec = 0;
	evtimer_add(&s->timer, &tv);
}

static void
session_timeout(int fd, short event, void *arg)
{
	struct session *s = arg;

	(void)fd;
	(void)event;
	session_fail(s, EX_UNAVAILABLE, "the proxy does not answer");
}

/*
 * The end.
 */

/*
 * Asks the agent to end, if there is one.
 */
void
session_stop(struct session *s)
{
	if (s->state == SESSION_STARTING) {
		session_fail(s, EX_TEMPFAIL, "stopped while it was starting");
	} else if (s->state == SESSION_RUNNING) {
		s->state = SESSION_STOPPING;
		session_call(s, STEP_STOP, "POST", NULL, STOP_GRACE +
		    CREATE_TIMEOUT, "/containers/%s/stop?t=%d", s->agent,
		    STOP_GRACE);
	}
}

/* That it had ended already is fine; the end is what STEP_WAIT sees. */
static int
stop_done(struct session *s, struct docker_reply *reply)
{
	if (reply->error != NULL && reply->status != 304 &&
	    reply->status != 404)
		session_error(s, STEP_STOP, reply);
	return (0);
}

void
session_client_gone(struct session *s)
{
	log_debug("session %s lost its client", s->spec.name);
	s->client = NULL;
	session_stop(s);
}

/*
 * Gives up whatever is under way, but for what leaves something behind when
 * it is broken off: that is waited for, and then removed as well.
 */
static void
session_remove(struct session *s)
{
	int i;

	s->state = SESSION_REMOVING;
	evtimer_del(&s->timer);
	sidecar_close(s);
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
	for (i = 0; i < STEP_MAX; i++)
		if (s->steps[i].call != NULL &&
		    (rules[i].flags & KEEPS) == 0) {
			docker_cancel(s->steps[i].call);
			s->steps[i].call = NULL;
		}
	session_remove_now(s);
}

/*
 * The containers, then the volume, then the session; as far as it can.
 */
static void
session_remove_now(struct session *s)
{
	struct timeval tv = { 0, 0 };
	int i;

	for (i = 0; i < STEP_MAX; i++)
		if (s->steps[i].call != NULL)
			return;
	if (s->agent[0] != '\0')
		session_remove_container(s, STEP_REMOVE_AGENT, s->agent);
	if (s->sidecar[0] != '\0')
		session_remove_container(s, STEP_REMOVE_SIDECAR, s->sidecar);
	if (s->steps[STEP_REMOVE_AGENT].call != NULL ||
	    s->steps[STEP_REMOVE_SIDECAR].call != NULL)
		return;
	if (s->has_volume) {
		s->has_volume = 0;
		session_call(s, STEP_REMOVE_VOLUME, "DELETE", NULL,
		    CREATE_TIMEOUT, "/volumes/claude-%s-run", s->spec.name);
		return;
	}
	/* our callers still look at the session */
	evtimer_set(&s->timer, session_end, s);
	evtimer_add(&s->timer, &tv);
}

static void
session_remove_container(struct session *s, enum step step, char *id)
{
	session_call(s, step, "DELETE", NULL, CREATE_TIMEOUT,
	    "/containers/%s?force=1&v=1", id);
	id[0] = '\0';
}

static int
session_removed(struct session *s, struct docker_reply *reply)
{
	if (reply->error != NULL && reply->status != 404) {
		log_warnx("session %s: cannot remove all of it: %s",
		    s->spec.name, reply->error);
		recover_again();
	}
	return (0);
}

static void
session_end(int fd, short event, void *arg)
{
	struct session *s = arg;

	(void)fd;
	(void)event;
	TAILQ_REMOVE(&sessions, s, entry);
	nsessions--;
	log_info("session %s is gone", s->spec.name);
	if (s->client != NULL && s->error[0] != '\0')
		client_error(s->client, s->code, "%s", s->error);
	else if (s->client != NULL)
		client_exit(s->client, s->status);
	json_decref(s->agent_spec);
	json_decref(s->sidecar_spec);
	strings_free(&s->spec.args);
	strings_free(&s->spec.env);
	free(s);
	client_stopped();
	engine_busy();
}

/*
 * Steps.
 */

/*
 * The next name that none of our sessions has.  Who else has one is seen when
 * the volume is made, which is ours if it has our label, and thus locks the
 * name.
 */
static int
session_name(struct session *s)
{
	struct session *other;

	for (;;) {
		if (!s->named && (++s->nth > NAMES_MAX ||
		    spec_name_from(s->spec.name, sizeof(s->spec.name),
		    s->spec.path, s->nth) == -1)) {
			s->spec.name[0] = '\0';
			session_fail(s, EX_CANTCREAT, "too many sessions run "
			    "here");
			return (-1);
		}
		TAILQ_FOREACH(other, &sessions, entry)
			if (other != s && strcmp(other->spec.name,
			    s->spec.name) == 0)
				break;
		if (other == NULL)
			return (0);
		if (s->named) {
			session_fail(s, EX_CANTCREAT, "a session %s exists "
			    "already", s->spec.name);
			return (-1);
		}
	}
}

static void
volume_begin(struct session *s)
{
	json_t *volume;

	if (session_name(s) == -1)
		return;
	if ((volume = spec_volume(&s->spec)) == NULL) {
		session_fail(s, EX_DATAERR, "the path of the workspace is not "
		    "UTF-8");
		return;
	}
	session_call(s, STEP_VOLUME, "POST", volume, API_TIMEOUT,
	    "/volumes/create");
}

static int
volume_done(struct session *s, struct docker_reply *reply)
{
	json_t *volume;

	if ((volume = spec_volume(&s->spec)) == NULL)
		fatal("spec_volume");
	s->has_volume = spec_verify_volume(volume, reply->json) == 0;
	json_decref(volume);
	if (s->has_volume)
		return (1);
	if (s->named)
		session_fail(s, EX_CANTCREAT, "a session %s exists already",
		    s->spec.name);
	else if (s->state != SESSION_REMOVING)
		volume_begin(s);
	return (0);
}

static void
network_begin(struct session *s)
{
	session_call(s, STEP_NETWORK, "GET", NULL, API_TIMEOUT,
	    "/networks/" NETWORK_NAME);
}

/*
 * Looks, makes it if it is not there, and looks again.  Another session may
 * be faster at that.
 */
static int
network_done(struct session *s, struct docker_reply *reply)
{
	char why[256];

	if (s->network == MAKING_IT) {
		s->network = MADE_IT;
		if (reply->error == NULL || reply->status == 409)
			network_begin(s);
		else
			session_error(s, STEP_NETWORK, reply);
	} else if (s->network == NOT_MADE && reply->status == 404) {
		s->network = MAKING_IT;
		session_call(s, STEP_NETWORK, "POST", spec_network(),
		    API_TIMEOUT, "/networks/create");
	} else if (reply->error != NULL) {
		session_error(s, STEP_NETWORK, reply);
	} else if (spec_verify_network(reply->json, why, sizeof(why)) == -1) {
		session_fail(s, EX_CONFIG, "the network " NETWORK_NAME " is "
		    "not as claudesec makes it (%s): remove it", why);
	} else
		return (1);
	return (0);
}

static void
proxyd_begin(struct session *s)
{
	session_call(s, STEP_PROXYD, "GET", NULL, API_TIMEOUT,
	    "/images/%s/json", engine_proxyd());
}

static int
proxyd_done(struct session *s, struct docker_reply *reply)
{
	if (s->import == MAKING_IT) {
		s->import = MADE_IT;
		if (reply->error != NULL)
			session_error(s, STEP_PROXYD, reply);
		else if (s->import_error[0] != '\0')
			session_fail(s, EX_IOERR, "cannot %s: %s",
			    rules[STEP_PROXYD].what, s->import_error);
		else
			proxyd_begin(s);
	} else if (s->import == NOT_MADE && reply->status == 404) {
		s->import = MAKING_IT;
		proxyd_import(s);
	} else if (reply->error != NULL) {
		session_error(s, STEP_PROXYD, reply);
	} else if (spec_image_id(reply->json, s->spec.proxyd_id) == -1) {
		session_fail(s, EX_PROTOCOL, "cannot %s: it has no id",
		    rules[STEP_PROXYD].what);
	} else
		return (1);
	return (0);
}

static void
proxyd_import(struct session *s)
{
	const char *tag;
	int fd;

	if ((fd = fcntl(engine_proxyd_fd(), F_DUPFD_CLOEXEC, 0)) == -1)
		fatal("fcntl");
	tag = strchr(engine_proxyd(), ':') + 1;
	session_call(s, STEP_PROXYD, "POST", NULL, IMPORT_TIMEOUT,
	    "/images/create?fromSrc=-&repo=" PROXYD_REPO "&tag=%s", tag);
	docker_stream(s->steps[STEP_PROXYD].call, proxyd_line);
	docker_send_fd(s->steps[STEP_PROXYD].call, fd);
}

static int
proxyd_line(void *arg, const json_t *json)
{
	struct step_call *sc = arg;
	char text[sizeof(sc->session->import_error)];

	if (spec_progress(json, text, sizeof(text)) == -1)
		(void)strlcpy(sc->session->import_error, text, sizeof(text));
	return (0);
}

static void
image_begin(struct session *s)
{
	session_call(s, STEP_IMAGE, "GET", NULL, API_TIMEOUT,
	    "/images/%s/json", s->spec.image);
}

static int
image_done(struct session *s, struct docker_reply *reply)
{
	if (reply->status == 404)
		session_fail(s, EX_UNAVAILABLE, "there is no image %s: run "
		    "claudesec build", s->spec.image);
	else if (reply->error != NULL)
		session_error(s, STEP_IMAGE, reply);
	else if (spec_image_id(reply->json, s->spec.image_id) == -1)
		session_fail(s, EX_PROTOCOL, "the image %s has no id",
		    s->spec.image);
	else
		return (1);
	return (0);
}

/*
 * A container of ours was made, or its name is another's.
 */
static int
container_done(struct session *s, enum step step, struct docker_reply *reply,
    const char *suffix, char *id)
{
	const json_t *warnings;
	const char *text;
	char line[256];
	size_t i;

	if (reply->status == 409) {
		session_fail(s, EX_CANTCREAT, "there is another container "
		    "claude-%s%s: choose a name with -n", s->spec.name,
		    suffix);
		return (0);
	}
	if (reply->error != NULL) {
		session_error(s, step, reply);
		return (0);
	}
	if (spec_id(reply->json, id) == -1) {
		session_fail(s, EX_PROTOCOL, "cannot %s: it has no id",
		    rules[step].what);
		return (0);
	}
	warnings = json_object_get(reply->json, "Warnings");
	for (i = 0; i < json_array_size(warnings); i++) {
		text = json_string_value(json_array_get(warnings, i));
		if (text == NULL)
			continue;
		spec_text(line, sizeof(line), text, strlen(text));
		log_warnx("session %s: the container engine warns: %s",
		    s->spec.name, line);
	}
	return (1);
}

static int
container_check(struct session *s, json_t **asked, struct docker_reply *reply,
    const char *what)
{
	char why[512];
	int error;

	error = spec_verify(*asked, reply->json, why, sizeof(why));
	json_decref(*asked);
	*asked = NULL;
	if (error == -1) {
		session_fail(s, EX_PROTOCOL, "the container engine made "
		    "another %s than it was asked for: %s", what, why);
		return (0);
	}
	return (1);
}

static void
sidecar_begin(struct session *s)
{
	if ((s->sidecar_spec = spec_sidecar(&s->spec)) == NULL)
		fatal("spec_sidecar");
	session_call(s, STEP_SIDECAR, "POST", json_incref(s->sidecar_spec),
	    CREATE_TIMEOUT, "/containers/create?name=claude-%s-proxy",
	    s->spec.name);
}

static int
sidecar_done(struct session *s, struct docker_reply *reply)
{
	return (container_done(s, STEP_SIDECAR, reply, "-proxy", s->sidecar));
}

static void
sidecar_check_begin(struct session *s)
{
	session_call(s, STEP_SIDECAR_CHECK, "GET", NULL, API_TIMEOUT,
	    "/containers/%s/json", s->sidecar);
}

static int
sidecar_check_done(struct session *s, struct docker_reply *reply)
{
	return (container_check(s, &s->sidecar_spec, reply, "proxy"));
}

static void
sidecar_attach_begin(struct session *s)
{
	session_call(s, STEP_SIDECAR_ATTACH, "POST", NULL, API_TIMEOUT,
	    "/containers/%s/attach?stream=1&stdin=1&stdout=1&stderr=1",
	    s->sidecar);
	docker_hijack(s->steps[STEP_SIDECAR_ATTACH].call);
}

static int
sidecar_attach_done(struct session *s, struct docker_reply *reply)
{
	sidecar_attach(s, reply->fd);
	reply->fd = -1;
	return (1);
}

static void
sidecar_start_begin(struct session *s)
{
	session_call(s, STEP_SIDECAR_START, "POST", NULL, CREATE_TIMEOUT,
	    "/containers/%s/start", s->sidecar);
}

static int
sidecar_start_done(struct session *s, struct docker_reply *reply)
{
	(void)reply;
	if ((s->did & BIT(STEP_POLICY)) == 0)
		session_set_timer(s, PROXY_TIMEOUT);
	return (1);
}

static void
agent_begin(struct session *s)
{
	s->agent_spec = spec_agent(&s->spec, engine_config(),
	    engine_seccomp());
	if (s->agent_spec == NULL) {
		session_fail(s, EX_DATAERR, "an argument is not UTF-8");
		return;
	}
	session_call(s, STEP_AGENT, "POST", json_incref(s->agent_spec),
	    CREATE_TIMEOUT, "/containers/create?name=claude-%s",
	    s->spec.name);
}

static int
agent_done(struct session *s, struct docker_reply *reply)
{
	return (container_done(s, STEP_AGENT, reply, "", s->agent));
}

static void
agent_check_begin(struct session *s)
{
	session_call(s, STEP_AGENT_CHECK, "GET", NULL, API_TIMEOUT,
	    "/containers/%s/json", s->agent);
}

static int
agent_check_done(struct session *s, struct docker_reply *reply)
{
	return (container_check(s, &s->agent_spec, reply, "container"));
}

static void
agent_attach_begin(struct session *s)
{
	session_call(s, STEP_AGENT_ATTACH, "POST", NULL, API_TIMEOUT,
	    "/containers/%s/attach?stream=1&stdin=1&stdout=1&stderr=1",
	    s->agent);
	docker_hijack(s->steps[STEP_AGENT_ATTACH].call);
}

static int
agent_attach_done(struct session *s, struct docker_reply *reply)
{
	s->fd = reply->fd;
	reply->fd = -1;
	return (1);
}

static void
agent_start_begin(struct session *s)
{
	session_call(s, STEP_AGENT_START, "POST", NULL, CREATE_TIMEOUT,
	    "/containers/%s/start", s->agent);
}

/*
 * The stream begins with the container, so the client gets whatever is said
 * in there, by `inside' as well.
 */
static int
agent_start_done(struct session *s, struct docker_reply *reply)
{
	char object[ID_LEN + 16];

	(void)reply;
	if (s->client != NULL) {
		(void)snprintf(object, sizeof(object), "containers/%s",
		    s->agent);
		client_attach(s->client, object, s->spec.name, s->fd);
		s->fd = -1;
	}
	if ((s->did & BIT(STEP_SERVING)) == 0)
		session_set_timer(s, PROXY_TIMEOUT);
	return (1);
}

static void
wait_begin(struct session *s)
{
	session_call(s, STEP_WAIT, "POST", NULL, 0, "/containers/%s/wait",
	    s->agent);
}

static int
wait_done(struct session *s, struct docker_reply *reply)
{
	const json_t *status;

	status = json_object_get(reply->json, "StatusCode");
	if (!json_is_integer(status)) {
		session_fail(s, EX_PROTOCOL, "cannot %s: it has no status",
		    rules[STEP_WAIT].what);
		return (0);
	}
	s->status = (int)(json_integer_value(status) & 0xff);
	session_remove(s);
	return (0);
}

/*
 * What the sidecar says.
 */

void
session_proxy_line(struct session *s, const char *line)
{
	if (strcmp(line, "ok") == 0) {
		if ((s->did & BIT(STEP_POLICY)) == 0) {
			evtimer_del(&s->timer);
			session_did(s, STEP_POLICY);
		}
	} else if (strcmp(line, "serving") == 0) {
		if ((s->did & BIT(STEP_SERVING)) == 0) {
			evtimer_del(&s->timer);
			session_did(s, STEP_SERVING);
		}
	} else if ((s->did & BIT(STEP_POLICY)) == 0)
		session_fail(s, EX_CONFIG, "the proxy refuses its "
		    "configuration: %s", line);
	else
		log_warnx("session %s: proxy: %s", s->spec.name, line);
}

void
session_proxy_gone(struct session *s)
{
	if (s->state == SESSION_STOPPING)
		return;
	session_fail(s, EX_UNAVAILABLE, "the proxy of the session ended%s%s",
	    s->proxy.last[0] == '\0' ? "" : ": ", s->proxy.last);
}

void
session_reload(void)
{
	struct session *s;

	TAILQ_FOREACH(s, &sessions, entry)
		sidecar_policy(s);
}
