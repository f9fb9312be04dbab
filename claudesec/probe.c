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
 * Tries to get out of the sandbox, for claudesec check: the agent at its
 * worst, with all of its rights and no others.  Static, it lies beside inside.
 *
 *	probe nonce port secret [address ...]
 *
 * A line an attempt: held or escaped, the group, the attempt, what was seen,
 * with tabs between.  Whatever reaches the host says so there with the nonce
 * and the attempt's name, so that the host need not believe these lines.
 */

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define SECONDS	5		/* for one attempt */

static void	 run_all(const struct attempt *);
static void	 run(void);
static void	 result(const char *, int);

struct probe_host host;
const struct attempt *attempt;

static char	text[256];

int
main(int argc, char *argv[])
{
	if (argc < 4) {
		(void)fprintf(stderr,
		    "usage: probe nonce port secret [address ...]\n");
		return (64);
	}
	host.nonce = argv[1];
	host.port = atoi(argv[2]);
	host.secret = argv[3];
	host.addresses = argv + 4;
	host.naddresses = (size_t)argc - 4;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	run_all(probe_net);
	run_all(probe_proxy);
	run_all(probe_kernel);
	run_all(probe_file);
	return (0);
}

static void
run_all(const struct attempt *list)
{
	for (attempt = list; attempt->name != NULL; attempt++)
		run();
}

/*
 * Each in a process of its own, which a filter may kill.
 */
static void
run(void)
{
	const char *what;
	pid_t pid;
	int status;

	(void)fflush(stdout);
	switch (pid = fork()) {
	case -1:
		result(held("no process for it: %s", strerror(errno)), 0);
		return;
	case 0:
		(void)alarm(SECONDS);
		what = attempt->run();
		result(what[0] == '!' ? what + 1 : what, what[0] == '!');
		(void)fflush(stdout);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return;
	if (WIFSIGNALED(status))
		result(WTERMSIG(status) == SIGALRM ? "nothing came of it" :
		    held("killed by signal %d", WTERMSIG(status)), 0);
}

static void
result(const char *what, int out)
{
	(void)printf("%s\t%s\t%s\t%s\n", out ? "escaped" : "held",
	    attempt->group, attempt->name, what);
}

const char *
held(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return (text);
}

const char *
escaped(const char *fmt, ...)
{
	va_list ap;

	text[0] = '!';
	va_start(ap, fmt);
	(void)vsnprintf(text + 1, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	return (text);
}

const char *
failed(long error)
{
	return (error == -1 ? held("%s", strerror(errno)) :
	    escaped("done"));
}
