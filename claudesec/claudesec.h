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
#include "messages.h"
#include "proc.h"
#include "sandbox.h"

#define CLAUDESEC_VERSION	"0.1"
#define CLAUDESEC_USER		"_claudesec"
#define CLAUDESEC_CHROOT	"/var/empty"
/* the system daemon's; /run is a link to it where that is the custom */
#define CLAUDESEC_SOCKET	"/var/run/claudesec.sock"

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
	char			 login[PATH_MAX]; /* where; empty: default */
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
 * in it the number.  After that, a dot, and from 1 on, that of what is mounted
 * of it by itself.
 */
int		 pin_path(char *, size_t, const char *, uint32_t);

/*
 * mount_linux.c, or mount_none.c where nothing of the kind is known: only below
 * a directory, and with no other right of root's.  The parent judges and finds.
 */
int		 mount_supported(void);
const char	*mount_judge(int);
int		 mount_find(int, const char *);
int		 mount_find_in(const char *, const char *);
int		 mount_init(const char *);
int		 mount_prepare(void);
void		 mount_finish(void);
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
void		 grant_piece(uint32_t, const char *);
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

/*
 * workspace_git.c: is this the path of something in a workspace?  Is a path a
 * directory's, or below it?  Both are spelt out, without "..".
 */
int		 protect_valid(const char *);
int		 path_within(const char *, const char *);

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
/* exits if standard output did not take all */
void		 client_flush(void);

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
int		 find_daemon(const char *, int);
const char	*found_daemon(void);
int		 find_next_daemon(int);
/* connects to a daemon: the socket, or -1 and errno */
int		 client_connect(const char *);
/* what a private daemon notes of itself for them */
void		 daemon_note_open(const char *);
void		 daemon_note(int);
void		 daemon_note_use(int);

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
