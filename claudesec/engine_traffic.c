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
 * The traffic of sessions: what their proxies tell of it is added up, kept
 * for who asks, and logged as far as it was refused.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <time.h>

#include "engine.h"

static void	 traffic_log(struct session *, const struct ctl_event *);

/*
 * A line of JSON from a sidecar.
 */
void
traffic_event(struct session *s, const char *line)
{
	struct news e;

	switch (event_parse(&e, line)) {
	case -1:
		log_debug("session %s: proxy: malformed event", s->spec.name);
		return;
	case 0:
		return;
	}
	e.ctl.time = (int64_t)time(NULL);
	(void)traffic_add(&s->traffic, &e);
	if (e.ctl.kind == EVENT_OPENED)
		return;
	if (traffic_line(&s->traffic, &e.ctl) == -1)
		fatal("calloc");
	traffic_log(s, &e.ctl);
}

static void
traffic_log(struct session *s, const struct ctl_event *c)
{
	char text[TEXT_MAXLEN];
	int n;

	if (c->kind != EVENT_REFUSED)
		return;
	n = snprintf(text, sizeof(text), "refused %s", c->host);
	if (c->port != 0)
		n += snprintf(text + n, sizeof(text) - n, ":%u", c->port);
	if (c->count > 1)
		n += snprintf(text + n, sizeof(text) - n, " %llu times",
		    (unsigned long long)c->count);
	if (c->text[0] != '\0')
		(void)snprintf(text + n, sizeof(text) - n, ": %s", c->text);
	sidecar_log(s, text);
}
