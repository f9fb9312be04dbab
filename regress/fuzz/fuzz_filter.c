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
 * What a container prints.  The first byte says where the input is cut and
 * what is allowed: it makes no difference where; nothing is made up; what
 * passed would pass again as it is; and none of what a terminal must not see
 * is in it, looked for without the machine that let it through.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claudesec.h"

#include "must.h"

static void	 must_be_harmless(const uint8_t *, size_t, int);
static void	 must_be_string(const uint8_t *, size_t, int);
static size_t	 must_be_sequence(const uint8_t *, size_t, int);

static struct filter whole, part;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *a, *b, *c;
	size_t cut, na, nb;
	int clipboard, utf8;

	if (size < 2)
		return (0);
	clipboard = data[0] & 1;
	utf8 = (data[0] & 2) == 0;
	cut = (size_t)data[0] * (size - 1) / 256;
	data++;
	size--;
	a = malloc(size + FILTER_MAX);
	b = malloc(size + FILTER_MAX);
	c = malloc(cut + 1);
	MUST(a != NULL && b != NULL && c != NULL);
	filter_init(&whole, utf8, clipboard);
	na = filter(&whole, data, size, a);
	MUST(na <= size && whole.len <= FILTER_MAX);
	filter_init(&part, utf8, clipboard);
	memcpy(c, data, cut);
	nb = filter(&part, c, cut, b);
	nb += filter(&part, data + cut, size - cut, b + nb);
	MUST(na == nb && memcmp(a, b, na) == 0);
	MUST(whole.modes == part.modes && whole.state == part.state);
	MUST((whole.modes & ~(uint32_t)MODE_ALL) == 0);
	must_be_harmless(a, na, clipboard);
	filter_init(&part, utf8, clipboard);
	MUST(filter(&part, a, na, b) == na && memcmp(a, b, na) == 0);
	MUST(part.state == 0 && part.modes == whole.modes);
	free(a);
	free(b);
	free(c);
	return (0);
}

static void
must_be_harmless(const uint8_t *s, size_t len, int clipboard)
{
	size_t i;

	for (i = 0; i < len; i++) {
		MUST(s[i] != 0x05 && s[i] != 0 && s[i] != 0x7f);
		if (s[i] == 0xc2 && i + 1 < len)
			MUST(s[i + 1] >= 0xa0);
		if (s[i] == 0x1b)
			i += must_be_sequence(s + i, len - i, clipboard);
	}
}

/* One that is complete.  Returns how many bytes follow the first. */
static size_t
must_be_sequence(const uint8_t *s, size_t len, int clipboard)
{
	size_t n;
	uint8_t f;

	MUST(len > 1);
	MUST(strchr("PX^_kZ% \\lm", s[1]) == NULL);
	if (s[1] == ']') {
		for (n = 2; n < len && s[n] != 7 && s[n] != 0x1b; n++)
			;
		MUST(n < len && (s[n] == 7 || (n + 1 < len &&
		    s[n + 1] == '\\')));
		must_be_string(s + 2, n - 2, clipboard);
		return (s[n] == 7 ? n : n + 1);
	}
	if (s[1] != '[')
		return (1);
	for (n = 2; n < len && s[n] < '@'; n++)
		MUST(s[n] >= ' ');
	MUST(n < len && n < 256);
	f = s[n];
	MUST(strchr("ixyvw{|}NORUVWYzop", f) == NULL || s[n - 1] == '$' ||
	    s[n - 1] == '!');
	if (f == 't')
		MUST(s[2] == '1' || s[2] == '2' || s[2] == '0');
	if (f == 't' && s[2] == '2')
		MUST(s[3] == '2' || s[3] == '3');
	if ((f == 'h' || f == 'l') && s[2] == '?')
		MUST(s[3] != '2' || (s[4] >= '0' && s[4] <= '9'));
	return (n);
}

static void
must_be_string(const uint8_t *s, size_t len, int clipboard)
{
	size_t i;

	for (i = 0; i < len; i++)
		MUST(s[i] >= ' ');
	if (len >= 3 && memcmp(s, "52;", 3) == 0) {
		MUST(clipboard && memchr(s, '?', len) == NULL);
		return;
	}
	MUST(len <= 4096);
	if (s[0] == '1' && s[1] != ';')
		MUST(len == 4 && s[3] == '?');
	else
		MUST(len >= 2 && s[1] == ';' && strchr("01289", s[0]) != NULL);
}
