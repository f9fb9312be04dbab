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
 * Addresses of container engines on other machines, as Docker's own client
 * has them.  Pure.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "claudesec.h"

#define PORT_TLS	2376

static const char *parse_address(const char *, struct remote *);
static const char *parse_port(const char *, struct remote *);
static int	 is_name(const char *, size_t);

/*
 * tcp://host[:port] or ssh://[user@]host[:port], and a slash may end it; a
 * host is a name or an address, of IPv6 in brackets.  Without a port ssh(1)
 * has its own.
 */
const char *
remote_parse(const char *url, struct remote *r)
{
	char buf[HOST_MAXLEN + 128];
	const char *host;
	char *at;
	size_t len;

	memset(r, 0, sizeof(*r));
	if (strncmp(url, "tcp://", 6) == 0) {
		r->kind = REMOTE_TLS;
		r->port = PORT_TLS;
	} else if (strncmp(url, "ssh://", 6) == 0) {
		r->kind = REMOTE_SSH;
	} else
		return ("neither unix:///path, nor tcp://host:port, nor "
		    "ssh://user@host");
	if (strlcpy(buf, url + 6, sizeof(buf)) >= sizeof(buf))
		return ("too long");
	len = strlen(buf);
	if (len > 0 && buf[len - 1] == '/')
		buf[len - 1] = '\0';
	host = buf;
	if (r->kind == REMOTE_SSH && (at = strchr(buf, '@')) != NULL) {
		*at = '\0';
		if (!is_name(buf, sizeof(r->user)))
			return ("not a name of a user");
		(void)strlcpy(r->user, buf, sizeof(r->user));
		host = at + 1;
	}
	return (parse_address(host, r));
}

static const char *
parse_address(const char *s, struct remote *r)
{
	struct in6_addr in6;
	const char *end;
	size_t len;

	if (s[0] == '[') {
		end = strchr(++s, ']');
		len = end == NULL ? 0 : (size_t)(end - s);
	} else {
		end = s + strcspn(s, ":");
		len = (size_t)(end - s);
	}
	if (len == 0 || len >= sizeof(r->host))
		return ("no host");
	memcpy(r->host, s, len);
	if (*end == ']') {
		if (inet_pton(AF_INET6, r->host, &in6) != 1)
			return ("not an address of IPv6");
		end++;
	} else if (!is_name(r->host, sizeof(r->host)))
		return ("not a name of a host");
	if (*end == ':')
		return (parse_port(end + 1, r));
	return (*end == '\0' ? NULL : "more than a host and a port");
}

static const char *
parse_port(const char *s, struct remote *r)
{
	const char *error;

	if (s[0] < '0' || s[0] > '9')
		return ("not a port");
	r->port = (uint32_t)strtonum(s, 1, 65535, &error);
	return (error == NULL ? NULL : "not a port");
}

/* Nothing that a program would take for an option, or a shell for more. */
static int
is_name(const char *s, size_t size)
{
	size_t len;

	len = strlen(s);
	return (len > 0 && len < size && s[0] != '-' && s[0] != '.' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789._-") == len);
}

int
remote_is(const char *engine)
{
	return (engine[0] != '\0' && engine[0] != '/');
}

/* What came from another process of ours. */
int
remote_valid(const struct remote *r)
{
	struct in6_addr in6;

	if (!imsg_is_string(r->host, sizeof(r->host)) ||
	    memchr(r->user, '\0', sizeof(r->user)) == NULL ||
	    memchr(r->tls, '\0', sizeof(r->tls)) == NULL ||
	    r->port > 65535)
		return (0);
	if (!is_name(r->host, sizeof(r->host)) &&
	    inet_pton(AF_INET6, r->host, &in6) != 1)
		return (0);
	if (r->kind == REMOTE_TLS)
		return (r->tls[0] != '\0' && r->port != 0);
	return (r->kind == REMOTE_SSH && (r->user[0] == '\0' ||
	    is_name(r->user, sizeof(r->user))));
}
