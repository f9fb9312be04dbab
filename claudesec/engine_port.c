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
 * Ports of a session that its user reaches.  A client names the session once,
 * and then asks for one stream after the other, each of which the engine runs
 * `inside' for, in the agent's container.  From then on it is the client's.
 * Nothing is published, and no network leads there.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"

#define SEND_MAX	4096	/* bytes on their way to a client */

/* a stream that is being made */
struct stream {
	TAILQ_ENTRY(stream) entry;
	struct ports	*ports;
	uint32_t	 id;		/* the client's */
	struct docker_call *call;
};

struct ports {
	TAILQ_ENTRY(ports) entry;
	struct client	*client;
	const struct session *session;
	TAILQ_HEAD(, stream) streams;
	unsigned int	 nstreams;
};

static void	 port_created(void *, struct docker_reply *);
static void	 port_started(void *, struct docker_reply *);
static void	 port_done(struct stream *, int);

static TAILQ_HEAD(, ports) all_ports = TAILQ_HEAD_INITIALIZER(all_ports);

void
port_start(struct client *c, const struct session *s)
{
	const int size = SEND_MAX;
	struct ports *p;

	/* streams that nobody has taken yet count against us */
	if (setsockopt(c->peer.ibuf.fd, SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)) == -1)
		log_warn("SO_SNDBUF");
	if ((p = calloc(1, sizeof(*p))) == NULL)
		fatal("calloc");
	p->client = c;
	p->session = s;
	TAILQ_INIT(&p->streams);
	TAILQ_INSERT_TAIL(&all_ports, p, entry);
	c->ports = p;
}

void
port_free(struct client *c)
{
	struct ports *p;
	struct stream *st;

	if ((p = c->ports) == NULL)
		return;
	c->ports = NULL;
	while ((st = TAILQ_FIRST(&p->streams)) != NULL) {
		TAILQ_REMOVE(&p->streams, st, entry);
		docker_cancel(st->call);
		free(st);
	}
	TAILQ_REMOVE(&all_ports, p, entry);
	free(p);
}

/* A session is gone, and its streams with it. */
void
port_end(const struct session *s)
{
	struct client *c;
	struct ports *next, *p;

	for (p = TAILQ_FIRST(&all_ports); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->session != s)
			continue;
		c = p->client;
		port_free(c);
		client_exit(c, 0);
	}
}

int
port_connect(struct client *c, struct imsg *imsg)
{
	struct stream *st;
	struct ports *p;
	uint32_t port;

	if (imsg_get_data(imsg, &port, sizeof(port)) == -1 || port == 0 ||
	    port > 65535)
		return (-1);
	p = c->ports;
	/* it may not have read those that it asked for before */
	if ((p == NULL ? 0 : p->nstreams) + imsgbuf_queuelen(&c->peer.ibuf) /
	    IMSG_HEADER_SIZE >= STREAMS_MAX)
		return (-1);
	if (p == NULL) {
		/* it has not been looked for yet */
		peer_send(&c->peer, IMSG_CTL_REFUSED, imsg_get_id(imsg), -1,
		    NULL, 0);
		return (0);
	}
	if ((st = calloc(1, sizeof(*st))) == NULL)
		fatal("calloc");
	st->ports = p;
	st->id = imsg_get_id(imsg);
	TAILQ_INSERT_TAIL(&p->streams, st, entry);
	p->nstreams++;
	st->call = docker_call("POST", spec_port((unsigned int)port),
	    API_TIMEOUT, port_created, st, "/containers/%s/exec",
	    p->session->agent);
	return (0);
}

static void
port_created(void *arg, struct docker_reply *reply)
{
	struct stream *st = arg;
	char id[ID_LEN + 1];
	json_t *start;

	if (reply->error != NULL || spec_id(reply->json, id) == -1) {
		log_debug("session %s: port: %s", st->ports->session->spec.name,
		    reply->error == NULL ? "no id" : reply->error);
		port_done(st, -1);
		return;
	}
	if ((start = json_pack("{s:b, s:b}", "Detach", 0, "Tty", 0)) == NULL)
		fatal("json_pack");
	st->call = docker_call("POST", start, API_TIMEOUT, port_started, st,
	    "/exec/%s/start", id);
	docker_hijack(st->call);
}

static void
port_started(void *arg, struct docker_reply *reply)
{
	struct stream *st = arg;

	if (reply->error != NULL)
		log_debug("session %s: port: %s",
		    st->ports->session->spec.name, reply->error);
	port_done(st, reply->error == NULL ? reply->fd : -1);
	reply->fd = -1;
}

static void
port_done(struct stream *st, int fd)
{
	struct ports *p;
	struct client *c;

	p = st->ports;
	c = p->client;
	TAILQ_REMOVE(&p->streams, st, entry);
	p->nstreams--;
	peer_send(&c->peer, fd == -1 ? IMSG_CTL_REFUSED : IMSG_CTL_STREAM,
	    st->id, fd, NULL, 0);
	free(st);
}
