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
 * Placeholders: what does not exist cannot be made by the agent if it exists.
 * They are empty directories, which git and most others do not see, or empty
 * files where git would read them, and are known by a mode that nobody else
 * gives, from the moment that they are there.  Sessions that have one hold a
 * lock on it; the last one removes it.  What a session could not remove, the
 * next one in the same directory does.
 */

#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "workspace.h"

#define DIRECTORY_MODE	01555
#define FILE_MODE	01444
#define COMMON_LOCK	".lock"	/* of commondir, as git's own are called */
#define COMMON_TEXT	".\n"	/* the directory itself */
#define TRIES		10

static int	 place_is_empty(int);
static int	 place_is_text(int);
static int	 place_one(struct mount *, int);
static int	 place_create(int, const char *, enum kind);
static int	 place_common(int, const char *);
static int	 place_lock(int, const char *, int *);

/* Is this one, by its mode?  An agent can give that to what is its own. */
int
place_is(const struct stat *st)
{
	mode_t mode;

	/* a directory has this of the one that it is in */
	mode = st->st_mode & (07777 & ~(mode_t)S_ISGID);
	if (st->st_uid != geteuid())
		return (0);
	if (S_ISDIR(st->st_mode))
		return (mode == DIRECTORY_MODE);
	return (S_ISREG(st->st_mode) && mode == FILE_MODE &&
	    st->st_size <= (off_t)strlen(COMMON_TEXT));
}

/* Nothing is in it either, so that it is nothing of anybody's. */
int
place_is_at(int dir, const char *name, const struct stat *st)
{
	int fd;

	if (!place_is(st) || (fd = openat(dir, name, O_RDONLY | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) == -1)
		return (0);
	return (S_ISDIR(st->st_mode) ? place_is_empty(fd) :
	    place_is_text(fd));
}

/* The descriptor is closed. */
static int
place_is_empty(int fd)
{
	struct dirent *d;
	DIR *dir;
	int empty;

	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return (0);
	}
	for (empty = 1; empty && (d = readdir(dir)) != NULL; )
		empty = strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0;
	(void)closedir(dir);
	return (empty);
}

/* Two bytes can name a directory, where git reads which one that is. */
static int
place_is_text(int fd)
{
	char buf[sizeof(COMMON_TEXT)];
	ssize_t n;

	n = read(fd, buf, sizeof(buf));
	close(fd);
	return (n == 0 || (n == sizeof(COMMON_TEXT) - 1 &&
	    memcmp(buf, COMMON_TEXT, sizeof(COMMON_TEXT) - 1) == 0));
}

/*
 * Makes what is absent, and says of all what it is.
 */
void
place_make(struct ws *ws)
{
	struct mount *m;
	struct stat st;
	size_t i, n;

	for (i = n = 0; i < ws->nmounts; i++) {
		m = &ws->mounts[i];
		if (m->covered) {
			if (m->absent && place_one(m, 0) == 0)
				ws->mounts[n++] = *m;
			continue;
		}
		if (m->absent && place_one(m, 1) == -1) {
			/* where we cannot make it, the agent cannot */
			if (errno == EACCES || errno == EPERM ||
			    errno == EROFS)
				continue;
			look_fail(ws, "%s: %s", m->path, strerror(errno));
		}
		if (look_stat(m->path, &st) == -1) {
			look_fail(ws, "%s: %s", m->path, strerror(errno));
			break;
		}
		m->dev = st.st_dev;
		m->ino = st.st_ino;
		ws->mounts[n++] = *m;
	}
	ws->nmounts = n;
}

/*
 * Locks those that there are already.
 */
void
place_adopt(struct ws *ws)
{
	size_t i;

	for (i = 0; i < ws->nmounts; i++)
		if (ws->mounts[i].absent)
			(void)place_one(&ws->mounts[i], 0);
}

static int
place_one(struct mount *m, int make)
{
	const char *name;
	int dir, error, tries;

	if ((dir = look_open(m->path, &name)) == -1)
		return (-1);
	error = -1;
	for (tries = 0; error == -1 && tries < TRIES; tries++) {
		if (make && place_create(dir, name, m->kind) == -1 &&
		    errno != EEXIST)
			break;
		/* the session that had it may just remove it */
		if ((error = place_lock(dir, name, &m->lock)) == -1 &&
		    errno != ENOENT)
			break;
	}
	/* somebody has made the real one meanwhile */
	if (error == 0 && m->lock == -1)
		m->absent = 0;
	tries = errno;
	close(dir);
	errno = tries;
	return (error);
}

static int
place_create(int dir, const char *name, enum kind kind)
{
	struct stat st;
	int fd;

	switch (kind) {
	case KIND_DIRECTORY:
		if (mkdirat(dir, name, DIRECTORY_MODE) == -1)
			return (-1);
		/* the directory that it is in may have rules for that */
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(st.st_mode) && !place_is(&st))
			return (fchmodat(dir, name, DIRECTORY_MODE, 0));
		return (0);
	case KIND_COMMON:
		return (place_common(dir, name));
	default:
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
		if (fd == -1)
			return (-1);
		(void)fchmod(fd, FILE_MODE);
		close(fd);
		return (0);
	}
}

/* At no time may git see it without what is in it. */
static int
place_common(int dir, const char *name)
{
	char lock[PROTECT_MAXLEN];
	int error, fd;

	(void)snprintf(lock, sizeof(lock), "%s" COMMON_LOCK, name);
	(void)unlinkat(dir, lock, 0);
	fd = openat(dir, lock, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, FILE_MODE);
	if (fd == -1)
		return (-1);
	(void)fchmod(fd, FILE_MODE);
	error = write(fd, COMMON_TEXT, strlen(COMMON_TEXT)) == -1 ? -1 :
	    linkat(dir, lock, dir, name, 0);
	close(fd);
	(void)unlinkat(dir, lock, 0);
	return (error);
}

/*
 * 0, and the lock, or -1 for the lock if it is not one of ours.
 */
static int
place_lock(int dir, const char *name, int *lock)
{
	struct stat sd, sn;
	int fd;

	*lock = -1;
	if (fstatat(dir, name, &sn, AT_SYMLINK_NOFOLLOW) == -1)
		return (-1);
	if (!place_is(&sn))
		return (0);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1)
		return (-1);
	if (flock(fd, LOCK_SH) == -1 || fstat(fd, &sd) == -1 ||
	    fstatat(dir, name, &sn, AT_SYMLINK_NOFOLLOW) == -1) {
		close(fd);
		return (-1);
	}
	if (sd.st_dev != sn.st_dev || sd.st_ino != sn.st_ino) {
		close(fd);
		errno = ENOENT;
		return (-1);
	}
	*lock = fd;
	return (0);
}

/*
 * Removes those that nobody else has, the last one first.
 */
void
place_remove(struct ws *ws)
{
	struct mount *m;
	struct stat sd, sn;
	const char *name;
	size_t i;
	int dir;

	for (i = ws->nmounts; i-- > 0; ) {
		m = &ws->mounts[i];
		if (!m->absent || m->lock == -1)
			continue;
		if (flock(m->lock, LOCK_EX | LOCK_NB) == 0 &&
		    fstat(m->lock, &sd) == 0 && place_is(&sd) &&
		    (dir = look_open(m->path, &name)) != -1) {
			if (fstatat(dir, name, &sn, AT_SYMLINK_NOFOLLOW) ==
			    0 && sn.st_dev == sd.st_dev &&
			    sn.st_ino == sd.st_ino)
				(void)unlinkat(dir, name,
				    S_ISDIR(sd.st_mode) ? AT_REMOVEDIR : 0);
			close(dir);
		}
		close(m->lock);
		m->lock = -1;
	}
}
