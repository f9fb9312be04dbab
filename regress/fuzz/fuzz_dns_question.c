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
 * DNS questions.  What is taken gets replies that are answers to it, and not
 * much longer than it.
 */

static void	 must_reply(const uint8_t *, size_t,
		    const struct dns_question *);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_question	 q;

	if (dns_question(&q, data, size) == -1)
		return (0);
	MUST(q.len >= 12 + 5 && q.len <= size);
	MUST(q.edns || q.len == size);
	if (q.name[0] != '\0') {
		must_be_name(q.name);
		MUST(q.len == 12 + strlen(q.name) + 2 + 4);
	}
	must_reply(data, size, &q);
	return (0);
}

static void
must_reply(const uint8_t *msg, size_t len, const struct dns_question *q)
{
	static const uint8_t	 addr[4] = { 127, 0, 0, 1 };
	struct dns_answer	 a;
	uint8_t			 out[DNS_REPLY_MAX];
	size_t			 n;

	n = dns_reply(out, msg, q, DNS_NOERROR, addr, 60);
	MUST(n <= sizeof(out) && n <= len + 16);
	if (q->type == DNS_A) {
		MUST(dns_answer(&a, out, n, msg, len) == DNS_ADDRESSES);
		MUST(a.naddrs == 1 && a.ttl == 60 &&
		    memcmp(a.addrs[0].bytes, addr, 4) == 0);
	}
	n = dns_reply(out, msg, q, DNS_NOERROR, NULL, 0);
	MUST(dns_answer(&a, out, n, msg, len) == DNS_NOTHING);
	MUST(n <= len);
	n = dns_reply(out, msg, q, DNS_REFUSED, NULL, 0);
	MUST(dns_answer(&a, out, n, msg, len) == DNS_FAILED);
	MUST(a.rcode == DNS_REFUSED);
}
