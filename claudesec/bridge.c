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
 * The bridge process.  Where the container engine is on another machine it
 * has a process of its own made for each connection, which connects, by TLS or
 * with ssh(1), and then moves bytes; the other end goes to the parent, for
 * engine.  It has the certificates and the key, which the parent opened, and
 * takes one line of each of these processes, which have no way to it but that.
 * What it starts would inherit a filter of its own, and ssh(1) needs more than
 * can be said here: so it has none, unless the engine is on this machine and
 * it has nothing to do.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <vis.h>

#include "bridge.h"

#define LINKS_MAX	512
#define ENV_MAX		8
#define PEM_MAXSIZE	(1024 * 1024)

/* a process that was started, until it ends */
struct link {
	uint32_t	 id;
	int		 local;		/* engine's end, until it works */
	int		 status;	/* what it says */
	struct event	 ev;
	TAILQ_ENTRY(link) entry;
};

static int	 bridge_dispatch(struct peer *, struct imsg *);
static int	 bridge_handle_remote(struct imsg *);
static int	 bridge_handle_env(struct imsg *);
static int	 bridge_handle_pem(struct imsg *);
static int	 bridge_handle_stream(struct imsg *);
static void	 bridge_clear(void);
static void	 pem_clear(void);
static const char *pem_read(int, enum pem);
static void	 link_start(uint32_t);
static void	 link_said(int, short, void *);
static void	 link_failed(uint32_t, int, const char *);

const char *const pem_names[PEM_MAX] = { "ca.pem", "cert.pem", "key.pem" };

static struct remote remote;
static uint32_t	 most = REMOTE_MAX;	/* the first kind of it */
static unsigned int nenvs;
static char	*pem[PEM_MAX];
static size_t	 pemlen[PEM_MAX];
static SSL_CTX	*ctx;
static char	 why[TEXT_MAXLEN];	/* nothing can be reached */
static TAILQ_HEAD(, link) links = TAILQ_HEAD_INITIALIZER(links);
static unsigned int nlinks;

void
bridge(void)
{
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		fatalx("OPENSSL_init_ssl");
	/* they are nobody's to wait for */
	(void)signal(SIGCHLD, SIG_IGN);
	/* where the engine is comes with the configuration */
	proc_loop(bridge_dispatch, NULL);
}

static int
bridge_dispatch(struct peer *p, struct imsg *imsg)
{
	(void)p;
	switch (imsg_get_type(imsg)) {
	case IMSG_PARENT_REMOTE:
		return (bridge_handle_remote(imsg));
	case IMSG_PARENT_ENV:
		return (bridge_handle_env(imsg));
	case IMSG_PARENT_PEM:
		return (bridge_handle_pem(imsg));
	case IMSG_PARENT_STREAM:
		return (bridge_handle_stream(imsg));
	default:
		return (-1);
	}
}

/*
 * Streams that there are stay.  Rights that the first engine does not need are
 * given up for good: all of them for one of this machine, root's for TLS.
 */
static int
bridge_handle_remote(struct imsg *imsg)
{
	struct remote r;

	if (imsg_get_data(imsg, &r, sizeof(r)) == -1 ||
	    (r.kind != REMOTE_NONE && !remote_valid(&r)) || r.kind > most)
		return (-1);
	if (most == REMOTE_MAX) {
		most = r.kind;
		if (r.kind != REMOTE_SSH)
			proc_drop(CLAUDESEC_USER, r.kind == REMOTE_NONE ?
			    CLAUDESEC_CHROOT : "/");
		/* recvfd: the parent's channel */
		if (r.kind == REMOTE_NONE &&
		    pledge("stdio recvfd", NULL) == -1)
			fatal("pledge");
	}
	bridge_clear();
	remote = r;
	return (0);
}

static void
bridge_clear(void)
{
	pem_clear();
	SSL_CTX_free(ctx);
	ctx = NULL;
	why[0] = '\0';
	nenvs = 0;
}

static void
pem_clear(void)
{
	int i;

	for (i = 0; i < PEM_MAX; i++) {
		freezero(pem[i], pemlen[i]);
		pem[i] = NULL;
		pemlen[i] = 0;
	}
}

static int
bridge_handle_env(struct imsg *imsg)
{
	char value[ENV_MAXLEN], *s;

	if (remote.kind != REMOTE_SSH || nenvs == ENV_MAX ||
	    imsg_get_string(imsg, value, sizeof(value)) == -1 ||
	    strchr(value, '=') == NULL)
		return (-1);
	nenvs++;
	if ((s = strdup(value)) == NULL || putenv(s) != 0)
		fatal("putenv");
	return (0);
}

/* With the last of them it is known whether they are of use. */
static int
bridge_handle_pem(struct imsg *imsg)
{
	const char *error;
	uint32_t i;
	int code, fd;

	i = imsg_get_id(imsg);
	if (remote.kind != REMOTE_TLS || i >= PEM_MAX || pem[i] != NULL ||
	    ctx != NULL || imsg_get_data(imsg, &code, sizeof(code)) == -1 ||
	    (imsg->fd == -1) != (code != 0))
		return (-1);
	if ((fd = imsg_get_fd(imsg)) != -1) {
		error = pem_read(fd, (enum pem)i);
		close(fd);
	} else
		error = strerror(code);
	if (error != NULL && why[0] == '\0')
		(void)snprintf(why, sizeof(why), "%.512s/%s: %s", remote.tls,
		    pem_names[i], error);
	if (i == PEM_MAX - 1 && why[0] == '\0')
		ctx = tls_context(&remote, pem, pemlen, why);
	if (i == PEM_MAX - 1)
		pem_clear();
	return (0);
}

static const char *
pem_read(int fd, enum pem i)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return (strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > PEM_MAXSIZE)
		return ("not a file of certificates or a key");
	if ((st.st_mode & S_IWOTH) != 0)
		return ("everybody can write to it");
	if (i == PEM_KEY && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return ("others have access to it, its mode must be 0600");
	pemlen[i] = (size_t)st.st_size;
	if ((pem[i] = malloc(pemlen[i])) == NULL)
		fatal("malloc");
	if ((n = read(fd, pem[i], pemlen[i])) == -1)
		return (strerror(errno));
	return (n == st.st_size ? NULL : "it is being changed");
}

static int
bridge_handle_stream(struct imsg *imsg)
{
	uint32_t id;

	id = imsg_get_id(imsg);
	if (remote.kind == REMOTE_NONE)
		return (-1);
	if (remote.kind == REMOTE_TLS && ctx == NULL)
		link_failed(id, EX_CONFIG, why[0] != '\0' ? why :
		    "certificates are missing");
	else if (nlinks == LINKS_MAX)
		link_failed(id, EX_TEMPFAIL, "too many connections");
	else
		link_start(id);
	return (0);
}

static void
link_start(uint32_t id)
{
	struct link *l;
	int local[2], status[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    local) == -1) {
		link_failed(id, EX_OSERR, strerror(errno));
		return;
	}
	if (pipe2(status, O_CLOEXEC | O_NONBLOCK) == -1) {
		link_failed(id, EX_OSERR, strerror(errno));
		close(local[0]);
		close(local[1]);
		return;
	}
	switch (fork()) {
	case -1:
		link_failed(id, EX_OSERR, strerror(errno));
		close(local[0]);
		close(local[1]);
		close(status[0]);
		close(status[1]);
		return;
	case 0:
		stream_run(&remote, ctx, local[1], status[1]);
	}
	close(local[1]);
	close(status[1]);
	if ((l = calloc(1, sizeof(*l))) == NULL)
		fatal("calloc");
	l->id = id;
	l->local = local[0];
	l->status = status[0];
	event_set(&l->ev, l->status, EV_READ | EV_PERSIST, link_said, l);
	event_add(&l->ev, NULL);
	TAILQ_INSERT_TAIL(&links, l, entry);
	nlinks++;
}

/*
 * Once, a byte that is a status and perhaps why; and the end.  Whoever says it
 * may be the engine's already.
 */
static void
link_said(int fd, short event, void *arg)
{
	struct link *l = arg;
	char buf[256], text[4 * sizeof(buf) + 1];
	ssize_t n;

	(void)event;
	n = read(fd, buf, sizeof(buf) - 1);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && l->local != -1) {
		buf[n] = '\0';
		(void)strnvis(text, buf + 1, sizeof(text), VIS_CSTYLE |
		    VIS_NL | VIS_NOSLASH);
		if (buf[0] != 0)
			link_failed(l->id, buf[0] < EX__BASE ||
			    buf[0] > EX__MAX ? EX_UNAVAILABLE : buf[0], text);
		else
			peer_send(proc_peer(ROLE_PARENT), IMSG_BRIDGE_STREAM,
			    l->id, l->local, NULL, 0);
		if (buf[0] != 0)
			close(l->local);
		l->local = -1;
	}
	if (n > 0)
		return;
	if (l->local != -1) {
		link_failed(l->id, EX_SOFTWARE, "its connection broke");
		close(l->local);
	}
	event_del(&l->ev);
	close(l->status);
	TAILQ_REMOVE(&links, l, entry);
	nlinks--;
	free(l);
}

static void
link_failed(uint32_t id, int code, const char *text)
{
	struct ctl_error ce;

	memset(&ce, 0, sizeof(ce));
	ce.code = code;
	(void)strlcpy(ce.text, text, sizeof(ce.text));
	peer_send(proc_peer(ROLE_PARENT), IMSG_BRIDGE_FAILED, id, -1, &ce,
	    sizeof(ce));
}
