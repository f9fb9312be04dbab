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
 * A directory or a file gets a second name, by its descriptor alone: Linux 5.2
 * and newer.  glibc has these calls, musl has not.
 */

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

/* The same on all architectures; headers may be older. */
#ifndef __NR_open_tree
#define __NR_open_tree		428
#define __NR_move_mount		429
#endif

#define FILE_NAME	".file"	/* what files are mounted on is linked to it */
#define XOPEN_TREE_CLONE	1
#define XFROM_EMPTY_PATH	0x4

static int	 mount_id(int);
static int	 mount_is_users(const char *);

int
mount_supported(void)
{
	return (1);
}

/*
 * The directory, which must be root's alone, becomes the root directory; of
 * root's rights only that to mount stays.
 */
int
mount_init(const char *dir)
{
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct stat st;

	if ((mkdir(dir, 0700) == -1 && errno != EEXIST) ||
	    lstat(dir, &st) == -1)
		return (-1);
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 ||
	    (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		errno = EPERM;
		return (-1);
	}
	if (chroot(dir) == -1 || chdir("/") == -1)
		return (-1);
	memset(&head, 0, sizeof(head));
	head.version = _LINUX_CAPABILITY_VERSION_3;
	memset(data, 0, sizeof(data));
	data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective =
	    data[CAP_TO_INDEX(CAP_SYS_ADMIN)].permitted =
	    CAP_TO_MASK(CAP_SYS_ADMIN);
	return ((int)syscall(__NR_capset, &head, data));
}

/* The current directory is to have names. */
int
mount_prepare(void)
{
	int fd;

	if ((fd = open(FILE_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600)) == -1)
		return (-1);
	close(fd);
	return (0);
}

/* It is not, any more. */
void
mount_finish(void)
{
	(void)unlink(FILE_NAME);
}

/* Which mount a descriptor is in, by the kernel alone; -1: it does not say. */
static int
mount_id(int fd)
{
	char line[128], path[64];
	FILE *f;
	int id;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if ((f = fopen(path, "re")) == NULL)
		return (-1);
	id = -1;
	while (id == -1 && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "mnt_id: %d", &id);
	(void)fclose(f);
	return (id);
}

/*
 * A line of mountinfo: is it FUSE's, of another user than root?  What the user
 * may have chosen of it has no blank in it.
 */
static int
mount_is_users(const char *line)
{
	const char *options, *type;

	type = strstr(line, " - fuse");
	options = strrchr(line, ' ');
	return (type != NULL && options != NULL &&
	    (options = strstr(options, ",user_id=")) != NULL &&
	    strncmp(options, ",user_id=0,", 11) != 0);
}

/*
 * What is in this mount may be asked about, since who answers is root's: NULL,
 * or why not.
 */
const char *
mount_judge(int fd)
{
	const char *why;
	char *line;
	size_t size;
	FILE *f;
	int id, is;

	line = NULL;
	size = 0;
	why = "not where the daemon sees it";
	if ((id = mount_id(fd)) == -1 ||
	    (f = fopen("/proc/self/mountinfo", "re")) == NULL)
		return (why);
	while (getline(&line, &size, f) != -1)
		if (sscanf(line, "%d ", &is) == 1 && is == id) {
			why = mount_is_users(line) ? "on a file system of "
			    "a user's own, which need not answer" : NULL;
			break;
		}
	free(line);
	(void)fclose(f);
	return (why);
}

/*
 * What a path below a directory leads to, by no link and to none: a directory
 * or a file.  It is not opened but to be mounted, or to be opened, and nobody
 * is asked who need not answer.
 */
int
mount_find(int dir, const char *path)
{
	struct stat st;
	char buf[PATH_MAX];
	char *name, *p;
	int at, error, fd, id, is;

	if (strlcpy(buf, path, sizeof(buf)) >= sizeof(buf)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	p = buf;
	at = dir;
	id = mount_id(dir);
	while ((name = strsep(&p, "/")) != NULL) {
		errno = EINVAL;
		fd = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? -1 :
		    openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (at != dir)
			close(at);
		if (fd == -1)
			return (-1);
		errno = EACCES;
		if (((is = mount_id(fd)) != id && mount_judge(fd) != NULL) ||
		    fstat(fd, &st) == -1)
			goto fail;
		errno = ELOOP;
		if (S_ISLNK(st.st_mode))
			goto fail;
		at = fd;
		id = is;
	}
	errno = EINVAL;
	if (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))
		return (at);
	fd = at;
 fail:
	error = errno;
	close(fd);
	errno = error;
	return (-1);
}

/* The same, below a directory of root's. */
int
mount_find_in(const char *dir, const char *path)
{
	int at, error, fd;

	at = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (at == -1)
		return (-1);
	fd = mount_find(at, path);
	error = errno;
	close(at);
	errno = error;
	return (fd);
}

/*
 * The mount that the descriptor is in must be of our own namespace, else the
 * kernel says EINVAL: what a user has mounted where only he sees it stays
 * there.  What is mounted below the directory does not come along.
 */
int
mount_bind(int fd, const char *name)
{
	struct stat st;
	int error, tree;

	if (fstat(fd, &st) == -1)
		return (-1);
	tree = (int)syscall(__NR_open_tree, fd, "", XOPEN_TREE_CLONE |
	    O_CLOEXEC | AT_EMPTY_PATH);
	if (tree == -1)
		return (-1);
	error = S_ISDIR(st.st_mode) ? mkdir(name, 0700) :
	    link(FILE_NAME, name);
	if (error == 0)
		error = (int)syscall(__NR_move_mount, tree, "", AT_FDCWD,
		    name, XFROM_EMPTY_PATH);
	close(tree);
	return (error);
}

/* All that is mounted there, one over the other, and the name. */
int
mount_remove(const char *name)
{
	while (umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		continue;
	if (rmdir(name) == 0)
		return (0);
	return (errno == ENOTDIR ? unlink(name) : -1);
}
