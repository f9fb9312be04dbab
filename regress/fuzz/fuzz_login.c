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


/* login.c: what the agent shows, and what comes to the port of a login. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claudesec.h"

#include "must.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char good[] = "https://claude.ai/oauth/authorize?"
	    "redirect_uri=http%3A%2F%2Flocalhost%3A35031%2Fcallback&"
	    "state=5VEtnQjO6ylWc5-t";
	struct login_scan scan;
	struct login l;
	size_t i;

	memset(&scan, 0, sizeof(scan));
	for (i = 0; i < size; i++) {
		if (login_scan(&scan, data[i]) == 0)
			continue;
		MUST(strlen(scan.url) < LOGIN_URLMAX);
		if (login_parse(scan.url, &l) == -1)
			continue;
		MUST(l.port >= 1024 && l.port <= 65535);
		MUST(strlen(l.state) >= 8 && strstr(scan.url, l.state) != NULL);
		MUST(strncmp(scan.url, "https://", 8) == 0);
	}
	MUST(login_parse(good, &l) == 0);
	if (login_request((const char *)data, size, &l) == 1)
		MUST(memmem(data, size, l.state, strlen(l.state)) != NULL);
	return (0);
}
