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
 * How often somebody came in this second.  Pure: no clock of its own.
 */

#include <sys/types.h>

#include <limits.h>
#include <string.h>

#include "claudesec.h"

/*
 * How many times this user was counted in this second, this time included.
 * With as many users as there is room for, nobody else gets in until the next.
 */
unsigned int
rate_count(struct rates *r, uid_t uid, int64_t second)
{
	struct rate *free, *u;
	size_t i;

	if (second != r->second)
		memset(r, 0, sizeof(*r));
	r->second = second;
	free = NULL;
	for (i = 0; i < RATE_USERS; i++) {
		u = &r->users[i];
		if (u->n == 0) {
			free = u;
			break;
		}
		if (u->uid == uid)
			return (u->n < UINT_MAX ? ++u->n : u->n);
	}
	if (free == NULL)
		return (UINT_MAX);
	free->uid = uid;
	return (free->n = 1);
}
