package dev.realalign.app.demo;

import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.sample.Painter;
import java.io.IOException;

/** A {@link House} on the user's own model that stays open until it is stopped. */
public final class Up {
    private final HouseSettings settings;
    private final House house;

    /**
     * A house that has not opened.
     *
     * @param terminal where it shows how it goes
     * @param stop closes it
     */
    public Up(HouseSettings settings, Terminal terminal, StopSignal stop) {
        this.settings = settings;
        house = new House(settings, terminal, stop);
    }

    /**
     * Runs until it is stopped.
     *
     * @throws dev.realalign.runtime.UserErrorException what the user can mend
     */
    public void run() throws InterruptedException, IOException {
        int resolution;
        try (Painter painter = Painter.load(settings.model())) {
            resolution = painter.resolution();
        }
        try (ImageSource source = settings.images().map(ImageSource::of).orElse(ImageSource.NONE)) {
            house.run(Roles.defaults(settings, resolution), source, Until.STOPPED);
        }
    }
}
