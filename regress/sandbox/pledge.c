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


#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

/*
 * stdio
 */

static int
do_pipe(void)
{
	struct pollfd pfd;
	struct stat st;
	char c;
	int p[2];

	TRY(pipe(p));
	TRY(write(p[1], "x", 1));
	pfd.fd = p[0];
	pfd.events = POLLIN;
	TRY(poll(&pfd, 1, 1000));
	TRY(read(p[0], &c, 1));
	TRY(fstat(p[0], &st));
	TRY(fcntl(p[0], F_SETFL, O_NONBLOCK));
	TRY(dup2(p[0], p[1]));
	return (isatty(p[0]) ? WRONG : 0);
}

static int
do_memory(void)
{
	void *p;

	MUST((p = malloc(100)) != NULL);
	MUST((p = realloc(p, 10000000)) != NULL);
	MUST((p = realloc(p, 30000000)) != NULL);
	free(p);
	return (0);
}

static int
do_time(void)
{
	struct timespec ts;

	TRY(clock_gettime(CLOCK_MONOTONIC, &ts));
	ts.tv_sec = 0;
	ts.tv_nsec = 1000;
	return (nanosleep(&ts, NULL) == -1 ? errno : 0);
}

static int
do_epoll(void)
{
	struct epoll_event ev;
	int ep, p[2];

	TRY(pipe(p));
	TRY(ep = epoll_create1(EPOLL_CLOEXEC));
	memset(&ev, 0, sizeof(ev));
	ev.events = EPOLLIN;
	TRY(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	TRY(epoll_wait(ep, &ev, 1, 0));
	return (0);
}

static volatile sig_atomic_t	 got_signal;

static void
on_signal(int sig)
{
	got_signal = sig;
}

static int
do_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	TRY(sigprocmask(SIG_UNBLOCK, &set, NULL));
	MUST(signal(SIGUSR1, on_signal) != SIG_ERR);
	TRY(raise(SIGUSR1));
	MUST(got_signal == SIGUSR1);
	TRY(kill(getpid(), 0));
	return (0);
}

static int
do_abort(void)
{
	abort();
}

static int
do_sockets(void)
{
	socklen_t len;
	char c;
	int n, s[2];

	TRY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	TRY(send(s[0], "x", 1, MSG_NOSIGNAL));
	TRY(recv(s[1], &c, 1, 0));
	n = 65536;
	TRY(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &n, sizeof(n)));
	len = sizeof(n);
	TRY(getsockopt(s[0], SOL_SOCKET, SO_ERROR, &n, &len));
	TRY(shutdown(s[0], SHUT_WR));
	return (0);
}

static int
do_setsockopt_filter(void)
{
	struct sock_filter ret = { BPF_RET | BPF_K, 0, 0, 0 };
	struct sock_fprog prog = { 1, &ret };
	int s[2];

	TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	return (setsockopt(s[0], SOL_SOCKET, SO_ATTACH_FILTER, &prog,
	    sizeof(prog)) == -1 ? errno : 0);
}

static int
do_syslog(void)
{
	syslog(LOG_INFO, "regress/sandbox");
	return (0);
}

static int
do_nothing(void)
{
	return (0);
}

static int
do_mmap_exec(void)
{
	return (mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0);
}

static int
do_mprotect_exec(void)
{
	void *p;

	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	TRY(mprotect(p, 4096, PROT_READ | PROT_EXEC));
	return (0);
}

/*
 * What is never granted.  The numbers of newer calls are the same everywhere.
 */

#define RAW(name, nr, ...)	static int name(void) \
	{ return (syscall(nr, __VA_ARGS__) == -1 ? errno : 0); }

RAW(do_ptrace, SYS_ptrace, 0, 0, 0, 0)
RAW(do_process_vm_readv, SYS_process_vm_readv, getppid(), 0, 0, 0, 0, 0)
RAW(do_process_vm_writev, SYS_process_vm_writev, getppid(), 0, 0, 0, 0, 0)
RAW(do_pidfd_open, 434, getppid(), 0)
RAW(do_pidfd_getfd, 438, 0, 0, 0)
RAW(do_pidfd_send_signal, 424, 0, 0, 0, 0)
RAW(do_io_uring, 425, 1, 0)
RAW(do_bpf, SYS_bpf, 0, 0, 0)
RAW(do_userfaultfd, SYS_userfaultfd, 1)
RAW(do_keyctl, SYS_keyctl, 0, -3, 0)
RAW(do_perf, SYS_perf_event_open, 0, 0, 0, 0, 0)
RAW(do_unshare, SYS_unshare, CLONE_NEWUSER)
RAW(do_open_tree, 428, -1, "", 1 | O_CLOEXEC | AT_EMPTY_PATH)
RAW(do_open_tree_open, 428, -1, "", O_CLOEXEC | AT_EMPTY_PATH)
RAW(do_open_tree_all, 428, -1, "", 1 | O_CLOEXEC | AT_EMPTY_PATH |
    AT_RECURSIVE)
RAW(do_move_mount, 429, -1, "", AT_FDCWD, "/", 4)
RAW(do_move_mount_path, 429, AT_FDCWD, "/", AT_FDCWD, "x", 0)
RAW(do_umount, SYS_umount2, "/nonexistent", 2 | 8)
RAW(do_umount_now, SYS_umount2, "/nonexistent", 0)
RAW(do_mount, SYS_mount, "/", "/", 0, 4096, 0)
RAW(do_clone3, 435, 0, 0)
RAW(do_openat2, 437, AT_FDCWD, "/", 0, 0)
RAW(do_newer, 500, 0)
RAW(do_reboot, SYS_reboot, 0, 0, 0, 0)
RAW(do_seccomp, SYS_seccomp, 1, 0, 0)
RAW(do_landlock, 444, 0, 0, 1)
RAW(do_dumpable, SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)
RAW(do_clone, SYS_clone, SIGCHLD, 0, 0, 0, 0)
RAW(do_clone_newuser, SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)
RAW(do_clone_thread, SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0, 0,
    0, 0)
RAW(do_kill_all, SYS_kill, -1, 0)

#ifdef __x86_64__
RAW(do_x32, 0x40000000 | SYS_getpid, 0)

static int
do_i386(void)
{
	long ret;

	/* getpid(2) of i386 */
	__asm__ volatile ("int $0x80" : "=a" (ret) : "a" (20) :
	    "r8", "r9", "r10", "r11", "memory");
	return (ret == getpid() ? 0 : WRONG);
}
#endif

int
do_kill_parent(void)
{
	return (kill(getppid(), 0) == -1 ? errno : 0);
}

/* The handler cannot be taken away, and blocking the signal is no help. */
static int
do_replace_handler(void)
{
	return (signal(SIGSYS, SIG_IGN) == SIG_ERR ? errno : 0);
}

static int
do_block_sigsys(void)
{
	sigset_t set;

	sigfillset(&set);
	TRY(sigprocmask(SIG_SETMASK, &set, NULL));
	return (open("/dev/null", O_RDONLY) == -1 ? errno : 0);
}

/* The first process of a namespace is deaf to most signals. */
static int
do_as_init(void)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		TRY(unshare(CLONE_NEWUSER));
	TRY(unshare(CLONE_NEWPID));
	TRY(pid = fork());
	if (pid == 0) {
		TRY(pledge("stdio", NULL));
		return (open("/dev/null", O_RDONLY) == -1 ? errno : 0);
	}
	TRY(waitpid(pid, &status, 0));
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? 0 : WRONG);
}

/*
 * Files
 */

int
try_open(const char *path, int flags)
{
	int fd;

	if ((fd = open(path, flags, 0600)) == -1)
		return (errno);
	(void)close(fd);
	return (0);
}

int
do_read(void)
{
	struct stat st;

	TRY(stat(file, &st));
	TRY(access(file, R_OK));
	return (try_open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
}

static int
do_stat(void)
{
	struct stat st;

	return (stat(file, &st) == -1 ? errno : 0);
}

int
do_write(void)
{
	return (try_open(file, O_WRONLY | O_TRUNC));
}

int
do_rdwr(void)
{
	return (try_open(file, O_RDWR));
}

static int
do_read_trunc(void)
{
	return (try_open(file, O_RDONLY | O_TRUNC));
}

int
do_create(void)
{
	return (try_open(inner, O_WRONLY | O_CREAT | O_EXCL));
}

static int
do_tmpfile(void)
{
	return (try_open(dir, O_WRONLY | O_TMPFILE));
}

int
do_unlink(void)
{
	return (unlink(inner) == -1 ? errno : 0);
}

int
do_names(void)
{
	TRY(mkdir(inner, 0700));
	TRY(rmdir(inner));
	TRY(symlink("x", inner));
	TRY(rename(inner, sockpath));
	TRY(unlink(sockpath));
	return (0);
}

static int
do_chmod(void)
{
	return (chmod(file, 0600) == -1 ? errno : 0);
}

/* To become whom one is needs no right.  musl blocks all signals for it. */
static int
do_setresuid(void)
{
	TRY(syscall(SYS_setresuid, getuid(), getuid(), getuid()));
	return (0);
}

static int
do_setresgid(void)
{
	TRY(syscall(SYS_setresgid, getgid(), getgid(), getgid()));
	return (0);
}

static int
do_setgroups(void)
{
	gid_t gid;

	gid = getgid();
	return (syscall(SYS_setgroups, 1, &gid) == -1 && errno != EPERM ?
	    WRONG : 0);
}

static int
do_flock(void)
{
	struct flock fl;

	memset(&fl, 0, sizeof(fl));
	fl.l_type = F_WRLCK;
	TRY(fcntl(listener, F_GETLK, &fl));
	return (0);
}

static int
do_status(void)
{
	char buf[4096];
	FILE *f;
	size_t n;

	MUST((f = fopen("/proc/self/status", "re")) != NULL);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	MUST(strstr(buf, "\nNoNewPrivs:\t1\n") != NULL);
	MUST(strstr(buf, "\nSeccomp:\t2\n") != NULL);
	return (0);
}

/*
 * Network
 */

static int
try_connect(int type, int proto, int port)
{
	struct sockaddr_in sin;
	int s;

	TRY(s = socket(AF_INET, type, proto));
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(port);
	TRY(connect(s, (struct sockaddr *)&sin, sizeof(sin)));
	(void)close(s);
	return (0);
}

int
do_connect(void)
{
	int e;

	if ((e = try_connect(SOCK_STREAM, 0, port1)) != 0)
		return (e);
	return (try_connect(SOCK_DGRAM, 0, port1));
}

static int
do_connect_other(void)
{
	return (try_connect(SOCK_STREAM, 0, port2));
}

static int
do_mptcp(void)
{
	return (try_connect(SOCK_STREAM, 262, port1));
}

static int
do_raw(void)
{
	return (try_connect(SOCK_RAW, IPPROTO_ICMP, 0));
}

static int
do_fastopen(void)
{
	struct sockaddr_in sin;
	int s;

	TRY(s = socket(AF_INET, SOCK_STREAM, 0));
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(port2);
	TRY(sendto(s, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&sin,
	    sizeof(sin)));
	return (0);
}

int
do_bind(void)
{
	struct sockaddr_in sin;
	int one, s;

	TRY(s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	one = 1;
	TRY(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	TRY(bind(s, (struct sockaddr *)&sin, sizeof(sin)));
	TRY(listen(s, 1));
	return (0);
}

/* Nobody calls, so accept(2) has nothing. */
static int
do_accept(void)
{
	int s;

	if ((s = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1)
		return (errno == EAGAIN ? 0 : errno);
	(void)close(s);
	return (0);
}

static int
do_socket_inet(void)
{
	return (socket(AF_INET, SOCK_STREAM, 0) == -1 ? errno : 0);
}

static int
do_sendto(void)
{
	struct sockaddr_in sin;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	/* a listening socket has no use for it, but may be asked */
	return (sendto(listener, "x", 1, MSG_NOSIGNAL,
	    (struct sockaddr *)&sin, sizeof(sin)) == -1 && errno == EPIPE ? 0 :
	    errno);
}

socklen_t
unix_address(struct sockaddr_un *sun, const char *path)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (path == NULL) {
		/* abstract: made by setup */
		memcpy(sun->sun_path + 1, dir, strlen(dir));
		return (offsetof(struct sockaddr_un, sun_path) + 1 +
		    strlen(dir));
	}
	snprintf(sun->sun_path, sizeof(sun->sun_path), "%s", path);
	return (sizeof(*sun));
}

int
do_unix(void)
{
	struct sockaddr_un sun;
	socklen_t len;
	int c, s;

	len = unix_address(&sun, sockpath);
	TRY(s = socket(AF_UNIX, SOCK_STREAM, 0));
	TRY(bind(s, (struct sockaddr *)&sun, len));
	TRY(listen(s, 1));
	TRY(c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	TRY(connect(c, (struct sockaddr *)&sun, len));
	TRY(accept(s, NULL, NULL));
	return (0);
}

static int
do_abstract(void)
{
	struct sockaddr_un sun;
	socklen_t len;
	int s;

	len = unix_address(&sun, NULL);
	TRY(s = socket(AF_UNIX, SOCK_STREAM, 0));
	TRY(connect(s, (struct sockaddr *)&sun, len));
	return (0);
}

static int
do_socket_unix(void)
{
	return (socket(AF_UNIX, SOCK_STREAM, 0) == -1 ? errno : 0);
}

static int
do_socketpair_dgram(void)
{
	int s[2];

	return (socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == -1 ? errno : 0);
}

static int
pass_fd(int send, int receive)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg;
	struct iovec iov;
	char c;
	int s[2];

	TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	c = 'x';
	iov.iov_base = &c;
	iov.iov_len = 1;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.buf;
	msg.msg_controllen = sizeof(control.buf);
	control.hdr.cmsg_level = SOL_SOCKET;
	control.hdr.cmsg_type = SCM_RIGHTS;
	control.hdr.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.hdr), &listener, sizeof(int));
	if (send)
		TRY(sendmsg(s[0], &msg, 0));
	else
		TRY(write(s[0], "x", 1));
	if (receive)
		TRY(recvmsg(s[1], &msg, MSG_CMSG_CLOEXEC));
	return (0);
}

static int
do_sendmsg(void)
{
	return (pass_fd(1, 0));
}

static int
do_recvmsg(void)
{
	return (pass_fd(0, 1));
}

/*
 * Terminals and processes
 */

static int
do_tty_look(void)
{
	struct winsize ws;
	struct termios t;

	TRY(ioctl(pty, TIOCGWINSZ, &ws));
	return (tcgetattr(pty, &t) == -1 ? errno : 0);
}

static int
do_tty_set(void)
{
	struct termios t;

	TRY(tcgetattr(pty, &t));
	TRY(tcsetattr(pty, TCSAFLUSH, &t));
	return (0);
}

static int
do_tiocsti(void)
{
	return (ioctl(pty, TIOCSTI, "x") == -1 ? errno : 0);
}

static int
do_fork(void)
{
	int status;
	pid_t pid;

	TRY(pid = fork());
	if (pid == 0)
		_exit(0);
	TRY(waitpid(pid, &status, 0));
	return (status == 0 ? 0 : WRONG);
}

static int
do_setrlimit(void)
{
	struct rlimit rl;

	TRY(getrlimit(RLIMIT_CORE, &rl));
	TRY(setrlimit(RLIMIT_CORE, &rl));
	return (0);
}

int
run_shell(const char *command)
{
	char *argv[4], *envp[1];
	int status;
	pid_t pid;

	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = (char *)(size_t)command;
	argv[3] = NULL;
	envp[0] = NULL;
	TRY(pid = fork());
	if (pid == 0) {
		(void)execve("/bin/sh", argv, envp);
		_exit(WRONG);
	}
	TRY(waitpid(pid, &status, 0));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return (EPERM);
	return (status == 0 ? 0 : WRONG);
}

static int
do_exec(void)
{
	return (run_shell("exit 0"));
}

/* What was executed lives under the same filter. */
static int
do_exec_more(void)
{
	return (run_shell(">/dev/null"));
}

static int
do_execve(void)
{
	char *argv[1];

	argv[0] = NULL;
	return (execve("/nonexistent", argv, argv) == -1 ? errno : 0);
}

/*
 * pledge itself
 */

static int
do_unknown(void)
{
	return (pledge("stdio everything", NULL) == -1 ? errno : 0);
}

static int
do_execpromises(void)
{
	return (pledge("stdio", "stdio") == -1 ? errno : 0);
}

static int
do_null(void)
{
	TRY(pledge(NULL, NULL));
	return (do_read());
}

static int
do_widen(void)
{
	TRY(pledge("stdio", NULL));
	return (pledge("stdio rpath", NULL) == -1 ? errno : 0);
}

static int
do_narrow(void)
{
	TRY(pledge("stdio rpath inet", NULL));
	MUST(do_read() == 0);
	TRY(pledge(" stdio  inet ", NULL));
	MUST(do_socket_inet() == 0);
	return (do_read());
}

static int
do_third(void)
{
	TRY(pledge("stdio rpath inet", NULL));
	TRY(pledge("stdio rpath", NULL));
	TRY(pledge("stdio rpath", NULL));
	return (pledge("stdio", NULL) == -1 ? errno : 0);
}

static int
do_door_seccomp(void)
{
	TRY(pledge("stdio", NULL));
	MUST(do_seccomp() == EFAULT);
	TRY(pledge("stdio", NULL));
	return (do_seccomp());
}

static int
do_door_landlock(void)
{
	TRY(pledge("stdio", NULL));
	MUST(do_landlock() == 0);
	TRY(pledge("stdio", NULL));
	return (do_landlock());
}

static int
do_net_words(void)
{
	TRY(sandbox_net("accept bind connect connect:1 connect:65535"));
	MUST(sandbox_net("listen") == -1 && errno == EINVAL);
	MUST(sandbox_net("connect:") == -1 && errno == EINVAL);
	MUST(sandbox_net("connect:0") == -1 && errno == EINVAL);
	MUST(sandbox_net("connect:65536") == -1 && errno == EINVAL);
	MUST(sandbox_net("connect:4294967349") == -1 && errno == EINVAL);
	MUST(sandbox_net("connect:53x") == -1 && errno == EINVAL);
	MUST(sandbox_net("connect:1 connect:2 connect:3 connect:4 connect:5 "
	    "connect:6 connect:7 connect:8 connect:9") == -1);
	return (0);
}

/* What sandbox_net took away it does not give back. */
static int
do_net_twice(void)
{
	TRY(sandbox_net("accept"));
	TRY(sandbox_net("accept connect"));
	TRY(pledge("stdio inet", NULL));
	return (do_socket_inet());
}

static int
do_net_second(void)
{
	TRY(pledge("stdio inet", NULL));
	MUST(do_connect() == 0);
	TRY(sandbox_net("accept"));
	TRY(pledge("stdio inet", NULL));
	MUST(do_accept() == 0);
	return (do_connect());
}

static int
do_describe(void)
{
	char want[64];

	MUST(strcmp(sandbox_describe(), "sandbox off") == 0);
	TRY(pledge("stdio", NULL));
	snprintf(want, sizeof(want), "sandbox on: seccomp, Landlock ABI %d",
	    landlock_abi());
	MUST(strcmp(sandbox_describe(), want) == 0);
	TRY(pledge("stdio", NULL));
	MUST(strcmp(sandbox_describe(), want) == 0);
	return (0);
}

/* A kernel without the call. */
static int
take_away(unsigned int nr)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, nr },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW }
	};
	struct sock_fprog prog = { 4, code };

	TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	TRY(prctl(PR_SET_SECCOMP, 2, &prog, 0, 0));
	return (0);
}

static int
do_no_seccomp(void)
{
	MUST(take_away(SYS_seccomp) == 0);
	return (pledge("stdio", NULL) == -1 ? errno : 0);
}

static int
do_no_landlock(void)
{
	MUST(take_away(444) == 0);
	return (pledge("stdio", NULL) == -1 ? errno : 0);
}

static int
do_no_landlock_unveil(void)
{
	MUST(take_away(444) == 0);
	TRY(unveil(dir, "r"));
	return (unveil(NULL, NULL) == -1 ? errno : 0);
}

const struct test pledge_tests[] = {
	{ "stdio_pipe", "stdio", NULL, do_pipe, 0, NULL },
	{ "stdio_memory", "stdio", NULL, do_memory, 0, NULL },
	{ "stdio_time", "stdio", NULL, do_time, 0, NULL },
	{ "stdio_epoll", "stdio", NULL, do_epoll, 0, NULL },
	{ "stdio_signal", "stdio", NULL, do_signal, 0, NULL },
	{ "stdio_abort", "stdio", NULL, do_abort, -SIGABRT, NULL },
	{ "stdio_sockets", "stdio", NULL, do_sockets, 0, NULL },
	{ "stdio_syslog", "stdio", NULL, do_syslog, 0, NULL },
	{ "stdio_tty_look", "stdio", NULL, do_tty_look, 0, NULL },
	{ "nothing_exit", "", NULL, do_nothing, KILLED, NULL },
	{ "stdio_setsockopt_filter", "stdio", NULL, do_setsockopt_filter,
	    EACCES, NULL },
	{ "stdio_mmap_exec", "stdio", NULL, do_mmap_exec, KILLED,
	    "pledge \"exec\"" },
	{ "stdio_mprotect_exec", "stdio", NULL, do_mprotect_exec, KILLED,
	    "pledge \"exec\"" },
	{ "stdio_kill_parent", "stdio", NULL, do_kill_parent, KILLED,
	    "pledge \"proc\"" },
	{ "stdio_kill_all", "stdio", NULL, do_kill_all, KILLED,
	    "pledge \"proc\"" },
	{ "stdio_socketpair_dgram", "stdio", NULL, do_socketpair_dgram, KILLED,
	    "pledge \"\"" },
	{ "stdio_dumpable", "stdio", NULL, do_dumpable, KILLED,
	    "pledge \"\"" },
	{ "stdio_reboot", "stdio", NULL, do_reboot, KILLED, "pledge \"\"" },

	{ "never_ptrace", "stdio", NULL, do_ptrace, KILLED, NULL },
	{ "never_process_vm_readv", "stdio", NULL, do_process_vm_readv,
	    KILLED, NULL },
	{ "never_process_vm_writev", "stdio", NULL, do_process_vm_writev,
	    KILLED, NULL },
	{ "never_pidfd_open", "stdio", NULL, do_pidfd_open, KILLED, NULL },
	{ "never_pidfd_getfd", "stdio", NULL, do_pidfd_getfd, KILLED, NULL },
	{ "never_pidfd_send_signal", "stdio", NULL, do_pidfd_send_signal,
	    KILLED, NULL },
	{ "never_io_uring", "stdio", NULL, do_io_uring, KILLED, NULL },
	{ "never_bpf", "stdio", NULL, do_bpf, KILLED, NULL },
	{ "never_userfaultfd", "stdio", NULL, do_userfaultfd, KILLED, NULL },
	{ "never_keyctl", "stdio", NULL, do_keyctl, KILLED, NULL },
	{ "never_perf", "stdio", NULL, do_perf, KILLED, NULL },
	{ "never_unshare", "stdio proc", NULL, do_unshare, KILLED, NULL },
	{ "probed_clone3", "stdio proc", NULL, do_clone3, ENOSYS, NULL },
	{ "probed_openat2", "stdio rpath", NULL, do_openat2, ENOSYS, NULL },
	{ "probed_newer", "stdio", NULL, do_newer, ENOSYS, NULL },
#ifdef __x86_64__
	{ "arch_x32", "stdio", NULL, do_x32, KILLED, NULL },
	{ "arch_i386", "stdio", NULL, do_i386, KILLED, NULL },
#endif
	{ "handler_stays", "stdio", NULL, do_replace_handler, EPERM, NULL },
	{ "sigsys_blocked", "stdio", NULL, do_block_sigsys, KILLED, NULL },
	{ "as_init", NULL, NULL, do_as_init, 0, "pledge \"rpath\"" },

	{ "rpath_read", "stdio rpath", NULL, do_read, 0, NULL },
	{ "rpath_missing_open", "stdio wpath cpath", NULL, do_rdwr, KILLED,
	    "pledge \"rpath\"" },
	{ "rpath_missing_stat", "stdio", NULL, do_stat, KILLED,
	    "pledge \"rpath\"" },
	{ "wpath_write", "stdio wpath", NULL, do_write, 0, NULL },
	{ "wpath_rdwr", "stdio rpath wpath", NULL, do_rdwr, 0, NULL },
	{ "wpath_missing", "stdio rpath", NULL, do_write, KILLED,
	    "pledge \"wpath\"" },
	{ "wpath_missing_rdwr", "stdio rpath", NULL, do_rdwr, KILLED,
	    "pledge \"wpath\"" },
	{ "wpath_missing_trunc", "stdio rpath", NULL, do_read_trunc, KILLED,
	    "pledge \"\"" },
	{ "wpath_no_tmpfile", "stdio rpath wpath cpath", NULL, do_tmpfile,
	    KILLED, "pledge \"\"" },
	{ "cpath_create", "stdio wpath cpath", NULL, do_create, 0, NULL },
	{ "cpath_unlink", "stdio cpath", NULL, do_unlink, ENOENT, NULL },
	{ "cpath_names", "stdio cpath", NULL, do_names, 0, NULL },
	{ "cpath_missing_create", "stdio rpath wpath", NULL, do_create, KILLED,
	    "pledge \"cpath\"" },
	{ "cpath_missing_unlink", "stdio rpath wpath", NULL, do_unlink, KILLED,
	    "pledge \"cpath\"" },
	{ "fattr_chmod", "stdio fattr", NULL, do_chmod, 0, NULL },
	{ "fattr_missing", "stdio rpath wpath cpath", NULL, do_chmod, KILLED,
	    "pledge \"fattr\"" },
	{ "flock_lock", "stdio flock", NULL, do_flock, 0, NULL },
	{ "flock_missing", "stdio rpath", NULL, do_flock, KILLED,
	    "pledge \"flock\"" },
	{ "id_setresuid", "stdio id", NULL, do_setresuid, 0, NULL },
	{ "id_setresgid", "stdio id", NULL, do_setresgid, 0, NULL },
	{ "id_setgroups", "stdio id", NULL, do_setgroups, 0, NULL },
	{ "id_missing_setresuid", "stdio proc", NULL, do_setresuid, KILLED,
	    "pledge \"id\"" },
	{ "id_missing_setresgid", "stdio proc", NULL, do_setresgid, KILLED,
	    "pledge \"id\"" },
	{ "id_missing_setgroups", "stdio proc", NULL, do_setgroups, KILLED,
	    "pledge \"id\"" },
	{ "status_in_proc", "stdio rpath", NULL, do_status, 0, NULL },

	{ "inet_connect", "stdio inet", NULL, do_connect, 0, NULL },
	{ "inet_bind", "stdio inet", NULL, do_bind, 0, NULL },
	{ "inet_accept", "stdio inet", NULL, do_accept, 0, NULL },
	{ "inet_sendto", "stdio inet", NULL, do_sendto, 0, NULL },
	{ "inet_missing_socket", "stdio unix", NULL, do_socket_inet, KILLED,
	    "pledge \"inet\"" },
	{ "inet_missing_accept", "stdio", NULL, do_accept, KILLED,
	    "pledge \"inet or unix, accept\"" },
	{ "inet_missing_sendto", "stdio", NULL, do_sendto, KILLED,
	    "pledge \"inet\"" },
	{ "inet_no_mptcp", "stdio inet", NULL, do_mptcp, KILLED,
	    "pledge \"\"" },
	{ "inet_no_raw", "stdio inet", NULL, do_raw, KILLED, "pledge \"\"" },
	{ "inet_no_fastopen", "stdio inet", NULL, do_fastopen, KILLED,
	    "pledge \"\"" },
	{ "net_accept", "stdio inet", "accept", do_accept, 0, NULL },
	{ "net_accept_sendto", "stdio inet", "accept", do_sendto, 0, NULL },
	{ "net_accept_no_socket", "stdio inet", "accept", do_connect, KILLED,
	    "pledge \"inet or unix, socket\"" },
	{ "net_connect", "stdio inet", "connect", do_connect, 0, NULL },
	{ "net_connect_no_bind", "stdio inet", "connect", do_bind, KILLED,
	    "pledge \"inet or unix, bind\"" },
	{ "net_connect_no_accept", "stdio inet", "connect", do_accept, KILLED,
	    "pledge \"inet or unix, accept\"" },
	{ "net_bind_no_connect", "stdio inet", "bind accept", do_connect,
	    KILLED, "pledge \"inet or unix, connect\"" },
	{ "net_port", "stdio inet", net_port, do_connect, 0, NULL },
	{ "net_other_port", "stdio inet", net_port, do_connect_other, EACCES,
	    NULL },
	{ "net_words", NULL, NULL, do_net_words, 0, NULL },
	{ "net_twice", NULL, NULL, do_net_twice, KILLED,
	    "pledge \"inet or unix, socket\"" },
	{ "net_second", NULL, NULL, do_net_second, KILLED,
	    "pledge \"inet or unix, socket\"" },
	{ "unix_all", "stdio unix", NULL, do_unix, 0, NULL },
	{ "unix_missing", "stdio inet", NULL, do_socket_unix, KILLED,
	    "pledge \"unix\"" },
	{ "unix_abstract", "stdio unix", NULL, do_abstract, EPERM, NULL },
	{ "unix_net_accept", "stdio unix", "accept", do_socket_unix, KILLED,
	    "pledge \"inet or unix, socket\"" },
	{ "sendfd_send", "stdio sendfd", NULL, do_sendmsg, 0, NULL },
	{ "sendfd_missing", "stdio unix inet recvfd", NULL, do_sendmsg, KILLED,
	    "pledge \"sendfd\"" },
	{ "recvfd_receive", "stdio recvfd", NULL, do_recvmsg, 0, NULL },
	{ "recvfd_missing", "stdio unix inet sendfd", NULL, do_recvmsg, KILLED,
	    "pledge \"recvfd\"" },

	{ "tty_set", "stdio tty", NULL, do_tty_set, 0, NULL },
	{ "tty_missing", "stdio", NULL, do_tty_set, KILLED,
	    "pledge \"tty\"" },
	{ "tty_no_tiocsti", "stdio tty", NULL, do_tiocsti, KILLED,
	    "pledge \"\"" },
	{ "proc_fork", "stdio proc", NULL, do_fork, 0, NULL },
	{ "proc_kill", "stdio proc", NULL, do_kill_parent, 0, NULL },
	{ "proc_setrlimit", "stdio proc", NULL, do_setrlimit, 0, NULL },
	{ "proc_missing_clone", "stdio", NULL, do_clone, KILLED,
	    "pledge \"proc\"" },
	{ "proc_missing_setrlimit", "stdio", NULL, do_setrlimit, KILLED,
	    "pledge \"proc\"" },
	{ "proc_no_newuser", "stdio proc", NULL, do_clone_newuser, KILLED,
	    "pledge \"\"" },
	{ "proc_no_thread", "stdio proc", NULL, do_clone_thread, KILLED,
	    "pledge \"\"" },
	{ "exec_shell", "stdio rpath proc exec", NULL, do_exec, 0, NULL },
	{ "exec_inherits", "stdio rpath proc exec", NULL, do_exec_more, EPERM,
	    NULL },
	{ "exec_missing", "stdio rpath proc", NULL, do_execve, KILLED,
	    "pledge \"exec\"" },

	{ "mount_open_tree", "stdio mount", NULL, do_open_tree, EBADF, NULL },
	{ "mount_no_other_open_tree", "stdio mount", NULL, do_open_tree_open,
	    KILLED, "pledge \"\"" },
	{ "mount_no_tree", "stdio mount", NULL, do_open_tree_all, KILLED,
	    "pledge \"\"" },
	{ "mount_move_mount", "stdio mount", NULL, do_move_mount, EBADF, NULL },
	{ "mount_no_path", "stdio mount", NULL, do_move_mount_path, KILLED,
	    "pledge \"\"" },
	{ "mount_umount", "stdio mount", NULL, do_umount, ENOENT, NULL },
	{ "mount_no_other_umount", "stdio mount", NULL, do_umount_now, KILLED,
	    NULL },
	{ "mount_no_mount", "stdio mount", NULL, do_mount, KILLED, NULL },
	{ "mount_missing_open_tree", "stdio rpath wpath cpath", NULL,
	    do_open_tree, KILLED, "pledge \"mount\"" },
	{ "mount_missing_move_mount", "stdio rpath wpath cpath", NULL,
	    do_move_mount, KILLED, "pledge \"mount\"" },
	{ "mount_missing_umount", "stdio rpath wpath cpath", NULL, do_umount,
	    KILLED, NULL },

	{ "pledge_unknown", NULL, NULL, do_unknown, EINVAL, NULL },
	{ "pledge_execpromises", NULL, NULL, do_execpromises, EINVAL, NULL },
	{ "pledge_null", NULL, NULL, do_null, 0, NULL },
	{ "pledge_widen", NULL, NULL, do_widen, EPERM, NULL },
	{ "pledge_narrow", NULL, NULL, do_narrow, KILLED,
	    "pledge \"rpath\"" },
	{ "pledge_third", NULL, NULL, do_third, EPERM, NULL },
	{ "pledge_shuts_seccomp", NULL, NULL, do_door_seccomp, KILLED,
	    "pledge \"pledge\"" },
	{ "pledge_shuts_landlock", NULL, NULL, do_door_landlock, KILLED,
	    "pledge \"pledge\"" },
	{ "describe", NULL, NULL, do_describe, 0, NULL },
	{ "no_seccomp", NULL, NULL, do_no_seccomp, ENOSYS, NULL },
	{ "no_landlock", NULL, NULL, do_no_landlock, ENOSYS, NULL },
	{ "no_landlock_unveil", NULL, NULL, do_no_landlock_unveil, ENOSYS,
	    NULL },
};
const size_t	 npledge_tests = sizeof(pledge_tests) / sizeof(pledge_tests[0]);
