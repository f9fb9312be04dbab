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
 * The guard process.  It has the sockets to the container engine, which are
 * root in all but name; the engine process, which reads what containers and
 * the container engine say, has a way through here for each.  One request
 * passes on each, if it is one that we make, about what is ours, and mounts
 * nothing but what the parent has found to be somebody's; what is sent is
 * written anew from what was understood.  Answers pass as they come; ids of
 * what is made are learnt from them.  A stream that an answer turned its
 * connection into is handed over to the engine process.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard.h"

#define WAYS_MAX	448	/* each has two descriptors */
#define HEAD_MAX	8192	/* of an answer that tells something */
#define NEWS_MAX	(4 * 1024 * 1024)	/* below it */
#define PIECE		65536

enum request_state {
	REQUEST_HEAD,
	REQUEST_JSON,
	REQUEST_TAR,
	REQUEST_LOOK,			/* the parent looks at what it mounts */
	REQUEST_DONE,			/* nothing more may come */
	REQUEST_REFUSED			/* what comes is dropped */
};

enum answer_state {
	ANSWER_PASSES,
	ANSWER_HEAD,			/* passes, and is looked at */
	ANSWER_BODY,			/* likewise */
	ANSWER_UPGRADE			/* its head is taken to the byte */
};

struct conn;

/* one of the two ends of a way through; what is not sent yet waits */
struct side {
	struct conn	*conn;
	struct side	*other;
	int		 fd;
	struct event	 rev, wev;
	char		*out;
	size_t		 len, off;
};

struct conn {
	TAILQ_ENTRY(conn) entry;
	struct side	 engine, docker;
	uid_t		 owner;		/* of the latter */
	/* what is asked */
	enum request_state state;
	struct guard_request request;
	char		*target;
	char		*buf;		/* head and JSON */
	size_t		 len, size, headlen;
	uint64_t	 left;		/* of a body that is not looked at */
	struct strings	 sources;	/* that it mounts */
	uint32_t	 look;		/* that is awaited */
	size_t		 nlooks;	/* so often */
	struct guard_chunks chunks;
	/* what is answered */
	enum answer_state answer;
	struct guard_answer status;
	struct guard_chunks news_chunks;
	char		*news;
	size_t		 newslen, newssize;
};

static void	 guard_started(void);
static int	 guard_dispatch(struct peer *, struct imsg *);
static int	 guard_handle_socket(struct imsg *);
static int	 guard_handle_looked(struct imsg *);
static void	 guard_answer_engine(uint32_t, int, int);
static void	 conn_new(int, int);
static void	 conn_end(struct conn *);
static void	 side_init(struct side *, struct conn *, struct side *, int,
		    void (*)(int, short, void *));
static void	 side_free(struct side *);
static int	 side_send(struct side *, const char *, size_t);
static void	 side_write(int, short, void *);
static void	 engine_read_event(int, short, void *);
static int	 request_take(struct conn *, const char *, size_t);
static int	 request_head(struct conn *);
static int	 request_look(struct conn *);
static int	 request_json(struct conn *);
static int	 request_tar(struct conn *, const char *, size_t);
static int	 request_send(struct conn *, const char *, uint64_t);
static int	 request_known(struct conn *);
static int	 request_refuse(struct conn *, int, const char *);
static void	 docker_read_event(int, short, void *);
static int	 answer_upgrade(struct conn *);
static int	 answer_hand_over(struct conn *);
static void	 answer_look(struct conn *, const char *, size_t);
static void	 answer_head(struct conn *, size_t);
static void	 answer_body(struct conn *, const char *, size_t);
static int	 answer_keep(struct conn *, const char *, size_t);
static void	 answer_learn(struct conn *, const json_t *);

static TAILQ_HEAD(, conn) conns = TAILQ_HEAD_INITIALIZER(conns);
static unsigned int	 nconns;
static char		 piece[PIECE];

void
guard(void)
{
	terms_init();
	/* recvfd, sendfd: the channels */
	if (pledge("stdio recvfd sendfd", NULL) == -1)
		fatal("pledge");
	wipe_json();
	json_object_seed(arc4random() | 1);
	proc_loop(guard_dispatch, guard_started);
}

static void
guard_started(void)
{
	/*
	 * recvfd: sockets to the container engine; sendfd: ways through, and
	 * streams
	 */
	if (pledge("stdio recvfd sendfd", NULL) == -1)
		fatal("pledge");
}

/*
 * From the parent.
 */

static int
guard_dispatch(struct peer *p, struct imsg *imsg)
{
	if (p->role != ROLE_PARENT)
		return (-1);
	switch (imsg_get_type(imsg)) {
	case IMSG_PARENT_SOCKET:
		return (guard_handle_socket(imsg));
	case IMSG_PARENT_LOOKED:
		return (guard_handle_looked(imsg));
	default:
		return (terms_handle(imsg));
	}
}

/*
 * A socket, or that there is none; the engine process asked for it.
 */
static int
guard_handle_socket(struct imsg *imsg)
{
	int error, fd, sv[2];

	if (imsg_get_data(imsg, &error, sizeof(error)) == -1)
		return (-1);
	if (((fd = imsg_get_fd(imsg)) == -1) != (error != 0)) {
		if (fd != -1)
			close(fd);
		return (-1);
	}
	if (error == 0 && (nconns == WAYS_MAX || files_scarce(fd)))
		error = EMFILE;
	else if (error == 0 && socketpair(AF_UNIX, SOCK_STREAM |
	    SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv) == -1)
		error = errno;
	if (error != 0) {
		if (fd != -1)
			close(fd);
		guard_answer_engine(imsg_get_id(imsg), error, -1);
		return (0);
	}
	conn_new(sv[0], fd);
	guard_answer_engine(imsg_get_id(imsg), 0, sv[1]);
	return (0);
}

/* The parent has looked at one of them; who asked may have hung up. */
static int
guard_handle_looked(struct imsg *imsg)
{
	struct conn *c;
	int error;

	if (imsg_get_data(imsg, &error, sizeof(error)) == -1)
		return (-1);
	TAILQ_FOREACH(c, &conns, entry)
		if (c->state == REQUEST_LOOK && c->look == imsg_get_id(imsg))
			break;
	if (c == NULL)
		return (0);
	if (error != 0)
		error = request_refuse(c, 403, "not mounted: it has changed");
	else if (--c->nlooks == 0) {
		c->state = REQUEST_DONE;
		error = request_send(c, "", 0);
	}
	if (error == -1)
		conn_end(c);
	return (0);
}

static void
guard_answer_engine(uint32_t id, int error, int fd)
{
	peer_send(proc_peer(ROLE_ENGINE), IMSG_GUARD_SOCKET, id, fd, &error,
	    sizeof(error));
}

/*
 * Ways through.
 */

static void
conn_new(int engine_fd, int docker_fd)
{
	struct conn *c;
	gid_t group;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		fatal("calloc");
	TAILQ_INSERT_TAIL(&conns, c, entry);
	nconns++;
	if (getpeereid(docker_fd, &c->owner, &group) == -1)
		c->owner = 0;
	side_init(&c->engine, c, &c->docker, engine_fd, engine_read_event);
	side_init(&c->docker, c, &c->engine, docker_fd, docker_read_event);
}

static void
conn_end(struct conn *c)
{
	side_free(&c->engine);
	side_free(&c->docker);
	TAILQ_REMOVE(&conns, c, entry);
	nconns--;
	/* it may have held a key */
	freezero(c->buf, c->size);
	free(c->target);
	free(c->news);
	strings_free(&c->sources);
	free(c);
}

static void
side_init(struct side *s, struct conn *c, struct side *other, int fd,
    void (*readable)(int, short, void *))
{
	s->conn = c;
	s->other = other;
	s->fd = fd;
	event_set(&s->rev, fd, EV_READ | EV_PERSIST, readable, c);
	event_set(&s->wev, fd, EV_WRITE, side_write, s);
	event_add(&s->rev, NULL);
}

static void
side_free(struct side *s)
{
	event_del(&s->rev);
	event_del(&s->wev);
	if (s->fd != -1)
		close(s->fd);
	freezero(s->out, s->len);
	s->fd = -1;
	s->out = NULL;
}

/*
 * What does not fit waits, and meanwhile nothing is read that would follow it.
 */
static int
side_send(struct side *s, const char *data, size_t len)
{
	ssize_t n;
	char *out;

	n = 0;
	if (s->out == NULL)
		n = send(s->fd, data, len, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return (-1);
	if (n == -1)
		n = 0;
	if ((size_t)n == len)
		return (0);
	data += n;
	len -= (size_t)n;
	if ((out = malloc(s->len - s->off + len)) == NULL)
		fatal("malloc");
	if (s->out != NULL)
		memcpy(out, s->out + s->off, s->len - s->off);
	memcpy(out + s->len - s->off, data, len);
	freezero(s->out, s->len);
	s->out = out;
	s->len = s->len - s->off + len;
	s->off = 0;
	event_del(&s->other->rev);
	event_add(&s->wev, NULL);
	return (0);
}

static void
side_write(int fd, short event, void *arg)
{
	struct side *s = arg;
	ssize_t n;

	(void)event;
	n = send(fd, s->out + s->off, s->len - s->off, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		conn_end(s->conn);
		return;
	}
	if (n > 0)
		s->off += (size_t)n;
	if (s->off < s->len) {
		event_add(&s->wev, NULL);
		return;
	}
	freezero(s->out, s->len);
	s->out = NULL;
	s->len = s->off = 0;
	if (s->other->fd != -1)
		event_add(&s->other->rev, NULL);
}

/*
 * What is asked.
 */

/* Who does not want the answer any more hangs up. */
static void
engine_read_event(int fd, short event, void *arg)
{
	struct conn *c = arg;
	ssize_t n;

	(void)event;
	n = recv(fd, piece, sizeof(piece), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || request_take(c, piece, (size_t)n) == -1)
		conn_end(c);
	explicit_bzero(piece, n > 0 ? (size_t)n : 0);
}

static int
request_take(struct conn *c, const char *data, size_t len)
{
	size_t size;
	char *buf;

	switch (c->state) {
	case REQUEST_TAR:
		return (request_tar(c, data, len));
	case REQUEST_LOOK:
	case REQUEST_DONE:
		log_warnx("more than one request, after %s", c->target);
		return (-1);
	case REQUEST_REFUSED:
		return (0);
	default:
		break;
	}
	if (c->len + len + 1 > c->size) {
		size = (c->len + len + 1) * 2;
		if ((buf = malloc(size)) == NULL)
			fatal("malloc");
		if (c->len > 0)
			memcpy(buf, c->buf, c->len);
		freezero(c->buf, c->size);
		c->buf = buf;
		c->size = size;
	}
	memcpy(c->buf + c->len, data, len);
	c->len += len;
	c->buf[c->len] = '\0';
	return (c->state == REQUEST_HEAD ? request_head(c) : request_json(c));
}

static int
request_head(struct conn *c)
{
	const char *why;
	char *end, next;

	if (c->target == NULL && (c->target = strndup(c->buf,
	    strcspn(c->buf, "\r\n"))) == NULL)
		fatal("strndup");
	end = memmem(c->buf, c->len < GUARD_HEAD ? c->len : GUARD_HEAD,
	    "\r\n\r\n", 4);
	if (end == NULL)
		return (c->len < GUARD_HEAD ? 0 : request_refuse(c, 403,
		    "its head is too large"));
	c->headlen = (size_t)(end - c->buf) + 4;
	/* what follows the head is not part of it as text */
	next = c->buf[c->headlen];
	c->buf[c->headlen] = '\0';
	why = guard_request(&c->request, c->buf, c->headlen, terms_now());
	c->buf[c->headlen] = next;
	if (why != NULL)
		return (request_refuse(c, 403, why));
	free(c->target);
	if ((c->target = strdup(c->request.target)) == NULL)
		fatal("strdup");
	if (!request_known(c))
		return (request_refuse(c, 404, "it is not ours"));
	c->left = c->request.length;
	switch (c->request.rule->body) {
	case BODY_NONE:
		if (c->len > c->headlen)
			return (request_refuse(c, 403, "more follows it"));
		if (c->request.rule->news == NEWS_START)
			return (request_look(c));
		c->state = REQUEST_DONE;
		return (request_send(c, "", 0));
	case BODY_JSON:
		c->state = REQUEST_JSON;
		return (request_json(c));
	default:
		c->state = REQUEST_TAR;
		if (request_send(c, "", c->left) == -1)
			return (-1);
		return (request_tar(c, c->buf + c->headlen, c->len -
		    c->headlen));
	}
}

/* Is what it is about ours? */
static int
request_known(struct conn *c)
{
	const struct thing *t;

	if (c->request.id[0] == '\0')
		return (1);
	t = thing_find(c->request.id);
	return (t != NULL && (t->container != NULL) == c->request.exec);
}

/*
 * What a container mounts is found by its path when it is started: the parent
 * is asked whether that still leads where it led.
 */
static int
request_look(struct conn *c)
{
	static uint32_t id;
	const struct thing *t;
	const char *s;
	size_t i;

	t = thing_find(c->request.id);
	if (!t->made)
		return (request_refuse(c, 403, "an earlier daemon made it"));
	c->state = REQUEST_DONE;
	if (t->sources.n == 0)
		return (request_send(c, "", 0));
	c->state = REQUEST_LOOK;
	c->look = ++id;
	c->nlooks = t->sources.n;
	for (i = 0; i < t->sources.n; i++) {
		s = t->sources.v[i];
		if (peer_compose(proc_peer(ROLE_PARENT), IMSG_GUARD_LOOK,
		    c->look, -1, s, strlen(s)) == -1)
			return (request_refuse(c, 403, "a path too long"));
	}
	return (0);
}

/*
 * All of it is there before any of it is sent, and what is sent is what was
 * looked at.
 */
static int
request_json(struct conn *c)
{
	struct guard_case gc;
	char why[256];
	json_t *json;
	char *text;
	size_t len;
	int error;

	if (c->len - c->headlen < c->left)
		return (0);
	if (c->len - c->headlen > c->left)
		return (request_refuse(c, 403, "more follows it"));
	memset(&gc, 0, sizeof(gc));
	gc.terms = terms_now();
	gc.upgrade = c->request.upgrade;
	gc.engine = c->owner;
	json = spec_parse(c->buf + c->headlen, c->left);
	if (json == NULL)
		return (request_refuse(c, 403, "not JSON"));
	if (!c->request.rule->check(json, &gc)) {
		json_decref(json);
		strings_free(&gc.sources);
		(void)snprintf(why, sizeof(why), "what it asks for: %s",
		    gc.why);
		return (request_refuse(c, 403, why));
	}
	c->sources = gc.sources;
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL)
		fatalx("json_dumps");
	len = strlen(text);
	c->state = REQUEST_DONE;
	error = request_send(c, text, len);
	freezero(text, len);
	freezero(c->buf, c->size);
	c->buf = NULL;
	c->len = c->size = 0;
	return (error);
}

/* An archive is not looked into, but ends where it is said to. */
static int
request_tar(struct conn *c, const char *data, size_t len)
{
	size_t n, run;
	ssize_t used;

	n = 0;
	if (c->request.chunked) {
		while (n < len && !c->chunks.done) {
			if ((used = guard_chunks(&c->chunks, data + n, len - n,
			    &run)) == -1)
				return (request_refuse(c, 403,
				    "not chunks of ours"));
			n += (size_t)used;
		}
	} else {
		n = len < c->left ? len : (size_t)c->left;
		c->left -= n;
	}
	if (n < len) {
		log_warnx("more than one request, after %s", c->target);
		return (-1);
	}
	if (c->request.chunked ? c->chunks.done : c->left == 0)
		c->state = REQUEST_DONE;
	return (len == 0 ? 0 : side_send(&c->docker, data, len));
}

/* In our own words. */
static int
request_send(struct conn *c, const char *body, uint64_t length)
{
	const struct guard_rule *rule;
	char how[64];
	char *head, *text;
	size_t size;
	int error, len;

	rule = c->request.rule;
	c->answer = ANSWER_PASSES;
	if (rule->news != NEWS_NONE && rule->news != NEWS_START)
		c->answer = ANSWER_HEAD;
	else if (c->request.upgrade)
		c->answer = ANSWER_UPGRADE;
	(void)snprintf(how, sizeof(how), "Content-Length: %llu",
	    (unsigned long long)length);
	len = asprintf(&head, "%s %s HTTP/1.1\r\nHost: engine\r\n"
	    "Content-Type: application/%s\r\n%s%s\r\n\r\n",
	    rule->method, c->target, rule->body == BODY_TAR ? "x-tar" :
	    "json", c->request.upgrade ?
	    "Connection: Upgrade\r\nUpgrade: tcp\r\n" : "",
	    c->request.chunked ? "Transfer-Encoding: chunked" : how);
	if (len == -1)
		fatal("asprintf");
	/* asprintf(3) would leave copies of what the body holds */
	size = (size_t)len + strlen(body) + 1;
	if ((text = malloc(size)) == NULL)
		fatal("malloc");
	(void)snprintf(text, size, "%s%s", head, body);
	free(head);
	error = side_send(&c->docker, text, size - 1);
	freezero(text, size);
	return (error);
}

/*
 * Told as the container engine would, which hears no more of it.
 */
static int
request_refuse(struct conn *c, int status, const char *why)
{
	char shown[160], text[512];
	const char *message;
	int len;

	spec_text(shown, sizeof(shown), c->target, strlen(c->target));
	if (status == 404)
		log_debug("%s: %s", shown, why);
	else
		log_warnx("refused: %s: %s", shown, why);
	side_free(&c->docker);
	c->state = REQUEST_REFUSED;
	message = status == 404 ? "claudesec made no such thing" :
	    "claudesec does not ask for this";
	len = snprintf(text, sizeof(text), "HTTP/1.1 %d Refused\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
	    "{\"message\":\"%s\"}", status, strlen(message) + 14, message);
	return (side_send(&c->engine, text, (size_t)len));
}

/*
 * What is answered.
 */

static void
docker_read_event(int fd, short event, void *arg)
{
	struct conn *c = arg;
	ssize_t n;

	(void)event;
	if (c->answer == ANSWER_UPGRADE) {
		if (answer_upgrade(c) == -1)
			conn_end(c);
		return;
	}
	n = recv(fd, piece, sizeof(piece), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_end(c);
		return;
	}
	/* before the engine process can know of it */
	if (c->answer != ANSWER_PASSES)
		answer_look(c, piece, (size_t)n);
	if (side_send(&c->engine, piece, (size_t)n) == -1)
		conn_end(c);
	/* a container's environment may have been in it */
	explicit_bzero(piece, (size_t)n);
}

/*
 * Looks at what is there, and takes no more of it than the head: what follows
 * that is the stream's, for whoever has the descriptor.
 */
static int
answer_upgrade(struct conn *c)
{
	char *end, *p;
	ssize_t n;

	if (c->news == NULL && (c->news = malloc(HEAD_MAX + 1)) == NULL)
		fatal("malloc");
	p = c->news + c->newslen;
	n = recv(c->docker.fd, p, HEAD_MAX - c->newslen, MSG_PEEK);
	if (n > 0) {
		/* what has a NUL byte never ends, and grows too large */
		p[n] = '\0';
		end = strstr(c->news, "\r\n\r\n");
		if (end != NULL)
			n = end + 4 - p;
		n = recv(c->docker.fd, p, (size_t)n, 0);
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0)
		return (-1);
	p[n] = '\0';
	c->newslen += (size_t)n;
	if (strstr(c->news, "\r\n\r\n") == NULL)
		return (c->newslen < HEAD_MAX ? 0 : -1);
	if (guard_answer(&c->status, c->news, c->newslen) == -1)
		return (-1);
	/* after any other status it would be read as requests again */
	if (c->status.status == 101)
		return (answer_hand_over(c));
	c->answer = ANSWER_PASSES;
	return (side_send(&c->engine, c->news, c->newslen));
}

/* The head, with the descriptor; that is the end of it here. */
static int
answer_hand_over(struct conn *c)
{
	union {
		struct cmsghdr	 hdr;
		char		 buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct cmsghdr *cmsg;
	struct msghdr msg;
	struct iovec iov;

	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	iov.iov_base = c->news;
	iov.iov_len = c->newslen;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.buf;
	msg.msg_controllen = sizeof(control.buf);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(cmsg), &c->docker.fd, sizeof(int));
	if (sendmsg(c->engine.fd, &msg, MSG_NOSIGNAL) == -1)
		log_warn("a stream");
	return (-1);
}

static void
answer_look(struct conn *c, const char *data, size_t len)
{
	size_t head, old;
	char *end;

	if (c->answer == ANSWER_BODY) {
		answer_body(c, data, len);
		return;
	}
	old = c->newslen;
	if (answer_keep(c, data, len) == -1)
		return;
	end = memmem(c->news, c->newslen, "\r\n\r\n", 4);
	if (end == NULL) {
		if (c->newslen > HEAD_MAX)
			c->answer = ANSWER_PASSES;
		return;
	}
	head = (size_t)(end - c->news) + 4;
	answer_head(c, head);
	if (c->answer == ANSWER_BODY)
		answer_body(c, data + head - old, len - (head - old));
}

/* What follows it is kept anew. */
static void
answer_head(struct conn *c, size_t len)
{
	struct thing *t;

	c->news[len] = '\0';
	c->newslen = 0;
	c->answer = ANSWER_PASSES;
	if (guard_answer(&c->status, c->news, len) == -1)
		return;
	if (c->request.rule->news != NEWS_GONE) {
		if (c->status.status == 200 || c->status.status == 201)
			c->answer = ANSWER_BODY;
	} else if (c->status.status == 200 || c->status.status == 204 ||
	    c->status.status == 404) {
		if ((t = thing_find(c->request.id)) != NULL)
			thing_forget(t);
	}
}

/* It is complete with its last brace or bracket. */
static void
answer_body(struct conn *c, const char *data, size_t len)
{
	json_t *json;
	size_t run;
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = (ssize_t)len;
		run = len;
		if (c->status.chunked && (n = guard_chunks(&c->news_chunks,
		    data, len, &run)) <= 0) {
			c->answer = ANSWER_PASSES;
			return;
		}
		if (run > 0 && answer_keep(c, data, run) == -1)
			return;
	}
	for (len = c->newslen; len > 0 && c->news[len - 1] == '\n'; len--)
		;
	if (len == 0 || (c->news[len - 1] != '}' && c->news[len - 1] != ']') ||
	    (json = spec_parse(c->news, len)) == NULL)
		return;
	answer_learn(c, json);
	json_decref(json);
	c->answer = ANSWER_PASSES;
}

static int
answer_keep(struct conn *c, const char *data, size_t len)
{
	size_t size;
	char *news;

	if (c->newslen + len > NEWS_MAX) {
		c->answer = ANSWER_PASSES;
		return (-1);
	}
	if (c->newslen + len + 1 > c->newssize) {
		size = (c->newslen + len + 1) * 2;
		if ((news = realloc(c->news, size)) == NULL)
			fatal("realloc");
		c->news = news;
		c->newssize = size;
	}
	memcpy(c->news + c->newslen, data, len);
	c->newslen += len;
	return (0);
}

static void
answer_learn(struct conn *c, const json_t *json)
{
	struct thing *t;
	const json_t *item;
	const char *label;
	char id[ID_LEN + 1];
	size_t i;

	switch (c->request.rule->news) {
	case NEWS_CONTAINER:
		if (spec_id(json, id) == -1)
			break;
		/* a list may have had it before */
		if ((t = thing_find(id)) == NULL &&
		    (t = thing_add(id, NULL)) == NULL)
			break;
		if (t->made || t->container != NULL)
			break;
		t->made = 1;
		t->sources = c->sources;
		memset(&c->sources, 0, sizeof(c->sources));
		break;
	case NEWS_EXEC:
		t = thing_find(c->request.id);
		if (t != NULL && spec_id(json, id) == 0)
			(void)thing_add(id, t);
		break;
	default:
		for (i = 0; i < json_array_size(json); i++) {
			item = json_array_get(json, i);
			label = spec_string(item, "Labels", LABEL_DAEMON);
			if (label != NULL &&
			    strcmp(label, terms_now()->daemon) == 0 &&
			    spec_id(item, id) == 0)
				(void)thing_add(id, NULL);
		}
	}
}
