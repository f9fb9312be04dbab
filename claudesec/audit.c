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
 * The audit log: an object of JSON a line, each with the hash of the one
 * before it and its own, so that none can be changed, removed from between two
 * others, or moved without being seen.  That the last ones are missing is seen
 * by who keeps what audit_verify() said before.  The parent has it open for
 * appending; what the lines tell is the engine process's.
 *
 * {"seq":1,"time":0,"event":{...},"prev":"HASH","hash":"HASH"}
 *
 * hash is the SHA-256 of all that stands before the comma in front of it.
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "claudesec.h"

#define HEX_LEN		(SHA256_DIGEST_STRING_LENGTH - 1)
#define LINE_MAXLEN	(AUDIT_MAXLEN + 512)
#define HASH_MARK	",\"hash\":\""
#define PREV_MARK	",\"prev\":\""
#define TAIL_LEN	(sizeof(HASH_MARK) - 1 + HEX_LEN + 2)	/* "} */

static int	 audit_line(const char *, size_t, uint64_t *,
		    char [HEX_LEN + 1], char [HEX_LEN + 1]);
static void	 audit_last(void);

static int	 audit_fd = -1;
static uint64_t	 last_seq;
static char	 last_hash[HEX_LEN + 1];
static int	 failed;

/*
 * Before there is a sandbox.  It is made if it is not there.
 */
void
audit_open(const char *path)
{
	struct stat st;

	audit_fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (audit_fd == -1 || fstat(audit_fd, &st) == -1)
		err(EX_CANTCREAT, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		errx(EX_CANTCREAT, "%s: not a file that you alone can write "
		    "to", path);
	audit_last();
}

/* What the next line refers to: the last whole one. */
static void
audit_last(void)
{
	char buf[2 * LINE_MAXLEN], prev[HEX_LEN + 1];
	char *p;
	ssize_t n;
	off_t size;

	memset(last_hash, '0', HEX_LEN);
	if ((size = lseek(audit_fd, 0, SEEK_END)) <= 0)
		return;
	n = pread(audit_fd, buf, sizeof(buf), size > (off_t)sizeof(buf) ?
	    size - (off_t)sizeof(buf) : 0);
	/* the end of a line that a crash cut off stands alone */
	if (n > 0 && buf[n - 1] != '\n')
		(void)write(audit_fd, "\n", 1);
	while (n > 0) {
		while (n > 0 && buf[n - 1] != '\n')
			n--;
		if (n == 0)
			break;
		buf[--n] = '\0';
		p = memrchr(buf, '\n', (size_t)n);
		p = p == NULL ? buf : p + 1;
		if (audit_line(p, strlen(p), &last_seq, prev,
		    last_hash) == 0)
			return;
	}
	memset(last_hash, '0', HEX_LEN);
	last_seq = 0;
}

/*
 * An object of JSON without an end of line.  One that cannot be written whole
 * is not written at all.
 */
void
audit_append(const char *event)
{
	char hash[HEX_LEN + 1], line[LINE_MAXLEN];
	SHA2_CTX ctx;
	off_t size;
	ssize_t written;
	int n;

	if (audit_fd == -1)
		return;
	n = snprintf(line, sizeof(line), "{\"seq\":%" PRIu64 ",\"time\":%lld,"
	    "\"event\":%s" PREV_MARK "%s\"", last_seq + 1,
	    (long long)time(NULL), event, last_hash);
	if (n < 0 || (size_t)n + TAIL_LEN + 1 >= sizeof(line))
		fatalx("audit: too long");
	SHA256Init(&ctx);
	SHA256Update(&ctx, (unsigned char *)line, (size_t)n);
	(void)SHA256End(&ctx, hash);
	n += snprintf(line + n, sizeof(line) - (size_t)n, HASH_MARK "%s\"}\n",
	    hash);
	size = lseek(audit_fd, 0, SEEK_END);
	written = write(audit_fd, line, (size_t)n);
	if (written != n) {
		if (written != -1)
			errno = ENOSPC;
		if (!failed)
			log_warn("the audit log cannot be written");
		failed = 1;
		if (written > 0)
			(void)ftruncate(audit_fd, size);
		return;
	}
	if (failed)
		log_warnx("the audit log can be written again");
	failed = 0;
	last_seq++;
	(void)strlcpy(last_hash, hash, sizeof(last_hash));
}

/*
 * A line without its end: 0 and its number, what it says of the one before, and
 * its hash; -1 if that is not what it should be.
 */
static int
audit_line(const char *line, size_t len, uint64_t *seq,
    char prev[HEX_LEN + 1], char hash[HEX_LEN + 1])
{
	char sum[HEX_LEN + 1];
	const char *p, *tail;
	SHA2_CTX ctx;

	if (len < TAIL_LEN + sizeof(PREV_MARK) + HEX_LEN + 1 ||
	    sscanf(line, "{\"seq\":%" SCNu64 ",", seq) != 1)
		return (-1);
	tail = line + len - TAIL_LEN;
	if (strncmp(tail, HASH_MARK, sizeof(HASH_MARK) - 1) != 0 ||
	    strcmp(tail + TAIL_LEN - 2, "\"}") != 0)
		return (-1);
	SHA256Init(&ctx);
	SHA256Update(&ctx, (const unsigned char *)line, len - TAIL_LEN);
	(void)SHA256End(&ctx, sum);
	(void)snprintf(hash, HEX_LEN + 1, "%.*s", (int)HEX_LEN,
	    tail + sizeof(HASH_MARK) - 1);
	if (strcmp(sum, hash) != 0)
		return (-1);
	p = tail - 1 - HEX_LEN - (sizeof(PREV_MARK) - 1);
	if (strncmp(p, PREV_MARK, sizeof(PREV_MARK) - 1) != 0)
		return (-1);
	(void)snprintf(prev, HEX_LEN + 1, "%.*s", (int)HEX_LEN,
	    p + sizeof(PREV_MARK) - 1);
	return (0);
}

/*
 * The client's: says what is wrong, or how many lines there are and the hash
 * of the last, by which one can see later that none is missing at the end.
 */
int
audit_verify(const char *path)
{
	char hash[HEX_LEN + 1], last[HEX_LEN + 1], prev[HEX_LEN + 1];
	char *line;
	size_t size;
	ssize_t len;
	uint64_t before, n, seq;
	FILE *f;
	int bad;

	if ((f = fopen(path, "r")) == NULL)
		err(EX_NOINPUT, "%s", path);
	memset(last, '0', HEX_LEN);
	last[HEX_LEN] = '\0';
	line = NULL;
	size = 0;
	bad = 0;
	for (n = 1, before = 0; (len = getline(&line, &size, f)) != -1; n++) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		else
			line[0] = '\0';
		if (strlen(line) != (size_t)len ||
		    audit_line(line, (size_t)len, &seq, prev, hash) == -1) {
			warnx("%s:%" PRIu64 ": changed", path, n);
			bad = 1;
			continue;
		}
		if (seq != before + 1 || strcmp(prev, last) != 0) {
			warnx("%s:%" PRIu64 ": does not follow the one "
			    "before", path, n);
			bad = 1;
		}
		before = seq;
		(void)strlcpy(last, hash, sizeof(last));
	}
	if (ferror(f))
		err(EX_IOERR, "%s", path);
	(void)fclose(f);
	free(line);
	if (bad)
		return (EX_DATAERR);
	(void)printf("%" PRIu64 " lines, %s\n", n - 1, last);
	return (0);
}
