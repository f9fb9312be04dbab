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
 * What the engine process and a session's proxyd say to each other, over the
 * standard streams of its container: policies one way, and lines the other,
 * which an agent that took proxyd over could write.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

#define READ_MAX	65536
#define LOG_SECONDS	10	/* in which so many lines are logged */
#define LOG_LINES	50

static void	 sidecar_queue(struct sidecar *, char *, size_t);
static void	 sidecar_write(int, short, void *);
static void	 sidecar_wipe(struct sidecar *);
static void	 sidecar_read(struct bufferevent *, void *);
static void	 sidecar_error(struct bufferevent *, short, void *);
static int	 sidecar_byte(struct session *, char);

/*
 * The first thing that it reads is the policy, started or not.
 */
void
sidecar_attach(struct session *s, int fd)
{
	struct sidecar *p;

	p = &s->proxy;
	p->again = p->sent > 0;
	p->fd = fd;
	p->bev = bufferevent_new(fd, sidecar_read, NULL, sidecar_error, s);
	if (p->bev == NULL)
		fatal("bufferevent_new");
	event_set(&p->wev, fd, EV_WRITE, sidecar_write, s);
	bufferevent_setwatermark(p->bev, EV_READ, 0, READ_MAX);
	if (bufferevent_enable(p->bev, EV_READ) == -1)
		fatalx("bufferevent_enable");
	/* what another one was told it will not answer */
	p->answered = p->sent;
	sidecar_renew(s);
}

/*
 * Podman closes the input of a container when who had it first is gone: to
 * others its proxy is deaf.
 */
int
sidecar_deaf(const struct session *s)
{
	return (s->spec.podman && (s->adopted || s->proxy.again));
}

/*
 * Tells it the policy that is in force.  It keeps the key that it has been
 * told, or is told those that are here, or that are asked for.
 */
void
sidecar_policy(struct session *s)
{
	if (s->proxy.bev == NULL || (s->did & STEP_BIT(STEP_KEYS)) == 0)
		return;
	if (sidecar_deaf(s))
		log_info("session %s keeps its rules and its key",
		    s->spec.name);
	else if (s->spec.token[0] == '\0' || s->proxy.told || keys_get(s))
		sidecar_send(s, 1);
	else if (!s->waits_keys)
		log_info("session %s has no proxy until its user says reload: "
		    "its key is the user's", s->spec.name);
}

/* Likewise with new credentials, unless only its client has them. */
void
sidecar_renew(struct session *s)
{
	if (engine_config()->commandfile[0] != '\0' || sidecar_deaf(s))
		sidecar_policy(s);
	else if (s->proxy.bev != NULL &&
	    (s->did & STEP_BIT(STEP_KEYS)) != 0 &&
	    (s->spec.token[0] == '\0' || keys_get(s)))
		sidecar_send(s, 0);
}

void
sidecar_send(struct session *s, int keep)
{
	struct sidecar *p;
	struct egress_rule own[PASS_MAX];
	struct config conf;
	char *policy;
	size_t len;

	p = &s->proxy;
	if (p->bev == NULL)
		return;
	keys_config(&conf, s);
	s->spec.kept = keep && p->told && TAILQ_EMPTY(&s->keys);
	policy = spec_policy(&s->spec, &conf, own, live_copy(s, own),
	    engine_bundle(), &len);
	if (policy == NULL)
		fatal("spec_policy");
	if (conf.fixed.credentials == CREDENTIALS_INJECT) {
		p->told = s->spec.token[0] != '\0' &&
		    (s->spec.kept || !TAILQ_EMPTY(&s->keys));
		credentials_free(&s->keys);
	}
	sidecar_queue(p, policy, len);
	p->sent++;
}

/* What is no policy: that was all. */
void
sidecar_end(struct session *s)
{
	static const char end[] = "end\n.\n";
	char *text;

	if ((text = strdup(end)) == NULL)
		fatal("strdup");
	sidecar_queue(&s->proxy, text, sizeof(end) - 1);
}

/* Takes it over; it is written behind what is there. */
static void
sidecar_queue(struct sidecar *p, char *text, size_t len)
{
	size_t left;
	char *out;

	left = p->outlen - p->outoff;
	if (left > 0) {
		if ((out = malloc(left + len)) == NULL)
			fatal("malloc");
		memcpy(out, p->out + p->outoff, left);
		memcpy(out + left, text, len);
		freezero(text, len);
		freezero(p->out, p->outlen);
		text = out;
		len += left;
	}
	p->out = text;
	p->outlen = len;
	p->outoff = 0;
	event_add(&p->wev, NULL);
}

/* Not by the bufferevent, which would leave the key in memory. */
static void
sidecar_write(int fd, short event, void *arg)
{
	struct session *s = arg;
	struct sidecar *p;
	ssize_t n;

	(void)event;
	p = &s->proxy;
	n = send(fd, p->out + p->outoff, p->outlen - p->outoff, MSG_NOSIGNAL);
	/* that it is gone, who reads will see */
	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return;
	if (n > 0)
		p->outoff += (size_t)n;
	if (p->outoff < p->outlen)
		event_add(&p->wev, NULL);
	else
		sidecar_wipe(p);
}

static void
sidecar_wipe(struct sidecar *p)
{
	if (p->out != NULL)
		freezero(p->out, p->outlen);
	p->out = NULL;
	p->outlen = p->outoff = 0;
}

void
sidecar_close(struct session *s)
{
	struct sidecar *p;

	p = &s->proxy;
	if (p->bev == NULL)
		return;
	p->told = 0;
	bufferevent_free(p->bev);
	event_del(&p->wev);
	sidecar_wipe(p);
	close(p->fd);
	p->bev = NULL;
	p->fd = -1;
}

static void
sidecar_read(struct bufferevent *bev, void *arg)
{
	struct session *s = arg;
	struct sidecar *p;
	unsigned char buf[4096];
	size_t i, n;
	int head;

	p = &s->proxy;
	for (;;) {
		if (p->left == 0) {
			n = EVBUFFER_LENGTH(EVBUFFER_INPUT(bev));
			if (n < 8)
				return;
			(void)bufferevent_read(bev, buf, 8);
			head = spec_frame(buf, 8, &p->stream, &p->left);
			if (head == -1) {
				log_warnx("session %s: malformed stream",
				    s->spec.name);
				session_proxy_gone(s);
				return;
			}
			continue;
		}
		n = p->left < sizeof(buf) ? p->left : sizeof(buf);
		if ((n = bufferevent_read(bev, buf, n)) == 0)
			return;
		p->left -= n;
		for (i = 0; i < n; i++)
			if (sidecar_byte(s, (char)buf[i]))
				return;
	}
}

static void
sidecar_error(struct bufferevent *bev, short what, void *arg)
{
	struct session *s = arg;

	(void)bev;
	(void)what;
	session_proxy_gone(s);
}

/*
 * A line of standard output is for us, one of standard error for the log, or
 * an event.  What is too long for a line is cut.  1: the stream was closed
 * meanwhile.
 */
static int
sidecar_byte(struct session *s, char c)
{
	struct sidecar *p;
	char text[SIDECAR_LINE];
	char *line;
	size_t *len;
	int error;

	p = &s->proxy;
	error = p->stream == 2;
	line = p->line[error];
	len = &p->len[error];
	if (c != '\n') {
		if (*len < sizeof(p->line[error]) - 1)
			line[(*len)++] = c;
		return (0);
	}
	spec_text(text, sizeof(text), line, *len);
	*len = 0;
	if (!error)
		session_proxy_line(s, text);
	else if (text[0] == '{')
		traffic_event(s, text);
	else {
		(void)strlcpy(p->last, text, sizeof(p->last));
		sidecar_log(s, text);
	}
	return (p->bev == NULL);
}

void
sidecar_log(struct session *s, const char *line)
{
	struct sidecar *p;
	int64_t now;

	p = &s->proxy;
	now = clock_seconds();
	if (p->nlines == 0 || now - p->since >= LOG_SECONDS) {
		if (p->nlines > LOG_LINES)
			log_info("session %s: proxy: %u more lines",
			    s->spec.name, p->nlines - LOG_LINES);
		p->since = now;
		p->nlines = 0;
	}
	if (++p->nlines <= LOG_LINES)
		log_info("session %s: proxy: %s", s->spec.name, line);
}
