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

#include <netinet/in.h>

#include "proxyd.h"

#include "exact.h"
#include "unit.h"

#define S(s)	s, sizeof(s) - 1
#define L10	"abcdefghij"
#define L60	L10 L10 L10 L10 L10 L10
#define L63	L60 "abc"
#define L253	L63 "." L63 "." L63 "." L60 "a"

static void	 test_hosts(void);
static void	 test_host_bytes(void);
static void	 test_ports(void);
static void	 test_hostports(void);
static void	 test_inside(void);
static void	 test_own(void);
static void	 test_prefixes(void);
static void	 test_sockaddr(void);
static void	 test_rules_valid(void);
static void	 test_patterns(void);
static void	 test_decide(void);
static void	 test_precedence(void);
static void	 test_lift(void);
static void	 test_many(void);
static void	 add(struct policy *, enum rule_action, const char *,
		    const char *);

int
main(void)
{
	test_hosts();
	test_host_bytes();
	test_ports();
	test_hostports();
	test_inside();
	test_own();
	test_prefixes();
	test_sockaddr();
	test_rules_valid();
	test_patterns();
	test_decide();
	test_precedence();
	test_lift();
	test_many();
	return (unit_failed);
}

static void
test_hosts(void)
{
	static const struct {
		const char		*what;
		const char		*in;
		size_t			 len;
		enum host_result	 result;
		const char		*out;
	} t[] = {
		{ "plain", S("example.com"), HOST_OK, "example.com" },
		{ "one label", S("wiki"), HOST_OK, "wiki" },
		{ "case", S("EXAMPLE.Com"), HOST_OK, "example.com" },
		{ "digits", S("1.a2.3com"), HOST_OK, "1.a2.3com" },
		{ "hyphens", S("a-b--c.d-e"), HOST_OK, "a-b--c.d-e" },
		{ "xn--", S("XN--bcher-kva.example"), HOST_OK,
		    "xn--bcher-kva.example" },
		{ "trailing dot", S("example.com."), HOST_OK, "example.com" },
		{ "label of 63", S(L63 ".com"), HOST_OK, L63 ".com" },
		{ "name of 253", S(L253), HOST_OK, L253 },
		{ "name of 253 and dot", S(L253 "."), HOST_OK, L253 },
		{ "0x with more", S("a.0xfg"), HOST_OK, "a.0xfg" },
		{ "hex without 0x", S("dead.beef"), HOST_OK, "dead.beef" },
		{ "label like hex", S("a.bxc"), HOST_OK, "a.bxc" },
		{ "label like hex without x", S("a.0abc"), HOST_OK,
		    "a.0abc" },
		{ "x alone", S("a.0y1"), HOST_OK, "a.0y1" },
		{ "number first", S("127.0.0.1.example"), HOST_OK,
		    "127.0.0.1.example" },

		{ "empty", S(""), HOST_MALFORMED, NULL },
		{ "dot", S("."), HOST_MALFORMED, NULL },
		{ "two dots", S(".."), HOST_MALFORMED, NULL },
		{ "two trailing dots", S("example.com.."), HOST_MALFORMED,
		    NULL },
		{ "leading dot", S(".example.com"), HOST_MALFORMED, NULL },
		{ "double dot", S("example..com"), HOST_MALFORMED, NULL },
		{ "label of 64", S(L63 "d.com"), HOST_MALFORMED, NULL },
		{ "last label of 64", S("a." L63 "d"), HOST_MALFORMED, NULL },
		{ "name of 254", S(L253 "b"), HOST_MALFORMED, NULL },
		{ "name of 254 and dot", S(L253 "b."), HOST_MALFORMED, NULL },
		{ "name of 600", S(L253 "." L253 "." L63), HOST_MALFORMED,
		    NULL },
		{ "underscore", S("a_b.example.com"), HOST_MALFORMED, NULL },
		{ "NUL", S("example.com\0.evil"), HOST_MALFORMED, NULL },
		{ "NUL first", S("\0example.com"), HOST_MALFORMED, NULL },
		{ "NUL last", S("example.com\0"), HOST_MALFORMED, NULL },
		{ "CR", S("example.com\r"), HOST_MALFORMED, NULL },
		{ "LF", S("example.com\n"), HOST_MALFORMED, NULL },
		{ "tab", S("exa\tmple.com"), HOST_MALFORMED, NULL },
		{ "blank", S("exa mple.com"), HOST_MALFORMED, NULL },
		{ "blank first", S(" example.com"), HOST_MALFORMED, NULL },
		{ "blank last", S("example.com "), HOST_MALFORMED, NULL },
		{ "percent", S("example%2ecom"), HOST_MALFORMED, NULL },
		{ "userinfo", S("user@example.com"), HOST_MALFORMED, NULL },
		{ "colon", S("example.com:443"), HOST_MALFORMED, NULL },
		{ "slash", S("example.com/"), HOST_MALFORMED, NULL },
		{ "backslash", S("example.com\\"), HOST_MALFORMED, NULL },
		{ "star", S("*.example.com"), HOST_MALFORMED, NULL },
		{ "query", S("example.com?a"), HOST_MALFORMED, NULL },
		{ "fragment", S("example.com#a"), HOST_MALFORMED, NULL },
		{ "UTF-8", S("b\xc3\xbc" "cher.example"), HOST_MALFORMED,
		    NULL },
		{ "ideographic dot", S("example\xe3\x80\x82" "com"),
		    HOST_MALFORMED, NULL },
		{ "Kelvin sign", S("\xe2\x84\xaa.example"), HOST_MALFORMED,
		    NULL },
		{ "Latin-1", S("b\xfc" "cher.example"), HOST_MALFORMED, NULL },
		{ "hyphen first", S("-a.example.com"), HOST_MALFORMED, NULL },
		{ "hyphen last", S("a-.example.com"), HOST_MALFORMED, NULL },
		{ "hyphen last of all", S("example.com-"), HOST_MALFORMED,
		    NULL },
		{ "hyphen alone", S("-"), HOST_MALFORMED, NULL },

		{ "quad", S("127.0.0.1"), HOST_ADDRESS, NULL },
		{ "quad and dot", S("127.0.0.1."), HOST_ADDRESS, NULL },
		{ "decimal", S("2130706433"), HOST_ADDRESS, NULL },
		{ "hex", S("0x7f000001"), HOST_ADDRESS, NULL },
		{ "HEX", S("0X7F000001"), HOST_ADDRESS, NULL },
		{ "hex quad", S("0x7f.0x0.0x0.0x1"), HOST_ADDRESS, NULL },
		{ "octal", S("0177.0.0.01"), HOST_ADDRESS, NULL },
		{ "octal word", S("017700000001"), HOST_ADDRESS, NULL },
		{ "short of two", S("127.1"), HOST_ADDRESS, NULL },
		{ "short of three", S("127.0.1"), HOST_ADDRESS, NULL },
		{ "mixed", S("0x7f.1"), HOST_ADDRESS, NULL },
		{ "mixed, hex last", S("127.0.0.0x1"), HOST_ADDRESS, NULL },
		{ "0x alone", S("127.0.0.0x"), HOST_ADDRESS, NULL },
		{ "0", S("0"), HOST_ADDRESS, NULL },
		{ "five parts", S("1.2.3.4.5"), HOST_ADDRESS, NULL },
		{ "part too large", S("256.256.256.256"), HOST_ADDRESS,
		    NULL },
		{ "name with a number last", S("example.1"), HOST_ADDRESS,
		    NULL },
		{ "name with hex last", S("example.0xa"), HOST_ADDRESS, NULL },
		{ "IPv6", S("[::1]"), HOST_ADDRESS, NULL },
		{ "mapped", S("[::ffff:127.0.0.1]"), HOST_ADDRESS, NULL },
		{ "long IPv6",
		    S("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]"),
		    HOST_ADDRESS, NULL },
		{ "bare IPv6", S("::1"), HOST_MALFORMED, NULL },
		{ "bare mapped", S("::ffff:127.0.0.1"), HOST_MALFORMED,
		    NULL },
		{ "zone", S("[fe80::1%eth0]"), HOST_MALFORMED, NULL },
		{ "escaped zone", S("[fe80::1%25eth0]"), HOST_MALFORMED,
		    NULL },
		{ "brackets round a name", S("[example.com]"),
		    HOST_MALFORMED, NULL },
		{ "brackets round IPv4", S("[127.0.0.1]"), HOST_MALFORMED,
		    NULL },
		{ "brackets, empty", S("[]"), HOST_MALFORMED, NULL },
		{ "bracket alone", S("["), HOST_MALFORMED, NULL },
		{ "bracket open", S("[::1"), HOST_MALFORMED, NULL },
		{ "bracket and more", S("[::1].example.com"), HOST_MALFORMED,
		    NULL },
		{ "bracket with NUL", S("[::1\0]"), HOST_MALFORMED, NULL },
		{ "bracket with 46 characters",
		    S("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2551]"),
		    HOST_MALFORMED, NULL },
		{ "bracket too long", S("[" L253 "]"), HOST_MALFORMED, NULL },
		{ "IPvFuture", S("[v1.a]"), HOST_MALFORMED, NULL }
	};
	char		 name[128], host[HOST_SIZE];
	const char	*why;
	char		*in;
	uint16_t	 port;
	size_t		 i;
	int		 r;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "host %s", t[i].what);
		in = exact(t[i].in, t[i].len);
		why = "unset";
		memset(host, 'x', sizeof(host));
		r = host_parse(in, t[i].len, host, &why);
		CASE(r == (int)t[i].result && (r == HOST_OK ?
		    why == NULL && strcmp(host, t[i].out) == 0 :
		    why != NULL && strcmp(why, "unset") != 0),
		    name, "result %d", r);
		free(in);
	}
	/* Of nothing, nothing is read. */
	in = exact("[", 1);
	CASE(host_parse(in + 1, 0, host, &why) == HOST_MALFORMED &&
	    hostport_parse(in + 1, 0, host, &port, &why) == HOST_MALFORMED,
	    "host of nothing", "accepted");
	free(in);
}

/* Every byte, first, amid and last, against the words of the design. */
static void
test_host_bytes(void)
{
	char		 in[8], host[HOST_SIZE];
	const char	*why;
	int		 c, good, wrong = -1;

	for (c = 0; c < 256; c++) {
		good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9');
		memcpy(in, "xax", 3);
		in[0] = (char)c;
		if ((host_parse(in, 3, host, &why) == HOST_OK) != good)
			wrong = c;
		memcpy(in, "xax", 3);
		in[2] = (char)c;
		if ((host_parse(in, 3, host, &why) == HOST_OK) !=
		    (good || c == '.'))
			wrong = c;
		memcpy(in, "xax", 3);
		in[1] = (char)c;
		if ((host_parse(in, 3, host, &why) == HOST_OK) !=
		    (good || c == '.' || c == '-'))
			wrong = c;
	}
	CASE(wrong == -1, "host every byte", "byte %#x", (unsigned int)wrong);
}

static void
test_ports(void)
{
	static const struct {
		const char	*in;
		size_t		 len;
		int		 port;	/* 0: refused */
	} t[] = {
		{ S("1"), 1 }, { S("443"), 443 }, { S("65535"), 65535 },
		{ S("10000"), 10000 },
		{ S(""), 0 }, { S("0"), 0 }, { S("65536"), 0 },
		{ S("99999"), 0 }, { S("443x"), 0 }, { S("x443"), 0 },
		{ S("+443"), 0 }, { S("-443"), 0 }, { S("-1"), 0 },
		{ S(" 443"), 0 }, { S("443 "), 0 }, { S("4 3"), 0 },
		{ S("\t443"), 0 }, { S("443\r"), 0 }, { S("443\n"), 0 },
		{ S("443\0"), 0 }, { S("\0"), 0 }, { S("0443"), 0 },
		{ S("00000443"), 0 }, { S("0x1bb"), 0 }, { S("https"), 0 },
		{ S("443:443"), 0 }, { S("443,80"), 0 }, { S("4.43"), 0 },
		{ S("4e2"), 0 },
		{ S("65979"), 0 },			/* 443 + 2^16 */
		{ S("4294967739"), 0 },			/* 443 + 2^32 */
		{ S("18446744073709552059"), 0 },	/* 443 + 2^64 */
		{ S("\xef\xbc\x94\xef\xbc\x94\xef\xbc\x93"), 0 },
		{ S("443/"), 0 }, { S("443?"), 0 }, { S("443#"), 0 }
	};
	char		 name[64], *in;
	uint16_t	 port;
	size_t		 i;
	int		 r;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "port case %zu", i);
		in = exact(t[i].in, t[i].len);
		port = 7;
		r = port_parse(in, t[i].len, &port);
		CASE(t[i].port != 0 ? r == 0 && port == t[i].port :
		    r == -1 && port == 7, name, "\"%s\": %d, %d", t[i].in, r,
		    port);
		free(in);
	}
}

static void
test_hostports(void)
{
	static const struct {
		const char		*in;
		size_t			 len;
		enum host_result	 result;
		const char		*host;
		int			 port;
	} t[] = {
		{ S("a.example:443"), HOST_OK, "a.example", 443 },
		{ S("A.Example.:22"), HOST_OK, "a.example", 22 },
		{ S(L253 ":65535"), HOST_OK, L253, 65535 },
		{ S("a.example"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example:"), HOST_MALFORMED, NULL, 0 },
		{ S(":443"), HOST_MALFORMED, NULL, 0 },
		{ S(":"), HOST_MALFORMED, NULL, 0 },
		{ S(""), HOST_MALFORMED, NULL, 0 },
		{ S("a.example:443:443"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example::443"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example :443"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example: 443"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example:443/"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example:443?x"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example:443#x"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example/:443"), HOST_MALFORMED, NULL, 0 },
		{ S("u@a.example:443"), HOST_MALFORMED, NULL, 0 },
		{ S("u:p@a.example:443"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example:443\0"), HOST_MALFORMED, NULL, 0 },
		{ S("a.example\0:443"), HOST_MALFORMED, NULL, 0 },
		{ S("http://a.example:443"), HOST_MALFORMED, NULL, 0 },
		{ S("::1:443"), HOST_MALFORMED, NULL, 0 },
		{ S("[a.example]:443"), HOST_MALFORMED, NULL, 0 },
		{ S("[::1:443"), HOST_MALFORMED, NULL, 0 },
		{ S("[::1]443"), HOST_MALFORMED, NULL, 0 },
		{ S("[::1]x:443"), HOST_MALFORMED, NULL, 0 },
		{ S("[::1]"), HOST_MALFORMED, NULL, 0 },
		{ S("[::1%25lo]:443"), HOST_MALFORMED, NULL, 0 },
		{ S("[::1]:443"), HOST_ADDRESS, NULL, 0 },
		{ S("[::ffff:10.0.0.1]:443"), HOST_ADDRESS, NULL, 0 },
		{ S("127.0.0.1:443"), HOST_ADDRESS, NULL, 0 },
		{ S("2130706433:443"), HOST_ADDRESS, NULL, 0 }
	};
	char		 name[64], host[HOST_SIZE], *in;
	const char	*why;
	uint16_t	 port;
	size_t		 i;
	int		 r;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "authority case %zu", i);
		in = exact(t[i].in, t[i].len);
		r = hostport_parse(in, t[i].len, host, &port, &why);
		CASE(r == (int)t[i].result && (r == HOST_OK ?
		    port == t[i].port && strcmp(host, t[i].host) == 0 :
		    why != NULL), name, "\"%s\": %d", t[i].in, r);
		free(in);
	}
}

static void
test_inside(void)
{
	/* The first and the last address of a range, and its neighbours. */
	static const struct {
		const char	*addr;
		int		 inside;
	} t[] = {
		{ "0.0.0.0", 1 }, { "0.255.255.255", 1 }, { "1.0.0.0", 0 },
		{ "9.255.255.255", 0 }, { "10.0.0.0", 1 },
		{ "10.255.255.255", 1 }, { "11.0.0.0", 0 },
		{ "100.63.255.255", 0 }, { "100.64.0.0", 1 },
		{ "100.127.255.255", 1 }, { "100.128.0.0", 0 },
		{ "126.255.255.255", 0 }, { "127.0.0.1", 1 },
		{ "127.255.255.255", 1 }, { "128.0.0.0", 0 },
		{ "169.253.255.255", 0 }, { "169.254.0.0", 1 },
		{ "169.254.169.254", 1 }, { "169.254.255.255", 1 },
		{ "169.255.0.0", 0 },
		{ "172.15.255.255", 0 }, { "172.16.0.0", 1 },
		{ "172.31.255.255", 1 }, { "172.32.0.0", 0 },
		{ "191.255.255.255", 0 }, { "192.0.0.0", 1 },
		{ "192.0.0.255", 1 }, { "192.0.1.0", 0 },
		{ "192.0.2.0", 1 }, { "192.0.2.255", 1 }, { "192.0.3.0", 0 },
		{ "192.88.98.255", 0 }, { "192.88.99.1", 1 },
		{ "192.88.100.0", 0 },
		{ "192.167.255.255", 0 }, { "192.168.0.0", 1 },
		{ "192.168.255.255", 1 }, { "192.169.0.0", 0 },
		{ "198.17.255.255", 0 }, { "198.18.0.0", 1 },
		{ "198.19.255.255", 1 }, { "198.20.0.0", 0 },
		{ "198.51.99.255", 0 }, { "198.51.100.0", 1 },
		{ "198.51.100.255", 1 }, { "198.51.101.0", 0 },
		{ "203.0.112.255", 0 }, { "203.0.113.0", 1 },
		{ "203.0.113.255", 1 }, { "203.0.114.0", 0 },
		{ "223.255.255.255", 0 }, { "224.0.0.0", 1 },
		{ "239.255.255.255", 1 }, { "240.0.0.0", 1 },
		{ "255.255.255.254", 1 }, { "255.255.255.255", 1 },
		{ "8.8.8.8", 0 }, { "160.79.104.10", 0 },

		{ "::", 1 }, { "::1", 1 }, { "::2", 1 },
		{ "::127.0.0.1", 1 }, { "::8.8.8.8", 1 },
		{ "::ffff:127.0.0.1", 1 }, { "::ffff:10.0.0.1", 1 },
		{ "::ffff:8.8.8.8", 1 }, { "::ffff:0:8.8.8.8", 1 },
		{ "64:ff9b::7f00:1", 1 }, { "64:ff9b::8.8.8.8", 1 },
		{ "64:ff9b:1::1", 1 }, { "64:ff9b:1:ffff::", 1 },
		{ "100::1", 1 }, { "100:0:0:1::1", 1 },
		{ "1fff:ffff::1", 1 }, { "2000::1", 0 },
		{ "2001::1", 1 }, { "2001:0:4136:e378::", 1 },
		{ "2001:1::1", 1 }, { "2001:2::1", 1 }, { "2001:10::1", 1 },
		{ "2001:20::1", 1 }, { "2001:30::1", 1 },
		{ "2001:1ff:ffff::", 1 }, { "2001:200::1", 0 },
		{ "2001:4860:4860::8888", 0 },
		{ "2001:db7:ffff::", 0 }, { "2001:db8::1", 1 },
		{ "2001:db8:ffff::1", 1 }, { "2001:db9::1", 0 },
		{ "2001:ffff::1", 0 }, { "2002::1", 1 },
		{ "2002:7f00:1::", 1 }, { "2002:ffff::", 1 },
		{ "2003::1", 0 }, { "2607:6bc0::10", 0 },
		{ "3ffe:ffff::1", 0 }, { "3fff::1", 1 },
		{ "3fff:fff:ffff::", 1 }, { "3fff:1000::", 0 },
		{ "4000::1", 1 }, { "5f00::1", 1 },
		{ "fbff::1", 1 }, { "fc00::1", 1 }, { "fdff::1", 1 },
		{ "fe00::1", 1 }, { "fe80::1", 1 }, { "febf::1", 1 },
		{ "fec0::1", 1 }, { "feff::1", 1 },
		{ "ff00::", 1 }, { "ff02::1", 1 }, { "ff0e::1", 1 }
	};
	struct netaddr	 addr;
	char		 name[128];
	size_t		 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "inside %s", t[i].addr);
		if (addr_parse(t[i].addr, &addr) == -1)
			abort();
		CASE(addr_inside(&addr, NULL, 0) == t[i].inside, name,
		    "should be %d", t[i].inside);
	}
	memset(&addr, 0, sizeof(addr));
	addr.family = AF_UNIX;
	addr.bytes[0] = 8;
	CASE(addr_inside(&addr, NULL, 0), "inside another family", "passed");
}

static void
test_own(void)
{
	struct netaddr	 own[3], a4, b4, a6, b6, c6;

	(void)addr_parse("8.8.4.4", &own[0]);
	(void)addr_parse("9.9.9.9", &own[1]);
	(void)addr_parse("2607:f8b0::1", &own[2]);
	(void)addr_parse("9.9.9.9", &a4);
	(void)addr_parse("9.9.9.8", &b4);
	(void)addr_parse("2607:f8b0::1", &a6);
	(void)addr_parse("2607:f8b0::2", &b6);
	CASE(addr_inside(&a4, own, 3), "own IPv4", "passed");
	CASE(!addr_inside(&b4, own, 3), "own IPv4's neighbour", "refused");
	(void)addr_parse("909:909::1", &c6);
	CASE(!addr_equal(&c6, &own[1]) && !addr_equal(&own[1], &c6),
	    "own IPv4 is not IPv6", "equal");
	CASE(addr_inside(&a6, own, 3), "own IPv6", "passed");
	CASE(!addr_inside(&b6, own, 3), "own IPv6's neighbour", "refused");
	CASE(!addr_inside(&a6, own, 2), "own list ends", "refused");
}

static void
test_prefixes(void)
{
	static const struct {
		const char	*in;
		const char	*out;	/* NULL: refused */
	} t[] = {
		{ "10.0.0.0/8", "10.0.0.0/8" },
		{ "10.1.2.3", "10.1.2.3/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "10.128.0.0/9", "10.128.0.0/9" },
		{ "fd00::/8", "fd00::/8" },
		{ "fd00::1", "fd00::1/128" },
		{ "FD00:0::/64", "fd00::/64" },
		{ "::/0", "::/0" },
		{ "10.0.0.1/8", NULL }, { "10.64.0.0/9", NULL },
		{ "10.0.0.0/33", NULL }, { "fd00::/129", NULL },
		{ "fd00::1/64", NULL }, { "10.0.0.0/", NULL },
		{ "10.0.0.0/08", NULL }, { "10.0.0.0/-1", NULL },
		{ "10.0.0.0/8x", NULL }, { "10.0.0.0/264", NULL },
		{ "10.0.0.0/8/8", NULL }, { "10.0.0/8", NULL },
		{ "10/8", NULL }, { "/8", NULL }, { "", NULL },
		{ "0x0a.0.0.0/8", NULL }, { "name/8", NULL },
		{ "fe80::%lo/10", NULL }, { "[fd00::]/8", NULL },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2550", NULL }
	};
	struct netaddr	 a;
	struct prefix	 p;
	char		 name[128], buf[PREFIX_STRLEN];
	size_t		 i;
	int		 r;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "prefix %s", t[i].in);
		r = prefix_parse(t[i].in, &p);
		CASE(t[i].out == NULL ? r == -1 : r == 0 &&
		    strcmp(prefix_print(&p, buf), t[i].out) == 0, name,
		    "result %d", r);
	}
	(void)prefix_parse("10.128.0.0/9", &p);
	(void)addr_parse("10.255.0.1", &a);
	CASE(prefix_covers(&p, &a), "prefix covers", "no");
	(void)addr_parse("10.127.255.255", &a);
	CASE(!prefix_covers(&p, &a), "prefix does not cover", "it does");
	(void)addr_parse("0a80::", &a);
	CASE(!prefix_covers(&p, &a), "prefix of the other family",
	    "it covers");
	(void)prefix_parse("0.0.0.0/0", &p);
	CASE(!prefix_covers(&p, &a), "prefix of length 0, other family",
	    "it covers");
	(void)prefix_parse("fd00::1", &p);
	(void)addr_parse("fd00::1", &a);
	CASE(prefix_covers(&p, &a), "prefix of length 128", "no");
	(void)addr_parse("fd00::2", &a);
	CASE(!prefix_covers(&p, &a), "prefix of length 128, neighbour",
	    "it covers");
}

static void
test_sockaddr(void)
{
	static const char *const addrs[] = {
		"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", NULL
	};
	struct sockaddr_storage	 ss;
	struct netaddr		 a, b;
	char			 s[ADDR_STRLEN], name[64];
	socklen_t		 len;
	size_t			 i;

	for (i = 0; addrs[i] != NULL; i++) {
		(void)snprintf(name, sizeof(name), "sockaddr %s", addrs[i]);
		(void)addr_parse(addrs[i], &a);
		len = addr_to_sockaddr(&a, 443, &ss);
		CASE(addr_from_sockaddr((struct sockaddr *)&ss, &b) == 0 &&
		    addr_equal(&a, &b) && strcmp(addr_print(&b, s),
		    addrs[i]) == 0 && len == (a.family == AF_INET ?
		    sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)),
		    name, "came back as %s", s);
	}
	CASE(((struct sockaddr_in6 *)&ss)->sin6_port == htons(443),
	    "sockaddr port", "lost");
	ss.ss_family = AF_UNIX;
	a.family = AF_UNIX;
	CASE(addr_from_sockaddr((struct sockaddr *)&ss, &b) == -1 &&
	    addr_to_sockaddr(&a, 1, &ss) == 0 &&
	    strcmp(addr_print(&a, s), "?") == 0,
	    "sockaddr of another family", "taken");
}

static void
test_rules_valid(void)
{
	struct policy	 policy;
	struct rule	 good, r;
	size_t		 i;

	policy_init(&policy);
	policy_seal(&policy);
	memset(&good, 0, sizeof(good));
	good.action = RULE_PASS;
	good.plain = 1;
	good.nports = RULE_PORTS;
	for (i = 0; i < RULE_PORTS; i++)
		good.ports[i] = 22;
	good.naddrs = RULE_ADDRS;
	for (i = 0; i < RULE_ADDRS; i++)
		(void)prefix_parse("10.0.0.0/8", &good.addrs[i]);
	CASE(policy_add_rule(&policy, &good) == 0, "rule good", "refused");
#define REFUSED(what, change) do {					\
	r = good;							\
	change;								\
	CASE(policy_add_rule(&policy, &r) == -1, "rule " what, "taken");\
} while (0)
	REFUSED("action 0", r.action = 0);
	REFUSED("action 3", r.action = 3);
	REFUSED("plain 2", r.plain = 2);
	REFUSED("port 0", r.ports[0] = 0);
	REFUSED("too many ports", r.nports = RULE_PORTS + 1);
	REFUSED("too many addresses", r.naddrs = RULE_ADDRS + 1);
	REFUSED("family", r.addrs[0].addr.family = AF_UNIX);
	REFUSED("prefix too long", r.addrs[0].len = 33);
	REFUSED("prefix with more bits", r.addrs[0].addr.bytes[3] = 1);
	REFUSED("block with addresses", r.action = RULE_BLOCK; r.plain = 0);
	REFUSED("block plain", r.action = RULE_BLOCK; r.naddrs = 0);
#undef REFUSED
	CASE(policy.nrules == 1, "rule count", "%zu", policy.nrules);
	policy_free(&policy);
}

static void
test_patterns(void)
{
	static const struct {
		const char	*pattern;
		int		 good;
	} t[] = {
		{ "example.com", 1 }, { "*.example.com", 1 },
		{ "EXAMPLE.com.", 1 }, { "*.com", 1 },
		{ "*", 0 }, { "*.", 0 }, { "", 0 }, { "*example.com", 0 },
		{ "*.*.com", 0 }, { "a.*.com", 0 }, { "example.*", 0 },
		{ "127.0.0.1", 0 }, { "*.1", 0 }, { "[::1]", 0 },
		{ "a_b.com", 0 }, { "a b", 0 }, { "a:443", 0 },
		{ "**.example.com", 0 }, { ".example.com", 0 }
	};
	struct policy	 policy;
	const char	*why;
	char		 name[64];
	size_t		 i;
	int		 r;

	policy_init(&policy);
	CASE(policy_add_name(&policy, "a.example", &why) == -1,
	    "pattern without a rule", "taken");
	add(&policy, RULE_PASS, "", "");
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "pattern %s",
		    t[i].pattern);
		r = policy_add_name(&policy, t[i].pattern, &why);
		CASE(r == (t[i].good ? 0 : -1), name, "result %d", r);
	}
	policy_free(&policy);
}

/* A rule from words: ports and names with blanks between them. */
static void
add(struct policy *policy, enum rule_action action, const char *names,
    const char *ports)
{
	struct rule	 rule;
	const char	*why;
	char		 buf[512], *p, *last;

	memset(&rule, 0, sizeof(rule));
	rule.action = (uint8_t)action;
	(void)snprintf(buf, sizeof(buf), "%s", ports);
	for (p = strtok_r(buf, " ", &last); p != NULL;
	    p = strtok_r(NULL, " ", &last))
		rule.ports[rule.nports++] = (uint16_t)atoi(p);
	/* What stands behind the count must not matter. */
	rule.ports[rule.nports] = 444;
	if (policy_add_rule(policy, &rule) == -1)
		abort();
	(void)snprintf(buf, sizeof(buf), "%s", names);
	for (p = strtok_r(buf, " ", &last); p != NULL;
	    p = strtok_r(NULL, " ", &last))
		if (policy_add_name(policy, p, &why) == -1)
			abort();
}

static void
test_decide(void)
{
	static const struct {
		const char	*host;
		int		 port;
		int		 action;	/* 0: nothing matches */
		int		 dns;
	} t[] = {
		{ "api.example.com", 443, RULE_PASS, 1 },
		{ "api.example.com", 80, 0, 1 },
		{ "api.example.com", 444, 0, 1 },
		{ "x.api.example.com", 443, 0, 0 },
		{ "example.com", 443, 0, 0 },
		{ "api.example.co", 443, 0, 0 },
		{ "pi.example.com", 443, 0, 0 },
		{ "xapi.example.com", 443, 0, 0 },
		{ "api.example.comx", 443, 0, 0 },
		{ "api.example.com.evil.net", 443, 0, 0 },
		{ "a.wild.org", 443, RULE_PASS, 1 },
		{ "a.wild.org", 22, RULE_PASS, 1 },
		{ "a.wild.org", 444, 0, 1 },
		{ "a.b.c.wild.org", 22, RULE_PASS, 1 },
		{ "wild.org", 443, 0, 0 },
		{ "xwild.org", 443, 0, 0 },
		{ "a.xwild.org", 443, 0, 0 },
		{ "org", 443, 0, 0 },
		{ "bad.wild.org", 443, RULE_BLOCK, 0 },
		{ "bad.wild.org", 22, RULE_BLOCK, 0 },
		{ "x.bad.wild.org", 443, RULE_PASS, 1 },
		{ "x.evil.wild.org", 443, RULE_BLOCK, 0 },
		{ "evil.wild.org", 443, RULE_PASS, 1 },
		{ "ssh.wild.org", 443, RULE_PASS, 1 },
		{ "ssh.wild.org", 22, RULE_BLOCK, 1 },
		{ "both.net", 443, RULE_BLOCK, 0 },
		{ "a.blocked.net", 443, RULE_BLOCK, 0 },
		{ "half.net", 443, RULE_BLOCK, 0 },
		{ "half.net", 80, 0, 0 },
		{ "aa.ordered.net", 443, RULE_PASS, 1 },
		{ "a-.ordered.net", 443, 0, 0 },
		{ "", 443, 0, 0 },
		{ ".", 443, 0, 0 }
	};
	struct policy		 policy;
	const struct rule	*rule;
	char			 name[128];
	size_t			 i;
	int			 action;

	policy_init(&policy);
	CASE(policy_decide(&policy, "a.example", 443) == NULL &&
	    !policy_name_passed(&policy, "a.example"), "decide without rules",
	    "passed");
	add(&policy, RULE_BLOCK, "bad.wild.org *.evil.wild.org", "");
	add(&policy, RULE_PASS, "api.example.com aa.ordered.net", "");
	add(&policy, RULE_PASS, "*.wild.org", "443 22");
	add(&policy, RULE_BLOCK, "ssh.wild.org", "22");
	add(&policy, RULE_PASS, "both.net a.blocked.net", "443");
	add(&policy, RULE_BLOCK, "both.net *.blocked.net", "");
	add(&policy, RULE_PASS, "half.net", "443");
	add(&policy, RULE_BLOCK, "half.net", "443");
	policy_seal(&policy);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "decide %s:%d", t[i].host,
		    t[i].port);
		rule = policy_decide(&policy, t[i].host,
		    (uint16_t)t[i].port);
		action = rule == NULL ? 0 : rule->action;
		CASE(action == t[i].action &&
		    policy_name_passed(&policy, t[i].host) == t[i].dns, name,
		    "action %d", action);
	}
	policy_free(&policy);
}

/* The nearest name, then the first rule. */
static void
test_precedence(void)
{
	struct policy	 policy;

	policy_init(&policy);
	add(&policy, RULE_PASS, "*.com", "22");
	add(&policy, RULE_PASS, "*.example.com", "22");
	add(&policy, RULE_PASS, "git.example.com", "22");
	add(&policy, RULE_PASS, "git.example.com", "22 443");
	policy_seal(&policy);
	CASE(policy_decide(&policy, "git.example.com", 22) ==
	    &policy.rules[2], "precedence exact, first", "another");
	CASE(policy_decide(&policy, "git.example.com", 443) ==
	    &policy.rules[3], "precedence by port", "another");
	CASE(policy_decide(&policy, "www.example.com", 22) ==
	    &policy.rules[1], "precedence nearest wildcard", "another");
	CASE(policy_decide(&policy, "example.com", 22) ==
	    &policy.rules[0], "precedence wildcard above", "another");
	policy_free(&policy);

	/* The same name with and without a star, in both orders. */
	add(&policy, RULE_PASS, "*.a.example b.example", "");
	add(&policy, RULE_PASS, "a.example *.b.example", "");
	policy_seal(&policy);
	CASE(policy_decide(&policy, "a.example", 443) == &policy.rules[1] &&
	    policy_decide(&policy, "x.a.example", 443) == &policy.rules[0] &&
	    policy_decide(&policy, "b.example", 443) == &policy.rules[0] &&
	    policy_decide(&policy, "x.b.example", 443) == &policy.rules[1],
	    "precedence with and without a star", "another");
	policy_free(&policy);
}

static void
test_lift(void)
{
	static const struct {
		const char	*addr;
		int		 with, without;
	} t[] = {
		{ "8.8.8.8", 1, 1 }, { "10.1.0.1", 1, 0 },
		{ "10.2.0.1", 0, 0 }, { "127.0.0.1", 0, 0 },
		{ "fd00::1", 1, 0 }, { "fd01::1", 0, 0 },
		{ "::ffff:10.1.0.1", 0, 0 }, { "64:ff9b::10.1.0.1", 0, 0 },
		{ "9.9.9.9", 0, 0 }
	};
	struct rule	 with, without;
	struct netaddr	 own, a;
	char		 name[64];
	size_t		 i;

	/* What stands behind the counts must not matter. */
	memset(&with, 0, sizeof(with));
	for (i = 0; i < RULE_ADDRS; i++)
		(void)prefix_parse("0.0.0.0/0", &with.addrs[i]);
	with.action = RULE_PASS;
	without = with;
	with.naddrs = 2;
	(void)prefix_parse("10.1.0.0/16", &with.addrs[0]);
	(void)prefix_parse("fd00::/16", &with.addrs[1]);
	(void)addr_parse("9.9.9.9", &own);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "lift %s", t[i].addr);
		(void)addr_parse(t[i].addr, &a);
		CASE(policy_addr_passed(&with, &a, &own, 1) == t[i].with &&
		    policy_addr_passed(&without, &a, &own, 1) ==
		    t[i].without, name, "should be %d and %d", t[i].with,
		    t[i].without);
	}
}

static void
test_many(void)
{
	struct policy	 policy;
	char		 name[64];
	const char	*why;
	int		 i, wrong = 0;

	policy_init(&policy);
	add(&policy, RULE_PASS, "", "");
	for (i = 0; i < 20000; i++) {
		(void)snprintf(name, sizeof(name), "%sh%d.list.example",
		    i % 2 ? "*." : "", i * 7919 % 20000);
		if (policy_add_name(&policy, name, &why) == -1)
			abort();
	}
	policy_seal(&policy);
	for (i = 0; i < 20000; i++) {
		(void)snprintf(name, sizeof(name), "%sh%d.list.example",
		    i % 2 ? "a.b." : "", i * 7919 % 20000);
		wrong += policy_decide(&policy, name, 443) == NULL;
		(void)snprintf(name, sizeof(name), "%sh%d.list.example",
		    i % 2 ? "" : "a.b.", i * 7919 % 20000);
		wrong += policy_decide(&policy, name, 443) != NULL;
	}
	CASE(wrong == 0, "decide among 20000 names", "%d wrong", wrong);
	policy_free(&policy);
}
