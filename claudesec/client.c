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
 * The client: the user's command line.  It has the user's rights, finds a
 * daemon or starts one, asks it for one thing, and shows what comes back.
 * That comes from the daemon, and through it from the engine and the agent,
 * so with the first answer the client gives up everything but showing it.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <wctype.h>

#include "claudesec.h"

#define STOP_SECONDS	10	/* from SIGTERM to SIGKILL */
#define DETACHED_COLS	80	/* until there is a terminal */
#define DETACHED_ROWS	24
#define ENV_MAX		64	/* variables of -e */
#define ENV_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
			"0123456789_"
#define OPENS_MAX	64	/* paths of -W */

#define CHECK_MEMORY	(256ULL << 20)	/* so that to use it up costs little */

struct command {
	const char	*name;
	const char	*args;		/* as in the manual */
	void		 (*run)(int, char **);
};

static void	 client_attach(int, char **);
static void	 client_audit(int, char **);
static void	 client_block(int, char **);
static void	 client_build(int, char **);
static void	 client_check(int, char **);
static void	 client_help(int, char **);
static void	 client_logs(int, char **);
static void	 client_pass(int, char **);
static void	 client_reload(int, char **);
static void	 client_shell(int, char **);
static void	 client_start(int, char **);
static void	 client_status(int, char **);
static void	 client_stop(int, char **);
static void	 client_update(int, char **);
static void	 client_version(int, char **);

static __dead void unknown_command(const char *);
static int	 next_with_name(int, char **, const char *, char *);
static void	 set_name(char *, const char *);
static void	 set_memory(const char *);
static void	 set_cpus(const char *);
static void	 add_env(const char *);
static void	 set_place(int, char **, char *, char *);
static void	 set_rule(struct egress_rule *, const char *);
static void	 set_seconds(const char *);
static __dead void client_rule(int, char **, int);
static void	 add_open(char *);
static int	 open_workspace(const char *, char *);

static __dead void request_run(uint32_t);
static void	 request_check_args(void);
static void	 request_connect(void);
static void	 request_send(void);
static void	 request_send_env(void);
static int	 env_given(const char *);
static void	 request_send_keys(void);
static void	 request_compose(uint32_t, int, const void *, size_t);

static int	 client_dispatch(struct peer *, struct imsg *);
static void	 client_gone(struct peer *, const char *);
static void	 client_confine(struct peer *);
static int	 client_handle_needkey(struct peer *, struct imsg *);
static int	 client_again(struct peer *);
static int	 client_handle_needreview(struct peer *);
static int	 client_handle_error(struct peer *, struct imsg *);
static int	 client_handle_progress(struct imsg *);
static int	 client_handle_needbase(struct peer *, struct imsg *);
static int	 client_handle_attached(struct peer *, struct imsg *);
static void	 client_resume(int);
static int	 client_handle_runs(struct imsg *);
static int	 client_handle_detached(struct imsg *);
static int	 client_handle_blocked(struct imsg *);
static int	 client_handle_exit(struct imsg *);
static __dead void finish(int);

static const struct command commands[] = {
	{ "apply", "[-f] [name] [path ...]", client_apply },
	{ "attach", "[-p port[:port]] [name]", client_attach },
	{ "audit", "verify [file]", client_audit },
	{ "block", "[-t time] host[:port] [name]", client_block },
	{ "build", "[--no-cache]", client_build },
	{ "check", "", client_check },
	{ "diff", "[-l] [name] [path ...]", client_diff },
	{ "drop", "[name]", client_drop },
	{ "help", "", client_help },
	{ "logs", "[-b] [-f] [-n lines] [name]", client_logs },
	{ "pass", "[-t time] host[:port] [name]", client_pass },
	{ "reload", "", client_reload },
	{ "shell", "[name] [-- command [argument ...]]", client_shell },
	{ "start", "[-d] [-N] [-R] [-r] "
	    "[-a host[:port]] "
	    "[-c cpus] "
	    "[-e NAME[=value]] "
	    "[-j file] "
	    "[-m memory] "
	    "[-n name] "
	    "[-p port[:port]] "
	    "[-W path] "
	    "[-w directory] "
	    "[--] [argument ...]", client_start },
	{ "status", "[-j] [-v]", client_status },
	{ "stop", "[-t seconds] [-a | name]", client_stop },
	{ "update", "", client_update },
	{ "version", "", client_version },
	{ NULL, NULL, NULL }
};

/* what of the user's environment reaches the sandbox */
static const char *const environment[] = { "TERM", "COLORTERM", "LANG", "TZ",
	    NULL };

/* the request; its type tells which of the structs it is */
static const char *socket_path;		/* of -s */
static int	 verbose;
static uint32_t	 type;
static struct ctl_start start;
static struct ctl_attach attach;
static struct ctl_request request;
static struct ctl_rule rule;
static struct ctl_logs logs;
static struct egress_rule passes[PASS_MAX];	/* of a start */
static size_t	 npasses;
static int	 workspace_fd = -1;
static char	*open_paths[OPENS_MAX];	/* not protected */
static size_t	 nopen;
static char	**args;			/* Claude Code's, or a command */
static const char *envs[ENV_MAX];	/* of -e */
static size_t	 nenv;
static struct env_list keys = TAILQ_HEAD_INITIALIZER(keys);
static int	 checks;		/* the session is a check */
static int	 json;
static int	 reviews;		/* the session is to be one's */
static char	 origin[PATH_MAX];	/* of the copy, once there is one */

static struct peer daemon_peer;
static struct ctl_resume resume;		/* once attached */
static int	 answered, attached, resumed, retried, hung_up;

void
client(int argc, char *argv[], const char *path, int verbosity)
{
	const struct command *c;
	int fd;

	/* nothing that we open may be taken for 0 to 2 */
	while ((fd = open("/dev/null", O_RDWR)) != -1 && fd <= STDERR_FILENO)
		;
	if (fd != -1)
		close(fd);
	(void)setlocale(LC_CTYPE, "");
	tzset();
	socket_path = path;
	verbose = verbosity;
	for (c = commands; c->name != NULL; c++)
		if (strcmp(c->name, argv[0]) == 0)
			break;
	if (c->name == NULL)
		unknown_command(argv[0]);
	opterr = 0;
	optind = 1;
	c->run(argc, argv);
	finish(0);
}

static __dead void
unknown_command(const char *name)
{
	const struct command *best, *c;
	unsigned int far, n;

	best = NULL;
	far = 3;
	for (c = commands; c->name != NULL; c++) {
		n = word_distance(c->name, name);
		if (strlen(name) > 1 && strncmp(c->name, name,
		    strlen(name)) == 0)
			n = 0;
		if (n < far) {
			best = c;
			far = n;
		}
	}
	if (best != NULL)
		errx(EX_USAGE, "%s: no such command; did you mean %s?", name,
		    best->name);
	warnx("%s: no such command", name);
	client_list(stderr, "usage:");
	exit(EX_USAGE);
}

void
client_list(FILE *f, const char *head)
{
	const struct command *c;

	for (c = commands; c->name != NULL; c++)
		(void)fprintf(f, "%s %s %s%s%s\n",
		    c == commands ? head : "      ", getprogname(),
		    c->name, c->args[0] == '\0' ? "" : " ", c->args);
}

__dead void
client_usage(const char *name)
{
	const struct command *c;

	for (c = commands; strcmp(c->name, name) != 0; c++)
		;
	(void)fprintf(stderr, "usage: %s %s%s%s\n", getprogname(), c->name,
	    c->args[0] == '\0' ? "" : " ", c->args);
	exit(EX_USAGE);
}

int
client_option(int argc, char *argv[], const char *options)
{
	int ch;

	ch = getopt(argc, argv, options);
	if (ch == ':')
		warnx("%s: -%c needs an argument", argv[0], optopt);
	else if (ch == '?' && optopt == '-')
		warnx("%s: no such option: %s", argv[0], argv[optind]);
	else if (ch == '?')
		warnx("%s: no such option: -%c", argv[0], optopt);
	else
		return (ch);
	client_usage(argv[0]);
}

/*
 * The same for commands with at most one name, before or after the options.
 */
static int
next_with_name(int argc, char *argv[], const char *options, char *name)
{
	int ch;

	while ((ch = client_option(argc, argv, options)) == -1) {
		if (optind == argc)
			return (-1);
		if (name[0] != '\0')
			client_usage(argv[0]);
		set_name(name, argv[optind++]);
	}
	return (ch);
}

/*
 * Commands.
 */

static void
client_attach(int argc, char *argv[])
{
	while (next_with_name(argc, argv, "+:p:", attach.name) != -1)
		port_add(optarg);
	if (attach.name[0] == '\0' && realpath(".", attach.path) == NULL)
		err(EX_NOINPUT, ".");
	port_prepare();
	request_run(IMSG_CTL_ATTACH);
}

static void
client_audit(int argc, char *argv[])
{
	int status;

	if (argc < 2 || argc > 3 || strcmp(argv[1], "verify") != 0)
		client_usage(argv[0]);
	if ((status = audit_verify(argc == 3 ? argv[2] : AUDIT_PATH)) != 0)
		exit(status);
}

static void
client_build(int argc, char *argv[])
{
	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--no-cache") != 0))
		client_usage(argv[0]);
	request.nocache = argc == 2;
	progress_init();
	base_prepare();
	request_run(IMSG_CTL_BUILD);
}

static void
client_check(int argc, char *argv[])
{
	if (argc != 1)
		client_usage(argv[0]);
	args = check_start();
	checks = 1;
	start.shell = 1;
	start.memory = CHECK_MEMORY;
	workspace_fd = open_workspace(".", start.path);
	request_run(IMSG_CTL_START);
}

static void
client_block(int argc, char *argv[])
{
	client_rule(argc, argv, 1);
}

static void
client_pass(int argc, char *argv[])
{
	client_rule(argc, argv, 0);
}

/* Options may stand behind the host as well. */
static __dead void
client_rule(int argc, char *argv[], int block)
{
	while (client_option(argc, argv, "+:t:") != -1)
		set_seconds(optarg);
	if (optind == argc)
		client_usage(argv[0]);
	set_rule(&rule.rule, argv[optind++]);
	while (client_option(argc, argv, "+:t:") != -1)
		set_seconds(optarg);
	rule.rule.block = (uint32_t)block;
	set_place(argc, argv, rule.name, rule.path);
	request_run(IMSG_CTL_RULE);
}

static void
client_logs(int argc, char *argv[])
{
	const char *why;
	int ch;

	while ((ch = client_option(argc, argv, "+:bfn:")) != -1) {
		switch (ch) {
		case 'b':
			logs.refused = 1;
			break;
		case 'f':
			logs.follow = 1;
			break;
		default:
			logs.lines = (uint32_t)strtonum(optarg, 1, UINT32_MAX,
			    &why);
			if (why != NULL)
				errx(EX_USAGE, "-n %s: not a number of lines",
				    optarg);
		}
	}
	set_place(argc, argv, logs.name, logs.path);
	logs_prepare();
	request_run(IMSG_CTL_LOGS);
}

static void
client_help(int argc, char *argv[])
{
	if (argc != 1)
		client_usage(argv[0]);
	client_list(stdout, "usage:");
}

static void
client_reload(int argc, char *argv[])
{
	if (argc != 1)
		client_usage(argv[0]);
	request_run(IMSG_CTL_RELOAD);
}

static void
client_shell(int argc, char *argv[])
{
	args = argv + 1;
	if (argc > 1 && argv[1][0] != '-')
		set_name(start.name, *args++);
	if (*args != NULL && strcmp(*args++, "--") != 0)
		client_usage(argv[0]);
	start.shell = 1;
	port_prepare();
	workspace_fd = open_workspace(".", start.path);
	request_run(IMSG_CTL_START);
}

static void
client_start(int argc, char *argv[])
{
	const char *dir, *file;
	int ch;

	dir = ".";
	file = NULL;
	while ((ch = client_option(argc, argv,
	    "+:a:c:de:j:m:Nn:p:RrW:w:")) != -1) {
		switch (ch) {
		case 'a':
			if (npasses == PASS_MAX)
				errx(EX_USAGE, "more than %d hosts", PASS_MAX);
			set_rule(&passes[npasses++], optarg);
			break;
		case 'c':
			set_cpus(optarg);
			break;
		case 'd':
			start.detach = 1;
			break;
		case 'e':
			add_env(optarg);
			break;
		case 'j':
			file = optarg;
			break;
		case 'm':
			set_memory(optarg);
			break;
		case 'R':
			reviews = 1;
			break;
		case 'r':
			start.readonly = 1;
			break;
		case 'N':
			start.another = 1;
			break;
		case 'n':
			set_name(start.name, optarg);
			break;
		case 'p':
			port_add(optarg);
			break;
		case 'W':
			add_open(optarg);
			break;
		default:
			dir = optarg;
		}
	}
	port_prepare();
	args = argv + optind;
	workspace_fd = open_workspace(dir, start.path);
	if (file != NULL)
		report_open(file);
	request_run(IMSG_CTL_START);
}

static void
client_status(int argc, char *argv[])
{
	int ch;

	while ((ch = client_option(argc, argv, "+:jv")) != -1)
		if (ch == 'j')
			json = 1;
		else
			verbose = 1;
	if (optind != argc)
		client_usage(argv[0]);
	request.all = verbose > 0;
	status_prepare();
	request_run(IMSG_CTL_STATUS);
}

static void
client_stop(int argc, char *argv[])
{
	const char *why;
	int ch;

	request.grace = STOP_SECONDS;
	while ((ch = next_with_name(argc, argv, "+:at:", request.name)) !=
	    -1) {
		if (ch == 'a') {
			request.all = 1;
			continue;
		}
		request.grace = (uint32_t)strtonum(optarg, 0, GRACE_MAX, &why);
		if (why != NULL)
			errx(EX_USAGE, "-t %s: not a number of seconds from "
			    "0 to %d", optarg, GRACE_MAX);
	}
	if (request.name[0] != '\0' && request.all)
		client_usage(argv[0]);
	if (request.name[0] == '\0' && !request.all &&
	    realpath(".", request.path) == NULL)
		err(EX_NOINPUT, ".");
	request_run(IMSG_CTL_STOP);
}

static void
client_update(int argc, char *argv[])
{
	if (argc != 1)
		client_usage(argv[0]);
	request.update = 1;
	progress_init();
	base_prepare();
	request_run(IMSG_CTL_BUILD);
}

static void
client_version(int argc, char *argv[])
{
	if (argc != 1)
		client_usage(argv[0]);
	(void)printf("%s %s\n", getprogname(), CLAUDESEC_VERSION);
}

static void
set_name(char *name, const char *value)
{
	if (value[0] == '\0' ||
	    strlcpy(name, value, NAME_MAXLEN) >= NAME_MAXLEN)
		errx(EX_USAGE, "\"%s\": not a name of a session", value);
}

static void
set_memory(const char *value)
{
	if (parse_size(value, &start.memory) == -1)
		errx(EX_USAGE, "-m %s: not a size", value);
	if (start.memory < OPTION_MEMORY_MIN || start.memory > OPTION_SIZE_MAX)
		errx(EX_USAGE, "-m %s: not from 128M to 64T", value);
}

static void
set_cpus(const char *value)
{
	if (parse_cpus(value, &start.millicpus) == -1)
		errx(EX_USAGE, "-c %s: not a number from 0.1 to %d", value,
		    OPTION_CPUS_MAX);
}

/*
 * A variable without a value is as it is here.
 */
static void
add_env(const char *option)
{
	const char *value;
	char *env;
	int n;

	if (nenv == ENV_MAX)
		errx(EX_USAGE, "-e: more than %d variables", ENV_MAX);
	if (strchr(option, '=') != NULL)
		n = asprintf(&env, "%s", option);
	else if ((value = getenv(option)) != NULL)
		n = asprintf(&env, "%s=%s", option, value);
	else
		errx(EX_USAGE, "-e %s: not set here", option);
	if (n == -1)
		err(EX_OSERR, NULL);
	if (n >= ENV_MAXLEN)
		errx(EX_USAGE, "-e %.*s: more than %d bytes",
		    (int)strcspn(option, "="), option, ENV_MAXLEN - 1);
	if (!env_valid(env))
		errx(EX_USAGE, "-e %.*s: %s", (int)strcspn(option, "="),
		    option, option[0] == '=' || isdigit((unsigned char)
		    option[0]) || strspn(option, ENV_CHARS) !=
		    strcspn(option, "=") ? "not a name of a variable" :
		    "is not for you to set");
	envs[nenv++] = env;
}

/* A session by its name, which is the last argument, or by the directory. */
static void
set_place(int argc, char *argv[], char *name, char *path)
{
	if (argc - optind > 1)
		client_usage(argv[0]);
	if (argc - optind == 1)
		set_name(name, argv[optind]);
	else if (realpath(".", path) == NULL)
		err(EX_NOINPUT, ".");
}

static void
set_rule(struct egress_rule *r, const char *value)
{
	const char *why;

	if ((why = rule_parse(value, r)) != NULL)
		errx(EX_USAGE, "\"%s\": %s", value, why);
}

/* A time, in seconds or with a letter for another unit. */
static void
set_seconds(const char *value)
{
	static const char units[] = "smhd";
	static const uint32_t seconds[] = { 1, 60, 3600, 86400 };
	char number[16];
	const char *unit, *why;
	uint32_t scale;
	size_t len;

	len = strspn(value, "0123456789");
	unit = value[len] == '\0' ? units : strchr(units, value[len]);
	why = "";
	if (len > 0 && len < sizeof(number) && unit != NULL &&
	    (value[len] == '\0' || value[len + 1] == '\0')) {
		scale = seconds[unit - units];
		(void)strlcpy(number, value, len + 1);
		rule.seconds = scale * (uint32_t)strtonum(number, 1,
		    RULE_SECONDS / scale, &why);
	}
	if (why != NULL)
		errx(EX_USAGE, "-t %s: not a time like 90, 10m, 2h or 1d, a "
		    "year at most", value);
}

static void
add_open(char *path)
{
	if (strlen(path) >= PROTECT_MAXLEN || !protect_valid(path))
		errx(EX_USAGE, "-W %s: not a path in a workspace", path);
	if (nopen == OPENS_MAX)
		errx(EX_USAGE, "-W: more than %d paths", OPENS_MAX);
	open_paths[nopen++] = path;
}

static int
open_workspace(const char *dir, char *path)
{
	int fd;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || realpath(dir, path) == NULL)
		err(EX_NOINPUT, "%s", dir);
	return (fd);
}

/*
 * The request.
 */

static __dead void
request_run(uint32_t what)
{
	type = what;
	proc_self = ROLE_CLIENT;
	proc_state = STATE_RUNNING;
	request.version = start.version = attach.version = IMSG_VERSION;
	rule.version = logs.version = IMSG_VERSION;
	if (type == IMSG_CTL_START || type == IMSG_CTL_ATTACH)
		review_prepare();
	if (type == IMSG_CTL_START) {
		request_check_args();
		start.tty = (uint32_t)term_init(start.shell != 0) |
		    start.detach;
	} else if (type == IMSG_CTL_ATTACH) {
		if (!term_init(0))
			errx(EX_USAGE, "standard input and output are not a "
			    "terminal");
		start.tty = 1;
	}
	request_connect();
	event_dispatch();
	errx(EX_SOFTWARE, "no events left");
}

static void
request_check_args(void)
{
	size_t i, len;

	for (i = len = 0; i < nenv; i++)
		len += strlen(envs[i]) + 1;
	for (i = 0; args[i] != NULL; i++)
		len += strlen(args[i]) + 1;
	if (i > ARGS_MAX)
		errx(EX_USAGE, "more than %d arguments", ARGS_MAX);
	if (len > ARGS_MAXLEN)
		errx(EX_USAGE, "more than %d bytes of arguments", ARGS_MAXLEN);
}

/*
 * Of libevent's methods only poll(2) takes files and devices as well, which
 * standard input and output may be.
 */
static void
request_connect(void)
{
	static int initialized;
	int fd;

	fd = find_daemon(socket_path);
	if (!initialized) {
		if (setenv("EVENT_NOEPOLL", "1", 1) == -1)
			err(EX_OSERR, "setenv");
		event_init();
		(void)unsetenv("EVENT_NOEPOLL");
		initialized = 1;
	}
	peer_init(&daemon_peer, fd, ROLE_ENGINE, client_dispatch, client_gone,
	    NULL);
	request_send();
	if (type == IMSG_CTL_START || type == IMSG_CTL_ATTACH)
		resume_prepare();
}

static void
request_send(void)
{
	struct ctl_size size;
	uint32_t i;
	int fd;

	if (type == IMSG_CTL_RULE) {
		request_compose(type, -1, &rule, sizeof(rule));
		return;
	}
	if (type == IMSG_CTL_LOGS) {
		request_compose(type, -1, &logs, sizeof(logs));
		return;
	}
	if (type != IMSG_CTL_START && type != IMSG_CTL_ATTACH) {
		request_compose(type, -1, &request, sizeof(request));
		request_send_keys();
		return;
	}
	term_size(&size);
	attach.cols = start.cols = size.cols;
	attach.rows = start.rows = size.rows;
	if (type == IMSG_CTL_ATTACH) {
		request_compose(type, -1, &attach, sizeof(attach));
		return;
	}
	if (start.detach && size.cols == 0) {
		start.cols = DETACHED_COLS;
		start.rows = DETACHED_ROWS;
	}
	/* a second try needs it again */
	if ((fd = fcntl(workspace_fd, F_DUPFD_CLOEXEC, 0)) == -1)
		err(EX_OSERR, "fcntl");
	request_compose(IMSG_CTL_START, fd, &start, sizeof(start));
	for (i = 0; args[i] != NULL; i++)
		if (client_compose_arg(&daemon_peer.ibuf, i, args[i]) == -1)
			err(EX_OSERR, NULL);
	for (i = 0; i < npasses; i++)
		request_compose(IMSG_CTL_PASS, -1, &passes[i],
		    sizeof(passes[i]));
	request_send_env();
	for (i = 0; i < nopen; i++)
		request_compose(IMSG_CTL_OPEN, -1, open_paths[i],
		    strlen(open_paths[i]));
	request_send_keys();
	if (reviews)
		request_compose(IMSG_CTL_REVIEW, -1, origin, strlen(origin));
	request_compose(IMSG_CTL_RUN, -1, NULL, 0);
}

/*
 * An argument may be longer than a message.  An empty one is a message too.
 */
int
client_compose_arg(struct imsgbuf *b, uint32_t id, const char *arg)
{
	size_t left, n;

	left = strlen(arg);
	do {
		n = left > ARG_PIECE ? ARG_PIECE : left;
		if (imsg_compose(b, IMSG_CTL_ARG, id, -1, arg, n) == -1)
			return (-1);
		arg += n;
		left -= n;
	} while (left > 0);
	return (0);
}

static void
request_send_env(void)
{
	char buf[ENV_MAXLEN];
	const char *value;
	size_t i;
	int n;

	for (i = 0; environment[i] != NULL; i++) {
		if (env_given(environment[i]) ||
		    (value = getenv(environment[i])) == NULL)
			continue;
		n = snprintf(buf, sizeof(buf), "%s=%s", environment[i], value);
		if (n > 0 && (size_t)n < sizeof(buf))
			request_compose(IMSG_CTL_ENV, -1, buf, (size_t)n);
	}
	for (i = 0; i < nenv; i++)
		request_compose(IMSG_CTL_ENV, -1, envs[i], strlen(envs[i]));
}

/* By -e? */
static int
env_given(const char *name)
{
	size_t i, len;

	len = strlen(name);
	for (i = 0; i < nenv; i++)
		if (strncmp(envs[i], name, len) == 0 && envs[i][len] == '=')
			return (1);
	return (0);
}

/* Of a command, once; they are wiped when they are sent. */
static void
request_send_keys(void)
{
	struct env_entry *e;

	TAILQ_FOREACH(e, &keys, entry)
		request_compose(IMSG_CTL_KEY, -1, e->value, strlen(e->value));
}

static void
request_compose(uint32_t what, int fd, const void *data, size_t len)
{
	if (peer_compose(&daemon_peer, what, 0, fd, data, len) == -1)
		err(EX_OSERR, "peer_compose");
}

/*
 * The answers.
 */

static int
client_dispatch(struct peer *p, struct imsg *imsg)
{
	if (imsg_get_type(imsg) == IMSG_CTL_NEEDKEY)
		return (client_handle_needkey(p, imsg));
	if (imsg_get_type(imsg) == IMSG_CTL_NEEDREVIEW)
		return (client_handle_needreview(p));
	if (!answered)
		client_confine(p);
	switch (imsg_get_type(imsg)) {
	case IMSG_CTL_ERROR:
		return (client_handle_error(p, imsg));
	case IMSG_CTL_PROGRESS:
		return (client_handle_progress(imsg));
	case IMSG_CTL_LAYER:
		return (type == IMSG_CTL_BUILD ? progress_layer(imsg) : -1);
	case IMSG_CTL_NEEDBASE:
		return (client_handle_needbase(p, imsg));
	case IMSG_CTL_ATTACHED:
		return (client_handle_attached(p, imsg));
	case IMSG_CTL_RUNS:
		return (client_handle_runs(imsg));
	case IMSG_CTL_DETACHED:
		return (client_handle_detached(imsg));
	case IMSG_CTL_SESSION:
		return (type == IMSG_CTL_STATUS ? status_add(imsg) : -1);
	case IMSG_CTL_FACT:
		return (request.all ? status_fact(imsg) : -1);
	case IMSG_CTL_EXIT:
		return (client_handle_exit(imsg));
	case IMSG_CTL_EVENT:
		return (type == IMSG_CTL_LOGS ? logs_add(imsg) : -1);
	case IMSG_CTL_LOST:
		return (type == IMSG_CTL_LOGS ? logs_lost(imsg) : -1);
	case IMSG_CTL_BLOCKED:
		return (client_handle_blocked(imsg));
	case IMSG_CTL_REPORT:
	case IMSG_CTL_HOST:
	case IMSG_CTL_FINDING:
		if (!attached)
			return (-1);
		/* what a check runs into is what it is for */
		return (checks ? 0 : report_add(imsg));
	case IMSG_CTL_NEWER:
		return (!attached ? -1 : checks ? 0 : report_newer());
	default:
		return (-1);
	}
}

/*
 * A private daemon may end just when we connect, and is asked again, once.
 */
static void
client_gone(struct peer *p, const char *why)
{
	if (why != NULL) {
		term_restore();
		errx(EX_PROTOCOL, "the daemon: %s", why);
	}
	/* if it was a write that failed, the reason may be there to be read */
	if (!hung_up) {
		hung_up = 1;
		event_active(&p->rev, EV_READ, 1);
		return;
	}
	peer_close(p);
	if (attached) {
		term_lost(resume.session[0] != '\0' && resume_ask() == 0);
		return;
	}
	if (answered || retried)
		errx(EX_UNAVAILABLE, "the daemon hung up");
	retried = 1;
	hung_up = 0;
	request_connect();
}

/*
 * There is an answer, so nothing needs to be opened or started any more.  A
 * filter stays with what a process starts, hence not before.
 */
static void
client_confine(struct peer *p)
{
	const char *promises;

	answered = 1;
	credentials_free(&keys);
	switch (type) {
	case IMSG_CTL_START:
	case IMSG_CTL_ATTACH:
		if (workspace_fd != -1)
			close(workspace_fd);
		/* recvfd: the stream, a daemon; tty: raw mode and the size */
		promises = "stdio recvfd tty";
		imsgbuf_allow_fdpass(&p->ibuf, 0, 1);
		break;
	case IMSG_CTL_BUILD:
		/* sendfd: the pipe that a base image comes from */
		promises = "stdio sendfd";
		imsgbuf_allow_fdpass(&p->ibuf, 1, 0);
		break;
	default:
		promises = "stdio";
		imsgbuf_allow_fdpass(&p->ibuf, 0, 0);
	}
	if (pledge(promises, NULL) == -1)
		err(EX_OSERR, "pledge");
}

/*
 * The daemon has no credentials, and its configuration names a command that
 * does: asks again, with these.
 */
static int
client_handle_needkey(struct peer *p, struct imsg *imsg)
{
	char path[PATH_MAX];
	struct env_entry *e;

	if (answered || !TAILQ_EMPTY(&keys) ||
	    (type != IMSG_CTL_START && type != IMSG_CTL_RELOAD) ||
	    imsg_get_string(imsg, path, sizeof(path)) == -1)
		return (-1);
	key_get(&keys, path, p->ibuf.fd);
	TAILQ_FOREACH(e, &keys, entry)
		request.nkeys++;
	return (client_again(p));
}

static int
client_again(struct peer *p)
{
	peer_close(p);
	hung_up = 0;
	request_connect();
	return (0);
}

/*
 * This workspace may be one, but the session gets a copy of it: asks again,
 * with that.  What a check has is there for nothing else.
 */
static int
client_handle_needreview(struct peer *p)
{
	int fd;

	if (answered || type != IMSG_CTL_START || origin[0] != '\0')
		return (-1);
	reviews = 1;
	(void)strlcpy(origin, start.path, sizeof(origin));
	if (!checks) {
		fd = review_begin(start.path, start.name, workspace_fd);
		close(workspace_fd);
		workspace_fd = fd;
	}
	return (client_again(p));
}

static int
client_handle_error(struct peer *p, struct imsg *imsg)
{
	struct ctl_error ce;

	if (imsg_get_data(imsg, &ce, sizeof(ce)) == -1 ||
	    !imsg_is_string(ce.text, sizeof(ce.text)) || ce.code < 1 ||
	    ce.code > 255)
		return (-1);
	text_clean(ce.text);
	if (resumed) {
		/* what its terminal shows may go on */
		peer_close(p);
		term_failed(&ce);
		return (0);
	}
	term_restore();
	report_print();
	errx(ce.code, "%s", ce.text);
}

static int
client_handle_progress(struct imsg *imsg)
{
	char line[TEXT_MAXLEN + 1];

	if (attached || imsg_get_string(imsg, line, sizeof(line)) == -1)
		return (-1);
	text_clean(line);
	progress_line(line);
	return (0);
}

static int
client_handle_needbase(struct peer *p, struct imsg *imsg)
{
	if (type != IMSG_CTL_BUILD || client_handle_progress(imsg) == -1)
		return (-1);
	return (base_start(p));
}

static int
client_handle_attached(struct peer *p, struct imsg *imsg)
{
	struct ctl_attached ca;
	int fd;

	if ((type != IMSG_CTL_START && type != IMSG_CTL_ATTACH) || attached ||
	    imsg_get_data(imsg, &ca, sizeof(ca)) == -1 || ca.stays > 1 ||
	    ca.tty != start.tty || ca.again > 1 || ca.clipboard > 1 ||
	    ca.suspends > 1 || ca.login > 1 ||
	    (ca.modes & ~MODE_ALL) != 0 || ca.nkeys > KEYS_MAX ||
	    !imsg_is_string(ca.name, sizeof(ca.name)) ||
	    memchr(ca.session, '\0', sizeof(ca.session)) == NULL ||
	    (fd = imsg_get_fd(imsg)) == -1)
		return (-1);
	text_clean(ca.name);
	attached = 1;
	imsgbuf_allow_fdpass(&p->ibuf, 0, 0);
	resume.version = IMSG_VERSION;
	(void)strlcpy(resume.session, ca.session, sizeof(resume.session));
	/* recvfd stays, for the next daemon; a command beside has none */
	if (ca.session[0] != '\0')
		resume_start(client_resume);
	else {
		resume_end();
		if (pledge("stdio tty", NULL) == -1)
			err(EX_OSERR, "pledge");
	}
	port_session(found_daemon(), ca.name, ca.login);
	term_attach(fd, p, &ca);
	return (0);
}

/*
 * There is another daemon, which knows of the session, or will soon.
 */
static void
client_resume(int fd)
{
	resumed = 1;
	hung_up = 0;
	peer_init(&daemon_peer, fd, ROLE_ENGINE, client_dispatch, client_gone,
	    NULL);
	imsgbuf_allow_fdpass(&daemon_peer.ibuf, 0, 0);
	request_compose(IMSG_CTL_RESUME, -1, &resume, sizeof(resume));
	term_found(&daemon_peer);
}

/*
 * A session runs where one was to be started.  Its name is shown, and the user
 * asked what to do.
 */
static int
client_handle_runs(struct imsg *imsg)
{
	char name[NAME_MAXLEN];
	uint32_t choice;
	ssize_t n;
	char c, first;

	if (type != IMSG_CTL_START || !start.tty || start.detach || attached ||
	    imsg_get_string(imsg, name, sizeof(name)) == -1)
		return (-1);
	text_clean(name);
	(void)fprintf(stderr, "The session %s runs here.  Attach to it? [Y/n] ",
	    name);
	for (first = '\n'; (n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n';)
		if (first == '\n' && c != ' ' && c != '\t')
			first = c;
	if (n != 1)
		(void)fprintf(stderr, "\n");
	if (n != 1 || (first != '\n' && first != 'y' && first != 'Y'))
		errx(EX_CANTCREAT, "not started; -N starts another");
	choice = 1;
	request_compose(IMSG_CTL_CHOICE, -1, &choice, sizeof(choice));
	return (0);
}

static int
client_handle_detached(struct imsg *imsg)
{
	char name[NAME_MAXLEN];

	if (imsg_get_string(imsg, name, sizeof(name)) == -1)
		return (-1);
	if (attached) {
		term_detached();
		return (0);
	}
	if (type == IMSG_CTL_START && start.detach) {
		port_session(found_daemon(), name, 0);
		text_clean(name);
		(void)printf("%s\n", name);
		finish(0);
	}
	return (-1);
}

/* What is no name would be no name in a title either. */
static int
client_handle_blocked(struct imsg *imsg)
{
	char host[HOST_MAXLEN];
	struct ctl_host h;

	if (!attached || imsg_get_data(imsg, &h, sizeof(h)) == -1 ||
	    !imsg_is_string(h.host, sizeof(h.host)) || h.port > UINT16_MAX)
		return (-1);
	if (rule_host(h.host, host) == NULL)
		term_blocked(host, h.port);
	return (0);
}

static int
client_handle_exit(struct imsg *imsg)
{
	int status;

	if (imsg_get_data(imsg, &status, sizeof(status)) == -1 || status < 0 ||
	    status > 255)
		return (-1);
	if (attached) {
		term_exit(status);
		return (0);
	}
	if (type == IMSG_CTL_STATUS && json)
		status_json(verbose);
	else if (type == IMSG_CTL_STATUS)
		status_print();
	finish(status);
}

static __dead void
finish(int status)
{
	if (fflush(stdout) == EOF)
		err(EX_IOERR, "standard output");
	exit(status);
}
