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

#include "proxyd.h"

#include "exact.h"
#include "unit.h"

#define S(s)	s, sizeof(s) - 1
#define GET	"GET http://a.example/ HTTP/1.1\r\n"
#define PATH	"GET / HTTP/1.1\r\n"
#define A10	"aaaaaaaaaa"
#define L50	A10 A10 A10 A10 A10
#define L253	L50 "." L50 "." L50 "." L50 "." A10 A10 A10 A10 "aaaaaaaaa"

static void	 test_accepted(void);
static void	 test_refused(void);
static void	 test_reasons(void);
static void	 test_rebuilt(void);
static void	 test_limits(void);
static void	 test_rebuild_size(void);
static void	 test_errors(void);
static void	 check_split(const char *, enum http_mode, const char *,
		    size_t);
static enum http_result parse(struct http_head *, enum http_mode,
		    const char *, size_t, size_t);

int
main(void)
{
	test_accepted();
	test_refused();
	test_reasons();
	test_rebuilt();
	test_limits();
	test_rebuild_size();
	test_errors();
	return (unit_failed);
}

/* The head grows by so many bytes, and moves in memory each time. */
static enum http_result
parse(struct http_head *h, enum http_mode mode, const char *in, size_t len,
    size_t step)
{
	enum http_result r = HTTP_MORE;
	char		*buf;
	size_t		 n;

	http_init(h, mode);
	for (n = step < len ? step : len; r == HTTP_MORE;) {
		buf = exact(in, n);
		r = http_parse(h, buf, n);
		free(buf);
		if (n == len)
			break;
		n = len - n < step ? len : n + step;
	}
	return (r);
}

/* However it is cut into pieces, the result is the same. */
static void
check_split(const char *what, enum http_mode mode, const char *in, size_t len)
{
	struct http_head	 whole, h;
	enum http_result	 rw, r;
	char			 name[128], *buf;
	size_t			 n;
	int			 good = 1;

	rw = parse(&whole, mode, in, len, len);
	for (n = 1; n < len; n++) {
		http_init(&h, mode);
		buf = exact(in, n);
		r = http_parse(&h, buf, n);
		free(buf);
		if (r == HTTP_MORE) {
			buf = exact(in, len);
			r = http_parse(&h, buf, len);
			free(buf);
		}
		if (r != rw || memcmp(&h, &whole, sizeof(h)) != 0)
			good = 0;
	}
	r = parse(&h, mode, in, len, 1);
	if (r != rw || memcmp(&h, &whole, sizeof(h)) != 0)
		good = 0;
	(void)snprintf(name, sizeof(name), "http split %s", what);
	CASE(good, name, "not as in one piece");
}

static void
test_accepted(void)
{
	static const struct {
		const char	*what;
		enum http_mode	 mode;
		const char	*in;
		size_t		 len;
		size_t		 rest;	/* bytes behind the head */
		const char	*host;
		int		 port, connect;
		uint64_t	 body;
	} t[] = {
		{ "CONNECT", HTTP_PROXY,
		    S("CONNECT a.example:443 HTTP/1.1\r\n"
		    "Host: a.example:443\r\n\r\n"), 0, "a.example", 443, 1,
		    0 },
		{ "CONNECT without headers", HTTP_PROXY,
		    S("CONNECT a.example:443 HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 443, 1, 0 },
		{ "CONNECT 1.0", HTTP_PROXY,
		    S("CONNECT a.example:22 HTTP/1.0\r\n\r\n"), 0,
		    "a.example", 22, 1, 0 },
		{ "CONNECT with early data", HTTP_PROXY,
		    S("CONNECT a.example:443 HTTP/1.1\r\n\r\n\x16\x03\x01"),
		    3, "a.example", 443, 1, 0 },
		{ "CONNECT, capitals and dot", HTTP_PROXY,
		    S("CONNECT A.EXAMPLE.:443 HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 443, 1, 0 },
		{ "CONNECT, Host of the proxy", HTTP_PROXY,
		    S("CONNECT a.example:443 HTTP/1.1\r\n"
		    "Host: 127.0.0.1:3128\r\n\r\n"), 0, "a.example", 443, 1,
		    0 },
		{ "CONNECT, length 0", HTTP_PROXY,
		    S("CONNECT a.example:443 HTTP/1.1\r\n"
		    "Content-Length: 0\r\n\r\n"), 0, "a.example", 443, 1, 0 },
		{ "GET", HTTP_PROXY, S(GET "\r\n"), 0, "a.example", 80, 0,
		    0 },
		{ "GET with a port", HTTP_PROXY,
		    S("GET http://a.example:8080/ HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 8080, 0, 0 },
		{ "GET without a path", HTTP_PROXY,
		    S("GET http://a.example HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "scheme in capitals", HTTP_PROXY,
		    S("GET HTTP://a.example/ HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "Host does not decide", HTTP_PROXY,
		    S(GET "Host: b.example\r\n\r\n"), 0, "a.example", 80, 0,
		    0 },
		{ "at sign in the path", HTTP_PROXY,
		    S("GET http://a.example/@b.example HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "next request behind", HTTP_PROXY,
		    S(GET "\r\nGET http://b.example/ HTTP/1.1\r\n\r\n"), 34,
		    "a.example", 80, 0, 0 },
		{ "POST", HTTP_PROXY,
		    S("POST http://a.example/ HTTP/1.1\r\n"
		    "Content-Length: 5\r\n\r\nhello"), 5, "a.example", 80, 0,
		    5 },
		{ "blanks round a length", HTTP_PROXY,
		    S(GET "Content-Length:\t 007 \t\r\n\r\n"), 0, "a.example",
		    80, 0, 7 },
		{ "length of 18 digits", HTTP_PROXY,
		    S(GET "Content-Length: 999999999999999999\r\n\r\n"), 0,
		    "a.example", 80, 0, 999999999999999999ULL },
		{ "Latin-1 in a value", HTTP_PROXY,
		    S(GET "X: b\xfc" "cher\r\n\r\n"), 0, "a.example", 80, 0,
		    0 },
		{ "any character of a URL", HTTP_PROXY,
		    S("GET http://a.example/!~%00;[]{}|^`<>\"'\\ "
		    "HTTP/1.1\r\n\r\n"), 0, "a.example", 80, 0, 0 },
		{ "HEAD", HTTP_PROXY,
		    S("HEAD http://a.example/ HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "PUT", HTTP_PROXY,
		    S("PUT http://a.example/ HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "PATCH", HTTP_PROXY,
		    S("PATCH http://a.example/ HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "DELETE", HTTP_PROXY,
		    S("DELETE http://a.example/ HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "OPTIONS", HTTP_PROXY,
		    S("OPTIONS http://a.example/ HTTP/1.1\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "any character of a name", HTTP_PROXY,
		    S(GET "AZaz09!#$%&'*+-.^_`|~: x\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "blank Connection", HTTP_PROXY,
		    S(GET "Connection: \t \r\n\r\n"), 0, "a.example", 80,
		    0, 0 },
		{ "empty value", HTTP_PROXY, S(GET "X:\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "16 connection options", HTTP_PROXY,
		    S(GET "Connection: a,b,\tc\t,d,e,f,g,h\r\n"
		    "Connection: , i , j ,k,l,m,n,o,p,,\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 },
		{ "origin-form", HTTP_TRANSPARENT,
		    S(PATH "Host: a.example\r\n\r\n"), 0, "a.example", 80, 0,
		    0 },
		{ "origin-form, Host with port", HTTP_TRANSPARENT,
		    S(PATH "host:A.Example.:80\r\n\r\n"), 0, "a.example", 80,
		    0, 0 },
		{ "origin-form 1.0", HTTP_TRANSPARENT,
		    S("GET / HTTP/1.0\r\nHost: a.example\r\n\r\n"), 0,
		    "a.example", 80, 0, 0 }
	};
	struct http_head	 h;
	enum http_result	 r;
	char			 name[128];
	size_t			 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "http %s", t[i].what);
		r = parse(&h, t[i].mode, t[i].in, t[i].len, t[i].len);
		CASE(r == HTTP_DONE && strcmp(h.host, t[i].host) == 0 &&
		    h.port == t[i].port && h.connect == t[i].connect &&
		    h.body == t[i].body && h.len == t[i].len - t[i].rest,
		    name, "%d: status %d, %s", (int)r, h.status,
		    h.why != NULL ? h.why : "no reason");
		check_split(t[i].what, t[i].mode, t[i].in, t[i].len);
	}
}

static void
test_refused(void)
{
	static const struct {
		const char	*what;
		enum http_mode	 mode;
		int		 status;
		const char	*in;
		size_t		 len;
	} t[] = {
		/* not even a request */
		{ "TLS record", HTTP_PROXY, 400, S("\x16") },
		{ "SSLv2", HTTP_PROXY, 400, S("\x80\x2e\x01\x03") },
		{ "lower-case method", HTTP_PROXY, 400, S("g") },
		{ "byte before A", HTTP_PROXY, 400, S("@") },
		{ "byte behind Z", HTTP_PROXY, 400, S("[") },
		{ "method of A", HTTP_PROXY, 501,
		    S("A http://a.example/ HTTP/1.1\r\n") },
		{ "method of Z", HTTP_PROXY, 501,
		    S("ZAZ http://a.example/ HTTP/1.1\r\n") },
		{ "method with an at sign", HTTP_PROXY, 400,
		    S("A@ http://a.example/ HTTP/1.1\r\n") },
		{ "method with a bracket", HTTP_PROXY, 400,
		    S("A[ http://a.example/ HTTP/1.1\r\n") },
		{ "lower-case CONNECT", HTTP_PROXY, 400,
		    S("connect a.example:443 HTTP/1.1\r\n\r\n") },
		{ "mixed case method", HTTP_PROXY, 400,
		    S("Connect a.example:443 HTTP/1.1\r\n") },
		{ "empty line first", HTTP_PROXY, 400, S("\r") },
		{ "LF first", HTTP_PROXY, 400, S("\n") },
		{ "blank first", HTTP_PROXY, 400, S(" GET") },
		{ "NUL first", HTTP_PROXY, 400, S("\0") },
		{ "SOCKS", HTTP_PROXY, 400, S("\x05\x01") },
		{ "SSH", HTTP_PROXY, 400, S("SSH-2.0-OpenSSH_9.2\r\n") },
		{ "HTTP/2 preface", HTTP_PROXY, 505,
		    S("PRI * HTTP/2.0\r\n") },
		{ "HTTP/0.9", HTTP_PROXY, 505,
		    S("GET http://a.example/\r\n") },
		{ "HTTP/0.9 CONNECT", HTTP_PROXY, 505,
		    S("CONNECT a.example:443\r\n") },
		{ "HTTP/0.9 transparent", HTTP_TRANSPARENT, 505,
		    S("GET /\r\n") },
		{ "HTTP/1.2", HTTP_PROXY, 505,
		    S("GET http://a.example/ HTTP/1.2\r\n") },
		{ "HTTP/2.0", HTTP_PROXY, 505,
		    S("GET http://a.example/ HTTP/2.0\r\n") },
		{ "HTTP/3.1", HTTP_PROXY, 505,
		    S("CONNECT a.example:443 HTTP/3.1\r\n") },
		{ "HTTP/01.1", HTTP_PROXY, 400,
		    S("GET http://a.example/ HTTP/01.1\r\n") },
		{ "HTTP/1.10", HTTP_PROXY, 400,
		    S("GET http://a.example/ HTTP/1.10\r\n") },
		{ "HTTP/1", HTTP_PROXY, 400,
		    S("GET http://a.example/ HTTP/1\r\n") },
		{ "http/1.1", HTTP_PROXY, 400,
		    S("GET http://a.example/ http/1.1\r\n") },
		{ "HTTP/1.x", HTTP_PROXY, 505,
		    S("GET http://a.example/ HTTP/1.x\r\n") },
		{ "HTTP/1./", HTTP_PROXY, 505,
		    S("GET http://a.example/ HTTP/1./\r\n") },
		{ "HTTP/x.1", HTTP_PROXY, 505,
		    S("GET http://a.example/ HTTP/x.1\r\n") },
		{ "HTTP/1,1", HTTP_PROXY, 400,
		    S("GET http://a.example/ HTTP/1,1\r\n") },
		{ "ICY/1.1", HTTP_PROXY, 400,
		    S("GET http://a.example/ HTTQ/1.1\r\n") },
		{ "blank behind the version", HTTP_PROXY, 400,
		    S("GET http://a.example/ HTTP/1.1 \r\n") },
		{ "two blanks before the target", HTTP_PROXY, 400,
		    S("GET  http://a.example/ HTTP/1.1\r\n") },
		{ "two blanks behind the target", HTTP_PROXY, 400,
		    S("GET http://a.example/  HTTP/1.1\r\n") },
		{ "tab behind the method", HTTP_PROXY, 400,
		    S("GET\thttp://a.example/ HTTP/1.1\r\n") },
		{ "tab in the target", HTTP_PROXY, 400,
		    S("GET http://a.example/\t HTTP/1.1\r\n") },
		{ "second target", HTTP_PROXY, 400,
		    S("CONNECT a.example:443 b.example:443 HTTP/1.1\r\n") },
		{ "no target", HTTP_PROXY, 505, S("GET HTTP/1.1\r\n") },
		{ "empty target", HTTP_PROXY, 400, S("GET  HTTP/1.1\r\n") },
		{ "empty target, transparent", HTTP_TRANSPARENT, 400,
		    S("GET  HTTP/1.1\r\n") },
		{ "method alone", HTTP_PROXY, 400, S("GET\r\n") },
		{ "method with a digit", HTTP_PROXY, 400,
		    S("GET1 http://a.example/ HTTP/1.1\r\n") },

		/* methods */
		{ "unknown method", HTTP_PROXY, 501,
		    S("FETCH http://a.example/ HTTP/1.1\r\n") },
		{ "TRACE", HTTP_PROXY, 501,
		    S("TRACE http://a.example/ HTTP/1.1\r\n") },
		{ "half a method", HTTP_PROXY, 501,
		    S("GE http://a.example/ HTTP/1.1\r\n") },
		{ "CONNECT, transparent", HTTP_TRANSPARENT, 405,
		    S("CONNECT a.example:443 HTTP/1.1\r\n") },

		/* targets */
		{ "origin-form", HTTP_PROXY, 400, S(PATH) },
		{ "asterisk-form", HTTP_PROXY, 400,
		    S("OPTIONS * HTTP/1.1\r\n") },
		{ "authority-form of GET", HTTP_PROXY, 400,
		    S("GET a.example:80 HTTP/1.1\r\n") },
		{ "https URL", HTTP_PROXY, 400,
		    S("GET https://a.example/ HTTP/1.1\r\n") },
		{ "ftp URL", HTTP_PROXY, 400,
		    S("GET ftp://a.example/ HTTP/1.1\r\n") },
		{ "http:/ URL", HTTP_PROXY, 400,
		    S("GET http:/a.example/ HTTP/1.1\r\n") },
		{ "URL without a host", HTTP_PROXY, 400,
		    S("GET http:// HTTP/1.1\r\n") },
		{ "URL with a port alone", HTTP_PROXY, 400,
		    S("GET http://:80/ HTTP/1.1\r\n") },
		{ "URL with an empty host", HTTP_PROXY, 400,
		    S("GET http:///a.example HTTP/1.1\r\n") },
		{ "URL with an empty port", HTTP_PROXY, 400,
		    S("GET http://a.example:/ HTTP/1.1\r\n") },
		{ "URL with port 0", HTTP_PROXY, 400,
		    S("GET http://a.example:0/ HTTP/1.1\r\n") },
		{ "URL with two ports", HTTP_PROXY, 400,
		    S("GET http://a.example:80:80/ HTTP/1.1\r\n") },
		{ "URL with a user", HTTP_PROXY, 400,
		    S("GET http://u@a.example/ HTTP/1.1\r\n") },
		{ "URL with a user and password", HTTP_PROXY, 400,
		    S("GET http://u:80@a.example/ HTTP/1.1\r\n") },
		{ "URL with a backslash", HTTP_PROXY, 400,
		    S("GET http://a.example\\@b.example/ HTTP/1.1\r\n") },
		{ "URL with a fragment", HTTP_PROXY, 400,
		    S("GET http://a.example/#x HTTP/1.1\r\n") },
		{ "URL with a fragment for a path", HTTP_PROXY, 400,
		    S("GET http://a.example#@b.example/ HTTP/1.1\r\n") },
		{ "URL with UTF-8 in its path", HTTP_PROXY, 400,
		    S("GET http://a.example/\xc3\xbc HTTP/1.1\r\n") },
		{ "URL with an address", HTTP_PROXY, 403,
		    S("GET http://127.0.0.1/ HTTP/1.1\r\n") },
		{ "URL with IPv6", HTTP_PROXY, 403,
		    S("GET http://[::1]:80/ HTTP/1.1\r\n") },
		{ "URL with IPv6, no port", HTTP_PROXY, 400,
		    S("GET http://[::1]/ HTTP/1.1\r\n") },
		{ "CONNECT without a port", HTTP_PROXY, 400,
		    S("CONNECT a.example HTTP/1.1\r\n") },
		{ "CONNECT, port 443x", HTTP_PROXY, 400,
		    S("CONNECT a.example:443x HTTP/1.1\r\n") },
		{ "CONNECT, port +443", HTTP_PROXY, 400,
		    S("CONNECT a.example:+443 HTTP/1.1\r\n") },
		{ "CONNECT, port https", HTTP_PROXY, 400,
		    S("CONNECT a.example:https HTTP/1.1\r\n") },
		{ "CONNECT with a path", HTTP_PROXY, 400,
		    S("CONNECT a.example:443/ HTTP/1.1\r\n") },
		{ "CONNECT with a query", HTTP_PROXY, 400,
		    S("CONNECT a.example:443?x HTTP/1.1\r\n") },
		{ "CONNECT with a fragment", HTTP_PROXY, 400,
		    S("CONNECT a.example:443#x HTTP/1.1\r\n") },
		{ "CONNECT with a URL", HTTP_PROXY, 400,
		    S("CONNECT http://a.example:443 HTTP/1.1\r\n") },
		{ "CONNECT with a user", HTTP_PROXY, 400,
		    S("CONNECT u@a.example:443 HTTP/1.1\r\n") },
		{ "CONNECT to [name]", HTTP_PROXY, 400,
		    S("CONNECT [a.example]:443 HTTP/1.1\r\n") },
		{ "CONNECT to IPv4", HTTP_PROXY, 403,
		    S("CONNECT 169.254.169.254:443 HTTP/1.1\r\n") },
		{ "CONNECT to IPv6", HTTP_PROXY, 403,
		    S("CONNECT [::1]:443 HTTP/1.1\r\n") },
		{ "CONNECT to a number", HTTP_PROXY, 403,
		    S("CONNECT 2130706433:443 HTTP/1.1\r\n") },
		{ "absolute-form, transparent", HTTP_TRANSPARENT, 400,
		    S(GET) },
		{ "asterisk-form, transparent", HTTP_TRANSPARENT, 400,
		    S("OPTIONS * HTTP/1.1\r\n") },
		{ "fragment, transparent", HTTP_TRANSPARENT, 400,
		    S("GET /#x HTTP/1.1\r\n") },

		/* lines */
		{ "LF behind the request line", HTTP_PROXY, 400,
		    S("GET http://a.example/ HTTP/1.1\n") },
		{ "LF behind a header", HTTP_PROXY, 400, S(GET "X: y\n") },
		{ "LF for the empty line", HTTP_PROXY, 400, S(GET "\n") },
		{ "CR in the request line", HTTP_PROXY, 400,
		    S("GET http://a.example/\r HTTP/1.1\r\n") },
		{ "CR in a header", HTTP_PROXY, 400, S(GET "X: y\rZ: z") },
		{ "CR CR LF", HTTP_PROXY, 400, S(GET "X: y\r\r\n") },
		{ "CR for the empty line", HTTP_PROXY, 400, S(GET "\rX") },
		{ "NUL in the request line", HTTP_PROXY, 400,
		    S("GET http://a.example/\0") },
		{ "NUL in a name", HTTP_PROXY, 400,
		    S("CONNECT a.example\0") },
		{ "NUL in a header", HTTP_PROXY, 400, S(GET "X: y\0") },
		{ "VT in a header", HTTP_PROXY, 400, S(GET "X: y\v") },
		{ "DEL in a header", HTTP_PROXY, 400, S(GET "X: y\x7f") },
		{ "ESC in a header", HTTP_PROXY, 400, S(GET "X: y\x1b") },
		{ "folded with a blank", HTTP_PROXY, 400,
		    S(GET "X: y\r\n z\r\n") },
		{ "folded with a tab", HTTP_PROXY, 400,
		    S(GET "X: y\r\n\tz\r\n") },
		{ "folded first header", HTTP_PROXY, 400,
		    S(GET " X: y\r\n") },
		{ "folded nothing", HTTP_PROXY, 400, S(GET " \r\n") },

		/* headers */
		{ "blank before the colon", HTTP_PROXY, 400,
		    S(GET "Host : a.example\r\n") },
		{ "tab before the colon", HTTP_PROXY, 400,
		    S(GET "Host\t: a.example\r\n") },
		{ "no colon", HTTP_PROXY, 400, S(GET "Host\r\n") },
		{ "empty name", HTTP_PROXY, 400, S(GET ": x\r\n") },
		{ "blank in a name", HTTP_PROXY, 400, S(GET "X Y: x\r\n") },
		{ "Latin-1 in a name", HTTP_PROXY, 400,
		    S(GET "X\xfc: x\r\n") },
		{ "brackets in a name", HTTP_PROXY, 400,
		    S(GET "X(): x\r\n") },
		{ "two Hosts", HTTP_PROXY, 400,
		    S(GET "Host: a.example\r\nHost: a.example\r\n") },
		{ "two Hosts of CONNECT", HTTP_PROXY, 400,
		    S("CONNECT a.example:443 HTTP/1.1\r\n"
		    "Host: a.example\r\nHOST: b.example\r\n") },
		{ "two Hosts, transparent", HTTP_TRANSPARENT, 400,
		    S(PATH "Host: a.example\r\nHost: a.example\r\n") },
		{ "no Host, transparent", HTTP_TRANSPARENT, 400,
		    S(PATH "\r\n") },
		{ "no Host, transparent 1.0", HTTP_TRANSPARENT, 400,
		    S("GET / HTTP/1.0\r\n\r\n") },
		{ "blank Host, transparent", HTTP_TRANSPARENT, 400,
		    S(PATH "Host: \t \r\n") },
		{ "empty Host, transparent", HTTP_TRANSPARENT, 400,
		    S(PATH "Host:\r\n") },
		{ "Host with a blank", HTTP_TRANSPARENT, 400,
		    S(PATH "Host: a.example b.example\r\n") },
		{ "Host with a comma", HTTP_TRANSPARENT, 400,
		    S(PATH "Host: a.example,b.example\r\n") },
		{ "Host with a user", HTTP_TRANSPARENT, 400,
		    S(PATH "Host: u@a.example\r\n") },
		{ "Host with a path", HTTP_TRANSPARENT, 400,
		    S(PATH "Host: a.example/\r\n") },
		{ "Host with an empty port", HTTP_TRANSPARENT, 400,
		    S(PATH "Host: a.example:\r\n") },
		{ "Host with another port", HTTP_TRANSPARENT, 400,
		    S(PATH "Host: a.example:22\r\n") },
		{ "Host with an address", HTTP_TRANSPARENT, 403,
		    S(PATH "Host: 127.1\r\n") },

		/* framing */
		{ "two lengths", HTTP_PROXY, 400,
		    S(GET "Content-Length: 5\r\nContent-Length: 6\r\n") },
		{ "two equal lengths", HTTP_PROXY, 400,
		    S(GET "Content-Length: 5\r\ncontent-length: 5\r\n") },
		{ "list of lengths", HTTP_PROXY, 400,
		    S(GET "Content-Length: 5, 5\r\n") },
		{ "empty length", HTTP_PROXY, 400,
		    S(GET "Content-Length:\r\n") },
		{ "blank length", HTTP_PROXY, 400,
		    S(GET "Content-Length: \t \r\n") },
		{ "length with a sign", HTTP_PROXY, 400,
		    S(GET "Content-Length: +5\r\n") },
		{ "negative length", HTTP_PROXY, 400,
		    S(GET "Content-Length: -5\r\n") },
		{ "hexadecimal length", HTTP_PROXY, 400,
		    S(GET "Content-Length: 0x5\r\n") },
		{ "length with a blank", HTTP_PROXY, 400,
		    S(GET "Content-Length: 5 5\r\n") },
		{ "length with a letter", HTTP_PROXY, 400,
		    S(GET "Content-Length: 5a\r\n") },
		{ "length too large", HTTP_PROXY, 413,
		    S(GET "Content-Length: 1000000000000000000\r\n") },
		{ "length of 2^64 + 5", HTTP_PROXY, 413,
		    S(GET "Content-Length: 18446744073709551621\r\n") },
		{ "length, then chunked", HTTP_PROXY, 400,
		    S(GET "Content-Length: 5\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n") },
		{ "chunked, then length", HTTP_PROXY, 400,
		    S(GET "Transfer-Encoding: chunked\r\n"
		    "Content-Length: 5\r\n\r\n") },
		{ "length 0 and chunked", HTTP_PROXY, 400,
		    S(GET "Content-Length: 0\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n") },
		{ "length and identity", HTTP_PROXY, 400,
		    S(GET "Content-Length: 5\r\n"
		    "Transfer-Encoding: identity\r\n\r\n") },
		{ "two codings", HTTP_PROXY, 400,
		    S(GET "Transfer-Encoding: chunked\r\n"
		    "Transfer-Encoding: chunked\r\n") },
		{ "chunked, chunked", HTTP_PROXY, 501,
		    S(GET "Transfer-Encoding: chunked, chunked\r\n\r\n") },
		{ "gzip, chunked", HTTP_PROXY, 501,
		    S(GET "Transfer-Encoding: gzip, chunked\r\n\r\n") },
		{ "xchunked", HTTP_PROXY, 501,
		    S(GET "Transfer-Encoding: xchunked\r\n\r\n") },
		{ "blank coding", HTTP_PROXY, 501,
		    S(GET "Transfer-Encoding: \t \r\n\r\n") },
		{ "empty coding", HTTP_PROXY, 501,
		    S(GET "Transfer-Encoding:\r\n\r\n") },
		{ "chunked 1.0", HTTP_PROXY, 400,
		    S("GET http://a.example/ HTTP/1.0\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n") },
		{ "CONNECT with a length", HTTP_PROXY, 400,
		    S("CONNECT a.example:443 HTTP/1.1\r\n"
		    "Content-Length: 5\r\n\r\n") },
		{ "CONNECT, chunked", HTTP_PROXY, 400,
		    S("CONNECT a.example:443 HTTP/1.1\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n") },
		{ "17 connection options", HTTP_PROXY, 400,
		    S(GET "Connection: a,b,c,d,e,f,g,h\r\n"
		    "Connection: i,j,k,l,m,n,o,p,q\r\n") },
		{ "option that is no token", HTTP_PROXY, 400,
		    S(GET "Connection: close;x\r\n") }
	};
	struct http_head	 h;
	enum http_result	 r;
	char			 name[128];
	size_t			 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "http refuses %s",
		    t[i].what);
		r = parse(&h, t[i].mode, t[i].in, t[i].len, t[i].len);
		CASE(r == HTTP_ERROR && h.status == t[i].status &&
		    h.why != NULL, name, "%d: status %d, %s", (int)r,
		    h.status, h.why != NULL ? h.why : "no reason");
		check_split(t[i].what, t[i].mode, t[i].in, t[i].len);
	}
}

/* What a person reads says what to do about it. */
static void
test_reasons(void)
{
	static const struct {
		const char	*in;
		size_t		 len;
		const char	*why;
	} t[] = {
		{ S("\x16"), "not TLS" },
		{ S("\x80"), "not TLS" },
		{ S("\r"), "empty line" },
		{ S("\n"), "empty line" },
		{ S("GET \0"), "NUL" },
		{ S("GET \x01"), "control character" },
		{ S("GET / HTTP/1.1\r\n"), "this is a proxy" },
		{ S("GET https://a.example/ HTTP/1.1\r\n"),
		    "with CONNECT" },
		{ S("GET a.example HTTP/1.1\r\n"), "not an http URL" },
		{ S("GET http://a@b.example/ HTTP/1.1\r\n"), "user name" },
		{ S("CONNECT a.example HTTP/1.1\r\n"), "host and port" },
		{ S("CONNECT a.example:x HTTP/1.1\r\n"), "port" },
		{ S("CONNECT a_b.example:443 HTTP/1.1\r\n"), "letters" },
		{ S("CONNECT 127.1:443 HTTP/1.1\r\n"), "addresses" },
		{ S(GET " x\r\n"), "folded" },
		{ S(GET "\tx\r\n"), "folded" }
	};
	struct http_head	 h;
	enum http_result	 r;
	char			 name[128];
	size_t			 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "http reason %zu: %s", i,
		    t[i].why);
		r = parse(&h, HTTP_PROXY, t[i].in, t[i].len, t[i].len);
		CASE(r == HTTP_ERROR && strstr(h.why, t[i].why) != NULL,
		    name, "%s", h.why);
	}
}

static void
test_rebuilt(void)
{
	static const struct {
		const char	*what;
		enum http_mode	 mode;
		const char	*in;
		const char	*out;
	} t[] = {
		{ "GET", HTTP_PROXY, GET "Host: a.example\r\nX: y\r\n\r\n",
		    "GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\n"
		    "Connection: close\r\n\r\n" },
		{ "Host from the target", HTTP_PROXY,
		    "GET http://A.Example.:8080/b?c HTTP/1.1\r\nX: y\r\n"
		    "Host: evil.example\r\n\r\n",
		    "GET /b?c HTTP/1.1\r\nHost: a.example:8080\r\nX: y\r\n"
		    "Connection: close\r\n\r\n" },
		{ "no path", HTTP_PROXY,
		    "GET http://a.example HTTP/1.1\r\n\r\n",
		    "GET / HTTP/1.1\r\nHost: a.example\r\n"
		    "Connection: close\r\n\r\n" },
		{ "query alone", HTTP_PROXY,
		    "GET http://a.example?b=/c HTTP/1.1\r\n\r\n",
		    "GET /?b=/c HTTP/1.1\r\nHost: a.example\r\n"
		    "Connection: close\r\n\r\n" },
		{ "path with a URL in it", HTTP_PROXY,
		    "GET http://a.example//b:1/@?http://c HTTP/1.1\r\n\r\n",
		    "GET //b:1/@?http://c HTTP/1.1\r\nHost: a.example\r\n"
		    "Connection: close\r\n\r\n" },
		{ "1.0", HTTP_PROXY,
		    "HEAD http://a.example:80/ HTTP/1.0\r\n\r\n",
		    "HEAD / HTTP/1.0\r\nHost: a.example\r\n"
		    "Connection: close\r\n\r\n" },
		{ "body", HTTP_PROXY,
		    "POST http://a.example/ HTTP/1.1\r\n"
		    "Content-Length:  007\r\nExpect: 100-continue\r\n\r\n",
		    "POST / HTTP/1.1\r\nHost: a.example\r\n"
		    "Content-Length: 7\r\n"
		    "Connection: close\r\n\r\n" },
		{ "empty body", HTTP_PROXY,
		    "PUT http://a.example/ HTTP/1.1\r\n"
		    "Content-Length: 0\r\n\r\n",
		    "PUT / HTTP/1.1\r\nHost: a.example\r\n"
		    "Content-Length: 0\r\nConnection: close\r\n\r\n" },
		{ "hop by hop", HTTP_PROXY,
		    GET "A: 1\r\nConnection: keep-alive\r\n"
		    "Keep-Alive: 5\r\nTE: trailers\r\nTrailer: X\r\n"
		    "Upgrade: h2c\r\nClose: 1\r\nB: 2\r\n\r\n",
		    PATH "Host: a.example\r\nA: 1\r\nB: 2\r\n"
		    "Connection: close\r\n\r\n" },
		{ "Proxy-*", HTTP_PROXY,
		    GET "Proxy-Authorization: Basic eA==\r\n"
		    "proxy-connection: keep-alive\r\nPROXY-Foo: x\r\n"
		    "Proxy: 1\r\nKeep-Alive: 5\r\n\r\n",
		    PATH "Host: a.example\r\nProxy: 1\r\n"
		    "Connection: close\r\n\r\n" },
		{ "named by Connection", HTTP_PROXY,
		    GET "X-One: 1\r\nX-On: 0\r\nConnection: close, x-one\r\n"
		    "X-TWO: 2\r\nConnection:X-Two ,\r\n"
		    "Connection: Host, Content-Length\r\n"
		    "Content-Length: 3\r\n\r\n",
		    PATH "Host: a.example\r\nX-On: 0\r\n"
		    "Content-Length: 3\r\nConnection: close\r\n\r\n" },
		{ "longer and shorter names", HTTP_PROXY,
		    GET "TEX: 1\r\nT: 2\r\nHosts: 3\r\nUpgrades: 4\r\n\r\n",
		    PATH "Host: a.example\r\nTEX: 1\r\nT: 2\r\nHosts: 3\r\n"
		    "Upgrades: 4\r\nConnection: close\r\n\r\n" },
		{ "chunked", HTTP_PROXY,
		    GET "A: b\r\nTransfer-Encoding: Chunked\r\nB: c\r\n\r\n",
		    PATH "Host: a.example\r\nA: b\r\nB: c\r\n"
		    "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" },
		{ "chunked, transparent", HTTP_TRANSPARENT,
		    PATH "Host: a.example\r\nTransfer-Encoding: chunked\r\n\r\n",
		    PATH "Host: a.example\r\n"
		    "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" },
		{ "transparent", HTTP_TRANSPARENT,
		    "GET /x?y HTTP/1.1\r\nA: b\r\nHost: A.EXAMPLE:80\r\n"
		    "Connection: a\r\n\r\n",
		    "GET /x?y HTTP/1.1\r\nHost: a.example\r\n"
		    "Connection: close\r\n\r\n" }
	};
	struct http_head	 h;
	char			 name[128], out[HTTP_REBUILD_MAX];
	char			*in;
	ssize_t			 n;
	size_t			 i, len;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(name, sizeof(name), "http rebuilds %s",
		    t[i].what);
		len = strlen(t[i].in);
		in = exact(t[i].in, len);
		http_init(&h, t[i].mode);
		n = -1;
		if (http_parse(&h, in, len) == HTTP_DONE)
			n = http_rebuild(&h, in, out, sizeof(out));
		CASE(n == (ssize_t)strlen(t[i].out) &&
		    memcmp(out, t[i].out, (size_t)n) == 0, name, "%zd: %.*s",
		    n, n < 0 ? 0 : (int)n, out);
		free(in);
	}
}

static void
test_limits(void)
{
	struct http_head	 h;
	enum http_result	 r;
	static char		 buf[2 * HTTP_HEAD_MAX];
	char			*one;
	size_t			 i, len, n;

	/* The head of exactly 16 KB passes, one byte more does not. */
	for (i = 0; i < 2; i++) {
		len = strlen(GET "X: ");
		memcpy(buf, GET "X: ", len);
		n = HTTP_HEAD_MAX + i - len - 4;
		memset(buf + len, 'x', n);
		memcpy(buf + len + n, "\r\n\r\nbody", 8);
		r = parse(&h, HTTP_PROXY, buf, len + n + 8, len + n + 8);
		if (i == 0)
			CASE(r == HTTP_DONE && h.len == HTTP_HEAD_MAX,
			    "http head of 16 KB", "%d: %d", (int)r, h.status);
		else
			CASE(r == HTTP_ERROR && h.status == 431,
			    "http head of 16 KB and a byte", "%d: %d", (int)r,
			    h.status);
	}
	r = parse(&h, HTTP_PROXY, buf, HTTP_HEAD_MAX, 4096);
	CASE(r == HTTP_ERROR && h.status == 431, "http head without an end",
	    "%d: %d", (int)r, h.status);

	for (i = 100; i <= 101; i++) {
		len = (size_t)snprintf(buf, sizeof(buf), GET);
		for (n = 0; n < i; n++)
			len += (size_t)snprintf(buf + len, sizeof(buf) - len,
			    "X-%zu: y\r\n", n);
		len += (size_t)snprintf(buf + len, sizeof(buf) - len, "\r\n");
		r = parse(&h, HTTP_PROXY, buf, len, len);
		if (i == 100)
			CASE(r == HTTP_DONE && h.headers == 100,
			    "http 100 headers", "%d: %d", (int)r, h.status);
		else
			CASE(r == HTTP_ERROR && h.status == 431,
			    "http 101 headers", "%d: %d", (int)r, h.status);
	}
	http_init(&h, HTTP_PROXY);
	one = exact("\x16", 1);
	r = http_parse(&h, one + 1, 0);
	CASE(r == HTTP_MORE, "http of nothing", "%d", (int)r);
	free(one);
	memset(buf, 'x', sizeof(buf));
	memcpy(buf, "GET http://a.example/", 21);
	r = parse(&h, HTTP_PROXY, buf, HTTP_LINE_MAX, 1000);
	CASE(r == HTTP_MORE, "http long request line", "%d", (int)r);
	r = parse(&h, HTTP_PROXY, buf, HTTP_LINE_MAX + 1, 1000);
	CASE(r == HTTP_ERROR && h.status == 414, "http longer request line",
	    "%d: %d", (int)r, h.status);
	memset(buf, '\r', sizeof(buf));
	buf[0] = 'G';
	r = parse(&h, HTTP_PROXY, buf, sizeof(buf), 1);
	CASE(r == HTTP_ERROR && h.status == 400, "http endless CR", "%d: %d",
	    (int)r, h.status);
}

/* The longest head fits HTTP_REBUILD_MAX; no smaller room is overrun. */
static void
test_rebuild_size(void)
{
	struct http_head	 h;
	char			 in[1024], *out;
	size_t			 len, n;
	ssize_t			 r, whole;
	int			 good = 1;

	len = (size_t)snprintf(in, sizeof(in), "POST http://%s:65535? "
	    "HTTP/1.1\r\nContent-Length: 999999999999999999\r\nX: y\r\n\r\n",
	    L253);
	http_init(&h, HTTP_PROXY);
	if (http_parse(&h, in, len) != HTTP_DONE)
		abort();
	out = exact(in, sizeof(in));
	whole = http_rebuild(&h, in, out, sizeof(in));
	free(out);
	CASE(whole > 0 && (size_t)whole < len + 512 &&
	    whole > (ssize_t)len - 8, "http rebuilt size", "%zd", whole);
	for (n = 0; whole > 0 && n <= (size_t)whole + 1; n++) {
		out = exact(in, n);
		r = http_rebuild(&h, in, out, n);
		good &= n <= (size_t)whole ? r == -1 : r == whole;
		free(out);
	}
	CASE(good, "http rebuilt in too little room", "not refused");
}

static void
test_errors(void)
{
	static const int status[] = {
		400, 403, 405, 408, 413, 417, 414, 431, 501, 502, 503, 504,
		505, 599
	};
	char	 out[HTTP_ERROR_MAX], name[64], why[4096], *end;
	size_t	 i, n, len;

	n = http_error(out, sizeof(out), 403, "evil.example:443 is not in "
	    "the allowlist");
	CASE(n == strlen(out) && strcmp(out,
	    "HTTP/1.1 403 Forbidden: evil.example:443 is not in the "
	    "allowlist\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 49\r\nConnection: close\r\n\r\n"
	    "proxyd: evil.example:443 is not in the allowlist\n") == 0,
	    "http error 403", "%s", out);
	for (i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
		(void)snprintf(name, sizeof(name), "http error length %d",
		    status[i]);
		n = http_error(out, sizeof(out), status[i], "why");
		end = strstr(out, "Content-Length: ");
		len = end != NULL ? strtoul(end + 16, NULL, 10) : 0;
		end = strstr(out, "\r\n\r\n");
		CASE(end != NULL && out + n == end + 4 + len &&
		    atoi(out + 9) == status[i] &&
		    (strstr(out, "Allow: ") != NULL) == (status[i] == 405) &&
		    (strstr(out, "Error") != NULL) == (status[i] == 599),
		    name, "%s", out);
	}
	n = http_error(out, sizeof(out), 400, "a\r\nSet-Cookie: ~\x1b\xff");
	CASE(n > 0 && strstr(out, "400 Bad Request: a??Set-Cookie: ~??\r\n")
	    != NULL, "http error with control characters", "%s", out);
	memset(why, 'w', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	n = http_error(out, sizeof(out), 431, why);
	CASE(n > 0 && n == strlen(out) && out[n - 1] == '\n',
	    "http error with a long reason", "%zu", n);
	n = http_error(out, sizeof(out), 400, "why");
	CASE(http_error(out, n, 400, "why") == 0 &&
	    http_error(out, n + 1, 400, "why") == n,
	    "http error in too little room", "written");
}
