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
 * unveil(2) for Linux, and what else of a pledge Landlock can enforce.  Paths
 * are only noted until they come into force, so that no descriptor is open in
 * the meantime for closefrom(2) to close.  The kernel's structures are declared
 * here, since headers may be older than the kernel; it takes a longer one than
 * it knows if the rest is zero.
 */

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox.h"

/* The same on all architectures; headers may be older. */
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset	444
#define __NR_landlock_add_rule		445
#define __NR_landlock_restrict_self	446
#endif

#define CREATE_RULESET_VERSION	1
#define RULE_PATH_BENEATH	1
#define RULE_NET_PORT		2

#define FS_MAKE_SOCK		0x200
#define NET_BIND_TCP		0x1
#define NET_CONNECT_TCP		0x2
#define SCOPE_ABSTRACT_SOCKETS	0x1
#define SCOPE_SIGNALS		0x2
#define ABI_NET			4
#define ABI_SCOPE		6

#define MAXPATHS		64

struct ruleset {
	uint64_t	 fs;
	uint64_t	 net;
	uint64_t	 scope;
};

struct path_rule {
	uint64_t	 access;
	int32_t		 fd;
} __attribute__((packed));

struct port_rule {
	uint64_t	 access;
	uint64_t	 port;
};

/*
 * The rights to files in the order of their bits: since which ABI, which
 * letter of unveil grants it, and whether it is for directories only.
 */
static const struct right {
	int		 abi;
	char		 letter;
	int		 dironly;
} rights[] = {
	{ 1, 'x', 0 },		/* execute */
	{ 1, 'w', 0 },		/* write file */
	{ 1, 'r', 0 },		/* read file */
	{ 1, 'r', 1 },		/* read directory */
	{ 1, 'c', 1 },		/* remove directory */
	{ 1, 'c', 1 },		/* remove file */
	{ 1, '-', 1 },		/* make character device */
	{ 1, 'c', 1 },		/* make directory */
	{ 1, 'c', 1 },		/* make regular file */
	{ 1, 'c', 1 },		/* make socket */
	{ 1, 'c', 1 },		/* make fifo */
	{ 1, '-', 1 },		/* make block device */
	{ 1, 'c', 1 },		/* make symbolic link */
	{ 2, 'c', 1 },		/* rename or link to another directory */
	{ 3, 'w', 0 },		/* truncate */
	{ 5, 'w', 0 }		/* ioctl on a device */
};
#define NRIGHTS			(sizeof(rights) / sizeof(rights[0]))

static int	 letters_to_access(const char *, uint64_t *);
static uint64_t	 handled_rights(void);
static uint64_t	 file_rights(uint64_t);
static int	 is_below(const char *, const char *);
static int	 create(const struct ruleset *);
static int	 add_path(int, const char *, uint64_t);
static int	 add_port(int, unsigned short);
static int	 restrict_self(int);

static struct unveiled {
	char		*path;
	uint64_t	 access;
} paths[MAXPATHS];
static size_t	 npaths;
static int	 locked;

int
unveil(const char *path, const char *permissions)
{
	uint64_t access;
	char *real;
	size_t i;

	if (locked) {
		errno = EPERM;
		return (-1);
	}
	if (path == NULL && permissions == NULL)
		return (landlock_lock());
	if (path == NULL || permissions == NULL ||
	    letters_to_access(permissions, &access) == -1) {
		errno = EINVAL;
		return (-1);
	}
	if (npaths == MAXPATHS) {
		errno = E2BIG;
		return (-1);
	}
	if ((real = realpath(path, NULL)) == NULL)
		return (-1);
	for (i = 0; i < npaths; i++)
		if ((is_below(real, paths[i].path) &&
		    (paths[i].access & ~access) != 0) ||
		    (is_below(paths[i].path, real) &&
		    (access & ~paths[i].access) != 0)) {
			free(real);
			errno = ENOTSUP;
			return (-1);
		}
	paths[npaths].path = real;
	paths[npaths].access = access;
	npaths++;
	return (0);
}

/* 0 if there is no Landlock. */
int
landlock_abi(void)
{
	static int abi = -1;

	if (abi == -1) {
		abi = syscall(__NR_landlock_create_ruleset, NULL, 0,
		    CREATE_RULESET_VERSION);
		if (abi == -1)
			abi = 0;
	}
	return (abi);
}

/* What was unveiled comes into force; if nothing was, nothing changes. */
int
landlock_lock(void)
{
	struct ruleset rs;
	size_t i;
	int fd;

	if (locked)
		return (0);
	if (npaths > 0) {
		memset(&rs, 0, sizeof(rs));
		rs.fs = handled_rights();
		if ((fd = create(&rs)) == -1)
			return (-1);
		for (i = 0; i < npaths; i++)
			if (add_path(fd, paths[i].path,
			    paths[i].access & rs.fs) == -1) {
				(void)close(fd);
				return (-1);
			}
		if (restrict_self(fd) == -1)
			return (-1);
	}
	locked = 1;
	return (0);
}

int
landlock_deny(int what, const unsigned short *ports, size_t nports)
{
	struct ruleset rs;
	size_t i;
	int abi, fd;

	abi = landlock_abi();
	memset(&rs, 0, sizeof(rs));
	if (what & LANDLOCK_FILES)
		rs.fs = handled_rights();
	if ((what & LANDLOCK_SOCKETS) == 0)
		rs.fs &= ~(uint64_t)FS_MAKE_SOCK;
	if (abi >= ABI_NET && (what & LANDLOCK_BIND))
		rs.net |= NET_BIND_TCP;
	if (abi >= ABI_NET && ((what & LANDLOCK_CONNECT) || nports > 0))
		rs.net |= NET_CONNECT_TCP;
	if (abi >= ABI_SCOPE)
		rs.scope |= SCOPE_ABSTRACT_SOCKETS;
	if (abi >= ABI_SCOPE && (what & LANDLOCK_SIGNALS))
		rs.scope |= SCOPE_SIGNALS;
	if (abi > 0 && rs.fs == 0 && rs.net == 0 && rs.scope == 0)
		return (0);
	if ((fd = create(&rs)) == -1)
		return (-1);
	if (rs.net & NET_CONNECT_TCP && (what & LANDLOCK_CONNECT) == 0)
		for (i = 0; i < nports; i++)
			if (add_port(fd, ports[i]) == -1) {
				(void)close(fd);
				return (-1);
			}
	return (restrict_self(fd));
}

static int
letters_to_access(const char *letters, uint64_t *access)
{
	size_t i;

	if (letters[strspn(letters, "rwxc")] != '\0')
		return (-1);
	*access = 0;
	for (i = 0; i < NRIGHTS; i++)
		if (strchr(letters, rights[i].letter) != NULL)
			*access |= 1ULL << i;
	return (0);
}

static uint64_t
handled_rights(void)
{
	uint64_t access;
	size_t i;

	access = 0;
	for (i = 0; i < NRIGHTS; i++)
		if (rights[i].abi <= landlock_abi())
			access |= 1ULL << i;
	return (access);
}

static uint64_t
file_rights(uint64_t access)
{
	size_t i;

	for (i = 0; i < NRIGHTS; i++)
		if (rights[i].dironly)
			access &= ~(1ULL << i);
	return (access);
}

/* Both without symbolic links and dots; a path is below itself. */
static int
is_below(const char *path, const char *dir)
{
	size_t len;

	len = strlen(dir);
	if (strncmp(path, dir, len) != 0)
		return (0);
	return (path[len] == '\0' || path[len] == '/' || dir[len - 1] == '/');
}

static int
create(const struct ruleset *rs)
{
	return (syscall(__NR_landlock_create_ruleset, rs, sizeof(*rs), 0));
}

static int
add_path(int fd, const char *path, uint64_t access)
{
	struct path_rule rule;
	struct stat st;
	int ret;

	rule.fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.fd == -1)
		return (-1);
	if ((ret = fstat(rule.fd, &st)) == 0) {
		rule.access = access;
		if (!S_ISDIR(st.st_mode))
			rule.access = file_rights(access);
		if (rule.access != 0)
			ret = syscall(__NR_landlock_add_rule, fd,
			    RULE_PATH_BENEATH, &rule, 0);
	}
	(void)close(rule.fd);
	return (ret);
}

static int
add_port(int fd, unsigned short port)
{
	struct port_rule rule;

	rule.access = NET_CONNECT_TCP;
	rule.port = port;
	return (syscall(__NR_landlock_add_rule, fd, RULE_NET_PORT, &rule, 0));
}

/* Takes the descriptor. */
static int
restrict_self(int fd)
{
	int ret;

	ret = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (ret == 0)
		ret = syscall(__NR_landlock_restrict_self, fd, 0);
	(void)close(fd);
	return (ret);
}
