/**
 * Turns real images into preference triples or rejections with a reason, exactly once, on Kafka Streams. The judgement
 * itself lies in the packages below; here are records, stores, configuration and the life of the process.
 */
@NullMarked
package dev.realalign.curator;

import org.jspecify.annotations.NullMarked;
