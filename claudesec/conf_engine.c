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
 * Whoever reaches an engine has all of its machine, so that one elsewhere must
 * be proven to be it and must know us: by certificates, both ways, or by ssh.
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
static int	 docker_use(struct config *, const char *, const char *,
		    const char *, char [TEXT_MAXLEN]);
static int	 context_use(struct config *, const struct docker_env *,
		    const json_t *, char [TEXT_MAXLEN]);
static void	 context_sum(char [SHA256_DIGEST_STRING_LENGTH]);
static int	 docker_error(char [TEXT_MAXLEN], const char *, const char *,
		    const char *);

static char	 context[DOCKER_CONTEXT_MAX];	/* being read; or empty */

int
context_begin(struct config *c, const struct docker_env *env,
    char path[PATH_MAX], char why[TEXT_MAXLEN])
{
	int n;

	context[0] = '\0';
	if (env->host[0] != '\0')
		return (docker_use(c, env->host, "DOCKER_HOST", !env->verify ?
		    "" : env->certs[0] != '\0' ? env->certs : env->directory,
		    why));
	if (env->context[0] != '\0')
		return (docker_context(env, env->context, path, why));
	n = snprintf(path, PATH_MAX, "%s/config.json", env->directory);
	return (n > 0 && n < PATH_MAX);
}

int
context_read(struct config *c, const struct docker_env *env,
    const char *buf, size_t len, char path[PATH_MAX], char why[TEXT_MAXLEN])
{
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
	} else
		n = context_use(c, env, json, why);
	json_decref(json);
	return (n);
}

/* Its certificates are in a directory of the context's, if it has any. */
static int
context_use(struct config *c, const struct docker_env *env,
    const json_t *json, char why[TEXT_MAXLEN])
{
	char hex[SHA256_DIGEST_STRING_LENGTH], tls[PATH_MAX];
	char what[DOCKER_CONTEXT_MAX + 32];
	const char *host;
	int n;

	json = json_object_get(json_object_get(json, "Endpoints"), "docker");
	host = spec_string(json, "Host", NULL);
	(void)snprintf(what, sizeof(what), "docker context %s", context);
	if (host == NULL)
		return (docker_error(why, what, NULL, "it has no host"));
	context_sum(hex);
	n = snprintf(tls, sizeof(tls), "%s/contexts/tls/%s/docker",
	    env->directory, hex);
	if (n < 0 || (size_t)n >= sizeof(tls))
		return (docker_error(why, what, NULL, "name too long"));
	if (json_is_true(json_object_get(json, "SkipTLSVerify")))
		tls[0] = '\0';
	return (docker_use(c, host, what, tls, why));
}

static void
context_sum(char hex[SHA256_DIGEST_STRING_LENGTH])
{
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const unsigned char *)context, strlen(context));
	(void)SHA256End(&ctx, hex);
}

/* Its file is named after the sum of its name. */
static int
docker_context(const struct docker_env *env, const char *name,
    char path[PATH_MAX], char why[TEXT_MAXLEN])
{
	char hex[SHA256_DIGEST_STRING_LENGTH];
	size_t len;
	int n;

	if (name[0] == '\0' || strcmp(name, "default") == 0)
		return (0);
	len = strlcpy(context, name, sizeof(context));
	context_sum(hex);
	n = snprintf(path, PATH_MAX, "%s/contexts/meta/%s/meta.json",
	    env->directory, hex);
	if (len >= sizeof(context) || n < 0 || n >= PATH_MAX)
		return (docker_error(why, "docker context", name,
		    "name too long"));
	return (1);
}

/*
 * Without a directory of certificates Docker's client would speak with an
 * engine by TCP without TLS, or with anybody.
 */
static int
docker_use(struct config *c, const char *host, const char *what,
    const char *tls, char why[TEXT_MAXLEN])
{
	const char *error;

	if ((error = config_engine(c, host, tls)) == NULL)
		return (0);
	return (docker_error(why, what, host, error));
}

/* As the configuration has it, too. */
const char *
config_engine(struct config *c, const char *url, const char *tls)
{
	struct sockaddr_un sun;
	const char *why;

	if (strncmp(url, "unix:///", 8) == 0) {
		if (strlen(url + 7) >= sizeof(sun.sun_path))
			return ("path too long");
		(void)strlcpy(c->fixed.engine, url + 7,
		    sizeof(c->fixed.engine));
		return (NULL);
	}
	if ((why = remote_parse(url, &c->remote)) != NULL)
		return (why);
	if (c->remote.kind == REMOTE_TLS && tls[0] == '\0')
		return ("without TLS and certificates whoever reaches it is "
		    "root there; name their directory by tls in "
		    "claudesec.conf, or by DOCKER_TLS_VERIFY=1 and "
		    "DOCKER_CERT_PATH");
	if (c->remote.kind == REMOTE_TLS && strlcpy(c->remote.tls, tls,
	    sizeof(c->remote.tls)) >= sizeof(c->remote.tls))
		return ("path of its certificates too long");
	(void)strlcpy(c->fixed.engine, url, sizeof(c->fixed.engine));
	return (NULL);
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
