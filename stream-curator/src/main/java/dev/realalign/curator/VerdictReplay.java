package dev.realalign.curator;

import dev.realalign.curator.gate.ColourMeasure;
import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.Measure;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.Recorded;
import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.gate.Rights;
import dev.realalign.curator.gate.RunningMean;
import dev.realalign.curator.pair.Rejudge;
import dev.realalign.curator.pair.WindowsInMemory;
import dev.realalign.schemas.Colourfulness;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.ShadowRejection;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Judges the recorded verdicts of one partition again, in the order in which they are handed over: running means and
 * windows are rebuilt on the way. Not for several threads.
 */
public final class VerdictReplay {
    private final Rejudge judge;
    private final String gateVersion;
    private final WindowsInMemory windows = new WindowsInMemory();
    private RunningMean mean;

    /** A replay of a partition under this configuration, before its first verdict. */
    public VerdictReplay(CuratorConfig config) {
        this.judge = new Rejudge(config.pairs());
        this.gateVersion = config.gateVersion();
        this.mean = judge.start();
    }

    /**
     * Judges a triple again. It stays the pair that it was; gap and shadow verdicts are those of today.
     *
     * @param now time of the new verdict, for a rejection
     */
    public Rejudged again(PreferenceTriple triple, Instant now) {
        Rejudge.Result result = judge.judge(
                new Recorded(
                        measures(triple),
                        Optional.of(new Rights(Optional.ofNullable(triple.getLicence()), triple.getOptOut())),
                        told(triple.getShadow(), null, "")),
                triple.getScores(),
                mean,
                windows);
        mean = result.meanAfter();
        if (result.rejection().isEmpty()) {
            PreferenceTriple accepted = PreferenceTriple.newBuilder(triple)
                    .setColourfulness(colourfulness(result.findings()))
                    .setShadow(Evidence.shadow(result.findings()))
                    .setGap(Evidence.gap(result.gap()))
                    .build();
            return new Rejudged(Rejudged.ACCEPTED, Rejudged.ACCEPTED, accepted);
        }
        Rejection rejection = result.rejection().get();
        ImageRejection rejected = ImageRejection.newBuilder()
                .setImageId(triple.getImageId())
                .setReason(rejection.reason().name())
                .setEvidence(rejection.evidence())
                .setRecord(triple.getRecord())
                .setSource(triple.getSource())
                .setGateVersion(gateVersion)
                .setIngestTime(triple.getIngestTime())
                .setRejectedAt(now)
                .setTrustTier(triple.getTrustTier())
                .setColourfulness(colourfulness(result.findings()))
                .setShadow(Evidence.shadow(result.findings()))
                .setScores(triple.getScores())
                .setMeasures(triple.getMeasures())
                .setGap(Evidence.gap(result.gap()))
                .build();
        return new Rejudged(Rejudged.ACCEPTED, rejection.reason().name(), rejected);
    }

    /**
     * Judges a rejection again. It can get another reason; that it would be accepted can only be found out from its
     * picture.
     *
     * @param now time of the new verdict
     */
    public Rejudged again(ImageRejection old, Instant now) {
        Optional<Reason> before = Arrays.stream(Reason.values())
                .filter(reason -> reason.name().equals(old.getReason()))
                .findFirst();
        if (before.isEmpty()) {
            // of a curator that knows more reasons than this one
            return new Rejudged(old.getReason(), old.getReason(), old);
        }
        Rejudge.Result result = judge.judge(
                new Recorded(
                        Measure.named(old.getMeasures()),
                        Optional.empty(),
                        told(old.getShadow(), before.get(), old.getEvidence())),
                old.getScores(),
                mean,
                windows);
        mean = result.meanAfter();
        if (result.rejection().isEmpty()) {
            return new Rejudged(old.getReason(), Rejudged.UNDECIDED, old);
        }
        Rejection rejection = result.rejection().get();
        ImageRejection rejected = ImageRejection.newBuilder(old)
                .setReason(rejection.reason().name())
                .setEvidence(rejection.evidence())
                .setGateVersion(gateVersion)
                .setRejectedAt(now)
                .setColourfulness(colourfulness(result.findings()))
                .setShadow(Evidence.shadow(result.findings()))
                .setGap(Evidence.gap(result.gap()))
                .build();
        return new Rejudged(old.getReason(), rejection.reason().name(), rejected);
    }

    /** Triples of curators that wrote no measures still have these two. */
    private static Map<Measure, Double> measures(PreferenceTriple triple) {
        Map<Measure, Double> measures = new EnumMap<>(Measure.class);
        measures.put(Measure.RMS_DIFFERENCE, triple.getRmsDifference());
        measures.putAll(Measure.named(triple.getMeasures()));
        return measures;
    }

    private static Map<Reason, String> told(List<ShadowRejection> shadow, @Nullable Reason decided, String evidence) {
        Map<Reason, String> told = new EnumMap<>(Reason.class);
        for (Reason reason : Reason.values()) {
            shadow.stream()
                    .filter(found -> found.getReason().equals(reason.name()))
                    .findFirst()
                    .ifPresent(found -> told.put(reason, found.getEvidence()));
        }
        if (decided != null) {
            told.put(decided, evidence);
        }
        return told;
    }

    private @Nullable Colourfulness colourfulness(Findings findings) {
        Optional<ColourMeasure> measured = findings.colourfulness();
        return Evidence.colourfulness(measured, judge.colourfulnessRule());
    }
}
