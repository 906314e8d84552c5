/** What the page shows, folded from records and samples. No Kafka clients, no files, no clock: time is an argument. */
@NullMarked
package dev.realalign.dashboard.model;

import org.jspecify.annotations.NullMarked;
