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
#include <sys/ioctl.h>
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
#include <wctype.h>

#include "review.h"

enum column {
	NAME,
	DIRECTORY,
	SINCE,
	STATE,
	IMAGE,
	CPU,
	MEMORY,
	TUNNELS,
	OUT,
	BLOCKED,
	OWNER,		/* only if there are several */
	NCOLUMNS
};

#define CELL_SIZE	32	/* of what is not text of the session's */
#define SHORT_SIZE	256	/* of what is shortened */
#define SINCE_SHORT	5	/* as ps(1) has it, in its width */
#define NARROW		80	/* of a terminal that does not say */
#define INDENT		16	/* of what is confirmed, behind what it is */
#define LACKS_MAX	64

struct row {
	struct ctl_session	 session;
	char			 text[NCOLUMNS][CELL_SIZE];
	const char		*cells[NCOLUMNS];
	struct ctl_fact		*facts;		/* FACT_LACKS, or NULL */
	TAILQ_ENTRY(row)	 entry;
};

static void	 review_add_row(const struct review *);
static void	 add_waiting(void);
static void	 facts_print(void);
static void	 fact_print(const char *, const char *);
static json_t	*facts_json(struct row *);
static json_t	*lacks_json(void);
static void	 row_fill(struct row *);
static void	 row_print(const char *const *, const int *);
static void	 since_shorten(struct row *);
static int	 columns_room(const int *);
static void	 columns_fit(int *);
static const char *shorten(char [SHORT_SIZE], const char *, int);
static json_t	*json_known(int64_t);
static int	 text_width(const char *);

static const char *const heads[NCOLUMNS] = { "NAME", "DIRECTORY", "SINCE",
	    "STATE", "IMAGE", "CPU", "MEMORY", "TUNNELS", "OUT", "BLOCKED",
	    "UID" };
static const char *const facts[FACT_MAX] = { "network", "capabilities",
	    "privileges", "seccomp", "label", "root", "user", "namespaces",
	    "devices", "masked", "readonly", "writable", "memory",
	    "processes", "cpus", "ulimits", "tmpfs", "log", "runtime",
	    "lacks" };
static struct ctl_fact lacks[LACKS_MAX];
static size_t	 nlacks;
static int	 terminal;		/* its width, or 0 */
static TAILQ_HEAD(rows, row) rows = TAILQ_HEAD_INITIALIZER(rows);
static TAILQ_HEAD(, row) waiting = TAILQ_HEAD_INITIALIZER(waiting);

/* Before the sandbox. */
void
status_prepare(void)
{
	struct winsize ws;

	/* it reads a device, which it could not later */
	json_object_seed(0);
	review_each(review_add_row);
	if (!isatty(STDOUT_FILENO))
		return;
	terminal = NARROW;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		terminal = ws.ws_col;
}

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
	    !imsg_is_string(s->path, sizeof(s->path)) || s->review > 1)
		return (-1);
	return (0);
}

/* Of a review that waits, when no session is in it. */
static void
review_add_row(const struct review *r)
{
	struct ctl_session *s;
	struct row *row;

	if ((row = calloc(1, sizeof(*row))) == NULL)
		err(EX_OSERR, NULL);
	TAILQ_INSERT_TAIL(&waiting, row, entry);
	s = &row->session;
	s->uid = getuid();
	s->since = (int64_t)r->since;
	s->cpu = s->memory = s->limit = -1;
	s->review = 1;
	(void)strlcpy(s->name, r->name, sizeof(s->name));
	(void)strlcpy(s->path, r->origin, sizeof(s->path));
	(void)strlcpy(s->state, "review", sizeof(s->state));
	(void)strlcpy(s->image, "-", sizeof(s->image));
}

static void
add_waiting(void)
{
	struct row *row, *w;

	while ((w = TAILQ_FIRST(&waiting)) != NULL) {
		TAILQ_REMOVE(&waiting, w, entry);
		TAILQ_FOREACH(row, &rows, entry)
			if (row->session.review && strcmp(row->session.path,
			    w->session.path) == 0)
				break;
		if (row == NULL)
			TAILQ_INSERT_TAIL(&rows, w, entry);
		else
			free(w);
	}
}

/* Of the session that was told last, or of the container engine. */
int
status_fact(struct imsg *imsg)
{
	struct ctl_fact fact;
	struct row *row;

	if (imsg_get_data(imsg, &fact, sizeof(fact)) == -1 ||
	    fact.fact >= FACT_MAX ||
	    memchr(fact.text, '\0', sizeof(fact.text)) == NULL)
		return (-1);
	text_clean(fact.text);
	if (fact.fact == FACT_LACKS) {
		if (nlacks == LACKS_MAX)
			return (-1);
		lacks[nlacks++] = fact;
		return (0);
	}
	if ((row = TAILQ_LAST(&rows, rows)) == NULL)
		return (-1);
	if (row->facts == NULL && (row->facts = calloc(FACT_LACKS,
	    sizeof(*row->facts))) == NULL)
		err(EX_OSERR, NULL);
	row->facts[fact.fact] = fact;
	return (0);
}

/*
 * Columns on a terminal, else tabs, plain numbers and no heading.
 */
void
status_print(void)
{
	struct row *row;
	int i, others, width[NCOLUMNS];

	add_waiting();
	for (i = 0; i < NCOLUMNS; i++)
		width[i] = text_width(heads[i]);
	others = 0;
	TAILQ_FOREACH(row, &rows, entry) {
		row_fill(row);
		if (row->session.uid != TAILQ_FIRST(&rows)->session.uid)
			others = 1;
		for (i = 0; i < NCOLUMNS; i++)
			if (width[i] < text_width(row->cells[i]))
				width[i] = text_width(row->cells[i]);
	}
	if (!others)
		width[OWNER] = 0;
	if (terminal)
		columns_fit(width);
	if (width[SINCE] == SINCE_SHORT)
		TAILQ_FOREACH(row, &rows, entry)
			since_shorten(row);
	if (terminal && !TAILQ_EMPTY(&rows))
		row_print(heads, width);
	TAILQ_FOREACH(row, &rows, entry)
		row_print(row->cells, width);
	facts_print();
}

static void
facts_print(void)
{
	const struct row *row;
	const char *text;
	size_t i;

	TAILQ_FOREACH(row, &rows, entry) {
		if (row->facts == NULL)
			continue;
		if (terminal)
			(void)printf("\n%s, as the container engine confirms"
			    ":\n", row->session.name);
		for (i = 0; i < FACT_LACKS; i++) {
			text = row->facts[i].text;
			if (*text == '\0')
				text = "-";
			if (!terminal)
				(void)printf("%s\t", row->session.name);
			fact_print(facts[i], text);
		}
	}
	if (nlacks > 0 && terminal)
		(void)printf("\nwhat this container engine cannot do:\n");
	for (i = 0; i < nlacks; i++) {
		if (!terminal)
			(void)printf("-\t");
		fact_print(facts[FACT_LACKS], lacks[i].text[0] == '\0' ? "-" :
		    lacks[i].text);
	}
}

/* As many words in a line as there is room for. */
static void
fact_print(const char *name, const char *text)
{
	size_t n;
	int at;

	if (!terminal) {
		(void)printf("%s\t%s\n", name, text);
		return;
	}
	(void)printf("  %-*s", INDENT - 3, name);
	for (at = INDENT; *text != '\0'; text += n, text += *text == ' ') {
		n = strcspn(text, " ");
		if (at > INDENT && at + (int)n >= terminal) {
			(void)printf("\n%*s", INDENT - 1, "");
			at = INDENT;
		}
		(void)printf(" %.*s", (int)n, text);
		at += (int)n + 1;
	}
	(void)printf("\n");
}

static void
row_fill(struct row *row)
{
	struct ctl_session *s;
	struct tm tm;
	time_t t;
	int i;

	s = &row->session;
	text_clean(s->name);
	text_clean(s->path);
	text_clean(s->state);
	text_clean(s->image);
	for (i = 0; i < NCOLUMNS; i++) {
		(void)strlcpy(row->text[i], "-", sizeof(row->text[i]));
		row->cells[i] = row->text[i];
	}
	row->cells[NAME] = s->name;
	row->cells[DIRECTORY] = s->path;
	if (s->review)
		(void)strlcat(s->path, " (review)", sizeof(s->path));
	row->cells[STATE] = s->state;
	row->cells[IMAGE] = s->image;
	t = (time_t)s->since;
	/* unlike localtime(3) it does not look for files again */
	if (localtime_r(&t, &tm) == NULL || strftime(row->text[SINCE],
	    CELL_SIZE, "%Y-%m-%d %H:%M", &tm) == 0)
		(void)strlcpy(row->text[SINCE], "-", CELL_SIZE);
	if (s->cpu >= 0 && terminal)
		(void)snprintf(row->text[CPU], CELL_SIZE, "%lld:%02d",
		    (long long)(s->cpu / 60000), (int)(s->cpu / 1000 % 60));
	else if (s->cpu >= 0)
		(void)snprintf(row->text[CPU], CELL_SIZE, "%lld.%03d",
		    (long long)(s->cpu / 1000), (int)(s->cpu % 1000));
	if (s->memory >= 0 && terminal)
		(void)bytes_text(row->text[MEMORY], (uint64_t)s->memory);
	else if (s->memory >= 0)
		(void)snprintf(row->text[MEMORY], CELL_SIZE, "%lld",
		    (long long)s->memory);
	(void)snprintf(row->text[TUNNELS], CELL_SIZE, "%llu",
	    (unsigned long long)s->open);
	if (terminal)
		(void)bytes_text(row->text[OUT], s->out);
	else
		(void)snprintf(row->text[OUT], CELL_SIZE, "%llu",
		    (unsigned long long)s->out);
	(void)snprintf(row->text[BLOCKED], CELL_SIZE, "%llu",
	    (unsigned long long)s->refused);
	(void)snprintf(row->text[OWNER], CELL_SIZE, "%u", s->uid);
}

/* Today's by the time, else by the day, and the year says enough later. */
static void
since_shorten(struct row *row)
{
	struct tm tm;
	time_t ago, t;

	t = (time_t)row->session.since;
	ago = time(NULL) - t;
	if (localtime_r(&t, &tm) == NULL || strftime(row->text[SINCE],
	    CELL_SIZE, ago < 86400 ? "%H:%M" : ago < 300 * 86400 ? "%b%d" :
	    "%Y", &tm) == 0)
		(void)strlcpy(row->text[SINCE], "-", CELL_SIZE);
}

/* What is left of the terminal's width. */
static int
columns_room(const int *width)
{
	int c, room;

	room = terminal + 2;
	for (c = 0; c < NCOLUMNS; c++)
		if (width[c] > 0)
			room -= width[c] + 2;
	return (room);
}

/*
 * What is too wide for the terminal gives way, the least important first: 0
 * leaves a column out.  The directory gets what is left of that.
 */
static void
columns_fit(int *width)
{
	static const struct {
		enum column	 column;
		int		 least;
	} steps[] = { { DIRECTORY, 24 }, { IMAGE, 16 }, { IMAGE, 0 },
	    { SINCE, SINCE_SHORT }, { DIRECTORY, 12 }, { NAME, 12 },
	    { SINCE, 0 }, { CPU, 0 }, { DIRECTORY, 0 } };
	enum column c;
	size_t i;
	int n, room, wide;

	wide = width[DIRECTORY];
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if ((room = columns_room(width)) >= 0)
			break;
		c = steps[i].column;
		n = width[c] + room;
		if (n < steps[i].least || steps[i].least == 0 || c == SINCE)
			n = steps[i].least;
		if (n < width[c])
			width[c] = n;
	}
	room = columns_room(width);
	if (width[DIRECTORY] > 0 && room > 0)
		width[DIRECTORY] += room < wide - width[DIRECTORY] ? room :
		    wide - width[DIRECTORY];
}

static void
row_print(const char *const *cells, const int *width)
{
	char text[SHORT_SIZE];
	const char *s, *separator;
	int i, last, pad;

	for (last = NCOLUMNS - 1; width[last] == 0; last--)
		;
	separator = "";
	for (i = 0; i <= last; i++) {
		if (!terminal) {
			(void)printf("%s%s", separator, cells[i]);
			separator = "\t";
			continue;
		}
		if (width[i] == 0)
			continue;
		s = shorten(text, cells[i], width[i]);
		pad = width[i] - text_width(s);
		(void)printf("%s", separator);
		separator = "  ";
		/* numbers to the right */
		if (i >= CPU)
			(void)printf("%*s%s", pad, "", s);
		else
			(void)printf("%s%*s", s, i == last ? 0 : pad, "");
	}
	(void)printf("\n");
}

/* The end of a text says most. */
static const char *
shorten(char buf[SHORT_SIZE], const char *s, int width)
{
	wchar_t wc;
	int n;

	if (text_width(s) <= width)
		return (s);
	while (text_width(s) > width - 3) {
		if ((n = mbtowc(&wc, s, MB_CUR_MAX)) < 1)
			n = 1;
		s += n;
	}
	(void)snprintf(buf, SHORT_SIZE, "...%s", s);
	return (buf);
}

void
status_json(int verbose)
{
	struct ctl_session *s;
	struct row *row;
	json_t *array, *object;

	add_waiting();
	if ((array = json_array()) == NULL)
		err(EX_OSERR, NULL);
	TAILQ_FOREACH(row, &rows, entry) {
		s = &row->session;
		object = json_pack("{s:o, s:o, s:I, s:o, s:o, s:I, s:o, s:o, "
		    "s:o, s:I, s:I, s:I, s:I, s:I, s:b}",
		    "name", json_text(s->name), "directory",
		    json_text(s->path), "since", (json_int_t)s->since,
		    "state", json_text(s->state), "image",
		    json_text(s->image), "uid", (json_int_t)s->uid,
		    "cpu", json_known(s->cpu), "memory",
		    json_known(s->memory), "limit", json_known(s->limit),
		    "tunnels", (json_int_t)s->open, "connections",
		    (json_int_t)s->tunnels, "out", (json_int_t)s->out,
		    "in", (json_int_t)s->in, "blocked",
		    (json_int_t)s->refused, "review", (int)s->review);
		if (verbose && (json_object_set_new(object, "confirmed",
		    facts_json(row)) == -1 || json_object_set_new(object,
		    "lacks", lacks_json()) == -1))
			err(EX_OSERR, NULL);
		if (json_array_append_new(array, object) == -1)
			err(EX_OSERR, NULL);
	}
	if (json_dumpf(array, stdout, JSON_INDENT(2)) == -1)
		err(EX_IOERR, "standard output");
	(void)printf("\n");
	json_decref(array);
}

static json_t *
facts_json(struct row *row)
{
	json_t *object;
	char *text;
	size_t i;

	if (row->facts == NULL)
		return (json_null());
	if ((object = json_object()) == NULL)
		err(EX_OSERR, NULL);
	for (i = 0; i < FACT_LACKS; i++) {
		text = row->facts[i].text;
		if (json_object_set_new(object, facts[i], *text == '\0' ?
		    json_null() : json_text(text)) == -1)
			err(EX_OSERR, NULL);
	}
	return (object);
}

static json_t *
lacks_json(void)
{
	json_t *array;
	size_t i;

	/* it did not say */
	if (nlacks == 1 && lacks[0].text[0] == '\0')
		return (json_null());
	if ((array = json_array()) == NULL)
		err(EX_OSERR, NULL);
	for (i = 0; i < nlacks; i++)
		if (json_array_append_new(array, json_text(lacks[i].text)) ==
		    -1)
			err(EX_OSERR, NULL);
	return (array);
}

static json_t *
json_known(int64_t n)
{
	return (n < 0 ? json_null() : json_integer(n));
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

/*
 * A terminal would act on control characters.
 */
void
text_clean(char *s)
{
	wchar_t wc;
	int n;

	for (; *s != '\0'; s += n) {
		n = mbtowc(&wc, s, MB_CUR_MAX);
		if (n > 0 && iswprint((wint_t)wc))
			continue;
		if (n < 1) {
			(void)mbtowc(NULL, NULL, 0);
			n = 1;
		}
		memset(s, '?', (size_t)n);
	}
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
