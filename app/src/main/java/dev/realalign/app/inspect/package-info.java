/**
 * Recorded verdicts as pictures: which records to show, and how they are drawn on a sheet.
 * Text of the records is drawn, cut to its place and never interpreted.
 */
@NullMarked
package dev.realalign.app.inspect;

import org.jspecify.annotations.NullMarked;
