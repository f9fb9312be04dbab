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
 * What a client is told at the end of its session: sums, hosts, and what was
 * found in the workspace.  For a finding, whoever looks for such calls
 * report_finding() at any time before the session is gone: while the agent
 * runs, or in a step of its own that STEP_END needs, see engine_end.c.
 */

#include <sys/types.h>

#include <stdlib.h>
#include <string.h>

#include "engine.h"

struct listed {
	uint32_t	 kind, n;	/* as of struct ctl_finding */
	char		*path;		/* escaped */
};

static uint32_t	 add_up(uint32_t, uint32_t);

/*
 * The path is below the workspace, and may be anything that the agent could
 * make; it is escaped here.  Those of a kind that come first are listed, and
 * all counted.
 */
void
report_finding(struct session *s, const struct ctl_finding *f)
{
	char path[PATH_MAX];
	struct listed *l, *last;
	size_t i, n;

	s->nfindings = add_up(s->nfindings, f->n);
	if (s->findings == NULL && (s->findings = calloc(FINDING_MAX *
	    FINDINGS_LISTED, sizeof(*s->findings))) == NULL)
		fatal("calloc");
	last = NULL;
	for (i = n = 0; i < s->nlisted; i++)
		if (s->findings[i].kind == f->kind) {
			last = &s->findings[i];
			n++;
		}
	if (n == FINDINGS_LISTED) {
		last->n = add_up(last->n, f->n);
		return;
	}
	l = &s->findings[s->nlisted++];
	l->kind = f->kind;
	l->n = f->n;
	spec_path(path, sizeof(path), f->path);
	if ((l->path = strdup(path)) == NULL)
		fatal("strdup");
}

static uint32_t
add_up(uint32_t a, uint32_t b)
{
	return (b > UINT32_MAX - a ? UINT32_MAX : a + b);
}

/*
 * Before the client is told that this is the end.
 */
void
report_send(const struct session *s, struct client *c)
{
	struct ctl_finding f;
	struct ctl_report r;
	const struct traffic *t;
	int64_t end;
	size_t i;

	t = &s->traffic;
	end = s->ended ? s->ended : clock_seconds();
	memset(&r, 0, sizeof(r));
	r.since = (int64_t)s->since;
	r.seconds = end > s->began ? (uint64_t)(end - s->began) : 0;
	r.status = s->error[0] == '\0' ? s->status : -1;
	r.limits = s->limits;
	r.memory = s->memory;
	r.processes = s->processes;
	r.tunnels = t->tunnels;
	r.out = t->out;
	r.in = t->in;
	r.refused = t->refused;
	r.others = t->others;
	r.findings = s->nfindings;
	(void)strlcpy(r.name, s->spec.name, sizeof(r.name));
	(void)strlcpy(r.review, s->spec.review, sizeof(r.review));
	client_send(c, IMSG_CTL_REPORT, -1, &r, sizeof(r));
	for (i = 0; i < t->nhosts; i++)
		client_send(c, IMSG_CTL_HOST, -1, &t->hosts[i],
		    sizeof(t->hosts[i]));
	for (i = 0; i < s->nlisted; i++) {
		memset(&f, 0, sizeof(f));
		f.kind = s->findings[i].kind;
		f.n = s->findings[i].n;
		(void)strlcpy(f.path, s->findings[i].path, sizeof(f.path));
		client_send(c, IMSG_CTL_FINDING, -1, &f, sizeof(f));
	}
	if (s->newer.found)
		client_send(c, IMSG_CTL_NEWER, -1, NULL, 0);
}

void
report_free(struct session *s)
{
	size_t i;

	for (i = 0; i < s->nlisted; i++)
		free(s->findings[i].path);
	free(s->findings);
	s->findings = NULL;
	s->nlisted = 0;
	traffic_free(&s->traffic);
}
