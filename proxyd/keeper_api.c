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
 * The keeper's connections to the API: where to is the resolver's word, with
 * whom is what TLS says, and one that is done with a request waits for the
 * next, so that it costs no handshake.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "imsg.h"
#include "keeper.h"
#include "proc.h"

#define APIS_MAX	32	/* connections; more requests wait */
#define READ_AHEAD	65536
#define VIA_REPLY_MAX	8192	/* of a parent proxy */
#define IDLE_MAX	8	/* of them without a request */
#define IDLE_TIME	300000	/* milliseconds, and for so long */
#define ADDRESS_TIME	3	/* seconds until the next address */
#define ALIVE_IDLE	30	/* seconds until it is asked for a sign */
#define ALIVE_INTERVAL	10
#define ALIVE_COUNT	3
#define UNACKED_TIME	30000	/* milliseconds until it is given up */

static struct api *api_idle(struct call *);
static void	 api_new(struct call *);
static void	 api_free(struct api *);
static void	 api_failed(struct api *, enum refusal);
static void	 api_next(void);
static void	 api_connect(struct api *);
static int	 api_socket(struct api *);
static void	 api_connected(struct api *);
static void	 api_via(struct api *);
static void	 api_reply(struct api *);
static void	 api_tls(struct api *);
static void	 api_handshake(struct api *);
static void	 api_state(struct api *, enum api_state);
static void	 api_event(int, short, void *);
static struct api *api_find(uint32_t);
static ssize_t	 api_result(struct api *, int);

TAILQ_HEAD(apis, api);

static struct apis	 idles = TAILQ_HEAD_INITIALIZER(idles);
static struct apis	 busy = TAILQ_HEAD_INITIALIZER(busy);
static TAILQ_HEAD(, call) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static unsigned int	 napis, nidles;
static uint32_t		 last_id;

/* Whatever the library reads or asks for once is had now. */
void
api_init(void)
{
	unsigned char byte;

	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 ||
	    RAND_bytes(&byte, 1) != 1)
		fatalx("TLS cannot be set up");
}

/* NULL if the certificates are none. */
SSL_CTX *
api_context(const char *pem, size_t len)
{
	static const unsigned char alpn[] = "\x08http/1.1";
	X509_STORE *store;
	SSL_CTX *ctx;
	X509 *cert;
	BIO *bio;
	int n;

	n = 0;
	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
	    (bio = BIO_new_mem_buf(pem, (int)len)) == NULL)
		fatalx("SSL_CTX_new");
	store = SSL_CTX_get_cert_store(ctx);
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, cert);
		X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (n == 0 || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1) != 0) {
		SSL_CTX_free(ctx);
		return (NULL);
	}
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* several records at once, which api_again() is for */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, READ_AHEAD);
	return (ctx);
}

/*
 * Finding one.
 */

void
api_get(struct call *c)
{
	struct api *a;

	if ((a = api_idle(c)) != NULL) {
		a->call = c;
		c->api = a;
		call_run(c);
	} else if (napis < APIS_MAX)
		api_new(c);
	else {
		TAILQ_INSERT_TAIL(&waiting, c, wait_entry);
		c->waits = 1;
	}
}

/* The one used last; what the other side has closed meanwhile is thrown out. */
static struct api *
api_idle(struct call *c)
{
	struct api *a;
	char byte;

	while ((a = TAILQ_FIRST(&idles)) != NULL) {
		if (a->keep != c->keep || api_read(a, &byte, 1) != 0) {
			api_free(a);
			continue;
		}
		TAILQ_REMOVE(&idles, a, entry);
		nidles--;
		TAILQ_INSERT_TAIL(&busy, a, entry);
		a->used = 1;
		return (a);
	}
	return (NULL);
}

static void
api_new(struct call *c)
{
	struct api *a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		fatal("calloc");
	a->fd = -1;
	a->id = ++last_id;
	a->keep = keep_ref(c->keep);
	a->call = c;
	a->refusal = REFUSAL_CONNECT;
	c->api = a;
	TAILQ_INSERT_TAIL(&busy, a, entry);
	napis++;
	api_state(a, API_ASKED);
	peer_send(proc_peer(ROLE_RESOLVER), IMSG_GATE_ASK, a->id, -1, NULL, 0);
}

static void
api_state(struct api *a, enum api_state state)
{
	a->state = state;
	a->since = now_ms();
}

static struct api *
api_find(uint32_t id)
{
	struct api *a;

	TAILQ_FOREACH(a, &busy, entry)
		if (a->id == id)
			return (a);
	return (NULL);
}

static void
api_free(struct api *a)
{
	api_watch(a, 0);
	/* it says goodbye where that goes without waiting */
	if (a->ssl != NULL && a->state == API_OPEN && a->call == NULL)
		(void)SSL_shutdown(a->ssl);
	SSL_free(a->ssl);
	ERR_clear_error();
	if (a->fd != -1)
		close(a->fd);
	if (a->state == API_OPEN && a->call == NULL) {
		TAILQ_REMOVE(&idles, a, entry);
		nidles--;
	} else
		TAILQ_REMOVE(&busy, a, entry);
	napis--;
	keep_unref(a->keep);
	free(a);
}

/* None could be had. */
static void
api_failed(struct api *a, enum refusal refusal)
{
	struct call *c;

	c = a->call;
	c->api = NULL;
	api_free(a);
	call_fail(c, refusal);
	api_next();
}

/* There is room again: for a call that waits. */
static void
api_next(void)
{
	struct call *c;

	if ((c = TAILQ_FIRST(&waiting)) == NULL)
		return;
	TAILQ_REMOVE(&waiting, c, wait_entry);
	c->waits = 0;
	api_get(c);
}

/* A call is done with its connection. */
void
api_put(struct api *a, int reuse)
{
	a->call->api = NULL;
	if (reuse && (nidles < IDLE_MAX || !TAILQ_EMPTY(&waiting))) {
		a->call = NULL;
		TAILQ_REMOVE(&busy, a, entry);
		TAILQ_INSERT_HEAD(&idles, a, entry);
		nidles++;
		api_state(a, API_OPEN);
		api_watch(a, EV_READ);
	} else
		api_free(a);
	api_next();
}

/* A call that ends while it waits. */
void
api_leave(struct call *c)
{
	if (c->api != NULL)
		api_put(c->api, 0);
	else if (c->waits)
		TAILQ_REMOVE(&waiting, c, wait_entry);
}

/* Other certificates, or another host: nothing of before is used again. */
void
api_flush(void)
{
	while (!TAILQ_EMPTY(&idles))
		api_free(TAILQ_FIRST(&idles));
}

unsigned int
api_count(void)
{
	return (napis);
}

/*
 * Connecting.
 */

int
api_dial(uint32_t id, const struct dial *dial)
{
	struct api *a;
	unsigned int i;

	/* its call may have gone meanwhile */
	if ((a = api_find(id)) == NULL)
		return (0);
	if (a->state != API_ASKED || dial->naddrs == 0 ||
	    dial->naddrs > DIAL_ADDRS)
		return (-1);
	for (i = 0; i < dial->naddrs; i++)
		if (dial->addrs[i].family != AF_INET &&
		    dial->addrs[i].family != AF_INET6)
			return (-1);
	a->dial = *dial;
	api_state(a, API_CONNECTING);
	api_connect(a);
	return (0);
}

int
api_refused(uint32_t id, enum refusal refusal)
{
	struct api *a;

	if ((a = api_find(id)) == NULL)
		return (0);
	if (a->state != API_ASKED)
		return (-1);
	api_failed(a, refusal);
	return (0);
}

static void
api_connect(struct api *a)
{
	const struct timeval tv = { ADDRESS_TIME, 0 };
	struct sockaddr_storage ss;
	socklen_t len;

	while (a->next < a->dial.naddrs) {
		if (a->fd != -1)
			close(a->fd);
		len = addr_to_sockaddr(&a->dial.addrs[a->next++],
		    a->dial.via != 0 ? a->dial.via : a->keep->conf.port, &ss);
		if ((a->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0)) == -1 || api_socket(a) == -1 ||
		    (connect(a->fd, (struct sockaddr *)&ss, len) == -1 &&
		    errno != EINPROGRESS)) {
			log_debug("%s: %s", a->keep->conf.host,
			    strerror(errno));
			continue;
		}
		event_set(&a->ev, a->fd, EV_WRITE, api_event, a);
		event_add(&a->ev, &tv);
		a->watched = EV_WRITE;
		return;
	}
	api_failed(a, a->refusal);
}

/* What is behind a gateway of the network's may vanish without a word. */
static int
api_socket(struct api *a)
{
	const int on = 1, idle = ALIVE_IDLE, interval = ALIVE_INTERVAL,
	    count = ALIVE_COUNT;

	if (setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)) == -1 ||
	    setsockopt(a->fd, SOL_SOCKET, SO_KEEPALIVE, &on,
	    sizeof(on)) == -1)
		return (-1);
#ifdef TCP_KEEPIDLE
	if (setsockopt(a->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle,
	    sizeof(idle)) == -1 ||
	    setsockopt(a->fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval,
	    sizeof(interval)) == -1 ||
	    setsockopt(a->fd, IPPROTO_TCP, TCP_KEEPCNT, &count,
	    sizeof(count)) == -1)
		return (-1);
#endif
#ifdef TCP_USER_TIMEOUT
	{
		const int unacked = UNACKED_TIME;

		if (setsockopt(a->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked,
		    sizeof(unacked)) == -1)
			return (-1);
	}
#endif
	return (0);
}

static void
api_connected(struct api *a)
{
	socklen_t len;
	int error;

	len = sizeof(error);
	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0) {
		log_debug("%s: %s", a->keep->conf.host, strerror(error));
		a->refusal = error == ETIMEDOUT ? REFUSAL_TIMEOUT :
		    REFUSAL_CONNECT;
		api_connect(a);
		return;
	}
	if (a->dial.via != 0)
		api_via(a);
	else
		api_tls(a);
}

/* Asks the parent proxy for a tunnel. */
static void
api_via(struct api *a)
{
	char buf[2 * HOST_SIZE + 128];
	int n;

	n = snprintf(buf, sizeof(buf), "CONNECT %s:%u HTTP/1.1\r\n"
	    "Host: %s:%u\r\n\r\n", a->keep->conf.host, a->keep->conf.port,
	    a->keep->conf.host, a->keep->conf.port);
	if (send(a->fd, buf, (size_t)n, MSG_NOSIGNAL) != n) {
		api_failed(a, REFUSAL_CONNECT);
		return;
	}
	api_state(a, API_VIA);
	api_watch(a, EV_READ);
}

/* Byte by byte: what comes behind its answer is the API's. */
static void
api_reply(struct api *a)
{
	static const char end[] = "\r\n\r\n";
	ssize_t n = 1;
	char byte;

	while (a->blank < sizeof(end) - 1 &&
	    (n = recv(a->fd, &byte, 1, 0)) == 1) {
		if (a->replied < sizeof(a->reply))
			a->reply[a->replied] = byte;
		if (byte == end[a->blank])
			a->blank++;
		else
			a->blank = byte == end[0];
		if (++a->replied == VIA_REPLY_MAX)
			break;
	}
	if (a->blank == sizeof(end) - 1 && a->replied > 12 &&
	    strncmp(a->reply, "HTTP/1.", 7) == 0 &&
	    a->reply[8] == ' ' && a->reply[9] == '2')
		api_tls(a);
	else if (a->blank == sizeof(end) - 1 || a->replied == VIA_REPLY_MAX ||
	    n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		log_warnx("%s: the parent proxy refuses", a->keep->conf.host);
		api_failed(a, REFUSAL_CONNECT);
	}
}

static void
api_tls(struct api *a)
{
	if (a->keep->ctx == NULL) {
		api_state(a, API_OPEN);
		call_run(a->call);
		return;
	}
	if ((a->ssl = SSL_new(a->keep->ctx)) == NULL ||
	    SSL_set_fd(a->ssl, a->fd) != 1 ||
	    SSL_set_tlsext_host_name(a->ssl, a->keep->conf.host) != 1 ||
	    SSL_set1_host(a->ssl, a->keep->conf.host) != 1) {
		log_warnx("SSL_new");
		api_failed(a, REFUSAL_TLS);
		return;
	}
	SSL_set_hostflags(a->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	api_state(a, API_HANDSHAKE);
	api_handshake(a);
}

static void
api_handshake(struct api *a)
{
	long verify;
	int n;

	ERR_clear_error();
	n = SSL_connect(a->ssl);
	if (n == 1) {
		api_state(a, API_OPEN);
		call_run(a->call);
		return;
	}
	if (api_result(a, n) == 0) {
		api_watch(a, a->want);
		return;
	}
	verify = SSL_get_verify_result(a->ssl);
	log_warnx("%s: TLS: %s", a->keep->conf.host, verify != X509_V_OK ?
	    X509_verify_cert_error_string(verify) : "no handshake");
	api_failed(a, verify != X509_V_OK ? REFUSAL_TLS : REFUSAL_BROKEN);
}

/*
 * Using.
 */

/* What a call of the library came to: 0 if it is to be made again. */
static ssize_t
api_result(struct api *a, int n)
{
	switch (SSL_get_error(a->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		a->want = EV_READ;
		return (0);
	case SSL_ERROR_WANT_WRITE:
		a->want = EV_WRITE;
		return (0);
	default:
		ERR_clear_error();
		return (-1);
	}
}

ssize_t
api_read(struct api *a, void *buf, size_t len)
{
	ssize_t n;
	int r;

	if (a->ssl != NULL) {
		ERR_clear_error();
		r = SSL_read(a->ssl, buf, (int)len);
		return (r > 0 ? r : api_result(a, r));
	}
	n = recv(a->fd, buf, len, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	return (n > 0 ? n : -1);
}

ssize_t
api_write(struct api *a, const void *buf, size_t len)
{
	ssize_t n;
	int r;

	if (a->ssl != NULL) {
		ERR_clear_error();
		r = SSL_write(a->ssl, buf, (int)len);
		return (r > 0 ? r : api_result(a, r));
	}
	n = send(a->fd, buf, len, MSG_NOSIGNAL);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	return (n > 0 ? n : -1);
}

void
api_watch(struct api *a, short want)
{
	if (want == a->watched)
		return;
	if (a->watched != 0)
		event_del(&a->ev);
	a->watched = want;
	if (want == 0)
		return;
	event_set(&a->ev, a->fd, want | EV_PERSIST, api_event, a);
	event_add(&a->ev, NULL);
}

/* There may be more than the descriptor says: others have their turn first. */
void
api_again(struct api *a)
{
	api_watch(a, EV_READ);
	event_active(&a->ev, EV_READ, 1);
}

static void
api_event(int fd, short event, void *arg)
{
	struct api *a = arg;
	char byte;

	(void)fd;
	switch (a->state) {
	case API_ASKED:
		break;
	case API_CONNECTING:
		a->watched = 0;
		if (event & EV_TIMEOUT) {
			a->refusal = REFUSAL_TIMEOUT;
			api_connect(a);
		} else
			api_connected(a);
		break;
	case API_VIA:
		api_reply(a);
		break;
	case API_HANDSHAKE:
		api_handshake(a);
		break;
	case API_OPEN:
		if (a->call != NULL)
			call_run(a->call);
		else if (api_read(a, &byte, 1) != 0)
			api_free(a);	/* nothing is to come, or it hung up */
		break;
	}
}

void
api_tick(int64_t now)
{
	struct api *a, *next;

	for (a = TAILQ_FIRST(&idles); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (now - a->since >= IDLE_TIME)
			api_free(a);
	}
	/* one that fails may let another begin */
	for (a = TAILQ_FIRST(&busy); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if ((a->state == API_CONNECTING || a->state == API_VIA ||
		    a->state == API_HANDSHAKE) && now - a->since >=
		    (int64_t)keeper_timeout(TIMEOUT_DIAL) * 1000) {
			api_failed(a, REFUSAL_TIMEOUT);
			next = TAILQ_FIRST(&busy);
		}
	}
}
