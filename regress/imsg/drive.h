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
 * What a program's processes must have been told before they take the
 * messages that are tried on them: by the channels of the others, by role,
 * in the set-up (0) and when it is over (1).
 */
void	 prepare(unsigned int, struct imsgbuf *, int);

/* Is a message of variable length a string? */
int	 is_text(uint32_t);

/* drive.c: waits for a message of the type, -1: in vain; sends one, or ends */
int	 wait_told(struct imsgbuf *, uint32_t);
void	 put(struct imsgbuf *, uint32_t, int, const void *, size_t);
