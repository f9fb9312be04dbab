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
 * Request heads.  The first byte says the mode and the second where the
 * input is cut in two.  A head that passes is rebuilt into one that holds
 * nothing of this hop, and that, parsed again, is the same request.
 */

static void	 must_split(enum http_mode, const char *, size_t, size_t,
		    const struct http_head *, enum http_result);
static void	 must_answer(const struct http_head *);
static void	 must_rebuild(const struct http_head *, const char *);
static void	 must_be_clean(const char *, size_t);
static void	 must_be_same(const struct http_head *, const char *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head	 h;
	enum http_result	 r;
	enum http_mode		 mode;
	const char		*in;
	size_t			 len;

	if (size < 2)
		return (0);
	mode = data[0] & 1 ? HTTP_TRANSPARENT : HTTP_PROXY;
	in = (const char *)data + 2;
	len = size - 2;
	http_init(&h, mode);
	r = http_parse(&h, in, len);
	must_split(mode, in, len, len > 0 ? data[1] % len : 0, &h, r);
	if (r == HTTP_ERROR)
		must_answer(&h);
	if (r == HTTP_MORE)
		MUST(len < HTTP_HEAD_MAX);
	if (r != HTTP_DONE)
		return (0);
	must_be_name(h.host);
	MUST(h.port != 0 && h.len <= len && h.len <= HTTP_HEAD_MAX);
	MUST(memcmp(in + h.len - 4, "\r\n\r\n", 4) == 0);
	MUST(memchr(in, '\0', h.len) == NULL);
	if (h.connect)
		MUST(h.body == 0 && mode == HTTP_PROXY);
	else
		must_rebuild(&h, in);
	return (0);
}

static void
must_split(enum http_mode mode, const char *in, size_t len, size_t cut,
    const struct http_head *whole, enum http_result want)
{
	struct http_head	 h;
	enum http_result	 r;
	char			*part;

	part = malloc(cut + 1);
	MUST(part != NULL);
	memcpy(part, in, cut);
	http_init(&h, mode);
	r = http_parse(&h, part, cut);
	free(part);
	if (r == HTTP_MORE)
		r = http_parse(&h, in, len);
	MUST(r == want && h.status == whole->status && h.why == whole->why);
	MUST(r == HTTP_ERROR || memcmp(&h, whole, sizeof(h)) == 0);
}

static void
must_answer(const struct http_head *h)
{
	char	 out[HTTP_ERROR_MAX];
	size_t	 n;

	MUST(h->status == 400 || h->status == 403 || h->status == 405 ||
	    h->status == 413 || h->status == 414 ||
	    h->status == 431 || h->status == 501 || h->status == 505);
	n = http_error(out, sizeof(out), h->status, h->why);
	MUST(n > 0 && n == strlen(out));
}

static void
must_rebuild(const struct http_head *h, const char *in)
{
	char	 out[HTTP_REBUILD_MAX];
	ssize_t	 n;

	n = http_rebuild(h, in, out, sizeof(out));
	MUST(n > 0);
	must_be_clean(out, (size_t)n);
	/* It may have a few lines and bytes more than we would take. */
	if (h->headers <= HTTP_HEADERS - 3 && n < HTTP_HEAD_MAX - 512)
		must_be_same(h, out, (size_t)n);
}

/* Line by line, without our own parser. */
static void
must_be_clean(const char *out, size_t len)
{
	static const char *const gone[] = {
		"proxy-", "keep-alive:", "te:", "trailer:", "upgrade:",
		"expect:", NULL
	};
	const char	*s, *lf, *end = out + len;
	int		 hosts = 0, lengths = 0, closes = 0, connections = 0, i;
	int		 codings = 0;

	for (s = out; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		MUST(lf != NULL && lf > s && lf[-1] == '\r');
		MUST(memchr(s, '\r', (size_t)(lf - s)) == lf - 1);
		if (s == out)
			continue;
		MUST(*s != ' ' && *s != '\t');
		MUST((lf == s + 1) == (lf == end - 1));
		for (i = 0; gone[i] != NULL; i++)
			MUST(strncasecmp(s, gone[i], strlen(gone[i])) != 0);
		hosts += strncasecmp(s, "host:", 5) == 0;
		lengths += strncasecmp(s, "content-length:", 15) == 0;
		codings += strncasecmp(s, "transfer-encoding:", 18) == 0;
		connections += strncasecmp(s, "connection:", 11) == 0;
		closes += strncmp(s, "Connection: close\r", 18) == 0;
	}
	MUST(hosts == 1 && lengths + codings <= 1 && connections == 1 && closes == 1);
}

/* As a request to a proxy again, to be understood and rebuilt alike. */
static void
must_be_same(const struct http_head *h, const char *out, size_t len)
{
	struct http_head	 h2;
	char			 url[HTTP_REBUILD_MAX + 512];
	char			 out2[HTTP_REBUILD_MAX + 512];
	size_t			 n, method = h->method_len + 1U;

	memcpy(url, out, method);
	n = method + (size_t)snprintf(url + method, sizeof(url) - method,
	    "http://%s:%u", h->host, h->port);
	memcpy(url + n, out + method, len - method);
	n += len - method;
	if ((size_t)((const char *)memchr(url, '\n', n) - url) >=
	    HTTP_LINE_MAX)
		return;
	http_init(&h2, HTTP_PROXY);
	MUST(http_parse(&h2, url, n) == HTTP_DONE && h2.len == n);
	MUST(strcmp(h2.host, h->host) == 0 && h2.port == h->port);
	MUST(h2.body == h->body && h2.minor == h->minor && !h2.connect);
	MUST(http_rebuild(&h2, url, out2, sizeof(out2)) == (ssize_t)len);
	MUST(memcmp(out, out2, len) == 0);
}
