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
 * unread socket name: a client that asks for streams to ports of a session,
 * and reads no answer.  It asks for as many as it may, for as many again when
 * a line comes on standard input, and says whether the daemon hangs up then.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

#define WAIT	60000	/* milliseconds */

/* A port that nobody listens on. */
static void
ask(struct imsgbuf *b)
{
	const uint32_t port = 1;
	uint32_t i;

	for (i = 0; i < STREAMS_MAX; i++)
		if (imsg_compose(b, IMSG_CTL_CONNECT, i, -1, &port,
		    sizeof(port)) == -1)
			err(1, "imsg_compose");
	/* who has been hung up on sees that when reading */
	(void)imsgbuf_flush(b);
}

int
main(int argc, char *argv[])
{
	struct ctl_request r;
	struct sockaddr_un sun;
	struct imsgbuf b;
	struct pollfd pfd;
	char buf[4096];
	int s;

	if (argc != 3)
		errx(64, "usage: unread socket name");
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[1]);
	memset(&r, 0, sizeof(r));
	r.version = IMSG_VERSION;
	(void)snprintf(r.name, sizeof(r.name), "%s", argv[2]);
	if ((s = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    connect(s, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", argv[1]);
	if (imsgbuf_init(&b, s) == -1 || imsg_compose(&b, IMSG_CTL_PORTS, 0,
	    -1, &r, sizeof(r)) == -1)
		err(1, "imsg_compose");
	ask(&b);
	if (read(STDIN_FILENO, buf, sizeof(buf)) < 1)
		err(1, "read");
	ask(&b);
	/* the end of the connection, and what came before it */
	pfd.fd = s;
	pfd.events = POLLRDHUP;
	if (poll(&pfd, 1, WAIT) != 1)
		errx(1, "the daemon does not hang up");
	return (0);
}
