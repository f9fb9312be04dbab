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
 * What came of a session, in the client: collected, and shown when all else
 * was.  All text in it was the agent's to choose.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

#define PARTS_MAX	1024	/* hosts and findings, of all kinds */
#define SHOWN_MAX	8	/* of each kind, on standard error */

struct host {
	struct ctl_host		 host;
	TAILQ_ENTRY(host)	 entry;
};

struct finding_entry {
	struct ctl_finding	 finding;
	TAILQ_ENTRY(finding_entry) entry;
};

static int	 add_report(struct imsg *);
static int	 add_host(struct imsg *);
static int	 add_finding(struct imsg *);
static int	 anything(void);
static void	 print_all(void);
static void	 print_reached(void);
static void	 print_refused(void);
static int	 host_repeats(const struct host *);
static void	 print_limits(void);
static void	 print_findings(void);
static void	 print_more(unsigned int);
static void	 write_json(void);
static json_t	*json_hosts(void);
static json_t	*json_kinds(void);
static json_t	*json_findings(void);
static json_t	*must(json_t *);

static const struct {
	const char	*name, *text, *more;
} findings[FINDING_MAX] = {
	{ "executed", "the host may execute", "that the host may execute" },
	{ "repository", "a repository of its own is in", "repositories" },
	{ "symlink", "points out of the workspace:",
	    "that point out of the workspace" },
	{ "executable", "is new and may be executed:",
	    "that are new and may be executed" },
	{ "setuid", "is setuid or setgid:", "that are setuid or setgid" },
	{ "unseen", "was not looked at, shut or too much:",
	    "that were not looked at" },
	{ "replaced", "was replaced on the host, and not protected since:",
	    "that were replaced on the host" }
};

static struct ctl_report report;
static int	 have, newer, nparts, output = -1;
static TAILQ_HEAD(, host) hosts = TAILQ_HEAD_INITIALIZER(hosts);
static TAILQ_HEAD(, finding_entry) found = TAILQ_HEAD_INITIALIZER(found);

void
report_open(const char *path)
{
	output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (output == -1)
		err(EX_CANTCREAT, "%s", path);
	/* it reads a device, which it could not later */
	json_object_seed(0);
}

int
report_add(struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_CTL_REPORT:
		return (have ? -1 : add_report(imsg));
	case IMSG_CTL_HOST:
		return (!have || nparts++ >= PARTS_MAX ? -1 : add_host(imsg));
	default:
		return (!have || nparts++ >= PARTS_MAX ? -1 :
		    add_finding(imsg));
	}
}

int
report_newer(void)
{
	if (!have)
		return (-1);
	newer = 1;
	return (0);
}

static int
add_report(struct imsg *imsg)
{
	if (imsg_get_data(imsg, &report, sizeof(report)) == -1 ||
	    !imsg_is_string(report.name, sizeof(report.name)) ||
	    memchr(report.review, '\0', sizeof(report.review)) == NULL ||
	    report.status < -1 || report.status > 255)
		return (-1);
	text_clean(report.name);
	have = 1;
	return (0);
}

static int
add_host(struct imsg *imsg)
{
	struct host *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		err(EX_OSERR, NULL);
	TAILQ_INSERT_TAIL(&hosts, h, entry);
	if (imsg_get_data(imsg, &h->host, sizeof(h->host)) == -1 ||
	    !imsg_is_string(h->host.host, sizeof(h->host.host)) ||
	    memchr(h->host.reason, '\0', sizeof(h->host.reason)) == NULL ||
	    h->host.port > UINT16_MAX)
		return (-1);
	text_clean(h->host.host);
	text_clean(h->host.reason);
	return (0);
}

static int
add_finding(struct imsg *imsg)
{
	struct finding_entry *f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		err(EX_OSERR, NULL);
	TAILQ_INSERT_TAIL(&found, f, entry);
	if (imsg_get_data(imsg, &f->finding, sizeof(f->finding)) == -1 ||
	    !imsg_is_string(f->finding.path, sizeof(f->finding.path)) ||
	    f->finding.kind >= FINDING_MAX || f->finding.n == 0)
		return (-1);
	text_clean(f->finding.path);
	return (0);
}

/*
 * Nothing, if there is nothing to say: what was reached alone is no news.
 */
void
report_print(void)
{
	if (!have)
		return;
	have = 0;
	if (output != -1)
		write_json();
	if (anything())
		print_all();
	if (newer)
		(void)fprintf(stderr, "%s: a newer image is there; run "
		    "claudesec update\n", getprogname());
	review_end(report.review);
}

static void
print_all(void)
{
	char in[16], out[16];

	(void)fprintf(stderr, "%s: session %s, %" PRIu64 ":%02u:%02u, %" PRIu64
	    " connections, %s out, %s in\n", getprogname(), report.name,
	    report.seconds / 3600, (unsigned int)(report.seconds / 60 % 60),
	    (unsigned int)(report.seconds % 60), report.tunnels,
	    bytes_text(out, report.out), bytes_text(in, report.in));
	print_limits();
	print_reached();
	print_refused();
	print_findings();
}

static int
anything(void)
{
	return (report.refused > 0 || report.limits != 0 ||
	    report.findings > 0);
}

static void
print_limits(void)
{
	char size[16];

	if (report.limits & LIMIT_MEMORY)
		(void)fprintf(stderr, "  out of memory: %s were not enough; "
		    "more with -m, or memory in claudesec.conf\n",
		    bytes_text(size, report.memory));
	else if (report.limits & LIMIT_KILLED)
		(void)fprintf(stderr, "  killed, out of memory perhaps: it has "
		    "%s; more with -m, or memory in claudesec.conf\n",
		    bytes_text(size, report.memory));
	if (report.limits & LIMIT_PROCESSES)
		(void)fprintf(stderr, "  out of processes: %" PRIu64 " were "
		    "not enough; more with processes in claudesec.conf\n",
		    report.processes);
}

static void
print_reached(void)
{
	const struct host *h;
	char in[16], out[16];
	unsigned int n;

	n = 0;
	TAILQ_FOREACH(h, &hosts, entry)
		if (h->host.tunnels > 0 && n++ < SHOWN_MAX)
			(void)fprintf(stderr, "  reached %s:%u, %" PRIu64
			    " times, %s out, %s in\n", h->host.host,
			    h->host.port, h->host.tunnels,
			    bytes_text(out, h->host.out),
			    bytes_text(in, h->host.in));
	print_more(n);
}

/*
 * With the line that lets it pass, where one does.
 */
static void
print_refused(void)
{
	const struct host *h;
	unsigned int n;

	n = 0;
	TAILQ_FOREACH(h, &hosts, entry) {
		if (h->host.refused == 0 || n++ >= SHOWN_MAX)
			continue;
		(void)fprintf(stderr, "  refused %s", h->host.host);
		if (h->host.port != 0)
			(void)fprintf(stderr, ":%u", h->host.port);
		(void)fprintf(stderr, ", %" PRIu64 " times%s%s\n",
		    h->host.refused, h->host.blocked ||
		    h->host.reason[0] == '\0' ? "" : ": ",
		    h->host.blocked ? "" : h->host.reason);
	}
	print_more(n);
	n = 0;
	TAILQ_FOREACH(h, &hosts, entry) {
		if (!h->host.blocked || host_repeats(h) || n++ >= SHOWN_MAX)
			continue;
		if (n == 1)
			(void)fprintf(stderr, "to pass these for a session "
			    "that runs, or for good in egress of "
			    "claudesec.conf:\n");
		if (h->host.port == 0 || h->host.port == 443)
			(void)fprintf(stderr, "  claudesec pass %s\n"
			    "  pass to %s\n", h->host.host, h->host.host);
		else
			(void)fprintf(stderr, "  claudesec pass %s:%u\n"
			    "  pass to %s port %u\n", h->host.host,
			    h->host.port, h->host.host, h->host.port);
	}
}

/* Is there the same line before? */
static int
host_repeats(const struct host *h)
{
	const struct host *o;

	TAILQ_FOREACH(o, &hosts, entry) {
		if (o == h)
			break;
		if (o->host.blocked && strcmp(o->host.host, h->host.host) ==
		    0 && (o->host.port == 0 || o->host.port == 443) ==
		    (h->host.port == 0 || h->host.port == 443))
			return (1);
	}
	return (0);
}

static void
print_findings(void)
{
	const struct finding_entry *f;
	uint64_t more[FINDING_MAX] = { 0 };
	unsigned int i, n[FINDING_MAX] = { 0 };

	TAILQ_FOREACH(f, &found, entry) {
		i = f->finding.kind;
		more[i] += f->finding.n;
		if (n[i] == SHOWN_MAX)
			continue;
		(void)fprintf(stderr, "  %s %s\n", findings[i].text,
		    f->finding.path);
		more[i]--;
		n[i]++;
	}
	for (i = 0; i < FINDING_MAX; i++)
		if (more[i] > 0)
			(void)fprintf(stderr, "  and %" PRIu64 " more %s\n",
			    more[i], findings[i].more);
}

static void
print_more(unsigned int n)
{
	if (n > SHOWN_MAX)
		(void)fprintf(stderr, "  and %u more\n", n - SHOWN_MAX);
}

/* In units of 1024, as the configuration has them. */
const char *
bytes_text(char buf[16], uint64_t n)
{
	static const char units[] = "BKMGTPE";
	size_t i;
	double d;

	d = (double)n;
	for (i = 0; d >= 1000 && units[i + 1] != '\0'; i++)
		d /= 1024;
	(void)snprintf(buf, 16, i > 0 && d < 10 ? "%.1f%c" : "%.0f%c", d,
	    units[i]);
	return (buf);
}

static void
write_json(void)
{
	json_t *json, *limits;

	limits = must(json_array());
	if (report.limits & LIMIT_MEMORY)
		(void)json_array_append_new(limits, json_string("memory"));
	else if (report.limits & LIMIT_KILLED)
		(void)json_array_append_new(limits, json_string("killed"));
	if (report.limits & LIMIT_PROCESSES)
		(void)json_array_append_new(limits, json_string("processes"));
	json = must(json_pack("{s:o, s:I, s:I, s:o, s:o, s:{s:I, s:I}, s:I, "
	    "s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o}",
	    "name", must(json_text(report.name)),
	    "since", (json_int_t)report.since,
	    "seconds", (json_int_t)report.seconds,
	    "status", report.status == -1 ? json_null() :
	    json_integer(report.status),
	    "limits", limits,
	    "limit",
	    "memory", (json_int_t)report.memory,
	    "processes", (json_int_t)report.processes,
	    "connections", (json_int_t)report.tunnels,
	    "out", (json_int_t)report.out,
	    "in", (json_int_t)report.in,
	    "refused", (json_int_t)report.refused,
	    "unlisted", (json_int_t)report.others,
	    "hosts", json_hosts(),
	    "found", (json_int_t)report.findings,
	    "kinds", json_kinds(),
	    "findings", json_findings()));
	if (json_dumpfd(json, output, JSON_INDENT(2)) == -1 ||
	    write(output, "\n", 1) != 1 || close(output) == -1)
		warn("the report");
	output = -1;
	json_decref(json);
}

static json_t *
json_hosts(void)
{
	struct host *h;
	json_t *array;

	array = must(json_array());
	TAILQ_FOREACH(h, &hosts, entry)
		(void)json_array_append_new(array, must(json_pack("{s:o, s:I, "
		    "s:I, s:I, s:I, s:I, s:b, s:o}",
		    "host", must(json_text(h->host.host)),
		    "port", (json_int_t)h->host.port,
		    "connections", (json_int_t)h->host.tunnels,
		    "out", (json_int_t)h->host.out,
		    "in", (json_int_t)h->host.in,
		    "refused", (json_int_t)h->host.refused,
		    "blocked", (int)h->host.blocked,
		    "reason", must(json_text(h->host.reason)))));
	return (array);
}

/* How many there are of each, listed or not. */
static json_t *
json_kinds(void)
{
	const struct finding_entry *f;
	json_int_t n[FINDING_MAX] = { 0 };
	json_t *json;
	unsigned int i;

	TAILQ_FOREACH(f, &found, entry)
		n[f->finding.kind] += f->finding.n;
	json = must(json_object());
	for (i = 0; i < FINDING_MAX; i++)
		if (n[i] > 0)
			(void)json_object_set_new(json, findings[i].name,
			    json_integer(n[i]));
	return (json);
}

static json_t *
json_findings(void)
{
	struct finding_entry *f;
	json_t *array;

	array = must(json_array());
	TAILQ_FOREACH(f, &found, entry)
		(void)json_array_append_new(array, must(json_pack("{s:s, s:o}",
		    "kind", findings[f->finding.kind].name,
		    "path", must(json_text(f->finding.path)))));
	return (array);
}

static json_t *
must(json_t *json)
{
	if (json == NULL)
		err(EX_OSERR, NULL);
	return (json);
}
