package dev.realalign.trainer.objective;

/** A pair given element by element, as a naive oracle sees it. */
record Vectors(
        double[] policyPreferred,
        double[] policyRejected,
        double[] targetPreferred,
        double[] targetRejected,
        double[] referencePreferred,
        double[] referenceRejected) {

    PairErrors errors() {
        return new PairErrors(
                policyPreferred.length,
                squares(policyPreferred, targetPreferred),
                squares(policyRejected, targetRejected),
                squares(referencePreferred, targetPreferred),
                squares(referenceRejected, targetRejected),
                innerProduct(),
                squares(policyPreferred, referencePreferred),
                squares(policyRejected, referenceRejected),
                1.0);
    }

    private double innerProduct() {
        double sum = 0;
        for (int i = 0; i < policyPreferred.length; i++) {
            sum += (policyPreferred[i] - targetPreferred[i]) * (policyRejected[i] - targetRejected[i]);
        }
        return sum;
    }

    private static double squares(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return sum;
    }
}
