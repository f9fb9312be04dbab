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
 * The program with an engine process that was taken over: the real one's
 * confinement, but it does what a script says that it gets for the file of
 * certificates, and logs what came of it.  A script has lines:
 *
 *	workspace path	asks for one of the two directories that this user's
 *			client sent, which are TMP and WORKSPACE
 *	piece path	asks for a name for what is in that
 *	unpin		has no use for it any more
 *	connect		gets another way to the container engine
 *	send n		sends so many bytes, which follow the line
 *	answer		logs the first of what comes
 *	stream		takes a descriptor, which is the way from then on
 *	closed		logs whether the other end closes
 */

#define engine	real_engine
#include "engine.c"
#undef engine
__dead void	 engine(void);

#include <sys/syscall.h>

#include <fcntl.h>
#include <poll.h>
#include <vis.h>

#define ID		77
#define SCRIPT_MAX	(4 * 1024 * 1024)
#define WAIT		3000	/* milliseconds */

static char	*script;
static size_t	 scriptlen, off;
static int	 way = -1;
static char	 path[PATH_MAX];
static int	 whole = -1, space = -1;

static int
ready(short events)
{
	struct pollfd pfd;

	pfd.fd = way;
	pfd.events = events;
	return (poll(&pfd, 1, WAIT) == 1);
}

static void
send_bytes(size_t len)
{
	ssize_t n;

	if (len > scriptlen - off)
		fatalx("the script is too short");
	for (; len > 0; off += (size_t)n, len -= (size_t)n) {
		if (!ready(POLLOUT) || (n = send(way, script + off, len,
		    MSG_NOSIGNAL)) == -1) {
			log_warn("puppet: send");
			off += len;
			return;
		}
	}
}

static void
answer(void)
{
	char buf[512], text[4 * sizeof(buf) + 1];
	ssize_t n;

	n = ready(POLLIN) ? recv(way, buf, sizeof(buf), 0) : -1;
	(void)strvisx(text, buf, n > 0 ? (size_t)n : 0, VIS_CSTYLE | VIS_NL);
	log_warnx("puppet: answer: %s", n > 0 ? text : n == 0 ? "closed" :
	    "none");
}

static void
stream(void)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct cmsghdr *cmsg;
	struct msghdr msg;
	struct iovec iov;
	char buf[4096];

	memset(&msg, 0, sizeof(msg));
	iov.iov_base = buf;
	iov.iov_len = sizeof(buf);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.buf;
	msg.msg_controllen = sizeof(control.buf);
	if (!ready(POLLIN) || recvmsg(way, &msg, MSG_CMSG_CLOEXEC) <= 0 ||
	    (cmsg = CMSG_FIRSTHDR(&msg)) == NULL ||
	    cmsg->cmsg_type != SCM_RIGHTS) {
		log_warnx("puppet: stream: none");
		return;
	}
	close(way);
	memcpy(&way, CMSG_DATA(cmsg), sizeof(way));
	log_warnx("puppet: stream: got");
}

static void
closed(void)
{
	char buf[4096];
	ssize_t n;

	do {
		n = ready(POLLIN) ? recv(way, buf, sizeof(buf), 0) : -2;
	} while (n > 0);
	log_warnx("puppet: %s", n == -2 ? "open" : "closed");
}

static void
workspace_ask(int fd)
{
	int sv[2];

	if (fd == -1 || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		fatal("socketpair");
	(void)peer_compose(proc_peer(ROLE_PARENT), IMSG_ENGINE_CLIENT, ID,
	    sv[0], NULL, 0);
	(void)peer_compose(proc_peer(ROLE_PARENT), IMSG_ENGINE_WORKSPACE, ID,
	    fd, path, strlen(path));
}

static void
workspace_have(void)
{
	whole = open(TMP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	space = open(WORKSPACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* As root another root directory comes before all that is ours. */
int
chroot(const char *dir)
{
	workspace_have();
	return ((int)syscall(SYS_chroot, dir));
}

/* Up to what must be waited for. */
static void
next(void)
{
	char line[PATH_MAX + 16];
	char *end;
	size_t len;

	while (off < scriptlen) {
		end = memchr(script + off, '\n', scriptlen - off);
		if (end == NULL)
			fatalx("the script has no end");
		len = (size_t)(end - script) - off;
		(void)snprintf(line, sizeof(line), "%.*s", (int)len,
		    script + off);
		off += len + 1;
		if (strncmp(line, "send ", 5) == 0)
			send_bytes((size_t)atoi(line + 5));
		else if (strcmp(line, "answer") == 0)
			answer();
		else if (strcmp(line, "stream") == 0)
			stream();
		else if (strcmp(line, "closed") == 0)
			closed();
		else if (strcmp(line, "connect") == 0) {
			if (way != -1)
				close(way);
			(void)peer_compose(proc_peer(ROLE_PARENT),
			    IMSG_ENGINE_CONNECT, ID, -1, NULL, 0);
			return;
		} else if (strncmp(line, "workspace ", 10) == 0) {
			(void)strlcpy(path, line + 10, sizeof(path));
			workspace_ask(fcntl(strcmp(path, TMP) == 0 ? whole :
			    space, F_DUPFD_CLOEXEC, 0));
			return;
		} else if (strncmp(line, "piece ", 6) == 0) {
			(void)peer_compose(proc_peer(ROLE_PARENT),
			    IMSG_ENGINE_PIECE, ID, -1, line + 6,
			    strlen(line + 6));
			return;
		} else if (strcmp(line, "unpin") == 0)
			(void)peer_compose(proc_peer(ROLE_PARENT),
			    IMSG_ENGINE_UNPIN, ID, -1, NULL, 0);
		else
			fatalx("the script has %s", line);
	}
	log_warnx("puppet: end");
}

static int
puppet_dispatch(struct peer *p, struct imsg *imsg)
{
	struct file_answer fa;
	struct workspace_answer wa;
	uint32_t file;
	int error;

	switch (imsg_get_type(imsg)) {
	case IMSG_PARENT_FILE:
		if (imsg_get_data(imsg, &fa, sizeof(fa)) == -1)
			return (-1);
		/* with this one the configuration is in force everywhere */
		file = FILE_CA;
		if (fa.file == FILE_BUNDLE)
			(void)peer_compose(proc_peer(ROLE_PARENT),
			    IMSG_ENGINE_FILE, ID, -1, &file, sizeof(file));
		if (fa.file != FILE_CA)
			return (engine_dispatch(p, imsg));
		script = engine_read(imsg_get_fd(imsg), SCRIPT_MAX,
		    &scriptlen);
		if (script == NULL)
			fatal("script");
		next();
		return (0);
	case IMSG_GUARD_SOCKET:
		/* one that the real one asked for is not used */
		if (imsg_get_id(imsg) != ID)
			return (0);
		if ((way = imsg_get_fd(imsg)) == -1)
			fatalx("no way");
		next();
		return (0);
	case IMSG_PARENT_WORKSPACE:
		if (imsg_get_data(imsg, &wa, sizeof(wa)) == -1)
			return (-1);
		log_warnx("puppet: workspace: %s", wa.error);
		next();
		return (0);
	case IMSG_PARENT_PIECE:
		if (imsg_get_data(imsg, &error, sizeof(error)) == -1)
			return (-1);
		log_warnx("puppet: piece: errno %d", error);
		next();
		return (0);
	case IMSG_PARENT_SPARE:
		return (0);
	default:
		return (engine_dispatch(p, imsg));
	}
}

void
engine(void)
{
	if (space == -1)
		workspace_have();
	if (pledge("stdio rpath recvfd sendfd", NULL) == -1)
		fatal("pledge");
	json_object_seed(1);
	docker_init();
	proc_loop(puppet_dispatch, engine_started);
}
