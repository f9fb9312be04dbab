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
 * Whose a TCP connection of this machine's is, as Linux tells in its list of
 * all of them.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claudesec.h"

#define TRIES		10

static int	 owner_find(FILE *, const char *, const char *, uid_t);
static void	 owner_name(char *, size_t, const struct sockaddr_storage *);

/*
 * Is the end of a connection, that has the first address and is connected to
 * the second, this user's or root's?  An end that its process has closed is
 * listed as root's, whoever it was, but without an inode.  The list changes
 * while it is read, and may lack one that is there.
 */
int
owner_is(FILE *f, const struct sockaddr_storage *end,
    const struct sockaddr_storage *other, uid_t uid)
{
	char a[64], b[64];
	int found, i;

	owner_name(a, sizeof(a), end);
	owner_name(b, sizeof(b), other);
	for (found = -1, i = 0; found == -1 && i < TRIES; i++)
		found = owner_find(f, a, b, uid);
	return (found == 1);
}

static int
owner_find(FILE *f, const char *end, const char *other, uid_t uid)
{
	char line[512], a[64], b[64];
	unsigned long inode;
	unsigned int owner;

	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, " %*u: %63s %63s %*x %*s %*s %*s %u %*u %lu",
		    a, b, &owner, &inode) != 4 || strcmp(a, end) != 0 ||
		    strcmp(b, other) != 0)
			continue;
		return (inode != 0 && (owner == uid || owner == 0));
	}
	return (-1);
}

/* Words of 32 bits, each as this machine reads it. */
static void
owner_name(char *buf, size_t size, const struct sockaddr_storage *ss)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;
	uint32_t w[4];

	if (ss->ss_family == AF_INET) {
		memcpy(&sin, ss, sizeof(sin));
		(void)snprintf(buf, size, "%08" PRIX32 ":%04X",
		    sin.sin_addr.s_addr, ntohs(sin.sin_port));
		return;
	}
	memcpy(&sin6, ss, sizeof(sin6));
	memcpy(w, &sin6.sin6_addr, sizeof(w));
	(void)snprintf(buf, size, "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08"
	    PRIX32 ":%04X", w[0], w[1], w[2], w[3], ntohs(sin6.sin6_port));
}
