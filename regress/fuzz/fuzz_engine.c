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


#include <sys/types.h>
#include <sys/queue.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

/*
 * What an engine may answer.  The first byte says how the rest is looked at:
 * as JSON, which everything that reads JSON then gets, or as a stream's frame,
 * or as text.  What was read holds what the rest relies on.
 */

#include "must.h"

static void	 look_at_text(const char *, size_t);
static void	 look_at_frame(const unsigned char *, size_t);
static void	 look_at_json(const char *, size_t);
static void	 look_at_item(const json_t *);
static void	 look_at_container(const json_t *);
static void	 must_be_plain(const char *, size_t);
static void	 must_be_hex(const char *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (size < 1)
		return (0);
	if ((copy = malloc(size)) == NULL)
		abort();
	memcpy(copy, data + 1, size - 1);
	switch (data[0]) {
	case 'T':
		look_at_text(copy, size - 1);
		break;
	case 'F':
		look_at_frame((unsigned char *)copy, size - 1);
		break;
	default:
		look_at_json(copy, size - 1);
		break;
	}
	free(copy);
	return (0);
}

static void
must_be_plain(const char *s, size_t size)
{
	size_t i, len;

	len = strnlen(s, size);
	MUST(len < size);
	for (i = 0; i < len; i++)
		MUST(isprint((unsigned char)s[i]));
	MUST(len == 0 || (s[0] != ' ' && s[len - 1] != ' '));
}

static void
must_be_hex(const char *s, size_t len)
{
	MUST(strlen(s) == len && strspn(s, "0123456789abcdef") == len);
}

static void
look_at_text(const char *data, size_t len)
{
	char small[8], text[TEXT_MAXLEN];

	spec_text(text, sizeof(text), data, len);
	must_be_plain(text, sizeof(text));
	spec_text(small, sizeof(small), data, len);
	must_be_plain(small, sizeof(small));
}

static void
look_at_frame(const unsigned char *data, size_t len)
{
	size_t size;
	int head, stream;

	head = spec_frame(data, len, &stream, &size);
	MUST(head == -1 || head == 8 || (head == 0 && len < 8));
	if (head == 8)
		MUST(stream >= 0 && stream <= 2 && size <= UINT32_MAX);
}

static void
look_at_json(const char *data, size_t len)
{
	char id[ID_LEN + 1], image[IMAGE_ID_LEN], text[TEXT_MAXLEN];
	char why[256];
	json_t *json, *network;

	if ((json = spec_parse(data, len)) == NULL)
		return;
	if (spec_id(json, id) == 0)
		must_be_hex(id, ID_LEN);
	if (spec_image_id(json, image) == 0)
		must_be_hex(image + strlen("sha256:"), ID_LEN);
	text[0] = '\0';
	if (spec_progress(json, text, sizeof(text)) != 0)
		must_be_plain(text, sizeof(text));
	(void)spec_string(json, "State", "Status");
	network = spec_network();
	(void)spec_verify_network(network, json, why, sizeof(why));
	json_decref(network);
	look_at_item(json);
	look_at_container(json);
	json_decref(json);
}

static void
look_at_item(const json_t *json)
{
	struct spec s;
	const char *role;
	json_t *volume;

	memset(&s, 0, sizeof(s));
	if (spec_adopt(&s, json, &role) == -1)
		return;
	MUST(role != NULL && s.path[0] == '/' && spec_name_valid(s.name) &&
	    spec_image_valid(s.image));
	must_be_hex(s.session, SESSION_LEN);
	if ((volume = spec_volume(&s)) == NULL)
		return;
	(void)spec_verify_volume(volume, json);
	json_decref(volume);
}

/*
 * What passes is confined, whatever else it says.
 */
static void
look_at_container(const json_t *json)
{
	static struct config conf;
	static struct spec s;
	static json_t *asked;
	const json_t *config, *host;
	json_t *got;
	char why[512];

	if (asked == NULL) {
		TAILQ_INIT(&conf.rules);
		TAILQ_INIT(&conf.env);
		conf.fixed.memory = conf.fixed.home = conf.fixed.tmp = 1;
		conf.fixed.processes = 1;
		(void)strlcpy(s.name, "n", sizeof(s.name));
		(void)strlcpy(s.path, "/w", sizeof(s.path));
		(void)strlcpy(s.image_id, "sha256:0", sizeof(s.image_id));
		s.uid = s.gid = 1000;
		asked = spec_agent(&s, &conf, "{}");
		MUST(asked != NULL);
	}
	got = spec_from_podman(asked, json);
	MUST(got != NULL);
	if (spec_verify(asked, got, why, sizeof(why)) == 0)
		MUST(json_array_size(json_object_get(json, "Mounts")) == 2 &&
		    json_array_size(json_object_get(json,
		    "BoundingCaps")) == 0);
	json_decref(got);
	if (spec_verify(asked, json, why, sizeof(why)) == -1) {
		MUST(strlen(why) > 0);
		return;
	}
	config = json_object_get(json, "Config");
	host = json_object_get(json, "HostConfig");
	MUST(strcmp(spec_string(config, "User", NULL), "1000:1000") == 0);
	MUST(strcmp(spec_string(host, "NetworkMode", NULL), "none") == 0);
	MUST(!json_is_true(json_object_get(host, "Privileged")));
	MUST(json_is_true(json_object_get(host, "ReadonlyRootfs")));
	MUST(json_array_size(json_object_get(host, "CapAdd")) == 0);
	MUST(json_array_size(json_object_get(host, "CapDrop")) == 1);
	MUST(json_array_size(json_object_get(host, "Binds")) == 0);
	MUST(json_array_size(json_object_get(host, "Devices")) == 0);
	MUST(json_array_size(json_object_get(host, "SecurityOpt")) == 2);
	MUST(json_array_size(json_object_get(json, "Mounts")) == 2);
}
