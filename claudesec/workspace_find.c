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
 * What has changed in a workspace from the beginning of a session to its end,
 * as far as it matters to who goes on to work there.  The kernel sets the time
 * of a change, so that nobody can hide one.  All is bounded: the agent may
 * have made as much as it liked.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "workspace.h"

#define ENTRIES_MAX	200000
#define KIND_MAX	200	/* of one kind that are said */
#define DEPTH_MAX	64
#define SECONDS_MAX	2
#define LINKED_MAX	1024	/* protected files of several names */

/* of one file or directory; what it is called is not kept */
struct entry {
	uint64_t	 path;
	uint64_t	 ino;
	int64_t		 sec;
	int32_t		 nsec;
	uint32_t	 mode;
};

static struct found {
	enum finding	 kind;
	char		*path;
} founds[FINDING_MAX * KIND_MAX];

static int	 walk(const char *, int, void (*)(const char *, const char *,
		    int, const struct stat *));
static int	 is_objects(const char *, const char *);
static void	 walk_protected(struct ws *);
static void	 walk_linked(const char *, const char *, int,
		    const struct stat *);
static void	 walk_seen(const char *, const char *, int,
		    const struct stat *);
static void	 walk_compare(const char *, const char *, int,
		    const struct stat *);
static void	 compare_file(const char *, const char *, const struct stat *,
		    const struct entry *);
static int	 is_of_git(const char *, const char *);
static void	 compare_bare(const char *);
static void	 compare_link(const char *, const char *, int);
static int	 is_added(enum finding, const char *);
static void	 add(enum finding, const char *);
static uint64_t	 hash(const char *);
static int	 entry_order(const void *, const void *);

static unsigned char	 seed[32];
static struct entry	*entries;
static size_t		 nentries, nseen, nfound, nkind[FINDING_MAX];
static int64_t		 deadline;

/* files that are protected by one of their names */
static struct linked {
	dev_t	 dev;
	ino_t	 ino;
} linked[LINKED_MAX];
static size_t		 nlinked;
static struct ws	*walked;

void
find_before(struct ws *ws)
{
	walked = ws;
	walk_protected(ws);
	arc4random_buf(seed, sizeof(seed));
	if ((entries = calloc(ENTRIES_MAX, sizeof(*entries))) == NULL)
		return;
	nseen = 0;
	deadline = clock_seconds() + SECONDS_MAX;
	if (walk("", 0, walk_seen) == -1 && nlinked > 0)
		ws->note("files that are protected have other names, and "
		    "there is too much to look for all of them");
	/* what was not seen is told at the end */
	nfound = 0;
	memset(nkind, 0, sizeof(nkind));
	qsort(entries, nentries, sizeof(*entries), entry_order);
}

/*
 * Calls back with what is found, what matters most first.
 */
void
find_after(void (*f)(enum finding, const char *))
{
	static const enum finding order[] = { FINDING_REPLACED, FINDING_SETUID,
	    FINDING_REPOSITORY, FINDING_EXECUTED, FINDING_SYMLINK,
	    FINDING_EXECUTABLE, FINDING_UNSEEN };
	size_t i, j;

	if (entries == NULL)
		return;
	nseen = 0;
	deadline = clock_seconds() + SECONDS_MAX;
	(void)walk("", 0, walk_compare);
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (j = 0; j < nfound; j++)
			if (founds[j].kind == order[i])
				f(founds[j].kind, founds[j].path);
}

/*
 * All below a directory, without following a link, nor into git's objects.
 * -1: there is more than can be looked at.
 */
static int
walk(const char *path, int depth, void (*f)(const char *, const char *, int,
    const struct stat *))
{
	char sub[PATH_MAX];
	struct dirent *d;
	struct stat st;
	DIR *dir;
	int error, fd;

	if (depth == DEPTH_MAX) {
		add(FINDING_UNSEEN, path);
		return (0);
	}
	if ((fd = look_dir(path)) == -1)
		return (0);
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return (-1);
	}
	error = 0;
	while (error == 0 && (d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 ||
		    strcmp(d->d_name, "..") == 0)
			continue;
		if (nseen++ == ENTRIES_MAX || clock_seconds() > deadline) {
			add(FINDING_UNSEEN, path[0] == '\0' ? "." : path);
			error = -1;
			break;
		}
		if (path_join(sub, sizeof(sub), path, d->d_name) == -1) {
			add(FINDING_UNSEEN, path);
			continue;
		}
		if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			continue;
		f(sub, d->d_name, fd, &st);
		if (S_ISDIR(st.st_mode) && !is_objects(sub, d->d_name))
			error = walk(sub, depth + 1, f);
	}
	(void)closedir(dir);
	return (error);
}

static int
is_objects(const char *path, const char *name)
{
	return (strcmp(name, "objects") == 0 &&
	    (strncmp(path, ".git/", 5) == 0 || strstr(path, "/.git/") != NULL));
}

/*
 * A file may have a name that is protected and one that is not, by which the
 * agent could write to it.  Those that have several are few.
 */
static void
walk_protected(struct ws *ws)
{
	const struct mount *m;
	struct stat st;
	size_t i;

	for (i = 0; i < ws->nmounts; i++) {
		m = &ws->mounts[i];
		if (!m->readonly || m->absent || look_stat(m->path, &st) == -1)
			continue;
		nseen = 0;
		deadline = clock_seconds() + SECONDS_MAX;
		if (S_ISDIR(st.st_mode))
			(void)walk(m->path, 0, walk_linked);
		else
			walk_linked(m->path, m->path, -1, &st);
	}
}

static void
walk_linked(const char *path, const char *name, int dir,
    const struct stat *st)
{
	(void)name;
	(void)dir;
	if (!S_ISREG(st->st_mode) || st->st_nlink < 2)
		return;
	if (nlinked == LINKED_MAX) {
		look_fail(walked, "%s: too many files that are protected have "
		    "another name", path);
		return;
	}
	linked[nlinked].dev = st->st_dev;
	linked[nlinked++].ino = st->st_ino;
}

/*
 * What stands there now is not what is mounted in the session.  While there are
 * placeholders.
 */
void
find_replaced(const struct ws *ws)
{
	const struct mount *m;
	struct stat st;
	size_t i;

	for (i = 0; entries != NULL && i < ws->nmounts; i++) {
		m = &ws->mounts[i];
		if (!m->covered && (look_stat(m->path, &st) == -1 ||
		    st.st_dev != m->dev || st.st_ino != m->ino))
			add(FINDING_REPLACED, m->path);
	}
}

static void
walk_seen(const char *path, const char *name, int dir, const struct stat *st)
{
	struct entry *e;
	size_t i;

	(void)name;
	(void)dir;
	if (S_ISREG(st->st_mode) && st->st_nlink > 1 &&
	    !look_is_protected(walked, path))
		for (i = 0; i < nlinked; i++)
			if (linked[i].dev == st->st_dev &&
			    linked[i].ino == st->st_ino)
				look_fail(walked, "%s is another name of a "
				    "file that is protected: remove it, or "
				    "copy that", path);
	if (nentries == ENTRIES_MAX)
		return;
	e = &entries[nentries++];
	e->path = hash(path);
	e->ino = (uint64_t)st->st_ino;
	e->mode = (uint32_t)st->st_mode;
	e->sec = (int64_t)st->st_ctim.tv_sec;
	e->nsec = (int32_t)st->st_ctim.tv_nsec;
}

static void
walk_compare(const char *path, const char *name, int dir,
    const struct stat *st)
{
	struct entry key, *was;

	memset(&key, 0, sizeof(key));
	key.path = hash(path);
	was = bsearch(&key, entries, nentries, sizeof(*entries), entry_order);
	if (was != NULL && was->ino == (uint64_t)st->st_ino &&
	    was->mode == (uint32_t)st->st_mode &&
	    was->sec == (int64_t)st->st_ctim.tv_sec &&
	    was->nsec == (int32_t)st->st_ctim.tv_nsec)
		return;
	if (place_is(st))
		return;
	if (strcasecmp(name, ".git") == 0 && (was == NULL ||
	    was->ino != (uint64_t)st->st_ino || !S_ISDIR(st->st_mode))) {
		add(FINDING_REPOSITORY, path);
		return;
	}
	if ((was == NULL || !S_ISDIR(st->st_mode)) && is_of_git(path, name))
		compare_bare(path);
	if (S_ISREG(st->st_mode))
		compare_file(path, name, st, was);
	else if (S_ISLNK(st->st_mode))
		compare_link(path, name, dir);
}

/*
 * What makes a directory a repository, or turns what one does.  In the
 * workspace's own repository that is normal, but for another one in there.
 */
static int
is_of_git(const char *path, const char *name)
{
	static const char *const names[] = { "HEAD", "objects", "refs",
	    "commondir", "config", "config.worktree", NULL };
	size_t i;

	if (strncmp(path, ".git/", 5) == 0)
		return (strcmp(name, "refs") == 0);
	for (i = 0; names[i] != NULL && strcmp(name, names[i]) != 0; i++)
		;
	return (names[i] != NULL);
}

static void
compare_file(const char *path, const char *name, const struct stat *st,
    const struct entry *was)
{
	const mode_t x = S_IXUSR | S_IXGRP | S_IXOTH;

	if ((st->st_mode & (S_ISUID | S_ISGID)) != 0)
		add(FINDING_SETUID, path);
	else if (find_is_executed(path, name))
		add(FINDING_EXECUTED, path);
	else if ((st->st_mode & x) == 0)
		return;
	else if (was == NULL || (was->mode & x) == 0)
		add(FINDING_EXECUTABLE, path);
	else
		add(FINDING_EXECUTED, path);
}

/* It is a repository without being called .git. */
static void
compare_bare(const char *path)
{
	char dir[PROTECT_MAXLEN];
	const char *slash;

	if (strlen(path) >= sizeof(dir) ||
	    (slash = strrchr(path, '/')) == NULL)
		return;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	slash = strrchr(dir, '/');
	if (strcmp(slash == NULL ? dir : slash + 1, ".git") != 0 &&
	    look_like_git(dir) && !is_added(FINDING_REPOSITORY, dir))
		add(FINDING_REPOSITORY, dir);
}

static void
compare_link(const char *path, const char *name, int dir)
{
	char target[PATH_MAX];
	ssize_t n;

	if ((n = readlinkat(dir, name, target, sizeof(target) - 1)) == -1)
		return;
	target[n] = '\0';
	if (find_leads_out(path, target))
		add(FINDING_SYMLINK, path);
}

/* As far as it says itself; it may lead there by another. */
int
find_leads_out(const char *path, const char *target)
{
	char buf[PATH_MAX], dir[PATH_MAX], *slash;

	if (target[0] == '/')
		return (1);
	(void)strlcpy(dir, path, sizeof(dir));
	if ((slash = strrchr(dir, '/')) != NULL)
		*slash = '\0';
	else
		dir[0] = '\0';
	return (path_join(buf, sizeof(buf), dir, target) == -1);
}

/*
 * What programs of the host run or obey without being told to, of those that
 * are not protected: build files, git's own of another repository, and what
 * is left of a git command that will go on.
 */
int
find_is_executed(const char *path, const char *name)
{
	static const char *const names[] = { "Makefile", "makefile",
	    "GNUmakefile", "CMakeLists.txt", "justfile", "Justfile",
	    "Rakefile", "Gemfile", "package.json", "setup.py", "conftest.py",
	    "pyproject.toml", "tox.ini", "build.rs", "build.gradle",
	    "Dockerfile", "Vagrantfile", ".pre-commit-config.yaml",
	    "lefthook.yml", ".lefthook.yml", ".pnpmfile.cjs", "mise.toml",
	    ".mise.toml", ".tool-versions", ".exrc", ".vimrc", ".nvim.lua",
	    ".nvimrc", ".lvimrc", ".dir-locals.el", ".gdbinit", ".lldbinit",
	    ".gitattributes", "git-rebase-todo", NULL };
	static const char *const directories[] = { ".husky/", ".cargo/",
	    ".github/workflows/", ".circleci/" };
	size_t i;

	for (i = 0; names[i] != NULL; i++)
		if (strcmp(name, names[i]) == 0)
			return (1);
	for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		if (strncmp(path, directories[i], strlen(directories[i])) == 0)
			return (1);
	for (i = 0; config_protected[i] != NULL; i++)
		if (strcmp(path, config_protected[i]) == 0 ||
		    (strncmp(path, config_protected[i],
		    strlen(config_protected[i])) == 0 &&
		    path[strlen(config_protected[i])] == '/' && i > 0))
			return (1);
	if (strncmp(path, ".git/", 5) != 0 && (path = strstr(path,
	    "/.git/")) != NULL)
		path++;
	if (path == NULL || strncmp(path, ".git/", 5) != 0)
		return (0);
	return (strcmp(name, "config") == 0 || strcmp(name, "commondir") ==
	    0 || strstr(path, "/hooks/") != NULL ||
	    strcmp(path, ".git/sequencer/todo") == 0);
}

static int
is_added(enum finding kind, const char *path)
{
	size_t i;

	for (i = 0; i < nfound; i++)
		if (founds[i].kind == kind && strcmp(founds[i].path,
		    path) == 0)
			return (1);
	return (0);
}

static void
add(enum finding kind, const char *path)
{
	/* many of one must not hide another */
	if (nkind[kind] == KIND_MAX ||
	    (founds[nfound].path = strdup(path)) == NULL)
		return;
	nkind[kind]++;
	founds[nfound++].kind = kind;
}

/* So that nobody can have two paths that are one to us. */
static uint64_t
hash(const char *path)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	uint64_t value;
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, seed, sizeof(seed));
	SHA256Update(&ctx, (const unsigned char *)path, strlen(path));
	SHA256Final(digest, &ctx);
	memcpy(&value, digest, sizeof(value));
	return (value);
}

static int
entry_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->path < y->path ? -1 : x->path > y->path);
}
