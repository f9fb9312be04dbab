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
 * The filter without a kernel: what build() makes is interpreted for calls
 * with chosen arguments, so that this runs for every architecture there is an
 * emulator for.  The rules are held against the filter one by one, and a list
 * written by hand says what must come out whatever the rules are.
 */

#include "../../claudesec/sandbox_linux.c"

#define ALL		((1U << NPROMISES) - 1)
#define NETWORK		(ACCEPT | CONNECT | BIND | SOCKET)
#define ME		4711
#define HIGH		(1ULL << 32)

#define A		SECCOMP_RET_ALLOW
#define T		SECCOMP_RET_TRAP
#define K		SECCOMP_RET_KILL_PROCESS
#define E(e)		(SECCOMP_RET_ERRNO | (e))
#define MISSING(p)	(SECCOMP_RET_TRAP | (uint32_t)__builtin_ffs(p))

static const char	*variant;
static int		 landlock_denied;

int
landlock_abi(void)
{
	return (7);
}

int
landlock_lock(void)
{
	return (0);
}

int
landlock_deny(int what, const unsigned short *p, size_t n)
{
	(void)p;
	(void)n;
	landlock_denied = what;
	return (0);
}

static int
ok(int right, const char *name, const char *why)
{
	if (right)
		printf("ok %s_%s\n", variant, name);
	else
		printf("FAIL %s_%s: %s\n", variant, name, why);
	return (right);
}

/* What the kernel would do.  0xdeadbeef stands for a broken program. */
static uint32_t
run(const struct sock_filter *code, int len, const struct seccomp_data *sd)
{
	const struct sock_filter *f;
	uint32_t acc;
	int pc, taken;

	acc = 0;
	for (pc = 0; pc < len; pc++) {
		f = &code[pc];
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k % 4 != 0 || f->k > sizeof(*sd) - 4)
				return (0xdeadbeef);
			memcpy(&acc, (const char *)sd + f->k, sizeof(acc));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= f->k;
			continue;
		case BPF_RET | BPF_K:
			return (f->k);
		case BPF_JMP | BPF_JEQ | BPF_K:
			taken = acc == f->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			taken = acc > f->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			taken = (acc & f->k) != 0;
			break;
		default:
			return (0xdeadbeef);
		}
		pc += taken ? f->jt : f->jf;
	}
	return (0xdeadbeef);
}

static uint32_t
verdict(uint32_t have, int nr, const uint64_t *args)
{
	static struct sock_filter code[MAXFILTER];
	static uint32_t built;
	static int len;
	struct seccomp_data sd;
	int i;

	memset(&sd, 0, sizeof(sd));
	sd.arch = SANDBOX_ARCH;
	sd.nr = nr;
	for (i = 0; i < 6; i++)
		sd.args[i] = args[i];
	if (len == 0 || have != built) {
		len = build(have, ME, code, MAXFILTER);
		built = have;
	}
	return (run(code, len, &sd));
}

/* The same from the rules. */
static int
holds(const struct rule *r, const uint64_t *args)
{
	const struct test *t;
	uint32_t v;
	int i, j, any;

	for (i = 0; i < MAXTESTS && r->tests[i].nvalues > 0; i++) {
		t = &r->tests[i];
		any = 0;
		for (j = 0; j < t->nvalues; j++) {
			v = t->values[j] == SELF ? ME : t->values[j];
			any |= (args[t->arg] & (t->mask | ~(HIGH - 1))) == v;
		}
		if (!any)
			return (0);
	}
	return (1);
}

static uint32_t
by_rules(uint32_t have, size_t first, const uint64_t *args)
{
	size_t i;

	for (i = first; i < NRULES; i++)
		if (is_same(i, first) && (rules[i].need & ~have) == 0 &&
		    holds(&rules[i], args))
			return (rules[i].action);
	for (i = first; i < NRULES; i++)
		if (is_same(i, first) && (rules[i].need & ~have) != 0 &&
		    holds(&rules[i], args))
			return (MISSING(rules[i].need & ~have));
	return (T);
}

/* One rule with the arguments it wants, and with each bit of them wrong. */
static int
test_rule(size_t i)
{
	const struct rule *r;
	uint64_t args[6] = { 0, 0, 0, 0, 0, 0 };
	uint32_t have[3];
	size_t first;
	int bit, h, t, v;

	r = &rules[i];
	for (first = 0; !is_same(first, i); first++)
		continue;
	have[0] = 0;
	have[1] = r->need;
	have[2] = ALL | NETWORK | AGAIN;
	for (t = 0; t < MAXTESTS && r->tests[t].nvalues > 0; t++)
		args[r->tests[t].arg] = r->tests[t].values[0] == SELF ? ME :
		    r->tests[t].values[0];
	for (h = 0; h < 3; h++) {
		if (verdict(have[h], call_number(r), args) !=
		    by_rules(have[h], first, args))
			return (0);
		for (t = 0; t < MAXTESTS && r->tests[t].nvalues > 0; t++) {
			for (bit = 0; bit < 64; bit++) {
				args[r->tests[t].arg] ^= 1ULL << bit;
				v = verdict(have[h], call_number(r), args) !=
				    by_rules(have[h], first, args);
				args[r->tests[t].arg] ^= 1ULL << bit;
				if (v)
					return (0);
			}
		}
	}
	return (1);
}

static int
test_rules(void)
{
	size_t i;
	int good;

	good = 1;
	for (i = 0; i < NRULES; i++) {
		if (call_number(&rules[i]) == -1)
			continue;
		if (call_number(&rules[i]) > NEWEST || !test_rule(i))
			good &= ok(0, rules[i].name, "not what the rule says");
	}
	return (ok(good, "filter_does_what_rules_say", "see above"));
}

/*
 * A misspelt call would be left out without a word.  Other architectures lack
 * the old spellings, and old headers the last one.
 */
static int
test_names(void)
{
#ifdef __x86_64__
	static const char *const absent[] = { "process_mrelease", NULL };
#else
	static const char *const absent[] = { "open", "stat", "lstat",
	    "access", "readlink", "mkdir", "rmdir", "unlink", "rename", "link",
	    "symlink", "chmod", "dup2", "pipe", "poll", "select", "fork",
	    "epoll_create", "epoll_wait", "getpgrp", "pause", "alarm", "time",
	    "arch_prctl", "getrlimit", "setrlimit", "renameat",
	    "process_mrelease", NULL };
#endif
	size_t i, j;
	int good;

	good = 1;
	for (i = 0; i < NRULES; i++) {
		if (call_number(&rules[i]) != -1)
			continue;
		for (j = 0; absent[j] != NULL; j++)
			if (strcmp(absent[j], rules[i].name) == 0)
				break;
		if (absent[j] == NULL)
			good &= ok(0, rules[i].name, "no such call");
	}
	return (ok(good, "every_call_has_a_number", "see above"));
}

static int
test_arch(void)
{
	struct sock_filter code[MAXFILTER];
	struct seccomp_data sd;
	int good, len;

	memset(&sd, 0, sizeof(sd));
	len = build(ALL | NETWORK | AGAIN, ME, code, MAXFILTER);
	sd.arch = SANDBOX_ARCH ^ 1;
	sd.nr = __NR_read;
	good = ok(run(code, len, &sd) == K, "other_arch_is_killed", "is not");
	sd.arch = AUDIT_ARCH_I386;
	sd.nr = 3;
	good &= ok(run(code, len, &sd) == K, "i386_is_killed", "is not");
#ifdef __x86_64__
	sd.arch = SANDBOX_ARCH;
	sd.nr = X32_BIT | __NR_read;
	good &= ok(run(code, len, &sd) == K, "x32_is_killed", "is not");
#endif
	good &= ok(build(ALL, ME, code, 100) == -1 && errno == E2BIG,
	    "too_long_filter_is_error", "is not");
	return (good);
}

static int
test_landlock(void)
{
	int good;

	good = 1;
	(void)apply_landlock(STDIO | RECVFD | SENDFD);
	good &= ok(landlock_denied == (LANDLOCK_FILES | LANDLOCK_SOCKETS |
	    LANDLOCK_BIND | LANDLOCK_CONNECT | LANDLOCK_SIGNALS),
	    "stdio_denies_all_of_landlock", "does not");
	(void)apply_landlock(STDIO | RPATH | INET | NETWORK | PROC);
	good &= ok(landlock_denied == LANDLOCK_SOCKETS,
	    "rpath_inet_proc_are_left", "are not");
	(void)apply_landlock(STDIO | UNIX | NETWORK);
	good &= ok(landlock_denied == (LANDLOCK_FILES | LANDLOCK_BIND |
	    LANDLOCK_CONNECT | LANDLOCK_SIGNALS), "unix_leaves_sockets",
	    "does not");
	(void)apply_landlock(STDIO | INET | CONNECT | SOCKET);
	good &= ok(landlock_denied == (LANDLOCK_FILES | LANDLOCK_SOCKETS |
	    LANDLOCK_BIND | LANDLOCK_SIGNALS), "net_connect_denies_bind",
	    "does not");
	(void)apply_landlock(STDIO | INET | ACCEPT);
	good &= ok(landlock_denied == (LANDLOCK_FILES | LANDLOCK_SOCKETS |
	    LANDLOCK_BIND | LANDLOCK_CONNECT | LANDLOCK_SIGNALS),
	    "net_accept_denies_tcp", "does not");
	return (good);
}

static int
test_prepare(void)
{
	struct sigaction sa;

	return (ok(prepare() == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
	    sigaction(SIGSYS, NULL, &sa) == 0 && sa.sa_sigaction == violation,
	    "prepare", "dumpable, new privileges, or no handler"));
}

#define CALL(c)		#c, __NR_##c
#define ANYHOW		(ALL | NETWORK)

static const struct policy {
	uint32_t	 have;
	const char	*name;
	int		 nr;
	uint64_t	 args[6];
	uint32_t	 want;
} policies[] = {
	{ STDIO, CALL(read), { 0 }, A },
	{ 0, CALL(read), { 0 }, MISSING(STDIO) },
	{ 0, CALL(exit_group), { 0 }, MISSING(STDIO) },
	{ ANYHOW, "500", 500, { 0 }, E(ENOSYS) },
	{ ANYHOW, CALL(clone3), { 0 }, E(ENOSYS) },
	{ ANYHOW, "openat2", 437, { 0 }, E(ENOSYS) },
	{ ANYHOW, CALL(reboot), { 0 }, T },
	{ ANYHOW, CALL(chroot), { 0 }, T },
	{ ANYHOW, CALL(memfd_create), { 0 }, T },
	{ ANYHOW, CALL(vmsplice), { 0 }, T },
	{ ANYHOW, CALL(rt_sigqueueinfo), { ME }, T },
	{ ANYHOW, CALL(ptrace), { 0 }, K },
	{ ANYHOW, CALL(process_vm_readv), { 0 }, K },
	{ ANYHOW, CALL(process_vm_writev), { 0 }, K },
	{ ANYHOW, "pidfd_open", 434, { 0 }, K },
	{ ANYHOW, "pidfd_getfd", 438, { 0 }, K },
	{ ANYHOW, "pidfd_send_signal", 424, { 0 }, K },
	{ ANYHOW, "io_uring_setup", 425, { 0 }, K },
	{ ANYHOW, "io_uring_enter", 426, { 0 }, K },
	{ ANYHOW, "io_uring_register", 427, { 0 }, K },
	{ ANYHOW, "process_madvise", 440, { 0 }, K },
	{ ANYHOW, CALL(bpf), { 0 }, K },
	{ ANYHOW, CALL(userfaultfd), { 0 }, K },
	{ ANYHOW, CALL(keyctl), { 0 }, K },
	{ ANYHOW, CALL(add_key), { 0 }, K },
	{ ANYHOW, CALL(request_key), { 0 }, K },
	{ ANYHOW, CALL(perf_event_open), { 0 }, K },
	{ ANYHOW, CALL(unshare), { 0 }, K },
	{ ANYHOW, CALL(setns), { 0 }, K },
	{ ANYHOW, CALL(mount), { 0 }, K },
	{ ANYHOW, CALL(umount2), { 0 }, K },
	{ ANYHOW, CALL(pivot_root), { 0 }, K },
	{ ANYHOW, CALL(kcmp), { 0 }, K },
	{ ANYHOW, CALL(open_by_handle_at), { 0 }, K },
	{ ANYHOW, CALL(init_module), { 0 }, K },
	{ ANYHOW, CALL(finit_module), { 0 }, K },
	{ ANYHOW, CALL(kexec_load), { 0 }, K },
	{ ANYHOW, CALL(kexec_file_load), { 0 }, K },
#ifdef __NR_process_mrelease
	{ ANYHOW, CALL(process_mrelease), { 0 }, K },
#endif
	{ ANYHOW, CALL(membarrier), { 0 }, E(EACCES) },
	{ ANYHOW, CALL(sched_getaffinity), { 0 }, E(EACCES) },
	{ ANYHOW, CALL(sysinfo), { 0 }, E(EACCES) },
	{ ANYHOW, CALL(uname), { 0 }, E(EACCES) },
	/* the door that the second pledge shuts */
	{ STDIO | AGAIN, CALL(seccomp), { 1, 0 }, A },
	{ STDIO | AGAIN, CALL(seccomp), { 1, 8 }, T },
	{ STDIO | AGAIN, CALL(seccomp), { 0, 0 }, T },
	{ ANYHOW, CALL(seccomp), { 1, 0 }, MISSING(AGAIN) },
	{ ANYHOW, "landlock_restrict_self", 446, { 0 }, MISSING(AGAIN) },
	{ ANYHOW | AGAIN, CALL(prctl), { PR_SET_DUMPABLE, 1 }, T },
	{ ANYHOW | AGAIN, CALL(prctl), { PR_SET_SECCOMP, 2 }, T },
	{ ANYHOW | AGAIN, CALL(prctl), { PR_SET_PTRACER, ME }, T },
	{ ANYHOW, CALL(prctl), { XPR_SET_VMA }, E(EACCES) },
	{ ANYHOW, CALL(prctl), { XPR_SET_VMA | HIGH }, T },
	/* memory */
	{ STDIO, CALL(mmap), { 0, 1, PROT_READ | PROT_WRITE }, A },
	{ STDIO, CALL(mmap), { 0, 1, PROT_READ | PROT_EXEC }, MISSING(EXEC) },
	{ ANYHOW, CALL(mmap), { 0, 1, PROT_WRITE | PROT_EXEC }, T },
	{ STDIO, CALL(mmap), { 0, 1, PROT_READ | HIGH }, T },
	{ STDIO, CALL(mprotect), { 0, 1, PROT_READ | PROT_WRITE }, A },
	{ STDIO, CALL(mprotect), { 0, 1, PROT_EXEC }, MISSING(EXEC) },
	{ ANYHOW, CALL(mprotect), { 0, 1, PROT_READ | PROT_EXEC }, A },
	{ ANYHOW, CALL(mprotect), { 0, 1, PROT_WRITE | PROT_EXEC }, T },
	{ STDIO, CALL(mremap), { 0, 1, 2, MREMAP_MAYMOVE }, A },
	{ STDIO, CALL(mremap), { 0, 1, 2, MREMAP_MAYMOVE | MREMAP_FIXED }, T },
	/* signals */
	{ STDIO, CALL(kill), { ME, SIGTERM }, A },
	{ STDIO, CALL(kill), { ME + 1, SIGTERM }, MISSING(PROC) },
	{ STDIO, CALL(kill), { ME | HIGH, SIGTERM }, MISSING(PROC) },
	{ STDIO, CALL(kill), { (uint64_t)-1, 9 }, MISSING(PROC) },
	{ STDIO, CALL(kill), { 0, 9 }, MISSING(PROC) },
	{ STDIO | PROC, CALL(kill), { 1, SIGTERM }, A },
	{ STDIO, CALL(tgkill), { ME, ME, SIGABRT }, A },
	{ ANYHOW, CALL(tgkill), { 1, 1, SIGABRT }, T },
	{ STDIO, CALL(tkill), { ME, SIGABRT }, A },
	{ ANYHOW, CALL(tkill), { 1, SIGABRT }, T },
	{ STDIO, CALL(rt_sigaction), { SIGTERM, 1 }, A },
	{ STDIO, CALL(rt_sigaction), { SIGSYS, 0 }, A },
	{ STDIO, CALL(rt_sigaction), { SIGSYS, 1 }, E(EPERM) },
	/* files */
	{ STDIO | RPATH, CALL(openat), { 0, 0, O_RDONLY | O_CLOEXEC }, A },
	{ STDIO | RPATH, CALL(openat), { 0, 0, O_PATH | O_DIRECTORY }, A },
	{ STDIO, CALL(openat), { 0, 0, O_RDONLY }, MISSING(RPATH) },
	{ STDIO | WPATH, CALL(openat), { 0, 0, O_RDONLY }, MISSING(RPATH) },
	{ STDIO | RPATH, CALL(openat), { 0, 0, O_WRONLY }, MISSING(WPATH) },
	{ STDIO | RPATH, CALL(openat), { 0, 0, O_RDWR }, MISSING(WPATH) },
	{ STDIO | WPATH, CALL(openat), { 0, 0, O_RDWR }, MISSING(RPATH) },
	{ ANYHOW, CALL(openat), { 0, 0, O_ACCMODE }, T },
	{ STDIO | RPATH, CALL(openat), { 0, 0, O_RDONLY | O_TRUNC }, T },
	{ STDIO | RPATH, CALL(openat), { 0, 0, O_RDONLY | O_CREAT }, T },
	{ STDIO | RPATH, CALL(openat), { 0, 0, O_RDONLY | HIGH }, T },
	{ ANYHOW, CALL(openat), { 0, 0, O_TMPFILE | O_RDWR }, T },
	{ STDIO | WPATH, CALL(openat), { 0, 0, O_WRONLY | O_TRUNC }, A },
	{ STDIO | WPATH, CALL(openat), { 0, 0, O_WRONLY | O_CREAT },
	    MISSING(CPATH) },
	{ STDIO | WPATH | CPATH, CALL(openat),
	    { 0, 0, O_WRONLY | O_CREAT | O_EXCL }, A },
	{ STDIO | UNVEIL, CALL(openat), { 0, 0, O_PATH | O_CLOEXEC }, A },
	{ STDIO | UNVEIL, CALL(openat), { 0, 0, O_RDONLY }, MISSING(RPATH) },
#ifdef __NR_open
	{ STDIO | RPATH, CALL(open), { 0, O_RDONLY | O_CLOEXEC }, A },
	{ STDIO, CALL(open), { 0, O_RDONLY }, MISSING(RPATH) },
	{ STDIO | RPATH, CALL(open), { 0, O_WRONLY }, MISSING(WPATH) },
	{ STDIO | RPATH, CALL(open), { 0, O_RDWR }, MISSING(WPATH) },
	{ STDIO | RPATH, CALL(open), { 0, O_RDONLY | O_TRUNC }, T },
	{ STDIO | RPATH | WPATH, CALL(open), { 0, O_WRONLY | O_TRUNC }, A },
	{ STDIO | RPATH | WPATH, CALL(open), { 0, O_RDWR }, A },
	{ STDIO | RPATH | WPATH, CALL(open), { 0, O_WRONLY | O_CREAT },
	    MISSING(CPATH) },
	{ STDIO | RPATH | WPATH, CALL(open), { 0, O_RDWR | O_CREAT },
	    MISSING(CPATH) },
	{ STDIO | RPATH | WPATH | CPATH, CALL(open), { 0, O_RDWR | O_CREAT },
	    A },
	{ STDIO | WPATH | CPATH, CALL(open), { 0, O_WRONLY | O_CREAT }, A },
	{ ANYHOW, CALL(open), { 0, O_TMPFILE | O_RDWR }, T },
	{ ANYHOW, CALL(open), { 0, O_ACCMODE }, T },
	{ STDIO | UNVEIL, CALL(open), { 0, O_PATH | O_CLOEXEC }, A },
	{ STDIO | UNVEIL, CALL(open), { 0, O_RDONLY }, MISSING(RPATH) },
#endif
	{ STDIO, CALL(newfstatat), { 0, 0, 0, AT_EMPTY_PATH }, A },
	{ STDIO, CALL(newfstatat), { 0, 0, 0, 0 }, MISSING(RPATH) },
	{ STDIO, CALL(statx), { 0, 0, AT_EMPTY_PATH }, A },
	{ STDIO, CALL(statx), { 0, 0, 0 }, MISSING(RPATH) },
	{ STDIO | RPATH | WPATH, CALL(unlinkat), { 0 }, MISSING(CPATH) },
	{ STDIO | CPATH, CALL(renameat2), { 0, 0, 0, 0, 2 }, T },
	{ STDIO, CALL(fchmod), { 0 }, MISSING(FATTR) },
	{ STDIO, CALL(fchown), { 0 }, MISSING(FATTR) },
	{ STDIO | FATTR, CALL(fchown), { 0 }, A },
	{ STDIO, CALL(flock), { 0 }, MISSING(FLOCK) },
	{ STDIO, CALL(pipe2), { 0, O_CLOEXEC | O_NONBLOCK }, A },
	{ STDIO, CALL(pipe2), { 0, O_EXCL }, T },
	{ STDIO, CALL(fcntl), { 0, F_SETFL }, A },
	{ STDIO, CALL(fcntl), { 0, F_SETOWN }, T },
	{ STDIO, CALL(fcntl), { 0, F_SETSIG }, T },
	{ STDIO, CALL(fcntl), { 0, F_SETLK }, MISSING(FLOCK) },
	{ STDIO, CALL(fcntl), { 0, F_SETFL | HIGH }, T },
	/* terminals */
	{ STDIO, CALL(ioctl), { 0, FIONREAD }, A },
	{ STDIO, CALL(ioctl), { 0, TIOCGWINSZ }, A },
	{ STDIO, CALL(ioctl), { 0, TCGETS }, A },
	{ STDIO, CALL(ioctl), { 0, TCSETS }, MISSING(TTY) },
	{ STDIO | TTY, CALL(ioctl), { 0, TCSETSF }, A },
	{ ANYHOW, CALL(ioctl), { 0, TIOCSTI }, T },
	{ ANYHOW, CALL(ioctl), { 0, TIOCLINUX }, T },
	{ ANYHOW, CALL(ioctl), { 0, TIOCSTI | HIGH }, T },
	{ ANYHOW, CALL(ioctl), { 0, FIONREAD | HIGH }, T },
	{ ANYHOW, CALL(ioctl), { 0, TIOCSCTTY }, T },
	/* network */
	{ STDIO | INET | NETWORK, CALL(socket), { AF_INET, SOCK_STREAM }, A },
	{ STDIO | INET | NETWORK, CALL(socket),
	    { AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP }, A },
	{ STDIO | INET | NETWORK, CALL(socket), { AF_INET, SOCK_RAW }, T },
	{ STDIO | INET | NETWORK, CALL(socket), { AF_INET, SOCK_STREAM, 262 },
	    T },
	{ STDIO | INET | NETWORK, CALL(socket),
	    { AF_INET, SOCK_DGRAM, IPPROTO_ICMP }, T },
	{ STDIO | INET | NETWORK, CALL(socket), { AF_INET | HIGH, 1 }, T },
	{ ANYHOW, CALL(socket), { AF_NETLINK, SOCK_RAW }, T },
	{ ANYHOW, CALL(socket), { AF_PACKET, SOCK_RAW }, T },
	{ ANYHOW, CALL(socket), { AF_VSOCK, SOCK_STREAM }, T },
	{ ANYHOW, CALL(socket), { AF_ALG, SOCK_SEQPACKET }, T },
	{ STDIO | INET | NETWORK, CALL(socket), { AF_UNIX, SOCK_STREAM },
	    MISSING(UNIX) },
	{ STDIO | UNIX | NETWORK, CALL(socket), { AF_UNIX, SOCK_STREAM }, A },
	{ STDIO | UNIX | NETWORK, CALL(socket), { AF_UNIX, SOCK_SEQPACKET },
	    T },
	{ STDIO | UNIX | NETWORK, CALL(socket), { AF_UNIX, SOCK_STREAM, 1 },
	    T },
	{ STDIO, CALL(socket), { AF_UNIX, SOCK_DGRAM, 1 }, T },
	{ STDIO | UNIX | NETWORK, CALL(socket), { AF_INET, SOCK_STREAM },
	    MISSING(INET) },
	{ STDIO, CALL(socket), { AF_UNIX, SOCK_DGRAM }, E(EACCES) },
	{ STDIO, CALL(socket), { AF_UNIX, SOCK_STREAM }, MISSING(UNIX) },
	{ STDIO | INET | ACCEPT, CALL(socket), { AF_INET, SOCK_STREAM },
	    MISSING(SOCKET) },
	{ STDIO | INET | ACCEPT, CALL(accept4), { 0 }, A },
	{ STDIO | INET | ACCEPT, CALL(connect), { 0 }, MISSING(CONNECT) },
	{ STDIO | INET | ACCEPT, CALL(bind), { 0 }, MISSING(BIND) },
	{ STDIO | INET | CONNECT | SOCKET, CALL(accept), { 0 },
	    MISSING(ACCEPT) },
	{ STDIO | INET | CONNECT | SOCKET, CALL(listen), { 0 },
	    MISSING(BIND) },
	{ STDIO, CALL(accept4), { 0 }, MISSING(ACCEPT) },
	{ STDIO, CALL(sendto), { 0 }, A },
	{ STDIO, CALL(sendto), { 0, 0, 0, MSG_FASTOPEN }, T },
	{ STDIO, CALL(sendto), { 0, 0, 0, 0, 1 }, MISSING(INET) },
	{ STDIO, CALL(sendto), { 0, 0, 0, 0, HIGH }, MISSING(INET) },
	{ STDIO | INET, CALL(sendto), { 0, 0, 0, MSG_NOSIGNAL, 1 }, A },
	{ ANYHOW, CALL(sendto), { 0, 0, 0, MSG_FASTOPEN, 1 }, T },
	{ ANYHOW, CALL(sendmsg), { 0, 0, MSG_FASTOPEN }, T },
	{ ANYHOW, CALL(sendmmsg), { 0, 0, 0, MSG_FASTOPEN }, T },
	{ STDIO | UNIX | ACCEPT, CALL(sendto), { 0, 0, 0, 0, 1 },
	    MISSING(INET) },
	{ STDIO | INET | UNIX | NETWORK | RECVFD, CALL(sendmsg), { 0 },
	    MISSING(SENDFD) },
	{ STDIO | INET | UNIX | NETWORK | SENDFD, CALL(recvmsg), { 0 },
	    MISSING(RECVFD) },
	{ STDIO | SENDFD, CALL(sendmmsg), { 0 }, A },
	{ STDIO | RECVFD, CALL(recvmmsg), { 0 }, A },
	{ STDIO, CALL(setsockopt), { 0, SOL_SOCKET, SO_RCVBUF }, A },
	{ STDIO, CALL(setsockopt), { 0, IPPROTO_TCP, TCP_NODELAY },
	    E(EACCES) },
	{ STDIO | INET, CALL(setsockopt), { 0, IPPROTO_TCP, TCP_NODELAY }, A },
	{ STDIO | INET, CALL(setsockopt), { 0, IPPROTO_IPV6, IPV6_V6ONLY },
	    A },
	{ ANYHOW, CALL(setsockopt), { 0, SOL_SOCKET, SO_ATTACH_FILTER },
	    E(EACCES) },
	{ ANYHOW, CALL(setsockopt), { 0, IPPROTO_IP, SO_RCVBUF },
	    E(EACCES) },
	{ ANYHOW, CALL(setsockopt), { 0, IPPROTO_IP, TCP_NODELAY },
	    E(EACCES) },
	{ ANYHOW, CALL(setsockopt), { 0, IPPROTO_IPV6, IPV6_PKTINFO },
	    E(EACCES) },
	{ ANYHOW, CALL(setsockopt), { 0, IPPROTO_TCP, 31 }, E(EACCES) },
	{ STDIO, CALL(socketpair), { AF_UNIX, SOCK_STREAM }, A },
	{ ANYHOW, CALL(socketpair), { AF_UNIX, SOCK_DGRAM }, T },
	{ ANYHOW, CALL(socketpair), { AF_INET, SOCK_STREAM }, T },
	{ ANYHOW, CALL(socketpair), { AF_UNIX, SOCK_STREAM, 1 }, T },
	/* processes */
	{ STDIO, CALL(clone), { SIGCHLD }, MISSING(PROC) },
	{ STDIO | PROC, CALL(clone), { SIGCHLD | CLONE_CHILD_SETTID }, A },
	{ ANYHOW, CALL(clone), { SIGCHLD | CLONE_NEWUSER }, T },
	{ ANYHOW, CALL(clone), { CLONE_VM | CLONE_THREAD }, T },
	{ ANYHOW, CALL(clone), { SIGCHLD | CLONE_PARENT }, T },
	{ ANYHOW, CALL(clone), { SIGCHLD | HIGH }, T },
	{ STDIO | PROC, CALL(execve), { 0 }, MISSING(EXEC) },
#ifdef __NR_arch_prctl
	{ ANYHOW, CALL(arch_prctl), { XARCH_SET_FS }, A },
	{ ANYHOW, CALL(arch_prctl), { 0x1001 }, T },
#endif
	{ STDIO, CALL(prlimit64), { 0, 7, 0 }, A },
	{ STDIO, CALL(prlimit64), { 0, 7, 1 }, MISSING(PROC) },
	{ ANYHOW, CALL(prlimit64), { 1, 7, 0 }, T }
};

static int
test_policies(void)
{
	const struct policy *p;
	char name[80], why[80];
	uint32_t got;
	size_t i;
	int good;

	good = 1;
	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		p = &policies[i];
		got = verdict(p->have, p->nr, p->args);
		snprintf(name, sizeof(name), "policy_%zu_%s_%s", i, p->name,
		    p->want == A ? "allowed" : "refused");
		snprintf(why, sizeof(why), "promises %#x: %#x, not %#x",
		    p->have, got, p->want);
		good &= ok(got == p->want, name, why);
	}
	return (good);
}

int
main(int argc, char *argv[])
{
	int good;

	variant = argc == 2 ? argv[1] : "filter";
	good = test_names();
	good &= test_arch();
	good &= test_rules();
	good &= test_policies();
	good &= test_landlock();
	good &= test_prepare();
	return (!good);
}
