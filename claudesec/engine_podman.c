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
 * Podman.  It speaks Docker's language too, but drops what it does not find in
 * its own: a private control group namespace, for one.  So what is asked of
 * Docker is said in podman's own words, and what podman says of the container
 * that it made is turned into Docker's, to be held against what was asked.
 * Pure, as engine_spec.c is.
 */

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine.h"

#define CPU_PERIOD	100000	/* microseconds */

static json_t	*podman_env(const json_t *);
static int	 podman_mounts(json_t *, const json_t *);
static json_t	*podman_tmpfs(const char *, const char *);
static json_t	*podman_limits(const json_t *);
static json_t	*podman_resources(const json_t *);
static json_t	*podman_namespace(const char *);
static int	 podman_security(json_t *, const json_t *);
static int	 put(json_t *, const char *, json_t *);
static int	 copy(json_t *, const char *, const json_t *, const char *);
static void	 docker_words(json_t *, const json_t *);
static void	 docker_userns(json_t *, const json_t *);
static void	 docker_tmpfs(json_t *);
static void	 docker_log(json_t *, const json_t *);
static void	 docker_security(json_t *, const json_t *);
static void	 docker_limits(json_t *, const json_t *);
static int	 none(const json_t *);

/*
 * Each sidecar has a network of its own, from which it reaches no other.
 */
json_t *
spec_podman_network(const struct spec *s)
{
	return (json_pack("{s:s, s:s, s:b, s:b, s:b, s:{s:s}, s:o}",
	    "name", s->network,
	    "driver", "bridge",
	    "internal", 0,
	    "dns_enabled", 0,
	    "ipv6_enabled", 0,
	    "options", "isolate", "true",
	    "labels", spec_labels(s, "network")));
}

/*
 * A container, as Docker is asked for it.
 */
json_t *
spec_podman(const json_t *asked, const char *name)
{
	static const char *const namespaces[] = { "pidns", "ipcns", "utsns",
	    "cgroupns" };
	const json_t *host;
	const char *image, *network;
	json_t *json;
	size_t i;
	int error;

	host = json_object_get(asked, "HostConfig");
	image = spec_string(asked, "Image", NULL);
	network = spec_string(host, "NetworkMode", NULL);
	if ((json = json_object()) == NULL)
		return (NULL);
	error = put(json, "name", json_string(name));
	error |= put(json, "image", json_string(strncmp(image, "sha256:", 7) ==
	    0 ? image + 7 : image));
	error |= put(json, "image_volume_mode", json_string("ignore"));
	error |= put(json, "umask", json_string("0022"));
	error |= copy(json, "user", asked, "User");
	error |= copy(json, "hostname", asked, "Hostname");
	error |= copy(json, "work_dir", asked, "WorkingDir");
	error |= copy(json, "entrypoint", asked, "Entrypoint");
	error |= copy(json, "command", asked, "Cmd");
	error |= copy(json, "labels", asked, "Labels");
	error |= copy(json, "stdin", asked, "OpenStdin");
	error |= copy(json, "terminal", asked, "Tty");
	error |= copy(json, "healthconfig", asked, "Healthcheck");
	error |= copy(json, "cap_drop", host, "CapDrop");
	error |= copy(json, "read_only_filesystem", host, "ReadonlyRootfs");
	error |= copy(json, "init", host, "Init");
	error |= copy(json, "shm_size", host, "ShmSize");
	error |= copy(json, "sysctl", host, "Sysctls");
	error |= copy(json, "dns_server", host, "Dns");
	error |= copy(json, "dns_search", host, "DnsSearch");
	error |= put(json, "env", podman_env(json_object_get(asked, "Env")));
	error |= put(json, "r_limits", podman_limits(json_object_get(host,
	    "Ulimits")));
	error |= put(json, "resource_limits", podman_resources(host));
	error |= put(json, "log_configuration", json_pack("{s:s, s:I}",
	    "driver", "json-file", "size", (json_int_t)LOG_BYTES));
	for (i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		error |= put(json, namespaces[i], podman_namespace("private"));
	if (strcmp(network, "none") == 0)
		error |= put(json, "netns", podman_namespace("none"));
	else {
		error |= put(json, "netns", podman_namespace("bridge"));
		error |= put(json, "networks", json_pack("{s:{}}", network));
	}
	/* without root: its user is the same in there */
	if (spec_string(host, "UsernsMode", NULL) != NULL)
		error |= put(json, "userns", podman_namespace("keep-id"));
	error |= podman_security(json, json_object_get(host, "SecurityOpt"));
	error |= podman_mounts(json, host);
	if (error) {
		json_decref(json);
		return (NULL);
	}
	return (json);
}

static int
put(json_t *json, const char *key, json_t *value)
{
	return (json_object_set_new(json, key, value));
}

/* What is not asked for is left to the engine. */
static int
copy(json_t *json, const char *key, const json_t *from, const char *name)
{
	json_t *value;

	value = json_object_get(from, name);
	return (value == NULL ? 0 : json_object_set(json, key, value));
}

static json_t *
podman_namespace(const char *mode)
{
	return (json_pack("{s:s}", "nsmode", mode));
}

static json_t *
podman_env(const json_t *list)
{
	const char *s;
	json_t *env;
	char *name;
	size_t i, len;
	int error;

	if ((env = json_object()) == NULL)
		return (NULL);
	error = 0;
	for (i = 0; i < json_array_size(list); i++) {
		s = json_string_value(json_array_get(list, i));
		len = strcspn(s, "=");
		if ((name = strndup(s, len)) == NULL)
			error = -1;
		else
			error |= put(env, name, json_string(s[len] == '\0' ?
			    "" : s + len + 1));
		free(name);
	}
	if (error) {
		json_decref(env);
		return (NULL);
	}
	return (env);
}

static int
podman_security(json_t *json, const json_t *options)
{
	const char *s;
	size_t i;
	int error;

	error = 0;
	for (i = 0; i < json_array_size(options); i++) {
		s = json_string_value(json_array_get(options, i));
		if (strcmp(s, "no-new-privileges") == 0)
			error |= put(json, "no_new_privileges", json_true());
		else if (strncmp(s, "seccomp=", 8) == 0)
			error |= put(json, "seccomp_profile_path",
			    json_string(s + 8));
	}
	return (error);
}

static json_t *
podman_limits(const json_t *ulimits)
{
	const json_t *u;
	json_t *limits;
	size_t i;
	int error;

	if ((limits = json_array()) == NULL)
		return (NULL);
	error = 0;
	for (i = 0; i < json_array_size(ulimits); i++) {
		u = json_array_get(ulimits, i);
		error |= json_array_append_new(limits, json_pack(
		    "{s:O, s:O, s:O}",
		    "type", json_object_get(u, "Name"),
		    "soft", json_object_get(u, "Soft"),
		    "hard", json_object_get(u, "Hard")));
	}
	if (error) {
		json_decref(limits);
		return (NULL);
	}
	return (limits);
}

static json_t *
podman_resources(const json_t *host)
{
	json_int_t cpus;
	json_t *json;

	json = json_pack("{s:{s:O, s:O}, s:{s:O}}", "memory",
	    "limit", json_object_get(host, "Memory"),
	    "swap", json_object_get(host, "MemorySwap"), "pids",
	    "limit", json_object_get(host, "PidsLimit"));
	cpus = json_integer_value(json_object_get(host, "NanoCpus"));
	if (json != NULL && cpus != 0 && put(json, "cpu", json_pack(
	    "{s:I, s:I}", "period", (json_int_t)CPU_PERIOD,
	    "quota", cpus / (1000000000 / CPU_PERIOD))) == -1) {
		json_decref(json);
		return (NULL);
	}
	return (json);
}

static int
podman_mounts(json_t *json, const json_t *host)
{
	const json_t *m, *value;
	const char *key;
	json_t *mounts, *volumes;
	size_t i;
	int error, ro;

	mounts = json_array();
	volumes = json_array();
	error = 0;
	for (i = 0; i < json_array_size(json_object_get(host, "Mounts"));
	    i++) {
		m = json_array_get(json_object_get(host, "Mounts"), i);
		ro = json_is_true(json_object_get(m, "ReadOnly"));
		if (strcmp(spec_string(m, "Type", NULL), "volume") == 0)
			error |= json_array_append_new(volumes, json_pack(
			    "{s:O, s:O, s:[s, s]}",
			    "Name", json_object_get(m, "Source"),
			    "Dest", json_object_get(m, "Target"), "Options",
			    ro ? "ro" : "rw", json_is_true(json_object_get(
			    json_object_get(m, "VolumeOptions"), "NoCopy")) ?
			    "nocopy" : "copy"));
		else
			error |= json_array_append_new(mounts, json_pack(
			    "{s:s, s:O, s:O, s:[s, s, s]}", "type", "bind",
			    "source", json_object_get(m, "Source"),
			    "destination", json_object_get(m, "Target"),
			    "options", ro ? "ro" : "rw", json_is_true(
			    json_object_get(json_object_get(m,
			    "BindOptions"), "NonRecursive")) ? "bind" : "rbind",
			    spec_string(m, "BindOptions", "Propagation")));
	}
	json_object_foreach(json_object_get(host, "Tmpfs"), key, value)
		error |= json_array_append_new(mounts, podman_tmpfs(key,
		    json_string_value(value)));
	error |= put(json, "mounts", mounts);
	error |= put(json, "volumes", volumes);
	return (error);
}

/* Nothing of what the image has there is copied. */
static json_t *
podman_tmpfs(const char *path, const char *options)
{
	json_t *list;
	size_t len;
	int error;

	if ((list = json_array()) == NULL)
		return (NULL);
	error = json_array_append_new(list, json_string("notmpcopyup"));
	for (; *options != '\0'; options += len + (options[len] == ',')) {
		len = strcspn(options, ",");
		error |= json_array_append_new(list, json_stringn(options,
		    len));
	}
	if (error) {
		json_decref(list);
		return (NULL);
	}
	return (json_pack("{s:s, s:s, s:s, s:o}", "type", "tmpfs", "source",
	    "tmpfs", "destination", path, "options", list));
}

/*
 * What podman says of a container, as Docker would: only what is known to mean
 * the same is renamed, so that all else differs from what was asked for.
 */
json_t *
spec_from_podman(const json_t *asked, const json_t *reply)
{
	static const char *const words[] = { "PidMode", "UTSMode" };
	static const char *const same[] = { "AttachStdin", "AttachStdout",
	    "AttachStderr", "StdinOnce" };
	const char *mode, *network;
	json_t *config, *got, *host, *networks;
	size_t i;

	if ((got = json_deep_copy(reply)) == NULL)
		return (NULL);
	config = json_object_get(got, "Config");
	host = json_object_get(got, "HostConfig");
	if (!json_is_object(config) || !json_is_object(host))
		return (got);
	/* of the stream, which podman knows nothing of in a container */
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		(void)copy(config, same[i], asked, same[i]);
	/* without this sysctl nothing listens there: a start would fail */
	(void)copy(host, "Sysctls", json_object_get(asked, "HostConfig"),
	    "Sysctls");
	docker_words(config, asked);
	/* it has the list of what there is not, and of what there is */
	(void)json_object_del(host, "CapDrop");
	if (none(json_object_get(got, "EffectiveCaps")) &&
	    none(json_object_get(got, "BoundingCaps")))
		(void)put(host, "CapDrop", json_pack("[s]", "ALL"));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		mode = spec_string(host, words[i], NULL);
		if (mode != NULL && strcmp(mode, "private") == 0)
			(void)put(host, words[i], json_string(""));
	}
	/* it has one word for all that are not others' */
	mode = spec_string(host, "IpcMode", NULL);
	if (mode != NULL && strcmp(mode, "shareable") == 0)
		(void)put(host, "IpcMode", json_string("private"));
	(void)copy(host, "CgroupnsMode", host, "CgroupMode");
	mode = spec_string(host, "NetworkMode", NULL);
	network = spec_string(json_object_get(asked, "HostConfig"),
	    "NetworkMode", NULL);
	networks = json_object_get(json_object_get(got, "NetworkSettings"),
	    "Networks");
	if (mode != NULL && strcmp(mode, "bridge") == 0 &&
	    json_object_size(networks) == 1 &&
	    json_object_get(networks, network) != NULL)
		(void)put(host, "NetworkMode", json_string(network));
	docker_userns(host, asked);
	/* both tell what is mounted, which is in full elsewhere */
	if (json_array_size(json_object_get(host, "Binds")) ==
	    json_array_size(json_object_get(got, "Mounts")))
		(void)json_object_del(host, "Binds");
	(void)copy(host, "Mounts", json_object_get(asked, "HostConfig"),
	    "Mounts");
	docker_tmpfs(json_object_get(host, "Tmpfs"));
	docker_log(host, json_object_get(json_object_get(asked, "HostConfig"),
	    "LogConfig"));
	docker_security(host, json_object_get(json_object_get(asked,
	    "HostConfig"), "SecurityOpt"));
	docker_limits(host, json_object_get(json_object_get(asked,
	    "HostConfig"), "Ulimits"));
	return (got);
}

/* Of the same things: an entry point of one word, a test, a signal. */
static void
docker_words(json_t *config, const json_t *asked)
{
	json_t *test, *value;

	value = json_object_get(config, "Entrypoint");
	if (json_is_string(value))
		(void)put(config, "Entrypoint", json_pack("[O]", value));
	test = json_object_get(json_object_get(config, "Healthcheck"),
	    "Test");
	if (test != NULL)
		(void)put(config, "Healthcheck", json_pack("{s:O}", "Test",
		    test));
	value = json_object_get(config, "StopSignal");
	if (json_integer_value(value) == 15)
		(void)put(config, "StopSignal", json_string("SIGTERM"));
	if (json_object_get(asked, "Entrypoint") == NULL &&
	    json_string_length(json_object_get(config, "Entrypoint")) == 0)
		(void)json_object_del(config, "Entrypoint");
}

/* The user of the container is podman's own, 0 in its namespace. */
static void
docker_userns(json_t *host, const json_t *asked)
{
	char user[32];
	const char *s;
	const json_t *map;
	size_t i;

	s = spec_string(asked, "User", NULL);
	(void)snprintf(user, sizeof(user), "%.*s:0:1", s == NULL ? 0 :
	    (int)strcspn(s, ":"), s);
	map = json_object_get(json_object_get(host, "IDMappings"), "UidMap");
	for (i = 0; i < json_array_size(map); i++) {
		s = json_string_value(json_array_get(map, i));
		if (s != NULL && strcmp(s, user) == 0)
			(void)put(host, "UsernsMode", json_string("keep-id"));
	}
}

static int
none(const json_t *list)
{
	return (list != NULL && json_array_size(list) == 0 &&
	    (json_is_null(list) || json_is_array(list)));
}

/* With its propagation, which nothing else can be mounted by in there. */
static void
docker_tmpfs(json_t *tmpfs)
{
	static const char end[] = ",rprivate";
	const char *key, *s;
	json_t *value;
	size_t len;
	void *next;

	json_object_foreach_safe(tmpfs, next, key, value) {
		s = json_string_value(value);
		len = s == NULL ? 0 : strlen(s);
		if (len > strlen(end) && strcmp(s + len - strlen(end), end) ==
		    0)
			(void)put(tmpfs, key, json_stringn(s, len -
			    strlen(end)));
	}
}

/* One file, whose size is told in words: it has one, or none. */
static void
docker_log(json_t *host, const json_t *asked)
{
	const char *size, *type;
	json_t *log;

	log = json_object_get(host, "LogConfig");
	size = spec_string(log, "Size", NULL);
	type = spec_string(log, "Type", NULL);
	if (size != NULL && size[0] > '0' && size[0] <= '9' && type != NULL)
		(void)put(host, "LogConfig", json_pack("{s:s, s:O}", "Type",
		    type, "Config", json_object_get(asked, "Config")));
}

/*
 * The profile is shown nowhere; it cannot be made with one that it cannot read.
 */
static void
docker_security(json_t *host, const json_t *asked)
{
	json_t *options;
	const char *s;

	options = json_object_get(host, "SecurityOpt");
	s = json_string_value(json_array_get(options, 0));
	if (json_array_size(options) == 1 && json_array_size(asked) == 2 &&
	    s != NULL && strcmp(s, "no-new-privileges") == 0)
		(void)json_array_append(options, json_array_get(asked, 1));
}

/*
 * They have other names, and come in any order.  Without root, podman adds that
 * of processes which its user has anyway.
 */
static void
docker_limits(json_t *host, const json_t *asked)
{
	const char *name, *should;
	json_t *got, *limits, *u;
	size_t i, j, n;

	got = json_object_get(host, "Ulimits");
	n = json_array_size(asked);
	for (i = 0; json_array_size(got) == n + 1 && i <= n; i++) {
		name = spec_string(json_array_get(got, i), "Name", NULL);
		if (name != NULL && strcmp(name, "RLIMIT_NPROC") == 0)
			(void)json_array_remove(got, i);
	}
	if (json_array_size(got) != n || (limits = json_array()) == NULL)
		return;
	for (i = 0; i < n; i++) {
		should = spec_string(json_array_get(asked, i), "Name", NULL);
		for (j = 0; j < n; j++) {
			u = json_array_get(got, j);
			name = spec_string(u, "Name", NULL);
			if (name == NULL || strncmp(name, "RLIMIT_", 7) != 0 ||
			    strcasecmp(name + 7, should) != 0)
				continue;
			(void)put(u, "Name", json_string(should));
			(void)json_array_append(limits, u);
		}
	}
	(void)put(host, "Ulimits", limits);
}
