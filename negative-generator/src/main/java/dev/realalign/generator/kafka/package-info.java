/** Where requests come from and answers go: as a member of a consumer group, or of a share group. */
@NullMarked
package dev.realalign.generator.kafka;

import org.jspecify.annotations.NullMarked;
