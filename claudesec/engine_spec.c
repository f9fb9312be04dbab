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
 * Container and network specs, and what else the engine is told and tells, as
 * JSON.  Pure: nothing here logs, exits, or knows a global.  What makes JSON
 * or text gives NULL on lack of memory and for what is not UTF-8.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "inside.h"

#define MEGA		(1024 * 1024LL)

/* what the configuration does not say */
#define AGENT_FILESIZE	(8192 * MEGA)
#define AGENT_FILES	16384
#define AGENT_RUN_SIZE	(16 * MEGA)
#define AGENT_SHM_SIZE	(64 * MEGA)
#define PROXY_MEMORY	(128 * MEGA)
#define PROXY_PIDS	16
#define PROXY_FILES	16384
#define PODMAN_NPROC	32768
#define LOG_FILES	"2"
#define LOG_SIZE	"8m"	/* LOG_BYTES */

/* where it has to be ASCII: the first is held until the next is there */
#define EXEC_DETACH_KEYS	"ctrl-^,ctrl-],ctrl-^,ctrl-]"

#define KEY_SHOWN	20		/* of a key's end, in .claude.json */

static json_t	*spec_sysctls(const struct spec *);
static json_t	*spec_agent_host(const struct spec *, const struct config *,
		    const char *);
static json_t	*spec_bind_in(const struct spec *, size_t);
static json_t	*spec_agent_env(const struct spec *, const struct config *,
		    const char *);
static json_t	*spec_agent_tmpfs(const struct spec *,
		    const struct config *);
static json_t	*spec_agent_mounts(const struct spec *);
static int	 spec_names(json_t *);
static json_t	*spec_bind(const char *, const char *, int);
static json_t	*spec_command(const struct spec *, int);
static json_t	*spec_run_volume(const struct spec *, int);
static json_t	*spec_ulimits(const struct spec *, int, json_int_t);
static json_t	*spec_log(void);
static int	 append_string(json_t *, const char *);
static int	 append_gateway(json_t *, const char *);
static int	 append_format(json_t *, const char *, ...)
		    __attribute__((__format__(__printf__, 2, 3)));

/*
 * Strings.
 */

int
strings_add(struct strings *s, const void *data, size_t len)
{
	char **v, *p;

	if ((v = reallocarray(s->v, s->n + 1, sizeof(*v))) == NULL)
		return (-1);
	s->v = v;
	if ((p = malloc(len + 1)) == NULL)
		return (-1);
	memcpy(p, data, len);
	p[len] = '\0';
	s->v[s->n++] = p;
	s->size += len + 1;
	return (0);
}

/* Makes the last one longer. */
int
strings_append(struct strings *s, const void *data, size_t len)
{
	size_t old;
	char *p;

	old = strlen(s->v[s->n - 1]);
	if ((p = realloc(s->v[s->n - 1], old + len + 1)) == NULL)
		return (-1);
	memcpy(p + old, data, len);
	p[old + len] = '\0';
	s->v[s->n - 1] = p;
	s->size += len;
	return (0);
}

void
strings_free(struct strings *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	memset(s, 0, sizeof(*s));
}

/* Percent encoding for a query. */
char *
spec_escape(const char *s)
{
	char *buf, *p;

	if ((buf = malloc(strlen(s) * 3 + 1)) == NULL)
		return (NULL);
	for (p = buf; *s != '\0'; s++) {
		if (isalnum((unsigned char)*s) || strchr("-._~", *s) != NULL)
			*p++ = *s;
		else
			p += snprintf(p, 4, "%%%02X", (unsigned char)*s);
	}
	*p = '\0';
	return (buf);
}

/* The filter for what bears a label, encoded. */
char *
spec_filter(const char *label, const char *value)
{
	char *escaped, *text;
	json_t *filter;

	filter = json_pack("{s:[s++]}", "label", label, "=", value);
	text = filter == NULL ? NULL : json_dumps(filter, JSON_COMPACT);
	json_decref(filter);
	escaped = text == NULL ? NULL : spec_escape(text);
	free(text);
	return (escaped);
}

/*
 * JSON that goes out.
 */

json_t *
spec_labels(const struct spec *s, const char *role)
{
	char groups[IDENTITY_GROUPS * 11 + 1], uid[16];
	json_t *labels;
	size_t i, len;

	(void)snprintf(uid, sizeof(uid), "%u", s->owner);
	groups[0] = '\0';
	for (i = len = 0; i < s->identity.ngroups; i++)
		len += (size_t)snprintf(groups + len, sizeof(groups) - len,
		    "%s%u", i == 0 ? "" : " ", s->identity.groups[i]);
	labels = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
	    LABEL_SESSION, s->session, LABEL_DAEMON, s->daemon,
	    LABEL_ROLE, role, LABEL_NAME, s->name, LABEL_UID, uid,
	    LABEL_GROUPS, groups, LABEL_VOLUME, s->volume,
	    LABEL_PATH, s->path, LABEL_IMAGE, s->image,
	    LABEL_VERSION, CLAUDESEC_VERSION);
	/* for the next daemon; the agent has it anyway, and alone */
	if (labels != NULL && ((s->token[0] != '\0' &&
	    strcmp(role, "agent") == 0 &&
	    json_object_set_new(labels, LABEL_TOKEN,
	    json_string(s->token)) == -1) || (s->tty &&
	    json_object_set_new(labels, LABEL_TTY,
	    json_string(s->shell ? "shell" : "claude")) == -1) ||
	    (s->login[0] != '\0' &&
	    json_object_set_new(labels, LABEL_LOGIN,
	    json_string(s->login)) == -1) || (s->review[0] != '\0' &&
	    json_object_set_new(labels, LABEL_REVIEW,
	    json_string(s->review)) == -1))) {
		json_decref(labels);
		return (NULL);
	}
	return (labels);
}

/*
 * Podman as root raises those that are not given to what it may not
 * everywhere.  The bound of processes is another, which this one must not
 * touch: it counts all of the host that have the uid.
 */
static json_t *
spec_ulimits(const struct spec *s, int files, json_int_t filesize)
{
	json_t *limits;
	int error;

	limits = json_pack("[{s:s, s:i, s:i}, {s:s, s:i, s:i}]",
	    "Name", "core", "Soft", 0, "Hard", 0,
	    "Name", "nofile", "Soft", files, "Hard", files);
	error = 0;
	if (filesize != 0)
		error |= json_array_append_new(limits,
		    json_pack("{s:s, s:I, s:I}", "Name", "fsize",
		    "Soft", filesize, "Hard", filesize));
	if (s->podman && !s->rootless)
		error |= json_array_append_new(limits,
		    json_pack("{s:s, s:i, s:i}", "Name", "nproc",
		    "Soft", PODMAN_NPROC, "Hard", PODMAN_NPROC));
	if (error) {
		json_decref(limits);
		return (NULL);
	}
	return (limits);
}

/* The log of a container, bounded. */
static json_t *
spec_log(void)
{
	return (json_pack("{s:s, s:{s:s, s:s}}", "Type", "json-file",
	    "Config", "max-size", LOG_SIZE, "max-file", LOG_FILES));
}

/*
 * The session's volume.  The engine fills it from the sidecar's image, and
 * never from the agent's.
 */
static json_t *
spec_run_volume(const struct spec *s, int agent)
{
	return (json_pack("{s:s, s:s, s:s, s:b, s:{s:b}}",
	    "Type", "volume",
	    "Source", s->volume,
	    "Target", AGENT_RUN,
	    "ReadOnly", agent,
	    "VolumeOptions", "NoCopy", agent));
}

json_t *
spec_volume(const struct spec *s)
{
	return (json_pack("{s:s, s:s, s:o}",
	    "Name", s->volume,
	    "Driver", "local",
	    "Labels", spec_labels(s, "volume")));
}

/*
 * The way out of all sidecars.  They do not reach each other on it.
 */
json_t *
spec_network(void)
{
	return (json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:{s:s}, s:{s:s}}",
	    "Name", NETWORK_NAME,
	    "Driver", "bridge",
	    "CheckDuplicate", 1,
	    "Internal", 0,
	    "Attachable", 0,
	    "EnableIPv6", 0,
	    "Options", "com.docker.network.bridge.enable_icc", "false",
	    "Labels", LABEL_ROLE, "network"));
}

/*
 * What a configuration's agents and services share, where nobody made it: with
 * no address of this machine's on it.
 */
json_t *
spec_services(const char *name)
{
	return (json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:{s:s}, s:{s:s}}",
	    "Name", name,
	    "Driver", "bridge",
	    "CheckDuplicate", 1,
	    "Internal", 1,
	    "Attachable", 1,
	    "EnableIPv6", 0,
	    "Options", "com.docker.network.bridge.inhibit_ipv4", "true",
	    "Labels", LABEL_ROLE, "services"));
}

/* On a network the host answers on IPv6, address or not. */
static json_t *
spec_sysctls(const struct spec *s)
{
	if (s->services[0] == '\0')
		return (json_pack("{s:s}",
		    "net.ipv4.ip_unprivileged_port_start", "0"));
	return (json_pack("{s:s, s:s}",
	    "net.ipv4.ip_unprivileged_port_start", "0",
	    "net.ipv6.conf.all.disable_ipv6", "1"));
}

json_t *
spec_agent(const struct spec *s, const struct config *conf,
    const char *seccomp)
{
	char user[32];
	char *prepared;
	json_t *json;

	if ((prepared = spec_claude_json(s, conf)) == NULL)
		return (NULL);
	(void)snprintf(user, sizeof(user), "%u:%u", s->uid, s->gid);
	json = json_pack("{s:s, s:s, s:s, s:s, s:[s], s:o, s:o, s:o, s:o, "
	    "s:b, s:b, s:b, s:b, s:b, s:b, s:s, s:{s:[s]}}",
	    "Image", s->image_id,
	    "User", user,
	    "Hostname", s->name,
	    "WorkingDir", AGENT_WORKSPACE,
	    "Entrypoint", AGENT_RUN "/inside",
	    "Cmd", spec_command(s, 0),
	    "Env", spec_agent_env(s, conf, prepared),
	    "Labels", spec_labels(s, "agent"),
	    "HostConfig", spec_agent_host(s, conf, seccomp),
	    "AttachStdin", 1,
	    "AttachStdout", 1,
	    "AttachStderr", 1,
	    "OpenStdin", 1,
	    "StdinOnce", !s->tty,
	    "Tty", (int)s->tty,
	    "StopSignal", "SIGTERM",
	    "Healthcheck", "Test", "NONE");
	freezero(prepared, strlen(prepared));
	return (json);
}

/*
 * No network, no capability, nothing of the host's but the workspace, and
 * nothing without a bound.
 */
static json_t *
spec_agent_host(const struct spec *s, const struct config *conf,
    const char *seccomp)
{
	const struct conf_fixed *f;
	json_int_t filesize;
	json_t *host;

	f = &conf->fixed;
	filesize = f->filesize == 0 ? AGENT_FILESIZE : (json_int_t)f->filesize;
	host = json_pack("{s:s, s:[s], s:[s, s+], s:b, s:b, s:s, s:s, s:s, "
	    "s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:[s], s:[s], s:o, s:o, "
	    "s:o, s:o}",
	    "NetworkMode", s->services[0] == '\0' ? "none" : s->services,
	    "CapDrop", "ALL",
	    "SecurityOpt", "no-new-privileges", "seccomp=", seccomp,
	    "Privileged", 0,
	    "ReadonlyRootfs", 1,
	    "IpcMode", "private",
	    "CgroupnsMode", "private",
	    "PidMode", "",
	    "Init", 1,
	    "Memory", (json_int_t)f->memory,
	    "MemorySwap", (json_int_t)f->memory,
	    "PidsLimit", (json_int_t)f->processes,
	    "NanoCpus", (json_int_t)f->millicpus * 1000000,
	    "ShmSize", (json_int_t)AGENT_SHM_SIZE,
	    "Sysctls", spec_sysctls(s),
	    "Dns", "127.0.0.1",
	    "DnsSearch", ".",
	    "Ulimits", spec_ulimits(s, AGENT_FILES, filesize),
	    "LogConfig", spec_log(),
	    "Tmpfs", spec_agent_tmpfs(s, conf),
	    "Mounts", spec_agent_mounts(s));
	if ((f->runtime[0] != '\0' && json_object_set_new(host, "Runtime",
	    json_string(f->runtime)) == -1) || (s->rootless && s->podman &&
	    json_object_set_new(host, "UsernsMode", json_string("keep-id")) ==
	    -1)) {
		json_decref(host);
		return (NULL);
	}
	return (host);
}

/*
 * The workspace, and in it what must stay as it is, mounted on itself: a mount
 * can neither be renamed nor removed.
 */
static json_t *
spec_agent_mounts(const struct spec *s)
{
	json_t *mounts;
	size_t i;
	int error;

	if ((mounts = json_array()) == NULL)
		return (NULL);
	error = json_array_append_new(mounts, spec_bind(s->source,
	    AGENT_WORKSPACE, (int)s->readonly));
	error |= json_array_append_new(mounts, spec_run_volume(s, 1));
	if (s->login[0] != '\0')
		error |= json_array_append_new(mounts, spec_bind(s->login,
		    AGENT_CONFIG, 0));
	for (i = 0; i < s->mounts.n; i++)
		error |= json_array_append_new(mounts, spec_bind_in(s, i));
	error |= spec_share_mounts(s, mounts);
	if (s->podman)
		error |= spec_names(mounts);
	if (error) {
		json_decref(mounts);
		return (NULL);
	}
	return (mounts);
}

/* To proxyd, which podman does not lead to where there is no network. */
static int
spec_names(json_t *mounts)
{
	int error;

	error = json_array_append_new(mounts, spec_bind(DATADIR "/resolv.conf",
	    AGENT_RESOLV, 1));
	error |= json_array_append_new(mounts, spec_bind(DATADIR "/hosts",
	    AGENT_HOSTS, 1));
	return (error);
}

static json_t *
spec_bind(const char *source, const char *target, int readonly)
{
	return (json_pack("{s:s, s:s, s:s, s:b, s:{s:s}}",
	    "Type", "bind",
	    "Source", source,
	    "Target", target,
	    "ReadOnly", readonly,
	    "BindOptions", "Propagation", "rprivate"));
}

/*
 * A line of mounts, see inside.h: the path follows the second blank.  Where
 * the workspace is pinned it is, too, by its number.
 */
static json_t *
spec_bind_in(const struct spec *s, size_t i)
{
	char source[PATH_MAX + PROTECT_MAXLEN];
	char target[sizeof(AGENT_WORKSPACE) + PROTECT_MAXLEN];
	const char *line, *path;

	line = s->mounts.v[i];
	path = line + strcspn(line, " ");
	path += strcspn(path + 1, " ") + 2;
	if (s->pinned != 0)
		(void)snprintf(source, sizeof(source), "%s.%zu", s->source,
		    i + 1);
	else
		(void)snprintf(source, sizeof(source), "%s/%s", s->source,
		    path);
	(void)snprintf(target, sizeof(target), AGENT_WORKSPACE "/%s", path);
	return (spec_bind(source, target, line[0] == 'r' || s->readonly));
}

/*
 * What is not read-only, beside the workspace.  npm, bun and compilers
 * execute what they put into the home and into /tmp, so these two allow it.
 */
static json_t *
spec_agent_tmpfs(const struct spec *s, const struct config *conf)
{
	char home[128], owner[64], run[128], tmp[128], vartmp[128];
	unsigned long long size;
	json_t *tmpfs;

	size = (unsigned long long)conf->fixed.tmp;
	/* podman's word for: the container's user's */
	if (s->podman)
		(void)strlcpy(owner, "mode=0700,U", sizeof(owner));
	else
		(void)snprintf(owner, sizeof(owner), "mode=0700,uid=%u,gid=%u",
		    s->uid, s->gid);
	(void)snprintf(home, sizeof(home), "rw,nosuid,nodev,exec,size=%llu,%s",
	    (unsigned long long)conf->fixed.home, owner);
	(void)snprintf(run, sizeof(run), "rw,nosuid,nodev,noexec,size=%lld,"
	    "mode=0755", AGENT_RUN_SIZE);
	(void)snprintf(tmp, sizeof(tmp), "rw,nosuid,nodev,exec,size=%llu,"
	    "mode=1777", size);
	(void)snprintf(vartmp, sizeof(vartmp), "rw,nosuid,nodev,noexec,"
	    "size=%llu,mode=1777", size);
	tmpfs = json_pack("{s:s, s:s, s:s, s:s}", AGENT_HOME, home, "/run",
	    run, "/tmp", tmp, "/var/tmp", vartmp);
	/* what is made to mount on is root's, and so would this one be */
	if (s->shares.n > 0 && s->login[0] == '\0' && json_object_set_new(
	    tmpfs, AGENT_CONFIG, json_string(home)) == -1) {
		json_decref(tmpfs);
		return (NULL);
	}
	return (tmpfs);
}

static int
append_string(json_t *array, const char *s)
{
	return (json_array_append_new(array, json_string(s)));
}

static int
append_format(json_t *array, const char *fmt, ...)
{
	char buf[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(buf))
		return (-1);
	return (append_string(array, buf));
}

/* A base URL turns off tool search, unless it is asked for. */
static int
append_gateway(json_t *env, const char *token)
{
	int error;

	error = append_string(env, "ANTHROPIC_BASE_URL=" AGENT_GATEWAY);
	error |= append_string(env, "ENABLE_TOOL_SEARCH=true");
	error |= append_format(env, "%s=%s", strncmp(token, TOKEN_KEY,
	    strlen(TOKEN_KEY)) == 0 ? "ANTHROPIC_API_KEY" :
	    "CLAUDE_CODE_OAUTH_TOKEN", token);
	return (error);
}

static json_t *
spec_agent_env(const struct spec *s, const struct config *conf,
    const char *prepared)
{
	static const char *const fixed[] = {
		"HOME=" AGENT_HOME,
		"CLAUDE_CONFIG_DIR=" AGENT_CONFIG,
		"HTTPS_PROXY=" AGENT_PROXY,
		"HTTP_PROXY=" AGENT_PROXY,
		"https_proxy=" AGENT_PROXY,
		"http_proxy=" AGENT_PROXY,
		"NO_PROXY=localhost,127.0.0.1",
		"no_proxy=localhost,127.0.0.1",
		"NODE_USE_ENV_PROXY=1",
		"CLAUDE_CODE_PROXY_RESOLVES_HOSTS=1",
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
		"DISABLE_UPDATES=1"
	};
	struct env_entry *e;
	json_t *env;
	char *text;
	size_t i;
	int error;

	if ((env = json_array()) == NULL)
		return (NULL);
	error = 0;
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		error |= append_string(env, fixed[i]);
	for (i = 0; i < s->env.n; i++)
		error |= append_string(env, s->env.v[i]);
	if (s->login[0] != '\0')
		error |= append_string(env, "BROWSER=" AGENT_RUN "/inside");
	if (s->token[0] != '\0')
		error |= append_gateway(env, s->token);
	else if (conf->fixed.credentials == CREDENTIALS_ENVIRONMENT)
		TAILQ_FOREACH(e, &conf->env, entry)
			error |= append_string(env, e->value);
	if (asprintf(&text, INSIDE_JSON "=%s", prepared) == -1)
		text = NULL;
	/* it has a part of the key */
	error |= text == NULL ? -1 : append_string(env, text);
	freezero(text, text == NULL ? 0 : strlen(text));
	text = spec_lines(INSIDE_MOUNTS "=", &s->mounts);
	error |= text == NULL ? -1 : append_string(env, text);
	free(text);
	if (s->rootless)
		error |= append_format(env, INSIDE_BOUNDS "=" INSIDE_BOUND,
		    (uintmax_t)conf->fixed.memory,
		    (uintmax_t)conf->fixed.processes,
		    (uintmax_t)conf->fixed.millicpus);
	if (s->shares.n > 0) {
		text = spec_lines(INSIDE_SHARES "=", &s->shares);
		error |= text == NULL ? -1 : append_string(env, text);
		free(text);
	}
	if (error) {
		json_decref(env);
		return (NULL);
	}
	return (env);
}

/*
 * The arguments of `inside': for the container's first process, or for one
 * that joins it.
 */
static json_t *
spec_command(const struct spec *s, int join)
{
	json_t *cmd;
	size_t i;
	int error;

	if ((cmd = json_array()) == NULL)
		return (NULL);
	error = 0;
	if (join) {
		error |= append_string(cmd, AGENT_RUN "/inside");
		error |= append_string(cmd, "-x");
	}
	if (s->tty && s->cols > 0 && s->rows > 0) {
		error |= append_format(cmd, "-c%u", s->cols);
		error |= append_format(cmd, "-r%u", s->rows);
	}
	if (!join) {
		error |= append_string(cmd, "-j");
		error |= append_format(cmd, "-w%" PRIx64 ":%" PRIx64, s->dev,
		    s->ino);
		if (s->login[0] != '\0')
			error |= append_format(cmd, "-d%" PRIx64 ":%" PRIx64,
			    s->login_dev, s->login_ino);
	}
	error |= append_string(cmd, "--");
	if (!s->shell)
		error |= append_string(cmd, "claude");
	else if (s->args.n == 0)
		error |= append_string(cmd, "bash");
	for (i = 0; i < s->args.n; i++)
		error |= append_string(cmd, s->args.v[i]);
	if (error) {
		json_decref(cmd);
		return (NULL);
	}
	return (cmd);
}

/*
 * A command beside the agent, and one that signals the first by its mark.
 */
json_t *
spec_exec(const struct spec *s, const char *mark)
{
	json_t *env;
	size_t i;
	int error;

	if ((env = json_array()) == NULL)
		return (NULL);
	error = append_format(env, "%s=%s", INSIDE_MARK, mark);
	for (i = 0; i < s->env.n; i++)
		error |= append_string(env, s->env.v[i]);
	if (error) {
		json_decref(env);
		return (NULL);
	}
	return (json_pack("{s:b, s:b, s:b, s:b, s:s, s:s, s:o, s:o}",
	    "AttachStdin", 1, "AttachStdout", 1, "AttachStderr", 1,
	    "Tty", (int)s->tty,
	    "DetachKeys", EXEC_DETACH_KEYS,
	    "WorkingDir", AGENT_WORKSPACE,
	    "Env", env,
	    "Cmd", spec_command(s, 1)));
}

json_t *
spec_kill(const char *mark, int sig)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%d", sig);
	return (json_pack("{s:[s, s, s, s]}", "Cmd", AGENT_RUN "/inside",
	    "-k", mark, number));
}

/* One connection to a port of the container's loopback. */
json_t *
spec_port(unsigned int port)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", port);
	return (json_pack("{s:b, s:b, s:b, s:b, s:[s, s, s]}",
	    "AttachStdin", 1, "AttachStdout", 1, "AttachStderr", 1,
	    "Tty", 0, "Cmd", AGENT_RUN "/inside", "-p", number));
}

/*
 * proxyd has the network that the agent has not, and nothing else.
 */
json_t *
spec_sidecar(const struct spec *s)
{
	return (json_pack("{s:s, s:s, s:s, s:[s, s, s, s], s:o, s:b, s:b, "
	    "s:b, s:b, s:b, s:b, s:{s:[s]}, s:{s:s, s:[s], s:[s], s:b, s:b, "
	    "s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:[o]}}",
	    "Image", s->proxyd_id,
	    "User", "13:13",
	    "Hostname", "proxy",
	    "Cmd", "/proxyd", "-d", "-f", "-",
	    "Labels", spec_labels(s, "proxy"),
	    "AttachStdin", 1,
	    "AttachStdout", 1,
	    "AttachStderr", 1,
	    "OpenStdin", 1,
	    "StdinOnce", 0,
	    "Tty", 0,
	    "Healthcheck", "Test", "NONE",
	    "HostConfig",
	    "NetworkMode", s->network,
	    "CapDrop", "ALL",
	    "SecurityOpt", "no-new-privileges",
	    "Privileged", 0,
	    "ReadonlyRootfs", 1,
	    "IpcMode", "private",
	    "CgroupnsMode", "private",
	    "PidMode", "",
	    "Memory", (json_int_t)PROXY_MEMORY,
	    "MemorySwap", (json_int_t)PROXY_MEMORY,
	    "PidsLimit", (json_int_t)PROXY_PIDS,
	    "Ulimits", spec_ulimits(s, PROXY_FILES, 0),
	    "LogConfig", spec_log(),
	    "Mounts", spec_run_volume(s, 0)));
}

/*
 * Claude Code's own file, so that it begins with its prompt and not with
 * questions: about its colours, a key that it found, and whether /workspace
 * is trusted, which the user said by coming here.
 */
char *
spec_claude_json(const struct spec *s, const struct config *conf)
{
	static const char name[] = "ANTHROPIC_API_KEY=";
	struct env_entry *e;
	const char *key;
	json_t *approved, *json;
	char *text;
	size_t len;

	if ((approved = json_array()) == NULL)
		return (NULL);
	key = NULL;
	if (strncmp(s->token, TOKEN_KEY, strlen(TOKEN_KEY)) == 0)
		key = s->token;
	else if (conf->fixed.credentials == CREDENTIALS_ENVIRONMENT)
		TAILQ_FOREACH(e, &conf->env, entry)
			if (strncmp(e->value, name, sizeof(name) - 1) == 0)
				key = e->value + sizeof(name) - 1;
	len = key == NULL ? 0 : strlen(key);
	if (key != NULL && append_string(approved, len > KEY_SHOWN ?
	    key + len - KEY_SHOWN : key) == -1) {
		json_decref(approved);
		return (NULL);
	}
	json = json_pack("{s:b, s:s, s:{s:o, s:[]}, s:{s:{s:b, s:b}}}",
	    "hasCompletedOnboarding", 1,
	    "theme", "dark",
	    "customApiKeyResponses",
	    "approved", approved,
	    "rejected",
	    "projects", AGENT_WORKSPACE,
	    "hasTrustDialogAccepted", 1,
	    "hasCompletedProjectOnboarding", 1);
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return (text);
}
