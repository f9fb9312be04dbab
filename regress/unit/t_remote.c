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

#include <stdio.h>
#include <string.h>

#include "claudesec.h"

#include "unit.h"

static void	 test_good(void);
static void	 test_bad(void);
static void	 test_valid(void);

int
main(void)
{
	test_good();
	test_bad();
	test_valid();
	return (unit_failed);
}

static void
test_good(void)
{
	static const struct {
		const char	*url;
		enum remote_kind kind;
		const char	*user, *host;
		uint32_t	 port;
	} good[] = {
		{ "tcp://h", REMOTE_TLS, "", "h", 2376 },
		{ "tcp://h/", REMOTE_TLS, "", "h", 2376 },
		{ "tcp://h.example.org:1", REMOTE_TLS, "", "h.example.org", 1 },
		{ "tcp://127.0.0.1:65535", REMOTE_TLS, "", "127.0.0.1", 65535 },
		{ "tcp://[::1]", REMOTE_TLS, "", "::1", 2376 },
		{ "tcp://[fe80::1]:7/", REMOTE_TLS, "", "fe80::1", 7 },
		{ "ssh://h", REMOTE_SSH, "", "h", 0 },
		{ "ssh://me@h", REMOTE_SSH, "me", "h", 0 },
		{ "ssh://me.too_2-x@h:22", REMOTE_SSH, "me.too_2-x", "h", 22 },
		{ "ssh://me@[::1]:2222", REMOTE_SSH, "me", "::1", 2222 }
	};
	struct remote r;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		why = remote_parse(good[i].url, &r);
		CASE(why == NULL && r.kind == good[i].kind &&
		    r.port == good[i].port &&
		    strcmp(r.user, good[i].user) == 0 &&
		    strcmp(r.host, good[i].host) == 0, good[i].url, "%s: %s",
		    why == NULL ? "" : why, r.host);
	}
}

/* Nothing of which ssh, or a shell after it, would make something else. */
static void
test_bad(void)
{
	static const char *const bad[] = { "", "tcp", "tcp:/h", "http://h",
	    "unix:///x", "npipe://x", "tcp://", "tcp:///", "tcp://:1",
	    "tcp://h:", "tcp://h:0", "tcp://h:65536", "tcp://h:+1",
	    "tcp://h: 1", "tcp://h:1x", "tcp://h:1/x", "tcp://h//",
	    "tcp://h/path", "tcp://-h", "tcp://.h", "tcp://h h", "tcp://u@h",
	    "tcp://[::1", "tcp://[]", "tcp://[h]", "tcp://[::1]x",
	    "tcp://::1", "ssh://-oProxyCommand=x", "ssh://-l@h", "ssh://@h",
	    "ssh://u:password@h", "ssh://a@b@h", "ssh://u@-h", "ssh://u@",
	    "ssh://h;id", "ssh://h$(id)", "ssh://h\nid", "ssh://u@h/run/x",
	    "ssh://h?x", "ssh://h#x", "ssh://\303\244" };
	char name[64], url[1024];
	struct remote r;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(name, sizeof(name), "bad address %zu", i);
		CASE(remote_parse(bad[i], &r) != NULL, name, "%s", bad[i]);
	}
	memset(url, 'a', sizeof(url));
	memcpy(url, "tcp://", 6);
	url[sizeof(url) - 1] = '\0';
	CASE(remote_parse(url, &r) != NULL, "bad address, long", "passes");
	url[6 + HOST_MAXLEN] = '\0';
	CASE(remote_parse(url, &r) != NULL, "bad address, a byte too long",
	    "passes");
	url[6 + HOST_MAXLEN - 1] = '\0';
	CASE(remote_parse(url, &r) == NULL, "longest address", "refused");
	memset(url + 6, 'u', 64);
	memcpy(url, "ssh://", 6);
	memcpy(url + 6 + 64, "@h", 3);
	CASE(remote_parse(url, &r) != NULL, "bad address, long user",
	    "passes");
}

static void
test_valid(void)
{
	struct remote good, r;

	(void)remote_parse("ssh://u@h", &good);
	CASE(remote_valid(&good), "valid, ssh", "no");
	r = good;
	memset(r.host, 'h', sizeof(r.host));
	CASE(!remote_valid(&r), "not valid, host without an end", "yes");
	r = good;
	r.host[0] = '-';
	CASE(!remote_valid(&r), "not valid, host", "yes");
	r = good;
	memset(r.user, 'u', sizeof(r.user));
	CASE(!remote_valid(&r), "not valid, user without an end", "yes");
	r = good;
	r.user[0] = '-';
	CASE(!remote_valid(&r), "not valid, user", "yes");
	r = good;
	r.port = 65536;
	CASE(!remote_valid(&r), "not valid, port", "yes");
	r = good;
	r.kind = REMOTE_MAX;
	CASE(!remote_valid(&r), "not valid, kind", "yes");
	(void)remote_parse("tcp://h", &r);
	CASE(!remote_valid(&r), "not valid, no certificates", "yes");
	(void)strlcpy(r.tls, "/x", sizeof(r.tls));
	CASE(remote_valid(&r), "valid, tcp", "no");
	r.port = 0;
	CASE(!remote_valid(&r), "not valid, no port", "yes");
}
