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
 * A call that turns its connection into a raw stream, which is the container
 * engine's own: guard hands it over with the head of the answer.
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
	int		 stream;	/* that came with the head, or -1 */
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
static ssize_t	 hijack_receive(struct hijack *, char *, size_t);
static int	 hijack_text(struct hijack *);
static int	 hijack_complete(const struct hijack *);
static void	 hijack_timeout(int, short, void *);
static void	 hijack_fail(struct hijack *, const char *);
static void	 hijack_done(struct hijack *);
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
	h->stream = -1;
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
		hijack_done(h);
}

/*
 * -1: errno, EAGAIN if more must come; 1: it is a stream, and guard has sent
 * it along; 0: it is an error.
 */
static int
hijack_head(struct hijack *h)
{
	char *end;
	ssize_t n;

	n = hijack_receive(h, h->head + h->headlen, HEAD_MAX - h->headlen);
	if (n <= 0) {
		errno = n == 0 ? EPIPE : errno;
		return (-1);
	}
	h->headlen += (size_t)n;
	h->head[h->headlen] = '\0';
	if ((end = strstr(h->head, "\r\n\r\n")) == NULL) {
		errno = h->headlen < HEAD_MAX ? EAGAIN : EMSGSIZE;
		return (-1);
	}
	if (sscanf(h->head, "HTTP/1.%*1[01] %3d", &h->status) != 1 ||
	    h->status < 100 || (h->status == 101) != (h->stream != -1)) {
		errno = EBADMSG;
		return (-1);
	}
	end += 4;
	h->textlen = h->headlen - (size_t)(end - h->head);
	memcpy(h->text, end, h->textlen);
	if (h->status == 101)
		return (1);
	return (hijack_complete(h));
}

/* There may be a descriptor with it; more than one are not kept. */
static ssize_t
hijack_receive(struct hijack *h, char *buf, size_t len)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct cmsghdr *cmsg;
	struct msghdr msg;
	struct iovec iov;
	size_t i;
	ssize_t n;
	int fd;

	memset(&msg, 0, sizeof(msg));
	iov.iov_base = buf;
	iov.iov_len = len;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.buf;
	msg.msg_controllen = sizeof(control.buf);
	n = recvmsg(h->fd, &msg, MSG_CMSG_CLOEXEC);
	cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (cmsg == NULL || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_RIGHTS)
		return (n);
	/* with its padding there is room for a second one */
	for (i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= cmsg->cmsg_len; i++) {
		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
		if (h->stream == -1)
			h->stream = fd;
		else
			close(fd);
	}
	return (n);
}

/*
 * What the engine says of an error is JSON, and complete with its end, which
 * is sure to come: its last brace, or the end of the file, or the timeout.
 */
static int
hijack_text(struct hijack *h)
{
	ssize_t n;

	if (h->textlen == sizeof(h->text))
		return (1);
	n = recv(h->fd, h->text + h->textlen, sizeof(h->text) - h->textlen,
	    0);
	if (n <= 0)
		return (n == 0 ? 1 : -1);
	h->textlen += (size_t)n;
	return (hijack_complete(h));
}

static int
hijack_complete(const struct hijack *h)
{
	json_t *json;

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
		hijack_done(h);
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
hijack_done(struct hijack *h)
{
	int stream;

	event_del(&h->ev);
	close(h->fd);
	stream = h->stream;
	h->stream = -1;
	h->done(h->arg, h->status, stream, h->text, h->textlen);
	hijack_free(h);
}

static void
hijack_free(struct hijack *h)
{
	event_del(&h->ev);
	event_del(&h->timer);
	if (h->stream != -1)
		close(h->stream);
	freezero(h->request, h->len);
	free(h);
}
