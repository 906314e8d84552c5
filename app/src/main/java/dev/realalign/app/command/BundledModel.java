package dev.realalign.app.command;

import java.nio.file.Path;

/** The base model that comes with the program. */
final class BundledModel {
    private BundledModel() {}

    static Path folder() {
        return Path.of(System.getProperty("realalign.home", "."), "models", "tiny-photo");
    }
}
