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
 * check: a session whose command, probe, tries to get out.  The client is two
 * processes for that: the child is the client of the session; the parent holds
 * what may not be reached (sockets on every address of the host, a file beside
 * the workspace, a repository in it), reads what probe says, and looks for
 * itself before it believes that an attempt was held.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <net/if.h>
#include <netinet/in.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

#define ADDRESSES_MAX	64
#define ROWS_MAX	512
#define LINE_MAXLEN	512
#define TREE_FDS	16
#define AGENT_ID	1000	/* uid and gid of the agent where root calls */

enum {
	LISTEN_TCP,
	LISTEN_UDP,
	LISTEN_ABSTRACT,
	LISTEN_MAX
};

/* an attempt: what probe said, and what was seen here */
struct row {
	TAILQ_ENTRY(row) entry;
	int		 out;
	char		 group[16];
	char		 name[48];
	char		 what[256];
};

static void	 make_directory(void);
static void	 make_file(const char *, const char *);
static void	 listen_all(void);
static int	 listen_inet(int, int);
static void	 find_addresses(void);
static char	**probe_args(void);
static __dead void watch(pid_t, int);
static void	 read_rows(int);
static void	 read_row(char *);
static void	 look_at_sockets(void);
static void	 heard(const char *);
static void	 look_at_files(void);
static void	 seen(const char *, const char *, const char *);
static int	 has_nonce(const char *);
static void	 show(void);
static void	 remove_directory(void);

/* the files that probe tries to write, and its name for the attempt */
static const struct {
	const char	*path;
	const char	*attempt;
} files[] = {
	{ "work/.git/hooks/post-checkout", "a hook of git's" },
	{ "work/.git/config", "the configuration of git" },
	{ "work/.git/commondir", "another configuration by commondir" },
	{ "work/.git/info/attributes", "attributes and excludes of git" },
	{ "work/.claude/settings.json", "settings of Claude Code" },
	{ "work/.vscode/tasks.json", "tasks of an editor" },
	{ "work/.mcp.json", "servers of .mcp.json" },
	{ "work/.envrc", "commands of .envrc" }
};

static char	 directory[PATH_MAX];
static char	 nonce[33];
static int	 listener[LISTEN_MAX];
static int	 port;
static char	 addresses[ADDRESSES_MAX][INET6_ADDRSTRLEN];
static size_t	 naddresses;
static TAILQ_HEAD(, row) rows = TAILQ_HEAD_INITIALIZER(rows);
static size_t	 nrows;

/*
 * Returns in the child, with the command to run, in the directory that is to
 * be its workspace.  The parent shows what came of it, and ends.
 */
char **
check_start(void)
{
	pid_t pid;
	int i, p[2];

	(void)snprintf(nonce, sizeof(nonce), "%08x%08x%08x%08x",
	    arc4random(), arc4random(), arc4random(), arc4random());
	listen_all();
	find_addresses();
	if (pipe(p) == -1)
		err(EX_OSERR, "pipe");
	/* the last, as it does not go away by itself */
	make_directory();
	(void)fflush(NULL);
	switch (pid = fork()) {
	case -1:
		warn("fork");
		remove_directory();
		exit(EX_OSERR);
	case 0:
		break;
	default:
		close(p[1]);
		watch(pid, p[0]);
	}
	if (dup2(p[1], STDOUT_FILENO) == -1)
		err(EX_OSERR, "dup2");
	close(p[0]);
	close(p[1]);
	for (i = 0; i < LISTEN_MAX; i++)
		close(listener[i]);
	/* not one of these may be seen in there */
	if (setenv("CLAUDESEC_CHECK", nonce, 1) == -1)
		err(EX_OSERR, "setenv");
	if (chdir("work") == -1)
		err(EX_OSERR, "%s/work", directory);
	return (probe_args());
}

/*
 * A file that is nobody's business beside a workspace, which is a repository.
 */
static void
make_directory(void)
{
	const char *tmp;
	char path[PATH_MAX];

	tmp = getenv("TMPDIR");
	(void)snprintf(path, sizeof(path), "%s/claudesec-check.XXXXXXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	if (mkdtemp(path) == NULL || realpath(path, directory) == NULL ||
	    chdir(directory) == -1)
		err(EX_CANTCREAT, "%s", path);
	if (mkdir("work", 0755) == -1 || mkdir("work/.git", 0755) == -1 ||
	    mkdir("work/.git/objects", 0755) == -1 ||
	    mkdir("work/.git/refs", 0755) == -1)
		err(EX_CANTCREAT, "%s/work", directory);
	make_file("secret", nonce);
	make_file("work/.git/HEAD", "ref: refs/heads/main\n");
	make_file("work/.git/config", "[core]\n\tbare = false\n");
	if (geteuid() == 0 && (chown("work", AGENT_ID, AGENT_ID) == -1 ||
	    chown("work/.git", AGENT_ID, AGENT_ID) == -1 ||
	    chown("work/.git/config", AGENT_ID, AGENT_ID) == -1))
		err(EX_OSERR, "chown");
}

static void
make_file(const char *path, const char *text)
{
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, text, strlen(text)) == -1 || close(fd) == -1)
		err(EX_CANTCREAT, "%s/%s", directory, path);
}

/* On every address, with one port, which the kernel chooses. */
static void
listen_all(void)
{
	struct sockaddr_un sun;
	socklen_t len;
	int i;

	for (i = 0; i < 64; i++) {
		port = 0;
		listener[LISTEN_TCP] = listen_inet(SOCK_STREAM, 0);
		listener[LISTEN_UDP] = listen_inet(SOCK_DGRAM, port);
		if (listener[LISTEN_UDP] != -1)
			break;
		close(listener[LISTEN_TCP]);
	}
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)strlcpy(sun.sun_path + 1, nonce, sizeof(sun.sun_path) - 1);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    strlen(nonce));
	listener[LISTEN_ABSTRACT] = socket(AF_UNIX, SOCK_STREAM |
	    SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener[LISTEN_TCP] == -1 || listener[LISTEN_UDP] == -1 ||
	    listener[LISTEN_ABSTRACT] == -1 ||
	    listen(listener[LISTEN_TCP], 64) == -1)
		err(EX_OSERR, "cannot listen");
#ifdef __linux__
	if (bind(listener[LISTEN_ABSTRACT], (struct sockaddr *)&sun, len) ==
	    -1 || listen(listener[LISTEN_ABSTRACT], 64) == -1)
		err(EX_OSERR, "cannot listen");
#endif
}

static int
listen_inet(int socktype, int wanted)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;
	socklen_t len;
	int fd, off;

	memset(&sin6, 0, sizeof(sin6));
	sin6.sin6_family = AF_INET6;
	sin6.sin6_port = htons((uint16_t)wanted);
	len = sizeof(sin6);
	off = 0;
	fd = socket(AF_INET6, socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1) {
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof(off)) == 0 &&
		    bind(fd, (struct sockaddr *)&sin6, len) == 0 &&
		    getsockname(fd, (struct sockaddr *)&sin6, &len) == 0) {
			port = ntohs(sin6.sin6_port);
			return (fd);
		}
		close(fd);
	}
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons((uint16_t)wanted);
	len = sizeof(sin);
	fd = socket(AF_INET, socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (-1);
	if (bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1) {
		close(fd);
		return (-1);
	}
	port = ntohs(sin.sin_port);
	return (fd);
}

/* Those that others could reach; a link-local one wants an interface. */
static void
find_addresses(void)
{
	struct sockaddr_in6 *sin6;
	struct ifaddrs *all, *i;
	socklen_t len;

	if (getifaddrs(&all) == -1)
		err(EX_OSERR, "getifaddrs");
	for (i = all; i != NULL && naddresses < ADDRESSES_MAX;
	    i = i->ifa_next) {
		if (i->ifa_addr == NULL || (i->ifa_flags & IFF_LOOPBACK) != 0)
			continue;
		sin6 = (void *)i->ifa_addr;
		if (i->ifa_addr->sa_family == AF_INET)
			len = sizeof(struct sockaddr_in);
		else if (i->ifa_addr->sa_family == AF_INET6 &&
		    !IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
			len = sizeof(*sin6);
		else
			continue;
		if (getnameinfo(i->ifa_addr, len, addresses[naddresses],
		    sizeof(addresses[0]), NULL, 0, NI_NUMERICHOST) == 0)
			naddresses++;
	}
	freeifaddrs(all);
}

static char **
probe_args(void)
{
	static char portno[8], secret[PATH_MAX];
	static char *argv[ADDRESSES_MAX + 5];
	size_t i, n;

	(void)snprintf(portno, sizeof(portno), "%d", port);
	if (snprintf(secret, sizeof(secret), "%s/secret", directory) >=
	    (int)sizeof(secret))
		errx(EX_CANTCREAT, "%s: %s", directory,
		    strerror(ENAMETOOLONG));
	n = 0;
	argv[n++] = strdup("/run/claudesec/probe");
	argv[n++] = nonce;
	argv[n++] = portno;
	argv[n++] = secret;
	for (i = 0; i < naddresses; i++)
		argv[n++] = addresses[i];
	if (argv[0] == NULL)
		err(EX_OSERR, NULL);
	return (argv);
}

/*
 * Signals are for the child, which ends its session; we clean up behind it.
 */
static __dead void
watch(pid_t pid, int fd)
{
	struct row *r;
	int out, status;

	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	/* to remove the directory is a right on the one above */
	if (unveil(directory, "rc") == -1 || unveil("..", "c") == -1 ||
	    unveil(NULL, NULL) == -1)
		err(EX_OSERR, "unveil");
	if (pledge("stdio rpath cpath inet unix", NULL) == -1)
		err(EX_OSERR, "pledge");
	read_rows(fd);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			err(EX_OSERR, "waitpid");
	look_at_sockets();
	look_at_files();
	remove_directory();
	show();
	out = 0;
	TAILQ_FOREACH(r, &rows, entry)
		out += r->out;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || nrows == 0) {
		warnx("the check did not come to its end");
		exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ?
		    WEXITSTATUS(status) : EX_SOFTWARE);
	}
	(void)fprintf(stderr, "%zu held, %d escaped\n", nrows - (size_t)out,
	    out);
	client_flush();
	exit(out != 0);
}

static void
read_rows(int fd)
{
	char line[LINE_MAXLEN];
	FILE *f;

	if ((f = fdopen(fd, "r")) == NULL)
		err(EX_OSERR, "fdopen");
	while (fgets(line, sizeof(line), f) != NULL)
		read_row(line);
	fclose(f);
}

/* It comes from in there, so it is only taken if it is a row. */
static void
read_row(char *line)
{
	struct row *r;
	char *field[4], *p;
	size_t i;

	line[strcspn(line, "\n")] = '\0';
	for (i = 0, p = line; i < 4; i++)
		if ((field[i] = strsep(&p, "\t")) == NULL)
			return;
	if (nrows == ROWS_MAX || (strcmp(field[0], "held") != 0 &&
	    strcmp(field[0], "escaped") != 0))
		return;
	if ((r = calloc(1, sizeof(*r))) == NULL)
		err(EX_OSERR, NULL);
	for (i = 1; i < 4; i++)
		text_clean(field[i]);
	r->out = strcmp(field[0], "held") != 0;
	(void)strlcpy(r->group, field[1], sizeof(r->group));
	(void)strlcpy(r->name, field[2], sizeof(r->name));
	(void)strlcpy(r->what, field[3], sizeof(r->what));
	TAILQ_INSERT_TAIL(&rows, r, entry);
	nrows++;
}

/*
 * The session is over: what it sent is here, and nothing else will come.
 */
static void
look_at_sockets(void)
{
	char text[LINE_MAXLEN];
	ssize_t n;
	int fd, i;

	for (i = 0; i < LISTEN_MAX; i++) {
		if (i == LISTEN_UDP)
			continue;
		while ((fd = accept(listener[i], NULL, NULL)) != -1) {
			n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
			text[n > 0 ? n : 0] = '\0';
			heard(text);
			close(fd);
		}
	}
	while ((n = recv(listener[LISTEN_UDP], text, sizeof(text) - 1,
	    MSG_DONTWAIT)) != -1) {
		text[n] = '\0';
		heard(text);
	}
}

/* Others may come to these sockets as well, but not with the nonce. */
static void
heard(const char *text)
{
	char name[sizeof(((struct row *)NULL)->name)];
	const char *p;

	if ((p = strstr(text, nonce)) == NULL)
		return;
	p += strlen(nonce);
	p += strspn(p, " ");
	(void)strlcpy(name, p, sizeof(name));
	name[strcspn(name, "\n")] = '\0';
	text_clean(name);
	seen("network", name, "it came to the host");
}

static void
look_at_files(void)
{
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (has_nonce(files[i].path))
			seen("workspace", files[i].attempt,
			    "the host has it so");
	if (lstat("work/.git/HEAD", &st) == -1)
		seen("workspace", "another .git in its place",
		    "the host has another");
	if (lstat("work/probe.setid", &st) == 0 &&
	    (st.st_mode & (S_ISUID | S_ISGID)) != 0)
		seen("files", "a set-id file in the workspace",
		    "the host has it");
	if (!has_nonce("secret"))
		seen("host", "a file of the host's by its path",
		    "it was changed");
}

static int
has_nonce(const char *path)
{
	char text[1024];
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return (0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return (strstr(text, nonce) != NULL);
}

/* That is an escape, whatever probe has said. */
static void
seen(const char *group, const char *name, const char *what)
{
	struct row *r;

	TAILQ_FOREACH(r, &rows, entry)
		if (strcmp(r->name, name) == 0)
			break;
	if (r == NULL) {
		if ((r = calloc(1, sizeof(*r))) == NULL)
			err(EX_OSERR, NULL);
		(void)strlcpy(r->group, group, sizeof(r->group));
		(void)strlcpy(r->name, name, sizeof(r->name));
		TAILQ_INSERT_TAIL(&rows, r, entry);
		nrows++;
	}
	r->out = 1;
	(void)strlcpy(r->what, what, sizeof(r->what));
}

/* Aligned on a terminal, else with tabs between. */
static void
show(void)
{
	struct row *r;
	const char *form;

	form = isatty(STDOUT_FILENO) ? "%-7s %-11s %-34s %s\n" :
	    "%s\t%s\t%s\t%s\n";
	TAILQ_FOREACH(r, &rows, entry)
		(void)printf(form, r->out ? "escaped" : "held", r->group,
		    r->name, r->what);
}

static int
remove_one(const char *path, const struct stat *st, int what,
    struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if ((what == FTW_DP ? rmdir(path) : unlink(path)) == -1)
		warn("%s", path);
	return (0);
}

static void
remove_directory(void)
{
	(void)nftw(directory, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS);
}
