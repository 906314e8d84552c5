/**
 * The training ledger of a model line: what every step trained, planned before it is trained. Pure but for the one
 * interface through which entries are written and read.
 */
@NullMarked
package dev.realalign.trainer.ledger;

import org.jspecify.annotations.NullMarked;
