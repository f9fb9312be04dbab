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


/* login.c: addresses of logins, in what a terminal is shown, and what returns. */

#include "claudesec.h"
#include "unit.h"

#define A	"https://claude.ai/oauth/authorize?"
#define R	"redirect_uri=http%3A%2F%2Flocalhost%3A35031%2Fcallback"
#define S	"state=5VEtnQjO6ylWc5-t"
#define GOOD	A "code=true&" R "&scope=a+b%3Ac&" S

/* how many logins are seen in there, and the last one's */
static int
seen(const char *text, struct login *last)
{
	static struct login_scan scan;
	struct login l;
	int n;

	memset(&scan, 0, sizeof(scan));
	for (n = 0; *text != '\0'; text++)
		if (login_scan(&scan, (unsigned char)*text) == 1 &&
		    login_parse(scan.url, &l) == 0) {
			*last = l;
			n++;
		}
	return (n);
}

static void
shown(const char *name, const char *text, int should)
{
	struct login l;
	int n;

	memset(&l, 0, sizeof(l));
	n = seen(text, &l);
	CASE(n == should && (n == 0 || (l.port == 35031 &&
	    strcmp(l.state, "5VEtnQjO6ylWc5-t") == 0)), name, "%d, %u %s", n,
	    l.port, l.state);
}

static void
parsed(const char *name, const char *url, int should)
{
	struct login l;

	int n;

	n = login_parse(url, &l);
	CASE((n == 0) == should, name, "%u %s", l.port, l.state);
}

static void
request(const char *name, const char *text, int should)
{
	struct login l;
	int n;

	(void)login_parse(GOOD, &l);
	n = login_request(text, strlen(text), &l);
	CASE(n == should, name, "%d", n);
}

static void
test_long(void)
{
	static char text[3 * LOGIN_URLMAX];
	struct login l;

	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, GOOD, sizeof(GOOD) - 1);
	CASE(seen(text, &l) == 0, "login_too_long", "seen");
	memcpy(text + 2 * LOGIN_URLMAX, " " GOOD " ", sizeof(GOOD) + 1);
	CASE(seen(text, &l) == 1, "login_after_one_too_long", "not seen");
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "GET /callback?", 14);
	(void)login_parse(GOOD, &l);
	CASE(login_request(text, sizeof(text) - 1, &l) == -1,
	    "request_too_long", "taken");
}

int
main(void)
{
	shown("login_in_a_line", "see " GOOD " and\n", 1);
	shown("login_at_the_end_of_a_line", GOOD "\r\n\n", 2);
	shown("login_in_a_link", "\033]8;;" GOOD "\033\\\033]8;;\033\\", 1);
	shown("login_in_a_link_with_an_id", "\033]8;id=1;" GOOD "\007x", 1);
	shown("login_over_lines", A "code=true&" R "&sc\r\nope=x&state=5VEtn"
	    "\r\nQjO6ylWc5-t \r\n", 1);
	shown("login_over_lines_with_colours", A "code=true&\033[0m\r\n"
	    "\033[38;5;153m" R "&\033[1B\r" S "\033]", 1);
	shown("login_after_its_beginning", "hhttps:/https://x " GOOD " ", 1);
	shown("login_alone", GOOD, 0);
	shown("login_none", "https://example.org/ \033[31mhttps://\n", 0);
	parsed("login_good", GOOD, 1);
	parsed("login_of_the_console",
	    "https://console.anthropic.com/oauth/authorize?" R "&" S, 1);
	parsed("login_of_the_platform",
	    "https://platform.claude.com/oauth/authorize?" R "&" S, 1);
	parsed("login_of_claude_com",
	    "https://claude.com/cai/oauth/authorize?" R "&" S, 1);
	parsed("login_plain", "http://claude.ai/oauth/authorize?" R "&" S, 0);
	parsed("login_elsewhere",
	    "https://claude.ai.example.org/oauth/authorize?" R "&" S, 0);
	parsed("login_as_a_user",
	    "https://claude.ai@example.org/oauth/authorize?" R "&" S, 0);
	parsed("login_of_another_page", "https://claude.ai/login?" R "&" S,
	    0);
	parsed("login_without_a_port", A S, 0);
	parsed("login_without_a_word", A R, 0);
	parsed("login_with_a_short_word", A R "&state=1234567", 0);
	parsed("login_with_two_ports", A R "&" R "&" S, 0);
	parsed("login_with_two_words", A R "&" S "&" S, 0);
	parsed("login_to_a_low_port", A "redirect_uri=http%3A%2F%2Flocalhost"
	    "%3A1023%2Fcallback&" S, 0);
	parsed("login_to_the_old_port", A "redirect_uri=http%3a%2f%2flocalhost"
	    "%3a54545%2fcallback&" S, 1);
	parsed("login_to_no_port", A "redirect_uri=http%3A%2F%2Flocalhost"
	    "%3A%2Fcallback&" S, 0);
	parsed("login_to_a_high_port", A "redirect_uri=http%3A%2F%2Flocalhost"
	    "%3A4294967296%2Fcallback&" S, 0);
	parsed("login_to_another_path", A "redirect_uri=http%3A%2F%2Flocalhost"
	    "%3A35031%2Fcallback2&" S, 0);
	parsed("login_to_another_host", A "redirect_uri=http%3A%2F%2Fa.example"
	    "%3A35031%2Fcallback&" S, 0);
	parsed("login_with_a_quote", GOOD "'", 0);
	parsed("login_with_a_blank", GOOD " x", 0);
	request("request_good", "GET /callback?code=1&" S " HTTP/1.1\r\n", 1);
	request("request_half", "GET /callback?code=1&" S, 0);
	request("request_shorter", "GET", 0);
	request("request_of_another_method",
	    "POST /callback?code=1&" S " HTTP/1.1\r\n", -1);
	request("request_of_another_page", "GET /favicon.ico HTTP/1.1\r\n",
	    -1);
	request("request_with_another_word",
	    "GET /callback?code=1&state=5VEtnQjO6ylWc5-x HTTP/1.1\r\n", -1);
	request("request_with_more_of_a_word",
	    "GET /callback?code=1&" S "x HTTP/1.1\r\n", -1);
	request("request_with_two_words",
	    "GET /callback?" S "&" S " HTTP/1.1\r\n", -1);
	request("request_without_a_word", "GET /callback?code=1 HTTP/1.1\r\n",
	    -1);
	request("request_with_a_word_behind",
	    "GET /callback?code=1 HTTP/1.1?" S "\r\n", -1);
	test_long();
	return (unit_failed);
}
