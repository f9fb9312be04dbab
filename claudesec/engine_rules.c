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
 * The rules of the user's for one session, as the text of a label: a number,
 * which grows with each change, and lines of a word, host, port, end, and the
 * seconds that were left.  Pure.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define LINE_MAXLEN	(HOST_MAXLEN + 64)

static int	 rules_line(char *, struct kept_rule *);
static int	 rules_number(const char *, int64_t, int64_t *);

/* NULL: no memory. */
char *
rules_text(uint32_t n, const struct kept_rule *rules, size_t nrules)
{
	const struct kept_rule *r;
	char *text;
	size_t i, len, size;

	size = 16 + nrules * LINE_MAXLEN;
	if ((text = malloc(size)) == NULL)
		return (NULL);
	len = (size_t)snprintf(text, size, "%u\n", n);
	for (i = 0; i < nrules; i++) {
		r = &rules[i];
		len += (size_t)snprintf(text + len, size - len,
		    "%s %s %u %lld %u\n", r->rule.block ? "block" : "pass",
		    r->rule.host, r->rule.nports == 0 ? 0 : r->rule.ports[0],
		    (long long)r->until, r->seconds);
	}
	return (text);
}

/* How many there are; -1 if that is no such text. */
int
rules_parse(const char *text, uint32_t *n, struct kept_rule rules[PASS_MAX])
{
	char line[LINE_MAXLEN];
	int64_t number;
	size_t len;
	int nrules;

	for (nrules = -1; *text != '\0'; text += len + 1) {
		len = strcspn(text, "\n");
		if (text[len] == '\0' || len >= sizeof(line) ||
		    nrules == PASS_MAX)
			return (-1);
		memcpy(line, text, len);
		line[len] = '\0';
		if (nrules++ == -1) {
			if (rules_number(line, UINT32_MAX, &number) == -1)
				return (-1);
			*n = (uint32_t)number;
		} else if (rules_line(line, &rules[nrules - 1]) == -1)
			return (-1);
	}
	return (nrules);
}

static int
rules_line(char *line, struct kept_rule *r)
{
	char *word[5];
	int64_t port, seconds;
	size_t i;

	for (i = 0; i < 5; i++)
		if ((word[i] = strsep(&line, " ")) == NULL)
			return (-1);
	memset(r, 0, sizeof(*r));
	r->rule.block = strcmp(word[0], "block") == 0;
	if (line != NULL || (!r->rule.block && strcmp(word[0], "pass") != 0) ||
	    rule_host(word[1], r->rule.host) != NULL ||
	    strcmp(word[1], r->rule.host) != 0 ||
	    rules_number(word[2], UINT16_MAX, &port) == -1 ||
	    rules_number(word[3], INT64_MAX, &r->until) == -1 ||
	    rules_number(word[4], RULE_SECONDS, &seconds) == -1)
		return (-1);
	if (port != 0) {
		r->rule.nports = 1;
		r->rule.ports[0] = (uint16_t)port;
	}
	r->seconds = (uint32_t)seconds;
	return (spec_rule_valid(&r->rule) ? 0 : -1);
}

static int
rules_number(const char *word, int64_t max, int64_t *number)
{
	const char *why;

	/* as we write it, and no other way */
	if (word[0] < '0' || word[0] > '9' ||
	    (word[0] == '0' && word[1] != '\0'))
		return (-1);
	*number = strtonum(word, 0, max, &why);
	return (why == NULL ? 0 : -1);
}
