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
 * A call that turns its connection into a raw stream.  The head of the answer
 * is taken off the socket to the byte, so that all that follows it is the
 * stream's, for whoever gets the descriptor.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

#define HEAD_MAX	8192
#define TEXT_MAX	16384	/* below the head of an error */

struct hijack {
	int		 fd;
	struct event	 ev;
	struct event	 timer;
	char		*request;
	size_t		 len, off;
	char		 head[HEAD_MAX + 1];
	size_t		 headlen;
	int		 status;	/* 0: the head is not complete */
	char		 text[TEXT_MAX];
	size_t		 textlen;
	void		 (*done)(void *, int, int, const char *, size_t);
	void		*arg;
};

static void	 hijack_write(int, short, void *);
static void	 hijack_read(int, short, void *);
static int	 hijack_head(struct hijack *);
static int	 hijack_text(struct hijack *);
static void	 hijack_timeout(int, short, void *);
static void	 hijack_fail(struct hijack *, const char *);
static void	 hijack_done(struct hijack *, int);
static void	 hijack_free(struct hijack *);

struct hijack *
hijack_start(int fd, char *request, size_t len, int seconds,
    void (*done)(void *, int, int, const char *, size_t), void *arg)
{
	struct timeval tv;
	struct hijack *h;
	int flags;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		fatal("calloc");
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		fatal("fcntl");
	h->fd = fd;
	h->request = request;
	h->len = len;
	h->done = done;
	h->arg = arg;
	tv.tv_sec = seconds;
	tv.tv_usec = 0;
	evtimer_set(&h->timer, hijack_timeout, h);
	evtimer_add(&h->timer, &tv);
	event_set(&h->ev, fd, EV_WRITE, hijack_write, h);
	event_add(&h->ev, NULL);
	return (h);
}

void
hijack_cancel(struct hijack *h)
{
	close(h->fd);
	hijack_free(h);
}

static void
hijack_write(int fd, short event, void *arg)
{
	struct hijack *h = arg;
	ssize_t n;

	(void)event;
	n = send(fd, h->request + h->off, h->len - h->off, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		hijack_fail(h, "the container engine hung up");
		return;
	}
	if (n > 0)
		h->off += (size_t)n;
	if (h->off == h->len)
		event_set(&h->ev, fd, EV_READ | EV_PERSIST, hijack_read, h);
	event_add(&h->ev, NULL);
}

static void
hijack_read(int fd, short event, void *arg)
{
	struct hijack *h = arg;
	int n;

	(void)fd;
	(void)event;
	n = h->status == 0 ? hijack_head(h) : hijack_text(h);
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		hijack_fail(h, "the container engine hung up");
	else if (n == 1)
		hijack_done(h, h->status == 101 || h->status == 200);
}

/*
 * Looks at what is there, and takes it only as far as it belongs to the head.
 * -1: errno, EAGAIN if more must come; 1: it is a stream; 0: it is an error.
 */
static int
hijack_head(struct hijack *h)
{
	ssize_t n;
	char *end, *p;

	p = h->head + h->headlen;
	n = recv(h->fd, p, HEAD_MAX - h->headlen, MSG_PEEK);
	if (n > 0) {
		/* what has a NUL byte never ends, and grows too large */
		p[n] = '\0';
		end = strstr(h->head, "\r\n\r\n");
		if (end != NULL)
			n = end + 4 - p;
		n = recv(h->fd, p, (size_t)n, 0);
	}
	if (n <= 0) {
		errno = n == 0 ? EPIPE : errno;
		return (-1);
	}
	p[n] = '\0';
	h->headlen += (size_t)n;
	if (strstr(h->head, "\r\n\r\n") == NULL) {
		errno = h->headlen < HEAD_MAX ? EAGAIN : EMSGSIZE;
		return (-1);
	}
	if (sscanf(h->head, "HTTP/1.%*1[01] %3d", &h->status) != 1 ||
	    h->status < 100) {
		errno = EBADMSG;
		return (-1);
	}
	return (h->status == 101 || h->status == 200);
}

/*
 * What the engine says of an error is JSON, and complete with its end, which
 * is sure to come: its last brace, or the end of the file, or the timeout.
 */
static int
hijack_text(struct hijack *h)
{
	json_t *json;
	ssize_t n;

	if (h->textlen == sizeof(h->text))
		return (1);
	n = recv(h->fd, h->text + h->textlen, sizeof(h->text) - h->textlen,
	    0);
	if (n <= 0)
		return (n == 0 ? 1 : -1);
	h->textlen += (size_t)n;
	json = spec_parse(h->text, h->textlen);
	json_decref(json);
	return (json != NULL);
}

static void
hijack_timeout(int fd, short event, void *arg)
{
	struct hijack *h = arg;

	(void)fd;
	(void)event;
	if (h->status != 0)
		hijack_done(h, 0);
	else
		hijack_fail(h, "the container engine does not answer");
}

static void
hijack_fail(struct hijack *h, const char *why)
{
	event_del(&h->ev);
	close(h->fd);
	h->done(h->arg, 0, -1, why, strlen(why));
	hijack_free(h);
}

static void
hijack_done(struct hijack *h, int stream)
{
	event_del(&h->ev);
	if (!stream)
		close(h->fd);
	h->done(h->arg, h->status, stream ? h->fd : -1, h->text, h->textlen);
	hijack_free(h);
}

static void
hijack_free(struct hijack *h)
{
	event_del(&h->ev);
	event_del(&h->timer);
	freezero(h->request, h->len);
	free(h);
}
