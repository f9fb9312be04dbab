/* original parser id follows */
/* yysccsid[] = "@(#)yaccpar	1.9 (Berkeley) 02/21/93" */
/* (use YYMAJOR/YYMINOR for ifdefs dependent on parser version) */

#define YYBYACC 1
#define YYMAJOR 2
#define YYMINOR 0
#define YYPATCH 20221106

#define YYEMPTY        (-1)
#define yyclearin      (yychar = YYEMPTY)
#define yyerrok        (yyerrflag = 0)
#define YYRECOVERING() (yyerrflag != 0)
#define YYENOMEM       (-2)
#define YYEOF          0
#undef YYBTYACC
#define YYBTYACC 0
#define YYDEBUGSTR YYPREFIX "debug"
#define YYPREFIX "yy"

#define YYPURE 0

#line 27 "../../claudesec/parse.y"
#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vis.h>

#include "claudesec.h"

#define CONF_MAXSIZE	(1024 * 1024)	/* characters, macros expanded */
#define ERRORS_MAX	1000
#define MACROS_MAX	1000
#define RULES_MAX	2048
#define WORD_MAXLEN	8192
#define SHOWN_MAXLEN	32		/* of a word in a message */
#define SHOWN_SIZE	(SHOWN_MAXLEN * 4 + 4)

#define MEGA		(1024 * 1024ULL)
#define TERA		(1024 * 1024 * MEGA)

#define SIZE_MAXIMUM	(64 * TERA)
#define PROCESSES_MIN	16
#define PROCESSES_MAX	32768
#define CPUS_MAX	1024
#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyz0123456789-"

/* what next() returns beside characters and EOF */
#define MACRO_END	(-2)

struct chunk {
	SLIST_ENTRY(chunk)	 entry;
};

/* a string of the file, perhaps in a list of them */
struct word {
	struct word		*next;
	int			 line;
	char			 s[];
};

struct words {
	struct word		*first, *last;
};

struct symbol {
	SLIST_ENTRY(symbol)	 entry;
	int			 fixed;		/* by -D */
	const char		*name;
	const char		*value;
};

/* statements and settings that may stand once */
enum {
	SEEN_ENGINE		= 0x0001,
	SEEN_IMAGE		= 0x0002,
	SEEN_BASE		= 0x0004,
	SEEN_CA			= 0x0008,
	SEEN_CREDENTIALS	= 0x0010,
	SEEN_AGENT		= 0x0020,
	SEEN_EGRESS		= 0x0040,
	SEEN_MEMORY		= 0x0080,
	SEEN_PROCESSES		= 0x0100,
	SEEN_CPUS		= 0x0200,
	SEEN_HOME		= 0x0400,
	SEEN_TMP		= 0x0800,
	SEEN_FILESIZE		= 0x1000
};

static struct lex {
	FILE			*f;
	const char		*name;
	void			 (*report)(const char *);
	const char		*macro;		/* what is left of one */
	size_t			 nread;
	int			 line;
	int			 nerrors;
	int			 stop;		/* no more tokens */
	int			 token;		/* the last one */
	int			 tokenline;
	const char		*tokentext;	/* if it is a word */
	char			 buf[WORD_MAXLEN + 1];
} lex;

static SLIST_HEAD(, chunk)	 chunks;
static SLIST_HEAD(, symbol)	 symbols;
static struct config		*nconf;
static unsigned int		 seen;
static size_t			 nrules, nsymbols;

static int	 yylex(void);
static int	 yyerror(const char *);
static void	 error(int, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
static void	*alloc(size_t);
static const char *shown(const char *, char [SHOWN_SIZE]);
static void	 append(struct words *, struct word *);
static char	*join(const struct words *);
static int	 next(void);
static void	 back(int);
static int	 skip(void);
static int	 token(int);
static int	 word(int);
static int	 quoted(int);
static int	 word_char(int);
static int	 word_token(const char *, size_t);
static int	 macro_char(int, int);
static int	 macro_expand(void);
static struct symbol *macro_find(const char *);
static void	 macro_set(int, const char *, const char *, int);
static void	 macro_option(const char *);
static int	 once(unsigned int, const char *);
static void	 set_engine(const struct word *);
static void	 set_image(char *, const struct word *, const char *);
static void	 set_path(char *, const struct word *, const char *);
static void	 set_size(uint64_t *, const struct word *, const char *,
		    uint64_t);
static void	 set_processes(const struct word *);
static void	 set_cpus(const struct word *);
static void	 add_rules(uint32_t, const struct words *,
		    const struct words *);
static int	 add_rule(int, const struct egress_rule *);
static void	 add_resolver(const struct word *, const struct word *);
static const char *parse_digits(const char *, uint64_t *);
static int	 parse_port(const struct word *, uint16_t *);
static const char *parse_host(const char *, char [HOST_MAXLEN]);
#ifdef YYSTYPE
#undef  YYSTYPE_IS_DECLARED
#define YYSTYPE_IS_DECLARED 1
#endif
#ifndef YYSTYPE_IS_DECLARED
#define YYSTYPE_IS_DECLARED 1
#line 161 "../../claudesec/parse.y"
typedef union YYSTYPE {
	struct word		*word;
	struct words		 words;
	uint32_t		 number;
} YYSTYPE;
#endif /* !YYSTYPE_IS_DECLARED */
#line 170 "parse_conf.c"

/* compatibility with bison */
#ifdef YYPARSE_PARAM
/* compatibility with FreeBSD */
# ifdef YYPARSE_PARAM_TYPE
#  define YYPARSE_DECL() yyparse(YYPARSE_PARAM_TYPE YYPARSE_PARAM)
# else
#  define YYPARSE_DECL() yyparse(void *YYPARSE_PARAM)
# endif
#else
# define YYPARSE_DECL() yyparse(void)
#endif

/* Parameters sent to lex. */
#ifdef YYLEX_PARAM
# define YYLEX_DECL() yylex(void *YYLEX_PARAM)
# define YYLEX yylex(YYLEX_PARAM)
#else
# define YYLEX_DECL() yylex(void)
# define YYLEX yylex()
#endif

#if !(defined(yylex) || defined(YYSTATE))
int YYLEX_DECL();
#endif

/* Parameters sent to yyerror. */
#ifndef YYERROR_DECL
#define YYERROR_DECL() yyerror(const char *s)
#endif
#ifndef YYERROR_CALL
#define YYERROR_CALL(msg) yyerror(msg)
#endif

extern int YYPARSE_DECL();

#define AGENT 257
#define BASE 258
#define BLOCK 259
#define CA 260
#define CPUS 261
#define CREDENTIALS 262
#define EGRESS 263
#define ENGINE 264
#define ENVIRONMENT 265
#define FILESIZE 266
#define FROM 267
#define HOME 268
#define IMAGE 269
#define MEMORY 270
#define NONE 271
#define PASS 272
#define PORT 273
#define PROCESSES 274
#define RESOLVER 275
#define TMP 276
#define TO 277
#define INVALID 278
#define WORD 279
#define YYERRCODE 256
typedef int YYINT;
static const YYINT yylhs[] = {                           -1,
    0,    0,    0,    0,    6,    6,    6,    6,    6,    6,
    6,    6,    6,    6,    6,    6,    6,    6,    1,    1,
    7,    8,    8,    8,    8,    9,    9,    9,    9,    9,
    9,   10,   11,   11,   11,   11,   12,   12,   12,   12,
   12,   12,    5,    5,    4,    4,    2,    2,    2,    2,
    2,    3,    3,    3,    3,   15,   15,   15,   15,   13,
   13,   16,   16,   14,   14,
};
static const YYINT yylen[] = {                            2,
    0,    2,    3,    3,    3,    2,    2,    2,    2,    2,
    2,    4,    3,    4,    4,    3,    4,    4,    1,    2,
    2,    0,    2,    3,    3,    2,    2,    2,    2,    2,
    2,    2,    0,    2,    3,    3,    4,    2,    5,    6,
    4,    5,    1,    1,    0,    2,    1,    4,    5,    3,
    4,    2,    3,    2,    3,    2,    3,    2,    3,    1,
    3,    1,    3,    0,    2,
};
static const YYINT yydefred[] = {                         1,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    2,    0,   22,   33,    4,   21,    8,    9,    0,   10,
   32,    6,    7,    0,    3,    0,    0,    0,   19,    0,
    0,    0,    0,    0,    0,    0,    0,   23,   13,    0,
    0,   44,   43,    0,   34,   16,    0,    0,   12,   20,
   25,   15,   31,   29,   27,   26,   30,   28,   24,   14,
   36,   18,    0,   64,   38,    0,   35,   17,    0,    0,
   47,   64,    0,   61,    0,   65,   41,   64,    0,    0,
    0,   37,   58,   42,    0,   56,    0,   39,   64,    0,
   64,   50,    0,   46,   64,   59,   40,   57,   54,   51,
   52,    0,   64,   48,    0,   55,   49,   53,
};
#if defined(YYDESTRUCT_CALL) || defined(YYSTYPE_TOSTRING)
static const YYINT yystos[] = {                           0,
  281,  256,  257,  258,  260,  262,  263,  264,  269,  279,
   10,  287,  288,  291,   10,  123,  279,  279,  265,  271,
  123,  279,  279,   61,   10,  289,  292,  267,  279,  282,
  256,  261,  266,  268,  270,  274,  276,   10,  125,  290,
  256,  259,  272,  275,   10,  125,  286,  293,  279,  279,
   10,  125,  279,  279,  279,  279,  279,  279,   10,  125,
   10,  125,  279,  123,  294,  277,   10,  125,  273,  295,
  279,  123,  283,  279,  256,   10,  125,  294,  296,  295,
  273,  285,   10,  125,  295,  297,  256,  125,  294,  256,
  279,  125,  284,  283,   44,   10,  125,  297,   10,  125,
  297,  256,  279,  125,  295,   10,  125,  297,
};
#endif /* YYDESTRUCT_CALL || YYSTYPE_TOSTRING */
static const YYINT yydgoto[] = {                          1,
   30,   73,   93,   82,   47,   12,   13,   26,   40,   14,
   27,   48,   65,   85,   79,   86,
};
static const YYINT yysindex[] = {                         0,
  -10,   17,  -95, -250, -246, -240,  -89, -244, -243,  -22,
    0,   30,    0,    0,    0,    0,    0,    0, -226,    0,
    0,    0,    0, -237,    0,    5,    8, -236,    0, -235,
   -6, -234, -233, -232, -231, -230, -229,    0,    0,    1,
    2,    0,    0, -122,    0,    0, -225,    3,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0, -222,    0,    0, -121,    0,    0, -223,   -5,
    0,    0, -219,    0,    4,    0,    0,    0, -119,   -1,
 -121,    0,    0,    0,   11,    0,    6,    0,    0,    7,
    0,    0, -118,    0,    0,    0,    0,    0,    0,    0,
    0,    9,    0,    0,   47,    0,    0,    0,
};
static const YYINT yyrindex[] = {                         0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,   48,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,   49,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,   -7,    0,    0,    0,    0,    0,    0,    0,
    0,    0,   10,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0, -117,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0, -115,    0,    0,    0,
};
#if YYBTYACC
static const YYINT yycindex[] = {                         0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,
};
#endif
static const YYINT yygindex[] = {                         0,
    0,  -21,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,  -47,  -42,    0,  -65,
};
#define YYTABLESIZE 283
static const YYINT yytable[] = {                         11,
   64,   72,   60,   51,   76,   88,  104,   62,   76,   63,
   59,   61,   67,   83,   38,   96,   99,   45,  106,   45,
   76,   70,   78,   98,   19,  101,   15,   16,   17,   80,
   20,   89,   18,   21,   22,   23,   60,  108,   24,   25,
   28,   29,   49,   50,   53,   54,   55,   56,   57,   58,
   69,   66,  105,   81,   95,   74,   76,   11,    5,   94,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,   60,   52,   77,
    0,    0,    0,   92,    0,   60,   62,   68,   84,   39,
   97,  100,   46,  107,   45,    0,   87,  102,   62,    0,
   63,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,   63,   71,    0,   63,
  103,   62,    0,   63,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    2,    3,    4,   60,    5,
   75,    6,    7,    8,   90,    0,    0,    0,    9,    0,
   31,    0,    0,   41,    0,   32,   42,    0,   10,    0,
   33,   60,   34,   63,   35,    0,    0,   91,   36,   43,
   37,    0,   44,
};
static const YYINT yycheck[] = {                         10,
  123,  123,   10,   10,   10,  125,  125,  125,   10,  125,
   10,   10,   10,   10,   10,   10,   10,   10,   10,   10,
   10,   64,   70,   89,  265,   91,   10,  123,  279,   72,
  271,   79,  279,  123,  279,  279,   44,  103,   61,   10,
  267,  279,  279,  279,  279,  279,  279,  279,  279,  279,
  273,  277,   95,  273,   44,  279,   10,   10,   10,   81,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,  125,  125,  125,
   -1,   -1,   -1,  125,   -1,  125,  125,  125,  125,  125,
  125,  125,  125,  125,  125,   -1,  256,  256,  256,   -1,
  256,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,  279,  279,   -1,  279,
  279,  279,   -1,  279,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,  256,  257,  258,  256,  260,
  256,  262,  263,  264,  256,   -1,   -1,   -1,  269,   -1,
  256,   -1,   -1,  256,   -1,  261,  259,   -1,  279,   -1,
  266,  279,  268,  279,  270,   -1,   -1,  279,  274,  272,
  276,   -1,  275,
};
#if YYBTYACC
static const YYINT yyctable[] = {                        -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,   -1,
   -1,   -1,
};
#endif
#define YYFINAL 1
#ifndef YYDEBUG
#define YYDEBUG 0
#endif
#define YYMAXTOKEN 279
#define YYUNDFTOKEN 298
#define YYTRANSLATE(a) ((a) > YYMAXTOKEN ? YYUNDFTOKEN : (a))
#if YYDEBUG
static const char *const yyname[] = {

"$end",0,0,0,0,0,0,0,0,0,"'\\n'",0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
0,0,0,0,0,0,0,0,0,0,"','",0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"'='",0,0,0,0,0,0,0,0,
0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
0,0,0,0,0,0,0,0,0,0,0,0,0,"'{'",0,"'}'",0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"error","AGENT",
"BASE","BLOCK","CA","CPUS","CREDENTIALS","EGRESS","ENGINE","ENVIRONMENT",
"FILESIZE","FROM","HOME","IMAGE","MEMORY","NONE","PASS","PORT","PROCESSES",
"RESOLVER","TMP","TO","INVALID","WORD","$accept","grammar","macro","list",
"list_l","port","action","statement","agent","agent_l","setting","egress",
"egress_l","rule","resolver","optnl","resolver_l","separator","illegal-symbol",
};
static const char *const yyrule[] = {
"$accept : grammar",
"grammar :",
"grammar : grammar '\\n'",
"grammar : grammar statement '\\n'",
"grammar : grammar error '\\n'",
"statement : WORD '=' macro",
"statement : ENGINE WORD",
"statement : IMAGE WORD",
"statement : BASE WORD",
"statement : CA WORD",
"statement : CREDENTIALS NONE",
"statement : CREDENTIALS ENVIRONMENT",
"statement : CREDENTIALS ENVIRONMENT FROM WORD",
"statement : agent agent_l '}'",
"statement : agent agent_l setting '}'",
"statement : agent agent_l error '}'",
"statement : egress egress_l '}'",
"statement : egress egress_l rule '}'",
"statement : egress egress_l error '}'",
"macro : WORD",
"macro : macro WORD",
"agent : AGENT '{'",
"agent_l :",
"agent_l : agent_l '\\n'",
"agent_l : agent_l setting '\\n'",
"agent_l : agent_l error '\\n'",
"setting : MEMORY WORD",
"setting : HOME WORD",
"setting : TMP WORD",
"setting : FILESIZE WORD",
"setting : PROCESSES WORD",
"setting : CPUS WORD",
"egress : EGRESS '{'",
"egress_l :",
"egress_l : egress_l '\\n'",
"egress_l : egress_l rule '\\n'",
"egress_l : egress_l error '\\n'",
"rule : action TO list port",
"rule : RESOLVER resolver",
"rule : RESOLVER '{' optnl resolver_l '}'",
"rule : RESOLVER '{' optnl resolver_l error '}'",
"rule : RESOLVER '{' optnl '}'",
"rule : RESOLVER '{' optnl error '}'",
"action : PASS",
"action : BLOCK",
"port :",
"port : PORT list",
"list : WORD",
"list : '{' optnl list_l '}'",
"list : '{' optnl list_l error '}'",
"list : '{' optnl '}'",
"list : '{' optnl error '}'",
"list_l : WORD separator",
"list_l : list_l WORD separator",
"list_l : error '\\n'",
"list_l : list_l error '\\n'",
"resolver_l : resolver separator",
"resolver_l : resolver_l resolver separator",
"resolver_l : error '\\n'",
"resolver_l : resolver_l error '\\n'",
"resolver : WORD",
"resolver : WORD PORT WORD",
"separator : optnl",
"separator : optnl ',' optnl",
"optnl :",
"optnl : optnl '\\n'",

};
#endif

#if YYDEBUG
int      yydebug;
#endif

int      yyerrflag;
int      yychar;
YYSTYPE  yyval;
YYSTYPE  yylval;
int      yynerrs;

#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
YYLTYPE  yyloc; /* position returned by actions */
YYLTYPE  yylloc; /* position from the lexer */
#endif

#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
#ifndef YYLLOC_DEFAULT
#define YYLLOC_DEFAULT(loc, rhs, n) \
do \
{ \
    if (n == 0) \
    { \
        (loc).first_line   = YYRHSLOC(rhs, 0).last_line; \
        (loc).first_column = YYRHSLOC(rhs, 0).last_column; \
        (loc).last_line    = YYRHSLOC(rhs, 0).last_line; \
        (loc).last_column  = YYRHSLOC(rhs, 0).last_column; \
    } \
    else \
    { \
        (loc).first_line   = YYRHSLOC(rhs, 1).first_line; \
        (loc).first_column = YYRHSLOC(rhs, 1).first_column; \
        (loc).last_line    = YYRHSLOC(rhs, n).last_line; \
        (loc).last_column  = YYRHSLOC(rhs, n).last_column; \
    } \
} while (0)
#endif /* YYLLOC_DEFAULT */
#endif /* defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED) */
#if YYBTYACC

#ifndef YYLVQUEUEGROWTH
#define YYLVQUEUEGROWTH 32
#endif
#endif /* YYBTYACC */

/* define the initial stack-sizes */
#ifdef YYSTACKSIZE
#undef YYMAXDEPTH
#define YYMAXDEPTH  YYSTACKSIZE
#else
#ifdef YYMAXDEPTH
#define YYSTACKSIZE YYMAXDEPTH
#else
#define YYSTACKSIZE 10000
#define YYMAXDEPTH  10000
#endif
#endif

#ifndef YYINITSTACKSIZE
#define YYINITSTACKSIZE 200
#endif

typedef struct {
    unsigned stacksize;
    YYINT    *s_base;
    YYINT    *s_mark;
    YYINT    *s_last;
    YYSTYPE  *l_base;
    YYSTYPE  *l_mark;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    YYLTYPE  *p_base;
    YYLTYPE  *p_mark;
#endif
} YYSTACKDATA;
#if YYBTYACC

struct YYParseState_s
{
    struct YYParseState_s *save;    /* Previously saved parser state */
    YYSTACKDATA            yystack; /* saved parser stack */
    int                    state;   /* saved parser state */
    int                    errflag; /* saved error recovery status */
    int                    lexeme;  /* saved index of the conflict lexeme in the lexical queue */
    YYINT                  ctry;    /* saved index in yyctable[] for this conflict */
};
typedef struct YYParseState_s YYParseState;
#endif /* YYBTYACC */
/* variables for the parser stack */
static YYSTACKDATA yystack;
#if YYBTYACC

/* Current parser state */
static YYParseState *yyps = 0;

/* yypath != NULL: do the full parse, starting at *yypath parser state. */
static YYParseState *yypath = 0;

/* Base of the lexical value queue */
static YYSTYPE *yylvals = 0;

/* Current position at lexical value queue */
static YYSTYPE *yylvp = 0;

/* End position of lexical value queue */
static YYSTYPE *yylve = 0;

/* The last allocated position at the lexical value queue */
static YYSTYPE *yylvlim = 0;

#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
/* Base of the lexical position queue */
static YYLTYPE *yylpsns = 0;

/* Current position at lexical position queue */
static YYLTYPE *yylpp = 0;

/* End position of lexical position queue */
static YYLTYPE *yylpe = 0;

/* The last allocated position at the lexical position queue */
static YYLTYPE *yylplim = 0;
#endif

/* Current position at lexical token queue */
static YYINT  *yylexp = 0;

static YYINT  *yylexemes = 0;
#endif /* YYBTYACC */
#line 402 "../../claudesec/parse.y"

static const struct keyword {
	const char		*name;
	int			 token;
} keywords[] = {
	{ "agent",		AGENT },
	{ "base",		BASE },
	{ "block",		BLOCK },
	{ "ca",			CA },
	{ "cpus",		CPUS },
	{ "credentials",	CREDENTIALS },
	{ "egress",		EGRESS },
	{ "engine",		ENGINE },
	{ "environment",	ENVIRONMENT },
	{ "filesize",		FILESIZE },
	{ "from",		FROM },
	{ "home",		HOME },
	{ "image",		IMAGE },
	{ "memory",		MEMORY },
	{ "none",		NONE },
	{ "pass",		PASS },
	{ "port",		PORT },
	{ "processes",		PROCESSES },
	{ "resolver",		RESOLVER },
	{ "tmp",		TMP },
	{ "to",			TO },
	{ NULL,			0 }
};

struct config *
parse_config(FILE *f, const char *name, const struct macros *macros,
    void (*report)(const char *))
{
	const struct macro *m;
	struct chunk *c;

	memset(&lex, 0, sizeof(lex));
	lex.f = f;
	lex.name = name;
	lex.report = report;
	lex.line = 1;
	lex.token = '\n';
	SLIST_INIT(&chunks);
	SLIST_INIT(&symbols);
	seen = 0;
	nrules = nsymbols = 0;
	if ((nconf = config_new()) == NULL) {
		error(0, "%s", strerror(errno));
		return (NULL);
	}
	TAILQ_FOREACH(m, macros, entry)
		macro_option(m->value);
	if (yyparse() != 0 && lex.nerrors == 0)
		error(lex.line, "cannot be parsed");
	while ((c = SLIST_FIRST(&chunks)) != NULL) {
		SLIST_REMOVE_HEAD(&chunks, entry);
		free(c);
	}
	if (lex.nerrors == 0)
		return (nconf);
	config_free(nconf);
	return (NULL);
}

/*
 * Errors, memory, lists.
 */

static void
error(int line, const char *fmt, ...)
{
	char msg[TEXT_MAXLEN], text[TEXT_MAXLEN / 2];
	va_list ap;

	if (lex.nerrors > ERRORS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (lex.nerrors++ == ERRORS_MAX) {
		(void)strlcpy(text, "too many errors", sizeof(text));
		lex.stop = 1;
	}
	if (line == 0)
		(void)snprintf(msg, sizeof(msg), "%.500s: %s", lex.name, text);
	else
		(void)snprintf(msg, sizeof(msg), "%.480s:%d: %s", lex.name,
		    line, text);
	lex.report(msg);
}

/*
 * Called by yacc(1), for syntax errors and when its stack is exhausted.  Of
 * what the lexer did not like it has already said more.
 */
static int
yyerror(const char *msg)
{
	char buf[SHOWN_SIZE];

	if (lex.stop || lex.token == INVALID)
		return (0);
	if (strcmp(msg, "syntax error") != 0)
		error(lex.tokenline, "%s", msg);
	else if (lex.token == 0)
		error(lex.tokenline, "syntax error at the end of the file");
	else if (lex.token == '\n')
		error(lex.tokenline, "syntax error at the end of the line");
	else if (lex.tokentext == NULL)
		error(lex.tokenline, "syntax error at \"%c\"", lex.token);
	else
		error(lex.tokenline, "syntax error at \"%s\"",
		    shown(lex.tokentext, buf));
	return (0);
}

static void *
alloc(size_t len)
{
	struct chunk *c;

	if ((c = calloc(1, sizeof(*c) + len)) == NULL) {
		error(lex.line, "%s", strerror(errno));
		lex.stop = 1;
		return (NULL);
	}
	SLIST_INSERT_HEAD(&chunks, c, entry);
	return (c + 1);
}

/* A string as a message shows it, short and printable. */
static const char *
shown(const char *s, char buf[SHOWN_SIZE])
{
	size_t len;

	len = strlen(s);
	if (len > SHOWN_MAXLEN)
		len = SHOWN_MAXLEN;
	(void)strvisx(buf, s, len, VIS_TAB | VIS_NL | VIS_CSTYLE);
	if (s[len] != '\0')
		(void)strlcat(buf, "...", SHOWN_SIZE);
	return (buf);
}

static void
append(struct words *list, struct word *w)
{
	if (list->first == NULL)
		list->first = w;
	else
		list->last->next = w;
	list->last = w;
}

/* The words of a list with blanks between them. */
static char *
join(const struct words *list)
{
	const struct word *w;
	size_t len, off;
	char *s;

	len = 0;
	for (w = list->first; w != NULL; w = w->next)
		len += strlen(w->s) + 1;
	if ((s = alloc(len)) == NULL)
		return (NULL);
	off = 0;
	for (w = list->first; w != NULL; w = w->next) {
		len = strlen(w->s);
		memcpy(s + off, w->s, len);
		off += len;
		s[off++] = w->next != NULL ? ' ' : '\0';
	}
	return (s);
}

/*
 * The lexer.
 */

/* The next character, of a macro first; EOF for whatever ends the parse. */
static int
next(void)
{
	int c;

	if (lex.stop)
		return (EOF);
	if (lex.macro != NULL && *lex.macro == '\0') {
		lex.macro = NULL;
		return (MACRO_END);
	}
	if (lex.nread++ == CONF_MAXSIZE) {
		error(lex.line, "too large");
		lex.stop = 1;
		return (EOF);
	}
	if (lex.macro != NULL)
		return ((unsigned char)*lex.macro++);
	if ((c = getc(lex.f)) == '\n')
		lex.line++;
	else if (c == EOF && ferror(lex.f)) {
		error(0, "%s", strerror(errno));
		lex.stop = 1;
	} else if (c == '\0') {
		error(lex.line, "NUL in the file");
		lex.stop = 1;
		return (EOF);
	}
	return (c);
}

static void
back(int c)
{
	if (c == EOF || c == MACRO_END)
		return;
	lex.nread--;
	if (lex.macro != NULL) {
		lex.macro--;
		return;
	}
	(void)ungetc(c, lex.f);
	if (c == '\n')
		lex.line--;
}

/* Leaves out what remains of a line, or of a macro. */
static int
skip(void)
{
	int c;

	while ((c = next()) != '\n' && c != EOF && c != MACRO_END)
		;
	return (c);
}

static int
yylex(void)
{
	int c;

	lex.tokentext = NULL;
	for (;;) {
		if ((c = next()) == '#')
			c = skip();
		lex.tokenline = c == '\n' ? lex.line - 1 : lex.line;
		if (c == ' ' || c == '\t' || c == MACRO_END)
			continue;
		if (c == '$') {
			if (macro_expand() == -1)
				return (token(INVALID));
			continue;
		}
		if (c != '\\')
			break;
		if ((c = next()) != '\n') {
			back(c);
			c = '\\';
			break;
		}
	}
	switch (c) {
	case EOF:
		/* the last line may lack its end */
		if (lex.stop || lex.token == '\n' || lex.token == 0)
			return (token(0));
		return (token('\n'));
	case '\n':
	case '{':
	case '}':
	case ',':
	case '=':
		return (token(c));
	case '"':
	case '\'':
		return (quoted(c));
	default:
		return (word(c));
	}
}

static int
token(int t)
{
	return (lex.token = t);
}

static int
word(int c)
{
	const struct keyword *k;
	size_t len;

	if (!word_char(c)) {
		error(lex.line, isprint(c) ? "unexpected character: %c" :
		    "unexpected character: \\%03o", (unsigned int)c);
		do
			c = next();
		while (c != EOF && c != MACRO_END &&
		    strchr(" \t\n#{},=", c) == NULL);
		back(c);
		return (token(INVALID));
	}
	for (len = 0; word_char(c); c = next()) {
		if (len == WORD_MAXLEN) {
			error(lex.line, "word too long");
			back(skip());
			return (token(INVALID));
		}
		lex.buf[len++] = (char)c;
	}
	back(c);
	lex.buf[len] = '\0';
	for (k = keywords; k->name != NULL; k++)
		if (strcmp(k->name, lex.buf) == 0) {
			lex.tokentext = k->name;
			return (token(k->token));
		}
	return (word_token(lex.buf, len));
}

/*
 * A backslash takes the meaning of a quote or of another backslash away, and
 * joins the next line; before anything else it is itself.
 */
static int
quoted(int quote)
{
	const char *why;
	size_t len;
	int c;

	why = NULL;
	for (len = 0; (c = next()) != quote; ) {
		if (c == '\\') {
			if ((c = next()) == '\n')
				continue;
			if (c != quote && c != '\\' && c != MACRO_END) {
				back(c);
				c = '\\';
			}
		}
		if (c == '\n' || c == EOF || c == MACRO_END)
			why = "quote not closed";
		else if (iscntrl(c) && c != '\t')
			why = "control character in a string";
		else if (len == WORD_MAXLEN)
			why = "string too long";
		if (why != NULL)
			break;
		lex.buf[len++] = (char)c;
	}
	if (lex.stop)
		return (token(INVALID));
	if (why != NULL) {
		error(lex.tokenline, "%s", why);
		back(c);
		back(skip());
		return (token(INVALID));
	}
	lex.buf[len] = '\0';
	return (word_token(lex.buf, len));
}

static int
word_char(int c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c > 0 && strchr("-_./:*~@+%", c) != NULL));
}

static int
word_token(const char *s, size_t len)
{
	struct word *w;

	if ((w = alloc(sizeof(*w) + len + 1)) == NULL)
		return (token(INVALID));
	memcpy(w->s, s, len);
	w->line = lex.tokenline;
	yylval.word = w;
	lex.tokentext = w->s;
	return (token(WORD));
}

/*
 * Macros.
 */

static int
macro_char(int c, int first)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (!first && c >= '0' && c <= '9'));
}

/* The text of a macro takes the place of $name.  It cannot hold another. */
static int
macro_expand(void)
{
	const struct symbol *sym;
	char buf[SHOWN_SIZE];
	size_t len;
	int c;

	if (lex.macro != NULL) {
		error(lex.line, "macro within a macro");
		back(skip());
		return (-1);
	}
	for (len = 0; macro_char(c = next(), len == 0); )
		if (len < WORD_MAXLEN)
			lex.buf[len++] = (char)c;
	back(c);
	lex.buf[len] = '\0';
	if (len == 0) {
		error(lex.line, "\"$\" without the name of a macro");
		return (-1);
	}
	if ((sym = macro_find(lex.buf)) == NULL) {
		error(lex.line, "macro \"%s\" not defined",
		    shown(lex.buf, buf));
		return (-1);
	}
	lex.macro = sym->value;
	return (0);
}

static struct symbol *
macro_find(const char *name)
{
	struct symbol *sym;

	SLIST_FOREACH(sym, &symbols, entry)
		if (strcmp(sym->name, name) == 0)
			return (sym);
	return (NULL);
}

/* The last definition holds, but one on the command line always does. */
static void
macro_set(int line, const char *name, const char *value, int fixed)
{
	struct symbol *sym;
	char buf[SHOWN_SIZE];
	size_t i;

	for (i = 0; macro_char((unsigned char)name[i], i == 0); i++)
		;
	if (i == 0 || name[i] != '\0') {
		error(line, "not a name for a macro: \"%s\"",
		    shown(name, buf));
		return;
	}
	if ((sym = macro_find(name)) == NULL) {
		if (nsymbols == MACROS_MAX) {
			error(line, "too many macros");
			return;
		}
		if ((sym = alloc(sizeof(*sym))) == NULL)
			return;
		sym->name = name;
		SLIST_INSERT_HEAD(&symbols, sym, entry);
		nsymbols++;
	} else if (sym->fixed && !fixed)
		return;
	sym->fixed = fixed;
	sym->value = value;
}

/* NAME=value of the command line. */
static void
macro_option(const char *option)
{
	const unsigned char *p;
	char buf[SHOWN_SIZE], *name, *value;
	size_t len;

	len = strlen(option);
	if ((name = alloc(len + 1)) == NULL)
		return;
	memcpy(name, option, len);
	for (p = (const unsigned char *)option; *p != '\0'; p++)
		if (iscntrl(*p) && *p != '\t')
			break;
	if (*p != '\0' || (value = strchr(name, '=')) == NULL) {
		error(0, "-D: not a macro: \"%s\"", shown(option, buf));
		return;
	}
	*value++ = '\0';
	macro_set(0, name, value, 1);
}

/*
 * Statements.
 */

static int
once(unsigned int which, const char *what)
{
	if (seen & which) {
		error(lex.tokenline, "%s: given twice", what);
		return (0);
	}
	seen |= which;
	return (1);
}

static void
set_engine(const struct word *w)
{
	struct sockaddr_un sun;
	char buf[SHOWN_SIZE];

	if (strncmp(w->s, "unix:///", 8) != 0)
		error(w->line, "engine: not a unix:///path: \"%s\"",
		    shown(w->s, buf));
	else if (strlcpy(nconf->fixed.engine, w->s + 7,
	    sizeof(nconf->fixed.engine)) >= sizeof(sun.sun_path))
		error(w->line, "engine: path too long: \"%s\"",
		    shown(w->s, buf));
}

/* Letters, digits and . _ - / : @, and nothing like ../ among them. */
static void
set_image(char *image, const struct word *w, const char *what)
{
	char buf[SHOWN_SIZE];
	const char *s;

	for (s = w->s; *s != '\0'; s++) {
		if (isalnum((unsigned char)*s))
			continue;
		if (strchr("._-/:@", *s) == NULL || s == w->s ||
		    (strchr("./", *s) != NULL && !isalnum((unsigned char)s[-1])))
			break;
	}
	if (s == w->s || *s != '\0' || !isalnum((unsigned char)s[-1]))
		error(w->line, "%s: not the name of an image: \"%s\"", what,
		    shown(w->s, buf));
	else if (strlcpy(image, w->s, IMAGE_MAXLEN) >= IMAGE_MAXLEN)
		error(w->line, "%s: name too long: \"%s\"", what,
		    shown(w->s, buf));
}

static void
set_path(char *path, const struct word *w, const char *what)
{
	char buf[SHOWN_SIZE];

	if (w->s[0] != '/' && strncmp(w->s, "~/", 2) != 0)
		error(w->line, "%s: neither /path nor ~/path: \"%s\"", what,
		    shown(w->s, buf));
	else if (strlcpy(path, w->s, PATH_MAX) >= PATH_MAX)
		error(w->line, "%s: path too long: \"%s\"", what,
		    shown(w->s, buf));
}

/* Bytes, or with a letter thousands of them, the binary ones. */
static void
set_size(uint64_t *size, const struct word *w, const char *what, uint64_t min)
{
	static const char units[] = "KMGT";
	char buf[SHOWN_SIZE];
	const char *s, *unit;
	uint64_t n, factor;

	factor = 1;
	if ((s = parse_digits(w->s, &n)) != NULL && *s != '\0') {
		if ((unit = strchr(units, toupper((unsigned char)*s))) == NULL)
			s = NULL;
		else {
			factor <<= 10 * (unit - units + 1);
			s++;
		}
	}
	if (s == NULL || *s != '\0')
		error(w->line, "%s: not a size: \"%s\"", what,
		    shown(w->s, buf));
	else if (n > SIZE_MAXIMUM / factor || n * factor < min)
		error(w->line, "%s: not from %lluM to %lluT: \"%s\"", what,
		    (unsigned long long)(min / MEGA),
		    SIZE_MAXIMUM / TERA, shown(w->s, buf));
	else
		*size = n * factor;
}

static void
set_processes(const struct word *w)
{
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	if ((s = parse_digits(w->s, &n)) == NULL || *s != '\0' ||
	    n < PROCESSES_MIN || n > PROCESSES_MAX)
		error(w->line, "processes: not a number from %d to %d: \"%s\"",
		    PROCESSES_MIN, PROCESSES_MAX, shown(w->s, buf));
	else
		nconf->fixed.processes = (uint32_t)n;
}

/* With up to three decimals. */
static void
set_cpus(const struct word *w)
{
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;
	unsigned int digit;

	n = 0;
	if ((s = parse_digits(w->s, &n)) != NULL) {
		n *= 1000;
		if (*s == '.' && s[1] != '\0')
			for (s++, digit = 100; digit > 0 && *s >= '0' &&
			    *s <= '9'; s++, digit /= 10)
				n += digit * (unsigned int)(*s - '0');
	}
	if (s == NULL || *s != '\0' || n < 100 || n > CPUS_MAX * 1000)
		error(w->line, "cpus: not a number from 0.1 to %d: \"%s\"",
		    CPUS_MAX, shown(w->s, buf));
	else
		nconf->fixed.millicpus = (uint32_t)n;
}

static void
add_rules(uint32_t block, const struct words *hosts, const struct words *ports)
{
	struct egress_rule rule;
	const struct word *w;
	char buf[SHOWN_SIZE];
	const char *why;
	uint16_t port;

	memset(&rule, 0, sizeof(rule));
	rule.block = block;
	for (w = ports->first; w != NULL; w = w->next) {
		if (parse_port(w, &port) == -1)
			continue;
		if (rule.nports == RULE_PORTS) {
			error(w->line, "more than %d ports", RULE_PORTS);
			break;
		}
		rule.ports[rule.nports++] = port;
	}
	for (w = hosts->first; w != NULL; w = w->next) {
		memset(rule.host, 0, sizeof(rule.host));
		if ((why = parse_host(w->s, rule.host)) != NULL)
			error(w->line, "%s: \"%s\"", why, shown(w->s, buf));
		else if (add_rule(w->line, &rule) == -1)
			break;
	}
}

static int
add_rule(int line, const struct egress_rule *rule)
{
	struct rule_entry *r;

	if (nrules == RULES_MAX) {
		error(line, "more than %d rules", RULES_MAX);
		return (-1);
	}
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		error(line, "%s", strerror(errno));
		return (-1);
	}
	r->rule = *rule;
	TAILQ_INSERT_TAIL(&nconf->rules, r, entry);
	nrules++;
	return (0);
}

static void
add_resolver(const struct word *address, const struct word *port)
{
	struct egress_resolver *r;
	unsigned char addr[sizeof(struct in6_addr)];
	char buf[SHOWN_SIZE];
	int af;

	if (nconf->nresolvers == RESOLVER_MAX) {
		error(address->line, "more than %d resolvers", RESOLVER_MAX);
		return;
	}
	r = &nconf->resolvers[nconf->nresolvers];
	memset(r, 0, sizeof(*r));
	r->port = 53;
	if (port != NULL && parse_port(port, &r->port) == -1)
		return;
	af = strchr(address->s, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(af, address->s, addr) != 1 ||
	    inet_ntop(af, addr, r->address, sizeof(r->address)) == NULL)
		error(address->line, "resolver: not an address: \"%s\"",
		    shown(address->s, buf));
	else
		nconf->nresolvers++;
}

/*
 * Values.
 */

/* What follows the digits, or NULL if there are none, or too many. */
static const char *
parse_digits(const char *s, uint64_t *n)
{
	size_t len;

	len = strspn(s, "0123456789");
	if (len == 0 || len > 15)
		return (NULL);
	*n = strtoull(s, NULL, 10);
	return (s + len);
}

static int
parse_port(const struct word *w, uint16_t *port)
{
	char buf[SHOWN_SIZE];
	const char *s;
	uint64_t n;

	if (w->s[0] == '0' || (s = parse_digits(w->s, &n)) == NULL ||
	    *s != '\0' || n > UINT16_MAX) {
		error(w->line, "port: not a number from 1 to 65535: \"%s\"",
		    shown(w->s, buf));
		return (-1);
	}
	*port = (uint16_t)n;
	return (0);
}

/*
 * A host's name, or *. and one, in lower case and without a dot at its end.
 * What proxyd would refuse is refused here, where file and line are known;
 * anything that some program would take for an address is not a name.
 */
static const char *
parse_host(const char *s, char host[HOST_MAXLEN])
{
	size_t i, label, len, wild;

	len = strlen(s);
	wild = strncmp(s, "*.", 2) == 0 ? 2 : 0;
	if (len > wild + 1 && s[len - 1] == '.')
		len--;
	if (len == wild || len > wild + 253)
		return ("name of a host empty or too long");
	for (i = 0; i < len; i++)
		host[i] = (char)tolower((unsigned char)s[i]);
	host[len] = '\0';
	for (i = label = wild; i <= len; i++) {
		if (i < len && host[i] != '.') {
			if (strchr(NAME_CHARS, host[i]) == NULL)
				return ("not the name of a host");
			continue;
		}
		if (i == label || i - label > 63)
			return ("label of a host empty or too long");
		if (host[label] == '-' || host[i - 1] == '-')
			return ("label of a host begins or ends with \"-\"");
		if (i < len)
			label = i + 1;
	}
	s = host + label;
	if (strncmp(s, "0x", 2) == 0)
		s += 2 + strspn(s + 2, "0123456789abcdef");
	else
		s += strspn(s, "0123456789");
	if (*s == '\0')
		return ("an address, not the name of a host");
	return (NULL);
}
#line 1425 "parse_conf.c"

/* For use in generated program */
#define yydepth (int)(yystack.s_mark - yystack.s_base)
#if YYBTYACC
#define yytrial (yyps->save)
#endif /* YYBTYACC */

#if YYDEBUG
#include <stdio.h>	/* needed for printf */
#endif

#include <stdlib.h>	/* needed for malloc, etc */
#include <string.h>	/* needed for memset */

/* allocate initial stack or double stack size, up to YYMAXDEPTH */
static int yygrowstack(YYSTACKDATA *data)
{
    int i;
    unsigned newsize;
    YYINT *newss;
    YYSTYPE *newvs;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    YYLTYPE *newps;
#endif

    if ((newsize = data->stacksize) == 0)
        newsize = YYINITSTACKSIZE;
    else if (newsize >= YYMAXDEPTH)
        return YYENOMEM;
    else if ((newsize *= 2) > YYMAXDEPTH)
        newsize = YYMAXDEPTH;

    i = (int) (data->s_mark - data->s_base);
    newss = (YYINT *)realloc(data->s_base, newsize * sizeof(*newss));
    if (newss == 0)
        return YYENOMEM;

    data->s_base = newss;
    data->s_mark = newss + i;

    newvs = (YYSTYPE *)realloc(data->l_base, newsize * sizeof(*newvs));
    if (newvs == 0)
        return YYENOMEM;

    data->l_base = newvs;
    data->l_mark = newvs + i;

#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    newps = (YYLTYPE *)realloc(data->p_base, newsize * sizeof(*newps));
    if (newps == 0)
        return YYENOMEM;

    data->p_base = newps;
    data->p_mark = newps + i;
#endif

    data->stacksize = newsize;
    data->s_last = data->s_base + newsize - 1;

#if YYDEBUG
    if (yydebug)
        fprintf(stderr, "%sdebug: stack size increased to %d\n", YYPREFIX, newsize);
#endif
    return 0;
}

#if YYPURE || defined(YY_NO_LEAKS)
static void yyfreestack(YYSTACKDATA *data)
{
    free(data->s_base);
    free(data->l_base);
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    free(data->p_base);
#endif
    memset(data, 0, sizeof(*data));
}
#else
#define yyfreestack(data) /* nothing */
#endif /* YYPURE || defined(YY_NO_LEAKS) */
#if YYBTYACC

static YYParseState *
yyNewState(unsigned size)
{
    YYParseState *p = (YYParseState *) malloc(sizeof(YYParseState));
    if (p == NULL) return NULL;

    p->yystack.stacksize = size;
    if (size == 0)
    {
        p->yystack.s_base = NULL;
        p->yystack.l_base = NULL;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
        p->yystack.p_base = NULL;
#endif
        return p;
    }
    p->yystack.s_base    = (YYINT *) malloc(size * sizeof(YYINT));
    if (p->yystack.s_base == NULL) return NULL;
    p->yystack.l_base    = (YYSTYPE *) malloc(size * sizeof(YYSTYPE));
    if (p->yystack.l_base == NULL) return NULL;
    memset(p->yystack.l_base, 0, size * sizeof(YYSTYPE));
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    p->yystack.p_base    = (YYLTYPE *) malloc(size * sizeof(YYLTYPE));
    if (p->yystack.p_base == NULL) return NULL;
    memset(p->yystack.p_base, 0, size * sizeof(YYLTYPE));
#endif

    return p;
}

static void
yyFreeState(YYParseState *p)
{
    yyfreestack(&p->yystack);
    free(p);
}
#endif /* YYBTYACC */

#define YYABORT  goto yyabort
#define YYREJECT goto yyabort
#define YYACCEPT goto yyaccept
#define YYERROR  goto yyerrlab
#if YYBTYACC
#define YYVALID        do { if (yyps->save)            goto yyvalid; } while(0)
#define YYVALID_NESTED do { if (yyps->save && \
                                yyps->save->save == 0) goto yyvalid; } while(0)
#endif /* YYBTYACC */

int
YYPARSE_DECL()
{
    int yym, yyn, yystate, yyresult;
#if YYBTYACC
    int yynewerrflag;
    YYParseState *yyerrctx = NULL;
#endif /* YYBTYACC */
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    YYLTYPE  yyerror_loc_range[3]; /* position of error start/end (0 unused) */
#endif
#if YYDEBUG
    const char *yys;

    if ((yys = getenv("YYDEBUG")) != 0)
    {
        yyn = *yys;
        if (yyn >= '0' && yyn <= '9')
            yydebug = yyn - '0';
    }
    if (yydebug)
        fprintf(stderr, "%sdebug[<# of symbols on state stack>]\n", YYPREFIX);
#endif
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    memset(yyerror_loc_range, 0, sizeof(yyerror_loc_range));
#endif

#if YYBTYACC
    yyps = yyNewState(0); if (yyps == 0) goto yyenomem;
    yyps->save = 0;
#endif /* YYBTYACC */
    yym = 0;
    /* yyn is set below */
    yynerrs = 0;
    yyerrflag = 0;
    yychar = YYEMPTY;
    yystate = 0;

#if YYPURE
    memset(&yystack, 0, sizeof(yystack));
#endif

    if (yystack.s_base == NULL && yygrowstack(&yystack) == YYENOMEM) goto yyoverflow;
    yystack.s_mark = yystack.s_base;
    yystack.l_mark = yystack.l_base;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    yystack.p_mark = yystack.p_base;
#endif
    yystate = 0;
    *yystack.s_mark = 0;

yyloop:
    if ((yyn = yydefred[yystate]) != 0) goto yyreduce;
    if (yychar < 0)
    {
#if YYBTYACC
        do {
        if (yylvp < yylve)
        {
            /* we're currently re-reading tokens */
            yylval = *yylvp++;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
            yylloc = *yylpp++;
#endif
            yychar = *yylexp++;
            break;
        }
        if (yyps->save)
        {
            /* in trial mode; save scanner results for future parse attempts */
            if (yylvp == yylvlim)
            {   /* Enlarge lexical value queue */
                size_t p = (size_t) (yylvp - yylvals);
                size_t s = (size_t) (yylvlim - yylvals);

                s += YYLVQUEUEGROWTH;
                if ((yylexemes = (YYINT *)realloc(yylexemes, s * sizeof(YYINT))) == NULL) goto yyenomem;
                if ((yylvals   = (YYSTYPE *)realloc(yylvals, s * sizeof(YYSTYPE))) == NULL) goto yyenomem;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                if ((yylpsns   = (YYLTYPE *)realloc(yylpsns, s * sizeof(YYLTYPE))) == NULL) goto yyenomem;
#endif
                yylvp   = yylve = yylvals + p;
                yylvlim = yylvals + s;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                yylpp   = yylpe = yylpsns + p;
                yylplim = yylpsns + s;
#endif
                yylexp  = yylexemes + p;
            }
            *yylexp = (YYINT) YYLEX;
            *yylvp++ = yylval;
            yylve++;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
            *yylpp++ = yylloc;
            yylpe++;
#endif
            yychar = *yylexp++;
            break;
        }
        /* normal operation, no conflict encountered */
#endif /* YYBTYACC */
        yychar = YYLEX;
#if YYBTYACC
        } while (0);
#endif /* YYBTYACC */
        if (yychar < 0) yychar = YYEOF;
#if YYDEBUG
        if (yydebug)
        {
            if ((yys = yyname[YYTRANSLATE(yychar)]) == NULL) yys = yyname[YYUNDFTOKEN];
            fprintf(stderr, "%s[%d]: state %d, reading token %d (%s)",
                            YYDEBUGSTR, yydepth, yystate, yychar, yys);
#ifdef YYSTYPE_TOSTRING
#if YYBTYACC
            if (!yytrial)
#endif /* YYBTYACC */
                fprintf(stderr, " <%s>", YYSTYPE_TOSTRING(yychar, yylval));
#endif
            fputc('\n', stderr);
        }
#endif
    }
#if YYBTYACC

    /* Do we have a conflict? */
    if (((yyn = yycindex[yystate]) != 0) && (yyn += yychar) >= 0 &&
        yyn <= YYTABLESIZE && yycheck[yyn] == (YYINT) yychar)
    {
        YYINT ctry;

        if (yypath)
        {
            YYParseState *save;
#if YYDEBUG
            if (yydebug)
                fprintf(stderr, "%s[%d]: CONFLICT in state %d: following successful trial parse\n",
                                YYDEBUGSTR, yydepth, yystate);
#endif
            /* Switch to the next conflict context */
            save = yypath;
            yypath = save->save;
            save->save = NULL;
            ctry = save->ctry;
            if (save->state != yystate) YYABORT;
            yyFreeState(save);

        }
        else
        {

            /* Unresolved conflict - start/continue trial parse */
            YYParseState *save;
#if YYDEBUG
            if (yydebug)
            {
                fprintf(stderr, "%s[%d]: CONFLICT in state %d. ", YYDEBUGSTR, yydepth, yystate);
                if (yyps->save)
                    fputs("ALREADY in conflict, continuing trial parse.\n", stderr);
                else
                    fputs("Starting trial parse.\n", stderr);
            }
#endif
            save                  = yyNewState((unsigned)(yystack.s_mark - yystack.s_base + 1));
            if (save == NULL) goto yyenomem;
            save->save            = yyps->save;
            save->state           = yystate;
            save->errflag         = yyerrflag;
            save->yystack.s_mark  = save->yystack.s_base + (yystack.s_mark - yystack.s_base);
            memcpy (save->yystack.s_base, yystack.s_base, (size_t) (yystack.s_mark - yystack.s_base + 1) * sizeof(YYINT));
            save->yystack.l_mark  = save->yystack.l_base + (yystack.l_mark - yystack.l_base);
            memcpy (save->yystack.l_base, yystack.l_base, (size_t) (yystack.l_mark - yystack.l_base + 1) * sizeof(YYSTYPE));
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
            save->yystack.p_mark  = save->yystack.p_base + (yystack.p_mark - yystack.p_base);
            memcpy (save->yystack.p_base, yystack.p_base, (size_t) (yystack.p_mark - yystack.p_base + 1) * sizeof(YYLTYPE));
#endif
            ctry                  = yytable[yyn];
            if (yyctable[ctry] == -1)
            {
#if YYDEBUG
                if (yydebug && yychar >= YYEOF)
                    fprintf(stderr, "%s[%d]: backtracking 1 token\n", YYDEBUGSTR, yydepth);
#endif
                ctry++;
            }
            save->ctry = ctry;
            if (yyps->save == NULL)
            {
                /* If this is a first conflict in the stack, start saving lexemes */
                if (!yylexemes)
                {
                    yylexemes = (YYINT *) malloc((YYLVQUEUEGROWTH) * sizeof(YYINT));
                    if (yylexemes == NULL) goto yyenomem;
                    yylvals   = (YYSTYPE *) malloc((YYLVQUEUEGROWTH) * sizeof(YYSTYPE));
                    if (yylvals == NULL) goto yyenomem;
                    yylvlim   = yylvals + YYLVQUEUEGROWTH;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                    yylpsns   = (YYLTYPE *) malloc((YYLVQUEUEGROWTH) * sizeof(YYLTYPE));
                    if (yylpsns == NULL) goto yyenomem;
                    yylplim   = yylpsns + YYLVQUEUEGROWTH;
#endif
                }
                if (yylvp == yylve)
                {
                    yylvp  = yylve = yylvals;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                    yylpp  = yylpe = yylpsns;
#endif
                    yylexp = yylexemes;
                    if (yychar >= YYEOF)
                    {
                        *yylve++ = yylval;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                        *yylpe++ = yylloc;
#endif
                        *yylexp  = (YYINT) yychar;
                        yychar   = YYEMPTY;
                    }
                }
            }
            if (yychar >= YYEOF)
            {
                yylvp--;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                yylpp--;
#endif
                yylexp--;
                yychar = YYEMPTY;
            }
            save->lexeme = (int) (yylvp - yylvals);
            yyps->save   = save;
        }
        if (yytable[yyn] == ctry)
        {
#if YYDEBUG
            if (yydebug)
                fprintf(stderr, "%s[%d]: state %d, shifting to state %d\n",
                                YYDEBUGSTR, yydepth, yystate, yyctable[ctry]);
#endif
            if (yychar < 0)
            {
                yylvp++;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                yylpp++;
#endif
                yylexp++;
            }
            if (yystack.s_mark >= yystack.s_last && yygrowstack(&yystack) == YYENOMEM)
                goto yyoverflow;
            yystate = yyctable[ctry];
            *++yystack.s_mark = (YYINT) yystate;
            *++yystack.l_mark = yylval;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
            *++yystack.p_mark = yylloc;
#endif
            yychar  = YYEMPTY;
            if (yyerrflag > 0) --yyerrflag;
            goto yyloop;
        }
        else
        {
            yyn = yyctable[ctry];
            goto yyreduce;
        }
    } /* End of code dealing with conflicts */
#endif /* YYBTYACC */
    if (((yyn = yysindex[yystate]) != 0) && (yyn += yychar) >= 0 &&
            yyn <= YYTABLESIZE && yycheck[yyn] == (YYINT) yychar)
    {
#if YYDEBUG
        if (yydebug)
            fprintf(stderr, "%s[%d]: state %d, shifting to state %d\n",
                            YYDEBUGSTR, yydepth, yystate, yytable[yyn]);
#endif
        if (yystack.s_mark >= yystack.s_last && yygrowstack(&yystack) == YYENOMEM) goto yyoverflow;
        yystate = yytable[yyn];
        *++yystack.s_mark = yytable[yyn];
        *++yystack.l_mark = yylval;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
        *++yystack.p_mark = yylloc;
#endif
        yychar = YYEMPTY;
        if (yyerrflag > 0)  --yyerrflag;
        goto yyloop;
    }
    if (((yyn = yyrindex[yystate]) != 0) && (yyn += yychar) >= 0 &&
            yyn <= YYTABLESIZE && yycheck[yyn] == (YYINT) yychar)
    {
        yyn = yytable[yyn];
        goto yyreduce;
    }
    if (yyerrflag != 0) goto yyinrecovery;
#if YYBTYACC

    yynewerrflag = 1;
    goto yyerrhandler;
    goto yyerrlab; /* redundant goto avoids 'unused label' warning */

yyerrlab:
    /* explicit YYERROR from an action -- pop the rhs of the rule reduced
     * before looking for error recovery */
    yystack.s_mark -= yym;
    yystate = *yystack.s_mark;
    yystack.l_mark -= yym;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    yystack.p_mark -= yym;
#endif

    yynewerrflag = 0;
yyerrhandler:
    while (yyps->save)
    {
        int ctry;
        YYParseState *save = yyps->save;
#if YYDEBUG
        if (yydebug)
            fprintf(stderr, "%s[%d]: ERROR in state %d, CONFLICT BACKTRACKING to state %d, %d tokens\n",
                            YYDEBUGSTR, yydepth, yystate, yyps->save->state,
                    (int)(yylvp - yylvals - yyps->save->lexeme));
#endif
        /* Memorize most forward-looking error state in case it's really an error. */
        if (yyerrctx == NULL || yyerrctx->lexeme < yylvp - yylvals)
        {
            /* Free old saved error context state */
            if (yyerrctx) yyFreeState(yyerrctx);
            /* Create and fill out new saved error context state */
            yyerrctx                 = yyNewState((unsigned)(yystack.s_mark - yystack.s_base + 1));
            if (yyerrctx == NULL) goto yyenomem;
            yyerrctx->save           = yyps->save;
            yyerrctx->state          = yystate;
            yyerrctx->errflag        = yyerrflag;
            yyerrctx->yystack.s_mark = yyerrctx->yystack.s_base + (yystack.s_mark - yystack.s_base);
            memcpy (yyerrctx->yystack.s_base, yystack.s_base, (size_t) (yystack.s_mark - yystack.s_base + 1) * sizeof(YYINT));
            yyerrctx->yystack.l_mark = yyerrctx->yystack.l_base + (yystack.l_mark - yystack.l_base);
            memcpy (yyerrctx->yystack.l_base, yystack.l_base, (size_t) (yystack.l_mark - yystack.l_base + 1) * sizeof(YYSTYPE));
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
            yyerrctx->yystack.p_mark = yyerrctx->yystack.p_base + (yystack.p_mark - yystack.p_base);
            memcpy (yyerrctx->yystack.p_base, yystack.p_base, (size_t) (yystack.p_mark - yystack.p_base + 1) * sizeof(YYLTYPE));
#endif
            yyerrctx->lexeme         = (int) (yylvp - yylvals);
        }
        yylvp          = yylvals   + save->lexeme;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
        yylpp          = yylpsns   + save->lexeme;
#endif
        yylexp         = yylexemes + save->lexeme;
        yychar         = YYEMPTY;
        yystack.s_mark = yystack.s_base + (save->yystack.s_mark - save->yystack.s_base);
        memcpy (yystack.s_base, save->yystack.s_base, (size_t) (yystack.s_mark - yystack.s_base + 1) * sizeof(YYINT));
        yystack.l_mark = yystack.l_base + (save->yystack.l_mark - save->yystack.l_base);
        memcpy (yystack.l_base, save->yystack.l_base, (size_t) (yystack.l_mark - yystack.l_base + 1) * sizeof(YYSTYPE));
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
        yystack.p_mark = yystack.p_base + (save->yystack.p_mark - save->yystack.p_base);
        memcpy (yystack.p_base, save->yystack.p_base, (size_t) (yystack.p_mark - yystack.p_base + 1) * sizeof(YYLTYPE));
#endif
        ctry           = ++save->ctry;
        yystate        = save->state;
        /* We tried shift, try reduce now */
        if ((yyn = yyctable[ctry]) >= 0) goto yyreduce;
        yyps->save     = save->save;
        save->save     = NULL;
        yyFreeState(save);

        /* Nothing left on the stack -- error */
        if (!yyps->save)
        {
#if YYDEBUG
            if (yydebug)
                fprintf(stderr, "%sdebug[%d,trial]: trial parse FAILED, entering ERROR mode\n",
                                YYPREFIX, yydepth);
#endif
            /* Restore state as it was in the most forward-advanced error */
            yylvp          = yylvals   + yyerrctx->lexeme;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
            yylpp          = yylpsns   + yyerrctx->lexeme;
#endif
            yylexp         = yylexemes + yyerrctx->lexeme;
            yychar         = yylexp[-1];
            yylval         = yylvp[-1];
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
            yylloc         = yylpp[-1];
#endif
            yystack.s_mark = yystack.s_base + (yyerrctx->yystack.s_mark - yyerrctx->yystack.s_base);
            memcpy (yystack.s_base, yyerrctx->yystack.s_base, (size_t) (yystack.s_mark - yystack.s_base + 1) * sizeof(YYINT));
            yystack.l_mark = yystack.l_base + (yyerrctx->yystack.l_mark - yyerrctx->yystack.l_base);
            memcpy (yystack.l_base, yyerrctx->yystack.l_base, (size_t) (yystack.l_mark - yystack.l_base + 1) * sizeof(YYSTYPE));
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
            yystack.p_mark = yystack.p_base + (yyerrctx->yystack.p_mark - yyerrctx->yystack.p_base);
            memcpy (yystack.p_base, yyerrctx->yystack.p_base, (size_t) (yystack.p_mark - yystack.p_base + 1) * sizeof(YYLTYPE));
#endif
            yystate        = yyerrctx->state;
            yyFreeState(yyerrctx);
            yyerrctx       = NULL;
        }
        yynewerrflag = 1;
    }
    if (yynewerrflag == 0) goto yyinrecovery;
#endif /* YYBTYACC */

    YYERROR_CALL("syntax error");
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    yyerror_loc_range[1] = yylloc; /* lookahead position is error start position */
#endif

#if !YYBTYACC
    goto yyerrlab; /* redundant goto avoids 'unused label' warning */
yyerrlab:
#endif
    ++yynerrs;

yyinrecovery:
    if (yyerrflag < 3)
    {
        yyerrflag = 3;
        for (;;)
        {
            if (((yyn = yysindex[*yystack.s_mark]) != 0) && (yyn += YYERRCODE) >= 0 &&
                    yyn <= YYTABLESIZE && yycheck[yyn] == (YYINT) YYERRCODE)
            {
#if YYDEBUG
                if (yydebug)
                    fprintf(stderr, "%s[%d]: state %d, error recovery shifting to state %d\n",
                                    YYDEBUGSTR, yydepth, *yystack.s_mark, yytable[yyn]);
#endif
                if (yystack.s_mark >= yystack.s_last && yygrowstack(&yystack) == YYENOMEM) goto yyoverflow;
                yystate = yytable[yyn];
                *++yystack.s_mark = yytable[yyn];
                *++yystack.l_mark = yylval;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                /* lookahead position is error end position */
                yyerror_loc_range[2] = yylloc;
                YYLLOC_DEFAULT(yyloc, yyerror_loc_range, 2); /* position of error span */
                *++yystack.p_mark = yyloc;
#endif
                goto yyloop;
            }
            else
            {
#if YYDEBUG
                if (yydebug)
                    fprintf(stderr, "%s[%d]: error recovery discarding state %d\n",
                                    YYDEBUGSTR, yydepth, *yystack.s_mark);
#endif
                if (yystack.s_mark <= yystack.s_base) goto yyabort;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                /* the current TOS position is the error start position */
                yyerror_loc_range[1] = *yystack.p_mark;
#endif
#if defined(YYDESTRUCT_CALL)
#if YYBTYACC
                if (!yytrial)
#endif /* YYBTYACC */
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                    YYDESTRUCT_CALL("error: discarding state",
                                    yystos[*yystack.s_mark], yystack.l_mark, yystack.p_mark);
#else
                    YYDESTRUCT_CALL("error: discarding state",
                                    yystos[*yystack.s_mark], yystack.l_mark);
#endif /* defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED) */
#endif /* defined(YYDESTRUCT_CALL) */
                --yystack.s_mark;
                --yystack.l_mark;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                --yystack.p_mark;
#endif
            }
        }
    }
    else
    {
        if (yychar == YYEOF) goto yyabort;
#if YYDEBUG
        if (yydebug)
        {
            if ((yys = yyname[YYTRANSLATE(yychar)]) == NULL) yys = yyname[YYUNDFTOKEN];
            fprintf(stderr, "%s[%d]: state %d, error recovery discarding token %d (%s)\n",
                            YYDEBUGSTR, yydepth, yystate, yychar, yys);
        }
#endif
#if defined(YYDESTRUCT_CALL)
#if YYBTYACC
        if (!yytrial)
#endif /* YYBTYACC */
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
            YYDESTRUCT_CALL("error: discarding token", yychar, &yylval, &yylloc);
#else
            YYDESTRUCT_CALL("error: discarding token", yychar, &yylval);
#endif /* defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED) */
#endif /* defined(YYDESTRUCT_CALL) */
        yychar = YYEMPTY;
        goto yyloop;
    }

yyreduce:
    yym = yylen[yyn];
#if YYDEBUG
    if (yydebug)
    {
        fprintf(stderr, "%s[%d]: state %d, reducing by rule %d (%s)",
                        YYDEBUGSTR, yydepth, yystate, yyn, yyrule[yyn]);
#ifdef YYSTYPE_TOSTRING
#if YYBTYACC
        if (!yytrial)
#endif /* YYBTYACC */
            if (yym > 0)
            {
                int i;
                fputc('<', stderr);
                for (i = yym; i > 0; i--)
                {
                    if (i != yym) fputs(", ", stderr);
                    fputs(YYSTYPE_TOSTRING(yystos[yystack.s_mark[1-i]],
                                           yystack.l_mark[1-i]), stderr);
                }
                fputc('>', stderr);
            }
#endif
        fputc('\n', stderr);
    }
#endif
    if (yym > 0)
        yyval = yystack.l_mark[1-yym];
    else
        memset(&yyval, 0, sizeof yyval);
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)

    /* Perform position reduction */
    memset(&yyloc, 0, sizeof(yyloc));
#if YYBTYACC
    if (!yytrial)
#endif /* YYBTYACC */
    {
        YYLLOC_DEFAULT(yyloc, &yystack.p_mark[-yym], yym);
        /* just in case YYERROR is invoked within the action, save
           the start of the rhs as the error start position */
        yyerror_loc_range[1] = yystack.p_mark[1-yym];
    }
#endif

    switch (yyn)
    {
case 4:
#line 179 "../../claudesec/parse.y"
	{
			yyerrok;
		}
#line 2100 "parse_conf.c"
break;
case 5:
#line 184 "../../claudesec/parse.y"
	{
			char *value;

			if ((value = join(&yystack.l_mark[0].words)) == NULL)
				YYABORT;
			macro_set(yystack.l_mark[-2].word->line, yystack.l_mark[-2].word->s, value, 0);
		}
#line 2111 "parse_conf.c"
break;
case 6:
#line 191 "../../claudesec/parse.y"
	{
			if (once(SEEN_ENGINE, "engine"))
				set_engine(yystack.l_mark[0].word);
		}
#line 2119 "parse_conf.c"
break;
case 7:
#line 195 "../../claudesec/parse.y"
	{
			if (once(SEEN_IMAGE, "image"))
				set_image(nconf->fixed.image, yystack.l_mark[0].word, "image");
		}
#line 2127 "parse_conf.c"
break;
case 8:
#line 199 "../../claudesec/parse.y"
	{
			if (once(SEEN_BASE, "base"))
				set_image(nconf->fixed.base, yystack.l_mark[0].word, "base");
		}
#line 2135 "parse_conf.c"
break;
case 9:
#line 203 "../../claudesec/parse.y"
	{
			if (once(SEEN_CA, "ca"))
				set_path(nconf->fixed.ca, yystack.l_mark[0].word, "ca");
		}
#line 2143 "parse_conf.c"
break;
case 10:
#line 207 "../../claudesec/parse.y"
	{
			if (once(SEEN_CREDENTIALS, "credentials"))
				nconf->fixed.credentials = CREDENTIALS_NONE;
		}
#line 2151 "parse_conf.c"
break;
case 11:
#line 211 "../../claudesec/parse.y"
	{
			if (once(SEEN_CREDENTIALS, "credentials"))
				nconf->fixed.credentials =
				    CREDENTIALS_ENVIRONMENT;
		}
#line 2160 "parse_conf.c"
break;
case 12:
#line 216 "../../claudesec/parse.y"
	{
			if (once(SEEN_CREDENTIALS, "credentials")) {
				nconf->fixed.credentials =
				    CREDENTIALS_ENVIRONMENT;
				set_path(nconf->envfile, yystack.l_mark[0].word, "credentials");
			}
		}
#line 2171 "parse_conf.c"
break;
case 15:
#line 225 "../../claudesec/parse.y"
	{
			yyerrok;
		}
#line 2178 "parse_conf.c"
break;
case 18:
#line 230 "../../claudesec/parse.y"
	{
			yyerrok;
		}
#line 2185 "parse_conf.c"
break;
case 19:
#line 235 "../../claudesec/parse.y"
	{
			yyval.words.first = yyval.words.last = yystack.l_mark[0].word;
		}
#line 2192 "parse_conf.c"
break;
case 20:
#line 238 "../../claudesec/parse.y"
	{
			yyval.words = yystack.l_mark[-1].words;
			append(&yyval.words, yystack.l_mark[0].word);
		}
#line 2200 "parse_conf.c"
break;
case 21:
#line 244 "../../claudesec/parse.y"
	{
			(void)once(SEEN_AGENT, "agent");
		}
#line 2207 "parse_conf.c"
break;
case 25:
#line 252 "../../claudesec/parse.y"
	{
			yyerrok;
		}
#line 2214 "parse_conf.c"
break;
case 26:
#line 257 "../../claudesec/parse.y"
	{
			if (once(SEEN_MEMORY, "memory"))
				set_size(&nconf->fixed.memory, yystack.l_mark[0].word, "memory",
				    128 * MEGA);
		}
#line 2223 "parse_conf.c"
break;
case 27:
#line 262 "../../claudesec/parse.y"
	{
			if (once(SEEN_HOME, "home"))
				set_size(&nconf->fixed.home, yystack.l_mark[0].word, "home",
				    MEGA);
		}
#line 2232 "parse_conf.c"
break;
case 28:
#line 267 "../../claudesec/parse.y"
	{
			if (once(SEEN_TMP, "tmp"))
				set_size(&nconf->fixed.tmp, yystack.l_mark[0].word, "tmp",
				    MEGA);
		}
#line 2241 "parse_conf.c"
break;
case 29:
#line 272 "../../claudesec/parse.y"
	{
			if (once(SEEN_FILESIZE, "filesize"))
				set_size(&nconf->fixed.filesize, yystack.l_mark[0].word, "filesize",
				    MEGA);
		}
#line 2250 "parse_conf.c"
break;
case 30:
#line 277 "../../claudesec/parse.y"
	{
			if (once(SEEN_PROCESSES, "processes"))
				set_processes(yystack.l_mark[0].word);
		}
#line 2258 "parse_conf.c"
break;
case 31:
#line 281 "../../claudesec/parse.y"
	{
			if (once(SEEN_CPUS, "cpus"))
				set_cpus(yystack.l_mark[0].word);
		}
#line 2266 "parse_conf.c"
break;
case 32:
#line 287 "../../claudesec/parse.y"
	{
			struct rule_entry *r;

			if (once(SEEN_EGRESS, "egress"))
				while ((r = TAILQ_FIRST(&nconf->rules)) != NULL) {
					TAILQ_REMOVE(&nconf->rules, r, entry);
					free(r);
				}
		}
#line 2279 "parse_conf.c"
break;
case 36:
#line 301 "../../claudesec/parse.y"
	{
			yyerrok;
		}
#line 2286 "parse_conf.c"
break;
case 37:
#line 306 "../../claudesec/parse.y"
	{
			add_rules(yystack.l_mark[-3].number, &yystack.l_mark[-1].words, &yystack.l_mark[0].words);
		}
#line 2293 "parse_conf.c"
break;
case 40:
#line 311 "../../claudesec/parse.y"
	{
			yyerrok;
		}
#line 2300 "parse_conf.c"
break;
case 41:
#line 314 "../../claudesec/parse.y"
	{
			error(lex.tokenline, "empty list");
		}
#line 2307 "parse_conf.c"
break;
case 42:
#line 317 "../../claudesec/parse.y"
	{
			yyerrok;
		}
#line 2314 "parse_conf.c"
break;
case 43:
#line 322 "../../claudesec/parse.y"
	{
			yyval.number = 0;
		}
#line 2321 "parse_conf.c"
break;
case 44:
#line 325 "../../claudesec/parse.y"
	{
			yyval.number = 1;
		}
#line 2328 "parse_conf.c"
break;
case 45:
#line 330 "../../claudesec/parse.y"
	{
			yyval.words.first = yyval.words.last = NULL;
		}
#line 2335 "parse_conf.c"
break;
case 46:
#line 333 "../../claudesec/parse.y"
	{
			yyval.words = yystack.l_mark[0].words;
		}
#line 2342 "parse_conf.c"
break;
case 47:
#line 338 "../../claudesec/parse.y"
	{
			yyval.words.first = yyval.words.last = yystack.l_mark[0].word;
		}
#line 2349 "parse_conf.c"
break;
case 48:
#line 341 "../../claudesec/parse.y"
	{
			yyval.words = yystack.l_mark[-1].words;
		}
#line 2356 "parse_conf.c"
break;
case 49:
#line 344 "../../claudesec/parse.y"
	{
			yyerrok;
			yyval.words = yystack.l_mark[-2].words;
		}
#line 2364 "parse_conf.c"
break;
case 50:
#line 348 "../../claudesec/parse.y"
	{
			error(lex.tokenline, "empty list");
			yyval.words.first = yyval.words.last = NULL;
		}
#line 2372 "parse_conf.c"
break;
case 51:
#line 352 "../../claudesec/parse.y"
	{
			yyerrok;
			yyval.words.first = yyval.words.last = NULL;
		}
#line 2380 "parse_conf.c"
break;
case 52:
#line 358 "../../claudesec/parse.y"
	{
			yyval.words.first = yyval.words.last = yystack.l_mark[-1].word;
		}
#line 2387 "parse_conf.c"
break;
case 53:
#line 361 "../../claudesec/parse.y"
	{
			yyval.words = yystack.l_mark[-2].words;
			append(&yyval.words, yystack.l_mark[-1].word);
		}
#line 2395 "parse_conf.c"
break;
case 54:
#line 365 "../../claudesec/parse.y"
	{
			yyerrok;
			yyval.words.first = yyval.words.last = NULL;
		}
#line 2403 "parse_conf.c"
break;
case 55:
#line 369 "../../claudesec/parse.y"
	{
			yyerrok;
			yyval.words = yystack.l_mark[-2].words;
		}
#line 2411 "parse_conf.c"
break;
case 58:
#line 377 "../../claudesec/parse.y"
	{
			yyerrok;
		}
#line 2418 "parse_conf.c"
break;
case 59:
#line 380 "../../claudesec/parse.y"
	{
			yyerrok;
		}
#line 2425 "parse_conf.c"
break;
case 60:
#line 385 "../../claudesec/parse.y"
	{
			add_resolver(yystack.l_mark[0].word, NULL);
		}
#line 2432 "parse_conf.c"
break;
case 61:
#line 388 "../../claudesec/parse.y"
	{
			add_resolver(yystack.l_mark[-2].word, yystack.l_mark[0].word);
		}
#line 2439 "parse_conf.c"
break;
#line 2441 "parse_conf.c"
    default:
        break;
    }
    yystack.s_mark -= yym;
    yystate = *yystack.s_mark;
    yystack.l_mark -= yym;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    yystack.p_mark -= yym;
#endif
    yym = yylhs[yyn];
    if (yystate == 0 && yym == 0)
    {
#if YYDEBUG
        if (yydebug)
        {
            fprintf(stderr, "%s[%d]: after reduction, ", YYDEBUGSTR, yydepth);
#ifdef YYSTYPE_TOSTRING
#if YYBTYACC
            if (!yytrial)
#endif /* YYBTYACC */
                fprintf(stderr, "result is <%s>, ", YYSTYPE_TOSTRING(yystos[YYFINAL], yyval));
#endif
            fprintf(stderr, "shifting from state 0 to final state %d\n", YYFINAL);
        }
#endif
        yystate = YYFINAL;
        *++yystack.s_mark = YYFINAL;
        *++yystack.l_mark = yyval;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
        *++yystack.p_mark = yyloc;
#endif
        if (yychar < 0)
        {
#if YYBTYACC
            do {
            if (yylvp < yylve)
            {
                /* we're currently re-reading tokens */
                yylval = *yylvp++;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                yylloc = *yylpp++;
#endif
                yychar = *yylexp++;
                break;
            }
            if (yyps->save)
            {
                /* in trial mode; save scanner results for future parse attempts */
                if (yylvp == yylvlim)
                {   /* Enlarge lexical value queue */
                    size_t p = (size_t) (yylvp - yylvals);
                    size_t s = (size_t) (yylvlim - yylvals);

                    s += YYLVQUEUEGROWTH;
                    if ((yylexemes = (YYINT *)realloc(yylexemes, s * sizeof(YYINT))) == NULL)
                        goto yyenomem;
                    if ((yylvals   = (YYSTYPE *)realloc(yylvals, s * sizeof(YYSTYPE))) == NULL)
                        goto yyenomem;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                    if ((yylpsns   = (YYLTYPE *)realloc(yylpsns, s * sizeof(YYLTYPE))) == NULL)
                        goto yyenomem;
#endif
                    yylvp   = yylve = yylvals + p;
                    yylvlim = yylvals + s;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                    yylpp   = yylpe = yylpsns + p;
                    yylplim = yylpsns + s;
#endif
                    yylexp  = yylexemes + p;
                }
                *yylexp = (YYINT) YYLEX;
                *yylvp++ = yylval;
                yylve++;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
                *yylpp++ = yylloc;
                yylpe++;
#endif
                yychar = *yylexp++;
                break;
            }
            /* normal operation, no conflict encountered */
#endif /* YYBTYACC */
            yychar = YYLEX;
#if YYBTYACC
            } while (0);
#endif /* YYBTYACC */
            if (yychar < 0) yychar = YYEOF;
#if YYDEBUG
            if (yydebug)
            {
                if ((yys = yyname[YYTRANSLATE(yychar)]) == NULL) yys = yyname[YYUNDFTOKEN];
                fprintf(stderr, "%s[%d]: state %d, reading token %d (%s)\n",
                                YYDEBUGSTR, yydepth, YYFINAL, yychar, yys);
            }
#endif
        }
        if (yychar == YYEOF) goto yyaccept;
        goto yyloop;
    }
    if (((yyn = yygindex[yym]) != 0) && (yyn += yystate) >= 0 &&
            yyn <= YYTABLESIZE && yycheck[yyn] == (YYINT) yystate)
        yystate = yytable[yyn];
    else
        yystate = yydgoto[yym];
#if YYDEBUG
    if (yydebug)
    {
        fprintf(stderr, "%s[%d]: after reduction, ", YYDEBUGSTR, yydepth);
#ifdef YYSTYPE_TOSTRING
#if YYBTYACC
        if (!yytrial)
#endif /* YYBTYACC */
            fprintf(stderr, "result is <%s>, ", YYSTYPE_TOSTRING(yystos[yystate], yyval));
#endif
        fprintf(stderr, "shifting from state %d to state %d\n", *yystack.s_mark, yystate);
    }
#endif
    if (yystack.s_mark >= yystack.s_last && yygrowstack(&yystack) == YYENOMEM) goto yyoverflow;
    *++yystack.s_mark = (YYINT) yystate;
    *++yystack.l_mark = yyval;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    *++yystack.p_mark = yyloc;
#endif
    goto yyloop;
#if YYBTYACC

    /* Reduction declares that this path is valid. Set yypath and do a full parse */
yyvalid:
    if (yypath) YYABORT;
    while (yyps->save)
    {
        YYParseState *save = yyps->save;
        yyps->save = save->save;
        save->save = yypath;
        yypath = save;
    }
#if YYDEBUG
    if (yydebug)
        fprintf(stderr, "%s[%d]: state %d, CONFLICT trial successful, backtracking to state %d, %d tokens\n",
                        YYDEBUGSTR, yydepth, yystate, yypath->state, (int)(yylvp - yylvals - yypath->lexeme));
#endif
    if (yyerrctx)
    {
        yyFreeState(yyerrctx);
        yyerrctx = NULL;
    }
    yylvp          = yylvals + yypath->lexeme;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    yylpp          = yylpsns + yypath->lexeme;
#endif
    yylexp         = yylexemes + yypath->lexeme;
    yychar         = YYEMPTY;
    yystack.s_mark = yystack.s_base + (yypath->yystack.s_mark - yypath->yystack.s_base);
    memcpy (yystack.s_base, yypath->yystack.s_base, (size_t) (yystack.s_mark - yystack.s_base + 1) * sizeof(YYINT));
    yystack.l_mark = yystack.l_base + (yypath->yystack.l_mark - yypath->yystack.l_base);
    memcpy (yystack.l_base, yypath->yystack.l_base, (size_t) (yystack.l_mark - yystack.l_base + 1) * sizeof(YYSTYPE));
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
    yystack.p_mark = yystack.p_base + (yypath->yystack.p_mark - yypath->yystack.p_base);
    memcpy (yystack.p_base, yypath->yystack.p_base, (size_t) (yystack.p_mark - yystack.p_base + 1) * sizeof(YYLTYPE));
#endif
    yystate        = yypath->state;
    goto yyloop;
#endif /* YYBTYACC */

yyoverflow:
    YYERROR_CALL("yacc stack overflow");
#if YYBTYACC
    goto yyabort_nomem;
yyenomem:
    YYERROR_CALL("memory exhausted");
yyabort_nomem:
#endif /* YYBTYACC */
    yyresult = 2;
    goto yyreturn;

yyabort:
    yyresult = 1;
    goto yyreturn;

yyaccept:
#if YYBTYACC
    if (yyps->save) goto yyvalid;
#endif /* YYBTYACC */
    yyresult = 0;

yyreturn:
#if defined(YYDESTRUCT_CALL)
    if (yychar != YYEOF && yychar != YYEMPTY)
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
        YYDESTRUCT_CALL("cleanup: discarding token", yychar, &yylval, &yylloc);
#else
        YYDESTRUCT_CALL("cleanup: discarding token", yychar, &yylval);
#endif /* defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED) */

    {
        YYSTYPE *pv;
#if defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED)
        YYLTYPE *pp;

        for (pv = yystack.l_base, pp = yystack.p_base; pv <= yystack.l_mark; ++pv, ++pp)
             YYDESTRUCT_CALL("cleanup: discarding state",
                             yystos[*(yystack.s_base + (pv - yystack.l_base))], pv, pp);
#else
        for (pv = yystack.l_base; pv <= yystack.l_mark; ++pv)
             YYDESTRUCT_CALL("cleanup: discarding state",
                             yystos[*(yystack.s_base + (pv - yystack.l_base))], pv);
#endif /* defined(YYLTYPE) || defined(YYLTYPE_IS_DECLARED) */
    }
#endif /* defined(YYDESTRUCT_CALL) */

#if YYBTYACC
    if (yyerrctx)
    {
        yyFreeState(yyerrctx);
        yyerrctx = NULL;
    }
    while (yyps)
    {
        YYParseState *save = yyps;
        yyps = save->save;
        save->save = NULL;
        yyFreeState(save);
    }
    while (yypath)
    {
        YYParseState *save = yypath;
        yypath = save->save;
        save->save = NULL;
        yyFreeState(save);
    }
#endif /* YYBTYACC */
    yyfreestack(&yystack);
    return (yyresult);
}
