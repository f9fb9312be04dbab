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
 * The frontend accepts clients and reads what they ask for: heads of HTTP
 * requests, ClientHellos, questions of DNS; and the answers to requests that
 * it forwards.  It is the only process that parses these bytes, so it trusts
 * itself with nothing: it can neither connect nor resolve, it names a host to
 * the resolver, and what it then gives to the relay by number is a connection
 * that the resolver allowed.
 *
 * Heads and ClientHellos are looked at with MSG_PEEK and wait in the kernel
 * until they are complete; SO_RCVLOWAT says how much is worth a look.  A head
 * is then taken, to the byte; a ClientHello is left for the relay.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>

#include "imsg.h"
#include "proc.h"
#include "proxyd.h"
#include "frontend.h"
#include "sandbox.h"

static int	 frontend_handle(struct peer *, struct imsg *);
static void	 frontend_started(void);
static void	 frontend_exit(void);
static int	 handle_conf(struct imsg *);
static int	 handle_end(void);
static int	 handle_refused(struct imsg *);
static int	 handle_reply(struct imsg *);
static int	 handle_connected(struct imsg *);
static int	 handle_done(struct imsg *);
static int	 handle_gate(struct imsg *,
		    int (*)(struct request *, uint32_t));
static void	 handle_totals(void);
static void	 conn_ended(struct conn *, int);

struct settings		 settings;

void
frontend(void)
{
	accept_init();
	names_init();
	request_setup();
	/* Wide: the sockets to listen on come from the parent. */
	if (sandbox_net("accept") == -1 ||
	    pledge("stdio inet recvfd sendfd", NULL) == -1)
		fatal("pledge");
	proc_onexit(frontend_exit);
	proc_loop(frontend_handle, frontend_started);
}

static void
frontend_exit(void)
{
	refusal_end(settings.json != 0, now_ms());
}

/*
 * Narrow: inet to accept and to answer DNS, sendfd to give clients to the
 * relay.
 */
static void
frontend_started(void)
{
	if (sandbox_net("accept") == -1 || pledge("stdio inet sendfd",
	    NULL) == -1)
		fatal("pledge");
	log_debug("%s", sandbox_describe());
	listeners_start();
}

static int
frontend_handle(struct peer *p, struct imsg *imsg)
{
	(void)p;
	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_CONF:
		return (handle_conf(imsg));
	case IMSG_GATE_ALLOW:
		return (gate_allow_add(imsg));
	case IMSG_GATE_TOKEN:
		return (gate_token_set(imsg));
	case IMSG_RECONF_END:
		return (handle_end());
	case IMSG_LISTEN:
		return (listener_add(imsg));
	case IMSG_REFUSED:
	case IMSG_FAILED:
		return (handle_refused(imsg));
	case IMSG_REPLY:
		return (handle_reply(imsg));
	case IMSG_CONNECTED:
		return (handle_connected(imsg));
	case IMSG_DONE:
		return (handle_done(imsg));
	case IMSG_NAME:
		return (names_judged(imsg));
	case IMSG_GATE_FAILED:
		return (handle_gate(imsg, gate_failed));
	case IMSG_GATE_DONE:
		return (handle_gate(imsg, gate_done));
	case IMSG_TOTALS:
		handle_totals();
		return (0);
	default:
		return (-1);
	}
}

static int
handle_conf(struct imsg *imsg)
{
	if (settings_get(imsg, &settings) == -1)
		return (-1);
	gate_reset();
	if (settings.limits[LIMIT_CONNECTIONS] > nconns)
		settings.limits[LIMIT_CONNECTIONS] = nconns;
	return (0);
}

static int
handle_end(void)
{
	const uint32_t good = 1;

	gate_take();
	frontend_compose(ROLE_PARENT, IMSG_RECONF_DONE, 0, -1, &good,
	    sizeof(good));
	return (0);
}

/* The resolver refuses, or the relay cannot connect. */
static int
handle_refused(struct imsg *imsg)
{
	struct request *r;
	struct conn *c;
	uint32_t why;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    imsg_get_data(imsg, &why, sizeof(why)) == -1 ||
	    why == REFUSAL_NONE || why >= REFUSAL_MAX)
		return (-1);
	/* it may cross the end of one that a parent proxy refused */
	if ((r = c->req) == NULL || r->state == REQUEST_DRAIN) {
		conn_ended(c, 0);
		return (0);
	}
	if (r->state != REQUEST_ASKED)
		return (-1);
	c->pending = 0;
	request_refuse(r, refusals[why].status, refusals[why].text);
	return (0);
}

static int
handle_reply(struct imsg *imsg)
{
	struct conn *c;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    imsg_get_len(imsg) > sizeof(peeked) ||
	    imsg_get_data(imsg, peeked, imsg_get_len(imsg)) == -1 ||
	    c->req == NULL || c->req->state != REQUEST_ASKED)
		return (-1);
	request_reply(c->req, imsg_get_len(imsg));
	return (0);
}

static int
handle_connected(struct imsg *imsg)
{
	struct request *r;
	struct conn *c;
	uint32_t plain;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    (r = c->req) == NULL || r->state != REQUEST_ASKED ||
	    imsg_get_data(imsg, &plain, sizeof(plain)) == -1 || plain > 1)
		return (-1);
	request_connected(r, plain != 0);
	return (0);
}

/*
 * The relay is done with a connection: the client's tunnel has ended, or was
 * cut or cancelled before it was one.  The value is 1 if no end was a reset.
 */
static int
handle_done(struct imsg *imsg)
{
	uint32_t clean;
	struct conn *c;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    (c->req != NULL && c->req->state == REQUEST_ASKED) ||
	    imsg_get_data(imsg, &clean, sizeof(clean)) == -1 || clean > 1)
		return (-1);
	conn_ended(c, clean != 0);
	return (0);
}

/* Of the keeper: f does what it says of a request that is still there. */
static int
handle_gate(struct imsg *imsg, int (*f)(struct request *, uint32_t))
{
	struct request *r;
	struct conn *c;
	uint32_t value;

	if ((c = conn_find(imsg_get_id(imsg))) == NULL || !c->pending ||
	    imsg_get_data(imsg, &value, sizeof(value)) == -1)
		return (-1);
	c->pending = 0;
	gate_ended();
	if ((r = c->req) == NULL) {
		conn_release(c);
		return (0);
	}
	if (r->state != REQUEST_BODY && r->state != REQUEST_ANSWER)
		return (-1);
	return (f(r, value));
}

/* There will be no more answers for it. */
static void
conn_ended(struct conn *c, int clean)
{
	struct request *r;

	c->pending = 0;
	if ((r = c->req) == NULL)
		conn_release(c);
	else if (r->state == REQUEST_HTTP)
		http_done(r, clean);
	else if (r->state == REQUEST_HELLO) {
		r->state = REQUEST_DRAIN;
		request_close(r);
	}
}

static void
handle_totals(void)
{
	struct report rep;

	report_start(&rep, "totals", settings.json != 0);
	report_number(&rep, "accepted", total_accepted);
	report_number(&rep, "refused", total_refused);
	report_number(&rep, "questions", names_total());
	report_number(&rep, "connections", conns_used);
	report_number(&rep, "heads", nheads);
	report_end(&rep);
}

void
frontend_compose(unsigned int role, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	peer_send(proc_peer(role), type, id, fd, data, len);
}
