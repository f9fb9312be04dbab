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
 * What may be asked of the container engine as JSON: fields that are known, by
 * their very names and with values that are harmless, and nothing else.  It
 * says again what engine_spec.c and engine_podman.c make, as whoever runs
 * those may have been taken over.  Pure: nothing here logs, exits, or knows a
 * global.
 */

#include <sys/types.h>

#include <stdio.h>
#include <string.h>

#include "guard.h"

#define PROXY_USER	"13:13"		/* proxyd's, in its container */
#define ULIMITS_MAX	8

struct field {
	const char	*key;
	const char	*want;		/* the one value, as JSON; or */
	int		 (*check)(const json_t *, struct guard_case *);
	int		 optional;
};

static int	 fields(const json_t *, const struct field *,
		    struct guard_case *);
static int	 is_container(const json_t *, struct guard_case *,
		    const struct field *, const struct field *);
static int	 is_not(struct guard_case *, const char *);
static int	 is_known(const char *, const json_t *, const struct field *,
		    struct guard_case *);
static int	 is_text(const json_t *, const char *);
static int	 is_bool(const json_t *, struct guard_case *);
static int	 is_size(const json_t *, struct guard_case *);
static int	 is_string(const json_t *, struct guard_case *);
static int	 is_strings(const json_t *, struct guard_case *);
static int	 is_map(const json_t *, struct guard_case *);
static int	 is_image(const json_t *, struct guard_case *);
static int	 is_name(const json_t *, struct guard_case *);
static int	 is_ours(const json_t *, struct guard_case *);
static int	 is_labelled(const json_t *, struct guard_case *);
static int	 is_user(const json_t *, struct guard_case *);
static int	 is_host(const json_t *, struct guard_case *);
static int	 is_network(const json_t *, struct guard_case *);
static int	 is_security(const json_t *, struct guard_case *);
static int	 is_proxy_security(const json_t *, struct guard_case *);
static int	 is_privileges(const json_t *, size_t);
static int	 is_sysctls(const json_t *, struct guard_case *);
static int	 is_runtime(const json_t *, struct guard_case *);
static int	 is_ulimits(const json_t *, struct guard_case *);
static int	 is_tmpfs(const json_t *, struct guard_case *);
static int	 is_tmpfs_options(const char *);
static int	 is_mounts(const json_t *, struct guard_case *);
static int	 is_mount(const json_t *, struct guard_case *);
static int	 is_bind_options(const json_t *, struct guard_case *);
static int	 is_proxy_mounts(const json_t *, struct guard_case *);
static int	 is_volume(const json_t *, struct guard_case *);
static int	 is_source(const json_t *, struct guard_case *);
static int	 is_libpod_mounts(const json_t *, struct guard_case *);
static int	 is_libpod_mount(const json_t *, struct guard_case *);
static int	 is_libpod_tmpfs(const json_t *, struct guard_case *);
static int	 is_libpod_volumes(const json_t *, struct guard_case *);
static int	 is_libpod_networks(const json_t *, struct guard_case *);
static int	 is_libpod_profile(const json_t *, struct guard_case *);
static int	 is_resources(const json_t *, struct guard_case *);
static int	 is_limit(const json_t *, struct guard_case *);
static int	 is_swap(const json_t *, struct guard_case *);
static int	 is_cpu(const json_t *, struct guard_case *);
static int	 is_rlimits(const json_t *, struct guard_case *);
static int	 is_detached(const json_t *, struct guard_case *);
static int	 each(const json_t *, struct guard_case *,
		    int (*)(const json_t *, struct guard_case *));

/* clang-format off */

/* an agent's container */
static const struct field agent_host[] = {
	{ "NetworkMode", NULL, is_network, 0 },
	{ "CapDrop", "[\"ALL\"]", NULL, 0 },
	{ "SecurityOpt", NULL, is_security, 0 },
	{ "Privileged", "false", NULL, 0 },
	{ "ReadonlyRootfs", "true", NULL, 0 },
	{ "IpcMode", "\"private\"", NULL, 0 },
	{ "CgroupnsMode", "\"private\"", NULL, 0 },
	{ "PidMode", "\"\"", NULL, 0 },
	{ "Init", "true", NULL, 0 },
	{ "Memory", NULL, is_size, 0 },
	{ "MemorySwap", NULL, is_size, 0 },
	{ "PidsLimit", NULL, is_size, 0 },
	{ "NanoCpus", NULL, is_size, 0 },
	{ "ShmSize", NULL, is_size, 0 },
	{ "Sysctls", NULL, is_sysctls, 0 },
	{ "Dns", "[\"127.0.0.1\"]", NULL, 0 },
	{ "DnsSearch", "[\".\"]", NULL, 0 },
	{ "Ulimits", NULL, is_ulimits, 0 },
	{ "LogConfig", "{\"Type\":\"json-file\",\"Config\":"
	    "{\"max-size\":\"8m\",\"max-file\":\"2\"}}", NULL, 0 },
	{ "Tmpfs", NULL, is_tmpfs, 0 },
	{ "Mounts", NULL, is_mounts, 0 },
	{ "Runtime", NULL, is_runtime, 1 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field agent[] = {
	{ "Image", NULL, is_image, 0 },
	{ "User", NULL, is_user, 0 },
	{ "Hostname", NULL, is_name, 0 },
	{ "WorkingDir", "\"" AGENT_WORKSPACE "\"", NULL, 0 },
	{ "Entrypoint", "[\"" AGENT_RUN "/inside\"]", NULL, 0 },
	{ "Cmd", NULL, is_strings, 0 },
	{ "Env", NULL, is_strings, 0 },
	{ "Labels", NULL, is_labelled, 0 },
	{ "AttachStdin", "true", NULL, 0 },
	{ "AttachStdout", "true", NULL, 0 },
	{ "AttachStderr", "true", NULL, 0 },
	{ "OpenStdin", "true", NULL, 0 },
	{ "StdinOnce", NULL, is_bool, 0 },
	{ "Tty", NULL, is_bool, 0 },
	{ "StopSignal", "\"SIGTERM\"", NULL, 0 },
	{ "Healthcheck", "{\"Test\":[\"NONE\"]}", NULL, 0 },
	{ "HostConfig", NULL, is_host, 0 },
	{ NULL, NULL, NULL, 0 }
};

/* a sidecar's, which has a network, and nothing of the host's */
static const struct field proxy_host[] = {
	{ "NetworkMode", "\"" NETWORK_NAME "\"", NULL, 0 },
	{ "CapDrop", "[\"ALL\"]", NULL, 0 },
	{ "SecurityOpt", NULL, is_proxy_security, 0 },
	{ "Privileged", "false", NULL, 0 },
	{ "ReadonlyRootfs", "true", NULL, 0 },
	{ "IpcMode", "\"private\"", NULL, 0 },
	{ "CgroupnsMode", "\"private\"", NULL, 0 },
	{ "PidMode", "\"\"", NULL, 0 },
	{ "Memory", NULL, is_size, 0 },
	{ "MemorySwap", NULL, is_size, 0 },
	{ "PidsLimit", NULL, is_size, 0 },
	{ "Ulimits", NULL, is_ulimits, 0 },
	{ "LogConfig", "{\"Type\":\"json-file\",\"Config\":"
	    "{\"max-size\":\"8m\",\"max-file\":\"2\"}}", NULL, 0 },
	{ "Mounts", NULL, is_proxy_mounts, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field proxy[] = {
	{ "Image", NULL, is_image, 0 },
	{ "User", "\"" PROXY_USER "\"", NULL, 0 },
	{ "Hostname", NULL, is_name, 0 },
	{ "Cmd", "[\"/proxyd\",\"-d\",\"-f\",\"-\"]", NULL, 0 },
	{ "Labels", NULL, is_labelled, 0 },
	{ "AttachStdin", "true", NULL, 0 },
	{ "AttachStdout", "true", NULL, 0 },
	{ "AttachStderr", "true", NULL, 0 },
	{ "OpenStdin", "true", NULL, 0 },
	{ "StdinOnce", "false", NULL, 0 },
	{ "Tty", "false", NULL, 0 },
	{ "Healthcheck", "{\"Test\":[\"NONE\"]}", NULL, 0 },
	{ "HostConfig", NULL, is_host, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field bind_mount[] = {
	{ "Type", "\"bind\"", NULL, 0 },
	{ "Source", NULL, is_string, 0 },
	{ "Target", NULL, is_string, 0 },
	{ "ReadOnly", NULL, is_bool, 0 },
	{ "BindOptions", NULL, is_bind_options, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field bind_options[] = {
	{ "Propagation", "\"rprivate\"", NULL, 0 },
	{ "NonRecursive", "true", NULL, 1 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field volume_copy[] = {
	{ "NoCopy", NULL, is_bool, 0 },
	{ NULL, NULL, NULL, 0 }
};

static int
is_volume_options(const json_t *json, struct guard_case *c)
{
	return (fields(json, volume_copy, c));
}

static const struct field volume_mount[] = {
	{ "Type", "\"volume\"", NULL, 0 },
	{ "Source", NULL, is_source, 0 },
	{ "Target", "\"" AGENT_RUN "\"", NULL, 0 },
	{ "ReadOnly", NULL, is_bool, 0 },
	{ "VolumeOptions", NULL, is_volume_options, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field ulimit[] = {
	{ "Name", NULL, is_string, 0 },
	{ "Soft", NULL, is_size, 0 },
	{ "Hard", NULL, is_size, 0 },
	{ NULL, NULL, NULL, 0 }
};

/* the same in podman's words */
static const struct field libpod_agent[] = {
	{ "name", NULL, is_ours, 0 },
	{ "image", NULL, is_image, 0 },
	{ "image_volume_mode", "\"ignore\"", NULL, 0 },
	{ "umask", "\"0022\"", NULL, 0 },
	{ "user", NULL, is_user, 0 },
	{ "hostname", NULL, is_name, 0 },
	{ "work_dir", "\"" AGENT_WORKSPACE "\"", NULL, 0 },
	{ "entrypoint", "[\"" AGENT_RUN "/inside\"]", NULL, 0 },
	{ "command", NULL, is_strings, 0 },
	{ "labels", NULL, is_labelled, 0 },
	{ "stdin", "true", NULL, 0 },
	{ "terminal", NULL, is_bool, 0 },
	{ "healthconfig", "{\"Test\":[\"NONE\"]}", NULL, 0 },
	{ "cap_drop", "[\"ALL\"]", NULL, 0 },
	{ "read_only_filesystem", "true", NULL, 0 },
	{ "init", "true", NULL, 0 },
	{ "shm_size", NULL, is_size, 0 },
	{ "sysctl", NULL, is_sysctls, 0 },
	{ "dns_server", "[\"127.0.0.1\"]", NULL, 0 },
	{ "dns_search", "[\".\"]", NULL, 0 },
	{ "env", NULL, is_map, 0 },
	{ "r_limits", NULL, is_rlimits, 0 },
	{ "resource_limits", NULL, is_resources, 0 },
	{ "log_configuration", "{\"driver\":\"json-file\",\"size\":8388608}",
	    NULL, 0 },
	{ "pidns", "{\"nsmode\":\"private\"}", NULL, 0 },
	{ "ipcns", "{\"nsmode\":\"private\"}", NULL, 0 },
	{ "utsns", "{\"nsmode\":\"private\"}", NULL, 0 },
	{ "userns", "{\"nsmode\":\"keep-id\"}", NULL, 1 },
	{ "cgroupns", "{\"nsmode\":\"private\"}", NULL, 0 },
	{ "netns", "{\"nsmode\":\"none\"}", NULL, 0 },
	{ "no_new_privileges", "true", NULL, 0 },
	{ "seccomp_profile_path", NULL, is_libpod_profile, 0 },
	{ "mounts", NULL, is_libpod_mounts, 0 },
	{ "volumes", NULL, is_libpod_volumes, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field libpod_proxy[] = {
	{ "name", NULL, is_ours, 0 },
	{ "image", NULL, is_image, 0 },
	{ "image_volume_mode", "\"ignore\"", NULL, 0 },
	{ "umask", "\"0022\"", NULL, 0 },
	{ "user", "\"" PROXY_USER "\"", NULL, 0 },
	{ "hostname", NULL, is_name, 0 },
	{ "command", "[\"/proxyd\",\"-d\",\"-f\",\"-\"]", NULL, 0 },
	{ "labels", NULL, is_labelled, 0 },
	{ "stdin", "true", NULL, 0 },
	{ "terminal", "false", NULL, 0 },
	{ "healthconfig", "{\"Test\":[\"NONE\"]}", NULL, 0 },
	{ "cap_drop", "[\"ALL\"]", NULL, 0 },
	{ "read_only_filesystem", "true", NULL, 0 },
	{ "env", "{}", NULL, 0 },
	{ "r_limits", NULL, is_rlimits, 0 },
	{ "resource_limits", NULL, is_resources, 0 },
	{ "log_configuration", "{\"driver\":\"json-file\",\"size\":8388608}",
	    NULL, 0 },
	{ "pidns", "{\"nsmode\":\"private\"}", NULL, 0 },
	{ "ipcns", "{\"nsmode\":\"private\"}", NULL, 0 },
	{ "utsns", "{\"nsmode\":\"private\"}", NULL, 0 },
	{ "cgroupns", "{\"nsmode\":\"private\"}", NULL, 0 },
	{ "netns", "{\"nsmode\":\"bridge\"}", NULL, 0 },
	{ "networks", NULL, is_libpod_networks, 0 },
	{ "no_new_privileges", "true", NULL, 0 },
	{ "mounts", "[]", NULL, 0 },
	{ "volumes", NULL, is_libpod_volumes, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field libpod_bind[] = {
	{ "type", "\"bind\"", NULL, 0 },
	{ "source", NULL, is_string, 0 },
	{ "destination", NULL, is_string, 0 },
	{ "options", NULL, is_strings, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field libpod_tmpfs[] = {
	{ "type", "\"tmpfs\"", NULL, 0 },
	{ "source", "\"tmpfs\"", NULL, 0 },
	{ "destination", NULL, is_string, 0 },
	{ "options", NULL, is_strings, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field libpod_volume[] = {
	{ "Name", NULL, is_source, 0 },
	{ "Dest", "\"" AGENT_RUN "\"", NULL, 0 },
	{ "Options", NULL, is_strings, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field rlimit[] = {
	{ "type", NULL, is_string, 0 },
	{ "soft", NULL, is_size, 0 },
	{ "hard", NULL, is_size, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field resources[] = {
	{ "memory", NULL, is_swap, 0 },
	{ "pids", NULL, is_limit, 0 },
	{ "cpu", NULL, is_cpu, 1 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field limit[] = {
	{ "limit", NULL, is_size, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field swap[] = {
	{ "limit", NULL, is_size, 0 },
	{ "swap", NULL, is_size, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field cpu[] = {
	{ "period", NULL, is_size, 0 },
	{ "quota", NULL, is_size, 0 },
	{ NULL, NULL, NULL, 0 }
};

/* a command in a container, as whom that runs */
static const struct field exec[] = {
	{ "AttachStdin", NULL, is_bool, 1 },
	{ "AttachStdout", NULL, is_bool, 1 },
	{ "AttachStderr", NULL, is_bool, 1 },
	{ "Tty", NULL, is_bool, 1 },
	{ "DetachKeys", NULL, is_string, 1 },
	{ "WorkingDir", "\"" AGENT_WORKSPACE "\"", NULL, 1 },
	{ "Env", NULL, is_strings, 1 },
	{ "Cmd", NULL, is_strings, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field exec_start[] = {
	{ "Detach", NULL, is_detached, 0 },
	{ "Tty", NULL, is_bool, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field volume[] = {
	{ "Name", NULL, is_ours, 0 },
	{ "Driver", "\"local\"", NULL, 0 },
	{ "Labels", NULL, is_labelled, 0 },
	{ NULL, NULL, NULL, 0 }
};

static const struct field libpod_network[] = {
	{ "name", NULL, is_ours, 0 },
	{ "driver", "\"bridge\"", NULL, 0 },
	{ "internal", "false", NULL, 0 },
	{ "dns_enabled", "false", NULL, 0 },
	{ "ipv6_enabled", "false", NULL, 0 },
	{ "options", "{\"isolate\":\"true\"}", NULL, 0 },
	{ "labels", NULL, is_labelled, 0 },
	{ NULL, NULL, NULL, 0 }
};

/* clang-format on */

/*
 * What is asked for.
 */

int
guard_container(const json_t *json, struct guard_case *c)
{
	c->user = json_string_value(json_object_get(json, "User"));
	return (is_container(json, c, agent, proxy));
}

int
guard_libpod(const json_t *json, struct guard_case *c)
{
	c->user = json_string_value(json_object_get(json, "user"));
	return (is_container(json, c, libpod_agent, libpod_proxy));
}

/* Which of the two it is is told by whose it is. */
static int
is_container(const json_t *json, struct guard_case *c,
    const struct field *agents, const struct field *proxies)
{
	if (c->user == NULL)
		return (is_not(c, "no user"));
	if (strcmp(c->user, PROXY_USER) == 0)
		return (fields(json, proxies, c));
	if (!fields(json, agents, c))
		return (0);
	return (c->workspaces == 1 ? 1 : is_not(c, "not one workspace"));
}

int
guard_exec(const json_t *json, struct guard_case *c)
{
	return (fields(json, exec, c));
}

int
guard_exec_start(const json_t *json, struct guard_case *c)
{
	return (fields(json, exec_start, c));
}

int
guard_volume(const json_t *json, struct guard_case *c)
{
	return (fields(json, volume, c));
}

/* The way out of sidecars, or what the configuration names. */
int
guard_network(const json_t *json, struct guard_case *c)
{
	json_t *ours;
	int good;

	if (json_equal(json, ours = spec_network())) {
		json_decref(ours);
		return (1);
	}
	json_decref(ours);
	if (c->terms->bounds.network[0] == '\0')
		return (is_not(c, "a network"));
	ours = spec_services(c->terms->bounds.network);
	good = json_equal(json, ours);
	json_decref(ours);
	return (good ? 1 : is_not(c, "another network"));
}

int
guard_libpod_network(const json_t *json, struct guard_case *c)
{
	return (fields(json, libpod_network, c));
}

/*
 * Tables.
 */

/* Each that there is is known and good, and none is missing. */
static int
fields(const json_t *json, const struct field *table, struct guard_case *c)
{
	const struct field *f;
	const json_t *value;
	const char *key;
	char missing[64];

	if (!json_is_object(json))
		return (is_not(c, "no object"));
	json_object_foreach((json_t *)(uintptr_t)json, key, value)
		if (!is_known(key, value, table, c))
			return (is_not(c, key));
	for (f = table; f->key != NULL; f++) {
		if (f->optional || json_object_get(json, f->key) != NULL)
			continue;
		(void)snprintf(missing, sizeof(missing), "no %s", f->key);
		return (is_not(c, missing));
	}
	return (1);
}

/* The first that is said is the innermost. */
static int
is_not(struct guard_case *c, const char *what)
{
	if (c->why[0] == '\0')
		spec_text(c->why, sizeof(c->why), what, strlen(what));
	return (0);
}

static int
is_known(const char *key, const json_t *value, const struct field *f,
    struct guard_case *c)
{
	json_t *want;
	int good;

	while (f->key != NULL && strcmp(f->key, key) != 0)
		f++;
	if (f->key == NULL)
		return (0);
	if (f->check != NULL)
		return (f->check(value, c));
	want = json_loads(f->want, JSON_DECODE_ANY, NULL);
	good = want != NULL && json_equal(value, want);
	json_decref(want);
	return (good);
}

static int
each(const json_t *json, struct guard_case *c,
    int (*check)(const json_t *, struct guard_case *))
{
	size_t i;

	if (!json_is_array(json))
		return (0);
	for (i = 0; i < json_array_size(json); i++)
		if (!check(json_array_get(json, i), c))
			return (0);
	return (1);
}

/*
 * Values.
 */

static int
is_text(const json_t *json, const char *text)
{
	return (json_is_string(json) &&
	    strcmp(json_string_value(json), text) == 0);
}

static int
is_bool(const json_t *json, struct guard_case *c)
{
	(void)c;
	return (json_is_boolean(json));
}

static int
is_size(const json_t *json, struct guard_case *c)
{
	(void)c;
	return (json_is_integer(json) && json_integer_value(json) >= 0);
}

static int
is_string(const json_t *json, struct guard_case *c)
{
	(void)c;
	return (json_is_string(json));
}

static int
is_strings(const json_t *json, struct guard_case *c)
{
	return (each(json, c, is_string));
}

static int
is_map(const json_t *json, struct guard_case *c)
{
	const json_t *value;
	const char *key;

	(void)c;
	if (!json_is_object(json))
		return (0);
	json_object_foreach((json_t *)(uintptr_t)json, key, value)
		if (!json_is_string(value))
			return (0);
	return (1);
}

static int
is_image(const json_t *json, struct guard_case *c)
{
	(void)c;
	return (json_is_string(json) &&
	    spec_image_valid(json_string_value(json)));
}

static int
is_name(const json_t *json, struct guard_case *c)
{
	(void)c;
	return (json_is_string(json) &&
	    spec_name_valid(json_string_value(json)));
}

static int
is_ours(const json_t *json, struct guard_case *c)
{
	(void)c;
	return (json_is_string(json) &&
	    spec_volume_valid(json_string_value(json)));
}

/* With labels of ours alone, this daemon's among them. */
static int
is_labelled(const json_t *json, struct guard_case *c)
{
	const json_t *value;
	const char *key;

	if (!is_map(json, c))
		return (0);
	json_object_foreach((json_t *)(uintptr_t)json, key, value)
		if (strncmp(key, "claudesec.", 10) != 0)
			return (0);
	return (is_text(json_object_get(json, LABEL_DAEMON),
	    c->terms->daemon));
}

/* Whom it is for is held against what is mounted. */
static int
is_user(const json_t *json, struct guard_case *c)
{
	return (is_text(json, c->user));
}

static int
is_host(const json_t *json, struct guard_case *c)
{
	if (strcmp(c->user, PROXY_USER) == 0)
		return (fields(json, proxy_host, c));
	if (!fields(json, agent_host, c))
		return (0);
	/* one that keeps the agent in better is not left out */
	return (c->terms->bounds.runtime[0] == '\0' || json_object_get(json,
	    "Runtime") != NULL ? 1 : is_not(c, "no Runtime"));
}

static int
is_network(const json_t *json, struct guard_case *c)
{
	return (is_text(json, "none") || (c->terms->bounds.network[0] !=
	    '\0' && is_text(json, c->terms->bounds.network)));
}

/* The profile is the very one that the parent opened. */
static int
is_security(const json_t *json, struct guard_case *c)
{
	const char *s;
	json_t *profile;
	int good;

	s = json_string_value(json_array_get(json, 1));
	if (s == NULL || strncmp(s, "seccomp=", 8) != 0 ||
	    !is_privileges(json, 2))
		return (0);
	profile = spec_parse(s + 8, strlen(s + 8));
	good = profile != NULL && json_equal(profile, c->terms->seccomp);
	json_decref(profile);
	return (good);
}

static int
is_proxy_security(const json_t *json, struct guard_case *c)
{
	(void)c;
	return (is_privileges(json, 1));
}

/* No new ones, and after so many the engine's own profile of AppArmor's. */
static int
is_privileges(const json_t *json, size_t n)
{
	return (is_text(json_array_get(json, 0), "no-new-privileges") &&
	    (json_array_size(json) == n || (json_array_size(json) == n + 1 &&
	    is_text(json_array_get(json, n), "apparmor=" APPARMOR_PROFILE))));
}

static int
is_sysctls(const json_t *json, struct guard_case *c)
{
	static const char ports[] = "net.ipv4.ip_unprivileged_port_start";
	static const char ipv6[] = "net.ipv6.conf.all.disable_ipv6";
	size_t n;

	(void)c;
	n = json_object_size(json);
	return (is_text(json_object_get(json, ports), "0") && (n == 1 ||
	    (n == 2 && is_text(json_object_get(json, ipv6), "1"))));
}

static int
is_runtime(const json_t *json, struct guard_case *c)
{
	return (is_text(json, c->terms->bounds.runtime));
}

static int
is_ulimit(const json_t *json, struct guard_case *c)
{
	return (fields(json, ulimit, c));
}

static int
is_ulimits(const json_t *json, struct guard_case *c)
{
	return (json_array_size(json) <= ULIMITS_MAX &&
	    each(json, c, is_ulimit));
}

static int
is_tmpfs_place(const char *path)
{
	return (strcmp(path, AGENT_HOME) == 0 ||
	    strcmp(path, AGENT_CONFIG) == 0 || strcmp(path, "/run") == 0 ||
	    strcmp(path, "/tmp") == 0 || strcmp(path, "/var/tmp") == 0);
}

/* A word of one: what it is, nothing of another. */
static int
is_tmpfs_options(const char *s)
{
	return (strspn(s, "abcdefghijklmnopqrstuvwxyzU0123456789=,") ==
	    strlen(s));
}

static int
is_tmpfs(const json_t *json, struct guard_case *c)
{
	const json_t *value;
	const char *key;

	if (!is_map(json, c))
		return (0);
	json_object_foreach((json_t *)(uintptr_t)json, key, value)
		if (!is_tmpfs_place(key) ||
		    !is_tmpfs_options(json_string_value(value)))
			return (0);
	return (1);
}

/*
 * Mounts.
 */

static int
is_mounts(const json_t *json, struct guard_case *c)
{
	return (each(json, c, is_mount));
}

static int
is_mount(const json_t *json, struct guard_case *c)
{
	const char *source, *target;

	if (is_text(json_object_get(json, "Type"), "volume"))
		return (is_volume(json, c));
	if (!fields(json, bind_mount, c))
		return (0);
	source = json_string_value(json_object_get(json, "Source"));
	target = json_string_value(json_object_get(json, "Target"));
	if (guard_bind(source, target, json_is_true(json_object_get(json,
	    "ReadOnly")), json_is_true(json_object_get(json_object_get(json,
	    "BindOptions"), "NonRecursive")), c))
		return (1);
	return (is_not(c, source));
}

static int
is_bind_options(const json_t *json, struct guard_case *c)
{
	return (fields(json, bind_options, c));
}

static int
is_volume(const json_t *json, struct guard_case *c)
{
	return (fields(json, volume_mount, c));
}

static int
is_proxy_mounts(const json_t *json, struct guard_case *c)
{
	return (json_array_size(json) == 1 && each(json, c, is_volume));
}

/* What is mounted is made for a session, and named so. */
static int
is_source(const json_t *json, struct guard_case *c)
{
	const char *end;

	if (!is_ours(json, c))
		return (0);
	end = strrchr(json_string_value(json) + sizeof("claude-") - 1, '-');
	return (end != NULL && strcmp(end, "-run") == 0);
}

/*
 * Podman's.
 */

static int
is_libpod_mounts(const json_t *json, struct guard_case *c)
{
	return (each(json, c, is_libpod_mount));
}

static int
is_libpod_mount(const json_t *json, struct guard_case *c)
{
	const char *source, *target;
	const json_t *options;
	int readonly;

	if (is_text(json_object_get(json, "type"), "tmpfs"))
		return (is_libpod_tmpfs(json, c));
	options = json_object_get(json, "options");
	if (!fields(json, libpod_bind, c) || json_array_size(options) != 3 ||
	    (!is_text(json_array_get(options, 0), "ro") &&
	    !is_text(json_array_get(options, 0), "rw")) ||
	    (!is_text(json_array_get(options, 1), "rbind") &&
	    !is_text(json_array_get(options, 1), "bind")) ||
	    !is_text(json_array_get(options, 2), "rprivate"))
		return (0);
	source = json_string_value(json_object_get(json, "source"));
	target = json_string_value(json_object_get(json, "destination"));
	readonly = is_text(json_array_get(options, 0), "ro");
	if (guard_names(source, target, readonly) || guard_bind(source,
	    target, readonly, is_text(json_array_get(options, 1), "bind"), c))
		return (1);
	return (is_not(c, source));
}

static int
is_libpod_tmpfs(const json_t *json, struct guard_case *c)
{
	const json_t *options;
	size_t i;

	options = json_object_get(json, "options");
	if (!fields(json, libpod_tmpfs, c) || !is_tmpfs_place(
	    json_string_value(json_object_get(json, "destination"))))
		return (0);
	for (i = 0; i < json_array_size(options); i++)
		if (!is_tmpfs_options(json_string_value(json_array_get(options,
		    i))))
			return (0);
	return (1);
}

static int
is_libpod_volume(const json_t *json, struct guard_case *c)
{
	const json_t *options;
	size_t i;

	options = json_object_get(json, "Options");
	if (!fields(json, libpod_volume, c))
		return (0);
	for (i = 0; i < json_array_size(options); i++)
		if (!is_text(json_array_get(options, i), i > 0 ? "copy" :
		    "rw") && !is_text(json_array_get(options, i), i > 0 ?
		    "nocopy" : "ro"))
			return (0);
	return (i == 2);
}

static int
is_libpod_volumes(const json_t *json, struct guard_case *c)
{
	return (json_array_size(json) == 1 && each(json, c,
	    is_libpod_volume));
}

/* Its own network, with nothing said of it. */
static int
is_libpod_networks(const json_t *json, struct guard_case *c)
{
	const json_t *value;
	const char *key;

	(void)c;
	if (json_object_size(json) != 1)
		return (0);
	json_object_foreach((json_t *)(uintptr_t)json, key, value)
		if (!spec_volume_valid(key) || !json_is_object(value) ||
		    json_object_size(value) != 0)
			return (0);
	return (1);
}

static int
is_libpod_profile(const json_t *json, struct guard_case *c)
{
	(void)c;
	return (is_text(json, DATADIR "/seccomp.json"));
}

static int
is_resources(const json_t *json, struct guard_case *c)
{
	return (fields(json, resources, c));
}

static int
is_limit(const json_t *json, struct guard_case *c)
{
	return (fields(json, limit, c));
}

static int
is_swap(const json_t *json, struct guard_case *c)
{
	return (fields(json, swap, c));
}

static int
is_cpu(const json_t *json, struct guard_case *c)
{
	return (fields(json, cpu, c));
}

static int
is_rlimit(const json_t *json, struct guard_case *c)
{
	return (fields(json, rlimit, c));
}

static int
is_rlimits(const json_t *json, struct guard_case *c)
{
	return (json_array_size(json) <= ULIMITS_MAX &&
	    each(json, c, is_rlimit));
}

/* A stream is asked for, or it goes on alone. */
static int
is_detached(const json_t *json, struct guard_case *c)
{
	return (json_is_boolean(json) &&
	    json_is_true(json) == !c->upgrade);
}
