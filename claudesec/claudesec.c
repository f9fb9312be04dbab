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
#include <sys/stat.h>
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

#include "parent.h"

#define CONF_NAME	"claudesec.conf"
#define IDLE_SECONDS	3	/* a private daemon without any work */
#define END_SECONDS	30	/* for the engine process to end well */

static void	 check_config(void);
static void	 check_names(struct config *);
static void	 find_home(void);
static int	 find_config(char *, size_t);
static void	 find_user_config(void);
static void	 daemon_run(const char *, int);
static int	 daemon_detach(void);
static void	 parent_confine(void);
static void	 parent_start(void);
static void	 parent_exit(void);
static void	 parent_signal(int, short, void *);
static void	 parent_end(void);
static void	 parent_late(int, short, void *);
static void	 parent_idle(int, short, void *);
static void	 parent_set_idle(int);
static int	 parent_dispatch_engine(struct peer *, struct imsg *);
static int	 parent_dispatch_none(struct peer *, struct imsg *);
static int	 parent_handle_newer(struct peer *, struct imsg *);
static int	 parent_handle_file(struct peer *, struct imsg *);
static int	 parent_handle_audit(struct imsg *);
static int	 parent_handle_cgroup(struct peer *, struct imsg *);

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
struct macros	 macros = TAILQ_HEAD_INITIALIZER(macros);
static const char *auditfile, *conffile;
static int	 debug, verbose;

/* the daemon */
char		 confpath[PATH_MAX];
char		 user_conf[PATH_MAX];
char		 user_home[PATH_MAX];
char		 sockpath[PATH_MAX];
static char	 sockdir[PATH_MAX];
int		 private, others, listen_fd = -1;
static int	 ready_fd = -1;
static struct event hup_ev, usr1_ev, int_ev, term_ev, idle_ev, end_ev;
static int	 ending;

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
	if (verbose) {
		print_config(stdout, c);
		client_flush();
	}
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

void
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
	if (realpath(pw->pw_dir, user_home) == NULL)
		(void)strlcpy(user_home, pw->pw_dir, sizeof(user_home));
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
		    "%s/.config/claudesec/%s", user_home, CONF_NAME);
	if (n < 0 || (size_t)n >= sizeof(user_conf))
		errx(EX_CONFIG, "the path of %s is too long", CONF_NAME);
}

/*
 * A fifo or a device must not hang or answer us.
 */
int
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
	n = snprintf(full, sizeof(full), "%s%s", user_home, path + 1);
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
		engine_find(user_home);
	if ((fd = find_config(confpath, sizeof(confpath))) != -1)
		close(fd);
	if (auditfile != NULL)
		audit_open(auditfile);
	if (!others)
		login_prepare(user_home, getuid() == 0 ? ROOT_AS : getuid());
	if (private)
		looked_open(user_home);
	listen_fd = daemon_listen(path, others, sockpath);
	if (private)
		daemon_note_open(path);
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
	peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_NAME, getuid(), -1,
	    sockpath, strlen(sockpath));
	peer_send(proc_peer(ROLE_GUARD), IMSG_PARENT_NAME, 0, -1, sockpath,
	    strlen(sockpath));
	if (others && mount_supported()) {
		proc_start(ROLE_PIN);
		peer_send(proc_peer(ROLE_PIN), IMSG_PARENT_NAME, 0, -1,
		    sockpath, strlen(sockpath));
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
void
parent_ready(void)
{
	const char ok = 0;

	peer_send(proc_peer(ROLE_CONTROL), IMSG_CONTROL_LISTEN, 0, listen_fd,
	    NULL, 0);
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
	if (!private)
		peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_SPARE, 0, -1,
		    NULL, 0);
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
		peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_TOTALS, 0, -1,
		    NULL, 0);
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
	peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_END, 0, -1, NULL, 0);
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
 * A private daemon stays only as long as it is needed, and no longer where it
 * does not reach its engine: the next may be told another.  A client that
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
	struct timeval tv = { unreached ? 0 : IDLE_SECONDS, 0 };

	if (!private)
		return;
	daemon_note_use(!idle);
	if (idle)
		evtimer_add(&idle_ev, &tv);
	else
		evtimer_del(&idle_ev);
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
	case IMSG_ENGINE_PIECE:
		return (pins_piece(imsg));
	case IMSG_ENGINE_DIRECTORY:
		return (parent_handle_directory(imsg));
	case IMSG_ENGINE_LOOK:
		return (parent_handle_look(imsg));
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

static int
parent_handle_newer(struct peer *p, struct imsg *imsg)
{
	uint32_t slot;
	int may;

	if (imsg_get_data(imsg, &slot, sizeof(slot)) == -1 ||
	    slot >= LOOKED_SLOTS)
		return (-1);
	may = looked_may(slot);
	peer_send(p, IMSG_PARENT_NEWER, imsg_get_id(imsg), -1, &may,
	    sizeof(may));
	return (0);
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
	peer_send(p, IMSG_PARENT_FILE, imsg_get_id(imsg), fd, &fa, sizeof(fa));
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
parent_handle_cgroup(struct peer *p, struct imsg *imsg)
{
	char id[CGROUP_IDLEN + 1];
	int error, fd;

	if (imsg_get_string(imsg, id, sizeof(id)) == -1)
		return (-1);
	fd = cgroup_open(CGROUP_ROOT, id);
	error = fd == -1 ? errno : 0;
	peer_send(p, IMSG_PARENT_CGROUP, imsg_get_id(imsg), fd, &error,
	    sizeof(error));
	return (0);
}
