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

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <paths.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

static void	 vline(int, char *, size_t);
static void	 vlog(int, const char *, va_list, int);

static const char *log_name;
static int	 log_socket = -1;
static int	 log_debugging = 1;
static int	 log_detached;
static int	 log_verbose;

void
log_init(const char *name, int debug, int verbose)
{
	struct sockaddr_un sun;

	log_name = name;
	log_debugging = debug;
	log_verbose = verbose;
	/* localtime(3) must not look for its files in a sandbox */
	tzset();
	if (debug)
		return;
	openlog(getprogname(), LOG_PID | LOG_NDELAY, LOG_DAEMON);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)strlcpy(sun.sun_path, _PATH_LOG, sizeof(sun.sun_path));
	log_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (log_socket != -1 && connect(log_socket, (struct sockaddr *)&sun,
	    sizeof(sun)) == -1) {
		close(log_socket);
		log_socket = -1;
	}
}

/*
 * What does not go through here, the last words of a process that broke its
 * pledge or of libc before it aborts, still goes to descriptor 2.
 */
void
log_detach(void)
{
	if (log_debugging)
		return;
	log_detached = 1;
	(void)dup2(log_socket != -1 ? log_socket : STDIN_FILENO,
	    STDERR_FILENO);
	if (log_socket != -1)
		close(log_socket);
	log_socket = -1;
}

int
log_getdebug(void)
{
	return (log_debugging);
}

int
log_getverbose(void)
{
	return (log_verbose);
}

/*
 * One write(2) a line, so that lines of several processes do not mix.
 */
static void
vline(int pri, char *line, size_t size)
{
	if (!log_detached) {
		(void)strlcat(line, "\n", size);
		(void)write(STDERR_FILENO, line, strlen(line));
	} else
		syslog(pri, "%s", line);
}

static void
vlog(int pri, const char *fmt, va_list ap, int error)
{
	char line[2048], msg[1536];

	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	(void)snprintf(line, sizeof(line), "%s: %s%s%s",
	    log_name == NULL ? getprogname() : log_name, msg,
	    error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
	vline(pri, line, sizeof(line));
}

void
log_line(const char *text)
{
	char line[2048];

	(void)strlcpy(line, text, sizeof(line) - 1);
	vline(LOG_INFO, line, sizeof(line));
}

void
log_warn(const char *fmt, ...)
{
	int saved_errno;
	va_list ap;

	saved_errno = errno;
	va_start(ap, fmt);
	vlog(LOG_ERR, fmt, ap, saved_errno);
	va_end(ap);
	errno = saved_errno;
}

void
log_warnx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(LOG_ERR, fmt, ap, 0);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(LOG_INFO, fmt, ap, 0);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (log_verbose < 2)
		return;
	va_start(ap, fmt);
	vlog(LOG_DEBUG, fmt, ap, 0);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	int saved_errno;
	va_list ap;

	saved_errno = errno;
	va_start(ap, fmt);
	vlog(LOG_CRIT, fmt, ap, saved_errno);
	va_end(ap);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(LOG_CRIT, fmt, ap, 0);
	va_end(ap);
	exit(1);
}
