/**
 * Tests of the sheets that show recorded verdicts. Nothing here needs a cluster.
 */
@NullMarked
package dev.realalign.app.inspect;

import org.jspecify.annotations.NullMarked;
