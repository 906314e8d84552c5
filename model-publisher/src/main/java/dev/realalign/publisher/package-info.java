/** Makes numbered versions from checkpoint candidates. The only writer of versions and aliases. */
@NullMarked
package dev.realalign.publisher;

import org.jspecify.annotations.NullMarked;
