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

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxyd.h"

/*
 * Request heads of a hostile client.  What is not plainly one well-formed
 * request is refused; what passes is never forwarded as it came but written
 * anew by http_rebuild(), so that nobody behind us can read it differently.
 *
 * Decided here: lines end in CR LF; no empty line comes first; Host is
 * ignored where the target names the host (RFC 9112 3.2.2), but two are
 * refused, and it is needed where it decides; no Via is added.
 */

#define SEEN_HOST	0x01
#define SEEN_LENGTH	0x02
#define SEEN_CODING	0x04
#define SEEN_CHUNKED	0x08

#define LENGTH_DIGITS	18		/* of Content-Length */
#define WHY_MAX		512

static enum http_result	 fail(struct http_head *, int, const char *);
static enum http_result	 fail_host(struct http_head *, enum host_result,
			    const char *);
static enum http_result	 first_byte(struct http_head *, unsigned char);
static size_t		 text_end(const char *, size_t, size_t);
static enum http_result	 control(struct http_head *, const char *,
			    unsigned char);
static enum http_result	 request_line(struct http_head *, const char *,
			    size_t);
static enum http_result	 request_version(struct http_head *, const char *,
			    size_t);
static enum http_result	 request_method(struct http_head *, const char *);
static enum http_result	 target_authority(struct http_head *, const char *,
			    size_t);
static enum http_result	 target_absolute(struct http_head *, const char *,
			    size_t);
static enum http_result	 field_line(struct http_head *, const char *, size_t,
			    size_t);
static enum http_result	 field_host(struct http_head *, const char *,
			    size_t);
static enum http_result	 field_length(struct http_head *, const char *,
			    size_t);
static enum http_result	 field_coding(struct http_head *, const char *,
			    size_t);
static enum http_result	 field_connection(struct http_head *, const char *,
			    size_t, size_t);
static enum http_result	 head_end(struct http_head *);
static int		 field_kept(const struct http_head *, const char *,
			    const char *, size_t);
static int		 is_option(const struct http_head *, const char *,
			    const char *, size_t);
static const char	*status_phrase(int);

/* What is forwarded.  TRACE would show an agent what others added. */
static const char *const methods[] = {
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL
};

void
http_init(struct http_head *h, enum http_mode mode)
{
	memset(h, 0, sizeof(*h));
	h->mode = (uint8_t)mode;
}

enum http_result
http_parse(struct http_head *h, const char *buf, size_t len)
{
	enum http_result r = HTTP_MORE;

	if (len > HTTP_HEAD_MAX)
		len = HTTP_HEAD_MAX;
	if (h->scan == 0 && len > 0)
		r = first_byte(h, (unsigned char)buf[0]);
	while (r == HTTP_MORE && h->scan < len) {
		if (h->scan > h->line && buf[h->scan - 1] == '\r' &&
		    buf[h->scan] != '\n')
			return (fail(h, 400, "a CR without LF"));
		h->scan = (uint16_t)text_end(buf, h->scan, len);
		if (h->line == 0 && h->scan > HTTP_LINE_MAX)
			return (fail(h, 414, "the request line is too long"));
		if (h->scan < len)
			r = control(h, buf, (unsigned char)buf[h->scan]);
	}
	if (r == HTTP_MORE && len == HTTP_HEAD_MAX)
		return (fail(h, 431, "the request head is longer than 16 KB"));
	return (r);
}

/* Where the next control character stands; tabs are text. */
static size_t
text_end(const char *buf, size_t i, size_t len)
{
	while (i < len && (((unsigned char)buf[i] >= ' ' && buf[i] != 0x7f) ||
	    buf[i] == '\t'))
		i++;
	return (i);
}

/* CR and LF end a line, together; there is no place for others. */
static enum http_result
control(struct http_head *h, const char *buf, unsigned char c)
{
	enum http_result	 r;
	size_t			 n = (size_t)(h->scan - h->line);

	if (c == '\0')
		return (fail(h, 400, "a NUL in the request head"));
	if (c != '\r' && c != '\n')
		return (fail(h, 400, "a control character in the request "
		    "head"));
	h->scan++;
	if (c == '\r')
		return (HTTP_MORE);
	if (n == 0 || buf[h->scan - 2] != '\r')
		return (fail(h, 400, "a line ends in LF without CR"));
	if (h->line == 0)
		r = request_line(h, buf, n - 1);
	else
		r = field_line(h, buf, h->line, n - 1);
	h->line = h->scan;
	return (r);
}

static enum http_result
fail(struct http_head *h, int status, const char *why)
{
	h->status = status;
	h->why = why;
	return (HTTP_ERROR);
}

static enum http_result
fail_host(struct http_head *h, enum host_result r, const char *why)
{
	return (fail(h, r == HOST_ADDRESS ? 403 : 400, why));
}

/* Some mistakes are plain at once, and would otherwise wait for a line. */
static enum http_result
first_byte(struct http_head *h, unsigned char c)
{
	if (c == 0x16 || c >= 0x80)
		return (fail(h, 400, "this port speaks HTTP, not TLS: "
		    "use http:// in the address of the proxy"));
	if (c == '\r' || c == '\n')
		return (fail(h, 400, "an empty line before the request"));
	if (c < 'A' || c > 'Z')
		return (fail(h, 400, "not an HTTP request: no method in "
		    "capitals comes first"));
	return (HTTP_MORE);
}

/* METHOD SP target SP HTTP/1.x, and nothing else. */
static enum http_result
request_line(struct http_head *h, const char *line, size_t len)
{
	const char	*target, *sp;
	size_t		 i, n;

	while (h->method_len < len && line[h->method_len] >= 'A' &&
	    line[h->method_len] <= 'Z')
		h->method_len++;
	if (h->method_len == len || line[h->method_len] != ' ')
		return (fail(h, 400, "the method is not a word in capitals"));
	target = line + h->method_len + 1;
	n = len - h->method_len - 1;
	sp = memchr(target, ' ', n);
	if (sp == NULL)
		return (fail(h, 505, "HTTP/0.9 is not spoken here"));
	if (request_version(h, sp + 1, (size_t)(line + len - sp - 1)) !=
	    HTTP_MORE || request_method(h, line) != HTTP_MORE)
		return (HTTP_ERROR);
	n = (size_t)(sp - target);
	for (i = 0; i < n; i++)
		if (target[i] <= ' ' || target[i] > '~' || target[i] == '#')
			return (fail(h, 400, "the target has a fragment or a "
			    "character that no URL has"));
	if (h->connect)
		return (target_authority(h, target, n));
	h->path = (uint16_t)(target - line);
	if (h->mode == HTTP_PROXY)
		return (target_absolute(h, target, n));
	if (h->mode == HTTP_GATEWAY && h->minor == 0)
		return (fail(h, 505, "only HTTP/1.1 is spoken here"));
	if (target[0] != '/')
		return (fail(h, 400, "the target is not a path"));
	h->path_len = (uint16_t)n;
	h->port = 80;
	return (HTTP_MORE);
}

static enum http_result
request_version(struct http_head *h, const char *s, size_t len)
{
	if (len != 8 || strncmp(s, "HTTP/", 5) != 0 || s[6] != '.')
		return (fail(h, 400, "the request line is not a method, a "
		    "target and HTTP/1.1"));
	if (s[5] != '1' || (s[7] != '0' && s[7] != '1'))
		return (fail(h, 505, "only HTTP/1.0 and HTTP/1.1 are spoken "
		    "here"));
	h->minor = (uint8_t)(s[7] - '0');
	return (HTTP_MORE);
}

static enum http_result
request_method(struct http_head *h, const char *s)
{
	size_t	 i;

	if (word_is(s, h->method_len, "CONNECT")) {
		if (h->mode != HTTP_PROXY)
			return (fail(h, 405, "this port is no proxy"));
		h->connect = 1;
		return (HTTP_MORE);
	}
	for (i = 0; methods[i] != NULL; i++)
		if (word_is(s, h->method_len, methods[i]))
			return (HTTP_MORE);
	return (fail(h, 501, "this method is not forwarded"));
}

static enum http_result
target_authority(struct http_head *h, const char *s, size_t len)
{
	enum host_result	 r;
	const char		*why;

	r = hostport_parse(s, len, h->host, &h->port, &why);
	return (r == HOST_OK ? HTTP_MORE : fail_host(h, r, why));
}

/*
 * http://host[:port][/path][?query]; the path is kept by offset.  A blank
 * follows the target.
 */
static enum http_result
target_absolute(struct http_head *h, const char *s, size_t len)
{
	enum host_result	 r;
	const char		*why;
	size_t			 n;

	if (s[0] == '/')
		return (fail(h, 400, "this is a proxy: the target must be a "
		    "whole URL, or CONNECT be used"));
	if (strncasecmp(s, "https://", 8) == 0)
		return (fail(h, 400, "https is asked for with CONNECT"));
	if (strncasecmp(s, "http://", 7) != 0)
		return (fail(h, 400, "the target is not an http URL"));
	s += 7;
	len -= 7;
	for (n = 0; n < len && s[n] != '/' && s[n] != '?'; n++)
		if (s[n] == '@')
			return (fail(h, 400, "the URL has a user name"));
	h->path = (uint16_t)(h->path + 7 + n);
	h->path_len = (uint16_t)(len - n);
	if (memchr(s, ':', n) == NULL) {
		h->port = 80;
		r = host_parse(s, n, h->host, &why);
	} else
		r = hostport_parse(s, n, h->host, &h->port, &why);
	return (r == HOST_OK ? HTTP_MORE : fail_host(h, r, why));
}

static enum http_result
field_line(struct http_head *h, const char *buf, size_t off, size_t len)
{
	const char	*s = buf + off;
	size_t		 name, value;

	if (h->headers == 0)
		h->fields = (uint16_t)off;
	if (len == 0)
		return (head_end(h));
	if (s[0] == ' ' || s[0] == '\t')
		return (fail(h, 400, "a folded header line"));
	if (++h->headers > HTTP_HEADERS)
		return (fail(h, 431, "more than 100 header lines"));
	name = word_token(s, len);
	if (name == 0 || s[name] != ':')
		return (fail(h, 400, "a header line is not a name, a colon "
		    "and a value"));
	for (value = name + 1; value < len; value++)
		if (s[value] != ' ' && s[value] != '\t')
			break;
	while (len > value && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	if (word_is(s, name, "host"))
		return (field_host(h, s + value, len - value));
	if (word_is(s, name, "content-length"))
		return (field_length(h, s + value, len - value));
	if (word_is(s, name, "transfer-encoding"))
		return (field_coding(h, s + value, len - value));
	if (word_is(s, name, "connection"))
		return (field_connection(h, buf, off + value, len - value));
	return (HTTP_MORE);
}

/* Only where the connection itself does not say the host. */
static enum http_result
field_host(struct http_head *h, const char *s, size_t len)
{
	enum host_result	 r;
	const char		*why;
	uint16_t		 port = 80;

	if (h->seen & SEEN_HOST)
		return (fail(h, 400, "more than one Host"));
	h->seen |= SEEN_HOST;
	if (h->mode != HTTP_TRANSPARENT)
		return (HTTP_MORE);
	if (memchr(s, ':', len) == NULL)
		r = host_parse(s, len, h->host, &why);
	else
		r = hostport_parse(s, len, h->host, &port, &why);
	if (r != HOST_OK)
		return (fail_host(h, r, why));
	if (port != 80)
		return (fail(h, 400, "Host names a port other than 80"));
	return (HTTP_MORE);
}

static enum http_result
field_length(struct http_head *h, const char *s, size_t len)
{
	size_t	 i;

	if (h->seen & SEEN_LENGTH)
		return (fail(h, 400, "more than one Content-Length"));
	h->seen |= SEEN_LENGTH;
	for (i = 0; i < len && s[i] >= '0' && s[i] <= '9'; i++)
		h->body = h->body * 10 + (uint64_t)(s[i] - '0');
	if (i == 0 || i < len)
		return (fail(h, 400, "Content-Length is not a number"));
	if (len > LENGTH_DIGITS)
		return (fail(h, 413, "Content-Length is too large"));
	return (HTTP_MORE);
}

static enum http_result
field_coding(struct http_head *h, const char *s, size_t len)
{
	if (h->seen & SEEN_CODING)
		return (fail(h, 400, "more than one Transfer-Encoding"));
	h->seen |= SEEN_CODING;
	if (word_is(s, len, "chunked"))
		h->seen |= SEEN_CHUNKED;
	return (HTTP_MORE);
}

/* Notes the options, each a token: the fields so called are dropped. */
static enum http_result
field_connection(struct http_head *h, const char *buf, size_t off, size_t len)
{
	const char	*s = buf + off;
	size_t		 i = 0, n;

	while (i < len) {
		if (s[i] == ' ' || s[i] == '\t' || s[i] == ',') {
			i++;
			continue;
		}
		n = word_token(s + i, len - i);
		if (n == 0 || h->nconn == HTTP_CONN_MAX)
			return (fail(h, 400, "Connection is not a short list "
			    "of options"));
		h->conn[h->nconn].off = (uint16_t)(off + i);
		h->conn[h->nconn].len = (uint16_t)n;
		h->nconn++;
		i += n;
	}
	return (HTTP_MORE);
}

static enum http_result
head_end(struct http_head *h)
{
	if ((h->seen & SEEN_LENGTH) && (h->seen & SEEN_CODING))
		return (fail(h, 400, "both Content-Length and "
		    "Transfer-Encoding"));
	if (h->connect && (h->body > 0 || (h->seen & SEEN_CODING)))
		return (fail(h, 400, "CONNECT with a body"));
	if ((h->seen & SEEN_CODING) && h->minor == 0)
		return (fail(h, 400, "Transfer-Encoding in HTTP/1.0"));
	h->has_length = (h->seen & SEEN_LENGTH) != 0;
	h->chunked = (h->seen & SEEN_CHUNKED) != 0;
	if (!h->chunked && (h->seen & SEEN_CODING))
		return (fail(h, 501, "this Transfer-Encoding is not known"));
	if (h->mode != HTTP_PROXY && !(h->seen & SEEN_HOST))
		return (fail(h, 400, "Host is missing"));
	h->len = h->scan;
	return (HTTP_DONE);
}

ssize_t
http_rebuild(const struct http_head *h, const char *buf, char *out,
    size_t size)
{
	const char	*s, *end, *crlf;
	size_t		 len, n, name;
	int		 r;

	r = snprintf(out, size, "%.*s %s%.*s HTTP/1.%u\r\nHost: %s",
	    (int)h->method_len, buf,
	    h->path_len > 0 && buf[h->path] == '/' ? "" : "/",
	    (int)h->path_len, buf + h->path, h->minor, h->host);
	if (r < 0 || (len = (size_t)r) >= size)
		return (-1);
	r = snprintf(out + len, size - len,
	    h->port == 80 ? "\r\n" : ":%u\r\n", (unsigned int)h->port);
	if (r < 0 || (len += (size_t)r) >= size)
		return (-1);
	end = buf + h->len - 2;
	for (s = buf + h->fields; s < end; s = crlf) {
		crlf = (const char *)memchr(s, '\n', (size_t)(end - s)) + 1;
		n = (size_t)(crlf - s);
		name = word_token(s, n);
		if (!field_kept(h, buf, s, name))
			continue;
		if (n >= size - len)
			return (-1);
		memcpy(out + len, s, n);
		len += n;
	}
	if (h->seen & SEEN_LENGTH) {
		r = snprintf(out + len, size - len, "Content-Length: %llu\r\n",
		    (unsigned long long)h->body);
		if (r < 0 || (len += (size_t)r) >= size)
			return (-1);
	}
	if (h->chunked) {
		n = strlcpy(out + len, "Transfer-Encoding: chunked\r\n",
		    size - len);
		if (n >= size - len)
			return (-1);
		len += n;
	}
	n = strlcpy(out + len, "Connection: close\r\n\r\n", size - len);
	if (n >= size - len)
		return (-1);
	return ((ssize_t)(len + n));
}

/*
 * Not what is written anew, nor what was meant for this hop alone; and not
 * Close, which our own Connection would name.
 */
static int
field_kept(const struct http_head *h, const char *buf, const char *name,
    size_t len)
{
	static const char *const dropped[] = {
		"host", "content-length", "connection", "close", "expect",
		"keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
		NULL
	};
	size_t	 i;

	if (strncasecmp(name, "proxy-", 6) == 0)
		return (0);
	for (i = 0; dropped[i] != NULL; i++)
		if (word_is(name, len, dropped[i]))
			return (0);
	return (!is_option(h, buf, name, len));
}

/* Does Connection name it? */
static int
is_option(const struct http_head *h, const char *buf, const char *name,
    size_t len)
{
	size_t	 i;

	for (i = 0; i < h->nconn; i++)
		if (h->conn[i].len == len &&
		    strncasecmp(name, buf + h->conn[i].off, len) == 0)
			return (1);
	return (0);
}

int
http_closes(const struct http_head *h, const char *buf)
{
	return (is_option(h, buf, "close", strlen("close")));
}

/* 1 if it wants to be told to go on, -1 if it wants what nobody knows. */
int
http_expects(const struct http_head *h, const char *buf)
{
	struct http_field f;
	size_t	 off;
	int	 expects = 0;

	for (off = 0; h->minor > 0 && http_field(h, buf, &off, &f); )
		if (word_is(f.name, f.name_len, "expect")) {
			if (!word_is(f.value, f.value_len, "100-continue"))
				return (-1);
			expects = 1;
		}
	return (expects);
}

/*
 * The lines were judged when they were parsed: each is a name, a colon and a
 * value, and ends in CR LF.
 */
int
http_field(const struct http_head *h, const char *buf, size_t *off,
    struct http_field *f)
{
	const char	*s, *crlf, *end;

	s = buf + (*off == 0 ? h->fields : *off);
	end = buf + h->len - 2;
	if (s >= end)
		return (0);
	crlf = (const char *)memchr(s, '\n', (size_t)(end - s)) - 1;
	*off = (size_t)(crlf + 2 - buf);
	f->name = s;
	f->name_len = word_token(s, (size_t)(crlf - s));
	f->hop = is_option(h, buf, s, f->name_len);
	for (s += f->name_len + 1; s < crlf && (*s == ' ' || *s == '\t'); s++)
		;
	while (crlf > s && (crlf[-1] == ' ' || crlf[-1] == '\t'))
		crlf--;
	f->value = s;
	f->value_len = (size_t)(crlf - s);
	return (1);
}

/*
 * The reason stands in the status line too: curl and npm show the number
 * alone, but wget, pip and Go show what is behind it and not the body.
 */
size_t
http_error(char *out, size_t size, int status, const char *why)
{
	char	 text[WHY_MAX];
	size_t	 i;
	int	 r;

	(void)strlcpy(text, why, sizeof(text));
	for (i = 0; text[i] != '\0'; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	r = snprintf(out, size, "HTTP/1.1 %d %s: %s\r\n"
	    "%sContent-Type: text/plain\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\nproxyd: %s\n",
	    status, status_phrase(status), text, status == 405 ?
	    "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" : "",
	    i + sizeof("proxyd: ") - 1 + 1, text);
	return (r < 0 || (size_t)r >= size ? 0 : (size_t)r);
}

static const char *
status_phrase(int status)
{
	static const struct {
		int		 status;
		const char	*phrase;
	} phrases[] = {
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 417, "Expectation Failed" },
		{ 431, "Request Header Fields Too Large" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" }
	};
	size_t	 i;

	for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return (phrases[i].phrase);
	return ("Error");
}
