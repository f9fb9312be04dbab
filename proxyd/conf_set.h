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

#ifndef CONF_SET_H
#define CONF_SET_H

#include "proxyd.h"

/* Between the grammar in parse.y and what its statements set. */

/* parse.y */
extern int	 lineno;		/* of the statement that is read */
extern int	 error_line;		/* of the last error */
extern FILE	*(*open_list)(const char *);

void		 warn_at(int, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));

/* conf_set.c */
extern struct config *nconf;		/* that is made */
extern struct rule rule;		/* of the statement that is read */
extern struct gateway *gate;

void		 set_number(const char *, const char *const *, size_t,
		    uint32_t *, int64_t, int64_t);
void		 rule_start(int);
void		 rule_end(void);
void		 target_add(char *, int);
void		 targets_free(void);
void		 add_port(int64_t);
void		 add_prefix(const char *);
void		 add_listen(const char *, int64_t);
void		 add_server(const char *, int64_t);
void		 set_via(const char *, int64_t);
void		 set_handover(const char *);
void		 add_gateway_listen(const char *, int64_t);
void		 gate_start(const char *, int64_t);
void		 gate_end(void);
void		 gate_secret(char **, const char *);
void		 gate_prefix(const char *);
void		 gate_allow(const char *);
void		 gate_ca_line(const char *);
void		 gate_ca_file(const char *);

#endif /* CONF_SET_H */
