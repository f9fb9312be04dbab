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
 * Reviews on the command line.  They are the user's own files: no daemon is
 * asked, and nothing is done with other rights than the user's.
 */

#include <sys/types.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "review.h"
#include "workspace.h"

#define PATHS_MAX	1000	/* on a command line */
#define END_FD		3
#define DROP_TRIES	40	/* twenty a second */

static void	 open_named(struct review *, int, char **, int);
static void	 diff_confine(const struct review *, int);
static void	 check_name(const char *);
static void	 add_path(const char *);
static void	 choose(struct review *);
static int	 covers(const char *, const char *);
static void	 load(struct review *);
static int	 say_unseen(const struct review *);
static int	 say_unused(void);
static void	 apply_all(struct review *, int, int);
static void	 apply_one(struct review *, int, int, struct change *);
static void	 refuse(struct change *, const char *);
static void	 refuse_path(const char *, const char *);
static void	 refuse_guarded(struct change *);
static int	 apply_end(struct review *);
static void	 ask_drop(struct review *);
static __dead void end_run(int);

static char	 paths[PATHS_MAX][PATH_MAX];	/* below the workspace */
static int	 used[PATHS_MAX];		/* they name a change */
static size_t	 npaths;
static int	 end_fd = -1;		/* to the process that tells the end */

/*
 * Commands.
 */

void
client_diff(int argc, char *argv[])
{
	struct review r;
	int host, list;
	size_t i;

	list = 0;
	while (client_option(argc, argv, "+:l") != -1)
		list = 1;
	open_named(&r, argc, argv, LOCK_SH);
	host = tree_dir(AT_FDCWD, r.origin);
	if (host == -1)
		warn("%s", r.origin);
	diff_confine(&r, list);
	show_contents_too(!list);
	load(&r);
	choose(&r);
	for (i = 0; i < r.nchanges; i++)
		if (r.changes[i].chosen)
			show_change(&r, host, &r.changes[i]);
	client_flush();
	exit(say_unseen(&r) | say_unused());
}

/*
 * diff(1) has this process's view, and gets what to read as descriptors.
 */
static void
diff_confine(const struct review *r, int list)
{
	static const char *const programs[] = { "/usr", "/bin", "/lib",
	    "/lib64", NULL };
	char dir[PATH_MAX];
	size_t i;

	if (review_path(dir, r->name, "") == -1 || unveil(dir, "r") == -1 ||
	    (unveil(r->origin, "r") == -1 && errno != ENOENT))
		err(EX_OSERR, "unveil");
	for (i = 0; !list && programs[i] != NULL; i++)
		if (unveil(programs[i], "rx") == -1 && errno != ENOENT)
			err(EX_OSERR, "unveil");
	if (!list && (unveil("/etc", "r") == -1 ||
	    unveil("/dev", "r") == -1 || unveil("/proc", "r") == -1))
		err(EX_OSERR, "unveil");
	/* rpath: both trees; proc, exec: diff(1) */
	if (pledge(list ? "stdio rpath" : "stdio rpath proc exec", NULL) ==
	    -1)
		err(EX_OSERR, "pledge");
}

void
client_apply(int argc, char *argv[])
{
	char dir[PATH_MAX];
	struct review r;
	int force, host;

	force = 0;
	while (client_option(argc, argv, "+:f") != -1)
		force = 1;
	open_named(&r, argc, argv, LOCK_EX);
	host = tree_dir(AT_FDCWD, r.origin);
	if (host == -1)
		err(EX_NOINPUT, "%s", r.origin);
	(void)umask(0);
	/*
	 * rpath: what there is; wpath, cpath, fattr: the workspace, and what
	 * is known of it
	 */
	if (review_path(dir, r.name, "") == -1 ||
	    unveil(dir, "rwc") == -1 || unveil(r.origin, "rwc") == -1 ||
	    pledge("stdio rpath wpath cpath fattr", NULL) == -1)
		err(EX_OSERR, "pledge");
	load(&r);
	choose(&r);
	apply_all(&r, host, force);
	exit(apply_end(&r) | say_unseen(&r) | say_unused());
}

void
client_drop(int argc, char *argv[])
{
	const struct timespec pause = { 0, 50000000 };
	char base[PATH_MAX];
	struct review r;
	int tries;

	if (client_option(argc, argv, "+:") != -1 || argc - optind > 1)
		client_usage(argv[0]);
	open_named(&r, argc, argv, LOCK_EX);
	/* one that has ended may just be tidied up */
	for (tries = 0; flock(r.tree, LOCK_EX | LOCK_NB) == -1; tries++) {
		if (tries == DROP_TRIES)
			errx(EX_TEMPFAIL, "review %s: a session works on it; "
			    "stop it first", r.name);
		(void)nanosleep(&pause, NULL);
	}
	/* nothing else is changed, whatever is in there */
	if (review_path(base, "", "") == -1 || unveil(base, "rwc") == -1 ||
	    unveil("/proc", "r") == -1 || unveil(NULL, NULL) == -1)
		err(EX_OSERR, "unveil");
	ask_drop(&r);
	if (review_drop(&r) == -1)
		err(EX_CANTCREAT, "review %s", r.name);
	exit(0);
}

/*
 * Of what was not taken over one line says how much it is.  It must be
 * possible to get rid of any.
 */
static void
ask_drop(struct review *r)
{
	int c, first, known;

	known = review_load(r) == 0 && review_compare(r) == 0;
	if (known && r->nchanges == 0 && r->unseen.n == 0)
		return;
	(void)fprintf(stderr, "%s: review %s: %zu%s changes that are not "
	    "taken over", getprogname(), r->name, r->nchanges,
	    known && r->unseen.n == 0 ? "" : " or more");
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, " are dropped\n");
		return;
	}
	(void)fprintf(stderr, ".  Drop them? [y/N] ");
	for (first = c = getchar(); c != '\n' && c != EOF; )
		c = getchar();
	if (first != 'y' && first != 'Y')
		errx(EX_CANTCREAT, "not dropped");
}

/*
 * The review that the first argument names, or the one of this directory; the
 * others are paths.
 */
static void
open_named(struct review *r, int argc, char *argv[], int lock)
{
	char cwd[PATH_MAX];
	int i;

	i = optind;
	if (i < argc && strcmp(argv[i - 1], "--") != 0 &&
	    review_open(r, argv[i]) == 0)
		check_name(argv[i++]);
	else if (realpath(".", cwd) == NULL)
		err(EX_NOINPUT, ".");
	else if (review_find(r, cwd) == -1) {
		if (i < argc)
			text_clean(argv[i]);
		errx(EX_UNAVAILABLE, i < argc ? "no review %s, and none of "
		    "this directory" : "no review of this directory",
		    argv[i]);
	}
	for (; i < argc; i++)
		add_path(argv[i]);
	while (flock(r->dir, lock) == -1)
		if (errno != EINTR)
			err(EX_OSERR, "review %s", r->name);
}

/*
 * A path that is called like a review must not be taken for all of that.
 */
static void
check_name(const char *name)
{
	char cwd[PATH_MAX];
	struct review here;
	struct stat st;

	if (realpath(".", cwd) == NULL || review_find(&here, cwd) == -1)
		return;
	if (fstatat(here.tree, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	    lstat(name, &st) == 0)
		errx(EX_USAGE, "%s: a review, and a path here: say ./%s, or "
		    "nothing", name, name);
	review_close(&here);
}

static void
add_path(const char *arg)
{
	if (npaths == PATHS_MAX)
		errx(EX_USAGE, "more than %d paths", PATHS_MAX);
	if (path_join(paths[npaths], sizeof(paths[npaths]), "", arg) == -1) {
		refuse_path(arg, "not a path in a workspace");
		exit(EX_USAGE);
	}
	npaths++;
}

static void
load(struct review *r)
{
	if (review_load(r) == -1)
		err(EX_DATAERR, "review %s: what it was made of", r->name);
	if (review_compare(r) == 0)
		return;
	if (errno == E2BIG)
		errx(EX_DATAERR, "review %s: more than %d changes", r->name,
		    REVIEW_ENTRIES);
	err(EX_DATAERR, "review %s", r->name);
}

/*
 * What the paths name, and the new directories that this is in; all, if there
 * are none.  What is protected has been named if a path says so itself.
 */
static void
choose(struct review *r)
{
	struct change *c;
	size_t i, j;

	for (i = 0; i < r->nchanges; i++) {
		c = &r->changes[i];
		c->chosen = npaths == 0;
		for (j = 0; j < npaths; j++) {
			if (covers(paths[j], c->path)) {
				c->chosen = used[j] = 1;
				c->named |= strlen(paths[j]) >= c->guard;
			} else if (c->kind == CHANGE_NEW &&
			    S_ISDIR(c->now.mode) && covers(c->path, paths[j]))
				c->chosen = c->named = 1;
		}
	}
}

/* Is it this path, or in it?  All is in the empty one. */
static int
covers(const char *path, const char *other)
{
	size_t len;

	len = strlen(path);
	return (len == 0 || (strncmp(path, other, len) == 0 &&
	    (other[len] == '\0' || other[len] == '/')));
}

static int
say_unseen(const struct review *r)
{
	size_t i;

	for (i = 0; i < r->unseen.n; i++)
		refuse_path(r->unseen.v[i], "cannot be looked at, and is not "
		    "taken over");
	return (r->unseen.n > 0);
}

static int
say_unused(void)
{
	size_t i;
	int status;

	status = 0;
	for (i = 0; i < npaths; i++)
		if (!used[i]) {
			refuse_path(paths[i], "no change");
			status = 1;
		}
	return (status);
}

/*
 * What is in a directory goes before it does, and comes after it; the rights
 * to a directory come last, as they may be none.
 */
static void
apply_all(struct review *r, int host, int force)
{
	struct change *c;
	size_t i;

	for (i = r->nchanges; i-- > 0; ) {
		c = &r->changes[i];
		if (c->kind == CHANGE_DELETED)
			apply_one(r, host, force, c);
	}
	for (i = 0; i < r->nchanges; i++) {
		c = &r->changes[i];
		if (c->kind == CHANGE_NEW || c->kind == CHANGE_CHANGED ||
		    (c->kind == CHANGE_MODE && !S_ISDIR(c->now.mode)))
			apply_one(r, host, force, c);
	}
	for (i = r->nchanges; i-- > 0; ) {
		c = &r->changes[i];
		if (c->kind == CHANGE_MODE && S_ISDIR(c->now.mode))
			apply_one(r, host, force, c);
	}
}

static void
apply_one(struct review *r, int host, int force, struct change *c)
{
	enum verdict v;

	if (!c->chosen)
		return;
	if (c->marks & MARK_SPECIAL)
		refuse(c, "no file, directory or link, and is not taken over");
	else if (show_is_temporary(c->path))
		refuse(c, "a name that only apply uses");
	else if (c->guard != 0 && !c->named)
		refuse_guarded(c);
	else if ((v = apply_judge(r, host, c)) == VERDICT_CONFLICT && !force)
		refuse(c, "changed in the workspace as well: -f takes it over "
		    "all the same");
	else if (v != VERDICT_SAME && apply_change(r, host, c) == -1)
		refuse(c, strerror(errno));
	else {
		c->done = 1;
		if (v != VERDICT_SAME)
			show_line(c, 0);
	}
}

static void
refuse(struct change *c, const char *why)
{
	c->failed = 1;
	refuse_path(c->path, why);
}

static void
refuse_path(const char *path, const char *why)
{
	(void)fprintf(stderr, "%s: ", getprogname());
	tree_print(stderr, path, strlen(path), "");
	(void)fprintf(stderr, ": %s\n", why);
}

/* Once for all that is in it. */
static void
refuse_guarded(struct change *c)
{
	static const struct change *last;

	c->failed = 1;
	if (last == NULL || last->guard != c->guard ||
	    strncmp(last->path, c->path, c->guard) != 0) {
		(void)fprintf(stderr, "%s: ", getprogname());
		tree_print(stderr, c->path, c->guard, "");
		(void)fprintf(stderr, ": protected: name it to take it "
		    "over\n");
	}
	last = c;
}

/* Remembers what was taken over; 1 if something was not. */
static int
apply_end(struct review *r)
{
	size_t i;
	int failed, pass;

	failed = 0;
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < r->nchanges; i++) {
			failed |= r->changes[i].failed;
			if (r->changes[i].done &&
			    (r->changes[i].kind == CHANGE_NEW) == pass &&
			    apply_record(r, &r->changes[i]) == -1)
				err(EX_OSERR, NULL);
		}
	if (review_save(r) == -1)
		err(EX_CANTCREAT, "review %s", r->name);
	client_flush();
	return (failed);
}

/*
 * A session that is about to start.
 */

/*
 * The copy of a workspace for an agent to work on, whose path takes the place
 * of the workspace's: the one that there is, or a new one, if nothing in that
 * is left to be taken over.  It is locked, for as long as somebody has the
 * descriptor.
 */
int
review_begin(char path[PATH_MAX], const char *name, int from)
{
	struct review r;

	if (review_find(&r, path) == -1)
		review_make(&r, name, path, from);
	else if (flock(r.tree, LOCK_EX | LOCK_NB) == 0) {
		load(&r);
		if (r.nchanges > 0 || r.unseen.n > 0)
			warnx("review %s: goes on, with %zu changes that are "
			    "not taken over", r.name, r.nchanges);
		else {
			if (review_drop(&r) == -1)
				err(EX_CANTCREAT, "review %s", r.name);
			review_close(&r);
			review_make(&r, name, path, from);
		}
	}
	if (flock(r.tree, LOCK_SH) == -1 ||
	    review_path(path, r.name, "tree") == -1)
		err(EX_OSERR, "review %s", r.name);
	review_prepare();
	return (r.tree);
}

/*
 * At the end of a session the client may open nothing any more: a process
 * that can waits to be told whose session it was, and tells what came of it.
 */
void
review_prepare(void)
{
	int base;

	if (end_fd != -1 || (base = review_base(0)) == -1)
		return;
	close(base);
	end_fd = helper_start(end_run);
}

static __dead void
end_run(int s)
{
	char origin[PATH_MAX];
	struct review r;
	ssize_t n;
	size_t len;

	(void)setsid();
	(void)signal(SIGHUP, SIG_IGN);
	/* nor is the copy locked by us */
	if (s != END_FD && dup2(s, END_FD) == -1)
		_exit(1);
	s = END_FD;
	closefrom(END_FD + 1);
	setproctitle("review");
	for (len = 0; len < sizeof(origin) - 1; len += (size_t)n)
		if ((n = read(s, origin + len, sizeof(origin) - 1 - len)) <= 0)
			break;
	origin[len] = '\0';
	if (len == 0 || review_find(&r, origin) == -1)
		_exit(0);
	/* rpath: the review */
	if (pledge("stdio rpath", NULL) == -1)
		err(EX_OSERR, "pledge");
	load(&r);
	if (r.nchanges == 0)
		warnx("review %s: nothing has changed", r.name);
	else {
		text_clean(r.origin);
		warnx("review %s: %zu changes, none of them in %s: \"%s "
		    "diff %s\" shows them, \"apply %s\" takes them over, "
		    "\"drop %s\" forgets them", r.name, r.nchanges, r.origin,
		    getprogname(), r.name, r.name, r.name);
	}
	_exit(0);
}

/* Waits until that is told. */
void
review_end(const char *origin)
{
	char c;

	if (end_fd == -1 || origin[0] == '\0')
		return;
	if (write(end_fd, origin, strlen(origin)) == -1 ||
	    shutdown(end_fd, SHUT_WR) == -1)
		return;
	while (read(end_fd, &c, 1) > 0)
		;
}
