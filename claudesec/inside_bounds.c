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
 * The bounds of this container, as the kernel has them: an engine without root
 * may say that there are some though it had no control groups to give.
 */

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "inside.h"

#define GROUP	"/sys/fs/cgroup"	/* version 2, our own */

static void	 check_bound(const char *, uintmax_t, uintmax_t);

void
check_bounds(const char *bounds)
{
	uintmax_t cpus, memory, processes;

	if (sscanf(bounds, INSIDE_BOUND, &memory, &processes, &cpus) != 3)
		errx(EX_OSERR, "%s: malformed", INSIDE_BOUNDS);
	check_bound("memory.max", memory, 1);
	check_bound("pids.max", processes, 1);
	if (cpus != 0)
		check_bound("cpu.max", cpus, 1000);
}

/* The number in a file, or the quota of two, times what it is counted in. */
static void
check_bound(const char *name, uintmax_t max, uintmax_t times)
{
	char path[64];
	uintmax_t n, period;
	FILE *fp;
	int got;

	(void)snprintf(path, sizeof(path), GROUP "/%s", name);
	period = 1;
	got = 0;
	if ((fp = fopen(path, "re")) != NULL) {
		got = fscanf(fp, "%ju %ju", &n, &period);
		(void)fclose(fp);
	}
	if (got < 1 || period == 0 || n > max * period / times)
		errx(EX_OSERR, "%s is not bounded, whatever the container "
		    "engine says: it needs control groups", name);
}
