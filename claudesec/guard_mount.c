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
 * What of the host's a container may mount.  Pure.
 */

#include <sys/types.h>

#include <stdio.h>
#include <string.h>

#include "guard.h"

static int	 is_whose(const struct grant *, const struct guard_case *);
static int	 is_it(const char *, const struct grant *, const char *);
static int	 is_within(const char *, const struct grant *, const char *);
static int	 is_piece(const char *, const struct granted *, const char *);

/* clang-format off */
/* where in a container it is, by its kind, and how */
static const struct {
	const char	*target;
	int		 within;	/* what is in it as well */
	int		 readonly;	/* it must be */
} kinds[GRANT_MAX] = {
	[GRANT_WORKSPACE] = { AGENT_WORKSPACE, 1, 0 },
	[GRANT_PINNED] = { AGENT_WORKSPACE, 0, 0 },
	[GRANT_LOGIN] = { AGENT_CONFIG, 0, 0 },
	[GRANT_SHARE] = { AGENT_CONFIG, 0, 1 }
};
/* clang-format on */

/*
 * What the parent has found to be somebody's, in a container of that user's,
 * in its place.
 */
int
guard_bind(const char *source, const char *target, int readonly, int alone,
    struct guard_case *c)
{
	const struct granted *g;

	TAILQ_FOREACH(g, &c->terms->granted, entry) {
		if (!is_whose(&g->grant, c))
			continue;
		/* what is mounted in it would not be read-only */
		if (kinds[g->grant.kind].readonly && (!readonly || !alone))
			continue;
		if (is_it(source, &g->grant, target)) {
			if (g->grant.kind == GRANT_WORKSPACE ||
			    g->grant.kind == GRANT_PINNED)
				c->workspaces++;
			break;
		}
		if (kinds[g->grant.kind].within &&
		    is_within(source, &g->grant, target))
			break;
		if (is_piece(source, g, target))
			break;
	}
	/* who runs in a workspace can change what is in it */
	return (g != NULL && (g->grant.kind != GRANT_WORKSPACE ||
	    strings_add(&c->sources, source, strlen(source)) == 0));
}

/* How names are found in one of podman's: files of the installation. */
int
guard_names(const char *source, const char *target, int readonly)
{
	return (readonly && ((strcmp(target, AGENT_RESOLV) == 0 &&
	    strcmp(source, DATADIR "/resolv.conf") == 0) ||
	    (strcmp(target, AGENT_HOSTS) == 0 &&
	    strcmp(source, DATADIR "/hosts") == 0)));
}

/*
 * An engine of a user's own has that user for root; of one elsewhere the other
 * end is a process of ours, which says nothing.
 */
static int
is_whose(const struct grant *g, const struct guard_case *c)
{
	char user[32];

	if (c->engine != 0 && c->engine == g->uid &&
	    !c->terms->bounds.remote && strcmp(c->user, "0:0") == 0)
		return (1);
	(void)snprintf(user, sizeof(user), "%u:%u", g->uid, g->gid);
	return (strcmp(user, c->user) == 0);
}

static int
is_it(const char *source, const struct grant *g, const char *target)
{
	const char *place;
	size_t len;

	place = kinds[g->kind].target;
	len = strlen(place);
	if (strcmp(source, g->source) != 0)
		return (0);
	if (g->kind != GRANT_SHARE)
		return (strcmp(target, place) == 0);
	return (strncmp(target, place, len) == 0 && target[len] == '/' &&
	    strcmp(target + len + 1, shares[g->share].name) == 0);
}

/* Something in it that is pinned as well, by the name that it has for that. */
static int
is_piece(const char *source, const struct granted *g, const char *target)
{
	char name[PATH_MAX];
	const char *place;
	size_t i, len;
	int n;

	place = kinds[g->grant.kind].target;
	len = strlen(place);
	if (strncmp(target, place, len) != 0 || target[len] != '/')
		return (0);
	for (i = 0; i < g->pieces.n; i++) {
		if (strcmp(g->pieces.v[i], target + len + 1) != 0)
			continue;
		n = snprintf(name, sizeof(name), "%s.%zu", g->grant.source,
		    i + 1);
		if (n > 0 && (size_t)n < sizeof(name) &&
		    strcmp(source, name) == 0)
			return (1);
	}
	return (0);
}

/* Something in it, which must not lead out again. */
static int
is_within(const char *source, const struct grant *g, const char *target)
{
	const char *place, *p;
	size_t len, n;

	place = kinds[g->kind].target;
	len = strlen(g->source);
	n = strlen(place);
	if (strncmp(source, g->source, len) != 0 || source[len] != '/' ||
	    strncmp(target, place, n) != 0 ||
	    strcmp(source + len, target + n) != 0)
		return (0);
	for (p = source + len; *p == '/'; p += n) {
		p++;
		n = strcspn(p, "/");
		if (n == 0 || (n == 1 && p[0] == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return (0);
	}
	return (1);
}
