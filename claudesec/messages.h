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

#ifndef MESSAGES_H
#define MESSAGES_H

/*
 * What the processes say to each other: the types, limits of what is in them,
 * and the structs.  Who may say what to whom, and when, stands in messages.c.
 */

#include <sys/types.h>

#include <limits.h>
#include <stdint.h>

#include "proc.h"

/* bump with any change of a message or of its struct */
#define IMSG_VERSION		6

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
#define AUDIT_MAXLEN	16000	/* of what a line of the audit log tells */
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
	IMSG_RECONF_RULE,	/* struct egress_rule; id 1: of last permit */
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
	IMSG_ENGINE_WORKSPACE,	/* its path, as the client says; directory */
	IMSG_PARENT_WORKSPACE,	/* struct workspace_answer */
	IMSG_ENGINE_UNPIN,	/* nothing is made of workspace id any more */
	IMSG_ENGINE_AUDIT,	/* an object of JSON, for the audit log */
	IMSG_PARENT_SPARE,	/* keep a proxy ready */
	IMSG_PARENT_TOTALS,	/* to engine: log them */
	IMSG_PARENT_END,	/* to engine: the daemon is about to end */
	IMSG_ENGINE_ENDED,	/* all is as the next one wants it */
	IMSG_PARENT_PIN,	/* to pin: uint32_t, a piece, or 0; what is to
				   be found as that, of id */
	IMSG_PARENT_UNPIN,	/* to pin: likewise; no more */
	IMSG_PIN_DONE,		/* to parent: struct pin_answer */
	IMSG_ENGINE_BUSY,	/* int, sessions and clients there are */
	IMSG_ENGINE_RELOAD,	/* a client asks for a reload */
	IMSG_PARENT_RELOADED,	/* struct ctl_error, code 0 if it went well */
	IMSG_PARENT_NAME,	/* control socket's path, uid; before START */

	/* client to its process for ports */
	IMSG_PORT_SESSION,	/* struct port_session */
	IMSG_PORT_LOGIN,	/* an address that a login begins at */

	/* engine and parent */
	IMSG_ENGINE_LOOK,	/* uint32_t, whose; a session's workspace */
	IMSG_ENGINE_DIRECTORY,	/* struct look_adopt; once more, please */
	IMSG_PARENT_DIRECTORY,	/* int errno, of either */
	IMSG_ENGINE_CGROUP,	/* the id of a container that runs */
	IMSG_PARENT_CGROUP,	/* int errno; what counts its processes */

	/*
	 * parent, workspace and engine: workspace makes a process and a channel
	 * for each session; what follows passes on that
	 */
	IMSG_WORKSPACE_OPEN,	/* struct workspace_open; the directory */
	IMSG_WORKSPACE_OPENED,	/* to engine: int errno; the channel */
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
	IMSG_PARENT_LOOKED,	/* int errno: it leads where it says, or not */

	/* what is in a workspace that is pinned, and mounted by itself */
	IMSG_ENGINE_PIECE,	/* to parent: a path, of workspace id */
	IMSG_PARENT_PIECE,	/* to engine: int errno, of one of these */
	IMSG_PARENT_GRANTPIECE	/* to guard: the path; numbered from 1 */
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
	uint32_t	 shell;		/* a command of the user's */
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
	char		 name[NAME_MAXLEN];	/* empty: by directory, any */
	char		 path[PATH_MAX];	/* current one, or empty */
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
	uint32_t	 lines;		/* from the end; 0: all that are kept */
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
	uint32_t	 tty;		/* one stream; else docker's frames */
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
#define LIMIT_KILLED	0x4	/* by whom is not known */
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
	uint32_t	 n;		/* it, and others that are not named */
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
	char		 path[API_PATHLEN];	/* before all, or empty */
	char		 addresses[API_ADDRESSES][64]; /* ranges inside */
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
	uint32_t	 follows;		/* the user's docker names it */
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
	char		 login[PATH_MAX];	/* Claude Code's, or empty */
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
	GRANT_PINNED,		/* the same; what is in it by its number */
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
	uint32_t	 sessions;		/* from here on 0: default */
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
	uint32_t	 adopt;		/* an earlier daemon's: make nothing */
};

struct look_adopt {
	uint32_t	 uid;
	char		 path[PATH_MAX];
};

/* of what was pinned; piece 0 is the workspace */
struct pin_answer {
	uint32_t	 piece;
	int		 error;		/* errno */
};

/* what is mounted on itself in the agent's workspace, so that it stays */
struct look_mount {
	uint32_t	 readonly;
	uint64_t	 dev, ino;
	char		 path[PROTECT_MAXLEN];	/* relative to the workspace */
};

#endif /* MESSAGES_H */
