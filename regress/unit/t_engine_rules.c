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

#include "engine.h"

#include "unit.h"

static void	 test_back(void);
static void	 test_bad(void);

static struct kept_rule rules[PASS_MAX];

int
main(void)
{
	test_back();
	test_bad();
	return (unit_failed);
}

/* What is written is read again, with as many as there may be. */
static void
test_back(void)
{
	static struct kept_rule many[PASS_MAX];
	uint32_t n;
	size_t i;
	char *text;

	for (i = 0; i < PASS_MAX; i++) {
		(void)rule_parse(i % 3 == 0 ? "*.a.example" :
		    "b.example:8443", &many[i].rule);
		many[i].rule.block = i % 2;
		many[i].until = i % 5 == 0 ? 0 : INT64_MAX;
		many[i].seconds = i % 5 == 0 ? 0 : RULE_SECONDS;
	}
	for (i = 0; i <= PASS_MAX; i += PASS_MAX / 4) {
		memset(rules, 0, sizeof(rules));
		text = rules_text(UINT32_MAX, many, i);
		CASE(rules_parse(text, &n, rules) == (int)i &&
		    n == UINT32_MAX && memcmp(rules, many,
		    i * sizeof(rules[0])) == 0, "rules come back", "%s", text);
		free(text);
	}
	memset(many[0].rule.host, 'a', HOST_MAXLEN - 1);
	for (i = 1; i < HOST_MAXLEN - 1; i += 50)
		many[0].rule.host[i] = '.';
	many[0].rule.host[HOST_MAXLEN - 6] = '\0';
	text = rules_text(1, many, 1);
	CASE(rules_parse(text, &n, rules) == 1, "a long name", "%s", text);
	free(text);
}

static void
test_bad(void)
{
	static const char *const bad[] = { "", "1", "\n", "x\n", "-1\n",
		"01\n", " 1\n", "4294967296\n", "1\npass a.b 0 0 0",
		"1\npass a.b 0 0\n", "1\npass a.b 0 0 0 0\n",
		"1\npass a.b 65536 0 0\n", "1\npass a.b -1 0 0\n",
		"1\npass a.b 00 0 0\n", "1\npass a.b 0 0 31622401\n",
		"1\npass a.b 0 9223372036854775808 0\n",
		"1\nallow a.b 0 0 0\n", "1\nPass a.b 0 0 0\n",
		"1\npass A.b 0 0 0\n", "1\npass a.b. 0 0 0\n",
		"1\npass 192.0.2.1 0 0 0\n", "1\npass  0 0 0\n",
		"1\npass a..b 0 0 0\n", "1\n\n", "1\npass a.b 0 0 0\n\n",
		"1\npass\ta.b 0 0 0\n", "1\r\n" };
	char name[32], *text;
	uint32_t n;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(name, sizeof(name), "no rules %zu", i);
		CASE(rules_parse(bad[i], &n, rules) == -1, name, "%s", bad[i]);
	}
	if ((text = malloc(64 * (PASS_MAX + 2))) == NULL)
		abort();
	(void)strcpy(text, "1\n");
	for (i = 0; i <= PASS_MAX; i++)
		(void)strcat(text, "pass a.b 0 0 0\n");
	CASE(rules_parse(text, &n, rules) == -1, "too many rules", "taken");
	free(text);
	if ((text = malloc(4096)) == NULL)
		abort();
	(void)strcpy(text, "1\npass ");
	memset(text + 7, 'a', 1000);
	(void)strcpy(text + 1007, " 0 0 0\n");
	CASE(rules_parse(text, &n, rules) == -1, "a line too long", "taken");
	free(text);
}
