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
 * Bodies of requests: the frontend takes them out of the client's framing, to
 * the byte, and gives them to the process that sends them on.
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

#define BODY_ROUNDS	16	/* of one body before the others */

static int	 body_read(struct request *);
static int	 body_read_chunks(struct request *);
static int	 body_frame(struct body *, size_t);
static int	 body_hold(struct body *, const uint8_t *, size_t);
static int	 body_flush(struct body *);
static void	 body_event(int, short, void *);

/* Its descriptor is where it goes, and is closed with it. */
struct body *
body_new(struct request *r, int fd, int is_chunked, uint64_t length)
{
	struct body *b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		fatal("calloc");
	b->fd = fd;
	b->is_chunked = is_chunked;
	b->left = length;
	b->complete = !is_chunked && length == 0;
	event_set(&b->ev, b->fd, EV_WRITE, body_event, r);
	r->body = b;
	return (b);
}

/* Moves what there is of it, as far as it is taken. */
enum body_result
body_move(struct request *r)
{
	struct body *b;
	int i, n;

	b = r->body;
	for (i = 0; i < BODY_ROUNDS; i++) {
		if ((n = body_flush(b)) == -1)
			return (BODY_STOPPED);
		if (n == 0) {
			request_unwatch(r);
			if (!b->watched)
				event_add(&b->ev, NULL);
			b->watched = 1;
			return (BODY_WAITS);
		}
		if (b->complete)
			return (BODY_SENT);
		n = b->is_chunked ? body_read_chunks(r) : body_read(r);
		if (n == -1)
			return (b->wrong ? BODY_WRONG : BODY_GONE);
		if (n == 0)
			break;
	}
	request_watch(r, 1);
	return (BODY_WAITS);
}

/* 1: something was read; 0: not now; -1: the client is gone. */
static int
body_read(struct request *r)
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
	return (body_hold(b, peeked, (size_t)n));
}

/* To the byte: what comes behind the last chunk is another request. */
static int
body_read_chunks(struct request *r)
{
	static uint8_t taken[sizeof(peeked)];
	struct body *b;
	size_t len;
	ssize_t n;

	b = r->body;
	n = recv(r->fd, peeked, sizeof(peeked), MSG_PEEK);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0)
		return (-1);
	if ((n = chunked_decode(&b->chunked, peeked, (size_t)n, &len)) == -1) {
		b->wrong = 1;
		return (-1);
	}
	if (recv(r->fd, taken, (size_t)n, 0) != n)
		return (-1);
	b->complete = chunked_done(&b->chunked);
	return (b->encode ? body_frame(b, len) : body_hold(b, peeked, len));
}

/* A chunk of our own of what is in peeked. */
static int
body_frame(struct body *b, size_t len)
{
	static char framed[CHUNK_HEAD + sizeof(peeked) + 2 + LAST_CHUNK_LEN];
	size_t head, n;

	head = n = 0;
	memcpy(framed + CHUNK_HEAD, peeked, len);
	if (len > 0) {
		head = chunked_frame(framed + CHUNK_HEAD, len);
		n = len + 2;
	}
	if (b->complete) {
		memcpy(framed + CHUNK_HEAD + n, LAST_CHUNK, LAST_CHUNK_LEN);
		n += LAST_CHUNK_LEN;
	}
	return (body_hold(b, (uint8_t *)framed + CHUNK_HEAD - head, head + n));
}

/* What cannot be sent at once. */
static int
body_hold(struct body *b, const uint8_t *data, size_t len)
{
	ssize_t n;

	n = len == 0 ? 0 : send(b->fd, data, len, MSG_NOSIGNAL);
	if (n == -1)
		n = 0;		/* body_flush() will see why */
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

/* 1: nothing is held; 0: some is; -1: it is wanted no more. */
static int
body_flush(struct body *b)
{
	ssize_t n;

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
body_event(int fd, short event, void *arg)
{
	struct request *r = arg;

	(void)fd;
	(void)event;
	r->body->watched = 0;
	request_run(r);
}

void
body_free(struct request *r)
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
