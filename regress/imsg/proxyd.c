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

#include <sys/socket.h>

#include <string.h>

#include "imsg.h"
#include "proc.h"
#include "proxyd.h"
#include "drive.h"

void
prepare(unsigned int role, struct imsgbuf *ch, int running)
{
	struct gate_conf gate;
	struct settings settings;
	struct server server;
	size_t i;

	if (running)
		return;
	memset(&settings, 0, sizeof(settings));
	for (i = 0; i < TIMEOUT_MAX; i++)
		settings.timeouts[i] = 60;
	for (i = 0; i < LIMIT_MAX; i++)
		settings.limits[i] = 100;
	put(&ch[ROLE_PARENT], IMSG_RECONF_CONF, -1, &settings,
	    sizeof(settings));
	if (role == ROLE_KEEPER) {
		memset(&gate, 0, sizeof(gate));
		(void)strlcpy(gate.host, "api.example", sizeof(gate.host));
		gate.port = 80;
		gate.plain = 1;
		put(&ch[ROLE_PARENT], IMSG_GATE_CONF, -1, &gate,
		    sizeof(gate));
		put(&ch[ROLE_PARENT], IMSG_GATE_KEY, -1, "12345678", 9);
		put(&ch[ROLE_PARENT], IMSG_RECONF_END, -1, NULL, 0);
	}
	if (role != ROLE_RESOLVER)
		return;
	memset(&server, 0, sizeof(server));
	server.addr.family = AF_INET;
	server.addr.bytes[0] = 127;
	server.addr.bytes[3] = 1;
	server.port = 53;
	put(&ch[ROLE_PARENT], IMSG_RECONF_SERVER, -1, &server, sizeof(server));
	put(&ch[ROLE_PARENT], IMSG_RECONF_END, -1, NULL, 0);
}

int
is_text(uint32_t type)
{
	/* bytes for the origin, of a parent proxy, and of certificates */
	return (type != IMSG_REPLY &&
	    type != IMSG_GATE_CA);
}
