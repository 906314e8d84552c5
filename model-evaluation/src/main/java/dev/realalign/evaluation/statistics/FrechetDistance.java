package dev.realalign.evaluation.statistics;

/**
 * Frechet distance of two sets of feature vectors taken for normal distributions (Heusel et al. 2017, arXiv 1706.08500):
 * |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)). It is biased upwards by an amount that shrinks with the number of vectors:
 * compare only values of equally large sets.
 */
public final class FrechetDistance {
    private FrechetDistance() {}

    /**
     * The distance between parts of two sets.
     *
     * @param rows indices of the vectors that count, the same in both sets; more than there are features, or the
     *     covariances have no full rank
     */
    public static double of(double[][] x, double[][] y, int[] rows) {
        double[] meanX = mean(x, rows);
        double[] meanY = mean(y, rows);
        double[][] covarianceX = covariance(x, rows, meanX);
        double[][] covarianceY = covariance(y, rows, meanY);
        double distance = 0;
        for (int d = 0; d < meanX.length; d++) {
            double difference = meanX[d] - meanY[d];
            distance += difference * difference + covarianceX[d][d] + covarianceY[d][d];
        }
        // tr (S1 S2)^(1/2) = tr (R S2 R)^(1/2) with R the root of S1: the same eigenvalues, of a symmetric matrix
        double[][] root = SymmetricMatrix.root(covarianceX);
        double[][] product = SymmetricMatrix.product(SymmetricMatrix.product(root, covarianceY), root);
        for (double eigenvalue : SymmetricMatrix.eigenvalues(product)) {
            distance -= 2 * Math.sqrt(Math.max(0, eigenvalue));
        }
        return distance;
    }

    private static double[] mean(double[][] vectors, int[] rows) {
        double[] mean = new double[vectors[0].length];
        for (int row : rows) {
            for (int d = 0; d < mean.length; d++) {
                mean[d] += vectors[row][d] / rows.length;
            }
        }
        return mean;
    }

    /** Unbiased: divided by n - 1. */
    private static double[][] covariance(double[][] vectors, int[] rows, double[] mean) {
        double[][] covariance = new double[mean.length][mean.length];
        for (int row : rows) {
            for (int a = 0; a < mean.length; a++) {
                double deviation = (vectors[row][a] - mean[a]) / (rows.length - 1);
                for (int b = 0; b < mean.length; b++) {
                    covariance[a][b] += deviation * (vectors[row][b] - mean[b]);
                }
            }
        }
        return covariance;
    }
}
