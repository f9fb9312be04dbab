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
 * The parent: reads the configuration, binds or takes the sockets to listen
 * on, starts the others and tells them.  It talks to nobody but them and, in
 * a sandbox's sidecar, to the launcher on standard input and output; no byte
 * of a client or of a server reaches it.
 */

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <net/if.h>
#include <netinet/in.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <libgen.h>
#include <limits.h>
#include <paths.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "inside.h"
#include "proc.h"
#include "proxyd.h"
#include "sandbox.h"

#define DOCUMENT_MAX	(4 * 1024 * 1024)
#define RESOLV_CONF	"/etc/resolv.conf"
#define LISTEN_BACKLOG	4096
/* descriptors of a process that are no connection's */
#define FDS_OWN		16
#define FDS_RESERVED	256
#define FDS_MIN		64
#define FDS_MAX		(1024 * 1024)
#define DIRS_MAX	32
#define HANDOVER_WAIT	5	/* seconds for a client to hand over */

static void	 background(void);
static struct config *read_config(void);
static FILE	*open_list(const char *);
static void	 remember_dir(const char *);
static void	 read_input(void);
static int	 next_document(void);
static void	 document_event(int, short, void *);
static void	 read_documents(void);
static void	 config_error(const char *);
static void	 say(const char *, const char *);
static void	 read_resolvers(void);
static void	 gather_own(void);
static void	 raise_limits(void);
static void	 send_config(struct config *);
static void	 send_gateway(const struct gateway *);
static void	 send_to(unsigned int, uint32_t, const void *, size_t);
static void	 open_listeners(const struct config *);
static void	 open_listener(const struct netaddr *, uint16_t, uint32_t,
		    int);
static void	 send_listener(uint32_t, int);
static void	 open_handover(const char *);
static void	 handover_accept(int, short, void *);
static void	 handover_read(int, short, void *);
static int	 handover_receive(int, int [HANDOVER_MAX]);
static int	 handover_check(int, const struct handover_socket *);
static void	 started(void);
static void	 cleanup(void);
static void	 ended(void);
static const char *fixed(const struct config *);
static void	 remember_ports(void);
static void	 reload(void);
static void	 on_signal(int, short, void *);
static int	 dispatch_child(struct peer *, struct imsg *);
static void	 reloaded(void);

const struct proc_role proc_roles[] = {
	{ "parent",	NULL,		NULL },
	{ "frontend",	frontend,	dispatch_child },
	{ "resolver",	resolver,	dispatch_child },
	{ "relay",	relay,		NULL },
	{ "keeper",	keeper,		dispatch_child },
	{ NULL,		NULL,		NULL }
};

const struct refusal_text refusals[REFUSAL_MAX] = {
	{ 500, "" },
	{ 403, REFUSED_BLOCKED },
	{ 403, "resolves to an address that is not a public one" },
	{ 502, "there is no such name" },
	{ 502, "the name has no address" },
	{ 502, "the name cannot be resolved" },
	{ 504, "no answer from the resolver" },
	{ 503, "too many names are being resolved" },
	{ 502, "the server cannot be reached" },
	{ 504, "the server does not answer" },
	{ 502, "the parent proxy cannot be found" },
	{ 403, "the API is reached by the base URL that the sandbox was "
	    "given, and not otherwise" },
	{ 403, "there is no gateway to an API here" },
	{ 502, "the certificate of the API is not good" },
	{ 502, "the API gave no proper answer" },
	{ 502, "the API hung up before it answered" }
};

static const char	 no_key[] = "there is no key that could be kept";
static const char	*conf_file = PROXYD_CONF;
static struct macros	 macros = TAILQ_HEAD_INITIALIZER(macros);
static struct config	*conf;
static int		 channel;	/* we are told by standard input */
static int		 running;	/* every process is up */
static unsigned int	 reloading;	/* how many have not answered yet */
static int		 refused;	/* one of them says no */
static int		 in_force;	/* a configuration was, at least once */
static int		 hangup;	/* and there is to be another */
static char		 first_error[1024];
static char		*dirs[DIRS_MAX]; /* to read in at a reload */
static size_t		 ndirs;
static uint32_t		 connections;	/* that descriptors allow */

/* what came from standard input and is no whole document yet */
static struct {
	char		*buf;
	size_t		 len, size;
	int		 eof;
	char		*doc;		/* the one that is whole */
	size_t		 doclen;
} input;

static struct server	 servers[SERVERS_MAX]; /* the system's */
static size_t		 nservers;
static uint16_t		 ports[SERVERS_MAX]; /* of resolvers, at the start */
static size_t		 nports;
static uint16_t		 via_port;	/* likewise */
static struct netaddr	 own[OWN_MAX];
static size_t		 nown;

static int		 handover_fd = -1;
static struct event	 handover_ev, client_ev, input_ev;
static struct event	 sighup, sigint, sigterm, sigusr1;

__dead void
usage(void)
{
	fprintf(stderr, "usage: %s [-dnv] [-D macro=value] [-f file]\n",
	    getprogname());
	exit(1);
}

int
main(int argc, char *argv[])
{
	struct macro *m;
	struct pollfd pfd;
	struct stat st;
	int ch, debug, nflag, verbose;

	/* the command line of our own children, and of nobody else */
	if (argc == 3 && strcmp(argv[1], "-X") == 0)
		proc_child(argv[2], PROXYD_USER, PROXYD_CHROOT);

	proc_nocore();
	debug = nflag = verbose = 0;
	while ((ch = getopt(argc, argv, "D:df:nv")) != -1) {
		switch (ch) {
		case 'D':
			if (strchr(optarg, '=') == NULL)
				usage();
			if ((m = calloc(1, sizeof(*m))) == NULL)
				fatal("calloc");
			m->value = optarg;
			TAILQ_INSERT_TAIL(&macros, m, entry);
			break;
		case 'd':
			debug = 1;
			break;
		case 'f':
			conf_file = optarg;
			break;
		case 'n':
			nflag = 1;
			break;
		case 'v':
			verbose++;
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
	channel = strcmp(conf_file, "-") == 0;
	if (channel && !debug && !nflag)
		fatalx("a configuration on standard input wants -d");

	while (channel && !next_document()) {
		/* it may be non-blocking */
		pfd.fd = STDIN_FILENO;
		pfd.events = POLLIN;
		(void)poll(&pfd, 1, -1);
		read_input();
	}
	if ((conf = read_config()) == NULL) {
		if (!nflag)
			say("error", first_error);
		exit(1);
	}
	if (nflag) {
		if (verbose > 0)
			print_config(stdout, conf);
		fprintf(stderr, "configuration OK\n");
		exit(0);
	}
	if (conf->gateway.conf.kept) {
		config_error(no_key);
		say("error", first_error);
		exit(1);
	}
	if (conf->nlistens == 0 && conf->handover[0] == '\0')
		fatalx("%s: nothing to listen on", conf_file);
	if (!channel)
		remember_dir(conf_file);
	read_resolvers();
	gather_own();
	raise_limits();

	if (!debug)
		background();
	log_init("parent", debug, verbose);
	(void)signal(SIGPIPE, SIG_IGN);
	event_init();
	signal_set(&sighup, SIGHUP, on_signal, NULL);
	signal_set(&sigint, SIGINT, on_signal, NULL);
	signal_set(&sigterm, SIGTERM, on_signal, NULL);
	signal_set(&sigusr1, SIGUSR1, on_signal, NULL);
	signal_add(&sighup, NULL);
	signal_add(&sigint, NULL);
	signal_add(&sigterm, NULL);
	signal_add(&sigusr1, NULL);

	proc_start(ROLE_FRONTEND);
	proc_start(ROLE_RESOLVER);
	proc_start(ROLE_RELAY);
	proc_connect(ROLE_FRONTEND, ROLE_RESOLVER);
	proc_connect(ROLE_FRONTEND, ROLE_RELAY);
	proc_connect(ROLE_RESOLVER, ROLE_RELAY);
	if (conf->gateway.conf.host[0] != '\0') {
		proc_start(ROLE_KEEPER);
		proc_connect(ROLE_FRONTEND, ROLE_KEEPER);
		proc_connect(ROLE_RESOLVER, ROLE_KEEPER);
	}
	proc_onexit(cleanup);
	if (atexit(ended) != 0)
		fatalx("atexit");
	open_listeners(conf);
	remember_ports();
	send_config(conf);

	/*
	 * Wide: rpath for configurations and unveil to say which, cpath and
	 * unix for the handover's socket, inet to look at what came by it,
	 * recvfd and sendfd to take it and to give it to the frontend, proc
	 * to end the children.
	 */
	if (pledge("stdio rpath cpath unveil unix inet recvfd sendfd proc",
	    NULL) == -1)
		fatal("pledge");
	if (conf->handover[0] != '\0')
		open_handover(conf->handover);
	else
		proc_run(started);
	if (channel) {
		event_set(&input_ev, STDIN_FILENO, EV_READ | EV_PERSIST,
		    document_event, NULL);
		/* a file cannot be waited for, and has no more to say */
		if (!input.eof && fstat(STDIN_FILENO, &st) == 0 &&
		    !S_ISREG(st.st_mode))
			event_add(&input_ev, NULL);
	}
	event_dispatch();
	fatalx("no events left");
}

/* What goes wrong until the start is complete is said to whoever waits. */
static void
background(void)
{
	int fd;

	if (daemon(1, 1) == -1)
		fatal("daemon");
	if ((fd = open(_PATH_DEVNULL, O_RDWR)) == -1 ||
	    dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		fatal("%s", _PATH_DEVNULL);
	if (fd > STDERR_FILENO)
		close(fd);
}

/*
 * Configuration.
 */

static struct config *
read_config(void)
{
	static char buf[4096];
	struct config *c;
	FILE *fp;

	first_error[0] = '\0';
	if (channel)
		fp = fmemopen(input.doc, input.doclen, "r");
	else
		fp = fopen(conf_file, "re");
	if (fp == NULL) {
		log_warn("%s", conf_file);
		return (NULL);
	}
	/* what is read may be secret, and stays where we can wipe it */
	(void)setvbuf(fp, buf, _IOFBF, sizeof(buf));
	c = parse_config(fp, channel ? "stdin" : conf_file, &macros,
	    open_list, config_error);
	fclose(fp);
	explicit_bzero(buf, sizeof(buf));
	if (channel) {
		freezero(input.doc, input.doclen);
		input.doc = NULL;
	}
	return (c);
}

/* The first of several goes to the launcher as well. */
static void
config_error(const char *line)
{
	if (first_error[0] == '\0')
		(void)strlcpy(first_error, line, sizeof(first_error));
	if (running)
		log_warnx("%s", line);
	else
		fprintf(stderr, "%s\n", line);
}

/*
 * Where the configuration comes by standard input there is no file system to
 * speak of, and we give up all of it.
 */
static FILE *
open_list(const char *path)
{
	if (channel) {
		errno = EACCES;
		return (NULL);
	}
	if (!running)
		remember_dir(path);
	return (fopen(path, "re"));
}

/*
 * A reload reads the file again, or the one that an editor has put in its
 * place: by what its directory is called, and where it really is.
 */
static void
remember_dir(const char *path)
{
	char dir[PATH_MAX], real[PATH_MAX], *name;
	size_t i;
	int link;

	for (link = 0; link < 2; link++) {
		if (link && (realpath(path, real) == NULL))
			return;
		if (strlcpy(dir, link ? real : path, sizeof(dir)) >=
		    sizeof(dir))
			return;
		/* it returns a part of dir, or another string */
		name = dirname(dir);
		for (i = 0; i < ndirs && strcmp(dirs[i], name) != 0; i++)
			;
		if (i < ndirs || access(name, R_OK) == -1)
			continue;
		if (ndirs == DIRS_MAX)
			fatalx("lists in more than %d directories", DIRS_MAX);
		if ((dirs[ndirs++] = strdup(name)) == NULL)
			fatal("strdup");
	}
}

static void
read_input(void)
{
	char *buf;
	ssize_t n;

	if (input.size - input.len < 4096) {
		if (input.size > DOCUMENT_MAX)
			fatalx("stdin: the configuration is too long");
		buf = recallocarray(input.buf, input.size,
		    input.size * 2 + 8192, 1);
		if (buf == NULL)
			fatal("recallocarray");
		input.buf = buf;
		input.size = input.size * 2 + 8192;
	}
	n = read(STDIN_FILENO, input.buf + input.len, input.size - input.len);
	if (n == -1 && errno != EINTR && errno != EAGAIN)
		fatal("stdin");
	if (n == 0)
		input.eof = 1;
	if (n > 0)
		input.len += (size_t)n;
}

/*
 * Moves a document to input.doc: all up to a line with nothing but a dot, or
 * to the end of file.  0 if there is none yet.
 */
static int
next_document(void)
{
	size_t end, line, next;
	char *nl;

	for (line = 0; line < input.len; line = next) {
		nl = memchr(input.buf + line, '\n', input.len - line);
		if (nl == NULL)
			break;
		next = (size_t)(nl - input.buf) + 1;
		if (next - line == 2 && input.buf[line] == '.')
			break;
	}
	if (line < input.len && memchr(input.buf + line, '\n',
	    input.len - line) != NULL)
		end = line + 2;
	else if (input.eof) {
		end = input.len;
		line = end;
	} else
		return (0);
	if ((input.doc = malloc(line + 1)) == NULL)
		fatal("malloc");
	if (line > 0)
		memcpy(input.doc, input.buf, line);
	/* fmemopen(3) wants a byte at least */
	input.doc[line] = '\n';
	input.doclen = line + 1;
	input.len -= end;
	memmove(input.buf, input.buf + end, input.len);
	explicit_bzero(input.buf + input.len, end);
	return (1);
}

/* End of file is the end of reloads, not ours. */
static void
document_event(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	read_input();
	if (input.eof)
		event_del(&input_ev);
	read_documents();
}

/* One after the other, so that our answers come in their order. */
static void
read_documents(void)
{
	while (!reloading && (!input.eof || input.len > 0) && next_document())
		reload();
}

/* A line to the launcher. */
static void
say(const char *word, const char *text)
{
	char line[1024];
	int n;

	if (!channel)
		return;
	n = snprintf(line, sizeof(line), "%s%s%s\n", word,
	    text != NULL ? ": " : "", text != NULL ? text : "");
	if (n < 0 || (size_t)n >= sizeof(line))
		n = (int)sizeof(line) - 1;
	/* it may have gone */
	(void)write(STDOUT_FILENO, line, (size_t)n);
}

/* The nameserver lines of resolv.conf(5), for when there is no resolver. */
static void
read_resolvers(void)
{
	char addr[ADDR_STRLEN], line[256];
	struct server *s;
	FILE *fp;

	if ((fp = fopen(RESOLV_CONF, "re")) != NULL) {
		while (nservers < SERVERS_MAX &&
		    fgets(line, sizeof(line), fp) != NULL) {
			s = &servers[nservers];
			if (sscanf(line, " nameserver %45s", addr) != 1 ||
			    addr_parse(addr, &s->addr) == -1)
				continue;
			s->port = 53;
			nservers++;
		}
		fclose(fp);
	}
	if (nservers == 0) {
		(void)addr_parse("127.0.0.1", &servers[0].addr);
		servers[0].port = 53;
		nservers = 1;
	}
}

/* Our own addresses, as far as they are not inside as it is. */
static void
gather_own(void)
{
	struct ifaddrs *ifa, *ifap;
	struct netaddr addr;

	if (getifaddrs(&ifap) == -1)
		fatal("getifaddrs");
	for (ifa = ifap; ifa != NULL; ifa = ifa->ifa_next) {
		if (ifa->ifa_addr == NULL ||
		    addr_from_sockaddr(ifa->ifa_addr, &addr) == -1 ||
		    addr_inside(&addr, own, nown))
			continue;
		if (nown == OWN_MAX)
			fatalx("more than %d public addresses", OWN_MAX);
		own[nown++] = addr;
	}
	freeifaddrs(ifap);
}

/*
 * A connection is two descriptors in the relay, which needs an eighth of all,
 * or FDS_RESERVED, for its pipes and itself.
 */
static void
raise_limits(void)
{
	struct rlimit rl;
	rlim_t reserved;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	if (rl.rlim_max > FDS_MAX)
		rl.rlim_max = FDS_MAX;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("setrlimit");
	if (rl.rlim_cur < FDS_MIN)
		fatalx("%d descriptors are the least", FDS_MIN);
	reserved = rl.rlim_cur / 8 + FDS_OWN;
	if (reserved > FDS_RESERVED)
		reserved = FDS_RESERVED;
	connections = (uint32_t)((rl.rlim_cur - reserved) / 2);
}

/* The secrets are with those who need them after this. */
static void
send_config(struct config *c)
{
	const struct policy *p;
	const struct rule_name *n;
	struct settings set;
	char name[PATTERN_SIZE];
	size_t i, j;

	set = c->settings;
	if (set.limits[LIMIT_CONNECTIONS] > connections)
		set.limits[LIMIT_CONNECTIONS] = connections;
	send_to(ROLE_FRONTEND, IMSG_RECONF_CONF, &set, sizeof(set));
	send_to(ROLE_RELAY, IMSG_RECONF_CONF, &set, sizeof(set));
	send_to(ROLE_RESOLVER, IMSG_RECONF_CONF, &set, sizeof(set));
	for (i = 0; i < c->nservers; i++)
		send_to(ROLE_RESOLVER, IMSG_RECONF_SERVER, &c->servers[i],
		    sizeof(c->servers[i]));
	for (i = 0; c->nservers == 0 && i < nservers; i++)
		send_to(ROLE_RESOLVER, IMSG_RECONF_SERVER, &servers[i],
		    sizeof(servers[i]));
	for (i = 0; i < nown; i++)
		send_to(ROLE_RESOLVER, IMSG_RECONF_OWN, &own[i],
		    sizeof(own[i]));
	/* names stand in the order of their rules */
	p = &c->policy;
	for (i = j = 0; i < p->nrules; i++) {
		send_to(ROLE_RESOLVER, IMSG_RECONF_RULE, &p->rules[i],
		    sizeof(p->rules[i]));
		for (; j < p->nnames && p->names[j].rule == i; j++) {
			n = &p->names[j];
			(void)snprintf(name, sizeof(name), "%s%s",
			    n->wild ? "*." : "", n->name);
			send_to(ROLE_RESOLVER, IMSG_RECONF_NAME, name,
			    strlen(name) + 1);
		}
	}
	if (proc_peer(ROLE_KEEPER) != NULL)
		send_to(ROLE_KEEPER, IMSG_RECONF_CONF, &set, sizeof(set));
	if (c->gateway.conf.host[0] != '\0')
		send_gateway(&c->gateway);
	config_forget(c);
	send_to(ROLE_FRONTEND, IMSG_RECONF_END, NULL, 0);
	send_to(ROLE_RESOLVER, IMSG_RECONF_END, NULL, 0);
	reloading = 2;
	if (proc_peer(ROLE_KEEPER) != NULL) {
		send_to(ROLE_KEEPER, IMSG_RECONF_END, NULL, 0);
		reloading++;
	}
	refused = 0;
}

static void
send_gateway(const struct gateway *g)
{
	size_t i, n;

	send_to(ROLE_RESOLVER, IMSG_GATE_CONF, &g->conf, sizeof(g->conf));
	send_to(ROLE_KEEPER, IMSG_GATE_CONF, &g->conf, sizeof(g->conf));
	for (i = 0; i < g->nallows; i++) {
		send_to(ROLE_FRONTEND, IMSG_GATE_ALLOW, &g->allows[i],
		    sizeof(g->allows[i]));
		send_to(ROLE_KEEPER, IMSG_GATE_ALLOW, &g->allows[i],
		    sizeof(g->allows[i]));
	}
	for (i = 0; i < g->ca_len; i += n) {
		n = g->ca_len - i;
		if (n > GATE_CA_PIECE)
			n = GATE_CA_PIECE;
		send_to(ROLE_KEEPER, IMSG_GATE_CA, g->ca + i, n);
	}
	send_to(ROLE_FRONTEND, IMSG_GATE_TOKEN, g->token,
	    strlen(g->token) + 1);
	if (g->key != NULL)
		send_to(ROLE_KEEPER, IMSG_GATE_KEY, g->key,
		    strlen(g->key) + 1);
}

static void
send_to(unsigned int role, uint32_t type, const void *data, size_t len)
{
	if (peer_compose(proc_peer(role), type, 0, -1, data, len) == -1)
		fatal("peer_compose");
}

/*
 * Sockets.
 */

static void
open_listeners(const struct config *c)
{
	static const struct handover_socket kinds[] = HANDOVER_SOCKETS;
	const struct listen_addr *l;
	uint32_t kind;
	size_t i;

	for (i = 0; i < c->nlistens; i++) {
		l = &c->listens[i];
		if (l->port != 0) {
			open_listener(&l->addr, l->port, l->gateway ?
			    LISTEN_GATEWAY : LISTEN_PROXY, SOCK_STREAM);
			continue;
		}
		for (kind = LISTEN_DNS_UDP; kind <= LISTEN_HTTP; kind++)
			open_listener(&l->addr, (uint16_t)kinds[kind].port,
			    kind, kinds[kind].type);
	}
}

static void
open_listener(const struct netaddr *addr, uint16_t port, uint32_t kind,
    int type)
{
	struct sockaddr_storage ss;
	char text[ADDR_STRLEN];
	socklen_t len;
	int fd, on;

	len = addr_to_sockaddr(addr, port, &ss);
	on = 1;
	if ((fd = socket(addr->family, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) == -1)
		fatal("socket");
	if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR,
	    &on, sizeof(on)) == -1)
		fatal("setsockopt");
	if (addr->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof(on)) == -1)
		fatal("setsockopt");
	if (bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    (type == SOCK_STREAM && listen(fd, LISTEN_BACKLOG) == -1))
		fatal("listen on %s port %u", addr_print(addr, text), port);
	send_listener(kind, fd);
}

static void
send_listener(uint32_t kind, int fd)
{
	if (peer_compose(proc_peer(ROLE_FRONTEND), IMSG_LISTEN, 0, fd, &kind,
	    sizeof(kind)) == -1)
		fatal("peer_compose");
}

static void
open_handover(const char *path)
{
	struct sockaddr_un sun;
	mode_t mask;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		fatalx("%s: too long", path);
	handover_fd = socket(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (handover_fd == -1)
		fatal("socket");
	if (unlink(path) == -1 && errno != ENOENT)
		fatal("%s", path);
	/* whoever is on its other side is another user */
	mask = umask(0111);
	if (bind(handover_fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(handover_fd, 1) == -1)
		fatal("%s", path);
	(void)umask(mask);
	event_set(&handover_ev, handover_fd, EV_READ, handover_accept, NULL);
	event_add(&handover_ev, NULL);
}

/* One at a time; the next is looked at when this one was not what we want. */
static void
handover_accept(int fd, short event, void *arg)
{
	const struct timeval tv = { HANDOVER_WAIT, 0 };
	int client;

	(void)event;
	(void)arg;
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client == -1) {
		event_add(&handover_ev, NULL);
		return;
	}
	event_set(&client_ev, client, EV_READ, handover_read, NULL);
	event_add(&client_ev, &tv);
}

static void
handover_read(int fd, short event, void *arg)
{
	static const struct handover_socket want[] = HANDOVER_SOCKETS;
	static const char yes = HANDOVER_OK;
	int fds[HANDOVER_MAX];
	uint32_t i;

	(void)arg;
	if (event != EV_READ || handover_receive(fd, fds) == -1) {
		log_warnx("that was no handover");
		goto again;
	}
	for (i = 0; i < HANDOVER_MAX; i++)
		if (handover_check(fds[i], &want[i]) == -1)
			break;
	if (i < HANDOVER_MAX) {
		log_warnx("socket %u of the handover is not what it should be",
		    i);
		for (i = 0; i < HANDOVER_MAX; i++)
			close(fds[i]);
		goto again;
	}
	for (i = 0; i < HANDOVER_MAX; i++)
		send_listener(i, fds[i]);
	(void)send(fd, &yes, sizeof(yes), MSG_NOSIGNAL);
	close(fd);
	cleanup();
	proc_run(started);
	return;
 again:
	close(fd);
	event_add(&handover_ev, NULL);
}

/* Exactly what is expected, or nothing: -1, and nothing stays open. */
static int
handover_receive(int fd, int fds[HANDOVER_MAX])
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE((HANDOVER_MAX + 1) *
				    sizeof(int))];
	} cmsg;
	struct msghdr msg;
	struct cmsghdr *c;
	struct iovec iov;
	uint32_t magic[2];
	size_t i, n, got;
	ssize_t len;
	int extra;

	memset(&msg, 0, sizeof(msg));
	iov.iov_base = magic;
	iov.iov_len = sizeof(magic);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &cmsg.buf;
	msg.msg_controllen = sizeof(cmsg.buf);
	if ((len = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC)) == -1)
		return (-1);
	got = 0;
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++, got++) {
			memcpy(&extra, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(extra));
			if (got < HANDOVER_MAX)
				fds[got] = extra;
			else
				close(extra);
		}
	}
	if (got == HANDOVER_MAX && len == sizeof(magic[0]) &&
	    magic[0] == HANDOVER_MAGIC && (msg.msg_flags & MSG_CTRUNC) == 0)
		return (0);
	for (i = 0; i < got && i < HANDOVER_MAX; i++)
		close(fds[i]);
	return (-1);
}

/* A socket of the kind wanted, on the loopback address and port wanted. */
static int
handover_check(int fd, const struct handover_socket *want)
{
	struct sockaddr_in sin;
	socklen_t len;
	int accepts, domain, flags, proto, type;

	len = sizeof(int);
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &proto, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &len) == -1)
		return (-1);
	if (domain != AF_INET || type != want->type ||
	    proto != (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP) ||
	    (accepts != 0) != (type == SOCK_STREAM))
		return (-1);
	len = sizeof(sin);
	if (getsockname(fd, (struct sockaddr *)&sin, &len) == -1 ||
	    len != sizeof(sin) || sin.sin_family != AF_INET ||
	    sin.sin_addr.s_addr != htonl(INADDR_LOOPBACK) ||
	    sin.sin_port != htons((uint16_t)want->port))
		return (-1);
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return (-1);
	return (0);
}

/*
 * Running.
 */

/*
 * Narrow: proc to end the children; rpath for reloads, in the directories
 * that were read at the start.
 */
static void
started(void)
{
	size_t i;

	running = 1;
	if (!channel) {
		for (i = 0; i < ndirs; i++)
			if (unveil(dirs[i], "r") == -1)
				fatal("unveil %s", dirs[i]);
		if (unveil(NULL, NULL) == -1)
			fatal("unveil");
	}
	if (pledge(channel ? "stdio proc" : "stdio rpath proc", NULL) == -1)
		fatal("pledge");
	log_detach();
	log_info("started, %s", sandbox_describe());
	if (conf->handover[0] != '\0')
		say("serving", NULL);
}

/* The handover's socket does not outlive its use. */
static void
cleanup(void)
{
	if (handover_fd == -1)
		return;
	if (unlink(conf->handover) == -1)
		log_warn("%s", conf->handover);
	close(handover_fd);
	handover_fd = -1;
}

/* A program that reads the log need not wait until we are gone. */
static void
ended(void)
{
	struct report rep;

	if (!conf->settings.json)
		return;
	report_start(&rep, "ended", 1);
	report_end(&rep);
}

/* Why it cannot come into force: the ports that a process can reach are set. */
static const char *
fixed(const struct config *c)
{
	static const struct server usual = { .port = 53 };
	const struct server *s;
	size_t i, j, n;

	if (c->gateway.conf.kept && conf->gateway.conf.host[0] == '\0')
		return (no_key);
	if (c->gateway.conf.host[0] != '\0' &&
	    c->gateway.conf.port != conf->gateway.conf.port)
		return ("a gateway, and its port, come with a new start only");
	if (c->gateway.conf.host[0] != '\0' &&
	    c->settings.via_port != via_port)
		return ("beside a gateway, the port of the parent proxy "
		    "changes with a new start only");
	s = c->nservers > 0 ? c->servers : &usual;
	n = c->nservers > 0 ? c->nservers : 1;
	for (i = 0; i < n; i++) {
		for (j = 0; j < nports && ports[j] != s[i].port; j++)
			;
		if (j == nports)
			return ("the port of a resolver changes with a new "
			    "start only");
	}
	return (NULL);
}

/* The ports that the processes are held to from now on. */
static void
remember_ports(void)
{
	via_port = conf->settings.via_port;
	for (nports = 0; nports < conf->nservers; nports++)
		ports[nports] = conf->servers[nports].port;
	if (nports == 0)
		ports[nports++] = 53;
}

static void
reload(void)
{
	struct config *c;
	const char *why;

	if ((c = read_config()) == NULL) {
		log_warnx("the configuration stays as it was");
		say("error", first_error);
		return;
	}
	if ((why = fixed(c)) != NULL) {
		config_error(why);
		log_warnx("the configuration stays as it was");
		say("error", first_error);
		config_free(c);
		return;
	}
	if (c->nlistens != conf->nlistens || memcmp(c->listens, conf->listens,
	    sizeof(c->listens)) != 0 ||
	    strcmp(c->handover, conf->handover) != 0)
		log_warnx("where to listen changes with a new start only");
	send_config(c);
	memcpy(c->listens, conf->listens, sizeof(c->listens));
	c->nlistens = conf->nlistens;
	memcpy(c->handover, conf->handover, sizeof(c->handover));
	c->gateway.conf.port = conf->gateway.conf.port;
	config_free(conf);
	conf = c;
}

static void
on_signal(int sig, short event, void *arg)
{
	(void)event;
	(void)arg;
	switch (sig) {
	case SIGHUP:
		if (channel)
			break;
		if (reloading)
			hangup = 1;
		else
			reload();
		break;
	case SIGUSR1:
		if (!running)
			break;
		send_to(ROLE_FRONTEND, IMSG_TOTALS, NULL, 0);
		send_to(ROLE_RESOLVER, IMSG_TOTALS, NULL, 0);
		send_to(ROLE_RELAY, IMSG_TOTALS, NULL, 0);
		if (proc_peer(ROLE_KEEPER) != NULL)
			send_to(ROLE_KEEPER, IMSG_TOTALS, NULL, 0);
		break;
	default:
		log_info("ending; signal %d", sig);
		proc_shutdown(0);
	}
}

/* Each says whether what it was told is in force. */
static int
dispatch_child(struct peer *p, struct imsg *imsg)
{
	uint32_t good;

	(void)p;
	if (imsg_get_type(imsg) != IMSG_RECONF_DONE || reloading == 0 ||
	    imsg_get_data(imsg, &good, sizeof(good)) == -1)
		return (-1);
	if (!good)
		refused = 1;
	if (--reloading == 0)
		reloaded();
	return (0);
}

static void
reloaded(void)
{
	static const char why[] = "the certificates of the gateway's ca "
	    "cannot be used";

	if (refused && !in_force) {
		say("error", why);
		log_warnx("%s", why);
		proc_shutdown(1);
	}
	if (refused) {
		log_warnx("%s", why);
		say("error", why);
	} else {
		in_force = 1;
		if (running || log_getdebug())
			log_info("configuration in force");
		say("ok", NULL);
	}
	if (hangup) {
		hangup = 0;
		reload();
	}
	if (channel)
		read_documents();
}
