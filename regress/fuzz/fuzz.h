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

#ifndef FUZZ_H
#define FUZZ_H

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxyd.h"

#include "must.h"

/* A name that passed is harmless in the eyes of others, too. */
static inline void
must_be_name(const char *host)
{
	struct in6_addr	 in6;
	struct in_addr	 in;
	const char	*why;
	char		 again[HOST_SIZE];
	size_t		 len;

	len = strlen(host);
	MUST(len > 0 && len <= HOST_MAX);
	MUST(strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len);
	MUST(host[0] != '.' && host[len - 1] != '.');
	MUST(strstr(host, "..") == NULL);
	MUST(inet_aton(host, &in) == 0);
	MUST(inet_pton(AF_INET6, host, &in6) != 1);
	MUST(host_parse(host, len, again, &why) == HOST_OK);
	MUST(strcmp(host, again) == 0);
}

#endif /* FUZZ_H */
