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
 * what.  The frontend judges with these functions what it makes of the agent's
 * bytes, and the keeper judges with the same what the frontend tells it.
 * Pure.
 */

#include <sys/types.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxyd.h"

static int	 holds(const char *, size_t, const char *);
static int	 same_secret(const char *, size_t, const char *);
static int	 is_credential(const char *, size_t);
static int	 authentic(const struct http_head *, const char *,
		    const char *);

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
		if (word_is(text, (size_t)(path - text), gate_methods[i]))
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
		if (word_is(buf, h->method_len, gate_methods[i]))
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
	if ((expect = http_expects(h, buf)) == -1) {
		*why = "only 100-continue can be expected";
		return (417);
	}
	g->expect = (uint8_t)expect;
	g->close = http_closes(h, buf) != 0;
	g->length = h->body;
	if (h->chunked)
		g->framing = BODY_CHUNKED;
	else if (h->has_length)
		g->framing = BODY_LENGTH;
	else
		g->framing = BODY_NONE;
	return (0);
}

/* Does it hold together?  For the keeper. */
int
gate_request_sound(const struct gate_request *g)
{
	return (g->method < GATE_METHODS && g->framing <= BODY_CHUNKED &&
	    (g->framing == BODY_LENGTH || g->length == 0) &&
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
		if (word_is(f.name, f.name_len, "authorization")) {
			if (!word_begins(f.value, f.value_len, "Bearer "))
				return (0);
			f.value += 7;
			f.value_len -= 7;
		} else if (!word_is(f.name, f.name_len, "x-api-key"))
			continue;
		if (!same_secret(f.value, f.value_len, token))
			return (0);
		good = 1;
	}
	return (good);
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
	return (len > 0 && word_token(line, len) == len &&
	    gate_header_passes(line, len) &&
	    word_is_text(colon + 2, strlen(colon + 2)));
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
		if (word_is(name, len, names[i]))
			return (1);
	for (i = 0; prefixes[i] != NULL; i++)
		if (word_begins(name, len, prefixes[i]))
			return (!is_credential(name, len) &&
			    memchr(name, '_', len) == NULL);
	return (0);
}

static int
is_credential(const char *name, size_t len)
{
	static const char *const parts[] = {
		"auth", "bearer", "cookie", "cred", "jwt", "key", "pass",
		"secret", "token", NULL
	};
	size_t i;

	for (i = 0; parts[i] != NULL; i++)
		if (holds(name, len, parts[i]))
			return (1);
	return (0);
}

static int
holds(const char *s, size_t len, const char *what)
{
	for (; len >= strlen(what); s++, len--)
		if (word_begins(s, len, what))
			return (1);
	return (0);
}
