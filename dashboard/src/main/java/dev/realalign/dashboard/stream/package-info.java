/** How the dashboard looks at the cluster: bounded reads in no consumer group, and samples of lag. Failures are told to the model and tried again. */
@NullMarked
package dev.realalign.dashboard.stream;

import org.jspecify.annotations.NullMarked;
