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

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "proc.h"
#include "sandbox.h"

#define PROC_PARENT_FD	3
#define PEER_READS	32	/* in a row, of one channel */
#define PROC_TIMEOUT	10	/* seconds for all children to start */
#define PROC_GRACE	1000	/* milliseconds until SIGKILL, about */

struct child {
	pid_t		 pid;		/* 0 if there is none */
	int		 started;
	struct peer	 peer;
};

static void	 peer_pause(struct peer *, int);
static void	 peer_read(int, short, void *);
static void	 peer_write(int, short, void *);
static void	 peer_flush(int, short, void *);
static void	 peer_fdpass(struct peer *);
static void	 peer_gone(struct peer *, const char *);
static int	 peer_dispatch(struct peer *);
static __dead void proc_exec(unsigned int, int);
static int	 proc_handle_child(struct peer *, struct imsg *);
static void	 proc_sigchld(int, short, void *);
static void	 proc_reap(void);
static void	 proc_timeout(int, short, void *);
static void	 proc_setup_log(void);
static int	 proc_handle_parent(struct peer *, struct imsg *);
static int	 proc_handle_peer(struct imsg *);

uint32_t	 proc_state = STATE_SETUP;
unsigned int	 proc_self;

/* in the parent: the children; in a child: the channels to the others */
static struct child children[PROC_MAX];
static int	 proc_dying;

static void	 (*parent_started)(void);
static void	 (*proc_exiting)(void);
static struct event parent_chld, parent_timer;

static int	 (*child_handle)(struct peer *, struct imsg *);
static void	 (*child_started)(void);

/*
 * Channels.
 */

void
peer_init(struct peer *p, int fd, unsigned int role,
    int (*handle)(struct peer *, struct imsg *),
    void (*gone)(struct peer *, const char *), void *arg)
{
	int flags;

	memset(p, 0, sizeof(*p));
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		fatal("fcntl");
	if (imsgbuf_init(&p->ibuf, fd) == -1)
		fatal("imsgbuf_init");
	p->role = role;
	peer_fdpass(p);
	p->handle = handle;
	p->gone = gone;
	p->arg = arg;
	event_set(&p->rev, fd, EV_READ | EV_PERSIST, peer_read, p);
	event_set(&p->wev, fd, EV_WRITE, peer_write, p);
	event_set(&p->fev, -1, 0, peer_flush, p);
	event_add(&p->rev, NULL);
}

/*
 * A channel passes descriptors where the table has a message with one, which
 * is less once the set-up is over; a process needs its sendfd and recvfd
 * promises for such channels only.
 */
static void
peer_fdpass(struct peer *p)
{
	uint32_t states;

	states = proc_state == STATE_SETUP ? STATE_ANY :
	    ~(uint32_t)STATE_SETUP;
	imsgbuf_allow_fdpass(&p->ibuf,
	    imsg_passes_fd(imsg_rules, proc_self, p->role, states),
	    imsg_passes_fd(imsg_rules, p->role, proc_self, states));
}

void
peer_close(struct peer *p)
{
	int fd;

	if ((fd = p->ibuf.fd) == -1)
		return;
	event_del(&p->rev);
	event_del(&p->wev);
	event_del(&p->fev);
	imsgbuf_clear(&p->ibuf);
	close(fd);
	if (p->closed != NULL)
		*p->closed = 1;
}

/* Stops reading, for back pressure. */
static void
peer_pause(struct peer *p, int pause)
{
	if (p->paused == pause || p->ibuf.fd == -1)
		return;
	p->paused = pause;
	if (pause) {
		event_del(&p->rev);
		return;
	}
	event_add(&p->rev, NULL);
	/* what was read before the pause waits in our buffer */
	event_active(&p->rev, EV_READ, 1);
}

int
peer_compose(struct peer *p, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	if (p->ibuf.fd == -1) {
		errno = EPIPE;
		return (-1);
	}
	if (imsg_compose(&p->ibuf, type, id, fd, data, len) == -1)
		return (-1);
	if (!p->flushing && !event_pending(&p->wev, EV_WRITE, NULL)) {
		p->flushing = 1;
		event_active(&p->fev, EV_WRITE, 1);
	}
	return (0);
}

void
peer_send(struct peer *p, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	if (peer_compose(p, type, id, fd, data, len) == -1)
		fatal("peer_compose");
}

static void
peer_flush(int fd, short event, void *arg)
{
	struct peer *p = arg;

	p->flushing = 0;
	peer_write(fd, event, p);
}

static void
peer_write(int fd, short event, void *arg)
{
	struct peer *p = arg;

	(void)fd;
	(void)event;
	if (imsgbuf_write(&p->ibuf) == -1) {
		peer_gone(p, NULL);
		return;
	}
	if (imsgbuf_queuelen(&p->ibuf) > 0)
		event_add(&p->wev, NULL);
}

static void
peer_read(int fd, short event, void *arg)
{
	struct peer *p = arg;
	int closed, more, n, reads;

	(void)fd;
	(void)event;
	closed = 0;
	p->closed = &closed;
	reads = 0;
	do {
		n = imsgbuf_read(&p->ibuf);
		/* a read ends at a descriptor; there are often several */
		more = p->ibuf.nrfds > 0 && ++reads < PEER_READS;
		if (n == -1 && errno == EBADMSG)
			peer_gone(p, "unexpected descriptor");
		else if (n == -1)
			peer_gone(p, NULL);
		else if (peer_dispatch(p) == 0 && n == 0)
			peer_gone(p, NULL);
	} while (more && !closed && !p->paused);
	if (!closed)
		p->closed = NULL;
}

/*
 * Hands on every whole message that is there.  -1 if the peer was closed, by
 * us or by a handler, and must not be touched any more.
 */
static int
peer_dispatch(struct peer *p)
{
	struct imsg imsg;
	const char *why;
	int *closed, n;

	closed = p->closed;
	while (!p->paused && (n = imsgbuf_get(&p->ibuf, &imsg)) != 0) {
		if (n == -1) {
			peer_gone(p, "malformed message");
			return (-1);
		}
		why = imsg_check(imsg_rules, &imsg, p->role, proc_self,
		    p->state != 0 ? p->state : proc_state);
		if (why == NULL && p->handle(p, &imsg) == -1)
			why = "malformed message";
		imsg_free(&imsg);
		if (*closed)
			return (-1);
		if (why != NULL) {
			log_debug("message %u: %s", imsg_get_type(&imsg), why);
			peer_gone(p, why);
			return (-1);
		}
	}
	return (0);
}

static void
peer_gone(struct peer *p, const char *why)
{
	if (p->gone != NULL) {
		p->gone(p, why);
		return;
	}
	if (why != NULL)
		fatalx("%s sent us what it must not: %s", proc_name(p->role),
		    why);
	if (proc_self != 0 && p->role == 0) {
		log_debug("the parent is gone");
		if (proc_exiting != NULL)
			proc_exiting();
		exit(0);
	}
	/* a sibling's end: the parent will see to it and end us all */
	peer_close(p);
}

const char *
proc_name(unsigned int role)
{
	unsigned int i;

	for (i = 0; proc_roles[i].name != NULL; i++)
		if (i == role)
			return (proc_roles[i].name);
	return ("peer");
}

struct peer *
proc_peer(unsigned int role)
{
	if (role >= PROC_MAX || children[role].peer.handle == NULL)
		return (NULL);
	return (&children[role].peer);
}

/*
 * Parent.
 */

void
proc_start(unsigned int role)
{
	struct setup_log sl;
	struct child *c;
	int sv[2];

	c = &children[role];
	if (!event_initialized(&parent_chld)) {
		signal_set(&parent_chld, SIGCHLD, proc_sigchld, NULL);
		signal_add(&parent_chld, NULL);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    sv) == -1)
		fatal("socketpair");
	switch (c->pid = fork()) {
	case -1:
		fatal("fork");
	case 0:
		proc_exec(role, sv[1]);
	}
	close(sv[1]);
	peer_init(&c->peer, sv[0], role, proc_handle_child, NULL, c);
	memset(&sl, 0, sizeof(sl));
	sl.debug = log_getdebug();
	sl.verbose = log_getverbose();
	peer_send(&c->peer, IMSG_SETUP_LOG, 0, -1, &sl, sizeof(sl));
}

/*
 * In the new process: keep the channel as descriptor 3 and standard error,
 * nothing else, and become the program anew, with an address space of its
 * own layout.
 */
static __dead void
proc_exec(unsigned int role, int fd)
{
	char *argv[4], *envp[1], path[PATH_MAX];
	sigset_t none;
	ssize_t n;
	int i, null;

	if ((null = open("/dev/null", O_RDWR)) == -1)
		fatal("open /dev/null");
	if (dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		fatal("dup2");
	if (fd == PROC_PARENT_FD) {
		if (fcntl(fd, F_SETFD, 0) == -1)
			fatal("fcntl");
	} else if (dup2(fd, PROC_PARENT_FD) == -1)
		fatal("dup2");
	closefrom(PROC_PARENT_FD + 1);
	for (i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)umask(077);
	if (chdir("/") == -1)
		fatal("chdir /");
	argv[0] = (char *)(uintptr_t)getprogname();
	argv[1] = (char *)(uintptr_t)"-X";
	argv[2] = (char *)(uintptr_t)proc_name(role);
	argv[3] = NULL;
	envp[0] = NULL;
	/* by the link's target, which is where the name in ps(1) comes from */
	if ((n = readlink(PROC_SELF, path, sizeof(path) - 1)) == -1)
		n = (ssize_t)strlcpy(path, PROC_SELF, sizeof(path));
	path[n] = '\0';
	execve(path, argv, envp);
	fatal("execve %s", path);
}

void
proc_connect(unsigned int a, unsigned int b)
{
	uint32_t ra, rb;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    sv) == -1)
		fatal("socketpair");
	ra = a;
	rb = b;
	peer_send(&children[a].peer, IMSG_SETUP_PEER, 0, sv[0], &rb,
	    sizeof(rb));
	peer_send(&children[b].peer, IMSG_SETUP_PEER, 0, sv[1], &ra,
	    sizeof(ra));
}

void
proc_onexit(void (*f)(void))
{
	proc_exiting = f;
}

void
proc_run(void (*f)(void))
{
	struct timeval tv = { PROC_TIMEOUT, 0 };
	unsigned int i;

	parent_started = f;
	evtimer_set(&parent_timer, proc_timeout, NULL);
	evtimer_add(&parent_timer, &tv);
	for (i = 0; i < PROC_MAX; i++)
		if (children[i].pid != 0)
			peer_send(&children[i].peer, IMSG_SETUP_START, 0, -1,
			    NULL, 0);
	/* one may have died before its signal had a handler */
	proc_reap();
}

static void
proc_timeout(int fd, short event, void *arg)
{
	unsigned int i;

	(void)fd;
	(void)event;
	(void)arg;
	for (i = 0; i < PROC_MAX; i++)
		if (children[i].pid != 0 && !children[i].started)
			log_warnx("%s does not start", proc_name(i));
	proc_shutdown(1);
}

static int
proc_handle_child(struct peer *p, struct imsg *imsg)
{
	struct child *c = p->arg;
	unsigned int i;

	if (imsg_get_type(imsg) != IMSG_SETUP_STARTED)
		return (proc_roles[p->role].handle(p, imsg));
	if (c->started)
		return (-1);
	c->started = 1;
	for (i = 0; i < PROC_MAX; i++)
		if (children[i].pid != 0 && !children[i].started)
			return (0);
	evtimer_del(&parent_timer);
	proc_state = STATE_RUNNING;
	for (i = 0; i < PROC_MAX; i++)
		if (children[i].pid != 0)
			peer_fdpass(&children[i].peer);
	parent_started();
	return (0);
}

static void
proc_sigchld(int sig, short event, void *arg)
{
	(void)sig;
	(void)event;
	(void)arg;
	proc_reap();
}

/*
 * The end of one child is the end of all.  Its last words are in its channel.
 */
static void
proc_reap(void)
{
	struct child *c;
	unsigned int i;
	int status;

	if (proc_dying)
		return;
	for (i = 0; i < PROC_MAX; i++) {
		c = &children[i];
		if (c->pid == 0 || waitpid(c->pid, &status, WNOHANG) != c->pid)
			continue;
		c->pid = 0;
		if (c->peer.ibuf.fd != -1)
			peer_read(c->peer.ibuf.fd, EV_READ, &c->peer);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
			log_warnx("%s broke its pledge and was killed",
			    proc_name(i));
		else if (WIFSIGNALED(status))
			log_warnx("%s terminated; signal %d", proc_name(i),
			    WTERMSIG(status));
		else
			log_warnx("%s exited with status %d", proc_name(i),
			    WEXITSTATUS(status));
		proc_shutdown(1);
	}
}

void
proc_shutdown(int status)
{
	const struct timespec ts = { 0, 1000000 };
	unsigned int i, left;
	int tries;

	proc_dying = 1;
	if (proc_exiting != NULL)
		proc_exiting();
	for (i = 0; i < PROC_MAX; i++)
		if (children[i].peer.handle != NULL)
			peer_close(&children[i].peer);
	for (tries = 0; ; tries++) {
		for (i = left = 0; i < PROC_MAX; i++) {
			if (children[i].pid == 0)
				continue;
			if (waitpid(children[i].pid, NULL, WNOHANG) != 0)
				children[i].pid = 0;
			else
				left++;
			if (children[i].pid != 0 && tries == PROC_GRACE)
				(void)kill(children[i].pid, SIGKILL);
		}
		if (left == 0)
			exit(status);
		(void)nanosleep(&ts, NULL);
	}
}

/*
 * Child.
 */

/* What a process knows is not left in a file when it dies. */
void
proc_nocore(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1)
		fatal("setrlimit");
}

void
proc_child(const char *name, const char *user, const char *dir)
{
	socklen_t len;
	uid_t uid;
	gid_t gid;
	int type;

	for (proc_self = 1; proc_roles[0].name != NULL; proc_self++)
		if (proc_roles[proc_self].name == NULL ||
		    strcmp(proc_roles[proc_self].name, name) == 0)
			break;
	if (proc_roles[proc_self].name == NULL ||
	    proc_roles[proc_self].run == NULL)
		fatalx("no such process: %s", name);
	len = sizeof(type);
	if (getsockopt(PROC_PARENT_FD, SOL_SOCKET, SO_TYPE, &type,
	    &len) == -1 || type != SOCK_STREAM ||
	    getpeereid(PROC_PARENT_FD, &uid, &gid) == -1 || uid != geteuid())
		fatalx("%s is started by its parent only", name);
	closefrom(PROC_PARENT_FD + 1);
	proc_nocore();
	(void)signal(SIGPIPE, SIG_IGN);
	setproctitle("%s", name);
	event_init();
	proc_setup_log();
	proc_drop(user, dir);
	proc_roles[proc_self].run();
	fatalx("%s returned", name);
}

/*
 * The first message says how to log; the socket of syslog(3) and the files of
 * the time zone must be open before there is a sandbox.
 */
static void
proc_setup_log(void)
{
	struct setup_log sl;
	struct imsg imsg;
	struct pollfd pfd;
	struct peer *p;

	p = &children[0].peer;
	peer_init(p, PROC_PARENT_FD, 0, proc_handle_parent, NULL, NULL);
	while (imsgbuf_get(&p->ibuf, &imsg) == 0) {
		pfd.fd = PROC_PARENT_FD;
		pfd.events = POLLIN;
		if (poll(&pfd, 1, PROC_TIMEOUT * 1000) != 1 ||
		    imsgbuf_read(&p->ibuf) != 1)
			exit(1);	/* the parent is gone */
	}
	if (imsg_get_type(&imsg) != IMSG_SETUP_LOG ||
	    imsg_get_data(&imsg, &sl, sizeof(sl)) == -1)
		fatalx("the parent did not say how to log");
	log_init(proc_name(proc_self), sl.debug, sl.verbose);
}

/* For good; nothing for whom root did not start. */
void
proc_drop(const char *user, const char *dir)
{
	struct passwd *pw;

	if (geteuid() != 0 || user == NULL)
		return;
	if ((pw = getpwnam(user)) == NULL)
		fatalx("no user %s: create it", user);
	if (chroot(dir) == -1 || chdir("/") == -1)
		fatal("chroot %s", dir);
	if (setgroups(1, &pw->pw_gid) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		fatal("cannot become %s", user);
}

void
proc_loop(int (*handle)(struct peer *, struct imsg *), void (*started)(void))
{
	child_handle = handle;
	child_started = started;
	/* messages that came along with the first one */
	event_active(&children[0].peer.rev, EV_READ, 1);
	event_dispatch();
	fatalx("no events left");
}

static int
proc_handle_parent(struct peer *p, struct imsg *imsg)
{
	unsigned int i;

	switch (imsg_get_type(imsg)) {
	case IMSG_SETUP_PEER:
		return (proc_handle_peer(imsg));
	case IMSG_SETUP_START:
		if (child_started != NULL)
			child_started();
		proc_state = STATE_RUNNING;
		peer_fdpass(p);
		peer_send(p, IMSG_SETUP_STARTED, 0, -1, NULL, 0);
		for (i = 1; i < PROC_MAX; i++)
			if (children[i].peer.handle != NULL) {
				peer_fdpass(&children[i].peer);
				peer_pause(&children[i].peer, 0);
			}
		log_detach();
		return (0);
	case IMSG_SETUP_LOG:
		return (-1);	/* once, and before us */
	default:
		return (child_handle(p, imsg));
	}
}

/*
 * A sibling may be up before us: it is not read before we are in the state
 * that its messages want.
 */
static int
proc_handle_peer(struct imsg *imsg)
{
	uint32_t role;
	int fd;

	if (imsg_get_data(imsg, &role, sizeof(role)) == -1 || role == 0 ||
	    role >= PROC_MAX || role == proc_self ||
	    children[role].peer.handle != NULL)
		return (-1);
	if ((fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	peer_init(&children[role].peer, fd, role, child_handle, NULL, NULL);
	peer_pause(&children[role].peer, 1);
	return (0);
}
