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
#include <sys/queue.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <paths.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "inside.h"
#include "parent.h"
#include "proc.h"
#include "sandbox.h"

static void	 watch_signals(void);
static void	 start_children(void);
static void	 background(void);
static void	 send_own(void);
static void	 send_config(struct config *);
static void	 send_gateway(const struct gateway *);
static void	 send_to(unsigned int, uint32_t, const void *, size_t);
static void	 ended(void);
static const char *fixed(const struct config *);
static void	 remember_ports(void);
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
const char		*conf_file = PROXYD_CONF;
struct macros		 macros = TAILQ_HEAD_INITIALIZER(macros);
struct config		*conf;
int			 channel;
int			 running;
unsigned int		 reloading;
static int		 refused;	/* one of them says no */
static int		 in_force;	/* a configuration was, at least once */
static int		 hangup;	/* and there is to be another */
static uint16_t		 ports[SERVERS_MAX]; /* of resolvers, at the start */
static size_t		 nports;
static uint16_t		 via_port;	/* likewise */
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

	if (channel)
		input_first();
	if ((conf = read_config()) == NULL) {
		if (!nflag)
			say("error", first_error);
		exit(1);
	}
	if (nflag) {
		if (verbose > 0)
			print_config(stdout, conf);
		if (fflush(stdout) == EOF || ferror(stdout))
			err(1, "standard output");
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
	address_open();
	gather_own();
	raise_limits();

	if (!debug)
		background();
	log_init("parent", debug, verbose);
	(void)signal(SIGPIPE, SIG_IGN);
	event_init();
	watch_signals();
	start_children();
	proc_onexit(handover_close);
	if (atexit(ended) != 0)
		fatalx("atexit");
	open_listeners(conf);
	remember_ports();
	send_own();
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
	if (channel)
		input_watch();
	address_watch(send_own);
	event_dispatch();
	fatalx("no events left");
}

static void
watch_signals(void)
{
	signal_set(&sighup, SIGHUP, on_signal, NULL);
	signal_set(&sigint, SIGINT, on_signal, NULL);
	signal_set(&sigterm, SIGTERM, on_signal, NULL);
	signal_set(&sigusr1, SIGUSR1, on_signal, NULL);
	signal_add(&sighup, NULL);
	signal_add(&sigint, NULL);
	signal_add(&sigterm, NULL);
	signal_add(&sigusr1, NULL);
}

static void
start_children(void)
{
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

static void
send_own(void)
{
	send_to(ROLE_RESOLVER, IMSG_OWN, &own, OWN_LEN(own.n));
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
	peer_send(proc_peer(role), type, 0, -1, data, len);
}

/*
 * Running.
 */

/*
 * Narrow: proc to end the children; rpath for reloads, in the directories
 * that were read at the start.
 */
void
started(void)
{
	running = 1;
	if (!channel)
		unveil_dirs();
	if (pledge(channel ? "stdio proc" : "stdio rpath proc", NULL) == -1)
		fatal("pledge");
	log_detach();
	log_info("started, %s", sandbox_describe());
	if (conf->handover[0] != '\0')
		say("serving", NULL);
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

void
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
