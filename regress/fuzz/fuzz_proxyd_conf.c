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

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxyd.h"

/*
 * proxyd.conf, as it comes from a file or from a launcher.  What parses is
 * printed as something that parses to the same; what does not is told, in
 * lines that name the place.
 */

#include "must.h"

static unsigned int nlines;

static void
report(const char *line)
{
	nlines++;
	MUST(strncmp(line, "name:", 5) == 0 && strchr(line, '\n') == NULL);
}

/* every list that is named is this one */
static FILE *
list(const char *path)
{
	static char names[] = "a.example.org\n# none\n*.b.example.org\n";

	(void)path;
	return (fmemopen(names, sizeof(names) - 1, "r"));
}

static struct config *
parse(const char *text, size_t size)
{
	struct macros macros = TAILQ_HEAD_INITIALIZER(macros);
	struct config *c;
	FILE *f;

	MUST((f = fmemopen((void *)(uintptr_t)text, size, "r")) != NULL);
	nlines = 0;
	c = parse_config(f, "name", &macros, list, report);
	MUST((c == NULL) == (nlines > 0));
	(void)fclose(f);
	return (c);
}

static char *
print(const struct config *c, size_t *len)
{
	char *text;
	FILE *f;

	text = NULL;
	MUST((f = open_memstream(&text, len)) != NULL);
	print_config(f, c);
	MUST(fclose(f) == 0);
	return (text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *a, *b;
	char *first, *second;
	size_t nfirst, nsecond;

	if (size == 0 || size > 8192)
		return (0);
	if ((a = parse((const char *)data, size)) == NULL)
		return (0);
	first = print(a, &nfirst);
	config_free(a);
	if (nfirst > 0) {
		MUST((b = parse(first, nfirst)) != NULL);
		second = print(b, &nsecond);
		MUST(nfirst == nsecond && memcmp(first, second, nfirst) == 0);
		config_free(b);
		free(second);
	}
	free(first);
	return (0);
}
