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
 * What proxyd is told: proxyd.conf(5), with the key in it; and what the agent
 * has in the place of that.  Pure, as engine_spec.c is.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "inside.h"

#define TOKEN_BEARER	"sk-ant-oat01-"	/* as long as TOKEN_KEY */
/* what a login asks from inside; the rest is the browser's */
#define LOGIN_HOSTS	"api.anthropic.com claude.ai console.anthropic.com " \
			    "platform.claude.com"
#define PEM_LINE	80

static const char *spec_credential(const struct config *, int *);
static void	 print_rule(FILE *, const struct egress_rule *);
static void	 print_gateway(FILE *, const char *, const struct conf_api *,
		    const char *);
static char	*append_key(const char *, const char *, int, int, size_t *);

/* What the keeper is to put in, and of which kind; NULL: nothing. */
static const char *
spec_credential(const struct config *conf, int *bearer)
{
	static const char key[] = "ANTHROPIC_API_KEY=";
	static const char token[] = "CLAUDE_CODE_OAUTH_TOKEN=";
	const struct env_entry *e;

	*bearer = 0;
	if (conf->fixed.credentials != CREDENTIALS_INJECT ||
	    (e = TAILQ_FIRST(&conf->env)) == NULL)
		return (NULL);
	*bearer = strncmp(e->value, token, sizeof(token) - 1) == 0;
	return (e->value + (*bearer ? sizeof(token) : sizeof(key)) - 1);
}

/*
 * What the agent has in its place: of the kind that Claude Code takes it for.
 */
void
spec_token(char token[TOKEN_MAXLEN], const struct config *conf,
    const unsigned char random[TOKEN_RANDOM])
{
	size_t i, len;
	int bearer;

	token[0] = '\0';
	if (spec_credential(conf, &bearer) == NULL)
		return;
	len = strlcpy(token, bearer ? TOKEN_BEARER : TOKEN_KEY, TOKEN_MAXLEN);
	for (i = 0; i < TOKEN_RANDOM; i++, len += 2)
		(void)snprintf(token + len, TOKEN_MAXLEN - len, "%02x",
		    random[i]);
}

int
spec_token_valid(const char *token)
{
	size_t len;

	len = strlen(TOKEN_KEY);
	if (strncmp(token, TOKEN_KEY, len) != 0 &&
	    strncmp(token, TOKEN_BEARER, len) != 0)
		return (0);
	return (strlen(token) == len + 2 * TOKEN_RANDOM &&
	    strspn(token + len, "0123456789abcdef") == 2 * TOKEN_RANDOM);
}

/*
 * A file of certificates, as the lines that proxyd takes; NULL if there is
 * none in it, or no memory.
 */
char *
spec_bundle(const char *pem)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=";
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	static const char end[] = "-----END CERTIFICATE-----";
	char *buf;
	size_t len, size;
	FILE *f;
	int bad, inside, n;

	buf = NULL;
	if ((f = open_memstream(&buf, &size)) == NULL)
		return (NULL);
	inside = n = 0;
	for (; *pem != '\0'; pem += len + strspn(pem + len, "\r\n")) {
		len = strcspn(pem, "\r\n");
		if (strncmp(pem, begin, sizeof(begin) - 1) == 0) {
			inside = 1;
			(void)fprintf(f, "\t\t\"%s\"\n", begin);
		} else if (!inside)
			continue;
		else if (strncmp(pem, end, sizeof(end) - 1) == 0) {
			inside = 0;
			n++;
			(void)fprintf(f, "\t\t\"%s\"\n", end);
		} else if (len <= PEM_LINE && strspn(pem, letters) == len)
			(void)fprintf(f, "\t\t\"%.*s\"\n", (int)len, pem);
	}
	bad = ferror(f) || inside || n == 0;
	if (fclose(f) != 0 || bad) {
		free(buf);
		return (NULL);
	}
	return (buf);
}

/*
 * What the sidecar is told: proxyd.conf(5), up to a line with a dot.  Who gets
 * it wipes it; the key is in no other memory that was had for this.
 */
char *
spec_policy(const struct spec *s, const struct config *conf,
    const struct egress_rule *own, size_t nown, const char *bundle, size_t *len)
{
	const struct egress_resolver *r;
	struct rule_entry *e;
	const char *key;
	char *buf, *policy;
	size_t i, size;
	FILE *f;
	int bad, bearer, kept;

	buf = NULL;
	if ((f = open_memstream(&buf, &size)) == NULL)
		return (NULL);
	(void)fprintf(f, "handover \"%s\"\nlog json\n", HANDOVER_PATH);
	for (i = 0; i < conf->nresolvers; i++) {
		r = &conf->resolvers[i];
		(void)fprintf(f, "resolver \"%s\" port %u\n", r->address,
		    r->port == 0 ? 53U : r->port);
	}
	TAILQ_FOREACH(e, &conf->rules, entry)
		print_rule(f, &e->rule);
	for (i = 0; i < nown; i++)
		print_rule(f, &own[i]);
	/* a rule that blocks one counts more */
	if (s->login[0] != '\0')
		(void)fprintf(f, "pass to { %s }\n", LOGIN_HOSTS);
	key = spec_credential(conf, &bearer);
	kept = s->kept && conf->fixed.credentials == CREDENTIALS_INJECT;
	if (s->token[0] == '\0' ||
	    (bundle == NULL && !conf->fixed.api.plain)) {
		key = NULL;
		kept = 0;
	}
	if (key != NULL || kept)
		print_gateway(f, s->token, &conf->fixed.api, bundle);
	bad = ferror(f);
	if (fclose(f) != 0 || bad) {
		free(buf);
		return (NULL);
	}
	policy = append_key(buf, key, kept, bearer, len);
	free(buf);
	return (policy);
}

static void
print_rule(FILE *f, const struct egress_rule *rule)
{
	uint32_t i;

	(void)fprintf(f, "%s to \"%s\"", rule->block ? "block" : "pass",
	    rule->host);
	for (i = 0; i < rule->nports; i++)
		(void)fprintf(f, "%s %u", i == 0 ? " port {" : "",
		    rule->ports[i]);
	(void)fprintf(f, "%s%s\n", rule->nports > 0 ? " }" : "",
	    rule->plain ? " plain" : "");
}

/* All but the key and the end. */
static void
print_gateway(FILE *f, const char *token, const struct conf_api *api,
    const char *bundle)
{
	uint32_t i;

	(void)fprintf(f, "gateway to \"%s\" port %u {\n\ttoken \"%s\"\n",
	    api->host, api->port, token);
	if (api->path[0] != '\0')
		(void)fprintf(f, "\tpath \"%s\"\n", api->path);
	for (i = 0; i < api->naddresses; i++)
		(void)fprintf(f, "\taddress \"%s\"\n", api->addresses[i]);
	for (i = 0; i < api->nallows; i++)
		(void)fprintf(f, "\tallow \"%s\"\n", api->allows[i]);
	if (api->plain)
		(void)fprintf(f, "\tplain\n");
	else
		(void)fprintf(f, "\tca {\n%s\t}\n", bundle);
}

/* The key, if there is one, in quotes, and the end of it all. */
static char *
append_key(const char *text, const char *key, int kept, int bearer,
    size_t *len)
{
	char *buf, *p;
	size_t size;

	size = strlen(text) + (key == NULL ? 0 : 2 * strlen(key)) + 32;
	if ((buf = malloc(size)) == NULL)
		return (NULL);
	p = buf + strlcpy(buf, text, size);
	if (key != NULL) {
		p = stpcpy(p, bearer ? "\tbearer \"" : "\tkey \"");
		for (; *key != '\0'; key++) {
			if (*key == '"' || *key == '\\')
				*p++ = '\\';
			*p++ = *key;
		}
		p = stpcpy(p, "\"\n}\n");
	} else if (kept)
		p = stpcpy(p, "\tkey kept\n}\n");
	p = stpcpy(p, ".\n");
	*len = (size_t)(p - buf);
	return (buf);
}
