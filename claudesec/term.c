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
 * The user's terminal, or standard input and output, and the raw stream of a
 * session, which is the engine's own.  In a terminal both directions are plain
 * bytes.  Else what comes is cut into frames, which say whether they are of
 * standard output or of standard error.  The agent writes those bytes; all
 * that is done with them is to show them, on a terminal what filter.c passes.
 *
 * Descriptors 0 to 2 are shared with other programs, so they stay blocking:
 * they are used when poll(2) says so, in pieces for which there is room then.
 * A terminal promises less room than that and is opened anew.
 */

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "claudesec.h"

#define NOTICE_SIZE	768
#define BELL_SECONDS	10	/* between bells */
#define BUFFER_SIZE	65536
#define END_SECONDS	2	/* for the stream to end after the exit */
#define SEARCH_SECONDS	10	/* for the next daemon, at the end */
#define QUEUE_MAX	1024	/* bytes for a daemon that does not read */
#define CONTROL_Z	'\032'

struct buffer {
	unsigned char	 data[BUFFER_SIZE + FILTER_MAX];
	size_t		 off, len;
};

static void	 term_open_output(int);
static void	 term_set_events(void);
static void	 term_catch(size_t);
static void	 term_raw(void);
static void	 term_cooked(void);
static void	 term_stop(void);
static void	 term_continue(void);
static __dead void term_die(int);
static void	 term_reset(const char *);
static void	 term_tell_modes(void);
static __dead void term_leave(const char *);
static void	 term_signal(int, short, void *);
static void	 term_forward(int);
static void	 term_send_size(void);
static void	 term_read_input(int, short, void *);
static void	 term_write_stream(int, short, void *);
static void	 term_read_stream(int, short, void *);
static void	 term_write_output(int, short, void *);
static void	 term_next_frame(void);
static void	 term_show(void);
static void	 term_show_notice(void);
static void	 term_update(void);
static void	 term_want(struct event *, int, const struct timeval *);
static void	 term_end(void);
static void	 term_search_end(int, short, void *);
static void	 buffer_take(struct buffer *, size_t);

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH,
	    SIGTSTP, SIGCONT };
#define NSIGNALS	(sizeof(signals) / sizeof(signals[0]))

static int	 tty;			/* a session in a terminal */
static int	 attached;
static int	 raw;
static struct termios saved;

static struct peer *daemon_peer;	/* NULL: gone */
static int	 stream = -1;		/* -1: ended */
static int	 exit_status = -1;	/* -1: not known */
static int	 done;			/* the daemon knows of the end */
static int	 forwarded;		/* a signal */
static int	 leaving;		/* as the user wishes */
static int	 detached;		/* another client has it */
static int	 searching;		/* for the next daemon */
static struct ctl_error failure;	/* of that; code 0: none */
static struct ctl_attached session;

/* what goes in, what comes, and what is shown of that */
static struct buffer in, out, shown;

/* what the user is to know before the end, and when the bell last rang */
static char	 notice[NOTICE_SIZE];
static int64_t	 rang;
static int	 in_ended, in_shut;
static struct demux frame;
static struct keys keys, suspend;
static unsigned char typed[BUFFER_SIZE];
static uint32_t	 told_modes;
static int	 utf8, dumb;

/* where standard output and error go, and how much at once */
static int	 output_fd[STDERR_FILENO + 1];
static size_t	 output_max[STDERR_FILENO + 1];
static int	 output_tty[STDERR_FILENO + 1];
static struct filter filters[STDERR_FILENO + 1];

static struct event in_ev, stream_read_ev, stream_write_ev, search_ev;
static struct event output_ev[STDERR_FILENO + 1];
static struct event signal_ev[NSIGNALS];

/*
 * With its output elsewhere Claude Code does not read from a terminal.  In the
 * sandbox it cannot see that it is one and would wait for it, so it gets an
 * end of file.  A command of the user's may well read from it.
 */
int
term_init(int command)
{
	tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	in_ended = !tty && !command && isatty(STDIN_FILENO);
	term_open_output(STDOUT_FILENO);
	term_open_output(STDERR_FILENO);
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	dumb = term_dumb();
	return (tty);
}

/* One that would show sequences instead of obeying them. */
int
term_dumb(void)
{
	const char *name;

	name = getenv("TERM");
	return (name == NULL || name[0] == '\0' || strcmp(name, "dumb") == 0);
}

static void
term_open_output(int fd)
{
	struct stat a, b;
	const char *name;
	int new;

	output_fd[fd] = fd;
	output_max[fd] = PIPE_BUF;
	output_tty[fd] = isatty(fd);
	if ((name = ttyname(fd)) == NULL)
		return;
	new = open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (new == -1)
		return;
	if (fstat(fd, &a) == -1 || fstat(new, &b) == -1 ||
	    a.st_rdev != b.st_rdev || !isatty(new)) {
		close(new);
		return;
	}
	output_fd[fd] = new;
	output_max[fd] = BUFFER_SIZE;
}

void
term_size(struct ctl_size *size)
{
	struct winsize ws;

	memset(size, 0, sizeof(*size));
	if (!tty || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1)
		return;
	size->cols = ws.ws_col;
	size->rows = ws.ws_row;
}

void
term_attach(int fd, struct peer *p, const struct ctl_attached *ca)
{
	int flags, i;

	session = *ca;
	for (i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
		filter_init(&filters[i], utf8, (int)ca->clipboard);
	filters[STDOUT_FILENO].modes = told_modes = ca->modes;
	filters[STDOUT_FILENO].nkitty = (ca->modes & MODE_KITTY) != 0;
	if (tty) {
		keys.n = ca->nkeys;
		memcpy(keys.key, ca->keys, sizeof(keys.key));
		suspend.n = ca->suspends;
		suspend.key[0] = CONTROL_Z;
	}
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		err(EX_OSERR, "fcntl");
	if (tty && tcgetattr(STDIN_FILENO, &saved) == -1)
		err(EX_OSERR, "tcgetattr");
	if (atexit(term_restore) != 0)
		errx(EX_OSERR, "atexit");
	stream = fd;
	daemon_peer = p;
	attached = 1;
	frame.fd = STDOUT_FILENO;
	term_set_events();
	if (tty) {
		term_raw();
		/* it may be another one than that of the request */
		term_send_size();
	}
	if (tty && ca->again)
		shown.len = filter_set((char *)shown.data, ca->modes);
	term_update();
}

static void
term_set_events(void)
{
	size_t i;

	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < NSIGNALS; i++)
		term_catch(i);
	event_set(&in_ev, STDIN_FILENO, EV_READ | EV_PERSIST,
	    term_read_input, NULL);
	event_set(&stream_read_ev, stream, EV_READ | EV_PERSIST,
	    term_read_stream, NULL);
	event_set(&stream_write_ev, stream, EV_WRITE | EV_PERSIST,
	    term_write_stream, NULL);
	evtimer_set(&search_ev, term_search_end, NULL);
	for (i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
		event_set(&output_ev[i], output_fd[i], EV_WRITE | EV_PERSIST,
		    term_write_output, NULL);
}

/*
 * A signal that we were started to ignore, as by nohup(1), stays ignored.
 */
static void
term_catch(size_t i)
{
	struct sigaction sa;
	int sig;

	sig = signals[i];
	if (!tty && (sig == SIGWINCH || sig == SIGTSTP || sig == SIGCONT))
		return;
	if (sigaction(sig, NULL, &sa) == -1 || sa.sa_handler == SIG_IGN)
		return;
	signal_set(&signal_ev[i], sig, term_signal, NULL);
	signal_add(&signal_ev[i], NULL);
}

static void
term_raw(void)
{
	struct termios t;

	t = saved;
	cfmakeraw(&t);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &t) == -1)
		err(EX_OSERR, "tcsetattr");
	raw = 1;
}

/*
 * While we are in the background the terminal is somebody else's, who has set
 * it to their needs.
 */
static void
term_cooked(void)
{
	pid_t pgrp;

	if (!raw)
		return;
	raw = 0;
	pgrp = tcgetpgrp(STDIN_FILENO);
	if (pgrp == -1 || pgrp == getpgrp())
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

/*
 * A program that ended by itself has cleaned up, if it did.  What nobody sees
 * is taken back on the line where it is.
 */
void
term_restore(void)
{
	const struct filter *f;

	term_cooked();
	if (!attached)
		return;
	attached = 0;
	f = &filters[STDOUT_FILENO];
	if (tty && (exit_status < 0 || exit_status > 128 || f->modes != 0 ||
	    f->nkitty > 0))
		term_reset("\r\n");
	else if (tty && !dumb && (f->lasting || f->painted))
		term_reset("");
}

static void
term_reset(const char *end)
{
	char text[MODES_TEXT];
	pid_t pgrp;
	size_t len;

	len = dumb ? 0 : filter_reset(text, &filters[STDOUT_FILENO]);
	len += strlcpy(text + len, end, sizeof(text) - len);
	pgrp = tcgetpgrp(STDIN_FILENO);
	if (pgrp == -1 || pgrp == getpgrp())
		(void)write(output_fd[STDOUT_FILENO], text, len);
}

void
term_exit(int status)
{
	exit_status = status;
	term_update();
}

/* Another client has the session. */
void
term_detached(void)
{
	detached = 1;
	term_update();
}

/* The session goes on. */
static __dead void
term_leave(const char *why)
{
	term_restore();
	(void)fprintf(stderr, "%s %s; \"%s attach %s\" comes back\n", why,
	    session.name, getprogname(), session.name);
	exit(0);
}

/* Is there to be another daemon? */
void
term_lost(int again)
{
	daemon_peer = NULL;
	searching = again;
	term_update();
}

void
term_found(struct peer *p)
{
	daemon_peer = p;
	searching = done = 0;
	/* it has not seen the terminal, nor what it was set to */
	told_modes = ~filters[STDOUT_FILENO].modes;
	term_tell_modes();
	term_send_size();
	term_update();
}

/* There is one, but it does not know how the session ends, or may not say. */
void
term_failed(const struct ctl_error *ce)
{
	failure = *ce;
	term_lost(0);
}

/* Its time is over. */
static void
term_search_end(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	searching = 0;
	term_update();
}

/*
 * Ends as the signal would have ended us, for the shell to see.
 */
static void
term_die(int sig)
{
	term_restore();
	(void)signal(sig, SIG_DFL);
	(void)kill(getpid(), sig);
	exit(128 + sig);
}

static void
term_signal(int sig, short event, void *arg)
{
	(void)event;
	(void)arg;
	switch (sig) {
	case SIGWINCH:
		term_send_size();
		break;
	case SIGTSTP:
		term_stop();
		break;
	case SIGCONT:
		term_continue();
		break;
	default:
		term_forward(sig);
	}
}

/*
 * Somebody else's kill(1), or ^Z, on which Claude Code would stop itself,
 * where no shell is to continue it.  What runs goes on.  If nobody could
 * continue us either, we are not stopped.
 */
static void
term_stop(void)
{
	size_t i;

	for (i = 0; signals[i] != SIGTSTP; i++)
		;
	term_cooked();
	term_reset("\r\n");
	signal_del(&signal_ev[i]);
	(void)kill(getpid(), SIGTSTP);
	signal_add(&signal_ev[i], NULL);
	term_continue();
}

/* The terminal was somebody else's meanwhile: all of it is drawn again. */
static void
term_continue(void)
{
	const int sig = SIGCONT;
	char text[MODES_TEXT];
	size_t len;

	if (stream == -1)
		return;
	term_raw();
	len = filter_set(text, filters[STDOUT_FILENO].modes);
	(void)write(output_fd[STDOUT_FILENO], text, len);
	term_send_size();
	if (!session.stays || daemon_peer == NULL ||
	    imsgbuf_queuelen(&daemon_peer->ibuf) > QUEUE_MAX)
		return;
	if (peer_compose(daemon_peer, IMSG_CTL_SIGNAL, 0, -1, &sig,
	    sizeof(sig)) == -1)
		err(EX_OSERR, "peer_compose");
}

/*
 * In a terminal a signal means us, and our end is the session's.  Else it is
 * Claude's to act on, once.
 */
static void
term_forward(int sig)
{
	if (tty || forwarded || stream == -1 || daemon_peer == NULL)
		term_die(sig);
	forwarded = 1;
	if (peer_compose(daemon_peer, IMSG_CTL_SIGNAL, 0, -1, &sig,
	    sizeof(sig)) == -1)
		err(EX_OSERR, "peer_compose");
}

/* For the next client, whatever becomes of this one. */
static void
term_tell_modes(void)
{
	uint32_t modes;

	modes = filters[STDOUT_FILENO].modes;
	if (!session.stays || modes == told_modes || daemon_peer == NULL ||
	    imsgbuf_queuelen(&daemon_peer->ibuf) > QUEUE_MAX)
		return;
	told_modes = modes;
	if (peer_compose(daemon_peer, IMSG_CTL_MODES, 0, -1, &modes,
	    sizeof(modes)) == -1)
		err(EX_OSERR, "peer_compose");
}

static void
term_send_size(void)
{
	struct ctl_size size;

	term_size(&size);
	if (size.cols == 0 || size.rows == 0 || daemon_peer == NULL ||
	    imsgbuf_queuelen(&daemon_peer->ibuf) > QUEUE_MAX)
		return;
	if (peer_compose(daemon_peer, IMSG_CTL_RESIZE, 0, -1, &size,
	    sizeof(size)) == -1)
		err(EX_OSERR, "peer_compose");
}

static void
term_read_input(int fd, short event, void *arg)
{
	size_t len;
	ssize_t n;
	int stop;

	(void)event;
	(void)arg;
	n = read(fd, typed, sizeof(typed) - KEYS_HELD);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	stop = 0;
	if (n > 0) {
		len = keys_pass(&keys, typed, (size_t)n, in.data, &leaving);
		memcpy(typed, in.data, len);
		in.len = keys_pass(&suspend, typed, len, in.data, &stop);
	} else if (tty)
		term_die(SIGHUP);
	else
		in_ended = 1;
	if (stop)
		term_stop();
	term_update();
}

static void
term_write_stream(int fd, short event, void *arg)
{
	ssize_t n;

	(void)event;
	(void)arg;
	n = write(fd, in.data + in.off, in.len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1) {
		/* nobody reads this any more; output may still come */
		in_ended = in_shut = 1;
		in.len = 0;
	} else
		buffer_take(&in, (size_t)n);
	term_update();
}

static void
term_read_stream(int fd, short event, void *arg)
{
	ssize_t n;

	(void)arg;
	n = 0;
	if (event != EV_TIMEOUT)
		n = read(fd, out.data, BUFFER_SIZE);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		out.len = (size_t)n;
		if (tty)
			port_scan(out.data, out.len);
		term_next_frame();
		/* most often there is room, in what does not block */
		if (shown.len > 0 && output_fd[frame.fd] != frame.fd)
			term_write_output(output_fd[frame.fd], EV_WRITE, NULL);
	} else {
		term_want(&stream_read_ev, 0, NULL);
		term_want(&stream_write_ev, 0, NULL);
		close(stream);
		stream = -1;
	}
	term_update();
}

static void
term_write_output(int fd, short event, void *arg)
{
	size_t len;
	ssize_t n;

	(void)event;
	(void)arg;
	len = shown.len;
	if (len > output_max[frame.fd])
		len = output_max[frame.fd];
	n = write(fd, shown.data + shown.off, len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1 && errno == EPIPE)
		term_die(SIGPIPE);
	if (n == -1 && errno == EIO && tty)
		term_die(SIGHUP);
	if (n == -1) {
		term_restore();
		err(EX_IOERR, "standard %s", frame.fd == STDOUT_FILENO ?
		    "output" : "error");
	}
	buffer_take(&shown, (size_t)n);
	term_next_frame();
	term_update();
}

/*
 * Without a terminal: up to the next byte that is to be shown.
 */
static void
term_next_frame(void)
{
	ssize_t n;

	while (shown.len == 0 && out.len > 0) {
		if (tty || frame.left > 0) {
			term_show();
			continue;
		}
		if ((n = demux(&frame, out.data + out.off, out.len)) == -1)
			errx(EX_PROTOCOL, "the engine's stream is malformed");
		buffer_take(&out, (size_t)n);
	}
}

/* As much as there is for one descriptor. */
static void
term_show(void)
{
	size_t len;

	len = out.len;
	if (!tty && len > frame.left)
		len = frame.left;
	if (output_tty[frame.fd]) {
		shown.len = filter(&filters[frame.fd], out.data + out.off,
		    len, shown.data);
		term_tell_modes();
	} else {
		memcpy(shown.data, out.data + out.off, len);
		shown.len = len;
	}
	buffer_take(&out, len);
	if (!tty)
		frame.left -= len;
}

ssize_t
demux(struct demux *d, const unsigned char *p, size_t len)
{
	size_t n;

	n = sizeof(d->head) - d->nhead;
	if (n > len)
		n = len;
	memcpy(d->head + d->nhead, p, n);
	d->nhead += n;
	if (d->nhead < sizeof(d->head))
		return ((ssize_t)n);
	if ((d->head[0] != STDOUT_FILENO && d->head[0] != STDERR_FILENO) ||
	    d->head[1] != 0 || d->head[2] != 0 || d->head[3] != 0)
		return (-1);
	d->nhead = 0;
	d->fd = d->head[0];
	d->left = (size_t)d->head[4] << 24 | (size_t)d->head[5] << 16 |
	    (size_t)d->head[6] << 8 | (size_t)d->head[7];
	return ((ssize_t)n);
}

/*
 * What is to be waited for now.  A direction reads when all that it read
 * before is written, so that the slower side sets the pace.
 */
static void
term_update(void)
{
	const struct timeval end = { END_SECONDS, 0 };

	if (stream == -1) {
		in_ended = in_shut = 1;
		in.len = 0;
	}
	if (in_ended && in.len == 0 && !in_shut) {
		(void)shutdown(stream, SHUT_WR);
		in_shut = 1;
	}
	if (leaving) {
		/* if the agent does not read, it stays without */
		(void)write(stream, in.data + in.off, in.len);
		term_leave("detached from");
	}
	if (detached && shown.len == 0)
		term_leave("another client has");
	term_show_notice();
	term_want(&in_ev, !in_ended && in.len == 0, NULL);
	if (stream != -1) {
		term_want(&stream_write_ev, in.len > 0, NULL);
		/* a grandchild may hold it open for ever */
		term_want(&stream_read_ev, out.len == 0 && shown.len == 0,
		    exit_status == -1 ? NULL : &end);
	}
	term_want(&output_ev[STDOUT_FILENO], shown.len > 0 &&
	    frame.fd == STDOUT_FILENO, NULL);
	term_want(&output_ev[STDERR_FILENO], shown.len > 0 &&
	    frame.fd == STDERR_FILENO, NULL);
	if (stream == -1 && out.len == 0 && shown.len == 0)
		term_end();
}

/*
 * A host was refused.  The screen is Claude Code's, so this goes into the
 * terminal's title, with the bell for who does not look; the report at the end
 * says it again.
 */
void
term_blocked(const char *host, uint32_t port)
{
	char number[16];
	int64_t now;

	if (!tty || dumb)
		return;
	number[0] = '\0';
	if (port != 0 && port != 443)
		(void)snprintf(number, sizeof(number), ":%u",
		    (unsigned int)port);
	now = clock_seconds();
	(void)snprintf(notice, sizeof(notice), "\033]2;blocked %s%s: %s pass "
	    "%s%s\033\\%s", host, number, getprogname(), host, number,
	    rang != 0 && now - rang < BELL_SECONDS ? "" : "\007");
	if (rang == 0 || now - rang >= BELL_SECONDS)
		rang = now;
	term_update();
}

/* Between two sequences of what comes out of the session. */
static void
term_show_notice(void)
{
	if (notice[0] == '\0' || shown.len > 0 || stream == -1)
		return;
	shown.off = 0;
	shown.len = strlen(notice);
	memcpy(shown.data, notice, shown.len);
	notice[0] = '\0';
}

static void
term_want(struct event *ev, int want, const struct timeval *tv)
{
	if (want)
		event_add(ev, tv);
	else
		event_del(ev);
}

/*
 * All is shown.  The daemon may have to ask for the exit status first, and
 * tidies up; meanwhile the keyboard is the user's again.
 */
static void
term_end(void)
{
	const struct timeval tv = { SEARCH_SECONDS, 0 };

	term_cooked();
	if (exit_status != -1) {
		term_restore();
		report_print();
		exit(exit_status);
	}
	if (daemon_peer == NULL && searching) {
		if (!evtimer_pending(&search_ev, NULL))
			evtimer_add(&search_ev, &tv);
		return;
	}
	if (daemon_peer == NULL) {
		term_restore();
		report_print();
		if (failure.code != 0)
			errx(failure.code, "%s", failure.text);
		errx(EX_SOFTWARE, "the daemon is gone, the exit status is "
		    "unknown; the next command cleans up");
	}
	if (done)
		return;
	done = 1;
	if (peer_compose(daemon_peer, IMSG_CTL_DONE, 0, -1, NULL, 0) == -1)
		err(EX_OSERR, "peer_compose");
}

static void
buffer_take(struct buffer *b, size_t n)
{
	b->len -= n;
	b->off = b->len == 0 ? 0 : b->off + n;
}
