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
 * The pin process, of a system daemon only.  It gives a directory that the
 * parent has approved, and what of it is mounted by itself, a name that only
 * root can change, so that what the container engine is told to mount is that
 * very directory or file.  It sees nothing but the directory that these names
 * are in, and keeps of root's rights the one to mount.  It takes descriptors
 * and numbers, from the parent alone.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

static void	 pin_started(void);
static int	 pin_dispatch(struct peer *, struct imsg *);
static int	 pin_handle_name(struct imsg *);
static int	 pin_handle_pin(struct peer *, struct imsg *);
static int	 pin_handle_unpin(struct imsg *);
static void	 pin_number(char *, size_t, uint32_t, uint32_t);
static void	 pin_name(char *, size_t, const char *);
static void	 pin_exit(void);
static void	 pin_clear(void);

static char	 directory[PATH_MAX + 1];	/* our own, in PIN_DIR */

void
pin(void)
{
	if (mount_init(PIN_DIR) == -1)
		fatal("%s", PIN_DIR);
	/*
	 * rpath: what an earlier daemon left is looked for; wpath and cpath: a
	 * file, for names of files; cpath: names; recvfd: the channel; mount:
	 * what we are for
	 */
	if (pledge("stdio rpath wpath cpath recvfd mount", NULL) == -1)
		fatal("pledge");
	proc_loop(pin_dispatch, pin_started);
}

static void
pin_started(void)
{
	/* recvfd: directories; cpath and mount: their names */
	if (pledge("stdio cpath recvfd mount", NULL) == -1)
		fatal("pledge");
}

static int
pin_dispatch(struct peer *p, struct imsg *imsg)
{
	if (p->role != ROLE_PARENT)
		return (-1);
	switch (imsg_get_type(imsg)) {
	case IMSG_PARENT_NAME:
		return (pin_handle_name(imsg));
	case IMSG_PARENT_PIN:
		return (pin_handle_pin(p, imsg));
	case IMSG_PARENT_UNPIN:
		return (pin_handle_unpin(imsg));
	default:
		return (-1);
	}
}

/*
 * A daemon's directory has the name of its control socket.  What is in there
 * was left by one that was killed; sessions that run do not need it.
 */
static int
pin_handle_name(struct imsg *imsg)
{
	char name[PATH_MAX], path[PATH_MAX];

	if (imsg_get_string(imsg, path, sizeof(path)) == -1 ||
	    path[0] != '/' || directory[0] != '\0')
		return (-1);
	pin_name(name, sizeof(name), path);
	(void)snprintf(directory, sizeof(directory), "/%s", name);
	if (mkdir(directory, 0700) == -1 && errno != EEXIST)
		fatal("mkdir %s", directory);
	if (chdir(directory) == -1)
		fatal("chdir %s", directory);
	pin_clear();
	if (mount_prepare() == -1)
		fatal("%s", directory);
	if (atexit(pin_exit) != 0)
		fatalx("atexit");
	return (0);
}

/* If there are names in it they stay for the next daemon to remove. */
static void
pin_exit(void)
{
	mount_finish();
	(void)rmdir(directory);
}

static void
pin_name(char *name, size_t size, const char *path)
{
	char *p;

	(void)strlcpy(name, path + 1, size);
	for (p = name; *p != '\0'; p++)
		if (*p == '/')
			*p = '%';
	if (name[0] == '.')
		name[0] = '%';
}

int
pin_path(char *buf, size_t size, const char *path, uint32_t id)
{
	char name[PATH_MAX];
	int n;

	pin_name(name, sizeof(name), path);
	n = snprintf(buf, size, "%s/%s/%u", PIN_DIR, name, id);
	return (n < 0 || (size_t)n >= size ? -1 : 0);
}

static void
pin_clear(void)
{
	struct dirent *de;
	DIR *dir;

	if ((dir = opendir(".")) == NULL)
		fatal("opendir");
	while ((de = readdir(dir)) != NULL)
		if (de->d_name[0] >= '0' && de->d_name[0] <= '9' &&
		    mount_remove(de->d_name) == -1)
			log_warn("cannot remove what is left: %s", de->d_name);
	(void)closedir(dir);
}

static void
pin_number(char *name, size_t size, uint32_t id, uint32_t piece)
{
	if (piece == 0)
		(void)snprintf(name, size, "%u", id);
	else
		(void)snprintf(name, size, "%u.%u", id, piece);
}

static int
pin_handle_pin(struct peer *p, struct imsg *imsg)
{
	struct pin_answer pa;
	char name[32];
	int fd;

	memset(&pa, 0, sizeof(pa));
	if (imsg_get_data(imsg, &pa.piece, sizeof(pa.piece)) == -1 ||
	    (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	pin_number(name, sizeof(name), imsg_get_id(imsg), pa.piece);
	if (mount_bind(fd, name) == -1) {
		pa.error = errno;
		(void)mount_remove(name);
	}
	close(fd);
	peer_send(p, IMSG_PIN_DONE, imsg_get_id(imsg), -1, &pa, sizeof(pa));
	return (0);
}

static int
pin_handle_unpin(struct imsg *imsg)
{
	uint32_t piece;
	char name[32];

	if (imsg_get_data(imsg, &piece, sizeof(piece)) == -1)
		return (-1);
	pin_number(name, sizeof(name), imsg_get_id(imsg), piece);
	/* it may have failed */
	if (mount_remove(name) == -1 && errno != ENOENT)
		log_warn("cannot remove %s", name);
	return (0);
}
