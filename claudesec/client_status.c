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
 * What status shows.
 */

#include <sys/types.h>
#include <sys/queue.h>

#include <err.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "claudesec.h"

struct row {
	struct ctl_session	 session;
	TAILQ_ENTRY(row)	 entry;
};

static void	 status_line(const int *, const char *, const char *,
		    const char *, const char *, const char *);
static int	 text_width(const char *);

static TAILQ_HEAD(, row) rows = TAILQ_HEAD_INITIALIZER(rows);

int
status_add(struct imsg *imsg)
{
	struct ctl_session *s;
	struct row *row;

	if ((row = calloc(1, sizeof(*row))) == NULL)
		err(EX_OSERR, NULL);
	TAILQ_INSERT_TAIL(&rows, row, entry);
	s = &row->session;
	if (imsg_get_data(imsg, s, sizeof(*s)) == -1 ||
	    !imsg_is_string(s->name, sizeof(s->name)) ||
	    !imsg_is_string(s->state, sizeof(s->state)) ||
	    !imsg_is_string(s->image, sizeof(s->image)) ||
	    !imsg_is_string(s->path, sizeof(s->path)))
		return (-1);
	return (0);
}

/*
 * Columns on a terminal, else tabs and no heading.
 */
void
status_print(void)
{
	char since[32];
	struct ctl_session *s;
	struct row *row;
	struct tm tm;
	time_t t;
	int width[2];

	width[0] = text_width("NAME");
	width[1] = text_width("DIRECTORY");
	TAILQ_FOREACH(row, &rows, entry) {
		s = &row->session;
		text_clean(s->name);
		text_clean(s->path);
		text_clean(s->state);
		text_clean(s->image);
		if (width[0] < text_width(s->name))
			width[0] = text_width(s->name);
		if (width[1] < text_width(s->path))
			width[1] = text_width(s->path);
	}
	if (isatty(STDOUT_FILENO) && !TAILQ_EMPTY(&rows))
		status_line(width, "NAME", "DIRECTORY", "SINCE", "STATE",
		    "IMAGE");
	TAILQ_FOREACH(row, &rows, entry) {
		s = &row->session;
		t = (time_t)s->since;
		/* unlike localtime(3) it does not look for files again */
		if (localtime_r(&t, &tm) == NULL || strftime(since,
		    sizeof(since), "%Y-%m-%d %H:%M", &tm) == 0)
			(void)strlcpy(since, "-", sizeof(since));
		status_line(width, s->name, s->path, since, s->state,
		    s->image);
	}
}

static void
status_line(const int *width, const char *name, const char *path,
    const char *since, const char *state, const char *image)
{
	if (isatty(STDOUT_FILENO))
		(void)printf("%s%*s  %s%*s  %-16s  %-8s  %s\n", name,
		    width[0] - text_width(name), "", path,
		    width[1] - text_width(path), "", since, state, image);
	else
		(void)printf("%s\t%s\t%s\t%s\t%s\n", name, path, since, state,
		    image);
}

void
status_json(void)
{
	struct ctl_session *s;
	struct row *row;
	json_t *array, *object;

	if ((array = json_array()) == NULL)
		err(EX_OSERR, NULL);
	TAILQ_FOREACH(row, &rows, entry) {
		s = &row->session;
		object = json_pack("{s:o, s:o, s:I, s:o, s:o, s:I}",
		    "name", json_text(s->name), "directory",
		    json_text(s->path), "since", (json_int_t)s->since,
		    "state", json_text(s->state), "image",
		    json_text(s->image), "uid", (json_int_t)s->uid);
		if (json_array_append_new(array, object) == -1)
			err(EX_OSERR, NULL);
	}
	if (json_dumpf(array, stdout, JSON_INDENT(2)) == -1)
		err(EX_IOERR, "standard output");
	(void)printf("\n");
	json_decref(array);
}

/*
 * JSON is UTF-8; a path need not be.
 */
json_t *
json_text(char *s)
{
	json_t *text;
	char *p;

	if ((text = json_string(s)) != NULL)
		return (text);
	for (p = s; *p != '\0'; p++)
		if ((*p & 0x80) != 0)
			*p = '?';
	return (json_string(s));
}

static int
text_width(const char *s)
{
	wchar_t wc;
	int n, width;

	for (width = 0; *s != '\0'; s += n) {
		if ((n = mbtowc(&wc, s, MB_CUR_MAX)) < 1)
			n = 1;
		else if (wcwidth(wc) > 0)
			width += wcwidth(wc);
	}
	return (width);
}
