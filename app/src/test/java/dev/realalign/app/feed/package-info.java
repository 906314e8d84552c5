/**
 * Tests of the feed.
 * Sources are made in temporary folders; the broker is Kafka's mock producer.
 */
@NullMarked
package dev.realalign.app.feed;

import org.jspecify.annotations.NullMarked;
