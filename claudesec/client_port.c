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
 * Ports of the host's loopback that lead into the session: a process of the
 * client's own, which has nothing to do with the user's terminal.  It listens,
 * accepts connections of its user, and asks the daemon for a stream for each.
 * It knows nothing of what passes.  It ends with the session, not with the
 * client, who may only have let go of it.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"
#include "inside.h"

#define PORTS_MAX	16
#define PIECE_MAX	16384	/* what inside gets at once */
#define HEAD_SIZE	2
#define BUFFER_SIZE	65536
#define LOGINS_MAX	16		/* of a client, one at a time */
#define LOGIN_SECONDS	300		/* for its callback */
#define HEAD_MICROS	50000		/* until it is looked at again */
#define HEAD_TRIES	200
#define URLS_MAX	256		/* that are handed on */

struct port {
	uint32_t	 container;	/* where it leads */
	int		 fd[2];		/* IPv4, IPv6; or -1 */
	struct event	 ev[2];
};

struct buffer {
	unsigned char	 data[BUFFER_SIZE];
	size_t		 off, len;
};

struct conn {
	TAILQ_ENTRY(conn) entry;
	uint32_t	 id;
	int		 local;
	int		 stream;	/* -1: asked for */
	int		 peeking;	/* is it the callback of a login? */
	int		 tries;
	struct event	 local_rev, local_wev, stream_rev, stream_wev;
	struct buffer	 out;		/* to the stream, in pieces */
	int		 ended;		/* its end is in there, or was */
	struct buffer	 in;		/* frames of docker's */
	struct demux	 frame;
	uint64_t	 count;		/* that came from the port */
	unsigned char	 said[1 + PORT_COUNTLEN];	/* by inside */
	size_t		 nsaid;
	uint64_t	 total;		/* bytes that had to come */
	int		 counted;	/* that is known */
	int		 heard;		/* our end has arrived */
	int		 shut;		/* all came, and its end */
};

static int	 port_listen(struct port *, uint32_t, int);
static __dead void port_run(int);
static int	 port_dispatch(struct peer *, struct imsg *);
static void	 port_gone(struct peer *, const char *);
static int	 port_handle_session(struct imsg *);
static void	 port_update(void);
static void	 port_accept(int, short, void *);
static int	 port_is_ours(int);
static void	 port_ask(struct conn *, uint32_t);
static int	 login_start(struct imsg *);
static void	 login_stop(int, short, void *);
static void	 login_peek(int, short, void *);
static void	 login_opener(void);
static __dead void login_open(int);
static struct conn *conn_find(uint32_t);
static int	 conn_start(struct imsg *);
static void	 conn_free(struct conn *, int);
static void	 conn_read_local(int, short, void *);
static void	 conn_write_stream(int, short, void *);
static void	 conn_read_stream(int, short, void *);
static void	 conn_write_local(int, short, void *);
static int	 conn_next_frame(struct conn *);
static void	 conn_take_said(struct conn *);
static void	 conn_update(struct conn *);
static void	 conn_want(struct event *, int);

static struct port ports[PORTS_MAX];
static size_t	 nports;
static struct login_scan scan;		/* of what is shown */
static int	 scanning;
static char	 scanned[LOGIN_URLMAX];	/* the last one that there was */
static unsigned int nscanned;
static FILE	*owners[2];		/* of TCP connections */
static struct imsgbuf port_ibuf = { .fd = -1 };	/* the client's, to it */

/* in the process */
static struct peer client_peer, daemon_peer;
static TAILQ_HEAD(, conn) conns = TAILQ_HEAD_INITIALIZER(conns);
static unsigned int nconns, nasked;
static struct port login_port = { .fd = { -1, -1 } };
static struct login login;
static struct event login_ev;
static unsigned int nlogins;
static int	 opener = -1;		/* opens addresses; or there is none */
static uint32_t	 last_id;

/*
 * An option's argument: port, or port:port.
 */
void
port_add(const char *arg)
{
	char buf[16];
	const char *e;
	uint32_t host;
	struct port *p;
	char *colon;

	if (nports == PORTS_MAX)
		errx(EX_USAGE, "more than %d ports", PORTS_MAX);
	e = strlcpy(buf, arg, sizeof(buf)) < sizeof(buf) ? NULL : "";
	if ((colon = strchr(buf, ':')) != NULL)
		*colon++ = '\0';
	else
		colon = buf;
	p = &ports[nports++];
	host = 0;
	if (e == NULL)
		host = (uint32_t)strtonum(buf, 1, 65535, &e);
	if (e == NULL)
		p->container = (uint32_t)strtonum(colon, 1, 65535, &e);
	if (e != NULL)
		errx(EX_USAGE, "\"%s\": not a port", arg);
	if (port_listen(p, host, AF_INET) == -1 ||
	    port_listen(p, host, AF_INET6) == -1)
		err(EX_UNAVAILABLE, "port %u", host);
}

/*
 * On the loopback, for nobody else to reach.  There need not be IPv6.
 */
static int
port_listen(struct port *p, uint32_t host, int family)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 *sin6;
	struct sockaddr_in *sin;
	socklen_t len;
	int error, i, on, s;

	i = family == AF_INET6;
	memset(&ss, 0, sizeof(ss));
	ss.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		sin = (struct sockaddr_in *)&ss;
		sin->sin_port = htons((uint16_t)host);
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		len = sizeof(*sin);
	} else {
		sin6 = (struct sockaddr_in6 *)&ss;
		sin6->sin6_port = htons((uint16_t)host);
		sin6->sin6_addr = in6addr_loopback;
		len = sizeof(*sin6);
	}
	p->fd[i] = -1;
	on = 1;
	s = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s != -1)
		(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (s == -1 || bind(s, (struct sockaddr *)&ss, len) == -1 ||
	    listen(s, SOMAXCONN) == -1) {
		error = errno;
		if (s != -1)
			close(s);
		errno = error;
		return (family == AF_INET || errno == EADDRINUSE ? -1 : 0);
	}
	p->fd[i] = s;
	return (0);
}

/*
 * Starts the process, if there is something to do for it.
 */
void
port_prepare(void)
{
	size_t i;
	int j, s;

	/* who has a terminal may log in */
	if (nports == 0 && !isatty(STDIN_FILENO))
		return;
	s = helper_start(port_run);
	for (i = 0; i < nports; i++)
		for (j = 0; j < 2; j++)
			if (ports[i].fd[j] != -1)
				close(ports[i].fd[j]);
	if (imsgbuf_init(&port_ibuf, s) == -1)
		err(EX_OSERR, NULL);
	imsgbuf_allow_fdpass(&port_ibuf, 0, 0);
}

/*
 * Here is the session, and the daemon that has it.
 */
void
port_session(const char *path, const char *name, uint32_t logs_in)
{
	struct port_session ps;

	if (port_ibuf.fd == -1)
		return;
	scanning = logs_in != 0;
	memset(&ps, 0, sizeof(ps));
	ps.login = logs_in;
	(void)strlcpy(ps.path, path, sizeof(ps.path));
	(void)strlcpy(ps.name, name, sizeof(ps.name));
	if (imsg_compose(&port_ibuf, IMSG_PORT_SESSION, 0, -1, &ps,
	    sizeof(ps)) == -1 || imsgbuf_flush(&port_ibuf) == -1)
		warn("ports");
}

/*
 * Looks for the address of a login in what the user is about to see.
 */
void
port_scan(const unsigned char *buf, size_t len)
{
	struct login l;
	size_t i;

	for (i = 0; scanning && i < len; i++) {
		if (login_scan(&scan, buf[i]) == 0 ||
		    login_parse(scan.url, &l) == -1 ||
		    strcmp(scan.url, scanned) == 0)
			continue;
		(void)strlcpy(scanned, scan.url, sizeof(scanned));
		if (++nscanned > URLS_MAX || imsg_compose(&port_ibuf,
		    IMSG_PORT_LOGIN, 0, -1, scanned, strlen(scanned)) == -1 ||
		    imsgbuf_flush(&port_ibuf) == -1)
			scanning = 0;
	}
}

/*
 * The process.
 */

static __dead void
port_run(int s)
{
	size_t i;
	int j, null;

	/* neither the terminal nor who reads our output waits for us */
	if (setsid() == -1 || (null = open("/dev/null", O_RDWR)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1)
		err(EX_OSERR, "ports");
	close(null);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	setproctitle("ports");
	login_opener();
	owners[0] = fopen("/proc/net/tcp", "re");
	owners[1] = fopen("/proc/net/tcp6", "re");
	proc_self = ROLE_CLIENT;
	proc_state = STATE_RUNNING;
	event_init();
	peer_init(&client_peer, s, ROLE_CLIENT, port_dispatch, port_gone,
	    NULL);
	imsgbuf_allow_fdpass(&client_peer.ibuf, 0, 0);
	for (i = 0; i < nports; i++)
		for (j = 0; j < 2; j++)
			event_set(&ports[i].ev[j], ports[i].fd[j], EV_READ |
			    EV_PERSIST, port_accept, &ports[i]);
	/*
	 * inet: to accept connections; unix: to connect to the daemon; recvfd:
	 * streams
	 */
	if (sandbox_net("accept bind connect") == -1 ||
	    pledge("stdio inet unix recvfd", NULL) == -1)
		err(EX_OSERR, "pledge");
	event_dispatch();
	exit(0);
}

static int
port_dispatch(struct peer *p, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_PORT_SESSION:
		return (p == &client_peer ? port_handle_session(imsg) : -1);
	case IMSG_PORT_LOGIN:
		return (p == &client_peer ? login_start(imsg) : -1);
	case IMSG_CTL_STREAM:
	case IMSG_CTL_REFUSED:
		return (p == &daemon_peer ? conn_start(imsg) : -1);
	default:
		/* the session has ended */
		exit(0);
	}
}

/*
 * The client may go, once it has told us what to do.
 */
static void
port_gone(struct peer *p, const char *why)
{
	(void)why;
	if (p == &daemon_peer || daemon_peer.handle == NULL)
		exit(0);
	peer_close(p);
}

static int
port_handle_session(struct imsg *imsg)
{
	struct ctl_request request;
	struct port_session ps;
	int fd;

	if (imsg_get_data(imsg, &ps, sizeof(ps)) == -1 ||
	    !imsg_is_string(ps.path, sizeof(ps.path)) ||
	    !imsg_is_string(ps.name, sizeof(ps.name)) ||
	    daemon_peer.handle != NULL || ps.login > 1)
		return (-1);
	if (nports == 0 && !ps.login)
		exit(0);
	if ((fd = client_connect(ps.path)) == -1)
		exit(EX_UNAVAILABLE);
	peer_init(&daemon_peer, fd, ROLE_ENGINE, port_dispatch, port_gone,
	    NULL);
	memset(&request, 0, sizeof(request));
	request.version = IMSG_VERSION;
	(void)strlcpy(request.name, ps.name, sizeof(request.name));
	if (peer_compose(&daemon_peer, IMSG_CTL_PORTS, 0, -1, &request,
	    sizeof(request)) == -1)
		err(EX_OSERR, "peer_compose");
	imsgbuf_allow_fdpass(&daemon_peer.ibuf, 0, 1);
	/* inet: to accept, to listen for a login; recvfd: streams */
	if (sandbox_net(ps.login ? "accept bind" : "accept") == -1 ||
	    pledge("stdio inet recvfd", NULL) == -1)
		err(EX_OSERR, "pledge");
	port_update();
	return (0);
}

/*
 * With as many connections as we take, the others wait for one to end.
 */
static void
port_update(void)
{
	size_t i;
	int j, want;

	want = nconns < CONNS_MAX && nasked < STREAMS_MAX;
	for (i = 0; i < nports; i++)
		for (j = 0; j < 2; j++)
			if (ports[i].fd[j] != -1)
				conn_want(&ports[i].ev[j], want);
}

static void
port_accept(int fd, short event, void *arg)
{
	struct port *p = arg;
	struct conn *c;
	int on, s;

	(void)event;
	s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s == -1)
		return;
	if (!port_is_ours(s) || (c = calloc(1, sizeof(*c))) == NULL) {
		close(s);
		return;
	}
	on = 1;
	(void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->id = ++last_id;
	c->local = s;
	c->stream = -1;
	TAILQ_INSERT_TAIL(&conns, c, entry);
	nconns++;
	if (p != &login_port) {
		port_ask(c, p->container);
		return;
	}
	c->peeking = 1;
	evtimer_set(&c->local_rev, login_peek, c);
	login_peek(s, 0, c);
}

static void
port_ask(struct conn *c, uint32_t port)
{
	nasked++;
	if (peer_compose(&daemon_peer, IMSG_CTL_CONNECT, c->id, -1, &port,
	    sizeof(port)) == -1)
		err(EX_OSERR, "peer_compose");
	port_update();
}

/*
 * An address that a login begins at was shown.  One login at a time: while its
 * port listens no other is served, but for a longer word, since that may have
 * been cut at the end of a line.
 */
static int
login_start(struct imsg *imsg)
{
	const struct timeval tv = { LOGIN_SECONDS, 0 };
	struct login l;
	char url[LOGIN_URLMAX];
	int j;

	if (imsg_get_string(imsg, url, sizeof(url)) == -1 ||
	    login_parse(url, &l) == -1)
		return (-1);
	if (login.port != 0) {
		if (l.port == login.port && strncmp(l.state, login.state,
		    strlen(login.state)) == 0)
			login = l;
		return (0);
	}
	if (daemon_peer.handle == NULL || ++nlogins > LOGINS_MAX)
		return (0);
	login_port.container = l.port;
	if (port_listen(&login_port, l.port, AF_INET) == -1 ||
	    port_listen(&login_port, l.port, AF_INET6) == -1) {
		login_stop(-1, 0, NULL);
		return (0);
	}
	login = l;
	for (j = 0; j < 2; j++)
		if (login_port.fd[j] != -1) {
			event_set(&login_port.ev[j], login_port.fd[j],
			    EV_READ | EV_PERSIST, port_accept, &login_port);
			event_add(&login_port.ev[j], NULL);
		}
	evtimer_set(&login_ev, login_stop, NULL);
	evtimer_add(&login_ev, &tv);
	(void)strlcat(url, "\n", sizeof(url));
	if (opener != -1)
		(void)write(opener, url, strlen(url));
	return (0);
}

/* It came, or it did not. */
static void
login_stop(int fd, short event, void *arg)
{
	int j;

	(void)fd;
	(void)event;
	(void)arg;
	for (j = 0; j < 2; j++) {
		if (login_port.fd[j] == -1)
			continue;
		if (login.port != 0)
			event_del(&login_port.ev[j]);
		close(login_port.fd[j]);
		login_port.fd[j] = -1;
	}
	if (login.port != 0)
		evtimer_del(&login_ev);
	memset(&login, 0, sizeof(login));
}

/*
 * Carried in is only the one request that brings the word back, of the login
 * that waits; the browser tries for others, too.
 */
static void
login_peek(int fd, short event, void *arg)
{
	const struct timeval tv = { 0, HEAD_MICROS };
	struct conn *c = arg;
	char head[LOGIN_URLMAX];
	uint32_t port;
	ssize_t n;
	int is;

	(void)fd;
	(void)event;
	n = recv(c->local, head, sizeof(head), MSG_PEEK);
	is = -1;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		is = 0;
	else if (n > 0 && login.port != 0)
		is = login_request(head, (size_t)n, &login);
	if (is == 0 && ++c->tries < HEAD_TRIES) {
		/* half a line leaves it readable, so the clock says when */
		evtimer_add(&c->local_rev, &tv);
		return;
	}
	c->peeking = 0;
	if (is != 1) {
		conn_free(c, 0);
		return;
	}
	port = login.port;
	login_stop(-1, 0, NULL);
	port_ask(c, port);
}

/*
 * Opens addresses in the user's browser, if there is one, with all rights that
 * this takes: a process that sees nothing else.
 */
static void
login_opener(void)
{
	int p[2];

	if (getenv("BROWSER") == NULL && getenv("DISPLAY") == NULL &&
	    getenv("WAYLAND_DISPLAY") == NULL)
		return;
	if (pipe2(p, O_CLOEXEC) == -1)
		err(EX_OSERR, "pipe");
	switch (fork()) {
	case -1:
		err(EX_OSERR, "fork");
	case 0:
		close(p[1]);
		(void)dup2(p[0], STDERR_FILENO + 1);
		closefrom(STDERR_FILENO + 2);
		login_open(STDERR_FILENO + 1);
	}
	close(p[0]);
	opener = p[1];
}

static __dead void
login_open(int fd)
{
	struct login l;
	char url[LOGIN_URLMAX + 1];
	const char *program;
	FILE *f;

	if ((program = getenv("BROWSER")) == NULL || *program == '\0')
		program = "xdg-open";
	(void)signal(SIGCHLD, SIG_IGN);
	if ((f = fdopen(fd, "r")) == NULL)
		exit(EX_OSERR);
	while (fgets(url, sizeof(url), f) != NULL) {
		url[strcspn(url, "\n")] = '\0';
		if (login_parse(url, &l) == -1 || fork() != 0)
			continue;
		(void)signal(SIGCHLD, SIG_DFL);
		(void)signal(SIGPIPE, SIG_DFL);
		(void)signal(SIGHUP, SIG_DFL);
		closefrom(STDERR_FILENO + 1);
		(void)execlp(program, program, url, (char *)NULL);
		_exit(127);
	}
	exit(0);
}

/*
 * Other users have the same loopback.  Where the system tells whose a
 * connection's other end is, it has to be this user's, or root's.
 */
static int
port_is_ours(int s)
{
	struct sockaddr_storage us, them;
	socklen_t len;
	FILE *f;

	len = sizeof(us);
	if (getsockname(s, (struct sockaddr *)&us, &len) == -1)
		return (0);
	len = sizeof(them);
	if (getpeername(s, (struct sockaddr *)&them, &len) == -1)
		return (0);
	f = owners[us.ss_family == AF_INET6];
	return (f == NULL || owner_is(f, &them, &us, getuid()));
}

/*
 * Connections.
 */

static struct conn *
conn_find(uint32_t id)
{
	struct conn *c;

	TAILQ_FOREACH(c, &conns, entry)
		if (c->id == id)
			return (c);
	return (NULL);
}

/*
 * The daemon has a stream for one, or has none.
 */
static int
conn_start(struct imsg *imsg)
{
	struct conn *c;
	int fd, flags;

	c = conn_find(imsg_get_id(imsg));
	if (c == NULL || c->stream != -1 || c->peeking)
		return (-1);
	nasked--;
	fd = imsg_get_fd(imsg);
	if (fd == -1 || (flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		if (fd != -1)
			close(fd);
		conn_free(c, 1);
		return (0);
	}
	c->stream = fd;
	event_set(&c->local_rev, c->local, EV_READ | EV_PERSIST,
	    conn_read_local, c);
	event_set(&c->local_wev, c->local, EV_WRITE | EV_PERSIST,
	    conn_write_local, c);
	event_set(&c->stream_rev, fd, EV_READ | EV_PERSIST, conn_read_stream,
	    c);
	event_set(&c->stream_wev, fd, EV_WRITE | EV_PERSIST,
	    conn_write_stream, c);
	conn_update(c);
	port_update();
	return (0);
}

/*
 * What has not come to its end must not look as if it had.
 */
static void
conn_free(struct conn *c, int reset)
{
	const struct linger linger = { 1, 0 };

	if (reset)
		(void)setsockopt(c->local, SOL_SOCKET, SO_LINGER, &linger,
		    sizeof(linger));
	if (c->peeking)
		event_del(&c->local_rev);
	if (c->stream != -1) {
		event_del(&c->local_rev);
		event_del(&c->local_wev);
		event_del(&c->stream_rev);
		event_del(&c->stream_wev);
		close(c->stream);
	}
	close(c->local);
	TAILQ_REMOVE(&conns, c, entry);
	nconns--;
	free(c);
	port_update();
}

static void
conn_read_local(int fd, short event, void *arg)
{
	struct conn *c = arg;
	ssize_t n;

	(void)event;
	n = read(fd, c->out.data + HEAD_SIZE, PIECE_MAX);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		conn_free(c, 1);
		return;
	}
	/* an empty piece is the end */
	c->ended = n == 0;
	c->out.data[0] = (unsigned char)(n >> 8);
	c->out.data[1] = (unsigned char)n;
	c->out.off = 0;
	c->out.len = HEAD_SIZE + (size_t)n;
	conn_update(c);
}

static void
conn_write_stream(int fd, short event, void *arg)
{
	struct conn *c = arg;
	ssize_t n;

	(void)event;
	n = write(fd, c->out.data + c->out.off, c->out.len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		/* what the port said before it went may still come */
		c->ended = 1;
		c->out.len = 0;
	} else {
		c->out.off += (size_t)n;
		c->out.len -= (size_t)n;
	}
	conn_update(c);
}

static void
conn_read_stream(int fd, short event, void *arg)
{
	struct conn *c = arg;
	ssize_t n;

	(void)event;
	n = read(fd, c->in.data, sizeof(c->in.data));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_free(c, !c->shut);
		return;
	}
	c->in.off = 0;
	c->in.len = (size_t)n;
	if (conn_next_frame(c) == -1)
		conn_free(c, 1);
	else
		conn_update(c);
}

static void
conn_write_local(int fd, short event, void *arg)
{
	struct conn *c = arg;
	size_t len;
	ssize_t n;

	(void)event;
	len = c->in.len < c->frame.left ? c->in.len : c->frame.left;
	n = write(fd, c->in.data + c->in.off, len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		conn_free(c, 1);
		return;
	}
	c->in.off += (size_t)n;
	c->in.len -= (size_t)n;
	c->frame.left -= (size_t)n;
	c->count += (uint64_t)n;
	if (conn_next_frame(c) == -1)
		conn_free(c, 1);
	else
		conn_update(c);
}

/* Up to the next byte that is for the local side. */
static int
conn_next_frame(struct conn *c)
{
	ssize_t n;

	while (c->in.len > 0) {
		if (c->frame.left == 0) {
			n = demux(&c->frame, c->in.data + c->in.off,
			    c->in.len);
			if (n == -1)
				return (-1);
			c->in.off += (size_t)n;
			c->in.len -= (size_t)n;
		} else if (c->frame.fd == STDOUT_FILENO)
			break;
		else
			conn_take_said(c);
	}
	return (0);
}

/* What inside says beside the port's bytes; nonsense is taken for nothing. */
static void
conn_take_said(struct conn *c)
{
	size_t i;

	c->said[c->nsaid++] = c->in.data[c->in.off++];
	c->in.len--;
	c->frame.left--;
	if (c->said[0] == PORT_COUNT && c->nsaid < sizeof(c->said))
		return;
	c->nsaid = 0;
	if (c->said[0] == PORT_SHUT)
		c->heard = 1;
	if (c->said[0] != PORT_COUNT || c->counted)
		return;
	c->counted = 1;
	for (i = 1; i < sizeof(c->said); i++)
		c->total = c->total << 8 | c->said[i];
}

/*
 * Frees it when both sides have said all, and know that of the other.
 */
static void
conn_update(struct conn *c)
{
	if (c->counted && c->count == c->total && !c->shut) {
		(void)shutdown(c->local, SHUT_WR);
		c->shut = 1;
	}
	if (c->shut && c->heard) {
		conn_free(c, 0);
		return;
	}
	conn_want(&c->local_rev, !c->ended && c->out.len == 0);
	conn_want(&c->stream_wev, c->out.len > 0);
	conn_want(&c->stream_rev, c->in.len == 0);
	conn_want(&c->local_wev, c->in.len > 0);
}

static void
conn_want(struct event *ev, int want)
{
	if (want)
		event_add(ev, NULL);
	else
		event_del(ev);
}
