#!@RCD_SCRIPTS_SHELL@
#
# $NetBSD$
#
# PROVIDE: claudesec
# REQUIRE: DAEMON network

if [ -f /etc/rc.subr ]; then
	. /etc/rc.subr
fi

name="claudesec"
rcvar=$name
command="@PREFIX@/bin/claudesec"
required_files="@PKG_SYSCONFDIR@/claudesec.conf"
extra_commands="reload"

if [ -f /etc/rc.subr ]; then
	load_rc_config $name
	run_rc_command "$1"
else
	echo -n " ${name}"
	${command} ${claudesec_flags}
fi
