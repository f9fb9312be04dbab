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

#include <string.h>

#include "claudesec.h"
#include "drive.h"

void
prepare(unsigned int role, struct imsgbuf *ch, int running)
{
	struct conf_fixed fixed;

	if (role != ROLE_ENGINE)
		return;
	if (!running) {
		put(&ch[ROLE_PARENT], IMSG_PARENT_NAME, -1, "/nonexistent", 12);
		return;
	}
	/* without a configuration there can be no client */
	memset(&fixed, 0, sizeof(fixed));
	(void)strlcpy(fixed.engine, "/nonexistent", sizeof(fixed.engine));
	(void)strlcpy(fixed.image, "image", sizeof(fixed.image));
	(void)strlcpy(fixed.base, "base", sizeof(fixed.base));
	(void)strlcpy(fixed.api.host, "api", sizeof(fixed.api.host));
	fixed.api.port = 443;
	fixed.memory = fixed.home = fixed.tmp = fixed.filesize = 1 << 30;
	fixed.processes = fixed.millicpus = 1000;
	put(&ch[ROLE_CONF], IMSG_RECONF_CONF, -1, &fixed, sizeof(fixed));
	put(&ch[ROLE_CONF], IMSG_RECONF_END, -1, NULL, 0);
	(void)wait_told(&ch[ROLE_PARENT], IMSG_RECONF_DONE);
}

int
is_text(uint32_t type)
{
	(void)type;
	return (1);
}
