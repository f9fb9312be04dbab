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
 * A frontend that was taken over: the real one, with its own confinement, but
 * whoever connects first to the proxy's port says what it does, by lines:
 *
 *	request id method framing length fd path
 *	header id line
 *	go id fd
 *	end id length
 *	ask id kind port host
 *	raw role type id fd data
 *	write data	into the last pair
 *	shut		the last pair
 *	try what pid	a call that it should not be able to make
 *
 * Paths, lines and data are hexadecimal.  fd is "-", "pair", a number that a
 * later connection was given, or "listener".  It says "conn number" of these,
 * "got role type id data" of each message, "did" or "failed errno" of a try.
 * A message is only queued when the lines that came with it were all read.
 */

#define frontend	real_frontend
#include "frontend.c"
#undef frontend
#include "frontend_accept.c"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <signal.h>

#define CONNS_MAX	512
#define LINE_MAX_	140000

__dead void	 frontend(void);

static int	 puppet_handle(struct peer *, struct imsg *);
static void	 puppet_started(void);
static void	 puppet_accept(int, short, void *);
static void	 puppet_read(int, short, void *);
static void	 puppet_line(char *);
static void	 puppet_try(const char *, pid_t);
static int	 puppet_fd(const char *);
static size_t	 unhex(char *, const char *);
static void	 say(const char *, ...)
		    __attribute__((__format__(printf, 1, 2)));

static int	 driver = -1, pair = -1;
static int	 others[CONNS_MAX], nothers;
static struct event driver_ev;
static char	 line[LINE_MAX_], data[LINE_MAX_];
static size_t	 linelen;

/* As the real one, but for the last line. */
void
frontend(void)
{
	accept_init();
	names_init();
	request_setup();
	if (sandbox_net("accept") == -1 ||
	    pledge("stdio inet recvfd sendfd", NULL) == -1)
		fatal("pledge");
	proc_loop(puppet_handle, puppet_started);
}

static void
puppet_started(void)
{
	size_t i;

	frontend_started();
	for (i = 0; i < nlisteners; i++) {
		event_del(&listeners[i].ev);
		if (listeners[i].kind != LISTEN_PROXY)
			continue;
		event_set(&listeners[i].ev, listeners[i].fd,
		    EV_READ | EV_PERSIST, puppet_accept, NULL);
		event_add(&listeners[i].ev, NULL);
	}
}

static int
puppet_handle(struct peer *p, struct imsg *imsg)
{
	const unsigned char *d;
	size_t i;

	if (p->role == ROLE_PARENT)
		return (frontend_handle(p, imsg));
	d = imsg->data;
	for (i = 0; i < imsg_get_len(imsg); i++)
		(void)snprintf(data + 2 * i, 3, "%02x", d[i]);
	data[2 * i] = '\0';
	say("got %s %u %u %s\n", proc_name(p->role), imsg_get_type(imsg),
	    imsg_get_id(imsg), data);
	return (0);
}

static void
puppet_accept(int fd, short event, void *arg)
{
	int s;

	(void)event;
	(void)arg;
	if ((s = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) == -1)
		return;
	if (driver == -1) {
		driver = s;
		event_set(&driver_ev, s, EV_READ | EV_PERSIST, puppet_read,
		    NULL);
		event_add(&driver_ev, NULL);
	} else if (nothers < CONNS_MAX) {
		others[nothers] = s;
		say("conn %d\n", nothers++);
	}
}

static void
puppet_read(int fd, short event, void *arg)
{
	char *nl;
	ssize_t n;

	(void)event;
	(void)arg;
	n = recv(fd, line + linelen, sizeof(line) - 1 - linelen, 0);
	if (n <= 0) {
		event_del(&driver_ev);
		return;
	}
	linelen += (size_t)n;
	line[linelen] = '\0';
	while ((nl = strchr(line, '\n')) != NULL) {
		*nl++ = '\0';
		puppet_line(line);
		linelen -= (size_t)(nl - line);
		memmove(line, nl, linelen + 1);
	}
}

static void
puppet_line(char *s)
{
	struct gate_request g;
	struct ask ask;
	char *w[8], *p;
	uint64_t size;
	size_t n;
	int i;

	for (i = 0, p = s; i < 7 && (w[i] = strsep(&p, " ")) != NULL; i++)
		;
	for (; i < 8; i++)
		w[i] = NULL;
	if (strcmp(w[0], "request") == 0) {
		memset(&g, 0, sizeof(g));
		g.method = (uint8_t)atoi(w[2]);
		g.framing = (uint8_t)atoi(w[3]);
		g.length = strtoull(w[4], NULL, 10);
		n = unhex(data, w[6]);
		memcpy(g.path, data, n < sizeof(g.path) ? n :
		    sizeof(g.path));
		frontend_compose(ROLE_KEEPER, IMSG_GATE_REQUEST,
		    (uint32_t)atoi(w[1]), puppet_fd(w[5]), &g, sizeof(g));
	} else if (strcmp(w[0], "header") == 0) {
		n = unhex(data, w[2]);
		data[n] = '\0';
		frontend_compose(ROLE_KEEPER, IMSG_GATE_HEADER,
		    (uint32_t)atoi(w[1]), -1, data, n + 1);
	} else if (strcmp(w[0], "go") == 0) {
		frontend_compose(ROLE_KEEPER, IMSG_GATE_GO,
		    (uint32_t)atoi(w[1]), puppet_fd(w[2]), NULL, 0);
	} else if (strcmp(w[0], "end") == 0) {
		size = strtoull(w[2], NULL, 10);
		frontend_compose(ROLE_KEEPER, IMSG_GATE_END,
		    (uint32_t)atoi(w[1]), -1, &size, sizeof(size));
	} else if (strcmp(w[0], "ask") == 0) {
		memset(&ask, 0, sizeof(ask));
		ask.kind = (uint32_t)atoi(w[2]);
		ask.port = (uint16_t)atoi(w[3]);
		n = unhex(data, w[4]);
		memcpy(ask.host, data, n < sizeof(ask.host) ? n :
		    sizeof(ask.host));
		frontend_compose(ROLE_RESOLVER, IMSG_ASK,
		    (uint32_t)atoi(w[1]), -1, &ask, sizeof(ask));
	} else if (strcmp(w[0], "raw") == 0) {
		n = w[5] == NULL ? 0 : unhex(data, w[5]);
		frontend_compose((unsigned int)atoi(w[1]), (uint32_t)atoi(w[2]),
		    (uint32_t)atoi(w[3]), puppet_fd(w[4]), data, n);
	} else if (strcmp(w[0], "write") == 0) {
		n = unhex(data, w[1]);
		(void)send(pair, data, n, MSG_NOSIGNAL);
	} else if (strcmp(w[0], "shut") == 0) {
		close(pair);
		pair = -1;
	} else if (strcmp(w[0], "try") == 0)
		puppet_try(w[1], (pid_t)atoi(w[2]));
}

static void
puppet_try(const char *what, pid_t pid)
{
	static char *const argv[] = { "/bin/true", NULL };
	struct sockaddr_in in;
	struct sockaddr_un un;
	struct iovec local, remote;
	char path[64];
	int fd, r;

	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_port = htons(443);
	in.sin_addr.s_addr = inet_addr("127.0.0.10");
	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	(void)strlcpy(un.sun_path, "/run/docker.sock", sizeof(un.sun_path));
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	r = -1;
	if (strcmp(what, "connect") == 0) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		r = connect(fd, (struct sockaddr *)&in, sizeof(in));
	} else if (strcmp(what, "reconnect") == 0) {
		/* what it has already */
		r = connect(listeners[0].fd, (struct sockaddr *)&in,
		    sizeof(in));
	} else if (strcmp(what, "fastopen") == 0) {
		r = (int)sendto(others[0], "x", 1, MSG_FASTOPEN,
		    (struct sockaddr *)&in, sizeof(in));
	} else if (strcmp(what, "udp") == 0) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		r = (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&in,
		    sizeof(in));
	} else if (strcmp(what, "unix") == 0) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		r = connect(fd, (struct sockaddr *)&un, sizeof(un));
	} else if (strcmp(what, "bind") == 0) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		r = bind(fd, (struct sockaddr *)&in, sizeof(in));
	} else if (strcmp(what, "mem") == 0)
		r = open(path, O_RDONLY);
	else if (strcmp(what, "file") == 0)
		r = open("/etc/passwd", O_RDONLY);
	else if (strcmp(what, "ptrace") == 0)
		r = (int)ptrace(PTRACE_ATTACH, pid, NULL, NULL);
	else if (strcmp(what, "vmread") == 0) {
		local.iov_base = data;
		local.iov_len = 16;
		remote.iov_base = data;
		remote.iov_len = 16;
		r = (int)process_vm_readv(pid, &local, 1, &remote, 1, 0);
	} else if (strcmp(what, "getfd") == 0) {
		fd = (int)syscall(SYS_pidfd_open, pid, 0);
		r = (int)syscall(SYS_pidfd_getfd, fd, 4, 0);
	} else if (strcmp(what, "kill") == 0)
		r = kill(pid, SIGSTOP);
	else if (strcmp(what, "exec") == 0)
		r = execv(argv[0], argv);
	else if (strcmp(what, "fork") == 0)
		r = (int)syscall(SYS_fork);
	if (r == -1)
		say("failed %d\n", errno);
	else
		say("did\n");
}

static int
puppet_fd(const char *s)
{
	int sv[2];

	if (strcmp(s, "-") == 0)
		return (-1);
	if (strcmp(s, "listener") == 0)
		return (fcntl(listeners[0].fd, F_DUPFD_CLOEXEC, 0));
	if (strcmp(s, "pair") != 0)
		return (fcntl(others[atoi(s)], F_DUPFD_CLOEXEC, 0));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		fatal("socketpair");
	pair = sv[0];
	return (sv[1]);
}

static size_t
unhex(char *out, const char *s)
{
	unsigned int b;
	size_t n;

	for (n = 0; sscanf(s + 2 * n, "%2x", &b) == 1; n++)
		out[n] = (char)b;
	return (n);
}

static void
say(const char *fmt, ...)
{
	static char out[LINE_MAX_ + 64];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out, sizeof(out), fmt, ap);
	va_end(ap);
	if (driver != -1 && n > 0)
		(void)send(driver, out, (size_t)n, MSG_NOSIGNAL);
}
