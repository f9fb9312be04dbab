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
 * What a client asks for: the head of its request, or its ClientHello; then
 * whether it may, and what becomes of a tunnel that may be.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <string.h>

#include "imsg.h"
#include "proxyd.h"
#include "frontend.h"

static int	 reply_status(const char *, size_t, uint32_t *);
static void	 request_go(struct request *);

static const char established[] =
    "HTTP/1.1 200 Connection established\r\n\r\n";

void
request_head(struct request *r)
{
	struct http_head *h;
	ssize_t n;

	h = &r->head;
	if ((n = request_peek(r, HTTP_HEAD_MAX)) == -1)
		return;
	switch (http_parse(h, (char *)peeked, (size_t)n)) {
	case HTTP_MORE:
		request_watch(r, (size_t)n + 1);
		return;
	case HTTP_ERROR:
		h->host[0] = '\0';
		request_refuse(r, h->status, h->why);
		return;
	case HTTP_DONE:
		break;
	}
	if (request_take(r, h->len) == -1)
		request_close(r);
	else if (r->listener->kind == LISTEN_GATEWAY)
		gate_head(r);
	else if (h->connect)
		request_ask(r, ASK_TUNNEL);
	else
		http_forward(r);
}

/*
 * A ClientHello: of a tunnel its name must be the one asked for, else the
 * name is what is asked for.
 */
void
request_hello(struct request *r)
{
	struct hello h;
	ssize_t n;

	if ((n = request_peek(r, HELLO_MAX)) == -1)
		return;
	switch (hello_parse(&h, peeked, (size_t)n)) {
	case HELLO_MORE:
		request_watch(r, h.need);
		return;
	case HELLO_BAD:
		request_refuse(r, 0, h.why);
		return;
	case HELLO_OK:
		break;
	}
	if (r->state == REQUEST_FIRST) {
		(void)strlcpy(r->head.host, h.name, sizeof(r->head.host));
		request_ask(r, ASK_TUNNEL);
	} else if (strcmp(r->head.host, h.name) != 0)
		request_refuse(r, 0, "the TLS server name is another one");
	else
		request_go(r);
}

void
request_ask(struct request *r, enum ask_kind kind)
{
	struct ask ask;

	request_unwatch(r);
	request_list(r, NULL);
	r->state = REQUEST_ASKED;
	conn_of(r)->pending = 1;
	memset(&ask, 0, sizeof(ask));
	ask.kind = kind;
	ask.port = r->head.port;
	(void)strlcpy(ask.host, r->head.host, sizeof(ask.host));
	frontend_compose(ROLE_RESOLVER, IMSG_ASK, r->id, -1, &ask, sizeof(ask));
}

/*
 * A parent proxy has answered the relay's CONNECT, or has begun to; it stands
 * in peeked.
 */
void
request_reply(struct request *r, size_t n)
{
	uint32_t len;
	char why[64];
	int status;

	status = reply_status((const char *)peeked, n, &len);
	if (status == 0 || status / 100 == 2) {
		frontend_compose(ROLE_RELAY, IMSG_REPLIED, r->id, -1, &len,
		    sizeof(len));
		return;
	}
	if (status == -1)
		(void)strlcpy(why, "the parent proxy speaks no HTTP",
		    sizeof(why));
	else
		(void)snprintf(why, sizeof(why),
		    "the parent proxy refuses with status %d", status);
	request_cancel(r);
	request_refuse(r, 502, why);
}

/* The status of a response and its head's length; 0: there is more to come. */
static int
reply_status(const char *head, size_t n, uint32_t *len)
{
	const char *end;
	int i, status;

	*len = 0;
	if ((end = memmem(head, n, "\r\n\r\n", 4)) == NULL)
		return (n < REPLY_MAX ? 0 : -1);
	if (n < 13 || memcmp(head, "HTTP/1.", 7) != 0 || head[8] != ' ' ||
	    (head[12] != ' ' && head[12] != '\r'))
		return (-1);
	for (status = 0, i = 9; i < 12; i++) {
		if (head[i] < '0' || head[i] > '9')
			return (-1);
		status = status * 10 + head[i] - '0';
	}
	*len = (uint32_t)(end + 4 - head);
	return (status < 100 ? -1 : status);
}

void
request_connected(struct request *r, int plain)
{
	if (r->listener->kind == LISTEN_TLS) {
		request_go(r);
		return;
	}
	if (!r->head.connect) {
		http_connected(r);
		return;
	}
	r->state = REQUEST_HELLO;
	if (send(r->fd, established, sizeof(established) - 1,
	    MSG_NOSIGNAL) != (ssize_t)sizeof(established) - 1)
		request_close(r);
	else if (plain)
		request_go(r);
	else {
		request_list(r, &hellos);
		request_watch(r, 1);
	}
}

/* From here on the client is the relay's. */
static void
request_go(struct request *r)
{
	struct go go;
	int lowat;

	request_unwatch(r);
	lowat = 1;
	if (r->lowat != lowat && setsockopt(r->fd, SOL_SOCKET, SO_RCVLOWAT,
	    &lowat, sizeof(lowat)) == -1)
		log_warn("setsockopt");
	memset(&go, 0, sizeof(go));
	go.client = r->addr;
	go.port = r->port;
	frontend_compose(ROLE_RELAY, IMSG_GO, r->id, r->fd, &go, sizeof(go));
	request_free(r);
}

void
request_cancel(struct request *r)
{
	frontend_compose(ROLE_RELAY, IMSG_CANCEL, r->id, -1, NULL, 0);
}
