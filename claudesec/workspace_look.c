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
 * What of a workspace the host may execute, or be led by, and what holds it in
 * its place.  Whoever made the directory may have wanted to mislead us: no
 * symbolic link is followed, and all that is read is bounded.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workspace.h"

#define DEPTH_MAX	8	/* of files that include others, of modules */
#define ENTRIES_MAX	256	/* of a directory of modules or worktrees */

/* where a configuration of git's stands, and what it is about */
struct config_file {
	struct ws	*ws;
	char		 git[PROTECT_MAXLEN];	/* the directory of git's */
	char		 dir[PROTECT_MAXLEN];	/* that the file is in */
	char		 tree[PROTECT_MAXLEN];	/* the working tree, if known */
	int		 has_tree;
	int		 depth;
};

static int	 look_opened(const struct ws *, const char *);
static void	 look_add(struct ws *, const char *, enum kind);
static void	 look_absent(struct ws *, const char *, enum kind);
static void	 look_addf(struct ws *, enum kind, const char *, const char *);
static struct mount *look_record(struct ws *, const char *, int, int,
		    enum kind);
static const struct mount *look_holder(const struct ws *, const char *,
		    int);
static int	 look_order(const void *, const void *);
static void	 look_git(struct ws *);
static void	 look_git_link(struct ws *);
static void	 look_git_dir(struct ws *, const char *, int);
static void	 look_git_dirs(struct ws *, const char *, int,
		    void (*)(struct ws *, const char *, int));
static void	 look_modules(struct ws *, const char *, int);
static void	 look_module(struct ws *, const char *, int);
static void	 look_worktree(struct ws *, const char *, int);
static int	 has(const char *, const char *, mode_t);
static void	 look_config(struct config_file *, const char *);
static int	 look_variable(void *, const char *, const char *);
static void	 look_named(struct config_file *, enum named, const char *);
static void	 look_host(struct ws *, const struct named_path *);
static void	 look_include(struct config_file *, const char *);
static char	*look_read(const char *, size_t *);
static int	 local_path(const struct ws *, char *, const char *,
		    const char *);
static int	 look_is_git(const char *);

void
look_find(struct ws *ws)
{
	struct protect_entry *e;
	size_t i;

	for (i = 0; i < ws->nnamed && !look_opened(ws, ".git"); i++)
		if (!ws->named[i].anywhere)
			look_host(ws, &ws->named[i]);
	TAILQ_FOREACH(e, &ws->rules, entry)
		if (!e->rule.open && strcmp(e->rule.path, ".git") == 0)
			look_git(ws);
		else if (!e->rule.open)
			look_add(ws, e->rule.path, KIND_DIRECTORY);
	qsort(ws->mounts, ws->nmounts, sizeof(ws->mounts[0]), look_order);
	for (i = 0; i < ws->nmounts; i++)
		ws->mounts[i].covered = !ws->mounts[i].inner &&
		    look_holder(ws, ws->mounts[i].path, 0) != NULL;
}

void
look_fail(struct ws *ws, const char *fmt, ...)
{
	va_list ap;

	if (ws->error[0] != '\0')
		return;
	va_start(ap, fmt);
	(void)vsnprintf(ws->error, sizeof(ws->error), fmt, ap);
	va_end(ap);
}

/* Did the user say that it, or what it is in, is not to be protected? */
static int
look_opened(const struct ws *ws, const char *path)
{
	const struct protect_entry *e;
	size_t len;

	TAILQ_FOREACH(e, &ws->rules, entry) {
		len = strlen(e->rule.path);
		if (e->rule.open && strncmp(path, e->rule.path, len) == 0 &&
		    (path[len] == '\0' || path[len] == '/'))
			return (1);
	}
	return (0);
}

/*
 * A path that must not change: read-only, and what leads there must stay what
 * it is.  The first part that does not exist is to be made, as that cannot be
 * made then, nor anything in it.
 */
static void
look_add(struct ws *ws, const char *path, enum kind kind)
{
	char prefix[PROTECT_MAXLEN], *name;
	struct stat st;
	const char *p;
	int dir, last, next;

	prefix[0] = '\0';
	dir = AT_FDCWD;
	for (p = path, last = 0; !last; p += strcspn(p, "/") + 1) {
		last = strchr(p, '/') == NULL;
		(void)snprintf(prefix, sizeof(prefix), "%.*s",
		    (int)(p - path) + (int)strcspn(p, "/"), path);
		name = prefix + (p - path);
		if (look_opened(ws, prefix))
			break;
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
			if (errno == ENOENT)
				look_absent(ws, prefix,
				    last ? kind : KIND_DIRECTORY);
			else
				look_fail(ws, "%s: %s", prefix,
				    strerror(errno));
			break;
		}
		if (S_ISLNK(st.st_mode)) {
			look_fail(ws, "%s: a symbolic link cannot be "
			    "protected; -W %s leaves it open", prefix, prefix);
			break;
		}
		if (last || !S_ISDIR(st.st_mode) || place_is(&st)) {
			look_record(ws, prefix, 1, place_is(&st),
			    S_ISDIR(st.st_mode) ? KIND_DIRECTORY : kind);
			break;
		}
		look_record(ws, prefix, 0, 0, KIND_DIRECTORY);
		next = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
		if (next == -1) {
			look_fail(ws, "%s: %s", prefix, strerror(errno));
			break;
		}
		if (dir != AT_FDCWD)
			close(dir);
		dir = next;
	}
	if (dir != AT_FDCWD)
		close(dir);
}

/*
 * There is to be a placeholder, but not for a file that Claude Code reads by
 * its name, and complains if that is a directory, as git would of a file: then
 * the directory that it would be in is read-only.
 */
static void
look_absent(struct ws *ws, const char *path, enum kind kind)
{
	char dir[PROTECT_MAXLEN], *slash;
	const struct protect_entry *e;
	size_t len;

	(void)strlcpy(dir, path, sizeof(dir));
	len = strlen(path);
	if ((slash = strrchr(dir, '/')) != NULL && kind == KIND_DIRECTORY &&
	    len > 5 && strcmp(path + len - 5, ".json") == 0) {
		*slash = '\0';
		len = strlen(dir);
		TAILQ_FOREACH(e, &ws->rules, entry)
			if (e->rule.open && strncmp(e->rule.path, dir, len) ==
			    0 && e->rule.path[len] == '/')
				break;
		if (e == NULL) {
			look_record(ws, dir, 1, 0, KIND_DIRECTORY);
			return;
		}
	}
	look_record(ws, path, 1, 1, kind);
}

static void
look_addf(struct ws *ws, enum kind kind, const char *dir, const char *name)
{
	char path[PROTECT_MAXLEN];

	if (path_join(path, sizeof(path), dir, name) == -1)
		look_fail(ws, "%s: the path is too long", dir);
	else
		look_add(ws, path, kind);
}

static struct mount *
look_record(struct ws *ws, const char *path, int readonly, int absent,
    enum kind kind)
{
	struct mount *m;
	size_t i;

	for (i = 0; i < ws->nmounts; i++)
		if (strcmp(ws->mounts[i].path, path) == 0) {
			ws->mounts[i].readonly |= readonly;
			return (&ws->mounts[i]);
		}
	if (ws->nmounts == MOUNTS_MAX) {
		look_fail(ws, "there is more to protect than can be: %s and "
		    "others", path);
		return (NULL);
	}
	m = &ws->mounts[ws->nmounts++];
	memset(m, 0, sizeof(*m));
	(void)strlcpy(m->path, path, sizeof(m->path));
	m->readonly = readonly;
	m->absent = absent;
	m->kind = kind;
	m->lock = -1;
	return (m);
}

/*
 * What makes a path read-only, if that is so: the nearest one that says how it
 * is, of those that it is in, and it itself, if that counts.
 */
static const struct mount *
look_holder(const struct ws *ws, const char *path, int itself)
{
	const struct mount *m, *nearest;
	size_t i, len, longest;

	nearest = NULL;
	for (i = longest = 0; i < ws->nmounts; i++) {
		m = &ws->mounts[i];
		len = strlen(m->path);
		if ((m->readonly || m->inner) && len > longest &&
		    strncmp(path, m->path, len) == 0 &&
		    (path[len] == '/' || (itself && path[len] == '\0'))) {
			nearest = m;
			longest = len;
		}
	}
	return (nearest != NULL && nearest->readonly ? nearest : NULL);
}

/* Is it read-only in the session? */
int
look_is_protected(const struct ws *ws, const char *path)
{
	return (look_holder(ws, path, 1) != NULL);
}

/* A directory comes before what is in it. */
static int
look_order(const void *a, const void *b)
{
	return (strcmp(((const struct mount *)a)->path,
	    ((const struct mount *)b)->path));
}

/*
 * The directory that a path is in, and its last part; -1: errno.
 */
int
look_open(const char *path, const char **name)
{
	char part[NAME_MAX + 1];
	size_t len;
	int dir, next;

	if ((dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	for (; path[len = strcspn(path, "/")] != '\0'; path += len + 1) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)len, path);
		next = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
		close(dir);
		if ((dir = next) == -1)
			return (-1);
	}
	*name = path;
	return (dir);
}

/* A directory itself; the empty path is the workspace. */
int
look_dir(const char *path)
{
	const char *name;
	int dir, fd;

	if (path[0] == '\0')
		return (open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if ((dir = look_open(path, &name)) == -1)
		return (-1);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	close(dir);
	return (fd);
}

int
look_stat(const char *path, struct stat *st)
{
	const char *name;
	int dir, error;

	if ((dir = look_open(path, &name)) == -1)
		return (-1);
	error = fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW);
	close(dir);
	return (error);
}

/*
 * git.
 */

/*
 * The repository is a directory, elsewhere, or the workspace itself; or there
 * is none, and none must come into being.
 */
static void
look_git(struct ws *ws)
{
	struct stat st;

	if (look_opened(ws, ".git"))
		return;
	if (fstatat(AT_FDCWD, ".git", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode)) {
		look_add(ws, ".git", KIND_FILE);
		look_git_link(ws);
	} else if (look_is_git(".git")) {
		look_git_dir(ws, ".git", 0);
	} else {
		look_add(ws, ".git", KIND_DIRECTORY);
		/* these three are a repository as well */
		if (look_is_git(""))
			look_git_dir(ws, "", 0);
		else
			look_add(ws, "HEAD", KIND_DIRECTORY);
	}
}

/* A file that says where it is. */
static void
look_git_link(struct ws *ws)
{
	char path[PROTECT_MAXLEN], line[TEXT_MAXLEN];
	char *text, *to;
	size_t len;

	if ((text = look_read(".git", &len)) == NULL) {
		look_fail(ws, ".git: %s", strerror(errno));
		return;
	}
	text[strcspn(text, "\r\n")] = '\0';
	if (strncmp(text, "gitdir: ", 8) != 0) {
		free(text);
		return;
	}
	to = text + 8;
	if (local_path(ws, path, "", to) == 0) {
		if (look_is_git(path))
			look_git_dir(ws, path, 0);
	} else {
		(void)snprintf(line, sizeof(line), "git will not work in the "
		    "session: the repository is outside of the workspace, in "
		    "%.512s", to);
		ws->note(line);
	}
	free(text);
}

/*
 * A directory of git's; the empty path is the workspace.  A submodule's
 * working tree has a file that leads here, which must not lead elsewhere.
 */
static void
look_git_dir(struct ws *ws, const char *git, int depth)
{
	struct config_file cf;
	char path[PROTECT_MAXLEN];
	size_t i;

	memset(&cf, 0, sizeof(cf));
	cf.ws = ws;
	(void)strlcpy(cf.git, git, sizeof(cf.git));
	(void)strlcpy(cf.dir, git, sizeof(cf.dir));
	cf.has_tree = depth == 0;
	look_addf(ws, KIND_DIRECTORY, git, "hooks");
	look_addf(ws, KIND_DIRECTORY, git, "info");
	look_addf(ws, KIND_FILE, git, "config");
	look_addf(ws, KIND_FILE, git, "config.worktree");
	look_addf(ws, KIND_COMMON, git, "commondir");
	if (path_join(path, sizeof(path), git, "config.worktree") == 0)
		look_config(&cf, path);
	if (path_join(path, sizeof(path), git, "config") == 0)
		look_config(&cf, path);
	for (i = 0; i < ws->nnamed; i++)
		if (ws->named[i].anywhere)
			look_named(&cf, ws->named[i].what, ws->named[i].path);
	if (path_join(path, sizeof(path), git, "worktrees") == 0)
		look_git_dirs(ws, path, depth, look_worktree);
	look_modules(ws, git, depth + 1);
}

/*
 * The repositories of submodules, each to be written to.  None may come into
 * being: "git submodule update --init" takes what there is for its own.
 */
static void
look_modules(struct ws *ws, const char *git, int depth)
{
	char path[PROTECT_MAXLEN];

	look_addf(ws, KIND_DIRECTORY, git, "modules");
	if (path_join(path, sizeof(path), git, "modules") == 0)
		look_git_dirs(ws, path, depth, look_module);
}

static void
look_git_dirs(struct ws *ws, const char *path, int depth,
    void (*f)(struct ws *, const char *, int))
{
	char sub[PROTECT_MAXLEN];
	struct dirent *d;
	struct stat st;
	const char *name;
	DIR *dir;
	int fd, n, parent;

	if ((parent = look_open(path, &name)) == -1)
		return;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	close(parent);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	for (n = 0; (d = readdir(dir)) != NULL; n++) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") ==
		    0 || fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
		    -1 || !S_ISDIR(st.st_mode))
			continue;
		if (n > ENTRIES_MAX || depth > DEPTH_MAX ||
		    path_join(sub, sizeof(sub), path, d->d_name) == -1) {
			look_fail(ws, "%s: too much in it", path);
			break;
		}
		f(ws, sub, depth);
	}
	(void)closedir(dir);
}

/*
 * The name of a submodule may have slashes.  HEAD is an earlier session's to
 * change or remove, config is not.
 */
static void
look_module(struct ws *ws, const char *path, int depth)
{
	struct mount *m;

	if (has(path, "HEAD", 0) || has(path, "config", S_IFREG)) {
		if ((m = look_record(ws, path, 0, 0, KIND_DIRECTORY)) != NULL)
			m->inner = 1;
		look_git_dir(ws, path, depth);
	} else
		look_git_dirs(ws, path, depth + 1, look_module);
}

/* What another working tree of this repository has here. */
static void
look_worktree(struct ws *ws, const char *path, int depth)
{
	if (!has(path, "HEAD", 0) && !has(path, "gitdir", 0))
		return;
	look_addf(ws, KIND_FILE, path, "commondir");
	look_addf(ws, KIND_FILE, path, "gitdir");
	look_addf(ws, KIND_FILE, path, "config.worktree");
	look_modules(ws, path, depth + 1);
}

static int
look_is_git(const char *dir)
{
	return (has(dir, "HEAD", S_IFREG) && has(dir, "objects", S_IFDIR) &&
	    has(dir, "refs", S_IFDIR));
}

/*
 * What git may take for a repository: objects and refs may be those of
 * another directory, which commondir names, and each a symbolic link.
 */
int
look_like_git(const char *dir)
{
	return (has(dir, "HEAD", 0) && (has(dir, "commondir", 0) ||
	    (has(dir, "objects", 0) && has(dir, "refs", 0))));
}

/* Of whatever type, if that is 0. */
static int
has(const char *dir, const char *name, mode_t type)
{
	char path[PROTECT_MAXLEN];
	struct stat st;

	return (path_join(path, sizeof(path), dir, name) == 0 &&
	    look_stat(path, &st) == 0 &&
	    (type == 0 || (st.st_mode & S_IFMT) == type));
}

static void
look_config(struct config_file *cf, const char *path)
{
	char *text;
	size_t len;

	if ((text = look_read(path, &len)) == NULL) {
		if (errno != ENOENT && errno != ENOTDIR)
			look_fail(cf->ws, "%s: %s", path, strerror(errno));
		return;
	}
	(void)git_config(text, len, look_variable, cf);
	free(text);
}

static int
look_variable(void *arg, const char *key, const char *value)
{
	struct config_file *cf = arg;

	if (strcmp(key, "core.hookspath") == 0)
		look_named(cf, NAMED_HOOKS, value);
	else if (strcmp(key, "core.fsmonitor") == 0)
		look_named(cf, NAMED_PROGRAM, value);
	else if (strcmp(key, "include.path") == 0 ||
	    strcmp(key, "includeif.path") == 0)
		look_include(cf, value);
	else if (strcmp(key, "core.worktree") == 0 && !cf->has_tree) {
		cf->has_tree = local_path(cf->ws, cf->tree, cf->git, value) ==
		    0;
		if (cf->has_tree && cf->tree[0] != '\0')
			look_addf(cf->ws, KIND_FILE, cf->tree, ".git");
	}
	return (0);
}

/* A switch, and a program without a path, are not of the workspace. */
int
named_valid(enum named what, const char *value)
{
	return (what != NAMED_PROGRAM || strchr(value, '/') != NULL);
}

/*
 * Programs such as husky put the hooks into "_", and what these run beside.
 */
static void
look_named(struct config_file *cf, enum named what, const char *value)
{
	char path[PROTECT_MAXLEN];
	size_t len;

	if (!cf->has_tree || !named_valid(what, value))
		return;
	if (strlen(value) >= sizeof(path)) {
		look_fail(cf->ws, "what git's configuration names is too long "
		    "to be protected: %.256s", value);
		return;
	}
	if (local_path(cf->ws, path, cf->tree, value) == -1)
		return;
	len = strlen(path);
	if (what == NAMED_HOOKS && len > 2 && strcmp(path + len - 2, "/_") ==
	    0)
		path[len - 2] = '\0';
	if (path[0] == '\0')
		look_fail(cf->ws, "core.hooksPath of git is the workspace, "
		    "which cannot be protected; -W .git leaves it open");
	else
		look_add(cf->ws, path, KIND_DIRECTORY);
}

/* Named elsewhere, by its path in the workspace. */
static void
look_host(struct ws *ws, const struct named_path *n)
{
	struct config_file cf;

	memset(&cf, 0, sizeof(cf));
	cf.ws = ws;
	cf.has_tree = 1;
	if (n->what == NAMED_INCLUDE)
		look_include(&cf, n->path);
	else if (n->path[0] == '\0')
		look_named(&cf, n->what, ".");
	else
		look_named(&cf, n->what, n->path);
}

static void
look_include(struct config_file *cf, const char *value)
{
	struct config_file in;
	char path[PROTECT_MAXLEN], *slash;

	if (local_path(cf->ws, path, cf->dir, value) == -1 || path[0] == '\0')
		return;
	if (cf->depth == DEPTH_MAX) {
		look_fail(cf->ws, "%s: included too deep", path);
		return;
	}
	look_add(cf->ws, path, KIND_FILE);
	in = *cf;
	in.depth++;
	(void)strlcpy(in.dir, path, sizeof(in.dir));
	if ((slash = strrchr(in.dir, '/')) != NULL)
		*slash = '\0';
	else
		in.dir[0] = '\0';
	look_config(&in, path);
}

/*
 * A path of git's, if it leads to something in the workspace.
 */
static int
local_path(const struct ws *ws, char *path, const char *dir,
    const char *value)
{
	char full[PATH_MAX];
	size_t len;

	if (value[0] == '~' && value[1] == '/' && ws->home[0] != '\0' &&
	    snprintf(full, sizeof(full), "%s%s", ws->home, value + 1) <
	    (int)sizeof(full))
		value = full;
	if (value[0] == '\0' || value[0] == '~' || value[0] == '%')
		return (-1);
	if (value[0] != '/')
		return (path_join(path, PROTECT_MAXLEN, dir, value));
	len = strlen(ws->path);
	if (strncmp(value, ws->path, len) != 0 ||
	    (value[len] != '/' && value[len] != '\0'))
		return (-1);
	value += len;
	value += strspn(value, "/");
	return (path_join(path, PROTECT_MAXLEN, "", value));
}

/* A file, with a NUL behind it.  NULL: errno. */
static char *
look_read(const char *path, size_t *len)
{
	const char *name;
	int dir, fd;

	if ((dir = look_open(path, &name)) == -1)
		return (NULL);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	close(dir);
	return (fd == -1 ? NULL : look_read_fd(fd, CONFIG_MAXSIZE, len));
}

/* The descriptor is closed. */
char *
look_read_fd(int fd, size_t max, size_t *len)
{
	struct stat st;
	char *buf;
	ssize_t n;

	buf = NULL;
	if (fstat(fd, &st) == -1)
		goto done;
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)max) {
		errno = S_ISREG(st.st_mode) ? EFBIG :
		    S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		goto done;
	}
	if ((buf = malloc(max + 1)) == NULL)
		goto done;
	for (*len = 0; *len < max; *len += (size_t)n)
		if ((n = read(fd, buf + *len, max - *len)) <= 0)
			break;
	buf[*len] = '\0';
 done:
	close(fd);
	return (buf);
}
