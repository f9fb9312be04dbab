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
 * The Docker Engine API, and the only user of its sockets.  Each call has a
 * connection of its own, which the parent made: libcurl is handed it where it
 * would connect, and never looks anything up.  What comes back is bounded in
 * bytes, and JSON also in depth, and is trusted no further than the caller
 * checks it.  Paths are made in our callers, from names and ids that were
 * checked there.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <curl/curl.h>
#include <errno.h>
#include <event.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

#if LIBCURL_VERSION_NUM >= 0x075800 && LIBCURL_VERSION_NUM < 0x080000
#include <sys/syscall.h>
#define CONNECTS_TWICE
#endif

#define HEAD_MAX	65536
#define REPLY_MAX	(4 * 1024 * 1024)
#define LINE_MAXLEN	(256 * 1024)	/* of a stream of JSON */
#define HELLO_TIMEOUT	20

enum call_state {
	CALL_WAITING,			/* for the version, or its turn */
	CALL_ASKED,			/* the parent, for a socket */
	CALL_RUNNING
};

struct docker_call {
	TAILQ_ENTRY(docker_call) entry;
	enum call_state	 state;
	uint32_t	 id;
	char		 method[8];
	char		*path;
	char		*body;
	size_t		 bodylen;
	int		 seconds;
	struct timespec	 began;		/* when it was asked for */
	int		 doomed;	/* the greeting failed */
	int		 fd;		/* until libcurl has it */
	CURL		*easy;
	struct curl_slist *headers;
	int		 hijacks;
	struct hijack	*hijack;
	/* what is sent instead of JSON, from memory or a descriptor */
	int		 uploads;
	char		*data;
	size_t		 datalen;
	int		 datafd;
	off_t		 dataoff;
	int		 stream;	/* datafd is no file */
	struct event	 dataev;
	int		 waiting;	/* for dataev */
	/* what comes back */
	char		*buf;
	size_t		 len, size;
	size_t		 headlen;
	int		 toolarge;
	int		 (*line)(void *, const json_t *);
	int		 full;		/* whoever takes the lines is */
	int		 paused;
	void		 (*done)(void *, struct docker_reply *);
	void		*arg;
};

static struct docker_call *call_new(const char *, int,
		    void (*)(void *, struct docker_reply *), void *);
static void	 call_free(struct docker_call *);
static void	 call_next(void);
static void	 call_ask(struct docker_call *);
static struct docker_call *call_asked(uint32_t);
static void	 call_start(struct docker_call *);
static void	 call_start_hijack(struct docker_call *);
static void	 call_hijacked(void *, int, int, const char *, size_t);
static void	 call_setopts(struct docker_call *);
static void	 call_setupload(struct docker_call *);
static void	 call_header(struct docker_call *, const char *);
static void	 call_fail(struct docker_call *, int, const char *, ...)
		    __attribute__((__format__(__printf__, 3, 4)));
static void	 call_finish(struct docker_call *, CURLcode);
static void	 call_reply(struct docker_call *, int, const char *, size_t,
		    int);
static void	 call_end(struct docker_call *, struct docker_reply *);
static void	 call_lines(struct docker_call *, int);
static void	 hello(void);
static void	 hello_done(void *, struct docker_reply *);
static int	 hello_version(const json_t *, char *, size_t);
#ifdef CONNECTS_TWICE
int		 docker_connect(int, const void *, unsigned int)
		    __asm__("connect");
#endif
static curl_socket_t docker_opensocket(void *, curlsocktype,
		    struct curl_sockaddr *);
static int	 docker_sockopt(void *, curl_socket_t, curlsocktype);
static size_t	 docker_read(char *, size_t, size_t, void *);
static size_t	 docker_head(char *, size_t, size_t, void *);
static size_t	 docker_write(char *, size_t, size_t, void *);
static void	 docker_readable(int, short, void *);
static int	 docker_watch(CURL *, curl_socket_t, int, void *, void *);
static int	 docker_settimer(CURLM *, long, void *);
static void	 docker_event(int, short, void *);
static void	 docker_timeout(int, short, void *);
static void	 docker_reap(void);

static CURLM		*multi;
static struct event	 multi_timer;
static TAILQ_HEAD(, docker_call) calls = TAILQ_HEAD_INITIALIZER(calls);
static struct docker_call *greeting;
static unsigned int	 ncalls;	/* asked or running, limited in time */
static uint32_t		 nextid = 1;
static int		 version;	/* of the API, 1.version; 0: unknown */
static int		 podman;
static int		 opened = -1;	/* by docker_opensocket(), last */

void
docker_init(void)
{
	if (wipe_init() == -1)
		fatalx("curl_global_init");
	if ((multi = curl_multi_init()) == NULL)
		fatalx("curl_multi_init");
	if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION,
	    docker_watch) != CURLM_OK ||
	    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION,
	    docker_settimer) != CURLM_OK)
		fatalx("curl_multi_setopt");
	evtimer_set(&multi_timer, docker_timeout, NULL);
}

/*
 * Calls.
 */

struct docker_call *
docker_call(const char *method, json_t *body, int seconds,
    void (*done)(void *, struct docker_reply *), void *arg,
    const char *fmt, ...)
{
	struct docker_call *c;
	va_list ap;

	c = call_new(method, seconds, done, arg);
	va_start(ap, fmt);
	if (vasprintf(&c->path, fmt, ap) == -1)
		fatal("vasprintf");
	va_end(ap);
	if (body != NULL) {
		c->body = json_dumps(body, JSON_COMPACT);
		json_decref(body);
		if (c->body == NULL)
			fatalx("json_dumps");
		c->bodylen = strlen(c->body);
	}
	call_next();
	return (c);
}

void
docker_stream(struct docker_call *c, int (*line)(void *, const json_t *))
{
	c->line = line;
}

void
docker_send_memory(struct docker_call *c, char *data, size_t len)
{
	c->uploads = 1;
	c->data = data;
	c->datalen = len;
}

void
docker_send_fd(struct docker_call *c, int fd)
{
	c->uploads = 1;
	c->datafd = fd;
}

void
docker_hijack(struct docker_call *c)
{
	c->hijacks = 1;
}

void
docker_resume(struct docker_call *c)
{
	c->full = 0;
	if (!c->paused)
		return;
	c->paused = 0;
	(void)curl_easy_pause(c->easy, CURLPAUSE_CONT);
}

/* Of the engine that answered last. */
int
docker_is_podman(void)
{
	return (podman);
}

void
docker_cancel(struct docker_call *c)
{
	call_free(c);
	call_next();
}

static struct docker_call *
call_new(const char *method, int seconds,
    void (*done)(void *, struct docker_reply *), void *arg)
{
	struct docker_call *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		fatal("calloc");
	(void)strlcpy(c->method, method, sizeof(c->method));
	c->id = nextid++;
	(void)clock_gettime(CLOCK_MONOTONIC, &c->began);
	c->seconds = seconds;
	c->done = done;
	c->arg = arg;
	c->fd = c->datafd = -1;
	TAILQ_INSERT_TAIL(&calls, c, entry);
	return (c);
}

static void
call_free(struct docker_call *c)
{
	if (c->easy != NULL) {
		(void)curl_multi_remove_handle(multi, c->easy);
		curl_easy_cleanup(c->easy);
		curl_slist_free_all(c->headers);
	}
	if (c->hijack != NULL)
		hijack_cancel(c->hijack);
	if (c->state != CALL_WAITING && c->seconds != 0)
		ncalls--;
	if (c->waiting)
		event_del(&c->dataev);
	if (c->fd != -1)
		close(c->fd);
	if (c->datafd != -1)
		close(c->datafd);
	TAILQ_REMOVE(&calls, c, entry);
	free(c->path);
	/* these may hold a key */
	freezero(c->body, c->bodylen);
	freezero(c->buf, c->size);
	free(c->data);
	free(c);
}

/*
 * Asks for the sockets of those whose turn it is.  Nothing but the greeting
 * goes out before the version of the API is known.
 */
static void
call_next(void)
{
	struct docker_call *c;

	if (version == 0) {
		if (greeting == NULL && !TAILQ_EMPTY(&calls))
			hello();
		return;
	}
	TAILQ_FOREACH(c, &calls, entry)
		if (c->state == CALL_WAITING &&
		    (c->seconds == 0 || ncalls < CALLS_MAX))
			call_ask(c);
}

static void
call_ask(struct docker_call *c)
{
	c->state = CALL_ASKED;
	if (c->seconds != 0)
		ncalls++;
	peer_send(proc_peer(ROLE_PARENT), IMSG_ENGINE_CONNECT, c->id, -1, NULL,
	    0);
}

/*
 * The parent's answer to call_ask().  The call may have been cancelled.
 */
int
docker_socket(uint32_t id, int error, int fd)
{
	struct docker_call *c;

	if (fd == -1)
		return (docker_nosocket(id, error == EACCES || error == EPERM ?
		    EX_NOPERM : EX_UNAVAILABLE, strerror(error)));
	if ((c = call_asked(id)) == NULL) {
		close(fd);
		return (id == 0 || id >= nextid ? -1 : 0);
	}
	c->state = CALL_RUNNING;
	c->fd = fd;
	call_start(c);
	return (0);
}

int
docker_nosocket(uint32_t id, int code, const char *why)
{
	struct docker_call *c;
	const char *path;

	if ((c = call_asked(id)) == NULL)
		return (id == 0 || id >= nextid ? -1 : 0);
	c->state = CALL_RUNNING;
	version = 0;	/* who comes back may be another */
	path = engine_config()->fixed.engine;
	call_fail(c, code, "cannot reach %s%s: %s", path[0] == '\0' ?
	    "a container engine where they usually are, first "
	    "/var/run/docker.sock" : "the container engine at ", path, why);
	return (0);
}

static struct docker_call *
call_asked(uint32_t id)
{
	struct docker_call *c;

	TAILQ_FOREACH(c, &calls, entry)
		if (c->id == id && c->state == CALL_ASKED)
			break;
	return (c);
}

static void
call_start(struct docker_call *c)
{
	char *path;

	if (c != greeting) {
		/* podman's own have another version */
		if ((strncmp(c->path, "/libpod/", 8) == 0 ?
		    asprintf(&path, LIBPOD_VERSION "%s", c->path) :
		    asprintf(&path, "/v1.%d%s", version, c->path)) == -1)
			fatal("asprintf");
		free(c->path);
		c->path = path;
	}
	log_debug("%s %s", c->method, c->path);
	if (c->hijacks) {
		call_start_hijack(c);
		return;
	}
	if ((c->easy = curl_easy_init()) == NULL)
		fatalx("curl_easy_init");
	call_setopts(c);
	if (curl_multi_add_handle(multi, c->easy) != CURLM_OK)
		fatalx("curl_multi_add_handle");
}

static void
call_start_hijack(struct docker_call *c)
{
	char *request;
	int fd, len;

	len = asprintf(&request, "POST %s HTTP/1.1\r\nHost: engine\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n"
	    "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n%s", c->path,
	    c->bodylen, c->body == NULL ? "" : c->body);
	if (len == -1)
		fatal("asprintf");
	fd = c->fd;
	c->fd = -1;
	c->hijack = hijack_start(fd, request, (size_t)len, c->seconds,
	    call_hijacked, c);
}

/* The answer: a stream, or a status and what stands below the head. */
static void
call_hijacked(void *arg, int status, int fd, const char *text, size_t len)
{
	struct docker_call *c = arg;

	c->hijack = NULL;
	if (status == 0)
		call_fail(c, EX_UNAVAILABLE, "%s", text);
	else
		call_reply(c, status, text, len, fd);
}

#define SETOPT(c, option, value) do {					\
	if (curl_easy_setopt((c)->easy, (option), (value)) != CURLE_OK)	\
		fatalx("curl_easy_setopt " #option);			\
} while (0)

static void
call_setopts(struct docker_call *c)
{
	char *url;

	if (asprintf(&url, "http://engine%s", c->path) == -1)
		fatal("asprintf");
	SETOPT(c, CURLOPT_URL, url);
	free(url);
	SETOPT(c, CURLOPT_PRIVATE, c);
	SETOPT(c, CURLOPT_NOSIGNAL, 1L);
	SETOPT(c, CURLOPT_PROXY, "");
	SETOPT(c, CURLOPT_PROTOCOLS_STR, "http");
	SETOPT(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* the path is never used: docker_opensocket() has the socket */
	SETOPT(c, CURLOPT_UNIX_SOCKET_PATH, "engine");
	SETOPT(c, CURLOPT_OPENSOCKETFUNCTION, docker_opensocket);
	SETOPT(c, CURLOPT_OPENSOCKETDATA, c);
	SETOPT(c, CURLOPT_SOCKOPTFUNCTION, docker_sockopt);
	SETOPT(c, CURLOPT_FRESH_CONNECT, 1L);
	SETOPT(c, CURLOPT_FORBID_REUSE, 1L);
	SETOPT(c, CURLOPT_TIMEOUT, (long)c->seconds);
	SETOPT(c, CURLOPT_HEADERFUNCTION, docker_head);
	SETOPT(c, CURLOPT_HEADERDATA, c);
	SETOPT(c, CURLOPT_WRITEFUNCTION, docker_write);
	SETOPT(c, CURLOPT_WRITEDATA, c);
	call_header(c, "Expect:");
	call_header(c, c->uploads ? "Content-Type: application/x-tar" :
	    "Content-Type: application/json");
	if (c->uploads)
		call_setupload(c);
	else if (strcmp(c->method, "POST") == 0) {
		SETOPT(c, CURLOPT_POSTFIELDS, c->body == NULL ? "" : c->body);
		SETOPT(c, CURLOPT_POSTFIELDSIZE, (long)c->bodylen);
	} else
		SETOPT(c, CURLOPT_CUSTOMREQUEST, c->method);
	SETOPT(c, CURLOPT_HTTPHEADER, c->headers);
}

/*
 * What has a length is sent with it; the rest goes in chunks.
 */
static void
call_setupload(struct docker_call *c)
{
	struct stat sb;
	curl_off_t len;

	len = (curl_off_t)c->datalen;
	if (c->datafd != -1) {
		if (fstat(c->datafd, &sb) == -1)
			fatal("fstat");
		c->stream = !S_ISREG(sb.st_mode);
		len = sb.st_size;
	}
	SETOPT(c, CURLOPT_POST, 1L);
	SETOPT(c, CURLOPT_READFUNCTION, docker_read);
	SETOPT(c, CURLOPT_READDATA, c);
	if (c->stream)
		call_header(c, "Transfer-Encoding: chunked");
	else
		SETOPT(c, CURLOPT_POSTFIELDSIZE_LARGE, len);
}

static void
call_header(struct docker_call *c, const char *line)
{
	struct curl_slist *l;

	if ((l = curl_slist_append(c->headers, line)) == NULL)
		fatalx("curl_slist_append");
	c->headers = l;
}

/*
 * Ends of calls.
 */

static void
call_fail(struct docker_call *c, int code, const char *fmt, ...)
{
	struct docker_reply reply;
	char text[TEXT_MAXLEN];
	va_list ap;

	memset(&reply, 0, sizeof(reply));
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reply.code = code;
	reply.error = text;
	reply.fd = -1;
	call_end(c, &reply);
}

static void
call_finish(struct docker_call *c, CURLcode error)
{
	long status;

	if (c->toolarge) {
		call_fail(c, EX_PROTOCOL, "the container engine's answer is "
		    "too large");
		return;
	}
	switch (error) {
	case CURLE_OK:
		break;
	case CURLE_OPERATION_TIMEDOUT:
		call_fail(c, EX_UNAVAILABLE, "the container engine does not "
		    "answer");
		return;
	case CURLE_ABORTED_BY_CALLBACK:
		call_fail(c, EX_IOERR, "cannot read what is to be sent to the "
		    "container engine");
		return;
	default:
		log_debug("%s: %s", c->path, curl_easy_strerror(error));
		version = 0;
		call_fail(c, EX_UNAVAILABLE, "the container engine hung up");
		return;
	}
	status = 0;
	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (c->line != NULL && status == 200) {
		call_lines(c, 1);
		c->len = 0;
	}
	call_reply(c, (int)status, c->buf, c->len, -1);
}

static void
call_reply(struct docker_call *c, int status, const char *buf, size_t len,
    int fd)
{
	struct docker_reply reply;
	char text[TEXT_MAXLEN];
	const char *message;
	json_t *json;

	memset(&reply, 0, sizeof(reply));
	json = len > 0 ? spec_parse(buf, len) : NULL;
	reply.status = status;
	reply.json = json;
	reply.fd = fd;
	if (fd == -1 && (status < 200 || status > 299)) {
		message = spec_string(json, "message", NULL);
		if (message == NULL)
			(void)snprintf(text, sizeof(text),
			    "the container engine answered with status %d",
			    status);
		else
			spec_text(text, sizeof(text), message,
			    strlen(message));
		reply.code = EX_UNAVAILABLE;
		reply.error = text;
	} else if (json == NULL && strcmp(c->method, "GET") == 0) {
		reply.code = EX_PROTOCOL;
		reply.error = "the container engine's answer is malformed";
		reply.status = 0;
	}
	call_end(c, &reply);
	json_decref(json);
}

/*
 * Whoever is told may make and cancel other calls.
 */
static void
call_end(struct docker_call *c, struct docker_reply *reply)
{
	struct timespec now;
	void (*done)(void *, struct docker_reply *);
	void *arg;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	log_debug("%s %s: %s, %ld ms", c->method, c->path,
	    reply->error != NULL ? reply->error : "done",
	    (long)((now.tv_sec - c->began.tv_sec) * 1000 +
	    (now.tv_nsec - c->began.tv_nsec) / 1000000));
	done = c->done;
	arg = c->arg;
	if (c == greeting)
		greeting = NULL;
	/* what reply->json was made from is not needed any more */
	call_free(c);
	done(arg, reply);
	if (reply->fd != -1)
		close(reply->fd);
	call_next();
}

/*
 * Hands on what came of a stream of JSON, one value a line; the last one may
 * lack its end of line.
 */
static void
call_lines(struct docker_call *c, int last)
{
	json_t *json;
	char *end, *p;
	size_t len;

	for (p = c->buf; c->len > 0; p += len, c->len -= len) {
		end = memchr(p, '\n', c->len);
		if (end == NULL && !last)
			break;
		len = end == NULL ? c->len : (size_t)(end - p) + 1;
		if ((json = spec_parse(p, len)) == NULL)
			continue;
		if (c->line(c->arg, json))
			c->full = 1;
		json_decref(json);
	}
	if (c->len > 0)
		memmove(c->buf, p, c->len);
}

/*
 * The version of the API: the engine's, or ours if that is older.
 */
static void
hello(void)
{
	greeting = call_new("GET", HELLO_TIMEOUT, hello_done, NULL);
	if ((greeting->path = strdup("/version")) == NULL)
		fatal("strdup");
	call_ask(greeting);
}

static void
hello_done(void *arg, struct docker_reply *reply)
{
	struct docker_call *c;
	char text[TEXT_MAXLEN];

	(void)arg;
	if (reply->error != NULL)
		(void)strlcpy(text, reply->error, sizeof(text));
	else if (hello_version(reply->json, text, sizeof(text)) == 0)
		return;
	else
		reply->code = EX_UNAVAILABLE;
	/* whoever asks anew when told begins with another greeting */
	TAILQ_FOREACH(c, &calls, entry)
		c->doomed = c->state == CALL_WAITING;
	do {
		TAILQ_FOREACH(c, &calls, entry)
			if (c->doomed)
				break;
		if (c != NULL)
			call_fail(c, reply->code, "%s", text);
	} while (c != NULL);
}

static int
hello_version(const json_t *json, char *text, size_t size)
{
	const char *max, *min, *name;
	int newest, oldest;

	max = spec_string(json, "ApiVersion", NULL);
	min = spec_string(json, "MinAPIVersion", NULL);
	if (max == NULL || sscanf(max, "1.%3d", &newest) != 1) {
		(void)strlcpy(text, "this is no container engine: it has no "
		    "version", size);
		return (-1);
	}
	if (min == NULL || sscanf(min, "1.%3d", &oldest) != 1)
		oldest = 0;
	if (newest < API_OLDEST || oldest > API_NEWEST) {
		(void)snprintf(text, size, "the container engine is too %s: "
		    "API 1.%d, and 1.%d to 1.%d are known", newest <
		    API_OLDEST ? "old" : "new", newest < API_OLDEST ? newest :
		    oldest, API_OLDEST, API_NEWEST);
		return (-1);
	}
	version = newest < API_NEWEST ? newest : API_NEWEST;
	name = spec_string(json_array_get(json_object_get(json,
	    "Components"), 0), "Name", NULL);
	podman = name != NULL && strncmp(name, "Podman", 6) == 0;
	log_debug("engine API 1.%d, we speak 1.%d", newest, version);
	return (0);
}

/*
 * libcurl's functions.
 */

static curl_socket_t
docker_opensocket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct docker_call *c = arg;
	int fd;

	(void)purpose;
	(void)sa;
	if ((fd = c->fd) == -1)
		return (CURL_SOCKET_BAD);
	c->fd = -1;
	opened = fd;
	return (fd);
}

static int
docker_sockopt(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg;
	(void)fd;
	(void)purpose;
	return (CURL_SOCKOPT_ALREADY_CONNECTED);
}

#ifdef CONNECTS_TWICE
/*
 * libcurl 7.88 forgets what it was told by docker_sockopt() and connects all
 * the same, which would be the end of this process.  It finds this function
 * before that of libc, which the rest of the program gets as ever.
 */
int
docker_connect(int fd, const void *sa, unsigned int len)
{
	if (fd == opened) {
		opened = -1;
		return (0);
	}
	return ((int)syscall(SYS_connect, fd, sa, len));
}
#endif

static size_t
docker_read(char *buf, size_t size, size_t n, void *arg)
{
	struct docker_call *c = arg;
	ssize_t len;

	n *= size;
	if (c->datafd == -1) {
		if (n > c->datalen - (size_t)c->dataoff)
			n = c->datalen - (size_t)c->dataoff;
		memcpy(buf, c->data + c->dataoff, n);
		c->dataoff += (off_t)n;
		return (n);
	}
	if (c->stream)
		len = read(c->datafd, buf, n);
	else
		len = pread(c->datafd, buf, n, c->dataoff);
	if (len == -1 && errno == EAGAIN) {
		event_set(&c->dataev, c->datafd, EV_READ, docker_readable, c);
		event_add(&c->dataev, NULL);
		c->waiting = 1;
		return (CURL_READFUNC_PAUSE);
	}
	if (len == -1)
		return (CURL_READFUNC_ABORT);
	c->dataoff += len;
	return ((size_t)len);
}

static void
docker_readable(int fd, short event, void *arg)
{
	struct docker_call *c = arg;

	(void)fd;
	(void)event;
	c->waiting = 0;
	(void)curl_easy_pause(c->easy, CURLPAUSE_CONT);
}

/* libcurl keeps all of it, and may have no bound of its own. */
static size_t
docker_head(char *data, size_t size, size_t n, void *arg)
{
	struct docker_call *c = arg;

	(void)data;
	n *= size;
	if (n > HEAD_MAX - c->headlen) {
		c->toolarge = 1;
		return (0);
	}
	c->headlen += n;
	return (n);
}

static size_t
docker_write(char *data, size_t size, size_t n, void *arg)
{
	struct docker_call *c = arg;
	char *buf;
	long status;

	n *= size;
	if (c->full) {
		c->paused = 1;
		return (CURL_WRITEFUNC_PAUSE);
	}
	if (n > REPLY_MAX - c->len) {
		c->toolarge = 1;
		return (0);
	}
	if (c->len + n > c->size) {
		buf = recallocarray(c->buf, c->size, (c->len + n) * 2, 1);
		if (buf == NULL)
			fatal("recallocarray");
		c->buf = buf;
		c->size = (c->len + n) * 2;
	}
	memcpy(c->buf + c->len, data, n);
	c->len += n;
	status = 0;
	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (c->line != NULL && status == 200) {
		call_lines(c, 0);
		if (c->len > LINE_MAXLEN) {
			c->toolarge = 1;
			return (0);
		}
	}
	return (n);
}

/*
 * The event loop.
 */

static int
docker_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *sock)
{
	struct event *ev = sock;
	short events;

	(void)easy;
	(void)arg;
	if (ev != NULL)
		event_del(ev);
	if (what == CURL_POLL_REMOVE) {
		free(ev);
		return (0);
	}
	if (ev == NULL) {
		if ((ev = calloc(1, sizeof(*ev))) == NULL)
			fatal("calloc");
		if (curl_multi_assign(multi, fd, ev) != CURLM_OK)
			fatalx("curl_multi_assign");
	}
	events = EV_PERSIST;
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	event_set(ev, fd, events, docker_event, NULL);
	event_add(ev, NULL);
	return (0);
}

static int
docker_settimer(CURLM *m, long ms, void *arg)
{
	struct timeval tv;

	(void)m;
	(void)arg;
	if (ms < 0) {
		evtimer_del(&multi_timer);
		return (0);
	}
	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	evtimer_add(&multi_timer, &tv);
	return (0);
}

static void
docker_event(int fd, short event, void *arg)
{
	int mask, running;

	(void)arg;
	mask = 0;
	if (event & EV_READ)
		mask |= CURL_CSELECT_IN;
	if (event & EV_WRITE)
		mask |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(multi, fd, mask, &running);
	docker_reap();
}

static void
docker_timeout(int fd, short event, void *arg)
{
	int running;

	(void)fd;
	(void)event;
	(void)arg;
	(void)curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0,
	    &running);
	docker_reap();
}

static void
docker_reap(void)
{
	struct docker_call *c;
	CURLMsg *msg;
	CURLcode error;
	char *p;
	int left;

	while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		error = msg->data.result;
		if (curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
		    &p) != CURLE_OK || p == NULL)
			fatalx("curl_easy_getinfo");
		c = (struct docker_call *)(void *)p;
		call_finish(c, error);
	}
}
