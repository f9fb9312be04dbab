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

#ifndef INSIDE_H
#define INSIDE_H

/*
 * What `inside' and proxyd agree on.  inside connects to a SOCK_STREAM socket
 * at HANDOVER_PATH and sends HANDOVER_MAGIC, a uint32_t in host byte order,
 * with HANDOVER_MAX sockets in one SCM_RIGHTS, all bound to 127.0.0.1 and
 * those of type SOCK_STREAM listening.  The answer is the byte HANDOVER_OK, or
 * end of file if proxyd does not want them.
 */
#define HANDOVER_PATH		"/run/claudesec/proxyd.sock"
#define HANDOVER_MAGIC		0x63736831U
#define HANDOVER_OK		'k'

/* the order of the sockets, and an initialiser for an array of them */
enum handover {
	HANDOVER_PROXY,		/* CONNECT and absolute-form */
	HANDOVER_DNS_UDP,
	HANDOVER_DNS_TCP,
	HANDOVER_TLS,		/* transparent, the server name decides */
	HANDOVER_HTTP,		/* transparent, Host decides */
	HANDOVER_GATEWAY,	/* to the API, with a key that is not here */
	HANDOVER_MAX
};

struct handover_socket {
	int	 type;
	int	 port;
};

#define HANDOVER_SOCKETS {						\
	{ SOCK_STREAM, 3128 },						\
	{ SOCK_DGRAM, 53 },						\
	{ SOCK_STREAM, 53 },						\
	{ SOCK_STREAM, 443 },						\
	{ SOCK_STREAM, 80 },						\
	{ SOCK_STREAM, 3129 }						\
}

/* Why proxyd refuses what no rule passes: what the user can change. */
#define REFUSED_BLOCKED		"not allowed by the rules of this proxy"

/*
 * The variable of the environment whose value `inside -j' writes as Claude
 * Code's .claude.json; the command does not get it.  It holds a part of a key,
 * which arguments, that every user of the host can see, must not.
 */
#define INSIDE_JSON		"CLAUDESEC_JSON"

/*
 * The variable by whose value `inside -k' knows the processes of one command
 * that joined the session.
 */
#define INSIDE_MARK		"CLAUDESEC_MARK"

/*
 * inside_port.c, `inside -p': carries a connection to a port between standard
 * input and output, see there, and says these on standard error.
 */
#define PORT_COUNT		'c'	/* and how many bytes there were */
#define PORT_COUNTLEN		8
#define PORT_SHUT		's'

void		 carry_port(unsigned short);

/*
 * The variable that says what must be mounted in the workspace, a line each: r
 * or w, for read-only or not, which device and inode it is, and the path.
 */
#define INSIDE_MOUNTS		"CLAUDESEC_MOUNTS"
#define INSIDE_MOUNT		"%c %jx:%jx "

/* Likewise of what is mounted in CLAUDE_CONFIG_DIR, if anything is. */
#define INSIDE_SHARES		"CLAUDESEC_SHARES"

/*
 * inside_bounds.c: the variable that says what control groups must bound:
 * bytes of memory, processes, and thousandths of a processor, or 0.
 */
#define INSIDE_BOUNDS		"CLAUDESEC_BOUNDS"
#define INSIDE_BOUND		"%ju %ju %ju"

void		 check_bounds(const char *);

#endif /* INSIDE_H */
