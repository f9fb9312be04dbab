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
 * Did the agent run into its bound of processes?  The kernel counts that, in a
 * file that is gone with the container, so it is looked at while that runs: a
 * bound that is hit in the last second may not be seen.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <event.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"

#define SECONDS	1

static void	 pids_look(int, short, void *);

void
pids_begin(struct session *s)
{
	static uint32_t last;

	s->pids = -1;
	evtimer_set(&s->pids_timer, pids_look, s);
	if (++last == 0)
		last++;
	s->pids_id = last;
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_CGROUP, s->pids_id, -1,
	    s->agent, strlen(s->agent));
}

/* The parent's answer; the session may be over. */
int
pids_opened(uint32_t id, int fd)
{
	struct session *s;
	struct stat st;

	for (s = session_first(); s != NULL; s = session_next(s))
		if (s->pids_id == id)
			break;
	if (fd == -1)
		return (0);
	if (s == NULL || s->pids != -1 || fstat(fd, &st) == -1 ||
	    !S_ISREG(st.st_mode)) {
		close(fd);
		return (s == NULL ? 0 : -1);
	}
	s->pids = fd;
	pids_look(-1, 0, s);
	return (0);
}

static void
pids_look(int fd, short event, void *arg)
{
	const struct timeval tv = { SECONDS, 0 };
	struct session *s = arg;
	char text[256];
	ssize_t n;

	(void)fd;
	(void)event;
	if ((n = pread(s->pids, text, sizeof(text) - 1, 0)) < 1) {
		/* it is gone */
		pids_end(s);
		return;
	}
	text[n] = '\0';
	if (cgroup_count(text) == 0) {
		evtimer_add(&s->pids_timer, &tv);
		return;
	}
	s->limits |= LIMIT_PROCESSES;
	pids_end(s);
}

void
pids_end(struct session *s)
{
	if (s->pids_id == 0)
		return;
	s->pids_id = 0;
	evtimer_del(&s->pids_timer);
	if (s->pids != -1)
		close(s->pids);
	s->pids = -1;
}
