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

#include <sys/types.h>

#include <string.h>

#include "proxyd.h"

#define NOTED_MAX	64	/* refused hosts that are counted */
#define NOTED_LINES	5	/* logged of a host in a while */
#define NOTED_TIME	60000	/* milliseconds, that while */
#define NOTED_COUNT	2000	/* as JSON: until the others are counted */
#define LINES_BURST	100	/* logged of all hosts at once */
#define LINES_TIME	1000	/* milliseconds until one more */

/* a host that was refused, so that it does not fill the log */
struct noted {
	char		 host[HOST_SIZE];
	uint32_t	 count;		/* 0: not in use */
	uint32_t	 told;		/* how many of them have been */
	int64_t		 since;
	int64_t		 told_at;
};

static void	 note_line(const struct refused *, const char *, int, int64_t);
static int	 note_room(int64_t);
static int	 note_count(struct noted *, int, int64_t);
static void	 note_end(struct noted *, int, int64_t);

static struct noted	 noted[NOTED_MAX];
static int64_t		 lines_since;
static uint32_t		 lines, lines_lost;

/*
 * Refusals in the log: a few lines a host and a few of all hosts, and numbers
 * for the others, so that an agent cannot fill a disk.
 */

void
refusal_log(const struct refused *r, const char *why, int json, int64_t now)
{
	struct noted *n, *old;
	size_t i;

	for (n = NULL, old = &noted[0], i = 0; i < NOTED_MAX; i++) {
		if (noted[i].count > 0 && strcmp(noted[i].host, r->host) == 0)
			n = &noted[i];
		if (noted[i].count == 0 ||
		    (old->count > 0 && noted[i].since < old->since))
			old = &noted[i];
	}
	if (n == NULL) {
		n = old;
		note_end(n, json, now);
		n->since = n->told_at = now;
		(void)strlcpy(n->host, r->host, sizeof(n->host));
	}
	if (n->count++ < NOTED_LINES) {
		note_line(r, why, json, now);
		n->told = n->count;
	}
}

/*
 * Ends the count of hosts whose while is over; 1 if there are others.  Who
 * reads JSON shows it, and is told earlier.
 */
int
refusal_tick(int json, int64_t now)
{
	struct noted *n;
	size_t i;
	int more;

	more = 0;
	for (i = 0; i < NOTED_MAX; i++) {
		n = &noted[i];
		if (n->count > 0 && now - n->since >= NOTED_TIME)
			note_end(n, json, now);
		else if (json && n->count > n->told &&
		    now - n->told_at >= NOTED_COUNT)
			(void)note_count(n, json, now);
		if (n->count > 0)
			more = 1;
	}
	return (more);
}

/* Whatever has not been told yet. */
void
refusal_end(int json, int64_t now)
{
	struct report rep;
	size_t i;

	lines = 0;
	for (i = 0; i < NOTED_MAX; i++)
		note_end(&noted[i], json, now);
	if (lines_lost == 0)
		return;
	report_start(&rep, "refused", json);
	report_number(&rep, "unlogged", lines_lost);
	report_end(&rep);
}

static void
note_line(const struct refused *r, const char *why, int json, int64_t now)
{
	struct report rep;

	if (!note_room(now)) {
		lines_lost++;
		return;
	}
	report_start(&rep, "refused", json);
	if (r->host[0] != '\0')
		report_string(&rep, "host", r->host);
	if (r->port != 0)
		report_number(&rep, "port", r->port);
	if (r->client.family != 0)
		report_address(&rep, "client", &r->client, r->client_port);
	report_string(&rep, "reason", why);
	if (lines_lost > 0)
		report_number(&rep, "unlogged", lines_lost);
	lines_lost = 0;
	report_end(&rep);
}

/* A burst of lines, then one a second. */
static int
note_room(int64_t now)
{
	uint64_t n;

	n = (uint64_t)(now - lines_since) / LINES_TIME;
	if (n >= lines) {
		lines = 0;
		lines_since = now;
	} else {
		lines -= (uint32_t)n;
		lines_since += (int64_t)n * LINES_TIME;
	}
	if (lines >= LINES_BURST)
		return (0);
	lines++;
	return (1);
}

/* How often this one came back; 0: there is no room for that now. */
static int
note_count(struct noted *n, int json, int64_t now)
{
	struct report rep;

	n->told_at = now;
	if (!note_room(now))
		return (0);
	report_start(&rep, "refused", json);
	report_string(&rep, "host", n->host);
	report_number(&rep, "count", n->count - n->told);
	report_end(&rep);
	n->told = n->count;
	return (1);
}

/* Makes room for another host. */
static void
note_end(struct noted *n, int json, int64_t now)
{
	if (n->count > n->told && !note_count(n, json, now))
		lines_lost += n->count - n->told;
	n->count = n->told = 0;
}
