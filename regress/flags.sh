# flags.sh: how test programs in C are built, from config.mk's answers.
# Read with `.' from a directory below regress/.

config=../../config.mk
if [ ! -f "$config" ]; then
	echo "run make first" >&2
	exit 1
fi
# answer NAME: what config.mk says, as the shell would have it from make
answer() {
	sed -n "s/^$1=[[:space:]]*//p" "$config"
}

# cc_test ARG ...: compile and link one test program
cc_test() {
	eval "${CC:-cc} -std=c99 -O1 -g -Wall -Wextra ${CFLAGS_TEST-} \
	    $(answer DEFS_SYS) $(answer CFLAGS_BSD) $(answer CFLAGS_LIBS)" \
	    '"$@"' "$(answer LIBS_EVENT) $(answer LIBS_BSD) ${LIBS_TEST-}"
}
