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
 * Files of which an agent, or a user at work, may change anything at any time:
 * a directory is walked by its descriptor, no link is followed, what is no
 * file is not opened to be read, and what is shown of any of it goes through
 * tree_print().
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "review.h"

#define BUFFER_SIZE	(128 * 1024)
#define SUM_MAX		(1LL << 30)	/* bytes that are summed up */

static int	 write_all(int, const char *, size_t);
static int	 remove_one(int, const char *, unsigned int *);
static int	 move_up(int, const char *, int, const char *);
static int	 open_own(int, const char *);
static int	 is_dots(const char *);
static int	 is_shown(wchar_t);

int
tree_dir(int dir, const char *name)
{
	return (openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC));
}

/* A file to read; a pipe, a device or a socket does not hold us. */
int
tree_file(int dir, const char *name, struct stat *st)
{
	int error, fd;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return (-1);
	error = fstat(fd, st) == -1 ? errno : S_ISREG(st->st_mode) ? 0 :
	    EINVAL;
	if (error == 0)
		return (fd);
	close(fd);
	errno = error;
	return (-1);
}

/*
 * The directory that a path is in, and its last part; -1: errno.
 */
int
tree_parent(int root, const char *path, const char **name)
{
	char part[NAME_MAX + 1];
	size_t len;
	int dir, next;

	if ((dir = fcntl(root, F_DUPFD_CLOEXEC, 0)) == -1)
		return (-1);
	for (; path[len = strcspn(path, "/")] != '\0'; path += len + 1) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)len, path);
		next = tree_dir(dir, part);
		close(dir);
		if ((dir = next) == -1)
			return (-1);
	}
	*name = path;
	return (dir);
}

void
object_set(struct object *o, const struct stat *st)
{
	memset(o, 0, sizeof(*o));
	o->mode = st->st_mode & (S_IFMT | 07777);
	o->size = S_ISREG(st->st_mode) ? st->st_size : 0;
	o->ino = st->st_ino;
	o->ctim = st->st_ctim;
}

/* Of a file or a link, once; -1: errno. */
int
object_sum(struct object *o, int dir, const char *name)
{
	struct stat st;
	SHA2_CTX ctx;
	char target[PATH_MAX];
	ssize_t n;
	int error, fd;

	if (o->has_sum || (!S_ISREG(o->mode) && !S_ISLNK(o->mode)))
		return (0);
	if (S_ISLNK(o->mode)) {
		n = readlinkat(dir, name, target, sizeof(target));
		if (n == -1)
			return (-1);
		SHA256Init(&ctx);
		SHA256Update(&ctx, (unsigned char *)target, (size_t)n);
		SHA256Final(o->sum, &ctx);
		o->has_sum = 1;
		return (0);
	}
	if ((fd = tree_file(dir, name, &st)) == -1)
		return (-1);
	error = object_sum_fd(o, fd);
	close(fd);
	return (error);
}

int
object_sum_fd(struct object *o, int fd)
{
	static unsigned char buf[BUFFER_SIZE];
	SHA2_CTX ctx;
	off_t sum;
	ssize_t n;

	if (o->size > SUM_MAX)
		return (0);
	SHA256Init(&ctx);
	for (sum = 0; (n = read(fd, buf, sizeof(buf))) > 0; sum += n) {
		/* it grows as we read */
		if (sum > SUM_MAX)
			return (0);
		SHA256Update(&ctx, buf, (size_t)n);
	}
	if (n == -1)
		return (-1);
	SHA256Final(o->sum, &ctx);
	o->has_sum = 1;
	return (0);
}

/* But for their modes; both have sums, if it comes to that. */
int
object_same(const struct object *a, const struct object *b)
{
	if ((a->mode & S_IFMT) != (b->mode & S_IFMT))
		return (0);
	if (!S_ISREG(a->mode) && !S_ISLNK(a->mode))
		return (S_ISDIR(a->mode));
	return (a->size == b->size && a->has_sum && b->has_sum &&
	    memcmp(a->sum, b->sum, sizeof(a->sum)) == 0);
}

/*
 * The bytes of a file; where it has holes the other one has some too.
 */
int
tree_copy(int from, int to)
{
	static char buf[BUFFER_SIZE];
	off_t data, end, hole;
	ssize_t n;

	if ((end = lseek(from, 0, SEEK_END)) == -1)
		return (-1);
	for (hole = 0; hole < end; ) {
		if ((data = lseek(from, hole, SEEK_DATA)) == -1) {
			if (errno == ENXIO)
				break;
			data = hole;
		}
		if ((hole = lseek(from, data, SEEK_HOLE)) == -1)
			hole = end;
		if (lseek(from, data, SEEK_SET) == -1 ||
		    lseek(to, data, SEEK_SET) == -1)
			return (-1);
		while (data < hole) {
			n = read(from, buf, hole - data < BUFFER_SIZE ?
			    (size_t)(hole - data) : sizeof(buf));
			if (n == -1)
				return (-1);
			/* it has become shorter */
			if (n == 0)
				return (0);
			if (write_all(to, buf, (size_t)n) == -1)
				return (-1);
			data += n;
		}
	}
	return (ftruncate(to, end));
}

/* Where there is no room left some of it is written, and then none. */
static int
write_all(int fd, const char *buf, size_t len)
{
	ssize_t n;

	for (; len > 0; buf += n, len -= (size_t)n)
		if ((n = write(fd, buf, len)) == -1)
			return (-1);
	return (0);
}

/*
 * Removes a directory and all that is in it, at any depth: what is in one of
 * its directories is moved up.
 */
int
tree_remove(int parent, const char *name)
{
	struct dirent *d;
	DIR *dir;
	unsigned int n, nremoved;
	int error, fd;

	n = 0;
	do {
		if ((fd = open_own(parent, name)) == -1 ||
		    (dir = fdopendir(fd)) == NULL) {
			if (fd != -1)
				close(fd);
			return (errno == ENOENT ? 0 : -1);
		}
		error = 0;
		nremoved = 0;
		while ((d = readdir(dir)) != NULL) {
			if (is_dots(d->d_name))
				continue;
			if (remove_one(fd, d->d_name, &n) == -1)
				error = errno;
			else
				nremoved++;
		}
		(void)closedir(dir);
	} while (nremoved > 0);
	errno = error;
	return (error != 0 ? -1 : unlinkat(parent, name, AT_REMOVEDIR));
}

/* A file, or a directory once its own directories are beside it. */
static int
remove_one(int top, const char *name, unsigned int *n)
{
	char unique[32];
	struct dirent *d;
	DIR *dir;
	int error, fd;

	if (unlinkat(top, name, 0) == 0 ||
	    unlinkat(top, name, AT_REMOVEDIR) == 0)
		return (0);
	if ((fd = open_own(top, name)) == -1)
		return (-1);
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return (-1);
	}
	error = 0;
	while (error == 0 && (d = readdir(dir)) != NULL) {
		if (is_dots(d->d_name) || unlinkat(fd, d->d_name, 0) == 0)
			continue;
		do {
			(void)snprintf(unique, sizeof(unique), ".%u", ++*n);
			error = move_up(fd, d->d_name, top, unique);
		} while (error == EEXIST || error == ENOTEMPTY ||
		    error == ENOTDIR);
	}
	(void)closedir(dir);
	if (error == 0 && unlinkat(top, name, AT_REMOVEDIR) == -1)
		error = errno;
	errno = error;
	return (error == 0 ? 0 : -1);
}

/* Who moves a directory must have the right to write to it.  An errno. */
static int
move_up(int from, const char *name, int to, const char *unique)
{
	int fd;

	if ((fd = open_own(from, name)) == -1)
		return (errno);
	close(fd);
	return (renameat(from, name, to, unique) == 0 ? 0 : errno);
}

/* A directory of ours, whatever rights to it were taken from us. */
static int
open_own(int parent, const char *name)
{
	char path[32];
	struct stat st;
	int fd;

	fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1)
		return (-1);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
		(void)chmod(path, S_IRWXU);
	close(fd);
	return (tree_dir(parent, name));
}

static int
is_dots(const char *name)
{
	return (strcmp(name, ".") == 0 || strcmp(name, "..") == 0);
}

/*
 * Shows text so that a terminal shows it, and a reader sees what there is: all
 * else than printable characters and those that are let through is written as
 * its octal number.
 */
void
tree_print(FILE *f, const char *s, size_t len, const char *through)
{
	wchar_t wc;
	size_t i, n;

	for (; len > 0; s += n, len -= n) {
		n = 1;
		if (*s != '\0' && strchr(through, *s) != NULL) {
			(void)fputc(*s, f);
			continue;
		}
		memset(&wc, 0, sizeof(wc));
		n = mbrtowc(&wc, s, len, &(mbstate_t){ 0 });
		if (n == 0 || n > len) {
			n = 1;
			wc = L'\0';
		}
		for (i = 0; i < n; i++)
			if (is_shown(wc))
				(void)fputc(s[i], f);
			else
				(void)fprintf(f, "\\%03o",
				    (unsigned char)s[i]);
	}
}

/* Nor what turns the direction of a line, and so what a reader reads. */
static int
is_shown(wchar_t wc)
{
	static const wchar_t turns[] = { 0x061c, 0x200b, 0x200c, 0x200d,
	    0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066,
	    0x2067, 0x2068, 0x2069, 0xfeff, 0 };

	return (wc != L'\0' && iswprint((wint_t)wc) &&
	    wcschr(turns, wc) == NULL);
}
