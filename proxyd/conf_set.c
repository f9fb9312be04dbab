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
 * Of the grammar in parse.y: what its statements set.
 */

#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_set.h"

/* a name of the statement being read, or a file with such names */
struct target {
	char			*text;
	int			 isfile;
	int			 line;
	STAILQ_ENTRY(target)	 entry;
};

static void	 target_file(const struct target *);

const char *const timeout_names[TIMEOUT_MAX] = {
	"head", "hello", "dial", "answer", "idle", "life"
};
const char *const limit_names[LIMIT_MAX] = {
	"connections", "client", "heads", "lookups", "cache", "questions"
};

struct config	*nconf;
struct rule	 rule;
struct gateway	*gate;
static int	 gate_line;
static STAILQ_HEAD(, target) targets = STAILQ_HEAD_INITIALIZER(targets);

struct config *
config_new(void)
{
	static const struct settings defaults = {
		.timeouts = { 10, 10, 10, 5 * 60, 60 * 60, 24 * 60 * 60 },
		.limits = { 16384, 12288, 1024, 256, 4096, 500 }
	};
	struct config *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	c->settings = defaults;
	policy_init(&c->policy);
	return (c);
}

void
config_free(struct config *c)
{
	policy_free(&c->policy);
	config_forget(c);
	free(c->gateway.ca);
	free(c);
}

void
config_forget(struct config *c)
{
	struct gateway *g;

	g = &c->gateway;
	if (g->token != NULL)
		freezero(g->token, strlen(g->token));
	if (g->key != NULL)
		freezero(g->key, strlen(g->key));
	g->token = g->key = NULL;
}

void
set_number(const char *name, const char *const *names, size_t nnames,
    uint32_t *values, int64_t value, int64_t max)
{
	size_t i;

	for (i = 0; i < nnames; i++)
		if (strcmp(names[i], name) == 0)
			break;
	if (i == nnames)
		warn_at(lineno, "there is no '%s'", name);
	else if (value < 1 || value > max)
		warn_at(lineno, "'%s' is from 1 to %lld", name,
		    (long long)max);
	else
		values[i] = (uint32_t)value;
}

void
rule_start(int action)
{
	memset(&rule, 0, sizeof(rule));
	rule.action = (uint8_t)action;
	/* a rule with an error in it has not come to its end */
	targets_free();
}

void
rule_end(void)
{
	struct target *t;
	const char *why;

	if (rule.action == RULE_BLOCK && (rule.plain || rule.naddrs > 0)) {
		warn_at(lineno, "plain and address are for pass");
		return;
	}
	if (policy_add_rule(&nconf->policy, &rule) == -1)
		fatal("policy_add_rule");
	STAILQ_FOREACH(t, &targets, entry)
		if (t->isfile)
			target_file(t);
		else if (policy_add_name(&nconf->policy, t->text, &why) == -1)
			warn_at(t->line, "%s: %s", t->text, why);
	targets_free();
}

void
target_add(char *text, int isfile)
{
	struct target *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		fatal("calloc");
	t->text = text;
	t->isfile = isfile;
	t->line = lineno;
	STAILQ_INSERT_TAIL(&targets, t, entry);
}

void
targets_free(void)
{
	struct target *t;

	while ((t = STAILQ_FIRST(&targets)) != NULL) {
		STAILQ_REMOVE_HEAD(&targets, entry);
		free(t);
	}
}

/* A file with a name a line; blanks around it and comments do not count. */
static void
target_file(const struct target *t)
{
	const char *why;
	char *line, *name;
	size_t len, size;
	ssize_t n;
	FILE *fp;
	int count;

	if ((fp = open_list(t->text)) == NULL) {
		warn_at(t->line, "%s: %s", t->text, strerror(errno));
		return;
	}
	line = NULL;
	size = 0;
	for (count = 1; (n = getline(&line, &size, fp)) != -1; count++) {
		if (strlen(line) != (size_t)n) {
			warn_at(t->line, "%s:%d: a NUL character", t->text,
			    count);
			continue;
		}
		line[strcspn(line, "#\r\n")] = '\0';
		name = line + strspn(line, " \t");
		for (len = strlen(name); len > 0 &&
		    strchr(" \t", name[len - 1]) != NULL; len--)
			name[len - 1] = '\0';
		if (len > 0 &&
		    policy_add_name(&nconf->policy, name, &why) == -1)
			warn_at(t->line, "%s:%d: %s", t->text, count, why);
	}
	if (ferror(fp))
		warn_at(t->line, "%s: cannot be read", t->text);
	free(line);
	fclose(fp);
}

void
add_port(int64_t port)
{
	if (port < 1 || port > 65535)
		warn_at(lineno, "port out of range");
	else if (rule.nports == RULE_PORTS)
		warn_at(lineno, "more than %d ports in a rule", RULE_PORTS);
	else
		rule.ports[rule.nports++] = (uint16_t)port;
}

void
add_prefix(const char *text)
{
	if (rule.naddrs == RULE_ADDRS)
		warn_at(lineno, "more than %d addresses in a rule",
		    RULE_ADDRS);
	else if (prefix_parse(text, &rule.addrs[rule.naddrs]) == -1)
		warn_at(lineno, "%s is not a range of addresses", text);
	else
		rule.naddrs++;
}

void
add_listen(const char *text, int64_t port)
{
	static const uint8_t any[16];
	struct listen_addr *l;

	l = &nconf->listens[nconf->nlistens];
	if (nconf->nlistens == LISTEN_ADDRS)
		warn_at(lineno, "more than %d addresses to listen on",
		    LISTEN_ADDRS);
	else if (addr_parse(text, &l->addr) == -1)
		warn_at(lineno, "%s is not an address", text);
	else if (port == 0 && (l->addr.family != AF_INET ||
	    memcmp(l->addr.bytes, any, 4) == 0))
		/* it is what names resolve to there */
		warn_at(lineno, "transparent wants one IPv4 address");
	else {
		l->port = (uint16_t)port;
		nconf->nlistens++;
	}
}

void
add_server(const char *text, int64_t port)
{
	struct server *s;

	s = &nconf->servers[nconf->nservers];
	if (nconf->nservers == SERVERS_MAX)
		warn_at(lineno, "more than %d resolvers", SERVERS_MAX);
	else if (addr_parse(text, &s->addr) == -1)
		warn_at(lineno, "%s is not an address", text);
	else {
		s->port = (uint16_t)port;
		nconf->nservers++;
	}
}

void
set_via(const char *text, int64_t port)
{
	struct netaddr addr;
	const char *why;

	if (port < 1 || port > 65535)
		warn_at(lineno, "port out of range");
	else if (addr_parse(text, &addr) == 0)
		(void)addr_print(&addr, nconf->settings.via);
	else if (host_parse(text, strlen(text), nconf->settings.via, &why) !=
	    HOST_OK)
		warn_at(lineno, "%s: %s", text, why);
	nconf->settings.via_port = (uint16_t)port;
}

void
set_handover(const char *path)
{
	if (nconf->handover[0] != '\0')
		warn_at(lineno, "one handover is all there can be");
	else if (path[0] != '/' || strlcpy(nconf->handover, path,
	    sizeof(nconf->handover)) >= sizeof(nconf->handover)) {
		warn_at(lineno, "%s cannot be the path of a socket", path);
		nconf->handover[0] = '\0';
	}
}

void
add_gateway_listen(const char *text, int64_t port)
{
	size_t n;

	n = nconf->nlistens;
	add_listen(text, port);
	if (nconf->nlistens > n)
		nconf->listens[n].gateway = 1;
}

void
gate_start(const char *host, int64_t port)
{
	const char *why;

	gate = &nconf->gateway;
	gate_line = lineno;
	if (gate->conf.host[0] != '\0')
		warn_at(lineno, "one gateway is all there can be");
	else if (host_parse(host, strlen(host), gate->conf.host, &why) !=
	    HOST_OK)
		warn_at(lineno, "%s: %s", host, why);
	gate->conf.port = (uint16_t)port;
	/* the ranges of addresses are collected in there */
	memset(&rule, 0, sizeof(rule));
}

void
gate_end(void)
{
	size_t i;

	if (gate->token == NULL)
		warn_at(gate_line, "a gateway without a token");
	if ((gate->key == NULL) == (gate->conf.kept == 0))
		warn_at(gate_line, gate->key == NULL ?
		    "a gateway without a key or bearer" :
		    "a key that is given is not kept");
	if (gate->conf.plain != 0 && gate->ca != NULL)
		warn_at(gate_line, "plain needs no ca");
	if (gate->conf.plain == 0 && gate->ca == NULL)
		warn_at(gate_line, "a gateway without ca");
	gate->conf.naddrs = rule.naddrs;
	memcpy(gate->conf.addrs, rule.addrs, sizeof(gate->conf.addrs));
	if (gate->nallows > 0)
		return;
	for (i = 0; gate_defaults[i] != NULL; i++)
		gate_allow(gate_defaults[i]);
}

/* What may stand in a header field, without a blank. */
void
gate_secret(char **secret, const char *value)
{
	const char *p;
	size_t len;

	for (p = value; *p > ' ' && *p <= '~'; p++)
		;
	len = strlen(value);
	if (*secret != NULL)
		warn_at(lineno, "given twice");
	else if (*p != '\0' || len < GATE_SECRET_MIN ||
	    len >= GATE_SECRET_SIZE)
		warn_at(lineno, "this cannot be a key");
	else if ((*secret = strdup(value)) == NULL)
		fatal("strdup");
}

void
gate_prefix(const char *path)
{
	size_t len;

	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	if (!gate_path_sound(path) || strchr(path, '?') != NULL ||
	    len >= sizeof(gate->conf.prefix))
		warn_at(lineno, "%s cannot be the path", path);
	else {
		memcpy(gate->conf.prefix, path, len);
		gate->conf.prefix[len] = '\0';
	}
}

void
gate_allow(const char *text)
{
	if (gate->nallows == GATE_ALLOWS)
		warn_at(lineno, "more than %d to allow", GATE_ALLOWS);
	else if (gate_allow_parse(text, &gate->allows[gate->nallows]) == -1)
		warn_at(lineno, "%s is not a method and a path", text);
	else
		gate->nallows++;
}

/* A line of PEM. */
void
gate_ca_line(const char *line)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=- ";
	size_t len;
	char *p;

	len = strlen(line);
	if (len > GATE_CA_LINE || strspn(line, letters) != len) {
		warn_at(lineno, "this is no line of a certificate");
		return;
	}
	if (gate->ca_len + len + 1 > GATE_CA_MAX) {
		if (error_line != lineno)
			warn_at(lineno, "more than %d bytes of certificates",
			    GATE_CA_MAX);
		return;
	}
	if ((p = realloc(gate->ca, gate->ca_len + len + 1)) == NULL)
		fatal("realloc");
	memcpy(p + gate->ca_len, line, len);
	p[gate->ca_len + len] = '\n';
	gate->ca = p;
	gate->ca_len += len + 1;
}

/* A file may have text between its certificates. */
void
gate_ca_file(const char *path)
{
	char *line;
	size_t size;
	FILE *fp;
	int inside;

	if ((fp = open_list(path)) == NULL) {
		warn_at(lineno, "%s: %s", path, strerror(errno));
		return;
	}
	line = NULL;
	size = 0;
	inside = 0;
	while (getline(&line, &size, fp) != -1) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strcmp(line, "-----BEGIN CERTIFICATE-----") == 0)
			inside = 1;
		if (inside)
			gate_ca_line(line);
		if (strcmp(line, "-----END CERTIFICATE-----") == 0)
			inside = 0;
	}
	if (ferror(fp))
		warn_at(lineno, "%s: cannot be read", path);
	free(line);
	fclose(fp);
}
