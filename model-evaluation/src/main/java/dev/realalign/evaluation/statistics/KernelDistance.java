package dev.realalign.evaluation.statistics;

/**
 * Kernel distance of two equally large sets of feature vectors (KID, Binkowski et al. 2018, arXiv 1801.01401): the
 * unbiased squared maximum mean discrepancy under k(x, y) = (x . y / d + 1)^3, d the features' number. Its mean is 0
 * where both sets come from one distribution, so a single value may be negative.
 */
public final class KernelDistance {
    private final double[][] left;
    private final double[][] right;
    private final double[][] across;

    /**
     * Evaluates the kernel once for every pair, 3 n^2 numbers.
     *
     * @throws IllegalArgumentException if the sets differ in size, or hold fewer than two vectors
     */
    public KernelDistance(double[][] x, double[][] y) {
        if (x.length != y.length || x.length < 2) {
            throw new IllegalArgumentException("a kernel distance takes two sets of the same size, at least 2, not of "
                    + x.length + " and " + y.length);
        }
        left = kernel(x, x);
        right = kernel(y, y);
        across = kernel(x, y);
    }

    /**
     * The distance between parts of the sets.
     *
     * @param rows indices of the vectors that count, the same in both sets; no one twice
     */
    public double of(int[] rows) {
        double inside = 0;
        double between = 0;
        for (int i : rows) {
            for (int j : rows) {
                if (i != j) {
                    inside += left[i][j] + right[i][j];
                }
                between += across[i][j];
            }
        }
        double n = rows.length;
        return inside / (n * (n - 1)) - 2 * between / (n * n);
    }

    private static double[][] kernel(double[][] x, double[][] y) {
        double[][] values = new double[x.length][y.length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < y.length; j++) {
                double dot = 0;
                for (int d = 0; d < x[i].length; d++) {
                    dot += x[i][d] * y[j][d];
                }
                double base = dot / x[i].length + 1;
                values[i][j] = base * base * base;
            }
        }
        return values;
    }
}
