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
#include <sys/queue.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define RULES_MAX	2048
#define TERA		(1024 * 1024 * MEGA)

#define PROCESSES_MIN	16
#define PROCESSES_MAX	32768

#define API_PATH_CHARS	"/abcdefghijklmnopqrstuvwxyz" \
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"

static int	 set_api_path(const char *);
static int	 add_rule(int, const struct egress_rule *);
static int	 parse_port(const struct word *, uint16_t *);

struct config	*nconf;
struct permit	*limits, agent;
struct permit_entry *permit;
struct rule_list *rule_list;
unsigned int	 seen;
static size_t	 nrules, npermits;

void
statements_begin(void)
{
	seen = 0;
	nrules = npermits = 0;
	memset(&agent, 0, sizeof(agent));
	limits = &agent;
	permit = NULL;
}

void
set_engine(const struct word *w, const struct word *tls)
{
	const char *why;
	char buf[SHOWN_SIZE], dir[PATH_MAX];

	dir[0] = '\0';
	if (tls != NULL)
		set_path(dir, tls, "tls");
	why = config_engine(nconf, w->s, dir);
	if (why == NULL && tls != NULL && nconf->remote.kind != REMOTE_TLS)
		why = "tls is for tcp:// only";
	if (why != NULL)
		wrong(w->line, "engine: %s: \"%s\"", why, shown(w->s, buf));
}

/* Letters, digits and . _ - / : @, and nothing like ../ among them. */
void
set_image(char *image, const struct word *w, const char *what)
{
	char buf[SHOWN_SIZE];
	const char *s;
	int alnum, was;

	alnum = 0;
	for (s = w->s; *s != '\0'; s++) {
		was = alnum;
		alnum = isalnum((unsigned char)*s) != 0;
		if (!alnum && (strchr("._-/:@", *s) == NULL || s == w->s ||
		    (strchr("./", *s) != NULL && !was)))
			break;
	}
	if (*s != '\0' || !alnum)
		wrong(w->line, "%s: not the name of an image: \"%s\"", what,
		    shown(w->s, buf));
	else if (strlcpy(image, w->s, IMAGE_MAXLEN) >= IMAGE_MAXLEN)
		wrong(w->line, "%s: name too long: \"%s\"", what,
		    shown(w->s, buf));
}

void
set_pull(const struct word *w)
{
	char buf[SHOWN_SIZE];

	if (strcmp(w->s, "always") == 0)
		nconf->fixed.pull = PULL_ALWAYS;
	else if (strcmp(w->s, "missing") == 0)
		nconf->fixed.pull = PULL_MISSING;
	else if (strcmp(w->s, "never") == 0)
		nconf->fixed.pull = PULL_NEVER;
	else
		wrong(w->line, "pull: not always, missing or never: \"%s\"",
		    shown(w->s, buf));
}

void
set_network(const struct word *w)
{
	static const char *const others[] = { "none", "host", "bridge",
	    "default", "container", "ingress", "podman", "slirp4netns",
	    "proxy-external", NULL };
	char buf[SHOWN_SIZE];
	size_t i;

	for (i = 0; others[i] != NULL && strcmp(w->s, others[i]) != 0; i++)
		;
	if (others[i] != NULL || !isalnum((unsigned char)w->s[0]) ||
	    strspn(w->s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_.-") != strlen(w->s) ||
	    strlcpy(nconf->fixed.network, w->s, sizeof(nconf->fixed.network)) >=
	    sizeof(nconf->fixed.network))
		wrong(w->line, "network: not the name of one of services: "
		    "\"%s\"", shown(w->s, buf));
}

void
set_runtime(const struct word *w)
{
	char buf[SHOWN_SIZE];
	const char *s;

	s = w->s;
	if (isalnum((unsigned char)*s))
		while (isalnum((unsigned char)*s) || *s == '.' || *s == '_' ||
		    *s == '-')
			s++;
	if (*s != '\0' || s == w->s || strlcpy(nconf->fixed.runtime, w->s,
	    sizeof(nconf->fixed.runtime)) >= sizeof(nconf->fixed.runtime))
		wrong(w->line, "runtime: not the name of one: \"%s\"",
		    shown(w->s, buf));
}

void
set_path(char *path, const struct word *w, const char *what)
{
	char buf[SHOWN_SIZE];

	if (w->s[0] != '/' && strncmp(w->s, "~/", 2) != 0)
		wrong(w->line, "%s: neither /path nor ~/path: \"%s\"", what,
		    shown(w->s, buf));
	else if (strlcpy(path, w->s, PATH_MAX) >= PATH_MAX)
		wrong(w->line, "%s: path too long: \"%s\"", what,
		    shown(w->s, buf));
}

/* For the shell; what it is to be, nobody but the user knows. */
void
set_command(const struct word *w)
{
	if (w->s[0] == '\0')
		wrong(w->line, "credentials: no command");
	else if (strlcpy(nconf->command, w->s, sizeof(nconf->command)) >=
	    sizeof(nconf->command))
		wrong(w->line, "credentials: the command is too long");
}

/* Bytes, or with a letter thousands of them, the binary ones. */
void
set_size(uint64_t *size, const struct word *w, const char *what, uint64_t min)
{
	char buf[SHOWN_SIZE];
	uint64_t n;

	if (parse_size(w->s, &n) == -1)
		wrong(w->line, "%s: not a size: \"%s\"", what,
		    shown(w->s, buf));
	else if (n > OPTION_SIZE_MAX || n < min)
		wrong(w->line, "%s: not from %lluM to %lluT: \"%s\"", what,
		    (unsigned long long)(min / MEGA),
		    OPTION_SIZE_MAX / TERA, shown(w->s, buf));
	else
		*size = n;
}

void
set_processes(const struct word *w)
{
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	if ((s = parse_digits(w->s, &n)) == NULL || *s != '\0' ||
	    n < PROCESSES_MIN || n > PROCESSES_MAX)
		wrong(w->line, "processes: not a number from %d to %d: \"%s\"",
		    PROCESSES_MIN, PROCESSES_MAX, shown(w->s, buf));
	else
		limits->processes = (uint32_t)n;
}

void
set_cpus(const struct word *w)
{
	char buf[SHOWN_SIZE];

	if (parse_cpus(w->s, &limits->millicpus) == -1)
		wrong(w->line, "cpus: not a number from 0.1 to %d: \"%s\"",
		    OPTION_CPUS_MAX, shown(w->s, buf));
}

void
set_clipboard(const struct word *w)
{
	char buf[SHOWN_SIZE];

	if (strcmp(w->s, "yes") != 0 && strcmp(w->s, "no") != 0)
		wrong(w->line, "terminal clipboard: not yes or no: \"%s\"",
		    shown(w->s, buf));
	nconf->fixed.clipboard = strcmp(w->s, "yes") == 0;
}

void
set_detach(const struct word *w)
{
	char buf[SHOWN_SIZE];
	int n;

	if ((n = parse_keys(w->s, nconf->fixed.keys)) == -1)
		wrong(w->line, "terminal detach: not a key with Control, and "
		    "perhaps another: \"%s\"", shown(w->s, buf));
	else
		nconf->fixed.nkeys = (uint32_t)n;
}

void
set_number(uint32_t *number, const struct word *w, const char *what,
    uint32_t max)
{
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	if ((s = parse_digits(w->s, &n)) == NULL || *s != '\0' || n < 1 ||
	    n > max)
		wrong(w->line, "%s: not a number from 1 to %u: \"%s\"", what,
		    max, shown(w->s, buf));
	else
		*number = (uint32_t)n;
}

/* What the agent block does not say stays as it is by default. */
void
set_agent(void)
{
	struct conf_fixed *f;

	f = &nconf->fixed;
	if (agent.memory != 0)
		f->memory = agent.memory;
	if (agent.home != 0)
		f->home = agent.home;
	if (agent.tmp != 0)
		f->tmp = agent.tmp;
	if (agent.filesize != 0)
		f->filesize = agent.filesize;
	if (agent.processes != 0)
		f->processes = agent.processes;
	if (agent.millicpus != 0)
		f->millicpus = agent.millicpus;
}

/*
 * The settings of a block that follows are this one's, or nobody's if there is
 * something wrong with it.
 */
void
add_permit(uint32_t deny, uint32_t group, const struct word *w)
{
	static struct permit nobody;
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	permit = NULL;
	limits = &nobody;
	rule_list = &nconf->rules;
	seen &= ~SEEN_PERMIT;
	if (w->s[0] == '\0' || w->s[0] == '-' || strlen(w->s) >=
	    sizeof(permit->permit.name) || strspn(w->s, "abcdefghijklmnopqrst"
	    "uvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != strlen(w->s)) {
		wrong(w->line, "not the name of a %s: \"%s\"", group ?
		    "group" : "user", shown(w->s, buf));
		return;
	}
	s = parse_digits(w->s, &n);
	if (strspn(w->s, "0123456789") == strlen(w->s) &&
	    (s == NULL || n >= UINT32_MAX)) {
		wrong(w->line, "not the number of a %s: \"%s\"", group ?
		    "group" : "user", shown(w->s, buf));
		return;
	}
	if (npermits == PERMITS_MAX) {
		wrong(w->line, "more than %d permits", PERMITS_MAX);
		return;
	}
	if ((permit = calloc(1, sizeof(*permit))) == NULL) {
		wrong(w->line, "%s", strerror(errno));
		return;
	}
	TAILQ_INIT(&permit->rules);
	TAILQ_INSERT_TAIL(&nconf->permits, permit, entry);
	npermits++;
	limits = &permit->permit;
	(void)strlcpy(limits->name, w->s, sizeof(limits->name));
	limits->deny = deny;
	limits->group = group;
	if (s != NULL && *s == '\0') {
		limits->known = 1;
		limits->id = (uint32_t)n;
	}
}

/* https://host[:port][/path], or http: */
void
set_api(const struct word *w)
{
	struct conf_api *api;
	const char *host, *s;
	char buf[SHOWN_SIZE], name[HOST_MAXLEN];
	uint64_t port;
	size_t len;

	api = &nconf->fixed.api;
	if (strncmp(w->s, "https://", 8) == 0)
		host = w->s + 8;
	else if (strncmp(w->s, "http://", 7) == 0) {
		host = w->s + 7;
		api->plain = 1;
	} else {
		wrong(w->line, "api: neither https://host nor http://host: "
		    "\"%s\"", shown(w->s, buf));
		return;
	}
	port = api->plain ? 80 : 443;
	len = strcspn(host, ":/");
	s = host + len;
	if (*s == ':' && (s[1] == '0' || (s = parse_digits(s + 1,
	    &port)) == NULL || port > UINT16_MAX || (*s != '\0' &&
	    *s != '/'))) {
		wrong(w->line, "api: not a port: \"%s\"",
		    shown(host + len + 1, buf));
		return;
	}
	api->port = (uint16_t)port;
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, host);
	if (len >= sizeof(name) || name[0] == '*' ||
	    rule_host(name, api->host) != NULL)
		wrong(w->line, "api: not the name of a host: \"%s\"",
		    shown(name, buf));
	else if (set_api_path(s) == -1)
		wrong(w->line, "api: not a path: \"%s\"", shown(s, buf));
}

/* Without a slash at its end, and without what could mean another one. */
static int
set_api_path(const char *s)
{
	size_t len;

	len = strlen(s);
	while (len > 0 && s[len - 1] == '/')
		len--;
	if (len >= API_PATHLEN || strspn(s, API_PATH_CHARS) < len ||
	    strstr(s, "//") != NULL || strstr(s, "/.") != NULL)
		return (-1);
	memcpy(nconf->fixed.api.path, s, len);
	nconf->fixed.api.path[len] = '\0';
	return (0);
}

/* An address, or one with the length of a prefix. */
void
add_api_address(const struct word *w)
{
	struct conf_api *api;
	unsigned char addr[sizeof(struct in6_addr)];
	char buf[SHOWN_SIZE], text[sizeof(api->addresses[0])];
	const char *s;
	uint64_t bits;
	int six;

	api = &nconf->fixed.api;
	bits = 0;
	s = w->s + strcspn(w->s, "/");
	six = memchr(w->s, ':', (size_t)(s - w->s)) != NULL;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(s - w->s), w->s);
	if (*s == '/' && ((s = parse_digits(s + 1, &bits)) == NULL ||
	    *s != '\0' || bits > (six ? 128 : 32)))
		text[0] = '\0';
	if (strlen(w->s) >= sizeof(text) ||
	    inet_pton(six ? AF_INET6 : AF_INET, text, addr) != 1)
		wrong(w->line, "address: not an address or a range: \"%s\"",
		    shown(w->s, buf));
	else if (api->naddresses == API_ADDRESSES)
		wrong(w->line, "more than %d addresses", API_ADDRESSES);
	else
		(void)strlcpy(api->addresses[api->naddresses++], w->s,
		    sizeof(api->addresses[0]));
}

/* "METHOD /path"; a star at its end is any segment. */
void
add_api_allow(const struct word *w)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT",
	    "PATCH", "DELETE" };
	struct conf_api *api;
	char buf[SHOWN_SIZE];
	const char *s;
	size_t i, len;

	api = &nconf->fixed.api;
	len = strcspn(w->s, " ");
	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strlen(methods[i]) == len &&
		    strncmp(w->s, methods[i], len) == 0)
			break;
	s = w->s + len + (w->s[len] == ' ');
	len = strspn(s, API_PATH_CHARS);
	if (len > 1 && strcmp(s + len, "*") == 0 && s[len - 1] == '/')
		len++;
	if (i == sizeof(methods) / sizeof(methods[0]) || *s != '/' ||
	    s[len] != '\0' || strlen(w->s) >= API_PATHLEN ||
	    strstr(s, "//") != NULL || strstr(s, "/.") != NULL)
		wrong(w->line, "allow: not a method and a path: \"%s\"",
		    shown(w->s, buf));
	else if (api->nallows == API_ALLOWS)
		wrong(w->line, "more than %d to allow", API_ALLOWS);
	else
		(void)strlcpy(api->allows[api->nallows++], w->s,
		    API_PATHLEN);
}

void
add_protects(const struct words *paths, int open)
{
	const struct word *w;
	char buf[SHOWN_SIZE];

	for (w = paths->first; w != NULL; w = w->next)
		if (strlen(w->s) >= PROTECT_MAXLEN || !protect_valid(w->s))
			wrong(w->line, "%s: not a path in a workspace: \"%s\"",
			    open ? "unprotect" : "protect", shown(w->s, buf));
		else if (config_protect(nconf, w->s, open) == -1) {
			wrong(w->line, "protect: %s", errno == E2BIG ?
			    "too many paths" : strerror(errno));
			return;
		}
}

void
set_shares(const struct words *words)
{
	const struct word *w;
	char buf[SHOWN_SIZE];
	size_t i;

	for (w = words->first; w != NULL; w = w->next) {
		for (i = 0; i < SHARES_MAX; i++)
			if (strcmp(w->s, shares[i].word) == 0)
				break;
		if (i == SHARES_MAX)
			wrong(w->line, "share: nothing that can be shared: "
			    "\"%s\"", shown(w->s, buf));
		else
			nconf->fixed.shares |= 1U << i;
	}
}

/* Those that hold without an egress block. */
void
drop_rules(void)
{
	struct rule_entry *r;

	while ((r = TAILQ_FIRST(&nconf->rules)) != NULL) {
		TAILQ_REMOVE(&nconf->rules, r, entry);
		free(r);
	}
}

void
add_rules(uint32_t block, const struct words *hosts, const struct words *ports,
    uint32_t plain)
{
	struct egress_rule rule;
	const struct word *w;
	char buf[SHOWN_SIZE];
	const char *why;
	uint16_t port;

	memset(&rule, 0, sizeof(rule));
	rule.block = block;
	rule.plain = plain;
	if (plain && (block || ports->first == NULL))
		wrong(hosts->first->line, "plain is for pass with a port");
	for (w = ports->first; w != NULL; w = w->next) {
		if (parse_port(w, &port) == -1)
			continue;
		if (rule.nports == RULE_PORTS) {
			wrong(w->line, "more than %d ports", RULE_PORTS);
			break;
		}
		rule.ports[rule.nports++] = port;
	}
	for (w = hosts->first; w != NULL; w = w->next) {
		memset(rule.host, 0, sizeof(rule.host));
		if ((why = rule_host(w->s, rule.host)) != NULL)
			wrong(w->line, "%s: \"%s\"", why, shown(w->s, buf));
		else if (add_rule(w->line, &rule) == -1)
			break;
	}
}

static int
add_rule(int line, const struct egress_rule *rule)
{
	struct rule_entry *r;

	if (nrules == RULES_MAX) {
		wrong(line, "more than %d rules", RULES_MAX);
		return (-1);
	}
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		wrong(line, "%s", strerror(errno));
		return (-1);
	}
	r->rule = *rule;
	TAILQ_INSERT_TAIL(rule_list, r, entry);
	nrules++;
	return (0);
}

void
add_resolver(const struct word *address, const struct word *port)
{
	struct egress_resolver *r;
	unsigned char addr[sizeof(struct in6_addr)];
	char buf[SHOWN_SIZE];
	int af;

	if (rule_list != &nconf->rules) {
		wrong(address->line, "resolver: not for a permit");
		return;
	}
	if (nconf->nresolvers == RESOLVER_MAX) {
		wrong(address->line, "more than %d resolvers", RESOLVER_MAX);
		return;
	}
	r = &nconf->resolvers[nconf->nresolvers];
	memset(r, 0, sizeof(*r));
	r->port = 53;
	if (port != NULL && parse_port(port, &r->port) == -1)
		return;
	af = strchr(address->s, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(af, address->s, addr) != 1 ||
	    inet_ntop(af, addr, r->address, sizeof(r->address)) == NULL)
		wrong(address->line, "resolver: not an address: \"%s\"",
		    shown(address->s, buf));
	else
		nconf->nresolvers++;
}

static int
parse_port(const struct word *w, uint16_t *port)
{
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	if (w->s[0] == '0' || (s = parse_digits(w->s, &n)) == NULL ||
	    *s != '\0' || n > UINT16_MAX) {
		wrong(w->line, "port: not a number from 1 to 65535: \"%s\"",
		    shown(w->s, buf));
		return (-1);
	}
	*port = (uint16_t)n;
	return (0);
}
