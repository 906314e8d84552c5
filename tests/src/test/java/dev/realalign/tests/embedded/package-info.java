/** The embedded broker and registry as real processes: started, killed, started again. Slow by nature; each start counts seconds. */
@NullMarked
package dev.realalign.tests.embedded;

import org.jspecify.annotations.NullMarked;
