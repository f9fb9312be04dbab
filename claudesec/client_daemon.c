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
 *
 * A private daemon keeps the container engine that its environment named.  It
 * notes that in its lock file, and whether it has anything to do, for clients
 * whose environment names another one.
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
#include <time.h>
#include <unistd.h>

#include "claudesec.h"

#define STARTS_MAX	3
#define NOTE_SIZE	1024
#define IN_USE		"+"	/* what a note begins with */
#define IDLE		"-"
#define LEAVE_TRIES	600	/* for an idle daemon to end, in TICKs */
#define USE_TRIES	20	/* for one that another client looks at */
#define TICK		100000000	/* nanoseconds */

static void	 private_path(char *, size_t);
static void	 private_directory(const char *);
static int	 private_daemon(const char *);
static void	 leave_engine(const char *);
static void	 note_text(char [NOTE_SIZE]);
static void	 note_read(const char *, char [NOTE_SIZE]);
static void	 lock_path(char [PATH_MAX], const char *);

static char	 daemon_path[PATH_MAX];	/* of the last one found */
static int	 is_private;
static int	 note_fd = -1;		/* of the daemon that we are */

/*
 * The path is that of -s, or NULL.  Where something is to be made that is on a
 * container engine, it has to be that of our environment.
 */
int
find_daemon(const char *asked, int makes)
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
	if (makes)
		leave_engine(path);
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

	lock_path(lock, path);
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

/*
 * Another engine's daemon, with nothing to do, will be gone soon.
 */
static void
leave_engine(const char *path)
{
	static const struct timespec tick = { 0, TICK };
	char noted[NOTE_SIZE], ours[NOTE_SIZE];
	int fd, n, used;

	note_text(ours);
	for (n = used = 0; n < LEAVE_TRIES && used < USE_TRIES; n++) {
		note_read(path, noted);
		if (noted[0] == '\0' || strcmp(noted + 1, ours) == 0 ||
		    (fd = client_connect(path)) == -1)
			return;
		close(fd);
		used += noted[0] == IN_USE[0];
		(void)nanosleep(&tick, NULL);
	}
	text_clean(noted);
	errx(EX_UNAVAILABLE, "your daemon is in use, and found its container "
	    "engine with%s: do likewise, or end its sessions by "
	    "claudesec stop -a", noted + 1);
}

/* What of our environment names the engine. */
static void
note_text(char text[NOTE_SIZE])
{
	const char *name, *value;

	name = "DOCKER_HOST";
	if ((value = getenv(name)) == NULL || value[0] == '\0') {
		name = "DOCKER_CONTEXT";
		value = getenv(name);
	}
	if (value == NULL || value[0] == '\0')
		(void)strlcpy(text, "out DOCKER_HOST", NOTE_SIZE);
	else
		(void)snprintf(text, NOTE_SIZE, " %s=%.900s", name, value);
}

static void
note_read(const char *path, char note[NOTE_SIZE])
{
	char lock[PATH_MAX];
	ssize_t n;
	int fd;

	lock_path(lock, path);
	note[0] = '\0';
	fd = open(lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return;
	if ((n = read(fd, note, NOTE_SIZE - 1)) == -1)
		n = 0;
	note[n] = '\0';
	close(fd);
}

static void
lock_path(char lock[PATH_MAX], const char *path)
{
	int n;

	n = snprintf(lock, PATH_MAX, "%s.lock", path);
	if (n < 0 || n >= PATH_MAX)
		errx(EX_CANTCREAT, "%s: %s", path, strerror(ENAMETOOLONG));
}

/* Of the daemon, before the sandbox: a note of another one's is void. */
void
daemon_note_open(const char *path)
{
	char lock[PATH_MAX];

	lock_path(lock, path);
	note_fd = open(lock, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (note_fd != -1 && ftruncate(note_fd, 0) == -1)
		err(EX_IOERR, "%s", lock);
}

/* Does it follow its environment, or is the configuration's word the last? */
void
daemon_note(int follows)
{
	char text[NOTE_SIZE];

	if (note_fd == -1)
		return;
	note_text(text);
	if (follows && pwrite(note_fd, text, strlen(text), 1) == -1)
		log_warn("the note of the container engine");
	if (!follows) {
		(void)ftruncate(note_fd, 0);
		close(note_fd);
		note_fd = -1;
	}
}

void
daemon_note_use(int used)
{
	if (note_fd != -1 && pwrite(note_fd, used ? IN_USE : IDLE, 1, 0) == -1)
		log_warn("the note of the container engine");
}
