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
 * What is kept of reviews, each in a directory of its name in the user's
 * state: "origin" names the workspace, "tree" is the copy of it that the agent
 * has, and "manifest" tells what that was.  Only the copy is ever seen by an
 * agent.  One that is being made, or removed, has a name that begins with a
 * dot; who makes or removes one holds a lock on the directory of all of them.
 */

#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "review.h"

#define SUM_TEXT	(2 * SHA256_DIGEST_LENGTH + 1)

static int	 state_path(char *, size_t);
static int	 is_copy(const char *);
static int	 make_path(char *);
static int	 read_origin(struct review *);
static int	 parse_entry(struct review *, const char *);
static int	 parse_sum(struct object *, const char *);
static void	 print_entry(FILE *, const struct entry *);
static int	 entry_is(const void *, const void *);
static int	 entry_order(const void *, const void *);

/*
 * su(1) leaves another user's environment behind.  It is looked up once: later
 * there may be no passwd to read.
 */
static int
state_path(char *path, size_t size)
{
	static char known[PATH_MAX];
	const struct passwd *pw;
	const char *dir;
	struct stat st;
	int n;

	if (known[0] != '\0')
		return (strlcpy(path, known, size) < size ? 0 : -1);
	dir = getenv("XDG_STATE_HOME");
	if (dir != NULL && dir[0] == '/' && stat(dir, &st) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_uid == getuid())
		n = snprintf(path, size, "%s/claudesec/review", dir);
	else if ((pw = getpwuid(getuid())) != NULL)
		n = snprintf(path, size, "%s/.local/state/claudesec/review",
		    pw->pw_dir);
	else {
		errno = ENOENT;
		return (-1);
	}
	if (n < 0 || (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	(void)strlcpy(known, path, sizeof(known));
	return (0);
}

void
review_find_state(void)
{
	char path[PATH_MAX];

	(void)state_path(path, sizeof(path));
}

/*
 * Why a directory cannot be a workspace: an agent that can change what is kept
 * here could have anything taken over, so only a copy may be one.
 */
const char *
review_judge(const char *path)
{
	static const char other[] = "/.local/state/claudesec";
	char real[PATH_MAX], state[PATH_MAX];
	const char *p;

	for (p = path; (p = strstr(p, other)) != NULL; p++)
		if (path_within(p, other) && !is_copy(p + strlen(other)))
			return ("holds what is known of reviews");
	if (state_path(state, sizeof(state)) == -1)
		return (NULL);
	*strrchr(state, '/') = '\0';
	if (realpath(state, real) == NULL)
		(void)strlcpy(real, state, sizeof(real));
	if (path_within(state, path) || path_within(real, path) ||
	    (path_within(path, real) && !is_copy(path + strlen(real))))
		return ("holds what is known of reviews");
	return (NULL);
}

/* Is it /review/NAME/tree? */
static int
is_copy(const char *path)
{
	if (strncmp(path, "/review/", 8) != 0 || path[8] == '.')
		return (0);
	path = strchr(path + 8, '/');
	return (path != NULL && strcmp(path, "/tree") == 0);
}

int
review_base(int make)
{
	char path[PATH_MAX];

	if (state_path(path, sizeof(path)) == -1 ||
	    (make && make_path(path) == -1))
		return (-1);
	return (open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int
make_path(char *path)
{
	char *p;
	int error;

	for (p = path + 1; p != NULL; ) {
		if ((p = strchr(p, '/')) != NULL)
			*p = '\0';
		error = mkdir(path, 0700) == -1 ? errno : 0;
		if (p != NULL)
			*p++ = '/';
		if (error != 0 && error != EEXIST) {
			errno = error;
			return (-1);
		}
	}
	return (0);
}

/* Of what is kept of it, as the kernel knows it. */
int
review_path(char real[PATH_MAX], const char *name, const char *what)
{
	char base[PATH_MAX], path[PATH_MAX];
	int n;

	if (state_path(base, sizeof(base)) == -1)
		return (-1);
	n = snprintf(path, sizeof(path), "%s/%s/%s", base, name, what);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	return (realpath(path, real) == NULL ? -1 : 0);
}

int
review_open(struct review *r, const char *name)
{
	int base;

	memset(r, 0, sizeof(*r));
	r->dir = r->tree = -1;
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL ||
	    strlcpy(r->name, name, sizeof(r->name)) >= sizeof(r->name)) {
		errno = ENOENT;
		return (-1);
	}
	if ((base = review_base(0)) == -1)
		return (-1);
	r->dir = tree_dir(base, name);
	close(base);
	if (r->dir == -1 || (r->tree = tree_dir(r->dir, "tree")) == -1 ||
	    read_origin(r) == -1) {
		review_close(r);
		return (-1);
	}
	return (0);
}

static int
read_origin(struct review *r)
{
	struct stat st;
	ssize_t n;
	int fd;

	if ((fd = tree_file(r->dir, "origin", &st)) == -1)
		return (-1);
	n = read(fd, r->origin, sizeof(r->origin) - 1);
	close(fd);
	if (n < 1 || r->origin[0] != '/') {
		errno = EINVAL;
		return (-1);
	}
	r->origin[n] = '\0';
	r->since = st.st_mtime;
	return (0);
}

/* The one of a workspace. */
int
review_find(struct review *r, const char *origin)
{
	struct dirent *d;
	DIR *dir;
	int base;

	if ((base = review_base(0)) == -1)
		return (-1);
	if ((dir = fdopendir(base)) == NULL) {
		close(base);
		return (-1);
	}
	while ((d = readdir(dir)) != NULL) {
		if (review_open(r, d->d_name) == -1)
			continue;
		if (strcmp(r->origin, origin) == 0) {
			(void)closedir(dir);
			return (0);
		}
		review_close(r);
	}
	(void)closedir(dir);
	errno = ENOENT;
	return (-1);
}

void
review_each(void (*f)(const struct review *))
{
	struct review r;
	struct dirent *d;
	DIR *dir;
	int base;

	if ((base = review_base(0)) == -1)
		return;
	if ((dir = fdopendir(base)) == NULL) {
		close(base);
		return;
	}
	while ((d = readdir(dir)) != NULL) {
		if (review_open(&r, d->d_name) == -1)
			continue;
		f(&r);
		review_close(&r);
	}
	(void)closedir(dir);
}

void
review_close(struct review *r)
{
	size_t i;
	int error;

	error = errno;
	if (r->dir != -1)
		close(r->dir);
	if (r->tree != -1)
		close(r->tree);
	for (i = 0; i < r->entries.n; i++)
		free(r->entries.v[i].path);
	free(r->entries.v);
	for (i = 0; i < r->nchanges; i++) {
		free(r->changes[i].path);
		free(r->changes[i].target);
	}
	free(r->changes);
	for (i = 0; i < r->gits.n; i++)
		free(r->gits.v[i]);
	free(r->gits.v);
	for (i = 0; i < r->unseen.n; i++)
		free(r->unseen.v[i]);
	free(r->unseen.v);
	memset(r, 0, sizeof(*r));
	r->dir = r->tree = -1;
	errno = error;
}

/*
 * A record ends with a NUL, and the path in it.
 */
int
review_load(struct review *r)
{
	struct stat st;
	FILE *f;
	char *line;
	size_t size;
	int error, fd;

	if ((fd = tree_file(r->dir, "manifest", &st)) == -1)
		return (-1);
	if ((f = fdopen(fd, "r")) == NULL) {
		close(fd);
		return (-1);
	}
	line = NULL;
	size = 0;
	error = 0;
	while (error == 0 && getdelim(&line, &size, '\0', f) != -1)
		error = parse_entry(r, line);
	if (ferror(f))
		error = -1;
	free(line);
	(void)fclose(f);
	review_sort(r);
	return (error);
}

static int
parse_entry(struct review *r, const char *line)
{
	struct object o;
	char sum[SUM_TEXT];
	unsigned int mode;
	intmax_t sec, size;
	uintmax_t ino;
	long nsec;
	int n;

	memset(&o, 0, sizeof(o));
	n = 0;
	if (sscanf(line, "%o %jd %ju %jd %ld %64[0-9a-f-]%n", &mode, &size,
	    &ino, &sec, &nsec, sum, &n) != 6 || n == 0 || line[n++] != ' ' ||
	    line[n] == '\0' || parse_sum(&o, sum) == -1) {
		errno = EINVAL;
		return (-1);
	}
	o.mode = (mode_t)mode;
	o.size = (off_t)size;
	o.ino = (ino_t)ino;
	o.ctim.tv_sec = (time_t)sec;
	o.ctim.tv_nsec = nsec;
	return (review_add(r, line + n, &o) == NULL ? -1 : 0);
}

static int
parse_sum(struct object *o, const char *text)
{
	unsigned int byte;
	size_t i;

	if (strcmp(text, "-") == 0)
		return (0);
	if (strlen(text) != SUM_TEXT - 1)
		return (-1);
	for (i = 0; i < sizeof(o->sum); i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return (-1);
		o->sum[i] = (unsigned char)byte;
	}
	o->has_sum = 1;
	return (0);
}

/*
 * The new one is there as a whole, or the old one is.
 */
int
review_save(struct review *r)
{
	FILE *f;
	size_t i;
	int error, fd;

	(void)unlinkat(r->dir, "manifest.new", 0);
	fd = openat(r->dir, "manifest.new", O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return (-1);
	if ((f = fdopen(fd, "w")) == NULL) {
		close(fd);
		return (-1);
	}
	for (i = 0; i < r->entries.n; i++)
		if (r->entries.v[i].path[0] != '\0')
			print_entry(f, &r->entries.v[i]);
	error = fflush(f) == EOF || fsync(fd) == -1 ? -1 : 0;
	if (fclose(f) == EOF)
		error = -1;
	return (error == -1 ? -1 : renameat(r->dir, "manifest.new", r->dir,
	    "manifest"));
}

static void
print_entry(FILE *f, const struct entry *e)
{
	char sum[SUM_TEXT];
	size_t i;

	(void)strlcpy(sum, "-", sizeof(sum));
	for (i = 0; e->was.has_sum && i < sizeof(e->was.sum); i++)
		(void)snprintf(sum + 2 * i, sizeof(sum) - 2 * i, "%02x",
		    e->was.sum[i]);
	(void)fprintf(f, "%o %jd %ju %jd %ld %s %s%c",
	    (unsigned int)e->was.mode, (intmax_t)e->was.size,
	    (uintmax_t)e->was.ino, (intmax_t)e->was.ctim.tv_sec,
	    (long)e->was.ctim.tv_nsec, sum, e->path, '\0');
}

struct entry *
review_add(struct review *r, const char *path, const struct object *o)
{
	struct entries *es;
	struct entry *e, *v;
	size_t size;

	es = &r->entries;
	if (es->n == REVIEW_ENTRIES) {
		errno = E2BIG;
		return (NULL);
	}
	if (es->n == es->size) {
		size = es->size == 0 ? 1024 : 2 * es->size;
		if ((v = reallocarray(es->v, size, sizeof(*v))) == NULL)
			return (NULL);
		es->v = v;
		es->size = size;
	}
	e = &es->v[es->n];
	memset(e, 0, sizeof(*e));
	if ((e->path = strdup(path)) == NULL)
		return (NULL);
	e->was = *o;
	es->n++;
	return (e);
}

void
review_sort(struct review *r)
{
	if (r->entries.n > 0)
		qsort(r->entries.v, r->entries.n, sizeof(*r->entries.v),
		    entry_order);
}

struct entry *
review_entry(const struct review *r, const char *path)
{
	if (r->entries.n == 0)
		return (NULL);
	return (bsearch(path, r->entries.v, r->entries.n,
	    sizeof(*r->entries.v), entry_is));
}

static int
entry_is(const void *path, const void *e)
{
	return (strcmp(path, ((const struct entry *)e)->path));
}

static int
entry_order(const void *a, const void *b)
{
	return (strcmp(((const struct entry *)a)->path,
	    ((const struct entry *)b)->path));
}

/*
 * Nobody finds it any more from here on.  -1: of what is left the next one
 * that is made or removed rids us.
 */
int
review_drop(struct review *r)
{
	int base, error;

	if ((base = review_base(0)) == -1)
		return (-1);
	if (flock(base, LOCK_EX) == -1 || tree_remove(base, ".old") == -1 ||
	    renameat(base, r->name, base, ".old") == -1)
		error = -1;
	else
		error = tree_remove(base, ".old");
	close(base);
	return (error);
}
