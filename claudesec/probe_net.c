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
 * The network: there is none but lo, so each of these must fail at once, by
 * the kernel's word for that there is no way or no right.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#ifndef AF_VSOCK
#define AF_VSOCK	40
#endif
#define PROTO_MPTCP	262

static const char	*net_interfaces(void);
static const char	*net_host_tcp(void);
static const char	*net_host_udp(void);
static const char	*net_host_dns(void);
static const char	*net_literal(void);
static const char	*net_metadata(void);
static const char	*net_ipv6(void);
static const char	*net_broadcast(void);
static const char	*net_mdns(void);
static const char	*net_ssdp(void);
static const char	*net_icmp(void);
static const char	*net_raw(void);
static const char	*net_packet(void);
static const char	*net_vsock(void);
static const char	*net_alg(void);
static const char	*net_mptcp(void);
static const char	*net_families(void);
static const char	*net_netlink(void);
static const char	*net_abstract(void);
static const char	*net_bridges(void);
static const char	*net_route(void);

const struct attempt probe_net[] = {
	{ "network", "an interface that is not lo", net_interfaces },
	{ "network", "the host's addresses, TCP", net_host_tcp },
	{ "network", "the host's addresses, UDP", net_host_udp },
	{ "network", "the host's addresses, DNS", net_host_dns },
	{ "network", "other bridges' first addresses", net_bridges },
	{ "network", "a literal address", net_literal },
	{ "network", "the cloud's metadata address", net_metadata },
	{ "network", "a literal address of IPv6", net_ipv6 },
	{ "network", "broadcast", net_broadcast },
	{ "network", "multicast DNS", net_mdns },
	{ "network", "SSDP", net_ssdp },
	{ "network", "ICMP echo", net_icmp },
	{ "network", "a raw socket", net_raw },
	{ "network", "a packet socket", net_packet },
	{ "network", "a vsock socket", net_vsock },
	{ "network", "a kernel crypto socket", net_alg },
	{ "network", "multipath TCP", net_mptcp },
	{ "network", "rarer protocol families", net_families },
	{ "network", "an interface made by netlink", net_netlink },
	{ "network", "a default route", net_route },
	{ "network", "the host's abstract sockets", net_abstract },
	{ NULL, NULL, NULL }
};

/* What the kernel says if there is no way at all. */
static int
no_way(int error)
{
	switch (error) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT:
	case ESOCKTNOSUPPORT:
	case EACCES:
	case EPERM:
		return (1);
	default:
		return (0);
	}
}

/* 0, or -1 if it is none */
static int
address(const char *text, int port, struct sockaddr_storage *ss,
    socklen_t *len)
{
	struct sockaddr_in *sin = (void *)ss;
	struct sockaddr_in6 *sin6 = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, text, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons((uint16_t)port);
		*len = sizeof(*sin);
		return (0);
	}
	if (inet_pton(AF_INET6, text, &sin6->sin6_addr) == 1) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons((uint16_t)port);
		*len = sizeof(*sin6);
		return (0);
	}
	return (-1);
}

/*
 * Sends the host's word by a socket of that type.  A connection that is only
 * refused or slow has found a way.
 */
static const char *
send_to(const char *to, int port, int type)
{
	struct sockaddr_storage ss;
	struct pollfd pfd;
	char text[128];
	socklen_t len;
	int error, fd, on, n;

	if (address(to, port, &ss, &len) == -1)
		return (held("%s: not an address", to));
	if ((fd = socket(ss.ss_family, type | SOCK_NONBLOCK, 0)) == -1)
		return (held("socket: %s", strerror(errno)));
	on = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&ss, len) == -1) {
		error = errno;
		if (error == EINPROGRESS) {
			pfd.fd = fd;
			pfd.events = POLLOUT;
			if (poll(&pfd, 1, 300) == 1) {
				len = sizeof(error);
				(void)getsockopt(fd, SOL_SOCKET, SO_ERROR,
				    &error, &len);
			}
		}
		if (no_way(error))
			return (held("%s", strerror(error)));
		if (error != 0)
			return (escaped("%s: a way is there: %s", to,
			    strerror(error)));
	}
	n = snprintf(text, sizeof(text), "%s %s\n", host.nonce,
	    attempt->name);
	if (send(fd, text, (size_t)n, 0) == -1 && no_way(errno))
		return (held("%s", strerror(errno)));
	return (escaped("%s was sent to", to));
}

/* of several the first that is out, else the last */
static const char *
send_to_host(int port, int type)
{
	const char *what;
	size_t i;

	what = held("the host has no address");
	for (i = 0; i < host.naddresses; i++)
		if ((what = send_to(host.addresses[i], port, type))[0] == '!')
			break;
	return (what);
}

static const char *
net_interfaces(void)
{
	struct if_nameindex *all, *i;

	if ((all = if_nameindex()) == NULL)
		return (held("if_nameindex: %s", strerror(errno)));
	for (i = all; i->if_name != NULL; i++)
		if (strcmp(i->if_name, "lo") != 0)
			return (escaped("there is %s", i->if_name));
	return (held("only lo"));
}

static const char *
net_host_tcp(void)
{
	return (send_to_host(host.port, SOCK_STREAM));
}

static const char *
net_host_udp(void)
{
	return (send_to_host(host.port, SOCK_DGRAM));
}

static const char *
net_host_dns(void)
{
	return (send_to_host(53, SOCK_DGRAM));
}

/* Docker's and Podman's: the hosts', and those of sidecars beside them. */
static const char *
net_bridges(void)
{
	static const char *const form[] = { "172.%d.0.1", "172.%d.0.2",
	    "172.%d.0.3", "10.88.%d.1", "10.89.%d.1" };
	const char *what;
	char text[32];
	size_t f;
	int i;

	what = held("none tried");
	for (i = 17; i < 32; i++)
		for (f = 0; f < sizeof(form) / sizeof(form[0]); f++) {
			(void)snprintf(text, sizeof(text), form[f],
			    f < 3 ? i : i - 17);
			what = send_to(text, 3128, SOCK_STREAM);
			if (what[0] == '!')
				return (what);
		}
	return (what);
}

/* of TEST-NET-1, RFC 5737: nobody answers, but a way there would be one */
static const char *
net_literal(void)
{
	return (send_to("192.0.2.1", 443, SOCK_STREAM));
}

static const char *
net_metadata(void)
{
	return (send_to("169.254.169.254", 80, SOCK_STREAM));
}

/* RFC 3849 */
static const char *
net_ipv6(void)
{
	return (send_to("2001:db8::1", 443, SOCK_STREAM));
}

static const char *
net_broadcast(void)
{
	return (send_to("255.255.255.255", host.port, SOCK_DGRAM));
}

static const char *
net_mdns(void)
{
	return (send_to("224.0.0.251", 5353, SOCK_DGRAM));
}

static const char *
net_ssdp(void)
{
	return (send_to("239.255.255.250", 1900, SOCK_DGRAM));
}

static const char *
net_icmp(void)
{
	static const char echo[8] = { 8 };
	struct sockaddr_in sin;
	int fd;

	if ((fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)) == -1)
		return (held("%s", strerror(errno)));
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = inet_addr("192.0.2.1");
	return (failed(sendto(fd, echo, sizeof(echo), 0,
	    (struct sockaddr *)&sin, sizeof(sin))));
}

static const char *
net_raw(void)
{
	return (failed(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)));
}

static const char *
net_packet(void)
{
	return (failed(socket(AF_PACKET, SOCK_DGRAM, 0)));
}

static const char *
net_vsock(void)
{
	return (failed(socket(AF_VSOCK, SOCK_STREAM, 0)));
}

static const char *
net_alg(void)
{
	return (failed(socket(AF_ALG, SOCK_SEQPACKET, 0)));
}

static const char *
net_mptcp(void)
{
	return (failed(socket(AF_INET, SOCK_STREAM, PROTO_MPTCP)));
}

static const char *
net_families(void)
{
	static const int family[] = { AF_BLUETOOTH, AF_CAN, AF_KEY, AF_RDS,
	    AF_TIPC, AF_X25, AF_AX25, AF_APPLETALK, AF_NFC, AF_PHONET,
	    AF_QIPCRTR, 44 /* AF_XDP */, 43 /* AF_SMC */ };
	size_t i;

	for (i = 0; i < sizeof(family) / sizeof(family[0]); i++)
		if (socket(family[i], SOCK_RAW, 0) != -1 ||
		    socket(family[i], SOCK_STREAM, 0) != -1 ||
		    socket(family[i], SOCK_DGRAM, 0) != -1)
			return (escaped("family %d", family[i]));
	return (held("%s", strerror(errno)));
}

/* Asks for something, and returns what netlink answers. */
static const char *
netlink_ask(void *message, size_t len)
{
	struct sockaddr_nl to;
	struct {
		struct nlmsghdr	 head;
		struct nlmsgerr	 error;
		char		 rest[512];
	} answer;
	int fd;

	if ((fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)) == -1)
		return (held("%s", strerror(errno)));
	memset(&to, 0, sizeof(to));
	to.nl_family = AF_NETLINK;
	if (sendto(fd, message, len, 0, (struct sockaddr *)&to,
	    sizeof(to)) == -1)
		return (held("%s", strerror(errno)));
	if (recv(fd, &answer, sizeof(answer), 0) <
	    (ssize_t)offsetof(struct nlmsgerr, msg))
		return (held("no answer"));
	if (answer.head.nlmsg_type != NLMSG_ERROR || answer.error.error == 0)
		return (escaped("done"));
	return (held("%s", strerror(-answer.error.error)));
}

static const char *
net_netlink(void)
{
	static const char name[] = "probe0", kind[] = "dummy";
	struct {
		struct nlmsghdr	 head;
		struct ifinfomsg info;
		struct rtattr	 a1;
		char		 name[8];
		struct rtattr	 a2;
		struct rtattr	 a3;
		char		 kind[8];
	} m;

	memset(&m, 0, sizeof(m));
	m.head.nlmsg_len = sizeof(m);
	m.head.nlmsg_type = RTM_NEWLINK;
	m.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
	m.a1.rta_len = sizeof(m.a1) + sizeof(name);
	m.a1.rta_type = IFLA_IFNAME;
	memcpy(m.name, name, sizeof(name));
	m.a2.rta_len = sizeof(m.a2) + sizeof(m.a3) + sizeof(m.kind);
	m.a2.rta_type = IFLA_LINKINFO;
	m.a3.rta_len = sizeof(m.a3) + sizeof(kind);
	m.a3.rta_type = 1;	/* IFLA_INFO_KIND */
	memcpy(m.kind, kind, sizeof(kind));
	return (netlink_ask(&m, sizeof(m)));
}

static const char *
net_route(void)
{
	struct {
		struct nlmsghdr	 head;
		struct rtmsg	 route;
		struct rtattr	 a1;
		uint32_t	 oif;
	} m;

	memset(&m, 0, sizeof(m));
	m.head.nlmsg_len = sizeof(m);
	m.head.nlmsg_type = RTM_NEWROUTE;
	m.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
	m.route.rtm_family = AF_INET;
	m.route.rtm_table = RT_TABLE_MAIN;
	m.route.rtm_protocol = RTPROT_BOOT;
	m.route.rtm_scope = RT_SCOPE_LINK;
	m.route.rtm_type = RTN_UNICAST;
	m.a1.rta_len = sizeof(m.a1) + sizeof(m.oif);
	m.a1.rta_type = RTA_OIF;
	m.oif = 1;
	return (netlink_ask(&m, sizeof(m)));
}

/* The host listens there in its own name space. */
static const char *
net_abstract(void)
{
	struct sockaddr_un sun;
	socklen_t len;
	int fd, n;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	n = snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1, "%s",
	    host.nonce);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	    (size_t)n);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		return (held("%s", strerror(errno)));
	if (connect(fd, (struct sockaddr *)&sun, len) == -1)
		return (held("%s", strerror(errno)));
	(void)dprintf(fd, "%s %s\n", host.nonce, attempt->name);
	return (escaped("connected"));
}
