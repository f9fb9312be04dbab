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
 * The grammar of proxyd.conf(5).  A statement that is wrong is reported and
 * skipped, so that one run tells of all of them.
 */

%{
#include <sys/types.h>

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_set.h"

#define WORD_SIZE	GATE_SECRET_SIZE /* of a word, with its NUL */
#define EXPAND_MAX	16	/* macros within macros */
#define EXPANSIONS_MAX	4096	/* macros used in one file */
#define ERRORS_MAX	50	/* no use in reporting more */
#define SECONDS_MAX	(30 * 24 * 60 * 60)
#define LIMIT_HIGHEST	1000000

struct sym {
	char			*name;
	char			*value;
	int			 fixed;		/* of the command line */
	TAILQ_ENTRY(sym)	 entry;
};

/* every string that the grammar sees lives until the end */
struct string {
	SLIST_ENTRY(string)	 entry;
	char			 text[];
};

static TAILQ_HEAD(, sym) syms = TAILQ_HEAD_INITIALIZER(syms);
static SLIST_HEAD(, string) strings = SLIST_HEAD_INITIALIZER(strings);

static FILE		*file;
static const char	*file_name;
FILE			*(*open_list)(const char *);
static void		 (*report)(const char *);
int			 lineno, error_line;
static int		 newlines;
static unsigned int	 errors;
static int		 braces, skipping, at_end;
/* the macros that are being read, the innermost last */
static const char	*expansions[EXPAND_MAX];
static size_t		 nexpansions, expanded;
static int		 pushed;

static int	 yylex(void);
static void	 yyerror(const char *);
static char	*keep(const char *);
static int	 next_char(void);
static int	 lex_macro(void);
static int	 lex_quoted(void);
static int	 lex_word(int);
static struct sym *sym_find(const char *);
static void	 sym_set(const char *, const char *, int);
static void	 parse_clear(void);
static int64_t	 seconds(const char *);
%}

%union {
	int64_t	 number;
	char	*string;
}

%token			ADDRESS ALLOW BEARER BLOCK CA FILENAME GATEWAY HANDOVER
%token			JSON KEPT KEY LIMIT LISTEN LOG ON PASS PATH PLAIN PORT
%token			RESOLVER TIMEOUT TO TOKEN TRANSPARENT VIA
%token			BAD
%token	<string>	STRING
%token	<number>	NUMBER
%type	<number>	optport duration

%%

grammar		: /* empty */
		| grammar '\n'
		| grammar statement '\n'
		| grammar error '\n'	{ yyerrok; }
		;

statement	: STRING '=' STRING	{ sym_set($1, $3, 0); }
		| STRING '=' NUMBER	{
			char buf[32];

			(void)snprintf(buf, sizeof(buf), "%lld",
			    (long long)$3);
			sym_set($1, keep(buf), 0);
		}
		| LISTEN ON STRING optport {
			add_listen($3, $4 == 0 ? 3128 : $4);
		}
		| TRANSPARENT ON STRING	{ add_listen($3, 0); }
		| HANDOVER STRING	{ set_handover($2); }
		| GATEWAY ON STRING optport {
			add_gateway_listen($3, $4 == 0 ? 3129 : $4);
		}
		| GATEWAY TO STRING optport {
			gate_start($3, $4 == 0 ? 443 : $4);
		} '{' sep gate_options '}' { gate_end(); }
		| RESOLVER server
		| RESOLVER '{' sep servers '}'
		| action TO targets options { rule_end(); }
		| TIMEOUT STRING duration {
			set_number($2, timeout_names, TIMEOUT_MAX,
			    nconf->settings.timeouts, $3, SECONDS_MAX);
		}
		| LIMIT STRING NUMBER	{
			set_number($2, limit_names, LIMIT_MAX,
			    nconf->settings.limits, $3, LIMIT_HIGHEST);
		}
		| LOG JSON		{ nconf->settings.json = 1; }
		| VIA STRING PORT NUMBER { set_via($2, $4); }
		;

sep		: /* empty */
		| sep ','
		| sep '\n'
		;

duration	: NUMBER
		| STRING		{ $$ = seconds($1); }
		;

optport		: /* empty */		{ $$ = 0; }
		| PORT NUMBER		{
			if ($2 < 1 || $2 > 65535)
				warn_at(lineno, "port out of range");
			$$ = $2;
		}
		;

servers		: server sep
		| servers server sep
		;

server		: STRING optport	{
			add_server($1, $2 == 0 ? 53 : $2);
		}
		;

action		: PASS			{ rule_start(RULE_PASS); }
		| BLOCK			{ rule_start(RULE_BLOCK); }
		;

targets		: target
		| '{' sep target_list '}'
		;

target_list	: target sep
		| target_list target sep
		;

target		: STRING		{ target_add($1, 0); }
		| FILENAME STRING	{ target_add($2, 1); }
		;

options		: /* empty */
		| options option
		;

option		: PLAIN			{ rule.plain = 1; }
		| PORT NUMBER		{ add_port($2); }
		| PORT '{' sep ports '}'
		| ADDRESS STRING	{ add_prefix($2); }
		| ADDRESS '{' sep prefixes '}'
		;

ports		: NUMBER sep		{ add_port($1); }
		| ports NUMBER sep	{ add_port($2); }
		;

prefixes	: STRING sep		{ add_prefix($1); }
		| prefixes STRING sep	{ add_prefix($2); }
		;

gate_options	: /* empty */
		| gate_options gate_option sep
		;

gate_option	: TOKEN STRING		{ gate_secret(&gate->token, $2); }
		| KEY STRING		{
			gate->conf.bearer = 0;
			gate_secret(&gate->key, $2);
		}
		| KEY KEPT		{ gate->conf.kept = 1; }
		| BEARER STRING		{
			gate->conf.bearer = 1;
			gate_secret(&gate->key, $2);
		}
		| PATH STRING		{ gate_prefix($2); }
		| PLAIN			{ gate->conf.plain = 1; }
		| ADDRESS STRING	{ add_prefix($2); }
		| ADDRESS '{' sep prefixes '}'
		| ALLOW STRING		{ gate_allow($2); }
		| ALLOW '{' sep gate_allows '}'
		| CA FILENAME STRING	{ gate_ca_file($3); }
		| CA '{' sep gate_ca_lines '}'
		;

gate_allows	: STRING sep		{ gate_allow($1); }
		| gate_allows STRING sep { gate_allow($2); }
		;

gate_ca_lines	: STRING sep		{ gate_ca_line($1); }
		| gate_ca_lines STRING sep { gate_ca_line($2); }
		;

%%

static const struct keyword {
	const char	*name;
	int		 token;
} keywords[] = {
	{ "address",		ADDRESS },
	{ "allow",		ALLOW },
	{ "bearer",		BEARER },
	{ "block",		BLOCK },
	{ "ca",			CA },
	{ "file",		FILENAME },
	{ "gateway",		GATEWAY },
	{ "handover",		HANDOVER },
	{ "json",		JSON },
	{ "kept",		KEPT },
	{ "key",		KEY },
	{ "limit",		LIMIT },
	{ "listen",		LISTEN },
	{ "log",		LOG },
	{ "on",			ON },
	{ "pass",		PASS },
	{ "path",		PATH },
	{ "plain",		PLAIN },
	{ "port",		PORT },
	{ "resolver",		RESOLVER },
	{ "timeout",		TIMEOUT },
	{ "to",			TO },
	{ "token",		TOKEN },
	{ "transparent",	TRANSPARENT },
	{ "via",		VIA }
};

struct config *
parse_config(FILE *fp, const char *name, const struct macros *macros,
    FILE *(*opener)(const char *), void (*reporter)(const char *))
{
	struct macro *m;
	char *value;

	file = fp;
	file_name = name;
	open_list = opener;
	report = reporter;
	lineno = 1;
	newlines = error_line = 0;
	errors = 0;
	braces = skipping = at_end = 0;
	nexpansions = expanded = 0;
	pushed = EOF;
	if ((nconf = config_new()) == NULL)
		fatal("config_new");
	TAILQ_FOREACH(m, macros, entry) {
		value = keep(m->value);
		value[strcspn(value, "=")] = '\0';
		sym_set(value, strchr(m->value, '=') + 1, 1);
	}
	if (yyparse() != 0 && errors == 0)
		warn_at(lineno, "too deeply nested");
	if (ferror(file))
		warn_at(lineno, "cannot be read");
	parse_clear();
	if (errors > 0) {
		config_free(nconf);
		return (NULL);
	}
	return (nconf);
}

static void
parse_clear(void)
{
	struct string *s;
	struct sym *sym;

	targets_free();
	while ((sym = TAILQ_FIRST(&syms)) != NULL) {
		TAILQ_REMOVE(&syms, sym, entry);
		free(sym);
	}
	/* one of them may be a key */
	while ((s = SLIST_FIRST(&strings)) != NULL) {
		SLIST_REMOVE_HEAD(&strings, entry);
		freezero(s, sizeof(*s) + strlen(s->text));
	}
}

void
warn_at(int line, const char *fmt, ...)
{
	char msg[512], text[1024], *p;
	va_list ap;

	error_line = line;
	if (++errors > ERRORS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	for (p = msg; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	(void)snprintf(text, sizeof(text), "%s:%d: %s", file_name, line, msg);
	report(text);
}

/* The rest of a list is not looked at after an error in it. */
static void
yyerror(const char *msg)
{
	if (error_line != lineno)
		warn_at(lineno, "%s", msg);
	skipping = braces > 0;
}

static char *
keep(const char *text)
{
	struct string *s;
	size_t len;

	len = strlen(text) + 1;
	if ((s = malloc(sizeof(*s) + len)) == NULL)
		fatal("malloc");
	memcpy(s->text, text, len);
	SLIST_INSERT_HEAD(&strings, s, entry);
	return (s->text);
}

/*
 * The next character of the innermost macro, or of the file.  A blank ends
 * each macro, so that no word is glued together.
 */
static int
next_char(void)
{
	int c;

	if (pushed != EOF) {
		c = pushed;
		pushed = EOF;
		return (c);
	}
	if (nexpansions > 0) {
		c = (unsigned char)*expansions[nexpansions - 1];
		if (c == '\0') {
			nexpansions--;
			return (' ');
		}
		expansions[nexpansions - 1]++;
		return (c);
	}
	return (getc(file));
}

static int
yylex(void)
{
	int c;

	/* actions see the line that ends here */
	lineno += newlines;
	newlines = 0;
	for (;;) {
		while ((c = next_char()) == ' ' || c == '\t')
			;
		if (c == '#')
			while ((c = next_char()) != '\n' && c != EOF)
				;
		if (c == '\\') {
			if ((c = next_char()) == '\n') {
				lineno++;
				continue;
			}
			warn_at(lineno, "a backslash outside of quotes");
			pushed = c;
			return (BAD);
		}
		if (c == '$') {
			if (lex_macro() == -1)
				return (BAD);
			continue;
		}
		if (c == '\n' && skipping) {
			lineno++;
			continue;
		}
		break;
	}
	switch (c) {
	case EOF:
		if (at_end++ == 0)
			return ('\n');	/* the last line may lack it */
		return (0);
	case '{':
		braces++;
		return (c);
	case '}':
		if (braces > 0 && --braces == 0)
			skipping = 0;
		return (c);
	case '\n':
		newlines = 1;
		return (c);
	case '=':
	case ',':
		return (c);
	case '"':
		return (lex_quoted());
	default:
		return (lex_word(c));
	}
}

static int
lex_macro(void)
{
	char name[WORD_SIZE];
	struct sym *sym;
	size_t n;
	int c;

	n = 0;
	while ((c = next_char()) == '_' || (c != EOF && isalnum(c)))
		if (n < sizeof(name) - 1)
			name[n++] = (char)c;
	name[n] = '\0';
	pushed = c;
	if ((sym = sym_find(name)) == NULL) {
		warn_at(lineno, "macro '%s' is not defined", name);
		return (-1);
	}
	if (nexpansions == EXPAND_MAX || expanded == EXPANSIONS_MAX) {
		warn_at(lineno, "macro '%s' is nested too deeply", name);
		nexpansions = 0;
		return (-1);
	}
	expanded++;
	/* what was read ahead comes after the macro */
	if (pushed != EOF && nexpansions > 0 && pushed != ' ')
		expansions[nexpansions - 1]--;
	else if (pushed != EOF && nexpansions == 0)
		(void)ungetc(pushed, file);
	pushed = EOF;
	expansions[nexpansions++] = sym->value;
	return (0);
}

static int
lex_quoted(void)
{
	char buf[WORD_SIZE];
	size_t n;
	int c;

	for (n = 0; (c = next_char()) != '"'; buf[n++] = (char)c) {
		if (c == '\\')
			c = next_char();
		if (c == '\n' || c == '\0' || c == EOF) {
			warn_at(lineno, "a string without its end");
			pushed = c;
			return (BAD);
		}
		if (n == sizeof(buf) - 1) {
			warn_at(lineno, "a string is too long");
			return (BAD);
		}
	}
	buf[n] = '\0';
	yylval.string = keep(buf);
	explicit_bzero(buf, n);
	return (STRING);
}

static int
lex_word(int c)
{
	const char *errstr;
	char buf[WORD_SIZE];
	size_t i, n;

	for (n = 0; c > ' ' && c < 0x7f && strchr("{}=,\"#$\\", c) == NULL;
	    c = next_char()) {
		if (n == sizeof(buf) - 1) {
			warn_at(lineno, "a word is too long");
			return (BAD);
		}
		buf[n++] = (char)c;
	}
	buf[n] = '\0';
	if (n == 0) {
		warn_at(lineno, "a character that cannot be here");
		return (BAD);
	}
	pushed = c;
	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcmp(buf, keywords[i].name) == 0)
			return (keywords[i].token);
	if (buf[strspn(buf, "0123456789")] == '\0') {
		yylval.number = strtonum(buf, 0, UINT32_MAX, &errstr);
		if (errstr == NULL)
			return (NUMBER);
		warn_at(lineno, "the number is %s", errstr);
		return (BAD);
	}
	yylval.string = keep(buf);
	explicit_bzero(buf, n);
	return (STRING);
}

static struct sym *
sym_find(const char *name)
{
	struct sym *sym;

	TAILQ_FOREACH(sym, &syms, entry)
		if (strcmp(sym->name, name) == 0)
			return (sym);
	return (NULL);
}

/* The command line's macros win over the file's. */
static void
sym_set(const char *name, const char *value, int fixed)
{
	struct sym *sym;
	const char *p;

	for (p = name; *p == '_' || isalnum((unsigned char)*p); p++)
		;
	if (p == name || *p != '\0' || isdigit((unsigned char)*name)) {
		warn_at(lineno, "'%s' cannot be the name of a macro", name);
		return;
	}
	if ((sym = sym_find(name)) == NULL) {
		if ((sym = calloc(1, sizeof(*sym))) == NULL)
			fatal("calloc");
		sym->name = keep(name);
		TAILQ_INSERT_TAIL(&syms, sym, entry);
	} else if (sym->fixed)
		return;
	sym->value = keep(value);
	sym->fixed = fixed;
}

/* 90, 90s, 15m, 12h, 1d; -1 for anything else. */
static int64_t
seconds(const char *s)
{
	static const char units[] = "smhd";
	static const int factors[] = { 1, 60, 60 * 60, 24 * 60 * 60 };
	const char *unit;
	size_t n;

	n = strspn(s, "0123456789");
	if (n == 0 || n > 9 || s[n] == '\0' || s[n + 1] != '\0' ||
	    (unit = strchr(units, s[n])) == NULL)
		return (-1);
	return (strtoll(s, NULL, 10) * factors[unit - units]);
}

/*
 * The gateway.
 */
