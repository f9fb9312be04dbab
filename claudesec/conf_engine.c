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
 * Which engine a private daemon is for, where its configuration does not say:
 * that of DOCKER_HOST, else that of the context of Docker's own client, whose
 * files are the user's; else whichever answers, which is up to the parent.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <vis.h>

#include "claudesec.h"
#include "engine.h"

static int	 docker_context(const struct docker_env *, const char *,
		    char [PATH_MAX], char [TEXT_MAXLEN]);
static int	 docker_use(struct conf_fixed *, const char *, const char *,
		    char [TEXT_MAXLEN]);
static int	 docker_error(char [TEXT_MAXLEN], const char *, const char *,
		    const char *);

static char	 context[DOCKER_CONTEXT_MAX];	/* being read; or empty */

int
context_begin(struct conf_fixed *f, const struct docker_env *env,
    char path[PATH_MAX], char why[TEXT_MAXLEN])
{
	int n;

	context[0] = '\0';
	if (env->host[0] != '\0')
		return (docker_use(f, env->host, "DOCKER_HOST", why));
	if (env->context[0] != '\0')
		return (docker_context(env, env->context, path, why));
	n = snprintf(path, PATH_MAX, "%s/config.json", env->directory);
	return (n > 0 && n < PATH_MAX);
}

int
context_read(struct conf_fixed *f, const struct docker_env *env,
    const char *buf, size_t len, char path[PATH_MAX], char why[TEXT_MAXLEN])
{
	char what[DOCKER_CONTEXT_MAX + 32];
	const char *s;
	json_t *json;
	int n;

	if (buf == NULL && context[0] == '\0')
		return (0);
	if (buf == NULL)
		return (docker_error(why, "docker context", context,
		    "there is none of the name"));
	if ((json = spec_parse(buf, len)) == NULL)
		return (docker_error(why, path, NULL, "not JSON"));
	if (context[0] == '\0') {
		s = spec_string(json, "currentContext", NULL);
		n = s == NULL ? 0 : docker_context(env, s, path, why);
	} else {
		s = spec_string(json_object_get(json, "Endpoints"), "docker",
		    "Host");
		(void)snprintf(what, sizeof(what), "docker context %s",
		    context);
		n = s == NULL ? docker_error(why, what, NULL,
		    "it has no host") : docker_use(f, s, what, why);
	}
	json_decref(json);
	return (n);
}

/* Its file is named after the sum of its name. */
static int
docker_context(const struct docker_env *env, const char *name,
    char path[PATH_MAX], char why[TEXT_MAXLEN])
{
	char hex[SHA256_DIGEST_STRING_LENGTH];
	SHA2_CTX ctx;
	int n;

	if (name[0] == '\0' || strcmp(name, "default") == 0)
		return (0);
	SHA256Init(&ctx);
	SHA256Update(&ctx, (const unsigned char *)name, strlen(name));
	(void)SHA256End(&ctx, hex);
	n = snprintf(path, PATH_MAX, "%s/contexts/meta/%s/meta.json",
	    env->directory, hex);
	if (strlcpy(context, name, sizeof(context)) >= sizeof(context) ||
	    n < 0 || n >= PATH_MAX)
		return (docker_error(why, "docker context", name,
		    "name too long"));
	return (1);
}

/*
 * The workspace is a directory of this machine, which an engine on another
 * has not.
 */
static int
docker_use(struct conf_fixed *f, const char *host, const char *what,
    char why[TEXT_MAXLEN])
{
	struct sockaddr_un sun;

	if (strncmp(host, "tcp://", 6) == 0 || strncmp(host, "ssh://", 6) == 0)
		return (docker_error(why, what, host, "an engine elsewhere "
		    "cannot mount a workspace of this machine; name one of "
		    "this machine by engine in claudesec.conf"));
	if (strncmp(host, "unix:///", 8) != 0)
		return (docker_error(why, what, host, "not unix:///path"));
	if (strlen(host + 7) >= sizeof(sun.sun_path))
		return (docker_error(why, what, host, "path too long"));
	(void)strlcpy(f->engine, host + 7, sizeof(f->engine));
	return (0);
}

static int
docker_error(char why[TEXT_MAXLEN], const char *what, const char *value,
    const char *error)
{
	char shown[4 * 128 + 1];

	shown[0] = '\0';
	if (value != NULL)
		(void)strnvis(shown, value, 128, VIS_CSTYLE | VIS_NL);
	(void)snprintf(why, TEXT_MAXLEN, "%.300s%s%s: %s", what, value == NULL ?
	    "" : " ", shown, error);
	return (-1);
}
