package dev.realalign.app.demo;

import dev.realalign.app.demo.Snapshot.Lag;
import dev.realalign.app.demo.Snapshot.Stage;
import dev.realalign.schemas.CheckpointVersion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The demo on one screen, or in one line. */
final class Summary {
    private static final int NAMES_SHOWN = 4;
    private static final int DIGEST_SHOWN = 12;

    private Summary() {}

    /** The screen: one line a stage, top to bottom as the pictures flow. */
    static List<String> screen(Snapshot now) {
        Census census = now.census();
        Snapshot.@Nullable Training training = now.training();
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(String.format(Locale.ROOT, "  RealAlign   %s   %s", clock(now.elapsed()), now.phase()));
        lines.add("");
        lines.add(row("pictures in", format("%,d", census.fed()), feed(now), ""));
        lines.add(row(
                "rejected", format("%,d", census.rejections()), counted(census.rejected()), lag(now, Stage.CURATOR)));
        lines.add(row("triples", format("%,d", census.triples()), counted(census.makers()), lag(now, Stage.TRAINER)));
        lines.add(row(
                "trained",
                training == null ? "-" : format("%,d", training.triples()),
                training == null
                        ? ""
                        : format(
                                "step %,d   stage %s   %.1f triples/s",
                                training.step(), training.stage(), training.pairsPerSecond()),
                ""));
        lines.add(row(
                "loss",
                training == null ? "-" : known("%.4f", training.loss()),
                training == null ? "" : "implicit accuracy " + known("%.2f", training.implicitAccuracy()),
                ""));
        lines.add(row(
                "held-out",
                training == null ? "-" : known("%.4f", training.heldOutRatio()),
                training == null ? "" : format("m_w/r_w on %d pairs (1.02 would be harm)", training.heldOutPairs()),
                ""));
        lines.add(row(
                "candidates", format("%,d", census.candidates().size()), refused(census), lag(now, Stage.PUBLISHER)));
        lines.add(row("versions", format("%,d", census.versions().size()), newest(census), ""));
        lines.add(row("received", format("%,d", now.received()), "every hash verified", ""));
        lines.add("");
        return lines;
    }

    /** The same in one line, for logs and pipes. */
    static String line(Snapshot now) {
        Census census = now.census();
        Snapshot.@Nullable Training training = now.training();
        return format(
                "%s %s: in %d, rejected %d, triples %d, trained %d, step %d, stage %s, loss %s, accuracy %s, m_w/r_w %s, versions %d,"
                        + " received %d, lag curator %s trainer %s publisher %s",
                clock(now.elapsed()),
                now.phase(),
                census.fed(),
                census.rejections(),
                census.triples(),
                training == null ? 0 : training.triples(),
                training == null ? 0 : training.step(),
                training == null ? "-" : training.stage(),
                training == null ? "-" : known("%.4f", training.loss()),
                training == null ? "-" : known("%.2f", training.implicitAccuracy()),
                training == null ? "-" : known("%.4f", training.heldOutRatio()),
                census.versions().size(),
                now.received(),
                shortLag(now, Stage.CURATOR),
                shortLag(now, Stage.TRAINER),
                shortLag(now, Stage.PUBLISHER));
    }

    /** Names with their counts, the most frequent first. */
    static String counted(Map<String, Long> counts) {
        List<String> named = counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .map(name -> name.getKey() + " " + name.getValue())
                .toList();
        String shown = named.stream().limit(NAMES_SHOWN).collect(Collectors.joining(", "));
        return named.size() > NAMES_SHOWN ? shown + ", ..." : shown;
    }

    private static String row(String name, String number, String detail, String lag) {
        return format("  %-12s %9s   %-44s %s", name, number, detail, lag).stripTrailing();
    }

    private static String feed(Snapshot now) {
        double seconds = Math.max(1e-3, now.elapsed().toMillis() / 1000.0);
        String resumed = now.feed().before() > 0
                ? format("   %,d from before", now.feed().before())
                : "";
        String unreadable = now.feed().unreadable() > 0
                ? format("   %,d unreadable", now.feed().unreadable())
                : "";
        return format(
                "%,d of %,d taken%s%s   %.0f/s",
                now.feed().taken(),
                now.offered(),
                resumed,
                unreadable,
                now.feed().fed() / seconds);
    }

    private static String refused(Census census) {
        return census.decisions().stream()
                .filter(decision -> !decision.getAccepted())
                .max(Comparator.comparing(decision -> decision.getDecidedAt()))
                .map(decision -> "last refused: " + decision.getReason())
                .orElse("");
    }

    private static String newest(Census census) {
        if (census.versions().isEmpty()) {
            return "";
        }
        CheckpointVersion newest = census.versions().get(census.versions().size() - 1);
        return format(
                "newest %08d   digest %s",
                newest.getVersion(),
                newest.getDigest()
                        .substring(0, Math.min(DIGEST_SHOWN, newest.getDigest().length())));
    }

    private static String lag(Snapshot now, Stage stage) {
        @Nullable Lag lag = now.lags().get(stage);
        if (lag == null || lag.records().isEmpty()) {
            return "";
        }
        String seconds =
                lag.seconds().isPresent() ? format("%.1f s", lag.seconds().getAsDouble()) : "";
        return format(
                        "%s lag %,d records  %s",
                        stage.name().toLowerCase(Locale.ROOT), lag.records().getAsLong(), seconds)
                .stripTrailing();
    }

    private static String shortLag(Snapshot now, Stage stage) {
        @Nullable Lag lag = now.lags().get(stage);
        if (lag == null || lag.records().isEmpty()) {
            return "-";
        }
        String seconds =
                lag.seconds().isPresent() ? format("/%.1fs", lag.seconds().getAsDouble()) : "";
        return lag.records().getAsLong() + seconds;
    }

    private static String known(String pattern, OptionalDouble value) {
        return value.isPresent() ? format(pattern, value.getAsDouble()) : "-";
    }

    private static String clock(Duration time) {
        return format("%d:%02d", time.toMinutes(), time.toSecondsPart());
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
