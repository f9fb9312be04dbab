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
 * The workspace process.  It makes a process of its own for each session,
 * which has the directory of that as its current one, and a channel to engine,
 * and gives up all other rights: it becomes the session's owner, reads what
 * configuration of git's that one has elsewhere, and then sees nothing but that
 * directory.  There it finds what the host may execute, sees
 * to it that what does not exist cannot come into being, and when the session
 * is over cleans up, and finds what it changed.  This one reads no file itself,
 * and has the rights that those need; the parent tells it for which directory
 * and user, and engine the process what to do.
 */

#include <sys/types.h>
#include <sys/file.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "workspace.h"

#define CHANNEL_FD	3
#define DIRECTORY_FD	4

static int	 workspace_dispatch(struct peer *, struct imsg *);
static int	 workspace_handle_open(struct imsg *);
static __dead void session_run(int, int, const struct workspace_open *);
static void	 session_confine(struct ws *, const struct workspace_open *);
static int	 session_dispatch(struct ws *, struct imsg *);
static int	 session_handle_protect(struct ws *, struct imsg *);
static void	 session_start(struct ws *);
static void	 session_adopt(struct ws *);
static void	 session_note(const char *);
static void	 session_found(enum finding, const char *, uint32_t);
static void	 session_ready(const char *);
static void	 session_send(uint32_t, const void *, size_t);

/* of a session's process */
static struct imsgbuf	 channel;
static int		 looked, adopted;

void
workspace(void)
{
	/*
	 * recvfd and sendfd: directories, channels; proc: a process for each;
	 * the others, and id: those need them
	 */
	if (pledge(
	    "stdio rpath wpath cpath fattr flock recvfd sendfd proc id unveil",
	    NULL) == -1)
		fatal("pledge");
	/* they are nobody's to wait for */
	(void)signal(SIGCHLD, SIG_IGN);
	/* the narrow pledge is that of each session's process */
	proc_loop(workspace_dispatch, NULL);
}

static int
workspace_dispatch(struct peer *p, struct imsg *imsg)
{
	(void)p;
	if (imsg_get_type(imsg) == IMSG_WORKSPACE_OPEN)
		return (workspace_handle_open(imsg));
	return (-1);
}

static int
workspace_handle_open(struct imsg *imsg)
{
	struct workspace_open wo;
	struct stat st;
	int dir, error, sv[2];

	if (imsg_get_data(imsg, &wo, sizeof(wo)) == -1 || wo.adopt > 1 ||
	    (dir = imsg_get_fd(imsg)) == -1)
		return (-1);
	error = 0;
	if (fstat(dir, &st) == -1 || !S_ISDIR(st.st_mode)) {
		close(dir);
		return (-1);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1) {
		error = errno;
		sv[0] = sv[1] = -1;
	} else {
		switch (fork()) {
		case -1:
			error = errno;
			close(sv[1]);
			sv[1] = -1;
			break;
		case 0:
			session_run(sv[0], dir, &wo);
		}
		close(sv[0]);
	}
	close(dir);
	peer_send(proc_peer(ROLE_ENGINE), IMSG_WORKSPACE_OPENED,
	    imsg_get_id(imsg), sv[1], &error, sizeof(error));
	return (0);
}

/*
 * The process of a session.  It cannot log: what it has to say it says to
 * engine.  When that ends without a word the session may go on, and the next
 * daemon will make us anew.
 */

static __dead void
session_run(int fd, int dir, const struct workspace_open *wo)
{
	static struct ws ws;
	struct imsg imsg;
	int n;

	/* above the two, whatever they are */
	if ((fd = fcntl(fd, F_DUPFD, DIRECTORY_FD + 1)) == -1 ||
	    (dir = fcntl(dir, F_DUPFD, DIRECTORY_FD + 1)) == -1 ||
	    dup2(fd, CHANNEL_FD) == -1 || dup2(dir, DIRECTORY_FD) == -1)
		_exit(1);
	closefrom(DIRECTORY_FD + 1);
	setproctitle("session");
	(void)signal(SIGCHLD, SIG_DFL);
	(void)umask(0);
	if (imsgbuf_init(&channel, CHANNEL_FD) == -1)
		_exit(1);
	TAILQ_INIT(&ws.rules);
	ws.note = session_note;
	adopted = (int)wo->adopt;
	session_confine(&ws, wo);
	for (;;) {
		while ((n = imsgbuf_get(&channel, &imsg)) == 1) {
			if (imsg_check(imsg_rules, &imsg, ROLE_ENGINE,
			    ROLE_WORKSPACE, STATE_RUNNING) != NULL ||
			    session_dispatch(&ws, &imsg) == -1)
				_exit(1);
			imsg_free(&imsg);
		}
		if (n == -1 || imsgbuf_read(&channel) != 1)
			_exit(0);
	}
}

static void
session_confine(struct ws *ws, const struct workspace_open *wo)
{
	gid_t gid;

	gid = wo->gid;
	if (fchdir(DIRECTORY_FD) == -1)
		goto fail;
	/* as long as that is open nobody drops it, if it is a review's */
	(void)flock(DIRECTORY_FD, LOCK_SH | LOCK_NB);
	if (geteuid() == 0 && wo->uid != 0 &&
	    (setgroups(1, &gid) == -1 ||
	    setresgid(gid, gid, gid) == -1 ||
	    setresuid(wo->uid, wo->uid, wo->uid) == -1))
		goto fail;
	host_find(ws, wo->uid);
	if (unveil(".", "rwc") == -1)
		goto fail;
	/*
	 * rpath: what there is; wpath, cpath, fattr, flock: placeholders
	 */
	if (pledge("stdio rpath wpath cpath fattr flock", NULL) == -1)
		goto fail;
	return;
 fail:
	session_ready(strerror(errno));
	_exit(1);
}

static int
session_dispatch(struct ws *ws, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_LOOK_PROTECT:
		return (looked ? -1 : session_handle_protect(ws, imsg));
	case IMSG_LOOK_START:
	case IMSG_LOOK_ADOPT:
		/* engine may not have one make what nobody has asked for */
		if (looked || adopted != (imsg_get_type(imsg) ==
		    IMSG_LOOK_ADOPT))
			return (-1);
		looked = 1;
		if (!adopted)
			session_start(ws);
		else
			session_adopt(ws);
		return (0);
	case IMSG_LOOK_END:
		find_replaced(ws);
		place_remove(ws);
		find_after(session_found);
		close(DIRECTORY_FD);
		session_send(IMSG_LOOK_DONE, NULL, 0);
		_exit(0);
	default:
		return (-1);
	}
}

static int
session_handle_protect(struct ws *ws, struct imsg *imsg)
{
	struct protect_entry *e;

	if (ws->nrules == 2 * PROTECTS_MAX ||
	    (e = calloc(1, sizeof(*e))) == NULL)
		return (-1);
	if (imsg_get_data(imsg, &e->rule, sizeof(e->rule)) == -1 ||
	    !imsg_is_string(e->rule.path, sizeof(e->rule.path)) ||
	    !protect_valid(e->rule.path)) {
		free(e);
		return (-1);
	}
	TAILQ_INSERT_TAIL(&ws->rules, e, entry);
	ws->nrules++;
	return (0);
}

static void
session_start(struct ws *ws)
{
	struct look_mount lm;
	size_t i;

	look_find(ws);
	if (ws->error[0] != '\0')
		ws->nmounts = 0;
	place_make(ws);
	if (ws->error[0] == '\0')
		find_before(ws);
	for (i = 0; ws->error[0] == '\0' && i < ws->nmounts; i++) {
		if (ws->mounts[i].covered)
			continue;
		memset(&lm, 0, sizeof(lm));
		lm.readonly = (uint32_t)ws->mounts[i].readonly;
		lm.dev = (uint64_t)ws->mounts[i].dev;
		lm.ino = (uint64_t)ws->mounts[i].ino;
		(void)strlcpy(lm.path, ws->mounts[i].path, sizeof(lm.path));
		session_send(IMSG_LOOK_MOUNT, &lm, sizeof(lm));
	}
	session_ready(ws->error);
}

/* A session that another process began, which did not see the end of it. */
static void
session_adopt(struct ws *ws)
{
	look_find(ws);
	place_adopt(ws);
	session_ready("");
}

static void
session_note(const char *line)
{
	session_send(IMSG_LOOK_NOTE, line, strlen(line));
}

static void
session_found(enum finding kind, const char *path, uint32_t n)
{
	struct ctl_finding f;

	memset(&f, 0, sizeof(f));
	f.kind = kind;
	f.n = n;
	(void)strlcpy(f.path, path, sizeof(f.path));
	session_send(IMSG_LOOK_FOUND, &f, sizeof(f));
}

static void
session_ready(const char *error)
{
	struct ctl_error ce;

	memset(&ce, 0, sizeof(ce));
	ce.code = error[0] == '\0' ? 0 : EX_NOINPUT;
	(void)strlcpy(ce.text, error, sizeof(ce.text));
	session_send(IMSG_LOOK_READY, &ce, sizeof(ce));
}

/* Without engine there is nobody to do this for. */
static void
session_send(uint32_t type, const void *data, size_t len)
{
	if (imsg_compose(&channel, type, 0, -1, data, len) == -1 ||
	    imsgbuf_flush(&channel) == -1)
		_exit(0);
}
