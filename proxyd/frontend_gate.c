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

/*
 * The keeper, which has as many descriptors as we do, needs three for each
 * request, and some for itself: what it cannot take must not be sent.
 */
#define KEEPER_FDS	16
#define CALL_FDS	3

/* what the gateway lets through; a token that is empty lets nobody */
struct gate {
	char			 token[GATE_SECRET_SIZE];
	struct gate_allow	 allows[GATE_ALLOWS];
	size_t			 nallows;
};

static int	 gate_send(struct request *, const struct gate_request *);
static void	 gate_wait(struct request *);
static void	 gate_compose(uint32_t, uint32_t, int, const void *, size_t);

static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
static struct gate	 gate, ngate;
static int		 calls;		/* that the keeper has */

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
	char text[GATE_PATH_SIZE + 128];
	struct gate_request g;
	const char *why;
	int status;

	if (gate.token[0] == '\0') {
		status = refusals[REFUSAL_NOGATEWAY].status;
		why = refusals[REFUSAL_NOGATEWAY].text;
	} else
		status = gate_request(&g, &r->head, (char *)peeked, gate.token,
		    gate.allows, gate.nallows, &why);
	if (status == 403 && gate.token[0] != '\0') {
		/* whoever looks at the log may want to allow it */
		(void)snprintf(text, sizeof(text), "%.*s %.*s: %s",
		    (int)r->head.method_len, (char *)peeked,
		    (int)strcspn(g.path, "?"), g.path, why);
		why = text;
	}
	if (status == 0 && calls >= (getdtablesize() - KEEPER_FDS) /
	    CALL_FDS) {
		status = 503;
		why = "too many requests at once";
	}
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
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0, sv) == -1) {
			close(fd);
			return (503);
		}
		(void)body_new(r, sv[0], g->framing == BODY_CHUNKED,
		    g->length);
	}
	gate_compose(IMSG_GATE_REQUEST, r->id, fd, g, sizeof(*g));
	off = 0;
	while ((n = gate_header(&r->head, (char *)peeked, &off, line)) > 0)
		gate_compose(IMSG_GATE_HEADER, r->id, -1, line,
		    (size_t)n + 1);
	gate_compose(IMSG_GATE_GO, r->id, sv[1], NULL, 0);
	calls++;
	request_pending(r);
	r->state = REQUEST_BODY;
	if (g->expect && r->body != NULL)
		(void)send(r->fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL);
	return (0);
}

/* Moves what there is of the body. */
void
gate_body(struct request *r)
{
	switch (body_move(r)) {
	case BODY_WAITS:
		return;
	case BODY_GONE:
	case BODY_WRONG:
		request_close(r);
		return;
	case BODY_SENT:
		if (r->body->is_chunked)
			gate_compose(IMSG_GATE_END, r->id, -1, &r->body->sent,
			    sizeof(r->body->sent));
		break;
	case BODY_STOPPED:
		/* it has answered already, or failed, and says so */
		break;
	}
	body_free(r);
	gate_wait(r);
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

/* The keeper has closed what it was given. */
void
gate_ended(void)
{
	calls--;
}

int
gate_failed(struct request *r, uint32_t why)
{
	if (why == REFUSAL_NONE || why >= REFUSAL_MAX)
		return (-1);
	body_free(r);
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
		request_keep(r);
	else
		request_shut(r);
	return (0);
}

static void
gate_compose(uint32_t type, uint32_t id, int fd, const void *data, size_t len)
{
	peer_send(proc_peer(ROLE_KEEPER), type, id, fd, data, len);
}
