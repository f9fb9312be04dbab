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

#include <strings.h>

#include "fuzz.h"

/*
 * ClientHellos.  The first byte says where the input is cut: what was said
 * of a part is not taken back when more arrives, and the name that passes
 * stands in the message.
 */

static void	 must_grow(const struct hello *, enum hello_result,
		    const uint8_t *, size_t, size_t);
static void	 must_contain(const char *, const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hello		 hello;
	enum hello_result	 r;
	uint8_t			*copy;
	size_t			 len;

	if (size < 1)
		return (0);
	len = size - 1;
	copy = malloc(size);
	MUST(copy != NULL);
	memcpy(copy + 1, data + 1, len);	/* so that it ends at len */
	r = hello_parse(&hello, copy + 1, len);
	free(copy);
	switch (r) {
	case HELLO_MORE:
		MUST(hello.need > len && hello.need <= HELLO_MAX);
		MUST(hello.name[0] == '\0');
		break;
	case HELLO_BAD:
		MUST(hello.why != NULL && hello.name[0] == '\0');
		break;
	case HELLO_OK:
		MUST(hello.need <= len && hello.need <= HELLO_MAX);
		must_be_name(hello.name);
		must_contain(hello.name, data + 1, len);
		must_grow(&hello, r, data + 1, len, hello.need);
		must_grow(&hello, r, data + 1, len, hello.need - 1);
		break;
	}
	if (len > 0) {
		must_grow(&hello, r, data + 1, len, data[0] % len);
		must_grow(&hello, r, data + 1, len, len - 1);
	}
	return (0);
}

static void
must_grow(const struct hello *whole, enum hello_result want,
    const uint8_t *buf, size_t len, size_t cut)
{
	struct hello		 part;
	enum hello_result	 r;
	uint8_t			*copy;

	copy = malloc(1 + cut);
	MUST(copy != NULL && cut <= len);
	memcpy(copy + 1, buf, cut);
	r = hello_parse(&part, copy + 1, cut);
	free(copy);
	if (r == HELLO_BAD)
		MUST(want == HELLO_BAD);
	if (r == HELLO_OK)
		MUST(want == HELLO_OK && strcmp(part.name, whole->name) == 0);
	if (r == HELLO_MORE)
		MUST(part.need > cut && (want != HELLO_OK ||
		    part.need <= whole->need));
	if (want == HELLO_OK)
		MUST((r == HELLO_OK) == (cut >= whole->need));
}

/* In what the records carry, in one piece, and as long as it says. */
static void
must_contain(const char *name, const uint8_t *buf, size_t len)
{
	char	*msg;
	size_t	 n = 0, part, i, name_len = strlen(name);
	int	 found = 0;

	msg = malloc(len);
	MUST(msg != NULL);
	while (len >= 5 && buf[0] == 22) {
		part = (size_t)buf[3] << 8 | buf[4];
		if (part > len - 5)
			break;
		memcpy(msg + n, buf + 5, part);
		n += part;
		buf += 5 + part;
		len -= 5 + part;
	}
	for (i = 3; i + name_len <= n; i++)
		found |= strncasecmp(msg + i, name, name_len) == 0 &&
		    msg[i - 3] == 0 && msg[i - 2] == 0 &&
		    (uint8_t)msg[i - 1] == name_len;
	free(msg);
	MUST(found);
}
