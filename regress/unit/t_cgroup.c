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
 * Where the control group of a container is, and what it counts.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

#include "unit.h"

#define ID16	"0123456789abcdef"
#define ID	ID16 ID16 ID16 ID16

static const struct {
	const char	*text;
	uint64_t	 n;
} counts[] = {
	{ "max 0\n", 0 }, { "max 1\n", 1 }, { "max 4711", 4711 },
	{ "x 2\nmax 3\n", 3 }, { "max 2\nmax 0\n", 2 }, { "max.imposed 2\n", 0 },
	{ "max  2\n", 0 }, { "max -2\n", 0 }, { "max 2x\n", 0 }, { "", 0 },
	{ "max", 0 }, { "max ", 0 }, { "\n\n\nmax 5\n", 5 },
	{ "max 99999999999999999999\n", 0 }
};

static const char *const places[] = { "pids/docker/" ID,
    "pids/system.slice/docker-" ID ".scope", "docker/" ID,
    "system.slice/docker-" ID ".scope", "pids/libpod_parent/libpod-" ID,
    "machine.slice/libpod-" ID ".scope" };

static const char *const bad[] = { "", ID16, ID "0", "../" ID16 ID16 ID16
    "0123456789abc", "ABCDEF" ID16 ID16 ID16 "0123456789" };

/* in the current directory, with all that leads there */
static void
make(const char *path)
{
	char file[PATH_MAX];
	size_t i;
	FILE *f;

	(void)snprintf(file, sizeof(file), "%s/pids.events", path);
	for (i = 0; file[i] != '\0'; i++)
		if (file[i] == '/') {
			file[i] = '\0';
			(void)mkdir(file, 0755);
			file[i] = '/';
		}
	if ((f = fopen(file, "w")) == NULL || fclose(f) != 0)
		abort();
}

static void
undo(const char *path)
{
	char file[PATH_MAX], *slash;

	(void)snprintf(file, sizeof(file), "%s/pids.events", path);
	(void)unlink(file);
	while ((slash = strrchr(file, '/')) != NULL) {
		*slash = '\0';
		(void)rmdir(file);
	}
}

int
main(void)
{
	char dir[] = "/tmp/t_cgroup.XXXXXX";
	size_t i;
	int fd;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		CASE(cgroup_count(counts[i].text) == counts[i].n, "count",
		    "\"%s\"", counts[i].text);
	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		abort();
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		fd = cgroup_open(dir, ID);
		CASE(fd == -1 && errno == ENOENT, "absent", "%s", places[i]);
		make(places[i]);
		fd = cgroup_open(dir, ID);
		CASE(fd != -1, places[i], "it is not found");
		close(fd);
		undo(places[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fd = cgroup_open(dir, bad[i]);
		CASE(fd == -1 && errno == EINVAL, "no id", "%s", bad[i]);
	}
	CASE(rmdir(dir) == 0, "nothing is left", "%s", dir);
	return (unit_failed);
}
