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

#ifndef RELAY_H
#define RELAY_H

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>

#include "proxyd.h"

#define RELAY_BUF_SIZE	16384
#define ATTEMPTS_MAX	2	/* of one connection at a time */

struct tunnel;
TAILQ_HEAD(tunnels, tunnel);

/* a pipe of the pool, or of a flow that has bytes in it */
struct rpipe {
	int			 fd[2];
	size_t			 size;
	SLIST_ENTRY(rpipe)	 entry;
};

enum { CLIENT, SERVER };
#define RESET_NONE	0
#define RESET_BOTH	(1 << CLIENT | 1 << SERVER)

struct side {
	struct event		 ev;
	struct tunnel		*tunnel;
	int			 fd;
	short			 watched;
};

/* from one side to the other, numbered as the side that it comes from */
struct flow {
	uint64_t		 bytes;
	char			*left;		/* read but not written */
	size_t			 leftlen, leftoff;
	struct rpipe		*pipe;		/* with so many bytes in it */
	size_t			 piped;
	uint8_t			 fast;		/* worth a pipe */
	uint8_t			 eof;		/* nothing more to read */
	uint8_t			 shut;		/* and the other side knows */
};

/* on the way to be connected */
struct attempt {
	struct event		 ev;
	struct tunnel		*tunnel;
	int			 fd;		/* -1: none */
	unsigned int		 n;		/* of its address */
};
struct dialing {
	struct dial		 dial;
	unsigned int		 next;		/* address to try */
	int			 error;		/* of the last that failed */
	struct attempt		 attempts[ATTEMPTS_MAX];
	SLIST_ENTRY(dialing)	 entry;
};

/* most are not for long; the others are watched for a reset */
enum { HALF_NONE, HALF_NEW, HALF_WATCHED };

enum tunnel_state {
	TUNNEL_DIALING,
	TUNNEL_VIA,				/* a parent proxy is dialling */
	TUNNEL_CONNECTED,			/* waits for the frontend */
	TUNNEL_OPEN
};

struct tunnel {
	uint32_t		 id;
	enum tunnel_state	 state;
	struct side		 sides[2];
	struct flow		 flows[2];
	struct dialing		*dialing;
	char			*host;
	struct netaddr		 addr;		/* of the server */
	struct netaddr		 client;
	uint16_t		 port, client_port, via;
	uint8_t			 plain;
	uint8_t			 half;		/* one side has said its last */
	int64_t			 since;		/* when it was opened */
	int64_t			 last;		/* byte, or attempt */
	/* in lists by these times */
	struct tunnels		*by_since, *by_last;
	TAILQ_ENTRY(tunnel)	 since_entry, last_entry;
	TAILQ_ENTRY(tunnel)	 half_entry;	/* if HALF_NEW */
};

/* relay.c */
void	 tunnel_end(struct tunnel *, int, const char *);
int	 tunnel_yield(const struct tunnel *);

/* relay_flow.c */
/* what passes through; nothing stays in it */
extern char	relay_buf[RELAY_BUF_SIZE];

void	 flow_init(void);
int	 flow_run(struct tunnel *, int);
int	 flow_reset(struct tunnel *, int);
int	 flow_hold(struct tunnel *, int, const char *, size_t);
void	 flow_drop(struct flow *, size_t);
void	 flow_release(struct flow *);

#endif /* RELAY_H */
