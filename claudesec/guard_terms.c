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
 * What requests are held against, as the parent tells it.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard.h"

#define GRANTS_MAX	1024	/* the oldest is forgotten */
#define SECCOMP_MAXSIZE	(256 * 1024)

static int	 terms_name(struct imsg *);
static void	 terms_mark(int);
static int	 terms_file(struct imsg *);
static int	 terms_grant(struct imsg *);
static int	 terms_piece(struct imsg *);
static int	 terms_revoke(struct imsg *);
static void	 terms_forget(struct granted *);
static int	 terms_bounds(struct imsg *);

static struct guard_terms terms = {
	.granted = TAILQ_HEAD_INITIALIZER(terms.granted)
};
static char		 sockpath[PATH_MAX];	/* the daemon's */
static char		 hostname[HOSTNAME_MAXLEN];
static unsigned int	 ngranted;

void
terms_init(void)
{
	/* the last byte stays as it is */
	if (gethostname(hostname, sizeof(hostname) - 1) == -1)
		fatal("gethostname");
}

const struct guard_terms *
terms_now(void)
{
	return (&terms);
}

int
terms_handle(struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_PARENT_NAME:
		return (terms_name(imsg));
	case IMSG_PARENT_FILE:
		return (terms_file(imsg));
	case IMSG_PARENT_GRANT:
		return (terms_grant(imsg));
	case IMSG_PARENT_GRANTPIECE:
		return (terms_piece(imsg));
	case IMSG_PARENT_REVOKE:
		return (terms_revoke(imsg));
	case IMSG_PARENT_BOUNDS:
		return (terms_bounds(imsg));
	default:
		return (-1);
	}
}

static int
terms_name(struct imsg *imsg)
{
	if (sockpath[0] != '\0' ||
	    imsg_get_string(imsg, sockpath, sizeof(sockpath)) == -1)
		return (-1);
	terms_mark(0);
	return (0);
}

/* What is ours is marked as the engine process marks it, see there. */
static void
terms_mark(int remote)
{
	free(terms.daemon);
	free(terms.filter);
	if (asprintf(&terms.daemon, "%u:%s%s%s", (unsigned int)getuid(),
	    sockpath, remote ? "@" : "", remote ? hostname : "") == -1)
		fatal("asprintf");
	/* a path that is not UTF-8 marks nothing, and nothing passes */
	terms.filter = spec_filter(LABEL_DAEMON, terms.daemon);
	if (terms.filter == NULL && (terms.filter = strdup("\n")) == NULL)
		fatal("strdup");
}

static int
terms_file(struct imsg *imsg)
{
	struct file_answer fa;
	size_t len;
	char *buf;
	int fd;

	if (imsg_get_data(imsg, &fa, sizeof(fa)) == -1 ||
	    fa.file != FILE_SECCOMP || (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	if ((buf = engine_read(fd, SECCOMP_MAXSIZE, &len)) == NULL)
		return (0);
	json_decref(terms.seccomp);
	terms.seccomp = spec_parse(buf, len);
	free(buf);
	return (0);
}

/*
 * One that is given again counts anew; it may be for another user now.
 */
static int
terms_grant(struct imsg *imsg)
{
	struct granted *g, *old;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		fatal("calloc");
	if (imsg_get_data(imsg, &g->grant, sizeof(g->grant)) == -1 ||
	    g->grant.kind >= GRANT_MAX || g->grant.share >= SHARES_MAX ||
	    g->grant.source[0] != '/' ||
	    memchr(g->grant.source, '\0', sizeof(g->grant.source)) == NULL) {
		free(g);
		return (-1);
	}
	g->id = imsg_get_id(imsg);
	TAILQ_FOREACH(old, &terms.granted, entry)
		if (old->grant.kind == g->grant.kind &&
		    strcmp(old->grant.source, g->grant.source) == 0)
			break;
	if (old == NULL && ngranted == GRANTS_MAX)
		old = TAILQ_FIRST(&terms.granted);
	if (old != NULL)
		terms_forget(old);
	TAILQ_INSERT_TAIL(&terms.granted, g, entry);
	ngranted++;
	return (0);
}

/* What is in one that is pinned; its number is that of those before it. */
static int
terms_piece(struct imsg *imsg)
{
	struct granted *g;
	char path[PROTECT_MAXLEN];

	if (imsg_get_string(imsg, path, sizeof(path)) == -1)
		return (-1);
	TAILQ_FOREACH(g, &terms.granted, entry)
		if (g->id == imsg_get_id(imsg) &&
		    g->grant.kind == GRANT_PINNED)
			break;
	if (g != NULL && strings_add(&g->pieces, path, strlen(path)) == -1)
		fatal("malloc");
	return (0);
}

static void
terms_forget(struct granted *g)
{
	TAILQ_REMOVE(&terms.granted, g, entry);
	strings_free(&g->pieces);
	free(g);
	ngranted--;
}

static int
terms_revoke(struct imsg *imsg)
{
	struct granted *g, *next;

	for (g = TAILQ_FIRST(&terms.granted); g != NULL; g = next) {
		next = TAILQ_NEXT(g, entry);
		if (g->id == imsg_get_id(imsg))
			terms_forget(g);
	}
	return (0);
}

static int
terms_bounds(struct imsg *imsg)
{
	struct bounds b;

	if (imsg_get_data(imsg, &b, sizeof(b)) == -1 ||
	    memchr(b.network, '\0', sizeof(b.network)) == NULL ||
	    memchr(b.runtime, '\0', sizeof(b.runtime)) == NULL ||
	    memchr(b.image, '\0', sizeof(b.image)) == NULL ||
	    !spec_network_valid(b.network))
		return (-1);
	terms.bounds = b;
	terms_mark(b.remote != 0);
	free(terms.image);
	if ((terms.image = spec_escape(b.image)) == NULL)
		fatal("malloc");
	return (0);
}
