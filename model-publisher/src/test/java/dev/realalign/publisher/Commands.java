package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointCommand;
import org.jspecify.annotations.Nullable;

/** Commands for tests. */
final class Commands {
    private Commands() {}

    /** A command with an id made of all it asks for. */
    static CheckpointCommand command(
            String action, String alias, @Nullable Long version, @Nullable String expectedDigest) {
        return CheckpointCommand.newBuilder()
                .setId(action + " " + alias + " " + version + " " + expectedDigest)
                .setModel(Candidates.MODEL)
                .setAction(action)
                .setAlias(alias)
                .setVersion(version)
                .setExpectedDigest(expectedDigest)
                .setActor("somebody")
                .setReason("because")
                .setAskedAt(Candidates.NOW)
                .build();
    }
}
