package dev.realalign.publisher;

import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.VersionManifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Judges a candidate whose files are sound: whether it is good enough to become a version. Pure. */
@FunctionalInterface
public interface Gate {
    /** Judges. */
    Verdict judge(Submission submission);

    /**
     * What a gate judges by.
     *
     * @param candidate what the trainer says about the candidate, measures included
     * @param errors its errors on the held-out set, if it brings them
     * @param parent the newest version of the line, if there is one
     */
    record Submission(CandidateManifest candidate, Optional<HeldOutErrors> errors, Optional<Parent> parent) {}

    /**
     * The version a candidate would follow.
     *
     * @param manifest its manifest
     * @param errors its errors on the held-out set, if it has them
     */
    record Parent(VersionManifest manifest, Optional<HeldOutErrors> errors) {}

    /**
     * A judgement.
     *
     * @param refusals why the candidate must not be published, each with its figure and bound; empty when it may be
     * @param remarks what else the publishing log should say
     */
    record Verdict(List<String> refusals, List<String> remarks) {
        /** Nothing against it and nothing to say. */
        public static final Verdict PASSED = new Verdict(List.of(), List.of());

        /** Copies the lists. */
        public Verdict {
            refusals = List.copyOf(refusals);
            remarks = List.copyOf(remarks);
        }

        static Verdict refused(String reason) {
            return new Verdict(List.of(reason), List.of());
        }

        static Verdict passed(String remark) {
            return new Verdict(List.of(), List.of(remark));
        }
    }

    /** A gate that lets pass what each of these lets pass, and tells what each of them says. */
    static Gate all(List<Gate> gates) {
        List<Gate> every = List.copyOf(gates);
        return submission -> {
            List<String> refusals = new ArrayList<>();
            List<String> remarks = new ArrayList<>();
            for (Gate gate : every) {
                Verdict verdict = gate.judge(submission);
                refusals.addAll(verdict.refusals());
                remarks.addAll(verdict.remarks());
            }
            return new Verdict(refusals, remarks);
        };
    }
}
