# claudesec and proxyd.  Works with GNU make and bmake.

PREFIX=		/usr/local
DATADIR=	${PREFIX}/share/claudesec
EXAMPLESDIR=	${PREFIX}/share/examples/claudesec
INSTALL=	install
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
	${INSTALL} -d ${DESTDIR}${DATADIR} ${DESTDIR}${EXAMPLESDIR}
	${INSTALL} -m 644 proxyd/proxyd.tar ${DESTDIR}${DATADIR}/proxyd.tar
	${INSTALL} -m 644 etc/image/Dockerfile ${DESTDIR}${DATADIR}/Dockerfile
	${INSTALL} -m 755 etc/image/base.sh ${DESTDIR}${DATADIR}/base.sh
	${INSTALL} -m 644 etc/image/seccomp.json \
	    ${DESTDIR}${DATADIR}/seccomp.json
	${INSTALL} -m 644 etc/claudesec.conf etc/proxyd.conf \
	    ${DESTDIR}${EXAMPLESDIR}

uninstall:
	(cd claudesec && ${MAKE} uninstall)
	(cd proxyd && ${MAKE} uninstall)
	rm -rf ${DESTDIR}${DATADIR} ${DESTDIR}${EXAMPLESDIR}

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

# byte for byte the same each time; wants GNU tar
dist: clean
	tar --sort=name --mode='u=rwX,go=rX' --mtime=@0 --owner=0 \
	    --group=0 --numeric-owner \
	    --transform='s,^,${DISTNAME}/,' -cf - ${TOP} | \
	    gzip -9n >${DISTNAME}.tar.gz

.PHONY: all install uninstall clean regress lint dist
