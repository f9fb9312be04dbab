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
 * Hosts that are passed or blocked, as the configuration and the command line
 * have them.  Pure.
 */

#include <sys/types.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "claudesec.h"

#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyz0123456789-"

static int	 rule_has_port(const struct egress_rule *, uint16_t);

/*
 * A host's name, or *. and one, in lower case and without a dot at its end.
 * What proxyd would refuse is refused here, where file and line are known;
 * anything that some program would take for an address is not a name.
 */
const char *
rule_host(const char *s, char host[HOST_MAXLEN])
{
	size_t i, label, len, wild;

	len = strlen(s);
	wild = strncmp(s, "*.", 2) == 0 ? 2 : 0;
	if (len > wild + 1 && s[len - 1] == '.')
		len--;
	if (len == wild || len > wild + 253)
		return ("name of a host empty or too long");
	for (i = 0; i < len; i++)
		host[i] = (char)tolower((unsigned char)s[i]);
	host[len] = '\0';
	for (i = label = wild; i <= len; i++) {
		if (i < len && host[i] != '.') {
			if (strchr(NAME_CHARS, host[i]) == NULL)
				return ("not the name of a host");
			continue;
		}
		if (i == label || i - label > 63)
			return ("label of a host empty or too long");
		if (host[label] == '-' || host[i - 1] == '-')
			return ("label of a host begins or ends with \"-\"");
		if (i < len)
			label = i + 1;
	}
	s = host + label;
	if (strncmp(s, "0x", 2) == 0)
		s += 2 + strspn(s + 2, "0123456789abcdef");
	else
		s += strspn(s, "0123456789");
	if (*s == '\0')
		return ("an address, not the name of a host");
	return (NULL);
}

/*
 * host, or host:port, as a rule for it.  NULL, or what is wrong.
 */
const char *
rule_parse(const char *s, struct egress_rule *rule)
{
	char host[HOST_MAXLEN + 2];
	const char *colon, *error;
	size_t len;

	memset(rule, 0, sizeof(*rule));
	/* the colon of a URL is before no port */
	if (strchr(s, '/') != NULL)
		return ("not the name of a host");
	colon = strchr(s, ':');
	len = colon == NULL ? strlen(s) : (size_t)(colon - s);
	if (len >= sizeof(host))
		return ("name of a host empty or too long");
	memcpy(host, s, len);
	host[len] = '\0';
	if ((error = rule_host(host, rule->host)) != NULL)
		return (error);
	if (colon == NULL)
		return (NULL);
	/* strtonum(3) takes more for a number */
	if (colon[1] == '\0' ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return ("not a port");
	rule->ports[rule->nports++] = (uint16_t)strtonum(colon + 1, 1,
	    UINT16_MAX, &error);
	return (error == NULL ? NULL : "not a port");
}

/* A rule without ports is for 443, or blocks all. */
static int
rule_has_port(const struct egress_rule *rule, uint16_t port)
{
	uint32_t i;

	if (rule->nports == 0)
		return (rule->block || port == 443);
	for (i = 0; i < rule->nports; i++)
		if (rule->ports[i] == port)
			return (1);
	return (0);
}

/*
 * Does the rule hold for all that the other one is about?
 */
int
rule_covers(const struct egress_rule *rule, const struct egress_rule *other)
{
	const char *host;
	size_t hostlen, len;
	uint32_t i;

	host = other->host;
	if (strcmp(rule->host, host) != 0) {
		/* below, and not the name itself */
		if (strncmp(rule->host, "*.", 2) != 0)
			return (0);
		len = strlen(rule->host + 1);
		hostlen = strlen(host);
		if (hostlen <= len ||
		    strcmp(host + hostlen - len, rule->host + 1) != 0)
			return (0);
	}
	if (other->nports == 0)
		return (other->block ? rule->nports == 0 && rule->block :
		    rule_has_port(rule, 443));
	for (i = 0; i < other->nports; i++)
		if (!rule_has_port(rule, other->ports[i]))
			return (0);
	return (1);
}
