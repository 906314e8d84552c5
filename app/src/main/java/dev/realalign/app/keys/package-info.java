/**
 * Key pairs on the disk, as {@code realalign keys} and the demo make them.
 * What a key is and how it signs is the business of {@code dev.realalign.schemas.signing}.
 */
@NullMarked
package dev.realalign.app.keys;

import org.jspecify.annotations.NullMarked;
