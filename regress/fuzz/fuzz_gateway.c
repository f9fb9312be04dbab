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


#include <strings.h>

#include "fuzz.h"

/*
 * The gateway: a request's head, and what of it goes on; or, as the first
 * byte says, the head of an answer.
 */

#define TOKEN	"token-0123456789"

static void	 must_request(const char *, size_t);
static void	 must_headers(const struct http_head *, const char *);
static void	 must_hold_token(const char *, size_t);
static void	 must_response(const char *, size_t, int);
static size_t	 must_be_framed_once(const char *, size_t,
		    const struct response *, int);

static struct gate_allow allows[GATE_ALLOWS];
static size_t	 nallows;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (nallows == 0)
		for (; gate_defaults[nallows] != NULL; nallows++)
			MUST(gate_allow_parse(gate_defaults[nallows],
			    &allows[nallows]) == 0);
	if (size < 1)
		return (0);
	if (data[0] & 1)
		must_response((const char *)data + 1, size - 1,
		    data[0] & 2 ? 1 : 0);
	else
		must_request((const char *)data + 1, size - 1);
	return (0);
}

static void
must_request(const char *in, size_t len)
{
	struct gate_request	 g;
	struct http_head	 h;
	const char		*why;
	int			 status;

	http_init(&h, HTTP_GATEWAY);
	if (http_parse(&h, in, len) != HTTP_DONE)
		return;
	MUST(h.minor == 1 && !h.connect);
	MUST(!h.chunked || !h.has_length);
	status = gate_request(&g, &h, in, TOKEN, allows, nallows, &why);
	MUST(status == 0 || status == 400 || status == 401 ||
	    status == 403 || status == 417);
	if (status != 401)
		must_hold_token(in, h.len);
	if (status != 0)
		return;
	MUST(gate_request_sound(&g));
	MUST(gate_allowed(allows, nallows, g.method, g.path));
	MUST(strstr(g.path, "..") == NULL || strchr(g.path, '/') != NULL);
	MUST(strpbrk(g.path, "% \\;#\r\n") == NULL);
	MUST(strstr(g.path, "//") == NULL && strstr(g.path, "/../") == NULL);
	MUST(g.length == h.body);
	must_headers(&h, in);
}

/* None that goes on can be taken for a key, or for framing. */
static void
must_headers(const struct http_head *h, const char *in)
{
	static const char *const never[] = {
		"x-api-key", "authorization", "cookie", "host", "connection",
		"content-length", "transfer-encoding", "expect", "upgrade",
		"te", "trailer", "proxy-authorization", NULL
	};
	char	 line[GATE_HEADER_SIZE];
	size_t	 i, off, n;
	ssize_t	 len;

	off = 0;
	for (n = 0; (len = gate_header(h, in, &off, line)) > 0; n++) {
		MUST((size_t)len == strlen(line));
		MUST(gate_header_sound(line));
		MUST(strpbrk(line, "\r\n") == NULL);
		for (i = 0; never[i] != NULL; i++)
			MUST(strncasecmp(line, never[i], strlen(never[i])) !=
			    0 || line[strlen(never[i])] != ':');
	}
	MUST(n <= h->headers);
}

/* By another way than the gateway's own. */
static void
must_hold_token(const char *in, size_t len)
{
	const char	*end, *s;

	end = in + len;
	for (s = in; s < end; s++)
		if ((size_t)(end - s) > strlen(TOKEN) &&
		    memcmp(s, TOKEN, strlen(TOKEN)) == 0)
			return;
	MUST(!"the token is not there");
}

static void
must_response(const char *in, size_t len, int head)
{
	struct response	 r, again;
	enum response_result	 got;
	char			 out[RESPONSE_REBUILD_MAX];
	ssize_t			 n;
	size_t			 cut;

	if (len > RESPONSE_MAX)
		len = RESPONSE_MAX;
	got = response_parse(&r, in, len, head);
	if (got == RESPONSE_MORE)
		MUST(len < RESPONSE_MAX);
	if (got != RESPONSE_DONE)
		return;
	MUST(r.len <= len && memcmp(in + r.len - 4, "\r\n\r\n", 4) == 0);
	/* what is behind it, or not there yet, makes no difference */
	MUST(response_parse(&again, in, r.len, head) == RESPONSE_DONE);
	MUST(memcmp(&r, &again, sizeof(r)) == 0);
	cut = r.len / 2;
	MUST(response_parse(&again, in, cut, head) == RESPONSE_MORE);
	n = response_rebuild(&r, in, 1, out, sizeof(out));
	MUST(n > 0);
	/* one of ours may be one too many for ourselves */
	if (must_be_framed_once(out, (size_t)n, &r, head) > HTTP_HEADERS + 2)
		return;
	MUST(response_parse(&again, out, (size_t)n, head) == RESPONSE_DONE);
	MUST(again.len == (size_t)n && again.status == r.status);
	MUST(again.framing == r.framing && again.close);
	if (r.framing == BODY_LENGTH)
		MUST(again.length == r.length);
}

/* How many lines it has, with the first and the empty one. */
static size_t
must_be_framed_once(const char *out, size_t len,
    const struct response *r, int head)
{
	const char	*end, *lf, *s;
	size_t		 lines;
	int		 lengths, codings;

	lengths = codings = 0;
	lines = 0;
	end = out + len;
	for (s = out; s < end; s = lf + 1) {
		lines++;
		lf = memchr(s, '\n', (size_t)(end - s));
		MUST(lf != NULL && lf > s && lf[-1] == '\r');
		MUST((lf == s + 1) == (lf == end - 1));
		lengths += strncasecmp(s, "content-length:", 15) == 0;
		codings += strncasecmp(s, "transfer-encoding:", 18) == 0;
		MUST(strncasecmp(s, "set-cookie:", 11) != 0);
	}
	MUST(lengths + codings <= 1);
	if (!head && r->framing != BODY_NONE)
		MUST(lengths + codings == 1);
	return (lines);
}
