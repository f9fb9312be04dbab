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
 * pledge and unveil on the running kernel.  Every case is a child that takes
 * its promises, makes its calls, and exits with 0 or an errno, or is killed;
 * then the line that it wrote must name the promise.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <stddef.h>

#include "../../claudesec/sandbox.h"

#define KILLED		(-SIGSYS)
#define WRONG		126	/* exit status where errno has nothing to say */

#define TRY(x)		do { if ((x) == -1) return (errno); } while (0)
#define MUST(x)		do { if (!(x)) return (WRONG); } while (0)

struct test {
	const char	*name;
	const char	*promises;	/* NULL: the case does it itself */
	const char	*net;		/* for sandbox_net */
	int		(*run)(void);
	int		 want;		/* exit status, or minus a signal */
	const char	*line;		/* in what it wrote, NULL: nothing */
};

/* test.c: what is there before a case, but for inner and sockpath */
extern char		 dir[], file[], inner[], other[], sockpath[];
extern char		 net_port[];
extern int		 listener, port1, port2, pty;

/* pledge.c */
extern const struct test pledge_tests[];
extern const size_t	 npledge_tests;

int		 do_bind(void);
int		 do_connect(void);
int		 do_create(void);
int		 do_kill_parent(void);
int		 do_names(void);
int		 do_rdwr(void);
int		 do_read(void);
int		 do_unix(void);
int		 do_unlink(void);
int		 do_write(void);
int		 run_shell(const char *);
int		 try_open(const char *, int);
socklen_t	 unix_address(struct sockaddr_un *, const char *);

/* unveil.c */
extern const struct test unveil_tests[];
extern const size_t	 nunveil_tests;
