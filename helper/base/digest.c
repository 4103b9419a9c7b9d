/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/digest.h"

#include <nettle/version.h>

void
digest_end(struct sha256_ctx *hash, uint8_t bytes[SHA256_DIGEST_SIZE])
{
/* nettle 4.0 dropped the length: a digest is always whole. */
#if NETTLE_VERSION_MAJOR >= 4
	sha256_digest(hash, bytes);
#else
	sha256_digest(hash, SHA256_DIGEST_SIZE, bytes);
#endif
}

void
digest_end_hex(struct sha256_ctx *hash, char hex[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[SHA256_DIGEST_SIZE];

	digest_end(hash, bytes);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[DIGEST_HEX - 1] = '\0';
}
