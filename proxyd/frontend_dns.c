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
 * The frontend's DNS server, for clients that know of no proxy: a name that
 * may be asked for is at the address that the question came to, where its
 * connections are taken, and everything else is refused.  It asks nobody but
 * the resolver, and that no more than whether a name is passed.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <event.h>
#include <stdlib.h>
#include <string.h>

#include "imsg.h"
#include "proc.h"
#include "proxyd.h"
#include "frontend.h"

#define DATAGRAMS_MAX	32	/* in a row, of one socket */
#define QUESTIONS_MAX	256	/* that wait for the resolver */
#define DNS_TTL		60	/* of our answers, in seconds */
#define DNS_TCP_MAX	(2 + 512)

/* a question whose name is with the resolver */
struct question {
	int			 used;
	struct request		*req;		/* over TCP */
	struct sockaddr_storage	 ss;		/* over UDP */
	socklen_t		 sslen;
	const struct listener	*listener;
	struct dns_question	 dns;
	uint8_t			 msg[DNS_TCP_MAX];
};

static int	 question_allowed(void);
static void	 question_ask(struct listener *, struct request *,
		    const struct sockaddr_storage *, socklen_t,
		    const uint8_t *, size_t);
static void	 question_answer(struct question *, int);

static struct question	*questions;
static int64_t		 questions_since;
static uint32_t		 questions_count;
static uint64_t		 total_questions;

void
names_init(void)
{
	questions = calloc(QUESTIONS_MAX, sizeof(*questions));
	if (questions == NULL)
		fatal("calloc");
}

uint64_t
names_total(void)
{
	return (total_questions);
}

/* The resolver has judged a name. */
int
names_judged(struct imsg *imsg)
{
	uint32_t id, passed;

	id = imsg_get_id(imsg);
	if (id >= QUESTIONS_MAX || !questions[id].used ||
	    imsg_get_data(imsg, &passed, sizeof(passed)) == -1 || passed > 1)
		return (-1);
	question_answer(&questions[id], passed != 0);
	return (0);
}

void
names_datagram(int fd, short event, void *arg)
{
	struct sockaddr_storage ss;
	struct listener *l = arg;
	socklen_t len;
	ssize_t n;
	int i;

	(void)event;
	for (i = 0; i < DATAGRAMS_MAX; i++) {
		len = sizeof(ss);
		n = recvfrom(fd, peeked, DNS_TCP_MAX - 2, MSG_TRUNC,
		    (struct sockaddr *)&ss, &len);
		if (n == -1)
			return;
		if (n <= DNS_TCP_MAX - 2 && question_allowed())
			question_ask(l, NULL, &ss, len, peeked, (size_t)n);
	}
}

/* A question over TCP, with its length in front. */
void
names_stream(struct request *r)
{
	size_t len;
	ssize_t n;

	if ((n = request_peek(r, DNS_TCP_MAX)) == -1)
		return;
	len = 2;
	if (n >= 2)
		len += (size_t)peeked[0] << 8 | peeked[1];
	if (len > DNS_TCP_MAX || !question_allowed())
		request_close(r);
	else if (n < 2 || (size_t)n < len)
		request_watch(r, n < 2 ? 2 : len);
	else if (request_take(r, len) == -1)
		request_close(r);
	else
		question_ask(r->listener, r, NULL, 0, peeked + 2, len - 2);
}

static int
question_allowed(void)
{
	int64_t now;

	now = now_ms();
	if (now - questions_since >= 1000) {
		questions_since = now;
		questions_count = 0;
	}
	return (questions_count++ < settings.limits[LIMIT_QUESTIONS]);
}

/* What is malformed, or more than can be dealt with, gets no answer. */
static void
question_ask(struct listener *l, struct request *r,
    const struct sockaddr_storage *ss, socklen_t sslen, const uint8_t *msg,
    size_t len)
{
	struct question *q;
	uint32_t i;

	for (i = 0; i < QUESTIONS_MAX; i++)
		if (!questions[i].used)
			break;
	q = &questions[i];
	if (i == QUESTIONS_MAX || dns_question(&q->dns, msg, len) == -1) {
		if (r != NULL)
			request_close(r);
		return;
	}
	total_questions++;
	q->used = 1;
	q->req = r;
	if (ss != NULL)
		q->ss = *ss;
	q->sslen = sslen;
	q->listener = l;
	memcpy(q->msg, msg, len);
	if (r != NULL) {
		request_unwatch(r);
		request_list(r, NULL);
		r->state = REQUEST_NAME;
	}
	if (q->dns.name[0] == '\0')
		question_answer(q, 0);
	else
		frontend_compose(ROLE_RESOLVER, IMSG_ASK_NAME, i, -1,
		    q->dns.name, strlen(q->dns.name) + 1);
}

/* Every name that passes is at the address where we take its connections. */
static void
question_answer(struct question *q, int passed)
{
	uint8_t reply[2 + DNS_REPLY_MAX];
	struct request *r;
	size_t len;
	int rcode;

	rcode = passed && (q->dns.type == DNS_A || q->dns.type == DNS_AAAA) ?
	    DNS_NOERROR : DNS_REFUSED;
	if (!passed && q->dns.name[0] != '\0')
		request_note(q->req, q->dns.name, 53,
		    refusals[REFUSAL_BLOCKED].text);
	len = dns_reply(reply + 2, q->msg, &q->dns, rcode,
	    passed && q->dns.type == DNS_A ? q->listener->addr : NULL, DNS_TTL);
	q->used = 0;
	if ((r = q->req) == NULL) {
		if (len > 0)
			(void)sendto(q->listener->fd, reply + 2, len, 0,
			    (struct sockaddr *)&q->ss, q->sslen);
		return;
	}
	reply[0] = (uint8_t)(len >> 8);
	reply[1] = (uint8_t)len;
	r->state = REQUEST_QUESTION;
	if (len == 0 || send(r->fd, reply, len + 2, MSG_NOSIGNAL) !=
	    (ssize_t)len + 2) {
		request_close(r);
		return;
	}
	request_list(r, &heads);
	request_watch(r, 2);
}
