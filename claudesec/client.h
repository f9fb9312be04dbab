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

#ifndef CLIENT_H
#define CLIENT_H

#include "claudesec.h"

#define ENV_MAX		64	/* variables of -e */
#define OPENS_MAX	64	/* paths of -W */

/*
 * client_request.c: what the command line makes of this, request_run() asks
 * for, and ends with what came of it.  The type tells which of the structs the
 * request is.
 */
struct asked {
	const char	*socket;		/* of -s */
	int		 verbose;
	uint32_t	 type;
	struct ctl_start start;
	struct ctl_attach attach;
	struct ctl_request request;
	struct ctl_rule	 rule;
	struct ctl_logs	 logs;
	struct egress_rule passes[PASS_MAX];	/* of a start */
	size_t		 npasses;
	int		 workspace;
	char		*opens[OPENS_MAX];	/* not protected */
	size_t		 nopens;
	char		**args;		/* Claude Code's, or a command */
	const char	*envs[ENV_MAX];		/* of -e */
	size_t		 nenvs;
	struct env_list	 keys;
	int		 checks;		/* the session is a check */
	int		 json;
	int		 reviews;		/* the session is to be one's */
	char		 origin[PATH_MAX];	/* of the copy, if there is */
};
extern struct asked asked;

__dead void	 request_run(uint32_t);
__dead void	 finish(int);

#endif /* CLIENT_H */
