package dev.realalign.trainer.loop;

import dev.realalign.trainer.plan.Admission;
import dev.realalign.trainer.plan.HoldOutRule;
import dev.realalign.trainer.plan.ReplayRule;
import java.time.Duration;

/**
 * How the loop turns a stream into candidates.
 *
 * @param model model line
 * @param topic topic of the triples
 * @param batchPairs pairs of a full batch, replayed ones included
 * @param maxWait how long the oldest pair of a batch waits for others on a quiet stream
 * @param holdOut which triples are measured instead of trained
 * @param candidateEvery steps from one candidate to the next
 * @param gitRevision revision of the program, empty where unknown
 * @param configDigest SHA-256 of the effective configuration
 * @param deterministic whether batches close by size only and a replay that measures other numbers stops the trainer
 * @param acceptGaps whether offsets that expired before they were trained are given up
 * @param headroomAlert headroom under which the loop warns
 * @param admission which sound triples are trained
 * @param replay how much of what is trained was trained before
 * @param alarmAction what follows an alarm
 * @param resume whether training that rests after an alarm goes on
 */
public record LoopSettings(
        String model,
        String topic,
        int batchPairs,
        Duration maxWait,
        HoldOutRule holdOut,
        int candidateEvery,
        String gitRevision,
        String configDigest,
        boolean deterministic,
        boolean acceptGaps,
        Duration headroomAlert,
        Admission admission,
        ReplayRule replay,
        AlarmAction alarmAction,
        boolean resume) {}
