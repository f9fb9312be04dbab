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
 * What a daemon before us left behind: sessions whose agent runs, or has ended
 * unseen, are taken over, and what is left of others is removed, in their
 * workspaces too.  Only what bears the label of this very daemon, and no
 * session that is known already.  Clients wait until that is done.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "engine.h"

#define REMOVE_TIMEOUT	120
#define RETRY_SECONDS	1
#define AGAIN_SECONDS	10	/* for what was under way at the start */

/* a session that has been found */
struct found {
	TAILQ_ENTRY(found) entry;
	struct spec	 spec;
	char		 agent[ID_LEN + 1];
	char		 sidecar[ID_LEN + 1];
	time_t		 since;
	int		 agent_runs, agent_ended, sidecar_runs;
};

static void	 recover(void);
static void	 recover_rules(void *, struct docker_reply *);
static void	 recover_containers(void *, struct docker_reply *);
static int	 recover_failed(struct docker_reply *);
static void	 recover_container(const json_t *);
static void	 recover_remove(const char *, const char *);
static void	 recover_networks_done(void *, struct docker_reply *);
static void	 recover_volumes_done(void *, struct docker_reply *);
static void	 recover_volume(const json_t *);
static void	 recover_cleaned(void *);
static void	 recover_removed(void *, struct docker_reply *);
static void	 recover_call(const char *, const char *,
		    void (*)(void *, struct docker_reply *));
static void	 recover_next(void);
static void	 recover_done(int, const char *);
static void	 recover_retry(int, short, void *);

static enum {
	RECOVER_NEEDED,
	RECOVER_CONTAINERS,
	RECOVER_NETWORKS,		/* podman's */
	RECOVER_VOLUMES,
	RECOVER_DONE
} state;
static struct event	 retry_ev;
static int		 lost;		/* sessions are; 2: and it was said */
static unsigned int	 removing;	/* calls that are under way */
static int		 kept;		/* something could not be removed */
static int		 first = 1;
static TAILQ_HEAD(, found) found = TAILQ_HEAD_INITIALIZER(found);
/* whose containers are removed, until their volumes are as well */
static TAILQ_HEAD(, found) dead = TAILQ_HEAD_INITIALIZER(dead);

/*
 * Is it done?  If nobody does it, begins.
 */
int
recovered(void)
{
	if (state == RECOVER_NEEDED)
		recover();
	return (state == RECOVER_DONE);
}

/* There may be something that nobody knows of, or that could not be removed. */
void
recover_again(void)
{
	if (state == RECOVER_DONE)
		state = RECOVER_NEEDED;
}

/* Sessions are out of sight: as soon as the container engine is back. */
void
recover_lost(void)
{
	if (!lost)
		lost = 1;
	recover_again();
}

static void
recover_retry(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	recover_again();
	(void)recovered();
}

static void
recover(void)
{
	state = RECOVER_CONTAINERS;
	recover_call("/volumes?filters=", engine_daemon(), recover_rules);
}

/* What sessions had of their own, before these. */
static void
recover_rules(void *arg, struct docker_reply *reply)
{
	(void)arg;
	if (recover_failed(reply))
		return;
	kept_find(json_object_get(reply->json, "Volumes"));
	recover_call("/containers/json?all=1&filters=", engine_daemon(),
	    recover_containers);
}

static void
recover_call(const char *path, const char *daemon,
    void (*done)(void *, struct docker_reply *))
{
	char *filter;

	if ((filter = spec_filter(LABEL_DAEMON, daemon)) == NULL) {
		recover_done(EX_CONFIG, "the path of the control socket is "
		    "not UTF-8");
		return;
	}
	(void)docker_call("GET", NULL, API_TIMEOUT, done, NULL, "%s%s", path,
	    filter);
	free(filter);
}

static void
recover_containers(void *arg, struct docker_reply *reply)
{
	struct found *f;
	size_t i;

	(void)arg;
	if (recover_failed(reply))
		return;
	info_ask();
	for (i = 0; i < json_array_size(reply->json); i++)
		recover_container(json_array_get(reply->json, i));
	while ((f = TAILQ_FIRST(&found)) != NULL) {
		TAILQ_REMOVE(&found, f, entry);
		if (f->agent_runs || f->agent_ended) {
			(void)strlcpy(f->spec.daemon, engine_daemon(),
			    sizeof(f->spec.daemon));
			session_adopt(&f->spec, f->agent, f->sidecar,
			    f->since, !f->sidecar_runs, f->agent_runs);
		} else {
			log_info("removing what is left of session %s",
			    f->spec.name);
			recover_remove("containers", f->agent);
			recover_remove("containers", f->sidecar);
			TAILQ_INSERT_TAIL(&dead, f, entry);
			continue;
		}
		free(f);
	}
	recover_next();
}

static int
recover_failed(struct docker_reply *reply)
{
	char text[TEXT_MAXLEN];

	if (reply->error == NULL)
		return (0);
	(void)snprintf(text, sizeof(text), "%s%s", reply->status == 0 ? "" :
	    "cannot see what an earlier daemon left: ", reply->error);
	recover_done(reply->code, text);
	return (1);
}

/* One of the list: puts it with the other of its session. */
static void
recover_container(const json_t *item)
{
	struct spec spec;
	struct found *f;
	const char *role, *text;
	int runs;
	char id[ID_LEN + 1];

	memset(&spec, 0, sizeof(spec));
	if (spec_id(item, id) == -1 || spec_adopt(&spec, item, &role) == -1 ||
	    session_find(spec.session) != NULL)
		return;
	TAILQ_FOREACH(f, &found, entry)
		if (strcmp(f->spec.session, spec.session) == 0)
			break;
	if (f == NULL) {
		if ((f = calloc(1, sizeof(*f))) == NULL)
			fatal("calloc");
		f->spec = spec;
		TAILQ_INSERT_TAIL(&found, f, entry);
	}
	text = spec_string(item, "State", NULL);
	runs = text != NULL && strcmp(text, "running") == 0;
	if (strcmp(role, "agent") == 0) {
		f->agent_runs = runs;
		f->agent_ended = text != NULL && strcmp(text, "exited") == 0;
		f->spec = spec;
		(void)strlcpy(f->agent, id, sizeof(f->agent));
		f->since = (time_t)json_integer_value(json_object_get(item,
		    "Created"));
	} else {
		f->sidecar_runs = runs;
		(void)strlcpy(f->sidecar, id, sizeof(f->sidecar));
	}
}

static void
recover_remove(const char *kind, const char *id)
{
	if (id[0] == '\0')
		return;
	removing++;
	(void)docker_call("DELETE", NULL, REMOVE_TIMEOUT, recover_removed,
	    NULL, "/%s/%s?force=1", kind, id);
}

static void
recover_removed(void *arg, struct docker_reply *reply)
{
	(void)arg;
	if (reply->error != NULL && reply->status != 404) {
		log_warnx("cannot remove what is left: %s", reply->error);
		kept = 1;
	}
	removing--;
	recover_next();
}

/* What containers used when they are gone, volumes last. */
static void
recover_next(void)
{
	if (removing > 0)
		return;
	if (state == RECOVER_CONTAINERS && docker_is_podman()) {
		state = RECOVER_NETWORKS;
		recover_call("/libpod/networks/json?filters=",
		    engine_daemon(), recover_networks_done);
	} else if (state == RECOVER_CONTAINERS || state == RECOVER_NETWORKS) {
		state = RECOVER_VOLUMES;
		recover_call("/volumes?filters=", engine_daemon(),
		    recover_volumes_done);
	} else
		recover_done(0, NULL);
}

static void
recover_networks_done(void *arg, struct docker_reply *reply)
{
	struct spec spec;
	const char *name, *role;
	json_t *item;
	size_t i;

	(void)arg;
	if (recover_failed(reply))
		return;
	for (i = 0; i < json_array_size(reply->json); i++) {
		item = json_pack("{s:O?}", "Labels", json_object_get(
		    json_array_get(reply->json, i), "labels"));
		memset(&spec, 0, sizeof(spec));
		name = spec_string(json_array_get(reply->json, i), "name",
		    NULL);
		if (spec_adopt(&spec, item, &role) == 0 && name != NULL &&
		    spec_volume_valid(name) &&
		    session_find(spec.session) == NULL)
			recover_remove("libpod/networks", name);
		json_decref(item);
	}
	recover_next();
}

static void
recover_volumes_done(void *arg, struct docker_reply *reply)
{
	const json_t *volumes;
	size_t i;

	(void)arg;
	if (recover_failed(reply))
		return;
	volumes = json_object_get(reply->json, "Volumes");
	for (i = 0; i < json_array_size(volumes); i++)
		recover_volume(json_array_get(volumes, i));
	recover_next();
}

static void
recover_volume(const json_t *item)
{
	struct spec spec;
	struct session *s;
	struct found *f;
	const char *name, *role;
	char *copy;

	memset(&spec, 0, sizeof(spec));
	if (spec_adopt(&spec, item, &role) == -1)
		return;
	s = session_find(spec.session);
	name = spec_string(item, "Name", NULL);
	if (name == NULL || !spec_volume_valid(name) ||
	    (s != NULL && !kept_is_old(s, item)))
		return;
	if (strcmp(role, ROLE_RULES) == 0) {
		recover_remove("volumes", name);
		return;
	}
	/* it may have been made before anybody wanted it */
	TAILQ_FOREACH(f, &dead, entry)
		if (strcmp(f->spec.session, spec.session) == 0 &&
		    f->agent[0] != '\0')
			spec = f->spec;
	if (strcmp(spec.path, "/") == 0) {
		recover_remove("volumes", name);
		return;
	}
	if ((copy = strdup(name)) == NULL)
		fatal("strdup");
	removing++;
	look_adopt(NULL, &spec, recover_cleaned, copy);
}

/* Nothing of it is left in its workspace. */
static void
recover_cleaned(void *arg)
{
	char *name = arg;

	recover_remove("volumes", name);
	free(name);
	removing--;
	recover_next();
}

/*
 * If it failed, so do those who wait for it, and the next client tries again.
 */
static void
recover_done(int code, const char *error)
{
	struct timeval tv = { RETRY_SECONDS, 0 };
	struct found *f;

	if (!event_initialized(&retry_ev))
		evtimer_set(&retry_ev, recover_retry, NULL);
	while ((f = TAILQ_FIRST(&dead)) != NULL) {
		TAILQ_REMOVE(&dead, f, entry);
		free(f);
	}
	kept_forget();
	if (error != NULL) {
		state = RECOVER_NEEDED;
		if (lost < 2)
			log_warnx("%s", error);
		client_fail_all(code, error);
		/* clients try when they come, but sessions may wait */
		if (lost) {
			lost = 2;
			evtimer_add(&retry_ev, &tv);
		}
		return;
	}
	lost = 0;
	state = RECOVER_DONE;
	client_run_all();
	if (kept || first) {
		/* what the daemon before us asked for may yet be made */
		if (!kept)
			tv.tv_sec = AGAIN_SECONDS;
		first = kept = 0;
		evtimer_add(&retry_ev, &tv);
	}
}
