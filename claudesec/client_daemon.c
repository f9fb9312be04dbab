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
 * Finds a daemon: the one asked for, or the system's, or this user's own,
 * which is started when it is not there; and, when that is gone, the next.
 */

#include <sys/types.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

#define STARTS_MAX	3

static void	 private_path(char *, size_t);
static void	 private_directory(const char *);
static int	 private_daemon(const char *);

static char	 daemon_path[PATH_MAX];	/* of the last one found */
static int	 is_private;

/* The path is that of -s, or NULL. */
int
find_daemon(const char *asked)
{
	char path[PATH_MAX];
	int fd;

	is_private = 0;
	if (asked != NULL) {
		if ((fd = client_connect(asked)) == -1)
			err(EX_UNAVAILABLE, "%s", asked);
		return (fd);
	}
	if ((fd = client_connect(CLAUDESEC_SOCKET)) != -1)
		return (fd);
	is_private = 1;
	private_path(path, sizeof(path));
	if ((fd = client_connect(path)) != -1)
		return (fd);
	return (private_daemon(path));
}

const char *
found_daemon(void)
{
	return (daemon_path);
}

/*
 * Where the last one was.  Only a private one is ours to start.
 */
int
find_next_daemon(int start)
{
	int fd;

	if ((fd = client_connect(daemon_path)) != -1 || !is_private || !start)
		return (fd);
	return (private_daemon(daemon_path));
}

int
client_connect(const char *path)
{
	int fd;

	if ((fd = local_connect(0, path)) != -1 && path != daemon_path)
		(void)strlcpy(daemon_path, path, sizeof(daemon_path));
	return (fd);
}

/*
 * su(1) leaves another user's XDG_RUNTIME_DIR behind.
 */
static void
private_path(char *path, size_t size)
{
	const char *dir;
	struct stat st;
	int n;

	dir = getenv("XDG_RUNTIME_DIR");
	if (dir != NULL && dir[0] == '/' && stat(dir, &st) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_uid == getuid())
		n = snprintf(path, size, "%s/claudesec", dir);
	else
		n = snprintf(path, size, "/tmp/claudesec-%u",
		    (unsigned int)getuid());
	if (n < 0 || (size_t)n >= size)
		errx(EX_USAGE, "XDG_RUNTIME_DIR: %s", strerror(ENAMETOOLONG));
	private_directory(path);
	if (strlcat(path, "/sock", size) >= size)
		errx(EX_USAGE, "XDG_RUNTIME_DIR: %s", strerror(ENAMETOOLONG));
}

/*
 * In /tmp anybody may have been there first.
 */
static void
private_directory(const char *path)
{
	struct stat st;

	if ((mkdir(path, 0700) == -1 && errno != EEXIST) ||
	    lstat(path, &st) == -1)
		err(EX_CANTCREAT, "%s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != getuid() ||
	    (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		errx(EX_NOPERM, "%s: not a directory of mode 0700 that is "
		    "yours", path);
}

/*
 * The lock lets one of several clients start the daemon; the others find it.
 */
static int
private_daemon(const char *path)
{
	char lock[PATH_MAX];
	int fd, n, s, status;

	n = snprintf(lock, sizeof(lock), "%s.lock", path);
	if (n < 0 || (size_t)n >= sizeof(lock))
		errx(EX_CANTCREAT, "%s: %s", path, strerror(ENAMETOOLONG));
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		err(EX_CANTCREAT, "%s", lock);
	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR)
			err(EX_OSERR, "%s", lock);
	/* one that waited in vain, as while we were stopped, has ended */
	for (n = 0; (s = client_connect(path)) == -1; n++) {
		if (n == STARTS_MAX)
			err(EX_UNAVAILABLE, "%s", path);
		if ((status = daemon_private(path)) != 0)
			exit(status);
	}
	close(fd);
	return (s);
}
