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
 * One stream of the bridge process' without anything else of the daemon: in
 * the place of its parent.  What comes on standard input goes to the engine,
 * and back; or one line says why not.
 *
 * stream program url [directory]
 */

#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

static struct imsgbuf channel;

static void
start(const char *program)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		err(1, "socketpair");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		if (dup2(sv[1], 3) == -1)
			err(1, "dup2");
		(void)fcntl(3, F_SETFD, 0);
		closefrom(4);
		execl(program, program, "-X", "bridge", (char *)NULL);
		err(1, "%s", program);
	}
	close(sv[1]);
	if (imsgbuf_init(&channel, sv[0]) == -1)
		err(1, "imsgbuf_init");
	imsgbuf_allow_fdpass(&channel, 1, 1);
}

static void
put(uint32_t type, uint32_t id, int fd, const void *data, size_t len)
{
	if (imsg_compose(&channel, type, id, fd, data, len) == -1 ||
	    imsgbuf_flush(&channel) == -1)
		err(1, "imsg_compose");
}

static void
get(struct imsg *imsg)
{
	int n;

	while ((n = imsgbuf_get(&channel, imsg)) == 0)
		if (imsgbuf_read(&channel) != 1)
			errx(1, "the bridge process is gone");
	if (n == -1)
		errx(1, "malformed message");
}

static void
configure(const char *url, const char *directory)
{
	static const char *const env[] = { "HOME", "PATH", "SSH_AUTH_SOCK" };
	static const char *const pem[] = { "ca.pem", "cert.pem", "key.pem" };
	struct remote r;
	const char *why, *value;
	char buf[PATH_MAX];
	uint32_t i;
	int error, fd;

	if ((why = remote_parse(url, &r)) != NULL)
		errx(1, "%s: %s", url, why);
	if (directory != NULL)
		(void)strlcpy(r.tls, directory, sizeof(r.tls));
	put(IMSG_PARENT_REMOTE, 0, -1, &r, sizeof(r));
	for (i = 0; r.kind == REMOTE_SSH && i < 3; i++)
		if ((value = getenv(env[i])) != NULL) {
			(void)snprintf(buf, sizeof(buf), "%s=%s", env[i],
			    value);
			put(IMSG_PARENT_ENV, 0, -1, buf, strlen(buf));
		}
	for (i = 0; r.kind == REMOTE_TLS && i < 3; i++) {
		(void)snprintf(buf, sizeof(buf), "%s/%s", directory, pem[i]);
		fd = open(buf, O_RDONLY | O_CLOEXEC);
		error = fd == -1 ? errno : 0;
		put(IMSG_PARENT_PEM, i, fd, &error, sizeof(error));
	}
}

/* from one to the other: 0 at its end */
static int
copy(int from, int to)
{
	static char buf[65536];
	ssize_t len, n, off;

	if ((len = read(from, buf, sizeof(buf))) <= 0)
		return (0);
	for (off = 0; off < len; off += n)
		if ((n = write(to, buf + off, (size_t)(len - off))) == -1)
			err(1, "write");
	return (1);
}

/* With its own process to write, so that one direction can fill up. */
static void
pump(int fd)
{
	pid_t pid;

	(void)fcntl(fd, F_SETFL, 0);
	switch (pid = fork()) {
	case -1:
		err(1, "fork");
	case 0:
		(void)signal(SIGPIPE, SIG_DFL);
		while (copy(STDIN_FILENO, fd))
			continue;
		(void)shutdown(fd, SHUT_WR);
		_exit(0);
	}
	while (copy(fd, STDOUT_FILENO))
		continue;
	(void)kill(pid, SIGTERM);
}

int
main(int argc, char *argv[])
{
	struct setup_log sl;
	struct ctl_error ce;
	struct imsg imsg;

	if (argc < 3)
		errx(1, "usage: stream program url [directory]");
	start(argv[1]);
	memset(&sl, 0, sizeof(sl));
	sl.debug = 1;
	put(IMSG_SETUP_LOG, 0, -1, &sl, sizeof(sl));
	put(IMSG_SETUP_START, 0, -1, NULL, 0);
	get(&imsg);
	configure(argv[2], argc > 3 ? argv[3] : NULL);
	put(IMSG_PARENT_STREAM, 7, -1, NULL, 0);
	get(&imsg);
	if (imsg_get_id(&imsg) != 7)
		errx(1, "another id");
	if (imsg_get_type(&imsg) == IMSG_BRIDGE_STREAM) {
		pump(imsg_get_fd(&imsg));
		return (0);
	}
	if (imsg_get_data(&imsg, &ce, sizeof(ce)) == -1)
		errx(1, "another message");
	warnx("%s", ce.text);
	return (ce.code);
}
