/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a SHA-256, in nettle of any version. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <nettle/sha2.h>

/* Room for a digest in hexadecimal digits, with its NUL. */
#define DIGEST_HEX (2 * SHA256_DIGEST_SIZE + 1)

/* Set bytes to the digest of what hash was updated with; hash begins anew. */
void digest_end(struct sha256_ctx *hash, uint8_t bytes[SHA256_DIGEST_SIZE]);

/* Do the same, in hexadecimal digits. */
void digest_end_hex(struct sha256_ctx *hash, char hex[DIGEST_HEX]);

#endif
