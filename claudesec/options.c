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
 * What the command line and the configuration have in common: numbers, sizes,
 * processors; and which variables a user may set in a session.  Pure.
 */

#include <sys/types.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "claudesec.h"

#define WORD_MAX	16	/* of a command */

/* What follows the digits, or NULL if there are none, or too many. */
const char *
parse_digits(const char *s, uint64_t *n)
{
	size_t len;

	len = strspn(s, "0123456789");
	if (len == 0 || len > 15)
		return (NULL);
	*n = strtoull(s, NULL, 10);
	return (s + len);
}

/* In bytes, or with one of KMGT; beyond the largest is the largest and one. */
int
parse_size(const char *s, uint64_t *size)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t n, factor;

	factor = 1;
	if ((s = parse_digits(s, &n)) == NULL)
		return (-1);
	if (*s != '\0') {
		if ((unit = strchr(units, toupper((unsigned char)*s))) == NULL)
			return (-1);
		factor <<= 10 * (unit - units + 1);
		s++;
	}
	if (*s != '\0')
		return (-1);
	*size = n > OPTION_SIZE_MAX / factor ? OPTION_SIZE_MAX + 1 :
	    n * factor;
	return (0);
}

/* With up to three decimals. */
int
parse_cpus(const char *s, uint32_t *millicpus)
{
	uint64_t n;
	unsigned int digit;

	if ((s = parse_digits(s, &n)) == NULL || n > OPTION_CPUS_MAX)
		return (-1);
	n *= 1000;
	if (*s == '.' && s[1] != '\0')
		for (s++, digit = 100; digit > 0 && *s >= '0' && *s <= '9';
		    s++, digit /= 10)
			n += digit * (unsigned int)(*s - '0');
	if (*s != '\0' || n < 100 || n > OPTION_CPUS_MAX * 1000)
		return (-1);
	*millicpus = (uint32_t)n;
	return (0);
}

/*
 * One key or two, ^X with Control: the first must be, and none that is typed
 * without, or begins what a terminal says itself.  Returns how many, or -1.
 */
int
parse_keys(const char *s, unsigned char keys[KEYS_MAX])
{
	int n;

	for (n = 0; *s != '\0'; n++) {
		if (n == KEYS_MAX || *s <= ' ' || *s > '~')
			return (-1);
		if (*s == '^' && s[1] != '\0') {
			s++;
			if (toupper((unsigned char)*s) < '@' ||
			    toupper((unsigned char)*s) > '_')
				return (-1);
			keys[n] = (unsigned char)(toupper((unsigned char)*s) &
			    0x1f);
			if (keys[n] == '\0' || strchr("\b\t\n\r\033",
			    keys[n]) != NULL)
				return (-1);
		} else
			keys[n] = (unsigned char)*s;
		s++;
	}
	return (n == 0 || keys[0] >= ' ' ? -1 : n);
}

/*
 * NAME=value that a user may set: what makes the way out and the keys is ours,
 * and inside's.  The rest is the agent's to set anyway.
 */
int
env_valid(const char *env)
{
	static const char *const ours[] = { "ANTHROPIC_API_KEY",
	    "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "CLAUDE_CONFIG_DIR",
	    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
	    "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_PROXY_RESOLVES_HOSTS",
	    "DISABLE_UPDATES", "ENABLE_TOOL_SEARCH", "HOME", "HTTPS_PROXY",
	    "HTTP_PROXY", "NODE_USE_ENV_PROXY", "NO_PROXY", "http_proxy",
	    "https_proxy", "no_proxy" };
	size_t i, len;

	len = strspn(env, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_");
	if (len == 0 || env[len] != '=' || isdigit((unsigned char)env[0]) ||
	    strncmp(env, "CLAUDESEC_", 10) == 0)
		return (0);
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strlen(ours[i]) == len && strncmp(env, ours[i], len) == 0)
			return (0);
	return (1);
}

/*
 * How many letters one word is from another: to be left out, put in, changed,
 * or swapped with the next.
 */
unsigned int
word_distance(const char *a, const char *b)
{
	unsigned int d[WORD_MAX + 1][WORD_MAX + 1];
	size_t alen, blen, i, j;

	alen = strlen(a);
	blen = strlen(b);
	if (alen > WORD_MAX || blen > WORD_MAX)
		return (WORD_MAX);
	for (i = 0; i <= alen; i++) {
		for (j = 0; j <= blen; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = (unsigned int)(i + j);
				continue;
			}
			d[i][j] = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < d[i][j])
				d[i][j] = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < d[i][j])
				d[i][j] = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 <
			    d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return (d[alen][blen]);
}
