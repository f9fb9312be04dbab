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
 * What names, rules and the like have to look like to get near the engine.
 * Pure, as engine_spec.c is.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

int
spec_name_valid(const char *name)
{
	size_t len;

	len = strlen(name);
	return (len > 0 && len < NAME_MAXLEN &&
	    isalnum((unsigned char)name[0]) &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == len);
}

int
spec_volume_valid(const char *name)
{
	return (strlen(name) < VOLUME_MAXLEN &&
	    strncmp(name, "claude-", 7) == 0 &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") ==
	    strlen(name));
}

/*
 * A name from the last component of a path, with -n at its end from 2 on.
 */
int
spec_name_from(char *name, size_t size, const char *path, unsigned int n)
{
	char suffix[16];
	const char *p;
	size_t len, max;
	int c;

	suffix[0] = '\0';
	if (n > 1)
		(void)snprintf(suffix, sizeof(suffix), "-%u", n);
	p = strrchr(path, '/');
	p = p == NULL ? path : p + 1;
	max = size - 1 - strlen(suffix);
	for (len = 0; *p != '\0' && len < max; p++) {
		c = tolower((unsigned char)*p);
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_.-",
		    c) == NULL)
			c = '-';
		if (len > 0 || isalnum(c))
			name[len++] = (char)c;
	}
	name[len] = '\0';
	if (len == 0)
		(void)strlcpy(name, "session", size);
	return (strlcat(name, suffix, size) < size ? 0 : -1);
}

/* What stands in a path of the API as it is. */
int
spec_image_valid(const char *image)
{
	size_t len;

	len = strlen(image);
	return (len > 0 && len < IMAGE_MAXLEN &&
	    isalnum((unsigned char)image[0]) && strspn(image, "abcdefghijkl"
	    "mnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/@-") ==
	    len && strstr(image, "..") == NULL &&
	    strstr(image, "//") == NULL);
}

int
spec_rule_valid(const struct egress_rule *r)
{
	const char *host;
	uint32_t i;

	if (!imsg_is_string(r->host, sizeof(r->host)) || r->block > 1 ||
	    r->plain > 1 || r->nports > RULE_PORTS)
		return (0);
	host = strncmp(r->host, "*.", 2) == 0 ? r->host + 2 : r->host;
	if (*host == '\0' || strspn(host,
	    "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(host))
		return (0);
	for (i = 0; i < r->nports; i++)
		if (r->ports[i] == 0)
			return (0);
	return (1);
}

int
spec_resolver_valid(const struct egress_resolver *r)
{
	struct in6_addr addr;

	return (imsg_is_string(r->address, sizeof(r->address)) &&
	    (inet_pton(AF_INET, r->address, &addr) == 1 ||
	    inet_pton(AF_INET6, r->address, &addr) == 1));
}

int
spec_api_valid(const struct conf_api *api)
{
	static const char chars[] = "/abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
	const char *s;
	uint32_t i;

	if (!imsg_is_string(api->host, sizeof(api->host)) ||
	    strspn(api->host, "abcdefghijklmnopqrstuvwxyz0123456789.-") !=
	    strlen(api->host) || api->port == 0 || api->plain > 1 ||
	    api->naddresses > API_ADDRESSES || api->nallows > API_ALLOWS ||
	    memchr(api->path, '\0', sizeof(api->path)) == NULL ||
	    memchr(api->ca, '\0', sizeof(api->ca)) == NULL ||
	    strspn(api->path, chars) != strlen(api->path))
		return (0);
	for (i = 0; i < api->naddresses; i++) {
		s = api->addresses[i];
		if (!imsg_is_string(s, sizeof(api->addresses[i])) ||
		    strspn(s, "0123456789abcdefABCDEF:./") != strlen(s))
			return (0);
	}
	for (i = 0; i < api->nallows; i++) {
		s = api->allows[i];
		if (!imsg_is_string(s, sizeof(api->allows[i])))
			return (0);
		s += strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (*s++ != ' ')
			return (0);
		s += strspn(s, chars);
		if (*s != '\0' && strcmp(s, "*") != 0)
			return (0);
	}
	return (1);
}

/* Part of a path of the API; there may be none. */
int
spec_network_valid(const char *name)
{
	return (name[0] == '\0' || (isalnum((unsigned char)name[0]) &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_.-") == strlen(name) &&
	    strcmp(name, "host") != 0 && strcmp(name, "bridge") != 0 &&
	    strcmp(name, NETWORK_NAME) != 0));
}
