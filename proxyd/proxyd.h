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

#ifndef PROXYD_H
#define PROXYD_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "log.h"

/*
 * policy.c: names, ports, addresses, rules.  Pure.
 *
 * Every name that moves inside proxyd is normalised: what host_parse()
 * writes is lower case, without a trailing dot, and matches [a-z0-9.-]+.
 */
#define HOST_MAX	253		/* characters of a name */
#define HOST_SIZE	(HOST_MAX + 1)	/* with its NUL */
#define HOST_LABEL_MAX	63
#define PATTERN_SIZE	(HOST_SIZE + 2)	/* "*." in front */
#define RULE_PORTS	32
#define RULE_ADDRS	16
#define ADDR_STRLEN	46		/* as INET6_ADDRSTRLEN */
#define PREFIX_STRLEN	(ADDR_STRLEN + 4)

enum host_result {
	HOST_OK,
	HOST_MALFORMED,			/* answer 400 */
	HOST_ADDRESS			/* a literal address: answer 403 */
};

/* An address as it stands in a DNS answer; family is AF_INET or AF_INET6. */
struct netaddr {
	sa_family_t	 family;
	uint8_t		 bytes[16];
};

struct prefix {
	struct netaddr	 addr;
	uint8_t		 len;
};

enum rule_action {
	RULE_PASS = 1,
	RULE_BLOCK
};

/*
 * A rule as it stands in the configuration, without its names.  No ports
 * mean 443 for a pass rule and every port for a block rule.  It holds no
 * pointers, so that it can travel in a message; policy_add_rule() checks it.
 */
struct rule {
	uint8_t		 action;
	uint8_t		 plain;		/* the port does not speak TLS */
	uint8_t		 nports;
	uint8_t		 naddrs;
	uint16_t	 ports[RULE_PORTS];
	struct prefix	 addrs[RULE_ADDRS]; /* lift the inside refusal */
};

struct rule_name {
	char		*name;		/* without "*." */
	uint32_t	 rule;		/* index of its rule */
	uint8_t		 wild;		/* the labels below it, not itself */
};

struct policy {
	struct rule		*rules;
	size_t			 nrules;
	size_t			 rules_size;
	struct rule_name	*names;	/* sorted by policy_seal() */
	size_t			 nnames;
	size_t			 names_size;
};

/*
 * On failure the parsers below point *why at a static string of one line.
 * None of them wants a NUL behind its input, and each refuses one inside.
 */
enum host_result host_parse(const char *, size_t, char [HOST_SIZE],
		    const char **);
int		 port_parse(const char *, size_t, uint16_t *);
enum host_result hostport_parse(const char *, size_t, char [HOST_SIZE],
		    uint16_t *, const char **);

int		 addr_parse(const char *, struct netaddr *);
const char	*addr_print(const struct netaddr *, char [ADDR_STRLEN]);
int		 addr_from_sockaddr(const struct sockaddr *, struct netaddr *);
socklen_t	 addr_to_sockaddr(const struct netaddr *, uint16_t,
		    struct sockaddr_storage *);
int		 addr_equal(const struct netaddr *, const struct netaddr *);
int		 addr_inside(const struct netaddr *, const struct netaddr *,
		    size_t);
int		 prefix_parse(const char *, struct prefix *);
const char	*prefix_print(const struct prefix *, char [PREFIX_STRLEN]);
int		 prefix_covers(const struct prefix *, const struct netaddr *);

/*
 * Build: policy_init(), then policy_add_rule() and policy_add_name() for the
 * rule added last, then policy_seal(); only then the questions.  The
 * functions that add return -1 with errno EINVAL or ENOMEM.
 */
void		 policy_init(struct policy *);
int		 policy_add_rule(struct policy *, const struct rule *);
int		 policy_add_name(struct policy *, const char *,
		    const char **);
void		 policy_seal(struct policy *);
void		 policy_free(struct policy *);
/* The rule that decides, pass or block; NULL: nothing matches, so blocked. */
const struct rule *policy_decide(const struct policy *, const char *,
		    uint16_t);
/* Is there a port on which this name passes?  For DNS. */
int		 policy_name_passed(const struct policy *, const char *);
/* May this rule's connection dial the address?  The last two: own addresses. */
int		 policy_addr_passed(const struct rule *,
		    const struct netaddr *, const struct netaddr *, size_t);

/*
 * words.c: words of HTTP.  Pure.
 */
int		 word_is(const char *, size_t, const char *);
int		 word_begins(const char *, size_t, const char *);
size_t		 word_token(const char *, size_t);
int		 word_is_text(const char *, size_t);

/* how a body is framed; the last one by the connection's end */
enum { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_CLOSE };

/*
 * http.c: request heads in, request heads and error responses out.  Pure.
 *
 * http_parse() is called with the same buffer, from the head's first byte,
 * whenever it has grown (it may have moved: only offsets are kept), until it
 * returns something else than HTTP_MORE.  Every byte is looked at once.
 *
 * Every forwarded request is the only one of its upstream connection
 * (Connection: close), with its body framed by exactly one length or by chunks
 * that are made anew.
 */
#define HTTP_HEAD_MAX	16384		/* else 431 */
#define HTTP_LINE_MAX	8192		/* request line, else 414 */
#define HTTP_HEADERS	100		/* else 431 */
#define HTTP_CONN_MAX	16		/* options named by Connection */
#define HTTP_REBUILD_MAX (HTTP_HEAD_MAX + 512)
#define HTTP_ERROR_MAX	2048

enum http_mode {
	HTTP_PROXY,			/* CONNECT and absolute-form */
	HTTP_TRANSPARENT,		/* origin-form, Host decides */
	HTTP_GATEWAY			/* origin-form, of HTTP/1.1 alone */
};

enum http_result {
	HTTP_MORE,
	HTTP_DONE,
	HTTP_ERROR			/* status and why are set */
};

struct http_head {
	/* What came out, valid after HTTP_DONE. */
	char		 host[HOST_SIZE];
	uint16_t	 port;
	uint8_t		 connect;	/* CONNECT: a tunnel */
	uint8_t		 chunked;	/* and body is 0 */
	uint8_t		 has_length;	/* body may be 0 */
	uint8_t		 minor;		/* HTTP/1.minor */
	size_t		 len;		/* of the head, in the buffer */
	uint64_t	 body;		/* bytes that follow the head */

	/* Valid after HTTP_ERROR. */
	int		 status;
	const char	*why;

	/* The parser's own. */
	uint8_t		 mode;
	uint8_t		 headers;
	uint8_t		 seen;
	uint8_t		 nconn;
	uint16_t	 line;		/* where the current line starts */
	uint16_t	 scan;		/* first byte not looked at */
	uint16_t	 method_len;
	uint16_t	 path;
	uint16_t	 path_len;
	uint16_t	 fields;	/* where the first field line starts */
	struct {
		uint16_t off;
		uint16_t len;
	}		 conn[HTTP_CONN_MAX];
};

struct http_field {
	const char	*name, *value;	/* in the head's buffer */
	size_t		 name_len, value_len;
	int		 hop;		/* Connection names it */
};

void		 http_init(struct http_head *, enum http_mode);
enum http_result http_parse(struct http_head *, const char *, size_t);
/* The head to send upstream; its length, or -1 if it does not fit. */
ssize_t		 http_rebuild(const struct http_head *, const char *, char *,
		    size_t);
/* The next field from an offset on, which is 0 at first; 0: none any more. */
int		 http_field(const struct http_head *, const char *, size_t *,
		    struct http_field *);
/* Does the client say that this was its last request? */
int		 http_closes(const struct http_head *, const char *);
/* 1: it expects 100-continue; -1: something else. */
int		 http_expects(const struct http_head *, const char *);
/* A whole response: status and one line that says why; its length. */
size_t		 http_error(char *, size_t, int, const char *);

/*
 * gateway.c: which requests go to the API.  Pure.
 */
#define GATE_PATH_SIZE		1024	/* of a path and its query */
#define GATE_ALLOW_SIZE		128
#define GATE_ALLOWS		64
#define GATE_HEADER_SIZE	8192	/* of one field */
#define GATE_HEAD_SIZE		(HTTP_HEAD_MAX + 8192) /* with the key's */
#define GATE_SECRET_SIZE	4096
#define GATE_SECRET_MIN		8
#define GATE_CA_MAX		(1024 * 1024)
#define GATE_CA_PIECE		8192
#define GATE_CA_LINE		80

enum { GATE_GET, GATE_HEAD, GATE_POST, GATE_PUT, GATE_PATCH, GATE_DELETE,
    GATE_METHODS };

extern const char *const gate_methods[GATE_METHODS];
extern const char *const gate_defaults[];	/* ends with NULL */

struct gate_allow {
	uint8_t		 method;
	uint8_t		 any;		/* one segment more, whatever it is */
	char		 path[GATE_ALLOW_SIZE];
};

struct gate_request {
	uint8_t		 method;
	uint8_t		 framing;
	uint8_t		 expect;	/* 100-continue */
	uint8_t		 close;		/* the client's last */
	uint64_t	 length;	/* of the body, if it has one */
	char		 path[GATE_PATH_SIZE];
};

int		 gate_path_sound(const char *);
int		 gate_allow_parse(const char *, struct gate_allow *);
int		 gate_allowed(const struct gate_allow *, size_t, uint8_t,
		    const char *);
int		 gate_request(struct gate_request *, const struct http_head *,
		    const char *, const char *, const struct gate_allow *,
		    size_t, const char **);
int		 gate_request_sound(const struct gate_request *);
ssize_t		 gate_header(const struct http_head *, const char *, size_t *,
		    char [GATE_HEADER_SIZE]);
int		 gate_header_sound(const char *);
int		 gate_header_passes(const char *, size_t);

/*
 * response.c: how answers are framed, and their heads anew.  Pure.
 */
#define RESPONSE_MAX		16384	/* of a head */
#define RESPONSE_REBUILD_MAX	(RESPONSE_MAX + 128)
#define CHUNK_HEAD		16	/* in front of a chunk */
#define LAST_CHUNK		"0\r\n\r\n"
#define LAST_CHUNK_LEN		(sizeof(LAST_CHUNK) - 1)
/* what a piece of an answer can grow by */
#define ANSWER_ROOM		(RESPONSE_REBUILD_MAX + CHUNK_HEAD + \
				    2 + LAST_CHUNK_LEN)

enum response_result { RESPONSE_MORE, RESPONSE_DONE, RESPONSE_BAD };

#define RESPONSE_TO_HEAD	1	/* the request was HEAD */
#define RESPONSE_ANY		2	/* HTTP/1.0, and ends without a word */

struct response {
	unsigned int	 flags;
	int		 status;
	int		 old;		/* HTTP/1.0 */
	int		 framing;
	int		 chunked;
	int		 has_length;
	int		 close;		/* the connection's last */
	uint64_t	 length;
	size_t		 fields;	/* where they start */
	size_t		 len;		/* of the head */
};

struct chunked {
	uint8_t		 state;
	uint8_t		 digits;
	uint64_t	 left;
};

/* an answer on its way through; the first four are the caller's to set */
struct answer {
	unsigned int	 flags;
	int		 old;		/* the client's version is HTTP/1.0 */
	int		 closes;	/* the client's connection, behind it */
	char		*head;		/* RESPONSE_MAX bytes, until begun */
	size_t		 head_len;
	unsigned int	 interim;	/* answers before the one */
	int		 begun;		/* its head is complete */
	int		 whole;		/* its end was seen */
	int		 extra;		/* it goes on behind its end */
	struct response	 resp;
	struct chunked	 chunked;
	uint64_t	 left;
};

ssize_t		 answer_take(struct answer *, char *, size_t, char *);
int		 answer_end(struct answer *);
enum response_result response_parse(struct response *, const char *, size_t,
		    unsigned int);
ssize_t		 response_rebuild(const struct response *, const char *, int,
		    char *, size_t);
void		 chunked_init(struct chunked *);
int		 chunked_done(const struct chunked *);
ssize_t		 chunked_decode(struct chunked *, uint8_t *, size_t, size_t *);
size_t		 chunked_frame(char *, size_t);

/*
 * hello.c: the ClientHello, looked at and left where it is.  Pure.
 *
 * hello_parse() is called with all bytes that can be peeked so far.  With
 * HELLO_MORE it says how many must be there before another call makes sense
 * (SO_RCVLOWAT); that is never more than HELLO_MAX.  The buffer is spent
 * afterwards: the heads of records are squeezed out of it in place.
 */
#define HELLO_MAX	16384

enum hello_result {
	HELLO_MORE,
	HELLO_OK,			/* name is set */
	HELLO_BAD			/* why is set */
};

struct hello {
	char		 name[HOST_SIZE];
	const char	*why;
	size_t		 need;
};

enum hello_result hello_parse(struct hello *, uint8_t *, size_t);

/*
 * dns.c: questions and answers in wire form.  Pure.
 */
#define DNS_UDP_MAX	1232		/* what we take over UDP */
#define DNS_QUERY_MAX	(12 + HOST_MAX + 2 + 4 + 11)
#define DNS_REPLY_MAX	(DNS_QUERY_MAX + 16)
#define DNS_ADDRS	64		/* in one answer */
#define DNS_MIX		32		/* bytes of random bits for a name */

#define DNS_A		1
#define DNS_CNAME	5
#define DNS_SOA		6
#define DNS_AAAA	28
#define DNS_OPT		41

#define DNS_NOERROR	0
#define DNS_NXDOMAIN	3
#define DNS_REFUSED	5

enum dns_result {
	DNS_BAD,			/* not the answer to this query */
	DNS_TRUNCATED,			/* ask again over TCP */
	DNS_ADDRESSES,			/* at least one */
	DNS_NOTHING,			/* the name has none of this type */
	DNS_NONAME,			/* NXDOMAIN */
	DNS_FAILED			/* any other rcode, or malformed */
};

struct dns_answer {
	uint32_t	 ttl;		/* smallest used; 0: not to be kept */
	uint8_t		 rcode;
	unsigned int	 naddrs;
	struct netaddr	 addrs[DNS_ADDRS];
};

struct dns_question {
	char		 name[HOST_SIZE]; /* empty: none that could pass */
	uint16_t	 type;
	uint16_t	 len;		/* of header and question */
	uint8_t		 edns;
};

/* id, name, type, DNS_MIX random bytes or NULL, with EDNS; length or 0. */
size_t		 dns_query(uint8_t [DNS_QUERY_MAX], uint16_t, const char *,
		    uint16_t, const uint8_t *, int);
/* The message, the query that was sent. */
enum dns_result	 dns_answer(struct dns_answer *, const uint8_t *, size_t,
		    const uint8_t *, size_t);
/* 0, or -1: malformed, to be dropped. */
int		 dns_question(struct dns_question *, const uint8_t *, size_t);
/* The message that held the question, rcode, IPv4 address or NULL, TTL. */
size_t		 dns_reply(uint8_t [DNS_REPLY_MAX], const uint8_t *,
		    const struct dns_question *, int, const uint8_t *,
		    uint32_t);

/*
 * proxyd.c
 */
#define PROXYD_USER		"_proxyd"
#define PROXYD_CHROOT		"/var/empty"
#define PROXYD_CONF		"/etc/proxyd.conf"

enum {
	ROLE_PARENT,
	ROLE_FRONTEND,
	ROLE_RESOLVER,
	ROLE_RELAY,
	ROLE_KEEPER
};

/*
 * What the processes tell each other.  The id is a connection's, given by the
 * frontend.  An ASK ends in exactly one of REFUSED, FAILED, DONE; only then
 * is its id given to another.  It is a number and the number's turn, so that
 * a message that crosses such an end is not taken for the next connection's.
 */
#define CONN_BITS	20
#define CONN_MASK	((1U << CONN_BITS) - 1)

enum imsg_type {
	IMSG_NONE,

	/* from the parent: a configuration, taken as a whole at its end */
	IMSG_RECONF_CONF = 10,	/* struct settings, starts a new one */
	IMSG_RECONF_SERVER,	/* struct server, a resolver to ask */
	IMSG_RECONF_RULE,	/* struct rule */
	IMSG_RECONF_NAME,	/* a name of the rule before */
	IMSG_GATE_CONF,		/* struct gate_conf, there is a gateway */
	IMSG_GATE_ALLOW,	/* struct gate_allow, of frontend and keeper */
	IMSG_GATE_TOKEN,	/* frontend: what the agent has for a key */
	IMSG_GATE_KEY,		/* keeper: what the API takes for one */
	IMSG_GATE_CA,		/* keeper: a piece of the certificates */
	IMSG_RECONF_END,	/* take it */
	IMSG_LISTEN,		/* uint32_t, enum listen_kind; the socket */
	IMSG_TOTALS,		/* log them */
	IMSG_OWN,		/* resolver: struct own, the host's addresses */

	/* to the parent */
	IMSG_RECONF_DONE,	/* uint32_t, 1 if it is in force there */

	/* frontend to resolver */
	IMSG_ASK,		/* struct ask; may this connection be? */
	IMSG_ASK_NAME,		/* a name; may it be resolved? */

	/* resolver to frontend */
	IMSG_REFUSED,		/* uint32_t, enum refusal */
	IMSG_NAME,		/* uint32_t, 1 if it may */

	/* resolver and relay */
	IMSG_DIAL,		/* struct dial */
	IMSG_RECHECK,		/* to relay: ask about every connection */
	IMSG_CHECK,		/* to resolver: struct dial; may it still be? */
	IMSG_CUT,		/* to relay: it may not */

	/* relay to frontend */
	IMSG_CONNECTED,		/* uint32_t, whether the port is plain */
	IMSG_FAILED,		/* uint32_t, enum refusal */
	IMSG_DONE,		/* uint32_t, 1 if it was closed, not reset */

	/* what a parent proxy answers, which the frontend reads */
	IMSG_REPLY,		/* relay: all that has come of it */
	IMSG_REPLIED,		/* frontend: uint32_t, to take; 0: wait */

	/* frontend to relay, after IMSG_CONNECTED */
	IMSG_GO,		/* struct go; the client */
	IMSG_CANCEL,		/* the client is gone, refused, or answered */

	/*
	 * Frontend to keeper, for the gateway: REQUEST, any HEADERs, GO; then
	 * END if the body is chunked.  What comes back is FAILED or DONE,
	 * after which the id may be used for another one.
	 */
	IMSG_GATE_REQUEST,	/* struct gate_request; where to answer */
	IMSG_GATE_HEADER,	/* a field, "name: value" */
	IMSG_GATE_GO,		/* where the body comes from, if there is one */
	IMSG_GATE_END,		/* uint64_t, the length of the body */
	IMSG_GATE_CANCEL,	/* the client is gone, or its body is wrong */

	/* keeper to frontend */
	IMSG_GATE_FAILED,	/* uint32_t, enum refusal; nothing was said */
	IMSG_GATE_DONE,		/* uint32_t, 1 if more may be asked */

	/* keeper to resolver, which answers with DIAL or REFUSED */
	IMSG_GATE_ASK		/* where is the API? */
};

/* why a connection does not come to be; refusals[] in proxyd.c says more */
enum refusal {
	REFUSAL_NONE,
	REFUSAL_BLOCKED,	/* no rule passes it */
	REFUSAL_INSIDE,		/* an address that points inside */
	REFUSAL_NONAME,		/* there is no such name */
	REFUSAL_NOADDR,		/* the name has no address */
	REFUSAL_DNSFAIL,	/* the resolver could not say */
	REFUSAL_DNSTIME,	/* no answer from the resolver */
	REFUSAL_BUSY,		/* too many questions at once */
	REFUSAL_CONNECT,	/* the server refuses, or cannot be reached */
	REFUSAL_TIMEOUT,	/* the server does not answer */
	REFUSAL_VIA,		/* the parent proxy cannot be found */
	REFUSAL_GATEWAY,	/* the API, which has a gateway */
	REFUSAL_NOGATEWAY,	/* there is none */
	REFUSAL_TLS,		/* the API's certificate is not good */
	REFUSAL_BROKEN,		/* its answer is none, or breaks off */
	REFUSAL_HUNGUP,		/* it hung up instead of an answer */
	REFUSAL_MAX
};

enum ask_kind {
	ASK_TUNNEL,		/* CONNECT, or a transparent TLS connection */
	ASK_HTTP,		/* a request to forward */
	ASK_GATEWAY		/* the resolver's own: the keeper asks */
};

struct ask {
	uint32_t	 kind;		/* enum ask_kind */
	uint16_t	 port;
	char		 host[HOST_SIZE];
};

/* what the relay may connect a connection to, and what it was asked for */
#define DIAL_ADDRS	8
struct dial {
	uint16_t	 port;
	uint16_t	 via;		/* port of a parent proxy, or 0 */
	uint8_t		 plain;
	uint8_t		 naddrs;
	struct netaddr	 addrs[DIAL_ADDRS];
	char		 host[HOST_SIZE];
};

#define REPLY_MAX	4096	/* of a parent proxy's head */

/* start moving bytes; the client is for the log */
struct go {
	struct netaddr	 client;
	uint16_t	 port;
};

/* the order of the transparent ones is that of the handover */
enum listen_kind {
	LISTEN_PROXY,
	LISTEN_DNS_UDP,
	LISTEN_DNS_TCP,
	LISTEN_TLS,
	LISTEN_HTTP,
	LISTEN_GATEWAY,
	LISTEN_MAX
};

enum timeout_id {
	TIMEOUT_HEAD,		/* a request's head to be complete */
	TIMEOUT_HELLO,		/* a ClientHello to be complete */
	TIMEOUT_DIAL,		/* a server to answer */
	TIMEOUT_ANSWER,		/* the head of an answer to be complete */
	TIMEOUT_IDLE,		/* a connection without a byte */
	TIMEOUT_LIFE,		/* any connection */
	TIMEOUT_MAX
};

enum limit_id {
	LIMIT_CONNECTIONS,	/* all that there are */
	LIMIT_CLIENT,		/* those of one client's address */
	LIMIT_HEADS,		/* those that have not asked yet */
	LIMIT_LOOKUPS,		/* names being resolved */
	LIMIT_CACHE,		/* names remembered */
	LIMIT_QUESTIONS,	/* DNS questions a second */
	LIMIT_MAX
};

struct settings {
	uint32_t	 timeouts[TIMEOUT_MAX];	/* seconds */
	uint32_t	 limits[LIMIT_MAX];
	uint32_t	 json;			/* log lines in JSON */
	uint16_t	 via_port;		/* of a parent proxy, or 0 */
	char		 via[HOST_SIZE];	/* its name or address */
};

struct server {
	struct netaddr	 addr;
	uint16_t	 port;
};

#define SERVERS_MAX	4
#define LISTEN_ADDRS	16

/*
 * The host's own addresses, as far as they are not inside as it is.  Only
 * those that there are travel in a message.
 */
#define OWN_MAX		256
struct own {
	uint32_t	 n;
	struct netaddr	 addrs[OWN_MAX];
};
#define OWN_LEN(n)	(offsetof(struct own, addrs) + \
			    (n) * sizeof(struct netaddr))

/* one statement: a port, or the four transparent ones */
struct listen_addr {
	struct netaddr	 addr;
	uint16_t	 port;		/* 0: transparent */
	uint8_t		 gateway;	/* else a proxy */
};

/* where the API is, and what it wants */
struct gate_conf {
	char		 host[HOST_SIZE];
	uint16_t	 port;
	uint8_t		 plain;		/* no TLS */
	uint8_t		 bearer;	/* the key is a token, so to say */
	uint8_t		 kept;		/* the key stays as it was */
	uint8_t		 naddrs;
	struct prefix	 addrs[RULE_ADDRS]; /* may be though inside */
	char		 prefix[GATE_ALLOW_SIZE]; /* of all paths, or empty */
};

/* NULL for what was not given */
struct gateway {
	struct gate_conf conf;		/* without a host: there is none */
	struct gate_allow allows[GATE_ALLOWS];
	size_t		 nallows;
	char		*token;
	char		*key;
	char		*ca;		/* PEM */
	size_t		 ca_len;
};

struct config {
	struct settings	 settings;
	struct listen_addr listens[LISTEN_ADDRS];
	size_t		 nlistens;
	char		 handover[104];	/* path, or empty */
	struct server	 servers[SERVERS_MAX];
	size_t		 nservers;
	struct policy	 policy;	/* in the order written */
	struct gateway	 gateway;
};

struct imsg;

/* messages.c, which also has the table: settings from a message, or -1 */
int		 settings_get(const struct imsg *, struct settings *);

struct refusal_text {
	int		 status;	/* of the HTTP response */
	const char	*text;
};
extern const struct refusal_text refusals[REFUSAL_MAX];

__dead void	 usage(void);

/*
 * parse.y: reads a configuration from a stream; the name is for messages,
 * which go to the last function given, one line each (file:line: what is
 * wrong).  The other function opens the files with lists that it names.  NULL
 * after any error.
 */
struct macro {
	const char	*value;		/* NAME=value */
	TAILQ_ENTRY(macro) entry;
};
TAILQ_HEAD(macros, macro);

struct config	*parse_config(FILE *, const char *, const struct macros *,
		    FILE *(*)(const char *), void (*)(const char *));

/* conf_set.c */
extern const char *const timeout_names[TIMEOUT_MAX];
extern const char *const limit_names[LIMIT_MAX];

struct config	*config_new(void);
void		 config_free(struct config *);
/* Wipes what is secret, which stays where it was sent to. */
void		 config_forget(struct config *);

/* printconf.c: prints what parses to the same again */
void		 print_config(FILE *, const struct config *);

/*
 * report.c: a line of the log that is made of keys and values, or of JSON if
 * that is asked for; and milliseconds that go on, whoever sets the time.
 */
struct report {
	char		 buf[1536];
	size_t		 len;
	int		 json;
};

void		 report_start(struct report *, const char *, int);
void		 report_string(struct report *, const char *, const char *);
void		 report_number(struct report *, const char *, uint64_t);
void		 report_address(struct report *, const char *,
		    const struct netaddr *, uint16_t);
void		 report_end(struct report *);
int64_t		 now_ms(void);

/*
 * frontend_log.c: refusals in the log, no more of them than it can bear.  The
 * last argument is now, in milliseconds.  refusal_tick() is to be called now
 * and then as long as it returns 1, refusal_end() at the end.
 */
struct refused {
	const char	*host;		/* empty if it is not known */
	uint16_t	 port;
	uint16_t	 client_port;
	struct netaddr	 client;
};

void		 refusal_log(const struct refused *, const char *, int,
		    int64_t);
int		 refusal_tick(int, int64_t);
void		 refusal_end(int, int64_t);

/* frontend.c */
__dead void	 frontend(void);

/* resolver.c */
__dead void	 resolver(void);

/* relay.c */
__dead void	 relay(void);

/* keeper.c */
__dead void	 keeper(void);

#endif /* PROXYD_H */
