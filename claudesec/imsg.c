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

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"

#define IMSG_READSIZE	65536

struct imsg_fdref {
	size_t		 off;		/* in wbuf, where its message starts */
	int		 fd;
};

static int	 imsgbuf_take_fds(struct imsgbuf *, struct msghdr *);
static int	 imsgbuf_grow(struct imsgbuf *, size_t);

int
imsgbuf_init(struct imsgbuf *b, int fd)
{
	memset(b, 0, sizeof(*b));
	b->fd = fd;
	b->rbuf = malloc(IMSG_READSIZE);
	return (b->rbuf == NULL ? -1 : 0);
}

void
imsgbuf_allow_fdpass(struct imsgbuf *b, int sendfd, int recvfd)
{
	b->sendfd = sendfd;
	b->recvfd = recvfd;
}

int
imsgbuf_read(struct imsgbuf *b)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} cmsg;
	struct msghdr msg;
	struct iovec iov;
	ssize_t n;

	if (b->roff > 0) {
		memmove(b->rbuf, b->rbuf + b->roff, b->rlen - b->roff);
		explicit_bzero(b->rbuf + b->rlen - b->roff, b->roff);
		b->rlen -= b->roff;
		b->roff = b->rwiped = 0;
	}
	if (b->rlen == IMSG_READSIZE) {
		errno = ENOBUFS;	/* the caller takes no message */
		return (-1);
	}
	memset(&msg, 0, sizeof(msg));
	iov.iov_base = b->rbuf + b->rlen;
	iov.iov_len = IMSG_READSIZE - b->rlen;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &cmsg.buf;
	msg.msg_controllen = CMSG_LEN(sizeof(int));
	if (b->recvfd)
		n = recvmsg(b->fd, &msg, MSG_CMSG_CLOEXEC);
	else
		n = recv(b->fd, iov.iov_base, iov.iov_len, 0);
	if (n == -1)
		return (errno == EAGAIN || errno == EINTR ? 1 : -1);
	if (b->recvfd && imsgbuf_take_fds(b, &msg) == -1)
		return (-1);
	if (n == 0)
		return (0);
	b->rlen += (size_t)n;
	return (1);
}

/*
 * A sender puts one descriptor in a sendmsg(2), so there is room for one:
 * when the kernel says that it had to drop some, the peer is not of ours.
 */
static int
imsgbuf_take_fds(struct imsgbuf *b, struct msghdr *msg)
{
	struct cmsghdr *c;
	size_t i, n;
	int bad, fd;

	bad = (msg->msg_flags & MSG_CTRUNC) != 0;
	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(fd));
			if (b->nrfds == IMSG_MAXFDS) {
				close(fd);
				bad = 1;
				continue;
			}
			b->rfds[b->nrfds++] = fd;
		}
	}
	if (bad) {
		errno = EBADMSG;
		return (-1);
	}
	return (0);
}

/* What was taken before may have been a secret. */
int
imsgbuf_get(struct imsgbuf *b, struct imsg *imsg)
{
	size_t left;

	explicit_bzero(b->rbuf + b->rwiped, b->roff - b->rwiped);
	b->rwiped = b->roff;
	left = b->rlen - b->roff;
	imsg->fd = -1;
	if (left == 0 && b->nrfds > 0)
		goto bad;	/* descriptors that belong to no message */
	if (left < IMSG_HEADER_SIZE)
		return (0);
	memcpy(&imsg->hdr, b->rbuf + b->roff, IMSG_HEADER_SIZE);
	if (imsg->hdr.len < IMSG_HEADER_SIZE || imsg->hdr.len > IMSG_MAXSIZE ||
	    (imsg->hdr.flags & ~IMSG_HASFD) != 0)
		goto bad;
	if (left < imsg->hdr.len)
		return (0);
	if (imsg->hdr.flags & IMSG_HASFD) {
		if (b->nrfds == 0)
			goto bad;
		imsg->fd = b->rfds[0];
		b->nrfds--;
		memmove(b->rfds, b->rfds + 1, b->nrfds * sizeof(b->rfds[0]));
	}
	imsg->data = b->rbuf + b->roff + IMSG_HEADER_SIZE;
	imsg->datalen = imsg->hdr.len - IMSG_HEADER_SIZE;
	b->roff += imsg->hdr.len;
	return (1);
 bad:
	errno = EBADMSG;
	return (-1);
}

void
imsg_free(struct imsg *imsg)
{
	if (imsg->fd != -1)
		close(imsg->fd);
	imsg->fd = -1;
}

static int
imsgbuf_grow(struct imsgbuf *b, size_t len)
{
	unsigned char *p;
	size_t i, need;

	if (b->woff > 0 && (b->woff == b->wlen || b->wsize - b->wlen < len)) {
		memmove(b->wbuf, b->wbuf + b->woff, b->wlen - b->woff);
		for (i = 0; i < b->nwfds; i++)
			b->wfds[i].off -= b->woff;
		b->wlen -= b->woff;
		b->woff = 0;
	}
	if (b->wsize - b->wlen >= len)
		return (0);
	need = b->wsize == 0 ? 4096 : b->wsize;
	while (need - b->wlen < len)
		need *= 2;
	/* not realloc(3): what moves may be a secret */
	if ((p = malloc(need)) == NULL)
		return (-1);
	if (b->wbuf != NULL) {
		memcpy(p, b->wbuf, b->wlen);
		freezero(b->wbuf, b->wsize);
	}
	b->wbuf = p;
	b->wsize = need;
	return (0);
}

int
imsg_compose(struct imsgbuf *b, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	struct imsg_fdref *refs;
	struct imsg_hdr hdr;

	if (len > IMSG_MAXSIZE - IMSG_HEADER_SIZE) {
		errno = EMSGSIZE;
		return (-1);
	}
	if (fd != -1 && !b->sendfd) {
		errno = EINVAL;
		return (-1);
	}
	if (imsgbuf_grow(b, IMSG_HEADER_SIZE + len) == -1)
		return (-1);
	if (fd != -1 && b->nwfds == b->wfdsize) {
		refs = reallocarray(b->wfds, b->wfdsize + 32, sizeof(*refs));
		if (refs == NULL)
			return (-1);
		b->wfds = refs;
		b->wfdsize += 32;
	}
	if (fd != -1) {
		b->wfds[b->nwfds].off = b->wlen;
		b->wfds[b->nwfds++].fd = fd;
	}
	memset(&hdr, 0, sizeof(hdr));
	hdr.type = type;
	hdr.id = id;
	hdr.len = (uint16_t)(IMSG_HEADER_SIZE + len);
	hdr.flags = fd != -1 ? IMSG_HASFD : 0;
	memcpy(b->wbuf + b->wlen, &hdr, sizeof(hdr));
	b->wlen += sizeof(hdr);
	if (len > 0)
		memcpy(b->wbuf + b->wlen, data, len);
	b->wlen += len;
	return (0);
}

/*
 * A message with a descriptor starts a sendmsg(2) of its own, which ends
 * before the next such message.  The kernel delivers a descriptor with the
 * first byte sent, so a reader always finds it beside its own message,
 * however the bytes are cut, and one that belongs to none is seen at once.
 */
int
imsgbuf_write(struct imsgbuf *b)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} cmsg;
	struct msghdr msg;
	struct iovec iov;
	size_t end, hasfd;
	ssize_t n;

	while (b->wlen > b->woff) {
		hasfd = b->nwfds > 0 && b->wfds[0].off == b->woff;
		end = hasfd < b->nwfds ? b->wfds[hasfd].off : b->wlen;
		memset(&msg, 0, sizeof(msg));
		iov.iov_base = b->wbuf + b->woff;
		iov.iov_len = end - b->woff;
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		if (hasfd) {
			memset(&cmsg, 0, sizeof(cmsg));
			msg.msg_control = &cmsg.buf;
			msg.msg_controllen = sizeof(cmsg.buf);
			cmsg.hdr.cmsg_level = SOL_SOCKET;
			cmsg.hdr.cmsg_type = SCM_RIGHTS;
			cmsg.hdr.cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(&cmsg.hdr), &b->wfds[0].fd,
			    sizeof(int));
		}
		if (hasfd)
			n = sendmsg(b->fd, &msg, MSG_NOSIGNAL);
		else
			n = send(b->fd, iov.iov_base, iov.iov_len,
			    MSG_NOSIGNAL);
		if (n == -1) {
			if (errno == EINTR)
				continue;
			return (errno == EAGAIN ? 0 : -1);
		}
		if (hasfd) {
			close(b->wfds[0].fd);
			b->nwfds--;
			memmove(b->wfds, b->wfds + 1,
			    b->nwfds * sizeof(b->wfds[0]));
		}
		explicit_bzero(b->wbuf + b->woff, (size_t)n);
		b->woff += (size_t)n;
	}
	b->woff = b->wlen = 0;
	return (0);
}

int
imsgbuf_flush(struct imsgbuf *b)
{
	struct pollfd pfd;

	for (;;) {
		if (imsgbuf_write(b) == -1)
			return (-1);
		if (imsgbuf_queuelen(b) == 0)
			return (0);
		pfd.fd = b->fd;
		pfd.events = POLLOUT;
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			return (-1);
	}
}

size_t
imsgbuf_queuelen(const struct imsgbuf *b)
{
	return (b->wlen - b->woff);
}

void
imsgbuf_clear(struct imsgbuf *b)
{
	size_t i;

	for (i = 0; i < b->nrfds; i++)
		close(b->rfds[i]);
	for (i = 0; i < b->nwfds; i++)
		close(b->wfds[i].fd);
	/* what was never used has no memory yet, and should not get any */
	if (b->rbuf != NULL)
		explicit_bzero(b->rbuf + b->rwiped, b->rlen - b->rwiped);
	free(b->rbuf);
	freezero(b->wbuf, b->wsize);
	free(b->wfds);
	memset(b, 0, sizeof(*b));
	b->fd = -1;
}

uint32_t
imsg_get_type(const struct imsg *imsg)
{
	return (imsg->hdr.type);
}

uint32_t
imsg_get_id(const struct imsg *imsg)
{
	return (imsg->hdr.id);
}

size_t
imsg_get_len(const struct imsg *imsg)
{
	return (imsg->datalen);
}

int
imsg_get_data(const struct imsg *imsg, void *buf, size_t len)
{
	if (imsg->datalen != len) {
		errno = EBADMSG;
		return (-1);
	}
	memcpy(buf, imsg->data, len);
	return (0);
}

int
imsg_get_string(const struct imsg *imsg, char *buf, size_t size)
{
	size_t len;

	len = imsg->datalen;
	if (len > 0 && imsg->data[len - 1] == '\0')
		len--;
	if (len == 0 || len >= size ||
	    memchr(imsg->data, '\0', len) != NULL) {
		errno = EBADMSG;
		return (-1);
	}
	memcpy(buf, imsg->data, len);
	buf[len] = '\0';
	return (0);
}

int
imsg_get_fd(struct imsg *imsg)
{
	int fd;

	fd = imsg->fd;
	imsg->fd = -1;
	return (fd);
}

const char *
imsg_check(const struct imsg_rule *rules, const struct imsg *imsg,
    unsigned int from, unsigned int to, uint32_t state)
{
	const struct imsg_rule *r;

	for (r = rules; r->name != NULL; r++)
		if (r->type == imsg->hdr.type)
			break;
	if (r->name == NULL)
		return ("unknown type");
	if ((r->from & (1U << from)) == 0)
		return ("not from this sender");
	if ((r->to & (1U << to)) == 0)
		return ("not for this receiver");
	if ((r->states & state) == 0)
		return ("not in this state");
	if (imsg->datalen < r->min)
		return ("too short");
	if (imsg->datalen > r->max)
		return ("too long");
	if (r->fd == IMSG_FD && imsg->fd == -1)
		return ("descriptor missing");
	if (r->fd == IMSG_NOFD && imsg->fd != -1)
		return ("descriptor not expected");
	return (NULL);
}

int
imsg_passes_fd(const struct imsg_rule *rules, unsigned int from,
    unsigned int to, uint32_t state)
{
	const struct imsg_rule *r;

	for (r = rules; r->name != NULL; r++)
		if (r->fd != IMSG_NOFD && (r->from & (1U << from)) != 0 &&
		    (r->to & (1U << to)) != 0 && (r->states & state) != 0)
			return (1);
	return (0);
}

int
imsg_is_string(const char *s, size_t size)
{
	return (s[0] != '\0' && memchr(s, '\0', size) != NULL);
}
