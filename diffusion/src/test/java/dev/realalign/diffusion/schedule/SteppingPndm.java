package dev.realalign.diffusion.schedule;

import java.util.ArrayList;
import java.util.List;

/**
 * PNDM as its paper tells it (arXiv 2202.09778, algorithms 1 and 2): one step after the other with a memory, on one
 * number. The oracle for {@link PndmScheduler}, which knows all coefficients beforehand.
 */
final class SteppingPndm {

    private final DiffusionSchedule schedule;
    private final int stride;
    private final boolean rungeKutta;
    private final List<Double> memory = new ArrayList<>();
    private int count;
    private double weighted;
    private double origin;
    private int originTimestep;

    SteppingPndm(DiffusionSchedule schedule, int stride, boolean rungeKutta) {
        this.schedule = schedule;
        this.stride = stride;
        this.rungeKutta = rungeKutta;
    }

    double step(double output, int timestep, double sample) {
        int evaluation = count++;
        if (rungeKutta && evaluation < 12) {
            return rungeKutta(evaluation % 4, output, timestep, sample);
        }
        if (!rungeKutta && evaluation == 0) {
            memory.add(output);
            origin = sample;
            return transfer(sample, output, timestep, timestep - stride);
        }
        if (!rungeKutta && evaluation == 1) {
            return transfer(origin, (output + memory.get(0)) / 2, timestep + stride, timestep);
        }
        memory.add(output);
        int n = memory.size();
        double mixed =
                switch (n) {
                    case 2 -> (3 * memory.get(1) - memory.get(0)) / 2;
                    case 3 -> (23 * memory.get(2) - 16 * memory.get(1) + 5 * memory.get(0)) / 12;
                    default -> (55 * memory.get(n - 1)
                                    - 59 * memory.get(n - 2)
                                    + 37 * memory.get(n - 3)
                                    - 9 * memory.get(n - 4))
                            / 24;
                };
        return transfer(sample, mixed, timestep, timestep - stride);
    }

    private double rungeKutta(int stage, double output, int timestep, double sample) {
        if (stage == 0) {
            memory.add(output);
            origin = sample;
            originTimestep = timestep;
            weighted = 0;
        }
        weighted += output * (stage == 0 || stage == 3 ? 1 : 2) / 6;
        int target = stage % 2 == 0 ? timestep - stride / 2 : timestep;
        return transfer(origin, stage == 3 ? weighted : output, originTimestep, target);
    }

    /** Equation 11, for the noise that the output stands for at the timestep stepped from. */
    private double transfer(double sample, double output, int from, int to) {
        double[] alphas = schedule.alphasCumprod();
        double at = alphas[from];
        double next = alphas[Math.max(to, 0)];
        double eps = schedule.prediction() == PredictionType.EPSILON
                ? output
                : Math.sqrt(at) * output + Math.sqrt(1 - at) * sample;
        return Math.sqrt(next / at) * sample
                - (next - at) * eps / (at * Math.sqrt(1 - next) + Math.sqrt(at * (1 - at) * next));
    }
}
