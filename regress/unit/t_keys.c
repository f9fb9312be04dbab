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
 * The keys that let go of a session, as bytes and as terminals tell them.
 */

#include <stdlib.h>
#include <string.h>

#include "../../claudesec/claudesec.h"
#include "exact.h"
#include "unit.h"

static const struct row {
	const char	*name;
	const char	*key;		/* those that are set */
	const char	*in;
	const char	*out;		/* what the session gets */
	int		 found;
} rows[] = {
	{ "both", "\035d", "abc\035d", "abc", 1 },
	{ "what follows is gone", "\035d", "a\035dxyz", "a", 1 },
	{ "the first twice", "\035d", "a\035\035d", "a\035d", 0 },
	{ "the first and another", "\035d", "\035x\035y", "\035x\035y", 0 },
	{ "three times and the second", "\035d", "\035\035\035d", "\035", 1 },
	{ "the second alone", "\035d", "d", "d", 0 },
	{ "one key", "\034", "a\034b", "a", 1 },
	{ "none", "", "\035d", "\035d", 0 },
	{ "in kitty's words", "\035d", "a\033[93;5ud", "a", 1 },
	{ "both in them", "\035d", "\033[93;5u\033[100u", "", 1 },
	{ "with an event", "\035d", "\033[93;5:1u\033[100;1:1u", "", 1 },
	{ "with locks", "\035d", "\033[93;69ud", "", 1 },
	{ "in xterm's words", "\035d", "\033[27;5;93~d", "", 1 },
	{ "a letter with Control", "\001q", "\033[97;5uq", "", 1 },
	{ "the second with Control", "\001\002", "\001\002", "", 1 },
	{ "without Control", "\035d", "\033[93ud", "\033[93ud", 0 },
	{ "with Shift as well", "\035d", "\033[93;6ud", "\033[93;6ud", 0 },
	{ "another key", "\035d", "\033[92;5ud", "\033[92;5ud", 0 },
	{ "cursor keys", "\035d", "\033[A\033OB\033[1;5C", "\033[A\033OB\033[1;5C",
	    0 },
	{ "escape alone", "\035d", "\033", "\033", 0 },
	{ "mouse", "\035d", "\033[<0;93;5M\033[<0;93;5m",
	    "\033[<0;93;5M\033[<0;93;5m", 0 },
	{ "words without end", "\035d", "\033[93;5", "\033[93;5", 0 },
	{ "words too long", "\035d",
	    "\033[000000000000000000000000000000093;5ud",
	    "\033[000000000000000000000000000000093;5ud", 0 },
	{ "twice in words", "\035d", "\033[93;5u\033[93;5ux", "\033[93;5ux",
	    0 },
	{ NULL, NULL, NULL, NULL, 0 }
};

/* in pieces of that many bytes; words come in one */
static int
feed(const struct row *r, size_t piece, int *found)
{
	static unsigned char got[256];
	unsigned char *copy, buf[256];
	struct keys k;
	size_t i, len, n, total;

	memset(&k, 0, sizeof(k));
	k.n = strlen(r->key);
	memcpy(k.key, r->key, k.n);
	len = strlen(r->in);
	*found = 0;
	for (i = total = 0; i < len && !*found; i += piece) {
		n = piece < len - i ? piece : len - i;
		copy = exact(r->in + i, n);
		n = keys_pass(&k, copy, n, buf, found);
		free(copy);
		memcpy(got + total, buf, n);
		total += n;
	}
	return (total == strlen(r->out) && memcmp(got, r->out, total) == 0 &&
	    *found == r->found);
}

int
main(void)
{
	const struct row *r;
	int found, good;

	for (r = rows; r->name != NULL; r++) {
		good = feed(r, strlen(r->in), &found);
		CASE(good, r->name, "found %d", found);
		if (strchr(r->in, '\033') != NULL)
			continue;
		good = feed(r, 1, &found);
		CASE(good, r->name, "byte by byte, found %d", found);
	}
	return (unit_failed);
}
