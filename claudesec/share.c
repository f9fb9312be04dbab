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
 * What of the user's own Claude Code a session may see: a few names in
 * ~/.claude, and never its login, its history or another's file.  The parent
 * looks at them, as the user and by descriptors; what it says of each is who
 * it is, and inside(1) sees that it is this which was mounted.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

#define SHARE_DIR	".claude"
#define SHARE_EMPTY	"{}\n"	/* settings that say nothing */

static const char *share_directory(const char *, uid_t, char *, int *);
static int	 share_open(int, const struct share *, uid_t, struct stat *,
		    const char **);
static const char *share_place(const char *, const struct share *);
static int	 share_make(int, const struct share *);

/*
 * The one of this number for a session of this user's, which may have a
 * directory for its login that it is mounted in.  1: there is one; 0: there is
 * none, or it cannot be, and why is set.
 */
int
share_look(size_t i, const char *home, uid_t uid, const char *login,
    struct share_answer *sa, const char **why)
{
	struct stat st;
	int dir, fd;

	memset(sa, 0, sizeof(*sa));
	sa->share = (uint32_t)i;
	if ((*why = share_directory(home, uid, sa->path, &dir)) != NULL ||
	    dir == -1)
		return (0);
	fd = share_open(dir, &shares[i], uid, &st, why);
	close(dir);
	if (fd == -1)
		return (0);
	close(fd);
	sa->dev = (uint64_t)st.st_dev;
	sa->ino = (uint64_t)st.st_ino;
	if (login[0] != '\0' &&
	    (*why = share_place(login, &shares[i])) != NULL)
		return (0);
	return (1);
}

/* -1: it is not there, which is no error. */
static const char *
share_directory(const char *home, uid_t uid, char *path, int *dir)
{
	struct stat st;
	int n;

	n = snprintf(path, PATH_MAX, "%s/" SHARE_DIR, home);
	if (n < 0 || n >= PATH_MAX)
		return (strerror(ENAMETOOLONG));
	*dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*dir == -1)
		return (errno == ENOENT ? NULL : strerror(errno));
	if (fstat(*dir, &st) == 0 && st.st_uid == uid)
		return (NULL);
	close(*dir);
	return ("not the user's own");
}

static int
share_open(int dir, const struct share *s, uid_t uid, struct stat *st,
    const char **why)
{
	int fd;

	fd = openat(dir, s->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ELOOP)
			*why = "a symbolic link";
		else if (errno != ENOENT)
			*why = strerror(errno);
		return (-1);
	}
	if (fstat(fd, st) == -1)
		*why = strerror(errno);
	else if (st->st_uid != uid)
		*why = "not the user's own";
	else if (s->directory ? !S_ISDIR(st->st_mode) : !S_ISREG(st->st_mode))
		*why = s->directory ? "not a directory" : "not a regular file";
	/* a link may have been made to what is not for sharing */
	else if (!s->directory && st->st_nlink != 1)
		*why = "has another name, too";
	else
		return (fd);
	close(fd);
	return (-1);
}

/*
 * Sessions that have the login's directory write in it, so what is to be
 * mounted on need not be what it seems.
 */
static const char *
share_place(const char *login, const struct share *s)
{
	const char *why;
	struct stat st;
	int dir;

	dir = open(login, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1)
		return (strerror(errno));
	why = NULL;
	if (fstatat(dir, s->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		why = errno == ENOENT ? "nothing in the directory of the "
		    "login to mount it on; make it there" : strerror(errno);
	else if (s->directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		why = "another kind of thing in the directory of the login";
	close(dir);
	return (why);
}

/*
 * Before a daemon gives up the right to: makes what the user's own things can
 * be mounted on, in the directory of a login and for who has this uid.
 */
void
share_prepare(const char *home, int login, uid_t uid)
{
	struct stat st;
	const char *why;
	char path[PATH_MAX];
	size_t i;
	int dir, fd;

	if (share_directory(home, geteuid(), path, &dir) != NULL || dir == -1)
		return;
	for (i = 0; i < SHARES_MAX; i++) {
		fd = share_open(dir, &shares[i], geteuid(), &st, &why);
		if (fd == -1)
			continue;
		close(fd);
		if ((fd = share_make(login, &shares[i])) == -1) {
			if (errno != EEXIST)
				log_warn("%s", shares[i].name);
			continue;
		}
		if (uid != geteuid() && fchown(fd, uid, uid) == -1)
			log_warn("%s", shares[i].name);
		close(fd);
	}
	close(dir);
}

static int
share_make(int dir, const struct share *s)
{
	int fd;

	if (s->directory) {
		if (mkdirat(dir, s->name, 0700) == -1)
			return (-1);
		return (openat(dir, s->name, O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC));
	}
	fd = openat(dir, s->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	/* Claude Code complains of settings that are no JSON */
	if (fd != -1 && strcmp(s->name, "settings.json") == 0)
		(void)write(fd, SHARE_EMPTY, strlen(SHARE_EMPTY));
	return (fd);
}
