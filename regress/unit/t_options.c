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
 * What the command line and the configuration share.
 */

#include <string.h>

#include "../../claudesec/claudesec.h"
#include "unit.h"

static void
test_size(void)
{
	static const struct {
		const char	*s;
		int		 error;
		uint64_t	 size;
	} t[] = {
		{ "0", 0, 0 }, { "1", 0, 1 }, { "1k", 0, 1024 },
		{ "2M", 0, 2 << 20 }, { "3g", 0, 3ULL << 30 },
		{ "64T", 0, OPTION_SIZE_MAX },
		{ "65T", 0, OPTION_SIZE_MAX + 1 },
		{ "999999999999999T", 0, OPTION_SIZE_MAX + 1 },
		{ "", -1, 0 }, { "M", -1, 0 }, { "1MB", -1, 0 },
		{ "1.5G", -1, 0 }, { "-1", -1, 0 }, { " 1", -1, 0 },
		{ "1 ", -1, 0 }, { "1X", -1, 0 }, { "0x10", -1, 0 },
		{ "1000000000000000", -1, 0 }
	};
	uint64_t n;
	size_t i;
	int error;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		n = 0;
		error = parse_size(t[i].s, &n);
		CASE(error == t[i].error && n == t[i].size, "size",
		    "\"%s\": %d, %llu", t[i].s, error, (unsigned long long)n);
	}
}

static void
test_cpus(void)
{
	static const struct {
		const char	*s;
		uint32_t	 millicpus;	/* 0: not valid */
	} t[] = {
		{ "1", 1000 }, { "0.1", 100 }, { "1.5", 1500 },
		{ "0.125", 125 }, { "1024", 1024000 }, { "2.05", 2050 },
		{ "", 0 }, { "0", 0 }, { "0.099", 0 }, { "1024.001", 0 },
		{ "1025", 0 }, { ".5", 0 }, { "1.", 0 }, { "1.2345", 0 },
		{ "-1", 0 }, { "1e3", 0 }, { "999999999999999", 0 }
	};
	uint32_t n;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		n = 0;
		if (parse_cpus(t[i].s, &n) == -1)
			n = 0;
		CASE(n == t[i].millicpus, "cpus", "\"%s\": %u", t[i].s, n);
	}
}

static void
test_keys(void)
{
	static const struct {
		const char	*s;
		int		 n;
		unsigned char	 keys[KEYS_MAX];
	} t[] = {
		{ "^]d", 2, "\035d" }, { "^A^b", 2, "\001\002" },
		{ "^\\", 1, "\034" }, { "^_^", 2, "\037^" },
		{ "^^~", 2, "\036~" },
		{ "", -1, "" }, { "d", -1, "" }, { "d^]", -1, "" },
		{ "^", -1, "" }, { "^@", -1, "" }, { "^[", -1, "" },
		{ "^Md", -1, "" }, { "^I", -1, "" }, { "^]^m", -1, "" },
		{ "^]dd", -1, "" }, { "^1", -1, "" }, { "^] ", -1, "" },
		{ "\035d", -1, "" }, { "^]\303\244", -1, "" }
	};
	unsigned char keys[KEYS_MAX];
	size_t i;
	int n;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(keys, 0, sizeof(keys));
		n = parse_keys(t[i].s, keys);
		CASE(n == t[i].n && (n == -1 || memcmp(keys, t[i].keys,
		    (size_t)n) == 0), "keys", "\"%s\": %d", t[i].s, n);
	}
}

static void
test_env(void)
{
	static const struct {
		const char	*env;
		int		 valid;
	} t[] = {
		{ "TERM=xterm", 1 }, { "COLORTERM=", 1 }, { "LANG=C", 1 },
		{ "TZ=UTC", 1 }, { "A_1=a=b", 1 }, { "_x= y\n", 1 },
		{ "LD_PRELOAD=x", 1 }, { "HOMEPAGE=x", 1 },
		{ "TERM", 0 }, { "=", 0 }, { "", 0 }, { "1A=x", 0 },
		{ "A-B=x", 0 }, { "A B=x", 0 }, { "\303\244=x", 0 },
		{ "HTTPS_PROXY=", 0 }, { "http_proxy=x", 0 },
		{ "NO_PROXY=*", 0 }, { "HOME=/x", 0 },
		{ "ANTHROPIC_API_KEY=x", 0 }, { "ANTHROPIC_BASE_URL=x", 0 },
		{ "CLAUDE_CONFIG_DIR=/x", 0 }, { "CLAUDESEC_JSON={}", 0 },
		{ "CLAUDESEC_MARK=x", 0 }, { "CLAUDESEC_=x", 0 }
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		CASE(env_valid(t[i].env) == t[i].valid, "variable", "\"%s\"",
		    t[i].env);
}

static void
test_distance(void)
{
	static const struct {
		const char	*a, *b;
		unsigned int	 n;
	} t[] = {
		{ "status", "status", 0 }, { "status", "statsu", 1 },
		{ "stop", "sto", 1 }, { "stop", "stopp", 1 },
		{ "start", "smart", 1 }, { "reload", "upload", 2 },
		{ "", "ab", 2 }, { "shell", "build", 4 },
		{ "stop", "seventeen-letters", 16 }
	};
	size_t i;
	unsigned int n;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		n = word_distance(t[i].a, t[i].b);
		CASE(n == t[i].n && word_distance(t[i].b, t[i].a) == n,
		    "distance", "%s, %s: %u", t[i].a, t[i].b, n);
	}
}

int
main(void)
{
	test_size();
	test_cpus();
	test_keys();
	test_env();
	test_distance();
	return (unit_failed);
}
