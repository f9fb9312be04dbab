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
 * What the resolver knows of names, and how it gets to know.  Servers are not
 * trusted at all: each question has a socket of its own, on a random port, a
 * random id and random case.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/tree.h>

#include <netinet/in.h>

#include <errno.h>
#include <event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxyd.h"
#include "resolver.h"

#define TRIES_MIN	3	/* of one question, and one a server */
#define TRY_TIME	1000	/* milliseconds, twice that at each round */
#define TCP_TIME	3000	/* milliseconds */
#define OTHER_TIME	500	/* for the other family, once one is known */
#define TTL_MAX		3600	/* seconds that we remember a name */
#define TTL_FAILED	1	/* and that it could not be resolved */
#define TCP_MAX		(2 + 65535)

/* one question on its way */
struct query {
	struct event		 ev;
	struct entry		*entry;
	int			 fd;		/* -1: none */
	int			 tcp;
	int			 edns;
	unsigned int		 tries;
	enum refusal		 refusal;	/* if this was the last try */
	int64_t			 until;		/* milliseconds */
	uint16_t		 type;
	uint8_t			 msg[2 + DNS_QUERY_MAX]; /* length in front */
	size_t			 len;		/* without that */
	uint8_t			*answer;	/* over TCP */
	size_t			 got;
};

struct waiter {
	uint32_t		 id;
	struct ask		 ask;
	STAILQ_ENTRY(waiter)	 entry;
};

struct lookup {
	struct query		 queries[FAMILIES];
	unsigned int		 open;		/* of them */
	unsigned int		 server;	/* to start with */
	int			 noname;
	STAILQ_HEAD(, waiter)	 waiters;
};

static struct entry *entry_find(const char *);
static struct entry *entry_new(const char *);
static void	 entry_free(struct entry *);
static void	 entry_wait(struct entry *, uint32_t, const struct ask *);
static void	 entry_addrs(struct entry *, const struct dns_answer *);
static void	 entry_known(struct entry *);
static void	 lookup_start(struct entry *);
static void	 query_send(struct query *);
static void	 query_tcp(struct query *);
static void	 query_wait(struct query *, short);
static void	 query_event(int, short, void *);
static ssize_t	 query_receive(struct query *);
static ssize_t	 query_receive_tcp(struct query *);
static void	 query_answer(struct query *, size_t);
static int	 query_again(struct query *);
static void	 query_retry(struct query *);
static void	 query_close(struct query *);
static void	 query_done(struct query *);
static int	 entry_cmp(struct entry *, struct entry *);

RB_HEAD(entries, entry);
RB_PROTOTYPE(entries, entry, by_name, entry_cmp)
RB_GENERATE(entries, entry, by_name, entry_cmp)

static struct entries	 cache = RB_INITIALIZER(&cache);
/* those that are known, the last used first */
static TAILQ_HEAD(usedhead, entry) used = TAILQ_HEAD_INITIALIZER(used);
static uint32_t		 nused, nlookups, lookups_max;
static uint64_t		 total_hits, total_questions;
static uint8_t		 buf[DNS_UDP_MAX + 1];

void
cache_init(void)
{
	lookups_max = (uint32_t)getdtablesize() / 4;
}

int
cache_get(const char *name, uint32_t id, const struct ask *ask,
    const struct entry **known)
{
	struct entry *e;

	if ((e = entry_find(name)) != NULL && e->lookup == NULL) {
		total_hits++;
		TAILQ_REMOVE(&used, e, by_use);
		TAILQ_INSERT_HEAD(&used, e, by_use);
		*known = e;
		return (1);
	}
	if (e != NULL) {
		entry_wait(e, id, ask);
		return (0);
	}
	if (nlookups >= rules->settings.limits[LIMIT_LOOKUPS] ||
	    nlookups >= lookups_max)
		return (-1);
	e = entry_new(name);
	entry_wait(e, id, ask);
	lookup_start(e);
	return (0);
}

void
cache_report(struct report *rep)
{
	report_number(rep, "cached", total_hits);
	report_number(rep, "questions", total_questions);
	report_number(rep, "names", nused);
	report_number(rep, "lookups", nlookups);
}

static int
entry_cmp(struct entry *a, struct entry *b)
{
	return (strcmp(a->host, b->host));
}

static struct entry *
entry_find(const char *host)
{
	struct entry *e, key;

	(void)strlcpy(key.host, host, sizeof(key.host));
	if ((e = RB_FIND(entries, &cache, &key)) == NULL)
		return (NULL);
	if (e->lookup == NULL && e->until <= now_ms()) {
		entry_free(e);
		return (NULL);
	}
	return (e);
}

static struct entry *
entry_new(const char *host)
{
	struct entry *e;

	if ((e = calloc(1, sizeof(*e))) == NULL ||
	    (e->lookup = calloc(1, sizeof(*e->lookup))) == NULL)
		fatal("calloc");
	(void)strlcpy(e->host, host, sizeof(e->host));
	e->ttl = e->nottl = TTL_MAX;
	STAILQ_INIT(&e->lookup->waiters);
	RB_INSERT(entries, &cache, e);
	nlookups++;
	return (e);
}

/* Of one that is known. */
static void
entry_free(struct entry *e)
{
	RB_REMOVE(entries, &cache, e);
	TAILQ_REMOVE(&used, e, by_use);
	nused--;
	free(e->addrs);
	free(e);
}

static void
entry_wait(struct entry *e, uint32_t id, const struct ask *ask)
{
	struct waiter *w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("calloc");
	w->id = id;
	w->ask = *ask;
	STAILQ_INSERT_TAIL(&e->lookup->waiters, w, entry);
}

static void
entry_addrs(struct entry *e, const struct dns_answer *a)
{
	struct netaddr *addrs;

	addrs = reallocarray(e->addrs, e->naddrs + a->naddrs, sizeof(*addrs));
	if (addrs == NULL)
		fatal("reallocarray");
	memcpy(addrs + e->naddrs, a->addrs, a->naddrs * sizeof(*addrs));
	e->addrs = addrs;
	e->naddrs += a->naddrs;
}

/* Both families have said what they will. */
static void
entry_known(struct entry *e)
{
	struct lookup *l;
	struct waiter *w;

	l = e->lookup;
	if (e->naddrs > 0)
		e->refusal = REFUSAL_NONE;
	else if (l->noname)
		e->refusal = REFUSAL_NONAME;
	else if ((e->refusal = l->queries[FAMILY_A].refusal) == REFUSAL_NONE &&
	    (e->refusal = l->queries[FAMILY_AAAA].refusal) == REFUSAL_NONE)
		e->refusal = REFUSAL_NOADDR;
	if (e->refusal == REFUSAL_DNSTIME || e->refusal == REFUSAL_DNSFAIL)
		e->ttl = TTL_FAILED;
	else if (e->refusal != REFUSAL_NONE)
		e->ttl = e->nottl;
	e->until = now_ms() + (int64_t)e->ttl * 1000;
	e->lookup = NULL;
	nlookups--;
	TAILQ_INSERT_HEAD(&used, e, by_use);
	nused++;
	while ((w = STAILQ_FIRST(&l->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&l->waiters, entry);
		answer(e, w->id, &w->ask);
		free(w);
	}
	free(l);
	while (nused > rules->settings.limits[LIMIT_CACHE])
		entry_free(TAILQ_LAST(&used, usedhead));
}

void
cache_flush(void)
{
	struct entry *e;

	while ((e = TAILQ_FIRST(&used)) != NULL)
		entry_free(e);
}

/*
 * Questions to the servers.
 */

static void
lookup_start(struct entry *e)
{
	struct lookup *l;
	struct query *q;
	int i;

	l = e->lookup;
	l->open = FAMILIES;
	l->server = arc4random_uniform((uint32_t)rules->nservers);
	for (i = 0; i < FAMILIES; i++) {
		q = &l->queries[i];
		q->entry = e;
		q->fd = -1;
		q->edns = 1;
		q->type = i == FAMILY_A ? DNS_A : DNS_AAAA;
	}
	/* the last of the two may end the lookup at once, if all fails */
	query_send(&l->queries[FAMILY_A]);
	query_send(&l->queries[FAMILY_AAAA]);
}

/* Every try has a new port, id and case. */
static void
query_send(struct query *q)
{
	uint8_t mix[DNS_MIX];
	struct sockaddr_storage ss;
	const struct server *s;
	socklen_t len;

	for (;;) {
		s = &rules->servers[(q->entry->lookup->server + q->tries) %
		    rules->nservers];
		len = addr_to_sockaddr(&s->addr, s->port, &ss);
		arc4random_buf(mix, sizeof(mix));
		q->len = dns_query(q->msg + 2,
		    (uint16_t)arc4random_uniform(65536), q->entry->host,
		    q->type, mix, q->edns);
		q->fd = socket(s->addr.family,
		    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (q->len > 0 && q->fd != -1 &&
		    connect(q->fd, (struct sockaddr *)&ss, len) == 0 &&
		    send(q->fd, q->msg + 2, q->len, 0) == (ssize_t)q->len)
			break;
		log_debug("question to a resolver: %s", strerror(errno));
		query_close(q);
		q->refusal = REFUSAL_DNSFAIL;
		if (!query_again(q)) {
			query_done(q);
			return;
		}
	}
	total_questions++;
	q->until = now_ms() + ((int64_t)TRY_TIME <<
	    (q->tries / (unsigned int)rules->nservers));
	query_wait(q, EV_READ);
}

/* The answer was truncated: the same question to the same server over TCP. */
static void
query_tcp(struct query *q)
{
	struct sockaddr_storage ss;
	socklen_t len;

	len = sizeof(ss);
	if (getpeername(q->fd, (struct sockaddr *)&ss, &len) == -1)
		len = 0;
	query_close(q);
	q->tcp = 1;
	q->got = 0;
	q->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (len == 0 || q->fd == -1 || (q->answer = malloc(TCP_MAX)) == NULL ||
	    (connect(q->fd, (struct sockaddr *)&ss, len) == -1 &&
	    errno != EINPROGRESS)) {
		log_debug("question over TCP: %s", strerror(errno));
		query_retry(q);
		return;
	}
	q->until = now_ms() + TCP_TIME;
	query_wait(q, EV_WRITE);
}

static void
query_wait(struct query *q, short what)
{
	struct timeval tv;
	int64_t left;

	left = q->until - now_ms();
	if (left < 1)
		left = 1;
	tv.tv_sec = left / 1000;
	tv.tv_usec = left % 1000 * 1000;
	event_set(&q->ev, q->fd, what, query_event, q);
	event_add(&q->ev, &tv);
}

static void
query_event(int fd, short event, void *arg)
{
	struct query *q = arg;
	ssize_t n;

	(void)fd;
	if (event & EV_TIMEOUT) {
		q->refusal = REFUSAL_DNSTIME;
		query_retry(q);
		return;
	}
	q->refusal = REFUSAL_DNSFAIL;
	if (event & EV_WRITE) {
		q->msg[0] = (uint8_t)(q->len >> 8);
		q->msg[1] = (uint8_t)q->len;
		if (send(q->fd, q->msg, q->len + 2, MSG_NOSIGNAL) !=
		    (ssize_t)q->len + 2)
			query_retry(q);
		else
			query_wait(q, EV_READ);
		return;
	}
	n = q->tcp ? query_receive_tcp(q) : query_receive(q);
	if (n == -1)
		query_retry(q);
	else if (n == 0)
		query_wait(q, EV_READ);
	else
		query_answer(q, (size_t)n);
}

/* The length of a message, 0 for none yet, -1 if none will come. */
static ssize_t
query_receive(struct query *q)
{
	ssize_t n;

	n = recv(q->fd, buf, sizeof(buf), 0);
	if (n == -1)
		return (errno == EAGAIN || errno == EINTR ? 0 : -1);
	return (n);
}

static ssize_t
query_receive_tcp(struct query *q)
{
	size_t len;
	ssize_t n;

	len = q->got < 2 ? 2 :
	    2 + ((size_t)q->answer[0] << 8 | q->answer[1]);
	n = recv(q->fd, q->answer + q->got, len - q->got, 0);
	if (n == 0)
		return (-1);
	if (n == -1)
		return (errno == EAGAIN || errno == EINTR ? 0 : -1);
	q->got += (size_t)n;
	if (q->got < len || q->got == 2)
		return (0);
	return ((ssize_t)(len - 2));
}

static void
query_answer(struct query *q, size_t len)
{
	struct dns_answer a;
	struct lookup *l;
	struct entry *e;

	e = q->entry;
	l = e->lookup;
	switch (dns_answer(&a, q->tcp ? q->answer + 2 : buf, len, q->msg + 2,
	    q->len)) {
	case DNS_BAD:
		/* of somebody else, perhaps; the right one may still come */
		if (q->tcp)
			query_retry(q);
		else
			query_wait(q, EV_READ);
		return;
	case DNS_TRUNCATED:
		if (q->tcp)
			query_retry(q);
		else
			query_tcp(q);
		return;
	case DNS_FAILED:
		/* an old server that does not know EDNS is asked without */
		if (q->edns && (a.rcode == 1 || a.rcode == 4))
			q->edns = 0;
		else if (q->tries + 1 >= rules->nservers) {
			query_done(q);
			return;
		}
		query_retry(q);
		return;
	case DNS_ADDRESSES:
		entry_addrs(e, &a);
		if (a.ttl < e->ttl)
			e->ttl = a.ttl;
		break;
	case DNS_NONAME:
		l->noname = 1;
		/* FALLTHROUGH */
	case DNS_NOTHING:
		if (a.ttl < e->nottl)
			e->nottl = a.ttl;
		break;
	}
	q->refusal = REFUSAL_NONE;
	query_done(q);
}

static int
query_again(struct query *q)
{
	q->tries++;
	return ((q->tries < TRIES_MIN || q->tries < rules->nservers) &&
	    q->entry->naddrs == 0);
}

static void
query_retry(struct query *q)
{
	query_close(q);
	if (query_again(q))
		query_send(q);
	else
		query_done(q);
}

static void
query_close(struct query *q)
{
	if (q->fd != -1) {
		if (event_initialized(&q->ev))
			event_del(&q->ev);
		close(q->fd);
	}
	q->fd = -1;
	free(q->answer);
	q->answer = NULL;
	q->tcp = 0;
}

/* The other family is not waited for much longer if this one has addresses. */
static void
query_done(struct query *q)
{
	struct query *other;
	struct entry *e;
	int64_t soon;

	query_close(q);
	e = q->entry;
	if (--e->lookup->open == 0) {
		entry_known(e);
		return;
	}
	other = &e->lookup->queries[q->type == DNS_A];
	soon = now_ms() + OTHER_TIME;
	if (e->naddrs == 0 || other->fd == -1 || other->until <= soon)
		return;
	other->until = soon;
	event_del(&other->ev);
	query_wait(other, other->ev.ev_events & (EV_READ | EV_WRITE));
}
