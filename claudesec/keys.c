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
 * The keys that let go of a session, in what a terminal says: one or two, the
 * first with Control.  They come as bytes, or as sequences where the program
 * inside asked for those: kitty's "ESC [ code ; modifiers u", or xterm's
 * "ESC [ 27 ; modifiers ; code ~".  Pure.
 */

#include <sys/types.h>

#include <string.h>

#include "claudesec.h"

#define NUMBERS		3
#define EVENT_RELEASE	3
#define MOD_CONTROL	4
#define MOD_LOCKS	(64 | 128)

static size_t	 key_match(unsigned char, const unsigned char *, size_t);
static size_t	 key_numbers(const unsigned char *, size_t,
		    unsigned int [NUMBERS], unsigned int *);
static size_t	 keys_give(struct keys *, unsigned char *);

/*
 * What is left of these bytes, at most KEYS_HELD more than there are, and
 * whether the keys were among them: then those after them are gone.
 */
size_t
keys_pass(struct keys *k, const unsigned char *in, size_t len,
    unsigned char *out, int *found)
{
	size_t i, n, o;

	*found = 0;
	for (i = o = 0; i < len; i += n) {
		n = k->n == 0 ? 0 : key_match(k->key[k->nheld > 0], in + i,
		    len - i);
		if (n > 0 && (k->nheld > 0 || k->n == 1)) {
			*found = 1;
			k->nheld = 0;
			return (o);
		}
		if (n > 0) {
			memcpy(k->held, in + i, n);
			k->nheld = n;
			continue;
		}
		/* twice the first is once the key itself */
		if (k->nheld > 0) {
			n = key_match(k->key[0], in + i, len - i);
			o += keys_give(k, out + o);
			if (n > 0)
				continue;
		}
		out[o++] = in[i];
		n = 1;
	}
	return (o);
}

static size_t
keys_give(struct keys *k, unsigned char *out)
{
	size_t n;

	n = k->nheld;
	memcpy(out, k->held, n);
	k->nheld = 0;
	return (n);
}

/* How many bytes of these are that key: 0 if none is. */
static size_t
key_match(unsigned char key, const unsigned char *in, size_t len)
{
	unsigned int code, event, mods, v[NUMBERS];
	size_t n;

	if (in[0] == key)
		return (1);
	if ((n = key_numbers(in, len, v, &event)) == 0)
		return (0);
	code = in[n - 1] == 'u' ? v[0] : v[2];
	mods = (v[1] == 0 ? 0 : v[1] - 1) & ~(unsigned int)MOD_LOCKS;
	if (in[n - 1] == '~' && v[0] != 27)
		return (0);
	if (event == EVENT_RELEASE)
		return (0);
	if (key < ' ')
		return (mods == MOD_CONTROL && (code == key + 0x60U ||
		    code == key + 0x40U) ? n : 0);
	return (mods == 0 && code == key ? n : 0);
}

/* Reads ESC [ n ; n:event ; n and u or ~.  Returns its length, or 0. */
static size_t
key_numbers(const unsigned char *in, size_t len, unsigned int v[NUMBERS],
    unsigned int *event)
{
	unsigned int *p;
	size_t i, n;

	memset(v, 0, NUMBERS * sizeof(*v));
	*event = 0;
	if (len < 3 || in[0] != 033 || in[1] != '[')
		return (0);
	p = v;
	for (i = 2, n = 0; i < len && i < KEYS_HELD; i++) {
		if (in[i] == 'u' || in[i] == '~')
			return (i + 1);
		if (in[i] >= '0' && in[i] <= '9' && *p < 100000)
			*p = *p * 10 + in[i] - '0';
		else if (in[i] == ':' && n == 1 && p == v + 1)
			p = event;
		else if (in[i] == ';' && ++n < NUMBERS)
			p = v + n;
		else
			return (0);
	}
	return (0);
}
