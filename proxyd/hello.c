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

#include <sys/types.h>

#include <string.h>

#include "proxyd.h"

/*
 * The ClientHello of a hostile client, as far as it has arrived.  Every
 * length must fit exactly, and of the server name there must be one: what
 * one reader could take for another name than we do is refused.  Nothing
 * behind the ClientHello is looked at, but it must end with its record.
 * With Encrypted ClientHello the outer name is the one that counts.
 */

#define RECORD_HEAD		5
#define RECORD_HANDSHAKE	22
#define HANDSHAKE_HEAD		4
#define HANDSHAKE_CLIENT_HELLO	1
#define VERSION_MAJOR		3
#define VERSION_MINOR_MAX	3	/* TLS 1.2; 1.3 says so too */
#define RANDOM_LEN		32
#define SESSION_MAX		32
#define EXT_SERVER_NAME		0
#define NAME_HOST		0

struct reader {
	const uint8_t	*p;
	size_t		 left;
};

static enum hello_result bad(struct hello *, const char *);
static enum hello_result records(struct hello *, uint8_t *, size_t);
static enum hello_result record_head(struct hello *, const uint8_t *, size_t);
static enum hello_result client_hello(struct hello *, struct reader *);
static enum hello_result extensions(struct hello *, struct reader *);
static enum hello_result server_name(struct hello *, struct reader *);
static int		 get(struct reader *, size_t, uint32_t *);
static int		 get_vector(struct reader *, size_t, struct reader *);

enum hello_result
hello_parse(struct hello *hello, uint8_t *buf, size_t len)
{
	hello->name[0] = '\0';
	hello->why = NULL;
	hello->need = 0;
	return (records(hello, buf, len));
}

static enum hello_result
bad(struct hello *hello, const char *why)
{
	hello->name[0] = '\0';
	hello->why = why;
	return (HELLO_BAD);
}

/*
 * Puts the message together, as many records as have arrived: it starts
 * behind the first head, and what the others carry moves up to it.
 */
static enum hello_result
records(struct hello *hello, uint8_t *buf, size_t len)
{
	struct reader	 msg;
	uint8_t		*start = NULL;
	size_t		 n, part, have = 0, total = HELLO_MAX;

	for (;;) {
		if (record_head(hello, buf, len) == HELLO_BAD)
			return (HELLO_BAD);
		n = len >= RECORD_HEAD ? (size_t)buf[3] << 8 | buf[4] : 0;
		hello->need += RECORD_HEAD + n;
		if (hello->need > HELLO_MAX)
			return (bad(hello, "the ClientHello is too long"));
		if (len < RECORD_HEAD)
			return (HELLO_MORE);
		buf += RECORD_HEAD;
		len -= RECORD_HEAD;
		if (start == NULL)
			start = buf;
		part = len < n ? len : n;
		memmove(start + have, buf, part);
		have += part;
		if (have > 0 && start[0] != HANDSHAKE_CLIENT_HELLO)
			return (bad(hello, "not a ClientHello"));
		if (have >= HANDSHAKE_HEAD)
			total = HANDSHAKE_HEAD + ((size_t)start[1] << 16 |
			    (size_t)start[2] << 8 | start[3]);
		if (total > HELLO_MAX)
			return (bad(hello, "the ClientHello is too long"));
		if (part < n)
			return (HELLO_MORE);
		if (have >= total)
			break;
		buf += n;
		len -= n;
	}
	if (have > total)
		return (bad(hello, "more than a ClientHello in its record"));
	msg.p = start + HANDSHAKE_HEAD;
	msg.left = total - HANDSHAKE_HEAD;
	return (client_hello(hello, &msg));
}

/* Judges as much of a record's head as is there. */
static enum hello_result
record_head(struct hello *hello, const uint8_t *buf, size_t len)
{
	if (len >= 1 && buf[0] != RECORD_HANDSHAKE)
		return (bad(hello, "not TLS"));
	if ((len >= 2 && buf[1] != VERSION_MAJOR) ||
	    (len >= 3 && buf[2] > VERSION_MINOR_MAX))
		return (bad(hello, "not a version of TLS"));
	if (len >= RECORD_HEAD && buf[3] == 0 && buf[4] == 0)
		return (bad(hello, "an empty record"));
	return (HELLO_MORE);
}

static enum hello_result
client_hello(struct hello *hello, struct reader *msg)
{
	struct reader	 v;
	uint32_t	 n;

	if (get(msg, 2, &n) == -1 || n >> 8 != VERSION_MAJOR ||
	    (n & 0xff) == 0 || (n & 0xff) > VERSION_MINOR_MAX)
		return (bad(hello, "not a version of TLS"));
	if (msg->left < RANDOM_LEN)
		return (bad(hello, "the ClientHello is too short"));
	msg->p += RANDOM_LEN;
	msg->left -= RANDOM_LEN;
	if (get_vector(msg, 1, &v) == -1 || v.left > SESSION_MAX)
		return (bad(hello, "a bad session id"));
	if (get_vector(msg, 2, &v) == -1 || v.left == 0 || v.left % 2 != 0)
		return (bad(hello, "bad cipher suites"));
	if (get_vector(msg, 1, &v) == -1 || v.left == 0)
		return (bad(hello, "bad compression methods"));
	if (msg->left == 0)
		return (bad(hello, "no server name"));
	if (get_vector(msg, 2, &v) == -1 || msg->left != 0)
		return (bad(hello, "a bad length of extensions"));
	return (extensions(hello, &v));
}

static enum hello_result
extensions(struct hello *hello, struct reader *exts)
{
	struct reader	 data;
	uint32_t	 type;
	int		 seen = 0;

	while (exts->left > 0) {
		if (get(exts, 2, &type) == -1 ||
		    get_vector(exts, 2, &data) == -1)
			return (bad(hello, "a bad length of an extension"));
		if (type != EXT_SERVER_NAME)
			continue;
		if (seen++)
			return (bad(hello, "more than one server name"));
		if (server_name(hello, &data) == HELLO_BAD)
			return (HELLO_BAD);
	}
	return (seen ? HELLO_OK : bad(hello, "no server name"));
}

static enum hello_result
server_name(struct hello *hello, struct reader *data)
{
	struct reader	 list, name;
	const char	*s, *why;
	uint32_t	 type;

	if (get_vector(data, 2, &list) == -1 || data->left != 0)
		return (bad(hello, "a bad list of server names"));
	if (get(&list, 1, &type) == -1 || type != NAME_HOST ||
	    get_vector(&list, 2, &name) == -1)
		return (bad(hello, "a bad server name"));
	if (list.left != 0)
		return (bad(hello, "more than one server name"));
	s = (const char *)name.p;
	if (name.left > 0 && s[name.left - 1] == '.')
		return (bad(hello, "a server name with a dot behind it"));
	if (host_parse(s, name.left, hello->name, &why) != HOST_OK)
		return (bad(hello, "the server name is not a host name"));
	return (HELLO_OK);
}

/* A number of so many bytes. */
static int
get(struct reader *r, size_t n, uint32_t *value)
{
	if (r->left < n)
		return (-1);
	for (*value = 0; n > 0; n--) {
		*value = *value << 8 | *r->p++;
		r->left--;
	}
	return (0);
}

/* What a length of so many bytes announces. */
static int
get_vector(struct reader *r, size_t n, struct reader *v)
{
	uint32_t len;

	if (get(r, n, &len) == -1 || r->left < len)
		return (-1);
	v->p = r->p;
	v->left = len;
	r->p += len;
	r->left -= len;
	return (0);
}
