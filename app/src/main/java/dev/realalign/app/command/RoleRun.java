package dev.realalign.app.command;

import dev.realalign.app.console.Logging;
import dev.realalign.app.console.StopSignal;
import dev.realalign.runtime.Service;
import dev.realalign.runtime.UserErrorException;
import java.time.Duration;
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
     * @param role makes the service; configuration errors are its to throw
     * @return exit code 0, after a stop in good order
     * @throws UserErrorException what ended the service, where the user can mend it
     */
    static int untilStopped(Supplier<Service> role) throws InterruptedException {
        Logging.toStandardError();
        StopSignal stop = StopSignal.listen();
        try (Service service = role.get()) {
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
