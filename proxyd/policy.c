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
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxyd.h"

/*
 * What may be asked for and what may be dialled.  The strings come from a
 * hostile client; the rules come from the configuration.
 */

/* Where policy_walk() stands: from the name itself to its last label. */
struct walk {
	const char	*suffix;
	size_t		 next;
	int		 wild;
};

static int	 host_char(unsigned char);
static int	 host_is_number(const char *, size_t);
static enum host_result host_bracketed(const char *, size_t, const char **);
static int	 rule_valid(const struct rule *);
static int	 rule_has_port(const struct rule *, uint16_t);
static int	 prefix_valid(const struct prefix *);
static int	 name_cmp(const void *, const void *);
static size_t	 name_find(const struct policy *, const char *, int);
static void	 walk_start(const struct policy *, struct walk *,
		    const char *);
static const struct rule *walk_next(const struct policy *, struct walk *);

/*
 * IANA's special-purpose registry for IPv4, all that is not globally
 * reachable, with multicast, reserved and what was 6to4's anycast relay.
 */
static const struct prefix inside4[] = {
	{ { AF_INET, { 0, 0, 0, 0 } }, 8 },		/* this network */
	{ { AF_INET, { 10, 0, 0, 0 } }, 8 },		/* private */
	{ { AF_INET, { 100, 64, 0, 0 } }, 10 },		/* shared */
	{ { AF_INET, { 127, 0, 0, 0 } }, 8 },		/* loopback */
	{ { AF_INET, { 169, 254, 0, 0 } }, 16 },	/* link-local */
	{ { AF_INET, { 172, 16, 0, 0 } }, 12 },		/* private */
	{ { AF_INET, { 192, 0, 0, 0 } }, 24 },		/* protocols */
	{ { AF_INET, { 192, 0, 2, 0 } }, 24 },		/* documentation */
	{ { AF_INET, { 192, 88, 99, 0 } }, 24 },	/* 6to4 relays */
	{ { AF_INET, { 192, 168, 0, 0 } }, 16 },	/* private */
	{ { AF_INET, { 198, 18, 0, 0 } }, 15 },		/* benchmarks */
	{ { AF_INET, { 198, 51, 100, 0 } }, 24 },	/* documentation */
	{ { AF_INET, { 203, 0, 113, 0 } }, 24 },	/* documentation */
	{ { AF_INET, { 224, 0, 0, 0 } }, 4 },		/* multicast */
	{ { AF_INET, { 240, 0, 0, 0 } }, 4 }		/* reserved */
};

/*
 * Only 2000::/3 is global unicast.  All that embeds or maps IPv4 outside of
 * it (::/96, ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48), and loopback,
 * local, multicast and discard addresses need no line of their own.
 */
static const struct prefix global6 =
    { { AF_INET6, { 0x20 } }, 3 };
static const struct prefix inside6[] = {
	{ { AF_INET6, { 0x20, 0x01, 0x00 } }, 23 }, /* Teredo, ORCHID, ... */
	{ { AF_INET6, { 0x20, 0x01, 0x0d, 0xb8 } }, 32 }, /* documentation */
	{ { AF_INET6, { 0x20, 0x02 } }, 16 },		/* 6to4 */
	{ { AF_INET6, { 0x3f, 0xff, 0x00 } }, 20 }	/* documentation */
};

/*
 * Letters, digits, hyphens and dots, folded to lower case and without one
 * trailing dot.  Whatever a libc or a browser would take for an address is
 * not a name, however it is spelt: they all decide by the last label.
 */
enum host_result
host_parse(const char *s, size_t len, char host[HOST_SIZE], const char **why)
{
	size_t	 i, label = 0;
	int	 c;

	if (len > 0 && s[0] == '[')
		return (host_bracketed(s, len, why));
	if (len > 1 && s[len - 1] == '.')
		len--;
	*why = "the host name is longer than 253 characters";
	if (len > HOST_MAX)
		return (HOST_MALFORMED);
	for (i = 0; i <= len; i++) {
		c = i < len ? host_char((unsigned char)s[i]) : '.';
		*why = "a host name is made of letters, digits, hyphens "
		    "and dots";
		if (c == '\0')
			return (HOST_MALFORMED);
		if (c == '.') {
			*why = "the host name has an empty label or one of "
			    "more than 63 characters";
			if (i == label || i - label > HOST_LABEL_MAX)
				return (HOST_MALFORMED);
			*why = "a label of the host name begins or ends with "
			    "a hyphen";
			if (s[label] == '-' || s[i - 1] == '-')
				return (HOST_MALFORMED);
			if (i < len)
				label = i + 1;
		}
		host[i] = i < len ? (char)c : '\0';
	}
	*why = "addresses are refused, only host names can be asked for";
	if (host_is_number(host + label, len - label))
		return (HOST_ADDRESS);
	*why = NULL;
	return (HOST_OK);
}

/* The character in lower case, or NUL if no name has it. */
static int
host_char(unsigned char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '.')
		return (c);
	if (c >= 'A' && c <= 'Z')
		return (c - 'A' + 'a');
	return ('\0');
}

/* A last label of digits, or 0x and hexadecimal digits: inet_aton(3). */
static int
host_is_number(const char *s, size_t len)
{
	if (s[0] == '0' && s[1] == 'x')
		return (strspn(s + 2, "0123456789abcdef") == len - 2);
	return (strspn(s, "0123456789") == len);
}

static enum host_result
host_bracketed(const char *s, size_t len, const char **why)
{
	struct netaddr	 addr;
	char		 buf[ADDR_STRLEN];

	*why = "brackets without an IPv6 address";
	if (len < 3 || len - 2 >= sizeof(buf) || s[len - 1] != ']')
		return (HOST_MALFORMED);
	memcpy(buf, s + 1, len - 2);
	buf[len - 2] = '\0';
	if (strlen(buf) != len - 2 || addr_parse(buf, &addr) == -1 ||
	    addr.family != AF_INET6)
		return (HOST_MALFORMED);
	*why = "addresses are refused, only host names can be asked for";
	return (HOST_ADDRESS);
}

/* 1 to 65535 in plain decimal; no sign, blank or leading zero. */
int
port_parse(const char *s, size_t len, uint16_t *port)
{
	uint32_t n = 0;
	size_t	 i;

	if (len == 0 || len > 5 || s[0] == '0')
		return (-1);
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		n = n * 10 + (uint32_t)(s[i] - '0');
	}
	if (n > 65535)
		return (-1);
	*port = (uint16_t)n;
	return (0);
}

enum host_result
hostport_parse(const char *s, size_t len, char host[HOST_SIZE],
    uint16_t *port, const char **why)
{
	const char	*colon, *from = s;
	size_t		 n;

	if (len > 0 && s[0] == '[') {
		from = memchr(s, ']', len);
		if (from == NULL)
			from = s;
	}
	colon = memchr(from, ':', len - (size_t)(from - s));
	if (colon == NULL) {
		*why = "host and port are needed, as in name.example:443";
		return (HOST_MALFORMED);
	}
	n = (size_t)(colon - s);
	if (port_parse(colon + 1, len - n - 1, port) == -1) {
		*why = "the port is not a number from 1 to 65535";
		return (HOST_MALFORMED);
	}
	return (host_parse(s, n, host, why));
}

int
addr_parse(const char *s, struct netaddr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, s, addr->bytes) == 1)
		addr->family = AF_INET;
	else if (inet_pton(AF_INET6, s, addr->bytes) == 1)
		addr->family = AF_INET6;
	else
		return (-1);
	return (0);
}

const char *
addr_print(const struct netaddr *addr, char buf[ADDR_STRLEN])
{
	if (inet_ntop(addr->family, addr->bytes, buf, ADDR_STRLEN) == NULL)
		(void)strlcpy(buf, "?", ADDR_STRLEN);
	return (buf);
}

int
addr_from_sockaddr(const struct sockaddr *sa, struct netaddr *addr)
{
	struct sockaddr_in	 sin;
	struct sockaddr_in6	 sin6;

	memset(addr, 0, sizeof(*addr));
	if (sa->sa_family == AF_INET) {
		memcpy(&sin, sa, sizeof(sin));
		memcpy(addr->bytes, &sin.sin_addr, sizeof(sin.sin_addr));
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&sin6, sa, sizeof(sin6));
		memcpy(addr->bytes, &sin6.sin6_addr, sizeof(sin6.sin6_addr));
	} else
		return (-1);
	addr->family = sa->sa_family;
	return (0);
}

/* The length of the socket address, 0 if the family is neither. */
socklen_t
addr_to_sockaddr(const struct netaddr *addr, uint16_t port,
    struct sockaddr_storage *ss)
{
	struct sockaddr_in	 sin;
	struct sockaddr_in6	 sin6;

	memset(ss, 0, sizeof(*ss));
	if (addr->family == AF_INET) {
		memset(&sin, 0, sizeof(sin));
		sin.sin_family = AF_INET;
		sin.sin_port = htons(port);
		memcpy(&sin.sin_addr, addr->bytes, sizeof(sin.sin_addr));
		memcpy(ss, &sin, sizeof(sin));
		return (sizeof(sin));
	}
	if (addr->family == AF_INET6) {
		memset(&sin6, 0, sizeof(sin6));
		sin6.sin6_family = AF_INET6;
		sin6.sin6_port = htons(port);
		memcpy(&sin6.sin6_addr, addr->bytes, sizeof(sin6.sin6_addr));
		memcpy(ss, &sin6, sizeof(sin6));
		return (sizeof(sin6));
	}
	return (0);
}

int
addr_equal(const struct netaddr *a, const struct netaddr *b)
{
	return (a->family == b->family && memcmp(a->bytes, b->bytes,
	    a->family == AF_INET ? 4 : 16) == 0);
}

/*
 * Not an address of the public network, or one of the host's own.  A family
 * that we do not know is inside.
 */
int
addr_inside(const struct netaddr *addr, const struct netaddr *own,
    size_t nown)
{
	const struct prefix	*p;
	size_t			 i, n;

	if (addr->family == AF_INET) {
		p = inside4;
		n = sizeof(inside4) / sizeof(inside4[0]);
	} else {
		if (!prefix_covers(&global6, addr))
			return (1);
		p = inside6;
		n = sizeof(inside6) / sizeof(inside6[0]);
	}
	for (i = 0; i < n; i++)
		if (prefix_covers(&p[i], addr))
			return (1);
	for (i = 0; i < nown; i++)
		if (addr_equal(&own[i], addr))
			return (1);
	return (0);
}

/* An address, or address/length without bits behind the length. */
int
prefix_parse(const char *s, struct prefix *p)
{
	char		 buf[ADDR_STRLEN];
	const char	*slash;
	uint16_t	 len;
	size_t		 n;

	memset(p, 0, sizeof(*p));
	slash = strchr(s, '/');
	n = slash != NULL ? (size_t)(slash - s) : strlen(s);
	if (n >= sizeof(buf))
		return (-1);
	memcpy(buf, s, n);
	buf[n] = '\0';
	if (addr_parse(buf, &p->addr) == -1)
		return (-1);
	len = p->addr.family == AF_INET ? 32 : 128;
	if (slash != NULL && strcmp(slash, "/0") == 0)
		len = 0;
	else if (slash != NULL &&
	    port_parse(slash + 1, strlen(slash + 1), &len) == -1)
		return (-1);
	if (len > 128)
		return (-1);
	p->len = (uint8_t)len;
	return (prefix_valid(p) ? 0 : -1);
}

static int
prefix_valid(const struct prefix *p)
{
	unsigned int	 i, max;

	if (p->addr.family != AF_INET && p->addr.family != AF_INET6)
		return (0);
	max = p->addr.family == AF_INET ? 32 : 128;
	if (p->len > max)
		return (0);
	for (i = p->len; i < max; i++)
		if (p->addr.bytes[i / 8] & (0x80 >> i % 8))
			return (0);
	return (1);
}

const char *
prefix_print(const struct prefix *p, char buf[PREFIX_STRLEN])
{
	char	 addr[ADDR_STRLEN];

	(void)snprintf(buf, PREFIX_STRLEN, "%s/%u", addr_print(&p->addr, addr),
	    (unsigned int)p->len);
	return (buf);
}

int
prefix_covers(const struct prefix *p, const struct netaddr *addr)
{
	size_t	 n = p->len / 8;
	uint8_t	 mask;

	if (p->addr.family != addr->family ||
	    memcmp(p->addr.bytes, addr->bytes, n) != 0)
		return (0);
	if (p->len % 8 == 0)
		return (1);
	mask = (uint8_t)(0xff << (8 - p->len % 8));
	return (((p->addr.bytes[n] ^ addr->bytes[n]) & mask) == 0);
}

void
policy_init(struct policy *policy)
{
	memset(policy, 0, sizeof(*policy));
}

int
policy_add_rule(struct policy *policy, const struct rule *rule)
{
	struct rule	*rules;
	size_t		 size;

	if (!rule_valid(rule)) {
		errno = EINVAL;
		return (-1);
	}
	if (policy->nrules == policy->rules_size) {
		size = policy->rules_size * 2 + 4;
		rules = reallocarray(policy->rules, size, sizeof(*rules));
		if (rules == NULL)
			return (-1);
		policy->rules = rules;
		policy->rules_size = size;
	}
	policy->rules[policy->nrules++] = *rule;
	return (0);
}

static int
rule_valid(const struct rule *rule)
{
	size_t	 i;

	if (rule->action != RULE_PASS && rule->action != RULE_BLOCK)
		return (0);
	if (rule->plain > 1 || rule->nports > RULE_PORTS ||
	    rule->naddrs > RULE_ADDRS)
		return (0);
	if (rule->action == RULE_BLOCK && (rule->plain || rule->naddrs > 0))
		return (0);
	for (i = 0; i < rule->nports; i++)
		if (rule->ports[i] == 0)
			return (0);
	for (i = 0; i < rule->naddrs; i++)
		if (!prefix_valid(&rule->addrs[i]))
			return (0);
	return (1);
}

/* To the rule added last, a name or "*.name". */
int
policy_add_name(struct policy *policy, const char *pattern, const char **why)
{
	struct rule_name	*names, *n;
	char			 host[HOST_SIZE];
	size_t			 size;
	int			 wild;

	wild = strncmp(pattern, "*.", 2) == 0;
	if (wild)
		pattern += 2;
	*why = "a name without a rule";
	if (policy->nrules == 0 ||
	    host_parse(pattern, strlen(pattern), host, why) != HOST_OK) {
		errno = EINVAL;
		return (-1);
	}
	*why = "no memory";
	if (policy->nnames == policy->names_size) {
		size = policy->names_size * 2 + 8;
		names = reallocarray(policy->names, size, sizeof(*names));
		if (names == NULL)
			return (-1);
		policy->names = names;
		policy->names_size = size;
	}
	n = &policy->names[policy->nnames];
	n->name = strdup(host);
	if (n->name == NULL)
		return (-1);
	n->wild = (uint8_t)wild;
	n->rule = (uint32_t)(policy->nrules - 1);
	policy->nnames++;
	return (0);
}

void
policy_seal(struct policy *policy)
{
	if (policy->nnames > 0)
		qsort(policy->names, policy->nnames, sizeof(*policy->names),
		    name_cmp);
}

/* Among equal names the order of the configuration stays. */
static int
name_cmp(const void *va, const void *vb)
{
	const struct rule_name	*a = va, *b = vb;
	int			 r;

	r = strcmp(a->name, b->name);
	if (r == 0)
		r = (int)a->wild - (int)b->wild;
	if (r == 0)
		r = a->rule < b->rule ? -1 : a->rule > b->rule;
	return (r);
}

void
policy_free(struct policy *policy)
{
	size_t	 i;

	for (i = 0; i < policy->nnames; i++)
		free(policy->names[i].name);
	free(policy->names);
	free(policy->rules);
	policy_init(policy);
}

/*
 * A block that matches wins wherever it stands.  Of the passes the nearest
 * name decides, then the first in the configuration.
 */
const struct rule *
policy_decide(const struct policy *policy, const char *host, uint16_t port)
{
	const struct rule	*rule, *pass = NULL;
	struct walk		 walk;

	walk_start(policy, &walk, host);
	while ((rule = walk_next(policy, &walk)) != NULL) {
		if (!rule_has_port(rule, port))
			continue;
		if (rule->action == RULE_BLOCK)
			return (rule);
		if (pass == NULL)
			pass = rule;
	}
	return (pass);
}

int
policy_name_passed(const struct policy *policy, const char *host)
{
	const struct rule	*rule;
	struct walk		 walk;
	size_t			 i;
	uint16_t		 port;

	walk_start(policy, &walk, host);
	while ((rule = walk_next(policy, &walk)) != NULL) {
		for (i = 0; i == 0 || i < rule->nports; i++) {
			port = rule->nports > 0 ? rule->ports[i] : 443;
			if (policy_decide(policy, host, port)->action ==
			    RULE_PASS)
				return (1);
		}
	}
	return (0);
}

int
policy_addr_passed(const struct rule *rule, const struct netaddr *addr,
    const struct netaddr *own, size_t nown)
{
	size_t	 i;

	if (!addr_inside(addr, own, nown))
		return (1);
	for (i = 0; i < rule->naddrs; i++)
		if (prefix_covers(&rule->addrs[i], addr))
			return (1);
	return (0);
}

static int
rule_has_port(const struct rule *rule, uint16_t port)
{
	size_t	 i;

	if (rule->nports == 0)
		return (rule->action == RULE_BLOCK || port == 443);
	for (i = 0; i < rule->nports; i++)
		if (rule->ports[i] == port)
			return (1);
	return (0);
}

static void
walk_start(const struct policy *policy, struct walk *walk, const char *host)
{
	walk->suffix = host;
	walk->wild = 0;
	walk->next = name_find(policy, host, 0);
}

/* The next rule that has this name or a wildcard above it. */
static const struct rule *
walk_next(const struct policy *policy, struct walk *walk)
{
	const struct rule_name	*n;
	const char		*dot;

	for (;;) {
		if (walk->next < policy->nnames) {
			n = &policy->names[walk->next];
			if (n->wild == walk->wild &&
			    strcmp(n->name, walk->suffix) == 0) {
				walk->next++;
				return (&policy->rules[n->rule]);
			}
		}
		dot = strchr(walk->suffix, '.');
		if (dot == NULL)
			return (NULL);
		walk->suffix = dot + 1;
		walk->wild = 1;
		walk->next = name_find(policy, walk->suffix, 1);
	}
}

/* The first entry that is not before this one. */
static size_t
name_find(const struct policy *policy, const char *name, int wild)
{
	size_t	 lo = 0, hi = policy->nnames, mid;
	int	 r;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		r = strcmp(policy->names[mid].name, name);
		if (r == 0)
			r = (int)policy->names[mid].wild - wild;
		if (r < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}
