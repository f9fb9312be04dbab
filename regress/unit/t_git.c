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
 * Configurations of git's, as git 2.39 reads them: what it takes, we find.
 */

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workspace.h"
#include "exact.h"
#include "unit.h"

#define K50	"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
#define K250	K50 K50 K50 K50 K50

static const struct row {
	const char	*name;
	const char	*in;
	size_t		 len;
	const char	*out;		/* a line each: key, =, value */
} rows[] = {
#define ROW(name, in, out)	{ name, in, sizeof(in) - 1, out }
	ROW("plain", "[core]\n\thooksPath = a/b\n", "core.hookspath=a/b\n"),
	ROW("on the line of its section", "[core]hooksPath=x",
	    "core.hookspath=x\n"),
	ROW("case", "[CoRe]\nHOOKSPATH = AbC\n", "core.hookspath=AbC\n"),
	ROW("no blanks, no end of line", "[core]\nhooksPath=x",
	    "core.hookspath=x\n"),
	ROW("blanks within and around", "[core]\nhooksPath =  a \t b  \n",
	    "core.hookspath=a   b\n"),
	ROW("blanks before =", "[core]\nhooksPath \t =x\n",
	    "core.hookspath=x\n"),
	ROW("quoted", "[core]\nhooksPath = \" a #;b \" ; no\n",
	    "core.hookspath= a #;b \n"),
	ROW("quoted in part", "[core]\nhooksPath = a\" \"b\n",
	    "core.hookspath=a b\n"),
	ROW("a blank before quotes", "[core]\nhooksPath = a \"\"\n",
	    "core.hookspath=a \n"),
	ROW("quotes without end", "[core]\na = 1\nhooksPath = \"a\n[x]\ny=1\n",
	    "core.a=1\n"),
	ROW("escapes", "[core]\nhooksPath = a\\\\b\\\"c\\t\\b\n",
	    "core.hookspath=a\\b\"c\t\b\n"),
	ROW("an escape that is none", "[core]\nhooksPath = \\x\n[x]\ny=1\n",
	    ""),
	ROW("continued", "[core]\nhooksPath = a\\\n  b\n",
	    "core.hookspath=a  b\n"),
	ROW("continued with CRLF", "[core]\r\nhooksPath = a\\\r\nb\r\n",
	    "core.hookspath=ab\n"),
	ROW("a blank before the next line", "[core]\nhooksPath = a \\\n\nb = c",
	    "core.hookspath=a \ncore.b=c\n"),
	ROW("continued by the end of the file", "[core]\nhooksPath = a\\",
	    "core.hookspath=a\n"),
	ROW("a comment goes on in no line", "[core]\nb = c ; \\\nhooksPath = a",
	    "core.b=c\ncore.hookspath=a\n"),
	ROW("comments", "# [x]\n;\n[core] ; y\n#a=b\nhooksPath = a#b\n",
	    "core.hookspath=a\n"),
	ROW("a carriage return alone", "[core]\nhooksPath = a\rb\r\n",
	    "core.hookspath=a b\n"),
	ROW("other blanks are none", "[core]\nhooksPath = \va\f\n",
	    "core.hookspath=\va\f\n"),
	ROW("no value", "[core]\nhooksPath\nbare\n",
	    "core.hookspath=\ncore.bare=\n"),
	ROW("empty", "[core]\nhooksPath =\nb = \"\"\n",
	    "core.hookspath=\ncore.b=\n"),
	ROW("twice", "[core]\nhooksPath = a\nhooksPath = b\n[core]\nhooksPath=c",
	    "core.hookspath=a\ncore.hookspath=b\ncore.hookspath=c\n"),
	ROW("include", "[include]\npath = x\n[include]\npath = \"y z\"\n",
	    "include.path=x\ninclude.path=y z\n"),
	ROW("include if", "[includeIf \"gitdir:~/[a]\\\"]\\\\\"]\n\tpath = x\n",
	    "includeif.path=x\n"),
	ROW("a name of the section's own", "[filter \"a.b]\\\"c\"]\nclean = x",
	    "filter.clean=x\n"),
	ROW("the same, as it was", "[filter.ABC]\nclean = x\n",
	    "filter.clean=x\n"),
	ROW("a section that does not end", "[core\nhooksPath = x\n", ""),
	ROW("nor its own name", "[core \"x\nhooksPath = x\n", ""),
	ROW("without a section", "a = b\n[core]\nhooksPath = x\n",
	    ".a=b\ncore.hookspath=x\n"),
	ROW("a section without name", "[]\na = b\n[core]\nhooksPath = x\n",
	    ".a=b\ncore.hookspath=x\n"),
	ROW("behind a mark of the bytes' order",
	    "\357\273\277[core]\nhooksPath = x\n", "core.hookspath=x\n"),
	ROW("that elsewhere is no key", "[core]\n\357\273\277hooksPath = x\n",
	    ""),
	ROW("no key", "[core]\n= x\nhooksPath = y\n", ""),
	ROW("NUL in a value", "[core]\nhooksPath = a\0b\nc = d\n",
	    "core.hookspath=a\ncore.c=d\n"),
	ROW("NUL between", "[core]\n\0hooksPath = a\n", ""),
	ROW("a key too long is passed over",
	    "[core]\n" K250 K250 " = 1\nhooksPath = x\n", "core.hookspath=x\n"),
	ROW("a section too long", "[" K250 K250 "]\na=b\n[core]\nhooksPath=x\n",
	    "core.hookspath=x\n"),
	ROW("its own name may be", "[core \"" K250 K250 "\"]\nhooksPath = x\n",
	    "core.hookspath=x\n"),
	ROW("nothing", "", ""),
	ROW("bytes that are no text", "\377\376[\0c\0", ""),
#undef ROW
};

static const struct path {
	const char	*dir, *other;
	const char	*out;		/* NULL: there is none */
} paths[] = {
	{ "", "a", "a" }, { "", "a//b/./c/", "a/b/c" }, { "", ".", "" },
	{ "a/b", "../c", "a/c" }, { "a/b", "../../", "" },
	{ "a/b", "../../..", NULL }, { "a", "../../a", NULL },
	{ "", "..", NULL }, { "", "/a", NULL }, { "a", "..b/...", "a/..b/..." },
	{ "", "a/../../b", NULL }, { "a", "", "a" }
};

static int
add(void *arg, const char *key, const char *value)
{
	char *out = arg;
	size_t len;

	len = strlen(out);
	(void)snprintf(out + len, 4096 - len, "%s=%s\n", key, value);
	return (0);
}

static void
test_long(void)
{
	static char data[300 * 1024], out[4096];

	/* cut off, and so longer than any path of ours */
	memset(data, 'v', sizeof(data));
	memcpy(data, "[core]\nhooksPath=", 17);
	out[0] = '\0';
	(void)git_config(data, sizeof(data), add, out);
	CASE(strncmp(out, "core.hookspath=vvv", 18) == 0 && strlen(out) ==
	    15 + 1023 + 1, "a value too long", "%zu", strlen(out));
}

int
main(void)
{
	char out[4096], name[64], path[PROTECT_MAXLEN];
	const struct path *p;
	const struct row *r;
	char *copy;
	size_t i;
	int error;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = &rows[i];
		out[0] = '\0';
		copy = exact(r->in, r->len);
		error = git_config(copy, r->len, add, out);
		free(copy);
		CASE(error == 0 && strcmp(out, r->out) == 0, r->name, "%s",
		    out);
	}
	test_long();
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		p = &paths[i];
		(void)snprintf(name, sizeof(name), "path \"%s\" from \"%s\"",
		    p->other, p->dir);
		error = path_join(path, sizeof(path), p->dir, p->other);
		CASE(p->out == NULL ? error == -1 : error == 0 &&
		    strcmp(path, p->out) == 0, name, "%d %s", error, path);
	}
	return (unit_failed);
}
