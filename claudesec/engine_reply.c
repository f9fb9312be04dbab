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
 * What the engine tells: JSON that may be anything, and the frames of a stream
 * with several in it.  Pure, as engine_spec.c is.
 */

#include <sys/types.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vis.h>

#include "engine.h"

static size_t	 spec_sequence(const char *, size_t);
static int	 spec_depth(const char *, size_t);
static int	 spec_hex(const char *, size_t);
static int	 spec_label_uid(const char *, uint32_t *);

/*
 * One line that is safe to show, of bytes that may be anything: as much as
 * fits, without colours and the like, and without blanks at its ends.
 */
void
spec_text(char *dst, size_t size, const char *src, size_t len)
{
	unsigned char c;
	size_t i, n;
	char *p;

	p = dst;
	for (i = 0; i < len && size - (size_t)(p - dst) > 5; i += n) {
		if ((n = spec_sequence(src + i, len - i)) > 0)
			continue;
		n = 1;
		c = (unsigned char)src[i];
		if (isspace(c))
			c = ' ';
		if (c != ' ' || p > dst)
			p = vis(p, c, VIS_OCTAL | VIS_NOSLASH, 0);
	}
	while (p > dst && p[-1] == ' ')
		p--;
	*p = '\0';
}

/*
 * A name that may be anything, to be told from any other: what is no printable
 * character, and a blank at an end, is its octal number.
 */
void
spec_path(char *dst, size_t size, const char *src)
{
	size_t i;
	char *p;

	p = dst;
	for (i = 0; src[i] != '\0' && size - (size_t)(p - dst) > 5; i++)
		if (isgraph((unsigned char)src[i]) || (src[i] == ' ' &&
		    i > 0 && src[i + 1] != '\0'))
			*p++ = src[i];
		else
			p += snprintf(p, 5, "\\%03o", (unsigned char)src[i]);
	*p = '\0';
}

/* The length of a control sequence of a terminal, or 0. */
static size_t
spec_sequence(const char *s, size_t len)
{
	size_t i;

	if (len < 3 || s[0] != '\033' || s[1] != '[')
		return (0);
	for (i = 2; i < len && s[i] >= 0x20 && s[i] < 0x40; i++)
		;
	return (i < len && s[i] >= 0x40 && s[i] < 0x7f ? i + 1 : 0);
}

/*
 * libjansson descends by recursion, so depth is counted before it looks.
 */
json_t *
spec_parse(const char *buf, size_t len)
{
	if (spec_depth(buf, len) > SPEC_DEPTH)
		return (NULL);
	return (json_loadb(buf, len, JSON_REJECT_DUPLICATES, NULL));
}

static int
spec_depth(const char *buf, size_t len)
{
	int deepest, depth, quoted;
	size_t i;

	deepest = depth = quoted = 0;
	for (i = 0; i < len; i++) {
		if (quoted) {
			if (buf[i] == '\\')
				i++;
			else if (buf[i] == '"')
				quoted = 0;
			continue;
		}
		switch (buf[i]) {
		case '"':
			quoted = 1;
			break;
		case '{':
		case '[':
			if (++depth > deepest)
				deepest = depth;
			break;
		case '}':
		case ']':
			depth--;
			break;
		}
	}
	return (deepest);
}

/*
 * A string by its key, or by two, one inside the other; NULL if there is none.
 */
const char *
spec_string(const json_t *json, const char *key, const char *inner)
{
	const json_t *value;

	value = json_object_get(json, key);
	if (inner != NULL)
		value = json_object_get(value, inner);
	return (json_string_value(value));
}

static int
spec_hex(const char *s, size_t len)
{
	return (s != NULL && strlen(s) == len &&
	    strspn(s, "0123456789abcdef") == len);
}

/* An id of the engine's: it goes into paths. */
int
spec_id(const json_t *json, char id[ID_LEN + 1])
{
	const char *s;

	s = spec_string(json, "Id", NULL);
	if (!spec_hex(s, ID_LEN))
		return (-1);
	memcpy(id, s, ID_LEN + 1);
	return (0);
}

int
spec_image_id(const json_t *json, char id[IMAGE_ID_LEN])
{
	const char *s;

	s = spec_string(json, "Id", NULL);
	if (s == NULL)
		return (-1);
	if (strncmp(s, "sha256:", 7) == 0)
		s += 7;
	if (!spec_hex(s, ID_LEN))
		return (-1);
	(void)snprintf(id, IMAGE_ID_LEN, "sha256:%s", s);
	return (0);
}

/*
 * A line of what the engine does: 1 if there is something to show, 0 if not,
 * -1 if it is the error that ended it.
 */
int
spec_progress(const json_t *json, char *text, size_t size)
{
	const json_t *code;
	const char *id, *s;
	char buf[TEXT_MAXLEN];

	if ((s = spec_string(json, "error", NULL)) != NULL) {
		code = json_object_get(json_object_get(json, "errorDetail"),
		    "code");
		/* else it would repeat the command, which was shown */
		if (json_integer_value(code) > 0)
			(void)snprintf(text, size, "a command in it ended "
			    "with status %d", (int)json_integer_value(code));
		else
			spec_text(text, size, s, strlen(s));
		return (-1);
	}
	if ((s = spec_string(json, "stream", NULL)) != NULL) {
		spec_text(text, size, s, strlen(s));
		return (*text != '\0');
	}
	s = spec_string(json, "status", NULL);
	if (s == NULL ||
	    json_object_size(json_object_get(json, "progressDetail")) > 0)
		return (0);
	id = spec_string(json, "id", NULL);
	(void)snprintf(buf, sizeof(buf), "%s%s%s", id == NULL ? "" : id,
	    id == NULL ? "" : ": ", s);
	spec_text(text, size, buf, strlen(buf));
	return (*text != '\0');
}

/* How long ago an image was made; 0 if it does not say. */
time_t
spec_age(const json_t *image, time_t now)
{
	const char *s;
	struct tm tm;
	time_t then;

	memset(&tm, 0, sizeof(tm));
	s = spec_string(image, "Created", NULL);
	if (s == NULL || sscanf(s, "%4d-%2d-%2dT", &tm.tm_year, &tm.tm_mon,
	    &tm.tm_mday) != 3 || tm.tm_year < 1970)
		return (0);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	then = timegm(&tm);
	return (then == -1 || then > now ? 0 : now - then);
}

/*
 * A line about one of several things that are on their way; -1 if it is none.
 */
int
spec_layer(const json_t *json, struct ctl_layer *l)
{
	const json_t *detail;
	const char *id, *status;
	char buf[sizeof(l->text)];
	json_int_t current, total;

	id = spec_string(json, "id", NULL);
	status = spec_string(json, "status", NULL);
	detail = json_object_get(json, "progressDetail");
	if (id == NULL || status == NULL || detail == NULL)
		return (-1);
	memset(l, 0, sizeof(*l));
	current = json_integer_value(json_object_get(detail, "current"));
	total = json_integer_value(json_object_get(detail, "total"));
	l->moving = json_object_size(detail) > 0;
	if (total > 0 && current >= 0 && current <= total)
		(void)snprintf(buf, sizeof(buf), "%.64s %3d%% of %lld kB",
		    status, (int)(current * 100.0 / total),
		    (long long)(total / 1000));
	else
		(void)snprintf(buf, sizeof(buf), "%.100s", status);
	spec_text(l->id, sizeof(l->id), id, strlen(id));
	spec_text(l->text, sizeof(l->text), buf, strlen(buf));
	return (l->id[0] == '\0' || l->text[0] == '\0' ? -1 : 0);
}

/*
 * The head of a frame: which stream, and how many bytes follow.  Its length,
 * 0 if it is not all there, -1 if it is none.
 */
int
spec_frame(const unsigned char *buf, size_t len, int *stream, size_t *size)
{
	if (len < 8)
		return (0);
	if (buf[0] > 2 || buf[1] != 0 || buf[2] != 0 || buf[3] != 0)
		return (-1);
	*stream = buf[0];
	*size = (size_t)buf[4] << 24 | (size_t)buf[5] << 16 |
	    (size_t)buf[6] << 8 | buf[7];
	return (8);
}

static int
spec_label_uid(const char *s, uint32_t *uid)
{
	const char *why;

	if (s == NULL)
		return (-1);
	*uid = (uint32_t)strtonum(s, 0, UINT32_MAX, &why);
	return (why == NULL ? 0 : -1);
}

/* Numbers with a blank between two of them. */
static int
spec_label_groups(const char *s, struct identity *id)
{
	const char *why;
	char buf[16];
	size_t len;

	id->ngroups = 0;
	for (; *s != '\0'; s += len + (s[len] == ' ')) {
		len = strcspn(s, " ");
		(void)snprintf(buf, sizeof(buf), "%.*s", (int)len, s);
		if (len >= sizeof(buf) || id->ngroups == IDENTITY_GROUPS)
			return (-1);
		id->groups[id->ngroups++] = (uint32_t)strtonum(buf, 0,
		    UINT32_MAX, &why);
		if (why != NULL)
			return (-1);
	}
	return (0);
}

/*
 * What the container engine says of itself.  Docker's tells what it can bound
 * as it is; podman's which control groups are its user's.
 */
void
spec_info(struct engine_info *info, const json_t *reply, int podman)
{
	const json_t *host, *list;
	const char *s;
	size_t i;

	memset(info, 0, sizeof(*info));
	host = podman ? json_object_get(reply, "host") : reply;
	s = spec_string(host, podman ? "cgroupVersion" : "CgroupVersion",
	    NULL);
	info->unified = s != NULL && strcmp(s, podman ? "v2" : "2") == 0;
	list = json_object_get(host, podman ? "cgroupControllers" :
	    "SecurityOptions");
	if (podman)
		info->rootless = !json_is_false(json_object_get(
		    json_object_get(host, "security"), "rootless"));
	else {
		info->memory = json_is_true(json_object_get(host,
		    "MemoryLimit"));
		info->processes = json_is_true(json_object_get(host,
		    "PidsLimit"));
		info->cpu = json_is_true(json_object_get(host,
		    "CpuCfsQuota"));
	}
	for (i = 0; i < json_array_size(list); i++) {
		if ((s = json_string_value(json_array_get(list, i))) == NULL)
			continue;
		if (!podman)
			info->rootless |= strcmp(s, "name=rootless") == 0;
		else if (info->unified) {
			info->memory |= strcmp(s, "memory") == 0;
			info->processes |= strcmp(s, "pids") == 0;
			info->cpu |= strcmp(s, "cpu") == 0;
		}
	}
}

/*
 * What a container in the engine's list says of the session that it belongs
 * to.  Its role is a string of the JSON's.  -1 if we did not make it.
 */
int
spec_adopt(struct spec *s, const json_t *item, const char **role)
{
	const char *groups, *image, *name, *path, *session, *login, *token;
	const char *review, *tty, *volume;
	const json_t *labels;

	labels = json_object_get(item, "Labels");
	session = spec_string(labels, LABEL_SESSION, NULL);
	name = spec_string(labels, LABEL_NAME, NULL);
	path = spec_string(labels, LABEL_PATH, NULL);
	image = spec_string(labels, LABEL_IMAGE, NULL);
	*role = spec_string(labels, LABEL_ROLE, NULL);
	if (!spec_hex(session, SESSION_LEN) || *role == NULL ||
	    name == NULL || !spec_name_valid(name) ||
	    path == NULL || path[0] != '/' || strlen(path) >= PATH_MAX ||
	    image == NULL || !spec_image_valid(image) ||
	    spec_label_uid(spec_string(labels, LABEL_UID, NULL),
	    &s->owner) == -1)
		return (-1);
	(void)strlcpy(s->session, session, sizeof(s->session));
	(void)strlcpy(s->name, name, sizeof(s->name));
	(void)strlcpy(s->path, path, sizeof(s->path));
	(void)strlcpy(s->image, image, sizeof(s->image));
	volume = spec_string(labels, LABEL_VOLUME, NULL);
	if (volume == NULL)
		(void)snprintf(s->volume, sizeof(s->volume), "claude-%s-run",
		    name);
	else if (!spec_volume_valid(volume) ||
	    strlcpy(s->volume, volume, sizeof(s->volume)) >= sizeof(s->volume))
		return (-1);
	s->identity.uid = s->owner;
	groups = spec_string(labels, LABEL_GROUPS, NULL);
	if (groups != NULL && spec_label_groups(groups, &s->identity) == -1)
		return (-1);
	tty = spec_string(labels, LABEL_TTY, NULL);
	s->tty = tty != NULL;
	s->shell = tty != NULL && strcmp(tty, "shell") == 0;
	review = spec_string(labels, LABEL_REVIEW, NULL);
	(void)strlcpy(s->review, review == NULL ? "" : review,
	    sizeof(s->review));
	login = spec_string(labels, LABEL_LOGIN, NULL);
	(void)strlcpy(s->login, login == NULL ? "" : login,
	    sizeof(s->login));
	token = spec_string(labels, LABEL_TOKEN, NULL);
	if (token != NULL && !spec_token_valid(token))
		return (-1);
	(void)strlcpy(s->token, token == NULL ? "" : token,
	    sizeof(s->token));
	return (0);
}
