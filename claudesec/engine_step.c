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
 * The steps that a session begins with: what each needs, asks for, and makes
 * of the answer.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"

#define CREATE_TIMEOUT	120	/* also to start */
#define IMPORT_TIMEOUT	300
#define PULL_TIMEOUT	1800
#define PROXY_TIMEOUT	20	/* for each of proxyd's answers */

static int	 session_name(struct session *);
static int	 session_meets(const struct session *,
		    const struct session *);
static void	 session_object(struct session *);

static void	 keys_begin(struct session *);

static void	 volume_begin(struct session *);
static void	 volume_create(struct session *);
static int	 volume_done(struct session *, struct docker_reply *);
static void	 proxyd_begin(struct session *);
static int	 proxyd_done(struct session *, struct docker_reply *);
static void	 proxyd_import(struct session *);
static int	 proxyd_line(void *, const json_t *);
static void	 image_begin(struct session *);
static void	 image_pull(struct session *);
static int	 image_line(void *, const json_t *);
static void	 image_look(struct session *);
static int	 image_done(struct session *, struct docker_reply *);
static void	 container_create(struct session *, enum step, json_t *,
		    const char *);
static int	 name_is_taken(struct session *, struct docker_reply *);
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
static void	 rename_begin(struct session *);
static int	 rename_done(struct session *, struct docker_reply *);
static void	 wait_begin(struct session *);
static int	 wait_done(struct session *, struct docker_reply *);
static int	 proxy_end_done(struct session *, struct docker_reply *);

/* clang-format off */
#define B(step)	STEP_BIT(STEP_##step)
#define KEEPS	STEP_KEEPS
#define JUDGES	STEP_JUDGES

const struct step_rule step_rules[STEP_STOP] = {
	[STEP_KEYS] = { B(CLIENT), 0,
	    "have credentials", keys_begin, NULL },
	[STEP_VOLUME] = { 0, KEEPS,
	    "create a volume", volume_begin, volume_done },
	[STEP_NETWORK] = { 0, KEEPS | JUDGES,
	    "use the network of the proxy", network_begin, network_done },
	[STEP_PROXYD] = { 0, JUDGES,
	    "import the image of proxyd", proxyd_begin, proxyd_done },
	[STEP_IMAGE] = { B(CLIENT), JUDGES,
	    "look at the image", image_begin, image_done },
	[STEP_ENGINE] = { 0, 0,
	    "see what the container engine can do", info_begin, NULL },
	[STEP_SIDECAR] = { B(VOLUME) | B(NETWORK) | B(PROXYD) | B(ENGINE),
	    KEEPS | JUDGES,
	    "create the proxy's container", sidecar_begin, sidecar_done },
	[STEP_SIDECAR_CHECK] = { B(SIDECAR), 0,
	    "look at the proxy's container", sidecar_check_begin,
	    sidecar_check_done },
	[STEP_SIDECAR_ATTACH] = { B(SIDECAR), 0,
	    "attach to the proxy", sidecar_attach_begin,
	    sidecar_attach_done },
	[STEP_SIDECAR_START] = { B(SIDECAR_CHECK) | B(SIDECAR_ATTACH), KEEPS,
	    "start the proxy", sidecar_start_begin, sidecar_start_done },
	[STEP_AGENT] = { B(VOLUME) | B(WORKSPACE) | B(IMAGE) | B(KEYS) |
	    B(ENGINE), KEEPS | JUDGES,
	    "create the container", agent_begin, agent_done },
	[STEP_AGENT_CHECK] = { B(AGENT), 0,
	    "look at the container", agent_check_begin, agent_check_done },
	[STEP_AGENT_ATTACH] = { B(AGENT), 0,
	    "attach to the container", agent_attach_begin,
	    agent_attach_done },
	[STEP_AGENT_START] = { B(SIDECAR_CHECK) | B(AGENT_CHECK) |
	    B(AGENT_ATTACH), KEEPS,
	    "start the container", agent_start_begin, agent_start_done },
	[STEP_RENAME] = { B(CLIENT) | B(SIDECAR) | B(AGENT), JUDGES,
	    "rename the proxy", rename_begin, rename_done },
	[STEP_WAIT] = { B(AGENT_START), 0,
	    "wait for the container", wait_begin, wait_done },
	[STEP_PROXY_END] = { 0, 0,
	    "look at the proxy's container", NULL, proxy_end_done },
	[STEP_AGAIN] = { 0, JUDGES,
	    "remove the proxy that ended", NULL, again_done },
	[STEP_REBIND] = { B(AGAIN) | B(POLICY) | B(SIDECAR_START), 0,
	    "bind the proxy's sockets", rebind_begin, rebind_done },
	[STEP_LOOK] = { B(WAIT), JUDGES,
	    "look at the container", look_begin, look_done },
	[STEP_WORDS] = { B(WAIT), JUDGES,
	    "end the proxy", words_begin, words_done },
	[STEP_CLEAN] = { B(WAIT), 0,
	    "clean up in the workspace", clean_begin, NULL },
	[STEP_END] = { B(LOOK) | B(WORDS) | B(CLEAN), 0,
	    "end", end_begin, NULL }
};
#undef B
#undef KEEPS
#undef JUDGES
/* clang-format on */

/*
 * The next name that none of its owner's sessions has here.
 */
static int
session_name(struct session *s)
{
	struct session *other;

	for (;;) {
		if (!s->named && (++s->nth > NAMES_MAX ||
		    spec_name_from(s->spec.name, sizeof(s->spec.name),
		    s->spec.review[0] != '\0' ? s->spec.review :
		    s->spec.path, s->nth) == -1)) {
			s->spec.name[0] = '\0';
			session_fail(s, EX_CANTCREAT, "too many sessions run "
			    "here");
			return (-1);
		}
		for (other = session_first(); other != NULL;
		    other = session_next(other))
			if (other != s &&
			    other->spec.owner == s->spec.owner &&
			    strcmp(other->spec.name, s->spec.name) == 0)
				break;
		if (other == NULL) {
			for (other = session_first(); other != NULL;
			    other = session_next(other))
				s->apart |= session_meets(s, other);
			session_object(s);
			return (0);
		}
		if (s->named) {
			session_fail(s, EX_CANTCREAT, "a session %s exists "
			    "already", s->spec.name);
			return (-1);
		}
	}
}

/* Would a container of one be called as the proxy of the other is? */
static int
session_meets(const struct session *s, const struct session *other)
{
	static const char proxy[] = "-proxy";
	const char *a, *b;
	size_t alen, blen;

	a = s->spec.name;
	b = other->spec.object[0] != '\0' ? other->spec.object :
	    other->spec.name;
	alen = strlen(a);
	blen = strlen(b);
	return ((strncmp(a, b, alen) == 0 && strcmp(b + alen, proxy) == 0) ||
	    (strncmp(a, b, blen) == 0 && strcmp(a + blen, proxy) == 0));
}

/*
 * What the container engine calls it.  That another user, or another daemon's,
 * has one of the same name is seen when the volume is made, which is ours if it
 * has our label, and is nobody's concern: then it is called otherwise there.
 */
static void
session_object(struct session *s)
{
	(void)snprintf(s->spec.object, sizeof(s->spec.object), s->apart ?
	    "%s.%.8s" : "%s", s->spec.name, s->spec.session);
}

/*
 * A spare session is somebody's now.  That its name is another's is seen when
 * the agent's container is made.
 */
void
session_taken(struct session *s)
{
	if (session_name(s) == -1)
		return;
	sidecar_policy(s);
	if ((s->did & STEP_BIT(STEP_SIDECAR_START)) != 0)
		session_set_timer(s, PROXY_TIMEOUT);
}

static void
keys_begin(struct session *s)
{
	if (keys_get(s))
		session_keys(s);
}

static void
volume_begin(struct session *s)
{
	if (s->state == SESSION_SPARE)
		session_object(s);
	else if (session_name(s) == -1)
		return;
	volume_create(s);
}

static void
volume_create(struct session *s)
{
	json_t *volume;

	(void)snprintf(s->spec.volume, sizeof(s->spec.volume),
	    "claude-%s-run", s->spec.object);
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
	if (s->state == SESSION_REMOVING)
		return (0);
	if (s->apart)
		session_fail(s, EX_CANTCREAT, "there is another volume %s",
		    s->spec.volume);
	else {
		s->apart = 1;
		session_object(s);
		volume_create(s);
	}
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
			    step_rules[STEP_PROXYD].what, s->import_error);
		else
			proxyd_begin(s);
	} else if (s->import == NOT_MADE && reply->status == 404) {
		s->import = MAKING_IT;
		proxyd_import(s);
	} else if (reply->error != NULL) {
		session_error(s, STEP_PROXYD, reply);
	} else if (spec_image_id(reply->json, s->spec.proxyd_id) == -1) {
		session_fail(s, EX_PROTOCOL, "cannot %s: it has no id",
		    step_rules[STEP_PROXYD].what);
	} else
		return (1);
	return (0);
}

static void
proxyd_import(struct session *s)
{
	int fd;

	if ((fd = fcntl(engine_proxyd_fd(), F_DUPFD_CLOEXEC, 0)) == -1)
		fatal("fcntl");
	/* podman knows no tag beside the name */
	session_call(s, STEP_PROXYD, "POST", NULL, IMPORT_TIMEOUT,
	    "/images/create?fromSrc=-&repo=%s", engine_proxyd());
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

/*
 * One in a registry is pulled where it is not there, or each time.
 */
static void
image_begin(struct session *s)
{
	if (s->pull == NOT_MADE && engine_config()->fixed.pull ==
	    PULL_ALWAYS && update_pulls(s->spec.image))
		image_pull(s);
	else
		image_look(s);
}

static void
image_pull(struct session *s)
{
	const char *name;
	char *image;

	s->pull = MAKING_IT;
	image = build_escape(s->spec.image);
	name = strrchr(s->spec.image, '/');
	session_call(s, STEP_IMAGE, "POST", NULL, PULL_TIMEOUT,
	    "/images/create?fromImage=%s%s", image,
	    strpbrk(name, ":@") == NULL ? "&tag=latest" : "");
	docker_stream(s->steps[STEP_IMAGE].call, image_line);
	free(image);
}

/* What comes is little, so the client need not be waited for. */
static int
image_line(void *arg, const json_t *json)
{
	struct step_call *sc = arg;
	struct session *s;
	char text[sizeof(s->import_error)];

	s = sc->session;
	switch (spec_progress(json, text, sizeof(text))) {
	case -1:
		(void)strlcpy(s->pull_error, text, sizeof(s->pull_error));
		break;
	case 1:
		if (s->client != NULL)
			client_send(s->client, IMSG_CTL_PROGRESS, -1, text,
			    strlen(text));
		break;
	}
	return (0);
}

static void
image_look(struct session *s)
{
	session_call(s, STEP_IMAGE, "GET", NULL, API_TIMEOUT,
	    "/images/%s/json", s->spec.image);
}

static int
image_done(struct session *s, struct docker_reply *reply)
{
	if (s->spec.image_id[0] != '\0')
		return (network_services(s, reply));
	if (s->pull == MAKING_IT) {
		s->pull = MADE_IT;
		if (reply->error == NULL && s->pull_error[0] == '\0')
			image_look(s);
		else
			session_fail(s, EX_UNAVAILABLE, "cannot pull the image "
			    "%s: %s", s->spec.image, reply->error != NULL ?
			    reply->error : s->pull_error);
	} else if (reply->status == 404 && s->pull == NOT_MADE &&
	    engine_config()->fixed.pull != PULL_NEVER &&
	    update_pulls(s->spec.image))
		image_pull(s);
	else if (reply->status == 404 && update_pulls(s->spec.image))
		session_fail(s, EX_UNAVAILABLE, "there is no image %s: run "
		    "claudesec update", s->spec.image);
	else if (reply->status == 404)
		session_fail(s, EX_UNAVAILABLE, "there is no image %s: run "
		    "claudesec build", s->spec.image);
	else if (reply->error != NULL)
		session_error(s, STEP_IMAGE, reply);
	else if (spec_image_id(reply->json, s->spec.image_id) == -1)
		session_fail(s, EX_PROTOCOL, "the image %s has no id",
		    s->spec.image);
	else {
		newer_begin(s, reply->json);
		return (network_services(s, NULL));
	}
	return (0);
}

static void
container_create(struct session *s, enum step step, json_t *asked,
    const char *suffix)
{
	char name[VOLUME_MAXLEN];
	json_t *spec;

	(void)snprintf(name, sizeof(name), "claude-%s%s", s->spec.object,
	    suffix);
	if (confirm_ask(&s->spec, asked) == -1)
		fatal("confirm_ask");
	if (!s->spec.podman)
		session_call(s, step, "POST", json_incref(asked),
		    CREATE_TIMEOUT, "/containers/create?name=%s", name);
	else if ((spec = spec_podman(asked, name)) != NULL)
		session_call(s, step, "POST", spec, CREATE_TIMEOUT,
		    "/libpod/containers/create");
	else
		fatalx("spec_podman");
}

/* Podman calls it an error of its own, and only the text tells. */
static int
name_is_taken(struct session *s, struct docker_reply *reply)
{
	return (reply->status == 409 || (s->spec.podman &&
	    reply->status == 500 && reply->error != NULL &&
	    strstr(reply->error, "that name is already in use") != NULL));
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

	if (name_is_taken(s, reply)) {
		session_fail(s, EX_CANTCREAT, "there is another container "
		    "claude-%s%s: choose a name with -n", s->spec.object,
		    suffix);
		return (0);
	}
	if (reply->error != NULL) {
		session_error(s, step, reply);
		return (0);
	}
	if (spec_id(reply->json, id) == -1) {
		session_fail(s, EX_PROTOCOL, "cannot %s: it has no id",
		    step_rules[step].what);
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
	json_t *got;
	int error;

	got = s->spec.podman ? spec_from_podman(*asked, reply->json) :
	    json_incref((json_t *)(uintptr_t)reply->json);
	if (got == NULL)
		fatalx("spec_from_podman");
	error = spec_verify(*asked, got, why, sizeof(why));
	if (error == 0)
		error = confirm_verify(&s->spec, got, why, sizeof(why));
	json_decref(got);
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
	container_create(s, STEP_SIDECAR, s->sidecar_spec, "-proxy");
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
	    "%s/containers/%s/json", s->spec.podman ? "/libpod" : "",
	    s->sidecar);
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
	if ((s->did & STEP_BIT(STEP_CLIENT)) != 0 &&
	    (s->did & STEP_BIT(STEP_POLICY)) == 0)
		session_set_timer(s, PROXY_TIMEOUT);
	return (1);
}

static void
agent_begin(struct session *s)
{
	struct config conf;

	keys_config(&conf, s);
	if (s->spec.memory != 0)
		conf.fixed.memory = s->spec.memory;
	if (conf.fixed.millicpus == 0)
		conf.fixed.millicpus = info_millicpus();
	/* what is left to the host is not for every user to take */
	if (s->spec.millicpus > conf.fixed.millicpus &&
	    conf.fixed.millicpus != 0 && s->spec.owner != 0 &&
	    s->spec.owner != engine_owner()) {
		session_fail(s, EX_NOPERM, "-c: more processors than are "
		    "left by the host");
		return;
	}
	if (s->spec.millicpus != 0)
		conf.fixed.millicpus = s->spec.millicpus;
	if (info_agent(s, conf.fixed.millicpus) == -1)
		return;
	/* podman takes a profile by its path alone, read when it starts */
	s->agent_spec = spec_agent(&s->spec, &conf, s->spec.podman ? DATADIR
	    "/seccomp.json" : engine_seccomp());
	if (conf.fixed.credentials == CREDENTIALS_ENVIRONMENT)
		credentials_free(&s->keys);
	if (s->agent_spec == NULL) {
		session_fail(s, EX_DATAERR, "an argument, or the "
		    "path of what is protected, is not UTF-8");
		return;
	}
	container_create(s, STEP_AGENT, s->agent_spec, "");
}

static int
agent_done(struct session *s, struct docker_reply *reply)
{
	if (reply->status == 409 && s->spared && !s->apart &&
	    s->state != SESSION_REMOVING) {
		json_decref(s->agent_spec);
		s->apart = 1;
		session_object(s);
		agent_begin(s);
		return (0);
	}
	return (container_done(s, STEP_AGENT, reply, "", s->agent));
}

static void
agent_check_begin(struct session *s)
{
	session_call(s, STEP_AGENT_CHECK, "GET", NULL, API_TIMEOUT,
	    "%s/containers/%s/json", s->spec.podman ? "/libpod" : "",
	    s->agent);
}

static int
agent_check_done(struct session *s, struct docker_reply *reply)
{
	return (container_check(s, &s->agent_spec, reply, "container"));
}

/*
 * Podman mounts at the attach, and gives the volume to whom it mounts it for
 * first, which must be the sidecar.
 */
static void
agent_attach_begin(struct session *s)
{
	if (s->spec.podman &&
	    (s->did & STEP_BIT(STEP_SIDECAR_ATTACH)) == 0) {
		s->begun &= ~STEP_BIT(STEP_AGENT_ATTACH);
		return;
	}
	session_call(s, STEP_AGENT_ATTACH, "POST", NULL, API_TIMEOUT,
	    "/containers/%s/attach?stream=1&stdin=1&stdout=1&stderr=1"
	    "&detachKeys=" DETACH_KEYS, s->agent);
	docker_hijack(s->steps[STEP_AGENT_ATTACH].call);
}

static int
agent_attach_done(struct session *s, struct docker_reply *reply)
{
	s->fd = reply->fd;
	reply->fd = -1;
	return (1);
}

/*
 * Beside the sidecar: `inside' waits for proxyd before it runs anything.  It
 * stands in the volume that the sidecar's image fills, when that container is
 * made, or with podman only when it starts.  And what the user passed is kept
 * by then.
 */
static void
agent_start_begin(struct session *s)
{
	if ((s->spec.podman &&
	    (s->did & STEP_BIT(STEP_SIDECAR_START)) == 0) ||
	    s->kept.call != NULL) {
		s->begun &= ~STEP_BIT(STEP_AGENT_START);
		return;
	}
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
	(void)reply;
	engine_unpin(&s->spec);
	pids_begin(s);
	if (s->client != NULL && !s->client->detach &&
	    s->state != SESSION_REMOVING) {
		session_attached(s, s->client, s->fd, 0);
		s->fd = -1;
	}
	if ((s->did & STEP_BIT(STEP_SERVING)) == 0)
		session_set_timer(s, PROXY_TIMEOUT);
	return (1);
}

/*
 * One that was spare has no name to be found by.  If it cannot have one,
 * nothing depends on that.
 */
static void
rename_begin(struct session *s)
{
	if (s->spared)
		session_call(s, STEP_RENAME, "POST", NULL, API_TIMEOUT,
		    "/containers/%s/rename?name=claude-%s-proxy", s->sidecar,
		    s->spec.object);
}

static int
rename_done(struct session *s, struct docker_reply *reply)
{
	(void)s;
	(void)reply;
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
		    step_rules[STEP_WAIT].what);
		return (0);
	}
	s->status = (int)(json_integer_value(status) & 0xff);
	return (1);
}

/*
 * A session without its proxy is of no use.
 */
static int
proxy_end_done(struct session *s, struct docker_reply *reply)
{
	const json_t *state;
	const char *why;

	/* later it says other things as well */
	why = (s->did & STEP_BIT(STEP_SERVING)) == 0 ? s->proxy.last : "";
	state = json_object_get(reply->json, "State");
	if (s->lost && json_is_true(json_object_get(state, "Running"))) {
		/* the container engine was away, it was not */
		s->lost = 0;
		s->begun &= ~(STEP_BIT(STEP_SIDECAR_ATTACH) |
		    STEP_BIT(STEP_PROXY_END));
		return (1);
	}
	if (json_is_true(json_object_get(state, "Running")))
		session_fail(s, EX_UNAVAILABLE, "the stream to the proxy of "
		    "the session ended");
	else
		session_fail(s, EX_UNAVAILABLE, "the proxy of the session "
		    "ended with status %d%s%s%s", (int)json_integer_value(
		    json_object_get(state, "ExitCode")),
		    json_is_true(json_object_get(state, "OOMKilled")) ?
		    ", out of memory" : "", *why == '\0' ? "" : ": ", why);
	return (0);
}
