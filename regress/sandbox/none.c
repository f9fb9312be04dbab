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
 * The build without a sandbox says so, and nothing else.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../claudesec/sandbox.h"

int
main(void)
{
	if (pledge("stdio", NULL) == -1 || unveil("/tmp", "r") == -1 ||
	    unveil(NULL, NULL) == -1 || sandbox_net("accept") == -1 ||
	    pledge("stdio", NULL) == -1) {
		printf("FAIL none_succeeds: does not\n");
		return (1);
	}
	printf("ok none_succeeds\n");
	if (open("/dev/null", O_RDWR) == -1 ||
	    strcmp(sandbox_describe(), "sandbox off") != 0) {
		printf("FAIL none_is_off: it says %s\n", sandbox_describe());
		return (1);
	}
	printf("ok none_is_off\n");
	return (0);
}
