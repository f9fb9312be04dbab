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

#include <sys/types.h>
#include <sys/socket.h>

#include <string.h>

#include "proxyd.h"

/*
 * DNS in wire form: our queries and the answers of a resolver that may lie,
 * the questions of a hostile client and our replies.  An answer counts when
 * it repeats id and question to the letter; names inside it are compared in
 * lower case; a compressed name may only point backwards.
 */

#define DNS_HEAD	12
#define DNS_RR_HEAD	10		/* behind the owner's name */
#define DNS_LABEL_MAX	63
#define DNS_WIRE_MAX	255		/* of a name */
#define DNS_RECORDS	256		/* in one message */
#define DNS_CHAIN	16		/* CNAMEs in a row */
#define DNS_CLASS_IN	1

#define FLAG_QR		0x8000
#define FLAG_OPCODE	0x7800
#define FLAG_TC		0x0200
#define FLAG_RD		0x0100
#define FLAG_RA		0x0080
#define FLAG_RCODE	0x000f

struct message {
	const uint8_t	*buf;
	size_t		 len;
	size_t		 off;
};

/* A name as in the message, but whole and in lower case. */
struct wire_name {
	size_t		 len;
	uint8_t		 bytes[DNS_WIRE_MAX];
};

struct record {
	struct wire_name owner;
	uint16_t	 type;
	uint16_t	 class;
	uint32_t	 ttl;
	size_t		 data;		/* offset */
	size_t		 len;
};

/* Where the records of the answer section start. */
struct section {
	size_t		 n;
	size_t		 off[DNS_RECORDS];
};

static enum dns_result failed(struct dns_answer *);
static int	 answer_matches(const uint8_t *, size_t, const uint8_t *,
		    size_t);
static int	 answer_sections(struct dns_answer *, struct message *,
		    struct section *);
static int	 answer_chain(struct dns_answer *, struct message *,
		    const struct section *, struct wire_name *, uint16_t);
static int	 answer_records(struct dns_answer *, struct message *,
		    const struct section *, const struct wire_name *,
		    uint16_t, size_t *);
static int	 answer_add(struct dns_answer *, const uint8_t *, uint16_t);
static int	 get_record(struct message *, struct record *);
static int	 data_valid(const struct message *, const struct record *);
static int	 soa_ttl(const struct message *, const struct record *,
		    uint32_t *);
static int	 get_name(struct message *, struct wire_name *);
static int	 question_name(struct message *, char [HOST_SIZE]);
static int	 question_opt(const struct message *);
static uint16_t	 get16(const uint8_t *);
static uint32_t	 get32(const uint8_t *);
static uint8_t	*put16(uint8_t *, unsigned int);
static uint8_t	*put32(uint8_t *, uint32_t);
static uint8_t	*put_opt(uint8_t *);

size_t
dns_query(uint8_t buf[DNS_QUERY_MAX], uint16_t id, const char *name,
    uint16_t type, const uint8_t *mix, int edns)
{
	uint8_t	*p = buf;
	size_t	 i, n, len;

	len = strlen(name);
	if (len == 0 || len > HOST_MAX)
		return (0);
	p = put16(p, id);
	p = put16(p, FLAG_RD);
	p = put16(p, 1);
	p = put32(p, 0);
	p = put16(p, edns ? 1 : 0);
	for (i = 0; i < len; i++) {
		if (i == 0 || name[i] == '.') {
			n = strcspn(name + i + (i > 0), ".");
			if (n == 0 || n > DNS_LABEL_MAX)
				return (0);
			*p++ = (uint8_t)n;
			if (i > 0)
				continue;
		}
		*p = (uint8_t)name[i];
		if (mix != NULL && *p >= 'a' && mix[i / 8] & (1 << i % 8))
			*p = (uint8_t)(*p - 'a' + 'A');
		p++;
	}
	*p++ = 0;
	p = put16(p, type);
	p = put16(p, DNS_CLASS_IN);
	if (edns)
		p = put_opt(p);
	return ((size_t)(p - buf));
}

enum dns_result
dns_answer(struct dns_answer *answer, const uint8_t *buf, size_t len,
    const uint8_t *query, size_t querylen)
{
	struct message	 q = { query, querylen, DNS_HEAD };
	struct message	 m = { buf, len, DNS_HEAD };
	struct wire_name name;
	struct section	 section;
	uint16_t	 type;

	memset(answer, 0, sizeof(*answer));
	if (get_name(&q, &name) == -1 || q.len - q.off < 4)
		return (DNS_BAD);
	type = get16(query + q.off);
	m.off = q.off + 4;
	if (!answer_matches(buf, len, query, m.off))
		return (DNS_BAD);
	if (get16(buf + 2) & FLAG_TC)
		return (DNS_TRUNCATED);
	answer->rcode = buf[3] & FLAG_RCODE;
	if (answer_sections(answer, &m, &section) == -1)
		return (failed(answer));
	if (answer->rcode == DNS_NXDOMAIN)
		return (DNS_NONAME);
	if (answer->rcode != DNS_NOERROR ||
	    answer_chain(answer, &m, &section, &name, type) == -1)
		return (failed(answer));
	return (answer->naddrs > 0 ? DNS_ADDRESSES : DNS_NOTHING);
}

static enum dns_result
failed(struct dns_answer *answer)
{
	answer->naddrs = 0;
	answer->ttl = 0;
	return (DNS_FAILED);
}

/* Same id, a response, and the same one question, letter for letter. */
static int
answer_matches(const uint8_t *buf, size_t len, const uint8_t *query,
    size_t end)
{
	uint16_t flags;

	if (len < end || memcmp(buf, query, 2) != 0 ||
	    memcmp(buf + DNS_HEAD, query + DNS_HEAD, end - DNS_HEAD) != 0)
		return (0);
	flags = get16(buf + 2);
	return ((flags & FLAG_QR) && !(flags & FLAG_OPCODE) &&
	    get16(buf + 4) == 1);
}

/*
 * Walks every record to the end of the message, which must be its end.
 * Leaves in ttl how long a negative answer may be kept (RFC 2308).
 */
static int
answer_sections(struct dns_answer *answer, struct message *m,
    struct section *section)
{
	struct record	 rr;
	size_t		 i, ns, all, off;

	section->n = get16(m->buf + 6);
	ns = section->n + get16(m->buf + 8);
	all = ns + get16(m->buf + 10);
	if (all > DNS_RECORDS)
		return (-1);
	for (i = 0; i < all; i++) {
		off = m->off;
		if (get_record(m, &rr) == -1)
			return (-1);
		if (i < section->n)
			section->off[i] = off;
		else if (i < ns && rr.type == DNS_SOA) {
			if (soa_ttl(m, &rr, &answer->ttl) == -1)
				return (-1);
		} else if (rr.type == DNS_OPT && rr.ttl >> 24 != 0)
			return (-1);	/* the upper bits of an rcode */
	}
	return (m->off == m->len ? 0 : -1);
}

/* From the name asked for, over CNAMEs, to the one that has addresses. */
static int
answer_chain(struct dns_answer *answer, struct message *m,
    const struct section *section, struct wire_name *name, uint16_t type)
{
	uint32_t negative = answer->ttl;
	size_t	 cname, hops;

	answer->ttl = UINT32_MAX;
	for (hops = 0; hops <= DNS_CHAIN; hops++) {
		cname = 0;
		if (answer_records(answer, m, section, name, type,
		    &cname) == -1)
			return (-1);
		if (cname == 0) {
			if (answer->naddrs == 0 && negative < answer->ttl)
				answer->ttl = negative;
			return (0);
		}
		if (answer->naddrs > 0)
			return (-1);
		m->off = cname;
		if (get_name(m, name) == -1)
			return (-1);
	}
	return (-1);
}

/* Collects what the answer section has for this name. */
static int
answer_records(struct dns_answer *answer, struct message *m,
    const struct section *section, const struct wire_name *name,
    uint16_t type, size_t *cname)
{
	struct record	 rr;
	size_t		 i;

	for (i = 0; i < section->n; i++) {
		m->off = section->off[i];
		if (get_record(m, &rr) == -1)
			return (-1);
		if (rr.class != DNS_CLASS_IN || rr.owner.len != name->len ||
		    memcmp(rr.owner.bytes, name->bytes, name->len) != 0)
			continue;
		if (rr.type == DNS_CNAME) {
			if (*cname != 0)
				return (-1);
			*cname = rr.data;
		} else if (rr.type == type) {
			if (answer_add(answer, m->buf + rr.data, type) == -1)
				return (-1);
		} else
			continue;
		if (rr.ttl < answer->ttl)
			answer->ttl = rr.ttl;
	}
	return (0);
}

/* Too many are an error: those left out would not be checked. */
static int
answer_add(struct dns_answer *answer, const uint8_t *data, uint16_t type)
{
	struct netaddr	*addr;

	if (answer->naddrs == DNS_ADDRS ||
	    (type != DNS_A && type != DNS_AAAA))
		return (-1);
	addr = &answer->addrs[answer->naddrs++];
	addr->family = type == DNS_A ? AF_INET : AF_INET6;
	memcpy(addr->bytes, data, type == DNS_A ? 4 : 16);
	return (0);
}

/*
 * One question of class IN, nothing else but EDNS.  A name that could never
 * pass is left empty; it gets its refusal, not silence.
 */
int
dns_question(struct dns_question *q, const uint8_t *buf, size_t len)
{
	struct message	 m = { buf, len, DNS_HEAD };

	memset(q, 0, sizeof(*q));
	if (len < DNS_HEAD ||
	    (get16(buf + 2) & (FLAG_QR | FLAG_OPCODE | FLAG_TC)) != 0)
		return (-1);
	if (get16(buf + 4) != 1 || get32(buf + 6) != 0 || get16(buf + 10) > 1)
		return (-1);
	if (question_name(&m, q->name) == -1 || len - m.off < 4 ||
	    get16(buf + m.off + 2) != DNS_CLASS_IN)
		return (-1);
	q->type = get16(buf + m.off);
	m.off += 4;
	q->len = (uint16_t)m.off;
	q->edns = get16(buf + 10) == 1;
	if (q->edns ? !question_opt(&m) : m.off != len)
		return (-1);
	return (0);
}

/* Not compressed: nothing stands before it that it could point at. */
static int
question_name(struct message *m, char host[HOST_SIZE])
{
	const char	*why, *label;
	char		 text[DNS_WIRE_MAX];
	size_t		 n, len = 0;
	int		 dots = 0;

	for (;;) {
		if (m->off >= m->len)
			return (-1);
		n = m->buf[m->off++];
		if (n == 0)
			break;
		if (n > DNS_LABEL_MAX || n > m->len - m->off ||
		    len + n + 2 > DNS_WIRE_MAX)
			return (-1);
		label = (const char *)m->buf + m->off;
		dots |= memchr(label, '.', n) != NULL;
		memcpy(text + len, label, n);
		text[len + n] = '.';
		len += n + 1;
		m->off += n;
	}
	if (len == 0 || dots ||
	    host_parse(text, len - 1, host, &why) != HOST_OK)
		host[0] = '\0';
	return (0);
}

/* The rest is one OPT record of the root, to the end. */
static int
question_opt(const struct message *m)
{
	const uint8_t	*p = m->buf + m->off;
	size_t		 left = m->len - m->off;

	return (left >= 1 + DNS_RR_HEAD && p[0] == 0 &&
	    get16(p + 1) == DNS_OPT &&
	    get16(p + 9) == left - 1 - DNS_RR_HEAD);
}

size_t
dns_reply(uint8_t out[DNS_REPLY_MAX], const uint8_t *buf,
    const struct dns_question *q, int rcode, const uint8_t *ipv4,
    uint32_t ttl)
{
	uint8_t	*p;

	memcpy(out, buf, q->len);
	p = put16(out + 2, FLAG_QR | FLAG_RA | (get16(buf + 2) & FLAG_RD) |
	    (unsigned int)(rcode & FLAG_RCODE));
	p = put16(p, 1);
	p = put16(p, ipv4 != NULL ? 1 : 0);
	p = put16(p, 0);
	(void)put16(p, q->edns ? 1 : 0);
	p = out + q->len;
	if (ipv4 != NULL) {
		p = put16(p, 0xc000 | DNS_HEAD);
		p = put16(p, DNS_A);
		p = put16(p, DNS_CLASS_IN);
		p = put32(p, ttl);
		p = put16(p, 4);
		memcpy(p, ipv4, 4);
		p += 4;
	}
	if (q->edns)
		p = put_opt(p);
	return ((size_t)(p - out));
}

static int
get_record(struct message *m, struct record *rr)
{
	const uint8_t	*p;

	if (get_name(m, &rr->owner) == -1 || m->len - m->off < DNS_RR_HEAD)
		return (-1);
	p = m->buf + m->off;
	rr->type = get16(p);
	rr->class = get16(p + 2);
	rr->ttl = get32(p + 4);
	if (rr->ttl > INT32_MAX && rr->type != DNS_OPT)
		rr->ttl = 0;			/* RFC 2181, section 8 */
	rr->len = get16(p + 8);
	rr->data = m->off + DNS_RR_HEAD;
	if (m->len - rr->data < rr->len)
		return (-1);
	m->off = rr->data + rr->len;
	return (data_valid(m, rr) ? 0 : -1);
}

/* Data that we read must have the length of its type. */
static int
data_valid(const struct message *m, const struct record *rr)
{
	struct message	 data = { m->buf, rr->data + rr->len, rr->data };
	struct wire_name name;

	if (rr->class != DNS_CLASS_IN)
		return (1);
	switch (rr->type) {
	case DNS_A:
		return (rr->len == 4);
	case DNS_AAAA:
		return (rr->len == 16);
	case DNS_CNAME:
		return (get_name(&data, &name) == 0 && data.off == data.len);
	default:
		return (1);
	}
}

static int
soa_ttl(const struct message *m, const struct record *rr, uint32_t *ttl)
{
	struct message	 data = { m->buf, rr->data + rr->len, rr->data };
	struct wire_name name;
	uint32_t	 minimum;

	if (get_name(&data, &name) == -1 || get_name(&data, &name) == -1 ||
	    data.len - data.off != 20)
		return (-1);
	minimum = get32(m->buf + data.off + 16);
	*ttl = minimum < rr->ttl ? minimum : rr->ttl;
	return (0);
}

/*
 * Each pointer must lead before the piece of name that it ends, so the walk
 * ends too.
 */
static int
get_name(struct message *m, struct wire_name *name)
{
	size_t	 off = m->off, start = m->off, end = 0, i, n;

	name->len = 0;
	for (;;) {
		if (off >= m->len)
			return (-1);
		n = m->buf[off++];
		if (n >= 0xc0) {
			if (off >= m->len)
				return (-1);
			n = (n & 0x3f) << 8 | m->buf[off++];
			if (end == 0)
				end = off;
			if (n < DNS_HEAD || n >= start)
				return (-1);
			off = start = n;
			continue;
		}
		if (n > DNS_LABEL_MAX || n > m->len - off ||
		    name->len + n + 1 + (n > 0) > DNS_WIRE_MAX)
			return (-1);
		name->bytes[name->len++] = (uint8_t)n;
		if (n == 0)
			break;
		for (i = 0; i < n; i++, off++)
			name->bytes[name->len++] = m->buf[off] >= 'A' &&
			    m->buf[off] <= 'Z' ? m->buf[off] - 'A' + 'a' :
			    m->buf[off];
	}
	m->off = end != 0 ? end : off;
	return (0);
}

static uint16_t
get16(const uint8_t *p)
{
	return ((uint16_t)(p[0] << 8 | p[1]));
}

static uint32_t
get32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

static uint8_t *
put16(uint8_t *p, unsigned int n)
{
	p[0] = (uint8_t)(n >> 8);
	p[1] = (uint8_t)n;
	return (p + 2);
}

static uint8_t *
put32(uint8_t *p, uint32_t n)
{
	p = put16(p, n >> 16);
	return (put16(p, n & 0xffff));
}

/* An OPT record without options: how much we take over UDP. */
static uint8_t *
put_opt(uint8_t *p)
{
	*p++ = 0;
	p = put16(p, DNS_OPT);
	p = put16(p, DNS_UDP_MAX);
	p = put32(p, 0);
	return (put16(p, 0));
}
