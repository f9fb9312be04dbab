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
 * What an image was before a build or a pull, and what it is then.  The labels
 * of one that we built tell what it was made from and which Claude Code is in
 * it, which a pulled one has as well, if its maker used claudesec.
 */

#include <sys/types.h>

#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"

#define REMOVE_TIMEOUT	120
#define CLAUDE_MARK	" (Claude Code)"

static void	 update_found(void *, struct docker_reply *);
static void	 update_read(struct update *, const json_t *);
static void	 update_label(char *, size_t, const json_t *, const char *);
static void	 update_made(void *, struct docker_reply *);
static void	 update_tell(struct build *);
static void	 update_replaced(void *, struct docker_reply *);
static void	 update_proxies(void *, struct docker_reply *);
static void	 update_remove(struct build *);
static void	 update_removed(void *, struct docker_reply *);
static char	*update_filter(const char *, const char *);

/*
 * Is its place a registry?  Then its first part is the name of a host.  No
 * other is ever pulled: whoever has that name in a public registry would get
 * into the sandbox.
 */
int
update_pulls(const char *image)
{
	size_t len;

	len = strcspn(image, "/");
	return (image[len] == '/' && (memchr(image, '.', len) != NULL ||
	    memchr(image, ':', len) != NULL ||
	    (len == 9 && strncmp(image, "localhost", len) == 0)));
}

void
update_look(struct build *b)
{
	b->call = docker_call("GET", NULL, API_TIMEOUT, update_found, b,
	    "/images/%s/json", engine_config()->fixed.image);
}

static void
update_found(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;
	char hex[SHA256_DIGEST_STRING_LENGTH];
	SHA2_CTX ctx;

	b->call = NULL;
	if (reply->status != 404 && build_failed(b, reply,
	    "look at the image"))
		return;
	if (reply->status != 404)
		update_read(&b->old, reply->json);
	SHA256Init(&ctx);
	SHA256Update(&ctx, (unsigned char *)b->dockerfile, b->dockerfilelen);
	SHA256Update(&ctx, (unsigned char *)(b->ca == NULL ? "" : b->ca),
	    b->calen);
	(void)SHA256End(&ctx, hex);
	b->new = b->old;
	(void)strlcpy(b->new.dockerfile, hex, sizeof(b->new.dockerfile));
	if (b->old.dockerfile[0] != '\0' && !update_pulls(
	    engine_config()->fixed.image) && strcmp(b->old.dockerfile,
	    hex) != 0)
		(void)build_progress(b, "the Dockerfile has changed since the "
		    "image was built");
	/* what was cached before this is for another */
	if (b->client->update || b->client->nocache)
		(void)snprintf(b->new.stamp, sizeof(b->new.stamp), "%lld",
		    (long long)time(NULL));
	build_begin(b);
}

static void
update_read(struct update *u, const json_t *image)
{
	const json_t *labels;

	if (spec_image_id(image, u->id) == -1)
		return;
	labels = json_object_get(json_object_get(image, "Config"), "Labels");
	update_label(u->dockerfile, sizeof(u->dockerfile), labels,
	    LABEL_DOCKERFILE);
	update_label(u->claude, sizeof(u->claude), labels, LABEL_CLAUDE);
	if (strspn(u->claude, "0123456789") == 0)
		u->claude[0] = '\0';
	update_label(u->stamp, sizeof(u->stamp), labels, LABEL_STAMP);
}

/* One that has anything else in it is not ours. */
static void
update_label(char *value, size_t size, const json_t *labels, const char *name)
{
	const char *s;

	value[0] = '\0';
	s = spec_string(labels, name, NULL);
	if (s != NULL && strlen(s) < size && strspn(s, "0123456789abcdefghijkl"
	    "mnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-") == strlen(s))
		(void)strlcpy(value, s, size);
}

/* A line of the build's that tells it. */
void
update_version(struct build *b, const char *line)
{
	char version[VERSION_MAXLEN];
	size_t len;

	len = strcspn(line, " ");
	if (strcmp(line + len, CLAUDE_MARK) != 0 || len >= sizeof(version) ||
	    len == 0 ||
	    strspn(line, "0123456789.-abcdefghijklmnopqrstuvwxyz") != len)
		return;
	memcpy(version, line, len);
	version[len] = '\0';
	(void)strlcpy(b->new.claude, version, sizeof(b->new.claude));
}

json_t *
update_labels(struct build *b)
{
	return (json_pack("{s:s, s:s, s:s}",
	    LABEL_DOCKERFILE, b->new.dockerfile,
	    LABEL_CLAUDE, b->new.claude,
	    LABEL_STAMP, b->new.stamp));
}

void
update_end(struct build *b)
{
	b->call = docker_call("GET", NULL, API_TIMEOUT, update_made, b,
	    "/images/%s/json", engine_config()->fixed.image);
}

/*
 * Then what has lost all of its names, and proxies of other versions of
 * claudesec; an image that a container uses stays.
 */
static void
update_made(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;
	char *filter;

	b->call = NULL;
	if (build_failed(b, reply, "look at the image"))
		return;
	update_read(&b->new, reply->json);
	update_tell(b);
	if ((b->new.images = json_array()) == NULL)
		fatal("json_array");
	filter = update_filter("dangling", "true");
	b->call = docker_call("GET", NULL, API_TIMEOUT, update_replaced, b,
	    "/images/json?filters=%s", filter);
	free(filter);
}

static void
update_tell(struct build *b)
{
	char text[TEXT_MAXLEN];
	const char *image;

	image = engine_config()->fixed.image;
	if (strcmp(b->old.id, b->new.id) == 0)
		(void)snprintf(text, sizeof(text), "%.255s is up to date%s%s",
		    image, b->new.claude[0] != '\0' ? ": Claude Code " : "",
		    b->new.claude);
	else if (b->old.claude[0] != '\0' && strcmp(b->old.claude,
	    b->new.claude) != 0)
		(void)snprintf(text, sizeof(text), "%.255s is new: Claude "
		    "Code %s, was %s", image, b->new.claude, b->old.claude);
	else
		(void)snprintf(text, sizeof(text), "%.255s is new%s%s%s", image,
		    b->new.claude[0] != '\0' ? ": Claude Code " : "",
		    b->new.claude, b->old.claude[0] != '\0' ? ", as before" :
		    "");
	(void)build_progress(b, text);
}

static char *
update_filter(const char *key, const char *value)
{
	json_t *json;
	char *escaped, *text;

	json = json_pack("{s:[s]}", key, value);
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	if (text == NULL)
		fatal("json_dumps");
	escaped = build_escape(text);
	json_decref(json);
	free(text);
	return (escaped);
}

static void
update_replaced(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;
	const json_t *image;
	char id[IMAGE_ID_LEN];
	char *filter;
	size_t i;

	b->call = NULL;
	for (i = 0; i < json_array_size(reply->json); i++) {
		image = json_array_get(reply->json, i);
		if (spec_image_id(image, id) == 0 &&
		    strcmp(id, b->new.id) != 0 && (strcmp(id, b->old.id) ==
		    0 || spec_string(image, "Labels", LABEL_DOCKERFILE) !=
		    NULL))
			(void)json_array_append_new(b->new.images,
			    json_string(id));
	}
	filter = update_filter("reference", PROXYD_REPO);
	b->call = docker_call("GET", NULL, API_TIMEOUT, update_proxies, b,
	    "/images/json?filters=%s", filter);
	free(filter);
}

static void
update_proxies(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;
	const json_t *tags;
	const char *tag;
	size_t i, j;

	b->call = NULL;
	for (i = 0; i < json_array_size(reply->json); i++) {
		tags = json_object_get(json_array_get(reply->json, i),
		    "RepoTags");
		for (j = 0; j < json_array_size(tags); j++) {
			tag = json_string_value(json_array_get(tags, j));
			if (tag != NULL && strncmp(tag, PROXYD_REPO ":",
			    strlen(PROXYD_REPO ":")) == 0 &&
			    spec_image_valid(tag) && (engine_proxyd() ==
			    NULL || strcmp(tag, engine_proxyd()) != 0))
				(void)json_array_append_new(b->new.images,
				    json_string(tag));
		}
	}
	update_remove(b);
}

/* One after the other; that one stays for what uses it is no error. */
static void
update_remove(struct build *b)
{
	json_t *image;

	if (json_array_size(b->new.images) == 0) {
		client_exit(b->client, 0);
		return;
	}
	image = json_array_get(b->new.images, 0);
	b->call = docker_call("DELETE", NULL, REMOVE_TIMEOUT, update_removed,
	    b, "/images/%s", json_string_value(image));
}

static void
update_removed(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;

	b->call = NULL;
	if (reply->error != NULL && reply->status != 404 &&
	    reply->status != 409)
		log_warnx("cannot remove an image that was replaced: %s",
		    reply->error);
	(void)json_array_remove(b->new.images, 0);
	update_remove(b);
}
