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

#include "proxyd.h"

/* Between the parent's own files; no other process has this. */

/* proxyd.c */
extern const char	*conf_file;
extern struct macros	 macros;	/* of the command line */
extern struct config	*conf;		/* in force */
extern int		 channel;	/* we are told by standard input */
extern int		 running;	/* every process is up */
extern unsigned int	 reloading;	/* how many have not answered yet */

void	 reload(void);
void	 started(void);

/* proxyd_input.c */
extern char	 first_error[1024];

struct config *read_config(void);
void	 config_error(const char *);
void	 remember_dir(const char *);
void	 unveil_dirs(void);
void	 input_first(void);
void	 input_watch(void);
void	 read_documents(void);
void	 say(const char *, const char *);

/* proxyd_host.c */
extern struct server servers[SERVERS_MAX];	/* the system's resolvers */
extern size_t	 nservers;
extern struct own own;
extern uint32_t	 connections;			/* that descriptors allow */

void	 read_resolvers(void);
void	 gather_own(void);
void	 own_start(void);
void	 own_add(const struct netaddr *);
int	 own_end(void);
void	 raise_limits(void);

/*
 * address_linux.c, address_none.c: calls own_start(), own_add() and own_end()
 * when addresses have come or gone since address_open(), and then, if that
 * has made a difference, what was given.
 */
void	 address_open(void);
void	 address_watch(void (*)(void));

/* proxyd_listen.c */
void	 open_listeners(const struct config *);
void	 open_handover(const char *);
void	 handover_close(void);

#endif /* PARENT_H */
