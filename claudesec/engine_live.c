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
 * Rules of the user's for one session that runs: beside those of the
 * configuration, as long as the session or for a while.  What the configuration
 * blocks stays blocked.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"

#define ANSWER_SECONDS	20	/* for proxyd to take a policy */

static int	 live_refused(const struct client *, const struct session *,
		    const struct egress_rule *, char [TEXT_MAXLEN]);
static void	 live_replace(struct session *, const struct egress_rule *);
static void	 live_remove(struct session *, struct live_rule *);
static void	 live_set_timer(struct session *);
static void	 live_expire(int, short, void *);
static void	 live_log(struct session *, const struct egress_rule *,
		    const char *, ...)
		    __attribute__((__format__(__printf__, 3, 4)));
static int	 live_add(struct session *, const struct egress_rule *,
		    uint32_t);

void
live_init(struct session *s)
{
	TAILQ_INIT(&s->live);
	evtimer_set(&s->live_timer, live_expire, s);
}

void
live_free(struct session *s)
{
	struct live_rule *l;

	evtimer_del(&s->live_timer);
	while ((l = TAILQ_FIRST(&s->live)) != NULL)
		live_remove(s, l);
}

/* What a start passes. */
void
live_start(struct session *s, const struct client *c)
{
	char why[TEXT_MAXLEN];
	uint32_t i;

	for (i = 0; i < c->npass; i++) {
		if (live_refused(c, s, &c->pass[i], why)) {
			session_fail(s, EX_NOPERM, "%s", why);
			return;
		}
		if (live_add(s, &c->pass[i], 0) == -1)
			fatal("calloc");
	}
	kept_change(s);
}

/* For the proxy. */
size_t
live_copy(const struct session *s, struct egress_rule own[PASS_MAX])
{
	const struct live_rule *l;
	size_t n;

	n = 0;
	TAILQ_FOREACH(l, &s->live, entry)
		if (n < PASS_MAX)
			own[n++] = l->rule;
	return (n);
}

/* For the next daemon. */
size_t
live_kept(const struct session *s, struct kept_rule rules[PASS_MAX])
{
	const struct live_rule *l;
	int64_t now;
	size_t n;

	now = clock_seconds();
	n = 0;
	TAILQ_FOREACH(l, &s->live, entry) {
		if (n == PASS_MAX)
			break;
		memset(&rules[n], 0, sizeof(rules[n]));
		rules[n].rule = l->rule;
		rules[n].until = l->until;
		if (l->until > now)
			rules[n].seconds = (uint32_t)(l->until - now);
		n++;
	}
	return (n);
}

/*
 * From an earlier one.  Its clock is ours, unless this machine was started
 * anew under sessions of another's: then they hold no longer than they would
 * have from when they were kept.
 */
void
live_adopt(struct session *s, const struct kept_rule *rules, size_t n)
{
	struct live_rule *l;
	size_t i;

	for (i = 0; i < n; i++) {
		if ((l = calloc(1, sizeof(*l))) == NULL)
			fatal("calloc");
		l->rule = rules[i].rule;
		l->until = rules[i].until;
		if (l->until > clock_seconds() + rules[i].seconds)
			l->until = clock_seconds() + rules[i].seconds;
		TAILQ_INSERT_TAIL(&s->live, l, entry);
		s->nlive++;
	}
	live_set_timer(s);
}

static int
live_add(struct session *s, const struct egress_rule *rule, uint32_t seconds)
{
	struct live_rule *l;

	live_replace(s, rule);
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (-1);
	l->rule = *rule;
	l->until = seconds == 0 ? 0 : clock_seconds() + seconds;
	TAILQ_INSERT_TAIL(&s->live, l, entry);
	s->nlive++;
	live_set_timer(s);
	return (0);
}

/*
 * The last word on a host counts: it takes back what was said of all that it
 * is about.
 */
static void
live_replace(struct session *s, const struct egress_rule *rule)
{
	struct egress_rule about;
	struct live_rule *l, *next;

	for (l = TAILQ_FIRST(&s->live); l != NULL; l = next) {
		next = TAILQ_NEXT(l, entry);
		/* as if both were of one kind, for their ports */
		about = l->rule;
		if (about.nports == 0 && !about.block) {
			about.nports = 1;
			about.ports[0] = 443;
		}
		if (strcmp(l->rule.host, rule->host) == 0 &&
		    (rule_covers(rule, &about) || (l->rule.block &&
		    rule_covers(&l->rule, rule))))
			live_remove(s, l);
	}
}

static void
live_remove(struct session *s, struct live_rule *l)
{
	TAILQ_REMOVE(&s->live, l, entry);
	s->nlive--;
	free(l);
}

/*
 * Is there a reason not to?
 */
static int
live_refused(const struct client *c, const struct session *s,
    const struct egress_rule *rule, char why[TEXT_MAXLEN])
{
	const struct rule_entry *e;
	const struct live_rule *l;
	struct config conf;

	if (rule->block)
		return (0);
	(void)snprintf(why, TEXT_MAXLEN, "%s: ", rule->host);
	if (c->uid != 0 && c->uid != (uint32_t)getuid()) {
		(void)strlcat(why, "the daemon's configuration says what its "
		    "users may pass", TEXT_MAXLEN);
		return (1);
	}
	permit_config(&conf, &s->spec.identity);
	TAILQ_FOREACH(e, &conf.rules, entry)
		if (e->rule.block && rule_covers(&e->rule, rule)) {
			(void)strlcat(why, "the configuration blocks it, by: "
			    "block to ", TEXT_MAXLEN);
			(void)strlcat(why, e->rule.host, TEXT_MAXLEN);
			return (1);
		}
	TAILQ_FOREACH(l, &s->live, entry)
		if (l->rule.block && strcmp(l->rule.host, rule->host) != 0 &&
		    rule_covers(&l->rule, rule)) {
			(void)strlcat(why, "it was blocked, by: claudesec "
			    "block ", TEXT_MAXLEN);
			(void)strlcat(why, l->rule.host, TEXT_MAXLEN);
			return (1);
		}
	if (s->spec.token[0] != '\0' &&
	    strcmp(rule->host, conf.fixed.api.host) == 0) {
		(void)strlcat(why, "the API is reached through the gateway "
		    "only", TEXT_MAXLEN);
		return (1);
	}
	return (0);
}

/*
 * A client wants a rule, and to know when it is in force.
 */
void
live_request(struct client *c)
{
	struct timeval tv = { ANSWER_SECONDS, 0 };
	const struct egress_rule *rule;
	char why[TEXT_MAXLEN];
	struct session *s;

	rule = &c->pass[0];
	if ((s = client_session(c)) == NULL)
		return;
	if (live_refused(c, s, rule, why)) {
		client_error(c, EX_NOPERM, "%s", why);
		return;
	}
	if (sidecar_deaf(s)) {
		client_error(c, EX_UNAVAILABLE, "the session %s keeps its "
		    "rules: with podman, only the daemon that began it can "
		    "change them", s->spec.name);
		return;
	}
	if (s->proxy.bev == NULL) {
		client_error(c, EX_UNAVAILABLE, "the session %s has no proxy",
		    s->spec.name);
		return;
	}
	if (s->nlive >= PASS_MAX) {
		client_error(c, EX_TEMPFAIL, "the session %s has %d rules of "
		    "its own already", s->spec.name, PASS_MAX);
		return;
	}
	if (live_add(s, rule, c->seconds) == -1)
		fatal("calloc");
	if (c->seconds == 0)
		live_log(s, rule, "by uid %u", c->uid);
	else
		live_log(s, rule, "by uid %u, for %u seconds", c->uid,
		    c->seconds);
	sidecar_policy(s);
	kept_change(s);
	c->watch = s;
	c->policy = s->proxy.sent;
	evtimer_add(&c->timer, &tv);
}

/* The proxy has taken the policy that it was told next, or has not. */
void
live_answer(struct session *s, const char *error)
{
	/* it can say what it likes */
	if (s->proxy.answered < s->proxy.sent)
		s->proxy.answered++;
	live_check(s, error);
}

/* Who has a rule that is in force, and kept? */
void
live_check(struct session *s, const char *error)
{
	struct client *c, *next;

	if (error == NULL && s->kept.call != NULL)
		return;
	for (c = client_first(); c != NULL; c = next) {
		next = client_next(c);
		if (c->watch != s || c->request != IMSG_CTL_RULE || c->ended ||
		    c->policy > s->proxy.answered)
			continue;
		if (error == NULL)
			client_exit(c, 0);
		else
			client_error(c, EX_PROTOCOL, "the proxy of the session "
			    "%s: %s", s->spec.name, error);
	}
}

static void
live_set_timer(struct session *s)
{
	struct timeval tv = { 0, 0 };
	const struct live_rule *l;
	int64_t first;

	first = 0;
	TAILQ_FOREACH(l, &s->live, entry)
		if (l->until != 0 && (first == 0 || l->until < first))
			first = l->until;
	if (first == 0) {
		evtimer_del(&s->live_timer);
		return;
	}
	if (first > clock_seconds())
		tv.tv_sec = (time_t)(first - clock_seconds());
	evtimer_add(&s->live_timer, &tv);
}

static void
live_expire(int fd, short event, void *arg)
{
	struct session *s = arg;
	struct live_rule *l, *next;
	int64_t now;
	int n;

	(void)fd;
	(void)event;
	now = clock_seconds();
	n = 0;
	for (l = TAILQ_FIRST(&s->live); l != NULL; l = next) {
		next = TAILQ_NEXT(l, entry);
		if (l->until == 0 || l->until > now)
			continue;
		live_log(s, &l->rule, "no more, its time is over");
		live_remove(s, l);
		n++;
	}
	live_set_timer(s);
	if (n > 0 && sidecar_deaf(s)) {
		session_fail(s, EX_UNAVAILABLE, "the time of a rule is over, "
		    "and with podman only the daemon that began the session "
		    "can take it back");
	} else if (n > 0) {
		sidecar_policy(s);
		kept_change(s);
	}
}

/* It is part of the session's log. */
static void
live_log(struct session *s, const struct egress_rule *rule, const char *fmt,
    ...)
{
	struct ctl_event e;
	char text[REASON_MAXLEN - 16];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memset(&e, 0, sizeof(e));
	e.kind = EVENT_RULE;
	e.port = rule->nports > 0 ? rule->ports[0] : 0;
	(void)strlcpy(e.host, rule->host, sizeof(e.host));
	(void)snprintf(e.text, sizeof(e.text), "%s %s", rule->block ?
	    "blocked" : "passed", text);
	log_info("session %s: %s %s", s->spec.name, e.host, e.text);
	traffic_keep(s, &e);
}
