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
 * Makes the copy of a workspace.  Where the file system can, its files share
 * their blocks with the workspace's until one of them changes.
 */

#include <sys/types.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#ifdef __linux__
#include <linux/fs.h>
#endif

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"
#include "review.h"
#include "workspace.h"

#define NEW	".new"

/* where the walk is */
struct place {
	int		 from, to;	/* directories */
	size_t		 len;		/* of the directory's path */
	int		 depth;
};

static void	 copy_dir(struct review *, const struct place *);
static void	 copy_one(struct review *, const struct place *,
		    const char *);
static int	 copy_subdir(struct review *, const struct place *,
		    const char *, struct stat *);
static int	 copy_file(const struct place *, const char *, struct stat *);
static int	 copy_bytes(int, int);
static int	 copy_link(const struct place *, const char *, struct stat *);
static int	 copy_finish(int, const struct stat *, struct stat *);
static void	 write_origin(const struct review *);
static void	 choose_name(struct review *, const char *);
static __dead void make_failed(const char *);

static int	 base = -1;
static char	 path[PATH_MAX];	/* of what is looked at */
static unsigned int nskipped;

/*
 * A new one, whose name is the one given, if that is not empty, or like that
 * of the directory; if it is taken, with a number.
 */
void
review_make(struct review *r, const char *name, const char *origin, int from)
{
	struct place top;
	struct stat st;

	if ((base = review_base(1)) == -1 || flock(base, LOCK_EX) == -1)
		err(EX_CANTCREAT, "the directory of reviews");
	/* somebody else may just have made it */
	if (review_find(r, origin) == 0) {
		close(base);
		return;
	}
	memset(r, 0, sizeof(*r));
	(void)strlcpy(r->origin, origin, sizeof(r->origin));
	if (tree_remove(base, NEW) == -1 || mkdirat(base, NEW, 0700) == -1 ||
	    (r->dir = tree_dir(base, NEW)) == -1 ||
	    mkdirat(r->dir, "tree", 0700) == -1 ||
	    (r->tree = tree_dir(r->dir, "tree")) == -1)
		make_failed(NEW);
	memset(&top, 0, sizeof(top));
	top.from = from;
	top.to = r->tree;
	path[0] = '\0';
	copy_dir(r, &top);
	if (fstat(from, &st) == -1 || copy_finish(r->tree, &st, NULL) == -1)
		make_failed("tree");
	write_origin(r);
	review_sort(r);
	if (review_save(r) == -1)
		make_failed("manifest");
	choose_name(r, name);
	if (nskipped > 0)
		warnx("review %s: without %u files, which cannot be read or "
		    "are no files", r->name, nskipped);
	close(base);
}

/* Nothing of it stays. */
static __dead void
make_failed(const char *what)
{
	const char *why;

	why = errno == E2BIG ? "more than a million files" : strerror(errno);
	(void)fprintf(stderr, "%s: cannot make a copy to work on: ",
	    getprogname());
	tree_print(stderr, what, strlen(what), "");
	(void)fprintf(stderr, ": %s\n", why);
	(void)tree_remove(base, NEW);
	exit(EX_CANTCREAT);
}

static void
write_origin(const struct review *r)
{
	size_t len;
	int fd;

	len = strlen(r->origin);
	fd = openat(r->dir, "origin", O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, r->origin, len) != (ssize_t)len ||
	    fsync(fd) == -1)
		make_failed("origin");
	close(fd);
}

static void
choose_name(struct review *r, const char *name)
{
	struct stat st;
	unsigned int n;

	for (n = 1; ; n++) {
		if (n > NAMES_MAX || spec_name_from(r->name, sizeof(r->name),
		    name[0] == '\0' ? r->origin : name, n) == -1) {
			errno = EEXIST;
			make_failed("a name for it");
		}
		if (fstatat(base, r->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			break;
	}
	if (errno != ENOENT || renameat(base, NEW, base, r->name) == -1)
		make_failed(r->name);
}

static void
copy_dir(struct review *r, const struct place *p)
{
	struct dirent *d;
	DIR *dir;
	int fd;

	if ((fd = tree_dir(p->from, ".")) == -1 ||
	    (dir = fdopendir(fd)) == NULL)
		make_failed(path);
	while (errno = 0, (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0)
			continue;
		copy_one(r, p, d->d_name);
		path[p->len] = '\0';
	}
	if (errno != 0)
		make_failed(path);
	(void)closedir(dir);
}

/*
 * What cannot be read is left out, as is what cannot be copied; the session is
 * not to find that it has been deleted.
 */
static void
copy_one(struct review *r, const struct place *p, const char *name)
{
	struct object o;
	struct stat st;
	int error, n;

	n = snprintf(path + p->len, sizeof(path) - p->len, "%s%s",
	    p->len == 0 ? "" : "/", name);
	if (n < 0 || (size_t)n >= sizeof(path) - p->len) {
		path[p->len] = '\0';
		errno = ENAMETOOLONG;
		make_failed(path);
	}
	if (fstatat(p->from, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    place_is_at(p->from, name, &st))
		return;
	if (S_ISDIR(st.st_mode))
		error = copy_subdir(r, p, name, &st);
	else if (S_ISREG(st.st_mode))
		error = copy_file(p, name, &st);
	else if (S_ISLNK(st.st_mode))
		error = copy_link(p, name, &st);
	else
		error = 1;
	if (error == -1 && errno != EACCES && errno != ENOENT &&
	    errno != EINVAL && errno != ELOOP && errno != ENOTDIR)
		make_failed(path);
	if (error != 0) {
		nskipped++;
		return;
	}
	object_set(&o, &st);
	if (!S_ISDIR(st.st_mode) && object_sum(&o, p->to, name) == -1)
		make_failed(path);
	if (review_add(r, path, &o) == NULL)
		make_failed(path);
}

static int
copy_subdir(struct review *r, const struct place *p, const char *name,
    struct stat *st)
{
	struct place sub;
	struct stat from;

	if (p->depth == REVIEW_DEPTH) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	if ((sub.from = tree_dir(p->from, name)) == -1)
		return (-1);
	/* there may be the right to read it, and no more */
	if (faccessat(sub.from, ".", X_OK, AT_EACCESS) == -1) {
		close(sub.from);
		errno = EACCES;
		return (-1);
	}
	if (mkdirat(p->to, name, 0700) == -1 ||
	    (sub.to = tree_dir(p->to, name)) == -1)
		make_failed(path);
	sub.len = strlen(path);
	sub.depth = p->depth + 1;
	copy_dir(r, &sub);
	from = *st;
	if (copy_finish(sub.to, &from, st) == -1)
		make_failed(path);
	close(sub.from);
	close(sub.to);
	return (0);
}

/* It is read after it was opened, and may be another by now. */
static int
copy_file(const struct place *p, const char *name, struct stat *st)
{
	struct timespec times[2];
	struct stat from;
	int in, out;

	if ((in = tree_file(p->from, name, &from)) == -1)
		return (-1);
	out = openat(p->to, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	times[0] = from.st_atim;
	times[1] = from.st_mtim;
	if (out == -1 || copy_bytes(in, out) == -1 ||
	    futimens(out, times) == -1 || copy_finish(out, &from, st) == -1)
		make_failed(path);
	close(in);
	close(out);
	return (0);
}

static int
copy_bytes(int in, int out)
{
#ifdef FICLONE
	if (ioctl(out, FICLONE, in) == 0)
		return (0);
#endif
	return (tree_copy(in, out));
}

static int
copy_link(const struct place *p, const char *name, struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n;

	n = readlinkat(p->from, name, target, sizeof(target) - 1);
	if (n == -1)
		return (-1);
	target[n] = '\0';
	if (symlinkat(target, p->to, name) == -1 || (geteuid() == 0 &&
	    fchownat(p->to, name, st->st_uid, st->st_gid,
	    AT_SYMLINK_NOFOLLOW) == -1) ||
	    fstatat(p->to, name, st, AT_SYMLINK_NOFOLLOW) == -1)
		make_failed(path);
	return (0);
}

/*
 * The same rights, but for the bits that give others away; root works for the
 * one who has the file.  Says what it is then.
 */
static int
copy_finish(int fd, const struct stat *from, struct stat *st)
{
	if (geteuid() == 0 && fchown(fd, from->st_uid, from->st_gid) == -1)
		return (-1);
	if (fchmod(fd, from->st_mode & 0777) == -1)
		return (-1);
	return (st == NULL ? 0 : fstat(fd, st));
}
