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
 * The agent's image.  Its base is pulled; where that cannot be, a client that
 * builds is asked for one, which it makes and sends.
 */

#include <sys/types.h>

#include <errno.h>
#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

#define PULL_TIMEOUT	1800
#define IMPORT_TIMEOUT	7200
#define DOCKERFILE_MAX	65536
#define CA_MAX		(1024 * 1024)
#define BASE_SECONDS	(30 * 24 * 3600)	/* until a base is old */
#define QUEUE_HIGH	65536	/* bytes that a client has not read */
#define QUEUE_DELAY	50000	/* microseconds until it is looked at again */

static void	 build_ask(struct build *, uint32_t);
static void	 build_found(void *, struct docker_reply *);
static void	 build_pull(struct build *, const char *,
		    void (*)(void *, struct docker_reply *));
static void	 build_image_pulled(void *, struct docker_reply *);
static void	 build_pulled(void *, struct docker_reply *);
static void	 build_look(struct build *);
static void	 build_substitute(void *, struct docker_reply *);
static void	 build_need_base(struct build *);
static void	 build_imported(void *, struct docker_reply *);
static void	 build_image(struct build *);
static void	 build_done(void *, struct docker_reply *);
static int	 build_output(struct build *, const char *);
static int	 build_output_line(struct build *);
static int	 build_send(struct build *, uint32_t, const void *, size_t);
static void	 build_room(int, short, void *);
static int	 build_line(void *, const json_t *);

void
build_start(struct client *c)
{
	struct build *b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		fatal("calloc");
	b->client = c;
	c->build = b;
	evtimer_set(&b->timer, build_room, b);
	build_ask(b, FILE_DOCKERFILE);
	if (engine_config()->fixed.ca[0] != '\0')
		build_ask(b, FILE_CA);
}

void
build_free(struct client *c)
{
	struct build *b;

	if ((b = c->build) == NULL)
		return;
	c->build = NULL;
	if (b->call != NULL)
		docker_cancel(b->call);
	evtimer_del(&b->timer);
	json_decref(b->new.images);
	free(b->dockerfile);
	free(b->ca);
	free(b);
}

static void
build_ask(struct build *b, uint32_t file)
{
	b->files++;
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_FILE, b->client->id, -1,
	    &file, sizeof(file));
}

/*
 * A file from the parent, for a client that may have gone.
 */
int
build_file(uint32_t id, const struct file_answer *fa, int fd)
{
	struct client *c;
	struct build *b;
	char **text;
	size_t *len;

	c = client_find(id);
	if (c == NULL || c->build == NULL || c->ended) {
		if (fd != -1)
			close(fd);
		return (0);
	}
	b = c->build;
	if (b->files == 0 ||
	    (fa->file != FILE_DOCKERFILE && fa->file != FILE_CA)) {
		if (fd != -1)
			close(fd);
		return (-1);
	}
	b->files--;
	text = fa->file == FILE_CA ? &b->ca : &b->dockerfile;
	len = fa->file == FILE_CA ? &b->calen : &b->dockerfilelen;
	errno = fa->error;
	if (fd != -1)
		*text = engine_read(fd, fa->file == FILE_CA ? CA_MAX :
		    DOCKERFILE_MAX, len);
	if (*text == NULL) {
		client_error(c, EX_NOINPUT, "%s: %s", fa->file == FILE_CA ?
		    engine_config()->fixed.ca : DATADIR "/Dockerfile",
		    strerror(errno));
		return (0);
	}
	if (b->files == 0)
		update_look(b);
	return (0);
}

/*
 * An image that has its place in a registry is pulled, for an update; others
 * are built.  What there is of a base is good enough, unless everything is to
 * be made anew.
 */
void
build_begin(struct build *b)
{
	const char *image;

	image = engine_config()->fixed.image;
	if (b->client->update && update_pulls(image)) {
		build_pull(b, image, build_image_pulled);
		return;
	}
	(void)strlcpy(b->base, engine_config()->fixed.base, sizeof(b->base));
	if (b->client->nocache || b->client->update)
		build_pull(b, b->base, build_pulled);
	else
		b->call = docker_call("GET", NULL, API_TIMEOUT, build_found,
		    b, "/images/%s/json", b->base);
}

static void
build_found(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;

	b->call = NULL;
	if (reply->status == 404)
		build_pull(b, b->base, build_pulled);
	else if (!build_failed(b, reply, "look for the base image"))
		build_image(b);
}

static void
build_pull(struct build *b, const char *what,
    void (*done)(void *, struct docker_reply *))
{
	const char *name;
	char *image;

	image = build_escape(what);
	name = strrchr(what, '/');
	name = name == NULL ? what : name;
	b->call = docker_call("POST", NULL, PULL_TIMEOUT, done, b,
	    "/images/create?fromImage=%s%s", image,
	    strpbrk(name, ":@") == NULL ? "&tag=latest" : "");
	free(image);
	docker_stream(b->call, build_line);
}

static void
build_image_pulled(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;

	b->call = NULL;
	if (!build_failed(b, reply, "pull the image"))
		update_end(b);
}

static void
build_pulled(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;

	b->call = NULL;
	if (reply->error == NULL && b->error[0] == '\0') {
		build_image(b);
		return;
	}
	if (reply->status == 0) {
		(void)build_failed(b, reply, "");
		return;
	}
	if (reply->error != NULL)
		(void)strlcpy(b->error, reply->error, sizeof(b->error));
	if (b->client->nocache)
		build_need_base(b);
	else
		build_look(b);
}

/* For one that is there, whether it has that name or was made before. */
static void
build_look(struct build *b)
{
	b->call = docker_call("GET", NULL, API_TIMEOUT, build_substitute, b,
	    "/images/%s/json", b->base);
}

/* Of those that base.sh made an update makes another when it is old. */
static void
build_substitute(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;
	char text[TEXT_MAXLEN];
	int ours;

	b->call = NULL;
	ours = strcmp(b->base, BASE_REPO) == 0;
	if (reply->status == 404 && !ours) {
		(void)strlcpy(b->base, BASE_REPO, sizeof(b->base));
		build_look(b);
		return;
	}
	if (reply->status == 404) {
		build_need_base(b);
		return;
	}
	if (ours && b->client->update && spec_age(reply->json, time(NULL)) >
	    BASE_SECONDS) {
		build_need_base(b);
		return;
	}
	(void)build_progress(b, b->error);
	b->error[0] = '\0';
	if (build_failed(b, reply, "look for a base image"))
		return;
	(void)snprintf(text, sizeof(text), "using %s, which is there",
	    b->base);
	(void)build_progress(b, text);
	build_image(b);
}

static void
build_need_base(struct build *b)
{
	char text[TEXT_MAXLEN];

	(void)snprintf(text, sizeof(text), "cannot pull %.200s: %.700s",
	    engine_config()->fixed.base, b->error);
	b->error[0] = '\0';
	b->client->peer.state = STATE_CLIENT_BASE;
	client_send(b->client, IMSG_CTL_NEEDBASE, -1, text, strlen(text));
}

/*
 * The client sends the image through a pipe, as fast as it makes it.
 */
void
build_base(struct client *c, int fd)
{
	struct build *b;

	b = c->build;
	(void)strlcpy(b->base, BASE_REPO, sizeof(b->base));
	b->call = docker_call("POST", NULL, IMPORT_TIMEOUT, build_imported, b,
	    "/images/create?fromSrc=-&repo=" BASE_REPO ":latest");
	docker_stream(b->call, build_line);
	docker_send_fd(b->call, fd);
}

static void
build_imported(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;

	b->call = NULL;
	if (!build_failed(b, reply, "import the base image"))
		build_image(b);
}

static void
build_image(struct build *b)
{
	struct tar_file files[2];
	char *args, *data, *escaped, *image, *label, *text;
	json_t *json, *labels;
	size_t len;

	files[0].name = "Dockerfile";
	files[0].data = b->dockerfile;
	files[0].len = b->dockerfilelen;
	/* empty where nothing is configured */
	files[1].name = "ca.crt";
	files[1].data = b->ca == NULL ? "" : b->ca;
	files[1].len = b->calen;
	if ((labels = update_labels(b)) == NULL ||
	    (data = spec_tar(files, 2, &len)) == NULL ||
	    (json = json_pack("{s:s, s:s}", "BASE", b->base, "CLAUDE_STAMP",
	    b->new.stamp)) == NULL ||
	    (args = json_dumps(json, JSON_COMPACT)) == NULL ||
	    (text = json_dumps(labels, JSON_COMPACT)) == NULL)
		fatal("malloc");
	escaped = build_escape(args);
	label = build_escape(text);
	image = build_escape(engine_config()->fixed.image);
	b->call = docker_call("POST", NULL, 0, build_done, b,
	    "/build?t=%s&buildargs=%s&labels=%s&nocache=%u&rm=1&forcerm=1",
	    image, escaped, label, b->client->nocache && !b->labelling);
	docker_stream(b->call, build_line);
	docker_send_memory(b->call, data, len);
	json_decref(json);
	json_decref(labels);
	free(args);
	free(escaped);
	free(image);
	free(label);
	free(text);
}

static void
build_done(void *arg, struct docker_reply *reply)
{
	struct build *b = arg;

	b->call = NULL;
	(void)build_output_line(b);
	if (build_failed(b, reply, "build the image"))
		return;
	/* the version that is in it is known only now; all steps are cached */
	if (!b->labelling && strcmp(b->new.claude, b->old.claude) != 0) {
		b->labelling = 1;
		build_image(b);
		return;
	}
	log_info("image %s was built", engine_config()->fixed.image);
	update_end(b);
}

/*
 * A line of what the engine does, for the client; 1 if it has to read first.
 */
static int
build_line(void *arg, const json_t *json)
{
	struct build *b = arg;
	char text[TEXT_MAXLEN];
	const char *output;
	struct ctl_layer layer;

	if ((output = spec_string(json, "stream", NULL)) != NULL)
		return (b->labelling ? 0 : build_output(b, output));
	if (spec_layer(json, &layer) == 0)
		return (build_send(b, IMSG_CTL_LAYER, &layer, sizeof(layer)));
	switch (spec_progress(json, text, sizeof(text))) {
	case -1:
		(void)strlcpy(b->error, text, sizeof(b->error));
		return (0);
	case 1:
		return (build_progress(b, text));
	default:
		return (0);
	}
}

/*
 * What a step of the Dockerfile writes comes in any pieces.
 */
static int
build_output(struct build *b, const char *s)
{
	int full;

	for (full = 0; *s != '\0'; s++) {
		if (b->linelen == sizeof(b->line) || *s == '\n' || *s == '\r')
			full |= build_output_line(b);
		if (*s != '\n' && *s != '\r')
			b->line[b->linelen++] = *s;
	}
	return (full);
}

static int
build_output_line(struct build *b)
{
	char text[TEXT_MAXLEN];

	spec_text(text, sizeof(text), b->line, b->linelen);
	b->linelen = 0;
	update_version(b, text);
	return (text[0] != '\0' && build_progress(b, text));
}

int
build_progress(struct build *b, const char *text)
{
	return (build_send(b, IMSG_CTL_PROGRESS, text, strlen(text)));
}

static int
build_send(struct build *b, uint32_t type, const void *data, size_t len)
{
	struct timeval tv = { 0, QUEUE_DELAY };

	client_send(b->client, type, -1, data, len);
	if (imsgbuf_queuelen(&b->client->peer.ibuf) < QUEUE_HIGH)
		return (0);
	evtimer_add(&b->timer, &tv);
	return (1);
}

static void
build_room(int fd, short event, void *arg)
{
	struct timeval tv = { 0, QUEUE_DELAY };
	struct build *b = arg;

	(void)fd;
	(void)event;
	if (imsgbuf_queuelen(&b->client->peer.ibuf) >= QUEUE_HIGH / 2)
		evtimer_add(&b->timer, &tv);
	else if (b->call != NULL)
		docker_resume(b->call);
}

/*
 * Did it fail, at once or later in its stream?  Then the client is told.
 */
int
build_failed(struct build *b, struct docker_reply *reply, const char *what)
{
	if (reply->error != NULL && reply->status == 0)
		client_error(b->client, reply->code, "%s", reply->error);
	else if (reply->error != NULL)
		client_error(b->client, reply->code, "cannot %s: %s", what,
		    reply->error);
	else if (b->error[0] != '\0')
		client_error(b->client, EX_UNAVAILABLE, "cannot %s: %s", what,
		    b->error);
	else
		return (0);
	return (1);
}

char *
build_escape(const char *s)
{
	char *escaped;

	if ((escaped = spec_escape(s)) == NULL)
		fatal("malloc");
	return (escaped);
}
