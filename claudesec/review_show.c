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
 * What of a review is shown.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "review.h"

#define SHOWN_MAX	(1024 * 1024)	/* bytes of a file */
#define BINARY_LOOK	8192
#define DIFF		"/usr/bin/diff"

static void	 show_kind(const struct change *);
static void	 show_marks(const struct change *, int);
static void	 show_contents(struct review *, int, struct change *);
static int	 open_contents(int, const char *, const char **);
static int	 open_null(void);
static const char *type_text(mode_t);
static void	 run_diff(int, int);
static void	 pass_diff(int);

static int	 contents;

/* Whether files are listed, or what is in them is shown too. */
void
show_contents_too(int too)
{
	contents = too;
}

void
show_change(struct review *r, int host, struct change *c)
{
	enum verdict v;

	v = host == -1 ? VERDICT_READY : apply_judge(r, host, c);
	/* such bits are to be seen, though nothing comes of them */
	if (v == VERDICT_SAME && (c->marks & MARK_SETUID) == 0)
		return;
	show_line(c, v == VERDICT_CONFLICT);
	if (contents)
		show_contents(r, host, c);
}

void
show_line(const struct change *c, int conflict)
{
	show_kind(c);
	tree_print(stdout, c->path, strlen(c->path), "");
	if (c->target != NULL) {
		(void)printf(" -> ");
		tree_print(stdout, c->target, strlen(c->target), "");
	}
	show_marks(c, conflict);
	(void)putchar('\n');
}

static void
show_kind(const struct change *c)
{
	static const char *const kinds[] = { "new", "changed", "mode",
	    "deleted" };

	(void)printf("%-8s ", kinds[c->kind]);
}

static void
show_marks(const struct change *c, int conflict)
{
	static const struct {
		int		 mark;
		const char	*text;
	} marks[] = {
		{ MARK_SPECIAL, "no file, directory or link" },
		{ MARK_SETUID, "setuid or setgid, which is not taken over" },
		{ MARK_EXECUTED, "the host may execute it" },
		{ MARK_EXECUTABLE, "executable" },
		{ MARK_OUTSIDE, "leads out of the workspace" }
	};
	const char *separator;
	size_t i;

	separator = ": ";
	if (c->entry != NULL && c->kind == CHANGE_CHANGED &&
	    ((c->entry->was.mode ^ c->now.mode) & S_IFMT) != 0) {
		(void)printf("%sa %s before, now a %s", separator,
		    type_text(c->entry->was.mode), type_text(c->now.mode));
		separator = ", ";
	} else if (c->entry != NULL && c->kind != CHANGE_DELETED &&
	    ((c->entry->was.mode ^ c->now.mode) & 07777) != 0) {
		(void)printf("%smode %04o, now %04o", separator,
		    (unsigned int)(c->entry->was.mode & 07777),
		    (unsigned int)(c->now.mode & 07777));
		separator = ", ";
	} else if (c->kind != CHANGE_DELETED && S_ISDIR(c->now.mode)) {
		(void)printf("%sa directory", separator);
		separator = ", ";
	}
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (c->marks & marks[i].mark) {
			(void)printf("%s%s", separator, marks[i].text);
			separator = ", ";
		}
	if (c->guard != 0) {
		(void)printf("%sprotected", separator);
		separator = ", ";
	}
	if (conflict)
		(void)printf("%schanged in the workspace as well", separator);
}

static const char *
type_text(mode_t mode)
{
	return (S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "directory" :
	    S_ISLNK(mode) ? "link" : "special file");
}

int
show_is_temporary(const char *path)
{
	const char *name;

	name = strrchr(path, '/');
	return (strcmp(name == NULL ? path : name + 1, APPLY_TEMP) == 0);
}

/*
 * The bytes of a file, here and in the copy.
 */
static void
show_contents(struct review *r, int host, struct change *c)
{
	const char *why;
	int new, old;

	why = NULL;
	old = new = -1;
	if (c->kind == CHANGE_MODE ||
	    (c->kind != CHANGE_DELETED && !S_ISREG(c->now.mode)) ||
	    (c->kind == CHANGE_DELETED && !S_ISREG(c->entry->was.mode)))
		return;
	old = c->kind == CHANGE_NEW || host == -1 ||
	    !S_ISREG(c->entry->was.mode) ? open_null() :
	    open_contents(host, c->path, &why);
	if (why == NULL)
		new = c->kind == CHANGE_DELETED ? open_null() :
		    open_contents(r->tree, c->path, &why);
	if (why != NULL)
		(void)printf("%s\n", why);
	else
		run_diff(old, new);
	if (old != -1)
		close(old);
	if (new != -1)
		close(new);
}

static int
open_null(void)
{
	int fd;

	if ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1)
		err(EX_OSERR, "/dev/null");
	return (fd);
}

/* A file that can be shown, or why it cannot. */
static int
open_contents(int root, const char *path, const char **why)
{
	static char buf[BINARY_LOOK], text[64];
	struct stat st;
	const char *name;
	ssize_t n;
	int dir, fd;

	fd = -1;
	if ((dir = tree_parent(root, path, &name)) != -1) {
		fd = tree_file(dir, name, &st);
		close(dir);
	}
	if (fd == -1) {
		(void)snprintf(text, sizeof(text), "(cannot be read: %s)",
		    strerror(errno));
		*why = text;
		return (-1);
	}
	n = pread(fd, buf, sizeof(buf), 0);
	if (st.st_size > SHOWN_MAX || (n > 0 &&
	    memchr(buf, '\0', (size_t)n) != NULL)) {
		(void)snprintf(text, sizeof(text), "(%s, %lld bytes)",
		    st.st_size > SHOWN_MAX ? "too long to be shown" :
		    "binary", (long long)st.st_size);
		*why = text;
	}
	return (fd);
}

static void
run_diff(int old, int new)
{
	int p[2], status;
	pid_t pid;

	(void)fflush(stdout);
	if (pipe(p) == -1)
		err(EX_OSERR, "pipe");
	switch (pid = fork()) {
	case -1:
		err(EX_OSERR, "fork");
	case 0:
		if (dup2(p[1], STDOUT_FILENO) == -1 ||
		    (old = fcntl(old, F_DUPFD, 10)) == -1 ||
		    (new = fcntl(new, F_DUPFD, 10)) == -1 ||
		    dup2(old, 3) == -1 || dup2(new, 4) == -1)
			_exit(2);
		closefrom(5);
		(void)execl(DIFF, "diff", "-u", "-a", "-L", "before", "-L",
		    "after", "/dev/fd/3", "/dev/fd/4", (char *)NULL);
		_exit(2);
	}
	close(p[1]);
	pass_diff(p[0]);
	close(p[0]);
	if (waitpid(pid, &status, 0) == -1 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 1)
		(void)printf("(%s failed)\n", DIFF);
}

/* Two lines name what we have named already. */
static void
pass_diff(int fd)
{
	FILE *f;
	char *line;
	size_t size;
	ssize_t len;
	int n;

	if ((fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1 ||
	    (f = fdopen(fd, "r")) == NULL)
		err(EX_OSERR, NULL);
	line = NULL;
	size = 0;
	for (n = 0; (len = getline(&line, &size, f)) != -1; n++)
		if (n >= 2)
			tree_print(stdout, line, (size_t)len, "\t\n");
	free(line);
	(void)fclose(f);
}
