package dev.realalign.app.command;

import dev.realalign.runtime.Build;
import picocli.CommandLine.IVersionProvider;

/** The release and the revision it was built from. */
final class BuildVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"realalign " + Build.current()};
    }
}
