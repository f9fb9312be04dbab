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
 * The frontend's part of the gateway.  The keeper gets the head in the parts
 * that gateway.c lets through, a socket to write the answer to, and another
 * that the body comes from, out of its framing.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "proc.h"
#include "proxyd.h"
#include "frontend.h"

#define BODY_ROUNDS	16	/* of one body before the others */

/* what the gateway lets through; a token that is empty lets nobody */
struct gate {
	char			 token[GATE_SECRET_SIZE];
	struct gate_allow	 allows[GATE_ALLOWS];
	size_t			 nallows;
};

static int	 gate_send(struct request *, const struct gate_request *);
static int	 gate_read(struct request *);
static int	 gate_read_chunks(struct request *);
static int	 gate_hold(struct request *, const uint8_t *, size_t);
static int	 gate_flush(struct request *);
static void	 gate_body_event(int, short, void *);
static void	 gate_wait(struct request *);
static void	 gate_next(struct request *);
static void	 gate_compose(uint32_t, uint32_t, int, const void *, size_t);

static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
static struct gate	 gate, ngate;

void
gate_reset(void)
{
	explicit_bzero(&ngate, sizeof(ngate));
}

int
gate_allow_add(struct imsg *imsg)
{
	struct gate_allow *a;

	if (ngate.nallows == GATE_ALLOWS)
		return (-1);
	a = &ngate.allows[ngate.nallows++];
	if (imsg_get_data(imsg, a, sizeof(*a)) == -1 ||
	    !imsg_is_string(a->path, sizeof(a->path)))
		return (-1);
	return (0);
}

int
gate_token_set(struct imsg *imsg)
{
	return (imsg_get_string(imsg, ngate.token, sizeof(ngate.token)));
}

void
gate_take(void)
{
	gate = ngate;
	gate_reset();
}

/* The head was read, and stands in peeked. */
void
gate_head(struct request *r)
{
	struct gate_request g;
	const char *why;
	int status;

	if (gate.token[0] == '\0') {
		status = refusals[REFUSAL_NOGATEWAY].status;
		why = refusals[REFUSAL_NOGATEWAY].text;
	} else
		status = gate_request(&g, &r->head, (char *)peeked, gate.token,
		    gate.allows, gate.nallows, &why);
	if (status != 0) {
		request_refuse(r, status, why);
		return;
	}
	if ((status = gate_send(r, &g)) != 0) {
		request_refuse(r, status, status == 431 ?
		    "a header field is too long" : "no descriptors");
		return;
	}
	if (r->body != NULL)
		gate_body(r);
	else
		gate_wait(r);
}

/* 0, or a status to refuse it with. */
static int
gate_send(struct request *r, const struct gate_request *g)
{
	char line[GATE_HEADER_SIZE];
	struct body *b;
	size_t off;
	ssize_t n;
	int fd, sv[2];

	off = 0;
	while ((n = gate_header(&r->head, (char *)peeked, &off, line)) > 0)
		;
	if (n == -1)
		return (431);
	sv[0] = sv[1] = -1;
	if ((fd = fcntl(r->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return (503);
	if (g->framing == BODY_CHUNKED || g->length > 0) {
		if ((b = calloc(1, sizeof(*b))) == NULL ||
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0, sv) == -1) {
			free(b);
			close(fd);
			return (503);
		}
		b->fd = sv[0];
		b->is_chunked = g->framing == BODY_CHUNKED;
		b->left = g->length;
		event_set(&b->ev, b->fd, EV_WRITE, gate_body_event, r);
		r->body = b;
	}
	gate_compose(IMSG_GATE_REQUEST, r->id, fd, g, sizeof(*g));
	off = 0;
	while ((n = gate_header(&r->head, (char *)peeked, &off, line)) > 0)
		gate_compose(IMSG_GATE_HEADER, r->id, -1, line,
		    (size_t)n + 1);
	gate_compose(IMSG_GATE_GO, r->id, sv[1], NULL, 0);
	request_pending(r);
	r->state = REQUEST_BODY;
	if (g->expect && r->body != NULL)
		(void)send(r->fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL);
	return (0);
}

/* Moves what there is of the body, as far as the keeper takes it. */
void
gate_body(struct request *r)
{
	struct body *b;
	int i, n;

	b = r->body;
	for (i = 0; i < BODY_ROUNDS; i++) {
		if ((n = gate_flush(r)) == -1) {
			/* it has answered already, or failed, and says so */
			gate_body_free(r);
			gate_wait(r);
			return;
		}
		if (n == 0) {
			request_unwatch(r);
			if (!b->watched)
				event_add(&b->ev, NULL);
			b->watched = 1;
			return;
		}
		if (b->complete) {
			if (b->is_chunked)
				gate_compose(IMSG_GATE_END, r->id, -1,
				    &b->sent, sizeof(b->sent));
			gate_body_free(r);
			gate_wait(r);
			return;
		}
		n = b->is_chunked ? gate_read_chunks(r) : gate_read(r);
		if (n == -1) {
			request_close(r);
			return;
		}
		if (n == 0)
			break;
	}
	request_watch(r, 1);
}

/* 1: something was read; 0: not now; -1: the client is gone. */
static int
gate_read(struct request *r)
{
	struct body *b;
	size_t max;
	ssize_t n;

	b = r->body;
	max = b->left < sizeof(peeked) ? (size_t)b->left : sizeof(peeked);
	n = recv(r->fd, peeked, max, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0)
		return (-1);
	b->left -= (uint64_t)n;
	b->complete = b->left == 0;
	return (gate_hold(r, peeked, (size_t)n));
}

/* To the byte: what comes behind the last chunk is another request. */
static int
gate_read_chunks(struct request *r)
{
	static uint8_t taken[sizeof(peeked)];
	struct body *b;
	size_t len;
	ssize_t n;

	b = r->body;
	n = recv(r->fd, peeked, sizeof(peeked), MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0 || (n = chunked_decode(&b->chunked, peeked, (size_t)n,
	    &len)) == -1 || recv(r->fd, taken, (size_t)n, 0) != n)
		return (-1);
	b->complete = chunked_done(&b->chunked);
	return (gate_hold(r, peeked, len));
}

/* What cannot be sent at once. */
static int
gate_hold(struct request *r, const uint8_t *data, size_t len)
{
	struct body *b;
	ssize_t n;

	b = r->body;
	n = len == 0 ? 0 : send(b->fd, data, len, MSG_NOSIGNAL);
	if (n == -1)
		n = 0;		/* gate_flush() will see why */
	b->sent += (uint64_t)n;
	b->heldoff = 0;
	b->heldlen = len - (size_t)n;
	if (b->heldlen == 0)
		return (1);
	if ((b->held = malloc(b->heldlen)) == NULL)
		return (-1);
	memcpy(b->held, data + n, b->heldlen);
	return (1);
}

/* 1: nothing is held; 0: some is; -1: the keeper wants no more. */
static int
gate_flush(struct request *r)
{
	struct body *b;
	ssize_t n;

	b = r->body;
	while (b->heldoff < b->heldlen) {
		n = send(b->fd, b->held + b->heldoff, b->heldlen - b->heldoff,
		    MSG_NOSIGNAL);
		if (n == -1)
			return (errno == EAGAIN || errno == EINTR ? 0 : -1);
		b->heldoff += (size_t)n;
		b->sent += (uint64_t)n;
	}
	free(b->held);
	b->held = NULL;
	b->heldoff = b->heldlen = 0;
	return (1);
}

static void
gate_body_event(int fd, short event, void *arg)
{
	struct request *r = arg;

	(void)fd;
	(void)event;
	r->body->watched = 0;
	gate_body(r);
}

void
gate_body_free(struct request *r)
{
	struct body *b;

	if ((b = r->body) == NULL)
		return;
	if (b->watched)
		event_del(&b->ev);
	close(b->fd);
	free(b->held);
	free(b);
	r->body = NULL;
}

/* All is said; a client that goes away now wants no answer. */
static void
gate_wait(struct request *r)
{
	r->state = REQUEST_ANSWER;
	request_watch(r, 1);
}

void
gate_answer(struct request *r)
{
	ssize_t n;

	n = recv(r->fd, peeked, 1, MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		request_close(r);
	else
		request_unwatch(r);	/* another request has its time */
}

static void
gate_next(struct request *r)
{
	http_init(&r->head, HTTP_GATEWAY);
	r->head.host[0] = '\0';
	r->head.port = 0;
	request_keep(r);
}

int
gate_failed(struct request *r, uint32_t why)
{
	if (why == REFUSAL_NONE || why >= REFUSAL_MAX)
		return (-1);
	gate_body_free(r);
	request_refuse(r, refusals[why].status, refusals[why].text);
	return (0);
}

/* The answer was given, or broken off. */
int
gate_done(struct request *r, uint32_t more)
{
	if (more > 1)
		return (-1);
	if (more && r->state == REQUEST_ANSWER)
		gate_next(r);
	else
		request_shut(r);
	return (0);
}

static void
gate_compose(uint32_t type, uint32_t id, int fd, const void *data, size_t len)
{
	if (peer_compose(proc_peer(ROLE_KEEPER), type, id, fd, data,
	    len) == -1)
		fatal("peer_compose");
}
