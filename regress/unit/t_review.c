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
 * What of a review's changes is protected, and what changes there are, in a
 * copy that is made here.
 */

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../claudesec/review.h"
#include "../../claudesec/workspace.h"
#include "unit.h"

/* what conf.c has and these tests do not need */
const char *const config_protected[] = { ".git", ".gitmodules", ".vscode",
	    ".claude/settings.json", ".claude/hooks", ".envrc", NULL };

static char	 top[] = "/tmp/claudesec-review.XXXXXX";

static void	 make(const char *, const char *);
static void	 open_tree(struct review *, const char *);
static void	 take(struct review *, int, const char *);
static const struct change *find(const struct review *, const char *);
static void	 test_guard(void);
static void	 test_compare(void);
static void	 test_manifest(void);
static void	 test_tree(void);
static void	 test_print(void);
static void	 test_judge(void);
static void	 test_meanwhile(void);
static void	 test_meanwhile_git(void);
static void	 test_no_room(void);

int
main(void)
{
	char command[64];

	if (mkdtemp(top) == NULL || chdir(top) == -1)
		err(1, "%s", top);
	test_guard();
	test_compare();
	test_manifest();
	test_tree();
	test_print();
	test_judge();
	test_meanwhile();
	test_meanwhile_git();
	test_no_room();
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	(void)!system(command);
	return (unit_failed);
}

/* A file, or with NULL a directory, in that. */
static void
make(const char *path, const char *text)
{
	FILE *f;

	if (text == NULL) {
		if (mkdir(path, 0755) == -1)
			err(1, "%s", path);
		return;
	}
	if ((f = fopen(path, "w")) == NULL || fputs(text, f) == EOF ||
	    fclose(f) == EOF)
		err(1, "%s", path);
}

static void
open_tree(struct review *r, const char *tree)
{
	memset(r, 0, sizeof(*r));
	r->dir = open(".", O_RDONLY | O_DIRECTORY);
	r->tree = open(tree, O_RDONLY | O_DIRECTORY);
	if (r->dir == -1 || r->tree == -1)
		err(1, "%s", tree);
}

/* What there is is what was there when the copy was made. */
static void
take(struct review *r, int dir, const char *path)
{
	const char *name;
	struct object o;
	struct stat st;
	int parent;

	if ((parent = tree_parent(dir, path, &name)) == -1 ||
	    fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		err(1, "%s", path);
	object_set(&o, &st);
	if (object_sum(&o, parent, name) == -1 ||
	    review_add(r, path, &o) == NULL)
		err(1, "%s", path);
	close(parent);
	review_sort(r);
}

static const struct change *
find(const struct review *r, const char *path)
{
	size_t i;

	for (i = 0; i < r->nchanges; i++)
		if (strcmp(r->changes[i].path, path) == 0)
			return (&r->changes[i]);
	return (NULL);
}

static void
test_guard(void)
{
	static const struct {
		const char	*path;
		size_t		 guard;
	} tests[] = {
		{ "a", 0 }, { "src/a", 0 }, { "git", 0 }, { "a.git", 0 },
		{ ".vscode", 7 }, { ".vscode/tasks.json", 7 },
		{ ".vscodes", 0 }, { "x.vscode", 0 }, { ".VSCode/x", 7 },
		{ "sub/.vscode/x", 11 }, { "a/b/.envrc", 10 },
		{ ".claude/settings.json", 21 }, { ".claude/other", 0 },
		{ "x/.claude/hooks/y", 15 }, { ".gitmodules", 11 },
		/* a repository that was there */
		{ ".git", 0 }, { ".git/HEAD", 0 }, { ".git/index", 0 },
		{ ".git/config", 11 }, { ".git/CONFIG", 11 },
		{ ".git/config.worktree", 20 }, { ".git/configs", 0 },
		{ ".git/hooks", 10 }, { ".git/hooks/pre-commit", 10 },
		{ ".git/info/exclude", 9 }, { ".git/commondir", 14 },
		{ ".git/objects/info/alternates", 0 },
		{ ".git/refs/heads/config", 0 }, { ".git/logs/hooks", 0 },
		{ ".git/modules/x/config", 21 },
		{ ".git/modules/refs/config", 24 },
		{ ".git/modules/x/hooks/y", 20 },
		{ ".git/worktrees/w/gitdir", 23 },
		/* one that was not */
		{ "sub/.git", 8 }, { "sub/.git/index", 8 },
		{ "sub/.GIT/index", 8 }, { "bare/HEAD", 4 },
		{ "bare/objects/x", 4 }, { "bare", 4 }, { "bare2/config", 0 },
		{ ".git/objects/evil/config", 17 },
		/* one without the name that was there */
		{ "old/HEAD", 0 }, { "old/config", 10 },
		{ "old/refs/heads/hooks", 0 },
		/* one elsewhere, and one of which a part was there */
		{ "far/HEAD", 0 }, { "far/commondir", 13 },
		{ "part/HEAD", 4 }, { "part/objects", 4 }
	};
	static const char *const gits[] = { ".git/objects/evil", "bare",
	    "far", "old", "part" };
	static const char *const were[] = { ".git/HEAD", ".git/objects",
	    ".git/refs", "old/HEAD", "old/objects", "old/refs", "far/HEAD",
	    "far/commondir", "part/HEAD", "part/refs" };
	struct object o;
	struct review r;
	size_t i, n;

	memset(&r, 0, sizeof(r));
	memset(&o, 0, sizeof(o));
	r.dir = r.tree = -1;
	for (i = 0; i < sizeof(were) / sizeof(were[0]); i++)
		if (review_add(&r, were[i], &o) == NULL)
			err(1, NULL);
	review_sort(&r);
	r.gits.n = sizeof(gits) / sizeof(gits[0]);
	if ((r.gits.v = calloc(r.gits.n, sizeof(*r.gits.v))) == NULL)
		err(1, NULL);
	for (i = 0; i < r.gits.n; i++)
		if ((r.gits.v[i] = strdup(gits[i])) == NULL)
			err(1, NULL);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		n = review_guard(&r, tests[i].path);
		CASE(n == tests[i].guard, "review guard", "%s: %zu, not %zu",
		    tests[i].path, n, tests[i].guard);
	}
	review_close(&r);
}

static void
test_compare(void)
{
	static const struct {
		const char	*path;
		enum change_kind kind;
		int		 marks;
	} tests[] = {
		{ "size", CHANGE_CHANGED, 0 },
		{ "bytes", CHANGE_CHANGED, 0 },
		{ "mode", CHANGE_MODE, MARK_EXECUTABLE },
		{ "setuid", CHANGE_MODE, MARK_SETUID | MARK_EXECUTABLE },
		{ "gone", CHANGE_DELETED, 0 },
		{ "dir/gone", CHANGE_DELETED, 0 },
		{ "link", CHANGE_CHANGED, MARK_OUTSIDE },
		{ "type", CHANGE_CHANGED, 0 },
		{ "type/in", CHANGE_NEW, 0 },
		{ "Makefile", CHANGE_NEW, MARK_EXECUTED },
		{ "up", CHANGE_NEW, MARK_OUTSIDE },
		{ "fifo", CHANGE_NEW, MARK_SPECIAL }
	};
	static const char *const before[] = { "size", "bytes", "mode",
	    "setuid", "gone", "dir", "dir/gone", "link", "type", "same",
	    "touched", "shut", "shut/in" };
	const struct change *c;
	struct review r;
	size_t i;

	make("tree", NULL);
	make("tree/dir", NULL);
	make("tree/shut", NULL);
	for (i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "tree/%s", before[i]);
		if (access(path, F_OK) == -1)
			make(path, "before");
	}
	(void)unlink("tree/link");
	(void)!symlink("same", "tree/link");
	open_tree(&r, "tree");
	for (i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		take(&r, r.tree, before[i]);
	(void)chdir("tree");
	make("size", "longer than before");
	make("bytes", "BEFORE");
	make("touched", "before");
	(void)chmod("mode", 0755);
	(void)chmod("setuid", 04755);
	(void)unlink("gone");
	(void)unlink("dir/gone");
	(void)unlink("link");
	(void)!symlink("/etc/passwd", "link");
	(void)unlink("type");
	make("type", NULL);
	make("type/in", "x");
	make("Makefile", "all:");
	(void)!symlink("dir/../../x", "up");
	(void)mkfifo("fifo", 0644);
	(void)rename("shut", "moved");
	(void)chdir("..");
	CASE(review_compare(&r) == 0, "review compare", "failed");
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		c = find(&r, tests[i].path);
		CASE(c != NULL && c->kind == tests[i].kind &&
		    c->marks == tests[i].marks, "review compare",
		    "%s: kind %d, marks %#x", tests[i].path,
		    c == NULL ? -1 : (int)c->kind,
		    c == NULL ? 0 : (unsigned int)c->marks);
	}
	CASE(find(&r, "same") == NULL && find(&r, "touched") == NULL &&
	    find(&r, "dir") == NULL, "review compare", "sees too much");
	CASE(find(&r, "shut/in") != NULL && find(&r, "moved/in") != NULL,
	    "review compare", "does not see a directory that was moved");
	review_close(&r);
}

/* As it was written it is read. */
static void
test_manifest(void)
{
	static const char *const names[] = { " blank", "new\nline", "\377",
	    "a", "a b ", "0 1 2" };
	struct review r;
	char path[64];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "tree/%s", names[i]);
		make(path, names[i]);
	}
	open_tree(&r, "tree");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		take(&r, r.tree, names[i]);
	CASE(review_save(&r) == 0, "review save", "failed");
	review_close(&r);
	open_tree(&r, "tree");
	CASE(review_load(&r) == 0 && r.entries.n == i, "review load",
	    "%zu entries, not %zu", r.entries.n, i);
	(void)review_compare(&r);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CASE(review_entry(&r, names[i]) != NULL &&
		    find(&r, names[i]) == NULL, "review load", "\"%s\"",
		    names[i]);
	review_close(&r);
	make("manifest", "100644 1 2 3 4 - x");
	open_tree(&r, "tree");
	CASE(review_load(&r) == 0, "review load", "no NUL at its end");
	review_close(&r);
	make("manifest", "100644 1 2 3 4 zz x");
	open_tree(&r, "tree");
	CASE(review_load(&r) == -1, "review load", "takes a sum that is none");
	review_close(&r);
}

/* Nothing leads out of a tree, nor holds who looks at it. */
static void
test_tree(void)
{
	struct stat st;
	const char *name;
	int fd;

	make("out", NULL);
	make("out/file", "outside");
	make("in", NULL);
	make("in/file", "inside");
	(void)!symlink("../out", "in/dir");
	(void)!symlink("../out/file", "in/link");
	(void)mkfifo("in/fifo", 0644);
	if ((fd = open("in", O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "in");
	(void)alarm(60);
	CASE(tree_dir(fd, "dir") == -1, "review tree", "follows a link");
	CASE(tree_parent(fd, "dir/file", &name) == -1, "review tree",
	    "follows a link on its way");
	CASE(tree_file(fd, "link", &st) == -1, "review tree",
	    "follows a link to a file");
	CASE(tree_file(fd, "fifo", &st) == -1, "review tree", "reads a fifo");
	CASE(tree_file(fd, "dir", &st) == -1, "review tree", "reads a link");
	CASE(tree_file(fd, "file", &st) != -1, "review tree",
	    "does not read a file");
	CASE(tree_parent(fd, "file", &name) != -1 &&
	    strcmp(name, "file") == 0, "review tree", "the last part: %s",
	    name);
	CASE(tree_remove(AT_FDCWD, "in") == 0 && access("in", F_OK) == -1 &&
	    access("out/file", F_OK) == 0, "review tree", "removes otherwise");
	(void)alarm(0);
}

static void
test_print(void)
{
	static const struct {
		const char	*text, *shown;
	} tests[] = {
		{ "plain text", "plain text" }, { "a\nb", "a\\012b" },
		{ "\033[31m", "\\033[31m" }, { "\177", "\\177" },
		{ "\377\376", "\\377\\376" }, { "tab\t", "tab\\011" },
		{ "\302\233m", "\\302\\233m" }
	};
	char buf[64];
	FILE *f;
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		memset(buf, 0, sizeof(buf));
		if ((f = fmemopen(buf, sizeof(buf), "w")) == NULL)
			err(1, NULL);
		tree_print(f, tests[i].text, strlen(tests[i].text), "");
		(void)fclose(f);
		CASE(strcmp(buf, tests[i].shown) == 0, "review print",
		    "\"%s\", not \"%s\"", buf, tests[i].shown);
	}
}

static void
test_judge(void)
{
	static const struct {
		const char	*path;
		int		 good;
	} tests[] = {
		{ "/state/claudesec/review/x/tree", 1 },
		{ "/state/claudesec/review/x/tree/y", 0 },
		{ "/state/claudesec/review/x", 0 },
		{ "/state/claudesec/review/.new/tree", 0 },
		{ "/state/claudesec/review", 0 }, { "/state/claudesec", 0 },
		{ "/state/claudesec/review/x/y/tree", 0 },
		{ "/state", 0 }, { "/", 0 }, { "/statement", 1 },
		{ "/home/u/.local/state/claudesec/review/x/tree", 1 },
		{ "/home/u/.local/state/claudesec/review/x", 0 },
		{ "/home/u/.local/state/claudesec", 0 },
		{ "/home/u/.local/state/claudesecs", 1 }
	};
	char path[PATH_MAX];
	const char *why;
	size_t i;

	make("state", NULL);
	(void)snprintf(path, sizeof(path), "%s/state", top);
	if (setenv("XDG_STATE_HOME", path, 1) == -1)
		err(1, NULL);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s",
		    strncmp(tests[i].path, "/home", 5) == 0 ? "" : top,
		    strcmp(tests[i].path, "/") == 0 ? "" : tests[i].path);
		why = review_judge(path);
		CASE((why == NULL) == tests[i].good, "review judge", "%s: %s",
		    tests[i].path, why == NULL ? "good" : why);
	}
}

/* What the agent did after it was looked at is not taken over unsaid. */
static void
test_meanwhile(void)
{
	struct change *c;
	struct review r;
	struct stat st;
	char target[16];
	ssize_t n;
	size_t i;
	int host;

	make("while", NULL);
	make("while/file", "new");
	make("host", NULL);
	(void)!symlink("file", "while/link");
	open_tree(&r, "while");
	if ((host = open("host", O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "host");
	CASE(review_compare(&r) == 0 && r.nchanges == 2, "review meanwhile",
	    "%zu changes", r.nchanges);
	(void)unlink("while/link");
	(void)!symlink("/etc/passwd", "while/link");
	(void)chmod("while/file", 0755);
	for (i = 0; i < r.nchanges; i++) {
		c = &r.changes[i];
		CASE(apply_change(&r, host, c) == 0 &&
		    apply_record(&r, c) == 0, "review meanwhile", "%s",
		    c->path);
	}
	n = readlink("host/link", target, sizeof(target) - 1);
	target[n == -1 ? 0 : n] = '\0';
	c = &r.changes[1];
	CASE(strcmp(c->target, target) == 0 &&
	    (c->marks & MARK_OUTSIDE) != 0, "review meanwhile",
	    "a link to %s is shown as one to %s, marks %#x", target,
	    c->target, (unsigned int)c->marks);
	CASE(stat("host/file", &st) == 0 && (st.st_mode & 0777) == 0644,
	    "review meanwhile", "mode %04o", (unsigned int)st.st_mode & 0777);
	c = &r.changes[0];
	CASE((c->now.mode & 0777) == 0644, "review meanwhile",
	    "the mode is no change any more");
	close(host);
	review_close(&r);
}

/* The name comes and goes: if it is seen there is a repository. */
static void
test_meanwhile_git(void)
{
	const struct change *c;
	struct review r;
	pid_t pid;
	int bad, i;

	make("flips", NULL);
	make("flips/x", NULL);
	make("flips/x/objects", NULL);
	make("flips/x/refs", NULL);
	make("flips/x/HEAD", "ref: refs/heads/main");
	make("flips/x/config", "[core]");
	if ((pid = fork()) == -1)
		err(1, "fork");
	while (pid == 0) {
		(void)rename("flips/x/HEAD", "flips/away");
		(void)rename("flips/away", "flips/x/HEAD");
	}
	for (bad = i = 0; i < 2000; i++) {
		open_tree(&r, "flips");
		if (review_compare(&r) == -1)
			err(1, "flips");
		c = find(&r, "x/HEAD");
		bad += c != NULL && c->guard == 0;
		review_close(&r);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	CASE(bad == 0, "review meanwhile, git", "%d of %d times", bad, i);
}

/* Of a file for which there is too little room the reason is that. */
static void
test_no_room(void)
{
	struct rlimit old, new;
	int error, from, to;

	make("whole", "more than there is room for");
	if ((from = open("whole", O_RDONLY)) == -1 ||
	    (to = open("part", O_WRONLY | O_CREAT, 0600)) == -1 ||
	    getrlimit(RLIMIT_FSIZE, &old) == -1)
		err(1, "whole");
	new = old;
	new.rlim_cur = 10;
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &new) == -1)
		err(1, "setrlimit");
	errno = 0;
	error = tree_copy(from, to) == 0 ? 0 : errno;
	(void)setrlimit(RLIMIT_FSIZE, &old);
	CASE(error == EFBIG, "review no room", "%s", strerror(error));
	close(from);
	close(to);
}
