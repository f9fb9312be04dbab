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
 * What the parts of probe have in common.  An attempt returns what it saw, in
 * a static buffer; it held unless the text begins with '!'.
 */

#ifndef PROBE_H
#define PROBE_H

#include <sys/types.h>


struct attempt {
	const char	*group;
	const char	*name;
	const char	*(*run)(void);
};

/* what the host told: a word that only it knows, and where it listens */
struct probe_host {
	const char	 *nonce;
	int		  port;			/* of TCP and UDP */
	char		**addresses;		/* numeric */
	size_t		  naddresses;
	const char	 *secret;		/* path of a host's file */
};

extern struct probe_host host;
extern const struct attempt *attempt;	/* that is under way */

/* probe.c */
const char	*held(const char *, ...)
		    __attribute__((__format__ (printf, 1, 2)));
const char	*escaped(const char *, ...)
		    __attribute__((__format__ (printf, 1, 2)));
/* of a call that must fail: held with the reason, or escaped if it did not */
const char	*failed(long);

/* the attempts, each list with an end */
extern const struct attempt probe_net[];	/* probe_net.c */
extern const struct attempt probe_proxy[];	/* probe_proxy.c */
extern const struct attempt probe_kernel[];	/* probe_kernel.c */
extern const struct attempt probe_file[];	/* probe_file.c */

#endif /* PROBE_H */
