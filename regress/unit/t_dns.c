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

#include <sys/types.h>
#include <sys/socket.h>

#include "proxyd.h"

#include "exact.h"
#include "unit.h"

#define S(s)	s, sizeof(s) - 1
#define L10	"abcdefghij"
#define L60	L10 L10 L10 L10 L10 L10
#define L63	L60 "abc"
#define L253	L63 "." L63 "." L63 "." L60 "a"
#define TXT	16
#define HTTPS	65

struct bytes {
	uint8_t	 b[65536];
	size_t	 n;
};

static struct bytes	 query, msg;

static void	 test_query(void);
static void	 test_answers(void);
static void	 test_not_the_answer(void);
static void	 test_rcodes(void);
static void	 test_chains(void);
static void	 test_malformed(void);
static void	 test_pointers(void);
static void	 test_many(void);
static void	 test_negative(void);
static void	 test_cut(void);
static void	 test_questions(void);
static void	 test_question_bad(void);
static void	 test_reply(void);
static void	 put(size_t, size_t);
static void	 put_data(const void *, size_t);
static void	 put_name(const char *);
static void	 put_rr(const char *, int, uint32_t);
static void	 put_a(const char *, uint32_t, const char *);
static void	 put_cname(const char *, uint32_t, const char *);
static void	 ask(const char *, int);
static void	 answer(int, int, int);
static void	 question(const char *, int);
static enum dns_result result(struct dns_answer *);
static void	 check(const char *, enum dns_result, unsigned int, uint32_t);

int
main(void)
{
	test_query();
	test_answers();
	test_not_the_answer();
	test_rcodes();
	test_chains();
	test_malformed();
	test_pointers();
	test_many();
	test_negative();
	test_cut();
	test_questions();
	test_question_bad();
	test_reply();
	return (unit_failed);
}

/* All of these write to the end of msg. */
static void
put(size_t value, size_t len)
{
	while (len-- > 0)
		msg.b[msg.n++] = len < 8 ?
		    (uint8_t)(value >> len * 8) : 0;
}

static void
put_data(const void *data, size_t len)
{
	memcpy(msg.b + msg.n, data, len);
	msg.n += len;
}

/* "@" is a pointer to the question's name. */
static void
put_name(const char *name)
{
	size_t	 n;

	if (strcmp(name, "@") == 0) {
		put(0xc00c, 2);
		return;
	}
	while (*name != '\0') {
		n = strcspn(name, ".");
		put(n, 1);
		put_data(name, n);
		name += n + (name[n] == '.');
	}
	put(0, 1);
}

static void
put_rr(const char *owner, int type, uint32_t ttl)
{
	put_name(owner);
	put((size_t)type, 2);
	put(1, 2);
	put(ttl, 4);
}

static void
put_a(const char *owner, uint32_t ttl, const char *text)
{
	struct netaddr	 addr;

	if (addr_parse(text, &addr) == -1)
		abort();
	put_rr(owner, addr.family == AF_INET ? DNS_A : DNS_AAAA, ttl);
	put(addr.family == AF_INET ? 4 : 16, 2);
	put_data(addr.bytes, addr.family == AF_INET ? 4 : 16);
}

static void
put_cname(const char *owner, uint32_t ttl, const char *target)
{
	size_t	 start, n;

	put_rr(owner, DNS_CNAME, ttl);
	start = msg.n;
	put(0, 2);
	put_name(target);
	n = msg.n;
	msg.n = start;
	put(n - start - 2, 2);
	msg.n = n;
}

static void
ask(const char *name, int type)
{
	query.n = dns_query(query.b, 0x1234, name, (uint16_t)type, NULL, 1);
	if (query.n == 0)
		abort();
}

/* The head of an answer to the query, with these counts. */
static void
answer(int an, int ns, int ar)
{
	msg = query;
	msg.b[2] = 0x81;
	msg.b[3] = 0x80;
	msg.n = 6;
	put((size_t)an, 2);
	put((size_t)ns, 2);
	put((size_t)ar, 2);
	msg.n = query.n - 11;
}

static enum dns_result
result(struct dns_answer *a)
{
	enum dns_result	 r;
	uint8_t		*m, *q;

	m = exact(msg.b, msg.n);
	q = exact(query.b, query.n);
	memset(a, 0xee, sizeof(*a));
	r = dns_answer(a, m, msg.n, q, query.n);
	free(m);
	free(q);
	return (r);
}

static void
check(const char *what, enum dns_result want, unsigned int naddrs,
    uint32_t ttl)
{
	struct dns_answer	 a;
	enum dns_result		 r;
	char			 name[128];

	r = result(&a);
	(void)snprintf(name, sizeof(name), "dns %s", what);
	CASE(r == want && a.naddrs == naddrs && a.ttl == ttl, name,
	    "result %d, %u addresses, ttl %u", (int)r, a.naddrs, a.ttl);
}

static void
test_query(void)
{
	static const uint8_t	 plain[] = {
		0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
		1, 'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 28, 0, 1
	};
	static const uint8_t	 opt[] = {
		0, 0, 41, 1232 >> 8, 1232 & 0xff, 0, 0, 0, 0, 0, 0
	};
	struct dns_question	 q;
	uint8_t			 buf[DNS_QUERY_MAX], mix[DNS_MIX];
	size_t			 n;

	n = dns_query(buf, 0xabcd, "a.example", DNS_AAAA, NULL, 0);
	CASE(n == sizeof(plain) && memcmp(buf, plain, n) == 0, "dns query",
	    "%zu bytes", n);
	n = dns_query(buf, 0xabcd, "a.example", DNS_AAAA, NULL, 1);
	CASE(n == sizeof(plain) + 11 && buf[11] == 1 &&
	    memcmp(buf + sizeof(plain), opt, 11) == 0, "dns query with EDNS",
	    "%zu bytes", n);
	memset(mix, 0, sizeof(mix));
	mix[0] = 0x04;
	mix[1] = 0x01;
	n = dns_query(buf, 1, "a.example", DNS_A, mix, 0);
	CASE(n == sizeof(plain) && memcmp(buf + 12, "\1a\7ExamplE", 11) == 0,
	    "dns query in mixed case", "%.11s", buf + 12);
	memset(mix, 0xff, sizeof(mix));
	n = dns_query(buf, 1, "a-1.ex", DNS_A, mix, 0);
	CASE(memcmp(buf + 12, "\3A-1\2EX", 8) == 0,
	    "dns query in capitals", "%.8s", buf + 12);
	n = dns_query(buf, 1, L253, DNS_A, mix, 1);
	CASE(n == DNS_QUERY_MAX && dns_question(&q, buf, n) == 0 &&
	    strcmp(q.name, L253) == 0, "dns query of 253", "%zu bytes", n);
	n = dns_query(buf, 1, L253 "b", DNS_A, NULL, 1);
	CASE(n == 0, "dns query of 254", "%zu bytes", n);
	n = dns_query(buf, 1, L63 "d", DNS_A, NULL, 1);
	CASE(n == 0, "dns query with a label of 64", "%zu bytes", n);
	CASE(dns_query(buf, 1, "", DNS_A, NULL, 1) == 0 &&
	    dns_query(buf, 1, "a..b", DNS_A, NULL, 1) == 0 &&
	    dns_query(buf, 1, ".a", DNS_A, NULL, 1) == 0 &&
	    dns_query(buf, 1, "a.", DNS_A, NULL, 1) == 0,
	    "dns query with an empty label", "built");
}

static void
test_answers(void)
{
	struct dns_answer	 a;
	char			 s[ADDR_STRLEN];

	ask("a.example", DNS_A);
	answer(2, 0, 0);
	put_a("@", 300, "192.0.2.1");
	put_a("A.EXAMPLE", 60, "192.0.2.2");
	check("two addresses", DNS_ADDRESSES, 2, 60);
	CASE(result(&a) == DNS_ADDRESSES && strcmp(addr_print(&a.addrs[0],
	    s), "192.0.2.1") == 0 && strcmp(addr_print(&a.addrs[1], s),
	    "192.0.2.2") == 0, "dns two addresses as sent", "%s", s);

	query.n -= 11;
	query.b[11] = 0;
	CASE(result(&a) == DNS_ADDRESSES, "dns without EDNS", "refused");
	ask("a.example", DNS_A);

	answer(4, 1, 1);
	put_rr("@", TXT, 5);
	put(2, 2);
	put_data("\1x", 2);
	put_a("b.example", 5, "192.0.2.9");
	put_a("@", 300, "2001:db8::1");
	put_a("@", 300, "192.0.2.1");
	put_rr("example", 2, 5);
	put(2, 2);
	put(0xc00c, 2);
	put(0, 1);
	put(DNS_OPT, 2);
	put(1232, 2);
	put(0, 4);
	put(0, 2);
	check("other records round the one", DNS_ADDRESSES, 1, 300);

	ask("a.example", DNS_AAAA);
	answer(2, 0, 0);
	put_a("@", 300, "192.0.2.1");
	put_a("@", 300, "2001:db8::1");
	check("AAAA", DNS_ADDRESSES, 1, 300);
	CASE(result(&a) == DNS_ADDRESSES && strcmp(addr_print(&a.addrs[0],
	    s), "2001:db8::1") == 0, "dns AAAA as sent", "%s", s);

	ask("a.example", DNS_A);
	answer(1, 0, 0);
	put_a("@", 0x80000000U, "192.0.2.1");
	check("TTL with its sign bit", DNS_ADDRESSES, 1, 0);
	answer(1, 0, 0);
	put_a("@", 0x7fffffff, "192.0.2.1");
	check("longest TTL", DNS_ADDRESSES, 1, 0x7fffffff);
	answer(1, 0, 0);
	put_name("@");
	put(DNS_A, 2);
	put(3, 2);
	put(300, 4);
	put(4, 2);
	put(0x7f000001, 4);
	check("class other than IN", DNS_NOTHING, 0, 0);

	answer(1, 0, 0);
	put_name("@");
	put(DNS_A, 2);
	put(3, 2);
	put(300, 4);
	put(3, 2);
	put_data("abc", 3);
	check("class other than IN, another length", DNS_NOTHING, 0, 0);

	ask("a.example", TXT);
	answer(1, 0, 0);
	put_rr("@", TXT, 5);
	put(0, 2);
	check("another type was asked", DNS_FAILED, 0, 0);
}

static void
test_not_the_answer(void)
{
	struct bytes	 good;
	uint8_t		 mix[DNS_MIX];
	size_t		 i;
	struct dns_answer a;
	int		 wrong = 0;

	memset(mix, 0x55, sizeof(mix));
	query.n = dns_query(query.b, 0x1234, "a.example", DNS_A, mix, 1);
	answer(1, 0, 0);
	put_a("@", 300, "192.0.2.1");
	good = msg;
	check("right answer", DNS_ADDRESSES, 1, 300);
	/* Any other byte of id, count and question. */
	for (i = 0; i < query.n - 11; i++) {
		if (i == 2 || i == 3 || (i > 5 && i < 12))
			continue;
		msg = good;
		msg.b[i] ^= 0x20;
		wrong += result(&a) != DNS_BAD || a.naddrs != 0;
	}
	CASE(wrong == 0, "dns each byte of the question", "%d taken", wrong);
	msg = good;
	msg.b[2] &= 0x7f;
	check("a query", DNS_BAD, 0, 0);
	msg = good;
	msg.b[2] |= 0x08;
	check("another opcode", DNS_BAD, 0, 0);
	msg = good;
	msg.b[5] = 0;
	check("no question", DNS_BAD, 0, 0);
	msg = good;
	msg.b[5] = 2;
	check("two questions", DNS_BAD, 0, 0);
	msg = good;
	msg.n = 0;
	check("nothing", DNS_BAD, 0, 0);
	msg.n = 11;
	check("half a head", DNS_BAD, 0, 0);
	msg.n = 12;
	check("head alone", DNS_BAD, 0, 0);
	msg = good;
	for (query.n = 0; query.n < good.n - 16; query.n++)
		wrong += result(&a) != DNS_BAD;
	CASE(wrong == 0, "dns cut query", "%d taken", wrong);
}

static void
test_rcodes(void)
{
	struct dns_answer	 a;
	char			 name[64];
	int			 i;

	ask("a.example", DNS_A);
	for (i = 1; i < 16; i++) {
		answer(1, 0, 0);
		put_a("@", 300, "192.0.2.1");
		msg.b[3] = (uint8_t)(0x80 | i);
		(void)snprintf(name, sizeof(name), "rcode %d", i);
		check(name, i == DNS_NXDOMAIN ? DNS_NONAME : DNS_FAILED, 0,
		    0);
		CASE(result(&a) != DNS_ADDRESSES && a.rcode == i,
		    "dns rcode is told", "%d", a.rcode);
	}
	answer(1, 0, 0);
	msg.b[2] |= 0x02;
	check("truncated", DNS_TRUNCATED, 0, 0);
	answer(1, 0, 1);
	put_a("@", 300, "192.0.2.1");
	put(0, 1);
	put(DNS_OPT, 2);
	put(1232, 2);
	put(0x01000000, 4);
	put(0, 2);
	check("rcode in EDNS", DNS_FAILED, 0, 0);
	msg.b[msg.n - 6] = 0x80;
	check("high rcode in EDNS", DNS_FAILED, 0, 0);
	answer(1, 0, 1);
	put_a("@", 300, "192.0.2.1");
	put_a("b", 0x01000000, "192.0.2.1");
	check("long TTL behind", DNS_ADDRESSES, 1, 300);
}

static void
test_chains(void)
{
	char	 from[32], to[32];
	int	 i, n;

	ask("a.example", DNS_A);
	answer(2, 0, 0);
	put_cname("@", 50, "AZ.b.example");
	put_a("az.B.Example", 300, "192.0.2.1");
	check("CNAME", DNS_ADDRESSES, 1, 50);
	answer(4, 0, 0);
	put_a("c.example", 300, "192.0.2.1");
	put_cname("b.example", 20, "c.example");
	put_a("c.example", 300, "192.0.2.2");
	put_cname("@", 50, "b.example");
	check("CNAMEs in any order", DNS_ADDRESSES, 2, 20);
	answer(2, 0, 0);
	put_cname("@", 50, "b.example");
	put_a("@", 300, "192.0.2.1");
	check("CNAME and an address", DNS_FAILED, 0, 0);
	answer(3, 0, 0);
	put_cname("@", 50, "b.example");
	put_cname("@", 50, "c.example");
	put_a("b.example", 300, "192.0.2.1");
	check("two CNAMEs", DNS_FAILED, 0, 0);
	answer(2, 0, 0);
	put_cname("@", 50, "b.example");
	put_a("c.example", 300, "192.0.2.1");
	check("CNAME to nothing", DNS_NOTHING, 0, 0);
	answer(1, 0, 0);
	put_a("b.example", 300, "192.0.2.1");
	check("address of another name", DNS_NOTHING, 0, 0);
	answer(1, 0, 0);
	put_cname("@", 50, "@");
	check("CNAME to itself", DNS_FAILED, 0, 0);
	answer(2, 0, 0);
	put_cname("@", 50, "b.example");
	put_cname("b.example", 50, "a.example");
	check("CNAMEs in a circle", DNS_FAILED, 0, 0);
	for (n = 16; n <= 17; n++) {
		ask("c0.example", DNS_A);
		answer(n + 1, 0, 0);
		for (i = 0; i < n; i++) {
			(void)snprintf(from, sizeof(from), "c%d.example", i);
			(void)snprintf(to, sizeof(to), "c%d.example", i + 1);
			put_cname(from, 50, to);
		}
		put_a(to, 60, "192.0.2.1");
		if (n == 16)
			check("16 CNAMEs", DNS_ADDRESSES, 1, 50);
		else
			check("17 CNAMEs", DNS_FAILED, 0, 0);
	}
}

static void
test_malformed(void)
{
	static const struct {
		const char	*what;
		const char	*rr;
		size_t		 len;
	} t[] = {
		{ "address of 3 bytes", S("\xc0\x0c\0\1\0\1\0\0\0\1\0\3abc") },
		{ "address of 5 bytes",
		    S("\xc0\x0c\0\1\0\1\0\0\0\1\0\5abcde") },
		{ "address of 0 bytes", S("\xc0\x0c\0\1\0\1\0\0\0\1\0\0") },
		{ "AAAA of 4 bytes",
		    S("\xc0\x0c\0\x1c\0\1\0\0\0\1\0\4abcd") },
		{ "data too short", S("\xc0\x0c\0\1\0\1\0\0\0\1\0\4abc") },
		{ "data too long", S("\xc0\x0c\0\1\0\1\0\0\0\1\0\4abcde") },
		{ "half a record", S("\xc0\x0c\0\1\0\1\0\0\0") },
		{ "no record", S("") },
		{ "CNAME of nothing", S("\xc0\x0c\0\5\0\1\0\0\0\1\0\0") },
		{ "CNAME too long",
		    S("\xc0\x0c\0\5\0\1\0\0\0\1\0\4\1a\0b") },
		{ "CNAME too short",
		    S("\xc0\x0c\0\5\0\1\0\0\0\1\0\2\1a\0") },
		{ "CNAME with half a pointer",
		    S("\xc0\x0c\0\5\0\1\0\0\0\1\0\1\xc0\x0c") },
		{ "label of 64", S("\x40" L60 "abcd\0\0\1\0\1\0\0\0\1\0\4abcd") },
		{ "label type 01", S("\x41\0\0\1\0\1\0\0\0\1\0\4abcd") },
		{ "label type 10", S("\x80\0\0\1\0\1\0\0\0\1\0\4abcd") },
		{ "owner of 256", S("\x3f" L63 "\x3f" L63 "\x3f" L63
		    "\x3e" L60 "ab\0\0\1\0\1\0\0\0\1\0\4abcd") }
	};
	size_t	 i;

	ask("a.example", DNS_A);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		answer(1, 0, 0);
		put_data(t[i].rr, t[i].len);
		check(t[i].what, DNS_FAILED, 0, 0);
		/* Not even where it does not matter. */
		answer(1, 0, 1);
		put_a("@", 300, "192.0.2.1");
		put_data(t[i].rr, t[i].len);
		check(t[i].what, DNS_FAILED, 0, 0);
	}
	answer(1, 0, 0);
	put_data("\x3f" L63 "\x3f" L63 "\x3f" L63 "\x3d" L60 "a\0", 255);
	put_data("\0\1\0\1\0\0\0\1\0\4abcd", 14);
	check("owner of 255", DNS_NOTHING, 0, 0);
	answer(1, 0, 0);
	put_a("@", 300, "192.0.2.1");
	put(0, 1);
	check("a byte behind it", DNS_FAILED, 0, 0);
	answer(2, 0, 0);
	put_a("@", 300, "192.0.2.1");
	check("fewer records than announced", DNS_FAILED, 0, 0);
	answer(1, 0, 0);
	put_a("@", 300, "192.0.2.1");
	put_a("@", 300, "192.0.2.2");
	check("more records than announced", DNS_FAILED, 0, 0);
	answer(0xffff, 0xffff, 0xffff);
	put_a("@", 300, "192.0.2.1");
	check("counts of 65535", DNS_FAILED, 0, 0);
}

static void
test_pointers(void)
{
	size_t	 off;

	ask("a.example", DNS_A);
	answer(1, 0, 0);
	off = msg.n;
	put(0xc000 | off, 2);
	put_data("\0\1\0\1\0\0\0\1\0\4abcd", 14);
	check("pointer to itself", DNS_FAILED, 0, 0);
	answer(1, 0, 0);
	put(0xc000 | (off + 2), 2);
	put_data("\1a\0\0\1\0\1\0\0\0\1\0\4abcd", 17);
	check("pointer forwards", DNS_FAILED, 0, 0);
	answer(1, 0, 0);
	put(0xffff, 2);
	put_data("\0\1\0\1\0\0\0\1\0\4abcd", 14);
	check("pointer behind the end", DNS_FAILED, 0, 0);
	answer(1, 0, 0);
	put(0xc000, 2);
	put_data("\0\1\0\1\0\0\0\1\0\4abcd", 14);
	check("pointer into the head", DNS_FAILED, 0, 0);
	answer(1, 0, 0);
	put_data("\1a", 2);
	put(0xc000 | off, 2);
	put_data("\0\1\0\1\0\0\0\1\0\4abcd", 14);
	check("pointer into its own name", DNS_FAILED, 0, 0);
	answer(1, 0, 0);
	put(0xc004, 2);
	put_data("\0\1\0\1\0\0\0\1\0\4abcd", 14);
	check("pointer to a count", DNS_FAILED, 0, 0);
	/* Two that point at each other. */
	answer(2, 0, 0);
	put_rr("@", TXT, 1);
	put(2, 2);
	put(0xc000 | (off + 14), 2);
	put(0xc000 | (off + 12), 2);
	put_data("\0\1\0\1\0\0\0\1\0\4abcd", 14);
	check("pointers in a circle", DNS_FAILED, 0, 0);
	/* A name from three pieces is the one asked for. */
	answer(2, 0, 0);
	put_rr("@", TXT, 1);
	put(4, 2);
	put_data("\1A", 2);
	put(0xc00e, 2);
	put(0xc000 | (off + 12), 2);
	put_data("\0\1\0\1\0\0\0\1\0\4abcd", 14);
	check("pointer to a pointer", DNS_ADDRESSES, 1, 1);
}

static void
test_many(void)
{
	struct netaddr	 addr;
	size_t		 i, n;

	ask("a.example", DNS_A);
	for (n = DNS_ADDRS; n <= DNS_ADDRS + 1; n++) {
		answer((int)n, 0, 0);
		for (i = 0; i < n; i++)
			put_a("@", 300, "192.0.2.1");
		if (n == DNS_ADDRS)
			check("64 addresses", DNS_ADDRESSES, DNS_ADDRS, 300);
		else
			check("65 addresses", DNS_FAILED, 0, 0);
	}
	(void)addr_parse("192.0.2.1", &addr);
	for (n = 255; n <= 256; n++) {
		answer(1, (int)n, 0);
		put_a("@", 300, "192.0.2.1");
		for (i = 0; i < n; i++)
			put_a("b", 300, "192.0.2.1");
		if (n == 255)
			check("256 records", DNS_ADDRESSES, 1, 300);
		else
			check("257 records", DNS_FAILED, 0, 0);
	}
}

/* How long "there is none" may be kept. */
static void
test_negative(void)
{
	static const struct {
		const char	*what;
		uint32_t	 ttl, minimum, kept;
		int		 rcode;
	} t[] = {
		{ "no address", 900, 30, 30, 0 },
		{ "no address, short SOA", 20, 30, 20, 0 },
		{ "no name", 900, 30, 30, DNS_NXDOMAIN }
	};
	size_t	 i;

	ask("a.example", DNS_A);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		answer(0, 1, 0);
		msg.b[3] = (uint8_t)(0x80 | t[i].rcode);
		put_rr("example", DNS_SOA, t[i].ttl);
		put(5 + 20, 2);
		put_name("@");
		put_name("m");
		put(0, 4);
		put(0, 4);
		put(0, 4);
		put(0, 4);
		put(t[i].minimum, 4);
		check(t[i].what, t[i].rcode ? DNS_NONAME : DNS_NOTHING, 0,
		    t[i].kept);
	}
	answer(1, 1, 0);
	put_cname("@", 10, "b.example");
	put_rr("example", DNS_SOA, 900);
	put(2 + 20, 2);
	put_name("");
	put_name("");
	put(0, 4);
	put(0, 4);
	put(0, 4);
	put(0, 4);
	put(30, 4);
	check("CNAME to nothing, with SOA", DNS_NOTHING, 0, 10);
	answer(0, 0, 1);
	put_rr("example", DNS_SOA, 900);
	put(2 + 20, 2);
	put_name("");
	put_name("");
	put(0, 16);
	put(30, 4);
	check("SOA in the wrong place", DNS_NOTHING, 0, 0);
	answer(0, 1, 0);
	put_rr("example", DNS_SOA, 900);
	put(21, 2);
	put_name("");
	put_name("");
	put(0, 19);
	check("SOA too short", DNS_FAILED, 0, 0);
	answer(0, 0, 0);
	check("nothing without SOA", DNS_NOTHING, 0, 0);
}

/* Cut anywhere, it is never taken for an answer. */
static void
test_cut(void)
{
	struct dns_answer	 a;
	size_t			 whole;
	int			 wrong = 0;

	ask("a.example", DNS_A);
	answer(3, 0, 1);
	put_cname("@", 50, "b.example");
	put_a("b.example", 300, "192.0.2.1");
	put_a("b.example", 300, "192.0.2.2");
	put(0, 1);
	put(DNS_OPT, 2);
	put(1232, 2);
	put(0, 4);
	put(0, 2);
	whole = msg.n;
	for (msg.n = 0; msg.n < whole; msg.n++)
		wrong += result(&a) != (msg.n < query.n - 11 ? DNS_BAD :
		    DNS_FAILED) || a.naddrs != 0;
	CASE(wrong == 0, "dns cut anywhere", "%d taken", wrong);
	check("not cut", DNS_ADDRESSES, 2, 50);
}

/* A question as a client sends it. */
static void
question(const char *name, int type)
{
	msg.n = 0;
	put(0xbeef, 2);
	put(0x0120, 2);
	put(1, 2);
	put(0, 6);
	put_name(name);
	put((size_t)type, 2);
	put(1, 2);
}

static void
test_questions(void)
{
	static const struct {
		const char	*what;
		const char	*wire;
		size_t		 len;
		const char	*name;
	} t[] = {
		{ "plain", S("\1a\7example\0"), "a.example" },
		{ "in capitals", S("\1A\7ExAmPlE\0"), "a.example" },
		{ "of the root", S("\0"), "" },
		{ "with an underscore", S("\5_http\4_tcp\1a\0"), "" },
		{ "with a dot in a label", S("\11a.example\0"), "" },
		{ "with NUL in a label", S("\3a\0b\0"), "" },
		{ "with a blank", S("\3a b\0"), "" },
		{ "with UTF-8", S("\3a\xc3\xbc\0"), "" },
		{ "of an address", S("\3" "127\1" "0\1" "0\1" "1\0"), "" },
		{ "of a hyphen", S("\1-\0"), "" },
		{ "of 253", S("\x3f" L63 "\x3f" L63 "\x3f" L63 "\x3d" L60
		    "a\0"), L253 }
	};
	struct dns_question	 q;
	char			 name[128];
	uint8_t			*m;
	size_t			 i;
	int			 r;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		question("", DNS_A);
		msg.n = 12;
		put_data(t[i].wire, t[i].len);
		put(HTTPS, 2);
		put(1, 2);
		(void)snprintf(name, sizeof(name), "dns question %s",
		    t[i].what);
		m = exact(msg.b, msg.n);
		memset(&q, 0xee, sizeof(q));
		r = dns_question(&q, m, msg.n);
		CASE(r == 0 && strcmp(q.name, t[i].name) == 0 &&
		    q.type == HTTPS && q.len == msg.n && !q.edns, name,
		    "%d, name %s", r, q.name);
		free(m);
	}
	question("a.example", DNS_A);
	i = msg.n;
	msg.b[11] = 1;
	put(0, 1);
	put(DNS_OPT, 2);
	put(4096, 2);
	put(0x8000, 4);
	put(8, 2);
	put_data("\0\12\0\4abcd", 8);
	m = exact(msg.b, msg.n);
	CASE(dns_question(&q, m, msg.n) == 0 && q.edns && q.len == i &&
	    strcmp(q.name, "a.example") == 0, "dns question with EDNS",
	    "refused");
	free(m);
}

static void
test_question_bad(void)
{
	struct dns_question	 q;
	struct bytes		 good;
	uint8_t			*m;
	size_t			 n;
	int			 wrong = 0;

	question("a.example", DNS_A);
	msg.b[11] = 1;
	put(0, 1);
	put(DNS_OPT, 2);
	put(4096, 2);
	put(0, 4);
	put(0, 2);
	good = msg;
	for (n = 0; n < good.n; n++) {
		m = exact(good.b, n);
		wrong += dns_question(&q, m, n) != -1;
		free(m);
	}
	CASE(wrong == 0, "dns question cut anywhere", "%d taken", wrong);
#define DROPPED(what, change) do {					\
	msg = good;							\
	change;								\
	m = exact(msg.b, msg.n);					\
	CASE(dns_question(&q, m, msg.n) == -1, "dns question " what,	\
	    "taken");							\
	free(m);							\
} while (0)
	DROPPED("that is a response", msg.b[2] |= 0x80);
	DROPPED("with opcode 1", msg.b[2] |= 0x08);
	DROPPED("that is an update", msg.b[2] |= 0x28);
	DROPPED("truncated", msg.b[2] |= 0x02);
	DROPPED("with none", msg.b[5] = 0);
	DROPPED("with two", msg.b[5] = 2);
	DROPPED("with 257", msg.b[4] = 1);
	DROPPED("with an answer", msg.b[7] = 1);
	DROPPED("with an authority", msg.b[9] = 1);
	DROPPED("with two additional", msg.b[11] = 2);
	DROPPED("with two additional that are not there", msg.b[11] = 2;
	    msg.n = 27);
	DROPPED("without its additional", msg.b[11] = 0);
	DROPPED("of class CH", msg.b[26] = 3);
	DROPPED("of class ANY", msg.b[26] = 255);
	DROPPED("with a byte behind it", put(0, 1));
	DROPPED("with another additional", msg.b[29] = TXT);
	DROPPED("with EDNS of a name", msg.b[27] = 1);
	DROPPED("with EDNS too long", msg.b[37] = 1);
	DROPPED("with a pointer", msg.b[14] = 0xc0; msg.b[15] = 12);
	DROPPED("with a label of 64", msg.n = 12;
	    put_data("\x40" L60 "abcd\0\0\1\0\1", 70); msg.b[11] = 0);
	DROPPED("with a label beyond the end", msg.b[14] = 40);
	DROPPED("with a byte behind it, no EDNS", msg.b[11] = 0;
	    msg.n = 28);
#undef DROPPED
	question("", DNS_A);
	msg.n = 12;
	put_data("\x3f" L63 "\x3f" L63 "\x3f" L63 "\x3e" L60 "ab\0", 256);
	put(DNS_A, 2);
	put(1, 2);
	m = exact(msg.b, msg.n);
	CASE(dns_question(&q, m, msg.n) == -1, "dns question of 254",
	    "taken");
	free(m);
}

static void
test_reply(void)
{
	static const uint8_t	 addr[] = { 127, 0, 0, 1 };
	struct dns_question	 q;
	struct dns_answer	 a;
	uint8_t			 out[DNS_REPLY_MAX];
	char			 s[ADDR_STRLEN] = "";
	size_t			 n;

	/* The reply is an answer to a query of our own, in any case. */
	query.n = dns_query(query.b, 7, "a.example", DNS_A,
	    (const uint8_t *)"\x5a\xa5\x5a\xa5\x5a\xa5\x5a\xa5\x5a\xa5\x5a"
	    "\xa5\x5a\xa5\x5a\xa5\x5a\xa5\x5a\xa5\x5a\xa5\x5a\xa5\x5a\xa5"
	    "\x5a\xa5\x5a\xa5\x5a\xa5", 1);
	CASE(dns_question(&q, query.b, query.n) == 0, "dns own query",
	    "refused");
	n = dns_reply(out, query.b, &q, DNS_NOERROR, addr, 60);
	CASE(dns_answer(&a, out, n, query.b, query.n) == DNS_ADDRESSES &&
	    a.naddrs == 1 && a.ttl == 60 && strcmp(addr_print(&a.addrs[0],
	    s), "127.0.0.1") == 0 && out[2] == 0x81 && out[3] == 0x80,
	    "dns reply with an address", "%s", s);
	n = dns_reply(out, query.b, &q, DNS_NOERROR, NULL, 0);
	CASE(dns_answer(&a, out, n, query.b, query.n) == DNS_NOTHING &&
	    n == q.len + 11U, "dns reply without", "%zu bytes", n);
	n = dns_reply(out, query.b, &q, DNS_REFUSED, NULL, 0);
	CASE(dns_answer(&a, out, n, query.b, query.n) == DNS_FAILED &&
	    a.rcode == DNS_REFUSED, "dns reply refused", "rcode %d",
	    a.rcode);
	query.b[2] = 0;
	query.n = dns_query(query.b, 7, L253, DNS_A, NULL, 1);
	if (dns_question(&q, query.b, query.n) == -1)
		abort();
	n = dns_reply(out, query.b, &q, DNS_NOERROR, addr, 60);
	CASE(n == DNS_REPLY_MAX, "dns longest reply", "%zu bytes", n);
	query.b[2] = 0;
	query.b[11] = 0;
	if (dns_question(&q, query.b, q.len) == -1)
		abort();
	n = dns_reply(out, query.b, &q, DNS_REFUSED, NULL, 0);
	CASE(n == q.len && out[2] == 0x80 && out[11] == 0,
	    "dns reply without EDNS and recursion", "%zu bytes", n);
}
