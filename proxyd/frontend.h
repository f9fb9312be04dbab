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
	REQUEST_HTTP,			/* forwarded, until its answer ends */
	REQUEST_BODY,			/* the keeper wants its body */
	REQUEST_ANSWER,			/* the keeper has all of it */
	REQUEST_KEPT,			/* answered, there may be another one */
	REQUEST_DRAIN			/* refused, until the client ends */
};

/* the body of a request, on its way to the process that sends it on */
struct body {
	struct event		 ev;
	int			 fd;
	int			 watched;
	int			 is_chunked;
	int			 encode;	/* chunks again, after a head */
	struct chunked		 chunked;
	uint64_t		 left;		/* else */
	uint64_t		 sent;
	int			 complete;
	int			 wrong;		/* no chunk of ours */
	char			*held;		/* read but not sent */
	size_t			 heldoff, heldlen;
};

enum body_result {
	BODY_WAITS,			/* for the client, or who takes it */
	BODY_SENT,
	BODY_STOPPED,			/* whoever takes it wants no more */
	BODY_GONE,			/* the client */
	BODY_WRONG			/* or it is no body */
};

struct listener {
	struct event		 ev;
	int			 fd;
	uint32_t		 kind;
	uint8_t			 addr[4];	/* where it listens */
};

struct client;
struct exchange;
struct request;

/* a connection's number */
struct conn {
	struct client		*client;	/* NULL: not in use */
	struct request		*req;
	uint32_t		 next;		/* in the list of free ones */
	uint16_t		 turn;		/* how often it was used */
	uint8_t			 pending;	/* an answer will come */
};

TAILQ_HEAD(requests, request);

struct request {
	struct event		 ev;
	uint32_t		 id;
	int			 fd;
	enum request_state	 state;
	int			 watched;	/* ev is pending */
	int			 rests;		/* a time, no descriptor */
	int			 lowat;		/* SO_RCVLOWAT, as we set it */
	size_t			 seen;		/* bytes when last looked */
	int64_t			 since;		/* milliseconds */
	struct requests		*list;		/* whose time runs */
	TAILQ_ENTRY(request)	 entry;
	struct listener		*listener;
	struct netaddr		 addr;		/* of the client */
	uint16_t		 port;
	struct http_head	 head;
	char			*out;		/* the head to send */
	size_t			 outlen;
	uint8_t			 is_head;	/* the answer has no body */
	uint8_t			 closes;	/* the client's last */
	uint8_t			 expects;	/* to be told to go on */
	struct body		*body;
	struct exchange		*exchange;
};

/* frontend.c */
extern struct settings settings;

void	 frontend_compose(unsigned int, uint32_t, uint32_t, int, const void *,
	    size_t);

/* frontend_accept.c */
extern uint32_t	 nconns, conns_used;
extern uint64_t	 total_accepted;

void	 accept_init(void);
int	 listener_add(struct imsg *);
void	 listeners_start(void);
struct conn *conn_find(uint32_t);
struct conn *conn_of(const struct request *);
uint32_t conn_turn(struct conn *);
void	 conn_release(struct conn *);

/* frontend_request.c */
extern struct requests heads, hellos;		/* whose time to ask runs */
extern struct requests answers;			/* whose server's runs */
extern uint32_t	 nheads;
extern uint64_t	 total_refused;
extern uint8_t	 peeked[HTTP_HEAD_MAX + 1];	/* what is looked at */

void	 request_setup(void);
void	 request_new(struct conn *, struct listener *, int,
	    const struct netaddr *, uint16_t);
void	 request_close(struct request *);
void	 request_free(struct request *);
int	 request_evict(void);
void	 request_keep(struct request *);
void	 request_list(struct request *, struct requests *);
void	 request_note(const struct request *, const char *, uint16_t,
	    const char *);
ssize_t	 request_peek(struct request *, size_t);
void	 request_pending(struct request *);
void	 request_refuse(struct request *, int, const char *);
void	 request_run(struct request *);
void	 request_shut(struct request *);
int	 request_take(struct request *, size_t);
void	 request_unwatch(struct request *);
void	 request_watch(struct request *, size_t);

/* frontend_ask.c */
void	 request_head(struct request *);
void	 request_hello(struct request *);
void	 request_ask(struct request *, enum ask_kind);
void	 request_reply(struct request *, size_t);
void	 request_connected(struct request *, int);
void	 request_cancel(struct request *);

/* frontend_body.c */
struct body *body_new(struct request *, int, int, uint64_t);
enum body_result body_move(struct request *);
void	 body_free(struct request *);

/*
 * frontend_http.c.  Requests that are forwarded: asked for, connected, run
 * whenever something can go on, and done when the relay says so.
 */
void	 http_forward(struct request *);
void	 http_connected(struct request *);
void	 http_run(struct request *);
void	 http_done(struct request *, int);
void	 http_late(struct request *);
void	 http_free(struct request *);

/* frontend_dns.c */
void	 names_init(void);
int	 names_judged(struct imsg *);
void	 names_datagram(int, short, void *);
void	 names_stream(struct request *);
uint64_t names_total(void);

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
void	 gate_answer(struct request *);
void	 gate_ended(void);
int	 gate_failed(struct request *, uint32_t);
int	 gate_done(struct request *, uint32_t);

#endif /* FRONTEND_H */
