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

#ifndef RESOLVER_H
#define RESOLVER_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include "proxyd.h"

/* Between the resolver's two files; no other process has this. */

enum { FAMILY_A, FAMILY_AAAA, FAMILIES };

struct lookup;

/* a name of the cache, or about to be */
struct entry {
	char			 host[HOST_SIZE];
	struct lookup		*lookup;	/* NULL: it is known */
	enum refusal		 refusal;	/* or there are addresses */
	unsigned int		 naddrs;
	struct netaddr		*addrs;
	uint32_t		 ttl;		/* of the addresses */
	uint32_t		 nottl;		/* and of that there are none */
	int64_t			 until;		/* milliseconds */
	RB_ENTRY(entry)		 by_name;
	TAILQ_ENTRY(entry)	 by_use;
};

struct rules {
	struct settings		 settings;
	struct server		 servers[SERVERS_MAX];
	size_t			 nservers;
	struct policy		 policy;
	struct gate_conf	 gateway;	/* its host may be empty */
	struct rule		 gate_rule;	/* what the keeper may dial */
};

/* resolver.c */
extern struct rules	*rules;		/* in force */

void	 answer(const struct entry *, uint32_t, const struct ask *);

/*
 * resolver_cache.c.  cache_get() gives what is known of a name: 1; or 0 if
 * that is asked, after which answer() is called; or -1 if too much is asked.
 */
void	 cache_init(void);
void	 cache_flush(void);
int	 cache_get(const char *, uint32_t, const struct ask *,
	    const struct entry **);
void	 cache_report(struct report *);

#endif /* RESOLVER_H */
