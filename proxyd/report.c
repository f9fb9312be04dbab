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

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proxyd.h"

static void	 report_key(struct report *, const char *);
static void	 report_add(struct report *, const char *);
static void	 report_quoted(struct report *, const char *);

void
report_start(struct report *r, const char *event, int json)
{
	r->len = 0;
	r->json = json;
	if (!json) {
		report_add(r, event);
		return;
	}
	report_add(r, "{\"event\":");
	report_quoted(r, event);
	report_number(r, "time", (uint64_t)time(NULL));
}

static void
report_key(struct report *r, const char *key)
{
	if (r->json) {
		report_add(r, ",");
		report_quoted(r, key);
		report_add(r, ":");
	} else {
		report_add(r, " ");
		report_add(r, key);
		report_add(r, "=");
	}
}

void
report_string(struct report *r, const char *key, const char *value)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/[]";

	report_key(r, key);
	if (r->json || value[0] == '\0' || value[strspn(value, bare)] != '\0')
		report_quoted(r, value);
	else
		report_add(r, value);
}

void
report_number(struct report *r, const char *key, uint64_t value)
{
	char text[24];

	report_key(r, key);
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	report_add(r, text);
}

void
report_address(struct report *r, const char *key, const struct netaddr *addr,
    uint16_t port)
{
	char a[ADDR_STRLEN], text[ADDR_STRLEN + 8];
	int six;

	six = addr->family == AF_INET6;
	(void)snprintf(text, sizeof(text), "%s%s%s:%u", six ? "[" : "",
	    addr_print(addr, a), six ? "]" : "", port);
	report_string(r, key, text);
}

void
report_end(struct report *r)
{
	if (!r->json)
		log_info("%s", r->buf);
	else {
		report_add(r, "}");
		log_line(r->buf);
	}
}

/* What does not fit is left out; all that we are given does. */
static void
report_add(struct report *r, const char *text)
{
	size_t n;

	n = strlen(text);
	if (n >= sizeof(r->buf) - r->len)
		return;
	memcpy(r->buf + r->len, text, n + 1);
	r->len += n;
}

/* Escapes so that both JSON and a terminal are safe. */
static void
report_quoted(struct report *r, const char *text)
{
	char esc[8];
	unsigned char c;

	report_add(r, "\"");
	for (; *text != '\0'; text++) {
		c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			(void)snprintf(esc, sizeof(esc), "\\%c", c);
		else if (c < ' ' || c > '~')
			(void)snprintf(esc, sizeof(esc), "\\u%04x", c);
		else
			(void)snprintf(esc, sizeof(esc), "%c", c);
		report_add(r, esc);
	}
	report_add(r, "\"");
}

int64_t
now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		fatal("clock_gettime");
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}
