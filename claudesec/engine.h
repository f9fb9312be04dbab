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

#ifndef ENGINE_H
#define ENGINE_H

#include <sys/types.h>
#include <sys/queue.h>

#include <event.h>
#include <jansson.h>

#include "claudesec.h"

#define API_OLDEST		41	/* 1.41: Docker 20.10, podman 4 */
#define API_NEWEST		44	/* 1.44: Docker 25, least for 29 */
#define LIBPOD_VERSION		"/v4.0.0"
#define CALLS_MAX		64	/* at a time, besides those that wait */
#define ID_LEN			64	/* hexadecimal, of the engine's */
#define IMAGE_ID_LEN		128	/* "sha256:" and more of the same */
#define TOKEN_MAXLEN		96	/* of a placeholder for a key */
#define TOKEN_RANDOM		32	/* bytes in it */
#define TOKEN_KEY		"sk-ant-api03-"	/* or it begins as bearer's */
#define HOSTNAME_MAXLEN		65	/* of this machine, with its NUL */
#define DAEMON_MAXLEN		(PATH_MAX + 16 + HOSTNAME_MAXLEN)
#define OBJECT_MAXLEN		(NAME_MAXLEN + 16)
#define VOLUME_MAXLEN		(NAME_MAXLEN + 32)
#define NAMES_MAX		100	/* name, name-2, ... */
#define STOP_GRACE		10	/* seconds from SIGTERM to SIGKILL */

/*
 * The engine takes the terminal away when it sees some keys, ^P^Q if it is not
 * told others, and holds the first until it has seen the next.  These bytes do
 * not occur in UTF-8.
 */
#define DETACH_KEYS		"%%FF%%2C%%FE%%2C%%FF"

#define PROXYD_REPO		"claudesec/proxyd"
#define BASE_REPO		"claudesec/base"
#define NETWORK_NAME		"proxy-external"
#define AGENT_HOME		"/home/agent"
#define AGENT_CONFIG		AGENT_HOME "/.claude"
#define AGENT_WORKSPACE		"/workspace"
#define AGENT_RUN		"/run/claudesec"
#define AGENT_RESOLV		"/etc/resolv.conf"
#define AGENT_HOSTS		"/etc/hosts"
#define AGENT_PROXY		"http://127.0.0.1:3128"
#define AGENT_GATEWAY		"http://127.0.0.1:3129"
#define APPARMOR_PROFILE	"docker-default"

/* what we make bears these */
#define LABEL_SESSION		"claudesec.session"
#define LABEL_DAEMON		"claudesec.daemon"	/* uid:socket */
#define LABEL_ROLE		"claudesec.role"	/* agent, proxy ... */
#define LABEL_NAME		"claudesec.name"
#define LABEL_UID		"claudesec.uid"		/* the owner's */
#define LABEL_PATH		"claudesec.path"	/* of the workspace */
#define LABEL_IMAGE		"claudesec.image"
#define LABEL_VERSION		"claudesec.version"
/* and an image that we built */
#define LABEL_DOCKERFILE	"claudesec.dockerfile"	/* sum of its source */
#define LABEL_CLAUDE		"claudesec.claude"	/* version in it */
#define LABEL_STAMP		"claudesec.stamp"	/* of build's cache */
#define LABEL_LOGIN		"claudesec.login"	/* where it is kept */
#define LABEL_TOKEN		"claudesec.token"	/* the agent's own */
#define LABEL_VOLUME		"claudesec.volume"	/* if named otherwise */
#define LABEL_GROUPS		"claudesec.groups"	/* the owner's */
#define LABEL_TTY		"claudesec.tty"		/* it has a terminal */
#define LABEL_REVIEW		"claudesec.review"	/* path is its copy */
#define LABEL_RULES		"claudesec.rules"	/* of a session's own */
#define ROLE_RULES		"rules"		/* the role of who has that */
#define KEPT_VOLUME		"claude-%s-rules-%u"	/* session, number */

/* strings in the order they came; secrets are wiped */
struct strings {
	char		**v;
	size_t		  n;
	size_t		  size;		/* bytes of all */
};

struct client;
struct session;
struct ports;
struct docker_call;
struct hijack;
struct look;
struct status;

/* who somebody is, by the kernel's word */
#define IDENTITY_GROUPS		256	/* more are refused */
struct identity {
	uint32_t	 uid;
	size_t		 ngroups;
	uint32_t	 groups[IDENTITY_GROUPS];	/* the first its gid */
};

/* a container of ours, or what is asked of a new one */
struct spec {
	char		 session[SESSION_LEN + 1];
	char		 daemon[DAEMON_MAXLEN];
	char		 name[NAME_MAXLEN];
	char		 object[OBJECT_MAXLEN];	/* it, in names of the engine */
	char		 path[PATH_MAX];
	char		 review[PATH_MAX];	/* path is its copy */
	char		 volume[VOLUME_MAXLEN];	/* its name */
	char		 source[PATH_MAX];	/* what to mount for it */
	uint32_t	 pinned;		/* parent's id of it, or 0 */
	uint64_t	 dev, ino;		/* of the path, for inside */
	char		 login[PATH_MAX];	/* Claude Code's; or empty */
	uint64_t	 login_dev, login_ino;
	char		 image[IMAGE_MAXLEN];	/* as the user calls it */
	char		 image_id[IMAGE_ID_LEN];
	char		 proxyd_id[IMAGE_ID_LEN];
	char		 network[VOLUME_MAXLEN];	/* the sidecar's */
	char		 services[NAME_MAXLEN];	/* the agent's, or empty */
	uint32_t	 owner;
	struct identity	 identity;		/* of the owner */
	uint32_t	 uid, gid;		/* in the container */
	uint32_t	 podman;		/* the engine is */
	uint32_t	 rootless;		/* it is not root */
	uint32_t	 labels;		/* that it gives, LABELS_* */
#define LABELS_APPARMOR	0x1
#define LABELS_SELINUX	0x2
#define LABELS_USERNS	0x4
#define LABELS_SECCOMP	0x8
	uint32_t	 shell;
	uint32_t	 tty, cols, rows;
	uint32_t	 readonly;		/* the workspace */
	uint32_t	 millicpus;		/* 0: as configured */
	uint64_t	 memory;		/* likewise */
	char		 token[TOKEN_MAXLEN];	/* empty: no gateway */
	uint32_t	 kept;			/* proxyd has its key already */
	struct strings	 args;
	struct strings	 env;			/* the client's */
	struct strings	 open;			/* paths, not protected */
	struct strings	 mounts;		/* lines for inside */
	char		 shared[PATH_MAX];	/* where the shares are */
	struct strings	 shares;		/* likewise lines */
};

struct tar_file {
	const char	*name;
	const void	*data;
	size_t		 len;
};

/*
 * engine_spec.c: what the engine is asked for.  Pure: no function in here
 * logs, exits, or knows a global.  Those that make JSON or text give NULL on
 * lack of memory and for what is not UTF-8.
 */
int		 strings_add(struct strings *, const void *, size_t);
int		 strings_append(struct strings *, const void *, size_t);
void		 strings_free(struct strings *);

char		*spec_escape(const char *);
char		*spec_filter(const char *, const char *);

json_t		*spec_agent(const struct spec *, const struct config *,
		    const char *);
json_t		*spec_sidecar(const struct spec *);
json_t		*spec_volume(const struct spec *);
json_t		*spec_network(void);
json_t		*spec_services(const char *);
json_t		*spec_labels(const struct spec *, const char *);
json_t		*spec_exec(const struct spec *, const char *);
json_t		*spec_kill(const char *, int);
json_t		*spec_port(unsigned int);
char		*spec_claude_json(const struct spec *, const struct config *);

/* engine_valid.c: what may get near it.  Pure. */
int		 spec_name_valid(const char *);
int		 spec_volume_valid(const char *);
int		 spec_name_from(char *, size_t, const char *, unsigned int);
int		 spec_image_valid(const char *);
int		 spec_rule_valid(const struct egress_rule *);
int		 spec_resolver_valid(const struct egress_resolver *);
int		 spec_api_valid(const struct conf_api *);
int		 spec_network_valid(const char *);

/*
 * engine_policy.c: what proxyd is told, and what the agent has in the place of
 * a key.  Pure.
 */
int		 spec_token_valid(const char *);
void		 spec_token(char [TOKEN_MAXLEN], const struct config *,
		    const unsigned char [TOKEN_RANDOM]);
char		*spec_bundle(const char *);
char		*spec_policy(const struct spec *, const struct config *,
		    const struct egress_rule *, size_t, const char *,
		    size_t *);

/* engine_tar.c.  Pure. */
char		*spec_tar(const struct tar_file *, size_t, size_t *);

/* engine_share.c: of what is shared, and lines for inside.  Pure. */
int		 spec_share_add(struct spec *, const struct share_answer *);
int		 spec_share_mounts(const struct spec *, json_t *);
char		*spec_lines(const char *, const struct strings *);

/*
 * wipe.c, or wipe_none.c: jansson wipes what it frees; wipe_init() sets up
 * libcurl as well, so that it does, too.
 */
void		 wipe_json(void);
int		 wipe_init(void);

/* trim.c, or trim_none.c: to the system what is free */
void		 memory_trim(void);

/* engine_podman.c: the same in podman's words, and back.  Pure. */
#define LOG_BYTES		(8 * 1024 * 1024)
json_t		*spec_podman_network(const struct spec *);
json_t		*spec_podman(const json_t *, const char *);
json_t		*spec_from_podman(const json_t *, const json_t *);

/* engine_reply.c: what the engine says.  Pure. */
#define SPEC_DEPTH		32	/* of its JSON */

void		 spec_text(char *, size_t, const char *, size_t);
void		 spec_path(char *, size_t, const char *);
json_t		*spec_parse(const char *, size_t);
const char	*spec_string(const json_t *, const char *, const char *);
int		 spec_id(const json_t *, char [ID_LEN + 1]);
int		 spec_image_id(const json_t *, char [IMAGE_ID_LEN]);
int		 spec_progress(const json_t *, char *, size_t);
int		 spec_layer(const json_t *, struct ctl_layer *);
time_t		 spec_age(const json_t *, time_t);

struct engine_info {
	int		 rootless;
	/* of one that is: can it bound these? */
	int		 memory, processes, cpu;
	int		 unified;	/* control groups of version 2 */
};
void		 spec_info(struct engine_info *, const json_t *, int);
int		 spec_frame(const unsigned char *, size_t, int *, size_t *);
int		 spec_adopt(struct spec *, const json_t *, const char **);

/*
 * engine_verify.c: is what the engine made what was asked?  Pure.  0, or -1
 * and the reason.
 */
int		 spec_verify(const json_t *, const json_t *, char *, size_t);
int		 spec_verify_network(const json_t *, const json_t *, char *,
		    size_t);
int		 spec_verify_volume(const json_t *, const json_t *);

/*
 * engine_confirm.c: what the engine tells of what it made, and of itself.
 * Pure.  confirm_labels() makes bits of LABELS_* of its information.
 */
uint32_t	 confirm_labels(const json_t *, int);
int		 confirm_ask(const struct spec *, json_t *);
int		 confirm_verify(const struct spec *, const json_t *, char *,
		    size_t);
uint32_t	 confirm_millicpus(const json_t *, int);
void		 confirm_container(const json_t *, int, const char *,
		    void (*)(void *, enum fact, const char *), void *);
void		 confirm_lacks(const json_t *, int,
		    void (*)(void *, enum fact, const char *), void *);

/* engine_event.c: what a sidecar tells of its traffic.  Pure. */
#define TRAFFIC_HOSTS		256	/* listed of a session */
#define TRAFFIC_REFUSED		128	/* of them, at first refused */
#define TRAFFIC_LINES		1000	/* of its log */

struct news {
	struct ctl_event ctl;
	uint64_t	 unlogged;	/* refusals of others */
	uint64_t	 open;		/* tunnels now; UINT64_MAX: not said */
};

struct traffic {
	uint64_t	 open;		/* tunnels now */
	uint64_t	 tunnels, out, in;
	uint64_t	 refused;
	uint32_t	 others;	/* hosts that are not listed */
	struct ctl_host	*hosts;
	size_t		 nhosts, nrefused;
	unsigned char	 told[TRAFFIC_HOSTS];	/* who is attached, of it */
	struct ctl_event *lines;	/* a ring */
	uint64_t	 nlines;	/* in all */
};

int		 event_parse(struct news *, const char *);
struct ctl_host	*traffic_add(struct traffic *, const struct news *);
int		 traffic_line(struct traffic *, const struct ctl_event *);
void		 traffic_forget(struct traffic *);
void		 traffic_free(struct traffic *);

/*
 * engine_docker.c: calls of the engine's API.  docker_call() takes a method,
 * a body of JSON (or NULL), which it drops, the seconds that it may take (0:
 * any), who gets the answer, once and never before docker_call() returns, and
 * the path.  A call can be told to hand on a stream of JSON by lines, whose
 * taker says with 1 that it is full until docker_resume(); to send memory or
 * a descriptor, which it takes over, instead of JSON; or to turn into a raw
 * stream.  docker_socket() brings the parent's answers.
 */
struct docker_reply {
	int		 status;	/* of HTTP; 0: there was no answer */
	int		 code;		/* sysexits(3), with an error */
	const char	*error;		/* NULL: it went well; or a line */
	const json_t	*json;		/* NULL: none */
	int		 fd;		/* the stream: who takes it sets -1 */
};

#define API_TIMEOUT	30	/* seconds, of most calls */

void		 docker_init(void);
int		 docker_socket(uint32_t, int, int);
int		 docker_nosocket(uint32_t, int, const char *);
struct docker_call *docker_call(const char *, json_t *, int,
		    void (*)(void *, struct docker_reply *), void *,
		    const char *, ...)
		    __attribute__((__format__(__printf__, 6, 7)));
void		 docker_stream(struct docker_call *,
		    int (*)(void *, const json_t *));
void		 docker_resume(struct docker_call *);
void		 docker_send_memory(struct docker_call *, char *, size_t);
void		 docker_send_fd(struct docker_call *, int);
void		 docker_hijack(struct docker_call *);
void		 docker_cancel(struct docker_call *);
int		 docker_is_podman(void);

/*
 * engine_hijack.c: takes the socket and the request over.  The function gets
 * a status and a stream, or a status and text, or 0 and what went wrong.
 */
struct hijack	*hijack_start(int, char *, size_t, int,
		    void (*)(void *, int, int, const char *, size_t), void *);
void		 hijack_cancel(struct hijack *);

/* engine.c: what all sessions share */
const struct config *engine_config(void);
const char	*engine_daemon(void);
int		 engine_is_remote(void);
uint32_t	 engine_owner(void);
const char	*engine_seccomp(void);
const char	*engine_bundle(void);
const char	*engine_proxyd(void);
int		 engine_proxyd_fd(void);
char		*engine_read(int, size_t, size_t *);
void		 engine_busy(void);
void		 engine_random_id(char [SESSION_LEN + 1]);
void		 engine_unpin(struct spec *);
void		 engine_ended(void);

/* engine_client.c */
struct client {
	TAILQ_ENTRY(client) entry;
	struct peer	 peer;
	struct event	 timer;
	uint32_t	 id;		/* control's, and with the parent */
	uint32_t	 uid;
	struct identity	 identity;
	uint32_t	 request;	/* its first message; 0: none yet */
	int		 of;		/* root named whose session it means */
	uint32_t	 of_uid;
	struct spec	 spec;		/* what it wants to start */
	uint32_t	 nocache, all, update;
	struct env_list	 keys;		/* that it brought */
	uint32_t	 nkeys, waits_keys;
	uint32_t	 grace;
	uint32_t	 detach, another;
	uint32_t	 reviews;	/* wants a copy of the workspace */
	int		 workspace;	/* the directory, or -1 */
	int		 complete;	/* the arguments are */
	int		 allowed;	/* the workspace is */
	int		 looked;	/* for it, what else there is */
	int		 begun;		/* both, and it is being served */
	int		 ended;		/* was told that this is the end */
	/* what it waits for or is attached to */
	struct session	*session;
	struct shell	*shell;
	struct build	*build;
	struct ports	*ports;
	/* its terminal */
	char		 object[ID_LEN + 16];	/* of the API; or empty */
	int		 stream;	/* a copy, to end it; or -1 */
	struct docker_call *attach;
	int		 redraw;	/* steps that are left of it */
	struct docker_call *resize;
	struct ctl_size	 size;
	int		 resized;	/* while resize was under way */
	struct docker_call *signal;
	const char	*nextsignal;	/* likewise; or NULL */
	struct status	*status;	/* that it waits for */
	/* rules, of a start or for a session that runs, and its log */
	struct session	*watch;		/* NULL: none */
	struct egress_rule *pass;
	uint32_t	 npass;
	uint32_t	 seconds;
	uint64_t	 policy;	/* that it waits for */
	uint32_t	 follow, refused, lines;
	uint64_t	 next;		/* line */
	struct event	 follow_timer;
};

int		 client_new(uint32_t, int);
struct client	*client_find(uint32_t);
struct client	*client_first(void);
struct client	*client_next(struct client *);
void		 client_run_all(void);
void		 client_fail_all(int, const char *);
void		 client_stopped(void);
unsigned int	 client_count(void);
unsigned int	 client_count_of(uint32_t);
int		 client_workspace(uint32_t, const struct workspace_answer *);
void		 client_send(struct client *, uint32_t, int, const void *,
		    size_t);
void		 client_error(struct client *, int, const char *, ...)
		    __attribute__((__format__(__printf__, 3, 4)));
void		 client_exit(struct client *, int);
void		 client_attach(struct client *, const char *,
		    const struct ctl_attached *, int);
void		 client_detach(struct client *, const char *);
void		 client_session_end(const struct session *);
int		 client_operates(const struct client *);
void		 client_end(struct client *);

/* engine_request.c: what they want, once that is complete */
void		 client_run(struct client *);
void		 client_run_attach(struct client *);
void		 client_reloaded(uint32_t, const struct ctl_error *);
void		 client_needs_key(struct client *);

/* engine_terminal.c: of the terminal of one */
#define SIZE_MAXIMUM	10000
int		 client_handle_resize(struct client *, struct imsg *);
void		 client_resize(struct client *);
int		 client_handle_signal(struct client *, struct imsg *);

/*
 * engine_which.c: the sessions that a client means.  client_find_session()
 * says -1, and client_session() NULL, when the client was told why.
 */
void		 client_set_name(struct client *, const char *);
int		 client_owns(const struct client *, const struct session *);
int		 client_means(const struct client *, const struct session *);
int		 client_find_session(struct client *, struct session **);
struct session	*client_session(struct client *);
void		 client_several(struct client *);

/*
 * engine_permit.c: who may do what.  permit_client() is asked with the first
 * message of each client, permit_session() for one session more, and
 * permit_config() makes of the configuration what holds for somebody.
 */
int		 identity_get(struct identity *, int);
int		 permit_client(struct client *);
int		 permit_session(const struct client *);
void		 permit_config(struct config *, const struct identity *);

/* engine_keys.c: credentials */
int		 keys_get(struct session *);
void		 keys_config(struct config *, struct session *);
void		 keys_copy(struct session *, const struct env_list *);
int		 keys_handle_env(struct imsg *);
int		 keys_handle_end(struct imsg *);

/* engine_session.c: from a start to the removal of all that it made */
enum session_state {
	SESSION_SPARE,			/* nobody's yet */
	SESSION_STARTING,
	SESSION_RUNNING,
	SESSION_STOPPING,		/* its agent was asked to end */
	SESSION_REMOVING
};

enum step {
	STEP_CLIENT,			/* somebody wants it */
	STEP_KEYS,
	STEP_VOLUME,
	STEP_WORKSPACE,
	STEP_NETWORK,
	STEP_PROXYD,
	STEP_IMAGE,
	STEP_ENGINE,
	STEP_SIDECAR,
	STEP_SIDECAR_CHECK,
	STEP_SIDECAR_ATTACH,
	STEP_SIDECAR_START,
	STEP_POLICY,
	STEP_AGENT,
	STEP_AGENT_CHECK,
	STEP_AGENT_ATTACH,
	STEP_AGENT_START,
	STEP_SERVING,
	STEP_RENAME,
	STEP_WAIT,
	STEP_PROXY_END,
	STEP_AGAIN,			/* the proxy that ended is removed */
	STEP_REBIND,
	STEP_LOOK,		/* these when the agent has ended */
	STEP_WORDS,
	STEP_CLEAN,
	STEP_END,
	STEP_STOP,
	STEP_REMOVE_AGENT,
	STEP_REMOVE_SIDECAR,
	STEP_REMOVE_NETWORK,
	STEP_REMOVE_VOLUME,
	STEP_MAX
};

enum making {
	NOT_MADE,
	MAKING_IT,
	MADE_IT
};

#define STEP_BIT(step)	(1U << (step))

/* of the steps before STEP_STOP; those without a beginning are proxyd's */
struct step_rule {
	uint32_t	 needs;		/* bits of steps */
	int		 flags;
#define STEP_KEEPS	0x1		/* it must not be broken off half-way */
#define STEP_JUDGES	0x2		/* its function sees errors, too */
	const char	*what;		/* for messages: cannot ... */
	void		 (*begin)(struct session *);
	/* 1: it is done; 0: not yet, or it failed and was said */
	int		 (*done)(struct session *, struct docker_reply *);
};

struct step_call {
	struct session	*session;
	struct docker_call *call;
};

struct live_rule {
	struct egress_rule rule;
	int64_t		 until;		/* by a clock that is not set; or 0 */
	TAILQ_ENTRY(live_rule) entry;
};

/* engine_sidecar.c: what the sidecar is told and says */
#define SIDECAR_LINE	2048

struct sidecar {
	int		 fd;
	struct bufferevent *bev;	/* NULL: not attached; it reads */
	struct event	 wev;
	char		*out;		/* secret, not written yet */
	size_t		 outlen, outoff;
	int		 told;		/* a key */
	int		 again;		/* it was attached before */
	int		 stream;	/* the frame that is being read */
	size_t		 left;
	char		 line[2][SIDECAR_LINE];	/* its two streams */
	size_t		 len[2];
	char		 last[TEXT_MAXLEN];	/* what it complained of */
	uint64_t	 sent, answered;	/* policies */
	int64_t		 since;		/* lines are logged up to a rate */
	unsigned int	 nlines;
};

/* engine_newer.c: whether there is a newer image in the registry */
struct newer {
	uint32_t	 id;		/* with the parent; 0: not asked */
	json_t		*digests;	/* of the one that there is */
	struct docker_call *call;
	int		 found;
};

/* engine_kept.c: such rules, in the label of a volume */
struct kept_state {
	uint32_t	 n;		/* of the one that is there; 0: none */
	uint32_t	 last;		/* that was made, or is being made */
	uint32_t	 old;		/* that is being removed, or 0 */
	int		 stale;		/* they have changed meanwhile */
	struct docker_call *call;	/* under way */
};

struct session {
	TAILQ_ENTRY(session) entry;
	enum session_state state;
	struct spec	 spec;
	int		 named;		/* by the user */
	int		 apart;		/* others have what is named so */
	int		 spared;	/* it was a spare one */
	int		 lost;		/* it has no proxy */
	int		 adopted;	/* an earlier daemon began it */
	int64_t		 ended;		/* when, if it is only remembered */
	unsigned int	 rebinds;
	unsigned int	 nth;		/* of names that were tried */
	time_t		 since;
	int64_t		 began;		/* by clock_seconds() */
	struct client	*client;	/* NULL: adopted, or it went away */
	uint32_t	 modes;		/* of its terminal */
	struct env_list	 keys;		/* secret, until they are passed on */
	int		 waits_keys;	/* for conf */
	uint32_t	 begun, did;	/* bits of steps */
	struct step_call steps[STEP_MAX];
	/* of what all share */
	enum making	 pull, services, network, import;
	char		 import_error[256], pull_error[256];
	struct look	*look;		/* NULL: none, or it is over */
	int		 has_volume;
	int		 has_network;	/* of its own */
	char		 agent[ID_LEN + 1];	/* empty: there is none */
	char		 sidecar[ID_LEN + 1];
	json_t		*agent_spec;	/* until it was verified */
	json_t		*sidecar_spec;
	int		 fd;		/* agent's stream, until passed on */
	struct sidecar	 proxy;
	struct event	 timer;
	struct traffic	 traffic;
	TAILQ_HEAD(, live_rule) live;	/* the user's rules for it alone */
	unsigned int	 nlive;
	struct event	 live_timer;
	struct kept_state kept;
	struct listed	*findings;
	size_t		 nlisted;
	uint32_t	 nfindings;	/* all, listed or not */
	uint32_t	 limits;	/* bits, that were hit */
	uint32_t	 pids_id;	/* with the parent; 0: none */
	int		 pids;		/* what counts refused processes */
	struct event	 pids_timer;
	uint64_t	 memory, processes;	/* what they are */
	struct newer	 newer;
	int		 status;	/* the agent's */
	int		 code;		/* with error */
	char		 error[TEXT_MAXLEN];
};

extern const struct step_rule step_rules[];	/* engine_step.c */

/* engine_end.c: the steps when the agent has ended */
void		 look_begin(struct session *);
int		 look_done(struct session *, struct docker_reply *);
void		 words_begin(struct session *);
void		 words_kill(struct session *);
int		 words_done(struct session *, struct docker_reply *);
void		 end_begin(struct session *);

/*
 * engine_report.c: what the client is told at the end.  Who looks at the
 * workspace tells what is found, in a step that STEP_END needs or before.
 */
#define FINDINGS_LISTED		64	/* of one kind */

void		 report_finding(struct session *, const struct ctl_finding *);
void		 report_send(const struct session *, struct client *);
void		 report_free(struct session *);

/* engine_info.c: what the container engine can do */
void		 info_ask(void);
void		 info_begin(struct session *);
uint32_t	 info_millicpus(void);
int		 info_agent(struct session *, uint32_t);

void		 newer_begin(struct session *, const json_t *);
int		 newer_answer(uint32_t, int);
void		 newer_free(struct session *);

void		 session_start(struct client *);
void		 session_spare(int);
void		 session_end_all(void);
void		 session_totals(void);
struct session	*session_adopt(const struct spec *, const char *,
		    const char *, time_t, int, int);
void		 session_stop(struct session *, unsigned int);
void		 session_client_gone(struct session *, struct client *);
void		 session_attached(struct session *, struct client *, int, int);
void		 session_looked(struct session *);
void		 session_call(struct session *, enum step, const char *,
		    json_t *, int, const char *, ...)
		    __attribute__((__format__(__printf__, 6, 7)));
void		 session_did(struct session *, enum step);
void		 session_advance(struct session *);
void		 session_error(struct session *, enum step,
		    const struct docker_reply *);
void		 session_fail(struct session *, int, const char *, ...)
		    __attribute__((__format__(__printf__, 3, 4)));
void		 session_remove(struct session *);
void		 session_set_timer(struct session *, int);
void		 session_taken(struct session *);	/* engine_step.c */
void		 session_reload(void);
void		 session_keys(struct session *);
void		 session_proxy_line(struct session *, const char *);
void		 session_proxy_gone(struct session *);
const char	*session_state(const struct session *);
struct session	*session_first(void);
struct session	*session_next(struct session *);
struct session	*session_find(const char *);
unsigned int	 session_count(void);

/* engine_network.c: the steps of networks */
void		 network_begin(struct session *);
int		 network_done(struct session *, struct docker_reply *);
void		 network_remove(struct session *);
int		 network_services(struct session *, struct docker_reply *);

/* engine_look.c: what prepares the workspace */
void		 look_start(struct session *, int);
void		 look_adopt(struct session *, const struct spec *,
		    void (*)(void *), void *);
int		 look_directory(uint32_t, int);
int		 look_opened(uint32_t, int, int);
void		 look_pinned(uint32_t, int);
int		 look_end(struct session *);
void		 clean_begin(struct session *);

void		 sidecar_attach(struct session *, int);
int		 sidecar_deaf(const struct session *);
void		 sidecar_policy(struct session *);
void		 sidecar_renew(struct session *);
void		 sidecar_send(struct session *, int);
void		 sidecar_end(struct session *);
void		 sidecar_close(struct session *);
void		 sidecar_log(struct session *, const char *);

/* engine_traffic.c: what sessions reach, and what they are refused */
void		 traffic_event(struct session *, const char *);
void		 traffic_keep(struct session *, struct ctl_event *);
void		 traffic_attached(struct session *);
void		 follow_start(struct client *);
void		 follow_end(struct client *);
void		 follow_free(struct client *);

/* engine_pids.c: whether the bound of processes was hit */
void		 pids_begin(struct session *);
int		 pids_opened(uint32_t, int);
void		 pids_end(struct session *);

/* engine_status.c */
void		 status_start(struct client *);
void		 status_free(struct client *);

/* engine_live.c: rules of the user's for one session */
void		 live_init(struct session *);
void		 live_free(struct session *);
void		 live_start(struct session *, const struct client *);
size_t		 live_copy(const struct session *,
		    struct egress_rule [PASS_MAX]);
void		 live_request(struct client *);
void		 live_answer(struct session *, const char *);
void		 live_check(struct session *, const char *);

/* engine_rules.c: the same as text.  Pure. */
struct kept_rule {
	struct egress_rule rule;
	int64_t		 until;		/* as in struct live_rule */
	uint32_t	 seconds;	/* that were left */
};
char		*rules_text(uint32_t, const struct kept_rule *, size_t);
int		 rules_parse(const char *, uint32_t *,
		    struct kept_rule [PASS_MAX]);

size_t		 live_kept(const struct session *,
		    struct kept_rule [PASS_MAX]);
void		 live_adopt(struct session *, const struct kept_rule *,
		    size_t);
void		 kept_change(struct session *);
int		 kept_end(struct session *);
void		 kept_find(const json_t *);
void		 kept_adopt(struct session *);
void		 kept_forget(void);
int		 kept_is_old(const struct session *, const json_t *);

/* engine_shell.c: a command in the container of a running session */
void		 shell_start(struct client *, const struct session *);
void		 shell_done(struct client *);
void		 shell_signal(struct client *, int);
void		 shell_free(struct client *);

/* engine_port.c: ports of a session that a client reaches */
void		 port_start(struct client *, const struct session *);
int		 port_connect(struct client *, struct imsg *);
void		 port_end(const struct session *);
void		 port_free(struct client *);
/*
 * engine_update.c: what an image was and is now.  update_look() looks at the
 * one that there is, and calls build_begin(); update_end() tells what became
 * of it, removes what it replaced, and ends the client.
 */
#define VERSION_MAXLEN	64
struct update {
	char		 id[IMAGE_ID_LEN];	/* empty: there was none */
	char		 dockerfile[ID_LEN + 1];
	char		 claude[VERSION_MAXLEN];
	char		 stamp[32];
	json_t		*images;		/* to be removed */
};

/* engine_build.c: images */
struct build {
	struct client	*client;
	struct docker_call *call;
	struct event	 timer;
	unsigned int	 files;		/* that are still to come */
	char		*dockerfile, *ca;
	size_t		 dockerfilelen, calen;
	char		 base[IMAGE_MAXLEN];
	char		 error[TEXT_MAXLEN];	/* in the stream */
	char		 line[TEXT_MAXLEN];	/* of output, up to here */
	size_t		 linelen;
	struct update	 old, new;
	int		 labelling;	/* it is built, but for its labels */
};

void		 update_look(struct build *);
void		 update_version(struct build *, const char *);
json_t		*update_labels(struct build *);
void		 update_end(struct build *);
int		 update_pulls(const char *);
void		 build_begin(struct build *);
int		 build_progress(struct build *, const char *);
int		 build_failed(struct build *, struct docker_reply *,
		    const char *);
char		*build_escape(const char *);
void		 build_start(struct client *);
int		 build_file(uint32_t, const struct file_answer *, int);
void		 build_base(struct client *, int);
void		 build_free(struct client *);

/* engine_audit.c: what the audit log tells */
void		 audit_start(const struct session *);
void		 audit_end(const struct session *);
void		 audit_client(const struct client *, const struct session *,
		    const char *);
void		 audit_refusal(const struct client *, const char *);

/* engine_again.c: another proxy for a session that lost its own */
void		 again_begin(struct session *);
int		 again_done(struct session *, struct docker_reply *);
void		 rebind_begin(struct session *);
int		 rebind_done(struct session *, struct docker_reply *);

/* engine_resume.c: clients of sessions that an earlier daemon began */
void		 resume_keep(struct session *);
void		 resume_client(struct client *);

/* engine_recover.c: what an earlier daemon left; calls client_run_all() */
int		 recovered(void);
void		 recover_again(void);
void		 recover_lost(void);

#endif /* ENGINE_H */
