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
 * The resolver holds the rules.  The frontend names a host and a port; only if
 * they pass is the name resolved, and only if every address of it may be
 * dialled does the relay get them.  So a question goes out for no name but
 * those that the rules pass.  The frontend is not trusted to send a sound
 * name, and servers are not trusted at all: each question has a socket of its
 * own, on a random port, a random id and random case.
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
#include <time.h>
#include <unistd.h>

#include "imsg.h"
#include "proc.h"
#include "proxyd.h"
#include "sandbox.h"

#define TRIES_MIN	3	/* of one question, and one a server */
#define TRY_TIME	1000	/* milliseconds, twice that at each round */
#define TCP_TIME	3000	/* milliseconds */
#define OTHER_TIME	500	/* for the other family, once one is known */
#define TTL_MAX		3600	/* seconds that we remember a name */
#define TTL_FAILED	1	/* and that it could not be resolved */
#define TCP_MAX		(2 + 65535)

enum { FAMILY_A, FAMILY_AAAA, FAMILIES };

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

/* a name of the cache, or about to be */
struct entry {
	char			 host[HOST_SIZE];
	struct lookup		*lookup;	/* NULL: it is known */
	enum refusal		 refusal;	/* or there are addresses */
	unsigned int		 naddrs;
	struct netaddr		*addrs;
	uint32_t		 ttl;		/* of the addresses */
	uint32_t		 nottl;		/* and of that there are none */
	int64_t			 until;		/* milliseconds */
	RB_ENTRY(entry)		 by_name;
	TAILQ_ENTRY(entry)	 by_use;
};

struct rules {
	struct settings		 settings;
	struct server		 servers[SERVERS_MAX];
	size_t			 nservers;
	struct netaddr		 own[OWN_MAX];
	size_t			 nown;
	struct policy		 policy;
	struct gate_conf	 gateway;	/* its host may be empty */
	struct rule		 gate_rule;	/* what the keeper may dial */
};

static int	 resolver_handle(struct peer *, struct imsg *);
static void	 resolver_started(void);
static int	 handle_conf(struct imsg *);
static int	 handle_server(struct imsg *);
static int	 handle_own(struct imsg *);
static int	 handle_rule(struct imsg *);
static int	 handle_rule_name(struct imsg *);
static int	 handle_gateway(struct imsg *);
static int	 handle_end(void);
static int	 handle_ask(struct imsg *);
static int	 handle_ask_name(struct imsg *);
static int	 handle_gate_ask(struct imsg *);
static void	 resolve(uint32_t, const struct ask *);
static int	 is_gateway(const char *);
static int	 handle_check(struct imsg *);
static void	 handle_totals(void);
static const char *dialled(const struct ask *);
static const struct rule *decide(const char *, uint16_t, uint32_t);
static int	 sound_name(const char *);
static void	 answer(const struct entry *, uint32_t, const struct ask *);
static void	 refuse(uint32_t, uint32_t, enum refusal);
static void	 order(struct dial *, const struct entry *);
static struct entry *entry_find(const char *);
static struct entry *entry_new(const char *);
static void	 entry_free(struct entry *);
static void	 entry_wait(struct entry *, uint32_t, const struct ask *);
static void	 entry_addrs(struct entry *, const struct dns_answer *);
static void	 entry_known(struct entry *);
static void	 cache_flush(void);
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
static void	 compose(unsigned int, uint32_t, uint32_t, const void *,
		    size_t);
static int64_t	 now_ms(void);
static int	 entry_cmp(struct entry *, struct entry *);

RB_HEAD(entries, entry);
RB_PROTOTYPE(entries, entry, by_name, entry_cmp)
RB_GENERATE(entries, entry, by_name, entry_cmp)

static struct rules	*rules, *nrules;
static struct entries	 cache = RB_INITIALIZER(&cache);
/* those that are known, the last used first */
static TAILQ_HEAD(usedhead, entry) used = TAILQ_HEAD_INITIALIZER(used);
static uint32_t		 nused, nlookups, lookups_max;
static uint64_t		 total_asked, total_refused, total_hits,
			 total_questions;
static uint8_t		 buf[DNS_UDP_MAX + 1];

void
resolver(void)
{
	lookups_max = (uint32_t)getdtablesize() / 4;
	/* Wide: as narrow, and recvfd to get the channels to the others. */
	if (sandbox_net("connect") == -1 ||
	    pledge("stdio inet recvfd", NULL) == -1)
		fatal("pledge");
	proc_loop(resolver_handle, resolver_started);
}

/* Narrow: inet to ask the servers, over TCP at their ports only. */
static void
resolver_started(void)
{
	char net[SERVERS_MAX * sizeof("connect:65535 ")];
	size_t i, len;

	if (rules == NULL)
		fatalx("no configuration came");
	net[0] = '\0';
	for (i = len = 0; i < rules->nservers; i++)
		len += (size_t)snprintf(net + len, sizeof(net) - len,
		    "%sconnect:%u", i > 0 ? " " : "", rules->servers[i].port);
	if (sandbox_net(net) == -1 || pledge("stdio inet", NULL) == -1)
		fatal("pledge");
	log_debug("%s", sandbox_describe());
}

static int
resolver_handle(struct peer *p, struct imsg *imsg)
{
	(void)p;
	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_CONF:
		return (handle_conf(imsg));
	case IMSG_RECONF_SERVER:
		return (handle_server(imsg));
	case IMSG_RECONF_OWN:
		return (handle_own(imsg));
	case IMSG_RECONF_RULE:
		return (handle_rule(imsg));
	case IMSG_RECONF_NAME:
		return (handle_rule_name(imsg));
	case IMSG_GATE_CONF:
		return (handle_gateway(imsg));
	case IMSG_RECONF_END:
		return (handle_end());
	case IMSG_ASK:
		return (handle_ask(imsg));
	case IMSG_ASK_NAME:
		return (handle_ask_name(imsg));
	case IMSG_GATE_ASK:
		return (handle_gate_ask(imsg));
	case IMSG_CHECK:
		return (handle_check(imsg));
	case IMSG_TOTALS:
		handle_totals();
		return (0);
	default:
		return (-1);
	}
}

/*
 * Configuration: collected in nrules, in force at its end.
 */

static int
handle_conf(struct imsg *imsg)
{
	if (nrules != NULL)
		return (-1);
	if ((nrules = calloc(1, sizeof(*nrules))) == NULL)
		fatal("calloc");
	policy_init(&nrules->policy);
	return (settings_get(imsg, &nrules->settings));
}

static int
handle_server(struct imsg *imsg)
{
	struct server *s;

	if (nrules == NULL || nrules->nservers == SERVERS_MAX)
		return (-1);
	s = &nrules->servers[nrules->nservers++];
	if (imsg_get_data(imsg, s, sizeof(*s)) == -1 || s->port == 0 ||
	    (s->addr.family != AF_INET && s->addr.family != AF_INET6))
		return (-1);
	return (0);
}

static int
handle_own(struct imsg *imsg)
{
	if (nrules == NULL || nrules->nown == OWN_MAX)
		return (-1);
	return (imsg_get_data(imsg, &nrules->own[nrules->nown++],
	    sizeof(nrules->own[0])));
}

static int
handle_rule(struct imsg *imsg)
{
	struct rule rule;

	if (nrules == NULL || imsg_get_data(imsg, &rule, sizeof(rule)) == -1)
		return (-1);
	return (policy_add_rule(&nrules->policy, &rule));
}

static int
handle_rule_name(struct imsg *imsg)
{
	char name[PATTERN_SIZE];
	const char *why;

	if (nrules == NULL ||
	    imsg_get_string(imsg, name, sizeof(name)) == -1)
		return (-1);
	return (policy_add_name(&nrules->policy, name, &why));
}

static int
handle_gateway(struct imsg *imsg)
{
	struct policy policy;
	struct gate_conf *g;
	struct rule *r;

	if (nrules == NULL)
		return (-1);
	g = &nrules->gateway;
	if (imsg_get_data(imsg, g, sizeof(*g)) == -1 ||
	    !imsg_is_string(g->host, sizeof(g->host)) ||
	    !sound_name(g->host) || g->port == 0)
		return (-1);
	r = &nrules->gate_rule;
	r->action = RULE_PASS;
	r->naddrs = g->naddrs;
	memcpy(r->addrs, g->addrs, sizeof(r->addrs));
	policy_init(&policy);
	if (policy_add_rule(&policy, r) == -1)
		return (-1);
	policy_free(&policy);
	return (0);
}

static int
handle_end(void)
{
	const uint32_t good = 1;

	if (nrules == NULL || nrules->nservers == 0)
		return (-1);
	policy_seal(&nrules->policy);
	if (rules != NULL) {
		policy_free(&rules->policy);
		free(rules);
	}
	rules = nrules;
	nrules = NULL;
	cache_flush();
	if (proc_state == STATE_RUNNING)
		compose(ROLE_RELAY, IMSG_RECHECK, 0, NULL, 0);
	compose(ROLE_PARENT, IMSG_RECONF_DONE, 0, &good, sizeof(good));
	return (0);
}

/*
 * Questions of the frontend and of the relay.
 */

static int
handle_ask(struct imsg *imsg)
{
	struct ask ask;

	if (imsg_get_data(imsg, &ask, sizeof(ask)) == -1 || ask.port == 0 ||
	    ask.kind > ASK_HTTP || !imsg_is_string(ask.host,
	    sizeof(ask.host)) || !sound_name(ask.host))
		return (-1);
	resolve(imsg_get_id(imsg), &ask);
	return (0);
}

/* The keeper names no host, and so no other one. */
static int
handle_gate_ask(struct imsg *imsg)
{
	struct ask ask;

	if (rules->gateway.host[0] == '\0') {
		refuse(imsg_get_id(imsg), ASK_GATEWAY, REFUSAL_NOGATEWAY);
		return (0);
	}
	memset(&ask, 0, sizeof(ask));
	ask.kind = ASK_GATEWAY;
	ask.port = rules->gateway.port;
	(void)strlcpy(ask.host, rules->gateway.host, sizeof(ask.host));
	resolve(imsg_get_id(imsg), &ask);
	return (0);
}

static void
resolve(uint32_t id, const struct ask *ask)
{
	const char *name;
	struct netaddr addr;
	struct entry *e, literal;

	total_asked++;
	if (decide(ask->host, ask->port, ask->kind) == NULL) {
		refuse(id, ask->kind, is_gateway(ask->host) ?
		    REFUSAL_GATEWAY : REFUSAL_BLOCKED);
		return;
	}
	name = dialled(ask);
	if (addr_parse(name, &addr) == 0) {
		/* only a parent proxy is called by its address */
		memset(&literal, 0, sizeof(literal));
		(void)strlcpy(literal.host, name, sizeof(literal.host));
		literal.addrs = &addr;
		literal.naddrs = 1;
		answer(&literal, id, ask);
		return;
	}
	if ((e = entry_find(name)) != NULL && e->lookup == NULL) {
		total_hits++;
		TAILQ_REMOVE(&used, e, by_use);
		TAILQ_INSERT_HEAD(&used, e, by_use);
		answer(e, id, ask);
		return;
	}
	if (e == NULL) {
		if (nlookups >= rules->settings.limits[LIMIT_LOOKUPS] ||
		    nlookups >= lookups_max) {
			refuse(id, ask->kind, REFUSAL_BUSY);
			return;
		}
		e = entry_new(name);
		entry_wait(e, id, ask);
		lookup_start(e);
	} else
		entry_wait(e, id, ask);
}

static int
handle_ask_name(struct imsg *imsg)
{
	char name[HOST_SIZE];
	uint32_t passed;

	if (imsg_get_string(imsg, name, sizeof(name)) == -1 ||
	    !sound_name(name))
		return (-1);
	passed = !is_gateway(name) &&
	    policy_name_passed(&rules->policy, name) != 0;
	compose(ROLE_FRONTEND, IMSG_NAME, imsg_get_id(imsg), &passed,
	    sizeof(passed));
	return (0);
}

/* May what the old rules allowed stay?  No answer says yes. */
static int
handle_check(struct imsg *imsg)
{
	const struct rule *rule;
	struct dial dial;
	unsigned int i;

	if (imsg_get_data(imsg, &dial, sizeof(dial)) == -1 ||
	    !imsg_is_string(dial.host, sizeof(dial.host)) ||
	    !sound_name(dial.host) || dial.naddrs == 0 ||
	    dial.naddrs > DIAL_ADDRS)
		return (-1);
	rule = decide(dial.host, dial.port, ASK_TUNNEL);
	/* a parent proxy is where the configuration says */
	for (i = 0; rule != NULL && dial.via == 0 && i < dial.naddrs; i++)
		if (!policy_addr_passed(rule, &dial.addrs[i], rules->own,
		    rules->nown))
			rule = NULL;
	if (rule == NULL || (dial.plain && !rule->plain))
		compose(ROLE_RELAY, IMSG_CUT, imsg_get_id(imsg), NULL, 0);
	return (0);
}

static void
handle_totals(void)
{
	struct report rep;

	report_start(&rep, "totals", rules->settings.json != 0);
	report_number(&rep, "asked", total_asked);
	report_number(&rep, "refused", total_refused);
	report_number(&rep, "cached", total_hits);
	report_number(&rep, "questions", total_questions);
	report_number(&rep, "names", nused);
	report_number(&rep, "lookups", nlookups);
	report_end(&rep);
}

/* Whom a connection really goes to. */
static const char *
dialled(const struct ask *ask)
{
	return (rules->settings.via_port != 0 ? rules->settings.via :
	    ask->host);
}

/* The rule that passes it, or NULL. */
static const struct rule *
decide(const char *host, uint16_t port, uint32_t kind)
{
	const struct rule *rule;

	if (kind == ASK_GATEWAY)
		return (is_gateway(host) && port == rules->gateway.port ?
		    &rules->gate_rule : NULL);
	/* a tunnel to the API would take anybody's key there */
	if (is_gateway(host))
		return (NULL);
	/* what is forwarded without TLS has but one port */
	if (kind == ASK_HTTP && port != 80)
		return (NULL);
	rule = policy_decide(&rules->policy, host, port);
	return (rule == NULL || rule->action != RULE_PASS ? NULL : rule);
}

static int
is_gateway(const char *host)
{
	return (strcmp(host, rules->gateway.host) == 0);
}

/* Is it what host_parse() would make of it? */
static int
sound_name(const char *name)
{
	char host[HOST_SIZE];
	const char *why;

	return (host_parse(name, strlen(name), host, &why) == HOST_OK &&
	    strcmp(name, host) == 0);
}

/*
 * All addresses of a name may be dialled, or none is; a parent proxy's are
 * the configuration's business.
 */
static void
answer(const struct entry *e, uint32_t id, const struct ask *ask)
{
	const struct rule *rule;
	struct dial dial;
	unsigned int i;
	int via;

	/* the rules may have changed while the name was resolved */
	if ((rule = decide(ask->host, ask->port, ask->kind)) == NULL) {
		refuse(id, ask->kind, REFUSAL_BLOCKED);
		return;
	}
	via = rules->settings.via_port != 0;
	if (strcmp(e->host, dialled(ask)) != 0) {
		refuse(id, ask->kind, REFUSAL_BUSY);
		return;
	}
	if (e->refusal != REFUSAL_NONE) {
		refuse(id, ask->kind, via ? REFUSAL_VIA : e->refusal);
		return;
	}
	for (i = 0; !via && i < e->naddrs; i++) {
		if (policy_addr_passed(rule, &e->addrs[i], rules->own,
		    rules->nown))
			continue;
		refuse(id, ask->kind, REFUSAL_INSIDE);
		return;
	}
	memset(&dial, 0, sizeof(dial));
	dial.port = ask->port;
	dial.via = via ? rules->settings.via_port : 0;
	dial.plain = rule->plain;
	order(&dial, e);
	(void)strlcpy(dial.host, ask->host, sizeof(dial.host));
	compose(ask->kind == ASK_GATEWAY ? ROLE_KEEPER : ROLE_RELAY, IMSG_DIAL,
	    id, &dial, sizeof(dial));
}

static void
refuse(uint32_t id, uint32_t kind, enum refusal refusal)
{
	uint32_t why;

	total_refused++;
	why = refusal;
	compose(kind == ASK_GATEWAY ? ROLE_KEEPER : ROLE_FRONTEND, IMSG_REFUSED, id, &why, sizeof(why));
}

/*
 * The first addresses of each family by turns, those of a family that we are
 * in ourselves first.
 */
static void
order(struct dial *dial, const struct entry *e)
{
	unsigned int next[FAMILIES], i, turn;
	size_t j;

	turn = FAMILY_A;
	for (j = 0; j < rules->nown; j++)
		if (rules->own[j].family == AF_INET6)
			turn = FAMILY_AAAA;
	next[FAMILY_A] = next[FAMILY_AAAA] = 0;
	while (dial->naddrs < DIAL_ADDRS &&
	    (next[FAMILY_A] < e->naddrs || next[FAMILY_AAAA] < e->naddrs)) {
		for (i = next[turn]; i < e->naddrs; i++)
			if (e->addrs[i].family ==
			    (turn == FAMILY_A ? AF_INET : AF_INET6))
				break;
		if (i < e->naddrs)
			dial->addrs[dial->naddrs++] = e->addrs[i];
		next[turn] = i + 1;
		turn = !turn;
	}
}

/*
 * The cache.
 */

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

static void
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

static void
compose(unsigned int role, uint32_t type, uint32_t id, const void *data,
    size_t len)
{
	if (peer_compose(proc_peer(role), type, id, -1, data, len) == -1)
		fatal("peer_compose");
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		fatal("clock_gettime");
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}
