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
 * Requests for plain http that are forwarded.  The frontend stays between the
 * client and the relay, so that the client's connection can bear a next
 * request, which is judged like the first: each has a connection to its server
 * of its own, which is closed behind it, and what goes over that is a head of
 * ours, a body framed by us, and nothing else.  What comes back is one answer,
 * taken apart and framed anew; what a server sends behind it goes nowhere.  So
 * neither side can put a message where the other looks for one of ours.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxyd.h"
#include "frontend.h"

#define PIECE		65536	/* read at once */
#define ROUNDS_MAX	16	/* of one answer before the others */
#define RESERVE		32	/* descriptors */

struct exchange {
	struct event		 in_ev;		/* from the relay */
	struct event		 out_ev;	/* to the client */
	int			 reading, writing;
	int			 fd;		/* the body's */
	struct answer		 answer;
	char			*out;		/* what the client is to get */
	size_t			 outoff, outlen;
	uint8_t			 sent;		/* all of the request was */
	uint8_t			 stopped;	/* or no more is wanted */
	uint8_t			 said;		/* the client has seen some */
	uint8_t			 eof;		/* the server says no more */
	uint8_t			 shut;		/* the server knows of ours */
	uint8_t			 ended;		/* the relay is told to end */
	uint8_t			 done;		/* and has */
	uint8_t			 clean;		/* no end was a reset */
	uint64_t		 taken;		/* when its time began */
};

static int	 http_start(struct request *);
static int	 http_send(struct request *);
static int	 http_listen(struct request *);
static int	 http_receive(struct request *);
static int	 http_fill(struct request *);
static int	 http_flush(struct request *);
static int	 http_eof(struct request *);
static int	 http_finish(struct request *);
static void	 http_end(struct request *);
static void	 http_broken(struct request *, const char *);
static void	 http_watch(struct request *);
static void	 http_time(struct request *);
static void	 http_event(int, short, void *);

static char	 in[PIECE], out[PIECE + ANSWER_ROOM];

/* The head was read, and stands in peeked. */
void
http_forward(struct request *r)
{
	int expects;
	ssize_t n;

	if (r->head.port != 80) {
		request_refuse(r, 403, "only port 80 speaks plain http; "
		    "use CONNECT for others");
		return;
	}
	if ((expects = http_expects(&r->head, (char *)peeked)) == -1) {
		request_refuse(r, 417, "only 100-continue can be expected");
		return;
	}
	r->expects = (uint8_t)expects;
	r->closes = r->head.minor == 0 ||
	    http_closes(&r->head, (char *)peeked);
	r->is_head = word_is((char *)peeked, r->head.method_len, "HEAD");
	if ((r->out = malloc(HTTP_REBUILD_MAX)) == NULL) {
		request_refuse(r, 503, "no memory");
		return;
	}
	n = http_rebuild(&r->head, (char *)peeked, r->out, HTTP_REBUILD_MAX);
	if (n == -1) {
		request_refuse(r, 431, "the request head is too long");
		return;
	}
	r->outlen = (size_t)n;
	request_ask(r, ASK_HTTP);
}

/* The relay has the server, and gets us in the place of a client. */
void
http_connected(struct request *r)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	r->state = REQUEST_HTTP;
	if (http_start(r) == -1) {
		frontend_compose(ROLE_RELAY, IMSG_CANCEL, r->id, -1, NULL, 0);
		request_refuse(r, 503, "no descriptors");
		return;
	}
	if (r->expects && !r->body->complete)
		(void)send(r->fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL);
	http_run(r);
}

static int
http_start(struct request *r)
{
	struct exchange *x;
	struct body *b;
	struct go go;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    sv) == -1)
		return (-1);
	/* the last ones are for clients that have not asked yet */
	if (sv[1] >= getdtablesize() - RESERVE) {
		close(sv[0]);
		close(sv[1]);
		return (-1);
	}
	if ((x = calloc(1, sizeof(*x))) == NULL)
		fatal("calloc");
	r->exchange = x;
	x->fd = sv[0];
	x->answer.flags = RESPONSE_ANY |
	    (r->is_head ? RESPONSE_TO_HEAD : 0);
	x->answer.old = r->head.minor == 0;
	event_set(&x->in_ev, sv[0], EV_READ | EV_PERSIST, http_event, r);
	event_set(&x->out_ev, r->fd, EV_WRITE | EV_PERSIST, http_event, r);
	b = body_new(r, sv[0], r->head.chunked, r->head.body);
	b->encode = r->head.chunked;
	b->held = r->out;
	b->heldlen = r->outlen;
	r->out = NULL;
	memset(&go, 0, sizeof(go));
	go.client = r->addr;
	go.port = r->port;
	frontend_compose(ROLE_RELAY, IMSG_GO, r->id, sv[1], &go, sizeof(go));
	return (0);
}

/* Does what can be done, both ways. */
void
http_run(struct request *r)
{
	if (http_send(r) == -1 || http_receive(r) == -1)
		return;
	http_watch(r);
	http_time(r);
}

/* -1: the request has gone on to be another one.  Likewise below. */
static int
http_send(struct request *r)
{
	struct exchange *x;

	x = r->exchange;
	if (x->stopped)
		return (0);
	if (x->sent)
		return (http_listen(r));
	switch (body_move(r)) {
	case BODY_WAITS:
		break;
	case BODY_SENT:
		x->sent = 1;
		request_watch(r, 1);
		break;
	case BODY_STOPPED:
		x->stopped = 1;
		request_unwatch(r);
		break;
	case BODY_WRONG:
		if (!x->said) {
			request_refuse(r, 400, "a chunk that is not plain");
			return (-1);
		}
		/* FALLTHROUGH */
	case BODY_GONE:
		request_close(r);
		return (-1);
	}
	return (0);
}

/* All was sent: has the client said its last, or is it gone? */
static int
http_listen(struct request *r)
{
	struct exchange *x;
	ssize_t n;
	char byte;

	x = r->exchange;
	if (!r->watched)
		return (0);
	n = recv(r->fd, &byte, 1, MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n == -1) {
		request_close(r);
		return (-1);
	}
	/* its next request has its time */
	request_unwatch(r);
	if (n == 0) {
		r->closes = 1;
		if (!x->shut)
			(void)shutdown(x->fd, SHUT_WR);
		x->shut = 1;
	}
	return (0);
}

static int
http_receive(struct request *r)
{
	struct exchange *x;
	int i, n;

	x = r->exchange;
	for (i = 0; i < ROUNDS_MAX; i++) {
		if ((n = http_flush(r)) != 1)
			return (n);
		if (x->answer.whole)
			return (http_finish(r));
		if (x->eof)
			return (http_eof(r));
		if ((n = http_fill(r)) != 1)
			return (n);
	}
	return (0);
}

/* 1: some of the answer was read, or its end; 0: not now. */
static int
http_fill(struct request *r)
{
	struct exchange *x;
	ssize_t n;

	x = r->exchange;
	n = recv(x->fd, in, sizeof(in), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0) {
		x->eof = 1;
		return (1);
	}
	if (!x->answer.begun) {
		if (x->answer.head == NULL &&
		    (x->answer.head = malloc(RESPONSE_MAX)) == NULL)
			fatal("malloc");
		x->answer.closes = r->closes || !x->sent;
	}
	if ((n = answer_take(&x->answer, in, (size_t)n, out)) == -1) {
		http_broken(r, "the server's answer is not sound");
		return (-1);
	}
	if (x->answer.begun) {
		free(x->answer.head);
		x->answer.head = NULL;
	}
	if (n == 0)
		return (1);
	if ((x->out = malloc((size_t)n)) == NULL)
		fatal("malloc");
	memcpy(x->out, out, (size_t)n);
	x->outlen = (size_t)n;
	return (1);
}

/* 1: the client has all that there is; 0: it does not take it now. */
static int
http_flush(struct request *r)
{
	struct exchange *x;
	ssize_t n;

	x = r->exchange;
	while (x->outoff < x->outlen) {
		n = send(r->fd, x->out + x->outoff, x->outlen - x->outoff,
		    MSG_NOSIGNAL);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return (0);
		if (n == -1) {
			request_close(r);
			return (-1);
		}
		x->said = 1;
		x->outoff += (size_t)n;
	}
	free(x->out);
	x->out = NULL;
	x->outoff = x->outlen = 0;
	return (1);
}

/*
 * An answer that ends with its connection is whole if that was closed, and not
 * if it was reset: the relay knows once both ends of it are shut.
 */
static int
http_eof(struct request *r)
{
	struct exchange *x;

	x = r->exchange;
	if (x->answer.begun && x->answer.resp.framing == BODY_CLOSE &&
	    !x->done) {
		if (!x->shut)
			(void)shutdown(x->fd, SHUT_WR);
		x->shut = 1;
		x->stopped = 1;
		request_unwatch(r);
		return (0);
	}
	if (x->clean && answer_end(&x->answer))
		return (http_finish(r));
	http_broken(r, x->answer.begun ? "the answer was broken off" :
	    "the server hung up without an answer");
	return (-1);
}

/* The client has all of the answer. */
static int
http_finish(struct request *r)
{
	struct exchange *x;
	int closes;

	x = r->exchange;
	if (!x->done) {
		http_end(r);
		return (0);
	}
	closes = x->answer.closes || !x->sent;
	http_free(r);
	if (closes)
		request_shut(r);
	else
		request_keep(r);
	return (-1);
}

/* The relay is to close the server's connection, and will say that it has. */
static void
http_end(struct request *r)
{
	struct exchange *x;

	x = r->exchange;
	if (x->ended || x->done)
		return;
	x->ended = 1;
	frontend_compose(ROLE_RELAY, IMSG_CANCEL, r->id, -1, NULL, 0);
}

/* What the client has seen a part of can only be broken off. */
static void
http_broken(struct request *r, const char *why)
{
	const struct linger linger = { 1, 0 };

	if (!r->exchange->said) {
		request_refuse(r, 502, why);
		return;
	}
	(void)setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &linger,
	    sizeof(linger));
	request_close(r);
}

/* The relay is done with the connection. */
void
http_done(struct request *r, int clean)
{
	r->exchange->done = 1;
	r->exchange->clean = clean != 0;
	http_run(r);
}

void
http_free(struct request *r)
{
	struct exchange *x;

	if ((x = r->exchange) == NULL)
		return;
	http_end(r);
	if (x->reading)
		event_del(&x->in_ev);
	if (x->writing)
		event_del(&x->out_ev);
	free(x->answer.head);
	free(x->out);
	free(x);
	r->exchange = NULL;
	body_free(r);
}

/* Waits for whatever can go on; the body does so by itself. */
static void
http_watch(struct request *r)
{
	struct exchange *x;
	int want;

	x = r->exchange;
	want = x->outlen == 0 && !x->eof && !x->answer.whole;
	if (want && !x->reading)
		event_add(&x->in_ev, NULL);
	else if (!want && x->reading)
		event_del(&x->in_ev);
	x->reading = want;
	want = x->outlen > 0;
	if (want && !x->writing)
		event_add(&x->out_ev, NULL);
	else if (!want && x->writing)
		event_del(&x->out_ev);
	x->writing = want;
}

/*
 * If it is the server that is waited for its time runs, from the last byte on
 * that was taken of the request until the head of the answer is complete.
 */
static void
http_time(struct request *r)
{
	struct exchange *x;
	struct body *b;

	x = r->exchange;
	b = r->body;
	if (x->answer.begun || x->eof || !(x->sent || b->watched))
		request_list(r, NULL);
	else if (r->list != &answers || b->sent != x->taken) {
		x->taken = b->sent;
		request_list(r, &answers);
	}
}

/* It took too long, and the client has seen nothing. */
void
http_late(struct request *r)
{
	request_refuse(r, 504, "the server does not answer");
}

static void
http_event(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	http_run(arg);
}
