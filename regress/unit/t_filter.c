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
 * What passes to a terminal.  Each row goes through whole, and split at every
 * byte; and after each of them plain text is shown as it came.
 */

#include <stdlib.h>
#include <string.h>

#include "../../claudesec/claudesec.h"
#include "exact.h"
#include "unit.h"

#define PASSES	NULL		/* as it is */
#define SUFFIX	"text \303\274 \342\235\257"
#define OUT_MAX	4096

/* what is shown, where it is not what came */
static const struct row {
	const char	*name;
	const char	*in;
	const char	*out;
} rows[] = {
	/* text */
	{ "text", "plain ~ text\r\n\t\b\a\f\v", PASSES },
	{ "charsets shifted", "\016x\017", PASSES },
	{ "UTF-8", "\303\244 \342\224\200\360\237\230\200", PASSES },
	{ "other controls", "a\001\002\003\005\006\020\021\023\032\034\177b",
	    "ab" },
	{ "C1 in UTF-8", "a\302\23331m\302\235b\302\237c", "a?31m?b?c" },
	{ "C1 in 8 bits", "a\23331m\220b\235c", "a?31m?b?c" },
	{ "bytes that are no UTF-8", "\200\377\300\200\355\240\200\364\220",
	    "???????" },
	{ "overlong", "\340\200\233", "??" },
	{ "cut short", "\342\224x\360\237\033[1my", "?x?\033[1my" },
	/* what Claude Code draws with */
	{ "colours", "\033[38;2;153;153;153m\033[48;5;7m\033[4:3m\033[m",
	    PASSES },
	{ "cursor", "\033[H\033[12;3H\033[1A\033[24G\0337\0338\033[s\033[u",
	    PASSES },
	{ "erasing", "\033[2J\033[K\033[3J\033[X\033[?J", PASSES },
	{ "scrolling", "\033[3;20r\033[2S\033[2T\033D\033M\033[L\033[M",
	    PASSES },
	{ "other screen", "\033[?1049h\033[?1049l", PASSES },
	{ "mouse", "\033[?1000h\033[?1002h\033[?1003h\033[?1006h\033[?1016l",
	    PASSES },
	{ "modes at once", "\033[?25;1049h", PASSES },
	{ "focus, paste, scheme", "\033[?1004h\033[?2004h\033[?2031h",
	    PASSES },
	{ "updates at once", "\033[?2026h\033[?2026l\033[?2026$p", PASSES },
	{ "keys of kitty", "\033[?u\033[>1u\033[=5;1u\033[<u\033[>4;2m",
	    PASSES },
	{ "what are you", "\033[c\033[0c\033[>c\033[>0q", PASSES },
	{ "where is the cursor", "\033[6n\033[?6n\033[5n\033[?996n", PASSES },
	{ "sizes", "\033[14t\033[16t\033[18t\033[22;0t\033[23;0t", PASSES },
	{ "shape of the cursor", "\033[2 q", PASSES },
	{ "charsets", "\033(B\033)0\033=\033>\033#8", PASSES },
	{ "resets", "\033c\033[!p", PASSES },
	{ "titles", "\033]0;\342\234\263 Claude\a\033]2;x\033\\", PASSES },
	{ "link", "\033]8;id=a;https://example.org/?a=b;c\atext\033]8;;\a",
	    PASSES },
	{ "plain link", "\033]8;;http://example.org\033\\", PASSES },
	{ "which colours", "\033]10;?\a\033]11;?\033\\\033]12;?\a", PASSES },
	{ "progress", "\033]9;4;1;50\a\033]9;4;0\a", PASSES },
	/* what answers with what was chosen, or reaches elsewhere */
	{ "title told", "\033[21t\033[20t\033[;21t\033[0;21t", "" },
	{ "windows", "\033[1t\033[2t\033[3;0;0t\033[4;1;1t\033[8;1;1t\033[9t",
	    "" },
	{ "titles in hexadecimal", "\033[>0t\033[>2T", "" },
	{ "clipboard", "\033]52;c;ZWNobw==\a\033]52;c;?\a", "" },
	{ "colours set", "\033]4;1;rgb:0/0/0\a\033]10;red\a\033]104\a", "" },
	{ "colour asked by number", "\033]4;1;?\a\033]10;?;?\a", "" },
	{ "directory", "\033]7;file://host/\a", "" },
	{ "messages", "\033]9;hello\a\033]777;notify;a;b\a\033]99;;a\a"
	    "\033]9;5;1;2\a\033]9;4;1;x\a\033]9;4\a", "" },
	{ "files", "\033]1337;File=name=eA==;inline=0:eA==\a", "" },
	{ "prompts", "\033]133;A\a\033]633;A\a\033]697;x\a", "" },
	{ "link to a file", "\033]8;;file:///etc/passwd\atext", "text" },
	{ "link to a program", "\033]8;;ssh://x -o\atext", "text" },
	{ "link with a blank", "\033]8;;http://x y\atext", "text" },
	{ "link with UTF-8", "\033]8;;http://\303\274\atext", "text" },
	{ "link cut", "\033]8;x\atext", "text" },
	{ "no number", "\033];x\a\033]x\a\033]\a\033]0\a\033]000;x\a", "" },
	{ "settings told", "\033P$qm\033\\\033P+q544e\033\\", "" },
	{ "functions and images", "\033P1;1|17/x\033\\\033Pq#0~~\033\\", "" },
	{ "tmux passes", "\033Ptmux;\033\033]52;c;eA==\a\033\\", "" },
	{ "APC, PM, SOS", "\033_Gi=1,a=q;AA\033\\\033^x\033\\\033Xy\033\\",
	    "" },
	{ "BEL in them", "\033Pa\ab\033\\\033_\ac\033\\", "" },
	{ "other questions", "\033]21;?\a\033]30;?\a\033]13;?\a", "" },
	{ "name of a window", "\033kname\033\\", "" },
	{ "printing", "\033[i\033[5i\033[?5i\033[4i", "" },
	{ "checksum of the screen", "\033[1;1;1;1;1;1*y", "" },
	{ "who are you, in old", "\033Z\005", "" },
	{ "other kinds of terminal", "\033[?2l\033[?38h\033<", "" },
	{ "charset of the terminal", "\033%@\033%G\033 G\033 F", "" },
	{ "size of the window", "\033[?3h\033[?40h\033[?3;25l", "" },
	{ "logging", "\033[?46h", "" },
	{ "bell raises it", "\033[?1042h\033[?1043h", "" },
	{ "clipboard of the mouse", "\033[?1041h\033[?1044h", "" },
	{ "keyboard locked", "\033[2h\033[12l", "" },
	{ "mouse that hangs", "\033[?1001h\033[1;1;1;1;1T", "" },
	{ "what else it is", "\033[1c\033[0;1c\033[=0c", "" },
	{ "one mode of several", "\033[?25;46h\033[?1049;3;25l\033[4;2h", "" },
	{ "parameters told", "\033[x\033[1$w\033[&u\033[=c\033[?15n", "" },
	{ "parameters in other words", "\033[61\"p\033[22:21t\033[?25:2h",
	    "" },
	{ "number too large", "\033[70000m\033[99999999999999999999H", "" },
	{ "prefix in the midst", "\033[2?h\033[??25h\033[1>c", "" },
	/* broken sequences */
	{ "cancelled", "\033[31\030m\033[3\032m\033]0;x\030y", "mmy" },
	{ "begun again", "\033[31\033[1m\033\033[2m", "\033[1m\033[2m" },
	{ "string begun again", "\033]0;x\033[1my", "\033[1my" },
	{ "string broken off by a string", "\033]0;\033]2;x\a",
	    "\033]2;x\a" },
	{ "controls in the midst", "\033[3\r1m\033\b[1m",
	    "\r\033[31m\b\033[1m" },
	{ "controls in a string", "\033]0;a\nb\a\033]0;a\177b\a", "" },
	{ "C1 in a string", "\033]0;a\302\234b\a\033]2;a\233b\033\\", "" },
	{ "no end in sight", "\033\\", "" },
	{ "two of a kind", "\033((B\033(%5\033##8", "" },
	{ NULL, NULL, NULL }
};

static struct filter f;
static unsigned char out[OUT_MAX + FILTER_MAX];

static int
same(const char *in, size_t len, size_t cut, const char *want,
    size_t wantlen)
{
	unsigned char *copy;
	size_t n;
	int good;

	copy = exact(in, cut);
	n = filter(&f, copy, cut, out);
	free(copy);
	copy = exact(in + cut, len - cut);
	n += filter(&f, copy, len - cut, out + n);
	free(copy);
	good = n == wantlen && memcmp(out, want, n) == 0;
	n = filter(&f, (const unsigned char *)SUFFIX, strlen(SUFFIX), out);
	return (good && n == strlen(SUFFIX) && memcmp(out, SUFFIX, n) == 0);
}

static void
test_row(const struct row *r)
{
	const char *want;
	size_t cut, len;

	want = r->out == PASSES ? r->in : r->out;
	len = strlen(r->in);
	for (cut = 0; cut <= len; cut++) {
		filter_init(&f, 1, 0);
		if (!same(r->in, len, cut, want, strlen(want)))
			break;
	}
	CASE(cut == len + 1, r->name, "split at byte %zu", cut);
}

static void
test_nul(void)
{
	filter_init(&f, 1, 1);
	CASE(same("a\0b\033[\0001m\033]0;x\0y\a", 16, 7, "ab\033[1m", 6),
	    "NUL", "shows it");
}

static void
test_clipboard(void)
{
	static const char good[] = "\033]52;c;ZWNobw==\a";
	static const char bad[] = "\033]52;c;?\a\033]52;x;eA==\a\033]52;c;e A\a"
	    "\033]521;eA==\a";

	filter_init(&f, 1, 1);
	CASE(same(good, strlen(good), 6, good, strlen(good)),
	    "clipboard allowed", "is not");
	CASE(same(bad, strlen(bad), 9, "", 0), "clipboard allowed, to write alone", "more passes");
}

/* A terminal that is not told to be of UTF-8 sees these bytes as controls. */
static void
test_other_charset(void)
{
	static const char in[] = "\351\233\233\342\224\200\342\235\257"
	    "\033]0;\303\251\a\033]0;\351\233\233\a";
	static const char want[] = "?\342\224\200?\033]0;\303\251\a";
	size_t n;

	filter_init(&f, 0, 0);
	n = filter(&f, (const unsigned char *)in, strlen(in), out);
	CASE(n == strlen(want) && memcmp(out, want, n) == 0,
	    "another character set", "shows C1 bytes");
}

/* However long, it is held to its bound, and what follows is shown. */
static void
test_length(const char *name, const char *begin, size_t len, const char *end,
    int passes)
{
	unsigned char *big, *shown;
	size_t n, total;
	int good;

	total = strlen(begin) + len + strlen(end);
	big = malloc(total);
	shown = malloc(total + FILTER_MAX);
	if (big == NULL || shown == NULL)
		exit(2);
	memcpy(big, begin, strlen(begin));
	memset(big + strlen(begin), '1', len);
	memcpy(big + strlen(begin) + len, end, strlen(end));
	filter_init(&f, 1, 1);
	n = filter(&f, big, total, shown);
	good = passes ? n == total && memcmp(shown, big, n) == 0 :
	    n == 1 && shown[0] == 'x';
	CASE(good, name, "%zu bytes of %zu are shown", n, total);
	free(big);
	free(shown);
}

static uint32_t
modes_after(const char *text)
{
	filter_init(&f, 1, 0);
	(void)filter(&f, (const unsigned char *)text, strlen(text), out);
	return (f.modes);
}

/* What is known of the modes is enough to set another terminal to them. */
static void
test_modes(void)
{
	static const char set[] = "\033[?1049h\033[?25l\033[?2004;1004h"
	    "\033[?1000h\033[?1002h\033[?1003h\033[?1006h\033[?2031h\033="
	    "\033[?1h\033[>5u\033[>4;2m\033[?7l\033[?1016h";
	char text[MODES_TEXT];
	uint32_t modes;

	modes = modes_after(set);
	CASE(modes == ((MODE_ALL & ~MODE_KITTY) | 5U << MODE_KITTY_SHIFT),
	    "modes noted", "%x", modes);
	text[filter_set(text, modes)] = '\0';
	CASE(modes_after(text) == modes, "modes set", "%x", f.modes);
	text[filter_reset(text, &f)] = '\0';
	(void)filter(&f, (const unsigned char *)text, strlen(text), out);
	CASE(f.modes == 0 && f.nkitty == 0, "modes reset", "%x, %u", f.modes,
	    f.nkitty);
	CASE(modes_after("\033[?1049h\033[?25l\033[?47l\033[?25h") == 0,
	    "modes taken back", "%x", f.modes);
	CASE(modes_after("\033[>1u\033[>2u\033[<u\033[<9u") == 0 &&
	    f.nkitty == 0, "keys popped", "%x, %u", f.modes, f.nkitty);
	CASE(modes_after("\033[?25l\033=\033c") == 0, "modes after a reset",
	    "%x", f.modes);
	CASE(modes_after("\033[?25l\033=\033[?7l\033[!p") == 0,
	    "modes after a soft reset", "%x", f.modes);
	CASE(filter_set(text, MODE_ALL) < MODES_TEXT, "all modes", "too long");
}

/* What no mode of these is and a terminal keeps is taken back as well. */
static void
test_lasting(void)
{
	static const char *const last[] = { "\033)0", "\016", "\033n",
	    "\033[20h", "\033[2;3s", "\033[?5h",
	    "\033[?8l", "\033[?9h", "\033[?69h", "\033[?1015;25h",
	    "\033[?9r", "\033[=1u", "\033[>1;3m", "\033[>4n", NULL };
	static const char *const pass[] = { "a\017\033(B", "\033[20l",
	    "\033[r", "\033[0 q", "\033[?5l", "\033[?8h", "\033[?2026h",
	    "\033[>4;2m", "\033[>1u", "\033[1;31mx\033[0m", "\033[31m\033[m",
	    "\033[?9h\033c", NULL };
	char text[MODES_TEXT];
	size_t i;

	for (i = 0; last[i] != NULL; i++) {
		(void)modes_after(last[i]);
		CASE(f.lasting, "what lasts", "%s", last[i] + 1);
	}
	for (i = 0; pass[i] != NULL; i++) {
		(void)modes_after(pass[i]);
		CASE(!f.lasting && !f.painted, "what does not last", "%s",
		    pass[i] + 1);
	}
	(void)modes_after("\033[0;8mhidden\033[5 q\033[0 q\033[2;3r");
	CASE(f.painted == 5, "colours and margins last", "%d", f.painted);
	(void)modes_after("\033[>1u\033[>1u\033[?1049h\033[>2u\033[=3u");
	CASE(f.nkitty == 1 && f.nbehind == 2, "keys of two screens", "%u, %u",
	    f.nkitty, f.nbehind);
	text[filter_reset(text, &f)] = '\0';
	CASE(strstr(text, "\033[<1u\033[=0u\033[?1049l\033[<2u\033[=0u") !=
	    NULL, "keys of two screens reset", "%s", text);
	f.nkitty = f.nbehind = KITTY_MAX;
	f.origin = 1;
	CASE(filter_reset(text, &f) < MODES_TEXT - 2, "longest reset",
	    "too long");
}

/* The cursor stays where it is but where it cannot. */
static void
test_origin(void)
{
	char text[MODES_TEXT];

	(void)modes_after("\033[?25l\033[2;9r");
	text[filter_reset(text, &f)] = '\0';
	CASE(strstr(text, "\033[?6l") == NULL, "no origin",
	    "it is taken back");
	(void)modes_after("\033[?25;6h\0337\033[?6l");
	text[filter_reset(text, &f)] = '\0';
	CASE(strstr(text, "\033[?6l\033[r\033[999H") != NULL,
	    "an origin that may be there", "it is not taken back");
}

int
main(void)
{
	const struct row *r;

	for (r = rows; r->name != NULL; r++)
		test_row(r);
	test_nul();
	test_clipboard();
	test_other_charset();
	test_length("a title of the limit", "\033]0;", 4000, "\ax", 1);
	test_length("a title beyond it", "\033]0;", 5000, "\ax", 0);
	test_length("a long clipboard", "\033]52;c;", 100000, "\ax", 1);
	test_length("a longer one", "\033]52;c;", 2 * FILTER_MAX, "\ax", 0);
	test_length("a long string of another kind", "\033P", 1000000,
	    "\033\\x", 0);
	test_length("a long sequence", "\033[", 1000, "mx", 0);
	test_length("many of its bytes", "\033(", 1, "x", 1);
	test_modes();
	test_lasting();
	test_origin();
	return (unit_failed);
}
