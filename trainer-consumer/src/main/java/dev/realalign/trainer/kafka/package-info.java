/** The trainer's ends of Kafka: triples in, candidate announcements out. */
@NullMarked
package dev.realalign.trainer.kafka;

import org.jspecify.annotations.NullMarked;
