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
 * Of the grammar in parse.y: characters, macros, errors and memory.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vis.h>

#include "conf.h"

#define CONF_MAXSIZE	(1024 * 1024)	/* characters, macros expanded */
#define ERRORS_MAX	1000
#define MACROS_MAX	1000

struct chunk {
	SLIST_ENTRY(chunk)	 entry;
};

struct symbol {
	SLIST_ENTRY(symbol)	 entry;
	int			 fixed;		/* by -D */
	const char		*name;
	const char		*value;
};

static int	 macro_char(int, int);
static struct symbol *macro_find(const char *);

struct lex	 lex;
static SLIST_HEAD(, chunk)	 chunks;
static SLIST_HEAD(, symbol)	 symbols;
static size_t	 nsymbols;

void
lex_begin(FILE *f, const char *name, void (*report)(const char *))
{
	memset(&lex, 0, sizeof(lex));
	lex.f = f;
	lex.name = name;
	lex.report = report;
	lex.line = 1;
	lex.token = '\n';
	SLIST_INIT(&chunks);
	SLIST_INIT(&symbols);
	nsymbols = 0;
}

void
lex_end(void)
{
	struct chunk *c;

	while ((c = SLIST_FIRST(&chunks)) != NULL) {
		SLIST_REMOVE_HEAD(&chunks, entry);
		free(c);
	}
}

void
wrong(int line, const char *fmt, ...)
{
	char msg[TEXT_MAXLEN], text[TEXT_MAXLEN / 2];
	va_list ap;

	if (lex.nerrors > ERRORS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (lex.nerrors++ == ERRORS_MAX) {
		(void)strlcpy(text, "too many errors", sizeof(text));
		lex.stop = 1;
	}
	if (line == 0)
		(void)snprintf(msg, sizeof(msg), "%.500s: %s", lex.name, text);
	else
		(void)snprintf(msg, sizeof(msg), "%.480s:%d: %s", lex.name,
		    line, text);
	lex.report(msg);
}

void *
conf_alloc(size_t len)
{
	struct chunk *c;

	if ((c = calloc(1, sizeof(*c) + len)) == NULL) {
		wrong(lex.line, "%s", strerror(errno));
		lex.stop = 1;
		return (NULL);
	}
	SLIST_INSERT_HEAD(&chunks, c, entry);
	return (c + 1);
}

/* A string as a message shows it, short and printable. */
const char *
shown(const char *s, char buf[SHOWN_SIZE])
{
	size_t len;

	len = strlen(s);
	if (len > SHOWN_MAXLEN)
		len = SHOWN_MAXLEN;
	(void)strvisx(buf, s, len, VIS_TAB | VIS_NL | VIS_CSTYLE);
	if (s[len] != '\0')
		(void)strlcat(buf, "...", SHOWN_SIZE);
	return (buf);
}

/* The next character, of a macro first; EOF for whatever ends the parse. */
int
lex_next(void)
{
	int c;

	if (lex.stop)
		return (EOF);
	if (lex.macro != NULL && *lex.macro == '\0') {
		lex.macro = NULL;
		return (MACRO_END);
	}
	if (lex.nread++ == CONF_MAXSIZE) {
		wrong(lex.line, "too large");
		lex.stop = 1;
		return (EOF);
	}
	if (lex.macro != NULL)
		return ((unsigned char)*lex.macro++);
	if ((c = getc(lex.f)) == '\n')
		lex.line++;
	else if (c == EOF && ferror(lex.f)) {
		wrong(0, "%s", strerror(errno));
		lex.stop = 1;
	} else if (c == '\0') {
		wrong(lex.line, "NUL in the file");
		lex.stop = 1;
		return (EOF);
	}
	return (c);
}

void
lex_back(int c)
{
	if (c == EOF || c == MACRO_END)
		return;
	lex.nread--;
	if (lex.macro != NULL) {
		lex.macro--;
		return;
	}
	(void)ungetc(c, lex.f);
	if (c == '\n')
		lex.line--;
}

/* Leaves out what remains of a line, or of a macro. */
int
lex_skip(void)
{
	int c;

	while ((c = lex_next()) != '\n' && c != EOF && c != MACRO_END)
		;
	return (c);
}

static int
macro_char(int c, int first)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (!first && c >= '0' && c <= '9'));
}

/* The text of a macro takes the place of $name.  It cannot hold another. */
int
macro_expand(void)
{
	const struct symbol *sym;
	char buf[SHOWN_SIZE];
	size_t len;
	int c;

	if (lex.macro != NULL) {
		wrong(lex.line, "macro within a macro");
		lex_back(lex_skip());
		return (-1);
	}
	for (len = 0; macro_char(c = lex_next(), len == 0); )
		if (len < WORD_MAXLEN)
			lex.buf[len++] = (char)c;
	lex_back(c);
	lex.buf[len] = '\0';
	if (len == 0) {
		wrong(lex.line, "\"$\" without the name of a macro");
		return (-1);
	}
	if ((sym = macro_find(lex.buf)) == NULL) {
		wrong(lex.line, "macro \"%s\" not defined",
		    shown(lex.buf, buf));
		return (-1);
	}
	lex.macro = sym->value;
	return (0);
}

static struct symbol *
macro_find(const char *name)
{
	struct symbol *sym;

	SLIST_FOREACH(sym, &symbols, entry)
		if (strcmp(sym->name, name) == 0)
			return (sym);
	return (NULL);
}

/* The last definition holds, but one on the command line always does. */
void
macro_set(int line, const char *name, const char *value, int fixed)
{
	struct symbol *sym;
	char buf[SHOWN_SIZE];
	size_t i;

	for (i = 0; macro_char((unsigned char)name[i], i == 0); i++)
		;
	if (i == 0 || name[i] != '\0') {
		wrong(line, "not a name for a macro: \"%s\"",
		    shown(name, buf));
		return;
	}
	if ((sym = macro_find(name)) == NULL) {
		if (nsymbols == MACROS_MAX) {
			wrong(line, "too many macros");
			return;
		}
		if ((sym = conf_alloc(sizeof(*sym))) == NULL)
			return;
		sym->name = name;
		SLIST_INSERT_HEAD(&symbols, sym, entry);
		nsymbols++;
	} else if (sym->fixed && !fixed)
		return;
	sym->fixed = fixed;
	sym->value = value;
}

/* NAME=value of the command line. */
void
macro_option(const char *option)
{
	const unsigned char *p;
	char buf[SHOWN_SIZE], *name, *value;
	size_t len;

	len = strlen(option);
	if ((name = conf_alloc(len + 1)) == NULL)
		return;
	memcpy(name, option, len);
	for (p = (const unsigned char *)option; *p != '\0'; p++)
		if (iscntrl(*p) && *p != '\t')
			break;
	if (*p != '\0' || (value = strchr(name, '=')) == NULL) {
		wrong(0, "-D: not a macro: \"%s\"", shown(option, buf));
		return;
	}
	*value++ = '\0';
	macro_set(0, name, value, 1);
}
