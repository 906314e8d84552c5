package dev.realalign.tests.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.Console;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.FileReader;
import java.io.FileWriter;
import java.io.RandomAccessFile;
import java.time.Clock;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

@AnalyzeClasses(
        packages = {House.ROOT, "ai.djl.pytorch.jni"},
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final Set<String> CLOCKS =
            Set.of("java.lang.System.currentTimeMillis", "java.lang.System.nanoTime", "java.util.Date.<init>");
    private static final Set<String> GENERATORS =
            Set.of("java.util.Random", "java.util.SplittableRandom", "java.security.SecureRandom");
    private static final DescribedPredicate<JavaCall<?>> WITHOUT_GENERATOR = DescribedPredicate.describe(
            "no generator is given",
            call -> call.getTarget().getRawParameterTypes().size() == 1);
    private static final DescribedPredicate<JavaCall<?>> WITHOUT_SEED = DescribedPredicate.describe(
            "no seed is given",
            call -> call.getTarget().getRawParameterTypes().isEmpty()
                    && GENERATORS.contains(call.getTargetOwner().getName()));
    private static final DescribedPredicate<JavaClass> OURS = resideInAPackage(House.ROOT + "..");

    @ArchTest
    static void services_never_depend_on_services(JavaClasses all) {
        for (String service : House.SERVICES) {
            String[] others = Stream.concat(House.SERVICES.stream(), Stream.of(House.APP))
                    .filter(s -> !s.equals(service))
                    .toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage(service)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(others)
                    .because("services meet in topics only: each can be replaced, scaled or stopped alone")
                    .check(all);
        }
    }

    @ArchTest
    static final ArchRule schemas_depend_on_nothing_of_ours = classes()
            .that()
            .resideInAPackage(House.SCHEMAS)
            .should()
            .onlyDependOnClassesThat(not(OURS).or(resideInAPackage(House.SCHEMAS)))
            .because("every byte that crosses a process has its form here, and a form knows no one who uses it");

    @ArchTest
    static final ArchRule diffusion_depends_on_nothing_of_ours = classes()
            .that()
            .resideInAPackage(House.DIFFUSION)
            .should()
            .onlyDependOnClassesThat(not(OURS).or(resideInAPackage(House.DIFFUSION)))
            .because("the model library is of use without streams");

    @ArchTest
    static final ArchRule evaluation_knows_models_and_nothing_else_of_ours = classes()
            .that()
            .resideInAPackage(House.EVALUATION)
            .should()
            .onlyDependOnClassesThat(not(OURS).or(resideInAnyPackage(House.DIFFUSION, House.EVALUATION)))
            .because("a measure that knows how a model was trained is no second opinion");

    @ArchTest
    static final ArchRule models_and_their_measures_know_no_kafka = noClasses()
            .that()
            .resideInAnyPackage(House.DIFFUSION, House.EVALUATION)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka..", "org.apache.avro..", "io.confluent..")
            .because("the model library is of use without streams");

    @ArchTest
    static final ArchRule the_runtime_depends_on_schemas_alone = classes()
            .that()
            .resideInAPackage(House.RUNTIME)
            .should()
            .onlyDependOnClassesThat(not(OURS).or(resideInAnyPackage(House.SCHEMAS, House.RUNTIME)))
            .because("the runtime knows every service by contract and none by name");

    @ArchTest
    static final ArchRule the_subscriber_needs_little = classes()
            .that()
            .resideInAPackage(House.SUBSCRIBER)
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    House.SUBSCRIBER,
                    House.SCHEMAS,
                    "org.apache.kafka..",
                    "org.apache.avro.specific..",
                    "com.fasterxml.jackson..",
                    "org.slf4j..",
                    "org.jspecify..",
                    "java..")
            .because(
                    "users embed it: every dependency of it becomes theirs; Avro and Jackson come with schemas anyway");

    @ArchTest
    static final ArchRule djl_stays_behind_its_seam = noClasses()
            .that(OURS.and(not(resideInAnyPackage(House.DJL_SEAM.toArray(String[]::new)))))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ai.djl..")
            .because(
                    "DJL's unsafe calls give silently wrong gradients or end the JVM: Tensor and Ops let only safe ones through");

    @ArchTest
    static final ArchRule pure_rooms_know_no_kafka = noClasses()
            .that(House.pure())
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka.clients..", "org.apache.kafka.streams..", "io.confluent..")
            .because("pure rooms are tested with arguments and results alone");

    @ArchTest
    static final ArchRule pure_rooms_touch_no_files = noClasses()
            .that(House.pure())
            .should()
            .dependOnClassesThat(
                    resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.net..", "java.net.http..")
                            .or(DescribedPredicate.describe("are files or consoles", type -> Set.of(
                                            File.class,
                                            FileInputStream.class,
                                            FileOutputStream.class,
                                            FileReader.class,
                                            FileWriter.class,
                                            FileDescriptor.class,
                                            RandomAccessFile.class,
                                            Console.class)
                                    .stream()
                                    .anyMatch(file -> type.isEquivalentTo(file)))))
            .because("pure rooms give the same result on every machine");

    @ArchTest
    static final ArchRule pure_rooms_read_no_clock = noClasses()
            .that(House.pure())
            .should()
            .dependOnClassesThat()
            .areAssignableTo(Clock.class)
            .orShould()
            .accessTargetWhere(DescribedPredicate.describe("the target is a clock", ArchitectureTest::readsAClock))
            .because("a replay must give the same result as the first run: time is an argument");

    private static boolean readsAClock(JavaAccess<?> access) {
        String owner = access.getTargetOwner().getName();
        return CLOCKS.contains(owner + "." + access.getTarget().getName())
                || (owner.startsWith("java.time.")
                        && access.getTarget().getName().equals("now"));
    }

    private static DescribedPredicate<JavaCall<?>> targetIsOneOf(String... methods) {
        Set<String> names = Set.of(methods);
        return DescribedPredicate.describe(
                "the target is one of " + String.join(", ", methods),
                call -> names.contains(
                        call.getTargetOwner().getName() + "." + call.getTarget().getName()));
    }

    @ArchTest
    static void the_list_of_pure_rooms_is_up_to_date(JavaClasses all) {
        assertThat(all.stream()
                        .filter(House.pure())
                        .map(JavaClass::getPackageName)
                        .collect(Collectors.toSet()))
                .containsAll(House.PURE_PACKAGES);
        assertThat(all.stream().map(JavaClass::getName).collect(Collectors.toSet()))
                .containsAll(House.PURE_CLASSES);
    }

    @ArchTest
    static final ArchRule packages_form_no_cycles = slices().matching(House.ROOT + ".(**)")
            .should()
            .beFreeOfCycles()
            .because("two packages that need each other are one package with a wall through it");

    @ArchTest
    static final ArchRule names_say_what_a_class_is = noClasses()
            .that(OURS)
            .should(com.tngtech.archunit.lang.conditions.ArchConditions.be(
                    nameMatching(".*(Manager|Helper|Util|Utils|Utilities|Common|Impl)")))
            .because("such a name says that nobody found out what the class is for");

    @ArchTest
    static final ArchRule randomness_is_derived = noClasses()
            .that(OURS)
            .should()
            .callMethodWhere(targetIsOneOf(
                    "java.lang.Math.random",
                    "java.lang.StrictMath.random",
                    "java.util.UUID.randomUUID",
                    "java.util.concurrent.ThreadLocalRandom.current"))
            .orShould()
            .callMethodWhere(targetIsOneOf("java.util.Collections.shuffle").and(WITHOUT_GENERATOR))
            .orShould()
            .callConstructorWhere(WITHOUT_SEED)
            .because(
                    "same inputs and seed give the same bytes: chance is derived from run seed, purpose, step, image and slot");

    @ArchTest
    static final ArchRule only_a_main_ends_the_process = noClasses()
            .that(OURS.and(not(House.mayEndTheProcess())))
            .should()
            .callMethodWhere(targetIsOneOf(
                    "java.lang.System.exit",
                    "java.lang.Runtime.exit",
                    "java.lang.Runtime.halt",
                    "org.apache.kafka.common.utils.Exit.exit",
                    "org.apache.kafka.common.utils.Exit.halt"))
            .because("a role runs inside other processes too: it fails, and the command decides");

    @ArchTest
    static final ArchRule nobody_prints_stack_traces = noClasses()
            .that(OURS)
            .should()
            .callMethodWhere(DescribedPredicate.describe(
                    "a stack trace is printed",
                    access -> access.getTarget().getName().equals("printStackTrace")))
            .because("a user's mistake is a sentence, and anything else belongs in the log");
}
