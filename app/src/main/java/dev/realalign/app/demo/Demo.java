package dev.realalign.app.demo;

import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.feed.CameraTiles;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.sample.Painter;
import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The demo from start to end: model and pictures, a {@link House} until they are used, then the sample sheets.
 */
public final class Demo {
    private final DemoSettings settings;
    private final Terminal terminal;
    private final House house;
    private final DemoFolder folder;

    /**
     * A demo that has not begun.
     *
     * @param terminal where it shows how it goes
     * @param stop ends it early
     */
    public Demo(DemoSettings settings, Terminal terminal, StopSignal stop) {
        this.settings = settings;
        this.terminal = terminal;
        house = new House(settings.house(), terminal, stop);
        folder = new DemoFolder(settings.house().data());
    }

    /**
     * Runs to the end and writes the report, where one is wanted.
     *
     * @throws UserErrorException what the user can mend; for failure also when fewer versions came than were wanted
     */
    public void run() throws InterruptedException, IOException {
        try (Painter painter = Painter.load(settings.house().model())) {
            House.Outcome outcome = pipeline(painter.resolution());
            DemoReport report = outcome.report();
            report.stages().forEach(stage -> terminal.line(stage.sentence()));
            if (settings.report() != null) {
                report.write(settings.report());
            }
            drawSamples(painter, report);
            requireWanted(outcome);
        }
    }

    private House.Outcome pipeline(int resolution) throws InterruptedException, IOException {
        Map<String, String> defaults = new HashMap<>(Roles.defaults(settings.house(), resolution));
        defaults.putAll(Roles.quickDrawing());
        try (ImageSource source = settings.house()
                .images()
                .map(ImageSource::of)
                .orElseGet(() -> new CameraTiles(resolution, settings.house().caption()))) {
            return house.run(defaults, source, Until.used(settings.untilCheckpoints()));
        }
    }

    private void drawSamples(Painter painter, DemoReport report) throws IOException {
        if (report.received().isEmpty()) {
            return;
        }
        long newest = report.received().get(report.received().size() - 1).version();
        terminal.line("drawing samples of the base model and of version " + newest + " (Ctrl-C skips them)");
        List<DemoReport.Received> versions = settings.sheets()
                ? report.received()
                : report.received()
                        .subList(report.received().size() - 1, report.received().size());
        SampleSheets.draw(
                        painter,
                        folder.received(settings.house().line()),
                        versions,
                        settings.prompts(),
                        folder.samples())
                .forEach(sheet -> terminal.line("  " + sheet));
    }

    private void requireWanted(House.Outcome outcome) {
        DemoReport report = outcome.report();
        int wanted = settings.untilCheckpoints().orElse(0);
        int received = report.received().size();
        if (received < wanted) {
            throw UserErrorException.failure("Only " + received + " of " + wanted + " versions came: there were "
                    + report.triples()
                    + " triples (" + report.trainedTriples() + " of them trained), and " + wanted + " versions need "
                    + Roles.triplesFor(wanted, outcome.configuration())
                    + ". Feed more pictures, or ask for fewer versions.");
        }
    }
}
