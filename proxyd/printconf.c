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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxyd.h"

static void	 print_rule(FILE *, const struct policy *, size_t);
static void	 print_gateway(FILE *, const struct gateway *);
static void	 print_ca(FILE *, const char *, size_t);

void
print_config(FILE *fp, const struct config *c)
{
	const struct listen_addr *l;
	char addr[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < c->nlistens; i++) {
		l = &c->listens[i];
		if (l->port == 0)
			fprintf(fp, "transparent on %s\n",
			    addr_print(&l->addr, addr));
		else
			fprintf(fp, "%s on %s port %u\n",
			    l->gateway ? "gateway" : "listen",
			    addr_print(&l->addr, addr), l->port);
	}
	if (c->handover[0] != '\0')
		fprintf(fp, "handover \"%s\"\n", c->handover);
	for (i = 0; i < c->nservers; i++)
		fprintf(fp, "resolver %s port %u\n",
		    addr_print(&c->servers[i].addr, addr), c->servers[i].port);
	for (i = 0; i < TIMEOUT_MAX; i++)
		fprintf(fp, "timeout %s %u\n", timeout_names[i],
		    c->settings.timeouts[i]);
	for (i = 0; i < LIMIT_MAX; i++)
		fprintf(fp, "limit %s %u\n", limit_names[i],
		    c->settings.limits[i]);
	if (c->settings.via_port != 0)
		fprintf(fp, "via \"%s\" port %u\n", c->settings.via,
		    c->settings.via_port);
	if (c->settings.json)
		fprintf(fp, "log json\n");
	for (i = 0; i < c->policy.nrules; i++)
		print_rule(fp, &c->policy, i);
	if (c->gateway.conf.host[0] != '\0')
		print_gateway(fp, &c->gateway);
}

static void
print_rule(FILE *fp, const struct policy *p, size_t n)
{
	const struct rule *r;
	char prefix[PREFIX_STRLEN];
	size_t i;

	for (i = 0; i < p->nnames && p->names[i].rule != n; i++)
		;
	if (i == p->nnames)
		return;		/* a list without names */
	r = &p->rules[n];
	fprintf(fp, "%s to {", r->action == RULE_PASS ? "pass" : "block");
	for (; i < p->nnames; i++)
		if (p->names[i].rule == n)
			fprintf(fp, " \"%s%s\"", p->names[i].wild ? "*." : "",
			    p->names[i].name);
	fprintf(fp, " }");
	if (r->nports > 0) {
		fprintf(fp, " port {");
		for (i = 0; i < r->nports; i++)
			fprintf(fp, " %u", r->ports[i]);
		fprintf(fp, " }");
	}
	if (r->plain)
		fprintf(fp, " plain");
	if (r->naddrs > 0) {
		fprintf(fp, " address {");
		for (i = 0; i < r->naddrs; i++)
			fprintf(fp, " %s", prefix_print(&r->addrs[i], prefix));
		fprintf(fp, " }");
	}
	fprintf(fp, "\n");
}

/* In place of what is secret stands what could be, and is not. */
static void
print_gateway(FILE *fp, const struct gateway *g)
{
	const struct gate_conf *c;
	char prefix[PREFIX_STRLEN];
	size_t i;

	c = &g->conf;
	fprintf(fp, "gateway to \"%s\" port %u {\n", c->host, c->port);
	fprintf(fp, "\ttoken \"********\"\n");
	if (c->kept)
		fprintf(fp, "\tkey kept\n");
	else
		fprintf(fp, "\t%s \"********\"\n",
		    c->bearer ? "bearer" : "key");
	if (c->prefix[0] != '\0')
		fprintf(fp, "\tpath \"%s\"\n", c->prefix);
	if (c->naddrs > 0) {
		fprintf(fp, "\taddress {");
		for (i = 0; i < c->naddrs; i++)
			fprintf(fp, " %s", prefix_print(&c->addrs[i], prefix));
		fprintf(fp, " }\n");
	}
	for (i = 0; i < g->nallows; i++)
		fprintf(fp, "\tallow \"%s %s%s\"\n",
		    gate_methods[g->allows[i].method], g->allows[i].path,
		    g->allows[i].any ? "*" : "");
	if (c->plain)
		fprintf(fp, "\tplain\n");
	else
		print_ca(fp, g->ca, g->ca_len);
	fprintf(fp, "}\n");
}

static void
print_ca(FILE *fp, const char *ca, size_t len)
{
	const char *nl;
	size_t n;

	fprintf(fp, "\tca {\n");
	for (; len > 0; ca = nl + 1, len -= n) {
		nl = memchr(ca, '\n', len);
		n = (size_t)(nl + 1 - ca);
		fprintf(fp, "\t\t\"%.*s\"\n", (int)(n - 1), ca);
	}
	fprintf(fp, "\t}\n");
}
