package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.BatchPlanned;
import dev.realalign.schemas.GapAccepted;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.LedgerMember;
import dev.realalign.schemas.LedgerSkip;
import dev.realalign.schemas.PlanEnded;
import dev.realalign.schemas.RecordsSkipped;
import dev.realalign.schemas.ReferenceRefreshed;
import dev.realalign.schemas.Rewound;
import dev.realalign.schemas.SessionBegun;
import dev.realalign.schemas.StageSwitched;
import dev.realalign.schemas.StepDone;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.TrainingResumed;
import dev.realalign.trainer.ledger.BrokenLedgerException;
import dev.realalign.trainer.ledger.LedgerState;
import java.io.PrintWriter;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign ledger}: what a model line trained, step by step. */
@Command(
        name = "ledger",
        description = "Prints the training ledger of a model line and checks its hash chain.",
        sortOptions = false,
        footer = {
            "",
            "Two runs that trained the same triples in the same order end in the same chain, wherever and whenever they ran.",
            "",
            "Examples:",
            "  realalign ledger --model tiny-photo --from 100",
            "  realalign ledger --model tiny-photo --json"
        })
final class LedgerCommand implements Callable<Integer> {
    @Option(names = "--model", paramLabel = "NAME", required = true, description = "The model line.")
    private String model = "";

    @Option(
            names = "--from",
            paramLabel = "STEP",
            defaultValue = "0",
            description = "Print entries from this step on; the chain is checked from the beginning all the same.")
    private long from;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private ClusterOptions cluster;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try (ReachedCluster reached = cluster.reach()) {
            List<LedgerEntry> entries = reached.readAll(Topics.TRAINING_LEDGER).stream()
                    .filter(entry -> entry.getModel().equals(model))
                    .toList();
            if (entries.isEmpty()) {
                throw UserErrorException.failure("Model " + model + " has no training ledger on this cluster: check the"
                        + " name, or start its trainer.");
            }
            LedgerState state = new LedgerState();
            ObjectNode object = Json.object();
            ArrayNode list = object.putArray("entries");
            for (LedgerEntry entry : entries) {
                follow(state, entry);
                if (state.step() < from) {
                    continue;
                }
                if (json) {
                    list.add(json(entry));
                } else {
                    out.println(line(entry));
                }
            }
            object.put("model", model)
                    .put("step", state.step())
                    .put("session", state.session())
                    .put("ledgerSha256", state.chain().hex());
            if (json) {
                Json.print(out, object);
            } else {
                out.println("step " + state.step() + ", session " + state.session() + ", ledgerSha256 "
                        + state.chain().hex());
            }
            out.flush();
            return ExitCode.OK;
        }
    }

    private static void follow(LedgerState state, LedgerEntry entry) {
        try {
            state.accept(entry);
        } catch (BrokenLedgerException e) {
            throw UserErrorException.failure(
                    "The training ledger of model " + entry.getModel() + " cannot be followed: " + e.getMessage() + ".",
                    e);
        }
    }

    private static String line(LedgerEntry entry) {
        return String.format(
                Locale.ROOT,
                "%7d  session %-4d %s  %s",
                entry.getPosition(),
                entry.getSession(),
                entry.getWrittenAt(),
                text(entry.getEntry()));
    }

    private static String text(Object event) {
        if (event instanceof SessionBegun begun) {
            return begun.getTrainer() + " took over"
                    + (begun.getCandidate() == null
                            ? " at the beginning"
                            : " from " + begun.getCandidate() + " (step " + begun.getStep() + ")");
        } else if (event instanceof BatchPlanned plan) {
            return "step " + plan.getStep() + " plans " + plan.getMembers().size() + " triples (" + plan.getClosing()
                    + ")"
                    + (plan.getDrawn().isEmpty()
                            ? ""
                            : " and " + plan.getDrawn().size() + " again")
                    + ", next offsets " + plan.getNextOffsets();
        } else if (event instanceof StepDone done) {
            return "step " + done.getStep()
                    + (done.getApplied() ? " done, loss " : " not applied, its triples are quarantined, loss ")
                    + done.getMetrics().get("loss");
        } else if (event instanceof RecordsSkipped skipped) {
            Map<String, Long> reasons = new TreeMap<>();
            skipped.getRecords().forEach(record -> reasons.merge(record.getReason(), 1L, Long::sum));
            return "not trained: " + reasons;
        } else if (event instanceof GapAccepted gap) {
            return "gave up partition " + gap.getPartition() + " from " + gap.getFrom() + " to before " + gap.getTo()
                    + ": " + gap.getReason();
        } else if (event instanceof Rewound rewound) {
            return "after step " + rewound.getStep() + " back to the weights of step " + rewound.getToStep() + ", "
                    + rewound.getActor() + ": " + rewound.getReason();
        } else if (event instanceof StageSwitched switched) {
            return "after step " + switched.getStep() + " stage " + switched.getStage() + " begins: "
                    + switched.getReason() + " in the stage before";
        } else if (event instanceof ReferenceRefreshed refreshed) {
            return "after step " + refreshed.getStep() + " the reference is version " + refreshed.getVersion();
        } else if (event instanceof AlarmRaised alarm) {
            return "ALARM " + alarm.getKind() + " at step " + alarm.getStep() + ": " + alarm.getExplanation()
                    + (alarm.getPaused() ? "; training rests" : "");
        } else if (event instanceof TrainingResumed resumed) {
            return resumed.getActor() + " resumed training after step " + resumed.getStep();
        } else if (event instanceof PlanEnded ended) {
            return "after step " + ended.getStep() + " the training plan is over: " + ended.getReason();
        }
        return String.valueOf(event);
    }

    private static ObjectNode json(LedgerEntry entry) {
        ObjectNode node = Json.object();
        node.put("position", entry.getPosition())
                .put("session", entry.getSession())
                .put("writtenAt", entry.getWrittenAt().toString())
                .put("kind", entry.getEntry().getClass().getSimpleName());
        Object event = entry.getEntry();
        if (event instanceof SessionBegun begun) {
            node.put("trainer", begun.getTrainer())
                    .put("candidate", begun.getCandidate())
                    .put("step", begun.getStep());
        } else if (event instanceof BatchPlanned plan) {
            node.put("step", plan.getStep());
            list(node.putArray("members"), plan.getMembers());
            list(node.putArray("drawn"), plan.getDrawn());
            plan.getNextOffsets().forEach(node.putArray("nextOffsets")::add);
            node.put("closing", plan.getClosing())
                    .put("objective", plan.getObjective())
                    .put("seed", plan.getSeed())
                    .put("reference", hex(plan.getReference().bytes()))
                    .put("chain", hex(plan.getChain().bytes()));
        } else if (event instanceof StepDone done) {
            node.put("step", done.getStep()).put("applied", done.getApplied());
            new TreeMap<>(done.getMetrics()).forEach(node.putObject("metrics")::put);
        } else if (event instanceof RecordsSkipped skipped) {
            ArrayNode records = node.putArray("records");
            for (LedgerSkip record : skipped.getRecords()) {
                records.addObject()
                        .put("key", record.getKey())
                        .put("partition", record.getPartition())
                        .put("offset", record.getOffset())
                        .put("reason", record.getReason())
                        .put("explanation", record.getExplanation());
            }
            skipped.getNextOffsets().forEach(node.putArray("nextOffsets")::add);
        } else if (event instanceof GapAccepted gap) {
            node.put("partition", gap.getPartition())
                    .put("from", gap.getFrom())
                    .put("to", gap.getTo())
                    .put("reason", gap.getReason());
        } else if (event instanceof Rewound rewound) {
            node.put("step", rewound.getStep())
                    .put("toStep", rewound.getToStep())
                    .put("candidate", rewound.getCandidate())
                    .put("command", rewound.getCommand())
                    .put("actor", rewound.getActor())
                    .put("reason", rewound.getReason())
                    .put("chain", hex(rewound.getChain().bytes()));
        } else if (event instanceof ReferenceRefreshed refreshed) {
            node.put("step", refreshed.getStep())
                    .put("version", refreshed.getVersion())
                    .put("candidate", refreshed.getCandidate())
                    .put("reference", hex(refreshed.getReference().bytes()))
                    .put("chain", hex(refreshed.getChain().bytes()));
        } else if (event instanceof StageSwitched switched) {
            node.put("step", switched.getStep())
                    .put("stage", switched.getStage())
                    .put("objective", switched.getObjective())
                    .put("reason", switched.getReason())
                    .put("reference", hex(switched.getReference().bytes()))
                    .put("chain", hex(switched.getChain().bytes()));
        } else if (event instanceof AlarmRaised alarm) {
            node.put("step", alarm.getStep())
                    .put("alarm", alarm.getKind())
                    .put("explanation", alarm.getExplanation())
                    .put("paused", alarm.getPaused());
        } else if (event instanceof TrainingResumed resumed) {
            node.put("step", resumed.getStep()).put("actor", resumed.getActor());
        } else if (event instanceof PlanEnded ended) {
            node.put("step", ended.getStep()).put("reason", ended.getReason());
        }
        return node;
    }

    private static void list(ArrayNode into, List<LedgerMember> members) {
        for (LedgerMember member : members) {
            into.addObject()
                    .put("imageId", hex(member.getImageId().bytes()))
                    .put("triple", hex(member.getTriple().bytes()))
                    .put("partition", member.getPartition())
                    .put("offset", member.getOffset());
        }
    }

    private static @Nullable String hex(byte @Nullable [] bytes) {
        return bytes == null ? null : HexFormat.of().formatHex(bytes);
    }
}
