# table.awk: medians of lines that are round, row, peer, value; and how proxyd
# compares, which is the median of what it does within each round.

function median(list,	a, i, j, n, t)
{
	n = split(list, a, " ")
	if (n == 0)
		return ""
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && a[j] + 0 < a[j - 1] + 0; j--) {
			t = a[j]
			a[j] = a[j - 1]
			a[j - 1] = t
		}
	if (n % 2)
		return a[(n + 1) / 2]
	return (a[n / 2] + a[n / 2 + 1]) / 2
}

function ratio(row, other,	list, r)
{
	for (r = 1; r <= rounds; r++)
		if (value[r, row, "proxyd"] > 0 && value[r, row, other] > 0)
			list = list " " value[r, row, "proxyd"] / \
			    value[r, row, other]
	return median(list)
}

function print_row(row, text, form,	i, v, w)
{
	if (!(row in seen))
		return
	printf "%-26s", text
	for (i = 1; i <= npeers; i++) {
		v = median(values[row, peer[i]])
		printf " %9s", v == "" ? "-" : sprintf(form, v)
	}
	for (i = 1; i <= nothers; i++) {
		w = ratio(row, other[i])
		printf " %7s", w == "" ? "-" : sprintf("%.2f", w)
	}
	printf "\n"
}

# kind: a ratio to another peer, or our value; at least or at most
function target(row, text, of, sign, want,	is)
{
	is = of == "" ? median(values[row, "proxyd"]) : ratio(row, of)
	if (is == "")
		return
	printf "%-26s %-9s %s %-6s %8s  %s\n", text, of, sign, want,
	    sprintf(is < 10 ? "%.3f" : "%.0f", is),
	    (sign == ">=" ? is >= want : is <= want) ? "met" : "MISSED"
}

{
	value[$1, $2, $3] = $4
	values[$2, $3] = values[$2, $3] " " $4
	seen[$2] = 1
	if ($1 + 0 > rounds)
		rounds = $1 + 0
}

END {
	npeers = split(peers, peer, " ")
	nothers = split("squid peek bare", other, " ")
	printf "\n%-26s", ""
	for (i = 1; i <= npeers; i++)
		printf " %9s", peer[i]
	for (i = 1; i <= nothers; i++)
		printf " %7s", "/" other[i]
	printf "\n"
	n = split("1 16 128", at, " ")
	for (i = 1; i <= n; i++) {
		print_row("rate" at[i], "tunnels/s, " at[i] " at once", "%.0f")
		print_row("p50_" at[i], "  p50, us", "%.0f")
		print_row("p99_" at[i], "  p99, us", "%.0f")
		print_row("cpu" at[i], "  CPU s per 1,000", "%.3f")
	}
	split("down up", way, " ")
	split("1 8", number, " ")
	for (i = 1; i <= 2; i++)
		for (j = 1; j <= 2; j++) {
			print_row("mb" way[j] number[i], "MB/s, " number[i] \
			    " " way[j], "%.0f")
			print_row("gb" way[j] number[i], "  CPU s per GB",
			    "%.2f")
		}
	print_row("echo50", "echo, p50, us", "%.0f")
	print_row("echo99", "  p99, us", "%.0f")
	print_row("fresh", "memory, KB, fresh", "%.0f")
	print_row("idle2000", "  2,000 idle tunnels", "%.0f")
	print_row("each2000", "    bytes a tunnel", "%.0f")
	print_row("idle9500", "  9,500 idle tunnels", "%.0f")
	print_row("each9500", "    bytes a tunnel", "%.0f")

	printf "\n%-26s %-9s    %-6s %8s\n", "wanted of proxyd", "against",
	    "target", "is"
	target("rate1", "tunnels/s, 1", "squid", ">=", 1)
	target("rate16", "tunnels/s, 16", "squid", ">=", 1.55)
	target("rate16", "tunnels/s, 16", "peek", ">=", 2)
	target("rate128", "tunnels/s, 128", "squid", ">=", 1.8)
	target("rate128", "tunnels/s, 128", "peek", ">=", 2)
	target("p99_128", "p99, 128", "squid", "<=", 0.5)
	for (i = 2; i <= 3; i++) {
		target("cpu" at[i], "CPU s per 1,000, " at[i], "", "<=", 0.060)
		target("cpu" at[i], "CPU s per 1,000, " at[i], "squid", "<=",
		    0.60)
	}
	for (j = 1; j <= 2; j++) {
		target("mb" way[j] "1", "MB/s, 1 " way[j], "bare", ">=", 0.9)
		target("gb" way[j] "1", "CPU s per GB, 1 " way[j], "", "<=",
		    0.30)
		target("mb" way[j] "8", "MB/s, 8 " way[j], "squid", ">=", 1.15)
	}
	target("fresh", "memory, KB, fresh", "", "<=", 4096)
	target("each9500", "bytes an idle tunnel", "", "<=", 2048)
}
