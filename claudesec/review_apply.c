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
 * Takes changes over into the workspace, one at a time: each file there is the
 * old one or the new one at any time.  What the agent has in its copy, and
 * what is in the workspace, may be others with every look.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "review.h"

static int	 is_like(struct object *, int, const char *,
		    const struct object *);
static int	 sum_now(struct review *, struct change *);
static enum verdict judge_there(struct review *, struct change *,
		    struct object *, int, const char *);
static int	 apply_at(struct review *, struct change *, int,
		    const char *);
static int	 apply_directory(struct change *, int, const char *);
static int	 apply_mode(struct change *, int, const char *);
static int	 apply_file(struct review *, struct change *, int,
		    const char *);
static int	 apply_finish(struct change *, const struct stat *, int, int,
		    const char *);
static int	 apply_link(struct review *, struct change *, int,
		    const char *);
static int	 mode_changed(const struct change *);

enum verdict
apply_judge(struct review *r, int host, struct change *c)
{
	struct object here;
	struct stat st;
	enum verdict v;
	const char *name;
	int dir;

	if ((dir = tree_parent(host, c->path, &name)) == -1 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		v = c->kind == CHANGE_NEW ? VERDICT_READY :
		    c->kind == CHANGE_DELETED ? VERDICT_SAME :
		    VERDICT_CONFLICT;
	} else {
		object_set(&here, &st);
		v = judge_there(r, c, &here, dir, name);
	}
	if (dir != -1)
		close(dir);
	return (v);
}

static enum verdict
judge_there(struct review *r, struct change *c, struct object *here, int dir,
    const char *name)
{
	int done, same, was;

	was = c->entry != NULL && is_like(here, dir, name, &c->entry->was);
	if (c->kind == CHANGE_DELETED)
		return (was ? VERDICT_READY : VERDICT_CONFLICT);
	/* to compare the bytes of two files that differ in size is no use */
	if (here->size == c->now.size && sum_now(r, c) == -1)
		return (VERDICT_CONFLICT);
	done = is_like(here, dir, name, &c->now);
	same = ((here->mode ^ c->now.mode) & 0777) == 0 ||
	    S_ISLNK(c->now.mode);
	if (done && (same || (S_ISDIR(c->now.mode) &&
	    c->kind == CHANGE_NEW) || (c->entry != NULL && !mode_changed(c))))
		return (VERDICT_SAME);
	if (c->kind == CHANGE_NEW || (!was && !done))
		return (VERDICT_CONFLICT);
	if (mode_changed(c) && !same &&
	    ((here->mode ^ c->entry->was.mode) & 0777) != 0)
		return (VERDICT_CONFLICT);
	return (VERDICT_READY);
}

static int
is_like(struct object *here, int dir, const char *name,
    const struct object *other)
{
	return ((here->mode & S_IFMT) == (other->mode & S_IFMT) &&
	    here->size == other->size && object_sum(here, dir, name) == 0 &&
	    object_same(here, other));
}

/* By the agent. */
static int
mode_changed(const struct change *c)
{
	return (c->entry != NULL &&
	    (c->entry->was.mode & S_IFMT) == (c->now.mode & S_IFMT) &&
	    ((c->entry->was.mode ^ c->now.mode) & 0777) != 0);
}

static int
sum_now(struct review *r, struct change *c)
{
	const char *name;
	int dir, error;

	if (c->now.has_sum || S_ISDIR(c->now.mode))
		return (0);
	if ((dir = tree_parent(r->tree, c->path, &name)) == -1)
		return (-1);
	error = object_sum(&c->now, dir, name);
	close(dir);
	return (error);
}

/* 0, or -1 and errno. */
int
apply_change(struct review *r, int host, struct change *c)
{
	const char *name;
	int dir, error, status;

	if ((dir = tree_parent(host, c->path, &name)) == -1)
		return (-1);
	status = apply_at(r, c, dir, name);
	error = errno;
	close(dir);
	errno = error;
	return (status);
}

static int
apply_at(struct review *r, struct change *c, int dir, const char *name)
{
	struct stat st;

	if (c->kind == CHANGE_DELETED)
		return (unlinkat(dir, name, S_ISDIR(c->entry->was.mode) ?
		    AT_REMOVEDIR : 0));
	if (c->kind == CHANGE_MODE)
		return (apply_mode(c, dir, name));
	/* nothing takes the place of a directory, nor that of anything */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode) != S_ISDIR(c->now.mode) &&
	    unlinkat(dir, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) == -1)
		return (-1);
	if (S_ISDIR(c->now.mode))
		return (apply_directory(c, dir, name));
	if (S_ISLNK(c->now.mode))
		return (apply_link(r, c, dir, name));
	return (apply_file(r, c, dir, name));
}

/* There may be more to be put into it. */
static int
apply_directory(struct change *c, int dir, const char *name)
{
	struct stat st;
	int error, fd;

	if (mkdirat(dir, name, S_IRWXU | (c->now.mode & 0777)) == -1)
		return (errno == EEXIST ? 0 : -1);
	if (geteuid() != 0)
		return (0);
	if (fstat(dir, &st) == -1 || (fd = tree_dir(dir, name)) == -1)
		return (-1);
	error = fchown(fd, st.st_uid, st.st_gid);
	close(fd);
	return (error);
}

static int
apply_mode(struct change *c, int dir, const char *name)
{
	struct stat st;
	int error, fd;

	if (S_ISDIR(c->now.mode))
		fd = tree_dir(dir, name);
	else
		fd = tree_file(dir, name, &st);
	if (fd == -1)
		return (-1);
	error = fchmod(fd, c->now.mode & 0777) == -1 ? errno : 0;
	close(fd);
	errno = error;
	return (error == 0 ? 0 : -1);
}

static int
apply_file(struct review *r, struct change *c, int dir, const char *name)
{
	struct stat st;
	const char *last;
	int error, from, in, out;

	if ((from = tree_parent(r->tree, c->path, &last)) == -1)
		return (-1);
	in = tree_file(from, last, &st);
	close(from);
	if (in == -1)
		return (-1);
	(void)unlinkat(dir, APPLY_TEMP, 0);
	out = openat(dir, APPLY_TEMP, O_RDWR | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out == -1)
		error = -1;
	else if ((error = tree_copy(in, out)) == 0)
		error = apply_finish(c, &st, out, dir, name);
	from = errno;
	close(in);
	if (out != -1)
		close(out);
	if (out != -1 && error == -1)
		(void)unlinkat(dir, APPLY_TEMP, 0);
	errno = from;
	return (error);
}

/*
 * It has the rights that the one had that was there, if the agent did not
 * mean to change them, or those that are shown, whatever they are by now.
 * What it was taken from is known by what was read.
 * Root works for the one who has the file, or the directory.
 */
static int
apply_finish(struct change *c, const struct stat *from, int out, int dir,
    const char *name)
{
	struct stat here, st;
	mode_t mode, was;
	int exists;

	exists = fstatat(dir, name, &here, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(here.st_mode);
	mode = exists && c->entry != NULL && !mode_changed(c) ? here.st_mode :
	    c->now.mode;
	if (fstat(out, &st) == -1)
		return (-1);
	was = c->now.mode;
	object_set(&c->now, from);
	c->now.mode = was;
	c->now.size = st.st_size;
	if (lseek(out, 0, SEEK_SET) == -1 ||
	    object_sum_fd(&c->now, out) == -1)
		return (-1);
	if (!exists && fstat(dir, &here) == -1)
		return (-1);
	if (geteuid() == 0 && fchown(out, here.st_uid, here.st_gid) == -1)
		return (-1);
	if (fchmod(out, mode & 0777) == -1)
		return (-1);
	return (renameat(dir, APPLY_TEMP, dir, name));
}

/* What is shown of it is what was taken over. */
static int
apply_link(struct review *r, struct change *c, int dir, const char *name)
{
	const char *last;
	int error, from;

	if ((from = tree_parent(r->tree, c->path, &last)) == -1)
		return (-1);
	error = change_link(c, from, last);
	close(from);
	if (error == -1)
		return (-1);
	(void)unlinkat(dir, APPLY_TEMP, 0);
	if (symlinkat(c->target, dir, APPLY_TEMP) == -1)
		return (-1);
	if (renameat(dir, APPLY_TEMP, dir, name) == -1) {
		from = errno;
		(void)unlinkat(dir, APPLY_TEMP, 0);
		errno = from;
		return (-1);
	}
	c->now.has_sum = 0;
	return (object_sum(&c->now, dir, name));
}

/*
 * From here on it is no change any more.  What is new comes last: it moves
 * what the others know as theirs.
 */
int
apply_record(struct review *r, struct change *c)
{
	if (c->kind == CHANGE_DELETED) {
		c->entry->path[0] = '\0';
		return (0);
	}
	if (c->kind == CHANGE_NEW)
		return (review_add(r, c->path, &c->now) == NULL ? -1 : 0);
	if (!c->now.has_sum && c->entry->was.has_sum) {
		c->now.has_sum = 1;
		memcpy(c->now.sum, c->entry->was.sum, sizeof(c->now.sum));
	}
	c->entry->was = c->now;
	return (0);
}
