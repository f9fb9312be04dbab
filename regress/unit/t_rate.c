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

#include "../../claudesec/claudesec.h"

#include <limits.h>

#include "unit.h"

int
main(void)
{
	static struct rates r;
	unsigned int n;
	uid_t uid;
	int i;

	for (i = n = 0; i < 10; i++)
		n = rate_count(&r, 1000, 7);
	CASE(n == 10, "rate, one user", "%u", n);
	for (i = n = 0; i < 10; i++) {
		n = rate_count(&r, 1000, 7);
		(void)rate_count(&r, 1001, 7);
	}
	CASE(n == 20, "rate, two by turns", "%u", n);
	n = rate_count(&r, 1001, 8);
	CASE(n == 1, "rate, the next second", "%u", n);
	n = rate_count(&r, 1001, 3);
	CASE(n == 1, "rate, a second before", "%u", n);
	for (uid = 0; uid < RATE_USERS; uid++)
		n = rate_count(&r, uid, 9);
	CASE(n == 1, "rate, as many users as there is room for", "%u", n);
	n = rate_count(&r, RATE_USERS, 9);
	CASE(n == UINT_MAX, "rate, one more", "%u", n);
	n = rate_count(&r, 0, 9);
	CASE(n == 2, "rate, who is in already", "%u", n);
	n = rate_count(&r, RATE_USERS, 10);
	CASE(n == 1, "rate, one more in the next second", "%u", n);
	return (unit_failed);
}
