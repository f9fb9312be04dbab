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
 * What the keeper's two files know of each other.
 */

#ifndef KEEPER_H
#define KEEPER_H

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>
#include <openssl/ssl.h>

#include "proxyd.h"

#define PIECE		16384	/* read at once */

/* the gateway in force; immutable, whoever uses it holds a reference */
struct keep {
	unsigned int	 refs;
	struct gate_conf conf;
	struct gate_allow allows[GATE_ALLOWS];
	size_t		 nallows;
	char		 key[GATE_SECRET_SIZE];
	char		*ca;		/* until it is in ctx */
	size_t		 ca_len;
	SSL_CTX		*ctx;		/* NULL: plain */
};

/* a connection to the API */
enum api_state {
	API_ASKED,		/* the resolver was */
	API_CONNECTING,
	API_VIA,		/* the parent proxy was asked */
	API_HANDSHAKE,
	API_OPEN
};

struct call;
struct api {
	struct event	 ev;
	enum api_state	 state;
	uint32_t	 id;		/* of the question to the resolver */
	struct keep	*keep;
	struct call	*call;		/* NULL: idle */
	int		 used;		/* by a call before this one */
	int		 fd;
	SSL		*ssl;
	short		 watched;
	short		 want;		/* what TLS waits for */
	struct dial	 dial;
	char		 reply[16];	/* of the parent proxy, its beginning */
	size_t		 replied;	/* and how long it is so far */
	unsigned int	 blank;		/* of the line that ends it */
	unsigned int	 next;		/* address to try */
	enum refusal	 refusal;	/* of the last that failed */
	int64_t		 since;		/* in this state, milliseconds */
	TAILQ_ENTRY(api) entry;
};

/* a request and its answer */
struct call {
	struct event	 body_ev, client_ev;
	uint32_t	 id;
	int		 go;		/* it is complete but for its body */
	struct gate_request req;
	struct keep	*keep;
	struct api	*api;		/* NULL: there is none yet */
	int		 client, body;	/* body is -1 without one */
	int		 body_watched, client_watched;
	int64_t		 since, last;	/* milliseconds */

	/* to the API; at first the head */
	char		*up;
	size_t		 up_off, up_len;
	size_t		 kept;		/* of the head, should it go again */
	int		 again;		/* it did */
	int		 stopped;	/* it takes no more */
	uint64_t	 body_size;	/* not known: UINT64_MAX */
	uint64_t	 body_got;
	int		 body_done;	/* up holds all that is left */
	int		 body_eof;

	/* from the API */
	struct answer	 answer;

	/* to the client */
	char		*out;
	size_t		 out_off, out_len;
	int		 said;		/* it has seen some of that */
	uint64_t	 bytes;
	TAILQ_ENTRY(call) entry;
	TAILQ_ENTRY(call) wait_entry;	/* if waits */
	int		 waits;
};

/* keeper.c */
struct keep	*keep_ref(struct keep *);
void		 keep_unref(struct keep *);
uint32_t	 keeper_timeout(enum timeout_id);
void		 call_run(struct call *);
void		 call_fail(struct call *, enum refusal);

/*
 * keeper_api.c.  api_init() before the first pledge, api_context() makes a
 * context for a configuration.  api_get() finds a connection for a call, or
 * has it wait; call_run() is then called when it can be written to, and
 * whenever there is something to do; call_fail() if none can be had.
 * api_read() and api_write() give what they moved, 0 if they have to wait, or
 * -1.  api_put() takes a connection back, to be kept if that is possible.
 */
void		 api_init(void);
SSL_CTX		*api_context(const char *, size_t);
void		 api_get(struct call *);
ssize_t		 api_read(struct api *, void *, size_t);
ssize_t		 api_write(struct api *, const void *, size_t);
void		 api_watch(struct api *, short);
void		 api_again(struct api *);
void		 api_put(struct api *, int);
void		 api_leave(struct call *);
int		 api_dial(uint32_t, const struct dial *);
int		 api_refused(uint32_t, enum refusal);
void		 api_tick(int64_t);
void		 api_flush(void);
unsigned int	 api_count(void);

#endif /* KEEPER_H */
