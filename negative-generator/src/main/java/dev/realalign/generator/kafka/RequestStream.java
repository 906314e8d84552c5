package dev.realalign.generator.kafka;

import dev.realalign.generator.answer.Answered;
import dev.realalign.generator.answer.Received;
import java.time.Duration;
import java.util.List;

/**
 * Requests in, answers out, by one thread. What is taken and not finished is taken again, here or elsewhere. Anything that
 * Kafka throws ends the stream: it is closed and opened anew.
 */
public interface RequestStream extends AutoCloseable {
    /**
     * Takes the next requests, when those before are finished.
     *
     * @param wait longest wait for the first of them
     * @return up to as many as the stream was opened for; records that are no requests are passed over and counted
     */
    List<Received> take(Duration wait);

    /**
     * Says that what was taken is still worked on; called often, it does something when it must.
     *
     * @throws org.apache.kafka.common.errors.WakeupException when the stream was told to end
     */
    void beat();

    /**
     * Writes the answers, and with them that everything taken is done with, answered or not.
     *
     * @return the answers written; without those of requests that are another worker's by now
     */
    List<Answered> finish(List<Answered> answers);

    /** Ends a wait or the work at its next beat, from another thread. */
    void wakeup();

    @Override
    void close();
}
