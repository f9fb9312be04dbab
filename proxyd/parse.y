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
#include <sys/un.h>

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxyd.h"

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

/* a name of the statement being read, or a file with such names */
struct target {
	char			*text;
	int			 isfile;
	int			 line;
	STAILQ_ENTRY(target)	 entry;
};

/* every string that the grammar sees lives until the end */
struct string {
	SLIST_ENTRY(string)	 entry;
	char			 text[];
};

static TAILQ_HEAD(, sym) syms = TAILQ_HEAD_INITIALIZER(syms);
static SLIST_HEAD(, string) strings = SLIST_HEAD_INITIALIZER(strings);

static struct config	*conf;
static FILE		*file;
static const char	*file_name;
static FILE		 *(*open_list)(const char *);
static void		 (*report)(const char *);
static int		 lineno, newlines, error_line;
static unsigned int	 errors;
static int		 braces, skipping, at_end;
/* the macros that are being read, the innermost last */
static const char	*expansions[EXPAND_MAX];
static size_t		 nexpansions, expanded;
static int		 pushed;
/* of the statement that is being read */
static struct rule	 rule;
static struct gateway	*gate;
static int		 gate_line;
static STAILQ_HEAD(, target) targets = STAILQ_HEAD_INITIALIZER(targets);

const char *const timeout_names[TIMEOUT_MAX] = {
	"head", "hello", "dial", "answer", "idle", "life"
};
const char *const limit_names[LIMIT_MAX] = {
	"connections", "client", "heads", "lookups", "cache", "questions"
};

static int	 yylex(void);
static void	 yyerror(const char *);
static void	 warn_at(int, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
static char	*keep(const char *);
static int	 next_char(void);
static int	 lex_macro(void);
static int	 lex_quoted(void);
static int	 lex_word(int);
static struct sym *sym_find(const char *);
static void	 sym_set(const char *, const char *, int);
static void	 parse_clear(void);
static int64_t	 seconds(const char *);
static void	 rule_start(int);
static void	 rule_end(void);
static void	 target_add(char *, int);
static void	 targets_free(void);
static void	 target_file(const struct target *);
static void	 add_port(int64_t);
static void	 add_prefix(const char *);
static void	 add_listen(const char *, int64_t);
static void	 add_server(const char *, int64_t);
static void	 add_gateway_listen(const char *, int64_t);
static void	 set_handover(const char *);
static void	 set_via(const char *, int64_t);
static void	 gate_start(const char *, int64_t);
static void	 gate_end(void);
static void	 gate_secret(char **, const char *);
static void	 gate_prefix(const char *);
static void	 gate_allow(const char *);
static void	 gate_ca_line(const char *);
static void	 gate_ca_file(const char *);
static void	 set_number(const char *, const char *const *, size_t,
		    uint32_t *, int64_t, int64_t);
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
			    conf->settings.timeouts, $3, SECONDS_MAX);
		}
		| LIMIT STRING NUMBER	{
			set_number($2, limit_names, LIMIT_MAX,
			    conf->settings.limits, $3, LIMIT_HIGHEST);
		}
		| LOG JSON		{ conf->settings.json = 1; }
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
config_new(void)
{
	static const struct settings defaults = {
		.timeouts = { 10, 10, 10, 5 * 60, 60 * 60, 24 * 60 * 60 },
		.limits = { 16384, 12288, 1024, 256, 4096, 500 }
	};
	struct config *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	c->settings = defaults;
	policy_init(&c->policy);
	return (c);
}

void
config_free(struct config *c)
{
	policy_free(&c->policy);
	config_forget(c);
	free(c->gateway.ca);
	free(c);
}

void
config_forget(struct config *c)
{
	struct gateway *g;

	g = &c->gateway;
	if (g->token != NULL)
		freezero(g->token, strlen(g->token));
	if (g->key != NULL)
		freezero(g->key, strlen(g->key));
	g->token = g->key = NULL;
}

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
	if ((conf = config_new()) == NULL)
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
		config_free(conf);
		return (NULL);
	}
	return (conf);
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

static void
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

static void
set_number(const char *name, const char *const *names, size_t nnames,
    uint32_t *values, int64_t value, int64_t max)
{
	size_t i;

	for (i = 0; i < nnames; i++)
		if (strcmp(names[i], name) == 0)
			break;
	if (i == nnames)
		warn_at(lineno, "there is no '%s'", name);
	else if (value < 1 || value > max)
		warn_at(lineno, "'%s' is from 1 to %lld", name,
		    (long long)max);
	else
		values[i] = (uint32_t)value;
}

static void
rule_start(int action)
{
	memset(&rule, 0, sizeof(rule));
	rule.action = (uint8_t)action;
	/* a rule with an error in it has not come to its end */
	targets_free();
}

static void
rule_end(void)
{
	struct target *t;
	const char *why;

	if (rule.action == RULE_BLOCK && (rule.plain || rule.naddrs > 0)) {
		warn_at(lineno, "plain and address are for pass");
		return;
	}
	if (policy_add_rule(&conf->policy, &rule) == -1)
		fatal("policy_add_rule");
	STAILQ_FOREACH(t, &targets, entry)
		if (t->isfile)
			target_file(t);
		else if (policy_add_name(&conf->policy, t->text, &why) == -1)
			warn_at(t->line, "%s: %s", t->text, why);
	targets_free();
}

static void
target_add(char *text, int isfile)
{
	struct target *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		fatal("calloc");
	t->text = text;
	t->isfile = isfile;
	t->line = lineno;
	STAILQ_INSERT_TAIL(&targets, t, entry);
}

static void
targets_free(void)
{
	struct target *t;

	while ((t = STAILQ_FIRST(&targets)) != NULL) {
		STAILQ_REMOVE_HEAD(&targets, entry);
		free(t);
	}
}

/* A file with a name a line; blanks around it and comments do not count. */
static void
target_file(const struct target *t)
{
	const char *why;
	char *line, *name;
	size_t len, size;
	ssize_t n;
	FILE *fp;
	int count;

	if ((fp = open_list(t->text)) == NULL) {
		warn_at(t->line, "%s: %s", t->text, strerror(errno));
		return;
	}
	line = NULL;
	size = 0;
	for (count = 1; (n = getline(&line, &size, fp)) != -1; count++) {
		if (strlen(line) != (size_t)n) {
			warn_at(t->line, "%s:%d: a NUL character", t->text,
			    count);
			continue;
		}
		line[strcspn(line, "#\r\n")] = '\0';
		name = line + strspn(line, " \t");
		for (len = strlen(name); len > 0 &&
		    strchr(" \t", name[len - 1]) != NULL; len--)
			name[len - 1] = '\0';
		if (len > 0 &&
		    policy_add_name(&conf->policy, name, &why) == -1)
			warn_at(t->line, "%s:%d: %s", t->text, count, why);
	}
	if (ferror(fp))
		warn_at(t->line, "%s: cannot be read", t->text);
	free(line);
	fclose(fp);
}

static void
add_port(int64_t port)
{
	if (port < 1 || port > 65535)
		warn_at(lineno, "port out of range");
	else if (rule.nports == RULE_PORTS)
		warn_at(lineno, "more than %d ports in a rule", RULE_PORTS);
	else
		rule.ports[rule.nports++] = (uint16_t)port;
}

static void
add_prefix(const char *text)
{
	if (rule.naddrs == RULE_ADDRS)
		warn_at(lineno, "more than %d addresses in a rule",
		    RULE_ADDRS);
	else if (prefix_parse(text, &rule.addrs[rule.naddrs]) == -1)
		warn_at(lineno, "%s is not a range of addresses", text);
	else
		rule.naddrs++;
}

static void
add_listen(const char *text, int64_t port)
{
	static const uint8_t any[16];
	struct listen_addr *l;

	l = &conf->listens[conf->nlistens];
	if (conf->nlistens == LISTEN_ADDRS)
		warn_at(lineno, "more than %d addresses to listen on",
		    LISTEN_ADDRS);
	else if (addr_parse(text, &l->addr) == -1)
		warn_at(lineno, "%s is not an address", text);
	else if (port == 0 && (l->addr.family != AF_INET ||
	    memcmp(l->addr.bytes, any, 4) == 0))
		/* it is what names resolve to there */
		warn_at(lineno, "transparent wants one IPv4 address");
	else {
		l->port = (uint16_t)port;
		conf->nlistens++;
	}
}

static void
add_server(const char *text, int64_t port)
{
	struct server *s;

	s = &conf->servers[conf->nservers];
	if (conf->nservers == SERVERS_MAX)
		warn_at(lineno, "more than %d resolvers", SERVERS_MAX);
	else if (addr_parse(text, &s->addr) == -1)
		warn_at(lineno, "%s is not an address", text);
	else {
		s->port = (uint16_t)port;
		conf->nservers++;
	}
}

static void
set_via(const char *text, int64_t port)
{
	struct netaddr addr;
	const char *why;

	if (port < 1 || port > 65535)
		warn_at(lineno, "port out of range");
	else if (addr_parse(text, &addr) == 0)
		(void)addr_print(&addr, conf->settings.via);
	else if (host_parse(text, strlen(text), conf->settings.via, &why) !=
	    HOST_OK)
		warn_at(lineno, "%s: %s", text, why);
	conf->settings.via_port = (uint16_t)port;
}

static void
set_handover(const char *path)
{
	if (conf->handover[0] != '\0')
		warn_at(lineno, "one handover is all there can be");
	else if (path[0] != '/' || strlcpy(conf->handover, path,
	    sizeof(conf->handover)) >= sizeof(conf->handover)) {
		warn_at(lineno, "%s cannot be the path of a socket", path);
		conf->handover[0] = '\0';
	}
}

static void
add_gateway_listen(const char *text, int64_t port)
{
	size_t n;

	n = conf->nlistens;
	add_listen(text, port);
	if (conf->nlistens > n)
		conf->listens[n].gateway = 1;
}

/*
 * The gateway.
 */

static void
gate_start(const char *host, int64_t port)
{
	const char *why;

	gate = &conf->gateway;
	gate_line = lineno;
	if (gate->conf.host[0] != '\0')
		warn_at(lineno, "one gateway is all there can be");
	else if (host_parse(host, strlen(host), gate->conf.host, &why) !=
	    HOST_OK)
		warn_at(lineno, "%s: %s", host, why);
	gate->conf.port = (uint16_t)port;
	/* the ranges of addresses are collected in there */
	memset(&rule, 0, sizeof(rule));
}

static void
gate_end(void)
{
	size_t i;

	if (gate->token == NULL)
		warn_at(gate_line, "a gateway without a token");
	if ((gate->key == NULL) == (gate->conf.kept == 0))
		warn_at(gate_line, gate->key == NULL ?
		    "a gateway without a key or bearer" :
		    "a key that is given is not kept");
	if (gate->conf.plain != 0 && gate->ca != NULL)
		warn_at(gate_line, "plain needs no ca");
	if (gate->conf.plain == 0 && gate->ca == NULL)
		warn_at(gate_line, "a gateway without ca");
	gate->conf.naddrs = rule.naddrs;
	memcpy(gate->conf.addrs, rule.addrs, sizeof(gate->conf.addrs));
	if (gate->nallows > 0)
		return;
	for (i = 0; gate_defaults[i] != NULL; i++)
		gate_allow(gate_defaults[i]);
}

/* What may stand in a header field, without a blank. */
static void
gate_secret(char **secret, const char *value)
{
	const char *p;
	size_t len;

	for (p = value; *p > ' ' && *p <= '~'; p++)
		;
	len = strlen(value);
	if (*secret != NULL)
		warn_at(lineno, "given twice");
	else if (*p != '\0' || len < GATE_SECRET_MIN ||
	    len >= GATE_SECRET_SIZE)
		warn_at(lineno, "this cannot be a key");
	else if ((*secret = strdup(value)) == NULL)
		fatal("strdup");
}

static void
gate_prefix(const char *path)
{
	size_t len;

	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	if (!gate_path_sound(path) || strchr(path, '?') != NULL ||
	    len >= sizeof(gate->conf.prefix))
		warn_at(lineno, "%s cannot be the path", path);
	else {
		memcpy(gate->conf.prefix, path, len);
		gate->conf.prefix[len] = '\0';
	}
}

static void
gate_allow(const char *text)
{
	if (gate->nallows == GATE_ALLOWS)
		warn_at(lineno, "more than %d to allow", GATE_ALLOWS);
	else if (gate_allow_parse(text, &gate->allows[gate->nallows]) == -1)
		warn_at(lineno, "%s is not a method and a path", text);
	else
		gate->nallows++;
}

/* A line of PEM. */
static void
gate_ca_line(const char *line)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=- ";
	size_t len;
	char *p;

	len = strlen(line);
	if (len > GATE_CA_LINE || strspn(line, letters) != len) {
		warn_at(lineno, "this is no line of a certificate");
		return;
	}
	if (gate->ca_len + len + 1 > GATE_CA_MAX) {
		if (error_line != lineno)
			warn_at(lineno, "more than %d bytes of certificates",
			    GATE_CA_MAX);
		return;
	}
	if ((p = realloc(gate->ca, gate->ca_len + len + 1)) == NULL)
		fatal("realloc");
	memcpy(p + gate->ca_len, line, len);
	p[gate->ca_len + len] = '\n';
	gate->ca = p;
	gate->ca_len += len + 1;
}

/* A file may have text between its certificates. */
static void
gate_ca_file(const char *path)
{
	char *line;
	size_t size;
	FILE *fp;
	int inside;

	if ((fp = open_list(path)) == NULL) {
		warn_at(lineno, "%s: %s", path, strerror(errno));
		return;
	}
	line = NULL;
	size = 0;
	inside = 0;
	while (getline(&line, &size, fp) != -1) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strcmp(line, "-----BEGIN CERTIFICATE-----") == 0)
			inside = 1;
		if (inside)
			gate_ca_line(line);
		if (strcmp(line, "-----END CERTIFICATE-----") == 0)
			inside = 0;
	}
	if (ferror(fp))
		warn_at(lineno, "%s: cannot be read", path);
	free(line);
	fclose(fp);
}
