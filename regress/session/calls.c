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
 * calls: for each call that a session's filter refuses, and each kind of
 * socket, a line "refused NAME" or "passed NAME: why".  The arguments are such
 * that the kernel itself would complain of something else, to who has all
 * rights, and do nothing.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOWHERE	((void *)1)

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd		443
#endif

struct call {
	const char	*name;
	long		 number;
	long		 args[6];
};

#define CALL(name, ...)	{ #name, SYS_##name, { __VA_ARGS__ } }
#define P	((long)NOWHERE)

static const struct call calls[] = {
	CALL(acct, P),
	CALL(add_key, P, P, P, 1, 0),
	CALL(bpf, 0, P, 128),
	CALL(clone3, P, 64),
	CALL(delete_module, P, 0),
	CALL(fanotify_init, -1, -1),
	CALL(finit_module, -1, P, 0),
	CALL(fsconfig, -1, 0, P, P, 0),
	CALL(fsmount, -1, 0, 0),
	CALL(fsopen, P, 0),
	CALL(fspick, -1, P, 0),
	CALL(init_module, P, 1, P),
	CALL(io_setup, -1, P),
	CALL(io_uring_enter, -1, 0, 0, 0, 0, 0),
	CALL(io_uring_register, -1, 0, 0, 0),
	CALL(io_uring_setup, 1, P),
	CALL(kcmp, -1, -1, -1, 0, 0),
	CALL(kexec_load, 0, -1, P, 0),
	CALL(keyctl, -1, 0, 0, 0, 0),
	CALL(mount, P, P, P, 0, P),
	CALL(mount_setattr, -1, P, 0, P, 32),
	CALL(move_mount, -1, P, -1, P, 0),
	CALL(move_pages, 0, -1, P, P, P, -1),
	CALL(name_to_handle_at, -1, P, P, P, 0),
	CALL(open_by_handle_at, -1, P, 0),
	CALL(open_tree, -1, P, 0),
	CALL(perf_event_open, P, 0, -1, -1, 0),
	CALL(pidfd_getfd, -1, -1, 0),
	CALL(pivot_root, P, P),
	CALL(process_madvise, -1, P, 1, 0, 0),
	CALL(process_vm_readv, -1, P, 1, P, 1, 0),
	CALL(process_vm_writev, -1, P, 1, P, 1, 0),
	CALL(quotactl, -1, P, 0, P),
	CALL(quotactl_fd, -1, -1, 0, P),
	CALL(reboot, 0, 0, 0, 0),
	CALL(request_key, P, P, P, 0),
	CALL(setns, -1, -1),
	CALL(swapoff, P),
	CALL(swapon, P, 0),
	CALL(syslog, -1, P, -1),
	CALL(umount2, P, -1),
	CALL(unshare, -1),
	CALL(userfaultfd, -1)
};

static const struct {
	const char	*name;
	int		 domain, type, protocol;
} sockets[] = {
	{ "ICMP by datagrams", AF_INET, SOCK_DGRAM, 1 },
	{ "raw", AF_INET, SOCK_RAW, 1 },
	{ "raw, version 6", AF_INET6, SOCK_RAW, 58 },
	{ "MPTCP", AF_INET, SOCK_STREAM, 262 },
	{ "MPTCP, version 6", AF_INET6, SOCK_STREAM, 262 },
	{ "SCTP", AF_INET, SOCK_STREAM, 132 },
	{ "UDP lite", AF_INET, SOCK_DGRAM, 136 },
	{ "SMC", 43, SOCK_STREAM, 0 },
	{ "packets", AF_PACKET, SOCK_RAW, 0 },
	{ "VSOCK", 40, SOCK_STREAM, 0 },
	{ "ALG", 38, SOCK_SEQPACKET, 0 },
	{ "XDP", 44, SOCK_RAW, 0 },
	{ "keys", 15, SOCK_RAW, 2 },
	{ "CAN", 29, SOCK_RAW, 1 },
	{ "Bluetooth", 31, SOCK_RAW, 1 },
	{ "TIPC", 30, SOCK_SEQPACKET, 0 },
	{ "RDS", 21, SOCK_SEQPACKET, 0 },
	{ "netlink of netfilter", AF_NETLINK, SOCK_RAW, 12 },
	{ "netlink of audit", AF_NETLINK, SOCK_RAW, 9 },
	{ "netlink of sockets", AF_NETLINK, SOCK_RAW, 4 },
	{ "netlink of IPsec", AF_NETLINK, SOCK_RAW, 6 },
	{ "netlink of events", AF_NETLINK, SOCK_RAW, 15 },
	{ "generic netlink", AF_NETLINK, SOCK_RAW, 16 }
};

static void
say(const char *name, long result, int socket)
{
	int error;

	error = result == -1 ? errno : 0;
	/* the filter has no other answers */
	if (error == EPERM || (error == ENOSYS && !socket))
		printf("refused %s\n", name);
	else
		printf("passed %s: %s\n", name, strerror(error));
}

int
main(void)
{
	const struct call *c;
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		c = &calls[i];
		say(c->name, syscall(c->number, c->args[0], c->args[1],
		    c->args[2], c->args[3], c->args[4], c->args[5]), 0);
	}
	for (i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
		say(sockets[i].name, socket(sockets[i].domain,
		    sockets[i].type, sockets[i].protocol), 1);
	return (0);
}
