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


/* client_owner.c: whose a connection is. */

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "claudesec.h"
#include "unit.h"

/* a list as Linux 6 prints it, on a machine with the low byte first */
static const char list4[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
    "retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
    "00000000  1000        0 51491685 1 0 100 0 0 10 0\n"
    "   1: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 "
    "00000000  1000        0 51491686 1 0 100 0 0 10 0\n"
    "   2: 0100007F:9C41 0100007F:1F90 01 00000000:00000000 00:00000000 "
    "00000000  1001        0 51491687 1 0 100 0 0 10 0\n"
    "   3: 0100007F:9C42 0100007F:1F90 01 00000000:00000000 00:00000000 "
    "00000000     0        0 51491688 1 0 100 0 0 10 0\n"
    "   4: 0100007F:9C43 0100007F:1F90 05 00000000:00000000 00:00000000 "
    "00000000     0        0 0 1 0 100 0 0 10 0\n"
    "   5: 0100007F:9C44 0100007F:1F91 01 00000000:00000000 00:00000000 "
    "00000000  1000        0 51491689 1 0 100 0 0 10 0\n"
    "   6: 0100007F:9C45 0100007F:1F90 05 00000000:00000000 00:00000000 "
    "00000000  1000        0 51491690 1 0 100 0 0 10 0\n"
    "   7: 0100007F:9C46 0100007F:1F90 05 00000000:00000000 00:00000000 "
    "00000000     0        0 51491691 1 0 100 0 0 10 0\n";

static const char list6[] =
    "  sl  local_address                         remote_address\n"
    "   0: 00000000000000000000000001000000:9C40 "
    "00000000000000000000000001000000:1F90 01 00000000:00000000 00:00000000 "
    "00000000  1000        0 51491686 1 0 100 0 0 10 0\n"
    "   1: 00000000000000000000000001000000:9C41 "
    "00000000000000000000000001000000:1F90 01 00000000:00000000 00:00000000 "
    "00000000  1001        0 51491687 1 0 100 0 0 10 0\n";

static void
address(struct sockaddr_storage *ss, int family, uint16_t port)
{
	struct sockaddr_in6 *sin6;
	struct sockaddr_in *sin;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		sin = (struct sockaddr_in *)ss;
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		sin->sin_port = htons(port);
	} else {
		sin6 = (struct sockaddr_in6 *)ss;
		sin6->sin6_addr = in6addr_loopback;
		sin6->sin6_port = htons(port);
	}
}

static void
is(const char *name, const char *list, int family, uint16_t port, uid_t uid,
    int should)
{
	struct sockaddr_storage end, other;
	FILE *f;
	int n;

	if ((f = tmpfile()) == NULL || fputs(list, f) == EOF) {
		CASE(0, name, "no file");
		return;
	}
	address(&end, family, port);
	address(&other, family, 8080);
	n = owner_is(f, &end, &other, uid);
	/* it is the same the second time */
	n = n == owner_is(f, &end, &other, uid) ? n : -1;
	CASE(n == should, name, "%d", n);
	fclose(f);
}

int
main(void)
{
	is("owner_of_an_open_one", list4, AF_INET, 40000, 1000, 1);
	is("owner_is_another", list4, AF_INET, 40001, 1000, 0);
	is("owner_is_root", list4, AF_INET, 40002, 1000, 1);
	is("owner_of_a_closed_one", list4, AF_INET, 40003, 1000, 0);
	is("owner_of_one_to_elsewhere", list4, AF_INET, 40004, 1000, 0);
	is("owner_of_a_half_closed_one", list4, AF_INET, 40005, 1000, 1);
	is("owner_of_roots_half_closed_one", list4, AF_INET, 40006, 1000, 1);
	is("owner_of_a_closed_one_for_root", list4, AF_INET, 40003, 0, 0);
	is("owner_of_none", list4, AF_INET, 40007, 1000, 0);
	is("owner_by_ipv6", list6, AF_INET6, 40000, 1000, 1);
	is("owner_is_another_by_ipv6", list6, AF_INET6, 40001, 1000, 0);
	is("owner_in_an_empty_list", "", AF_INET, 40000, 1000, 0);
	is("owner_in_garbage", "\n\n:::: x y z\n1: 2\n", AF_INET, 40000,
	    1000, 0);
	return (unit_failed);
}
