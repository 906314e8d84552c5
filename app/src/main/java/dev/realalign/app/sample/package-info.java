/**
 * Pictures out of models: what the sample command and the demo's sheets draw with.
 * Errors of a model folder or an adapter become sentences for the user here.
 */
@NullMarked
package dev.realalign.app.sample;

import org.jspecify.annotations.NullMarked;
