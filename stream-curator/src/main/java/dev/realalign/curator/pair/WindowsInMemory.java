package dev.realalign.curator.pair;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** Windows without a store, for a run that begins at the first pair. */
public final class WindowsInMemory implements RankWindows {
    private final Map<String, Deque<Double>> windows = new HashMap<>();

    /** Empty windows. */
    public WindowsInMemory() {}

    @Override
    public double[] last(String by, int most) {
        Deque<Double> window = windows.getOrDefault(by, new ArrayDeque<>());
        return window.stream()
                .skip(Math.max(0, window.size() - most))
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    @Override
    public void add(String by, double value, int most) {
        Deque<Double> window = windows.computeIfAbsent(by, first -> new ArrayDeque<>());
        window.addLast(value);
        while (window.size() > most) {
            window.removeFirst();
        }
    }
}
