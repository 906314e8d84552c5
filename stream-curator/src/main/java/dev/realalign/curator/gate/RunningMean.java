package dev.realalign.curator.gate;

/**
 * A mean that forgets: each picture takes the same small step from the old mean to its own value. It begins at a value
 * from elsewhere, so that the first pictures of a stream have something to be compared with.
 *
 * @param mean the mean so far
 * @param images pictures it has seen
 */
public record RunningMean(double mean, long images) {

    /**
     * The mean with one more picture.
     *
     * @param halfLife pictures after which an old value has half of its weight left
     */
    public RunningMean with(double value, double halfLife) {
        // StrictMath: the same mean on every machine
        double step = 1 - StrictMath.pow(0.5, 1 / halfLife);
        return new RunningMean(mean + step * (value - mean), images + 1);
    }
}
