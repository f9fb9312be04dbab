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
 * Credentials from a command, which the client runs as what it is: a process
 * of the user's.  The daemon only says which configuration it has read.  The
 * command is read from there, by ourselves, if nobody else could have written
 * it: not from the daemon, whose processes do not all have the right to run
 * something for its users, and never from the workspace.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "claudesec.h"

#define KEY_TIME	300	/* seconds: somebody may have to type */
#define OUTPUT_MAX	16384
#define OUTPUT_NAME	"the output of the command"

static int	 key_command(char *, const char *, uid_t);
static const char *key_trust(const char *, uid_t, int *);
static pid_t	 key_start(const char *, int *);
static const char *key_read(int, char *, size_t *, int);
static const char *key_wait(pid_t, char *, size_t);
static int64_t	 now_ms(void);
static void	 key_error(const char *);
static void	 key_warn(const char *);

static char	 said[TEXT_MAXLEN];

/* fd is our connection to the daemon, which tells whose it is. */
void
key_get(struct env_list *list, const char *path, int fd)
{
	char command[COMMAND_MAXLEN];
	const char *why;
	uid_t uid;
	gid_t gid;
	int inject;

	if (getpeereid(fd, &uid, &gid) == -1)
		err(EX_OSERR, "getpeereid");
	if (uid != 0 && uid != getuid())
		errx(EX_NOPERM, "the daemon is another user's, for whom no "
		    "command is run");
	inject = key_command(command, path, uid);
	if ((why = key_run(list, command, KEY_TIME, inject)) != NULL)
		errx(EX_UNAVAILABLE, "no credentials: %s", why);
}

/* Whether it is for proxyd. */
static int
key_command(char *command, const char *path, uid_t uid)
{
	struct config *c;
	const char *why;
	FILE *f;
	int fd, inject;

	fd = -1;
	if ((why = key_trust(path, uid, &fd)) != NULL)
		errx(EX_NOPERM, "%s: no command of it is run: %s", path, why);
	if ((f = fdopen(fd, "r")) == NULL)
		err(EX_NOINPUT, "%s", path);
	c = daemon_config(f, path);
	(void)fclose(f);
	if (c == NULL)
		exit(EX_CONFIG);
	(void)strlcpy(command, c->command, COMMAND_MAXLEN);
	inject = c->fixed.credentials == CREDENTIALS_INJECT;
	config_free(c);
	if (command[0] == '\0')
		errx(EX_CONFIG, "%s: it no longer names a command for "
		    "credentials: reload", path);
	return (inject);
}

/*
 * A file of the user's own, for a daemon of that user's; else of root's, as
 * is all above it.  NULL, and it is open, so that what was looked at is what
 * is read; or what is wrong.
 */
static const char *
key_trust(const char *path, uid_t uid, int *fd)
{
	char dir[PATH_MAX], *slash;
	struct stat st;

	if (path[0] != '/' || realpath(path, dir) == NULL ||
	    (*fd = open(dir, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC)) == -1 || fstat(*fd, &st) == -1)
		return (strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ("not a regular file");
	if ((st.st_uid != 0 && st.st_uid != uid) ||
	    (st.st_mode & (S_IWOTH | (uid == 0 ? S_IWGRP : 0))) != 0)
		return ("others can write to it");
	if (uid != 0 || getuid() == 0)
		return (NULL);
	while ((slash = strrchr(dir, '/')) != NULL) {
		slash[slash == dir] = '\0';
		if (lstat(dir, &st) == -1)
			return (strerror(errno));
		if (st.st_uid != 0 || ((st.st_mode & (S_IWGRP | S_IWOTH)) !=
		    0 && (st.st_mode & S_ISVTX) == 0))
			return ("others can put another one in its place");
		if (slash == dir)
			break;
	}
	return (NULL);
}

/*
 * NULL and the keys, or one line that says what is wrong, which shows nothing
 * of the output.
 */
const char *
key_run(struct env_list *list, const char *command, int seconds, int inject)
{
	static char buf[OUTPUT_MAX + 1];
	struct credentials_reader reader;
	const char *late, *why;
	size_t len;
	pid_t pid;
	int fd;

	if ((pid = key_start(command, &fd)) == -1)
		return (strerror(errno));
	late = key_read(fd, buf, &len, seconds);
	close(fd);
	if (late != NULL)
		(void)kill(pid, SIGTERM);
	why = key_wait(pid, said, sizeof(said));
	if (late != NULL)
		why = late;
	else if (len > OUTPUT_MAX)
		why = OUTPUT_NAME " is too long";
	if (why == NULL) {
		said[0] = '\0';
		reader.name = OUTPUT_NAME;
		reader.inject = inject;
		reader.error = key_error;
		reader.warn = key_warn;
		credentials_output(list, buf, len, &reader);
		if (said[0] != '\0')
			why = said;
		else if (TAILQ_EMPTY(list))
			why = OUTPUT_NAME " is empty";
	}
	explicit_bzero(buf, sizeof(buf));
	if (why != NULL)
		credentials_free(list);
	return (why);
}

/*
 * In no directory of the agent's, and with the terminal, which it may need to
 * ask for a passphrase; but what is not a terminal is for Claude Code.
 */
static pid_t
key_start(const char *command, int *fd)
{
	pid_t pid;
	int null, p[2];

	if (pipe2(p, O_CLOEXEC) == -1)
		return (-1);
	switch (pid = fork()) {
	case -1:
		close(p[0]);
		close(p[1]);
		return (-1);
	case 0:
		if (chdir("/") == -1 || dup2(p[1], STDOUT_FILENO) == -1)
			err(127, NULL);
		if (!isatty(STDIN_FILENO) &&
		    ((null = open("/dev/null", O_RDONLY)) == -1 ||
		    dup2(null, STDIN_FILENO) == -1))
			err(127, "/dev/null");
		closefrom(STDERR_FILENO + 1);
		(void)signal(SIGPIPE, SIG_DFL);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		err(127, "/bin/sh");
	}
	close(p[1]);
	*fd = p[0];
	return (pid);
}

/*
 * By read(2), as stdio would keep a copy; one byte more than may be, so that
 * it is seen.  NULL when it ended or is too long.
 */
static const char *
key_read(int fd, char *buf, size_t *len, int seconds)
{
	struct pollfd pfd;
	int64_t end, left;
	ssize_t n;

	*len = 0;
	end = now_ms() + (int64_t)seconds * 1000;
	pfd.fd = fd;
	pfd.events = POLLIN;
	while (*len <= OUTPUT_MAX) {
		if ((left = end - now_ms()) <= 0)
			return ("the command takes too long");
		if (poll(&pfd, 1, (int)left) < 1)
			continue;
		n = read(fd, buf + *len, OUTPUT_MAX + 1 - *len);
		if (n == -1 && errno != EINTR)
			return (strerror(errno));
		if (n == 0)
			return (NULL);
		if (n > 0)
			*len += (size_t)n;
	}
	return (NULL);
}

static const char *
key_wait(pid_t pid, char *text, size_t size)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return (NULL);
	if (WIFEXITED(status))
		(void)snprintf(text, size, "the command failed with status "
		    "%d", WEXITSTATUS(status));
	else
		(void)snprintf(text, size, "the command was ended by signal "
		    "%d", WTERMSIG(status));
	return (text);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(EX_OSERR, "clock_gettime");
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* The first one counts. */
static void
key_error(const char *line)
{
	if (said[0] == '\0')
		(void)strlcpy(said, line, sizeof(said));
}

static void
key_warn(const char *line)
{
	(void)line;
}
