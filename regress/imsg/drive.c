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
 * Drives one process of a program at a time, in the place of its parent, its
 * siblings and its clients, with every message of the program's own table:
 * too short, too long, not a string, from the wrong sender, in the wrong
 * state, with a descriptor too many or missing.  A process must end at once
 * when a parent or sibling lies, and drop only the client when a client does.
 *
 * drive program role ...: the names of the roles, the parent's first; a name
 * with a plus sign is no child but a client that connects to the others.
 */

#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "proc.h"
#include "drive.h"

#define ROLES		9
#define TIMEOUT		60000	/* ms for an answer */

static const char *program, *names[ROLES];
static unsigned int nroles, client_role = ROLES;
static int	 failed;
static char	 stderr_path[] = "/tmp/drive.XXXXXX";

static struct {
	pid_t		 pid;
	unsigned int	 role;
	struct imsgbuf	 ch[ROLES];	/* as parent, or as sibling */
	int		 used[ROLES];
} victim;

static void
start(unsigned int role)
{
	int sv[2], fd;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		err(1, "socketpair");
	memset(&victim, 0, sizeof(victim));
	victim.role = role;
	switch (victim.pid = fork()) {
	case -1:
		err(1, "fork");
	case 0:
		fd = open(stderr_path, O_WRONLY | O_TRUNC);
		close(sv[0]);
		if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
			_exit(99);
		fd = open("/dev/null", O_RDWR);
		if (dup2(fd, STDIN_FILENO) == -1 ||
		    dup2(fd, STDOUT_FILENO) == -1 ||
		    (sv[1] != 3 && dup2(sv[1], 3) == -1))
			_exit(99);
		closefrom(4);
		execl(program, program, "-X", names[role], (char *)NULL);
		_exit(99);
	}
	close(sv[1]);
	if (imsgbuf_init(&victim.ch[0], sv[0]) == -1)
		err(1, "imsgbuf_init");
	imsgbuf_allow_fdpass(&victim.ch[0], 1, 1);
	victim.used[0] = 1;
}

void
put(struct imsgbuf *b, uint32_t type, int fd, const void *data, size_t len)
{
	if (imsg_compose(b, type, 1, fd, data, len) == -1)
		err(1, "imsg_compose %u", type);
	(void)imsgbuf_flush(b);
}

/* Until it says so; what else it says does not matter. */
int
wait_told(struct imsgbuf *b, uint32_t type)
{
	struct imsg imsg;
	struct pollfd pfd;

	pfd.fd = b->fd;
	pfd.events = POLLIN;
	for (;;) {
		while (imsgbuf_get(b, &imsg) == 1) {
			imsg_free(&imsg);
			if (imsg.hdr.type == type)
				return (0);
		}
		if (poll(&pfd, 1, TIMEOUT) != 1 || imsgbuf_read(b) != 1)
			return (-1);
	}
}

/* brings a role up, with siblings, to the set-up's end if running is set */
static void
bring_up(unsigned int role, int running)
{
	struct setup_log sl;
	uint32_t other;
	int sv[2];

	start(role);
	memset(&sl, 0, sizeof(sl));
	sl.debug = 1;
	put(&victim.ch[0], IMSG_SETUP_LOG, -1, &sl, sizeof(sl));
	for (other = 1; other < nroles; other++) {
		if (other == role || other == client_role)
			continue;
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
			err(1, "socketpair");
		put(&victim.ch[0], IMSG_SETUP_PEER, sv[0], &other,
		    sizeof(other));
		if (imsgbuf_init(&victim.ch[other], sv[1]) == -1)
			err(1, "imsgbuf_init");
		imsgbuf_allow_fdpass(&victim.ch[other], 1, 1);
		victim.used[other] = 1;
	}
	prepare(role, victim.ch, 0);
	if (!running)
		return;
	put(&victim.ch[0], IMSG_SETUP_START, -1, NULL, 0);
	if (wait_told(&victim.ch[0], IMSG_SETUP_STARTED) == -1) {
		printf("FAIL imsg %s: does not start\n", names[role]);
		failed = 1;
	}
	prepare(role, victim.ch, 1);
}

/* the status of the victim if it ends by itself, or -1 */
static int
ends(void)
{
	int i, status;

	for (i = 0; i < TIMEOUT; i++) {
		if (waitpid(victim.pid, &status, WNOHANG) == victim.pid) {
			victim.pid = 0;
			return (status);
		}
		usleep(1000);
	}
	return (-1);
}

static void
take_down(void)
{
	unsigned int i;

	if (victim.pid != 0) {
		(void)kill(victim.pid, SIGKILL);
		(void)waitpid(victim.pid, NULL, 0);
	}
	for (i = 0; i < ROLES; i++)
		if (victim.used[i]) {
			close(victim.ch[i].fd);
			imsgbuf_clear(&victim.ch[i]);
		}
}

static int
complained(void)
{
	char buf[8192];
	ssize_t n;
	int fd;

	if ((fd = open(stderr_path, O_RDONLY)) == -1)
		return (0);
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return (strstr(buf, "sent us what it must not") != NULL);
}

static void
result(const char *what, const struct imsg_rule *r, const char *from,
    const char *why)
{
	if (why == NULL)
		printf("ok imsg %s %s from %s %s\n", names[victim.role],
		    r->name, from, what);
	else {
		printf("FAIL imsg %s %s from %s %s: %s\n", names[victim.role],
		    r->name, from, what, why);
		failed = 1;
	}
	(void)fflush(stdout);
}

/*
 * Sends one message as the role says to a fresh victim, which must end.
 */
static void
lie(const struct imsg_rule *r, unsigned int to, unsigned int from,
    int running, const char *what, int fill, size_t len, int withfd)
{
	unsigned char data[IMSG_MAXSIZE];
	int fd, status;

	if (len > IMSG_MAXSIZE - IMSG_HEADER_SIZE)
		return;
	memset(data, fill, sizeof(data));
	if (fill == 0 && len > 2)
		data[0] = data[len - 1] = 'a';
	bring_up(to, running);
	fd = withfd ? open("/dev/null", O_RDONLY) : -1;
	put(&victim.ch[from], r->type, fd, data, len);
	/* siblings are read once the set-up is over */
	if (!running && from != 0)
		put(&victim.ch[0], IMSG_SETUP_START, -1, NULL, 0);
	status = ends();
	if (status == -1)
		result(what, r, names[from], "goes on");
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
		result(what, r, names[from], "did not exit with status 1");
	else
		result(what, r, names[from], complained() ? NULL :
		    "ended without saying why");
	take_down();
}

/* the same as a client; only its connection must end */
static void
lie_as_client(const struct imsg_rule *r, unsigned int to, unsigned int by,
    uint32_t bytype, const char *what, int fill, size_t len, int withfd)
{
	unsigned char buf[4096], data[IMSG_MAXSIZE];
	struct imsgbuf b;
	struct pollfd pfd;
	const char *why;
	int fd, sv[2];
	ssize_t n;

	if (len > IMSG_MAXSIZE - IMSG_HEADER_SIZE)
		return;
	memset(data, fill, sizeof(data));
	bring_up(to, 1);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		err(1, "socketpair");
	put(&victim.ch[by], bytype, sv[0], NULL, 0);
	if (imsgbuf_init(&b, sv[1]) == -1)
		err(1, "imsgbuf_init");
	imsgbuf_allow_fdpass(&b, 1, 1);
	fd = withfd ? open("/dev/null", O_RDONLY) : -1;
	put(&b, r->type, fd, data, len);
	pfd.fd = sv[1];
	pfd.events = POLLIN;
	why = "its connection stays open";
	while (poll(&pfd, 1, TIMEOUT) == 1) {
		n = recv(sv[1], buf, sizeof(buf), 0);
		if (n == 0 || (n == -1 && errno == ECONNRESET)) {
			why = NULL;
			break;
		}
	}
	usleep(20000);
	if (waitpid(victim.pid, NULL, WNOHANG) == victim.pid) {
		victim.pid = 0;
		why = "took the process with it";
	}
	result(what, r, "client", why);
	close(sv[1]);
	imsgbuf_clear(&b);
	take_down();
}

static void
lies_of(const struct imsg_rule *r, unsigned int to, unsigned int from)
{
	unsigned int other;
	int fd, running;

	fd = r->fd == IMSG_FD;
	running = (r->states & STATE_SETUP) == 0;
	if (r->min > 0)
		lie(r, to, from, running, "too_short", 'A', r->min - 1, fd);
	lie(r, to, from, running, "too_long", 'A', r->max + 1, fd);
	if (r->fd == IMSG_FD)
		lie(r, to, from, running, "descriptor_missing", 'A', r->min,
		    0);
	if (r->fd == IMSG_NOFD)
		lie(r, to, from, running, "descriptor_too_many", 'A', r->min,
		    1);
	if (r->min == r->max && r->min > 64)
		lie(r, to, from, running, "arrays_without_nul", 'A', r->min,
		    fd);
	if (r->min == 1 && r->max > 64 && is_text(r->type))
		lie(r, to, from, running, "string_with_nul", 0, 40, fd);
	for (other = 0; other < nroles; other++)
		if (other != to && other != client_role &&
		    (r->from & (1U << other)) == 0)
			lie(r, to, other, running, "wrong_sender", 'A',
			    r->min, fd);
	/* a type of the set-up after it, and the others before it is over */
	if (from == 0 && (r->states &
	    (running ? STATE_SETUP : STATE_RUNNING)) == 0)
		lie(r, to, from, !running, "wrong_state", 'A', r->min, fd);
}

int
main(int argc, char *argv[])
{
	const struct imsg_rule *r;
	struct imsg_rule unknown;
	unsigned int by, from, to;
	uint32_t bytype;
	int fd, i;

	if (argc < 3 || argc - 2 > ROLES)
		errx(1, "usage: drive program parent role ...");
	program = argv[1];
	for (i = 2; i < argc; i++) {
		names[nroles] = argv[i][0] == '+' ? argv[i] + 1 : argv[i];
		if (argv[i][0] == '+')
			client_role = nroles;
		nroles++;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if ((fd = mkstemp(stderr_path)) == -1)
		err(1, "mkstemp");
	close(fd);
	/* the type that brings a client to a process, and from whom */
	by = bytype = 0;
	for (r = imsg_rules; r->name != NULL; r++)
		if (strcmp(r->name, "client") == 0)
			for (from = 1; from < nroles; from++)
				if (r->from & (1U << from)) {
					by = from;
					bytype = r->type;
				}
	for (r = imsg_rules; r->name != NULL; r++)
		for (to = 1; to < nroles; to++) {
			if ((r->to & (1U << to)) == 0 || to == client_role)
				continue;
			for (from = 0; from < nroles; from++)
				if ((r->from & (1U << from)) != 0 &&
				    from != to && from != client_role)
					lies_of(r, to, from);
			if (client_role == ROLES || to == by ||
			    (r->from & (1U << client_role)) == 0)
				continue;
			if (r->min > 0)
				lie_as_client(r, to, by, bytype, "too_short",
				    'A', r->min - 1, r->fd == IMSG_FD);
			lie_as_client(r, to, by, bytype, "too_long", 'A',
			    r->max + 1, r->fd == IMSG_FD);
			lie_as_client(r, to, by, bytype, "garbage", 'A',
			    r->max, r->fd == IMSG_FD);
			lie_as_client(r, to, by, bytype, "descriptor_wrong",
			    0, r->min, r->fd != IMSG_FD);
		}
	memset(&unknown, 0, sizeof(unknown));
	unknown.type = 9999;
	unknown.name = "unknown";
	for (to = 1; to < nroles; to++)
		for (from = 0; from < nroles; from++)
			if (from != to && from != client_role &&
			    to != client_role)
				lie(&unknown, to, from, 1, "unknown_type", 'A',
				    0, 0);
	(void)unlink(stderr_path);
	return (failed);
}
