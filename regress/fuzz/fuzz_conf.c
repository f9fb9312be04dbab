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

#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../claudesec/claudesec.h"

/*
 * claudesec.conf.  The first line is an option -D if it begins with a dot.
 * What parses holds what the other processes rely on, and is printed as
 * something that parses to the same; what does not parse is told, in lines
 * that a terminal can show.
 */

#include "must.h"

static unsigned int nlines;

/* what conf.c has around it otherwise */
uint32_t	 proc_state;
unsigned int	 proc_self;

int
pledge(const char *promises, const char *execpromises)
{
	(void)promises;
	(void)execpromises;
	abort();
}

void
proc_loop(int (*handle)(struct peer *, struct imsg *), void (*started)(void))
{
	(void)handle;
	(void)started;
	abort();
}

struct peer *
proc_peer(unsigned int role)
{
	(void)role;
	abort();
}

void
peer_send(struct peer *p, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	(void)p;
	(void)type;
	(void)id;
	(void)fd;
	(void)data;
	(void)len;
	abort();
}

static void
report(const char *line)
{
	const char *p;

	nlines++;
	MUST(strlen(line) > 0 && strlen(line) < TEXT_MAXLEN);
	for (p = line; *p != '\0'; p++)
		MUST(*p >= ' ' && *p <= '~');
	MUST(strncmp(line, "name:", 5) == 0);
}

static struct config *
parse(const char *text, size_t size, const struct macros *macros)
{
	struct config *c;
	FILE *f;

	MUST((f = fmemopen((void *)(uintptr_t)text, size, "r")) != NULL);
	nlines = 0;
	c = parse_config(f, "name", macros, report);
	MUST((c == NULL) == (nlines > 0));
	(void)fclose(f);
	return (c);
}

static int
within(uint64_t n, uint64_t min, uint64_t max)
{
	return (n >= min && n <= max);
}

static void
check(const struct config *c)
{
	const struct conf_fixed *f;
	const struct rule_entry *r;
	const char *host;
	struct sockaddr_un sun;
	unsigned char addr[16];
	struct in_addr in;
	size_t i, n;

	f = &c->fixed;
	MUST(f->engine[0] == '\0' || (f->engine[0] == '/' &&
	    strlen(f->engine) < sizeof(sun.sun_path)));
	MUST(imsg_is_string(f->image, sizeof(f->image)));
	MUST(imsg_is_string(f->base, sizeof(f->base)));
	MUST(strstr(f->image, "..") == NULL && strstr(f->base, "..") == NULL);
	MUST(f->ca[0] == '\0' || f->ca[0] == '/' ||
	    strncmp(f->ca, "~/", 2) == 0);
	MUST(c->envfile[0] == '\0' || c->envfile[0] == '/' ||
	    strncmp(c->envfile, "~/", 2) == 0);
	MUST(f->credentials <= CREDENTIALS_INJECT);
	MUST(within(f->memory, 1ULL << 27, 1ULL << 46));
	MUST(within(f->home, 1ULL << 20, 1ULL << 46));
	MUST(within(f->tmp, 1ULL << 20, 1ULL << 46));
	MUST(within(f->filesize, 1ULL << 20, 1ULL << 46));
	MUST(within(f->processes, 16, 32768));
	MUST(f->millicpus == 0 || within(f->millicpus, 100, 1024000));
	n = 0;
	TAILQ_FOREACH(r, &c->rules, entry) {
		MUST(++n <= 2048);
		MUST(r->rule.block <= 1 && r->rule.nports <= RULE_PORTS);
		for (i = 0; i < r->rule.nports; i++)
			MUST(r->rule.ports[i] != 0);
		MUST(imsg_is_string(r->rule.host, sizeof(r->rule.host)));
		host = r->rule.host;
		if (strncmp(host, "*.", 2) == 0)
			host += 2;
		MUST(strlen(host) <= 253 && inet_aton(host, &in) == 0);
		MUST(strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") ==
		    strlen(host));
	}
	MUST(c->nresolvers <= RESOLVER_MAX);
	for (i = 0; i < c->nresolvers; i++)
		MUST(c->resolvers[i].port != 0 &&
		    (inet_pton(AF_INET, c->resolvers[i].address, addr) == 1 ||
		    inet_pton(AF_INET6, c->resolvers[i].address, addr) == 1));
	MUST(TAILQ_EMPTY(&c->env));
}

static void
compare(const struct config *a, const struct config *b)
{
	const struct rule_entry *ra, *rb;

	MUST(memcmp(&a->fixed, &b->fixed, sizeof(a->fixed)) == 0);
	MUST(strcmp(a->envfile, b->envfile) == 0);
	MUST(a->nresolvers == b->nresolvers);
	MUST(memcmp(a->resolvers, b->resolvers,
	    a->nresolvers * sizeof(a->resolvers[0])) == 0);
	ra = TAILQ_FIRST(&a->rules);
	rb = TAILQ_FIRST(&b->rules);
	while (ra != NULL && rb != NULL) {
		MUST(memcmp(&ra->rule, &rb->rule, sizeof(ra->rule)) == 0);
		ra = TAILQ_NEXT(ra, entry);
		rb = TAILQ_NEXT(rb, entry);
	}
	MUST(ra == NULL && rb == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct macros macros = TAILQ_HEAD_INITIALIZER(macros);
	struct macro option;
	struct config *again, *c;
	const char *lf, *text;
	char *printed;
	size_t len;
	FILE *f;

	text = (const char *)data;
	option.value = NULL;
	if (size > 0 && text[0] == '.' &&
	    (lf = memchr(text, '\n', size)) != NULL) {
		MUST((option.value = strndup(text + 1,
		    (size_t)(lf - text - 1))) != NULL);
		TAILQ_INSERT_TAIL(&macros, &option, entry);
		size -= (size_t)(lf + 1 - text);
		text = lf + 1;
	}
	if ((c = parse(text, size, &macros)) != NULL) {
		check(c);
		printed = NULL;
		MUST((f = open_memstream(&printed, &len)) != NULL);
		print_config(f, c);
		MUST(fclose(f) == 0);
		TAILQ_INIT(&macros);
		MUST((again = parse(printed, len, &macros)) != NULL);
		compare(c, again);
		free(printed);
		config_free(again);
	}
	config_free(c);
	free(option.value);
	return (0);
}
