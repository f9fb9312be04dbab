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
 * Who may say what to whom, when, how long, and with a descriptor or without.
 * What is not in this table does not pass between our processes.
 */

#include <sys/types.h>

#include <string.h>

#include "imsg.h"
#include "proc.h"
#include "proxyd.h"

/* clang-format off */
#define P	(1 << ROLE_PARENT)
#define F	(1 << ROLE_FRONTEND)
#define R	(1 << ROLE_RESOLVER)
#define Y	(1 << ROLE_RELAY)
#define K	(1 << ROLE_KEEPER)
#define ANY	(STATE_SETUP | STATE_RUNNING)
#define RUN	STATE_RUNNING
#define EXACT(s)	sizeof(s), sizeof(s)
#define NONE	0, 0
const struct imsg_rule imsg_rules[] = {
	IMSG_SETUP_RULES,
	{ IMSG_RECONF_CONF, "reconf_conf", P, F | R | Y | K, ANY,
	    EXACT(struct settings), IMSG_NOFD },
	{ IMSG_RECONF_SERVER, "reconf_server", P, R, ANY,
	    EXACT(struct server), IMSG_NOFD },
	{ IMSG_RECONF_RULE, "reconf_rule", P, R, ANY,
	    EXACT(struct rule), IMSG_NOFD },
	{ IMSG_RECONF_NAME, "reconf_name", P, R, ANY,
	    2, PATTERN_SIZE, IMSG_NOFD },
	{ IMSG_GATE_CONF, "gate_conf", P, R | K, ANY,
	    EXACT(struct gate_conf), IMSG_NOFD },
	{ IMSG_GATE_ALLOW, "gate_allow", P, F | K, ANY,
	    EXACT(struct gate_allow), IMSG_NOFD },
	{ IMSG_GATE_TOKEN, "gate_token", P, F, ANY,
	    GATE_SECRET_MIN, GATE_SECRET_SIZE, IMSG_NOFD },
	{ IMSG_GATE_KEY, "gate_key", P, K, ANY,
	    GATE_SECRET_MIN, GATE_SECRET_SIZE, IMSG_NOFD },
	{ IMSG_GATE_CA, "gate_ca", P, K, ANY,
	    1, GATE_CA_PIECE, IMSG_NOFD },
	{ IMSG_RECONF_END, "reconf_end", P, F | R | K, ANY, NONE, IMSG_NOFD },
	{ IMSG_LISTEN, "listen", P, F, STATE_SETUP,
	    EXACT(uint32_t), IMSG_FD },
	{ IMSG_TOTALS, "totals", P, F | R | Y | K, RUN, NONE, IMSG_NOFD },
	{ IMSG_OWN, "own", P, R, ANY,
	    OWN_LEN(0), sizeof(struct own), IMSG_NOFD },
	{ IMSG_RECONF_DONE, "reconf_done", F | R | K, P, ANY,
	    EXACT(uint32_t), IMSG_NOFD },
	{ IMSG_ASK, "ask", F, R, RUN, EXACT(struct ask), IMSG_NOFD },
	{ IMSG_ASK_NAME, "ask_name", F, R, RUN, 2, HOST_SIZE, IMSG_NOFD },
	{ IMSG_REFUSED, "refused", R, F | K, RUN,
	    EXACT(uint32_t), IMSG_NOFD },
	{ IMSG_NAME, "name", R, F, RUN, EXACT(uint32_t), IMSG_NOFD },
	{ IMSG_DIAL, "dial", R, Y | K, RUN, EXACT(struct dial), IMSG_NOFD },
	{ IMSG_RECHECK, "recheck", R, Y, RUN, NONE, IMSG_NOFD },
	{ IMSG_CHECK, "check", Y, R, RUN, EXACT(struct dial), IMSG_NOFD },
	{ IMSG_CUT, "cut", R, Y, RUN, NONE, IMSG_NOFD },
	{ IMSG_CONNECTED, "connected", Y, F, RUN,
	    EXACT(uint32_t), IMSG_NOFD },
	{ IMSG_FAILED, "failed", Y, F, RUN, EXACT(uint32_t), IMSG_NOFD },
	{ IMSG_DONE, "done", Y, F, RUN, EXACT(uint32_t), IMSG_NOFD },
	{ IMSG_REPLY, "reply", Y, F, RUN, 1, REPLY_MAX, IMSG_NOFD },
	{ IMSG_REPLIED, "replied", F, Y, RUN, EXACT(uint32_t), IMSG_NOFD },
	{ IMSG_GO, "go", F, Y, RUN, EXACT(struct go), IMSG_FD },
	{ IMSG_CANCEL, "cancel", F, Y, RUN, NONE, IMSG_NOFD },
	{ IMSG_GATE_REQUEST, "gate_request", F, K, RUN,
	    EXACT(struct gate_request), IMSG_FD },
	{ IMSG_GATE_HEADER, "gate_header", F, K, RUN,
	    4, GATE_HEADER_SIZE, IMSG_NOFD },
	{ IMSG_GATE_GO, "gate_go", F, K, RUN, NONE, IMSG_FDOPT },
	{ IMSG_GATE_END, "gate_end", F, K, RUN, EXACT(uint64_t), IMSG_NOFD },
	{ IMSG_GATE_CANCEL, "gate_cancel", F, K, RUN, NONE, IMSG_NOFD },
	{ IMSG_GATE_FAILED, "gate_failed", K, F, RUN,
	    EXACT(uint32_t), IMSG_NOFD },
	{ IMSG_GATE_DONE, "gate_done", K, F, RUN,
	    EXACT(uint32_t), IMSG_NOFD },
	{ IMSG_GATE_ASK, "gate_ask", K, R, RUN, NONE, IMSG_NOFD },
	{ 0, NULL, 0, 0, 0, 0, 0, 0 }
};
/* clang-format on */

int
settings_get(const struct imsg *imsg, struct settings *s)
{
	if (imsg_get_data(imsg, s, sizeof(*s)) == -1 ||
	    memchr(s->via, '\0', sizeof(s->via)) == NULL)
		return (-1);
	return ((s->via[0] != '\0') == (s->via_port != 0) ? 0 : -1);
}
