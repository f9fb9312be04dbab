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
 * The parent.  It starts the others, opens what they may have, and hands it
 * to them: configuration, sockets to the engine, files of the installation,
 * the control socket; and it says whether a directory may be a workspace.  It
 * has the launching user's rights, and parses nothing.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

#define CONF_NAME	"claudesec.conf"
#define IDLE_SECONDS	3	/* a private daemon without any work */
#define END_SECONDS	30	/* for the engine process to end well */
#define PENDING_MAX	1024	/* workspaces asked about, or pinned */
#define DONE_CONF	0x1
#define DONE_ENGINE	0x2
#define ROOT_AS		1000	/* uid and gid inside, where root calls */

struct pending {
	uint32_t		 id;
	uid_t			 uid;
	gid_t			 gid;
	struct workspace_answer	 wa;	/* once it is being pinned */
	TAILQ_ENTRY(pending)	 entry;
};

static void	 check_config(void);
static void	 check_names(struct config *);
static void	 print_line(const char *);
static void	 find_home(void);
static int	 find_config(char *, size_t);
static void	 find_user_config(void);
static void	 daemon_run(const char *, int);
static int	 daemon_detach(void);
static void	 parent_confine(void);
static void	 parent_start(void);
static void	 parent_ready(void);
static void	 parent_exit(void);
static void	 parent_signal(int, short, void *);
static void	 parent_end(void);
static void	 parent_late(int, short, void *);
static void	 parent_idle(int, short, void *);
static void	 parent_set_idle(int);
static void	 parent_load(uint32_t);
static int	 parent_done(int);
static void	 parent_loaded(int, const char *);
static void	 parent_reply(uint32_t, int, const char *);
static int	 parent_dispatch_conf(struct peer *, struct imsg *);
static int	 parent_dispatch_engine(struct peer *, struct imsg *);
static int	 parent_dispatch_pin(struct peer *, struct imsg *);
static int	 parent_dispatch_none(struct peer *, struct imsg *);
static int	 parent_handle_open(struct peer *, struct imsg *);
static int	 parent_handle_error(struct imsg *);
static int	 parent_handle_conf(struct imsg *);
static int	 parent_handle_connect(struct imsg *);
static int	 parent_handle_newer(struct peer *, struct imsg *);
static void	 parent_socket(uint32_t, int);
static int	 parent_dispatch_bridge(struct peer *, struct imsg *);
static const char *workspace_engine(const char *);
static int	 parent_handle_file(struct peer *, struct imsg *);
static int	 parent_handle_client(struct imsg *);
static int	 parent_handle_workspace(struct peer *, struct imsg *);
static int	 parent_handle_unpin(struct imsg *);
static int	 parent_handle_audit(struct imsg *);
static void	 parent_pin(struct pending *, int);
static void	 parent_answer(struct pending *, const struct workspace_answer *);
static void	 parent_login(const struct pending *,
		    struct workspace_answer *);
static void	 parent_share(const struct pending *,
		    struct workspace_answer *);
static const char *workspace_check(const struct pending *, int, char *,
		    struct stat *);
static int	 parent_handle_cgroup(struct peer *, struct imsg *);
static int	 parent_handle_directory(struct peer *, struct imsg *);
static const char *workspace_judge(const char *, const struct stat *);
static const char *workspace_others(const char *, int);
static int	 workspace_name(int, char *);
static int	 workspace_holds(const char *, const char *);
static int	 path_within(const char *, const char *);
static int	 open_plain(const char *);
static void	 parent_bundle(void);

const struct proc_role proc_roles[] = {
	{ "parent", NULL, NULL },
	{ "conf", conf, parent_dispatch_conf },
	{ "control", control, parent_dispatch_none },
	{ "engine", engine, parent_dispatch_engine },
	{ "pin", pin, parent_dispatch_pin },
	{ "workspace", workspace, parent_dispatch_none },
	{ "bridge", bridge, parent_dispatch_bridge },
	{ "guard", guard, grant_look },
	{ NULL, NULL, NULL }
};

/* the command line */
static struct macros macros = TAILQ_HEAD_INITIALIZER(macros);
static const char *auditfile, *conffile;
static int	 debug, verbose;

/* the daemon */
static char	 confpath[PATH_MAX];	/* empty: none, the defaults hold */
static char	 user_conf[PATH_MAX];	/* where a private one is looked for */
static char	 home[PATH_MAX];
static char	 sockpath[PATH_MAX];
static char	 sockdir[PATH_MAX];
static int	 private, listen_fd = -1, ready_fd = -1;
static struct conf_fixed current, next;
static char	 login[PATH_MAX];	/* of the current one */
static char	 next_login[PATH_MAX];
static struct event hup_ev, usr1_ev, int_ev, term_ev, idle_ev, end_ev;
static int	 ending;
static TAILQ_HEAD(, pending) pending = TAILQ_HEAD_INITIALIZER(pending);
static unsigned int npending;
static int	 others;		/* other users may have sessions */

/* the load of a configuration that is under way */
static int	 loading;
static int	 load_done;		/* who has said so, DONE_* */
static uint32_t	 load_client;		/* who waits for it; 0: nobody */
static char	 load_error[TEXT_MAXLEN];
/* where credentials are, by the configuration in force, and by the next */
static char	 keyspath[PATH_MAX], next_keyspath[PATH_MAX];

__dead void
usage(void)
{
	(void)fprintf(stderr, "usage: %s [-dnv] [-a file] [-D macro=value] "
	    "[-f file] [-s socket]\n"
	    "       %s [-v] [-D macro=value] [-f file] [-s socket] command "
	    "[argument ...]\n", getprogname(), getprogname());
	client_list(stderr, "      ");
	exit(EX_USAGE);
}

int
main(int argc, char *argv[])
{
	const char *child, *sock;
	struct macro *m;
	int ch, check, fd, n;

	child = sock = NULL;
	check = n = 0;
	proc_nocore();
	/* nothing that we open may become one of these by accident */
	while ((fd = open("/dev/null", O_RDWR)) != -1 && fd <= STDERR_FILENO)
		continue;
	if (fd != -1)
		close(fd);
	while ((ch = getopt(argc, argv, "+a:dD:f:ns:vX:")) != -1) {
		switch (ch) {
		case 'a':
			auditfile = optarg;
			break;
		case 'd':
			debug = 1;
			break;
		case 'D':
			if (strchr(optarg, '=') == NULL || optarg[0] == '=' ||
			    strlen(optarg) >= ENV_MAXLEN)
				errx(EX_USAGE, "-D %s: not macro=value",
				    optarg);
			if ((m = calloc(1, sizeof(*m))) == NULL)
				err(EX_OSERR, NULL);
			m->value = optarg;
			TAILQ_INSERT_TAIL(&macros, m, entry);
			break;
		case 'f':
			conffile = optarg;
			break;
		case 'n':
			check = 1;
			break;
		case 's':
			sock = optarg;
			break;
		case 'v':
			verbose++;
			break;
		case 'X':
			child = optarg;
			break;
		default:
			usage();
		}
		n++;
	}
	argc -= optind;
	argv += optind;
	if (child != NULL) {
		if (n != 1 || argc != 0)
			usage();
		/*
		 * mounting is root's, and to become whom a session is for;
		 * these two see to their own confinement, as bridge does,
		 * which may have to start ssh(1) for root
		 */
		proc_child(child, strcmp(child, "pin") == 0 ||
		    strcmp(child, "workspace") == 0 ||
		    strcmp(child, "bridge") == 0 ? NULL : CLAUDESEC_USER,
		    CLAUDESEC_CHROOT);
	}
	if (argc > 0) {
		if (debug || check || auditfile != NULL)
			usage();
		client(argc, argv, sock, verbose);
	}
	if (check)
		check_config();
	daemon_run(sock == NULL ? CLAUDESEC_SOCKET : sock, 0);
	event_dispatch();
	fatalx("no events left");
}

/*
 * -n: read as conf would, without any other process.
 */
static void
check_config(void)
{
	struct config *c;
	FILE *f;
	int fd;

	/* the one that a daemon of this user's would read */
	private = getuid() != 0;
	find_home();
	find_user_config();
	if ((fd = find_config(confpath, sizeof(confpath))) == -1) {
		c = config_new();
	} else {
		if ((f = fdopen(fd, "r")) == NULL)
			err(EX_OSERR, "%s", confpath);
		c = parse_config(f, confpath, &macros, print_line);
		(void)fclose(f);
		if (c != NULL)
			check_names(c);
	}
	if (c == NULL)
		exit(EX_CONFIG);
	if (verbose)
		print_config(stdout, c);
	(void)fprintf(stderr, "configuration OK\n");
	config_free(c);
	exit(0);
}

static void
check_names(struct config *c)
{
	static const char *const paths[] = { "/etc/passwd", "/etc/group" };
	FILE *f;
	int i;

	for (i = 0; i < 2; i++)
		if (names_needed(c, i) && (f = fopen(paths[i], "r")) != NULL) {
			names_read(c, f, i);
			(void)fclose(f);
		}
	names_check(c, print_line);
}

struct config *
daemon_config(FILE *f, const char *name)
{
	return (parse_config(f, name, &macros, print_line));
}

static void
print_line(const char *line)
{
	(void)fprintf(stderr, "%s\n", line);
}

static void
find_home(void)
{
	struct passwd *pw;

	if ((pw = getpwuid(getuid())) == NULL)
		errx(EX_NOUSER, "no passwd entry for uid %u",
		    (unsigned int)getuid());
	if (realpath(pw->pw_dir, home) == NULL)
		(void)strlcpy(home, pw->pw_dir, sizeof(home));
	review_find_state();
}

/*
 * The file of -f must be there; else the user's own and then the system's are
 * tried, and -1 says that there is neither.  Never one in the workspace.
 */
static int
find_config(char *path, size_t size)
{
	int fd;

	if (conffile != NULL) {
		if (realpath(conffile, path) == NULL)
			err(EX_NOINPUT, "%s", conffile);
		if ((fd = open_plain(path)) == -1)
			err(EX_NOINPUT, "%s", conffile);
		return (fd);
	}
	if (private) {
		(void)strlcpy(path, user_conf, size);
		if ((fd = open_plain(path)) != -1)
			return (fd);
		if (errno != ENOENT && errno != ENOTDIR)
			err(EX_NOINPUT, "%s", path);
	}
	(void)strlcpy(path, SYSCONFDIR "/" CONF_NAME, size);
	if ((fd = open_plain(path)) == -1 && errno != ENOENT)
		err(EX_NOINPUT, "%s", path);
	if (fd == -1)
		path[0] = '\0';
	return (fd);
}

/*
 * It may not be there, but no workspace may hold it: the agent could make it.
 */
static void
find_user_config(void)
{
	const char *dir;
	int n;

	dir = getenv("XDG_CONFIG_HOME");
	if (dir != NULL && dir[0] == '/')
		n = snprintf(user_conf, sizeof(user_conf),
		    "%s/claudesec/%s", dir, CONF_NAME);
	else
		n = snprintf(user_conf, sizeof(user_conf),
		    "%s/.config/claudesec/%s", home, CONF_NAME);
	if (n < 0 || (size_t)n >= sizeof(user_conf))
		errx(EX_CONFIG, "the path of %s is too long", CONF_NAME);
}

/*
 * A fifo or a device must not hang or answer us.
 */
static int
open_plain(const char *path)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return (-1);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
		return (-1);
	}
	return (fd);
}

/* A path of the configuration's, which may begin with "~/". */
int
open_home(const char *path)
{
	char full[PATH_MAX];
	int n;

	if (strncmp(path, "~/", 2) != 0)
		return (open_plain(path));
	n = snprintf(full, sizeof(full), "%s%s", home, path + 1);
	if (n < 0 || (size_t)n >= sizeof(full)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	return (open_plain(full));
}

int
daemon_private(const char *path)
{
	pid_t pid;
	int status;

	(void)fflush(NULL);
	switch (pid = fork()) {
	case -1:
		warn("fork");
		return (EX_OSERR);
	case 0:
		daemon_run(path, 1);
		event_dispatch();
		fatalx("no events left");
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (EX_OSERR);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE);
}

/*
 * Becomes the daemon, up to the point where its events are to be waited for.
 */
static void
daemon_run(const char *path, int own)
{
	char *slash;
	int fd;

	closefrom(STDERR_FILENO + 1);
	files_limit();
	/* where a client became us */
	proc_self = ROLE_PARENT;
	proc_state = STATE_SETUP;
	private = own;
	others = !private && getuid() == 0;
	find_home();
	find_user_config();
	if (private)
		engine_find(home);
	if ((fd = find_config(confpath, sizeof(confpath))) != -1)
		close(fd);
	if (auditfile != NULL)
		audit_open(auditfile);
	if (!others)
		login_prepare(home, getuid() == 0 ? ROOT_AS : getuid());
	if (private)
		looked_open(home);
	listen_fd = daemon_listen(path, others, sockpath);
	if ((slash = strrchr(sockpath, '/')) == NULL)
		errx(EX_USAGE, "%s: not an absolute path", sockpath);
	(void)strlcpy(sockdir, sockpath, (size_t)(slash - sockpath) + 1);
	if (!debug)
		ready_fd = daemon_detach();
	log_init("parent", debug, verbose);
	setproctitle("parent%s", private ? " (private)" : "");
	event_init();
	(void)signal(SIGPIPE, SIG_IGN);
	proc_onexit(parent_exit);
	proc_start(ROLE_CONF);
	proc_start(ROLE_CONTROL);
	proc_start(ROLE_ENGINE);
	proc_start(ROLE_WORKSPACE);
	proc_start(ROLE_BRIDGE);
	proc_start(ROLE_GUARD);
	if (peer_compose(proc_peer(ROLE_ENGINE), IMSG_PARENT_NAME, getuid(),
	    -1, sockpath, strlen(sockpath)) == -1 ||
	    peer_compose(proc_peer(ROLE_GUARD), IMSG_PARENT_NAME, 0, -1,
	    sockpath, strlen(sockpath)) == -1)
		fatal("peer_compose");
	if (others && mount_supported()) {
		proc_start(ROLE_PIN);
		if (peer_compose(proc_peer(ROLE_PIN), IMSG_PARENT_NAME, 0, -1,
		    sockpath, strlen(sockpath)) == -1)
			fatal("peer_compose");
	}
	proc_connect(ROLE_CONF, ROLE_ENGINE);
	proc_connect(ROLE_CONTROL, ROLE_ENGINE);
	proc_connect(ROLE_ENGINE, ROLE_WORKSPACE);
	proc_connect(ROLE_GUARD, ROLE_ENGINE);
	signal_set(&hup_ev, SIGHUP, parent_signal, NULL);
	signal_set(&int_ev, SIGINT, parent_signal, NULL);
	signal_set(&term_ev, SIGTERM, parent_signal, NULL);
	signal_set(&usr1_ev, SIGUSR1, parent_signal, NULL);
	signal_add(&hup_ev, NULL);
	signal_add(&usr1_ev, NULL);
	signal_add(&int_ev, NULL);
	signal_add(&term_ev, NULL);
	evtimer_set(&idle_ev, parent_idle, NULL);
	parent_confine();
	proc_run(parent_start);
}

/*
 * Into the background.  The process that was called waits until the daemon
 * takes clients, or has ended, and then as that did; what goes wrong before is
 * said on its standard error.  Returns the descriptor to say so on.
 */
static int
daemon_detach(void)
{
	pid_t pid;
	int null, p[2], status;
	char c;

	if (pipe2(p, O_CLOEXEC) == -1)
		err(EX_OSERR, "pipe");
	switch (pid = fork()) {
	case -1:
		err(EX_OSERR, "fork");
	case 0:
		break;
	default:
		close(p[1]);
		if (read(p[0], &c, 1) == 1)
			_exit(0);
		_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
		    WEXITSTATUS(status) : 1);
	}
	close(p[0]);
	if (setsid() == -1)
		err(EX_OSERR, "setsid");
	if (chdir("/") == -1)
		err(EX_OSERR, "chdir /");
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		err(EX_OSERR, "/dev/null");
	if (dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		err(EX_OSERR, "dup2");
	close(null);
	return (p[1]);
}

static void
parent_confine(void)
{
	if (unveil("/", "r") == -1)
		fatal("unveil /");
	/* the control socket goes with us */
	if (unveil(sockdir, "rc") == -1)
		fatal("unveil %s", sockdir);
	/*
	 * rpath: files for the others; cpath: the control socket at the end;
	 * unix: sockets to the engine, getpeereid(3); proc: the children's end
	 */
	if (pledge("stdio rpath cpath unix sendfd recvfd proc unveil",
	    NULL) == -1)
		fatal("pledge");
}

static void
parent_start(void)
{
	/* as above, and what may be seen is final */
	if (pledge("stdio rpath cpath unix sendfd recvfd proc", NULL) == -1)
		fatal("pledge");
	parent_load(0);
}

/*
 * The first configuration is in force everywhere.
 */
static void
parent_ready(void)
{
	const char ok = 0;

	if (peer_compose(proc_peer(ROLE_CONTROL), IMSG_CONTROL_LISTEN, 0,
	    listen_fd, NULL, 0) == -1)
		fatal("peer_compose");
	listen_fd = -1;
	log_detach();
	log_info("%s", sandbox_describe());
	log_info("%s takes clients at %s", private ? "private daemon" :
	    "daemon", sockpath);
	if (ready_fd != -1) {
		(void)write(ready_fd, &ok, 1);
		close(ready_fd);
		ready_fd = -1;
	}
	/* who starts one for a session has no use for more */
	if (!private && peer_compose(proc_peer(ROLE_ENGINE),
	    IMSG_PARENT_SPARE, 0, -1, NULL, 0) == -1)
		fatal("peer_compose");
	parent_set_idle(1);
}

static void
parent_exit(void)
{
	(void)unlink(sockpath);
}

static void
parent_signal(int sig, short event, void *arg)
{
	(void)event;
	(void)arg;
	if (sig == SIGHUP) {
		parent_load(0);
		return;
	}
	if (sig == SIGUSR1) {
		if (peer_compose(proc_peer(ROLE_ENGINE), IMSG_PARENT_TOTALS,
		    0, -1, NULL, 0) == -1)
			fatal("peer_compose");
		return;
	}
	log_info("%s, ending", sig == SIGTERM ? "terminated" : "interrupted");
	parent_end();
}

/*
 * The engine process leaves nothing that the next daemon cannot use.  Who is
 * impatient asks twice.
 */
static void
parent_end(void)
{
	struct timeval tv = { END_SECONDS, 0 };

	if (ending || listen_fd != -1)
		proc_shutdown(0);
	ending = 1;
	if (peer_compose(proc_peer(ROLE_ENGINE), IMSG_PARENT_END, 0, -1, NULL,
	    0) == -1)
		fatal("peer_compose");
	evtimer_set(&end_ev, parent_late, NULL);
	evtimer_add(&end_ev, &tv);
}

static void
parent_late(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	log_warnx("the container engine takes too long");
	proc_shutdown(0);
}

/*
 * A private daemon stays only as long as it is needed.  A client that
 * connects at this very moment sees its connection end and starts another.
 */
static void
parent_idle(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	log_info("nothing left to do, ending");
	parent_end();
}

static void
parent_set_idle(int idle)
{
	struct timeval tv = { IDLE_SECONDS, 0 };

	if (!private)
		return;
	if (idle)
		evtimer_add(&idle_ev, &tv);
	else
		evtimer_del(&idle_ev);
}

/*
 * Has conf read the configuration; client is who waits for the result.
 */
static void
parent_load(uint32_t client_id)
{
	struct peer *p;
	struct macro *m;
	int fd;

	if (loading) {
		log_warnx("the previous reload is still running");
		parent_reply(client_id, EX_TEMPFAIL,
		    "the previous reload is still running");
		return;
	}
	loading = 1;
	load_done = 0;
	load_client = client_id;
	load_error[0] = '\0';
	fd = -1;
	if (confpath[0] != '\0' && (fd = open_plain(confpath)) == -1) {
		(void)snprintf(load_error, sizeof(load_error), "%.512s: %s",
		    confpath, strerror(errno));
		log_warnx("%s", load_error);
		parent_loaded(EX_NOINPUT, load_error);
		return;
	}
	p = proc_peer(ROLE_CONF);
	TAILQ_FOREACH(m, &macros, entry)
		if (peer_compose(p, IMSG_RECONF_MACRO, 0, -1, m->value,
		    strlen(m->value)) == -1)
			fatal("peer_compose");
	if (private && peer_compose(p, IMSG_RECONF_DOCKER, 0, -1,
	    engine_environment(), sizeof(struct docker_env)) == -1)
		fatal("peer_compose");
	if (peer_compose(p, IMSG_RECONF_READ, 0, fd,
	    confpath[0] != '\0' ? confpath : "(defaults)",
	    confpath[0] != '\0' ? strlen(confpath) : strlen("(defaults)")) ==
	    -1)
		fatal("peer_compose");
}

/*
 * A good load is over when conf has told us and engine has told us, in
 * whatever order their messages come.
 */
static int
parent_done(int who)
{
	if (!loading || (load_done & who) != 0)
		return (-1);
	load_done |= who;
	if (load_done == (DONE_CONF | DONE_ENGINE))
		parent_loaded(0, "");
	return (0);
}

/*
 * The end of a load, good (code 0) or bad.  A first one must be good.
 */
static void
parent_loaded(int code, const char *text)
{
	loading = 0;
	if (code == 0)
		parent_bundle();
	if (listen_fd != -1) {
		if (code != 0)
			proc_shutdown(code);
		parent_ready();
		return;
	}
	log_info("configuration %s", code == 0 ? "reloaded" :
	    "not changed: there are errors");
	parent_reply(load_client, code, text);
}

/*
 * What the API's certificate is verified against may have changed as well;
 * unless the configuration names it, it is where systems have it.
 */
static void
parent_bundle(void)
{
	static const char *const paths[] = {
		"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
		"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"
	};
	struct file_answer fa;
	size_t i;
	int fd;

	memset(&fa, 0, sizeof(fa));
	fa.file = FILE_BUNDLE;
	fd = -1;
	if (current.api.ca[0] != '\0')
		fd = open_home(current.api.ca);
	else
		for (i = 0; fd == -1 && i < sizeof(paths) / sizeof(paths[0]);
		    i++)
			fd = open_plain(paths[i]);
	if (fd == -1) {
		fa.error = errno;
		if (current.api.ca[0] != '\0')
			log_warn("%s", current.api.ca);
	}
	if (peer_compose(proc_peer(ROLE_ENGINE), IMSG_PARENT_FILE, 0, fd, &fa,
	    sizeof(fa)) == -1)
		fatal("peer_compose");
}

static void
parent_reply(uint32_t client_id, int code, const char *text)
{
	struct ctl_error ce;

	if (client_id == 0)
		return;
	memset(&ce, 0, sizeof(ce));
	ce.code = code;
	(void)strlcpy(ce.text, text, sizeof(ce.text));
	if (peer_compose(proc_peer(ROLE_ENGINE), IMSG_PARENT_RELOADED,
	    client_id, -1, &ce, sizeof(ce)) == -1)
		fatal("peer_compose");
}

static int
parent_dispatch_conf(struct peer *p, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_OPEN:
		return (parent_handle_open(p, imsg));
	case IMSG_RECONF_ERROR:
		return (parent_handle_error(imsg));
	case IMSG_RECONF_FAILED:
		if (!loading)
			return (-1);
		parent_loaded(EX_CONFIG, load_error);
		return (0);
	case IMSG_RECONF_CONF:
		return (parent_handle_conf(imsg));
	case IMSG_RECONF_REMOTE:
		return (loading ? remote_handle(imsg) : -1);
	case IMSG_RECONF_LOGIN:
		return (loading && imsg_get_string(imsg, next_login,
		    sizeof(next_login)) == 0 ? 0 : -1);
	case IMSG_RECONF_END:
		if (!loading)
			return (-1);
		current = next;
		if (remote_use(current.engine) == -1)
			return (-1);
		grant_bounds(&current);
		memcpy(login, next_login, sizeof(login));
		(void)strlcpy(keyspath, next_keyspath, sizeof(keyspath));
		return (parent_done(DONE_CONF));
	default:
		return (-1);
	}
}

/*
 * conf may name files while it reads a configuration, which is the user's:
 * what it names is opened with the rights of that user.  The last of them is
 * that of the credentials, which it may ask for later on, too.
 */
static int
parent_handle_open(struct peer *p, struct imsg *imsg)
{
	char path[PATH_MAX];
	int error, fd;

	if (imsg_get_string(imsg, path, sizeof(path)) == -1 ||
	    (imsg_get_id(imsg) == 0 ? !loading :
	    strcmp(path, keyspath) != 0))
		return (-1);
	if (imsg_get_id(imsg) == 0)
		(void)strlcpy(next_keyspath, path, sizeof(next_keyspath));
	error = 0;
	if ((fd = open_home(path)) == -1)
		error = errno;
	if (peer_compose(p, IMSG_RECONF_FILE, imsg_get_id(imsg), fd, &error,
	    sizeof(error)) == -1)
		fatal("peer_compose");
	return (0);
}

/*
 * The lines of a first load go to whoever started us, as the compiler's do.
 */
static int
parent_handle_error(struct imsg *imsg)
{
	char line[TEXT_MAXLEN];

	if (!loading || imsg_get_string(imsg, line, sizeof(line)) == -1)
		return (-1);
	if (listen_fd != -1)
		print_line(line);
	else
		log_warnx("%s", line);
	if (load_error[0] == '\0')
		(void)strlcpy(load_error, line, sizeof(load_error));
	return (0);
}

static int
parent_handle_conf(struct imsg *imsg)
{
	if (!loading || imsg_get_data(imsg, &next, sizeof(next)) == -1 ||
	    memchr(next.engine, '\0', sizeof(next.engine)) == NULL ||
	    memchr(next.ca, '\0', sizeof(next.ca)) == NULL ||
	    memchr(next.api.ca, '\0', sizeof(next.api.ca)) == NULL)
		return (-1);
	next_login[0] = '\0';
	return (0);
}

/* These have nothing to say to us. */
static int
parent_dispatch_none(struct peer *p, struct imsg *imsg)
{
	(void)p;
	(void)imsg;
	return (-1);
}

static int
parent_dispatch_engine(struct peer *p, struct imsg *imsg)
{
	int busy;

	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_DONE:
		return (parent_done(DONE_ENGINE));
	case IMSG_ENGINE_CONNECT:
		return (parent_handle_connect(imsg));
	case IMSG_ENGINE_FILE:
		return (parent_handle_file(p, imsg));
	case IMSG_ENGINE_CLIENT:
		return (parent_handle_client(imsg));
	case IMSG_ENGINE_WORKSPACE:
		return (parent_handle_workspace(p, imsg));
	case IMSG_ENGINE_ENDED:
		if (!ending)
			return (-1);
		proc_shutdown(0);
	case IMSG_ENGINE_AUDIT:
		return (parent_handle_audit(imsg));
	case IMSG_ENGINE_UNPIN:
		return (parent_handle_unpin(imsg));
	case IMSG_ENGINE_DIRECTORY:
		return (parent_handle_directory(p, imsg));
	case IMSG_ENGINE_CGROUP:
		return (parent_handle_cgroup(p, imsg));
	case IMSG_ENGINE_NEWER:
		return (parent_handle_newer(p, imsg));
	case IMSG_ENGINE_BUSY:
		if (imsg_get_data(imsg, &busy, sizeof(busy)) == -1 || busy < 0)
			return (-1);
		parent_set_idle(busy == 0);
		return (0);
	case IMSG_ENGINE_RELOAD:
		if (imsg_get_id(imsg) == 0)
			return (-1);
		parent_load(imsg_get_id(imsg));
		return (0);
	default:
		return (-1);
	}
}

/*
 * What is connected is guard's, and the engine process has a way through it.
 */
static int
parent_handle_connect(struct imsg *imsg)
{
	if (remote_is(current.engine))
		remote_ask(imsg_get_id(imsg));
	else
		parent_socket(imsg_get_id(imsg),
		    engine_connect(current.engine));
	return (0);
}

static int
parent_handle_newer(struct peer *p, struct imsg *imsg)
{
	uint32_t slot;
	int may;

	if (imsg_get_data(imsg, &slot, sizeof(slot)) == -1 ||
	    slot >= LOOKED_SLOTS)
		return (-1);
	may = looked_may(slot);
	if (peer_compose(p, IMSG_PARENT_NEWER, imsg_get_id(imsg), -1, &may,
	    sizeof(may)) == -1)
		fatal("peer_compose");
	return (0);
}

/* A connection to the engine for the engine process, or -1 and errno. */
static void
parent_socket(uint32_t id, int fd)
{
	int error;

	error = fd == -1 ? errno : 0;
	if (peer_compose(proc_peer(ROLE_GUARD), IMSG_PARENT_SOCKET, id, fd,
	    &error, sizeof(error)) == -1)
		fatal("peer_compose");
}

static int
parent_dispatch_bridge(struct peer *p, struct imsg *imsg)
{
	struct ctl_error ce;
	int fd;

	(void)p;
	if (!remote_is(current.engine))
		return (-1);
	switch (imsg_get_type(imsg)) {
	case IMSG_BRIDGE_STREAM:
		if ((fd = imsg_get_fd(imsg)) == -1)
			return (-1);
		parent_socket(imsg_get_id(imsg), fd);
		return (0);
	case IMSG_BRIDGE_FAILED:
		if (imsg_get_data(imsg, &ce, sizeof(ce)) == -1 ||
		    !imsg_is_string(ce.text, sizeof(ce.text)))
			return (-1);
		if (peer_compose(proc_peer(ROLE_ENGINE), IMSG_PARENT_NOSOCKET,
		    imsg_get_id(imsg), -1, &ce, sizeof(ce)) == -1)
			fatal("peer_compose");
		return (0);
	default:
		return (-1);
	}
}

static int
parent_handle_file(struct peer *p, struct imsg *imsg)
{
	static const char *const paths[FILE_MAX] = {
		[FILE_PROXYD] = DATADIR "/proxyd.tar",
		[FILE_SECCOMP] = DATADIR "/seccomp.json",
		[FILE_DOCKERFILE] = DATADIR "/Dockerfile"
	};
	struct file_answer fa;
	const char *path;
	int fd;

	memset(&fa, 0, sizeof(fa));
	if (imsg_get_data(imsg, &fa.file, sizeof(fa.file)) == -1 ||
	    fa.file >= FILE_MAX || fa.file == FILE_BUNDLE)
		return (-1);
	path = fa.file == FILE_CA ? current.ca : paths[fa.file];
	if (fa.file == FILE_SECCOMP)
		grant_seccomp(open_home(path));
	if ((fd = open_home(path)) == -1) {
		fa.error = errno;
		if (path[0] != '\0')
			log_warn("%s", path);
	}
	if (peer_compose(p, IMSG_PARENT_FILE, imsg_get_id(imsg), fd, &fa,
	    sizeof(fa)) == -1)
		fatal("peer_compose");
	return (0);
}

/*
 * Whose workspace the next message under this id is about, says the kernel.
 */
static int
parent_handle_client(struct imsg *imsg)
{
	struct pending *pe;
	int fd;

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

static int
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
	if (wa.error[0] == '\0' && pe->uid != geteuid()) {
		pe->wa = wa;
		parent_pin(pe, fd);
		return (0);
	}
	close(fd);
	parent_answer(pe, &wa);
	return (0);
}

/*
 * What another user's directory is called may change at any time, by that
 * user's own doing; the name that it gets here does not.
 */
static void
parent_pin(struct pending *pe, int fd)
{
	if (pin_path(pe->wa.source, sizeof(pe->wa.source), sockpath,
	    pe->id) == -1)
		fatalx("pin_path");
	if (peer_compose(proc_peer(ROLE_PIN), IMSG_PARENT_PIN, pe->id, fd,
	    NULL, 0) == -1)
		fatal("peer_compose");
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
		why = login_dir(home, login, wa->uid, path, &st);
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
		else if (share_look(i, home, pe->uid, wa->login, &sa, &why)) {
			grant_share(pe->id, &sa, wa);
			if (peer_compose(proc_peer(ROLE_ENGINE),
			    IMSG_PARENT_SHARE, pe->id, -1, &sa,
			    sizeof(sa)) == -1)
				fatal("peer_compose");
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
	if (wa->error[0] == '\0')
		grant_workspace(pe->id, wa);
	if (peer_compose(proc_peer(ROLE_ENGINE), IMSG_PARENT_WORKSPACE,
	    pe->id, -1, wa, sizeof(*wa)) == -1)
		fatal("peer_compose");
	if (wa->error[0] == '\0' && strcmp(wa->path, wa->source) != 0)
		return;		/* it is ours until parent_handle_unpin() */
	TAILQ_REMOVE(&pending, pe, entry);
	npending--;
	free(pe);
}

static int
parent_dispatch_pin(struct peer *p, struct imsg *imsg)
{
	struct pending *pe;
	int error;

	(void)p;
	TAILQ_FOREACH(pe, &pending, entry)
		if (pe->id == imsg_get_id(imsg) && pe->wa.path[0] != '\0')
			break;
	if (imsg_get_type(imsg) != IMSG_PIN_DONE || pe == NULL ||
	    imsg_get_data(imsg, &error, sizeof(error)) == -1)
		return (-1);
	if (error == EINVAL)
		(void)snprintf(pe->wa.error, sizeof(pe->wa.error),
		    "%.512s: not where the daemon sees it", pe->wa.path);
	else if (error != 0)
		(void)snprintf(pe->wa.error, sizeof(pe->wa.error),
		    "%.512s: %s", pe->wa.path, strerror(error));
	parent_answer(pe, &pe->wa);
	return (0);
}

/* It is looked at no further than that it stays on its line. */
static int
parent_handle_audit(struct imsg *imsg)
{
	char text[AUDIT_MAXLEN + 1];
	size_t i, len;

	if (imsg_get_string(imsg, text, sizeof(text)) == -1)
		return (-1);
	len = strlen(text);
	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return (-1);
	if (text[0] != '{' || text[len - 1] != '}')
		return (-1);
	audit_append(text);
	return (0);
}

static int
parent_handle_unpin(struct imsg *imsg)
{
	struct pending *pe;

	TAILQ_FOREACH(pe, &pending, entry)
		if (pe->id == imsg_get_id(imsg) && pe->wa.path[0] != '\0')
			break;
	if (pe == NULL)
		return (-1);
	grant_revoke(pe->id);
	if (peer_compose(proc_peer(ROLE_PIN), IMSG_PARENT_UNPIN, pe->id, -1,
	    NULL, 0) == -1)
		fatal("peer_compose");
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
	struct stat st;
	const char *p;
	size_t i, len;

	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (fstatat(fd, secrets[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
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
 * The workspace of a session that an earlier daemon began.  The path comes
 * from the container engine, and is judged as that of a start is.
 */
static int
parent_handle_cgroup(struct peer *p, struct imsg *imsg)
{
	char id[CGROUP_IDLEN + 1];
	int error, fd;

	if (imsg_get_string(imsg, id, sizeof(id)) == -1)
		return (-1);
	fd = cgroup_open(CGROUP_ROOT, id);
	error = fd == -1 ? errno : 0;
	if (peer_compose(p, IMSG_PARENT_CGROUP, imsg_get_id(imsg), fd,
	    &error, sizeof(error)) == -1)
		fatal("peer_compose");
	return (0);
}

static int
parent_handle_directory(struct peer *p, struct imsg *imsg)
{
	struct stat st;
	char name[PATH_MAX], path[PATH_MAX];
	int error, fd;

	if (imsg_get_string(imsg, path, sizeof(path)) == -1)
		return (-1);
	error = 0;
	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC)) == -1)
		error = errno;
	/* what the path leads to may change meanwhile, by its user's doing */
	else if (fstat(fd, &st) == -1 || (others &&
	    (workspace_name(fd, name) == -1 || strcmp(name, path) != 0)) ||
	    workspace_judge(path, &st) != NULL) {
		close(fd);
		fd = -1;
		error = EACCES;
	}
	if (peer_compose(p, IMSG_PARENT_DIRECTORY, imsg_get_id(imsg), fd,
	    &error, sizeof(error)) == -1)
		fatal("peer_compose");
	return (0);
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
	char dir[PATH_MAX], real[PATH_MAX];
	size_t i;
	int n;

	if (path[0] != '/' || realpath(path, real) == NULL ||
	    strcmp(path, real) != 0 || stat(path, &sp) == -1 ||
	    sp.st_dev != sd->st_dev || sp.st_ino != sd->st_ino)
		return ("not where it was; try again");
	if (strcmp(path, "/") == 0)
		return ("the root directory cannot be a workspace");
	for (i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++)
		if (path_within(path, kernel[i]))
			return ("holds no files");
	if (path_within(home, path))
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
		n = snprintf(dir, sizeof(dir), "%s/%s", home, secrets[i]);
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

/* Is path dir, or below it?  Both are absolute and without "..". */
static int
path_within(const char *path, const char *dir)
{
	size_t len;

	len = strlen(dir);
	return (strncmp(path, dir, len) == 0 &&
	    (path[len] == '\0' || path[len] == '/'));
}
