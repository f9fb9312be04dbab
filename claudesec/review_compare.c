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
 * Finds what an agent has changed in its copy.  The kernel sets the time of a
 * change and the number of a file, so what has kept both is not read again.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "review.h"
#include "workspace.h"

/* what a directory of git's has */
#define GIT_HEAD	0x1
#define GIT_COMMON	0x2
#define GIT_OBJECTS	0x4
#define GIT_REFS	0x8

static int	 compare_dir(struct review *, int, size_t, int);
static int	 compare_names(struct review *, int, DIR *, size_t, int);
static int	 compare_one(struct review *, int, const char *, size_t, int);
static int	 compare_subdir(struct review *, int, const char *, int);
static int	 compare_gone(struct review *);
static int	 is_changed(struct entry *, struct object *, int,
		    const char *);
static struct change *change_add(struct review *, const char *,
		    enum change_kind);
static int	 change_order(const void *, const void *);
static void	 change_mark(struct change *, int, const char *);
static int	 paths_add(struct paths *, const char *);
static void	 paths_sort(struct paths *);
static int	 paths_order(const void *, const void *);
static int	 paths_have(const struct paths *, const char *, size_t);
static int	 paths_cover(const struct paths *, const char *);
static unsigned int git_part(const char *);
static int	 is_git(unsigned int);
static int	 guard_ends(const char *, size_t, const char *);
static int	 guard_is(const char *const *, const char *, size_t);
static int	 guard_is_data(const char *, size_t);
static int	 guard_git(const struct review *, const char *, size_t,
		    size_t);
static int	 guard_was_git(const struct review *, const char *, size_t);
static int	 guard_was(const struct review *, const char *, size_t,
		    const char *);

static char	 path[PATH_MAX];	/* of what is looked at */

/* 0, or -1 and errno. */
int
review_compare(struct review *r)
{
	struct change *c;
	size_t i;

	path[0] = '\0';
	if (compare_dir(r, r->tree, 0, 0) == -1)
		return (-1);
	paths_sort(&r->gits);
	paths_sort(&r->unseen);
	if (compare_gone(r) == -1)
		return (-1);
	for (i = 0; i < r->nchanges; i++) {
		c = &r->changes[i];
		c->guard = review_guard(r, c->path);
	}
	if (r->nchanges > 0)
		qsort(r->changes, r->nchanges, sizeof(*r->changes),
		    change_order);
	return (0);
}

static int
change_order(const void *a, const void *b)
{
	return (strcmp(((const struct change *)a)->path,
	    ((const struct change *)b)->path));
}

static int
compare_dir(struct review *r, int from, size_t len, int depth)
{
	DIR *dir;
	int error, fd;

	if ((fd = tree_dir(from, ".")) == -1 ||
	    (dir = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		return (paths_add(&r->unseen, path));
	}
	error = compare_names(r, from, dir, len, depth);
	(void)closedir(dir);
	return (error);
}

/*
 * What makes it a directory of git's is what of that was read here, and no
 * later look at it: no other name can be taken over.
 */
static int
compare_names(struct review *r, int from, DIR *dir, size_t len, int depth)
{
	struct dirent *d;
	unsigned int parts;
	int error;

	error = 0;
	parts = 0;
	while (error == 0 && (errno = 0, d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0)
			continue;
		parts |= git_part(d->d_name);
		error = compare_one(r, from, d->d_name, len, depth);
		path[len] = '\0';
	}
	/* what was not read is not gone */
	if (error == 0 && errno != 0)
		error = paths_add(&r->unseen, path);
	if (error == 0 && is_git(parts))
		error = paths_add(&r->gits, path);
	return (error);
}

static int
compare_one(struct review *r, int dir, const char *name, size_t len,
    int depth)
{
	struct change *c;
	struct object now;
	struct entry *e;
	struct stat st;
	enum change_kind kind;
	int n;

	n = snprintf(path + len, sizeof(path) - len, "%s%s",
	    len == 0 ? "" : "/", name);
	if (n < 0 || (size_t)n >= sizeof(path) - len) {
		path[len] = '\0';
		return (paths_add(&r->unseen, path));
	}
	/* the agent may have removed it */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return (errno == ENOENT ? 0 : paths_add(&r->unseen, path));
	object_set(&now, &st);
	if ((e = review_entry(r, path)) != NULL)
		e->seen = 1;
	else if (place_is_at(dir, name, &st))
		return (0);
	kind = CHANGE_NEW;
	if (e != NULL && is_changed(e, &now, dir, name))
		kind = CHANGE_CHANGED;
	else if (e != NULL)
		kind = CHANGE_MODE;
	if (kind != CHANGE_MODE || (!S_ISLNK(now.mode) &&
	    e->was.mode != now.mode)) {
		if ((c = change_add(r, path, kind)) == NULL)
			return (-1);
		c->entry = e;
		c->now = now;
		change_mark(c, dir, name);
	}
	return (S_ISDIR(now.mode) ? compare_subdir(r, dir, name, depth) : 0);
}

/* Is it another kind of thing, or are there other bytes in it? */
static int
is_changed(struct entry *e, struct object *now, int dir, const char *name)
{
	if ((e->was.mode & S_IFMT) != (now->mode & S_IFMT) ||
	    e->was.size != now->size)
		return (1);
	if (S_ISDIR(now->mode) || (e->was.ino == now->ino &&
	    e->was.ctim.tv_sec == now->ctim.tv_sec &&
	    e->was.ctim.tv_nsec == now->ctim.tv_nsec))
		return (0);
	return (object_sum(now, dir, name) == -1 ||
	    !object_same(&e->was, now));
}

static int
compare_subdir(struct review *r, int dir, const char *name, int depth)
{
	int error, fd;

	if (depth == REVIEW_DEPTH || (fd = tree_dir(dir, name)) == -1)
		return (paths_add(&r->unseen, path));
	error = compare_dir(r, fd, strlen(path), depth + 1);
	close(fd);
	return (error);
}

/* What was there; but what is where we could not look may be there yet. */
static int
compare_gone(struct review *r)
{
	struct change *c;
	struct entry *e;
	size_t i;

	for (i = 0; i < r->entries.n; i++) {
		e = &r->entries.v[i];
		if (e->seen || paths_cover(&r->unseen, e->path))
			continue;
		if ((c = change_add(r, e->path, CHANGE_DELETED)) == NULL)
			return (-1);
		c->entry = e;
	}
	return (0);
}

static struct change *
change_add(struct review *r, const char *name, enum change_kind kind)
{
	struct change *c;
	size_t size;

	if (r->nchanges == REVIEW_ENTRIES) {
		errno = E2BIG;
		return (NULL);
	}
	if (r->nchanges == r->changes_size) {
		size = r->changes_size == 0 ? 64 : 2 * r->changes_size;
		c = reallocarray(r->changes, size, sizeof(*c));
		if (c == NULL)
			return (NULL);
		r->changes = c;
		r->changes_size = size;
	}
	c = &r->changes[r->nchanges];
	memset(c, 0, sizeof(*c));
	if ((c->path = strdup(name)) == NULL)
		return (NULL);
	c->kind = kind;
	r->nchanges++;
	return (c);
}

static void
change_mark(struct change *c, int dir, const char *name)
{
	if (S_ISDIR(c->now.mode))
		return;
	if (find_is_executed(c->path, name))
		c->marks |= MARK_EXECUTED;
	if (S_ISLNK(c->now.mode)) {
		if (change_link(c, dir, name) == -1)
			c->marks |= MARK_OUTSIDE;
	} else if (!S_ISREG(c->now.mode)) {
		c->marks |= MARK_SPECIAL;
		return;
	}
	if (S_ISREG(c->now.mode) &&
	    (c->now.mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0)
		c->marks |= MARK_EXECUTABLE;
	if (S_ISREG(c->now.mode) && (c->now.mode & (S_ISUID | S_ISGID)) != 0)
		c->marks |= MARK_SETUID;
}

/* Where a link leads now; 0, or -1 and errno. */
int
change_link(struct change *c, int dir, const char *name)
{
	char target[PATH_MAX], *copy;
	ssize_t n;

	n = readlinkat(dir, name, target, sizeof(target) - 1);
	if (n == -1)
		return (-1);
	target[n] = '\0';
	if ((copy = strdup(target)) == NULL)
		return (-1);
	free(c->target);
	c->target = copy;
	c->marks &= ~MARK_OUTSIDE;
	if (find_leads_out(c->path, target))
		c->marks |= MARK_OUTSIDE;
	return (0);
}

static int
paths_add(struct paths *p, const char *s)
{
	size_t size;
	char **v;

	if (p->n == REVIEW_ENTRIES) {
		errno = E2BIG;
		return (-1);
	}
	if (p->n == p->size) {
		size = p->size == 0 ? 16 : 2 * p->size;
		if ((v = reallocarray(p->v, size, sizeof(*v))) == NULL)
			return (-1);
		p->v = v;
		p->size = size;
	}
	if ((p->v[p->n] = strdup(s)) == NULL)
		return (-1);
	p->n++;
	return (0);
}

static void
paths_sort(struct paths *p)
{
	if (p->n > 0)
		qsort(p->v, p->n, sizeof(*p->v), paths_order);
}

static int
paths_order(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* Is the beginning of a path among them? */
static int
paths_have(const struct paths *p, const char *s, size_t len)
{
	size_t high, i, low;
	int cmp;

	for (low = 0, high = p->n; low < high; ) {
		i = low + (high - low) / 2;
		cmp = strncmp(p->v[i], s, len);
		if (cmp == 0 && p->v[i][len] == '\0')
			return (1);
		if (cmp < 0)
			low = i + 1;
		else
			high = i;
	}
	return (0);
}

/* Or one that it is in? */
static int
paths_cover(const struct paths *p, const char *s)
{
	size_t n;

	for (n = 0; ; n += 1 + strcspn(s + n + 1, "/")) {
		if (paths_have(p, s, n))
			return (1);
		if (s[n] == '\0')
			return (0);
	}
}

static unsigned int
git_part(const char *name)
{
	return (strcmp(name, "HEAD") == 0 ? GIT_HEAD :
	    strcmp(name, "commondir") == 0 ? GIT_COMMON :
	    strcmp(name, "objects") == 0 ? GIT_OBJECTS :
	    strcmp(name, "refs") == 0 ? GIT_REFS : 0);
}

/* With commondir the others are elsewhere. */
static int
is_git(unsigned int parts)
{
	return ((parts & GIT_HEAD) != 0 && ((parts & GIT_COMMON) != 0 ||
	    ((parts & GIT_OBJECTS) != 0 && (parts & GIT_REFS) != 0)));
}

/*
 * How much of a path is what is protected in a workspace, and here at any
 * depth, since nothing was mounted there; or 0.  In git's directories that is
 * what makes it run something, and all of one that the agent made.
 */
size_t
review_guard(const struct review *r, const char *s)
{
	size_t i, len, n, start;
	int first, git;

	first = git = paths_have(&r->gits, s, 0);
	for (start = 0; ; start = n + 1) {
		len = strcspn(s + start, "/");
		n = start + len;
		for (i = 1; config_protected[i] != NULL; i++)
			if (guard_ends(s, n, config_protected[i]))
				return (n);
		if (git && guard_git(r, s, start, len))
			return (n);
		/* anything may be the name of a branch */
		if (first && guard_is_data(s + start, len))
			git = 0;
		first = 0;
		if (guard_ends(s, n, ".git") || paths_have(&r->gits, s, n)) {
			if (!guard_was_git(r, s, n))
				return (n);
			first = git = 1;
		}
		if (s[n] == '\0')
			return (0);
	}
}

/* Do the first n bytes end with that name or path? */
static int
guard_ends(const char *s, size_t n, const char *end)
{
	size_t len;

	len = strlen(end);
	return (len <= n && strncasecmp(s + n - len, end, len) == 0 &&
	    (len == n || s[n - len - 1] == '/'));
}

static int
guard_is(const char *const *names, const char *s, size_t len)
{
	for (; *names != NULL; names++)
		if (strlen(*names) == len && strncasecmp(*names, s, len) == 0)
			return (1);
	return (0);
}

static int
guard_is_data(const char *s, size_t len)
{
	static const char *const names[] = { "objects", "refs", "logs", NULL };

	return (guard_is(names, s, len));
}

static int
guard_git(const struct review *r, const char *s, size_t start, size_t len)
{
	static const char *const names[] = { "hooks", "info", "config",
	    "config.worktree", "commondir", "gitdir", NULL };

	if (guard_is(names, s + start, len))
		return (1);
	/* the workspace itself has become one */
	return (start == 0 && strcmp(s, "HEAD") == 0 &&
	    !guard_was_git(r, s, 0));
}

/*
 * Was there a repository in that directory before?  A part of one may have
 * been taken over as something else.
 */
static int
guard_was_git(const struct review *r, const char *s, size_t n)
{
	return (guard_was(r, s, n, "HEAD") && (guard_was(r, s, n,
	    "commondir") || (guard_was(r, s, n, "objects") &&
	    guard_was(r, s, n, "refs"))));
}

static int
guard_was(const struct review *r, const char *s, size_t n, const char *name)
{
	char sub[PATH_MAX];
	int len;

	len = snprintf(sub, sizeof(sub), "%.*s%s%s", (int)n, s,
	    n == 0 ? "" : "/", name);
	return (len > 0 && (size_t)len < sizeof(sub) &&
	    review_entry(r, sub) != NULL);
}
