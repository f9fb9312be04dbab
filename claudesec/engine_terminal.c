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
 * What a client's terminal has to say to its session: a size, signals, and
 * that all is to be drawn again.
 */

#include <sys/types.h>

#include <signal.h>

#include "engine.h"

static void	 client_redraw(struct client *);
static void	 client_resize_done(void *, struct docker_reply *);
static void	 client_signal(struct client *);
static void	 client_signal_done(void *, struct docker_reply *);

int
client_handle_resize(struct client *c, struct imsg *imsg)
{
	struct ctl_size size;

	if (imsg_get_data(imsg, &size, sizeof(size)) == -1 ||
	    size.cols == 0 || size.cols > SIZE_MAXIMUM ||
	    size.rows == 0 || size.rows > SIZE_MAXIMUM)
		return (-1);
	if (!c->spec.tty || c->object[0] == '\0')
		return (0);
	c->size = size;
	c->resized = 1;
	client_resize(c);
	return (0);
}

/*
 * One at a time, so that the last one is the one that stays.
 */
void
client_resize(struct client *c)
{
	if (c->resize != NULL)
		return;
	if (!c->resized) {
		client_redraw(c);
		return;
	}
	c->resized = 0;
	c->resize = docker_call("POST", NULL, API_TIMEOUT,
	    client_resize_done, c, "/%s/resize?h=%u&w=%u", c->object,
	    c->size.rows, c->size.cols);
}

static void
client_resize_done(void *arg, struct docker_reply *reply)
{
	struct client *c = arg;

	(void)reply;
	c->resize = NULL;
	client_resize(c);
}

/*
 * What runs in a terminal that has a new screen is to draw all of it: it hears
 * of a change of size, though the last size may be the one that it had, and
 * Claude Code draws when it is continued.
 */
static void
client_redraw(struct client *c)
{
	struct ctl_size size;

	size = c->size;
	switch (c->redraw) {
	case 0:
		return;
	case 1:
		if (c->signal != NULL)
			break;
		c->signal = docker_call("POST", NULL, API_TIMEOUT,
		    client_signal_done, c, "/%s/kill?signal=SIGCONT",
		    c->object);
		break;
	case 3:
		if (size.rows > 1)
			size.rows--;
		else
			size.rows++;
		/* FALLTHROUGH */
	default:
		c->resize = docker_call("POST", NULL, API_TIMEOUT,
		    client_resize_done, c, "/%s/resize?h=%u&w=%u", c->object,
		    size.rows, size.cols);
	}
	c->redraw--;
}

int
client_handle_signal(struct client *c, struct imsg *imsg)
{
	const char *name;
	int sig;

	if (imsg_get_data(imsg, &sig, sizeof(sig)) == -1)
		return (-1);
	switch (sig) {
	case SIGHUP:
		name = "SIGHUP";
		break;
	case SIGINT:
		name = "SIGINT";
		break;
	case SIGQUIT:
		name = "SIGQUIT";
		break;
	case SIGTERM:
		name = "SIGTERM";
		break;
	case SIGCONT:
		/* its user has come back to it: another screen */
		if (c->session != NULL && c->object[0] != '\0' &&
		    c->spec.tty && c->size.rows != 0 && c->redraw == 0) {
			c->redraw = 3;
			client_resize(c);
		}
		return (0);
	default:
		return (-1);
	}
	if (c->shell != NULL)
		shell_signal(c, sig);
	else if (c->session != NULL && c->object[0] != '\0') {
		c->nextsignal = name;
		client_signal(c);
	}
	return (0);
}

/* One at a time as well; of those that come meanwhile the last. */
static void
client_signal(struct client *c)
{
	if (c->signal != NULL || c->nextsignal == NULL)
		return;
	c->signal = docker_call("POST", NULL, API_TIMEOUT,
	    client_signal_done, c, "/%s/kill?signal=%s", c->object,
	    c->nextsignal);
	c->nextsignal = NULL;
}

static void
client_signal_done(void *arg, struct docker_reply *reply)
{
	struct client *c = arg;

	(void)reply;
	c->signal = NULL;
	client_signal(c);
}
