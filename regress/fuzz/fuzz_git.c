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
 * Configurations of git's, and the paths in them.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workspace.h"

#include "must.h"

static int	 variable(void *, const char *, const char *);
static void	 must_be_inside(const char *);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int all, n;

	n = 0;
	MUST(git_config((const char *)data, size, variable, &n) == 0);
	all = n;
	/* it stops when it is told to */
	n = -1;
	MUST(git_config((const char *)data, size, variable, &n) ==
	    (all == 0 ? 0 : -1));
	return (0);
}

static int
variable(void *arg, const char *key, const char *value)
{
	char again[PROTECT_MAXLEN], path[PROTECT_MAXLEN];
	int *n = arg;

	if (*n == -1)
		return (-1);
	(*n)++;
	MUST(strlen(key) < 256 && strlen(value) < 1024);
	MUST(strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-.") ==
	    strlen(key));
	MUST(strchr(key, '.') != NULL && strchr(key, '.') == strrchr(key, '.'));
	MUST(strrchr(key, '.')[1] != '\0');
	if (path_join(path, sizeof(path), "", value) == 0)
		must_be_inside(path);
	if (path_join(path, sizeof(path), "a/b", value) == 0) {
		must_be_inside(path);
		MUST(path_join(again, sizeof(again), "", path) == 0);
		MUST(strcmp(path, again) == 0);
	}
	if (protect_valid(value))
		must_be_inside(value);
	return (0);
}

/* No part leads up, or is none. */
static void
must_be_inside(const char *path)
{
	size_t n;

	MUST(path[0] != '/' && strlen(path) < PROTECT_MAXLEN);
	for (; *path != '\0'; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		MUST(n > 0 && !(n == 1 && path[0] == '.') &&
		    !(n == 2 && strncmp(path, "..", 2) == 0));
		MUST(path[n] == '\0' || path[n + 1] != '\0');
	}
}
