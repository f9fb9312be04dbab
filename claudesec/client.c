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
 * daemon or starts one, asks it for one thing, and shows what comes back,
 * which client_request.c does.
 */

#include <sys/types.h>

#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define STOP_SECONDS	10	/* from SIGTERM to SIGKILL */
#define ENV_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
			"0123456789_"

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
	asked.socket = path;
	asked.verbose = verbosity;
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
	while (next_with_name(argc, argv, "+:p:", asked.attach.name) != -1)
		port_add(optarg);
	if (asked.attach.name[0] == '\0' &&
	    realpath(".", asked.attach.path) == NULL)
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
	asked.request.nocache = argc == 2;
	progress_init();
	base_prepare();
	request_run(IMSG_CTL_BUILD);
}

static void
client_check(int argc, char *argv[])
{
	if (argc != 1)
		client_usage(argv[0]);
	asked.args = check_start();
	asked.checks = 1;
	asked.start.shell = 1;
	asked.start.memory = CHECK_MEMORY;
	asked.workspace = open_workspace(".", asked.start.path);
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
	set_rule(&asked.rule.rule, argv[optind++]);
	while (client_option(argc, argv, "+:t:") != -1)
		set_seconds(optarg);
	asked.rule.rule.block = (uint32_t)block;
	set_place(argc, argv, asked.rule.name, asked.rule.path);
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
			asked.logs.refused = 1;
			break;
		case 'f':
			asked.logs.follow = 1;
			break;
		default:
			asked.logs.lines = (uint32_t)strtonum(optarg, 1,
			    UINT32_MAX, &why);
			if (why != NULL)
				errx(EX_USAGE, "-n %s: not a number of lines",
				    optarg);
		}
	}
	set_place(argc, argv, asked.logs.name, asked.logs.path);
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
	asked.args = argv + 1;
	if (argc > 1 && argv[1][0] != '-')
		set_name(asked.start.name, *asked.args++);
	if (*asked.args != NULL && strcmp(*asked.args++, "--") != 0)
		client_usage(argv[0]);
	asked.start.shell = 1;
	port_prepare();
	asked.workspace = open_workspace(".", asked.start.path);
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
			if (asked.npasses == PASS_MAX)
				errx(EX_USAGE, "more than %d hosts", PASS_MAX);
			set_rule(&asked.passes[asked.npasses++], optarg);
			break;
		case 'c':
			set_cpus(optarg);
			break;
		case 'd':
			asked.start.detach = 1;
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
			asked.reviews = 1;
			break;
		case 'r':
			asked.start.readonly = 1;
			break;
		case 'N':
			asked.start.another = 1;
			break;
		case 'n':
			set_name(asked.start.name, optarg);
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
	asked.args = argv + optind;
	asked.workspace = open_workspace(dir, asked.start.path);
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
			asked.json = 1;
		else
			asked.verbose = 1;
	if (optind != argc)
		client_usage(argv[0]);
	asked.request.all = asked.verbose > 0;
	status_prepare();
	request_run(IMSG_CTL_STATUS);
}

static void
client_stop(int argc, char *argv[])
{
	const char *why;
	int ch;

	asked.request.grace = STOP_SECONDS;
	while ((ch = next_with_name(argc, argv, "+:at:", asked.request.name)) !=
	    -1) {
		if (ch == 'a') {
			asked.request.all = 1;
			continue;
		}
		asked.request.grace = (uint32_t)strtonum(optarg, 0, GRACE_MAX,
		    &why);
		if (why != NULL)
			errx(EX_USAGE, "-t %s: not a number of seconds from "
			    "0 to %d", optarg, GRACE_MAX);
	}
	if (asked.request.name[0] != '\0' && asked.request.all)
		client_usage(argv[0]);
	if (asked.request.name[0] == '\0' && !asked.request.all &&
	    realpath(".", asked.request.path) == NULL)
		err(EX_NOINPUT, ".");
	request_run(IMSG_CTL_STOP);
}

static void
client_update(int argc, char *argv[])
{
	if (argc != 1)
		client_usage(argv[0]);
	asked.request.update = 1;
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
	if (parse_size(value, &asked.start.memory) == -1)
		errx(EX_USAGE, "-m %s: not a size", value);
	if (asked.start.memory < OPTION_MEMORY_MIN ||
	    asked.start.memory > OPTION_SIZE_MAX)
		errx(EX_USAGE, "-m %s: not from 128M to 64T", value);
}

static void
set_cpus(const char *value)
{
	if (parse_cpus(value, &asked.start.millicpus) == -1)
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

	if (asked.nenvs == ENV_MAX)
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
	asked.envs[asked.nenvs++] = env;
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
		asked.rule.seconds = scale * (uint32_t)strtonum(number, 1,
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
	if (asked.nopens == OPENS_MAX)
		errx(EX_USAGE, "-W: more than %d paths", OPENS_MAX);
	asked.opens[asked.nopens++] = path;
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
