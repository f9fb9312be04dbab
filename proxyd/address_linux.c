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
 * Addresses that the host gains while we run.  The kernel says that there is
 * a change, and is then asked for all that there are: what one interface has
 * lost another one may still have.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <event.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"

static void	 address_event(int, short, void *);
static void	 address_message(struct nlmsghdr *);
static void	 address_ask(void);
static void	 address_add(struct nlmsghdr *);

static int	 fd;
static uint32_t	 port;			/* ours, of netlink */
static int	 asked;			/* the list is on its way */
static int	 changed;		/* and is not the last one */
static void	 (*tell)(void);
static struct event ev;
static union {
	struct nlmsghdr	 hdr;
	char		 bytes[32768];
} buf;

/* Before they are looked at, so that none comes in between. */
void
address_open(void)
{
	struct sockaddr_nl nl;
	socklen_t len;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_ROUTE);
	memset(&nl, 0, sizeof(nl));
	nl.nl_family = AF_NETLINK;
	nl.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
	len = sizeof(nl);
	if (fd == -1 || bind(fd, (struct sockaddr *)&nl, sizeof(nl)) == -1 ||
	    getsockname(fd, (struct sockaddr *)&nl, &len) == -1)
		fatal("netlink");
	port = nl.nl_pid;
}

void
address_watch(void (*f)(void))
{
	tell = f;
	event_set(&ev, fd, EV_READ | EV_PERSIST, address_event, NULL);
	event_add(&ev, NULL);
}

static void
address_event(int s, short event, void *arg)
{
	struct sockaddr_nl nl;
	struct nlmsghdr *h;
	socklen_t len;
	ssize_t n;
	int left;

	(void)event;
	(void)arg;
	for (;;) {
		len = sizeof(nl);
		n = recvfrom(s, &buf, sizeof(buf), 0, (struct sockaddr *)&nl,
		    &len);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1 && errno != EINTR && errno != ENOBUFS)
			fatal("netlink");
		if (n == -1) {
			/* there were more than we could be told */
			address_ask();
			continue;
		}
		if (nl.nl_pid != 0)
			continue;	/* not the kernel's */
		left = (int)n;
		for (h = &buf.hdr; left > 0 &&
		    NLMSG_OK(h, (unsigned int)left); h = NLMSG_NEXT(h, left))
			address_message(h);
	}
}

/* The list is for us; a change is by whoever made it. */
static void
address_message(struct nlmsghdr *h)
{
	if (h->nlmsg_pid != port) {
		if (h->nlmsg_type == RTM_NEWADDR ||
		    h->nlmsg_type == RTM_DELADDR)
			address_ask();
	} else if (h->nlmsg_type == RTM_NEWADDR)
		address_add(h);
	else if (h->nlmsg_type == NLMSG_ERROR)
		fatalx("netlink does not say the addresses");
	else if (h->nlmsg_type == NLMSG_DONE) {
		asked = 0;
		if (changed || (h->nlmsg_flags & NLM_F_DUMP_INTR))
			address_ask();
		else if (own_end())
			tell();
	}
}

static void
address_ask(void)
{
	struct {
		struct nlmsghdr	 hdr;
		struct ifaddrmsg msg;
	} req;

	changed = asked;
	if (asked)
		return;
	memset(&req, 0, sizeof(req));
	req.hdr.nlmsg_len = sizeof(req);
	req.hdr.nlmsg_type = RTM_GETADDR;
	req.hdr.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (send(fd, &req, sizeof(req), 0) != (ssize_t)sizeof(req))
		fatal("netlink");
	asked = 1;
	own_start();
}

/* The other end of a link has an address here as well; ours is IFA_LOCAL. */
static void
address_add(struct nlmsghdr *h)
{
	struct ifaddrmsg *msg;
	struct rtattr *a;
	struct netaddr addr;
	size_t size;
	int left, local;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*msg)))
		return;
	msg = NLMSG_DATA(h);
	memset(&addr, 0, sizeof(addr));
	addr.family = msg->ifa_family;
	size = addr.family == AF_INET ? 4 : 16;
	left = (int)IFA_PAYLOAD(h);
	local = 0;
	for (a = IFA_RTA(msg); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (RTA_PAYLOAD(a) != size || local ||
		    (a->rta_type != IFA_LOCAL && a->rta_type != IFA_ADDRESS))
			continue;
		memcpy(addr.bytes, RTA_DATA(a), size);
		local = a->rta_type == IFA_LOCAL;
	}
	own_add(&addr);
}
