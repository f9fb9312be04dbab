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
 * guard_http.c, guard_spec.c: a request from whoever has taken the engine
 * process over.  What passes is what it is taken for.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "must.h"

#define WORK	"/home/u/work"

int	 LLVMFuzzerInitialize(int *, char ***);

static struct guard_terms terms;
static struct granted granted;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	json_object_seed(1);
	terms.daemon = "1:/s";
	terms.filter = "%7B%7D";
	terms.image = (char *)(uintptr_t)"a";
	terms.seccomp = json_object();
	(void)strlcpy(terms.bounds.network, "net", sizeof("net"));
	TAILQ_INIT(&terms.granted);
	granted.grant.kind = GRANT_WORKSPACE;
	granted.grant.uid = granted.grant.gid = 1000;
	(void)strlcpy(granted.grant.source, WORK, PATH_MAX);
	TAILQ_INSERT_TAIL(&terms.granted, &granted, entry);
	return (0);
}

/* Nothing of the host's but the workspace, by whatever name it goes. */
static void
must_be_mounted(const json_t *m)
{
	const char *source;

	source = spec_string(m, "Source", NULL);
	if (source == NULL)
		source = spec_string(m, "source", NULL);
	MUST(source != NULL);
	if (source[0] != '/') {
		MUST(strncmp(source, "claude-", 7) == 0 ||
		    strcmp(source, "tmpfs") == 0);
		return;
	}
	MUST(strncmp(source, WORK, sizeof(WORK) - 1) == 0);
	MUST(strstr(source, "/../") == NULL);
	source += sizeof(WORK) - 1;
	MUST(source[0] == '\0' || source[0] == '/');
}

static void
must_be_harmless(const json_t *json)
{
	static const char *const never[] = { "Binds", "CapAdd", "cap_add",
	    "Devices", "devices", "PidMode", "UTSMode", "UsernsMode",
	    "VolumesFrom", "DriverOpts", "Runtime", "rootfs", "userns" };
	const json_t *host, *mounts, *m;
	const char *s;
	size_t i;

	host = json_object_get(json, "HostConfig");
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		m = json_object_get(host, never[i]);
		MUST(json_object_get(json, never[i]) == NULL);
		MUST(m == NULL || (json_is_string(m) &&
		    json_string_length(m) == 0));
	}
	MUST(!json_is_true(json_object_get(host, "Privileged")));
	MUST(json_object_get(json, "privileged") == NULL);
	s = spec_string(host, "NetworkMode", NULL);
	MUST(s == NULL || strcmp(s, "none") == 0 || strcmp(s, "net") == 0 ||
	    strcmp(s, NETWORK_NAME) == 0);
	mounts = json_object_get(host == NULL ? json : host, host == NULL ?
	    "mounts" : "Mounts");
	for (i = 0; i < json_array_size(mounts); i++)
		must_be_mounted(json_array_get(mounts, i));
}

static void
try_body(const struct guard_request *r, const char *body, size_t len)
{
	struct guard_case gc;
	json_t *json, *again;
	char *text;

	memset(&gc, 0, sizeof(gc));
	gc.terms = &terms;
	gc.upgrade = r->upgrade;
	json = spec_parse(body, len);
	if (json == NULL || !r->rule->check(json, &gc)) {
		MUST(memchr(gc.why, '\0', sizeof(gc.why)) != NULL);
		strings_free(&gc.sources);
		json_decref(json);
		return;
	}
	strings_free(&gc.sources);
	must_be_harmless(json);
	/* what is sent is taken for the same */
	MUST((text = json_dumps(json, JSON_COMPACT)) != NULL);
	MUST((again = spec_parse(text, strlen(text))) != NULL);
	MUST(json_equal(json, again));
	memset(&gc, 0, sizeof(gc));
	gc.terms = &terms;
	gc.upgrade = r->upgrade;
	MUST(r->rule->check(again, &gc));
	strings_free(&gc.sources);
	json_decref(again);
	json_decref(json);
	free(text);
}

static void
try_chunks(const char *data, size_t len)
{
	struct guard_chunks a, b;
	size_t i, n, run, total;
	ssize_t used;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	used = 0;
	for (n = total = 0; n < len && !a.done; n += (size_t)used) {
		if ((used = guard_chunks(&a, data + n, len - n, &run)) == -1)
			break;
		MUST(used > 0 && (size_t)used <= len - n);
		MUST(run == 0 || run == (size_t)used);
		total += run;
	}
	/* the same byte by byte */
	for (i = 0; i < n; i++) {
		MUST(!b.done);
		MUST(guard_chunks(&b, data + i, 1, &run) == 1);
		total -= run;
	}
	MUST(total == 0 && a.done == b.done && a.left == b.left);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guard_request r;
	struct guard_answer a;
	const char *why;
	char *copy, *end, *line;
	size_t len;

	try_chunks((const char *)data, size);
	end = memmem(data, size, "\r\n\r\n", 4);
	if (end == NULL)
		return (0);
	len = (size_t)(end - (const char *)data) + 4;
	if ((copy = malloc(len + 1)) == NULL)
		return (0);
	memcpy(copy, data, len);
	copy[len] = '\0';
	(void)guard_answer(&a, copy, len);
	why = guard_request(&r, copy, len, &terms);
	if (why == NULL) {
		MUST(r.target[0] == '/' && strstr(r.target, "/../") == NULL);
		MUST(strpbrk(r.target, " \r\n#") == NULL);
		MUST(!(r.chunked && r.length != 0));
		MUST(r.rule->body != BODY_NONE || (r.length == 0 &&
		    !r.chunked));
		MUST(r.rule->upgrade == -1 || r.upgrade == r.rule->upgrade);
		/* what is sent is taken for the same */
		if (asprintf(&line, "%s %s HTTP/1.1\r\nHost: engine\r\n"
		    "%s%s: %s\r\n\r\n", r.rule->method, r.target, r.upgrade ?
		    "Connection: Upgrade\r\nUpgrade: tcp\r\n" : "",
		    r.chunked ? "Transfer-Encoding" : "Content-Length",
		    r.chunked ? "chunked" : r.length == 0 ? "0" : "7") == -1)
			abort();
		MUST(guard_request(&r, line, strlen(line), &terms) == NULL);
		if (r.rule->body == BODY_JSON)
			try_body(&r, (const char *)data + len, size - len);
		free(line);
	}
	free(copy);
	return (0);
}
