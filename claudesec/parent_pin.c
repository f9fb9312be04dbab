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
 * The parent's side of pin: which workspaces have a name of their own there,
 * and what of them has one as well, since it is mounted by itself.  Who can
 * write to a workspace may put a link in the place of what is in it at any
 * time; whoever mounts that must not go by its path.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"

#define PIECES_MAX	8192	/* of all; the kernel bounds mounts, too */

struct pinned {
	TAILQ_ENTRY(pinned) entry;
	uint32_t	 id;		/* of the workspace */
	uint32_t	 number;	/* never given twice */
	uint32_t	 npieces;
	char		 source[PATH_MAX];
};

static struct pinned *pins_find(uint32_t);
static void	 pins_send(uint32_t, uint32_t, uint32_t, int);
static void	 pins_told(uint32_t, int);

static TAILQ_HEAD(, pinned) pins = TAILQ_HEAD_INITIALIZER(pins);
static uint32_t	 last;
static unsigned int npieces;

static struct pinned *
pins_find(uint32_t id)
{
	struct pinned *p;

	TAILQ_FOREACH(p, &pins, entry)
		if (p->id == id)
			break;
	return (p);
}

static void
pins_send(uint32_t type, uint32_t number, uint32_t piece, int fd)
{
	peer_send(proc_peer(ROLE_PIN), type, number, fd, &piece,
	    sizeof(piece));
}

/*
 * The directory, which is taken over, gets a name; what that is.  A container
 * that was made for an earlier one, and is started late, must not find another
 * directory there.
 */
void
pins_add(uint32_t id, int fd, char *source, size_t size)
{
	struct pinned *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		fatal("calloc");
	p->id = id;
	if ((p->number = ++last) == 0)
		fatalx("out of numbers");
	if (pin_path(p->source, sizeof(p->source), sockpath, last) == -1 ||
	    strlcpy(source, p->source, size) >= size)
		fatalx("pin_path");
	TAILQ_INSERT_TAIL(&pins, p, entry);
	pins_send(IMSG_PARENT_PIN, p->number, 0, fd);
}

/*
 * The engine process wants a name for what is in a workspace.  It is looked
 * for below the name that this has, by no link.
 */
int
pins_piece(struct imsg *imsg)
{
	struct pinned *p;
	char path[PROTECT_MAXLEN];
	int fd;

	if (imsg_get_string(imsg, path, sizeof(path)) == -1 ||
	    !protect_valid(path) ||
	    (p = pins_find(imsg_get_id(imsg))) == NULL ||
	    p->npieces == MOUNTS_MAX)
		return (-1);
	fd = -1;
	errno = EAGAIN;
	if (npieces == PIECES_MAX ||
	    (fd = mount_find_in(p->source, path)) == -1) {
		pins_told(p->id, errno);
		return (0);
	}
	p->npieces++;
	npieces++;
	/* before its name is there: until then nothing is mounted by that */
	grant_piece(p->id, path);
	pins_send(IMSG_PARENT_PIN, p->number, p->npieces, fd);
	return (0);
}

/*
 * From pin.  1: it is that of a workspace, and not of what is in one; 0: the
 * engine process is told, or it is nobody's any more.
 */
int
pins_done(struct imsg *imsg, uint32_t *id, int *error)
{
	struct pin_answer pa;
	struct pinned *p;

	if (imsg_get_type(imsg) != IMSG_PIN_DONE ||
	    imsg_get_data(imsg, &pa, sizeof(pa)) == -1)
		return (-1);
	TAILQ_FOREACH(p, &pins, entry)
		if (p->number == imsg_get_id(imsg))
			break;
	if (p == NULL)
		return (0);
	if (pa.piece > 0)
		pins_told(p->id, pa.error);
	*id = p->id;
	*error = pa.error;
	return (pa.piece == 0);
}

static void
pins_told(uint32_t id, int error)
{
	peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_PIECE, id, -1, &error,
	    sizeof(error));
}

/* It is not to be mounted any more. */
void
pins_remove(uint32_t id)
{
	struct pinned *p;
	uint32_t i;

	if ((p = pins_find(id)) == NULL)
		return;
	for (i = 0; i <= p->npieces; i++)
		pins_send(IMSG_PARENT_UNPIN, p->number, i, -1);
	npieces -= p->npieces;
	TAILQ_REMOVE(&pins, p, entry);
	free(p);
}
