package dev.realalign.app.command;

import java.nio.file.Path;

/** The base model that comes with the program. */
final class BundledModel {
    private BundledModel() {}

    static Path folder() {
        return models().resolve("tiny-photo");
    }

    /** The features that evaluations take distances of. */
    static Path features() {
        return models().resolve("photo-features");
    }

    private static Path models() {
        return Path.of(System.getProperty("realalign.home", "."), "models");
    }
}
