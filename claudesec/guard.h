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

#ifndef GUARD_H
#define GUARD_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <jansson.h>
#include <stdint.h>

#include "claudesec.h"
#include "engine.h"

#define GUARD_HEAD	32768	/* of a request; there are labels in a path */
#define GUARD_JSON	(8 * 1024 * 1024)	/* of what is asked for */

struct granted {
	TAILQ_ENTRY(granted) entry;
	uint32_t	 id;
	struct grant	 grant;
	struct strings	 pieces;	/* of it, pinned; paths in it */
};
TAILQ_HEAD(granteds, granted);

/* what requests are held against */
struct guard_terms {
	char		*daemon;	/* marks what is ours */
	char		*filter;	/* for that, in a path */
	struct bounds	 bounds;
	char		*image;		/* of these, in a path */
	json_t		*seccomp;	/* NULL: there is no profile */
	struct granteds	 granted;
};

/* while one is */
struct guard_case {
	const struct guard_terms *terms;
	int		 upgrade;
	uid_t		 engine;	/* whose the container engine is */
	const char	*user;		/* of the container */
	unsigned int	 workspaces;	/* that are mounted */
	struct strings	 sources;	/* of them, and in them; not pinned */
	char		 why[128];	/* what it was refused for */
};

enum guard_body {
	BODY_NONE,
	BODY_JSON,
	BODY_TAR
};

/* what the answer tells */
enum guard_news {
	NEWS_NONE,
	NEWS_CONTAINER,			/* the id of a new one */
	NEWS_EXEC,			/* likewise */
	NEWS_LIST,			/* ids of containers */
	NEWS_GONE,			/* that the container is removed */
	NEWS_START			/* nothing; there is to look before */
};

struct guard_rule {
	const char	*method;
	const char	*path;
	enum guard_body	 body;
	int		 (*check)(const json_t *, struct guard_case *);
	enum guard_news	 news;
	int		 upgrade;	/* 1: must be one; -1: the body says */
};

struct guard_request {
	const struct guard_rule *rule;
	const char	*target;	/* within what was parsed */
	char		 id[ID_LEN + 1];	/* in it, or empty */
	int		 exec;		/* that of one */
	int		 upgrade;
	int		 chunked;
	uint64_t	 length;
};

/* where in chunks somebody is */
struct guard_chunks {
	int		 state;
	int		 done;
	unsigned int	 digits;
	uint64_t	 left;
};

struct guard_answer {
	int		 status;
	int		 chunked;
};

/*
 * guard_http.c: what passes between the two, as text.  Pure.  A head is all up
 * to its empty line, with a NUL after it; guard_request() writes into it, and
 * returns NULL or what is wrong.  guard_chunks() takes framing or data off
 * what there is and returns how much, or -1.
 */
const char	*guard_request(struct guard_request *, char *, size_t,
		    const struct guard_terms *);
int		 guard_answer(struct guard_answer *, const char *, size_t);
ssize_t		 guard_chunks(struct guard_chunks *, const char *, size_t,
		    size_t *);

/*
 * guard_spec.c: what may be asked for as JSON.  Pure.  1: it may.
 */
int		 guard_container(const json_t *, struct guard_case *);
int		 guard_libpod(const json_t *, struct guard_case *);
int		 guard_exec(const json_t *, struct guard_case *);
int		 guard_exec_start(const json_t *, struct guard_case *);
int		 guard_volume(const json_t *, struct guard_case *);
int		 guard_network(const json_t *, struct guard_case *);
int		 guard_libpod_network(const json_t *, struct guard_case *);

/*
 * guard_mount.c: may this be mounted there, read-only or not, and with or
 * without what is mounted in it?  Pure.
 */
int		 guard_bind(const char *, const char *, int, int,
		    struct guard_case *);
int		 guard_names(const char *, const char *, int);

/*
 * guard_terms.c: what the parent has told.  terms_handle() takes a message of
 * its: 0, or -1 if it is none of these, or wrong.
 */
void		 terms_init(void);
int		 terms_handle(struct imsg *);
const struct guard_terms *terms_now(void);

/*
 * guard_thing.c: containers of ours, and commands in them.  thing_add() takes
 * the container that a command is in, or NULL for one, and returns NULL if the
 * id is known already; thing_forget() forgets what is in it as well.
 */
struct thing {
	RB_ENTRY(thing)	 node;
	TAILQ_ENTRY(thing) entry;
	struct thing	*container;	/* NULL: it is one */
	char		 id[ID_LEN + 1];
	int		 made;		/* it went through here */
	struct strings	 sources;	/* that it mounts */
};

struct thing	*thing_find(const char *);
struct thing	*thing_add(const char *, struct thing *);
void		 thing_forget(struct thing *);

#endif /* GUARD_H */
