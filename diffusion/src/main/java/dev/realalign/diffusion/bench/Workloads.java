package dev.realalign.diffusion.bench;

import java.util.List;

/** Every workload of this module. */
public final class Workloads {
    private Workloads() {}

    /** The workloads, in the order a report shows them. */
    public static List<Workload> all() {
        return List.of(new Forward(), new FullTraining(), new DdimSampling(), new VaeDecode());
    }
}
