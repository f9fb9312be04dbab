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
 * name.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "imsg.h"
#include "proc.h"
#include "proxyd.h"
#include "resolver.h"
#include "sandbox.h"

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
static void	 refuse(uint32_t, uint32_t, enum refusal);
static void	 order(struct dial *, const struct entry *);
static void	 compose(unsigned int, uint32_t, uint32_t, const void *,
		    size_t);

struct rules		*rules;
static struct rules	*nrules;
static struct own	 own;
static uint64_t		 total_asked, total_refused;

void
resolver(void)
{
	cache_init();
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
	case IMSG_OWN:
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

/* All of them, whenever one has come or gone. */
static int
handle_own(struct imsg *imsg)
{
	static struct own now;
	size_t len;
	uint32_t i;

	len = imsg_get_len(imsg);
	if (len > sizeof(now) || imsg_get_data(imsg, &now, len) == -1 ||
	    now.n > OWN_MAX || len != OWN_LEN(now.n))
		return (-1);
	for (i = 0; i < now.n; i++)
		if (now.addrs[i].family != AF_INET &&
		    now.addrs[i].family != AF_INET6)
			return (-1);
	memcpy(&own, &now, len);
	if (proc_state == STATE_RUNNING)
		compose(ROLE_RELAY, IMSG_RECHECK, 0, NULL, 0);
	return (0);
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
	const struct entry *e;
	struct entry literal;

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
	switch (cache_get(name, id, ask, &e)) {
	case 1:
		answer(e, id, ask);
		break;
	case -1:
		refuse(id, ask->kind, REFUSAL_BUSY);
		break;
	}
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
		if (!policy_addr_passed(rule, &dial.addrs[i], own.addrs,
		    own.n))
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
	cache_report(&rep);
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
void
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
		if (policy_addr_passed(rule, &e->addrs[i], own.addrs,
		    own.n))
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
	compose(kind == ASK_GATEWAY ? ROLE_KEEPER : ROLE_FRONTEND,
	    IMSG_REFUSED, id, &why, sizeof(why));
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
	for (j = 0; j < own.n; j++)
		if (own.addrs[j].family == AF_INET6)
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

static void
compose(unsigned int role, uint32_t type, uint32_t id, const void *data,
    size_t len)
{
	peer_send(proc_peer(role), type, id, -1, data, len);
}
