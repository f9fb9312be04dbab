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
 * The conf process with everybody else played by this program: what it is
 * sent, what it answers to whom, and that no secret stays in its memory.
 */

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <unistd.h>

#include "../../claudesec/claudesec.h"
#include "unit.h"

#define SENT_MAX	5000
#define MASK		0x55	/* so that what is kept here does not count */
#define SECRET		"sk-ant-4711-Secret"
#define CHUNK		65536
#define MAPPING_MAX	(64UL * 1024 * 1024)

struct sent {
	unsigned int	 role;
	uint32_t	 type;
	size_t		 len;
	unsigned char	*data;		/* masked */
};

struct env_case {
	const char	*name;
	const char	*file;
	const char	*env;		/* sent, one a line; NULL: refused */
	const char	*says;		/* to the parent; NULL: nothing */
};

static const struct env_case env_cases[] = {
	{ "one", "ANTHROPIC_API_KEY=" SECRET "\n",
	    "ANTHROPIC_API_KEY=" SECRET "\n", NULL },
	{ "no end of line", "CLAUDE_CODE_OAUTH_TOKEN=x",
	    "CLAUDE_CODE_OAUTH_TOKEN=x\n", NULL },
	{ "both", "ANTHROPIC_API_KEY=a\n\nCLAUDE_CODE_OAUTH_TOKEN=b\n",
	    "ANTHROPIC_API_KEY=a\nCLAUDE_CODE_OAUTH_TOKEN=b\n", NULL },
	{ "export and blanks", "\t export \tANTHROPIC_API_KEY=a=b \t# c\n",
	    "ANTHROPIC_API_KEY=a=b\n", NULL },
	{ "double quotes", "ANTHROPIC_API_KEY=\"a#'b\" # c\n",
	    "ANTHROPIC_API_KEY=a#'b\n", NULL },
	{ "single quotes", "ANTHROPIC_API_KEY='a\"$b\\n'\n",
	    "ANTHROPIC_API_KEY=a\"$b\\n\n", NULL },
	{ "hash in it", "ANTHROPIC_API_KEY=a#b\n", "ANTHROPIC_API_KEY=a#b\n",
	    NULL },
	{ "empty first", "ANTHROPIC_API_KEY=\nANTHROPIC_API_KEY=\"\"\n"
	    "ANTHROPIC_API_KEY= # none\nANTHROPIC_API_KEY=x\n",
	    "ANTHROPIC_API_KEY=x\n", NULL },
	{ "empty file", "", "", "no credentials in it" },
	{ "comments", "# a\n\n \t\n  # b", "", "no credentials in it" },
	{ "only empty", "ANTHROPIC_API_KEY=\n", "", "no credentials in it" },
	{ "other name", "FOO=" SECRET " bar\nANTHROPIC_API_KEY=x\n",
	    "ANTHROPIC_API_KEY=x\n", "env:1: FOO is ignored" },
	{ "longer name", "ANTHROPIC_API_KEYS=x\n", "",
	    "env:1: ANTHROPIC_API_KEYS is ignored" },
	{ "shorter name", "ANTHROPIC_API_KE=x\n", "",
	    "env:1: ANTHROPIC_API_KE is ignored" },
	{ "lower case", "anthropic_api_key=x\n", "",
	    "env:1: anthropic_api_key is ignored" },
	{ "export glued", "exportANTHROPIC_API_KEY=x\n", "",
	    "env:1: exportANTHROPIC_API_KEY is ignored" },
	{ "no value", "\nANTHROPIC_API_KEY\n", NULL,
	    "env:2: not NAME=value" },
	{ "no name", "=" SECRET "\n", NULL, "env:1: not NAME=value" },
	{ "digit first", "1A=x\n", NULL, "env:1: not NAME=value" },
	{ "key alone", SECRET "\n", NULL, "env:1: not NAME=value" },
	{ "blank before =", "ANTHROPIC_API_KEY =x\n", NULL,
	    "env:1: not NAME=value" },
	{ "export alone", "export\n", NULL, "env:1: not NAME=value" },
	{ "export twice", "export export A=x\n", NULL,
	    "env:1: not NAME=value" },
	{ "quote open", "ANTHROPIC_API_KEY=\"" SECRET "\n", NULL,
	    "env:1: ANTHROPIC_API_KEY: quote not closed" },
	{ "quote over lines", "ANTHROPIC_API_KEY='a\nb'\n", NULL,
	    "env:1: ANTHROPIC_API_KEY: quote not closed" },
	{ "two words", "ANTHROPIC_API_KEY=" SECRET " b\n", NULL,
	    "env:1: ANTHROPIC_API_KEY: something behind the value" },
	{ "behind quotes", "ANTHROPIC_API_KEY=\"a\"b\n", NULL,
	    "env:1: ANTHROPIC_API_KEY: something behind the value" },
	{ "blank in quotes", "ANTHROPIC_API_KEY=\"a b\"\n", NULL,
	    "env:1: ANTHROPIC_API_KEY: a character that no key has" },
	{ "not ASCII", "ANTHROPIC_API_KEY=\303\274\n", NULL,
	    "env:1: ANTHROPIC_API_KEY: a character that no key has" },
	{ "twice", "ANTHROPIC_API_KEY=a\nANTHROPIC_API_KEY=b\n", NULL,
	    "env:2: ANTHROPIC_API_KEY: given twice" },
	{ "CR", "ANTHROPIC_API_KEY=a\r\n", NULL,
	    "env:1: control character \\015" },
	{ "ESC in a comment", "# \033[2J\n", NULL,
	    "env:1: control character \\033" },
	{ "DEL", "ANTHROPIC_API_KEY=a\177\n", NULL,
	    "env:1: control character \\177" },
	{ "several", "x\nANTHROPIC_API_KEY=a b\n\nFOO=1\n'\n", NULL,
	    "/env:1: not NAME=value\n"
	    "/env:2: ANTHROPIC_API_KEY: something behind the value\n"
	    "/env:4: FOO is ignored\n/env:5: not NAME=value\n" }
};

uint32_t	 proc_state;
unsigned int	 proc_self = ROLE_CONF;

static struct peer peers[2];		/* the parent and engine */
static int	 (*conf_handle)(struct peer *, struct imsg *);
static void	 (*conf_started)(void);
static unsigned int npledges;
static jmp_buf	 looping;

static struct sent sent[SENT_MAX];
static size_t	 nsent;
static uint32_t	 ident;			/* of what is handled */

/*
 * What the process has around it otherwise.
 */

int
pledge(const char *promises, const char *execpromises)
{
	(void)execpromises;
	if (strcmp(promises, "stdio recvfd") == 0)
		npledges++;
	return (0);
}

void
proc_loop(int (*handle)(struct peer *, struct imsg *), void (*started)(void))
{
	conf_handle = handle;
	conf_started = started;
	longjmp(looping, 1);
}

struct peer *
proc_peer(unsigned int role)
{
	if (role == ROLE_PARENT)
		return (&peers[0]);
	return (role == ROLE_ENGINE ? &peers[1] : NULL);
}

void
peer_send(struct peer *p, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	struct sent *s;
	size_t i;

	if (p == NULL || id > 1 || fd != -1 || nsent == SENT_MAX ||
	    len > IMSG_MAXSIZE)
		abort();
	s = &sent[nsent++];
	s->role = p == &peers[0] ? ROLE_PARENT : ROLE_ENGINE;
	s->type = type;
	s->len = len;
	if ((s->data = malloc(len + 1)) == NULL)
		abort();
	for (i = 0; i < len; i++)
		s->data[i] = ((const unsigned char *)data)[i] ^ MASK;
}

/*
 * Helpers.
 */

static void
forget(void)
{
	while (nsent > 0)
		free(sent[--nsent].data);
}

static int
handle(uint32_t type, const void *data, size_t len, int fd)
{
	struct imsg imsg;
	int error;

	memset(&imsg, 0, sizeof(imsg));
	imsg.hdr.type = type;
	imsg.hdr.id = ident;
	imsg.data = data;
	imsg.datalen = len;
	imsg.fd = fd;
	error = conf_handle(&peers[0], &imsg);
	imsg_free(&imsg);
	return (error);
}

/* Was this, and only this, sent?  "P9 E12": to whom and which types. */
static int
was_sent(const char *expected)
{
	char buf[32];
	size_t i;
	int n;

	for (i = 0; i < nsent; i++) {
		n = snprintf(buf, sizeof(buf), "%s%c%u", i > 0 ? " " : "",
		    sent[i].role == ROLE_PARENT ? 'P' : 'E',
		    sent[i].type - IMSG_RECONF_READ);
		if (strncmp(expected, buf, (size_t)n) != 0)
			return (0);
		expected += n;
	}
	return (*expected == '\0');
}

/* The texts of all messages of a type, a line each. */
static char *
texts(uint32_t type)
{
	static char buf[SENT_MAX * 128];
	size_t i, j, len;

	len = 0;
	for (i = 0; i < nsent; i++) {
		if (sent[i].type != type)
			continue;
		for (j = 0; j < sent[i].len && len < sizeof(buf) - 2; j++)
			buf[len++] = (char)(sent[i].data[j] ^ MASK);
		buf[len++] = '\n';
	}
	buf[len] = '\0';
	return (buf);
}

static int
has_text(uint32_t type, const char *text)
{
	char *buf;
	int found;

	buf = texts(type);
	found = strstr(buf, text) != NULL;
	explicit_bzero(buf, strlen(buf));
	return (found);
}

static int
is_text(uint32_t type, const char *text)
{
	char *buf;
	int same;

	buf = texts(type);
	same = strcmp(buf, text) == 0;
	explicit_bzero(buf, strlen(buf));
	return (same);
}

static int
temporary(const void *data, size_t len, mode_t mode)
{
	char name[] = "/tmp/t_conf.XXXXXX";
	int fd;

	if ((fd = mkstemp(name)) == -1 || unlink(name) == -1 ||
	    write(fd, data, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) == -1 || fchmod(fd, mode) == -1)
		abort();
	return (fd);
}

static int	 refused(void);

/*
 * A whole load with this env file, and then again for engine, which is when
 * it is sent; its descriptor goes.
 */
static void
load_env(int fd)
{
	static const char conf_text[] = "credentials environment from \"/env\"";
	int again, error;

	forget();
	again = dup(fd);
	if (handle(IMSG_RECONF_READ, "conf", 4, temporary(conf_text,
	    sizeof(conf_text) - 1, 0600)) != 0)
		abort();
	if (!was_sent("P2") || !is_text(IMSG_RECONF_OPEN, "/env\n"))
		abort();
	forget();
	error = 0;
	if (handle(IMSG_RECONF_FILE, &error, sizeof(error), fd) != 0)
		abort();
	if (has_text(IMSG_RECONF_ENV, "\n"))
		abort();
	if (refused()) {
		close(again);
		return;
	}
	(void)lseek(again, 0, SEEK_SET);
	if (handle(IMSG_ENGINE_KEYS, NULL, 0, -1) != 0 ||
	    sent[nsent - 1].type != IMSG_RECONF_OPEN)
		abort();
	ident = 1;
	if (handle(IMSG_RECONF_FILE, &error, sizeof(error), again) != 0)
		abort();
	ident = 0;
}

static int
refused(void)
{
	return (nsent >= 2 && sent[nsent - 1].type == IMSG_RECONF_FAILED &&
	    !has_text(IMSG_RECONF_END, "\n") &&
	    !has_text(IMSG_RECONF_ENV, "\n") &&
	    !has_text(IMSG_RECONF_CONF, "\n"));
}

static int
taken(void)
{
	return (nsent >= 5 && sent[nsent - 1].type == IMSG_RECONF_KEYS &&
	    sent[nsent - 1].role == ROLE_ENGINE &&
	    has_text(IMSG_RECONF_END, "\n") &&
	    !has_text(IMSG_RECONF_FAILED, "\n"));
}

static int
descriptors(void)
{
	struct stat st;
	int fd, n;

	n = 0;
	for (fd = 0; fd < 256; fd++)
		if (fstat(fd, &st) != -1)
			n++;
	return (n);
}

/* How often is the secret in what this process can write? */
static unsigned int
find_secret(void)
{
	static const unsigned char masked[] = { 's' ^ MASK, 'k' ^ MASK,
	    '-' ^ MASK, 'a' ^ MASK, 'n' ^ MASK, 't' ^ MASK, '-' ^ MASK,
	    '4' ^ MASK, '7' ^ MASK, '1' ^ MASK, '1' ^ MASK, '-' ^ MASK };
	unsigned char *chunk;
	unsigned long end, start;
	unsigned int found;
	char line[512], perms[8];
	ssize_t i, n;
	size_t j;
	FILE *maps;
	int mem;

	chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANON, -1, 0);
	mem = open("/proc/self/mem", O_RDONLY);
	maps = fopen("/proc/self/maps", "r");
	if (chunk == MAP_FAILED || mem == -1 || maps == NULL)
		abort();
	found = 0;
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, perms) != 3 ||
		    strncmp(perms, "rw", 2) != 0 || end - start > MAPPING_MAX)
			continue;
		while (start < end) {
			if (start <= (unsigned long)chunk &&
			    (unsigned long)chunk < start + CHUNK &&
			    start != (unsigned long)chunk)
				n = (ssize_t)((unsigned long)chunk - start);
			else
				n = (ssize_t)(end - start < CHUNK ?
				    end - start : CHUNK);
			if (start == (unsigned long)chunk) {
				start += CHUNK;
				continue;
			}
			n = pread(mem, chunk, (size_t)n, (off_t)start);
			if (n <= 0)
				break;
			for (i = 0; i + (ssize_t)sizeof(masked) <= n; i++) {
				for (j = 0; j < sizeof(masked); j++)
					if ((chunk[i + (ssize_t)j] ^ MASK) !=
					    masked[j])
						break;
				found += j == sizeof(masked);
			}
			start += (unsigned long)n;
		}
	}
	explicit_bzero(chunk, CHUNK);
	(void)munmap(chunk, CHUNK);
	(void)fclose(maps);
	close(mem);
	return (found);
}

/*
 * Cases.
 */

static void
test_start(void)
{
	if (setjmp(looping) == 0)
		conf();
	conf_started();
	CASE(npledges == 2, "conf: two pledges", "%u", npledges);
}

static void
test_defaults(void)
{
	struct conf_fixed f;
	size_t i;
	int error;

	forget();
	CASE(handle(IMSG_RECONF_READ, "(defaults)", 10, -1) == 0 &&
	    was_sent("P2") &&
	    is_text(IMSG_RECONF_OPEN, "~/.config/claudesec/env\n"),
	    "conf: no file, the default env file is asked for", "no");
	forget();
	error = ENOENT;
	CASE(handle(IMSG_RECONF_FILE, &error, sizeof(error), -1) == 0 &&
	    was_sent("P6 P10 E6 E7 E10"),
	    "conf: no env file either, the defaults are sent", "no");
	for (i = 0; i < sizeof(f); i++)
		((unsigned char *)&f)[i] = sent[0].data[i] ^ MASK;
	CASE(sent[0].len == sizeof(f) && sent[2].len == sizeof(f) &&
	    memcmp(sent[0].data, sent[2].data, sizeof(f)) == 0 &&
	    strcmp(f.engine, "/var/run/docker.sock") == 0 &&
	    f.credentials == CREDENTIALS_DEFAULT &&
	    strcmp(f.api.host, "api.anthropic.com") == 0 &&
	    f.api.port == 443 &&
	    f.memory == 4ULL << 30 && f.millicpus == 0,
	    "conf: both get the same", "no");
	forget();
	(void)handle(IMSG_RECONF_READ, "x", 1, -1);
	forget();
	error = EACCES;
	CASE(handle(IMSG_RECONF_FILE, &error, sizeof(error), -1) == 0 &&
	    was_sent("P4 P5") && is_text(IMSG_RECONF_ERROR,
	    "~/.config/claudesec/env: Permission denied\n"),
	    "conf: an env file that cannot be read is an error", "no");
}

static uint32_t
permit_id(size_t i)
{
	struct permit p;
	size_t j;

	for (j = 0; j < sizeof(p); j++)
		((unsigned char *)&p)[j] = sent[i].data[j] ^ MASK;
	return (p.id);
}

static void
test_config(void)
{
	static const char none[] = "credentials none\negress {\n"
	    "\tpass to { $hosts }\n\tresolver 192.0.2.1\n}\n";
	static const char permits[] = "credentials none\n"
	    "permit user anna { egress { pass to a.b } }\n"
	    "permit user wheel\npermit user 7\ndeny group wheel\n";
	static const char passwd[] = "wheel\nroot:x:0:0::/:\n"
	    "wheel:x:99\nwheel:x::1:\nwheel:x:-1:1:\nwheel:x:4294967295:1:\n"
	    "ann:x:3:3:\nanna:x:1004:7::/:\nanna:x:0:0::/:\n";
	static const char group[] = "anna:x:5:\nwheel:x:77:\n";
	static const char bad[] = "foo\nengine \"x\"\nbar\n";
	static const char gone[] = "credentials environment from \"/e/n v\"\n";
	int error;

	forget();
	CASE(handle(IMSG_RECONF_MACRO, "hosts=a.b, c.d", 14, -1) == 0 &&
	    handle(IMSG_RECONF_READ, "conf", 4, temporary(none,
	    sizeof(none) - 1, 0644)) == 0 &&
	    was_sent("P6 P10 E6 E7 E7 E8 E10"),
	    "conf: rules, resolvers and macros", "no");
	forget();
	CASE(handle(IMSG_RECONF_READ, "conf", 4, temporary(permits,
	    sizeof(permits) - 1, 0600)) == 0 && was_sent("P2") &&
	    is_text(IMSG_RECONF_OPEN, "/etc/passwd\n"),
	    "conf: names of users are looked for", "no");
	forget();
	error = 0;
	CASE(handle(IMSG_RECONF_FILE, &error, sizeof(error), temporary(passwd,
	    sizeof(passwd) - 1, 0644)) == 0 && was_sent("P2") &&
	    is_text(IMSG_RECONF_OPEN, "/etc/group\n"),
	    "conf: names of groups are looked for", "no");
	forget();
	CASE(handle(IMSG_RECONF_FILE, &error, sizeof(error), temporary(group,
	    sizeof(group) - 1, 0644)) == 0 &&
	    was_sent("P4 P6 P10 E6 E7 E12 E7 E12 E12 E10") &&
	    is_text(IMSG_RECONF_ERROR, "permit: there is no user wheel\n") &&
	    permit_id(5) == 1004 && permit_id(7) == 7 && permit_id(8) == 77,
	    "conf: names have numbers", "no");
	forget();
	CASE(handle(IMSG_RECONF_READ, "conf", 4, temporary(none,
	    sizeof(none) - 1, 0600)) == 0 && was_sent("P4 P5") &&
	    is_text(IMSG_RECONF_ERROR,
	    "conf:3: macro \"hosts\" not defined\n"),
	    "conf: macros are for one load", "no");
	forget();
	CASE(handle(IMSG_RECONF_READ, "conf", 4, temporary(bad,
	    sizeof(bad) - 1, 0600)) == 0 && was_sent("P4 P4 P4 P5"),
	    "conf: every error is told, and nothing sent", "no");
	forget();
	CASE(handle(IMSG_RECONF_READ, "conf", 4, temporary("", 0, 0602)) == 0 &&
	    was_sent("P4 P5") && is_text(IMSG_RECONF_ERROR,
	    "conf: everybody can write to it\n"),
	    "conf: a file of everybody's is refused", "no");
	forget();
	CASE(handle(IMSG_RECONF_READ, "conf", 4, open("/dev/null",
	    O_RDONLY)) == 0 && was_sent("P4 P5") &&
	    is_text(IMSG_RECONF_ERROR, "conf: not a regular file\n"),
	    "conf: a device is refused", "no");
	forget();
	(void)handle(IMSG_RECONF_READ, "conf", 4, temporary(gone,
	    sizeof(gone) - 1, 0600));
	forget();
	error = ENOENT;
	CASE(handle(IMSG_RECONF_FILE, &error, sizeof(error), -1) == 0 &&
	    was_sent("P4 P5") && is_text(IMSG_RECONF_ERROR,
	    "/e/n v: No such file or directory\n"),
	    "conf: an env file that is named must be there", "no");
}

static void
test_env(void)
{
	const struct env_case *c;
	char name[64];
	size_t i;
	int good;

	for (i = 0; i < sizeof(env_cases) / sizeof(env_cases[0]); i++) {
		c = &env_cases[i];
		load_env(temporary(c->file, strlen(c->file), 0600));
		good = c->env == NULL ? refused() :
		    taken() && is_text(IMSG_RECONF_ENV, c->env);
		if (c->says == NULL)
			good &= is_text(IMSG_RECONF_ERROR, "");
		else
			good &= has_text(IMSG_RECONF_ERROR, c->says);
		good &= !has_text(IMSG_RECONF_ERROR, "4711");
		(void)snprintf(name, sizeof(name), "conf: env file, %s",
		    c->name);
		CASE(good, name, "%s", texts(IMSG_RECONF_ERROR));
	}
	load_env(temporary("A\0NTHROPIC_API_KEY=x\n", 21, 0600));
	CASE(refused() && is_text(IMSG_RECONF_ERROR,
	    "/env:1: control character \\000\n"), "conf: env file with NUL",
	    "%s", texts(IMSG_RECONF_ERROR));
}

static void
test_env_access(void)
{
	static const char text[] = "ANTHROPIC_API_KEY=x\n";
	mode_t mode;
	int bad, fd, p[2];

	bad = 0;
	for (mode = 0; mode <= 07777; mode++) {
		load_env(temporary(text, sizeof(text) - 1, mode));
		if (mode & (S_IRWXG | S_IRWXO) ? !refused() : !taken())
			bad++;
	}
	CASE(bad == 0, "conf: env file's mode", "%d modes are wrong", bad);
	load_env(open("/", O_RDONLY | O_DIRECTORY));
	CASE(refused(), "conf: env file is a directory", "taken");
	load_env(open("/dev/zero", O_RDONLY));
	CASE(refused(), "conf: env file is a device", "taken");
	if (pipe(p) == -1)
		abort();
	load_env(p[0]);
	close(p[1]);
	CASE(refused(), "conf: env file is a pipe", "taken");
	fd = temporary(text, sizeof(text) - 1, 0600);
	if (getuid() != 0 || fchown(fd, 12345, 0) == -1) {
		close(fd);
		return;		/* only root can show this */
	}
	load_env(fd);
	CASE(refused() && is_text(IMSG_RECONF_ERROR,
	    "/env: belongs to another user\n"),
	    "conf: env file of another user", "taken");
}

static void
test_env_size(void)
{
	static char buf[65537];
	size_t i;

	memset(buf, '#', sizeof(buf));
	load_env(temporary(buf, 65536, 0600));
	CASE(taken(), "conf: env file of 65536 bytes", "refused");
	load_env(temporary(buf, 65537, 0600));
	CASE(refused() && has_text(IMSG_RECONF_ERROR, "larger than 65536"),
	    "conf: env file of 65537 bytes", "taken");
	memset(buf, 'x', sizeof(buf));
	memcpy(buf, "ANTHROPIC_API_KEY=", 18);
	load_env(temporary(buf, ENV_MAXLEN - 1, 0600));
	CASE(taken() && has_text(IMSG_RECONF_ENV, "x\n"),
	    "conf: longest value", "refused");
	load_env(temporary(buf, ENV_MAXLEN, 0600));
	CASE(refused() && has_text(IMSG_RECONF_ERROR, ": too long"),
	    "conf: value too long", "taken");
	for (i = 0; i < 40000; i += 4)
		memcpy(buf + i, "A=1\n", 4);
	load_env(temporary(buf, 40000, 0600));
	CASE(refused() && nsent == 102 &&
	    has_text(IMSG_RECONF_ERROR, "/env: too many errors\n"),
	    "conf: env file of other things", "%zu messages", nsent);
}

static void
test_lies(void)
{
	char longer[ENV_MAXLEN + 1];
	int error, i, refuses;

	forget();
	error = 0;
	memset(longer, 'a', sizeof(longer));
	CASE(handle(IMSG_RECONF_FILE, &error, sizeof(error), -1) == -1,
	    "conf: a file that was not asked for", "taken");
	CASE(handle(IMSG_RECONF_MACRO, "a=\0b", 4, -1) == -1 &&
	    handle(IMSG_RECONF_MACRO, "", 0, -1) == -1 &&
	    handle(IMSG_RECONF_MACRO, longer, ENV_MAXLEN, -1) == -1 &&
	    handle(IMSG_RECONF_READ, "", 0, -1) == -1 &&
	    handle(IMSG_RECONF_READ, "a\0b", 3, -1) == -1 &&
	    handle(IMSG_RECONF_READ, longer, PATH_MAX, -1) == -1,
	    "conf: strings that are none", "taken");
	CASE(handle(IMSG_RECONF_END, NULL, 0, -1) == -1 &&
	    handle(IMSG_NONE, NULL, 0, -1) == -1 &&
	    handle(0xffffffff, NULL, 0, -1) == -1,
	    "conf: types of others", "taken");
	CASE(handle(IMSG_RECONF_READ, "x", 1, -1) == 0 &&
	    handle(IMSG_RECONF_READ, "x", 1, -1) == -1 &&
	    handle(IMSG_RECONF_READ, "x", 1, open("/", O_RDONLY)) == -1 &&
	    handle(IMSG_RECONF_MACRO, "a=b", 3, -1) == -1,
	    "conf: another load meanwhile", "taken");
	CASE(handle(IMSG_RECONF_FILE, &error, sizeof(error), -1) == -1,
	    "conf: neither a file nor an error", "taken");
	error = EIO;
	CASE(handle(IMSG_RECONF_FILE, &error, sizeof(error),
	    open("/", O_RDONLY)) == -1, "conf: a file and an error", "taken");
	CASE(handle(IMSG_RECONF_FILE, &error, sizeof(error) - 1, -1) == -1 &&
	    handle(IMSG_RECONF_FILE, longer, sizeof(error) + 1, -1) == -1,
	    "conf: an error of the wrong size", "taken");
	CASE(was_sent("P2"), "conf: no answer to lies", "%zu", nsent);
	(void)handle(IMSG_RECONF_FILE, &error, sizeof(error), -1);
	refuses = 0;
	for (i = 0; i < 2000 && !refuses; i++)
		refuses = handle(IMSG_RECONF_MACRO, "a=b", 3, -1) == -1;
	CASE(i == 1001, "conf: macros without end", "%d taken", i);
	(void)handle(IMSG_RECONF_READ, "x", 1, -1);
	error = ENOENT;
	(void)handle(IMSG_RECONF_FILE, &error, sizeof(error), -1);
	forget();
}

static void
test_secrets(void)
{
	static char seen[] = SECRET;
	unsigned int before;

	before = find_secret();
	CASE(before == 1, "conf: a secret can be found", "%u", before);
	explicit_bzero(seen, sizeof(seen));
	load_env(temporary(env_cases[0].file, strlen(env_cases[0].file),
	    0600));
	CASE(taken() && find_secret() == 0, "conf: a secret that was sent "
	    "is gone", "still there");
	load_env(temporary("ANTHROPIC_API_KEY=" SECRET "\nx\n", 39, 0600));
	CASE(refused() && find_secret() == 0, "conf: a secret beside an error "
	    "is gone", "still there");
	load_env(temporary("ANTHROPIC_API_KEY=" SECRET " x\n", 39, 0600));
	CASE(refused() && find_secret() == 0, "conf: a secret in an error is "
	    "gone", "still there");
	forget();
}

int
main(void)
{
	int before;

	before = descriptors();
	test_start();
	test_defaults();
	test_config();
	test_env();
	test_env_access();
	test_env_size();
	test_lies();
	test_secrets();
	CASE(descriptors() == before, "conf: no descriptor stays open", "%d",
	    descriptors() - before);
	return (unit_failed);
}
