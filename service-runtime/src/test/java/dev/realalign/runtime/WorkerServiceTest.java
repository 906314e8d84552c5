package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.runtime.Service.State;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class WorkerServiceTest {
    private static final Duration LONG = Duration.ofSeconds(10);

    /** Works until it is closed, or fails when told to. */
    private static final class Loop extends WorkerService {
        final CountDownLatch ready = new CountDownLatch(1);
        final Semaphore turns = new Semaphore(0);
        volatile Exception trouble = new IOException("never");
        volatile boolean fail;
        volatile boolean leave;

        Loop() {
            super("loop");
        }

        @Override
        protected void run() throws Exception {
            atWork();
            ready.countDown();
            while (!isStopping()) {
                turns.acquire();
                if (fail) {
                    throw trouble;
                }
                if (leave) {
                    return;
                }
            }
        }

        @Override
        protected void interruptWait() {
            turns.release();
        }
    }

    @Test
    void a_service_runs_from_start_to_close() throws Exception {
        Loop service = new Loop();
        assertThat(service.state()).isEqualTo(State.STARTING);
        service.start();
        service.ready.await();
        assertThat(service.state()).isEqualTo(State.RUNNING);
        assertThat(service.await(Duration.ofMillis(1))).isFalse();
        service.close();
        assertThat(service.state()).isEqualTo(State.STOPPED);
        assertThat(service.failure()).isEmpty();
        assertThat(service.await(Duration.ZERO)).isTrue();
        service.close();
        assertThat(service.state()).isEqualTo(State.STOPPED);
    }

    @Test
    void a_failure_ends_the_service_and_stays() throws Exception {
        Loop service = new Loop();
        service.trouble = new IOException("disk");
        service.fail = true;
        service.start();
        service.turns.release();
        assertThat(service.await(LONG)).isTrue();
        assertThat(service.state()).isEqualTo(State.FAILED);
        assertThat(service.failure()).contains(service.trouble);
        service.close();
        assertThat(service.state()).isEqualTo(State.FAILED);
    }

    @Test
    void work_that_ends_unasked_is_a_failure() throws Exception {
        Loop service = new Loop();
        service.leave = true;
        service.start();
        service.turns.release();
        assertThat(service.await(LONG)).isTrue();
        assertThat(service.failure().orElseThrow()).hasMessage("loop ended its work unasked");
    }

    @Test
    void a_service_closed_before_its_start_never_runs() throws Exception {
        Loop service = new Loop();
        service.close();
        assertThat(service.state()).isEqualTo(State.STOPPED);
        assertThatThrownBy(service::start).isInstanceOf(IllegalStateException.class);
        assertThat(service.ready.getCount()).isEqualTo(1);
    }

    @Test
    void a_service_starts_once() {
        Loop service = new Loop();
        service.start();
        assertThatThrownBy(service::start).hasMessage("loop was started before");
        service.close();
    }
}
