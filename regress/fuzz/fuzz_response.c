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


#include "fuzz.h"

/*
 * A server's answer on its way through, in one piece and in two: both come to
 * the same, and what goes on is one answer that is framed once.
 */

#define TO_HEAD	1
#define ANY	2
#define OLD	4
#define CLOSES	8

struct taken {
	struct answer	 a;
	char		*out;
	size_t		 len;
	int		 bad;
};

static void	 take(struct taken *, const uint8_t *, size_t);
static void	 start(struct taken *, int, size_t);
static void	 end(struct taken *);
static void	 must_be_sound(const struct taken *, int, struct taken *);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct taken	 one, two, one2, two2;
	size_t		 cut;
	int		 how;

	if (size < 3)
		return (0);
	how = data[0];
	cut = (size_t)data[1] << 8 | data[2];
	data += 3;
	size -= 3;
	if (cut > size)
		cut = size;
	start(&one, how, size);
	take(&one, data, size);
	start(&two, how, size);
	take(&two, data, cut);
	take(&two, data + cut, size - cut);
	MUST(one.bad == two.bad);
	if (!one.bad && one.a.begun) {
		MUST(two.a.begun && one.a.whole == two.a.whole);
		MUST(one.a.extra == two.a.extra);
		must_be_sound(&one, how, &one2);
		must_be_sound(&two, how, &two2);
		MUST(one2.len == two2.len &&
		    memcmp(one2.out, two2.out, one2.len) == 0);
		end(&one2);
		end(&two2);
	} else if (!one.bad)
		MUST(one.len == 0 && two.len == 0 && !two.a.begun);
	end(&one);
	end(&two);
	return (0);
}

static void
start(struct taken *t, int how, size_t size)
{
	memset(t, 0, sizeof(*t));
	if (how & TO_HEAD)
		t->a.flags |= RESPONSE_TO_HEAD;
	if (how & ANY)
		t->a.flags |= RESPONSE_ANY;
	t->a.old = (how & OLD) != 0;
	t->a.closes = (how & CLOSES) != 0;
	t->a.head = malloc(RESPONSE_MAX);
	t->out = malloc(size + 2 * ANSWER_ROOM);
	MUST(t->a.head != NULL && t->out != NULL);
}

/* In buffers of just the size that it may want. */
static void
take(struct taken *t, const uint8_t *data, size_t size)
{
	char	*in, *out;
	ssize_t	 n;

	if (t->bad || size == 0)
		return;
	in = malloc(size);
	out = malloc(size + ANSWER_ROOM);
	MUST(in != NULL && out != NULL);
	memcpy(in, data, size);
	n = answer_take(&t->a, in, size, out);
	if (n == -1)
		t->bad = 1;
	else {
		MUST((size_t)n <= size + ANSWER_ROOM);
		memcpy(t->out + t->len, out, (size_t)n);
		t->len += (size_t)n;
	}
	free(in);
	free(out);
}

static void
end(struct taken *t)
{
	free(t->a.head);
	free(t->out);
}

/* Read again, as a client of old would have it: without chunks. */
static void
must_be_sound(const struct taken *t, int how, struct taken *again)
{
	const char	*end_of_head, *s, *lf;
	int		 lengths = 0, codings = 0, closes = 0;

	end_of_head = memmem(t->out, t->len, "\r\n\r\n", 4);
	MUST(end_of_head != NULL && memcmp(t->out, "HTTP/1.1 ", 9) == 0);
	for (s = t->out; s < end_of_head; s = lf + 1) {
		lf = memchr(s, '\n', t->len - (size_t)(s - t->out));
		MUST(lf != NULL && lf > s && lf[-1] == '\r');
		lengths += strncasecmp(s, "content-length:", 15) == 0;
		codings += strncasecmp(s, "transfer-encoding:", 18) == 0;
		closes += strncmp(s, "Connection: close\r", 18) == 0;
	}
	MUST(lengths + codings <= 1 && closes == (t->a.closes != 0));
	MUST(!t->a.old || codings == 0);
	MUST(t->a.resp.status >= 200 && t->a.resp.status != 101);
	if (t->a.resp.framing == BODY_LENGTH ||
	    (t->a.resp.framing == BODY_CHUNKED && !t->a.old))
		MUST(lengths + codings == 1);
	if (t->a.resp.framing == BODY_CLOSE)
		MUST(lengths + codings == 0 && closes == 1);
	start(again, (how & TO_HEAD) | ANY | OLD, t->len);
	/* the head may have grown a little beyond what we would take */
	if (end_of_head - t->out > RESPONSE_MAX - 256)
		return;
	take(again, (const uint8_t *)t->out, t->len);
	if (again->bad) {
		/* by a line more than there may be, and by nothing else */
		for (s = t->out; s < end_of_head; s = lf + 1) {
			lf = memchr(s, '\n', t->len - (size_t)(s - t->out));
			lengths++;
		}
		MUST(lengths > HTTP_HEADERS);
		again->len = 0;
		return;
	}
	MUST(again->a.begun && !again->a.extra);
	if (again->a.resp.framing != BODY_CLOSE)
		MUST(again->a.whole == t->a.whole);
}
