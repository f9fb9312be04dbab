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
 * What an image is built from, as the engine wants it.  Pure.
 */

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define TAR_BLOCK	512

static void	 tar_header(char *, const char *, size_t);

/*
 * An archive of plain files.
 */
char *
spec_tar(const struct tar_file *files, size_t n, size_t *len)
{
	size_t i, size;
	char *buf, *p;

	size = 2 * TAR_BLOCK;		/* the end, as zeros */
	for (i = 0; i < n; i++)
		size += TAR_BLOCK + (files[i].len + TAR_BLOCK - 1) /
		    TAR_BLOCK * TAR_BLOCK;
	if ((p = buf = calloc(1, size)) == NULL)
		return (NULL);
	for (i = 0; i < n; i++) {
		tar_header(p, files[i].name, files[i].len);
		p += TAR_BLOCK;
		memcpy(p, files[i].data, files[i].len);
		p += (files[i].len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
	*len = size;
	return (buf);
}

/* POSIX's ustar; the sum is made with blanks in its own place. */
static void
tar_header(char *h, const char *name, size_t len)
{
	unsigned int i, sum;

	(void)snprintf(h, 100, "%s", name);
	(void)snprintf(h + 100, 8, "%07o", 0644);
	(void)snprintf(h + 108, 8, "%07o", 0);
	(void)snprintf(h + 116, 8, "%07o", 0);
	(void)snprintf(h + 124, 12, "%011llo", (unsigned long long)len);
	(void)snprintf(h + 136, 12, "%011o", 0);
	memset(h + 148, ' ', 8);
	h[156] = '0';
	memcpy(h + 257, "ustar\00000", 8);
	for (i = sum = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 7, "%06o", sum);
}
