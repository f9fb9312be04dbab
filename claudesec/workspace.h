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

#ifndef WORKSPACE_H
#define WORKSPACE_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "claudesec.h"

#define CONFIG_MAXSIZE	(256 * 1024)	/* of one of git's */
#define NAMED_MAX	64

/* what stands in for something that does not exist */
enum kind {
	KIND_DIRECTORY,		/* git does not see an empty one */
	KIND_FILE,		/* empty, where git would read it */
	KIND_COMMON		/* .git/commondir, which names itself */
};

struct mount {
	char		 path[PROTECT_MAXLEN];
	int		 readonly;	/* else it merely stays where it is */
	int		 inner;		/* writable in what is read-only */
	int		 covered;	/* by one that is read-only */
	int		 absent;	/* there is a placeholder, or will be */
	enum kind	 kind;
	int		 lock;		/* of the placeholder, or -1 */
	dev_t		 dev;
	ino_t		 ino;
};

/* what git's configuration names, read outside of the workspace */
enum named {
	NAMED_HOOKS,		/* a directory */
	NAMED_PROGRAM,		/* that git runs, whatever it is asked for */
	NAMED_INCLUDE		/* more of the configuration */
};

struct named_path {
	enum named	 what;
	int		 anywhere;	/* in each tree; else as it is */
	char		 path[PROTECT_MAXLEN];
};

/* one directory; the current one is it */
struct ws {
	char		 path[PATH_MAX];
	char		 home[PATH_MAX];	/* its owner's; may be empty */
	char		 top[PATH_MAX];	/* of git's tree; may be empty */
	struct named_path named[NAMED_MAX];
	size_t		 nnamed;
	TAILQ_HEAD(, protect_entry) rules;
	size_t		 nrules;
	struct mount	 mounts[MOUNTS_MAX];
	size_t		 nmounts;
	char		 error[TEXT_MAXLEN];	/* the first one */
	void		 (*note)(const char *);
};

/* workspace_git.c: text of git's.  Pure. */
int		 path_join(char *, size_t, const char *, const char *);
int		 git_config(const char *, size_t,
		    int (*)(void *, const char *, const char *), void *);

/*
 * workspace_host.c: what git reads elsewhere that leads into it.  The
 * configuration that it finds is that of this user.
 */
void		 host_find(struct ws *, uid_t);

/* workspace_look.c: what must be protected */
void		 look_find(struct ws *);
int		 look_open(const char *, const char **);
int		 look_stat(const char *, struct stat *);
int		 look_dir(const char *);
int		 look_like_git(const char *);
int		 look_is_protected(const struct ws *, const char *);
char		*look_read_fd(int, size_t, size_t *);
int		 named_valid(enum named, const char *);
void		 look_fail(struct ws *, const char *, ...)
		    __attribute__((__format__(__printf__, 2, 3)));

/* workspace_place.c: placeholders */
int		 place_is(const struct stat *);
int		 place_is_at(int, const char *, const struct stat *);
void		 place_make(struct ws *);
void		 place_adopt(struct ws *);
void		 place_remove(struct ws *);

/* workspace_find.c: what a session changed */
void		 find_before(struct ws *);
void		 find_replaced(const struct ws *);
void		 find_after(void (*)(enum finding, const char *, uint32_t));
int		 find_leads_out(const char *, const char *);
#define EXECUTED_UNTOLD	1	/* when a directory is entered, by any git */
#define EXECUTED_TOLD	2	/* by builds and the like */
int		 find_is_executed(const char *, const char *);

#endif /* WORKSPACE_H */
