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
 * A login by the user's browser, as Claude Code begins it.  It listens on a
 * port of its own loopback and has an address opened, at one of few hosts,
 * which says the port and a word that must come back.  All of this is written
 * by the agent, whoever that is by then.  Pure.
 */

#include <sys/types.h>

#include <ctype.h>
#include <string.h>

#include "claudesec.h"

#define ESCAPE		'\033'

enum {
	SCAN_TEXT,
	SCAN_ESCAPE,		/* after the escape character */
	SCAN_CSI
};

static const char *const places[] = {
	"https://claude.ai/oauth/authorize?",
	"https://claude.com/cai/oauth/authorize?",
	"https://platform.claude.com/oauth/authorize?",
	"https://console.anthropic.com/oauth/authorize?"
};

static const char url_chars[] = "abcdefghijklmnopqrstuvwxyz"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?&=+%";

static int	 scan_end(struct login_scan *);
static int	 login_value(const char *, const char *, char *, size_t);
static int	 login_port(const char *, uint32_t *);

/*
 * One byte of what goes to the terminal.  1: url may be one now.  A line that
 * ends may go on in the next one, so that is told and goes on as well.
 */
int
login_scan(struct login_scan *s, unsigned char c)
{
	switch (s->state) {
	case SCAN_ESCAPE:
		s->state = c == '[' ? SCAN_CSI : SCAN_TEXT;
		/* a string of the terminal's begins or ends */
		return (c == '[' ? 0 : scan_end(s));
	case SCAN_CSI:
		if (c >= 0x40 && c <= 0x7e)
			s->state = SCAN_TEXT;
		return (0);
	}
	if (c == ESCAPE) {
		s->state = SCAN_ESCAPE;
		return (0);
	}
	if (c == '\r')
		return (0);
	if (c == '\n') {
		s->url[s->len] = '\0';
		return (s->len > 0);
	}
	if (c == '\0' || strchr(url_chars, c) == NULL)
		return (scan_end(s));
	if (s->len == sizeof(s->url) - 1) {
		s->len = 0;
		return (0);
	}
	s->url[s->len++] = (char)c;
	/* nothing is kept that is not the beginning of one */
	if (s->len <= 8 && strncmp(s->url, "https://", s->len) != 0) {
		s->len = c == 'h';
		s->url[0] = 'h';
	}
	return (0);
}

static int
scan_end(struct login_scan *s)
{
	size_t len;

	len = s->len;
	s->url[len] = '\0';
	s->len = 0;
	return (len > 0);
}

/*
 * The port and the word of an address, if it is one of a login: 0, else -1.
 */
int
login_parse(const char *url, struct login *login)
{
	char value[128];
	const char *query;
	size_t i;

	memset(login, 0, sizeof(*login));
	if (strlen(url) >= LOGIN_URLMAX || strspn(url, url_chars) !=
	    strlen(url))
		return (-1);
	query = NULL;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strncmp(url, places[i], strlen(places[i])) == 0)
			query = url + strlen(places[i]);
	if (query == NULL ||
	    login_value(query, "redirect_uri", value, sizeof(value)) == -1 ||
	    login_port(value, &login->port) == -1 ||
	    login_value(query, "state", login->state,
	    sizeof(login->state)) == -1 || strlen(login->state) < 8)
		return (-1);
	return (0);
}

/* What stands there under a name once, and is not more than its own text. */
static int
login_value(const char *query, const char *name, char *value, size_t size)
{
	size_t len, n;
	int found;

	found = 0;
	n = strlen(name);
	for (; *query != '\0'; query += len + (query[len] == '&')) {
		len = strcspn(query, "&");
		if (strncmp(query, name, n) != 0 || query[n] != '=')
			continue;
		if (found++ || len - n - 1 >= size)
			return (-1);
		memcpy(value, query + n + 1, len - n - 1);
		value[len - n - 1] = '\0';
	}
	return (found ? 0 : -1);
}

static int
login_port(const char *value, uint32_t *port)
{
	static const char before[] = "http%3A%2F%2Flocalhost%3A";
	size_t len;

	len = sizeof(before) - 1;
	if (strncasecmp(value, before, len) != 0)
		return (-1);
	*port = 0;
	for (value += len; isdigit((unsigned char)*value); value++)
		if ((*port = *port * 10 + (uint32_t)(*value - '0')) > 65535)
			return (-1);
	return (*port < 1024 || strcasecmp(value, "%2Fcallback") != 0 ?
	    -1 : 0);
}

/*
 * A request that the browser makes in the end.  1: it is the one of this
 * login; 0: it is not all there; -1: it is another.
 */
int
login_request(const char *head, size_t len, const struct login *login)
{
	static const char begin[] = "GET /callback?";
	char line[LOGIN_URLMAX], state[128];
	const char *end;
	size_t n;

	n = len < sizeof(begin) - 1 ? len : sizeof(begin) - 1;
	if (memcmp(head, begin, n) != 0)
		return (-1);
	if ((end = memchr(head, '\n', len)) == NULL)
		return (len < sizeof(line) ? 0 : -1);
	n = (size_t)(end - head);
	if (n >= sizeof(line) || memchr(head, '\0', n) != NULL)
		return (-1);
	memcpy(line, head, n);
	line[n] = '\0';
	line[strcspn(line + sizeof(begin) - 1, " \r#") + sizeof(begin) - 1] =
	    '\0';
	if (login_value(line + sizeof(begin) - 1, "state", state,
	    sizeof(state)) == -1)
		return (-1);
	return (strcmp(state, login->state) == 0 ? 1 : -1);
}
