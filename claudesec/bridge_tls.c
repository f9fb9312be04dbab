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
 * TLS to a container engine elsewhere: the certificates and the key that
 * Docker's own client has.
 */

#include <sys/types.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "bridge.h"

static int	 add_authorities(SSL_CTX *, BIO *);
static int	 add_chain(SSL_CTX *, BIO *);
static const char *add_key(SSL_CTX *, BIO *);
static int	 no_passphrase(char *, int, int, void *);
static int	 tls_name(SSL *, const char *);
static __dead void tls_failed(struct stream *);
static int	 tls_wants(struct stream *, int);

SSL_CTX *
tls_context(const struct remote *r, char *const pem[PEM_MAX],
    const size_t len[PEM_MAX], char why[TEXT_MAXLEN])
{
	SSL_CTX *ctx;
	BIO *bio[PEM_MAX];
	const char *error;
	int i;

	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL)
		fatalx("SSL_CTX_new");
	for (i = 0; i < PEM_MAX; i++)
		if ((bio[i] = BIO_new_mem_buf(pem[i], (int)len[i])) == NULL)
			fatalx("BIO_new_mem_buf");
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		fatalx("SSL_CTX_set_min_proto_version");
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_TICKET);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (add_authorities(ctx, bio[PEM_CA]) == -1)
		error = "ca.pem: no certificate of an authority";
	else if (add_chain(ctx, bio[PEM_CERT]) == -1)
		error = "cert.pem: no certificate";
	else
		error = add_key(ctx, bio[PEM_KEY]);
	for (i = 0; i < PEM_MAX; i++)
		BIO_free(bio[i]);
	ERR_clear_error();
	if (error == NULL)
		return (ctx);
	(void)snprintf(why, TEXT_MAXLEN, "%.512s/%s", r->tls, error);
	SSL_CTX_free(ctx);
	return (NULL);
}

static int
add_authorities(SSL_CTX *ctx, BIO *bio)
{
	X509_STORE *store;
	X509 *cert;
	int n;

	n = 0;
	store = SSL_CTX_get_cert_store(ctx);
	while ((cert = PEM_read_bio_X509(bio, NULL, no_passphrase,
	    NULL)) != NULL) {
		n += X509_STORE_add_cert(store, cert);
		X509_free(cert);
	}
	return (n > 0 ? 0 : -1);
}

/* Ours is the first one. */
static int
add_chain(SSL_CTX *ctx, BIO *bio)
{
	X509 *cert;
	int n;

	for (n = 0; (cert = PEM_read_bio_X509(bio, NULL, no_passphrase,
	    NULL)) != NULL; n++) {
		if ((n == 0 ? SSL_CTX_use_certificate(ctx, cert) :
		    (int)SSL_CTX_add1_chain_cert(ctx, cert)) != 1)
			n = -1;
		X509_free(cert);
		if (n == -1)
			return (-1);
	}
	return (n > 0 ? 0 : -1);
}

static const char *
add_key(SSL_CTX *ctx, BIO *bio)
{
	const char *error;
	EVP_PKEY *key;
	int asked;

	asked = 0;
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	if (asked)
		error = "key.pem: has a passphrase, which nobody can be "
		    "asked for";
	else if (key == NULL)
		error = "key.pem: no key";
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		error = "key.pem: not the key of cert.pem";
	else
		error = NULL;
	EVP_PKEY_free(key);
	return (error);
}

static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	int *asked = arg;

	(void)buf;
	(void)size;
	(void)writing;
	if (asked != NULL)
		*asked = 1;
	return (-1);
}

void
tls_connect(struct stream *s, SSL_CTX *ctx)
{
	int n;

	if ((s->ssl = SSL_new(ctx)) == NULL ||
	    SSL_set_fd(s->ssl, s->fd) != 1 ||
	    tls_name(s->ssl, s->remote->host) != 1)
		stream_fail(s, EX_OSERR, "SSL_new");
	ERR_clear_error();
	while ((n = SSL_connect(s->ssl)) != 1) {
		if (!tls_wants(s, n))
			tls_failed(s);
		if (!stream_wait(s, s->fd, s->want))
			stream_fail(s, EX_UNAVAILABLE, "TLS: no answer");
	}
}

/* An address is in another field than a name, and is not told. */
static int
tls_name(SSL *ssl, const char *host)
{
	struct in6_addr in6;
	struct in_addr in;

	if (inet_pton(AF_INET, host, &in) == 1 ||
	    inet_pton(AF_INET6, host, &in6) == 1)
		return (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
		    host));
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* a macro that would cast it */
	if (SSL_set_tlsext_host_name(ssl, (void *)(uintptr_t)host) != 1)
		return (0);
	return (SSL_set1_host(ssl, host));
}

static void
tls_failed(struct stream *s)
{
	const char *reason;
	unsigned long error;
	long verify;

	error = ERR_get_error();
	verify = SSL_get_verify_result(s->ssl);
	if (verify == X509_V_ERR_HOSTNAME_MISMATCH ||
	    verify == X509_V_ERR_IP_ADDRESS_MISMATCH)
		stream_fail(s, EX_UNAVAILABLE, "its certificate is not for "
		    "%.64s, but for another name", s->remote->host);
	if (verify == X509_V_ERR_CERT_HAS_EXPIRED)
		stream_fail(s, EX_UNAVAILABLE,
		    "its certificate has expired");
	if (verify != X509_V_OK)
		stream_fail(s, EX_UNAVAILABLE, "its certificate does not "
		    "verify by ca.pem: %s",
		    X509_verify_cert_error_string(verify));
	reason = ERR_reason_error_string(error);
	if (ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER)
		reason = "it does not speak it";
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
	else if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		reason = "it hung up";
#endif
	else if (ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET)
		stream_fail(s, EX_NOPERM, "it does not take cert.pem: %s",
		    reason == NULL ? "no reason" : reason);
	stream_fail(s, EX_UNAVAILABLE, "TLS: %s", reason == NULL ?
	    "it hung up" : reason);
}

/* Is it only a matter of waiting? */
static int
tls_wants(struct stream *s, int n)
{
	switch (SSL_get_error(s->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		s->want = POLLIN;
		return (1);
	case SSL_ERROR_WANT_WRITE:
		s->want = POLLOUT;
		return (1);
	default:
		return (0);
	}
}

ssize_t
tls_read(struct stream *s, void *buf, size_t len)
{
	int n;

	ERR_clear_error();
	n = SSL_read(s->ssl, buf, (int)len);
	if (n > 0)
		return (n);
	if (tls_wants(s, n))
		return (-1);
	/* what a client is refused for comes now */
	if (ERR_GET_REASON(ERR_peek_error()) > SSL_AD_REASON_OFFSET)
		tls_failed(s);
	return (0);
}

ssize_t
tls_write(struct stream *s, const void *buf, size_t len)
{
	int n;

	ERR_clear_error();
	n = SSL_write(s->ssl, buf, (int)len);
	if (n > 0)
		return (n);
	return (tls_wants(s, n) ? -1 : 0);
}

/* Ours alone: what comes from there goes on. */
int
tls_shutdown(struct stream *s)
{
	int n;

	ERR_clear_error();
	n = SSL_shutdown(s->ssl);
	return (n < 0 && tls_wants(s, n) ? -1 : 0);
}
