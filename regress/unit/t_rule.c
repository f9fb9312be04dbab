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

#include "claudesec.h"

#include "unit.h"

static void	 test_parse(void);
static void	 test_parse_bad(void);
static void	 test_covers(void);

int
main(void)
{
	test_parse();
	test_parse_bad();
	test_covers();
	return (unit_failed);
}

static void
test_parse(void)
{
	static const struct {
		const char	*s, *host;
		int		 port;
	} good[] = {
		{ "a.example", "a.example", 0 },
		{ "A.Example.", "a.example", 0 },
		{ "*.a.example", "*.a.example", 0 },
		{ "a.example:1", "a.example", 1 },
		{ "*.a.example:65535", "*.a.example", 65535 },
		{ "localhost:80", "localhost", 80 }
	};
	struct egress_rule r;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		why = rule_parse(good[i].s, &r);
		CASE(why == NULL && strcmp(r.host, good[i].host) == 0 &&
		    r.nports == (good[i].port != 0) && !r.block && !r.plain &&
		    (r.nports == 0 || r.ports[0] == good[i].port), good[i].s,
		    "%s", why == NULL ? r.host : why);
	}
}

static void
test_parse_bad(void)
{
	static const char *const bad[] = { "", ":", ":443", "*", "*.",
		"*.*.a", "a.*", "a b", "a..b", ".a", "-a", "a-", "a_b",
		"192.0.2.1", "192.0.2.1:443", "0x7f.1", "1", "[::1]", "::1",
		"a:", "a:0", "a:65536", "a:-1", "a:+1", "a: 1", "a:1 ",
		"a:1:1", "a:0x1", "a:443x", "a\033b", "\303\244.example",
		"https://a.example", "a/b" };
	char s[HOST_MAXLEN + 64];
	struct egress_rule r;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(s, sizeof(s), "no rule %zu", i);
		CASE(rule_parse(bad[i], &r) != NULL, s, "%s", bad[i]);
	}
	memset(s, 'a', sizeof(s));
	s[sizeof(s) - 1] = '\0';
	CASE(rule_parse(s, &r) != NULL, "no rule of a long name", "taken");
	for (i = 0; i < sizeof(s) - 2; i += 2)
		s[i + 1] = '.';
	CASE(rule_parse(s, &r) != NULL, "no rule of many labels", "taken");
}

static void
test_covers(void)
{
	/* the first of each with b blocks */
	static const struct {
		const char	*a, *b;
		int		 block, covers;
	} pairs[] = {
		{ "a.b", "a.b", 0, 1 }, { "a.b", "a.b", 1, 1 },
		{ "a.b", "c.b", 1, 0 }, { "*.b", "a.b", 1, 1 },
		{ "*.b", "x.a.b", 1, 1 }, { "*.b", "b", 1, 0 },
		{ "*.b", "ab", 1, 0 }, { "*.b", "a.bb", 1, 0 },
		{ "*.b", "*.a.b", 1, 1 }, { "*.b", "*.b", 1, 1 },
		{ "*.a.b", "*.b", 1, 0 }, { "a.b", "*.b", 1, 0 },
		{ "a.b", "a.b:8443", 1, 1 }, { "a.b:8443", "a.b", 1, 0 },
		{ "a.b:443", "a.b", 1, 1 }, { "a.b:8443", "a.b:8443", 1, 1 },
		{ "a.b", "a.b:8443", 0, 0 }, { "a.b", "a.b:443", 0, 1 },
		{ "*.b:80", "x.b:80", 1, 1 }, { "*.b:80", "x.b", 1, 0 }
	};
	struct egress_rule a, b;
	char name[32];
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		(void)snprintf(name, sizeof(name), "covers %zu", i);
		(void)rule_parse(pairs[i].a, &a);
		(void)rule_parse(pairs[i].b, &b);
		a.block = (uint32_t)pairs[i].block;
		CASE(rule_covers(&a, &b) == pairs[i].covers, name, "%s and %s",
		    pairs[i].a, pairs[i].b);
	}
	(void)rule_parse("a.b", &a);
	(void)rule_parse("a.b", &b);
	b.block = 1;
	CASE(!rule_covers(&a, &b), "a pass does not cover a block of all",
	    "it does");
	a.block = 1;
	CASE(rule_covers(&a, &b), "a block covers a block of all", "no");
}
