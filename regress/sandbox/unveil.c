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


#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "test.h"

static int
unveil_dir(const char *letters)
{
	TRY(unveil(dir, letters));
	TRY(unveil(NULL, NULL));
	return (0);
}

static int
do_unveil_read(void)
{
	MUST(unveil_dir("r") == 0);
	return (do_read());
}

static int
do_unveil_outside(void)
{
	MUST(unveil_dir("rwxc") == 0);
	return (try_open(other, O_RDONLY));
}

static int
do_unveil_outside_dir(void)
{
	MUST(unveil_dir("rwxc") == 0);
	return (try_open("/", O_RDONLY | O_DIRECTORY));
}

static int
do_unveil_r_write(void)
{
	MUST(unveil_dir("r") == 0);
	return (try_open(file, O_WRONLY));
}

static int
do_unveil_r_truncate(void)
{
	MUST(unveil_dir("r") == 0);
	return (truncate(file, 0) == -1 ? errno : 0);
}

static int
do_unveil_r_create(void)
{
	MUST(unveil_dir("rw") == 0);
	return (do_create());
}

static int
do_unveil_r_unlink(void)
{
	MUST(unveil_dir("rw") == 0);
	return (unlink(file) == -1 ? errno : 0);
}

static int
do_unveil_w_read(void)
{
	MUST(unveil_dir("w") == 0);
	MUST(do_write() == 0);
	return (try_open(file, O_RDONLY));
}

static int
do_unveil_rwc(void)
{
	char sub[80];

	MUST(unveil_dir("rwc") == 0);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(do_create() == 0);
	MUST(do_unlink() == 0);
	MUST(do_names() == 0);
	/* from one directory to another */
	snprintf(sub, sizeof(sub), "%s/sub", inner);
	TRY(mkdir(inner, 0700));
	TRY(rename(file, sub));
	TRY(rename(sub, file));
	TRY(rmdir(inner));
	return (0);
}

static int
do_unveil_rw_names(void)
{
	char sub[80];

	TRY(mkdir(inner, 0700));
	snprintf(sub, sizeof(sub), "%s/sub", inner);
	MUST(unveil_dir("rw") == 0);
	MUST(rmdir(inner) == -1 && errno == EACCES);
	MUST(mkdir(sub, 0700) == -1 && errno == EACCES);
	MUST(mkfifo(sub, 0600) == -1 && errno == EACCES);
	MUST(symlink("x", sub) == -1 && errno == EACCES);
	MUST(link(file, sub) == -1);
	MUST(rename(file, sub) == -1);
	MUST(do_unix() == EACCES);
	return (0);
}

static int
do_unveil_c_device(void)
{
	MUST(unveil_dir("rwxc") == 0);
	MUST(mknod(inner, S_IFBLK | 0600, 0x700) == -1 && errno == EACCES);
	return (mknod(inner, S_IFCHR | 0600, 0x103) == -1 ? errno : 0);
}

static int
do_unveil_no_exec(void)
{
	TRY(unveil("/", "rw"));
	TRY(unveil(NULL, NULL));
	return (run_shell("exit 0"));
}

static int
do_unveil_exec(void)
{
	TRY(unveil("/", "rx"));
	TRY(unveil(NULL, NULL));
	return (run_shell("exit 0"));
}

static int
do_unveil_file(void)
{
	TRY(unveil(file, "rwxc"));
	TRY(unveil(NULL, NULL));
	MUST(try_open(other, O_RDONLY) == EACCES);
	MUST(do_create() == EACCES);
	return (do_rdwr());
}

static int
do_unveil_ioctl(void)
{
	struct winsize ws;
	int fd;

	TRY(unveil("/dev", "r"));
	TRY(unveil(NULL, NULL));
	TRY(fd = open("/dev/ptmx", O_RDONLY | O_NOCTTY));
	return (ioctl(fd, TIOCGWINSZ, &ws) == -1 ? errno : 0);
}

static int
do_unveil_nothing(void)
{
	MUST(unveil_dir("") == 0);
	return (do_read());
}

static int
do_unveil_closefrom(void)
{
	int fd;

	TRY(unveil(dir, "r"));
	for (fd = 3; fd < 64; fd++)
		(void)close(fd);
	TRY(unveil(NULL, NULL));
	MUST(try_open(other, O_RDONLY) == EACCES);
	return (do_read());
}

static int
do_unveil_none(void)
{
	TRY(unveil(NULL, NULL));
	return (do_read());
}

static int
do_unveil_locked(void)
{
	MUST(unveil_dir("r") == 0);
	return (unveil(dir, "r") == -1 ? errno : 0);
}

static int
do_unveil_arguments(void)
{
	int i;

	MUST(unveil(dir, "rz") == -1 && errno == EINVAL);
	MUST(unveil(dir, NULL) == -1 && errno == EINVAL);
	MUST(unveil(NULL, "r") == -1 && errno == EINVAL);
	MUST(unveil(inner, "r") == -1 && errno == ENOENT);
	for (i = 0; i < 64; i++)
		TRY(unveil(dir, "r"));
	return (unveil(dir, "r") == -1 ? errno : 0);
}

/* Landlock cannot take away below, so nobody may believe it did. */
static int
do_unveil_less_below(void)
{
	TRY(unveil(dir, "rw"));
	return (unveil(file, "r") == -1 ? errno : 0);
}

static int
do_unveil_more_above(void)
{
	TRY(unveil(file, "r"));
	return (unveil("/", "rw") == -1 ? errno : 0);
}

static int
do_unveil_more_below(void)
{
	TRY(unveil("/", "r"));
	TRY(unveil(dir, "rw"));
	TRY(unveil(other, "r"));	/* its name only begins like dir */
	TRY(unveil("/", "r"));
	TRY(unveil(NULL, NULL));
	MUST(try_open(other, O_WRONLY) == EACCES);
	return (do_rdwr());
}

static int
do_unveil_pledge(void)
{
	TRY(unveil(dir, "r"));
	TRY(pledge("stdio rpath", NULL));
	MUST(do_read() == 0);
	MUST(unveil("/", "r") == -1 && errno == EPERM);
	return (try_open(other, O_RDONLY));
}

static int
do_unveil_later(void)
{
	TRY(pledge("stdio rpath unveil", NULL));
	MUST(try_open(other, O_RDONLY) == 0);
	TRY(unveil(dir, "r"));
	TRY(pledge("stdio rpath", NULL));
	MUST(do_read() == 0);
	return (try_open(other, O_RDONLY));
}

static int
do_unveil_promise_only(void)
{
	TRY(pledge("stdio unveil", NULL));
	TRY(unveil(dir, "r"));
	return (do_read());
}

/*
 * Landlock without seccomp before it
 */

static int
do_deny_files(void)
{
	TRY(landlock_deny(LANDLOCK_FILES, NULL, 0));
	return (try_open(file, O_RDONLY));
}

static int
do_deny_files_leaves_sockets(void)
{
	TRY(landlock_deny(LANDLOCK_FILES, NULL, 0));
	return (do_unix());
}

static int
do_deny_sockets(void)
{
	TRY(landlock_deny(LANDLOCK_FILES | LANDLOCK_SOCKETS, NULL, 0));
	return (do_unix());
}

static int
do_deny_bind(void)
{
	TRY(landlock_deny(LANDLOCK_BIND, NULL, 0));
	MUST(do_connect() == 0);
	return (do_bind());
}

static int
do_deny_connect(void)
{
	TRY(landlock_deny(LANDLOCK_CONNECT, NULL, 0));
	MUST(do_bind() == 0);
	return (do_connect());
}

static int
do_deny_signals(void)
{
	TRY(landlock_deny(LANDLOCK_SIGNALS, NULL, 0));
	TRY(kill(getpid(), 0));
	return (do_kill_parent());
}

static int
do_deny_nothing(void)
{
	TRY(landlock_deny(0, NULL, 0));
	MUST(do_connect() == 0);
	MUST(do_bind() == 0);
	MUST(do_kill_parent() == 0);
	return (do_read());
}

const struct test unveil_tests[] = {
	{ "unveil_read", NULL, NULL, do_unveil_read, 0, NULL },
	{ "unveil_outside", NULL, NULL, do_unveil_outside, EACCES, NULL },
	{ "unveil_outside_dir", NULL, NULL, do_unveil_outside_dir, EACCES,
	    NULL },
	{ "unveil_r_write", NULL, NULL, do_unveil_r_write, EACCES, NULL },
	{ "unveil_r_truncate", NULL, NULL, do_unveil_r_truncate, EACCES,
	    NULL },
	{ "unveil_rw_create", NULL, NULL, do_unveil_r_create, EACCES, NULL },
	{ "unveil_rw_unlink", NULL, NULL, do_unveil_r_unlink, EACCES, NULL },
	{ "unveil_w_read", NULL, NULL, do_unveil_w_read, EACCES, NULL },
	{ "unveil_rwc", NULL, NULL, do_unveil_rwc, 0, NULL },
	{ "unveil_rw_names", NULL, NULL, do_unveil_rw_names, 0, NULL },
	{ "unveil_c_device", NULL, NULL, do_unveil_c_device, EACCES, NULL },
	{ "unveil_no_exec", NULL, NULL, do_unveil_no_exec, WRONG, NULL },
	{ "unveil_exec", NULL, NULL, do_unveil_exec, 0, NULL },
	{ "unveil_file", NULL, NULL, do_unveil_file, 0, NULL },
	{ "unveil_ioctl", NULL, NULL, do_unveil_ioctl, EACCES, NULL },
	{ "unveil_nothing", NULL, NULL, do_unveil_nothing, EACCES, NULL },
	{ "unveil_closefrom", NULL, NULL, do_unveil_closefrom, 0, NULL },
	{ "unveil_none", NULL, NULL, do_unveil_none, 0, NULL },
	{ "unveil_locked", NULL, NULL, do_unveil_locked, EPERM, NULL },
	{ "unveil_arguments", NULL, NULL, do_unveil_arguments, E2BIG, NULL },
	{ "unveil_less_below", NULL, NULL, do_unveil_less_below, ENOTSUP,
	    NULL },
	{ "unveil_more_above", NULL, NULL, do_unveil_more_above, ENOTSUP,
	    NULL },
	{ "unveil_more_below", NULL, NULL, do_unveil_more_below, 0, NULL },
	{ "unveil_pledge", NULL, NULL, do_unveil_pledge, EACCES, NULL },
	{ "unveil_later", NULL, NULL, do_unveil_later, EACCES, NULL },
	{ "unveil_promise_only", NULL, NULL, do_unveil_promise_only, KILLED,
	    "pledge \"rpath\"" },

	{ "landlock_files", NULL, NULL, do_deny_files, EACCES, NULL },
	{ "landlock_leaves_sockets", NULL, NULL, do_deny_files_leaves_sockets,
	    0, NULL },
	{ "landlock_sockets", NULL, NULL, do_deny_sockets, EACCES, NULL },
	{ "landlock_bind", NULL, NULL, do_deny_bind, EACCES, NULL },
	{ "landlock_connect", NULL, NULL, do_deny_connect, EACCES, NULL },
	{ "landlock_signals", NULL, NULL, do_deny_signals, EPERM, NULL },
	{ "landlock_nothing", NULL, NULL, do_deny_nothing, 0, NULL }
};
const size_t	 nunveil_tests = sizeof(unveil_tests) / sizeof(unveil_tests[0]);
