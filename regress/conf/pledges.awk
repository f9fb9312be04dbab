# pledges.awk: "process: promises" for whatever the sources pledge.  Promises
# begin with stdio, and no other string does; a process has files of its name,
# and the parent that of the program.

FNR == 1 {
	process = FILENAME
	sub(/.*\//, "", process)
	sub(/[_.].*/, "", process)
	if (process == "claudesec" || process == "proxyd")
		process = "parent"
}

process == "sandbox" || process == "landlock" { next }

{
	while (match($0, /"stdio[^"]*"/)) {
		print process ": " substr($0, RSTART + 1, RLENGTH - 2)
		$0 = substr($0, RSTART + RLENGTH)
	}
}
