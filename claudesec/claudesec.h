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

#ifndef CLAUDESEC_H
#define CLAUDESEC_H

#include <sys/types.h>
#include <sys/queue.h>

#include <limits.h>
#include <stdio.h>
#include <stdint.h>

#include "imsg.h"
#include "log.h"
#include "proc.h"
#include "sandbox.h"

#define CLAUDESEC_VERSION	"0.1"
#define CLAUDESEC_USER		"_claudesec"
#define CLAUDESEC_CHROOT	"/var/empty"
/* the system daemon's; /run is a link to it where that is the custom */
#define CLAUDESEC_SOCKET	"/var/run/claudesec.sock"

/* bump with any change of a message or of its struct */
#define IMSG_VERSION		5

enum {
	ROLE_PARENT,
	ROLE_CONF,
	ROLE_CONTROL,
	ROLE_ENGINE,
	ROLE_PIN,		/* the system daemon's only */
	ROLE_WORKSPACE,
	ROLE_BRIDGE,
	ROLE_GUARD,
	ROLE_CLIENT		/* whoever connects to the control socket */
};

/* limits; a path of the workspace, and names of sessions, images and hosts */
#define NAME_MAXLEN	64	/* session names: [a-z0-9][a-z0-9_.-]* */
#define IMAGE_MAXLEN	256
#define HOST_MAXLEN	256
#define TEXT_MAXLEN	1024	/* a line for the user */
#define REASON_MAXLEN	128	/* why a host was refused */
#define FACT_MAXLEN	512	/* of what the engine confirms */
#define ENV_MAXLEN	8192	/* NAME=value of the env file */
#define ARGS_MAXLEN	262144	/* arguments and environment of a command */
#define ARGS_MAX	4096	/* arguments, their number */
#define ARG_PIECE	8192	/* of an argument, in one message */
#define RULE_PORTS	16
#define PASS_MAX	32	/* of a start, and live rules of a session */
#define RULE_SECONDS	(366 * 24 * 3600)	/* that a live one holds */
#define RESOLVER_MAX	4
#define API_ADDRESSES	8
#define API_ALLOWS	16
#define API_PATHLEN	128	/* of a path of the API, with its NUL */
#define SESSIONS_MAX	128
#define PERMITS_MAX	256
#define AUDIT_MAXLEN	12288	/* of what a line of the audit log tells */
#define PERMIT_SESSIONS	8	/* of a user with a permit, if not said */
#define PERMIT_CLIENTS	32	/* connections; also the most */
#define PERMIT_RATE	100	/* requests in a second; likewise */
#define DOCKER_CONTEXT_MAX 256	/* name of one, with its NUL */
#define PROTECT_MAXLEN	256	/* of a path in the workspace */
#define PROTECTS_MAX	256
#define MOUNTS_MAX	160	/* of such paths in one session */
#define KEY_MINLEN	8	/* of a key for proxyd, and at most */
#define KEY_MAXLEN	4000
#define SESSION_LEN	32	/* of a session's id, hexadecimal, ours */
#define KEYS_MAX	2	/* that let go of a session */
#define GRACE_MAX	3600	/* seconds, of a stop */
#define STREAMS_MAX	16	/* to ports, asked for at a time */
#define CONNS_MAX	64	/* to ports, of a client */
#define CREDENTIALS_MAX	2	/* credentials there are */
#define COMMAND_MAXLEN	1024	/* that a key comes from */
#define TOKEN_PREFIX	"sk-ant-oat"	/* of a token, which is no key */

/* states of a client's connection, beside those of proc.h */
#define STATE_CLIENT_NEW	0x10	/* has asked for nothing yet */
#define STATE_CLIENT_ARGS	0x20	/* sends the arguments of a start */
#define STATE_CLIENT_WAIT	0x40	/* was answered, or is attached */
#define STATE_CLIENT_BASE	0x80	/* was told to make a base image */
#define STATE_CLIENT_ASKED	0x100	/* whether to attach instead */
#define STATE_CLIENT_PORTS	0x200	/* asks for streams to ports */

enum imsg_type {
	IMSG_NONE,

	/*
	 * Client to control and, once its first message was looked at there,
	 * to engine on the same connection.  One request a connection.
	 */
	IMSG_CTL_START = IMSG_FIRST, /* struct ctl_start; the workspace */
	IMSG_CTL_ARG,		/* a piece of argument number id */
	IMSG_CTL_ENV,		/* NAME=value */
	IMSG_CTL_PASS,		/* struct egress_rule, for a start */
	IMSG_CTL_OPEN,		/* a path of the workspace, not protected */
	IMSG_CTL_RUN,		/* the arguments are complete */
	IMSG_CTL_ATTACH,	/* struct ctl_attach */
	IMSG_CTL_STOP,		/* struct ctl_request */
	IMSG_CTL_STATUS,	/* struct ctl_request */
	IMSG_CTL_RELOAD,	/* struct ctl_request */
	IMSG_CTL_BUILD,		/* struct ctl_request */
	IMSG_CTL_PORTS,		/* struct ctl_request */
	IMSG_CTL_CONNECT,	/* uint32_t, a port; the client's id for it */
	IMSG_CTL_BASE,		/* a pipe that a base image comes from */
	IMSG_CTL_RULE,		/* struct ctl_rule; to pass or to block */
	IMSG_CTL_LOGS,		/* struct ctl_logs */
	IMSG_CTL_RESIZE,	/* struct ctl_size */
	IMSG_CTL_SIGNAL,	/* int */
	IMSG_CTL_DONE,		/* the raw stream has ended */
	IMSG_CTL_MODES,		/* uint32_t, what the terminal is set to */
	IMSG_CTL_CHOICE,	/* uint32_t, attach to what runs: 1 */

	/* engine to client */
	IMSG_CTL_ERROR,		/* struct ctl_error; the end */
	IMSG_CTL_PROGRESS,	/* a line of text */
	IMSG_CTL_LAYER,		/* struct ctl_layer */
	IMSG_CTL_NEEDBASE,	/* build: the base must be made; a line why */
	IMSG_CTL_ATTACHED,	/* struct ctl_attached; the raw stream */
	IMSG_CTL_DETACHED,	/* a session's name: it runs without you */
	IMSG_CTL_RUNS,		/* a session's name: attach instead? */
	IMSG_CTL_STREAM,	/* to port id: a stream */
	IMSG_CTL_REFUSED,	/* to port id: none */
	IMSG_CTL_SESSION,	/* struct ctl_session, one a session */
	IMSG_CTL_FACT,		/* struct ctl_fact, of it or of the engine */
	IMSG_CTL_EXIT,		/* int, exit status; the end */
	IMSG_CTL_EVENT,		/* struct ctl_event, for logs */
	IMSG_CTL_LOST,		/* uint64_t, events that came too fast */
	IMSG_CTL_BLOCKED,	/* struct ctl_host; while it is attached */
	IMSG_CTL_REPORT,	/* struct ctl_report; at a session's end */
	IMSG_CTL_HOST,		/* struct ctl_host; after it */
	IMSG_CTL_FINDING,	/* struct ctl_finding; likewise */

	/* parent and control */
	IMSG_CONTROL_LISTEN,	/* parent: the listening socket */
	IMSG_CONTROL_CLIENT,	/* to engine: a client's connection; its id */
	IMSG_ENGINE_GONE,	/* to control: client id is done with */

	/*
	 * Configuration.  conf is told to read, asks for the files that are
	 * named, and sends the result to parent and engine, who each swap at
	 * the end; or an error.
	 */
	IMSG_RECONF_DOCKER,	/* parent: struct docker_env, before READ */
	IMSG_RECONF_READ,	/* parent: a name for messages; the file */
	IMSG_RECONF_MACRO,	/* parent: NAME=value of -D, before READ */
	IMSG_RECONF_OPEN,	/* to parent: a path */
	IMSG_RECONF_FILE,	/* parent: int errno; the file */
	IMSG_RECONF_ERROR,	/* to parent: a line, of an error or warning */
	IMSG_RECONF_FAILED,	/* to parent: errors, nothing is sent */
	IMSG_RECONF_CONF,	/* struct conf_fixed, starts a new one */
	IMSG_RECONF_RULE,	/* struct egress_rule; id 1: of the last permit */
	IMSG_RECONF_RESOLVER,	/* struct egress_resolver */
	IMSG_RECONF_ENV,	/* NAME=value, secret; to engine only */
	IMSG_RECONF_END,	/* take it */
	IMSG_RECONF_DONE,	/* engine to parent: it is in force */
	IMSG_RECONF_PERMIT,	/* struct permit, before END */
	IMSG_RECONF_LOGIN,	/* to parent: a path */
	IMSG_RECONF_PROTECT,	/* struct protect_rule, likewise; no default */

	/* engine and parent */
	IMSG_ENGINE_CONNECT,	/* a socket to the engine, please */
	IMSG_PARENT_SOCKET,	/* to guard: int errno; the socket */
	IMSG_ENGINE_FILE,	/* uint32_t, enum file_id */
	IMSG_PARENT_FILE,	/* struct file_answer; the file */
	IMSG_ENGINE_CLIENT,	/* a client's connection, for its uid */
	IMSG_ENGINE_WORKSPACE,	/* its path, as the client says; the directory */
	IMSG_PARENT_WORKSPACE,	/* struct workspace_answer */
	IMSG_ENGINE_UNPIN,	/* nothing is made of workspace id any more */
	IMSG_ENGINE_AUDIT,	/* an object of JSON, for the audit log */
	IMSG_PARENT_SPARE,	/* keep a proxy ready */
	IMSG_PARENT_TOTALS,	/* to engine: log them */
	IMSG_PARENT_END,	/* to engine: the daemon is about to end */
	IMSG_ENGINE_ENDED,	/* all is as the next one wants it */
	IMSG_PARENT_PIN,	/* to pin: a directory, to be found as id */
	IMSG_PARENT_UNPIN,	/* to pin: no more */
	IMSG_PIN_DONE,		/* to parent: int errno, of PARENT_PIN */
	IMSG_ENGINE_BUSY,	/* int, sessions and clients there are */
	IMSG_ENGINE_RELOAD,	/* a client asks for a reload */
	IMSG_PARENT_RELOADED,	/* struct ctl_error, code 0 if it went well */
	IMSG_PARENT_NAME,	/* control socket's path, uid; before START */

	/* client to its process for ports */
	IMSG_PORT_SESSION,	/* struct port_session */
	IMSG_PORT_LOGIN,	/* an address that a login begins at */

	/* engine and parent */
	IMSG_ENGINE_DIRECTORY,	/* a session's workspace, once more, please */
	IMSG_PARENT_DIRECTORY,	/* int errno; the directory */
	IMSG_ENGINE_CGROUP,	/* the id of a container that runs */
	IMSG_PARENT_CGROUP,	/* int errno; what counts its processes */

	/*
	 * engine and workspace, which makes a process and a channel for each
	 * session; what follows passes on that
	 */
	IMSG_WORKSPACE_OPEN,	/* struct workspace_open; the directory */
	IMSG_WORKSPACE_OPENED,	/* int errno; the channel */
	IMSG_LOOK_PROTECT,	/* struct protect_rule */
	IMSG_LOOK_START,	/* that was all: look and prepare */
	IMSG_LOOK_ADOPT,	/* that was all: another has done that */
	IMSG_LOOK_MOUNT,	/* struct look_mount */
	IMSG_LOOK_NOTE,		/* a line for the user */
	IMSG_LOOK_READY,	/* struct ctl_error, code 0 if it went well */
	IMSG_LOOK_END,		/* the session is over: clean up */
	IMSG_LOOK_FOUND,	/* struct ctl_finding, before DONE */
	IMSG_LOOK_DONE,		/* so it is; the end */

	/*
	 * Credentials: engine asks conf, which answers with RECONF_ENVs and
	 * KEYS.  Those of a command the client brings, when it was told to:
	 * it comes again with them.
	 */
	IMSG_ENGINE_KEYS,	/* to conf: read them, please */
	IMSG_RECONF_KEYS,	/* to engine: struct ctl_error, code 0: all */
	IMSG_RECONF_COMMAND,	/* to engine: the file that names a command */
	IMSG_CTL_NEEDKEY,	/* to client: that file; the end */
	IMSG_CTL_KEY,		/* client: NAME=value, secret */

	/* parent to engine, before PARENT_WORKSPACE */
	IMSG_PARENT_SHARE,	/* struct share_answer */

	/* is there a newer image? */
	IMSG_ENGINE_NEWER,	/* to parent: uint32_t, a slot; to be asked? */
	IMSG_PARENT_NEWER,	/* to engine: int, yes or no */
	IMSG_CTL_NEWER,		/* to client: there is one; after REPORT */

	/*
	 * Reviews: a client that starts a session says whose copy its
	 * workspace is, or is told to come again with one.
	 */
	IMSG_CTL_REVIEW,	/* the workspace it is of; none: make one */
	IMSG_CTL_NEEDREVIEW,	/* to client: the end */

	/* a client that has a session, and whose daemon is another now */
	IMSG_CTL_RESUME,	/* struct ctl_resume, a first message */
	IMSG_RESUME_DAEMON,	/* from its process for that: a connection */

	/* an engine elsewhere: conf, parent, bridge, and back to engine */
	IMSG_RECONF_REMOTE,	/* to parent: struct remote */
	IMSG_PARENT_ENV,	/* to bridge: NAME=value, for ssh */
	IMSG_PARENT_REMOTE,	/* to bridge: struct remote */
	IMSG_PARENT_PEM,	/* to bridge: file id of it; int errno */
	IMSG_PARENT_STREAM,	/* to bridge: a stream to it, please */
	IMSG_BRIDGE_STREAM,	/* to parent: here */
	IMSG_BRIDGE_FAILED,	/* to parent: struct ctl_error */
	IMSG_PARENT_NOSOCKET,	/* to engine: struct ctl_error */

	/* guard: what it may let pass */
	IMSG_GUARD_SOCKET,	/* to engine: int errno; a way to the engine */
	IMSG_PARENT_GRANT,	/* struct grant; revoked by its id */
	IMSG_PARENT_REVOKE,	/* those of this id */
	IMSG_PARENT_BOUNDS,	/* struct bounds, of the configuration */
	IMSG_GUARD_LOOK,	/* to parent: a path that will be mounted */
	IMSG_PARENT_LOOKED	/* int errno: it leads where it says, or not */
};

/* files that the parent opens for the engine; nothing else can be named */
enum file_id {
	FILE_PROXYD,		/* the sidecar's image, a tar */
	FILE_SECCOMP,		/* the agent's seccomp profile, JSON */
	FILE_DOCKERFILE,	/* how the agent's image is built */
	FILE_CA,		/* the CA bundle that the configuration names */
	FILE_BUNDLE,		/* what the API is verified against; unasked */
	FILE_MAX
};

struct ctl_start {
	uint32_t	 version;	/* IMSG_VERSION */
	uint32_t	 shell;		/* a command of the user's, not Claude */
	uint32_t	 tty;
	uint32_t	 cols, rows;	/* 0 where there is no terminal */
	uint32_t	 detach;	/* runs without a client */
	uint32_t	 another;	/* though one runs there */
	uint32_t	 readonly;	/* the workspace */
	uint32_t	 millicpus;	/* 0: as configured */
	uint64_t	 memory;	/* likewise */
	char		 name[NAME_MAXLEN];	/* empty: from the directory */
	char		 path[PATH_MAX];	/* of the workspace */
};

struct ctl_attach {
	uint32_t	 version;
	uint32_t	 cols, rows;
	char		 name[NAME_MAXLEN];	/* empty: by directory */
	char		 path[PATH_MAX];
};

struct ctl_request {
	uint32_t	 version;
	uint32_t	 all;		/* stop: every session of the user's;
					   status: what is confirmed as well */
	uint32_t	 nocache;	/* build */
	uint32_t	 update;	/* build: what there is newer */
	uint32_t	 grace;		/* stop: seconds */
	uint32_t	 nkeys;		/* reload: so many follow */
	char		 name[NAME_MAXLEN];	/* empty: by directory, or any */
	char		 path[PATH_MAX];	/* current directory, or empty */
};

struct egress_rule {
	char		 host[HOST_MAXLEN];	/* name or *.name, lower case */
	uint32_t	 block;			/* else pass */
	uint32_t	 plain;			/* need not be TLS */
	uint32_t	 nports;		/* 0: 443 */
	uint16_t	 ports[RULE_PORTS];
};

/* a rule of the user's for a session that runs */
struct ctl_rule {
	uint32_t	 version;	/* IMSG_VERSION */
	uint32_t	 seconds;	/* that it holds; 0: to the end */
	struct egress_rule rule;
	char		 name[NAME_MAXLEN];	/* empty: by directory */
	char		 path[PATH_MAX];	/* current directory */
};

struct ctl_logs {
	uint32_t	 version;	/* IMSG_VERSION */
	uint32_t	 follow;	/* to the end of the session */
	uint32_t	 refused;	/* nothing else */
	uint32_t	 lines;		/* from the end; 0: those that are kept */
	char		 name[NAME_MAXLEN];	/* empty: by directory */
	char		 path[PATH_MAX];	/* current directory */
};

/* one of several things that are on their way, each with a line of its own */
struct ctl_layer {
	uint32_t	 moving;	/* there will be another of the kind */
	char		 id[16];
	char		 text[128];
};

struct ctl_size {
	uint32_t	 cols, rows;
};

struct ctl_error {
	int		 code;		/* sysexits(3) */
	char		 text[TEXT_MAXLEN];
};

struct ctl_attached {
	uint32_t	 tty;		/* one stream; else frames of docker's */
	uint32_t	 stays;		/* it goes on without the client */
	uint32_t	 again;		/* it was there before the client */
	uint32_t	 login;		/* there may be one by a browser */
	uint32_t	 modes;		/* of its terminal, MODE_* */
	uint32_t	 clipboard;	/* the container may write it */
	uint32_t	 suspends;	/* ^Z is for the client */
	uint32_t	 nkeys;
	unsigned char	 keys[KEYS_MAX]; /* that let go of it */
	char		 name[NAME_MAXLEN];
	char		 session[SESSION_LEN + 1];	/* its id; or empty */
};

/* told how the session ends, from now on by this daemon */
struct ctl_resume {
	uint32_t	 version;	/* IMSG_VERSION */
	char		 session[SESSION_LEN + 1];
};

struct port_session {
	uint32_t	 login;		/* there may be one by a browser */
	char		 path[PATH_MAX];	/* of the daemon's socket */
	char		 name[NAME_MAXLEN];
};

struct ctl_session {
	uint32_t	 uid;
	uint32_t	 review;	/* of path */
	int64_t		 since;		/* seconds since the epoch */
	int64_t		 cpu;		/* milliseconds of it; -1: not known */
	int64_t		 memory, limit;	/* bytes; likewise */
	uint64_t	 open, tunnels;	/* now, and that have ended */
	uint64_t	 out, in;	/* bytes */
	uint64_t	 refused;
	char		 name[NAME_MAXLEN];
	char		 state[16];	/* starting, running, stopping */
	char		 image[IMAGE_MAXLEN];
	char		 path[PATH_MAX];
};

/*
 * What keeps a session in, as the container engine confirms it; and last, once
 * for each, what that cannot do.
 */
enum fact {
	FACT_NETWORK,
	FACT_CAPABILITIES,
	FACT_PRIVILEGES,
	FACT_SECCOMP,
	FACT_LABEL,
	FACT_ROOT,
	FACT_USER,
	FACT_NAMESPACES,
	FACT_DEVICES,
	FACT_MASKED,
	FACT_READONLY,
	FACT_WRITABLE,
	FACT_MEMORY,
	FACT_PROCESSES,
	FACT_CPUS,
	FACT_ULIMITS,
	FACT_TMPFS,
	FACT_LOG,
	FACT_RUNTIME,
	FACT_LACKS,
	FACT_MAX
};

struct ctl_fact {
	uint32_t	 fact;			/* enum fact */
	char		 text[FACT_MAXLEN];	/* empty: not confirmed */
};

/* what became of a tunnel, a request to the API, or what was refused */
enum event_kind {
	EVENT_OPENED,
	EVENT_TUNNEL,
	EVENT_REQUEST,
	EVENT_REFUSED,
	EVENT_RULE		/* the user's own, at run time */
};

struct ctl_event {
	int64_t		 time;		/* seconds since the epoch */
	uint64_t	 out, in;	/* bytes */
	uint64_t	 ms;
	uint64_t	 count;		/* of refusals */
	uint32_t	 kind;		/* enum event_kind */
	uint32_t	 blocked;	/* refused since no rule passes it */
	uint32_t	 port;		/* 0: it is not known */
	char		 host[HOST_MAXLEN];	/* empty: likewise */
	char		 text[REASON_MAXLEN];	/* why; or what was asked for */
};

/*
 * What a session did, told at its end: sums; the hosts that it asked for; and
 * what was found in the workspace that the host may trip over.
 */
struct ctl_report {
	int64_t		 since;		/* seconds since the epoch */
	uint64_t	 seconds;	/* that it ran */
	int32_t		 status;	/* its exit status, or -1 */
	uint32_t	 limits;	/* bits, hit */
#define LIMIT_MEMORY	0x1
#define LIMIT_PROCESSES	0x2
	uint64_t	 memory;	/* those limits */
	uint64_t	 processes;
	uint64_t	 tunnels;	/* requests to the API included */
	uint64_t	 out, in;	/* bytes */
	uint64_t	 refused;
	uint32_t	 others;	/* hosts that are not listed */
	uint32_t	 findings;	/* all of them, listed or not */
	char		 name[NAME_MAXLEN];
	char		 review[PATH_MAX];	/* of which workspace */
};

struct ctl_host {
	uint64_t	 tunnels;
	uint64_t	 out, in;
	uint64_t	 refused;	/* times */
	uint32_t	 blocked;	/* since no rule passes it */
	uint32_t	 port;		/* 0: it is not known */
	char		 host[HOST_MAXLEN];
	char		 reason[REASON_MAXLEN];	/* of the last refusal */
};

enum finding {
	FINDING_EXECUTED,	/* changed, and the host may execute it */
	FINDING_REPOSITORY,	/* a repository of the agent's own */
	FINDING_SYMLINK,	/* new, and points outside */
	FINDING_EXECUTABLE,	/* new, and may be executed */
	FINDING_SETUID,		/* has the setuid or setgid bit */
	FINDING_UNSEEN,		/* there was too much to look at */
	FINDING_REPLACED,	/* on the host, and so not protected */
	FINDING_MAX
};

struct ctl_finding {
	uint32_t	 kind;		/* enum finding */
	char		 path[PATH_MAX];	/* below the workspace */
};

enum credentials {
	CREDENTIALS_NONE,
	CREDENTIALS_ENVIRONMENT,
	CREDENTIALS_INJECT,	/* by proxyd; the agent has a placeholder */
	CREDENTIALS_BROWSER,	/* Claude Code logs in */
	CREDENTIALS_DEFAULT	/* likewise, if that can be */
};

/* where requests with a key go that the agent does not have */
struct conf_api {
	char		 host[HOST_MAXLEN];
	uint16_t	 port;
	uint16_t	 plain;			/* http, not https */
	uint32_t	 naddresses;
	uint32_t	 nallows;
	char		 path[API_PATHLEN];	/* before all others, or empty */
	char		 addresses[API_ADDRESSES][64]; /* ranges, though inside */
	char		 allows[API_ALLOWS][API_PATHLEN]; /* method and path */
	char		 ca[PATH_MAX];		/* empty: the host's bundle */
};

/*
 * What of the user's environment says which engine a private daemon is for;
 * a system daemon has only its configuration.
 */
struct docker_env {
	char		 host[PATH_MAX];	/* DOCKER_HOST, or empty */
	char		 context[DOCKER_CONTEXT_MAX]; /* DOCKER_CONTEXT */
	char		 directory[PATH_MAX];	/* DOCKER_CONFIG or ~/.docker */
	char		 certs[PATH_MAX];	/* DOCKER_CERT_PATH, or empty */
	uint32_t	 verify;		/* DOCKER_TLS_VERIFY is set */
};

/* a container engine on another machine */
enum remote_kind {
	REMOTE_NONE,
	REMOTE_TLS,		/* each needs more rights than */
	REMOTE_SSH,		/* the one before */
	REMOTE_MAX
};
struct remote {
	uint32_t	 kind;		/* enum remote_kind */
	uint32_t	 port;
	char		 user[64];	/* ssh: may be empty */
	char		 host[HOST_MAXLEN];
	char		 tls[PATH_MAX];	/* directory of these */
};
enum pem {
	PEM_CA,
	PEM_CERT,
	PEM_KEY,
	PEM_MAX
};

enum pull {
	PULL_MISSING,		/* the image, where it is not there */
	PULL_ALWAYS,
	PULL_NEVER
};

/* the part of a configuration that has a fixed size; 0: the default */
struct conf_fixed {
	char		 engine[PATH_MAX];	/* a Unix socket, or where it is
						   elsewhere; empty: any */
	char		 image[IMAGE_MAXLEN];
	char		 base[IMAGE_MAXLEN];
	char		 ca[PATH_MAX];		/* may be empty */
	uint32_t	 pull;			/* enum pull */
	char		 network[NAME_MAXLEN];	/* of services; may be empty */
	char		 runtime[NAME_MAXLEN];	/* empty: the engine's own */
	uint32_t	 credentials;		/* enum credentials */
	struct conf_api	 api;
	uint64_t	 memory;		/* bytes */
	uint64_t	 home;			/* bytes of the home's tmpfs */
	uint64_t	 tmp;			/* bytes of /tmp */
	uint64_t	 filesize;		/* bytes of one file */
	uint32_t	 processes;
	uint32_t	 millicpus;
	uint32_t	 stops;		/* sessions end with the daemon */
	uint32_t	 clipboard;	/* the agent may write it */
	uint32_t	 shares;	/* bits, of the user's own things */
	uint32_t	 review;	/* a copy is worked on */
	uint32_t	 nkeys;
	unsigned char	 keys[KEYS_MAX]; /* that let go of a session */
};

/* of the agent block, and of start -W: a path in the workspace */
struct protect_rule {
	uint32_t	 open;		/* not protected, whoever says so */
	char		 path[PROTECT_MAXLEN];
};

struct egress_resolver {
	char		 address[64];		/* numeric */
	uint16_t	 port;
};

struct file_answer {
	uint32_t	 file;		/* enum file_id */
	int		 error;		/* errno, 0 with a descriptor */
};

/*
 * What the parent found of the directory that a client sent.  If error is
 * empty, path names that very directory.
 */
struct workspace_answer {
	char		 error[TEXT_MAXLEN];
	char		 path[PATH_MAX];
	char		 source[PATH_MAX];	/* to mount: it, or its pin */
	uint32_t	 uid, gid;	/* the client's; 1000 for root */
	uint64_t	 dev, ino;	/* which directory it is */
	char		 login[PATH_MAX];	/* of Claude Code's login; or empty */
	uint64_t	 login_dev, login_ino;
};

/* what is shared of the user's own Claude Code */
struct share_answer {
	uint32_t	 share;		/* which of shares */
	char		 path[PATH_MAX];	/* of the directory it is in */
	uint64_t	 dev, ino;	/* which it is */
};

/*
 * What the parent has found to be somebody's and fit to be mounted, where its
 * kind is, and by a container of this uid and gid alone.
 */
enum grant_kind {
	GRANT_WORKSPACE,	/* and what is in it, each in its place */
	GRANT_LOGIN,
	GRANT_SHARE,		/* to read */
	GRANT_MAX
};

struct grant {
	uint32_t	 kind;
	uint32_t	 share;		/* which of shares */
	uint32_t	 uid, gid;
	char		 source[PATH_MAX];
};

/* what else is the configuration's to say; the first two may be empty */
struct bounds {
	char		 network[NAME_MAXLEN];
	char		 runtime[NAME_MAXLEN];
	char		 image[IMAGE_MAXLEN];	/* to be built */
	uint32_t	 remote;		/* the engine is elsewhere */
};

/*
 * Who may use a system daemon, or may not, and with which bounds; the last
 * one that fits a client counts.
 */
struct permit {
	char		 name[NAME_MAXLEN];	/* as it is written */
	uint32_t	 deny;
	uint32_t	 group;			/* else a user's */
	uint32_t	 known;			/* id is */
	uint32_t	 id;
	uint32_t	 egress;		/* it has rules of its own */
	uint32_t	 sessions;		/* from here on 0: the default */
	uint32_t	 clients;
	uint32_t	 rate;
	uint32_t	 processes;
	uint32_t	 millicpus;
	uint64_t	 memory;
	uint64_t	 home;
	uint64_t	 tmp;
	uint64_t	 filesize;
	char		 image[IMAGE_MAXLEN];
};

/* who owns the directory's session; the parent may be root */
struct workspace_open {
	uint32_t	 uid, gid;
};

/* what is mounted on itself in the agent's workspace, so that it stays */
struct look_mount {
	uint32_t	 readonly;
	uint64_t	 dev, ino;
	char		 path[PROTECT_MAXLEN];	/* relative to the workspace */
};

/* a configuration as conf builds it and as receivers collect it */
struct rule_entry {
	struct egress_rule	 rule;
	TAILQ_ENTRY(rule_entry)	 entry;
};
TAILQ_HEAD(rule_list, rule_entry);
struct permit_entry {
	struct permit		 permit;
	struct rule_list	 rules;
	TAILQ_ENTRY(permit_entry) entry;
};
TAILQ_HEAD(permit_list, permit_entry);
struct protect_entry {
	struct protect_rule	 rule;
	TAILQ_ENTRY(protect_entry) entry;
};
struct env_entry {
	char			*value;		/* NAME=value, secret */
	TAILQ_ENTRY(env_entry)	 entry;
};
TAILQ_HEAD(env_list, env_entry);
struct config {
	struct conf_fixed	 fixed;
	struct remote		 remote;
	char			 login[PATH_MAX]; /* where; empty: the default */
	char			 envfile[PATH_MAX]; /* empty: the default one */
	char			 command[COMMAND_MAXLEN]; /* or else empty */
	char			 commandfile[PATH_MAX]; /* engine: has one */
	struct rule_list	 rules;
	struct egress_resolver	 resolvers[RESOLVER_MAX];
	size_t			 nresolvers;
	TAILQ_HEAD(, protect_entry) protects;
	struct env_list		 env;
	struct permit_list	 permits;
};

/* claudesec.c */
__dead void	 usage(void);
/*
 * Becomes the daemon in a child of the caller's, with the options of the
 * command line, private to this user and for as long as it is needed.
 * Returns in the caller, when it takes clients: 0, else its exit status, and
 * the daemon has said why on standard error.
 */
int		 daemon_private(const char *);
/* a path of the configuration's: a plain file, or -1 and errno */
int		 open_home(const char *);
/* A configuration with the macros of the command line, or NULL. */
struct config	*daemon_config(FILE *, const char *);

/*
 * listen.c: a listening socket, for others as well, and its path as the kernel
 * has it; or exits.
 */
int		 daemon_listen(const char *, int, char [PATH_MAX]);
/* likewise a connection to one; flags are socket(2)'s */
int		 local_connect(int, const char *);

/*
 * parent_engine.c: where the container engine is, by the environment of a
 * private daemon, and otherwise; a socket to it, or -1 and errno; where it is
 * elsewhere bridge is asked.  remote_use() says -1 if conf lied.
 */
void		 engine_find(const char *);
const struct docker_env *engine_environment(void);
const char	*engine_usual(size_t);
int		 engine_connect(const char *);
int		 remote_handle(struct imsg *);
int		 remote_use(const char *);
void		 remote_ask(uint32_t);

/*
 * conf.c.  config_new() has the defaults, with which a user needs no file: an
 * egress block replaces its rules.  config_free() wipes the secrets.
 */
__dead void	 conf(void);
struct config	*config_new(void);
int		 config_protect(struct config *, const char *, int);
extern const char *const config_protected[];	/* by default */
int		 config_is_default(const struct protect_rule *);
void		 config_free(struct config *);

/*
 * conf_names.c: finds the numbers of names of permits in a file like
 * /etc/passwd, or for groups /etc/group, and says which have none.
 */
int		 names_needed(const struct config *, int);
void		 names_read(struct config *, FILE *, int);
void		 names_check(const struct config *, void (*)(const char *));

/*
 * conf_engine.c: which engine, by what the user's environment and the files of
 * Docker's own client say.  1: this file is to be read next; 0: it is decided;
 * -1: what they say is of no use, for the reason given.  context_read() takes
 * what is in the file, or NULL if there is none.
 */
int		 context_begin(struct config *, const struct docker_env *,
		    char [PATH_MAX], char [TEXT_MAXLEN]);
int		 context_read(struct config *, const struct docker_env *,
		    const char *, size_t, char [PATH_MAX],
		    char [TEXT_MAXLEN]);

/* Takes an engine, and the directory of its certificates: NULL, or why not. */
const char	*config_engine(struct config *, const char *, const char *);

/*
 * remote.c: where an engine elsewhere is; NULL, or what is wrong with it.  Is
 * this what another process of ours may say?  Is this an engine of that kind?
 */
const char	*remote_parse(const char *, struct remote *);
int		 remote_valid(const struct remote *);
int		 remote_is(const char *);

/*
 * credentials.c: as they are written, into a list of NAME=value.  What is
 * wrong with them is said with one line to one of the two functions.  The
 * buffer has room for a NUL, and is overwritten.
 */
struct credentials_reader {
	const char	*name;		/* of what is read */
	int		 inject;	/* they are for proxyd */
	void		 (*error)(const char *);
	void		 (*warn)(const char *);
};
void		 credentials_parse(struct env_list *, char *, size_t,
		    const struct credentials_reader *);
void		 credentials_output(struct env_list *, char *, size_t,
		    const struct credentials_reader *);
int		 credentials_valid(const char *);
void		 credentials_add(struct env_list *, const char *);
void		 credentials_free(struct env_list *);

/* parse.y */
struct macro {
	char			*value;		/* NAME=value */
	TAILQ_ENTRY(macro)	 entry;
};
TAILQ_HEAD(macros, macro);
/*
 * Reads a configuration from a stream; the name is for messages, which go to
 * the function given, one line each (file:line: what is wrong).  NULL after
 * any error.  What the stream does not say is as in config_new().
 */
struct config	*parse_config(FILE *, const char *, const struct macros *,
		    void (*)(const char *));

/*
 * rule.c: a host's name, or *. and one, as rules have it; host[:port] as a
 * rule; both NULL, or what is wrong.  Does a rule cover all of another?
 */
const char	*rule_host(const char *, char [HOST_MAXLEN]);
const char	*rule_parse(const char *, struct egress_rule *);
int		 rule_covers(const struct egress_rule *,
		    const struct egress_rule *);

/* printconf.c: prints what parses to the same again */
void		 print_config(FILE *, const struct config *);

/* control.c */
__dead void	 control(void);

/* refuse.c: tells a client why it is hung up on, which the caller does */
void		 refuse_client(int, int, const char *);

/* limits.c: descriptors */
void		 files_limit(void);
int		 files_scarce(int);

/*
 * audit.c: the parent opens it before its sandbox and appends to it; the client
 * verifies one and returns its exit status.
 */
#define AUDIT_PATH	"/var/log/claudesec.audit"
void		 audit_open(const char *);
void		 audit_append(const char *);
int		 audit_verify(const char *);

/*
 * looked.c: may a registry be asked for a newer image, which has this slot?
 * looked_open() is for a daemon that comes and goes.
 */
#define LOOKED_SLOTS	256
void		 looked_open(const char *);
int		 looked_may(uint32_t);

/* pin.c */
__dead void	 pin(void);
#define PIN_DIR		"/run/claudesec.pin"
/*
 * Where a workspace is pinned: below PIN_DIR a directory of this daemon, and
 * in it the number.
 */
int		 pin_path(char *, size_t, const char *, uint32_t);

/*
 * mount_linux.c, or mount_none.c where nothing of the kind is known: only below
 * a directory, and with no other right of root's.
 */
int		 mount_supported(void);
int		 mount_init(const char *);
int		 mount_bind(int, const char *);
int		 mount_remove(const char *);

/*
 * cgroup.c: the file of a container's control group that counts how often a
 * process more was refused, and how often it says.
 */
#define CGROUP_ROOT	"/sys/fs/cgroup"
#define CGROUP_IDLEN	64
int		 cgroup_open(const char *, const char *);
uint64_t	 cgroup_count(const char *);

/* clock.c: for whatever takes its time; what is told has time(3) */
int64_t		 clock_seconds(void);

/* rate.c: counts per user and second, for so many users at a time */
#define RATE_USERS	256
struct rates {
	struct rate {
		uid_t	 uid;
		unsigned int n;		/* 0: this one is free */
	}	 users[RATE_USERS];
	int64_t	 second;
};
unsigned int	 rate_count(struct rates *, uid_t, int64_t);

/* engine.c */
__dead void	 engine(void);

/* guard.c */
__dead void	 guard(void);

/* grant.c: what the parent tells guard that it may let pass */
void		 grant_workspace(uint32_t, const struct workspace_answer *);
void		 grant_share(uint32_t, const struct share_answer *,
		    const struct workspace_answer *);
void		 grant_revoke(uint32_t);
void		 grant_bounds(const struct conf_fixed *);
void		 grant_seccomp(int);
int		 grant_look(struct peer *, struct imsg *);

/*
 * workspace.c: a process that has the directories of sessions, and one for
 * each of them.
 */
__dead void	 workspace(void);

/*
 * bridge.c: streams to an engine on another machine.
 */
__dead void	 bridge(void);

/* workspace_git.c: is this the path of something in a workspace? */
int		 protect_valid(const char *);

/* client.c */
__dead void	 client(int, char **, const char *, int);
/* queues an argument, in pieces: 0, or -1 and errno */
int		 client_compose_arg(struct imsgbuf *, uint32_t, const char *);
/* overwrites what a terminal would not just show */
void		 text_clean(char *);
/* the next option of a command; how that is used */
int		 client_option(int, char **, const char *);
__dead void	 client_usage(const char *);
void		 client_list(FILE *, const char *);

/*
 * client_review.c: commands, and what a session of a review needs.
 * review_begin() has the copy of a workspace, open as the descriptor given,
 * and its path instead; review_end() tells what came of it.
 */
void		 client_apply(int, char **);
void		 client_diff(int, char **);
void		 client_drop(int, char **);
int		 review_begin(char [PATH_MAX], const char *, int);
void		 review_prepare(void);
void		 review_end(const char *);
/*
 * review_state.c: why this cannot be a workspace; or NULL.  Where all is kept
 * has to be found before the sandbox.
 */
const char	*review_judge(const char *);
void		 review_find_state(void);

/*
 * client_daemon.c: finds a daemon, or exits: the one asked for, or any.  The
 * next one, which may have to be started, is where that was; -1: not yet.
 */
int		 find_daemon(const char *);
const char	*found_daemon(void);
int		 find_next_daemon(int);
/* connects to a daemon: the socket, or -1 and errno */
int		 client_connect(const char *);

/* client_resume.c: the next daemon, when the session's is gone */
void		 resume_prepare(void);
void		 resume_start(void (*)(int));
void		 resume_end(void);
int		 resume_ask(void);

/* client_progress.c: lines that are drawn again, where there is a terminal */
void		 progress_init(void);
int		 progress_layer(struct imsg *);
void		 progress_line(const char *);

/* client_helper.c */
int		 helper_start(__dead void (*)(int));

/* client_base.c: what makes a base image is prepared before the sandbox */
void		 base_prepare(void);
int		 base_start(struct peer *);

/*
 * client_check.c: forks.  In the child it returns, with the command of a
 * session in the current directory; the parent shows what came of it.
 */
char		**check_start(void);

/*
 * client_port.c: ports of the host that lead into the session.  port_add()
 * takes an option's argument and exits if it does not like it.
 */
void		 port_add(const char *);
void		 port_prepare(void);
void		 port_session(const char *, const char *, uint32_t);
void		 port_scan(const unsigned char *, size_t);

/*
 * login.c: a login by the user's browser
 */
#define LOGIN_URLMAX	2048

struct login_scan {
	int		 state;
	size_t		 len;
	char		 url[LOGIN_URLMAX];
};
struct login {
	uint32_t	 port;		/* of the container's loopback */
	char		 state[128];	/* what has to come back */
};
int		 login_scan(struct login_scan *, unsigned char);
int		 login_parse(const char *, struct login *);
int		 login_request(const char *, size_t, const struct login *);

/*
 * login_dir.c: the directory of a login.  login_prepare() makes the default
 * one, in this home and for who has this uid; login_dir() says its path and
 * which one it is, or what is wrong.
 */
void		 login_prepare(const char *, uid_t);
struct stat;
const char	*login_dir(const char *, const char *, uid_t, char *,
		    struct stat *);

/*
 * share.c: what the user's Claude Code has in ~/.claude that sessions may see.
 * What there may be stands in engine_share.c.
 */
#define SHARES_MAX	5
struct share {
	const char	*word;		/* of the configuration */
	const char	*name;		/* there and in the session */
	int		 directory;
};
extern const struct share shares[SHARES_MAX];
int		 share_look(size_t, const char *, uid_t, const char *,
		    struct share_answer *, const char **);
void		 share_prepare(const char *, int, uid_t);

/* client_owner.c */
struct sockaddr_storage;
int		 owner_is(FILE *, const struct sockaddr_storage *,
		    const struct sockaddr_storage *, uid_t);
/* client_logs.c: prepared before the sandbox */
void		 logs_prepare(void);
int		 logs_add(struct imsg *);
int		 logs_lost(struct imsg *);

/*
 * client_key.c: runs the command that a configuration of this daemon's names,
 * and has its keys, or exits.
 */
void		 key_get(struct env_list *, const char *, int);
const char	*key_run(struct env_list *, const char *, int, int);

/* client_status.c */
void		 status_prepare(void);
int		 status_add(struct imsg *);
int		 status_fact(struct imsg *);
void		 status_print(void);
void		 status_json(int);
struct json_t	*json_text(char *);

/*
 * report.c: what came of a session, told at its end.  The daemon sends it
 * before the exit status; report_add() takes each part, and report_print(),
 * once all else was shown, prints what there is to say on standard error and
 * writes the file that report_open() was given before the sandbox.  How a
 * part gets there: see engine_report.c.
 */
void		 report_open(const char *);
int		 report_add(struct imsg *);
int		 report_newer(void);
void		 report_print(void);
/* a number of bytes, in units of 1024 */
const char	*bytes_text(char [16], uint64_t);

/*
 * filter.c: what may pass to a terminal of what a container prints.  Pure.
 */
#define FILTER_MAX	(128 * 1024)	/* bytes that it holds back */
#define MODES_TEXT	512
#define KITTY_MAX	8

#define MODE_APPKEYS	0x00000001	/* keys of the cursor */
#define MODE_KEYPAD	0x00000002
#define MODE_NOWRAP	0x00000004
#define MODE_NOCURSOR	0x00000008
#define MODE_SCREEN	0x00000010	/* the other one */
#define MODE_MOUSE	0x00000020
#define MODE_DRAG	0x00000040
#define MODE_MOTION	0x00000080
#define MODE_SGR	0x00000100	/* how the mouse is told */
#define MODE_PIXELS	0x00000200
#define MODE_FOCUS	0x00000400
#define MODE_PASTE	0x00000800	/* in brackets */
#define MODE_SCHEME	0x00001000	/* changes of it are told */
#define MODE_OTHERKEYS	0x00002000
#define MODE_KITTY	0x1f000000	/* its flags */
#define MODE_KITTY_SHIFT 24
#define MODE_ALL	0x1f003fff
/* what Claude Code sets first, if nobody saw it */
#define MODES_CLAUDE	(MODE_PASTE | MODE_NOCURSOR)

struct filter {
	int		 utf8;		/* so is the terminal */
	int		 clipboard;	/* may be written */
	int		 state;
	int		 bad;		/* what is held does not pass */
	size_t		 need;		/* bytes of a character */
	size_t		 len;
	uint32_t	 modes;		/* as far as is known */
	unsigned int	 nkitty;	/* flags that are on its stack */
	unsigned int	 nbehind;	/* on that of the main screen, behind */
	int		 lasting;	/* what is no mode of these may be on */
	int		 painted;	/* colours, cursor, margins may be */
	int		 origin;	/* was the margins' at some time */
	unsigned char	 seq[FILTER_MAX];	/* what is held */
};

void		 filter_init(struct filter *, int, int);
size_t		 filter(struct filter *, const unsigned char *, size_t,
		    unsigned char *);
size_t		 filter_set(char *, uint32_t);
size_t		 filter_reset(char *, const struct filter *);

/* options.c: what the command line and the configuration share.  Pure. */
#define OPTION_MEMORY_MIN	(128ULL << 20)
#define OPTION_SIZE_MAX		(64ULL << 40)
#define OPTION_CPUS_MAX		1024
#define OPTION_KEYS		"^]d"	/* by default */

const char	*parse_digits(const char *, uint64_t *);
int		 parse_size(const char *, uint64_t *);
int		 parse_cpus(const char *, uint32_t *);
int		 parse_keys(const char *, unsigned char [KEYS_MAX]);
int		 env_valid(const char *);
unsigned int	 word_distance(const char *, const char *);

/* keys.c: those that let go of a session.  Pure. */
#define KEYS_HELD	32	/* bytes of one */

struct keys {
	size_t		 n;		/* 0: there are none */
	unsigned char	 key[KEYS_MAX];
	size_t		 nheld;
	unsigned char	 held[KEYS_HELD];	/* the first one, as it came */
};

size_t		 keys_pass(struct keys *, const unsigned char *, size_t,
		    unsigned char *, int *);

/*
 * term.c.  term_init(), told whether it is for a command of the user's, opens
 * what must be opened before the sandbox and says whether this is a session in
 * a terminal.  term_attach() takes the stream over; term_exit(),
 * term_detached() and term_lost() tell what became of the session, of our hold
 * on it and of the daemon, and the client ends when all is shown.  If there
 * will be another daemon, term_found() or term_failed() follows.
 */
int		 term_init(int);
int		 term_dumb(void);
void		 term_size(struct ctl_size *);
void		 term_attach(int, struct peer *, const struct ctl_attached *);
void		 term_detached(void);
void		 term_exit(int);
void		 term_lost(int);
void		 term_found(struct peer *);
void		 term_failed(const struct ctl_error *);
void		 term_restore(void);
void		 term_blocked(const char *, uint32_t);
/*
 * Frames of a stream without a terminal.  When none is left of the last one,
 * demux() takes what it can of a header, and returns how much, or -1; then
 * left bytes that follow are for descriptor fd.
 */
struct demux {
	unsigned char	 head[8];
	size_t		 nhead;
	size_t		 left;
	int		 fd;
};
ssize_t		 demux(struct demux *, const unsigned char *, size_t);

#endif /* CLAUDESEC_H */
