/** Published versions over HTTP, to read. Knows the topics and the store as any follower does, and nothing of the publisher. */
@NullMarked
package dev.realalign.publisher.catalogue;

import org.jspecify.annotations.NullMarked;
