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
 * A session outlives its daemon, and how it ended the next one knows.  To find
 * that, or to start it, is more than the client may do once it shows what the
 * agent says; so a process of its own waits from the start, outside of the
 * client's sandbox.  It reads nothing but that it is wanted, and hands the
 * connection over.  It ends with the client.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

#define RETRY_MILLIS	200	/* until a daemon is looked for again */
#define DAEMONS_MAX	5	/* that are started, of those that end */

static __dead void resume_run(int);
static int	 resume_find(int);
static int	 resume_dispatch(struct peer *, struct imsg *);
static void	 resume_gone(struct peer *, const char *);

static int	 channel = -1;		/* to the process */
static struct peer peer;
static void	 (*found)(int);

/*
 * Starts the process, once, when there has been a daemon.
 */
void
resume_prepare(void)
{
	if (channel == -1)
		channel = helper_start(resume_run);
}

/* The function gets the connection that was asked for. */
void
resume_start(void (*function)(int))
{
	found = function;
	peer_init(&peer, channel, ROLE_CLIENT, resume_dispatch, resume_gone,
	    NULL);
	imsgbuf_allow_fdpass(&peer.ibuf, 0, 1);
}

/* There will be nothing to find. */
void
resume_end(void)
{
	close(channel);
	channel = -1;
}

/* The daemon is gone: the next one, please.  -1: there will be none. */
int
resume_ask(void)
{
	if (channel == -1 || send(channel, "", 1, MSG_NOSIGNAL) != 1)
		return (-1);
	return (0);
}

static int
resume_dispatch(struct peer *p, struct imsg *imsg)
{
	int fd;

	(void)p;
	if (imsg_get_type(imsg) != IMSG_RESUME_DAEMON ||
	    (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	found(fd);
	return (0);
}

static void
resume_gone(struct peer *p, const char *why)
{
	(void)why;
	channel = -1;
	peer_close(p);
	term_lost(0);
}

/*
 * The process.
 */

static __dead void
resume_run(int s)
{
	struct imsgbuf b;
	int fd, i, null;
	char c;

	/* nobody waits for it, and the terminal's signals are not for it */
	if (setsid() == -1 || (null = open("/dev/null", O_RDWR)) == -1)
		exit(EX_OSERR);
	for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (dup2(null, i) == -1)
			exit(EX_OSERR);
	if (s != STDERR_FILENO + 1 && dup2(s, STDERR_FILENO + 1) == -1)
		exit(EX_OSERR);
	s = STDERR_FILENO + 1;
	closefrom(s + 1);
	(void)signal(SIGPIPE, SIG_IGN);
	setproctitle("resume");
	proc_nocore();
	if (fcntl(s, F_SETFD, FD_CLOEXEC) == -1 || imsgbuf_init(&b, s) == -1)
		exit(EX_OSERR);
	imsgbuf_allow_fdpass(&b, 1, 0);
	while (read(s, &c, 1) == 1) {
		fd = resume_find(s);
		if (imsg_compose(&b, IMSG_RESUME_DAEMON, 0, fd, NULL,
		    0) == -1 || imsgbuf_flush(&b) == -1)
			break;
	}
	exit(0);
}

/*
 * At once for the first time, then not faster than a daemon can start.
 */
static int
resume_find(int s)
{
	static unsigned int n;
	struct pollfd pfd;
	int fd;

	for (;; n++) {
		pfd.fd = s;
		pfd.events = 0;
		if (n > 0 && poll(&pfd, 1, RETRY_MILLIS) == 1)
			exit(0);
		if ((fd = find_next_daemon(n < DAEMONS_MAX)) != -1) {
			n++;
			return (fd);
		}
	}
}
