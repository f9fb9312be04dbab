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
 * The grammar of claudesec.conf(5).  It reads from a stream that somebody else
 * has opened and from nothing else, touches nothing but the configuration
 * that it makes, and goes on after an error to find the next one.
 *
 * Whatever is allocated on the way belongs to the parse and is freed at its
 * end, however it ends: yacc(1) may drop a token at any point.
 */

%{
#include <sys/types.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static int	 yylex(void);
static int	 yyerror(const char *);
static void	 append(struct words *, struct word *);
static char	*join(const struct words *);
static int	 token(int);
static int	 word(int);
static int	 quoted(int);
static int	 word_char(int);
static int	 word_token(const char *, size_t);
static int	 once(unsigned int, const char *);
%}

%union {
	struct word		*word;
	struct words		 words;
	uint32_t		 number;
}

%token	ADDRESS AGENT ALLOW API BASE BLOCK BROWSER CA CLIENTS COMMAND CPUS
%token	CREDENTIALS DENY
%token	DIRECTORY
%token	EGRESS ENGINE ENVIRONMENT EXIT FILESIZE FROM GROUP HOME IMAGE INJECT
%token	MEMORY NONE PASS PERMIT PLAIN PORT PROCESSES PROTECT RATE RESOLVER
%token	SESSIONS CLIPBOARD DETACH KEEP NETWORK PULL RUNTIME STOP TERMINAL TLS
%token	TMP TO
%token	REVIEW SHARE UNPROTECT USER WORKSPACE INVALID
%token	<word>		WORD
%type	<words>		macro list list_l port
%type	<number>	action how kind plain

%%

grammar		: /* empty */
		| grammar '\n'
		| grammar statement '\n'
		| grammar error '\n' {
			yyerrok;
		}
		;

statement	: WORD '=' macro {
			char *value;

			if ((value = join(&$3)) == NULL)
				YYABORT;
			macro_set($1->line, $1->s, value, 0);
		}
		| ENGINE WORD {
			if (once(SEEN_ENGINE, "engine"))
				set_engine($2, NULL);
		}
		| ENGINE WORD TLS WORD {
			if (once(SEEN_ENGINE, "engine"))
				set_engine($2, $4);
		}
		| IMAGE WORD {
			if (once(SEEN_IMAGE, "image"))
				set_image(nconf->fixed.image, $2, "image");
		}
		| IMAGE WORD PULL WORD {
			if (once(SEEN_IMAGE, "image")) {
				set_image(nconf->fixed.image, $2, "image");
				set_pull($4);
			}
		}
		| NETWORK WORD {
			if (once(SEEN_NETWORK, "network"))
				set_network($2);
		}
		| RUNTIME WORD {
			if (once(SEEN_RUNTIME, "runtime"))
				set_runtime($2);
		}
		| BASE WORD {
			if (once(SEEN_BASE, "base"))
				set_image(nconf->fixed.base, $2, "base");
		}
		| CA WORD {
			if (once(SEEN_CA, "ca"))
				set_path(nconf->fixed.ca, $2, "ca");
		}
		| CREDENTIALS NONE {
			if (once(SEEN_CREDENTIALS, "credentials"))
				nconf->fixed.credentials = CREDENTIALS_NONE;
		}
		| CREDENTIALS BROWSER {
			if (once(SEEN_CREDENTIALS, "credentials"))
				nconf->fixed.credentials = CREDENTIALS_BROWSER;
		}
		| CREDENTIALS BROWSER DIRECTORY WORD {
			if (once(SEEN_CREDENTIALS, "credentials")) {
				nconf->fixed.credentials = CREDENTIALS_BROWSER;
				set_path(nconf->login, $4, "directory");
			}
		}
		| CREDENTIALS how {
			if (once(SEEN_CREDENTIALS, "credentials"))
				nconf->fixed.credentials = $2;
		}
		| CREDENTIALS how FROM WORD {
			if (once(SEEN_CREDENTIALS, "credentials")) {
				nconf->fixed.credentials = $2;
				set_path(nconf->envfile, $4, "credentials");
			}
		}
		| WORKSPACE REVIEW {
			if (once(SEEN_WORKSPACE, "workspace"))
				nconf->fixed.review = 1;
		}
		| TERMINAL CLIPBOARD WORD {
			if (once(SEEN_CLIPBOARD, "terminal clipboard"))
				set_clipboard($3);
		}
		| TERMINAL DETACH NONE {
			if (once(SEEN_DETACH, "terminal detach"))
				nconf->fixed.nkeys = 0;
		}
		| TERMINAL DETACH WORD {
			if (once(SEEN_DETACH, "terminal detach"))
				set_detach($3);
		}
		| CREDENTIALS how FROM COMMAND WORD {
			if (once(SEEN_CREDENTIALS, "credentials")) {
				nconf->fixed.credentials = $2;
				set_command($5);
			}
		}
		| api
		| api '{' api_l '}'
		| api '{' api_l api_setting '}'
		| api '{' api_l error '}' {
			yyerrok;
		}
		| agent agent_l '}' {
			set_agent();
		}
		| agent agent_l setting '}' {
			set_agent();
		}
		| agent agent_l error '}' {
			yyerrok;
		}
		| egress egress_l '}'
		| egress egress_l rule '}'
		| egress egress_l error '}' {
			yyerrok;
		}
		| EXIT KEEP {
			if (once(SEEN_EXIT, "exit"))
				nconf->fixed.stops = 0;
		}
		| EXIT STOP {
			if (once(SEEN_EXIT, "exit"))
				nconf->fixed.stops = 1;
		}
		| SHARE list {
			if (once(SEEN_SHARE, "share"))
				set_shares(&$2);
		}
		| DENY kind WORD {
			add_permit(1, $2, $3);
		}
		| permit
		| permit '{' permit_l '}'
		| permit '{' permit_l permit_setting '}'
		| permit '{' permit_l error '}' {
			yyerrok;
		}
		;

kind		: USER {
			$$ = 0;
		}
		| GROUP {
			$$ = 1;
		}
		;

permit		: PERMIT kind WORD {
			add_permit(0, $2, $3);
		}
		;

permit_l	: /* empty */
		| permit_l '\n'
		| permit_l permit_setting '\n'
		| permit_l error '\n' {
			yyerrok;
		}
		;

permit_setting	: setting
		| IMAGE WORD {
			if (once(SEEN_PERMIT_IMAGE, "image"))
				set_image(limits->image, $2, "image");
		}
		| SESSIONS WORD {
			if (once(SEEN_SESSIONS, "sessions"))
				set_number(&limits->sessions, $2, "sessions",
				    SESSIONS_MAX);
		}
		| CLIENTS WORD {
			if (once(SEEN_CLIENTS, "clients"))
				set_number(&limits->clients, $2, "clients",
				    PERMIT_CLIENTS);
		}
		| RATE WORD {
			if (once(SEEN_RATE, "rate"))
				set_number(&limits->rate, $2, "rate",
				    PERMIT_RATE);
		}
		| permit_egress egress_l '}' {
			rule_list = &nconf->rules;
		}
		| permit_egress egress_l rule '}' {
			rule_list = &nconf->rules;
		}
		| permit_egress egress_l error '}' {
			yyerrok;
			rule_list = &nconf->rules;
		}
		;

permit_egress	: EGRESS '{' {
			(void)once(SEEN_PERMIT_EGRESS, "egress");
			if (permit != NULL) {
				limits->egress = 1;
				rule_list = &permit->rules;
			}
		}
		;

macro		: WORD {
			$$.first = $$.last = $1;
		}
		| macro WORD {
			$$ = $1;
			append(&$$, $2);
		}
		;

how		: ENVIRONMENT {
			$$ = CREDENTIALS_ENVIRONMENT;
		}
		| INJECT {
			$$ = CREDENTIALS_INJECT;
		}
		;

api		: API WORD {
			if (once(SEEN_API, "api"))
				set_api($2);
		}
		;

api_l		: /* empty */
		| api_l '\n'
		| api_l api_setting '\n'
		| api_l error '\n' {
			yyerrok;
		}
		;

api_setting	: ADDRESS list {
			const struct word *w;

			for (w = $2.first; w != NULL; w = w->next)
				add_api_address(w);
		}
		| ALLOW list {
			const struct word *w;

			for (w = $2.first; w != NULL; w = w->next)
				add_api_allow(w);
		}
		| CA WORD {
			if (once(SEEN_API_CA, "ca of api"))
				set_path(nconf->fixed.api.ca, $2, "ca");
		}
		;

agent		: AGENT '{' {
			(void)once(SEEN_AGENT, "agent");
			limits = &agent;
			seen &= ~SEEN_LIMITS;
		}
		;

agent_l		: /* empty */
		| agent_l '\n'
		| agent_l setting '\n'
		| agent_l error '\n' {
			yyerrok;
		}
		;

setting		: MEMORY WORD {
			if (once(SEEN_MEMORY, "memory"))
				set_size(&limits->memory, $2, "memory",
				    OPTION_MEMORY_MIN);
		}
		| HOME WORD {
			if (once(SEEN_HOME, "home"))
				set_size(&limits->home, $2, "home",
				    MEGA);
		}
		| TMP WORD {
			if (once(SEEN_TMP, "tmp"))
				set_size(&limits->tmp, $2, "tmp",
				    MEGA);
		}
		| FILESIZE WORD {
			if (once(SEEN_FILESIZE, "filesize"))
				set_size(&limits->filesize, $2, "filesize",
				    MEGA);
		}
		| PROCESSES WORD {
			if (once(SEEN_PROCESSES, "processes"))
				set_processes($2);
		}
		| CPUS WORD {
			if (once(SEEN_CPUS, "cpus"))
				set_cpus($2);
		}
		| PROTECT list {
			add_protects(&$2, 0);
		}
		| UNPROTECT list {
			add_protects(&$2, 1);
		}
		;

egress		: EGRESS '{' {
			rule_list = &nconf->rules;
			if (once(SEEN_EGRESS, "egress"))
				drop_rules();
		}
		;

egress_l	: /* empty */
		| egress_l '\n'
		| egress_l rule '\n'
		| egress_l error '\n' {
			yyerrok;
		}
		;

rule		: action TO list port plain {
			add_rules($1, &$3, &$4, $5);
		}
		| RESOLVER resolver
		| RESOLVER '{' optnl resolver_l '}'
		| RESOLVER '{' optnl resolver_l error '}' {
			yyerrok;
		}
		| RESOLVER '{' optnl '}' {
			wrong(lex.tokenline, "empty list");
		}
		| RESOLVER '{' optnl error '}' {
			yyerrok;
		}
		;

action		: PASS {
			$$ = 0;
		}
		| BLOCK {
			$$ = 1;
		}
		;

port		: /* empty */ {
			$$.first = $$.last = NULL;
		}
		| PORT list {
			$$ = $2;
		}
		;

plain		: /* empty */ {
			$$ = 0;
		}
		| PLAIN {
			$$ = 1;
		}
		;

list		: WORD {
			$$.first = $$.last = $1;
		}
		| '{' optnl list_l '}' {
			$$ = $3;
		}
		| '{' optnl list_l error '}' {
			yyerrok;
			$$ = $3;
		}
		| '{' optnl '}' {
			wrong(lex.tokenline, "empty list");
			$$.first = $$.last = NULL;
		}
		| '{' optnl error '}' {
			yyerrok;
			$$.first = $$.last = NULL;
		}
		;

list_l		: WORD separator {
			$$.first = $$.last = $1;
		}
		| list_l WORD separator {
			$$ = $1;
			append(&$$, $2);
		}
		| error '\n' {
			yyerrok;
			$$.first = $$.last = NULL;
		}
		| list_l error '\n' {
			yyerrok;
			$$ = $1;
		}
		;

resolver_l	: resolver separator
		| resolver_l resolver separator
		| error '\n' {
			yyerrok;
		}
		| resolver_l error '\n' {
			yyerrok;
		}
		;

resolver	: WORD {
			add_resolver($1, NULL);
		}
		| WORD PORT WORD {
			add_resolver($1, $3);
		}
		;

separator	: optnl
		| optnl ',' optnl
		;

optnl		: /* empty */
		| optnl '\n'
		;

%%

static const struct keyword {
	const char		*name;
	int			 token;
} keywords[] = {
	{ "address",		ADDRESS },
	{ "agent",		AGENT },
	{ "allow",		ALLOW },
	{ "api",		API },
	{ "base",		BASE },
	{ "block",		BLOCK },
	{ "browser",		BROWSER },
	{ "ca",			CA },
	{ "clients",		CLIENTS },
	{ "clipboard",		CLIPBOARD },
	{ "command",		COMMAND },
	{ "cpus",		CPUS },
	{ "credentials",	CREDENTIALS },
	{ "deny",		DENY },
	{ "detach",		DETACH },
	{ "directory",		DIRECTORY },
	{ "egress",		EGRESS },
	{ "engine",		ENGINE },
	{ "environment",	ENVIRONMENT },
	{ "exit",		EXIT },
	{ "filesize",		FILESIZE },
	{ "from",		FROM },
	{ "group",		GROUP },
	{ "home",		HOME },
	{ "image",		IMAGE },
	{ "inject",		INJECT },
	{ "keep",		KEEP },
	{ "memory",		MEMORY },
	{ "network",		NETWORK },
	{ "none",		NONE },
	{ "pass",		PASS },
	{ "permit",		PERMIT },
	{ "plain",		PLAIN },
	{ "port",		PORT },
	{ "processes",		PROCESSES },
	{ "protect",		PROTECT },
	{ "pull",		PULL },
	{ "rate",		RATE },
	{ "resolver",		RESOLVER },
	{ "review",		REVIEW },
	{ "runtime",		RUNTIME },
	{ "sessions",		SESSIONS },
	{ "share",		SHARE },
	{ "terminal",		TERMINAL },
	{ "stop",		STOP },
	{ "tls",		TLS },
	{ "tmp",		TMP },
	{ "to",			TO },
	{ "unprotect",		UNPROTECT },
	{ "user",		USER },
	{ "workspace",		WORKSPACE },
	{ NULL,			0 }
};

struct config *
parse_config(FILE *f, const char *name, const struct macros *macros,
    void (*report)(const char *))
{
	const struct macro *m;

	lex_begin(f, name, report);
	statements_begin();
	if ((nconf = config_new()) == NULL) {
		wrong(0, "%s", strerror(errno));
		return (NULL);
	}
	TAILQ_FOREACH(m, macros, entry)
		macro_option(m->value);
	if (yyparse() != 0 && lex.nerrors == 0)
		wrong(lex.line, "cannot be parsed");
	lex_end();
	if (lex.nerrors == 0)
		return (nconf);
	config_free(nconf);
	return (NULL);
}

/*
 * Called by yacc(1), for syntax errors and when its stack is exhausted.  Of
 * what the lexer did not like it has already said more.
 */
static int
yyerror(const char *msg)
{
	char buf[SHOWN_SIZE];

	if (lex.stop || lex.token == INVALID)
		return (0);
	if (strcmp(msg, "syntax error") != 0)
		wrong(lex.tokenline, "%s", msg);
	else if (lex.token == 0)
		wrong(lex.tokenline, "syntax error at the end of the file");
	else if (lex.token == '\n')
		wrong(lex.tokenline, "syntax error at the end of the line");
	else if (lex.tokentext == NULL)
		wrong(lex.tokenline, "syntax error at \"%c\"", lex.token);
	else
		wrong(lex.tokenline, "syntax error at \"%s\"",
		    shown(lex.tokentext, buf));
	return (0);
}

static void
append(struct words *list, struct word *w)
{
	if (list->first == NULL)
		list->first = w;
	else
		list->last->next = w;
	list->last = w;
}

/* The words of a list with blanks between them. */
static char *
join(const struct words *list)
{
	const struct word *w;
	size_t len, off;
	char *s;

	len = 0;
	for (w = list->first; w != NULL; w = w->next)
		len += strlen(w->s) + 1;
	if ((s = conf_alloc(len)) == NULL)
		return (NULL);
	off = 0;
	for (w = list->first; w != NULL; w = w->next) {
		len = strlen(w->s);
		memcpy(s + off, w->s, len);
		off += len;
		s[off++] = w->next != NULL ? ' ' : '\0';
	}
	return (s);
}

/*
 * The lexer.
 */

static int
yylex(void)
{
	int c;

	lex.tokentext = NULL;
	for (;;) {
		if ((c = lex_next()) == '#')
			c = lex_skip();
		lex.tokenline = c == '\n' ? lex.line - 1 : lex.line;
		if (c == ' ' || c == '\t' || c == MACRO_END)
			continue;
		if (c == '$') {
			if (macro_expand() == -1)
				return (token(INVALID));
			continue;
		}
		if (c != '\\')
			break;
		if ((c = lex_next()) != '\n') {
			lex_back(c);
			c = '\\';
			break;
		}
	}
	switch (c) {
	case EOF:
		/* the last line may lack its end */
		if (lex.stop || lex.token == '\n' || lex.token == 0)
			return (token(0));
		return (token('\n'));
	case '\n':
	case '{':
	case '}':
	case ',':
	case '=':
		return (token(c));
	case '"':
	case '\'':
		return (quoted(c));
	default:
		return (word(c));
	}
}

static int
token(int t)
{
	return (lex.token = t);
}

static int
word(int c)
{
	const struct keyword *k;
	size_t len;

	if (!word_char(c)) {
		wrong(lex.line, isprint(c) ? "unexpected character: %c" :
		    "unexpected character: \\%03o", (unsigned int)c);
		do
			c = lex_next();
		while (c != EOF && c != MACRO_END &&
		    strchr(" \t\n#{},=", c) == NULL);
		lex_back(c);
		return (token(INVALID));
	}
	for (len = 0; word_char(c); c = lex_next()) {
		if (len == WORD_MAXLEN) {
			wrong(lex.line, "word too long");
			lex_back(lex_skip());
			return (token(INVALID));
		}
		lex.buf[len++] = (char)c;
	}
	lex_back(c);
	lex.buf[len] = '\0';
	for (k = keywords; k->name != NULL; k++)
		if (strcmp(k->name, lex.buf) == 0) {
			lex.tokentext = k->name;
			return (token(k->token));
		}
	return (word_token(lex.buf, len));
}

/*
 * A backslash takes the meaning of a quote or of another backslash away, and
 * joins the next line; before anything else it is itself.
 */
static int
quoted(int quote)
{
	const char *why;
	size_t len;
	int c;

	why = NULL;
	for (len = 0; (c = lex_next()) != quote; ) {
		if (c == '\\') {
			if ((c = lex_next()) == '\n')
				continue;
			if (c != quote && c != '\\' && c != MACRO_END) {
				lex_back(c);
				c = '\\';
			}
		}
		if (c == '\n' || c == EOF || c == MACRO_END)
			why = "quote not closed";
		else if (iscntrl(c) && c != '\t')
			why = "control character in a string";
		else if (len == WORD_MAXLEN)
			why = "string too long";
		if (why != NULL)
			break;
		lex.buf[len++] = (char)c;
	}
	if (lex.stop)
		return (token(INVALID));
	if (why != NULL) {
		wrong(lex.tokenline, "%s", why);
		lex_back(c);
		lex_back(lex_skip());
		return (token(INVALID));
	}
	lex.buf[len] = '\0';
	return (word_token(lex.buf, len));
}

static int
word_char(int c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c > 0 && strchr("-_./:*~@+%", c) != NULL));
}

static int
word_token(const char *s, size_t len)
{
	struct word *w;

	if ((w = conf_alloc(sizeof(*w) + len + 1)) == NULL)
		return (token(INVALID));
	memcpy(w->s, s, len);
	w->line = lex.tokenline;
	yylval.word = w;
	lex.tokentext = w->s;
	return (token(WORD));
}

/*
 * Statements.
 */

static int
once(unsigned int which, const char *what)
{
	if (seen & which) {
		wrong(lex.tokenline, "%s: given twice", what);
		return (0);
	}
	seen |= which;
	return (1);
}

/*
 * Values.
 */
