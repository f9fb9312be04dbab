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
 * The end of a client's connection that nobody takes.
 */

#include <sys/types.h>

#include <string.h>

#include "claudesec.h"

/* Says so once, without waiting: it fits into an empty socket. */
void
refuse_client(int fd, int code, const char *why)
{
	struct ctl_error ce;
	struct imsgbuf b;

	memset(&ce, 0, sizeof(ce));
	ce.code = code;
	(void)strlcpy(ce.text, why, sizeof(ce.text));
	if (imsgbuf_init(&b, fd) == -1)
		return;
	if (imsg_compose(&b, IMSG_CTL_ERROR, 0, -1, &ce, sizeof(ce)) == 0)
		(void)imsgbuf_write(&b);
	imsgbuf_clear(&b);
}
