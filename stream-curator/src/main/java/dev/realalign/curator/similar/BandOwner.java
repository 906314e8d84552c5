package dev.realalign.curator.similar;

import dev.realalign.curator.gate.GateMode;
import dev.realalign.curator.gate.GateModes;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.similar.BandIndex.Parked;
import dev.realalign.curator.similar.Place.State;
import dev.realalign.schemas.SimilarImage;
import dev.realalign.schemas.SimilarityAnswer;
import dev.realalign.schemas.SimilarityQuestion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The owner of a band's values. A question visits the bands in their order and holds a place in each. Where a near
 * picture was accepted it ends, as a duplicate; where a near picture asked earlier and has no verdict yet it waits for
 * that one. So of pictures near to each other exactly one is accepted:
 *
 * <ul>
 *   <li>Never two: they share a band, whose owner takes one first. The second ends there if the first was accepted, waits if
 *       that is not known, and goes on only if the first was not.
 *   <li>Never none: nothing ends as a duplicate but of an accepted picture.
 *   <li>Nothing waits in a circle: what a question waits for has got further, into a later band, or came earlier in the
 *       same one.
 * </ul>
 *
 * A picture that is rejected in the end frees its places, and stands in nobody's way.
 */
public final class BandOwner {
    private final int greatest;
    private final GateModes modes;

    /** What an owner sends: questions to the owners of the next bands, and answers. */
    public record Replies(List<SimilarityQuestion> onward, List<SimilarityAnswer> answers) {
        private Replies() {
            this(new ArrayList<>(), new ArrayList<>());
        }
    }

    /**
     * An owner.
     *
     * @param greatest distance in bits within which pictures are near, at most {@link Bands#GREATEST_DISTANCE}
     * @param modes of NEAR_DUPLICATE and OWN_OUTPUT
     */
    public BandOwner(int greatest, GateModes modes) {
        if (greatest < 0 || greatest > Bands.GREATEST_DISTANCE) {
            throw new IllegalArgumentException(
                    "The bands find distances of 0 to " + Bands.GREATEST_DISTANCE + ", not " + greatest + ".");
        }
        this.greatest = greatest;
        this.modes = modes;
    }

    /**
     * Takes a message.
     *
     * @param sequence larger than that of every message before it in the same band and value
     * @param index what the owner remembers, written to
     */
    public Replies take(SimilarityQuestion question, long sequence, BandIndex index) {
        Replies replies = new Replies();
        switch (Step.valueOf(question.getStep())) {
            case ASK -> compare(question, sequence, index, replies);
            case CONFIRM -> {
                index.put(question.getBand(), place(question, State.TAKEN, sequence));
                askAgain(question, index, replies);
            }
            case RELEASE -> {
                index.remove(question.getBand(), question);
                askAgain(question, index, replies);
            }
            case OWN_OUTPUT -> index.put(question.getBand(), place(question, State.OWN_OUTPUT, sequence));
        }
        return replies;
    }

    private void compare(SimilarityQuestion question, long sequence, BandIndex index, Replies replies) {
        int band = question.getBand();
        List<Place> near = index.near(band, question.getHash(), greatest).stream()
                .filter(place -> !place.record().equals(question.getRecord()))
                .toList();
        SimilarImage ownOutput = question.getOwnOutput();
        if (ownOutput == null && isAsked(Reason.OWN_OUTPUT)) {
            ownOutput = nearest(question, near, State.OWN_OUTPUT);
        }
        SimilarImage nearDuplicate = question.getNearDuplicate();
        if (nearDuplicate == null && isAsked(Reason.NEAR_DUPLICATE)) {
            nearDuplicate = nearest(question, near, State.TAKEN);
            if (nearDuplicate == null) {
                index.put(band, place(question, State.HELD, sequence));
            } else {
                index.remove(band, question);
            }
        }
        if (decides(Reason.OWN_OUTPUT, ownOutput) || decides(Reason.NEAR_DUPLICATE, nearDuplicate)) {
            replies.answers.add(answer(question, nearDuplicate, ownOutput));
        } else if (nearDuplicate == null
                && isAsked(Reason.NEAR_DUPLICATE)
                && near.stream().anyMatch(isAheadOf(sequence))) {
            index.park(new Parked(question, sequence));
        } else if (band + 1 < Bands.COUNT) {
            replies.onward.add(SimilarityQuestion.newBuilder(question)
                    .setBand(band + 1)
                    .setNearDuplicate(nearDuplicate)
                    .setOwnOutput(ownOutput)
                    .build());
        } else {
            replies.answers.add(answer(question, nearDuplicate, ownOutput));
        }
    }

    /** Pictures that waited for this one may go on, or end. */
    private void askAgain(SimilarityQuestion settled, BandIndex index, Replies replies) {
        for (Parked parked : index.parked(settled.getBand(), settled.getHash())) {
            if (PerceptualHash.distance(parked.question().getHash(), settled.getHash()) <= greatest) {
                index.unpark(parked);
                compare(parked.question(), parked.sequence(), index, replies);
            }
        }
    }

    private static Predicate<Place> isAheadOf(long sequence) {
        return place -> place.state() == State.HELD && place.sequence() < sequence;
    }

    private boolean isAsked(Reason gate) {
        return modes.of(gate) != GateMode.OFF;
    }

    private boolean decides(Reason gate, @Nullable SimilarImage found) {
        return found != null && modes.of(gate) == GateMode.ON;
    }

    private static @Nullable SimilarImage nearest(SimilarityQuestion question, List<Place> near, State state) {
        Optional<Place> nearest = near.stream()
                .filter(place -> place.state() == state)
                .min(Comparator.comparingInt((Place place) -> PerceptualHash.distance(place.hash(), question.getHash()))
                        .thenComparingLong(Place::sequence));
        return nearest.map(place -> new SimilarImage(
                        place.imageId(), PerceptualHash.distance(place.hash(), question.getHash()), place.record()))
                .orElse(null);
    }

    private static Place place(SimilarityQuestion question, State state, long sequence) {
        return new Place(question.getHash(), question.getRecord(), question.getImageId(), state, sequence);
    }

    private static SimilarityAnswer answer(
            SimilarityQuestion question, @Nullable SimilarImage nearDuplicate, @Nullable SimilarImage ownOutput) {
        return SimilarityAnswer.newBuilder()
                .setImageId(question.getImageId())
                .setRecord(question.getRecord())
                .setNearDuplicate(nearDuplicate)
                .setOwnOutput(ownOutput)
                .build();
    }
}
