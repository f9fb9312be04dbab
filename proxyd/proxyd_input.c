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
 * Where the parent has its configuration from: a file and those that it names,
 * or standard input, where one may come behind the other.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <event.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"
#include "proc.h"
#include "sandbox.h"

#define DOCUMENT_MAX	(4 * 1024 * 1024)
#define DIRS_MAX	32

static FILE	*open_list(const char *);
static void	 read_input(void);
static int	 next_document(void);
static int	 is_end(void);
static void	 document_event(int, short, void *);

char			 first_error[1024];
static char		*dirs[DIRS_MAX]; /* to read in at a reload */
static size_t		 ndirs;
static struct event	 input_ev;

/* what came from standard input and is no whole document yet */
static struct {
	char		*buf;
	size_t		 len, size;
	int		 eof;
	char		*doc;		/* the one that is whole */
	size_t		 doclen;
} input;

struct config *
read_config(void)
{
	static char buf[4096];
	struct config *c;
	FILE *fp;

	first_error[0] = '\0';
	if (channel)
		fp = fmemopen(input.doc, input.doclen, "r");
	else
		fp = fopen(conf_file, "re");
	if (fp == NULL) {
		log_warn("%s", conf_file);
		return (NULL);
	}
	/* what is read may be secret, and stays where we can wipe it */
	(void)setvbuf(fp, buf, _IOFBF, sizeof(buf));
	c = parse_config(fp, channel ? "stdin" : conf_file, &macros,
	    open_list, config_error);
	fclose(fp);
	explicit_bzero(buf, sizeof(buf));
	if (channel) {
		freezero(input.doc, input.doclen);
		input.doc = NULL;
	}
	return (c);
}

/* The first of several goes to the launcher as well. */
void
config_error(const char *line)
{
	if (first_error[0] == '\0')
		(void)strlcpy(first_error, line, sizeof(first_error));
	if (running)
		log_warnx("%s", line);
	else
		fprintf(stderr, "%s\n", line);
}

/*
 * Where the configuration comes by standard input there is no file system to
 * speak of, and we give up all of it.
 */
static FILE *
open_list(const char *path)
{
	if (channel) {
		errno = EACCES;
		return (NULL);
	}
	if (!running)
		remember_dir(path);
	return (fopen(path, "re"));
}

/*
 * A reload reads the file again, or the one that an editor has put in its
 * place: by what its directory is called, and where it really is.
 */
void
remember_dir(const char *path)
{
	char dir[PATH_MAX], real[PATH_MAX], *name;
	size_t i;
	int link;

	for (link = 0; link < 2; link++) {
		if (link && (realpath(path, real) == NULL))
			return;
		if (strlcpy(dir, link ? real : path, sizeof(dir)) >=
		    sizeof(dir))
			return;
		/* it returns a part of dir, or another string */
		name = dirname(dir);
		for (i = 0; i < ndirs && strcmp(dirs[i], name) != 0; i++)
			;
		if (i < ndirs || access(name, R_OK) == -1)
			continue;
		if (ndirs == DIRS_MAX)
			fatalx("lists in more than %d directories", DIRS_MAX);
		if ((dirs[ndirs++] = strdup(name)) == NULL)
			fatal("strdup");
	}
}

/* From here on nothing else can be read. */
void
unveil_dirs(void)
{
	size_t i;

	for (i = 0; i < ndirs; i++)
		if (unveil(dirs[i], "r") == -1)
			fatal("unveil %s", dirs[i]);
	if (unveil(NULL, NULL) == -1)
		fatal("unveil");
}

/* The first document, which has to be there. */
void
input_first(void)
{
	struct pollfd pfd;

	while (!next_document()) {
		/* it may be non-blocking */
		pfd.fd = STDIN_FILENO;
		pfd.events = POLLIN;
		(void)poll(&pfd, 1, -1);
		read_input();
	}
}

void
input_watch(void)
{
	struct stat st;

	event_set(&input_ev, STDIN_FILENO, EV_READ | EV_PERSIST,
	    document_event, NULL);
	/* a file cannot be waited for, and has no more to say */
	if (!input.eof && fstat(STDIN_FILENO, &st) == 0 &&
	    !S_ISREG(st.st_mode))
		event_add(&input_ev, NULL);
}

static void
read_input(void)
{
	char *buf;
	ssize_t n;

	if (input.size - input.len < 4096) {
		if (input.size > DOCUMENT_MAX)
			fatalx("stdin: the configuration is too long");
		buf = recallocarray(input.buf, input.size,
		    input.size * 2 + 8192, 1);
		if (buf == NULL)
			fatal("recallocarray");
		input.buf = buf;
		input.size = input.size * 2 + 8192;
	}
	n = read(STDIN_FILENO, input.buf + input.len, input.size - input.len);
	if (n == -1 && errno != EINTR && errno != EAGAIN)
		fatal("stdin");
	if (n == 0)
		input.eof = 1;
	if (n > 0)
		input.len += (size_t)n;
}

/*
 * Moves a document to input.doc: all up to a line with nothing but a dot, or
 * to the end of file.  0 if there is none yet.
 */
static int
next_document(void)
{
	size_t end, line, next;
	char *nl;

	for (line = 0; line < input.len; line = next) {
		nl = memchr(input.buf + line, '\n', input.len - line);
		if (nl == NULL)
			break;
		next = (size_t)(nl - input.buf) + 1;
		if (next - line == 2 && input.buf[line] == '.')
			break;
	}
	if (line < input.len && memchr(input.buf + line, '\n',
	    input.len - line) != NULL)
		end = line + 2;
	else if (input.eof) {
		end = input.len;
		line = end;
	} else
		return (0);
	if ((input.doc = malloc(line + 1)) == NULL)
		fatal("malloc");
	if (line > 0)
		memcpy(input.doc, input.buf, line);
	/* fmemopen(3) wants a byte at least */
	input.doc[line] = '\n';
	input.doclen = line + 1;
	input.len -= end;
	memmove(input.buf, input.buf + end, input.len);
	explicit_bzero(input.buf + input.len, end);
	return (1);
}

/* End of file is the end of reloads, not ours. */
static void
document_event(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	read_input();
	if (input.eof)
		event_del(&input_ev);
	read_documents();
}

/* One after the other, so that our answers come in their order. */
void
read_documents(void)
{
	while (!reloading && (!input.eof || input.len > 0) &&
	    next_document()) {
		if (is_end()) {
			log_info("ending; told to");
			proc_shutdown(0);
		}
		reload();
	}
}

/* One that is no configuration. */
static int
is_end(void)
{
	static const char word[] = "end\n\n";

	return (input.doclen == sizeof(word) - 1 &&
	    memcmp(input.doc, word, input.doclen) == 0);
}

/* A line to the launcher. */
void
say(const char *word, const char *text)
{
	char line[1024];
	int n;

	if (!channel)
		return;
	n = snprintf(line, sizeof(line), "%s%s%s\n", word,
	    text != NULL ? ": " : "", text != NULL ? text : "");
	if (n < 0 || (size_t)n >= sizeof(line))
		n = (int)sizeof(line) - 1;
	/* it may have gone */
	(void)write(STDOUT_FILENO, line, (size_t)n);
}
