package dev.realalign.app.command;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The release and the revision it was built from. */
final class BuildVersion implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
        Properties build = new Properties();
        try (InputStream in = BuildVersion.class.getResourceAsStream("/realalign-build.properties")) {
            if (in != null) {
                build.load(in);
            }
        }
        return new String[] {"realalign " + build.getProperty("version", "(not packaged)")};
    }
}
