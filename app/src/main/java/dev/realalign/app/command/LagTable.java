package dev.realalign.app.command;

import dev.realalign.runtime.LagEvaluation;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagTrend;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.runtime.PartitionLag.SecondsFrom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** A lag report as lines of text, one for each partition. */
final class LagTable {
    private static final String ROW = "%-32s %-22s %4s %10s %10s  %-9s %-10s %9s %9s  %s";

    private LagTable() {}

    static List<String> lines(LagReport report) {
        List<String> lines = new ArrayList<>();
        if (report.partitions().isEmpty()) {
            lines.add("No stage has run on this cluster yet.");
            return lines;
        }
        lines.add(row("GROUP", "TOPIC", "PART", "RECORDS", "SECONDS", "STATUS", "TREND", "PER S", "CATCH UP", "OWNER"));
        for (LagEvaluation evaluation : report.partitions()) {
            PartitionLag lag = evaluation.lag();
            lines.add(row(
                    lag.group(),
                    lag.topic(),
                    Integer.toString(lag.partition()),
                    text(lag.records()),
                    (lag.secondsFrom() == SecondsFrom.SAMPLED ? "~" : "") + text(lag.seconds()),
                    evaluation.status().name(),
                    evaluation.trend() == LagTrend.UNKNOWN ? "-" : word(evaluation.trend()),
                    text(evaluation.slope()),
                    evaluation.secondsToCatchUp().isPresent() ? text(evaluation.secondsToCatchUp()) + " s" : "-",
                    lag.owner()
                            .map(owner -> owner.client() + " on " + owner.host())
                            .orElse("-")));
        }
        return lines;
    }

    private static String word(LagTrend trend) {
        return trend.name().toLowerCase(Locale.ROOT);
    }

    private static String row(Object... cells) {
        return String.format(Locale.ROOT, ROW, cells).stripTrailing();
    }

    private static String text(OptionalLong records) {
        return records.isPresent() ? Long.toString(records.getAsLong()) : "-";
    }

    private static String text(OptionalDouble number) {
        return number.isPresent() ? String.format(Locale.ROOT, "%.1f", number.getAsDouble()) : "-";
    }
}
