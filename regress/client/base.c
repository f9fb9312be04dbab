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
 * The client without the daemon's part of the program: DATADIR is the test's.
 */

#include <err.h>
#include <stdlib.h>
#include <sysexits.h>

#include "../../claudesec/engine.h"

const struct proc_role proc_roles[] = { { NULL, NULL, NULL } };

int
daemon_private(const char *path)
{
	errx(EX_SOFTWARE, "a private daemon is wanted at %s", path);
}

struct config *
daemon_config(FILE *f, const char *name)
{
	(void)f;
	errx(EX_SOFTWARE, "%s is wanted", name);
}

void
config_free(struct config *c)
{
	(void)c;
}

/* what a review takes of the daemon's part */
const char *const config_protected[] = { NULL };

int
spec_name_from(char *name, size_t size, const char *path, unsigned int n)
{
	(void)name;
	(void)size;
	(void)n;
	errx(EX_SOFTWARE, "a name for %s is wanted", path);
}

int
main(int argc, char *argv[])
{
	if (argc < 3)
		errx(EX_USAGE, "usage: build socket command [argument ...]");
	client(argc - 2, argv + 2, argv[1], 0);
}
