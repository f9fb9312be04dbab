# claudesec and proxyd.  Works with GNU make and bmake.

PREFIX=		/usr/local
DATADIR=	${PREFIX}/share/claudesec
EXAMPLESDIR=	${PREFIX}/share/examples/claudesec
BASHDIR=	${PREFIX}/share/bash-completion/completions
FISHDIR=	${PREFIX}/share/fish/vendor_completions.d
ZSHDIR=		${PREFIX}/share/zsh/site-functions
INSTALL=	install
TAR=		tar
VERSION=	0.1
DISTNAME=	claudesec-${VERSION}
TOP=		.ci .clang-format .gitignore LICENSE Makefile README claudesec \
		etc proxyd regress

all: config.mk
	(cd claudesec && ${MAKE} all)
	(cd proxyd && ${MAKE} all)

config.mk: etc/configure.sh
	sh etc/configure.sh >config.mk.tmp
	mv config.mk.tmp config.mk

install: all
	(cd claudesec && ${MAKE} install)
	(cd proxyd && ${MAKE} install)
	${INSTALL} -d ${DESTDIR}${DATADIR} ${DESTDIR}${EXAMPLESDIR} \
	    ${DESTDIR}${BASHDIR} ${DESTDIR}${FISHDIR} ${DESTDIR}${ZSHDIR}
	${INSTALL} -m 644 proxyd/proxyd.tar ${DESTDIR}${DATADIR}/proxyd.tar
	${INSTALL} -m 644 etc/image/Dockerfile ${DESTDIR}${DATADIR}/Dockerfile
	${INSTALL} -m 755 etc/image/base.sh ${DESTDIR}${DATADIR}/base.sh
	${INSTALL} -m 644 etc/image/hosts etc/image/resolv.conf \
	    etc/image/seccomp.json ${DESTDIR}${DATADIR}
	${INSTALL} -m 644 etc/claudesec.conf etc/proxyd.conf \
	    etc/rc/claudesec.service ${DESTDIR}${EXAMPLESDIR}
	${INSTALL} -m 755 etc/rc/claudesec.rc ${DESTDIR}${EXAMPLESDIR}
	${INSTALL} -m 644 etc/completions/claudesec.bash \
	    ${DESTDIR}${BASHDIR}/claudesec
	${INSTALL} -m 644 etc/completions/claudesec.fish ${DESTDIR}${FISHDIR}
	${INSTALL} -m 644 etc/completions/claudesec.zsh \
	    ${DESTDIR}${ZSHDIR}/_claudesec

uninstall:
	(cd claudesec && ${MAKE} uninstall)
	(cd proxyd && ${MAKE} uninstall)
	rm -rf ${DESTDIR}${DATADIR} ${DESTDIR}${EXAMPLESDIR}
	rm -f ${DESTDIR}${BASHDIR}/claudesec \
	    ${DESTDIR}${FISHDIR}/claudesec.fish \
	    ${DESTDIR}${ZSHDIR}/_claudesec

clean:
	(cd claudesec && ${MAKE} clean)
	(cd proxyd && ${MAKE} clean)
	(cd regress/unit && ${MAKE} clean)
	rm -f config.mk config.mk.tmp ${DISTNAME}.tar.gz

regress:
	sh regress/run

lint:
	mandoc -T lint -W warning claudesec/*.[58] proxyd/*.[58]
	clang-format --dry-run claudesec/*.[ch] proxyd/*.[ch]

# Byte for byte the same each time; wants GNU tar.  The ports name the tarball
# by its sums, and are not in it.
dist: clean
	${TAR} --sort=name --mode='u=rwX,go=rX' --mtime=@0 --owner=0 \
	    --group=0 --numeric-owner --exclude=etc/ports \
	    --transform='s,^,${DISTNAME}/,' -cf - ${TOP} | \
	    gzip -9n >${DISTNAME}.tar.gz

distinfo: dist
	sh etc/ports/distinfo.sh ${DISTNAME}.tar.gz

.PHONY: all install uninstall clean regress lint dist distinfo
