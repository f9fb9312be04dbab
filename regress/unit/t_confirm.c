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
 * What the engine confirms of a container, and what it does not; the labels
 * that a container must have.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#include "unit.h"

static const char container[] = "{\"AppArmorProfile\": \"docker-default\","
    "\"ProcessLabel\": \"\", \"OCIRuntime\": \"crun\", \"Config\": "
    "{\"User\": \"1000:1000\"}, \"NetworkSettings\": {\"Networks\": {\"none\": "
    "{}}}, \"Mounts\": [{\"Destination\": \"/workspace\", \"RW\": true}, "
    "{\"Destination\": \"/run/claudesec\", \"RW\": false}], \"BoundingCaps\": "
    "[], \"EffectiveCaps\": null, \"HostConfig\": {\"NetworkMode\": \"none\", "
    "\"CapAdd\": null, \"CapDrop\": [\"ALL\"], \"Privileged\": false, "
    "\"SecurityOpt\": [\"no-new-privileges\", \"seccomp={}\"], "
    "\"ReadonlyRootfs\": true, \"PidMode\": \"\", \"IpcMode\": \"private\", "
    "\"UTSMode\": \"\", \"CgroupnsMode\": \"private\", \"Devices\": [], "
    "\"DeviceRequests\": null, \"MaskedPaths\": [\"/proc/kcore\", "
    "\"/sys/firmware\"], \"ReadonlyPaths\": [\"/proc/sys\"], \"Memory\": 4096,"
    "\"MemorySwap\": 4096, \"PidsLimit\": 512, \"NanoCpus\": 1500000000, "
    "\"Ulimits\": [{\"Name\": \"core\", \"Hard\": 0, \"Soft\": 0}], \"Tmpfs\": "
    "{\"/tmp\": \"rw,size=100,mode=1777\", \"/x\": \"rw\"}, \"ShmSize\": 64, "
    "\"LogConfig\": {\"Type\": \"json-file\", \"Config\": {\"max-size\": "
    "\"8m\", \"max-file\": \"2\"}}, \"Runtime\": \"runc\"}}";

/* each as it is, and with one thing altered */
static const struct row {
	enum fact	 fact;
	const char	*text;
	const char	*key;		/* NULL: nothing */
	const char	*value;		/* NULL: it is not there */
} rows[] = {
	{ FACT_NETWORK, "none", NULL, NULL },
	{ FACT_NETWORK, "host none", "HostConfig.NetworkMode", "\"host\"" },
	{ FACT_NETWORK, "none x", "NetworkSettings.Networks",
	    "{\"none\": {}, \"x\": {}}" },
	{ FACT_CAPABILITIES, "none", NULL, NULL },
	{ FACT_CAPABILITIES, "", "HostConfig.CapDrop", "[\"NET_RAW\"]" },
	{ FACT_CAPABILITIES, "", "HostConfig.CapDrop", NULL },
	{ FACT_CAPABILITIES, "", "HostConfig.CapAdd", "[\"NET_RAW\"]" },
	{ FACT_CAPABILITIES, "", "HostConfig.Privileged", "true" },
	{ FACT_PRIVILEGES, "no new ones", NULL, NULL },
	{ FACT_PRIVILEGES, "", "HostConfig.SecurityOpt", "[\"seccomp={}\"]" },
	{ FACT_PRIVILEGES, "", "HostConfig.SecurityOpt", "null" },
	{ FACT_SECCOMP, "claudesec", NULL, NULL },
	{ FACT_SECCOMP, "another", "HostConfig.SecurityOpt",
	    "[\"seccomp=unconfined\"]" },
	{ FACT_SECCOMP, "", "HostConfig.SecurityOpt", "[1]" },
	{ FACT_LABEL, "docker-default", NULL, NULL },
	{ FACT_LABEL, "", "AppArmorProfile", "\"unconfined\"" },
	{ FACT_LABEL, "docker-default a:b:c:s0", "ProcessLabel",
	    "\"a:b:c:s0\"" },
	{ FACT_ROOT, "read-only", NULL, NULL },
	{ FACT_ROOT, "", "HostConfig.ReadonlyRootfs", "false" },
	{ FACT_USER, "1000:1000", NULL, NULL },
	{ FACT_USER, "", "Config.User", NULL },
	{ FACT_NAMESPACES, "pid ipc uts cgroup", NULL, NULL },
	{ FACT_NAMESPACES, "ipc uts cgroup", "HostConfig.PidMode",
	    "\"host\"" },
	{ FACT_NAMESPACES, "pid uts cgroup", "HostConfig.IpcMode",
	    "\"host\"" },
	{ FACT_NAMESPACES, "pid ipc cgroup", "HostConfig.UTSMode",
	    "\"host\"" },
	{ FACT_NAMESPACES, "pid ipc uts", "HostConfig.CgroupnsMode",
	    "\"host\"" },
	{ FACT_NAMESPACES, "pid ipc uts", "HostConfig.CgroupnsMode", "\"\"" },
	{ FACT_DEVICES, "none", NULL, NULL },
	{ FACT_DEVICES, "", "HostConfig.Devices", "[{}]" },
	{ FACT_DEVICES, "", "HostConfig.DeviceRequests", "[{}]" },
	{ FACT_DEVICES, "", "HostConfig.DeviceCgroupRules", "[\"a\"]" },
	{ FACT_DEVICES, "", "HostConfig.Privileged", "true" },
	{ FACT_MASKED, "/proc/kcore /sys/firmware", NULL, NULL },
	{ FACT_MASKED, "", "HostConfig.MaskedPaths", "[]" },
	{ FACT_READONLY, "/proc/sys", NULL, NULL },
	{ FACT_READONLY, "", "HostConfig.ReadonlyPaths", NULL },
	{ FACT_WRITABLE, "/workspace", NULL, NULL },
	{ FACT_WRITABLE, "/a", "Mounts", "[{\"Destination\": \"/a\"}]" },
	{ FACT_MEMORY, "4096 no swap", NULL, NULL },
	{ FACT_MEMORY, "4096", "HostConfig.MemorySwap", "-1" },
	{ FACT_MEMORY, "4096 swap 4", "HostConfig.MemorySwap", "4100" },
	{ FACT_MEMORY, "", "HostConfig.Memory", "0" },
	{ FACT_PROCESSES, "512", NULL, NULL },
	{ FACT_PROCESSES, "", "HostConfig.PidsLimit", "-1" },
	{ FACT_PROCESSES, "", "HostConfig.PidsLimit", "null" },
	{ FACT_CPUS, "1.500", NULL, NULL },
	{ FACT_CPUS, "", "HostConfig.NanoCpus", "0" },
	{ FACT_ULIMITS, "core=0", NULL, NULL },
	{ FACT_ULIMITS, "", "HostConfig.Ulimits", "null" },
	{ FACT_TMPFS, "/tmp=100 /x=- /dev/shm=64", NULL, NULL },
	{ FACT_TMPFS, "/dev/shm=64", "HostConfig.Tmpfs", "null" },
	{ FACT_LOG, "json-file 8m x 2", NULL, NULL },
	{ FACT_LOG, "", "HostConfig.LogConfig", "{\"Type\": \"json-file\"}" },
	{ FACT_LOG, "k8s-file 8M", "HostConfig.LogConfig",
	    "{\"Type\": \"k8s-file\", \"Size\": \"8M\"}" },
	{ FACT_RUNTIME, "runc", NULL, NULL },
};

struct facts {
	char	 text[FACT_MAX][FACT_MAXLEN];
	size_t	 n[FACT_MAX];
};

static void
keep(void *arg, enum fact fact, const char *text)
{
	struct facts *f = arg;

	f->n[fact]++;
	(void)strlcat(f->text[fact], text, FACT_MAXLEN);
	if (fact == FACT_LACKS)
		(void)strlcat(f->text[fact], "; ", FACT_MAXLEN);
}

static json_t *
parse(const char *text)
{
	json_t *json;

	json = json_loads(text, JSON_DECODE_ANY, NULL);
	if (json == NULL)
		abort();
	return (json);
}

static json_t *
altered(const char *key, const char *value)
{
	char name[64];
	const char *dot;
	json_t *json, *in;

	json = in = parse(container);
	if (key == NULL)
		return (json);
	if ((dot = strchr(key, '.')) != NULL) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - key),
		    key);
		in = json_object_get(json, name);
		key = dot + 1;
	}
	if (value == NULL)
		(void)json_object_del(in, key);
	else
		(void)json_object_set_new(in, key, parse(value));
	return (json);
}

static void
test_container(void)
{
	static struct facts f;
	const struct row *r;
	char name[128];
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = &rows[i];
		memset(&f, 0, sizeof(f));
		json = altered(r->key, r->value);
		confirm_container(json, 0, "{}", keep, &f);
		json_decref(json);
		(void)snprintf(name, sizeof(name), "fact %d, %s %s",
		    (int)r->fact, r->key == NULL ? "as it is" : r->key,
		    r->value == NULL ? "" : r->value);
		CASE(f.n[r->fact] == 1 && strcmp(f.text[r->fact], r->text) ==
		    0, name, "%s", f.text[r->fact]);
	}
}

/* Nothing is made up, whatever it is. */
static void
test_nothing(void)
{
	static const char *const texts[] = { "null", "[]", "{}", "1",
	    "{\"HostConfig\": 1, \"Config\": [], \"Mounts\": {}}",
	    "{\"HostConfig\": {\"SecurityOpt\": \"x\", \"Tmpfs\": []}}" };
	static struct facts f;
	json_t *json;
	size_t i, n;
	int j;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memset(&f, 0, sizeof(f));
		json = parse(texts[i]);
		confirm_container(json, i % 2, "{}", keep, &f);
		json_decref(json);
		for (j = 0, n = 0; j < FACT_LACKS; j++)
			n += strlen(f.text[j]);
		/* an object without any of them has no devices */
		CASE(n == 0 || (i >= 5 && n == 4), texts[i], "%zu", n);
	}
}

static void
test_podman(void)
{
	static struct facts f;
	json_t *json;

	memset(&f, 0, sizeof(f));
	json = altered("HostConfig.SecurityOpt", "[\"no-new-privileges\"]");
	confirm_container(json, 1, "{}", keep, &f);
	CASE(f.text[FACT_SECCOMP][0] == '\0', "podman: seccomp", "%s",
	    f.text[FACT_SECCOMP]);
	CASE(strcmp(f.text[FACT_CAPABILITIES], "none") == 0,
	    "podman: capabilities", "%s", f.text[FACT_CAPABILITIES]);
	CASE(strcmp(f.text[FACT_RUNTIME], "crun") == 0, "podman: runtime",
	    "%s", f.text[FACT_RUNTIME]);
	json_decref(json);
	memset(&f, 0, sizeof(f));
	json = altered("BoundingCaps", "[\"CAP_CHOWN\"]");
	confirm_container(json, 1, "{}", keep, &f);
	CASE(f.text[FACT_CAPABILITIES][0] == '\0', "podman: some are kept",
	    "%s", f.text[FACT_CAPABILITIES]);
	json_decref(json);
	memset(&f, 0, sizeof(f));
	json = altered("BoundingCaps", NULL);
	confirm_container(json, 1, "{}", keep, &f);
	CASE(f.text[FACT_CAPABILITIES][0] == '\0', "podman: it does not say",
	    "%s", f.text[FACT_CAPABILITIES]);
	json_decref(json);
}

static void
test_lacks(void)
{
	static const struct {
		const char	*info, *lacks;
		int		 podman;
	} infos[] = {
		{ "{\"SecurityOptions\": [\"name=apparmor\", "
		    "\"name=seccomp,profile=default\", \"name=userns\"], "
		    "\"MemoryLimit\": true, \"SwapLimit\": true, "
		    "\"PidsLimit\": true, \"CpuCfsQuota\": true}", "", 0 },
		{ "{\"SecurityOptions\": [\"seccomp\", \"name=selinux\", "
		    "\"name=rootless\"], \"MemoryLimit\": true, "
		    "\"SwapLimit\": false, \"PidsLimit\": true}",
		    "a bound of swap; a bound of processor time; ", 0 },
		{ "{\"host\": {\"security\": {\"apparmorEnabled\": true, "
		    "\"seccompEnabled\": true, \"rootless\": false, "
		    "\"selinuxEnabled\": false}}}", "a user namespace: uids "
		    "inside are the host's; word of the filter of system "
		    "calls, of sysctls and of hidden paths; ", 1 },
		{ "{\"SecurityOptions\": [\"name=apparmor\"]}", "a label of "
		    "AppArmor's or SELinux's; a user namespace: uids inside "
		    "are the host's; a filter of system calls; word of the "
		    "filter of system calls, of sysctls and of hidden paths; ",
		    1 },
		{ "[\"MemoryLimit\"]", "a label of AppArmor's or SELinux's; a "
		    "user namespace: uids inside are the host's; a filter of "
		    "system calls; a bound of memory; a bound of swap; a bound "
		    "of processes; a bound of processor time; ", 0 }
	};
	static struct facts f;
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		memset(&f, 0, sizeof(f));
		json = parse(infos[i].info);
		confirm_lacks(json, infos[i].podman, keep, &f);
		json_decref(json);
		CASE(strcmp(f.text[FACT_LACKS], infos[i].lacks) == 0,
		    infos[i].lacks, "%s", f.text[FACT_LACKS]);
	}
}

static void
test_labels(void)
{
	static const struct {
		uint32_t	 labels;
		uint32_t	 podman;
		const char	*key, *value;
		int		 good;
	} tests[] = {
		{ 0, 0, "AppArmorProfile", NULL, 1 },
		{ LABELS_APPARMOR, 0, NULL, NULL, 1 },
		{ LABELS_APPARMOR, 0, "AppArmorProfile", NULL, 0 },
		{ LABELS_APPARMOR, 0, "AppArmorProfile", "\"\"", 0 },
		{ LABELS_APPARMOR, 0, "AppArmorProfile", "null", 0 },
		{ LABELS_APPARMOR, 0, "AppArmorProfile", "\"unconfined\"", 0 },
		{ LABELS_APPARMOR, 0, "AppArmorProfile", "\"other\"", 0 },
		{ LABELS_APPARMOR, 1, "AppArmorProfile", "\"other\"", 1 },
		{ LABELS_APPARMOR, 1, "AppArmorProfile", "\"unconfined\"", 0 },
		{ LABELS_APPARMOR, 1, "AppArmorProfile", "\"\"", 0 },
		{ LABELS_SELINUX, 0, NULL, NULL, 0 },
		{ LABELS_SELINUX, 0, "ProcessLabel",
		    "\"system_u:system_r:container_t:s0:c1,c2\"", 1 },
		{ LABELS_SELINUX, 1, "ProcessLabel",
		    "\"system_u:system_r:spc_t:s0\"", 0 },
		{ LABELS_SELINUX, 0, "ProcessLabel",
		    "\"unconfined_u:unconfined_r:unconfined_t:s0\"", 0 },
	};
	static struct spec s;
	char name[128], why[128];
	json_t *json;
	size_t i;
	int error;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		s.labels = tests[i].labels;
		s.podman = tests[i].podman;
		json = altered(tests[i].key, tests[i].value);
		why[0] = '\0';
		error = confirm_verify(&s, json, why, sizeof(why));
		json_decref(json);
		(void)snprintf(name, sizeof(name), "labels %x, podman %u, %s",
		    s.labels, s.podman, tests[i].value == NULL ? "none" :
		    tests[i].value);
		CASE(tests[i].good ? error == 0 : error == -1 && why[0] !=
		    '\0', name, "%d %s", error, why);
	}
}

static void
test_millicpus(void)
{
	static const struct {
		const char	*info;
		uint32_t	 n;
	} infos[] = {
		{ "{\"NCPU\": 1, \"CpuCfsQuota\": true}", 500 },
		{ "{\"NCPU\": 8, \"CpuCfsQuota\": true}", 7500 },
		{ "{\"NCPU\": 8, \"CpuCfsQuota\": false}", 0 },
		{ "{\"NCPU\": 0, \"CpuCfsQuota\": true}", 0 },
		{ "{\"NCPU\": -1, \"CpuCfsQuota\": true}", 0 },
		{ "{\"NCPU\": 99999999999, \"CpuCfsQuota\": true}", 0 },
		{ "null", 0 }
	}, podmans[] = {
		{ "{\"host\": {\"cpus\": 2}}", 1500 },
		{ "{\"host\": {}}", 0 }, { "{\"NCPU\": 2}", 0 }
	};
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		json = parse(infos[i].info);
		CASE(confirm_millicpus(json, 0) == infos[i].n, infos[i].info,
		    "%u", confirm_millicpus(json, 0));
		json_decref(json);
	}
	for (i = 0; i < sizeof(podmans) / sizeof(podmans[0]); i++) {
		json = parse(podmans[i].info);
		CASE(confirm_millicpus(json, 1) == podmans[i].n,
		    podmans[i].info, "%u", confirm_millicpus(json, 1));
		json_decref(json);
	}
}

/* It is asked for where the engine has it. */
static void
test_ask(void)
{
	static const struct {
		uint32_t	 labels, podman;
		size_t		 n;
	} tests[] = {
		{ 0, 0, 1 }, { LABELS_APPARMOR, 0, 2 },
		{ LABELS_APPARMOR, 1, 1 }, { LABELS_SELINUX, 0, 1 }
	};
	static struct spec s;
	json_t *asked, *options;
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		s.labels = tests[i].labels;
		s.podman = tests[i].podman;
		asked = parse("{\"HostConfig\": {\"SecurityOpt\": [\"x\"]}}");
		options = json_object_get(json_object_get(asked,
		    "HostConfig"), "SecurityOpt");
		CASE(confirm_ask(&s, asked) == 0 && json_array_size(options) ==
		    tests[i].n && (tests[i].n == 1 || strcmp(json_string_value(
		    json_array_get(options, 1)), "apparmor=docker-default") ==
		    0), "ask", "%zu: %zu", i, json_array_size(options));
		json_decref(asked);
	}
}

int
main(void)
{
	test_container();
	test_nothing();
	test_podman();
	test_lacks();
	test_labels();
	test_ask();
	test_millicpus();
	return (unit_failed);
}
