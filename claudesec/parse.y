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
#include <sys/queue.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vis.h>

#include "claudesec.h"

#define CONF_MAXSIZE	(1024 * 1024)	/* characters, macros expanded */
#define ERRORS_MAX	1000
#define MACROS_MAX	1000
#define RULES_MAX	2048
#define WORD_MAXLEN	8192
#define SHOWN_MAXLEN	32		/* of a word in a message */
#define SHOWN_SIZE	(SHOWN_MAXLEN * 4 + 4)

#define MEGA		(1024 * 1024ULL)
#define TERA		(1024 * 1024 * MEGA)

#define PROCESSES_MIN	16
#define PROCESSES_MAX	32768

#define API_PATH_CHARS	"/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
			"0123456789-_.~"

/* what next() returns beside characters and EOF */
#define MACRO_END	(-2)

struct chunk {
	SLIST_ENTRY(chunk)	 entry;
};

/* a string of the file, perhaps in a list of them */
struct word {
	struct word		*next;
	int			 line;
	char			 s[];
};

struct words {
	struct word		*first, *last;
};

struct symbol {
	SLIST_ENTRY(symbol)	 entry;
	int			 fixed;		/* by -D */
	const char		*name;
	const char		*value;
};

/* statements and settings that may stand once */
enum {
	SEEN_ENGINE		= 0x0001,
	SEEN_IMAGE		= 0x0002,
	SEEN_BASE		= 0x0004,
	SEEN_CA			= 0x0008,
	SEEN_CREDENTIALS	= 0x0010,
	SEEN_AGENT		= 0x0020,
	SEEN_EGRESS		= 0x0040,
	SEEN_MEMORY		= 0x0080,
	SEEN_PROCESSES		= 0x0100,
	SEEN_CPUS		= 0x0200,
	SEEN_HOME		= 0x0400,
	SEEN_TMP		= 0x0800,
	SEEN_FILESIZE		= 0x1000,
	SEEN_API		= 0x2000,
	SEEN_API_CA		= 0x4000,
	SEEN_CLIPBOARD		= 0x8000,
	SEEN_DETACH		= 0x10000,
	SEEN_RUNTIME		= 0x20000,
	SEEN_NETWORK		= 0x40000,
	SEEN_SESSIONS		= 0x100000,
	SEEN_CLIENTS		= 0x200000,
	SEEN_RATE		= 0x400000,
	SEEN_PERMIT_IMAGE	= 0x800000,
	SEEN_PERMIT_EGRESS	= 0x1000000,
	SEEN_EXIT		= 0x2000000,
	SEEN_SHARE		= 0x4000000,
	SEEN_WORKSPACE		= 0x8000000
};

/* those of a block that there may be more of */
#define SEEN_LIMITS	(SEEN_MEMORY | SEEN_PROCESSES | SEEN_CPUS | \
			    SEEN_HOME | SEEN_TMP | SEEN_FILESIZE)
#define SEEN_PERMIT	(SEEN_LIMITS | SEEN_SESSIONS | SEEN_CLIENTS | \
			    SEEN_RATE | SEEN_PERMIT_IMAGE | \
			    SEEN_PERMIT_EGRESS)

static struct lex {
	FILE			*f;
	const char		*name;
	void			 (*report)(const char *);
	const char		*macro;		/* what is left of one */
	size_t			 nread;
	int			 line;
	int			 nerrors;
	int			 stop;		/* no more tokens */
	int			 token;		/* the last one */
	int			 tokenline;
	const char		*tokentext;	/* if it is a word */
	char			 buf[WORD_MAXLEN + 1];
} lex;

static SLIST_HEAD(, chunk)	 chunks;
static SLIST_HEAD(, symbol)	 symbols;
static struct config		*nconf;
static struct permit		*limits;	/* of the block that we are in */
static struct permit		 agent;
static struct permit_entry	*permit;	/* that we are in, or NULL */
static struct rule_list		*rule_list;
static unsigned int		 seen;
static size_t			 nrules, nsymbols, npermits;

static int	 yylex(void);
static int	 yyerror(const char *);
static void	 error(int, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
static void	*alloc(size_t);
static const char *shown(const char *, char [SHOWN_SIZE]);
static void	 append(struct words *, struct word *);
static char	*join(const struct words *);
static int	 next(void);
static void	 back(int);
static int	 skip(void);
static int	 token(int);
static int	 word(int);
static int	 quoted(int);
static int	 word_char(int);
static int	 word_token(const char *, size_t);
static int	 macro_char(int, int);
static int	 macro_expand(void);
static struct symbol *macro_find(const char *);
static void	 macro_set(int, const char *, const char *, int);
static void	 macro_option(const char *);
static int	 once(unsigned int, const char *);
static void	 set_engine(const struct word *, const struct word *);
static void	 set_image(char *, const struct word *, const char *);
static void	 set_runtime(const struct word *);
static void	 set_pull(const struct word *);
static void	 set_network(const struct word *);
static void	 set_path(char *, const struct word *, const char *);
static void	 set_command(const struct word *);
static void	 set_size(uint64_t *, const struct word *, const char *,
		    uint64_t);
static void	 set_processes(const struct word *);
static void	 set_cpus(const struct word *);
static void	 set_clipboard(const struct word *);
static void	 set_detach(const struct word *);
static void	 set_number(uint32_t *, const struct word *, const char *,
		    uint32_t);
static void	 set_agent(void);
static void	 add_permit(uint32_t, uint32_t, const struct word *);
static void	 set_api(const struct word *);
static int	 set_api_path(const char *);
static void	 add_api_address(const struct word *);
static void	 add_api_allow(const struct word *);
static void	 add_protects(const struct words *, int);
static void	 set_shares(const struct words *);
static void	 drop_rules(void);
static void	 add_rules(uint32_t, const struct words *,
		    const struct words *, uint32_t);
static int	 add_rule(int, const struct egress_rule *);
static void	 add_resolver(const struct word *, const struct word *);
static int	 parse_port(const struct word *, uint16_t *);
%}

%union {
	struct word		*word;
	struct words		 words;
	uint32_t		 number;
}

%token	ADDRESS AGENT ALLOW API BASE BLOCK BROWSER CA CLIENTS COMMAND CPUS
%token	CREDENTIALS DENY
%token	DIRECTORY
%token	EGRESS ENGINE ENVIRONMENT EXIT FILESIZE FROM GROUP HOME IMAGE INJECT MEMORY
%token	NONE PASS PERMIT PLAIN PORT PROCESSES PROTECT RATE RESOLVER SESSIONS
%token	CLIPBOARD DETACH KEEP NETWORK PULL RUNTIME STOP TERMINAL TLS TMP TO
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
			error(lex.tokenline, "empty list");
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
			error(lex.tokenline, "empty list");
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
	struct chunk *c;

	memset(&lex, 0, sizeof(lex));
	lex.f = f;
	lex.name = name;
	lex.report = report;
	lex.line = 1;
	lex.token = '\n';
	SLIST_INIT(&chunks);
	SLIST_INIT(&symbols);
	seen = 0;
	nrules = nsymbols = npermits = 0;
	memset(&agent, 0, sizeof(agent));
	limits = &agent;
	permit = NULL;
	if ((nconf = config_new()) == NULL) {
		error(0, "%s", strerror(errno));
		return (NULL);
	}
	TAILQ_FOREACH(m, macros, entry)
		macro_option(m->value);
	if (yyparse() != 0 && lex.nerrors == 0)
		error(lex.line, "cannot be parsed");
	while ((c = SLIST_FIRST(&chunks)) != NULL) {
		SLIST_REMOVE_HEAD(&chunks, entry);
		free(c);
	}
	if (lex.nerrors == 0)
		return (nconf);
	config_free(nconf);
	return (NULL);
}

/*
 * Errors, memory, lists.
 */

static void
error(int line, const char *fmt, ...)
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
		error(lex.tokenline, "%s", msg);
	else if (lex.token == 0)
		error(lex.tokenline, "syntax error at the end of the file");
	else if (lex.token == '\n')
		error(lex.tokenline, "syntax error at the end of the line");
	else if (lex.tokentext == NULL)
		error(lex.tokenline, "syntax error at \"%c\"", lex.token);
	else
		error(lex.tokenline, "syntax error at \"%s\"",
		    shown(lex.tokentext, buf));
	return (0);
}

static void *
alloc(size_t len)
{
	struct chunk *c;

	if ((c = calloc(1, sizeof(*c) + len)) == NULL) {
		error(lex.line, "%s", strerror(errno));
		lex.stop = 1;
		return (NULL);
	}
	SLIST_INSERT_HEAD(&chunks, c, entry);
	return (c + 1);
}

/* A string as a message shows it, short and printable. */
static const char *
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
	if ((s = alloc(len)) == NULL)
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

/* The next character, of a macro first; EOF for whatever ends the parse. */
static int
next(void)
{
	int c;

	if (lex.stop)
		return (EOF);
	if (lex.macro != NULL && *lex.macro == '\0') {
		lex.macro = NULL;
		return (MACRO_END);
	}
	if (lex.nread++ == CONF_MAXSIZE) {
		error(lex.line, "too large");
		lex.stop = 1;
		return (EOF);
	}
	if (lex.macro != NULL)
		return ((unsigned char)*lex.macro++);
	if ((c = getc(lex.f)) == '\n')
		lex.line++;
	else if (c == EOF && ferror(lex.f)) {
		error(0, "%s", strerror(errno));
		lex.stop = 1;
	} else if (c == '\0') {
		error(lex.line, "NUL in the file");
		lex.stop = 1;
		return (EOF);
	}
	return (c);
}

static void
back(int c)
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
static int
skip(void)
{
	int c;

	while ((c = next()) != '\n' && c != EOF && c != MACRO_END)
		;
	return (c);
}

static int
yylex(void)
{
	int c;

	lex.tokentext = NULL;
	for (;;) {
		if ((c = next()) == '#')
			c = skip();
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
		if ((c = next()) != '\n') {
			back(c);
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
		error(lex.line, isprint(c) ? "unexpected character: %c" :
		    "unexpected character: \\%03o", (unsigned int)c);
		do
			c = next();
		while (c != EOF && c != MACRO_END &&
		    strchr(" \t\n#{},=", c) == NULL);
		back(c);
		return (token(INVALID));
	}
	for (len = 0; word_char(c); c = next()) {
		if (len == WORD_MAXLEN) {
			error(lex.line, "word too long");
			back(skip());
			return (token(INVALID));
		}
		lex.buf[len++] = (char)c;
	}
	back(c);
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
	for (len = 0; (c = next()) != quote; ) {
		if (c == '\\') {
			if ((c = next()) == '\n')
				continue;
			if (c != quote && c != '\\' && c != MACRO_END) {
				back(c);
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
		error(lex.tokenline, "%s", why);
		back(c);
		back(skip());
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

	if ((w = alloc(sizeof(*w) + len + 1)) == NULL)
		return (token(INVALID));
	memcpy(w->s, s, len);
	w->line = lex.tokenline;
	yylval.word = w;
	lex.tokentext = w->s;
	return (token(WORD));
}

/*
 * Macros.
 */

static int
macro_char(int c, int first)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (!first && c >= '0' && c <= '9'));
}

/* The text of a macro takes the place of $name.  It cannot hold another. */
static int
macro_expand(void)
{
	const struct symbol *sym;
	char buf[SHOWN_SIZE];
	size_t len;
	int c;

	if (lex.macro != NULL) {
		error(lex.line, "macro within a macro");
		back(skip());
		return (-1);
	}
	for (len = 0; macro_char(c = next(), len == 0); )
		if (len < WORD_MAXLEN)
			lex.buf[len++] = (char)c;
	back(c);
	lex.buf[len] = '\0';
	if (len == 0) {
		error(lex.line, "\"$\" without the name of a macro");
		return (-1);
	}
	if ((sym = macro_find(lex.buf)) == NULL) {
		error(lex.line, "macro \"%s\" not defined",
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
static void
macro_set(int line, const char *name, const char *value, int fixed)
{
	struct symbol *sym;
	char buf[SHOWN_SIZE];
	size_t i;

	for (i = 0; macro_char((unsigned char)name[i], i == 0); i++)
		;
	if (i == 0 || name[i] != '\0') {
		error(line, "not a name for a macro: \"%s\"",
		    shown(name, buf));
		return;
	}
	if ((sym = macro_find(name)) == NULL) {
		if (nsymbols == MACROS_MAX) {
			error(line, "too many macros");
			return;
		}
		if ((sym = alloc(sizeof(*sym))) == NULL)
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
static void
macro_option(const char *option)
{
	const unsigned char *p;
	char buf[SHOWN_SIZE], *name, *value;
	size_t len;

	len = strlen(option);
	if ((name = alloc(len + 1)) == NULL)
		return;
	memcpy(name, option, len);
	for (p = (const unsigned char *)option; *p != '\0'; p++)
		if (iscntrl(*p) && *p != '\t')
			break;
	if (*p != '\0' || (value = strchr(name, '=')) == NULL) {
		error(0, "-D: not a macro: \"%s\"", shown(option, buf));
		return;
	}
	*value++ = '\0';
	macro_set(0, name, value, 1);
}

/*
 * Statements.
 */

static int
once(unsigned int which, const char *what)
{
	if (seen & which) {
		error(lex.tokenline, "%s: given twice", what);
		return (0);
	}
	seen |= which;
	return (1);
}

static void
set_engine(const struct word *w, const struct word *tls)
{
	const char *why;
	char buf[SHOWN_SIZE], dir[PATH_MAX];

	dir[0] = '\0';
	if (tls != NULL)
		set_path(dir, tls, "tls");
	why = config_engine(nconf, w->s, dir);
	if (why == NULL && tls != NULL && nconf->remote.kind != REMOTE_TLS)
		why = "tls is for tcp:// only";
	if (why != NULL)
		error(w->line, "engine: %s: \"%s\"", why, shown(w->s, buf));
}

/* Letters, digits and . _ - / : @, and nothing like ../ among them. */
static void
set_image(char *image, const struct word *w, const char *what)
{
	char buf[SHOWN_SIZE];
	const char *s;
	int alnum, was;

	alnum = 0;
	for (s = w->s; *s != '\0'; s++) {
		was = alnum;
		alnum = isalnum((unsigned char)*s) != 0;
		if (!alnum && (strchr("._-/:@", *s) == NULL || s == w->s ||
		    (strchr("./", *s) != NULL && !was)))
			break;
	}
	if (*s != '\0' || !alnum)
		error(w->line, "%s: not the name of an image: \"%s\"", what,
		    shown(w->s, buf));
	else if (strlcpy(image, w->s, IMAGE_MAXLEN) >= IMAGE_MAXLEN)
		error(w->line, "%s: name too long: \"%s\"", what,
		    shown(w->s, buf));
}

static void
set_pull(const struct word *w)
{
	char buf[SHOWN_SIZE];

	if (strcmp(w->s, "always") == 0)
		nconf->fixed.pull = PULL_ALWAYS;
	else if (strcmp(w->s, "missing") == 0)
		nconf->fixed.pull = PULL_MISSING;
	else if (strcmp(w->s, "never") == 0)
		nconf->fixed.pull = PULL_NEVER;
	else
		error(w->line, "pull: not always, missing or never: \"%s\"",
		    shown(w->s, buf));
}

static void
set_network(const struct word *w)
{
	static const char *const others[] = { "none", "host", "bridge",
	    "default", "container", "ingress", "podman", "slirp4netns",
	    "proxy-external", NULL };
	char buf[SHOWN_SIZE];
	size_t i;

	for (i = 0; others[i] != NULL && strcmp(w->s, others[i]) != 0; i++)
		;
	if (others[i] != NULL || !isalnum((unsigned char)w->s[0]) ||
	    strspn(w->s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_.-") != strlen(w->s) ||
	    strlcpy(nconf->fixed.network, w->s, sizeof(nconf->fixed.network)) >=
	    sizeof(nconf->fixed.network))
		error(w->line, "network: not the name of one of services: "
		    "\"%s\"", shown(w->s, buf));
}

static void
set_runtime(const struct word *w)
{
	char buf[SHOWN_SIZE];
	const char *s;

	s = w->s;
	if (isalnum((unsigned char)*s))
		while (isalnum((unsigned char)*s) || *s == '.' || *s == '_' ||
		    *s == '-')
			s++;
	if (*s != '\0' || s == w->s || strlcpy(nconf->fixed.runtime, w->s,
	    sizeof(nconf->fixed.runtime)) >= sizeof(nconf->fixed.runtime))
		error(w->line, "runtime: not the name of one: \"%s\"",
		    shown(w->s, buf));
}

static void
set_path(char *path, const struct word *w, const char *what)
{
	char buf[SHOWN_SIZE];

	if (w->s[0] != '/' && strncmp(w->s, "~/", 2) != 0)
		error(w->line, "%s: neither /path nor ~/path: \"%s\"", what,
		    shown(w->s, buf));
	else if (strlcpy(path, w->s, PATH_MAX) >= PATH_MAX)
		error(w->line, "%s: path too long: \"%s\"", what,
		    shown(w->s, buf));
}

/* For the shell; what it is to be, nobody but the user knows. */
static void
set_command(const struct word *w)
{
	if (w->s[0] == '\0')
		error(w->line, "credentials: no command");
	else if (strlcpy(nconf->command, w->s, sizeof(nconf->command)) >=
	    sizeof(nconf->command))
		error(w->line, "credentials: the command is too long");
}

/* Bytes, or with a letter thousands of them, the binary ones. */
static void
set_size(uint64_t *size, const struct word *w, const char *what, uint64_t min)
{
	char buf[SHOWN_SIZE];
	uint64_t n;

	if (parse_size(w->s, &n) == -1)
		error(w->line, "%s: not a size: \"%s\"", what,
		    shown(w->s, buf));
	else if (n > OPTION_SIZE_MAX || n < min)
		error(w->line, "%s: not from %lluM to %lluT: \"%s\"", what,
		    (unsigned long long)(min / MEGA),
		    OPTION_SIZE_MAX / TERA, shown(w->s, buf));
	else
		*size = n;
}

static void
set_processes(const struct word *w)
{
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	if ((s = parse_digits(w->s, &n)) == NULL || *s != '\0' ||
	    n < PROCESSES_MIN || n > PROCESSES_MAX)
		error(w->line, "processes: not a number from %d to %d: \"%s\"",
		    PROCESSES_MIN, PROCESSES_MAX, shown(w->s, buf));
	else
		limits->processes = (uint32_t)n;
}

static void
set_cpus(const struct word *w)
{
	char buf[SHOWN_SIZE];

	if (parse_cpus(w->s, &limits->millicpus) == -1)
		error(w->line, "cpus: not a number from 0.1 to %d: \"%s\"",
		    OPTION_CPUS_MAX, shown(w->s, buf));
}

static void
set_clipboard(const struct word *w)
{
	char buf[SHOWN_SIZE];

	if (strcmp(w->s, "yes") != 0 && strcmp(w->s, "no") != 0)
		error(w->line, "terminal clipboard: not yes or no: \"%s\"",
		    shown(w->s, buf));
	nconf->fixed.clipboard = strcmp(w->s, "yes") == 0;
}

static void
set_detach(const struct word *w)
{
	char buf[SHOWN_SIZE];
	int n;

	if ((n = parse_keys(w->s, nconf->fixed.keys)) == -1)
		error(w->line, "terminal detach: not a key with Control, and "
		    "perhaps another: \"%s\"", shown(w->s, buf));
	else
		nconf->fixed.nkeys = (uint32_t)n;
}

static void
set_number(uint32_t *number, const struct word *w, const char *what,
    uint32_t max)
{
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	if ((s = parse_digits(w->s, &n)) == NULL || *s != '\0' || n < 1 ||
	    n > max)
		error(w->line, "%s: not a number from 1 to %u: \"%s\"", what,
		    max, shown(w->s, buf));
	else
		*number = (uint32_t)n;
}

/* What the agent block does not say stays as it is by default. */
static void
set_agent(void)
{
	struct conf_fixed *f;

	f = &nconf->fixed;
	if (agent.memory != 0)
		f->memory = agent.memory;
	if (agent.home != 0)
		f->home = agent.home;
	if (agent.tmp != 0)
		f->tmp = agent.tmp;
	if (agent.filesize != 0)
		f->filesize = agent.filesize;
	if (agent.processes != 0)
		f->processes = agent.processes;
	if (agent.millicpus != 0)
		f->millicpus = agent.millicpus;
}

/*
 * The settings of a block that follows are this one's, or nobody's if there is
 * something wrong with it.
 */
static void
add_permit(uint32_t deny, uint32_t group, const struct word *w)
{
	static struct permit nobody;
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	permit = NULL;
	limits = &nobody;
	rule_list = &nconf->rules;
	seen &= ~SEEN_PERMIT;
	if (w->s[0] == '\0' || w->s[0] == '-' || strlen(w->s) >=
	    sizeof(permit->permit.name) || strspn(w->s, "abcdefghijklmnopqrst"
	    "uvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != strlen(w->s)) {
		error(w->line, "not the name of a %s: \"%s\"", group ?
		    "group" : "user", shown(w->s, buf));
		return;
	}
	s = parse_digits(w->s, &n);
	if (strspn(w->s, "0123456789") == strlen(w->s) &&
	    (s == NULL || n >= UINT32_MAX)) {
		error(w->line, "not the number of a %s: \"%s\"", group ?
		    "group" : "user", shown(w->s, buf));
		return;
	}
	if (npermits == PERMITS_MAX) {
		error(w->line, "more than %d permits", PERMITS_MAX);
		return;
	}
	if ((permit = calloc(1, sizeof(*permit))) == NULL) {
		error(w->line, "%s", strerror(errno));
		return;
	}
	TAILQ_INIT(&permit->rules);
	TAILQ_INSERT_TAIL(&nconf->permits, permit, entry);
	npermits++;
	limits = &permit->permit;
	(void)strlcpy(limits->name, w->s, sizeof(limits->name));
	limits->deny = deny;
	limits->group = group;
	if (s != NULL && *s == '\0') {
		limits->known = 1;
		limits->id = (uint32_t)n;
	}
}

/* https://host[:port][/path], or http: */
static void
set_api(const struct word *w)
{
	struct conf_api *api;
	const char *host, *s;
	char buf[SHOWN_SIZE], name[HOST_MAXLEN];
	uint64_t port;
	size_t len;

	api = &nconf->fixed.api;
	if (strncmp(w->s, "https://", 8) == 0)
		host = w->s + 8;
	else if (strncmp(w->s, "http://", 7) == 0) {
		host = w->s + 7;
		api->plain = 1;
	} else {
		error(w->line, "api: neither https://host nor http://host: "
		    "\"%s\"", shown(w->s, buf));
		return;
	}
	port = api->plain ? 80 : 443;
	len = strcspn(host, ":/");
	s = host + len;
	if (*s == ':' && (s[1] == '0' || (s = parse_digits(s + 1,
	    &port)) == NULL || port > UINT16_MAX || (*s != '\0' &&
	    *s != '/'))) {
		error(w->line, "api: not a port: \"%s\"",
		    shown(host + len + 1, buf));
		return;
	}
	api->port = (uint16_t)port;
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, host);
	if (len >= sizeof(name) || name[0] == '*' ||
	    rule_host(name, api->host) != NULL)
		error(w->line, "api: not the name of a host: \"%s\"",
		    shown(name, buf));
	else if (set_api_path(s) == -1)
		error(w->line, "api: not a path: \"%s\"", shown(s, buf));
}

/* Without a slash at its end, and without what could mean another one. */
static int
set_api_path(const char *s)
{
	size_t len;

	len = strlen(s);
	while (len > 0 && s[len - 1] == '/')
		len--;
	if (len >= API_PATHLEN || strspn(s, API_PATH_CHARS) < len ||
	    strstr(s, "//") != NULL || strstr(s, "/.") != NULL)
		return (-1);
	memcpy(nconf->fixed.api.path, s, len);
	nconf->fixed.api.path[len] = '\0';
	return (0);
}

/* An address, or one with the length of a prefix. */
static void
add_api_address(const struct word *w)
{
	struct conf_api *api;
	unsigned char addr[sizeof(struct in6_addr)];
	char buf[SHOWN_SIZE], text[sizeof(api->addresses[0])];
	const char *s;
	uint64_t bits;
	int six;

	api = &nconf->fixed.api;
	bits = 0;
	s = w->s + strcspn(w->s, "/");
	six = memchr(w->s, ':', (size_t)(s - w->s)) != NULL;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(s - w->s), w->s);
	if (*s == '/' && ((s = parse_digits(s + 1, &bits)) == NULL ||
	    *s != '\0' || bits > (six ? 128 : 32)))
		text[0] = '\0';
	if (strlen(w->s) >= sizeof(text) ||
	    inet_pton(six ? AF_INET6 : AF_INET, text, addr) != 1)
		error(w->line, "address: not an address or a range: \"%s\"",
		    shown(w->s, buf));
	else if (api->naddresses == API_ADDRESSES)
		error(w->line, "more than %d addresses", API_ADDRESSES);
	else
		(void)strlcpy(api->addresses[api->naddresses++], w->s,
		    sizeof(api->addresses[0]));
}

/* "METHOD /path"; a star at its end is any segment. */
static void
add_api_allow(const struct word *w)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT",
	    "PATCH", "DELETE" };
	struct conf_api *api;
	char buf[SHOWN_SIZE];
	const char *s;
	size_t i, len;

	api = &nconf->fixed.api;
	len = strcspn(w->s, " ");
	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strlen(methods[i]) == len &&
		    strncmp(w->s, methods[i], len) == 0)
			break;
	s = w->s + len + (w->s[len] == ' ');
	len = strspn(s, API_PATH_CHARS);
	if (len > 1 && strcmp(s + len, "*") == 0 && s[len - 1] == '/')
		len++;
	if (i == sizeof(methods) / sizeof(methods[0]) || *s != '/' ||
	    s[len] != '\0' || strlen(w->s) >= API_PATHLEN ||
	    strstr(s, "//") != NULL || strstr(s, "/.") != NULL)
		error(w->line, "allow: not a method and a path: \"%s\"",
		    shown(w->s, buf));
	else if (api->nallows == API_ALLOWS)
		error(w->line, "more than %d to allow", API_ALLOWS);
	else
		(void)strlcpy(api->allows[api->nallows++], w->s,
		    API_PATHLEN);
}

static void
add_protects(const struct words *paths, int open)
{
	const struct word *w;
	char buf[SHOWN_SIZE];

	for (w = paths->first; w != NULL; w = w->next)
		if (strlen(w->s) >= PROTECT_MAXLEN || !protect_valid(w->s))
			error(w->line, "%s: not a path in a workspace: \"%s\"",
			    open ? "unprotect" : "protect", shown(w->s, buf));
		else if (config_protect(nconf, w->s, open) == -1) {
			error(w->line, "protect: %s", errno == E2BIG ?
			    "too many paths" : strerror(errno));
			return;
		}
}

static void
set_shares(const struct words *words)
{
	const struct word *w;
	char buf[SHOWN_SIZE];
	size_t i;

	for (w = words->first; w != NULL; w = w->next) {
		for (i = 0; i < SHARES_MAX; i++)
			if (strcmp(w->s, shares[i].word) == 0)
				break;
		if (i == SHARES_MAX)
			error(w->line, "share: nothing that can be shared: "
			    "\"%s\"", shown(w->s, buf));
		else
			nconf->fixed.shares |= 1U << i;
	}
}

/* Those that hold without an egress block. */
static void
drop_rules(void)
{
	struct rule_entry *r;

	while ((r = TAILQ_FIRST(&nconf->rules)) != NULL) {
		TAILQ_REMOVE(&nconf->rules, r, entry);
		free(r);
	}
}

static void
add_rules(uint32_t block, const struct words *hosts, const struct words *ports,
    uint32_t plain)
{
	struct egress_rule rule;
	const struct word *w;
	char buf[SHOWN_SIZE];
	const char *why;
	uint16_t port;

	memset(&rule, 0, sizeof(rule));
	rule.block = block;
	rule.plain = plain;
	if (plain && (block || ports->first == NULL))
		error(hosts->first->line, "plain is for pass with a port");
	for (w = ports->first; w != NULL; w = w->next) {
		if (parse_port(w, &port) == -1)
			continue;
		if (rule.nports == RULE_PORTS) {
			error(w->line, "more than %d ports", RULE_PORTS);
			break;
		}
		rule.ports[rule.nports++] = port;
	}
	for (w = hosts->first; w != NULL; w = w->next) {
		memset(rule.host, 0, sizeof(rule.host));
		if ((why = rule_host(w->s, rule.host)) != NULL)
			error(w->line, "%s: \"%s\"", why, shown(w->s, buf));
		else if (add_rule(w->line, &rule) == -1)
			break;
	}
}

static int
add_rule(int line, const struct egress_rule *rule)
{
	struct rule_entry *r;

	if (nrules == RULES_MAX) {
		error(line, "more than %d rules", RULES_MAX);
		return (-1);
	}
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		error(line, "%s", strerror(errno));
		return (-1);
	}
	r->rule = *rule;
	TAILQ_INSERT_TAIL(rule_list, r, entry);
	nrules++;
	return (0);
}

static void
add_resolver(const struct word *address, const struct word *port)
{
	struct egress_resolver *r;
	unsigned char addr[sizeof(struct in6_addr)];
	char buf[SHOWN_SIZE];
	int af;

	if (rule_list != &nconf->rules) {
		error(address->line, "resolver: not for a permit");
		return;
	}
	if (nconf->nresolvers == RESOLVER_MAX) {
		error(address->line, "more than %d resolvers", RESOLVER_MAX);
		return;
	}
	r = &nconf->resolvers[nconf->nresolvers];
	memset(r, 0, sizeof(*r));
	r->port = 53;
	if (port != NULL && parse_port(port, &r->port) == -1)
		return;
	af = strchr(address->s, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(af, address->s, addr) != 1 ||
	    inet_ntop(af, addr, r->address, sizeof(r->address)) == NULL)
		error(address->line, "resolver: not an address: \"%s\"",
		    shown(address->s, buf));
	else
		nconf->nresolvers++;
}

/*
 * Values.
 */

static int
parse_port(const struct word *w, uint16_t *port)
{
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	if (w->s[0] == '0' || (s = parse_digits(w->s, &n)) == NULL ||
	    *s != '\0' || n > UINT16_MAX) {
		error(w->line, "port: not a number from 1 to 65535: \"%s\"",
		    shown(w->s, buf));
		return (-1);
	}
	*port = (uint16_t)n;
	return (0);
}
