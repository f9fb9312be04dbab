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
 * Files: the image, the kernel's own, the host's, the user's secrets, and those
 * of the workspace that the host acts on.
 */

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define TREE_FDS	32

extern char	**environ;

static const char	*file_image(void);
static const char	*file_etc(void);
static const char	*file_run(void);
static const char	*file_set_id(void);
static const char	*file_make_set_id(void);
static const char	*file_device(void);
static const char	*file_devices(void);
static const char	*file_core_pattern(void);
static const char	*file_sysctl(void);
static const char	*file_sysrq(void);
static const char	*file_uevent(void);
static const char	*file_cgroup(void);
static const char	*file_kcore(void);
static const char	*file_sys_masked(void);
static const char	*file_oom(void);
static const char	*file_engine(void);
static const char	*file_secret(void);
static const char	*file_symlink(void);
static const char	*file_up(void);
static const char	*file_init_root(void);
static const char	*file_environment(void);
static const char	*file_processes(void);
static int		 is_podmans(const char *, const char *);
static const char	*file_mounts(void);
static const char	*work_hook(void);
static const char	*work_config(void);
static const char	*work_commondir(void);
static const char	*work_rename(void);
static const char	*work_info(void);
static const char	*work_claude(void);
static const char	*work_editor(void);
static const char	*work_mcp(void);
static const char	*work_envrc(void);

const struct attempt probe_file[] = {
	{ "files", "to write in the image", file_image },
	{ "files", "to write in /etc", file_etc },
	{ "files", "to write beside inside", file_run },
	{ "files", "a set-id file of the image", file_set_id },
	{ "files", "a set-id file in the workspace", file_make_set_id },
	{ "files", "a new device", file_device },
	{ "files", "the host's devices", file_devices },
	{ "files", "core_pattern", file_core_pattern },
	{ "files", "the kernel's variables", file_sysctl },
	{ "files", "sysrq", file_sysrq },
	{ "files", "uevent_helper", file_uevent },
	{ "files", "control groups and release_agent", file_cgroup },
	{ "files", "the kernel's memory", file_kcore },
	{ "files", "what /sys has of firmware", file_sys_masked },
	{ "files", "not to be killed first", file_oom },
	{ "files", "the engine's socket", file_engine },
	{ "host", "a file of the host's by its path", file_secret },
	{ "host", "the same by a symbolic link", file_symlink },
	{ "host", "what is above the workspace", file_up },
	{ "host", "the root of init", file_init_root },
	{ "host", "the environment of the host", file_environment },
	{ "host", "processes of others", file_processes },
	{ "host", "mounts of the host", file_mounts },
	{ "workspace", "a hook of git's", work_hook },
	{ "workspace", "the configuration of git", work_config },
	{ "workspace", "another configuration by commondir", work_commondir },
	{ "workspace", "another .git in its place", work_rename },
	{ "workspace", "attributes and excludes of git", work_info },
	{ "workspace", "settings of Claude Code", work_claude },
	{ "workspace", "tasks of an editor", work_editor },
	{ "workspace", "servers of .mcp.json", work_mcp },
	{ "workspace", "commands of .envrc", work_envrc },
	{ NULL, NULL, NULL }
};

/* Opening it to be written must fail. */
static const char *
not_written(const char *path, int flags)
{
	return (failed(open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | flags,
	    0644)));
}

static const char *
not_read(const char *path)
{
	char c;
	int fd;

	if ((fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK)) == -1)
		return (held("%s", strerror(errno)));
	/* what is masked is there, and empty */
	if (read(fd, &c, 1) == 1)
		return (escaped("%s can be read", path));
	return (held("nothing in it"));
}

/* Only what the host has put there says so. */
static const char *
no_secret(const char *path)
{
	char buf[256];
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK)) == -1)
		return (held("%s", strerror(errno)));
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n > 0) {
		buf[n] = '\0';
		if (strstr(buf, host.nonce) != NULL)
			return (escaped("%s can be read", path));
	}
	return (held("not the host's"));
}

/* Is it one of these, or below one? */
static int
below(const char *path, const char *const list[], size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = strlen(list[i]);
		if (strncmp(path, list[i], len) == 0 &&
		    (path[len] == '\0' || path[len] == '/'))
			return (1);
	}
	return (0);
}

/* an ordinary user could not write there, if it were not */
static int
read_only(const char *path)
{
	struct statvfs fs;

	return (statvfs(path, &fs) == -1 || (fs.f_flag & ST_RDONLY) != 0);
}

static const char *
file_image(void)
{
	if (!read_only("/"))
		return (escaped("not read-only"));
	return (not_written("/usr/bin/probe", O_CREAT));
}

static const char *
file_etc(void)
{
	return (not_written("/etc/probe", O_CREAT));
}

static const char *
file_run(void)
{
	if (!read_only("/run/claudesec"))
		return (escaped("not read-only"));
	if (open("/run/claudesec/inside", O_WRONLY) != -1)
		return (escaped("inside itself"));
	return (not_written("/run/claudesec/probe.new", O_CREAT));
}

static char set_id[256];

static int
look_set_id(const char *path, const struct stat *st, int what,
    struct FTW *ftw)
{
	(void)ftw;
	if (what == FTW_F && (st->st_mode & (S_ISUID | S_ISGID)) != 0) {
		(void)snprintf(set_id, sizeof(set_id), "%s", path);
		return (1);
	}
	return (0);
}

/* with no_new_privs they give nothing, and so they need not be there */
static const char *
file_set_id(void)
{
	static const char *const tree[] = { "/bin", "/sbin", "/usr/bin",
	    "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/local", "/opt" };
	size_t i;

	for (i = 0; i < sizeof(tree) / sizeof(tree[0]); i++)
		if (nftw(tree[i], look_set_id, TREE_FDS,
		    FTW_PHYS | FTW_MOUNT) == 1)
			return (escaped("%s", set_id));
	return (held("none"));
}

static const char *
file_make_set_id(void)
{
	static const char path[] = "/workspace/probe.setid";
	struct stat st;
	int fd;

	if ((fd = open(path, O_WRONLY | O_CREAT, 0755)) == -1)
		return (held("%s", strerror(errno)));
	if (fchmod(fd, 04755) == -1 && chmod(path, 04755) == -1) {
		close(fd);
		(void)unlink(path);
		return (held("%s", strerror(EPERM)));
	}
	return (fstat(fd, &st) == 0 && (st.st_mode & S_ISUID) != 0 ?
	    escaped("made") : held("without effect"));
}

static const char *
file_device(void)
{
	return (failed(mknod("/workspace/probe.dev", S_IFCHR | 0666,
	    makedev(1, 1))));
}

static const char *
file_devices(void)
{
	static const char *const path[] = { "/dev/mem", "/dev/kmem",
	    "/dev/kmsg", "/dev/port", "/dev/sda", "/dev/vda", "/dev/nvme0n1",
	    "/dev/dm-0", "/dev/loop0", "/dev/loop-control", "/dev/fuse",
	    "/dev/kvm", "/dev/net/tun", "/dev/vhost-net", "/dev/vsock",
	    "/dev/uinput", "/dev/autofs", "/dev/snapshot",
	    "/dev/mapper/control" };
	size_t i;

	for (i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		if (open(path[i], O_RDONLY | O_NONBLOCK | O_NOCTTY) != -1)
			return (escaped("%s", path[i]));
	return (held("%s", strerror(errno)));
}

static const char *
file_core_pattern(void)
{
	return (not_written("/proc/sys/kernel/core_pattern", 0));
}

static const char *
file_sysctl(void)
{
	static const char *const path[] = { "/proc/sys/kernel/modprobe",
	    "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory",
	    "/proc/sys/fs/binfmt_misc/register",
	    "/proc/sys/net/ipv4/ip_forward",
	    "/proc/sys/kernel/yama/ptrace_scope" };
	static const char *const ro[] = { "/proc/sys", "/proc/bus",
	    "/proc/fs", "/proc/irq", "/sys" };
	size_t i;

	for (i = 0; i < sizeof(ro) / sizeof(ro[0]); i++)
		if (!read_only(ro[i]))
			return (escaped("%s is not read-only", ro[i]));
	for (i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		if (open(path[i], O_WRONLY) != -1)
			return (escaped("%s", path[i]));
	return (held("%s", strerror(errno)));
}

static const char *
file_sysrq(void)
{
	return (not_written("/proc/sysrq-trigger", 0));
}

static const char *
file_uevent(void)
{
	if (open("/sys/kernel/uevent_helper", O_WRONLY) != -1)
		return (escaped("opened"));
	return (not_written("/sys/kernel/mm/transparent_hugepage/enabled", 0));
}

static const char *
file_cgroup(void)
{
	static const char *const path[] = { "/sys/fs/cgroup/release_agent",
	    "/sys/fs/cgroup/memory/release_agent",
	    "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory.max",
	    "/sys/fs/cgroup/memory/memory.limit_in_bytes" };
	size_t i;

	for (i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		if (open(path[i], O_WRONLY) != -1)
			return (escaped("%s", path[i]));
	if (mkdir("/sys/fs/cgroup/memory/probe", 0755) != -1)
		return (escaped("a group was made"));
	return (failed(mkdir("/sys/fs/cgroup/probe", 0755)));
}

static const char *
file_kcore(void)
{
	const char *what;

	if ((what = not_read("/proc/kcore"))[0] == '!')
		return (what);
	return (not_read("/proc/keys"));
}

static const char *
file_sys_masked(void)
{
	DIR *dir;
	struct dirent *d;

	if ((dir = opendir("/sys/firmware")) == NULL)
		return (held("%s", strerror(errno)));
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			return (escaped("%s", d->d_name));
	return (held("nothing in it"));
}

static const char *
file_oom(void)
{
	int fd;

	if ((fd = open("/proc/self/oom_score_adj", O_WRONLY)) == -1)
		return (held("%s", strerror(errno)));
	return (failed(write(fd, "-1000", 5)));
}

static const char *
file_engine(void)
{
	static const char *const path[] = { "/var/run/docker.sock",
	    "/run/docker.sock", "/run/containerd/containerd.sock",
	    "/run/podman/podman.sock", "/run/claudesec.sock",
	    "/var/run/claudesec.sock", "/run/systemd/private" };
	size_t i;

	for (i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		if (access(path[i], F_OK) == 0)
			return (escaped("%s", path[i]));
	return (held("%s", strerror(errno)));
}

static const char *
file_secret(void)
{
	return (no_secret(host.secret));
}

/* it leads to the same path in here, where that is something else */
static const char *
file_symlink(void)
{
	(void)unlink("/workspace/probe.link");
	if (symlink(host.secret, "/workspace/probe.link") == -1)
		return (held("%s", strerror(errno)));
	return (no_secret("/workspace/probe.link"));
}

static const char *
file_up(void)
{
	const char *name;
	char path[512];

	name = strrchr(host.secret, '/');
	(void)snprintf(path, sizeof(path), "/workspace/..%s",
	    name != NULL ? name : "");
	return (no_secret(path));
}

static const char *
file_init_root(void)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "/proc/1/root%s", host.secret);
	return (no_secret(path));
}

/* the host has set a variable to its word, which no process here may have */
static const char *
file_environment(void)
{
	char buf[16384], path[64];
	struct dirent *d;
	DIR *dir;
	ssize_t n;
	int fd, i;

	for (i = 0; environ[i] != NULL; i++)
		if (strstr(environ[i], host.nonce) != NULL)
			return (escaped("in ours"));
	if ((dir = opendir("/proc")) == NULL)
		return (held("%s", strerror(errno)));
	while ((d = readdir(dir)) != NULL) {
		(void)snprintf(path, sizeof(path), "/proc/%.20s/environ",
		    d->d_name);
		if ((fd = open(path, O_RDONLY)) == -1)
			continue;
		n = read(fd, buf, sizeof(buf));
		close(fd);
		if (n > 0 && memmem(buf, (size_t)n, host.nonce,
		    strlen(host.nonce)) != NULL)
			return (escaped("in that of %s", d->d_name));
	}
	closedir(dir);
	return (held("not there"));
}

/* init, inside's command, and what we started: all are ours */
static const char *
file_processes(void)
{
	char path[64];
	struct dirent *d;
	struct stat st;
	DIR *dir;
	int n;

	n = 0;
	if ((dir = opendir("/proc")) == NULL)
		return (held("%s", strerror(errno)));
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] < '1' || d->d_name[0] > '9')
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%.20s", d->d_name);
		if (stat(path, &st) == -1)
			continue;
		if (st.st_uid != getuid())
			return (escaped("one of uid %u",
			    (unsigned int)st.st_uid));
		n++;
	}
	closedir(dir);
	return (n < 16 ? held("only %d, our own", n) :
	    escaped("there are %d", n));
}

/* Its own passwd and group, which are not the host's. */
static int
is_podmans(const char *root, const char *at)
{
	const char *name;
	size_t len, tail;

	if (strcmp(at, "/etc/passwd") != 0 && strcmp(at, "/etc/group") != 0)
		return (0);
	name = strrchr(at, '/');
	tail = strlen("/userdata") + strlen(name);
	len = strlen(root);
	return (len > tail && strncmp(root + len - tail, "/userdata", 9) ==
	    0 && strcmp(root + len - strlen(name), name) == 0);
}

/*
 * What is mounted from the host's disks: the workspace and what in it is
 * protected, our own files, and some of the engine's.  Their sources are to be
 * seen, with the host's paths, which no engine hides.
 */
static const char *
file_mounts(void)
{
	static const char *const none[] = { "overlay", "tmpfs", "proc",
	    "sysfs", "devpts", "mqueue", "cgroup", "cgroup2" };
	static const char *const ours[] = { "/workspace", "/run/claudesec",
	    "/etc/resolv.conf", "/etc/hostname", "/etc/hosts",
	    "/sbin/docker-init", "/usr/sbin/docker-init", "/run/podman-init",
	    "/run/.containerenv", "/home/agent/.claude" };
	char line[1536], root[512], at[512], type[32];
	const char *p;
	FILE *f;

	if ((f = fopen("/proc/self/mountinfo", "r")) == NULL)
		return (held("%s", strerror(errno)));
	while (fgets(line, sizeof(line), f) != NULL) {
		if ((p = strstr(line, " - ")) == NULL || sscanf(line,
		    "%*s %*s %*s %511s %511s", root, at) != 2 ||
		    sscanf(p, " - %31s", type) != 1)
			continue;
		/* an engine may have the image in a directory of its own */
		if (strcmp(at, "/") == 0 && strcmp(root, "/") != 0)
			continue;
		if (is_podmans(root, at))
			continue;
		if (!below(type, none, sizeof(none) / sizeof(none[0])) &&
		    !below(at, ours, sizeof(ours) / sizeof(ours[0])))
			return (escaped("%s", at));
	}
	fclose(f);
	return (held("only the workspace"));
}

/*
 * The workspace of a check is a repository.  What is written has the host's
 * word in it, for which the host looks afterwards.
 */
static const char *
work_write(const char *dir, const char *path)
{
	int fd;

	if (dir != NULL)
		(void)mkdir(dir, 0755);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0755)) == -1)
		return (held("%s", strerror(errno)));
	return (dprintf(fd, "# %s\n", host.nonce) == -1 ?
	    held("%s", strerror(errno)) : escaped("written"));
}

static const char *
work_hook(void)
{
	return (work_write("/workspace/.git/hooks",
	    "/workspace/.git/hooks/post-checkout"));
}

static const char *
work_config(void)
{
	const char *what;

	what = work_write(NULL, "/workspace/.git/config");
	if (what[0] == '!')
		return (what);
	/* git itself writes another and renames it */
	if ((what = work_write(NULL, "/workspace/.git/config.lock"))[0] != '!')
		return (what);
	if (rename("/workspace/.git/config.lock",
	    "/workspace/.git/config") != -1)
		return (escaped("replaced"));
	what = held("%s", strerror(errno));
	(void)unlink("/workspace/.git/config.lock");
	return (what);
}

static const char *
work_commondir(void)
{
	return (work_write(NULL, "/workspace/.git/commondir"));
}

static const char *
work_rename(void)
{
	return (failed(rename("/workspace/.git", "/workspace/probe.git")));
}

static const char *
work_info(void)
{
	return (work_write("/workspace/.git/info",
	    "/workspace/.git/info/attributes"));
}

static const char *
work_claude(void)
{
	return (work_write("/workspace/.claude",
	    "/workspace/.claude/settings.json"));
}

static const char *
work_editor(void)
{
	return (work_write("/workspace/.vscode",
	    "/workspace/.vscode/tasks.json"));
}

static const char *
work_mcp(void)
{
	return (work_write(NULL, "/workspace/.mcp.json"));
}

static const char *
work_envrc(void)
{
	return (work_write(NULL, "/workspace/.envrc"));
}
