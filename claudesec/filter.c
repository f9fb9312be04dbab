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
 * What a container prints, on its way to the user's terminal.  A terminal does
 * more than show text: it answers, writes to the clipboard, prints, moves
 * windows, loads files.  What is known to stay on the screen passes, with the
 * questions that Claude Code asks and whose answers nobody can choose; the rest
 * is dropped.  A sequence passes when it is complete and as it came.
 *
 * What a terminal would take for the end of a sequence, or for the beginning of
 * one, and what we do, must be the same.  So whatever is not plain text is
 * bounded, text is UTF-8, and neither C1 controls nor what changes the meaning
 * of bytes passes.
 *
 * Pure: no log, no fatal, no globals.
 */

#include <sys/types.h>

#include <stdio.h>
#include <string.h>

#include "claudesec.h"

#define ESC		0x1b
#define BEL		0x07
#define SO		0x0e
#define CAN		0x18
#define SUB		0x1a
#define DEL		0x7f

#define CSI_MAX		256	/* bytes of a control sequence */
#define PARAMS_MAX	32
#define PARAM_MAX	65535
#define STRING_MAX	4096	/* of a string, if it is not the clipboard's */

enum {
	GROUND,
	CHARACTER,		/* in one of several bytes */
	ESCAPE,			/* and intermediate bytes */
	CONTROL,		/* ESC [ */
	STRING			/* ESC ] and such */
};

struct params {
	unsigned int	 v[PARAMS_MAX];
	size_t		 n;
};

static size_t	 text_length(const unsigned char *, size_t);
static void	 filter_byte(struct filter *, unsigned char, unsigned char *,
		    size_t *);
static void	 in_ground(struct filter *, unsigned char, unsigned char *,
		    size_t *);
static void	 in_character(struct filter *, unsigned char, unsigned char *,
		    size_t *);
static int	 in_midst(struct filter *, unsigned char, unsigned char *,
		    size_t *);
static void	 in_escape(struct filter *, unsigned char, unsigned char *,
		    size_t *);
static void	 in_control(struct filter *, unsigned char, unsigned char *,
		    size_t *);
static void	 in_string(struct filter *, unsigned char, unsigned char *,
		    size_t *);
static void	 add(struct filter *, unsigned char, size_t);
static void	 emit(struct filter *, unsigned char *, size_t *);
static int	 is_text(unsigned char);
static int	 is_second(unsigned char, unsigned char);
static int	 is_c1(unsigned char);
static int	 is_utf8(const unsigned char *, size_t, int);
static int	 escape_passes(struct filter *);
static int	 control_passes(struct filter *);
static int	 control_private(struct filter *, unsigned char,
		    const struct params *);
static int	 control_plain(unsigned char, const struct params *);
static int	 control_other(struct filter *, unsigned char, unsigned char,
		    unsigned char, const struct params *);
static void	 control_lasts(struct filter *, unsigned char, unsigned char,
		    const struct params *);
static int	 modes_last(unsigned int, int);
static int	 params_parse(struct params *, const unsigned char *, size_t);
static int	 modes_pass(const struct params *);
static void	 modes_set(struct filter *, const struct params *, int);
static void	 kitty_swap(struct filter *);
static void	 kitty_set(struct filter *, unsigned char,
		    const struct params *);
static size_t	 kitty_reset(char *, size_t, const struct filter *,
		    unsigned int);
static int	 string_passes(const struct filter *, const unsigned char *,
		    size_t);
static int	 link_passes(const unsigned char *, size_t);
static int	 progress_passes(const unsigned char *, size_t);
static int	 clipboard_passes(const unsigned char *, size_t);

/* those whose state is kept: for the next client, and to be undone */
static const struct mode {
	uint32_t	 bit;
	unsigned int	 number;
	int		 reset;		/* it is the state without the mode */
} modes[] = {
	{ MODE_APPKEYS,	1,	0 },
	{ MODE_NOWRAP,	7,	1 },
	{ MODE_NOCURSOR, 25,	1 },
	{ MODE_MOUSE,	1000,	0 },
	{ MODE_DRAG,	1002,	0 },
	{ MODE_MOTION,	1003,	0 },
	{ MODE_FOCUS,	1004,	0 },
	{ MODE_SGR,	1006,	0 },
	{ MODE_PIXELS,	1016,	0 },
	{ MODE_SCREEN,	1049,	0 },
	{ MODE_PASTE,	2004,	0 },
	{ MODE_SCHEME,	2031,	0 },
	{ 0, 0, 0 }
};

void
filter_init(struct filter *f, int utf8, int clipboard)
{
	memset(f, 0, sizeof(*f));
	f->utf8 = utf8;
	f->clipboard = clipboard;
}

/*
 * What passes of these bytes, and of those that were held: at most as many
 * bytes as FILTER_MAX and these.
 */
size_t
filter(struct filter *f, const unsigned char *in, size_t len,
    unsigned char *out)
{
	size_t i, n, text;

	for (i = n = 0; i < len; i++) {
		if (f->state == GROUND &&
		    (text = text_length(in + i, len - i)) > 0) {
			memcpy(out + n, in + i, text);
			n += text;
			if ((i += text) == len)
				break;
		}
		filter_byte(f, in[i], out, &n);
	}
	return (n);
}

/* Most of what comes. */
static size_t
text_length(const unsigned char *in, size_t len)
{
	size_t n;

	for (n = 0; n < len && in[n] >= ' ' && in[n] < DEL; n++)
		;
	return (n);
}

static void
filter_byte(struct filter *f, unsigned char c, unsigned char *out, size_t *n)
{
	switch (f->state) {
	case GROUND:
		in_ground(f, c, out, n);
		break;
	case CHARACTER:
		in_character(f, c, out, n);
		break;
	case ESCAPE:
		in_escape(f, c, out, n);
		break;
	case CONTROL:
		in_control(f, c, out, n);
		break;
	default:
		in_string(f, c, out, n);
	}
}

/* Printable, or a control that moves, rings or shifts. */
static int
is_text(unsigned char c)
{
	return ((c >= ' ' && c < DEL) || (c >= BEL && c <= 0x0f));
}

static void
in_ground(struct filter *f, unsigned char c, unsigned char *out, size_t *n)
{
	f->len = f->bad = 0;
	if (is_text(c)) {
		out[(*n)++] = c;
		f->lasting |= c == SO;
	} else if (c == ESC) {
		f->state = ESCAPE;
		add(f, c, CSI_MAX);
	} else if (c >= 0xc2 && c <= 0xf4) {
		f->state = CHARACTER;
		f->need = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		add(f, c, CSI_MAX);
	} else if (c >= 0x80)
		out[(*n)++] = '?';
}

/*
 * Without UTF-8 a terminal may take its bytes for controls.
 */
static void
in_character(struct filter *f, unsigned char c, unsigned char *out, size_t *n)
{
	if (f->len == 1 ? !is_second(f->seq[0], c) : (c & 0xc0) != 0x80) {
		out[(*n)++] = '?';
		f->state = GROUND;
		/* a second byte that makes it a C1 control belongs to it */
		if ((c & 0xc0) != 0x80)
			in_ground(f, c, out, n);
		return;
	}
	add(f, c, CSI_MAX);
	if (f->len < f->need)
		return;
	f->state = GROUND;
	if (f->utf8 || is_utf8(f->seq, f->len, 0))
		emit(f, out, n);
	else
		out[(*n)++] = '?';
}

static int
is_second(unsigned char first, unsigned char c)
{
	switch (first) {
	case 0xc2:		/* below are C1 controls */
	case 0xe0:
		return (c >= 0xa0 && c <= 0xbf);
	case 0xed:		/* above are surrogates */
		return (c >= 0x80 && c <= 0x9f);
	case 0xf0:
		return (c >= 0x90 && c <= 0xbf);
	case 0xf4:
		return (c >= 0x80 && c <= 0x8f);
	default:
		return (c >= 0x80 && c <= 0xbf);
	}
}

/* Of C1 those that begin or end something, or answer. */
static int
is_c1(unsigned char c)
{
	return (c == 0x90 || (c >= 0x98 && c <= 0x9f));
}

/* Printable text; if not for a terminal that knows it, without C1 bytes. */
static int
is_utf8(const unsigned char *s, size_t len, int utf8)
{
	size_t i, n;

	for (; len > 0; s += n, len -= n) {
		n = 1;
		if (s[0] >= ' ' && s[0] < DEL)
			continue;
		if (s[0] < 0xc2 || s[0] > 0xf4)
			return (0);
		n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
		if (n > len || !is_second(s[0], s[1]))
			return (0);
		for (i = 1; i < n; i++)
			if ((s[i] & 0xc0) != 0x80 || (!utf8 && is_c1(s[i])))
				return (0);
	}
	return (1);
}

/*
 * What is no part of a sequence: breaks it off, or is obeyed in the midst of
 * it.  1: that was it.
 */
static int
in_midst(struct filter *f, unsigned char c, unsigned char *out, size_t *n)
{
	if (c == ESC || c >= DEL) {
		f->state = GROUND;
		in_ground(f, c, out, n);
	} else if (c == CAN || c == SUB)
		f->state = GROUND;
	else if (c < ' ') {
		if (is_text(c))
			out[(*n)++] = c;
		f->lasting |= c == SO;
	} else
		return (0);
	return (1);
}

static void
in_escape(struct filter *f, unsigned char c, unsigned char *out, size_t *n)
{
	if (in_midst(f, c, out, n))
		return;
	if (f->len == 1 && c == '[') {
		f->state = CONTROL;
		add(f, c, CSI_MAX);
	} else if (f->len == 1 && strchr("]PX^_k", c) != NULL) {
		f->state = STRING;
		f->bad = c != ']';
		add(f, c, CSI_MAX);
	} else {
		add(f, c, CSI_MAX);
		if (c < '0')
			return;
		f->state = GROUND;
		if (!f->bad && escape_passes(f))
			emit(f, out, n);
	}
}

static void
in_control(struct filter *f, unsigned char c, unsigned char *out, size_t *n)
{
	if (in_midst(f, c, out, n))
		return;
	add(f, c, CSI_MAX);
	if (c < '@')
		return;
	f->state = GROUND;
	if (!f->bad && control_passes(f))
		emit(f, out, n);
}

/*
 * Up to BEL, ST, or what breaks it off.  BEL ends but one kind.
 */
static void
in_string(struct filter *f, unsigned char c, unsigned char *out, size_t *n)
{
	size_t len;

	len = f->len;
	if (len > 2 && f->seq[len - 1] == ESC) {
		if (c != '\\') {
			/* it begins another sequence */
			f->len = f->bad = 0;
			f->state = ESCAPE;
			add(f, ESC, CSI_MAX);
			in_escape(f, c, out, n);
			return;
		}
		f->state = GROUND;
		add(f, c, FILTER_MAX);
		if (!f->bad && string_passes(f, f->seq + 2, len - 3))
			emit(f, out, n);
	} else if (c == CAN || c == SUB)
		f->state = GROUND;
	else if (c == BEL && f->seq[1] == ']') {
		f->state = GROUND;
		add(f, c, FILTER_MAX);
		if (!f->bad && string_passes(f, f->seq + 2, len - 2))
			emit(f, out, n);
	} else if (c == ESC) {
		/* what is too long or bad keeps its beginning alone */
		if (f->bad)
			f->len = 2;
		f->seq[f->len++] = c;
	} else
		add(f, c, f->clipboard && len >= 5 &&
		    memcmp(f->seq + 2, "52;", 3) == 0 ? FILTER_MAX - 2 :
		    STRING_MAX);
}

static void
add(struct filter *f, unsigned char c, size_t max)
{
	if (f->len < max && !f->bad)
		f->seq[f->len++] = c;
	else
		f->bad = 1;
}

static void
emit(struct filter *f, unsigned char *out, size_t *n)
{
	memcpy(out + *n, f->seq, f->len);
	*n += f->len;
}

/*
 * Sequences without parameters: cursor, tabs, keypad, character sets.  Not
 * those that change what bytes or answers mean.
 */
static int
escape_passes(struct filter *f)
{
	unsigned char c;

	c = f->seq[f->len - 1];
	if (f->len == 3 && strchr("()*+", f->seq[1]) != NULL) {
		f->lasting |= c != 'B';
		return (1);
	}
	if (f->len == 3)
		return (f->seq[1] == '#' && strchr("34568", c) != NULL);
	if (f->len != 2 || strchr("6789=>DEHMNOcno|}~", c) == NULL)
		return (0);
	if (c == '=')
		f->modes |= MODE_KEYPAD;
	else if (c == '>')
		f->modes &= ~MODE_KEYPAD;
	else if (c == 'c')
		f->modes = f->nkitty = f->nbehind = f->lasting = f->painted = 0;
	else if (strchr("no|}~", c) != NULL)
		f->lasting = 1;
	return (1);
}

static int
control_passes(struct filter *f)
{
	const unsigned char *end, *inter, *s;
	unsigned char prefix;
	struct params p;
	int pass;

	s = f->seq + 2;
	end = f->seq + f->len - 1;
	prefix = 0;
	if (*s >= '<' && *s <= '?')
		prefix = *s++;
	for (inter = s; *inter >= '0' && *inter <= ';'; inter++)
		;
	if (end - inter > 1 || params_parse(&p, s, (size_t)(inter - s)) == -1 ||
	    (*end != 'm' && memchr(s, ':', (size_t)(inter - s)) != NULL))
		return (0);
	if (inter == end && prefix == 0)
		pass = control_plain(*end, &p);
	else if (inter == end && prefix == '?')
		pass = control_private(f, *end, &p);
	else
		pass = control_other(f, prefix, inter == end ? 0 : *inter,
		    *end, &p);
	if (pass)
		control_lasts(f, prefix, *end, &p);
	return (pass);
}

/*
 * Does it leave something that is no mode of those which are kept, and that
 * who uses the terminal next would have?
 */
static void
control_lasts(struct filter *f, unsigned char prefix, unsigned char c,
    const struct params *p)
{
	static const char kinds[] = "mqr";
	const char *kind;
	size_t i;

	if (prefix == 0 && (kind = strchr(kinds, c)) != NULL) {
		f->painted &= ~(1 << (kind - kinds));
		if (p->n > 0 && p->v[p->n - 1] != 0)
			f->painted |= 1 << (kind - kinds);
	} else if (prefix == 0)
		f->lasting |= c == 'h' || (c == 's' && p->n > 0);
	else if (prefix == '?' && c == 'r')
		f->lasting = 1;
	else if (prefix == '?' && (c == 'h' || c == 'l')) {
		for (i = 0; i < p->n; i++)
			if (modes_last(p->v[i], c == 'h'))
				f->lasting = 1;
	} else if (prefix == '=' && c == 'u')
		f->lasting = 1;
	else if (prefix == '>' && (c == 'm' || c == 'n'))
		f->lasting |= c == 'n' || (p->n > 1 && p->v[0] != 4);
}

/* Smooth, reverse, repeated keys, mouse, wrap, margins. */
static int
modes_last(unsigned int mode, int set)
{
	static const unsigned int on[] = { 4, 5, 9, 45, 69, 1005, 1015, 0 };
	size_t i;

	if (mode == 8)
		return (!set);
	for (i = 0; on[i] != 0 && on[i] != mode; i++)
		;
	return (set && on[i] != 0);
}

static int
params_parse(struct params *p, const unsigned char *s, size_t len)
{
	size_t i;

	memset(p, 0, sizeof(*p));
	if (len == 0)
		return (0);
	p->n = 1;
	for (i = 0; i < len; i++) {
		if (s[i] == ';' || s[i] == ':') {
			if (p->n == PARAMS_MAX)
				return (-1);
			p->n++;
			continue;
		}
		p->v[p->n - 1] = p->v[p->n - 1] * 10 + s[i] - '0';
		if (p->v[p->n - 1] > PARAM_MAX)
			return (-1);
	}
	return (0);
}

/*
 * Of the reports: the cursor's place, sizes, and what kind of terminal it is.
 * Of the modes: insert, and new line.
 */
static int
control_plain(unsigned char c, const struct params *p)
{
	size_t i;

	switch (c) {
	case 'c':
		return (p->n == 0 || (p->n == 1 && p->v[0] == 0));
	case 'n':
		return (p->n == 1 && (p->v[0] == 5 || p->v[0] == 6));
	case 'h':
	case 'l':
		for (i = 0; i < p->n; i++)
			if (p->v[i] != 4 && p->v[i] != 20)
				return (0);
		return (1);
	case 't':
		return (p->n > 0 && (p->v[0] == 14 || p->v[0] == 16 ||
		    p->v[0] == 18 || p->v[0] == 22 || p->v[0] == 23));
	case 'T':
		return (p->n <= 1);
	default:
		return (strchr("@ABCDEFGHIJKLMPSXZ`abdefgmrsu", c) != NULL);
	}
}

static int
control_private(struct filter *f, unsigned char c, const struct params *p)
{
	switch (c) {
	case 'h':
	case 'l':
		if (!modes_pass(p))
			return (0);
		modes_set(f, p, c == 'h');
		return (1);
	case 'r':
	case 's':
		return (modes_pass(p));
	case 'n':
		return (p->n == 1 && (p->v[0] == 6 || p->v[0] == 996));
	case 'u':
		return (p->n == 0);
	default:
		return (strchr("JKcm", c) != NULL);
	}
}

/*
 * Shape of the cursor, protected cells, scrolling sideways, soft reset, states
 * of modes; which terminal, which version; and kitty's and xterm's keys.
 */
static int
control_other(struct filter *f, unsigned char prefix, unsigned char inter,
    unsigned char c, const struct params *p)
{
	if (inter == 0 && c == 'u' && strchr("<=>", prefix) != NULL) {
		kitty_set(f, prefix, p);
		return (1);
	}
	if (inter == 0 && prefix == '>') {
		if (c == 'm' && (p->n == 0 || p->v[0] == 4))
			f->modes &= ~MODE_OTHERKEYS;
		if (c == 'm' && p->n > 1 && p->v[0] == 4 && p->v[1] > 0)
			f->modes |= MODE_OTHERKEYS;
		return (strchr("cmnq", c) != NULL);
	}
	if (inter == '$' && c == 'p')
		return (prefix == 0 || prefix == '?');
	if (prefix != 0)
		return (0);
	if (inter == '!' && c == 'p') {
		f->modes &= ~(MODE_APPKEYS | MODE_NOWRAP | MODE_NOCURSOR |
		    MODE_KEYPAD);
		return (1);
	}
	return ((inter == ' ' && strchr("@Aq", c) != NULL) ||
	    (inter == '"' && c == 'q'));
}

/*
 * Keys, cursor, screen, margins, mouse, focus, paste, updates at once, width
 * of characters, colours and size told.  Not 2, which makes it another kind of
 * terminal, nor what resizes, prints or logs.
 */
static int
modes_pass(const struct params *p)
{
	static const unsigned int known[] = { 1, 4, 5, 6, 7, 8, 9, 12, 25, 45,
	    47, 66, 69, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016,
	    1034, 1036, 1039, 1047, 1048, 1049, 2004, 2026, 2027, 2031, 2048 };
	size_t i, j, n;

	n = sizeof(known) / sizeof(known[0]);
	for (i = 0; i < p->n; i++) {
		for (j = 0; j < n && known[j] != p->v[i]; j++)
			;
		if (j == n)
			return (0);
	}
	return (1);
}

static void
modes_set(struct filter *f, const struct params *p, int set)
{
	const struct mode *m;
	unsigned int number;
	size_t i;

	for (i = 0; i < p->n; i++) {
		number = p->v[i];
		if (number == 47 || number == 1047)
			number = 1049;
		f->origin |= number == 6;
		for (m = modes; m->bit != 0; m++) {
			if (m->number != number)
				continue;
			if (number == 1049 &&
			    set != ((f->modes & MODE_SCREEN) != 0))
				kitty_swap(f);
			if (set != m->reset)
				f->modes |= m->bit;
			else
				f->modes &= ~m->bit;
		}
	}
}

/* Each screen has flags of its own; of what is behind only that is known. */
static void
kitty_swap(struct filter *f)
{
	unsigned int n;

	n = f->nkitty;
	f->nkitty = f->nbehind;
	f->nbehind = n;
}

/* Its flags are pushed, set and popped. */
static void
kitty_set(struct filter *f, unsigned char prefix, const struct params *p)
{
	unsigned int n;

	n = p->n == 0 ? prefix == '<' : p->v[0];
	if (prefix == '>' && f->nkitty < KITTY_MAX)
		f->nkitty++;
	else if (prefix == '<')
		f->nkitty -= n > f->nkitty ? f->nkitty : n;
	if (prefix == '<' && f->nkitty == 0)
		n = 0;
	else if (prefix == '<')
		return;
	f->modes &= ~MODE_KITTY;
	f->modes |= (n << MODE_KITTY_SHIFT) & MODE_KITTY;
}

/*
 * Titles, links, questions for colours, progress, and the clipboard if it is
 * allowed, to write.
 */
static int
string_passes(const struct filter *f, const unsigned char *s, size_t len)
{
	size_t n;

	if (!is_utf8(s, len, f->utf8))
		return (0);
	for (n = 0; n < len && s[n] >= '0' && s[n] <= '9'; n++)
		;
	if (n == 0 || n > 2 || n == len || s[n] != ';')
		return (0);
	if (n == 1) {
		switch (s[0]) {
		case '0':
		case '1':
		case '2':
			return (1);
		case '8':
			return (link_passes(s + 2, len - 2));
		case '9':
			return (progress_passes(s + 2, len - 2));
		}
		return (0);
	}
	if (s[0] == '5' && s[1] == '2')
		return (f->clipboard && clipboard_passes(s + 3, len - 3));
	return (s[0] == '1' && s[1] <= '2' && len == 4 && s[3] == '?');
}

/* Where it leads can be seen by who goes there: with a browser. */
static int
link_passes(const unsigned char *s, size_t len)
{
	size_t i, n;

	for (n = 0; n < len && s[n] != ';'; n++)
		;
	if (n++ == len)
		return (0);
	if (n == len)
		return (1);
	if ((len - n < 8 || memcmp(s + n, "https://", 8) != 0) &&
	    (len - n < 7 || memcmp(s + n, "http://", 7) != 0))
		return (0);
	for (i = n; i < len; i++)
		if (s[i] <= ' ' || s[i] >= DEL)
			return (0);
	return (1);
}

/* 4;state and 4;state;percent; other than 4 is a message to the desktop. */
static int
progress_passes(const unsigned char *s, size_t len)
{
	size_t i;

	if (len < 3 || len > 8 || s[0] != '4' || s[1] != ';')
		return (0);
	for (i = 2; i < len; i++)
		if ((s[i] < '0' || s[i] > '9') && s[i] != ';')
			return (0);
	return (1);
}

/* What is in it is never told. */
static int
clipboard_passes(const unsigned char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len && strchr("cpqs01234567", s[i]) != NULL; i++)
		;
	if (i == len || s[i++] != ';')
		return (0);
	for (; i < len; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
		    "xyz0123456789+/=", s[i]) == NULL)
			return (0);
	return (1);
}

/*
 * What sets a terminal to these modes.  A buffer of MODES_TEXT bytes is enough.
 */
size_t
filter_set(char *buf, uint32_t set)
{
	const struct mode *m;
	size_t n;

	n = 0;
	/* the screen before what belongs to it */
	if (set & MODE_SCREEN)
		n += (size_t)snprintf(buf + n, MODES_TEXT - n, "\033[?1049h");
	for (m = modes; m->bit != 0; m++)
		if ((set & m->bit) != 0 && m->bit != MODE_SCREEN)
			n += (size_t)snprintf(buf + n, MODES_TEXT - n,
			    "\033[?%u%c", m->number, m->reset ? 'l' : 'h');
	if (set & MODE_KEYPAD)
		n += (size_t)snprintf(buf + n, MODES_TEXT - n, "\033=");
	if (set & MODE_OTHERKEYS)
		n += (size_t)snprintf(buf + n, MODES_TEXT - n, "\033[>4;2m");
	if (set & MODE_KITTY)
		n += (size_t)snprintf(buf + n, MODES_TEXT - n, "\033[>%uu",
		    (set & MODE_KITTY) >> MODE_KITTY_SHIFT);
	return (n);
}

static size_t
kitty_reset(char *buf, size_t size, const struct filter *f, unsigned int n)
{
	size_t len;

	len = 0;
	if (n > 0)
		len = (size_t)snprintf(buf, size, "\033[<%uu", n);
	if (f->lasting)
		len += (size_t)snprintf(buf + len, size - len, "\033[=0u");
	return (len);
}

/*
 * What takes back whatever may have been set, and leaves the cursor where it
 * is.  An origin that is taken back moves it to the first line, so that is done
 * only if there may be one, and it is moved to the last.
 */
size_t
filter_reset(char *buf, const struct filter *f)
{
	size_t n;

	n = (size_t)snprintf(buf, MODES_TEXT, "\033[0m\033[0\"q\033(B\017"
	    "\033[?1l\033>\033[?7h\033[4l\033[?1000l\033[?1002l\033[?1003l"
	    "\033[?1006l\033[?1016l\033[?1004l\033[?2004l\033[?2026l"
	    "\033[?2031l\033[?2048l\033[>4m");
	if (f->lasting)
		n += (size_t)snprintf(buf + n, MODES_TEXT - n, "\033)B\033*B"
		    "\033+B\033}\033[20l\033[?4;5l\033[?8h\033[?9l\033[?45l"
		    "\033[?69l\033[?1005l\033[?1015l\033[>1m\033[>2m");
	n += kitty_reset(buf + n, MODES_TEXT - n, f, f->nkitty);
	/* each of the two screens has keys of its own */
	if (f->modes & MODE_SCREEN) {
		n += (size_t)snprintf(buf + n, MODES_TEXT - n, "\033[?1049l");
		n += kitty_reset(buf + n, MODES_TEXT - n, f, f->nbehind);
	}
	n += (size_t)snprintf(buf + n, MODES_TEXT - n, "%s\033[?25h\033[0 q",
	    f->origin ? "\033[?6l\033[r\033[999H" : "\0337\033[r\0338");
	return (n);
}
