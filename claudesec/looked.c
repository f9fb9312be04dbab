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
 * When registries were last asked for a newer image: at most once a day for
 * each, whatever came of it.  A time a slot, which the engine makes of the
 * image's name; two that share one wait for each other.  A private daemon has
 * it in a file, since it comes and goes; the system's remembers.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "claudesec.h"

#define LOOKED_SECONDS	(24 * 3600)

static int64_t	 looked[LOOKED_SLOTS];
static int	 looked_fd = -1, remembers = 1;

/*
 * Before there is a sandbox; beside the login, whose directory is there.  Who
 * cannot have the file never asks.
 */
void
looked_open(const char *home)
{
	char path[PATH_MAX];
	const char *dir;
	struct stat st;
	int n;

	remembers = 0;
	if ((dir = getenv("XDG_DATA_HOME")) != NULL && dir[0] == '/')
		n = snprintf(path, sizeof(path), "%s/claudesec/looked", dir);
	else
		n = snprintf(path, sizeof(path),
		    "%s/.local/share/claudesec/looked", home);
	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	looked_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC, 0600);
	if (looked_fd == -1)
		return;
	remembers = fstat(looked_fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* May it be asked?  Then it was. */
int
looked_may(uint32_t slot)
{
	const off_t at = (off_t)(slot * sizeof(looked[0]));
	int64_t now;

	now = (int64_t)time(NULL);
	/* of another daemon of this user's, perhaps */
	if (looked_fd != -1 && pread(looked_fd, &looked[slot],
	    sizeof(looked[slot]), at) != sizeof(looked[slot]))
		looked[slot] = 0;
	if (!remembers || (looked[slot] <= now &&
	    looked[slot] > now - LOOKED_SECONDS))
		return (0);
	looked[slot] = now;
	return (looked_fd == -1 || pwrite(looked_fd, &looked[slot],
	    sizeof(looked[slot]), at) == sizeof(looked[slot]));
}
