package dev.realalign.app.command;

import java.util.Map;

/**
 * A cluster a command can use until it closes this.
 *
 * @param properties configuration that leads to it, with everything else the user gave
 * @param end lets go of it
 */
record ReachedCluster(Map<String, String> properties, Runnable end) implements AutoCloseable {
    @Override
    public void close() {
        end.run();
    }
}
