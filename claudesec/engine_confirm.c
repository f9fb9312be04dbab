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
 * What keeps an agent in, as the container engine tells it of a container
 * that it made, and what this engine cannot do.  Nothing that was merely asked
 * for is told.  Pure, as engine_spec.c is.
 */

#include <sys/types.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

#define NANO	1000000000LL

struct line {
	char	 text[FACT_MAXLEN];
	size_t	 len;
};

static int	 is_option(const char *, const char *);
static int	 info_true(const json_t *, const char *);
static const char *text_at(const json_t *, const char *);
static int	 empty_at(const json_t *, const char *);
static void	 add(struct line *, const char *, ...)
		    __attribute__((__format__(__printf__, 2, 3)));
static void	 network(struct line *, const json_t *);
static void	 capabilities(struct line *, const json_t *, int);
static void	 privileges(struct line *, const json_t *);
static void	 seccomp(struct line *, const json_t *, const char *);
static void	 label(struct line *, const json_t *);
static void	 namespaces(struct line *, const json_t *);
static void	 devices(struct line *, const json_t *);
static void	 list(struct line *, const json_t *);
static void	 mounts(struct line *, const json_t *);
static void	 memory(struct line *, const json_t *);
static void	 cpus(struct line *, const json_t *);
static void	 ulimits(struct line *, const json_t *);
static void	 tmpfs(struct line *, const json_t *);
static void	 logs(struct line *, const json_t *);

/*
 * Which labels the engine gives containers, by its own account.
 */
uint32_t
confirm_labels(const json_t *info, int podman)
{
	static const struct {
		const char	*docker, *podman;
		uint32_t	 label;
	} names[] = {
		{ "apparmor", "apparmorEnabled", LABELS_APPARMOR },
		{ "selinux", "selinuxEnabled", LABELS_SELINUX },
		{ "userns", "rootless", LABELS_USERNS },
		{ "rootless", "rootless", LABELS_USERNS },
		{ "seccomp", "seccompEnabled", LABELS_SECCOMP }
	};
	const json_t *options, *security;
	uint32_t labels;
	size_t i, j;

	labels = 0;
	security = json_object_get(json_object_get(info, "host"), "security");
	options = json_object_get(info, "SecurityOptions");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (podman && info_true(security, names[i].podman))
			labels |= names[i].label;
		for (j = 0; !podman && j < json_array_size(options); j++)
			if (is_option(json_string_value(json_array_get(options,
			    j)), names[i].docker))
				labels |= names[i].label;
	}
	return (labels);
}

/* name=NAME, or name=NAME,profile=..., or as it was, without name= */
static int
is_option(const char *s, const char *name)
{
	size_t len;

	if (s == NULL)
		return (0);
	if (strncmp(s, "name=", 5) == 0)
		s += 5;
	len = strlen(name);
	return (strncmp(s, name, len) == 0 && (s[len] == '\0' ||
	    s[len] == ','));
}

/*
 * Asks for the engine's own profile, where it has one, so that the container
 * is seen to have it before it starts.
 */
int
confirm_ask(const struct spec *s, json_t *asked)
{
	if (s->podman || (s->labels & LABELS_APPARMOR) == 0)
		return (0);
	return (json_array_append_new(json_object_get(json_object_get(asked,
	    "HostConfig"), "SecurityOpt"), json_string("apparmor="
	    APPARMOR_PROFILE)));
}

/*
 * Has a container the labels that this engine gives?  0, or -1 and which it
 * has not.
 */
int
confirm_verify(const struct spec *s, const json_t *got, char *why,
    size_t size)
{
	const char *apparmor, *selinux;

	apparmor = text_at(got, "AppArmorProfile");
	selinux = text_at(got, "ProcessLabel");
	/* podman's own has its version in it */
	if ((s->labels & LABELS_APPARMOR) != 0 && (*apparmor == '\0' ||
	    strcmp(apparmor, "unconfined") == 0 ||
	    (!s->podman && strcmp(apparmor, APPARMOR_PROFILE) != 0))) {
		(void)snprintf(why, size, "AppArmorProfile is \"%.64s\"",
		    apparmor);
		return (-1);
	}
	if ((s->labels & LABELS_SELINUX) != 0 && (*selinux == '\0' ||
	    strstr(selinux, "unconfined") != NULL ||
	    strstr(selinux, "spc_t") != NULL)) {
		(void)snprintf(why, size, "ProcessLabel is \"%.64s\"",
		    selinux);
		return (-1);
	}
	return (0);
}

/*
 * How many thousandths of a processor an agent gets, if nobody says: all but
 * half a processor, so that the host is left some.  0: it cannot be bounded.
 */
uint32_t
confirm_millicpus(const json_t *info, int podman)
{
	json_int_t n;

	n = json_integer_value(podman ? json_object_get(json_object_get(info,
	    "host"), "cpus") : json_object_get(info, "NCPU"));
	if (n < 1 || n > OPTION_CPUS_MAX ||
	    (!podman && !info_true(info, "CpuCfsQuota")))
		return (0);
	return ((uint32_t)n * 1000 - 500);
}

/*
 * Calls back with each fact of a container.
 */
void
confirm_container(const json_t *got, int podman, const char *filter,
    void (*f)(void *, enum fact, const char *), void *arg)
{
	const json_t *config, *host;
	struct line l[FACT_LACKS];
	const char *s;
	int i;

	config = json_object_get(got, "Config");
	host = json_object_get(got, "HostConfig");
	memset(l, 0, sizeof(l));
	network(&l[FACT_NETWORK], got);
	capabilities(&l[FACT_CAPABILITIES], got, podman);
	privileges(&l[FACT_PRIVILEGES], host);
	seccomp(&l[FACT_SECCOMP], host, filter);
	label(&l[FACT_LABEL], got);
	if (json_is_true(json_object_get(host, "ReadonlyRootfs")))
		add(&l[FACT_ROOT], "read-only");
	add(&l[FACT_USER], "%s", text_at(config, "User"));
	namespaces(&l[FACT_NAMESPACES], host);
	devices(&l[FACT_DEVICES], host);
	list(&l[FACT_MASKED], json_object_get(host, "MaskedPaths"));
	list(&l[FACT_READONLY], json_object_get(host, "ReadonlyPaths"));
	mounts(&l[FACT_WRITABLE], json_object_get(got, "Mounts"));
	memory(&l[FACT_MEMORY], host);
	if (json_integer_value(json_object_get(host, "PidsLimit")) > 0)
		add(&l[FACT_PROCESSES], "%lld", (long long)json_integer_value(
		    json_object_get(host, "PidsLimit")));
	cpus(&l[FACT_CPUS], host);
	ulimits(&l[FACT_ULIMITS], json_object_get(host, "Ulimits"));
	tmpfs(&l[FACT_TMPFS], host);
	logs(&l[FACT_LOG], json_object_get(host, "LogConfig"));
	s = text_at(host, "Runtime");
	add(&l[FACT_RUNTIME], "%s", podman ? text_at(got, "OCIRuntime") : s);
	for (i = 0; i < FACT_LACKS; i++)
		f(arg, (enum fact)i, l[i].text);
}

/*
 * And with what this engine cannot do.
 */
void
confirm_lacks(const json_t *info, int podman,
    void (*f)(void *, enum fact, const char *), void *arg)
{
	static const struct {
		const char	*key, *text;
	} limits[] = {
		{ "MemoryLimit", "a bound of memory" },
		{ "SwapLimit", "a bound of swap" },
		{ "PidsLimit", "a bound of processes" },
		{ "CpuCfsQuota", "a bound of processor time" }
	};
	uint32_t labels;
	size_t i;

	labels = confirm_labels(info, podman);
	if ((labels & (LABELS_APPARMOR | LABELS_SELINUX)) == 0)
		f(arg, FACT_LACKS, "a label of AppArmor's or SELinux's");
	if ((labels & LABELS_USERNS) == 0)
		f(arg, FACT_LACKS, "a user namespace: uids inside are the "
		    "host's");
	if ((labels & LABELS_SECCOMP) == 0)
		f(arg, FACT_LACKS, "a filter of system calls");
	for (i = 0; !podman && i < sizeof(limits) / sizeof(limits[0]); i++)
		if (!info_true(info, limits[i].key))
			f(arg, FACT_LACKS, limits[i].text);
	if (podman)
		f(arg, FACT_LACKS, "word of the filter of system calls, of "
		    "sysctls and of hidden paths");
}

static int
info_true(const json_t *info, const char *key)
{
	return (json_is_true(json_object_get(info, key)));
}

static const char *
text_at(const json_t *json, const char *key)
{
	const char *s;

	s = spec_string(json, key, NULL);
	return (s == NULL ? "" : s);
}

static int
empty_at(const json_t *json, const char *key)
{
	const json_t *value;

	value = json_object_get(json, key);
	return (value == NULL || json_is_null(value) || json_is_false(value) ||
	    (json_is_array(value) && json_array_size(value) == 0));
}

/* With a blank before it, but for the first. */
static void
add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (l->len > 0 && l->len < sizeof(l->text) - 1)
		l->text[l->len++] = ' ';
	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, sizeof(l->text) - l->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += (size_t)n;
	if (l->len > sizeof(l->text) - 1)
		l->len = sizeof(l->text) - 1;
}

static void
network(struct line *l, const json_t *got)
{
	const json_t *value;
	const char *key, *mode;

	mode = text_at(json_object_get(got, "HostConfig"), "NetworkMode");
	add(l, "%s", mode);
	json_object_foreach((json_t *)(uintptr_t)json_object_get(
	    json_object_get(got, "NetworkSettings"), "Networks"), key, value)
		if (strcmp(key, mode) != 0)
			add(l, "%s", key);
}

/* Docker tells what it was asked for, podman what there is. */
static void
capabilities(struct line *l, const json_t *got, int podman)
{
	const json_t *drop, *host;
	const char *s;

	host = json_object_get(got, "HostConfig");
	drop = json_object_get(host, "CapDrop");
	s = json_string_value(json_array_get(drop, 0));
	if (!empty_at(host, "Privileged") || !empty_at(host, "CapAdd"))
		return;
	if (podman ? json_object_get(got, "BoundingCaps") != NULL &&
	    empty_at(got, "BoundingCaps") && empty_at(got, "EffectiveCaps") :
	    s != NULL && strcmp(s, "ALL") == 0)
		add(l, "none");
}

static void
privileges(struct line *l, const json_t *host)
{
	const json_t *options;
	const char *s;
	size_t i;

	options = json_object_get(host, "SecurityOpt");
	for (i = 0; i < json_array_size(options); i++) {
		s = json_string_value(json_array_get(options, i));
		if (s != NULL && strcmp(s, "no-new-privileges") == 0)
			add(l, "no new ones");
	}
}

static void
seccomp(struct line *l, const json_t *host, const char *filter)
{
	const json_t *options;
	const char *s;
	size_t i;

	options = json_object_get(host, "SecurityOpt");
	for (i = 0; i < json_array_size(options); i++) {
		s = json_string_value(json_array_get(options, i));
		if (s != NULL && strncmp(s, "seccomp=", 8) == 0)
			add(l, "%s", strcmp(s + 8, filter) == 0 ?
			    "claudesec" : "another");
	}
}

static void
label(struct line *l, const json_t *got)
{
	const char *s;

	s = text_at(got, "AppArmorProfile");
	if (*s != '\0' && strcmp(s, "unconfined") != 0)
		add(l, "%s", s);
	s = text_at(got, "ProcessLabel");
	if (*s != '\0')
		add(l, "%s", s);
}

/* Those of its own, beside that of mounts. */
static void
namespaces(struct line *l, const json_t *host)
{
	static const struct {
		const char	*key, *name;
		const char	*values[3];
	} modes[] = {
		{ "PidMode", "pid", { "", "private", NULL } },
		{ "IpcMode", "ipc", { "private", "shareable", NULL } },
		{ "UTSMode", "uts", { "", "private", NULL } },
		{ "CgroupnsMode", "cgroup", { "private", NULL, NULL } },
		{ "CgroupMode", "cgroup", { "private", NULL, NULL } }
	};
	const char *s;
	size_t i, j;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		s = spec_string(host, modes[i].key, NULL);
		for (j = 0; s != NULL && modes[i].values[j] != NULL; j++)
			if (strcmp(s, modes[i].values[j]) == 0)
				add(l, "%s", modes[i].name);
	}
}

static void
devices(struct line *l, const json_t *host)
{
	static const char *const keys[] = { "Privileged", "Devices",
	    "DeviceRequests", "DeviceCgroupRules" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!empty_at(host, keys[i]))
			return;
	if (json_is_object(host))
		add(l, "none");
}

static void
list(struct line *l, const json_t *array)
{
	const char *s;
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		s = json_string_value(json_array_get(array, i));
		if (s != NULL)
			add(l, "%s", s);
	}
}

static void
mounts(struct line *l, const json_t *array)
{
	const json_t *m;
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		m = json_array_get(array, i);
		if (!json_is_false(json_object_get(m, "RW")))
			add(l, "%s", text_at(m, "Destination"));
	}
}

static void
memory(struct line *l, const json_t *host)
{
	long long n, swap;

	n = (long long)json_integer_value(json_object_get(host, "Memory"));
	swap = (long long)json_integer_value(json_object_get(host,
	    "MemorySwap"));
	if (n <= 0)
		return;
	add(l, "%lld", n);
	if (swap == n)
		add(l, "no swap");
	else if (swap > n)
		add(l, "swap %lld", swap - n);
}

static void
cpus(struct line *l, const json_t *host)
{
	long long nano, period, quota;

	nano = (long long)json_integer_value(json_object_get(host,
	    "NanoCpus"));
	period = (long long)json_integer_value(json_object_get(host,
	    "CpuPeriod"));
	quota = (long long)json_integer_value(json_object_get(host,
	    "CpuQuota"));
	if (nano <= 0 && period > 0 && quota > 0 && quota < NANO)
		nano = quota * NANO / period;
	if (nano > 0)
		add(l, "%lld.%03lld", nano / NANO, nano % NANO / 1000000);
}

static void
ulimits(struct line *l, const json_t *array)
{
	const json_t *u;
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		u = json_array_get(array, i);
		add(l, "%s=%lld", text_at(u, "Name"),
		    (long long)json_integer_value(json_object_get(u, "Hard")));
	}
}

static void
tmpfs(struct line *l, const json_t *host)
{
	const json_t *value;
	const char *key, *s;
	long long shm;

	json_object_foreach((json_t *)(uintptr_t)json_object_get(host,
	    "Tmpfs"), key, value) {
		s = json_string_value(value);
		s = s == NULL ? NULL : strstr(s, "size=");
		add(l, "%s=%.*s", key, s == NULL ? 1 : (int)strcspn(s + 5,
		    ","), s == NULL ? "-" : s + 5);
	}
	shm = (long long)json_integer_value(json_object_get(host, "ShmSize"));
	if (shm > 0)
		add(l, "/dev/shm=%lld", shm);
}

static void
logs(struct line *l, const json_t *log)
{
	const json_t *config;
	const char *size;

	config = json_object_get(log, "Config");
	size = text_at(config, "max-size");
	/* podman's word, of its only one */
	if (*size == '\0')
		size = text_at(log, "Size");
	if (*size == '\0' || strcmp(size, "0B") == 0)
		return;
	add(l, "%s %s", text_at(log, "Type"), size);
	if (json_object_get(config, "max-file") != NULL)
		add(l, "x %s", text_at(config, "max-file"));
}
