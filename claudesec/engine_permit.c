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
 * Who may use a system daemon, and how much of it.  Who somebody is, the kernel
 * says, on the connection itself: user, group, and groups.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "engine.h"

static int	 identity_groups(struct identity *, int);
static int	 identity_has(const struct identity *, uint32_t);
static const struct permit_entry *permit_find(const struct identity *);
static uint32_t	 permit_number(uint32_t, uint32_t);

/* what holds for who needs no permit */
static const struct permit_entry unbound;

/*
 * All groups, as far as the kernel tells; 0, or -1 and errno.
 */
int
identity_get(struct identity *id, int fd)
{
	uid_t uid;
	gid_t gid;

	memset(id, 0, sizeof(*id));
	if (getpeereid(fd, &uid, &gid) == -1)
		return (-1);
	id->uid = (uint32_t)uid;
	id->groups[id->ngroups++] = (uint32_t)gid;
	return (identity_groups(id, fd));
}

#ifdef SO_PEERGROUPS
static int
identity_groups(struct identity *id, int fd)
{
	gid_t groups[IDENTITY_GROUPS];
	socklen_t len;
	size_t i;

	len = sizeof(groups) - sizeof(groups[0]);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1)
		return (errno == ENOPROTOOPT ? 0 : -1);
	for (i = 0; i < len / sizeof(groups[0]); i++)
		id->groups[id->ngroups++] = (uint32_t)groups[i];
	return (0);
}
#else
static int
identity_groups(struct identity *id, int fd)
{
	(void)id;
	(void)fd;
	return (0);
}
#endif

static int
identity_has(const struct identity *id, uint32_t gid)
{
	size_t i;

	for (i = 0; i < id->ngroups; i++)
		if (id->groups[i] == gid)
			return (1);
	return (0);
}

/*
 * The last one that fits, as in doas.conf(5) and pf.conf(5); NULL if that
 * denies, or if none does.  Root, and whose daemon this is, need none.
 */
static const struct permit_entry *
permit_find(const struct identity *id)
{
	const struct permit_entry *e, *last;

	if (id->uid == 0 || id->uid == engine_owner())
		return (&unbound);
	last = NULL;
	TAILQ_FOREACH(e, &engine_config()->permits, entry)
		if (e->permit.group ? identity_has(id, e->permit.id) :
		    e->permit.id == id->uid)
			last = e;
	return (last == NULL || last->permit.deny ? NULL : last);
}

static uint32_t
permit_number(uint32_t n, uint32_t otherwise)
{
	return (n == 0 ? otherwise : n);
}

/*
 * May it ask for anything?  0, or -1 and the client was told.
 */
int
permit_client(struct client *c)
{
	static struct rates rates;
	const struct permit_entry *e;

	if ((e = permit_find(&c->identity)) == NULL) {
		log_info("uid %u has no permit", c->uid);
		audit_refusal(c, "no permit");
		client_error(c, EX_NOPERM, "permission denied: you have no "
		    "permit of claudesec.conf(5)");
		return (-1);
	}
	if (e == &unbound)
		return (0);
	if (rate_count(&rates, (uid_t)c->uid, clock_seconds()) >
	    permit_number(e->permit.rate, PERMIT_RATE)) {
		log_info("uid %u asks too often", c->uid);
		audit_refusal(c, "too many requests");
		client_error(c, EX_TEMPFAIL, "too many requests: try again");
		return (-1);
	}
	if (client_count_of(c->uid) >
	    permit_number(e->permit.clients, PERMIT_CLIENTS)) {
		log_info("uid %u has too many clients", c->uid);
		audit_refusal(c, "too many clients");
		client_error(c, EX_TEMPFAIL, "too many clients of yours");
		return (-1);
	}
	return (0);
}

/* One session more? */
int
permit_session(const struct client *c)
{
	const struct permit_entry *e;
	struct session *s;
	unsigned int n;

	if ((e = permit_find(&c->identity)) == NULL)
		return (0);
	if (e == &unbound)
		return (1);
	n = 0;
	for (s = session_first(); s != NULL; s = session_next(s))
		if (s->spec.identity.uid == c->uid)
			n++;
	return (n < permit_number(e->permit.sessions, PERMIT_SESSIONS));
}

/*
 * The configuration as it holds for this user.  It is to be looked at now, and
 * nothing of it is to be freed.  Who has no permit any more reaches nothing.
 */
void
permit_config(struct config *view, const struct identity *id)
{
	const struct permit_entry *e;
	struct conf_fixed *f;

	*view = *engine_config();
	if ((e = permit_find(id)) == NULL) {
		TAILQ_INIT(&view->rules);
		view->fixed.credentials = CREDENTIALS_NONE;
		return;
	}
	f = &view->fixed;
	if (e->permit.egress)
		view->rules = e->rules;
	if (e->permit.image[0] != '\0')
		(void)strlcpy(f->image, e->permit.image, sizeof(f->image));
	if (e->permit.memory != 0)
		f->memory = e->permit.memory;
	if (e->permit.home != 0)
		f->home = e->permit.home;
	if (e->permit.tmp != 0)
		f->tmp = e->permit.tmp;
	if (e->permit.filesize != 0)
		f->filesize = e->permit.filesize;
	f->processes = permit_number(e->permit.processes, f->processes);
	f->millicpus = permit_number(e->permit.millicpus, f->millicpus);
}
