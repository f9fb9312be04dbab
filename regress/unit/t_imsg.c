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
 * Messages: whatever the other end does, imsg.c reports a whole message as it
 * was sent, or refuses the channel; it never mixes up descriptors.
 */

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../claudesec/imsg.h"

static int	 failed;
static int	 sv[2];
static struct imsgbuf in;

#define OK(name, cond) do {						\
	if (cond)							\
		printf("ok %s\n", name);				\
	else {								\
		printf("FAIL %s: %s:%d: %s\n", name, __FILE__, __LINE__, #cond); \
		failed = 1;						\
	}								\
} while (0)

static void
channel(int sendfd, int recvfd)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == -1 ||
	    imsgbuf_init(&in, sv[1]) == -1)
		exit(2);
	imsgbuf_allow_fdpass(&in, sendfd, recvfd);
}

static void
hangup(void)
{
	imsgbuf_clear(&in);
	close(sv[0]);
	close(sv[1]);
}

static int
count_fds(void)
{
	int fd, n;

	for (fd = n = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			n++;
	return (n);
}

/* raw bytes with n descriptors, as a peer that does not use imsg.c sends */
static void
send_raw(const void *data, size_t len, const int *fds, size_t n)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int) * 16)];
	} cmsg;
	struct msghdr msg;
	struct iovec iov;

	memset(&msg, 0, sizeof(msg));
	memset(&cmsg, 0, sizeof(cmsg));
	iov.iov_base = (void *)(uintptr_t)data;
	iov.iov_len = len;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (n > 0) {
		msg.msg_control = &cmsg;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		cmsg.hdr.cmsg_level = SOL_SOCKET;
		cmsg.hdr.cmsg_type = SCM_RIGHTS;
		cmsg.hdr.cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(&cmsg.hdr), fds, sizeof(int) * n);
	}
	if (sendmsg(sv[0], &msg, 0) != (ssize_t)len)
		exit(2);
}

static size_t
make(unsigned char *buf, uint16_t len, uint16_t flags, size_t datalen)
{
	struct imsg_hdr hdr;

	memset(&hdr, 0, sizeof(hdr));
	hdr.type = 42;
	hdr.id = 7;
	hdr.len = len;
	hdr.flags = flags;
	memcpy(buf, &hdr, sizeof(hdr));
	memset(buf + sizeof(hdr), 'x', datalen);
	return (sizeof(hdr) + datalen);
}

static int
same_file(int a, int b)
{
	struct stat sa, sb;

	return (fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino);
}

static void
test_split_at_every_byte(void)
{
	unsigned char buf[256];
	struct imsg imsg;
	size_t len, i, cut;
	int bad, n, p[2];

	if (pipe(p) == -1)
		exit(2);
	len = make(buf, 60, IMSG_HASFD, 48);
	len += make(buf + len, 12, 0, 0);
	bad = 0;
	for (cut = 1; cut < len; cut++) {
		channel(0, 1);
		send_raw(buf, cut, &p[0], 1);
		if (imsgbuf_read(&in) != 1)
			bad = 1;
		n = imsgbuf_get(&in, &imsg);
		if (n != (cut >= 60) || (n == 1 && (imsg.datalen != 48 ||
		    !same_file(imsg.fd, p[0]))))
			bad = 1;
		imsg_free(&imsg);
		send_raw(buf + cut, len - cut, NULL, 0);
		if (imsgbuf_read(&in) != 1)
			bad = 1;
		for (i = n == 1; i < 2; i++) {
			if (imsgbuf_get(&in, &imsg) != 1 ||
			    imsg.hdr.type != 42 || imsg.hdr.id != 7 ||
			    imsg.datalen != (i == 0 ? 48 : 0) ||
			    (imsg.fd == -1) != (i == 1))
				bad = 1;
			imsg_free(&imsg);
		}
		if (imsgbuf_get(&in, &imsg) != 0)
			bad = 1;
		hangup();
	}
	OK("imsg split_at_every_byte", bad == 0);
	close(p[0]);
	close(p[1]);
}

static void
refused(const char *name, uint16_t len, uint16_t flags, size_t datalen,
    size_t nfds, int recvfd)
{
	unsigned char buf[20000];
	struct imsg imsg;
	int before, fds[16], p[2], r;
	size_t i, n;

	if (pipe(p) == -1)
		exit(2);
	for (i = 0; i < 16; i++)
		fds[i] = p[0];
	before = count_fds();
	channel(0, recvfd);
	n = make(buf, len, flags, datalen);
	send_raw(buf, n, fds, nfds);
	r = imsgbuf_read(&in);
	errno = r == -1 ? errno : 0;
	while (r == 1 && (r = imsgbuf_get(&in, &imsg)) == 1)
		imsg_free(&imsg);
	OK(name, r == -1 && errno == EBADMSG);
	hangup();
	if (count_fds() != before) {
		printf("FAIL %s: %d descriptors leaked\n", name,
		    count_fds() - before);
		failed = 1;
	}
	close(p[0]);
	close(p[1]);
}

static void
test_headers_that_lie(void)
{
	refused("imsg length_zero", 0, 0, 0, 0, 1);
	refused("imsg length_below_header", 11, 0, 0, 0, 1);
	refused("imsg length_over_maximum", IMSG_MAXSIZE + 1, 0, 16400, 0, 1);
	refused("imsg unknown_flag", 12, 0x8000, 0, 0, 1);
	refused("imsg descriptor_missing", 12, IMSG_HASFD, 0, 0, 1);
	refused("imsg descriptor_without_flag", 12, 0, 0, 1, 1);
	refused("imsg two_descriptors", 12, IMSG_HASFD, 0, 2, 1);
	refused("imsg many_descriptors", 12, IMSG_HASFD, 0, 16, 1);
	refused("imsg descriptor_not_allowed", 12, IMSG_HASFD, 0, 1, 0);
}

static void
test_many_with_descriptors(void)
{
	struct imsgbuf out;
	struct imsg imsg;
	unsigned char data[997];
	uint32_t i, got;
	int bad, before, dirs[3], dup_fd, n;

	before = count_fds();
	bad = 0;
	dirs[0] = open("/", O_RDONLY);
	dirs[1] = open("/usr", O_RDONLY);
	dirs[2] = open("/etc", O_RDONLY);
	channel(0, 1);
	if (imsgbuf_init(&out, sv[0]) == -1)
		exit(2);
	imsgbuf_allow_fdpass(&out, 1, 0);
	memset(data, 'd', sizeof(data));
	for (i = 0; i < 1000; i++) {
		dup_fd = -1;
		if (i % 3 == 0 && (dup_fd = dup(dirs[i / 3 % 3])) == -1)
			exit(2);
		if (imsg_compose(&out, i, i, dup_fd, data,
		    i % sizeof(data)) == -1)
			bad = 1;
		/* the reader is slower than the writer */
		if (i % 50 == 0 && imsgbuf_write(&out) == -1)
			bad = 1;
	}
	for (got = 0; got < 1000 && !bad;) {
		if (imsgbuf_write(&out) == -1 || imsgbuf_read(&in) != 1) {
			bad = 1;
			break;
		}
		while ((n = imsgbuf_get(&in, &imsg)) == 1) {
			if (imsg.hdr.type != got || imsg.datalen !=
			    got % sizeof(data) || (imsg.fd != -1) !=
			    (got % 3 == 0) || (imsg.fd != -1 &&
			    !same_file(imsg.fd, dirs[got / 3 % 3])))
				bad = 1;
			imsg_free(&imsg);
			got++;
		}
		if (n == -1)
			bad = 1;
	}
	OK("imsg many_with_descriptors_stay_together",
	    bad == 0 && got == 1000 && imsgbuf_queuelen(&out) == 0);
	imsgbuf_clear(&out);
	hangup();
	for (i = 0; i < 3; i++)
		close(dirs[i]);
	OK("imsg no_descriptor_leaks", count_fds() == before);
}

static void
test_getters(void)
{
	struct imsg imsg;
	char buf[16];

	memset(&imsg, 0, sizeof(imsg));
	imsg.fd = -1;
	imsg.data = (const unsigned char *)"hello";
	imsg.datalen = 5;
	OK("imsg string_as_sent", imsg_get_string(&imsg, buf, 6) == 0 &&
	    strcmp(buf, "hello") == 0);
	OK("imsg string_too_long", imsg_get_string(&imsg, buf, 5) == -1);
	imsg.datalen = 0;
	OK("imsg string_empty", imsg_get_string(&imsg, buf, 6) == -1);
	imsg.data = (const unsigned char *)"he\0lo";
	imsg.datalen = 5;
	OK("imsg string_with_nul", imsg_get_string(&imsg, buf, 16) == -1);
	imsg.data = (const unsigned char *)"hell\0";
	imsg.datalen = 5;
	OK("imsg string_ends_in_nul", imsg_get_string(&imsg, buf, 16) == 0 &&
	    strcmp(buf, "hell") == 0);
	OK("imsg data_short", imsg_get_data(&imsg, buf, 6) == -1);
	OK("imsg data_long", imsg_get_data(&imsg, buf, 4) == -1);
	OK("imsg data_exact", imsg_get_data(&imsg, buf, 5) == 0);
	OK("imsg array_without_nul", !imsg_is_string("abcd", 4) &&
	    imsg_is_string("abc", 4) && !imsg_is_string("\0bc", 4));
}

static void
test_limits(void)
{
	static unsigned char big[IMSG_MAXSIZE];
	struct imsgbuf out;
	int p[2];

	if (pipe(p) == -1)
		exit(2);
	channel(0, 0);
	if (imsgbuf_init(&out, sv[0]) == -1)
		exit(2);
	OK("imsg compose_maximum", imsg_compose(&out, 1, 1, -1, big,
	    IMSG_MAXSIZE - IMSG_HEADER_SIZE) == 0);
	OK("imsg compose_too_long", imsg_compose(&out, 1, 1, -1, big,
	    IMSG_MAXSIZE - IMSG_HEADER_SIZE + 1) == -1 && errno == EMSGSIZE);
	OK("imsg compose_descriptor_not_allowed", imsg_compose(&out, 1, 1,
	    p[0], big, 1) == -1 && errno == EINVAL &&
	    fcntl(p[0], F_GETFD) != -1);
	imsgbuf_clear(&out);
	hangup();
	close(p[0]);
	close(p[1]);
}

static void
test_end_of_file(void)
{
	unsigned char buf[32];
	struct imsg imsg;

	channel(0, 0);
	send_raw(buf, make(buf, 12, 0, 0), NULL, 0);
	(void)shutdown(sv[0], SHUT_WR);
	OK("imsg last_message_before_end", imsgbuf_read(&in) == 1 &&
	    imsgbuf_get(&in, &imsg) == 1 && imsgbuf_get(&in, &imsg) == 0 &&
	    imsgbuf_read(&in) == 0);
	hangup();
}

static void
test_table(void)
{
	static const struct imsg_rule rules[] = {
		{ 5, "five", 1 << 1, 1 << 2, 4, 2, 4, IMSG_NOFD },
		{ 6, "six", 1 << 1, 1 << 2, 4, 0, 0, IMSG_FD },
		{ 0, NULL, 0, 0, 0, 0, 0, 0 }
	};
	struct imsg m;

	memset(&m, 0, sizeof(m));
	m.hdr.type = 5;
	m.datalen = 2;
	m.fd = -1;
	OK("imsg table_passes", imsg_check(rules, &m, 1, 2, 4) == NULL);
	OK("imsg table_sender", imsg_check(rules, &m, 2, 2, 4) != NULL);
	OK("imsg table_receiver", imsg_check(rules, &m, 1, 1, 4) != NULL);
	OK("imsg table_state", imsg_check(rules, &m, 1, 2, 3) != NULL);
	m.datalen = 1;
	OK("imsg table_short", imsg_check(rules, &m, 1, 2, 4) != NULL);
	m.datalen = 5;
	OK("imsg table_long", imsg_check(rules, &m, 1, 2, 4) != NULL);
	m.datalen = 4;
	m.fd = 0;
	OK("imsg table_descriptor", imsg_check(rules, &m, 1, 2, 4) != NULL);
	m.hdr.type = 6;
	m.datalen = 0;
	OK("imsg table_with_descriptor",
	    imsg_check(rules, &m, 1, 2, 4) == NULL);
	m.fd = -1;
	OK("imsg table_no_descriptor", imsg_check(rules, &m, 1, 2, 4) != NULL);
	m.hdr.type = 7;
	OK("imsg table_unknown", imsg_check(rules, &m, 1, 2, 4) != NULL);
	OK("imsg table_fdpass", imsg_passes_fd(rules, 1, 2, 4) &&
	    !imsg_passes_fd(rules, 2, 1, 4) && !imsg_passes_fd(rules, 1, 2, 1));
}

int
main(void)
{
	test_split_at_every_byte();
	test_headers_that_lie();
	test_many_with_descriptors();
	test_getters();
	test_limits();
	test_end_of_file();
	test_table();
	return (failed);
}
