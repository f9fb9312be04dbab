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
 * What logs shows: a line an event.  All text in it was the agent's to choose.
 */

#include <sys/types.h>

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "claudesec.h"

static void	 logs_line(const struct ctl_event *);
static void	 logs_end(void);

static const char *const words[EVENT_RULE + 1] = { "opened", "passed",
	    "request", "refused", "rule" };
static int	 coloured;

/* Before the sandbox: is it for somebody to look at? */
void
logs_prepare(void)
{
	const char *no;

	no = getenv("NO_COLOR");
	coloured = isatty(STDOUT_FILENO) && !term_dumb() &&
	    (no == NULL || no[0] == '\0');
}

int
logs_add(struct imsg *imsg)
{
	struct ctl_event e;

	if (imsg_get_data(imsg, &e, sizeof(e)) == -1 || e.kind > EVENT_RULE ||
	    e.port > UINT16_MAX ||
	    memchr(e.host, '\0', sizeof(e.host)) == NULL ||
	    memchr(e.text, '\0', sizeof(e.text)) == NULL)
		return (-1);
	text_clean(e.host);
	text_clean(e.text);
	logs_line(&e);
	return (0);
}

static void
logs_line(const struct ctl_event *e)
{
	char when[32];
	struct tm tm;
	time_t t;

	t = (time_t)e->time;
	if (localtime_r(&t, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)strlcpy(when, "-", sizeof(when));
	(void)printf("%s %s%-7s%s %s", when, !coloured ? "" :
	    e->kind == EVENT_REFUSED ? "\033[31m" :
	    e->kind == EVENT_RULE ? "\033[33m" : "\033[32m", words[e->kind],
	    coloured ? "\033[0m" : "", e->host[0] == '\0' ? "-" : e->host);
	if (e->port != 0)
		(void)printf(":%" PRIu32, e->port);
	if (e->kind == EVENT_REFUSED)
		(void)printf(" %" PRIu64 " times", e->count);
	else if (e->kind != EVENT_RULE)
		(void)printf(" %" PRIu64 " bytes out, %" PRIu64 " in, %" PRIu64
		    " ms", e->out, e->in, e->ms);
	if (e->text[0] != '\0')
		(void)printf(": %s", e->text);
	logs_end();
}

int
logs_lost(struct imsg *imsg)
{
	uint64_t n;

	if (imsg_get_data(imsg, &n, sizeof(n)) == -1)
		return (-1);
	(void)printf("%" PRIu64 " lines lost", n);
	logs_end();
	return (0);
}

/* Who follows sees each at once. */
static void
logs_end(void)
{
	if (putchar('\n') == EOF || fflush(stdout) == EOF)
		err(EX_IOERR, "standard output");
}
