package dev.realalign.app.metrics;

import dev.realalign.runtime.Service;
import java.util.List;

/**
 * How a process fares.
 *
 * @param alive whether it does its work or is on the way to; once false, only a restart helps
 * @param ready whether it is at work now
 * @param explanation in words, without anything secret
 */
public record Health(boolean alive, boolean ready, String explanation) {
    /** How a process of these services fares: as well as the worst of them. */
    public static Health of(List<? extends Service> services) {
        boolean alive = true;
        boolean ready = true;
        StringBuilder explanation = new StringBuilder();
        for (Service service : services) {
            Service.State state = service.state();
            alive &= state != Service.State.FAILED;
            ready &= state == Service.State.RUNNING;
            explanation
                    .append(explanation.isEmpty() ? "" : ", ")
                    .append(service.name())
                    .append(' ')
                    .append(state);
        }
        return new Health(alive, ready, explanation.toString());
    }
}
