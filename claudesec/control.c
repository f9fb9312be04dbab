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
 * The control process.  It holds the listening socket and the connections
 * that have not asked for anything yet.  Users feed it bytes; it trusts none.
 * It looks at a first message without taking it, and hands the connection
 * itself to the engine, so that it could alter no request and speak for
 * nobody even if it were taken over.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <event.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

#define CLIENT_MAX_UID		32	/* connections of one user */
#define CLIENT_MAX		512
#define CLIENT_ROOT		8	/* of them that only root gets */
#define CLIENT_RATE		100	/* new ones of one user in a second */
#define CLIENT_TIMEOUT		5	/* seconds for the first message */
#define PEEK_INTERVAL		20000	/* microseconds, of one half there */
#define PAUSE_SECONDS		1	/* after running out of descriptors */

struct client {
	int			 fd;	/* -1: the engine's */
	uint32_t		 id;
	uid_t			 uid;
	int64_t			 since;
	struct event		 rev, tev;
	TAILQ_ENTRY(client)	 entry;
};

static int	 control_dispatch(struct peer *, struct imsg *);
static void	 control_started(void);
static int	 control_handle_listen(struct imsg *);
static int	 control_handle_gone(struct imsg *);
static void	 control_accept(int, short, void *);
static void	 control_resume(int, short, void *);
static int	 control_admit(uid_t);
static void	 client_peek(int, short, void *);
static const char *client_judge(const struct imsg_hdr *, const void *, int *);
static void	 client_refuse(struct client *, int, const char *);
static void	 client_free(struct client *);

static TAILQ_HEAD(, client) clients = TAILQ_HEAD_INITIALIZER(clients);
static struct event accept_ev, pause_ev;
static unsigned int nclients;
static uint32_t	 last_id;

void
control(void)
{
	/*
	 * unix: accept(2), getpeereid(3); recvfd: the listening socket and the
	 * channels; sendfd: connections
	 */
	if (pledge("stdio unix recvfd sendfd", NULL) == -1)
		fatal("pledge");
	evtimer_set(&pause_ev, control_resume, NULL);
	proc_loop(control_dispatch, control_started);
}

static void
control_started(void)
{
	/* recvfd: the listening socket comes when a configuration is there */
	if (pledge("stdio unix recvfd sendfd", NULL) == -1)
		fatal("pledge");
}

static int
control_dispatch(struct peer *p, struct imsg *imsg)
{
	(void)p;
	switch (imsg_get_type(imsg)) {
	case IMSG_CONTROL_LISTEN:
		return (control_handle_listen(imsg));
	case IMSG_ENGINE_GONE:
		return (control_handle_gone(imsg));
	default:
		return (-1);
	}
}

static int
control_handle_listen(struct imsg *imsg)
{
	socklen_t len;
	int fd, listening;

	len = sizeof(listening);
	if (event_initialized(&accept_ev) || (fd = imsg_get_fd(imsg)) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
	    &len) == -1 || !listening)
		return (-1);
	event_set(&accept_ev, fd, EV_READ | EV_PERSIST, control_accept, NULL);
	event_add(&accept_ev, NULL);
	return (0);
}

static int
control_handle_gone(struct imsg *imsg)
{
	struct client *c;

	TAILQ_FOREACH(c, &clients, entry)
		if (c->id == imsg_get_id(imsg) && c->fd == -1)
			break;
	if (c == NULL)
		return (-1);
	client_free(c);
	return (0);
}

static void
control_accept(int fd, short event, void *arg)
{
	struct timeval tv = { PAUSE_SECONDS, 0 };
	struct client *c;
	uid_t uid;
	gid_t gid;
	int s;

	(void)event;
	(void)arg;
	s = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (s == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			log_warn("accept");
			event_del(&accept_ev);
			evtimer_add(&pause_ev, &tv);
		}
		return;
	}
	if (getpeereid(s, &uid, &gid) == -1 || !control_admit(uid) ||
	    (c = calloc(1, sizeof(*c))) == NULL) {
		close(s);
		return;
	}
	c->fd = s;
	c->id = ++last_id;
	c->uid = uid;
	c->since = clock_seconds();
	event_set(&c->rev, s, EV_READ, client_peek, c);
	evtimer_set(&c->tev, client_peek, c);
	TAILQ_INSERT_TAIL(&clients, c, entry);
	nclients++;
	tv.tv_sec = CLIENT_TIMEOUT;
	event_add(&c->rev, &tv);
}

static void
control_resume(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	event_add(&accept_ev, NULL);
}

/*
 * May this user have one more connection?  A second's start is counted in
 * steps of the clock, which is enough against a loop.  Root has what there is.
 */
static int
control_admit(uid_t uid)
{
	static struct rates rates;
	struct client *c;
	unsigned int n;

	if (uid == 0)
		return (nclients < CLIENT_MAX);
	n = 0;
	TAILQ_FOREACH(c, &clients, entry)
		if (c->uid == uid)
			n++;
	if (nclients < CLIENT_MAX - CLIENT_ROOT && n < CLIENT_MAX_UID &&
	    rate_count(&rates, uid, clock_seconds()) <= CLIENT_RATE)
		return (1);
	log_debug("uid %u has too many connections", (unsigned int)uid);
	return (0);
}

/*
 * Half a message leaves the socket readable, so it is looked at again by the
 * clock, not by the event.
 */
static void
client_peek(int fd, short event, void *arg)
{
	union {
		struct imsg_hdr	 hdr;
		unsigned char	 buf[IMSG_HEADER_SIZE +
				    sizeof(struct ctl_start)];
		unsigned char	 rule[IMSG_HEADER_SIZE +
				    sizeof(struct ctl_rule)];
	} u;
	struct client *c = arg;
	struct timeval tv = { 0, PEEK_INTERVAL };
	const char *why;
	ssize_t n;
	int code, s;

	(void)fd;
	(void)event;
	memset(&u, 0, sizeof(u));
	n = recv(c->fd, &u, sizeof(u), MSG_PEEK);
	if (n == 0 || (n == -1 && errno != EAGAIN) ||
	    clock_seconds() - c->since >= CLIENT_TIMEOUT) {
		client_free(c);
		return;
	}
	if (n < (ssize_t)IMSG_HEADER_SIZE) {
		evtimer_add(&c->tev, &tv);
		return;
	}
	if (u.hdr.len >= IMSG_HEADER_SIZE && u.hdr.len <= sizeof(u) &&
	    n < (ssize_t)u.hdr.len) {
		evtimer_add(&c->tev, &tv);
		return;
	}
	why = client_judge(&u.hdr, u.buf + IMSG_HEADER_SIZE, &code);
	if (why != NULL) {
		client_refuse(c, code, why);
		return;
	}
	s = c->fd;
	c->fd = -1;
	event_del(&c->rev);
	peer_send(proc_peer(ROLE_ENGINE), IMSG_CONTROL_CLIENT, c->id, s, NULL,
	    0);
}

/*
 * What is wrong with a first message, or NULL.  Every struct of a request
 * starts with the version.
 */
static const char *
client_judge(const struct imsg_hdr *hdr, const void *data, int *code)
{
	struct imsg imsg;
	uint32_t version;

	*code = EX_PROTOCOL;
	imsg.hdr = *hdr;
	imsg.data = data;
	imsg.datalen = hdr->len - IMSG_HEADER_SIZE;
	/* the descriptor stays in the socket; the flag promises it */
	imsg.fd = hdr->flags & IMSG_HASFD ? STDIN_FILENO : -1;
	if (hdr->len < IMSG_HEADER_SIZE + sizeof(version))
		return ("malformed request");
	memcpy(&version, data, sizeof(version));
	if (version != IMSG_VERSION)
		return ("the running daemon is of another version; end it "
		    "and run the command again");
	if (imsg_check(imsg_rules, &imsg, ROLE_CLIENT, ROLE_CONTROL,
	    STATE_CLIENT_NEW) != NULL)
		return ("malformed request");
	return (NULL);
}

static void
client_refuse(struct client *c, int code, const char *why)
{
	log_debug("client %u of uid %u: %s", c->id, (unsigned int)c->uid, why);
	refuse_client(c->fd, code, why);
	client_free(c);
}

static void
client_free(struct client *c)
{
	if (c->fd != -1) {
		event_del(&c->rev);
		event_del(&c->tev);
		close(c->fd);
	}
	TAILQ_REMOVE(&clients, c, entry);
	nclients--;
	free(c);
}
