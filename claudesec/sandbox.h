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
 * pledge(2) and unveil(2) as on OpenBSD, for systems that lack them.  On
 * OpenBSD libc's are used and none of the sources behind this header are
 * compiled.  On Linux a pledge is a seccomp filter, sandbox_linux.c, and
 * unveil is Landlock, landlock.c.  sandbox_none.c is chosen at build time for
 * the sanitizers: everything succeeds and nothing is enforced.
 *
 * Promises known: stdio rpath wpath cpath fattr flock inet unix tty proc exec
 * id sendfd recvfd unveil, and mount, which OpenBSD has not: open_tree(2),
 * move_mount(2) and umount2(2), each with one set of flags.  They mean what
 * pledge(2) says, as far as a filter that sees numbers but no memory can tell.
 * What differs on Linux:
 *
 *  - sendfd, recvfd: a filter cannot look into a msghdr, so the call itself
 *    is the promise.  sendmsg(2) and sendmmsg(2) need sendfd; recvmsg(2) and
 *    recvmmsg(2) need recvfd.  Everybody else uses read(2), writev(2),
 *    sendto(2), recvfrom(2), which cannot carry a descriptor.
 *  - stdio: sendto(2) with an address needs inet or unix, whatever the family
 *    of the socket and of the address; setsockopt(2) has a list of options and
 *    fails with EACCES for others; a lost syslogd is not found again without
 *    unix: socket(2) fails with EACCES, no more.  fstat(2) is a call on a path,
 *    so the attributes of a file whose path is known can be read; its contents
 *    cannot.
 *  - PROT_EXEC is never granted except with exec, and no thread can be made;
 *    a thread that is there already is not confined.
 *  - execpromises must be NULL: a filter stays across execve(2).
 *  - pledge may be called twice, wide and narrow.  The second call also shuts
 *    the door behind it: a third one fails with EPERM unless it asks for
 *    exactly what is in force.
 *  - The process gets PR_SET_NO_NEW_PRIVS and PR_SET_DUMPABLE 0.
 *  - Without rpath, wpath, cpath, fattr, exec and unveil Landlock shuts the
 *    whole file system as well, without inet TCP, without proc signals to
 *    others, and always abstract sockets of others.
 *
 * A call without its promise never happens.  The process writes one line to
 * descriptor 2 that names the promise and the call, and dies of SIGSYS.  There
 * is no line where SIGSYS is blocked, as within musl's fork(3), nor for calls
 * that no process of ours has any business with, ptrace(2) and its like.
 *
 * unveil is in force from unveil(NULL, NULL) on, or from the first pledge
 * without the unveil promise.  A path must exist.  A file is unveiled by its
 * inode: unveil the directory of files that are replaced by rename(2).
 * Landlock only adds: to unveil less below a directory that is unveiled with
 * more fails with ENOTSUP.  stat(2), chdir(2), chmod(2), and connecting to a
 * Unix socket are not Landlock's; the promises are what stops them.
 */

#ifndef SANDBOX_H
#define SANDBOX_H

#ifdef __OpenBSD__

#include <unistd.h>

#define sandbox_net(what)	(0)
#define sandbox_describe()	"sandbox on: pledge, unveil"

#else

#include <stddef.h>

int		 pledge(const char *, const char *);
int		 unveil(const char *, const char *);

/*
 * What of inet and unix the next pledge leaves, where OpenBSD has no finer
 * promise: words out of "accept", "connect", "bind", and "connect:53" for TCP
 * to that port only (several may be given; Landlock ABI 4, and no UDP below
 * ABI 10).  Without bind and connect there is no socket(2) either.  Sockets
 * that are connected or listening already are not touched.  Not called: all.
 */
int		 sandbox_net(const char *);

/* For the log: "sandbox on: seccomp, Landlock ABI 7", or "sandbox off". */
const char	*sandbox_describe(void);

/* landlock.c, for sandbox_linux.c: what to deny, TCP ports to except. */
#define LANDLOCK_FILES		0x01
#define LANDLOCK_SOCKETS	0x02
#define LANDLOCK_BIND		0x04
#define LANDLOCK_CONNECT	0x08
#define LANDLOCK_SIGNALS	0x10

int		 landlock_abi(void);
int		 landlock_lock(void);
int		 landlock_deny(int, const unsigned short *, size_t);

#endif

#endif
