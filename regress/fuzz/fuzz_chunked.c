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


#include "fuzz.h"

/* Chunks, in one piece and in two, against a plainer reader of them. */

static ssize_t	 plain(const uint8_t *, size_t, uint8_t *, size_t *);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunked	 c;
	uint8_t		*want, *whole, *part;
	size_t		 cut, n, n2, nwant;
	ssize_t		 used, used2, wused;

	if (size < 1)
		return (0);
	cut = data[0];
	data++;
	size--;
	if (cut > size)
		cut = size;
	want = malloc(size + 1);
	whole = malloc(size + 1);
	part = malloc(size + 1);
	MUST(want != NULL && whole != NULL && part != NULL);
	memcpy(whole, data, size);
	memcpy(part, data, size);

	wused = plain(data, size, want, &nwant);
	chunked_init(&c);
	used = chunked_decode(&c, whole, size, &n);
	MUST((used == -1) == (wused == -1));
	if (used != -1) {
		MUST((size_t)used <= size && n <= (size_t)used);
		MUST(n == nwant && memcmp(whole, want, n) == 0);
		MUST(chunked_done(&c) == (wused > 0));
		MUST(chunked_done(&c) ? used == wused :
		    used == (ssize_t)size);
	}

	chunked_init(&c);
	used2 = chunked_decode(&c, part, cut, &n);
	if (used2 != -1 && !chunked_done(&c)) {
		MUST((size_t)used2 == cut);
		memmove(want, part, n);
		used2 = chunked_decode(&c, part + cut, size - cut, &n2);
		if (used2 != -1) {
			memcpy(want + n, part + cut, n2);
			used2 += (ssize_t)cut;
			n += n2;
		}
	} else
		memcpy(want, part, used2 == -1 ? 0 : n);
	MUST(used2 == used);
	if (used != -1)
		MUST(n == nwant && memcmp(want, whole, n) == 0);
	free(want);
	free(whole);
	free(part);
	return (0);
}

/* Bytes up to the end of the body, 0 if that is not there, -1 if refused. */
static ssize_t
plain(const uint8_t *in, size_t len, uint8_t *out, size_t *nout)
{
	const char	*hex = "0123456789abcdef", *p;
	uint64_t	 size;
	size_t		 i, digits;

	*nout = 0;
	for (i = 0;;) {
		size = 0;
		for (digits = 0; i < len && in[i] != '\r'; i++, digits++) {
			if (in[i] == '\0' || (p = strchr(hex, in[i] >= 'A' &&
			    in[i] <= 'Z' ? in[i] + 32 : in[i])) == NULL ||
			    digits == 12)
				return (-1);
			size = size * 16 + (uint64_t)(p - hex);
		}
		if (i == len)
			return (0);
		if (digits == 0)
			return (-1);
		if (++i == len)
			return (0);
		if (in[i++] != '\n')
			return (-1);
		if (size == 0)
			break;
		for (; size > 0 && i < len; size--)
			out[(*nout)++] = in[i++];
		if (i == len)
			return (0);
		if (in[i++] != '\r')
			return (-1);
		if (i == len)
			return (0);
		if (in[i++] != '\n')
			return (-1);
	}
	if (i == len)
		return (0);
	if (in[i++] != '\r')
		return (-1);
	if (i == len)
		return (0);
	if (in[i++] != '\n')
		return (-1);
	return ((ssize_t)i);
}
