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
 * guard_http.c, guard_spec.c: what passes to the container engine.  All that
 * the engine process makes does, and of all else what is tried here does not.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "unit.h"

#define ID8	"01234567"
#define ID64	ID8 ID8 ID8 ID8 ID8 ID8 ID8 ID8
#define HOST	"\r\nHost: engine\r\n"
#define JSON	"Content-Type: application/json\r\n"
#define TAR	"Content-Type: application/x-tar\r\n"
#define UP	"Connection: Upgrade\r\nUpgrade: tcp\r\n"
#define END	"\r\n"
#define IMPORT	"POST /v1.41/images/create?fromSrc=-&repo=claudesec/a "		\
	"HTTP/1.1"
#define GET(path) "GET " path " HTTP/1.1" HOST JSON END
#define POST(path) "POST " path " HTTP/1.1" HOST JSON			\
	"Content-Length: 0\r\n" END
#define SEND(path) "POST " path " HTTP/1.1" HOST JSON			\
	"Content-Length: 7\r\n" END

static void	 test_heads(void);
static void	 test_bad_heads(void);
static void	 test_answers(void);
static void	 test_chunks(void);
static void	 test_containers(void);
static void	 test_values(void);
static void	 test_owner(void);
static void	 test_within(void);
static void	 test_why(void);
static void	 test_others(void);

static struct guard_terms terms;
static struct granted grants[4];
static struct spec spec;
static struct config config;

static void
setup(void)
{
	static struct share_answer share;
	static const char *const sources[] = { "/home/u/work", "/home/u/login",
	    "/home/v/work", "/home/u/.claude/commands" };
	size_t i;

	terms.daemon = "1000:/run/sock";
	terms.filter = spec_filter(LABEL_DAEMON, terms.daemon);
	terms.seccomp = json_pack("{s:s}", "defaultAction", "SCMP_ACT_ERRNO");
	(void)strlcpy(terms.bounds.network, "services", NAME_MAXLEN);
	terms.image = spec_escape("site/claude");
	(void)strlcpy(terms.bounds.runtime, "runsc", NAME_MAXLEN);
	TAILQ_INIT(&terms.granted);
	for (i = 0; i < 4; i++) {
		grants[i].grant.kind = i == 1 ? GRANT_LOGIN : i == 3 ?
		    GRANT_SHARE : GRANT_WORKSPACE;
		grants[i].grant.share = i == 3;
		grants[i].grant.uid = grants[i].grant.gid = i == 2 ? 1001 :
		    1000;
		(void)strlcpy(grants[i].grant.source, sources[i], PATH_MAX);
		TAILQ_INSERT_TAIL(&terms.granted, &grants[i], entry);
	}
	(void)strlcpy(spec.session, "0123456789abcdef0123456789abcdef",
	    sizeof(spec.session));
	(void)strlcpy(spec.daemon, terms.daemon, sizeof(spec.daemon));
	(void)strlcpy(spec.name, "work", sizeof(spec.name));
	(void)strlcpy(spec.path, "/home/u/work", sizeof(spec.path));
	(void)strlcpy(spec.source, "/home/u/work", sizeof(spec.source));
	(void)strlcpy(spec.login, "/home/u/login", sizeof(spec.login));
	(void)strlcpy(spec.volume, "claude-work-run", sizeof(spec.volume));
	(void)strlcpy(spec.image, "image", sizeof(spec.image));
	(void)strlcpy(spec.image_id, "sha256:" ID64, sizeof(spec.image_id));
	(void)strlcpy(spec.proxyd_id, "sha256:" ID64, sizeof(spec.proxyd_id));
	(void)strlcpy(spec.network, NETWORK_NAME, sizeof(spec.network));
	spec.uid = spec.gid = spec.owner = 1000;
	if (strings_add(&spec.mounts, "r 1:2 .git/hooks", 16) == -1 ||
	    strings_add(&spec.mounts, "w 1:3 .git", 10) == -1)
		abort();
	(void)strlcpy(share.path, "/home/u/.claude", sizeof(share.path));
	share.share = 1;
	if (spec_share_add(&spec, &share) == -1)
		abort();
	TAILQ_INIT(&config.env);
	config.fixed.memory = 1 << 30;
	config.fixed.processes = 512;
	config.fixed.millicpus = 1500;
	(void)strlcpy(config.fixed.runtime, "runsc", NAME_MAXLEN);
}

int
main(void)
{
	setup();
	test_heads();
	test_bad_heads();
	test_answers();
	test_chunks();
	test_containers();
	test_values();
	test_others();
	return (unit_failed);
}

/*
 * Heads.
 */

/* from memory that ends where it ends */
static const char *
head(const char *text, struct guard_request *r)
{
	static char *copy;

	free(copy);
	if ((copy = strdup(text)) == NULL)
		abort();
	return (guard_request(r, copy, strlen(text), &terms));
}

static void
test_heads(void)
{
	static const char *const good[] = {
		GET("/version"), GET("/v1.41/info"),
		"GET /v1.41/containers/" ID64 "/json HTTP/1.1" HOST
		    "Accept: */*\r\n" JSON END,
		GET("/v1.44/images/claudesec/proxyd:0123456789ab/json"),
		GET("/v1.44/images/sha256:" ID64 "/json"),
		GET("/v1.41/images/json?filters=%7B%22dangling%22%7D"),
		GET("/v1.41/networks/proxy-external"),
		GET("/v4.0.0/libpod/containers/" ID64 "/json"),
		GET("/v4.0.0/libpod/networks/claude-work-net/json"),
		GET("/v1.41/exec/" ID64 "/json"),
		GET("/v1.41/containers/" ID64
		    "/stats?stream=false&one-shot=true"),
		POST("/v1.41/containers/" ID64 "/start"),
		POST("/v1.41/containers/" ID64 "/stop?t=10"),
		POST("/v1.41/containers/" ID64 "/kill?signal=SIGTERM"),
		POST("/v1.41/containers/" ID64 "/resize?h=24&w=80"),
		POST("/v1.41/containers/" ID64 "/wait"),
		POST("/v1.41/containers/" ID64
		    "/rename?name=claude-work-proxy"),
		POST("/v1.41/images/create?fromImage=debian&tag=latest"),
		SEND("/v1.41/containers/create?name=claude-work"),
		SEND("/v4.0.0/libpod/containers/create"),
		SEND("/v1.41/containers/" ID64 "/exec"),
		SEND("/v1.41/exec/" ID64 "/start"),
		"POST /v1.41/exec/" ID64 "/start HTTP/1.1" HOST JSON
		    "Content-Length: 7\r\n" UP END,
		"POST /v1.41/containers/" ID64 "/attach?stream=1&stdin=1"
		    "&stdout=1&stderr=1 HTTP/1.1" HOST JSON
		    "Content-Length: 0\r\n" UP END,
		"POST /v1.41/containers/" ID64 "/attach?stream=1&stdin=1"
		    "&stdout=1&stderr=1&detachKeys=" "%FF%2C%FE%2C%FF"
		    " HTTP/1.1" HOST JSON "Content-Length: 0\r\n" UP END,
		SEND("/v1.41/volumes/create"),
		SEND("/v1.41/networks/create"),
		"POST /v1.41/images/create?fromSrc=-&repo=claudesec/base:latest"
		    " HTTP/1.1" HOST TAR "Transfer-Encoding: chunked\r\n" END,
		"POST /v1.41/build?t=site%2Fclaude&buildargs=%7B%7D"
		    "&labels=%7B%7D&nocache=0&rm=1&forcerm=1 HTTP/1.1" HOST TAR
		    "Content-Length: 2048\r\n" END,
		"DELETE /v1.41/containers/" ID64 "?force=1&v=1 HTTP/1.1" HOST
		    JSON END,
		"DELETE /v1.41/volumes/claude-work-run HTTP/1.1" HOST JSON END,
		"DELETE /v1.41/images/sha256:" ID64 " HTTP/1.1" HOST JSON END
	};
	struct guard_request r;
	const char *why;
	char *list;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		why = head(good[i], &r);
		CASE(why == NULL, "guard_head", "%zu: %s", i, why);
	}
	if (asprintf(&list, GET("/v1.41/containers/json?all=1&filters=%s"),
	    terms.filter) == -1)
		abort();
	why = head(list, &r);
	CASE(why == NULL && r.rule->news == NEWS_LIST, "guard_head_list", "%s",
	    why);
	free(list);
	(void)head(good[11], &r);
	CASE(strcmp(r.id, ID64) == 0 && !r.exec &&
	    strcmp(r.target, "/v1.41/containers/" ID64 "/start") == 0,
	    "guard_head_id", "%s", r.target);
	(void)head(good[21], &r);
	CASE(strcmp(r.id, ID64) == 0 && r.exec, "guard_head_exec", "%s", r.id);
}

static void
test_bad_heads(void)
{
	static const char *const bad[] = {
		/* what we do not ask for */
		GET("/info"), GET("/v1.41/events"),
		GET("/v1.41/containers/json"),
		GET("/v1.41/containers/json?all=1"),
		GET("/v1.41/containers/json?all=1&filters=%7B%7D"),
		GET("/v1.41/volumes"),
		"GET /v1.41/containers/" ID64 "/archive?path=/ HTTP/1.1" HOST
		    JSON END,
		GET("/v1.41/containers/" ID64 "/export"),
		GET("/v1.41/images/a/get"), GET("/v1.41/images/json"),
		POST("/v1.41/containers/" ID64 "/update"),
		POST("/v1.41/containers/" ID64 "/start?checkpoint=a"),
		POST("/v1.41/commit?container=" ID64),
		POST("/v1.41/images/a/push"), POST("/v1.41/images/load"),
		POST("/v1.41/plugins/pull?remote=a"), POST("/v1.41/session"),
		POST("/v1.41/swarm/init"), SEND("/v1.41/containers/create"),
		SEND("/v1.41/containers/create?name=other"),
		SEND("/v1.41/containers/create?name=claude-a&platform=b"),
		SEND("/v1.41/volumes/create?a"),
		POST("/v1.41/containers/prune"),
		POST("/v1.41/build?remote=https://a"),
		"POST /v1.41/build?t=site%2Fclaude&buildargs=%7B%7D"
		    "&labels=%7B%7D&nocache=0&rm=1&forcerm=1&networkmode=host"
		    " HTTP/1.1" HOST TAR "Content-Length: 2048\r\n" END,
		"POST /v1.41/build?t=debian&buildargs=%7B%7D&labels=%7B%7D"
		    "&nocache=0&rm=1&forcerm=1 HTTP/1.1" HOST TAR
		    "Content-Length: 2048\r\n" END,
		"DELETE /v1.41/volumes/other HTTP/1.1" HOST JSON END,
		"DELETE /v1.41/containers/claude-work?force=1 HTTP/1.1" HOST
		    JSON END,
		"PUT /v1.41/containers/" ID64 "/archive?path=/ HTTP/1.1" HOST
		    JSON END,
		"HEAD /version HTTP/1.1" HOST JSON END,
		"get /version HTTP/1.1" HOST JSON END,
		/* of another way to say it */
		GET("/v1.40/networks/proxy-external"),
		GET("/v1.45/networks/proxy-external"),
		GET("/v1.041/networks/proxy-external"),
		GET("/v1.4/networks/proxy-external"),
		GET("/v1.411/networks/proxy-external"),
		GET("/networks/proxy-external"),
		GET("/v1.41/libpod/containers/" ID64 "/json"),
		GET("/v3.0.0/libpod/containers/" ID64 "/json"),
		GET("/libpod/containers/" ID64 "/json"),
		GET("http://engine/version"), GET("*"), GET(""),
		GET("//version"),
		GET("/v1.41//networks/proxy-external"),
		GET("/v1.41/networks/../info"), GET("/v1.41/networks/%2e%2e"),
		GET("/v1.41/./networks/a"), GET("/v1.41/networks/a/"),
		GET("/v1.41/networks/a?b"), GET("/v1.41/networks/a#b"),
		POST("/v1.41/containers/" ID64 "/stop?t=1&t=2"),
		POST("/v1.41/containers/" ID64 "/stop?t=1?t=2"),
		POST("/v1.41/containers/" ID64 "/%73tart"),
		POST("/v1.41/containers//" ID64 "/start"),
		POST("/v1.41/containers/" ID64 "/start/"),
		POST("/v1.41/images/create?fromImage=a&fromSrc=-"),
		POST("/v1.41/images/create?fromImage=a;fromSrc=-"),
		POST("/v1.41/images/create?fromImage=a+b"),
		GET("/v1.41/images/../containers/json"),
		GET("/v1.41/images/a?b/json"), GET("/v1.41/images/a%2fb/json"),
		GET("/v1.41/containers/" ID8 "/json"),
		GET("/v1.41/containers/" ID64 "0/json"),
		GET("/v1.41/containers/claude-work/json"),
		POST("/v1.41/containers/" ID64 "/kill?signal=9"),
		POST("/v1.41/containers/" ID64 "/stop?t=-1"),
		POST("/v1.41/containers/" ID64 "/rename?name=other"),
		/* heads */
		"", "\r\n\r\n", "GET /version HTTP/1.1\r\n\r\n",
		"GET /version HTTP/1.0" HOST JSON END,
		"GET /version HTTP/1.1 " HOST JSON END,
		"GET  /version HTTP/1.1" HOST JSON END,
		" GET /version HTTP/1.1" HOST JSON END,
		"GET /version" HOST JSON END,
		"\r\nGET /version HTTP/1.1" HOST JSON END,
		"GET /version HTTP/1.1\nHost: engine\n\n",
		"GET /version HTTP/1.1\r\nHost: engine\n\r\n\r\n",
		"GET /version HTTP/1.1\r\nHost: other\r\n" JSON END,
		"GET /version HTTP/1.1\r\nhost: engine\r\n" JSON END,
		"GET /version HTTP/1.1\r\nHost : engine\r\n" JSON END,
		"GET /version HTTP/1.1\r\nHost:engine\r\n" JSON END,
		"GET /version HTTP/1.1" HOST "Host: engine\r\n" END,
		"GET /version HTTP/1.1" HOST " folded\r\n" END,
		"GET /version HTTP/1.1" HOST "X: y\r\n" END,
		"GET /version HTTP/1.1" HOST "Expect: 100-continue\r\n" END,
		"GET /version HTTP/1.1" HOST "Connection: close\r\n" END,
		"GET /version HTTP/1.1" HOST "Upgrade: h2c\r\n" END,
		"GET /version HTTP/1.1" HOST UP END,
		"GET /version HTTP/1.1" HOST END "GET /version HTTP/1.1" HOST
		    END,
		"GET /version HTTP/1.1" HOST "X-Registry-Auth: a\r\n" END,
		/* bodies */
		"GET /version HTTP/1.1" HOST "Content-Length: 1\r\n" END,
		"GET /version HTTP/1.1" HOST TAR END,
		"GET /version HTTP/1.1" HOST "Transfer-Encoding: chunked\r\n"
		    END,
		POST("/v1.41/volumes/create"),
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Transfer-Encoding: chunked\r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Content-Length: 7\r\nContent-Length: 7\r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Content-Length: +7\r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Content-Length: 07\r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Content-Length: 7 \r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Content-Length: 0x7\r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Content-Length: 99999999\r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Content-Length: 18446744073709551616\r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST TAR
		    "Content-Length: 7\r\n" END,
		"POST /v1.41/volumes/create HTTP/1.1" HOST JSON
		    "Content-Length: 7\r\n" UP END,
		IMPORT HOST TAR
		    END,
		IMPORT HOST JSON
		    "Content-Length: 7\r\n" END,
		IMPORT HOST TAR
		    "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n" END,
		IMPORT HOST TAR
		    "Transfer-Encoding: chunked, chunked\r\n" END,
		IMPORT HOST TAR
		    "transfer-encoding: chunked\r\n" END,
		"POST /v1.41/images/create?fromSrc=-&repo=debian HTTP/1.1"
		    HOST TAR "Content-Length: 7\r\n" END,
		"POST /v1.41/images/create?fromSrc=http://a&repo=claudesec/a"
		    " HTTP/1.1" HOST TAR "Content-Length: 7\r\n" END,
		/* half an upgrade, and what must be one */
		"POST /v1.41/exec/" ID64 "/start HTTP/1.1" HOST JSON
		    "Content-Length: 7\r\nUpgrade: tcp\r\n" END,
		"POST /v1.41/exec/" ID64 "/start HTTP/1.1" HOST JSON
		    "Content-Length: 7\r\nConnection: Upgrade\r\n"
		    "Upgrade: h2c\r\n" END,
		POST("/v1.41/containers/" ID64
		    "/attach?stream=1&stdin=1&stdout=1&stderr=1"),
		"POST /v1.41/containers/" ID64 "/attach?logs=1 HTTP/1.1" HOST
		    JSON "Content-Length: 0\r\n" UP END
	};
	static const char nul[] = "GET /version HTTP/1.1" HOST "\0\r\n" END;
	struct guard_request r;
	char copy[sizeof(nul)];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CASE(head(bad[i], &r) != NULL, "guard_bad_head", "%.60s",
		    bad[i]);
	memcpy(copy, nul, sizeof(nul));
	CASE(guard_request(&r, copy, sizeof(nul) - 1, &terms) != NULL,
	    "guard_bad_head_nul", "taken");
}

static void
test_answers(void)
{
	static const struct {
		const char	*text;
		int		 status, chunked;
	} t[] = {
		{ "HTTP/1.1 201 Created\r\nA: b\r\n\r\n", 201, 0 },
		{ "HTTP/1.1 101 UPGRADED\r\n\r\n", 101, 0 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200,
		    1 },
		{ "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n", 200,
		    1 },
		{ "HTTP/1.1 200\r\n\r\n", 200, 0 },
		{ "HTTP/1.0 101 A\r\n\r\n", -1, 0 },
		{ "HTTP/1.1  101 A\r\n\r\n", -1, 0 },
		{ "HTTP/1.1 1011 A\r\n\r\n", -1, 0 },
		{ "HTTP/1.1 1a1 A\r\n\r\n", -1, 0 },
		{ "HTTP/1.1 10\r\n\r\n", -1, 0 },
		{ "", -1, 0 }
	};
	struct guard_answer a;
	size_t i;
	int status;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		status = guard_answer(&a, t[i].text, strlen(t[i].text)) == -1 ?
		    -1 : a.status;
		CASE(status == t[i].status && (status == -1 ||
		    a.chunked == t[i].chunked), "guard_answer", "%zu: %d", i,
		    status);
	}
}

/* what is data of it, or NULL; the rest is in *len */
static char *
unchunk(const char *text, size_t step, size_t *len)
{
	static char buf[256];
	struct guard_chunks c;
	size_t n, run;
	ssize_t used;

	memset(&c, 0, sizeof(c));
	buf[0] = '\0';
	*len = strlen(text);
	while (*len > 0 && !c.done) {
		n = *len < step ? *len : step;
		if ((used = guard_chunks(&c, text, n, &run)) <= 0)
			return (NULL);
		(void)strncat(buf, text, run);
		text += used;
		*len -= (size_t)used;
	}
	return (c.done ? buf : NULL);
}

static void
test_chunks(void)
{
	static const char *const bad[] = {
		"", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhelloo\r\n0\r\n\r\n",
		"5;a=b\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n",
		"5 \r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n",
		"0x5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n",
		"+5\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n",
		"0000000000000005\r\nhello\r\n0\r\n\r\n",
		"0\r\nTrailer: a\r\n\r\n", "5\r\nhello\n\r0\r\n\r\n",
		"\r\n\r\n", "5\r\nhello\r\n\r\n\r\n",
		"5\r\nhelloX\n0\r\n\r\n", "0\r\nX\n", "0\r\n\r\r",
		"5\r\nhello\rX0\r\n\r\n", "5\rXhello\r\n0\r\n\r\n"
	};
	const char *data;
	size_t i, left;

	for (i = 1; i < 12; i++) {
		data = unchunk("5\r\nhello\r\nA\r\n, says he.\r\n0\r\n\r\nGET",
		    i, &left);
		CASE(data != NULL && strcmp(data, "hello, says he.") == 0 &&
		    left == 3, "guard_chunks", "by %zu: %s, %zu left", i,
		    data, left);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CASE(unchunk(bad[i], 64, &left) == NULL, "guard_bad_chunks",
		    "%zu", i);
}

/*
 * What is asked for.
 */

static int
passes(int (*check)(const json_t *, struct guard_case *), const json_t *json)
{
	struct guard_case gc;
	int good;

	memset(&gc, 0, sizeof(gc));
	gc.terms = &terms;
	good = check(json, &gc);
	strings_free(&gc.sources);
	return (good);
}

static json_t *
agent(int podman)
{
	json_t *json, *other;

	spec.podman = (uint32_t)podman;
	if (podman)
		json = spec_agent(&spec, &config, DATADIR "/seccomp.json");
	else
		json = spec_agent(&spec, &config,
		    "{ \"defaultAction\": \"SCMP_ACT_ERRNO\" }");
	if (json == NULL)
		abort();
	if (!podman)
		return (json);
	if ((other = spec_podman(json, "claude-work")) == NULL)
		abort();
	json_decref(json);
	return (other);
}

static json_t *
sidecar(int podman)
{
	json_t *json, *other;

	spec.podman = (uint32_t)podman;
	(void)strlcpy(spec.network, podman ? "claude-work-net" : NETWORK_NAME,
	    sizeof(spec.network));
	if ((json = spec_sidecar(&spec)) == NULL)
		abort();
	if (!podman)
		return (json);
	if ((other = spec_podman(json, "claude-work-proxy")) == NULL)
		abort();
	json_decref(json);
	return (other);
}

/* some of what is not asked for, and maps of what may have any name */
static int
may_change(const char *key)
{
	static const char *const keys[] = { "cpu", "env",
	    "AttachStdin", "AttachStdout", "AttachStderr", "Tty",
	    "DetachKeys", "WorkingDir", "Env", "claudesec.session",
	    "net.ipv6.conf.all.disable_ipv6", "NonRecursive", "userns" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i]) == 0)
			return (1);
	return (strncmp(key, "claudesec.", 10) == 0 ||
	    strncmp(key, "/", 1) == 0);
}

/*
 * In every object in it, one after the other: each name in other letters, or
 * missing, and a name more.
 */
static void
change(int (*check)(const json_t *, struct guard_case *), json_t *whole,
    json_t *json, const char *where)
{
	json_t *names, *value;
	const char *key;
	char other[256];
	size_t i;

	if (json_is_array(json)) {
		for (i = 0; i < json_array_size(json); i++)
			change(check, whole, json_array_get(json, i), where);
		return;
	}
	if (!json_is_object(json) || strcmp(where, "env") == 0)
		return;
	names = json_array();
	json_object_foreach(json, key, value)
		(void)json_array_append_new(names, json_string(key));
	for (i = 0; i < json_array_size(names); i++) {
		key = json_string_value(json_array_get(names, i));
		value = json_object_get(json, key);
		change(check, whole, value, key);
		(void)strlcpy(other, key, sizeof(other));
		other[0] = (char)(islower((unsigned char)other[0]) ?
		    toupper((unsigned char)other[0]) :
		    tolower((unsigned char)other[0]));
		if (strcmp(other, key) == 0)
			continue;
		(void)json_object_set(json, other, value);
		CASE(!passes(check, whole), "guard_other_letters", "%s.%s",
		    where, other);
		(void)json_object_del(json, other);
		if (may_change(key))
			continue;
		value = json_incref(value);
		(void)json_object_del(json, key);
		CASE(!passes(check, whole), "guard_missing", "%s.%s", where,
		    key);
		(void)json_object_set_new(json, key, value);
	}
	json_decref(names);
	(void)json_object_set_new(json, "Binds", json_pack("[s]",
	    "/:/host"));
	CASE(!passes(check, whole), "guard_another", "%s", where);
	(void)json_object_del(json, "Binds");
	CASE(passes(check, whole), "guard_as_it_was", "%s", where);
}

static void
test_containers(void)
{
	int podman;
	json_t *json;

	for (podman = 0; podman < 2; podman++) {
		json = agent(podman);
		CASE(passes(podman ? guard_libpod : guard_container, json),
		    "guard_agent", "podman %d", podman);
		change(podman ? guard_libpod : guard_container, json, json,
		    "agent");
		json_decref(json);
		json = sidecar(podman);
		CASE(passes(podman ? guard_libpod : guard_container, json),
		    "guard_sidecar", "podman %d", podman);
		change(podman ? guard_libpod : guard_container, json, json,
		    "sidecar");
		json_decref(json);
	}
	for (podman = 0; podman < 2; podman++) {
		json = podman ? sidecar(0) : agent(0);
		(void)json_array_append_new(json_object_get(json_object_get(
		    json, "HostConfig"), "SecurityOpt"),
		    json_string("apparmor=" APPARMOR_PROFILE));
		CASE(passes(guard_container, json), "guard_apparmor", "%d",
		    podman);
		(void)json_array_append_new(json_object_get(json_object_get(
		    json, "HostConfig"), "SecurityOpt"),
		    json_string("apparmor=unconfined"));
		CASE(!passes(guard_container, json), "guard_no_apparmor",
		    "%d", podman);
		json_decref(json);
	}
	/* what is shared has a place of its own where there is no login */
	spec.login[0] = '\0';
	for (podman = 0; podman < 2; podman++) {
		json = agent(podman);
		CASE(passes(podman ? guard_libpod : guard_container, json),
		    "guard_share", "podman %d", podman);
		json_decref(json);
	}
	(void)strlcpy(spec.login, "/home/u/login", sizeof(spec.login));
	(void)strlcpy(spec.services, "services", sizeof(spec.services));
	json = agent(0);
	CASE(passes(guard_container, json), "guard_services", "refused");
	json_decref(json);
	spec.services[0] = '\0';
}

/* the value at a path of names and numbers */
static json_t *
at(json_t *json, const char *path)
{
	char name[64];
	size_t n;

	for (; *path != '\0'; path += n + (path[n] == ' ')) {
		n = strcspn(path, " ");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, path);
		json = json_is_array(json) ? json_array_get(json,
		    (size_t)atoi(name)) : json_object_get(json, name);
	}
	return (json);
}

#define H	"HostConfig"
#define M	"HostConfig Mounts"

static void
test_values(void)
{
	static const struct {
		int		 kind;	/* agent, its podman's, sidecar ... */
		const char	*path, *key, *value;
	} t[] = {
		{ 0, H, "Privileged", "true" },
		{ 0, H, "NetworkMode", "\"host\"" },
		{ 0, H, "NetworkMode", "\"bridge\"" },
		{ 0, H, "NetworkMode", "\"container:" ID64 "\"" },
		{ 0, H, "NetworkMode", "\"other\"" },
		{ 0, H, "NetworkMode", "\"\"" },
		{ 0, H, "IpcMode", "\"host\"" },
		{ 0, H, "PidMode", "\"host\"" },
		{ 0, H, "CgroupnsMode", "\"host\"" },
		{ 0, H, "CapDrop", "[]" },
		{ 0, H, "CapDrop", "null" },
		{ 0, H, "CapAdd", "[\"ALL\"]" },
		{ 0, H, "CapAdd", "[]" },
		{ 0, H, "Devices", "[]" },
		{ 0, H, "UTSMode", "\"\"" },
		{ 0, H, "UsernsMode", "\"host\"" },
		{ 0, H, "VolumesFrom", "[\"a\"]" },
		{ 0, H, "Cgroup", "\"a\"" },
		{ 0, H, "CgroupParent", "\"/\"" },
		{ 0, H, "GroupAdd", "[\"docker\"]" },
		{ 0, H, "Runtime", "\"other\"" },
		{ 0, H, "ReadonlyRootfs", "false" },
		{ 0, H, "MaskedPaths", "[]" },
		{ 0, H, "SecurityOpt", "[]" },
		{ 0, H, "SecurityOpt", "[\"seccomp=unconfined\"]" },
		{ 0, H, "SecurityOpt", "[\"no-new-privileges\"]" },
		{ 0, H, "SecurityOpt",
		    "[\"no-new-privileges\",\"seccomp=unconfined\"]" },
		{ 0, H, "SecurityOpt", "[\"no-new-privileges\","
		    "\"seccomp={\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\"}\"]" },
		{ 0, H, "SecurityOpt", "[\"no-new-privileges\","
		    "\"seccomp={\\\"defaultAction\\\":\\\"SCMP_ACT_ERRNO\\\"}\","
		    "\"apparmor=unconfined\"]" },
		{ 0, H, "Sysctls", "{}" },
		{ 0, H, "Sysctls", "{\"kernel.core_pattern\":\"|/x\"}" },
		{ 0, H, "Sysctls", "{\"net.ipv4.ip_unprivileged_port_start\":"
		    "\"0\",\"kernel.msgmax\":\"1\"}" },
		{ 0, H, "Tmpfs", "{\"/etc\":\"rw\"}" },
		{ 0, H, "Tmpfs", "{\"/home/agent/.claude/x\":\"rw\"}" },
		{ 0, H, "Tmpfs", "{\"/workspace\":\"rw\"}" },
		{ 0, H, "Tmpfs", "{\"/tmp\":\"rw /etc\"}" },
		{ 0, H, "Dns", "[\"8.8.8.8\"]" },
		{ 0, H, "Memory", "-1" },
		{ 0, H, "Memory", "\"1\"" },
		{ 0, H, "PidsLimit", "-1" },
		{ 0, H, "Init", "false" },
		{ 0, H, "Mounts", "[]" },
		{ 0, H, "Mounts", "null" },
		{ 0, H, "LogConfig", "{\"Type\":\"syslog\",\"Config\":{}}" },
		{ 0, M " 0", "Source", "\"/\"" },
		{ 0, M " 0", "Source", "\"/etc\"" },
		{ 0, M " 0", "Source", "\"/home/u\"" },
		{ 0, M " 0", "Source", "\"/home/u/work/\"" },
		{ 0, M " 0", "Source", "\"/home/u/work/..\"" },
		{ 0, M " 0", "Source", "\"/home/u/work/.git\"" },
		{ 0, M " 0", "Source", "\"/home/u/workshop\"" },
		{ 0, M " 0", "Source", "\"/home/u/login\"" },
		{ 0, M " 0", "Source", "\"/home/v/work\"" },
		{ 0, M " 0", "Source", "\"/var/run/docker.sock\"" },
		{ 0, M " 0", "Target", "\"/\"" },
		{ 0, M " 0", "Target", "\"/workspace/a\"" },
		{ 0, M " 0", "Target", "\"/run/claudesec\"" },
		{ 0, M " 0", "Type", "\"npipe\"" },
		{ 0, M " 0", "BindOptions", "{\"Propagation\":\"rshared\"}" },
		{ 0, M " 0", "BindOptions", "{\"Propagation\":\"rprivate\","
		    "\"CreateMountpoint\":true}" },
		{ 0, M " 0", "VolumeOptions", "{}" },
		{ 0, M " 1", "Source", "\"other\"" },
		{ 0, M " 1", "Source", "\"claude-other\"" },
		{ 0, M " 1", "Source", "\"claude-run\"" },
		{ 0, M " 1", "Source", "\"/etc\"" },
		{ 0, M " 1", "Target", "\"/workspace\"" },
		{ 0, M " 1", "VolumeOptions", "{\"NoCopy\":true,"
		    "\"DriverConfig\":{\"Name\":\"local\"}}" },
		{ 0, M " 2", "Source", "\"/etc\"" },
		{ 0, M " 2", "Target", "\"/workspace\"" },
		{ 0, M " 3", "Source", "\"/home/u/work/../x\"" },
		{ 0, M " 3", "Source", "\"/home/u/work/.git/../../x\"" },
		{ 0, M " 3", "Source", "\"/home/u/work//x\"" },
		{ 0, M " 3", "Source", "\"/home/u/work/.ssh\"" },
		{ 0, M " 3", "Source", "\"/etc/.git/hooks\"" },
		{ 0, M " 5", "ReadOnly", "false" },
		{ 0, M " 5", "Source", "\"/home/u/.claude/agents\"" },
		{ 0, M " 5", "Source", "\"/home/u/.claude\"" },
		{ 0, M " 5", "Source", "\"/home/u/.claude/commands/a\"" },
		{ 0, M " 5", "Target", "\"/home/agent/.claude\"" },
		{ 0, M " 5", "Target", "\"/home/agent/.claude/agents\"" },
		{ 0, M " 5", "Target", "\"/workspace\"" },
		{ 0, M " 5", "BindOptions", "{\"Propagation\":\"rprivate\"}" },
		{ 0, M " 5", "BindOptions", "{\"Propagation\":\"rprivate\","
		    "\"NonRecursive\":true,\"ReadOnlyNonRecursive\":true}" },
		{ 0, "", "User", "\"0:0\"" },
		{ 0, "", "User", "\"root\"" },
		{ 0, "", "User", "\"\"" },
		{ 0, "", "User", "\"1000\"" },
		{ 0, "", "User", "\"1001:1001\"" },
		{ 0, "", "User", "\"13:13\"" },
		{ 0, "", "Entrypoint", "[\"/bin/sh\"]" },
		{ 0, "", "Healthcheck", "{\"Test\":[\"CMD\",\"a\"]}" },
		{ 0, "", "Volumes", "{\"/a\":{}}" },
		{ 0, "", "ExposedPorts", "{}" },
		{ 0, "", "NetworkingConfig", "{}" },
		{ 0, "", "Env", "[1]" },
		{ 0, "", "Image", "\"a b\"" },
		{ 0, "", "Labels", "{}" },
		{ 0, "Labels", "com.docker.a", "\"\"" },
		{ 0, "Labels", LABEL_DAEMON, "\"0:/other\"" },
		{ 0, "Labels", LABEL_PATH, "1" },
		{ 1, "", "netns", "{\"nsmode\":\"host\"}" },
		{ 1, "", "netns", "{\"nsmode\":\"bridge\"}" },
		{ 1, "", "netns", "{\"nsmode\":\"none\",\"value\":\"a\"}" },
		{ 1, "", "pidns", "{\"nsmode\":\"host\"}" },
		{ 1, "", "ipcns", "{\"nsmode\":\"host\"}" },
		{ 1, "", "utsns", "{\"nsmode\":\"host\"}" },
		{ 1, "", "cgroupns", "{\"nsmode\":\"host\"}" },
		{ 1, "", "userns", "{\"nsmode\":\"host\"}" },
		{ 1, "", "privileged", "true" },
		{ 1, "", "cap_add", "[\"ALL\"]" },
		{ 1, "", "cap_drop", "[]" },
		{ 1, "", "no_new_privileges", "false" },
		{ 1, "", "seccomp_profile_path", "\"unconfined\"" },
		{ 1, "", "devices", "[]" },
		{ 1, "", "rootfs", "\"/\"" },
		{ 1, "", "volumes_from", "[\"a\"]" },
		{ 1, "", "overlay_volumes", "[]" },
		{ 1, "", "image_volumes", "[]" },
		{ 1, "", "annotations", "{}" },
		{ 1, "", "oci_runtime", "\"a\"" },
		{ 1, "", "user", "\"0:0\"" },
		{ 1, "", "name", "\"other\"" },
		{ 1, "mounts 0", "source", "\"/\"" },
		{ 1, "mounts 0", "destination", "\"/etc\"" },
		{ 1, "mounts 0", "type", "\"devpts\"" },
		{ 1, "mounts 0", "options", "[\"rw\",\"rbind\",\"rshared\"]" },
		{ 1, "mounts 0", "options", "[\"rw\",\"rbind\",\"rprivate\","
		    "\"suid\"]" },
		{ 1, "mounts 0", "options", "[]" },
		{ 1, "mounts 4", "options", "[\"rw\",\"bind\",\"rprivate\"]" },
		{ 1, "mounts 4", "options", "[\"ro\",\"rbind\",\"rprivate\"]" },
		{ 1, "mounts 5", "source", "\"/etc/resolv.conf\"" },
		{ 1, "mounts 5", "source", "\"/data/hosts\"" },
		{ 1, "mounts 5", "destination", "\"/etc/passwd\"" },
		{ 1, "mounts 5", "options", "[\"rw\",\"rbind\",\"rprivate\"]" },
		{ 1, "mounts 6", "source", "\"/etc/hosts\"" },
		{ 1, "mounts 6", "source", "\"/data/resolv.conf\"" },
		{ 1, "mounts 6", "options", "[\"rw\",\"rbind\",\"rprivate\"]" },
		{ 1, "mounts 7", "destination", "\"/etc\"" },
		{ 1, "mounts 7", "options", "[\"rw /\"]" },
		{ 1, "volumes 0", "Name", "\"/etc\"" },
		{ 1, "volumes 0", "Dest", "\"/workspace\"" },
		{ 1, "volumes 0", "Options", "[\"rw\",\"O\"]" },
		{ 1, "volumes 0", "Options", "[\"rw\"]" },
		{ 2, H, "NetworkMode", "\"host\"" },
		{ 2, H, "NetworkMode", "\"none\"" },
		{ 2, H, "SecurityOpt", "[]" },
		{ 2, H, "Mounts", "[]" },
		{ 2, M " 0", "Type", "\"bind\"" },
		{ 2, "", "User", "\"0:0\"" },
		{ 2, "", "User", "\"1000:1000\"" },
		{ 2, "", "Cmd", "[\"/bin/sh\"]" },
		{ 2, "", "Entrypoint", "[]" },
		{ 3, "", "networks", "{\"podman\":{}}" },
		{ 3, "", "networks", "{\"claude-a-net\":{\"interface_name\":"
		    "\"a\"}}" },
		{ 3, "", "netns", "{\"nsmode\":\"host\"}" },
		{ 3, "", "mounts", "[{\"type\":\"bind\",\"source\":\"/\"}]" }
	};
	json_t *json;
	size_t i;
	int podman;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		podman = t[i].kind & 1;
		json = t[i].kind < 2 ? agent(podman) : sidecar(podman);
		if (json_object_set_new(at(json, t[i].path), t[i].key,
		    json_loads(t[i].value, JSON_DECODE_ANY, NULL)) == -1)
			CASE(0, "guard_value", "%s: no such place", t[i].path);
		CASE(!passes(podman ? guard_libpod : guard_container, json),
		    "guard_value", "%d %s %s %s", t[i].kind, t[i].path,
		    t[i].key, t[i].value);
		json_decref(json);
	}
	/* twice what there is to be once */
	json = agent(0);
	(void)json_array_append(at(json, M), at(json, M " 0"));
	CASE(!passes(guard_container, json), "guard_workspace_twice", "taken");
	json_decref(json);
	test_owner();
	test_within();
	test_why();
	terms.bounds.network[0] = '\0';
	json = agent(0);
	(void)json_object_set_new(at(json, H), "NetworkMode", json_string(""));
	CASE(!passes(guard_container, json), "guard_no_network", "taken");
	json_decref(json);
	(void)strlcpy(terms.bounds.network, "services", NAME_MAXLEN);
}

/* What is in a workspace, by names that do not lead out of it. */
static void
test_within(void)
{
	static const struct {
		int		 good;
		const char	*path;
	} t[] = {
		{ 1, "/a" }, { 1, "/a/.git" }, { 1, "/..a/b.." }, { 0, "/" },
		{ 0, "/.." }, { 0, "/../x" }, { 0, "/a/../../x" },
		{ 0, "/a/.." }, { 0, "//x" }, { 0, "/a//x" }, { 0, "/a/" },
		{ 0, "/." }, { 0, "/./x" }, { 0, "shop" }, { 0, "/x/./y" }
	};
	char source[64], target[64];
	json_t *json, *mount;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		json = agent(0);
		mount = at(json, M " 3");
		(void)snprintf(source, sizeof(source), "/home/u/work%s",
		    t[i].path);
		(void)snprintf(target, sizeof(target), AGENT_WORKSPACE "%s",
		    t[i].path);
		(void)json_object_set_new(mount, "Source",
		    json_string(source));
		(void)json_object_set_new(mount, "Target",
		    json_string(target));
		CASE(passes(guard_container, json) == t[i].good,
		    "guard_within", "%s", t[i].path);
		json_decref(json);
	}
}

/* Root is harmless where the engine is a user's, for that user's. */
static void
test_owner(void)
{
	static const struct {
		uid_t		 owner;
		int		 remote;
		const char	*user;
		int		 good;
	} t[] = {
		{ 0, 0, "0:0", 0 }, { 1000, 0, "0:0", 1 },
		{ 1001, 0, "0:0", 0 }, { 1000, 0, "1000:1000", 1 },
		{ 1000, 0, "0:1", 0 }, { 1000, 0, "1001:1001", 0 },
		{ (uid_t)-1, 0, "0:0", 0 }, { 1000, 1, "0:0", 0 },
		{ 1000, 1, "1000:1000", 1 }
	};
	struct guard_case gc;
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&gc, 0, sizeof(gc));
		gc.terms = &terms;
		gc.engine = t[i].owner;
		terms.bounds.remote = (uint32_t)t[i].remote;
		json = agent(0);
		(void)json_object_set_new(json, "User",
		    json_string(t[i].user));
		CASE(guard_container(json, &gc) == t[i].good, "guard_owner",
		    "%u %s", t[i].owner, t[i].user);
		strings_free(&gc.sources);
		json_decref(json);
	}
	terms.bounds.remote = 0;
}

/* What it was refused for is told by its name. */
static void
test_why(void)
{
	static const struct {
		const char	*path, *key, *value, *why;
	} t[] = {
		{ H, "Privileged", "true", "Privileged" },
		{ H, "Tmpfs", "{\"/etc\":\"rw\"}", "Tmpfs" },
		{ H, "Mounts", "[]", "not one workspace" },
		{ M " 0", "Source", "\"/etc\"", "/etc" },
		{ M " 0", "BindOptions", "{\"Propagation\":\"shared\"}",
		    "Propagation" },
		{ "", "HostConfig", "{}", "no NetworkMode" },
		{ "", "HostConfig", "[]", "no object" },
		{ "", "User", "1", "no user" },
		{ "", "x\n", "1", "x" }
	};
	struct guard_case gc;
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&gc, 0, sizeof(gc));
		gc.terms = &terms;
		json = agent(0);
		(void)json_object_set_new(at(json, t[i].path), t[i].key,
		    json_loads(t[i].value, JSON_DECODE_ANY, NULL));
		CASE(!guard_container(json, &gc) && strcmp(gc.why,
		    t[i].why) == 0, "guard_why", "%s: %s", t[i].key, gc.why);
		strings_free(&gc.sources);
		json_decref(json);
	}
}

static void
test_others(void)
{
	static const struct {
		int		 (*check)(const json_t *, struct guard_case *);
		int		 good;
		const char	*text;
	} t[] = {
		{ guard_exec, 1, "{\"Cmd\":[\"a\"]}" },
		{ guard_exec, 0, "{}" },
		{ guard_exec, 0, "[]" },
		{ guard_exec, 0, "{\"Cmd\":[\"a\"],\"Privileged\":true}" },
		{ guard_exec, 0, "{\"Cmd\":[\"a\"],\"Privileged\":false}" },
		{ guard_exec, 0, "{\"Cmd\":[\"a\"],\"privileged\":true}" },
		{ guard_exec, 0, "{\"Cmd\":[\"a\"],\"User\":\"0\"}" },
		{ guard_exec, 0, "{\"Cmd\":[\"a\"],\"WorkingDir\":\"/\"}" },
		{ guard_exec, 0, "{\"Cmd\":\"a\"}" },
		{ guard_exec_start, 1, "{\"Detach\":true,\"Tty\":false}" },
		{ guard_exec_start, 0, "{\"Detach\":false,\"Tty\":false}" },
		{ guard_exec_start, 0, "{\"detach\":true,\"Tty\":false}" },
		{ guard_exec_start, 0, "{\"Tty\":false}" },
		{ guard_volume, 0, "{\"Name\":\"claude-a-run\"}" },
		{ guard_volume, 0, "{\"Name\":\"other\",\"Driver\":\"local\","
		    "\"Labels\":{\"claudesec.daemon\":\"1000:/run/sock\"}}" },
		{ guard_volume, 1, "{\"Name\":\"claude-a-run\",\"Driver\":"
		    "\"local\",\"Labels\":{\"claudesec.daemon\":"
		    "\"1000:/run/sock\"}}" },
		{ guard_volume, 1, "{\"Name\":\"claude-a\",\"Driver\":"
		    "\"local\",\"Labels\":{\"claudesec.daemon\":"
		    "\"1000:/run/sock\"}}" },
		{ guard_volume, 0, "{\"Name\":\"claude-a-run\",\"Driver\":"
		    "\"local\",\"Labels\":{\"claudesec.daemon\":"
		    "\"1000:/run/sock\"},\"DriverOpts\":{\"type\":\"none\","
		    "\"o\":\"bind\",\"device\":\"/\"}}" },
		{ guard_volume, 0, "{\"Name\":\"claude-a-run\",\"Driver\":"
		    "\"other\",\"Labels\":{\"claudesec.daemon\":"
		    "\"1000:/run/sock\"}}" },
		{ guard_network, 0, "{\"Name\":\"a\"}" },
		{ guard_network, 0, "{}" }
	};
	struct guard_case gc;
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		json = json_loads(t[i].text, 0, NULL);
		CASE(passes(t[i].check, json) == t[i].good, "guard_other",
		    "%s", t[i].text);
		json_decref(json);
	}
	memset(&gc, 0, sizeof(gc));
	gc.terms = &terms;
	gc.upgrade = 1;
	json = json_pack("{s:b, s:b}", "Detach", 0, "Tty", 1);
	CASE(guard_exec_start(json, &gc), "guard_stream", "refused");
	(void)json_object_set_new(json, "Detach", json_true());
	CASE(!guard_exec_start(json, &gc), "guard_stream_detached", "taken");
	json_decref(json);
	json = spec_exec(&spec, "mark");
	CASE(passes(guard_exec, json), "guard_exec", "refused");
	change(guard_exec, json, json, "exec");
	json_decref(json);
	json = spec_kill("mark", 15);
	CASE(passes(guard_exec, json), "guard_kill", "refused");
	json_decref(json);
	json = spec_port(80);
	CASE(passes(guard_exec, json), "guard_port", "refused");
	json_decref(json);
	json = spec_volume(&spec);
	CASE(passes(guard_volume, json), "guard_volume", "refused");
	change(guard_volume, json, json, "volume");
	json_decref(json);
	json = spec_network();
	CASE(passes(guard_network, json), "guard_network", "refused");
	change(guard_network, json, json, "network");
	json_decref(json);
	json = spec_services("services");
	CASE(passes(guard_network, json), "guard_services", "refused");
	change(guard_network, json, json, "services");
	json_decref(json);
	json = spec_services("other");
	CASE(!passes(guard_network, json), "guard_other_services", "taken");
	json_decref(json);
	(void)strlcpy(spec.network, "claude-work-net", sizeof(spec.network));
	json = spec_podman_network(&spec);
	CASE(passes(guard_libpod_network, json), "guard_libpod_network",
	    "refused");
	change(guard_libpod_network, json, json, "libpod_network");
	json_decref(json);
}
