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
 * What of the user's own Claude Code a session sees, each mounted read-only in
 * its CLAUDE_CONFIG_DIR; and lines that tell inside what must be mounted.
 * Pure.
 */

#include <sys/types.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "inside.h"

static json_t	*share_mount(const char *, const char *);

const struct share shares[SHARES_MAX] = {
	{ "settings", "settings.json", 0 },
	{ "commands", "commands", 1 },
	{ "agents", "agents", 1 },
	{ "skills", "skills", 1 },
	{ "instructions", "CLAUDE.md", 0 }
};

int
spec_share_add(struct spec *s, const struct share_answer *sa)
{
	char line[128];

	(void)strlcpy(s->shared, sa->path, sizeof(s->shared));
	(void)snprintf(line, sizeof(line), "r %" PRIx64 ":%" PRIx64 " %s",
	    sa->dev, sa->ino, shares[sa->share].name);
	return (strings_add(&s->shares, line, strlen(line)));
}

int
spec_share_mounts(const struct spec *s, json_t *mounts)
{
	char source[PATH_MAX + NAME_MAXLEN];
	char target[sizeof(AGENT_CONFIG) + NAME_MAXLEN];
	const char *name;
	size_t i;
	int error;

	error = 0;
	for (i = 0; i < s->shares.n; i++) {
		name = strrchr(s->shares.v[i], ' ') + 1;
		(void)snprintf(source, sizeof(source), "%s/%s", s->shared,
		    name);
		(void)snprintf(target, sizeof(target), AGENT_CONFIG "/%s",
		    name);
		error |= json_array_append_new(mounts, share_mount(source,
		    target));
	}
	return (error);
}

/* Of what is mounted in there, nothing: that would not be read-only. */
static json_t *
share_mount(const char *source, const char *target)
{
	return (json_pack("{s:s, s:s, s:s, s:b, s:{s:s, s:b}}",
	    "Type", "bind",
	    "Source", source,
	    "Target", target,
	    "ReadOnly", 1,
	    "BindOptions", "Propagation", "rprivate", "NonRecursive", 1));
}

/* A variable of the environment, its name first. */
char *
spec_lines(const char *name, const struct strings *lines)
{
	char *text;
	size_t i, size;

	/* each counts for its NUL, too */
	size = strlen(name) + 1 + lines->size;
	if ((text = malloc(size)) == NULL)
		return (NULL);
	(void)strlcpy(text, name, size);
	for (i = 0; i < lines->n; i++) {
		(void)strlcat(text, lines->v[i], size);
		(void)strlcat(text, "\n", size);
	}
	return (text);
}
