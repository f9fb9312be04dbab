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
 * What is read of git's own files, and paths.  Pure.
 */

#include <sys/types.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "workspace.h"

#define KEY_SIZE	256
#define VALUE_SIZE	1024

struct text {
	const char	*p, *end;
};

static int	 get(struct text *);
static int	 peek(const struct text *);
static int	 is_blank(int);
static void	 skip_line(struct text *);
static int	 get_section(struct text *, char *, size_t);
static size_t	 get_key(struct text *, char *, size_t, size_t);
static int	 get_value(struct text *, char *, size_t);
static void	 add(char *, size_t *, size_t, int);

/*
 * The path that other is when it is seen from dir, both below one root; the
 * empty one is that itself.  -1: it leads out of there, or is too long.
 */
int
path_join(char *buf, size_t size, const char *dir, const char *other)
{
	size_t len, n;

	if (other[0] == '/' || strlcpy(buf, dir, size) >= size)
		return (-1);
	len = strlen(buf);
	for (; *other != '\0'; other += n) {
		other += strspn(other, "/");
		n = strcspn(other, "/");
		if (n == 0 || (n == 1 && other[0] == '.'))
			continue;
		if (n == 2 && strncmp(other, "..", 2) == 0) {
			if (len == 0)
				return (-1);
			while (len > 0 && buf[len - 1] != '/')
				len--;
			if (len > 0)
				len--;
			buf[len] = '\0';
			continue;
		}
		if (len + n + 2 > size)
			return (-1);
		if (len > 0)
			buf[len++] = '/';
		memcpy(buf + len, other, n);
		len += n;
		buf[len] = '\0';
	}
	return (0);
}

int
path_within(const char *path, const char *dir)
{
	size_t len;

	len = strlen(dir);
	return (strncmp(path, dir, len) == 0 &&
	    (path[len] == '\0' || path[len] == '/'));
}

int
protect_valid(const char *path)
{
	char buf[PROTECT_MAXLEN];
	const char *s;

	for (s = path; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s))
			return (0);
	return (*path != '\0' && path_join(buf, sizeof(buf), "", path) == 0 &&
	    strcmp(buf, path) == 0);
}

/*
 * Calls back with each variable, as section.name in lower case (a name of the
 * section's own is left out), and its value, which is cut off where it is too
 * long to be a path here; a key that is too long is none that we look for.
 * What git would refuse ends it, but not all of that: git then does nothing at
 * all.  -1 is what the function called returned.
 */
int
git_config(const char *data, size_t len,
    int (*f)(void *, const char *, const char *), void *arg)
{
	struct text t;
	char key[KEY_SIZE], value[VALUE_SIZE];
	size_t n, section;
	int c;

	t.p = data;
	t.end = data + len;
	section = 0;
	if (len >= 3 && memcmp(data, "\357\273\277", 3) == 0)
		t.p += 3;
	while ((c = peek(&t)) != EOF) {
		if (is_blank(c)) {
			(void)get(&t);
		} else if (c == '#' || c == ';') {
			skip_line(&t);
		} else if (c == '[') {
			if (get_section(&t, key, sizeof(key)) == -1)
				return (0);
			section = strlen(key);
		} else {
			n = get_key(&t, key, section, sizeof(key));
			if (n == 0 || get_value(&t, value,
			    sizeof(value)) == -1)
				return (0);
			if (n < sizeof(key) && f(arg, key, value) == -1)
				return (-1);
		}
	}
	return (0);
}

static int
peek(const struct text *t)
{
	return (t->p == t->end ? EOF : (unsigned char)*t->p);
}

static int
get(struct text *t)
{
	return (t->p == t->end ? EOF : (unsigned char)*t->p++);
}

/* What is one to git. */
static int
is_blank(int c)
{
	return (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

static void
skip_line(struct text *t)
{
	int c;

	while ((c = get(t)) != EOF && c != '\n')
		;
}

/* [name], [name "of its own"], [name.of its own]; all of a name counts */
static int
get_section(struct text *t, char *key, size_t size)
{
	size_t n;
	int c;

	(void)get(t);
	for (n = 0; isalnum(c = get(t)) || c == '-'; n++)
		if (n < size - 1)
			key[n] = (char)tolower(c);
	key[n < size - 1 ? n : size - 1] = '\0';
	while (c != ']') {
		if (c == EOF || c == '\n')
			return (-1);
		if (c != '"') {
			c = get(t);
			continue;
		}
		while ((c = get(t)) != '"') {
			if (c == '\\')
				c = get(t);
			if (c == EOF || c == '\n')
				return (-1);
		}
		c = get(t);
	}
	return (0);
}

/* How long it is, which may be more than there is room for; 0: none. */
static size_t
get_key(struct text *t, char *key, size_t section, size_t size)
{
	size_t n;

	n = section;
	if (n < size - 1)
		key[n] = '.';
	for (n++; isalnum(peek(t)) || peek(t) == '-'; n++) {
		if (n < size - 1)
			key[n] = (char)tolower(peek(t));
		(void)get(t);
	}
	key[n < size - 1 ? n : size - 1] = '\0';
	while (peek(t) == ' ' || peek(t) == '\t')
		(void)get(t);
	return (n == section + 1 ? 0 : n);
}

/* Up to the end of the line; without "=" it is empty here. */
static int
get_value(struct text *t, char *value, size_t size)
{
	size_t blanks, n;
	int c, quoted;

	n = blanks = 0;
	quoted = 0;
	value[0] = '\0';
	if (peek(t) == '\n' || peek(t) == EOF || peek(t) == '\r')
		return (0);
	if ((c = get(t)) == '#' || c == ';') {
		skip_line(t);
		return (0);
	}
	if (c != '=')
		return (-1);
	for (;;) {
		c = get(t);
		if (c == '\r' && peek(t) == '\n')
			c = get(t);
		if (c == EOF || c == '\n')
			break;
		if (!quoted && (c == '#' || c == ';')) {
			skip_line(t);
			break;
		}
		if (!quoted && is_blank(c)) {
			/* not at the beginning, nor at the end */
			if (n > 0)
				blanks++;
			continue;
		}
		for (; blanks > 0; blanks--)
			add(value, &n, size, ' ');
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (c == '\\') {
			if ((c = get(t)) == '\r' && peek(t) == '\n')
				c = get(t);
			/* to git, a file ends with one */
			if (c == '\n' || c == EOF)
				continue;
			if (c == 't')
				c = '\t';
			else if (c == 'n')
				c = '\n';
			else if (c == 'b')
				c = '\b';
			else if (c != '\\' && c != '"')
				return (-1);
		}
		add(value, &n, size, c);
	}
	return (quoted ? -1 : 0);
}

static void
add(char *value, size_t *n, size_t size, int c)
{
	if (*n + 1 < size)
		value[(*n)++] = (char)c;
	value[*n] = '\0';
}
