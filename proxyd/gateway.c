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


/*
 * The gateway's rules: which requests of the agent go to the API and with
 * what, and how the answers of the API are framed.  The frontend judges with
 * these functions what it makes of the agent's bytes, and the keeper judges
 * with the same what the frontend tells it, and what the API sends.  Pure.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxyd.h"

#define LENGTH_DIGITS	15	/* of a Content-Length that we take */
#define CHUNK_DIGITS	12	/* of the size of a chunk */

enum {
	CHUNK_SIZE,		/* hexadecimal digits */
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_END_CR,		/* no trailers: the empty line */
	CHUNK_END_LF,
	CHUNK_DONE
};

static int	 is(const char *, size_t, const char *);
static int	 is_token(const char *, size_t);
static int	 begins(const char *, size_t, const char *);
static int	 holds(const char *, size_t, const char *);
static int	 same_secret(const char *, size_t, const char *);
static int	 is_credential(const char *, size_t);
static int	 authentic(const struct http_head *, const char *,
		    const char *);
static int	 expectation(const struct http_head *, const char *, int *);
static int	 response_line(struct gate_response *, const char *, size_t);
static int	 response_field(struct gate_response *, const char *, size_t);
static int	 response_length(struct gate_response *, const char *, size_t);
static int	 response_end(struct gate_response *, int);
static int	 response_kept(const char *, size_t);
static int	 is_text(const char *, size_t);
static int	 chunk_digit(struct chunked *, uint8_t);

const char *const gate_methods[GATE_METHODS] = {
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"
};

/* What proxyd.conf(5) gives the reasons for. */
const char *const gate_defaults[] = {
	"HEAD /",
	"POST /v1/messages",
	"POST /v1/messages/count_tokens",
	"GET /v1/models",
	"GET /v1/models/*",
	NULL
};

/*
 * Paths and what is allowed.
 */

/*
 * A path that means the same to everybody who reads it: no escapes, no empty
 * segments and none of dots alone.
 */
int
gate_path_sound(const char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~:";
	size_t n;

	if (*path != '/')
		return (0);
	while (*path == '/') {
		path++;
		n = strspn(path, letters);
		if (n == 0)
			break;		/* it may end in a slash */
		if (strspn(path, ".") >= n)
			return (0);
		path += n;
	}
	if (*path == '?') {
		path++;
		path += strspn(path, letters);
		while (*path == '=' || *path == '&') {
			path++;
			path += strspn(path, letters);
		}
	}
	return (*path == '\0');
}

/* "METHOD /path", where a last segment * is any one. */
int
gate_allow_parse(const char *text, struct gate_allow *a)
{
	const char *path;
	size_t len;
	int i;

	memset(a, 0, sizeof(*a));
	if ((path = strchr(text, ' ')) == NULL)
		return (-1);
	for (i = 0; i < GATE_METHODS; i++)
		if (is(text, (size_t)(path - text), gate_methods[i]))
			break;
	path++;
	if (i == GATE_METHODS ||
	    strlcpy(a->path, path, sizeof(a->path)) >= sizeof(a->path))
		return (-1);
	a->method = (uint8_t)i;
	len = strlen(a->path);
	if (len > 2 && strcmp(a->path + len - 2, "/*") == 0) {
		a->any = 1;
		a->path[len - 1] = '\0';
	}
	if (!gate_path_sound(a->path) || strchr(a->path, '?') != NULL)
		return (-1);
	return (0);
}

int
gate_allowed(const struct gate_allow *allows, size_t n, uint8_t method,
    const char *path)
{
	const struct gate_allow *a;
	size_t i, len, got;

	got = strcspn(path, "?");
	for (i = 0; i < n; i++) {
		a = &allows[i];
		if (a->method != method)
			continue;
		len = strlen(a->path);
		if (got < len || strncmp(path, a->path, len) != 0)
			continue;
		if (a->any ? got > len && memchr(path + len, '/',
		    got - len) == NULL : got == len)
			return (1);
	}
	return (0);
}

/*
 * Requests.
 */

/*
 * 0 and the request; or the status to answer with and why.  Which rules there
 * are is asked first of all: nobody learns anything without the token.
 */
int
gate_request(struct gate_request *g, const struct http_head *h,
    const char *buf, const char *token, const struct gate_allow *allows,
    size_t nallows, const char **why)
{
	int expect, i;

	memset(g, 0, sizeof(*g));
	if (!authentic(h, buf, token)) {
		*why = "this is not the key that the sandbox was given";
		return (401);
	}
	for (i = 0; i < GATE_METHODS; i++)
		if (is(buf, h->method_len, gate_methods[i]))
			break;
	g->method = (uint8_t)i;
	if (h->path_len < GATE_PATH_SIZE)
		memcpy(g->path, buf + h->path, h->path_len);
	if (h->path_len >= GATE_PATH_SIZE || !gate_path_sound(g->path)) {
		*why = "the path is too long, or has what no path needs";
		return (400);
	}
	if (i == GATE_METHODS || !gate_allowed(allows, nallows, g->method,
	    g->path)) {
		*why = "this method and path are not allowed through the "
		    "gateway";
		return (403);
	}
	if (!expectation(h, buf, &expect)) {
		*why = "only 100-continue can be expected";
		return (417);
	}
	g->expect = expect != 0;
	g->close = http_closes(h, buf) != 0;
	g->length = h->body;
	if (h->chunked)
		g->framing = GATE_CHUNKED;
	else if (h->has_length)
		g->framing = GATE_LENGTH;
	else
		g->framing = GATE_NONE;
	return (0);
}

/* Does it hold together?  For the keeper. */
int
gate_request_sound(const struct gate_request *g)
{
	return (g->method < GATE_METHODS && g->framing <= GATE_CHUNKED &&
	    (g->framing == GATE_LENGTH || g->length == 0) &&
	    memchr(g->path, '\0', sizeof(g->path)) != NULL &&
	    gate_path_sound(g->path));
}

/*
 * All fields that could hold a key must hold the token, and one must be there.
 */
static int
authentic(const struct http_head *h, const char *buf, const char *token)
{
	struct http_field f;
	size_t off;
	int good;

	good = 0;
	for (off = 0; http_field(h, buf, &off, &f); ) {
		if (is(f.name, f.name_len, "authorization")) {
			if (!begins(f.value, f.value_len, "Bearer "))
				return (0);
			f.value += 7;
			f.value_len -= 7;
		} else if (!is(f.name, f.name_len, "x-api-key"))
			continue;
		if (!same_secret(f.value, f.value_len, token))
			return (0);
		good = 1;
	}
	return (good);
}

static int
expectation(const struct http_head *h, const char *buf, int *expect)
{
	struct http_field f;
	size_t off;

	*expect = 0;
	for (off = 0; http_field(h, buf, &off, &f); )
		if (is(f.name, f.name_len, "expect")) {
			if (!is(f.value, f.value_len, "100-continue"))
				return (0);
			*expect = 1;
		}
	return (1);
}

/* In a time that says nothing of where they differ. */
static int
same_secret(const char *s, size_t len, const char *secret)
{
	unsigned char diff;
	size_t i;

	if (len != strlen(secret) || len == 0)
		return (0);
	for (diff = 0, i = 0; i < len; i++)
		diff |= (unsigned char)s[i] ^ (unsigned char)secret[i];
	return (diff == 0);
}

/*
 * The next field that passes, as "name: value" with the name in lower case;
 * its length, 0 if there is none any more, -1 if one is too long.
 */
ssize_t
gate_header(const struct http_head *h, const char *buf, size_t *off,
    char out[GATE_HEADER_SIZE])
{
	struct http_field f;
	size_t i;

	while (http_field(h, buf, off, &f)) {
		if (f.hop || !gate_header_passes(f.name, f.name_len))
			continue;
		if (f.name_len + 2 + f.value_len >= GATE_HEADER_SIZE)
			return (-1);
		for (i = 0; i < f.name_len; i++)
			out[i] = f.name[i] >= 'A' && f.name[i] <= 'Z' ?
			    (char)(f.name[i] - 'A' + 'a') : f.name[i];
		memcpy(out + i, ": ", 2);
		memcpy(out + i + 2, f.value, f.value_len);
		i += 2 + f.value_len;
		out[i] = '\0';
		return ((ssize_t)i);
	}
	return (0);
}

/* Is it what gate_header() makes?  For the keeper. */
int
gate_header_sound(const char *line)
{
	const char *colon;
	size_t i, len;

	if ((colon = strchr(line, ':')) == NULL || colon[1] != ' ')
		return (0);
	len = (size_t)(colon - line);
	for (i = 0; i < len; i++)
		if (line[i] >= 'A' && line[i] <= 'Z')
			return (0);
	return (is_token(line, len) && gate_header_passes(line, len) &&
	    is_text(colon + 2, strlen(colon + 2)));
}

/*
 * Fields that the API reads and that are no credential.  A name with an
 * underscore may be another one to the server, and is none of these.
 */
int
gate_header_passes(const char *name, size_t len)
{
	static const char *const names[] = {
		"accept", "accept-encoding", "accept-language",
		"content-encoding", "content-type", "idempotency-key",
		"user-agent", "x-app", NULL
	};
	static const char *const prefixes[] = {
		"anthropic-", "x-claude-", "x-stainless-", NULL
	};
	size_t i;

	for (i = 0; names[i] != NULL; i++)
		if (is(name, len, names[i]))
			return (1);
	for (i = 0; prefixes[i] != NULL; i++)
		if (begins(name, len, prefixes[i]))
			return (!is_credential(name, len) &&
			    memchr(name, '_', len) == NULL);
	return (0);
}

static int
is_credential(const char *name, size_t len)
{
	static const char *const parts[] = {
		"auth", "cookie", "cred", "key", "pass", "secret", "token",
		NULL
	};
	size_t i;

	for (i = 0; parts[i] != NULL; i++)
		if (holds(name, len, parts[i]))
			return (1);
	return (0);
}

/*
 * Responses.
 */

/*
 * Judges a head as far as it is there.  GATE_DONE: the fields of r are valid
 * and r->len is its length.
 */
enum gate_result
gate_response(struct gate_response *r, const char *buf, size_t len, int head)
{
	const char *s, *lf, *end;
	size_t n;
	unsigned int lines;

	memset(r, 0, sizeof(*r));
	end = buf + len;
	lines = 0;
	for (s = buf; (lf = memchr(s, '\n', (size_t)(end - s))) != NULL;
	    s = lf + 1) {
		if (lf == s || lf[-1] != '\r')
			return (GATE_BAD);
		n = (size_t)(lf - s) - 1;
		if (lines++ == 0) {
			if (response_line(r, s, n) == -1)
				return (GATE_BAD);
			r->fields = (size_t)(lf + 1 - buf);
		} else if (n == 0) {
			r->len = (size_t)(lf + 1 - buf);
			return (response_end(r, head) == -1 ? GATE_BAD :
			    GATE_DONE);
		} else if (lines > HTTP_HEADERS + 1 ||
		    response_field(r, s, n) == -1)
			return (GATE_BAD);
	}
	return (len >= GATE_RESPONSE_MAX ? GATE_BAD : GATE_MORE);
}

/* HTTP/1.1 SP status [SP reason] */
static int
response_line(struct gate_response *r, const char *s, size_t len)
{
	size_t i;

	if (len < 12 || strncmp(s, "HTTP/1.1 ", 9) != 0 ||
	    (len > 12 && s[12] != ' ') || !is_text(s, len))
		return (-1);
	for (i = 9; i < 12; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		r->status = r->status * 10 + s[i] - '0';
	}
	/* to switch protocols was not asked for */
	return (r->status < 100 || r->status == 101 || r->status > 599 ? -1 :
	    0);
}

static int
response_field(struct gate_response *r, const char *s, size_t len)
{
	const char *colon;
	size_t name;

	if ((colon = memchr(s, ':', len)) == NULL || !is_text(s, len))
		return (-1);
	name = (size_t)(colon - s);
	if (!is_token(s, name))
		return (-1);
	len -= name + 1;
	for (s = colon + 1; len > 0 && (*s == ' ' || *s == '\t'); s++, len--)
		;
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	if (is(colon - name, name, "content-length"))
		return (response_length(r, s, len));
	if (is(colon - name, name, "transfer-encoding")) {
		if (r->chunked || !is(s, len, "chunked"))
			return (-1);
		r->chunked = 1;
	} else if (is(colon - name, name, "connection")) {
		/* it means less than it says at worst */
		if (!is(s, len, "keep-alive"))
			r->close = 1;
	}
	return (0);
}

static int
response_length(struct gate_response *r, const char *s, size_t len)
{
	size_t i;

	if (r->has_length || len == 0 || len > LENGTH_DIGITS)
		return (-1);
	r->has_length = 1;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		r->length = r->length * 10 + (uint64_t)(s[i] - '0');
	}
	return (0);
}

/* A body ends by what its head says, or there is none. */
static int
response_end(struct gate_response *r, int head)
{
	if (r->chunked && r->has_length)
		return (-1);
	if (head || r->status == 304) {
		r->framing = GATE_NONE;
		return (0);
	}
	if (r->status < 200 || r->status == 204) {
		r->framing = GATE_NONE;
		return (r->chunked || r->length > 0 ? -1 : 0);
	}
	if (r->chunked)
		r->framing = GATE_CHUNKED;
	else if (r->has_length)
		r->framing = GATE_LENGTH;
	else
		return (-1);
	return (0);
}

/* The head for the agent; its length, or -1 if it does not fit. */
ssize_t
gate_response_rebuild(const struct gate_response *r, const char *buf,
    int closes, char *out, size_t size)
{
	const char *s, *lf, *end;
	size_t len, n;
	int w;

	len = r->fields;
	if (len >= size)
		return (-1);
	memcpy(out, buf, len);
	end = buf + r->len - 2;
	for (s = buf + r->fields; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		n = (size_t)(lf + 1 - s);
		if (!response_kept(s, (size_t)((const char *)memchr(s, ':',
		    n) - s)))
			continue;
		if (n >= size - len)
			return (-1);
		memcpy(out + len, s, n);
		len += n;
	}
	w = 0;
	if (r->framing == GATE_CHUNKED)
		w = snprintf(out + len, size - len,
		    "Transfer-Encoding: chunked\r\n");
	else if (r->has_length && r->status != 204)
		w = snprintf(out + len, size - len, "Content-Length: %llu\r\n",
		    (unsigned long long)r->length);
	if (w < 0 || (size_t)w >= size - len)
		return (-1);
	len += (size_t)w;
	w = snprintf(out + len, size - len, "%s\r\n",
	    closes ? "Connection: close\r\n" : "");
	if (w < 0 || (size_t)w >= size - len)
		return (-1);
	return ((ssize_t)(len + (size_t)w));
}

/* Not what is for one connection, nor what an agent could keep as its own. */
static int
response_kept(const char *name, size_t len)
{
	static const char *const dropped[] = {
		"connection", "content-length", "keep-alive", "set-cookie",
		"te", "trailer", "transfer-encoding", "upgrade", NULL
	};
	size_t i;

	for (i = 0; dropped[i] != NULL; i++)
		if (is(name, len, dropped[i]))
			return (0);
	return (!begins(name, len, "proxy-"));
}

/*
 * Chunks.
 */

void
chunked_init(struct chunked *c)
{
	memset(c, 0, sizeof(*c));
}

int
chunked_done(const struct chunked *c)
{
	return (c->state == CHUNK_DONE);
}

/*
 * Moves the data of all chunks to the front of the buffer, and says how much
 * that is.  How many bytes it took, which is all unless the body ends before;
 * or -1 for what is no chunk of the plainest kind.
 */
ssize_t
chunked_decode(struct chunked *c, uint8_t *buf, size_t len, size_t *out)
{
	size_t i, n;

	*out = 0;
	for (i = 0; i < len && c->state != CHUNK_DONE; ) {
		switch (c->state) {
		case CHUNK_DATA:
			n = len - i;
			if (n > c->left)
				n = (size_t)c->left;
			memmove(buf + *out, buf + i, n);
			*out += n;
			i += n;
			if ((c->left -= n) == 0)
				c->state = CHUNK_DATA_CR;
			continue;
		case CHUNK_SIZE:
			if (chunk_digit(c, buf[i]) == -1)
				return (-1);
			break;
		case CHUNK_DATA_CR:
		case CHUNK_END_CR:
			if (buf[i] != '\r')
				return (-1);
			c->state++;
			break;
		default:
			if (buf[i] != '\n')
				return (-1);
			if (c->state == CHUNK_SIZE_LF)
				c->state = c->left > 0 ? CHUNK_DATA :
				    CHUNK_END_CR;
			else
				c->state = c->state == CHUNK_DATA_LF ?
				    CHUNK_SIZE : CHUNK_DONE;
		}
		i++;
	}
	return ((ssize_t)i);
}

static int
chunk_digit(struct chunked *c, uint8_t b)
{
	unsigned int digit;

	if (b == '\r' && c->digits > 0) {
		c->state = CHUNK_SIZE_LF;
		c->digits = 0;
		return (0);
	}
	if (b >= '0' && b <= '9')
		digit = b - '0';
	else if ((b | 0x20) >= 'a' && (b | 0x20) <= 'f')
		digit = (b | 0x20) - 'a' + 10;
	else
		return (-1);
	if (c->digits == 0)
		c->left = 0;
	if (++c->digits > CHUNK_DIGITS)
		return (-1);
	c->left = c->left * 16 + digit;
	return (0);
}

/*
 * Words.
 */

static int
is(const char *s, size_t len, const char *what)
{
	return (strlen(what) == len && strncasecmp(s, what, len) == 0);
}

static int
begins(const char *s, size_t len, const char *what)
{
	return (len >= strlen(what) &&
	    strncasecmp(s, what, strlen(what)) == 0);
}

static int
holds(const char *s, size_t len, const char *what)
{
	for (; len >= strlen(what); s++, len--)
		if (begins(s, len, what))
			return (1);
	return (0);
}

static int
is_token(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~' ||
		    strchr("\"(),/:;<=>?@[\\]{}", s[i]) != NULL)
			return (0);
	return (len > 0);
}

/* What may stand in a line; what has its highest bit set is nobody's. */
static int
is_text(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((unsigned char)s[i] < ' ' && s[i] != '\t') ||
		    s[i] == 0x7f)
			return (0);
	return (1);
}
