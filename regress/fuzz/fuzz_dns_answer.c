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

/*
 * DNS answers.  The first byte says what was asked and whether the input is
 * made to repeat the question; by chance it never would.
 */

#define NAME	"a.example"

static uint8_t	 query[DNS_QUERY_MAX];

static void	 must_be_there(const struct dns_answer *, const uint8_t *,
		    size_t, uint16_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_answer	 a, b;
	enum dns_result		 r;
	uint8_t			*msg;
	uint16_t		 type;
	size_t			 len, n, question;

	if (size < 1)
		return (0);
	type = data[0] & 1 ? DNS_AAAA : DNS_A;
	n = dns_query(query, 0x1234, NAME, type, data[0] & 4 ?
	    (const uint8_t *)"0123456789abcdef0123456789abcdef" : NULL,
	    data[0] & 8);
	question = 12 + sizeof(NAME) + 1 + 4;
	len = size - 1;
	msg = malloc(len + 1);
	MUST(msg != NULL);
	memcpy(msg, data + 1, len);
	if (!(data[0] & 2) && len >= question) {
		memcpy(msg, query, 2);
		msg[2] = (uint8_t)((msg[2] & 0x02) | 0x81);
		memcpy(msg + 4, query + 4, 2);
		memcpy(msg + 12, query + 12, question - 12);
	}
	r = dns_answer(&a, msg, len, query, n);
	MUST((r == DNS_ADDRESSES) == (a.naddrs > 0));
	MUST(a.naddrs <= DNS_ADDRS);
	if (r == DNS_ADDRESSES)
		must_be_there(&a, msg, len, type);
	if (r == DNS_FAILED || r == DNS_BAD)
		MUST(a.ttl == 0);
	MUST(a.ttl <= INT32_MAX);
	if (r != DNS_BAD)
		MUST(memcmp(msg, query, 2) == 0 && memcmp(msg + 12,
		    query + 12, question - 12) == 0 && msg[2] & 0x80);
	/* A part of it is no answer. */
	if (r == DNS_ADDRESSES || r == DNS_NOTHING || r == DNS_NONAME) {
		r = dns_answer(&b, msg, len - 1, query, n);
		MUST(r == DNS_FAILED || r == DNS_BAD);
	}
	free(msg);
	return (0);
}

static void
must_be_there(const struct dns_answer *a, const uint8_t *msg, size_t len,
    uint16_t type)
{
	size_t	 i, n = type == DNS_A ? 4 : 16;

	MUST((msg[3] & 0x0f) == DNS_NOERROR);
	for (i = 0; i < a->naddrs; i++) {
		MUST(a->addrs[i].family == (type == DNS_A ? AF_INET :
		    AF_INET6));
		MUST(memmem(msg + 12, len - 12, a->addrs[i].bytes, n) !=
		    NULL);
	}
}
