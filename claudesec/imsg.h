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

#ifndef IMSG_H
#define IMSG_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#define IMSG_HEADER_SIZE	sizeof(struct imsg_hdr)
#define IMSG_MAXSIZE		16384	/* header and data of one message */
#define IMSG_MAXFDS		8	/* descriptors read and not taken yet */

/*
 * A message: 12 bytes of header in host byte order, then data.  The flag
 * IMSG_HASFD says that the next descriptor of the stream belongs to it.
 */
struct imsg_hdr {
	uint32_t	 type;
	uint32_t	 id;
	uint16_t	 len;		/* header included */
	uint16_t	 flags;
};
#define IMSG_HASFD	0x0001

struct imsg {
	struct imsg_hdr	 hdr;
	const unsigned char *data;	/* valid until the next imsgbuf_get() */
	size_t		 datalen;
	int		 fd;		/* -1, or unclaimed */
};

struct imsg_fdref;

struct imsgbuf {
	int		 fd;
	int		 sendfd, recvfd;	/* may descriptors pass? */
	/* what was read and is not taken yet */
	unsigned char	*rbuf;
	size_t		 rlen, roff;
	size_t		 rwiped;	/* so much of what was taken */
	int		 rfds[IMSG_MAXFDS];
	size_t		 nrfds;
	/* what is to be written, and the descriptors that go with it */
	unsigned char	*wbuf;
	size_t		 wlen, woff, wsize;
	struct imsg_fdref *wfds;
	size_t		 nwfds, wfdsize;
};

/*
 * What a receiver accepts.  A table of these, one row a message type, says
 * who may send it to whom, in which of the receiver's states, how long its data
 * may be, and whether a descriptor must come with it (IMSG_FD) or may
 * (IMSG_FDOPT).
 */
struct imsg_rule {
	uint32_t	 type;
	const char	*name;
	uint32_t	 from, to;	/* bits, 1 << role */
	uint32_t	 states;	/* bits, the program's own */
	size_t		 min, max;	/* bytes of data */
	int		 fd;
};
#define IMSG_NOFD	0
#define IMSG_FD		1
#define IMSG_FDOPT	2

/*
 * imsgbuf_init() takes a connected stream socket, which stays the caller's
 * to close after imsgbuf_clear().  It fails with -1 (ENOMEM).  Descriptors
 * are neither sent nor taken unless imsgbuf_allow_fdpass() said so last
 * (send, receive), and no sendmsg(2) or recvmsg(2) is called before that.
 */
int	 imsgbuf_init(struct imsgbuf *, int);
void	 imsgbuf_allow_fdpass(struct imsgbuf *, int, int);
/*
 * Reads once.  1: something came, or nothing is there now; 0: end of file;
 * -1: errno, EBADMSG for descriptors that no message claims or may claim.
 */
int	 imsgbuf_read(struct imsgbuf *);
/*
 * imsgbuf_write() writes once what is queued: 0 done or EAGAIN (ask
 * imsgbuf_queuelen()), -1 error.  imsgbuf_flush() blocks until all is
 * written; for set-up and for the client only.
 */
int	 imsgbuf_write(struct imsgbuf *);
int	 imsgbuf_flush(struct imsgbuf *);
size_t	 imsgbuf_queuelen(const struct imsgbuf *);
/* Closes and frees everything unread and unsent; wipes it first. */
void	 imsgbuf_clear(struct imsgbuf *);
/*
 * The next whole message: 1 and the message, 0 none yet, -1 with EBADMSG for
 * a header that lies or a descriptor that is missing or too many.
 */
int	 imsgbuf_get(struct imsgbuf *, struct imsg *);
/* Closes the descriptor if nobody claimed it. */
void	 imsg_free(struct imsg *);

/*
 * Queue a message.  The descriptor, unless -1, is ours after success and is
 * closed when it was sent; after -1 (ENOMEM, EMSGSIZE, EINVAL for a
 * descriptor on a channel that does not pass any) it is still the caller's.
 */
int	 imsg_compose(struct imsgbuf *, uint32_t, uint32_t, int, const void *,
	    size_t);

uint32_t imsg_get_type(const struct imsg *);
uint32_t imsg_get_id(const struct imsg *);
size_t	 imsg_get_len(const struct imsg *);
/* Copies the data out if it has exactly this length: 0, else -1 (EBADMSG). */
int	 imsg_get_data(const struct imsg *, void *, size_t);
/*
 * Copies the data out as a string: it must be 1 to size - 1 bytes without a
 * NUL, or end in its only NUL.  0, else -1 (EBADMSG).
 */
int	 imsg_get_string(const struct imsg *, char *, size_t);
/* Hands the descriptor over, once; -1 if there is none. */
int	 imsg_get_fd(struct imsg *);
/*
 * Judges a message by a table that ends with a row of name NULL, for a sender
 * and a receiver, by role, and the receiver's state.  NULL: it may pass; else
 * what is wrong with it, for the log.
 */
const char *imsg_check(const struct imsg_rule *, const struct imsg *,
	    unsigned int, unsigned int, uint32_t);
/* Does the table let a descriptor pass from one role to the other then? */
int	 imsg_passes_fd(const struct imsg_rule *, unsigned int, unsigned int,
	    uint32_t);
/* A fixed array from a message: 1 if it is a string, and not empty. */
int	 imsg_is_string(const char *, size_t);

#endif /* IMSG_H */
