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
 * The keeper holds the key to the API, and asks there for the agent.  What it
 * is to ask comes from the frontend, in pieces that it judges once more: which
 * method and path, which fields, how long a body.  To these it adds the key,
 * and sends them to the one host that the configuration names, at addresses
 * that the resolver has passed.  It never sees a byte of the agent but those
 * of a body that the frontend has taken out of its framing, and frames them
 * anew.  The answer goes to the agent's socket, of which it reads nothing; it
 * too is taken out of its framing and framed anew, piece by piece as it comes.
 * Neither is waited for, whatever its flags say, which are the frontend's too.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"
#include "keeper.h"
#include "proc.h"
#include "sandbox.h"

#define CALLS_MAX	256
#define ROUNDS_MAX	16	/* of one call before the others */
#define UP_SIZE		(CHUNK_HEAD + GATE_HEAD_SIZE)
/* what one piece of an answer can make of itself, and some of them */
#define OUT_ROOM	(ANSWER_ROOM + PIECE)
#define OUT_SIZE	(3 * PIECE + OUT_ROOM)

static int	 keeper_handle(struct peer *, struct imsg *);
static void	 keeper_started(void);
static void	 keeper_exit(void);
static int	 handle_conf(struct imsg *);
static int	 handle_gateway(struct imsg *);
static int	 handle_allow(struct imsg *);
static int	 handle_key(struct imsg *);
static int	 handle_ca(struct imsg *);
static int	 handle_end(void);
static void	 reconf_done(int);
static void	 load_event(int, short, void *);
static int	 keep_load(struct keep *);
static void	 handle_totals(void);
static int	 handle_request(struct imsg *);
static int	 handle_header(struct imsg *);
static int	 handle_go(struct imsg *);
static int	 handle_body_end(struct imsg *);
static int	 handle_cancel(struct imsg *);
static int	 handle_dial(struct imsg *);
static int	 handle_refused(struct imsg *);
static struct call *call_find(uint32_t);
static int	 call_append(struct call *, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
static int	 call_head(struct call *);
static void	 call_end(struct call *, uint32_t, uint32_t);
static void	 call_finish(struct call *);
static int	 call_again(struct call *);
static void	 call_forget(struct call *);
static void	 call_unwatch(struct call *);
static int	 call_send(struct call *);
static int	 call_body(struct call *);
static int	 call_receive(struct call *);
static int	 call_fill(struct call *);
static int	 call_flush(struct call *);
static int	 call_answer(struct call *, char *, size_t);
static void	 call_watch(struct call *);
static void	 call_event(int, short, void *);
static void	 call_log(const struct call *, const char *);
static void	 ticks_start(void);
static void	 tick(int, short, void *);

TAILQ_HEAD(calls, call);

static struct settings	 settings;
static struct keep	*keep, *nkeep;
static struct calls	 calls = TAILQ_HEAD_INITIALIZER(calls);
static unsigned int	 ncalls;
static struct event	 tick_ev, load_ev;
static uint64_t		 total_calls, total_failed;

/* passes through; nothing stays in it */
static char		 buf[PIECE];

void
keeper(void)
{
	api_init();
	evtimer_set(&tick_ev, tick, NULL);
	evtimer_set(&load_ev, load_event, NULL);
	/* Wide: as narrow; the channels to the others come first. */
	if (sandbox_net("connect") == -1 ||
	    pledge("stdio inet recvfd", NULL) == -1)
		fatal("pledge");
	proc_onexit(keeper_exit);
	proc_loop(keeper_handle, keeper_started);
}

static void
keeper_exit(void)
{
	struct call *c;

	TAILQ_FOREACH(c, &calls, entry)
		call_log(c, "the proxy ends");
}

/*
 * Narrow: recvfd for where to answer, and for bodies; inet to connect, to the
 * port of the API or of the parent proxy, if there is an API.
 */
static void
keeper_started(void)
{
	char net[sizeof("connect:65535")];

	if (keep == NULL)
		fatalx("no gateway came");
	(void)snprintf(net, sizeof(net), "connect:%u",
	    settings.via_port != 0 ? settings.via_port : keep->conf.port);
	if (sandbox_net(net) == -1 || pledge("stdio inet recvfd", NULL) == -1)
		fatal("pledge");
	log_debug("%s", sandbox_describe());
}

static int
keeper_handle(struct peer *p, struct imsg *imsg)
{
	(void)p;
	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_CONF:
		return (handle_conf(imsg));
	case IMSG_GATE_CONF:
		return (handle_gateway(imsg));
	case IMSG_GATE_ALLOW:
		return (handle_allow(imsg));
	case IMSG_GATE_KEY:
		return (handle_key(imsg));
	case IMSG_GATE_CA:
		return (handle_ca(imsg));
	case IMSG_RECONF_END:
		return (handle_end());
	case IMSG_TOTALS:
		handle_totals();
		return (0);
	case IMSG_GATE_REQUEST:
		return (handle_request(imsg));
	case IMSG_GATE_HEADER:
		return (handle_header(imsg));
	case IMSG_GATE_GO:
		return (handle_go(imsg));
	case IMSG_GATE_END:
		return (handle_body_end(imsg));
	case IMSG_GATE_CANCEL:
		return (handle_cancel(imsg));
	case IMSG_DIAL:
		return (handle_dial(imsg));
	case IMSG_REFUSED:
		return (handle_refused(imsg));
	default:
		return (-1);
	}
}

/*
 * Configuration: collected in nkeep, in force at its end.
 */

static int
handle_conf(struct imsg *imsg)
{
	keep_unref(nkeep);
	nkeep = NULL;
	return (settings_get(imsg, &settings));
}

static int
handle_gateway(struct imsg *imsg)
{
	struct gate_conf *c;

	if (nkeep != NULL)
		return (-1);
	if ((nkeep = calloc(1, sizeof(*nkeep))) == NULL)
		fatal("calloc");
	nkeep->refs = 1;
	c = &nkeep->conf;
	if (imsg_get_data(imsg, c, sizeof(*c)) == -1 ||
	    !imsg_is_string(c->host, sizeof(c->host)) || c->port == 0 ||
	    c->plain > 1 || c->bearer > 1 || c->kept > 1 ||
	    memchr(c->prefix, '\0', sizeof(c->prefix)) == NULL)
		return (-1);
	return (0);
}

static int
handle_allow(struct imsg *imsg)
{
	struct gate_allow *a;

	if (nkeep == NULL || nkeep->nallows == GATE_ALLOWS)
		return (-1);
	a = &nkeep->allows[nkeep->nallows++];
	if (imsg_get_data(imsg, a, sizeof(*a)) == -1 ||
	    !imsg_is_string(a->path, sizeof(a->path)))
		return (-1);
	return (0);
}

static int
handle_key(struct imsg *imsg)
{
	if (nkeep == NULL)
		return (-1);
	return (imsg_get_string(imsg, nkeep->key, sizeof(nkeep->key)));
}

static int
handle_ca(struct imsg *imsg)
{
	size_t len;
	char *p;

	len = imsg_get_len(imsg);
	if (nkeep == NULL || nkeep->ca_len + len > GATE_CA_MAX)
		return (-1);
	if ((p = realloc(nkeep->ca, nkeep->ca_len + len)) == NULL)
		fatal("realloc");
	nkeep->ca = p;
	nkeep->ca_len += len;
	return (imsg_get_data(imsg, p + nkeep->ca_len - len, len));
}

/* What was asked for before goes on, but nothing that is not allowed now. */
static int
handle_end(void)
{
	const struct timeval tv = { 0, 0 };
	struct call *c;
	int good;

	if (nkeep != NULL && nkeep->conf.kept) {
		if (keep == NULL || nkeep->key[0] != '\0')
			return (-1);
		memcpy(nkeep->key, keep->key, sizeof(nkeep->key));
		nkeep->conf.bearer = keep->conf.bearer;
	}
	if (nkeep != NULL && nkeep->key[0] == '\0')
		return (-1);
	if (proc_state == STATE_SETUP) {
		/* a bundle takes a while: the others start meanwhile */
		keep_unref(keep);
		keep = nkeep;
		nkeep = NULL;
		evtimer_add(&load_ev, &tv);
		return (keep == NULL ? -1 : 0);
	}
	if ((good = nkeep == NULL || keep_load(nkeep) == 0)) {
		keep_unref(keep);
		keep = nkeep;
		nkeep = NULL;
		api_flush();
		while (keep == NULL && (c = TAILQ_FIRST(&calls)) != NULL)
			call_fail(c, REFUSAL_NOGATEWAY);
	}
	reconf_done(good);
	return (0);
}

static void
reconf_done(int in_force)
{
	uint32_t good;

	good = in_force != 0;
	peer_send(proc_peer(ROLE_PARENT), IMSG_RECONF_DONE, 0, -1, &good,
	    sizeof(good));
}

/* The first one, which the parent gives up on if it is not good. */
static void
load_event(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	reconf_done(keep_load(keep) == 0);
}

static int
keep_load(struct keep *k)
{
	if (k->conf.plain)
		return (0);
	k->ctx = api_context(k->ca, k->ca_len);
	free(k->ca);
	k->ca = NULL;
	k->ca_len = 0;
	return (k->ctx == NULL ? -1 : 0);
}

static void
handle_totals(void)
{
	struct report rep;

	report_start(&rep, "totals", settings.json != 0);
	report_number(&rep, "requests", total_calls);
	report_number(&rep, "failed", total_failed);
	report_number(&rep, "open", ncalls);
	report_number(&rep, "connections", api_count());
	report_end(&rep);
}

struct keep *
keep_ref(struct keep *k)
{
	k->refs++;
	return (k);
}

void
keep_unref(struct keep *k)
{
	if (k == NULL || --k->refs > 0)
		return;
	SSL_CTX_free(k->ctx);
	free(k->ca);
	freezero(k, sizeof(*k));
}

uint32_t
keeper_timeout(enum timeout_id id)
{
	return (settings.timeouts[id]);
}

/*
 * From the resolver.
 */

static int
handle_dial(struct imsg *imsg)
{
	struct dial dial;

	if (imsg_get_data(imsg, &dial, sizeof(dial)) == -1 ||
	    !imsg_is_string(dial.host, sizeof(dial.host)))
		return (-1);
	return (api_dial(imsg_get_id(imsg), &dial));
}

static int
handle_refused(struct imsg *imsg)
{
	uint32_t why;

	if (imsg_get_data(imsg, &why, sizeof(why)) == -1 ||
	    why == REFUSAL_NONE || why >= REFUSAL_MAX)
		return (-1);
	return (api_refused(imsg_get_id(imsg), (enum refusal)why));
}

/*
 * From the frontend: it may be anybody's, if it was taken over.  What it says
 * of a call may cross the call's end, which it then gets to know of.
 */

static int
handle_request(struct imsg *imsg)
{
	struct gate_request req;
	struct call *c;
	socklen_t len;
	int type;

	if (imsg_get_data(imsg, &req, sizeof(req)) == -1 ||
	    !gate_request_sound(&req) ||
	    call_find(imsg_get_id(imsg)) != NULL)
		return (-1);
	/* the first may come before there was time to load */
	if (evtimer_pending(&load_ev, NULL)) {
		evtimer_del(&load_ev);
		load_event(-1, 0, NULL);
	}
	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->up = malloc(UP_SIZE)) == NULL)
		fatal("malloc");
	c->id = imsg_get_id(imsg);
	c->req = req;
	c->body = -1;
	c->body_size = req.framing == BODY_CHUNKED ? UINT64_MAX : req.length;
	c->since = c->last = now_ms();
	TAILQ_INSERT_TAIL(&calls, c, entry);
	ncalls++;
	total_calls++;
	ticks_start();
	len = sizeof(type);
	if ((c->client = imsg_get_fd(imsg)) == -1 || getsockopt(c->client,
	    SOL_SOCKET, SO_TYPE, &type, &len) == -1 || type != SOCK_STREAM)
		return (-1);
	if (keep == NULL)
		call_fail(c, REFUSAL_NOGATEWAY);
	else if (keep->ctx == NULL && !keep->conf.plain)
		call_fail(c, REFUSAL_TLS);
	else if (!gate_allowed(keep->allows, keep->nallows, req.method,
	    req.path))
		call_fail(c, REFUSAL_BLOCKED);
	else if (ncalls > CALLS_MAX)
		call_fail(c, REFUSAL_BUSY);
	else {
		c->keep = keep_ref(keep);
		if (call_head(c) == -1)
			call_fail(c, REFUSAL_BLOCKED);
	}
	return (0);
}

static int
handle_header(struct imsg *imsg)
{
	char line[GATE_HEADER_SIZE];
	struct call *c;

	if ((c = call_find(imsg_get_id(imsg))) == NULL)
		return (0);
	if (c->go || imsg_get_string(imsg, line, sizeof(line)) == -1 ||
	    !gate_header_sound(line))
		return (-1);
	if (call_append(c, "%s\r\n", line) == -1)
		call_fail(c, REFUSAL_BLOCKED);
	return (0);
}

static int
handle_go(struct imsg *imsg)
{
	struct call *c;
	int r;

	if ((c = call_find(imsg_get_id(imsg))) == NULL)
		return (0);
	c->body = imsg_get_fd(imsg);
	if (c->go || (c->body != -1) != (c->body_size > 0))
		return (-1);
	c->go = 1;
	c->body_done = c->body == -1;
	r = call_append(c, "%s%s\r\n", c->keep->conf.bearer ?
	    "Authorization: Bearer " : "x-api-key: ", c->keep->key);
	if (c->req.framing == BODY_LENGTH)
		r |= call_append(c, "Content-Length: %llu\r\n",
		    (unsigned long long)c->req.length);
	else if (c->req.framing == BODY_CHUNKED)
		r |= call_append(c, "Transfer-Encoding: chunked\r\n");
	r |= call_append(c, "\r\n");
	c->kept = c->up_len;
	if (r == -1)
		call_fail(c, REFUSAL_BLOCKED);
	else
		api_get(c);
	return (0);
}

static int
handle_body_end(struct imsg *imsg)
{
	struct call *c;
	uint64_t size;

	if ((c = call_find(imsg_get_id(imsg))) == NULL)
		return (0);
	if (!c->go || c->req.framing != BODY_CHUNKED ||
	    c->body_size != UINT64_MAX ||
	    imsg_get_data(imsg, &size, sizeof(size)) == -1 ||
	    size == UINT64_MAX || size < c->body_got)
		return (-1);
	c->body_size = size;
	if (c->api != NULL && c->api->state == API_OPEN)
		call_run(c);
	return (0);
}

static int
handle_cancel(struct imsg *imsg)
{
	struct call *c;

	if ((c = call_find(imsg_get_id(imsg))) == NULL)
		return (0);
	call_log(c, "cancelled");
	call_end(c, IMSG_GATE_DONE, 0);
	return (0);
}

/*
 * Calls.
 */

static struct call *
call_find(uint32_t id)
{
	struct call *c;

	TAILQ_FOREACH(c, &calls, entry)
		if (c->id == id)
			return (c);
	return (NULL);
}

static int
call_append(struct call *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(c->up + c->up_len, UP_SIZE - c->up_len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= UP_SIZE - c->up_len)
		return (-1);
	c->up_len += (size_t)n;
	return (0);
}

/* The head as far as the request itself goes. */
static int
call_head(struct call *c)
{
	const struct gate_conf *conf;

	conf = &c->keep->conf;
	if (call_append(c, "%s %s%s HTTP/1.1\r\nHost: %s",
	    gate_methods[c->req.method], conf->prefix, c->req.path,
	    conf->host) == -1)
		return (-1);
	if (conf->port == (conf->plain ? 80 : 443))
		return (call_append(c, "\r\n"));
	return (call_append(c, ":%u\r\n", conf->port));
}

/* The end of a call, which the frontend is told of. */
static void
call_end(struct call *c, uint32_t type, uint32_t value)
{
	peer_send(proc_peer(ROLE_FRONTEND), type, c->id, -1, &value,
	    sizeof(value));
	TAILQ_REMOVE(&calls, c, entry);
	ncalls--;
	call_unwatch(c);
	if (c->body != -1)
		close(c->body);
	close(c->client);
	api_leave(c);
	keep_unref(c->keep);
	freezero(c->up, UP_SIZE);
	free(c->answer.head);
	free(c->out);
	free(c);
}

/* What the client has seen a part of can only be broken off. */
void
call_fail(struct call *c, enum refusal refusal)
{
	total_failed++;
	call_log(c, refusals[refusal].text);
	if (c->said)
		call_end(c, IMSG_GATE_DONE, 0);
	else
		call_end(c, IMSG_GATE_FAILED, refusal);
}

/* All of the answer is with the client. */
static void
call_finish(struct call *c)
{
	struct api *a;
	int whole;

	whole = c->body_done && c->up_off == c->up_len;
	call_log(c, NULL);
	if ((a = c->api) != NULL)
		api_put(a, whole && !c->answer.resp.close && !c->answer.extra &&
		    c->keep == keep);
	call_end(c, IMSG_GATE_DONE, whole && !c->req.close);
}

/*
 * The API may close a connection just when it is used again.  Then another
 * one is tried, once, if nothing of an answer came and it cannot have done yet
 * what was asked for: a part of the request is still here, or to do it twice
 * is the same.  Is that so?
 */
static int
call_again(struct call *c)
{
	int idempotent;

	idempotent = c->req.method != GATE_POST && c->req.method != GATE_PATCH;
	if (!c->api->used || c->again || c->kept == 0 ||
	    (c->up_len == 0 && c->body_done && !idempotent))
		return (0);
	log_debug("%s: closed while it was used again", c->keep->conf.host);
	c->again = 1;
	c->up_off = 0;
	c->up_len = c->kept;
	call_unwatch(c);
	api_put(c->api, 0);
	/* what else there is may be no better */
	api_flush();
	api_get(c);
	return (1);
}

/* There is no second time, and the key is in the head. */
static void
call_forget(struct call *c)
{
	explicit_bzero(c->up, c->kept);
	c->kept = 0;
}

/*
 * Does what can be done for a call, both ways.
 */
void
call_run(struct call *c)
{
	if (call_send(c) == -1 || call_receive(c) == -1)
		return;
	call_watch(c);
}

/* -1: the call is gone, or begins again.  Likewise below. */
static int
call_send(struct call *c)
{
	ssize_t n;
	int r;

	while (!c->stopped) {
		while (c->up_off < c->up_len) {
			n = api_write(c->api, c->up + c->up_off,
			    c->up_len - c->up_off);
			if (n == -1 && call_again(c))
				return (-1);
			if (n == -1) {
				/* it may have said why, which is read */
				c->stopped = 1;
				return (0);
			}
			if (n == 0)
				return (0);
			c->up_off += (size_t)n;
			c->last = now_ms();
		}
		c->up_off = c->up_len = 0;
		if (c->body_done)
			return (0);
		if ((r = call_body(c)) != 1)
			return (r);
	}
	return (0);
}

/* 1: there is a piece of the body in up; 0: not now. */
static int
call_body(struct call *c)
{
	size_t max;
	ssize_t n;

	if (c->body_got == c->body_size) {
		call_forget(c);
		if (c->req.framing == BODY_CHUNKED)
			c->up_len = strlcpy(c->up, LAST_CHUNK, UP_SIZE);
		c->body_done = 1;
		return (1);
	}
	if (c->body_eof)
		return (0);
	max = PIECE;
	if (c->body_size - c->body_got < max)
		max = (size_t)(c->body_size - c->body_got);
	n = recv(c->body, c->kept > 0 ? buf : c->up + CHUNK_HEAD, max,
	    MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n == 0 && c->body_size == UINT64_MAX) {
		/* whether that was all, a message says */
		c->body_eof = 1;
		return (0);
	}
	if (n <= 0) {
		call_fail(c, REFUSAL_BROKEN);
		return (-1);
	}
	if (c->kept > 0) {
		call_forget(c);
		memcpy(c->up + CHUNK_HEAD, buf, (size_t)n);
	}
	c->body_got += (uint64_t)n;
	c->up_off = CHUNK_HEAD;
	c->up_len = CHUNK_HEAD + (size_t)n;
	if (c->req.framing == BODY_CHUNKED) {
		c->up_off -= chunked_frame(c->up + CHUNK_HEAD, (size_t)n);
		c->up_len += 2;
	} else
		c->body_done = c->body_got == c->body_size;
	return (1);
}

static int
call_receive(struct call *c)
{
	int i, n;

	for (i = 0; i < ROUNDS_MAX; i++) {
		if (call_flush(c) == -1)
			return (-1);
		if (c->out_len > 0)
			return (0);
		if (c->answer.whole) {
			call_finish(c);
			return (-1);
		}
		if ((n = call_fill(c)) == -1) {
			if (!call_again(c))
				call_fail(c, c->answer.head_len == 0 ?
				    REFUSAL_HUNGUP : REFUSAL_BROKEN);
			return (-1);
		}
		if (n == 0)
			return (0);
	}
	api_again(c->api);
	return (0);
}

/*
 * Reads what has come of the answer, as far as there is room.  1: some of it;
 * 0: nothing; -1: there will be no more, or it is no answer.
 */
static int
call_fill(struct call *c)
{
	ssize_t n;
	int some;

	for (some = 0; !c->answer.whole && c->out_len <= OUT_SIZE - OUT_ROOM;
	    some = 1) {
		n = api_read(c->api, buf, sizeof(buf));
		if (n == 0)
			break;
		/* what came before goes out first */
		if (n == -1)
			return (some ? 1 : -1);
		call_forget(c);
		c->last = now_ms();
		if (call_answer(c, buf, (size_t)n) == -1) {
			log_warnx("%s: an answer that is not sound",
			    c->keep->conf.host);
			return (-1);
		}
	}
	return (some);
}

/* Out with what is there, as far as that goes. */
static int
call_flush(struct call *c)
{
	ssize_t n;

	while (c->out_off < c->out_len) {
		n = send(c->client, c->out + c->out_off,
		    c->out_len - c->out_off, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return (0);
		if (n == -1) {
			call_log(c, "the client is gone");
			call_end(c, IMSG_GATE_DONE, 0);
			return (-1);
		}
		c->said = 1;
		c->out_off += (size_t)n;
		c->bytes += (uint64_t)n;
		c->last = now_ms();
	}
	c->out_off = c->out_len = 0;
	return (0);
}

/* -1: this is no answer. */
static int
call_answer(struct call *c, char *data, size_t len)
{
	struct answer *a;
	ssize_t n;

	a = &c->answer;
	if (c->out == NULL && ((c->out = malloc(OUT_SIZE)) == NULL ||
	    (a->head = malloc(RESPONSE_MAX)) == NULL))
		fatal("malloc");
	if (!c->body_done || c->up_off < c->up_len)
		c->req.close = 1;
	if (!a->begun) {
		a->flags = c->req.method == GATE_HEAD ? RESPONSE_TO_HEAD : 0;
		a->closes = c->req.close;
	}
	if ((n = answer_take(a, data, len, c->out + c->out_len)) == -1)
		return (-1);
	c->out_len += (size_t)n;
	return (0);
}

/* Waits for whatever can go on. */
static void
call_watch(struct call *c)
{
	short want;
	int body, client;

	want = c->out_len == 0 ? EV_READ : 0;
	if (c->up_off < c->up_len && !c->stopped)
		want |= EV_WRITE;
	api_watch(c->api, want);
	body = c->up_len == 0 && !c->body_done && !c->body_eof;
	if (body && !c->body_watched) {
		event_set(&c->body_ev, c->body, EV_READ | EV_PERSIST,
		    call_event, c);
		event_add(&c->body_ev, NULL);
	} else if (!body && c->body_watched)
		event_del(&c->body_ev);
	c->body_watched = body;
	client = c->out_len > 0;
	if (client && !c->client_watched) {
		event_set(&c->client_ev, c->client, EV_WRITE | EV_PERSIST,
		    call_event, c);
		event_add(&c->client_ev, NULL);
	} else if (!client && c->client_watched)
		event_del(&c->client_ev);
	c->client_watched = client;
}

static void
call_unwatch(struct call *c)
{
	if (c->body_watched)
		event_del(&c->body_ev);
	if (c->client_watched)
		event_del(&c->client_ev);
	c->body_watched = c->client_watched = 0;
}

static void
call_event(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	call_run(arg);
}

static void
call_log(const struct call *c, const char *why)
{
	struct report rep;
	char path[GATE_PATH_SIZE];

	(void)strlcpy(path, c->req.path, sizeof(path));
	path[strcspn(path, "?")] = '\0';
	report_start(&rep, "request", settings.json != 0);
	if (c->keep != NULL)
		report_string(&rep, "host", c->keep->conf.host);
	report_string(&rep, "method", gate_methods[c->req.method]);
	report_string(&rep, "path", path);
	if (c->answer.begun)
		report_number(&rep, "status", (uint64_t)c->answer.resp.status);
	report_number(&rep, "out", c->body_got);
	report_number(&rep, "in", c->bytes);
	report_number(&rep, "ms", (uint64_t)(now_ms() - c->since));
	if (why != NULL)
		report_string(&rep, "reason", why);
	report_end(&rep);
}

/*
 * Times.
 */

static void
ticks_start(void)
{
	const struct timeval tv = { 1, 0 };

	if (!evtimer_pending(&tick_ev, NULL))
		evtimer_add(&tick_ev, &tv);
}

static void
tick(int fd, short event, void *arg)
{
	struct call *c, *next;
	int64_t now;

	(void)fd;
	(void)event;
	(void)arg;
	now = now_ms();
	TAILQ_FOREACH_SAFE(c, &calls, entry, next)
		if (now - c->last >=
		    (int64_t)settings.timeouts[TIMEOUT_IDLE] * 1000 ||
		    now - c->since >=
		    (int64_t)settings.timeouts[TIMEOUT_LIFE] * 1000) {
			call_fail(c, REFUSAL_TIMEOUT);
			next = TAILQ_FIRST(&calls);
		}
	api_tick(now);
	if (ncalls > 0 || api_count() > 0)
		ticks_start();
}
