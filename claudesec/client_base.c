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
 * The base image, for a client that builds.  Its script needs all of the
 * user's rights, when the client has none any more, so a helper is started
 * before and waits for the word.  The pipe that the image goes through ends
 * when the helper saw the script succeed.  If it fails, the client's
 * connection ends first, and the daemon can tell that what came is not all.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

#define BASE_PROGRAM	DATADIR "/base.sh"
#define BASE_MILLIS	300	/* for the daemon to say it first */

static __dead void base_helper(int, int);
static int	 base_run(int);
static void	 base_ended(int, short, void *);
static void	 base_failed(int, short, void *);

/* the helper, and the pipe that its script writes to */
static int	 base_fd = -1, base_tar = -1, base_status;
static struct peer *base_peer;
static struct event base_ev, base_timer;

void
base_prepare(void)
{
	int p[2], s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) == -1)
		err(EX_OSERR, "socketpair");
	if (pipe2(p, O_CLOEXEC) == -1)
		err(EX_OSERR, "pipe");
	switch (fork()) {
	case -1:
		err(EX_OSERR, "fork");
	case 0:
		close(s[0]);
		close(p[0]);
		base_helper(s[1], p[1]);
	}
	close(s[1]);
	close(p[1]);
	base_fd = s[0];
	base_tar = p[0];
}

/*
 * The daemon wants it: once, and by a client that is prepared.
 */
int
base_start(struct peer *p)
{
	if (base_tar == -1)
		return (-1);
	if (peer_compose(p, IMSG_CTL_BASE, 0, base_tar, NULL, 0) == -1 ||
	    send(base_fd, "", 1, MSG_NOSIGNAL) != 1)
		err(EX_OSERR, "cannot start %s", BASE_PROGRAM);
	base_tar = -1;
	base_peer = p;
	event_set(&base_ev, base_fd, EV_READ, base_ended, NULL);
	event_add(&base_ev, NULL);
	return (0);
}

static __dead void
base_helper(int s, int tar)
{
	int status;
	char c;

	/* the keyboard's signals end the others, and their end ours */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	if (read(s, &c, 1) != 1)
		_exit(0);
	if ((status = base_run(tar)) == 0)
		close(tar);
	(void)send(s, &status, sizeof(status), MSG_NOSIGNAL);
	(void)read(s, &c, 1);
	if (status != 0)
		(void)sleep(1);
	_exit(0);
}

static int
base_run(int tar)
{
	pid_t pid;
	int null, status;

	switch (pid = fork()) {
	case -1:
		warn("fork");
		return (-1);
	case 0:
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGQUIT, SIG_DFL);
		(void)signal(SIGHUP, SIG_DFL);
		if ((null = open("/dev/null", O_RDONLY)) == -1 ||
		    dup2(null, STDIN_FILENO) == -1 ||
		    dup2(tar, STDOUT_FILENO) == -1)
			err(EX_OSERR, "/dev/null");
		closefrom(STDERR_FILENO + 1);
		(void)execl(BASE_PROGRAM, "base.sh", (char *)NULL);
		err(127, "%s", BASE_PROGRAM);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (-1);
	return (status);
}

static void
base_ended(int fd, short event, void *arg)
{
	struct timeval tv = { 0, BASE_MILLIS * 1000 };

	(void)event;
	(void)arg;
	if (read(fd, &base_status, sizeof(base_status)) !=
	    (ssize_t)sizeof(base_status))
		base_status = -1;
	if (base_status == 0)
		return;
	/* perhaps it failed because the daemon did not want any more */
	evtimer_set(&base_timer, base_failed, NULL);
	evtimer_add(&base_timer, &tv);
}

static void
base_failed(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	peer_close(base_peer);
	if (base_status != -1 && WIFEXITED(base_status))
		errx(EX_UNAVAILABLE, "%s: exit status %d", BASE_PROGRAM,
		    WEXITSTATUS(base_status));
	errx(EX_UNAVAILABLE, "%s: did not come to its end", BASE_PROGRAM);
}
