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
 * Sockets that have a path: the one that a daemon takes clients at, and what
 * listens on others.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

#define STAY_MILLIS	1000	/* a daemon that says nothing stays */
#define STAY_TRIES	20

static int	 daemon_stays(int);

/*
 * A connection, or -1 and errno.
 */
int
local_connect(int flags, const char *path)
{
	struct sockaddr_un sun;
	int error, fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags,
	    0)) == -1)
		return (-1);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		error = errno;
		close(fd);
		errno = error;
		return (-1);
	}
	return (fd);
}

/*
 * Does this daemon stay?  One that was killed may be still about to end, and
 * hangs up then.
 */
static int
daemon_stays(int fd)
{
	struct pollfd pfd;

	pfd.fd = fd;
	pfd.events = POLLIN;
	return (poll(&pfd, 1, STAY_MILLIS) == 0);
}

/*
 * A socket that nobody answers on was left by a daemon that was killed.
 */
int
daemon_listen(const char *path, int others, char real[PATH_MAX])
{
	struct sockaddr_un sun;
	mode_t mask;
	int fd, n;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		errx(EX_USAGE, "%s: name too long for a socket", path);
	for (n = 0;; n++) {
		if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0)) == -1)
			err(EX_OSERR, "socket");
		if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 &&
		    errno != EAGAIN)
			break;
		if (n == STAY_TRIES || daemon_stays(fd))
			errx(EX_UNAVAILABLE, "%s: another daemon is there",
			    path);
		close(fd);
	}
	if (errno == ECONNREFUSED && unlink(path) == -1)
		err(EX_CANTCREAT, "%s", path);
	/* who has no permit is told so */
	mask = umask(others ? 0111 : 0177);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(EX_CANTCREAT, "%s", path);
	(void)umask(mask);
	if (listen(fd, SOMAXCONN) == -1)
		err(EX_OSERR, "listen");
	if (realpath(path, real) == NULL)
		err(EX_OSERR, "%s", path);
	return (fd);
}
