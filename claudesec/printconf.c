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

#include "claudesec.h"

static void	 print_string(FILE *, const char *, const char *);
static void	 print_api(FILE *, const struct conf_api *);
static void	 print_size(FILE *, const char *, uint64_t);
static void	 print_rule(FILE *, const struct egress_rule *);

/*
 * Everything that has a value is printed, defaults too, so that a later
 * version with others would read the same.
 */
void
print_config(FILE *f, const struct config *c)
{
	const struct rule_entry *r;
	size_t i;

	(void)fputs("engine ", f);
	print_string(f, "unix://", c->fixed.engine);
	(void)fputs("\nimage ", f);
	print_string(f, "", c->fixed.image);
	(void)fputs("\nbase ", f);
	print_string(f, "", c->fixed.base);
	if (c->fixed.ca[0] != '\0') {
		(void)fputs("\nca ", f);
		print_string(f, "", c->fixed.ca);
	}
	if (c->fixed.credentials == CREDENTIALS_NONE)
		(void)fputs("\ncredentials none", f);
	else if (c->fixed.credentials == CREDENTIALS_ENVIRONMENT)
		(void)fputs("\ncredentials environment", f);
	else
		(void)fputs("\ncredentials inject", f);
	if (c->envfile[0] != '\0') {
		(void)fputs(" from ", f);
		print_string(f, "", c->envfile);
	}
	print_api(f, &c->fixed.api);
	(void)fputs("\nagent {\n", f);
	print_size(f, "memory", c->fixed.memory);
	print_size(f, "home", c->fixed.home);
	print_size(f, "tmp", c->fixed.tmp);
	print_size(f, "filesize", c->fixed.filesize);
	if (c->fixed.processes != 0)
		(void)fprintf(f, "\tprocesses %" PRIu32 "\n",
		    c->fixed.processes);
	if (c->fixed.millicpus % 1000 != 0)
		(void)fprintf(f, "\tcpus %" PRIu32 ".%03" PRIu32 "\n",
		    c->fixed.millicpus / 1000, c->fixed.millicpus % 1000);
	else if (c->fixed.millicpus != 0)
		(void)fprintf(f, "\tcpus %" PRIu32 "\n",
		    c->fixed.millicpus / 1000);
	(void)fputs("}\n\negress {\n", f);
	TAILQ_FOREACH(r, &c->rules, entry)
		print_rule(f, &r->rule);
	for (i = 0; i < c->nresolvers; i++)
		(void)fprintf(f, "\tresolver %s port %u\n",
		    c->resolvers[i].address,
		    (unsigned int)c->resolvers[i].port);
	(void)fputs("}\n", f);
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
print_rule(FILE *f, const struct egress_rule *rule)
{
	uint32_t i;

	(void)fprintf(f, "\t%s to \"%s\"", rule->block ? "block" : "pass",
	    rule->host);
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
