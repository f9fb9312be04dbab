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
 * Of the parent: a configuration is loaded.  conf reads it, and what it names
 * is opened here; it is in force once conf and engine have said so.
 */

#include <sys/types.h>

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "parent.h"

static void	 parent_loaded(int, const char *);
static void	 parent_reply(uint32_t, int, const char *);
static int	 parent_handle_open(struct peer *, struct imsg *);
static int	 parent_handle_error(struct imsg *);
static int	 parent_handle_conf(struct imsg *);
static void	 parent_bundle(void);

struct conf_fixed current;
static struct conf_fixed next;
char		 user_login[PATH_MAX];
static char	 next_login[PATH_MAX];

/* the load that is under way */
static int	 loading;
static int	 load_done;		/* who has said so, DONE_* */
static uint32_t	 load_client;		/* who waits for it; 0: nobody */
static char	 load_error[TEXT_MAXLEN];
/* where credentials are, by the configuration in force, and by the next */
static char	 keyspath[PATH_MAX], next_keyspath[PATH_MAX];

/*
 * Has conf read the configuration; client is who waits for the result.
 */
void
parent_load(uint32_t client_id)
{
	struct peer *p;
	struct macro *m;
	int fd;

	if (loading) {
		log_warnx("the previous reload is still running");
		parent_reply(client_id, EX_TEMPFAIL,
		    "the previous reload is still running");
		return;
	}
	loading = 1;
	load_done = 0;
	load_client = client_id;
	load_error[0] = '\0';
	fd = -1;
	if (confpath[0] != '\0' && (fd = open_plain(confpath)) == -1) {
		(void)snprintf(load_error, sizeof(load_error), "%.512s: %s",
		    confpath, strerror(errno));
		log_warnx("%s", load_error);
		parent_loaded(EX_NOINPUT, load_error);
		return;
	}
	p = proc_peer(ROLE_CONF);
	TAILQ_FOREACH(m, &macros, entry)
		peer_send(p, IMSG_RECONF_MACRO, 0, -1, m->value,
		    strlen(m->value));
	if (private)
		peer_send(p, IMSG_RECONF_DOCKER, 0, -1, engine_environment(),
		    sizeof(struct docker_env));
	peer_send(p, IMSG_RECONF_READ, 0, fd, confpath[0] != '\0' ? confpath :
	    "(defaults)", confpath[0] != '\0' ? strlen(confpath) :
	    strlen("(defaults)"));
}

/*
 * A good load is over when conf has told us and engine has told us, in
 * whatever order their messages come.
 */
int
parent_done(int who)
{
	if (!loading || (load_done & who) != 0)
		return (-1);
	load_done |= who;
	if (load_done == (DONE_CONF | DONE_ENGINE))
		parent_loaded(0, "");
	return (0);
}

/*
 * The end of a load, good (code 0) or bad.  A first one must be good.
 */
static void
parent_loaded(int code, const char *text)
{
	loading = 0;
	if (code == 0) {
		parent_bundle();
		daemon_note((int)current.follows);
	}
	if (listen_fd != -1) {
		if (code != 0)
			proc_shutdown(code);
		parent_ready();
		return;
	}
	log_info("configuration %s", code == 0 ? "reloaded" :
	    "not changed: there are errors");
	parent_reply(load_client, code, text);
}

/*
 * What the API's certificate is verified against may have changed as well;
 * unless the configuration names it, it is where systems have it.
 */
static void
parent_bundle(void)
{
	static const char *const paths[] = {
		"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
		"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"
	};
	struct file_answer fa;
	size_t i;
	int fd;

	memset(&fa, 0, sizeof(fa));
	fa.file = FILE_BUNDLE;
	fd = -1;
	if (current.api.ca[0] != '\0')
		fd = open_home(current.api.ca);
	else
		for (i = 0; fd == -1 && i < sizeof(paths) / sizeof(paths[0]);
		    i++)
			fd = open_plain(paths[i]);
	if (fd == -1) {
		fa.error = errno;
		if (current.api.ca[0] != '\0')
			log_warn("%s", current.api.ca);
	}
	peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_FILE, 0, fd, &fa,
	    sizeof(fa));
}

static void
parent_reply(uint32_t client_id, int code, const char *text)
{
	struct ctl_error ce;

	if (client_id == 0)
		return;
	memset(&ce, 0, sizeof(ce));
	ce.code = code;
	(void)strlcpy(ce.text, text, sizeof(ce.text));
	peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_RELOADED, client_id, -1,
	    &ce, sizeof(ce));
}

int
parent_dispatch_conf(struct peer *p, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_OPEN:
		return (parent_handle_open(p, imsg));
	case IMSG_RECONF_ERROR:
		return (parent_handle_error(imsg));
	case IMSG_RECONF_FAILED:
		if (!loading)
			return (-1);
		parent_loaded(EX_CONFIG, load_error);
		return (0);
	case IMSG_RECONF_CONF:
		return (parent_handle_conf(imsg));
	case IMSG_RECONF_REMOTE:
		return (loading ? remote_handle(imsg) : -1);
	case IMSG_RECONF_LOGIN:
		return (loading && imsg_get_string(imsg, next_login,
		    sizeof(next_login)) == 0 ? 0 : -1);
	case IMSG_RECONF_END:
		if (!loading)
			return (-1);
		current = next;
		if (remote_use(current.engine) == -1)
			return (-1);
		grant_bounds(&current);
		memcpy(user_login, next_login, sizeof(user_login));
		(void)strlcpy(keyspath, next_keyspath, sizeof(keyspath));
		return (parent_done(DONE_CONF));
	default:
		return (-1);
	}
}

/*
 * conf may name files while it reads a configuration, which is the user's:
 * what it names is opened with the rights of that user.  The last of them is
 * that of the credentials, which it may ask for later on, too.
 */
static int
parent_handle_open(struct peer *p, struct imsg *imsg)
{
	char path[PATH_MAX];
	int error, fd;

	if (imsg_get_string(imsg, path, sizeof(path)) == -1 ||
	    (imsg_get_id(imsg) == 0 ? !loading :
	    strcmp(path, keyspath) != 0))
		return (-1);
	if (imsg_get_id(imsg) == 0)
		(void)strlcpy(next_keyspath, path, sizeof(next_keyspath));
	error = 0;
	if ((fd = open_home(path)) == -1)
		error = errno;
	peer_send(p, IMSG_RECONF_FILE, imsg_get_id(imsg), fd, &error,
	    sizeof(error));
	return (0);
}

/*
 * The lines of a first load go to whoever started us, as the compiler's do.
 */
static int
parent_handle_error(struct imsg *imsg)
{
	char line[TEXT_MAXLEN];

	if (!loading || imsg_get_string(imsg, line, sizeof(line)) == -1)
		return (-1);
	if (listen_fd != -1)
		print_line(line);
	else
		log_warnx("%s", line);
	if (load_error[0] == '\0')
		(void)strlcpy(load_error, line, sizeof(load_error));
	return (0);
}

static int
parent_handle_conf(struct imsg *imsg)
{
	if (!loading || imsg_get_data(imsg, &next, sizeof(next)) == -1 ||
	    memchr(next.engine, '\0', sizeof(next.engine)) == NULL ||
	    memchr(next.image, '\0', sizeof(next.image)) == NULL ||
	    memchr(next.ca, '\0', sizeof(next.ca)) == NULL ||
	    memchr(next.network, '\0', sizeof(next.network)) == NULL ||
	    memchr(next.runtime, '\0', sizeof(next.runtime)) == NULL ||
	    memchr(next.api.ca, '\0', sizeof(next.api.ca)) == NULL)
		return (-1);
	next_login[0] = '\0';
	return (0);
}
