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
 * Who may say what to whom, when, how long, and with a descriptor or without.
 * What is not in this table does not pass between our processes.
 */

#include "claudesec.h"

/* clang-format off */
#define P	(1U << ROLE_PARENT)
#define F	(1U << ROLE_CONF)
#define C	(1U << ROLE_CONTROL)
#define E	(1U << ROLE_ENGINE)
#define N	(1U << ROLE_PIN)
#define W	(1U << ROLE_WORKSPACE)
#define B	(1U << ROLE_BRIDGE)
#define G	(1U << ROLE_GUARD)
#define U	(1U << ROLE_CLIENT)
#define NEW	STATE_CLIENT_NEW
#define ARGS	STATE_CLIENT_ARGS
#define WAIT	STATE_CLIENT_WAIT
#define BASE	STATE_CLIENT_BASE
#define ASKED	STATE_CLIENT_ASKED
#define PORTS	STATE_CLIENT_PORTS
#define RUN	STATE_RUNNING
#define SIZE(s)	sizeof(struct s), sizeof(struct s)

const struct imsg_rule imsg_rules[] = {
	IMSG_SETUP_RULES,
	/* a client's first message, looked at by control, taken by engine */
	{ IMSG_CTL_START, "start", U, C | E, NEW, SIZE(ctl_start), IMSG_FD },
	{ IMSG_CTL_ATTACH, "attach", U, C | E, NEW, SIZE(ctl_attach), 0 },
	{ IMSG_CTL_STOP, "stop", U, C | E, NEW, SIZE(ctl_request), 0 },
	{ IMSG_CTL_STATUS, "status", U, C | E, NEW, SIZE(ctl_request), 0 },
	{ IMSG_CTL_RELOAD, "reload", U, C | E, NEW, SIZE(ctl_request), 0 },
	{ IMSG_CTL_BUILD, "build", U, C | E, NEW, SIZE(ctl_request), 0 },
	{ IMSG_CTL_PORTS, "ports", U, C | E, NEW, SIZE(ctl_request), 0 },
	{ IMSG_CTL_RULE, "rule", U, C | E, NEW, SIZE(ctl_rule), 0 },
	{ IMSG_CTL_LOGS, "logs", U, C | E, NEW, SIZE(ctl_logs), 0 },
	{ IMSG_CTL_RESUME, "resume", U, C | E, NEW, SIZE(ctl_resume), 0 },
	/* the rest of a client's */
	{ IMSG_CTL_ARG, "arg", U, E, ARGS, 0, ARG_PIECE, 0 },
	{ IMSG_CTL_ENV, "env", U, E, ARGS, 1, ENV_MAXLEN, 0 },
	{ IMSG_CTL_PASS, "pass", U, E, ARGS, SIZE(egress_rule), 0 },
	{ IMSG_CTL_OPEN, "open", U, E, ARGS, 1, PROTECT_MAXLEN, 0 },
	{ IMSG_CTL_KEY, "key", U, E, ARGS, 1, ENV_MAXLEN, 0 },
	{ IMSG_CTL_REVIEW, "review", U, E, ARGS, 0, PATH_MAX, 0 },
	{ IMSG_CTL_RUN, "run", U, E, ARGS, 0, 0, 0 },
	{ IMSG_CTL_BASE, "base", U, E, BASE, 0, 0, IMSG_FD },
	{ IMSG_CTL_CONNECT, "ctl_connect", U, E, PORTS, sizeof(uint32_t),
	    sizeof(uint32_t), 0 },
	{ IMSG_CTL_RESIZE, "resize", U, E, WAIT, SIZE(ctl_size), 0 },
	{ IMSG_CTL_SIGNAL, "signal", U, E, WAIT, sizeof(int), sizeof(int), 0 },
	{ IMSG_CTL_DONE, "done", U, E, WAIT, 0, 0, 0 },
	{ IMSG_CTL_MODES, "modes", U, E, WAIT, sizeof(uint32_t),
	    sizeof(uint32_t), 0 },
	{ IMSG_CTL_CHOICE, "choice", U, E, ASKED, sizeof(uint32_t),
	    sizeof(uint32_t), 0 },
	/* to a client */
	{ IMSG_CTL_ERROR, "error", C | E, U, RUN, SIZE(ctl_error), 0 },
	{ IMSG_CTL_PROGRESS, "progress", E, U, RUN, 1, TEXT_MAXLEN, 0 },
	{ IMSG_CTL_LAYER, "layer", E, U, RUN, SIZE(ctl_layer), 0 },
	{ IMSG_CTL_NEEDBASE, "needbase", E, U, RUN, 1, TEXT_MAXLEN, 0 },
	{ IMSG_CTL_ATTACHED, "attached", E, U, RUN, SIZE(ctl_attached),
	    IMSG_FD },
	{ IMSG_CTL_DETACHED, "detached", E, U, RUN, 1, NAME_MAXLEN, 0 },
	{ IMSG_CTL_RUNS, "runs", E, U, RUN, 1, NAME_MAXLEN, 0 },
	{ IMSG_CTL_STREAM, "stream", E, U, RUN, 0, 0, IMSG_FD },
	{ IMSG_CTL_REFUSED, "refused", E, U, RUN, 0, 0, 0 },
	{ IMSG_CTL_SESSION, "session", E, U, RUN, SIZE(ctl_session), 0 },
	{ IMSG_CTL_FACT, "fact", E, U, RUN, SIZE(ctl_fact), 0 },
	{ IMSG_CTL_NEEDKEY, "needkey", E, U, RUN, 1, PATH_MAX, 0 },
	{ IMSG_CTL_NEEDREVIEW, "needreview", E, U, RUN, 0, 0, 0 },
	{ IMSG_CTL_EXIT, "exit", E, U, RUN, sizeof(int), sizeof(int), 0 },
	{ IMSG_CTL_EVENT, "event", E, U, RUN, SIZE(ctl_event), 0 },
	{ IMSG_CTL_LOST, "lost", E, U, RUN, sizeof(uint64_t),
	    sizeof(uint64_t), 0 },
	{ IMSG_CTL_BLOCKED, "blocked", E, U, RUN, SIZE(ctl_host), 0 },
	{ IMSG_CTL_REPORT, "report", E, U, RUN, SIZE(ctl_report), 0 },
	{ IMSG_CTL_HOST, "host", E, U, RUN, SIZE(ctl_host), 0 },
	{ IMSG_CTL_FINDING, "finding", E, U, RUN, SIZE(ctl_finding), 0 },
	{ IMSG_CTL_NEWER, "newer", E, U, RUN, 0, 0, 0 },
	/* control */
	{ IMSG_CONTROL_LISTEN, "listen", P, C, RUN, 0, 0, IMSG_FD },
	{ IMSG_CONTROL_CLIENT, "client", C, E, RUN, 0, 0, IMSG_FD },
	{ IMSG_ENGINE_GONE, "gone", E, C, RUN, 0, 0, 0 },
	/* configuration */
	{ IMSG_RECONF_MACRO, "macro", P, F, RUN, 1, ENV_MAXLEN, 0 },
	{ IMSG_RECONF_DOCKER, "docker", P, F, RUN, SIZE(docker_env), 0 },
	{ IMSG_RECONF_READ, "read", P, F, RUN, 1, PATH_MAX, IMSG_FDOPT },
	{ IMSG_RECONF_OPEN, "open", F, P, RUN, 1, PATH_MAX, 0 },
	{ IMSG_RECONF_FILE, "file", P, F, RUN, sizeof(int), sizeof(int),
	    IMSG_FDOPT },
	{ IMSG_RECONF_ERROR, "reconf_error", F, P, RUN, 1, TEXT_MAXLEN, 0 },
	{ IMSG_RECONF_FAILED, "reconf_failed", F, P, RUN, 0, 0, 0 },
	{ IMSG_RECONF_CONF, "reconf_conf", F, P | E, RUN,
	    SIZE(conf_fixed), 0 },
	{ IMSG_RECONF_LOGIN, "reconf_login", F, P, RUN, 1, PATH_MAX, 0 },
	{ IMSG_RECONF_RULE, "reconf_rule", F, E, RUN, SIZE(egress_rule), 0 },
	{ IMSG_RECONF_RESOLVER, "reconf_resolver", F, E, RUN,
	    SIZE(egress_resolver), 0 },
	{ IMSG_RECONF_PERMIT, "reconf_permit", F, E, RUN, SIZE(permit), 0 },
	{ IMSG_RECONF_PROTECT, "reconf_protect", F, E, RUN,
	    SIZE(protect_rule), 0 },
	{ IMSG_RECONF_COMMAND, "reconf_command", F, E, RUN, 1, PATH_MAX, 0 },
	{ IMSG_ENGINE_KEYS, "engine_keys", E, F, RUN, 0, 0, 0 },
	{ IMSG_RECONF_ENV, "reconf_env", F, E, RUN, 1, ENV_MAXLEN, 0 },
	{ IMSG_RECONF_KEYS, "reconf_keys", F, E, RUN, SIZE(ctl_error), 0 },
	{ IMSG_RECONF_END, "reconf_end", F, P | E, RUN, 0, 0, 0 },
	{ IMSG_RECONF_DONE, "reconf_done", E, P, RUN, 0, 0, 0 },
	/* engine and parent */
	{ IMSG_ENGINE_CONNECT, "connect", E, P, RUN, 0, 0, 0 },
	{ IMSG_PARENT_SOCKET, "socket", P, G, RUN, sizeof(int), sizeof(int),
	    IMSG_FDOPT },
	{ IMSG_GUARD_SOCKET, "guard_socket", G, E, RUN, sizeof(int),
	    sizeof(int), IMSG_FDOPT },
	{ IMSG_PARENT_GRANT, "grant", P, G, RUN, SIZE(grant), 0 },
	{ IMSG_PARENT_GRANTPIECE, "grant_piece", P, G, RUN, 1, PROTECT_MAXLEN,
	    0 },
	{ IMSG_PARENT_REVOKE, "revoke", P, G, RUN, 0, 0, 0 },
	{ IMSG_PARENT_BOUNDS, "bounds", P, G, RUN, SIZE(bounds), 0 },
	{ IMSG_GUARD_LOOK, "look", G, P, RUN, 1, PATH_MAX, 0 },
	{ IMSG_PARENT_LOOKED, "looked", P, G, RUN, sizeof(int), sizeof(int),
	    0 },
	{ IMSG_ENGINE_FILE, "engine_file", E, P, RUN, sizeof(uint32_t),
	    sizeof(uint32_t), 0 },
	{ IMSG_PARENT_FILE, "parent_file", P, E | G, RUN, SIZE(file_answer),
	    IMSG_FDOPT },
	{ IMSG_ENGINE_CLIENT, "engine_client", E, P, RUN, 0, 0, IMSG_FD },
	{ IMSG_ENGINE_WORKSPACE, "engine_workspace", E, P, RUN, 1, PATH_MAX,
	    IMSG_FD },
	{ IMSG_PARENT_WORKSPACE, "parent_workspace", P, E, RUN,
	    SIZE(workspace_answer), 0 },
	{ IMSG_PARENT_SHARE, "share", P, E, RUN, SIZE(share_answer), 0 },
	{ IMSG_ENGINE_UNPIN, "engine_unpin", E, P, RUN, 0, 0, 0 },
	{ IMSG_ENGINE_AUDIT, "audit", E, P, RUN, 2, AUDIT_MAXLEN, 0 },
	{ IMSG_PARENT_SPARE, "spare", P, E, RUN, 0, 0, 0 },
	{ IMSG_PARENT_TOTALS, "totals", P, E, RUN, 0, 0, 0 },
	{ IMSG_PARENT_END, "end", P, E, RUN, 0, 0, 0 },
	{ IMSG_ENGINE_ENDED, "ended", E, P, RUN, 0, 0, 0 },
	{ IMSG_ENGINE_PIECE, "engine_piece", E, P, RUN, 1, PROTECT_MAXLEN, 0 },
	{ IMSG_PARENT_PIECE, "parent_piece", P, E, RUN, sizeof(int),
	    sizeof(int), 0 },
	{ IMSG_PARENT_PIN, "pin", P, N, RUN, sizeof(uint32_t),
	    sizeof(uint32_t), IMSG_FD },
	{ IMSG_PARENT_UNPIN, "unpin", P, N, RUN, sizeof(uint32_t),
	    sizeof(uint32_t), 0 },
	{ IMSG_PIN_DONE, "pinned", N, P, RUN, SIZE(pin_answer), 0 },
	{ IMSG_ENGINE_BUSY, "busy", E, P, RUN, sizeof(int), sizeof(int), 0 },
	{ IMSG_ENGINE_RELOAD, "engine_reload", E, P, RUN, 0, 0, 0 },
	{ IMSG_PARENT_RELOADED, "reloaded", P, E, RUN, SIZE(ctl_error), 0 },
	{ IMSG_PARENT_NAME, "name", P, E | N | G, STATE_SETUP, 1, PATH_MAX, 0 },
	/* client and its process for ports */
	{ IMSG_PORT_LOGIN, "port_login", U, U, RUN, 1, LOGIN_URLMAX, 0 },
	{ IMSG_PORT_SESSION, "port_session", U, U, RUN, SIZE(port_session), 0 },
	/* and that for the next daemon */
	{ IMSG_RESUME_DAEMON, "resume_daemon", U, U, RUN, 0, 0, IMSG_FD },
	{ IMSG_ENGINE_LOOK, "engine_look", E, P, RUN, sizeof(uint32_t),
	    sizeof(uint32_t), IMSG_FD },
	{ IMSG_ENGINE_DIRECTORY, "engine_directory", E, P, RUN,
	    SIZE(look_adopt), 0 },
	{ IMSG_PARENT_DIRECTORY, "parent_directory", P, E, RUN, sizeof(int),
	    sizeof(int), 0 },
	{ IMSG_ENGINE_NEWER, "engine_newer", E, P, RUN, sizeof(uint32_t),
	    sizeof(uint32_t), 0 },
	{ IMSG_PARENT_NEWER, "parent_newer", P, E, RUN, sizeof(int),
	    sizeof(int), 0 },
	{ IMSG_ENGINE_CGROUP, "engine_cgroup", E, P, RUN, CGROUP_IDLEN,
	    CGROUP_IDLEN, 0 },
	{ IMSG_PARENT_CGROUP, "parent_cgroup", P, E, RUN, sizeof(int),
	    sizeof(int), IMSG_FDOPT },
	/* engine and workspace, and the processes that this has */
	{ IMSG_WORKSPACE_OPEN, "workspace_open", P, W, RUN,
	    SIZE(workspace_open), IMSG_FD },
	{ IMSG_WORKSPACE_OPENED, "workspace_opened", W, E, RUN, sizeof(int),
	    sizeof(int), IMSG_FDOPT },
	{ IMSG_LOOK_PROTECT, "look_protect", E, W, RUN, SIZE(protect_rule),
	    0 },
	{ IMSG_LOOK_START, "look_start", E, W, RUN, 0, 0, 0 },
	{ IMSG_LOOK_ADOPT, "look_adopt", E, W, RUN, 0, 0, 0 },
	{ IMSG_LOOK_MOUNT, "look_mount", W, E, RUN, SIZE(look_mount), 0 },
	{ IMSG_LOOK_NOTE, "look_note", W, E, RUN, 1, TEXT_MAXLEN, 0 },
	{ IMSG_LOOK_READY, "look_ready", W, E, RUN, SIZE(ctl_error), 0 },
	{ IMSG_LOOK_END, "look_end", E, W, RUN, 0, 0, 0 },
	{ IMSG_LOOK_FOUND, "look_found", W, E, RUN, SIZE(ctl_finding), 0 },
	{ IMSG_LOOK_DONE, "look_done", W, E, RUN, 0, 0, 0 },
	/* an engine elsewhere */
	{ IMSG_RECONF_REMOTE, "reconf_remote", F, P, RUN, SIZE(remote), 0 },
	{ IMSG_PARENT_ENV, "parent_env", P, B, RUN, 1, ENV_MAXLEN, 0 },
	{ IMSG_PARENT_REMOTE, "parent_remote", P, B, RUN, SIZE(remote), 0 },
	{ IMSG_PARENT_PEM, "parent_pem", P, B, RUN, sizeof(int), sizeof(int),
	    IMSG_FDOPT },
	{ IMSG_PARENT_STREAM, "parent_stream", P, B, RUN, 0, 0, 0 },
	{ IMSG_BRIDGE_STREAM, "bridge_stream", B, P, RUN, 0, 0, IMSG_FD },
	{ IMSG_BRIDGE_FAILED, "bridge_failed", B, P, RUN, SIZE(ctl_error),
	    0 },
	{ IMSG_PARENT_NOSOCKET, "nosocket", P, E, RUN, SIZE(ctl_error), 0 },
	{ 0, NULL, 0, 0, 0, 0, 0, 0 }
};
/* clang-format on */
