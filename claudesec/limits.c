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
 * Descriptors: as many as may be needed, and some kept for what has begun.  A
 * process that lacks one for what another sends it is lost, and with it the
 * daemon.
 */

#include <sys/types.h>
#include <sys/resource.h>

#include "claudesec.h"

#define FILES_MAX	8192	/* more than all clients and sessions have */
#define FILES_KEPT	256	/* of them, or half of what there may be */

/* For the daemon, before any of its other processes. */
void
files_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	rl.rlim_cur = rl.rlim_max < FILES_MAX ? rl.rlim_max : FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("setrlimit");
}

/*
 * A new descriptor is the lowest that was free, and says by that how many there
 * are.  Is it one of those that are kept?
 */
int
files_scarce(int fd)
{
	struct rlimit rl;
	rlim_t kept;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	kept = rl.rlim_cur / 2 < FILES_KEPT ? rl.rlim_cur / 2 : FILES_KEPT;
	return ((rlim_t)fd >= rl.rlim_cur - kept);
}
