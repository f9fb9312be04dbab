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
 * The first program of the agent's container, which runs as the agent itself
 * and is given nothing that the agent may not have.  It gives proxyd sockets
 * that listen on this container's loopback, prepares what Claude Code wants
 * to find, and becomes the command.  It is linked statically against libc
 * alone, because it must run in whatever image there is.
 */

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

#define HANDOVER_TIMEOUT	10	/* seconds for each step of proxyd's */
#define WORKSPACE		"/workspace"
#define CONNECT_DELAY		5000000	/* nanoseconds until another try */
#define CONNECT_TRIES		6000
#define ENVIRON_MAX		(256 * 1024)	/* what is looked at of one */

static void	 usage(void) __attribute__((__noreturn__));
static unsigned short number(const char *);
static void	 clean(void);
static void	 check_directory(const char *, const char *);
static void	 check_mounts(const char *, char *);
static void	 check_mount(int, const char *, const char *);
static int	 is_writable(int, const char *, const char *);
static int	 listen_on(const struct handover_socket *);
static int	 connect_proxyd(void);
static void	 send_sockets(int, const int *);
static void	 handover(void);
static void	 set_size(unsigned short, unsigned short);
static void	 make_dirs(char *);
static void	 write_json(void);
static void	 tell_url(const char *);
static void	 kill_marked(const char *, int);
static int	 is_marked(const char *, const char *);

static void
usage(void)
{
	fprintf(stderr, "usage: inside [-jx] [-c columns -r rows] "
	    "[-d device:inode] [-w device:inode] [--] command [argument ...]\n"
	    "       inside -k mark signal\n"
	    "       inside -p port\n");
	exit(EX_OSERR);
}

int
main(int argc, char *argv[])
{
	unsigned short cols, port, rows;
	const char *bounds, *dir, *login, *mark, *which;
	char *mounts;
	int ch, jflag, xflag;

	cols = port = rows = 0;
	jflag = xflag = 0;
	login = mark = which = NULL;
	if (argc == 2 && strncmp(argv[1], "https://", 8) == 0) {
		tell_url(argv[1]);
		return (0);
	}
	while ((ch = getopt(argc, argv, "+c:d:jk:p:r:w:x")) != -1) {
		switch (ch) {
		case 'c':
			cols = number(optarg);
			break;
		case 'd':
			login = optarg;
			break;
		case 'j':
			jflag = 1;
			break;
		case 'k':
			mark = optarg;
			break;
		case 'p':
			port = number(optarg);
			break;
		case 'r':
			rows = number(optarg);
			break;
		case 'w':
			which = optarg;
			break;
		case 'x':
			xflag = 1;
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if ((argc == 0) != (port != 0))
		usage();

	if (port != 0) {
		clean();
		carry_port(port);
		return (0);
	}
	if (mark != NULL) {
		kill_marked(mark, number(argv[0]));
		return (0);
	}
	clean();
	if ((bounds = getenv(INSIDE_BOUNDS)) != NULL)
		check_bounds(bounds);
	if (which != NULL) {
		check_directory(WORKSPACE, which);
		if ((mounts = getenv(INSIDE_MOUNTS)) == NULL)
			errx(EX_OSERR, "%s: not set", INSIDE_MOUNTS);
		check_mounts(WORKSPACE, mounts);
	}
	if ((dir = getenv("CLAUDE_CONFIG_DIR")) != NULL) {
		if (login != NULL)
			check_directory(dir, login);
		if (which != NULL && (mounts = getenv(INSIDE_SHARES)) != NULL)
			check_mounts(dir, mounts);
	}
	if (!xflag)
		handover();
	set_size(cols, rows);
	if (jflag)
		write_json();
	if (unsetenv(INSIDE_JSON) == -1 || unsetenv(INSIDE_MOUNTS) == -1 ||
	    unsetenv(INSIDE_SHARES) == -1 || unsetenv(INSIDE_BOUNDS) == -1)
		err(EX_OSERR, "unsetenv");
	execvp(argv[0], argv);
	err(errno == ENOENT ? 127 : 126, "%s", argv[0]);
}

/*
 * The command gets 0 to 2 and every signal's default, whoever started us.
 */
static void
clean(void)
{
	sigset_t none;
	long max;
	int fd, sig;

	while ((fd = open("/dev/null", O_RDWR)) != -1 && fd <= STDERR_FILENO)
		;
	if (syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0) == -1) {
		max = sysconf(_SC_OPEN_MAX);
		for (fd = STDERR_FILENO + 1; fd < max; fd++)
			(void)close(fd);
	}
	for (sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		err(EX_OSERR, "sigprocmask");
}

/*
 * The engine found a directory by its path, when the container started.  It
 * must be the directory that was looked at: another agent, which has that one
 * or what holds it, could have put a link there meanwhile.
 */
static void
check_directory(const char *path, const char *which)
{
	char is[64];
	struct stat st;
	int n;

	if (stat(path, &st) == -1)
		err(EX_OSERR, "%s", path);
	n = snprintf(is, sizeof(is), "%jx:%jx", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	if (n < 0 || (size_t)n >= sizeof(is) || strcmp(is, which) != 0)
		errx(EX_OSERR, "%s: not the directory that was asked for",
		    path);
}

/*
 * Likewise all that is mounted in it: each must be the very thing that was
 * looked at, a mount, and read-only if that is asked for.
 */
static void
check_mounts(const char *where, char *mounts)
{
	char *line;
	int dir;

	dir = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		err(EX_OSERR, "%s", where);
	while ((line = strsep(&mounts, "\n")) != NULL)
		if (*line != '\0')
			check_mount(dir, where, line);
	(void)close(dir);
}

static void
check_mount(int dir, const char *where, const char *line)
{
	struct statx stx;
	const char *path;
	uintmax_t dev, ino;
	int n;
	char how;

	n = 0;
	if (sscanf(line, INSIDE_MOUNT "%n", &how, &dev, &ino, &n) != 3 ||
	    n == 0 || line[n] == '\0')
		errx(EX_OSERR, "%s: malformed", where);
	path = line + n;
	if (statx(dir, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS,
	    &stx) == -1)
		err(EX_OSERR, "%s/%s", where, path);
	if (makedev(stx.stx_dev_major, stx.stx_dev_minor) != dev ||
	    stx.stx_ino != ino)
		errx(EX_OSERR, "%s/%s: not what was looked at", where,
		    path);
	if ((stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0 ||
	    (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
		errx(EX_OSERR, "%s/%s: not mounted", where, path);
	if (how == 'r' && is_writable(dir, where, path))
		errx(EX_OSERR, "%s/%s: not read-only", where, path);
}

static int
is_writable(int dir, const char *where, const char *path)
{
	struct statvfs sv;
	int error, fd;

	fd = openat(dir, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		err(EX_OSERR, "%s/%s", where, path);
	error = fstatvfs(fd, &sv);
	(void)close(fd);
	return (error == -1 || (sv.f_flag & ST_RDONLY) == 0);
}

static void
handover(void)
{
	static const struct handover_socket sockets[HANDOVER_MAX] =
	    HANDOVER_SOCKETS;
	int fds[HANDOVER_MAX];
	ssize_t n;
	char answer;
	int i, s;

	for (i = 0; i < HANDOVER_MAX; i++)
		fds[i] = listen_on(&sockets[i]);
	s = connect_proxyd();
	send_sockets(s, fds);
	n = recv(s, &answer, sizeof(answer), 0);
	if (n == -1 && errno == EAGAIN)
		errx(EX_OSERR, "%s: no answer", HANDOVER_PATH);
	if (n == -1)
		err(EX_OSERR, "%s", HANDOVER_PATH);
	if (n == 0 || answer != HANDOVER_OK)
		errx(EX_OSERR, "%s: refused", HANDOVER_PATH);
	(void)close(s);
	for (i = 0; i < HANDOVER_MAX; i++)
		(void)close(fds[i]);
}

static int
listen_on(const struct handover_socket *hs)
{
	struct sockaddr_in sin;
	int s;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons((uint16_t)hs->port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s = socket(AF_INET, hs->type | SOCK_CLOEXEC, 0);
	if (s == -1)
		err(EX_OSERR, "socket");
	if (bind(s, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    (hs->type == SOCK_STREAM && listen(s, SOMAXCONN) == -1))
		err(EX_OSERR, "127.0.0.1:%d", hs->port);
	return (s);
}

static int
connect_proxyd(void)
{
	const struct timespec delay = { 0, CONNECT_DELAY };
	struct sockaddr_un sun;
	struct timeval tv;
	int s, tries;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	memcpy(sun.sun_path, HANDOVER_PATH, sizeof(HANDOVER_PATH));
	tv.tv_sec = HANDOVER_TIMEOUT;
	tv.tv_usec = 0;
	if ((s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		err(EX_OSERR, "socket");
	/* the first holds for connect(2) as well */
	if (setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == -1 ||
	    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == -1)
		err(EX_OSERR, "setsockopt");
	/* the two containers start side by side: proxyd may be the later */
	tries = 0;
	while (connect(s, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		if ((errno != ENOENT && errno != ECONNREFUSED) ||
		    ++tries == CONNECT_TRIES)
			err(EX_OSERR, "%s", HANDOVER_PATH);
		(void)nanosleep(&delay, NULL);
	}
	return (s);
}

static void
send_sockets(int s, const int *fds)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(HANDOVER_MAX * sizeof(int))];
	} cmsg;
	struct msghdr msg;
	struct iovec iov;
	uint32_t magic;

	magic = HANDOVER_MAGIC;
	memset(&msg, 0, sizeof(msg));
	memset(&cmsg, 0, sizeof(cmsg));
	iov.iov_base = &magic;
	iov.iov_len = sizeof(magic);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &cmsg.buf;
	msg.msg_controllen = sizeof(cmsg.buf);
	cmsg.hdr.cmsg_level = SOL_SOCKET;
	cmsg.hdr.cmsg_type = SCM_RIGHTS;
	cmsg.hdr.cmsg_len = CMSG_LEN(HANDOVER_MAX * sizeof(int));
	memcpy(CMSG_DATA(&cmsg.hdr), fds, HANDOVER_MAX * sizeof(int));
	if (sendmsg(s, &msg, MSG_NOSIGNAL) != (ssize_t)sizeof(magic))
		err(EX_OSERR, "%s", HANDOVER_PATH);
}

static void
set_size(unsigned short cols, unsigned short rows)
{
	struct winsize ws;

	if (cols == 0 || rows == 0 || !isatty(STDIN_FILENO))
		return;
	memset(&ws, 0, sizeof(ws));
	ws.ws_col = cols;
	ws.ws_row = rows;
	if (ioctl(STDIN_FILENO, TIOCSWINSZ, &ws) == -1)
		err(EX_OSERR, "TIOCSWINSZ");
}

/* Makes the directories that lead to a file. */
static void
make_dirs(char *path)
{
	char *p;

	for (p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			err(EX_OSERR, "%s", path);
		*p = '/';
	}
}

static void
write_json(void)
{
	char path[PATH_MAX];
	const char *dir, *json;
	ssize_t n;
	int fd, len;

	if ((json = getenv(INSIDE_JSON)) == NULL)
		errx(EX_OSERR, "%s: not set", INSIDE_JSON);
	if ((dir = getenv("CLAUDE_CONFIG_DIR")) == NULL || *dir != '/')
		errx(EX_OSERR, "CLAUDE_CONFIG_DIR: not an absolute path");
	len = snprintf(path, sizeof(path), "%s/.claude.json", dir);
	if (len < 0 || (size_t)len >= sizeof(path))
		errx(EX_OSERR, "CLAUDE_CONFIG_DIR: %s", strerror(ENAMETOOLONG));
	make_dirs(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 && errno == EEXIST)
		return;
	if (fd == -1)
		err(EX_OSERR, "%s", path);
	for (; *json != '\0'; json += n)
		if ((n = write(fd, json, strlen(json))) == -1) {
			(void)unlink(path);
			err(EX_OSERR, "%s", path);
		}
	(void)close(fd);
}

/*
 * In the place of a browser: the terminal, behind which the client is, gets a
 * link to the address without a text, which shows nothing.
 */
static void
tell_url(const char *url)
{
	char buf[4096];
	int fd, len;

	len = snprintf(buf, sizeof(buf), "\033]8;;%s\033\\\033]8;;\033\\", url);
	if (len < 0 || (size_t)len >= sizeof(buf))
		errx(EX_USAGE, "too long");
	if ((fd = open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC)) == -1)
		err(EX_OSERR, "/dev/tty");
	if (write(fd, buf, (size_t)len) != len)
		err(EX_OSERR, "/dev/tty");
}

/*
 * Who wants to reach the processes of a command that joined the container has
 * no other way: the engine's API starts such a command, and no more.
 */
static void
kill_marked(const char *mark, int sig)
{
	char entry[128], path[64];
	struct dirent *d;
	DIR *proc;
	int n;

	n = snprintf(entry, sizeof(entry), "%s=%s", INSIDE_MARK, mark);
	if (n < 0 || (size_t)n >= sizeof(entry))
		usage();
	if ((proc = opendir("/proc")) == NULL)
		err(EX_OSERR, "/proc");
	while ((d = readdir(proc)) != NULL) {
		if (strspn(d->d_name, "0123456789") != strlen(d->d_name))
			continue;
		n = snprintf(path, sizeof(path), "/proc/%.20s/environ",
		    d->d_name);
		if (n > 0 && is_marked(path, entry))
			(void)kill((pid_t)strtol(d->d_name, NULL, 10), sig);
	}
	(void)closedir(proc);
}

static int
is_marked(const char *path, const char *entry)
{
	static char buf[ENVIRON_MAX + 1];
	const char *s;
	ssize_t n;
	size_t len;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (0);
	for (len = 0; len < ENVIRON_MAX; len += (size_t)n)
		if ((n = read(fd, buf + len, ENVIRON_MAX - len)) <= 0)
			break;
	(void)close(fd);
	buf[len] = '\0';
	for (s = buf; s < buf + len; s += strlen(s) + 1)
		if (strcmp(s, entry) == 0)
			return (1);
	return (0);
}

static unsigned short
number(const char *s)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (errno != 0 || *s < '0' || *s > '9' || *end != '\0' ||
	    n > USHRT_MAX)
		usage();
	return ((unsigned short)n);
}
