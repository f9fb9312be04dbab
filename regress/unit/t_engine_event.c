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
#include <sys/queue.h>

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "inside.h"

#include "unit.h"

static void	 test_events(void);
static void	 test_events_that_are_none(void);
static void	 test_text_is_plain(void);
static void	 test_sums(void);
static void	 test_ports(void);
static void	 test_hosts_are_bounded(void);
static void	 test_sums_do_not_wrap(void);
static void	 test_ring(void);

int
main(void)
{
	test_events();
	test_events_that_are_none();
	test_text_is_plain();
	test_sums();
	test_ports();
	test_hosts_are_bounded();
	test_sums_do_not_wrap();
	test_ring();
	return (unit_failed);
}

static void
test_events(void)
{
	struct news e;
	int n;

	n = event_parse(&e, "{\"event\":\"tunnel\",\"time\":1,\"host\":"
	    "\"a.example\",\"port\":8443,\"address\":\"192.0.2.1:8443\","
	    "\"out\":12,\"in\":34,\"ms\":5,\"open\":2,\"reason\":\"closed\"}");
	CASE(n == 1 && e.ctl.kind == EVENT_TUNNEL &&
	    strcmp(e.ctl.host, "a.example") == 0 && e.ctl.port == 8443 &&
	    e.ctl.out == 12 && e.ctl.in == 34 && e.ctl.ms == 5 &&
	    e.open == 2 && strcmp(e.ctl.text, "closed") == 0 &&
	    !e.ctl.blocked, "event of a tunnel", "%d", n);
	n = event_parse(&e, "{\"event\":\"refused\",\"host\":\"b.example\","
	    "\"port\":443,\"reason\":\"" REFUSED_BLOCKED "\","
	    "\"unlogged\":7}");
	CASE(n == 1 && e.ctl.kind == EVENT_REFUSED && e.ctl.count == 1 &&
	    e.ctl.blocked && e.unlogged == 7 && e.open == UINT64_MAX,
	    "event of a refusal", "%d", n);
	n = event_parse(&e, "{\"event\":\"refused\",\"host\":\"b.example\","
	    "\"count\":25}");
	CASE(n == 1 && e.ctl.count == 25 && e.ctl.text[0] == '\0',
	    "event of a number of refusals", "%d", n);
	n = event_parse(&e, "{\"event\":\"refused\",\"unlogged\":3}");
	CASE(n == 1 && e.ctl.count == 0 && e.unlogged == 3,
	    "event of refusals that were not logged", "%d", n);
	n = event_parse(&e, "{\"event\":\"request\",\"host\":\"api\","
	    "\"method\":\"POST\",\"path\":\"/v1/messages\",\"status\":200,"
	    "\"out\":1,\"in\":2}");
	CASE(n == 1 && strcmp(e.ctl.text, "POST /v1/messages 200") == 0,
	    "event of a request", "%d %s", n, e.ctl.text);
	n = event_parse(&e, "{\"event\":\"request\",\"method\":\"GET\","
	    "\"path\":\"/\",\"reason\":\"gone\"}");
	CASE(n == 1 && strcmp(e.ctl.text, "GET /: gone") == 0,
	    "event of a request that failed", "%d %s", n, e.ctl.text);
	n = event_parse(&e, "{\"event\":\"totals\",\"accepted\":3}");
	CASE(n == 0, "event of something else", "%d", n);
	n = event_parse(&e, "{\"event\":\"ended\",\"time\":1}");
	CASE(n == 2, "event that is the last", "%d", n);
}

static void
test_events_that_are_none(void)
{
	static const char *const bad[] = {
		"", "{", "[]", "{}", "{\"event\":3}", "\"tunnel\"",
		"{\"event\":\"tunnel\"}",
		"{\"event\":\"tunnel\",\"host\":\"\"}",
		"{\"event\":\"tunnel\",\"host\":3}",
		"{\"event\":\"opened\",\"open\":1}",
		"{\"event\":\"tunnel\",\"host\":\"A.example\"}",
		"{\"event\":\"tunnel\",\"host\":\"a b\"}",
		"{\"event\":\"tunnel\",\"host\":\"a\\u001b[2J\"}",
		"{\"event\":\"tunnel\",\"host\":\"a\\u00e4\"}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"port\":65536}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"port\":-1}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"port\":\"443\"}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"out\":-1}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"in\":1.5}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"in\":1e300}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"ms\":null}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"out\":"
		    "9007199254740993}",
		"{\"event\":\"refused\",\"host\":\"a\",\"count\":[]}",
		"{\"event\":\"refused\",\"host\":\"a\",\"unlogged\":true}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"open\":-1}",
		"{\"event\":\"tunnel\",\"host\":\"a\",\"host\":\"b\"}",
		"{\"event\":\"request\",\"host\":\"a\",\"status\":1000}",
		"{\"event\":\"tunnel\",\"host\":\"a\"} {}"
	};
	char line[HOST_MAXLEN + 64], name[64];
	struct news e;
	size_t i;
	int n;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		n = event_parse(&e, bad[i]);
		(void)snprintf(name, sizeof(name), "no event %zu", i);
		CASE(n == -1, name, "%d: %s", n, bad[i]);
	}
	(void)snprintf(line, sizeof(line), "{\"event\":\"refused\","
	    "\"host\":\"%0*d\"}", HOST_MAXLEN, 0);
	CASE(event_parse(&e, line) == -1, "no event of a host too long",
	    "taken");
	(void)snprintf(line, sizeof(line), "{\"event\":\"refused\","
	    "\"host\":\"%0*d\"}", HOST_MAXLEN - 1, 0);
	CASE(event_parse(&e, line) == 1, "event of a long host", "refused");
}

/* What the sidecar says goes to a terminal. */
static void
test_text_is_plain(void)
{
	char line[1024];
	struct news e;
	size_t i;

	CASE(event_parse(&e, "{\"event\":\"refused\",\"host\":\"a\","
	    "\"reason\":\"x\\u001b]0;t\\u0007\\u009b2J\\ny\"}") == 1 &&
	    strpbrk(e.ctl.text, "\033\007\n\233\302") == NULL,
	    "reason is plain", "%s", e.ctl.text);
	CASE(event_parse(&e, "{\"event\":\"request\",\"method\":\"\\u001b[A\","
	    "\"path\":\"/\\u0007\",\"status\":200}") == 1 &&
	    strpbrk(e.ctl.text, "\033\007") == NULL,
	    "request is plain", "%s", e.ctl.text);
	(void)snprintf(line, sizeof(line), "{\"event\":\"request\","
	    "\"method\":\"%0300d\",\"path\":\"%0300d\",\"reason\":\"%0300d\"}",
	    1, 2, 3);
	CASE(event_parse(&e, line) == 1 && strlen(e.ctl.text) ==
	    sizeof(e.ctl.text) - 1, "request is cut", "%zu",
	    strlen(e.ctl.text));
	for (i = 0; e.ctl.text[i] != '\0'; i++)
		if (strchr("0123 :", e.ctl.text[i]) == NULL)
			break;
	CASE(e.ctl.text[i] == '\0', "request is cut well", "%s", e.ctl.text);
}

static void
event(struct traffic *t, uint32_t kind, const char *host, uint32_t port,
    uint64_t n)
{
	struct news e;

	memset(&e, 0, sizeof(e));
	e.ctl.kind = kind;
	(void)strlcpy(e.ctl.host, host, sizeof(e.ctl.host));
	e.ctl.port = port;
	e.ctl.out = n;
	e.ctl.in = 2 * n;
	e.ctl.count = kind == EVENT_REFUSED ? n : 0;
	e.open = UINT64_MAX;
	(void)traffic_add(t, &e);
}

static void
test_sums(void)
{
	struct traffic t;

	memset(&t, 0, sizeof(t));
	event(&t, EVENT_TUNNEL, "a", 443, 10);
	event(&t, EVENT_TUNNEL, "a", 443, 5);
	event(&t, EVENT_REQUEST, "b", 443, 1);
	event(&t, EVENT_REFUSED, "c", 443, 3);
	event(&t, EVENT_REFUSED, "", 0, 4);
	CASE(t.tunnels == 3 && t.out == 16 && t.in == 32 && t.refused == 7,
	    "sums", "%" PRIu64 " %" PRIu64 " %" PRIu64, t.tunnels, t.out,
	    t.refused);
	CASE(t.nhosts == 3 && t.hosts[0].tunnels == 2 && t.hosts[0].out ==
	    15 && t.hosts[2].refused == 3, "sums of hosts", "%zu", t.nhosts);
	traffic_free(&t);
	CASE(t.hosts == NULL && t.tunnels == 0, "no sums", "left");
}

/* One host that was refused is one, asked for by DNS or by a port. */
static void
test_ports(void)
{
	struct traffic t;

	memset(&t, 0, sizeof(t));
	event(&t, EVENT_REFUSED, "a", 53, 1);
	event(&t, EVENT_REFUSED, "a", 443, 1);
	event(&t, EVENT_REFUSED, "a", 53, 1);
	event(&t, EVENT_REFUSED, "a", 0, 5);
	CASE(t.nhosts == 1 && t.hosts[0].port == 443 &&
	    t.hosts[0].refused == 8, "port is found out", "%zu hosts, port %u",
	    t.nhosts, t.hosts[0].port);
	event(&t, EVENT_REFUSED, "a", 22, 1);
	CASE(t.nhosts == 2, "another port is another", "%zu", t.nhosts);
	traffic_free(&t);
}

static void
test_hosts_are_bounded(void)
{
	struct traffic t;
	char host[16];
	int i;

	memset(&t, 0, sizeof(t));
	for (i = 0; i < 1000; i++) {
		(void)snprintf(host, sizeof(host), "r%d", i);
		event(&t, EVENT_REFUSED, host, 443, 1);
	}
	CASE(t.nhosts == TRAFFIC_REFUSED && t.refused == 1000 && t.others ==
	    1000 - TRAFFIC_REFUSED, "refused hosts are bounded", "%zu",
	    t.nhosts);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(host, sizeof(host), "t%d", i);
		event(&t, EVENT_TUNNEL, host, 443, 1);
	}
	CASE(t.nhosts == TRAFFIC_HOSTS && t.tunnels == 1000,
	    "hosts are bounded", "%zu", t.nhosts);
	traffic_free(&t);
}

static void
test_sums_do_not_wrap(void)
{
	struct traffic t;

	memset(&t, 0, sizeof(t));
	event(&t, EVENT_TUNNEL, "a", 443, UINT64_MAX / 2);
	event(&t, EVENT_TUNNEL, "a", 443, UINT64_MAX / 2);
	event(&t, EVENT_TUNNEL, "a", 443, UINT64_MAX / 2);
	CASE(t.out == UINT64_MAX && t.hosts[0].out == UINT64_MAX,
	    "sums do not wrap", "%" PRIu64, t.out);
	traffic_free(&t);
}

static void
test_ring(void)
{
	struct ctl_event c;
	struct traffic t;
	int error, i;

	memset(&t, 0, sizeof(t));
	memset(&c, 0, sizeof(c));
	for (i = error = 0; i < 2 * TRAFFIC_LINES + 1; i++) {
		c.out = (uint64_t)i;
		error |= traffic_line(&t, &c);
	}
	CASE(error == 0 && t.nlines == 2 * TRAFFIC_LINES + 1 &&
	    t.lines[0].out == 2 * TRAFFIC_LINES &&
	    t.lines[1].out == TRAFFIC_LINES + 1, "lines are bounded", "%"
	    PRIu64, t.nlines);
	traffic_free(&t);
}
