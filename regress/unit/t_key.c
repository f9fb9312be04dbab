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

/* Commands that credentials come from, and what is wrong with these. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../claudesec/claudesec.h"
#include "unit.h"

#define KEY	"sk-ant-api03-unit-0123456789"
#define TOKEN	"sk-ant-oat01-unit-0123456789"

struct config *
daemon_config(FILE *f, const char *name)
{
	(void)f;
	(void)name;
	abort();
}

void
config_free(struct config *c)
{
	(void)c;
	abort();
}

static const struct {
	const char	*command;
	const char	*has;		/* NULL: refused */
	const char	*why;
} commands[] = {
	{ "echo " KEY, "ANTHROPIC_API_KEY=" KEY " ", NULL },
	{ "printf %s " KEY, "ANTHROPIC_API_KEY=" KEY " ", NULL },
	{ "echo " TOKEN, "CLAUDE_CODE_OAUTH_TOKEN=" TOKEN " ", NULL },
	{ "echo not-of-anthropic=", "ANTHROPIC_API_KEY=not-of-anthropic= ",
	    NULL },
	{ "echo CLAUDE_CODE_OAUTH_TOKEN=" TOKEN,
	    "CLAUDE_CODE_OAUTH_TOKEN=" TOKEN " ", NULL },
	{ "echo ANTHROPIC_API_KEY=" KEY "; "
	    "echo export CLAUDE_CODE_OAUTH_TOKEN=" TOKEN,
	    "ANTHROPIC_API_KEY=" KEY " CLAUDE_CODE_OAUTH_TOKEN=" TOKEN " ",
	    NULL },
	{ "echo '# of mine'; echo ANTHROPIC_API_KEY=" KEY,
	    "ANTHROPIC_API_KEY=" KEY " ", NULL },
	{ "read x; echo ${x:-" KEY "}", "ANTHROPIC_API_KEY=" KEY " ", NULL },
	{ "pwd | tr -d '\\n'; echo 12345678",
	    "ANTHROPIC_API_KEY=/12345678 ", NULL },
	{ "ls -l /proc/self/fd | wc -l | grep -q '^[56]$' && echo " KEY,
	    "ANTHROPIC_API_KEY=" KEY " ", NULL },
	{ "echo " KEY "; echo " KEY, NULL,
	    "the output of the command is more than one line" },
	{ "echo; echo " KEY, NULL,
	    "the output of the command is more than one line" },
	{ "true", NULL, "the output of the command is empty" },
	{ "echo", NULL, "the output of the command is empty" },
	{ "echo '# nothing'", NULL, "the output of the command is empty" },
	{ "echo a key " KEY, NULL,
	    "the output of the command has a character that no key has" },
	{ "printf '" KEY "\\r\\n'", NULL,
	    "the output of the command has a character that no key has" },
	{ "printf '" KEY "\\000x\\n'", NULL,
	    "the output of the command has a character that no key has" },
	{ "printf '" KEY "\\303\\274\\n'", NULL,
	    "the output of the command has a character that no key has" },
	{ "echo ANTHROPIC_API_KEY=" KEY "; echo " KEY, NULL,
	    "the output of the command:2: not NAME=value" },
	{ "echo ANTHROPIC_API_KEY=" KEY "; echo ANTHROPIC_API_KEY=" KEY, NULL,
	    "the output of the command:2: ANTHROPIC_API_KEY: given twice" },
	{ "echo short", NULL,
	    "the output of the command: too short or too long for a key" },
	{ "head -c 5000 /dev/zero | tr '\\0' x", NULL,
	    "the output of the command: too short or too long for a key" },
	{ "head -c 10000 /dev/zero | tr '\\0' x", NULL,
	    "the output of the command: too long" },
	{ "yes", NULL, "the output of the command is too long" },
	{ "head -c 16385 /dev/zero", NULL,
	    "the output of the command is too long" },
	{ "echo " KEY "; exit 3", NULL,
	    "the command failed with status 3" },
	{ "echo " KEY "; kill -9 $$", NULL,
	    "the command was ended by signal 9" },
	{ "exec /nonexistent/command 2>/dev/null", NULL,
	    "the command failed with status 127" },
	{ "echo " KEY "; exec sleep 100", NULL,
	    "the command takes too long" },
};

static void
test_commands(void)
{
	struct env_list list = TAILQ_HEAD_INITIALIZER(list);
	struct env_entry *e;
	const char *why;
	char got[512];
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		why = key_run(&list, commands[i].command,
		    strstr(commands[i].command, "sleep") != NULL ? 1 : 30, 1);
		got[0] = '\0';
		TAILQ_FOREACH(e, &list, entry) {
			(void)strlcat(got, e->value, sizeof(got));
			(void)strlcat(got, " ", sizeof(got));
		}
		if (commands[i].has != NULL)
			CASE(why == NULL && strcmp(got, commands[i].has) == 0,
			    commands[i].command, "\"%s\", %s", got,
			    why == NULL ? "" : why);
		else
			CASE(why != NULL && got[0] == '\0' &&
			    strcmp(why, commands[i].why) == 0,
			    commands[i].command, "\"%s\", %s", got,
			    why == NULL ? "taken" : why);
		credentials_free(&list);
	}
}

int
main(void)
{
	int null;

	/* what is not a terminal is not the command's */
	if ((null = open("/dev/zero", O_RDONLY)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1)
		return (1);
	close(null);
	test_commands();
	CASE(credentials_valid("ANTHROPIC_API_KEY=x") &&
	    credentials_valid("CLAUDE_CODE_OAUTH_TOKEN=x"), "valid", "no");
	CASE(!credentials_valid("") && !credentials_valid("A=x") &&
	    !credentials_valid("ANTHROPIC_API_KEY") &&
	    !credentials_valid("ANTHROPIC_API_KEY=") &&
	    !credentials_valid("ANTHROPIC_API_KEY=a b") &&
	    !credentials_valid("ANTHROPIC_API_KEY=a\n") &&
	    !credentials_valid("ANTHROPIC_API_KEY=\303\274"), "not valid",
	    "one is");
	return (unit_failed);
}
