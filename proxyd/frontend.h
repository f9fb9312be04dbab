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

#ifndef FRONTEND_H
#define FRONTEND_H

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>
#include <stdint.h>

#include "proxyd.h"

/* Between the frontend's own files; no other process has this. */

/*
 * What is known of a connection on its way to become one; later its number
 * in use is all that is left here.
 */
enum request_state {
	REQUEST_HEAD,			/* reads a head */
	REQUEST_FIRST,			/* reads a transparent ClientHello */
	REQUEST_QUESTION,		/* reads a question over TCP */
	REQUEST_NAME,			/* the resolver has that question */
	REQUEST_ASKED,			/* the resolver or the relay has it */
	REQUEST_HELLO,			/* connected, reads a ClientHello */
	REQUEST_BODY,			/* the keeper wants its body */
	REQUEST_ANSWER,			/* the keeper has all of it */
	REQUEST_KEPT,			/* answered, there may be another one */
	REQUEST_DRAIN			/* refused, until the client ends */
};

/* the body of a request to the gateway, on its way to the keeper */
struct body {
	struct event		 ev;
	int			 fd;
	int			 watched;
	int			 is_chunked;
	struct chunked		 chunked;
	uint64_t		 left;		/* else */
	uint64_t		 sent;
	int			 complete;
	char			*held;		/* read but not sent */
	size_t			 heldoff, heldlen;
};

struct request {
	struct event		 ev;
	uint32_t		 id;
	int			 fd;
	enum request_state	 state;
	int			 watched;	/* ev is pending */
	int			 lowat;		/* SO_RCVLOWAT, as we set it */
	size_t			 seen;		/* bytes when last looked */
	int64_t			 since;		/* milliseconds */
	TAILQ_HEAD(requests, request) *list;	/* whose time runs */
	TAILQ_ENTRY(request)	 entry;
	struct listener		*listener;
	struct netaddr		 addr;		/* of the client */
	uint16_t		 port;
	struct http_head	 head;
	char			*out;		/* the head to send */
	size_t			 outlen;
	struct body		*body;
};

/* frontend.c */
extern uint8_t	 peeked[HTTP_HEAD_MAX + 1];	/* what is looked at */

void	 request_close(struct request *);
void	 request_keep(struct request *);
void	 request_list(struct request *, struct requests *);
void	 request_pending(struct request *);
void	 request_refuse(struct request *, int, const char *);
void	 request_shut(struct request *);
void	 request_unwatch(struct request *);
void	 request_watch(struct request *, size_t);

/*
 * frontend_gate.c.  A new configuration begins with gate_reset() and is in
 * force from gate_take() on.
 */
void	 gate_reset(void);
int	 gate_allow_add(struct imsg *);
int	 gate_token_set(struct imsg *);
void	 gate_take(void);
void	 gate_head(struct request *);
void	 gate_body(struct request *);
void	 gate_body_free(struct request *);
void	 gate_answer(struct request *);
int	 gate_failed(struct request *, uint32_t);
int	 gate_done(struct request *, uint32_t);

#endif /* FRONTEND_H */
