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
 * from descriptors that the parent, the only one it listens to, gives it, and
 * sends the result when it is complete: all of it to engine, and where engine
 * and CA bundle are to parent.  What it parses comes from the user's files.
 * It opens nothing, and forgets the credentials as soon as they are sent.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

#define ENV_PATH	"~/.config/claudesec/env"
#define ENV_MAXSIZE	65536	/* bytes of the file */
#define ENV_MAXLINES	100	/* that something is said about */
#define MACROS_MAX	1000
#define MEGA		(1024ULL * 1024)

/* the load that is under way */
static struct {
	struct macros	 macros;
	unsigned int	 nmacros;
	struct config	*conf;		/* waits for the env file */
	const char	*envfile;	/* or another that was asked for */
	struct docker_env docker;
	int		 follow;	/* docker, unless the file says */
	char		 path[PATH_MAX];	/* of a file of Docker's client */
	enum {
		LOAD_DOCKER,
		LOAD_PASSWD,
		LOAD_GROUP,
		LOAD_ENV
	}		 step;
	unsigned int	 nerrors;
} load = { .macros = TAILQ_HEAD_INITIALIZER(load.macros) };

static void	 conf_started(void);
static int	 conf_dispatch_parent(struct peer *, struct imsg *);
static int	 conf_handle_macro(struct imsg *);
static int	 conf_handle_docker(struct imsg *);
static int	 conf_handle_read(struct imsg *);
static void	 conf_engine(void);
static void	 conf_engine_next(int, const char *);
static void	 conf_docker(int);
static int	 conf_handle_file(struct imsg *);
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
static void	 conf_warn(const char *, ...)
		    __attribute__((__format__(printf, 1, 2)));
static void	 conf_warning(const char *);
static void	 rules_free(struct rule_list *);
static void	 env_read(int);
static char	*env_load(int, size_t *);
static void	 env_parse(char *, size_t);
static unsigned int env_line(int, char *);
static char	*env_value(char *, const char **);
static const char *env_add(const char *, const char *);

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
		return (conf_handle_file(imsg));
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
	conf_engine_next(f->engine[0] != '\0' ? 0 : context_begin(f,
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
	load.step = LOAD_PASSWD;
	conf_next();
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
		result = context_read(&load.conf->fixed, &load.docker, buf,
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
	    load.conf->fixed.credentials == CREDENTIALS_BROWSER)
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
			conf_engine_next(context_read(&load.conf->fixed,
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
		env_read(fd);
		close(fd);
	} else if (load.step != LOAD_ENV || load.conf->envfile[0] != '\0' ||
	    (error != ENOENT && error != ENOTDIR))
		conf_error("%.500s: %s", load.envfile, strerror(error));
	conf_finish();
	return (0);
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
		    TAILQ_EMPTY(&load.conf->env))
			load.conf->fixed.credentials = CREDENTIALS_DEFAULT;
		conf_send(ROLE_PARENT, IMSG_RECONF_CONF, &load.conf->fixed,
		    sizeof(load.conf->fixed));
		if (load.conf->login[0] != '\0')
			conf_send(ROLE_PARENT, IMSG_RECONF_LOGIN,
			    load.conf->login, strlen(load.conf->login));
		conf_send(ROLE_PARENT, IMSG_RECONF_END, NULL, 0);
		conf_compose_engine();
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
	struct env_entry *e;
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
			if (peer_compose(proc_peer(ROLE_ENGINE),
			    IMSG_RECONF_RULE, 1, -1, &r->rule,
			    sizeof(r->rule)) == -1)
				fatal("peer_compose");
	}
	TAILQ_FOREACH(pr, &load.conf->protects, entry)
		if (!config_is_default(&pr->rule))
			conf_send(ROLE_ENGINE, IMSG_RECONF_PROTECT, &pr->rule,
			    sizeof(pr->rule));
	TAILQ_FOREACH(e, &load.conf->env, entry)
		conf_send(ROLE_ENGINE, IMSG_RECONF_ENV, e->value,
		    strlen(e->value));
	conf_send(ROLE_ENGINE, IMSG_RECONF_END, NULL, 0);
}

static void
conf_send(unsigned int role, uint32_t type, const void *data, size_t len)
{
	if (peer_compose(proc_peer(role), type, 0, -1, data, len) == -1)
		fatal("peer_compose");
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
conf_warn(const char *fmt, ...)
{
	char line[TEXT_MAXLEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	conf_warning(line);
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
    ".claude/agents", ".claude/skills", ".mcp.json", ".envrc", ".npmrc",
    ".yarnrc.yml", ".bashrc", ".bash_profile", ".profile", ".zshrc",
    ".zshenv", ".zprofile", NULL };

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
	struct env_entry *e;

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
	while ((e = TAILQ_FIRST(&c->env)) != NULL) {
		TAILQ_REMOVE(&c->env, e, entry);
		freezero(e->value, strlen(e->value));
		free(e);
	}
	free(c);
}

/*
 * The env file.
 */

static void
env_read(int fd)
{
	struct stat st;
	size_t len;
	char *buf;

	if (fstat(fd, &st) == -1)
		conf_error("%.500s: %s", load.envfile, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		conf_error("%.500s: not a regular file", load.envfile);
	else if (st.st_uid != 0 && st.st_uid != getuid())
		conf_error("%.500s: belongs to another user", load.envfile);
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		conf_error("%.500s: others have access to it, its mode must "
		    "be 0600", load.envfile);
	else if ((buf = env_load(fd, &len)) != NULL) {
		env_parse(buf, len);
		freezero(buf, ENV_MAXSIZE + 1);
	}
}

/* By read(2), as stdio would keep a copy.  There is room for a NUL. */
static char *
env_load(int fd, size_t *len)
{
	char *buf;
	ssize_t n;

	if ((buf = malloc(ENV_MAXSIZE + 1)) == NULL)
		fatal("malloc");
	for (*len = 0; *len <= ENV_MAXSIZE; *len += (size_t)n) {
		n = read(fd, buf + *len, ENV_MAXSIZE + 1 - *len);
		if (n == 0)
			return (buf);
		if (n == -1) {
			conf_error("%.500s: %s", load.envfile, strerror(errno));
			break;
		}
	}
	if (*len > ENV_MAXSIZE)
		conf_error("%.500s: larger than %d bytes", load.envfile,
		    ENV_MAXSIZE);
	freezero(buf, ENV_MAXSIZE + 1);
	return (NULL);
}

static void
env_parse(char *buf, size_t len)
{
	unsigned int said;
	char *end, *s;
	size_t i;
	int line;

	buf[len] = '\0';
	said = 0;
	line = 0;
	for (s = buf; s < buf + len; s = end + 1) {
		line++;
		if ((end = memchr(s, '\n', len - (size_t)(s - buf))) == NULL)
			end = buf + len;
		*end = '\0';
		for (i = 0; s + i < end; i++)
			if (iscntrl((unsigned char)s[i]) && s[i] != '\t')
				break;
		if (s + i < end) {
			conf_error("%.500s:%d: control character \\%03o",
			    load.envfile, line, (unsigned char)s[i]);
			said++;
		} else
			said += env_line(line, s);
		if (said >= ENV_MAXLINES) {
			conf_error("%.500s: too many errors", load.envfile);
			return;
		}
	}
	if (said == 0 && TAILQ_EMPTY(&load.conf->env))
		conf_warn("%.500s: no credentials in it", load.envfile);
}

/*
 * NAME=value, as a shell would read it, of the two names that there are.
 * Nothing that is said shows a value.  Returns how much was said.
 */
static unsigned int
env_line(int line, char *s)
{
	const char *why;
	char *name, *value;

	s += strspn(s, " \t");
	if (*s == '\0' || *s == '#')
		return (0);
	if (strncmp(s, "export", 6) == 0 && (s[6] == ' ' || s[6] == '\t')) {
		s += 6;
		s += strspn(s, " \t");
	}
	name = s;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	if (s == name || isdigit((unsigned char)*name) || *s != '=') {
		conf_error("%.500s:%d: not NAME=value", load.envfile, line);
		return (1);
	}
	*s++ = '\0';
	if (strcmp(name, "ANTHROPIC_API_KEY") != 0 &&
	    strcmp(name, "CLAUDE_CODE_OAUTH_TOKEN") != 0) {
		conf_warn("%.500s:%d: %.100s is ignored", load.envfile, line,
		    name);
		return (1);
	}
	if ((value = env_value(s, &why)) != NULL)
		why = env_add(name, value);
	if (why == NULL)
		return (0);
	conf_error("%.500s:%d: %s: %s", load.envfile, line, name, why);
	return (1);
}

/* The value without its quotes and without what follows it. */
static char *
env_value(char *s, const char **why)
{
	unsigned char *p;
	char *end;

	*why = NULL;
	if (*s == '"' || *s == '\'') {
		if ((end = strchr(s + 1, *s)) == NULL) {
			*why = "quote not closed";
			return (NULL);
		}
		*end++ = '\0';
		s++;
	} else {
		end = s + strcspn(s, " \t");
		if (*end != '\0')
			*end++ = '\0';
	}
	end += strspn(end, " \t");
	if (*end != '\0' && *end != '#') {
		*why = "something behind the value";
		return (NULL);
	}
	for (p = (unsigned char *)s; *p != '\0'; p++)
		if (!isgraph(*p)) {
			*why = "a character that no key has";
			return (NULL);
		}
	return (s);
}

/* An empty value is none, as in a template that nobody has filled in. */
static const char *
env_add(const char *name, const char *value)
{
	struct env_entry *e;
	size_t len, size;

	if (*value == '\0')
		return (NULL);
	len = strlen(name);
	TAILQ_FOREACH(e, &load.conf->env, entry)
		if (strncmp(e->value, name, len) == 0 && e->value[len] == '=')
			return ("given twice");
	size = len + 1 + strlen(value) + 1;
	if (size > ENV_MAXLEN)
		return ("too long");
	if (load.conf->fixed.credentials == CREDENTIALS_INJECT &&
	    (strlen(value) < KEY_MINLEN || strlen(value) > KEY_MAXLEN))
		return ("too short or too long for a key");
	if ((e = calloc(1, sizeof(*e))) == NULL ||
	    (e->value = malloc(size)) == NULL)
		fatal("malloc");
	(void)strlcpy(e->value, name, size);
	(void)strlcat(e->value, "=", size);
	(void)strlcat(e->value, value, size);
	TAILQ_INSERT_TAIL(&load.conf->env, e, entry);
	return (NULL);
}
