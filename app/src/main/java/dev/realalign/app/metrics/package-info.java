/**
 * What a process tells Prometheus: the catalogue of its meters, where their numbers come from, and the server they are read
 * from.
 */
@NullMarked
package dev.realalign.app.metrics;

import org.jspecify.annotations.NullMarked;
