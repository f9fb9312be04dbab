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
 * What git reads outside of a workspace, and what of that leads into it: the
 * configuration of the user and of the system, and that of a repository which
 * the workspace is a working tree or a part of.  Hooks that these name by a
 * relative path are looked for in whatever tree git works in.  This runs with
 * the rights of the session's owner, and before it gives up those to see more
 * than the workspace; no file in there is read here.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workspace.h"

#define DEPTH_MAX	8	/* of files that include others */
#define PASSWD_MAXSIZE	(4 * 1024 * 1024)

/* a file that is being read */
struct host_file {
	struct ws	*ws;
	const char	*tree;		/* of its repository; NULL: of any */
	char		 dir[PATH_MAX];
	int		 depth;
};

static void	 host_home(struct ws *, uid_t);
static int	 host_top(struct ws *, char *);
static void	 host_repository(struct ws *, const char *);
static int	 host_link(char *, const char *, const char *, const char *);
static void	 host_config(struct ws *, const char *, const char *, int);
static int	 host_variable(void *, const char *, const char *);
static void	 host_named(struct host_file *, enum named, const char *);
static void	 host_include(struct host_file *, const char *);
static char	*host_read(const char *, size_t, size_t *);
static int	 absolute(char *, const struct ws *, const char *,
		    const char *);
static int	 within(const struct ws *, const char *, char *);
static void	 keep(struct ws *, enum named, int, const char *);

void
host_find(struct ws *ws, uid_t uid)
{
	static const char *const files[] = { "/.gitconfig",
	    "/.config/git/config" };
	char git[PATH_MAX], path[PATH_MAX];
	size_t i;

	if (getcwd(ws->path, sizeof(ws->path)) == NULL) {
		look_fail(ws, "getcwd: %s", strerror(errno));
		return;
	}
	host_home(ws, uid);
	if (host_top(ws, git) == 0)
		host_repository(ws, git);
	host_config(ws, "/etc/gitconfig", NULL, 0);
	for (i = 0; ws->home[0] != '\0' &&
	    i < sizeof(files) / sizeof(files[0]); i++)
		if (snprintf(path, sizeof(path), "%s%s", ws->home, files[i]) <
		    (int)sizeof(path))
			host_config(ws, path, NULL, 0);
}

/* By the file alone: nothing else can be asked by a process like this. */
static void
host_home(struct ws *ws, uid_t uid)
{
	char *fields[7], *line, *next, *text, want[16];
	size_t i, len;

	(void)snprintf(want, sizeof(want), "%u", (unsigned int)uid);
	if ((text = host_read("/etc/passwd", PASSWD_MAXSIZE, &len)) == NULL)
		return;
	for (next = text; (line = strsep(&next, "\n")) != NULL; ) {
		for (i = 0; i < 7; i++)
			if ((fields[i] = strsep(&line, ":")) == NULL)
				break;
		if (i < 7 || strcmp(fields[2], want) != 0)
			continue;
		if (fields[5][0] != '/' || realpath(fields[5], ws->home) ==
		    NULL)
			ws->home[0] = '\0';
		break;
	}
	free(text);
}

/*
 * Where git begins to look for a repository: .git of the first directory
 * upwards that has one.
 */
static int
host_top(struct ws *ws, char *git)
{
	char head[PATH_MAX], *slash;
	struct stat st;

	(void)strlcpy(ws->top, ws->path, sizeof(ws->top));
	for (;;) {
		if (snprintf(git, PATH_MAX, "%s/.git", ws->top) < PATH_MAX &&
		    snprintf(head, sizeof(head), "%s/HEAD", git) < PATH_MAX &&
		    lstat(git, &st) == 0 && (S_ISREG(st.st_mode) ?
		    !place_is(&st) : lstat(head, &st) == 0))
			return (0);
		if (ws->top[1] == '\0')
			break;
		slash = strrchr(ws->top, '/');
		slash[slash == ws->top] = '\0';
	}
	ws->top[0] = '\0';
	return (-1);
}

/* One that is not in the workspace; there it is read later. */
static void
host_repository(struct ws *ws, const char *git)
{
	char common[PATH_MAX], dir[PATH_MAX], local[PROTECT_MAXLEN];
	char path[PATH_MAX];

	/* if it is no file, it is the directory */
	if (host_link(dir, git, "gitdir: ", ws->top) == -1)
		(void)strlcpy(dir, git, sizeof(dir));
	if (within(ws, dir, local))
		return;
	if (snprintf(path, sizeof(path), "%s/commondir", dir) >=
	    (int)sizeof(path) || host_link(common, path, "", dir) == -1)
		(void)strlcpy(common, dir, sizeof(common));
	if (snprintf(path, sizeof(path), "%s/config.worktree", dir) <
	    (int)sizeof(path))
		host_config(ws, path, ws->top, 0);
	if (snprintf(path, sizeof(path), "%s/config", common) <
	    (int)sizeof(path))
		host_config(ws, path, ws->top, 0);
}

/* A file that says where something is. */
static int
host_link(char *to, const char *path, const char *before, const char *dir)
{
	char *text;
	size_t len;
	int error;

	if ((text = host_read(path, CONFIG_MAXSIZE, &len)) == NULL)
		return (-1);
	text[strcspn(text, "\r\n")] = '\0';
	len = strlen(before);
	error = strncmp(text, before, len) != 0 ? -1 :
	    absolute(to, NULL, dir, text + len);
	free(text);
	return (error);
}

static void
host_config(struct ws *ws, const char *path, const char *tree, int depth)
{
	struct host_file hf;
	char *slash, *text;
	size_t len;

	/* what git cannot read either does nothing */
	if ((text = host_read(path, CONFIG_MAXSIZE, &len)) == NULL) {
		if (errno == EFBIG)
			look_fail(ws, "%s: too large", path);
		return;
	}
	hf.ws = ws;
	hf.tree = tree;
	hf.depth = depth;
	(void)strlcpy(hf.dir, path, sizeof(hf.dir));
	if ((slash = strrchr(hf.dir, '/')) != NULL)
		slash[slash == hf.dir] = '\0';
	(void)git_config(text, len, host_variable, &hf);
	free(text);
}

static int
host_variable(void *arg, const char *key, const char *value)
{
	struct host_file *hf = arg;

	if (strcmp(key, "core.hookspath") == 0)
		host_named(hf, NAMED_HOOKS, value);
	else if (strcmp(key, "core.fsmonitor") == 0)
		host_named(hf, NAMED_PROGRAM, value);
	else if (strcmp(key, "include.path") == 0 ||
	    strcmp(key, "includeif.path") == 0)
		host_include(hf, value);
	return (0);
}

/*
 * What the user's configuration names by a relative path is that of whatever
 * tree git works in: of the one that we know, and of submodules.
 */
static void
host_named(struct host_file *hf, enum named what, const char *value)
{
	char local[PROTECT_MAXLEN], path[PATH_MAX];
	const char *tree;

	if (value[0] == '\0' || !named_valid(what, value))
		return;
	if (hf->tree == NULL && strchr("/~%", value[0]) == NULL)
		keep(hf->ws, what, 1, value);
	tree = hf->tree == NULL ? hf->ws->top : hf->tree;
	if ((value[0] == '/' || value[0] == '~' || tree[0] != '\0') &&
	    absolute(path, hf->ws, tree, value) == 0 &&
	    within(hf->ws, path, local))
		keep(hf->ws, what, 0, local);
}

/* What is in the workspace is read later, and protected. */
static void
host_include(struct host_file *hf, const char *value)
{
	char local[PROTECT_MAXLEN], path[PATH_MAX];

	if (value[0] == '\0' || absolute(path, hf->ws, hf->dir, value) == -1)
		return;
	if (within(hf->ws, path, local))
		keep(hf->ws, NAMED_INCLUDE, 0, local);
	else if (hf->depth < DEPTH_MAX)
		host_config(hf->ws, path, hf->tree, hf->depth + 1);
	else
		look_fail(hf->ws, "%s: included too deep", path);
}

/* The user's own may be a link. */
static char *
host_read(const char *path, size_t max, size_t *len)
{
	int fd;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return (fd == -1 ? NULL : look_read_fd(fd, max, len));
}

static int
absolute(char *buf, const struct ws *ws, const char *dir, const char *value)
{
	char path[PATH_MAX];

	if (value[0] == '~' && value[1] == '/') {
		if (ws == NULL || ws->home[0] == '\0')
			return (-1);
		dir = ws->home;
		value += 2;
	} else if (value[0] == '~' || value[0] == '%') {
		return (-1);
	} else if (value[0] == '/')
		dir = "";
	if (snprintf(path, sizeof(path), "%s/%s", dir, value) >=
	    (int)sizeof(path))
		return (-1);
	buf[0] = '/';
	return (path_join(buf + 1, PATH_MAX - 1, "", path +
	    strspn(path, "/")));
}

/* By what it says, or by where it leads; and what it is called in there. */
static int
within(const struct ws *ws, const char *path, char *local)
{
	char real[PATH_MAX];
	size_t len;
	int again;

	len = strlen(ws->path);
	for (again = 0; again < 2; again++) {
		if (strncmp(path, ws->path, len) == 0 &&
		    (path[len] == '/' || path[len] == '\0'))
			return (path_join(local, PROTECT_MAXLEN, "",
			    path + len + strspn(path + len, "/")) == 0);
		if (realpath(path, real) == NULL)
			break;
		path = real;
	}
	return (0);
}

static void
keep(struct ws *ws, enum named what, int anywhere, const char *path)
{
	struct named_path *n;

	if (ws->nnamed == NAMED_MAX || strlen(path) >= sizeof(n->path)) {
		look_fail(ws, "git's configuration names more than can be "
		    "protected: %.256s", path);
		return;
	}
	n = &ws->named[ws->nnamed++];
	n->what = what;
	n->anywhere = anywhere;
	(void)strlcpy(n->path, path, sizeof(n->path));
}
