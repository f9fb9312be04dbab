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
 * The kernel: what of it a process without rights can still call, and the
 * bounds of what it may use.
 */

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <linux/sched.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define MANY		1024		/* processes; a limit must come first */
#define PID_LAST	1		/* init, whose ids are ours */

static const char	*identity_root(void);
static const char	*identity_groups(void);
static const char	*identity_capabilities(void);
static const char	*identity_privileges(void);
static const char	*identity_filter(void);
static const char	*kernel_mount(void);
static const char	*kernel_mount_new(void);
static const char	*kernel_umount(void);
static const char	*kernel_chroot(void);
static const char	*kernel_unshare_user(void);
static const char	*kernel_unshare_other(void);
static const char	*kernel_clone(void);
static const char	*kernel_clone3(void);
static const char	*kernel_setns(void);
static const char	*kernel_ptrace(void);
static const char	*kernel_vm(void);
static const char	*kernel_pidfd(void);
static const char	*kernel_bpf(void);
static const char	*kernel_perf(void);
static const char	*kernel_uring(void);
static const char	*kernel_keyctl(void);
static const char	*kernel_userfaultfd(void);
static const char	*kernel_handle(void);
static const char	*kernel_fanotify(void);
static const char	*kernel_module(void);
static const char	*kernel_kexec(void);
static const char	*kernel_clock(void);
static const char	*kernel_hostname(void);
static const char	*kernel_log(void);
static const char	*kernel_swap(void);
static const char	*kernel_personality(void);
static const char	*kernel_x32(void);
static const char	*kernel_tiocsti(void);
static const char	*limit_processes(void);
static const char	*limit_memory(void);
static const char	*limit_file(void);
static const char	*limit_tmp(void);
static const char	*limit_shm(void);
static const char	*limit_core(void);
static const char	*limit_priority(void);
static const char	*limit_raise(void);

const struct attempt probe_kernel[] = {
	{ "identity", "to be root", identity_root },
	{ "identity", "groups beside one's own", identity_groups },
	{ "identity", "a capability, now or later", identity_capabilities },
	{ "identity", "privileges by execve", identity_privileges },
	{ "identity", "to call without a filter", identity_filter },
	{ "kernel", "mount", kernel_mount },
	{ "kernel", "mount, the new calls", kernel_mount_new },
	{ "kernel", "umount", kernel_umount },
	{ "kernel", "chroot", kernel_chroot },
	{ "kernel", "a user name space", kernel_unshare_user },
	{ "kernel", "other name spaces", kernel_unshare_other },
	{ "kernel", "a user name space by clone", kernel_clone },
	{ "kernel", "a user name space by clone3", kernel_clone3 },
	{ "kernel", "to enter a name space", kernel_setns },
	{ "kernel", "ptrace of init", kernel_ptrace },
	{ "kernel", "the memory of init", kernel_vm },
	{ "kernel", "a descriptor of init's", kernel_pidfd },
	{ "kernel", "bpf", kernel_bpf },
	{ "kernel", "perf events", kernel_perf },
	{ "kernel", "io_uring", kernel_uring },
	{ "kernel", "keys", kernel_keyctl },
	{ "kernel", "userfaultfd", kernel_userfaultfd },
	{ "kernel", "open by handle", kernel_handle },
	{ "kernel", "fanotify", kernel_fanotify },
	{ "kernel", "a module", kernel_module },
	{ "kernel", "another kernel", kernel_kexec },
	{ "kernel", "the clock", kernel_clock },
	{ "kernel", "the host's name", kernel_hostname },
	{ "kernel", "the kernel's log", kernel_log },
	{ "kernel", "swap", kernel_swap },
	{ "kernel", "a personality without protection", kernel_personality },
	{ "kernel", "calls of another ABI", kernel_x32 },
	{ "kernel", "input for the terminal", kernel_tiocsti },
	{ "limits", "processes without end", limit_processes },
	{ "limits", "memory without end", limit_memory },
	{ "limits", "a file without end", limit_file },
	{ "limits", "a /tmp without end", limit_tmp },
	{ "limits", "a /dev/shm without end", limit_shm },
	{ "limits", "a core dump", limit_core },
	{ "limits", "a higher priority", limit_priority },
	{ "limits", "to raise a limit", limit_raise },
	{ NULL, NULL, NULL }
};

/* what a line of /proc/self/status says */
static const char *
status_of(const char *name)
{
	static char line[256];
	FILE *f;
	size_t len;

	len = strlen(name);
	if ((f = fopen("/proc/self/status", "r")) == NULL)
		return ("");
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, len) == 0 && line[len] == ':') {
			fclose(f);
			line[strcspn(line, "\n")] = '\0';
			return (line + len + 2);
		}
	fclose(f);
	return ("");
}

static const char *
identity_root(void)
{
	unsigned int inside, outside;
	FILE *fp;
	int n;

	if (geteuid() != 0)
		return (failed(setuid(0)));
	/* an engine without root has but one user, who is 0 in there */
	if ((fp = fopen("/proc/self/uid_map", "r")) == NULL)
		return (escaped("root already"));
	n = fscanf(fp, "%u %u", &inside, &outside);
	fclose(fp);
	if (n != 2 || inside != 0 || outside == 0)
		return (escaped("root already"));
	return (held("root in here is uid %u", outside));
}

static const char *
identity_groups(void)
{
	gid_t gid, group[64];
	int i, n;

	n = getgroups(64, group);
	for (i = 0; i < n; i++)
		if (group[i] != getgid())
			return (escaped("in group %u",
			    (unsigned int)group[i]));
	gid = 0;
	return (failed(setgroups(1, &gid)));
}

static const char *
identity_capabilities(void)
{
	static const char *const name[] = { "CapInh", "CapPrm", "CapEff",
	    "CapBnd", "CapAmb" };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		value = status_of(name[i]);
		if (*value == '\0' || strspn(value, "0") != strlen(value))
			return (escaped("%s %s", name[i], value));
	}
	return (held("none"));
}

static const char *
identity_privileges(void)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return (escaped("set-id files would work"));
	return (held("no_new_privs"));
}

static const char *
identity_filter(void)
{
	const char *value;

	value = status_of("Seccomp");
	return (strcmp(value, "2") == 0 ? held("filtered") :
	    escaped("Seccomp is %s", value));
}

static const char *
kernel_mount(void)
{
	return (failed(mount("none", "/tmp", "tmpfs", 0, NULL)));
}

static const char *
kernel_mount_new(void)
{
	if (syscall(SYS_fsopen, "tmpfs", 0) != -1)
		return (escaped("fsopen"));
	return (failed(syscall(SYS_open_tree, AT_FDCWD, "/", 1)));
}

static const char *
kernel_umount(void)
{
	return (failed(umount2("/workspace", MNT_DETACH)));
}

static const char *
kernel_chroot(void)
{
	return (failed(chroot("/tmp")));
}

static const char *
kernel_unshare_user(void)
{
	return (failed(unshare(CLONE_NEWUSER)));
}

static const char *
kernel_unshare_other(void)
{
	static const int flag[] = { CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID,
	    CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
	size_t i;

	for (i = 0; i < sizeof(flag) / sizeof(flag[0]); i++)
		if (unshare(flag[i]) != -1)
			return (escaped("flag %#x", (unsigned int)flag[i]));
	return (held("%s", strerror(errno)));
}

/* a child that there should not be must not go on as we do */
static const char *
child(long pid)
{
	if (pid == 0)
		_exit(0);
	return (failed(pid));
}

static const char *
kernel_clone(void)
{
	return (child(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL,
	    NULL, NULL)));
}

static const char *
kernel_clone3(void)
{
	uint64_t args[8];

	memset(args, 0, sizeof(args));
	args[0] = CLONE_NEWUSER;
	args[4] = SIGCHLD;
	return (child(syscall(SYS_clone3, args, sizeof(args))));
}

static const char *
kernel_setns(void)
{
	int fd;

	/* our own will do: that the call works is too much */
	if ((fd = open("/proc/self/ns/net", O_RDONLY)) == -1)
		return (held("%s", strerror(errno)));
	return (failed(setns(fd, 0)));
}

/*
 * What runs as the same user may trace each other; init is the engine's, and
 * not to be traced, as the filter of calls is not to be taken off from there.
 */
static const char *
kernel_ptrace(void)
{
	if (ptrace(PTRACE_SEIZE, PID_LAST, NULL, NULL) == -1)
		return (held("%s", strerror(errno)));
	return (strcmp(status_of("Seccomp"), "2") == 0 ?
	    held("allowed, but init is filtered as we are") :
	    escaped("without a filter"));
}

static const char *
kernel_vm(void)
{
	struct iovec local, remote;
	char c;

	local.iov_base = &c;
	local.iov_len = 1;
	remote.iov_base = &c;
	remote.iov_len = 1;
	return (failed(syscall(SYS_process_vm_readv, PID_LAST, &local, 1,
	    &remote, 1, 0)));
}

static const char *
kernel_pidfd(void)
{
	long fd;

	if ((fd = syscall(SYS_pidfd_open, PID_LAST, 0)) == -1)
		return (held("%s", strerror(errno)));
	return (failed(syscall(SYS_pidfd_getfd, fd, 0, 0)));
}

static const char *
kernel_bpf(void)
{
	char attr[128];

	memset(attr, 0, sizeof(attr));
	attr[0] = 2;		/* an array */
	attr[4] = attr[8] = 4;
	attr[12] = 1;
	return (failed(syscall(SYS_bpf, 0, attr, sizeof(attr))));
}

static const char *
kernel_perf(void)
{
	uint64_t attr[16];

	memset(attr, 0, sizeof(attr));
	attr[0] = 1 | (uint64_t)sizeof(attr) << 32;	/* software */
	return (failed(syscall(SYS_perf_event_open, attr, 0, -1, -1, 0)));
}

static const char *
kernel_uring(void)
{
	char params[120];

	memset(params, 0, sizeof(params));
	return (failed(syscall(SYS_io_uring_setup, 1, params)));
}

static const char *
kernel_keyctl(void)
{
	if (syscall(SYS_add_key, "user", "probe", "x", 1, -3) != -1)
		return (escaped("add_key"));
	if (syscall(SYS_request_key, "user", "probe", NULL, 0) != -1)
		return (escaped("request_key"));
	return (failed(syscall(SYS_keyctl, 0, -3, 0)));
}

static const char *
kernel_userfaultfd(void)
{
	return (failed(syscall(SYS_userfaultfd, 1)));
}

static const char *
kernel_handle(void)
{
	struct {
		unsigned int	bytes;
		int		type;
		uint64_t	inode;
	} handle = { 8, 1, 2 };

	return (failed(syscall(SYS_open_by_handle_at, AT_FDCWD, &handle,
	    O_RDONLY)));
}

static const char *
kernel_fanotify(void)
{
	return (failed(syscall(SYS_fanotify_init, 0, O_RDONLY)));
}

static const char *
kernel_module(void)
{
	if (syscall(SYS_init_module, "", 0, "") == -1 && errno == ENOEXEC)
		return (escaped("the call is there"));
	return (failed(syscall(SYS_finit_module, 0, "", 0)));
}

static const char *
kernel_kexec(void)
{
	return (failed(syscall(SYS_kexec_load, 0, 0, NULL, 0)));
}

static const char *
kernel_clock(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return (held("%s", strerror(errno)));
	return (failed(clock_settime(CLOCK_REALTIME, &ts)));
}

static const char *
kernel_hostname(void)
{
	return (failed(sethostname("probe", 5)));
}

static const char *
kernel_log(void)
{
	return (failed(syscall(SYS_syslog, 10, NULL, 0)));
}

static const char *
kernel_swap(void)
{
	return (failed(syscall(SYS_swapon, "/tmp/none", 0)));
}

/* READ_IMPLIES_EXEC */
static const char *
kernel_personality(void)
{
	return (failed(syscall(SYS_personality, 0x0400000)));
}

/* x32 on x86-64; elsewhere there is none */
static const char *
kernel_x32(void)
{
#if defined(__x86_64__)
	return (failed(syscall(0x40000000 + SYS_getpid)));
#else
	return (held("there is none"));
#endif
}

static const char *
kernel_tiocsti(void)
{
	int fd;

	if ((fd = open("/dev/tty", O_RDWR)) == -1)
		return (held("%s", strerror(errno)));
	return (failed(ioctl(fd, TIOCSTI, " ")));
}

/*
 * Children that wait until a pipe is closed, and then are gone.
 */
static const char *
limit_processes(void)
{
	int i, p[2];
	pid_t pid;
	char c;

	if (pipe(p) == -1)
		return (held("%s", strerror(errno)));
	for (i = 0; i < MANY; i++) {
		if ((pid = fork()) == -1)
			break;
		if (pid == 0) {
			close(p[1]);
			(void)alarm(10);
			(void)!read(p[0], &c, 1);
			_exit(0);
		}
	}
	close(p[1]);
	while (wait(NULL) != -1)
		;
	return (i < MANY ? held("%d more, then no other", i) :
	    escaped("%d, and there could be more", i));
}

/*
 * The session of a check has little memory, so that this costs little.
 */
static const char *
limit_memory(void)
{
	const size_t step = 16UL << 20, most = 512UL << 20;
	size_t got;
	pid_t pid;
	char *p;
	int status;

	if ((pid = fork()) == -1)
		return (held("%s", strerror(errno)));
	if (pid == 0) {
		for (got = 0; got < most; got += step) {
			p = mmap(NULL, step, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (p == MAP_FAILED)
				_exit(1);
			memset(p, 1, step);
		}
		_exit(0);
	}
	if (waitpid(pid, &status, 0) == -1)
		return (held("%s", strerror(errno)));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return (escaped("%zu MB", most >> 20));
	return (WIFSIGNALED(status) ? held("killed") : held("no more"));
}

/* a byte at the end of a terabyte takes no room, if it may be written */
static const char *
limit_file(void)
{
	char name[] = "/tmp/probe.XXXXXX";
	int fd;

	(void)signal(SIGXFSZ, SIG_IGN);
	if ((fd = mkstemp(name)) == -1)
		return (held("%s", strerror(errno)));
	(void)unlink(name);
	return (failed(pwrite(fd, "x", 1, (off_t)1 << 40)));
}

static const char *
bounded(const char *path)
{
	struct statvfs fs;
	unsigned long long mb;

	if (statvfs(path, &fs) == -1)
		return (held("%s", strerror(errno)));
	mb = (unsigned long long)fs.f_blocks * fs.f_frsize >> 20;
	/* half of the memory is what a tmpfs without a size gets */
	if (mb == 0 || mb > 1024 ||
	    mb == (unsigned long long)sysconf(_SC_PHYS_PAGES) *
	    (unsigned long long)sysconf(_SC_PAGESIZE) >> 21)
		return (escaped("%llu MB", mb));
	return (held("%llu MB", mb));
}

static const char *
limit_tmp(void)
{
	return (bounded("/tmp"));
}

static const char *
limit_shm(void)
{
	return (bounded("/dev/shm"));
}

static const char *
limit_core(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_CORE, &rl) == -1 || rl.rlim_max != 0)
		return (escaped("may be written"));
	return (held("none"));
}

static const char *
limit_priority(void)
{
	return (failed(setpriority(PRIO_PROCESS, 0, -5)));
}

static const char *
limit_raise(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_FSIZE, &rl) == -1)
		return (held("%s", strerror(errno)));
	if (rl.rlim_max == RLIM_INFINITY)
		return (escaped("files have none"));
	rl.rlim_max++;
	return (failed(setrlimit(RLIMIT_FSIZE, &rl)));
}
