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
 * ssh(1) to a container engine elsewhere, where Docker's client takes over
 * what Docker's client here would do as well: its configuration, keys, agent
 * and known hosts are the user's.  Nobody can be asked for anything.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "bridge.h"

#define WORDS_SECONDS	1	/* for the last ones of who has ended */

static __dead void ssh_exec(const struct remote *, int, int);

void
ssh_start(struct stream *s)
{
	int err[2], sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1 ||
	    pipe2(err, O_CLOEXEC) == -1 ||
	    fcntl(sv[0], F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(err[0], F_SETFL, O_NONBLOCK) == -1)
		stream_fail(s, EX_OSERR, "ssh: %s", strerror(errno));
	switch (s->pid = fork()) {
	case -1:
		s->pid = 0;
		stream_fail(s, EX_OSERR, "ssh: %s", strerror(errno));
	case 0:
		ssh_exec(s->remote, sv[1], err[1]);
	}
	close(sv[1]);
	close(err[1]);
	s->fd = sv[0];
	s->errfd = err[0];
}

static void
ssh_exec(const struct remote *r, int fd, int err)
{
	char port[8], *argv[20];
	int n;

	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1 ||
	    dup2(err, STDERR_FILENO) == -1)
		_exit(1);
	closefrom(STDERR_FILENO + 1);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)snprintf(port, sizeof(port), "%u", r->port);
	n = 0;
#define ARG(s)	argv[n++] = (char *)(uintptr_t)(s)
	ARG("ssh");
	ARG("-Tax");
	ARG("-oBatchMode=yes");
	ARG("-oConnectTimeout=15");
	ARG("-oServerAliveInterval=15");
	ARG("-oClearAllForwardings=yes");
	ARG("-oRemoteCommand=none");
	if (r->user[0] != '\0') {
		ARG("-l");
		ARG(r->user);
	}
	if (r->port != 0) {
		ARG("-p");
		ARG(port);
	}
	ARG("--");
	ARG(r->host);
	ARG("docker system dial-stdio");
	ARG(NULL);
#undef ARG
	(void)execvp(argv[0], argv);
	(void)dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(127);
}

/* Keeps the last line that is not empty. */
void
ssh_drain(struct stream *s)
{
	char buf[512];
	ssize_t i, n;

	n = read(s->errfd, buf, sizeof(buf));
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		close(s->errfd);
		s->errfd = -1;
		return;
	}
	for (i = 0; i < n; i++) {
		if (buf[i] == '\n' || buf[i] == '\r') {
			s->ended = 1;
			continue;
		}
		if (s->ended)
			s->nsaid = 0;
		s->ended = 0;
		if (s->nsaid < sizeof(s->said) - 1)
			s->said[s->nsaid++] = buf[i];
		s->said[s->nsaid] = '\0';
	}
}

/* It has ended, and its last words are what there is to say. */
void
ssh_failed(struct stream *s)
{
	stream_time(s, WORDS_SECONDS);
	while (s->errfd != -1 && stream_wait(s, s->errfd, POLLIN))
		ssh_drain(s);
	stream_fail(s, EX_UNAVAILABLE, "ssh: %s", s->nsaid == 0 ?
	    "it ended without a word" : s->said);
}
