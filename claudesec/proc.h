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

#ifndef PROC_H
#define PROC_H

#include <sys/types.h>
#include <event.h>

#include "imsg.h"

/*
 * Every program of ours is a parent and its children, each an fork + exec of
 * the program itself with `-X name'.  A program has one table of roles (the
 * parent is role 0) and one of messages; both are known to all its processes.
 * Types 1 to 9 of the message table are the set-up's and belong to proc.c.
 */
#define IMSG_SETUP_LOG		1	/* parent: struct setup_log */
#define IMSG_SETUP_PEER		2	/* parent: uint32_t role, descriptor */
#define IMSG_SETUP_START	3	/* parent: that was all, begin */
#define IMSG_SETUP_STARTED	4	/* child: the narrow pledge is on */
#define IMSG_FIRST		10	/* where a program's own types start */

/* states of a process for the message table; a program may add its own */
#define STATE_SETUP		0x01
#define STATE_RUNNING		0x02
#define STATE_ANY		0xffffffff

struct setup_log {
	int	 debug;
	int	 verbose;
};

/* the rows for the set-up's types, for the top of a program's table */
#define IMSG_SETUP_RULES						\
	{ IMSG_SETUP_LOG, "setup_log", 1 << 0, ~1U, STATE_SETUP,	\
	    sizeof(struct setup_log), sizeof(struct setup_log), IMSG_NOFD }, \
	{ IMSG_SETUP_PEER, "setup_peer", 1 << 0, ~1U, STATE_SETUP,	\
	    sizeof(uint32_t), sizeof(uint32_t), IMSG_FD },		\
	{ IMSG_SETUP_START, "setup_start", 1 << 0, ~1U, STATE_SETUP,	\
	    0, 0, IMSG_NOFD },						\
	{ IMSG_SETUP_STARTED, "setup_started", ~1U, 1 << 0, STATE_SETUP, \
	    0, 0, IMSG_NOFD }

struct peer;

/*
 * The other end of a channel.  handle gets each message that the table
 * allows and returns 0, or -1 if its content is not what it should be; gone
 * is called once when the peer hung up, or broke a rule (why is then set):
 * for a peer without gone, a sibling, both end the process.
 */
struct peer {
	struct imsgbuf	 ibuf;
	struct event	 rev, wev, fev;
	unsigned int	 role;
	uint32_t	 state;		/* bits for the table; ours if 0 */
	int		 (*handle)(struct peer *, struct imsg *);
	void		 (*gone)(struct peer *, const char *);
	void		*arg;
	int		 paused;
	int		 flushing;	/* fev is active */
	int		*closed;	/* set when closed under peer_read() */
};

struct proc_role {
	const char	*name;
	/* a child's way, after proc_child(); NULL for the parent */
	void		 (*run)(void);
	/* the parent handles what this child sends */
	int		 (*handle)(struct peer *, struct imsg *);
};

/* the program's own tables; roles end with a row of name NULL */
extern const struct proc_role	 proc_roles[];
extern const struct imsg_rule	 imsg_rules[];

#define PROC_MAX	8

/* this process's state for the message table, STATE_SETUP at first */
extern uint32_t	 proc_state;
/* its role; a program that is no child of ours sets what the table calls it */
extern unsigned int proc_self;

/*
 * peer_init() takes a descriptor over (made non-blocking and close-on-exec),
 * lets descriptors pass as far as the table does between the two roles, and
 * reads from it as the event loop runs; fatal on lack of memory.
 * peer_compose() queues and sends at the end of the round of events; it fails
 * as imsg_compose() does, and with peer_send() that is fatal.  peer_close()
 * closes at once.
 */
void	 peer_init(struct peer *, int, unsigned int,
	    int (*)(struct peer *, struct imsg *),
	    void (*)(struct peer *, const char *), void *);
int	 peer_compose(struct peer *, uint32_t, uint32_t, int, const void *,
	    size_t);
void	 peer_send(struct peer *, uint32_t, uint32_t, int, const void *,
	    size_t);
void	 peer_close(struct peer *);

/*
 * Parent.  proc_start() starts the child of a role, proc_connect() gives two
 * children a channel between them, proc_peer() is our channel to a child (or
 * NULL).  proc_run() tells all children to start, waits until each has said
 * that it did (10 seconds, else fatal), and calls the function given; later
 * the death of any child ends the program, by way of the function set with
 * proc_onexit() (which may clean up; a child's is called at the end of its
 * parent).  proc_shutdown() ends all children and exits with the status given.
 */
void	 proc_start(unsigned int);
void	 proc_connect(unsigned int, unsigned int);
struct peer *proc_peer(unsigned int);
void	 proc_run(void (*)(void));
void	 proc_onexit(void (*)(void));
__attribute__((__noreturn__)) void proc_shutdown(int);

/*
 * Child.  proc_child() looks the name of `-X name' up, checks that descriptor
 * 3 is a channel from a parent of our own, drops to the user given (if root,
 * into the directory given), and calls the role's run function.  That sets
 * its own things up, pledges, and ends in proc_loop(), where handle gets what
 * the parent and the siblings send (their role tells which), and started,
 * unless it is NULL, is called once, when the parent has sent everything: it
 * pledges again.  proc_peer() works here too.  The parent's or a sibling's end
 * ends the process.
 */
__attribute__((__noreturn__)) void proc_child(const char *, const char *,
	    const char *);
__attribute__((__noreturn__)) void proc_loop(
	    int (*)(struct peer *, struct imsg *), void (*)(void));
const char *proc_name(unsigned int);
/* for a child that was not dropped, when it knows whether to be */
void	 proc_drop(const char *, const char *);
/* for those who are no children of ours */
void	 proc_nocore(void);

#endif /* PROC_H */
