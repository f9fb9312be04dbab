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
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "inside.h"

#include "exact.h"
#include "unit.h"

#define ID8	"01234567"
#define ID64	ID8 ID8 ID8 ID8 ID8 ID8 ID8 ID8
#define SESSION	"0123456789abcdef0123456789abcdef"

static void	 test_strings(void);
static void	 test_text(void);
static void	 test_names(void);
static void	 test_name_from(void);
static void	 test_images(void);
static void	 test_rules(void);
static void	 test_resolvers(void);
static void	 test_escape(void);
static void	 test_parse(void);
static void	 test_ids(void);
static void	 test_progress(void);
static void	 test_frames(void);
static void	 test_adopt(void);
static void	 test_agent(void);
static void	 test_agent_shares(void);
static void	 test_agent_command(void);
static void	 test_sidecar(void);
static void	 test_not_utf8(void);
static void	 test_exec(void);
static void	 test_policy(void);
static void	 test_token(void);
static void	 test_inject(void);
static void	 test_bundle(void);
static void	 test_api(void);
static void	 test_claude_json(void);
static void	 test_tar(void);
static void	 test_verify(void);
static void	 test_verify_changed(void);
static void	 test_verify_more(void);
static void	 test_verify_mounts(void);
static void	 test_verify_network(void);
static void	 test_podman(void);
static void	 test_rootless_info(void);
static void	 test_rootless_podman(void);
static void	 test_layer(void);
static void	 test_verify_volume(void);

int
main(void)
{
	test_strings();
	test_text();
	test_names();
	test_name_from();
	test_images();
	test_rules();
	test_resolvers();
	test_escape();
	test_parse();
	test_ids();
	test_progress();
	test_frames();
	test_adopt();
	test_agent();
	test_agent_shares();
	test_agent_command();
	test_sidecar();
	test_not_utf8();
	test_exec();
	test_policy();
	test_token();
	test_inject();
	test_bundle();
	test_api();
	test_claude_json();
	test_tar();
	test_verify();
	test_verify_changed();
	test_verify_more();
	test_verify_mounts();
	test_verify_network();
	test_podman();
	test_rootless_info();
	test_rootless_podman();
	test_layer();
	test_verify_volume();
	return (unit_failed);
}

static struct config *
sample_config(void)
{
	static struct rule_entry api, other;
	static struct env_entry key;
	static char value[] = "ANTHROPIC_API_KEY=sk-ant-0123456789abcdefghij";
	static struct config c;

	memset(&c, 0, sizeof(c));
	TAILQ_INIT(&c.rules);
	TAILQ_INIT(&c.env);
	c.fixed.credentials = CREDENTIALS_ENVIRONMENT;
	(void)strlcpy(c.fixed.api.host, "api.anthropic.com",
	    sizeof(c.fixed.api.host));
	c.fixed.api.port = 443;
	c.fixed.memory = 4ULL << 30;
	c.fixed.home = 1ULL << 30;
	c.fixed.tmp = 1ULL << 29;
	c.fixed.processes = 512;
	memset(&api, 0, sizeof(api));
	(void)strlcpy(api.rule.host, "api.anthropic.com",
	    sizeof(api.rule.host));
	TAILQ_INSERT_TAIL(&c.rules, &api, entry);
	memset(&other, 0, sizeof(other));
	(void)strlcpy(other.rule.host, "*.example.org",
	    sizeof(other.rule.host));
	other.rule.block = 1;
	other.rule.nports = 2;
	other.rule.ports[0] = 443;
	other.rule.ports[1] = 22;
	TAILQ_INSERT_TAIL(&c.rules, &other, entry);
	(void)strlcpy(c.resolvers[0].address, "192.0.2.53",
	    sizeof(c.resolvers[0].address));
	c.resolvers[0].port = 5353;
	c.nresolvers = 1;
	key.value = value;
	TAILQ_INSERT_TAIL(&c.env, &key, entry);
	return (&c);
}

static void
sample_spec(struct spec *s)
{
	memset(s, 0, sizeof(*s));
	(void)strlcpy(s->session, SESSION, sizeof(s->session));
	(void)strlcpy(s->daemon, "1000:/run/x", sizeof(s->daemon));
	(void)strlcpy(s->name, "work", sizeof(s->name));
	(void)strlcpy(s->volume, "claude-work-run", sizeof(s->volume));
	(void)strlcpy(s->path, "/home/u/work", sizeof(s->path));
	(void)strlcpy(s->image, "claudesec/claude", sizeof(s->image));
	(void)strlcpy(s->image_id, "sha256:" ID64, sizeof(s->image_id));
	(void)strlcpy(s->proxyd_id, "sha256:" ID64, sizeof(s->proxyd_id));
	(void)strlcpy(s->network, NETWORK_NAME, sizeof(s->network));
	s->dev = 0xfd00;
	s->ino = 0x123456789abcULL;
	s->owner = 1000;
	s->uid = 1001;
	s->gid = 100;
	if (strings_add(&s->env, "TERM=xterm", 10) == -1 ||
	    strings_add(&s->args, "-p", 2) == -1 ||
	    strings_add(&s->args, "hello", 5) == -1)
		abort();
}

static void
free_spec(struct spec *s)
{
	strings_free(&s->args);
	strings_free(&s->env);
}

static void
test_strings(void)
{
	struct strings s;

	memset(&s, 0, sizeof(s));
	CASE(strings_add(&s, "one", 3) == 0 && strings_add(&s, "", 0) == 0 &&
	    s.n == 2 && strcmp(s.v[0], "one") == 0 && s.v[1][0] == '\0',
	    "strings_add", "n is %zu", s.n);
	CASE(strings_append(&s, "tw", 2) == 0 &&
	    strings_append(&s, "o", 1) == 0 && s.n == 2 &&
	    strcmp(s.v[1], "two") == 0, "strings_append", "\"%s\"", s.v[1]);
	CASE(s.size == 8, "strings_size", "%zu", s.size);
	strings_free(&s);
	CASE(s.n == 0 && s.v == NULL && s.size == 0, "strings_free", "left");
}

static void
test_text(void)
{
	static const struct {
		const char	*name, *in, *out;
	} t[] = {
		{ "text_plain", "plain text", "plain text" },
		{ "text_empty", "", "" },
		{ "text_blanks", " \t\n ", "" },
		{ "text_trim", "\r\n x y \n", "x y" },
		{ "text_lines", "a\nb\tc", "a b c" },
		{ "text_escape", "\033]0;x\007", "\\033]0;x\\007" },
		{ "text_colours", "\033[91mred\033[0m \033[m", "red" },
		{ "text_sequence_cut", "a\033[91", "a\\033[91" },
		{ "text_sequence_bad", "\033[9\001m", "\\033[9\\001m" },
		{ "text_escape_last", "a\033", "a\\033" },
		{ "text_utf8", "\303\251", "\\303\\251" },
		{ "text_backslash", "a\\b", "a\\b" }
	};
	char *in, out[64];
	size_t i, len;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		len = strlen(t[i].in);
		in = exact(t[i].in, len);
		spec_text(out, sizeof(out), in, len);
		CASE(strcmp(out, t[i].out) == 0, t[i].name, "\"%s\"", out);
		free(in);
	}
	in = exact("aaaa\033\033\033\033", 8);
	spec_text(out, 12, in, 8);
	CASE(strcmp(out, "aaaa\\033") == 0, "text_cut", "\"%s\"", out);
	spec_text(out, 6, in, 8);
	CASE(strlen(out) < 6, "text_small", "\"%s\"", out);
	free(in);
}

static void
test_names(void)
{
	static const struct {
		const char	*name;
		int		 valid;
	} t[] = {
		{ "a", 1 }, { "a-b_c.d2", 1 }, { "0", 1 },
		{ "", 0 }, { "-a", 0 }, { ".a", 0 }, { "_a", 0 }, { "A", 0 },
		{ "a/b", 0 }, { "a b", 0 }, { "a?b", 0 }, { "a%2f", 0 },
		{ "\303\251", 0 }, { "a\n", 0 }
	};
	char longest[NAME_MAXLEN + 1];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		CASE(spec_name_valid(t[i].name) == t[i].valid, "name_valid",
		    "\"%s\"", t[i].name);
	memset(longest, 'a', NAME_MAXLEN);
	longest[NAME_MAXLEN] = '\0';
	CASE(!spec_name_valid(longest), "name_too_long", "taken");
	longest[NAME_MAXLEN - 1] = '\0';
	CASE(spec_name_valid(longest), "name_longest", "refused");
}

static void
test_name_from(void)
{
	static const struct {
		const char	*path;
		unsigned int	 n;
		const char	*name;
	} t[] = {
		{ "/home/u/work", 1, "work" },
		{ "/home/u/work", 2, "work-2" },
		{ "/home/u/My Project", 1, "my-project" },
		{ "/home/u/.dot", 1, "dot" },
		{ "/home/u/--", 1, "session" },
		{ "/home/u/\303\251t\303\251", 1, "t--" },
		{ "/home/u/...", 3, "session-3" },
		{ "/", 1, "session" },
		{ "/home/u/a:b;c", 1, "a-b-c" }
	};
	char name[NAME_MAXLEN], path[300];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		CASE(spec_name_from(name, sizeof(name), t[i].path,
		    t[i].n) == 0 && strcmp(name, t[i].name) == 0 &&
		    spec_name_valid(name), "name_from", "\"%s\" is \"%s\"",
		    t[i].path, name);
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	CASE(spec_name_from(name, sizeof(name), path, 100) == 0 &&
	    strlen(name) == NAME_MAXLEN - 1 && spec_name_valid(name) &&
	    strcmp(name + NAME_MAXLEN - 5, "-100") == 0, "name_from_long",
	    "\"%s\"", name);
}

static void
test_images(void)
{
	static const struct {
		const char	*image;
		int		 valid;
	} t[] = {
		{ "claudesec/claude", 1 }, { "node:20-alpine", 1 },
		{ "h.example:5000/a/b@sha256:00", 1 }, { "", 0 },
		{ "/a", 0 }, { "a/../b", 0 }, { "a//b", 0 }, { "a?b", 0 },
		{ "a b", 0 }, { "a&b", 0 }, { "a#b", 0 }, { "a%2e", 0 },
		{ "a\r\n", 0 }
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		CASE(spec_image_valid(t[i].image) == t[i].valid,
		    "image_valid", "\"%s\"", t[i].image);
}

static void
test_rules(void)
{
	static const struct {
		const char	*host;
		int		 valid;
	} t[] = {
		{ "example.org", 1 }, { "*.example.org", 1 }, { "*", 0 },
		{ "*.", 0 }, { "", 0 }, { "a\"b", 0 }, { "a\nb", 0 },
		{ "a b", 0 }, { "A", 0 }, { "x*.org", 0 }, { "a#b", 0 },
		{ "a$b", 0 }, { "*.*.org", 0 }
	};
	struct egress_rule r;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&r, 0, sizeof(r));
		(void)strlcpy(r.host, t[i].host, sizeof(r.host));
		CASE(spec_rule_valid(&r) == t[i].valid, "rule_valid",
		    "\"%s\"", t[i].host);
	}
	memset(&r, 'a', sizeof(r));
	r.block = r.nports = 0;
	CASE(!spec_rule_valid(&r), "rule_without_nul", "taken");
	memset(&r, 0, sizeof(r));
	(void)strlcpy(r.host, "a", sizeof(r.host));
	r.nports = RULE_PORTS + 1;
	CASE(!spec_rule_valid(&r), "rule_too_many_ports", "taken");
	r.nports = 1;
	CASE(!spec_rule_valid(&r), "rule_port_0", "taken");
	r.ports[0] = 1;
	CASE(spec_rule_valid(&r), "rule_port_1", "refused");
	r.block = 2;
	CASE(!spec_rule_valid(&r), "rule_neither", "taken");
}

static void
test_resolvers(void)
{
	static const struct {
		const char	*address;
		int		 valid;
	} t[] = {
		{ "192.0.2.1", 1 }, { "2001:db8::1", 1 }, { "", 0 },
		{ "name", 0 }, { "192.0.2.1\"", 0 }, { "192.0.2", 0 }
	};
	struct egress_resolver r;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&r, 0, sizeof(r));
		(void)strlcpy(r.address, t[i].address, sizeof(r.address));
		CASE(spec_resolver_valid(&r) == t[i].valid, "resolver_valid",
		    "\"%s\"", t[i].address);
	}
}

static void
test_escape(void)
{
	char *s;

	s = spec_escape("aZ0-._~/?&=%\n\377");
	CASE(s != NULL && strcmp(s, "aZ0-._~%2F%3F%26%3D%25%0A%FF") == 0,
	    "escape", "\"%s\"", s);
	free(s);
	s = spec_filter("l", "0:/a \"b");
	CASE(s != NULL && strcmp(s, "%7B%22label%22%3A%5B%22l%3D0%3A%2Fa%20"
	    "%5C%22b%22%5D%7D") == 0, "filter", "\"%s\"", s);
	free(s);
	CASE(spec_filter("l", "\377") == NULL, "filter_not_utf8", "made");
}

static void
test_parse(void)
{
	static const struct {
		const char	*name, *in;
		int		 good;
	} t[] = {
		{ "parse_object", "{\"a\":[1,2]}", 1 },
		{ "parse_newline", "{}\r\n", 1 },
		{ "parse_empty", "", 0 },
		{ "parse_cut", "{\"a\":", 0 },
		{ "parse_twice", "{\"a\":1,\"a\":2}", 0 },
		{ "parse_two", "{}{}", 0 },
		{ "parse_scalar", "1", 0 },
		{ "parse_not_utf8", "[\"\377\"]", 0 },
		{ "parse_backslash", "[\"\\", 0 },
		{ "parse_brackets_in_string",
		    "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\"]", 1 }
	};
	char *buf;
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf = exact(t[i].in, strlen(t[i].in));
		json = spec_parse(buf, strlen(t[i].in));
		CASE((json != NULL) == t[i].good, t[i].name, "%s", t[i].in);
		json_decref(json);
		free(buf);
	}
	if ((buf = malloc(2 * SPEC_DEPTH + 2)) == NULL)
		abort();
	memset(buf, '[', SPEC_DEPTH);
	memset(buf + SPEC_DEPTH, ']', SPEC_DEPTH);
	json = spec_parse(buf, 2 * SPEC_DEPTH);
	CASE(json != NULL, "parse_deepest", "refused");
	json_decref(json);
	memset(buf, '[', SPEC_DEPTH + 1);
	memset(buf + SPEC_DEPTH + 1, ']', SPEC_DEPTH + 1);
	json = spec_parse(buf, 2 * SPEC_DEPTH + 2);
	CASE(json == NULL, "parse_too_deep", "taken");
	json_decref(json);
	free(buf);
}

static void
test_ids(void)
{
	static const struct {
		const char	*name, *in;
		int		 id, image;
	} t[] = {
		{ "id", "{\"Id\":\"" ID64 "\"}", 0, 0 },
		{ "id_sha256", "{\"Id\":\"sha256:" ID64 "\"}", -1, 0 },
		{ "id_short", "{\"Id\":\"" ID8 "\"}", -1, -1 },
		{ "id_long", "{\"Id\":\"" ID64 "0\"}", -1, -1 },
		{ "id_case", "{\"Id\":\"" ID8 ID8 ID8 ID8 ID8 ID8 ID8
		    "0123456A\"}", -1, -1 },
		{ "id_path", "{\"Id\":\"" ID8 ID8 ID8 ID8 ID8 ID8 ID8
		    "../../..\"}", -1, -1 },
		{ "id_number", "{\"Id\":1}", -1, -1 },
		{ "id_none", "{}", -1, -1 },
		{ "id_array", "[]", -1, -1 }
	};
	char id[ID_LEN + 1], image[IMAGE_ID_LEN];
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		json = spec_parse(t[i].in, strlen(t[i].in));
		CASE(json != NULL && spec_id(json, id) == t[i].id &&
		    spec_image_id(json, image) == t[i].image &&
		    (t[i].image == -1 || strcmp(image, "sha256:" ID64) == 0),
		    t[i].name, "%s", t[i].in);
		json_decref(json);
	}
	CASE(spec_id(NULL, id) == -1, "id_of_nothing", "found");
}

static void
test_progress(void)
{
	static const struct {
		const char	*name, *in;
		int		 result;
		const char	*text;
	} t[] = {
		{ "progress_stream", "{\"stream\":\"Step 1\\n\"}", 1,
		    "Step 1" },
		{ "progress_blank", "{\"stream\":\"\\n\"}", 0, "" },
		{ "progress_error", "{\"error\":\"no space\"}", -1,
		    "no space" },
		{ "progress_status", "{\"status\":\"Pull\",\"id\":\"ab\"}", 1,
		    "ab: Pull" },
		{ "progress_status_only", "{\"status\":\"Done\"}", 1, "Done" },
		{ "progress_bar", "{\"status\":\"Pull\",\"progressDetail\":"
		    "{\"current\":1}}", 0, "" },
		{ "progress_aux", "{\"aux\":{\"ID\":\"x\"}}", 0, "" },
		{ "progress_array", "[1]", 0, "" },
		{ "progress_type", "{\"stream\":1,\"error\":[]}", 0, "" },
		{ "progress_command", "{\"error\":\"x\",\"errorDetail\":"
		    "{\"code\":1}}", -1,
		    "a command in it ended with status 1" },
		{ "progress_control", "{\"stream\":\"\\u001bc\"}", 1,
		    "\\033c" }
	};
	char text[64];
	json_t *json;
	size_t i;
	int result;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		text[0] = '\0';
		json = spec_parse(t[i].in, strlen(t[i].in));
		result = spec_progress(json, text, sizeof(text));
		CASE(result == t[i].result && strcmp(text, t[i].text) == 0,
		    t[i].name, "%d \"%s\"", result, text);
		json_decref(json);
	}
}

static void
test_frames(void)
{
	static const struct {
		const char	*name;
		unsigned char	 in[8];
		int		 result, stream;
		size_t		 size;
	} t[] = {
		{ "frame_stdin", { 0, 0, 0, 0, 0, 0, 0, 1 }, 8, 0, 1 },
		{ "frame_stdout", { 1, 0, 0, 0, 0, 0, 1, 0 }, 8, 1, 256 },
		{ "frame_stderr", { 2, 0, 0, 0, 1, 2, 3, 4 }, 8, 2,
		    0x01020304 },
		{ "frame_large", { 1, 0, 0, 0, 255, 255, 255, 255 }, 8, 1,
		    0xffffffff },
		{ "frame_empty", { 1, 0, 0, 0, 0, 0, 0, 0 }, 8, 1, 0 },
		{ "frame_stream", { 3, 0, 0, 0, 0, 0, 0, 1 }, -1, 0, 0 },
		{ "frame_padding", { 1, 0, 1, 0, 0, 0, 0, 1 }, -1, 0, 0 },
		{ "frame_text", "HTTP/1.", -1, 0, 0 }
	};
	unsigned char *in;
	size_t i, size;
	int result, stream;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		in = exact(t[i].in, 8);
		stream = 0;
		size = 0;
		result = spec_frame(in, 8, &stream, &size);
		CASE(result == t[i].result && stream == t[i].stream &&
		    size == t[i].size, t[i].name, "%d %d %zu", result, stream,
		    size);
		free(in);
	}
	for (i = 0; i < 8; i++) {
		in = exact(t[0].in, i);
		CASE(spec_frame(in, i, &stream, &size) == 0, "frame_short",
		    "%zu bytes", i);
		free(in);
	}
}

static json_t *
sample_item(void)
{
	json_t *item;

	item = json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:s}}", "Labels",
	    LABEL_SESSION, SESSION, LABEL_NAME, "work", LABEL_ROLE, "agent",
	    LABEL_PATH, "/home/u/work", LABEL_UID, "1000", LABEL_IMAGE,
	    "claudesec/claude");
	if (item == NULL)
		abort();
	return (item);
}

static void
test_adopt(void)
{
	static const struct {
		const char	*name, *key, *value;
	} t[] = {
		{ "adopt_session_none", LABEL_SESSION, NULL },
		{ "adopt_session_short", LABEL_SESSION, "0123" },
		{ "adopt_session_other", LABEL_SESSION,
		    "0123456789abcdef0123456789abcdeF" },
		{ "adopt_name_none", LABEL_NAME, NULL },
		{ "adopt_name_path", LABEL_NAME, "../x" },
		{ "adopt_role_none", LABEL_ROLE, NULL },
		{ "adopt_path_none", LABEL_PATH, NULL },
		{ "adopt_path_relative", LABEL_PATH, "x" },
		{ "adopt_uid_none", LABEL_UID, NULL },
		{ "adopt_uid_text", LABEL_UID, "root" },
		{ "adopt_uid_negative", LABEL_UID, "-1" },
		{ "adopt_uid_large", LABEL_UID, "4294967296" },
		{ "adopt_image_query", LABEL_IMAGE, "a?b" },
		{ "adopt_image_none", LABEL_IMAGE, NULL }
	};
	const char *role;
	struct spec s;
	json_t *item, *labels;
	size_t i;

	memset(&s, 0, sizeof(s));
	item = sample_item();
	CASE(spec_adopt(&s, item, &role) == 0 && s.owner == 1000 &&
	    strcmp(role, "agent") == 0 && strcmp(s.session, SESSION) == 0 &&
	    strcmp(s.name, "work") == 0 &&
	    strcmp(s.path, "/home/u/work") == 0 &&
	    strcmp(s.image, "claudesec/claude") == 0, "adopt", "refused");
	json_decref(item);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		item = sample_item();
		labels = json_object_get(item, "Labels");
		if (t[i].value == NULL)
			(void)json_object_del(labels, t[i].key);
		else
			(void)json_object_set_new(labels, t[i].key,
			    json_string(t[i].value));
		CASE(spec_adopt(&s, item, &role) == -1, t[i].name, "taken");
		json_decref(item);
	}
	CASE(spec_adopt(&s, NULL, &role) == -1, "adopt_nothing", "taken");
}

static const char *
at(const json_t *json, const char *outer, const char *key, size_t i)
{
	json = json_object_get(outer == NULL ? json :
	    json_object_get(json, outer), key);
	if (json_is_array(json))
		json = json_array_get(json, i);
	json = json_string_value(json) == NULL ? NULL : json;
	return (json == NULL ? "" : json_string_value(json));
}

static void
test_agent(void)
{
	const json_t *host;
	struct spec s;
	json_t *json;

	sample_spec(&s);
	json = spec_agent(&s, sample_config(), "{}");
	CASE(json != NULL, "agent", "not made");
	host = json_object_get(json, "HostConfig");
	CASE(strcmp(at(json, NULL, "User", 0), "1001:100") == 0,
	    "agent_user", "%s", at(json, NULL, "User", 0));
	CASE(strcmp(at(host, NULL, "NetworkMode", 0), "none") == 0,
	    "agent_network", "%s", at(host, NULL, "NetworkMode", 0));
	CASE(strcmp(at(host, NULL, "CapDrop", 0), "ALL") == 0,
	    "agent_capabilities", "%s", at(host, NULL, "CapDrop", 0));
	CASE(strcmp(at(host, NULL, "SecurityOpt", 0), "no-new-privileges") ==
	    0 && strcmp(at(host, NULL, "SecurityOpt", 1), "seccomp={}") == 0,
	    "agent_security", "%s", at(host, NULL, "SecurityOpt", 1));
	CASE(json_is_true(json_object_get(host, "ReadonlyRootfs")),
	    "agent_read_only", "no");
	CASE(strcmp(at(host, "Tmpfs", AGENT_HOME, 0), "rw,nosuid,nodev,exec,"
	    "size=1073741824,mode=0700,uid=1001,gid=100") == 0, "agent_home",
	    "%s", at(host, "Tmpfs", AGENT_HOME, 0));
	CASE(json_array_size(json_object_get(host, "Mounts")) == 2,
	    "agent_mounts", "others");
	CASE(strcmp(at(json, "Labels", LABEL_PATH, 0), s.path) == 0 &&
	    strcmp(at(json, "Labels", LABEL_ROLE, 0), "agent") == 0,
	    "agent_labels", "others");
	json_decref(json);
	free_spec(&s);
}

/* What is shared is read-only, and in a directory that is the agent's. */
static void
test_agent_shares(void)
{
	const json_t *env, *host, *mount;
	struct share_answer sa;
	struct spec s;
	json_t *json, *podman;
	size_t i, lines;

	sample_spec(&s);
	memset(&sa, 0, sizeof(sa));
	(void)strlcpy(sa.path, "/home/u/.claude", sizeof(sa.path));
	sa.dev = 0xfd00;
	for (i = 0; i < SHARES_MAX; i++) {
		sa.share = (uint32_t)i;
		sa.ino = i + 10;
		CASE(spec_share_add(&s, &sa) == 0, "share_add", "not added");
	}
	json = spec_agent(&s, sample_config(), "{}");
	host = json_object_get(json, "HostConfig");
	CASE(json_array_size(json_object_get(host, "Mounts")) ==
	    2 + SHARES_MAX, "share_mounts", "others");
	mount = json_array_get(json_object_get(host, "Mounts"), 2);
	CASE(strcmp(at(mount, NULL, "Source", 0),
	    "/home/u/.claude/settings.json") == 0 &&
	    strcmp(at(mount, NULL, "Target", 0),
	    AGENT_CONFIG "/settings.json") == 0 &&
	    json_is_true(json_object_get(mount, "ReadOnly")) &&
	    json_is_true(json_object_get(json_object_get(mount,
	    "BindOptions"), "NonRecursive")), "share_mount", "other");
	CASE(strcmp(at(host, "Tmpfs", AGENT_CONFIG, 0), at(host, "Tmpfs",
	    AGENT_HOME, 0)) == 0, "share_tmpfs", "%s", at(host, "Tmpfs",
	    AGENT_CONFIG, 0));
	env = json_object_get(json, "Env");
	lines = 0;
	for (i = 0; i < json_array_size(env); i++)
		lines += strcmp(at(json, NULL, "Env", i), INSIDE_SHARES "="
		    "r fd00:a settings.json\nr fd00:b commands\n"
		    "r fd00:c agents\nr fd00:d skills\n"
		    "r fd00:e CLAUDE.md\n") == 0;
	CASE(lines == 1, "share_env", "%zu", lines);
	podman = spec_podman(json, "claude-work");
	mount = json_array_get(json_object_get(podman, "mounts"), 1);
	CASE(strcmp(at(mount, NULL, "destination", 0),
	    AGENT_CONFIG "/settings.json") == 0 &&
	    strcmp(at(mount, NULL, "options", 0), "ro") == 0 &&
	    strcmp(at(mount, NULL, "options", 1), "bind") == 0,
	    "share_podman", "%s", at(mount, NULL, "options", 1));
	json_decref(podman);
	json_decref(json);
	(void)strlcpy(s.login, "/login", sizeof(s.login));
	json = spec_agent(&s, sample_config(), "{}");
	host = json_object_get(json, "HostConfig");
	CASE(at(host, "Tmpfs", AGENT_CONFIG, 0)[0] == '\0',
	    "share_login", "a tmpfs over the login");
	json_decref(json);
	strings_free(&s.shares);
	free_spec(&s);
}

static char *
command(const struct spec *s)
{
	json_t *json;
	char *text;

	json = spec_agent(s, sample_config(), "{}");
	text = json_dumps(json_object_get(json, "Cmd"), JSON_COMPACT);
	json_decref(json);
	return (text);
}

static void
test_agent_command(void)
{
	struct spec s;
	char *text;

	sample_spec(&s);
	text = command(&s);
	/* any user of the host sees it: no part of a key */
	CASE(strcmp(text, "[\"-j\",\"-wfd00:123456789abc\",\"--\","
	    "\"claude\",\"-p\",\"hello\"]") == 0,
	    "command", "%s", text);
	free(text);
	s.tty = 1;
	s.cols = 80;
	s.rows = 25;
	text = command(&s);
	CASE(strncmp(text, "[\"-c80\",\"-r25\",\"-j\",\"-w", 22) == 0,
	    "command_terminal", "%s", text);
	free(text);
	s.shell = 1;
	text = command(&s);
	CASE(strstr(text, ",\"--\",\"-p\",\"hello\"]") != NULL,
	    "command_shell", "%s", text);
	free(text);
	strings_free(&s.args);
	text = command(&s);
	CASE(strstr(text, ",\"--\",\"bash\"]") != NULL, "command_bash", "%s",
	    text);
	free(text);
	free_spec(&s);
}

static void
test_sidecar(void)
{
	const json_t *host, *mount;
	struct spec s;
	json_t *json;

	sample_spec(&s);
	json = spec_sidecar(&s);
	CASE(json != NULL, "sidecar", "not made");
	host = json_object_get(json, "HostConfig");
	mount = json_array_get(json_object_get(host, "Mounts"), 0);
	CASE(strcmp(at(json, NULL, "User", 0), "13:13") == 0 &&
	    strcmp(at(host, NULL, "NetworkMode", 0), NETWORK_NAME) == 0 &&
	    strcmp(at(host, NULL, "CapDrop", 0), "ALL") == 0 &&
	    strcmp(at(mount, NULL, "Source", 0), "claude-work-run") == 0 &&
	    json_is_false(json_object_get(mount, "ReadOnly")) &&
	    json_object_get(json, "Env") == NULL, "sidecar_spec", "other");
	json_decref(json);
	free_spec(&s);
}

static void
test_not_utf8(void)
{
	struct spec s;

	sample_spec(&s);
	(void)strings_add(&s.args, "\377", 1);
	CASE(spec_agent(&s, sample_config(), "{}") == NULL,
	    "argument_not_utf8", "made");
	CASE(spec_exec(&s, "m") == NULL, "exec_not_utf8", "made");
	free_spec(&s);
	sample_spec(&s);
	(void)strlcpy(s.path, "/\377", sizeof(s.path));
	CASE(spec_volume(&s) == NULL, "path_not_utf8", "made");
	free_spec(&s);
}

static void
test_exec(void)
{
	struct spec s;
	json_t *json;
	char *text;

	sample_spec(&s);
	s.shell = 1;
	json = spec_exec(&s, "m");
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	CASE(text != NULL && strcmp(text, "{\"AttachStderr\":true,"
	    "\"AttachStdin\":true,\"AttachStdout\":true,\"Cmd\":["
	    "\"/run/claudesec/inside\",\"-x\",\"--\",\"-p\",\"hello\"],"
	    "\"DetachKeys\":\"ctrl-^,ctrl-],ctrl-^,ctrl-]\","
	    "\"Env\":[\"CLAUDESEC_MARK=m\",\"TERM=xterm\"],\"Tty\":false,"
	    "\"WorkingDir\":\"/workspace\"}") == 0, "exec", "%s", text);
	free(text);
	json_decref(json);
	free_spec(&s);
	json = spec_kill("m", 15);
	text = json_dumps(json, JSON_COMPACT);
	CASE(text != NULL && strcmp(text,
	    "{\"Cmd\":[\"/run/claudesec/inside\",\"-k\",\"m\",\"15\"]}") == 0,
	    "kill", "%s", text);
	free(text);
	json_decref(json);
	json = spec_port(65535);
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	CASE(text != NULL && strcmp(text, "{\"AttachStderr\":true,"
	    "\"AttachStdin\":true,\"AttachStdout\":true,\"Cmd\":["
	    "\"/run/claudesec/inside\",\"-p\",\"65535\"],\"Tty\":false}") ==
	    0, "port", "%s", text);
	free(text);
	json_decref(json);
}

static void
test_policy(void)
{
	static const char rules[] =
	    "handover \"/run/claudesec/proxyd.sock\"\nlog json\n"
	    "resolver \"192.0.2.53\" port 5353\n"
	    "pass to \"api.anthropic.com\"\n"
	    "block to \"*.example.org\" port { 443 22 }\n";
	static char token[] = "CLAUDE_CODE_OAUTH_TOKEN=a\"b\\c-0123456789";
	static struct env_entry e;
	struct config *c;
	struct spec s;
	char want[1024], *text;
	size_t len;

	sample_spec(&s);
	c = sample_config();
	text = spec_policy(&s, c, NULL, 0, NULL, &len);
	(void)snprintf(want, sizeof(want), "%s.\n", rules);
	CASE(text != NULL && strcmp(text, want) == 0 && len == strlen(want),
	    "policy", "%s", text);
	free(text);
	/* with a placeholder, but keys are in the environment now */
	(void)strlcpy(s.token, "sk-ant-api03-x", sizeof(s.token));
	text = spec_policy(&s, c, NULL, 0, "\t\t\"x\"\n", &len);
	CASE(strcmp(text, want) == 0, "policy_environment", "%s", text);
	free(text);
	c->fixed.credentials = CREDENTIALS_INJECT;
	text = spec_policy(&s, c, NULL, 0, NULL, &len);
	CASE(strcmp(text, want) == 0, "policy_without_bundle", "%s", text);
	free(text);
	text = spec_policy(&s, c, NULL, 0, "\t\t\"x\"\n", &len);
	(void)snprintf(want, sizeof(want), "%sgateway to "
	    "\"api.anthropic.com\" port 443 {\n\ttoken \"sk-ant-api03-x\"\n"
	    "\tca {\n\t\t\"x\"\n\t}\n"
	    "\tkey \"sk-ant-0123456789abcdefghij\"\n}\n.\n", rules);
	CASE(strcmp(text, want) == 0 && len == strlen(want),
	    "policy_gateway", "%s", text);
	free(text);
	s.token[0] = '\0';
	text = spec_policy(&s, c, NULL, 0, "\t\t\"x\"\n", &len);
	(void)snprintf(want, sizeof(want), "%s.\n", rules);
	CASE(strcmp(text, want) == 0, "policy_without_token", "%s", text);
	free(text);
	/* everything that there is, and a key that must be quoted */
	(void)strlcpy(s.token, "sk-ant-oat01-x", sizeof(s.token));
	e.value = token;
	TAILQ_INIT(&c->env);
	TAILQ_INSERT_TAIL(&c->env, &e, entry);
	c->fixed.api.plain = 1;
	c->fixed.api.port = 8080;
	(void)strlcpy(c->fixed.api.path, "/llm", API_PATHLEN);
	(void)strlcpy(c->fixed.api.addresses[0], "10.0.0.0/8", 64);
	c->fixed.api.naddresses = 1;
	(void)strlcpy(c->fixed.api.allows[0], "GET /v1/*", API_PATHLEN);
	c->fixed.api.nallows = 1;
	text = spec_policy(&s, c, NULL, 0, NULL, &len);
	(void)snprintf(want, sizeof(want), "%sgateway to "
	    "\"api.anthropic.com\" port 8080 {\n\ttoken \"sk-ant-oat01-x\"\n"
	    "\tpath \"/llm\"\n\taddress \"10.0.0.0/8\"\n"
	    "\tallow \"GET /v1/*\"\n\tplain\n"
	    "\tbearer \"a\\\"b\\\\c-0123456789\"\n}\n.\n", rules);
	CASE(strcmp(text, want) == 0 && len == strlen(want), "policy_all",
	    "%s", text);
	free(text);
	free_spec(&s);
}

static void
test_token(void)
{
	static const unsigned char random[TOKEN_RANDOM] = { 0x01, 0xab };
	static char oauth[] = "CLAUDE_CODE_OAUTH_TOKEN=x";
	static struct env_entry e;
	struct config *c;
	char token[TOKEN_MAXLEN];

	c = sample_config();
	spec_token(token, c, random);
	CASE(token[0] == '\0', "token_environment", "%s", token);
	c->fixed.credentials = CREDENTIALS_INJECT;
	spec_token(token, c, random);
	CASE(strncmp(token, "sk-ant-api03-01ab00", 19) == 0 &&
	    strlen(token) == 13 + 64 && spec_token_valid(token), "token_key",
	    "%s", token);
	token[76] = 'g';
	CASE(!spec_token_valid(token), "token_digit", "valid");
	token[76] = '\0';
	CASE(!spec_token_valid(token), "token_short", "valid");
	CASE(!spec_token_valid("sk-ant-0123456789abcdefghij"), "token_other",
	    "valid");
	e.value = oauth;
	TAILQ_INIT(&c->env);
	spec_token(token, c, random);
	CASE(token[0] == '\0', "token_none", "%s", token);
	TAILQ_INSERT_TAIL(&c->env, &e, entry);
	spec_token(token, c, random);
	CASE(strncmp(token, "sk-ant-oat01-01ab00", 19) == 0 &&
	    spec_token_valid(token), "token_oauth", "%s", token);
}

/* Nothing of the real one reaches the agent's container. */
static void
test_inject(void)
{
	static const unsigned char random[TOKEN_RANDOM];
	struct config *c;
	struct spec s, again;
	const char *role;
	json_t *json;
	char *text;

	sample_spec(&s);
	c = sample_config();
	c->fixed.credentials = CREDENTIALS_INJECT;
	spec_token(s.token, c, random);
	json = spec_agent(&s, c, "{}");
	text = json_dumps(json, JSON_COMPACT);
	CASE(strstr(text, "abcdefghij") == NULL &&
	    strstr(text, "\"ANTHROPIC_API_KEY=sk-ant-api03-00") != NULL &&
	    strstr(text, "\"ANTHROPIC_BASE_URL=http://127.0.0.1:3129\"") !=
	    NULL && strstr(text, "\"ENABLE_TOOL_SEARCH=true\"") != NULL &&
	    strstr(text, "\\\"approved\\\":[\\\"00000000000000000000\\\"]") !=
	    NULL, "inject_agent", "%s", text);
	free(text);
	memset(&again, 0, sizeof(again));
	CASE(spec_adopt(&again, json, &role) == 0 &&
	    strcmp(again.token, s.token) == 0, "inject_adopt", "%s",
	    again.token);
	json_decref(json);
	json = spec_sidecar(&s);
	text = json_dumps(json, JSON_COMPACT);
	CASE(strstr(text, "abcdefghij") == NULL, "inject_sidecar", "%s",
	    text);
	free(text);
	json_decref(json);
	free_spec(&s);
}

static void
test_bundle(void)
{
	static const struct {
		const char	*name, *in, *out;
	} t[] = {
		{ "one", "-----BEGIN CERTIFICATE-----\nAA+/=\n"
		    "-----END CERTIFICATE-----\n",
		    "\t\t\"-----BEGIN CERTIFICATE-----\"\n\t\t\"AA+/=\"\n"
		    "\t\t\"-----END CERTIFICATE-----\"\n" },
		{ "text_and_cr", "# x\r\nCN=\"x\"\n"
		    "-----BEGIN CERTIFICATE-----\r\nAA\r\n"
		    "-----END CERTIFICATE-----\r\nB\n",
		    "\t\t\"-----BEGIN CERTIFICATE-----\"\n\t\t\"AA\"\n"
		    "\t\t\"-----END CERTIFICATE-----\"\n" },
		{ "a_line_of_another_kind", "-----BEGIN CERTIFICATE-----\n"
		    "A\"\nAA\n-----END CERTIFICATE-----\n",
		    "\t\t\"-----BEGIN CERTIFICATE-----\"\n\t\t\"AA\"\n"
		    "\t\t\"-----END CERTIFICATE-----\"\n" },
		{ "empty", "", NULL },
		{ "a_key", "-----BEGIN PRIVATE KEY-----\nAA\n"
		    "-----END PRIVATE KEY-----\n", NULL },
		{ "cut", "-----BEGIN CERTIFICATE-----\nAA\n", NULL }
	};
	char *text;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		text = spec_bundle(t[i].in);
		CASE(t[i].out == NULL ? text == NULL : text != NULL &&
		    strcmp(text, t[i].out) == 0, t[i].name, "bundle: %s",
		    text == NULL ? "none" : text);
		free(text);
	}
}

static void
test_api(void)
{
	struct conf_api *a;
	struct config *c;

#define BAD(name, change) do {						\
	c = sample_config();						\
	a = &c->fixed.api;						\
	change;								\
	CASE(!spec_api_valid(a), "api_" name, "valid");			\
} while (0)
	c = sample_config();
	CASE(spec_api_valid(&c->fixed.api), "api", "not valid");
	BAD("host", a->host[0] = '"');
	BAD("no_host", a->host[0] = '\0');
	BAD("long_host", memset(a->host, 'a', sizeof(a->host)));
	BAD("port", a->port = 0);
	BAD("path", (void)strlcpy(a->path, "/a\"b", API_PATHLEN));
	BAD("long_path", memset(a->path, 'a', sizeof(a->path)));
	BAD("addresses", a->naddresses = API_ADDRESSES + 1);
	BAD("address", a->naddresses = 1);
	BAD("address_letter", a->naddresses = 1;
	    (void)strlcpy(a->addresses[0], "10.x", 64));
	BAD("allows", a->nallows = API_ALLOWS + 1);
	BAD("allow", a->nallows = 1);
	BAD("allow_quote", a->nallows = 1;
	    (void)strlcpy(a->allows[0], "GET /\"", API_PATHLEN));
	BAD("allow_method", a->nallows = 1;
	    (void)strlcpy(a->allows[0], "get /", API_PATHLEN));
	BAD("ca", memset(a->ca, 'a', sizeof(a->ca)));
#undef BAD
}

static void
test_claude_json(void)
{
	struct config *c;
	struct spec s;
	json_t *json;
	char *text;

	sample_spec(&s);
	c = sample_config();
	text = spec_claude_json(&s, c);
	json = spec_parse(text, strlen(text));
	CASE(strcmp(at(json, "customApiKeyResponses", "approved", 0),
	    "0123456789abcdefghij") == 0 && strstr(text, "sk-ant") == NULL,
	    "claude_json_key", "%s", text);
	CASE(json_is_true(json_object_get(json, "hasCompletedOnboarding")) &&
	    json_is_true(json_object_get(json_object_get(json_object_get(json,
	    "projects"), "/workspace"), "hasTrustDialogAccepted")),
	    "claude_json", "%s", text);
	json_decref(json);
	free(text);
	TAILQ_INIT(&c->env);
	text = spec_claude_json(&s, c);
	CASE(strstr(text, "\"approved\":[]") != NULL, "claude_json_no_key",
	    "%s", text);
	free(text);
	free_spec(&s);
}

static void
test_tar(void)
{
	struct tar_file files[2];
	unsigned int i, sum;
	char body[513], *tar;
	size_t len;

	memset(body, 'b', sizeof(body));
	files[0].name = "Dockerfile";
	files[0].data = body;
	files[0].len = sizeof(body);
	files[1].name = "ca.crt";
	files[1].data = "";
	files[1].len = 0;
	tar = spec_tar(files, 2, &len);
	CASE(tar != NULL && len == 512 * (1 + 2 + 1 + 2), "tar_size", "%zu",
	    len);
	CASE(strcmp(tar, "Dockerfile") == 0 &&
	    strcmp(tar + 124, "00000001001") == 0 &&
	    memcmp(tar + 257, "ustar\00000", 8) == 0, "tar_header", "other");
	for (i = sum = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' ' : (unsigned char)tar[i];
	CASE(strtoul(tar + 148, NULL, 8) == sum, "tar_sum", "%u", sum);
	CASE(memcmp(tar + 512, body, sizeof(body)) == 0 &&
	    tar[512 + sizeof(body)] == '\0', "tar_body", "other");
	CASE(strcmp(tar + 512 * 3, "ca.crt") == 0, "tar_second", "\"%s\"",
	    tar + 512 * 3);
	free(tar);
}

/* What an engine that did as it was told would say of a container. */
static json_t *
made(const json_t *asked, const char *network)
{
	json_t *config, *got, *host, *mount, *mounts;
	const json_t *a;
	size_t i;

	config = json_deep_copy(asked);
	host = json_incref(json_object_get(config, "HostConfig"));
	(void)json_object_del(config, "HostConfig");
	mounts = json_array();
	for (i = 0; i < json_array_size(json_object_get(host, "Mounts"));
	    i++) {
		a = json_array_get(json_object_get(host, "Mounts"), i);
		mount = json_pack("{s:s, s:s, s:s, s:b, s:s}",
		    "Type", at(a, NULL, "Type", 0),
		    strcmp(at(a, NULL, "Type", 0), "volume") == 0 ? "Name" :
		    "Source", at(a, NULL, "Source", 0),
		    "Destination", at(a, NULL, "Target", 0),
		    "RW", !json_is_true(json_object_get(a, "ReadOnly")),
		    "Propagation", at(a, "BindOptions", "Propagation", 0));
		(void)json_array_append_new(mounts, mount);
	}
	got = json_pack("{s:s, s:o, s:o, s:o, s:{s:{s:{}}}}",
	    "Image", at(asked, NULL, "Image", 0), "Config", config,
	    "HostConfig", host, "Mounts", mounts, "NetworkSettings",
	    "Networks", network);
	if (got == NULL)
		abort();
	return (got);
}

static void
test_verify(void)
{
	struct spec s;
	json_t *asked, *got, *host;
	char why[512];

	sample_spec(&s);
	asked = spec_agent(&s, sample_config(), "{}");
	got = made(asked, "none");
	host = json_object_get(got, "HostConfig");
	why[0] = '\0';
	CASE(spec_verify(asked, got, why, sizeof(why)) == 0, "verify", "%s",
	    why);
	/* what engines say in other words */
	(void)json_object_set_new(host, "PidMode", json_null());
	(void)json_object_set_new(host, "Devices", json_array());
	(void)json_object_set_new(host, "Binds", json_null());
	(void)json_object_set_new(host, "MemorySwap", json_integer(-1));
	(void)json_object_set_new(host, "Runtime", json_string("runc"));
	(void)json_object_del(host, "Privileged");
	(void)json_array_append_new(json_object_get(json_object_get(got,
	    "Config"), "Env"), json_string("PATH=/bin"));
	(void)json_object_set_new(json_object_get(json_object_get(got,
	    "Config"), "Labels"), "other", json_string("x"));
	CASE(spec_verify(asked, got, why, sizeof(why)) == 0,
	    "verify_other_words", "%s", why);
	json_decref(got);
	json_decref(asked);
	asked = spec_sidecar(&s);
	got = made(asked, NETWORK_NAME);
	CASE(spec_verify(asked, got, why, sizeof(why)) == 0,
	    "verify_sidecar", "%s", why);
	json_decref(got);
	json_decref(asked);
	free_spec(&s);
	CASE(spec_verify(NULL, NULL, why, sizeof(why)) == -1,
	    "verify_nothing", "taken");
}

/*
 * What podman says of a container that it made as it was told.
 */
static json_t *
made_by_podman(const json_t *asked, const char *network)
{
	const json_t *value;
	json_t *config, *got, *host, *u;
	char name[32];
	size_t i;

	got = made(asked, network);
	config = json_object_get(got, "Config");
	host = json_object_get(got, "HostConfig");
	(void)json_object_set_new(config, "AttachStdin", json_false());
	(void)json_object_set_new(config, "StdinOnce", json_false());
	(void)json_object_set_new(config, "StopSignal", json_integer(15));
	value = json_object_get(config, "Entrypoint");
	(void)json_object_set_new(config, "Entrypoint", value == NULL ?
	    json_string("") : json_incref(json_array_get(value, 0)));
	(void)json_object_set_new(got, "EffectiveCaps", json_null());
	(void)json_object_set_new(got, "BoundingCaps", json_null());
	(void)json_object_set_new(host, "CapDrop", json_pack("[s]",
	    "CAP_CHOWN"));
	(void)json_object_set_new(host, "Binds", json_array());
	for (i = 0; i < json_array_size(json_object_get(got, "Mounts")); i++)
		(void)json_array_append_new(json_object_get(host, "Binds"),
		    json_string("a"));
	(void)json_object_del(host, "Mounts");
	(void)json_object_del(host, "Sysctls");
	(void)json_object_del(host, "CgroupnsMode");
	(void)json_object_set_new(host, "CgroupMode", json_string("private"));
	(void)json_object_set_new(host, "PidMode", json_string("private"));
	(void)json_object_set_new(host, "UTSMode", json_string("private"));
	(void)json_object_set_new(host, "IpcMode", json_string("shareable"));
	if (strcmp(network, "none") != 0)
		(void)json_object_set_new(host, "NetworkMode",
		    json_string("bridge"));
	(void)json_object_set_new(host, "SecurityOpt", json_pack("[s]",
	    "no-new-privileges"));
	(void)json_object_set_new(host, "LogConfig", json_pack(
	    "{s:s, s:n, s:s, s:s}", "Type", "json-file", "Config", "Path",
	    "/x", "Size", "8.389MB"));
	for (i = 0; i < json_array_size(json_object_get(host, "Ulimits"));
	    i++) {
		u = json_array_get(json_object_get(host, "Ulimits"), i);
		(void)snprintf(name, sizeof(name), "RLIMIT_%s",
		    spec_string(u, "Name", NULL));
		(void)json_object_set_new(u, "Name", json_string(name));
	}
	return (got);
}

/* Lines about layers, and the age of an image, which may be anything. */
static void
test_layer(void)
{
	static const struct {
		const char	*name, *json;
		int		 result;
		uint32_t	 moving;
		const char	*text;
	} t[] = {
		{ "layer_moving", "{\"id\":\"a1\",\"status\":\"Downloading\","
		    "\"progressDetail\":{\"current\":500,\"total\":1000}}", 0,
		    1, "Downloading  50% of 1 kB" },
		{ "layer_done", "{\"id\":\"a1\",\"status\":\"Pull complete\","
		    "\"progressDetail\":{}}", 0, 0, "Pull complete" },
		{ "layer_too_far", "{\"id\":\"a1\",\"status\":\"x\","
		    "\"progressDetail\":{\"current\":9,\"total\":8}}", 0, 1,
		    "x" },
		{ "layer_negative", "{\"id\":\"a1\",\"status\":\"x\","
		    "\"progressDetail\":{\"current\":-9,\"total\":8}}", 0, 1,
		    "x" },
		{ "layer_controls", "{\"id\":\"a\\u001bc\",\"status\":\"\\u001b"
		    "[1mx\",\"progressDetail\":{}}", 0, 0, "x" },
		{ "layer_without_id", "{\"status\":\"x\",\"progressDetail\":"
		    "{}}", -1, 0, NULL },
		{ "layer_without_detail", "{\"id\":\"x\",\"status\":\"x\"}",
		    -1, 0, NULL },
		{ "layer_empty", "{\"id\":\"\",\"status\":\"x\","
		    "\"progressDetail\":{}}", -1, 0, NULL }
	};
	struct ctl_layer l;
	json_t *json;
	size_t i;
	int n;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		json = json_loads(t[i].json, 0, NULL);
		memset(&l, 0, sizeof(l));
		n = spec_layer(json, &l);
		CASE(n == t[i].result && (n == -1 || (l.moving == t[i].moving &&
		    strcmp(l.text, t[i].text) == 0)), t[i].name, "\"%s\"",
		    l.text);
		json_decref(json);
	}
	json = json_pack("{s:s}", "Created", "2026-11-24T10:00:00.5Z");
	CASE(spec_age(json, 1795478400 + 86400) == 86400, "age", "%lld",
	    (long long)spec_age(json, 1795478400 + 86400));
	CASE(spec_age(json, 1000) == 0, "age_of_the_future", "not 0");
	CASE(spec_age(NULL, 1000) == 0, "age_of_nothing", "not 0");
	json_decref(json);
}

/* Each of these is seen, though other things of podman's are taken. */
static void
test_podman(void)
{
	static const struct {
		const char	*name, *in, *key, *value;
	} t[] = {
		{ "podman_as_asked", NULL, "Pod", "\"\"" },
		{ "podman_bounding", NULL, "BoundingCaps",
		    "[\"CAP_CHOWN\"]" },
		{ "podman_effective", NULL, "EffectiveCaps",
		    "[\"CAP_CHOWN\"]" },
		{ "podman_cgroup", "HostConfig", "CgroupMode", "\"host\"" },
		{ "podman_pid", "HostConfig", "PidMode", "\"host\"" },
		{ "podman_uts", "HostConfig", "UTSMode", "\"host\"" },
		{ "podman_ipc", "HostConfig", "IpcMode", "\"host\"" },
		{ "podman_network", "HostConfig", "NetworkMode",
		    "\"slirp4netns\"" },
		{ "podman_two_networks", "NetworkSettings", "Networks",
		    "{\"claude-work-net\":{},\"podman\":{}}" },
		{ "podman_other_network", "NetworkSettings", "Networks",
		    "{\"podman\":{}}" },
		{ "podman_security", "HostConfig", "SecurityOpt", "[]" },
		{ "podman_unconfined", "HostConfig", "SecurityOpt",
		    "[\"no-new-privileges\",\"seccomp=unconfined\"]" },
		{ "podman_binds", "HostConfig", "Binds", "[\"/:/h\",\"b\"]" },
		{ "podman_log", "HostConfig", "LogConfig",
		    "{\"Type\":\"json-file\",\"Size\":\"0B\"}" },
		{ "podman_limits", "HostConfig", "Ulimits",
		    "[{\"Name\":\"RLIMIT_CORE\",\"Soft\":0,\"Hard\":0}]" },
		{ "podman_privileged", "HostConfig", "Privileged", "true" }
	};
	struct spec s;
	json_t *asked, *got, *made_it, *spec;
	char why[512];
	size_t i;

	sample_spec(&s);
	s.podman = 1;
	(void)strlcpy(s.network, "claude-work-net", sizeof(s.network));
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		asked = spec_sidecar(&s);
		made_it = made_by_podman(asked, s.network);
		(void)json_object_set_new(t[i].in == NULL ? made_it :
		    json_object_get(made_it, t[i].in), t[i].key,
		    json_loads(t[i].value, JSON_DECODE_ANY, NULL));
		got = spec_from_podman(asked, made_it);
		why[0] = '\0';
		CASE(spec_verify(asked, got, why, sizeof(why)) ==
		    (i == 0 ? 0 : -1), t[i].name, "%s", why);
		json_decref(got);
		json_decref(made_it);
		json_decref(asked);
	}
	asked = spec_agent(&s, sample_config(), "/p");
	made_it = made_by_podman(asked, "none");
	got = spec_from_podman(asked, made_it);
	(void)json_array_append_new(json_object_get(json_object_get(got,
	    "HostConfig"), "SecurityOpt"), json_string("x"));
	CASE(spec_verify(asked, got, why, sizeof(why)) == -1,
	    "podman_more_security", "taken");
	json_decref(got);
	got = spec_from_podman(asked, made_it);
	CASE(spec_verify(asked, got, why, sizeof(why)) == 0, "podman_agent",
	    "%s", why);
	json_decref(got);
	json_decref(made_it);
	spec = spec_podman(asked, "claude-work");
	CASE(strcmp(at(spec, NULL, "cap_drop", 0), "ALL") == 0 &&
	    strcmp(at(spec, NULL, "seccomp_profile_path", 0), "/p") == 0 &&
	    json_is_true(json_object_get(spec, "no_new_privileges")) &&
	    json_is_true(json_object_get(spec, "read_only_filesystem")) &&
	    strcmp(at(spec, "netns", "nsmode", 0), "none") == 0 &&
	    strcmp(at(spec, "cgroupns", "nsmode", 0), "private") == 0 &&
	    json_array_size(json_object_get(spec, "mounts")) == 7 &&
	    strcmp(at(json_array_get(json_object_get(spec, "mounts"), 1),
	    NULL, "source", 0), "/data/resolv.conf") == 0 &&
	    strcmp(at(json_array_get(json_object_get(spec, "mounts"), 2),
	    NULL, "destination", 0), AGENT_HOSTS) == 0 &&
	    json_array_size(json_object_get(spec, "volumes")) == 1,
	    "podman_spec", "other");
	json_decref(spec);
	json_decref(asked);
	free_spec(&s);
}

/* What is not said, is not there; but for root, which nobody lacks. */
static void
test_rootless_info(void)
{
	static const struct {
		const char	*name, *json;
		int		 podman;
		struct engine_info info;
	} t[] = {
		{ "info_docker", "{\"SecurityOptions\":[\"name=seccomp\"],"
		    "\"CgroupVersion\":\"1\",\"MemoryLimit\":true}", 0,
		    { 0, 1, 0, 0, 0 } },
		{ "info_docker_rootless", "{\"SecurityOptions\":[\"name=secco"
		    "mp\",\"name=rootless\"],\"CgroupVersion\":\"2\",\"Mem"
		    "oryLimit\":true,\"PidsLimit\":true,\"CpuCfsQuota\":tru"
		    "e}", 0, { 1, 1, 1, 1, 1 } },
		{ "info_docker_unbound", "{\"SecurityOptions\":[\"name=rootle"
		    "ss\"],\"CgroupVersion\":\"2\",\"MemoryLimit\":false,"
		    "\"PidsLimit\":1}", 0, { 1, 0, 0, 0, 1 } },
		{ "info_docker_odd", "{\"SecurityOptions\":[3],\"CgroupVersio"
		    "n\":2}", 0, { 0, 0, 0, 0, 0 } },
		{ "info_podman", "{\"host\":{\"security\":{\"rootless\":false"
		    "}}}", 1, { 0, 0, 0, 0, 0 } },
		{ "info_podman_silent", "{\"host\":{}}", 1,
		    { 1, 0, 0, 0, 0 } },
		{ "info_podman_rootless", "{\"host\":{\"security\":{\"rootle"
		    "ss\":true},\"cgroupVersion\":\"v2\",\"cgroupControlle"
		    "rs\":[\"memory\",\"pids\"]}}", 1, { 1, 1, 1, 0, 1 } },
		/* root's, which it may not use */
		{ "info_podman_v1", "{\"host\":{\"security\":{\"rootless\":"
		    "true},\"cgroupVersion\":\"v1\",\"cgroupControllers\":["
		    "\"memory\",\"pids\"]}}", 1, { 1, 0, 0, 0, 0 } }
	};
	struct engine_info info;
	json_t *json;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		json = json_loads(t[i].json, 0, NULL);
		spec_info(&info, json, t[i].podman);
		CASE(memcmp(&info, &t[i].info, sizeof(info)) == 0, t[i].name,
		    "%d %d %d %d %d", info.rootless, info.memory,
		    info.processes, info.cpu, info.unified);
		json_decref(json);
	}
}

/* The agent is the user in there, who has bounds already. */
static void
test_rootless_podman(void)
{
	static const struct {
		const char	*name, *key, *value;
		int		 result;
	} t[] = {
		{ "podman_userns", "IDMappings", "{\"UidMap\":[\"0:1:1000\","
		    "\"1000:0:1\",\"1001:1001:64536\"]}", 0 },
		{ "podman_userns_other", "IDMappings", "{\"UidMap\":[\"0:0:1\""
		    ",\"1:1:65536\"]}", -1 },
		{ "podman_userns_none", "IDMappings", "{}", -1 },
		{ "podman_no_more_limits", "Ulimits", "[{\"Name\":\"RLIMIT_COR"
		    "E\",\"Soft\":0,\"Hard\":0},{\"Name\":\"RLIMIT_NPROC\",\"S"
		    "oft\":9,\"Hard\":9}]", -1 }
	};
	struct spec s;
	json_t *asked, *got, *host, *limits, *made_it, *spec;
	char why[512];
	size_t i;

	sample_spec(&s);
	s.podman = s.rootless = 1;
	s.uid = 1000;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		asked = spec_agent(&s, sample_config(), "/p");
		made_it = made_by_podman(asked, "none");
		host = json_object_get(made_it, "HostConfig");
		(void)json_object_set_new(host, "UsernsMode",
		    json_string("private"));
		(void)json_object_set_new(host, "IDMappings",
		    json_loads(t[0].value, 0, NULL));
		limits = json_object_get(host, "Ulimits");
		(void)json_array_append_new(limits, json_pack(
		    "{s:s, s:i, s:i}", "Name", "RLIMIT_NPROC",
		    "Soft", 9, "Hard", 9));
		(void)json_object_set_new(host, t[i].key,
		    json_loads(t[i].value, 0, NULL));
		got = spec_from_podman(asked, made_it);
		why[0] = '\0';
		CASE(spec_verify(asked, got, why, sizeof(why)) ==
		    t[i].result, t[i].name, "%s", why);
		json_decref(got);
		json_decref(made_it);
		json_decref(asked);
	}
	asked = spec_agent(&s, sample_config(), "/p");
	spec = spec_podman(asked, "claude-work");
	CASE(strcmp(at(spec, "userns", "nsmode", 0), "keep-id") == 0,
	    "podman_keep_id", "other");
	json_decref(spec);
	json_decref(asked);
	s.podman = 0;
	asked = spec_agent(&s, sample_config(), "/p");
	CASE(json_object_get(json_object_get(asked, "HostConfig"),
	    "UsernsMode") == NULL, "docker_no_keep_id", "there is one");
	json_decref(asked);
	free_spec(&s);
}

/*
 * Whatever was asked, lost or changed on the way, must be seen.
 */
static void
verify_each(const char *where)
{
	struct spec s;
	json_t *asked, *got, *object, *value;
	const char *key;
	char name[128], why[512];

	sample_spec(&s);
	asked = spec_agent(&s, sample_config(), "{}");
	object = strcmp(where, "HostConfig") == 0 ? json_object_get(asked,
	    where) : asked;
	json_object_foreach(object, key, value) {
		if (strcmp(key, "HostConfig") == 0 ||
		    strcmp(key, "Image") == 0)
			continue;
		got = made(asked, "none");
		(void)json_object_set_new(json_object_get(got, where), key,
		    json_string("other"));
		(void)snprintf(name, sizeof(name), "verify_changed_%s", key);
		CASE(spec_verify(asked, got, why, sizeof(why)) == -1 &&
		    strstr(why, key) != NULL, name, "taken, or %s", why);
		json_decref(got);
		/* to say nothing is to say that there is none */
		if (json_is_false(value) ||
		    (json_is_integer(value) &&
		    json_integer_value(value) == 0) ||
		    (json_is_string(value) && json_string_length(value) == 0))
			continue;
		got = made(asked, "none");
		(void)json_object_del(json_object_get(got, where), key);
		(void)snprintf(name, sizeof(name), "verify_lost_%s", key);
		CASE(spec_verify(asked, got, why, sizeof(why)) == -1, name,
		    "taken");
		json_decref(got);
	}
	json_decref(asked);
	free_spec(&s);
}

static void
test_verify_changed(void)
{
	verify_each("Config");
	verify_each("HostConfig");
}

/* What was not asked. */
static void
test_verify_more(void)
{
	static const struct {
		const char	*outer, *key, *value;
	} t[] = {
		{ "HostConfig", "Privileged", "true" },
		{ "HostConfig", "Binds", "[\"/:/host\"]" },
		{ "HostConfig", "CapAdd", "[\"SYS_ADMIN\"]" },
		{ "HostConfig", "Devices", "[{\"PathOnHost\":\"/dev/sda\"}]" },
		{ "HostConfig", "DeviceRequests", "[{\"Driver\":\"nvidia\"}]" },
		{ "HostConfig", "DeviceCgroupRules", "[\"a *:* rwm\"]" },
		{ "HostConfig", "PidMode", "\"host\"" },
		{ "HostConfig", "UTSMode", "\"host\"" },
		{ "HostConfig", "UsernsMode", "\"host\"" },
		{ "HostConfig", "IpcMode", "\"host\"" },
		{ "HostConfig", "NetworkMode", "\"host\"" },
		{ "HostConfig", "CgroupnsMode", "\"host\"" },
		{ "HostConfig", "VolumesFrom", "[\"x\"]" },
		{ "HostConfig", "GroupAdd", "[\"0\"]" },
		{ "HostConfig", "ExtraHosts", "[\"a:1.2.3.4\"]" },
		{ "HostConfig", "PortBindings", "{\"80/tcp\":[{}]}" },
		{ "HostConfig", "PublishAllPorts", "true" },
		{ "HostConfig", "OomKillDisable", "true" },
		{ "HostConfig", "OomScoreAdj", "-1000" },
		{ "HostConfig", "MaskedPaths", "[]" },
		{ "HostConfig", "ReadonlyPaths", "[]" },
		{ "HostConfig", "MaskedPaths", "null" },
		{ "HostConfig", "SecurityOpt", "[\"no-new-privileges\","
		    "\"seccomp=unconfined\"]" },
		{ "HostConfig", "SecurityOpt", "[\"no-new-privileges\","
		    "\"seccomp={}\",\"apparmor=unconfined\"]" },
		{ "HostConfig", "Tmpfs", "{\"/x\":\"\"}" },
		{ "HostConfig", "Sysctls", "{}" },
		{ "HostConfig", "PidsLimit", "null" },
		{ "HostConfig", "PidsLimit", "-1" },
		{ "HostConfig", "Memory", "0" },
		{ "HostConfig", "MemorySwap", "8589934592" },
		{ "HostConfig", "CapDrop", "[]" },
		{ "HostConfig", "LogConfig", "{\"Type\":\"json-file\","
		    "\"Config\":{}}" },
		{ "Config", "User", "\"\"" },
		{ "Config", "User", "\"0:0\"" },
		{ "Config", "Env", "[]" },
		{ "Config", "Cmd", "[\"claude\"]" },
		{ "NetworkSettings", "Networks", "{\"none\":{},\"x\":{}}" },
		{ "NetworkSettings", "Networks", "{\"bridge\":{}}" }
	};
	struct spec s;
	json_t *asked, *env, *got;
	char name[128], why[512];
	size_t i;

	sample_spec(&s);
	asked = spec_agent(&s, sample_config(), "{}");
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		got = made(asked, "none");
		(void)json_object_set_new(json_object_get(got, t[i].outer),
		    t[i].key, json_loads(t[i].value, JSON_DECODE_ANY, NULL));
		(void)snprintf(name, sizeof(name), "verify_more_%s_%zu",
		    t[i].key, i);
		CASE(spec_verify(asked, got, why, sizeof(why)) == -1, name,
		    "%s taken", t[i].value);
		json_decref(got);
	}
	got = made(asked, "none");
	env = json_object_get(json_object_get(got, "Config"), "Env");
	(void)json_array_append_new(env, json_string("HTTPS_PROXY="));
	CASE(spec_verify(asked, got, why, sizeof(why)) == -1,
	    "verify_env_twice", "taken");
	json_decref(got);
	got = made(asked, "none");
	env = json_object_get(json_object_get(got, "Config"), "Env");
	(void)json_array_set_new(env, json_array_size(env) - 1,
	    json_string("ANTHROPIC_API_KEY=XYZ"));
	CASE(spec_verify(asked, got, why, sizeof(why)) == -1 &&
	    strstr(why, "sk-ant") == NULL && strstr(why, "XYZ") == NULL,
	    "verify_env_keeps_secrets", "%s", why);
	json_decref(got);
	got = made(asked, "none");
	(void)json_object_set_new(got, "Image", json_string("sha256:" ID8));
	CASE(spec_verify(asked, got, why, sizeof(why)) == -1, "verify_image",
	    "taken");
	json_decref(got);
	json_decref(asked);
	free_spec(&s);
}

static void
test_verify_mounts(void)
{
	static const struct {
		const char	*name;
		size_t		 i;
		const char	*key, *value;
	} t[] = {
		{ "verify_mount_source", 0, "Source", "\"/\"" },
		{ "verify_mount_target", 0, "Destination", "\"/etc\"" },
		{ "verify_mount_read_only", 0, "RW", "false" },
		{ "verify_mount_rw_missing", 0, "RW", "null" },
		{ "verify_mount_shared", 0, "Propagation", "\"rshared\"" },
		{ "verify_mount_volume", 1, "Name", "\"other\"" },
		{ "verify_mount_volume_writable", 1, "RW", "true" }
	};
	struct spec s;
	json_t *asked, *got, *mounts;
	char why[512];
	size_t i;

	sample_spec(&s);
	asked = spec_agent(&s, sample_config(), "{}");
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		got = made(asked, "none");
		mounts = json_object_get(got, "Mounts");
		(void)json_object_set_new(json_array_get(mounts, t[i].i),
		    t[i].key, json_loads(t[i].value, JSON_DECODE_ANY, NULL));
		CASE(spec_verify(asked, got, why, sizeof(why)) == -1,
		    t[i].name, "taken");
		json_decref(got);
	}
	got = made(asked, "none");
	mounts = json_object_get(got, "Mounts");
	(void)json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:b}",
	    "Type", "volume", "Name", ID64, "Destination", "/data", "RW", 1));
	CASE(spec_verify(asked, got, why, sizeof(why)) == -1,
	    "verify_mount_of_image", "taken");
	json_decref(got);
	got = made(asked, "none");
	mounts = json_object_get(got, "Mounts");
	(void)json_array_set(mounts, 1, json_array_get(mounts, 0));
	CASE(spec_verify(asked, got, why, sizeof(why)) == -1,
	    "verify_mount_twice", "taken");
	json_decref(got);
	json_decref(asked);
	free_spec(&s);
}

static void
test_verify_network(void)
{
	static const struct {
		const char	*name, *key, *value;
		int		 result;
	} t[] = {
		{ "network", "Scope", "\"local\"", 0 },
		{ "network_driver", "Driver", "\"macvlan\"", -1 },
		{ "network_name", "Name", "\"other\"", -1 },
		{ "network_internal", "Internal", "true", -1 },
		{ "network_attachable", "Attachable", "true", -1 },
		{ "network_ipv6", "EnableIPv6", "true", -1 },
		{ "network_icc", "Options", "{}", -1 },
		{ "network_icc_true", "Options",
		    "{\"com.docker.network.bridge.enable_icc\":\"true\"}",
		    -1 },
		{ "network_more_options", "Options",
		    "{\"com.docker.network.bridge.enable_icc\":\"false\","
		    "\"x\":\"y\"}", 0 },
		{ "network_labels", "Labels", "{}", -1 }
	};
	json_t *asked, *got;
	char why[256];
	size_t i;

	asked = spec_network();
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		got = spec_network();
		(void)json_object_del(got, "CheckDuplicate");
		(void)json_object_set_new(got, t[i].key,
		    json_loads(t[i].value, JSON_DECODE_ANY, NULL));
		CASE(spec_verify_network(asked, got, why, sizeof(why)) ==
		    t[i].result, t[i].name, "%s", why);
		json_decref(got);
	}
	CASE(spec_verify_network(asked, NULL, why, sizeof(why)) == -1,
	    "network_nothing", "taken");
	json_decref(asked);
}

static void
test_verify_volume(void)
{
	struct spec s;
	json_t *asked, *got;

	sample_spec(&s);
	asked = spec_volume(&s);
	got = json_deep_copy(asked);
	CASE(spec_verify_volume(asked, got) == 0, "volume", "refused");
	(void)json_object_set_new(got, "Options", json_pack("{s:s}", "device",
	    "/"));
	CASE(spec_verify_volume(asked, got) == -1, "volume_options", "taken");
	json_decref(got);
	got = json_deep_copy(asked);
	(void)json_object_set_new(got, "Driver", json_string("other"));
	CASE(spec_verify_volume(asked, got) == -1, "volume_driver", "taken");
	json_decref(got);
	got = json_deep_copy(asked);
	(void)json_object_set_new(json_object_get(got, "Labels"),
	    LABEL_SESSION, json_string(ID8));
	CASE(spec_verify_volume(asked, got) == -1, "volume_of_another",
	    "taken");
	json_decref(got);
	CASE(spec_verify_volume(asked, NULL) == -1, "volume_nothing",
	    "taken");
	json_decref(asked);
	free_spec(&s);
}
