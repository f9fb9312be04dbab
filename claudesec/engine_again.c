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
 * A session whose proxy ended goes on without one, and reaches nothing, until
 * somebody comes for it: then it gets another.  Not by itself, as what ended
 * the first may end the next.  The old one's sockets, in the agent's network,
 * are gone with it; `inside' binds new ones and hands them over, run beside
 * the agent as commands of the user's are.  That the agent might be faster is
 * no harm: whatever socket it hands over is one of its own network, and what
 * comes in there is judged as ever.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "engine.h"

#define REMOVE_TIMEOUT	120

/* of the first proxy, and now again */
#define B(step)	STEP_BIT(STEP_##step)
#define AGAIN_STEPS	(B(VOLUME) | B(NETWORK) | B(PROXYD) | B(SIDECAR) | \
			    B(SIDECAR_CHECK) | B(SIDECAR_ATTACH) | \
			    B(SIDECAR_START) | B(POLICY) | B(SERVING) | \
			    B(PROXY_END) | B(AGAIN) | B(REBIND))

/* Nothing more is asked of one that is being replaced. */
void
again_begin(struct session *s)
{
	int i;

	if (!s->lost || s->state != SESSION_RUNNING)
		return;
	for (i = 0; i < STEP_STOP; i++)
		if ((AGAIN_STEPS & STEP_BIT(i)) != 0 &&
		    s->steps[i].call != NULL)
			return;
	if ((s->begun & ~s->did & B(REBIND)) != 0 || s->proxy.bev != NULL)
		return;
	log_info("session %s gets another proxy", s->spec.name);
	s->did &= ~AGAIN_STEPS;
	s->begun &= ~AGAIN_STEPS;
	/* the volume is there, but is not to be used before the end of this */
	s->begun |= B(VOLUME) | B(AGAIN);
	s->network = s->import = NOT_MADE;
	s->rebinds = 0;
	if (s->sidecar[0] == '\0')
		session_did(s, STEP_AGAIN);
	else
		session_call(s, STEP_AGAIN, "DELETE", NULL, REMOVE_TIMEOUT,
		    "/containers/%s?force=1", s->sidecar);
}

int
again_done(struct session *s, struct docker_reply *reply)
{
	if (reply->error != NULL && reply->status != 404) {
		session_error(s, STEP_AGAIN, reply);
		return (0);
	}
	s->sidecar[0] = '\0';
	s->did |= B(VOLUME);
	return (1);
}

/* It binds, hands over, and executes what does nothing. */
void
rebind_begin(struct session *s)
{
	json_t *exec;

	exec = json_pack("{s:[s, s, s]}", "Cmd", AGENT_RUN "/inside", "--",
	    "true");
	if (exec == NULL)
		fatal("json_pack");
	session_call(s, STEP_REBIND, "POST", exec, API_TIMEOUT,
	    "/containers/%s/exec", s->agent);
}

int
rebind_done(struct session *s, struct docker_reply *reply)
{
	json_t *start;
	char id[ID_LEN + 1];

	if (s->rebinds++ > 0)
		return (1);
	if (spec_id(reply->json, id) == -1) {
		session_fail(s, EX_PROTOCOL, "the command has no id");
		return (0);
	}
	if ((start = json_pack("{s:b, s:b}", "Detach", 1, "Tty", 0)) == NULL)
		fatal("json_pack");
	session_call(s, STEP_REBIND, "POST", start, API_TIMEOUT,
	    "/exec/%s/start", id);
	return (0);
}
