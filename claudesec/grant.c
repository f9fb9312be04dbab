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
 * What the parent tells guard: which directories it has found to be somebody's
 * workspace, and what the configuration has to say of containers.  None of it
 * goes by way of the engine process.
 */

#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claudesec.h"

static void	 grant_send(uint32_t, uint32_t, int, const void *, size_t);
static void	 grant_source(uint32_t, struct grant *,
		    const struct workspace_answer *);

static void
grant_send(uint32_t type, uint32_t id, int fd, const void *data, size_t len)
{
	peer_send(proc_peer(ROLE_GUARD), type, id, fd, data, len);
}

void
grant_workspace(uint32_t id, const struct workspace_answer *wa)
{
	struct grant g;

	memset(&g, 0, sizeof(g));
	g.kind = strcmp(wa->source, wa->path) == 0 ? GRANT_WORKSPACE :
	    GRANT_PINNED;
	(void)strlcpy(g.source, wa->source, sizeof(g.source));
	grant_source(id, &g, wa);
	if (wa->login[0] == '\0')
		return;
	g.kind = GRANT_LOGIN;
	(void)strlcpy(g.source, wa->login, sizeof(g.source));
	grant_source(id, &g, wa);
}

void
grant_share(uint32_t id, const struct share_answer *sa,
    const struct workspace_answer *wa)
{
	struct grant g;
	int n;

	memset(&g, 0, sizeof(g));
	g.kind = GRANT_SHARE;
	g.share = sa->share;
	n = snprintf(g.source, sizeof(g.source), "%s/%s", sa->path,
	    shares[sa->share].name);
	if (n > 0 && (size_t)n < sizeof(g.source))
		grant_source(id, &g, wa);
}

static void
grant_source(uint32_t id, struct grant *g, const struct workspace_answer *wa)
{
	g->uid = wa->uid;
	g->gid = wa->gid;
	grant_send(IMSG_PARENT_GRANT, id, -1, g, sizeof(*g));
}

void
grant_piece(uint32_t id, const char *path)
{
	grant_send(IMSG_PARENT_GRANTPIECE, id, -1, path, strlen(path));
}

/* What it was mounted by has no name any more. */
void
grant_revoke(uint32_t id)
{
	grant_send(IMSG_PARENT_REVOKE, id, -1, NULL, 0);
}

void
grant_bounds(const struct conf_fixed *f)
{
	struct bounds b;

	memset(&b, 0, sizeof(b));
	(void)strlcpy(b.network, f->network, sizeof(b.network));
	(void)strlcpy(b.runtime, f->runtime, sizeof(b.runtime));
	(void)strlcpy(b.image, f->image, sizeof(b.image));
	b.remote = (uint32_t)remote_is(f->engine);
	grant_send(IMSG_PARENT_BOUNDS, 0, -1, &b, sizeof(b));
}

/* The one that the engine process gets, too; -1: it is not there. */
void
grant_seccomp(int fd)
{
	struct file_answer fa;

	if (fd == -1)
		return;
	memset(&fa, 0, sizeof(fa));
	fa.file = FILE_SECCOMP;
	grant_send(IMSG_PARENT_FILE, 0, fd, &fa, sizeof(fa));
}

/*
 * All that guard asks, of what is not pinned: does a path lead where its names
 * say?  Who can write to a workspace could have put a link in the place of what
 * is in it.
 */
int
grant_look(struct peer *p, struct imsg *imsg)
{
	char path[PATH_MAX], real[PATH_MAX];
	int error;

	(void)p;
	if (imsg_get_type(imsg) != IMSG_GUARD_LOOK ||
	    imsg_get_string(imsg, path, sizeof(path)) == -1)
		return (-1);
	error = 0;
	if (path[0] != '/' || realpath(path, real) == NULL)
		error = path[0] != '/' ? EINVAL : errno;
	else if (strcmp(path, real) != 0)
		error = ELOOP;
	grant_send(IMSG_PARENT_LOOKED, imsg_get_id(imsg), -1, &error,
	    sizeof(error));
	return (0);
}
