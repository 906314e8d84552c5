/** Candidate folders of the checkpoint store: written whole or not at all, verified before they are trusted. */
@NullMarked
package dev.realalign.trainer.candidate;

import org.jspecify.annotations.NullMarked;
