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

#ifndef PARENT_H
#define PARENT_H

#include "claudesec.h"

/* Between the parent's own files; no other process has this. */

#define ROOT_AS		1000	/* uid and gid inside, where root calls */

/* claudesec.c */
extern struct macros	 macros;	/* of the command line */
extern char	 confpath[PATH_MAX];	/* empty: none, the defaults hold */
extern char	 user_conf[PATH_MAX];	/* where a private one is looked for */
extern char	 user_home[PATH_MAX];
extern char	 sockpath[PATH_MAX];
extern int	 private;
extern int	 others;		/* other users may have sessions */
extern int	 listen_fd;		/* -1 from the first load on */
int		 open_plain(const char *);
void		 parent_ready(void);
void		 print_line(const char *);

/* parent_conf.c: who has said that a load went well */
#define DONE_CONF	0x1
#define DONE_ENGINE	0x2
extern struct conf_fixed current;	/* in force */
extern char	 user_login[PATH_MAX];	/* of that */
void		 parent_load(uint32_t);
int		 parent_done(int);
int		 parent_dispatch_conf(struct peer *, struct imsg *);

/*
 * parent_engine.c: where the container engine is, by the environment of a
 * private daemon, and otherwise; a socket to it, or -1 and errno; where it is
 * elsewhere bridge is asked.  remote_use() says -1 if conf lied.
 */
extern int	 unreached;		/* it did not take the last one */
void		 engine_find(const char *);
const struct docker_env *engine_environment(void);
const char	*engine_usual(size_t);
int		 remote_handle(struct imsg *);
int		 remote_use(const char *);
int		 parent_handle_connect(struct imsg *);
int		 parent_dispatch_bridge(struct peer *, struct imsg *);

/*
 * parent_pin.c: a workspace is pinned, which is a descriptor that is taken
 * over, and as what; a piece of it, as the engine process asks; it is done: 1,
 * of a workspace; 0, of a piece, or of nobody's any more.
 */
void		 pins_add(uint32_t, int, char *, size_t);
int		 pins_piece(struct imsg *);
int		 pins_done(struct imsg *, uint32_t *, int *);
void		 pins_remove(uint32_t);

/* parent_workspace.c */
int		 parent_handle_client(struct imsg *);
int		 parent_handle_workspace(struct peer *, struct imsg *);
int		 parent_handle_unpin(struct imsg *);
int		 parent_dispatch_pin(struct peer *, struct imsg *);
int		 workspace_again(const char *, uid_t);

/* parent_look.c: what of them the workspace process may be asked for */
void		 look_approve(uint32_t, uid_t, const struct workspace_answer *);
void		 look_forget(uint32_t);
int		 parent_handle_look(struct imsg *);
int		 parent_handle_directory(struct imsg *);

#endif /* PARENT_H */
