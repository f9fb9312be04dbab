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

#ifndef CONF_H
#define CONF_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stdio.h>

#include "claudesec.h"

/* Between the grammar in parse.y and its files. */

#define WORD_MAXLEN	8192
#define SHOWN_MAXLEN	32		/* of a word in a message */
#define SHOWN_SIZE	(SHOWN_MAXLEN * 4 + 4)

#define MEGA		(1024 * 1024ULL)

/* a string of the file, perhaps in a list of them */
struct word {
	struct word		*next;
	int			 line;
	char			 s[];
};

struct words {
	struct word		*first, *last;
};

/* statements and settings that may stand once */
enum {
	SEEN_ENGINE		= 0x0001,
	SEEN_IMAGE		= 0x0002,
	SEEN_BASE		= 0x0004,
	SEEN_CA			= 0x0008,
	SEEN_CREDENTIALS	= 0x0010,
	SEEN_AGENT		= 0x0020,
	SEEN_EGRESS		= 0x0040,
	SEEN_MEMORY		= 0x0080,
	SEEN_PROCESSES		= 0x0100,
	SEEN_CPUS		= 0x0200,
	SEEN_HOME		= 0x0400,
	SEEN_TMP		= 0x0800,
	SEEN_FILESIZE		= 0x1000,
	SEEN_API		= 0x2000,
	SEEN_API_CA		= 0x4000,
	SEEN_CLIPBOARD		= 0x8000,
	SEEN_DETACH		= 0x10000,
	SEEN_RUNTIME		= 0x20000,
	SEEN_NETWORK		= 0x40000,
	SEEN_SESSIONS		= 0x100000,
	SEEN_CLIENTS		= 0x200000,
	SEEN_RATE		= 0x400000,
	SEEN_PERMIT_IMAGE	= 0x800000,
	SEEN_PERMIT_EGRESS	= 0x1000000,
	SEEN_EXIT		= 0x2000000,
	SEEN_SHARE		= 0x4000000,
	SEEN_WORKSPACE		= 0x8000000
};

/* those of a block that there may be more of */
#define SEEN_LIMITS	(SEEN_MEMORY | SEEN_PROCESSES | SEEN_CPUS | \
			    SEEN_HOME | SEEN_TMP | SEEN_FILESIZE)
#define SEEN_PERMIT	(SEEN_LIMITS | SEEN_SESSIONS | SEEN_CLIENTS | \
			    SEEN_RATE | SEEN_PERMIT_IMAGE | \
			    SEEN_PERMIT_EGRESS)

/* conf_lex.c */
struct lex {
	FILE			*f;
	const char		*name;
	void			 (*report)(const char *);
	const char		*macro;		/* what is left of one */
	size_t			 nread;
	int			 line;
	int			 nerrors;
	int			 stop;		/* no more tokens */
	int			 token;		/* the last one */
	int			 tokenline;
	const char		*tokentext;	/* if it is a word */
	char			 buf[WORD_MAXLEN + 1];
};
extern struct lex lex;

/* what lex_next() returns beside characters and EOF */
#define MACRO_END	(-2)

void		 lex_begin(FILE *, const char *, void (*)(const char *));
void		 lex_end(void);
int		 lex_next(void);
void		 lex_back(int);
int		 lex_skip(void);
/* tells what is, in which line; 0: in none */
void		 wrong(int, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
void		*conf_alloc(size_t);
const char	*shown(const char *, char [SHOWN_SIZE]);
int		 macro_expand(void);
void		 macro_set(int, const char *, const char *, int);
void		 macro_option(const char *);

/* conf_set.c */
extern struct config *nconf;		/* that is made */
extern struct permit *limits;		/* of the block that we are in */
extern struct permit agent;
extern struct permit_entry *permit;	/* that we are in, or NULL */
extern struct rule_list *rule_list;
extern unsigned int seen;		/* SEEN_* */

void		 statements_begin(void);
void		 set_engine(const struct word *, const struct word *);
void		 set_image(char *, const struct word *, const char *);
void		 set_runtime(const struct word *);
void		 set_pull(const struct word *);
void		 set_network(const struct word *);
void		 set_path(char *, const struct word *, const char *);
void		 set_command(const struct word *);
void		 set_size(uint64_t *, const struct word *, const char *,
		    uint64_t);
void		 set_processes(const struct word *);
void		 set_cpus(const struct word *);
void		 set_clipboard(const struct word *);
void		 set_detach(const struct word *);
void		 set_number(uint32_t *, const struct word *, const char *,
		    uint32_t);
void		 set_agent(void);
void		 add_permit(uint32_t, uint32_t, const struct word *);
void		 set_api(const struct word *);
void		 add_api_address(const struct word *);
void		 add_api_allow(const struct word *);
void		 add_protects(const struct words *, int);
void		 set_shares(const struct words *);
void		 drop_rules(void);
void		 add_rules(uint32_t, const struct words *,
		    const struct words *, uint32_t);
void		 add_resolver(const struct word *, const struct word *);

#endif /* CONF_H */
