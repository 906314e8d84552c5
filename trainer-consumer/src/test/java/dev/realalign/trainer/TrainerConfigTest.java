package dev.realalign.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.realalign.diffusion.lora.FullConfig;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.trainer.learn.EngineSettings;
import dev.realalign.trainer.learn.TinyPhoto;
import dev.realalign.trainer.loop.AlarmAction;
import dev.realalign.trainer.plan.ReplayRule;
import dev.realalign.trainer.plan.SourceWeights;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.stage.StagePlan;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TrainerConfigTest {
    private static Map<String, String> with(String... pairs) {
        Map<String, String> given = new HashMap<>(Map.of(
                "bootstrap.servers", "localhost:9092",
                "schema.registry.url", "mock://test",
                "model.name", "m",
                "checkpoint.store.uri", "file:///tmp/store",
                "trainer.base.model", "models/tiny-photo"));
        for (int i = 0; i < pairs.length; i += 2) {
            given.put(pairs[i], pairs[i + 1]);
        }
        return given;
    }

    private static List<String> problems(String... pairs) {
        return catchThrowableOfType(UserErrorException.class, () -> TrainerConfig.from(with(pairs)))
                .problems();
    }

    @Test
    void without_stages_there_is_one_without_end() {
        StagePlan plan =
                TrainerConfig.from(with("trainer.objective", "ipo")).learner().stages();
        assertThat(plan.stages()).hasSize(1);
        assertThat(plan.stage(1).objective().kind()).isEqualTo(Kind.IPO);
        assertThat(plan.stage(1).steps()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Preset.class)
    void every_preset_is_a_sound_configuration(Preset preset) {
        TrainerConfig config = TrainerConfig.from(with("trainer.preset", preset.text()));
        assertThat(config.preset()).contains(preset);
        assertThat(config.learner().stages().stages()).isNotEmpty();
    }

    @Test
    void realalign_on_sd15_has_the_published_numbers() {
        TrainerConfig config = TrainerConfig.from(with("trainer.preset", "realalign-sd15"));
        StagePlan plan = config.learner().stages();
        assertThat(plan.stage(1).objective().kind()).isEqualTo(Kind.DRO);
        assertThat(plan.stage(1).rate().at(1, 1600)).isEqualTo(1e-4);
        assertThat(plan.stage(1).steps()).isEqualTo(1600);
        assertThat(plan.stage(1).refreshSteps()).isEqualTo(16);
        assertThat(plan.stage(2).objective().beta()).isEqualTo(2000);
        assertThat(plan.stage(2).objective().sdpoMu()).isEqualTo(OptionalDouble.empty());
        assertThat(plan.stage(2).rate().at(125, 800)).isEqualTo(2.56e-6);
        assertThat(plan.stage(2).steps()).isEqualTo(800);
        assertThat(config.loop().batchPairs()).isEqualTo(256);
        assertThat(config.learner().adapter())
                .isEqualTo(new LoraConfig(4, 4, List.of("to_q", "to_k", "to_v", "to_out.0")));
        assertThat(config.learner().sampler().steps()).isEqualTo(20);
        assertThat(config.learner().captionDropout()).isEqualTo(0.2);
    }

    @Test
    void a_single_key_overrides_a_preset_and_an_objective_its_stages() {
        TrainerConfig config = TrainerConfig.from(with("trainer.preset", "realalign-sd15", "trainer.batch.pairs", "8"));
        assertThat(config.loop().batchPairs()).isEqualTo(8);
        assertThat(config.learner().stages().stages()).hasSize(2);
        TrainerConfig sft = TrainerConfig.from(with("trainer.preset", "tiny-demo", "trainer.objective", "sft"));
        assertThat(sft.learner().stages().stages()).hasSize(1);
        assertThat(sft.learner().stages().stage(1).objective().kind()).isEqualTo(Kind.SFT);
    }

    @Test
    void every_mistake_is_said_at_once_with_its_remedy() {
        assertThat(problems("trainer.preset", "tiny-dem", "trainer.objective", "drp", "trainer.stages", "dro; dpo"))
                .containsExactlyInAnyOrder(
                        "trainer.preset is \"tiny-dem\": must be one of realalign-sd15, realalign-sd35m, diffusion-dpo,"
                                + " tiny-demo (did you mean tiny-demo?). Change it or leave it out.",
                        "trainer.objective is \"drp\": must be one of dpo, sft, ipo, hinge, dro, spin, kto, mapo, nft (did"
                                + " you mean dro?). Change it, or leave it out for the default dpo.",
                        "trainer.stages is \"dro; dpo\": stage 1 (dro) may never end, so the next would never begin: give"
                                + " it steps=N. Change it or leave it out.");
    }

    @Test
    void stages_and_an_objective_beside_them_are_refused() {
        assertThat(problems("trainer.stages", "dro steps=3; dpo", "trainer.objective", "dpo"))
                .containsExactly(
                        "trainer.objective is \"dpo\" and trainer.stages is \"dro steps=3; dpo\": stages name their"
                                + " objectives themselves. Leave one of the two out.");
    }

    @Test
    void a_term_that_a_stage_cannot_have_is_refused() {
        assertThat(problems("trainer.stages", "dro steps=3; dpo", "trainer.safeguard.winner.sft", "0.5"))
                .hasSize(1)
                .first()
                .asString()
                .endsWith(
                        "a stage must have the terms these keys give it. Give them in the stages that can have them, as"
                                + " positive=, winner-sft= and anchor=.");
        assertThat(TrainerConfig.from(with("trainer.stages", "dro steps=3; dpo winner-sft=0.5"))
                        .learner()
                        .stages()
                        .stage(2)
                        .objective()
                        .winnerSft())
                .isEqualTo(0.5);
    }

    @Test
    void mapo_needs_to_know_that_no_negative_is_smoothed() {
        String rule = "mapo has no reference, and a smoothed picture is predicted better than its original, so it would"
                + " learn to smooth. Set curation.negative.mix here, as the curator has it, without LOCAL_BLUR,"
                + " RESAMPLE_BLUR, JPEG_ARTEFACTS, or choose another objective.";
        assertThat(problems("trainer.objective", "mapo"))
                .hasSize(1)
                .first()
                .asString()
                .endsWith(rule);
        assertThat(problems(
                        "trainer.stages",
                        "dro steps=4; mapo",
                        "curation.negative.mix",
                        "PATCH_DISPLACEMENT:50,LOCAL_BLUR:50"))
                .hasSize(1)
                .first()
                .asString()
                .endsWith(rule);
        assertThat(TrainerConfig.from(with(
                                "trainer.objective",
                                "mapo",
                                "curation.negative.mix",
                                "PATCH_DISPLACEMENT:50,LOCAL_WARP:50"))
                        .learner()
                        .stages()
                        .stage(1)
                        .objective()
                        .kind())
                .isEqualTo(Kind.MAPO);
    }

    @Test
    void what_does_not_go_with_the_model_is_said_at_once() {
        try (DiffusionModel model = TinyPhoto.load()) {
            TrainerConfig config = TrainerConfig.from(with(
                    "trainer.preset",
                    "realalign-sd35m",
                    "trainer.stages",
                    "dro steps=8; nft",
                    "trainer.lora.targets",
                    "to_z",
                    "curation.resolution.px",
                    "16"));
            assertThat(config.problemsWith(model))
                    .containsExactly(
                            "trainer.preset is realalign-sd35m, which is for a transformer of Stable Diffusion 3 or 3.5, but "
                                    + model.folder()
                                    + " is a U-Net on pixels, like the bundled tiny-photo. Choose a preset of this kind of"
                                    + " model, or leave it out.",
                            "stage 2 of 2 (nft) is for flow matching, but " + model.folder()
                                    + " predicts epsilon. Choose another objective in trainer.stages or trainer.objective.",
                            "trainer.lora.targets is to_z, but no layer of " + model.folder()
                                    + " ends in to_z. Name layers the network has, such as to_q.",
                            "curation.resolution.px is 16, but " + model.folder() + " trains at 32 pixels, and takes"
                                    + " pictures of no other size. Set it to 32 here and for the curator.");
            assertThat(TrainerConfig.from(with("trainer.preset", "tiny-demo")).problemsWith(model))
                    .isEmpty();
            assertThat(TrainerConfig.from(with("curation.resolution.px", "32")).problemsWith(model))
                    .isEmpty();
        }
    }

    @Test
    void a_full_difference_takes_its_own_targets_and_leaves_a_presets_lora_aside() {
        assertThat(TrainerConfig.from(with("trainer.adapter.kind", "full"))
                        .learner()
                        .adapter())
                .isEqualTo(new FullConfig());
        assertThat(TrainerConfig.from(with(
                                "trainer.adapter.kind",
                                "full",
                                "trainer.full.targets",
                                "norm1,to_k",
                                "trainer.preset",
                                "realalign-sd15"))
                        .learner()
                        .adapter())
                .isEqualTo(new FullConfig(List.of("norm1", "to_k")));
        assertThat(TrainerConfig.from(with("trainer.adapter.kind", "lora", "trainer.preset", "realalign-sd35m"))
                        .learner()
                        .adapter())
                .isInstanceOfSatisfying(
                        LoraConfig.class, lora -> assertThat(lora.rank()).isEqualTo(32));
    }

    @Test
    void keys_of_the_other_kind_of_adapter_are_refused_all_at_once() {
        assertThat(problems("trainer.adapter.kind", "full", "trainer.lora.rank", "8", "trainer.batch.pairs", "0"))
                .hasSize(2)
                .anySatisfy(problem -> assertThat(problem).startsWith("trainer.batch.pairs is \"0\""))
                .anySatisfy(problem -> assertThat(problem)
                        .isEqualTo(
                                "trainer.adapter.kind is \"full\" and trainer.lora.rank is \"8\" and trainer.lora.alpha is \"4.0\" and"
                                        + " trainer.lora.targets is \"to_q,to_k,to_v,to_out.0\": a full difference has no rank and no"
                                        + " alpha, and its layers are those of trainer.full.targets. Leave these out, or set"
                                        + " trainer.adapter.kind to lora."));
        assertThat(problems("trainer.full.targets", "all"))
                .containsExactly(
                        "trainer.adapter.kind is \"lora\" and trainer.full.targets is \"all\": the layers of a LoRA are those"
                                + " of trainer.lora.targets. Leave out trainer.full.targets, or set trainer.adapter.kind to full.");
        assertThat(problems("trainer.adapter.kind", "full", "trainer.full.targets", "all,to_q"))
                .singleElement()
                .asString()
                .contains("all names every layer and stands alone, not among [all, to_q]");
        assertThat(problems("trainer.adapter.kind", "ful"))
                .singleElement()
                .asString()
                .contains("must be one of lora, full (did you mean full?)");
    }

    @Test
    void every_target_without_a_layer_is_named() {
        try (DiffusionModel model = TinyPhoto.load()) {
            assertThat(TrainerConfig.from(
                                    with("trainer.adapter.kind", "full", "trainer.full.targets", "conv_in,to_z,k"))
                            .problemsWith(model))
                    .containsExactly("trainer.full.targets is conv_in,to_z,k, but no layer of " + model.folder()
                            + " ends in to_z or k. Name layers the network has, such as to_q.");
            assertThat(TrainerConfig.from(with("trainer.adapter.kind", "full")).problemsWith(model))
                    .isEmpty();
        }
    }

    @Test
    void by_default_nothing_is_replayed_all_sources_count_and_an_alarm_pauses() {
        TrainerConfig config = TrainerConfig.from(with());
        assertThat(config.loop().replay()).isEqualTo(new ReplayRule(512, 0, 8));
        assertThat(config.loop().admission().weights()).isEqualTo(SourceWeights.NONE);
        assertThat(config.loop().admission().maxVersionsBehind()).isEqualTo(8);
        assertThat(config.loop().alarmAction()).isEqualTo(AlarmAction.PAUSE);
        assertThat(config.loop().resume()).isFalse();
    }

    @Test
    void the_share_of_replay_is_rounded_to_whole_pairs() {
        assertThat(TrainerConfig.from(with(TrainerConfig.REPLAY_SHARE, "0.2"))
                        .loop()
                        .replay())
                .isEqualTo(new ReplayRule(512, 2, 6));
    }

    @Test
    void a_batch_without_a_fresh_pair_is_refused() {
        assertThat(problems(TrainerConfig.REPLAY_SHARE, "0.9", TrainerConfig.BATCH_PAIRS, "2"))
                .hasSize(1)
                .first()
                .asString()
                .contains(TrainerConfig.REPLAY_SHARE, TrainerConfig.BATCH_PAIRS)
                .endsWith("no pair of a batch would be fresh. Lower the share or raise the pairs.");
    }

    @Test
    void by_default_one_replica_trains_in_fp32_on_the_cpu() {
        assertThat(TrainerConfig.from(with()).learner().engine()).isEqualTo(EngineSettings.DEFAULT);
    }

    @Test
    void devices_type_and_checkpointing_are_read() {
        TrainerConfig config = TrainerConfig.from(with(
                TrainerConfig.DEVICES,
                "cpu, cpu",
                TrainerConfig.BASE_TYPE,
                "bf16",
                TrainerConfig.GRADIENT_CHECKPOINTING,
                "true"));
        assertThat(config.learner().engine())
                .isEqualTo(new EngineSettings(List.of(Device.CPU, Device.CPU), ElementType.BF16, true));
        assertThat(config.unusableDevices()).isEmpty();
    }

    @Test
    void an_engine_that_cannot_be_is_refused_with_everything_wrong_about_it() {
        assertThat(problems(
                        TrainerConfig.DEVICES,
                        "cuda:0,cuda:0",
                        TrainerConfig.BASE_TYPE,
                        "bf32",
                        TrainerConfig.GRADIENT_CHECKPOINTING,
                        "yes"))
                .containsExactlyInAnyOrder(
                        "trainer.devices is \"cuda:0,cuda:0\": cuda:0 stands there twice, but a GPU takes one replica:"
                                + " name each GPU once. Change it, or leave it out for the default cpu.",
                        "trainer.base.type is \"bf32\": must be one of fp32, bf16 (did you mean fp32?). Change it, or"
                                + " leave it out for the default fp32.",
                        "trainer.gradient.checkpointing is \"yes\": must be true or false. Change it, or leave it out"
                                + " for the default false.");
    }

    @Test
    void more_replicas_than_pairs_are_refused() {
        assertThat(problems(TrainerConfig.DEVICES, "cpu,cpu,cpu", TrainerConfig.BATCH_PAIRS, "2"))
                .containsExactly("trainer.devices is \"cpu,cpu,cpu\" and trainer.batch.pairs is \"2\": a replica would"
                        + " have no pair to train. Name fewer devices or raise the pairs.");
    }

    @Test
    void devices_the_machine_does_not_have_are_all_named() {
        assertThat(TrainerConfig.from(with(TrainerConfig.DEVICES, "cuda:97,cpu,cuda:98"))
                        .unusableDevices())
                .containsExactly(
                        "trainer.devices names cuda:97, but this process finds no such device: either the machine has none,"
                                + " or the tensor library was built without GPUs. Name devices there are, or cpu.",
                        "trainer.devices names cuda:98, but this process finds no such device: either the machine has none,"
                                + " or the tensor library was built without GPUs. Name devices there are, or cpu.");
    }

    @Test
    void weights_and_actions_that_mean_nothing_are_refused_together() {
        assertThat(problems(TrainerConfig.SOURCE_WEIGHTS, "a=2", TrainerConfig.ALARM_ACTION, "panic"))
                .hasSize(2)
                .anySatisfy(problem -> assertThat(problem)
                        .contains(TrainerConfig.SOURCE_WEIGHTS)
                        .contains("a=2 is not BEGINNING=SHARE or tier:NAME=SHARE, with a share from 0 to 1"))
                .anySatisfy(problem -> assertThat(problem)
                        .contains(TrainerConfig.ALARM_ACTION)
                        .contains("one of pause, rewind, none"));
    }
}
