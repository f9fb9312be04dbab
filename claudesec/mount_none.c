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
 * Where nothing is known that gives a directory a second name.
 */

#include <errno.h>

#include "claudesec.h"

int
mount_supported(void)
{
	return (0);
}

int
mount_init(const char *dir)
{
	(void)dir;
	errno = ENOSYS;
	return (-1);
}

int
mount_prepare(void)
{
	errno = ENOSYS;
	return (-1);
}

void
mount_finish(void)
{
}

const char *
mount_judge(int fd)
{
	(void)fd;
	return (NULL);
}

int
mount_find(int dir, const char *path)
{
	(void)dir;
	(void)path;
	errno = ENOSYS;
	return (-1);
}

int
mount_find_in(const char *dir, const char *path)
{
	(void)dir;
	(void)path;
	errno = ENOSYS;
	return (-1);
}

int
mount_bind(int fd, const char *name)
{
	(void)fd;
	(void)name;
	errno = ENOSYS;
	return (-1);
}

int
mount_remove(const char *name)
{
	(void)name;
	errno = ENOSYS;
	return (-1);
}
