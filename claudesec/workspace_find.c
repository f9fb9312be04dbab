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
#define KIND_MAX	200	/* of one kind that are named */
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

/* what is found, what matters most first */
static struct found {
	enum finding	 kind;
	int		 how;		/* of what is executed */
	char		*paths[KIND_MAX];
	size_t		 npaths;
	uint32_t	 n;		/* of them, named or not */
} founds[] = {
	{ FINDING_REPLACED, 0, { NULL }, 0, 0 },
	{ FINDING_REPOSITORY, 0, { NULL }, 0, 0 },
	{ FINDING_EXECUTED, EXECUTED_UNTOLD, { NULL }, 0, 0 },
	{ FINDING_UNSEEN, 0, { NULL }, 0, 0 },
	{ FINDING_SETUID, 0, { NULL }, 0, 0 },
	{ FINDING_EXECUTED, EXECUTED_TOLD, { NULL }, 0, 0 },
	{ FINDING_SYMLINK, 0, { NULL }, 0, 0 },
	{ FINDING_EXECUTABLE, 0, { NULL }, 0, 0 }
};
#define NFOUNDS	(sizeof(founds) / sizeof(founds[0]))

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
static int	 is_of_list(const char *, const char *const *);
static int	 is_run_by_git(const char *, const char *);
static void	 add_unseen(const char *);
static int	 is_added(enum finding, const char *);
static void	 add(enum finding, const char *);
static void	 add_executed(const char *, int);
static void	 add_to(struct found *, const char *);
static uint64_t	 hash(const char *);
static int	 entry_order(const void *, const void *);

static unsigned char	 seed[32];
static struct entry	*entries;
static size_t		 nentries, nseen;
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
	size_t i;

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
	for (i = 0; i < NFOUNDS; i++)
		founds[i].npaths = founds[i].n = 0;
	qsort(entries, nentries, sizeof(*entries), entry_order);
}

/*
 * Calls back with what is found, what matters most first, and of how many that
 * is one: it, and those that are not named.
 */
void
find_after(void (*f)(enum finding, const char *, uint32_t))
{
	const struct found *fd;
	size_t i, j;

	if (entries == NULL)
		return;
	nseen = 0;
	deadline = clock_seconds() + SECONDS_MAX;
	(void)walk("", 0, walk_compare);
	for (i = 0; i < NFOUNDS; i++) {
		fd = &founds[i];
		for (j = 0; j < fd->npaths; j++)
			f(fd->kind, fd->paths[j], j + 1 < fd->npaths ? 1 :
			    fd->n - (uint32_t)j);
	}
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
	if ((fd = look_dir(path)) == -1) {
		add_unseen(path);
		return (0);
	}
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
		if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
			add_unseen(path);
			continue;
		}
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
	if (!S_ISREG(st->st_mode) || st->st_nlink < 2 ||
	    !look_is_protected(walked, path))
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
	if (place_is_at(dir, name, st))
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
	int how;

	if ((st->st_mode & (S_ISUID | S_ISGID)) != 0)
		add(FINDING_SETUID, path);
	else if ((how = find_is_executed(path, name)) != 0)
		add_executed(path, how);
	else if ((st->st_mode & x) == 0)
		return;
	else if (was == NULL || (was->mode & x) == 0)
		add(FINDING_EXECUTABLE, path);
	else
		add_executed(path, EXECUTED_TOLD);
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
	int how;

	/* what it leads to may be called anything */
	if ((how = find_is_executed(path, name)) != 0)
		add_executed(path, how);
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
 * What programs of the host run or obey, of those that are not protected, and
 * how: without being told to, as what is protected elsewhere is and what git
 * has, or when they are told to build, test or go on.
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
	    ".gitattributes", NULL };
	static const char *const directories[] = { ".husky", ".cargo",
	    ".github/workflows", ".circleci", NULL };
	size_t i;

	/* .git itself is looked at otherwise */
	if (is_of_list(path, &config_protected[1]) || is_run_by_git(path,
	    name))
		return (EXECUTED_UNTOLD);
	for (i = 0; names[i] != NULL; i++)
		if (strcmp(name, names[i]) == 0)
			return (EXECUTED_TOLD);
	return (is_of_list(path, directories) ? EXECUTED_TOLD : 0);
}

/* Is it one of these, or in one, in whatever directory that is? */
static int
is_of_list(const char *path, const char *const *list)
{
	const char *p;
	size_t i;

	for (i = 0; list[i] != NULL; i++)
		for (p = path; p != NULL; p = strchr(p, '/')) {
			p += *p == '/';
			if (path_within(p, list[i]))
				return (1);
		}
	return (0);
}

/* Its own, and what is left of a command that will go on; no samples. */
static int
is_run_by_git(const char *path, const char *name)
{
	const char *hook;

	if (strcmp(name, "git-rebase-todo") == 0)
		return (1);
	if (strncmp(path, ".git/", 5) != 0 && (path = strstr(path,
	    "/.git/")) != NULL)
		path++;
	if (path == NULL || strncmp(path, ".git/", 5) != 0)
		return (0);
	return (strcmp(name, "config") == 0 || strcmp(name, "commondir") ==
	    0 || strcmp(path, ".git/sequencer/todo") == 0 ||
	    ((hook = strstr(path, "/hooks/")) != NULL &&
	    strchr(hook, '.') == NULL));
}

/*
 * What the agent, which is the same user, has shut, it may have put anything
 * into; by its name that can be used.
 */
static void
add_unseen(const char *path)
{
	struct stat st;

	if (errno != EACCES || look_stat(path[0] == '\0' ? "." : path, &st) ==
	    -1 || st.st_uid != geteuid())
		return;
	if (path[0] == '\0')
		path = ".";
	if (!is_added(FINDING_UNSEEN, path))
		add(FINDING_UNSEEN, path);
}

static int
is_added(enum finding kind, const char *path)
{
	size_t i, j;

	for (i = 0; i < NFOUNDS; i++)
		for (j = 0; founds[i].kind == kind && j < founds[i].npaths;
		    j++)
			if (strcmp(founds[i].paths[j], path) == 0)
				return (1);
	return (0);
}

static void
add(enum finding kind, const char *path)
{
	size_t i;

	for (i = 0; founds[i].kind != kind; i++)
		;
	add_to(&founds[i], path);
}

static void
add_executed(const char *path, int how)
{
	size_t i;

	for (i = 0; founds[i].kind != FINDING_EXECUTED ||
	    founds[i].how != how; i++)
		;
	add_to(&founds[i], path);
}

/* Many of one must not hide another. */
static void
add_to(struct found *f, const char *path)
{
	f->n++;
	if (f->npaths < KIND_MAX && (f->paths[f->npaths] = strdup(path)) !=
	    NULL)
		f->npaths++;
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
