package dev.realalign.dashboard.model;

import dev.realalign.schemas.ImageRejection;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Rejections by reason, with the newest examples of each. Not for use by several threads at once. */
final class RejectionTally {
    /** Examples kept of each reason. */
    static final int EXAMPLES = 6;

    /** Reasons told apart; what comes beyond them is counted under {@link #OTHERS}. */
    static final int REASONS = 64;

    static final String OTHERS = "OTHERS";

    private final Map<String, Counted> byReason = new TreeMap<>();
    private boolean fromTheBeginning = true;
    private long read;

    private static final class Counted {
        private long count;
        private final ArrayDeque<Example> examples = new ArrayDeque<>();
    }

    /**
     * A rejection.
     *
     * @param picture address of its picture within the page's, absent pictures included
     */
    record Example(String picture, String evidence, String source, Instant at) {}

    /**
     * A reason.
     *
     * @param examples newest first
     */
    record Reason(String reason, long count, List<Example> examples) {}

    /**
     * All of them.
     *
     * @param read rejections read
     * @param complete whether that is all there are; else the newest ones
     * @param reasons the most frequent first
     */
    record View(long read, boolean complete, List<Reason> reasons) {}

    /** Says that older records are left out. */
    void leftOlderOut() {
        fromTheBeginning = false;
    }

    void take(ImageRejection rejection) {
        read++;
        String reason = Texts.shortened(rejection.getReason(), 60);
        Counted counted = byReason.get(reason);
        if (counted == null) {
            counted = byReason.computeIfAbsent(byReason.size() < REASONS ? reason : OTHERS, name -> new Counted());
        }
        counted.count++;
        counted.examples.addFirst(new Example(
                rejection.getRecord().getPartition() + "-"
                        + rejection.getRecord().getOffset(),
                Texts.shortened(rejection.getEvidence(), 400),
                Texts.shortened(rejection.getSource(), 200),
                rejection.getRejectedAt()));
        if (counted.examples.size() > EXAMPLES) {
            counted.examples.removeLast();
        }
    }

    /** Rejections read. */
    long read() {
        return read;
    }

    View view() {
        List<Reason> reasons = new ArrayList<>();
        byReason.forEach(
                (name, counted) -> reasons.add(new Reason(name, counted.count, List.copyOf(counted.examples))));
        reasons.sort(Comparator.comparingLong(Reason::count).reversed().thenComparing(Reason::reason));
        return new View(read, fromTheBeginning, reasons);
    }
}
