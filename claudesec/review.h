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

#ifndef REVIEW_H
#define REVIEW_H

#include <sys/types.h>
#include <sys/stat.h>

#include <limits.h>
#include <sha2.h>
#include <stdio.h>

#include "claudesec.h"

#define REVIEW_DEPTH	200	/* of directories; each is open meanwhile */
#define REVIEW_ENTRIES	1000000	/* of a copy, and of changes */

/*
 * What something is; the sum is that of its bytes, or of where it leads.  What
 * has none since it is too long is never the same.
 */
struct object {
	mode_t		 mode;
	off_t		 size;
	ino_t		 ino;
	struct timespec	 ctim;		/* the kernel's, so nobody's to set */
	int		 has_sum;
	unsigned char	 sum[SHA256_DIGEST_LENGTH];
};

/* what a path was when the copy was made, or last taken over */
struct entry {
	char		*path;		/* below the workspace */
	struct object	 was;
	int		 seen;		/* it is there yet */
};

struct entries {
	struct entry	*v;		/* by path, once they are sorted */
	size_t		 n, size;
};

struct paths {
	char		**v;		/* sorted, once all are there */
	size_t		 n, size;
};

enum change_kind {
	CHANGE_NEW,
	CHANGE_CHANGED,
	CHANGE_MODE,
	CHANGE_DELETED
};

struct change {
	char		*path;
	enum change_kind kind;
	int		 marks;
#define MARK_EXECUTED	0x01	/* by the host, without being told to */
#define MARK_EXECUTABLE	0x02
#define MARK_SETUID	0x04	/* never taken over */
#define MARK_OUTSIDE	0x08	/* a link that leads there */
#define MARK_SPECIAL	0x10	/* no file, directory or link */
	size_t		 guard;		/* so much of the path is protected */
	struct entry	*entry;		/* NULL: new */
	int		 chosen, named;	/* by the command line */
	int		 done, failed;	/* of apply */
	struct object	 now;		/* not of one that is deleted */
	char		*target;	/* of a link, as last read */
};

/* one that is open */
struct review {
	char		 name[NAME_MAXLEN];
	char		 origin[PATH_MAX];	/* the workspace */
	time_t		 since;
	int		 dir;		/* what is kept of it, and locked */
	int		 tree;		/* the copy; locked by its sessions */
	struct entries	 entries;
	struct change	*changes;
	size_t		 nchanges, changes_size;
	struct paths	 gits;		/* directories of git's in the copy */
	struct paths	 unseen;	/* what could not be looked at */
};

/* review_tree.c: below a directory, without following a link */
int		 tree_dir(int, const char *);
int		 tree_file(int, const char *, struct stat *);
int		 tree_parent(int, const char *, const char **);
void		 object_set(struct object *, const struct stat *);
int		 object_sum(struct object *, int, const char *);
int		 object_sum_fd(struct object *, int);
int		 object_same(const struct object *, const struct object *);
int		 tree_copy(int, int);
int		 tree_remove(int, const char *);
void		 tree_print(FILE *, const char *, size_t, const char *);

/*
 * review_state.c: what is kept, and where.  review_base() has the directory of
 * all of them, and makes it if it is told to; the others give 0, or -1 and
 * errno.
 */
int		 review_base(int);
int		 review_path(char [PATH_MAX], const char *, const char *);
int		 review_open(struct review *, const char *);
int		 review_find(struct review *, const char *);
void		 review_close(struct review *);
int		 review_load(struct review *);
int		 review_save(struct review *);
int		 review_drop(struct review *);
struct entry	*review_entry(const struct review *, const char *);
struct entry	*review_add(struct review *, const char *,
		    const struct object *);
void		 review_sort(struct review *);
void		 review_each(void (*)(const struct review *));

/* review_copy.c: makes one, of a workspace, or exits */
void		 review_make(struct review *, const char *, const char *, int);

/* review_compare.c: finds the changes */
int		 review_compare(struct review *);
int		 change_link(struct change *, int, const char *);
size_t		 review_guard(const struct review *, const char *);

/*
 * review_apply.c: what a change meets in the workspace, and takes it over, or
 * says why not.
 */
#define APPLY_TEMP	".claudesec-apply"	/* of one that was killed */
enum verdict {
	VERDICT_READY,
	VERDICT_SAME,		/* it is like that already */
	VERDICT_CONFLICT	/* it was changed there as well */
};
enum verdict	 apply_judge(struct review *, int, struct change *);
int		 apply_change(struct review *, int, struct change *);
int		 apply_record(struct review *, struct change *);

/* review_show.c */
void		 show_contents_too(int);
void		 show_change(struct review *, int, struct change *);
void		 show_line(const struct change *, int);
int		 show_is_temporary(const char *);

#endif /* REVIEW_H */
