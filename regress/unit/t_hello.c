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

#include "proxyd.h"

#include "exact.h"
#include "unit.h"

#define S(s)		s, sizeof(s) - 1
#define PADDING		21		/* extension of any length */
#define ECH		0xfe0d
#define L10		"abcdefghij"
#define L60		L10 L10 L10 L10 L10 L10

struct bytes {
	uint8_t	 b[20000];
	size_t	 n;
};

/* What a ClientHello is made of; zeroes make a plain one. */
struct spec {
	const char	*name;
	size_t		 name_len;
	int		 version;	/* 0: 0x0303 */
	int		 record_version; /* 0: 0x0301 */
	int		 session;	/* length of the session id */
	int		 ciphers;	/* bytes of them, -1: none, 0: 4 */
	int		 no_compression; /* not even the null one */
	int		 no_exts;	/* no extensions at all */
	int		 no_name;	/* no server name */
	size_t		 padding;
	size_t		 fragment;	/* bytes in a record, 0: all */
};

static void	 test_accepted(void);
static void	 test_refused(void);
static void	 test_names(void);
static void	 test_server_names(void);
static void	 test_extensions(void);
static void	 test_short(void);
static void	 test_lengths(void);
static void	 test_records(void);
static void	 test_sizes(void);
static void	 put(struct bytes *, size_t, size_t);
static void	 put_data(struct bytes *, const void *, size_t);
static size_t	 open_vector(struct bytes *, size_t);
static void	 close_vector(struct bytes *, size_t, size_t);
static void	 put_name(struct bytes *, const char *, size_t);
static void	 hello_body(struct bytes *, const struct spec *,
		    const struct bytes *);
static void	 hello_records(struct bytes *, const struct spec *,
		    const struct bytes *);
static void	 build(struct bytes *, const struct spec *);
static enum hello_result parse(struct hello *, const uint8_t *, size_t);
static void	 check_bad(const char *, const struct bytes *);
static void	 check_ok(const char *, const struct bytes *, const char *);
static void	 check_body(const char *, const struct bytes *, int);

int
main(void)
{
	test_accepted();
	test_refused();
	test_names();
	test_server_names();
	test_extensions();
	test_short();
	test_lengths();
	test_records();
	test_sizes();
	return (unit_failed);
}

static void
put(struct bytes *b, size_t value, size_t len)
{
	while (len-- > 0)
		b->b[b->n++] = (uint8_t)(value >> len * 8);
}

static void
put_data(struct bytes *b, const void *data, size_t len)
{
	memcpy(b->b + b->n, data, len);
	b->n += len;
}

static size_t
open_vector(struct bytes *b, size_t len)
{
	put(b, 0, len);
	return (b->n);
}

static void
close_vector(struct bytes *b, size_t start, size_t len)
{
	size_t	 n = b->n;

	b->n = start - len;
	put(b, n - start, len);
	b->n = n;
}

/* A server_name extension with one name. */
static void
put_name(struct bytes *b, const char *name, size_t len)
{
	put(b, 0, 2);
	put(b, len + 5, 2);
	put(b, len + 3, 2);
	put(b, 0, 1);
	put(b, len, 2);
	put_data(b, name, len);
}

/* The handshake message; exts NULL: as the spec says. */
static void
hello_body(struct bytes *b, const struct spec *s, const struct bytes *exts)
{
	size_t	 message, v, i;

	b->n = 0;
	put(b, 1, 1);
	message = open_vector(b, 3);
	put(b, s->version != 0 ? (size_t)s->version : 0x0303, 2);
	for (i = 0; i < 32; i++)
		put(b, i, 1);
	v = open_vector(b, 1);
	for (i = 0; i < (size_t)s->session; i++)
		put(b, i, 1);
	close_vector(b, v, 1);
	v = open_vector(b, 2);
	for (i = 0; (int)i < (s->ciphers == 0 ? 4 : s->ciphers); i++)
		put(b, 0x13, 1);
	close_vector(b, v, 2);
	v = open_vector(b, 1);
	if (!s->no_compression)
		put(b, 0, 1);
	close_vector(b, v, 1);
	if (!s->no_exts) {
		v = open_vector(b, 2);
		if (exts != NULL)
			put_data(b, exts->b, exts->n);
		else {
			put(b, 0x0a0a0000, 4);	/* a type nobody knows */
			if (!s->no_name)
				put_name(b, s->name, s->name_len);
			put(b, PADDING, 2);
			put(b, s->padding, 2);
			for (i = 0; i < s->padding; i++)
				put(b, 0, 1);
		}
		close_vector(b, v, 2);
	}
	close_vector(b, message, 3);
}

static void
hello_records(struct bytes *b, const struct spec *s,
    const struct bytes *message)
{
	size_t	 i, n, size;

	b->n = 0;
	size = s->fragment != 0 ? s->fragment : message->n;
	for (i = 0; i < message->n; i += n) {
		n = message->n - i < size ? message->n - i : size;
		put(b, 22, 1);
		put(b, s->record_version != 0 ? (size_t)s->record_version :
		    0x0301, 2);
		put(b, n, 2);
		put_data(b, message->b + i, n);
	}
}

static void
build(struct bytes *b, const struct spec *s)
{
	struct bytes	 message;

	hello_body(&message, s, NULL);
	hello_records(b, s, &message);
}

static enum hello_result
parse(struct hello *hello, const uint8_t *buf, size_t len)
{
	enum hello_result	 r;
	uint8_t			*copy;

	memset(hello, 0xee, sizeof(*hello));
	copy = exact(buf, len);
	r = hello_parse(hello, copy, len);
	free(copy);
	return (r);
}

/* Never accepted, whole or in part. */
static void
check_bad(const char *what, const struct bytes *b)
{
	struct hello		 hello;
	enum hello_result	 r = HELLO_MORE;
	char			 name[128];
	size_t			 n;
	int			 good = 1;

	for (n = 0; n <= b->n; n++) {
		r = parse(&hello, b->b, n);
		if (r == HELLO_OK || hello.name[0] != '\0' ||
		    (r == HELLO_BAD) != (hello.why != NULL))
			good = 0;
	}
	(void)snprintf(name, sizeof(name), "hello refuses %s", what);
	CASE(good && r == HELLO_BAD, name, "result %d, name %s", (int)r,
	    hello.name);
}

/* More until it is whole, then the name, whatever follows. */
static void
check_ok(const char *what, const struct bytes *b, const char *want)
{
	struct hello		 hello;
	enum hello_result	 r;
	struct bytes		 more;
	char			 name[128];
	size_t			 n, steps = 0;
	int			 good = 1;

	for (n = 0; n < b->n; n++) {
		r = parse(&hello, b->b, n);
		if (r != HELLO_MORE || hello.need <= n || hello.need > b->n)
			good = 0;
	}
	/* It is enough to wait for what it asks for. */
	for (n = 0; parse(&hello, b->b, n) == HELLO_MORE; n = hello.need)
		steps++;
	if (n != b->n || steps > 2 * b->n)
		good = 0;
	more = *b;
	put(&more, 0x170303, 3);
	put(&more, 0xffff, 2);
	(void)snprintf(name, sizeof(name), "hello %s", what);
	CASE(good && parse(&hello, b->b, b->n) == HELLO_OK &&
	    strcmp(hello.name, want) == 0 &&
	    parse(&hello, more.b, more.n) == HELLO_OK &&
	    strcmp(hello.name, want) == 0, name, "name %s, %s", hello.name,
	    hello.why != NULL ? hello.why : "no reason");
}

static void
test_accepted(void)
{
	static const struct {
		const char	*what;
		struct spec	 s;
	} t[] = {
		{ "plain", { .name = "a.example" } },
		{ "TLS 1.0", { .version = 0x0301 } },
		{ "TLS 1.1", { .version = 0x0302 } },
		{ "record of SSL 3.0", { .record_version = 0x0300 } },
		{ "record of TLS 1.2", { .record_version = 0x0303 } },
		{ "session id of 32", { .session = 32 } },
		{ "records of 1", { .fragment = 1 } },
		{ "records of 2", { .fragment = 2 } },
		{ "records of 3", { .fragment = 3 } },
		{ "records of 4", { .fragment = 4 } },
		{ "records of 5", { .fragment = 5 } },
		{ "records of 50", { .fragment = 50 } },
		{ "long and in records", { .padding = 2000,
		    .fragment = 512 } }
	};
	struct bytes	 b;
	struct spec	 s;
	size_t		 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		s = t[i].s;
		s.name = "a.example";
		s.name_len = 9;
		build(&b, &s);
		check_ok(t[i].what, &b, "a.example");
	}
}

static void
test_refused(void)
{
	static const struct {
		const char	*what;
		const char	*in;
		size_t		 len;
	} first[] = {
		{ "HTTP", S("G") },
		{ "SSH", S("S") },
		{ "NUL", S("\0") },
		{ "SSLv2", S("\x80\x2e\x01\x00\x02") },
		{ "SSLv2 that offers TLS", S("\x80\x2e\x01\x03\x01") },
		{ "change cipher spec", S("\x14\x03\x03\x00\x01\x01") },
		{ "alert", S("\x15\x03\x03\x00\x02\x02\x28") },
		{ "application data", S("\x17\x03\x03\x00\x01x") },
		{ "heartbeat", S("\x18\x03\x03\x00\x01x") },
		{ "major version 2", S("\x16\x02") },
		{ "major version 4", S("\x16\x04") },
		{ "DTLS", S("\x16\xfe\xfd") },
		{ "record of TLS 1.3", S("\x16\x03\x04") },
		{ "empty record", S("\x16\x03\x01\x00\x00") },
		{ "record too long", S("\x16\x03\x01\x40\x00") },
		{ "hello request", S("\x16\x03\x01\x00\x04\x00") },
		{ "server hello", S("\x16\x03\x01\x00\x30\x02") },
		{ "client key exchange", S("\x16\x03\x01\x00\x30\x10") },
		{ "16 MB", S("\x16\x03\x01\x01\x00\x01\x01\x00\x00") },
		{ "16 KB", S("\x16\x03\x01\x01\x00\x01\x00\x40\x00") },
		{ "no length", S("\x16\x03\x01\x00\x04\x01\x00\x00\x00") }
	};
	static const struct {
		const char	*what;
		struct spec	 s;
	} t[] = {
		{ "SSL 3.0", { .version = 0x0300 } },
		{ "SSL 2.0", { .version = 0x0002 } },
		{ "TLS 1.3 without disguise", { .version = 0x0304 } },
		{ "session id of 33", { .session = 33 } },
		{ "no cipher suites", { .ciphers = -1 } },
		{ "one cipher suite and a half", { .ciphers = 3 } },
		{ "no compression methods", { .no_compression = 1 } },
		{ "no extensions", { .no_exts = 1 } },
		{ "no server name", { .no_name = 1 } },
		{ "no server name, in records", { .no_name = 1,
		    .fragment = 7 } }
	};
	struct bytes	 b;
	struct spec	 s;
	size_t		 i;

	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		b.n = 0;
		put_data(&b, first[i].in, first[i].len);
		check_bad(first[i].what, &b);
	}
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		s = t[i].s;
		s.name = "a.example";
		s.name_len = 9;
		build(&b, &s);
		check_bad(t[i].what, &b);
	}
}

static void
test_names(void)
{
	static const struct {
		const char	*what;
		const char	*name;
		size_t		 len;
		const char	*out;	/* NULL: refused */
	} t[] = {
		{ "in capitals", S("A.EXAMPLE"), "a.example" },
		{ "xn--", S("xn--bcher-kva.example"),
		    "xn--bcher-kva.example" },
		{ "empty", S(""), NULL },
		{ "NUL", S("\0"), NULL },
		{ "with NUL inside", S("a.example\0.b.example"), NULL },
		{ "with NUL behind", S("a.example\0"), NULL },
		{ "with a dot behind", S("a.example."), NULL },
		{ "dot", S("."), NULL },
		{ "with a dot before", S(".a.example"), NULL },
		{ "with two dots", S("a..example"), NULL },
		{ "IPv4", S("127.0.0.1"), NULL },
		{ "decimal", S("2130706433"), NULL },
		{ "IPv6", S("::1"), NULL },
		{ "bracketed IPv6", S("[::1]"), NULL },
		{ "with a port", S("a.example:443"), NULL },
		{ "with an underscore", S("a_b.example"), NULL },
		{ "with a blank", S("a.example "), NULL },
		{ "in UTF-8", S("b\xc3\xbc" "cher.example"), NULL },
		{ "with a star", S("*.example"), NULL },
		{ "with a label of 64", S(L60 "abcd.example"), NULL },
		{ "of 254", S(L60 "." L60 "." L60 "." L60 "." L10), NULL }
	};
	struct spec	 s;
	struct bytes	 b;
	char		 what[64];
	size_t		 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&s, 0, sizeof(s));
		s.name = t[i].name;
		s.name_len = t[i].len;
		build(&b, &s);
		(void)snprintf(what, sizeof(what), "name %s", t[i].what);
		if (t[i].out != NULL)
			check_ok(what, &b, t[i].out);
		else
			check_bad(what, &b);
	}
}

/* The inside of the extension, as bytes. */
static void
test_server_names(void)
{
	static const struct {
		const char	*what;
		int		 good;
		const char	*in;
		size_t		 len;
	} t[] = {
		{ "right", 1, S("\0\x04\0\0\x01" "a") },
		{ "no list", 0, S("") },
		{ "half a length", 0, S("\0") },
		{ "empty list", 0, S("\0\0") },
		{ "list with a type alone", 0, S("\0\x01\0") },
		{ "list with half a name length", 0, S("\0\x02\0\0") },
		{ "list without a name", 0, S("\0\x03\0\0\0") },
		{ "list one too long", 0, S("\0\x05\0\0\x01" "a") },
		{ "list one too short", 0, S("\0\x03\0\0\x01" "a") },
		{ "name one too long", 0, S("\0\x04\0\0\x02" "a") },
		{ "name one too short", 0, S("\0\x05\0\0\x01" "ab") },
		{ "byte behind the list", 0, S("\0\x04\0\0\x01" "a\0") },
		{ "two names", 0, S("\0\x08\0\0\x01" "a\0\0\x01" "b") },
		{ "same name twice", 0,
		    S("\0\x08\0\0\x01" "a\0\0\x01" "a") },
		{ "another type", 0, S("\0\x04\x01\0\x01" "a") },
		{ "another type behind", 0,
		    S("\0\x08\0\0\x01" "a\x01\0\x01" "b") },
		{ "another type before", 0,
		    S("\0\x08\x01\0\x01" "b\0\0\x01" "a") },
		{ "empty name before", 0, S("\0\x07\0\0\0\0\0\x01" "a") },
		{ "empty name behind", 0, S("\0\x07\0\0\x01" "a\0\0\0") }
	};
	struct bytes	 exts;
	size_t		 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		exts.n = 0;
		put(&exts, 0, 2);
		put(&exts, t[i].len, 2);
		put_data(&exts, t[i].in, t[i].len);
		check_body(t[i].what, &exts, t[i].good);
	}
}

static void
check_body(const char *what, const struct bytes *exts, int good)
{
	struct spec	 s;
	struct bytes	 message, b;
	char		 name[128];

	memset(&s, 0, sizeof(s));
	hello_body(&message, &s, exts);
	hello_records(&b, &s, &message);
	(void)snprintf(name, sizeof(name), "server name: %s", what);
	if (good)
		check_ok(name, &b, "a");
	else
		check_bad(name, &b);
}

static void
test_extensions(void)
{
	struct bytes	 exts;

	exts.n = 0;
	put_name(&exts, "a", 1);
	put(&exts, 0x00170000, 4);
	check_body("first of two extensions", &exts, 1);
	put_name(&exts, "b", 1);
	check_body("extension twice", &exts, 0);
	exts.n = 0;
	put_name(&exts, "a", 1);
	put_name(&exts, "a", 1);
	check_body("extension twice with the same name", &exts, 0);
	exts.n = 0;
	put_name(&exts, "a", 1);
	put(&exts, 0, 4);
	check_body("extension again, empty", &exts, 0);
	exts.n = 0;
	put(&exts, 0, 4);
	put_name(&exts, "a", 1);
	check_body("empty extension first", &exts, 0);
	exts.n = 0;
	put_name(&exts, "a", 1);
	put(&exts, 0, 1);
	check_body("a byte behind the extensions", &exts, 0);
	exts.n = 0;
	put_name(&exts, "a", 1);
	put(&exts, 0x0017, 2);
	check_body("a type behind the extensions", &exts, 0);
	exts.n = 0;
	put_name(&exts, "a", 1);
	put(&exts, 0x00170001, 4);
	check_body("an extension too long", &exts, 0);
	exts.n = 0;
	put(&exts, 0x00170005, 4);
	put(&exts, 0, 5);
	check_body("no server name", &exts, 0);
	exts.n = 0;
	check_body("extensions of no length", &exts, 0);
	exts.n = 0;
	put(&exts, ECH, 2);
	put(&exts, 12, 2);
	put_data(&exts, "\0\0\x01\0\x01\x07" "b.inner", 12);
	put_name(&exts, "a", 1);
	check_body("the outer one with ECH", &exts, 1);
}

/* A message cut anywhere, with a length that says so. */
static void
test_short(void)
{
	struct hello	 hello;
	struct spec	 s;
	struct bytes	 message, b;
	size_t		 n, whole;
	int		 good = 1;

	memset(&s, 0, sizeof(s));
	s.name = "a.example";
	s.name_len = 9;
	hello_body(&message, &s, NULL);
	whole = message.n;
	for (n = 4; n < whole; n++) {
		message.n = n;
		message.b[3] = (uint8_t)(n - 4);
		hello_records(&b, &s, &message);
		if (parse(&hello, b.b, b.n) != HELLO_BAD)
			good = 0;
	}
	CASE(good, "hello that ends early", "accepted");
	message.n = whole;
	put(&message, 0, 1);
	message.b[3] = (uint8_t)(whole + 1 - 4);
	hello_records(&b, &s, &message);
	check_bad("a byte behind its extensions", &b);
}

/* Each length of a plain ClientHello, one more and one less. */
static void
test_lengths(void)
{
	static const struct {
		const char	*what;
		size_t		 off;	/* of its last byte */
	} t[] = {
		{ "record", 4 },
		{ "message", 8 },
		{ "session id", 43 },
		{ "cipher suites", 45 },
		{ "compression methods", 50 },
		{ "extensions", 53 },
		{ "first extension", 57 },
		{ "server name extension", 61 },
		{ "list", 63 },
		{ "name", 66 },
		{ "last extension", 79 }
	};
	struct spec	 s;
	struct bytes	 b, c;
	struct hello	 hello;
	char		 name[128];
	size_t		 i;
	int		 d;

	memset(&s, 0, sizeof(s));
	s.name = "a.example";
	s.name_len = 9;
	build(&b, &s);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		for (d = -1; d <= 1; d += 2) {
			c = b;
			c.b[t[i].off] = (uint8_t)(c.b[t[i].off] + d);
			(void)snprintf(name, sizeof(name),
			    "hello with a length of %s, %+d", t[i].what, d);
			/* A record that ends later is waited for. */
			CASE(parse(&hello, c.b, c.n) != HELLO_OK, name,
			    "accepted");
		}
	}
}

static void
test_records(void)
{
	struct spec	 s;
	struct bytes	 message, b, c;

	memset(&s, 0, sizeof(s));
	s.name = "a.example";
	s.name_len = 9;
	s.fragment = 30;
	build(&b, &s);
	c = b;
	c.b[35] = 21;
	check_bad("an alert between its records", &c);
	c.b[35] = 23;
	check_bad("data between its records", &c);
	c = b;
	c.b[36] = 2;
	check_bad("another version between its records", &c);
	c = b;
	memmove(c.b + 40, c.b + 35, c.n - 35);
	c.n += 5;
	c.b[38] = c.b[39] = 0;
	check_bad("an empty record between its records", &c);

	/* What follows in the same record, complete or not. */
	hello_body(&message, &s, NULL);
	s.fragment = 0;
	put(&message, 0, 1);
	hello_records(&b, &s, &message);
	check_bad("a byte behind it in its record", &b);
	message.n--;
	c = message;
	put_data(&message, c.b, c.n);
	hello_records(&b, &s, &message);
	check_bad("another ClientHello in its record", &b);
	s.fragment = 30;
	hello_records(&b, &s, &message);
	check_bad("another ClientHello in its last record", &b);
}

static void
test_sizes(void)
{
	struct hello	 hello;
	struct spec	 s;
	struct bytes	 b;
	size_t		 rest;

	memset(&s, 0, sizeof(s));
	s.name = "a.example";
	s.name_len = 9;
	build(&b, &s);
	rest = HELLO_MAX - b.n;
	s.padding = rest;
	build(&b, &s);
	CASE(b.n == HELLO_MAX && parse(&hello, b.b, b.n) == HELLO_OK,
	    "hello of 16 KB", "%zu bytes", b.n);
	s.padding = rest + 1;
	build(&b, &s);
	CASE(parse(&hello, b.b, b.n) == HELLO_BAD &&
	    parse(&hello, b.b, 5) == HELLO_BAD, "hello of 16 KB and a byte",
	    "%zu bytes", b.n);
	s.padding = rest - 5;
	s.fragment = 16000;
	build(&b, &s);
	CASE(b.n == HELLO_MAX && parse(&hello, b.b, b.n) == HELLO_OK,
	    "hello of 16 KB in two records", "%zu bytes", b.n);
	s.padding = rest - 4;
	build(&b, &s);
	CASE(parse(&hello, b.b, b.n) == HELLO_BAD,
	    "hello of 16 KB and a byte in two records", "%zu bytes", b.n);
}
