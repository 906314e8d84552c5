/**
 * Signatures of versions: ECDSA over P-256 in the OpenSSF model-signing format, which the reference tool verifies too.
 * The publisher signs with one key; subscribers hold the public halves of the keys they trust.
 */
@NullMarked
package dev.realalign.schemas.signing;

import org.jspecify.annotations.NullMarked;
