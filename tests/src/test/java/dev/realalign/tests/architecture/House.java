package dev.realalign.tests.architecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import java.util.List;
import java.util.Set;

/** The rooms of the house, by package. The one list of them. */
final class House {
    static final String ROOT = "dev.realalign";
    static final String SCHEMAS = ROOT + ".schemas..";
    static final String RUNTIME = ROOT + ".runtime..";
    static final String DIFFUSION = ROOT + ".diffusion..";
    static final String EVALUATION = ROOT + ".evaluation..";
    static final String SUBSCRIBER = ROOT + ".subscriber..";
    static final String APP = ROOT + ".app..";

    /** Services: they meet in topics only. */
    static final List<String> SERVICES = List.of(
            ROOT + ".curator..",
            ROOT + ".generator..",
            ROOT + ".trainer..",
            ROOT + ".publisher..",
            ROOT + ".dashboard..");

    /** The seam to libtorch and the native tokenizers: the only places that know DJL. */
    static final List<String> DJL_SEAM = List.of(ROOT + ".diffusion.tensor..", ROOT + ".diffusion.tokenizer..");

    /** Packages of pure functions: same arguments, same results, nothing touched. */
    static final List<String> PURE_PACKAGES = List.of(
            ROOT + ".curator.gate",
            ROOT + ".curator.image",
            ROOT + ".curator.negative",
            ROOT + ".curator.pair",
            ROOT + ".dashboard.model",
            ROOT + ".curator.similar",
            ROOT + ".generator.mask",
            ROOT + ".evaluation.statistics",
            ROOT + ".trainer.objective",
            ROOT + ".trainer.plan",
            ROOT + ".trainer.stage");

    /** Pure classes beside the shell that feeds them. */
    static final Set<String> PURE_CLASSES = Set.of(
            ROOT + ".app.flow.ImageToWeights",
            ROOT + ".app.flow.Staleness",
            ROOT + ".curator.RestartPolicy",
            ROOT + ".publisher.CommandRules",
            ROOT + ".publisher.LineState",
            ROOT + ".publisher.ParentGate",
            ROOT + ".publisher.RetentionPolicy",
            ROOT + ".publisher.StopConditionsGate",
            ROOT + ".publisher.catalogue.ByteRange",
            ROOT + ".publisher.PublishingRules",
            ROOT + ".runtime.LagHistory",
            ROOT + ".runtime.LagRules",
            ROOT + ".runtime.LagVerdicts",
            ROOT + ".runtime.OffsetTimes",
            ROOT + ".runtime.TopicRules",
            ROOT + ".trainer.loop.AlarmRules");

    /**
     * Who may end the process: the command, the second interrupt from the keyboard, and the watch by which the embedded
     * broker and registry end with their parent.
     */
    static final Set<String> PROCESS_ENDS =
            Set.of(ROOT + ".app.Main", ROOT + ".app.console.StopSignal", ROOT + ".app.embedded.ParentWatch");

    /** Whether a class, or the one it is nested in, is pure. */
    static DescribedPredicate<JavaClass> pure() {
        return DescribedPredicate.describe("are pure", type -> {
            JavaClass outer = outermost(type);
            return PURE_PACKAGES.contains(outer.getPackageName()) || PURE_CLASSES.contains(outer.getName());
        });
    }

    /** Whether a class is one of those that may end the process. */
    static DescribedPredicate<JavaClass> mayEndTheProcess() {
        return DescribedPredicate.describe(
                "may end the process",
                type -> PROCESS_ENDS.contains(outermost(type).getName()));
    }

    private static JavaClass outermost(JavaClass type) {
        JavaClass outer = type;
        while (outer.getEnclosingClass().isPresent()) {
            outer = outer.getEnclosingClass().get();
        }
        return outer;
    }

    private House() {}
}
