package dev.realalign.schemas;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Denoising errors on the held-out set, one by one, so that two checkpoints can be compared on the very same measurements.
 * A candidate's file {@link CheckpointLayout#HELD_OUT_ERRORS}; the version made from the candidate carries it too.
 *
 * @param format form of this file, {@value #FORMAT}
 * @param measurements sorted by image, slot and timestep
 */
public record HeldOutErrors(int format, List<Measurement> measurements) {
    /** Form this release writes and reads. */
    public static final int FORMAT = 1;

    private static final Comparator<Measurement> ORDER = Comparator.comparing(Measurement::imageId)
            .thenComparingInt(Measurement::slot)
            .thenComparingDouble(Measurement::timestep);

    /**
     * One pair at one noise level. Errors are means over channels and pixels of the squared difference between prediction
     * and target; one that is not finite is written as text ("NaN"), so that whoever judges learns of it.
     *
     * @param imageId image id of the pair
     * @param slot which of the pair's noises and timesteps, from 0; fixed for the life of the held-out set
     * @param timestep the model's timestep
     * @param mW policy's error on the real image
     * @param mL policy's error on the negative
     * @param rW reference's error on the real image
     * @param rL reference's error on the negative
     */
    public record Measurement(String imageId, int slot, double timestep, double mW, double mL, double rW, double rL) {
        /** Refuses what could not be paired with a measurement of another checkpoint. */
        public Measurement {
            Sha256.requireHex("an image id", imageId);
            ManifestRules.atLeast("slot of " + imageId, slot, 0);
            if (!Double.isFinite(timestep)) {
                throw new IllegalArgumentException("timestep of " + imageId + " must be finite, not " + timestep);
            }
        }

        /** Which image, noise and timestep this is, whatever was measured. */
        public Place place() {
            return new Place(imageId, slot, timestep);
        }

        /** Whether all four errors are finite. */
        public boolean allFinite() {
            return Double.isFinite(mW) && Double.isFinite(mL) && Double.isFinite(rW) && Double.isFinite(rL);
        }
    }

    /**
     * What two checkpoints must share for a measurement of one to be comparable with one of the other.
     *
     * @param imageId image id of the pair
     * @param slot which of the pair's noises and timesteps
     * @param timestep the model's timestep
     */
    public record Place(String imageId, int slot, double timestep) {}

    /** Sorts; refuses a place that is measured twice. */
    public HeldOutErrors {
        ManifestRules.format(format, FORMAT);
        measurements = measurements.stream().sorted(ORDER).toList();
        Set<Place> places = new HashSet<>();
        for (Measurement measurement : measurements) {
            if (!places.add(measurement.place())) {
                throw new IllegalArgumentException("measurements hold slot " + measurement.slot() + " of image "
                        + measurement.imageId() + " at timestep " + measurement.timestep() + " twice");
            }
        }
    }

    /** The errors of today's form. */
    public static HeldOutErrors of(List<Measurement> measurements) {
        return new HeldOutErrors(FORMAT, measurements);
    }

    /** The bytes of the file. */
    public byte[] toBytes() {
        return CanonicalJson.write(this);
    }

    /**
     * Reads a file.
     *
     * @param what where the bytes come from, for errors
     * @throws InvalidManifestException naming the place and the rule
     */
    public static HeldOutErrors parse(byte[] bytes, String what) throws InvalidManifestException {
        return CanonicalJson.read(bytes, HeldOutErrors.class, what, FORMAT);
    }
}
