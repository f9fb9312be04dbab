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
 * Requests, exactly as our own engine process writes them, and as much of the
 * answers as guard has to know.  Pure: nothing here logs, exits, or knows a
 * global.
 */

#include <sys/types.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "guard.h"

#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyz" \
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define ESCAPED_CHARS	NAME_CHARS "~%"
#define LENGTH_DIGITS	18
#define CHUNK_DIGITS	15

#define HAS_HOST	0x01
#define HAS_ACCEPT	0x02
#define HAS_JSON	0x04
#define HAS_TAR		0x08
#define HAS_LENGTH	0x10
#define HAS_CHUNKED	0x20
#define HAS_CONNECTION	0x40
#define HAS_UPGRADE	0x80

#define ATTACH	"/containers/$c/attach?stream=1&stdin=1&stdout=1&stderr=1"

static char	*next_line(char **);
static int	 parse_line(struct guard_request *, char *,
		    const struct guard_terms *);
static int	 parse_field(struct guard_request *, const char *);
static int	 parse_length(const char *, uint64_t *);
static const char *parse_version(const char *);
static int	 match(const char *, const char *, struct guard_request *,
		    const struct guard_terms *);
static size_t	 match_one(int, const char *, const char *,
		    struct guard_request *, const struct guard_terms *);
static size_t	 match_id(const char *, struct guard_request *, int);
static size_t	 match_text(const char *, size_t, int (*)(const char *));
static int	 valid_network(const char *);
static int	 valid_name(const char *);

/*
 * All that we ask for.  $b is the image that is built, escaped, $c the id of a
 * container of ours, $e that of a command in one, $d a number, $f the filter
 * for what is ours, $i an image, $n a name of ours, $q what is escaped, $s a
 * signal, $w a network.
 */
/* clang-format off */
static const struct guard_rule rules[] = {
	{ "GET", "/version", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "GET", "/info", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "GET", "/libpod/info", BODY_NONE, NULL, NEWS_NONE, 0 },
	/* containers */
	{ "GET", "/containers/json?all=1&filters=$f", BODY_NONE, NULL,
	    NEWS_LIST, 0 },
	{ "POST", "/containers/create?name=$n", BODY_JSON, guard_container,
	    NEWS_CONTAINER, 0 },
	{ "POST", "/libpod/containers/create", BODY_JSON, guard_libpod,
	    NEWS_CONTAINER, 0 },
	{ "GET", "/containers/$c/json", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "GET", "/libpod/containers/$c/json", BODY_NONE, NULL, NEWS_NONE,
	    0 },
	{ "POST", ATTACH, BODY_NONE, NULL, NEWS_NONE, 1 },
	{ "POST", ATTACH "&detachKeys=%FF%2C%FE%2C%FF", BODY_NONE, NULL,
	    NEWS_NONE, 1 },
	{ "POST", "/containers/$c/start", BODY_NONE, NULL, NEWS_START, 0 },
	{ "POST", "/containers/$c/wait", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "POST", "/containers/$c/stop?t=$d", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "POST", "/containers/$c/kill?signal=$s", BODY_NONE, NULL, NEWS_NONE,
	    0 },
	{ "POST", "/containers/$c/rename?name=$n", BODY_NONE, NULL, NEWS_NONE,
	    0 },
	{ "POST", "/containers/$c/resize?h=$d&w=$d", BODY_NONE, NULL,
	    NEWS_NONE, 0 },
	{ "GET", "/containers/$c/stats?stream=false&one-shot=true", BODY_NONE,
	    NULL, NEWS_NONE, 0 },
	{ "DELETE", "/containers/$c?force=1", BODY_NONE, NULL, NEWS_GONE, 0 },
	{ "DELETE", "/containers/$c?force=1&v=1", BODY_NONE, NULL, NEWS_GONE,
	    0 },
	/* commands in them */
	{ "POST", "/containers/$c/exec", BODY_JSON, guard_exec, NEWS_EXEC, 0 },
	{ "POST", "/exec/$e/start", BODY_JSON, guard_exec_start, NEWS_NONE,
	    -1 },
	{ "POST", "/exec/$e/resize?h=$d&w=$d", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "GET", "/exec/$e/json", BODY_NONE, NULL, NEWS_NONE, 0 },
	/* volumes and networks */
	{ "POST", "/volumes/create", BODY_JSON, guard_volume, NEWS_NONE, 0 },
	{ "GET", "/volumes?filters=$f", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "DELETE", "/volumes/$n", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "DELETE", "/volumes/$n?force=1", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "GET", "/networks/$w", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "POST", "/networks/create", BODY_JSON, guard_network, NEWS_NONE, 0 },
	{ "GET", "/libpod/networks/$n/json", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "GET", "/libpod/networks/json?filters=$f", BODY_NONE, NULL,
	    NEWS_NONE, 0 },
	{ "POST", "/libpod/networks/create", BODY_JSON, guard_libpod_network,
	    NEWS_NONE, 0 },
	{ "DELETE", "/libpod/networks/$n", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "DELETE", "/libpod/networks/$n?force=1", BODY_NONE, NULL, NEWS_NONE,
	    0 },
	/* images */
	{ "GET", "/images/$i/json", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "GET", "/distribution/$i/json", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "GET", "/images/json?filters=$q", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ "POST", "/images/create?fromImage=$q", BODY_NONE, NULL, NEWS_NONE,
	    0 },
	{ "POST", "/images/create?fromImage=$q&tag=latest", BODY_NONE, NULL,
	    NEWS_NONE, 0 },
	{ "POST", "/images/create?fromSrc=-&repo=claudesec/$i", BODY_TAR, NULL,
	    NEWS_NONE, 0 },
	{ "POST", "/build?t=$b&buildargs=$q&labels=$q&nocache=$d&rm=1"
	    "&forcerm=1", BODY_TAR, NULL, NEWS_NONE, 0 },
	{ "DELETE", "/images/$i", BODY_NONE, NULL, NEWS_NONE, 0 },
	{ NULL, NULL, BODY_NONE, NULL, NEWS_NONE, 0 }
};
/* clang-format on */

static const struct {
	const char	*line;
	unsigned int	 bit;
} fields[] = {
	{ "Host: engine", HAS_HOST },
	{ "Accept: */*", HAS_ACCEPT },
	{ "Content-Type: application/json", HAS_JSON },
	{ "Content-Type: application/x-tar", HAS_TAR },
	{ "Content-Length: ", HAS_LENGTH },
	{ "Transfer-Encoding: chunked", HAS_CHUNKED },
	{ "Connection: Upgrade", HAS_CONNECTION },
	{ "Upgrade: tcp", HAS_UPGRADE }
};

const char *
guard_request(struct guard_request *r, char *head, size_t len,
    const struct guard_terms *terms)
{
	const struct guard_rule *rule;
	char *line;
	int bit, has, upgrade;

	memset(r, 0, sizeof(*r));
	if (strlen(head) != len || (line = next_line(&head)) == NULL)
		return ("malformed");
	if (parse_line(r, line, terms) == -1)
		return ("not a request of ours");
	for (has = 0; (line = next_line(&head)) != NULL && line[0] != '\0';
	    has |= bit)
		if ((bit = parse_field(r, line)) == -1 || (has & bit) != 0)
			return ("not a head of ours");
	if (line == NULL || head[0] != '\0' || (has & HAS_HOST) == 0)
		return ("malformed");
	rule = r->rule;
	upgrade = has & (HAS_CONNECTION | HAS_UPGRADE);
	r->upgrade = upgrade == (HAS_CONNECTION | HAS_UPGRADE);
	r->chunked = (has & HAS_CHUNKED) != 0;
	if ((upgrade != 0 && !r->upgrade) ||
	    (rule->upgrade != -1 && r->upgrade != rule->upgrade))
		return ("not to be upgraded so");
	switch (rule->body) {
	case BODY_NONE:
		if (r->length != 0 || (has & (HAS_TAR | HAS_CHUNKED)) != 0)
			return ("a body where none is");
		break;
	case BODY_JSON:
		if ((has & (HAS_TAR | HAS_CHUNKED)) != 0 || r->length == 0 ||
		    r->length > GUARD_JSON)
			return ("not a body of ours");
		break;
	case BODY_TAR:
		if ((has & HAS_JSON) != 0 || r->chunked ==
		    ((has & HAS_LENGTH) != 0))
			return ("not a body of ours");
		break;
	}
	return (NULL);
}

/* Without its end; NULL: there is none, or it has what no line has. */
static char *
next_line(char **p)
{
	char *end, *line, *s;

	line = *p;
	if ((end = strstr(line, "\r\n")) == NULL)
		return (NULL);
	for (s = line; s < end; s++)
		if (*s < ' ' || *s > '~')
			return (NULL);
	*end = '\0';
	*p = end + 2;
	return (line);
}

static int
parse_line(struct guard_request *r, char *line,
    const struct guard_terms *terms)
{
	const char *path;
	char *target, *end;

	if ((target = strchr(line, ' ')) == NULL)
		return (-1);
	*target++ = '\0';
	if ((end = strchr(target, ' ')) == NULL ||
	    strcmp(end, " HTTP/1.1") != 0)
		return (-1);
	*end = '\0';
	path = parse_version(target);
	for (r->rule = rules; r->rule->method != NULL; r->rule++) {
		if (strcmp(line, r->rule->method) == 0 &&
		    match(r->rule->path, path, r, terms)) {
			r->target = target;
			return (0);
		}
	}
	return (-1);
}

/* What follows the version of the API, if it is one that we speak. */
static const char *
parse_version(const char *target)
{
	int n, len;

	if (strncmp(target, LIBPOD_VERSION "/libpod/",
	    sizeof(LIBPOD_VERSION "/libpod/") - 1) == 0)
		return (target + sizeof(LIBPOD_VERSION) - 1);
	if (strncmp(target, "/v1.", 4) == 0 &&
	    isdigit((unsigned char)target[4]) &&
	    isdigit((unsigned char)target[5]) &&
	    sscanf(target, "/v1.%2d%n", &n, &len) == 1 && n >= API_OLDEST &&
	    n <= API_NEWEST && strncmp(target + len, "/libpod/", 8) != 0)
		return (target + len);
	return (strcmp(target, "/version") == 0 ? target : "");
}

static int
match(const char *pattern, const char *s, struct guard_request *r,
    const struct guard_terms *terms)
{
	size_t n;

	for (; *pattern != '\0'; pattern++, s += n) {
		n = 1;
		if (*pattern != '$') {
			if (*s != *pattern)
				return (0);
			continue;
		}
		pattern++;
		n = match_one(*pattern, pattern + 1, s, r, terms);
		if (n == 0)
			return (0);
	}
	return (*s == '\0');
}

/* How much of it is one of these, or 0. */
static size_t
match_one(int what, const char *rest, const char *s, struct guard_request *r,
    const struct guard_terms *terms)
{
	size_t len, n;

	switch (what) {
	case 'b':
		n = terms->image == NULL ? 0 : strlen(terms->image);
		return (n > 0 && strncmp(s, terms->image, n) == 0 ? n : 0);
	case 'c':
	case 'e':
		return (match_id(s, r, what == 'e'));
	case 'd':
		n = strspn(s, "0123456789");
		return (n <= 10 ? n : 0);
	case 'f':
		n = strlen(terms->filter);
		return (strncmp(s, terms->filter, n) == 0 ? n : 0);
	case 'i':
		/* it may have almost anything in it, but not what follows */
		n = strlen(s);
		len = strlen(rest);
		return (n <= len ? 0 : match_text(s, n - len,
		    spec_image_valid));
	case 'n':
		return (match_text(s, strspn(s, NAME_CHARS), valid_name));
	case 'q':
		return (strspn(s, ESCAPED_CHARS));
	case 's':
		n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		return (n > 3 && strncmp(s, "SIG", 3) == 0 ? n : 0);
	case 'w':
		return (match_text(s, strspn(s, NAME_CHARS), valid_network));
	default:
		return (0);
	}
}

static size_t
match_id(const char *s, struct guard_request *r, int exec)
{
	if (strspn(s, "0123456789abcdef") != ID_LEN)
		return (0);
	memcpy(r->id, s, ID_LEN);
	r->id[ID_LEN] = '\0';
	r->exec = exec;
	return (ID_LEN);
}

static size_t
match_text(const char *s, size_t n, int (*valid)(const char *))
{
	char text[IMAGE_MAXLEN + 16];

	if (n >= sizeof(text))
		return (0);
	memcpy(text, s, n);
	text[n] = '\0';
	return (valid(text) ? n : 0);
}

/* Of a volume, a container, or a network of ours. */
static int
valid_name(const char *name)
{
	return (spec_volume_valid(name));
}

static int
valid_network(const char *name)
{
	return (name[0] != '\0' && isalnum((unsigned char)name[0]));
}

/* The bit of it, or -1. */
static int
parse_field(struct guard_request *r, const char *line)
{
	size_t i, len;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		len = strlen(fields[i].line);
		if (fields[i].bit == HAS_LENGTH &&
		    strncmp(line, fields[i].line, len) == 0)
			return (parse_length(line + len, &r->length) == -1 ?
			    -1 : HAS_LENGTH);
		if (strcmp(line, fields[i].line) == 0)
			return ((int)fields[i].bit);
	}
	return (-1);
}

static int
parse_length(const char *s, uint64_t *length)
{
	size_t len;

	len = strlen(s);
	if (len == 0 || len > LENGTH_DIGITS ||
	    strspn(s, "0123456789") != len || (s[0] == '0' && len > 1))
		return (-1);
	*length = strtoull(s, NULL, 10);
	return (0);
}

/*
 * The head of an answer, as far as it matters: 0, or -1.
 */
int
guard_answer(struct guard_answer *a, const char *head, size_t len)
{
	static const char coding[] = "\r\nTransfer-Encoding: chunked\r\n";
	size_t i;

	memset(a, 0, sizeof(*a));
	if (len < 13 || strlen(head) != len ||
	    strncmp(head, "HTTP/1.1 ", 9) != 0)
		return (-1);
	for (i = 9; i < 12; i++) {
		if (!isdigit((unsigned char)head[i]))
			return (-1);
		a->status = a->status * 10 + head[i] - '0';
	}
	if (head[12] != ' ' && head[12] != '\r')
		return (-1);
	a->chunked = strcasestr(head, coding) != NULL;
	return (0);
}

enum {
	CHUNK_SIZE,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_CR,
	CHUNK_LF,
	CHUNK_LAST_CR,
	CHUNK_LAST_LF
};

/*
 * A run of data, whose length is told, or a byte of what is between; there is
 * nothing in a chunk's line but its length, and nothing after the last.
 */
ssize_t
guard_chunks(struct guard_chunks *c, const char *p, size_t len, size_t *data)
{
	static const char hex[] = "0123456789abcdef";
	const char *digit;

	*data = 0;
	if (c->done || len == 0)
		return (0);
	switch (c->state) {
	case CHUNK_SIZE:
		digit = memchr(hex, tolower((unsigned char)*p), 16);
		if (digit != NULL && c->digits < CHUNK_DIGITS) {
			c->left = c->left * 16 + (uint64_t)(digit - hex);
			c->digits++;
			return (1);
		}
		if (*p != '\r' || c->digits == 0)
			return (-1);
		c->state = CHUNK_SIZE_LF;
		return (1);
	case CHUNK_SIZE_LF:
		c->digits = 0;
		c->state = c->left == 0 ? CHUNK_LAST_CR : CHUNK_DATA;
		return (*p == '\n' ? 1 : -1);
	case CHUNK_DATA:
		*data = len < c->left ? len : (size_t)c->left;
		c->left -= *data;
		if (c->left == 0)
			c->state = CHUNK_CR;
		return ((ssize_t)*data);
	case CHUNK_CR:
		c->state = CHUNK_LF;
		return (*p == '\r' ? 1 : -1);
	case CHUNK_LF:
		c->state = CHUNK_SIZE;
		return (*p == '\n' ? 1 : -1);
	case CHUNK_LAST_CR:
		c->state = CHUNK_LAST_LF;
		return (*p == '\r' ? 1 : -1);
	default:
		c->done = *p == '\n';
		return (c->done ? 1 : -1);
	}
}
