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
 * What a session has of the workspace process: a process of its own that
 * knows the directory, and a channel to that.  It says what is to be mounted
 * before anything is started, and is told when all is over.  A directory that
 * an earlier daemon's session had is opened by the parent and cleaned up.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"
#include "inside.h"

struct look {
	TAILQ_ENTRY(look) entry;
	uint32_t	 id;
	struct session	*session;	/* or */
	void		 (*done)(void *); /* of one that nobody has any more */
	void		*arg;
	int		 adopt;
	int		 ready, ending;
	size_t		 npieces;	/* of its mounts that are pinned */
	int		 has_peer;
	struct peer	 peer;
};

static struct look *look_new(struct session *);
static int	 look_dispatch(struct peer *, struct imsg *);
static int	 look_handle_mount(struct look *, struct imsg *);
static int	 look_handle_note(struct look *, struct imsg *);
static int	 look_handle_found(struct look *, struct imsg *);
static int	 look_handle_ready(struct look *, struct imsg *);
static void	 look_whole(struct look *);
static void	 look_gone(struct peer *, const char *);
static void	 look_lost(struct look *, const char *);
static struct look *look_find(uint32_t);
static void	 look_send(struct look *, uint32_t, const void *, size_t);
static void	 look_send_rules(struct look *);
static void	 look_free(struct look *);

static TAILQ_HEAD(, look) looks = TAILQ_HEAD_INITIALIZER(looks);
static uint32_t	 last_id;

static struct look *
look_new(struct session *s)
{
	struct look *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		fatal("calloc");
	do
		l->id = ++last_id;
	while (l->id == 0 || look_find(l->id) != NULL);
	l->session = s;
	TAILQ_INSERT_TAIL(&looks, l, entry);
	if (s != NULL)
		s->look = l;
	return (l);
}

static struct look *
look_find(uint32_t id)
{
	struct look *l;

	TAILQ_FOREACH(l, &looks, entry)
		if (l->id == id)
			return (l);
	return (NULL);
}

/*
 * A new session, in the directory that its client has open, which is taken
 * over.  The parent knows it, and has workspace open a channel for it.
 */
void
look_start(struct session *s, int fd)
{
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_LOOK, look_new(s)->id, fd,
	    &s->spec.owner, sizeof(s->spec.owner));
}

/*
 * One that an earlier daemon began: it runs, or there is none any more, and
 * who is called knows when nothing is left of that.
 */
void
look_adopt(struct session *s, const struct spec *spec, void (*done)(void *),
    void *arg)
{
	struct look_adopt la;
	struct look *l;

	memset(&la, 0, sizeof(la));
	la.uid = spec->owner;
	(void)strlcpy(la.path, spec->path, sizeof(la.path));
	l = look_new(s);
	l->adopt = 1;
	l->done = done;
	l->arg = arg;
	l->ending = s == NULL;
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_DIRECTORY, l->id, -1, &la,
	    sizeof(la));
}

/* There will be no channel. */
int
look_directory(uint32_t id, int error)
{
	struct look *l;

	if ((l = look_find(id)) == NULL)
		return (0);
	if (l->has_peer)
		return (-1);
	look_lost(l, strerror(error));
	return (0);
}

/* The channel. */
int
look_opened(uint32_t id, int error, int fd)
{
	struct look *l;

	if ((l = look_find(id)) == NULL || l->has_peer) {
		if (fd != -1)
			close(fd);
		return (l == NULL ? 0 : -1);
	}
	if (fd == -1) {
		look_lost(l, strerror(error));
		return (0);
	}
	if (l->ending && !l->adopt) {
		/* it has done nothing yet */
		close(fd);
		look_free(l);
		return (0);
	}
	l->has_peer = 1;
	peer_init(&l->peer, fd, ROLE_WORKSPACE, look_dispatch, look_gone, l);
	look_send_rules(l);
	look_send(l, l->adopt ? IMSG_LOOK_ADOPT : IMSG_LOOK_START, NULL, 0);
	if (l->ending)
		look_send(l, IMSG_LOOK_END, NULL, 0);
	return (0);
}

static void
look_send_rules(struct look *l)
{
	struct protect_entry *p;
	struct protect_rule r;
	struct strings *open;
	size_t i;

	open = l->session == NULL ? NULL : &l->session->spec.open;
	for (i = 0; open != NULL && i < open->n; i++) {
		memset(&r, 0, sizeof(r));
		r.open = 1;
		(void)strlcpy(r.path, open->v[i], sizeof(r.path));
		look_send(l, IMSG_LOOK_PROTECT, &r, sizeof(r));
	}
	TAILQ_FOREACH(p, &engine_config()->protects, entry)
		look_send(l, IMSG_LOOK_PROTECT, &p->rule, sizeof(p->rule));
}

static void
look_send(struct look *l, uint32_t type, const void *data, size_t len)
{
	if (peer_compose(&l->peer, type, 0, -1, data, len) == -1 &&
	    errno != EPIPE)
		fatal("peer_compose");
}

/*
 * Nothing of the session is there any more that needs what was prepared.  Says
 * whether it is cleaned up; if not, who wants to know will be told.
 */
int
look_end(struct session *s)
{
	struct look *l;

	if ((l = s->look) == NULL)
		return (1);
	if (!l->ending) {
		l->ending = 1;
		if (l->has_peer)
			look_send(l, IMSG_LOOK_END, NULL, 0);
	}
	return (0);
}

/* The agent has ended; what it did is found now, for the report. */
void
clean_begin(struct session *s)
{
	if (look_end(s))
		s->did |= STEP_BIT(STEP_CLEAN);
}

/*
 * From the process.  Somebody may have talked it round by what is in the
 * directory, so that the session may end, and nothing else.
 */

static int
look_dispatch(struct peer *p, struct imsg *imsg)
{
	struct look *l = p->arg;

	switch (imsg_get_type(imsg)) {
	case IMSG_LOOK_MOUNT:
		return (look_handle_mount(l, imsg));
	case IMSG_LOOK_NOTE:
		return (look_handle_note(l, imsg));
	case IMSG_LOOK_READY:
		return (look_handle_ready(l, imsg));
	case IMSG_LOOK_FOUND:
		return (look_handle_found(l, imsg));
	case IMSG_LOOK_DONE:
		if (!l->ending)
			return (-1);
		look_free(l);
		return (0);
	default:
		return (-1);
	}
}

static int
look_handle_mount(struct look *l, struct imsg *imsg)
{
	struct look_mount m;
	struct strings *mounts;
	char line[PROTECT_MAXLEN + 64];

	if (imsg_get_data(imsg, &m, sizeof(m)) == -1 || l->ready ||
	    l->session == NULL || m.readonly > 1 ||
	    !imsg_is_string(m.path, sizeof(m.path)) || !protect_valid(m.path))
		return (-1);
	mounts = &l->session->spec.mounts;
	if (mounts->n == MOUNTS_MAX)
		return (-1);
	(void)snprintf(line, sizeof(line), INSIDE_MOUNT "%s",
	    m.readonly ? 'r' : 'w', (uintmax_t)m.dev, (uintmax_t)m.ino,
	    m.path);
	if (strings_add(mounts, line, strlen(line)) == -1)
		fatal("malloc");
	if (l->session->spec.pinned != 0)
		peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_PIECE,
		    l->session->spec.pinned, -1, m.path, strlen(m.path));
	return (0);
}

/*
 * One of them has a name of its own, or has none, where the workspace has one.
 */
void
look_pinned(uint32_t id, int error)
{
	struct look *l;

	TAILQ_FOREACH(l, &looks, entry)
		if (l->session != NULL && l->session->spec.pinned == id)
			break;
	if (l == NULL || l->ending)
		return;
	l->npieces++;
	if (error != 0)
		session_fail(l->session, EX_NOINPUT, "what is protected in "
		    "the workspace is not where it was: %s", strerror(error));
	else
		look_whole(l);
}

static void
look_whole(struct look *l)
{
	if (l->ready && (l->session->spec.pinned == 0 ||
	    l->npieces == l->session->spec.mounts.n))
		session_looked(l->session);
}

static int
look_handle_note(struct look *l, struct imsg *imsg)
{
	char line[TEXT_MAXLEN + 1];

	if (imsg_get_string(imsg, line, sizeof(line)) == -1)
		return (-1);
	if (l->session != NULL && l->session->client != NULL && !l->ready)
		client_send(l->session->client, IMSG_CTL_PROGRESS, -1, line,
		    strlen(line));
	return (0);
}

static int
look_handle_found(struct look *l, struct imsg *imsg)
{
	struct ctl_finding f;

	if (imsg_get_data(imsg, &f, sizeof(f)) == -1 || !l->ending ||
	    f.kind >= FINDING_MAX || f.n == 0 ||
	    !imsg_is_string(f.path, sizeof(f.path)))
		return (-1);
	if (l->session != NULL)
		report_finding(l->session, &f);
	return (0);
}

static int
look_handle_ready(struct look *l, struct imsg *imsg)
{
	struct ctl_error ce;
	char text[TEXT_MAXLEN];

	if (imsg_get_data(imsg, &ce, sizeof(ce)) == -1 || l->ready ||
	    memchr(ce.text, '\0', sizeof(ce.text)) == NULL)
		return (-1);
	l->ready = 1;
	if (l->session == NULL || l->ending)
		return (0);
	spec_text(text, sizeof(text), ce.text, strlen(ce.text));
	if (ce.code == 0)
		look_whole(l);
	else
		session_fail(l->session, EX_NOINPUT, "%s", text);
	return (0);
}

static void
look_gone(struct peer *p, const char *why)
{
	struct look *l = p->arg;

	look_lost(l, why == NULL ? "its process ended" : why);
}

/* A session that runs is as safe as before; one that starts is not. */
static void
look_lost(struct look *l, const char *why)
{
	struct session *s;

	s = l->session;
	if (!l->ending && !l->adopt && !l->ready) {
		look_free(l);
		session_fail(s, EX_UNAVAILABLE, "cannot look at the "
		    "workspace: %s", why);
		return;
	}
	log_warnx("%s%s: cannot clean up in the workspace: %s",
	    s == NULL ? "an earlier session" : "session ",
	    s == NULL ? "" : s->spec.name, why);
	look_free(l);
}

static void
look_free(struct look *l)
{
	struct session *s;
	void (*done)(void *);
	void *arg;
	int ending;

	s = l->session;
	done = l->done;
	arg = l->arg;
	ending = l->ending;
	TAILQ_REMOVE(&looks, l, entry);
	if (l->has_peer)
		peer_close(&l->peer);
	free(l);
	if (s != NULL) {
		s->look = NULL;
		if (ending && s->state == SESSION_REMOVING)
			session_remove(s);
		else if (ending)
			session_did(s, STEP_CLEAN);
	} else if (done != NULL)
		done(arg);
}
