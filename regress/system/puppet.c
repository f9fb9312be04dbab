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
 * The program with a control process, or with ENGINE_PUPPET an engine process,
 * that was taken over: the real one's confinement, but it does what the next
 * client says by the name of the session that it asks for, and logs what came
 * of it.
 */

#ifdef ENGINE_PUPPET
#define engine	real_engine
#include "engine.c"
#undef engine
#define PROMISES	"stdio rpath recvfd sendfd"
#define SELF		engine
__dead void	 engine(void);
#else
#define control	real_control
#include "control.c"
#undef control
#define PROMISES	"stdio unix recvfd sendfd"
#define SELF		control
__dead void	 control(void);
#endif

#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#define SOMEBODY	"/tmp"		/* a directory that may be named */
#define ROOTS		CLAUDESEC_CHROOT	/* one of root's */

static void
said(const char *what, int got)
{
	if (got == -1)
		log_warnx("puppet: %s: errno %d", what, errno);
	else
		log_warnx("puppet: %s: done", what);
}

#ifdef ENGINE_PUPPET
static int	 roots;
#endif

/* Calls that are no business of these processes. */
static void
try(const char *what)
{
	struct sockaddr_un sun;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)strlcpy(sun.sun_path, "/var/run/docker.sock",
	    sizeof(sun.sun_path));
	if (strcmp(what, "open") == 0)
		said(what, open("/etc/passwd", O_RDONLY));
	else if (strcmp(what, "create") == 0)
		said(what, open("/x", O_WRONLY | O_CREAT, 0600));
	else if (strcmp(what, "socket") == 0)
		said(what, socket(AF_INET, SOCK_STREAM, 0));
	else if (strcmp(what, "connect") == 0)
		said(what, connect(socket(AF_UNIX, SOCK_STREAM, 0),
		    (struct sockaddr *)&sun, sizeof(sun)));
	else if (strcmp(what, "exec") == 0)
		said(what, execl("/bin/sh", "sh", (char *)NULL));
	else if (strcmp(what, "ptrace") == 0)
		said(what, (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	else if (strcmp(what, "kill") == 0)
		said(what, kill(getppid(), SIGKILL));
}

#ifdef ENGINE_PUPPET
/*
 * What it can ask of the parent: files by number, and directories for the
 * kernel's word on a connection.  Its own is that of _claudesec.
 */
static void
ask(const char *what)
{
	const uint32_t uid = 0;
	struct look_adopt la;
	struct peer *p;
	uint32_t file;
	int sv[2];

	p = proc_peer(ROLE_PARENT);
	file = 99;
	if (strcmp(what, "file") == 0)
		(void)peer_compose(p, IMSG_ENGINE_FILE, 0, -1, &file,
		    sizeof(file));
	else if (strcmp(what, "nobodys") == 0)
		(void)peer_compose(p, IMSG_ENGINE_WORKSPACE, 77,
		    dup(STDERR_FILENO), SOMEBODY, strlen(SOMEBODY));
	else if (strcmp(what, "own") == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0) {
		(void)peer_compose(p, IMSG_ENGINE_CLIENT, 77, sv[0], NULL, 0);
		(void)peer_compose(p, IMSG_ENGINE_WORKSPACE, 77,
		    dup(STDERR_FILENO), SOMEBODY, strlen(SOMEBODY));
	} else if (strcmp(what, "directory") == 0 ||
	    strcmp(what, "another") == 0 || strcmp(what, "adopted") == 0) {
		memset(&la, 0, sizeof(la));
		(void)strlcpy(la.path, what[0] == 'd' ? "/" : ROOTS,
		    sizeof(la.path));
		la.uid = strcmp(what, "another") == 0 ? 13 : 0;
		(void)peer_compose(p, IMSG_ENGINE_DIRECTORY, 77, -1, &la,
		    sizeof(la));
	} else if (strcmp(what, "look") == 0)
		(void)peer_compose(p, IMSG_ENGINE_LOOK, 77, dup(roots), &uid,
		    sizeof(uid));
	else if (strcmp(what, "unpin") == 0)
		(void)peer_compose(p, IMSG_ENGINE_UNPIN, 77, -1, NULL, 0);
}

/*
 * The process for one that an earlier daemon's session had is not to make
 * anything there.
 */
static void
start(int fd)
{
	struct pollfd pfd;
	struct imsgbuf b;
	char c;

	if (fd == -1 || imsgbuf_init(&b, fd) == -1 || imsg_compose(&b,
	    IMSG_LOOK_START, 0, -1, NULL, 0) == -1 ||
	    imsgbuf_flush(&b) == -1)
		return;
	pfd.fd = fd;
	pfd.events = POLLIN;
	if (poll(&pfd, 1, 60000) == 1)
		log_warnx("puppet: adopted: %s", recv(fd, &c, 1, 0) == 1 ?
		    "done" : "refused");
	imsgbuf_clear(&b);
	close(fd);
}

static int
puppet_dispatch(struct peer *p, struct imsg *imsg)
{
	struct workspace_answer wa;
	unsigned char buf[IMSG_HEADER_SIZE + sizeof(struct ctl_request)];
	struct ctl_request r;
	ssize_t n;
	int error, fd;

	if (imsg_get_type(imsg) == IMSG_PARENT_DIRECTORY &&
	    imsg_get_id(imsg) == 77 &&
	    imsg_get_data(imsg, &error, sizeof(error)) == 0) {
		errno = error;
		said("directory", error == 0 ? 0 : -1);
		return (0);
	}
	if (imsg_get_type(imsg) == IMSG_WORKSPACE_OPENED &&
	    imsg_get_id(imsg) == 77) {
		start(imsg_get_fd(imsg));
		return (0);
	}
	if (imsg_get_type(imsg) == IMSG_PARENT_WORKSPACE &&
	    imsg_get_id(imsg) == 77 &&
	    imsg_get_data(imsg, &wa, sizeof(wa)) == 0) {
		log_warnx("puppet: workspace: %s", wa.error);
		return (0);
	}
	if (imsg_get_type(imsg) != IMSG_CONTROL_CLIENT)
		return (engine_dispatch(p, imsg));
	if ((fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	n = recv(fd, buf, sizeof(buf), 0);
	if (n == (ssize_t)sizeof(buf)) {
		memcpy(&r, buf + IMSG_HEADER_SIZE, sizeof(r));
		try(r.name);
		ask(r.name);
	}
	close(fd);
	return (peer_compose(p, IMSG_ENGINE_GONE, imsg_get_id(imsg), -1, NULL,
	    0));
}

static void
puppet_started(void)
{
	engine_started();
}
#else
static void
answer(int fd)
{
	struct ctl_error ce;
	struct imsgbuf b;
	struct imsg imsg;
	struct pollfd pfd;

	if (imsgbuf_init(&b, fd) == -1)
		return;
	pfd.fd = fd;
	pfd.events = POLLIN;
	while (imsgbuf_get(&b, &imsg) == 0)
		if (poll(&pfd, 1, 5000) != 1 || imsgbuf_read(&b) != 1)
			return;
	if (imsg_get_type(&imsg) == IMSG_CTL_ERROR &&
	    imsg_get_data(&imsg, &ce, sizeof(ce)) == 0)
		log_warnx("puppet: answer: %d %s", ce.code, ce.text);
	else
		log_warnx("puppet: answer: type %u", imsg_get_type(&imsg));
}

static void
answered(int fd, short event, void *arg)
{
	(void)event;
	(void)arg;
	answer(fd);
}

/* A request of its own, on a connection of its own. */
static void
ask(const char *what)
{
	static struct event ev;
	static uint32_t id = 4711;
	struct ctl_request r;
	struct imsgbuf b;
	int sv[2];

	if (strcmp(what, "lie") == 0) {
		(void)peer_compose(proc_peer(ROLE_ENGINE), IMSG_RECONF_END, 0,
		    -1, NULL, 0);
		return;
	}
	/* the client tries again when nobody answers */
	if (strcmp(what, "own") != 0 || id > 4711 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		return;
	memset(&r, 0, sizeof(r));
	r.version = IMSG_VERSION;
	r.all = 1;
	if (imsgbuf_init(&b, sv[1]) == -1 || imsg_compose(&b, IMSG_CTL_STOP, 0,
	    -1, &r, sizeof(r)) == -1 || imsgbuf_write(&b) == -1)
		return;
	(void)peer_compose(proc_peer(ROLE_ENGINE), IMSG_CONTROL_CLIENT, id++,
	    sv[0], NULL, 0);
	event_set(&ev, sv[1], EV_READ, answered, NULL);
	event_add(&ev, NULL);
}

static void
puppet_accept(int fd, short event, void *arg)
{
	unsigned char buf[IMSG_HEADER_SIZE + sizeof(struct ctl_request)];
	struct ctl_request r;
	struct pollfd pfd;
	int s;

	(void)event;
	(void)arg;
	if ((s = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) == -1)
		return;
	pfd.fd = s;
	pfd.events = POLLIN;
	if (poll(&pfd, 1, 5000) == 1 && recv(s, buf, sizeof(buf),
	    MSG_WAITALL) == (ssize_t)sizeof(buf)) {
		memcpy(&r, buf + IMSG_HEADER_SIZE, sizeof(r));
		try(r.name);
		ask(r.name);
	}
	close(s);
}

static int
puppet_dispatch(struct peer *p, struct imsg *imsg)
{
	static struct event ev;
	int fd;

	(void)p;
	if (imsg_get_type(imsg) == IMSG_ENGINE_GONE)
		return (0);
	if (imsg_get_type(imsg) != IMSG_CONTROL_LISTEN ||
	    (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	event_set(&ev, fd, EV_READ | EV_PERSIST, puppet_accept, NULL);
	event_add(&ev, NULL);
	return (0);
}

static void
puppet_started(void)
{
	control_started();
}
#endif

void
SELF(void)
{
#ifdef ENGINE_PUPPET
	/* which is our root directory */
	roots = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
#endif
	if (pledge(PROMISES, NULL) == -1)
		fatal("pledge");
#ifdef ENGINE_PUPPET
	json_object_seed(1);
	docker_init();
#endif
	proc_loop(puppet_dispatch, puppet_started);
}
