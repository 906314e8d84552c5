package dev.realalign.tests.publishing;

import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.publisher.HeldOutRatioGate;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.PublisherService;
import dev.realalign.publisher.PublishingStep;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * A publisher in a process of its own, which waits for a byte on its standard input, then works, and dies as by kill -9 when
 * it passes a given step.
 */
final class PublisherProcess {
    static final int KILLED = 137;

    private PublisherProcess() {}

    /**
     * Runs.
     *
     * @param arguments the step to die at, then key=value
     */
    public static void main(String[] arguments) throws InterruptedException, IOException {
        PublishingStep last = PublishingStep.valueOf(arguments[0]);
        Map<String, String> given = new HashMap<>();
        for (int i = 1; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            given.put(pair[0], pair[1]);
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor.zeros(1); // the engine is loaded before the wait, not after it
        }
        if (System.in.read() < 0) {
            return; // nobody needs it any more
        }
        try (PublisherService service =
                new PublisherService(PublisherConfig.from(given), new HeldOutRatioGate(1.1, false), step -> {
                    if (step == last) {
                        Runtime.getRuntime().halt(KILLED);
                    }
                })) {
            service.start();
            service.await(Duration.ofMinutes(5));
        }
    }
}
