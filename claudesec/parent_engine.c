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
 * Of the parent: where the container engine is, and connections to it.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "parent.h"

static void	 find_value(char *, size_t, const char *);
static void	 find_ssh(void);
static void	 parent_socket(uint32_t, int);
static int	 engine_connect(const char *);
static void	 remote_ask(uint32_t);

int		 unreached;
static struct docker_env docker_env;	/* a private daemon follows it */
static char	 engines[4][PATH_MAX];	/* where one may be, or empty */
static const char *engine_found;	/* among these */
static struct remote remote, next_remote;
/* what ssh(1) gets of a private daemon's environment */
static char	 ssh_env[4][ENV_MAXLEN];

/*
 * What of the environment tells where the user's engine is, and where one is
 * looked for otherwise: the system's, this user's own Docker, podman as this
 * user and as root.
 */
void
engine_find(const char *home)
{
	char run[64];
	const char *dir, *value;
	struct stat st;

	find_value(docker_env.host, sizeof(docker_env.host), "DOCKER_HOST");
	find_value(docker_env.context, sizeof(docker_env.context),
	    "DOCKER_CONTEXT");
	find_value(docker_env.directory, sizeof(docker_env.directory),
	    "DOCKER_CONFIG");
	find_value(docker_env.certs, sizeof(docker_env.certs),
	    "DOCKER_CERT_PATH");
	value = getenv("DOCKER_TLS_VERIFY");
	docker_env.verify = value != NULL && value[0] != '\0';
	if (docker_env.directory[0] != '/' &&
	    (size_t)snprintf(docker_env.directory, PATH_MAX, "%s/.docker",
	    home) >= PATH_MAX)
		errx(EX_CONFIG, "the path of .docker is too long");
	(void)strlcpy(engines[0], "/var/run/docker.sock", PATH_MAX);
	(void)strlcpy(engines[3], "/run/podman/podman.sock", PATH_MAX);
	find_ssh();
	/* su(1) leaves another user's behind, and cron(8) none */
	(void)snprintf(run, sizeof(run), "/run/user/%u", getuid());
	dir = getenv("XDG_RUNTIME_DIR");
	if (dir == NULL || dir[0] != '/' || strlen(dir) > PATH_MAX / 2 ||
	    stat(dir, &st) == -1 || st.st_uid != getuid())
		dir = run;
	(void)snprintf(engines[1], PATH_MAX, "%s/docker.sock", dir);
	(void)snprintf(engines[2], PATH_MAX, "%s/podman/podman.sock", dir);
}

/* What is too long for a message is not there. */
static void
find_ssh(void)
{
	static const char *const names[] = { "HOME", "PATH", "SSH_AUTH_SOCK",
	    "USER" };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((value = getenv(names[i])) != NULL &&
		    (size_t)snprintf(ssh_env[i], ENV_MAXLEN, "%s=%s",
		    names[i], value) >= ENV_MAXLEN)
			ssh_env[i][0] = '\0';
}

static void
find_value(char *value, size_t size, const char *name)
{
	const char *s;

	if ((s = getenv(name)) != NULL && strlcpy(value, s, size) >= size)
		errx(EX_USAGE, "%s: too long", name);
}

const struct docker_env *
engine_environment(void)
{
	return (&docker_env);
}

/* Where one is looked for, or NULL after the last one. */
const char *
engine_usual(size_t i)
{
	return (i < sizeof(engines) / sizeof(engines[0]) ? engines[i] : NULL);
}

/*
 * The engine of the configuration; else the first that takes us, and that one
 * from then on, as our containers are there.  If there is none, who was in the
 * way of a user says more than that others are not there.
 */
static int
engine_connect(const char *engine)
{
	size_t i;
	int error, fd;

	if (engine[0] != '\0')
		return (local_connect(SOCK_NONBLOCK, engine));
	if (engine_found != NULL)
		return (local_connect(SOCK_NONBLOCK, engine_found));
	error = ENOENT;
	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (engines[i][0] == '\0')
			continue;
		if ((fd = local_connect(SOCK_NONBLOCK, engines[i])) != -1) {
			engine_found = engines[i];
			log_info("the container engine is at %s",
			    engine_found);
			return (fd);
		}
		if (errno != ENOENT && error == ENOENT)
			error = errno;
	}
	errno = error;
	return (-1);
}

/*
 * Engines elsewhere, of which bridge has the connections.
 */

int
remote_handle(struct imsg *imsg)
{
	if (imsg_get_data(imsg, &next_remote, sizeof(next_remote)) == -1 ||
	    !remote_valid(&next_remote))
		return (-1);
	return (0);
}

/*
 * The configuration is in force: bridge is told where the engine is, and gets
 * what it needs there; or that it is here.
 */
int
remote_use(const char *engine)
{
	static const char *const names[PEM_MAX] = {
		[PEM_CA] = "ca.pem",
		[PEM_CERT] = "cert.pem",
		[PEM_KEY] = "key.pem"
	};
	char path[PATH_MAX];
	struct peer *p;
	size_t i;
	int error, fd;

	remote = next_remote;
	memset(&next_remote, 0, sizeof(next_remote));
	if (remote_is(engine) != (remote.kind != REMOTE_NONE))
		return (-1);
	p = proc_peer(ROLE_BRIDGE);
	peer_send(p, IMSG_PARENT_REMOTE, 0, -1, &remote, sizeof(remote));
	for (i = 0; remote.kind == REMOTE_SSH && i < sizeof(ssh_env) /
	    sizeof(ssh_env[0]); i++)
		if (ssh_env[i][0] != '\0')
			peer_send(p, IMSG_PARENT_ENV, 0, -1, ssh_env[i],
			    strlen(ssh_env[i]));
	for (i = 0; remote.kind == REMOTE_TLS && i < PEM_MAX; i++) {
		error = 0;
		fd = -1;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", remote.tls,
		    names[i]) >= sizeof(path))
			error = ENAMETOOLONG;
		else if ((fd = open_home(path)) == -1)
			error = errno;
		peer_send(p, IMSG_PARENT_PEM, (uint32_t)i, fd, &error,
		    sizeof(error));
	}
	return (0);
}

static void
remote_ask(uint32_t id)
{
	peer_send(proc_peer(ROLE_BRIDGE), IMSG_PARENT_STREAM, id, -1, NULL, 0);
}

/*
 * What is connected is guard's, and the engine process has a way through it.
 */
int
parent_handle_connect(struct imsg *imsg)
{
	if (remote_is(current.engine))
		remote_ask(imsg_get_id(imsg));
	else
		parent_socket(imsg_get_id(imsg),
		    engine_connect(current.engine));
	return (0);
}

/* A connection to the engine for the engine process, or -1 and errno. */
static void
parent_socket(uint32_t id, int fd)
{
	int error;

	error = fd == -1 ? errno : 0;
	unreached = fd == -1;
	peer_send(proc_peer(ROLE_GUARD), IMSG_PARENT_SOCKET, id, fd, &error,
	    sizeof(error));
}

int
parent_dispatch_bridge(struct peer *p, struct imsg *imsg)
{
	struct ctl_error ce;
	int fd;

	(void)p;
	if (!remote_is(current.engine))
		return (-1);
	switch (imsg_get_type(imsg)) {
	case IMSG_BRIDGE_STREAM:
		if ((fd = imsg_get_fd(imsg)) == -1)
			return (-1);
		parent_socket(imsg_get_id(imsg), fd);
		return (0);
	case IMSG_BRIDGE_FAILED:
		if (imsg_get_data(imsg, &ce, sizeof(ce)) == -1 ||
		    !imsg_is_string(ce.text, sizeof(ce.text)))
			return (-1);
		unreached = 1;
		peer_send(proc_peer(ROLE_ENGINE), IMSG_PARENT_NOSOCKET,
		    imsg_get_id(imsg), -1, &ce, sizeof(ce));
		return (0);
	default:
		return (-1);
	}
}
