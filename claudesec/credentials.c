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
 * Credentials as they are written: in the env file, or by a command.  Nothing
 * that is said of them shows a value.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "claudesec.h"

#define LINES_MAX	100	/* that something is said about */

static unsigned int env_line(struct env_list *, int, char *,
		    const struct credentials_reader *);
static char	*env_value(char *, const char **);
static const char *env_add(struct env_list *, const char *, const char *,
		    int);
static void	 reader_error(const struct credentials_reader *, const char *,
		    ...) __attribute__((__format__(printf, 2, 3)));
static void	 reader_warn(const struct credentials_reader *, const char *,
		    ...) __attribute__((__format__(printf, 2, 3)));

static const char *const names[] = { "ANTHROPIC_API_KEY",
	    "CLAUDE_CODE_OAUTH_TOKEN", NULL };

/* The name of a credential at the beginning of this, and "="; or NULL. */
static const char *
name_of(const char *s)
{
	size_t i, len;

	for (i = 0; names[i] != NULL; i++) {
		len = strlen(names[i]);
		if (strncmp(s, names[i], len) == 0 && s[len] == '=')
			return (names[i]);
	}
	return (NULL);
}

/* Is it NAME=value as we make it?  For those who are sent it. */
int
credentials_valid(const char *s)
{
	const char *name;

	if ((name = name_of(s)) == NULL)
		return (0);
	s += strlen(name) + 1;
	if (*s == '\0')
		return (0);
	for (; *s != '\0'; s++)
		if (!isascii((unsigned char)*s) || !isgraph((unsigned char)*s))
			return (0);
	return (1);
}

/*
 * What a command wrote: lines as of the env file, if it begins with one of
 * these, or a key or a token alone.
 */
void
credentials_output(struct env_list *list, char *buf, size_t len,
    const struct credentials_reader *r)
{
	const char *name, *why;
	char *value;
	size_t i;

	buf[len] = '\0';
	if (strncmp(buf, "export ", 7) == 0 || buf[0] == '#' ||
	    name_of(buf) != NULL) {
		credentials_parse(list, buf, len, r);
		return;
	}
	if (len > 0 && buf[len - 1] == '\n')
		buf[--len] = '\0';
	if (len == 0) {
		reader_error(r, "%.500s is empty", r->name);
		return;
	}
	if (memchr(buf, '\n', len) != NULL) {
		reader_error(r, "%.500s is more than one line", r->name);
		return;
	}
	for (i = 0; i < len; i++)
		if (!isascii((unsigned char)buf[i]) ||
		    !isgraph((unsigned char)buf[i])) {
			reader_error(r, "%.500s has a character that no key "
			    "has", r->name);
			return;
		}
	value = buf;
	name = names[strncmp(value, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) == 0];
	if ((why = env_add(list, name, value, r->inject)) != NULL)
		reader_error(r, "%.500s: %s", r->name, why);
}

/* Adds a copy. */
void
credentials_add(struct env_list *list, const char *value)
{
	struct env_entry *e;

	if ((e = calloc(1, sizeof(*e))) == NULL ||
	    (e->value = strdup(value)) == NULL)
		fatal("calloc");
	TAILQ_INSERT_TAIL(list, e, entry);
}

void
credentials_free(struct env_list *list)
{
	struct env_entry *e;

	while ((e = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, e, entry);
		freezero(e->value, strlen(e->value));
		free(e);
	}
}

/*
 * Lines of NAME=value, which are overwritten.  There is room for a NUL behind
 * them.
 */
void
credentials_parse(struct env_list *list, char *buf, size_t len,
    const struct credentials_reader *r)
{
	unsigned int said;
	char *end, *s;
	size_t i;
	int line;

	buf[len] = '\0';
	said = 0;
	line = 0;
	for (s = buf; s < buf + len; s = end + 1) {
		line++;
		if ((end = memchr(s, '\n', len - (size_t)(s - buf))) == NULL)
			end = buf + len;
		*end = '\0';
		for (i = 0; s + i < end; i++)
			if (iscntrl((unsigned char)s[i]) && s[i] != '\t')
				break;
		if (s + i < end) {
			reader_error(r, "%.500s:%d: control character \\%03o",
			    r->name, line, (unsigned char)s[i]);
			said++;
		} else
			said += env_line(list, line, s, r);
		if (said >= LINES_MAX) {
			reader_error(r, "%.500s: too many errors", r->name);
			return;
		}
	}
	if (said == 0 && TAILQ_EMPTY(list))
		reader_warn(r, "%.500s: no credentials in it", r->name);
}

/*
 * NAME=value, as a shell would read it, of the two names that there are.
 * Nothing that is said shows a value.  Returns how much was said.
 */
static unsigned int
env_line(struct env_list *list, int line, char *s,
    const struct credentials_reader *r)
{
	const char *why;
	char *name, *value;

	s += strspn(s, " \t");
	if (*s == '\0' || *s == '#')
		return (0);
	if (strncmp(s, "export", 6) == 0 && (s[6] == ' ' || s[6] == '\t')) {
		s += 6;
		s += strspn(s, " \t");
	}
	name = s;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	if (s == name || isdigit((unsigned char)*name) || *s != '=') {
		reader_error(r, "%.500s:%d: not NAME=value", r->name, line);
		return (1);
	}
	*s++ = '\0';
	if (strcmp(name, names[0]) != 0 && strcmp(name, names[1]) != 0) {
		reader_warn(r, "%.500s:%d: %.100s is ignored", r->name, line,
		    name);
		return (1);
	}
	if ((value = env_value(s, &why)) != NULL)
		why = env_add(list, name, value, r->inject);
	if (why == NULL)
		return (0);
	reader_error(r, "%.500s:%d: %s: %s", r->name, line, name, why);
	return (1);
}

/* The value without its quotes and without what follows it. */
static char *
env_value(char *s, const char **why)
{
	unsigned char *p;
	char *end;

	*why = NULL;
	if (*s == '"' || *s == '\'') {
		if ((end = strchr(s + 1, *s)) == NULL) {
			*why = "quote not closed";
			return (NULL);
		}
		*end++ = '\0';
		s++;
	} else {
		end = s + strcspn(s, " \t");
		if (*end != '\0')
			*end++ = '\0';
	}
	end += strspn(end, " \t");
	if (*end != '\0' && *end != '#') {
		*why = "something behind the value";
		return (NULL);
	}
	for (p = (unsigned char *)s; *p != '\0'; p++)
		if (!isgraph(*p)) {
			*why = "a character that no key has";
			return (NULL);
		}
	return (s);
}

/* An empty value is none, as in a template that nobody has filled in. */
static const char *
env_add(struct env_list *list, const char *name, const char *value,
    int inject)
{
	struct env_entry *e;
	size_t len, size;

	if (*value == '\0')
		return (NULL);
	len = strlen(name);
	TAILQ_FOREACH(e, list, entry)
		if (strncmp(e->value, name, len) == 0 && e->value[len] == '=')
			return ("given twice");
	size = len + 1 + strlen(value) + 1;
	if (size > ENV_MAXLEN)
		return ("too long");
	if (inject &&
	    (strlen(value) < KEY_MINLEN || strlen(value) > KEY_MAXLEN))
		return ("too short or too long for a key");
	if ((e = calloc(1, sizeof(*e))) == NULL ||
	    (e->value = malloc(size)) == NULL)
		fatal("malloc");
	(void)strlcpy(e->value, name, size);
	(void)strlcat(e->value, "=", size);
	(void)strlcat(e->value, value, size);
	TAILQ_INSERT_TAIL(list, e, entry);
	return (NULL);
}

static void
reader_error(const struct credentials_reader *r, const char *fmt, ...)
{
	char line[TEXT_MAXLEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	r->error(line);
}

static void
reader_warn(const struct credentials_reader *r, const char *fmt, ...)
{
	char line[TEXT_MAXLEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	r->warn(line);
}
