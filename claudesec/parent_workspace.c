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
 * Of the parent: which directory may be a workspace, whose it is, and what of
 * the user's own goes with it.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"

#define PENDING_MAX	1024	/* workspaces asked about, or pinned */

struct pending {
	uint32_t		 id;
	uid_t			 uid;
	gid_t			 gid;
	struct workspace_answer	 wa;	/* once it is being pinned */
	TAILQ_ENTRY(pending)	 entry;
};

static const char *workspace_engine(const char *);
static void	 parent_answer(struct pending *,
		    const struct workspace_answer *);
static void	 parent_login(const struct pending *,
		    struct workspace_answer *);
static void	 parent_share(const struct pending *,
		    struct workspace_answer *);
static const char *workspace_check(const struct pending *, int, char *,
		    struct stat *);
static const char *workspace_judge(const char *, const struct stat *);
static const char *workspace_others(const char *, int);
static int	 workspace_leads(const char *, struct stat *);
static int	 workspace_find(const char *);
static int	 workspace_name(int, char *);
static int	 workspace_holds(const char *, const char *);

static TAILQ_HEAD(, pending) pending = TAILQ_HEAD_INITIALIZER(pending);
static unsigned int npending;

/*
 * Whose workspace the next message under this id is about, says the kernel.
 */
int
parent_handle_client(struct imsg *imsg)
{
	struct pending *pe;
	int fd;

	TAILQ_FOREACH(pe, &pending, entry)
		if (pe->id == imsg_get_id(imsg))
			return (-1);
	if (npending == PENDING_MAX || (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	if ((pe = calloc(1, sizeof(*pe))) == NULL)
		fatal("calloc");
	pe->id = imsg_get_id(imsg);
	if (getpeereid(fd, &pe->uid, &pe->gid) == -1) {
		close(fd);
		free(pe);
		return (-1);
	}
	close(fd);
	TAILQ_INSERT_TAIL(&pending, pe, entry);
	npending++;
	return (0);
}

int
parent_handle_workspace(struct peer *p, struct imsg *imsg)
{
	struct workspace_answer wa;
	struct pending *pe;
	struct stat st;
	const char *why;
	int fd;

	(void)p;
	memset(&wa, 0, sizeof(wa));
	TAILQ_FOREACH(pe, &pending, entry)
		if (pe->id == imsg_get_id(imsg) && pe->wa.path[0] == '\0')
			break;
	if (pe == NULL ||
	    imsg_get_string(imsg, wa.path, sizeof(wa.path)) == -1 ||
	    (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	why = workspace_check(pe, fd, wa.path, &st);
	if (why != NULL)
		(void)snprintf(wa.error, sizeof(wa.error), "%.512s: %s",
		    wa.path, why);
	else {
		wa.dev = (uint64_t)st.st_dev;
		wa.ino = (uint64_t)st.st_ino;
		(void)strlcpy(wa.source, wa.path, sizeof(wa.source));
	}
	wa.uid = pe->uid == 0 ? ROOT_AS : pe->uid;
	wa.gid = pe->uid == 0 ? ROOT_AS : pe->gid;
	if (why == NULL)
		parent_login(pe, &wa);
	if (wa.error[0] == '\0')
		parent_share(pe, &wa);
	/*
	 * What another user's directory is called may change at any time, by
	 * that user's own doing; the name that it gets here does not.
	 */
	if (wa.error[0] == '\0' && pe->uid != geteuid()) {
		pe->wa = wa;
		pins_add(pe->id, fd, pe->wa.source, sizeof(pe->wa.source));
		return (0);
	}
	close(fd);
	parent_answer(pe, &wa);
	return (0);
}

/*
 * Where Claude Code keeps its login, for the user that we are; what is only
 * the default may fail.
 */
static void
parent_login(const struct pending *pe, struct workspace_answer *wa)
{
	struct stat st;
	const char *why;
	char path[PATH_MAX];

	if (current.credentials != CREDENTIALS_BROWSER &&
	    current.credentials != CREDENTIALS_DEFAULT)
		return;
	path[0] = '\0';
	if (pe->uid != geteuid())
		why = "logins are kept by a user's own daemon only";
	else
		why = login_dir(user_home, user_login, wa->uid, path, &st);
	if (why == NULL && (path_within(path, wa->path) ||
	    path_within(wa->path, path)))
		why = "not beside the workspace";
	if (why == NULL) {
		(void)strlcpy(wa->login, path, sizeof(wa->login));
		wa->login_dev = (uint64_t)st.st_dev;
		wa->login_ino = (uint64_t)st.st_ino;
	} else if (current.credentials == CREDENTIALS_DEFAULT)
		log_debug("login: %s: %s", path, why);
	else
		(void)snprintf(wa->error, sizeof(wa->error),
		    "credentials browser: %.512s%s%s", path,
		    path[0] == '\0' ? "" : ": ", why);
}

/* What is shared goes before the answer itself. */
static void
parent_share(const struct pending *pe, struct workspace_answer *wa)
{
	struct share_answer sa;
	const char *why;
	size_t i;

	for (i = 0; i < SHARES_MAX; i++) {
		if ((current.shares & (1U << i)) == 0)
			continue;
		why = NULL;
		if (pe->uid != geteuid())
			why = "a user's own daemon only can share it";
		else if (share_look(i, user_home, pe->uid, wa->login, &sa,
		    &why)) {
			grant_share(pe->id, &sa, wa);
			peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_SHARE,
			    pe->id, -1, &sa, sizeof(sa));
		}
		if (why == NULL)
			continue;
		(void)snprintf(wa->error, sizeof(wa->error),
		    "share: ~/.claude/%s: %s", shares[i].name, why);
		return;
	}
}

static void
parent_answer(struct pending *pe, const struct workspace_answer *wa)
{
	if (wa->error[0] == '\0') {
		grant_workspace(pe->id, wa);
		look_approve(pe->id, pe->uid, wa);
	}
	peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_WORKSPACE, pe->id, -1, wa,
	    sizeof(*wa));
	if (wa->error[0] == '\0' && strcmp(wa->path, wa->source) != 0)
		return;		/* it is ours until parent_handle_unpin() */
	TAILQ_REMOVE(&pending, pe, entry);
	npending--;
	free(pe);
}

int
parent_dispatch_pin(struct peer *p, struct imsg *imsg)
{
	struct pending *pe;
	uint32_t id;
	int error, got;

	(void)p;
	if ((got = pins_done(imsg, &id, &error)) != 1)
		return (got);
	TAILQ_FOREACH(pe, &pending, entry)
		if (pe->id == id)
			break;
	if (pe == NULL)
		return (-1);
	if (error != 0)
		pins_remove(id);
	if (error == EINVAL)
		(void)snprintf(pe->wa.error, sizeof(pe->wa.error),
		    "%.512s: not where the daemon sees it", pe->wa.path);
	else if (error != 0)
		(void)snprintf(pe->wa.error, sizeof(pe->wa.error),
		    "%.512s: %s", pe->wa.path, strerror(error));
	parent_answer(pe, &pe->wa);
	return (0);
}

int
parent_handle_unpin(struct imsg *imsg)
{
	struct pending *pe;

	TAILQ_FOREACH(pe, &pending, entry)
		if (pe->id == imsg_get_id(imsg) && pe->wa.path[0] != '\0')
			break;
	if (pe == NULL)
		return (-1);
	grant_revoke(pe->id);
	look_forget(pe->id);
	pins_remove(pe->id);
	TAILQ_REMOVE(&pending, pe, entry);
	npending--;
	free(pe);
	return (0);
}

/*
 * Another user's must belong to that user; what it is called is not taken
 * from its client, but from the kernel.
 */
static const char *
workspace_check(const struct pending *pe, int fd, char *path,
    struct stat *st)
{
	const char *why;

	if (pe->uid != geteuid() && !others)
		return ("belongs to another user's daemon");
	/* before its file system is asked anything */
	if (pe->uid != geteuid() && (why = mount_judge(fd)) != NULL)
		return (why);
	if (fstat(fd, st) == -1 || !S_ISDIR(st->st_mode))
		return ("not a directory");
	if (pe->uid != geteuid()) {
		if (proc_peer(ROLE_PIN) == NULL)
			return ("this system cannot hold it in its place");
		if (st->st_uid != pe->uid ||
		    (st->st_mode & S_IRWXU) != S_IRWXU)
			return ("not a directory of yours that you can "
			    "write to");
		if (workspace_name(fd, path) == -1)
			return ("not where it was; try again");
		if ((why = workspace_others(path, fd)) != NULL)
			return (why);
	}
	return (workspace_judge(path, st));
}

static int
workspace_name(int fd, char *path)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((n = readlink(link, path, PATH_MAX - 1)) == -1)
		return (-1);
	path[n] = '\0';
	return (0);
}

/*
 * Where a user's home is we do not ask, but what one holds is known.
 */
static const char *
workspace_others(const char *path, int fd)
{
	static const char *const secrets[] = { ".ssh", ".gnupg", ".aws",
	    ".docker", ".config/claudesec" };
	const char *p;
	size_t i, len;
	int found;

	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if ((found = mount_find(fd, secrets[i])) != -1)
			close(found);
		if (found != -1 || (errno != ENOENT && errno != ENOTDIR))
			return ("holds what the agent must not see: a "
			    "project has a directory of its own");
		len = strlen(secrets[i]);
		for (p = path; (p = strstr(p, secrets[i])) != NULL; p++)
			if (p > path && p[-1] == '/' &&
			    (p[len] == '/' || p[len] == '\0'))
				return ("holds what the agent must not see");
	}
	return (NULL);
}

/*
 * The workspace of a session that an earlier daemon began, of this user: it is
 * judged as that of a start is.  -1: errno.
 */
int
workspace_again(const char *path, uid_t uid)
{
	struct stat st;
	char name[PATH_MAX];
	int fd, found;

	if ((found = workspace_find(path)) == -1)
		return (-1);
	fd = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(found);
	if (fd == -1)
		return (-1);
	/* what the path leads to may change meanwhile, by its user's doing */
	if (fstat(fd, &st) == -1 || (others &&
	    (workspace_name(fd, name) == -1 || strcmp(name, path) != 0)) ||
	    (uid != geteuid() && st.st_uid != uid) ||
	    workspace_judge(path, &st) != NULL) {
		close(fd);
		errno = EACCES;
		return (-1);
	}
	return (fd);
}

/* Is that what a directory is called, and which? */
static int
workspace_leads(const char *path, struct stat *st)
{
	char real[PATH_MAX];
	int error, fd;

	if (proc_peer(ROLE_PIN) == NULL)
		return (path[0] == '/' && realpath(path, real) != NULL &&
		    strcmp(path, real) == 0 && stat(path, st) == 0);
	if ((fd = workspace_find(path)) == -1)
		return (0);
	error = fstat(fd, st);
	close(fd);
	return (error == 0);
}

/*
 * The directory of this name, not by any link.  Where others have their own it
 * is not looked for in a file system that one of them answers for.
 */
static int
workspace_find(const char *path)
{
	if (proc_peer(ROLE_PIN) == NULL || strcmp(path, "/") == 0)
		return (open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC));
	errno = EINVAL;
	return (path[0] == '/' ? mount_find_in("/", path + 1) : -1);
}

/*
 * The path that the engine will mount must lead to the directory that the
 * client has open, and that directory must hold nothing that would give the
 * agent more than a project: a home, our own state, the engine's socket.
 */
static const char *
workspace_judge(const char *path, const struct stat *sd)
{
	static const char *const secrets[] = { ".ssh", ".gnupg", ".aws",
	    ".claude", ".config/claudesec", ".docker",
	    ".local/share/claudesec" };
	static const char *const kernel[] = { "/dev", "/proc", "/sys" };
	struct stat sp;
	const char *why;
	char dir[PATH_MAX];
	size_t i;
	int n;

	if (!workspace_leads(path, &sp) ||
	    sp.st_dev != sd->st_dev || sp.st_ino != sd->st_ino)
		return ("not where it was; try again");
	if (strcmp(path, "/") == 0)
		return ("the root directory cannot be a workspace");
	for (i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++)
		if (path_within(path, kernel[i]))
			return ("holds no files");
	/* who reaches systemd there or a session's bus needs no more */
	if (path_within(path, "/run/user"))
		return ("holds what programs of users listen on");
	if (path_within(user_home, path))
		return ("a directory that holds your home directory cannot be "
		    "a workspace; use one below it");
	if (path_within(sockpath, path))
		return ("holds the control socket of claudesec");
	if ((why = workspace_engine(path)) != NULL ||
	    (why = review_judge(path)) != NULL)
		return (why);
	if (workspace_holds(path, user_conf) ||
	    (confpath[0] != '\0' && workspace_holds(path, confpath)))
		return ("holds the configuration of claudesec, which the "
		    "agent could change");
	if (path_within(path, DATADIR) || workspace_holds(path, DATADIR))
		return ("holds what claudesec makes its sandboxes of");
	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		n = snprintf(dir, sizeof(dir), "%s/%s", user_home, secrets[i]);
		if (n > 0 && (size_t)n < sizeof(dir) &&
		    (path_within(path, dir) || workspace_holds(path, dir)))
			return ("holds what the agent must not see");
	}
	return (NULL);
}

static const char *
workspace_engine(const char *path)
{
	const char *socket;
	size_t i;

	for (i = 0; (socket = engine_usual(i)) != NULL; i++)
		if (socket[0] != '\0' && workspace_holds(path, socket))
			return ("holds the socket of the engine");
	if (current.engine[0] != '\0' && workspace_holds(path,
	    current.engine))
		return ("holds the socket of the engine");
	return (NULL);
}

/*
 * Is the file in the workspace, as it is spelt or where that leads to?
 */
static int
workspace_holds(const char *path, const char *file)
{
	char real[PATH_MAX];

	return (path_within(file, path) ||
	    (realpath(file, real) != NULL && path_within(real, path)));
}
