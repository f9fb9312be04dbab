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
 * The relay's moving of bytes.  The functions that return -1 have ended the
 * tunnel, which must not be touched any more.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxyd.h"
#include "relay.h"

#define HELD_MAX	(64 * 1024 * 1024) /* of all that cannot be written */
#define HELD_SHARE	1024	/* of a descriptor, if that is less */
#define PIPES_MAX	64
#define PIPE_SIZE	(256 * 1024)
#define ROUNDS_MAX	8	/* of one flow before the others */

static int	 flow_write(struct tunnel *, int);
static int	 flow_read(struct tunnel *, int);
static int	 flow_copy(struct tunnel *, int);
static int	 flow_splice(struct tunnel *, int);
static int	 flow_error(struct tunnel *, int);
static struct rpipe *pipe_get(void);
static void	 pipe_put(struct rpipe *, size_t);

static SLIST_HEAD(, rpipe) pipes = SLIST_HEAD_INITIALIZER(pipes);
static unsigned int	 npipes, pipes_max;
static size_t		 held, held_max;

char			 relay_buf[RELAY_BUF_SIZE];

void
flow_init(void)
{
	pipes_max = (unsigned int)getdtablesize() / 16;
	if (pipes_max > PIPES_MAX)
		pipes_max = PIPES_MAX;
	held_max = (size_t)getdtablesize() * HELD_SHARE;
	if (held_max > HELD_MAX)
		held_max = HELD_MAX;
}

/* Reads and writes until one of them would wait, or others should have a go. */
int
flow_run(struct tunnel *t, int i)
{
	struct flow *f;
	int more, rounds;

	f = &t->flows[i];
	for (rounds = 0, more = 1; ; rounds++) {
		if (flow_write(t, i) == -1)
			return (-1);
		if (f->leftlen > 0 || f->piped > 0)
			return (0);
		if (f->eof || !more || rounds == ROUNDS_MAX)
			break;
		if ((more = flow_read(t, i)) == -1)
			return (-1);
	}
	if (f->piped == 0 && f->pipe != NULL) {
		pipe_put(f->pipe, 0);
		f->pipe = NULL;
	}
	if (!f->eof || f->shut)
		return (0);
	f->shut = 1;
	if (t->flows[!i].shut) {
		tunnel_end(t, RESET_NONE, "closed");
		return (-1);
	}
	if (shutdown(t->sides[!i].fd, SHUT_WR) == -1)
		return (flow_error(t, !i));
	return (0);
}

/* Writes what was read before, as far as that goes. */
static int
flow_write(struct tunnel *t, int i)
{
	struct flow *f;
	ssize_t n;
	int fd;

	f = &t->flows[i];
	fd = t->sides[!i].fd;
	while (f->leftlen > 0) {
		n = send(fd, f->left + f->leftoff, f->leftlen, MSG_NOSIGNAL);
		if (n == -1)
			return (flow_error(t, !i));
		f->leftoff += (size_t)n;
		f->leftlen -= (size_t)n;
		held -= (size_t)n;
	}
	free(f->left);
	f->left = NULL;
	f->leftoff = 0;
#ifdef SPLICE_F_MOVE
	while (f->piped > 0) {
		n = splice(f->pipe->fd[0], NULL, fd, NULL, f->piped,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n == -1)
			return (flow_error(t, !i));
		f->piped -= (size_t)n;
	}
#endif
	return (0);
}

/* 1: there may be more to read, 0: there is not now. */
static int
flow_read(struct tunnel *t, int i)
{
	struct flow *f;

	f = &t->flows[i];
	if (f->fast && f->pipe == NULL)
		f->pipe = pipe_get();
	return (f->pipe != NULL ? flow_splice(t, i) : flow_copy(t, i));
}

static int
flow_copy(struct tunnel *t, int i)
{
	struct flow *f;
	ssize_t n, w;

	f = &t->flows[i];
	n = recv(t->sides[i].fd, relay_buf, sizeof(relay_buf), 0);
	if (n == -1)
		return (flow_error(t, i));
	if (n == 0) {
		f->eof = 1;
		return (1);
	}
	f->bytes += (size_t)n;
	f->fast = (size_t)n == sizeof(relay_buf);
	w = send(t->sides[!i].fd, relay_buf, (size_t)n, MSG_NOSIGNAL);
	if (w == -1) {
		if (errno != EAGAIN && errno != EINTR)
			return (flow_error(t, !i));
		w = 0;
	}
	if (w < n && flow_hold(t, i, relay_buf + w, (size_t)(n - w)) == -1) {
		tunnel_end(t, RESET_BOTH, "no memory");
		return (-1);
	}
	return (f->fast);
}

static int
flow_splice(struct tunnel *t, int i)
{
#ifdef SPLICE_F_MOVE
	struct flow *f;
	ssize_t n;

	f = &t->flows[i];
	n = splice(t->sides[i].fd, NULL, f->pipe->fd[1], NULL, f->pipe->size,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n == -1)
		return (flow_error(t, i));
	if (n == 0) {
		f->eof = 1;
		return (1);
	}
	f->bytes += (size_t)n;
	f->piped = (size_t)n;
	f->fast = (size_t)n >= RELAY_BUF_SIZE;
	return (1);
#else
	return (flow_copy(t, i));
#endif
}

/*
 * A call on a side failed.  That it would have to wait is no error; else the
 * other side is told as we were.
 */
static int
flow_error(struct tunnel *t, int i)
{
	if (errno == EAGAIN || errno == EINTR)
		return (0);
	tunnel_end(t, 1 << !i, errno == ETIMEDOUT ? (i == CLIENT ?
	    "the client is gone" : "the server is gone") :
	    (i == CLIENT ? "reset by the client" : "reset by the server"));
	return (-1);
}

/* A side that has said its last: was it reset? */
int
flow_reset(struct tunnel *t, int i)
{
	socklen_t len;
	int error;

	len = sizeof(error);
	if (getsockopt(t->sides[i].fd, SOL_SOCKET, SO_ERROR, &error,
	    &len) == -1 || error == 0)
		return (0);
	errno = error;
	return (flow_error(t, i));
}

/* Where there is no room, whoever has taken nothing for longest makes it. */
int
flow_hold(struct tunnel *t, int i, const char *data, size_t len)
{
	struct flow *f;
	char *p;

	f = &t->flows[i];
	while (held + len > held_max)
		if (!tunnel_yield(t))
			return (-1);
	if ((p = realloc(f->left, f->leftoff + f->leftlen + len)) == NULL)
		return (-1);
	memcpy(p + f->leftoff + f->leftlen, data, len);
	f->left = p;
	f->leftlen += len;
	held += len;
	return (0);
}

/* The first of what is held was not for the other side; the rest is. */
void
flow_drop(struct flow *f, size_t len)
{
	held -= len;
	f->leftoff += len;
	f->leftlen -= len;
	f->bytes = f->leftlen;
	if (f->leftlen == 0)
		flow_release(f);
}

void
flow_release(struct flow *f)
{
	held -= f->leftlen;
	free(f->left);
	f->left = NULL;
	f->leftlen = f->leftoff = 0;
	if (f->pipe != NULL)
		pipe_put(f->pipe, f->piped);
	f->pipe = NULL;
	f->piped = 0;
}

/* NULL if all are in use; the buffer serves as well. */
static struct rpipe *
pipe_get(void)
{
#ifdef SPLICE_F_MOVE
	struct rpipe *p;
	int size;

	if ((p = SLIST_FIRST(&pipes)) != NULL) {
		SLIST_REMOVE_HEAD(&pipes, entry);
		return (p);
	}
	if (npipes == pipes_max || (p = malloc(sizeof(*p))) == NULL)
		return (NULL);
	if (pipe2(p->fd, O_CLOEXEC | O_NONBLOCK) == -1) {
		free(p);
		return (NULL);
	}
	/* smaller where the system has no more for us */
	if ((size = fcntl(p->fd[0], F_SETPIPE_SZ, PIPE_SIZE)) == -1 &&
	    (size = fcntl(p->fd[0], F_GETPIPE_SZ)) == -1)
		size = RELAY_BUF_SIZE;
	p->size = (size_t)size;
	npipes++;
	return (p);
#else
	return (NULL);
#endif
}

/* A pipe that is not empty is of no use to others. */
static void
pipe_put(struct rpipe *p, size_t piped)
{
	if (piped == 0) {
		SLIST_INSERT_HEAD(&pipes, p, entry);
		return;
	}
	close(p->fd[0]);
	close(p->fd[1]);
	free(p);
	npipes--;
}
