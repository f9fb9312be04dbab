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
 * The control group of a container, which the container engine made, by the
 * container's id: where the kernel counts how often there could not be another
 * process in it.  The container engine tells of no such thing.
 */

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "claudesec.h"

/*
 * Below the root of control groups: of version 1 or 2, made by the engine
 * itself or by systemd for it, Docker's and podman's.  One that runs without
 * root has them elsewhere.
 */
static const struct {
	const char	*before, *after;
} places[] = {
	{ "pids/docker/", "" },
	{ "pids/system.slice/docker-", ".scope" },
	{ "docker/", "" },
	{ "system.slice/docker-", ".scope" },
	{ "pids/libpod_parent/libpod-", "" },
	{ "pids/machine.slice/libpod-", ".scope" },
	{ "libpod_parent/libpod-", "" },
	{ "machine.slice/libpod-", ".scope" }
};

/* A descriptor, or -1 and errno. */
int
cgroup_open(const char *root, const char *id)
{
	char path[PATH_MAX];
	size_t i;
	int fd;

	if (strlen(id) != CGROUP_IDLEN || strspn(id, "0123456789abcdef") !=
	    CGROUP_IDLEN) {
		errno = EINVAL;
		return (-1);
	}
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (snprintf(path, sizeof(path), "%s/%s%s%s/pids.events",
		    root, places[i].before, id, places[i].after) >=
		    (int)sizeof(path))
			continue;
		if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) !=
		    -1)
			return (fd);
	}
	errno = ENOENT;
	return (-1);
}

/* How often, of what such a file holds; 0 if it does not say. */
uint64_t
cgroup_count(const char *text)
{
	uint64_t n;

	for (; *text != '\0'; text += strcspn(text, "\n"),
	    text += *text == '\n') {
		if (strncmp(text, "max ", 4) != 0)
			continue;
		text = parse_digits(text + 4, &n);
		return (text != NULL && (*text == '\n' || *text == '\0') ?
		    n : 0);
	}
	return (0);
}
