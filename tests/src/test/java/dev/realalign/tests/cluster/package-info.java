/** Clusters of several brokers and guarded ones, each broker a process that can be killed. */
@NullMarked
package dev.realalign.tests.cluster;

import org.jspecify.annotations.NullMarked;
