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
 * Where Claude Code keeps a login, on the host: a directory of claudesec's own
 * in the user's home, or one that the configuration names.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

static const char *login_default(const char *, char *);
static int	 login_make(char *);
static const char *login_check(int, uid_t, char *, struct stat *);

/*
 * Before a daemon gives up the right to.  If it fails, login_dir() says so.
 */
void
login_prepare(const char *home, uid_t uid)
{
	char path[PATH_MAX];
	int fd;

	if (login_default(home, path) != NULL || login_make(path) == -1)
		return;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	if (uid != geteuid() && fchown(fd, uid, uid) == -1)
		log_warn("%s", path);
	share_prepare(home, fd, uid);
	close(fd);
}

const char *
login_dir(const char *home, const char *conf, uid_t uid, char *path,
    struct stat *st)
{
	const char *why;
	int fd, n;

	if (conf[0] == '\0') {
		if ((why = login_default(home, path)) != NULL)
			return (why);
	} else {
		n = conf[0] == '~' ? snprintf(path, PATH_MAX, "%s%s", home,
		    conf + 1) : snprintf(path, PATH_MAX, "%s", conf);
		if (n < 0 || n >= PATH_MAX)
			return (strerror(ENAMETOOLONG));
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return (strerror(errno));
	why = login_check(fd, uid, path, st);
	close(fd);
	return (why);
}

static const char *
login_default(const char *home, char *path)
{
	const char *dir;
	int n;

	if ((dir = getenv("XDG_DATA_HOME")) != NULL && dir[0] == '/')
		n = snprintf(path, PATH_MAX, "%s/claudesec/claude", dir);
	else
		n = snprintf(path, PATH_MAX,
		    "%s/.local/share/claudesec/claude", home);
	return (n < 0 || n >= PATH_MAX ? strerror(ENAMETOOLONG) : NULL);
}

/* Makes what is missing on the way. */
static int
login_make(char *path)
{
	char *p;

	for (p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST) {
			*p = '/';
			return (-1);
		}
		*p = '/';
	}
	return (mkdir(path, 0700) == -1 && errno != EEXIST ? -1 : 0);
}

/*
 * The engine goes there by the path, so it has to be the one that leads to
 * this very directory.
 */
static const char *
login_check(int fd, uid_t uid, char *path, struct stat *st)
{
	struct stat named;
	char real[PATH_MAX];

	if (fstat(fd, st) == -1)
		return (strerror(errno));
	if (st->st_uid != uid || (st->st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
	    (st->st_mode & S_IRWXU) != S_IRWXU)
		return ("not a directory that its user alone can write to");
	if (realpath(path, real) == NULL || stat(real, &named) == -1 ||
	    named.st_dev != st->st_dev || named.st_ino != st->st_ino)
		return ("not where it was; try again");
	(void)strlcpy(path, real, PATH_MAX);
	return (NULL);
}
