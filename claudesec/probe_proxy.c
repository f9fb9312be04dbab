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
 * What serves the loopback: the proxy, its DNS, its transparent ports, the
 * gateway; and the handover that is over.
 */

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inside.h"
#include "probe.h"

#define PROXY		3128
#define GATEWAY		3129
#define API		"api.anthropic.com"

static const char	*proxy_host(void);
static const char	*proxy_loopback(void);
static const char	*proxy_spellings(void);
static const char	*proxy_metadata(void);
static const char	*proxy_other_name(void);
static const char	*proxy_port(void);
static const char	*proxy_userinfo(void);
static const char	*proxy_control(void);
static const char	*proxy_absolute(void);
static const char	*proxy_host_header(void);
static const char	*proxy_smuggle(void);
static const char	*proxy_socks(void);
static const char	*proxy_h2(void);
static const char	*tls_other_name(void);
static const char	*tls_no_name(void);
static const char	*tls_not(void);
static const char	*http_host(void);
static const char	*dns_other_name(void);
static const char	*dns_text(void);
static const char	*dns_https(void);
static const char	*gateway_no_token(void);
static const char	*gateway_files(void);
static const char	*handover_socket(void);
static const char	*handover_inside(void);
static const char	*handover_ports(void);

const struct attempt probe_proxy[] = {
	{ "proxy", "a tunnel to the host's addresses", proxy_host },
	{ "proxy", "a tunnel to the host's loopback", proxy_loopback },
	{ "proxy", "other spellings of the loopback", proxy_spellings },
	{ "proxy", "a tunnel to the cloud's metadata", proxy_metadata },
	{ "proxy", "a tunnel to a name not passed", proxy_other_name },
	{ "proxy", "a tunnel to a port not passed", proxy_port },
	{ "proxy", "a passed name as user name", proxy_userinfo },
	{ "proxy", "control characters in a name", proxy_control },
	{ "proxy", "plain http to the host", proxy_absolute },
	{ "proxy", "a Host header that differs", proxy_host_header },
	{ "proxy", "a request hidden in another", proxy_smuggle },
	{ "proxy", "SOCKS", proxy_socks },
	{ "proxy", "HTTP/2", proxy_h2 },
	{ "transparent", "TLS with a name not passed", tls_other_name },
	{ "transparent", "TLS without a name", tls_no_name },
	{ "transparent", "what is not TLS", tls_not },
	{ "transparent", "http to the host", http_host },
	{ "dns", "a name not passed", dns_other_name },
	{ "dns", "data in a name, as text", dns_text },
	{ "dns", "keys for encrypted hellos", dns_https },
	{ "gateway", "a request without the token", gateway_no_token },
	{ "gateway", "files, with a key of one's own", gateway_files },
	{ "handover", "the socket of the handover", handover_socket },
	{ "handover", "inside, once more", handover_inside },
	{ "handover", "the ports of the proxy, taken", handover_ports },
	{ NULL, NULL, NULL }
};

static int
loopback(int port, int type)
{
	struct sockaddr_in sin;
	int fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons((uint16_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, type, 0)) == -1)
		return (-1);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1) {
		close(fd);
		return (-1);
	}
	return (fd);
}

/* Sends these bytes to a port: how many came back, or -1 with nobody there. */
static ssize_t
ask(int port, int type, const void *data, size_t len, char *answer,
    size_t size)
{
	struct pollfd pfd;
	ssize_t n;

	if ((pfd.fd = loopback(port, type)) == -1)
		return (-1);
	if (send(pfd.fd, data, len, 0) == -1)
		n = 0;
	else {
		pfd.events = POLLIN;
		n = poll(&pfd, 1, 2000) == 1 ?
		    recv(pfd.fd, answer, size - 1, 0) : 0;
	}
	close(pfd.fd);
	if (n < 0)
		n = 0;
	answer[n] = '\0';
	return (n);
}

/* A request that must be refused: its status, or the end. */
static const char *
refused_bytes(int port, const char *request, size_t len)
{
	char answer[512];
	int status;
	ssize_t n;

	n = ask(port, SOCK_STREAM, request, len, answer, sizeof(answer));
	if (n == -1)
		return (held("nobody is there"));
	if (n == 0)
		return (held("closed"));
	if (sscanf(answer, "HTTP/1.%*1[01] %3d", &status) != 1)
		return (escaped("an answer that is not HTTP"));
	/* 502 and 504 went as far as an origin; 505 is a word to HTTP/2 */
	if (status != 505 && (status < 400 || status >= 500))
		return (escaped("status %d", status));
	return (held("status %d", status));
}

static const char *
refused(int port, const char *request)
{
	return (refused_bytes(port, request, strlen(request)));
}

static const char *
tunnel(const char *to, int port)
{
	char request[512];

	(void)snprintf(request, sizeof(request), strchr(to, ':') != NULL &&
	    to[0] != '[' ? "CONNECT [%s]:%d HTTP/1.1\r\nHost: x\r\n\r\n" :
	    "CONNECT %s:%d HTTP/1.1\r\nHost: x\r\n\r\n", to, port);
	return (refused(PROXY, request));
}

static const char *
proxy_host(void)
{
	const char *what;
	size_t i;

	what = held("the host has no address");
	for (i = 0; i < host.naddresses; i++)
		if ((what = tunnel(host.addresses[i], host.port))[0] == '!')
			break;
	return (what);
}

static const char *
proxy_loopback(void)
{
	const char *what;

	if ((what = tunnel("127.0.0.1", host.port))[0] == '!')
		return (what);
	return (tunnel("localhost", host.port));
}

static const char *
proxy_spellings(void)
{
	static const char *const name[] = { "127.1", "127.0.1", "2130706433",
	    "017700000001", "0x7f000001", "0x7f.1", "0177.0.0.01", "0",
	    "0.0.0.0", "127.0.0.1.", "[::1]", "[::]", "[::ffff:127.0.0.1]",
	    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "localhost.", "ip6-localhost",
	    "host.docker.internal", "gateway.docker.internal",
	    "host.containers.internal" };
	const char *what;
	size_t i;

	what = NULL;
	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if ((what = tunnel(name[i], host.port))[0] == '!')
			return (escaped("%s", name[i]));
	return (what);
}

static const char *
proxy_metadata(void)
{
	const char *what;

	if ((what = tunnel("169.254.169.254", 80))[0] == '!')
		return (what);
	return (tunnel("metadata.google.internal", 80));
}

static const char *
proxy_other_name(void)
{
	char name[256];

	(void)snprintf(name, sizeof(name), "%s.example.net", host.nonce);
	return (tunnel(name, 443));
}

static const char *
proxy_port(void)
{
	return (tunnel(API, 25));
}

static const char *
proxy_userinfo(void)
{
	return (tunnel(API "@127.0.0.1", host.port));
}

static const char *
proxy_control(void)
{
	static const char nul[] = "CONNECT 127.0.0.1\0." API
	    ":443 HTTP/1.1\r\n\r\n";
	static const char lf[] = "CONNECT 127.0.0.1\n." API
	    ":443 HTTP/1.1\r\n\r\n";
	const char *what;

	if ((what = refused_bytes(PROXY, nul, sizeof(nul) - 1))[0] == '!')
		return (what);
	return (refused_bytes(PROXY, lf, sizeof(lf) - 1));
}

static const char *
proxy_absolute(void)
{
	const char *what;
	char request[512];
	size_t i;

	what = held("the host has no address");
	for (i = 0; i < host.naddresses; i++) {
		(void)snprintf(request, sizeof(request),
		    strchr(host.addresses[i], ':') != NULL ?
		    "GET http://[%s]:%d/%s HTTP/1.1\r\nHost: x\r\n\r\n" :
		    "GET http://%s:%d/%s HTTP/1.1\r\nHost: x\r\n\r\n",
		    host.addresses[i], host.port, host.nonce);
		if ((what = refused(PROXY, request))[0] == '!')
			break;
	}
	return (what);
}

static const char *
proxy_host_header(void)
{
	char request[512];

	(void)snprintf(request, sizeof(request),
	    "GET http://%s.example.net/ HTTP/1.1\r\nHost: " API "\r\n\r\n",
	    host.nonce);
	return (refused(PROXY, request));
}

static const char *
proxy_smuggle(void)
{
	return (refused(PROXY, "POST http://" API "/ HTTP/1.1\r\n"
	    "Host: " API "\r\nContent-Length: 4\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	    "GET http://127.0.0.1/ HTTP/1.1\r\n\r\n"));
}

static const char *
proxy_socks(void)
{
	static const char hello[] = { 5, 1, 0 };

	return (refused_bytes(PROXY, hello, sizeof(hello)));
}

static const char *
proxy_h2(void)
{
	return (refused(PROXY, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
}

/*
 * A ClientHello of TLS 1.2 with a name, or without one (RFC 5246, RFC 6066).
 */
static size_t
client_hello(unsigned char *p, const char *name)
{
	static const unsigned char ciphers[] = { 0, 2, 0xc0, 0x2f, 1, 0 };
	size_t ext, len, n;

	n = name != NULL ? strlen(name) : 0;
	ext = name != NULL ? n + 9 : 0;
	len = 2 + 32 + 1 + sizeof(ciphers) + 2 + ext;
	memset(p, 0, 9 + len);
	p[0] = 22;
	p[1] = 3;
	p[2] = 1;
	p[3] = (unsigned char)((len + 4) >> 8);
	p[4] = (unsigned char)(len + 4);
	p[5] = 1;
	p[7] = (unsigned char)(len >> 8);
	p[8] = (unsigned char)len;
	p[9] = p[10] = 3;
	memcpy(p + 44, ciphers, sizeof(ciphers));
	p += 44 + sizeof(ciphers);
	p[0] = (unsigned char)(ext >> 8);
	p[1] = (unsigned char)ext;
	if (name != NULL) {
		p[5] = (unsigned char)(n + 5);
		p[7] = (unsigned char)(n + 3);
		p[10] = (unsigned char)n;
		memcpy(p + 11, name, n);
	}
	return (9 + len);
}

static const char *
tls_closed(const void *data, size_t len)
{
	char answer[512];
	ssize_t n;

	n = ask(443, SOCK_STREAM, data, len, answer, sizeof(answer));
	if (n == -1)
		return (held("nobody is there"));
	/* an alert, type 21, is no way out */
	if (n == 0 || answer[0] == 21)
		return (held("closed"));
	return (escaped("%zd bytes came back", n));
}

static const char *
tls_other_name(void)
{
	unsigned char hello[512];
	char name[128];

	(void)snprintf(name, sizeof(name), "%s.example.net", host.nonce);
	return (tls_closed(hello, client_hello(hello, name)));
}

static const char *
tls_no_name(void)
{
	unsigned char hello[512];

	return (tls_closed(hello, client_hello(hello, NULL)));
}

static const char *
tls_not(void)
{
	static const char ssh[] = "SSH-2.0-probe\r\n";

	return (tls_closed(ssh, sizeof(ssh) - 1));
}

static const char *
http_host(void)
{
	const char *what;
	char request[256];
	size_t i;

	what = held("the host has no address");
	for (i = 0; i < host.naddresses; i++) {
		(void)snprintf(request, sizeof(request),
		    "GET /%s HTTP/1.1\r\nHost: %s:%d\r\n\r\n", host.nonce,
		    host.addresses[i], host.port);
		if ((what = refused(80, request))[0] == '!')
			break;
	}
	return (what);
}

/* A question (RFC 1035) must not be answered: REFUSED, or nothing. */
static const char *
dns(const char *name, int qtype)
{
	unsigned char q[512];
	char answer[512];
	const char *dot;
	size_t len, n;
	ssize_t got;

	memset(q, 0, 12);
	q[1] = q[2] = q[5] = 1;
	for (len = 12; *name != '\0'; name += n + (*dot != '\0')) {
		dot = strchrnul(name, '.');
		n = (size_t)(dot - name);
		q[len++] = (unsigned char)n;
		memcpy(q + len, name, n);
		len += n;
	}
	q[len++] = 0;
	q[len++] = 0;
	q[len++] = (unsigned char)qtype;
	q[len++] = 0;
	q[len++] = 1;
	got = ask(53, SOCK_DGRAM, q, len, answer, sizeof(answer));
	if (got < 12)
		return (held("no answer"));
	if (answer[6] != 0 || answer[7] != 0)
		return (escaped("it was answered"));
	return (held("code %d, no answer in it", answer[3] & 0xf));
}

static const char *
dns_other_name(void)
{
	char name[256];

	(void)snprintf(name, sizeof(name), "%s.example.net", host.nonce);
	return (dns(name, 1));
}

static const char *
dns_text(void)
{
	char name[256];

	(void)snprintf(name, sizeof(name), "data-%s.example.net", host.nonce);
	return (dns(name, 16));
}

/* of a passed name: with them a hello could hide its server name */
static const char *
dns_https(void)
{
	return (dns(API, 65));
}

static const char *
gateway_no_token(void)
{
	return (refused(GATEWAY, "POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 2\r\n\r\n{}"));
}

static const char *
gateway_files(void)
{
	return (refused(GATEWAY, "POST /v1/files HTTP/1.1\r\nHost: x\r\n"
	    "x-api-key: probe\r\nContent-Length: 2\r\n\r\n{}"));
}

static const char *
handover_socket(void)
{
	struct sockaddr_un sun;
	int fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s",
	    HANDOVER_PATH);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		return (held("%s", strerror(errno)));
	return (failed(connect(fd, (struct sockaddr *)&sun, sizeof(sun))));
}

static const char *
handover_inside(void)
{
	pid_t pid;
	int status;

	if ((pid = fork()) == -1)
		return (held("%s", strerror(errno)));
	if (pid == 0) {
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		execl("/run/claudesec/inside", "inside", "--", "/bin/true",
		    (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) == -1 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0)
		return (held("refused"));
	return (escaped("it was let through"));
}

static const char *
handover_ports(void)
{
	static const struct handover_socket want[] = HANDOVER_SOCKETS;
	struct sockaddr_in sin;
	int fd, i, on;

	on = 1;
	for (i = 0; i < HANDOVER_MAX; i++) {
		memset(&sin, 0, sizeof(sin));
		sin.sin_family = AF_INET;
		sin.sin_port = htons((uint16_t)want[i].port);
		sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if ((fd = socket(AF_INET, want[i].type, 0)) == -1)
			return (held("%s", strerror(errno)));
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on,
		    sizeof(on));
		if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
			return (escaped("port %d", want[i].port));
		close(fd);
	}
	return (held("%s", strerror(errno)));
}
