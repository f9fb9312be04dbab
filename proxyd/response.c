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
 * Answers of servers: how they are framed, and their heads written anew.
 * The keeper takes those of the API with these functions, and the frontend
 * those to requests that it forwards.  Pure.
 *
 * What is not framed in exactly one way is no answer: then nobody behind us
 * can find another end than we do.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxyd.h"

#define LENGTH_DIGITS	15	/* of a Content-Length that we take */
#define CHUNK_DIGITS	12	/* of the size of a chunk */
#define INTERIM_MAX	8	/* answers before the one */

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

static ssize_t	 answer_head(struct answer *, char *, size_t);
static ssize_t	 answer_body(struct answer *, char *, size_t, char *);
static ssize_t	 answer_chunks(struct answer *, char *, size_t, char *);
static int	 response_line(struct response *, const char *, size_t);
static int	 response_field(struct response *, const char *, size_t);
static int	 response_length(struct response *, const char *, size_t);
static int	 response_end(struct response *);
static int	 response_kept(const struct response *, const char *,
		    const char *, size_t);
static int	 response_hop(const struct response *, const char *,
		    const char *, size_t);
static int	 lists(const char *, size_t, const char *, size_t);
static int	 chunk_digit(struct chunked *, uint8_t);

/*
 * An answer on its way through.
 */

/*
 * Takes what came of it and gives what goes on: how much that is, or -1 if
 * this is no answer.  The data is spent; out has ANSWER_ROOM more than it.
 */
ssize_t
answer_take(struct answer *a, char *data, size_t len, char *out)
{
	ssize_t b, w;
	size_t n;

	for (w = 0; !a->begun && len > 0; ) {
		n = RESPONSE_MAX - a->head_len;
		if (n > len)
			n = len;
		memcpy(a->head + a->head_len, data, n);
		a->head_len += n;
		data += n;
		len -= n;
		if ((w = answer_head(a, out, RESPONSE_REBUILD_MAX)) == -1)
			return (-1);
	}
	if (!a->begun)
		return (0);
	/* the head's end was in this data, and what is behind it too */
	data -= a->head_len;
	len += a->head_len;
	a->head_len = 0;
	b = answer_body(a, data, len, out + w);
	return (b == -1 ? -1 : w + b);
}

/* The server says no more.  1: that was its end; 0: it is broken off. */
int
answer_end(struct answer *a)
{
	if (a->begun && a->resp.framing == BODY_CLOSE)
		a->whole = 1;
	return (a->whole);
}

/* Once it is complete, head_len is what is behind it. */
static ssize_t
answer_head(struct answer *a, char *out, size_t size)
{
	struct response resp;

	for (;;) {
		switch (response_parse(&a->resp, a->head, a->head_len,
		    a->flags)) {
		case RESPONSE_MORE:
			return (0);
		case RESPONSE_BAD:
			return (-1);
		case RESPONSE_DONE:
			break;
		}
		a->head_len -= a->resp.len;
		if (a->resp.status >= 200)
			break;
		/* we did not ask to be told to go on */
		if (++a->interim > INTERIM_MAX)
			return (-1);
		memmove(a->head, a->head + a->resp.len, a->head_len);
	}
	a->begun = 1;
	a->left = a->resp.length;
	chunked_init(&a->chunked);
	a->whole = a->resp.framing == BODY_NONE ||
	    (a->resp.framing == BODY_LENGTH && a->left == 0);
	resp = a->resp;
	/* a client of old does not know of chunks */
	if (a->old && resp.framing == BODY_CHUNKED)
		resp.framing = BODY_CLOSE;
	if (resp.framing == BODY_CLOSE)
		a->closes = 1;
	return (response_rebuild(&resp, a->head, a->closes, out, size));
}

static ssize_t
answer_body(struct answer *a, char *data, size_t len, char *out)
{
	size_t n;

	n = len;
	if (a->whole)
		n = 0;
	else if (a->resp.framing == BODY_CHUNKED)
		return (answer_chunks(a, data, len, out));
	else if (a->resp.framing == BODY_LENGTH) {
		if (n > a->left)
			n = (size_t)a->left;
		a->left -= n;
		a->whole = a->left == 0;
	}
	memcpy(out, data, n);
	a->extra = n < len;
	return ((ssize_t)n);
}

/* Taken out of their framing, and framed anew. */
static ssize_t
answer_chunks(struct answer *a, char *data, size_t len, char *out)
{
	ssize_t used;
	size_t n, w;

	if ((used = chunked_decode(&a->chunked, (uint8_t *)data, len,
	    &n)) == -1)
		return (-1);
	a->extra = (size_t)used < len;
	a->whole = chunked_done(&a->chunked);
	if (a->old) {
		memcpy(out, data, n);
		return ((ssize_t)n);
	}
	w = 0;
	if (n > 0) {
		memcpy(out + CHUNK_HEAD, data, n);
		w = chunked_frame(out + CHUNK_HEAD, n);
		memmove(out, out + CHUNK_HEAD - w, w + n + 2);
		w += n + 2;
	}
	if (a->whole) {
		memcpy(out + w, LAST_CHUNK, LAST_CHUNK_LEN);
		w += LAST_CHUNK_LEN;
	}
	return ((ssize_t)w);
}

/*
 * Heads.
 */

/*
 * Judges a head as far as it is there.  RESPONSE_DONE: the fields of r are
 * valid and r->len is its length.
 */
enum response_result
response_parse(struct response *r, const char *buf, size_t len,
    unsigned int flags)
{
	static const char version[] = "HTTP/1.";
	const char *s, *lf, *end;
	size_t n;
	unsigned int lines;

	memset(r, 0, sizeof(*r));
	r->flags = flags;
	end = buf + len;
	lines = 0;
	/* what will never be a line of ours is not waited for */
	if (memcmp(buf, version, len < sizeof(version) - 1 ? len :
	    sizeof(version) - 1) != 0)
		return (RESPONSE_BAD);
	for (s = buf; (lf = memchr(s, '\n', (size_t)(end - s))) != NULL;
	    s = lf + 1) {
		if (lf == s || lf[-1] != '\r')
			return (RESPONSE_BAD);
		n = (size_t)(lf - s) - 1;
		if (lines++ == 0) {
			if (response_line(r, s, n) == -1)
				return (RESPONSE_BAD);
			r->fields = (size_t)(lf + 1 - buf);
		} else if (n == 0) {
			r->len = (size_t)(lf + 1 - buf);
			return (response_end(r) == -1 ? RESPONSE_BAD :
			    RESPONSE_DONE);
		} else if (lines > HTTP_HEADERS + 1 ||
		    response_field(r, s, n) == -1)
			return (RESPONSE_BAD);
	}
	return (len >= RESPONSE_MAX ? RESPONSE_BAD : RESPONSE_MORE);
}

/* HTTP/1.1 SP status [SP reason] */
static int
response_line(struct response *r, const char *s, size_t len)
{
	size_t i;

	if (len < 12 || s[8] != ' ' || (len > 12 && s[12] != ' ') ||
	    !word_is_text(s, len))
		return (-1);
	if (s[7] != '1' && (s[7] != '0' || !(r->flags & RESPONSE_ANY)))
		return (-1);
	r->old = s[7] == '0';
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
response_field(struct response *r, const char *s, size_t len)
{
	const char *colon;
	size_t name;

	if ((colon = memchr(s, ':', len)) == NULL || !word_is_text(s, len))
		return (-1);
	name = (size_t)(colon - s);
	if (name == 0 || word_token(s, name) != name)
		return (-1);
	len -= name + 1;
	for (s = colon + 1; len > 0 && (*s == ' ' || *s == '\t'); s++, len--)
		;
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	if (word_is(colon - name, name, "content-length"))
		return (response_length(r, s, len));
	if (word_is(colon - name, name, "transfer-encoding")) {
		if (r->chunked || !word_is(s, len, "chunked"))
			return (-1);
		r->chunked = 1;
	} else if (word_is(colon - name, name, "connection")) {
		/* it means less than it says at worst */
		if (!word_is(s, len, "keep-alive"))
			r->close = 1;
	}
	return (0);
}

static int
response_length(struct response *r, const char *s, size_t len)
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
response_end(struct response *r)
{
	if (r->chunked && (r->has_length || r->old))
		return (-1);
	if ((r->flags & RESPONSE_TO_HEAD) && r->status >= 200) {
		r->framing = BODY_NONE;
		return (0);
	}
	if (r->status == 304) {
		r->framing = BODY_NONE;
		return (0);
	}
	if (r->status < 200 || r->status == 204) {
		r->framing = BODY_NONE;
		return (r->chunked || r->length > 0 ? -1 : 0);
	}
	if (r->chunked)
		r->framing = BODY_CHUNKED;
	else if (r->has_length)
		r->framing = BODY_LENGTH;
	else if (r->flags & RESPONSE_ANY)
		r->framing = BODY_CLOSE;
	else
		return (-1);
	return (0);
}

/* The head for the client; its length, or -1 if it does not fit. */
ssize_t
response_rebuild(const struct response *r, const char *buf, int closes,
    char *out, size_t size)
{
	const char *s, *lf, *end;
	size_t len, n;
	int w;

	len = r->fields;
	if (len >= size)
		return (-1);
	memcpy(out, buf, len);
	out[7] = '1';		/* the version is ours */
	end = buf + r->len - 2;
	for (s = buf + r->fields; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		n = (size_t)(lf + 1 - s);
		if (!response_kept(r, buf, s, word_token(s, n)))
			continue;
		if (n >= size - len)
			return (-1);
		memcpy(out + len, s, n);
		len += n;
	}
	w = 0;
	if (r->framing == BODY_CHUNKED)
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

/*
 * Not what is for one connection; and not, of the API's, what an agent could
 * keep as its own.
 */
static int
response_kept(const struct response *r, const char *buf, const char *name,
    size_t len)
{
	static const char *const dropped[] = {
		"close", "connection", "content-length", "keep-alive", "te",
		"trailer", "transfer-encoding", "upgrade", NULL
	};
	size_t i;

	for (i = 0; dropped[i] != NULL; i++)
		if (word_is(name, len, dropped[i]))
			return (0);
	if (!(r->flags & RESPONSE_ANY) && word_is(name, len, "set-cookie"))
		return (0);
	return (!word_begins(name, len, "proxy-") &&
	    !response_hop(r, buf, name, len));
}

/* Does a Connection field name it? */
static int
response_hop(const struct response *r, const char *buf, const char *name,
    size_t len)
{
	const char *s, *lf, *end;
	size_t n;

	if (!r->close)
		return (0);
	end = buf + r->len - 2;
	for (s = buf + r->fields; s < end; s = lf + 1) {
		lf = memchr(s, '\n', (size_t)(end - s));
		n = word_token(s, (size_t)(lf - s));
		if (word_is(s, n, "connection") &&
		    lists(s + n + 1, (size_t)(lf - s) - n - 1, name, len))
			return (1);
	}
	return (0);
}

/* Is the word in a list? */
static int
lists(const char *s, size_t len, const char *word, size_t word_len)
{
	size_t i, n;

	for (i = 0; i < len; i += n + 1) {
		n = word_token(s + i, len - i);
		if (n == word_len && strncasecmp(s + i, word, n) == 0)
			return (1);
	}
	return (0);
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

/*
 * Makes a chunk of what stands there, with CHUNK_HEAD bytes of room in front
 * and two behind: how much it grew in front.
 */
size_t
chunked_frame(char *data, size_t len)
{
	char size[CHUNK_HEAD];
	int n;

	n = snprintf(size, sizeof(size), "%zx\r\n", len);
	memcpy(data - n, size, (size_t)n);
	memcpy(data + len, "\r\n", 2);
	return ((size_t)n);
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
