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
 * Is what the engine made what it was asked for?  Older engines and others
 * ignore fields that they do not know, so nothing is started before this was
 * answered.  Pure, as engine_spec.c is.
 */

#include <sys/types.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define SHOWN_MAXLEN	200

static int	 differs(char *, size_t, const char *, const json_t *);
static int	 empty(const json_t *);
static int	 verify_value(const char *, const json_t *, const json_t *,
		    char *, size_t);
static int	 verify_object(const char *, const json_t *, const json_t *,
		    char *, size_t);
static int	 verify_asked(const char *, const json_t *, const json_t *,
		    char *, size_t);
static int	 verify_absent(const json_t *, const json_t *, char *, size_t);
static int	 verify_masked(const json_t *, char *, size_t);
static int	 verify_env(const json_t *, const json_t *, char *, size_t);
static int	 verify_mounts(const json_t *, const json_t *, char *, size_t);
static int	 verify_mount(const json_t *, const json_t *);
static int	 verify_networks(const json_t *, const json_t *, char *,
		    size_t);
static int	 same_image(const char *, const char *);

/* what gives a container more, wherever it is not asked for */
static const char *const dangerous[] = {
	"Binds", "VolumesFrom", "VolumeDriver", "CapAdd", "Devices",
	"DeviceRequests", "DeviceCgroupRules", "GroupAdd", "Links",
	"ExtraHosts", "PortBindings", "PublishAllPorts", "Privileged",
	"PidMode", "UTSMode", "UsernsMode", "Cgroup", "OomKillDisable",
	"OomScoreAdj", "AutoRemove", "Sysctls", "Tmpfs", "SecurityOpt",
	"CpuRealtimePeriod", "CpuRealtimeRuntime", NULL
};

int
spec_verify(const json_t *asked, const json_t *got, char *why, size_t size)
{
	const json_t *config, *host, *value;
	const char *key;

	config = json_object_get(got, "Config");
	host = json_object_get(got, "HostConfig");
	if (!json_is_object(config) || !json_is_object(host)) {
		(void)snprintf(why, size, "no configuration");
		return (-1);
	}
	if (!same_image(spec_string(asked, "Image", NULL),
	    spec_string(got, "Image", NULL)))
		return (differs(why, size, "Image",
		    json_object_get(got, "Image")));
	json_object_foreach((json_t *)(uintptr_t)asked, key, value) {
		if (strcmp(key, "HostConfig") == 0 || strcmp(key,
		    "Image") == 0)
			continue;
		if (strcmp(key, "Env") == 0) {
			if (verify_env(value, json_object_get(config, key),
			    why, size) == -1)
				return (-1);
		} else if (strcmp(key, "Labels") == 0) {
			if (verify_asked(key, value, json_object_get(config,
			    key), why, size) == -1)
				return (-1);
		} else if (verify_value(key, value, json_object_get(config,
		    key), why, size) == -1)
			return (-1);
	}
	value = json_object_get(asked, "HostConfig");
	if (verify_asked("HostConfig", value, host, why, size) == -1 ||
	    verify_absent(value, host, why, size) == -1 ||
	    verify_masked(host, why, size) == -1 ||
	    verify_mounts(json_object_get(value, "Mounts"),
	    json_object_get(got, "Mounts"), why, size) == -1)
		return (-1);
	return (verify_networks(value, got, why, size));
}

static int
differs(char *why, size_t size, const char *key, const json_t *got)
{
	char *shown;

	shown = got == NULL ? NULL : json_dumps(got, JSON_COMPACT |
	    JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	(void)snprintf(why, size, "%s is %.*s", key, SHOWN_MAXLEN,
	    shown == NULL ? "missing" : shown);
	free(shown);
	return (-1);
}

/* Engines write nothing in many ways. */
static int
empty(const json_t *v)
{
	switch (v == NULL ? JSON_NULL : json_typeof(v)) {
	case JSON_OBJECT:
		return (json_object_size(v) == 0);
	case JSON_ARRAY:
		return (json_array_size(v) == 0);
	case JSON_STRING:
		return (json_string_length(v) == 0);
	case JSON_INTEGER:
		return (json_integer_value(v) == 0);
	case JSON_NULL:
	case JSON_FALSE:
		return (1);
	default:
		return (0);
	}
}

static int
verify_value(const char *key, const json_t *asked, const json_t *got,
    char *why, size_t size)
{
	size_t i;

	if (empty(asked) && empty(got))
		return (0);
	/* -1: no bound of its own, where the kernel does not count swap */
	if (strcmp(key, "MemorySwap") == 0 && json_integer_value(got) == -1)
		return (0);
	if (json_is_object(asked) && json_is_object(got))
		return (verify_object(key, asked, got, why, size));
	if (!json_is_array(asked) || !json_is_array(got) ||
	    json_array_size(asked) != json_array_size(got)) {
		if (json_equal(asked, got))
			return (0);
		return (differs(why, size, key, got));
	}
	for (i = 0; i < json_array_size(asked); i++)
		if (verify_value(key, json_array_get(asked, i),
		    json_array_get(got, i), why, size) == -1)
			return (-1);
	return (0);
}

/* All that was asked, and nothing else. */
static int
verify_object(const char *name, const json_t *asked, const json_t *got,
    char *why, size_t size)
{
	const json_t *value;
	const char *key;

	if (verify_asked(name, asked, got, why, size) == -1)
		return (-1);
	json_object_foreach((json_t *)(uintptr_t)got, key, value)
		if (json_object_get(asked, key) == NULL && !empty(value))
			return (differs(why, size, key, value));
	return (0);
}

/* All that was asked. */
static int
verify_asked(const char *name, const json_t *asked, const json_t *got,
    char *why, size_t size)
{
	const json_t *value;
	const char *key;

	if (!json_is_object(got))
		return (differs(why, size, name, got));
	json_object_foreach((json_t *)(uintptr_t)asked, key, value)
		if (verify_value(key, value, json_object_get(got, key), why,
		    size) == -1)
			return (-1);
	return (0);
}

static int
verify_absent(const json_t *asked, const json_t *got, char *why, size_t size)
{
	const json_t *value;
	size_t i;

	for (i = 0; dangerous[i] != NULL; i++) {
		value = json_object_get(got, dangerous[i]);
		if (empty(json_object_get(asked, dangerous[i])) &&
		    !empty(value))
			return (differs(why, size, dangerous[i], value));
	}
	return (0);
}

/* What the engine hides of /proc and /sys, if it says. */
static int
verify_masked(const json_t *host, char *why, size_t size)
{
	static const char *const keys[] = { "MaskedPaths", "ReadonlyPaths" };
	const json_t *value;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = json_object_get(host, keys[i]);
		if (value != NULL && empty(value))
			return (differs(why, size, keys[i], value));
	}
	return (0);
}

/*
 * Each variable once and as it was asked for, among those of the image.
 */
static int
verify_env(const json_t *asked, const json_t *got, char *why, size_t size)
{
	const char *a, *g;
	size_t i, j, n, namelen;

	for (i = 0; i < json_array_size(asked); i++) {
		a = json_string_value(json_array_get(asked, i));
		namelen = strcspn(a, "=") + 1;
		n = 0;
		for (j = 0; j < json_array_size(got); j++) {
			g = json_string_value(json_array_get(got, j));
			if (g == NULL || strncmp(a, g, namelen) != 0)
				continue;
			n += strcmp(a, g) == 0 ? 1 : 2;
		}
		if (n != 1) {
			/* not its value: it may be a secret */
			(void)snprintf(why, size, "Env has another %.*s",
			    (int)namelen - 1, a);
			return (-1);
		}
	}
	return (0);
}

/*
 * What is mounted in the end: what was asked and nothing else, such as the
 * volumes that an image may declare.
 */
static int
verify_mounts(const json_t *asked, const json_t *got, char *why, size_t size)
{
	size_t i, j;

	if (json_array_size(asked) != json_array_size(got))
		return (differs(why, size, "Mounts", got));
	for (i = 0; i < json_array_size(asked); i++) {
		for (j = 0; j < json_array_size(got); j++)
			if (verify_mount(json_array_get(asked, i),
			    json_array_get(got, j)))
				break;
		if (j == json_array_size(got))
			return (differs(why, size, "Mounts", got));
	}
	return (0);
}

static int
verify_mount(const json_t *asked, const json_t *got)
{
	const char *source, *target, *type;

	type = spec_string(asked, "Type", NULL);
	source = spec_string(got, strcmp(type, "volume") == 0 ? "Name" :
	    "Source", NULL);
	target = spec_string(got, "Destination", NULL);
	if (source == NULL || target == NULL ||
	    strcmp(source, spec_string(asked, "Source", NULL)) != 0 ||
	    strcmp(target, spec_string(asked, "Target", NULL)) != 0 ||
	    !json_is_boolean(json_object_get(got, "RW")) ||
	    json_is_true(json_object_get(got, "RW")) ==
	    json_is_true(json_object_get(asked, "ReadOnly")))
		return (0);
	got = json_object_get(got, "Propagation");
	asked = json_object_get(json_object_get(asked, "BindOptions"),
	    "Propagation");
	return (asked == NULL || json_equal(asked, got));
}

/* One network, the one that was asked for. */
static int
verify_networks(const json_t *host, const json_t *got, char *why, size_t size)
{
	const json_t *networks, *value;
	const char *asked, *key;

	asked = spec_string(host, "NetworkMode", NULL);
	networks = json_object_get(json_object_get(got, "NetworkSettings"),
	    "Networks");
	json_object_foreach((json_t *)(uintptr_t)networks, key, value)
		if (strcmp(key, asked) != 0)
			return (differs(why, size, "Networks", networks));
	return (0);
}

static int
same_image(const char *asked, const char *got)
{
	if (asked == NULL || got == NULL)
		return (0);
	if (strncmp(got, "sha256:", 7) != 0)
		asked += strncmp(asked, "sha256:", 7) == 0 ? 7 : 0;
	return (strcmp(asked, got) == 0);
}

/*
 * A network, whoever made it, in the words that it was asked for in.
 */
int
spec_verify_network(const json_t *asked, const json_t *got, char *why,
    size_t size)
{
	const json_t *value;
	const char *key;
	int error;

	error = 0;
	json_object_foreach((json_t *)(uintptr_t)asked, key, value) {
		/* not a property of what there is */
		if (error || strcmp(key, "CheckDuplicate") == 0)
			continue;
		if (json_is_object(value))
			error = verify_asked(key, value, json_object_get(got,
			    key), why, size);
		else
			error = verify_value(key, value, json_object_get(got,
			    key), why, size);
	}
	return (error);
}

/*
 * Is this volume the session's own?  The engine answers with the one that
 * there is, if there is one of the name.
 */
int
spec_verify_volume(const json_t *asked, const json_t *got)
{
	char why[8];

	if (verify_asked("Labels", json_object_get(asked, "Labels"),
	    json_object_get(got, "Labels"), why, sizeof(why)) == -1)
		return (-1);
	if (!empty(json_object_get(got, "Options")))
		return (-1);
	return (verify_value("Driver", json_object_get(asked, "Driver"),
	    json_object_get(got, "Driver"), why, sizeof(why)));
}
