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

#define TOKEN	"token-0123456789"
#define AUTH	"x-api-key: " TOKEN "\r\n"
#define HOST	"Host: a\r\n"
#define LINE	"POST /v1/messages HTTP/1.1\r\n" HOST
#define OK	"HTTP/1.1 200 OK\r\n"
#define A100	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void	 test_paths(void);
static void	 test_allow_parse(void);
static void	 test_allowed(void);
static void	 test_requests(void);
static void	 test_request_fields(void);
static void	 test_request_sound(void);
static void	 test_headers(void);
static void	 test_header_names(void);
static void	 test_header_sound(void);
static void	 test_responses(void);
static void	 test_response_split(void);
static void	 test_rebuilt(void);
static void	 test_rebuild_size(void);
static void	 test_chunks(void);
static void	 test_chunks_split(void);
static int	 head_of(struct http_head *, const char *);
static int	 judge(const char *, struct gate_request *, const char **);

static struct gate_allow allows[GATE_ALLOWS];
static size_t	 nallows;

int
main(void)
{
	size_t	 i;

	for (i = 0; gate_defaults[i] != NULL; i++)
		if (gate_allow_parse(gate_defaults[i], &allows[nallows++]) ==
		    -1)
			return (1);
	test_paths();
	test_allow_parse();
	test_allowed();
	test_requests();
	test_request_fields();
	test_request_sound();
	test_headers();
	test_header_names();
	test_header_sound();
	test_responses();
	test_response_split();
	test_rebuilt();
	test_rebuild_size();
	test_chunks();
	test_chunks_split();
	return (unit_failed);
}

static void
test_paths(void)
{
	static const struct {
		const char	*path;
		int		 sound;
	} t[] = {
		{ "/", 1 }, { "/v1", 1 }, { "/v1/", 1 }, { "/v1/messages", 1 },
		{ "/v1/messages?beta=true", 1 }, { "/a?", 1 }, { "/a?b", 1 },
		{ "/a?b=c&d=e", 1 }, { "/a?b=&", 1 }, { "/a/b-c_d.e~f:g", 1 },
		{ "/...a", 1 }, { "/a..", 1 }, { "/?a", 1 },
		{ "", 0 }, { "a", 0 }, { "*", 0 }, { "//", 0 }, { "//a", 0 },
		{ "/a//b", 0 }, { "/a//", 0 }, { "/.", 0 }, { "/..", 0 },
		{ "/a/./b", 0 }, { "/a/../b", 0 }, { "/a/...", 0 },
		{ "/a/..?b", 0 }, { "/%61", 0 }, { "/a%2fb", 0 }, { "/a;b", 0 },
		{ "/a\\b", 0 }, { "/a b", 0 }, { "/a#b", 0 }, { "/a@b", 0 },
		{ "/a,b", 0 }, { "/a+b", 0 }, { "/a=b", 0 }, { "/a&b", 0 },
		{ "/a?b?c", 0 }, { "/a?b/c", 0 }, { "/a?b%0a", 0 },
		{ "/a?b#c", 0 }, { "/a?b c", 0 }, { "/a\r\n", 0 },
		{ "/\xc3\xa4", 0 }, { "/a\t", 0 }
	};
	size_t	 i;
	char	*p;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		p = exact(t[i].path, strlen(t[i].path) + 1);
		CASE(gate_path_sound(p) == t[i].sound, "path",
		    "\"%s\" is not judged %d", t[i].path, t[i].sound);
		free(p);
	}
}

static void
test_allow_parse(void)
{
	static const char *const bad[] = {
		"", "POST", "POST ", " /a", "/a", "BREW /a", "CONNECT /a",
		"TRACE /a", "POST a", "POST /a/../b", "POST  /a", "POST /a ",
		"POST /a?b", "POST /a*", "POST /*/a", "POST /a/**",
		"POST /a//*", "POST /" A100 A100, "*", "* /a"
	};
	struct gate_allow	 a;
	size_t			 i;

	CASE(gate_allow_parse("POST /a", &a) == 0 && a.method == GATE_POST &&
	    strcmp(a.path, "/a") == 0 && !a.any, "allow plain", "not so");
	CASE(gate_allow_parse("get /a/*", &a) == 0 && a.method == GATE_GET &&
	    strcmp(a.path, "/a/") == 0 && a.any, "allow any", "not so");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CASE(gate_allow_parse(bad[i], &a) == -1, "allow bad",
		    "\"%s\" is taken", bad[i]);
}

static void
test_allowed(void)
{
	static const struct {
		uint8_t		 method;
		const char	*path;
		int		 want;
	} t[] = {
		{ GATE_POST, "/v1/messages", 1 },
		{ GATE_POST, "/v1/messages?beta=true", 1 },
		{ GATE_POST, "/v1/messages/count_tokens", 1 },
		{ GATE_GET, "/v1/models", 1 },
		{ GATE_GET, "/v1/models/x", 1 },
		{ GATE_GET, "/v1/models/x?y", 1 },
		{ GATE_HEAD, "/", 1 },
		{ GATE_GET, "/", 0 },
		{ GATE_GET, "/v1/messages", 0 },
		{ GATE_POST, "/v1/message", 0 },
		{ GATE_POST, "/v1/messagesx", 0 },
		{ GATE_POST, "/v1/messages/", 0 },
		{ GATE_POST, "/v1/Messages", 0 },
		{ GATE_POST, "/v1/files", 0 },
		{ GATE_POST, "/", 0 },
		{ GATE_POST, "/?/v1/messages", 0 },
		{ GATE_GET, "/v1/models/", 0 },
		{ GATE_GET, "/v1/models/?x", 0 },
		{ GATE_GET, "/v1/models/x/y", 0 },
		{ GATE_GET, "/v1/models/x/", 0 },
		{ GATE_GET, "/v1/modelsx", 0 },
		{ GATE_HEAD, "/v1/models", 0 }
	};
	size_t	 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		CASE(gate_allowed(allows, nallows, t[i].method, t[i].path) ==
		    t[i].want, "allowed", "%s %s is not judged %d",
		    gate_methods[t[i].method], t[i].path, t[i].want);
	CASE(!gate_allowed(allows, 0, GATE_POST, "/v1/messages"),
	    "allowed by nothing", "it is");
}

static int
head_of(struct http_head *h, const char *in)
{
	http_init(h, HTTP_GATEWAY);
	return (http_parse(h, in, strlen(in)) == HTTP_DONE);
}

/* The status, or that of the parser before. */
static int
judge(const char *in, struct gate_request *g, const char **why)
{
	struct http_head	 h;
	char			*buf;
	int			 status;

	*why = "";
	buf = exact(in, strlen(in));
	http_init(&h, HTTP_GATEWAY);
	if (http_parse(&h, buf, strlen(in)) == HTTP_DONE)
		status = gate_request(g, &h, buf, TOKEN, allows, nallows, why);
	else
		status = h.status;
	free(buf);
	return (status);
}

static void
test_requests(void)
{
	static const struct {
		const char	*in;
		int		 status;
	} t[] = {
		{ LINE AUTH "\r\n", 0 },
		{ LINE "X-API-KEY:" TOKEN "\r\n\r\n", 0 },
		{ LINE "x-api-key: \t" TOKEN " \t\r\n\r\n", 0 },
		{ LINE "Authorization: Bearer " TOKEN "\r\n\r\n", 0 },
		{ LINE "authorization: bearer " TOKEN "\r\n\r\n", 0 },
		{ LINE AUTH "Authorization: Bearer " TOKEN "\r\n\r\n", 0 },
		{ LINE AUTH AUTH "\r\n", 0 },
		{ LINE "\r\n", 401 },
		{ LINE "x-api-key: \r\n\r\n", 401 },
		{ LINE "x-api-key: token-0123456788\r\n\r\n", 401 },
		{ LINE "x-api-key: Token-0123456789\r\n\r\n", 401 },
		{ LINE "x-api-key: token-012345678\r\n\r\n", 401 },
		{ LINE "x-api-key: " TOKEN "0\r\n\r\n", 401 },
		{ LINE "x-api-key: " TOKEN "," TOKEN "\r\n\r\n", 401 },
		{ LINE "x-api-key: Bearer " TOKEN "\r\n\r\n", 401 },
		{ LINE "Authorization: " TOKEN "\r\n\r\n", 401 },
		{ LINE "Authorization: Bearer\r\n\r\n", 401 },
		{ LINE "Authorization: Bearer  " TOKEN "\r\n\r\n", 401 },
		{ LINE "Authorization: Basic " TOKEN "\r\n\r\n", 401 },
		{ LINE AUTH "x-api-key: other\r\n\r\n", 401 },
		{ LINE "x-api-key: other\r\n" AUTH "\r\n", 401 },
		{ LINE AUTH "Authorization: Bearer other\r\n\r\n", 401 },
		{ LINE AUTH "Authorization: x\r\n\r\n", 401 },
		{ LINE AUTH "Authorization:\r\n\r\n", 401 },
		/* what Connection names is looked at as well */
		{ LINE AUTH "x-api-key: b\r\nConnection: x-api-key\r\n\r\n",
		    401 },
		{ "POST /v1/files HTTP/1.1\r\n" HOST "\r\n", 401 },
		{ "POST /v1/files HTTP/1.1\r\n" HOST AUTH "\r\n", 403 },
		{ "GET /v1/messages HTTP/1.1\r\n" HOST AUTH "\r\n", 403 },
		{ "OPTIONS / HTTP/1.1\r\n" HOST AUTH "\r\n", 403 },
		{ "POST /v1/%66 HTTP/1.1\r\n" HOST AUTH "\r\n", 400 },
		{ "POST v1/messages HTTP/1.1\r\n" HOST AUTH "\r\n", 400 },
		{ "POST http://a/v1/messages HTTP/1.1\r\n" HOST AUTH "\r\n",
		    400 },
		{ "CONNECT a:443 HTTP/1.1\r\n" HOST AUTH "\r\n", 405 },
		{ "POST /v1/messages HTTP/1.0\r\n" HOST AUTH "\r\n", 505 },
		{ "POST /v1/messages HTTP/1.1\r\n" AUTH "\r\n", 400 },
		{ LINE HOST AUTH "\r\n", 400 },
		{ LINE AUTH "Expect: 100-continue\r\n\r\n", 0 },
		{ LINE AUTH "Expect: 100-Continue\r\n\r\n", 0 },
		{ LINE AUTH "Expect: 200-ok\r\n\r\n", 417 },
		{ LINE AUTH "Expect: 100-continue, x\r\n\r\n", 417 },
		{ LINE AUTH "Content-Length: 5\r\n\r\n", 0 },
		{ LINE AUTH "Transfer-Encoding: chunked\r\n\r\n", 0 },
		{ LINE AUTH "Transfer-Encoding: gzip\r\n\r\n", 501 },
		{ LINE AUTH "Transfer-Encoding: chunked\r\n"
		    "Content-Length: 5\r\n\r\n", 400 }
	};
	struct gate_request	 g;
	const char		*why;
	size_t			 i;
	int			 status;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		status = judge(t[i].in, &g, &why);
		CASE(status == t[i].status, "request", "%zu: %d %s, not %d",
		    i, status, why, t[i].status);
	}
}

static void
test_request_fields(void)
{
	struct gate_request	 g;
	const char		*why;

	CASE(judge(LINE AUTH "\r\n", &g, &why) == 0 &&
	    g.method == GATE_POST && strcmp(g.path, "/v1/messages") == 0 &&
	    g.framing == BODY_NONE && g.length == 0 && !g.expect && !g.close,
	    "request without a body", "not so");
	CASE(judge(LINE AUTH "Content-Length: 5\r\nConnection: a, CLOSE\r\n"
	    "Expect: 100-continue\r\n\r\n", &g, &why) == 0 &&
	    g.framing == BODY_LENGTH && g.length == 5 && g.expect && g.close,
	    "request with a length", "not so");
	CASE(judge(LINE AUTH "Content-Length: 0\r\n\r\n", &g, &why) == 0 &&
	    g.framing == BODY_LENGTH && g.length == 0,
	    "request with no length", "not so");
	CASE(judge(LINE AUTH "Transfer-Encoding: Chunked\r\n\r\n", &g,
	    &why) == 0 && g.framing == BODY_CHUNKED && g.length == 0,
	    "request with chunks", "not so");
}

static void
test_request_sound(void)
{
	struct gate_request	 good, g;

	memset(&good, 0, sizeof(good));
	good.method = GATE_POST;
	good.framing = BODY_LENGTH;
	good.length = 5;
	(void)strlcpy(good.path, "/a", sizeof(good.path));
	CASE(gate_request_sound(&good), "sound", "it is not");
	g = good;
	g.method = GATE_METHODS;
	CASE(!gate_request_sound(&g), "sound method", "it is");
	g = good;
	g.framing = BODY_CHUNKED + 1;
	CASE(!gate_request_sound(&g), "sound framing", "it is");
	g.framing = BODY_CHUNKED;
	CASE(!gate_request_sound(&g), "sound length of chunks", "it is");
	g.framing = BODY_NONE;
	CASE(!gate_request_sound(&g), "sound length of nothing", "it is");
	g = good;
	memset(g.path, '/', 1);
	memset(g.path + 1, 'a', sizeof(g.path) - 1);
	CASE(!gate_request_sound(&g), "sound path without NUL", "it is");
	g = good;
	(void)strlcpy(g.path, "/a\r\nx-api-key: b", sizeof(g.path));
	CASE(!gate_request_sound(&g), "sound path with a line", "it is");
}

static void
test_headers(void)
{
	static const char in[] = LINE AUTH "Accept: a\r\nX-App:b\r\n"
	    "X-Other: c\r\nANTHROPIC-Beta:  d, e \t\r\n"
	    "Connection: keep-alive, x-stainless-os\r\n"
	    "X-Stainless-OS: f\r\nX-Stainless-Lang: \r\n"
	    "Content-Length: 5\r\n\r\n";
	static const char *const want[] = {
		"accept: a", "x-app: b", "anthropic-beta: d, e",
		"x-stainless-lang: "
	};
	struct http_head	 h;
	char			 out[GATE_HEADER_SIZE];
	size_t			 i, off;
	ssize_t			 n;

	CASE(head_of(&h, in), "head", "it is none");
	off = 0;
	for (i = 0; (n = gate_header(&h, in, &off, out)) > 0; i++)
		CASE(i < 4 && strcmp(out, want[i]) == 0 &&
		    n == (ssize_t)strlen(out) && gate_header_sound(out),
		    "header", "%zu is \"%s\"", i, out);
	CASE(n == 0 && i == 4, "headers", "%zu", i);
}

static void
test_header_names(void)
{
	static const char *const good[] = {
		"accept", "Accept-Encoding", "content-type", "user-agent",
		"anthropic-version", "anthropic-beta", "x-app",
		"anthropic-dangerous-direct-browser-access",
		"x-stainless-retry-count", "x-claude-code-session-id",
		"idempotency-key"
	};
	static const char *const bad[] = {
		"", "x-api-key", "authorization", "proxy-authorization",
		"cookie", "host", "content-length", "transfer-encoding",
		"connection", "te", "upgrade", "trailer", "expect",
		"x-forwarded-for", "forwarded", "via", "accept_encoding",
		"anthropic_version", "anthropic-api-key", "anthropic-Auth",
		"anthropic-TOKEN", "x-stainless-cookie", "x-claude-secret",
		"x-claude-password", "x-claude-credential", "x-claude_code",
		"anthropicversion", "x-appx", "x-ap", "acceptx",
		"x-http-method-override"
	};
	size_t	 i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CASE(gate_header_passes(good[i], strlen(good[i])),
		    "header passes", "%s does not", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CASE(!gate_header_passes(bad[i], strlen(bad[i])),
		    "header does not pass", "%s does", bad[i]);
}

static void
test_header_sound(void)
{
	static const char *const bad[] = {
		"", ":", ": ", "accept", "accept:", "accept:a", "Accept: a",
		"x-api-key: a", "accept : a", "accept: a\r\nx: y",
		"accept: a\n", "accept: \x7f", "accept: \x01", " accept: a",
		"acc ept: a", "accept\r\n: a"
	};
	size_t	 i;

	CASE(gate_header_sound("accept: a:b \t\xe4"), "header sound",
	    "it is not");
	CASE(gate_header_sound("accept: "), "header sound empty",
	    "it is not");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CASE(!gate_header_sound(bad[i]), "header not sound",
		    "%zu is", i);
}

static const struct {
	const char		*in;
	int			 head;
	enum response_result	 want;
	int			 status, framing;
	unsigned int		 length;
	int			 close;
} responses[] = {
	{ OK "Content-Length: 5\r\n\r\n", 0, RESPONSE_DONE, 200, BODY_LENGTH, 5,
	    0 },
	{ OK "content-length:0\r\n\r\n", 0, RESPONSE_DONE, 200, BODY_LENGTH, 0,
	    0 },
	{ OK "Transfer-Encoding: chunked\r\n\r\n", 0, RESPONSE_DONE, 200,
	    BODY_CHUNKED, 0, 0 },
	{ "HTTP/1.1 529\r\nContent-Length: 1\r\n\r\n", 0, RESPONSE_DONE, 529,
	    BODY_LENGTH, 1, 0 },
	{ "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n", 0, RESPONSE_DONE, 200,
	    BODY_LENGTH, 1, 0 },
	{ OK "Content-Length: 1\r\nConnection: close\r\n\r\n", 0, RESPONSE_DONE,
	    200, BODY_LENGTH, 1, 1 },
	{ OK "Content-Length: 1\r\nConnection: Keep-Alive\r\n\r\n", 0,
	    RESPONSE_DONE, 200, BODY_LENGTH, 1, 0 },
	{ OK "Content-Length: 1\r\nConnection: x, close\r\n\r\n", 0,
	    RESPONSE_DONE, 200, BODY_LENGTH, 1, 1 },
	{ OK "Content-Length: 5\r\n\r\n", 1, RESPONSE_DONE, 200, BODY_NONE, 5,
	    0 },
	{ OK "Transfer-Encoding: chunked\r\n\r\n", 1, RESPONSE_DONE, 200,
	    BODY_NONE, 0, 0 },
	{ OK "\r\n", 1, RESPONSE_DONE, 200, BODY_NONE, 0, 0 },
	{ "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", 0, RESPONSE_DONE, 304,
	    BODY_NONE, 5, 0 },
	{ "HTTP/1.1 204 X\r\n\r\n", 0, RESPONSE_DONE, 204, BODY_NONE, 0, 0 },
	{ "HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_DONE, 204,
	    BODY_NONE, 0, 0 },
	{ "HTTP/1.1 100 X\r\n\r\n", 0, RESPONSE_DONE, 100, BODY_NONE, 0, 0 },
	{ "HTTP/1.1 103 X\r\nLink: a\r\n\r\n", 0, RESPONSE_DONE, 103, BODY_NONE,
	    0, 0 },
	{ "HTTP/1.0 200 OK\r\n\r\n", RESPONSE_ANY, RESPONSE_DONE, 200,
	    BODY_CLOSE, 0, 0 },
	{ OK "\r\n", RESPONSE_ANY, RESPONSE_DONE, 200, BODY_CLOSE, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", RESPONSE_ANY,
	    RESPONSE_DONE, 200, BODY_LENGTH, 3, 0 },
	{ OK "\r\n", RESPONSE_ANY | RESPONSE_TO_HEAD, RESPONSE_DONE, 200,
	    BODY_NONE, 0, 0 },
	{ "HTTP/1.1 304 X\r\n\r\n", RESPONSE_ANY, RESPONSE_DONE, 304,
	    BODY_NONE, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    RESPONSE_ANY, RESPONSE_BAD, 0, 0, 0, 0 },
	{ "HTTP/2.0 200 OK\r\n\r\n", RESPONSE_ANY, RESPONSE_BAD, 0, 0, 0, 0 },
	{ "HTTP/1.2 200 OK\r\n\r\n", RESPONSE_ANY, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    RESPONSE_ANY, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Transfer-Encoding: x\r\n\r\n", RESPONSE_ANY, RESPONSE_BAD, 0,
	    0, 0, 0 },
	{ OK "A:\r\nB: \xe4\t\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_DONE,
	    200, BODY_LENGTH, 0, 0 },
	{ OK "Content-Length: 5\r\n", 0, RESPONSE_MORE, 0, 0, 0, 0 },
	{ "HTTP", 0, RESPONSE_MORE, 0, 0, 0, 0 },
	{ "HTTP/1.1 20", 0, RESPONSE_MORE, 0, 0, 0, 0 },
	{ "HTTP/2", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ "h", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ "", 0, RESPONSE_MORE, 0, 0, 0, 0 },
	{ "\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ "\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0,
	    0 },
	{ "http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ "HTTP/1.1 20\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0,
	    0 },
	{ "HTTP/1.1 200OK\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ "HTTP/1.1 101 X\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ "HTTP/1.1 200 \x01\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ "HTTP/1.1 204 X\r\nContent-Length: 1\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ "HTTP/1.1 100 X\r\nTransfer-Encoding: chunked\r\n\r\n", 0, RESPONSE_BAD,
	    0, 0, 0, 0 },
	{ OK "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 0, RESPONSE_BAD, 0,
	    0, 0, 0 },
	{ OK "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 0,
	    RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 1,
	    RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Transfer-Encoding: gzip\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Content-Length: \r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Content-Length: -1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Content-Length: 1 1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Content-Length: 1,1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "Content-Length: 1111111111111111\r\n\r\n", 0, RESPONSE_BAD, 0, 0,
	    0, 0 },
	{ OK "Content-Length : 1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK " Content-Length: 1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "A: b\r\n c\r\nContent-Length: 1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0,
	    0 },
	{ OK "A\r\nContent-Length: 1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK ": a\r\nContent-Length: 1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 },
	{ OK "A: b\rc\r\nContent-Length: 1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0,
	    0 },
	{ OK "A: b\nContent-Length: 1\r\n\r\n", 0, RESPONSE_BAD, 0, 0, 0, 0 }
};
#define NRESPONSES	(sizeof(responses) / sizeof(responses[0]))

static void
test_responses(void)
{
	struct response	 r;
	enum response_result	 got;
	char			 big[RESPONSE_MAX], *buf;
	size_t			 i, len, n;

	for (i = 0; i < NRESPONSES; i++) {
		len = strlen(responses[i].in);
		buf = exact(responses[i].in, len);
		got = response_parse(&r, buf, len, responses[i].head);
		CASE(got == responses[i].want, "response", "%zu is %d", i,
		    got);
		if (got == RESPONSE_DONE)
			CASE(r.status == responses[i].status &&
			    r.framing == responses[i].framing &&
			    r.length == responses[i].length &&
			    r.close == responses[i].close && r.len == len,
			    "response is what it says", "%zu is not", i);
		free(buf);
	}
	memset(big, 'a', sizeof(big));
	memcpy(big, "HTTP/1.1 ", 9);
	CASE(response_parse(&r, big, sizeof(big) - 1, 0) == RESPONSE_MORE,
	    "response of a long line", "is refused");
	CASE(response_parse(&r, big, sizeof(big), 0) == RESPONSE_BAD,
	    "response of a line too long", "is not refused");
	n = strlcpy(big, OK "Content-Length: 0\r\n", sizeof(big));
	for (i = 0; i < HTTP_HEADERS - 1; i++)
		n = strlcat(big, "A: b\r\n", sizeof(big));
	n = strlcat(big, "\r\n", sizeof(big));
	CASE(response_parse(&r, big, n, 0) == RESPONSE_DONE,
	    "response of many lines", "is refused");
	n = strlcpy(big + n - 2, "A: b\r\n\r\n", sizeof(big) - n) + n - 2;
	CASE(response_parse(&r, big, n, 0) == RESPONSE_BAD,
	    "response of too many lines", "is not refused");
}

/* A head that is cut is not there yet; one with a body behind it is. */
static void
test_response_split(void)
{
	struct response	 r;
	enum response_result	 got;
	size_t			 i, len, n;
	char			 more[256], *buf;

	for (i = 0; i < NRESPONSES; i++) {
		if (responses[i].want != RESPONSE_DONE)
			continue;
		len = strlen(responses[i].in);
		got = RESPONSE_MORE;
		for (n = 0; n < len; n++) {
			buf = exact(responses[i].in, n);
			got = response_parse(&r, buf, n, responses[i].head);
			free(buf);
			if (got != RESPONSE_MORE)
				break;
		}
		CASE(n == len, "response cut", "%zu at %zu is %d", i, n, got);
		(void)snprintf(more, sizeof(more), "%sX: y\n\n", responses[i].in);
		got = response_parse(&r, more, strlen(more),
		    responses[i].head);
		CASE(got == RESPONSE_DONE && r.len == len,
		    "response with a body", "%zu", i);
	}
}

static void
test_rebuilt(void)
{
	static const struct {
		const char	*in;
		int		 head, closes;
		const char	*want;
	} t[] = {
		{ OK "Content-Length: 05\r\nA: b\r\n\r\n", 0, 0,
		    OK "A: b\r\nContent-Length: 5\r\n\r\n" },
		{ OK "Transfer-Encoding: CHUNKED\r\nA: b\r\n\r\n", 0, 0,
		    OK "A: b\r\nTransfer-Encoding: chunked\r\n\r\n" },
		{ OK "Content-Length: 5\r\n\r\n", 0, 1,
		    OK "Content-Length: 5\r\nConnection: close\r\n\r\n" },
		{ OK "Content-Length: 5\r\n\r\n", 1, 0,
		    OK "Content-Length: 5\r\n\r\n" },
		{ OK "Transfer-Encoding: chunked\r\n\r\n", 1, 0, OK "\r\n" },
		{ "HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n", 0, 0,
		    "HTTP/1.1 204 X\r\n\r\n" },
		{ OK "Connection: close\r\nKeep-Alive: 5\r\nSET-COOKIE: a\r\n"
		    "Upgrade: b\r\nTE: c\r\nTrailer: d\r\nProxy-X: e\r\n"
		    "Set-Cookie2x: f\r\nContent-Length: 0\r\n\r\n", 0, 0,
		    OK "Set-Cookie2x: f\r\nContent-Length: 0\r\n\r\n" }
	};
	struct response	 r;
	char			 out[512];
	size_t			 i;
	ssize_t			 n;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (response_parse(&r, t[i].in, strlen(t[i].in), t[i].head) !=
		    RESPONSE_DONE)
			abort();
		n = response_rebuild(&r, t[i].in, t[i].closes, out,
		    sizeof(out));
		CASE(n == (ssize_t)strlen(t[i].want) &&
		    memcmp(out, t[i].want, (size_t)n) == 0, "rebuilt",
		    "%zu is \"%.*s\"", i, (int)n, out);
	}
}

/* Whatever room there is, it is not left; and enough is enough. */
static void
test_rebuild_size(void)
{
	static const char in[] = OK "A: b\r\nContent-Length: 5\r\n\r\n";
	struct response	 r;
	char			*out;
	size_t			 size;
	ssize_t			 n;
	int			 bad;

	if (response_parse(&r, in, sizeof(in) - 1, 0) != RESPONSE_DONE)
		abort();
	bad = 0;
	for (size = 0; size < 256; size++) {
		out = malloc(size + 1);
		n = response_rebuild(&r, in, 1, out, size);
		if (n != -1 && (size_t)n >= size)
			bad = 1;
		if (n == -1 && size > sizeof(in) + 32)
			bad = 1;
		free(out);
	}
	CASE(!bad, "rebuilt in any room", "it is not");
}

static const struct {
	const char	*in;
	const char	*out;
	int		 used;		/* -1: refused; else bytes taken */
	int		 done;
} chunkings[] = {
	{ "0\r\n\r\n", "", 5, 1 },
	{ "1\r\na\r\n0\r\n\r\n", "a", 11, 1 },
	{ "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", 20, 1 },
	{ "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 20, 1 },
	{ "a\r\n0123456789\r\n00\r\n\r\n", "0123456789", 21, 1 },
	{ "000000000001\r\na\r\n0\r\n\r\n", "a", 22, 1 },
	{ "0\r\n\r\nGET /", "", 5, 1 },
	{ "1\r\na\r\n0\r\n\r\n0\r\n\r\n", "a", 11, 1 },
	{ "1\r\na", "a", 4, 0 },
	{ "", "", 0, 0 },
	{ "2\r\nab\r", "ab", 6, 0 },
	{ "\r\n", NULL, -1, 0 },
	{ "g\r\n", NULL, -1, 0 },
	{ " 1\r\na\r\n", NULL, -1, 0 },
	{ "1 \r\na\r\n", NULL, -1, 0 },
	{ "1;a\r\na\r\n", NULL, -1, 0 },
	{ "1;\r\na\r\n", NULL, -1, 0 },
	{ "-1\r\na\r\n", NULL, -1, 0 },
	{ "+1\r\na\r\n", NULL, -1, 0 },
	{ "0x1\r\na\r\n", NULL, -1, 0 },
	{ "1\na\n", NULL, -1, 0 },
	{ "1\ra\r\n", NULL, -1, 0 },
	{ "1\r\r\na", NULL, -1, 0 },
	{ "1\r\nab\r\n", NULL, -1, 0 },
	{ "1\r\na\n", NULL, -1, 0 },
	{ "1\r\na\rb", NULL, -1, 0 },
	{ "0\r\nA: b\r\n\r\n", NULL, -1, 0 },
	{ "0\r\n\n", NULL, -1, 0 },
	{ "0\n\n", NULL, -1, 0 },
	{ "0\r\n\r\r", NULL, -1, 0 },
	{ "0000000000001\r\na\r\n", NULL, -1, 0 },
	{ "1111111111111\r\n", NULL, -1, 0 }
};
#define NCHUNKINGS	(sizeof(chunkings) / sizeof(chunkings[0]))

static void
test_chunks(void)
{
	struct chunked	 c;
	size_t		 i, len, n;
	ssize_t		 used;
	uint8_t		*buf;

	for (i = 0; i < NCHUNKINGS; i++) {
		len = strlen(chunkings[i].in);
		buf = exact(chunkings[i].in, len);
		chunked_init(&c);
		used = chunked_decode(&c, buf, len, &n);
		CASE(used == chunkings[i].used && (used == -1 ||
		    (n == strlen(chunkings[i].out) &&
		    memcmp(buf, chunkings[i].out, n) == 0 &&
		    chunked_done(&c) == chunkings[i].done)), "chunks",
		    "%zu: %zd bytes taken", i, used);
		free(buf);
	}
}

static void
test_chunks_split(void)
{
	struct chunked	 c;
	char		 out[64];
	size_t		 i, len, n, off, step, total;
	ssize_t		 used;
	uint8_t		*buf;
	int		 good;

	for (i = 0; i < NCHUNKINGS; i++)
		for (step = 1; step < 8; step++) {
			len = strlen(chunkings[i].in);
			chunked_init(&c);
			total = 0;
			used = 0;
			for (off = 0; off < len && used != -1; off += (size_t)
			    used) {
				n = len - off < step ? len - off : step;
				buf = exact(chunkings[i].in + off, n);
				used = chunked_decode(&c, buf, n, &n);
				if (used != -1) {
					memcpy(out + total, buf, n);
					total += n;
				}
				free(buf);
				if (chunked_done(&c)) {
					off += (size_t)used;
					break;
				}
			}
			if (chunkings[i].used == -1)
				good = used == -1;
			else
				good = used != -1 &&
				    off == (size_t)chunkings[i].used &&
				    total == strlen(chunkings[i].out) &&
				    memcmp(out, chunkings[i].out, total) == 0;
			CASE(good, "chunks split", "%zu by %zu", i, step);
		}
}
