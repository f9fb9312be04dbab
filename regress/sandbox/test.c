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


#include <sys/wait.h>

#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

char	 dir[] = "/tmp/sandbox.XXXXXX";
char	 file[64], inner[64], other[64], sockpath[64];
char	 net_port[64];
int	 listener, port1, port2, pty;

static const char	*variant;

static int
in_child(const struct test *t)
{
	if (t->net != NULL)
		TRY(sandbox_net(t->net));
	if (t->promises != NULL)
		TRY(pledge(t->promises, NULL));
	return (t->run());
}

static int
judge(const struct test *t, int status, const char *said, char *why, size_t n)
{
	int got;

	got = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	if (got != t->want)
		snprintf(why, n, "ended with %d (%s), not %d; it said: %.100s",
		    got, strerror(abs(got)), t->want, said);
	else if (t->line == NULL ? said[0] != '\0' :
	    strstr(said, t->line) == NULL || said[strlen(said) - 1] != '\n' ||
	    strchr(said, '\n') != said + strlen(said) - 1)
		snprintf(why, n, "it said: %.100s", said);
	else
		return (1);
	return (0);
}

static int
run_test(const struct test *t)
{
	char said[512], why[256];
	ssize_t n;
	size_t len;
	pid_t pid;
	int p[2], status;

	fflush(stdout);
	if (pipe(p) == -1 || (pid = fork()) == -1)
		err(1, "%s", t->name);
	if (pid == 0) {
		if (dup2(p[1], STDERR_FILENO) == -1)
			_exit(WRONG);
		(void)close(p[0]);
		(void)close(p[1]);
		_exit(in_child(t));
	}
	(void)close(p[1]);
	len = 0;
	while ((n = read(p[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += n;
	said[len] = '\0';
	(void)close(p[0]);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	(void)remove(inner);
	(void)unlink(sockpath);
	if (!judge(t, status, said, why, sizeof(why))) {
		printf("FAIL %s_%s: %s\n", variant, t->name, why);
		return (0);
	}
	printf("ok %s_%s\n", variant, t->name);
	return (1);
}

static int
listen_tcp(int *port)
{
	struct sockaddr_in sin;
	socklen_t len;
	int s;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	len = sizeof(sin);
	if ((s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1 ||
	    bind(s, (struct sockaddr *)&sin, len) == -1 ||
	    listen(s, 128) == -1 ||
	    getsockname(s, (struct sockaddr *)&sin, &len) == -1)
		err(1, "TCP socket");
	*port = ntohs(sin.sin_port);
	return (s);
}

static void
setup(void)
{
	struct sockaddr_un sun;
	socklen_t len;
	int fd, s;

	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(inner, sizeof(inner), "%s/inner", dir);
	snprintf(sockpath, sizeof(sockpath), "%s/sock", dir);
	snprintf(other, sizeof(other), "%s.other", dir);
	if ((fd = open(file, O_WRONLY | O_CREAT, 0700)) == -1 ||
	    open(other, O_WRONLY | O_CREAT, 0600) == -1)
		err(1, "%s", dir);
	(void)close(fd);
	listener = listen_tcp(&port1);
	(void)listen_tcp(&port2);
	snprintf(net_port, sizeof(net_port), "connect:1 connect:%d", port1);
	len = unix_address(&sun, NULL);
	if ((s = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    bind(s, (struct sockaddr *)&sun, len) == -1 ||
	    listen(s, 16) == -1)
		err(1, "abstract socket");
	if ((pty = posix_openpt(O_RDWR | O_NOCTTY)) == -1 ||
	    grantpt(pty) == -1 || unlockpt(pty) == -1)
		err(1, "pty");
}

int
main(int argc, char *argv[])
{
	size_t i;
	int good;

	if (argc != 2)
		errx(1, "usage: test name");
	variant = argv[1];
	tzset();
	setup();
	good = 1;
	for (i = 0; i < npledge_tests; i++)
		good &= run_test(&pledge_tests[i]);
	for (i = 0; i < nunveil_tests; i++)
		good &= run_test(&unveil_tests[i]);
	(void)unlink(file);
	(void)unlink(other);
	(void)rmdir(dir);
	return (!good);
}
