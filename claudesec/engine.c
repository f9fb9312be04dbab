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
 * The engine process.  It has the sessions, and asks the container engine for
 * what they need, by way of guard, which lets pass no more than that.  It has
 * the connections of the clients, who say what they want in typed messages;
 * from none of them does it take a path of the API, a method, or JSON.  It
 * opens nothing, and trusts the parent and conf.  What it reads of the
 * container engine's answers, of the sidecars and of the clients may be
 * anything.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"

#define RULES_MAX	4096
#define SECCOMP_MAXSIZE	(256 * 1024)
#define BUNDLE_MAXSIZE	(900 * 1024)

static void	 engine_started(void);
static int	 engine_dispatch(struct peer *, struct imsg *);
static int	 engine_dispatch_parent(struct imsg *);
static int	 engine_dispatch_conf(struct imsg *);
static int	 engine_handle_name(struct imsg *);
static int	 engine_answer(struct imsg *, int *, int *);
static int	 engine_handle_socket(struct imsg *);
static int	 engine_handle_nosocket(struct imsg *);
static int	 engine_handle_file(struct imsg *);
static int	 engine_handle_workspace(struct imsg *);
static int	 engine_handle_piece(struct imsg *);
static int	 engine_handle_share(struct imsg *);
static int	 engine_handle_cgroup(struct imsg *);
static int	 engine_handle_directory(struct imsg *);
static int	 engine_handle_newer(struct imsg *);
static int	 engine_handle_opened(struct imsg *);
static int	 engine_handle_reloaded(struct imsg *);
static int	 engine_handle_client(struct imsg *);
static int	 engine_handle_conf(struct imsg *);
static int	 engine_handle_rule(struct imsg *);
static int	 engine_handle_permit(struct imsg *);
static int	 engine_handle_resolver(struct imsg *);
static int	 engine_handle_protect(struct imsg *);
static int	 engine_handle_command(struct imsg *);
static int	 engine_handle_end(void);
static void	 engine_ask(uint32_t);
static void	 engine_set_proxyd(int);
static void	 engine_set_seccomp(int);
static void	 engine_set_bundle(int);

static struct config	*current, *nconf;
static unsigned int	 nrules, npermits;
static uint32_t		 owner;		/* whose daemon this is */
static char		 hostname[HOSTNAME_MAXLEN];
static char		 daemon_label[DAEMON_MAXLEN];
static char		 remote_label[DAEMON_MAXLEN];	/* elsewhere */
static char		*seccomp;	/* NULL: there is no profile */
static char		*bundle;	/* as spec_bundle() makes it, or NULL */
static char		 proxyd_image[64];
static int		 proxyd_fd = -1;
static int		 busy;

void
engine(void)
{
	/* the last byte stays as it is */
	if (gethostname(hostname, sizeof(hostname) - 1) == -1)
		fatal("gethostname");
	/*
	 * rpath: libcurl's libraries read files of theirs once; recvfd and
	 * sendfd: the channels
	 */
	if (pledge("stdio rpath recvfd sendfd", NULL) == -1)
		fatal("pledge");
	json_object_seed(arc4random() | 1);
	docker_init();
	proc_loop(engine_dispatch, engine_started);
}

static void
engine_started(void)
{
	/*
	 * recvfd: sockets to the container engine, clients, files; sendfd: a
	 * session's stream to its client, a workspace to the parent
	 */
	if (pledge("stdio recvfd sendfd", NULL) == -1)
		fatal("pledge");
}

const struct config *
engine_config(void)
{
	return (current);
}

uint32_t
engine_owner(void)
{
	return (owner);
}

/*
 * What marks the things of this daemon.  On an engine elsewhere there may be
 * those of that machine's, which calls itself the same.
 */
const char *
engine_daemon(void)
{
	return (engine_is_remote() ? remote_label : daemon_label);
}

int
engine_is_remote(void)
{
	return (current != NULL && remote_is(current->fixed.engine));
}

const char *
engine_seccomp(void)
{
	return (seccomp);
}

const char *
engine_bundle(void)
{
	return (bundle);
}

/* The sidecar's image, and the tar that it is made of; or NULL, and -1. */
const char *
engine_proxyd(void)
{
	return (proxyd_fd == -1 ? NULL : proxyd_image);
}

int
engine_proxyd_fd(void)
{
	return (proxyd_fd);
}

void
engine_random_id(char id[SESSION_LEN + 1])
{
	unsigned char random[SESSION_LEN / 2];
	size_t i;

	arc4random_buf(random, sizeof(random));
	for (i = 0; i < sizeof(random); i++)
		(void)snprintf(id + 2 * i, 3, "%02x", random[i]);
}

/* The name that the workspace was given to be mounted by is not needed. */
void
engine_unpin(struct spec *spec)
{
	if (spec->pinned == 0)
		return;
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_UNPIN, spec->pinned, -1,
	    NULL, 0);
	spec->pinned = 0;
}

/* The answer to IMSG_PARENT_END. */
void
engine_ended(void)
{
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_ENDED, 0, -1, NULL, 0);
}

/*
 * The parent ends a private daemon that nobody needs.
 */
void
engine_busy(void)
{
	int n;

	n = (int)(client_count() + session_count());
	if (n == busy)
		return;
	busy = n;
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_BUSY, 0, -1, &n,
	    sizeof(n));
}

static int
engine_dispatch(struct peer *p, struct imsg *imsg)
{
	switch (p->role) {
	case ROLE_PARENT:
		return (engine_dispatch_parent(imsg));
	case ROLE_CONF:
		return (engine_dispatch_conf(imsg));
	case ROLE_CONTROL:
		return (engine_handle_client(imsg));
	case ROLE_WORKSPACE:
		return (engine_handle_opened(imsg));
	case ROLE_GUARD:
		return (engine_handle_socket(imsg));
	default:
		return (-1);
	}
}

static int
engine_dispatch_parent(struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_PARENT_NAME:
		return (engine_handle_name(imsg));
	case IMSG_PARENT_NOSOCKET:
		return (engine_handle_nosocket(imsg));
	case IMSG_PARENT_FILE:
		return (engine_handle_file(imsg));
	case IMSG_PARENT_WORKSPACE:
		return (engine_handle_workspace(imsg));
	case IMSG_PARENT_PIECE:
		return (engine_handle_piece(imsg));
	case IMSG_PARENT_SHARE:
		return (engine_handle_share(imsg));
	case IMSG_PARENT_SPARE:
		session_spare(1);
		return (0);
	case IMSG_PARENT_TOTALS:
		session_totals();
		return (0);
	case IMSG_PARENT_END:
		session_end_all();
		return (0);
	case IMSG_PARENT_CGROUP:
		return (engine_handle_cgroup(imsg));
	case IMSG_PARENT_DIRECTORY:
		return (engine_handle_directory(imsg));
	case IMSG_PARENT_RELOADED:
		return (engine_handle_reloaded(imsg));
	case IMSG_PARENT_NEWER:
		return (engine_handle_newer(imsg));
	default:
		return (-1);
	}
}

static int
engine_dispatch_conf(struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_CONF:
		return (engine_handle_conf(imsg));
	case IMSG_RECONF_RULE:
		return (engine_handle_rule(imsg));
	case IMSG_RECONF_PERMIT:
		return (engine_handle_permit(imsg));
	case IMSG_RECONF_RESOLVER:
		return (engine_handle_resolver(imsg));
	case IMSG_RECONF_PROTECT:
		return (engine_handle_protect(imsg));
	case IMSG_RECONF_COMMAND:
		return (engine_handle_command(imsg));
	case IMSG_RECONF_ENV:
		return (keys_handle_env(imsg));
	case IMSG_RECONF_KEYS:
		return (keys_handle_end(imsg));
	case IMSG_RECONF_END:
		return (engine_handle_end());
	default:
		return (-1);
	}
}

/*
 * From the parent.
 */

static int
engine_handle_name(struct imsg *imsg)
{
	char path[PATH_MAX];

	if (imsg_get_string(imsg, path, sizeof(path)) == -1 ||
	    daemon_label[0] != '\0')
		return (-1);
	/* our own uid is another where root started us */
	owner = imsg_get_id(imsg);
	(void)snprintf(daemon_label, sizeof(daemon_label), "%u:%s",
	    (unsigned int)getuid(), path);
	(void)snprintf(remote_label, sizeof(remote_label), "%u:%s@%s",
	    (unsigned int)getuid(), path, hostname);
	return (0);
}

/* An errno, or none and a descriptor. */
static int
engine_answer(struct imsg *imsg, int *error, int *fd)
{
	if (imsg_get_data(imsg, error, sizeof(*error)) == -1)
		return (-1);
	*fd = imsg_get_fd(imsg);
	if ((*fd == -1) == (*error != 0))
		return (0);
	if (*fd != -1)
		close(*fd);
	return (-1);
}

static int
engine_handle_socket(struct imsg *imsg)
{
	int error, fd;

	if (imsg_get_type(imsg) != IMSG_GUARD_SOCKET ||
	    engine_answer(imsg, &error, &fd) == -1)
		return (-1);
	return (docker_socket(imsg_get_id(imsg), error, fd));
}

static int
engine_handle_nosocket(struct imsg *imsg)
{
	struct ctl_error ce;

	if (imsg_get_data(imsg, &ce, sizeof(ce)) == -1 || ce.code <= 0 ||
	    !imsg_is_string(ce.text, sizeof(ce.text)))
		return (-1);
	return (docker_nosocket(imsg_get_id(imsg), ce.code, ce.text));
}

/*
 * What was asked for at the start bears no id, what a build needs its
 * client's.
 */
static int
engine_handle_file(struct imsg *imsg)
{
	struct file_answer fa;
	struct stat sb;
	int fd;

	if (imsg_get_data(imsg, &fa, sizeof(fa)) == -1 || fa.file >= FILE_MAX)
		return (-1);
	if (((fd = imsg_get_fd(imsg)) == -1) != (fa.error != 0) ||
	    (fd != -1 && (fstat(fd, &sb) == -1 || !S_ISREG(sb.st_mode)))) {
		if (fd != -1)
			close(fd);
		return (-1);
	}
	if (imsg_get_id(imsg) != 0)
		return (build_file(imsg_get_id(imsg), &fa, fd));
	if (fa.file == FILE_PROXYD)
		engine_set_proxyd(fd);
	else if (fa.file == FILE_SECCOMP)
		engine_set_seccomp(fd);
	else if (fa.file == FILE_BUNDLE)
		engine_set_bundle(fd);
	else if (fd != -1)
		close(fd);
	return (0);
}

static int
engine_handle_workspace(struct imsg *imsg)
{
	struct workspace_answer wa;

	if (imsg_get_data(imsg, &wa, sizeof(wa)) == -1 ||
	    memchr(wa.error, '\0', sizeof(wa.error)) == NULL ||
	    !imsg_is_string(wa.path, sizeof(wa.path)) ||
	    memchr(wa.source, '\0', sizeof(wa.source)) == NULL ||
	    memchr(wa.login, '\0', sizeof(wa.login)) == NULL ||
	    (wa.error[0] == '\0' && (wa.path[0] != '/' ||
	    wa.source[0] != '/' || wa.uid == 0)))
		return (-1);
	return (client_workspace(imsg_get_id(imsg), &wa));
}

static int
engine_handle_piece(struct imsg *imsg)
{
	int error;

	if (imsg_get_data(imsg, &error, sizeof(error)) == -1)
		return (-1);
	look_pinned(imsg_get_id(imsg), error);
	return (0);
}

static int
engine_handle_share(struct imsg *imsg)
{
	struct share_answer sa;
	struct client *c;

	if (imsg_get_data(imsg, &sa, sizeof(sa)) == -1 ||
	    sa.share >= SHARES_MAX || sa.path[0] != '/' ||
	    memchr(sa.path, '\0', sizeof(sa.path)) == NULL)
		return (-1);
	/* it may have gone away meanwhile */
	if ((c = client_find(imsg_get_id(imsg))) == NULL || c->ended)
		return (0);
	if (c->request != IMSG_CTL_START || c->allowed ||
	    c->spec.shares.n == SHARES_MAX)
		return (-1);
	if (spec_share_add(&c->spec, &sa) == -1)
		fatal("malloc");
	return (0);
}

static int
engine_handle_cgroup(struct imsg *imsg)
{
	int error, fd;

	if (engine_answer(imsg, &error, &fd) == -1)
		return (-1);
	return (pids_opened(imsg_get_id(imsg), fd));
}

static int
engine_handle_directory(struct imsg *imsg)
{
	int error;

	if (imsg_get_data(imsg, &error, sizeof(error)) == -1 || error == 0)
		return (-1);
	return (look_directory(imsg_get_id(imsg), error));
}

static int
engine_handle_newer(struct imsg *imsg)
{
	int yes;

	if (imsg_get_data(imsg, &yes, sizeof(yes)) == -1)
		return (-1);
	return (newer_answer(imsg_get_id(imsg), yes));
}

static int
engine_handle_reloaded(struct imsg *imsg)
{
	struct ctl_error ce;

	if (imsg_get_data(imsg, &ce, sizeof(ce)) == -1 ||
	    memchr(ce.text, '\0', sizeof(ce.text)) == NULL)
		return (-1);
	client_reloaded(imsg_get_id(imsg), &ce);
	return (0);
}

static void
engine_ask(uint32_t file)
{
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_FILE, 0, -1, &file,
	    sizeof(file));
}

/*
 * The name of the image says what is in it, so that another program's is
 * never taken for it.  The first client waits for the sum of several megabytes,
 * for which libcrypto has the processor's own instructions.
 */
static void
engine_set_proxyd(int fd)
{
	unsigned char buf[65536], sum[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx;
	ssize_t n;

	if (fd == -1)
		return;
	if ((ctx = EVP_MD_CTX_new()) == NULL ||
	    !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		fatalx("EVP_DigestInit_ex");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (!EVP_DigestUpdate(ctx, buf, (size_t)n))
			fatalx("EVP_DigestUpdate");
	if (n == -1) {
		log_warn("the image of proxyd");
		EVP_MD_CTX_free(ctx);
		close(fd);
		return;
	}
	if (!EVP_DigestFinal_ex(ctx, sum, NULL))
		fatalx("EVP_DigestFinal_ex");
	EVP_MD_CTX_free(ctx);
	(void)snprintf(proxyd_image, sizeof(proxyd_image),
	    "%s:%02x%02x%02x%02x%02x%02x", PROXYD_REPO, sum[0], sum[1], sum[2],
	    sum[3], sum[4], sum[5]);
	if (proxyd_fd != -1)
		close(proxyd_fd);
	proxyd_fd = fd;
}

static void
engine_set_seccomp(int fd)
{
	json_t *json;
	size_t len;
	char *buf;

	if (fd == -1)
		return;
	if ((buf = engine_read(fd, SECCOMP_MAXSIZE, &len)) == NULL) {
		log_warn("the seccomp profile");
		return;
	}
	if ((json = spec_parse(buf, len)) == NULL)
		log_warnx("the seccomp profile is no JSON");
	free(buf);
	free(seccomp);
	seccomp = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
}

/*
 * It comes after each configuration that is in force, in the parent too: what
 * that connects is the engine of the configuration, and the sessions that run
 * can be told of it.
 */
static void
engine_set_bundle(int fd)
{
	size_t len;
	char *buf;

	free(bundle);
	bundle = NULL;
	if (fd != -1) {
		if ((buf = engine_read(fd, BUNDLE_MAXSIZE, &len)) == NULL)
			log_warn("the certificates");
		else if ((bundle = spec_bundle(buf)) == NULL)
			log_warnx("the file of certificates has none");
		free(buf);
	}
	session_reload();
	(void)recovered();
}

/*
 * All of a file that the parent opened, which is closed, and a NUL.  NULL:
 * errno.
 */
char *
engine_read(int fd, size_t max, size_t *len)
{
	struct stat sb;
	char *buf;
	ssize_t n;
	size_t off;

	buf = NULL;
	if (fstat(fd, &sb) == -1)
		goto fail;
	if (sb.st_size < 0 || (size_t)sb.st_size > max) {
		errno = EFBIG;
		goto fail;
	}
	if ((buf = malloc((size_t)sb.st_size + 1)) == NULL)
		goto fail;
	for (off = 0; off < (size_t)sb.st_size; off += (size_t)n) {
		n = read(fd, buf + off, (size_t)sb.st_size - off);
		if (n == -1)
			goto fail;
		if (n == 0)
			break;
	}
	close(fd);
	buf[off] = '\0';
	*len = off;
	return (buf);
 fail:
	close(fd);
	free(buf);
	return (NULL);
}

/*
 * From control.
 */

static int
engine_handle_client(struct imsg *imsg)
{
	static int64_t said;
	struct stat sb;
	int fd;

	if (imsg_get_type(imsg) != IMSG_CONTROL_CLIENT ||
	    (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	if (current == NULL || fstat(fd, &sb) == -1 || !S_ISSOCK(sb.st_mode)) {
		close(fd);
		return (-1);
	}
	if (files_scarce(fd)) {
		if (said != clock_seconds())
			log_warnx("no client is taken: too few descriptors "
			    "are left");
		said = clock_seconds();
		refuse_client(fd, EX_TEMPFAIL, "the daemon has too few "
		    "descriptors left: try again");
		close(fd);
		return (peer_compose(proc_peer(ROLE_CONTROL),
		    IMSG_ENGINE_GONE, imsg_get_id(imsg), -1, NULL, 0));
	}
	return (client_new(imsg_get_id(imsg), fd));
}

/*
 * From workspace.
 */

static int
engine_handle_opened(struct imsg *imsg)
{
	struct stat sb;
	int error, fd;

	if (imsg_get_type(imsg) != IMSG_WORKSPACE_OPENED ||
	    engine_answer(imsg, &error, &fd) == -1)
		return (-1);
	if (fd != -1 && (fstat(fd, &sb) == -1 || !S_ISSOCK(sb.st_mode))) {
		close(fd);
		return (-1);
	}
	return (look_opened(imsg_get_id(imsg), error, fd));
}

/*
 * From conf: a configuration, which is collected and then swapped in.
 */

static int
engine_handle_conf(struct imsg *imsg)
{
	struct conf_fixed *f;
	size_t i;

	config_free(nconf);
	if ((nconf = calloc(1, sizeof(*nconf))) == NULL)
		fatal("calloc");
	TAILQ_INIT(&nconf->rules);
	TAILQ_INIT(&nconf->protects);
	TAILQ_INIT(&nconf->env);
	TAILQ_INIT(&nconf->permits);
	for (i = 0; config_protected[i] != NULL; i++)
		if (config_protect(nconf, config_protected[i], 0) == -1)
			fatal("calloc");
	nrules = npermits = 0;
	f = &nconf->fixed;
	if (imsg_get_data(imsg, f, sizeof(*f)) == -1 ||
	    memchr(f->engine, '\0', sizeof(f->engine)) == NULL ||
	    !imsg_is_string(f->image, sizeof(f->image)) ||
	    !imsg_is_string(f->base, sizeof(f->base)) ||
	    memchr(f->ca, '\0', sizeof(f->ca)) == NULL ||
	    !spec_image_valid(f->image) || !spec_image_valid(f->base) ||
	    f->pull > PULL_NEVER ||
	    memchr(f->network, '\0', sizeof(f->network)) == NULL ||
	    !spec_network_valid(f->network) ||
	    memchr(f->runtime, '\0', sizeof(f->runtime)) == NULL ||
	    strspn(f->runtime, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
	    strlen(f->runtime) ||
	    f->credentials > CREDENTIALS_DEFAULT || f->stops > 1 ||
	    !spec_api_valid(&f->api) ||
	    f->memory == 0 || f->memory > INT64_MAX ||
	    f->home == 0 || f->home > INT64_MAX ||
	    f->tmp == 0 || f->tmp > INT64_MAX ||
	    f->filesize > INT64_MAX || f->processes == 0 ||
	    f->clipboard > 1 || f->nkeys > KEYS_MAX ||
	    (f->nkeys > 0 && f->keys[0] >= ' '))
		return (-1);
	return (0);
}

static int
engine_handle_rule(struct imsg *imsg)
{
	struct rule_list *list;
	struct rule_entry *e;

	if (nconf == NULL || nrules == RULES_MAX || imsg_get_id(imsg) > 1 ||
	    (imsg_get_id(imsg) == 1 && npermits == 0))
		return (-1);
	list = imsg_get_id(imsg) == 0 ? &nconf->rules :
	    &TAILQ_LAST(&nconf->permits, permit_list)->rules;
	if ((e = calloc(1, sizeof(*e))) == NULL)
		fatal("calloc");
	if (imsg_get_data(imsg, &e->rule, sizeof(e->rule)) == -1 ||
	    !spec_rule_valid(&e->rule)) {
		free(e);
		return (-1);
	}
	TAILQ_INSERT_TAIL(list, e, entry);
	nrules++;
	return (0);
}

/* Only those that somebody can fit; rules of its own follow. */
static int
engine_handle_permit(struct imsg *imsg)
{
	struct permit_entry *e;
	struct permit *p;

	if (nconf == NULL || npermits == PERMITS_MAX)
		return (-1);
	if ((e = calloc(1, sizeof(*e))) == NULL)
		fatal("calloc");
	p = &e->permit;
	if (imsg_get_data(imsg, p, sizeof(*p)) == -1 ||
	    !imsg_is_string(p->name, sizeof(p->name)) || p->deny > 1 ||
	    p->group > 1 || p->known != 1 || p->egress > 1 ||
	    p->sessions > SESSIONS_MAX || p->clients > PERMIT_CLIENTS ||
	    p->rate > PERMIT_RATE || p->memory > INT64_MAX ||
	    p->home > INT64_MAX || p->tmp > INT64_MAX ||
	    p->filesize > INT64_MAX ||
	    memchr(p->image, '\0', sizeof(p->image)) == NULL ||
	    (p->image[0] != '\0' && !spec_image_valid(p->image))) {
		free(e);
		return (-1);
	}
	TAILQ_INIT(&e->rules);
	TAILQ_INSERT_TAIL(&nconf->permits, e, entry);
	npermits++;
	return (0);
}

static int
engine_handle_resolver(struct imsg *imsg)
{
	struct egress_resolver r;

	if (nconf == NULL || nconf->nresolvers == RESOLVER_MAX ||
	    imsg_get_data(imsg, &r, sizeof(r)) == -1 ||
	    !spec_resolver_valid(&r))
		return (-1);
	nconf->resolvers[nconf->nresolvers++] = r;
	return (0);
}

static int
engine_handle_protect(struct imsg *imsg)
{
	struct protect_rule r;

	if (nconf == NULL || imsg_get_data(imsg, &r, sizeof(r)) == -1 ||
	    r.open > 1 || !imsg_is_string(r.path, sizeof(r.path)) ||
	    !protect_valid(r.path))
		return (-1);
	if (config_protect(nconf, r.path, (int)r.open) == -1) {
		if (errno == E2BIG)
			return (-1);
		fatal("calloc");
	}
	return (0);
}

/* The client that starts a session has its credentials from a command. */
static int
engine_handle_command(struct imsg *imsg)
{
	if (nconf == NULL)
		return (-1);
	return (imsg_get_string(imsg, nconf->commandfile,
	    sizeof(nconf->commandfile)));
}

static int
engine_handle_end(void)
{
	int first;

	if (nconf == NULL)
		return (-1);
	first = current == NULL;
	config_free(current);
	current = nconf;
	nconf = NULL;
	peer_send(proc_peer(ROLE_PARENT), IMSG_RECONF_DONE, 0, -1, NULL, 0);
	if (first) {
		engine_ask(FILE_SECCOMP);
		engine_ask(FILE_PROXYD);
	}
	return (0);
}
