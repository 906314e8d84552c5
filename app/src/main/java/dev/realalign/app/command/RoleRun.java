package dev.realalign.app.command;

import dev.realalign.app.console.Logging;
import dev.realalign.app.console.StopSignal;
import dev.realalign.app.metrics.Health;
import dev.realalign.app.metrics.Meters;
import dev.realalign.app.metrics.ProcessMetrics;
import dev.realalign.app.metrics.RoleMeters;
import dev.realalign.runtime.Service;
import dev.realalign.runtime.UserErrorException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ExitCode;

/** One role as the whole work of this process. */
final class RoleRun {
    private static final Logger log = LoggerFactory.getLogger(RoleRun.class);
    private static final Duration LOOK = Duration.ofMillis(200);

    private RoleRun() {}

    /**
     * Runs a role until a signal asks it to stop, or it fails.
     *
     * @param given configuration, which says whether metrics are served meanwhile
     * @param role makes the service; configuration errors are its to throw
     * @param meters registers the meters of the role
     * @return exit code 0, after a stop in good order
     * @throws UserErrorException what ended the service, where the user can mend it
     */
    static <S extends Service> int untilStopped(
            Map<String, String> given, Supplier<S> role, BiConsumer<Meters, S> meters) throws InterruptedException {
        Logging.toStandardError();
        StopSignal stop = StopSignal.listen();
        try (S service = role.get();
                ProcessMetrics metrics = ProcessMetrics.serve(
                        given,
                        registry -> {
                            RoleMeters.service(registry, service);
                            meters.accept(registry, service);
                        },
                        () -> Health.of(List.of(service)))) {
            service.start();
            Service.State state = Service.State.STARTING;
            while (!stop.await(LOOK) && !state.isEnd()) {
                if (state != service.state()) {
                    state = service.state();
                    log.info("{} is {}", service.name(), state);
                }
            }
            Throwable failure = service.failure().orElse(null);
            if (failure instanceof UserErrorException mistake) {
                throw mistake;
            }
            if (failure != null) {
                throw new IllegalStateException("the " + service.name() + " failed", failure);
            }
            log.info("{} stops", service.name());
        }
        return ExitCode.OK;
    }
}
