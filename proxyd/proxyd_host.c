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
 * What the parent has from the machine that it is on: the servers that names
 * are asked of, its addresses, and how many descriptors there are.
 */

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <net/if.h>

#include <ifaddrs.h>
#include <string.h>

#include "parent.h"

#define RESOLV_CONF	"/etc/resolv.conf"
/* descriptors of a process that are no connection's */
#define FDS_OWN		16
#define FDS_RESERVED	256
#define FDS_MIN		64
#define FDS_MAX		(1024 * 1024)

struct server		 servers[SERVERS_MAX]; /* the system's */
size_t			 nservers;
struct own		 own;
uint32_t		 connections;	/* that descriptors allow */
static struct own	 found;

/* The nameserver lines of resolv.conf(5), for when there is no resolver. */
void
read_resolvers(void)
{
	char addr[ADDR_STRLEN], line[256];
	struct server *s;
	FILE *fp;

	if ((fp = fopen(RESOLV_CONF, "re")) != NULL) {
		while (nservers < SERVERS_MAX &&
		    fgets(line, sizeof(line), fp) != NULL) {
			s = &servers[nservers];
			if (sscanf(line, " nameserver %45s", addr) != 1 ||
			    addr_parse(addr, &s->addr) == -1)
				continue;
			s->port = 53;
			nservers++;
		}
		fclose(fp);
	}
	if (nservers == 0) {
		(void)addr_parse("127.0.0.1", &servers[0].addr);
		servers[0].port = 53;
		nservers = 1;
	}
}

/* Those that there are now. */
void
gather_own(void)
{
	struct ifaddrs *ifa, *ifap;
	struct netaddr addr;

	if (getifaddrs(&ifap) == -1)
		fatal("getifaddrs");
	own_start();
	for (ifa = ifap; ifa != NULL; ifa = ifa->ifa_next)
		if (ifa->ifa_addr != NULL &&
		    addr_from_sockaddr(ifa->ifa_addr, &addr) == 0)
			own_add(&addr);
	(void)own_end();
	freeifaddrs(ifap);
}

/* A new list of them begins, and has ended: 1 if it is another one. */
void
own_start(void)
{
	found.n = 0;
}

void
own_add(const struct netaddr *addr)
{
	if (addr_inside(addr, found.addrs, found.n))
		return;
	if (found.n == OWN_MAX)
		fatalx("more than %d public addresses", OWN_MAX);
	found.addrs[found.n++] = *addr;
}

int
own_end(void)
{
	if (found.n == own.n && memcmp(own.addrs, found.addrs,
	    own.n * sizeof(own.addrs[0])) == 0)
		return (0);
	memcpy(&own, &found, OWN_LEN(found.n));
	return (1);
}

/*
 * A connection is two descriptors in the relay, which needs an eighth of all,
 * or FDS_RESERVED, for its pipes and itself.
 */
void
raise_limits(void)
{
	struct rlimit rl;
	rlim_t reserved;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	if (rl.rlim_max > FDS_MAX)
		rl.rlim_max = FDS_MAX;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("setrlimit");
	if (rl.rlim_cur < FDS_MIN)
		fatalx("%d descriptors are the least", FDS_MIN);
	reserved = rl.rlim_cur / 8 + FDS_OWN;
	if (reserved > FDS_RESERVED)
		reserved = FDS_RESERVED;
	connections = (uint32_t)((rl.rlim_cur - reserved) / 2);
}
