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
 * The client's pure parts: frames of the stream without a terminal, and
 * arguments in pieces.
 */

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../claudesec/review.h"
#include "exact.h"
#include "unit.h"

#define OUT_MAX	1024

/* what claudesec.c has and these tests do not need */
const struct proc_role proc_roles[] = { { NULL, NULL, NULL } };

void
key_get(struct env_list *list, const char *path, int fd)
{
	(void)list;
	(void)path;
	(void)fd;
	abort();
}

void
credentials_free(struct env_list *list)
{
	(void)list;
	abort();
}

int
daemon_private(const char *path)
{
	(void)path;
	return (-1);
}

void
client_apply(int argc, char *argv[])
{
	(void)argc;
	(void)argv;
	abort();
}

void
client_diff(int argc, char *argv[])
{
	client_apply(argc, argv);
}

void
client_drop(int argc, char *argv[])
{
	client_apply(argc, argv);
}

int
review_begin(char path[PATH_MAX], const char *name, int from)
{
	(void)path;
	(void)name;
	(void)from;
	abort();
}

void
review_prepare(void)
{
	abort();
}

void
review_end(const char *origin)
{
	(void)origin;
	abort();
}

void
review_each(void (*f)(const struct review *))
{
	(void)f;
	abort();
}

/* what came out of the frames, by descriptor */
struct shown {
	char	 text[3][OUT_MAX];
	size_t	 len[3];
};

/*
 * Uses the frames as term.c does; the bytes lie in memory of just their size.
 */
static int
feed(struct demux *d, const void *data, size_t len, struct shown *s)
{
	unsigned char *copy, *p;
	size_t take;
	ssize_t n;
	int error;

	error = 0;
	for (p = copy = exact(data, len); len > 0; p += take, len -= take) {
		if (d->left == 0) {
			if ((n = demux(d, p, len)) == -1 || n == 0) {
				error = -1;
				break;
			}
			take = (size_t)n;
			continue;
		}
		take = len < d->left ? len : d->left;
		if (d->fd < 1 || d->fd > 2 ||
		    take > OUT_MAX - s->len[d->fd]) {
			error = -1;
			break;
		}
		memcpy(s->text[d->fd] + s->len[d->fd], p, take);
		s->len[d->fd] += take;
		d->left -= take;
	}
	free(copy);
	return (error);
}

static size_t
add_frame(unsigned char *buf, size_t off, int fd, const char *text)
{
	size_t len;

	len = strlen(text);
	memset(buf + off, 0, 8);
	buf[off] = (unsigned char)fd;
	buf[off + 6] = (unsigned char)(len >> 8);
	buf[off + 7] = (unsigned char)len;
	memcpy(buf + off + 8, text, len);
	return (off + 8 + len);
}

static size_t
make_stream(unsigned char *buf, char *text)
{
	size_t len;

	memset(text, 'x', 300);
	text[300] = '\0';
	len = add_frame(buf, 0, 1, "out");
	len = add_frame(buf, len, 2, "error");
	len = add_frame(buf, len, 1, "");
	len = add_frame(buf, len, 2, "\001\002");
	len = add_frame(buf, len, 1, text);
	return (add_frame(buf, len, 1, "end"));
}

static int
is_shown(const struct shown *s, const char *text)
{
	return (s->len[0] == 0 && s->len[1] == 306 && s->len[2] == 7 &&
	    memcmp(s->text[1], "out", 3) == 0 &&
	    memcmp(s->text[1] + 3, text, 300) == 0 &&
	    memcmp(s->text[1] + 303, "end", 3) == 0 &&
	    memcmp(s->text[2], "error\001\002", 7) == 0);
}

static void
test_split(void)
{
	unsigned char buf[OUT_MAX];
	char text[301];
	struct demux d;
	struct shown s;
	size_t i, len;
	int good;

	len = make_stream(buf, text);
	for (good = 1, i = 0; good && i <= len; i++) {
		memset(&d, 0, sizeof(d));
		memset(&s, 0, sizeof(s));
		good = feed(&d, buf, i, &s) == 0 &&
		    feed(&d, buf + i, len - i, &s) == 0 && is_shown(&s, text);
	}
	CASE(good, "frames split in two", "at byte %zu", i - 1);

	memset(&d, 0, sizeof(d));
	memset(&s, 0, sizeof(s));
	for (good = 1, i = 0; good && i < len; i++)
		good = feed(&d, buf + i, 1, &s) == 0;
	CASE(good && is_shown(&s, text), "frames byte by byte", "at byte %zu",
	    i);
}

/*
 * A header with one byte wrong is refused when it is complete, however it
 * comes, and shows nothing.
 */
static void
test_bad(size_t at, int value, const char *name)
{
	unsigned char buf[64];
	struct demux d;
	struct shown s;
	size_t i, len;
	int good;

	len = add_frame(buf, 0, 1, "text");
	buf[at] = (unsigned char)value;
	for (good = 1, i = 0; good && i < 8; i++) {
		memset(&d, 0, sizeof(d));
		memset(&s, 0, sizeof(s));
		good = feed(&d, buf, i, &s) == 0 &&
		    feed(&d, buf + i, len - i, &s) == -1 &&
		    s.len[0] + s.len[1] + s.len[2] == 0;
	}
	CASE(good, name, "split at byte %zu", i - 1);
}

static void
test_length(void)
{
	static const unsigned char head[] = { 2, 0, 0, 0, 0xff, 0xff, 0xff,
	    0xff };
	struct demux d;

	memset(&d, 0, sizeof(d));
	CASE(demux(&d, head, sizeof(head)) == 8 && d.fd == 2 &&
	    d.left == 0xffffffffUL, "the longest frame", "left %zu", d.left);
}

/*
 * Sends one argument and puts it together again.  Returns how many messages
 * it took, or -1.
 */
static int
arg_pieces(uint32_t id, const char *arg)
{
	struct imsgbuf in, out;
	struct imsg imsg;
	char *got;
	size_t len, size;
	int n, ok, sv[2];

	size = strlen(arg);
	len = 0;
	n = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == -1 ||
	    imsgbuf_init(&in, sv[0]) == -1 ||
	    imsgbuf_init(&out, sv[1]) == -1 ||
	    (got = malloc(size + 1)) == NULL)
		exit(2);
	ok = client_compose_arg(&out, id, arg) == 0;
	while (ok && (n == 0 || len < size)) {
		if (imsgbuf_write(&out) == -1 || imsgbuf_read(&in) != 1)
			ok = 0;
		while (ok && imsgbuf_get(&in, &imsg) == 1) {
			ok = imsg_get_type(&imsg) == IMSG_CTL_ARG &&
			    imsg_get_id(&imsg) == id &&
			    imsg_get_len(&imsg) <= ARG_PIECE &&
			    imsg_get_len(&imsg) <= size - len;
			if (ok)
				memcpy(got + len, imsg.data, imsg.datalen);
			len += imsg_get_len(&imsg);
			n++;
		}
	}
	ok = ok && memcmp(got, arg, size) == 0 && imsgbuf_queuelen(&out) == 0;
	imsgbuf_clear(&in);
	imsgbuf_clear(&out);
	close(sv[0]);
	close(sv[1]);
	free(got);
	return (ok ? n : -1);
}

static void
test_arg(const char *name, size_t len, int pieces)
{
	char *arg;
	size_t i;
	int n;

	if ((arg = malloc(len + 1)) == NULL)
		exit(2);
	for (i = 0; i < len; i++)
		arg[i] = (char)(1 + i % 255);
	arg[len] = '\0';
	n = arg_pieces((uint32_t)len, arg);
	CASE(n == pieces, name, "%d pieces, not %d", n, pieces);
	free(arg);
}

int
main(void)
{
	test_split();
	test_bad(0, 0, "a frame of standard input");
	test_bad(0, 3, "a frame of stream 3");
	test_bad(0, 255, "a frame of stream 255");
	test_bad(1, 1, "a header with its second byte set");
	test_bad(2, 128, "a header with its third byte set");
	test_bad(3, 255, "a header with its fourth byte set");
	test_length();
	test_arg("an empty argument", 0, 1);
	test_arg("an argument of one byte", 1, 1);
	test_arg("an argument of one piece", ARG_PIECE, 1);
	test_arg("an argument of one piece and a byte", ARG_PIECE + 1, 2);
	test_arg("an argument of two pieces", 2 * ARG_PIECE, 2);
	test_arg("an argument of 128 KB", 131071, 16);
	return (unit_failed);
}
