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
 * What is on its way, for standard error.  On a terminal each thing has a line
 * that is drawn again when it gets on; elsewhere it has one when it is done.
 */

#include <sys/types.h>
#include <sys/ioctl.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "claudesec.h"

#define LAYERS_MAX	64

static struct ctl_layer	 layers[LAYERS_MAX];	/* the last lines on it */
static unsigned int	 nlayers;
static unsigned int	 rows, columns;		/* 0: no terminal */

/* The terminal cannot be asked any more later. */
void
progress_init(void)
{
	struct winsize ws;

	if (!term_dumb() && isatty(STDERR_FILENO) &&
	    ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 1 &&
	    ws.ws_col > 20) {
		rows = ws.ws_row;
		columns = ws.ws_col;
	}
}

/* Other lines come below; those above stay as they are. */
void
progress_line(const char *line)
{
	nlayers = 0;
	(void)fprintf(stderr, "%s\n", line);
}

int
progress_layer(struct imsg *imsg)
{
	struct ctl_layer l;
	unsigned int i;

	if (imsg_get_data(imsg, &l, sizeof(l)) == -1 || l.moving > 1 ||
	    !imsg_is_string(l.id, sizeof(l.id)) ||
	    !imsg_is_string(l.text, sizeof(l.text)))
		return (-1);
	text_clean(l.id);
	text_clean(l.text);
	for (i = 0; i < nlayers; i++)
		if (strcmp(layers[i].id, l.id) == 0)
			break;
	if (rows == 0 || i >= LAYERS_MAX || i >= rows - 1) {
		if (!l.moving)
			(void)fprintf(stderr, "%s: %s\n", l.id, l.text);
		return (0);
	}
	if (i == nlayers) {
		nlayers++;
		(void)fputc('\n', stderr);
	}
	layers[i] = l;
	(void)fprintf(stderr, "\033[%uA\r\033[K%.*s: %.*s\033[%uB\r",
	    nlayers - i, (int)sizeof(l.id), l.id,
	    (int)columns - (int)strlen(l.id) - 3, l.text, nlayers - i);
	return (0);
}
