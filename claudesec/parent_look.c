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
 * Of the parent: the workspace process is told by us whose a directory is, not
 * by the engine process, and gets from us what an earlier daemon's session had.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"

#define APPROVED_MAX	2048	/* the oldest is forgotten */
#define NOGROUP		65534

/* a workspace, of the client of this id */
struct approved {
	TAILQ_ENTRY(approved) entry;
	uint32_t	 id;
	uid_t		 uid;
	gid_t		 gid;
	uint64_t	 dev, ino;
};

static void	 look_answer(uint32_t, int);
static void	 look_open(uint32_t, int, uid_t, gid_t, int);
static struct approved *look_find(uint32_t, int);

static TAILQ_HEAD(, approved) approved = TAILQ_HEAD_INITIALIZER(approved);
static unsigned int napproved;

void
look_approve(uint32_t id, uid_t uid, const struct workspace_answer *wa)
{
	struct approved *a;

	look_forget(id);
	if (napproved == APPROVED_MAX)
		look_forget(TAILQ_FIRST(&approved)->id);
	if ((a = calloc(1, sizeof(*a))) == NULL)
		fatal("calloc");
	a->id = id;
	a->uid = uid;
	a->gid = wa->gid;
	a->dev = wa->dev;
	a->ino = wa->ino;
	TAILQ_INSERT_TAIL(&approved, a, entry);
	napproved++;
}

void
look_forget(uint32_t id)
{
	struct approved *a;

	TAILQ_FOREACH(a, &approved, entry)
		if (a->id == id)
			break;
	if (a == NULL)
		return;
	TAILQ_REMOVE(&approved, a, entry);
	napproved--;
	free(a);
}

/* The directory of a session that begins, which we have approved. */
int
parent_handle_look(struct imsg *imsg)
{
	struct approved *a;
	uint32_t uid;
	int fd;

	if (imsg_get_data(imsg, &uid, sizeof(uid)) == -1 ||
	    (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	if ((a = look_find(uid, fd)) == NULL) {
		close(fd);
		look_answer(imsg_get_id(imsg), EPERM);
	} else
		look_open(imsg_get_id(imsg), fd, a->uid, a->gid, 0);
	return (0);
}

static struct approved *
look_find(uint32_t uid, int fd)
{
	struct approved *a;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (NULL);
	TAILQ_FOREACH(a, &approved, entry)
		if (a->uid == (uid_t)uid && a->dev == (uint64_t)st.st_dev &&
		    a->ino == (uint64_t)st.st_ino)
			break;
	return (a);
}

/*
 * That of one that an earlier daemon began.  The path and the user come from
 * the container engine; nothing is made there any more, and nobody but the
 * workspace process gets it.
 */
int
parent_handle_directory(struct imsg *imsg)
{
	struct look_adopt la;
	int fd;

	if (imsg_get_data(imsg, &la, sizeof(la)) == -1 ||
	    !imsg_is_string(la.path, sizeof(la.path)))
		return (-1);
	if ((fd = workspace_again(la.path, (uid_t)la.uid)) == -1)
		look_answer(imsg_get_id(imsg), errno);
	else
		look_open(imsg_get_id(imsg), fd, (uid_t)la.uid, NOGROUP, 1);
	return (0);
}

static void
look_answer(uint32_t id, int error)
{
	peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_DIRECTORY, id, -1, &error,
	    sizeof(error));
}

static void
look_open(uint32_t id, int fd, uid_t uid, gid_t gid, int adopt)
{
	struct workspace_open wo;

	memset(&wo, 0, sizeof(wo));
	wo.uid = uid;
	wo.gid = gid == 0 ? NOGROUP : gid;
	wo.adopt = (uint32_t)adopt;
	peer_send(proc_peer(ROLE_WORKSPACE), IMSG_WORKSPACE_OPEN, id, fd, &wo,
	    sizeof(wo));
}
