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

#include <sys/types.h>
#include <sys/queue.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "claudesec.h"

static void	 print_string(FILE *, const char *, const char *);
static void	 print_terminal(FILE *, const struct conf_fixed *);
static void	 print_api(FILE *, const struct conf_api *);
static void	 print_size(FILE *, const char *, uint64_t);
static void	 print_rule(FILE *, const char *, const struct egress_rule *);
static void	 print_permit(FILE *, const struct permit_entry *);
static void	 print_number(FILE *, const char *, uint32_t);
static void	 print_cpus(FILE *, uint32_t);
static void	 print_protects(FILE *, const struct config *);

/*
 * Everything that has a value is printed, defaults too, so that a later
 * version with others would read the same.
 */
void
print_config(FILE *f, const struct config *c)
{
	const struct permit_entry *p;
	const struct rule_entry *r;
	size_t i;

	if (c->fixed.engine[0] != '\0') {
		(void)fputs("engine ", f);
		print_string(f, remote_is(c->fixed.engine) ? "" : "unix://",
		    c->fixed.engine);
		if (c->remote.tls[0] != '\0') {
			(void)fputs(" tls ", f);
			print_string(f, "", c->remote.tls);
		}
		(void)fputc('\n', f);
	}
	(void)fputs("image ", f);
	print_string(f, "", c->fixed.image);
	if (c->fixed.pull != PULL_MISSING)
		(void)fprintf(f, " pull %s", c->fixed.pull == PULL_ALWAYS ?
		    "always" : "never");
	(void)fputs("\nbase ", f);
	print_string(f, "", c->fixed.base);
	if (c->fixed.ca[0] != '\0') {
		(void)fputs("\nca ", f);
		print_string(f, "", c->fixed.ca);
	}
	if (c->fixed.network[0] != '\0') {
		(void)fputs("\nnetwork ", f);
		print_string(f, "", c->fixed.network);
	}
	if (c->fixed.runtime[0] != '\0') {
		(void)fputs("\nruntime ", f);
		print_string(f, "", c->fixed.runtime);
	}
	if (c->fixed.review)
		(void)fputs("\nworkspace review", f);
	if (c->fixed.credentials == CREDENTIALS_NONE)
		(void)fputs("\ncredentials none", f);
	else if (c->fixed.credentials == CREDENTIALS_ENVIRONMENT)
		(void)fputs("\ncredentials environment", f);
	else if (c->fixed.credentials == CREDENTIALS_BROWSER)
		(void)fputs("\ncredentials browser", f);
	else
		(void)fputs("\ncredentials inject", f);
	if (c->login[0] != '\0') {
		(void)fputs(" directory ", f);
		print_string(f, "", c->login);
	}
	if (c->envfile[0] != '\0') {
		(void)fputs(" from ", f);
		print_string(f, "", c->envfile);
	}
	if (c->command[0] != '\0') {
		(void)fputs(" from command ", f);
		print_string(f, "", c->command);
	}
	if (c->fixed.shares != 0) {
		(void)fputs("\nshare {", f);
		for (i = 0; i < SHARES_MAX; i++)
			if ((c->fixed.shares & (1U << i)) != 0)
				(void)fprintf(f, " %s", shares[i].word);
		(void)fputs(" }", f);
	}
	print_terminal(f, &c->fixed);
	print_api(f, &c->fixed.api);
	(void)fputs("\nagent {\n", f);
	print_size(f, "memory", c->fixed.memory);
	print_size(f, "home", c->fixed.home);
	print_size(f, "tmp", c->fixed.tmp);
	print_size(f, "filesize", c->fixed.filesize);
	print_number(f, "processes", c->fixed.processes);
	print_cpus(f, c->fixed.millicpus);
	print_protects(f, c);
	(void)fputs("}\n\negress {\n", f);
	TAILQ_FOREACH(r, &c->rules, entry)
		print_rule(f, "\t", &r->rule);
	for (i = 0; i < c->nresolvers; i++)
		(void)fprintf(f, "\tresolver %s port %u\n",
		    c->resolvers[i].address,
		    (unsigned int)c->resolvers[i].port);
	(void)fputs("}\n", f);
	if (c->fixed.stops)
		(void)fputs("\nexit stop\n", f);
	TAILQ_FOREACH(p, &c->permits, entry)
		print_permit(f, p);
}

/* Quoted as parse.y reads it. */
static void
print_string(FILE *f, const char *prefix, const char *s)
{
	(void)fprintf(f, "\"%s", prefix);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			(void)fputc('\\', f);
		(void)fputc(*s, f);
	}
	(void)fputc('"', f);
}

/* What is not as by default. */
static void
print_terminal(FILE *f, const struct conf_fixed *fixed)
{
	unsigned char keys[KEYS_MAX];
	char text[2 * KEYS_MAX + 1];
	uint32_t i, n;

	if (fixed->clipboard)
		(void)fputs("\nterminal clipboard yes", f);
	n = (uint32_t)parse_keys(OPTION_KEYS, keys);
	if (fixed->nkeys == n && memcmp(fixed->keys, keys, n) == 0)
		return;
	if (fixed->nkeys == 0) {
		(void)fputs("\nterminal detach none", f);
		return;
	}
	for (i = n = 0; i < fixed->nkeys; i++) {
		if (fixed->keys[i] < ' ')
			text[n++] = '^';
		text[n++] = (char)(fixed->keys[i] < ' ' ?
		    fixed->keys[i] + '@' : fixed->keys[i]);
	}
	text[n] = '\0';
	(void)fputs("\nterminal detach ", f);
	print_string(f, "", text);
}

static void
print_api(FILE *f, const struct conf_api *api)
{
	uint32_t i;

	(void)fprintf(f, "\napi \"http%s://%s", api->plain ? "" : "s",
	    api->host);
	if (api->port != (api->plain ? 80 : 443))
		(void)fprintf(f, ":%u", (unsigned int)api->port);
	(void)fprintf(f, "%s\"", api->path);
	if (api->naddresses > 0 || api->nallows > 0 || api->ca[0] != '\0') {
		(void)fputs(" {\n", f);
		for (i = 0; i < api->naddresses; i++)
			(void)fprintf(f, "\taddress %s\n", api->addresses[i]);
		for (i = 0; i < api->nallows; i++)
			(void)fprintf(f, "\tallow \"%s\"\n",
			    api->allows[i]);
		if (api->ca[0] != '\0') {
			(void)fputs("\tca ", f);
			print_string(f, "", api->ca);
			(void)fputc('\n', f);
		}
		(void)fputc('}', f);
	}
	(void)fputs("\n", f);
}

static void
print_size(FILE *f, const char *what, uint64_t size)
{
	const char *unit;

	if (size == 0)
		return;
	for (unit = " KMGT"; unit[1] != '\0' && size % 1024 == 0; unit++)
		size /= 1024;
	(void)fprintf(f, "\t%s %" PRIu64, what, size);
	if (*unit != ' ')
		(void)fputc(*unit, f);
	(void)fputc('\n', f);
}

static void
print_protects(FILE *f, const struct config *c)
{
	const struct protect_entry *p;

	TAILQ_FOREACH(p, &c->protects, entry) {
		if (config_is_default(&p->rule))
			continue;
		(void)fprintf(f, "\t%sprotect ", p->rule.open ? "un" : "");
		print_string(f, "", p->rule.path);
		(void)fputc('\n', f);
	}
}

static void
print_rule(FILE *f, const char *indent, const struct egress_rule *rule)
{
	uint32_t i;

	(void)fprintf(f, "%s%s to \"%s\"", indent,
	    rule->block ? "block" : "pass", rule->host);
	if (rule->nports == 1)
		(void)fprintf(f, " port %u", (unsigned int)rule->ports[0]);
	else if (rule->nports > 1) {
		(void)fputs(" port {", f);
		for (i = 0; i < rule->nports; i++)
			(void)fprintf(f, " %u", (unsigned int)rule->ports[i]);
		(void)fputs(" }", f);
	}
	(void)fputs(rule->plain ? " plain\n" : "\n", f);
}

static void
print_permit(FILE *f, const struct permit_entry *e)
{
	const struct permit *p;
	const struct rule_entry *r;

	p = &e->permit;
	(void)fprintf(f, "\n%s %s ", p->deny ? "deny" : "permit", p->group ?
	    "group" : "user");
	print_string(f, "", p->name);
	if (p->deny) {
		(void)fputc('\n', f);
		return;
	}
	(void)fputs(" {\n", f);
	if (p->image[0] != '\0') {
		(void)fputs("\timage ", f);
		print_string(f, "", p->image);
		(void)fputc('\n', f);
	}
	print_number(f, "sessions", p->sessions);
	print_number(f, "clients", p->clients);
	print_number(f, "rate", p->rate);
	print_size(f, "memory", p->memory);
	print_size(f, "home", p->home);
	print_size(f, "tmp", p->tmp);
	print_size(f, "filesize", p->filesize);
	print_number(f, "processes", p->processes);
	print_cpus(f, p->millicpus);
	if (p->egress) {
		(void)fputs("\tegress {\n", f);
		TAILQ_FOREACH(r, &e->rules, entry)
			print_rule(f, "\t\t", &r->rule);
		(void)fputs("\t}\n", f);
	}
	(void)fputs("}\n", f);
}

static void
print_number(FILE *f, const char *what, uint32_t n)
{
	if (n != 0)
		(void)fprintf(f, "\t%s %" PRIu32 "\n", what, n);
}

static void
print_cpus(FILE *f, uint32_t millicpus)
{
	if (millicpus % 1000 != 0)
		(void)fprintf(f, "\tcpus %" PRIu32 ".%03" PRIu32 "\n",
		    millicpus / 1000, millicpus % 1000);
	else if (millicpus != 0)
		(void)fprintf(f, "\tcpus %" PRIu32 "\n", millicpus / 1000);
}
