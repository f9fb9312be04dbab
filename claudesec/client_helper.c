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
 * Processes that a client starts before its sandbox, for what it cannot do in
 * it.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <err.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

/* One that runs this function with its end of a channel; ours is returned. */
int
helper_start(__dead void (*run)(int))
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		err(EX_OSERR, "socketpair");
	switch (fork()) {
	case -1:
		err(EX_OSERR, "fork");
	case 0:
		close(sv[0]);
		run(sv[1]);
	}
	close(sv[1]);
	return (sv[0]);
}
