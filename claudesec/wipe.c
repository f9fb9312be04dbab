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
 * Where credentials are given to the agent's environment, they pass through
 * JSON and through libcurl.  What these free is overwritten, by as much as
 * malloc(3) says that there was.
 */

#include <sys/types.h>

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

static void	 wipe_free(void *);
static void	*wipe_realloc(void *, size_t);

/* which system has it in which header differs */
size_t		 malloc_usable_size(void *);

void
wipe_json(void)
{
	json_set_alloc_funcs(malloc, wipe_free);
}

int
wipe_init(void)
{
	wipe_json();
	return (curl_global_init_mem(CURL_GLOBAL_ALL, malloc, wipe_free,
	    wipe_realloc, strdup, calloc) == 0 ? 0 : -1);
}

static void
wipe_free(void *p)
{
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *
wipe_realloc(void *p, size_t size)
{
	size_t old;
	void *new;

	if ((new = malloc(size)) == NULL || p == NULL)
		return (new);
	old = malloc_usable_size(p);
	memcpy(new, p, old < size ? old : size);
	wipe_free(p);
	return (new);
}
