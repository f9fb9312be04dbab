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
 * lag socket command [directory]: a client that asks for a shell's command in
 * the current directory, and sends what makes its request complete when a line
 * comes on standard input.  Then it shows what the session says.  With a
 * directory it has that one, of which it asks nothing, says so, and asks for no
 * more than that when a line comes.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

static void
send_it(struct imsgbuf *b, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	if (imsg_compose(b, type, id, fd, data, len) == -1 ||
	    imsgbuf_flush(b) == -1)
		err(1, "imsg_compose");
}

static int
start(const char *path)
{
	struct sockaddr_un sun;
	int s;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if ((s = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    connect(s, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", path);
	return (s);
}

/* Frames of the stream without a terminal, to standard output. */
static void
show(int fd)
{
	unsigned char head[8], buf[65536];
	size_t len;

	if (fcntl(fd, F_SETFL, 0) == -1)
		err(1, "fcntl");
	while (recv(fd, head, sizeof(head), MSG_WAITALL) == sizeof(head)) {
		len = (size_t)head[6] << 8 | head[7];
		if (recv(fd, buf, len, MSG_WAITALL) != (ssize_t)len)
			return;
		(void)write(STDOUT_FILENO, buf, len);
	}
}

int
main(int argc, char *argv[])
{
	struct ctl_start cs;
	struct ctl_error ce;
	struct imsgbuf b;
	struct imsg imsg;
	char line[16];
	int dir, fd, n, status;

	if (argc != 3 && argc != 4)
		errx(64, "usage: lag socket command [directory]");
	memset(&cs, 0, sizeof(cs));
	cs.version = IMSG_VERSION;
	cs.shell = 1;
	if (argc == 4) {
		(void)strlcpy(cs.path, argv[3], sizeof(cs.path));
		if ((dir = open(cs.path, O_PATH)) == -1)
			err(1, "%s", cs.path);
		(void)write(STDOUT_FILENO, "open\n", 5);
		if (read(STDIN_FILENO, line, sizeof(line)) < 1)
			err(1, "read");
	} else if (getcwd(cs.path, sizeof(cs.path)) == NULL ||
	    (dir = open(".", O_RDONLY | O_DIRECTORY)) == -1)
		err(1, ".");
	if (imsgbuf_init(&b, start(argv[1])) == -1)
		err(1, "imsgbuf_init");
	imsgbuf_allow_fdpass(&b, 1, 1);
	send_it(&b, IMSG_CTL_START, 0, dir, &cs, sizeof(cs));
	if (argc == 3) {
		if (read(STDIN_FILENO, line, sizeof(line)) < 1)
			err(1, "read");
		send_it(&b, IMSG_CTL_ARG, 0, -1, "sh", 2);
		send_it(&b, IMSG_CTL_ARG, 1, -1, "-c", 2);
		send_it(&b, IMSG_CTL_ARG, 2, -1, argv[2], strlen(argv[2]));
		send_it(&b, IMSG_CTL_RUN, 0, -1, NULL, 0);
	}
	for (;;) {
		while ((n = imsgbuf_get(&b, &imsg)) == 1) {
			switch (imsg_get_type(&imsg)) {
			case IMSG_CTL_ATTACHED:
				if ((fd = imsg_get_fd(&imsg)) != -1)
					show(fd);
				break;
			case IMSG_CTL_ERROR:
				if (imsg_get_data(&imsg, &ce,
				    sizeof(ce)) == 0)
					errx(ce.code, "%s", ce.text);
				break;
			case IMSG_CTL_EXIT:
				if (imsg_get_data(&imsg, &status,
				    sizeof(status)) == 0)
					exit(status);
			}
			imsg_free(&imsg);
		}
		if (n == -1 || imsgbuf_read(&b) != 1)
			errx(1, "the daemon hung up");
	}
}
