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
 * pledge(2) for Linux: a seccomp filter made from one table.  See sandbox.h
 * for what it means and for what a filter cannot tell.
 *
 * A call that lacks its promise, or that no promise covers, is trapped, not
 * killed at once, because somebody has to say which one it was: the kernel
 * writes it nowhere that an ordinary user may read, and the parent learns no
 * more than SIGSYS.  A trapped call is never executed.  The handler writes one
 * line and then makes a call that kills outright.  It cannot be replaced, since
 * the filter refuses sigaction(2) for SIGSYS, and where the signal is blocked
 * or ignored the kernel kills.  A process that has been taken over may bend the
 * data that the handler uses and so outlive its violation, but what it gets
 * from that is an error in place of death.  The calls that reach into other
 * processes, or into the corners of the kernel, kill without a handler.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "sandbox.h"

/* The same on all architectures; headers may be older. */
#ifndef __NR_open_tree
#define __NR_open_tree			428
#define __NR_move_mount			429
#endif
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset	444
#define __NR_landlock_add_rule		445
#define __NR_landlock_restrict_self	446
#endif

/* O_LARGEFILE as the kernel has it: musl sets it, glibc calls it 0. */
#if defined(__x86_64__) && defined(__LP64__)
#define SANDBOX_ARCH	AUDIT_ARCH_X86_64
#define LARGEFILE	0100000
#elif defined(__aarch64__) && defined(__LP64__)
#define SANDBOX_ARCH	AUDIT_ARCH_AARCH64
#define LARGEFILE	0400000
#elif defined(__riscv) && __riscv_xlen == 64
#define SANDBOX_ARCH	AUDIT_ARCH_RISCV64
#define LARGEFILE	0100000
#else
#error "no seccomp filter for this architecture: build with SANDBOX=none"
#endif
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the filter looks for the low half of an argument first"
#endif

/* The promises, and behind them what pledge and sandbox_net make of them. */
#define STDIO		0x00001
#define RPATH		0x00002
#define WPATH		0x00004
#define CPATH		0x00008
#define FATTR		0x00010
#define FLOCK		0x00020
#define INET		0x00040
#define UNIX		0x00080
#define TTY		0x00100
#define PROC		0x00200
#define EXEC		0x00400
#define SENDFD		0x00800
#define RECVFD		0x01000
#define UNVEIL		0x02000
#define MOUNT		0x04000
#define ID		0x08000
#define NPROMISES	16
#define ACCEPT		0x10000
#define CONNECT		0x20000
#define BIND		0x40000
#define SOCKET		0x80000
#define AGAIN		0x100000

#define MAXTESTS	3

#define FILES		(RPATH | WPATH | CPATH | FATTR | EXEC | UNVEIL)

static const char *const promise_names[] = {
	"stdio", "rpath", "wpath", "cpath", "fattr", "flock", "inet", "unix",
	"tty", "proc", "exec", "sendfd", "recvfd", "unveil", "mount",
	"id",
	"inet or unix, accept", "inet or unix, connect", "inet or unix, bind",
	"inet or unix, socket", "pledge"
};

/*
 * What an argument must be: its upper half zero, its lower half behind the
 * mask one of the values.
 */
struct test {
	int		 arg;
	uint32_t	 mask;
	int		 nvalues;
	uint32_t	 values[16];
};

/*
 * A call, with what is done if all promises of need are there and all tests
 * hold.  The first rule that fits wins.  The number of a call is kept as the
 * text that the preprocessor makes of its __NR_ macro, which does not begin
 * with a digit where an architecture lacks the call or old headers do: the
 * same as #ifdef round every line.  The macros paste at once and hand nothing
 * on, since some calls have the name of a macro of libc's.  There are no
 * pointers, which would be a copy of the table for each process of ours.
 */
struct rule {
	char		 name[32];
	char		 number[32];
	uint32_t	 need;
	uint32_t	 action;
	struct test	 tests[MAXTESTS];
};

#define STRING(x)		#x
#define NUMBER(x)		STRING(x)
#define ALLOW(c, need)		{ #c, NUMBER(__NR_##c), need, \
				    SECCOMP_RET_ALLOW, { { 0 } } }
#define ALLOW_IF(c, need, ...)	{ #c, NUMBER(__NR_##c), need, \
				    SECCOMP_RET_ALLOW, { __VA_ARGS__ } }
#define REFUSE(c, e)		{ #c, NUMBER(__NR_##c), 0, \
				    SECCOMP_RET_ERRNO | e, { { 0 } } }
#define REFUSE_IF(c, e, ...)	{ #c, NUMBER(__NR_##c), 0, \
				    SECCOMP_RET_ERRNO | e, { __VA_ARGS__ } }
#define KILL(c)			{ #c, NUMBER(__NR_##c), 0, \
				    SECCOMP_RET_KILL_PROCESS, { { 0 } } }

#define VALUES(...)		sizeof((uint32_t []){ __VA_ARGS__ }) / \
				    sizeof(uint32_t), { __VA_ARGS__ }
#define MASKED(n, mask, ...)	{ n, mask, VALUES(__VA_ARGS__) }
#define IS(n, ...)		MASKED(n, 0xffffffff, __VA_ARGS__)
#define ONLY(n, bits)		MASKED(n, ~(uint32_t)(bits), 0)
#define WITHOUT(n, bits)	MASKED(n, bits, 0)

/* In place of a value: the process itself. */
#define SELF			0xfffffffe

/* Numbers above are newer than this table, the same on all architectures. */
#define NEWEST			449

#define O_ANY		(O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK | \
			    LARGEFILE)
#define O_READING	(O_ANY | O_DIRECTORY | O_PATH)
#define O_WRITING	(O_ANY | O_APPEND | O_TRUNC | O_SYNC)
#define O_CREATING	(O_WRITING | O_EXCL)
#define TYPE(n, ...)	MASKED(n, ~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK), \
			    __VA_ARGS__)

/* Not in every libc's headers, or only in ones that exclude each other. */
#define XPROT_BTI	0x10
#define XTCGETS2	0x802c542a
#define XTCSETS2	0x402c542b
#define XTCSETSW2	0x402c542c
#define XTCSETSF2	0x402c542d
#define XARCH_SET_FS	0x1002
#define XARCH_CET_STATUS	0x3001
#define XPR_SET_VMA	0x53564d41
#define XTREE_CLONE	0x1
#define XFROM_EMPTY_PATH	0x4
#define XDETACH		0x2
#define XNOFOLLOW	0x8
#define XSYS_SECCOMP	1

/* clang-format off */
static const struct rule rules[] = {
	/* stdio: what is open already, memory, time, oneself. */
	ALLOW(read, STDIO),
	ALLOW(readv, STDIO),
	ALLOW(pread64, STDIO),
	ALLOW(preadv, STDIO),
	ALLOW(write, STDIO),
	ALLOW(writev, STDIO),
	ALLOW(pwrite64, STDIO),
	ALLOW(pwritev, STDIO),
	ALLOW(splice, STDIO),
	ALLOW(lseek, STDIO),
	ALLOW(ftruncate, STDIO),
	ALLOW(fsync, STDIO),
	ALLOW(fdatasync, STDIO),
	ALLOW(close, STDIO),
	ALLOW(close_range, STDIO),
	ALLOW(dup, STDIO),
	ALLOW(dup2, STDIO),
	ALLOW(dup3, STDIO),
	ALLOW(pipe, STDIO),
	ALLOW_IF(pipe2, STDIO, ONLY(1, O_CLOEXEC | O_NONBLOCK)),
	ALLOW(eventfd2, STDIO),
	ALLOW(fstat, STDIO),
	ALLOW_IF(newfstatat, STDIO, IS(3, AT_EMPTY_PATH)),
	ALLOW_IF(statx, STDIO, IS(2, AT_EMPTY_PATH)),
	ALLOW_IF(fcntl, STDIO, IS(1, F_GETFD, F_SETFD, F_GETFL, F_SETFL,
	    F_DUPFD, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_SETPIPE_SZ)),
	ALLOW_IF(ioctl, STDIO, IS(1, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX,
	    TIOCGWINSZ, TCGETS, XTCGETS2)),
	ALLOW(poll, STDIO),
	ALLOW(ppoll, STDIO),
	ALLOW(select, STDIO),
	ALLOW(pselect6, STDIO),
	ALLOW(epoll_create, STDIO),
	ALLOW(epoll_create1, STDIO),
	ALLOW(epoll_ctl, STDIO),
	ALLOW(epoll_wait, STDIO),
	ALLOW(epoll_pwait, STDIO),
	ALLOW(epoll_pwait2, STDIO),
	ALLOW(recvfrom, STDIO),
	ALLOW_IF(sendto, STDIO, WITHOUT(3, MSG_FASTOPEN), IS(4, 0)),
	ALLOW(shutdown, STDIO),
	ALLOW(getsockname, STDIO),
	ALLOW(getpeername, STDIO),
	ALLOW(getsockopt, STDIO),
	ALLOW_IF(setsockopt, STDIO, IS(1, SOL_SOCKET), IS(2, SO_SNDBUF,
	    SO_RCVBUF, SO_RCVLOWAT, SO_SNDTIMEO, SO_RCVTIMEO, SO_LINGER,
	    SO_KEEPALIVE, SO_OOBINLINE, SO_REUSEADDR)),
	ALLOW_IF(socketpair, STDIO, IS(0, AF_UNIX), TYPE(1, SOCK_STREAM),
	    IS(2, 0)),
	ALLOW(brk, STDIO),
	ALLOW_IF(mmap, STDIO, ONLY(2, PROT_READ | PROT_WRITE)),
	ALLOW_IF(mprotect, STDIO, ONLY(2, PROT_READ | PROT_WRITE)),
	ALLOW_IF(mremap, STDIO, ONLY(3, MREMAP_MAYMOVE)),
	ALLOW(munmap, STDIO),
	ALLOW(madvise, STDIO),
	ALLOW(clock_gettime, STDIO),
	ALLOW(clock_getres, STDIO),
	ALLOW(clock_nanosleep, STDIO),
	ALLOW(nanosleep, STDIO),
	ALLOW(gettimeofday, STDIO),
	ALLOW(time, STDIO),
	ALLOW(getitimer, STDIO),
	ALLOW(setitimer, STDIO),
	ALLOW(alarm, STDIO),
	ALLOW_IF(rt_sigaction, STDIO, IS(1, 0)),
	REFUSE_IF(rt_sigaction, EPERM, IS(0, SIGSYS)),
	ALLOW(rt_sigaction, STDIO),
	ALLOW(rt_sigprocmask, STDIO),
	ALLOW(rt_sigreturn, STDIO),
	ALLOW(rt_sigsuspend, STDIO),
	ALLOW(rt_sigpending, STDIO),
	ALLOW(rt_sigtimedwait, STDIO),
	ALLOW(sigaltstack, STDIO),
	ALLOW(pause, STDIO),
	ALLOW(restart_syscall, STDIO),
	ALLOW_IF(kill, STDIO, IS(0, SELF)),
	ALLOW_IF(tkill, STDIO, IS(0, SELF)),
	ALLOW_IF(tgkill, STDIO, IS(0, SELF)),
	ALLOW(wait4, STDIO),
	ALLOW(waitid, STDIO),
	ALLOW(exit, STDIO),
	ALLOW(exit_group, STDIO),
	ALLOW(getpid, STDIO),
	ALLOW(getppid, STDIO),
	ALLOW(gettid, STDIO),
	ALLOW(getpgid, STDIO),
	ALLOW(getpgrp, STDIO),
	ALLOW(getsid, STDIO),
	ALLOW(getuid, STDIO),
	ALLOW(geteuid, STDIO),
	ALLOW(getgid, STDIO),
	ALLOW(getegid, STDIO),
	ALLOW(getresuid, STDIO),
	ALLOW(getresgid, STDIO),
	ALLOW(getgroups, STDIO),
	ALLOW(getrlimit, STDIO),
	ALLOW_IF(prlimit64, STDIO, IS(0, 0), IS(2, 0)),
	ALLOW(getrusage, STDIO),
	ALLOW(times, STDIO),
	ALLOW(umask, STDIO),
	ALLOW(getrandom, STDIO),
	ALLOW(futex, STDIO),
	ALLOW(set_robust_list, STDIO),
	ALLOW(rseq, STDIO),
	ALLOW(sched_yield, STDIO),

	/* rpath: O_RDONLY and names.  Even so O_TRUNC and O_CREAT write. */
	ALLOW_IF(open, RPATH, ONLY(1, O_READING)),
	ALLOW_IF(openat, RPATH, ONLY(2, O_READING)),
	ALLOW(stat, RPATH),
	ALLOW(lstat, RPATH),
	ALLOW(newfstatat, RPATH),
	ALLOW(statx, RPATH),
	ALLOW(access, RPATH),
	ALLOW(faccessat, RPATH),
	ALLOW(faccessat2, RPATH),
	ALLOW(readlink, RPATH),
	ALLOW(readlinkat, RPATH),
	ALLOW(getdents64, RPATH),
	ALLOW(getcwd, RPATH),
	ALLOW(chdir, RPATH),
	ALLOW(fchdir, RPATH),
	ALLOW(statfs, RPATH),
	ALLOW(fstatfs, RPATH),

	/* wpath: files that exist. */
	ALLOW_IF(open, WPATH, MASKED(1, ~O_WRITING, O_WRONLY)),
	ALLOW_IF(openat, WPATH, MASKED(2, ~O_WRITING, O_WRONLY)),
	ALLOW_IF(open, RPATH | WPATH, MASKED(1, ~O_WRITING, O_RDWR)),
	ALLOW_IF(openat, RPATH | WPATH, MASKED(2, ~O_WRITING, O_RDWR)),
	ALLOW(truncate, WPATH),

	/* cpath: names made and removed. */
	ALLOW_IF(open, WPATH | CPATH,
	    MASKED(1, ~O_CREATING, O_WRONLY | O_CREAT)),
	ALLOW_IF(openat, WPATH | CPATH,
	    MASKED(2, ~O_CREATING, O_WRONLY | O_CREAT)),
	ALLOW_IF(open, RPATH | WPATH | CPATH,
	    MASKED(1, ~O_CREATING, O_RDWR | O_CREAT)),
	ALLOW_IF(openat, RPATH | WPATH | CPATH,
	    MASKED(2, ~O_CREATING, O_RDWR | O_CREAT)),
	ALLOW(mkdir, CPATH),
	ALLOW(mkdirat, CPATH),
	ALLOW(rmdir, CPATH),
	ALLOW(unlink, CPATH),
	ALLOW(unlinkat, CPATH),
	ALLOW(rename, CPATH),
	ALLOW(renameat, CPATH),
	ALLOW_IF(renameat2, CPATH, IS(4, 0)),
	ALLOW(link, CPATH),
	ALLOW(linkat, CPATH),
	ALLOW(symlink, CPATH),
	ALLOW(symlinkat, CPATH),

	ALLOW(chmod, FATTR),
	ALLOW(fchmod, FATTR),
	ALLOW(fchmodat, FATTR),
	ALLOW(fchown, FATTR),
	ALLOW(utimensat, FATTR),

	ALLOW(flock, FLOCK),
	ALLOW_IF(fcntl, FLOCK, IS(1, F_GETLK, F_SETLK, F_SETLKW)),

	/*
	 * inet, unix.  The protocol matters: MPTCP and SCTP, and TCP with
	 * MSG_FASTOPEN, pass by Landlock's rules for TCP ports.
	 */
	ALLOW_IF(socket, INET | SOCKET, IS(0, AF_INET, AF_INET6),
	    TYPE(1, SOCK_STREAM, SOCK_DGRAM),
	    IS(2, 0, IPPROTO_TCP, IPPROTO_UDP)),
	ALLOW_IF(socket, UNIX | SOCKET, IS(0, AF_UNIX),
	    TYPE(1, SOCK_STREAM, SOCK_DGRAM), IS(2, 0)),
	/* syslog(3) that has lost its socket; it copes. */
	REFUSE_IF(socket, EACCES, IS(0, AF_UNIX), TYPE(1, SOCK_DGRAM),
	    IS(2, 0)),
	ALLOW(accept, ACCEPT),
	ALLOW(accept4, ACCEPT),
	ALLOW(connect, CONNECT),
	ALLOW(bind, BIND),
	ALLOW(listen, BIND),
	ALLOW_IF(sendto, INET, WITHOUT(3, MSG_FASTOPEN)),
	ALLOW_IF(sendto, UNIX | CONNECT, WITHOUT(3, MSG_FASTOPEN)),
	ALLOW_IF(setsockopt, INET, IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY,
	    TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT,
	    TCP_DEFER_ACCEPT, TCP_QUICKACK, TCP_NOTSENT_LOWAT)),
	ALLOW_IF(setsockopt, INET, IS(1, IPPROTO_IPV6), IS(2, IPV6_V6ONLY)),
	/* Libraries try options and go on without. */
	REFUSE(setsockopt, EACCES),

	ALLOW_IF(sendmsg, SENDFD, WITHOUT(2, MSG_FASTOPEN)),
	ALLOW_IF(sendmmsg, SENDFD, WITHOUT(3, MSG_FASTOPEN)),
	ALLOW(recvmsg, RECVFD),
	ALLOW(recvmmsg, RECVFD),

	/* tty: neither TIOCSTI nor TIOCLINUX, which type for the user. */
	ALLOW_IF(ioctl, TTY, IS(1, TCSETS, TCSETSW, TCSETSF, XTCSETS2,
	    XTCSETSW2, XTCSETSF2, TCFLSH, TCSBRK, TIOCGPGRP)),

	/* proc: children, no threads and no namespaces. */
	ALLOW(fork, PROC),
	ALLOW_IF(clone, PROC, MASKED(0, ~(uint32_t)(CLONE_CHILD_SETTID |
	    CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID), SIGCHLD)),
	ALLOW(kill, PROC),
	ALLOW(setpgid, PROC),
	ALLOW(setsid, PROC),
	ALLOW_IF(prlimit64, PROC, IS(0, 0)),
	ALLOW(setrlimit, PROC),

	/* id: to become another user, for good. */
	ALLOW(setgroups, ID),
	ALLOW(setresgid, ID),
	ALLOW(setresuid, ID),

	/* exec: with what a dynamic linker does. */
	ALLOW(execve, EXEC),
	ALLOW(execveat, EXEC),
	ALLOW_IF(mmap, EXEC, ONLY(2, PROT_READ | PROT_EXEC | XPROT_BTI)),
	ALLOW_IF(mprotect, EXEC, ONLY(2, PROT_READ | PROT_EXEC | XPROT_BTI)),
	ALLOW(set_tid_address, EXEC),
	ALLOW_IF(arch_prctl, EXEC, IS(0, XARCH_SET_FS, XARCH_CET_STATUS)),

	/* unveil: to name a path is not to open it. */
	ALLOW_IF(open, UNVEIL, MASKED(1, ~(O_CLOEXEC | LARGEFILE), O_PATH)),
	ALLOW_IF(openat, UNVEIL, MASKED(2, ~(O_CLOEXEC | LARGEFILE), O_PATH)),
	ALLOW(readlink, UNVEIL),
	ALLOW(readlinkat, UNVEIL),

	/* mount: what has a descriptor, here, and away from here. */
	ALLOW_IF(open_tree, MOUNT,
	    IS(2, XTREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH)),
	ALLOW_IF(move_mount, MOUNT, IS(4, XFROM_EMPTY_PATH)),
	ALLOW_IF(umount2, MOUNT, IS(1, XDETACH | XNOFOLLOW)),

	/* The next pledge. */
	ALLOW_IF(prctl, AGAIN, IS(0, PR_SET_NO_NEW_PRIVS)),
	ALLOW_IF(seccomp, AGAIN, IS(0, SECCOMP_SET_MODE_FILTER), IS(1, 0)),
	ALLOW(landlock_create_ruleset, AGAIN),
	ALLOW(landlock_add_rule, AGAIN),
	ALLOW(landlock_restrict_self, AGAIN),

	/* What libraries try, with another way if it fails. */
	REFUSE(clone3, ENOSYS),
	REFUSE(openat2, ENOSYS),
	REFUSE(membarrier, EACCES),
	REFUSE(sched_getaffinity, EACCES),
	REFUSE(sysinfo, EACCES),
	REFUSE(uname, EACCES),
	REFUSE_IF(prctl, EACCES, IS(0, XPR_SET_VMA)),

	/* Into other processes, and where the kernel has been broken most. */
	KILL(ptrace),
	KILL(process_vm_readv),
	KILL(process_vm_writev),
	KILL(process_madvise),
	KILL(process_mrelease),
	KILL(pidfd_open),
	KILL(pidfd_getfd),
	KILL(pidfd_send_signal),
	KILL(kcmp),
	KILL(io_uring_setup),
	KILL(io_uring_enter),
	KILL(io_uring_register),
	KILL(bpf),
	KILL(perf_event_open),
	KILL(userfaultfd),
	KILL(add_key),
	KILL(request_key),
	KILL(keyctl),
	KILL(unshare),
	KILL(setns),
	KILL(mount),
	KILL(umount2),
	KILL(pivot_root),
	KILL(open_by_handle_at),
	KILL(init_module),
	KILL(finit_module),
	KILL(kexec_load),
	KILL(kexec_file_load)
};
/* clang-format on */

#define NRULES		(sizeof(rules) / sizeof(rules[0]))
#define MAXFILTER	2048
#define MAXPORTS	8
#define X32_BIT		0x40000000
#define TEST_LEN(t)	(4 + (t)->nvalues)

struct program {
	struct sock_filter	*code;
	size_t			 len;
	size_t			 size;
};

static void	 violation(int, siginfo_t *, void *);
static size_t	 next_word(const char **);
static int	 is_word(const char *, size_t, const char *);
static int	 parse_promises(const char *, uint32_t *);
static int	 parse_port(const char *, size_t);
static int	 prepare(void);
static int	 apply_landlock(uint32_t);
static int	 apply_seccomp(uint32_t);
static int	 build(uint32_t, uint32_t, struct sock_filter *, size_t);
static void	 build_call(struct program *, size_t, uint32_t, uint32_t);
static int	 build_rule(struct program *, const struct rule *, uint32_t,
		    uint32_t);
static void	 build_test(struct program *, const struct test *, uint32_t,
		    int);
static void	 emit(struct program *, uint16_t, uint32_t, uint8_t, uint8_t);
static int	 is_same(size_t, size_t);
static int	 is_first(size_t);
static int	 is_tested(size_t);
static int	 call_number(const struct rule *);
static void	 append(char *, size_t, const char *);
static void	 append_number(char *, size_t, unsigned int);

static uint32_t		 granted;
static int		 npledges;
static uint32_t		 net = ACCEPT | CONNECT | BIND;
static unsigned short	 ports[MAXPORTS];
static size_t		 nports;

static void
violation(int sig, siginfo_t *si, void *context)
{
	char line[160] = "";
	size_t i;

	(void)sig;
	(void)context;
	if (si->si_code == XSYS_SECCOMP) {
		append(line, sizeof(line), program_invocation_short_name);
		append(line, sizeof(line), "[");
		append_number(line, sizeof(line), getpid());
		append(line, sizeof(line), "]: pledge \"");
		if (si->si_errno > 0)
			append(line, sizeof(line),
			    promise_names[si->si_errno - 1]);
		append(line, sizeof(line), "\", syscall ");
		append_number(line, sizeof(line), si->si_syscall);
		for (i = 0; i < NRULES; i++)
			if (call_number(&rules[i]) == si->si_syscall) {
				append(line, sizeof(line), " ");
				append(line, sizeof(line), rules[i].name);
				break;
			}
		append(line, sizeof(line), "\n");
		(void)syscall(__NR_write, STDERR_FILENO, line,
		    strlen(line));
	}
	(void)syscall(__NR_ptrace, -1, 0, 0, 0);
	_exit(128 + SIGSYS);
}

int
pledge(const char *promises, const char *execpromises)
{
	uint32_t want;

	if (execpromises != NULL) {
		errno = EINVAL;
		return (-1);
	}
	if (promises == NULL)
		return (0);
	if (parse_promises(promises, &want) == -1)
		return (-1);
	if (npledges > 0 && (want & ~granted) != 0) {
		errno = EPERM;
		return (-1);
	}
	if (npledges == 0)
		want |= AGAIN;
	else if (npledges > 1) {
		if (want == granted)
			return (0);
		errno = EPERM;
		return (-1);
	}
	if (npledges == 0 && prepare() == -1)
		return (-1);
	if (apply_landlock(want) == -1 || apply_seccomp(want) == -1)
		return (-1);
	granted = want;
	npledges++;
	return (0);
}

int
sandbox_net(const char *what)
{
	unsigned short list[MAXPORTS];
	uint32_t bits;
	size_t len, n;
	int any, port;

	bits = 0;
	n = 0;
	any = 0;
	for (; (len = next_word(&what)) > 0; what += len) {
		if (is_word(what, len, "accept"))
			bits |= ACCEPT;
		else if (is_word(what, len, "bind"))
			bits |= BIND;
		else if (is_word(what, len, "connect")) {
			bits |= CONNECT;
			any = 1;
		} else if (n < MAXPORTS && (port = parse_port(what, len)) > 0) {
			bits |= CONNECT;
			list[n++] = port;
		} else {
			errno = EINVAL;
			return (-1);
		}
	}
	net &= bits;
	nports = any ? 0 : n;
	memcpy(ports, list, nports * sizeof(ports[0]));
	return (0);
}

const char *
sandbox_describe(void)
{
	static char buf[64];

	if (npledges == 0)
		return ("sandbox off");
	(void)snprintf(buf, sizeof(buf), "sandbox on: seccomp, Landlock ABI %d",
	    landlock_abi());
	return (buf);
}

/* Moves to the next word; its length, 0 if there is none. */
static size_t
next_word(const char **s)
{
	*s += strspn(*s, " ");
	return (strcspn(*s, " "));
}

static int
is_word(const char *s, size_t len, const char *word)
{
	return (strlen(word) == len && strncmp(s, word, len) == 0);
}

static int
parse_promises(const char *s, uint32_t *want)
{
	size_t len;
	int i;

	*want = 0;
	for (; (len = next_word(&s)) > 0; s += len) {
		for (i = 0; i < NPROMISES; i++)
			if (is_word(s, len, promise_names[i]))
				break;
		if (i == NPROMISES) {
			errno = EINVAL;
			return (-1);
		}
		*want |= 1U << i;
	}
	if ((*want & (INET | UNIX)) != 0)
		*want |= net;
	if ((*want & (CONNECT | BIND)) != 0)
		*want |= SOCKET;
	return (0);
}

/* The number in "connect:number", or -1. */
static int
parse_port(const char *s, size_t len)
{
	size_t i;
	int port;

	i = strlen("connect:");
	if (len <= i || strncmp(s, "connect:", i) != 0)
		return (-1);
	for (port = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		port = port * 10 + s[i] - '0';
		if (port > 65535)
			return (-1);
	}
	return (port);
}

static int
prepare(void)
{
	struct sigaction sa;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return (-1);
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = violation;
	sa.sa_flags = SA_SIGINFO;
	(void)sigfillset(&sa.sa_mask);
	return (sigaction(SIGSYS, &sa, NULL));
}

/*
 * What Landlock can say about a promise that is not there is said a second
 * time.  This is also where paths that were unveiled come into force.
 */
static int
apply_landlock(uint32_t want)
{
	int deny;

	deny = 0;
	if ((want & UNVEIL) == 0 && landlock_lock() == -1)
		return (-1);
	if ((want & FILES) == 0)
		deny |= LANDLOCK_FILES;
	if ((want & UNIX) == 0 || (want & BIND) == 0)
		deny |= LANDLOCK_SOCKETS;
	/* whom it keeps from any file it keeps from mounting at all */
	if (want & MOUNT)
		deny &= ~(LANDLOCK_FILES | LANDLOCK_SOCKETS);
	if ((want & INET) == 0 || (want & BIND) == 0)
		deny |= LANDLOCK_BIND;
	if ((want & INET) == 0 || (want & CONNECT) == 0)
		deny |= LANDLOCK_CONNECT;
	if ((want & PROC) == 0)
		deny |= LANDLOCK_SIGNALS;
	return (landlock_deny(deny, ports, nports));
}

static int
apply_seccomp(uint32_t want)
{
	struct sock_filter code[MAXFILTER];
	struct sock_fprog fprog;
	int n;

	n = build(want, getpid(), code, MAXFILTER);
	if (n == -1)
		return (-1);
	fprog.len = n;
	fprog.filter = code;
	return (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog));
}

/*
 * The filter: the architecture, then each call with all of its rules, then
 * what is in no rule.  Calls whose arguments are looked at come first, since
 * the kernel remembers the answer for all others and does not run the filter.
 */
static int
build(uint32_t have, uint32_t self, struct sock_filter *code, size_t size)
{
	struct program p;
	size_t i;
	int tested;

	p.code = code;
	p.len = 0;
	p.size = size;
	emit(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch),
	    0, 0);
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCH, 1, 0);
	emit(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	emit(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr),
	    0, 0);
#ifdef __x86_64__
	emit(&p, BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 0, 1);
	emit(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
#endif
	for (tested = 1; tested >= 0; tested--)
		for (i = 0; i < NRULES; i++)
			if (is_first(i) && is_tested(i) == tested)
				build_call(&p, i, have, self);
	emit(&p, BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1);
	emit(&p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	emit(&p, BPF_RET | BPF_K, SECCOMP_RET_TRAP, 0, 0);
	if (p.len > p.size) {
		errno = E2BIG;
		return (-1);
	}
	return (p.len);
}

/*
 * First the rules that are granted, then the others, which say what was
 * missing.  Nothing behind a rule without tests can be reached.
 */
static void
build_call(struct program *p, size_t first, uint32_t have, uint32_t self)
{
	size_t i, start;
	int done, missing, nr;

	if ((nr = call_number(&rules[first])) == -1)
		return;
	start = p->len;
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 0);
	done = 0;
	for (missing = 0; missing < 2; missing++)
		for (i = first; i < NRULES && !done; i++)
			if (is_same(i, first) &&
			    ((rules[i].need & ~have) != 0) == missing)
				done = build_rule(p, &rules[i], have, self);
	if (!done)
		emit(p, BPF_RET | BPF_K, SECCOMP_RET_TRAP, 0, 0);
	if (p->len - start > UINT8_MAX)
		p->len = p->size + 1;
	if (p->len <= p->size)
		p->code[start].jf = p->len - start - 1;
}

static int
build_rule(struct program *p, const struct rule *r, uint32_t have,
    uint32_t self)
{
	uint32_t action, missing;
	int i, n, rest;

	action = r->action;
	if ((missing = r->need & ~have) != 0)
		action = SECCOMP_RET_TRAP | ffs(missing);
	rest = 1;
	for (n = 0; n < MAXTESTS && r->tests[n].nvalues > 0; n++)
		rest += TEST_LEN(&r->tests[n]);
	for (i = 0; i < n; i++) {
		rest -= TEST_LEN(&r->tests[i]);
		build_test(p, &r->tests[i], self, rest);
	}
	emit(p, BPF_RET | BPF_K, action, 0, 0);
	return (n == 0);
}

/* A test that fails skips the rest of its rule. */
static void
build_test(struct program *p, const struct test *t, uint32_t self, int rest)
{
	uint32_t low, value;
	int i, left;

	low = offsetof(struct seccomp_data, args) + t->arg * sizeof(uint64_t);
	emit(p, BPF_LD | BPF_W | BPF_ABS, low + sizeof(uint32_t), 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2 + t->nvalues + rest);
	emit(p, BPF_LD | BPF_W | BPF_ABS, low, 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, t->mask, 0, 0);
	for (i = 0; i < t->nvalues; i++) {
		value = t->values[i] == SELF ? self : t->values[i];
		left = t->nvalues - i - 1;
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, left,
		    left == 0 ? rest : 0);
	}
}

static void
emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->len < p->size) {
		p->code[p->len].code = code;
		p->code[p->len].k = k;
		p->code[p->len].jt = jt;
		p->code[p->len].jf = jf;
	}
	p->len++;
}

static int
is_same(size_t i, size_t j)
{
	return (strcmp(rules[i].name, rules[j].name) == 0);
}

static int
is_first(size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (is_same(i, j))
			return (0);
	return (1);
}

static int
is_tested(size_t first)
{
	size_t i;

	for (i = first; i < NRULES; i++)
		if (is_same(i, first) && rules[i].tests[0].nvalues > 0)
			return (1);
	return (0);
}

/* -1 if the architecture has no such call. */
static int
call_number(const struct rule *r)
{
	if (r->number[0] < '0' || r->number[0] > '9')
		return (-1);
	return (atoi(r->number));
}

static void
append(char *line, size_t size, const char *s)
{
	size_t len;

	for (len = strlen(line); *s != '\0' && len < size - 1; s++)
		line[len++] = *s;
	line[len] = '\0';
}

static void
append_number(char *line, size_t size, unsigned int n)
{
	char digits[12];
	size_t i;

	i = sizeof(digits) - 1;
	digits[i] = '\0';
	do {
		digits[--i] = '0' + n % 10;
		n /= 10;
	} while (n > 0);
	append(line, size, &digits[i]);
}
