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

#ifndef BRIDGE_H
#define BRIDGE_H

#include <sys/types.h>

#include <openssl/ssl.h>

#include "claudesec.h"

/* a process that has one connection to the engine, and an end of engine's */
struct stream {
	const struct remote *remote;
	int		 local;		/* what goes to and comes from engine */
	int		 status;	/* to the bridge process */
	int		 fd;		/* the engine's, or ssh's */
	SSL		*ssl;		/* or NULL */
	short		 want;		/* of poll(2), for it to go on */
	pid_t		 pid;		/* ssh's, or 0 */
	int		 errfd;		/* ssh's standard error, or -1 */
	char		 said[256];	/* its last line there */
	size_t		 nsaid;
	int		 ended;		/* that is all of it */
	int64_t		 deadline;	/* for all until bytes pass */
};

/* bridge_stream.c: becomes that process, which ends with its stream */
__dead void	 stream_run(const struct remote *, SSL_CTX *, int, int);
__dead void	 stream_fail(struct stream *, int, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));
/* from now on; waits: 0 when time is up */
void		 stream_time(struct stream *, int);
int		 stream_wait(struct stream *, int, short);

/* bridge_tls.c; NULL, and why */
SSL_CTX		*tls_context(const struct remote *, char *const [PEM_MAX],
		    const size_t [PEM_MAX], char [TEXT_MAXLEN]);
void		 tls_connect(struct stream *, SSL_CTX *);
ssize_t		 tls_read(struct stream *, void *, size_t);
ssize_t		 tls_write(struct stream *, const void *, size_t);
int		 tls_shutdown(struct stream *);

/* bridge_ssh.c */
void		 ssh_start(struct stream *);
void		 ssh_drain(struct stream *);
__dead void	 ssh_failed(struct stream *);

#endif /* BRIDGE_H */
