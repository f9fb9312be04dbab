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

#include <event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

#define REMOVE_TIMEOUT	120	/* also to stop */
#define SPARE_DELAY	300000	/* microseconds, after a session began */

static struct session *session_new(void);
static void	 session_insert(struct session *);
static void	 session_take(struct session *, struct client *);
static void	 session_later_spare(void);
static void	 session_spare_timeout(int, short, void *);
static void	 session_make_spare(void);
static void	 session_check_ended(void);
static const char *session_beyond(const struct client *);
static void	 session_reply(void *, struct docker_reply *);
static void	 session_timeout(int, short, void *);
static void	 session_remove_now(struct session *);
static void	 session_remove_container(struct session *, enum step, char *);
static void	 session_removed(struct session *, struct docker_reply *);
static void	 session_stopped(struct session *, struct docker_reply *);
static void	 session_end(int, short, void *);

static TAILQ_HEAD(, session) sessions = TAILQ_HEAD_INITIALIZER(sessions);
static void	 session_forget(struct session *, const struct docker_reply *);
static unsigned int nsessions, most;	/* since memory was given back */
static struct session *spare;		/* in no list; NULL: there is none */
static int	 keeps_spare, ending;
static struct {
	uint64_t	 started;
	uint64_t	 tunnels, out, in, refused;	/* of those ended */
} totals;

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
	if (spare != NULL && strcmp(spare->spec.session, id) == 0)
		return (spare);
	return (NULL);
}

const char *
session_state(const struct session *s)
{
	switch (s->state) {
	case SESSION_STARTING:
		return ("starting");
	case SESSION_RUNNING:
		return (s->lost ? "no proxy" : "running");
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
	TAILQ_INIT(&s->keys);
	evtimer_set(&s->timer, session_timeout, s);
	live_init(s);
	return (s);
}

static void
session_insert(struct session *s)
{
	s->state = SESSION_STARTING;
	TAILQ_INSERT_TAIL(&sessions, s, entry);
	if (++nsessions > most)
		most = nsessions;
}

void
session_start(struct client *c)
{
	struct config conf;
	struct session *s;
	const char *beyond;

	if (ending) {
		client_error(c, EX_TEMPFAIL, "the daemon is ending");
		return;
	}
	if (nsessions >= SESSIONS_MAX) {
		client_error(c, EX_TEMPFAIL, "too many sessions");
		return;
	}
	if (!permit_session(c)) {
		client_error(c, EX_TEMPFAIL, "too many sessions of yours");
		return;
	}
	if (engine_is_remote()) {
		client_error(c, EX_UNAVAILABLE, "the container engine at "
		    "%.256s is on another machine, which does not have this "
		    "directory: name one of this machine, by DOCKER_HOST or "
		    "engine in claudesec.conf",
		    engine_config()->fixed.engine);
		return;
	}
	if ((beyond = session_beyond(c)) != NULL) {
		client_error(c, EX_NOPERM, "%s", beyond);
		return;
	}
	if (engine_proxyd() == NULL || engine_seccomp() == NULL) {
		client_error(c, EX_UNAVAILABLE, "the installation is not "
		    "complete: %s is missing in %s", engine_proxyd() == NULL ?
		    "proxyd.tar" : "seccomp.json", DATADIR);
		return;
	}
	permit_config(&conf, &c->spec.identity);
	if (conf.commandfile[0] != '\0' && TAILQ_EMPTY(&c->keys) &&
	    (conf.fixed.credentials == CREDENTIALS_INJECT ||
	    conf.fixed.credentials == CREDENTIALS_ENVIRONMENT)) {
		client_needs_key(c);
		return;
	}
	/* who was answered may be back before all of it is gone */
	if (c->spec.name[0] != '\0')
		TAILQ_FOREACH(s, &sessions, entry)
			if (s->state == SESSION_REMOVING &&
			    s->spec.owner == c->uid &&
			    strcmp(s->spec.name, c->spec.name) == 0) {
				c->begun = 0;
				return;
			}
	/* one that is half made was asked for by another name */
	if (spare != NULL && spare->state == SESSION_SPARE &&
	    (spare->did & STEP_BIT(STEP_SIDECAR_START)) != 0) {
		s = spare;
		spare = NULL;
	} else
		s = session_new();
	session_insert(s);
	session_take(s, c);
	engine_busy();
	session_advance(s);
}

/*
 * What there is of a spare one already stays as it was made.
 */
static void
session_take(struct session *s, struct client *c)
{
	struct config conf;
	struct spec made;

	made = s->spec;
	s->spec = c->spec;
	TAILQ_CONCAT(&s->keys, &c->keys, entry);
	memset(&c->spec.args, 0, sizeof(c->spec.args));
	memset(&c->spec.env, 0, sizeof(c->spec.env));
	memset(&c->spec.open, 0, sizeof(c->spec.open));
	memset(&c->spec.shares, 0, sizeof(c->spec.shares));
	c->spec.pinned = 0;
	s->spec.podman = (uint32_t)docker_is_podman();
	s->spec.rootless = made.rootless;
	s->named = s->spec.name[0] != '\0';
	s->since = time(NULL);
	s->began = clock_seconds();
	if (s->spared) {
		(void)strlcpy(s->spec.session, made.session,
		    sizeof(s->spec.session));
		(void)strlcpy(s->spec.volume, made.volume,
		    sizeof(s->spec.volume));
		(void)strlcpy(s->spec.proxyd_id, made.proxyd_id,
		    sizeof(s->spec.proxyd_id));
		(void)strlcpy(s->spec.network, made.network,
		    sizeof(s->spec.network));
	} else
		engine_random_id(s->spec.session);
	(void)strlcpy(s->spec.daemon, engine_daemon(),
	    sizeof(s->spec.daemon));
	permit_config(&conf, &s->spec.identity);
	(void)strlcpy(s->spec.image, conf.fixed.image, sizeof(s->spec.image));
	s->client = c;
	s->modes = c->spec.shell ? 0 : MODES_CLAUDE;
	c->session = s;
	s->did |= STEP_BIT(STEP_CLIENT);
	live_start(s, c);
	/* nothing can be changed in one that is read-only */
	if (s->spec.readonly)
		s->did |= STEP_BIT(STEP_WORKSPACE);
	else {
		look_start(s, c->workspace);
		c->workspace = -1;
	}
	if (s->spared && s->state != SESSION_REMOVING)
		session_taken(s);
}

/*
 * The parent says whether one is kept ready: a proxy that waits for its
 * configuration, so that who comes next need not.
 */
void
session_spare(int keep)
{
	keeps_spare = keep;
}

/* Not while a session that has just begun could do with the processors. */
static void
session_later_spare(void)
{
	static struct event ev;
	struct timeval tv = { 0, SPARE_DELAY };

	if (!keeps_spare)
		return;
	if (!event_initialized(&ev))
		evtimer_set(&ev, session_spare_timeout, NULL);
	evtimer_add(&ev, &tv);
}

static void
session_spare_timeout(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	session_make_spare();
}

static void
session_make_spare(void)
{
	struct session *s;

	if (!keeps_spare || ending || spare != NULL || !recovered() ||
	    engine_proxyd() == NULL || engine_is_remote())
		return;
	s = session_new();
	s->spared = 1;
	s->spec.podman = (uint32_t)docker_is_podman();
	engine_random_id(s->spec.session);
	(void)strlcpy(s->spec.daemon, engine_daemon(),
	    sizeof(s->spec.daemon));
	(void)strlcpy(s->spec.name, s->spec.session, sizeof(s->spec.name));
	(void)strlcpy(s->spec.path, "/", sizeof(s->spec.path));
	(void)strlcpy(s->spec.image, engine_config()->fixed.image,
	    sizeof(s->spec.image));
	spare = s;
	session_advance(s);
}

/* The first step is done: with the credentials there are, or with none. */
void
session_keys(struct session *s)
{
	unsigned char random[TOKEN_RANDOM];
	struct config conf;

	keys_config(&conf, s);
	arc4random_buf(random, sizeof(random));
	spec_token(s->spec.token, &conf, random);
	if (s->spec.token[0] != '\0' && !conf.fixed.api.plain &&
	    engine_bundle() == NULL) {
		session_fail(s, EX_CONFIG, "there are no certificates to "
		    "verify the API with: name a file of them by ca in api");
		return;
	}
	session_did(s, STEP_KEYS);
	sidecar_policy(s);
}

/*
 * The daemon ends, and with it what only it can use.
 */
void
session_end_all(void)
{
	struct session *next, *s;

	ending = 1;
	if (engine_config()->fixed.stops)
		for (s = TAILQ_FIRST(&sessions); s != NULL; s = next) {
			next = TAILQ_NEXT(s, entry);
			session_stop(s, STOP_GRACE);
		}
	if (spare != NULL && spare->state == SESSION_SPARE)
		session_remove(spare);
	session_check_ended();
}

void
session_totals(void)
{
	log_info("totals: %u sessions, %u clients; since the start %llu "
	    "started, %llu tunnels, %llu bytes out, %llu in, %llu refused",
	    nsessions, client_count(), (unsigned long long)totals.started,
	    (unsigned long long)totals.tunnels,
	    (unsigned long long)totals.out, (unsigned long long)totals.in,
	    (unsigned long long)totals.refused);
}

/* Sessions that run may go on, those that are about to end do so. */
static void
session_check_ended(void)
{
	struct session *s;

	if (!ending || spare != NULL)
		return;
	TAILQ_FOREACH(s, &sessions, entry)
		if (s->state >= SESSION_STOPPING ||
		    (s->did & STEP_BIT(STEP_WAIT)) != 0)
			return;
	engine_ended();
}

/*
 * What it asks for beyond the configuration: to choose is the daemon's user's,
 * and root's; others may have less.
 */
static const char *
session_beyond(const struct client *c)
{
	struct config conf;

	if (client_operates(c))
		return (NULL);
	permit_config(&conf, &c->spec.identity);
	if (c->spec.memory > conf.fixed.memory)
		return ("-m: more memory than is configured");
	if (conf.fixed.millicpus != 0 &&
	    c->spec.millicpus > conf.fixed.millicpus)
		return ("-c: more processors than are configured");
	return (NULL);
}

/*
 * One that a daemon before us started, and that runs, or that nobody has seen
 * end.
 */
struct session *
session_adopt(const struct spec *spec, const char *agent, const char *sidecar,
    time_t since, int lost, int runs)
{
	struct session *s;

	s = session_new();
	session_insert(s);
	s->spec = *spec;
	s->adopted = 1;
	s->state = runs ? SESSION_RUNNING : SESSION_STOPPING;
	s->since = since;
	s->began = clock_seconds() - (time(NULL) - since);
	s->modes = MODES_CLAUDE;
	s->has_volume = 1;
	/* it was named with the volume, "claude-...-run" */
	s->has_network = docker_is_podman();
	s->spec.podman = (uint32_t)docker_is_podman();
	(void)snprintf(s->spec.network, sizeof(s->spec.network), "%.*snet",
	    (int)(strrchr(s->spec.volume, '-') - s->spec.volume + 1),
	    s->spec.volume);
	(void)strlcpy(s->agent, agent, sizeof(s->agent));
	(void)strlcpy(s->sidecar, sidecar, sizeof(s->sidecar));
	s->did = s->begun = (STEP_BIT(STEP_WAIT) - 1) &
	    ~STEP_BIT(STEP_ENGINE);
	if (lost)
		s->lost = 1;
	else
		s->begun &= ~STEP_BIT(STEP_SIDECAR_ATTACH);
	log_info("session %s %s, taken over", s->spec.name, runs ?
	    "is still running" : "has ended meanwhile");
	kept_adopt(s);
	look_adopt(s, &s->spec, NULL, NULL);
	engine_busy();
	s->proxy.told = 1;
	pids_begin(s);
	session_advance(s);
	return (s);
}

/*
 * Begins what can begin.
 */
void
session_advance(struct session *s)
{
	int i;

	for (i = 0; i < STEP_STOP; i++) {
		if (s->state == SESSION_REMOVING)
			return;
		if (step_rules[i].begin == NULL ||
		    (s->begun & STEP_BIT(i)) != 0 ||
		    (s->did & step_rules[i].needs) != step_rules[i].needs)
			continue;
		s->begun |= STEP_BIT(i);
		step_rules[i].begin(s);
	}
}

void
session_did(struct session *s, enum step step)
{
	const uint32_t up = STEP_BIT(STEP_AGENT_START) |
	    STEP_BIT(STEP_SERVING);
	char path[TEXT_MAXLEN];

	if (s->state == SESSION_REMOVING)
		return;
	s->did |= STEP_BIT(step);
	if (s->lost && step == STEP_SERVING) {
		s->lost = 0;
		log_info("session %s has a proxy again", s->spec.name);
	}
	/* it may be over before its proxy says that it serves */
	if (s->state == SESSION_STARTING && step == STEP_AGENT_START) {
		audit_start(s);
		totals.started++;
	}
	if (s->state == SESSION_STARTING && (s->did & up) == up) {
		s->state = SESSION_RUNNING;
		spec_text(path, sizeof(path), s->spec.path,
		    strlen(s->spec.path));
		log_info("session %s of uid %u runs in %s", s->spec.name,
		    s->spec.owner, path);
		if (s->client != NULL && s->client->detach) {
			client_detach(s->client, s->spec.name);
			s->client = NULL;
		}
		session_later_spare();
	}
	session_advance(s);
}

/* What is to be mounted in the workspace is known, and there. */
void
session_looked(struct session *s)
{
	char path[PROTECT_MAXLEN];
	size_t i;

	if (s->state != SESSION_STARTING)
		return;
	for (i = 0; i < s->spec.open.n; i++) {
		spec_text(path, sizeof(path), s->spec.open.v[i],
		    strlen(s->spec.open.v[i]));
		log_info("session %s: %s is not protected", s->spec.name,
		    path);
	}
	session_did(s, STEP_WORKSPACE);
}

void
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
	/* it may have happened all the same */
	if (reply->error != NULL && reply->status == 0 &&
	    (step >= STEP_STOP || (step_rules[step].flags & STEP_KEEPS) != 0))
		recover_again();
	if (reply->error != NULL && reply->status == 0 &&
	    s->state == SESSION_RUNNING &&
	    (step == STEP_WAIT || step == STEP_PROXY_END))
		session_forget(s, reply);
	else if (step == STEP_STOP)
		session_stopped(s, reply);
	else if (step > STEP_STOP)
		session_removed(s, reply);
	else if (reply->error != NULL &&
	    (step_rules[step].flags & STEP_JUDGES) == 0)
		session_error(s, step, reply);
	else if (step_rules[step].done(s, reply))
		session_did(s, step);
	if (s->state == SESSION_REMOVING)
		session_remove_now(s);
}

void
session_error(struct session *s, enum step step,
    const struct docker_reply *reply)
{
	if (reply->status == 0)
		session_fail(s, reply->code, "%s", reply->error);
	else
		session_fail(s, reply->code, "cannot %s: %s",
		    step == STEP_STOP ? "stop the container" :
		    step_rules[step].what, reply->error);
}

/*
 * The first thing that went wrong is what the client is told.
 */
void
session_fail(struct session *s, int code, const char *fmt, ...)
{
	char text[TEXT_MAXLEN];
	va_list ap;

	if (s->state == SESSION_REMOVING)
		return;
	if (s->lost && s->state == SESSION_RUNNING) {
		va_start(ap, fmt);
		(void)vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		log_warnx("session %s has no proxy: %s", s->spec.name, text);
		evtimer_del(&s->timer);
		sidecar_close(s);
		/* so that the next try begins with its removal */
		s->did |= s->begun & STEP_BIT(STEP_REBIND);
		return;
	}
	s->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(s->error, sizeof(s->error), fmt, ap);
	va_end(ap);
	log_info("session %s: %s", s->spec.name, s->error);
	session_remove(s);
}

void
session_set_timer(struct session *s, int seconds)
{
	struct timeval tv;

	if (s->state == SESSION_REMOVING)
		return;
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
	if ((s->did & STEP_BIT(STEP_WAIT)) != 0)
		session_remove(s);
	else
		session_fail(s, EX_UNAVAILABLE, "the proxy does not answer");
}

/*
 * The end.
 */

/*
 * Asks the agent to end, if there is one, and ends it when so many seconds
 * have passed.
 */
void
session_stop(struct session *s, unsigned int grace)
{
	if (s->state == SESSION_STARTING) {
		session_fail(s, EX_TEMPFAIL, "stopped while it was starting");
	} else if (s->state == SESSION_RUNNING) {
		s->state = SESSION_STOPPING;
		session_call(s, STEP_STOP, "POST", NULL, (int)grace +
		    REMOVE_TIMEOUT, "/containers/%s/stop?t=%u", s->agent,
		    grace);
	}
}

/* That it had ended already is fine; the end is what STEP_WAIT sees. */
static void
session_stopped(struct session *s, struct docker_reply *reply)
{
	if (reply->error != NULL && reply->status != 304 &&
	    reply->status != 404)
		session_error(s, STEP_STOP, reply);
}

/*
 * One that runs in a terminal waits for the next client, any other ends.
 */
void
session_client_gone(struct session *s, struct client *c)
{
	if (s->client != c)
		return;
	log_debug("session %s lost its client", s->spec.name);
	s->client = NULL;
	if (s->state != SESSION_RUNNING || !s->spec.tty)
		session_stop(s, STOP_GRACE);
}

/*
 * Who attached last has the session: whoever had it before is let go.
 */
void
session_attached(struct session *s, struct client *c, int fd, int again)
{
	struct ctl_attached ca;
	char object[ID_LEN + 16];

	if (s->client != NULL && s->client != c)
		client_detach(s->client, s->spec.name);
	s->client = c;
	c->session = s;
	if (again)
		audit_client(c, s, "attach");
	memset(&ca, 0, sizeof(ca));
	ca.tty = s->spec.tty;
	ca.stays = s->spec.tty;
	ca.again = (uint32_t)again;
	ca.login = s->spec.login[0] != '\0';
	ca.modes = s->modes;
	ca.suspends = s->spec.tty && !s->spec.shell;
	ca.clipboard = engine_config()->fixed.clipboard;
	if (s->spec.tty) {
		ca.nkeys = engine_config()->fixed.nkeys;
		memcpy(ca.keys, engine_config()->fixed.keys, sizeof(ca.keys));
	}
	/* as this client would name it */
	if (c->uid == s->spec.owner || (size_t)snprintf(ca.name,
	    sizeof(ca.name), "%u/%s", s->spec.owner, s->spec.name) >=
	    sizeof(ca.name))
		(void)strlcpy(ca.name, s->spec.name, sizeof(ca.name));
	(void)strlcpy(ca.session, s->spec.session, sizeof(ca.session));
	(void)snprintf(object, sizeof(object), "containers/%s", s->agent);
	client_attach(c, object, &ca, fd);
	traffic_attached(s);
}

/*
 * Gives up whatever is under way, but for what leaves something behind when
 * it is broken off: that is waited for, and then removed as well.
 */
void
session_remove(struct session *s)
{
	int i;

	s->state = SESSION_REMOVING;
	evtimer_del(&s->timer);
	sidecar_close(s);
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
	for (i = 0; i <= STEP_STOP; i++)
		if (s->steps[i].call != NULL && (i == STEP_STOP ||
		    (step_rules[i].flags & STEP_KEEPS) == 0)) {
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
	if (!kept_end(s))
		return;
	/* the volume last: it keeps the name */
	if (s->has_network) {
		network_remove(s);
		return;
	}
	if (!look_end(s))
		return;
	if (s->has_volume) {
		s->has_volume = 0;
		session_call(s, STEP_REMOVE_VOLUME, "DELETE", NULL,
		    REMOVE_TIMEOUT, "/volumes/%s", s->spec.volume);
		return;
	}
	/* our callers still look at the session, and may come here again */
	evtimer_del(&s->timer);
	evtimer_set(&s->timer, session_end, s);
	evtimer_add(&s->timer, &tv);
}

static void
session_remove_container(struct session *s, enum step step, char *id)
{
	session_call(s, step, "DELETE", NULL, REMOVE_TIMEOUT,
	    "/containers/%s?force=1&v=1", id);
	id[0] = '\0';
}

static void
session_removed(struct session *s, struct docker_reply *reply)
{
	if (reply->error != NULL && reply->status != 404) {
		log_warnx("session %s: cannot remove all of it: %s",
		    s->spec.name, reply->error);
		recover_again();
	}
}

static void
session_end(int fd, short event, void *arg)
{
	struct session *s = arg;
	int more;

	(void)fd;
	(void)event;
	more = s != spare && s->error[0] == '\0';
	if (s == spare) {
		spare = NULL;
		log_info("the spare proxy is gone");
	} else {
		TAILQ_REMOVE(&sessions, s, entry);
		nsessions--;
		if ((s->did & STEP_BIT(STEP_AGENT_START)) != 0)
			audit_end(s);
		totals.tunnels += s->traffic.tunnels;
		totals.out += s->traffic.out;
		totals.in += s->traffic.in;
		totals.refused += s->traffic.refused;
		log_info("session %s is gone: status %d, %llu tunnels, %llu "
		    "bytes out, %llu in, %llu refused", s->spec.name,
		    s->status, (unsigned long long)s->traffic.tunnels,
		    (unsigned long long)s->traffic.out,
		    (unsigned long long)s->traffic.in,
		    (unsigned long long)s->traffic.refused);
	}
	port_end(s);
	client_session_end(s);
	json_decref(s->agent_spec);
	json_decref(s->sidecar_spec);
	engine_unpin(&s->spec);
	strings_free(&s->spec.args);
	strings_free(&s->spec.env);
	live_free(s);
	strings_free(&s->spec.open);
	strings_free(&s->spec.shares);
	strings_free(&s->spec.mounts);
	pids_end(s);
	newer_free(s);
	credentials_free(&s->keys);
	if (s->adopted) {
		s->ended = clock_seconds();
		resume_keep(s);
	} else {
		report_free(s);
		free(s);
	}
	client_stopped();
	client_run_all();
	engine_busy();
	session_check_ended();
	if (nsessions <= most / 2) {
		most = nsessions;
		memory_trim();
	}
	/* an engine that is out of order is not asked again and again */
	if (more)
		session_later_spare();
	/* what could not be removed, or may be there without our knowing */
	(void)recovered();
}

/*
 * What the sidecar says.
 */

void
session_proxy_line(struct session *s, const char *line)
{
	if (strcmp(line, "ok") == 0) {
		if ((s->did & STEP_BIT(STEP_AGENT_START)) == 0)
			evtimer_del(&s->timer);
		live_answer(s, NULL);
		session_did(s, STEP_POLICY);
	} else if (strcmp(line, "serving") == 0) {
		evtimer_del(&s->timer);
		session_did(s, STEP_SERVING);
	} else if ((s->did & STEP_BIT(STEP_WAIT)) != 0)
		words_kill(s);
	else if ((s->did & STEP_BIT(STEP_POLICY)) == 0)
		session_fail(s, EX_CONFIG, "the proxy refuses its "
		    "configuration: %s", line);
	else {
		log_warnx("session %s: proxy: %s", s->spec.name, line);
		live_answer(s, line);
	}
}

/*
 * Its stream ended: with it, or because the container engine did?
 */
void
session_proxy_gone(struct session *s)
{
	sidecar_close(s);
	if (s->state == SESSION_SPARE) {
		log_info("the spare proxy ended");
		session_remove(s);
	} else if ((s->did & STEP_BIT(STEP_WAIT)) != 0)
		session_did(s, STEP_WORDS);
	else if (s->state == SESSION_STARTING || s->state == SESSION_RUNNING) {
		s->lost = s->state == SESSION_RUNNING;
		session_call(s, STEP_PROXY_END, "GET", NULL, API_TIMEOUT,
		    "/containers/%s/json", s->sidecar);
	}
}

/*
 * The container engine is gone, and perhaps all that we know of is as it was:
 * that is seen when it is back.
 */
static void
session_forget(struct session *s, const struct docker_reply *reply)
{
	log_warnx("session %s is out of sight: %s", s->spec.name,
	    reply->error);
	s->code = EX_UNAVAILABLE;
	(void)snprintf(s->error, sizeof(s->error), "%.900s; the session may "
	    "go on", reply->error);
	s->agent[0] = s->sidecar[0] = '\0';
	s->has_volume = s->adopted = 0;
	s->kept.n = 0;
	recover_lost();
	session_remove(s);
}

void
session_reload(void)
{
	struct session *s;

	TAILQ_FOREACH(s, &sessions, entry)
		if ((s->did & STEP_BIT(STEP_CLIENT)) != 0)
			sidecar_renew(s);
}
