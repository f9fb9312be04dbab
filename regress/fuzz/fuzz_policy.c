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

#include <strings.h>

#include "fuzz.h"

/*
 * Names and rules.  Each line but the last is a rule, `p' or `b', a port
 * from `0' on, and a pattern; the last is the host that is asked for.  The
 * decision is the one that comes of looking at each rule in turn.
 */

struct plain_rule {
	enum rule_action action;
	int		 port;
	int		 wild;
	char		 name[HOST_SIZE];
};

static int	 matches(const struct plain_rule *, const char *);
static int	 expected(const struct plain_rule *, size_t, const char *,
		    int);
static int	 add(struct policy *, struct plain_rule *, const char *,
		    size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct plain_rule rules[64];
	const struct rule	*rule;
	struct policy		 policy;
	const char		*s = (const char *)data, *lf, *why;
	const char		*end = s + size;
	char			 host[HOST_SIZE];
	size_t			 n = 0;
	int			 port, any = 0;

	policy_init(&policy);
	while (n < 64 && (lf = memchr(s, '\n', (size_t)(end - s))) != NULL) {
		n += (size_t)add(&policy, &rules[n], s, (size_t)(lf - s));
		s = lf + 1;
	}
	policy_seal(&policy);
	if (host_parse(s, (size_t)(end - s), host, &why) == HOST_OK) {
		must_be_name(host);
		for (port = 1; port <= 10; port++) {
			rule = policy_decide(&policy, host, (uint16_t)port);
			MUST((rule == NULL ? 0 : rule->action) ==
			    expected(rules, n, host, port));
			any |= rule != NULL && rule->action == RULE_PASS;
		}
		MUST(policy_name_passed(&policy, host) == any);
	} else
		MUST(why != NULL);
	policy_free(&policy);
	return (0);
}

static int
add(struct policy *policy, struct plain_rule *plain, const char *line,
    size_t len)
{
	struct rule	 rule;
	const char	*why;
	char		 pattern[512], *name;

	if (len < 2 || len >= sizeof(pattern))
		return (0);
	memset(&rule, 0, sizeof(rule));
	rule.action = line[0] == 'b' ? RULE_BLOCK : RULE_PASS;
	rule.nports = 1;
	rule.ports[0] = (uint16_t)(1 + (uint8_t)line[1] % 10);
	memcpy(pattern, line + 2, len - 2);
	pattern[len - 2] = '\0';
	MUST(policy_add_rule(policy, &rule) == 0);
	if (policy_add_name(policy, pattern, &why) == -1) {
		MUST(why != NULL);
		return (0);
	}
	plain->action = rule.action;
	plain->port = rule.ports[0];
	plain->wild = pattern[0] == '*';
	name = pattern + 2 * plain->wild;
	if (name[strlen(name) - 1] == '.')
		name[strlen(name) - 1] = '\0';
	MUST(strlcpy(plain->name, name, HOST_SIZE) < HOST_SIZE);
	return (1);
}

static int
matches(const struct plain_rule *r, const char *host)
{
	size_t	 n = strlen(host), m = strlen(r->name);

	if (!r->wild)
		return (strcasecmp(host, r->name) == 0);
	return (n > m + 1 && host[n - m - 1] == '.' &&
	    strcasecmp(host + n - m, r->name) == 0);
}

static int
expected(const struct plain_rule *rules, size_t n, const char *host, int port)
{
	size_t	 i;
	int	 action = 0;

	for (i = 0; i < n; i++)
		if (rules[i].port == port && matches(&rules[i], host) &&
		    action != RULE_BLOCK)
			action = rules[i].action;
	return (action);
}
