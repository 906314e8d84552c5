/** The house's walls as rules, each with its reason. Where a wall stands wrong, move it here and in docs/architecture.md together. */
@NullMarked
package dev.realalign.tests.architecture;

import org.jspecify.annotations.NullMarked;
