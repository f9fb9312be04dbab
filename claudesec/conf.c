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
 * The conf process.  It reads the configuration and the user's credentials
 * from descriptors that the parent gives it, and sends the result when it is
 * complete: all of it to engine, and where engine and CA bundle are to parent.
 * What it parses comes from the user's files.  It opens nothing.  Credentials
 * are read with the configuration, so that what is wrong with them is known,
 * and again whenever engine asks for them; then they are sent, and forgotten.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "claudesec.h"

#define ENV_PATH	"~/.config/claudesec/env"
#define ENV_MAXSIZE	65536	/* bytes of the file */
#define MACROS_MAX	1000
#define MEGA		(1024ULL * 1024)

/* the load that is under way */
static struct {
	struct macros	 macros;
	unsigned int	 nmacros;
	char		 name[PATH_MAX];	/* of the configuration */
	struct config	*conf;		/* waits for the env file */
	const char	*envfile;	/* or another that was asked for */
	struct docker_env docker;
	int		 follow;	/* docker, unless the file says */
	char		 path[PATH_MAX];	/* of Docker's client */
	enum {
		LOAD_DOCKER,
		LOAD_PASSWD,
		LOAD_GROUP,
		LOAD_ENV
	}		 step;
	unsigned int	 nerrors;
} load = { .macros = TAILQ_HEAD_INITIALIZER(load.macros) };

/* what was read well: where the credentials are that engine may ask for */
static struct {
	int		 wanted;	/* asked, and not answered yet */
	uint32_t	 credentials;
	char		 path[PATH_MAX];
	int		 named;		/* by the configuration */
	struct ctl_error error;
	struct env_list	 list;
} keys = { .list = TAILQ_HEAD_INITIALIZER(keys.list) };

static uint32_t	 most = REMOTE_MAX;	/* kind of engine that it may be */

#define ID_KEYS		1	/* of a file for engine, not for a load */

static void	 conf_started(void);
static int	 conf_dispatch_parent(struct peer *, struct imsg *);
static int	 conf_handle_macro(struct imsg *);
static int	 conf_handle_docker(struct imsg *);
static int	 conf_handle_read(struct imsg *);
static void	 conf_engine(void);
static void	 conf_engine_next(int, const char *);
static void	 conf_remote(void);
static void	 conf_docker(int);
static int	 conf_handle_file(struct imsg *);
static int	 conf_handle_keys(void);
static int	 conf_handle_keys_file(struct imsg *);
static void	 keys_error(const char *);
static void	 keys_warn(const char *);
static void	 keys_send(void);
static struct config *conf_read(int, const char *);
static void	 conf_next(void);
static void	 conf_open(const char *);
static void	 conf_names(int);
static void	 conf_finish(void);
static void	 conf_compose_engine(void);
static void	 conf_send(unsigned int, uint32_t, const void *, size_t);
static void	 conf_line(const char *);
static void	 conf_error(const char *, ...)
		    __attribute__((__format__(printf, 1, 2)));
static void	 conf_warning(const char *);
static void	 rules_free(struct rule_list *);
static void	 env_read(int, struct env_list *,
		    const struct credentials_reader *);
static char	*env_load(int, size_t *);

void
conf(void)
{
	/* it would read a device */
	json_object_seed(arc4random() | 1);
	/* recvfd: the channel to engine */
	if (pledge("stdio recvfd", NULL) == -1)
		fatal("pledge");
	proc_loop(conf_dispatch_parent, conf_started);
}

static void
conf_started(void)
{
	/* recvfd: the files to read */
	if (pledge("stdio recvfd", NULL) == -1)
		fatal("pledge");
}

static int
conf_dispatch_parent(struct peer *p, struct imsg *imsg)
{
	(void)p;
	switch (imsg_get_type(imsg)) {
	case IMSG_RECONF_MACRO:
		return (conf_handle_macro(imsg));
	case IMSG_RECONF_DOCKER:
		return (conf_handle_docker(imsg));
	case IMSG_RECONF_READ:
		return (conf_handle_read(imsg));
	case IMSG_RECONF_FILE:
		return (imsg_get_id(imsg) == ID_KEYS ?
		    conf_handle_keys_file(imsg) : conf_handle_file(imsg));
	case IMSG_ENGINE_KEYS:
		return (conf_handle_keys());
	default:
		return (-1);
	}
}

static int
conf_handle_macro(struct imsg *imsg)
{
	struct macro *m;
	char value[ENV_MAXLEN];

	if (load.conf != NULL || load.nmacros == MACROS_MAX ||
	    imsg_get_string(imsg, value, sizeof(value)) == -1)
		return (-1);
	if ((m = calloc(1, sizeof(*m))) == NULL ||
	    (m->value = strdup(value)) == NULL)
		fatal("calloc");
	TAILQ_INSERT_TAIL(&load.macros, m, entry);
	load.nmacros++;
	return (0);
}

static int
conf_handle_docker(struct imsg *imsg)
{
	struct docker_env *d;

	d = &load.docker;
	if (load.conf != NULL || load.follow ||
	    imsg_get_data(imsg, d, sizeof(*d)) == -1 ||
	    memchr(d->host, '\0', sizeof(d->host)) == NULL ||
	    memchr(d->context, '\0', sizeof(d->context)) == NULL ||
	    !imsg_is_string(d->directory, sizeof(d->directory)))
		return (-1);
	load.follow = 1;
	return (0);
}

static int
conf_handle_read(struct imsg *imsg)
{
	char name[PATH_MAX];
	struct macro *m;
	int fd;

	if (load.conf != NULL ||
	    imsg_get_string(imsg, name, sizeof(name)) == -1)
		return (-1);
	load.nerrors = 0;
	(void)strlcpy(load.name, name, sizeof(load.name));
	if ((fd = imsg_get_fd(imsg)) != -1)
		load.conf = conf_read(fd, name);
	else if ((load.conf = config_new()) == NULL)
		fatal("calloc");
	while ((m = TAILQ_FIRST(&load.macros)) != NULL) {
		TAILQ_REMOVE(&load.macros, m, entry);
		free(m->value);
		free(m);
	}
	load.nmacros = 0;
	load.step = LOAD_DOCKER;
	if (load.conf == NULL)
		conf_finish();
	else
		conf_engine();
	return (0);
}

/*
 * A daemon of the system's is for the engine of its configuration, or for the
 * system's; a user's is where the user's docker is.
 */
static void
conf_engine(void)
{
	struct conf_fixed *f;
	char why[TEXT_MAXLEN];

	f = &load.conf->fixed;
	if (f->engine[0] == '\0' && !load.follow)
		(void)strlcpy(f->engine, "/var/run/docker.sock",
		    sizeof(f->engine));
	f->follows = f->engine[0] == '\0';
	conf_engine_next(f->engine[0] != '\0' ? 0 : context_begin(load.conf,
	    &load.docker, load.path, why), why);
}

static void
conf_engine_next(int result, const char *why)
{
	if (result == 1) {
		conf_open(load.path);
		return;
	}
	if (result == -1)
		conf_error("%s", why);
	else
		conf_remote();
	load.step = LOAD_PASSWD;
	conf_next();
}

/*
 * An engine elsewhere: only a user's own daemon has that user's keys, and what
 * bridge gave up for the first engine it does not get back.
 */
static void
conf_remote(void)
{
	const char *why;

	why = NULL;
	if (load.conf->remote.kind > most)
		why = "a daemon that runs keeps no right that its engine did "
		    "not need; end it first";
	else if (load.conf->remote.kind == REMOTE_SSH && !load.follow)
		why = "the system's daemon has no keys for ssh; name a "
		    "tcp:// one";
	if (why != NULL)
		conf_error("engine %.300s: %s", load.conf->fixed.engine, why);
}

static void
conf_docker(int fd)
{
	struct stat st;
	char why[TEXT_MAXLEN];
	char *buf;
	size_t len;
	int result;

	if (fstat(fd, &st) == -1 || (st.st_mode & S_IWOTH) != 0) {
		(void)snprintf(why, sizeof(why), "%.500s: everybody can write "
		    "to it", load.path);
		conf_engine_next(-1, why);
	} else if ((buf = env_load(fd, &len)) == NULL) {
		conf_finish();
	} else {
		result = context_read(load.conf, &load.docker, buf,
		    len, load.path, why);
		/* it may have keys of registries */
		freezero(buf, ENV_MAXSIZE + 1);
		conf_engine_next(result, why);
	}
}

/* Asks for the next file that is needed, or that was all. */
static void
conf_next(void)
{
	if (load.step == LOAD_PASSWD) {
		if (names_needed(load.conf, 0)) {
			conf_open("/etc/passwd");
			return;
		}
		load.step = LOAD_GROUP;
	}
	if (load.step == LOAD_GROUP) {
		if (names_needed(load.conf, 1)) {
			conf_open("/etc/group");
			return;
		}
		load.step = LOAD_ENV;
	}
	names_check(load.conf, conf_warning);
	if (load.conf->fixed.credentials == CREDENTIALS_NONE ||
	    load.conf->fixed.credentials == CREDENTIALS_BROWSER ||
	    load.conf->command[0] != '\0')
		conf_finish();
	else
		conf_open(load.conf->envfile[0] != '\0' ? load.conf->envfile :
		    ENV_PATH);
}

static void
conf_open(const char *path)
{
	load.envfile = path;
	conf_send(ROLE_PARENT, IMSG_RECONF_OPEN, path, strlen(path));
}

static void
conf_names(int fd)
{
	FILE *f;

	if ((f = fdopen(fd, "r")) == NULL) {
		conf_error("%.500s: %s", load.envfile, strerror(errno));
		close(fd);
	} else {
		names_read(load.conf, f, load.step == LOAD_GROUP);
		(void)fclose(f);
	}
	load.step = load.step == LOAD_PASSWD ? LOAD_GROUP : LOAD_ENV;
}

/*
 * The env file, or why there is none.  Only the one that nobody named may be
 * absent.
 */
static int
conf_handle_file(struct imsg *imsg)
{
	char why[TEXT_MAXLEN];
	struct credentials_reader reader;
	int error, fd;

	if (load.conf == NULL ||
	    imsg_get_data(imsg, &error, sizeof(error)) == -1 ||
	    (imsg->fd == -1) != (error != 0))
		return (-1);
	fd = imsg_get_fd(imsg);
	if (load.step == LOAD_DOCKER) {
		if (fd != -1) {
			conf_docker(fd);
			close(fd);
		} else if (error == ENOENT || error == ENOTDIR)
			conf_engine_next(context_read(load.conf,
			    &load.docker, NULL, 0, load.path, why), why);
		else {
			(void)snprintf(why, sizeof(why), "%.500s: %s",
			    load.path, strerror(error));
			conf_engine_next(-1, why);
		}
		return (0);
	}
	if (fd != -1 && load.step != LOAD_ENV) {
		conf_names(fd);
		conf_next();
		return (0);
	}
	if (fd != -1) {
		reader.name = load.envfile;
		reader.inject = load.conf->fixed.credentials ==
		    CREDENTIALS_INJECT;
		reader.error = conf_line;
		reader.warn = conf_warning;
		env_read(fd, &load.conf->env, &reader);
		close(fd);
	} else if (load.step != LOAD_ENV || load.conf->envfile[0] != '\0' ||
	    (error != ENOENT && error != ENOTDIR))
		conf_error("%.500s: %s", load.envfile, strerror(error));
	conf_finish();
	return (0);
}

/*
 * Credentials for engine, which are those of the configuration that was read
 * well last.
 */
static int
conf_handle_keys(void)
{
	if (keys.wanted || keys.path[0] == '\0')
		return (-1);
	keys.wanted = 1;
	memset(&keys.error, 0, sizeof(keys.error));
	peer_send(proc_peer(ROLE_PARENT), IMSG_RECONF_OPEN, ID_KEYS, -1,
	    keys.path, strlen(keys.path));
	return (0);
}

static int
conf_handle_keys_file(struct imsg *imsg)
{
	struct credentials_reader reader;
	int error, fd;

	if (!keys.wanted ||
	    imsg_get_data(imsg, &error, sizeof(error)) == -1 ||
	    (imsg->fd == -1) != (error != 0))
		return (-1);
	reader.name = keys.path;
	reader.inject = keys.credentials == CREDENTIALS_INJECT;
	reader.error = keys_error;
	reader.warn = keys_warn;
	if ((fd = imsg_get_fd(imsg)) != -1) {
		env_read(fd, &keys.list, &reader);
		close(fd);
	} else if (keys.named || (error != ENOENT && error != ENOTDIR)) {
		(void)snprintf(keys.error.text, sizeof(keys.error.text),
		    "%.500s: %s", keys.path, strerror(error));
		keys.error.code = EX_CONFIG;
	}
	keys_send();
	return (0);
}

/* The first one is what engine is told. */
static void
keys_error(const char *line)
{
	if (keys.error.code == 0)
		(void)strlcpy(keys.error.text, line, sizeof(keys.error.text));
	keys.error.code = EX_CONFIG;
}

/* It was said when the configuration was read. */
static void
keys_warn(const char *line)
{
	log_debug("%s", line);
}

static void
keys_send(void)
{
	struct env_entry *e;

	if (keys.error.code == 0)
		TAILQ_FOREACH(e, &keys.list, entry)
			conf_send(ROLE_ENGINE, IMSG_RECONF_ENV, e->value,
			    strlen(e->value));
	conf_send(ROLE_ENGINE, IMSG_RECONF_KEYS, &keys.error,
	    sizeof(keys.error));
	credentials_free(&keys.list);
	keys.wanted = 0;
}

static struct config *
conf_read(int fd, const char *name)
{
	struct config *c;
	struct stat st;
	FILE *f;

	if (fstat(fd, &st) == -1)
		conf_error("%.500s: %s", name, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		conf_error("%.500s: not a regular file", name);
	else if (st.st_mode & S_IWOTH)
		conf_error("%.500s: everybody can write to it", name);
	else if ((f = fdopen(fd, "r")) == NULL)
		conf_error("%.500s: %s", name, strerror(errno));
	else {
		c = parse_config(f, name, &load.macros, conf_line);
		(void)fclose(f);
		return (c);
	}
	close(fd);
	return (NULL);
}

static void
conf_finish(void)
{
	if (load.nerrors == 0) {
		/* there is no key, and nobody said where there is one */
		if (load.conf->fixed.credentials == CREDENTIALS_INJECT &&
		    load.conf->envfile[0] == '\0' &&
		    load.conf->command[0] == '\0' &&
		    TAILQ_EMPTY(&load.conf->env))
			load.conf->fixed.credentials = CREDENTIALS_DEFAULT;
		conf_send(ROLE_PARENT, IMSG_RECONF_CONF, &load.conf->fixed,
		    sizeof(load.conf->fixed));
		if (load.conf->remote.kind != REMOTE_NONE)
			conf_send(ROLE_PARENT, IMSG_RECONF_REMOTE,
			    &load.conf->remote, sizeof(load.conf->remote));
		if (most == REMOTE_MAX)
			most = load.conf->remote.kind;
		if (load.conf->login[0] != '\0')
			conf_send(ROLE_PARENT, IMSG_RECONF_LOGIN,
			    load.conf->login, strlen(load.conf->login));
		conf_send(ROLE_PARENT, IMSG_RECONF_END, NULL, 0);
		conf_compose_engine();
		keys.credentials = load.conf->fixed.credentials;
		keys.named = load.conf->envfile[0] != '\0';
		(void)strlcpy(keys.path, keys.named ? load.conf->envfile :
		    ENV_PATH, sizeof(keys.path));
		log_debug("configuration sent");
	} else
		conf_send(ROLE_PARENT, IMSG_RECONF_FAILED, NULL, 0);
	config_free(load.conf);
	load.conf = NULL;
	load.follow = 0;
}

static void
conf_compose_engine(void)
{
	struct permit_entry *p;
	struct protect_entry *pr;
	struct rule_entry *r;
	size_t i;

	conf_send(ROLE_ENGINE, IMSG_RECONF_CONF, &load.conf->fixed,
	    sizeof(load.conf->fixed));
	TAILQ_FOREACH(r, &load.conf->rules, entry)
		conf_send(ROLE_ENGINE, IMSG_RECONF_RULE, &r->rule,
		    sizeof(r->rule));
	for (i = 0; i < load.conf->nresolvers; i++)
		conf_send(ROLE_ENGINE, IMSG_RECONF_RESOLVER,
		    &load.conf->resolvers[i],
		    sizeof(load.conf->resolvers[i]));
	TAILQ_FOREACH(p, &load.conf->permits, entry) {
		if (!p->permit.known)
			continue;
		conf_send(ROLE_ENGINE, IMSG_RECONF_PERMIT, &p->permit,
		    sizeof(p->permit));
		TAILQ_FOREACH(r, &p->rules, entry)
			peer_send(proc_peer(ROLE_ENGINE), IMSG_RECONF_RULE, 1,
			    -1, &r->rule, sizeof(r->rule));
	}
	TAILQ_FOREACH(pr, &load.conf->protects, entry)
		if (!config_is_default(&pr->rule))
			conf_send(ROLE_ENGINE, IMSG_RECONF_PROTECT, &pr->rule,
			    sizeof(pr->rule));
	if (load.conf->command[0] != '\0')
		conf_send(ROLE_ENGINE, IMSG_RECONF_COMMAND, load.name,
		    strlen(load.name));
	conf_send(ROLE_ENGINE, IMSG_RECONF_END, NULL, 0);
}

static void
conf_send(unsigned int role, uint32_t type, const void *data, size_t len)
{
	peer_send(proc_peer(role), type, 0, -1, data, len);
}

/* A line for the user about an error. */
static void
conf_line(const char *line)
{
	load.nerrors++;
	conf_send(ROLE_PARENT, IMSG_RECONF_ERROR, line, strlen(line));
}

static void
conf_error(const char *fmt, ...)
{
	char line[TEXT_MAXLEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	conf_line(line);
}

static void
conf_warning(const char *line)
{
	conf_send(ROLE_PARENT, IMSG_RECONF_ERROR, line, strlen(line));
}

/*
 * Configurations.
 */

/* .git is the repository, of which more is known */
const char *const config_protected[] = { ".git", ".gitmodules", ".vscode",
    ".idea", ".devcontainer", ".claude/settings.json",
    ".claude/settings.local.json", ".claude/hooks", ".claude/commands",
    ".claude/agents", ".claude/skills", ".cursor", ".zed", ".mcp.json",
    ".envrc", ".npmrc", ".yarnrc.yml", ".bashrc", ".bash_aliases",
    ".bash_login", ".bash_logout", ".bash_profile", ".profile", ".zshrc",
    ".zshenv", ".zprofile", ".zlogin", ".zlogout", NULL };

struct config *
config_new(void)
{
	struct rule_entry *r;
	struct config *c;
	size_t i;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	TAILQ_INIT(&c->rules);
	TAILQ_INIT(&c->protects);
	TAILQ_INIT(&c->env);
	TAILQ_INIT(&c->permits);
	(void)strlcpy(c->fixed.image, "claudesec/claude",
	    sizeof(c->fixed.image));
	(void)strlcpy(c->fixed.base, "node:20-alpine", sizeof(c->fixed.base));
	c->fixed.credentials = CREDENTIALS_INJECT;
	(void)strlcpy(c->fixed.api.host, "api.anthropic.com",
	    sizeof(c->fixed.api.host));
	c->fixed.api.port = 443;
	c->fixed.memory = 4096 * MEGA;
	c->fixed.home = 1024 * MEGA;
	c->fixed.tmp = 512 * MEGA;
	c->fixed.filesize = 8192 * MEGA;
	c->fixed.processes = 512;
	c->fixed.nkeys = (uint32_t)parse_keys(OPTION_KEYS, c->fixed.keys);
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		config_free(c);
		return (NULL);
	}
	(void)strlcpy(r->rule.host, "api.anthropic.com",
	    sizeof(r->rule.host));
	TAILQ_INSERT_TAIL(&c->rules, r, entry);
	for (i = 0; config_protected[i] != NULL; i++)
		if (config_protect(c, config_protected[i], 0) == -1) {
			config_free(c);
			return (NULL);
		}
	return (c);
}

static void
rules_free(struct rule_list *list)
{
	struct rule_entry *r;

	while ((r = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, r, entry);
		free(r);
	}
}

/* What is protected anyway need not be said. */
int
config_is_default(const struct protect_rule *r)
{
	size_t i;

	for (i = 0; config_protected[i] != NULL; i++)
		if (strcmp(config_protected[i], r->path) == 0)
			return (!r->open);
	return (0);
}

/* The last word on a path counts. */
int
config_protect(struct config *c, const char *path, int open)
{
	struct protect_entry *p;
	int n;

	n = 0;
	TAILQ_FOREACH(p, &c->protects, entry) {
		if (strcmp(p->rule.path, path) == 0)
			break;
		n++;
	}
	if (p == NULL) {
		if (n == PROTECTS_MAX) {
			errno = E2BIG;
			return (-1);
		}
		if ((p = calloc(1, sizeof(*p))) == NULL)
			return (-1);
		(void)strlcpy(p->rule.path, path, sizeof(p->rule.path));
		TAILQ_INSERT_TAIL(&c->protects, p, entry);
	}
	p->rule.open = (uint32_t)open;
	return (0);
}

void
config_free(struct config *c)
{
	struct permit_entry *p;
	struct protect_entry *pr;

	if (c == NULL)
		return;
	rules_free(&c->rules);
	while ((p = TAILQ_FIRST(&c->permits)) != NULL) {
		TAILQ_REMOVE(&c->permits, p, entry);
		rules_free(&p->rules);
		free(p);
	}
	while ((pr = TAILQ_FIRST(&c->protects)) != NULL) {
		TAILQ_REMOVE(&c->protects, pr, entry);
		free(pr);
	}
	credentials_free(&c->env);
	free(c);
}

/*
 * The env file.
 */

static void
env_read(int fd, struct env_list *list, const struct credentials_reader *r)
{
	char line[TEXT_MAXLEN];
	struct stat st;
	const char *why;
	size_t len;
	char *buf;

	buf = NULL;
	if (fstat(fd, &st) == -1)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "not a regular file";
	else if (st.st_uid != 0 && st.st_uid != getuid())
		why = "belongs to another user";
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		why = "others have access to it, its mode must be 0600";
	else if ((buf = env_load(fd, &len)) == NULL)
		why = errno == EFBIG ? "larger than 65536 bytes" :
		    strerror(errno);
	if (buf != NULL) {
		credentials_parse(list, buf, len, r);
		freezero(buf, ENV_MAXSIZE + 1);
	} else {
		(void)snprintf(line, sizeof(line), "%.500s: %s", r->name, why);
		r->error(line);
	}
}

/* By read(2), as stdio keeps a copy.  There is room for a NUL.  Or errno. */
static char *
env_load(int fd, size_t *len)
{
	char *buf;
	ssize_t n = 0;
	int error;

	if ((buf = malloc(ENV_MAXSIZE + 1)) == NULL)
		fatal("malloc");
	for (*len = 0; *len <= ENV_MAXSIZE; *len += (size_t)n) {
		n = read(fd, buf + *len, ENV_MAXSIZE + 1 - *len);
		if (n == 0)
			return (buf);
		if (n == -1)
			break;
	}
	error = n == -1 ? errno : EFBIG;
	freezero(buf, ENV_MAXSIZE + 1);
	errno = error;
	return (NULL);
}
